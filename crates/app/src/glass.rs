//! Breaking the glass: in an emergency a person reads what they are not cleared for or read into.
//!
//! Only here and only to a person of this nation: nothing goes anywhere, nothing becomes theirs, and
//! what a marking keeps from other nations stays kept from them and from their nationals. It is for
//! a case that is open and for a reason; overseers and security officers are alarmed before the
//! content is answered, and another person judges within three days whether it was justified
//! (`protocol.md` 8.4). All of it is entered in the ledger.

use entente_model::record::RecordKind;
use entente_model::{Digest, ObjectId, Timestamp};
use entente_store::rows::OpeningRow;
use entente_store::{Store, Vault, Work};

use crate::access::{Necessity, Reading};
use crate::error::{AppError, Result};
use crate::gate::{READERS, unknown};
use crate::node::{Node, WakeUp, event};
use crate::objects::ObjectView;
use crate::people::{Actor, CONFIRMING};
use crate::said::{SAID_BYTES_MAX, bounded};
use crate::variant::Family;

/// Through which door it is read, in the access record.
const DOOR: &str = "break-glass";
/// Within which time it is judged.
const REVIEW_MILLIS: u64 = 72 * 3_600_000;
/// One person has so many openings at most that wait to be judged, so that nobody reads everything.
const OPEN_MAX: usize = 10;
/// Openings that are listed.
const LISTED_MAX: u64 = 1000;

impl<S: Store, V: Vault> Node<S, V> {
    /// Refuses who may not break the glass at all, before anything is looked at.
    pub(crate) fn must_break_glass(&self, actor: &Actor, necessity: &str) -> Result<Necessity> {
        actor.must_act_as(&READERS, "read in an emergency what they are not cleared for")?;
        let person = self.store.read(|work| work.person(actor.name()))?;
        if actor.is_program() || person.is_none_or(|person| person.nation.is_some()) {
            return Err(AppError::Forbidden(format!(
                "{} may not break the glass: that is for persons of this nation",
                actor.name()
            )));
        }
        let necessity: Necessity = necessity.parse()?;
        self.must_be_open(&necessity)?;
        Ok(necessity)
    }

    /// Opens one object that the person may not read, once.
    pub fn break_glass(&self, actor: &Actor, oid: ObjectId, necessity: &str) -> Result<ObjectView> {
        let necessity = self.must_break_glass(actor, necessity)?;
        let mut gate = self.gate(actor)?;
        let row = self.store.read(|work| work.object(oid))?.ok_or_else(|| unknown(oid))?;
        let (manifest, payload) = self.content_of(&row)?.ok_or_else(|| unknown(oid))?;
        if gate.opens_row(&row) && gate.opens_portions(&manifest.facts, row.nation) {
            return Err(AppError::invalid(format!(
                "{} may read object {} as usual: there is no glass to break",
                actor.name(),
                oid.short()
            )));
        }
        let waiting = |row: &&OpeningRow| row.person == actor.name() && row.judged.is_none();
        let openings = self.store.read(|work| work.openings(LISTED_MAX))?;
        if openings.iter().filter(waiting).count() >= OPEN_MAX {
            return Err(AppError::Forbidden(format!(
                "{} broke the glass {OPEN_MAX} times, and nobody has judged it yet: ask an \
                 overseer to do so first",
                actor.name()
            )));
        }

        // On record, and told, before it is answered.
        let why = necessity.to_string();
        let reading = Reading { door: DOOR, necessity: Some(necessity) };
        self.note_access(actor, oid, true, &reading)?;
        let now = self.now();
        let opening = OpeningRow {
            id: 0,
            person: actor.name().to_owned(),
            oid,
            at: now,
            why,
            due: now.plus_millis(REVIEW_MILLIS),
            told: false,
            judged: None,
            judge: String::new(),
            justified: false,
            judgement: String::new(),
        };
        let about = format!("object {oid}: {}", opening.why);
        let digest = Digest::from_array(*oid.as_bytes());
        let leaf =
            self.note(RecordKind::Alarm, now, "glass broken", actor.name(), &about, Some(digest));
        // What was opened, and why, is for those who judge it.
        let text = format!(
            "{} broke the glass: overseers and security officers judge it within 72 hours, see \
             `entente glass list`",
            actor.name()
        );
        self.record_with(&[leaf], |work, _| {
            work.put_opening(&opening)?;
            event(work, now, "alarm", text, (None, None))
        })?;
        let family = self.store.read(|work| Family::of(work, oid)?.seen_by(work, &mut gate))?;
        Ok(ObjectView {
            row,
            manifest: Some(manifest),
            payload: Some(payload),
            terms: None,
            at_home: None,
            shared: Vec::new(),
            family,
            deliveries: Vec::new(),
        })
    }

    /// Openings, newest first: all for those who judge them, and one's own.
    pub fn openings(&self, actor: &Actor) -> Result<Vec<OpeningRow>> {
        let mut rows = self.store.read(|work| work.openings(LISTED_MAX))?;
        if !actor.is(&CONFIRMING) {
            rows.retain(|row| row.person == actor.name());
        }
        Ok(rows)
    }

    /// How many openings wait to be judged by this person, and of how many that is overdue.
    pub(crate) fn openings_waiting(&self, actor: &Actor) -> Result<(usize, usize)> {
        if !actor.is(&CONFIRMING) {
            return Ok((0, 0));
        }
        let now = self.now();
        let mut rows = self.openings(actor)?;
        rows.retain(|row| row.judged.is_none() && row.person != actor.name());
        Ok((rows.len(), rows.iter().filter(|row| row.due <= now).count()))
    }

    /// The opening that a person is to judge, and what that is about.
    pub(crate) fn opening_to_judge(
        &self,
        actor: &Actor,
        id: i64,
        justified: bool,
        why: &str,
    ) -> Result<(OpeningRow, String)> {
        actor.must_act_as(&CONFIRMING, "judge who broke the glass")?;
        let why = bounded(why).ok_or_else(|| {
            AppError::invalid(format!("say why, in 1 to {SAID_BYTES_MAX} bytes: it goes on record"))
        })?;
        let row = self
            .store
            .read(|work| work.opening(id))?
            .ok_or_else(|| AppError::NotFound(format!("an opening numbered {id}")))?;
        if row.person == actor.name() {
            return Err(AppError::Forbidden(format!(
                "{} may not judge themselves: another person does",
                actor.name()
            )));
        }
        if row.judged.is_some() {
            return Err(AppError::invalid(format!(
                "opening {id} was judged by {} already",
                row.judge
            )));
        }
        let word = if justified { "justified" } else { "not justified" };
        let about = format!("opening {id} of object {} by {}: {word}: {why}", row.oid, row.person);
        Ok((row, about))
    }

    /// Judges whether an opening was justified.
    pub fn judge_opening(&self, actor: &Actor, id: i64, justified: bool, why: &str) -> Result<()> {
        let (row, about) = self.opening_to_judge(actor, id, justified, why)?;
        let now = self.now();
        let digest = Digest::from_array(*row.oid.as_bytes());
        let leaf =
            self.note(RecordKind::Admin, now, "glass judged", actor.name(), &about, Some(digest));
        self.record_with(&[leaf], |work, _| {
            // Of two who judge at once, one is first.
            let row = work
                .opening(id)?
                .filter(|row| row.judged.is_none())
                .ok_or_else(|| AppError::invalid(format!("opening {id} was judged already")))?;
            work.put_opening(&OpeningRow {
                judged: Some(now),
                judge: actor.name().to_owned(),
                justified,
                judgement: why.trim().to_owned(),
                ..row
            })?;
            Ok(())
        })
    }

    /// Raises an alarm for each opening that nobody judged in time, once.
    pub(crate) fn tell_unjudged(&self) -> Result<()> {
        let now = self.now();
        let is_due = |row: &OpeningRow| row.judged.is_none() && !row.told && row.due <= now;
        if !self.store.read(|work| work.openings(LISTED_MAX))?.iter().any(is_due) {
            return Ok(());
        }
        self.store.write(|work| tell(work, now, is_due))?;
        (self.wake)(&WakeUp::Events);
        Ok(())
    }
}

fn tell(work: &mut dyn Work, now: Timestamp, is_due: impl Fn(&OpeningRow) -> bool) -> Result<()> {
    for row in work.openings(LISTED_MAX)?.into_iter().filter(is_due) {
        let text = format!(
            "nobody has judged within 72 hours whether {} broke the glass with good reason",
            row.person
        );
        event(work, now, "alarm", text, (None, None))?;
        work.put_opening(&OpeningRow { told: true, ..row })?;
    }
    Ok(())
}
