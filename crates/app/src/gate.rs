//! The gate: what a person may know of.
//!
//! An object is known to whoever may read intelligence, belongs to an agency that it is held for,
//! is cleared for its level, is read into its compartments, and whom no caveat of its marking shuts
//! out as another nation's national; and to the overseers. Who sits here for another nation knows
//! of what was released to it, and not taken back, and of what it originated, while it is a partner;
//! clearance, compartments and caveats bind them besides. Events, decisions, requests and recalls
//! are as secret as the object they concern. Whatever a person may not know of is answered as if it
//! did not exist, and numbers and pages are made of what is left. Every function of the node that
//! tells a person something asks here; the doors hold no rule of their own (decision 17).

use std::collections::HashMap;
use std::sync::Arc;

use entente_exchange::state::ObjectState;
use entente_law::print_portion;
use entente_law::reader::{self, Place, Reader};
use entente_model::item::RecallClass;
use entente_model::{NationCode, NationId, ObjectId, ReleaseFacts};
use entente_store::rows::{EventRow, MarkedCount, ObjectRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::node::{Known, Node};
use crate::people::{Actor, Role};

/// Who may read intelligence.
pub const READERS: [Role; 6] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::Overseer,
];
/// Who may see intelligence: those who read it for us, and those who sit here for another nation.
pub const VIEWERS: [Role; 7] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::Overseer,
    Role::Seat,
];
/// Who may see decisions and what they were about.
pub const DECISIONS: [Role; 7] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::SecurityOfficer,
    Role::Overseer,
];
/// Who may see what was refused, by us or on its way in: the operator too, who looks for causes.
pub const REFUSALS: [Role; 8] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::SecurityOfficer,
    Role::Overseer,
    Role::Operator,
];
/// Who may see recalls.
pub const RECALLS: [Role; 5] =
    [Role::ReleaseOfficer, Role::SecurityOfficer, Role::Analyst, Role::Liaison, Role::Overseer];
/// Who may see requests for consent.
pub const CONSENTS: [Role; 4] =
    [Role::ReleaseOfficer, Role::Liaison, Role::Analyst, Role::Overseer];
/// Who may see acts that wait for a second person.
pub const APPROVALS: [Role; 5] = [
    Role::ReleaseOfficer,
    Role::SecurityOfficer,
    Role::LegalAdviser,
    Role::Reviewer,
    Role::Overseer,
];
/// Who may see receipts.
pub const RECEIPTS: [Role; 6] = [
    Role::Analyst,
    Role::Liaison,
    Role::ReleaseOfficer,
    Role::Operator,
    Role::Overseer,
    Role::SecurityOfficer,
];
/// Who may verify the ledger, which counts everything that ever went out.
pub const VERIFIERS: [Role; 3] = [Role::Overseer, Role::SecurityOfficer, Role::Operator];

/// Rows that are looked at in one step behind those that a person may not know of.
const STEP: u64 = 500;

/// The nation that someone sits here for.
#[derive(Clone, Copy)]
struct Seat {
    code: NationCode,
    /// Who it is, while it is a partner: nobody reads for a nation that is suspended.
    partner: Option<NationId>,
}

impl Seat {
    /// Whether that nation has the object from us, and has it still, or originated it.
    fn has(self, released_to: &[String], originator: NationId, state: u8) -> bool {
        let Some(nation) = self.partner else { return false };
        let state = ObjectState::from_code(state.into()).unwrap_or_default();
        let taken_back = state.recalled().is_some_and(|class| class != RecallClass::Note);
        let released = released_to.iter().any(|code| code == self.code.as_str());
        originator == nation || (released && !taken_back)
    }
}

/// What one person may know of; asks about each object once.
pub(crate) struct Gate {
    /// Up to where the person is cleared.
    level: u8,
    reads: bool,
    oversees: bool,
    /// Whose national the person is, and what they are read into.
    reader: Reader,
    /// The agency that the person belongs to.
    agency: String,
    /// Of a liaison seat, the nation that it is held for.
    seat: Option<Seat>,
    /// The nation whose node this is.
    host: NationId,
    world: Arc<Known>,
    known: HashMap<ObjectId, bool>,
}

impl Gate {
    /// Whether the person may know of this object.
    pub(crate) fn sees_row(&self, row: &ObjectRow) -> bool {
        self.oversees || self.opens_row(row)
    }

    /// Whether the person may read its content too.
    pub(crate) fn opens_row(&self, row: &ObjectRow) -> bool {
        self.reads
            && row.class <= self.level
            && self.is_for(&row.agencies, &row.released_to, row.nation, row.state)
            && self.admits(&row.marking, row.nation)
    }

    /// Whether it is held for the person's agency, or for all, or the nation that they sit here for
    /// has it.
    fn is_for(
        &self,
        agencies: &[String],
        released_to: &[String],
        originator: NationId,
        state: u8,
    ) -> bool {
        match self.seat {
            Some(seat) => seat.has(released_to, originator, state),
            None => agencies.is_empty() || agencies.contains(&self.agency),
        }
    }

    /// The nation that the person sits here for.
    pub(crate) fn seat(&self) -> Option<NationCode> {
        self.seat.map(|seat| seat.code)
    }

    /// Whether the person is another nation's national.
    pub(crate) fn is_guest(&self) -> bool {
        self.world.nation(&self.host).is_none_or(|host| host.row.code != self.reader.nation)
    }

    /// Whether the person may read every portion of it: a portion may be marked more strictly than
    /// the whole, which then goes to others without it.
    pub(crate) fn opens_portions(&self, facts: &ReleaseFacts, originator: NationId) -> bool {
        facts.portions.iter().all(|portion| {
            portion.class <= self.level && self.admits(&print_portion(portion), originator)
        })
    }

    /// Whether compartments and caveats let the person read what this nation marked so.
    fn admits(&self, marking: &str, originator: NationId) -> bool {
        let code = |id: &NationId| self.world.nation(id).map(|nation| nation.row.code);
        let Some(host) = code(&self.host) else { return false };
        let place = Place { host, originator: code(&originator) };
        !reader::keeps_from(marking, place, &self.reader, &self.world.policy.rules)
    }

    /// Whether the person may know of an object that may be held here, or not.
    pub(crate) fn sees(&mut self, work: &dyn Work, oid: ObjectId) -> Result<bool> {
        if self.oversees {
            return Ok(true);
        }
        if let Some(sees) = self.known.get(&oid) {
            return Ok(*sees);
        }
        let sees = work.object(oid)?.is_some_and(|row| self.sees_row(&row));
        self.known.insert(oid, sees);
        Ok(sees)
    }

    /// The same of what may be about no object at all.
    pub(crate) fn sees_about(&mut self, work: &dyn Work, oid: Option<ObjectId>) -> Result<bool> {
        oid.map_or(Ok(true), |oid| self.sees(work, oid))
    }

    /// Whether the person may know of an event. Facts on record are not for guests; and what
    /// happens here, to whom else something goes, is not for whoever sits here for another nation.
    pub(crate) fn sees_event(&mut self, work: &dyn Work, row: &EventRow) -> Result<bool> {
        let told = self.seat.is_none() && !(self.is_guest() && row.kind == "fact");
        Ok(told && self.sees_about(work, row.oid)?)
    }

    /// How many objects the person may know of: own, received.
    pub(crate) fn counts(&self, work: &dyn Work) -> Result<(u64, u64)> {
        Ok(if self.oversees {
            work.object_counts()?
        } else if self.reads {
            let mut counts = (0, 0);
            for marked in work.object_counts_to(self.level)? {
                let MarkedCount { agencies, released_to, nation, state, .. } = &marked;
                if self.is_for(agencies, released_to, *nation, *state)
                    && self.admits(&marked.marking, marked.nation)
                {
                    let of = if marked.own { &mut counts.0 } else { &mut counts.1 };
                    *of += marked.count;
                }
            }
            counts
        } else {
            (0, 0)
        })
    }
}

/// At most `count` rows that pass, in steps from a position on, so that what does not pass takes
/// no place on the page.
pub(crate) fn passing<T>(
    count: u64,
    mut from: Option<i64>,
    position: impl Fn(&T) -> i64,
    fetch: impl Fn(Option<i64>, u64) -> Result<Vec<T>>,
    mut passes: impl FnMut(&T) -> Result<bool>,
) -> Result<(Vec<T>, Option<i64>)> {
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    let mut at_once = count.clamp(1, 10_000);
    loop {
        let step = fetch(from, at_once)?;
        at_once = at_once.max(STEP);
        if step.is_empty() || rows.len() >= wanted {
            return Ok((rows, from));
        }
        for row in step {
            if rows.len() >= wanted {
                return Ok((rows, from));
            }
            from = Some(position(&row));
            if passes(&row)? {
                rows.push(row);
            }
        }
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// What this person may know of, now.
    pub(crate) fn gate(&self, actor: &Actor) -> Result<Gate> {
        let person = self.store.read(|work| work.person(actor.name()))?;
        let world = self.known();
        let scheme = world.policy.schemes.get(self.identity.code.as_str()).ok();
        // Without a clearance on record a person reads what is not classified.
        let level = person
            .as_ref()
            .filter(|p| !p.clearance.is_empty())
            .and_then(|p| scheme.and_then(|s| s.level(&p.clearance)))
            .unwrap_or(0);
        let agency = person.as_ref().map(|p| p.body.clone()).unwrap_or_default();
        let reader = Reader {
            nation: person.as_ref().and_then(|p| p.nation).unwrap_or(self.identity.code),
            read_ins: person.map(|p| p.read_ins).unwrap_or_default(),
        };
        let seat = actor.is_seated().then(|| {
            let code = reader.nation;
            let partner = world.partners(self.identity.nation).find(|(n, _, _)| n.row.code == code);
            Seat { code, partner: partner.map(|(nation, _, _)| nation.row.nation) }
        });
        Ok(Gate {
            level,
            reader,
            agency,
            host: self.identity.nation,
            world,
            reads: actor.is(&VIEWERS),
            seat,
            oversees: actor.is(&[Role::Overseer]),
            known: HashMap::new(),
        })
    }

    /// Refuses, in the words for what does not exist, unless the person may know of the object.
    pub(crate) fn must_know(&self, actor: &Actor, oid: ObjectId) -> Result<()> {
        let mut gate = self.gate(actor)?;
        if self.store.read(|work| gate.sees(work, oid))? {
            return Ok(());
        }
        Err(unknown(oid))
    }
}

/// An object that is not here, or that the person may not know of.
pub(crate) fn unknown(oid: ObjectId) -> AppError {
    AppError::NotFound(format!("object {}", oid.short()))
}

#[test]
fn a_page_is_filled_from_behind_what_does_not_pass() {
    // 2,000 rows, of which every hundredth passes.
    let fetch = |before: Option<i64>, count: u64| {
        let top = before.unwrap_or(2000);
        let rows = (0..top).rev().take(usize::try_from(count).unwrap());
        Ok(rows.collect::<Vec<i64>>())
    };
    let passes = |row: &i64| Ok(row % 100 == 0);
    let (first, last) = passing(3, None, |row| *row, fetch, passes).unwrap();
    assert_eq!((first, last), (vec![1900, 1800, 1700], Some(1700)));
    let (rest, _) = passing(50, last, |row| *row, fetch, passes).unwrap();
    assert_eq!(rest.len(), 17);
    let (none, _) = passing(5, Some(0), |row| *row, fetch, passes).unwrap();
    assert_eq!(none, Vec::<i64>::new());
}
