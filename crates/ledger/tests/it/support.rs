//! What the tests share: vectors, logs in memory, keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entente_ledger::checkpoint::{self, Checkpoint};
use entente_ledger::tile::{TileId, append};
use entente_ledger::tree::leaf_hash;
use entente_model::{Digest, Timestamp};
use entente_seal::sign::LogKey;
use serde_json::Value;

pub(crate) type Tiles = BTreeMap<TileId, Vec<Digest>>;

pub(crate) const ORIGIN: &str = "ent1/test/mod-1/1";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_123);

pub(crate) fn vector_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/ledger").join(name)
}

pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = vector_path(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn vector_text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

pub(crate) fn json_lines(name: &str) -> Vec<Value> {
    vector_text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The digest in base64; `None` for text of another length.
pub(crate) fn digest_b64(text: &str) -> Option<Digest> {
    Digest::from_slice(&STANDARD.decode(text).unwrap())
}

pub(crate) fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

/// Stores what an append returns, and gives the root.
pub(crate) fn grow(tiles: &mut Tiles, size: u64, added: &[Digest]) -> Digest {
    let appended = append(&*tiles, size, added).unwrap();
    assert_eq!(appended.size, size + added.len() as u64);
    tiles.extend(appended.tiles);
    appended.root
}

pub(crate) fn log_of(count: u64) -> (Tiles, Digest) {
    let mut tiles = Tiles::new();
    let root = grow(&mut tiles, 0, &leaves(count));
    (tiles, root)
}

pub(crate) fn log_key(seed: u8) -> LogKey {
    LogKey::from_bytes(&[seed; 64]).unwrap()
}

pub(crate) fn checkpoint_of(size: u64, root: Digest) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root }
}

pub(crate) fn signed(key: &LogKey, size: u64, root: Digest) -> String {
    checkpoint::sign(key, &checkpoint_of(size, root), NOW).unwrap()
}
