//! What goes to a partner, over whatever medium: the next bundle, and what its answer changes.
//!
//! The same code serves HTTP and discs. Everything sent is rebuilt from what the sequencer
//! stored, so a retransmission carries the same items byte for byte (I18), and the cost of a
//! bundle follows what is new, not what is held.

use std::collections::{BTreeMap, BTreeSet};

use entente_exchange::bundle::{
    BUNDLE_BYTES_MAX, Consistency, Cosig, ForkFrame, GrantFrame, Header, ItemFrame, Multiproof,
    TermsFrame,
};
use entente_exchange::send::{self, AssembleError, LedgerView, SendPlan};
use entente_ledger::evidence::Evidence;
use entente_ledger::proof;
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::item::{
    Ack, Basis, Gossip, ItemKind, Lane, LaneAck, Nack, Opening, WrapContext,
};
use entente_model::{Digest, NationId, NodeId, ObjectId, WrapContextId};
use entente_seal::slot::{lane_chain, opening_commitment};
use entente_store::rows::{CheckpointRow, ReleaseContextRow};
use entente_store::{Store, StoreError, Vault, Work};

use crate::error::{AppError, Result};
use crate::leaf::{Contexts, LeafOpening, RunItem, RunItems};
use crate::node::{Known, Node, lock};
use crate::outbox::stubs_upto;
use crate::sequencer::{StoredTiles, proof_error};

/// The share of a bundle that is left for everything that is not an item.
const OVERHEAD_SHARE: u64 = 8;
/// Items in one bundle at most, well below the frames that a receiver accepts.
const ITEMS_MAX: usize = 4 << 10;
/// Bytes that a receiver without trouble offers to take in each lane.
const CREDIT_BYTES: u64 = 64 << 20;
/// Bytes of FLASH items that a receiver offers to take when its disk is closed to all others.
const RESERVE_BYTES: u64 = 8 << 20;
/// Statements of our identity chain sent at once.
const STATEMENTS_MAX: usize = 16;
/// Ends of bundles whose running heads are remembered of a lane.
const HEADS_KEPT: usize = 64;
/// Sizes of our log that are remembered as shown to a partner on media.
const SHOWN_MAX: usize = 32;
/// Other logs reported in one acknowledgement.
const GOSSIP_MAX: usize = 64;

/// What is remembered of a partner as a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// The size of our log that it has verified.
    pub log_seen: u64,
    /// The newest statement of our chain that it holds.
    pub chain_seen: Option<u64>,
    /// Bytes that it takes in each lane.
    pub credits: [u64; 4],
    /// A cosignature for its checkpoint that it may not have yet.
    pub cosig: Option<OfferedCosig>,
    /// Items that were refused since the last bundle.
    pub nacks: Vec<Nack>,
    /// The link is stopped, and why.
    pub stopped: Option<String>,
}

/// A cosignature on its way to the log that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedCosig {
    /// The size that was cosigned.
    pub size: u64,
    /// The signature lines.
    pub lines: Vec<u8>,
    /// The size of our own log when it was given: whoever has verified that much of it had a
    /// bundle with the cosignature.
    pub since: u64,
}

impl Default for LinkState {
    fn default() -> Self {
        Self {
            log_seen: 0,
            chain_seen: None,
            credits: [CREDIT_BYTES; 4],
            cosig: None,
            nacks: Vec::new(),
            stopped: None,
        }
    }
}

impl Wire for LinkState {
    const NAME: &'static str = "link state";
    const BYTES_MAX: usize = 1 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(7).uint(1).uint(self.log_seen);
        w.optional(self.chain_seen.as_ref(), |w, seq| {
            w.uint(*seq);
        });
        w.list(&self.credits, |w, c| {
            w.uint(*c);
        });
        w.optional(self.cosig.as_ref(), |w, cosig| {
            w.array(3).uint(cosig.size).bytes(&cosig.lines).uint(cosig.since);
        });
        w.list(&self.nacks, |w, n| n.write(w));
        w.optional(self.stopped.as_ref(), |w, why| {
            w.text(why);
        });
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(7, |r| {
            r.uint_to(1, "the version")?;
            let log_seen = r.uint()?;
            let chain_seen = r.optional(Reader::uint)?;
            let mut credits = [CREDIT_BYTES; 4];
            for (credit, stored) in credits.iter_mut().zip(r.list(Reader::uint)?) {
                *credit = stored;
            }
            Ok(Self {
                log_seen,
                chain_seen,
                credits,
                cosig: r.optional(|r| {
                    r.record(3, |r| {
                        let (size, lines) = (r.uint()?, r.bytes()?.to_vec());
                        Ok(OfferedCosig { size, lines, since: r.uint()? })
                    })
                })?,
                nacks: r.list(Reader::value)?,
                stopped: r.optional(|r| r.text().map(str::to_owned))?,
            })
        })
    }
}

fn link_name(peer: NodeId) -> String {
    format!("link/{peer}")
}

/// What is remembered of a partner as a receiver.
pub(crate) fn link_state(work: &dyn Work, peer: NodeId) -> Result<LinkState> {
    match work.setting(&link_name(peer))? {
        Some(bytes) => Ok(LinkState::from_bytes(&bytes)?),
        None => Ok(LinkState::default()),
    }
}

/// Remembers it.
pub(crate) fn put_link_state(work: &mut dyn Work, peer: NodeId, state: &LinkState) -> Result<()> {
    work.put_setting(&link_name(peer), &state.to_bytes())?;
    Ok(())
}

fn shown_name(peer: NodeId) -> String {
    format!("shown/{peer}")
}

/// The sizes of our log that went to a partner on media and that it has not acknowledged: it may
/// have taken in any of them. A courier may carry several discs before an answer comes home.
fn shown_on_media(work: &dyn Work, peer: NodeId) -> Result<BTreeSet<u64>> {
    let Some(bytes) = work.setting(&shown_name(peer))? else { return Ok(BTreeSet::new()) };
    Ok(Reader::new(&bytes).list(Reader::uint)?.into_iter().collect())
}

/// Remembers sizes of our log that go to a partner on a medium.
pub(crate) fn put_shown_on_media(
    work: &mut dyn Work,
    peer: NodeId,
    sizes: &BTreeSet<u64>,
) -> Result<()> {
    let seen = link_state(work, peer)?.log_seen;
    let mut all = shown_on_media(work, peer)?;
    all.extend(sizes);
    all.retain(|size| *size > seen);
    let all: Vec<u64> = all.into_iter().rev().take(SHOWN_MAX).collect();
    let mut w = Writer::new();
    w.list(&all, |w, size| {
        w.uint(*size);
    });
    work.put_setting(&shown_name(peer), &w.into_bytes())?;
    Ok(())
}

/// A bundle to be sent, and whether it says anything that the partner has not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The bundle.
    pub bytes: Vec<u8>,
    /// How many items it carries.
    pub items: usize,
    /// The size of our log that it shows.
    pub size: u64,
    /// Whether it carries anything but an acknowledgement.
    pub news: bool,
    /// Whether it carries more than items and our ledger's growth: statements of our chain,
    /// cosignatures, refusals, or items of the two urgent lanes.
    pub urgent: bool,
}

/// Why a bundle was not made.
enum Overweight {
    /// It would be too long.
    Items,
    /// Something failed.
    Other(AppError),
}

impl<E: Into<AppError>> From<E> for Overweight {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// An item on its way, with all that its frame needs.
struct Ready {
    seq: u64,
    opening: Opening,
    wrapped: [u8; 48],
    ct: Vec<u8>,
    context: ReleaseContextRow,
    kind: ItemKind,
    oid: ObjectId,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// The next bundle for a partner. There is always one: at the least it acknowledges.
    pub fn outgoing(&self, peer: NodeId) -> Result<Outgoing> {
        self.outgoing_from(peer, None)
    }

    /// A bundle for a partner, starting after the given positions instead of after what it
    /// acknowledged: for parts of an export, which no answer separates.
    pub(crate) fn outgoing_from(&self, peer: NodeId, from: Option<[u64; 4]>) -> Result<Outgoing> {
        self.must_not_be_stale()?;
        // Who waits to know whether its ledger is the newest only acknowledges.
        let clear = self.may_sign()?;
        let known = self.known();
        let now = self.now();
        self.store.read(|work| {
            let state = link_state(work, peer)?;
            let frozen = state.stopped.is_some() || self.may_not_send(&known, peer) || !clear;
            let checkpoint = work.checkpoint()?.filter(|_| clear);
            let (mut ready, bytes_max) = match &checkpoint {
                Some(checkpoint) if !frozen => {
                    self.collect(work, peer, checkpoint, &state, from)?
                }
                _ => (Vec::new(), BUNDLE_BYTES_MAX),
            };
            let header = Header {
                src: self.identity.node,
                dst: peer,
                link_epoch: self.fence(),
                minor: 0,
                part: 0,
                parts: 1,
                created: now,
                profile: 0,
            };
            loop {
                let header = header.clone();
                match self.assemble(work, &known, peer, header, &state, checkpoint.as_ref(), &ready)
                {
                    // Proofs and contexts may outweigh the items by far: fewer at a time then.
                    Err(Overweight::Items) if !ready.is_empty() => ready.truncate(ready.len() / 2),
                    Err(Overweight::Items) => {
                        return Err(AppError::Operator(format!(
                            "no bundle for node {} can be made small enough",
                            peer.short()
                        )));
                    }
                    Err(Overweight::Other(error)) => return Err(error),
                    Ok(outgoing) if outgoing.bytes.len() > bytes_max && ready.len() > 1 => {
                        ready.truncate(ready.len() / 2);
                    }
                    Ok(outgoing) => {
                        self.remember_heads(work, peer, &ready)?;
                        return Ok(outgoing);
                    }
                }
            }
        })
    }

    /// Remembers the running heads of the lanes where a bundle ends: a receipt for it will say them,
    /// and computing them then would mean building all its leaves again.
    fn remember_heads(&self, work: &dyn Work, peer: NodeId, ready: &[Ready]) -> Result<()> {
        for lane in Lane::ALL {
            let mut items = ready.iter().filter(|r| r.context.lane == lane).peekable();
            let Some(first) = items.peek() else { continue };
            let mut seq = first.seq - 1;
            let known = self.sent_head(peer, lane, seq);
            let (receipted, head) = receipted_head(work, peer, lane)?;
            let before = known.or_else(|| (receipted == seq).then_some(head));
            let Some(mut chain) = before else { continue };
            for item in items {
                chain = lane_chain(chain, opening_commitment(&item.opening));
                seq = item.seq;
            }
            let mut heads = lock(&self.sent_heads);
            let heads = heads.entry((peer, lane)).or_default();
            heads.insert(seq, chain);
            if heads.len() > HEADS_KEPT {
                heads.pop_first();
            }
        }
        Ok(())
    }

    /// The running head of a lane at the end of a bundle that was made, if it is remembered.
    pub(crate) fn sent_head(&self, peer: NodeId, lane: Lane, seq: u64) -> Option<Digest> {
        lock(&self.sent_heads).get(&(peer, lane))?.get(&seq).copied()
    }

    /// Whether nothing but acknowledgements may go to a partner.
    fn may_not_send(&self, known: &Known, peer: NodeId) -> bool {
        !known.partners(self.identity.nation).any(|(_, node, _)| node == peer)
    }

    /// The items that come next, urgent lanes first, and how large a bundle with them may be: as
    /// large as the operator set, unless a lane's next item is larger by itself.
    fn collect(
        &self,
        work: &dyn Work,
        peer: NodeId,
        checkpoint: &CheckpointRow,
        state: &LinkState,
        from: Option<[u64; 4]>,
    ) -> Result<(Vec<Ready>, usize)> {
        let room = |bytes: u64| bytes - bytes / OVERHEAD_SHARE;
        let set = self.settings.bundle_bytes.min(BUNDLE_BYTES_MAX as u64);
        let limit = room(set);
        let mut contexts = Contexts::default();
        let mut lanes: [Vec<Ready>; 4] = Default::default();
        let mut sizes: [Vec<u64>; 4] = Default::default();
        for (slot, lane) in Lane::ALL.into_iter().enumerate() {
            let start = from
                .and_then(|f| f.get(slot).copied())
                .map_or_else(|| work.lane_out(peer, lane).map(|row| row.acked), Ok)?;
            let stubs = if lane == Lane::Routine { stubs_upto(work, peer)? } else { 0 };
            let mut bytes = 0;
            let mut next = start + 1;
            'lane: while bytes < limit {
                let runs = work.outbox(peer, lane, next, 4)?;
                let Some(last) = runs.last().map(|run| run.last) else { break };
                for run in runs {
                    if run.size > checkpoint.size {
                        break 'lane;
                    }
                    for (seq, item) in (run.first..).zip(RunItems::read(&run.items)?) {
                        let (Some(lane), Some(sizes)) = (lanes.get_mut(slot), sizes.get_mut(slot))
                        else {
                            continue;
                        };
                        if seq < next || lane.len() >= ITEMS_MAX {
                            continue;
                        }
                        let ready = ready(work, &mut contexts, &item, seq, seq <= stubs)?;
                        let size = send::item_bytes(&frame(&ready));
                        bytes += size;
                        lane.push(ready);
                        sizes.push(size);
                        if bytes >= limit {
                            break 'lane;
                        }
                    }
                }
                next = last + 1;
            }
        }
        let [a, b, c, d] = &sizes;
        let next = sizes.iter().filter_map(|sizes| sizes.first().copied()).max().unwrap_or(0);
        let large = next > limit;
        let limit = limit.max(next).min(room(BUNDLE_BYTES_MAX as u64));
        let owed = lock(&self.routine_owed).get(&peer).copied().unwrap_or_default();
        let batch = send::plan_batch([a, b, c, d], limit, state.credits, owed);
        lock(&self.routine_owed).insert(peer, batch.owed);
        let mut chosen = Vec::new();
        for (lane, count) in lanes.into_iter().zip(batch.items) {
            chosen.extend(lane.into_iter().take(count));
        }
        chosen.truncate(ITEMS_MAX);
        let bytes_max = if large { BUNDLE_BYTES_MAX as u64 } else { set };
        Ok((chosen, usize::try_from(bytes_max).unwrap_or(BUNDLE_BYTES_MAX)))
    }

    #[expect(clippy::too_many_arguments, reason = "everything a bundle is made of, once")]
    fn assemble(
        &self,
        work: &dyn Work,
        known: &Known,
        peer: NodeId,
        header: Header,
        state: &LinkState,
        checkpoint: Option<&CheckpointRow>,
        ready: &[Ready],
    ) -> std::result::Result<Outgoing, Overweight> {
        let items: Vec<ItemFrame<'_>> = ready.iter().map(frame).collect();
        let mut indices: Vec<u64> = ready.iter().map(|r| r.opening.index).collect();
        indices.sort_unstable();
        indices.dedup();

        let mut consistency = Vec::new();
        let mut multiproof = None;
        if let Some(checkpoint) = checkpoint {
            let size = checkpoint.size;
            let mut sizes = shown_on_media(work, peer)?;
            sizes.insert(state.log_seen);
            for from in sizes.into_iter().filter(|from| (1..size).contains(from)) {
                let hashes =
                    proof::consistency(&StoredTiles(work), from, size).map_err(proof_error)?;
                consistency.push(Consistency { from, to: size, hashes });
            }
            if !indices.is_empty() {
                let hashes =
                    proof::multiproof(&StoredTiles(work), &indices, size).map_err(proof_error)?;
                multiproof = Some(Multiproof { size, hashes });
            }
        }
        let note = match checkpoint {
            Some(row) => with_cosignatures(work, row)?,
            None => Vec::new(),
        };
        let ledger = checkpoint.map(|_| LedgerView {
            note: &note,
            consistency: &consistency,
            multiproof: multiproof.as_ref(),
        });

        let wrap_contexts = wrap_contexts(work, peer, ready)?;
        let terms: Vec<TermsFrame<'_>> = ready
            .iter()
            .filter_map(|r| {
                let digest = r.context.terms?;
                let sealed = r.context.terms_sealed.as_deref()?;
                Some(TermsFrame { wc: r.context.wc, digest, sealed })
            })
            .collect();
        let bases = bases(work, ready)?;
        let grants = self.grants(work, known, peer, ready)?;
        let ack = self.ack(work, known, peer)?;
        let chain = self.chain_news(work, state)?;
        let cosigs: Vec<Cosig> = state
            .cosig
            .iter()
            .map(|cosig| Cosig { size: cosig.size, lines: cosig.lines.clone() })
            .collect();

        let to = known.by_node(&peer).map(|n| n.row.nation);
        let forks: Vec<ForkFrame> = forks(work)?
            .into_iter()
            .filter(|(fork, since)| Some(fork.nation) != to && state.log_seen < *since)
            .map(|(fork, _)| fork)
            .collect();

        let news = !items.is_empty()
            || !forks.is_empty()
            || !chain.iter().all(|(_, statements)| statements.is_empty())
            || !cosigs.is_empty()
            || checkpoint.is_some_and(|row| row.size > state.log_seen);
        let urgent = !cosigs.is_empty()
            || !state.nacks.is_empty()
            || !chain.iter().all(|(_, statements)| statements.is_empty())
            || ready.iter().any(|r| r.context.lane <= Lane::Immediate);
        let plan = SendPlan {
            ledger,
            items: &items,
            wrap_contexts: &wrap_contexts,
            terms: &terms,
            bases: &bases,
            grants: &grants,
            ack: Some(&ack),
            nacks: &state.nacks,
            cosigs: &cosigs,
            chains: &chain,
            forks: &forks,
            ..SendPlan::empty(header)
        };
        let bytes = send::assemble(&plan).map_err(|error| match error {
            AssembleError::TooLong { .. } => Overweight::Items,
            AssembleError::NoProof => Overweight::Other(AppError::Operator(error.to_string())),
        })?;
        let size = checkpoint.map_or(0, |row| row.size);
        Ok(Outgoing { bytes, items: items.len(), size, news, urgent })
    }

    /// Statements of our own chain that the partner may not have.
    fn chain_news(
        &self,
        work: &dyn Work,
        state: &LinkState,
    ) -> Result<Vec<(NationId, Vec<Vec<u8>>)>> {
        let from = state.chain_seen.map_or(0, |seen| seen + 1);
        let mut statements = work.statements(self.identity.nation, from)?;
        statements.truncate(STATEMENTS_MAX);
        Ok(vec![(self.identity.nation, statements)])
    }

    /// Where we stand as a receiver of this partner.
    fn ack(&self, work: &dyn Work, known: &Known, peer: NodeId) -> Result<Ack> {
        let intake = self.intake();
        let mut lanes = [LaneAck::default(); 4];
        for (ack, lane) in lanes.iter_mut().zip(Lane::ALL) {
            let credit = intake.credit(lane, CREDIT_BYTES, RESERVE_BYTES);
            *ack = LaneAck { seq: work.lane_in(peer, lane)?.seq, credit };
        }
        let nation = known.by_node(&peer);
        let origin = nation
            .and_then(|n| n.chain.node(&peer))
            .map(|node| node.spec.origin.clone())
            .unwrap_or_default();
        let log_seen = work.peer_log(&origin)?.map_or(0, |row| row.size);
        let chain_seen =
            nation.map_or((0, Digest::from_array([0; 32])), |nation| nation.chain.head());
        let mut gossip: Vec<Gossip> = work
            .peer_logs()?
            .into_iter()
            .map(|(origin, row)| Gossip { origin, size: row.size, root: row.root })
            .collect();
        gossip.truncate(GOSSIP_MAX);
        Ok(Ack { lanes, retry_after_ms: 0, chain_seen, log_seen, gossip })
    }

    /// Grants that a recipient needs to accept objects of others, and grants that we gave.
    fn grants(
        &self,
        work: &dyn Work,
        known: &Known,
        peer: NodeId,
        ready: &[Ready],
    ) -> Result<Vec<GrantFrame>> {
        let Some(to) = known.by_node(&peer).map(|n| n.row.nation) else { return Ok(Vec::new()) };
        let mut grants = Vec::new();
        for item in ready {
            match item.kind {
                ItemKind::Object => {
                    let consents = work.consents(item.oid)?;
                    if let Some(consent) = consents.iter().find(|c| c.granted && c.to == to) {
                        grants.push(GrantFrame::from_bytes(&consent.evidence)?);
                    }
                }
                ItemKind::OnwardDecision => {
                    grants.extend(self.own_grant(work, peer, item)?);
                }
                ItemKind::Receipt
                | ItemKind::Recall
                | ItemKind::RecallEffect
                | ItemKind::OnwardRequest
                | ItemKind::AgreementPropose
                | ItemKind::AgreementCounter
                | ItemKind::AgreementSign
                | ItemKind::AgreementWithdraw
                | ItemKind::AgreementStanding
                | ItemKind::FactTold
                | ItemKind::LaneHead
                | ItemKind::AgreementActivated => {}
            }
        }
        Ok(grants)
    }

    /// The proof, for a third nation, of a grant that we gave to `peer`.
    fn own_grant(&self, work: &dyn Work, peer: NodeId, item: &Ready) -> Result<Option<GrantFrame>> {
        use entente_model::item::OnwardDecision;
        use entente_model::manifest::ControlItem;

        let digest = Digest::from_array(*item.oid.as_bytes());
        let Some(control) = work.preimage(digest)? else { return Ok(None) };
        let decision = OnwardDecision::from_bytes(&ControlItem::from_bytes(&control)?.payload)?;
        if !decision.granted {
            return Ok(None);
        }
        let Some(leaf) = work.object(decision.oid)?.and_then(|o| o.leaf) else {
            return Ok(None);
        };
        let released = self.slot_for(work, leaf, peer)?;
        let Some(object) = released else { return Ok(None) };
        let granted = self.evidence(work, item.opening.clone())?;
        Ok(Some(GrantFrame { decision: granted, control, object }))
    }

    /// Evidence of the slot of a leaf that is for `peer`.
    pub(crate) fn slot_for(
        &self,
        work: &dyn Work,
        leaf: u64,
        peer: NodeId,
    ) -> Result<Option<Evidence>> {
        let Some(bytes) = work.leaf(leaf)?.and_then(|row| row.opening) else { return Ok(None) };
        let opening = LeafOpening::from_bytes(&bytes)?;
        let mut contexts = Contexts::default();
        let Some(item) = &opening.item else { return Ok(None) };
        for (entry, (context, _)) in (1..).zip(&item.recipients) {
            if contexts.get(work, *context)?.dst == peer {
                let opening = opening.opening(work, &mut contexts, leaf, entry)?;
                return self.evidence(work, opening).map(Some);
            }
        }
        Ok(None)
    }

    /// A stand-alone proof of a slot, under the newest checkpoint.
    pub(crate) fn evidence(&self, work: &dyn Work, opening: Opening) -> Result<Evidence> {
        let checkpoint = work
            .checkpoint()?
            .filter(|row| row.size > opening.index)
            .ok_or_else(|| AppError::Operator("the ledger's head is not signed yet".to_owned()))?;
        let path = proof::inclusion(&StoredTiles(work), opening.index, checkpoint.size)
            .map_err(proof_error)?;
        Ok(Evidence { note: checkpoint.note, leaf_index: opening.index, path, opening })
    }
}

fn frame(ready: &Ready) -> ItemFrame<'_> {
    ItemFrame { opening: ready.opening.clone(), wrapped: ready.wrapped, ct: &ready.ct }
}

/// Builds an item again from what the sequencer stored.
fn ready(
    work: &dyn Work,
    contexts: &mut Contexts,
    item: &RunItem,
    seq: u64,
    stub: bool,
) -> Result<Ready> {
    let damaged = |what| AppError::Store(StoreError::Damaged(what));
    let bytes = work
        .leaf(item.leaf)?
        .and_then(|row| row.opening)
        .ok_or_else(|| damaged("opening of an undelivered leaf"))?;
    let opening = LeafOpening::from_bytes(&bytes)?;
    let leaf_item = opening.item.as_ref().ok_or_else(|| damaged("item of a leaf"))?;
    let entry = usize::from(item.entry);
    let (context, _) = leaf_item
        .recipients
        .get(entry.wrapping_sub(1))
        .ok_or_else(|| damaged("recipient of a leaf"))?;
    let context = contexts.get(work, *context)?.clone();
    let ct = if leaf_item.kind == ItemKind::Object {
        if stub { None } else { work.body(leaf_item.oid)? }
    } else {
        work.preimage(Digest::from_array(*leaf_item.body.as_bytes()))?
    }
    // The body is gone only if it was erased here, or too much waited; the recipient refuses the
    // empty one and its lane goes on.
    .unwrap_or_default();
    Ok(Ready {
        seq,
        kind: leaf_item.kind,
        oid: leaf_item.oid,
        opening: opening.opening(work, contexts, item.leaf, entry)?,
        wrapped: item.wrapped,
        ct,
        context,
    })
}

fn wrap_contexts(work: &dyn Work, peer: NodeId, ready: &[Ready]) -> Result<Vec<WrapContext>> {
    let ids: BTreeSet<WrapContextId> = ready.iter().map(|r| r.context.wc).collect();
    ids.into_iter()
        .map(|id| {
            let row = work
                .wrap_context(peer, id)?
                .ok_or(AppError::Store(StoreError::Damaged("wrap context")))?;
            Ok(WrapContext::from_bytes(&row.frame)?)
        })
        .collect()
}

fn bases(work: &dyn Work, ready: &[Ready]) -> Result<Vec<Basis>> {
    let mut bases = BTreeMap::new();
    for item in ready {
        let id = item.context.basis;
        if let std::collections::btree_map::Entry::Vacant(slot) = bases.entry(id) {
            let bytes = work
                .preimage(Digest::from_array(*id.as_bytes()))?
                .ok_or(AppError::Store(StoreError::Damaged("basis")))?;
            slot.insert(Basis::from_bytes(&bytes)?);
        }
    }
    Ok(bases.into_values().collect())
}

const FORKS: &str = "forks";
/// Forks that are passed on; a nation is convicted once.
const FORKS_MAX: usize = 64;

/// Keeps evidence of a fork, to be passed on with every bundle to partners that have not verified
/// our own log up to `since`.
pub(crate) fn put_fork(work: &mut dyn Work, fork: &ForkFrame, since: u64) -> Result<()> {
    let mut all = forks(work)?;
    if all.len() >= FORKS_MAX
        || all.iter().any(|(f, _)| f.nation == fork.nation && f.kind == fork.kind)
    {
        return Ok(());
    }
    all.push((fork.clone(), since));
    let mut w = Writer::new();
    w.list(&all, |w, (fork, since)| {
        w.array(2).bytes(&fork.to_bytes()).uint(*since);
    });
    work.put_setting(FORKS, &w.into_bytes())?;
    Ok(())
}

fn forks(work: &dyn Work) -> Result<Vec<(ForkFrame, u64)>> {
    let Some(bytes) = work.setting(FORKS)? else { return Ok(Vec::new()) };
    let read =
        |r: &mut Reader<'_>| r.record(2, |r| Ok((ForkFrame::from_bytes(r.bytes()?)?, r.uint()?)));
    Ok(Reader::new(&bytes).list(read)?)
}

fn receipted_name(dst: NodeId, lane: Lane) -> String {
    format!("receipted/{dst}/{}", lane.as_str())
}

/// Remembers the running head of a lane where its partner's receipt left off.
pub(crate) fn put_receipted_head(
    work: &mut dyn Work,
    dst: NodeId,
    lane: Lane,
    seq: u64,
    chain: Digest,
) -> Result<()> {
    let mut bytes = seq.to_be_bytes().to_vec();
    bytes.extend_from_slice(chain.as_bytes());
    work.put_setting(&receipted_name(dst, lane), &bytes)?;
    Ok(())
}

/// Where a lane's partner's receipt left off, and the running head there.
fn receipted_head(work: &dyn Work, dst: NodeId, lane: Lane) -> Result<(u64, Digest)> {
    match &work.setting(&receipted_name(dst, lane))? {
        Some(bytes) => bytes
            .split_first_chunk::<8>()
            .and_then(|(seq, chain)| Some((u64::from_be_bytes(*seq), Digest::from_slice(chain)?)))
            .ok_or(AppError::Store(StoreError::Damaged("outbox run"))),
        None => Ok((0, Digest::from_array([0; 32]))),
    }
}

/// The running head of a lane after a position that was sequenced and not receipted yet: what an
/// honest receipt up to there says. Computed from where the last receipt left off.
pub(crate) fn lane_head_at(work: &dyn Work, dst: NodeId, lane: Lane, upto: u64) -> Result<Digest> {
    let damaged = || AppError::Store(StoreError::Damaged("outbox run"));
    let (mut seq, mut chain) = receipted_head(work, dst, lane)?;
    let mut contexts = Contexts::default();
    while seq < upto {
        let runs = work.outbox(dst, lane, seq + 1, 16)?;
        if runs.first().is_none_or(|run| run.first > seq + 1 || run.last <= seq) {
            return Err(damaged());
        }
        for run in runs {
            for (at, item) in (run.first..).zip(RunItems::read(&run.items)?) {
                if at != seq + 1 || at > upto {
                    continue;
                }
                let opening =
                    work.leaf(item.leaf)?.and_then(|row| row.opening).ok_or_else(damaged)?;
                let leaf = LeafOpening::from_bytes(&opening)?.leaf(work, &mut contexts)?;
                let commitment =
                    leaf.slot_commitment(usize::from(item.entry)).ok_or_else(damaged)?;
                chain = lane_chain(chain, commitment);
                seq = at;
            }
        }
    }
    Ok(chain)
}

/// A checkpoint with the cosignatures that are held for exactly that size.
fn with_cosignatures(work: &dyn Work, row: &CheckpointRow) -> Result<Vec<u8>> {
    let mut note = row.note.clone();
    for (size, _, lines) in work.cosignatures(32)? {
        if size == row.size {
            note.extend_from_slice(&lines);
        }
    }
    Ok(note)
}
