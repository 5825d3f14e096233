//! Remembers rulings by what they can depend on (`protocol.md` 11.4).
//!
//! The key is the policy epoch, the recipient, and the object's class: everything about it that
//! the rules in force can read. Objects of one class get the same ruling for the same recipient,
//! as long as no moment is crossed at which the rules could say otherwise. A decider belongs to
//! one compiled set of rules, that is to one epoch: whatever changes an agreement, a law, a party
//! or a scheme makes new rules and a new decider, and nothing is remembered across. Facts and
//! consents are part of the class, what is known of a recipient is part of the recipient.
//!
//! INVARIANT: a remembered ruling equals a fresh one, bit for bit. One use in a hundred is
//! compared with a fresh evaluation ([`Decider::recheck`]); one that differs is a defect, makes
//! the decider forget everything, and must be told to people.

use std::collections::{BTreeMap, HashMap};
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

/// One use of a remembered ruling in so many is compared with a fresh one.
const RECHECKED_ONE_IN: u64 = 100;
/// Comparisons that may wait. Uses of one ruling are compared together, so this is seldom reached.
const DUE_MAX: usize = 4096;

/// How often rulings were worked out, remembered and compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rulings that were worked out.
    pub evaluated: u64,
    /// Rulings that were remembered.
    pub remembered: u64,
    /// Uses of remembered rulings that were compared with a fresh one.
    pub compared: u64,
    /// Remembered rulings that differed from a fresh one. Anything but 0 is a defect.
    pub differing: u64,
}

/// A remembered ruling that a fresh one contradicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The moment at which it was used.
    pub at: Timestamp,
    /// The recipient.
    pub recipient: Recipient,
    /// What was remembered.
    pub remembered: Arc<Ruling>,
    /// What the rules say.
    pub fresh: Ruling,
}

/// Decisions that are worth a thread of their own: starting one costs as much as one decision.
const CASES_A_THREAD: usize = 8;
/// Threads that are used at most.
const THREADS_MAX: usize = 16;

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
    counts: Counts,
    generation: u64,
    /// Threads that decide.
    threads: usize,
    /// Draws the uses to be compared. It needs to be even, not secret.
    dice: u64,
    /// Uses to be compared: how many, and the moment of the last.
    due: BTreeMap<(ClassKey, RecipientKey), (u64, Timestamp)>,
}

/// A class with its rulings by recipient, each with the span of time in which it holds.
#[derive(Debug)]
struct Known {
    class: Class,
    /// Moments at which a ruling may change besides midnight, ascending.
    moments: Vec<u64>,
    rulings: Vec<Option<(u64, u64, Arc<Ruling>)>>,
}

impl Known {
    /// The ruling for a recipient, if one is remembered that holds at this moment.
    fn remembered(&self, recipient: RecipientKey, now: u64) -> Option<&Arc<Ruling>> {
        let (from, until, ruling) = self.rulings.get(recipient.0)?.as_ref()?;
        (*from..*until).contains(&now).then_some(ruling)
    }

    fn remember(&mut self, recipient: RecipientKey, now: u64, ruling: Arc<Ruling>) {
        let (from, until) = span(now, &self.moments);
        if self.rulings.len() <= recipient.0 {
            self.rulings.resize(recipient.0 + 1, None);
        }
        if let Some(slot) = self.rulings.get_mut(recipient.0) {
            *slot = Some((from, until, ruling));
        }
    }
}

impl Decider {
    /// Decides by these rules.
    pub fn new(rules: Arc<Rules>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            rules,
            threads: threads.min(THREADS_MAX),
            classes: Vec::new(),
            by_bytes: HashMap::new(),
            recipients: Vec::new(),
            recipient_keys: HashMap::new(),
            counts: Counts::default(),
            generation: 0,
            dice: 0x9e37_79b9_7f4a_7c15,
            due: BTreeMap::new(),
        }
    }

    /// The rules it decides by.
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// How often rulings were worked out, remembered and compared.
    pub const fn counts(&self) -> Counts {
        self.counts
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
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.classes.clear();
        self.by_bytes.clear();
        self.due.clear();
        self.generation += 1;
    }

    /// Compares what is due with fresh rulings. A difference means that nothing remembered can be
    /// trusted: everything is forgotten, class keys from before are unknown, and the caller tells
    /// people and does not act on what it was told before.
    #[must_use = "a difference is a defect that people must hear of"]
    pub fn recheck(&mut self) -> Vec<Difference> {
        let mut compared = 0;
        let mut uses = Vec::new();
        for ((class, recipient), (count, at)) in std::mem::take(&mut self.due) {
            // It may have been worked out anew since, for a later span of time.
            let Some(known) = self.known(class) else { continue };
            let Some(remembered) = known.remembered(recipient, at.millis()) else { continue };
            let Some(to) = self.recipients.get(recipient.0) else { continue };
            compared += count;
            uses.push((Case { at, subject: known.class.subject(), recipient: to }, remembered));
        }
        let cases: Vec<Case<'_>> = uses.iter().map(|(case, _)| *case).collect();
        let mut differences = Vec::new();
        for ((case, remembered), fresh) in uses.iter().zip(self.decide_all(&cases)) {
            if ***remembered != fresh {
                let (recipient, remembered) = (case.recipient.clone(), Arc::clone(remembered));
                differences.push(Difference { at: case.at, recipient, remembered, fresh });
            }
        }
        self.counts.compared += compared;
        if !differences.is_empty() {
            self.counts.differing += u64::try_from(differences.len()).unwrap_or(u64::MAX);
            self.forget();
        }
        differences
    }

    /// Whether this use is one to be compared.
    const fn draw(&mut self) -> bool {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice.is_multiple_of(RECHECKED_ONE_IN)
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
        let pair = (class, recipient);
        if self.known(class)?.remembered(recipient, at.millis()).is_some() {
            return self.used(at, pair, &mut Vec::new());
        }
        self.rulings(at, &[pair])?.pop()
    }

    /// The rulings for several classes and recipients at one moment, in their order. Those that are
    /// not remembered are worked out on all processors; what comes of it does not depend on how
    /// many there are.
    pub fn rulings(
        &mut self,
        at: Timestamp,
        asked: &[(ClassKey, RecipientKey)],
    ) -> Option<Vec<Arc<Ruling>>> {
        let mut worked_out = self.work_out(at, asked)?;
        asked.iter().map(|pair| self.used(at, *pair, &mut worked_out)).collect()
    }

    /// Works out what is not remembered; `None` if a key is unknown.
    fn work_out(
        &mut self,
        at: Timestamp,
        asked: &[(ClassKey, RecipientKey)],
    ) -> Option<Vec<(ClassKey, RecipientKey)>> {
        let now = at.millis();
        let mut missing = Vec::new();
        for (class, recipient) in asked {
            let known = self.known(*class)?;
            if recipient.0 >= self.recipients.len() {
                return None;
            }
            if known.remembered(*recipient, now).is_none() {
                missing.push((*class, *recipient));
            }
        }
        if missing.is_empty() {
            return Some(missing);
        }
        missing.sort_unstable();
        missing.dedup();
        let case = |(class, recipient): &(ClassKey, RecipientKey)| {
            let subject = self.known(*class)?.class.subject();
            Some(Case { at, subject, recipient: self.recipients.get(recipient.0)? })
        };
        let cases: Vec<Case<'_>> = missing.iter().map(case).collect::<Option<_>>()?;
        let rulings = self.decide_all(&cases);
        for ((class, recipient), ruling) in missing.iter().zip(rulings) {
            self.classes.get_mut(class.index)?.remember(*recipient, now, Arc::new(ruling));
            self.counts.evaluated += 1;
        }
        Some(missing)
    }

    /// A ruling that is remembered by now. Its first use after it was `worked_out` is none of a
    /// remembered one.
    fn used(
        &mut self,
        at: Timestamp,
        (class, recipient): (ClassKey, RecipientKey),
        worked_out: &mut Vec<(ClassKey, RecipientKey)>,
    ) -> Option<Arc<Ruling>> {
        let drawn = self.draw();
        let ruling = Arc::clone(self.known(class)?.remembered(recipient, at.millis())?);
        if let Ok(first) = worked_out.binary_search(&(class, recipient)) {
            worked_out.remove(first);
            return Some(ruling);
        }
        self.counts.remembered += 1;
        if drawn && (self.due.len() < DUE_MAX || self.due.contains_key(&(class, recipient))) {
            let due = self.due.entry((class, recipient)).or_default();
            *due = (due.0 + 1, at);
        }
        Some(ruling)
    }

    /// Decides cases, in their order.
    fn decide_all(&self, cases: &[Case<'_>]) -> Vec<Ruling> {
        let rules = &*self.rules;
        let decide = |cases: &[Case<'_>]| -> Vec<Ruling> {
            cases.iter().map(|case| rules.decide(case)).collect()
        };
        let threads = self.threads.min(cases.len() / CASES_A_THREAD);
        if threads < 2 {
            return decide(cases);
        }
        std::thread::scope(|scope| {
            let mut shares = cases.chunks(cases.len().div_ceil(threads));
            let own = shares.next().unwrap_or_default();
            // A share for which no thread can be had is decided here.
            let others: Vec<_> = shares
                .map(|share| {
                    let thread = std::thread::Builder::new().name("decide".to_owned());
                    (share, thread.spawn_scoped(scope, move || decide(share)))
                })
                .collect();
            let mut rulings = decide(own);
            for (share, thread) in others {
                rulings.extend(match thread.map(std::thread::ScopedJoinHandle::join) {
                    Ok(Ok(decided)) => decided,
                    Ok(Err(panic)) => std::panic::resume_unwind(panic),
                    Err(_) => decide(share),
                });
            }
            rulings
        })
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

#[cfg(test)]
mod tests {
    use entente_model::{Decision, NationCode};

    use super::*;
    use crate::agreement::Agreement;
    use crate::case::Transfer;
    use crate::rules::{AgreementStatus, InForce};
    use crate::scheme::Schemes;

    const TEXT: &str = "+++\nid = \"A\"\ntitle = \"A\"\nkind = \"bilateral\"\nin_force_from = \"1970-01-01\"\nsurvival = true\nparties = [{ nation = \"XAR\" }, { nation = \"XBR\" }]\n+++\n## Article 1\n```clause\ntype = \"purpose\"\nallowed = [\"piracy\"]\n```\n";

    fn decider() -> (Decider, ClassKey, RecipientKey) {
        let agreement = Agreement::parse(TEXT).unwrap();
        let held = InForce {
            agreement: &agreement,
            id: entente_model::AgreementId::from_array([1; 32]),
            status: AgreementStatus::InForce,
            parties: &[],
        };
        let schemes = Schemes::builtin();
        let mut decider = Decider::new(Arc::new(Rules::compile(&[held], &[], &schemes).unwrap()));
        let xar: NationCode = "XAR".parse().unwrap();
        let label =
            crate::parse_label("OPEN", schemes.get("XAR").unwrap(), Timestamp::default()).unwrap();
        let class = decider.class_of(&Subject {
            label: &label,
            facts: &entente_model::ReleaseFacts::default(),
            recalled: false,
            originator: xar,
            consents: &[],
            transfer: &Transfer::new(xar, "COAST-GUARD", "piracy"),
        });
        let to = decider.recipient(&Recipient::new("XBR".parse().unwrap(), "COAST-WATCH"));
        (decider, class, to)
    }

    #[test]
    fn one_use_in_a_hundred_is_compared() {
        let (mut decider, class, to) = decider();
        for n in 0..100_000 {
            decider.ruling(Timestamp::from_millis(n), class, to).unwrap();
            if n % 1000 == 0 {
                assert!(decider.recheck().is_empty());
            }
        }
        assert!(decider.recheck().is_empty());
        let Counts { evaluated, remembered, compared, differing } = decider.counts();
        assert_eq!((evaluated, remembered, differing), (1, 99_999, 0));
        assert!((900..1100).contains(&compared), "{compared}");
    }

    /// What comes of many questions, some of them asked twice, on so many threads.
    fn answers(threads: usize) -> (Vec<Arc<Ruling>>, Counts) {
        let (mut decider, _, _) = decider();
        decider.threads = threads;
        let schemes = Schemes::builtin();
        let xar: NationCode = "XAR".parse().unwrap();
        let labels = ["OPEN", "OPEN//NOFORN", "SERVICE//REL TO XBR", "SECRET-A", "SERVICE//ORCON"];
        let mut asked = Vec::new();
        for text in labels {
            let scheme = schemes.get("XAR").unwrap();
            let label = crate::parse_label(text, scheme, Timestamp::default()).unwrap();
            for purpose in ["piracy", "smuggling", "cyber_defence"] {
                let class = decider.class_of(&Subject {
                    label: &label,
                    facts: &entente_model::ReleaseFacts::default(),
                    recalled: false,
                    originator: xar,
                    consents: &[],
                    transfer: &Transfer::new(xar, "COAST-GUARD", purpose),
                });
                for nation in ["XBR", "XCO", "XDO", "XEL"] {
                    let to = Recipient::new(nation.parse().unwrap(), "COAST-WATCH");
                    asked.push((class, decider.recipient(&to)));
                }
            }
        }
        asked.extend_from_within(..20);
        let mut rulings = Vec::new();
        for n in 0..40 {
            let at = Timestamp::from_millis(n * DAY_MILLIS / 8);
            rulings.extend(decider.rulings(at, &asked).unwrap());
            assert!(decider.recheck().is_empty());
        }
        (rulings, decider.counts())
    }

    #[test]
    fn how_many_threads_decide_changes_nothing() {
        let (alone, counts) = answers(1);
        let decisions: std::collections::BTreeSet<Decision> =
            alone.iter().map(|ruling| ruling.decision).collect();
        assert!(decisions.len() > 1, "{decisions:?}");
        assert_eq!(counts.evaluated + counts.remembered, 40 * 80);
        // Five days, sixty pairs each.
        assert_eq!(counts.evaluated, 5 * 60);
        assert!(counts.compared > 0 && counts.differing == 0, "{counts:?}");
        for threads in [2, 3, 7, 16] {
            assert_eq!(answers(threads), (alone.clone(), counts), "{threads} threads");
        }
    }

    #[test]
    fn an_unknown_key_is_answered_with_nothing() {
        let (mut decider, class, to) = decider();
        let at = Timestamp::from_millis(7);
        let unknown = RecipientKey(99);
        assert_eq!(decider.rulings(at, &[(class, to), (class, unknown)]), None);
        assert_eq!(decider.ruling(at, class, unknown), None);
        decider.forget();
        assert_eq!(decider.rulings(at, &[(class, to)]), None);
        assert_eq!(decider.counts().remembered, 0);
    }

    #[test]
    fn a_remembered_ruling_that_differs_is_found_and_everything_is_forgotten() {
        let (mut decider, class, to) = decider();
        let at = Timestamp::from_millis(7);
        let mut wrong = Ruling::clone(&decider.ruling(at, class, to).unwrap());
        assert_eq!(wrong.decision, Decision::Permit);
        wrong.obligations.push("display_only".into());
        let wrong = Arc::new(wrong);
        decider.classes[class.index].rulings[to.0].as_mut().unwrap().2 = Arc::clone(&wrong);
        for _ in 0..1000 {
            decider.ruling(at, class, to).unwrap();
        }
        let found = decider.recheck();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].remembered, wrong);
        assert!(found[0].fresh.obligations.is_empty());
        assert_eq!(decider.counts().differing, 1);
        assert!(decider.ruling(at, class, to).is_none(), "the class is forgotten");
    }
}
