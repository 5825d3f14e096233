//! The hashes of the tree (RFC 6962 section 2.1): leaves, nodes, roots.

use entente_model::Digest;
use entente_seal::digest::sha256;

/// The hash of a log entry.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::from_array(sha256(&[&[0], entry].concat()))
}

/// The hash of two neighbouring subtrees.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [1; 65];
    let (first, second) = input.split_at_mut(33);
    first.split_at_mut(1).1.copy_from_slice(left.as_bytes());
    second.copy_from_slice(right.as_bytes());
    Digest::from_array(sha256(&input))
}

/// The root of the tree without leaves.
pub fn empty_root() -> Digest {
    Digest::from_array(sha256(&[]))
}

/// The root of a tree held in memory, from its leaf hashes.
pub fn root_of(leaves: &[Digest]) -> Digest {
    let mut roots = Frontier::default();
    for leaf in leaves {
        roots.push(*leaf);
    }
    roots.root()
}

/// How many leaves the left subtree of a tree of `size` leaves has, for `size` of at least two:
/// the largest power of two below it.
pub(crate) const fn left_size(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The roots of the complete subtrees that make up a growing tree, largest first.
#[derive(Debug, Default)]
struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

impl Frontier {
    fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    fn root(mut self) -> Digest {
        let Some(mut node) = self.roots.pop() else { return empty_root() };
        while let Some(left) = self.roots.pop() {
            node = node_hash(&left, &node);
        }
        node
    }
}

#[test]
fn the_left_subtree_is_the_largest_power_of_two_below() {
    let expected = [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1 << 63, 1 << 62)];
    for (size, left) in expected {
        assert_eq!(left_size(size), left, "{size}");
    }
    assert_eq!(left_size(u64::MAX), 1 << 63);
}
