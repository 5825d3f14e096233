//! Standing rules, and the releases that they made, in SQL.

use entente_model::{Digest, ObjectId};

use super::Tx;
use super::column::{Columns, cells};
use crate::rows::{RuleReleaseRow, RuleRow};
use crate::{Result, Standing};

/// A query for whole releases, with what follows the table.
macro_rules! releases {
    ($rest:literal) => {
        concat!(
            "SELECT rule, name, oid, leaf, at, day, nations, review, review_by, review_at, review_why
             FROM rule_release ",
            $rest
        )
    };
}

impl Standing for Tx<'_, '_> {
    fn put_rule(&mut self, row: &RuleRow) -> Result<()> {
        self.session.run(
            "INSERT INTO rule (id, name, state, at, by_whom, leaf, rule)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, at = excluded.at,
                 by_whom = excluded.by_whom, leaf = excluded.leaf",
            cells![row.id, row.name, row.state, row.at, row.by, row.leaf, row.rule],
        )?;
        Ok(())
    }

    fn rules(&self) -> Result<Vec<RuleRow>> {
        self.session.many(
            "standing rule",
            "SELECT id, name, state, at, by_whom, leaf, rule FROM rule ORDER BY name, leaf, id",
            cells![],
            |c| {
                Ok(RuleRow {
                    id: c.take()?,
                    name: c.take()?,
                    state: c.take()?,
                    at: c.take()?,
                    by: c.take()?,
                    leaf: c.take()?,
                    rule: c.take()?,
                })
            },
        )
    }

    fn put_rule_release(&mut self, row: &RuleReleaseRow) -> Result<()> {
        let (by, at, why) = match &row.reviewed {
            Some((by, at, why)) => (Some(by.clone()), Some(*at), Some(why.clone())),
            None => (None, None, None),
        };
        self.session.run(
            "INSERT INTO rule_release (rule, name, oid, leaf, at, day, nations, review, review_by,
                 review_at, review_why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (name, oid) DO UPDATE SET nations = excluded.nations,
                 review = excluded.review,
                 review_by = excluded.review_by, review_at = excluded.review_at,
                 review_why = excluded.review_why",
            cells![
                row.rule,
                row.name,
                row.oid,
                row.leaf,
                row.at,
                row.day,
                row.nations,
                row.review,
                by,
                at,
                why
            ],
        )?;
        Ok(())
    }

    fn rule_releases(&self, name: &str, count: u64) -> Result<Vec<RuleReleaseRow>> {
        self.session.many(
            "release by a rule",
            releases!("WHERE name = ?1 ORDER BY leaf DESC, oid LIMIT ?2"),
            cells![name, count],
            release,
        )
    }

    fn rule_releases_of(&self, oid: ObjectId) -> Result<Vec<RuleReleaseRow>> {
        self.session.many(
            "release by a rule",
            releases!("WHERE oid = ?1 ORDER BY name"),
            cells![oid],
            release,
        )
    }

    fn rule_reviews(&self) -> Result<Vec<RuleReleaseRow>> {
        self.session.many(
            "release by a rule",
            releases!("WHERE review = 'waiting' ORDER BY leaf, oid"),
            cells![],
            release,
        )
    }

    fn rule_releases_on(&self, name: &str, day: u64) -> Result<u64> {
        let found: Option<u64> = self.session.one(
            "release by a rule",
            "SELECT count(*) FROM rule_release WHERE name = ?1 AND day = ?2",
            cells![name, day],
            super::column::only,
        )?;
        Ok(found.unwrap_or(0))
    }
}

fn release(c: &mut Columns<'_, '_>) -> rusqlite::Result<RuleReleaseRow> {
    let (rule, name, oid, leaf, at, day, nations, review): (
        Digest,
        String,
        ObjectId,
        _,
        _,
        _,
        String,
        String,
    ) = (c.take()?, c.take()?, c.take()?, c.take()?, c.take()?, c.take()?, c.take()?, c.take()?);
    let (by, when, why): (Option<String>, Option<_>, Option<String>) =
        (c.take()?, c.take()?, c.take()?);
    let reviewed = match (by, when) {
        (Some(by), Some(when)) => Some((by, when, why.unwrap_or_default())),
        _ => None,
    };
    Ok(RuleReleaseRow { rule, name, oid, leaf, at, day, nations, review, reviewed })
}
