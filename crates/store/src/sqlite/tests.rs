//! What a trait cannot promise: files, crashes, full disks and shared commits.

use super::SqliteStore;
use crate::{Store as _, StoreError};

#[test]
fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open(&path).unwrap();
    store.write(|work| work.put_setting("a", b"1")).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let found: Result<_, StoreError> = store.read(|work| work.setting("a"));
    assert_eq!(found.unwrap().unwrap(), b"1");
}
