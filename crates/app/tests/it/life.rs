//! Agreements and nations, suspended and taken up again, ended and left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use entente_app::leaf::LeafOpening;
use entente_app::people::Approval;
use entente_app::{AppError, Result};
use entente_model::codec::Wire;
use entente_model::item::{ItemKind, RecallClass};
use entente_model::record::{AgreementRecord, Record, RecordKind};
use entente_model::{AgreementId, NationCode};
use entente_store::Store as _;
use entente_testkit::{Alliance, Member};

use crate::world::{EMBER_STRAIT, alliance, order, payload, publish_bytes};

const DAY: u64 = 86_400_000;

/// Two advisers do the same.
fn both(member: &Member, mut act: impl FnMut(&entente_app::people::Actor) -> Result<Approval>) {
    let first = act(&member.actor("legal-1").unwrap()).unwrap();
    assert!(matches!(first, Approval::Waiting { .. }), "one person is not enough");
    let second = act(&member.actor("legal-2").unwrap()).unwrap();
    assert!(matches!(second, Approval::Granted { .. }));
}

fn code(text: &str) -> NationCode {
    text.parse().unwrap()
}

fn suspend(member: &Member, id: &AgreementId, party: Option<&str>) {
    let node = member.node().unwrap();
    let party = party.map(code);
    both(member, |actor| node.suspend_agreement(actor, id, party, "a breach of Article 12"));
}

fn resume(member: &Member, id: &AgreementId, party: Option<&str>) {
    let node = member.node().unwrap();
    let party = party.map(code);
    both(member, |actor| node.resume_agreement(actor, id, party, "the breach is repaired"));
}

fn suspend_nation(member: &Member, nation: &str) {
    let node = member.node().unwrap();
    both(member, |actor| node.suspend_nation(actor, code(nation), "it passed on our reports"));
}

/// To whom a new report goes.
fn goes(from: &Member, to: &[&str]) -> Vec<String> {
    let schemes = entente_law::Schemes::builtin();
    let lowest = schemes.get(from.profile.code.as_str()).unwrap().marking(0).unwrap().to_owned();
    let published = publish_bytes(from, &order(from, &lowest, to), &[b"report".to_vec()]);
    let nations = published.verdicts[0].nations.iter().filter(|w| w.goes());
    nations.map(|w| w.code.to_string()).collect()
}

fn status(member: &Member, id: &AgreementId) -> String {
    member.node().unwrap().known().policy.agreement(id).unwrap().row.status.clone()
}

/// Every leaf: its record, the kind of its item, and the nations that the item goes to.
fn leaves(member: &Member) -> Vec<(Record, Option<ItemKind>, Vec<String>)> {
    let node = member.node().unwrap();
    let known = node.known();
    let read = |work: &dyn entente_store::Work| {
        let mut leaves = Vec::new();
        for index in 0..work.head()?.map_or(0, |head| head.size) {
            let opening = work.leaf(index)?.and_then(|row| row.opening).unwrap();
            let opening = LeafOpening::from_bytes(&opening).unwrap();
            let mut to = Vec::new();
            for (context, _) in opening.item.iter().flat_map(|item| &item.recipients) {
                let dst = work.release_context(*context)?.unwrap().dst;
                to.push(known.by_node(&dst).unwrap().row.code.to_string());
            }
            let record = Record::from_bytes(&opening.record).unwrap();
            leaves.push((record, opening.item.map(|item| item.kind), to));
        }
        Ok::<_, AppError>(leaves)
    };
    node.store().read(|work| read(work)).unwrap()
}

/// What our ledger says was done about agreements, in its order.
fn acts(member: &Member) -> Vec<String> {
    let records = leaves(member).into_iter().filter(|(_, kind, _)| kind.is_none());
    records
        .filter(|(record, _, _)| record.kind == RecordKind::Agreement)
        .map(|(record, _, _)| AgreementRecord::from_bytes(&record.body).unwrap().act)
        .collect()
}

fn ember(n: usize) -> (tempfile::TempDir, Alliance, AgreementId) {
    let (folder, alliance) = alliance(n);
    let id = alliance.agree(EMBER_STRAIT).unwrap();
    (folder, alliance, id)
}

#[test]
fn an_agreement_suspended_for_one_party_goes_on_among_the_others() {
    let (_folder, alliance, id) = ember(5);
    let [arvenia, brenmark, costaluna, _, elandria] = &alliance.members[..] else { panic!() };
    assert_eq!(goes(arvenia, &["XBR", "XCO"]), ["XBR", "XCO"]);
    suspend(arvenia, &id, Some("XBR"));

    // At once here, and from the receipt everywhere, for it as a sender too.
    assert_eq!(goes(arvenia, &["XBR", "XCO"]), ["XCO"]);
    assert_eq!(goes(elandria, &["XBR", "XCO"]), ["XBR", "XCO"], "it has not heard of it yet");
    alliance.quiet().unwrap();
    assert_eq!(goes(elandria, &["XBR", "XCO"]), ["XCO"]);
    assert_eq!(goes(brenmark, &["XAR", "XCO"]), Vec::<String>::new());
    assert_eq!(status(costaluna, &id), "in_force");

    // Only who suspended it takes that back.
    let adviser = costaluna.actor("legal-1").unwrap();
    let there = costaluna.node().unwrap();
    let refused = there.resume_agreement(&adviser, &id, Some(code("XBR")), "enough");
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("XAR suspended") && why.contains("only it"), "{why}");
    resume(arvenia, &id, Some("XBR"));
    alliance.quiet().unwrap();
    assert_eq!(goes(elandria, &["XBR", "XCO"]), ["XBR", "XCO"]);
    assert_eq!(goes(brenmark, &["XAR"]), ["XAR"]);
    assert!(acts(arvenia).ends_with(&["suspended".to_owned(), "resumed".to_owned()]));
}

#[test]
fn an_agreement_suspended_for_all_carries_nothing_until_it_is_resumed() {
    let (_folder, alliance, id) = ember(5);
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let before = publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[b"old".to_vec()]);
    alliance.quiet().unwrap();
    suspend(arvenia, &id, None);
    suspend(brenmark, &id, None);
    assert_eq!(goes(arvenia, &["XBR"]), Vec::<String>::new());

    // What another party sent before it heard of it is not relied on either.
    let late =
        publish_bytes(costaluna, &order(costaluna, "ABIERTO", &["XAR"]), &[b"late".to_vec()]);
    assert!(late.verdicts[0].nations[0].goes());
    alliance.quiet().unwrap();
    assert_eq!(payload(arvenia, late.objects[0]), None);
    assert_eq!(status(costaluna, &id), "suspended");
    assert_eq!(goes(costaluna, &["XAR"]), Vec::<String>::new());
    assert!(payload(brenmark, before.objects[0]).is_some(), "what was shared is kept");

    // Each takes back its own word; then it operates, also after a restart.
    resume(arvenia, &id, None);
    alliance.quiet().unwrap();
    assert_eq!(status(arvenia, &id), "suspended", "XBR still suspends it");
    resume(brenmark, &id, None);
    alliance.quiet().unwrap();
    for member in &alliance.members {
        assert_eq!(status(member, &id), "in_force", "{}", member.profile.code);
    }
    assert_eq!(goes(costaluna, &["XAR"]), ["XAR"]);
}

#[test]
fn a_release_does_not_overtake_the_word_that_an_agreement_operates_again() {
    let (_folder, alliance, id) = ember(5);
    let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
    suspend(arvenia, &id, None);
    alliance.quiet().unwrap();
    resume(arvenia, &id, None);
    let mut order = order(arvenia, "OPEN", &["XBR"]);
    order.lane = entente_model::item::Lane::Flash;
    let published = publish_bytes(arvenia, &order, &[b"at once".to_vec()]);
    alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
}

#[test]
fn notice_ends_an_agreement_on_its_day_and_protection_goes_on() {
    let (_folder, mut alliance, id) = ember(5);
    let ends = entente_law::day_text(alliance.clock.now().plus_millis(30 * DAY));
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let adviser = arvenia.actor("legal-1").unwrap();
    for (day, part) in [("soon", "is not a day"), ("2020-01-01", "a day to come")] {
        let refused = node.terminate_agreement(&adviser, &id, day, "over").unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
    }
    both(arvenia, |actor| node.terminate_agreement(actor, &id, &ends, "a new one is made"));
    let later = entente_law::day_text(alliance.clock.now().plus_millis(60 * DAY));
    let refused = node.terminate_agreement(&adviser, &id, &later, "over").unwrap_err();
    assert!(refused.to_string().contains("ends no later"), "{refused}");
    let published = publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[b"x".to_vec()]);
    alliance.quiet().unwrap();

    // On the day itself, before any tick.
    alliance.clock.advance(30 * DAY);
    let brenmark = &alliance.members[1];
    let [arvenia, ..] = &alliance.members[..] else { panic!() };
    assert_eq!(goes(arvenia, &["XBR"]), Vec::<String>::new());
    assert_eq!(goes(brenmark, &["XAR"]), Vec::<String>::new());
    alliance.quiet().unwrap();
    for member in &alliance.members {
        assert_eq!(status(member, &id), "terminated", "{}", member.profile.code);
    }
    assert_eq!(acts(&alliance.members[1]).last().unwrap(), "terminated");

    // What was received under it stays bound: it is foreign information all the same.
    let brenmark = &alliance.members[1];
    let onward = entente_app::onward::OnwardOrder {
        oid: published.objects[0],
        to: code("XCO"),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence: false,
    };
    let analyst = brenmark.actor("analyst").unwrap();
    let outcome = brenmark.node().unwrap().release_onward(&analyst, &onward).unwrap();
    assert!(!outcome.released);
    for act in ["suspend", "leave"] {
        let node = brenmark.node().unwrap();
        let adviser = brenmark.actor("legal-1").unwrap();
        let refused = match act {
            "suspend" => node.suspend_agreement(&adviser, &id, None, "late"),
            _ => node.withdraw(&adviser, &id, "late"),
        };
        assert!(refused.unwrap_err().to_string().contains("it is terminated"));
    }
    for member in &mut alliance.members {
        member.stop();
        member.start().unwrap();
        assert_eq!(status(member, &id), "terminated");
    }
}

#[test]
fn who_left_is_known_everywhere() {
    let (_folder, alliance, id) = ember(5);
    let brenmark = &alliance.members[1];
    let node = brenmark.node().unwrap();
    both(brenmark, |actor| node.withdraw(actor, &id, "a change of government"));
    assert_eq!(acts(brenmark).last().unwrap(), "withdrawn");
    assert_eq!(goes(brenmark, &["XAR"]), Vec::<String>::new());
    alliance.quiet().unwrap();
    for member in &alliance.members {
        let known = member.node().unwrap().known();
        let held = known.policy.agreement(&id).unwrap();
        let phase = held.state.phase(member.now());
        let left = matches!(phase, entente_exchange::agreement::Phase::Withdrawn { by, .. }
            if by == brenmark.nation);
        assert!(left, "{}: {phase:?}", member.profile.code);
        assert_eq!(held.acts[0].reason, "a change of government");
    }
}

#[test]
fn nothing_decided_before_a_suspension_is_entered_behind_it() {
    let (_folder, alliance, _) = ember(5);
    let arvenia = &alliance.members[0];
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let more = |by: usize| {
        let enough = count.load(Ordering::SeqCst) + by;
        while count.load(Ordering::SeqCst) < enough {
            std::thread::yield_now();
        }
    };
    let node = arvenia.node().unwrap();
    let analyst = arvenia.actor("analyst").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let order = order(arvenia, "OPEN", &[]);
                while !done.load(Ordering::SeqCst) {
                    let piece = entente_formats::Piece {
                        name: "report".to_owned(),
                        object_type: "report".to_owned(),
                        media_type: "application/octet-stream".to_owned(),
                        payload: b"report",
                        title: "A report".to_owned(),
                        created: None,
                        markings: Vec::new(),
                        records: 1,
                        exercise: false,
                        findings: Vec::new(),
                    };
                    match node.publish(&analyst, &order, &[piece]) {
                        Ok(_) => {
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => assert!(error.to_string().contains("try again"), "{error}"),
                    }
                }
            });
        }
        more(6);
        suspend_nation(arvenia, "XBR");
        more(6);
        done.store(true, Ordering::SeqCst);
    });
    let leaves = leaves(arvenia);
    let act = leaves.iter().rposition(|(record, _, _)| record.kind == RecordKind::Identity);
    let goes = |leaves: &[(Record, Option<ItemKind>, Vec<String>)], nation: &str| {
        let of = |(_, _, to): &&(_, _, Vec<String>)| to.iter().any(|code| code == nation);
        leaves.iter().filter(of).count()
    };
    let (before, after) = leaves.split_at(act.unwrap());
    assert!(goes(before, "XBR") > 0 && goes(after, "XCO") > 0, "both sides were exercised");
    assert_eq!(goes(after, "XBR"), 0);
}

#[test]
fn a_suspended_nation_gets_nothing_of_ours_from_those_who_hold_it() {
    let (_folder, alliance, _) = ember(5);
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let sent =
        publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR", "XCO"]), &[vec![1], vec![2]]);
    alliance.quiet().unwrap();
    // Consent was given before.
    let onward = |n: usize| entente_app::onward::OnwardOrder {
        oid: sent.objects[n],
        to: code("XEL"),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence: false,
    };
    let analyst = brenmark.actor("analyst").unwrap();
    let there = brenmark.node().unwrap();
    there.release_onward(&analyst, &onward(0)).unwrap();
    alliance.quiet().unwrap();
    let node = arvenia.node().unwrap();
    suspend_nation(arvenia, "XEL");
    let officer = arvenia.actor("release-1").unwrap();
    let ask = node.asks(&officer).unwrap().into_iter().find(|a| !a.ours).unwrap();
    let refused = node.consent(&officer, ask.id, true, "").unwrap_err().to_string();
    assert!(refused.contains("XEL is suspended"), "{refused}");
    let why = node.suspend_nation(&officer, code("XEL"), "again").unwrap_err().to_string();
    assert!(why.contains("XEL is suspended"), "{why}");
    let own = arvenia.actor("analyst").unwrap();
    let to = node.preview(&own, &order(arvenia, "OPEN", &["XEL"]), &[]).unwrap_err().to_string();
    assert!(to.contains("XEL is suspended here"), "{to}");

    // The others learn of it by our chain; what they hold of ours stays with them.
    exchange_all(&alliance, "XEL");
    let refused = there.release_onward(&analyst, &onward(1)).unwrap_err().to_string();
    assert!(refused.contains("XAR") && refused.contains("suspended XEL"), "{refused}");
    // Their own information goes where they want.
    assert_eq!(goes(costaluna, &["XEL"]), ["XEL"]);

    // A recall is entered for it all the same.
    let old = sent.objects[0];
    node.recall(&officer, &[old], RecallClass::Erase, "Act 7", DAY).unwrap();
    node.tick().unwrap();
    let recalls =
        leaves(arvenia).into_iter().filter(|(_, kind, _)| *kind == Some(ItemKind::Recall));
    assert_eq!(recalls.count(), 2, "to those who were sent it");
    assert!(goes(arvenia, &[]).iter().all(|code| code != "XEL"));

    // Introduced anew, it is a partner again.
    entente_testkit::alliance::introduce(arvenia, &alliance.members[4]).unwrap();
    assert_eq!(goes(arvenia, &["XEL"]), ["XEL"]);
    alliance.quiet().unwrap();
}

/// Everybody exchanges with everybody, but for what a suspended nation and its suspender refuse.
fn exchange_all(alliance: &Alliance, suspended: &str) {
    for _ in 0..8 {
        for member in &alliance.members {
            member.node().unwrap().tick().unwrap();
        }
        for (a, one) in alliance.members.iter().enumerate() {
            for (b, other) in alliance.members.iter().enumerate() {
                let apart = [one, other].iter().any(|m| m.profile.code.as_str() == suspended)
                    && (a == 0 || b == 0);
                if a != b && !apart {
                    entente_testkit::alliance::exchange(one, other).unwrap();
                }
            }
        }
    }
}
