//! Texts of one code: which is an amendment of which, and which of them counts.
//!
//! An amendment names the digest of the text that it supersedes. That text is in force until every
//! signature of the amendment is held here and its first day has come; from then on it is
//! superseded, for ever, whatever becomes of the amendment (decision 35). It stays among what binds:
//! what was received under it keeps its terms.

use std::collections::BTreeMap;

use entente_exchange::agreement::Phase;
use entente_law::rules::AgreementStatus;
use entente_model::{AgreementId, Timestamp};

use crate::policy::HeldAgreement;

/// Puts the texts of one code in relation: suspensions and notices of the older are taken over,
/// and what a newer one replaced is superseded.
pub(crate) fn relate(agreements: &mut [HeldAgreement], now: Timestamp) {
    let places: BTreeMap<AgreementId, usize> =
        agreements.iter().enumerate().map(|(place, held)| (held.row.id, place)).collect();
    let older = |agreements: &[HeldAgreement], place: usize| {
        let supersedes = agreements.get(place)?.agreement.supersedes()?;
        places.get(&supersedes).copied()
    };
    // The oldest first: what it is superseded by takes over what it took over itself. A text holds
    // the digest of the one before, so no chain of them leads back to its start.
    let mut order: Vec<(usize, usize)> = (0..agreements.len())
        .map(|place| {
            let chain = std::iter::successors(Some(place), |at| older(agreements, *at));
            (chain.count(), place)
        })
        .collect();
    order.sort_unstable();
    for (_, place) in order {
        let Some(before) = older(agreements, place) else { continue };
        let before_state = agreements.get(before).map(|held| held.state.clone());
        let was_superseded = agreements.get(before).is_some_and(|h| h.row.status == "superseded");
        let Some(newer) = agreements.get_mut(place) else { continue };
        if let (false, Some(state)) = (newer.agreement.begins_afresh(), before_state) {
            newer.state.take_over(&state);
        }
        let by = newer.row.id;
        // What was superseded once stays so, even if the newer text turns out to have been left
        // by a party before we held it complete.
        if newer.state.came_into_force(now) || (was_superseded && newer.state.is_complete()) {
            let chain: Vec<usize> =
                std::iter::successors(Some(before), |at| older(agreements, *at)).collect();
            for replaced in chain {
                if let Some(held) = agreements.get_mut(replaced) {
                    held.state.supersede(by);
                }
            }
        }
    }
}

/// What each agreement is to the rules; none for what binds nobody.
pub(crate) fn standings(
    agreements: &[HeldAgreement],
    now: Timestamp,
) -> Vec<Option<AgreementStatus>> {
    let mut standings: Vec<Option<AgreementStatus>> = agreements
        .iter()
        .map(|held| {
            let phase = held.state.phase(now);
            let amends = held.agreement.supersedes();
            let waits = phase == Phase::Signed
                && agreements.iter().any(|other| Some(other.row.id) == amends);
            // What was never complete binds nobody, and an amendment begins on its first day; what
            // has ended still protects what it covered (survival), so it stays.
            (held.state.is_complete() && !waits).then(|| status(&phase))
        })
        .collect();
    // Nobody signs two texts of one code of which neither supersedes the other. Should it be so all
    // the same, neither carries anything, and the node runs.
    for (place, held) in agreements.iter().enumerate() {
        let operates = |standing: &Option<AgreementStatus>| {
            standing.is_some_and(|status| status != AgreementStatus::Terminated)
        };
        let of_code: Vec<usize> = agreements
            .iter()
            .zip(&standings)
            .enumerate()
            .filter(|(_, (other, standing))| other.row.code == held.row.code && operates(standing))
            .map(|(place, _)| place)
            .collect();
        if of_code.len() > 1 && of_code.first() == Some(&place) {
            for doubtful in of_code {
                if let Some(standing) = standings.get_mut(doubtful) {
                    *standing = Some(AgreementStatus::Terminated);
                }
            }
        }
    }
    standings
}

fn status(phase: &Phase) -> AgreementStatus {
    match phase {
        Phase::Suspended { .. } => AgreementStatus::Suspended,
        Phase::Superseded { .. }
        | Phase::Withdrawn { .. }
        | Phase::Terminated { .. }
        | Phase::Expired => AgreementStatus::Terminated,
        // Before its first day the rules themselves find it not in force.
        Phase::Draft | Phase::Offered | Phase::SignedBy(_) | Phase::Signed | Phase::InForce => {
            AgreementStatus::InForce
        }
    }
}
