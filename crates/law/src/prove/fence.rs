//! The prohibitions that stand between an object and its recipient, as conditions.
//!
//! This is `decide` written as one formula. [`release`] takes the same slices that it takes, with
//! the nations that a slice is chosen by written out, and the emergency that sets clauses aside.
//! A test puts random cases to both.

#![expect(clippy::format_push_string, reason = "a condition is put together piece by piece")]

use std::collections::BTreeSet;

use entente_model::NationCode;

use crate::decide::TIME_MILLIS_MAX;
use crate::level;
use crate::national::Direction;
use crate::policy::{Effect, Origin, SCHEMA, is_one_of, quoted};
use crate::rules::{PartyStatus, Rules, Treaty, positions};

/// One prohibition with all that it depends on.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub origin: Origin,
    pub code: String,
    pub effect: Effect,
    pub condition: String,
}

/// The schema of the policies, with the one thing more that `decide` itself reads.
pub(super) fn schema() -> String {
    SCHEMA.replacen("    recalled: Bool,\n", "    emergency?: String,\n    recalled: Bool,\n", 1)
}

fn texts(nations: impl IntoIterator<Item = NationCode>) -> Vec<String> {
    nations.into_iter().map(|n| n.to_string()).collect()
}

/// Everything that can keep a unit without controls and provenance from going under an agreement.
pub(super) fn release(rules: &Rules, treaty: &Treaty) -> Vec<Bar> {
    let mut bars = vec![applicability(treaty)];
    let mut add = |guard: Option<String>, position: usize, own: bool| {
        let Some(compiled) = rules.book.get(position) else { return };
        let mut condition = format!("({})", compiled.forbid.condition);
        if let Some(guard) = guard {
            condition = format!("{guard} && {condition}");
        }
        let emergency = treaty.emergency.as_ref().filter(|_| own);
        if let Some((emergency, _)) = emergency
            && emergency.relaxes.iter().any(|kind| kind == compiled.origin.kind)
        {
            let declared = is_one_of("context.emergency", &emergency.triggers);
            condition = format!("{condition} && !(context has emergency && {declared})");
        }
        bars.push(Bar {
            origin: compiled.origin.clone(),
            code: compiled.forbid.code.clone(),
            effect: compiled.forbid.effect,
            condition,
        });
    };
    let is =
        |name: &str, nation: NationCode| format!("context.{name} == {}", quoted(nation.as_str()));
    for position in positions(&rules.object_flags) {
        add(None, position, false);
    }
    for ((nation, direction), set) in &rules.laws {
        let side = match direction {
            Direction::Export => "sender",
            Direction::Import => "recipient",
        };
        for position in positions(set) {
            add(Some(is(side, *nation)), position, false);
        }
    }
    for (scope, position) in treaty.reach() {
        let guard = match scope {
            crate::clause::Scope::From(nation) => Some(is("sender", nation)),
            crate::clause::Scope::To(nation) => Some(is("recipient", nation)),
            crate::clause::Scope::Always | crate::clause::Scope::Onward => None,
        };
        add(guard, position, true);
    }
    bars
}

/// Who takes part, and when.
pub(super) fn applicability(treaty: &Treaty) -> Bar {
    let active = treaty.parties.iter().filter(|(_, status)| **status == PartyStatus::Active);
    let active = texts(active.map(|(nation, _)| *nation));
    let mut condition = format!(
        "!({} && {}) || context.at < {}",
        is_one_of("context.sender", &active),
        is_one_of("context.recipient", &active),
        treaty.in_force_from.millis()
    );
    if !treaty.at_home {
        condition.push_str(" || context.sender == context.recipient");
    }
    if let Some(end) = treaty.ends_on {
        condition.push_str(&format!(" || context.at >= {}", end.millis()));
    }
    Bar {
        origin: Origin { id: treaty.code.clone(), article: String::new(), kind: "applicability" },
        code: "NOT_APPLICABLE".to_owned(),
        effect: Effect::Deny,
        condition: format!("({condition})"),
    }
}

/// Everything that can keep foreign information from being passed on. What was received under the
/// agreement has its parties written out, as `decide` looks them up by its code.
pub(super) fn onward(rules: &Rules, treaty: &Treaty) -> Vec<Bar> {
    let active = treaty.parties.iter().filter(|(_, status)| **status == PartyStatus::Active);
    let parties: Vec<String> = active.map(|(n, _)| quoted(n.as_str())).collect();
    let parties = format!("[{}]", parties.join(", "));
    positions(&treaty.onward)
        .filter_map(|position| rules.book.get(position))
        .map(|compiled| Bar {
            origin: compiled.origin.clone(),
            code: compiled.forbid.code.clone(),
            effect: compiled.forbid.effect,
            condition: compiled.forbid.condition.replace("context.parties", &parties),
        })
        .collect()
}

/// Everything that one control of a label forbids; `None` if nothing is known of it, which
/// `decide` takes for a rule that failed.
pub(super) fn control(rules: &Rules, tag: &str) -> Option<Vec<Bar>> {
    let set = rules.controls.get(tag)?;
    let bars = positions(set).filter_map(|position| rules.book.get(position)).map(|compiled| Bar {
        origin: compiled.origin.clone(),
        code: compiled.forbid.code.clone(),
        effect: compiled.forbid.effect,
        condition: compiled.forbid.condition.clone(),
    });
    Some(bars.collect())
}

/// What is true of every case that `decide` puts to the policies, whatever the object: levels are
/// on the ladder, words are those of the vocabulary, times can be written, and someone holds a
/// clearance only if the nation has a marking for it. Each is written as what never happens.
pub(super) fn impossible(rules: &Rules, treaty: &Treaty) -> Vec<String> {
    let words = |name: &str, all: &[&str]| format!("!{}", is_one_of(name, all));
    let all_levels: Vec<String> = level::all().map(|l| l.to_string()).collect();
    let mut never = vec![
        format!("![{}].contains(context.level)", all_levels.join(", ")),
        words("context.data_protection", &["adequate", "safeguards", "none"]),
        words("context.torture_risk", &["low", "medium", "high"]),
        words("context.transfer_kind", &["release", "query_response"]),
        words("context.use", &["intelligence", "evidence"]),
        format!("context.at < 0 || context.at > {TIME_MILLIS_MAX}"),
        format!(
            "context has collected_at && (context.collected_at < 0 || context.collected_at > {TIME_MILLIS_MAX})"
        ),
        "context.records < 0".to_owned(),
        "context has youngest && (context.youngest < 0 || context.youngest > 255)".to_owned(),
        "context has offence && context.offence.max_penalty_months < 0".to_owned(),
        "!context.persons && (!context.nationalities.isEmpty() || !context.roles.isEmpty() || context has youngest)".to_owned(),
    ];
    for nation in treaty.parties.keys() {
        let scheme = rules.schemes.find(nation.as_str());
        // A clearance may be written in any way that the scheme knows, also one of former times.
        let written = scheme.into_iter().flat_map(|s| s.written().map(|(_, level, _)| level));
        let levels: BTreeSet<u8> = written.collect();
        let mut held: Vec<String> = levels.iter().map(u8::to_string).collect();
        held.push("-1".to_owned());
        for name in ["clearance", "accredited"] {
            never.push(format!(
                "context.recipient == {} && ![{}].contains(context.{name})",
                quoted(nation.as_str()),
                held.join(", ")
            ));
        }
    }
    never
}
