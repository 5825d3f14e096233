use std::sync::LazyLock;

use entente_seal::sign::LogKey;
use proptest::prelude::*;

use super::*;
use crate::fixture::{NOW, Seeded, nation, node};

/// Keys 0–2 root, 3–5 next root, 6–8 authority, 9–11 roots after next.
static KEYS: LazyLock<Vec<StatementKey>> =
    LazyLock::new(|| (0..12).map(|i| StatementKey::generate(&mut Seeded(1000 + i))).collect());

fn set(range: std::ops::Range<usize>, threshold: u8) -> KeySet {
    KeySet::new(KEYS[range].iter().map(StatementKey::public).collect(), threshold).unwrap()
}

fn signed(stmt: &IdStmt, keys: &[usize]) -> SignedStatement {
    sign(stmt, &keys.iter().map(|i| &KEYS[*i]).collect::<Vec<_>>())
}

fn genesis() -> IdStmt {
    let roots = Roots { keys: set(0..3, 2), next: NextRoots::of(&set(3..6, 2)) };
    let code = "XAR".parse().unwrap();
    compose_genesis(NOW, Genesis { roots, code, name: "Arvania".to_owned() })
}

fn started() -> ChainState {
    ChainState::start(&signed(&genesis(), &[0, 1, 2]), NOW).unwrap()
}

/// With a 2-of-3 authority.
fn with_authority() -> ChainState {
    let mut chain = started();
    say(&mut chain, Body::AuthoritySet(set(6..9, 2)), &[0, 1]).unwrap();
    chain
}

fn say(chain: &mut ChainState, body: Body, keys: &[usize]) -> Result<Accepted, ChainError> {
    let stmt = chain.compose(NOW, body, None);
    chain.accept(&signed(&stmt, keys), NOW)
}

fn freeze() -> Body {
    Body::Freeze(Reason("test".to_owned()))
}

fn spec(chain: &ChainState) -> NodeSpec {
    NodeSpec {
        label: "mod-1".to_owned(),
        origin: format!("ent1/{}/mod-1/1", chain.nation()),
        log: LogKey::generate(&mut Seeded(5)).public(),
        witness: LogKey::generate(&mut Seeded(6)).public(),
        endpoints: vec!["https://node.example:8443/ent/v1".to_owned()],
        suites: vec![1],
        accreditation: 3,
        bodies: vec!["MOD-INT".to_owned()],
        media_types: vec![],
        witnesses: WitnessPolicy { nodes: vec![node(1), node(2)], quorum: 1 },
    }
}

fn kem_key(seed: u64, from: u64, to: u64, air_gap: bool) -> KemKey {
    KemKey {
        public: entente_seal::wrap::KemKey::generate(&mut Seeded(seed)).public(),
        not_before: NOW.plus_millis(from),
        not_after: NOW.plus_millis(to),
        air_gap,
    }
}

#[test]
fn a_nation_is_the_digest_of_its_first_statement() {
    let chain = started();
    assert_eq!(chain.nation(), nation_id(&genesis().to_bytes()));
    assert_eq!((chain.code().as_str(), chain.name()), ("XAR", "Arvania"));
    assert_eq!(chain.head(), (0, statement_digest(&genesis().to_bytes())));

    let start = |stmt: &IdStmt, keys: &[usize]| ChainState::start(&signed(stmt, keys), NOW);
    assert!(matches!(start(&genesis(), &[0, 1]), Err(ChainError::Threshold { got: 2, .. })));
    let later = IdStmt { seq: 1, ..genesis() };
    assert!(matches!(start(&later, &[0, 1, 2]), Err(ChainError::Genesis)));
    let owned = IdStmt { nation: Some(nation(1)), ..genesis() };
    assert!(matches!(start(&owned, &[0, 1, 2]), Err(ChainError::Genesis)));
    let other = sign_statement("ent/v1/agreement", &genesis().to_bytes(), &[&KEYS[0]]);
    assert!(matches!(ChainState::start(&other, NOW), Err(ChainError::Type(_))));
}

#[test]
fn each_kind_needs_its_own_role() {
    let chain = with_authority();
    let reason = || Reason("r".to_owned());
    let peer = nation(7);
    let revoke_key =
        Revoke { what: Revoked::Key(KEYS[6].id()), trusted_until: None, reason: String::new() };
    let oversight = Oversight {
        keys: set(9..12, 2),
        kem: Some(kem_key(1, 0, 1, false).public),
        mirror: None,
        mandate: "Oversight Act 12".to_owned(),
    };
    let (root, authority) = ([0, 2], [6, 8]);
    let cases: Vec<(Body, &[usize])> = vec![
        (Body::AuthoritySet(set(6..8, 1)), &root),
        (Body::OversightSet(oversight), &root),
        (Body::Unfreeze(reason()), &root),
        (Body::Revoke(revoke_key), &root),
        (Body::NodeAdd(spec(&chain)), &authority),
        (
            Body::PeerAccept(PeerAccept {
                nation: peer,
                head: (0, NO_PREVIOUS),
                scope: "all".to_owned(),
            }),
            &authority,
        ),
        (
            Body::PeerSuspend(PeerSuspend { nation: peer, evidence: None, reason: String::new() }),
            &authority,
        ),
    ];
    for (body, keys) in cases {
        let kind = body.kind();
        let mut yes = chain.clone();
        assert_eq!(say(&mut yes, body.clone(), keys), Ok(Accepted::Extended(kind)), "{kind:?}");
        let wrong: &[usize] = if keys == root { &authority } else { &root };
        for keys in [&keys[..1], wrong, &[3, 4, 5]] {
            let mut no = chain.clone();
            let refused = say(&mut no, body.clone(), keys);
            assert!(matches!(refused, Err(ChainError::Threshold { .. })), "{kind:?} {keys:?}");
            assert_eq!(no.head(), chain.head());
        }
    }
}

#[test]
fn one_key_that_signs_twice_counts_once() {
    let mut chain = started();
    let stmt = chain.compose(NOW, Body::AuthoritySet(set(6..9, 2)), None);
    let refused = chain.accept(&signed(&stmt, &[0, 0, 0]), NOW);
    let threshold = ChainError::Threshold { role: Role::Root, got: 1, needed: 2 };
    assert_eq!(refused, Err(threshold));
    // Nor can a set hold one key twice, or two that share a half.
    let key = KEYS[0].public();
    let mixed = StatementPublic { mldsa65: KEYS[1].public().mldsa65, ..key.clone() };
    for keys in [vec![key.clone(), key.clone()], vec![key.clone(), mixed]] {
        assert_eq!(KeySet::new(keys, 1), None);
    }
    assert_eq!(KeySet::new(vec![key.clone()], 0), None);
    assert_eq!(KeySet::new(vec![key], 2), None);
}

#[test]
fn one_custodian_can_freeze_and_only_the_root_unfreezes() {
    let mut chain = with_authority();
    say(&mut chain, freeze(), &[2]).unwrap();
    assert_eq!(chain.standing(), ChainStanding::Frozen);
    let unfreeze = Body::Unfreeze(Reason(String::new()));
    assert!(say(&mut chain, unfreeze.clone(), &[2]).is_err());
    say(&mut chain, unfreeze, &[1, 2]).unwrap();
    assert_eq!(chain.standing(), ChainStanding::Good);
}

#[test]
fn roots_change_only_to_the_committed_ones() {
    let chain = with_authority();
    let after = NextRoots::of(&set(9..12, 3));
    let planned = Roots { keys: set(3..6, 2), next: after.clone() };
    let rotate = Body::RootRotate(planned.clone());

    let mut rotated = chain.clone();
    assert!(say(&mut rotated, rotate.clone(), &[0, 1]).is_err(), "old keys alone");
    assert!(say(&mut rotated, rotate.clone(), &[3, 4]).is_err(), "new keys alone");
    say(&mut rotated, rotate, &[0, 1, 3, 4]).unwrap();
    assert!(say(&mut rotated, freeze(), &[0]).is_err(), "an old key");
    say(&mut rotated, freeze(), &[5]).unwrap();
    assert!(rotated.authority(NOW).is_some());

    // A thief of the current keys cannot choose the next ones.
    let stolen = Roots { keys: set(9..12, 2), next: after };
    let refused = say(&mut chain.clone(), Body::RootRotate(stolen), &[0, 1, 9, 10]);
    assert_eq!(refused, Err(ChainError::NotCommitted));
    let lower = Roots { keys: set(3..6, 1), next: planned.next.clone() };
    let refused = say(&mut chain.clone(), Body::RootRecover(lower), &[3]);
    assert_eq!(refused, Err(ChainError::NotCommitted));

    let mut recovered = chain;
    say(&mut recovered, Body::RootRecover(planned), &[3, 5]).unwrap();
    assert_eq!(recovered.standing(), ChainStanding::RecoveryUnconfirmed);
    assert_eq!(recovered.authority(NOW), None);
    recovered.confirm_recovery();
    assert_eq!(recovered.standing(), ChainStanding::Good);
}

#[test]
fn a_second_statement_in_one_place_is_a_fork_if_it_is_valid() {
    let mut chain = with_authority();
    let before = chain.clone();
    say(&mut chain, Body::NodeAdd(spec(&before)), &[6, 7]).unwrap();
    // Meanwhile the authority changed, but the old place is judged by the keys of its time.
    say(&mut chain, Body::AuthoritySet(set(9..12, 2)), &[0, 1]).unwrap();

    let other =
        before.compose(NOW, Body::NodeAdd(NodeSpec { accreditation: 4, ..spec(&before) }), None);
    for keys in [&[6][..], &[9, 10]] {
        let refused = chain.accept(&signed(&other, keys), NOW);
        assert!(matches!(refused, Err(ChainError::Threshold { .. })));
        assert_eq!(chain.standing(), ChainStanding::Good, "anyone can write an invalid one");
    }
    let fork = Fork {
        seq: 2,
        held: chain.digest_at(2).unwrap(),
        other: statement_digest(&other.to_bytes()),
    };
    assert_eq!(chain.accept(&signed(&other, &[7, 8]), NOW), Err(ChainError::Fork { fork }));
    assert_eq!(chain.standing(), ChainStanding::Forked(fork));
    assert_eq!(say(&mut chain, freeze(), &[0]), Err(ChainError::Forked));
}

/// I9: ML-DSA signatures differ each time, and a statement is the same statement.
#[test]
fn signature_bytes_decide_nothing() {
    let mut chain = started();
    let stmt = chain.compose(NOW, Body::AuthoritySet(set(6..9, 2)), None);
    let (one, two) = (signed(&stmt, &[0, 1]), signed(&stmt, &[1, 2]));
    assert_ne!(one.sigs, two.sigs);
    assert_eq!(chain.accept(&one, NOW), Ok(Accepted::Extended(IdKind::AuthoritySet)));
    assert_eq!(chain.accept(&two, NOW), Ok(Accepted::Known));
}

#[test]
fn what_ends_lapses_but_keeps_its_place() {
    let mut chain = started();
    let end = NOW.plus_millis(1000);
    let stmt = chain.compose(NOW, Body::AuthoritySet(set(6..9, 2)), Some(end));
    // Somebody who reads the chain long after can still follow it.
    let late = NOW.plus_millis(1 << 40);
    chain.accept(&signed(&stmt, &[0, 1]), late).unwrap();
    assert!(chain.authority(NOW).is_some() && chain.authority(end).is_none());

    let in_time = chain.compose(NOW.plus_millis(999), Body::NodeAdd(spec(&chain)), None);
    let mut yes = chain.clone();
    yes.accept(&signed(&in_time, &[6, 7]), late).unwrap();
    let too_late = chain.compose(end, Body::NodeAdd(spec(&chain)), None);
    let refused = chain.accept(&signed(&too_late, &[6, 7]), late);
    assert_eq!(refused, Err(ChainError::NoRole { role: Role::Authority }));

    let lasting = chain.compose(NOW, freeze(), Some(end));
    let refused = chain.accept(&signed(&lasting, &[0]), NOW);
    assert_eq!(refused, Err(ChainError::MayNotLapse { kind: IdKind::Freeze }));
    for (at, expires) in [
        (Timestamp::from_millis(NOW.millis() - 1), None),
        (NOW.plus_millis(AHEAD_MILLIS_MAX + 1), None),
        (NOW, Some(NOW)),
    ] {
        let stmt = chain.compose(at, Body::AuthoritySet(set(6..9, 2)), expires);
        let refused = chain.accept(&signed(&stmt, &[0, 1]), NOW);
        assert_eq!(refused, Err(ChainError::Time { seq: 2 }));
    }
}

#[test]
fn a_node_has_an_id_a_description_and_keys_until_it_is_revoked() {
    let mut chain = with_authority();
    let elsewhere = NodeSpec { origin: format!("ent1/{}/mod-1/1", nation(1)), ..spec(&chain) };
    let refused = say(&mut chain, Body::NodeAdd(elsewhere), &[6, 7]);
    assert_eq!(refused, Err(ChainError::Origin));

    let stmt = chain.compose(NOW, Body::NodeAdd(spec(&chain)), None);
    chain.accept(&signed(&stmt, &[6, 7]), NOW).unwrap();
    let id = node_id(&stmt.to_bytes());
    assert_eq!(chain.node(&id).unwrap().spec, spec(&chain));

    let kem =
        vec![kem_key(1, 0, 1000, false), kem_key(2, 500, 2000, false), kem_key(3, 0, 9000, true)];
    let keys = NodeKeys { node: id, tls_pins: vec![NO_PREVIOUS], kem: kem.clone() };
    say(&mut chain, Body::NodeKeys(keys), &[7, 8]).unwrap();
    let used = |chain: &ChainState, at: u64| {
        let node = chain.node(&id).unwrap();
        let key = node.kem_key(NOW.plus_millis(at)).cloned();
        kem.iter().position(|k| Some(k) == key.as_ref())
    };
    let chosen = [0, 499, 500, 1999, 2000, 9000].map(|at| used(&chain, at));
    assert_eq!(chosen, [Some(0), Some(0), Some(1), Some(1), Some(2), None]);
    assert_eq!(chain.node(&id).unwrap().air_gap_key(NOW), Some(&kem[2]));

    let moved = NodeSpec { endpoints: vec![], ..spec(&chain) };
    let change = NodeChange { node: id, spec: moved.clone() };
    say(&mut chain, Body::NodeUpdate(change), &[6, 8]).unwrap();
    assert_eq!(chain.node(&id).unwrap().spec, moved);
    assert!(chain.node(&id).unwrap().keys(NOW).is_some());

    let revoke = Body::Revoke(Revoke {
        what: Revoked::Node(id),
        trusted_until: Some((10, NO_PREVIOUS)),
        reason: "stolen".to_owned(),
    });
    // The root may act against a thief of the authority's keys.
    say(&mut chain, revoke.clone(), &[0, 1]).unwrap();
    assert_eq!(chain.node(&id), None);
    assert!(chain.nodes().next().unwrap().1.keys(NOW).is_none());
    assert_eq!(say(&mut chain, revoke, &[6, 7]), Err(ChainError::Node));
}

#[test]
fn a_revoked_authority_key_no_longer_counts() {
    let mut chain = with_authority();
    let key = KEYS[6].id();
    let what = Revoked::Key(key);
    let revoke = Body::Revoke(Revoke { what, trusted_until: None, reason: String::new() });
    say(&mut chain, revoke, &[0, 1]).unwrap();
    assert!(chain.is_revoked(&key));
    let add = Body::NodeAdd(spec(&chain));
    assert!(say(&mut chain, add.clone(), &[6, 7]).is_err());
    say(&mut chain, add, &[7, 8]).unwrap();
}

#[test]
fn recognition_of_another_nation_has_a_time() {
    let mut chain = with_authority();
    let other = nation(9);
    let accept = PeerAccept { nation: other, head: (3, NO_PREVIOUS), scope: String::new() };
    let end = NOW.plus_millis(10);
    let stmt = chain.compose(NOW, Body::PeerAccept(accept.clone()), Some(end));
    chain.accept(&signed(&stmt, &[6, 7]), NOW).unwrap();
    assert_eq!(chain.peer(&other, NOW), Some(&PeerStanding::Accepted(accept)));
    assert_eq!(chain.peer(&other, end), None);
}

#[test]
fn an_unknown_kind_is_refused() {
    let chain = started();
    let stmt = chain.compose(NOW, freeze(), None);
    let bytes = stmt.to_bytes();
    // The kind stands before the body, which is a byte string of 6 bytes, and the absent end.
    let at = bytes.len() - 1 - 7 - 1;
    assert_eq!(bytes[at], IdKind::Freeze.code());
    for kind in [13, 14, 23] {
        let mut unknown = bytes.clone();
        unknown[at] = kind;
        assert!(IdStmt::from_bytes(&unknown).is_err());
    }
}

#[test]
fn the_largest_statement_fits() {
    let keys = |n: u64| {
        let keys = (0..7).map(|i| StatementKey::generate(&mut Seeded(n + i))).collect::<Vec<_>>();
        let set = KeySet::new(keys.iter().map(StatementKey::public).collect(), 7).unwrap();
        (keys, set)
    };
    let ((old, old_set), (new, new_set)) = (keys(0), keys(100));
    let roots = Roots { keys: old_set, next: NextRoots::of(&new_set) };
    let code = "XAR".parse().unwrap();
    let name = "Arvania".to_owned();
    let genesis = compose_genesis(NOW, Genesis { roots, code, name });
    let old: Vec<&StatementKey> = old.iter().collect();
    let mut chain = ChainState::start(&sign(&genesis, &old), NOW).unwrap();
    let rotate = Roots { keys: new_set.clone(), next: NextRoots::of(&new_set) };
    let stmt = chain.compose(NOW, Body::RootRotate(rotate), None);
    let both: Vec<&StatementKey> = old.into_iter().chain(&new).collect();
    let bytes = sign(&stmt, &both).to_bytes();
    chain.accept(&SignedStatement::from_bytes(&bytes).unwrap(), NOW).unwrap();
}

/// One attempt to extend a chain.
#[derive(Debug, Clone)]
struct Attempt {
    signers: Vec<usize>,
    seq_offset: i64,
    prev_right: bool,
    by_authority: bool,
    salt: u8,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let signers = prop::collection::vec(0..9_usize, 1..5);
    let offset = prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1)];
    (signers, offset, prop::bool::weighted(0.9), any::<bool>(), any::<u8>()).prop_map(
        |(signers, seq_offset, prev_right, by_authority, salt)| Attempt {
            signers,
            seq_offset,
            prev_right,
            by_authority,
            salt,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// I33, against a plain reading of the rule.
    #[test]
    fn only_the_next_statement_with_enough_distinct_keys_is_accepted(
        attempts in prop::collection::vec(attempt(), 1..8),
    ) {
        let mut chain = with_authority();
        for attempt in attempts {
            let body = if attempt.by_authority {
                let evidence = Some(Digest::from_array([attempt.salt; 32]));
                let (nation, reason) = (nation(1), chain.next_seq().to_string());
                Body::PeerSuspend(PeerSuspend { nation, evidence, reason })
            } else {
                Body::Unfreeze(Reason(format!("{} {}", attempt.salt, chain.next_seq())))
            };
            let mut stmt = chain.compose(NOW, body, None);
            stmt.seq = stmt.seq.saturating_add_signed(attempt.seq_offset);
            let prev = chain.digest_at(stmt.seq - 1);
            stmt.prev = match prev {
                Some(prev) if attempt.prev_right => prev,
                _ => Digest::from_array([attempt.salt; 32]),
            };
            let role = if attempt.by_authority { 6..9 } else { 0..3 };
            let distinct: BTreeSet<usize> =
                attempt.signers.iter().copied().filter(|s| role.contains(s)).collect();
            // At position 1 there was no authority yet.
            let had_role = !attempt.by_authority || stmt.seq > 1;
            let valid = prev == Some(stmt.prev) && distinct.len() >= 2 && had_role;
            let (before, next) = (chain.head(), chain.next_seq());

            let result = chain.accept(&signed(&stmt, &attempt.signers), NOW);
            if valid && stmt.seq == next {
                prop_assert!(matches!(result, Ok(Accepted::Extended(_))), "{:?}", result);
            } else {
                prop_assert!(result.is_err());
                prop_assert_eq!(chain.head(), before);
            }
            let forked = matches!(chain.standing(), ChainStanding::Forked(_));
            prop_assert_eq!(forked, valid && stmt.seq < next);
            if forked {
                break;
            }
        }
    }

    /// I10.
    #[test]
    fn a_damaged_statement_is_refused_or_says_what_it_says(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let chain = with_authority();
        let mut bytes = chain.compose(NOW, Body::NodeAdd(spec(&chain)), None).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(stmt) = IdStmt::from_bytes(&bytes) {
            prop_assert_eq!(stmt.to_bytes(), bytes);
        }
    }
}
