//! What follows if one set of rules takes the place of another: consequences, not text.
//!
//! Every case falls into a cell of a finite partition: two cases of one cell agree in everything
//! that a changed rule of either side can read. One case of each cell is put to both sides through
//! the real decision, with everything else as favourable as it can be, so that an answer is what
//! the changed rules alone make of the cell. Cells that change alike are joined and said in words.
//!
//! Rules that do not change stand on both sides. Where one of them forbids, it still does, so a
//! sentence here never says more than "as far as the changed rules go".

#![expect(clippy::wildcard_enum_match_arm, reason = "only a moment is a day")]

mod boxes;
mod cells;
mod onward;
mod say;

use std::collections::BTreeSet;

use entente_model::{AgreementId, Decision, NationCode, Timestamp};

use crate::agreement::Agreement;
use crate::policy::CompileError;
use crate::rules::{AgreementStatus, InForce, Rules};
use crate::scenario::{Setting, with_ladder};
use crate::scheme::Schemes;
use crate::time::{DAY_MILLIS, day_text};

pub(crate) use boxes::join as boxes;
pub(crate) use cells::{Court, cell, settings};
pub(crate) use onward::{stranger, unlimited};
pub(crate) use say::{Dimension, said, values_of};

/// More cells than this are not decided for one group of rules; then a sample is.
pub const CELLS_MAX: usize = 50_000;

/// Which way an answer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What could not go may go.
    Possible,
    /// What could go may not.
    Impossible,
    /// It was refused, and may be decided for; or a variant could go, and now the whole.
    Easier,
    /// The reverse.
    Harder,
    /// It goes as before, and the recipient owes something else, or someone else decides.
    Otherwise,
}

impl Turn {
    /// The word in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Impossible => "impossible",
            Self::Easier => "easier",
            Self::Harder => "harder",
            Self::Otherwise => "otherwise",
        }
    }

    fn between(before: Decision, after: Decision) -> Self {
        match (before.releases(), after.releases()) {
            (false, true) => Self::Possible,
            (true, false) => Self::Impossible,
            _ if after < before => Self::Easier,
            _ if after > before => Self::Harder,
            _ => Self::Otherwise,
        }
    }
}

/// An answer, as far as the rules that changed bear on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// Who is asked.
    pub refer_to: Vec<String>,
    /// What the recipient owes, or the variant needs. Days stand as `+180 days`.
    pub owed: Vec<String>,
}

/// One thing that a case is about, with the values for which something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The name in the vocabulary, such as `level`.
    pub name: &'static str,
    /// The values, in words.
    pub values: Vec<String>,
}

/// One consequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub turn: Turn,
    /// In words.
    pub sentence: String,
    /// Where it holds; what is not named does not matter.
    pub conditions: Vec<Condition>,
    /// The answer before.
    pub before: Answer,
    /// The answer after.
    pub after: Answer,
}

/// Everything that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequences {
    /// The consequences, the weightiest first.
    pub changes: Vec<Change>,
    /// What differs in the text and changes no decision, in words.
    pub particulars: Vec<String>,
    /// How many cells were decided.
    pub cells: usize,
    /// Whether every cell was; otherwise only a sample of some cells.
    pub complete: bool,
}

/// What follows if `new` takes the place of `old`.
pub fn between(
    old: &Agreement,
    new: &Agreement,
    schemes: &Schemes,
) -> Result<Consequences, CompileError> {
    let schemes = with_ladder(schemes);
    let (before, after) = (alone(old, &schemes)?, alone(new, &schemes)?);
    let mut court = Court::new(&before, &after, &schemes, moment(old, new));
    let (mut changes, complete) = court.changed_rules();
    changes.extend(court.parties());
    changes.extend(court.term(old, new));
    changes.extend(court.groups());
    changes.extend(onward::changes(&mut court, old, new)?);
    let cells = court.cells;
    changes.sort_by_key(|c| c.turn);
    let mut seen = BTreeSet::new();
    changes.retain(|c| seen.insert(c.sentence.clone()));
    Ok(Consequences { changes, particulars: particulars(old, new), cells, complete })
}

/// The rules of one agreement, in force for all its parties, and nothing besides.
pub(crate) fn alone(agreement: &Agreement, schemes: &Schemes) -> Result<Rules, CompileError> {
    let held = InForce {
        agreement,
        id: AgreementId::from_array([0; 32]),
        status: AgreementStatus::InForce,
        parties: &[],
    };
    Rules::compile(&[held], &[], schemes)
}

/// A moment at which both are in force; if there is none, one for each.
fn moment(old: &Agreement, new: &Agreement) -> (Timestamp, Timestamp) {
    let within = |agreement: &Agreement, at: Timestamp| {
        agreement.in_force_from() <= at && agreement.ends_on().is_none_or(|end| at < end)
    };
    let both = old.in_force_from().max(new.in_force_from());
    if within(old, both) && within(new, both) {
        (both, both)
    } else {
        (old.in_force_from(), new.in_force_from())
    }
}

/// Differences that no decision depends on.
fn particulars(old: &Agreement, new: &Agreement) -> Vec<String> {
    let mut found = Vec::new();
    if old.code() != new.code() {
        found.push(format!("Its code is {}; before, {}.", new.code(), old.code()));
    }
    if old.title() != new.title() {
        found.push(format!("Its title is \"{}\"; before, \"{}\".", new.title(), old.title()));
    }
    if old.survival() != new.survival() {
        let now = if new.survival() { "outlives it" } else { "ends with it" };
        found.push(format!("Its text says that its protection {now}; before, it did not."));
    }
    if new.begins_afresh() {
        found.push("Suspensions and notices of the text before end with it.".to_owned());
    }
    let notes = |agreement: &Agreement| -> BTreeSet<String> {
        agreement.clauses().filter(|c| c.1 == "informative").map(|c| c.2).collect()
    };
    let (before, after) = (notes(old), notes(new));
    let told = |word: &str, note: &String| {
        format!("{word}, for information: {}.", note.trim_end_matches('.'))
    };
    found.extend(after.difference(&before).map(|note| told("Added", note)));
    found.extend(before.difference(&after).map(|note| told("Gone", note)));
    found
}

/// The days around which a term begins and ends.
fn edges(agreement: &Agreement) -> impl Iterator<Item = Timestamp> {
    let ends = agreement.ends_on().into_iter();
    std::iter::once(agreement.in_force_from())
        .chain(ends)
        .flat_map(|edge| [Timestamp::from_millis(edge.millis().saturating_sub(DAY_MILLIS)), edge])
}

/// A day, for people.
fn day(setting: &Setting) -> String {
    match setting {
        Setting::At(at) => day_text(*at),
        _ => String::new(),
    }
}

/// Codes in a sentence.
fn codes(nations: &[NationCode]) -> Vec<String> {
    nations.iter().map(NationCode::to_string).collect()
}
