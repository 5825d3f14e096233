//! The audit names what was changed.

use std::convert::Infallible;

use entente_ledger::audit::{AuditError, Tamper, find_tamper};
use entente_ledger::tile::{LeafBytes, TileId};
use entente_ledger::tree::{empty_root, leaf_hash};
use entente_model::Digest;
use proptest::prelude::*;

use crate::support::{Tiles, grow};

struct Log {
    leaves: Vec<LeafBytes>,
    tiles: Tiles,
    root: Digest,
}

fn log(size: usize) -> Log {
    let leaves: Vec<LeafBytes> = (0..size)
        .map(|i| {
            let mut leaf = [1; 33];
            leaf[1..9].copy_from_slice(&(i as u64).to_be_bytes());
            leaf
        })
        .collect();
    let mut tiles = Tiles::new();
    let root = grow(&mut tiles, 0, &leaves.iter().map(|l| leaf_hash(l)).collect::<Vec<_>>());
    Log { leaves, tiles, root }
}

impl Log {
    fn audit(&self, size: usize) -> Result<(), Tamper> {
        let entries = |bundle: u64| -> Result<Option<Vec<LeafBytes>>, Infallible> {
            Ok(self
                .leaves
                .chunks(256)
                .nth(usize::try_from(bundle).unwrap())
                .map(<[LeafBytes]>::to_vec))
        };
        match find_tamper(&entries, &self.tiles, size as u64, &self.root) {
            Ok(()) => Ok(()),
            Err(AuditError::Tampered(tamper)) => Err(tamper),
        }
    }
}

#[test]
fn an_honest_log_passes_at_every_shape() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 700, 65_536, 65_537, 66_000] {
        assert_eq!(log(size).audit(size), Ok(()), "{size}");
    }
}

#[test]
fn each_kind_of_damage_has_its_name() {
    let tile = |level, index| TileId { level, index };

    let mut bad = log(700);
    bad.leaves[600][20] ^= 1;
    bad.leaves[650][20] ^= 1;
    assert_eq!(bad.audit(700), Err(Tamper::Leaf { leaf: 600, tile: tile(0, 2) }));

    let mut bad = log(700);
    bad.leaves.truncate(690);
    assert_eq!(bad.audit(700), Err(Tamper::Missing { bundle: 2, leaf: 690 }));
    bad.leaves.truncate(512);
    assert_eq!(bad.audit(700), Err(Tamper::Missing { bundle: 2, leaf: 512 }));

    let mut bad = log(700);
    bad.tiles.get_mut(&tile(0, 2)).unwrap().truncate(100);
    let short = Tamper::Short { tile: tile(0, 2), found: 100, needed: 188 };
    assert_eq!(bad.audit(700), Err(short));
    bad.tiles.remove(&tile(0, 0));
    let short = Tamper::Short { tile: tile(0, 0), found: 0, needed: 256 };
    assert_eq!(bad.audit(700), Err(short));

    // A leaf and its hash changed together: the level above no longer fits.
    let mut bad = log(700);
    bad.leaves[300][20] ^= 1;
    bad.tiles.get_mut(&tile(0, 1)).unwrap()[44] = leaf_hash(&bad.leaves[300]);
    let above = Tamper::Tile { tile: tile(1, 0), position: 1, leaf: 256 };
    assert_eq!(bad.audit(700), Err(above));

    let mut bad = log(66_000);
    bad.tiles.get_mut(&tile(2, 0)).unwrap()[0] = empty_root();
    let top = Tamper::Tile { tile: tile(2, 0), position: 0, leaf: 0 };
    assert_eq!(bad.audit(66_000), Err(top));

    // Everything changed together: what was signed no longer fits.
    let honest = log(700);
    let mut bad = log(700);
    bad.leaves[699][20] ^= 1;
    bad.tiles.clear();
    let hashes: Vec<Digest> = bad.leaves.iter().map(|l| leaf_hash(l)).collect();
    let found = grow(&mut bad.tiles, 0, &hashes);
    let rewritten = Tamper::Root { found, expected: honest.root };
    assert_eq!(bad.audit(700), Err(rewritten.clone()));
    assert_eq!((rewritten.leaf(), rewritten.tile()), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_changed_leaf_is_named(size in 1..1200_usize, at in any::<prop::sample::Index>(), bit in 0..264_usize) {
        let mut log = log(size);
        let at = at.index(size);
        log.leaves[at][bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(log.audit(size).unwrap_err().leaf(), Some(at as u64));
    }
}
