//! The types of clause that agreements are made of: one file each.
//!
//! A type reads its own keys, writes its prohibitions as policies, and adds its obligations.
//! A new type is a file here and its name in the list below; nothing else changes. A type that is
//! not in the list makes the whole agreement fail to load.

use std::collections::BTreeMap;
use std::fmt;

use entente_model::NationCode;

use crate::case::Case;
use crate::keys::Keys;
use crate::level;
use crate::policy::{CompileError, Forbid};
use crate::scheme::Schemes;
use crate::summary::Telling;
use crate::unit::Unit;

macro_rules! clauses {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every clause type, by name.
        pub(crate) const TYPES: &[ClauseType] = &[$($name::TYPE),+];
    };
}

clauses!(
    adequacy,
    bodies,
    breach_notification,
    classification_ceiling,
    classification_floor,
    data_categories,
    deadline,
    dual_criminality,
    emergency,
    equivalence,
    exercise,
    geographic_scope,
    informative,
    object_types,
    personnel_clearance,
    purpose,
    query_mode,
    reciprocity,
    refusal_grounds,
    retention,
    security_standard,
    speciality,
    third_party,
    use_restriction,
    volume,
);

pub(crate) use third_party::needs_consent;

/// A type of clause.
pub(crate) struct ClauseType {
    /// The word in the decision vocabulary.
    pub name: &'static str,
    /// An agreement may have only one clause of this type.
    pub once: bool,
    /// Reads the keys of a clause of this type.
    pub read: fn(&Keys<'_, '_>) -> Option<Box<dyn Clause>>,
}

/// What a clause does.
pub(crate) trait Clause: fmt::Debug + Send + Sync {
    /// Writes the prohibitions that follow where the clause is not met.
    fn forbids(&self, _out: &mut Forbids<'_>) {}

    /// Adds what the recipient owes for a unit that is released under the agreement.
    fn obligations(&self, _of: &Release<'_>, _out: &mut Vec<String>) {}

    /// What [`Clause::obligations`] looks at besides the moment, by the names of the policies'
    /// attributes. A test varies everything else.
    fn obligations_read(&self) -> &'static [&'static str] {
        &[]
    }

    /// The table of equivalent markings, if it is one.
    fn equivalence(&self) -> Option<&Equivalence> {
        None
    }

    /// Within how many hours a breach must be told, if it says so.
    fn breach_hours(&self) -> Option<u64> {
        None
    }

    /// The bodies of a nation that it authorises, if it says which.
    fn authorised(&self, _nation: NationCode) -> Option<&[String]> {
        None
    }

    /// What an emergency relaxes, if it says so.
    fn emergency(&self) -> Option<&Emergency> {
        None
    }

    /// Whether it allows transfers in an exercise.
    fn covers_exercises(&self) -> bool {
        false
    }

    /// Says what it means for one party.
    fn tells(&self, to: &mut Telling<'_>);

    /// The nations that it names, which should be parties.
    fn nations(&self) -> Vec<NationCode> {
        Vec::new()
    }

    /// The clause in one plain sentence.
    fn says(&self) -> String;
}

/// Who a prohibition concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Every transfer under the agreement.
    Always,
    /// Transfers from this party.
    From(NationCode),
    /// Transfers to this party.
    To(NationCode),
    /// Onward release of what was received under the agreement.
    Onward,
}

/// Collects the prohibitions of an agreement's clauses.
pub(crate) struct Forbids<'a> {
    pub parties: &'a [NationCode],
    pub handling: &'a Handling,
    pub out: Vec<(Scope, Forbid)>,
}

impl Forbids<'_> {
    pub(crate) fn add(&mut self, scope: Scope, forbid: Forbid) {
        self.out.push((scope, forbid));
    }
}

/// A unit that is released under an agreement.
pub(crate) struct Release<'a> {
    pub case: &'a Case<'a>,
    pub unit: &'a Unit<'a>,
    /// The agreement's code.
    pub agreement: &'a str,
    pub handling: &'a Handling,
}

/// What an emergency relaxes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Emergency {
    pub triggers: Vec<String>,
    pub relaxes: Vec<String>,
    pub obligations: Vec<String>,
}

/// An agreement's table of equivalent markings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Equivalence {
    pub next_higher: bool,
    /// Markings by level and nation.
    pub rows: BTreeMap<u8, BTreeMap<NationCode, String>>,
}

/// At which level, and under which marking, each party handles information of each level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handling {
    marks: BTreeMap<(NationCode, u8), (u8, String)>,
    /// Whether the agreement has a table at all.
    table: bool,
}

impl Handling {
    /// Works the table out for these parties. `clause` is its id, for errors.
    pub(crate) fn new(
        equivalence: &Equivalence,
        clause: &str,
        parties: &[NationCode],
        schemes: &Schemes,
    ) -> Result<Self, CompileError> {
        let mut marks = BTreeMap::new();
        for level in level::all().filter(|l| *l >= level::RESTRICTED) {
            for nation in parties {
                let upward = equivalence
                    .rows
                    .range(level..)
                    .filter(|(row, _)| **row == level || equivalence.next_higher)
                    .find_map(|(_, markings)| markings.get(nation));
                let Some(marking) = upward else { continue };
                let handled = schemes.level(nation.as_str(), marking).ok_or_else(|| {
                    CompileError::UnknownMarking {
                        clause: clause.to_owned(),
                        nation: nation.to_string(),
                        marking: marking.clone(),
                    }
                })?;
                marks.insert((*nation, level), (handled, marking.clone()));
            }
        }
        Ok(Self { marks, table: true })
    }

    /// Whether the recipient lacks an equivalent for this level.
    pub(crate) fn lacks(&self, nation: NationCode, level: u8) -> bool {
        self.table && level >= level::RESTRICTED && !self.marks.contains_key(&(nation, level))
    }

    /// The level at which the nation handles information of this level.
    pub(crate) fn level(&self, nation: NationCode, level: u8) -> u8 {
        self.marks.get(&(nation, level)).map_or(level, |(handled, _)| *handled)
    }

    /// The nation's marking for information of this level.
    pub(crate) fn marking(&self, nation: NationCode, level: u8) -> Option<&str> {
        self.marks.get(&(nation, level)).map(|(_, marking)| marking.as_str())
    }

    /// A condition that holds where handling at `from` or above is not matched by the number in
    /// `attribute`; `None` if it can never hold.
    pub(crate) fn below(&self, nation: NationCode, from: u8, attribute: &str) -> Option<String> {
        let terms: Vec<String> = level::all()
            .map(|l| (l, self.level(nation, l)))
            .filter(|(_, handled)| *handled >= from)
            .map(|(l, handled)| format!("(context.level == {l} && {attribute} < {handled})"))
            .collect();
        (!terms.is_empty()).then(|| terms.join(" || "))
    }
}

/// The clause type with this name.
pub(crate) fn find(name: &str) -> Option<&'static ClauseType> {
    TYPES.iter().find(|t| t.name == name)
}
