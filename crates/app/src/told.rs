//! Facts that nations state about themselves, to one another.
//!
//! Some of what our decisions rely on only the other nation can say: that a person whom it receives
//! will not be put to death, that a system of its is accredited to less than before. Such a fact is
//! asserted by the person there whose office it is, stated to us in its nation's ledger, and put
//! into our register with what proves it (decision 42). It counts towards that nation alone, can be
//! withdrawn by it at once, and by our own persons too. What we find of a partner, it cannot say.

use entente_law::{Asserted, Fact};
use entente_model::codec::Wire;
use entente_model::item::{FactTold, ItemKind, Lane, NackCode};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::tag::Tag;
use entente_model::{Digest, NationCode, NationId, Timestamp};
use entente_seal::digest;
use entente_store::rows::{FactRow, IntentRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::facts::{entitled, object_of, sentence};
use crate::ground;
use crate::node::{Known, Node, WakeUp, event};
use crate::people::Actor;
use crate::receive::Verdict;

/// Facts of one partner that stand at once.
const STANDING_MAX: usize = 1000;

impl<S: Store, V: Vault> Node<S, V> {
    /// States a fact about us to partners, in our ledger. To whom it was stated already it is not
    /// stated again.
    pub fn tell_fact(&self, actor: &Actor, id: Digest, to: &[NationCode]) -> Result<()> {
        let row = self.fact_row(id)?;
        let asserted = Asserted::from_bytes(&row.asserted)?;
        let kind = asserted.fact.kind();
        actor.must_act_as(entitled(kind), &format!("state facts of the kind {kind}"))?;
        let now = self.now();
        if row.revoked.is_some() || asserted.fact.until() <= now {
            return Err(AppError::invalid("this fact holds no more: nobody can be told it"));
        }
        let own = self.identity.code;
        if row.source.is_some() || !asserted.fact.clone().said_by(own).may_be_told_by(own) {
            return Err(AppError::invalid(format!(
                "no partner relies on what we say of that: a nation states the accreditation of \
                 its own systems, the clearance of its own readers, and assurances that it gives \
                 (`established` with a value such as assurance_no_death_penalty); this is {kind} \
                 of {}",
                asserted.fact.subject()
            )));
        }
        if to.is_empty() {
            return Err(AppError::invalid("name the partners that are to be told"));
        }
        let known = self.known();
        let wanted: Vec<_> = to.iter().map(|code| (*code, None)).collect();
        self.check_addressees(&known, actor.body(), &wanted)?;
        self.store.write(|work| {
            let mut row = work.fact(id)?.unwrap_or(row);
            for code in to {
                if row.told_to.iter().any(|told| told == code.as_str()) {
                    continue;
                }
                row.told_to.push(code.to_string());
                let said = (&asserted, None);
                self.put_telling(work, &known, *code, said, actor.name(), now)?;
            }
            row.told_to.sort_unstable();
            work.put_fact(&row)?;
            Ok::<_, AppError>(())
        })?;
        (self.wake)(&WakeUp::Intents);
        Ok(())
    }

    /// Tells those who were told a fact that it is withdrawn.
    pub(crate) fn tell_withdrawn(
        &self,
        work: &mut dyn Work,
        row: &FactRow,
        asserted: &Asserted,
        why: &str,
        now: Timestamp,
    ) -> Result<()> {
        let known = self.known();
        let by = row.revoked.as_ref().map_or("", |(_, by, _)| by.as_str());
        for code in &row.told_to {
            let Ok(code) = code.parse::<NationCode>() else { continue };
            self.put_telling(work, &known, code, (asserted, Some(why)), by, now)?;
        }
        Ok(())
    }

    fn put_telling(
        &self,
        work: &mut dyn Work,
        known: &Known,
        to: NationCode,
        (asserted, withdrawn): (&Asserted, Option<&str>),
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        let Some((node, _)) = known.by_code(to).and_then(crate::node::Nation::node) else {
            return Ok(());
        };
        let fact = asserted.fact.clone().said_by(self.identity.code);
        let said = FactTold {
            fact: fact.to_bytes(),
            at: asserted.at,
            withdrawn: withdrawn.map(str::to_owned),
        };
        let act = if withdrawn.is_some() { "fact withdrawn to a partner" } else { "fact stated" };
        let note = NoteRecord {
            act: act.to_owned(),
            by: by.to_owned(),
            about: format!("{} to {to}", sentence(&fact)),
            digest: Some(Digest::from_array(digest::h(Tag::Fact, &[&said.fact]))),
        };
        work.put_intent(&IntentRow {
            id: 0,
            dst: Some(node),
            lane: Lane::Priority,
            kind: Some(ItemKind::FactTold),
            payload: said.to_bytes(),
            record: Record::new(RecordKind::Admin, now, &note).to_bytes(),
        })?;
        Ok(())
    }

    /// A partner states a fact about itself, or withdraws one.
    pub(crate) fn take_fact(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        (told, leaf, proof): (&FactTold, u64, Option<Vec<u8>>),
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let refused = |code| Ok((Verdict::Refused(code), false));
        let Ok(fact) = Fact::from_bytes(&told.fact) else { return refused(NackCode::Oid) };
        let Some(code) = known.nation(&nation).map(|n| n.row.code) else {
            return refused(NackCode::Policy);
        };
        let kept = i64::try_from(told.at.millis()).is_ok();
        if !kept || !fact.may_be_told_by(code) || fact.check_marking(&known.policy.schemes).is_err()
        {
            return refused(NackCode::Policy);
        }
        let asserted = Asserted { fact, by: code.to_string(), at: told.at };
        let bytes = asserted.to_bytes();
        let id = Digest::from_array(digest::h(Tag::Fact, &[&bytes]));
        let about = (object_of(&asserted.fact), Some(nation));
        let says = sentence(&asserted.fact);
        match (work.fact(id)?, &told.withdrawn) {
            // It came before, and was withdrawn since, by them or by us: it stays so.
            (Some(_), None) | (None, Some(_)) => return Ok((Verdict::Taken, false)),
            (Some(row), Some(_)) if row.revoked.is_some() => return Ok((Verdict::Taken, false)),
            (Some(row), Some(why)) => {
                let revoked = Some((now, code.to_string(), why.clone()));
                work.put_fact(&FactRow { revoked, ..row })?;
                // What was decided while it stood is not entered behind its withdrawal.
                ground::give_way(work)?;
                event(work, now, "fact", format!("{code} withdraws: {says}: {why}"), about)?;
            }
            (None, None) => {
                let standing = work.facts_standing(now)?;
                if standing.iter().filter(|row| row.source == Some(nation)).count() >= STANDING_MAX
                {
                    return refused(NackCode::Quota);
                }
                work.put_fact(&FactRow {
                    id,
                    asserted: bytes,
                    until: asserted.fact.until(),
                    leaf,
                    revoked: None,
                    lapse_told: false,
                    source: Some(nation),
                    evidence: proof,
                    told_to: Vec::new(),
                })?;
                event(work, now, "fact", format!("{code} states: {says}"), about)?;
            }
        }
        Ok((Verdict::Taken, true))
    }
}
