//! How persons sign in, and their sessions, in SQL.

use entente_model::{Digest, ObjectId, Timestamp};

use super::Tx;
use super::column::{Columns, cells, only};
use crate::rows::{BadgeRow, CodeRow, PasskeyRow, PresenceRow, SessionRow};
use crate::{Result, SignIns, StoreError};

macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT digest, person, began, seen, ends, how, source, agent, bound, suffices \
             FROM session ",
            $rest
        )
    };
}

macro_rules! select_badges {
    ($rest:literal) => {
        concat!("SELECT kind, issuer, subject, person, at, by_whom, until FROM badge ", $rest)
    };
}

macro_rules! select_passkeys {
    ($rest:literal) => {
        concat!("SELECT id, person, name, at, used, counter, key FROM passkey ", $rest)
    };
}

impl SignIns for Tx<'_, '_> {
    fn put_session(&mut self, row: &SessionRow) -> Result<()> {
        self.session.run(
            "INSERT INTO session (digest, person, began, seen, ends, how, source, agent, bound,
                 suffices)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            cells![
                row.digest,
                row.person,
                row.began,
                row.seen,
                row.ends,
                row.how,
                row.source,
                row.agent,
                row.bound,
                row.suffices
            ],
        )?;
        Ok(())
    }

    fn session(&self, digest: Digest) -> Result<Option<SessionRow>> {
        self.session.one("session", select_sessions!("WHERE digest = ?1"), cells![digest], session)
    }

    fn sessions(&self, person: Option<&str>) -> Result<Vec<SessionRow>> {
        match person {
            Some(person) => self.session.many(
                "session",
                select_sessions!("WHERE person = ?1 ORDER BY began DESC, digest"),
                cells![person],
                session,
            ),
            None => self.session.many(
                "session",
                select_sessions!("ORDER BY began DESC, digest"),
                cells![],
                session,
            ),
        }
    }

    fn touch_session(&mut self, digest: Digest, seen: Timestamp) -> Result<()> {
        self.session.run("UPDATE session SET seen = ?2 WHERE digest = ?1", cells![digest, seen])?;
        Ok(())
    }

    fn drop_session(&mut self, digest: Digest) -> Result<bool> {
        let dropped = self.session.run("DELETE FROM session WHERE digest = ?1", cells![digest])?;
        Ok(dropped > 0)
    }

    fn drop_sessions_of(&mut self, person: &str) -> Result<u64> {
        let dropped = self.session.run("DELETE FROM session WHERE person = ?1", cells![person])?;
        Ok(dropped as u64)
    }

    fn put_passkey(&mut self, row: &PasskeyRow) -> Result<()> {
        let put = self.session.run(
            "INSERT INTO passkey (id, person, name, at, used, counter, key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, used = excluded.used,
                 counter = excluded.counter WHERE person = excluded.person",
            cells![row.id, row.person, row.name, row.at, row.used, row.counter, row.key],
        )?;
        if put == 0 {
            return Err(StoreError::Conflict("a passkey of another person"));
        }
        Ok(())
    }

    fn passkey(&self, id: &[u8]) -> Result<Option<PasskeyRow>> {
        self.session.one("passkey", select_passkeys!("WHERE id = ?1"), cells![id], passkey)
    }

    fn passkeys(&self, person: &str) -> Result<Vec<PasskeyRow>> {
        self.session.many(
            "passkey",
            select_passkeys!("WHERE person = ?1 ORDER BY at, id"),
            cells![person],
            passkey,
        )
    }

    fn drop_passkey(&mut self, id: &[u8]) -> Result<bool> {
        Ok(self.session.run("DELETE FROM passkey WHERE id = ?1", cells![id])? > 0)
    }

    fn put_presence(&mut self, row: &PresenceRow) -> Result<()> {
        self.session.run(
            "INSERT INTO presence (person, signed_in, asked) VALUES (?1, ?2, ?3)
             ON CONFLICT (person) DO UPDATE SET signed_in = excluded.signed_in,
                 asked = excluded.asked",
            cells![row.person, row.signed_in, row.asked],
        )?;
        Ok(())
    }

    fn presence(&self, person: &str) -> Result<Option<PresenceRow>> {
        self.session.one(
            "presence",
            "SELECT person, signed_in, asked FROM presence WHERE person = ?1",
            cells![person],
            |c| Ok(PresenceRow { person: c.take()?, signed_in: c.take()?, asked: c.take()? }),
        )
    }

    fn put_code(&mut self, row: &CodeRow) -> Result<()> {
        self.session.run(
            "INSERT INTO code (person, at, confirmed, step, oid, body, ct)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (person) DO UPDATE SET at = excluded.at,
                 confirmed = excluded.confirmed, step = excluded.step, oid = excluded.oid,
                 body = excluded.body, ct = excluded.ct",
            cells![row.person, row.at, row.confirmed, row.step, row.oid, row.body, row.ct],
        )?;
        Ok(())
    }

    fn code(&self, person: &str) -> Result<Option<CodeRow>> {
        self.session.one(
            "code",
            "SELECT person, at, confirmed, step, oid, body, ct FROM code WHERE person = ?1",
            cells![person],
            |c| {
                Ok(CodeRow {
                    person: c.take()?,
                    at: c.take()?,
                    confirmed: c.take()?,
                    step: c.take()?,
                    oid: c.take()?,
                    body: c.take()?,
                    ct: c.take()?,
                })
            },
        )
    }

    fn is_key_of_code(&self, oid: ObjectId) -> Result<bool> {
        let found: Option<i64> =
            self.session.one("code", "SELECT 1 FROM code WHERE oid = ?1", cells![oid], only)?;
        Ok(found.is_some())
    }

    fn drop_code(&mut self, person: &str) -> Result<()> {
        self.session.run("DELETE FROM code WHERE person = ?1", cells![person])?;
        Ok(())
    }

    fn put_badge(&mut self, row: &BadgeRow) -> Result<()> {
        let put = self.session.run(
            "INSERT INTO badge (kind, issuer, subject, person, at, by_whom, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            cells![row.kind, row.issuer, row.subject, row.person, row.at, row.by_whom, row.until],
        )?;
        if put == 0 {
            return Err(StoreError::Conflict("a badge that is there already"));
        }
        Ok(())
    }

    fn badge(&self, kind: &str, issuer: &str, subject: &str) -> Result<Option<BadgeRow>> {
        self.session.one(
            "badge",
            select_badges!("WHERE kind = ?1 AND issuer = ?2 AND subject = ?3"),
            cells![kind, issuer, subject],
            badge,
        )
    }

    fn badges(&self, person: Option<&str>) -> Result<Vec<BadgeRow>> {
        match person {
            Some(person) => self.session.many(
                "badge",
                select_badges!("WHERE person = ?1 ORDER BY at, kind, issuer, subject"),
                cells![person],
                badge,
            ),
            None => self.session.many(
                "badge",
                select_badges!("ORDER BY at, kind, issuer, subject"),
                cells![],
                badge,
            ),
        }
    }

    fn drop_badge(&mut self, kind: &str, issuer: &str, subject: &str) -> Result<bool> {
        let dropped = self.session.run(
            "DELETE FROM badge WHERE kind = ?1 AND issuer = ?2 AND subject = ?3",
            cells![kind, issuer, subject],
        )?;
        Ok(dropped > 0)
    }
}

fn badge(c: &mut Columns<'_, '_>) -> rusqlite::Result<BadgeRow> {
    Ok(BadgeRow {
        kind: c.take()?,
        issuer: c.take()?,
        subject: c.take()?,
        person: c.take()?,
        at: c.take()?,
        by_whom: c.take()?,
        until: c.take()?,
    })
}

fn passkey(c: &mut Columns<'_, '_>) -> rusqlite::Result<PasskeyRow> {
    Ok(PasskeyRow {
        id: c.take()?,
        person: c.take()?,
        name: c.take()?,
        at: c.take()?,
        used: c.take()?,
        counter: c.take()?,
        key: c.take()?,
    })
}

fn session(c: &mut Columns<'_, '_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        digest: c.take()?,
        person: c.take()?,
        began: c.take()?,
        seen: c.take()?,
        ends: c.take()?,
        how: c.take()?,
        source: c.take()?,
        agent: c.take()?,
        bound: c.take()?,
        suffices: c.take()?,
    })
}
