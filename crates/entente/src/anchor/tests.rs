use std::fs;

use proptest::prelude::*;

use super::*;
use crate::ambient::OsEntropy;
use crate::certificate::certify;
use entente_app::keys::KeySecrets;

fn key_file(dir: &Path) -> KeyFile {
    KeyFile {
        path: dir.join("keys.sealed"),
        passphrase: Passphrase::new(b"pass".to_vec()).unwrap(),
        params: Params { memory_kib: 8, passes: 1 },
    }
}

fn root(n: u8) -> Digest {
    Digest::from_array([n; 32])
}

fn open(dir: &Path) -> Result<FileAnchor, AnchorFault> {
    FileAnchor::open(&dir.join("anchor"), key_file(dir))
}

/// An anchor with heads 1 to `heads`.
fn anchor(dir: &Path, heads: u8) -> PathBuf {
    let path = dir.join("anchor");
    create(&path).unwrap();
    let mut anchor = open(dir).unwrap();
    assert_eq!(anchor.last_signed(), None);
    for n in 1..=heads {
        anchor.record(n.into(), root(n)).unwrap();
    }
    path
}

#[test]
fn a_head_is_remembered_by_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 3);
    let anchor = open(dir.path()).unwrap();
    assert_eq!(anchor.last_signed(), Some((3, root(3))));
    assert!(!anchor.was_torn());
}

#[test]
fn a_missing_anchor_is_an_error_and_not_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, AnchorFault::Missing { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn two_processes_cannot_share_an_anchor() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 1);
    let held = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(AnchorFault::InUse { .. })));
    drop(held);
    open(dir.path()).unwrap();
}

#[test]
fn a_start_waits_for_the_key_process_of_a_killed_node_to_end() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 1);
    let held = open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            ambient::pause(LOCK_PAUSE * 10);
            drop(held);
        });
        open(dir.path()).unwrap();
    });
}

#[test]
fn the_ledger_never_shrinks_in_the_anchor() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 3);
    let mut anchor = open(dir.path()).unwrap();
    assert!(anchor.record(2, root(2)).is_err());
    anchor.record(4, root(4)).unwrap();
}

#[test]
fn a_long_anchor_is_compacted_and_keeps_its_head() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("anchor");
    let mut bytes = Vec::new();
    for n in 1..LINES as u64 {
        bytes.extend(line(n, &root(1)));
    }
    bytes.resize(LINES * LINE_LEN, 0);
    fs::write(&path, bytes).unwrap();
    let mut anchor = open(dir.path()).unwrap();
    for n in 0..3 {
        anchor.record(LINES as u64 + n, root(2)).unwrap();
    }
    drop(anchor);
    let state = inspect(&path).unwrap();
    assert_eq!(state, AnchorState { last: Some((4098, root(2))), lines: 2, torn: false });
    assert_eq!(fs::metadata(&path).unwrap().len(), (LINES * LINE_LEN) as u64);
}

#[test]
fn a_changed_line_is_damage_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = anchor(dir.path(), 3);
    let good = fs::read(&path).unwrap();
    // The last line too: its head was signed, so it may not be forgotten.
    for (at, named) in [(5, 1), (LINE_LEN + 30, 2), (3 * LINE_LEN - 3, 3)] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, AnchorFault::Damaged { line, .. } if line == named), "{error}");
    }
    // A line erased from the middle, and lines in the wrong order.
    let mut bad = good.clone();
    bad[LINE_LEN..2 * LINE_LEN].fill(0);
    fs::write(&path, &bad).unwrap();
    assert!(matches!(open(dir.path()), Err(AnchorFault::Damaged { line: 2, .. })));
    let mut bad = good;
    bad[..2 * LINE_LEN].rotate_left(LINE_LEN);
    fs::write(&path, &bad).unwrap();
    assert!(matches!(open(dir.path()), Err(AnchorFault::Damaged { line: 2, .. })));
}

#[test]
fn an_anchor_that_cannot_be_written_stays_refused() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 1);
    let mut anchor = open(dir.path()).unwrap();
    anchor.file = File::open(&anchor.path).unwrap();
    assert!(anchor.record(2, root(2)).is_err());
    assert_eq!(anchor.last_signed(), Some((1, root(1))));
    anchor.file = File::options().write(true).open(&anchor.path).unwrap();
    let error = anchor.record(2, root(2)).unwrap_err();
    assert!(error.0.contains("an earlier write failed"), "{error}");
}

#[test]
fn new_epoch_keys_replace_the_old_ones_in_the_key_file() {
    let dir = tempfile::tempdir().unwrap();
    anchor(dir.path(), 1);
    let KeyFile { path, passphrase, params } = key_file(dir.path());
    let keys = KeySecrets::generate(&mut OsEntropy, certify).unwrap();
    secrets::create_keys(&path, &keys, &passphrase, params, &mut OsEntropy).unwrap();
    let epoch = Secret::random(&mut OsEntropy);
    open(dir.path()).unwrap().replace_epochs(std::slice::from_ref(&epoch)).unwrap();

    let mut expected = keys;
    expected.set_epochs(&[epoch]);
    let read = secrets::read_keys(&path, &passphrase).unwrap();
    assert_eq!(*read.to_bytes(), *expected.to_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A kill or power cut while a line was being written: any part of it may be on the device,
    /// in the prepared space or at the end of a file that was still growing.
    #[test]
    fn a_torn_line_is_passed_over_and_reported(cut in 1..LINE_LEN, grows: bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = anchor(dir.path(), 3);
        let mut bytes = fs::read(&path).unwrap();
        let start = 2 * LINE_LEN;
        bytes[start + cut..].fill(0);
        if grows {
            bytes.truncate(start + cut);
        }
        fs::write(&path, &bytes).unwrap();
        prop_assert!(inspect(&path).unwrap().torn);

        let mut anchor = open(dir.path()).unwrap();
        prop_assert!(anchor.was_torn());
        prop_assert_eq!(anchor.last_signed(), Some((2, root(2))));
        anchor.record(9, root(9)).unwrap();
        drop(anchor);
        let state = inspect(&path).unwrap();
        prop_assert_eq!(state, AnchorState { last: Some((9, root(9))), lines: 2, torn: false });
    }
}
