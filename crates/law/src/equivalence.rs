//! Tables of equivalence, and what a marking becomes in another owner's scheme.
//!
//! What binds two owners is the table of their agreement; without one the common ladder serves for
//! comparison only. The level of information is its originator's, whatever level someone handled
//! it at in between: a conversion starts from the originator's label, and gives a further marking,
//! never another label in its place.

mod read;

use std::collections::BTreeMap;

use entente_model::{Label, Timestamp};

use crate::control;
use crate::level;
use crate::problem::Problems;
use crate::scheme::{Certainty, Level, Period, Place, Scheme, Schemes};

/// One row: levels that are each other's equivalent, by owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The class on the common ladder, for the order of the rows.
    pub class: u8,
    /// The id of each owner's level.
    pub levels: BTreeMap<String, String>,
    /// Owners without an equivalent, for whom the text prescribes the protection.
    pub prescribed: BTreeMap<String, String>,
}

/// A table of equivalent markings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) source: String,
    pub(crate) checked: Certainty,
    pub(crate) period: Period,
    /// Whether an owner without an equivalent uses its next higher level; else nothing is sent.
    pub(crate) next_higher: bool,
    pub(crate) notes: Vec<String>,
    /// From the lowest to the highest.
    pub(crate) rows: Vec<Row>,
}

impl Table {
    /// Reads a file. The levels that it names must be those of `schemes`.
    pub fn parse(text: &str, schemes: &Schemes) -> Result<Self, Problems> {
        read::table(text, schemes)
    }

    /// A table from its rows, as an agreement has it.
    pub(crate) fn of_agreement(code: &str, title: &str, next_higher: bool, rows: Vec<Row>) -> Self {
        Self {
            code: code.to_owned(),
            title: title.to_owned(),
            source: format!("the agreement {code}"),
            checked: Certainty::Official,
            period: Period::default(),
            next_higher,
            notes: Vec::new(),
            rows,
        }
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What it is.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How far it was checked.
    pub const fn checked(&self) -> Certainty {
        self.checked
    }

    /// What people should know about it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether an owner without an equivalent uses its next higher level.
    pub const fn next_higher(&self) -> bool {
        self.next_higher
    }

    /// The rows, from the lowest to the highest.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether it says something about an owner's levels on a day.
    pub fn covers(&self, owner: &str, on: Timestamp) -> bool {
        self.period.holds(on)
            && self
                .rows
                .iter()
                .any(|row| row.levels.contains_key(owner) || row.prescribed.contains_key(owner))
    }
}

/// What a conversion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis<'a> {
    /// A table.
    Table(&'a Table),
    /// The common ladder, for comparison only.
    Ladder,
}

/// What a level becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The recipient's own equivalent.
    Equal {
        /// Its marking.
        marking: String,
        /// Its class.
        class: u8,
    },
    /// It has none and protects it at its next higher level.
    Higher {
        /// The marking of that level.
        marking: String,
        /// Its class.
        class: u8,
        /// The words with which it marks such information, if it has them.
        words: Option<String>,
    },
    /// It has none, and the text prescribes how it is protected.
    Prescribed {
        /// What the text says.
        text: String,
    },
    /// It may not go.
    NotTransferable {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// The rule that gave it, in a sentence.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Equal { .. } => {
                "the recipient has an equivalent level: the copy is protected at it, and the originator's marking stays"
            }
            Self::Higher { .. } => {
                "the recipient has no such level: the copy is protected at its next higher one, where clearance and accreditation are tested"
            }
            Self::Prescribed { .. } => {
                "the recipient has no equivalent level: the text prescribes the protection"
            }
            Self::NotTransferable { .. } => "the information may not be transferred",
        }
    }

    /// The marking at which the recipient handles it.
    pub fn marking(&self) -> Option<&str> {
        match self {
            Self::Equal { marking, .. } | Self::Higher { marking, .. } => Some(marking),
            Self::Prescribed { .. } | Self::NotTransferable { .. } => None,
        }
    }

    /// The class at which the recipient handles it.
    pub const fn class(&self) -> Option<u8> {
        match self {
            Self::Equal { class, .. } | Self::Higher { class, .. } => Some(*class),
            Self::Prescribed { .. } | Self::NotTransferable { .. } => None,
        }
    }
}

/// A label in another owner's scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// What the level becomes.
    pub outcome: Outcome,
    /// Whether a table says so; the common ladder binds nobody.
    pub binding: bool,
    /// What the recipient's marking, converted back, would be.
    pub back: Option<String>,
    /// What is lost, each in a sentence.
    pub losses: Vec<String>,
    /// The same label in the recipient's scheme, for the label's alternatives.
    pub alternative: Option<Label>,
}

/// The only table that speaks of both owners on a day; none if there are several or none.
pub fn table_between<'a>(
    schemes: &'a Schemes,
    one: &str,
    other: &str,
    on: Timestamp,
) -> Option<&'a Table> {
    let mut found = schemes.tables().filter(|t| t.covers(one, on) && t.covers(other, on));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// What one level of a scheme becomes in another, on a day.
pub fn convert_level(
    from: &Scheme,
    level: &Level,
    to: &Scheme,
    basis: Basis<'_>,
    on: Timestamp,
) -> Outcome {
    if from.owner() == to.owner() {
        return Outcome::Equal { marking: level.marking.clone(), class: level.class };
    }
    if !level.classification && level.class == 0 {
        return match to.equal(0, on) {
            Some(equal) => Outcome::Equal { marking: equal.marking.clone(), class: 0 },
            None => on_ladder(level, to, on),
        };
    }
    match basis {
        Basis::Ladder => on_ladder(level, to, on),
        Basis::Table(table) => by_table(table, from, level, to, on),
    }
}

fn on_ladder(level: &Level, to: &Scheme, on: Timestamp) -> Outcome {
    match to.at_least(level.class, on) {
        Some(found) if found.class == level.class && level.place == Place::Ladder => {
            Outcome::Equal { marking: found.marking.clone(), class: found.class }
        }
        Some(found) => higher(found),
        None => Outcome::NotTransferable {
            why: format!("{} has no level as high as {}", to.owner(), level::name(level.class)),
        },
    }
}

fn higher(found: &Level) -> Outcome {
    Outcome::Higher {
        marking: found.marking.clone(),
        class: found.class,
        words: found.marks_lower.clone(),
    }
}

fn by_table(table: &Table, from: &Scheme, level: &Level, to: &Scheme, on: Timestamp) -> Outcome {
    let no = |why: String| Outcome::NotTransferable { why };
    if !table.period.holds(on) {
        return no(format!("{} is not in force on that day", table.code));
    }
    let place = table.rows.iter().position(|row| row.levels.get(from.owner()) == Some(&level.id));
    let Some(place) = place else {
        return no(format!("{} has no row for {} of {}", table.code, level.marking, from.owner()));
    };
    let given = |row: &Row| {
        let level = to.level_by_id(row.levels.get(to.owner())?)?;
        level.period.holds(on).then(|| level.clone())
    };
    let rows = table.rows.get(place..).unwrap_or_default();
    let Some(row) = rows.first() else { return no(format!("{} has no such row", table.code)) };
    if let Some(equal) = given(row) {
        return Outcome::Equal { marking: equal.marking.clone(), class: equal.class };
    }
    if let Some(text) = row.prescribed.get(to.owner()) {
        return Outcome::Prescribed { text: text.clone() };
    }
    if !table.next_higher {
        return no(format!(
            "{} gives {} no equivalent of {}, and lets nothing go then",
            table.code,
            to.owner(),
            level.marking
        ));
    }
    match rows.iter().skip(1).find_map(given) {
        Some(found) => higher(&found),
        None => no(format!("{} gives {} no higher level either", table.code, to.owner())),
    }
}

/// Converts an originator's label, on the day of its document, and names what is lost.
pub fn convert(
    label: &Label,
    from: &Scheme,
    to: &Scheme,
    basis: Basis<'_>,
    on: Timestamp,
) -> Option<Converted> {
    let level = from.spelt(&label.marking, Some(on))?.level;
    let outcome = convert_level(from, level, to, basis, on);
    let mut losses = Vec::new();
    let back = outcome.marking().and_then(|marking| {
        let there = to.spelt(marking, Some(on))?.level;
        let back = convert_level(to, there, from, basis, on);
        if back.class() != Some(level.class) {
            let gives = back
                .marking()
                .map_or_else(|| "gives nothing".to_owned(), |marking| format!("gives {marking}"));
            losses.push(format!(
                "the way back {gives}: the level stays the originator's, {}",
                level.marking
            ));
        }
        back.marking().map(str::to_owned)
    });
    match &outcome {
        Outcome::Higher { marking, .. } => losses.push(format!(
            "{} has no equivalent of {}; {marking} is higher than the originator asked",
            to.owner(),
            level.marking
        )),
        Outcome::Equal { marking, class } if *class < level.class => losses.push(format!(
            "the table gives {marking}, which is lower on the common ladder than {}",
            level.marking
        )),
        Outcome::Prescribed { .. } => losses.push(format!(
            "{} has no marking for it; the protection is in the text alone",
            to.owner()
        )),
        Outcome::Equal { .. } | Outcome::NotTransferable { .. } => {}
    }
    for one in &label.controls {
        let own = from.controls().iter().find(|c| c.is(one));
        if own.is_some() && !to.controls().iter().any(|c| c.is(one)) && from.owner() != to.owner() {
            let ours = control::print(one);
            losses.push(format!(
                "{} has no word of its own for `{ours}`, which still binds",
                to.owner()
            ));
        }
    }
    let alternative = outcome.marking().zip(outcome.class()).map(|(marking, class)| Label {
        policy: to.owner().to_owned(),
        class,
        marking: marking.to_owned(),
        controls: label.controls.clone(),
        created: label.created,
        review: label.review,
        alternatives: Vec::new(),
    });
    let binding = matches!(basis, Basis::Table(_)) || from.owner() == to.owner();
    Some(Converted { outcome, binding, back, losses, alternative })
}

#[cfg(test)]
mod tests;
