//! How the node stands: links and their lag, the ledger, holdings.

use entente_law::decider::Counts;
use entente_model::codec::Wire;
use entente_model::item::{ItemKind, Lane};
use entente_model::{Digest, NodeId, Timestamp};
use entente_store::{Store, Vault, Work};

use crate::breach::Breach;
use crate::deliver::link_state;
use crate::error::{AppError, Result};
use crate::leaf::{LeafOpening, RunItems};
use crate::node::{Node, lock};
use crate::people::Actor;
use crate::rollback::Standing;
use crate::settings::Intake;

/// How the link to one partner stands.
#[derive(Debug, Clone)]
pub struct LinkStatus {
    /// The partner's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: NodeId,
    /// Where it is reached; none if only on media.
    pub endpoint: Option<String>,
    /// Items sequenced for it that it has not acknowledged; receipts and lane heads, which are
    /// never receipted in turn, do not count.
    pub unacknowledged: u64,
    /// Items sequenced for it that its ledger does not receipt yet, counted likewise.
    pub unreceipted: u64,
    /// Bytes that wait, and since when.
    pub waiting: (u64, Option<Timestamp>),
    /// Items it announced that have not arrived.
    pub missing: u64,
    /// Last time anything was heard from it.
    pub heard: Option<Timestamp>,
    /// The largest size of its ledger that we verified.
    pub ledger_seen: u64,
    /// The size of ours that it says it verified.
    pub ours_seen: u64,
    /// The link is stopped, and why.
    pub stopped: Option<String>,
}

/// How the node's ledger stands.
#[derive(Debug, Clone)]
pub struct LedgerStatus {
    /// Its origin line.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root.
    pub root: Option<Digest>,
    /// Size of the newest signed checkpoint.
    pub signed: u64,
    /// Cosignatures: size and witness.
    pub cosignatures: Vec<(u64, String)>,
}

/// How the node stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The nation's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The ledger.
    pub ledger: LedgerStatus,
    /// Objects of our own, and received, of which the person may know.
    pub objects: (u64, u64),
    /// The policy in force.
    pub policy_epoch: Digest,
    /// How often decisions were worked out, remembered and compared, since this policy began.
    pub decisions: Counts,
    /// Agreements: code and status.
    pub agreements: Vec<(String, String)>,
    /// Laws in force.
    pub laws: Vec<String>,
    /// Links.
    pub links: Vec<LinkStatus>,
    /// Breaches that wait to be told, of which the person may know.
    pub breaches: Vec<Breach>,
    /// Openings in emergencies that the person may judge, and of how many that is overdue.
    pub openings: (usize, usize),
    /// Persons whose access review is overdue, for those who answer for that.
    pub reviews_overdue: Vec<String>,
    /// Whether anything waits to be sequenced.
    pub pending: bool,
    /// How it stands to its own past: whether it signs and releases.
    pub standing: Standing,
    /// What the disk lets it take in.
    pub intake: Intake,
}

/// A backlog longer than this is not looked at item by item.
const LOOKED_AT_MAX: u64 = 1000;

/// How many items after a position wait for an answer.
fn owed(work: &dyn Work, node: NodeId, lane: Lane, after: u64, last: u64) -> Result<u64> {
    let behind = last.saturating_sub(after);
    if behind == 0 || behind > LOOKED_AT_MAX {
        return Ok(behind);
    }
    let mut owed = 0;
    for run in work.outbox(node, lane, after + 1, LOOKED_AT_MAX)? {
        for (seq, item) in (run.first..).zip(RunItems::read(&run.items)?) {
            let opening = work.leaf(item.leaf)?.and_then(|leaf| leaf.opening);
            let kind = match opening {
                Some(bytes) => LeafOpening::from_bytes(&bytes)?.item.map(|item| item.kind),
                None => None,
            };
            let silent = matches!(kind, Some(ItemKind::Receipt | ItemKind::LaneHead));
            owed += u64::from(seq > after && !silent);
        }
    }
    Ok(owed)
}

impl<S: Store, V: Vault> Node<S, V> {
    /// How the node stands. The ledger's size and the links' lag are the machine's own state: they
    /// tell that something was said, never what or about whom.
    pub fn status(&self, actor: &Actor) -> Result<Status> {
        actor.must_not_sit("see how this node stands")?;
        let known = self.known();
        let gate = self.gate(actor)?;
        let ledger = self.ledger_status()?;
        let (objects, pending) =
            self.store.read(|work| Ok::<_, AppError>((gate.counts(work)?, work.has_intents()?)))?;
        let mut links = Vec::new();
        for (nation, node, state) in known.partners(self.identity.nation) {
            let endpoint = self.endpoint(&nation.row.nation);
            links.push(self.store.read(|work| {
                let link = link_state(work, node)?;
                let mut status = LinkStatus {
                    code: nation.row.code.to_string(),
                    name: nation.row.name.clone(),
                    node,
                    endpoint,
                    unacknowledged: 0,
                    unreceipted: 0,
                    waiting: work.outbox_waiting(node)?,
                    missing: 0,
                    heard: nation.row.heard,
                    ledger_seen: work.peer_log(&state.spec.origin)?.map_or(0, |row| row.size),
                    ours_seen: link.log_seen,
                    stopped: link.stopped,
                };
                for row in work.peers()? {
                    if row.nation == nation.row.nation {
                        status.heard = row.heard;
                    }
                }
                for lane in Lane::ALL {
                    let out = work.lane_out(node, lane)?;
                    status.unacknowledged += owed(work, node, lane, out.acked, out.seq)?;
                    status.unreceipted += owed(work, node, lane, out.receipted, out.seq)?;
                    let inn = work.lane_in(node, lane)?;
                    status.missing += inn.announced.saturating_sub(inn.seq);
                }
                Ok::<_, AppError>(status)
            })?);
        }
        Ok(Status {
            code: self.identity.code.to_string(),
            name: self.identity.name.clone(),
            ledger,
            objects,
            policy_epoch: known.policy.epoch,
            decisions: lock(&known.policy.decider).counts(),
            agreements: known
                .policy
                .agreements
                .iter()
                .map(|a| (a.row.code.clone(), a.row.status.clone()))
                .collect(),
            laws: known
                .policy
                .laws
                .iter()
                .filter(|l| l.row.active)
                .map(|l| l.row.code.clone())
                .collect(),
            links,
            breaches: self.open_breaches(actor)?,
            openings: self.openings_waiting(actor)?,
            reviews_overdue: self.overdue_reviews(actor)?,
            pending,
            standing: self.shown_standing()?,
            intake: self.intake(),
        })
    }

    /// How the ledger stands.
    pub fn ledger_status(&self) -> Result<LedgerStatus> {
        let known = self.known();
        self.store.read(|work| {
            let head = work.head()?;
            let cosignatures = work
                .cosignatures(64)?
                .into_iter()
                .map(|(size, node, _)| {
                    let code = known
                        .by_node(&node)
                        .map_or_else(|| node.short(), |n| n.row.code.to_string());
                    (size, code)
                })
                .collect();
            Ok(LedgerStatus {
                origin: self.identity.origin.clone(),
                size: head.map_or(0, |h| h.size),
                root: head.map(|h| h.root),
                signed: work.checkpoint()?.map_or(0, |row| row.size),
                cosignatures,
            })
        })
    }
}
