//! Holdings, in SQL. A sealed body lies in a table of its own, so that lists stay small.

use entente_model::{NationId, ObjectId, Timestamp};

use super::column::{Columns, cells, only};
use super::{Tx, limit};
use crate::rows::{AskRow, AtHomeRow, ConsentRow, EffectRow, MarkedCount, ObjectRow, RecallRow};
use crate::{Objects, Result, StoreError};

/// How a unit of work changed the number of bodies held: received, own. It is written once, at
/// the unit's end, because counting a large table for a page would take seconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holdings {
    received: i64,
    own: i64,
}

impl Holdings {
    fn change(&mut self, own: bool, by: i64) {
        let count = if own { &mut self.own } else { &mut self.received };
        *count += by;
    }
}

/// Reads of objects differ in their condition only.
macro_rules! select_objects {
    ($condition:literal) => {
        concat!(
            "SELECT position, oid, nation, state, object_type, media_type, marking, class, bytes, \
             body, at, leaf, source_node, source_lane, source_seq, terms, delete_at, evidence, \
             agencies, released_to FROM object ",
            $condition
        )
    };
}

impl Tx<'_, '_> {
    /// Writes down how many bodies the unit of work added and destroyed.
    pub(super) fn count_holdings(&self) -> Result<()> {
        for (own, by) in [(false, self.holdings.received), (true, self.holdings.own)] {
            if by != 0 {
                self.session.run(
                    "UPDATE holdings SET count = count + ?1 WHERE own = ?2",
                    cells![by, own],
                )?;
            }
        }
        Ok(())
    }

    fn held(&self, own: bool) -> Result<u64> {
        let stored: i64 = self
            .session
            .one("count", "SELECT count FROM holdings WHERE own = ?1", cells![own], only)?
            .ok_or(StoreError::Damaged("count"))?;
        let here = if own { self.holdings.own } else { self.holdings.received };
        u64::try_from(stored + here).map_err(|_| StoreError::Damaged("count"))
    }
}

impl Objects for Tx<'_, '_> {
    fn put_object(&mut self, row: &ObjectRow, ct: &[u8]) -> Result<bool> {
        let own = row.source.is_none();
        let (node, lane, seq) = row
            .source
            .map_or((None, None, None), |(node, lane, seq)| (Some(node), Some(lane), Some(seq)));
        let position = self.session.add(
            "INSERT INTO object (oid, own, held, nation, state, object_type, media_type, marking,
                 class, bytes, body, at, leaf, source_node, source_lane, source_seq, delete_at,
                 terms, evidence, agencies, released_to)
             VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                 ?17, ?18, ?19, ?20)
             ON CONFLICT (oid) DO NOTHING",
            cells![
                row.oid,
                own,
                row.nation,
                row.state,
                row.object_type,
                row.media_type,
                row.marking,
                row.class,
                row.bytes,
                row.body,
                row.at,
                row.leaf,
                node,
                lane,
                seq,
                row.delete_at,
                row.terms,
                row.evidence,
                row.agencies,
                row.released_to,
            ],
        )?;
        let Some(position) = position else {
            return Ok(false);
        };
        self.session
            .run("INSERT INTO body (position, ct) VALUES (?1, ?2)", cells![position, ct])?;
        self.holdings.change(own, 1);
        Ok(true)
    }

    fn object(&self, oid: ObjectId) -> Result<Option<ObjectRow>> {
        self.session.one("object", select_objects!("WHERE oid = ?1"), cells![oid], object)
    }

    fn body(&self, oid: ObjectId) -> Result<Option<Vec<u8>>> {
        self.session.one(
            "body",
            "SELECT ct FROM body WHERE position = (SELECT position FROM object WHERE oid = ?1)",
            cells![oid],
            only,
        )
    }

    fn set_object_state(&mut self, oid: ObjectId, state: u8) -> Result<()> {
        self.session.run("UPDATE object SET state = ?2 WHERE oid = ?1", cells![oid, state])?;
        Ok(())
    }

    fn drop_body(&mut self, oid: ObjectId) -> Result<()> {
        let held: Option<(i64, bool)> = self.session.one(
            "object",
            "SELECT position, own FROM object WHERE oid = ?1 AND held = 1",
            cells![oid],
            |c| Ok((c.take()?, c.take()?)),
        )?;
        if let Some((position, own)) = held {
            self.session.run("UPDATE object SET held = 0 WHERE position = ?1", cells![position])?;
            self.session.run("DELETE FROM body WHERE position = ?1", cells![position])?;
            self.holdings.change(own, -1);
        }
        Ok(())
    }

    fn objects(
        &self,
        before: Option<i64>,
        count: u64,
        own: Option<bool>,
    ) -> Result<Vec<ObjectRow>> {
        let before = before.unwrap_or(i64::MAX);
        let count = limit(count);
        match own {
            Some(own) => self.session.many(
                "object",
                select_objects!("WHERE own = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3"),
                cells![own, before, count],
                object,
            ),
            None => self.session.many(
                "object",
                select_objects!("WHERE position < ?1 ORDER BY position DESC LIMIT ?2"),
                cells![before, count],
                object,
            ),
        }
    }

    fn object_counts(&self) -> Result<(u64, u64)> {
        Ok((self.held(true)?, self.held(false)?))
    }

    fn object_counts_to(&self, class: u8) -> Result<Vec<MarkedCount>> {
        self.session.many(
            "count",
            "SELECT own, nation, marking, agencies, released_to, state, count(*) FROM object
             WHERE held = 1 AND own IN (0, 1) AND class <= ?1
             GROUP BY own, nation, marking, agencies, released_to, state
             ORDER BY own, nation, marking, agencies, released_to, state",
            cells![class],
            |c| {
                Ok(MarkedCount {
                    own: c.take()?,
                    nation: c.take()?,
                    marking: c.take()?,
                    agencies: c.take()?,
                    released_to: c.take()?,
                    state: c.take()?,
                    count: c.take()?,
                })
            },
        )
    }

    fn objects_due(&self, now: Timestamp, count: u64) -> Result<Vec<ObjectRow>> {
        self.session.many(
            "object",
            select_objects!(
                "WHERE held = 1 AND delete_at IS NOT NULL AND delete_at <= ?1 \
                 ORDER BY delete_at, position LIMIT ?2"
            ),
            cells![now, limit(count)],
            object,
        )
    }

    fn set_agencies(&mut self, oid: ObjectId, agencies: &[String]) -> Result<()> {
        self.session.run(
            "UPDATE object SET agencies = ?2 WHERE oid = ?1",
            cells![oid, agencies.to_vec()],
        )?;
        Ok(())
    }

    fn set_released_to(&mut self, oid: ObjectId, nations: &[String]) -> Result<()> {
        self.session.run(
            "UPDATE object SET released_to = ?2 WHERE oid = ?1",
            cells![oid, nations.to_vec()],
        )?;
        Ok(())
    }

    fn put_at_home(&mut self, row: &AtHomeRow) -> Result<()> {
        self.session.run(
            "INSERT INTO at_home (oid, agency, giver, terms, leaf, at, delete_at, ended)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (oid, agency) DO UPDATE SET giver = excluded.giver,
                 terms = excluded.terms, leaf = excluded.leaf, at = excluded.at,
                 delete_at = excluded.delete_at, ended = excluded.ended",
            cells![
                row.oid,
                row.agency,
                row.giver,
                row.terms,
                row.leaf,
                row.at,
                row.delete_at,
                row.ended,
            ],
        )?;
        Ok(())
    }

    fn at_home(&self, oid: ObjectId) -> Result<Vec<AtHomeRow>> {
        self.session.many(
            "hold of an agency",
            "SELECT oid, agency, giver, terms, leaf, at, delete_at, ended FROM at_home
             WHERE oid = ?1 ORDER BY agency",
            cells![oid],
            at_home,
        )
    }

    fn at_home_due(&self, now: Timestamp, count: u64) -> Result<Vec<AtHomeRow>> {
        self.session.many(
            "hold of an agency",
            "SELECT oid, agency, giver, terms, leaf, at, delete_at, ended FROM at_home
             WHERE ended IS NULL AND delete_at IS NOT NULL AND delete_at <= ?1
             ORDER BY delete_at, oid, agency LIMIT ?2",
            cells![now, limit(count)],
            at_home,
        )
    }

    fn end_at_home(&mut self, oid: ObjectId, agency: &str, at: Timestamp) -> Result<()> {
        self.session.run(
            "UPDATE at_home SET ended = ?3 WHERE oid = ?1 AND agency = ?2 AND ended IS NULL",
            cells![oid, agency.to_owned(), at],
        )?;
        Ok(())
    }

    fn put_recall(&mut self, row: &RecallRow) -> Result<()> {
        self.session.run(
            "INSERT INTO recall (oid, nation, own, class, basis, at, deadline)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (oid, nation) DO UPDATE SET own = excluded.own,
                 class = max(recall.class, excluded.class),
                 basis = excluded.basis, at = excluded.at, deadline = excluded.deadline",
            cells![row.oid, row.nation, row.own, row.class, row.basis, row.at, row.deadline],
        )?;
        Ok(())
    }

    fn recalls(&self, count: u64) -> Result<Vec<RecallRow>> {
        self.session.many(
            "recall",
            "SELECT oid, nation, own, class, basis, at, deadline FROM recall
             ORDER BY id DESC LIMIT ?1",
            cells![limit(count)],
            recall,
        )
    }

    fn recall(&self, oid: ObjectId, nation: NationId) -> Result<Option<RecallRow>> {
        self.session.one(
            "recall",
            "SELECT oid, nation, own, class, basis, at, deadline FROM recall
             WHERE oid = ?1 AND nation = ?2",
            cells![oid, nation],
            recall,
        )
    }

    fn put_effect(&mut self, row: &EffectRow) -> Result<()> {
        self.session.run(
            "INSERT INTO effect (oid, node, nation, status, at, effect)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (oid, node) DO UPDATE SET nation = excluded.nation,
                 status = excluded.status, at = excluded.at, effect = excluded.effect",
            cells![row.oid, row.node, row.nation, row.status, row.at, row.effect],
        )?;
        Ok(())
    }

    fn effects(&self, oid: ObjectId) -> Result<Vec<EffectRow>> {
        self.session.many(
            "effect",
            "SELECT oid, node, nation, status, at, effect FROM effect WHERE oid = ?1 ORDER BY node",
            cells![oid],
            |c| {
                Ok(EffectRow {
                    oid: c.take()?,
                    node: c.take()?,
                    nation: c.take()?,
                    status: c.take()?,
                    at: c.take()?,
                    effect: c.take()?,
                })
            },
        )
    }

    fn put_consent(&mut self, row: &ConsentRow) -> Result<()> {
        self.session.run(
            "INSERT INTO consent (oid, from_nation, to_nation, granted, until, evidence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (oid, from_nation, to_nation) DO UPDATE SET
                 granted = excluded.granted, until = excluded.until,
                 evidence = excluded.evidence",
            cells![row.oid, row.from, row.to, row.granted, row.until, row.evidence],
        )?;
        Ok(())
    }

    fn consents(&self, oid: ObjectId) -> Result<Vec<ConsentRow>> {
        self.session.many(
            "consent",
            "SELECT oid, from_nation, to_nation, granted, until, evidence FROM consent
             WHERE oid = ?1 ORDER BY from_nation, to_nation",
            cells![oid],
            |c| {
                Ok(ConsentRow {
                    oid: c.take()?,
                    from: c.take()?,
                    to: c.take()?,
                    granted: c.take()?,
                    until: c.take()?,
                    evidence: c.take()?,
                })
            },
        )
    }

    fn put_ask(&mut self, row: &AskRow) -> Result<i64> {
        self.session
            .add(
                "INSERT INTO ask (oid, ours, peer, to_nation, state, at, request, plan)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                cells![
                    row.oid,
                    row.ours,
                    row.peer,
                    row.to,
                    row.state,
                    row.at,
                    row.request,
                    row.plan,
                ],
            )?
            .ok_or(StoreError::Damaged("waiting release"))
    }

    fn asks(&self) -> Result<Vec<AskRow>> {
        self.session.many(
            "waiting release",
            "SELECT id, oid, ours, peer, to_nation, request, plan, state, at FROM ask
             ORDER BY id DESC",
            cells![],
            |c| {
                Ok(AskRow {
                    id: c.take()?,
                    oid: c.take()?,
                    ours: c.take()?,
                    peer: c.take()?,
                    to: c.take()?,
                    request: c.take()?,
                    plan: c.take()?,
                    state: c.take()?,
                    at: c.take()?,
                })
            },
        )
    }

    fn set_ask(&mut self, id: i64, state: &str) -> Result<()> {
        self.session.run("UPDATE ask SET state = ?2 WHERE id = ?1", cells![id, state])?;
        Ok(())
    }
}

fn object(c: &mut Columns<'_, '_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow {
        position: c.take()?,
        oid: c.take()?,
        nation: c.take()?,
        state: c.take()?,
        object_type: c.take()?,
        media_type: c.take()?,
        marking: c.take()?,
        class: c.take()?,
        bytes: c.take()?,
        body: c.take()?,
        at: c.take()?,
        leaf: c.take()?,
        source: {
            let (node, lane, seq) = (c.take()?, c.take()?, c.take()?);
            if let (Some(node), Some(lane), Some(seq)) = (node, lane, seq) {
                Some((node, lane, seq))
            } else {
                None
            }
        },
        terms: c.take()?,
        delete_at: c.take()?,
        evidence: c.take()?,
        agencies: c.take()?,
        released_to: c.take()?,
    })
}

fn at_home(c: &mut Columns<'_, '_>) -> rusqlite::Result<AtHomeRow> {
    Ok(AtHomeRow {
        oid: c.take()?,
        agency: c.take()?,
        giver: c.take()?,
        terms: c.take()?,
        leaf: c.take()?,
        at: c.take()?,
        delete_at: c.take()?,
        ended: c.take()?,
    })
}

fn recall(c: &mut Columns<'_, '_>) -> rusqlite::Result<RecallRow> {
    Ok(RecallRow {
        oid: c.take()?,
        nation: c.take()?,
        own: c.take()?,
        class: c.take()?,
        basis: c.take()?,
        at: c.take()?,
        deadline: c.take()?,
    })
}
