//! The tick: what was queued by others is sealed, sequenced and signed; what is due is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use entente_exchange::state::{Event, ObjectState};
use entente_law::case::Subject;
use entente_model::codec::Wire;
use entente_model::item::{AgreementNote, Basis, ItemKind, Lane, LaneHead};
use entente_model::manifest::ControlItem;
use entente_model::record::{ErasureRecord, NoteRecord, Record, RecordKind};
use entente_model::{BasisId, Digest, NodeId, Timestamp};
use entente_seal::digest;
use entente_store::rows::{AskRow, AtHomeRow, IntentRow, ObjectRow, ReleaseContextRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::ground;
use crate::keys::{Plain, SealJob, Target};
use crate::node::{Known, Node, event, event_once, lock};
use crate::onward::AGREED;
use crate::policy::HeldAgreement;
use crate::receive::control_digest;
use crate::sequencer::{ItemDraft, LeafDraft};
use crate::suspend;

/// What is sequenced in one tick at most.
const INTENTS_MAX: u64 = 1000;
/// Among so many of the oldest, something that can be sequenced is looked for.
const INTENTS_LOOKED_FOR: u64 = 512 * INTENTS_MAX;
/// Objects deleted in one tick at most.
const DUE_MAX: u64 = 1000;

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ticked {
    /// Items and records that were sequenced.
    pub sequenced: usize,
    /// Objects whose time had come.
    pub deleted: usize,
    /// Whether more waits.
    pub more: bool,
}

/// What is due at a tick, besides what waits to be sequenced.
struct Due {
    asks: Vec<AskRow>,
    objects: Vec<ObjectRow>,
    holds: Vec<AtHomeRow>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Does what is due. Called when something waits, and once a second.
    pub fn tick(&self) -> Result<Ticked> {
        let _one_at_a_time = lock(&self.ticking);
        self.watch_disk();
        let dated = self.trusts_clock()?;
        if !self.tell_standing()? {
            // What is old is left as it is; while we wait to know, nothing is sealed or signed.
            if self.must_not_be_stale().is_err() {
                return Ok(Ticked::default());
            }
            self.settle()?;
            let deleted = match self.due(dated)? {
                Some(due) => self.expire(&due.objects)? + self.end_holds(&due.holds)?,
                None => 0,
            };
            return Ok(Ticked { deleted, ..Ticked::default() });
        }
        self.settle()?;
        if dated {
            self.renew_keys()?;
        }
        self.tell_lapses()?;
        self.enter_accesses()?;
        self.tell_overdue()?;
        self.tell_unjudged()?;
        if self.intake().refusal(Lane::Priority).is_none() {
            self.share_arrivals()?;
        }
        // Most ticks come after something that is done already.
        let Some(Due { asks, objects, holds }) = self.due(dated)? else {
            return Ok(Ticked::default());
        };
        if self.intake().refusal(Lane::Priority).is_none() {
            for ask in asks {
                if ask.ours {
                    self.release_granted(&ask)?;
                } else {
                    self.answer_agreed(&ask)?;
                }
            }
        }
        let deleted = self.expire(&objects)? + self.end_holds(&holds)?;
        let sequenced = self.sequence_intents()?;
        // What waits for a partner without a valid key waits for that, not for the next tick.
        let more = sequenced > 0 && self.store.read(|work| work.has_intents())?;
        Ok(Ticked { sequenced, deleted, more })
    }

    /// Tells people that what a tick does is not done, and why; the same once.
    pub fn tell_failed_tick(&self, why: &AppError) -> Result<()> {
        let now = self.now();
        let text = format!("what the node does by itself is not done: {why}");
        let own = self.identity.nation;
        self.store.write(|work| event_once(work, now, "alarm", text.clone(), own).map(drop))
    }

    /// What is due, in one look; none if nothing is and the head is signed. What is due by its
    /// date is, only if the clock is to be trusted.
    fn due(&self, dated: bool) -> Result<Option<Due>> {
        let now = self.now();
        self.store.read(|work| {
            let mut asks = work.asks()?;
            // Asks that were granted are decided anew, and released if the law permits now; those
            // of partners that our terms answer already are answered.
            asks.retain(|ask| ask.state == if ask.ours { "granted" } else { AGREED });
            let objects = if dated { work.objects_due(now, DUE_MAX)? } else { Vec::new() };
            let signed = work.checkpoint()?.map_or(0, |row| row.size);
            let unsigned = work.head()?.is_some_and(|head| head.size > signed);
            let holds = if dated { work.at_home_due(now, DUE_MAX)? } else { Vec::new() };
            let nothing = asks.is_empty()
                && objects.is_empty()
                && holds.is_empty()
                && !unsigned
                && !work.has_intents()?;
            Ok((!nothing).then_some(Due { asks, objects, holds }))
        })
    }

    /// What can be sequenced now, oldest first. What is for partners that have no valid key, or
    /// that are suspended, is passed over, however much of it there is.
    fn ready_intents(&self, known: &Known, now: Timestamp) -> Result<Vec<IntentRow>> {
        let sealable = |dst: NodeId, kind: Option<ItemKind>| {
            let Some(nation) = known.by_node(&dst) else { return false };
            let open =
                nation.row.status != "suspended" || kind.is_some_and(suspend::goes_all_the_same);
            open && nation.chain.node(&dst).is_some_and(|node| node.kem_key(now).is_some())
        };
        let mut count = INTENTS_MAX;
        loop {
            let mut intents = self.store.read(|work| work.intents(count))?;
            let all = (intents.len() as u64) < count;
            intents.retain(|intent| intent.dst.is_none_or(|dst| sealable(dst, intent.kind)));
            if all || !intents.is_empty() || count >= INTENTS_LOOKED_FOR {
                intents.truncate(usize::try_from(INTENTS_MAX).unwrap_or(usize::MAX));
                return Ok(intents);
            }
            count *= 8;
        }
    }

    /// Tells people when lanes close for want of room, and when they open again.
    fn watch_disk(&self) {
        let intake = self.intake();
        let closed = intake.closed();
        if self.lanes_closed.swap(closed.len(), Ordering::SeqCst) == closed.len() {
            return;
        }
        let names: Vec<&str> = closed.into_iter().map(Lane::as_str).collect();
        let (kind, text) = if names.is_empty() {
            ("link", "there is room on the disk again: items of all lanes are taken".to_owned())
        } else {
            let used = intake.used();
            let lanes = names.join(", ");
            let released = if intake.releases() { "" } else { ", and nothing is released" };
            ("alarm", format!("the disk is {used} % full: no {lanes} items are taken{released}"))
        };
        let now = self.now();
        // A disk that is quite full takes no event either; `entente status` shows it all the same.
        let _ = self.store.write(|work| event(work, now, kind, text, (None, None)));
    }

    /// Seals and sequences what was queued.
    pub(crate) fn sequence_intents(&self) -> Result<usize> {
        let known = self.known();
        let now = self.now();
        let intents = self.ready_intents(&known, now)?;
        if intents.is_empty() {
            self.sign_head()?;
            return Ok(0);
        }
        let basis =
            Basis { policy_epoch: known.policy.epoch, agreements: Vec::new(), assurance: 0 };
        let basis_id = digest::basis_id(&basis);

        let mut jobs = Vec::new();
        let mut controls = Vec::new();
        let mut postponed: Vec<i64> = Vec::new();
        for intent in &intents {
            let (Some(dst), Some(_)) = (intent.dst, intent.kind) else { continue };
            let wc = match self.link(&known, dst, now) {
                Ok(wc) => wc,
                // A partner without a valid key waits; others do not wait for it.
                Err(AppError::Partner(_)) => {
                    postponed.push(intent.id);
                    continue;
                }
                Err(other) => return Err(other),
            };
            let control = ControlItem { salt: self.random(), payload: intent.payload.clone() };
            let control = control.to_bytes();
            controls.push(control.clone());
            jobs.push(SealJob {
                plain: Plain::Control(control),
                targets: vec![Target { dst, wc }],
            });
        }
        let targets: Vec<Target> =
            jobs.iter().filter_map(|job| job.targets.first().copied()).collect();
        // Control items are read once, by their recipients: none of them needs the vault.
        let (sealed, _) = self
            .keys
            .seal(jobs)
            .map_err(AppError::from)
            .inspect_err(|error| self.forget_links_after(error))?;
        let mut sealed = sealed.into_iter().zip(targets).zip(controls);
        let mut leaves = Vec::with_capacity(intents.len());
        let mut bodies = Vec::new();
        for intent in intents.iter().filter(|i| !postponed.contains(&i.id)) {
            let record = Record::from_bytes(&intent.record)?;
            let mut item = None;
            if let (Some(_), Some(kind)) = (intent.dst, intent.kind)
                && let Some(((job, target), control)) = sealed.next()
            {
                let wrapped = job.wraps.first().copied().unwrap_or([0; 48]);
                item = Some(ItemDraft {
                    kind,
                    oid: job.oid,
                    body: job.body,
                    bytes: job.ct.len() as u64,
                    expires: None,
                    recipients: vec![(Arc::new(context(target, intent.lane, basis_id)), wrapped)],
                });
                bodies.push((Digest::from_array(*job.body.as_bytes()), job.ct));
                if kind == ItemKind::OnwardDecision {
                    // A third nation will want to see what exactly was granted.
                    bodies.push((control_digest(&control), control));
                }
            }
            leaves.push(LeafDraft { record, item });
        }
        let count = leaves.len();
        self.record_with(&leaves, |work, _| {
            work.put_preimage(Digest::from_array(*basis_id.as_bytes()), &basis.to_bytes())?;
            for (digest, bytes) in &bodies {
                work.put_preimage(*digest, bytes)?;
            }
            for intent in intents.iter().filter(|i| !postponed.contains(&i.id)) {
                work.drop_intent(intent.id)?;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Keeps where agreements stand when the news of others, or time alone, changed it; says whether
    /// anything did. Those that came into force are activated: their parties are told that we hold
    /// them complete.
    pub(crate) fn settle(&self) -> Result<bool> {
        let known = self.known();
        let now = self.now();
        let due: Vec<_> = known
            .policy
            .agreements
            .iter()
            .map(|held| (held, held.state.phase(now).as_str()))
            .filter(|(held, status)| held.row.status != *status)
            .collect();
        if due.is_empty() {
            return Ok(false);
        }
        self.store.write(|work| {
            ground::give_way(work)?;
            for (held, status) in due {
                let mut row = held.row.clone();
                status.clone_into(&mut row.status);
                row.at = now;
                work.put_agreement(&row)?;
                // One that its older text's suspension holds back is held complete all the same.
                if let ("offered", "in_force" | "suspended") = (held.row.status.as_str(), status) {
                    self.activate(work, &known, held, now)?;
                }
                if let "terminated" | "expired" | "superseded" = status {
                    self.tell_of_agreement(work, row.id, status, self.identity.nation, now)?;
                }
                let text = match status {
                    "in_force" if held.agreement.supersedes().is_some() => {
                        format!("the amended {} is in force", row.code)
                    }
                    "in_force" => format!("{} is in force", row.code),
                    "superseded" => {
                        format!(
                            "the text {} of {} is superseded; what was received under it keeps \
                             its terms",
                            row.id.short(),
                            row.code
                        )
                    }
                    "terminated" | "expired" => format!(
                        "{} has ended: it is {status}; what was received under it stays protected",
                        row.code
                    ),
                    status => format!("{} is {status}", row.code),
                };
                event(work, now, "agreement", text, (None, None))?;
            }
            Ok::<_, crate::AppError>(())
        })?;
        self.reload()?;
        Ok(true)
    }

    /// Tells the other parties that we hold an agreement complete.
    fn activate(
        &self,
        work: &mut dyn Work,
        known: &Known,
        held: &HeldAgreement,
        now: Timestamp,
    ) -> Result<()> {
        let id = held.row.id;
        let note = AgreementNote { agreement: id, at: now, reason: String::new() };
        for (partner, node, _) in known.partners(self.identity.nation) {
            if held.state.parties().contains(&partner.row.nation) {
                let own = self.identity.nation;
                let record = crate::receive::agreement_record(id, "activated", own, now);
                work.put_intent(&IntentRow {
                    id: 0,
                    dst: Some(node),
                    lane: Lane::Priority,
                    kind: Some(ItemKind::AgreementActivated),
                    payload: note.to_bytes(),
                    record: record.to_bytes(),
                })?;
            }
        }
        Ok(())
    }

    /// Deletes what must not be kept any longer: keys first, then the body, then the record.
    fn expire(&self, due: &[ObjectRow]) -> Result<usize> {
        if due.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let oids: Vec<_> = due.iter().map(|row| row.oid).collect();
        let vaulting = lock(&self.vaulting);
        self.vault.shred(&oids)?;
        drop(vaulting);
        let leaves: Vec<LeafDraft> = due
            .iter()
            .map(|row| LeafDraft {
                record: Record::new(
                    RecordKind::Erasure,
                    now,
                    &ErasureRecord {
                        oid: Some(row.oid),
                        leaf: None,
                        authority: self.identity.code.to_string(),
                        basis: "retention period ended".to_owned(),
                    },
                ),
                item: None,
            })
            .collect();
        self.record_with(&leaves, |work, _| {
            for row in due {
                let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
                work.set_object_state(row.oid, crate::state_code(state.apply(Event::Erased)))?;
                work.drop_body(row.oid)?;
                let text = format!("{} deleted: its retention period ended", row.object_type);
                event(work, now, "deleted", text, (Some(row.oid), Some(row.nation)))?;
            }
            Ok(())
        })?;
        Ok(due.len())
    }

    /// Announces how far the lanes go, to partners that have not been told (`protocol.md` 4.6).
    /// Called once a minute.
    pub fn announce_lanes(&self) -> Result<usize> {
        if !self.may_sign()? {
            return Ok(0);
        }
        let known = self.known();
        let now = self.now();
        let mut announced = 0;
        for (_, node, _) in known.partners(self.identity.nation) {
            announced += usize::from(self.store.write(|work| announce(work, node, now))?);
        }
        Ok(announced)
    }

    /// Renews the vault's shard keys where something was deleted, and the epoch key above them:
    /// from then on no copy of the vault opens what was deleted (`protocol.md` 5.3).
    ///
    /// Not while the node waits to know whether its database is the newest: a key whose object an
    /// old one does not know would be taken for an orphan.
    pub fn sweep(&self) -> Result<usize> {
        if !self.may_sign()? {
            return Ok(0);
        }
        {
            let _nothing_on_its_way = self.keeping.write().unwrap_or_else(PoisonError::into_inner);
            self.shred_orphans()?;
        }
        let count = self.with_vault(|| {
            let dirty = self.vault.dirty()?;
            let count = dirty.len();
            let mut shards = Vec::with_capacity(count);
            for shard in dirty {
                shards.push((shard, self.vault.shard_keys(shard)?));
            }
            if count > 0 {
                let (renewed, keys) = self.keys.sweep(shards)?;
                self.vault.renew(&renewed, &keys)?;
                self.keys.commit_sweep()?;
            }
            Ok(count)
        })?;
        if count == 0 {
            return Ok(0);
        }
        let now = self.now();
        let leaf = self.note(
            RecordKind::Erasure,
            now,
            "vault swept",
            self.identity.code.as_str(),
            &format!("{count} shards renewed; the epoch key before is destroyed"),
            None,
        );
        self.record(&[leaf])?;
        Ok(count)
    }

    /// Destroys keys whose object, or secret of codes, was never stored, because the machine died in between.
    fn shred_orphans(&self) -> Result<()> {
        for (shard, _) in self.vault.shards()? {
            let keys = self.vault.shard_keys(shard)?;
            let orphans = self.store.read(|work| {
                let mut orphans = Vec::new();
                for (oid, _) in &keys {
                    if work.object(*oid)?.is_none() && !work.is_key_of_code(*oid)? {
                        orphans.push(*oid);
                    }
                }
                Ok::<_, AppError>(orphans)
            })?;
            if !orphans.is_empty() {
                self.vault.shred(&orphans)?;
            }
        }
        Ok(())
    }
}

/// The context of control items on a link: no agreement is needed to receipt, recall or negotiate.
fn context(target: Target, lane: Lane, basis: BasisId) -> ReleaseContextRow {
    ReleaseContextRow {
        dst: target.dst,
        lane,
        wc: target.wc,
        basis,
        terms: None,
        terms_sealed: None,
    }
}

fn announce(work: &mut dyn Work, dst: NodeId, now: Timestamp) -> Result<bool> {
    let mut heads = [(0, Digest::from_array([0; 32])); 4];
    let mut rows = BTreeMap::new();
    let mut news = false;
    for (head, lane) in heads.iter_mut().zip(Lane::ALL) {
        let row = work.lane_out(dst, lane)?;
        *head = (row.seq, row.chain);
        news |= row.seq > row.announced && row.seq > row.acked;
        rows.insert(lane, row);
    }
    if !news {
        return Ok(false);
    }
    for (lane, mut row) in rows {
        row.announced = row.seq;
        work.put_lane_out(dst, lane, &row)?;
    }
    let payload = LaneHead { dst, lanes: heads };
    let record = NoteRecord {
        act: "lane heads announced".to_owned(),
        by: String::new(),
        about: dst.to_string(),
        digest: None,
    };
    work.put_intent(&IntentRow {
        id: 0,
        dst: Some(dst),
        lane: Lane::Immediate,
        kind: Some(ItemKind::LaneHead),
        payload: payload.to_bytes(),
        record: Record::new(RecordKind::LaneHead, now, &record).to_bytes(),
    })?;
    Ok(true)
}

/// The subject of a decision on an object that is held.
pub(crate) fn subject_of<'a>(
    manifest: &'a entente_model::Manifest,
    originator: entente_model::NationCode,
    recalled: bool,
    consents: &'a [entente_law::case::Consent],
    transfer: &'a entente_law::case::Transfer,
) -> Subject<'a> {
    Subject {
        label: &manifest.label,
        facts: &manifest.facts,
        recalled,
        originator,
        consents,
        transfer,
    }
}
