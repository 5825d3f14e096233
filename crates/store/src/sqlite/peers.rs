//! Other nations, in SQL.

use entente_model::NationId;

use super::Tx;
use super::column::{cells, only};
use crate::rows::PeerRow;
use crate::{Peers, Result, StoreError};

impl Peers for Tx<'_, '_> {
    fn put_statement(&mut self, nation: NationId, seq: u64, statement: &[u8]) -> Result<()> {
        // A chain never changes: the same statement again is nothing new, another is a fork.
        let kept = self.session.run(
            "INSERT INTO statement (nation, seq, statement) VALUES (?1, ?2, ?3)
             ON CONFLICT (nation, seq) DO UPDATE SET statement = excluded.statement
             WHERE statement.statement = excluded.statement",
            cells![nation, seq, statement],
        )?;
        if kept == 0 { Err(StoreError::Conflict("the identity chain")) } else { Ok(()) }
    }

    fn statements(&self, nation: NationId, from: u64) -> Result<Vec<Vec<u8>>> {
        self.session.many(
            "statement",
            "SELECT statement FROM statement WHERE nation = ?1 AND seq >= ?2 ORDER BY seq",
            cells![nation, from],
            only,
        )
    }

    fn put_peer(&mut self, row: &PeerRow) -> Result<()> {
        self.session.run(
            "INSERT INTO peer (nation, code, name, status, endpoint, at, heard)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (nation) DO UPDATE SET code = excluded.code, name = excluded.name,
                 status = excluded.status, endpoint = excluded.endpoint, at = excluded.at,
                 heard = excluded.heard",
            cells![row.nation, row.code, row.name, row.status, row.endpoint, row.at, row.heard],
        )?;
        Ok(())
    }

    fn peers(&self) -> Result<Vec<PeerRow>> {
        self.session.many(
            "partner",
            "SELECT nation, code, name, status, endpoint, at, heard FROM peer
             ORDER BY code, nation",
            cells![],
            |c| {
                Ok(PeerRow {
                    nation: c.take()?,
                    code: c.take()?,
                    name: c.take()?,
                    status: c.take()?,
                    endpoint: c.take()?,
                    at: c.take()?,
                    heard: c.take()?,
                })
            },
        )
    }
}
