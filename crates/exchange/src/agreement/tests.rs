use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::chain::{Body, Genesis, KeySet, NextRoots, Roots, compose_genesis};
use crate::fixture::{NOW, Seeded, nation};

/// Root key and two authority keys.
static KEYS: LazyLock<[StatementKey; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|i| StatementKey::generate(&mut Seeded(i))));

fn chain() -> ChainState {
    let [root, one, two] = &*KEYS;
    let roots = KeySet::new(vec![root.public()], 1).unwrap();
    let next = NextRoots::of(&roots);
    let genesis = Genesis {
        roots: Roots { keys: roots, next },
        code: "XAR".parse().unwrap(),
        name: "Arvania".to_owned(),
    };
    let first = crate::chain::sign(&compose_genesis(NOW, genesis), &[root]);
    let mut chain = ChainState::start(&first, NOW).unwrap();
    let authority = KeySet::new(vec![one.public(), two.public()], 2).unwrap();
    let stmt = chain.compose(NOW, Body::AuthoritySet(authority), None);
    chain.accept(&crate::chain::sign(&stmt, &[root]), NOW).unwrap();
    chain
}

fn id() -> AgreementId {
    AgreementId::from_array([5; 32])
}

#[test]
fn only_the_authority_signs() {
    let chain = chain();
    let [root, one, two] = &*KEYS;
    let signature = Signature { agreement: id(), nation: chain.nation(), at: NOW };
    let good = sign(&signature, &[one, two]);
    assert_eq!(*verify_signature(&good, &chain, NOW).unwrap().signature(), signature);

    for keys in [&[one][..], &[one, one], &[root, two]] {
        let refused = verify_signature(&sign(&signature, keys), &chain, NOW);
        assert!(matches!(refused, Err(AgreementError::Authority(_))));
    }
    let other = Signature { nation: nation(1), ..signature };
    let refused = verify_signature(&sign(&other, &[one, two]), &chain, NOW);
    assert_eq!(refused, Err(AgreementError::Nation));
    let typed = sign_statement("ent/v1/identity", &signature.to_bytes(), &[one, two]);
    let refused = verify_signature(&typed, &chain, NOW);
    assert!(matches!(refused, Err(AgreementError::Type(_))));
}

fn by(party: u8) -> VerifiedSignature {
    VerifiedSignature(Signature { agreement: id(), nation: nation(party), at: NOW })
}

fn draft() -> AgreementState {
    let parties = [nation(1), nation(2), nation(3)];
    AgreementState::draft(id(), parties, NOW.plus_millis(10), Some(NOW.plus_millis(100)))
}

#[test]
fn a_half_signed_agreement_is_inert() {
    let mut a = draft();
    let later = NOW.plus_millis(50);
    assert_eq!(a.phase(later), Phase::Draft);
    a.offer();
    assert_eq!(a.phase(later), Phase::Offered);
    a.sign(&by(1)).unwrap();
    a.sign(&by(1)).unwrap();
    a.activate(nation(1), NOW).unwrap();
    a.sign(&by(2)).unwrap();
    let two = [nation(1), nation(2)].into();
    assert_eq!(a.phase(later), Phase::SignedBy(two));
    assert!(!a.is_in_force(later) && !a.may_release_to(&nation(1), later));
    assert_eq!(a.sign(&by(4)), Err(AgreementError::NoParty(nation(4))));
    let other = Signature { agreement: AgreementId::from_array([6; 32]), ..by(3).0 };
    assert_eq!(a.sign(&VerifiedSignature(other)), Err(AgreementError::OtherAgreement));

    a.sign(&by(3)).unwrap();
    assert_eq!(a.phase(NOW), Phase::Signed);
    assert_eq!(a.phase(later), Phase::InForce);
    assert!(a.may_release_to(&nation(1), later));
    assert!(!a.may_release_to(&nation(2), later), "it has not said that it holds it complete");
    assert_eq!(a.phase(NOW.plus_millis(100)), Phase::Expired);

    a.withdraw(nation(2), NOW.plus_millis(60)).unwrap();
    let left = Phase::Withdrawn { by: nation(2), at: NOW.plus_millis(60) };
    assert_eq!(a.phase(later), left);
    assert_eq!(a.sign(&by(1)), Err(AgreementError::Ended));
    assert!(!a.may_release_to(&nation(1), later));
}

#[test]
fn an_agreement_without_parties_never_binds() {
    let a = AgreementState::draft(id(), [], NOW, None);
    assert_eq!(a.phase(NOW), Phase::Draft);
}

proptest! {
    /// I7: in force means that every party signed and none left, in whatever order the news came.
    #[test]
    fn force_needs_every_party(news in prop::collection::vec((0..3_u8, 1..5_u8), 0..14)) {
        let mut a = draft();
        let mut signed = BTreeSet::new();
        let mut left = false;
        for (what, party) in news {
            let known = party <= 3;
            match what {
                0 => {
                    prop_assert_eq!(a.sign(&by(party)).is_ok(), known && !left);
                    if known && !left {
                        signed.insert(party);
                    }
                }
                1 => prop_assert_eq!(a.activate(nation(party), NOW).is_ok(), known),
                // Leaving is rare, or nothing would ever be in force.
                _ if party == 4 => prop_assert!(a.withdraw(nation(4), NOW).is_err()),
                _ if party == 3 => {
                    a.withdraw(nation(party), NOW).unwrap();
                    left = true;
                }
                _ => a.offer(),
            }
        }
        prop_assert_eq!(a.is_in_force(NOW.plus_millis(50)), signed.len() == 3 && !left);
        prop_assert!(!a.is_in_force(NOW));
    }
}

fn said(act: StandingAct, number: u64, party: Option<u8>) -> AgreementStanding {
    AgreementStanding {
        agreement: id(),
        number,
        act,
        party: party.map(nation),
        at: NOW.plus_millis(20),
        ends: (act == StandingAct::Notice).then(|| NOW.plus_millis(60)),
        reason: "a breach".to_owned(),
    }
}

fn complete() -> AgreementState {
    let mut a = draft();
    for party in 1..=3 {
        a.sign(&by(party)).unwrap();
        a.activate(nation(party), NOW).unwrap();
    }
    a
}

#[test]
fn a_suspension_stands_until_whoever_spoke_it_takes_it_back() {
    let later = NOW.plus_millis(50);
    let mut a = complete();
    a.stand(nation(1), &said(StandingAct::Suspend, 1, Some(2))).unwrap();
    assert_eq!(a.phase(later), Phase::InForce, "it goes on among the others");
    assert!(!a.may_release_to(&nation(2), later) && a.may_release_to(&nation(3), later));
    assert!(a.suspends(nation(1), Some(nation(2))) && !a.suspends(nation(1), None));

    a.stand(nation(3), &said(StandingAct::Suspend, 1, None)).unwrap();
    let suspended = Phase::Suspended { by: nation(3), at: NOW.plus_millis(20) };
    assert_eq!(a.phase(later), suspended);
    assert!(!a.is_in_force(later) && !a.may_release_to(&nation(3), later));

    // Another party's word does not lift it, nor one that was spoken before.
    a.stand(nation(2), &said(StandingAct::Resume, 9, None)).unwrap();
    a.stand(nation(3), &said(StandingAct::Resume, 1, None)).unwrap();
    assert_eq!(a.phase(later), suspended);
    a.stand(nation(3), &said(StandingAct::Resume, 2, None)).unwrap();
    a.stand(nation(3), &said(StandingAct::Suspend, 1, None)).unwrap();
    assert_eq!(a.phase(later), Phase::InForce);
    a.stand(nation(1), &said(StandingAct::Resume, 2, Some(2))).unwrap();
    assert!(a.may_release_to(&nation(2), later));

    let stranger = AgreementError::NoParty(nation(4));
    assert_eq!(a.stand(nation(4), &said(StandingAct::Suspend, 1, None)), Err(stranger.clone()));
    assert_eq!(a.stand(nation(1), &said(StandingAct::Suspend, 3, Some(4))), Err(stranger));
}

#[test]
fn a_notice_ends_it_on_its_day_and_not_before() {
    let mut a = complete();
    a.stand(nation(2), &said(StandingAct::Notice, 1, None)).unwrap();
    assert_eq!(a.notice(), Some((nation(2), NOW.plus_millis(60))));
    assert_eq!(a.phase(NOW.plus_millis(59)), Phase::InForce);
    assert_eq!(a.changes_after(NOW.plus_millis(50)), Some(NOW.plus_millis(60)));
    let ended = Phase::Terminated { by: nation(2), at: NOW.plus_millis(60) };
    assert_eq!(a.phase(NOW.plus_millis(60)), ended);
    assert!(ended.has_ended());

    // One given for an earlier day counts; one for the past ends it when it is given.
    let past = AgreementStanding { ends: Some(NOW), ..said(StandingAct::Notice, 1, None) };
    a.stand(nation(3), &past).unwrap();
    assert_eq!(a.notice(), Some((nation(3), NOW.plus_millis(20))));
}

proptest! {
    /// News of a life come over several links: what came last must not decide where it stands.
    #[test]
    fn the_order_of_the_news_changes_nothing(
        news in prop::collection::vec((1..=3_u8, 0..3_u8, 1..4_u64, prop::option::of(1..=3_u8)), 0..10),
        swaps in prop::collection::vec((0..10_usize, 0..10_usize), 0..10),
    ) {
        let tell = |news: &[(u8, u8, u64, Option<u8>)]| {
            let mut a = complete();
            for (by, act, number, party) in news {
                let act = StandingAct::from_code(u64::from(*act)).unwrap();
                let party = party.filter(|_| act != StandingAct::Notice);
                a.stand(nation(*by), &said(act, *number, party)).unwrap();
            }
            a
        };
        let mut other = news.clone();
        for (a, b) in swaps {
            if a < other.len() && b < other.len() {
                other.swap(a, b);
            }
        }
        prop_assert_eq!(tell(&news), tell(&other));
    }
}

#[test]
fn a_text_comes_into_force_once_and_what_it_superseded_stays_so() {
    let now = NOW.plus_millis(20);
    let mut new = draft();
    for party in 1..=3 {
        assert!(!new.came_into_force(now), "a signature is missing");
        new.sign(&by(party)).unwrap();
    }
    assert!(new.came_into_force(now) && !new.came_into_force(NOW));
    // Left before any party relied on it, it never did.
    new.withdraw(nation(2), NOW).unwrap();
    assert!(!new.came_into_force(now));
    // A party relied on it, whatever came first.
    new.activate(nation(3), NOW).unwrap();
    assert!(new.came_into_force(now));

    let mut old = complete();
    let by = AgreementId::from_array([7; 32]);
    old.supersede(by);
    assert_eq!(old.phase(now), Phase::Superseded { by });
    assert!(old.phase(now).has_ended() && !old.is_in_force(now));
    assert_eq!(old.phase_but_for_newer(now), Phase::InForce);
    old.withdraw(nation(1), NOW).unwrap();
    assert_eq!(old.phase(now), Phase::Withdrawn { by: nation(1), at: NOW });
}

#[test]
fn suspensions_and_notices_go_over_to_the_newer_text_until_they_are_taken_back_there() {
    let mut old = complete();
    old.stand(nation(2), &said(StandingAct::Suspend, 4, None)).unwrap();
    old.stand(nation(2), &said(StandingAct::Suspend, 5, Some(3))).unwrap();
    old.stand(nation(1), &said(StandingAct::Suspend, 1, None)).unwrap();
    old.stand(nation(1), &said(StandingAct::Resume, 2, None)).unwrap();
    let mut new = complete();
    new.take_over(&old);
    assert!(new.suspends(nation(2), None) && new.suspends(nation(2), Some(nation(3))));
    assert!(!new.suspends(nation(1), None), "it was taken back before");
    new.stand(nation(2), &said(StandingAct::Resume, 1, None)).unwrap();
    new.take_over(&old);
    assert!(!new.suspends(nation(2), None), "its own word counts");
    assert!(new.suspends(nation(2), Some(nation(3))));

    old.stand(nation(3), &said(StandingAct::Notice, 1, None)).unwrap();
    new.take_over(&old);
    assert_eq!(new.notice(), old.notice());
    // An end before its first day is no beginning.
    let parties = new.parties().iter().copied();
    let mut later = AgreementState::draft(id(), parties, NOW.plus_millis(1000), None);
    for party in 1..=3 {
        later.sign(&by(party)).unwrap();
    }
    assert!(later.came_into_force(NOW.plus_millis(2000)));
    later.take_over(&old);
    assert!(!later.came_into_force(NOW.plus_millis(2000)));
}
