//! Agreements between nations and laws at home: offering, signing, loading.
//!
//! Offering and answering are in `offer`, which texts of one code count in `versions`, and what
//! comes after signing in `life`.

use entente_exchange::agreement::{Phase, STATEMENT_TYPE, Signature};
use entente_model::codec::Wire;
use entente_model::item::{AgreementNote, AgreementSign, ItemKind, Lane};
use entente_model::record::RecordKind;
use entente_model::{AgreementId, LawId, NationId, NodeId, Timestamp};
use entente_seal::digest;
use entente_store::rows::{IntentRow, LawRow, SignatureRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::ground;
use crate::node::{Known, Node, event};
use crate::people::{Act, Actor, Approval, Role};
use crate::policy::{self, HeldAgreement};
use crate::receive::agreement_record;
use crate::simulate::Draft;

pub(crate) mod life;
pub(crate) mod offer;
pub(crate) mod versions;

/// Two persons sign for a nation, and end or suspend what it signed.
const SIGNING: usize = 2;
/// How the approvals name the signing of one.
pub(crate) const SIGN: &str = "sign agreement";
/// Who may sign one, and act about it after that.
pub const SIGNERS: [Role; 2] = [Role::LegalAdviser, Role::ReleaseOfficer];

impl<S: Store, V: Vault> Node<S, V> {
    fn other_parties(
        &self,
        known: &Known,
        parties: impl IntoIterator<Item = NationId>,
    ) -> Vec<NodeId> {
        let parties: Vec<NationId> = parties.into_iter().collect();
        known
            .partners(self.identity.nation)
            .filter(|(nation, _, _)| parties.contains(&nation.row.nation))
            .map(|(_, node, _)| node)
            .collect()
    }

    fn queue_agreement(
        &self,
        work: &mut dyn Work,
        dst: NodeId,
        kind: ItemKind,
        payload: Vec<u8>,
        (id, act): (AgreementId, &str),
        now: Timestamp,
    ) -> Result<()> {
        work.put_intent(&IntentRow {
            id: 0,
            dst: Some(dst),
            lane: Lane::Priority,
            kind: Some(kind),
            payload,
            record: agreement_record(id, act, self.identity.nation, now).to_bytes(),
        })?;
        Ok(())
    }

    /// Signs an agreement, by two persons; the exact text is what they approve. What this nation
    /// offered or signed before in the same negotiation is withdrawn with that.
    pub fn sign_agreement(&self, actor: &Actor, id: &AgreementId) -> Result<Approval> {
        self.keep_time()?;
        let known = self.known();
        let (held, about) = self.to_sign(actor, &known, id)?;
        let own = self.identity.nation;
        let given_up = self.given_up(&known, held);
        let approval = self.approve(
            actor,
            &Act { kind: SIGN, about: &about, bytes: id.as_bytes(), by: &SIGNERS, needed: SIGNING },
        )?;
        let Approval::Granted { approvers, .. } = &approval else { return Ok(approval) };

        let now = self.now();
        let signature = Signature { agreement: *id, nation: own, at: now };
        let statement = self.keys.sign_statement(STATEMENT_TYPE, signature.to_bytes())?;
        let payload = AgreementSign { agreement: *id, statement: statement.clone() }.to_bytes();
        let concerned = offer::concerned(&known, &held.agreement, held.row.counters);
        self.store.write(|work| {
            // Two texts may be signed at the same moment: what was looked at above is looked at
            // again where only one can be.
            let given: Vec<AgreementId> = given_up.iter().map(|other| other.row.id).collect();
            self.must_be_alone(work, &known, held, &given, now)?;
            let instead = format!("{} is signed instead", id.short());
            for other in &given_up {
                self.give_up(work, &known, other, &instead, now)?;
            }
            work.put_signature(&SignatureRow { agreement: *id, nation: own, statement, at: now })?;
            // It may be the last one, and then nothing more goes under the text before.
            ground::give_way(work)?;
            self.tell_of_agreement(work, *id, "signed", own, now)?;
            self.tell_overseers(
                work,
                RecordKind::Admin,
                now,
                "agreement signed",
                &format!("{} by {}", held.row.code, approvers.join(", ")),
                None,
            )?;
            for node in self.other_parties(&known, concerned) {
                self.queue_agreement(
                    work,
                    node,
                    ItemKind::AgreementSign,
                    payload.clone(),
                    (*id, "signed"),
                    now,
                )?;
            }
            let text = format!("{} signed by {}", held.row.code, approvers.join(" and "));
            event(work, now, "agreement", text, (None, None))
        })?;
        self.reload()?;
        self.settle()?;
        (self.wake)(&crate::node::WakeUp::Intents);
        Ok(approval)
    }

    /// The text that a person would sign, and the act in words, if it can be signed.
    pub(crate) fn to_sign<'k>(
        &self,
        actor: &Actor,
        known: &'k Known,
        id: &AgreementId,
    ) -> Result<(&'k HeldAgreement, String)> {
        actor.must_act_as(&SIGNERS, "sign agreements")?;
        self.must_be_clear()?;
        let held = known.policy.must_hold(id)?;
        let own = self.identity.nation;
        if let Some(why) = offer::not_open(known, held, self.now()) {
            return Err(AppError::invalid(format!("{why}; it takes no more signatures")));
        }
        if held.state.signatures().contains_key(&own) {
            return Err(AppError::invalid(format!("{} is signed already", held.row.code)));
        }
        if !held.state.parties().contains(&own) {
            return Err(AppError::invalid(format!(
                "this nation is no party to this text of {}",
                held.row.code
            )));
        }
        self.must_fit(known, held)?;
        Ok((held, format!("sign {} ({})", held.row.code, held.agreement.title())))
    }

    /// Refuses a text that could not stand beside what is in force here.
    fn must_fit(&self, known: &Known, held: &HeldAgreement) -> Result<()> {
        let code = &held.row.code;
        let base = held.agreement.supersedes().and_then(|id| known.policy.agreement(&id));
        if held.agreement.supersedes().is_some() {
            let stranger = held.agreement.parties().iter().find(|party| {
                let nation = party.id.and_then(|id| known.nation(&id));
                nation.is_none_or(|n| n.row.status != "accepted" && n.row.status != "own")
            });
            if let Some(party) = stranger {
                return Err(AppError::invalid(format!(
                    "{}, a party to this text of {code}, is no partner of this node: introduce it \
                     first",
                    party.nation
                )));
            }
        }
        // Who joins with an amendment does not hold the text before.
        if let Some(base) = base {
            let phase = base.state.phase(self.now());
            if !matches!(phase, Phase::InForce | Phase::Suspended { .. }) {
                return Err(AppError::invalid(format!(
                    "the text of {code} that it amends is not in force here: it is {}",
                    phase.as_str()
                )));
            }
            if base.row.code != *code {
                return Err(AppError::invalid(format!(
                    "it would supersede {}, and its code is {code}",
                    base.row.code
                )));
            }
            offer::must_be_related(&held.agreement, base)?;
        }
        let given_up: Vec<AgreementId> =
            self.given_up(known, held).iter().map(|other| other.row.id).collect();
        let now = self.now();
        self.store.read(|work| self.must_be_alone(work, known, held, &given_up, now))?;
        // A text that cannot be compiled with the others would stop this node on its first day.
        known
            .policy
            .with_draft(&known.nations, now, &Draft::agreement(held.agreement.text())?)
            .map(drop)
    }

    /// Texts of the same negotiation that this nation offered or signed, and that are open.
    fn given_up<'k>(&self, known: &'k Known, held: &HeldAgreement) -> Vec<&'k HeldAgreement> {
        let own = self.identity.nation;
        let negotiation = known.policy.negotiation(&held.row.id).into_iter();
        negotiation
            .filter(|other| other.row.id != held.row.id && other.is_open())
            .filter(|other| {
                other.row.offered_by == Some(own) || other.state.signatures().contains_key(&own)
            })
            .collect()
    }

    /// A nation has signed one text of a code at most that has not ended, besides the one that the
    /// newer supersedes: or two would be in force under one name.
    fn must_be_alone(
        &self,
        work: &dyn Work,
        known: &Known,
        held: &HeldAgreement,
        given_up: &[AgreementId],
        now: Timestamp,
    ) -> Result<()> {
        let own = self.identity.nation;
        for row in work.agreements()? {
            let same = row.code == held.row.code && row.id != held.row.id;
            if !same || given_up.contains(&row.id) || held.agreement.supersedes() == Some(row.id) {
                continue;
            }
            let signed = work.signatures(row.id)?.iter().any(|s| s.nation == own);
            let state = policy::state_now(work, &known.nations, &row.id, now)?;
            if signed && state.is_some_and(|state| !state.phase(now).has_ended()) {
                return Err(AppError::invalid(format!(
                    "this nation has signed another text of {}, {}: withdraw that first, or amend \
                     it",
                    row.code,
                    row.id.short()
                )));
            }
        }
        Ok(())
    }

    /// Withdraws a text that this nation offered or signed, because of what it does besides.
    fn give_up(
        &self,
        work: &mut dyn Work,
        known: &Known,
        held: &HeldAgreement,
        reason: &str,
        now: Timestamp,
    ) -> Result<()> {
        let note = AgreementNote { agreement: held.row.id, at: now, reason: reason.to_owned() };
        work.put_agreement_act(&life::leaving_row(self.identity.nation, &note))?;
        self.tell_of_agreement(work, held.row.id, "withdrawn", self.identity.nation, now)?;
        let concerned = offer::concerned(known, &held.agreement, held.row.counters);
        for node in self.other_parties(known, concerned) {
            self.queue_agreement(
                work,
                node,
                ItemKind::AgreementWithdraw,
                note.to_bytes(),
                (held.row.id, "withdrawn"),
                now,
            )?;
        }
        let text = format!("{} ({}) withdrawn", held.row.code, held.row.id.short());
        event(work, now, "agreement", text, (None, None))
    }

    /// Puts a national law into force here.
    pub fn load_law(&self, actor: &Actor, text: &str) -> Result<(LawId, String)> {
        actor.must_act_as(&[Role::LegalAdviser], "load laws")?;
        let law = policy::read_law(text.as_bytes())?;
        if law.nation() != self.identity.code {
            return Err(AppError::invalid(format!(
                "{} is a law of {}, and this node is {}'s",
                law.code(),
                law.nation(),
                self.identity.code
            )));
        }
        let id = digest::law_id(text.as_bytes());
        let now = self.now();
        let known = self.known();
        let code = law.code().to_owned();
        let leaf = self.note(
            RecordKind::PolicyEpoch,
            now,
            "law loaded",
            actor.name(),
            &format!("{code}: {}", law.title()),
            None,
        );
        self.record_with(&[leaf], |work, _| {
            ground::give_way(work)?;
            for held in known.policy.laws.iter().filter(|l| l.row.code == code) {
                // A later text of the same law replaces the earlier one.
                let mut row = held.row.clone();
                row.active = false;
                work.put_law(&row)?;
            }
            work.put_law(&LawRow {
                id,
                code: code.clone(),
                text: text.as_bytes().to_vec(),
                active: true,
                at: now,
            })?;
            event(work, now, "law", format!("{code} is in force"), (None, None))
        })?;
        self.reload()?;
        Ok((id, code))
    }
}
