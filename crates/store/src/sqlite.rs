//! The store and the key vault on SQLite: one file each, opened by one node.
//!
//! A write is durable when it returns (write-ahead log, every commit synced). Units of work
//! that are under way at the same time share a commit; readers see the last committed
//! state and never wait for the writer. Memory stays within the caches of [`Options`].
//!
//! This is the one place in the lower storeys that touches files.

mod accesses;
mod column;
mod db;
mod facts;
mod journal;
#[cfg(test)]
mod killed;
mod lanes;
mod ledger;
mod objects;
mod peers;
mod people;
mod policy;
mod schema;
mod session;
mod signins;
mod standing;
#[cfg(test)]
mod tests;
mod vault;

use std::path::Path;
use std::sync::Arc;

pub use vault::SqliteVault;

use self::db::Db;
use self::objects::Holdings;
use self::session::Session;
use crate::{Result, Store, StoreError, Work};

/// How a database is opened.
#[derive(Clone)]
pub struct Options {
    /// Leaves it to the operating system when bytes reach the disk: a power cut may lose or
    /// damage everything. For the simulator, which has no power to cut.
    pub dangerous_no_sync: bool,
    /// Memory for the writer's pages.
    pub writer_cache_bytes: u32,
    /// Memory for each reader's pages.
    pub reader_cache_bytes: u32,
    /// Readers kept open; more are opened when more read at once, and closed after.
    pub readers_kept: usize,
    /// The database grows no larger than this; a write beyond it is [`StoreError::Full`].
    pub bytes_max: Option<u64>,
    /// What goes wrong at commits, in a simulation.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dangerous_no_sync: false,
            writer_cache_bytes: 16 << 20,
            reader_cache_bytes: 2 << 20,
            readers_kept: 4,
            bytes_max: None,
            faults: None,
        }
    }
}

/// Lets a simulation make commits fail.
pub trait Faults: Send + Sync {
    /// Asked before a commit: an error here means that nothing was kept.
    fn before_commit(&self) -> Result<()> {
        Ok(())
    }

    /// Asked after a commit: an error here is told to the caller although the work was kept,
    /// as when a process dies before it can say so.
    fn after_commit(&self) -> Result<()> {
        Ok(())
    }
}

/// The main database in one SQLite file.
pub struct SqliteStore {
    db: Db,
}

impl SqliteStore {
    /// Opens or creates the database.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// Opens or creates the database in a certain way.
    pub fn open_with(path: &Path, options: Options) -> Result<Self> {
        Ok(Self { db: Db::open(path, &schema::STORE, options)? })
    }

    /// Opens an existing database to be looked at: nothing is created or changed, and every
    /// write fails. Works beside the node that serves it, and on a copy.
    pub fn inspect(path: &Path) -> Result<Self> {
        Ok(Self { db: Db::inspect(path, &schema::STORE, Options::default())? })
    }

    /// How many transactions were committed since it was opened: fewer than writes when writes
    /// shared them.
    pub fn commits(&self) -> u64 {
        self.db.commits()
    }

    /// Copies one consistent state to a new file while work goes on; `progress` hears how many
    /// pages are done, and of how many.
    pub fn backup_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.db.backup_to(path, progress)
    }

    /// What is wrong with the file, one sentence each; nothing if it is sound. Reads all of it.
    pub fn integrity(&self) -> Result<Vec<String>> {
        self.db.integrity()
    }

    /// Bytes that the database takes on disk, its write-ahead log included.
    pub fn bytes_on_disk(&self) -> Result<u64> {
        self.db.bytes_on_disk()
    }
}

/// Work inside `work` must not call [`Store::write`] again: the writer is one, and busy.
impl Store for SqliteStore {
    fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Work) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.db.write(|session| {
            let mut tx = Tx { session, holdings: Holdings::default() };
            let result = work(&mut tx)?;
            tx.count_holdings()?;
            Ok(result)
        })
    }

    fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&dyn Work) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.db.read(|session| work(&Tx { session, holdings: Holdings::default() }))
    }
}

/// One unit of work; the traits are implemented in the modules of their names.
struct Tx<'s, 'c> {
    session: &'s Session<'c>,
    holdings: Holdings,
}

/// A `LIMIT`: what an engine cannot count to is no limit.
fn limit(count: u64) -> u64 {
    count.min(i64::MAX as u64)
}
