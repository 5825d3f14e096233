//! Who read what, in SQL.

use super::column::{Columns, cells};
use super::{Tx, limit};
use crate::rows::{AccessFilter, AccessRow, OpeningRow};
use crate::{Accesses, Result};

macro_rules! select_accesses {
    ($rest:literal) => {
        concat!("SELECT id, person, oid, at, access, leaf FROM access ", $rest)
    };
}

macro_rules! select_openings {
    ($rest:literal) => {
        concat!(
            "SELECT id, person, oid, at, why, due, told, judged, judge, justified, judgement \
             FROM glass ",
            $rest
        )
    };
}

impl Accesses for Tx<'_, '_> {
    fn put_access(&mut self, row: &AccessRow) -> Result<()> {
        self.session.run(
            "INSERT INTO access (person, oid, at, access, leaf) VALUES (?1, ?2, ?3, ?4, ?5)",
            cells![row.person, row.oid, row.at, row.access, row.leaf],
        )?;
        Ok(())
    }

    fn accesses_open(&self, count: u64) -> Result<Vec<AccessRow>> {
        self.session.many(
            "access",
            select_accesses!("WHERE leaf IS NULL ORDER BY id LIMIT ?1"),
            cells![limit(count)],
            access,
        )
    }

    fn enter_accesses(&mut self, upto: i64, leaf: u64) -> Result<u64> {
        let entered = self.session.run(
            "UPDATE access SET leaf = ?2 WHERE leaf IS NULL AND id <= ?1",
            cells![upto, leaf],
        )?;
        Ok(entered as u64)
    }

    fn accesses_of(&self, leaf: u64) -> Result<Vec<AccessRow>> {
        self.session.many(
            "access",
            select_accesses!("WHERE leaf = ?1 ORDER BY id"),
            cells![leaf],
            access,
        )
    }

    fn put_opening(&mut self, row: &OpeningRow) -> Result<()> {
        let id = (row.id != 0).then_some(row.id);
        self.session.run(
            "INSERT INTO glass (id, person, oid, at, why, due, told, judged, judge, justified,
                 judgement)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET told = excluded.told, judged = excluded.judged,
                 judge = excluded.judge, justified = excluded.justified,
                 judgement = excluded.judgement",
            cells![
                id,
                row.person,
                row.oid,
                row.at,
                row.why,
                row.due,
                row.told,
                row.judged,
                row.judge,
                row.justified,
                row.judgement
            ],
        )?;
        Ok(())
    }

    fn opening(&self, id: i64) -> Result<Option<OpeningRow>> {
        self.session.one("glass", select_openings!("WHERE id = ?1"), cells![id], opening)
    }

    fn openings(&self, count: u64) -> Result<Vec<OpeningRow>> {
        self.session.many(
            "glass",
            select_openings!("ORDER BY id DESC LIMIT ?1"),
            cells![count],
            opening,
        )
    }

    fn accesses(&self, filter: &AccessFilter, count: u64) -> Result<Vec<AccessRow>> {
        self.session.many(
            "access",
            select_accesses!(
                "WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR oid = ?2) \
                 AND (?3 IS NULL OR at >= ?3) AND (?4 IS NULL OR id < ?4) \
                 ORDER BY id DESC LIMIT ?5"
            ),
            cells![filter.person, filter.oid, filter.since, filter.before, limit(count)],
            access,
        )
    }
}

fn access(c: &mut Columns<'_, '_>) -> rusqlite::Result<AccessRow> {
    Ok(AccessRow {
        id: c.take()?,
        person: c.take()?,
        oid: c.take()?,
        at: c.take()?,
        access: c.take()?,
        leaf: c.take()?,
    })
}

fn opening(c: &mut Columns<'_, '_>) -> rusqlite::Result<OpeningRow> {
    Ok(OpeningRow {
        id: c.take()?,
        person: c.take()?,
        oid: c.take()?,
        at: c.take()?,
        why: c.take()?,
        due: c.take()?,
        told: c.take()?,
        judged: c.take()?,
        judge: c.take()?,
        justified: c.take()?,
        judgement: c.take()?,
    })
}
