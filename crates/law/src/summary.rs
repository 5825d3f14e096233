//! What an agreement means for one party, in plain sentences.
//!
//! Five questions that a minister asks: what must we give, what may we give, what do we get, what
//! do we owe, and what else was agreed. Each clause answers for itself, from the same fields from
//! which its prohibitions are written.

use entente_model::NationCode;

use crate::agreement::{Agreement, AgreementKind};
use crate::clause::{Equivalence, Handling};
use crate::level;
use crate::scheme::Schemes;
use crate::time::day_text;

/// Under which heading of a summary a sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// What the party is bound to provide.
    MustGive,
    /// What it is free to provide, and within which limits.
    MayGive,
    /// What it can receive.
    Gets,
    /// What it owes for what it receives.
    Owes,
    /// What does not bear on a release.
    Besides,
}

impl Side {
    /// Every heading, in order.
    pub const ALL: [Self; 5] =
        [Self::MustGive, Self::MayGive, Self::Gets, Self::Owes, Self::Besides];

    /// The heading's name for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MustGive => "must_give",
            Self::MayGive => "may_give",
            Self::Gets => "gets",
            Self::Owes => "owes",
            Self::Besides => "besides",
        }
    }
}

/// One sentence of a summary and the clause that it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its heading.
    pub side: Side,
    /// The clause's id; none where it follows from the agreement as a whole.
    pub clause: Option<String>,
    /// What it says.
    pub says: String,
}

/// For whom a clause tells what it means, and what it has told.
pub(crate) struct Telling<'a> {
    pub party: NationCode,
    /// The other parties; the same nation in a domestic arrangement.
    pub others: Vec<NationCode>,
    pub schemes: &'a Schemes,
    clause: Option<&'a str>,
    out: Vec<Sentence>,
}

impl Telling<'_> {
    pub(crate) fn say(&mut self, side: Side, says: impl Into<String>) {
        let clause = self.clause.map(str::to_owned);
        self.out.push(Sentence { side, clause, says: says.into() });
    }

    /// Says the same of what the party gives and of what it gets.
    pub(crate) fn both_ways(&mut self, says: &str) {
        self.say(Side::MayGive, says);
        self.say(Side::Gets, says);
    }

    /// A level as the party writes it: `SECRET (SECRET-A)`.
    pub(crate) fn level(&self, level: u8) -> String {
        let marking = self.schemes.get(self.party.as_str()).ok().and_then(|s| s.marking(level));
        match marking {
            Some(marking) if marking != level::name(level) => {
                format!("{} ({marking})", level::name(level))
            }
            _ => level::name(level).to_owned(),
        }
    }

    /// How this party handles each level, where the table can be worked out.
    pub(crate) fn handling(&self, table: &Equivalence) -> Handling {
        let mut nations = self.others.clone();
        nations.push(self.party);
        Handling::new(table, "", &nations, self.schemes).unwrap_or_default()
    }
}

impl Agreement {
    /// What the agreement means for one party; empty for a nation that is none.
    pub fn summary(&self, party: NationCode, schemes: &Schemes) -> Vec<Sentence> {
        if !self.has_party(party) {
            return Vec::new();
        }
        let domestic = self.kind() == AgreementKind::Domestic;
        let nations = self.parties().iter().map(|p| p.nation);
        let others: Vec<NationCode> = nations.filter(|n| domestic || *n != party).collect();
        let mut telling = Telling { party, others, schemes, clause: None, out: Vec::new() };
        self.frame(&mut telling);
        for numbered in self.numbered() {
            telling.clause = Some(&numbered.origin.id);
            numbered.clause.tells(&mut telling);
        }
        telling.clause = None;
        if !telling.out.iter().any(|s| s.side == Side::MustGive) {
            let nothing = "nothing: no clause sets a time for answers, and none obliges a party to provide what it would rather keep";
            telling.say(Side::MustGive, nothing);
        }
        let mut out = telling.out;
        out.sort_by_key(|s| s.side);
        out
    }

    /// What follows from the particulars.
    fn frame(&self, telling: &mut Telling<'_>) {
        let names: Vec<String> = telling.others.iter().map(ToString::to_string).collect();
        let term = match self.ends_on() {
            Some(end) => format!("from {} until {}", day_text(self.in_force_from()), day_text(end)),
            None => format!("from {}, without an end", day_text(self.in_force_from())),
        };
        if self.kind() == AgreementKind::Domestic {
            telling.both_ways(&format!("between bodies of {} only, {term}", telling.party));
        } else {
            telling.say(Side::MayGive, format!("to {}, {term}", names.join(", ")));
            telling.say(Side::Gets, format!("from {}, {term}", names.join(", ")));
        }
        if self.survival() {
            let lasting = "the protection of what was received goes on after suspension, withdrawal or termination";
            telling.say(Side::Owes, lasting);
        }
    }
}
