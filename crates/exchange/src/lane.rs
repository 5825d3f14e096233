//! Lanes: order within one directed link, kept item by item.
//!
//! `protocol.md` 2.5 and 4.3. A position is part of the ledger entry, so a lane has no gaps and
//! each position has one commitment for ever. [`LaneOut`] hands positions out, [`LaneIn`] takes
//! them in as a contiguous prefix, [`EarlyBuffer`] holds what came too soon. Which items to
//! send next is [`crate::send::plan_batch`]'s question.

use std::collections::BTreeMap;

use entente_model::id::Digest;
use entente_seal::slot::lane_chain;
use thiserror::Error;

/// The running head of a lane before its first item.
pub const LANE_START: Digest = Digest::from_array([0; 32]);

/// The sender's side of one lane.
///
/// Positions are reserved in memory while a sequencer tick is under way; only a committed tick
/// makes them real. An aborted tick reserves the same positions again, so none is ever lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneOut {
    committed: u64,
    chain: Digest,
    reserved: u64,
    acknowledged: u64,
}

/// A use of [`LaneOut`] that would break the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LaneOutError {
    /// Committed and reserved positions differ in number.
    #[error("{given} items were committed, but {reserved} positions are reserved")]
    Count {
        /// How many were given.
        given: u64,
        /// How many were reserved.
        reserved: u64,
    },
    /// The partner acknowledges what was never sent.
    #[error("the partner acknowledges position {acknowledged}, but the lane ends at {committed}")]
    AckBeyondEnd {
        /// What it acknowledges.
        acknowledged: u64,
        /// The lane's last position.
        committed: u64,
    },
}

impl LaneOut {
    /// A lane that has sent nothing.
    pub const fn new() -> Self {
        Self::restore(0, LANE_START, 0)
    }

    /// A lane as it was stored.
    pub const fn restore(committed: u64, chain: Digest, acknowledged: u64) -> Self {
        Self { committed, chain, reserved: 0, acknowledged }
    }

    /// Reserves the next position for this tick.
    pub const fn reserve(&mut self) -> u64 {
        self.reserved += 1;
        self.committed + self.reserved
    }

    /// Makes this tick's positions real, given the commitments in their order.
    pub fn commit(&mut self, commitments: &[Digest]) -> Result<(), LaneOutError> {
        let given = commitments.len() as u64;
        if given != self.reserved {
            return Err(LaneOutError::Count { given, reserved: self.reserved });
        }
        self.chain =
            commitments.iter().fold(self.chain, |chain, commitment| lane_chain(chain, *commitment));
        self.committed += given;
        self.reserved = 0;
        Ok(())
    }

    /// Forgets this tick's reservations.
    pub const fn abort(&mut self) {
        self.reserved = 0;
    }

    /// Takes the partner's word for how far it got; an older word changes nothing.
    pub fn acknowledge(&mut self, seq: u64) -> Result<(), LaneOutError> {
        if seq > self.committed {
            return Err(LaneOutError::AckBeyondEnd {
                acknowledged: seq,
                committed: self.committed,
            });
        }
        self.acknowledged = self.acknowledged.max(seq);
        Ok(())
    }

    /// The last committed position; 0 before the first.
    pub const fn committed(&self) -> u64 {
        self.committed
    }

    /// The running head after [`Self::committed`].
    pub const fn chain(&self) -> Digest {
        self.chain
    }

    /// Everything up to here was received.
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// The positions that still have to be sent.
    pub const fn unacknowledged(&self) -> std::ops::RangeInclusive<u64> {
        self.acknowledged + 1..=self.committed
    }
}

impl Default for LaneOut {
    fn default() -> Self {
        Self::new()
    }
}

/// The receiver's side of one lane: a contiguous prefix and its running head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneIn {
    cursor: u64,
    chain: Digest,
}

/// Where an item stands relative to a lane's cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the next one.
    Next,
    /// Its position was taken before.
    Past,
    /// Others are missing before it.
    Early,
}

impl LaneIn {
    /// A lane that has received nothing.
    pub const fn new() -> Self {
        Self::restore(0, LANE_START)
    }

    /// A lane as it was stored: everything up to `cursor` is in, and `chain` is its head there.
    pub const fn restore(cursor: u64, chain: Digest) -> Self {
        Self { cursor, chain }
    }

    /// Everything up to here is in; 0 before the first.
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The position that is expected next.
    pub const fn next(&self) -> u64 {
        self.cursor.saturating_add(1)
    }

    /// The running head after [`Self::cursor`].
    pub const fn chain(&self) -> Digest {
        self.chain
    }

    /// Where an item with this position stands.
    pub const fn place(&self, seq: u64) -> Place {
        if seq <= self.cursor {
            Place::Past
        } else if seq == self.next() {
            Place::Next
        } else {
            Place::Early
        }
    }

    /// Takes the next position, whatever became of its item.
    pub fn advance(&mut self, commitment: &Digest) {
        self.chain = lane_chain(self.chain, *commitment);
        self.cursor = self.next();
    }
}

impl Default for LaneIn {
    fn default() -> Self {
        Self::new()
    }
}

/// Items that came before their turn, bounded by number and by distance.
///
/// What does not fit is simply not kept: the acknowledgement shows the cursor, and the sender
/// sends it again.
#[derive(Debug, Clone)]
pub struct EarlyBuffer<T> {
    items: BTreeMap<u64, T>,
    items_max: usize,
}

/// What became of an item that came too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is held back.
    Held,
    /// It was held back already.
    Already,
    /// There is no room for it.
    NoRoom,
}

impl<T> EarlyBuffer<T> {
    /// How many items one lane holds back unless told otherwise.
    pub const ITEMS_MAX: usize = 1024;

    /// A buffer of at most `items_max` items.
    pub const fn new(items_max: usize) -> Self {
        Self { items: BTreeMap::new(), items_max }
    }

    /// Holds an item back. When the buffer is full, a nearer item takes the place of the
    /// farthest one, so that the items that close the gap always find room.
    pub fn offer(&mut self, seq: u64, item: T) -> Offered {
        if self.items.contains_key(&seq) {
            return Offered::Already;
        }
        if self.items.len() >= self.items_max {
            match self.items.last_key_value() {
                Some((farthest, _)) if *farthest > seq => {
                    self.items.pop_last();
                }
                _ => return Offered::NoRoom,
            }
        }
        self.items.insert(seq, item);
        Offered::Held
    }

    /// Takes out the item at the lane's next position, and forgets what the lane has passed.
    pub fn take_next(&mut self, lane: &LaneIn) -> Option<T> {
        self.items = self.items.split_off(&lane.next());
        self.items.remove(&lane.next())
    }

    /// How many items are held back.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T> Default for EarlyBuffer<T> {
    fn default() -> Self {
        Self::new(Self::ITEMS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commitment(seq: u64) -> Digest {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seq.to_be_bytes());
        Digest::from_array(bytes)
    }

    #[test]
    fn an_aborted_tick_gives_its_positions_back() {
        let mut lane = LaneOut::new();
        assert_eq!((lane.reserve(), lane.reserve()), (1, 2));
        lane.abort();
        assert_eq!(lane.reserve(), 1);
        assert_eq!(lane.commit(&[]), Err(LaneOutError::Count { given: 0, reserved: 1 }));
        lane.commit(&[commitment(1)]).unwrap();
        assert_eq!((lane.committed(), lane.reserve()), (1, 2));
        assert!(lane.acknowledge(2).is_err());
        lane.acknowledge(1).unwrap();
        lane.acknowledge(0).unwrap();
        assert!(lane.unacknowledged().is_empty());
    }

    #[test]
    fn a_full_buffer_prefers_the_items_that_close_the_gap() {
        let mut buffer = EarlyBuffer::new(2);
        assert_eq!(buffer.offer(9, 'i'), Offered::Held);
        assert_eq!(buffer.offer(5, 'e'), Offered::Held);
        assert_eq!(buffer.offer(5, 'x'), Offered::Already);
        assert_eq!(buffer.offer(10, 'j'), Offered::NoRoom);
        assert_eq!(buffer.offer(3, 'c'), Offered::Held);
        let mut lane = LaneIn::restore(2, LANE_START);
        assert_eq!(buffer.take_next(&lane), Some('c'));
        lane.advance(&commitment(3));
        assert_eq!(buffer.take_next(&lane), None);
        assert_eq!(buffer.len(), 1);
    }

    proptest! {
        /// I16, I17: whatever the network does to the order and number of copies, the accepted
        /// sequence is the committed one, each position once, and both sides agree on the head.
        #[test]
        fn any_delivery_gives_the_committed_sequence(
            arrivals in proptest::collection::vec(1_u64..40, 0..400),
            room in 1_usize..8,
        ) {
            let mut out = LaneOut::new();
            let commitments: Vec<Digest> = (1..40).map(commitment).collect();
            for _ in &commitments {
                out.reserve();
            }
            out.commit(&commitments).unwrap();

            let mut lane = LaneIn::new();
            let mut early = EarlyBuffer::new(room);
            let mut accepted = Vec::new();
            // After the network's mischief, the sender sends everything again in order.
            for seq in arrivals.into_iter().chain(1..40) {
                match lane.place(seq) {
                    Place::Past => {}
                    Place::Early => {
                        early.offer(seq, seq);
                    }
                    Place::Next => {
                        let mut next = Some(seq);
                        while let Some(seq) = next {
                            accepted.push(seq);
                            lane.advance(&commitment(seq));
                            next = early.take_next(&lane);
                        }
                    }
                }
                prop_assert!(early.len() <= room);
            }
            prop_assert_eq!(accepted, (1..40).collect::<Vec<_>>());
            prop_assert_eq!(lane.chain(), out.chain());
        }
    }
}
