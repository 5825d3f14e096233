//! Decisions as they were recorded: who may have what, and why.

use entente_law::Inputs;
use entente_model::codec::{Reader, Wire};
use entente_model::record::{DecisionRecord, Outcome, Record, RecordKind};
use entente_model::{ObjectId, Timestamp};
use entente_store::{Store, Vault, Work};

use crate::error::Result;
use crate::leaf::LeafOpening;
use crate::node::Node;
use crate::people::{Actor, Role};

/// One recorded decision.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The ledger entry that holds it.
    pub leaf: u64,
    /// The object.
    pub oid: ObjectId,
    /// When it was decided.
    pub at: Timestamp,
    /// For each nation, in order of code.
    pub outcomes: Vec<Outcome>,
    /// What it was decided on, if that was kept.
    pub inputs: Option<Inputs>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// The newest decisions, newest first.
    pub fn decisions(&self, actor: &Actor, count: u64) -> Result<Vec<Decided>> {
        actor.must_be(
            &[
                Role::Analyst,
                Role::Reviewer,
                Role::ReleaseOfficer,
                Role::Liaison,
                Role::LegalAdviser,
                Role::SecurityOfficer,
                Role::Overseer,
            ],
            "read decisions",
        )?;
        self.store.read(|work| newest(work, RecordKind::Decision, count))
    }
}

/// The newest recorded decisions with what they were decided on.
pub(crate) fn newest(work: &dyn Work, kind: RecordKind, count: u64) -> Result<Vec<Decided>> {
    let mut decided = Vec::new();
    for row in work.leaves_of_kind(kind, count)? {
        let Some(bytes) = row.opening else { continue };
        let record = Record::from_bytes(&LeafOpening::from_bytes(&bytes)?.record)?;
        let decision = DecisionRecord::from_bytes(&record.body)?;
        let outcomes = match work.preimage(decision.outcomes)? {
            Some(bytes) => Reader::new(&bytes).list(Reader::value)?,
            None => Vec::new(),
        };
        let inputs = match work.preimage(decision.inputs)? {
            Some(bytes) => Some(Inputs::from_bytes(&bytes)?),
            None => None,
        };
        let (leaf, oid, at) = (row.index, decision.oid, record.at);
        decided.push(Decided { leaf, oid, at, outcomes, inputs });
    }
    Ok(decided)
}
