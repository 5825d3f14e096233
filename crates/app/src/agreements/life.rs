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
use entente_store::{Store, Vault, Work};

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

/// An act about an agreement that may be put to two persons.
pub(crate) struct Exact<'k> {
    held: &'k HeldAgreement,
    what: What,
    /// How the approvals name it.
    pub(crate) kind: String,
    /// The exact bytes that are approved: the same at whatever moment and after whatever other act.
    pub(crate) bytes: Vec<u8>,
    /// What it is about, in words.
    pub(crate) about: String,
}

/// What is said to the other parties.
enum What {
    Standing(AgreementStanding),
    Leaving(AgreementNote),
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
        what: (StandingAct, Option<NationCode>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Approval> {
        let known = self.known();
        let exact = self.exact_standing(actor, &known, id, what, reason)?;
        self.carry_out(actor, &known, exact)
    }

    /// An act about an agreement's standing, if it can be done.
    pub(crate) fn exact_standing<'k>(
        &self,
        actor: &Actor,
        known: &'k Known,
        id: &AgreementId,
        (act, party, ends): (StandingAct, Option<NationCode>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Exact<'k>> {
        let verb = verb_of(act);
        let held = self.acting(actor, known, id, verb, reason)?;
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
                return Err(AppError::invalid(not_ours(known, held, of, &whom)));
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
        let said = AgreementStanding {
            agreement: *id,
            number: 0,
            act,
            party: of,
            at: Timestamp::from_millis(0),
            ends,
            reason: reason.to_owned(),
        };
        let kind = format!("{verb} agreement");
        Ok(Exact { held, bytes: said.to_bytes(), what: What::Standing(said), kind, about })
    }

    /// Leaves an agreement, by two persons. From its place in our ledger on nothing goes out
    /// under it.
    pub fn withdraw(&self, actor: &Actor, id: &AgreementId, reason: &str) -> Result<Approval> {
        let known = self.known();
        let exact = self.exact_leaving(actor, &known, id, reason)?;
        self.carry_out(actor, &known, exact)
    }

    /// The leaving of an agreement, if it can be left.
    pub(crate) fn exact_leaving<'k>(
        &self,
        actor: &Actor,
        known: &'k Known,
        id: &AgreementId,
        reason: &str,
    ) -> Result<Exact<'k>> {
        let held = self.acting(actor, known, id, "leave", reason)?;
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend_from_slice(reason.as_bytes());
        let at = Timestamp::from_millis(0);
        let what = What::Leaving(AgreementNote { agreement: *id, at, reason: reason.to_owned() });
        let about = format!("leave {}: {reason}", held.row.code);
        Ok(Exact { held, what, kind: "leave agreement".to_owned(), bytes, about })
    }

    fn carry_out(&self, actor: &Actor, known: &Known, exact: Exact<'_>) -> Result<Approval> {
        let approval = self.approve(
            actor,
            &people::Act {
                kind: &exact.kind,
                about: &exact.about,
                bytes: &exact.bytes,
                by: &SIGNERS,
                needed: SIGNING,
            },
        )?;
        if matches!(approval, Approval::Granted { .. }) {
            self.enact(known, exact, self.now())?;
        }
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
        actor.must_act_as(&SIGNERS, &format!("{verb} agreements"))?;
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
    fn enact(&self, known: &Known, exact: Exact<'_>, now: Timestamp) -> Result<()> {
        let Exact { held, what, about, .. } = exact;
        let own = self.identity.nation;
        let (past, with) = match &what {
            What::Standing(said) => (past_of(said.act), Vec::new()),
            What::Leaving(_) => ("withdrawn", self.amendments(known, held)),
        };
        let record = agreement_record(held.row.id, past, own, now);
        let parties = self.other_parties(known, held.state.parties().iter().copied());
        let leaf = LeafDraft { record: record.clone(), item: None };
        self.record_with(&[leaf], |work, _| {
            let (row, kind, payload) = match &what {
                What::Standing(said) => {
                    let number = next_number(work, own, said.agreement)?;
                    let said = AgreementStanding { number, at: now, ..said.clone() };
                    (act_row(own, &said), ItemKind::AgreementStanding, said.to_bytes())
                }
                What::Leaving(note) => {
                    let note = AgreementNote { at: now, ..note.clone() };
                    (leaving_row(own, &note), ItemKind::AgreementWithdraw, note.to_bytes())
                }
            };
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
        let told = if past == past_of(StandingAct::Resume) {
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

/// What a person does.
const fn verb_of(act: StandingAct) -> &'static str {
    match act {
        StandingAct::Suspend => "suspend",
        StandingAct::Resume => "resume",
        StandingAct::Notice => "terminate",
    }
}

/// How the record and the item name what was done.
const fn past_of(act: StandingAct) -> &'static str {
    match act {
        StandingAct::Suspend => "suspended",
        StandingAct::Resume => "resumed",
        StandingAct::Notice => "notice given",
    }
}

/// The number of a party's next act about an agreement.
fn next_number(work: &dyn Work, by: NationId, agreement: AgreementId) -> Result<u64> {
    let acts = work.agreement_acts(agreement)?;
    let newest = acts.iter().filter(|row| row.nation == by).map(|row| row.number).max();
    Ok(newest.unwrap_or(LEAVING) + 1)
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
