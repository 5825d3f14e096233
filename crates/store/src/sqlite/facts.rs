//! Facts on record, and the releases that rest on them, in SQL.

use entente_model::{Digest, Timestamp};

use super::Tx;
use super::column::{Columns, cells};
use crate::rows::{FactRow, FactUseRow};
use crate::{Facts, Result};

/// A query for whole facts, with what follows the table.
macro_rules! facts {
    ($rest:literal) => {
        concat!(
            "SELECT id, asserted, until, leaf, revoked_at, revoked_by, revoked_why, lapse_told,
             source, evidence, told_to FROM fact ",
            $rest
        )
    };
}

impl Facts for Tx<'_, '_> {
    fn put_fact(&mut self, row: &FactRow) -> Result<()> {
        let (at, by, why) = match &row.revoked {
            Some((at, by, why)) => (Some(*at), Some(by.clone()), Some(why.clone())),
            None => (None, None, None),
        };
        self.session.run(
            "INSERT INTO fact (id, asserted, until, leaf, revoked_at, revoked_by, revoked_why,
                 lapse_told, source, evidence, told_to)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET revoked_at = excluded.revoked_at,
                 revoked_by = excluded.revoked_by, revoked_why = excluded.revoked_why,
                 lapse_told = excluded.lapse_told, told_to = excluded.told_to",
            cells![
                row.id,
                row.asserted,
                row.until,
                row.leaf,
                at,
                by,
                why,
                row.lapse_told,
                row.source,
                row.evidence,
                row.told_to,
            ],
        )?;
        Ok(())
    }

    fn fact(&self, id: Digest) -> Result<Option<FactRow>> {
        self.session.one("fact", facts!("WHERE id = ?1"), cells![id], fact)
    }

    fn facts_standing(&self, now: Timestamp) -> Result<Vec<FactRow>> {
        let sql = facts!("WHERE revoked_at IS NULL AND until > ?1 ORDER BY leaf");
        self.session.many("fact", sql, cells![now], fact)
    }

    fn facts(&self, count: u64) -> Result<Vec<FactRow>> {
        self.session.many("fact", facts!("ORDER BY leaf DESC LIMIT ?1"), cells![count], fact)
    }

    fn facts_lapsed(&self, now: Timestamp) -> Result<Vec<FactRow>> {
        let sql = facts!(
            "WHERE lapse_told = 0 AND (revoked_at IS NOT NULL OR until <= ?1) ORDER BY leaf"
        );
        self.session.many("fact", sql, cells![now], fact)
    }

    fn put_fact_use(&mut self, row: &FactUseRow) -> Result<()> {
        self.session.run(
            "INSERT INTO fact_use (fact, first, nation, inputs, last) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (fact, first, nation) DO UPDATE SET inputs = excluded.inputs,
                 last = excluded.last",
            cells![row.fact, row.first, row.nation, row.inputs, row.last],
        )?;
        Ok(())
    }

    fn fact_uses(&self, fact: Digest, count: u64) -> Result<Vec<FactUseRow>> {
        self.session.many(
            "fact use",
            "SELECT fact, nation, inputs, first, last FROM fact_use WHERE fact = ?1
             ORDER BY first DESC, nation LIMIT ?2",
            cells![fact, count],
            |c| {
                Ok(FactUseRow {
                    fact: c.take()?,
                    nation: c.take()?,
                    inputs: c.take()?,
                    first: c.take()?,
                    last: c.take()?,
                })
            },
        )
    }
}

fn fact(c: &mut Columns<'_, '_>) -> rusqlite::Result<FactRow> {
    let (id, asserted, until, leaf) = (c.take()?, c.take()?, c.take()?, c.take()?);
    let (at, by, why): (Option<Timestamp>, Option<String>, Option<String>) =
        (c.take()?, c.take()?, c.take()?);
    let revoked = at.map(|at| (at, by.unwrap_or_default(), why.unwrap_or_default()));
    Ok(FactRow {
        id,
        asserted,
        until,
        leaf,
        revoked,
        lapse_told: c.take()?,
        source: c.take()?,
        evidence: c.take()?,
        told_to: c.take()?,
    })
}
