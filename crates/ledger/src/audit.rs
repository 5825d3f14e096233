//! The audit: does what is stored still add up to what was signed?
//!
//! Recomputes the whole tree from the stored leaves, compares it with every stored tile on the
//! way, and names the first thing that does not fit. It holds one tile per level in memory,
//! whatever the size of the log.

use entente_model::Digest;
use thiserror::Error;

use crate::tile::{LeafBytes, TILE_WIDTH, TileId, TileSource};
use crate::tree::{empty_root, leaf_hash, root_of};

/// The first thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Tamper {
    /// A leaf is not the one that was logged.
    #[error("leaf {leaf} is not the one that was logged: tile {} says otherwise", .tile.path(TILE_WIDTH))]
    Leaf {
        /// The leaf.
        leaf: u64,
        /// The tile that holds its hash.
        tile: TileId,
    },
    /// Leaves are gone.
    #[error("leaf {leaf} and those after it are missing from entry bundle {bundle}")]
    Missing {
        /// The bundle.
        bundle: u64,
        /// The first missing leaf.
        leaf: u64,
    },
    /// A tile is not the summary of what lies under it.
    #[error(
        "hash {position} of tile {} does not fit leaves {leaf} and following under it",
        .tile.path(TILE_WIDTH)
    )]
    Tile {
        /// The tile.
        tile: TileId,
        /// Which of its hashes.
        position: usize,
        /// The first leaf under that hash.
        leaf: u64,
    },
    /// A tile is gone, or a part of it.
    #[error("tile {} holds {found} hashes of {needed}", .tile.path(TILE_WIDTH))]
    Short {
        /// The tile.
        tile: TileId,
        /// How many hashes it holds.
        found: usize,
        /// How many it must hold.
        needed: usize,
    },
    /// Leaves and tiles agree with each other, but not with what was signed.
    #[error("the log adds up to root {found}, but {expected} was signed")]
    Root {
        /// What they add up to.
        found: Digest,
        /// What was signed.
        expected: Digest,
    },
}

impl Tamper {
    /// The first leaf that is in doubt, if it can be told.
    pub const fn leaf(&self) -> Option<u64> {
        match self {
            Self::Leaf { leaf, .. } | Self::Missing { leaf, .. } | Self::Tile { leaf, .. } => {
                Some(*leaf)
            }
            Self::Short { .. } | Self::Root { .. } => None,
        }
    }

    /// The tile that does not fit, if it is one.
    pub const fn tile(&self) -> Option<TileId> {
        match self {
            Self::Leaf { tile, .. } | Self::Tile { tile, .. } | Self::Short { tile, .. } => {
                Some(*tile)
            }
            Self::Missing { .. } | Self::Root { .. } => None,
        }
    }
}

/// Why an audit did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuditError<E: std::error::Error + 'static> {
    /// What is stored is not what was signed.
    #[error("the log was tampered with or damaged")]
    Tampered(#[from] Tamper),
    /// The store failed; nothing is known.
    #[error("the log could not be read")]
    Source(#[source] E),
}

/// Recomputes the log of `size` leaves, and names the first thing that does not fit.
///
/// `entries` gives the leaves of a bundle, as many as can be read. Leaves are checked against
/// their tile before anything above it, tile by tile from the left.
pub fn find_tamper<S: TileSource + ?Sized>(
    entries: &dyn Fn(u64) -> Result<Option<Vec<LeafBytes>>, S::Error>,
    source: &S,
    size: u64,
    expected_root: &Digest,
) -> Result<(), AuditError<S::Error>> {
    let mut audit = Audit { source, rows: vec![Row::default()] };
    for bundle in 0..size.div_ceil(TILE_WIDTH as u64) {
        let tile = TileId { level: 0, index: bundle };
        let leaves = entries(bundle).map_err(AuditError::Source)?.unwrap_or_default();
        let width = tile.width_at(size);
        let hashes: Vec<Digest> = leaves.iter().take(width).map(|l| leaf_hash(l)).collect();
        audit.compare(tile, &hashes)?;
        if hashes.len() < width {
            let leaf = first_leaf(tile, hashes.len());
            return Err(Tamper::Missing { bundle, leaf }.into());
        }
        for hash in hashes {
            audit.push(0, hash)?;
        }
    }
    let found = audit.finish()?;
    if found == *expected_root {
        Ok(())
    } else {
        Err(Tamper::Root { found, expected: *expected_root }.into())
    }
}

/// The first leaf under one hash of a tile.
fn first_leaf(tile: TileId, position: usize) -> u64 {
    let hash = tile.index.saturating_mul(TILE_WIDTH as u64).saturating_add(position as u64);
    hash.checked_shl(8 * u32::from(tile.level)).unwrap_or(u64::MAX)
}

/// The recomputed hashes of the rightmost tile of a level, while it is not full.
#[derive(Debug, Default)]
struct Row {
    index: u64,
    hashes: Vec<Digest>,
}

struct Audit<'a, S: ?Sized> {
    source: &'a S,
    /// By level.
    rows: Vec<Row>,
}

impl<S: TileSource + ?Sized> Audit<'_, S> {
    /// Compares a stored tile with what it should hold.
    fn compare(&self, tile: TileId, hashes: &[Digest]) -> Result<(), AuditError<S::Error>> {
        let stored = self.source.tile(tile).map_err(AuditError::Source)?.unwrap_or_default();
        if let Some(position) = stored.iter().zip(hashes).position(|(a, b)| a != b) {
            let leaf = first_leaf(tile, position);
            let tamper = match tile.level {
                0 => Tamper::Leaf { leaf, tile },
                _ => Tamper::Tile { tile, position, leaf },
            };
            return Err(tamper.into());
        }
        if stored.len() < hashes.len() {
            let (found, needed) = (stored.len(), hashes.len());
            return Err(Tamper::Short { tile, found, needed }.into());
        }
        Ok(())
    }

    /// Adds a hash to a level; a tile that is full is compared and carried upwards.
    fn push(&mut self, level: u8, hash: Digest) -> Result<(), AuditError<S::Error>> {
        let Some(row) = self.rows.get_mut(usize::from(level)) else {
            self.rows.push(Row { index: 0, hashes: vec![hash] });
            return Ok(());
        };
        row.hashes.push(hash);
        if row.hashes.len() < TILE_WIDTH {
            return Ok(());
        }
        let tile = TileId { level, index: row.index };
        let full = std::mem::take(&mut row.hashes);
        row.index += 1;
        if level > 0 {
            self.compare(tile, &full)?;
        }
        self.push(level + 1, root_of(&full))
    }

    /// Compares the partial tiles of the right edge, and computes the root over them.
    fn finish(self) -> Result<Digest, AuditError<S::Error>> {
        let mut below = None;
        for (level, row) in (0..).zip(&self.rows) {
            if level > 0 {
                self.compare(TileId { level, index: row.index }, &row.hashes)?;
            }
            // An incomplete subtree is the last of its level, as the tree splits there anyway.
            let edge: Vec<Digest> = row.hashes.iter().copied().chain(below).collect();
            below = (!edge.is_empty()).then(|| root_of(&edge));
        }
        Ok(below.unwrap_or_else(empty_root))
    }
}
