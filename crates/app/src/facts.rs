//! The fact register: what decisions rely on, asserted by those entitled to, on evidence.
//!
//! A fact is asserted by a person whose office it is, recorded in the ledger with the digest of its
//! exact bytes, and holds until it lapses or is withdrawn. Decisions read the register as it stands
//! at their moment and name the facts that they used; when one holds no more, the releases that
//! rest on it are listed, so that people can decide whether to recall them.

use std::collections::BTreeMap;

use entente_law::{Asserted, Fact, FactKind, FactSubject, Register};
use entente_model::codec::Wire;
use entente_model::record::{DecisionRecord, NoteRecord, Record, RecordKind};
use entente_model::tag::Tag;
use entente_model::{Digest, NationId, ObjectId, Timestamp};
use entente_seal::digest;
use entente_store::rows::{FactRow, FactUseRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::gate::{DECISIONS, Gate};
use crate::leaf::LeafOpening;
use crate::node::{Nation, Node, event};
use crate::people::{Actor, Role};
use crate::publish::Verdict;
use crate::said::{SAID_BYTES_MAX, bounded};
use crate::sequencer::LeafDraft;
use crate::weigh::Weighed;

/// Facts listed at once.
const FACTS_MAX: u64 = 10_000;
/// Runs of releases looked through for one fact.
const USES_MAX: u64 = 4096;
/// Releases named for one fact; the count says how many there are.
const RELEASES_MAX: usize = 1000;

/// Who may assert, and withdraw, a fact of this kind.
pub const fn entitled(kind: FactKind) -> &'static [Role] {
    match kind {
        FactKind::DataProtection
        | FactKind::TortureRisk
        | FactKind::DeathPenalty
        | FactKind::Reciprocity
        | FactKind::Ground
        | FactKind::Offence => &[Role::LegalAdviser],
        FactKind::Accreditation | FactKind::Clearance | FactKind::Compartment => {
            &[Role::SecurityOfficer]
        }
        FactKind::Established => &[Role::LegalAdviser, Role::ReleaseOfficer],
        FactKind::Emergency => &[Role::ReleaseOfficer],
        FactKind::Case => &[Role::Liaison, Role::LegalAdviser],
    }
}

/// How a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactState {
    /// Its time has not come.
    Future,
    /// It holds.
    Holds,
    /// Its time is over.
    Lapsed,
    /// It was withdrawn.
    Revoked,
}

impl FactState {
    /// The state as people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Future => "not yet",
            Self::Holds => "holds",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
        }
    }

    /// Whether it counts now or will.
    pub const fn stands(self) -> bool {
        matches!(self, Self::Future | Self::Holds)
    }
}

/// A fact with how it stands.
#[derive(Debug, Clone)]
pub struct FactView {
    /// Its id.
    pub id: Digest,
    /// The fact, who asserted it and when.
    pub asserted: Asserted,
    /// The ledger entry that records it.
    pub leaf: u64,
    /// How it stands.
    pub state: FactState,
    /// When it was withdrawn, by whom and why.
    pub revoked: Option<(Timestamp, String, String)>,
    /// Whether a partner stated it: then `leaf` is of that partner's ledger.
    pub from_partner: bool,
    /// The partners that it was stated to.
    pub told_to: Vec<String>,
}

/// A release that rests on a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// The ledger entry of the decision.
    pub leaf: u64,
    /// The object.
    pub oid: ObjectId,
    /// The nation that received it.
    pub nation: NationId,
}

/// Releases that rest on a fact and stand: neither recalled nor erased.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestingReleases {
    /// How many there are.
    pub count: usize,
    /// The newest of them.
    pub newest: Vec<Resting>,
}

/// The facts that hold now or will, for decisions.
pub(crate) fn register(
    work: &dyn Work,
    nations: &BTreeMap<NationId, Nation>,
    now: Timestamp,
) -> Result<Register> {
    let (mut facts, mut told) = (Vec::new(), BTreeMap::new());
    for row in work.facts_standing(now)? {
        if let Some(source) = row.source {
            // What somebody stated whom we do not know any more counts for nobody.
            let Some(nation) = nations.get(&source) else { continue };
            told.insert(row.id, nation.row.code);
        }
        facts.push((row.id, Asserted::from_bytes(&row.asserted)?.fact));
    }
    Ok(Register::new(facts).told_by(told))
}

/// Records that releases rest on facts: for each nation that receives, the run of leaves in which
/// the decisions of this class stand.
pub(crate) fn note_uses(
    work: &mut dyn Work,
    verdict: &Verdict,
    inputs: Digest,
    (first, last): (u64, u64),
) -> Result<()> {
    for Weighed { nation, facts, .. } in verdict.recipients().filter(|w| w.goes()) {
        for fact in facts {
            let row = FactUseRow { fact: *fact, nation: *nation, inputs, first, last };
            work.put_fact_use(&row)?;
        }
    }
    Ok(())
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Puts a fact on record.
    pub fn assert_fact(&self, actor: &Actor, fact: Fact) -> Result<Digest> {
        let kind = fact.kind();
        actor.must_act_as(entitled(kind), &format!("assert facts of the kind {kind}"))?;
        let known = self.known();
        fact.check_marking(&known.policy.schemes).map_err(|e| AppError::invalid(e.to_string()))?;
        let now = self.now();
        if fact.until() <= now {
            return Err(AppError::invalid("the fact would hold no more: its end has passed"));
        }
        let asserted = Asserted { fact, by: actor.name().to_owned(), at: now };
        let bytes = asserted.to_bytes();
        let id = Digest::from_array(digest::h(Tag::Fact, &[&bytes]));
        let about = sentence(&asserted.fact);
        let leaf = note(now, "fact asserted", actor.name(), &about, id);
        self.record_with(&[leaf], |work, first| {
            if work.fact(id)?.is_some() {
                return Err(AppError::invalid("this fact is on record already"));
            }
            work.put_fact(&FactRow {
                id,
                asserted: bytes,
                until: asserted.fact.until(),
                leaf: first,
                revoked: None,
                lapse_told: false,
                source: None,
                evidence: None,
                told_to: Vec::new(),
            })?;
            let object = object_of(&asserted.fact);
            event(work, now, "fact", format!("on record: {about}"), (object, None))
        })?;
        self.reload()?;
        Ok(id)
    }

    /// Withdraws a fact. It counts no more from this moment; the releases that rest on it are
    /// returned.
    pub fn revoke_fact(&self, actor: &Actor, id: Digest, why: &str) -> Result<RestingReleases> {
        let row = self.fact_row(id)?;
        let asserted = Asserted::from_bytes(&row.asserted)?;
        let kind = asserted.fact.kind();
        actor.must_act_as(entitled(kind), &format!("withdraw facts of the kind {kind}"))?;
        let why = bounded(why).ok_or_else(|| {
            AppError::invalid(format!(
                "withdrawing a fact needs a reason of 1 to {SAID_BYTES_MAX} bytes"
            ))
        })?;
        if row.revoked.is_some() {
            return Err(AppError::invalid("this fact was withdrawn already"));
        }
        let now = self.now();
        let about = format!("{}: {why}", sentence(&asserted.fact));
        let leaf = note(now, "fact withdrawn", actor.name(), &about, id);
        self.record_with(&[leaf], |work, _| {
            let mut row = work.fact(id)?.unwrap_or(row);
            if row.revoked.is_some() {
                return Err(AppError::invalid("this fact was withdrawn already"));
            }
            row.revoked = Some((now, actor.name().to_owned(), why.to_owned()));
            work.put_fact(&row)?;
            self.tell_withdrawn(work, &row, &asserted, why, now)?;
            // What was decided while it stood is not entered behind its withdrawal.
            crate::ground::give_way(work)?;
            Ok(())
        })?;
        self.reload()?;
        self.tell_lapses()?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| self.resting_on(work, &mut gate, id))
    }

    pub(crate) fn fact_row(&self, id: Digest) -> Result<FactRow> {
        self.store
            .read(|work| work.fact(id))?
            .ok_or_else(|| AppError::NotFound(format!("fact {id}")))
    }

    /// All facts, the newest first.
    pub fn facts(&self, actor: &Actor) -> Result<Vec<FactView>> {
        actor.must_be(&DECISIONS, "read the fact register")?;
        let now = self.now();
        let mut gate = self.gate(actor)?;
        if gate.is_guest() {
            // Cases, and what we think of other nations, are not a guest's to know.
            return Err(AppError::Forbidden(format!(
                "{} may not read the fact register: it is for persons of this nation",
                actor.name()
            )));
        }
        let rows = self.store.read(|work| {
            let mut rows = Vec::new();
            for row in work.facts(FACTS_MAX)? {
                let asserted = Asserted::from_bytes(&row.asserted)?;
                if gate.sees_about(work, object_of(&asserted.fact))? {
                    rows.push((row, asserted));
                }
            }
            Ok::<_, AppError>(rows)
        })?;
        rows.into_iter()
            .map(|(row, asserted)| {
                let state = match &row.revoked {
                    Some(_) => FactState::Revoked,
                    None if asserted.fact.holds(now) => FactState::Holds,
                    None if asserted.fact.until() <= now => FactState::Lapsed,
                    None => FactState::Future,
                };
                Ok(FactView {
                    id: row.id,
                    asserted,
                    leaf: row.leaf,
                    state,
                    revoked: row.revoked,
                    from_partner: row.source.is_some(),
                    told_to: row.told_to,
                })
            })
            .collect()
    }

    /// The fact whose id begins with these hexadecimal digits.
    pub fn fact_by_prefix(&self, actor: &Actor, prefix: &str) -> Result<Digest> {
        let fits =
            (8..=64).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_hexdigit());
        if !fits {
            return Err(AppError::invalid(format!(
                "`{prefix}` is no fact's id: write at least its first 8 hexadecimal digits"
            )));
        }
        let prefix = prefix.to_ascii_lowercase();
        let mut ids = self
            .facts(actor)?
            .into_iter()
            .map(|view| view.id)
            .filter(|id| id.to_string().starts_with(&prefix));
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(id),
            (Some(_), Some(_)) => Err(AppError::invalid(format!(
                "several facts begin with {prefix}: write more of the id"
            ))),
            (None, _) => Err(AppError::NotFound(format!("fact {prefix}"))),
        }
    }

    /// The releases that rest on a fact, for those who may read the register.
    pub fn releases_on_fact(&self, actor: &Actor, id: Digest) -> Result<RestingReleases> {
        actor.must_be(&DECISIONS, "read the fact register")?;
        self.fact_row(id)?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| self.resting_on(work, &mut gate, id))
    }

    fn resting_on(&self, work: &dyn Work, gate: &mut Gate, id: Digest) -> Result<RestingReleases> {
        let mut found = RestingReleases::default();
        for run in work.fact_uses(id, USES_MAX)? {
            let leaves = work.leaves(run.first, run.last.saturating_sub(run.first) + 1)?;
            for leaf in leaves.into_iter().rev() {
                let Some(oid) = decided(leaf.opening.as_ref(), run.inputs)? else { continue };
                if work.recall(oid, self.identity.nation)?.is_some() || !gate.sees(work, oid)? {
                    continue;
                }
                found.count += 1;
                if found.newest.len() < RELEASES_MAX {
                    found.newest.push(Resting { leaf: leaf.index, oid, nation: run.nation });
                }
            }
        }
        Ok(found)
    }

    /// Tells people of each fact that holds no more, once, with the releases that rest on it.
    pub(crate) fn tell_lapses(&self) -> Result<()> {
        let now = self.now();
        let lapsed = self.store.read(|work| work.facts_lapsed(now))?;
        for row in lapsed {
            let asserted = Asserted::from_bytes(&row.asserted)?;
            let how = if row.revoked.is_some() { "withdrawn" } else { "lapsed" };
            let id = row.id.to_string();
            // Not how many: that is for each reader's own clearance to say.
            let text = format!(
                "fact {} {how}: {}; `entente fact list --releases {0}` names what rests on it",
                id.get(..8).unwrap_or_default(),
                sentence(&asserted.fact),
            );
            let about = (object_of(&asserted.fact), None);
            self.store.write(|work| {
                let Some(kept) = work.fact(row.id)? else { return Ok(()) };
                work.put_fact(&FactRow { lapse_told: true, ..kept })?;
                event(work, now, "fact", text.clone(), about)
            })?;
            (self.wake)(&crate::node::WakeUp::Events);
        }
        Ok(())
    }
}

pub(crate) fn note(now: Timestamp, act: &str, by: &str, about: &str, id: Digest) -> LeafDraft {
    let body = NoteRecord {
        act: act.to_owned(),
        by: by.to_owned(),
        about: about.to_owned(),
        digest: Some(id),
    };
    LeafDraft { record: Record::new(RecordKind::Admin, now, &body), item: None }
}

pub(crate) fn sentence(fact: &Fact) -> String {
    format!("{} of {} is {} ({})", fact.kind(), fact.subject(), fact.value(), fact.evidence())
}

/// The object that a fact is about.
pub(crate) const fn object_of(fact: &Fact) -> Option<ObjectId> {
    match fact.subject() {
        FactSubject::Object(oid) => Some(*oid),
        FactSubject::Us
        | FactSubject::Nation { .. }
        | FactSubject::Case(_)
        | FactSubject::Offence(_) => None,
    }
}

/// The object that a leaf decided on, if it did so on these inputs and released it.
fn decided(opening: Option<&Vec<u8>>, inputs: Digest) -> Result<Option<ObjectId>> {
    let Some(bytes) = opening else { return Ok(None) };
    let record = Record::from_bytes(&LeafOpening::from_bytes(bytes)?.record)?;
    if record.kind != RecordKind::Decision {
        return Ok(None);
    }
    let decision = DecisionRecord::from_bytes(&record.body)?;
    Ok((decision.inputs == inputs).then_some(decision.oid))
}
