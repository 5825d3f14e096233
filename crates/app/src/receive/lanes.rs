//! The incoming lanes of one link while a bundle is taken in.

use entente_model::codec::Wire;
use entente_model::item::{ItemKind, Lane, Nack, NackCode, Receipt};
use entente_model::record::{ReceiveRecord, Record, RecordKind};
use entente_model::{Digest, NodeId, ObjectId, Timestamp};
use entente_store::rows::{IntentRow, LaneInRow};
use entente_store::{Store, Vault, Work};

use crate::error::Result;
use crate::node::Node;
use crate::settings::Intake;

/// The incoming lanes of one link while a bundle is taken in.
pub(super) struct Lanes {
    rows: [LaneInRow; 4],
    /// Which lanes the disk has room for.
    intake: Intake,
    waiting: [bool; 4],
    items: [Vec<(u64, ObjectId)>; 4],
    refused: [Vec<(u64, u64)>; 4],
    /// Whether a lane took anything that must be receipted (amendment 6).
    receipt: [bool; 4],
    nacks: Vec<Nack>,
}

impl Lanes {
    pub(super) fn load(work: &dyn Work, peer: NodeId, intake: Intake) -> Result<Self> {
        let mut rows = [LaneInRow::default(); 4];
        for (row, lane) in rows.iter_mut().zip(Lane::ALL) {
            *row = work.lane_in(peer, lane)?;
        }
        Ok(Self {
            rows,
            intake,
            waiting: [false; 4],
            items: Default::default(),
            refused: Default::default(),
            receipt: [false; 4],
            nacks: Vec::new(),
        })
    }

    pub(super) fn may_take(&self, lane: Lane, seq: u64) -> bool {
        let slot = usize::from(lane.number());
        self.intake.takes(lane)
            && self.waiting.get(slot) == Some(&false)
            && self.rows.get(slot).is_some_and(|row| row.seq + 1 == seq)
    }

    pub(super) fn advance(&mut self, lane: Lane, commitment: Digest) -> u64 {
        let Some(row) = self.rows.get_mut(usize::from(lane.number())) else { return 0 };
        row.seq += 1;
        row.chain = entente_seal::slot::lane_chain(row.chain, commitment);
        row.seq
    }

    pub(super) fn take(&mut self, lane: Lane, commitment: Digest, kind: ItemKind, oid: ObjectId) {
        let seq = self.advance(lane, commitment);
        let slot = usize::from(lane.number());
        if let Some(items) = self.items.get_mut(slot) {
            items.push((seq, oid));
        }
        if !matches!(kind, ItemKind::Receipt | ItemKind::LaneHead)
            && let Some(receipt) = self.receipt.get_mut(slot)
        {
            *receipt = true;
        }
    }

    pub(super) fn refuse(&mut self, lane: Lane, commitment: Digest, code: NackCode) {
        let seq = self.advance(lane, commitment);
        let slot = usize::from(lane.number());
        if let Some(refused) = self.refused.get_mut(slot) {
            refused.push((seq, code.code().into()));
        }
        if let Some(receipt) = self.receipt.get_mut(slot) {
            *receipt = true;
        }
        self.nacks.push(Nack { lane, seq, code, evidence: None });
    }

    pub(super) fn wait(&mut self, lane: Lane, seq: u64) {
        if let Some(waiting) = self.waiting.get_mut(usize::from(lane.number())) {
            *waiting = true;
        }
        self.nacks.push(Nack { lane, seq, code: NackCode::Agreement, evidence: None });
    }

    /// Stores where the lanes stand, and queues the receipts.
    pub(super) fn store<S: Store, V: Vault>(
        self,
        work: &mut dyn Work,
        node: &Node<S, V>,
        peer: NodeId,
        now: Timestamp,
    ) -> Result<Vec<Nack>> {
        let lanes = Lane::ALL.into_iter().zip(self.rows).zip(self.items).zip(self.refused);
        for ((((lane, mut row), items), refused), receipt) in lanes.zip(self.receipt) {
            let before = work.lane_in(peer, lane)?;
            if before.seq == row.seq {
                continue;
            }
            if receipt {
                row.receipted = row.seq;
                let payload = Receipt {
                    src: peer,
                    dst: node.identity.node,
                    lane,
                    upto: row.seq,
                    chain: row.chain,
                    dispositions: refused.clone(),
                };
                let record = ReceiveRecord {
                    src: peer,
                    lane,
                    upto: row.seq,
                    chain: row.chain,
                    items,
                    dispositions: refused,
                };
                work.put_intent(&IntentRow {
                    id: 0,
                    dst: Some(peer),
                    lane,
                    kind: Some(ItemKind::Receipt),
                    payload: payload.to_bytes(),
                    record: Record::new(RecordKind::Receive, now, &record).to_bytes(),
                })?;
            }
            work.put_lane_in(peer, lane, &row)?;
        }
        Ok(self.nacks)
    }
}
