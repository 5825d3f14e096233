//! What a trait cannot promise: files, crashes, full disks and shared commits.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use entente_model::{BodyDigest, NationId, ObjectId, Timestamp};
use proptest::prelude::*;
use rusqlite::Connection;

use super::schema::{STORE, Schema};
use super::{Faults, Options, SqliteStore, SqliteVault};
use crate::rows::{LeafRow, ObjectRow};
use crate::{Result, Store as _, StoreError, Vault as _, conformance};

fn quick() -> Options {
    Options { dangerous_no_sync: true, ..Options::default() }
}

fn setting(store: &SqliteStore, name: &str) -> Option<Vec<u8>> {
    let found: Result<_> = store.read(|work| work.setting(name));
    found.unwrap()
}

fn put(store: &SqliteStore, name: &str) -> Result<()> {
    store.write(|work| work.put_setting(name, b"kept"))
}

#[test]
fn the_store_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&folder.path().join("node.db"), quick()).unwrap();
    conformance::check(&store).unwrap();
    assert_eq!(store.integrity().unwrap(), Vec::<String>::new());
}

#[test]
fn a_database_can_be_looked_at_beside_its_node_and_is_never_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    assert!(SqliteStore::inspect(&path).is_err());
    assert!(!path.exists(), "looking made a file");
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    put(&store, "before").unwrap();
    let looked = SqliteStore::inspect(&path).unwrap();
    assert_eq!(setting(&looked, "before").unwrap(), b"kept");
    put(&store, "after").unwrap();
    assert_eq!(setting(&looked, "after").unwrap(), b"kept");
    assert!(put(&looked, "mine").is_err());
    assert_eq!(looked.integrity().unwrap(), Vec::<String>::new());
    let vault = folder.path().join("vault.db");
    drop(SqliteVault::open(&vault).unwrap());
    assert!(SqliteStore::inspect(&vault).is_err(), "a vault was taken for a database");
}

#[test]
fn the_vault_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let vault = SqliteVault::open_with(&folder.path().join("vault.db"), quick()).unwrap();
    conformance::check_vault(&vault).unwrap();
    assert_eq!(vault.integrity().unwrap(), Vec::<String>::new());
}

#[test]
fn a_renewed_vault_holds_no_old_key_in_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let vault = SqliteVault::open(&path).unwrap();
    let (shredded, kept) = (ObjectId::from_array([1; 32]), ObjectId::from_array([1; 32]));
    let kept = {
        let mut bytes = *kept.as_bytes();
        bytes[31] = 9;
        ObjectId::from_array(bytes)
    };
    let old = b"the old sealed key of the shredded object, sixty bytes long!".to_vec();
    let shard = crate::shard_of(kept);
    vault
        .put(&[(shard, b"shard".to_vec())], &[(shredded, old.clone()), (kept, b"k".to_vec())])
        .unwrap();
    assert_eq!(vault.shred(&[shredded]).unwrap(), [shard]);
    vault.renew(&[(shard, b"SHARD".to_vec())], &[(kept, b"K".to_vec())]).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(old.len()).any(|window| window == old));
    }
    assert_eq!(vault.keys(&[kept]).unwrap(), [Some(b"K".to_vec())]);
}

#[test]
fn writers_share_commits_and_everything_is_there_after_reopening() {
    const THREADS: usize = 8;
    const WRITES: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open(&path).unwrap();
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for write in 0..WRITES {
                    let name = format!("{thread}/{write}");
                    put(store, &name).unwrap();
                    assert!(setting(store, &name).is_some(), "told before it was committed");
                }
            });
        }
    });
    let commits = store.commits();
    assert!(commits < (THREADS * WRITES) as u64, "{commits} commits");
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    for thread in 0..THREADS {
        for write in 0..WRITES {
            assert!(setting(&store, &format!("{thread}/{write}")).is_some());
        }
    }
}

type Job<'a, T> = Box<dyn FnOnce(&SqliteStore) -> T + Send + 'a>;

/// Holds the writer until `count` threads wait for it, so that they share one commit.
fn together<T: Send>(store: &SqliteStore, works: Vec<Job<'_, T>>) -> Vec<T> {
    let count = works.len();
    std::thread::scope(|scope| {
        let (begun, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let holder = scope.spawn(move || {
            store.write(|_| {
                begun.send(()).unwrap();
                may_go.recv().unwrap();
                Ok::<_, StoreError>(())
            })
        });
        has_begun.recv().unwrap();
        let threads: Vec<_> =
            works.into_iter().map(|work| scope.spawn(move || work(store))).collect();
        while store.db.waiting() < count {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        let results = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let _ = holder.join().unwrap();
        results
    })
}

#[test]
fn a_unit_that_fails_or_panics_is_undone_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&folder.path().join("node.db"), quick()).unwrap();
    put(&store, "before").unwrap();
    let commits = store.commits();
    let results = together(
        &store,
        vec![
            Box::new(|store| put(store, "a").is_ok()),
            Box::new(|store| {
                store
                    .write(|work| {
                        work.put_setting("b", b"half")?;
                        Err::<(), _>(StoreError::Conflict("the test"))
                    })
                    .is_ok()
            }),
            Box::new(|store| {
                catch_unwind(AssertUnwindSafe(|| {
                    store.write(|work| {
                        work.put_setting("c", b"half")?;
                        if work.has_intents()? { Ok::<_, StoreError>(()) } else { panic!("a bug") }
                    })
                }))
                .is_ok()
            }),
            Box::new(|store| put(store, "d").is_ok()),
        ],
    );
    assert_eq!(results, [true, false, false, true]);
    assert_eq!(store.commits(), commits + 1, "one commit for all");
    let kept = ["a", "b", "c", "d"].map(|name| setting(&store, name).is_some());
    assert_eq!(kept, [true, false, false, true]);
    put(&store, "after").unwrap();
}

/// Fails one commit, before or after it.
#[derive(Default)]
struct FailOne {
    commits: AtomicU64,
    before: Option<u64>,
    after: Option<u64>,
}

impl Faults for FailOne {
    fn before_commit(&self) -> Result<()> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        if Some(number) == self.before { Err(StoreError::Full) } else { Ok(()) }
    }

    fn after_commit(&self) -> Result<()> {
        let number = self.commits.load(Ordering::SeqCst) - 1;
        if Some(number) == self.after {
            Err(StoreError::Engine("the process died".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[test]
fn a_commit_that_fails_fails_for_all_who_shared_it() {
    let folder = tempfile::tempdir().unwrap();
    let faults = FailOne { before: Some(1), ..FailOne::default() };
    let options = Options { faults: Some(Arc::new(faults)), ..quick() };
    let store = SqliteStore::open_with(&folder.path().join("node.db"), options).unwrap();
    put(&store, "before").unwrap();
    let results = together(
        &store,
        ["a", "b", "c"]
            .map(|name| -> Job<'_, Result<()>> { Box::new(move |store| put(store, name)) })
            .into(),
    );
    assert_eq!(results, [const { Err(StoreError::Full) }; 3]);
    for name in ["a", "b", "c"] {
        assert_eq!(setting(&store, name), None);
    }
    put(&store, "a").unwrap();
    assert!(setting(&store, "before").is_some() && setting(&store, "a").is_some());
}

#[test]
fn a_crash_after_the_commit_keeps_what_nobody_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let faults = FailOne { after: Some(0), ..FailOne::default() };
    let options = Options { faults: Some(Arc::new(faults)), ..quick() };
    let store = SqliteStore::open_with(&folder.path().join("node.db"), options).unwrap();
    assert!(matches!(put(&store, "a"), Err(StoreError::Engine(_))));
    assert!(setting(&store, "a").is_some());
    put(&store, "b").unwrap();
}

#[test]
fn a_full_disk_changes_nothing_and_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { bytes_max: Some(1 << 20), ..quick() };
    let store = SqliteStore::open_with(&folder.path().join("node.db"), options).unwrap();
    put(&store, "small").unwrap();
    let large = vec![1; 2 << 20];
    // The engine ends the whole transaction, so those who shared it are told as well.
    let results = together(
        &store,
        vec![
            Box::new(|store| put(store, "companion")),
            Box::new(|store| {
                store.write(|work| {
                    // Even work that shrugs the error off does not get half of itself kept.
                    let _ = work.put_setting("large", &large);
                    let _ = work.put_setting("next", b"");
                    Ok(())
                })
            }),
        ],
    );
    assert_eq!(results.last().unwrap(), &Err(StoreError::Full));
    assert_eq!(setting(&store, "companion").is_some(), results.first().unwrap().is_ok());
    assert_eq!(setting(&store, "large"), None);
    assert_eq!(setting(&store, "next"), None);
    put(&store, "still small").unwrap();
    assert!(setting(&store, "small").is_some());
}

/// Opens a copy of the files as a crash at this moment would leave them.
fn after_crash(path: &Path) -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("node.db");
    fs::copy(path, &copy).unwrap();
    let (mut from, mut to) = (path.as_os_str().to_owned(), copy.as_os_str().to_owned());
    from.push("-wal");
    to.push("-wal");
    fs::copy(from, to).unwrap();
    let store = SqliteStore::open_with(&copy, quick()).unwrap();
    (folder, store)
}

#[test]
fn a_killed_process_leaves_what_was_committed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    // So small a cache that the engine writes to its log before the commit.
    let options = Options { writer_cache_bytes: 64 << 10, ..quick() };
    let store = SqliteStore::open_with(&path, options).unwrap();
    put(&store, "before").unwrap();
    store
        .write(|work| {
            for index in 0..500 {
                let opening = Some(vec![1; 2_000]);
                work.put_leaf(&LeafRow { index, leaf: [0; 33], kind: 3, opening })?;
            }
            let (_folder, crashed) = after_crash(&path);
            assert!(setting(&crashed, "before").is_some());
            let leaves: Result<_> = crashed.read(|work| work.leaves(0, 9));
            assert_eq!(leaves.unwrap(), []);
            assert_eq!(crashed.integrity().unwrap(), Vec::<String>::new());
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let (_folder, crashed) = after_crash(&path);
    let leaves: Result<_> = crashed.read(|work| work.leaves(0, 999));
    assert_eq!(leaves.unwrap().len(), 500);
}

#[test]
fn a_database_that_was_closed_is_whole_in_its_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    put(&store, "last").unwrap();
    assert!(setting(&store, "last").is_some());
    assert!(store.db.readers_idle() > 0, "a reader is open beside the writer");
    assert!(folder.path().join("node.db-wal").exists());
    drop(store);
    assert!(!folder.path().join("node.db-wal").exists());
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let store = SqliteStore::open_with(&copy, quick()).unwrap();
    assert!(setting(&store, "last").is_some());
}

#[test]
fn a_log_cut_anywhere_opens_at_some_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    store.db.empty_wal();
    for number in 0..20 {
        store
            .write(|work| {
                work.put_setting("a", &[number])?;
                work.put_setting("b", &[number])
            })
            .unwrap();
    }
    let wal = fs::read(folder.path().join("node.db-wal")).unwrap();
    let mut seen = None;
    for cut in (0..wal.len()).step_by(1_777).chain([wal.len()]) {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("node.db");
        fs::copy(&path, &copy).unwrap();
        fs::write(folder.path().join("node.db-wal"), &wal[..cut]).unwrap();
        let store = SqliteStore::open_with(&copy, quick()).unwrap();
        let (a, b) = (setting(&store, "a"), setting(&store, "b"));
        assert_eq!(a, b, "half a unit of work");
        assert!(a >= seen, "a longer log holds less");
        seen = a;
    }
    assert_eq!(seen, Some(vec![19]));
}

#[test]
fn migrations_apply_once_and_continue_where_they_stopped() {
    const TWO: Schema = Schema {
        purpose: "store",
        secure_delete: "FAST",
        page_bytes: 4096,
        steps: &["CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);", "CREATE TABLE b (x);"],
    };
    const BROKEN: Schema =
        Schema { steps: &["CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x); nonsense"], ..TWO };
    const ONE: Schema = Schema { steps: &["CREATE TABLE a (x INTEGER)"], ..TWO };
    let folder = tempfile::tempdir().unwrap();
    let conn = Connection::open(folder.path().join("a.db")).unwrap();
    assert!(BROKEN.bring_up_to_date(&conn).is_err());
    let tables = |conn: &Connection| -> i64 {
        conn.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(tables(&conn), 2, "meta and the first step, nothing of the second");
    TWO.bring_up_to_date(&conn).unwrap();
    TWO.bring_up_to_date(&conn).unwrap();
    assert_eq!(tables(&conn), 3);
    assert_eq!(
        ONE.bring_up_to_date(&conn),
        Err(StoreError::TooNew { found: 2, known: 1 }),
        "a program that is too old"
    );
}

#[test]
fn sessions_of_an_older_program_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let older = Schema { steps: &STORE.steps[..8], ..STORE };
    let conn = Connection::open(&path).unwrap();
    older.bring_up_to_date(&conn).unwrap();
    conn.execute_batch(
        "INSERT INTO session VALUES (zeroblob(32), 'ada', 1, 2, 3, 'link', '192.0.2.7', 'x')",
    )
    .unwrap();
    drop(conn);
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    let digest = entente_model::Digest::from_array([0; 32]);
    let row = store.read(|work| work.session(digest)).unwrap().unwrap();
    assert_eq!((row.person.as_str(), row.bound, row.suffices), ("ada", None, None));
    assert_eq!(store.read(|work| work.badges(None)).unwrap(), []);
}

#[test]
fn two_processes_may_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| SqliteStore::open_with(&path, quick()).map(drop)))
            .collect();
        for result in opened {
            result.join().unwrap().unwrap();
        }
    });
    let conn = Connection::open(&path).unwrap();
    let version: i64 =
        conn.query_row("SELECT schema_version FROM meta", [], |row| row.get(0)).unwrap();
    assert_eq!(version, i64::try_from(STORE.steps.len()).unwrap());
}

#[test]
fn what_is_no_store_is_not_opened_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    drop(SqliteVault::open_with(&path, quick()).unwrap());
    let error = SqliteStore::open_with(&path, quick()).err().unwrap();
    assert_eq!(error.to_string(), "storage failed: the file is a vault, expected a store");

    let path = folder.path().join("noise");
    fs::write(&path, [7; 9_000]).unwrap();
    let error = SqliteStore::open_with(&path, quick()).err().unwrap();
    assert_eq!(error, StoreError::Damaged("database"));

    let path = folder.path().join("new");
    drop(SqliteStore::open_with(&path, quick()).unwrap());
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("UPDATE meta SET schema_version = 99").unwrap();
    let error = SqliteStore::open_with(&path, quick()).err().unwrap();
    assert!(matches!(error, StoreError::TooNew { found: 99, .. }));
}

#[test]
fn damage_is_told_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    store
        .write(|work| work.put_leaf(&LeafRow { index: 0, leaf: [1; 33], kind: 3, opening: None }))
        .unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("UPDATE leaf SET leaf = x'0102'").unwrap();
    let read: Result<_> = store.read(|work| work.leaf(0));
    assert_eq!(read, Err(StoreError::Damaged("leaf")));
}

#[test]
#[cfg(unix)]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    put(&store, "a").unwrap();
    store.backup_to(&folder.path().join("copy.db"), &mut |_, _| {}).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}

#[test]
fn a_backup_is_one_state_while_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&folder.path().join("node.db"), quick()).unwrap();
    let value = vec![1; 40_000];
    for number in 0..600_u32 {
        store.write(|work| work.put_setting(&format!("{number}"), &value)).unwrap();
    }
    assert!(store.bytes_on_disk().unwrap() > 24_000_000);
    let copy = folder.path().join("copy.db");
    let mut heard = Vec::new();
    store
        .backup_to(&copy, &mut |done, total| {
            heard.push((done, total));
            put(&store, &format!("during {}", heard.len())).unwrap();
        })
        .unwrap();
    assert!(heard.len() > 2, "{heard:?}");
    assert!(heard.is_sorted());
    assert_eq!(heard.last().map(|(done, total)| done == total), Some(true));
    assert!(store.backup_to(&copy, &mut |_, _| {}).is_err(), "never over another");

    let copy = SqliteStore::open_with(&copy, quick()).unwrap();
    assert_eq!(copy.integrity().unwrap(), Vec::<String>::new());
    assert!(setting(&copy, "299").is_some());
    assert_eq!(setting(&copy, "during 1"), None, "what came after the backup began");
}

#[test]
fn a_reader_does_not_wait_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&folder.path().join("node.db"), quick()).unwrap();
    put(&store, "a").unwrap();
    store
        .write(|work| {
            work.put_setting("b", b"")?;
            std::thread::scope(|scope| {
                for _ in 0..12 {
                    scope.spawn(|| assert_eq!(setting(&store, "b"), None));
                }
            });
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(setting(&store, "b").is_some());
    assert!(store.db.readers_idle() <= 4);
}

fn object(seed: u64) -> ObjectRow {
    let mut oid = [0; 32];
    // Ids are digests: they come in no order.
    for (chunk, word) in oid.chunks_mut(8).zip(1_u64..) {
        let mixed = (seed + word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 29)).to_be_bytes());
    }
    ObjectRow {
        position: 0,
        oid: ObjectId::from_array(oid),
        nation: NationId::from_array([1; 32]),
        state: 1,
        object_type: "indicator".to_owned(),
        media_type: "application/stix+json".to_owned(),
        marking: "RESTRICTED//REL TO XAR, XBE".to_owned(),
        class: 2,
        bytes: 1_500,
        body: BodyDigest::from_array(oid),
        at: Timestamp::from_millis(seed),
        leaf: Some(seed),
        source: None,
        terms: None,
        delete_at: Some(Timestamp::from_millis(seed + 1_000_000)),
        evidence: None,
        agencies: Vec::new(),
        released_to: Vec::new(),
    }
}

#[test]
#[ignore = "a measurement: run it with `--run-ignored only --no-capture`"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn how_many_objects_a_second() {
    const TICKS: u64 = 100;
    const OBJECTS: u64 = 1_000;
    let folder = tempfile::tempdir_in(".").unwrap();
    for (name, sync) in [("synced", true), ("not synced", false)] {
        let path = folder.path().join(name);
        let options = Options { dangerous_no_sync: !sync, ..Options::default() };
        let store = SqliteStore::open_with(&path, options).unwrap();
        let start = std::time::Instant::now();
        for tick in 0..TICKS {
            store
                .write(|work| {
                    for index in tick * OBJECTS..(tick + 1) * OBJECTS {
                        let opening = Some(vec![2; 300]);
                        work.put_leaf(&LeafRow { index, leaf: [3; 33], kind: 3, opening })?;
                        work.put_object(&object(index), &[4; 1_500])?;
                    }
                    for tile in 0..10 {
                        work.put_tile(0, tick * 10 + tile, &[5; 8_192])?;
                    }
                    Ok::<_, StoreError>(())
                })
                .unwrap();
        }
        let seconds = start.elapsed().as_secs_f64();
        let objects = f64::from(u32::try_from(TICKS * OBJECTS).unwrap());
        println!(
            "{name}: {:.0} objects/s, {} bytes",
            objects / seconds,
            store.bytes_on_disk().unwrap()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever fails and in whatever company: told kept is kept, told failed is gone.
    #[test]
    fn told_is_true(
        failing_commit in 0..6_u64,
        plans in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..6), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let faults = FailOne { before: Some(failing_commit), ..FailOne::default() };
        let options = Options { faults: Some(Arc::new(faults)), ..quick() };
        let path = folder.path().join("node.db");
        let store = SqliteStore::open_with(&path, options).unwrap();
        let told: Vec<(String, bool)> = std::thread::scope(|scope| {
            let threads: Vec<_> = plans
                .iter()
                .enumerate()
                .map(|(thread, plan)| {
                    let store = &store;
                    scope.spawn(move || {
                        plan.iter()
                            .enumerate()
                            .map(|(step, succeeds)| {
                                let name = format!("{thread}/{step}");
                                let result = store.write(|work| {
                                    work.put_setting(&name, b"")?;
                                    work.put_setting(&format!("{name}'"), b"")?;
                                    if *succeeds { Ok(()) } else { Err(StoreError::Full) }
                                });
                                (name, result.is_ok())
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        drop(store);
        let store = SqliteStore::open_with(&path, quick()).unwrap();
        for (name, kept) in told {
            prop_assert_eq!(setting(&store, &name).is_some(), kept);
            prop_assert_eq!(setting(&store, &format!("{name}'")).is_some(), kept);
        }
    }
}
