//! What opens a leaf, as the node keeps it: small, and enough to make every audience's opening
//! again, byte for byte.
//!
//! A leaf for ten nations would take two kilobytes if every entry were kept. What differs from
//! nation to nation is a position in a lane; the rest is the same for many leaves and kept once
//! ([`entente_store::rows::ReleaseContextRow`]).

use std::collections::HashMap;

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::item::{ItemKind, LinkItem, Opening};
use entente_model::{BodyDigest, ObjectId, Timestamp};
use entente_seal::slot::{Leaf, LeafSeed};
use entente_store::Work;
use entente_store::rows::ReleaseContextRow;

use crate::error::{AppError, Result};

/// What opens a leaf. Entry 0 is the overseers' record; entry `n` is recipient `n - 1`'s item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafOpening {
    /// The seed of the slots' blinding and order.
    pub seed: [u8; 32],
    /// The overseers' record.
    pub record: Vec<u8>,
    /// The item that the leaf releases, if any.
    pub item: Option<LeafItem>,
}

/// The item that a leaf releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafItem {
    /// Its kind.
    pub kind: ItemKind,
    /// Its id.
    pub oid: ObjectId,
    /// Digest of its sealed body.
    pub body: BodyDigest,
    /// After this it need not be delivered.
    pub expires: Option<Timestamp>,
    /// Recipients: release context and position in the lane.
    pub recipients: Vec<(i64, u64)>,
}

impl Wire for LeafOpening {
    const NAME: &'static str = "leaf opening";
    const BYTES_MAX: usize = 512 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).bytes(&self.seed).bytes(&self.record);
        w.optional(self.item.as_ref(), |w, item| {
            w.array(5).value(&item.kind).value(&item.oid).value(&item.body);
            w.optional(item.expires.as_ref(), |w, t| t.write(w));
            w.list(&item.recipients, |w, (context, seq)| {
                w.array(2).uint(context.unsigned_abs()).uint(*seq);
            });
        });
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(4, |r| {
            r.uint_to(1, "the version")?;
            let seed = r.fixed()?;
            let record = r.bytes()?.to_vec();
            let item = r.optional(|r| {
                r.record(5, |r| {
                    Ok(LeafItem {
                        kind: r.value()?,
                        oid: r.value()?,
                        body: r.value()?,
                        expires: r.optional(Reader::value)?,
                        recipients: r.list(|r| {
                            r.record(2, |r| {
                                let context = r.uint_to(i64::MAX.unsigned_abs(), "a context")?;
                                Ok((context.cast_signed(), r.uint()?))
                            })
                        })?,
                    })
                })
            })?;
            Ok(Self { seed, record, item })
        })
    }
}

/// Release contexts that were looked up already.
#[derive(Debug, Default)]
pub struct Contexts(HashMap<i64, ReleaseContextRow>);

impl Contexts {
    /// A release context.
    pub fn get(&mut self, work: &dyn Work, id: i64) -> Result<&ReleaseContextRow> {
        if let std::collections::hash_map::Entry::Vacant(slot) = self.0.entry(id) {
            let row = work
                .release_context(id)?
                .ok_or(AppError::Store(entente_store::StoreError::Damaged("release context")))?;
            slot.insert(row);
        }
        self.0
            .get(&id)
            .ok_or(AppError::Store(entente_store::StoreError::Damaged("release context")))
    }
}

impl LeafItem {
    /// The entry of one recipient's slot.
    pub fn link_item(&self, context: &ReleaseContextRow, seq: u64) -> LinkItem {
        LinkItem {
            dst: context.dst,
            lane: context.lane,
            seq,
            kind: self.kind,
            body: self.body,
            wc: context.wc,
            oid: self.oid,
            basis: context.basis,
            expires: self.expires,
            terms: context.terms,
        }
    }
}

impl LeafOpening {
    /// The entries of all slots in use, the overseers' first.
    pub fn entries(&self, work: &dyn Work, contexts: &mut Contexts) -> Result<Vec<Vec<u8>>> {
        let mut entries = vec![self.record.clone()];
        if let Some(item) = &self.item {
            for (context, seq) in &item.recipients {
                entries.push(item.link_item(contexts.get(work, *context)?, *seq).to_bytes());
            }
        }
        Ok(entries)
    }

    /// The leaf, built again.
    pub fn leaf(&self, work: &dyn Work, contexts: &mut Contexts) -> Result<Leaf> {
        let seed = LeafSeed::from_array(self.seed);
        Leaf::build(&seed, &self.entries(work, contexts)?)
            .map_err(|e| AppError::Invalid(e.to_string()))
    }

    /// One audience's opening.
    pub fn opening(
        &self,
        work: &dyn Work,
        contexts: &mut Contexts,
        index: u64,
        entry: usize,
    ) -> Result<Opening> {
        self.leaf(work, contexts)?
            .opening(index, entry)
            .ok_or(AppError::Store(entente_store::StoreError::Damaged("entry of a leaf")))
    }
}

/// What a ledger entry's item says to each of its recipients: everyone whom our own ledger says an
/// object was released to with this entry.
pub(crate) fn sent_to(work: &dyn Work, leaf: Option<u64>) -> Result<Vec<LinkItem>> {
    let row = leaf.map(|leaf| work.leaf(leaf)).transpose()?.flatten();
    let Some(bytes) = row.and_then(|row| row.opening) else { return Ok(Vec::new()) };
    let Some(item) = LeafOpening::from_bytes(&bytes)?.item else { return Ok(Vec::new()) };
    let mut contexts = Contexts::default();
    let recipients = item.recipients.iter();
    recipients
        .map(|(context, seq)| Ok(item.link_item(contexts.get(work, *context)?, *seq)))
        .collect()
}

/// The items of an outbox run: leaf, entry and wrapped key, 58 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunItems(Vec<u8>);

/// One item of an outbox run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunItem {
    /// The leaf that releases it.
    pub leaf: u64,
    /// The recipient's entry in that leaf.
    pub entry: u16,
    /// The body key, wrapped for the recipient.
    pub wrapped: [u8; 48],
}

const RUN_ITEM_BYTES: usize = 8 + 2 + 48;

impl RunItems {
    /// Adds an item.
    pub fn push(&mut self, item: &RunItem) {
        self.0.extend_from_slice(&item.leaf.to_be_bytes());
        self.0.extend_from_slice(&item.entry.to_be_bytes());
        self.0.extend_from_slice(&item.wrapped);
    }

    /// The bytes as they are stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Reads stored bytes.
    pub fn read(bytes: &[u8]) -> Result<Vec<RunItem>> {
        let damaged = || AppError::Store(entente_store::StoreError::Damaged("outbox run"));
        if !bytes.len().is_multiple_of(RUN_ITEM_BYTES) {
            return Err(damaged());
        }
        bytes
            .chunks_exact(RUN_ITEM_BYTES)
            .map(|chunk| {
                let (leaf, rest) = chunk.split_first_chunk::<8>().ok_or_else(damaged)?;
                let (entry, rest) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
                Ok(RunItem {
                    leaf: u64::from_be_bytes(*leaf),
                    entry: u16::from_be_bytes(*entry),
                    wrapped: rest.try_into().map_err(|_| damaged())?,
                })
            })
            .collect()
    }
}
