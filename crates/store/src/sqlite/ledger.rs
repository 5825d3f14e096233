//! The node's own Merkle log and its openings, in SQL.

use entente_model::record::RecordKind;
use entente_model::{Digest, NodeId};

use super::column::{Columns, cells, only};
use super::{Tx, limit};
use crate::rows::{CheckpointRow, HeadRow, LeafRow};
use crate::{Ledger, Result, StoreError};

impl Ledger for Tx<'_, '_> {
    fn head(&self) -> Result<Option<HeadRow>> {
        self.session.one(
            "head of the log",
            "SELECT size, root, written_under FROM head WHERE id = 1 AND root IS NOT NULL",
            cells![],
            |c| Ok(HeadRow { size: c.take()?, root: c.take()?, fence: c.take()? }),
        )
    }

    fn advance_head(&mut self, expected: u64, next: &HeadRow) -> Result<()> {
        let moved = self.session.run(
            "UPDATE head SET size = ?1, root = ?2, written_under = ?3
             WHERE id = 1 AND size = ?4 AND fence = ?3 AND size <= ?1",
            cells![next.size, next.root, next.fence, expected],
        )?;
        if moved == 0 { Err(StoreError::Conflict("the head of the log")) } else { Ok(()) }
    }

    fn take_fence(&mut self) -> Result<u64> {
        self.session.run("UPDATE head SET fence = fence + 1 WHERE id = 1", cells![])?;
        self.session
            .one("fence", "SELECT fence FROM head WHERE id = 1", cells![], only)?
            .ok_or(StoreError::Damaged("fence"))
    }

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        self.session.one(
            "tile",
            "SELECT hashes FROM tile WHERE level = ?1 AND idx = ?2",
            cells![level, index],
            only,
        )
    }

    fn put_tile(&mut self, level: u8, index: u64, hashes: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO tile (level, idx, hashes) VALUES (?1, ?2, ?3)
             ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes",
            cells![level, index, hashes],
        )?;
        Ok(())
    }

    fn put_leaf(&mut self, leaf: &LeafRow) -> Result<()> {
        let added = self.session.run(
            "INSERT INTO leaf (idx, kind, leaf, opening) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (idx) DO NOTHING",
            cells![leaf.index, leaf.kind, leaf.leaf, leaf.opening],
        )?;
        if added == 0 { Err(StoreError::Conflict("the log")) } else { Ok(()) }
    }

    fn leaf(&self, index: u64) -> Result<Option<LeafRow>> {
        self.session.one(
            "leaf",
            "SELECT idx, leaf, kind, opening FROM leaf WHERE idx = ?1",
            cells![index],
            leaf,
        )
    }

    fn leaves(&self, from: u64, count: u64) -> Result<Vec<LeafRow>> {
        self.session.many(
            "leaf",
            "SELECT idx, leaf, kind, opening FROM leaf WHERE idx >= ?1 ORDER BY idx LIMIT ?2",
            cells![from, limit(count)],
            leaf,
        )
    }

    fn leaves_of_kind(&self, kind: RecordKind, count: u64) -> Result<Vec<LeafRow>> {
        self.session.many(
            "leaf",
            "SELECT idx, leaf, kind, opening FROM leaf WHERE kind = ?1
             ORDER BY idx DESC LIMIT ?2",
            cells![kind.code(), limit(count)],
            leaf,
        )
    }

    fn erase_opening(&mut self, index: u64) -> Result<()> {
        self.session.run("UPDATE leaf SET opening = NULL WHERE idx = ?1", cells![index])?;
        Ok(())
    }

    fn put_checkpoint(&mut self, row: &CheckpointRow) -> Result<()> {
        // Two roots at one size are two histories: whoever asks for that is not alone.
        let kept = self.session.run(
            "INSERT INTO checkpoint (size, root, note) VALUES (?1, ?2, ?3)
             ON CONFLICT (size) DO UPDATE SET note = excluded.note
             WHERE checkpoint.root = excluded.root",
            cells![row.size, row.root, row.note],
        )?;
        if kept == 0 { Err(StoreError::Conflict("the checkpoint")) } else { Ok(()) }
    }

    fn checkpoint(&self) -> Result<Option<CheckpointRow>> {
        self.session.one(
            "checkpoint",
            "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1",
            cells![],
            checkpoint,
        )
    }

    fn checkpoint_at(&self, size: u64) -> Result<Option<CheckpointRow>> {
        self.session.one(
            "checkpoint",
            "SELECT size, root, note FROM checkpoint WHERE size = ?1",
            cells![size],
            checkpoint,
        )
    }

    fn put_cosignature(&mut self, size: u64, witness: NodeId, lines: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO cosignature (size, witness, lines) VALUES (?1, ?2, ?3)
             ON CONFLICT (size, witness) DO UPDATE SET lines = excluded.lines",
            cells![size, witness, lines],
        )?;
        Ok(())
    }

    fn cosignatures(&self, count: u64) -> Result<Vec<(u64, NodeId, Vec<u8>)>> {
        self.session.many(
            "cosignature",
            "SELECT size, witness, lines FROM cosignature ORDER BY size DESC, witness DESC
             LIMIT ?1",
            cells![limit(count)],
            |c| Ok((c.take()?, c.take()?, c.take()?)),
        )
    }

    fn put_preimage(&mut self, digest: Digest, bytes: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO preimage (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
            cells![digest, bytes],
        )?;
        Ok(())
    }

    fn preimage(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        self.session.one(
            "preimage",
            "SELECT bytes FROM preimage WHERE digest = ?1",
            cells![digest],
            only,
        )
    }
}

fn leaf(c: &mut Columns<'_, '_>) -> rusqlite::Result<LeafRow> {
    Ok(LeafRow { index: c.take()?, leaf: c.take()?, kind: c.take()?, opening: c.take()? })
}

fn checkpoint(c: &mut Columns<'_, '_>) -> rusqlite::Result<CheckpointRow> {
    Ok(CheckpointRow { size: c.take()?, root: c.take()?, note: c.take()? })
}
