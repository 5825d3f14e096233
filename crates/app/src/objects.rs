//! Reading: holdings, one object, its proof.

use entente_ledger::evidence::Evidence;
use entente_model::codec::Wire;
use entente_model::{Manifest, NationCode, NodeId, ObjectId, Terms};
use entente_store::rows::{AtHomeRow, EventRow, ObjectRow, QuarantineRow};
use entente_store::{Store, Vault};

use crate::access::Reading;
use crate::at_home::given_to;
use crate::error::{AppError, Result};
use crate::gate::{Gate, READERS, RECEIPTS, REFUSALS, VIEWERS, passing, unknown};
use crate::keys::{Content, ReadJob};
use crate::leaf::{Contexts, LeafOpening, sent_to};
use crate::node::Node;
use crate::obligation::{Act, must_allow};
use crate::people::{Actor, Role};
use crate::variant::Family;

/// How delivery of an object to one nation stands.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The nation's code.
    pub nation: String,
    /// `queued`, `delivered` or `receipted`.
    pub state: &'static str,
    /// The terms, if they are ours to show.
    pub lane: &'static str,
    /// The position in the lane.
    pub seq: u64,
}

/// One object with everything that is known of it here.
#[derive(Debug, Clone)]
pub struct ObjectView {
    /// What the store keeps of it.
    pub row: ObjectRow,
    /// The manifest, unless it was erased.
    pub manifest: Option<Manifest>,
    /// The content, unless it was erased, or an overseer is not cleared for it.
    pub payload: Option<Vec<u8>>,
    /// The terms under which our nation holds it.
    pub terms: Option<Terms>,
    /// The agency that shared it with the person's, and the terms under which that one holds it.
    pub at_home: Option<(String, Terms)>,
    /// The agencies that it was shared with, for the agency that holds it first and the overseers.
    pub shared: Vec<AtHomeRow>,
    /// What it was made of, and what was made of it, as far as the person may know.
    pub family: Family,
    /// Deliveries of our own.
    pub deliveries: Vec<Delivery>,
}

/// The agency that shared an object, and under which terms.
type GivenAtHome = Option<(String, Terms)>;

impl ObjectView {
    /// All terms that bind the person.
    pub fn all_terms(&self) -> impl Iterator<Item = &Terms> {
        self.terms.iter().chain(self.at_home.iter().map(|(_, terms)| terms))
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Holdings, newest first, from a position on.
    pub fn objects(
        &self,
        actor: &Actor,
        before: Option<i64>,
        count: u64,
        own: Option<bool>,
    ) -> Result<Vec<ObjectRow>> {
        actor.must_be(&VIEWERS, "read holdings")?;
        let gate = self.gate(actor)?;
        let mut rows = self.store.read(|work| {
            let fetch = |before, count| Ok(work.objects(before, count, own)?);
            let sees = |row: &ObjectRow| Ok(gate.sees_row(row));
            Ok::<_, AppError>(passing(count, before, |row| row.position, fetch, sees)?.0)
        })?;
        if let Some(nation) = gate.seat() {
            for row in &mut rows {
                as_given(row, nation);
            }
        }
        Ok(rows)
    }

    /// Finds an object by the start of its id.
    pub fn find_object(&self, actor: &Actor, name: &str) -> Result<ObjectId> {
        let absent = || AppError::NotFound(format!("object `{name}`"));
        if let Ok(oid) = name.parse::<ObjectId>() {
            return Ok(oid);
        }
        if name.len() < 8 {
            return Err(AppError::invalid(format!(
                "`{name}` is too short: give at least the first 8 digits of the object's id"
            )));
        }
        let mut found = self
            .objects(actor, None, 100_000, None)?
            .into_iter()
            .filter(|row| row.oid.to_string().starts_with(name));
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row.oid),
            (Some(_), Some(_)) => {
                Err(AppError::invalid(format!("`{name}` fits several objects: give more digits")))
            }
            _ => Err(absent()),
        }
    }

    /// One object without its manifest and content: what lists tell of it.
    pub fn outline(&self, actor: &Actor, oid: ObjectId) -> Result<ObjectView> {
        actor.must_be(&VIEWERS, "read holdings")?;
        let mut gate = self.gate(actor)?;
        let row = self
            .store
            .read(|work| work.object(oid))?
            .filter(|row| gate.sees_row(row))
            .ok_or_else(|| unknown(oid))?;
        self.shown(actor, &mut gate, row, None)
    }

    /// One object. Who is not cleared for it is answered as if it did not exist. That its content
    /// was read is on record before it is answered.
    pub fn object(&self, actor: &Actor, oid: ObjectId, reading: &Reading) -> Result<ObjectView> {
        actor.must_be(&VIEWERS, "read holdings")?;
        let mut gate = self.gate(actor)?;
        let row = self
            .store
            .read(|work| work.object(oid))?
            .filter(|row| gate.sees_row(row))
            .ok_or_else(|| unknown(oid))?;
        let content = if gate.opens_row(&row) { self.content_of(&row)? } else { None };
        if let Some((manifest, _)) = &content {
            if !gate.opens_portions(&manifest.facts, row.nation) {
                return Err(AppError::Forbidden(format!(
                    "object {} has a portion that is marked beyond what {} may read: a variant \
                     without it, or a tear-line, is for a release officer to make",
                    oid.short(),
                    actor.name()
                )));
            }
            self.note_access(actor, oid, manifest.handling.personal_data, reading)?;
        }
        self.shown(actor, &mut gate, row, content)
    }

    /// What a person is told of an object that they may know of.
    fn shown(
        &self,
        actor: &Actor,
        gate: &mut Gate,
        mut row: ObjectRow,
        content: Content,
    ) -> Result<ObjectView> {
        let (manifest, payload) = content.map_or((None, None), |(m, p)| (Some(m), Some(p)));
        let mut deliveries = self.deliveries(&row)?;
        let oid = row.oid;
        if let Some(nation) = gate.seat() {
            deliveries.retain(|delivery| delivery.nation == nation.as_str());
            let terms = self.terms_given(&row, nation)?;
            as_given(&mut row, nation);
            return Ok(ObjectView {
                row,
                manifest,
                payload,
                terms,
                at_home: None,
                shared: Vec::new(),
                family: Family::default(),
                deliveries,
            });
        }
        let terms = row.terms.as_deref().map(Terms::from_bytes).transpose()?;
        let family = self.store.read(|work| Family::of(work, oid)?.seen_by(work, gate))?;
        let (at_home, shared) = self.at_home(actor, oid)?;
        Ok(ObjectView { row, manifest, payload, terms, at_home, shared, family, deliveries })
    }

    /// The terms under which a nation was given an object of ours.
    fn terms_given(&self, row: &ObjectRow, nation: NationCode) -> Result<Option<Terms>> {
        let known = self.known();
        self.store.read(|work| {
            let given = |dst: &NodeId| known.by_node(dst).is_some_and(|n| n.row.code == nation);
            let link = sent_to(work, row.leaf)?.into_iter().find(|link| given(&link.dst));
            let Some(digest) = link.and_then(|link| link.terms) else { return Ok(None) };
            Ok(work.preimage(digest)?.as_deref().map(Terms::from_bytes).transpose()?)
        })
    }

    /// What is in a held object, if it is held: whoever asks has made sure that it may be read, and
    /// records that it was.
    pub(crate) fn content_of(&self, row: &ObjectRow) -> Result<Content> {
        let Some(ct) = self.store.read(|work| work.body(row.oid))? else { return Ok(None) };
        let _one_at_a_time = crate::node::lock(&self.vaulting);
        let key = self.vault.keys(&[row.oid])?.into_iter().next().flatten();
        let Some(vault_key) = key else { return Ok(None) };
        let job = ReadJob { oid: row.oid, body: row.body, vault_key, ct };
        Ok(self.keys.read(vec![job])?.into_iter().next().flatten())
    }

    /// One object, to write its content to a file. One that may only be shown is refused, and not
    /// read.
    pub fn object_to_save(
        &self,
        actor: &Actor,
        oid: ObjectId,
        reading: &Reading,
    ) -> Result<ObjectView> {
        actor.must_be(&READERS, "write content to a file")?;
        for terms in self.outline(actor, oid)?.all_terms() {
            must_allow(&self.known().policy, terms, Act::Save)?;
        }
        self.object(actor, oid, reading)
    }

    /// From which agency of our nation the person's has it and under which terms, and whom it
    /// shared the object with.
    fn at_home(&self, actor: &Actor, oid: ObjectId) -> Result<(GivenAtHome, Vec<AtHomeRow>)> {
        self.store.read(|work| {
            let mut holds = work.at_home(oid)?;
            let given = given_to(&holds, actor.body());
            let given = given.map(|hold| {
                Ok::<_, AppError>((hold.giver.clone(), Terms::from_bytes(&hold.terms)?))
            });
            let given = given.transpose()?;
            if given.is_some() && !actor.is(&[Role::Overseer]) {
                holds.clear();
            }
            Ok((given, holds))
        })
    }

    fn deliveries(&self, row: &ObjectRow) -> Result<Vec<Delivery>> {
        let known = self.known();
        self.store.read(|work| {
            let mut deliveries = Vec::new();
            for link in sent_to(work, row.leaf)? {
                let lane = work.lane_out(link.dst, link.lane)?;
                let state = if link.seq <= lane.receipted {
                    "receipted"
                } else if link.seq <= lane.acked {
                    "delivered"
                } else {
                    "queued"
                };
                deliveries.push(Delivery {
                    nation: known
                        .by_node(&link.dst)
                        .map_or_else(|| link.dst.short(), |n| n.row.code.to_string()),
                    state,
                    lane: link.lane.as_str(),
                    seq: link.seq,
                });
            }
            Ok(deliveries)
        })
    }

    /// The overseers' proof that an object of ours was released as our ledger says.
    pub fn prove(&self, actor: &Actor, oid: ObjectId) -> Result<Evidence> {
        actor.must_be(&READERS, "read holdings")?;
        self.must_know(actor, oid)?;
        let absent =
            || AppError::NotFound(format!("a release of object {} in our ledger", oid.short()));
        self.store.read(|work| {
            let leaf = work.object(oid)?.and_then(|row| row.leaf).ok_or_else(absent)?;
            let bytes = work.leaf(leaf)?.and_then(|row| row.opening).ok_or_else(absent)?;
            let opening = LeafOpening::from_bytes(&bytes)?.opening(
                work,
                &mut Contexts::default(),
                leaf,
                0,
            )?;
            self.evidence(work, opening)
        })
    }

    /// What happened, newest first.
    pub fn events(
        &self,
        actor: &Actor,
        kind: Option<&str>,
        before: Option<i64>,
        count: u64,
    ) -> Result<Vec<EventRow>> {
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let fetch = |before, count| Ok(work.events(kind, before, count)?);
            let sees = |row: &EventRow| gate.sees_event(work, row);
            Ok(passing(count, before, |row| row.seq, fetch, sees)?.0)
        })
    }

    /// What happened after an event, oldest first, and the number from which to ask on: beyond
    /// the last of these, if what came next is not for this person.
    pub fn events_after(
        &self,
        actor: &Actor,
        after: i64,
        count: u64,
    ) -> Result<(Vec<EventRow>, i64)> {
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let fetch =
                |from: Option<i64>, count| Ok(work.events_after(from.unwrap_or(after), count)?);
            let sees = |row: &EventRow| gate.sees_event(work, row);
            let (rows, last) = passing(count, Some(after), |row| row.seq, fetch, sees)?;
            Ok((rows, last.unwrap_or(after)))
        })
    }

    /// What partners' ledgers acknowledged, newest first.
    pub fn receipts(&self, actor: &Actor, count: u64) -> Result<Vec<EventRow>> {
        actor.must_be(&RECEIPTS, "read receipts")?;
        self.events(actor, Some("receipt"), None, count)
    }

    /// What did not go out or is held, newest first.
    pub fn refusals(
        &self,
        actor: &Actor,
        before: Option<i64>,
        count: u64,
    ) -> Result<Vec<EventRow>> {
        actor.must_be(&REFUSALS, "read what was refused")?;
        let mut events = self.events(actor, Some("refused"), before, count)?;
        events.extend(self.events(actor, Some("held"), before, count)?);
        events.sort_by_key(|event| std::cmp::Reverse(event.seq));
        events.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(events)
    }

    /// Items that came and were refused, newest first. They were never opened here: only their
    /// place is told, and no object.
    pub fn quarantined(&self, actor: &Actor, count: u64) -> Result<Vec<QuarantineRow>> {
        actor.must_be(&REFUSALS, "read what was refused")?;
        Ok(self.store.read(|work| work.quarantine(count))?)
    }
}

/// Leaves of a row what the nation was told that has the object from us: neither for whom else we
/// hold it or gave it, nor under which terms we have it.
fn as_given(row: &mut ObjectRow, nation: NationCode) {
    row.agencies.clear();
    row.released_to = vec![nation.to_string()];
    row.terms = None;
    row.delete_at = None;
    row.evidence = None;
    row.source = None;
}
