//! Recorded decisions, taken again from what was recorded (`protocol.md` 3.2, amendment 2; I6).
//!
//! A decision's entry names its policy epoch, its inputs and its outcomes by digest, and all
//! three are kept beside the ledger. The epoch names texts that are kept too. So whoever has the
//! store can take the decision again and see whether the recorded outcome follows, bit for bit,
//! without trusting the program that took it then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_law::{Agreement, Epoch, EpochError, Inputs, NationalLaw, Rules};
use entente_model::codec::{Reader, Wire, Writer};
use entente_model::record::{DecisionRecord, Outcome, Record, RecordKind};
use entente_model::tag::Tag;
use entente_model::{AgreementId, Digest, LawId, ObjectId, Timestamp};
use entente_seal::digest;
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::gate::DECISIONS;
use crate::leaf::LeafOpening;
use crate::node::Node;
use crate::people::Actor;
use crate::policy::{Policy, read_agreement, read_law};

/// A recorded decision for one nation, and what it comes to when taken again.
#[derive(Debug, Clone)]
pub struct ReplayedOutcome {
    /// As recorded.
    pub recorded: Outcome,
    /// Taken again.
    pub again: Outcome,
    /// Why, in plain sentences.
    pub explanation: Vec<String>,
}

impl ReplayedOutcome {
    /// Whether it is the same.
    pub fn is_same(&self) -> bool {
        self.recorded == self.again
    }
}

/// A recorded decision, taken again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The ledger entry that holds it.
    pub leaf: u64,
    /// The object.
    pub oid: ObjectId,
    /// When it was recorded.
    pub at: Timestamp,
    /// The policy epoch.
    pub epoch: Digest,
    /// The digest of the inputs.
    pub inputs: Digest,
    /// The digest of the outcomes.
    pub outcomes: Digest,
    /// The program that decided.
    pub engine: String,
    /// For each nation, in the order of the record.
    pub nations: Vec<ReplayedOutcome>,
    /// The outcomes taken again are the recorded ones, byte for byte.
    pub same: bool,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Takes the decision of an entry again.
    pub fn replay(&self, actor: &Actor, leaf: u64) -> Result<Replayed> {
        actor.must_be(&DECISIONS, "replay decisions")?;
        let known = self.known();
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            // One answer for what is not there, is no decision, was erased, or is not for this
            // person: the difference would tell what they may not know.
            let absent = || {
                AppError::NotFound(format!(
                    "a decision at entry {leaf} (`entente decisions` lists those that are)"
                ))
            };
            let bytes = work.leaf(leaf)?.and_then(|row| row.opening).ok_or_else(absent)?;
            let record = Record::from_bytes(&LeafOpening::from_bytes(&bytes)?.record)?;
            if record.kind != RecordKind::Decision {
                return Err(absent());
            }
            let decision = DecisionRecord::from_bytes(&record.body)?;
            if !gate.sees(work, decision.oid)? {
                return Err(absent());
            }
            let mut bench = Bench::new(&known.policy);
            let taken = bench.take(work, &decision)?;
            let taken = taken.map_err(|why| {
                AppError::invalid(format!(
                    "the decision of entry {leaf} cannot be taken again: {why}"
                ))
            })?;
            Ok(Replayed {
                leaf,
                oid: decision.oid,
                at: record.at,
                epoch: decision.policy_epoch,
                inputs: decision.inputs,
                outcomes: decision.outcomes,
                engine: taken.engine,
                nations: taken.nations,
                same: taken.same,
            })
        })
    }
}

/// A decision taken again.
#[derive(Debug)]
pub(crate) struct Taken {
    engine: String,
    nations: Vec<ReplayedOutcome>,
    /// Byte for byte.
    pub(crate) same: bool,
}

/// Why a decision cannot be taken again.
#[derive(Debug, Clone)]
pub(crate) enum Untaken {
    /// Another version of the program took it, whose decisions this one cannot judge.
    OtherEngine(String),
    /// Something is missing or damaged.
    Fault(String),
}

impl Untaken {
    fn fault<T>(why: impl Into<String>) -> std::result::Result<T, Self> {
        Err(Self::Fault(why.into()))
    }
}

impl std::fmt::Display for Untaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::OtherEngine(why) | Self::Fault(why)) = self;
        f.write_str(why)
    }
}

/// The rules of an epoch, and the program that they belong to; or why there are none.
type Compiled = std::result::Result<(Arc<Rules>, String), Untaken>;

/// What checking a decision comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The recorded outcomes follow again.
    Same,
    /// Another version of the program took it, so this one cannot tell.
    OtherEngine,
    /// They do not follow, or cannot be checked; why.
    Fault(String),
}

/// Takes decisions again; keeps the rules of every epoch that it met.
pub(crate) struct Bench<'p> {
    present: &'p Policy,
    epochs: BTreeMap<Digest, Compiled>,
    /// Decisions that were found the same: epoch, inputs, outcomes. Objects of one class share
    /// all three.
    same: BTreeSet<(Digest, Digest, Digest)>,
}

impl<'p> Bench<'p> {
    /// With the rules in force, which most decisions were taken by.
    pub(crate) fn new(present: &'p Policy) -> Self {
        Self { present, epochs: BTreeMap::new(), same: BTreeSet::new() }
    }

    /// Whether the decision gives its recorded outcomes again.
    pub(crate) fn check(&mut self, work: &dyn Work, decision: &DecisionRecord) -> Result<Checked> {
        let key = (decision.policy_epoch, decision.inputs, decision.outcomes);
        if self.same.contains(&key) {
            return Ok(Checked::Same);
        }
        Ok(match self.take(work, decision)? {
            Ok(taken) if taken.same => {
                self.same.insert(key);
                Checked::Same
            }
            Ok(_) => Checked::Fault("its outcome does not follow from its recorded inputs".into()),
            Err(Untaken::OtherEngine(_)) => Checked::OtherEngine,
            Err(Untaken::Fault(why)) => Checked::Fault(format!("it cannot be taken again: {why}")),
        })
    }

    /// Takes a decision again; `Err` inside says why that is impossible.
    pub(crate) fn take(
        &mut self,
        work: &dyn Work,
        decision: &DecisionRecord,
    ) -> Result<std::result::Result<Taken, Untaken>> {
        let (Some(inputs), Some(recorded)) =
            (work.preimage(decision.inputs)?, work.preimage(decision.outcomes)?)
        else {
            return Ok(Untaken::fault("what it was decided on was not kept"));
        };
        // The ledger commits to the digests; what is kept under them must be what they are of.
        if digest::preimage(&inputs) != decision.inputs
            || digest::preimage(&recorded) != decision.outcomes
        {
            return Ok(Untaken::fault("what is kept of it is not what its entry commits to"));
        }
        let (rules, engine) = match self.rules(work, decision.policy_epoch)? {
            Ok((rules, engine)) => (Arc::clone(rules), engine.clone()),
            Err(why) => return Ok(Err(why.clone())),
        };
        let inputs = match Inputs::from_bytes(&inputs) {
            Ok(inputs) => inputs,
            Err(error) => {
                return Ok(Untaken::fault(format!("its recorded inputs are damaged: {error}")));
            }
        };
        let outcomes: Vec<Outcome> = match Reader::new(&recorded).list(Reader::value) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                return Ok(Untaken::fault(format!("its recorded outcomes are damaged: {error}")));
            }
        };
        if outcomes.len() != inputs.cases().count() {
            return Ok(Untaken::fault("it has not as many outcomes as recipients"));
        }
        let mut nations = Vec::with_capacity(outcomes.len());
        for (case, recorded) in inputs.cases().zip(outcomes) {
            let ruling = rules.decide(&case);
            let again = ruling.outcome(case.recipient.nation);
            nations.push(ReplayedOutcome { recorded, again, explanation: ruling.explanation });
        }
        let again: Vec<&Outcome> = nations.iter().map(|n| &n.again).collect();
        let again = Writer::new().list(&again, |w, o| o.write(w)).clone().into_bytes();
        Ok(Ok(Taken { engine, nations, same: again == recorded }))
    }

    /// The rules of an epoch.
    fn rules(&mut self, work: &dyn Work, epoch: Digest) -> Result<&Compiled> {
        if !self.epochs.contains_key(&epoch) {
            let compiled = self.compile(work, epoch)?;
            self.epochs.insert(epoch, compiled);
        }
        self.epochs
            .get(&epoch)
            .ok_or_else(|| AppError::Operator("a policy epoch was lost".to_owned()))
    }

    fn compile(&self, work: &dyn Work, epoch: Digest) -> Result<Compiled> {
        let Some(bytes) = work.preimage(epoch)? else {
            return Ok(Untaken::fault("what names its rules was not kept"));
        };
        if Digest::from_array(digest::h(Tag::PolicyEpoch, &[&bytes])) != epoch {
            return Ok(Untaken::fault("what names its rules is not what its entry commits to"));
        }
        let recorded = match Epoch::read(&bytes) {
            Ok(recorded) => recorded,
            Err(error) => {
                return Ok(Untaken::fault(format!("what names its rules is damaged: {error}")));
            }
        };
        let engine = recorded.engine().to_owned();
        if epoch == self.present.epoch {
            return Ok(Ok((Arc::clone(&self.present.rules), engine)));
        }
        let mut agreements: BTreeMap<AgreementId, Agreement> = BTreeMap::new();
        for row in work.agreements()? {
            if recorded.agreements().iter().any(|a| a.id == row.id) {
                agreements.insert(row.id, read_agreement(&row.text)?);
            }
        }
        let mut laws: BTreeMap<LawId, NationalLaw> = BTreeMap::new();
        for row in work.laws()? {
            if recorded.laws().contains(&row.id) {
                laws.insert(row.id, read_law(&row.text)?);
            }
        }
        let rules = recorded.rules(|id| agreements.get(&id), |id| laws.get(&id));
        Ok(rules.map(|rules| (Arc::new(rules), engine)).map_err(|why| match why {
            EpochError::OtherEngine { .. } => Untaken::OtherEngine(why.to_string()),
            EpochError::NoAgreement(_)
            | EpochError::NoLaw(_)
            | EpochError::Compile(_)
            | EpochError::OtherRules => Untaken::Fault(why.to_string()),
        }))
    }
}
