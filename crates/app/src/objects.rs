//! Reading: holdings, one object, its proof.

use entente_ledger::evidence::Evidence;
use entente_model::codec::Wire;
use entente_model::{Manifest, ObjectId, Terms};
use entente_store::rows::{EventRow, ObjectRow, QuarantineRow};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::keys::ReadJob;
use crate::leaf::{Contexts, LeafOpening};
use crate::node::Node;
use crate::people::{Actor, Role};

/// Who may read intelligence.
const READERS: [Role; 6] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::Overseer,
];

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
    /// The content, unless it was erased.
    pub payload: Option<Vec<u8>>,
    /// The terms under which we hold it.
    pub terms: Option<Terms>,
    /// Deliveries of our own.
    pub deliveries: Vec<Delivery>,
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
        actor.must_be(&READERS, "read holdings")?;
        self.cleared_rows(actor, self.store.read(|work| work.objects(before, count, own))?)
    }

    /// Leaves out what is above the reader's clearance.
    fn cleared_rows(&self, actor: &Actor, rows: Vec<ObjectRow>) -> Result<Vec<ObjectRow>> {
        let level = self.clearance(actor)?;
        Ok(rows.into_iter().filter(|row| row.class <= level).collect())
    }

    /// The reader's clearance on the common ladder; unclassified if none is recorded.
    fn clearance(&self, actor: &Actor) -> Result<u8> {
        let person = self.store.read(|work| work.person(actor.name()))?;
        let known = self.known();
        let scheme = known.policy.schemes.get(self.identity.code.as_str()).ok();
        Ok(person
            .filter(|p| !p.clearance.is_empty())
            .and_then(|p| scheme.and_then(|s| s.level(&p.clearance)))
            .unwrap_or(0))
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

    /// One object. Who is not cleared for it is answered as if it did not exist.
    pub fn object(&self, actor: &Actor, oid: ObjectId) -> Result<ObjectView> {
        actor.must_be(&READERS, "read holdings")?;
        let absent = || AppError::NotFound(format!("object {}", oid.short()));
        let row = self.store.read(|work| work.object(oid))?.ok_or_else(absent)?;
        if row.class > self.clearance(actor)? {
            return Err(absent());
        }
        let ct = self.store.read(|work| work.body(oid))?;
        let vaulting = crate::node::lock(&self.vaulting);
        let key = self.vault.keys(&[oid])?.into_iter().next().flatten();
        let mut content = None;
        if let (Some(ct), Some(vault_key)) = (ct, key) {
            let job = ReadJob { oid, body: row.body, vault_key, ct };
            content = self.keys.read(vec![job])?.into_iter().next().flatten();
        }
        drop(vaulting);
        let (manifest, payload) = content.map_or((None, None), |(m, p)| (Some(m), Some(p)));
        let terms = row.terms.as_deref().map(Terms::from_bytes).transpose()?;
        let deliveries = self.deliveries(&row)?;
        Ok(ObjectView { row, manifest, payload, terms, deliveries })
    }

    fn deliveries(&self, row: &ObjectRow) -> Result<Vec<Delivery>> {
        let known = self.known();
        self.store.read(|work| {
            let mut deliveries = Vec::new();
            let Some(bytes) = row
                .leaf
                .map(|leaf| work.leaf(leaf))
                .transpose()?
                .flatten()
                .and_then(|leaf| leaf.opening)
            else {
                return Ok(deliveries);
            };
            let mut contexts = Contexts::default();
            let opening = LeafOpening::from_bytes(&bytes)?;
            for (context, seq) in opening.item.iter().flat_map(|item| &item.recipients) {
                let context = contexts.get(work, *context)?;
                let lane = work.lane_out(context.dst, context.lane)?;
                let state = if *seq <= lane.receipted {
                    "receipted"
                } else if *seq <= lane.acked {
                    "delivered"
                } else {
                    "queued"
                };
                deliveries.push(Delivery {
                    nation: known
                        .by_node(&context.dst)
                        .map_or_else(|| context.dst.short(), |n| n.row.code.to_string()),
                    state,
                    lane: context.lane.as_str(),
                    seq: *seq,
                });
            }
            Ok(deliveries)
        })
    }

    /// The overseers' proof that an object of ours was released as our ledger says.
    pub fn prove(&self, actor: &Actor, oid: ObjectId) -> Result<Evidence> {
        actor.must_be(&READERS, "read holdings")?;
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
        kind: Option<&str>,
        before: Option<i64>,
        count: u64,
    ) -> Result<Vec<EventRow>> {
        Ok(self.store.read(|work| work.events(kind, before, count))?)
    }

    /// What happened after an event, oldest first.
    pub fn events_after(&self, after: i64, count: u64) -> Result<Vec<EventRow>> {
        Ok(self.store.read(|work| work.events_after(after, count))?)
    }

    /// Items that were refused, newest first.
    pub fn quarantined(&self, count: u64) -> Result<Vec<QuarantineRow>> {
        Ok(self.store.read(|work| work.quarantine(count))?)
    }
}
