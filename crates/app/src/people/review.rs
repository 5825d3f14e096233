//! The access review: who holds what since when, who used it last, and is it still needed.
//!
//! Every person and program is looked at by a security officer within a period that the operator
//! sets; nobody looks at themselves. What is no longer needed is taken, the rest is confirmed, and
//! the outcome is entered in the ledger. A review that is overdue is told in `status` and `doctor`.

use entente_model::codec::Writer;
use entente_model::record::RecordKind;
use entente_model::{Digest, Timestamp};
use entente_store::rows::{PersonRow, PresenceRow};
use entente_store::{Store, Vault, Work};

use super::approval::action_digest;
use super::change::{self, Change};
use super::{Actor, Role};
use crate::error::{AppError, Result};
use crate::node::Node;

/// Who sees how reviews stand.
const SEEING: [Role; 3] = [Role::SecurityOfficer, Role::Overseer, Role::Operator];
/// That someone asked for something is written so often at most.
const ASKED_EVERY_MILLIS: u64 = 3_600_000;

/// What a person holds, and how its review stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The person.
    pub row: PersonRow,
    /// When they signed in to the pages last.
    pub signed_in: Option<Timestamp>,
    /// When they asked for anything last, to within an hour.
    pub asked: Option<Timestamp>,
    /// When the review is due.
    pub due: Timestamp,
    /// Whether that is over.
    pub is_overdue: bool,
}

/// When a person's review is due.
pub fn review_due(row: &PersonRow, every_millis: u64) -> Timestamp {
    row.reviewed.unwrap_or(row.at).plus_millis(every_millis)
}

/// The persons whose review is overdue, for whoever looks at the store from outside.
pub fn reviews_overdue(
    work: &dyn Work,
    now: Timestamp,
    every_millis: u64,
) -> entente_store::Result<Vec<String>> {
    let overdue = |row: &PersonRow| row.active && review_due(row, every_millis) <= now;
    Ok(work.people()?.into_iter().filter(overdue).map(|row| row.name).collect())
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Who holds what, those whose review is due first.
    pub fn reviews(&self, actor: &Actor) -> Result<Vec<Holding>> {
        actor.must_act_as(&change::CONFIRMING, "review who holds what")?;
        let (now, every) = (self.now(), self.settings.review_millis);
        let mut holdings = self.store.read(|work| {
            let mut holdings = Vec::new();
            for row in work.people()?.into_iter().filter(|row| row.active) {
                let seen = work.presence(&row.name)?;
                let due = review_due(&row, every);
                holdings.push(Holding {
                    signed_in: seen.as_ref().and_then(|seen| seen.signed_in),
                    asked: seen.and_then(|seen| seen.asked),
                    due,
                    is_overdue: due <= now,
                    row,
                });
            }
            Ok::<_, AppError>(holdings)
        })?;
        holdings.sort_by(|a, b| (a.due, &a.row.name).cmp(&(b.due, &b.row.name)));
        Ok(holdings)
    }

    /// Whose review is overdue, for those who answer for that.
    pub(crate) fn overdue_reviews(&self, actor: &Actor) -> Result<Vec<String>> {
        if !actor.is(&SEEING) {
            return Ok(Vec::new());
        }
        let (now, every) = (self.now(), self.settings.review_millis);
        Ok(self.store.read(|work| reviews_overdue(work, now, every))?)
    }

    /// What a person's confirmation is of, exactly.
    pub(super) fn exact_review(
        &self,
        actor: &Actor,
        name: &str,
        why: &str,
    ) -> Result<(Digest, String)> {
        actor.must_act_as(&[Role::SecurityOfficer], "review who holds what")?;
        let row = self.reviewed(actor, name)?;
        let mut w = Writer::new();
        w.array(3).uint(1);
        change::write_person(&mut w, &row);
        w.text(change::reason(why)?);
        let about = format!("confirm that {} is needed: {}", change::in_short(&row), why.trim());
        Ok((action_digest("review person", &w.into_bytes()), about))
    }

    fn reviewed(&self, actor: &Actor, name: &str) -> Result<PersonRow> {
        let row = self.other(actor, name)?;
        if row.active {
            return Ok(row);
        }
        Err(AppError::invalid(format!("{name} has left: there is nothing to review")))
    }

    /// Takes from a person what is no longer needed, and confirms the rest.
    pub fn review_person(
        &self,
        actor: &Actor,
        name: &str,
        take: &[Role],
        read_out: &[String],
        why: &str,
    ) -> Result<PersonRow> {
        actor.must_act_as(&[Role::SecurityOfficer], "review who holds what")?;
        let why = change::reason(why)?;
        self.reviewed(actor, name)?;
        let change =
            Change { take: take.to_vec(), read_out: read_out.to_vec(), ..Change::default() };
        if change != Change::default() {
            // To take needs one person, who has the office already.
            self.change_person(actor, name, &change, why)?;
        }
        let before = self.reviewed(actor, name)?;
        let now = self.now();
        let next = PersonRow {
            reviewed: Some(now),
            reviewed_by: actor.name().to_owned(),
            ..before.clone()
        };
        let taken: Vec<&str> =
            take.iter().map(|r| r.as_str()).chain(read_out.iter().map(String::as_str)).collect();
        let outcome = if taken.is_empty() {
            "confirmed".to_owned()
        } else {
            format!("taken: {}; the rest confirmed", taken.join(", "))
        };
        let about = change::in_full(&next, &format!("{outcome}; {why}"));
        let leaf = self.note(RecordKind::Admin, now, "access reviewed", actor.name(), &about, None);
        self.record_with(&[leaf], |work, _| {
            if work.person(name)?.as_ref() != Some(&before) {
                return Err(AppError::invalid(format!(
                    "{name} was changed by someone else meanwhile: look again"
                )));
            }
            work.put_person(&next)?;
            Ok(())
        })?;
        Ok(next)
    }

    /// Notes that a person asked for something.
    pub fn note_presence(&self, actor: &Actor) -> Result<()> {
        let (name, now) = (actor.name(), self.now());
        let seen = self.store.read(|work| work.presence(name))?;
        let fresh = |at: Timestamp| now.since(at) < ASKED_EVERY_MILLIS;
        if seen.as_ref().and_then(|seen| seen.asked).is_some_and(fresh) {
            return Ok(());
        }
        self.store.write(|work| note(work, name, now, false))?;
        Ok(())
    }
}

/// Notes in a transaction that a person asked for something, or signed in.
pub(super) fn note(
    work: &mut dyn Work,
    person: &str,
    now: Timestamp,
    signs_in: bool,
) -> entente_store::Result<()> {
    let before = work.presence(person)?.and_then(|seen| seen.signed_in);
    work.put_presence(&PresenceRow {
        person: person.to_owned(),
        signed_in: if signs_in { Some(now) } else { before },
        asked: Some(now),
    })
}
