//! A nation that lies, with its own real keys.
//!
//! Its lies go out under its name: what it may achieve by them is that it is no longer believed,
//! never that others hold what they may not, lose what they have, or stop trusting each other.

use std::path::PathBuf;
use std::sync::Arc;

use entente_app::identity::recognition;
use entente_app::keys::KeySecrets;
use entente_app::onward::OnwardOrder;
use entente_app::people::{Post, Role};
use entente_app::sequencer::StoredTiles;
use entente_exchange::bundle::{
    self, Consistency, Cosig, Frame, GrantFrame, ItemFrame, Limits, Multiproof, TermsFrame,
};
use entente_exchange::chain::{self, ChainState};
use entente_exchange::send::{LedgerView, SendPlan, assemble};
use entente_ledger::proof;
use entente_model::codec::Wire;
use entente_model::item::{
    Ack, AgreementNote, AgreementSign, Basis, Gossip, ItemKind, Lane, LinkItem, Nack,
    OnwardDecision, Recall, RecallClass, Receipt, WrapContext,
};
use entente_model::manifest::ControlItem;
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{AgreementId, Digest, NationId, NodeId, ObjectId, Timestamp};
use entente_store::Store as _;
use entente_store::rows::{ConsentRow, IntentRow};

use super::Sim;
use crate::failure::{Failure, Result};
use crate::fate::Fate;
use crate::member::Member;

/// The nation that lies.
pub(super) struct Liar {
    /// Its place.
    pub(super) place: usize,
    /// It was caught, or could be: nothing is expected of its links any more.
    pub(super) shunned: bool,
    old: Vec<((usize, usize), Vec<u8>)>,
    withholds: Option<(Lane, u64)>,
    /// Objects that it passed on with a forged grant, and to whom.
    forged: Vec<(ObjectId, usize)>,
    /// Two nations to which it showed two ledgers.
    showed: Option<(usize, usize)>,
    /// A nation to which it showed two identity chains.
    forked_chain: Option<usize>,
}

/// Bundles that a liar keeps, to send them again one day.
const OLD_MAX: usize = 16;

impl Liar {
    /// Keeps a bundle of its own.
    pub(super) fn remember(&mut self, way: (usize, usize), bytes: &[u8]) {
        if way.0 == self.place && self.old.len() < OLD_MAX {
            self.old.push((way, bytes.to_vec()));
        }
    }

    /// Whether it changes a bundle of its own before it goes.
    pub(super) fn twists(&self, way: (usize, usize)) -> bool {
        way.0 == self.place && self.withholds.is_some()
    }
}

impl Sim {
    /// One of the nations begins to lie.
    pub(super) fn begin_to_lie(&mut self) {
        let place = self.chance.index(self.count());
        self.say(format!("{} is going to lie", self.name(place)));
        if let Some(member) = self.alliance.members.get_mut(place) {
            // It asks nobody whether its ledger is the only one.
            member.settings.start_quorum = 0;
        }
        self.liar = Some(Liar {
            place,
            shunned: false,
            old: Vec::new(),
            withholds: None,
            forged: Vec::new(),
            showed: None,
            forked_chain: None,
        });
    }

    /// It withholds nothing from now on.
    pub(super) fn stop_lying(&mut self) {
        if let Some(liar) = &mut self.liar {
            liar.withholds = None;
        }
    }

    /// The liar tells one lie, if there is a liar.
    pub(super) fn lie(&mut self) -> Result<()> {
        let Some(place) = self.liar.as_ref().map(|liar| liar.place) else { return Ok(()) };
        if self.is_shunned(place) || self.alliance.member(place)?.fate.is_unkind() {
            return Ok(());
        }
        self.alliance.member(place)?.fate.no_crash();
        let victim = self.pair_of(place);
        self.tally.lies += 1;
        match self.chance.below(22) {
            0..4 => {
                self.replay(place);
                Ok(())
            }
            4..7 => {
                self.withhold(place);
                Ok(())
            }
            7..9 => self.misdirect(place, victim),
            9..11 => self.false_receipt(place, victim),
            11..13 => self.forge_grant(place, victim),
            13..15 => self.recall_of_others(place, victim),
            15..17 => self.false_gossip(place, victim),
            17..19 => self.stranger_to_an_agreement(place, victim),
            19 => self.poison(place, victim),
            20 => self.equivocate(place),
            _ => self.fork_chain(place),
        }
    }

    /// It sends an old bundle again, perhaps to somebody else.
    fn replay(&mut self, place: usize) {
        let Some(liar) = &self.liar else { return };
        let Some((way, bytes)) = self.chance.pick(&liar.old).cloned() else { return };
        self.say(format!("{} replays a bundle to {}", self.name(place), self.name(way.1)));
        let to = if self.chance.percent(20) { self.pair_of(place) } else { way.1 };
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, (place, to), &bytes, (false, true));
    }

    /// It leaves the items of one lane out, for some steps.
    fn withhold(&mut self, place: usize) {
        let lane = *self.chance.pick(&Lane::ALL).unwrap_or(&Lane::Priority);
        let until = self.step + 3 + self.chance.below(10);
        self.say(format!("{} withholds lane {}", self.name(place), lane.as_str()));
        if let Some(liar) = &mut self.liar {
            liar.withholds = Some((lane, until));
        }
    }

    /// A bundle of the liar goes out without what it withholds.
    pub(super) fn twist(
        &mut self,
        way: (usize, usize),
        outgoing: &entente_app::deliver::Outgoing,
        answers: bool,
    ) -> Result<()> {
        let Some((lane, until)) = self.liar.as_ref().and_then(|liar| liar.withholds) else {
            return Ok(());
        };
        if self.step > until {
            self.stop_lying();
        }
        let liar = self.alliance.member(way.0)?;
        let bytes = rewrite(liar, &outgoing.bytes, |parts| {
            parts.items.retain(|item| lane_of(item) != Some(lane));
        })?;
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, way, &bytes, (answers, true));
        Ok(())
    }

    /// It sends a nation what its ledger addresses to another.
    fn misdirect(&mut self, place: usize, victim: usize) -> Result<()> {
        let other = (0..self.count()).find(|p| *p != place && *p != victim);
        let Some(other) = other else { return Ok(()) };
        let (to_victim, to_other) =
            (self.alliance.member(victim)?.id, self.alliance.member(other)?.id);
        let liar = self.alliance.member(place)?;
        let foreign = liar.node()?.outgoing(to_other)?.bytes;
        let own = liar.node()?.outgoing(to_victim)?.bytes;
        let parsed = parse(&foreign)?;
        let foreign_parts = Parts::of(&parsed)?;
        let bytes = rewrite(liar, &own, |parts| {
            parts.items.extend(foreign_parts.items.iter().cloned());
            parts.contexts.extend(foreign_parts.contexts.iter().cloned());
            parts.terms.extend(foreign_parts.terms.iter().cloned());
        })?;
        self.say(format!("{} sends others' items to {}", self.name(place), self.name(victim)));
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, (place, victim), &bytes, (false, true));
        Ok(())
    }

    /// It receipts another history than it was sent.
    fn false_receipt(&mut self, place: usize, victim: usize) -> Result<()> {
        let lane = *self.chance.pick(&Lane::ALL).unwrap_or(&Lane::Priority);
        let liar = self.alliance.member(place)?.id;
        let sender = self.alliance.member(victim)?;
        let row = sender.node()?.store().read(|work| work.lane_out(liar, lane))?;
        let src = sender.id;
        let upto = row.receipted + 1 + self.chance.below(row.seq.saturating_sub(row.receipted) + 2);
        let chain = Digest::from_array(entente_model::Entropy::bytes32(&mut self.chance));
        let receipt = Receipt { src, dst: liar, lane, upto, chain, dispositions: Vec::new() };
        self.say(format!("{} receipts falsely to {}", self.name(place), self.name(victim)));
        self.slip_in(place, victim, ItemKind::Receipt, receipt.to_bytes())
    }

    /// Puts an item into the liar's own ledger that its node would not write.
    fn slip_in(
        &mut self,
        place: usize,
        victim: usize,
        kind: ItemKind,
        payload: Vec<u8>,
    ) -> Result<()> {
        let dst = self.alliance.member(victim)?.id;
        let now = self.alliance.member(place)?.now();
        let note = NoteRecord {
            act: "slipped in".to_owned(),
            by: String::new(),
            about: String::new(),
            digest: None,
        };
        let record = Record::new(RecordKind::Admin, now, &note).to_bytes();
        let lane = *self.chance.pick(&Lane::ALL).unwrap_or(&Lane::Priority);
        self.alliance.member(place)?.node()?.store().write(|work| {
            work.put_intent(&IntentRow {
                id: 0,
                dst: Some(dst),
                lane,
                kind: Some(kind),
                payload,
                record,
            })
        })?;
        self.at(place, "tick", |node| node.tick().map(drop))?;
        Ok(())
    }

    /// It passes on what it has no consent for, with a grant of its own making.
    fn forge_grant(&mut self, place: usize, victim: usize) -> Result<()> {
        let member = self.alliance.member(place)?;
        let node = member.node()?;
        let rows = node.store().read(|work| work.objects(None, 1000, Some(false)))?;
        let target = self.alliance.member(victim)?;
        let foreign: Vec<_> = rows.iter().filter(|row| row.nation != target.nation).collect();
        let Some(row) = self.chance.pick(&foreign).copied().cloned() else { return Ok(()) };
        let held_already = target.node()?.store().read(|work| work.object(row.oid))?.is_some();
        let own = node.store().read(|work| work.objects(None, 1000, Some(true)))?;
        let Some(of_own) = self.chance.pick(&own) else { return Ok(()) };
        let analyst = member.actor("analyst")?;
        let (Ok(evidence), false) = (node.prove(&analyst, of_own.oid), held_already) else {
            return Ok(());
        };
        let until = Timestamp::from_millis(u64::MAX >> 1);
        let decision = OnwardDecision {
            oid: row.oid,
            via: member.id,
            to: target.nation,
            granted: true,
            hops: 0,
            until,
            conditions: String::new(),
        };
        let control = ControlItem { salt: [7; 32], payload: decision.to_bytes() }.to_bytes();
        let grant = GrantFrame { decision: evidence.clone(), control, object: evidence };
        node.store().write(|work| {
            work.put_consent(&ConsentRow {
                oid: row.oid,
                from: row.nation,
                to: target.nation,
                granted: true,
                until,
                evidence: grant.to_bytes(),
            })
        })?;
        let order = OnwardOrder {
            oid: row.oid,
            to: target.profile.code,
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: member.profile.bodies.first().cloned().unwrap_or_default(),
            evidence: false,
        };
        let done =
            self.at(place, "pass on by forgery", |node| node.release_onward(&analyst, &order))?;
        let released = done.is_some_and(|outcome| outcome.released);
        self.say(format!("{} forges a grant: sent {released}", self.name(place)));
        if released && let Some(liar) = &mut self.liar {
            liar.forged.push((row.oid, victim));
            self.account.forged.push((member_id(&self.alliance.members, place), row.oid));
        }
        Ok(())
    }

    /// It recalls what is not its own.
    fn recall_of_others(&mut self, place: usize, victim: usize) -> Result<()> {
        let target = self.alliance.member(victim)?;
        let liar = self.alliance.member(place)?.nation;
        let rows = target.node()?.store().read(|work| work.objects(None, 1000, None))?;
        let foreign: Vec<_> = rows.iter().filter(|row| row.nation != liar).collect();
        let Some(oid) = self.chance.pick(&foreign).map(|row| row.oid) else { return Ok(()) };
        let recall = Recall {
            oids: vec![oid],
            class: RecallClass::Emergency,
            reason: 0,
            basis: "because".to_owned(),
            deadline: self.alliance.clock.now(),
            onward: true,
        };
        self.say(format!("{} recalls what is not its own", self.name(place)));
        self.slip_in(place, victim, ItemKind::Recall, recall.to_bytes())
    }

    /// It says that an honest nation's ledger has another root.
    fn false_gossip(&mut self, place: usize, victim: usize) -> Result<()> {
        let other = (0..self.count()).find(|p| *p != place && *p != victim);
        let Some(other) = other else { return Ok(()) };
        let size = self.ledger_size(other)? + self.chance.below(3);
        let root = Digest::from_array(entente_model::Entropy::bytes32(&mut self.chance));
        let origin = self.alliance.member(other)?.node()?.identity().origin.clone();
        let (liar, dst) = (self.alliance.member(place)?, self.alliance.member(victim)?.id);
        let own = liar.node()?.outgoing(dst)?.bytes;
        let bytes = rewrite(liar, &own, |parts| {
            if let Some(ack) = &mut parts.ack {
                ack.gossip = vec![Gossip { origin, size, root }];
            }
        })?;
        self.say(format!("{} gossips falsely of {}", self.name(place), self.name(other)));
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, (place, victim), &bytes, (false, true));
        Ok(())
    }

    /// It signs and activates agreements that nobody offered.
    fn stranger_to_an_agreement(&mut self, place: usize, victim: usize) -> Result<()> {
        let agreement = AgreementId::from_array(entente_model::Entropy::bytes32(&mut self.chance));
        let member = self.alliance.member(place)?;
        let at = member.now();
        if self.chance.percent(50) {
            let note = AgreementNote { agreement, at, reason: String::new() };
            return self.slip_in(place, victim, ItemKind::AgreementActivated, note.to_bytes());
        }
        let signature =
            entente_exchange::agreement::Signature { agreement, nation: member.nation, at };
        let secrets = KeySecrets::from_bytes(member.secrets())?;
        let statement = entente_seal::statement::sign_statement(
            entente_exchange::agreement::STATEMENT_TYPE,
            &signature.to_bytes(),
            &[secrets.authority()],
        );
        let sign = AgreementSign { agreement, statement: statement.to_bytes() };
        self.slip_in(place, victim, ItemKind::AgreementSign, sign.to_bytes())
    }

    /// It sends an item with another body than its ledger names (I19).
    fn poison(&mut self, place: usize, victim: usize) -> Result<()> {
        let (liar, dst) = (self.alliance.member(place)?, self.alliance.member(victim)?.id);
        let own = liar.node()?.outgoing(dst)?.bytes;
        let mut poisoned = None;
        let bytes = rewrite(liar, &own, |parts| {
            if let Some(first) = parts.items.first_mut() {
                first.ct = b"poison";
                poisoned = LinkItem::from_bytes(&first.opening.entry).ok();
            }
        })?;
        let Some(link) = poisoned else { return Ok(()) };
        self.account.poisoned.push((liar.id, link));
        self.say(format!("{} poisons an item for {}", self.name(place), self.name(victim)));
        let (chance, step) = (&mut self.chance, self.step);
        self.network.post(chance, step, (place, victim), &bytes, (false, true));
        Ok(())
    }

    /// It keeps two ledgers, and shows one to one partner and one to another.
    fn equivocate(&mut self, place: usize) -> Result<()> {
        let others: Vec<usize> = (0..self.count()).filter(|p| *p != place).collect();
        let [one, other, ..] = others[..] else { return Ok(()) };
        for watcher in [one, other] {
            let member = self.alliance.member(watcher)?;
            if member.fate.is_unkind() {
                return Ok(());
            }
            member.fate.no_crash();
        }
        self.say(format!(
            "{} shows two ledgers, to {} and to {}",
            self.name(place),
            self.name(one),
            self.name(other)
        ));
        let folder: PathBuf = self.folder.path().join("twin");
        let fate = Arc::new(Fate::default());
        let member = self.alliance.member_mut(place)?;
        member.stop();
        member.copy_disk(&folder)?;
        member.start()?;
        let device = member.device.copied().shared_with(Arc::clone(&fate));
        let mut twin = member.cloned_onto(&folder, device, fate);
        // What it signs there is its own crime, not its machines' mistake.
        twin.seen = crate::keys::SharedSeen::default();
        twin.start()?;
        if let Some(liar) = &mut self.liar {
            liar.shunned = true;
        }
        let member = self.alliance.member(place)?;
        for (node_of, who, watcher) in [(member, "one", one), (&twin, "other", other)] {
            let officer = node_of.actor("security-1")?;
            let node = node_of.node()?;
            node.add_person(&officer, who, &Post::of(&[Role::Analyst]))?;
            let watcher = self.alliance.member(watcher)?;
            // The first may show only that a proof from another size is wanted.
            for _ in 0..2 {
                let bundle = node.outgoing(watcher.id)?;
                if let Ok(answer) = watcher.node()?.receive(node_of.id, &bundle.bytes) {
                    let _answered = node.receive(watcher.id, &answer.reply.bytes).is_ok();
                }
            }
        }
        twin.stop();
        if let Some(liar) = &mut self.liar {
            liar.showed = Some((one, other));
        }
        Ok(())
    }

    /// It signs two statements in one place of its identity chain, and a partner sees both (I33).
    fn fork_chain(&mut self, place: usize) -> Result<()> {
        let victim = self.pair_of(place);
        let watcher = self.alliance.member(victim)?;
        if watcher.fate.is_unkind() {
            return Ok(());
        }
        watcher.fate.no_crash();
        let names = (self.name(place), self.name(victim));
        self.say(format!("{} forks its identity chain before {}", names.0, names.1));
        let watcher = self.alliance.member(victim)?;
        let member = self.alliance.member(place)?;
        let known = member.node()?.known();
        let (Some(own), Some(theirs)) =
            (known.nation(&member.nation), known.nation(&watcher.nation))
        else {
            return Ok(());
        };
        let secrets = KeySecrets::from_bytes(member.secrets())?;
        let versions: Vec<Vec<u8>> = ["yes", "no"]
            .iter()
            .map(|scope| statement(&own.chain, &theirs.chain, scope, &secrets, member.now()))
            .collect();
        let seq = own.chain.next_seq();
        for (number, version) in versions.into_iter().enumerate() {
            // A first bundle may only show which proof is wanted.
            for _ in 0..2 {
                let own = member.node()?.outgoing(watcher.id)?.bytes;
                let bytes = rewrite(member, &own, |parts| {
                    parts.chains = vec![(member.nation, vec![version.clone()])];
                })?;
                if let Ok(answer) = watcher.node()?.receive(member.id, &bytes) {
                    let _answered = member.node()?.receive(watcher.id, &answer.reply.bytes).is_ok();
                }
            }
            let known = watcher.node()?.known();
            let reached = known.nation(&member.nation).map_or(0, |n| n.chain.next_seq());
            if number == 0 && reached != seq + 1 {
                // By its clock the statement is of the future: it must wait.
                return Ok(());
            }
        }
        if let Some(liar) = &mut self.liar {
            liar.shunned = true;
            liar.forked_chain = Some(victim);
        }
        Ok(())
    }

    /// What must have come of the lies.
    pub(super) fn check_liar(&mut self) -> Result<()> {
        let Some(liar) = &self.liar else { return Ok(()) };
        let id = self.alliance.member(liar.place)?.id;
        for (oid, victim) in &liar.forged {
            let row =
                self.alliance.member(*victim)?.node()?.store().read(|work| work.object(*oid))?;
            if row.is_some_and(|row| row.source.is_some_and(|(src, _, _)| src == id)) {
                let granted = self.really_granted(*oid, *victim)?;
                if !granted {
                    return Err(Failure(format!("I2: {oid} was accepted on a forged grant")));
                }
            }
        }
        if let Some((one, other)) = liar.showed {
            i3_two_ledgers_do_not_go_unnoticed(
                self.alliance.member(liar.place)?,
                self.alliance.member(one)?,
                self.alliance.member(other)?,
            )?;
        }
        if let Some(victim) = liar.forked_chain {
            i33_forks_freeze(self.alliance.member(liar.place)?, self.alliance.member(victim)?)?;
        }
        Ok(())
    }

    /// Whether an object's originator granted its passing on to this nation after all.
    fn really_granted(&self, oid: ObjectId, to: usize) -> Result<bool> {
        let to = self.alliance.member(to)?.nation;
        for member in &self.alliance.members {
            let asks = member.node()?.asks(&member.actor("overseer")?)?;
            if asks.iter().any(|a| !a.ours && a.oid == oid && a.to == to && a.state == "granted") {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn member_id(members: &[Member], place: usize) -> NodeId {
    members.get(place).map_or(NodeId::from_array([0; 32]), |member| member.id)
}

/// I3, across nations: two roots that were verified for one size are an alarm once the two who
/// verified them have spoken.
fn i3_two_ledgers_do_not_go_unnoticed(liar: &Member, one: &Member, other: &Member) -> Result<()> {
    let origin = liar.node()?.identity().origin.clone();
    let newest = |member: &Member| -> Result<_> {
        Ok(member.node()?.store().read(|work| work.peer_log(&origin))?)
    };
    let (Some(a), Some(b)) = (newest(one)?, newest(other)?) else { return Ok(()) };
    if a.size != b.size || a.root == b.root {
        return Ok(());
    }
    for member in [one, other] {
        let overseer = member.actor("overseer")?;
        let alarms = member.node()?.events(&overseer, Some("alarm"), None, 1000)?;
        if alarms.iter().any(|event| event.text.contains("forked")) {
            return Ok(());
        }
    }
    Err(Failure(format!(
        "I3: two roots of {} at size {} went unnoticed",
        liar.profile.code, a.size
    )))
}

/// I33: a nation that signs two pasts is suspended by whoever has seen both.
fn i33_forks_freeze(liar: &Member, victim: &Member) -> Result<()> {
    let known = victim.node()?.known();
    match known.nation(&liar.nation).map(|nation| nation.row.status.as_str()) {
        Some("suspended") => Ok(()),
        other => Err(Failure(format!(
            "I33: {} is {other:?} at {}, which saw its chain fork",
            liar.profile.code, victim.profile.code
        ))),
    }
}

fn statement(
    own: &ChainState,
    theirs: &ChainState,
    scope: &str,
    secrets: &KeySecrets,
    now: Timestamp,
) -> Vec<u8> {
    let composed = own.compose(now, recognition(theirs, scope), None);
    chain::sign(&composed, &[secrets.authority()]).to_bytes()
}

fn lane_of(item: &ItemFrame<'_>) -> Option<Lane> {
    LinkItem::from_bytes(&item.opening.entry).ok().map(|link| link.lane)
}

fn parse(bytes: &[u8]) -> Result<bundle::Bundle<'_>> {
    bundle::parse(bytes, Limits::default()).map_err(|e| Failure(e.to_string()))
}

/// The parts of a bundle that a liar changes.
struct Parts<'a> {
    note: Option<&'a [u8]>,
    consistency: Vec<Consistency>,
    items: Vec<ItemFrame<'a>>,
    contexts: Vec<WrapContext>,
    terms: Vec<TermsFrame<'a>>,
    bases: Vec<Basis>,
    grants: Vec<GrantFrame>,
    ack: Option<Ack>,
    nacks: Vec<Nack>,
    cosigs: Vec<Cosig>,
    chains: Vec<(NationId, Vec<Vec<u8>>)>,
}

impl<'a> Parts<'a> {
    fn of(bundle: &bundle::Bundle<'a>) -> Result<Self> {
        let mut parts = Self {
            note: None,
            consistency: Vec::new(),
            items: Vec::new(),
            contexts: Vec::new(),
            terms: Vec::new(),
            bases: Vec::new(),
            grants: Vec::new(),
            ack: None,
            nacks: Vec::new(),
            cosigs: Vec::new(),
            chains: Vec::new(),
        };
        for raw in bundle.frames() {
            match raw.decode()? {
                Frame::Checkpoint(note) => parts.note = Some(note),
                Frame::Consistency(proof) => parts.consistency.push(proof),
                Frame::Item(item) => parts.items.push(item),
                Frame::WrapCtx(context) => parts.contexts.push(context),
                Frame::Terms(terms) => parts.terms.push(terms),
                Frame::Basis(basis) => parts.bases.push(basis),
                Frame::Grant(grant) => parts.grants.push(grant),
                Frame::Ack(ack) => parts.ack = Some(ack),
                Frame::Nack(nack) => parts.nacks.push(nack),
                Frame::Cosig(cosig) => parts.cosigs.push(cosig),
                Frame::Chain(chain) => parts.chains.push((chain.nation, chain.statements)),
                Frame::Multiproof(_) | Frame::Fork(_) | Frame::Pad => {}
            }
        }
        Ok(parts)
    }
}

/// Writes a bundle of the liar anew after a change, with proofs that fit again.
fn rewrite<'a>(
    liar: &Member,
    bytes: &'a [u8],
    change: impl FnOnce(&mut Parts<'a>),
) -> Result<Vec<u8>> {
    let bundle = parse(bytes)?;
    let mut parts = Parts::of(&bundle)?;
    change(&mut parts);
    let mut indices: Vec<u64> = parts.items.iter().map(|item| item.opening.index).collect();
    indices.sort_unstable();
    indices.dedup();
    let multiproof = liar.node()?.store().read(|work| {
        let Some(size) = work.checkpoint()?.map(|row| row.size) else { return Ok(None) };
        if indices.is_empty() {
            return Ok(None);
        }
        let hashes = proof::multiproof(&StoredTiles(work), &indices, size)
            .map_err(|e| Failure(e.to_string()))?;
        Ok::<_, Failure>(Some(Multiproof { size, hashes }))
    })?;
    let plan = SendPlan {
        ledger: parts.note.map(|note| LedgerView {
            note,
            consistency: &parts.consistency,
            multiproof: multiproof.as_ref(),
        }),
        items: &parts.items,
        wrap_contexts: &parts.contexts,
        terms: &parts.terms,
        bases: &parts.bases,
        grants: &parts.grants,
        ack: parts.ack.as_ref(),
        nacks: &parts.nacks,
        cosigs: &parts.cosigs,
        chains: &parts.chains,
        ..SendPlan::empty(bundle.header().clone())
    };
    assemble(&plan).map_err(|e| Failure(e.to_string()))
}
