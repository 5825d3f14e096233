//! Persons of this nation, and acts that need two of them, in SQL.

use entente_model::{Digest, Timestamp};

use super::Tx;
use super::column::{Columns, cells};
use crate::rows::{PersonRow, ProposalRow};
use crate::{People, Result};

macro_rules! select_people {
    ($rest:literal) => {
        concat!(
            "SELECT name, roles, body, clearance, active, at, desk, nation, read_ins, roles_at, \
             owner, until, reviewed, reviewed_by FROM person ",
            $rest
        )
    };
}

impl People for Tx<'_, '_> {
    fn put_person(&mut self, row: &PersonRow) -> Result<()> {
        self.session.run(
            "INSERT INTO person (name, roles, body, clearance, active, at, desk, nation, read_ins,
                 roles_at, owner, until, reviewed, reviewed_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (name) DO UPDATE SET roles = excluded.roles, body = excluded.body,
                 clearance = excluded.clearance, active = excluded.active, at = excluded.at,
                 desk = excluded.desk, nation = excluded.nation, read_ins = excluded.read_ins,
                 roles_at = excluded.roles_at, owner = excluded.owner, until = excluded.until,
                 reviewed = excluded.reviewed, reviewed_by = excluded.reviewed_by",
            cells![
                row.name,
                row.roles,
                row.body,
                row.clearance,
                row.active,
                row.at,
                row.desk,
                row.nation,
                row.read_ins,
                row.roles_at,
                row.owner,
                row.until,
                row.reviewed,
                row.reviewed_by
            ],
        )?;
        Ok(())
    }

    fn person(&self, name: &str) -> Result<Option<PersonRow>> {
        self.session.one("person", select_people!("WHERE name = ?1"), cells![name], person)
    }

    fn people(&self) -> Result<Vec<PersonRow>> {
        self.session.many("person", select_people!("ORDER BY name"), cells![], person)
    }

    fn put_token(
        &mut self,
        digest: Digest,
        person: &str,
        kind: &str,
        expires: Option<Timestamp>,
    ) -> Result<()> {
        self.session.run(
            "INSERT INTO token (digest, person, kind, expires) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (digest) DO UPDATE SET person = excluded.person, kind = excluded.kind,
                 expires = excluded.expires",
            cells![digest, person, kind, expires],
        )?;
        Ok(())
    }

    fn token(&self, digest: Digest) -> Result<Option<(String, String, Option<Timestamp>)>> {
        self.session.one(
            "token",
            "SELECT person, kind, expires FROM token WHERE digest = ?1",
            cells![digest],
            |c| Ok((c.take()?, c.take()?, c.take()?)),
        )
    }

    fn drop_tokens_of(&mut self, person: &str) -> Result<u64> {
        let dropped = self.session.run("DELETE FROM token WHERE person = ?1", cells![person])?;
        Ok(dropped as u64)
    }

    fn drop_token(&mut self, digest: Digest) -> Result<bool> {
        let dropped = self.session.run("DELETE FROM token WHERE digest = ?1", cells![digest])?;
        Ok(dropped > 0)
    }

    fn put_proposal(&mut self, row: &ProposalRow) -> Result<()> {
        self.session.run(
            "INSERT INTO proposal (digest, act, about, bytes, approvers, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (digest) DO UPDATE SET act = excluded.act, about = excluded.about,
                 bytes = excluded.bytes, approvers = excluded.approvers, at = excluded.at",
            cells![row.digest, row.act, row.about, row.bytes, row.approvers, row.at],
        )?;
        Ok(())
    }

    fn proposal(&self, digest: Digest) -> Result<Option<ProposalRow>> {
        self.session.one(
            "proposal",
            "SELECT digest, act, about, bytes, approvers, at FROM proposal WHERE digest = ?1",
            cells![digest],
            proposal,
        )
    }

    fn proposals(&self) -> Result<Vec<ProposalRow>> {
        self.session.many(
            "proposal",
            "SELECT digest, act, about, bytes, approvers, at FROM proposal ORDER BY at, digest",
            cells![],
            proposal,
        )
    }

    fn drop_proposal(&mut self, digest: Digest) -> Result<()> {
        self.session.run("DELETE FROM proposal WHERE digest = ?1", cells![digest])?;
        Ok(())
    }
}

fn person(c: &mut Columns<'_, '_>) -> rusqlite::Result<PersonRow> {
    Ok(PersonRow {
        name: c.take()?,
        roles: c.take()?,
        body: c.take()?,
        clearance: c.take()?,
        active: c.take()?,
        at: c.take()?,
        desk: c.take()?,
        nation: c.take()?,
        read_ins: c.take()?,
        roles_at: c.take()?,
        owner: c.take()?,
        until: c.take()?,
        reviewed: c.take()?,
        reviewed_by: c.take()?,
    })
}

fn proposal(c: &mut Columns<'_, '_>) -> rusqlite::Result<ProposalRow> {
    Ok(ProposalRow {
        digest: c.take()?,
        act: c.take()?,
        about: c.take()?,
        bytes: c.take()?,
        approvers: c.take()?,
        at: c.take()?,
    })
}
