//! Real decisions once more, under a draft: what would change if it were in force.
//!
//! Every decision keeps what it was decided on. Those inputs are put to the rules of today and to
//! the rules with the draft in place, so that a difference is the draft's and not that of the time
//! gone by. Nothing is changed, recorded or sent. Only decisions on objects that the person may know
//! of are replayed and counted.

use std::collections::BTreeMap;

use entente_law::{Agreement, Inputs, NationalLaw, Rules, Ruling};
use entente_model::{Decision, NationCode, ObjectId};
use entente_store::{Store, Vault};

use crate::decisions::newest;
use crate::error::{AppError, Result};
use crate::node::Node;
use crate::people::{Actor, Role};
use crate::policy::{read_agreement, read_law};

/// The most decisions that are replayed at once.
pub const DECISIONS_MAX: u64 = 100_000;

/// What is tried out.
#[derive(Debug)]
pub enum Draft {
    /// An agreement, taken as in force for all its parties; it replaces one with the same code.
    Agreement(Agreement),
    /// A law of this nation; it replaces one with the same code.
    Law(NationalLaw),
}

impl Draft {
    /// Reads a draft agreement.
    pub fn agreement(text: &str) -> Result<Self> {
        read_agreement(text.as_bytes()).map(Self::Agreement)
    }

    /// Reads a draft law.
    pub fn law(text: &str) -> Result<Self> {
        read_law(text.as_bytes()).map(Self::Law)
    }

    /// Its code.
    pub fn code(&self) -> &str {
        match self {
            Self::Agreement(agreement) => agreement.code(),
            Self::Law(law) => law.code(),
        }
    }
}

/// Decisions that would change alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The recipient.
    pub nation: NationCode,
    /// The answer by the rules of today.
    pub now: Decision,
    /// The answer under the draft.
    pub then: Decision,
    /// Why, under the draft; where it goes, what the recipient would owe besides and no longer.
    pub reasons: Vec<String>,
    /// How many decisions.
    pub count: u64,
    /// Some of the objects, newest first.
    pub objects: Vec<ObjectId>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The draft's code.
    pub draft: String,
    /// Decisions looked at; each is about one object and one nation.
    pub replayed: u64,
    /// Ledger entries whose inputs were not kept, so that they could not be replayed.
    pub without_inputs: u64,
    /// Decisions that the rules of today answer in another way than they were answered.
    pub already_different: u64,
    /// Facts that the draft reads and the rules of today leave out of what is kept with a decision,
    /// by the names of the policies' attributes. The replay takes them for absent.
    pub not_kept: Vec<String>,
    /// What the draft would change.
    pub changed: Vec<Changed>,
}

/// Of the objects of a group, so many are named.
const OBJECTS_MAX: usize = 5;

impl<S: Store, V: Vault> Node<S, V> {
    /// Replays the newest decisions under a draft.
    pub fn simulate(&self, actor: &Actor, draft: &Draft, last: u64) -> Result<Simulation> {
        actor.must_be(&[Role::LegalAdviser, Role::Overseer], "simulate drafts")?;
        if last == 0 || last > DECISIONS_MAX {
            return Err(AppError::invalid(format!(
                "1 to {DECISIONS_MAX} decisions can be replayed at once"
            )));
        }
        if let Draft::Law(law) = draft
            && law.nation() != self.identity().code
        {
            return Err(AppError::invalid(format!(
                "{} is a law of {}, and this node is {}'s",
                law.code(),
                law.nation(),
                self.identity().code
            )));
        }
        let known = self.known();
        let drafted = known.policy.with_draft(&known.nations, self.now(), draft)?;
        let mut gate = self.gate(actor)?;
        let decided = self.store.read(|work| newest(work, &mut gate, last))?;
        let mut simulation = Simulation {
            draft: draft.code().to_owned(),
            replayed: 0,
            without_inputs: 0,
            already_different: 0,
            not_kept: known
                .policy
                .rules
                .left_out_for(&drafted)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            changed: Vec::new(),
        };
        let mut groups: BTreeMap<(NationCode, Decision, Decision, Vec<String>), Group> =
            BTreeMap::new();
        for one in decided {
            let Some(inputs) = &one.inputs else {
                simulation.without_inputs += 1;
                continue;
            };
            let pairs = rulings(&known.policy.rules, &drafted, inputs);
            for (n, (nation, now, then)) in pairs.into_iter().enumerate() {
                simulation.replayed += 1;
                let recorded = one.outcomes.get(n).filter(|o| o.nation == nation);
                let differs = recorded.is_some_and(|o| o.decision != now.decision);
                simulation.already_different += u64::from(differs);
                let Some(reasons) = reasons(&now, &then) else { continue };
                let key = (nation, now.decision, then.decision, reasons);
                let group = groups.entry(key).or_default();
                group.count += 1;
                if group.objects.len() < OBJECTS_MAX {
                    group.objects.push(one.oid);
                }
            }
        }
        simulation.changed = groups
            .into_iter()
            .map(|((nation, now, then, reasons), group)| Changed {
                nation,
                now,
                then,
                reasons,
                count: group.count,
                objects: group.objects,
            })
            .collect();
        simulation.changed.sort_by_key(|c| (std::cmp::Reverse(c.count), c.nation));
        Ok(simulation)
    }
}

#[derive(Default)]
struct Group {
    count: u64,
    objects: Vec<ObjectId>,
}

/// Each recipient's ruling by the rules of today and under the draft.
fn rulings(now: &Rules, then: &Rules, inputs: &Inputs) -> Vec<(NationCode, Ruling, Ruling)> {
    let cases = inputs.cases();
    cases.map(|c| (c.recipient.nation, now.decide(&c), then.decide(&c))).collect()
}

/// What makes the difference; `None` if there is none.
fn reasons(now: &Ruling, then: &Ruling) -> Option<Vec<String>> {
    if now.decision != then.decision || now.refer_to != then.refer_to {
        let codes =
            if then.decision < now.decision { &now.reason_codes } else { &then.reason_codes };
        return Some(codes.clone());
    }
    if now.obligations == then.obligations {
        return None;
    }
    let only = |sign: &str, some: &[String], others: &[String]| -> Vec<String> {
        some.iter().filter(|o| !others.contains(o)).map(|o| format!("{sign}{o}")).collect()
    };
    let mut found = only("+", &then.obligations, &now.obligations);
    found.extend(only("-", &now.obligations, &then.obligations));
    Some(found)
}
