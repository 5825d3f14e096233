//! Verification of a node's own ledger, by and for its overseers.
//!
//! `protocol.md` 3.10, the part that this version covers: the tree is rebuilt from its leaves
//! and equals the signed head; every leaf and every slot opens or is covered by an erasure;
//! every decision gives its recorded outcome again; every release has a decision that permits it;
//! every lane's running head follows from the slots.

use std::collections::{BTreeMap, BTreeSet};

use entente_ledger::audit::{self, AuditError};
use entente_ledger::checkpoint;
use entente_ledger::tile::{TILE_WIDTH, root_at};
use entente_model::codec::{Reader, Wire};
use entente_model::item::{ItemKind, Lane};
use entente_model::record::{DecisionRecord, ErasureRecord, Outcome, Record, RecordKind};
use entente_model::{Digest, NationCode, NodeId, ObjectId};
use entente_seal::slot::lane_chain;
use entente_store::rows::LeafRow;
use entente_store::{Store, StoreError, Vault, Work};

use crate::error::{AppError, Result};
use crate::gate::VERIFIERS;
use crate::leaf::{Contexts, LeafOpening};
use crate::node::Node;
use crate::people::Actor;
use crate::replay::{Bench, Checked};
use crate::sequencer::{StoredTiles, proof_error};

/// What verification found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The ledger's size.
    pub size: u64,
    /// The signed root.
    pub root: Option<Digest>,
    /// Entries at the end that are not signed yet.
    pub unsigned: u64,
    /// Leaves that open.
    pub opened: u64,
    /// Leaves whose opening was erased, with a record that says so.
    pub erased: u64,
    /// Slots of recipients that open and fit their lanes.
    pub slots: u64,
    /// Releases with a decision that permits them.
    pub releases: u64,
    /// Decisions whose recorded outcomes follow again from their recorded inputs and rules.
    pub replayed: u64,
    /// Decisions that another version of this program took, which only that one can take again.
    pub other_engine: u64,
    /// What is wrong, each in one sentence. Empty means that all is well.
    pub faults: Vec<String>,
}

/// The root of the ledger when it had this size.
fn root_then(work: &dyn Work, size: u64) -> Result<Digest> {
    root_at(&StoredTiles(work), size).map_err(proof_error)
}

/// Faults listed at most; the first ones matter.
const FAULTS_MAX: usize = 100;
const LEAVES_AT_ONCE: u64 = 4096;

impl<S: Store, V: Vault> Node<S, V> {
    /// The nation of every node that was ever known, revoked ones included.
    fn codes_of_nodes(&self) -> BTreeMap<NodeId, NationCode> {
        let known = self.known();
        let nodes = known
            .nations
            .values()
            .flat_map(|n| n.chain.nodes().map(move |(id, _)| (id, n.row.code)));
        nodes.collect()
    }

    /// Verifies the whole ledger and everything that opens it.
    pub fn verify_ledger(&self, actor: &Actor) -> Result<Findings> {
        actor.must_be(&VERIFIERS, "verify the ledger")?;
        self.store.read(|work| {
            let known = self.known();
            let mut audit = Audit::new(self.codes_of_nodes(), Bench::new(&known.policy));
            let head = work
                .head()?
                .ok_or_else(|| AppError::Operator("the ledger has not begun".to_owned()))?;
            audit.findings.size = head.size;
            audit.check_checkpoint(self, work, head.size, head.root)?;
            audit.check_tree(work, head.size, head.root)?;
            audit.check_openings(work, head.size)?;
            audit.check_lanes(work)?;
            Ok(audit.findings)
        })
    }
}

struct Audit<'p> {
    findings: Findings,
    contexts: Contexts,
    codes: BTreeMap<NodeId, NationCode>,
    chains: BTreeMap<(NodeId, Lane), (u64, Digest)>,
    erasures: BTreeSet<u64>,
    unopened: Vec<u64>,
    bench: Bench<'p>,
}

impl<'p> Audit<'p> {
    fn new(codes: BTreeMap<NodeId, NationCode>, bench: Bench<'p>) -> Self {
        Self {
            findings: Findings::default(),
            contexts: Contexts::default(),
            codes,
            chains: BTreeMap::new(),
            erasures: BTreeSet::new(),
            unopened: Vec::new(),
            bench,
        }
    }

    fn fault(&mut self, what: String) {
        if self.findings.faults.len() < FAULTS_MAX {
            self.findings.faults.push(what);
        }
    }

    fn check_checkpoint<S: Store, V: Vault>(
        &mut self,
        node: &Node<S, V>,
        work: &dyn Work,
        size: u64,
        root: Digest,
    ) -> Result<()> {
        let known = node.known();
        let keys = known
            .nation(&node.identity.nation)
            .and_then(|n| n.chain.node(&node.identity.node))
            .map(|n| n.spec.log.clone());
        let Some(row) = work.checkpoint()? else {
            self.fault("no checkpoint was ever signed".to_owned());
            return Ok(());
        };
        self.findings.root = Some(row.root);
        let Some(keys) = keys else {
            self.fault("this node is not in its own identity chain".to_owned());
            return Ok(());
        };
        match checkpoint::verify(&row.note, &node.identity.origin, &keys) {
            Ok(signed) if signed.size == size && signed.root == root => {}
            // A node that waits for partners, or has lost its keys, signs later.
            Ok(signed) if signed.size < size && root_then(work, signed.size)? == signed.root => {
                self.findings.unsigned = size - signed.size;
            }
            Ok(signed) => self.fault(format!(
                "the signed checkpoint of size {} is not of this ledger, which has {size} entries",
                signed.size
            )),
            Err(error) => self.fault(format!("the signed checkpoint does not verify: {error}")),
        }
        Ok(())
    }

    fn check_tree(&mut self, work: &dyn Work, size: u64, root: Digest) -> Result<()> {
        let width = TILE_WIDTH as u64;
        let entries = |bundle: u64| -> std::result::Result<Option<Vec<[u8; 33]>>, StoreError> {
            let rows = work.leaves(bundle * width, width)?;
            Ok(Some(rows.iter().map(|row| row.leaf).collect()))
        };
        match audit::find_tamper(&entries, &StoredTiles(work), size, &root) {
            Ok(()) => {}
            Err(AuditError::Tampered(tamper)) => self.fault(match tamper.leaf() {
                Some(leaf) => format!("entry {leaf} was changed: {tamper}"),
                None => format!("the tree was changed: {tamper}"),
            }),
            Err(AuditError::Source(error)) => return Err(error.into()),
        }
        Ok(())
    }

    fn check_openings(&mut self, work: &dyn Work, size: u64) -> Result<()> {
        let mut from = 0;
        while from < size {
            let rows = work.leaves(from, LEAVES_AT_ONCE)?;
            if rows.is_empty() {
                self.fault(format!("entries from {from} on are missing"));
                break;
            }
            for row in &rows {
                if row.index != from {
                    self.fault(format!("entry {from} is missing"));
                }
                self.check_leaf(work, row)?;
                from = row.index + 1;
            }
        }
        for leaf in std::mem::take(&mut self.unopened) {
            if self.erasures.contains(&leaf) {
                self.findings.erased += 1;
            } else {
                self.fault(format!("entry {leaf} does not open and no erasure covers it"));
            }
        }
        Ok(())
    }

    fn check_leaf(&mut self, work: &dyn Work, row: &LeafRow) -> Result<()> {
        let Some(bytes) = &row.opening else {
            self.unopened.push(row.index);
            return Ok(());
        };
        let Ok(opening) = LeafOpening::from_bytes(bytes) else {
            self.fault(format!("what opens entry {} is damaged", row.index));
            return Ok(());
        };
        let leaf = opening.leaf(work, &mut self.contexts)?;
        if leaf.bytes() != row.leaf {
            self.fault(format!("entry {} says another thing than was committed to", row.index));
            return Ok(());
        }
        self.findings.opened += 1;
        let Ok(record) = Record::from_bytes(&opening.record) else {
            self.fault(format!("the record of entry {} is malformed", row.index));
            return Ok(());
        };
        if record.kind == RecordKind::Erasure
            && let Ok(erasure) = ErasureRecord::from_bytes(&record.body)
            && let Some(leaf) = erasure.leaf
        {
            self.erasures.insert(leaf);
        }
        if record.kind == RecordKind::Access
            && let Some(fault) = crate::access::fault_of(work, row.index, &record)?
        {
            self.fault(fault);
        }
        if let Some(fault) = crate::people::fault_of_proof(work, row.index, &record)? {
            self.fault(fault);
        }
        if record.kind == RecordKind::Decision {
            self.replay(work, row.index, &record)?;
        }
        if let Some(item) = &opening.item {
            let mut permitted = None;
            if item.kind == ItemKind::Object {
                permitted = self.permitted(work, row.index, &record, item.oid)?;
            }
            for (entry, (context, seq)) in (1..).zip(&item.recipients) {
                let context = self.contexts.get(work, *context)?.clone();
                let key = (context.dst, context.lane);
                let (last, chain) =
                    self.chains.get(&key).copied().unwrap_or((0, Digest::from_array([0; 32])));
                if *seq != last + 1 {
                    self.fault(format!(
                        "entry {} takes position {seq} of a lane that stands at {last}",
                        row.index
                    ));
                }
                if let Some(commitment) = leaf.slot_commitment(entry) {
                    self.chains.insert(key, (*seq, lane_chain(chain, commitment)));
                }
                self.findings.slots += 1;
                if item.kind == ItemKind::Object {
                    let to = self.codes.get(&context.dst).copied();
                    let is_permitted =
                        permitted.as_ref().zip(to).is_some_and(|(all, to)| all.contains(&to));
                    if is_permitted {
                        self.findings.releases += 1;
                    } else {
                        self.fault(format!(
                            "entry {} releases an object to {} without a decision that permits it",
                            row.index,
                            to.map_or_else(|| context.dst.short(), |code| code.to_string())
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes the decision of an entry again (I6).
    fn replay(&mut self, work: &dyn Work, leaf: u64, record: &Record) -> Result<()> {
        let Ok(decision) = DecisionRecord::from_bytes(&record.body) else {
            self.fault(format!("the decision of entry {leaf} is malformed"));
            return Ok(());
        };
        match self.bench.check(work, &decision)? {
            Checked::Same => self.findings.replayed += 1,
            Checked::OtherEngine => self.findings.other_engine += 1,
            Checked::Fault(why) => self.fault(format!("the decision of entry {leaf}: {why}")),
        }
        Ok(())
    }

    /// The nations that the recorded decision on this object permits.
    fn permitted(
        &mut self,
        work: &dyn Work,
        leaf: u64,
        record: &Record,
        oid: ObjectId,
    ) -> Result<Option<Vec<NationCode>>> {
        if record.kind != RecordKind::Decision {
            return Ok(None);
        }
        let Ok(decision) = DecisionRecord::from_bytes(&record.body) else { return Ok(None) };
        if decision.oid != oid {
            return Ok(None);
        }
        for digest in [decision.inputs, decision.outcomes, decision.policy_epoch] {
            if work.preimage(digest)?.is_none() {
                self.fault(format!("what entry {leaf} decided on was not kept"));
                return Ok(None);
            }
        }
        let Some(bytes) = work.preimage(decision.outcomes)? else { return Ok(None) };
        let mut reader = Reader::new(&bytes);
        let outcomes: Vec<Outcome> = reader.list(Reader::value)?;
        let released = outcomes.into_iter().filter(|o| o.decision.releases());
        Ok(Some(released.map(|o| o.nation).collect()))
    }

    fn check_lanes(&mut self, work: &dyn Work) -> Result<()> {
        for ((dst, lane), (seq, chain)) in std::mem::take(&mut self.chains) {
            let row = work.lane_out(dst, lane)?;
            if row.seq != seq || row.chain != chain {
                self.fault(format!(
                    "lane {} to {} stands at {}, but the ledger gives {seq}",
                    lane.as_str(),
                    dst.short(),
                    row.seq
                ));
            }
        }
        Ok(())
    }
}
