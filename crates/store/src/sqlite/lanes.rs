//! What is on its way out and in, in SQL.

use entente_model::item::Lane;
use entente_model::{Digest, NodeId, Timestamp, WrapContextId};

use super::column::{Columns, cells, only};
use super::{Tx, limit};
use crate::rows::{
    ContextRow, IntentRow, LaneInRow, LaneOutRow, OutboxRow, PeerLogRow, QuarantineRow,
    ReleaseContextRow,
};
use crate::{Lanes, Result, StoreError};

/// Reported roots that are kept of one log. Gossip has no natural end, so it gets one.
const ROOTS_KEPT: u64 = 1_000;

impl Lanes for Tx<'_, '_> {
    fn lane_out(&self, dst: NodeId, lane: Lane) -> Result<LaneOutRow> {
        let row = self.session.one(
            "lane",
            "SELECT seq, chain, acked, receipted, announced FROM lane_out
             WHERE dst = ?1 AND lane = ?2",
            cells![dst, lane],
            |c| {
                Ok(LaneOutRow {
                    seq: c.take()?,
                    chain: c.take()?,
                    acked: c.take()?,
                    receipted: c.take()?,
                    announced: c.take()?,
                })
            },
        )?;
        Ok(row.unwrap_or_default())
    }

    fn put_lane_out(&mut self, dst: NodeId, lane: Lane, row: &LaneOutRow) -> Result<()> {
        self.session.run(
            "INSERT INTO lane_out (dst, lane, seq, chain, acked, receipted, announced)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (dst, lane) DO UPDATE SET seq = excluded.seq, chain = excluded.chain,
                 acked = excluded.acked, receipted = excluded.receipted,
                 announced = excluded.announced",
            cells![dst, lane, row.seq, row.chain, row.acked, row.receipted, row.announced],
        )?;
        Ok(())
    }

    fn lane_in(&self, src: NodeId, lane: Lane) -> Result<LaneInRow> {
        let row = self.session.one(
            "lane",
            "SELECT seq, chain, receipted, announced FROM lane_in WHERE src = ?1 AND lane = ?2",
            cells![src, lane],
            |c| {
                Ok(LaneInRow {
                    seq: c.take()?,
                    chain: c.take()?,
                    receipted: c.take()?,
                    announced: c.take()?,
                })
            },
        )?;
        Ok(row.unwrap_or_default())
    }

    fn put_lane_in(&mut self, src: NodeId, lane: Lane, row: &LaneInRow) -> Result<()> {
        self.session.run(
            "INSERT INTO lane_in (src, lane, seq, chain, receipted, announced)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (src, lane) DO UPDATE SET seq = excluded.seq, chain = excluded.chain,
                 receipted = excluded.receipted, announced = excluded.announced",
            cells![src, lane, row.seq, row.chain, row.receipted, row.announced],
        )?;
        Ok(())
    }

    fn put_outbox(&mut self, dst: NodeId, lane: Lane, row: &OutboxRow) -> Result<()> {
        let added = self.session.run(
            "INSERT INTO outbox (dst, lane, last, first, size, at, bytes, items)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (dst, lane, last) DO NOTHING",
            cells![dst, lane, row.last, row.first, row.size, row.at, row.bytes, row.items],
        )?;
        if added == 0 { Err(StoreError::Conflict("the outbox")) } else { Ok(()) }
    }

    fn outbox(&self, dst: NodeId, lane: Lane, from: u64, count: u64) -> Result<Vec<OutboxRow>> {
        // Runs do not overlap, so their order by last position is that by first.
        self.session.many(
            "outbox",
            "SELECT first, last, size, at, bytes, items FROM outbox
             WHERE dst = ?1 AND lane = ?2 AND last >= ?3 ORDER BY last LIMIT ?4",
            cells![dst, lane, from, limit(count)],
            |c| {
                Ok(OutboxRow {
                    first: c.take()?,
                    last: c.take()?,
                    size: c.take()?,
                    at: c.take()?,
                    bytes: c.take()?,
                    items: c.take()?,
                })
            },
        )
    }

    fn trim_outbox(&mut self, dst: NodeId, lane: Lane, upto: u64) -> Result<()> {
        self.session.run(
            "DELETE FROM outbox WHERE dst = ?1 AND lane = ?2 AND last <= ?3",
            cells![dst, lane, upto],
        )?;
        Ok(())
    }

    fn empty_outbox(&mut self, dst: NodeId, lane: Lane, upto: u64) -> Result<()> {
        self.session.run(
            "UPDATE outbox SET bytes = 0 WHERE dst = ?1 AND lane = ?2 AND last <= ?3",
            cells![dst, lane, upto],
        )?;
        Ok(())
    }

    fn outbox_waiting(&self, dst: NodeId) -> Result<(u64, Option<Timestamp>)> {
        let waiting = self.session.one(
            "outbox",
            "SELECT coalesce(sum(bytes), 0), min(at) FROM outbox WHERE dst = ?1",
            cells![dst],
            |c| Ok((c.take()?, c.take()?)),
        )?;
        Ok(waiting.unwrap_or_default())
    }

    fn put_intent(&mut self, intent: &IntentRow) -> Result<()> {
        self.session.run(
            "INSERT INTO intent (dst, lane, kind, payload, record) VALUES (?1, ?2, ?3, ?4, ?5)",
            cells![intent.dst, intent.lane, intent.kind, intent.payload, intent.record],
        )?;
        Ok(())
    }

    fn intents(&self, count: u64) -> Result<Vec<IntentRow>> {
        self.session.many(
            "intent",
            "SELECT id, dst, lane, kind, payload, record FROM intent ORDER BY id LIMIT ?1",
            cells![limit(count)],
            |c| {
                Ok(IntentRow {
                    id: c.take()?,
                    dst: c.take()?,
                    lane: c.take()?,
                    kind: c.take()?,
                    payload: c.take()?,
                    record: c.take()?,
                })
            },
        )
    }

    fn has_intents(&self) -> Result<bool> {
        let first: Option<i64> = self.session.one(
            "intent",
            "SELECT id FROM intent ORDER BY id LIMIT 1",
            cells![],
            only,
        )?;
        Ok(first.is_some())
    }

    fn drop_intent(&mut self, id: i64) -> Result<()> {
        self.session.run("DELETE FROM intent WHERE id = ?1", cells![id])?;
        Ok(())
    }

    fn put_release_context(&mut self, row: &ReleaseContextRow) -> Result<i64> {
        let known = self.session.one(
            "release context",
            "SELECT id FROM release_context
             WHERE wc = ?1 AND basis = ?2 AND dst = ?3 AND lane = ?4
                 AND terms IS NOT DISTINCT FROM ?5 AND terms_sealed IS NOT DISTINCT FROM ?6
             ORDER BY id LIMIT 1",
            cells![row.wc, row.basis, row.dst, row.lane, row.terms, row.terms_sealed],
            only,
        )?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.session
            .add(
                "INSERT INTO release_context (dst, lane, wc, basis, terms, terms_sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                cells![row.dst, row.lane, row.wc, row.basis, row.terms, row.terms_sealed],
            )?
            .ok_or(StoreError::Damaged("release context"))
    }

    fn release_context(&self, id: i64) -> Result<Option<ReleaseContextRow>> {
        self.session.one(
            "release context",
            "SELECT dst, lane, wc, basis, terms, terms_sealed FROM release_context WHERE id = ?1",
            cells![id],
            |c| {
                Ok(ReleaseContextRow {
                    dst: c.take()?,
                    lane: c.take()?,
                    wc: c.take()?,
                    basis: c.take()?,
                    terms: c.take()?,
                    terms_sealed: c.take()?,
                })
            },
        )
    }

    fn put_wrap_context(&mut self, row: &ContextRow) -> Result<()> {
        self.session.run(
            "INSERT INTO wrap_context (peer, id, at, frame) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (peer, id) DO NOTHING",
            cells![row.peer, row.id, row.at, row.frame],
        )?;
        Ok(())
    }

    fn wrap_context(&self, peer: NodeId, id: WrapContextId) -> Result<Option<ContextRow>> {
        self.session.one(
            "wrap context",
            "SELECT peer, id, frame, at FROM wrap_context WHERE peer = ?1 AND id = ?2",
            cells![peer, id],
            |c| Ok(ContextRow { peer: c.take()?, id: c.take()?, frame: c.take()?, at: c.take()? }),
        )
    }

    fn put_early(&mut self, src: NodeId, lane: Lane, seq: u64, frames: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO early (src, lane, seq, frames) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (src, lane, seq) DO UPDATE SET frames = excluded.frames",
            cells![src, lane, seq, frames],
        )?;
        Ok(())
    }

    fn early_count(&self, src: NodeId, lane: Lane) -> Result<u64> {
        let count = self.session.one(
            "early item",
            "SELECT count(*) FROM early WHERE src = ?1 AND lane = ?2",
            cells![src, lane],
            only,
        )?;
        Ok(count.unwrap_or_default())
    }

    fn early(&self, src: NodeId, lane: Lane, seq: u64) -> Result<Option<Vec<u8>>> {
        self.session.one(
            "early item",
            "SELECT frames FROM early WHERE src = ?1 AND lane = ?2 AND seq = ?3",
            cells![src, lane, seq],
            only,
        )
    }

    fn trim_early(&mut self, src: NodeId, lane: Lane, upto: u64) -> Result<()> {
        self.session.run(
            "DELETE FROM early WHERE src = ?1 AND lane = ?2 AND seq <= ?3",
            cells![src, lane, upto],
        )?;
        Ok(())
    }

    fn put_quarantine(&mut self, row: &QuarantineRow) -> Result<()> {
        // A partner that repeats itself must not fill our disk: the first of a kind is kept.
        self.session.run(
            "INSERT INTO quarantine (src, lane, seq, code, at, evidence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (src, lane, seq, code) DO NOTHING",
            cells![row.src, row.lane, row.seq, row.code, row.at, row.evidence],
        )?;
        Ok(())
    }

    fn quarantine_bytes(&self, src: NodeId) -> Result<u64> {
        let bytes = self.session.one(
            "refused item",
            "SELECT coalesce(sum(length(evidence)), 0) FROM quarantine WHERE src = ?1",
            cells![src],
            only,
        )?;
        Ok(bytes.unwrap_or_default())
    }

    fn quarantine(&self, count: u64) -> Result<Vec<QuarantineRow>> {
        self.session.many(
            "refused item",
            "SELECT src, lane, seq, code, at, evidence FROM quarantine ORDER BY id DESC LIMIT ?1",
            cells![limit(count)],
            |c| {
                Ok(QuarantineRow {
                    src: c.take()?,
                    lane: c.take()?,
                    seq: c.take()?,
                    code: c.take()?,
                    at: c.take()?,
                    evidence: c.take()?,
                })
            },
        )
    }

    fn put_receipt(&mut self, from: NodeId, lane: Lane, upto: u64, evidence: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO receipt (src, lane, upto, evidence) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (src, lane, upto) DO NOTHING",
            cells![from, lane, upto, evidence],
        )?;
        Ok(())
    }

    fn receipt(&self, from: NodeId, lane: Lane, seq: u64) -> Result<Option<(u64, Vec<u8>)>> {
        self.session.one(
            "receipt",
            "SELECT upto, evidence FROM receipt WHERE src = ?1 AND lane = ?2 AND upto >= ?3
             ORDER BY upto LIMIT 1",
            cells![from, lane, seq],
            |c| Ok((c.take()?, c.take()?)),
        )
    }

    fn peer_log(&self, origin: &str) -> Result<Option<PeerLogRow>> {
        self.session.one(
            "partner's log",
            "SELECT size, root, note, at, cosigned FROM peer_log WHERE origin = ?1",
            cells![origin],
            peer_log,
        )
    }

    fn put_peer_log(&mut self, origin: &str, row: &PeerLogRow) -> Result<()> {
        // What was verified once is never forgotten for something smaller or different.
        let kept = self.session.run(
            "INSERT INTO peer_log (origin, size, root, at, cosigned, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
                 at = excluded.at, cosigned = excluded.cosigned, note = excluded.note
             WHERE excluded.size > peer_log.size
                 OR (excluded.size = peer_log.size AND excluded.root = peer_log.root)",
            cells![origin, row.size, row.root, row.at, row.cosigned, row.note],
        )?;
        if kept == 0 { Err(StoreError::Conflict("the partner's log")) } else { Ok(()) }
    }

    fn peer_logs(&self) -> Result<Vec<(String, PeerLogRow)>> {
        self.session.many(
            "partner's log",
            "SELECT origin, size, root, note, at, cosigned FROM peer_log ORDER BY origin",
            cells![],
            |c| Ok((c.take()?, peer_log(c)?)),
        )
    }

    fn root_seen(&self, origin: &str, size: u64) -> Result<Option<Digest>> {
        self.session.one(
            "root",
            "SELECT root FROM seen_root WHERE origin = ?1 AND size = ?2",
            cells![origin, size],
            only,
        )
    }

    fn note_root(&mut self, origin: &str, size: u64, root: Digest) -> Result<Option<Digest>> {
        let known = self.root_seen(origin, size)?;
        if known.is_some() {
            return Ok(known);
        }
        self.session.run(
            "INSERT INTO seen_root (origin, size, root) VALUES (?1, ?2, ?3)",
            cells![origin, size, root],
        )?;
        self.session.run(
            "DELETE FROM seen_root WHERE origin = ?1 AND id <=
                 (SELECT id FROM seen_root WHERE origin = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            cells![origin, ROOTS_KEPT],
        )?;
        Ok(None)
    }
}

fn peer_log(c: &mut Columns<'_, '_>) -> rusqlite::Result<PeerLogRow> {
    Ok(PeerLogRow {
        size: c.take()?,
        root: c.take()?,
        note: c.take()?,
        at: c.take()?,
        cosigned: c.take()?,
    })
}
