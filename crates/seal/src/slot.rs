//! Slots and leaves: one ledger entry, several audiences (`protocol.md` 2.5).
//!
//! A leaf commits to 2^k slots, each holding one audience's entry or padding. An [`Opening`]
//! shows one slot and nothing of the others, not even how many are used. Everything follows from
//! a leaf's seed and its entries, so openings are made again whenever they are sent.
//!
//! Where a leaf sits in the ledger, and the proof that it does, belong to `entente-ledger`.

use entente_model::item::Opening;
use entente_model::record::PAD;
use entente_model::tag::Tag;
use entente_model::{Digest, Entropy};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::digest::{h, kdf, mac, sha256_parts};

/// Bytes of a leaf: a version byte and the commitment.
pub const LEAF_LEN: usize = 33;
/// The most entries of one leaf.
pub const ENTRIES_MAX: usize = 256;
const LEAF_VERSION: u8 = 1;
/// The sizes of a leaf, as powers of two: few, so that a leaf's size says little.
const K: [u8; 5] = [0, 3, 4, 5, 8];

/// More entries than a leaf has slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{entries} entries do not fit a leaf: expected at most {ENTRIES_MAX}")]
pub struct LeafFull {
    /// How many there were.
    pub entries: usize,
}

/// The secret from which a leaf's blindings and the order of its slots follow.
#[derive(Clone, Zeroize, ZeroizeOnDrop, PartialEq, Eq)]
pub struct LeafSeed([u8; 32]);

impl LeafSeed {
    /// Draws a seed.
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        Self(entropy.bytes32())
    }

    /// Takes a stored seed.
    pub const fn from_array(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The seed itself.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The blinding of the slot at a position.
    fn blinding(&self, position: u16) -> [u8; 32] {
        *kdf(&self.0, Tag::SlotR, &[&position.to_be_bytes()]).expose()
    }

    /// The positions of the first `used` of `slots` slots: a Fisher-Yates shuffle of 0, 1, 2, …
    /// from the front. Step `i` swaps `i` with `i + draw mod (slots - i)`. Draws are the 16-bit
    /// words of `KDF(seed, "slot-order", u16 counter)` for counter 0, 1, …; words at or above
    /// the largest multiple of `slots - i` are skipped, so that every order is equally likely.
    fn positions(&self, used: usize, slots: u16) -> Vec<u16> {
        let mut order: Vec<u16> = (0..slots).collect();
        let mut draws = (0_u16..).flat_map(|counter| {
            let block = kdf(&self.0, Tag::SlotOrder, &[&counter.to_be_bytes()]);
            block
                .expose()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|w| u16::from_be_bytes(*w))
                .collect::<Vec<_>>()
        });
        for (step, left) in (0..used).zip((1..=slots).rev()) {
            let left = u32::from(left);
            let usable = (1 << 16) - (1 << 16) % left;
            let draw = draws.find(|draw| u32::from(*draw) < usable).map_or(0, u32::from);
            order.swap(step, step + (draw % left) as usize);
        }
        order.truncate(used);
        order
    }
}

impl std::fmt::Debug for LeafSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// A leaf and all that is needed to open its slots.
#[derive(Debug, Clone)]
pub struct Leaf {
    seed: LeafSeed,
    k: u8,
    /// The entries, each with its position.
    entries: Vec<(u16, Vec<u8>)>,
    /// Node hashes of the slots' tree, the leaf hashes first, the root last.
    levels: Vec<Vec<[u8; 32]>>,
    /// Commitments of the slots, by position.
    commitments: Vec<[u8; 32]>,
}

impl Leaf {
    /// Builds the leaf of these entries. The same seed and entries always give the same leaf.
    pub fn build(seed: &LeafSeed, entries: &[Vec<u8>]) -> Result<Self, LeafFull> {
        let k = K
            .into_iter()
            .find(|k| entries.len() <= 1 << k)
            .ok_or(LeafFull { entries: entries.len() })?;
        let slots = 1_u16 << k;
        let entries: Vec<(u16, Vec<u8>)> =
            seed.positions(entries.len(), slots).into_iter().zip(entries.iter().cloned()).collect();

        let mut content: Vec<&[u8]> = vec![&PAD; slots.into()];
        for (position, entry) in &entries {
            if let Some(slot) = content.get_mut(usize::from(*position)) {
                *slot = entry;
            }
        }
        let commitments: Vec<[u8; 32]> = (0..slots)
            .zip(content)
            .map(|(position, entry)| commit(&seed.blinding(position), entry))
            .collect();
        let levels = levels(&commitments);
        Ok(Self { seed: seed.clone(), k, entries, levels, commitments })
    }

    /// The ledger entry: `0x01 || C`.
    pub fn bytes(&self) -> [u8; LEAF_LEN] {
        let root = self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default();
        leaf_bytes(self.k, &root)
    }

    /// How many slots the leaf has, as a power of two.
    pub const fn k(&self) -> u8 {
        self.k
    }

    /// What shows entry `entry_no` in the leaf at ledger index `index`; nothing if there is no
    /// such entry.
    pub fn opening(&self, index: u64, entry_no: usize) -> Option<Opening> {
        let (slot, entry) = self.entries.get(entry_no)?;
        let mut position = usize::from(*slot);
        let mut path = Vec::with_capacity(self.k.into());
        for level in self.levels.iter().take(self.k.into()) {
            path.push(Digest::from_array(*level.get(position ^ 1)?));
            position /= 2;
        }
        let r = self.seed.blinding(*slot);
        Some(Opening { index, k: self.k, slot: *slot, path, r, entry: entry.clone() })
    }

    /// The commitment `S` to entry `entry_no`, for its lane's running head.
    pub fn slot_commitment(&self, entry_no: usize) -> Option<Digest> {
        let (slot, _) = self.entries.get(entry_no)?;
        self.commitments.get(usize::from(*slot)).copied().map(Digest::from_array)
    }
}

/// Whether the opening shows a slot of this leaf.
pub fn verify_opening(opening: &Opening, leaf: &[u8; LEAF_LEN]) -> bool {
    leaf_of_opening(opening).is_some_and(|opened| opened == *leaf)
}

/// The only leaf of which the opening can show a slot; none if the opening is malformed.
pub fn leaf_of_opening(opening: &Opening) -> Option<[u8; LEAF_LEN]> {
    if !K.contains(&opening.k)
        || opening.path.len() != usize::from(opening.k)
        || u32::from(opening.slot) >= 1 << opening.k
    {
        return None;
    }
    let mut node = leaf_hash(&commit(&opening.r, &opening.entry));
    let mut position = opening.slot;
    for sibling in &opening.path {
        node = if position & 1 == 0 {
            node_hash(&node, sibling.as_bytes())
        } else {
            node_hash(sibling.as_bytes(), &node)
        };
        position >>= 1;
    }
    Some(leaf_bytes(opening.k, &node))
}

/// The commitment `S` that an opening's content gives.
pub fn opening_commitment(opening: &Opening) -> Digest {
    Digest::from_array(commit(&opening.r, &opening.entry))
}

/// The running head of a lane after slot commitment `s`; the first `prev` is all zeros.
pub fn lane_chain(prev: Digest, s: Digest) -> Digest {
    Digest::from_array(h(Tag::Lane, &[prev.as_bytes(), s.as_bytes()]))
}

fn commit(r: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    mac(r, Tag::Slot, &[entry])
}

fn leaf_bytes(k: u8, root: &[u8; 32]) -> [u8; LEAF_LEN] {
    let commitment = h(Tag::Leaf, &[&[k], root]);
    let mut out = [LEAF_VERSION; LEAF_LEN];
    for (to, from) in out.iter_mut().skip(1).zip(commitment) {
        *to = from;
    }
    out
}

// The slots' tree is that of RFC 6962 2.1, always of a power of two.

fn leaf_hash(commitment: &[u8; 32]) -> [u8; 32] {
    sha256_parts(&[&[0], commitment])
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256_parts(&[&[1], left, right])
}

fn levels(commitments: &[[u8; 32]]) -> Vec<Vec<[u8; 32]>> {
    let mut level: Vec<[u8; 32]> = commitments.iter().map(leaf_hash).collect();
    let mut levels = Vec::new();
    while level.len() > 1 {
        let next =
            level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        levels.push(std::mem::replace(&mut level, next));
    }
    levels.push(level);
    levels
}

#[cfg(test)]
mod tests;
