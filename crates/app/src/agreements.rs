//! Agreements between nations and laws at home: offering, signing, loading.
//!
//! What comes after signing is in `life`.

use entente_exchange::agreement::{STATEMENT_TYPE, Signature};
use entente_law::agreement::bind;
use entente_model::codec::Wire;
use entente_model::item::{AgreementPropose, AgreementSign, ItemKind, Lane};
use entente_model::record::RecordKind;
use entente_model::{AgreementId, LawId, NationCode, NationId, NodeId};
use entente_seal::digest;
use entente_store::rows::{AgreementRow, IntentRow, LawRow, SignatureRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::ground;
use crate::node::{Known, Node, event};
use crate::people::{Act, Actor, Approval, Role};
use crate::policy;
use crate::receive::{agreement_id, agreement_record};

pub(crate) mod life;

/// Two persons sign for a nation, and end or suspend what it signed.
const SIGNING: usize = 2;
/// Who may sign one, and act about it after that.
const SIGNERS: [Role; 2] = [Role::LegalAdviser, Role::ReleaseOfficer];

impl<S: Store, V: Vault> Node<S, V> {
    /// Offers an agreement to its parties. A draft whose parties are not bound to identities yet
    /// is bound to the nations that are known here under those codes.
    pub fn propose(&self, actor: &Actor, text: &str) -> Result<AgreementId> {
        actor.must_be(&[Role::LegalAdviser, Role::Liaison], "offer agreements")?;
        let known = self.known();
        let draft = policy::read_agreement(text.as_bytes())?;
        let identities: Vec<(NationCode, NationId)> = draft
            .parties()
            .iter()
            .map(|party| {
                let nation = known.by_code(party.nation).ok_or_else(|| {
                    AppError::invalid(format!(
                        "party {} is not known here: introduce it first",
                        party.nation
                    ))
                })?;
                Ok((party.nation, nation.row.nation))
            })
            .collect::<Result<_>>()?;
        let bound = bind(text, &identities).map_err(|p| AppError::Invalid(p.to_string()))?;
        let agreement = policy::read_agreement(bound.as_bytes())?;
        if !identities.iter().any(|(_, id)| *id == self.identity.nation) {
            return Err(AppError::invalid("this nation is not a party to the agreement"));
        }
        let id = agreement_id(bound.as_bytes());
        if known.policy.agreement(&id).is_some() {
            return Err(AppError::invalid(format!("{} was offered already", agreement.code())));
        }
        let now = self.now();
        let payload = AgreementPropose { texts: vec![bound.clone().into_bytes()] }.to_bytes();
        self.store.write(|work| {
            work.put_agreement(&AgreementRow {
                id,
                code: agreement.code().to_owned(),
                text: bound.clone().into_bytes(),
                status: "offered".to_owned(),
                at: now,
            })?;
            self.tell_of_agreement(work, id, "offered", self.identity.nation, now)?;
            for node in self.other_parties(&known, identities.iter().map(|(_, id)| *id)) {
                self.queue_agreement(
                    work,
                    node,
                    ItemKind::AgreementPropose,
                    payload.clone(),
                    (id, "offered"),
                    now,
                )?;
            }
            event(work, now, "agreement", format!("{} offered", agreement.code()), (None, None))
        })?;
        self.reload()?;
        (self.wake)(&crate::node::WakeUp::Intents);
        Ok(id)
    }

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
        now: entente_model::Timestamp,
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

    /// Finds an agreement by code or by the start of its id.
    pub fn find_agreement(&self, name: &str) -> Result<AgreementId> {
        let known = self.known();
        if let Some(held) = known.policy.by_code(name) {
            return Ok(held.row.id);
        }
        let mut found =
            known.policy.agreements.iter().filter(|a| a.row.id.to_string().starts_with(name));
        match (found.next(), found.next()) {
            (Some(held), None) if name.len() >= 8 => Ok(held.row.id),
            _ => Err(AppError::NotFound(format!("an agreement `{name}`"))),
        }
    }

    /// Signs an agreement, by two persons; the exact text is what they approve.
    pub fn sign_agreement(&self, actor: &Actor, id: &AgreementId) -> Result<Approval> {
        actor.must_be(&SIGNERS, "sign agreements")?;
        self.must_be_clear()?;
        let known = self.known();
        let held = known
            .policy
            .agreement(id)
            .ok_or_else(|| AppError::NotFound(format!("an agreement {}", id.short())))?;
        if held.row.status != "offered" {
            return Err(AppError::invalid(format!(
                "{} is {}, not open for signature",
                held.row.code,
                held.row.status.replace('_', " ")
            )));
        }
        if held.state.signatures().contains_key(&self.identity.nation) {
            return Err(AppError::invalid(format!("{} is signed already", held.row.code)));
        }
        let about = format!("sign {} ({})", held.row.code, held.agreement.title());
        let approval = self.approve(
            actor,
            &Act {
                kind: "sign agreement",
                about: &about,
                bytes: id.as_bytes(),
                by: &SIGNERS,
                needed: SIGNING,
            },
        )?;
        let Approval::Granted { approvers, .. } = &approval else { return Ok(approval) };

        let now = self.now();
        let signature = Signature { agreement: *id, nation: self.identity.nation, at: now };
        let statement = self.keys.sign_statement(STATEMENT_TYPE, signature.to_bytes())?;
        let payload = AgreementSign { agreement: *id, statement: statement.clone() }.to_bytes();
        self.store.write(|work| {
            work.put_signature(&SignatureRow {
                agreement: *id,
                nation: self.identity.nation,
                statement,
                at: now,
            })?;
            self.tell_of_agreement(work, *id, "signed", self.identity.nation, now)?;
            self.tell_overseers(
                work,
                RecordKind::Admin,
                now,
                "agreement signed",
                &format!("{} by {}", held.row.code, approvers.join(", ")),
                None,
            )?;
            for node in self.other_parties(&known, held.state.parties().iter().copied()) {
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

    /// Puts a national law into force here.
    pub fn load_law(&self, actor: &Actor, text: &str) -> Result<(LawId, String)> {
        actor.must_be(&[Role::LegalAdviser], "load laws")?;
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
