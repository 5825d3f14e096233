//! Proofs about the tree (RFC 9162 section 2.1): one leaf is in it, many leaves are in it, an
//! earlier tree is its beginning.
//!
//! Making a proof reads tiles; checking one needs nothing but the proof. The checks accept any
//! numbers and any bytes, do no more hashing than the proof has hashes and leaves, and never
//! recurse deeper than 64.

use entente_model::Digest;
use thiserror::Error;

use crate::tile::{Nodes, SIZE_MAX, TileSource, TreeError};
use crate::tree::{empty_root, left_size, node_hash};

/// Why a proof does not convince.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// A leaf beyond the end.
    #[error("the leaf is not in a tree of that size")]
    Beyond,
    /// No leaves, or repeated or unsorted ones.
    #[error("expected at least one leaf, in ascending order without repeats")]
    Leaves,
    /// The later tree is smaller.
    #[error("the later tree is smaller than the earlier one")]
    Shrinks,
    /// Hashes are missing or left over.
    #[error("the proof has too few or too many hashes for trees of that size")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Shows that leaf `index` is in the log of `size` leaves: siblings from the leaf upwards.
pub fn inclusion<S: TileSource + ?Sized>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, TreeError<S::Error>> {
    check_size(size)?;
    if index >= size {
        return Err(TreeError::Beyond { index, size });
    }
    let mut nodes = Nodes::new(source);
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + left_size(end - start);
        if index < middle {
            path.push(nodes.range(middle, end, size)?);
            end = middle;
        } else {
            path.push(nodes.range(start, middle, size)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Checks that the leaf with this hash is leaf `index` of the tree (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Beyond);
    }
    let (mut at, mut last) = (index, size - 1);
    let mut node = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            // A subtree without a right neighbour rises until it is one itself.
            let rise = at.trailing_zeros();
            (at, last) = (shifted(at, rise), shifted(last, rise));
        } else {
            node = node_hash(&node, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    agree(&node, root)
}

/// Shows that the log of `old` leaves is the beginning of that of `new` (RFC 6962 section
/// 2.1.2).
pub fn consistency<S: TileSource + ?Sized>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Vec<Digest>, TreeError<S::Error>> {
    check_size(new)?;
    if old > new {
        return Err(TreeError::Shrinks { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut nodes = Nodes::new(source);
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while old != end {
        let middle = start + left_size(end - start);
        if old <= middle {
            path.push(nodes.range(middle, end, new)?);
            end = middle;
        } else {
            path.push(nodes.range(start, middle, new)?);
            start = middle;
        }
    }
    // The verifier knows the old root: where that is the last subtree, it need not be told.
    if start != 0 {
        path.push(nodes.range(start, end, new)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that one tree is the beginning of another (RFC 9162 section 2.1.4.2). The empty tree
/// is the beginning of every tree, and so is each tree of itself, without proof.
pub fn verify_consistency(
    old: u64,
    old_root: &Digest,
    new: u64,
    new_root: &Digest,
    path: &[Digest],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrinks);
    }
    if old == 0 || old == new {
        if !path.is_empty() {
            return Err(ProofError::Length);
        }
        if old == 0 {
            agree(old_root, &empty_root())?;
        }
        return if old == new { agree(old_root, new_root) } else { Ok(()) };
    }
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(ProofError::Length)?
    };
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = (shifted(old - 1, shift), shifted(new - 1, shift));
    let (mut before, mut after) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            before = node_hash(sibling, &before);
            after = node_hash(sibling, &after);
            let rise = at.trailing_zeros();
            (at, last) = (shifted(at, rise), shifted(last, rise));
        } else {
            after = node_hash(&after, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    agree(&before, old_root)?;
    agree(&after, new_root)
}

/// Shows that many leaves are in the log of `size` leaves: the fewest hashes of subtrees that
/// hold none of them, from left to right.
///
/// `indices` are ascending without repeats.
pub fn multiproof<S: TileSource + ?Sized>(
    source: &S,
    indices: &[u64],
    size: u64,
) -> Result<Vec<Digest>, TreeError<S::Error>> {
    check_size(size)?;
    match indices.last() {
        None => return Err(TreeError::Indices),
        Some(index) if *index >= size => return Err(TreeError::Beyond { index: *index, size }),
        Some(_) if !indices.is_sorted_by(|a, b| a < b) => return Err(TreeError::Indices),
        Some(_) => {}
    }
    let mut proof = Vec::new();
    gather(&mut Nodes::new(source), indices, (0, size), size, &mut proof)?;
    Ok(proof)
}

fn gather<S: TileSource + ?Sized>(
    nodes: &mut Nodes<'_, S>,
    indices: &[u64],
    (start, end): (u64, u64),
    size: u64,
    proof: &mut Vec<Digest>,
) -> Result<(), TreeError<S::Error>> {
    if indices.is_empty() {
        proof.push(nodes.range(start, end, size)?);
        return Ok(());
    }
    // A leaf that the verifier has, or a subtree of which it has every leaf.
    if indices.len() as u64 == end - start {
        return Ok(());
    }
    let middle = start + left_size(end - start);
    let (left, right) = split(indices, |index| *index < middle);
    gather(nodes, left, (start, middle), size, proof)?;
    gather(nodes, right, (middle, end), size, proof)
}

/// Checks that all these leaves, ascending by index without repeats, are in the tree.
pub fn verify_multiproof(
    leaves: &[(u64, Digest)],
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    check_leaves(leaves, size)?;
    let mut rest = proof.iter();
    let node = rebuild(leaves, (0, size), &mut rest)?;
    if rest.next().is_some() {
        return Err(ProofError::Length);
    }
    agree(&node, root)
}

fn check_leaves(leaves: &[(u64, Digest)], size: u64) -> Result<(), ProofError> {
    let (last, _) = leaves.last().ok_or(ProofError::Leaves)?;
    if *last >= size {
        return Err(ProofError::Beyond);
    }
    if leaves.is_sorted_by(|(a, _), (b, _)| a < b) { Ok(()) } else { Err(ProofError::Leaves) }
}

fn rebuild(
    leaves: &[(u64, Digest)],
    (start, end): (u64, u64),
    proof: &mut std::slice::Iter<'_, Digest>,
) -> Result<Digest, ProofError> {
    match leaves {
        [] => proof.next().copied().ok_or(ProofError::Length),
        [(_, leaf)] if end - start == 1 => Ok(*leaf),
        _ => {
            let middle = start + left_size(end - start);
            let (left, right) = split(leaves, |(index, _)| *index < middle);
            let left = rebuild(left, (start, middle), proof)?;
            let right = rebuild(right, (middle, end), proof)?;
            Ok(node_hash(&left, &right))
        }
    }
}

/// Parts a proof of many leaves into a proof for each: what [`verify_inclusion`] takes, in the
/// order of the leaves. It is checked on the way, as [`verify_multiproof`] does.
pub fn inclusions(
    leaves: &[(u64, Digest)],
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<Vec<Vec<Digest>>, ProofError> {
    check_leaves(leaves, size)?;
    let mut paths = vec![Vec::new(); leaves.len()];
    let mut rest = proof.iter();
    let node = part(leaves, &mut paths, (0, size), &mut rest)?;
    if rest.next().is_some() {
        return Err(ProofError::Length);
    }
    agree(&node, root)?;
    Ok(paths)
}

/// Rebuilds a subtree, and gives each leaf below it the siblings on its way up, lowest first.
fn part(
    leaves: &[(u64, Digest)],
    paths: &mut [Vec<Digest>],
    (start, end): (u64, u64),
    proof: &mut std::slice::Iter<'_, Digest>,
) -> Result<Digest, ProofError> {
    match leaves {
        [] => proof.next().copied().ok_or(ProofError::Length),
        [(_, leaf)] if end - start == 1 => Ok(*leaf),
        _ => {
            let middle = start + left_size(end - start);
            let (left, right) = split(leaves, |(index, _)| *index < middle);
            let (left_paths, right_paths) =
                paths.split_at_mut_checked(left.len()).ok_or(ProofError::Length)?;
            let left = part(left, left_paths, (start, middle), proof)?;
            let right = part(right, right_paths, (middle, end), proof)?;
            for path in left_paths {
                path.push(right);
            }
            for path in right_paths {
                path.push(left);
            }
            Ok(node_hash(&left, &right))
        }
    }
}

fn split<T>(sorted: &[T], is_left: impl Fn(&T) -> bool) -> (&[T], &[T]) {
    sorted.split_at_checked(sorted.partition_point(is_left)).unwrap_or((sorted, &[]))
}

fn shifted(value: u64, by: u32) -> u64 {
    value.checked_shr(by).unwrap_or(0)
}

fn agree(found: &Digest, expected: &Digest) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root) }
}

const fn check_size<E: std::error::Error + 'static>(size: u64) -> Result<(), TreeError<E>> {
    if size > SIZE_MAX { Err(TreeError::TooLarge) } else { Ok(()) }
}
