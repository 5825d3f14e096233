//! What compiled rules can tell apart: which things about a case, and which values of each.
//!
//! Read from the policies themselves, so that a new type of clause or rule needs nothing here.
//! Two values that no policy names and no limit parts are one value to the rules; the lists made
//! here hold one of each, so going through them goes through every case there is.

use std::collections::{BTreeMap, BTreeSet};

use entente_model::{NationCode, Timestamp};

use crate::case::{Access, DataProtection, Offence, TortureRisk, TransferKind, Use};
use crate::clause::Scope;
use crate::level;
use crate::policy::Forbid;
use crate::scenario::{OTHER, Setting};
use crate::time::DAY_MILLIS;

/// What a condition reads, and the values that it compares with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub names: BTreeSet<&'static str>,
    pub words: BTreeSet<String>,
    pub numbers: BTreeSet<u64>,
}

/// Attributes of the policies, and the name under which a case sets each.
const NAMES: &[(&str, &str)] = &[
    ("at", "at"),
    ("sender", "sender"),
    ("sender_body", "sender_body"),
    ("recipient", "recipient"),
    ("recipient_body", "recipient_body"),
    ("originator", "originator"),
    ("level", "level"),
    ("clearance", "clearance"),
    ("accredited", "accredited"),
    ("data_protection", "data_protection"),
    ("torture_risk", "torture_risk"),
    ("death_penalty_for", "death_penalty_for"),
    ("reciprocity_met", "reciprocity_met"),
    ("transfer_kind", "transfer_kind"),
    ("purpose", "purpose"),
    ("use", "use"),
    ("exercise", "exercise"),
    ("facts", "facts"),
    ("grounds", "grounds"),
    ("offence", "offence"),
    ("transfer_case", "case"),
    ("object_type", "object_type"),
    ("object_case", "case"),
    ("area", "area"),
    ("records", "records"),
    ("collected_for", "collected_for"),
    ("collected_at", "age"),
    ("personal_data", "personal_data"),
    ("persons", "persons"),
    ("nationalities", "nationalities"),
    ("roles", "roles"),
    ("youngest", "youngest"),
    ("data_categories", "data_categories"),
    ("evidence_from", "evidence_from"),
    ("recalled", "recalled"),
    ("exercise_data", "exercise_data"),
    ("court_sealed", "court_sealed"),
    ("pending_case", "pending_case"),
    ("emergency", "emergency"),
    ("request", "request"),
];

/// The name under which a case sets an attribute.
pub(crate) fn name_of(attribute: &str) -> Option<&'static str> {
    NAMES.iter().find(|(a, _)| *a == attribute).map(|(_, name)| *name)
}

/// Takes a condition apart. `None` if it reads something that is not known here.
pub(crate) fn read(condition: &str) -> Option<Read> {
    let mut found = Read::default();
    let mut rest = condition;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let (word, after) = literal(rest)?;
            found.words.insert(word);
            rest = after;
        } else if c.is_ascii_digit() {
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            let (number, after) = rest.split_at_checked(digits)?;
            found.numbers.insert(number.parse().ok()?);
            rest = after;
        } else if c.is_ascii_alphabetic() || c == '_' {
            let letters =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
            let (word, after) = rest.split_at_checked(letters)?;
            rest = after;
            if word == "context" {
                let attribute = rest.strip_prefix('.').or_else(|| rest.strip_prefix(" has "))?;
                let letters = attribute
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .count();
                let (attribute, after) = attribute.split_at_checked(letters)?;
                found.names.insert(name_of(attribute)?);
                rest = after;
            }
        } else {
            rest = rest.get(c.len_utf8()..)?;
        }
    }
    // An age is counted back from the moment of the decision.
    if found.names.contains("age") {
        found.names.remove("at");
    }
    Some(found)
}

/// A string of Cedar at the start of a text, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((word, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => word.push('\n'),
                'r' => word.push('\r'),
                't' => word.push('\t'),
                '0' => word.push('\0'),
                'u' => {
                    let hex: String =
                        chars.by_ref().skip(1).map(|(_, c)| c).take_while(|c| *c != '}').collect();
                    word.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                }
                other => word.push(other),
            },
            c => word.push(c),
        }
    }
    None
}

/// What one prohibition reads, with the nations that it concerns.
pub(crate) fn of(scope: Scope, forbid: &Forbid) -> Option<Read> {
    let mut found = read(&forbid.condition)?;
    match scope {
        Scope::From(_) => found.names.insert("sender"),
        Scope::To(_) => found.names.insert("recipient"),
        Scope::Always | Scope::Onward => false,
    };
    Some(found)
}

/// Everything that is compared, by what it is compared with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    pub nations: BTreeSet<NationCode>,
    pub moments: BTreeSet<Timestamp>,
    pub words: BTreeMap<&'static str, BTreeSet<String>>,
    pub numbers: BTreeMap<&'static str, BTreeSet<u64>>,
}

impl Space {
    /// Adds what one prohibition compares.
    pub(crate) fn add(&mut self, read: &Read) {
        for name in &read.names {
            self.words.entry(name).or_default().extend(read.words.iter().cloned());
            self.numbers.entry(name).or_default().extend(&read.numbers);
        }
    }

    /// One value of each kind that the rules can tell apart.
    pub(crate) fn choices(&self, name: &'static str) -> Vec<Setting> {
        let words = || self.words.get(name).into_iter().flatten().cloned();
        let numbers = || self.numbers.get(name).into_iter().flatten().copied();
        let one = |w: &str| Setting::Maybe(Some(w.to_owned()));
        let absent_or_other = || {
            std::iter::once(Setting::Maybe(None))
                .chain(words().map(|w| Setting::Maybe(Some(w))))
                .chain([one(OTHER)])
                .collect()
        };
        match name {
            "sender" | "recipient" | "originator" => {
                self.nations.iter().map(|n| Setting::Nation(*n)).collect()
            }
            "at" => self.moments.iter().map(|m| Setting::At(*m)).collect(),
            "level" => level::all().map(Setting::Level).collect(),
            "clearance" | "accredited" => std::iter::once(Setting::UpTo(None))
                .chain(level::all().map(|l| Setting::UpTo(Some(l))))
                .collect(),
            "sender_body" | "recipient_body" | "purpose" | "object_type" => {
                words().map(Setting::Word).chain([Setting::Word(OTHER.to_owned())]).collect()
            }
            "data_protection" => DataProtection::ALL.iter().map(|p| one(p.as_str())).collect(),
            "torture_risk" => TortureRisk::ALL.iter().map(|r| one(r.as_str())).collect(),
            "transfer_kind" => TransferKind::ALL.iter().map(|k| one(k.as_str())).collect(),
            "use" => Use::ALL.iter().map(|u| one(u.as_str())).collect(),
            "records" => intervals(numbers()).into_iter().map(Setting::Number).collect(),
            "youngest" => std::iter::once(None)
                .chain(intervals(numbers()).into_iter().filter(|n| *n <= 255).map(Some))
                .map(Setting::MaybeNumber)
                .collect(),
            "age" => std::iter::once(None)
                .chain(intervals(numbers().map(|n| n / DAY_MILLIS)).into_iter().map(Some))
                .map(Setting::MaybeNumber)
                .collect(),
            "offence" => offences(words().collect(), numbers().collect()),
            "case" => vec![
                Setting::Cases(None, None),
                Setting::Cases(Some("case"), None),
                Setting::Cases(None, Some("case")),
                Setting::Cases(Some("case"), Some("case")),
                Setting::Cases(Some("case"), Some("another_case")),
            ],
            "request" => vec![
                Setting::Request(None),
                Setting::Request(Some((true, Access::Direct))),
                Setting::Request(Some((true, Access::Indirect))),
                Setting::Request(Some((false, Access::Direct))),
            ],
            "area" | "facts" | "grounds" | "roles" | "data_categories" | "collected_for"
            | "emergency" => absent_or_other(),
            "nationalities" => std::iter::once(Setting::Maybe(None))
                .chain(words().map(|w| Setting::Maybe(Some(w))))
                .collect(),
            _ => vec![Setting::Yes(false), Setting::Yes(true)],
        }
    }
}

/// One number of each stretch between the limits, and each limit: the last of its stretch.
fn intervals(limits: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut ends: BTreeSet<u64> = BTreeSet::new();
    for limit in limits {
        ends.extend([limit.saturating_sub(1), limit, limit.saturating_add(1)]);
    }
    ends.insert(0);
    ends.into_iter().collect()
}

fn offences(kinds: BTreeSet<String>, months: BTreeSet<u64>) -> Vec<Setting> {
    let mut all = vec![Setting::Offence(None)];
    let kinds = kinds.into_iter().chain([OTHER.to_owned()]);
    let penalties = intervals(months.into_iter());
    for kind in kinds {
        // What is no offence has no penalty.
        let none = std::iter::once((false, 0));
        for (criminal_in_sender, max_penalty_months) in
            none.chain(penalties.iter().map(|months| (true, *months)))
        {
            let kind = kind.clone();
            let offence = Offence { kind, criminal_in_sender, max_penalty_months };
            all.push(Setting::Offence(Some(offence)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_says_what_it_reads_and_compares() {
        let found = read(
            "context has area && ![\"a\\\"b\", \"c\\u{301}\"].contains(context.area) && context.records > 500",
        )
        .unwrap();
        assert_eq!(found.names, BTreeSet::from(["area", "records"]));
        assert_eq!(found.words, BTreeSet::from(["a\"b".to_owned(), "c\u{301}".to_owned()]));
        assert_eq!(found.numbers, BTreeSet::from([500]));
        assert!(read("context.novel").is_none());
    }

    #[test]
    fn every_attribute_of_the_schema_can_be_set() {
        let schema = include_str!("policy.cedarschema");
        let release = schema.split("action control").next().unwrap();
        let context = release.split("context: {").nth(1).unwrap();
        let attributes = context.lines().filter_map(|l| l.trim().split_once(':'));
        for (attribute, _) in attributes {
            let attribute = attribute.trim_end_matches('?');
            assert!(name_of(attribute).is_some(), "{attribute}");
        }
    }
}
