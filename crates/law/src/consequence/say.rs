//! Consequences as sentences that a legal adviser accepts.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else a value is, it is not the one that is looked for"
)]
#![expect(clippy::format_push_string, reason = "sentences are put together piece by piece")]
#![expect(
    clippy::match_same_arms,
    reason = "an absent value and a word are told apart by their place"
)]

use std::collections::BTreeSet;

use entente_model::Decision;

use super::boxes::Sides;
use super::{Answer, Change, Condition, Turn, day};
use crate::case::Access;
use crate::level;
use crate::scenario::{OTHER, Setting};

/// One thing that cells differ in, and its values.
pub(crate) struct Dimension {
    pub(crate) name: &'static str,
    pub(crate) choices: Vec<Setting>,
}

/// What an absent value and any other value are called.
const NONE: &str = "none";
const ANY_OTHER: &str = "any other";

/// One box of cells that change alike.
pub(super) fn change(
    dimensions: &[Dimension],
    sides: &Sides,
    before: Answer,
    after: Answer,
) -> Change {
    let conditions = values_of(dimensions, sides);
    let turn = Turn::between(before.decision, after.decision);
    let sentence = sentence(&conditions, &before, &after);
    Change { turn, sentence, conditions, before, after }
}

/// Where a box lies; things of which it holds every value are left out.
pub(crate) fn values_of(dimensions: &[Dimension], sides: &Sides) -> Vec<Condition> {
    dimensions
        .iter()
        .zip(sides)
        .filter(|(dimension, side)| side.len() < dimension.choices.len())
        .map(|(dimension, side)| Condition {
            name: dimension.name,
            values: values(dimension, side),
        })
        .collect()
}

/// Circumstances in words: what follows "where".
pub(crate) fn said(conditions: &[Condition]) -> String {
    let mut all: Vec<String> = Vec::new();
    for (name, phrase) in [("purpose", "the purpose is"), ("object_type", "it is of the kind")] {
        let named = conditions.iter().find(|c| c.name == name);
        all.extend(named.map(|c| format!("{phrase} {}", either(&c.values))));
    }
    all.extend(conditions.iter().filter_map(circumstance));
    all.join(" and ")
}

/// A label that names a group.
pub(super) fn group(group: &str, recipient: &[String], before: Answer, after: Answer) -> Change {
    let conditions = vec![
        Condition { name: "label", values: vec![format!("REL TO {group}")] },
        Condition { name: "recipient", values: recipient.to_vec() },
    ];
    let turn = Turn::between(before.decision, after.decision);
    let sentence = sentence(&conditions, &before, &after);
    Change { turn, sentence, conditions, before, after }
}

fn values(dimension: &Dimension, side: &BTreeSet<usize>) -> Vec<String> {
    if let Some(ranges) = ranges(dimension, side) {
        return ranges;
    }
    if dimension.name == "offence" {
        return offences(dimension, side);
    }
    let pick = |at: &usize| dimension.choices.get(*at).map(value);
    let missing: Vec<String> = (0..dimension.choices.len())
        .filter(|at| !side.contains(at))
        .filter_map(|at| pick(&at))
        .collect();
    // "All but two" reads better than a list of twenty.
    if missing.len() <= 2 && side.len() > 4 && !missing.contains(&ANY_OTHER.to_owned()) {
        return vec![format!("anything but {}", missing.join(" or "))];
    }
    side.iter().filter_map(pick).collect()
}

/// Offences by their kind, with the penalties for which it matters.
fn offences(dimension: &Dimension, side: &BTreeSet<usize>) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(choice) = dimension.choices.get(at) {
        let Setting::Offence(Some(first)) = choice else {
            found.extend(side.contains(&at).then(|| NONE.to_owned()));
            at += 1;
            continue;
        };
        let of_kind: Vec<(usize, &crate::case::Offence)> = dimension
            .choices
            .iter()
            .enumerate()
            .skip(at)
            .filter_map(|(n, c)| match c {
                Setting::Offence(Some(o)) if o.kind == first.kind => Some((n, o)),
                _ => None,
            })
            .collect();
        at += of_kind.len();
        let kind = if first.kind == OTHER { ANY_OTHER } else { first.kind.as_str() };
        if of_kind.iter().all(|(n, _)| side.contains(n)) {
            found.push(kind.to_owned());
            continue;
        }
        let mut below = 0;
        let mut open: Option<(u64, u64)> = None;
        let mut told = Vec::new();
        let last = of_kind.last().map(|(n, _)| *n);
        for (n, offence) in &of_kind {
            if !offence.criminal_in_sender {
                told.extend(
                    side.contains(n).then(|| format!("{kind} not punishable in the sending state")),
                );
                continue;
            }
            let high = offence.max_penalty_months;
            if side.contains(n) {
                open = Some((open.map_or(below, |(low, _)| low), high));
            } else if let Some((low, high)) = open.take() {
                told.push(format!("{kind} punishable there with {low} to {high} months"));
            }
            below = high + 1;
            if let (true, Some((low, _))) = (Some(*n) == last, open) {
                told.push(format!("{kind} punishable there with {low} months or more"));
            }
        }
        found.extend(told);
    }
    found
}

/// Numbers and moments as stretches.
fn ranges(dimension: &Dimension, side: &BTreeSet<usize>) -> Option<Vec<String>> {
    let number = |setting: &Setting| match setting {
        Setting::Number(n) | Setting::MaybeNumber(Some(n)) => Some(*n),
        _ => None,
    };
    let is_time = dimension.name == "at";
    if !is_time && !dimension.choices.iter().any(|c| number(c).is_some()) {
        return None;
    }
    let mut found = Vec::new();
    let mut at = 0;
    let last = dimension.choices.len().saturating_sub(1);
    while at <= last {
        let Some(setting) = dimension.choices.get(at).filter(|_| side.contains(&at)) else {
            at += 1;
            continue;
        };
        let mut end = at;
        while end < last && side.contains(&(end + 1)) {
            end += 1;
        }
        if is_time {
            let next = dimension.choices.get(end + 1).map(day);
            found.push(match (at, next) {
                (0, Some(next)) => format!("before {next}"),
                (_, Some(next)) => format!("from {} until {next}", day(setting)),
                (_, None) => format!("from {}", day(setting)),
            });
        } else if let Some(low) = number(setting) {
            // A number stands for the stretch that ends with it.
            let below = at.checked_sub(1).and_then(|p| dimension.choices.get(p)).and_then(number);
            let low = below.map_or(low, |b| b + 1);
            let high = dimension.choices.get(end).and_then(number).unwrap_or(low);
            found.push(match end == last {
                true => format!("{low} or more"),
                false if low == high => high.to_string(),
                false => format!("{low} to {high}"),
            });
        } else {
            found.push(NONE.to_owned());
            end = at;
        }
        at = end + 1;
    }
    Some(found)
}

fn value(setting: &Setting) -> String {
    match setting {
        Setting::Nation(nation) => nation.to_string(),
        Setting::Word(word) | Setting::Maybe(Some(word)) if word == OTHER => ANY_OTHER.to_owned(),
        Setting::Word(word) | Setting::Maybe(Some(word)) => word.clone(),
        Setting::Yes(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Setting::Level(level) | Setting::UpTo(Some(level)) => level::name(*level).to_owned(),
        Setting::Number(number) | Setting::MaybeNumber(Some(number)) => number.to_string(),
        Setting::Offence(Some(offence)) => offence.kind.clone(),
        Setting::Cases(transfer, object) => match (transfer, object) {
            (None, None) => "no case",
            (Some(_), None) => "a case that the object does not belong to, nor to any",
            (None, Some(_)) => "no case, while the object belongs to one",
            (Some(a), Some(b)) if a == b => "the object's own case",
            (Some(_), Some(_)) => "another case than the object's",
        }
        .to_owned(),
        Setting::Request(Some((urgent, access))) => {
            let urgent = if *urgent { "urgent" } else { "not urgent" };
            let held = match access {
                Access::Direct => "at hand",
                Access::Indirect => "held by others",
            };
            format!("{urgent}, {held}")
        }
        Setting::At(_) => day(setting),
        Setting::Control(Some(control)) => control.tag.clone(),
        Setting::Foreign(Some((nation, _))) => nation.to_string(),
        Setting::Maybe(None)
        | Setting::UpTo(None)
        | Setting::MaybeNumber(None)
        | Setting::Offence(None)
        | Setting::Request(None)
        | Setting::Control(None)
        | Setting::Foreign(None) => NONE.to_owned(),
    }
}

fn sentence(conditions: &[Condition], before: &Answer, after: &Answer) -> String {
    let what = subject(conditions);
    let whither = route(conditions);
    let decided = before.decision == after.decision && before.refer_to == after.refer_to;
    if decided && after.decision.releases() {
        let none = "owes nothing of the kind".to_owned();
        let owes = |answer: &Answer| {
            let owed: Vec<String> = answer.owed.iter().map(|o| owed_words(o)).collect();
            if owed.is_empty() { none.clone() } else { owed.join(" and ") }
        };
        if whither.is_empty() {
            return format!(
                "After this, whoever receives {what} {}; before, {}.",
                owes(after),
                owes(before)
            );
        }
        return format!(
            "After this, for {what}{whither}: the recipient {}; before, the recipient {}.",
            owes(after),
            owes(before)
        );
    }
    format!("After this, {what} {}{whither}; before, {}.", now(after), then(before))
}

/// The rest of the answer, for what goes only so.
fn as_variant(answer: &Answer) -> String {
    if answer.owed.is_empty() {
        return String::new();
    }
    let owed: Vec<String> = answer.owed.iter().map(|o| owed_words(o)).collect();
    format!(" (which {})", owed.join(" and "))
}

/// Who decides, in words.
fn asked(answer: &Answer) -> String {
    let words = |who: &String| match who.split_once(':') {
        Some(("authority", name)) => name.to_owned(),
        Some((office, "sender")) => format!("the {} of the sender", office.replace('_', " ")),
        Some((office, nation)) => format!("the {} {nation}", office.replace('_', " ")),
        None => who.clone(),
    };
    answer.refer_to.iter().map(words).collect::<Vec<_>>().join(" and ")
}

/// An answer, as it is.
pub(super) fn now(answer: &Answer) -> String {
    match answer.decision {
        Decision::Permit => format!("may go{}", as_variant(answer)),
        Decision::PermitModified => format!("may go as a variant only{}", as_variant(answer)),
        Decision::Refer => format!("is held for the decision of {}", asked(answer)),
        Decision::Deny => "may not go".to_owned(),
    }
}

/// An answer, as it was.
pub(super) fn then(answer: &Answer) -> String {
    match answer.decision {
        Decision::Permit => format!("it could{}", as_variant(answer)),
        Decision::PermitModified => format!("only a variant could{}", as_variant(answer)),
        Decision::Refer => format!("it was held for the decision of {}", asked(answer)),
        Decision::Deny => "it could not".to_owned(),
    }
}

fn either(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

fn subject(conditions: &[Condition]) -> String {
    let of = |name: &str| conditions.iter().find(|c| c.name == name).map(|c| either(&c.values));
    let mut what = match of("level") {
        Some(levels) => format!("{levels} information"),
        None => "information".to_owned(),
    };
    if let Some(kinds) = of("object_type") {
        what.push_str(&format!(" of the kind {kinds}"));
    }
    if let Some(label) = of("label") {
        what.push_str(&format!(" marked {label}"));
    }
    what
}

/// From whom, to whom, for what, and under which circumstances.
fn route(conditions: &[Condition]) -> String {
    let mut text = String::new();
    for (name, word) in [
        ("at", "on days"),
        ("sender", "from"),
        ("recipient", "to"),
        ("purpose", "for"),
        ("sender_body", "sent by"),
        ("recipient_body", "received by"),
    ] {
        if let Some(condition) = conditions.iter().find(|c| c.name == name) {
            text.push_str(&format!(" {word} {}", either(&condition.values)));
        }
    }
    let where_: Vec<String> = conditions.iter().filter_map(circumstance).collect();
    if !where_.is_empty() {
        text.push_str(&format!(", where {}", where_.join(" and ")));
    }
    text
}

fn circumstance(condition: &Condition) -> Option<String> {
    let values = either(&condition.values);
    let yes = condition.values.iter().any(|v| v == "yes");
    let not = if yes { "" } else { "not " };
    Some(match condition.name {
        "at" | "sender" | "recipient" | "level" | "object_type" | "label" | "purpose"
        | "sender_body" | "recipient_body" => return None,
        "clearance" => format!("the reader's clearance is {values}"),
        "accredited" => format!("the accreditation of the receiving system is {values}"),
        "data_protection" => format!("data protection at the recipient is {values}"),
        "torture_risk" => format!("the risk of torture at the recipient is {values}"),
        "death_penalty_for" => format!("the offence may {not}be punished by death there"),
        "reciprocity_met" => format!("reciprocity is {not}met"),
        "transfer_kind" => format!("the transfer is a {}", values.replace('_', " ")),
        "use" => format!("it is to be used as {values}"),
        "exercise" => format!("the transfer is {not}part of an exercise"),
        "exercise_data" => format!("it is {not}exercise data"),
        "facts" => format!("the established fact is {values}"),
        "grounds" => format!("the ground of refusal found is {values}"),
        "offence" => format!("the offence is {values}"),
        "case" => format!("it serves {values}"),
        "area" => format!("the area concerned is {values}"),
        "records" => format!("it has {values} records"),
        "collected_for" => format!("it was collected for {values}"),
        "age" => format!("it was collected {values} days ago"),
        "personal_data" => {
            format!("it holds {}personal data", if yes { "" } else { "no " })
        }
        "persons" => format!("it concerns {}", if yes { "persons" } else { "no persons" }),
        "nationalities" => format!("the persons concerned are nationals of {values}"),
        "roles" => format!("the role of a person concerned is {values}"),
        "youngest" => format!("the youngest person concerned is {values} years old"),
        "data_categories" => format!("the category of its data is {values}"),
        "recalled" => format!("it was {not}recalled"),
        "court_sealed" => format!("a court has {not}sealed it"),
        "pending_case" => format!("a domestic case is {not}pending"),
        "emergency" => format!("the emergency declared is {values}"),
        "request" => format!("the request that it answers is {values}"),
        "evidence_from" => {
            format!("the sender has {not}consented to its use as evidence")
        }
        other => format!("{} is {values}", other.replace('_', " ")),
    })
}

/// An obligation in words: what follows "the recipient".
fn owed_words(obligation: &str) -> String {
    let (name, value) = obligation.split_once(':').unwrap_or((obligation, ""));
    let value = value.strip_prefix('+').unwrap_or(value);
    match name {
        "delete_by" => format!("deletes it within {value}"),
        "mark_as" => format!("marks it {value}"),
        "notify_breach_within_h" => format!("reports a loss within {value} hours"),
        "respond_by" => format!("is to have it within {value}"),
        "no_onward_without_consent" => "passes it on only with its originator's consent".into(),
        "no_onward" => "never passes it on".into(),
        "onward_parties_only" => format!("passes it on to the parties of {value} only"),
        "record_derogation" => format!("has the derogation {value} on record"),
        "use_only_for_case" => "uses it only for the case it was given for".into(),
        "assurance" => format!("is bound by the assurance {value}"),
        "banner" => format!("shows the banner {value}"),
        "transform" => format!("goes after {}", value.replace('_', " ")),
        "respond" => format!("is answered with {}", value.replace('_', " ")),
        "use" => format!("uses it as {} only", value.trim_end_matches("_only")),
        "report_to_agreement_authority_within_h" => {
            format!("is owed a report to the agreement's authority within {value} hours")
        }
        _ => format!("owes {obligation}"),
    }
}
