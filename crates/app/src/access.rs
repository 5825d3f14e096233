//! The access record: no content is answered before it is on disk who read it, and why.
//!
//! Accesses are kept one by one as they happen, and entered in the ledger together within a minute
//! (I36). A read that cannot be recorded fails. What holds personal data is read for an open case,
//! with a statement of why that is necessary (`protocol.md` 8.5).

use std::fmt;
use std::str::FromStr;

use entente_ledger::tree;
use entente_model::access::{Access, AccessRecord};
use entente_model::codec::Wire;
use entente_model::record::{Record, RecordKind};
use entente_model::{ObjectId, Timestamp};
use entente_store::rows::{AccessFilter, AccessRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::node::Node;
use crate::people::{Actor, Role};
use crate::said::{SAID_BYTES_MAX, bounded};
use crate::sequencer::LeafDraft;

/// Accesses wait so long for others at most before they are entered. With the second between two
/// ticks, and the time that entering takes, this stays within the minute of I36.
const GATHERING_MILLIS: u64 = 45_000;
/// Accesses that are entered together at most.
const TOGETHER_MAX: u64 = 4096;

/// Why it is necessary to read something: for which case, in a person's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Necessity {
    case: String,
    why: String,
}

impl fmt::Display for Necessity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case:{}: {}", self.case, self.why)
    }
}

impl FromStr for Necessity {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.strip_prefix("case:").and_then(|rest| rest.split_once(": "));
        match parts.map(|(case, why)| (case.trim(), bounded(why))) {
            Some((case, Some(why))) if !case.is_empty() => {
                Ok(Self { case: case.to_owned(), why: why.to_owned() })
            }
            _ => Err(AppError::invalid(format!(
                "`{text}` is no statement of necessity: write the case and the reason, such as \
                 `case:OP-12: the boat's owner is a suspect`, in at most {SAID_BYTES_MAX} bytes"
            ))),
        }
    }
}

/// How and why someone reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Through which door: `command`, `page` or `export`.
    pub door: &'static str,
    /// Why it is necessary, if the reader says so.
    pub necessity: Option<Necessity>,
}

impl Reading {
    /// Through this door, with what the reader wrote about its necessity.
    pub fn through(door: &'static str, necessity: Option<&str>) -> Result<Self> {
        Ok(Self { door, necessity: necessity.map(str::parse).transpose()? })
    }

    /// By a person's program, without a statement.
    pub const fn by_command() -> Self {
        Self { door: "command", necessity: None }
    }
}

/// One access as overseers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessView {
    /// Its number, from which a list goes on.
    pub id: i64,
    /// What took place.
    pub access: Access,
    /// The ledger entry that covers it, once it is entered.
    pub leaf: Option<u64>,
}

/// The root over accesses, in their order.
pub(crate) fn root_of(rows: &[AccessRow]) -> entente_model::Digest {
    let hashes: Vec<_> = rows.iter().map(|row| tree::leaf_hash(&row.access)).collect();
    tree::root_of(&hashes)
}

/// What is wrong with the accesses that an entry covers, if anything is.
pub(crate) fn fault_of(work: &dyn Work, leaf: u64, record: &Record) -> Result<Option<String>> {
    let Ok(said) = AccessRecord::from_bytes(&record.body) else {
        return Ok(Some(format!("the accesses of entry {leaf} are malformed")));
    };
    let rows = work.accesses_of(leaf)?;
    for row in &rows {
        let told = Access::from_bytes(&row.access).ok();
        let same = told.is_some_and(|access| {
            access.at == row.at && access.person == row.person && access.oid == row.oid
        });
        if !same {
            return Ok(Some(format!("access {} of entry {leaf} is filed wrongly", row.id)));
        }
    }
    let whole = rows.len() as u64 == said.count && root_of(&rows) == said.root;
    Ok((!whole).then(|| format!("the accesses kept of entry {leaf} are not those entered")))
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Refuses what is said to be necessary for a case that is not open.
    pub(crate) fn must_be_open(&self, Necessity { case, .. }: &Necessity) -> Result<()> {
        if self.known().register.is_open(self.now(), case) {
            return Ok(());
        }
        Err(AppError::NotNecessary(format!(
            "the case `{case}` is not open here: `entente fact list` shows those that are"
        )))
    }

    /// Refuses what is not necessary, and records what is read; after this it may be answered.
    pub(crate) fn note_access(
        &self,
        actor: &Actor,
        oid: ObjectId,
        personal: bool,
        reading: &Reading,
    ) -> Result<()> {
        let now = self.now();
        let necessity = match &reading.necessity {
            None if personal => {
                return Err(AppError::NotNecessary(format!(
                    "object {} holds personal data: reading it needs an open case and a reason, \
                     such as `--necessity \"case:OP-12: the boat's owner is a suspect\"`",
                    oid.short()
                )));
            }
            None => None,
            Some(necessity) => {
                self.must_be_open(necessity)?;
                Some(necessity.to_string())
            }
        };
        let access = Access {
            at: now,
            person: actor.name().to_owned(),
            door: match reading.door {
                "command" if actor.is_program() => "program".to_owned(),
                door => door.to_owned(),
            },
            oid,
            necessity,
        };
        let row = AccessRow {
            id: 0,
            person: access.person.clone(),
            oid,
            at: now,
            access: access.to_bytes(),
            leaf: None,
        };
        Ok(self.store.write(|work| work.put_access(&row))?)
    }

    /// Enters in the ledger what was read, once the first of it waited long enough.
    pub(crate) fn enter_accesses(&self) -> Result<usize> {
        let now = self.now();
        let mut entered = 0;
        loop {
            let rows = self.store.read(|work| work.accesses_open(TOGETHER_MAX))?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(entered) };
            let full = rows.len() as u64 == TOGETHER_MAX;
            // Of a clock that was set back, nobody waits for the time that it repeats.
            let ripe = now.since(first.at) >= GATHERING_MILLIS || first.at > now;
            if !full && !ripe {
                return Ok(entered);
            }
            let record = AccessRecord {
                from: first.at,
                until: last.at,
                count: rows.len() as u64,
                root: root_of(&rows),
            };
            let leaf =
                LeafDraft { record: Record::new(RecordKind::Access, now, &record), item: None };
            self.record_with(&[leaf], |work, leaf| {
                // A tick that another one overtook enters nothing twice.
                if work.enter_accesses(last.id, leaf)? == record.count {
                    return Ok(());
                }
                Err(AppError::Operator("accesses were entered by another tick".to_owned()))
            })?;
            entered += rows.len();
        }
    }

    /// Who read what, newest first, for overseers.
    pub fn accesses(
        &self,
        actor: &Actor,
        filter: &AccessFilter,
        count: u64,
    ) -> Result<Vec<AccessView>> {
        actor.must_be(&[Role::Overseer], "see who read what")?;
        let rows = self.store.read(|work| work.accesses(filter, count))?;
        rows.into_iter()
            .map(|row| {
                let access = Access::from_bytes(&row.access)?;
                Ok(AccessView { id: row.id, access, leaf: row.leaf })
            })
            .collect()
    }

    /// What overseers ask for: by whom, of what, since when.
    pub fn access_filter(
        &self,
        actor: &Actor,
        person: Option<&str>,
        object: Option<&str>,
        since: Option<Timestamp>,
        before: Option<i64>,
    ) -> Result<AccessFilter> {
        actor.must_be(&[Role::Overseer], "see who read what")?;
        if let Some(name) = person {
            self.person(actor, name)?;
        }
        let oid = object.map(|name| self.find_object(actor, name)).transpose()?;
        Ok(AccessFilter { person: person.map(str::to_owned), oid, since, before })
    }
}

#[test]
fn a_necessity_names_a_case_and_a_reason() {
    let parsed: Necessity = "case:OP-12: the boat's owner: a suspect".parse().unwrap();
    assert_eq!(
        parsed,
        Necessity { case: "OP-12".into(), why: "the boat's owner: a suspect".into() }
    );
    for wrong in ["", "OP-12: why", "case:OP-12", "case:OP-12: ", "case:: why", "case: : why"] {
        let said = wrong.parse::<Necessity>().unwrap_err().to_string();
        assert!(said.contains("is no statement of necessity"), "{wrong}: {said}");
    }
}
