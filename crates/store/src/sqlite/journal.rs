//! What happened, and named values, in SQL.

use super::column::{Columns, cells, only};
use super::{Tx, limit};
use crate::rows::EventRow;
use crate::{Journal, Result, StoreError};

impl Journal for Tx<'_, '_> {
    fn put_event(&mut self, row: &EventRow) -> Result<i64> {
        self.session
            .add(
                "INSERT INTO event (at, kind, oid, nation, text, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                cells![row.at, row.kind, row.oid, row.nation, row.text, row.detail],
            )?
            .ok_or(StoreError::Damaged("event"))
    }

    fn events_after(&self, after: i64, count: u64) -> Result<Vec<EventRow>> {
        self.session.many(
            "event",
            "SELECT seq, at, kind, oid, nation, text, detail FROM event WHERE seq > ?1
             ORDER BY seq LIMIT ?2",
            cells![after, limit(count)],
            event,
        )
    }

    fn events(&self, kind: Option<&str>, before: Option<i64>, count: u64) -> Result<Vec<EventRow>> {
        let before = before.unwrap_or(i64::MAX);
        let count = limit(count);
        match kind {
            Some(kind) => self.session.many(
                "event",
                "SELECT seq, at, kind, oid, nation, text, detail FROM event
                 WHERE kind = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
                cells![kind, before, count],
                event,
            ),
            None => self.session.many(
                "event",
                "SELECT seq, at, kind, oid, nation, text, detail FROM event
                 WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
                cells![before, count],
                event,
            ),
        }
    }

    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.session.one("setting", "SELECT value FROM setting WHERE name = ?1", cells![name], only)
    }

    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()> {
        self.session.run(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            cells![name, value],
        )?;
        Ok(())
    }
}

fn event(c: &mut Columns<'_, '_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: c.take()?,
        at: c.take()?,
        kind: c.take()?,
        oid: c.take()?,
        nation: c.take()?,
        text: c.take()?,
        detail: c.take()?,
    })
}
