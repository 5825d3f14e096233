//! Decisions as they were recorded: who may have what, and why.

use std::collections::BTreeMap;

use entente_law::Inputs;
use entente_model::codec::{Reader, Wire};
use entente_model::record::{DecisionRecord, Outcome, Record, RecordKind};
use entente_model::{Digest, ObjectId, Timestamp};
use entente_store::{Store, Vault, Work};

use crate::error::Result;
use crate::gate::{DECISIONS, Gate};
use crate::leaf::LeafOpening;
use crate::node::Node;
use crate::people::Actor;

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
    /// The standing rules that brought recipients, by name.
    pub rules: Vec<String>,
}

impl Decided {
    /// The outcomes, each with the body that it was decided for, if that was kept.
    pub fn by_body(&self) -> impl Iterator<Item = (&Outcome, Option<&str>)> {
        let questions = self.inputs.iter().flat_map(|inputs| &inputs.questions);
        let mut bodies = questions.flat_map(|q| &q.recipients).map(|r| r.body.as_str());
        self.outcomes.iter().map(move |outcome| (outcome, bodies.next()))
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// The newest decisions, newest first.
    pub fn decisions(&self, actor: &Actor, count: u64) -> Result<Vec<Decided>> {
        actor.must_be(&DECISIONS, "read decisions")?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| newest(work, &mut gate, count))
    }
}

/// The newest recorded decisions that pass the gate, with what they were decided on.
pub(crate) fn newest(work: &dyn Work, gate: &mut Gate, count: u64) -> Result<Vec<Decided>> {
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let mut decided = Vec::new();
    // What is not for this person takes no place among those that were asked for.
    let mut looked_at = count;
    let rows = loop {
        let rows = work.leaves_of_kind(RecordKind::Decision, looked_at)?;
        let is_all = (rows.len() as u64) < looked_at;
        let mut seen = 0;
        for row in rows.iter().filter_map(|row| row.opening.as_ref()) {
            let record = Record::from_bytes(&LeafOpening::from_bytes(row)?.record)?;
            let oid = DecisionRecord::from_bytes(&record.body)?.oid;
            seen += usize::from(gate.sees(work, oid)?);
        }
        if is_all || seen >= wanted {
            break rows;
        }
        looked_at = looked_at.saturating_mul(4);
    };
    let rules: BTreeMap<Digest, String> =
        work.rules()?.into_iter().map(|row| (row.id, row.name)).collect();
    for row in rows {
        if decided.len() >= wanted {
            break;
        }
        let Some(bytes) = row.opening else { continue };
        let record = Record::from_bytes(&LeafOpening::from_bytes(&bytes)?.record)?;
        let decision = DecisionRecord::from_bytes(&record.body)?;
        if !gate.sees(work, decision.oid)? {
            continue;
        }
        let outcomes = match work.preimage(decision.outcomes)? {
            Some(bytes) => Reader::new(&bytes).list(Reader::value)?,
            None => Vec::new(),
        };
        let inputs = match work.preimage(decision.inputs)? {
            Some(bytes) => Some(Inputs::from_bytes(&bytes)?),
            None => None,
        };
        let (leaf, oid, at) = (row.index, decision.oid, record.at);
        let named = |id: &Digest| rules.get(id).cloned();
        let rules = decision.approvals.iter().filter_map(named).collect();
        decided.push(Decided { leaf, oid, at, outcomes, inputs, rules });
    }
    Ok(decided)
}
