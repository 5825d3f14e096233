//! Sharing at home: from one agency of our nation to another that works at the same node.
//!
//! Nothing is sealed anew and nothing leaves: the object is here. What changes is for whom it is
//! held, and that is decided, entered in the ledger and bound by terms just as a release abroad,
//! under an arrangement between the nation's own bodies (decision 40). What came from another
//! nation stays bound as it came: where its originator must consent, it is asked.

use entente_model::codec::Wire;
use entente_model::item::Lane;
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, ObjectId, Timestamp};
use entente_store::rows::{AtHomeRow, ObjectRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::facts::note_uses;
use crate::node::{Known, Node, event};
use crate::obligation;
use crate::onward::{OnwardOutcome, OpenedObject, whole};
use crate::people::Actor;
use crate::publish::decision_record;
use crate::sequencer::{LeafDraft, queue_record};
use crate::weigh::Weighed;

impl<S: Store, V: Vault> Node<S, V> {
    /// Shares an object with another agency of ours, as it was decided.
    pub(crate) fn dispatch_at_home(
        &self,
        known: &Known,
        object: &OpenedObject,
        giver: &str,
        weighed: Weighed,
        ask: Option<i64>,
    ) -> Result<OnwardOutcome> {
        let now = self.now();
        let name = weighed.name();
        let verdict = whole(object, weighed);
        let batch = self.batch(known, Lane::Priority, std::slice::from_ref(&verdict), now)?;
        let shared = batch
            .classes
            .first()
            .ok_or_else(|| AppError::Operator("nothing was decided".to_owned()))?;
        let leaf = LeafDraft {
            record: decision_record(known, object.row.oid, shared, Vec::new(), now),
            item: None,
        };
        let text = format!("{} shared with {name}", object.row.object_type);
        self.record_with(&[leaf], |work, leaf| {
            known.must_stand(work)?;
            batch.store(work, known)?;
            note_uses(work, &verdict, shared.inputs.0, (leaf, leaf))?;
            let row = work
                .object(object.row.oid)?
                .filter(|row| row.agencies == object.row.agencies && row.state == object.row.state)
                .ok_or_else(|| {
                    AppError::Operator("the object changed while deciding; try again".to_owned())
                })?;
            self.hold_at_home(work, &row, giver, &verdict.agencies, (leaf, now))?;
            if let Some(ask) = ask {
                work.set_ask(ask, "released")?;
            }
            event(work, now, "released", text, (Some(row.oid), None))
        })?;
        Ok(OnwardOutcome { verdict, asked: Vec::new(), released: true })
    }

    /// Notes that the agencies to which it goes hold an object now.
    pub(crate) fn hold_at_home(
        &self,
        work: &mut dyn Work,
        row: &ObjectRow,
        giver: &str,
        agencies: &[Weighed],
        (leaf, now): (u64, Timestamp),
    ) -> Result<()> {
        if row.agencies.is_empty() {
            // Every agency holds it already.
            return Ok(());
        }
        let mut held_for = row.agencies.clone();
        for weighed in agencies.iter().filter(|w| w.goes()) {
            // INVARIANT: nobody holds anything without the law's permit for exactly this object.
            let permitted = weighed.ruling.permit(row.oid, self.identity.code).is_some();
            let Some(terms) = weighed.ruling.terms().filter(|_| permitted) else {
                return Err(AppError::Operator("a release without a permit was refused".into()));
            };
            let agency = weighed.recipient.body.clone();
            work.put_at_home(&AtHomeRow {
                oid: row.oid,
                agency: agency.clone(),
                giver: giver.to_owned(),
                delete_at: obligation::delete_by(&terms).into_iter().chain(row.delete_at).min(),
                terms: terms.to_bytes(),
                leaf,
                at: now,
                ended: None,
            })?;
            held_for.push(agency);
        }
        if held_for.len() > row.agencies.len() {
            held_for.sort_unstable();
            held_for.dedup();
            work.set_agencies(row.oid, &held_for)?;
        }
        Ok(())
    }

    /// Ends the holds of agencies whose time has come; the agency that shared the object keeps it.
    pub(crate) fn end_holds(&self, due: &[AtHomeRow]) -> Result<usize> {
        if due.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let leaves: Vec<LeafDraft> = due
            .iter()
            .map(|hold| {
                let about = format!("object {} at {}: its time ended", hold.oid, hold.agency);
                let digest = Some(Digest::from_array(*hold.oid.as_bytes()));
                let by = self.identity.code.as_str();
                self.note(RecordKind::Erasure, now, "hold ended", by, &about, digest)
            })
            .collect();
        self.record_with(&leaves, |work, _| {
            for hold in due {
                let text = format!("{} holds it no more: the time for it ended", hold.agency);
                end_hold(work, hold, now)?;
                event(work, now, "deleted", text, (Some(hold.oid), None))?;
            }
            Ok(())
        })?;
        Ok(due.len())
    }

    /// Takes an object back from the agencies with which it was shared, on record.
    pub(crate) fn take_back_at_home(
        &self,
        work: &mut dyn Work,
        oid: ObjectId,
        by: &str,
        basis: &str,
        now: Timestamp,
    ) -> Result<()> {
        for hold in work.at_home(oid)?.into_iter().filter(|hold| hold.ended.is_none()) {
            end_hold(work, &hold, now)?;
            let note = NoteRecord {
                act: "recalled".to_owned(),
                by: by.to_owned(),
                about: format!("object {oid} from our {}: {basis}", hold.agency),
                digest: Some(Digest::from_array(*oid.as_bytes())),
            };
            queue_record(work, &Record::new(RecordKind::Recall, now, &note))?;
        }
        Ok(())
    }
}

/// Refuses what is for an agency that holds an object first: it made it, or received it for the
/// nation. Who has it from another agency leaves to that one what becomes of it.
pub(crate) fn must_hold_first(work: &dyn Work, oid: ObjectId, actor: &Actor) -> Result<()> {
    if given_to(&work.at_home(oid)?, actor.body()).is_none() {
        return Ok(());
    }
    Err(AppError::Forbidden(format!(
        "{} holds object {} because another agency shared it: only that one may pass it on, \
         replace it or take it back",
        actor.body(),
        oid.short()
    )))
}

/// Among what agencies hold or held of an object because another shared it: what this one holds
/// now. None if it holds the object first, or not at all.
pub(crate) fn given_to<'h>(holds: &'h [AtHomeRow], agency: &str) -> Option<&'h AtHomeRow> {
    holds.iter().find(|hold| hold.agency == agency && hold.ended.is_none())
}

fn end_hold(work: &mut dyn Work, hold: &AtHomeRow, now: Timestamp) -> Result<()> {
    work.end_at_home(hold.oid, &hold.agency, now)?;
    if let Some(row) = work.object(hold.oid)? {
        let mut agencies = row.agencies;
        agencies.retain(|agency| *agency != hold.agency);
        // INVARIANT: the agency that holds it first is never taken out, so the list is not empty,
        // which would mean all agencies.
        work.set_agencies(hold.oid, &agencies)?;
    }
    Ok(())
}
