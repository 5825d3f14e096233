//! Check 11 of an arriving object: the agreements that it cites, as they stand here.

use entente_exchange::agreement::Phase;
use entente_model::item::NackCode;
use entente_model::{AgreementId, NationId, Timestamp};
use entente_store::{Store, Vault, Work};

use super::{Outcome, Verdict};
use crate::error::Result;
use crate::node::{Known, Node};
use crate::policy;

impl<S: Store, V: Vault> Node<S, V> {
    /// The agencies of ours that what comes under an agreement is for: those that it authorises,
    /// and where it names none of this node's, or came in this very bundle, the first, which
    /// receives for the others.
    pub(super) fn received_for(&self, known: &Known, agreement: AgreementId) -> Vec<String> {
        let (own, bodies) = (self.identity.code, &self.identity.bodies);
        let held = known.policy.agreement(&agreement);
        let authorised = held.map(|held| held.agreement.authorised(own, bodies));
        let mut agencies: Vec<String> = authorised.into_iter().flatten().cloned().collect();
        if agencies.is_empty() {
            agencies.extend(bodies.first().cloned());
        }
        agencies.sort_unstable();
        agencies
    }

    /// What becomes of an object that its agreements do not carry here; none if they do. It came
    /// from a nation, which entered it in this leaf of its ledger.
    pub(super) fn unless_agreed(
        &self,
        work: &dyn Work,
        known: &Known,
        (nation, leaf): (NationId, u64),
        agreements: &[AgreementId],
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<Option<Verdict>> {
        for id in agreements {
            // What came earlier in this bundle may have changed where the agreement stands.
            let state = if outcome.reload {
                if !outcome.states.contains_key(id) {
                    let state = policy::state_now(work, &known.nations, id, now)?;
                    outcome.states.insert(*id, state);
                }
                outcome.states.get(id).and_then(Option::as_ref)
            } else {
                known.policy.agreement(id).map(|held| &held.state)
            };
            let Some(state) = state else { return Ok(Some(Verdict::Wait)) };
            let parties = state.parties();
            if !parties.contains(&nation) || !parties.contains(&self.identity.nation) {
                return Ok(Some(Verdict::Refused(NackCode::Agreement)));
            }
            let suspended = [nation, self.identity.nation]
                .into_iter()
                .any(|party| state.suspended(Some(party)).is_some());
            let mut phase = state.phase(now);
            if let Phase::Superseded { by } = phase {
                if !self.sent_before(work, known, by, nation, leaf)? {
                    return Ok(Some(Verdict::Refused(NackCode::Agreement)));
                }
                phase = state.phase_but_for_newer(now);
            }
            match phase {
                Phase::InForce if !suspended => {}
                // It will be complete; until then the item waits (amendment 5).
                Phase::Draft | Phase::Offered | Phase::SignedBy(_) | Phase::Signed => {
                    return Ok(Some(Verdict::Wait));
                }
                // Waiting would block the lane for everything else, perhaps for ever.
                Phase::InForce
                | Phase::Suspended { .. }
                | Phase::Superseded { .. }
                | Phase::Withdrawn { .. }
                | Phase::Terminated { .. }
                | Phase::Expired => {
                    return Ok(Some(Verdict::Refused(NackCode::Agreement)));
                }
            }
        }
        Ok(None)
    }

    /// Whether a party entered something under the older text before it said in its ledger that it
    /// holds the newer one complete: until then the older one bound it.
    fn sent_before(
        &self,
        work: &dyn Work,
        known: &Known,
        newer: AgreementId,
        nation: NationId,
        leaf: u64,
    ) -> Result<bool> {
        let parties = known.policy.agreement(&newer).map(|held| held.state.parties());
        if !parties.is_some_and(|parties| parties.contains(&nation)) {
            return Ok(false);
        }
        Ok(work.activation_leaf(newer, nation)?.is_none_or(|said| leaf < said))
    }
}
