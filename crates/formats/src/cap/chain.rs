//! Which alerts are in force, when some update or cancel others.
//!
//! An update takes the place of the alerts that it refers to, a cancel ends them (CAP 1.2,
//! 3.2.1, `msgType` and `references`). What holds follows from the set of alerts alone, in
//! whatever order they arrived: an act on an alert that is not here yet waits for it.
//!
//! Only the sender of an alert can end it, only for the same `status`, so that an exercise ends
//! no real warning, and only by a later alert, so that no circle of references ends them all.
//! What is not done for one of these reasons is said.

use std::collections::BTreeMap;

use entente_model::Timestamp;
use thiserror::Error;

use super::alert::{Alert, MsgType, Status};
use super::value::{Moment, Reference};

/// So many alerts are held.
pub const ALERTS_MAX: usize = 100_000;
/// So many references of one alert count.
pub const REFERENCES_MAX: usize = 1000;
/// So many references of all alerts are held.
pub const ACTS_MAX: usize = 1_000_000;

/// What tells an alert from all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertKey {
    /// Who sent it.
    pub sender: String,
    /// The sender's name for it.
    pub identifier: String,
    /// When it was sent.
    pub sent: Moment,
}

/// Alerts, and what they do to each other.
#[derive(Debug, Default)]
pub struct Chain {
    held: BTreeMap<AlertKey, Held>,
    /// By whom and by which name an alert goes on which somebody acts.
    acts: BTreeMap<(String, String), Vec<Act>>,
    /// How many those are.
    acting: usize,
}

/// What is kept of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    status: Status,
    msg_type: MsgType,
    references: Vec<Reference>,
    /// From when to when each part holds.
    spans: Vec<(Option<Timestamp>, Option<Timestamp>)>,
}

/// An update or a cancel of one alert.
#[derive(Debug, Clone)]
struct Act {
    by: AlertKey,
    status: Status,
    cancels: bool,
    /// When the alert was sent that is meant, if the act says so.
    sent: Option<Moment>,
}

/// What came of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// It was here already, just so.
    pub known: bool,
    /// The alerts that it acts on and that are not here (yet).
    pub missing: Vec<Reference>,
    /// The alerts that it would act on and must not.
    pub void: Vec<(Reference, Void)>,
}

/// Why an act on an alert does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// The alert is another sender's.
    OtherSender,
    /// The alert has another status: an exercise does not end a warning.
    OtherStatus,
    /// The alert was not sent before.
    NotEarlier,
}

/// Why an alert is not added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    /// Another one has its name.
    #[error(
        "another alert of this sender has its identifier and time; a sender must not use both again"
    )]
    Conflict,
    /// There are too many.
    #[error("{ALERTS_MAX} alerts or {ACTS_MAX} references are held; forget the old ones first")]
    Full,
}

/// What an alert is at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    InForce,
    /// It will hold from then on.
    Coming(Timestamp),
    /// It held until then.
    Expired(Timestamp),
    /// Updates took its place; the earliest is named.
    Superseded(AlertKey),
    /// It was cancelled; the earliest cancel is named.
    Cancelled(AlertKey),
    /// It is no warning: a cancel, an acknowledgement, or a report of an error.
    NoWarning,
    /// It is not here.
    Unknown,
}

impl AlertKey {
    /// That of an alert.
    pub fn of(alert: &Alert) -> Self {
        Self {
            sender: alert.sender.clone(),
            identifier: alert.identifier.clone(),
            sent: alert.sent.clone(),
        }
    }
}

impl Chain {
    /// Adds an alert, in whatever order alerts arrive.
    pub fn add(&mut self, alert: &Alert) -> Result<Added, ChainError> {
        let (key, new) = (AlertKey::of(alert), Held::of(alert));
        let known = self.held.get(&key).map(|held| *held == new);
        if known == Some(false) {
            return Err(ChainError::Conflict);
        }
        let full = self.held.len() >= ALERTS_MAX
            || self.acting.saturating_add(new.acts_on().len()) > ACTS_MAX;
        if known.is_none() && full {
            return Err(ChainError::Full);
        }
        let mut added = Added { known: known.is_some(), missing: Vec::new(), void: Vec::new() };
        for reference in new.acts_on() {
            match self.void(&key, new.status, reference) {
                Some(Some(void)) => added.void.push((reference.clone(), void)),
                Some(None) => {}
                None => added.missing.push(reference.clone()),
            }
        }
        if known.is_none() {
            for reference in new.acts_on() {
                let target = (reference.sender.clone(), reference.identifier.clone());
                let (by, sent) = (key.clone(), reference.sent.clone());
                let cancels = new.msg_type == MsgType::Cancel;
                let act = Act { by, status: new.status, cancels, sent };
                self.acts.entry(target).or_default().push(act);
                self.acting += 1;
            }
            self.held.insert(key, new);
        }
        Ok(added)
    }

    /// Why an act does nothing; the outer `None` if the alert is not here.
    #[expect(clippy::option_option, reason = "not here is something else than not void")]
    fn void(&self, by: &AlertKey, status: Status, reference: &Reference) -> Option<Option<Void>> {
        if reference.sender != by.sender {
            return Some(Some(Void::OtherSender));
        }
        if reference.sent.as_ref().is_some_and(|sent| *sent >= by.sent) {
            return Some(Some(Void::NotEarlier));
        }
        let (key, held) = self.named(reference)?;
        Some(if key.sent >= by.sent {
            Some(Void::NotEarlier)
        } else {
            (held.status != status).then_some(Void::OtherStatus)
        })
    }

    /// The alert that a reference names; CAP 1.0 does not say when it was sent, and means the
    /// first of that name.
    fn named(&self, reference: &Reference) -> Option<(&AlertKey, &Held)> {
        let Reference { sender, identifier, sent } = reference;
        let from = AlertKey {
            sender: sender.clone(),
            identifier: identifier.clone(),
            sent: sent.clone().unwrap_or_else(|| Moment::new("")),
        };
        let (key, held) = self.held.range(&from..).next()?;
        let same = key.sender == *sender && key.identifier == *identifier;
        let found = same && sent.as_ref().is_none_or(|sent| *sent == key.sent);
        found.then_some((key, held))
    }

    /// What an alert is at a moment.
    pub fn standing(&self, key: &AlertKey, now: Timestamp) -> Standing {
        let Some(held) = self.held.get(key) else { return Standing::Unknown };
        if !matches!(held.msg_type, MsgType::Alert | MsgType::Update) {
            return Standing::NoWarning;
        }
        let name = (key.sender.clone(), key.identifier.clone());
        let acts = self.acts.get(&name).into_iter().flatten().filter(|act| act.ends(key, held));
        let earliest = |cancels| {
            let acts = acts.clone().filter(|act| act.cancels == cancels);
            acts.min_by(|one, other| one.order().cmp(&other.order())).map(|act| act.by.clone())
        };
        if let Some(by) = earliest(true) {
            return Standing::Cancelled(by);
        }
        if let Some(by) = earliest(false) {
            return Standing::Superseded(by);
        }
        held.at(now)
    }

    /// The alerts in force, in the order of their keys.
    pub fn in_force(&self, now: Timestamp) -> Vec<&AlertKey> {
        let keys = self.held.keys();
        keys.filter(|key| self.standing(key, now) == Standing::InForce).collect()
    }

    /// Lets go of what was sent before a moment, and of what it did to other alerts.
    pub fn forget_sent_before(&mut self, moment: Timestamp) {
        let recent = |sent: &Moment| sent.at().is_some_and(|sent| sent >= moment);
        self.held.retain(|key, _| recent(&key.sent));
        for acts in self.acts.values_mut() {
            acts.retain(|act| recent(&act.by.sent));
        }
        self.acts.retain(|_, acts| !acts.is_empty());
        self.acting = self.acts.values().map(Vec::len).sum();
    }

    /// How many alerts are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl Act {
    /// Whether it ends an alert of the name that it acts on.
    fn ends(&self, key: &AlertKey, held: &Held) -> bool {
        self.by.sender == key.sender
            && self.status == held.status
            && key.sent < self.by.sent
            && self.sent.as_ref().is_none_or(|sent| *sent == key.sent)
    }

    fn order(&self) -> (&Moment, &AlertKey) {
        (&self.by.sent, &self.by)
    }
}

impl Held {
    fn of(alert: &Alert) -> Self {
        let moment = |moment: &Option<Moment>| moment.as_ref().and_then(Moment::at);
        let mut references: Vec<Reference> = Vec::new();
        for reference in alert.references.iter().take(REFERENCES_MAX) {
            references.push(reference.clone());
        }
        Self {
            status: alert.status,
            msg_type: alert.msg_type,
            references,
            spans: alert.infos.iter().map(|i| (moment(&i.effective), moment(&i.expires))).collect(),
        }
    }

    /// What it updates or cancels.
    fn acts_on(&self) -> &[Reference] {
        let acts = matches!(self.msg_type, MsgType::Update | MsgType::Cancel);
        if acts { &self.references } else { &[] }
    }

    /// What it is by its own times: in force while one of its parts is. A part that does not say
    /// until when it holds does so until it is ended.
    fn at(&self, now: Timestamp) -> Standing {
        let begun = |from: &Option<Timestamp>| from.is_none_or(|from| from <= now);
        let over = |to: &Option<Timestamp>| to.is_some_and(|to| to <= now);
        if self.spans.is_empty() || self.spans.iter().any(|(from, to)| begun(from) && !over(to)) {
            return Standing::InForce;
        }
        let coming = self.spans.iter().filter(|(_, to)| !over(to)).filter_map(|(from, _)| *from);
        if let Some(from) = coming.min() {
            return Standing::Coming(from);
        }
        let last = self.spans.iter().filter_map(|(_, to)| *to).max();
        last.map_or(Standing::InForce, Standing::Expired)
    }
}

#[cfg(test)]
mod tests;
