//! Suspending a nation: from its place in our ledger on, nothing of ours goes there.
//!
//! The act is a statement of our identity chain, so every other nation learns of it and stops
//! passing on to the suspended one what it holds of ours; grants that would let it receive, or
//! pass on, are void (decision 15). It is lifted by introducing the nation anew.

use entente_exchange::chain::{self, Body, ChainState, PeerStanding, PeerSuspend};
use entente_law::case::Subject;
use entente_model::codec::Wire;
use entente_model::item::ItemKind;
use entente_model::record::RecordKind;
use entente_model::{NationCode, NationId, Timestamp};
use entente_seal::statement::SignedStatement;
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::ground;
use crate::node::{Known, Node, WakeUp, event};
use crate::people::{Act, Actor, Approval, Role};
use crate::said::said;

/// Two persons suspend a nation.
const SUSPENDING: usize = 2;
/// Who may suspend one.
const SUSPENDERS: [Role; 3] = [Role::SecurityOfficer, Role::ReleaseOfficer, Role::LegalAdviser];
/// Queued items that are looked through for those to a suspended nation.
const INTENTS_MAX: u64 = 1 << 20;

/// What is still entered in our ledger for a suspended nation: that we take back what it holds,
/// what we did about its own recalls, receipts, and that agreements with it no longer operate.
pub(crate) const fn goes_all_the_same(kind: ItemKind) -> bool {
    match kind {
        ItemKind::Recall
        | ItemKind::RecallEffect
        | ItemKind::Receipt
        | ItemKind::AgreementWithdraw
        | ItemKind::AgreementStanding => true,
        ItemKind::Object
        | ItemKind::OnwardRequest
        | ItemKind::OnwardDecision
        | ItemKind::AgreementPropose
        | ItemKind::AgreementCounter
        | ItemKind::AgreementSign
        | ItemKind::LaneHead
        | ItemKind::FactTold
        | ItemKind::AgreementActivated => false,
    }
}

/// A statement of our own chain that has yet to be kept.
pub(crate) struct OwnStatement {
    /// The chain with it.
    pub(crate) chain: ChainState,
    signed: Vec<u8>,
}

impl OwnStatement {
    /// Keeps it, unless another took its place in the chain meanwhile: two would be a fork.
    pub(crate) fn keep(&self, work: &mut dyn Work) -> Result<()> {
        let (nation, seq) = (self.chain.nation(), self.chain.head().0);
        if !work.statements(nation, seq)?.is_empty() {
            return Err(AppError::Operator(
                "our identity chain grew while this was being signed: try again".to_owned(),
            ));
        }
        Ok(work.put_statement(nation, seq, &self.signed)?)
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Signs the next statement of our own chain.
    pub(crate) fn own_statement(&self, body: Body, now: Timestamp) -> Result<OwnStatement> {
        let known = self.known();
        let own = known
            .nation(&self.identity.nation)
            .ok_or_else(|| AppError::Operator("this node does not know itself".to_owned()))?;
        let mut chain = own.chain.clone();
        // Our clock may have run ahead when the last statement was made; none may be older.
        let at = now.max(chain.at());
        let statement = chain.compose(at, body, None);
        let signed = self.keys.sign_statement(chain::STATEMENT_TYPE, statement.to_bytes())?;
        chain
            .accept(&SignedStatement::from_bytes(&signed)?, at)
            .map_err(|e| AppError::Operator(format!("our own statement does not hold: {e}")))?;
        Ok(OwnStatement { chain, signed })
    }

    /// Suspends a nation, by two persons.
    pub fn suspend_nation(
        &self,
        actor: &Actor,
        code: NationCode,
        reason: &str,
    ) -> Result<Approval> {
        actor.must_act_as(&SUSPENDERS, "suspend nations")?;
        self.must_be_clear()?;
        let reason = said(reason, "to suspend a nation, say why: every other nation reads it")?;
        let known = self.known();
        let nation =
            known.by_code(code).ok_or_else(|| AppError::NotFound(format!("the nation {code}")))?;
        if nation.row.status != "accepted" {
            return Err(AppError::invalid(format!(
                "{code} is {}, and only a nation that is recognised can be suspended",
                nation.row.status
            )));
        }
        let id = nation.row.nation;
        let mut act = id.as_bytes().to_vec();
        act.extend_from_slice(reason.as_bytes());
        let about = format!("suspend {code}: {reason}");
        let approval = self.approve(
            actor,
            &Act {
                kind: "suspend nation",
                about: &about,
                bytes: &act,
                by: &SUSPENDERS,
                needed: SUSPENDING,
            },
        )?;
        let Approval::Granted { approvers, .. } = &approval else { return Ok(approval) };

        let now = self.now();
        let suspend = PeerSuspend { nation: id, evidence: None, reason: reason.to_owned() };
        let statement = self.own_statement(Body::PeerSuspend(suspend), now)?;
        let leaf = self.note(
            RecordKind::Identity,
            now,
            "nation suspended",
            &approvers.join(", "),
            &about,
            Some(statement.chain.head().1),
        );
        let mut row = nation.row.clone();
        "suspended".clone_into(&mut row.status);
        row.at = now;
        self.record_with(&[leaf], |work, _| {
            statement.keep(work)?;
            work.put_peer(&row)?;
            ground::give_way(work)?;
            // What was queued for it, and not sequenced, is not: a grant, a proposal, a signature.
            for intent in work.intents(INTENTS_MAX)? {
                let there = intent.dst.is_some_and(|dst| nation.chain.node(&dst).is_some());
                if there && !intent.kind.is_some_and(goes_all_the_same) {
                    work.drop_intent(intent.id)?;
                }
            }
            event(work, now, "alarm", format!("{code} is suspended: {reason}"), (None, Some(id)))
        })?;
        self.reload()?;
        (self.wake)(&WakeUp::Intents);
        Ok(approval)
    }
}

impl Known {
    /// Of the nations whose information a release would carry, one that has suspended its
    /// recipient.
    pub(crate) fn suspended_by_origin(
        &self,
        subject: &Subject<'_>,
        to: NationId,
        now: Timestamp,
    ) -> Option<NationCode> {
        let sources = subject.facts.provenance.iter().map(|source| source.nation);
        [subject.originator].into_iter().chain(sources).find(|code| {
            let source = self.by_code(*code).map(|nation| &nation.chain);
            source.is_some_and(|chain| {
                matches!(chain.peer(&to, now), Some(PeerStanding::Suspended(_)))
            })
        })
    }
}
