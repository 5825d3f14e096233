//! What becomes of information that is passed on: the third-party rule of either side.
//!
//! The rule binds whoever holds what was received under the agreement, whichever agreement it is
//! then sent under. So both sides are asked about information that goes under a third agreement,
//! which limits nothing.

#![expect(clippy::format_collect, reason = "a text is written once")]

use std::collections::BTreeSet;

use entente_model::{AgreementId, Decision, NationCode};

use super::cells::Court;
use super::{Answer, Change, Condition, Turn, say};
use crate::agreement::Agreement;
use crate::policy::CompileError;
use crate::rules::{AgreementStatus, InForce, Rules};
use crate::scenario::{Point, Setting, build};

/// Who gets it, as the rule can tell them apart.
const RECIPIENTS: [&str; 4] = [
    "another party",
    "a nation that is no party",
    "a party that was none before",
    "a party no longer",
];

/// An agreement between these nations that limits nothing.
pub(crate) fn unlimited(nations: &[NationCode], besides: &[&str]) -> Option<Agreement> {
    let code = ["CARRIER", "CARRIER-2", "CARRIER-3"].into_iter().find(|c| !besides.contains(c))?;
    let parties: String =
        nations.iter().map(|n| format!("[[parties]]\nnation = \"{n}\"\n")).collect();
    let text = format!(
        "+++\nid = \"{code}\"\ntitle = \"Any other agreement\"\nkind = \"multilateral\"\nin_force_from = \"1970-01-01\"\nsurvival = true\n{parties}+++\n\n## Article 1\n\n```clause\ntype = \"informative\"\ntopic = \"scope\"\ntext = \"It limits nothing.\"\n```\n"
    );
    Agreement::parse(&text).ok()
}

/// A nation that is none of these.
pub(crate) fn stranger(nations: &BTreeSet<NationCode>) -> Option<NationCode> {
    (b'A'..=b'Z').rev().find_map(|letter| {
        let code = format!("XZ{}", char::from(letter));
        code.parse().ok().filter(|n| !nations.contains(n))
    })
}

pub(super) fn changes(
    court: &mut Court<'_>,
    old: &Agreement,
    new: &Agreement,
) -> Result<Vec<Change>, CompileError> {
    let of =
        |a: &Agreement| -> BTreeSet<NationCode> { a.parties().iter().map(|p| p.nation).collect() };
    let (before, after) = (of(old), of(new));
    let both: Vec<NationCode> = before.intersection(&after).copied().collect();
    let [provider, sender, rest @ ..] = both.as_slice() else { return Ok(Vec::new()) };
    let all: BTreeSet<NationCode> = before.union(&after).copied().collect();
    let Some(stranger) = stranger(&all) else { return Ok(Vec::new()) };
    let recipients = [
        rest.first().copied(),
        Some(stranger),
        after.difference(&before).next().copied(),
        before.difference(&after).next().copied(),
    ];
    let mut nations: Vec<NationCode> = vec![*provider, *sender];
    nations.extend(recipients.iter().flatten());
    let Some(carrier) = unlimited(&nations, &[old.code(), new.code()]) else {
        return Ok(Vec::new());
    };
    let sides = [(old, true), (new, false)];
    let mut rules = Vec::new();
    for (agreement, _) in sides {
        let held = |agreement, status, id| InForce {
            agreement,
            id: AgreementId::from_array([id; 32]),
            status,
            parties: &[],
        };
        // Whatever its status, what was received under it stays bound; nothing is sent under it.
        let held = [
            held(agreement, AgreementStatus::Suspended, 0),
            held(&carrier, AgreementStatus::InForce, 1),
        ];
        rules.push(Rules::compile(&held, &[], court.schemes)?);
    }
    let mut found = Vec::new();
    for (recipient, who) in recipients.iter().zip(RECIPIENTS) {
        let Some(recipient) = recipient else { continue };
        for consent in [false, true] {
            court.cells += 1;
            let answers: Vec<Answer> = rules
                .iter()
                .zip(sides)
                .map(|(rules, (agreement, _))| {
                    let point = Point::from([
                        ("sender", Setting::Nation(*sender)),
                        ("recipient", Setting::Nation(*recipient)),
                        (
                            "provider",
                            Setting::Foreign(Some((*provider, agreement.code().to_owned()))),
                        ),
                        ("release_from", Setting::Yes(consent)),
                    ]);
                    let decided = build(&point, court.schemes).map(|s| rules.decide(&s.case()));
                    let decision = decided.map_or(Decision::Deny, |r| r.decision);
                    let refer = decision == Decision::Refer;
                    let refer_to = if refer { vec!["its originator".to_owned()] } else { vec![] };
                    Answer { decision, refer_to, owed: Vec::new() }
                })
                .collect();
            let [before, after] = answers.as_slice() else { continue };
            if before != after {
                found.push(change(who, consent, new.code(), before, after));
            }
        }
    }
    Ok(found)
}

fn change(who: &str, consent: bool, code: &str, before: &Answer, after: &Answer) -> Change {
    let consented = if consent { "with" } else { "without" };
    let sentence = format!(
        "After this, information that was received under {code} {} when it is passed on to {who} {consented} the consent of who gave it; before, {}.",
        say::now(after),
        say::then(before)
    );
    Change {
        turn: Turn::between(before.decision, after.decision),
        sentence,
        conditions: vec![
            Condition { name: "passed_on_to", values: vec![who.to_owned()] },
            Condition { name: "consent", values: vec![if consent { "yes" } else { "no" }.into()] },
        ],
        before: before.clone(),
        after: after.clone(),
    }
}
