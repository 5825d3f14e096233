//! Remembers rulings by what they can depend on.
//!
//! An object belongs to a class: everything about it that the rules in force can read. Objects of
//! one class get the same ruling for the same recipient, as long as no moment is crossed at which
//! the rules could say otherwise. A remembered ruling equals a fresh one, bit for bit.

use std::collections::HashMap;
use std::sync::Arc;

use entente_model::{Digest, Timestamp, Wire};

use crate::case::{Case, Class, Question, Recipient, Subject};
use crate::rules::Rules;
use crate::ruling::Ruling;
use crate::time::{DAY_MILLIS, instant};

/// A class of objects, known to one [`Decider`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassKey {
    generation: u64,
    index: usize,
}

/// A recipient, known to one [`Decider`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecipientKey(usize);

/// More classes than this are not remembered from one batch to the next.
const CLASSES_MAX: usize = 65_536;

/// Decides, and remembers. Belongs to one snapshot of the rules; make a new one when they change.
#[derive(Debug)]
pub struct Decider {
    rules: Arc<Rules>,
    classes: Vec<Known>,
    by_bytes: HashMap<Vec<u8>, ClassKey>,
    recipients: Vec<Recipient>,
    recipient_keys: HashMap<Recipient, RecipientKey>,
    evaluations: u64,
    generation: u64,
}

/// A class with its rulings by recipient, each with the span of time in which it holds.
#[derive(Debug)]
struct Known {
    class: Class,
    /// Moments at which a ruling may change besides midnight, ascending.
    moments: Vec<u64>,
    rulings: Vec<Option<(u64, u64, Arc<Ruling>)>>,
}

impl Decider {
    /// Decides by these rules.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            classes: Vec::new(),
            by_bytes: HashMap::new(),
            recipients: Vec::new(),
            recipient_keys: HashMap::new(),
            evaluations: 0,
            generation: 0,
        }
    }

    /// The rules it decides by.
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// How many rulings were worked out rather than remembered.
    pub const fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// The class of a subject. Call it once for each object; keep the key.
    pub fn class_of(&mut self, subject: &Subject<'_>) -> ClassKey {
        let class = self.rules.class(subject);
        let bytes = class.to_bytes();
        if let Some(key) = self.by_bytes.get(&bytes) {
            return *key;
        }
        let key = ClassKey { generation: self.generation, index: self.classes.len() };
        self.classes.push(Known { moments: moments(&class), class, rulings: Vec::new() });
        self.by_bytes.insert(bytes, key);
        key
    }

    fn known(&self, key: ClassKey) -> Option<&Known> {
        self.classes.get(key.index).filter(|_| key.generation == self.generation)
    }

    /// Forgets all classes once there are very many. Call it between batches: class keys from
    /// before may then be unknown.
    pub fn trim(&mut self) {
        if self.classes.len() > CLASSES_MAX {
            self.classes.clear();
            self.by_bytes.clear();
            self.generation += 1;
        }
    }

    /// The class itself, as it stands in a [`Question`].
    pub fn class(&self, key: ClassKey) -> Option<&Class> {
        self.known(key).map(|known| &known.class)
    }

    /// Makes a recipient known. Call it once for each reception point; keep the key.
    pub fn recipient(&mut self, recipient: &Recipient) -> RecipientKey {
        if let Some(key) = self.recipient_keys.get(recipient) {
            return *key;
        }
        let key = RecipientKey(self.recipients.len());
        self.recipients.push(recipient.clone());
        self.recipient_keys.insert(recipient.clone(), key);
        key
    }

    /// The ruling for a class and a recipient at a moment; `None` if a key is not of
    /// this decider, or was forgotten by [`Decider::trim`].
    pub fn ruling(
        &mut self,
        at: Timestamp,
        class: ClassKey,
        recipient: RecipientKey,
    ) -> Option<Arc<Ruling>> {
        if class.generation != self.generation {
            return None;
        }
        let known = self.classes.get_mut(class.index)?;
        let now = at.millis();
        if let Some(Some((from, until, ruling))) = known.rulings.get(recipient.0)
            && (*from..*until).contains(&now)
        {
            return Some(Arc::clone(ruling));
        }
        let to = self.recipients.get(recipient.0)?;
        let case = Case { at, subject: known.class.subject(), recipient: to };
        let ruling = Arc::new(self.rules.decide(&case));
        self.evaluations += 1;
        if known.rulings.len() <= recipient.0 {
            known.rulings.resize(self.recipients.len().max(recipient.0 + 1), None);
        }
        let (from, until) = span(now, &known.moments);
        if let Some(slot) = known.rulings.get_mut(recipient.0) {
            *slot = Some((from, until, Arc::clone(&ruling)));
        }
        Some(ruling)
    }

    /// What was asked about a class, to be kept beside the ledger with the facts it rests on.
    pub fn question(
        &self,
        class: ClassKey,
        recipients: &[RecipientKey],
        facts: Vec<Digest>,
    ) -> Option<Question> {
        let class = self.class(class)?.clone();
        let recipients = recipients
            .iter()
            .map(|key| self.recipients.get(key.0).cloned())
            .collect::<Option<Vec<_>>>()?;
        Some(Question { class, recipients, facts })
    }
}

/// Moments named in a class at which a ruling may change.
fn moments(class: &Class) -> Vec<u64> {
    let portions = class.facts.portions.iter().flat_map(|p| &p.controls);
    let mut moments: Vec<u64> = class
        .label
        .controls
        .iter()
        .chain(portions)
        .flat_map(|c| &c.values)
        .filter_map(|v| instant(v))
        .map(Timestamp::millis)
        .collect();
    moments.sort_unstable();
    // An age in days may reach its limit at the time of day of the collection, and is beyond it
    // a millisecond later.
    if let Some(collected) = class.facts.collected_at {
        moments.push(collected.millis());
    }
    moments
}

/// The span around a moment in which nothing can change: within the day, as agreements begin and
/// end and periods are counted by days, and between the named moments.
fn span(now: u64, moments: &[u64]) -> (u64, u64) {
    let mut from = now - now % DAY_MILLIS;
    let mut until = from.saturating_add(DAY_MILLIS);
    let start = from;
    for moment in moments {
        let in_day = start.saturating_add(moment % DAY_MILLIS);
        for edge in [*moment, moment.saturating_add(1), in_day, in_day.saturating_add(1)] {
            if edge <= now {
                from = from.max(edge);
            } else {
                until = until.min(edge);
            }
        }
    }
    (from, until)
}
