//! Breaches: a loss or compromise of what a partner gave, and the clock until it must be told.
//!
//! A breach is recorded on one object, or on a partner when it is not known which objects it
//! touches. From the moment we learned of it the clock runs that the terms of the object, or the
//! agreements with the partner, set. Telling the partner is people's work, done by the means that
//! the agreement names; that it was done is recorded, and an alarm is raised where it is overdue.

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::record::RecordKind;
use entente_model::{Digest, NationCode, NationId, ObjectId, Terms, Timestamp};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::gate::{Gate, unknown};
use crate::node::{Known, Node, event};
use crate::obligation;
use crate::people::{Actor, Role};
use crate::said::{SAID_BYTES_MAX, bounded};

/// Who records a breach, and that it was told.
const RECORDERS: [Role; 2] = [Role::SecurityOfficer, Role::ReleaseOfficer];
/// Who sees breaches.
const BREACHES: [Role; 5] = [
    Role::SecurityOfficer,
    Role::ReleaseOfficer,
    Role::LegalAdviser,
    Role::Liaison,
    Role::Overseer,
];
/// Breaches kept; the oldest that were told make room.
const BREACHES_MAX: usize = 1000;
/// The setting that holds them: they are few, and are read and written together.
const SETTING: &str = "breaches";
const HOUR_MILLIS: u64 = 3_600_000;

/// A loss or compromise of what a partner gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Its number.
    pub id: u64,
    /// When we learned of it.
    pub learned: Timestamp,
    /// Who recorded it.
    pub by: String,
    /// The object; none if it is not known which.
    pub oid: Option<ObjectId>,
    /// The nation that must be told.
    pub nation: NationId,
    /// What happened.
    pub what: String,
    /// Until when it must be told; none if nothing sets a time.
    pub due: Option<Timestamp>,
    /// Where that comes from.
    pub basis: String,
    /// When it was told, by whom and how.
    pub told: Option<(Timestamp, String, String)>,
    /// Whether it was said that it is overdue.
    alarmed: bool,
}

impl Breach {
    /// Whether it should have been told by now.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.told.is_none() && self.due.is_some_and(|due| due <= now)
    }
}

impl Wire for Breach {
    const NAME: &'static str = "breach";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(11)
            .uint(1)
            .uint(self.id)
            .value(&self.learned)
            .text(&self.by)
            .optional(self.oid.as_ref(), |w, oid| oid.write(w))
            .value(&self.nation)
            .text(&self.what)
            .optional(self.due.as_ref(), |w, due| due.write(w))
            .text(&self.basis)
            .optional(self.told.as_ref(), |w, (at, by, how)| {
                w.array(3).value(at).text(by).text(how);
            })
            .bool(self.alarmed);
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(11, |r| {
            r.uint_to(1, "the version")?;
            Ok(Self {
                id: r.uint()?,
                learned: r.value()?,
                by: r.text()?.to_owned(),
                oid: r.optional(Reader::value)?,
                nation: r.value()?,
                what: r.text()?.to_owned(),
                due: r.optional(Reader::value)?,
                basis: r.text()?.to_owned(),
                told: r.optional(|r| {
                    r.record(3, |r| Ok((r.value()?, r.text()?.to_owned(), r.text()?.to_owned())))
                })?,
                alarmed: r.bool()?,
            })
        })
    }
}

/// All breaches, the oldest first.
struct Breaches(Vec<Breach>);

impl Wire for Breaches {
    const NAME: &'static str = "breaches";
    const BYTES_MAX: usize = 16 << 20;

    fn write(&self, w: &mut Writer) {
        w.list(&self.0, |w, breach| breach.write(w));
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        Ok(Self(r.list(Reader::value)?))
    }
}

fn load(work: &dyn Work) -> Result<Vec<Breach>> {
    let kept = work.setting(SETTING)?;
    Ok(kept.map(|bytes| Breaches::from_bytes(&bytes)).transpose()?.map_or_else(Vec::new, |b| b.0))
}

fn save(work: &mut dyn Work, mut breaches: Vec<Breach>) -> Result<()> {
    while breaches.len() > BREACHES_MAX {
        let Some(told) = breaches.iter().position(|b| b.told.is_some()) else {
            return Err(AppError::invalid(format!(
                "{BREACHES_MAX} breaches wait to be told: tell them before more are recorded"
            )));
        };
        breaches.remove(told);
    }
    Ok(work.put_setting(SETTING, &Breaches(breaches).to_bytes())?)
}

/// What a breach is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreachOf {
    /// One object that we received.
    Object(ObjectId),
    /// What a partner gave; it is not known which of it.
    Partner(NationCode),
}

/// Checks a sentence that people will read.
fn sentence(text: &str, what: &str) -> Result<String> {
    bounded(text).map(str::to_owned).ok_or_else(|| {
        AppError::invalid(format!("say {what} in a sentence of at most {SAID_BYTES_MAX} bytes"))
    })
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Records a breach that we learned of so many hours ago, and starts its clock.
    pub fn record_breach(
        &self,
        actor: &Actor,
        of: BreachOf,
        what: &str,
        hours_ago: u64,
    ) -> Result<Breach> {
        actor.must_act_as(&RECORDERS, "record a breach")?;
        let what = sentence(what, "what happened")?;
        let known = self.known();
        let now = self.now();
        let span = hours_ago.checked_mul(HOUR_MILLIS).and_then(|ms| now.millis().checked_sub(ms));
        let learned = span
            .map(Timestamp::from_millis)
            .ok_or_else(|| AppError::invalid(format!("{hours_ago} hours ago lies before 1970")))?;
        let (oid, nation, clock) = match of {
            BreachOf::Object(oid) => {
                self.must_know(actor, oid)?;
                let row = self.store.read(|work| work.object(oid))?.ok_or_else(|| unknown(oid))?;
                let terms = row.terms.as_deref().map(Terms::from_bytes).transpose()?;
                let Some(terms) = terms else {
                    return Err(AppError::invalid(
                        "this object is our own: recall it from those who hold it",
                    ));
                };
                let clock = obligation::breach_hours(&terms).map(|hours| {
                    let code = format!("notify_breach_within_h:{hours}");
                    (hours, obligation::source(&known.policy, &terms, &code))
                });
                (Some(oid), row.nation, clock)
            }
            BreachOf::Partner(code) => {
                let nation = known
                    .by_code(code)
                    .map(|n| n.row.nation)
                    .filter(|nation| *nation != self.identity.nation)
                    .ok_or_else(|| {
                        AppError::invalid(format!(
                            "{code} is not a partner of this node: see `entente status`"
                        ))
                    })?;
                (None, nation, self.clock_towards(&known, &nation))
            }
        };
        let due = clock.as_ref().map(|(hours, _)| learned.plus_millis(hours * HOUR_MILLIS));
        let mut breach = Breach {
            id: 0,
            learned,
            by: actor.name().to_owned(),
            oid,
            nation,
            what,
            due,
            basis: clock.map(|(_, basis)| basis).unwrap_or_default(),
            told: None,
            alarmed: false,
        };
        let leaf = self.note(
            RecordKind::Admin,
            now,
            "breach recorded",
            actor.name(),
            &format!("of what {} gave: {}", known.name_of(&nation), breach.what),
            oid.map(|oid| Digest::from_array(*oid.as_bytes())),
        );
        self.record_with(&[leaf], |work, _| {
            let mut breaches = load(work)?;
            breach.id = breaches.iter().map(|b| b.id).max().unwrap_or(0) + 1;
            breaches.push(breach.clone());
            save(work, breaches)?;
            let until =
                breach.due.map_or_else(String::new, |due| format!(" by {}", moment_text(due)));
            let text = format!(
                "breach {}: {}; {} must be told{until}",
                breach.id,
                breach.what,
                known.name_of(&nation)
            );
            event(work, now, "breach", text, (oid, Some(nation)))
        })?;
        Ok(breach)
    }

    /// The shortest time that the agreements with a partner set, and the clause that sets it.
    fn clock_towards(&self, known: &Known, nation: &NationId) -> Option<(u64, String)> {
        known
            .policy
            .agreements
            .iter()
            // What has ended still protects what was given under it.
            .filter(|held| held.state.is_complete() && held.state.parties().contains(nation))
            .filter_map(|held| held.agreement.breach_notification())
            .min_by_key(|(_, hours)| *hours)
            .map(|(clause, hours)| (hours, clause.to_owned()))
    }

    /// Records that the partner was told of a breach, and how.
    pub fn breach_told(&self, actor: &Actor, id: u64, how: &str) -> Result<Breach> {
        actor.must_act_as(&RECORDERS, "record that a breach was told")?;
        let how = sentence(how, "how the partner was told")?;
        let absent = || AppError::NotFound(format!("a breach numbered {id}"));
        let breach = self.breaches(actor)?.into_iter().find(|b| b.id == id).ok_or_else(absent)?;
        if let Some((_, by, _)) = &breach.told {
            return Err(AppError::invalid(format!("breach {id} was told already, by {by}")));
        }
        let known = self.known();
        let now = self.now();
        let name = known.name_of(&breach.nation);
        let leaf = self.note(
            RecordKind::Admin,
            now,
            "breach told",
            actor.name(),
            &format!("breach {id} to {name}: {how}"),
            breach.oid.map(|oid| Digest::from_array(*oid.as_bytes())),
        );
        self.record_with(&[leaf], |work, _| {
            let mut breaches = load(work)?;
            let kept = breaches.iter_mut().find(|b| b.id == id).ok_or_else(absent)?;
            kept.told = Some((now, actor.name().to_owned(), how.clone()));
            let told = kept.clone();
            save(work, breaches)?;
            let text = format!("breach {id} was told to {name}: {how}");
            event(work, now, "breach", text, (told.oid, Some(told.nation)))?;
            Ok(told)
        })
    }

    /// Breaches of which the person may know, the newest first.
    pub fn breaches(&self, actor: &Actor) -> Result<Vec<Breach>> {
        actor.must_be(&BREACHES, "see breaches")?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| seen(work, &mut gate))
    }

    /// Breaches that wait to be told, for whoever may see them; none for others.
    pub(crate) fn open_breaches(&self, actor: &Actor) -> Result<Vec<Breach>> {
        if !actor.is(&BREACHES) {
            return Ok(Vec::new());
        }
        let mut breaches = self.breaches(actor)?;
        breaches.retain(|breach| breach.told.is_none());
        Ok(breaches)
    }

    /// Raises an alarm for each breach that should have been told by now.
    pub(crate) fn tell_overdue(&self) -> Result<()> {
        let now = self.now();
        let is_due = |breach: &Breach| breach.is_overdue(now) && !breach.alarmed;
        if !self.store.read(|work| load(work))?.iter().any(is_due) {
            return Ok(());
        }
        let known = self.known();
        self.store.write(|work| {
            let mut breaches = load(work)?;
            for breach in breaches.iter_mut().filter(|breach| is_due(breach)) {
                breach.alarmed = true;
                let text = format!(
                    "breach {} is overdue: {} had to be told by {} under {}",
                    breach.id,
                    known.name_of(&breach.nation),
                    breach.due.map(moment_text).unwrap_or_default(),
                    breach.basis
                );
                event(work, now, "alarm", text, (breach.oid, Some(breach.nation)))?;
            }
            save(work, breaches)
        })?;
        (self.wake)(&crate::node::WakeUp::Events);
        Ok(())
    }
}

fn seen(work: &dyn Work, gate: &mut Gate) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for breach in load(work)?.into_iter().rev() {
        if gate.sees_about(work, breach.oid)? {
            breaches.push(breach);
        }
    }
    Ok(breaches)
}

/// A moment as people read it.
fn moment_text(at: Timestamp) -> String {
    let seconds = i64::try_from(at.millis() / 1000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |at| at.to_string())
}
