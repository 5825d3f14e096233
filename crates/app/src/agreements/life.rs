//! The life of an agreement after signing: suspended, resumed, ended by notice, left.
//!
//! Each act takes two persons. It holds here from its place in our ledger, because it is entered
//! in the transaction that changes what may go, and at every other party from the receipt of the
//! item that tells it. What was received under the agreement stays bound by its terms (decision
//! 30). What the acts come to is `entente-exchange`'s.

use entente_law::{day_start, day_text};
use entente_model::codec::Wire;
use entente_model::item::{AgreementNote, AgreementStanding, ItemKind, Lane, StandingAct};
use entente_model::{AgreementId, NationCode, NationId, Timestamp};
use entente_store::rows::{AgreementActRow, IntentRow};
use entente_store::{Store, Vault};

use super::{SIGNERS, SIGNING};
use crate::error::{AppError, Result};
use crate::ground;
use crate::node::{Known, Node, WakeUp, event, lock};
use crate::people::{self, Actor, Approval};
use crate::policy::HeldAgreement;
use crate::receive::agreement_record;
use crate::said::said;
use crate::sequencer::LeafDraft;

/// The number under which a party's leaving is kept; its other acts count from 1.
pub(crate) const LEAVING: u64 = 0;

/// An act about an agreement, as it is approved.
struct Act<'a> {
    held: &'a HeldAgreement,
    /// How the record and the item name it.
    past: &'a str,
    row: AgreementActRow,
    kind: ItemKind,
    payload: Vec<u8>,
    about: String,
    /// Amendments of it that are given up with it.
    with: Vec<&'a HeldAgreement>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Suspends an agreement, for one party or for all, by two persons. From its place in our
    /// ledger on nothing goes out under it.
    pub fn suspend_agreement(
        &self,
        actor: &Actor,
        id: &AgreementId,
        party: Option<NationCode>,
        reason: &str,
    ) -> Result<Approval> {
        self.stand(actor, id, (StandingAct::Suspend, party, None), reason)
    }

    /// Takes our own suspension of an agreement back, by two persons. What another party
    /// suspended stays so.
    pub fn resume_agreement(
        &self,
        actor: &Actor,
        id: &AgreementId,
        party: Option<NationCode>,
        reason: &str,
    ) -> Result<Approval> {
        self.stand(actor, id, (StandingAct::Resume, party, None), reason)
    }

    /// Gives notice, by two persons: the agreement ends for all when a day to come begins, in UTC.
    pub fn terminate_agreement(
        &self,
        actor: &Actor,
        id: &AgreementId,
        day: &str,
        reason: &str,
    ) -> Result<Approval> {
        let ends = day_start(day).ok_or_else(|| {
            AppError::invalid(format!("`{day}` is not a day: write it as in 2027-06-30"))
        })?;
        self.stand(actor, id, (StandingAct::Notice, None, Some(ends)), reason)
    }

    pub(crate) fn stand(
        &self,
        actor: &Actor,
        id: &AgreementId,
        (act, party, ends): (StandingAct, Option<NationCode>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Approval> {
        let (verb, past) = match act {
            StandingAct::Suspend => ("suspend", "suspended"),
            StandingAct::Resume => ("resume", "resumed"),
            StandingAct::Notice => ("terminate", "notice given"),
        };
        let known = self.known();
        let held = self.acting(actor, &known, id, verb, reason)?;
        let code = held.row.code.as_str();
        let now = self.now();
        let own = self.identity.nation;
        let of = party.map(|party| party_of(held, party)).transpose()?;
        let whom = party.map_or_else(|| "for all".to_owned(), |party| format!("for {party}"));
        if !held.state.is_complete() {
            return Err(AppError::invalid(format!(
                "{code} is not signed by every party yet, so there is nothing to {verb}"
            )));
        }
        match (act, ends) {
            (StandingAct::Suspend, _) if held.state.suspends(own, of) => {
                return Err(AppError::invalid(format!("we suspended {code} {whom} already")));
            }
            (StandingAct::Resume, _) if !held.state.suspends(own, of) => {
                return Err(AppError::invalid(not_ours(&known, held, of, &whom)));
            }
            (StandingAct::Notice, Some(ends)) if ends <= now => {
                return Err(AppError::invalid(
                    "notice is given for a day to come; to leave at once, withdraw",
                ));
            }
            (StandingAct::Notice, Some(ends))
                if held.state.notice().is_some_and(|(_, at)| at <= ends) =>
            {
                return Err(AppError::invalid(format!(
                    "{code} ends no later than that already: see `entente agreement status {code}`"
                )));
            }
            _ => {}
        }
        let about = match ends {
            Some(ends) => format!("give notice of {code}, to end on {}: {reason}", day_text(ends)),
            None => format!("{verb} {code} {whom}: {reason}"),
        };
        let acts = self.store.read(|work| work.agreement_acts(*id))?;
        let number = 1 + acts
            .iter()
            .filter(|row| row.nation == own)
            .map(|row| row.number)
            .max()
            .unwrap_or(0);
        let said = AgreementStanding {
            agreement: *id,
            number,
            act,
            party: of,
            at: now,
            ends,
            reason: reason.to_owned(),
        };
        // What the second person repeats is the same act, at whatever moment.
        let exact = AgreementStanding { at: Timestamp::from_millis(0), ..said.clone() };
        let name = format!("{verb} agreement");
        let approval = self.approve(
            actor,
            &people::Act {
                kind: &name,
                about: &about,
                bytes: &exact.to_bytes(),
                by: &SIGNERS,
                needed: SIGNING,
            },
        )?;
        if !matches!(approval, Approval::Granted { .. }) {
            return Ok(approval);
        }
        let act = Act {
            held,
            past,
            row: act_row(own, &said),
            kind: ItemKind::AgreementStanding,
            payload: said.to_bytes(),
            about,
            with: Vec::new(),
        };
        self.enact(&known, act, now)?;
        Ok(approval)
    }

    /// Leaves an agreement, by two persons. From its place in our ledger on nothing goes out
    /// under it.
    pub fn withdraw(&self, actor: &Actor, id: &AgreementId, reason: &str) -> Result<Approval> {
        let known = self.known();
        let held = self.acting(actor, &known, id, "leave", reason)?;
        let mut exact = id.as_bytes().to_vec();
        exact.extend_from_slice(reason.as_bytes());
        let about = format!("leave {}: {reason}", held.row.code);
        let approval = self.approve(
            actor,
            &people::Act {
                kind: "leave agreement",
                about: &about,
                bytes: &exact,
                by: &SIGNERS,
                needed: SIGNING,
            },
        )?;
        if !matches!(approval, Approval::Granted { .. }) {
            return Ok(approval);
        }
        let now = self.now();
        let note = AgreementNote { agreement: *id, at: now, reason: reason.to_owned() };
        let act = Act {
            held,
            past: "withdrawn",
            row: leaving_row(self.identity.nation, &note),
            kind: ItemKind::AgreementWithdraw,
            payload: note.to_bytes(),
            about,
            with: self.amendments(&known, held),
        };
        self.enact(&known, act, now)?;
        Ok(approval)
    }

    /// Amendments of an agreement that this nation offered or signed, and that have not ended: who
    /// leaves it is not bound by what would take its place.
    fn amendments<'k>(&self, known: &'k Known, held: &HeldAgreement) -> Vec<&'k HeldAgreement> {
        let own = self.identity.nation;
        let older = |id: &AgreementId| known.policy.agreement(id)?.agreement.supersedes();
        let amends = |other: &HeldAgreement| {
            std::iter::successors(Some(other.row.id), older).skip(1).any(|id| id == held.row.id)
        };
        let all = known.policy.agreements.iter();
        all.filter(|other| !other.has_ended() && amends(other))
            .filter(|other| {
                other.row.offered_by == Some(own) || other.state.signatures().contains_key(&own)
            })
            .collect()
    }

    /// The agreement that a person wants to act on, if they may and it has not ended.
    fn acting<'k>(
        &self,
        actor: &Actor,
        known: &'k Known,
        id: &AgreementId,
        verb: &str,
        reason: &str,
    ) -> Result<&'k HeldAgreement> {
        actor.must_be(&SIGNERS, &format!("{verb} agreements"))?;
        self.must_be_clear()?;
        said(reason, &format!("to {verb} an agreement, say why: the other parties read it"))?;
        let held = known.policy.must_hold(id)?;
        let phase = held.state.phase(self.now());
        if phase.has_ended() {
            return Err(AppError::invalid(format!(
                "{} has ended already: it is {}",
                held.row.code,
                phase.as_str()
            )));
        }
        Ok(held)
    }

    /// Enters an act in our ledger, in the transaction from which on it holds, and tells the
    /// other parties on the most urgent lane, so that none of our releases overtakes it.
    fn enact(&self, known: &Known, act: Act<'_>, now: Timestamp) -> Result<()> {
        let Act { held, past, row, kind, payload, about, with } = act;
        let own = self.identity.nation;
        let record = agreement_record(held.row.id, past, own, now);
        let parties = self.other_parties(known, held.state.parties().iter().copied());
        let leaf = LeafDraft { record: record.clone(), item: None };
        self.record_with(&[leaf], |work, _| {
            work.put_agreement_act(&row)?;
            ground::give_way(work)?;
            for amendment in with {
                self.give_up(work, known, amendment, "the agreement that it amends is left", now)?;
            }
            for node in parties {
                work.put_intent(&IntentRow {
                    id: 0,
                    dst: Some(node),
                    lane: Lane::Flash,
                    kind: Some(kind),
                    payload: payload.clone(),
                    record: record.to_bytes(),
                })?;
            }
            event(work, now, "agreement", about, (None, None))
        })?;
        // The word that it operates again is sequenced before the first release that relies on it.
        let told = if past == "resumed" {
            let _one_at_a_time = lock(&self.ticking);
            self.sequence_intents().map(drop)
        } else {
            Ok(())
        };
        self.reload()?;
        self.settle()?;
        (self.wake)(&WakeUp::Intents);
        told
    }

    /// Decides by the clock what only the clock changes, before anything is decided by it.
    pub(crate) fn keep_time(&self) -> Result<()> {
        let now = self.now();
        if self.known().policy.changes_at.is_some_and(|at| at <= now) {
            self.reload()?;
            self.settle()?;
        }
        Ok(())
    }
}

/// Keeps what a party said of an agreement's standing.
pub(crate) fn act_row(by: NationId, said: &AgreementStanding) -> AgreementActRow {
    let act = match said.act {
        StandingAct::Suspend => "suspend",
        StandingAct::Resume => "resume",
        StandingAct::Notice => "notice",
    };
    AgreementActRow {
        agreement: said.agreement,
        nation: by,
        number: said.number,
        act: act.to_owned(),
        party: said.party,
        at: said.at,
        ends: said.ends,
        reason: said.reason.clone(),
    }
}

/// Keeps that a party left.
pub(crate) fn leaving_row(by: NationId, note: &AgreementNote) -> AgreementActRow {
    AgreementActRow {
        agreement: note.agreement,
        nation: by,
        number: LEAVING,
        act: "withdraw".to_owned(),
        party: None,
        at: note.at,
        ends: None,
        reason: note.reason.clone(),
    }
}

/// What a kept act says; none if it is the party's leaving.
pub(crate) fn standing_of(row: &AgreementActRow) -> Option<AgreementStanding> {
    let act = match row.act.as_str() {
        "suspend" => StandingAct::Suspend,
        "resume" => StandingAct::Resume,
        "notice" => StandingAct::Notice,
        _ => return None,
    };
    Some(AgreementStanding {
        agreement: row.agreement,
        number: row.number,
        act,
        party: row.party,
        at: row.at,
        ends: row.ends,
        reason: row.reason.clone(),
    })
}

fn party_of(held: &HeldAgreement, party: NationCode) -> Result<NationId> {
    held.agreement
        .parties()
        .iter()
        .find(|p| p.nation == party)
        .and_then(|p| p.id)
        .ok_or_else(|| AppError::invalid(format!("{party} is no party to {}", held.row.code)))
}

/// Why there is nothing of ours to take back.
fn not_ours(known: &Known, held: &HeldAgreement, of: Option<NationId>, whom: &str) -> String {
    let code = &held.row.code;
    match held.state.suspended(of) {
        Some((by, _)) => {
            format!("{} suspended {code} {whom}, and only it takes that back", known.name_of(&by))
        }
        None => format!("{code} is not suspended {whom}"),
    }
}
