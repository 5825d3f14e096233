//! Tiles and entry bundles: paths, encodings, and a recorded log at each of its sizes.

use entente_ledger::checkpoint::Checkpoint;
use entente_ledger::note::{Note, VerifierKey};
use entente_ledger::proof::multiproof;
use entente_ledger::tile::{
    BundleError, TileContent, TileId, TilePath, TileSource, append, bundle_entries, decode_bundle,
    encode_bundle, entries_path, root_at,
};
use entente_ledger::tree::{empty_root, leaf_hash};
use entente_model::Digest;
use entente_seal::sign::verify_ed25519;
use proptest::prelude::*;

use crate::support::{Tiles, grow, leaves, log_of, vector, vector_text};

#[test]
fn paths_are_those_of_the_specification() {
    let paths = [
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1234, 256, "tile/0/x001/234"),
        (1, 0, 17, "tile/1/000.p/17"),
        (63, u64::MAX, 1, "tile/63/x018/x446/x744/x073/x709/x551/615.p/1"),
    ];
    for (level, index, width, text) in paths {
        let id = TileId { level, index };
        assert_eq!(id.path(width), text);
        let path: TilePath = text.parse().unwrap();
        assert_eq!(path.content, TileContent::Hashes(id));
        assert_eq!(path.partial.map_or(256, |w| usize::from(w.get())), width);
        assert_eq!(
            id.path(width),
            tlog_tiles::Tile::new(8, level, index, u32::try_from(width).unwrap(), false)
                .path()
                .replacen("tile/8/", "tile/", 1)
        );
    }
    assert_eq!(entries_path(1000, 5), "tile/entries/x001/000.p/5");
    let path: TilePath = "tile/entries/x001/000".parse().unwrap();
    assert_eq!(path, TilePath { content: TileContent::Entries(1000), partial: None });

    for wrong in [
        "",
        "tile/0",
        "tile/0/",
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/000/",
        "/tile/0/000",
    ] {
        assert!(wrong.parse::<TilePath>().is_err(), "{wrong}");
    }
}

#[test]
fn a_recorded_log_is_reproduced_byte_for_byte() {
    let vkey: VerifierKey = vector_text("tlog-tiles/vkey.txt").trim().parse().unwrap();
    let mut tiles = Tiles::new();
    for size in 0..=10_u64 {
        let note = Note::parse(&vector(&format!("tlog-tiles/checkpoint.{size}"))).unwrap();
        let (checkpoint, _) = Checkpoint::parse_body(note.text()).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (vkey.name(), size));
        let line = &note.signatures()[0];
        assert_eq!(line.key_id, vkey.key_id());
        let public = vkey.public().try_into().unwrap();
        assert!(verify_ed25519(public, note.text().as_bytes(), &line.signature));
        if size == 0 {
            assert_eq!(checkpoint.root, empty_root());
            continue;
        }
        let width = usize::try_from(size).unwrap();
        let bundle = vector(&format!("tlog-tiles/{}", entries_path(0, width)));
        let entries = bundle_entries(&bundle).unwrap();
        assert_eq!(entries.len(), width);
        let root = grow(&mut tiles, size - 1, &[leaf_hash(entries[width - 1])]);
        assert_eq!(root, checkpoint.root, "size {size}");
        let id = TileId { level: 0, index: 0 };
        let stored: Vec<u8> = tiles[&id].iter().flat_map(|d| *d.as_bytes()).collect();
        assert_eq!(stored, vector(&format!("tlog-tiles/{}", id.path(width))));
    }
}

#[test]
fn an_append_names_the_tiles_that_the_specification_does() {
    // The example of C2SP tlog-tiles: 273 + 1 tiles at level 0, 1 + 1 at level 1, 1 at level 2.
    let (tiles, _) = log_of(70_000);
    let widths = |level| -> Vec<usize> {
        tiles.iter().filter(|(id, _)| id.level == level).map(|(_, t)| t.len()).collect()
    };
    assert_eq!(widths(0).len(), 274);
    assert_eq!(widths(0)[273], 112);
    assert_eq!((widths(1), widths(2), widths(3)), (vec![256, 17], vec![1], vec![]));
    for (id, tile) in &tiles {
        assert_eq!(id.width_at(70_000), tile.len());
    }
    let ids: Vec<TileId> =
        append(&tiles, 70_000, &leaves(1)).unwrap().tiles.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [TileId { level: 0, index: 273 }]);
}

#[test]
fn what_an_aborted_append_left_behind_is_ignored() {
    let (mut tiles, root) = log_of(300);
    let expected = append(&tiles, 300, &leaves(5)).unwrap();
    grow(&mut tiles, 300, &leaves(400));
    assert_eq!(root_at(&tiles, 300).unwrap(), root);
    assert_eq!(append(&tiles, 300, &leaves(5)).unwrap(), expected);
}

/// Counts reads.
struct Counting<'a>(&'a Tiles, std::cell::Cell<usize>);

impl TileSource for Counting<'_> {
    type Error = std::convert::Infallible;

    fn tile(&self, id: TileId) -> Result<Option<Vec<Digest>>, Self::Error> {
        self.1.set(self.1.get() + 1);
        self.0.tile(id)
    }
}

#[test]
fn a_proof_of_a_thousand_new_leaves_reads_few_tiles() {
    let (tiles, _) = log_of(70_000);
    let source = Counting(&tiles, std::cell::Cell::new(0));
    let indices: Vec<u64> = (69_000..70_000).collect();
    let proof = multiproof(&source, &indices, 70_000).unwrap();
    assert!(proof.len() <= 17, "{} hashes", proof.len());
    assert!(source.1.get() <= 4, "{} tiles read", source.1.get());
}

proptest! {
    #[test]
    fn bundles_of_leaves_round_trip(leaves in prop::collection::vec(prop::array::uniform32(any::<u8>()), 0..=256), last in any::<u8>()) {
        let leaves: Vec<[u8; 33]> = leaves
            .into_iter()
            .map(|l| { let mut leaf = [last; 33]; leaf[..32].copy_from_slice(&l); leaf })
            .collect();
        let bundle = encode_bundle(&leaves);
        prop_assert_eq!(bundle.len(), 35 * leaves.len());
        prop_assert_eq!(decode_bundle(&bundle), Ok(leaves));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,40}") {
        let _ = bundle_entries(&bytes);
        let _ = text.parse::<TilePath>();
    }
}

#[test]
fn what_is_not_a_bundle_of_leaves_is_refused() {
    assert_eq!(decode_bundle(&[0]), Err(BundleError::Malformed));
    assert_eq!(decode_bundle(&[0, 33, 1]), Err(BundleError::Malformed));
    assert_eq!(decode_bundle(&encode_bundle(&[[1; 33]; 257])), Err(BundleError::Malformed));
    let wrong = BundleError::NotALeaf { position: 1, found: 1 };
    let bundle = [encode_bundle(&[[1; 33]]), vec![0, 1, 7]].concat();
    assert_eq!(decode_bundle(&bundle), Err(wrong));
}
