//! What comes from a partner: the receiver's twelve checks, in order, and one transaction.
//!
//! `protocol.md` 2.6. Checks 1 to 7 are `exchange::verify`'s and need no key; 8 and 9 are the
//! key process's; 10 to 12 are here. A bundle has its whole effect in one transaction or none,
//! and the same bundle again has none (I17). An item that fails is kept as evidence and its lane
//! goes on (I19); a ledger that fails stops its link.

mod agreed;
mod control;
mod forks;
mod grants;
mod lanes;
mod quarantine;

pub(crate) use control::{agreement_id, agreement_record};
use lanes::Lanes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use entente_exchange::agreement::AgreementState;
use entente_exchange::bundle::{self, ForkFrame, ForkKind, Limits};
use entente_exchange::chain::ChainError;
use entente_exchange::lane::LaneIn;
use entente_exchange::state::{Event, ObjectState, OnArrival};
use entente_exchange::verify::{Arrival, PeerView, VerifiedBundle, VerifiedItem, verify_bundle};
use entente_ledger::note::Note;
use entente_ledger::witness;
use entente_model::codec::Wire;
use entente_model::item::{Ack, ItemKind, Lane, LaneAck, Nack, NackCode, RecallClass, WrapContext};
use entente_model::record::RecordKind;
use entente_model::{
    AgreementId, Digest, KeyId, Manifest, NationId, NodeId, ObjectId, Terms, Timestamp,
    WrapContextId,
};
use entente_seal::digest;
use entente_seal::statement::SignedStatement;
use entente_store::rows::{ContextRow, ObjectRow, PeerLogRow};
use entente_store::{Store, Vault, Work};

use crate::deliver::{Outgoing, link_state, put_fork, put_link_state};
use crate::error::{AppError, Result};
use crate::evidence;
use crate::keys::{OpenBatch, OpenFault, OpenJob, OpenedJob, Target, TermsJob};
use crate::media::no_way_from;
use crate::node::{Known, Node, WakeUp, event, event_once, lock};
use crate::obligation;
use crate::outbox::stubs_upto;
use crate::rollback::put_linked;
use crate::sequencer::queue_record;

/// Bundles that came before their turn and are kept, for each lane: 256 MiB for a partner at most.
const EARLY_BUNDLES_MAX: u64 = 16;

/// Items that did not come in are remembered for this many bundles' answers at most.
const NACKS_MAX: usize = 256;

/// What a bundle came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Objects that are new here.
    pub objects: usize,
    /// Other items.
    pub controls: usize,
    /// Items that were refused.
    pub refused: usize,
    /// Items that came again.
    pub duplicates: usize,
    /// Items whose predecessors are missing.
    pub early: usize,
    /// The bundle to answer with.
    pub reply: Outgoing,
}

/// What one bundle, without those kept before, came to.
#[derive(Default)]
struct TakenIn {
    objects: usize,
    controls: usize,
    refused: usize,
    duplicates: usize,
    early: usize,
}

/// A verified item with what the key process made of it.
struct Opened<'v, 'b> {
    item: &'v VerifiedItem<'b>,
    content: OpenedJob,
    terms: Option<Terms>,
}

/// What the transaction found, for what follows it.
#[derive(Default)]
struct Outcome {
    objects: BTreeSet<ObjectId>,
    controls: usize,
    refused: usize,
    reload: bool,
    /// Where agreements stand by what came earlier in this bundle; empty while nothing changed.
    states: BTreeMap<AgreementId, Option<AgreementState>>,
    /// Whether anything waits to be sequenced.
    intents: bool,
    /// Objects that were opened but are not held: refused, waiting, or taken back before they
    /// came. Their keys are destroyed.
    unheld: Vec<ObjectId>,
}

/// What an item came to.
pub(crate) enum Verdict {
    /// It was taken in.
    Taken,
    /// It was refused; the lane goes on.
    Refused(NackCode),
    /// Its agreement is not complete here yet: the lane waits (`protocol.md` amendment 5).
    Wait,
}

/// How a bundle came, and so how far what its sender's ledger does not say can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Over a connection on which the sender's node proved who it is.
    Connection,
    /// On a medium, which anyone may have written: whoever knows our public key can seal a file
    /// to it in a partner's name. Only what a ledger shows counts.
    Medium,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Takes in a bundle from a partner whose node is known from the connection.
    pub fn receive(&self, peer: NodeId, bytes: &[u8]) -> Result<Received> {
        self.receive_by(Carrier::Connection, peer, bytes)
    }

    /// Takes in a bundle, however it came.
    pub(crate) fn receive_by(
        &self,
        carrier: Carrier,
        peer: NodeId,
        bytes: &[u8],
    ) -> Result<Received> {
        self.must_not_be_stale()?;
        let gate = self.gate_of(peer);
        let _one_at_a_time = lock(&gate);
        let mut taken = self.take_in(carrier, peer, bytes)?;
        // What came before its turn may have its turn now.
        while let Some(kept) = self.early_bundle(peer)? {
            match self.take_in(Carrier::Medium, peer, &kept) {
                Ok(more) => {
                    taken.objects += more.objects;
                    taken.controls += more.controls;
                    taken.refused += more.refused;
                }
                // It will come again, and be judged then.
                Err(AppError::Partner(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Received {
            objects: taken.objects,
            controls: taken.controls,
            refused: taken.refused,
            duplicates: taken.duplicates,
            early: taken.early,
            reply: self.outgoing(peer)?,
        })
    }

    /// Takes in one bundle, but for what must wait for others before it.
    fn take_in(&self, carrier: Carrier, peer: NodeId, bytes: &[u8]) -> Result<TakenIn> {
        let known = self.known();
        let (nation, state) = known
            .nations
            .values()
            .find_map(|n| n.chain.node(&peer).map(|state| (n, state)))
            .ok_or_else(|| AppError::Forbidden("this node is not known here".to_owned()))?;
        if nation.row.status != "accepted" {
            return Err(AppError::Forbidden(format!(
                "{} is not recognised here: both sides must introduce each other first",
                nation.row.code
            )));
        }
        let nation_id = nation.row.nation;
        let parsed = bundle::parse(bytes, Limits::default())
            .map_err(|e| AppError::Partner(e.to_string()))?;

        let view = self.view(peer, &state.spec.origin)?;
        if let Some(why) = view.stopped {
            // A bad ledger blocks its link until people have looked at it (I19).
            return Err(AppError::Partner(why));
        }
        let knows = |id: &WrapContextId| {
            self.store
                .read(|work| work.wrap_context(peer, *id))
                .is_ok_and(|row: Option<ContextRow>| row.is_some())
        };
        // The keys that a partner may have sealed to. Their validity is the sender's to respect: by
        // whose clock would we judge?
        let holds = |id: &KeyId, _: Timestamp| self.kem_ids.contains(id);
        let no_commitment = |_: Lane, _: u64| None;
        let root_at = |size: u64| {
            self.store.read(|work| work.root_seen(&state.spec.origin, size)).ok().flatten()
        };
        let peer_view = PeerView {
            me: self.identity.node,
            peer,
            origin: &state.spec.origin,
            log: &state.spec.log,
            last: view.last,
            lanes: view.lanes,
            knows_wrap_context: &knows,
            holds_kem_key: &holds,
            commitment_at: &no_commitment,
            root_at: &root_at,
        };
        let verified = match verify_bundle(&parsed, &peer_view) {
            Ok(verified) => verified,
            Err(fault) => {
                if !fault.alarms() {
                    // It may tell of more of our ledger just because it was made for a newer
                    // state of this node than is here.
                    let ack = parsed.frames().iter().find_map(|frame| match frame.decode() {
                        Ok(bundle::Frame::Ack(ack)) => Some(ack),
                        _ => None,
                    });
                    self.hear(carrier, &known, peer, ack.as_ref())?;
                    self.take_wish(peer, ack.as_ref())?;
                }
                let note = parsed.frames().iter().find_map(|frame| match frame.decode() {
                    Ok(bundle::Frame::Checkpoint(note)) => Some(note),
                    _ => None,
                });
                self.link_fault(carrier, nation_id, peer, &fault, note)?;
                if carrier == Carrier::Medium {
                    // Nobody answers a medium, so the person who reads it is told.
                    return Err(AppError::Partner(no_way_from(nation.row.code, &fault)));
                }
                return Ok(TakenIn::default());
            }
        };
        self.hear(carrier, &known, peer, verified.ack())?;
        if carrier == Carrier::Connection {
            self.hear_clock(parsed.header().created)?;
        }
        let outcome = {
            let _no_sweep = self.keeping.read().unwrap_or_else(PoisonError::into_inner);
            let opened = self.open_all(peer, &verified)?;
            let outcome = self.admit(carrier, &known, nation_id, peer, &verified, &opened)?;
            if !outcome.unheld.is_empty() {
                self.vault.shred(&outcome.unheld)?;
            }
            outcome
        };
        if outcome.reload {
            self.reload()?;
        }
        if self.settle()? || outcome.intents {
            (self.wake)(&WakeUp::Intents);
        }
        (self.wake)(&WakeUp::Events);
        self.keep_early(peer, &verified, bytes)?;
        Ok(TakenIn {
            objects: outcome.objects.len(),
            controls: outcome.controls,
            refused: outcome.refused,
            duplicates: verified.duplicates().len(),
            early: verified.early().len(),
        })
    }

    /// Keeps a bundle whose items came before their turn, as on a disc that is read from its last
    /// file, until their turn comes: under the first of them in each lane.
    fn keep_early(&self, peer: NodeId, verified: &VerifiedBundle<'_>, bytes: &[u8]) -> Result<()> {
        let intake = self.intake();
        let mut first: BTreeMap<Lane, u64> = BTreeMap::new();
        for arrival in verified.early() {
            let (lane, seq, _) = arrival.position();
            if !intake.takes(lane) {
                continue;
            }
            let seq = first.get(&lane).map_or(seq, |known| seq.min(*known));
            first.insert(lane, seq);
        }
        if first.is_empty() {
            return Ok(());
        }
        self.store.write(|work| {
            for (lane, seq) in first {
                if work.early(peer, lane, seq)?.is_some()
                    || work.early_count(peer, lane)? >= EARLY_BUNDLES_MAX
                {
                    continue;
                }
                work.put_early(peer, lane, seq, bytes)?;
            }
            Ok(())
        })
    }

    /// A kept bundle whose turn has come. It is not kept any longer: what it still cannot give is
    /// kept again, further on.
    fn early_bundle(&self, peer: NodeId) -> Result<Option<Vec<u8>>> {
        let waits = self.store.read(|work| {
            for lane in Lane::ALL {
                if work.early_count(peer, lane)? > 0 {
                    return Ok(true);
                }
            }
            Ok::<_, AppError>(false)
        })?;
        if !waits {
            return Ok(None);
        }
        self.store.write(|work| {
            for lane in Lane::ALL {
                let next = work.lane_in(peer, lane)?.seq + 1;
                if let Some(bytes) = work.early(peer, lane, next)? {
                    work.trim_early(peer, lane, next)?;
                    return Ok(Some(bytes));
                }
                work.trim_early(peer, lane, next)?;
            }
            Ok(None)
        })
    }

    fn gate_of(&self, peer: NodeId) -> Arc<Mutex<()>> {
        Arc::clone(lock(&self.receiving).entry(peer).or_default())
    }

    fn view(&self, peer: NodeId, origin: &str) -> Result<View> {
        self.store.read(|work| {
            let mut lanes = [LaneIn::default(); 4];
            for (slot, lane) in lanes.iter_mut().zip(Lane::ALL) {
                let row = work.lane_in(peer, lane)?;
                *slot = LaneIn::restore(row.seq, row.chain);
            }
            let last = work.peer_log(origin)?.map(|row| (row.size, row.root));
            Ok(View { lanes, last, stopped: link_state(work, peer)?.stopped })
        })
    }

    /// From a bundle whose checkpoint came without the proof that we need, takes the one thing that
    /// says which proof the peer needs: or two nodes that both know more of each other than the
    /// other believes, by way of witnessing, would wait for each other for ever.
    fn take_wish(&self, peer: NodeId, ack: Option<&Ack>) -> Result<()> {
        let Some(ack) = ack else { return Ok(()) };
        self.store.write(|work| {
            if work.checkpoint()?.is_some_and(|row| ack.log_seen <= row.size) {
                let mut state = link_state(work, peer)?;
                state.log_seen = ack.log_seen;
                put_link_state(work, peer, &state)?;
            }
            Ok(())
        })
    }

    /// Checks 6, 8 and 9, by the key process.
    fn open_all<'v, 'b>(
        &self,
        peer: NodeId,
        verified: &'v VerifiedBundle<'b>,
    ) -> Result<Vec<Opened<'v, 'b>>> {
        let items: Vec<&VerifiedItem<'b>> = verified.items().collect();
        let contexts = self.contexts_of(peer, verified, &items)?;
        if items.is_empty() && contexts.is_empty() {
            return Ok(Vec::new());
        }
        let me = self.identity.node;
        // Items share their terms: each is opened once.
        let mut places: BTreeMap<(WrapContextId, Digest), usize> = BTreeMap::new();
        let mut terms: Vec<TermsJob> = Vec::new();
        let mut bodies = Vec::with_capacity(items.len());
        for item in &items {
            let link = item.link();
            if let (Some(digest), Some(sealed)) = (link.terms, item.sealed_terms()) {
                places.entry((link.wc, digest)).or_insert_with(|| {
                    let target = Target { dst: me, wc: link.wc };
                    terms.push(TermsJob { target, digest, sealed: sealed.to_vec() });
                    terms.len() - 1
                });
            }
            bodies.push(OpenJob {
                wc: link.wc,
                dst: me,
                oid: link.oid,
                body: link.body,
                wrapped: *item.wrapped(),
                ct: item.ct().to_vec(),
            });
        }
        self.with_vault(|| {
            let (results, shards) = self.keys.open(OpenBatch { contexts, terms, bodies })?;
            let mut opened = Vec::with_capacity(items.len());
            let mut vault_keys = Vec::new();
            for (item, content) in items.into_iter().zip(results.bodies) {
                let link = item.link();
                let place = link.terms.and_then(|digest| places.get(&(link.wc, digest)));
                let terms = place.and_then(|at| results.terms.get(*at).cloned().flatten());
                if let OpenedJob::Object(_, key) = &content {
                    vault_keys.push((link.oid, key.clone()));
                }
                opened.push(Opened { item, content, terms });
            }
            // The vault first: a key without its object is swept, an object without its key is lost.
            if !vault_keys.is_empty() || !shards.is_empty() {
                let wanted = self.store.read(|work| {
                    let mut wanted = Vec::new();
                    for (oid, key) in vault_keys {
                        if work.object(oid)?.is_none() {
                            wanted.push((oid, key));
                        }
                    }
                    Ok::<_, AppError>(wanted)
                })?;
                self.vault.put(&shards, &wanted)?;
            }
            Ok(opened)
        })
    }

    /// The wrap contexts that a bundle brings, and those that its items were sealed under and came
    /// before: the key process may have restarted since, or let go of them.
    fn contexts_of(
        &self,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
        items: &[&VerifiedItem<'_>],
    ) -> Result<Vec<WrapContext>> {
        let mut contexts: BTreeMap<WrapContextId, WrapContext> =
            verified.wrap_contexts().iter().cloned().collect();
        let used: BTreeSet<WrapContextId> = items.iter().map(|item| item.link().wc).collect();
        let before: Vec<_> = used.into_iter().filter(|id| !contexts.contains_key(id)).collect();
        if !before.is_empty() {
            self.store.read(|work| {
                for id in before {
                    if let Some(row) = work.wrap_context(peer, id)? {
                        contexts.insert(id, WrapContext::from_bytes(&row.frame)?);
                    }
                }
                Ok::<_, AppError>(())
            })?;
        }
        Ok(contexts.into_values().collect())
    }

    /// Checks 10 to 12, in one transaction.
    fn admit(
        &self,
        carrier: Carrier,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
        opened: &[Opened<'_, '_>],
    ) -> Result<Outcome> {
        let now = self.now();
        self.store.write(|work| {
            let mut outcome = Outcome::default();
            for (id, context) in verified.wrap_contexts() {
                work.put_wrap_context(&ContextRow {
                    peer,
                    id: *id,
                    frame: context.to_bytes(),
                    at: now,
                })?;
            }
            if carrier == Carrier::Connection {
                put_linked(work, peer)?;
            }
            self.take_chains(work, known, verified, now, &mut outcome)?;
            self.take_checkpoint(work, known, nation, peer, verified, now)?;
            outcome.reload |= self.take_forks(work, known, verified.forks(), now)?;
            self.keep_for_evidence(work, known, nation, peer, verified)?;
            for unplaced in verified.unplaced() {
                let why = unplaced.code.says();
                let text = format!("an item was sent that has no place here: {why}");
                event_once(work, now, "alarm", text, nation)?;
            }

            let mut lanes = Lanes::load(work, peer, self.intake())?;
            let mut by_place: BTreeMap<(Lane, u64), &Opened<'_, '_>> = BTreeMap::new();
            for item in opened {
                by_place.insert((item.item.link().lane, item.item.link().seq), item);
            }
            for arrival in verified.arrivals() {
                let (lane, seq, commitment) = arrival.position();
                if !lanes.may_take(lane, seq) {
                    continue;
                }
                let verdict = match (arrival, by_place.get(&(lane, seq))) {
                    (Arrival::Item(_), Some(item)) => self.take_item(
                        work,
                        known,
                        nation,
                        peer,
                        item,
                        verified,
                        now,
                        &mut outcome,
                    )?,
                    (Arrival::Rejected(rejected), _) => Verdict::Refused(rejected.code()),
                    (Arrival::Item(_), None) => Verdict::Refused(NackCode::Decrypt),
                };
                match verdict {
                    Verdict::Taken => {
                        if let Some(item) = arrival.item() {
                            lanes.take(lane, commitment, item.link().kind, item.link().oid);
                        }
                    }
                    Verdict::Refused(code) => {
                        lanes.refuse(lane, commitment, code);
                        outcome.refused += 1;
                        self.quarantine(work, nation, peer, arrival, code, now)?;
                    }
                    Verdict::Wait => lanes.wait(lane, seq),
                }
            }
            for item in opened.iter().filter(|i| matches!(i.content, OpenedJob::Object(..))) {
                let oid = item.item.link().oid;
                if !outcome.objects.contains(&oid) && work.object(oid)?.is_none() {
                    outcome.unheld.push(oid);
                }
            }
            let nacks = lanes.store(work, self, peer, now)?;
            self.take_ack(work, carrier, known, nation, peer, verified, nacks)?;
            self.take_cosigs(work, known, peer, verified)?;
            for row in work.peers()? {
                if row.nation == nation {
                    let mut row = row;
                    row.heard = Some(now);
                    work.put_peer(&row)?;
                }
            }
            outcome.intents = work.has_intents()?;
            Ok(outcome)
        })
    }

    /// Statements of identity chains.
    fn take_chains(
        &self,
        work: &mut dyn Work,
        known: &Known,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<()> {
        for frame in verified.chains() {
            let Some(nation) = known.nation(&frame.nation) else { continue };
            if nation.row.nation == self.identity.nation {
                continue;
            }
            let mut chain = nation.chain.clone();
            for bytes in &frame.statements {
                let Ok(statement) = SignedStatement::from_bytes(bytes) else { break };
                match chain.accept(&statement, now) {
                    Ok(entente_exchange::chain::Accepted::Extended(kind)) => {
                        work.put_statement(frame.nation, chain.head().0, bytes)?;
                        // It may say that what is its own goes to some nation no longer.
                        crate::ground::give_way(work)?;
                        outcome.reload = true;
                        let text =
                            format!("{} changed its identity chain: {kind:?}", nation.row.code);
                        if kind.alarms() {
                            event(work, now, "alarm", text.clone(), (None, Some(frame.nation)))?;
                        }
                        self.tell_overseers(
                            work,
                            RecordKind::Identity,
                            now,
                            "statement accepted",
                            &text,
                            Some(chain.head().1),
                        )?;
                    }
                    Ok(entente_exchange::chain::Accepted::Known) => {}
                    Err(error) => {
                        let text = format!(
                            "a statement of {}'s identity chain was refused: {}",
                            nation.row.code,
                            chain_of(&error)
                        );
                        if let ChainError::Fork { fork } = &error {
                            // Nothing more with a nation that signs two pasts, until people have
                            // introduced it anew (I33). What convicts it is kept.
                            let held = work.statements(frame.nation, fork.seq)?;
                            let one = held.into_iter().next().unwrap_or_default();
                            let other = bytes.clone();
                            let kind = ForkKind::Chain;
                            let evidence = ForkFrame { kind, nation: frame.nation, one, other };
                            let since = work.head()?.map_or(0, |head| head.size) + 1;
                            put_fork(work, &evidence, since)?;
                            let mut row = nation.row.clone();
                            "suspended".clone_into(&mut row.status);
                            work.put_peer(&row)?;
                            crate::ground::give_way(work)?;
                            outcome.reload = true;
                            self.tell_overseers(
                                work,
                                RecordKind::Alarm,
                                now,
                                "nation suspended",
                                &text,
                                Some(fork.other),
                            )?;
                        }
                        event_once(work, now, "alarm", text, frame.nation)?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Queues a record that concerns only our overseers.
    pub(crate) fn tell_overseers(
        &self,
        work: &mut dyn Work,
        kind: RecordKind,
        now: Timestamp,
        act: &str,
        about: &str,
        digest: Option<Digest>,
    ) -> Result<()> {
        let leaf = self.note(kind, now, act, self.identity.code.as_str(), about, digest);
        queue_record(work, &leaf.record)
    }

    /// The partner's newest checkpoint.
    fn take_checkpoint(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(checkpoint) = verified.checkpoint() else { return Ok(()) };
        let Some(spec) = known.nation(&nation).and_then(|n| n.chain.node(&peer)).map(|n| &n.spec)
        else {
            return Ok(());
        };
        let held = work.peer_log(&spec.origin)?;
        for (_, told_by, _) in known.partners(self.identity.nation) {
            if forks::claimed(work, told_by, &spec.origin)?
                .is_some_and(|(size, root)| size == checkpoint.size() && root != checkpoint.root())
            {
                self.suspect_fork(work, known, told_by, &spec.origin, checkpoint.size(), now)?;
            }
        }
        work.note_root(&spec.origin, checkpoint.size(), checkpoint.root())?;
        if held.as_ref().is_none_or(|held| held.size <= checkpoint.size()) {
            let same = held.as_ref().is_some_and(|held| held.size == checkpoint.size());
            work.put_peer_log(
                &spec.origin,
                &PeerLogRow {
                    size: checkpoint.size(),
                    root: checkpoint.root(),
                    note: checkpoint.note().to_vec(),
                    at: now,
                    cosigned: same && held.is_some_and(|held| held.cosigned),
                },
            )?;
        }
        Ok(())
    }

    /// Keeps what the items of the bundle need to be proved to others one day.
    fn keep_for_evidence(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
    ) -> Result<()> {
        match known.nation(&nation).and_then(|n| n.chain.node(&peer)) {
            Some(state) => evidence::keep_shared(work, &state.spec.origin, verified),
            None => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one item, and all that it is judged by")]
    fn take_item(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        opened: &Opened<'_, '_>,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<Verdict> {
        let link = opened.item.link();
        if link.expires.is_some_and(|at| at <= now) {
            return Ok(Verdict::Refused(NackCode::Expired));
        }
        match (&opened.content, link.kind) {
            (OpenedJob::Fault(fault), _) => Ok(Verdict::Refused(match fault {
                OpenFault::WrapContext => NackCode::WrapContext,
                OpenFault::Digest => NackCode::Digest,
                OpenFault::Decrypt => NackCode::Decrypt,
                OpenFault::Oid => NackCode::Oid,
            })),
            (OpenedJob::Object(manifest, _), ItemKind::Object) => self
                .take_object(work, known, nation, peer, opened, manifest, verified, now, outcome),
            (OpenedJob::Control(control), kind) if kind != ItemKind::Object => {
                outcome.controls += 1;
                self.take_control(work, known, nation, peer, opened.item, control, verified, now)
                    .map(|(verdict, reload)| {
                        outcome.reload |= reload;
                        if reload {
                            outcome.states.clear();
                        }
                        verdict
                    })
            }
            (OpenedJob::Object(..) | OpenedJob::Control(_), _) => {
                Ok(Verdict::Refused(NackCode::Oid))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one object, and all that it is judged by")]
    fn take_object(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        opened: &Opened<'_, '_>,
        manifest: &Manifest,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<Verdict> {
        let link = opened.item.link();
        // Check 10: the sender owns it, or its originator granted onward release to us.
        if manifest.nation != nation
            && !self.is_granted(known, peer, link.oid, manifest, verified, now)
        {
            return Ok(Verdict::Refused(NackCode::NotOrigin));
        }
        // Check 11: agreements, terms, label, media type.
        let agreements = &opened.item.basis().agreements;
        if agreements.is_empty() {
            return Ok(Verdict::Refused(NackCode::Agreement));
        }
        let leaf = opened.item.opening().index;
        let stops = self.unless_agreed(work, known, (nation, leaf), agreements, now, outcome)?;
        if let Some(verdict) = stops {
            return Ok(verdict);
        }
        let Some(terms) = &opened.terms else { return Ok(Verdict::Refused(NackCode::Policy)) };
        if !terms.decision.releases() || !agreements.contains(&terms.agreement) {
            return Ok(Verdict::Refused(NackCode::Policy));
        }
        if manifest.label.class > self.identity.accreditation {
            return Ok(Verdict::Refused(NackCode::Label));
        }
        // Check 12.
        let recall = work.recall(link.oid, manifest.nation)?;
        let recalled = recall.and_then(|r| RecallClass::from_code(r.class.into()));
        let held = work.object(link.oid)?;
        let before = match &held {
            Some(row) => ObjectState::from_code(row.state.into()).unwrap_or_default(),
            None => recalled.map_or(ObjectState::UNKNOWN, |class| {
                ObjectState::UNKNOWN.apply(Event::Recalled(class))
            }),
        };
        if held.is_some() || before.on_arrival() == OnArrival::Drop {
            // It came by another way already, or was taken back before it came.
            if held.is_none() {
                let _vaulting = lock(&self.vaulting);
                self.vault.shred(&[link.oid])?;
            }
            return Ok(Verdict::Taken);
        }
        let state = before.apply(Event::Arrived);
        let label = entente_law::marking::print_label(&manifest.label);
        let row = ObjectRow {
            position: 0,
            oid: link.oid,
            nation: manifest.nation,
            state: crate::state_code(state),
            object_type: manifest.facts.object_type.clone(),
            media_type: manifest.media_type.clone(),
            marking: label.clone(),
            class: manifest.label.class,
            bytes: manifest.payload_bytes,
            body: link.body,
            at: now,
            leaf: None,
            source: Some((peer, link.lane, link.seq)),
            terms: Some(terms.to_bytes()),
            delete_at: obligation::delete_at(terms, manifest),
            evidence: evidence::kept(verified, opened.item, None),
            agencies: self.received_for(known, terms.agreement),
            released_to: Vec::new(),
        };
        work.put_object(&row, opened.item.ct())?;
        for older in &manifest.supersedes {
            supersede(work, *older, manifest.nation)?;
        }
        outcome.objects.insert(link.oid);
        event(
            work,
            now,
            "received",
            format!(
                "{} from {} [{label}], {} bytes",
                manifest.facts.object_type,
                known.name_of(&nation),
                manifest.payload_bytes
            ),
            (Some(link.oid), Some(nation)),
        )?;
        Ok(Verdict::Taken)
    }

    /// What the partner says it has of ours.
    #[expect(clippy::too_many_arguments, reason = "one answer, and all that it is judged by")]
    fn take_ack(
        &self,
        work: &mut dyn Work,
        carrier: Carrier,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
        nacks: Vec<Nack>,
    ) -> Result<()> {
        let mut state = link_state(work, peer)?;
        state.nacks = nacks;
        state.nacks.truncate(NACKS_MAX);
        if let Some(ack) = verified.ack() {
            // From a medium only receipts count: they are in the partner's ledger, and this is not.
            // A false word here would lose items without a trace.
            let lanes: &[LaneAck] = if carrier == Carrier::Connection { &ack.lanes } else { &[] };
            for (lane, told) in Lane::ALL.into_iter().zip(lanes) {
                let mut row = work.lane_out(peer, lane)?;
                if told.seq > row.acked && told.seq <= row.seq {
                    row.acked = told.seq;
                    work.put_lane_out(peer, lane, &row)?;
                }
            }
            for (credit, told) in state.credits.iter_mut().zip(lanes) {
                *credit = told.credit;
            }
            let own = known.nation(&self.identity.nation);
            let (seq, head) = ack.chain_seen;
            if own.is_some_and(|n| n.chain.digest_at(seq) == Some(head)) {
                state.chain_seen = Some(seq);
            }
            let signed = work.checkpoint()?.map_or(0, |row| row.size);
            if ack.log_seen <= signed {
                state.log_seen = ack.log_seen;
            }
            state.cosig = state.cosig.filter(|cosig| state.log_seen < cosig.since);
            self.take_gossip(work, known, peer, &ack.gossip)?;
        }
        for nack in verified.nacks() {
            let stub = nack.lane == Lane::Routine
                && nack.code == NackCode::Digest
                && nack.seq <= stubs_upto(work, peer)?;
            let text = format!(
                "{} did not take in item {} of lane {}: {}",
                known.name_of(&nation),
                nack.seq,
                nack.lane.as_str(),
                if stub { "it went without its content" } else { nack.code.says() }
            );
            event_once(work, self.now(), "refused", text, nation)?;
        }
        put_link_state(work, peer, &state)
    }

    /// The partner's cosignatures on our checkpoints.
    fn take_cosigs(
        &self,
        work: &mut dyn Work,
        known: &Known,
        peer: NodeId,
        verified: &VerifiedBundle<'_>,
    ) -> Result<()> {
        for cosig in verified.cosigs() {
            self.keep_cosignature(work, known, peer, cosig.size, &cosig.lines)?;
        }
        Ok(())
    }

    /// Keeps a partner's cosignature if it is one; says whether it was.
    pub(crate) fn keep_cosignature(
        &self,
        work: &mut dyn Work,
        known: &Known,
        peer: NodeId,
        size: u64,
        lines: &[u8],
    ) -> Result<bool> {
        let Some(row) = work.checkpoint_at(size)? else { return Ok(false) };
        let Some(spec) = known.by_node(&peer).and_then(|n| n.chain.node(&peer)).map(|n| &n.spec)
        else {
            return Ok(false);
        };
        let mut note = row.note;
        note.extend_from_slice(lines);
        let valid = Note::parse(&note).is_ok_and(|note| {
            witness::verify_cosignatures(&note, &spec.origin, &spec.witness).is_some()
        });
        if valid {
            work.put_cosignature(size, peer, lines)?;
        }
        Ok(valid)
    }
}

/// What this node knew of the peer before the bundle.
struct View {
    lanes: [LaneIn; 4],
    last: Option<(u64, Digest)>,
    stopped: Option<String>,
}

/// An object that a later one of the same originator replaces.
fn supersede(work: &mut dyn Work, oid: ObjectId, nation: NationId) -> Result<()> {
    let Some(row) = work.object(oid)? else { return Ok(()) };
    if row.nation != nation {
        return Ok(());
    }
    let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
    work.set_object_state(oid, crate::state_code(state.apply(Event::Superseded)))?;
    Ok(())
}

/// An error and its causes, in one line.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The digest under which a control item's bytes are kept.
pub(crate) fn control_digest(control: &[u8]) -> Digest {
    Digest::from_array(*digest::object_id(control).as_bytes())
}
