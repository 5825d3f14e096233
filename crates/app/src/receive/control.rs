//! Control items: what each kind does at the receiver.

use entente_exchange::agreement::{Signature, verify_signature};
use entente_exchange::onward::{self, GrantFor};
use entente_exchange::recall::{CourtOrder, effect_for};
use entente_exchange::state::{Event, ObjectState, erases};
use entente_exchange::verify::{VerifiedBundle, VerifiedItem};
use entente_law::day_text;
use entente_model::codec::Wire;
use entente_model::item::{
    AgreementCounter, AgreementNote, AgreementPropose, AgreementSign, AgreementStanding, FactTold,
    ItemKind, Lane, LaneHead, NackCode, OnwardDecision, OnwardRequest, Recall, RecallEffect,
    Receipt, StandingAct,
};
use entente_model::manifest::ControlItem;
use entente_model::record::{AgreementRecord, ErasureRecord, Record, RecordKind};
use entente_model::{AgreementId, NationId, NodeId, ObjectId, Timestamp};
use entente_seal::digest;
use entente_seal::statement::SignedStatement;
use entente_store::rows::{
    AgreementRow, AskRow, ConsentRow, EffectRow, IntentRow, RecallRow, SignatureRow,
};
use entente_store::{Store, Vault, Work};

use super::{Verdict, control_digest};
use crate::agreements::{life, offer};
use crate::deliver::{lane_head_at, put_receipted_head};
use crate::error::Result;
use crate::evidence;
use crate::ground;
use crate::node::{Known, Node, event, lock};
use crate::onward::{AGREED, given_under};
use crate::policy;
use crate::sequencer::queue_record;

/// A backup made before a recall can hold its keys for this long (`protocol.md` 5.3).
const BACKUP_HORIZON_MILLIS: u64 = 86_400_000;

/// The item is not what its kind says: refused, with the lane going on.
macro_rules! decode {
    ($type:ty, $bytes:expr) => {
        match <$type>::from_bytes($bytes) {
            Ok(value) => value,
            Err(_) => return Ok((Verdict::Refused(NackCode::Oid), false)),
        }
    };
}

const TAKEN: (Verdict, bool) = (Verdict::Taken, false);

impl<S: Store, V: Vault> Node<S, V> {
    /// Takes in a control item; says also whether nations or policy changed.
    #[expect(clippy::too_many_arguments, reason = "one item, and all that it is judged by")]
    pub(super) fn take_control(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        item: &VerifiedItem<'_>,
        control: &[u8],
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let payload = decode!(ControlItem, control).payload;
        match item.link().kind {
            ItemKind::Receipt => {
                let receipt = decode!(Receipt, &payload);
                let proof = evidence::kept(verified, item, Some(control));
                self.take_receipt(work, known, nation, peer, &receipt, proof, now)
            }
            ItemKind::LaneHead => {
                let head = decode!(LaneHead, &payload);
                if head.dst == self.identity.node {
                    for (lane, (seq, _)) in Lane::ALL.into_iter().zip(head.lanes) {
                        let mut row = work.lane_in(peer, lane)?;
                        if seq > row.announced {
                            row.announced = seq;
                            work.put_lane_in(peer, lane, &row)?;
                        }
                    }
                }
                Ok(TAKEN)
            }
            ItemKind::Recall => {
                let recall = decode!(Recall, &payload);
                self.take_recall(work, known, nation, peer, &recall, now)
            }
            ItemKind::RecallEffect => {
                let effect = decode!(RecallEffect, &payload);
                let proof = evidence::kept(verified, item, Some(control));
                self.take_effect(work, known, nation, peer, &effect, proof, now)
            }
            ItemKind::OnwardRequest => {
                let request = decode!(OnwardRequest, &payload);
                self.take_onward_request(work, known, nation, peer, &request, &payload, now)
            }
            ItemKind::OnwardDecision => {
                let decision = decode!(OnwardDecision, &payload);
                let id = control_digest(control);
                self.take_onward_decision(
                    work,
                    known,
                    nation,
                    peer,
                    &decision,
                    ObjectId::from_array(*id.as_bytes()),
                    verified,
                    now,
                )
            }
            ItemKind::AgreementPropose => {
                let propose = decode!(AgreementPropose, &payload);
                self.take_text(work, known, nation, (&propose.texts, None), now)
            }
            ItemKind::AgreementCounter => {
                let counter = decode!(AgreementCounter, &payload);
                let offered = (&counter.texts[..], Some(counter.counters));
                self.take_text(work, known, nation, offered, now)
            }
            ItemKind::AgreementSign => {
                let sign = decode!(AgreementSign, &payload);
                self.take_signature(work, known, nation, &sign, now)
            }
            ItemKind::AgreementWithdraw => {
                let note = decode!(AgreementNote, &payload);
                self.take_withdrawal(work, known, nation, &note, now)
            }
            ItemKind::AgreementStanding => {
                let said = decode!(AgreementStanding, &payload);
                self.take_standing(work, known, nation, &said, now)
            }
            ItemKind::FactTold => {
                let told = decode!(FactTold, &payload);
                let proof = evidence::kept(verified, item, Some(control));
                let leaf = item.opening().index;
                self.take_fact(work, known, nation, (&told, leaf, proof), now)
            }
            ItemKind::AgreementActivated => {
                let note = decode!(AgreementNote, &payload);
                let held = known.policy.agreement(&note.agreement);
                if !held.is_some_and(|held| held.state.parties().contains(&nation)) {
                    return Ok((Verdict::Refused(NackCode::Policy), false));
                }
                work.put_activation(note.agreement, nation, item.opening().index)?;
                Ok((Verdict::Taken, true))
            }
            ItemKind::Object => Ok((Verdict::Refused(NackCode::Oid), false)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one receipt, and all that it is judged by")]
    fn take_receipt(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        receipt: &Receipt,
        proof: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        if receipt.src != self.identity.node || receipt.dst != peer {
            return Ok((Verdict::Refused(NackCode::NotForMe), false));
        }
        let mut row = work.lane_out(peer, receipt.lane)?;
        if receipt.upto > row.seq {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        if receipt.upto <= row.receipted {
            // A later one was taken already.
            return Ok(TAKEN);
        }
        let chain = if receipt.upto == row.seq {
            row.chain
        } else if let Some(chain) = self.sent_head(peer, receipt.lane, receipt.upto) {
            chain
        } else {
            lane_head_at(work, peer, receipt.lane, receipt.upto)?
        };
        if receipt.chain != chain {
            let text = format!(
                "{} receipted another history of lane {} than was sent",
                known.name_of(&nation),
                receipt.lane.as_str()
            );
            event(work, now, "alarm", text, (None, Some(nation)))?;
            return Ok((Verdict::Refused(NackCode::DuplicateConflict), false));
        }
        row.receipted = receipt.upto;
        row.acked = row.acked.max(receipt.upto);
        work.put_lane_out(peer, receipt.lane, &row)?;
        if let Some(proof) = proof {
            work.put_receipt(peer, receipt.lane, receipt.upto, &proof)?;
        }
        put_receipted_head(work, peer, receipt.lane, receipt.upto, chain)?;
        work.trim_outbox(peer, receipt.lane, receipt.upto)?;
        let text = format!(
            "{} receipted lane {} up to item {}",
            known.name_of(&nation),
            receipt.lane.as_str(),
            receipt.upto
        );
        event(work, now, "receipt", text, (None, Some(nation)))?;
        Ok(TAKEN)
    }

    /// The originator takes objects back; each gets exactly one answer (I26).
    fn take_recall(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        recall: &Recall,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        for oid in &recall.oids {
            // Only its originator can take an object back: all of them, or none.
            if work.object(*oid)?.is_some_and(|row| row.nation != nation) {
                return Ok((Verdict::Refused(NackCode::NotOrigin), false));
            }
        }
        for oid in &recall.oids {
            let held = work.object(*oid)?;
            let before = held
                .as_ref()
                .and_then(|row| ObjectState::from_code(row.state.into()))
                .unwrap_or_default();
            let after = before.apply(Event::Recalled(recall.class));
            let status = effect_for(before, recall.class, CourtOrder::None);
            if let Some(row) = &held {
                if erases(recall.class) {
                    // INVARIANT: the keys are gone before the answer that says so is durable.
                    let vaulting = lock(&self.vaulting);
                    self.vault.shred(&[*oid])?;
                    drop(vaulting);
                    work.drop_body(*oid)?;
                }
                work.set_object_state(row.oid, crate::state_code(after))?;
            }
            work.put_recall(&RecallRow {
                oid: *oid,
                nation,
                own: false,
                class: u8::try_from(recall.class.code()).unwrap_or(3),
                basis: recall.basis.clone(),
                at: now,
                deadline: recall.deadline,
            })?;
            let effect = RecallEffect {
                oid: *oid,
                status,
                live_at: now,
                backup_at: now.plus_millis(BACKUP_HORIZON_MILLIS),
                viewed: 0,
                exports: Vec::new(),
                derived: 0,
                onward: Vec::new(),
            };
            let record = ErasureRecord {
                oid: Some(*oid),
                leaf: None,
                authority: known.name_of(&nation),
                basis: recall.basis.clone(),
            };
            let kind = if erases(recall.class) { RecordKind::Erasure } else { RecordKind::Recall };
            work.put_intent(&IntentRow {
                id: 0,
                dst: Some(peer),
                lane: Lane::Immediate,
                kind: Some(ItemKind::RecallEffect),
                payload: effect.to_bytes(),
                record: Record::new(kind, now, &record).to_bytes(),
            })?;
            let text = format!(
                "{} recalled an object ({}): {status:?} here",
                known.name_of(&nation),
                recall.basis
            );
            event(work, now, "recall", text, (Some(*oid), Some(nation)))?;
        }
        Ok(TAKEN)
    }

    #[expect(clippy::too_many_arguments, reason = "one answer, and all that it is judged by")]
    fn take_effect(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        effect: &RecallEffect,
        proof: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let asked = work.effects(effect.oid)?.into_iter().any(|row| row.node == peer);
        if !asked {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        work.put_effect(&EffectRow {
            oid: effect.oid,
            node: peer,
            nation,
            status: Some(effect.status.code()),
            at: Some(now),
            effect: proof,
        })?;
        let (name, status) = (known.name_of(&nation), effect.status.as_str());
        let text = format!("{name} answered a recall: {status}");
        event(work, now, "recall", text, (Some(effect.oid), Some(nation)))?;
        Ok(TAKEN)
    }

    #[expect(clippy::too_many_arguments, reason = "one request, and all that it is judged by")]
    fn take_onward_request(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        request: &OnwardRequest,
        payload: &[u8],
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        // Who was not sent the object does not even learn whether it exists.
        let ours = work.object(request.oid)?.filter(|row| row.nation == self.identity.nation);
        let leaf = ours.and_then(|row| row.leaf);
        let sent = match leaf {
            Some(leaf) => self.slot_for(work, leaf, peer)?.is_some(),
            None => false,
        };
        if !sent {
            return Ok((Verdict::Refused(NackCode::NotOrigin), false));
        }
        // What its terms let parties pass on, the node answers by itself.
        let via = known.nation(&nation).map(|via| via.row.code);
        let agreed = via.map(|via| given_under(work, leaf, via)).transpose()?.flatten();
        let state = if agreed.is_some() { AGREED } else { "waiting" };
        work.put_ask(&AskRow {
            id: 0,
            oid: request.oid,
            ours: false,
            peer,
            to: request.grantee,
            request: payload.to_vec(),
            plan: Vec::new(),
            state: state.to_owned(),
            at: now,
        })?;
        let text = format!(
            "{} asks to pass an object of ours on to {} for {}: {}",
            known.name_of(&nation),
            known.name_of(&request.grantee),
            request.purpose,
            request.basis
        );
        event(work, now, "consent", text, (Some(request.oid), Some(nation)))?;
        Ok(TAKEN)
    }

    #[expect(clippy::too_many_arguments, reason = "one answer, and all that it is judged by")]
    fn take_onward_decision(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        peer: NodeId,
        decision: &OnwardDecision,
        control: ObjectId,
        verified: &VerifiedBundle<'_>,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        if work.object(decision.oid)?.is_none_or(|row| row.nation != nation) {
            return Ok((Verdict::Refused(NackCode::NotOrigin), false));
        }
        let mut evidence = Vec::new();
        if decision.granted {
            // The grant must be one that a third nation can check, or it is worth nothing.
            let spec = known.by_node(&peer).and_then(|n| n.chain.node(&peer)).map(|n| &n.spec);
            let Some(spec) = spec else {
                return Ok((Verdict::Refused(NackCode::Proof), false));
            };
            let wanted = GrantFor {
                origin: &spec.origin,
                log: &spec.log,
                oid: decision.oid,
                via: self.identity.node,
                to: decision.to,
            };
            let grant = verified.grants().iter().find(|frame| {
                digest::object_id(&frame.control) == control
                    && onward::verify_grant(frame, &wanted, now).is_ok()
            });
            let Some(grant) = grant else {
                return Ok((Verdict::Refused(NackCode::Proof), false));
            };
            evidence = grant.to_bytes();
        }
        work.put_consent(&ConsentRow {
            oid: decision.oid,
            from: nation,
            to: decision.to,
            granted: decision.granted,
            until: decision.until,
            evidence,
        })?;
        let state = if decision.granted { "granted" } else { "refused" };
        for ask in work.asks()? {
            if ask.ours
                && ask.oid == decision.oid
                && ask.to == decision.to
                && ask.state == "waiting"
            {
                work.set_ask(ask.id, state)?;
            }
        }
        let text = format!(
            "{} {state} onward release to {}: {}",
            known.name_of(&nation),
            known.name_of(&decision.to),
            decision.conditions
        );
        event(work, now, "consent", text, (Some(decision.oid), Some(nation)))?;
        Ok(TAKEN)
    }

    /// A party offers a text, or a changed one in answer to another.
    fn take_text(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        (texts, counters): (&[Vec<u8>], Option<AgreementId>),
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let [text] = texts else {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        };
        let id = agreement_id(text);
        if known.policy.agreement(&id).is_some() {
            return Ok(TAKEN);
        }
        let by = known.name_of(&nation);
        let agreement = match policy::read_agreement(text) {
            Ok(agreement) => agreement,
            Err(error) => {
                let text = format!("an agreement offered by {by} cannot be read here: {error}");
                event(work, now, "alarm", text, (None, Some(nation)))?;
                return Ok((Verdict::Refused(NackCode::Policy), false));
            }
        };
        let parties: Vec<NationId> = agreement.parties().iter().filter_map(|p| p.id).collect();
        // A party that an amendment leaves out is told of it.
        let base = agreement.supersedes().and_then(|id| known.policy.agreement(&id));
        let answered = counters.and_then(|id| known.policy.agreement(&id));
        let own = self.identity.nation;
        let concerns = |held: Option<&policy::HeldAgreement>, nation: &NationId| {
            held.is_some_and(|held| held.state.parties().contains(nation))
        };
        let involved = parties.contains(&own) || concerns(base, &own) || concerns(answered, &own);
        let of_another_code = base.is_some_and(|base| base.row.code != agreement.code());
        if !agreement.is_bound() || !involved || !parties.contains(&nation) || of_another_code {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        if let Some(held) = answered
            && let Some(why) = offer::not_open(known, held, now)
        {
            let text = format!("a changed text of {by} was not taken: {why}");
            event(work, now, "agreement", text, (None, Some(nation)))?;
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        work.put_agreement(&AgreementRow {
            id,
            code: agreement.code().to_owned(),
            text: text.clone(),
            status: "offered".to_owned(),
            at: now,
            offered_by: Some(nation),
            offered_at: Some(now),
            counters,
        })?;
        if base.is_some() {
            // Its signatures may have come before it.
            ground::give_way(work)?;
        }
        let (act, text) = match (counters, base) {
            (Some(_), _) => {
                ("countered", format!("{by} answers with a changed {}", agreement.code()))
            }
            (None, Some(_)) => {
                ("amendment offered", format!("{by} offers an amendment of {}", agreement.code()))
            }
            (None, None) => ("offered", format!("{by} offers {}", agreement.title())),
        };
        self.tell_of_agreement(work, id, act, nation, now)?;
        event(work, now, "agreement", text, (None, Some(nation)))?;
        Ok((Verdict::Taken, true))
    }

    fn take_signature(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        sign: &AgreementSign,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let Some(party) = known.nation(&nation) else {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        };
        let Ok(statement) = SignedStatement::from_bytes(&sign.statement) else {
            return Ok((Verdict::Refused(NackCode::Oid), false));
        };
        let Ok(verified) = verify_signature(&statement, &party.chain, now) else {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        };
        let Signature { agreement, .. } = *verified.signature();
        // Its text may come later, by another party; then whoever signed without being one does
        // not count.
        let stranger = known
            .policy
            .agreement(&agreement)
            .is_some_and(|held| !held.state.parties().contains(&nation));
        if agreement != sign.agreement || stranger {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        work.put_signature(&SignatureRow {
            agreement,
            nation,
            statement: sign.statement.clone(),
            at: now,
        })?;
        // It may be the last one of an amendment: nothing that was decided under the text before
        // is entered behind it.
        ground::give_way(work)?;
        self.tell_of_agreement(work, agreement, "signed", nation, now)?;
        let text = format!("{} signed agreement {}", party.row.code, agreement.short());
        event(work, now, "agreement", text, (None, Some(nation)))?;
        Ok((Verdict::Taken, true))
    }

    fn take_withdrawal(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        note: &AgreementNote,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let held = known.policy.agreement(&note.agreement);
        if held.is_some_and(|held| !held.state.parties().contains(&nation)) {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        // Its text may come later, by another party: then it has been left already.
        work.put_agreement_act(&life::leaving_row(nation, note))?;
        ground::give_way(work)?;
        self.tell_of_agreement(work, note.agreement, "withdrawn", nation, now)?;
        let code = held.map_or_else(|| note.agreement.short(), |held| held.row.code.clone());
        let text = format!("{} left {code}: {}", known.name_of(&nation), note.reason);
        event(work, now, "agreement", text, (None, Some(nation)))?;
        Ok((Verdict::Taken, true))
    }

    /// A party suspends an agreement, takes that back, or gives notice: from here on we do not
    /// rely on it either.
    fn take_standing(
        &self,
        work: &mut dyn Work,
        known: &Known,
        nation: NationId,
        said: &AgreementStanding,
        now: Timestamp,
    ) -> Result<(Verdict, bool)> {
        let held = known.policy.agreement(&said.agreement);
        let stranger = held.is_some_and(|held| {
            let parties = held.state.parties();
            !parties.contains(&nation) || said.party.is_some_and(|p| !parties.contains(&p))
        });
        let moments = [Some(said.at), said.ends];
        let kept = moments.into_iter().flatten().all(|at| i64::try_from(at.millis()).is_ok());
        if stranger || !kept || !(1..=u64::from(u32::MAX)).contains(&said.number) {
            return Ok((Verdict::Refused(NackCode::Policy), false));
        }
        work.put_agreement_act(&life::act_row(nation, said))?;
        ground::give_way(work)?;
        let (past, what) = match (said.act, said.ends) {
            (StandingAct::Suspend, _) => ("suspended", "suspended".to_owned()),
            (StandingAct::Resume, _) => ("resumed", "resumed".to_owned()),
            (StandingAct::Notice, ends) => {
                let day = ends.map(day_text).unwrap_or_default();
                ("notice given", format!("gave notice, for {day}, of"))
            }
        };
        self.tell_of_agreement(work, said.agreement, past, nation, now)?;
        let code = held.map_or_else(|| said.agreement.short(), |held| held.row.code.clone());
        let whom = said.party.map_or_else(String::new, |p| format!(" for {}", known.name_of(&p)));
        let text = format!("{} {what} {code}{whom}: {}", known.name_of(&nation), said.reason);
        event(work, now, "agreement", text, (None, Some(nation)))?;
        Ok((Verdict::Taken, true))
    }

    /// Queues a record of an agreement's change for our overseers.
    pub(crate) fn tell_of_agreement(
        &self,
        work: &mut dyn Work,
        agreement: AgreementId,
        act: &str,
        by: NationId,
        now: Timestamp,
    ) -> Result<()> {
        queue_record(work, &agreement_record(agreement, act, by, now))
    }
}

/// The record of an agreement's change.
pub(crate) fn agreement_record(
    agreement: AgreementId,
    act: &str,
    by: NationId,
    now: Timestamp,
) -> Record {
    let body = AgreementRecord { agreement, act: act.to_owned(), by };
    Record::new(RecordKind::Agreement, now, &body)
}

/// The id of an agreement of one text.
pub(crate) fn agreement_id(text: &[u8]) -> AgreementId {
    digest::agreement_id(&[text])
}
