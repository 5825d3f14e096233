//! Agreements and laws, in SQL.

use entente_model::{AgreementId, LawId, NationId};

use super::Tx;
use super::column::{cells, only};
use crate::rows::{AgreementActRow, AgreementRow, LawRow, SignatureRow};
use crate::{Policy, Result};

impl Policy for Tx<'_, '_> {
    fn put_agreement(&mut self, row: &AgreementRow) -> Result<()> {
        self.session.run(
            "INSERT INTO agreement (id, code, text, status, at, offered_by, offered_at, counters)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET code = excluded.code, text = excluded.text,
                 status = excluded.status, at = excluded.at, offered_by = excluded.offered_by,
                 offered_at = excluded.offered_at, counters = excluded.counters",
            cells![
                row.id,
                row.code,
                row.text,
                row.status,
                row.at,
                row.offered_by,
                row.offered_at,
                row.counters
            ],
        )?;
        Ok(())
    }

    fn agreements(&self) -> Result<Vec<AgreementRow>> {
        self.session.many(
            "agreement",
            "SELECT id, code, text, status, at, offered_by, offered_at, counters FROM agreement
             ORDER BY code, id",
            cells![],
            |c| {
                Ok(AgreementRow {
                    id: c.take()?,
                    code: c.take()?,
                    text: c.take()?,
                    status: c.take()?,
                    at: c.take()?,
                    offered_by: c.take()?,
                    offered_at: c.take()?,
                    counters: c.take()?,
                })
            },
        )
    }

    fn put_signature(&mut self, row: &SignatureRow) -> Result<()> {
        self.session.run(
            "INSERT INTO signature (agreement, nation, statement, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (agreement, nation) DO UPDATE SET statement = excluded.statement,
                 at = excluded.at",
            cells![row.agreement, row.nation, row.statement, row.at],
        )?;
        Ok(())
    }

    fn signatures(&self, agreement: AgreementId) -> Result<Vec<SignatureRow>> {
        self.session.many(
            "signature",
            "SELECT agreement, nation, statement, at FROM signature WHERE agreement = ?1
             ORDER BY nation",
            cells![agreement],
            |c| {
                Ok(SignatureRow {
                    agreement: c.take()?,
                    nation: c.take()?,
                    statement: c.take()?,
                    at: c.take()?,
                })
            },
        )
    }

    fn put_activation(
        &mut self,
        agreement: AgreementId,
        nation: NationId,
        leaf: u64,
    ) -> Result<()> {
        self.session.run(
            "INSERT INTO activation (agreement, nation, leaf) VALUES (?1, ?2, ?3)
             ON CONFLICT (agreement, nation) DO NOTHING",
            cells![agreement, nation, leaf],
        )?;
        Ok(())
    }

    fn activation_leaf(&self, agreement: AgreementId, nation: NationId) -> Result<Option<u64>> {
        let found: Option<Option<u64>> = self.session.one(
            "activation",
            "SELECT leaf FROM activation WHERE agreement = ?1 AND nation = ?2",
            cells![agreement, nation],
            only,
        )?;
        Ok(found.map(|leaf| leaf.unwrap_or(0)))
    }

    fn activations(&self, agreement: AgreementId) -> Result<Vec<NationId>> {
        self.session.many(
            "activation",
            "SELECT nation FROM activation WHERE agreement = ?1 ORDER BY nation",
            cells![agreement],
            only,
        )
    }

    fn put_agreement_act(&mut self, row: &AgreementActRow) -> Result<()> {
        self.session.run(
            "INSERT INTO agreement_act (agreement, nation, number, act, party, at, ends, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (agreement, nation, number) DO NOTHING",
            cells![
                row.agreement,
                row.nation,
                row.number,
                row.act,
                row.party,
                row.at,
                row.ends,
                row.reason
            ],
        )?;
        Ok(())
    }

    fn agreement_acts(&self, agreement: AgreementId) -> Result<Vec<AgreementActRow>> {
        self.session.many(
            "act about an agreement",
            "SELECT agreement, nation, number, act, party, at, ends, reason FROM agreement_act
             WHERE agreement = ?1 ORDER BY nation, number",
            cells![agreement],
            |c| {
                Ok(AgreementActRow {
                    agreement: c.take()?,
                    nation: c.take()?,
                    number: c.take()?,
                    act: c.take()?,
                    party: c.take()?,
                    at: c.take()?,
                    ends: c.take()?,
                    reason: c.take()?,
                })
            },
        )
    }

    fn put_law(&mut self, row: &LawRow) -> Result<()> {
        self.session.run(
            "INSERT INTO law (id, code, text, active, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET code = excluded.code, text = excluded.text,
                 active = excluded.active, at = excluded.at",
            cells![row.id, row.code, row.text, row.active, row.at],
        )?;
        Ok(())
    }

    fn laws(&self) -> Result<Vec<LawRow>> {
        self.session.many(
            "law",
            "SELECT id, code, text, active, at FROM law ORDER BY code, id",
            cells![],
            |c| {
                Ok(LawRow {
                    id: c.take()?,
                    code: c.take()?,
                    text: c.take()?,
                    active: c.take()?,
                    at: c.take()?,
                })
            },
        )
    }

    fn drop_law(&mut self, id: LawId) -> Result<()> {
        self.session.run("DELETE FROM law WHERE id = ?1 AND active = 0", cells![id])?;
        Ok(())
    }
}
