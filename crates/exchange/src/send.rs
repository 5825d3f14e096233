//! The sender's side: which items go next, and the bundle that carries them.
//!
//! [`plan_batch`] keeps the precedences (`protocol.md` 4.3): strict priority, but ROUTINE never
//! starves. [`assemble`] writes what was planned. Items are stored sealed and sent again byte
//! for byte (I18); nothing here seals, proves or signs.

use std::collections::BTreeSet;

use entente_model::codec::Wire;
use entente_model::id::{Digest, NationId, WrapContextId};
use entente_model::item::{Ack, Basis, Nack, WrapContext};
use thiserror::Error;

use crate::bundle::{
    BUNDLE_BYTES_MAX, BundleWriter, ChainFrame, Consistency, Cosig, ForkFrame, FrameType,
    GrantFrame, Header, ItemFrame, Multiproof, TermsFrame, frame_bytes,
};

/// ROUTINE gets at least one byte in so many, as long as it has anything to send.
pub const ROUTINE_SHARE: u64 = 20;

/// How many items of each lane go into the next bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Batch {
    /// How many from the front of each lane, FLASH first.
    pub items: [usize; 4],
    /// How many bytes of each lane that is.
    pub bytes: [u64; 4],
    /// How ROUTINE stands from now on; pass it in again next time.
    pub owed: Owed,
}

/// What ROUTINE is owed on a link, from bundle to bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owed {
    /// How many bytes.
    pub bytes: u64,
    /// Whether FLASH waited for it last time: then it is not its turn again.
    pub flash_waited: bool,
}

impl Batch {
    /// How many items in all.
    pub fn len(&self) -> usize {
        self.items.iter().sum()
    }

    /// Whether nothing goes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Plans a bundle of at most `limit` bytes of items.
///
/// `pending` holds the sizes of each lane's waiting items in order, FLASH first; `credits` the
/// bytes that the partner will still take in each lane; `owed` what the last plan returned.
///
/// Every bundle owes ROUTINE a twentieth of its limit while it waits; once its next item is paid
/// for, it goes before others, but not in the bundle after one in which FLASH waited for it: so a
/// FLASH item waits for one bundle at most (I21) and ROUTINE never starves.
pub fn plan_batch(pending: [&[u64]; 4], limit: u64, credits: [u64; 4], owed: Owed) -> Batch {
    let [flash, immediate, priority, routine] = pending;
    let [for_flash, for_immediate, for_priority, for_routine] = credits;
    let mut queues = [
        Queue { sizes: flash, credit: for_flash, items: 0, bytes: 0 },
        Queue { sizes: immediate, credit: for_immediate, items: 0, bytes: 0 },
        Queue { sizes: priority, credit: for_priority, items: 0, bytes: 0 },
        Queue { sizes: routine, credit: for_routine, items: 0, bytes: 0 },
    ];
    let waits = routine.first().is_some_and(|first| *first <= limit.min(for_routine));
    let share = limit / ROUTINE_SHARE;
    // Owing much more than a full bundle would let ROUTINE crowd out several in a row.
    let most = limit.saturating_add(share);
    let due = if waits { owed.bytes.saturating_add(share).min(most) } else { 0 };

    let mut room = limit;
    let [.., routine] = &mut queues;
    if !owed.flash_waited {
        room -= routine.take(due.min(limit));
    }
    for queue in &mut queues {
        room -= queue.take(room);
    }
    let [flash, _, _, routine] = &queues;
    let left = routine.items < routine.sizes.len();
    let fits = flash.sizes.first().is_some_and(|first| *first <= limit.min(flash.credit));
    Batch {
        owed: Owed {
            bytes: if left { due.saturating_sub(routine.bytes) } else { 0 },
            flash_waited: fits && flash.items == 0,
        },
        items: queues.each_ref().map(|queue| queue.items),
        bytes: queues.each_ref().map(|queue| queue.bytes),
    }
}

/// A lane's waiting items, and how many of them were taken.
struct Queue<'a> {
    sizes: &'a [u64],
    credit: u64,
    items: usize,
    bytes: u64,
}

impl Queue<'_> {
    /// Takes items from the front while they fit into `room` and the lane's credit.
    fn take(&mut self, room: u64) -> u64 {
        let may = room.min(self.credit - self.bytes);
        let mut used = 0_u64;
        for size in self.sizes.iter().skip(self.items) {
            match used.checked_add(*size) {
                Some(sum) if sum <= may => used = sum,
                _ => break,
            }
            self.items += 1;
        }
        self.bytes += used;
        used
    }
}

/// How many bytes an item takes in a bundle, its frame included and its proof not.
pub fn item_bytes(item: &ItemFrame<'_>) -> u64 {
    let opening = item.opening.to_bytes().len();
    let body = opening + item.ct.len() + 1 + 2 + item.wrapped.len() + 5;
    frame_bytes(FrameType::Item, body) as u64
}

/// The state of the sender's ledger that a bundle shows.
#[derive(Debug, Clone, Copy)]
pub struct LedgerView<'a> {
    /// The newest signed checkpoint, with its cosignatures.
    pub note: &'a [u8],
    /// Proofs that it extends the one that the partner last acknowledged, and those that the
    /// partner may have taken in since.
    pub consistency: &'a [Consistency],
    /// Proof that it holds the bundle's items; needed if there are any.
    pub multiproof: Option<&'a Multiproof>,
}

/// All that goes into one bundle.
#[derive(Debug, Clone)]
pub struct SendPlan<'a> {
    /// The header.
    pub header: Header,
    /// The bundle may not be longer than this.
    pub bytes_max: usize,
    /// The sender's ledger; none before its first checkpoint.
    pub ledger: Option<LedgerView<'a>>,
    /// Items, FLASH first and in order within each lane.
    pub items: &'a [ItemFrame<'a>],
    /// Wrap contexts that the partner may not have.
    pub wrap_contexts: &'a [WrapContext],
    /// Sealed terms of the items; repeated ones are written once.
    pub terms: &'a [TermsFrame<'a>],
    /// Preimages of the items' basis ids; repeated ones are written once.
    pub bases: &'a [Basis],
    /// Grants of onward release for items that are not the sender's own.
    pub grants: &'a [GrantFrame],
    /// Where the sender stands as a receiver.
    pub ack: Option<&'a Ack>,
    /// What it did not take in.
    pub nacks: &'a [Nack],
    /// Its cosignatures on the partner's checkpoints.
    pub cosigs: &'a [Cosig],
    /// Statements of identity chains that the partner does not have.
    pub chains: &'a [(NationId, Vec<Vec<u8>>)],
    /// Evidence of forks.
    pub forks: &'a [ForkFrame],
    /// Fill up to a multiple of so many bytes; 0 or 1 for none.
    pub pad_to_multiple: usize,
}

impl SendPlan<'_> {
    /// A bundle without any frames.
    pub const fn empty(header: Header) -> Self {
        Self {
            header,
            bytes_max: BUNDLE_BYTES_MAX,
            ledger: None,
            items: &[],
            wrap_contexts: &[],
            terms: &[],
            bases: &[],
            grants: &[],
            ack: None,
            nacks: &[],
            cosigs: &[],
            chains: &[],
            forks: &[],
            pad_to_multiple: 0,
        }
    }
}

/// Why a bundle cannot be written as planned. The caller's mistake, each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AssembleError {
    /// It would be too long.
    #[error("the bundle would have {bytes} bytes, more than the {max} that are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Items need a checkpoint and a proof.
    #[error("the bundle has items, but no checkpoint with a proof that holds them")]
    NoProof,
}

/// Writes a bundle.
pub fn assemble(plan: &SendPlan<'_>) -> Result<Vec<u8>, AssembleError> {
    let proven = plan.ledger.is_some_and(|ledger| ledger.multiproof.is_some());
    if !plan.items.is_empty() && !proven {
        return Err(AssembleError::NoProof);
    }
    let mut w = BundleWriter::new(&plan.header);
    if let Some(ledger) = &plan.ledger {
        w.frame(FrameType::Checkpoint, ledger.note);
        for proof in ledger.consistency {
            w.value(FrameType::Consistency, proof);
        }
        if let Some(proof) = ledger.multiproof.filter(|_| !plan.items.is_empty()) {
            w.value(FrameType::Multiproof, proof);
        }
    }
    if let Some(ack) = plan.ack {
        w.value(FrameType::Ack, ack);
    }
    for nack in plan.nacks {
        w.value(FrameType::Nack, nack);
    }
    for (nation, statements) in plan.chains.iter().filter(|(_, s)| !s.is_empty()) {
        let frame = ChainFrame { nation: *nation, statements: statements.clone() };
        w.value(FrameType::Chain, &frame);
    }
    for fork in plan.forks {
        w.value(FrameType::Fork, fork);
    }
    for cosig in plan.cosigs {
        w.value(FrameType::Cosig, cosig);
    }
    for wc in plan.wrap_contexts {
        w.value(FrameType::WrapCtx, wc);
    }
    for basis in plan.bases.iter().collect::<BTreeSet<_>>() {
        w.value(FrameType::Basis, basis);
    }
    let mut written: BTreeSet<(WrapContextId, Digest)> = BTreeSet::new();
    for terms in plan.terms {
        if written.insert((terms.wc, terms.digest)) {
            w.frame(FrameType::Terms, &terms.to_bytes());
        }
    }
    for grant in plan.grants {
        w.value(FrameType::Grant, grant);
    }
    for item in plan.items {
        w.frame(FrameType::Item, &item.to_bytes());
    }
    pad(&mut w, plan.pad_to_multiple, plan.bytes_max);
    let (bytes, max) = (w.bytes(), plan.bytes_max);
    if bytes > max {
        return Err(AssembleError::TooLong { bytes, max });
    }
    Ok(w.finish())
}

/// Fills a bundle up to a multiple of `multiple` bytes, or as far as the limit allows.
fn pad(w: &mut BundleWriter, multiple: usize, bytes_max: usize) {
    let empty = frame_bytes(FrameType::Pad, 0);
    let bytes = w.bytes();
    if multiple < 2 || bytes.is_multiple_of(multiple) {
        return;
    }
    let target = (bytes + empty).next_multiple_of(multiple).min(bytes_max);
    // The frame's own head grows with its body.
    let fits = |body: &usize| bytes + frame_bytes(FrameType::Pad, *body) <= target;
    let longest = target.saturating_sub(bytes + empty);
    if let Some(body) = (longest.saturating_sub(4)..=longest).rev().find(fits) {
        w.frame(FrameType::Pad, &vec![0; body]);
    }
}

#[cfg(test)]
mod tests;
