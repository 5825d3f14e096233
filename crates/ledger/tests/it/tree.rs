//! Roots and proofs: RFC 6962's reference tree, published proofs good and damaged, and agreement
//! with `ct-merkle` and `tlog_tiles`.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use entente_ledger::proof::{
    ProofError, consistency, inclusion, inclusions, multiproof, verify_consistency,
    verify_inclusion, verify_multiproof,
};
use entente_ledger::tile::{TreeError, root_at};
use entente_ledger::tree::{empty_root, leaf_hash, node_hash, root_of};
use entente_model::Digest;
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;
use tlog_tiles::{Hash, HashReader, check_record, check_tree, prove_record, prove_tree};

use crate::support::{Tiles, digest_b64, grow, json_lines, leaves, log_of, vector_text};

fn hex_bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn hashes_and_roots_are_those_of_rfc_6962() {
    let file: Value = serde_json::from_str(&vector_text("rfc6962-reference-tree.json")).unwrap();
    for case in file["hasher"].as_array().unwrap() {
        let got = if let Some(leaf) = case.get("leaf_hex") {
            leaf_hash(&hex_bytes(leaf)).to_string()
        } else if let Some(leaf) = case.get("leaf_text") {
            leaf_hash(leaf.as_str().unwrap().as_bytes()).to_string()
        } else if case["desc"] == "empty" {
            empty_root().to_string()
        } else {
            continue; // A node over texts that are not hashes; ours takes hashes only.
        };
        assert_eq!(case["want"], got);
    }
    let inputs = file["leaf_inputs"].as_array().unwrap();
    let hashes: Vec<Digest> = inputs.iter().map(|i| leaf_hash(&hex_bytes(i))).collect();
    for (size, want) in file["root_by_size"].as_array().unwrap().iter().enumerate() {
        assert_eq!(*want, root_of(&hashes[..size]).to_string(), "size {size}");
        let mut tiles = Tiles::new();
        assert_eq!(*want, grow(&mut tiles, 0, &hashes[..size]).to_string(), "size {size}");
    }
    let rows = file["node_hashes_by_level"].as_array().unwrap();
    for (below, row) in rows.iter().zip(&rows[1..]) {
        for (i, want) in row.as_array().unwrap().iter().enumerate() {
            let child = |j: usize| below[j].as_str().unwrap().parse().unwrap();
            assert_eq!(*want, node_hash(&child(2 * i), &child(2 * i + 1)).to_string());
        }
    }
}

#[test]
fn published_proofs_are_accepted_and_damaged_ones_refused() {
    // The vectors' authors refuse every proof from the empty tree; C2SP `tlog-witness` asks
    // that this one be accepted.
    const EMPTY_IS_A_BEGINNING: &str = "additional/size1-is-zero-and-size2-is-not-zero";
    let mut seen = [0; 4];
    for case in json_lines("merkle-proofs.jsonl") {
        let name = case["case"].as_str().unwrap();
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let number = |key: &str| case[key].as_u64().unwrap();
        let hash = |key: &str| {
            // Roots of another length stand for any root that is not the right one.
            digest_b64(text(key)).unwrap_or_else(|| leaf_hash(text(key).as_bytes()))
        };
        let proof: Option<Vec<Digest>> = (case["proof"].as_array().into_iter().flatten())
            .map(|line| digest_b64(line.as_str().unwrap()))
            .collect();
        // A hash of another length is refused where the proof is read.
        let accepted = proof.is_some_and(|proof| match text("kind") {
            "inclusion" => {
                let (index, size) = (number("leafIdx"), number("treeSize"));
                verify_inclusion(&hash("leafHash"), index, size, &proof, &hash("root")).is_ok()
            }
            "consistency" => {
                let (old, new) = (number("size1"), number("size2"));
                verify_consistency(old, &hash("root1"), new, &hash("root2"), &proof).is_ok()
            }
            _ => false,
        });
        match text("kind") {
            "inclusion" => seen[usize::from(accepted)] += 1,
            "consistency" => seen[2 + usize::from(accepted)] += 1,
            _ => continue, // Proofs of subtrees, which nobody makes here.
        }
        let wanted = !case["wantErr"].as_bool().unwrap() || name == EMPTY_IS_A_BEGINNING;
        assert_eq!(accepted, wanted, "{case}");
    }
    assert_eq!(seen, [67, 2, 60, 7]);
}

/// All stored hashes of a log, as `tlog_tiles` numbers them.
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
    }
}

fn oracles(size: u64) -> (MemoryBackedTree<Sha256, [u8; 8]>, Stored) {
    let mut tree = MemoryBackedTree::new();
    let mut stored = Stored(Vec::new());
    for i in 0..size {
        tree.push(i.to_be_bytes());
        let hash = Hash(*leaf_hash(&i.to_be_bytes()).as_bytes());
        let hashes = tlog_tiles::stored_hashes_for_record_hash(i, hash, &stored).unwrap();
        stored.0.extend(hashes);
    }
    (tree, stored)
}

fn bytes(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|d| *d.as_bytes()).collect()
}

fn theirs(path: &[Digest]) -> Vec<Hash> {
    path.iter().map(|d| Hash(*d.as_bytes())).collect()
}

fn ours(path: &[Hash]) -> Vec<Digest> {
    path.iter().map(|h| Digest::from_array(h.0)).collect()
}

/// Sizes around the places where trees and tiles change shape, and others.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        1..20_u64,
        Just(255),
        Just(256),
        Just(257),
        Just(511),
        Just(512),
        Just(513),
        1..1500_u64
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_oracles_agree(size in size(), at in any::<prop::sample::Index>(), old in any::<prop::sample::Index>()) {
        let (tiles, root) = log_of(size);
        let (tree, stored) = oracles(size);
        prop_assert_eq!(hex::encode(root.as_bytes()), hex::encode(tree.root().as_bytes()));
        prop_assert_eq!(*root.as_bytes(), tlog_tiles::tree_hash(size, &stored).unwrap().0);
        prop_assert_eq!(root_of(&leaves(size)), root);

        let index = at.index(usize::try_from(size).unwrap()) as u64;
        let path = inclusion(&tiles, index, size).unwrap();
        let leaf = leaf_hash(&index.to_be_bytes());
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
        prop_assert_eq!(&ours(&prove_record(size, index, &stored).unwrap()), &path);
        let proof = InclusionProof::<Sha256>::try_from_bytes(bytes(&path)).unwrap();
        prop_assert!(tree.root().verify_inclusion(&index.to_be_bytes(), index, &proof).is_ok());
        let hash = Hash(*leaf.as_bytes());
        prop_assert!(check_record(&theirs(&path), size, Hash(*root.as_bytes()), index, hash).is_ok());

        let old = 1 + old.index(usize::try_from(size).unwrap()) as u64;
        let old_root = root_at(&tiles, old).unwrap();
        prop_assert_eq!(old_root, log_of(old).1);
        let path = consistency(&tiles, old, size).unwrap();
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &path), Ok(()));
        prop_assert_eq!(&ours(&prove_tree(size, old, &stored).unwrap()), &path);
        let (a, b) = (Hash(*root.as_bytes()), Hash(*old_root.as_bytes()));
        prop_assert!(check_tree(&theirs(&path), size, a, old, b).is_ok());
        if old < size {
            let proof = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&path)).unwrap();
            let before = oracles(old).0.root();
            prop_assert!(tree.root().verify_consistency(&before, &proof).is_ok());
        }
    }

    #[test]
    fn appending_in_batches_is_appending_at_once(
        batches in prop::collection::vec(prop_oneof![0..5_u64, 0..400_u64], 1..12),
    ) {
        let mut tiles = Tiles::new();
        let mut size = 0;
        let mut root = empty_root();
        let all = leaves(batches.iter().sum());
        for batch in batches {
            let end = size + batch;
            let added = &all[usize::try_from(size).unwrap()..usize::try_from(end).unwrap()];
            root = grow(&mut tiles, size, added);
            size = end;
        }
        let (at_once, root_at_once) = log_of(size);
        prop_assert_eq!(root, root_at_once);
        prop_assert_eq!(tiles, at_once);
    }

    #[test]
    fn a_multiproof_convinces_and_no_change_of_it_does(
        size in size(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        change in any::<prop::sample::Index>(),
        bit in 0..256_usize,
    ) {
        let (tiles, root) = log_of(size);
        let mut indices: Vec<u64> =
            picks.iter().map(|p| p.index(usize::try_from(size).unwrap()) as u64).collect();
        indices.sort_unstable();
        indices.dedup();
        let proof = multiproof(&tiles, &indices, size).unwrap();
        let known: Vec<(u64, Digest)> =
            indices.iter().map(|i| (*i, leaf_hash(&i.to_be_bytes()))).collect();
        prop_assert_eq!(verify_multiproof(&known, size, &proof, &root), Ok(()));
        // Parted, it is the proof of each leaf by itself.
        let parted = inclusions(&known, size, &proof, &root).unwrap();
        for (index, path) in indices.iter().zip(&parted) {
            prop_assert_eq!(&inclusion(&tiles, *index, size).unwrap(), path);
        }
        if let [index] = indices[..] {
            // Of one leaf: the hashes of its inclusion proof, from left to right.
            let mut path = inclusion(&tiles, index, size).unwrap();
            let mut same = proof.clone();
            path.sort_unstable();
            same.sort_unstable();
            prop_assert_eq!(path, same);
        }

        let flip = |digest: &mut Digest| {
            let mut bytes = *digest.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            *digest = Digest::from_array(bytes);
        };
        let at = change.index(known.len());
        let mut wrong = known.clone();
        flip(&mut wrong[at].1);
        prop_assert_eq!(verify_multiproof(&wrong, size, &proof, &root), Err(ProofError::Root));
        // Another index for a leaf, where that leaves the list in order.
        let mut wrong = known.clone();
        wrong[at].0 += 1;
        prop_assert!(verify_multiproof(&wrong, size, &proof, &root).is_err());
        let mut longer = proof.clone();
        longer.insert(change.index(proof.len() + 1), root);
        prop_assert!(verify_multiproof(&known, size, &longer, &root).is_err());
        if !proof.is_empty() {
            let at = change.index(proof.len());
            let mut wrong = proof.clone();
            flip(&mut wrong[at]);
            prop_assert_eq!(verify_multiproof(&known, size, &wrong, &root), Err(ProofError::Root));
            let mut shorter = proof.clone();
            shorter.remove(at);
            prop_assert!(verify_multiproof(&known, size, &shorter, &root).is_err());
        }
    }

    #[test]
    fn no_numbers_make_a_check_fail_to_end(
        numbers in prop::collection::vec(prop_oneof![any::<u64>(), 0..9_u64, (0..64_u32).prop_map(|b| u64::MAX << b)], 5),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..130),
    ) {
        let hashes: Vec<Digest> = hashes.into_iter().map(Digest::from_array).collect();
        let root = empty_root();
        let (a, b) = (numbers[0], numbers[1]);
        prop_assert!(verify_inclusion(&root, a, b, &hashes, &root).is_err() || hashes.is_empty());
        let _ = verify_consistency(a, &root, b, &root, &hashes);
        let mut known: Vec<(u64, Digest)> = numbers[1..].iter().map(|n| (*n, root)).collect();
        prop_assert!(verify_multiproof(&known, a, &hashes, &root).is_err());
        known.sort_unstable();
        known.dedup();
        prop_assert!(verify_multiproof(&known, a, &hashes, &root).is_err());
    }
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let (tiles, root) = log_of(300);
    assert_eq!(inclusion(&tiles, 300, 300), Err(TreeError::Beyond { index: 300, size: 300 }));
    assert_eq!(consistency(&tiles, 301, 300), Err(TreeError::Shrinks { old: 301, new: 300 }));
    assert_eq!(multiproof(&tiles, &[], 300), Err(TreeError::Indices));
    assert_eq!(multiproof(&tiles, &[2, 2], 300), Err(TreeError::Indices));
    assert_eq!(multiproof(&tiles, &[3, 2], 300), Err(TreeError::Indices));
    assert!(matches!(multiproof(&tiles, &[3, 300], 300), Err(TreeError::Beyond { .. })));
    assert!(matches!(root_at(&tiles, 301), Err(TreeError::Short { .. })));
    assert_eq!(root_at(&tiles, u64::MAX), Err(TreeError::TooLarge));
    assert_eq!(verify_multiproof(&[], 300, &[root], &root), Err(ProofError::Leaves));
}
