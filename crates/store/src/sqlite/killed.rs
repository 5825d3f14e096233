//! Migrations in processes that are killed: whatever the moment, the next start finds the old
//! schema or the new one, and every row.
//!
//! The older database is a real one, filled; the newer schema is today's with steps that change
//! large tables, as later ones will. A child, this same test program, brings it up to date and
//! is killed with SIGKILL on its way.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use entente_model::{BodyDigest, NationId, ObjectId, Timestamp};
use rusqlite::Connection;

use super::db::Db;
use super::schema::{STORE, Schema};
use super::{Options, SqliteStore};
use crate::rows::{LeafRow, ObjectRow};
use crate::{Result, Store as _, StoreError};

/// Where the child finds the database.
const DATABASE: &str = "ENTENTE_TEST_DATABASE";
/// Rows of each large table.
const ROWS: u64 = 2_000;

/// Steps as a later version may bring: a column, a table written anew, an index.
const LATER: [&str; 3] = [
    "ALTER TABLE object ADD COLUMN seen INTEGER; UPDATE object SET seen = at;",
    "CREATE TABLE opening (idx INTEGER PRIMARY KEY, bytes BLOB);
     INSERT INTO opening SELECT idx, opening FROM leaf;
     UPDATE leaf SET opening = NULL;",
    "CREATE INDEX object_by_seen ON object (seen, marking);
     CREATE TABLE text (oid BLOB PRIMARY KEY, body BLOB);
     INSERT INTO text SELECT oid, ct FROM object JOIN body USING (position);",
];

/// Today's schema and what a later version adds.
fn later() -> Schema {
    let steps: Vec<&'static str> = STORE.steps.iter().chain(&LATER).copied().collect();
    Schema { steps: Vec::leak(steps), ..STORE }
}

#[test]
#[ignore = "the child of the tests below"]
fn a_child_that_brings_a_database_up_to_date() {
    let path = std::env::var_os(DATABASE).expect("started by hand");
    drop(Db::open(Path::new(&path), &later(), Options::default()).unwrap());
}

#[test]
fn a_migration_killed_at_any_moment_goes_on_at_the_next_start() {
    play(10);
}

#[test]
#[ignore = "minutes long: `cargo xtask long` runs it"]
fn a_hundred_migrations_killed_at_any_moment_go_on_at_the_next_start() {
    play(100);
}

fn play(rounds: u32) {
    let folder = tempfile::tempdir().unwrap();
    let older = folder.path().join("older.db");
    fill(&older);
    let whole = undisturbed(&older);
    let mut stopped_at = vec![0_usize; LATER.len() + 1];
    for round in 0..rounds {
        let path = folder.path().join(format!("{round}.db"));
        fs::copy(&older, &path).unwrap();
        let mut child = migrate(&path);
        // From before the beginning to after the end.
        pause(whole * (2 * round + 1) / (2 * rounds));
        child.kill().unwrap();
        child.wait().unwrap();
        stopped_at[check(&path)] += 1;
        drop(Db::open(&path, &later(), Options::default()).unwrap());
        assert_eq!(check(&path), LATER.len(), "round {round}");
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("{round}.db{suffix}")));
        }
    }
    println!("killed after so many steps: {stopped_at:?}");
    let unfinished = stopped_at.iter().take(LATER.len()).sum::<usize>();
    assert!(unfinished > 0, "no kill came before the end of the last step: {stopped_at:?}");
}

/// A database of today's version with something in it.
fn fill(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    store
        .write(|work| {
            for index in 0..ROWS {
                let opening = Some(opening(index));
                work.put_leaf(&LeafRow { index, leaf: [3; 33], kind: 3, opening })?;
                work.put_object(&object(index), &body(index))?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    store.db.empty_wal();
}

fn opening(index: u64) -> Vec<u8> {
    index.to_be_bytes().repeat(60)
}

fn body(index: u64) -> Vec<u8> {
    index.to_le_bytes().repeat(200)
}

fn object(index: u64) -> ObjectRow {
    let mut oid = [0; 32];
    oid[..8].copy_from_slice(&index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    ObjectRow {
        position: 0,
        oid: ObjectId::from_array(oid),
        nation: NationId::from_array([1; 32]),
        state: 1,
        object_type: "report".to_owned(),
        media_type: "text/plain".to_owned(),
        marking: "OPEN".to_owned(),
        class: 0,
        bytes: 1_600,
        body: BodyDigest::from_array(oid),
        at: Timestamp::from_millis(index),
        leaf: Some(index),
        source: None,
        terms: None,
        delete_at: None,
        evidence: None,
        agencies: Vec::new(),
        released_to: Vec::new(),
    }
}

fn migrate(path: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored"])
        .arg("sqlite::killed::a_child_that_brings_a_database_up_to_date")
        .env(DATABASE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "it measures a process")]
fn undisturbed(older: &Path) -> Duration {
    let path = older.with_extension("whole");
    fs::copy(older, &path).unwrap();
    let started = std::time::Instant::now();
    assert!(migrate(&path).wait().unwrap().success());
    let whole = started.elapsed();
    assert_eq!(check(&path), LATER.len());
    whole
}

#[expect(clippy::disallowed_methods, reason = "it waits for a process")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// How many of the later steps were applied, each wholly or not at all, and that every row is
/// where it belongs.
fn check(path: &Path) -> usize {
    let conn = Connection::open(path).unwrap();
    let one = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let version = usize::try_from(one("SELECT schema_version FROM meta")).unwrap();
    let steps = version - STORE.steps.len();
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let has =
        |name: &str| one(&format!("SELECT count(*) FROM sqlite_master WHERE name = '{name}'")) == 1;
    assert_eq!(
        [has("opening"), has("object_by_seen"), has("text")],
        [steps >= 2, steps >= 3, steps >= 3],
        "half a step"
    );
    let rows = i64::try_from(ROWS).unwrap();
    assert_eq!(one("SELECT count(*) FROM object"), rows);
    assert_eq!(one("SELECT count(*) FROM leaf"), rows);
    let openings =
        if steps >= 2 { "SELECT idx, bytes FROM opening" } else { "SELECT idx, opening FROM leaf" };
    let bodies = "SELECT object.leaf, ct FROM object JOIN body USING (position)";
    let texts = "SELECT object.leaf, text.body FROM object JOIN text USING (oid)";
    let all = |sql: &str, of: fn(u64) -> Vec<u8>| {
        let mut statement = conn.prepare(sql).unwrap();
        let mut found: Vec<(u64, Vec<u8>)> = statement
            .query_map([], |row| Ok((u64::try_from(row.get::<_, i64>(0)?).unwrap(), row.get(1)?)))
            .unwrap()
            .map(rusqlite::Result::unwrap)
            .collect();
        found.sort();
        let wanted: Vec<(u64, Vec<u8>)> = (0..ROWS).map(|index| (index, of(index))).collect();
        assert!(found == wanted, "rows of `{sql}` are lost or changed");
    };
    all(openings, opening);
    all(bodies, body);
    if steps >= 3 {
        all(texts, body);
    }
    if steps >= 1 {
        assert_eq!(one("SELECT count(*) FROM object WHERE seen = at"), rows);
    }
    steps
}

#[test]
fn a_database_of_an_older_program_is_not_looked_at_before_its_node_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    drop(SqliteStore::open(&path).unwrap());
    let looked: Result<_> = Db::inspect(&path, &later(), Options::default()).map(drop);
    let said = looked.unwrap_err().to_string();
    assert!(said.contains("start the node once to bring it up to date"), "{said}");
}
