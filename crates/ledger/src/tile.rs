//! Where the tree is kept: tiles of 256 hashes, and bundles of 256 entries (C2SP `tlog-tiles`).
//!
//! A tile at level 0 holds leaf hashes; one at level n holds the roots of full tiles of level
//! n - 1. Full tiles never change. Everything else about the tree is computed from them, so a
//! store needs to keep nothing but tiles, by [`TileId`].
//!
//! The log's size is not in the tiles: a store may hold more than a size needs (a later state,
//! or the rest of an append that was not committed), and the surplus is ignored.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroU8;
use std::str::FromStr;

use entente_model::Digest;
use entente_seal::slot::LEAF_LEN;
use thiserror::Error;

use crate::tree::{empty_root, left_size, node_hash};

/// How many hashes a full tile has, and how many entries a full bundle.
pub const TILE_WIDTH: usize = 256;
/// The largest size of a log.
pub const SIZE_MAX: u64 = 1 << 62;

const TILE_BITS: u8 = 8;
/// A leaf's length as bundles write it.
const LEAF_LENGTH: [u8; 2] = [0, 33];
const LEVEL_MAX: u8 = 63;

/// A log entry (`protocol.md` 2.5).
pub type LeafBytes = [u8; LEAF_LEN];

/// A tile's place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes, one more for each 256-fold summary.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
}

impl TileId {
    /// The tile's path when it holds `width` hashes: partial below 256.
    pub fn path(self, width: usize) -> String {
        TilePath { content: TileContent::Hashes(self), partial: partial(width) }.to_string()
    }

    /// How many hashes the tile has in a log of `size` leaves, at most 256.
    pub fn width_at(self, size: u64) -> usize {
        let at_level = size.checked_shr(u32::from(TILE_BITS) * u32::from(self.level)).unwrap_or(0);
        let start = self.index.saturating_mul(TILE_WIDTH as u64);
        usize::try_from(at_level.saturating_sub(start)).unwrap_or(TILE_WIDTH).min(TILE_WIDTH)
    }
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileContent {
    /// A tile of hashes.
    Hashes(TileId),
    /// The bundle of entries under the level 0 tile of this index.
    Entries(u64),
}

/// A tile or bundle as it is addressed: `tile/0/x001/234.p/5`, `tile/entries/000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// What is addressed.
    pub content: TileContent,
    /// The width of a partial tile; a full one has none.
    pub partial: Option<NonZeroU8>,
}

fn partial(width: usize) -> Option<NonZeroU8> {
    u8::try_from(width).ok().and_then(NonZeroU8::new)
}

/// The path of the bundle of entries `index`, holding `width` of them.
pub fn entries_path(index: u64, width: usize) -> String {
    TilePath { content: TileContent::Entries(index), partial: partial(width) }.to_string()
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = match self.content {
            TileContent::Hashes(id) => {
                write!(f, "tile/{}/", id.level)?;
                id.index
            }
            TileContent::Entries(index) => {
                f.write_str("tile/entries/")?;
                index
            }
        };
        let mut groups = vec![index % 1000];
        let mut rest = index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", index % 1000)?;
        self.partial.map_or(Ok(()), |width| write!(f, ".p/{width}"))
    }
}

/// Text that is not the path of a tile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not the path of a tile: expected one such as tile/0/x001/234 or tile/entries/000.p/5"
)]
pub struct TilePathError(pub String);

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, TilePathError> {
        let parse = || {
            let (level, rest) = text.strip_prefix("tile/")?.split_once('/')?;
            let (groups, partial) = match rest.split_once(".p/") {
                Some((groups, width)) => (groups, Some(width.parse::<NonZeroU8>().ok()?)),
                None => (rest, None),
            };
            let index = groups.split('/').try_fold(0_u64, |index, group| {
                let digits = group.strip_prefix('x').unwrap_or(group);
                index.checked_mul(1000)?.checked_add(digits.parse::<u16>().ok()?.into())
            })?;
            let content = match level {
                "entries" => TileContent::Entries(index),
                level => TileContent::Hashes(TileId {
                    level: level.parse().ok().filter(|level| *level <= LEVEL_MAX)?,
                    index,
                }),
            };
            Some(Self { content, partial })
        };
        // Only the one printed form is accepted: no other digits, zeroes, signs or groups.
        parse()
            .filter(|path| path.to_string() == text)
            .ok_or_else(|| TilePathError(text.to_owned()))
    }
}

/// Where tiles are kept.
pub trait TileSource {
    /// How reading can fail.
    type Error: std::error::Error + 'static;

    /// What is stored for a tile, full or partial.
    fn tile(&self, id: TileId) -> Result<Option<Vec<Digest>>, Self::Error>;
}

impl<S: TileSource + ?Sized> TileSource for &S {
    type Error = S::Error;

    fn tile(&self, id: TileId) -> Result<Option<Vec<Digest>>, S::Error> {
        (**self).tile(id)
    }
}

/// Tiles in memory.
impl TileSource for BTreeMap<TileId, Vec<Digest>> {
    type Error = Infallible;

    fn tile(&self, id: TileId) -> Result<Option<Vec<Digest>>, Infallible> {
        Ok(self.get(&id).cloned())
    }
}

/// Why the tree could not be read or extended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeError<E: std::error::Error + 'static> {
    /// The store failed.
    #[error("the tiles could not be read")]
    Source(#[source] E),
    /// A tile that the size requires is absent or too short.
    #[error("tile {} holds {found} hashes where at least {needed} are needed", .id.path(TILE_WIDTH))]
    Short {
        /// The tile.
        id: TileId,
        /// What it holds; 0 if it is absent.
        found: usize,
        /// What the size requires.
        needed: usize,
    },
    /// A leaf beyond the end was asked for.
    #[error("leaf {index} is not in a log of {size} leaves")]
    Beyond {
        /// The leaf.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// A proof from a larger to a smaller size was asked for.
    #[error("a log of {old} leaves is not the beginning of one of {new}")]
    Shrinks {
        /// The earlier size.
        old: u64,
        /// The later size.
        new: u64,
    },
    /// A proof of no leaves, or of leaves that repeat or are out of order, was asked for.
    #[error("expected at least one leaf index, in ascending order without repeats")]
    Indices,
    /// The log cannot hold so many leaves.
    #[error("a log holds at most {SIZE_MAX} leaves")]
    TooLarge,
}

/// A log after an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// Every tile that changed, with all it holds now.
    pub tiles: Vec<(TileId, Vec<Digest>)>,
}

/// Appends leaf hashes to a log of `size` leaves.
pub fn append<S: TileSource + ?Sized>(
    source: &S,
    size: u64,
    leaves: &[Digest],
) -> Result<Appended, TreeError<S::Error>> {
    let new_size = size
        .checked_add(leaves.len() as u64)
        .filter(|new_size| *new_size <= SIZE_MAX)
        .ok_or(TreeError::TooLarge)?;
    let mut nodes = Nodes::new(source);
    let mut tiles = Vec::new();
    let mut added = leaves.to_vec();
    for level in 0.. {
        if added.is_empty() {
            break;
        }
        let start = size >> (TILE_BITS * level);
        let first = TileId { level, index: start / TILE_WIDTH as u64 };
        let kept = first.width_at(size);
        let mut hashes = if kept == 0 { Vec::new() } else { nodes.read(first, kept)? };
        hashes.extend(added);
        added = Vec::new();
        for (index, content) in (first.index..).zip(hashes.chunks(TILE_WIDTH)) {
            let id = TileId { level, index };
            let tile = nodes.put(id, content.to_vec());
            added.extend(tile.root());
            tiles.push((id, content.to_vec()));
        }
    }
    Ok(Appended { size: new_size, root: nodes.root(new_size)?, tiles })
}

/// The root of the log when it had `size` leaves.
pub fn root_at<S: TileSource + ?Sized>(
    source: &S,
    size: u64,
) -> Result<Digest, TreeError<S::Error>> {
    Nodes::new(source).root(size)
}

/// One tile's hashes and all that follows from them: level n holds the roots of 2^n hashes.
#[derive(Debug)]
pub(crate) struct Pyramid(Vec<Vec<Digest>>);

impl Pyramid {
    pub(crate) fn new(hashes: Vec<Digest>) -> Self {
        let mut levels = Vec::with_capacity(usize::from(TILE_BITS) + 1);
        let mut below = hashes;
        for _ in 0..TILE_BITS {
            let above = below
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[left, right]| node_hash(left, right))
                .collect();
            levels.push(std::mem::replace(&mut below, above));
        }
        levels.push(below);
        Self(levels)
    }

    fn width(&self) -> usize {
        self.0.first().map_or(0, Vec::len)
    }

    fn node(&self, height: u8, position: usize) -> Option<Digest> {
        self.0.get(usize::from(height))?.get(position).copied()
    }

    /// The root of a full tile.
    pub(crate) fn root(&self) -> Option<Digest> {
        self.node(TILE_BITS, 0)
    }
}

/// The nodes of the tree, read through tiles; each tile is read and hashed once.
pub(crate) struct Nodes<'a, S: ?Sized> {
    source: &'a S,
    tiles: BTreeMap<TileId, Pyramid>,
}

impl<'a, S: TileSource + ?Sized> Nodes<'a, S> {
    pub(crate) const fn new(source: &'a S) -> Self {
        Self { source, tiles: BTreeMap::new() }
    }

    /// The first `needed` hashes of a tile.
    fn read(&self, id: TileId, needed: usize) -> Result<Vec<Digest>, TreeError<S::Error>> {
        let mut hashes = self.source.tile(id).map_err(TreeError::Source)?.unwrap_or_default();
        if hashes.len() < needed {
            return Err(TreeError::Short { id, found: hashes.len(), needed });
        }
        hashes.truncate(needed);
        Ok(hashes)
    }

    fn put(&mut self, id: TileId, hashes: Vec<Digest>) -> &Pyramid {
        self.tiles.entry(id).insert_entry(Pyramid::new(hashes)).into_mut()
    }

    /// The root of the complete subtree of 2^`height` leaves at `index` in its row, in a log of
    /// `size` leaves that reaches beyond it.
    fn complete(
        &mut self,
        height: u8,
        index: u64,
        size: u64,
    ) -> Result<Digest, TreeError<S::Error>> {
        let (level, within) = (height / TILE_BITS, height % TILE_BITS);
        let row = TILE_BITS - within;
        let id = TileId { level, index: index >> row };
        let position = usize::try_from(index & ((1 << row) - 1)).unwrap_or(usize::MAX);
        let width = id.width_at(size);
        if !self.tiles.contains_key(&id) {
            let hashes = self.read(id, width)?;
            self.put(id, hashes);
        }
        let tile = self.tiles.get(&id);
        tile.and_then(|tile| tile.node(within, position)).ok_or_else(|| TreeError::Short {
            id,
            found: tile.map_or(0, Pyramid::width),
            needed: width,
        })
    }

    /// The root over leaves `start..end`, which must be a node of the tree of `size` leaves.
    pub(crate) fn range(
        &mut self,
        start: u64,
        end: u64,
        size: u64,
    ) -> Result<Digest, TreeError<S::Error>> {
        let count = end.saturating_sub(start);
        if count == 0 {
            return Ok(empty_root());
        }
        if count.is_power_of_two() {
            let height = count.trailing_zeros();
            return self.complete(u8::try_from(height).unwrap_or(u8::MAX), start >> height, size);
        }
        let middle = start + left_size(count);
        let left = self.range(start, middle, size)?;
        let right = self.range(middle, end, size)?;
        Ok(node_hash(&left, &right))
    }

    fn root(&mut self, size: u64) -> Result<Digest, TreeError<S::Error>> {
        if size > SIZE_MAX {
            return Err(TreeError::TooLarge);
        }
        self.range(0, size, size)
    }
}

/// Bytes that are not a bundle of entries.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// An entry is cut off, or there are more than 256.
    #[error("not a bundle of at most 256 entries, each after its length in two bytes")]
    Malformed,
    /// An entry is not one of our leaves.
    #[error("entry {position} of the bundle has {found} bytes where a leaf has {LEAF_LEN}")]
    NotALeaf {
        /// Its position in the bundle.
        position: usize,
        /// Its length.
        found: usize,
    },
}

/// Encodes leaves as a bundle of entries.
pub fn encode_bundle(leaves: &[LeafBytes]) -> Vec<u8> {
    let mut out = Vec::with_capacity(leaves.len() * (LEAF_LEN + 2));
    for leaf in leaves {
        out.extend_from_slice(&LEAF_LENGTH);
        out.extend_from_slice(leaf);
    }
    out
}

/// The entries of a bundle, of any length.
pub fn bundle_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or(BundleError::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Malformed)?;
        if entries.len() == TILE_WIDTH {
            return Err(BundleError::Malformed);
        }
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// Decodes a bundle of leaves.
pub fn decode_bundle(bundle: &[u8]) -> Result<Vec<LeafBytes>, BundleError> {
    let not_a_leaf = |position, found| BundleError::NotALeaf { position, found };
    (bundle_entries(bundle)?.into_iter().enumerate())
        .map(|(position, entry)| entry.try_into().map_err(|_| not_a_leaf(position, entry.len())))
        .collect()
}
