//! Forks: two pasts of one nation, and what is said of them.
//!
//! A ledger that signed two roots for one size, or an identity chain with two statements in one
//! place, is convicted by its own signatures: its link stops, and the evidence goes to every
//! other partner, who can check it alone (`protocol.md` 3.5). What a partner merely says of
//! another's ledger convicts nobody; it is kept apart from what was verified, and compared.

use entente_exchange::bundle::{ForkFrame, ForkKind};
use entente_exchange::chain::ChainError;
use entente_exchange::verify::LinkFault;
use entente_ledger::fork::{ForkEvidence, verify_fork};
use entente_model::codec::Wire;
use entente_model::item::Gossip;
use entente_model::record::RecordKind;
use entente_model::{Digest, NationId, NodeId, Timestamp};
use entente_seal::statement::SignedStatement;
use entente_store::{Store, Vault, Work};

use super::{Carrier, chain_of};
use crate::deliver::{link_state, put_fork, put_link_state};
use crate::error::{AppError, Result};
use crate::node::{Known, Node, event, event_once};

impl<S: Store, V: Vault> Node<S, V> {
    /// The peer's ledger is wrong, or we are behind: nothing of the bundle counts.
    pub(super) fn link_fault(
        &self,
        carrier: Carrier,
        nation: NationId,
        peer: NodeId,
        fault: &LinkFault,
        note: Option<&[u8]>,
    ) -> Result<()> {
        if !fault.alarms() {
            // Our acknowledgement tells the sender which proof we need.
            return Ok(());
        }
        let now = self.now();
        let proven = match fault {
            // Two signatures convict the ledger, whoever brought them.
            LinkFault::Fork { .. } => true,
            // The bundle, not the ledger, is wrong.
            LinkFault::Misaddressed { .. }
            | LinkFault::Frame { .. }
            | LinkFault::Repeated { .. } => false,
            // So says the bundle, and it is the peer's if the peer brought it.
            LinkFault::NoCheckpoint
            | LinkFault::NoProof
            | LinkFault::Checkpoint(_)
            | LinkFault::NoConsistency { .. }
            | LinkFault::Inconsistent { .. }
            | LinkFault::NotIncluded(_)
            | LinkFault::LeafTwice { .. } => carrier == Carrier::Connection,
        };
        if !proven {
            let text = format!("a bundle was refused: {}", chain_of(fault));
            self.store.write(|work| event_once(work, now, "alarm", text.clone(), nation))?;
            return Err(AppError::Partner(text));
        }
        let text = format!("the link is stopped: {}", chain_of(fault));
        let leaf =
            self.note(RecordKind::Alarm, now, "link stopped", &nation.to_string(), &text, None);
        let known = self.known();
        self.record_with(&[leaf], |work, first| {
            if let (LinkFault::Fork { size }, Some(note)) = (fault, note)
                && let Some(node) = known.nation(&nation).and_then(|n| n.chain.node(&peer))
                && let Some(held) = work.peer_log(&node.spec.origin)?.filter(|h| h.size == *size)
            {
                let (one, other) = (held.note, note.to_vec());
                put_fork(work, &ForkFrame { kind: ForkKind::Log, nation, one, other }, first + 1)?;
            }
            let mut state = link_state(work, peer)?;
            state.stopped = Some(text.clone());
            put_link_state(work, peer, &state)?;
            event(work, now, "alarm", text.clone(), (None, Some(nation)))
        })?;
        Err(AppError::Partner(text))
    }

    /// Evidence of forks that a partner passes on; it counts if it holds by itself.
    pub(super) fn take_forks(
        &self,
        work: &mut dyn Work,
        known: &Known,
        forks: &[ForkFrame],
        now: Timestamp,
    ) -> Result<bool> {
        let mut changed = false;
        for fork in forks {
            let Some(nation) = known.nation(&fork.nation) else { continue };
            if nation.row.nation == self.identity.nation {
                continue;
            }
            let convicted = match fork.kind {
                ForkKind::Log => self.convict_log(work, known, fork)?,
                ForkKind::Chain => convicts_chain(known, fork, now),
            };
            if !convicted {
                continue;
            }
            let what = match fork.kind {
                ForkKind::Log => "ledger",
                ForkKind::Chain => "identity chain",
            };
            let text = format!("{}'s {what} has forked; the evidence holds", nation.row.code);
            if !event_once(work, now, "alarm", text.clone(), fork.nation)? {
                continue;
            }
            if fork.kind == ForkKind::Chain && nation.row.status == "accepted" {
                let mut row = nation.row.clone();
                "suspended".clone_into(&mut row.status);
                work.put_peer(&row)?;
                crate::ground::give_way(work)?;
                changed = true;
            }
            let since = work.head()?.map_or(0, |head| head.size) + 1;
            put_fork(work, fork, since)?;
            self.tell_overseers(work, RecordKind::Alarm, now, "fork proven", &text, None)?;
        }
        Ok(changed)
    }

    /// Stops the link to the node whose ledger the evidence convicts, if it does.
    fn convict_log(&self, work: &mut dyn Work, known: &Known, fork: &ForkFrame) -> Result<bool> {
        let evidence = ForkEvidence { a: fork.one.clone(), b: fork.other.clone() };
        let nodes = known.nation(&fork.nation).map(|n| n.chain.nodes());
        for (id, node) in nodes.into_iter().flatten() {
            if verify_fork(&evidence, &node.spec.origin, &node.spec.log).is_ok() {
                let mut state = link_state(work, id)?;
                state.stopped.get_or_insert_with(|| {
                    "the link is stopped: partners hold evidence that this ledger has forked"
                        .to_owned()
                });
                put_link_state(work, id, &state)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the partner has seen of other logs; two roots for one size are a fork.
    pub(super) fn take_gossip(
        &self,
        work: &mut dyn Work,
        known: &Known,
        peer: NodeId,
        gossip: &[Gossip],
    ) -> Result<()> {
        for seen in gossip {
            let ours = seen.origin == self.identity.origin;
            let theirs = known
                .nations
                .values()
                .flat_map(|n| n.chain.nodes())
                .any(|(_, node)| node.spec.origin == seen.origin);
            if !ours && !theirs {
                continue;
            }
            let conflict = if ours {
                work.checkpoint_at(seen.size)?.is_some_and(|row| row.root != seen.root)
            } else {
                // What a partner says of another is no proof. It is kept apart from what was
                // verified, or a liar could make an honest log look forked.
                put_claim(work, peer, seen)?;
                work.root_seen(&seen.origin, seen.size)?.is_some_and(|root| root != seen.root)
            };
            if conflict {
                self.suspect_fork(work, known, peer, &seen.origin, seen.size, self.now())?;
            }
        }
        Ok(())
    }

    /// A partner has seen another root of a log than we have.
    pub(super) fn suspect_fork(
        &self,
        work: &mut dyn Work,
        known: &Known,
        told_by: NodeId,
        origin: &str,
        size: u64,
        now: Timestamp,
    ) -> Result<()> {
        let Some(nation) = known.by_node(&told_by).map(|n| n.row.nation) else { return Ok(()) };
        let text = format!(
            "{} reports another root at size {size} of the log {origin}: the log may have forked",
            known.name_of(&nation),
        );
        if event_once(work, now, "alarm", text.clone(), nation)? {
            self.tell_overseers(work, RecordKind::Alarm, now, "fork suspected", &text, None)?;
        }
        Ok(())
    }
}

/// Whether two statements show that an identity chain has forked: the chain as it is known here
/// takes one of them, or has it, and finds the other in the same place.
fn convicts_chain(known: &Known, fork: &ForkFrame, now: Timestamp) -> bool {
    let Some(nation) = known.nation(&fork.nation) else { return false };
    let mut chain = nation.chain.clone();
    [&fork.one, &fork.other].into_iter().any(|bytes| {
        SignedStatement::from_bytes(bytes).is_ok_and(|statement| {
            matches!(chain.accept(&statement, now), Err(ChainError::Fork { .. }))
        })
    })
}

fn claim_name(told_by: NodeId, origin: &str) -> String {
    format!("claim/{told_by}/{origin}")
}

/// Keeps the newest that a partner says of another's log.
fn put_claim(work: &mut dyn Work, told_by: NodeId, seen: &Gossip) -> Result<()> {
    let mut bytes = seen.size.to_be_bytes().to_vec();
    bytes.extend_from_slice(seen.root.as_bytes());
    work.put_setting(&claim_name(told_by, &seen.origin), &bytes)?;
    Ok(())
}

/// The newest that a partner said of another's log.
pub(super) fn claimed(
    work: &dyn Work,
    told_by: NodeId,
    origin: &str,
) -> Result<Option<(u64, Digest)>> {
    let Some(bytes) = work.setting(&claim_name(told_by, origin))? else { return Ok(None) };
    Ok(bytes
        .split_first_chunk::<8>()
        .and_then(|(size, root)| Some((u64::from_be_bytes(*size), Digest::from_slice(root)?))))
}
