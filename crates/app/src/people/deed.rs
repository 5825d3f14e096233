//! Deeds: what a person does in a browser that binds the nation, each with a fresh proof.
//!
//! A browser's session alone lets nobody act: the person signs for the exact act with a passkey,
//! and the proof is kept before the act is carried out (`proof`). An act that waits for a second
//! person is repeated from its exact bytes, by the same function that the command line calls; so
//! whoever may not do it there may not do it here. What hands over a secret, or needs words that
//! were spoken, is repeated at the command line only.

use entente_model::codec::{Wire as _, Writer};
use entente_model::item::{AgreementStanding, OnwardDecision, RecallClass, StandingAct};
use entente_model::{AgreementId, Digest, NationCode, NationId, NodeId, ObjectId, Timestamp};
use entente_seal::passkey::Site;
use entente_store::rows::ProposalRow;
use entente_store::{Store, Vault};

use super::approval::action_digest;
use super::passkey::Used;
use super::ticket::Ticket;
use super::{Actor, Approval, Role};
use crate::agreements::SIGN;
use crate::error::{AppError, Result};
use crate::node::Node;
use crate::objects::ObjectView;
use crate::standing::StandingRule;

/// What a person wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Approve of an act that waits for a second person.
    Approve(Digest),
    /// Grant or refuse a partner's request for onward release.
    Consent {
        /// The request's number.
        ask: i64,
        /// Whether it is granted.
        granted: bool,
        /// Under which conditions, in words.
        conditions: String,
    },
    /// Confirm that what a person holds is needed.
    Review {
        /// The person.
        person: String,
        /// Why.
        why: String,
    },
    /// Read an object in an emergency; see [`Node::break_glass_signed`].
    BreakGlass {
        /// The object.
        oid: ObjectId,
        /// For which case, and why.
        necessity: String,
    },
    /// Judge whether an opening in an emergency was justified.
    Judge {
        /// The opening's number.
        opening: i64,
        /// Whether it was.
        justified: bool,
        /// Why.
        why: String,
    },
    /// Sign an agreement.
    Sign(AgreementId),
    /// Suspend or resume an agreement, or give notice of it.
    Stand {
        /// The agreement.
        agreement: AgreementId,
        /// What is done.
        act: StandingAct,
        /// The party that it is about; none for all.
        party: Option<NationCode>,
        /// When it ends, with a notice.
        ends: Option<Timestamp>,
        /// Why, as the other parties will read it.
        reason: String,
    },
    /// Leave an agreement.
    Leave {
        /// The agreement.
        agreement: AgreementId,
        /// Why, as the other parties will read it.
        reason: String,
    },
    /// Remove a passkey of one's own, by the digits that its number begins with.
    DropPasskey(String),
    /// Be asked for no codes of an authenticator app any more.
    DropCode,
    /// Take an object back.
    Recall {
        /// The object.
        oid: ObjectId,
        /// What its holders are to do.
        class: RecallClass,
        /// Why, as the holders will read it.
        basis: String,
        /// By when, in milliseconds from now.
        deadline_millis: u64,
    },
}

/// What a person is shown before they sign for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedOffer {
    /// Digest of the exact act.
    pub act: Digest,
    /// What it is about.
    pub about: String,
    /// The ticket.
    pub ticket: Ticket,
    /// What the passkey is asked.
    pub challenge: [u8; 32],
    /// The person's passkeys; without one they cannot act here.
    pub passkeys: Vec<Vec<u8>>,
}

/// Acts that are repeated from their bytes.
const REPEATED: [&str; 11] = [
    "grant",
    "refuse",
    SIGN,
    "suspend agreement",
    "resume agreement",
    "terminate agreement",
    "leave agreement",
    "suspend nation",
    "resume link",
    "make standing rule",
    "change person",
];

impl Deed {
    /// Whether an act that waits can be approved in a browser.
    pub fn is_for_pages(kind: &str) -> bool {
        REPEATED.contains(&kind)
    }
}

/// An id, and the words after it.
fn id_and_words(bytes: &[u8]) -> Result<([u8; 32], String)> {
    let (id, words) = bytes.split_first_chunk::<32>().ok_or_else(damaged)?;
    Ok((*id, String::from_utf8(words.to_vec()).map_err(|_| damaged())?))
}

fn damaged() -> AppError {
    AppError::Operator("an act that waits for a second person is damaged: begin it anew".to_owned())
}

impl<S: Store, V: Vault> Node<S, V> {
    /// What a person would sign for.
    pub fn offer_deed(&self, actor: &Actor, deed: &Deed) -> Result<DeedOffer> {
        let (act, about) = self.exact(&actor.about_to_sign(), deed)?;
        let (ticket, challenge, passkeys) = self.ask_for_proof(actor, act)?;
        Ok(DeedOffer { act, about, ticket, challenge, passkeys })
    }

    /// Keeps the proof, and does what was signed for.
    pub fn do_deed(
        &self,
        actor: &Actor,
        site: &Site,
        deed: &Deed,
        used: &Used,
    ) -> Result<Approval> {
        let actor = &actor.about_to_sign();
        let (act, about) = self.exact(actor, deed)?;
        if matches!(deed, Deed::BreakGlass { .. }) {
            return Err(AppError::invalid("what is opened is shown, and no approval"));
        }
        self.take_proof(actor, site, (act, &about), used)?;
        let actor = Actor { proven: Some(act), ..actor.clone() };
        match deed {
            Deed::BreakGlass { .. } => Err(damaged()),
            Deed::Judge { opening, justified, why } => {
                self.judge_opening(&actor, *opening, *justified, why)?;
                Ok(Approval::Granted { digest: act, approvers: vec![actor.name] })
            }
            Deed::Approve(_) => self.repeat(&actor, &self.waiting(&actor, act)?),
            Deed::Consent { ask, granted, conditions } => {
                self.consent(&actor, *ask, *granted, conditions)
            }
            Deed::Review { person, why } => {
                self.review_person(&actor, person, &[], &[], why)?;
                Ok(Approval::Granted { digest: act, approvers: vec![actor.name] })
            }
            Deed::Sign(id) => self.sign_agreement(&actor, id),
            Deed::Stand { agreement, act, party, ends, reason } => {
                self.stand(&actor, agreement, (*act, *party, *ends), reason)
            }
            Deed::Leave { agreement, reason } => self.withdraw(&actor, agreement, reason),
            Deed::DropPasskey(id) => {
                self.remove_passkey(&actor, &actor.name, id, "")?;
                Ok(Approval::Granted { digest: act, approvers: vec![actor.name] })
            }
            Deed::DropCode => {
                self.remove_code(&actor, &actor.name, "")?;
                Ok(Approval::Granted { digest: act, approvers: vec![actor.name] })
            }
            Deed::Recall { oid, class, basis, deadline_millis } => {
                self.recall(&actor, &[*oid], *class, basis, *deadline_millis)?;
                Ok(Approval::Granted { digest: act, approvers: vec![actor.name] })
            }
        }
    }

    /// Keeps the proof, and opens what was signed for.
    pub fn break_glass_signed(
        &self,
        actor: &Actor,
        site: &Site,
        (oid, necessity): (ObjectId, &str),
        used: &Used,
    ) -> Result<ObjectView> {
        let actor = &actor.about_to_sign();
        let deed = Deed::BreakGlass { oid, necessity: necessity.to_owned() };
        let (act, about) = self.exact(actor, &deed)?;
        self.take_proof(actor, site, (act, &about), used)?;
        self.break_glass(actor, oid, necessity)
    }

    /// The digest of the exact act, and what it is about.
    fn exact(&self, actor: &Actor, deed: &Deed) -> Result<(Digest, String)> {
        match deed {
            Deed::Approve(act) => {
                let row = self.waiting(actor, *act)?;
                if !Deed::is_for_pages(&row.act) {
                    return Err(AppError::invalid(format!(
                        "to {} is approved at the command line, where the second person repeats it",
                        row.act
                    )));
                }
                Ok((*act, row.about))
            }
            Deed::Consent { ask, granted, conditions } => {
                let asked = self.asked_consent(actor, *ask, *granted, conditions)?;
                let bytes = asked.decision.to_bytes();
                Ok((action_digest(asked.word, &bytes), asked.about))
            }
            Deed::Review { person, why } => self.exact_review(actor, person, why),
            Deed::BreakGlass { oid, necessity } => {
                // Whether there is such an object is not looked at: the page is the same without.
                self.must_break_glass(actor, necessity)?;
                let mut w = Writer::new();
                w.array(3).uint(1).value(oid).text(necessity);
                let about = format!("open {} in an emergency: {necessity}", oid.short());
                Ok((action_digest("break glass", &w.into_bytes()), about))
            }
            Deed::Judge { opening, justified, why } => {
                let (row, about) = self.opening_to_judge(actor, *opening, *justified, why)?;
                let mut w = Writer::new();
                w.array(5).uint(1).value(&row.oid).text(&row.person).bool(*justified).text(why);
                Ok((action_digest("judge glass", &w.into_bytes()), about))
            }
            Deed::Sign(id) => {
                let about = self.to_sign(actor, &self.known(), id)?.1;
                Ok((action_digest(SIGN, id.as_bytes()), about))
            }
            Deed::Stand { agreement, act, party, ends, reason } => {
                let (known, what) = (self.known(), (*act, *party, *ends));
                let exact = self.exact_standing(actor, &known, agreement, what, reason)?;
                Ok((action_digest(&exact.kind, &exact.bytes), exact.about))
            }
            Deed::Leave { agreement, reason } => {
                let known = self.known();
                let exact = self.exact_leaving(actor, &known, agreement, reason)?;
                Ok((action_digest(&exact.kind, &exact.bytes), exact.about))
            }
            Deed::DropPasskey(id) => {
                let row = self.passkey_named(&actor.name, id)?;
                let mut w = Writer::new();
                w.array(3).uint(1).text(&actor.name).bytes(&row.id);
                let about = format!("remove the passkey `{}` of {}", row.name, actor.name);
                Ok((action_digest("remove passkey", &w.into_bytes()), about))
            }
            Deed::DropCode => {
                let about = format!("ask {} for no codes any more", actor.name);
                let row = self.code_of(&actor.name)?;
                let mut w = Writer::new();
                w.array(3).uint(1).text(&actor.name).value(&row.oid);
                Ok((action_digest("remove codes", &w.into_bytes()), about))
            }
            Deed::Recall { oid, class, basis, deadline_millis } => {
                actor.must_act_as(&[Role::ReleaseOfficer, Role::SecurityOfficer], "recall")?;
                self.must_know(actor, *oid)?;
                let mut w = Writer::new();
                w.array(5).uint(1).value(oid).value(class).text(basis).uint(*deadline_millis);
                let about = format!("recall {}: {basis}", oid.short());
                Ok((action_digest("recall", &w.into_bytes()), about))
            }
        }
    }

    fn waiting(&self, actor: &Actor, act: Digest) -> Result<ProposalRow> {
        let found = self.proposals(actor)?.into_iter().find(|row| row.digest == act);
        found.ok_or_else(|| AppError::NotFound(format!("an act {} that waits", act.short())))
    }

    /// Does what another person proposed, as this person.
    fn repeat(&self, actor: &Actor, row: &ProposalRow) -> Result<Approval> {
        let known = self.known();
        match row.act.as_str() {
            "grant" | "refuse" => {
                let decision = OnwardDecision::from_bytes(&row.bytes)?;
                let asked = self.asks(actor)?.into_iter().find(|ask| {
                    !ask.ours
                        && ask.state == "waiting"
                        && (ask.oid, ask.peer, ask.to) == (decision.oid, decision.via, decision.to)
                });
                let ask = asked.ok_or_else(|| {
                    AppError::NotFound("the request for consent that this is about".to_owned())
                })?;
                self.consent(actor, ask.id, decision.granted, &decision.conditions)
            }
            SIGN => {
                let id = AgreementId::from_slice(&row.bytes).ok_or_else(damaged)?;
                self.sign_agreement(actor, &id)
            }
            "suspend agreement" | "resume agreement" | "terminate agreement" => {
                let said = AgreementStanding::from_bytes(&row.bytes)?;
                let party = said.party.map(|party| {
                    known.nation(&party).map(|nation| nation.row.code).ok_or_else(damaged)
                });
                let what = (said.act, party.transpose()?, said.ends);
                self.stand(actor, &said.agreement, what, &said.reason)
            }
            "leave agreement" => {
                let (id, reason) = id_and_words(&row.bytes)?;
                self.withdraw(actor, &AgreementId::from_array(id), &reason)
            }
            "suspend nation" => {
                let (id, reason) = id_and_words(&row.bytes)?;
                let nation = known.nation(&NationId::from_array(id)).ok_or_else(damaged)?;
                self.suspend_nation(actor, nation.row.code, &reason)
            }
            "resume link" => {
                let (id, _) = id_and_words(&row.bytes)?;
                let nation = known.by_node(&NodeId::from_array(id)).ok_or_else(damaged)?;
                self.resume_link(actor, nation.row.code)
            }
            "make standing rule" => self.add_rule(actor, &StandingRule::from_bytes(&row.bytes)?),
            "change person" => self.repeat_change(actor, &row.bytes),
            _ => Err(damaged()),
        }
    }
}
