//! One database file: a single writer whose commits are shared, and readers beside it.
//!
//! **Group commit.** A unit of work runs in the open transaction, under the writer's lock; if
//! others' work is in it already, within a savepoint. Whoever finishes a unit and sees that
//! another waits for the lock leaves the transaction open to it; whoever sees nobody waiting
//! commits for all. So units that queue while a commit is under way share the next one, and
//! nothing is ever delayed to wait for company.
//!
//! INVARIANT: an open transaction has either a thread inside the writer's lock, or one that has
//! announced itself in `waiting` and will take the lock. Every path of [`Db::write`] out of the
//! lock keeps that, a panic in the work included.
//!
//! INVARIANT: nobody learns the result of a unit before the commit that it depends on; a unit
//! that failed in company also waits, because it may have seen what is not yet durable.

use std::fs::{self, File, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::column::only;
use super::schema::Schema;
use super::session::{Session, engine, transaction_lost};
use super::{Faults, Options};
use crate::{Result, StoreError};

/// Units that share one commit at most, so that the first of them is not kept waiting.
const UNITS_MAX: usize = 512;
/// How long another process may hold the database before we give up.
const BUSY: Duration = Duration::from_secs(5);
/// The write-ahead log is folded into the database when it has grown to about this.
const CHECKPOINT_BYTES: u32 = 32 << 20;
/// The write-ahead log's file is cut back to this size after it was folded in.
const WAL_BYTES_KEPT: u32 = 64 << 20;
/// More than there are different statements.
const STATEMENTS: usize = 192;
/// Pages that a backup copies before it reports progress.
const BACKUP_PAGES: i32 = 1_024;

pub(super) struct Db {
    path: PathBuf,
    options: Options,
    /// Closed before the writer, as fields are in their order: only a last connection that may
    /// write folds the log in and removes it, so that the file alone is the whole database.
    idle: Mutex<Vec<Connection>>,
    writer: Mutex<Writer>,
    waiting: AtomicUsize,
    commits: AtomicU64,
}

/// The one connection that writes.
struct Writer {
    conn: Connection,
    batch: Option<Batch>,
}

/// The units that share the open transaction.
struct Batch {
    units: usize,
    verdict: Arc<Verdict>,
}

/// What became of a transaction, for those who wait.
#[derive(Default)]
struct Verdict {
    result: Mutex<Option<Result<()>>>,
    told: Condvar,
}

impl Db {
    /// Opens or creates a database and brings its schema up to date.
    pub(super) fn open(path: &Path, schema: &Schema, options: Options) -> Result<Self> {
        create_private(path)?;
        let conn = Connection::open(path).map_err(engine)?;
        // A database that exists keeps the size it was made with.
        let page_bytes = schema.page_bytes;
        conn.execute_batch(&format!("PRAGMA page_size = {page_bytes}")).map_err(engine)?;
        prepare(&conn, options.writer_cache_bytes)?;
        let mode: String =
            conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(engine)?;
        if mode != "wal" {
            return Err(StoreError::Engine(format!(
                "`{}` cannot have a write-ahead log: the file system must support shared memory",
                path.display()
            )));
        }
        let synchronous = if options.dangerous_no_sync { "OFF" } else { "FULL" };
        let secure_delete = schema.secure_delete;
        let checkpoint_pages = CHECKPOINT_BYTES / page_bytes.max(1);
        conn.execute_batch(&format!(
            "PRAGMA synchronous = {synchronous};
             PRAGMA secure_delete = {secure_delete};
             PRAGMA wal_autocheckpoint = {checkpoint_pages};
             PRAGMA journal_size_limit = {WAL_BYTES_KEPT};"
        ))
        .map_err(engine)?;
        schema.bring_up_to_date(&conn)?;
        if let Some(bytes) = options.bytes_max {
            let page: u32 =
                conn.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(engine)?;
            let pages = bytes.checked_div(page.into()).unwrap_or(0);
            let pages = pages.clamp(1, u64::from(u32::MAX) - 1);
            conn.execute_batch(&format!("PRAGMA max_page_count = {pages}")).map_err(engine)?;
        }
        Ok(Self {
            path: path.to_owned(),
            options,
            writer: Mutex::new(Writer { conn, batch: None }),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Opens an existing database to be looked at: nothing is created, changed or brought up to
    /// date, and every write fails. Works beside the node that serves it, and on a copy.
    pub(super) fn inspect(path: &Path, schema: &Schema, options: Options) -> Result<Self> {
        if !path.is_file() {
            return Err(StoreError::Engine(format!("`{}` is not a file", path.display())));
        }
        let conn = read_only(path, options.reader_cache_bytes)?;
        schema.must_be_current(&conn)?;
        Ok(Self {
            path: path.to_owned(),
            options,
            writer: Mutex::new(Writer { conn, batch: None }),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Does a unit of work and returns once it is durable.
    pub(super) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Session<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut writer = lock(&self.writer);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        let (outcome, lost) = writer.unit(work);
        let settled = if let Some(fault) = lost {
            writer.abandon(fault)
        } else if self.waiting.load(Ordering::SeqCst) == 0 || writer.is_crowded() {
            writer.commit(self.options.faults.as_deref(), &self.commits)
        } else if let Some(batch) = &writer.batch {
            let verdict = Arc::clone(&batch.verdict);
            drop(writer);
            verdict.wait()
        } else {
            Ok(())
        };
        match outcome {
            Ok(result) => {
                settled?;
                result
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Looks at one consistent state.
    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Session<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let pooled = lock(&self.idle).pop();
        let conn = pooled.map_or_else(|| self.reader(), Ok)?;
        run(&conn, "BEGIN DEFERRED")?;
        let result = work(&Session::new(&conn));
        // A connection that cannot end its transaction is dropped, and so closed.
        if conn.is_autocommit() || run(&conn, "COMMIT").is_ok() {
            let mut idle = lock(&self.idle);
            if idle.len() < self.options.readers_kept {
                idle.push(conn);
            }
        }
        result
    }

    /// How many transactions were committed since the database was opened.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Folds the write-ahead log into the database and empties it, unless someone reads it.
    pub(super) fn empty_wal(&self) {
        let writer = lock(&self.writer);
        if writer.batch.is_none() {
            // Who cannot empty it now does so later: nothing depends on it.
            let _ = writer.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    /// Copies one consistent state to a new file; `progress` hears pages done and in all.
    pub(super) fn backup_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        if path.exists() {
            return Err(StoreError::Engine(format!(
                "`{}` exists: a backup goes to a new file",
                path.display()
            )));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        if part.exists() {
            fs::remove_file(&part).map_err(|why| file(&part, &why))?;
        }
        create_private(&part)?;

        let from = self.reader()?;
        // An open read transaction keeps writers from making the copy start anew.
        from.execute_batch("BEGIN DEFERRED; SELECT schema_version FROM meta;").map_err(engine)?;
        let mut to = Connection::open(&part).map_err(engine)?;
        let copy = Backup::new(&from, &mut to).map_err(engine)?;
        loop {
            let step = copy.step(BACKUP_PAGES).map_err(engine)?;
            let state = copy.progress();
            let pages = |count| u64::try_from(count).unwrap_or(0);
            progress(
                pages(state.pagecount.saturating_sub(state.remaining)),
                pages(state.pagecount),
            );
            if step == StepResult::Done {
                break;
            }
            if step != StepResult::More {
                return Err(StoreError::Conflict("the backup"));
            }
        }
        drop(copy);
        to.close().map_err(|(_, why)| engine(why))?;
        File::open(&part).and_then(|f| f.sync_all()).map_err(|why| file(&part, &why))?;
        fs::rename(&part, path).map_err(|why| file(path, &why))?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        File::open(folder).and_then(|f| f.sync_all()).map_err(|why| file(folder, &why))
    }

    /// What the engine finds wrong with the file; nothing, if it is sound.
    pub(super) fn integrity(&self) -> Result<Vec<String>> {
        let found = self.read(|session| {
            session.many("database", "PRAGMA integrity_check(100)", [], only::<String>)
        });
        match found {
            Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
            Err(StoreError::Damaged(what)) => Ok(vec![StoreError::Damaged(what).to_string()]),
            Err(other) => Err(other),
        }
    }

    /// Bytes that the database and its write-ahead log take.
    pub(super) fn bytes_on_disk(&self) -> Result<u64> {
        let mut sum = 0;
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.path.as_os_str().to_owned();
            path.push(suffix);
            match fs::metadata(&path) {
                Ok(data) => sum += data.len(),
                Err(why) if why.kind() == std::io::ErrorKind::NotFound => {}
                Err(why) => return Err(file(Path::new(&path), &why)),
            }
        }
        Ok(sum)
    }

    /// How many threads wait for the writer.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// How many readers are kept open and unused.
    #[cfg(test)]
    pub(super) fn readers_idle(&self) -> usize {
        lock(&self.idle).len()
    }

    fn reader(&self) -> Result<Connection> {
        read_only(&self.path, self.options.reader_cache_bytes)
    }
}

/// Runs a statement that many transactions share, read by the engine once for each connection.
fn run(conn: &Connection, sql: &'static str) -> Result<()> {
    conn.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(engine)
}

fn read_only(path: &Path, cache_bytes: u32) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(engine)?;
    prepare(&conn, cache_bytes)?;
    conn.execute_batch("PRAGMA query_only = ON").map_err(engine)?;
    Ok(conn)
}

impl Writer {
    /// Runs one unit. Returns its result, or its panic, and why the whole transaction is lost
    /// if it is.
    ///
    /// The first unit needs no savepoint: undoing it is undoing the transaction, which has
    /// nobody else in it yet. That spares large units a copy of every page that they change.
    fn unit<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Session<'_>) -> std::result::Result<T, E>,
    ) -> (std::thread::Result<std::result::Result<T, E>>, Option<StoreError>) {
        let session = Session::new(&self.conn);
        let Some(batch) = &mut self.batch else {
            if let Err(why) = run(&self.conn, "BEGIN IMMEDIATE") {
                return (Ok(Err(why.into())), None);
            }
            let outcome = attempt(work, &session);
            let mut lost = None;
            if !matches!(outcome, Ok(Ok(_))) {
                self.undo();
            } else if self.conn.is_autocommit() {
                lost = Some(session.fault().unwrap_or_else(transaction_lost));
            } else {
                self.batch = Some(Batch { units: 1, verdict: Arc::default() });
            }
            return (outcome, lost);
        };

        batch.units += 1;
        if let Err(why) = session.run("SAVEPOINT unit", []) {
            return (Ok(Err(why.clone().into())), Some(why));
        }
        let outcome = attempt(work, &session);
        let undone =
            if matches!(outcome, Ok(Ok(_))) { Ok(0) } else { session.run("ROLLBACK TO unit", []) };
        let ended = undone.and_then(|_| session.run("RELEASE unit", []));
        (outcome, ended.err())
    }

    fn is_crowded(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.units >= UNITS_MAX)
    }

    /// Commits for every unit of the transaction, and tells those who wait.
    fn commit(&mut self, faults: Option<&dyn Faults>, commits: &AtomicU64) -> Result<()> {
        if self.batch.is_none() {
            return Ok(());
        }
        let before = faults.map_or(Ok(()), Faults::before_commit);
        let result = before.and_then(|()| {
            run(&self.conn, "COMMIT")?;
            commits.fetch_add(1, Ordering::Relaxed);
            faults.map_or(Ok(()), Faults::after_commit)
        });
        if result.is_err() {
            self.undo();
        }
        self.settle(result)
    }

    /// Nothing of the transaction is kept.
    fn abandon(&mut self, why: StoreError) -> Result<()> {
        self.undo();
        self.settle(Err(why))
    }

    fn undo(&self) {
        if !self.conn.is_autocommit() {
            // An engine that cannot undo has already done so; the next BEGIN would tell.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    fn settle(&mut self, result: Result<()>) -> Result<()> {
        if let Some(batch) = self.batch.take() {
            batch.verdict.tell(result.clone());
        }
        result
    }
}

/// Does the work of a unit. It is over when it panics, and what it did is undone before anyone
/// can see it: nothing half done survives.
fn attempt<T, E>(
    work: impl FnOnce(&Session<'_>) -> std::result::Result<T, E>,
    session: &Session<'_>,
) -> std::thread::Result<std::result::Result<T, E>> {
    catch_unwind(AssertUnwindSafe(|| work(session)))
}

impl Verdict {
    fn tell(&self, result: Result<()>) {
        *lock(&self.result) = Some(result);
        self.told.notify_all();
    }

    fn wait(&self) -> Result<()> {
        let mut result = lock(&self.result);
        loop {
            if let Some(result) = result.as_ref() {
                return result.clone();
            }
            result = self.told.wait(result).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What every connection needs. Nothing is mapped into memory: each connection's map would count
/// against the node's memory, and a failing disk would end the process instead of a read.
fn prepare(conn: &Connection, cache_bytes: u32) -> Result<()> {
    conn.busy_timeout(BUSY).map_err(engine)?;
    // Or the engine plans a statement anew whenever a bound `LIMIT` differs from the last one.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(engine)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    let cache_kib = cache_bytes / 1024;
    conn.execute_batch(&format!(
        "PRAGMA cache_size = -{cache_kib};
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;"
    ))
    .map_err(engine)
}

/// Makes sure that the file exists and that, if it is new, only its owner may read it. The
/// engine gives its side files the same permissions.
fn create_private(path: &Path) -> Result<()> {
    let mut how = OpenOptions::new();
    how.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    how.open(path).map(drop).map_err(|why| file(path, &why))
}

fn file(path: &Path, why: &std::io::Error) -> StoreError {
    if why.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full;
    }
    StoreError::Engine(format!("`{}`: {why}", path.display()))
}

/// A lock outlives a panic: what it guards is made whole before the panic goes on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
