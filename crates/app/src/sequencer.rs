//! The sequencer: the one place where leaves are appended and checkpoints come from.
//!
//! `protocol.md` 3.3. A tick does, in one durable transaction conditional on the fence: append
//! leaves and what opens them, give out lane positions, advance lane chains, move the head. Then
//! the key process signs the head, the checkpoint is stored, and only then may a byte leave
//! (I1). A crash in between loses nothing: the same head is signed again at start (I3).

use std::sync::Arc;

use entente_ledger::tile::{self, TileId, TileSource};
use entente_ledger::{proof, tree};
use entente_model::codec::Wire;
use entente_model::item::{ItemKind, Lane};
use entente_model::record::Record;
use entente_model::{BodyDigest, Digest, NodeId, ObjectId, Timestamp};
use entente_seal::slot::{Leaf, LeafSeed, lane_chain};
use entente_store::rows::{
    CheckpointRow, HeadRow, IntentRow, LaneOutRow, LeafRow, OutboxRow, ReleaseContextRow,
};
use entente_store::{Store, StoreError, Vault, Work};

use crate::error::{AppError, Result};
use crate::keys::KeyError;
use crate::leaf::{LeafItem, LeafOpening, RunItem, RunItems};
use crate::node::{Node, lock};

/// A leaf to be appended.
#[derive(Debug, Clone)]
pub struct LeafDraft {
    /// What the overseers are told.
    pub record: Record,
    /// The item that it releases, if any.
    pub item: Option<ItemDraft>,
}

/// An item to be released, sealed already.
#[derive(Debug, Clone)]
pub struct ItemDraft {
    /// Its kind.
    pub kind: ItemKind,
    /// Its id.
    pub oid: ObjectId,
    /// Digest of its sealed body.
    pub body: BodyDigest,
    /// Length of its sealed body, for accounting.
    pub bytes: u64,
    /// After this it need not be delivered.
    pub expires: Option<Timestamp>,
    /// For whom: the context that it shares with other items, and the wrapped key.
    pub recipients: Vec<(Arc<ReleaseContextRow>, [u8; 48])>,
}

/// Queues a record that only our overseers will read.
pub(crate) fn queue_record(work: &mut dyn Work, record: &Record) -> Result<()> {
    work.put_intent(&IntentRow {
        id: 0,
        dst: None,
        // Nothing is sent, so it waits in no lane.
        lane: Lane::Routine,
        kind: None,
        payload: Vec::new(),
        record: record.to_bytes(),
    })?;
    Ok(())
}

/// Hash tiles as the store keeps them.
pub struct StoredTiles<'a>(pub &'a dyn Work);

impl TileSource for StoredTiles<'_> {
    type Error = StoreError;

    fn tile(&self, id: TileId) -> std::result::Result<Option<Vec<Digest>>, StoreError> {
        let Some(bytes) = self.0.tile(id.level, id.index)? else { return Ok(None) };
        Ok(Some(bytes.chunks_exact(32).filter_map(Digest::from_slice).collect()))
    }
}

/// A proof could not be made from the stored tiles.
pub fn proof_error(error: impl std::fmt::Display) -> AppError {
    AppError::Store(StoreError::Engine(format!("the ledger's tiles are incomplete: {error}")))
}

/// The head of the log, or of the empty log.
pub fn head_or_empty(work: &dyn Work, fence: u64) -> Result<HeadRow> {
    Ok(work.head()?.unwrap_or(HeadRow { size: 0, root: tree::empty_root(), fence }))
}

/// A link's lane while leaves are appended to it.
struct Outgoing {
    dst: NodeId,
    lane: Lane,
    row: LaneOutRow,
    run: OutboxRow,
    items: RunItems,
}

/// What the leaves of one call share: lanes, and the contexts that are stored already.
#[derive(Default)]
struct Shared {
    outgoing: Vec<Outgoing>,
    /// A context, its number, and the place of its lane.
    contexts: Vec<(Arc<ReleaseContextRow>, i64, usize)>,
}

impl Shared {
    /// The number of a context and its lane. Items of one batch hold the same contexts, so most
    /// are found without comparing what is in them.
    fn of(
        &mut self,
        work: &mut dyn Work,
        context: &Arc<ReleaseContextRow>,
        run: &OutboxRow,
    ) -> Result<(i64, &mut Outgoing)> {
        let known = self
            .contexts
            .iter()
            .find(|(known, _, _)| Arc::ptr_eq(known, context))
            .or_else(|| self.contexts.iter().find(|(known, _, _)| known == context));
        let (id, place) = if let Some((_, id, place)) = known {
            (*id, *place)
        } else {
            let id = work.put_release_context(context)?;
            let same = |o: &Outgoing| o.dst == context.dst && o.lane == context.lane;
            let place = self.outgoing.iter().position(same).unwrap_or(self.outgoing.len());
            if place == self.outgoing.len() {
                self.outgoing.push(Outgoing {
                    dst: context.dst,
                    lane: context.lane,
                    row: work.lane_out(context.dst, context.lane)?,
                    run: run.clone(),
                    items: RunItems::default(),
                });
            }
            self.contexts.push((Arc::clone(context), id, place));
            (id, place)
        };
        let outgoing = self
            .outgoing
            .get_mut(place)
            .ok_or(AppError::Store(StoreError::Damaged("release context")))?;
        Ok((id, outgoing))
    }
}

/// Appends leaves in the caller's transaction; returns the index of the first.
pub fn append(
    work: &mut dyn Work,
    fence: u64,
    seeds: &mut dyn FnMut() -> [u8; 32],
    drafts: &[LeafDraft],
    now: Timestamp,
) -> Result<u64> {
    let head = head_or_empty(work, fence)?;
    if drafts.is_empty() {
        return Ok(head.size);
    }
    let size = head.size + drafts.len() as u64;
    let empty = OutboxRow { first: 0, last: 0, size, at: now, bytes: 0, items: Vec::new() };
    let mut shared = Shared::default();
    let mut hashes = Vec::with_capacity(drafts.len());

    for (index, draft) in (head.size..).zip(drafts) {
        let mut opening =
            LeafOpening { seed: seeds(), record: draft.record.to_bytes(), item: None };
        let recipients = draft.item.as_ref().map_or(0, |item| item.recipients.len());
        let mut entries = Vec::with_capacity(1 + recipients);
        entries.push(opening.record.clone());
        if let Some(item) = &draft.item {
            let mut leaf_item = LeafItem {
                kind: item.kind,
                oid: item.oid,
                body: item.body,
                expires: item.expires,
                recipients: Vec::with_capacity(recipients),
            };
            for (context, wrapped) in &item.recipients {
                let (id, Outgoing { row: lane, run, items, .. }) =
                    shared.of(work, context, &empty)?;
                lane.seq += 1;
                if item.kind == ItemKind::LaneHead && lane.announced + 1 == lane.seq {
                    // A lane head needs no other one to announce it.
                    lane.announced = lane.seq;
                }
                if run.first == 0 {
                    run.first = lane.seq;
                }
                run.last = lane.seq;
                run.bytes += item.bytes;
                let entry = u16::try_from(entries.len())
                    .map_err(|_| AppError::invalid("an item has more than 255 recipients"))?;
                items.push(&RunItem { leaf: index, entry, wrapped: *wrapped });
                entries.push(leaf_item.link_item(context, lane.seq).to_bytes());
                leaf_item.recipients.push((id, lane.seq));
            }
            opening.item = Some(leaf_item);
        }
        let leaf = Leaf::build(&LeafSeed::from_array(opening.seed), &entries)
            .map_err(|e| AppError::Invalid(e.to_string()))?;
        for (entry, (context, _)) in (1..).zip(draft.item.iter().flat_map(|i| &i.recipients)) {
            let (_, Outgoing { row: lane, .. }) = shared.of(work, context, &empty)?;
            if let Some(commitment) = leaf.slot_commitment(entry) {
                lane.chain = lane_chain(lane.chain, commitment);
            }
        }
        let bytes = leaf.bytes();
        hashes.push(tree::leaf_hash(&bytes));
        work.put_leaf(&LeafRow {
            index,
            leaf: bytes,
            kind: draft.record.kind.code(),
            opening: Some(opening.to_bytes()),
        })?;
    }

    let appended = tile::append(&StoredTiles(work), head.size, &hashes).map_err(proof_error)?;
    for (id, tile) in &appended.tiles {
        let bytes: Vec<u8> = tile.iter().flat_map(|d| *d.as_bytes()).collect();
        work.put_tile(id.level, id.index, &bytes)?;
    }
    work.advance_head(head.size, &HeadRow { size: appended.size, root: appended.root, fence })?;
    for Outgoing { dst, lane, row, mut run, items } in shared.outgoing {
        run.items = items.into_bytes();
        work.put_lane_out(dst, lane, &row)?;
        work.put_outbox(dst, lane, &run)?;
    }
    Ok(head.size)
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Signs the head, if it is not signed yet, and stores the checkpoint.
    ///
    /// Only after this may anything that the head covers leave the node. None is signed while the
    /// node waits for partners to confirm its ledger.
    pub fn sign_head(&self) -> Result<Option<CheckpointRow>> {
        self.must_not_be_stale()?;
        if !self.may_sign()? {
            return Ok(None);
        }
        // The key process demands proof from the head that it signed last. That is the newest
        // checkpoint here, unless a crash came between its signing and its storing: then it says
        // no, and is asked.
        let done = match self.sign_head_after(None) {
            Err(AppError::Keys(KeyError::Rollback { .. })) => {
                let last = self.keys.last_signed()?.map_or(0, |(size, _)| size);
                self.sign_head_after(Some(last))
            }
            done => done,
        };
        *lock(&self.anchor_fault) = match &done {
            Err(AppError::Keys(fault @ KeyError::Anchor(_))) => Some(fault.to_string()),
            _ => None,
        };
        done
    }

    fn sign_head_after(&self, last: Option<u64>) -> Result<Option<CheckpointRow>> {
        let (head, newest, consistency) = self.store.read(|work| {
            let head = work.head()?;
            let newest = work.checkpoint()?;
            let last = last.unwrap_or_else(|| newest.as_ref().map_or(0, |row| row.size));
            let consistency = match &head {
                Some(head) if last > 0 && last < head.size => {
                    proof::consistency(&StoredTiles(work), last, head.size).map_err(proof_error)?
                }
                _ => Vec::new(),
            };
            Ok::<_, AppError>((head, newest, consistency))
        })?;
        let Some(head) = head else { return Ok(None) };
        if newest.as_ref().is_some_and(|row| row.size == head.size) {
            return Ok(newest);
        }
        let now = self.clock.now();
        let note = self.keys.sign_checkpoint(
            &self.identity.origin,
            head.size,
            head.root,
            consistency,
            now,
        )?;
        let row = CheckpointRow { size: head.size, root: head.root, note };
        self.store.write(|work| work.put_checkpoint(&row))?;
        Ok(Some(row))
    }
}
