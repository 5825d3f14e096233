//! Recalls: who was sent what, who has answered, who is late.
//!
//! `protocol.md` 5.1 and 5.2. The originator opens a [`RecallBook`] from its own releases and
//! expects exactly one effect for each object from each holder; silence after the deadline is
//! reported (I26). A holder decides what it owes with [`effect_for`], and answers for those it
//! passed the object on to with [`aggregate_onward`].
//!
//! Destroying keys and re-examining derived products are the caller's acts.

use std::collections::BTreeMap;

use entente_model::id::{NationId, NodeId, ObjectId};
use entente_model::item::{EffectStatus, Recall, RecallClass, RecallEffect};
use entente_model::time::Timestamp;
use thiserror::Error;

use crate::state::{ObjectState, erases};

/// An answer that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Nobody asked.
    #[error("node {from} answers for object {oid}, which it was not asked about")]
    NotAsked {
        /// Who answers.
        from: NodeId,
        /// For what.
        oid: ObjectId,
    },
    /// It said something else before, and went back on it.
    #[error("node {from} first answered {first:?} for object {oid} and now {now:?}")]
    Contradicts {
        /// Who answers.
        from: NodeId,
        /// For what.
        oid: ObjectId,
        /// Its first answer.
        first: EffectStatus,
        /// Its later one.
        now: EffectStatus,
    },
}

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It was due.
    Taken,
    /// It lifts a refusal or a court's hold.
    Improved,
    /// It was known.
    Again,
}

/// An answer that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The object.
    pub oid: ObjectId,
    /// Who holds it.
    pub holder: NodeId,
}

/// How far a recall has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Answers that are expected in all.
    pub expected: usize,
    /// Holders that did what was asked, or never held the object.
    pub done: usize,
    /// Holders that a court order keeps from it.
    pub held: usize,
    /// Holders that refuse.
    pub refused: usize,
}

impl Progress {
    /// How many answers are still missing.
    pub const fn open(&self) -> usize {
        self.expected - self.done - self.held - self.refused
    }
}

/// One recall, at its originator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallBook {
    class: RecallClass,
    deadline: Timestamp,
    answers: BTreeMap<Due, Option<RecallEffect>>,
}

impl RecallBook {
    /// Opens the book: `releases` says which node was ever sent which object.
    pub fn open(recall: &Recall, releases: impl IntoIterator<Item = (ObjectId, NodeId)>) -> Self {
        let answers = releases
            .into_iter()
            .filter(|(oid, _)| recall.oids.contains(oid))
            .map(|(oid, holder)| (Due { oid, holder }, None))
            .collect();
        Self { class: recall.class, deadline: recall.deadline, answers }
    }

    /// How strongly it takes back.
    pub const fn class(&self) -> RecallClass {
        self.class
    }

    /// The nodes that must be told, each once.
    pub fn holders(&self) -> impl Iterator<Item = NodeId> {
        let holders: std::collections::BTreeSet<_> =
            self.answers.keys().map(|due| due.holder).collect();
        holders.into_iter()
    }

    /// The objects that one node must be told about.
    pub fn objects_at(&self, holder: NodeId) -> Vec<ObjectId> {
        self.answers.keys().filter(|due| due.holder == holder).map(|due| due.oid).collect()
    }

    /// Takes a holder's answer.
    pub fn answer(&mut self, from: NodeId, effect: &RecallEffect) -> Result<Answered, AnswerError> {
        let oid = effect.oid;
        let slot = self
            .answers
            .get_mut(&Due { oid, holder: from })
            .ok_or(AnswerError::NotAsked { from, oid })?;
        let answered = match slot.as_ref().map(|first| first.status) {
            None => Answered::Taken,
            Some(first) if first == effect.status => return Ok(Answered::Again),
            Some(EffectStatus::LegalHold | EffectStatus::Refused) => Answered::Improved,
            Some(first) => {
                let now = effect.status;
                return Err(AnswerError::Contradicts { from, oid, first, now });
            }
        };
        *slot = Some(effect.clone());
        Ok(answered)
    }

    /// The answers that are overdue at this time.
    pub fn late(&self, now: Timestamp) -> Vec<Due> {
        if now <= self.deadline {
            return Vec::new();
        }
        self.answers.iter().filter(|(_, a)| a.is_none()).map(|(due, _)| *due).collect()
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress { expected: self.answers.len(), ..Progress::default() };
        for effect in self.answers.values().flatten() {
            match effect.status {
                EffectStatus::Erased | EffectStatus::Retracted | EffectStatus::NeverHeld => {
                    progress.done += 1;
                }
                EffectStatus::LegalHold => progress.held += 1,
                EffectStatus::Refused => progress.refused += 1,
            }
        }
        progress
    }

    /// All answers so far.
    pub fn effects(&self) -> impl Iterator<Item = (Due, &RecallEffect)> {
        self.answers.iter().filter_map(|(due, effect)| Some((*due, effect.as_ref()?)))
    }
}

/// Whether a court order keeps an object from being erased here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourtOrder {
    /// There is none.
    None,
    /// It must be kept; access is restricted to named custodians.
    Keep,
}

/// What a holder answers once it has done what a recall of this class asks, given what it knew
/// of the object before.
pub fn effect_for(before: ObjectState, class: RecallClass, order: CourtOrder) -> EffectStatus {
    if !before.arrived() {
        return EffectStatus::NeverHeld;
    }
    if before.may_hold_content() && !erases(class) {
        return EffectStatus::Retracted;
    }
    match order {
        CourtOrder::Keep if before.may_hold_content() => EffectStatus::LegalHold,
        CourtOrder::Keep | CourtOrder::None => EffectStatus::Erased,
    }
}

/// What a holder reports of the nations it passed an object on to: the worst answer of each,
/// where no answer yet counts as a refusal.
pub fn aggregate_onward(
    answers: impl IntoIterator<Item = (NationId, Option<EffectStatus>)>,
) -> Vec<(NationId, EffectStatus)> {
    let mut worst = BTreeMap::new();
    for (nation, answer) in answers {
        let answer = answer.unwrap_or(EffectStatus::Refused);
        worst
            .entry(nation)
            .and_modify(|held: &mut EffectStatus| {
                if severity(answer) > severity(*held) {
                    *held = answer;
                }
            })
            .or_insert(answer);
    }
    worst.into_iter().collect()
}

const fn severity(status: EffectStatus) -> u8 {
    match status {
        EffectStatus::NeverHeld => 0,
        EffectStatus::Erased => 1,
        EffectStatus::Retracted => 2,
        EffectStatus::LegalHold => 3,
        EffectStatus::Refused => 4,
    }
}

#[cfg(test)]
mod tests;
