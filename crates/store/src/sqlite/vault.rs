//! The key vault in a SQLite file of its own. Keys come sealed and stay sealed.
//!
//! Deleting a row is not destroying a key: pages, logs and copies remember. That is why a sweep
//! gives shards new keys ([`Vault::renew`]); overwriting freed bytes, which this file does, is
//! only a second line.

use std::collections::BTreeSet;
use std::path::Path;

use entente_model::ObjectId;

use super::column::{cells, only};
use super::db::Db;
use super::session::Session;
use super::{Options, schema};
use crate::{Result, StoreError, Vault, shard_of};

/// The key vault in one SQLite file.
pub struct SqliteVault {
    db: Db,
}

impl SqliteVault {
    /// Opens or creates the vault.
    pub fn open(path: &Path) -> Result<Self> {
        let options = Options {
            writer_cache_bytes: 4 << 20,
            reader_cache_bytes: 512 << 10,
            readers_kept: 2,
            ..Options::default()
        };
        Self::open_with(path, options)
    }

    /// Opens or creates the vault in a certain way.
    pub fn open_with(path: &Path, options: Options) -> Result<Self> {
        Ok(Self { db: Db::open(path, &schema::VAULT, options)? })
    }

    /// Opens an existing vault to be looked at: nothing is created or changed.
    pub fn inspect(path: &Path) -> Result<Self> {
        Ok(Self { db: Db::inspect(path, &schema::VAULT, Options::default())? })
    }

    /// Copies one consistent state to a new file, as [`super::SqliteStore::backup_to`] does.
    pub fn backup_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.db.backup_to(path, progress)
    }

    /// What is wrong with the file, one sentence each; nothing if it is sound.
    pub fn integrity(&self) -> Result<Vec<String>> {
        self.db.integrity()
    }

    /// Bytes that the vault takes on disk, its write-ahead log included.
    pub fn bytes_on_disk(&self) -> Result<u64> {
        self.db.bytes_on_disk()
    }
}

impl Vault for SqliteVault {
    fn put(&self, shards: &[(u16, Vec<u8>)], keys: &[(ObjectId, Vec<u8>)]) -> Result<()> {
        self.db.write(|session| {
            for (shard, sealed) in shards {
                // Another key for the shard would orphan the body keys under the first.
                let kept = session.run(
                    "INSERT INTO shard (shard, sealed) VALUES (?1, ?2)
                     ON CONFLICT (shard) DO UPDATE SET sealed = excluded.sealed
                     WHERE shard.sealed = excluded.sealed",
                    cells![shard, sealed],
                )?;
                if kept == 0 {
                    return Err(StoreError::Conflict("the shard key"));
                }
            }
            for (oid, sealed) in keys {
                session.run(
                    "INSERT INTO body_key (oid, sealed) VALUES (?1, ?2)
                     ON CONFLICT (oid) DO UPDATE SET sealed = excluded.sealed",
                    cells![oid, sealed],
                )?;
            }
            Ok(())
        })
    }

    fn keys(&self, oids: &[ObjectId]) -> Result<Vec<Option<Vec<u8>>>> {
        self.db.read(|session| {
            let key = |oid: &ObjectId| {
                session.one(
                    "body key",
                    "SELECT sealed FROM body_key WHERE oid = ?1",
                    cells![oid],
                    only,
                )
            };
            oids.iter().map(key).collect()
        })
    }

    fn shards(&self) -> Result<Vec<(u16, Vec<u8>)>> {
        self.db.read(|session| {
            session.many(
                "shard key",
                "SELECT shard, sealed FROM shard ORDER BY shard",
                cells![],
                |c| Ok((c.take()?, c.take()?)),
            )
        })
    }

    fn shred(&self, oids: &[ObjectId]) -> Result<Vec<u16>> {
        self.db.write(|session| {
            let mut dirty = BTreeSet::new();
            for oid in oids {
                let deleted = session.run("DELETE FROM body_key WHERE oid = ?1", cells![oid])?;
                if deleted > 0 && dirty.insert(shard_of(*oid)) {
                    session.run(
                        "INSERT INTO dirty (shard) VALUES (?1) ON CONFLICT (shard) DO NOTHING",
                        cells![shard_of(*oid)],
                    )?;
                }
            }
            Ok(dirty.into_iter().collect())
        })
    }

    fn dirty(&self) -> Result<Vec<u16>> {
        self.db.read(|session| {
            session.many("shard", "SELECT shard FROM dirty ORDER BY shard", cells![], only)
        })
    }

    fn shard_keys(&self, shard: u16) -> Result<Vec<(ObjectId, Vec<u8>)>> {
        self.db.read(|session| shard_keys(session, shard))
    }

    fn renew(&self, shards: &[(u16, Vec<u8>)], keys: &[(ObjectId, Vec<u8>)]) -> Result<()> {
        let given: BTreeSet<ObjectId> = keys.iter().map(|(oid, _)| *oid).collect();
        let touched: BTreeSet<u16> = given.iter().copied().map(shard_of).collect();
        self.db.write(|session| {
            let mut covered = 0;
            for (shard, sealed) in shards {
                let clean = session.run("DELETE FROM dirty WHERE shard = ?1", cells![shard])? == 0;
                // A shard with a new key takes all of its body keys along or none: one that came
                // or went meanwhile would be lost, or live again.
                if !clean || touched.contains(shard) {
                    let stored = shard_keys(session, *shard)?;
                    if !stored.iter().all(|(oid, _)| given.contains(oid)) {
                        return Err(StoreError::Conflict("the shard"));
                    }
                    covered += stored.len();
                }
                session.run(
                    "INSERT INTO shard (shard, sealed) VALUES (?1, ?2)
                     ON CONFLICT (shard) DO UPDATE SET sealed = excluded.sealed",
                    cells![shard, sealed],
                )?;
            }
            if covered != given.len() {
                return Err(StoreError::Conflict("the shard"));
            }
            for (oid, sealed) in keys {
                session
                    .run("UPDATE body_key SET sealed = ?2 WHERE oid = ?1", cells![oid, sealed])?;
            }
            Ok(())
        })?;
        self.db.empty_wal();
        Ok(())
    }
}

/// The body keys of a shard: a range, because a shard is the first two bytes of an object's id.
fn shard_keys(session: &Session<'_>, shard: u16) -> Result<Vec<(ObjectId, Vec<u8>)>> {
    let (mut from, mut to) = ([0; ObjectId::LEN], [0xff; ObjectId::LEN]);
    for [high, low, ..] in [&mut from, &mut to] {
        [*high, *low] = shard.to_be_bytes();
    }
    session.many(
        "body key",
        "SELECT oid, sealed FROM body_key WHERE oid BETWEEN ?1 AND ?2 ORDER BY oid",
        cells![from, to],
        |c| Ok((c.take()?, c.take()?)),
    )
}
