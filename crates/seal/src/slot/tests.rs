use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::digest::sha256;
use crate::vectors::hex32;

fn seed() -> LeafSeed {
    LeafSeed::from_array(std::array::from_fn(|n| n.to_le_bytes()[0]))
}

#[test]
fn commitments_of_the_specification() {
    // protocol.md appendix D.
    let r0 = hex32("59dd5e6ec6e19bfaf9c20a2b00992000992fe91036bd84e1443bd8dd64f9662c");
    let s0 = hex32("7f72bbc6bd65560adc6b6f1b7172ca76ccfbf35ac674d7c617db8a84de210ad2");
    let c0 = hex32("63bbdd1d9fe75dcceb488b0b7643a10e6df19ea751c6400d2fc62a7a24922f10");
    let c3 = hex32("43a98254342e011458cdf78472ade9438be799b13bff8a4c791553806d4f3e09");
    assert_eq!(seed().blinding(0), r0);

    let leaf = Leaf::build(&seed(), &[PAD.to_vec()]).unwrap();
    assert_eq!(leaf.k(), 0);
    assert_eq!(leaf.slot_commitment(0).unwrap().as_bytes(), &s0);
    assert_eq!(leaf.bytes()[0], 1);
    assert_eq!(leaf.bytes()[1..], c0);
    let tree_hash = hex32("2b7216720d80b1dc890dfff0b3b0101f35df30638a4db132da0db09510656884");
    assert_eq!(sha256(&[[0].as_slice(), &leaf.bytes()].concat()), tree_hash);
    let chain = hex32("44c43a385bc295e22d169aff7eef39474eb760767c0f20134724636eeba68d0e");
    assert_eq!(lane_chain(Digest::from_array([0; 32]), Digest::from_array(s0)).as_bytes(), &chain);

    let leaf = Leaf::build(&seed(), &vec![PAD.to_vec(); 8]).unwrap();
    assert_eq!(leaf.k(), 3);
    assert_eq!(leaf.bytes()[1..], c3);
    // Unused slots hold the same padding, so two entries of padding make the same leaf.
    assert_eq!(Leaf::build(&seed(), &vec![PAD.to_vec(); 2]).unwrap().bytes(), leaf.bytes());
}

#[test]
fn sizes_are_few() {
    for (entries, k) in [(0, 0), (1, 0), (2, 3), (8, 3), (9, 4), (17, 5), (33, 8), (256, 8)] {
        assert_eq!(Leaf::build(&seed(), &vec![vec![1]; entries]).unwrap().k(), k, "{entries}");
    }
    let full = Leaf::build(&seed(), &vec![vec![1]; 257]);
    assert_eq!(full.unwrap_err(), LeafFull { entries: 257 });
}

#[test]
fn every_order_is_a_permutation_and_equally_likely() {
    let mut first = [0_u32; 8];
    for n in 0..4000_u32 {
        let seed = LeafSeed::from_array(sha256(&n.to_be_bytes()));
        let order = seed.positions(8, 8);
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 8);
        first[usize::from(order[0])] += 1;
    }
    // Mean 500, standard deviation 21.
    assert!(first.iter().all(|count| (400..600).contains(count)), "{first:?}");
    let all = seed().positions(256, 256);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 256);
}

#[test]
fn the_order_is_frozen() {
    // Openings are rebuilt for as long as the ledger lives: this must never change. Computed
    // independently from the description of `positions`.
    assert_eq!(seed().positions(8, 8), [3, 1, 0, 6, 5, 7, 2, 4]);
    assert_eq!(seed().positions(5, 256), [195, 213, 83, 59, 221]);
}

#[test]
fn a_leaf_shows_each_entry_and_no_other() {
    for count in [1_usize, 2, 5, 8, 12, 30, 60] {
        let entries: Vec<Vec<u8>> = (0..count).map(|n| format!("entry {n}").into_bytes()).collect();
        let leaf = Leaf::build(&seed(), &entries).unwrap();
        for (n, entry) in entries.iter().enumerate() {
            let opening = leaf.opening(77, n).unwrap();
            assert_eq!(&opening.entry, entry);
            assert_eq!(opening.index, 77);
            assert!(verify_opening(&opening, &leaf.bytes()));
            assert_eq!(Some(opening_commitment(&opening)), leaf.slot_commitment(n));
        }
        assert_eq!(leaf.opening(77, count), None);
        assert_eq!(leaf.slot_commitment(count), None);
        assert_eq!(Leaf::build(&seed(), &entries).unwrap().bytes(), leaf.bytes());
    }
}

#[test]
fn an_opening_of_the_wrong_shape_is_refused() {
    let leaf = Leaf::build(&seed(), &vec![b"entry".to_vec(); 3]).unwrap();
    let good = leaf.opening(1, 0).unwrap();
    let shapes: [fn(&mut Opening); 6] = [
        |o| o.k = 2,
        |o| o.k = 4,
        |o| o.slot = 8,
        |o| o.slot ^= 1,
        |o| _ = o.path.pop(),
        |o| o.path.push(o.path[0]),
    ];
    for (n, change) in shapes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(!verify_opening(&bad, &leaf.bytes()), "change {n}");
    }
}

proptest! {
    /// I11 for openings: entry, blinding, path and leaf all count.
    #[test]
    fn any_flipped_bit_is_refused(count in 1_usize..12, pick: usize, at: usize, bit in 0_u8..8) {
        let entries: Vec<Vec<u8>> = (0..count).map(|n| format!("entry {n}").into_bytes()).collect();
        let leaf = Leaf::build(&seed(), &entries).unwrap();
        let good = leaf.opening(1, pick % count).unwrap();
        prop_assert!(verify_opening(&good, &leaf.bytes()));

        let mut bad = good.clone();
        let len = bad.entry.len();
        bad.entry[at % len] ^= 1 << bit;
        prop_assert!(!verify_opening(&bad, &leaf.bytes()));

        let mut bad = good.clone();
        bad.r[at % 32] ^= 1 << bit;
        prop_assert!(!verify_opening(&bad, &leaf.bytes()));

        let mut bad = good.clone();
        if !bad.path.is_empty() {
            let step = at % bad.path.len();
            let mut sibling = *bad.path[step].as_bytes();
            sibling[at % 32] ^= 1 << bit;
            bad.path[step] = Digest::from_array(sibling);
            prop_assert!(!verify_opening(&bad, &leaf.bytes()));
        }

        let mut other = leaf.bytes();
        other[at % 33] ^= 1 << bit;
        prop_assert!(!verify_opening(&good, &other));
    }
}
