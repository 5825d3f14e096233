//! What a person may know: every function that tells something, asked before and after an object
//! exists of which they may not know, answers them alike.

use entente_app::access::Reading;
use std::collections::{BTreeMap, BTreeSet};

use entente_app::evidence::{Enclosed, EvidenceOf, EvidenceOrder};
use entente_app::onward::OnwardOrder;
use entente_app::people::{Actor, Post, Role, TokenKind};
use entente_app::simulate::Draft;
use entente_app::variant::Family;
use entente_model::ObjectId;
use entente_model::item::RecallClass;
use entente_testkit::{Alliance, Member, treaty};

use crate::world::{order, payload, publish_bytes};

/// Offices, each with a clearance that does not reach the hidden object.
const UNCLEARED: [(Role, &str); 7] = [
    (Role::Analyst, ""),
    (Role::Reviewer, "SERVICE"),
    (Role::ReleaseOfficer, ""),
    (Role::Liaison, "OPEN"),
    (Role::LegalAdviser, ""),
    (Role::SecurityOfficer, ""),
    (Role::Operator, ""),
];

/// Someone of this office and clearance.
pub(crate) fn someone(at: &Member, role: Role, clearance: &str) -> Actor {
    named(at, &format!("low-{role}"), &Post::of(&[role]).cleared(clearance))
}

/// A new person, whom two security officers add if one alone does not.
fn named(at: &Member, name: &str, post: &Post) -> Actor {
    let node = at.node().unwrap();
    let add = |by| node.add_person(&at.actor(by).unwrap(), name, post).unwrap().credential;
    let credential = add("security-1").or_else(|| add("security-2")).unwrap();
    node.actor(&credential, &[TokenKind::Credential]).unwrap()
}

/// Every function that tells a person something, and what it tells this one.
fn ask_all(at: &Member, actor: &Actor, oid: ObjectId) -> BTreeMap<&'static str, String> {
    let node = at.node().unwrap();
    // Receipts count items of a lane, not objects: they tell that something was acknowledged.
    let events = |kind| -> String {
        let events = node.events(actor, kind, None, 1000).unwrap();
        format!("{:?}", events.iter().filter(|e| e.kind != "receipt").collect::<Vec<_>>())
    };
    let evidence = |of, enclosed| {
        let order = EvidenceOrder { oid, of, to: None, enclosed };
        node.write_evidence(actor, &order, &Reading::by_command()).map(|written| written.text)
    };
    let onward = OnwardOrder {
        oid,
        to: "XCO".parse().unwrap(),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-A".to_owned(),
        evidence: false,
    };
    let after = node
        .events_after(actor, 0, 1000)
        .map(|(rows, _)| rows.into_iter().filter(|e| e.kind != "receipt").collect::<Vec<_>>());
    let class = RecallClass::Note;
    let draft = Draft::agreement(&treaty::text(&treaty::profiles(3).unwrap())).unwrap();
    let mut told = BTreeMap::from([
        ("objects", format!("{:?}", node.objects(actor, None, 10, None))),
        ("object", format!("{:?}", node.object(actor, oid, &Reading::by_command()))),
        ("simulate", format!("{:?}", node.simulate(actor, &draft, 1000))),
        ("find", format!("{:?}", node.find_object(actor, &oid.short()))),
        ("decisions", format!("{:?}", node.decisions(actor, 3))),
        ("events", events(None)),
        ("consent events", events(Some("consent"))),
        ("events after", format!("{after:?}")),
        ("refusals", format!("{:?}", node.refusals(actor, None, 50))),
        ("quarantined", format!("{:?}", node.quarantined(actor, 50))),
        ("asks", format!("{:?}", node.asks(actor))),
        ("recalls", format!("{:?}", node.recalls(actor))),
        ("proposals", format!("{:?}", node.proposals(actor))),
        ("people", format!("{:?}", node.people(actor))),
        ("counts", format!("{:?}", node.status(actor).unwrap().objects)),
        ("prove", format!("{:?}", node.prove(actor, oid))),
        ("release", format!("{:?}", evidence(EvidenceOf::Release, Enclosed::Nothing))),
        ("receipt", format!("{:?}", evidence(EvidenceOf::Receipt, Enclosed::Nothing))),
        ("content", format!("{:?}", evidence(EvidenceOf::Release, Enclosed::Content))),
        ("pass on", format!("{:?}", node.release_onward(actor, &onward).map(|_| ()))),
    ]);
    // What would change something is tried only by those who may not know of it.
    if actor.name() != "overseer" {
        let recalled = node.recall(actor, &[oid], class, "Act 7", 1).map(|_| ());
        told.insert("recall", format!("{recalled:?}"));
        let consented = node.consent(actor, 1, true, "").map(|_| ());
        told.insert("consent", format!("{consented:?}"));
    }
    for answer in told.values_mut() {
        *answer = answer.replace(&oid.to_string(), "OID").replace(&oid.short(), "OI8");
    }
    told
}

#[test]
fn every_function_answers_who_may_not_know_as_if_it_did_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(3).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 6).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    let [arvenia, brenmark, _] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    let low: Vec<Actor> =
        UNCLEARED.iter().map(|(role, clearance)| someone(arvenia, *role, clearance)).collect();
    publish_bytes(arvenia, &order(arvenia, "OPEN", &["XBR"]), &[vec![1; 9]]);
    alliance.quiet().unwrap();
    let overseer = arvenia.actor("overseer").unwrap();
    let nothing = ObjectId::from_array([0xab; 32]);
    let everyone = || low.iter().chain([&overseer]);
    let before: Vec<_> = everyone().map(|actor| ask_all(arvenia, actor, nothing)).collect();

    // It is released, asked for by a third nation, half consented to, and recalled.
    let secret = order(arvenia, "SECRET-A//ORCON", &["XBR"]);
    let published = publish_bytes(arvenia, &secret, &[vec![2; 9]]);
    let (hidden, entry) = (published.objects[0], published.first_leaf.unwrap());
    alliance.quiet().unwrap();
    assert!(payload(brenmark, hidden).is_some());
    let onward = OnwardOrder {
        oid: hidden,
        to: "XCO".parse().unwrap(),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence: false,
    };
    let asks = brenmark.actor("analyst").unwrap();
    brenmark.node().unwrap().release_onward(&asks, &onward).unwrap();
    alliance.quiet().unwrap();
    let officer = arvenia.actor("release-1").unwrap();
    let ask = node.asks(&officer).unwrap().into_iter().find(|a| a.oid == hidden).unwrap();
    node.consent(&officer, ask.id, true, "").unwrap();
    node.recall(&officer, &[hidden], RecallClass::Note, "Act 7", 86_400_000).unwrap();
    alliance.quiet().unwrap();

    // Its decision is taken again for nobody else, as if the entry were none.
    assert!(node.replay(&overseer, entry).unwrap().same);
    for actor in &low {
        let replay = |leaf: u64| {
            let error = node.replay(actor, leaf).unwrap_err().to_string();
            error.replace(&format!("entry {leaf} "), "entry N ")
        };
        assert_eq!(replay(entry), replay(0), "{}", actor.name());
    }

    let after: Vec<_> = everyone().map(|actor| ask_all(arvenia, actor, hidden)).collect();
    let mut told = BTreeSet::new();
    for ((actor, before), after) in everyone().zip(&before).zip(&after) {
        for (function, answer) in before {
            let now = &after[function];
            // Who orders recalls, orders and sees all of them.
            let orders =
                actor.is(&[Role::SecurityOfficer]) && ["recalls", "recall"].contains(function);
            if actor.name() == "overseer" {
                told.extend((answer != now).then_some(*function));
            } else if !orders {
                assert_eq!(answer, now, "{function} tells {} of it", actor.name());
            }
        }
    }
    // Overseers see what their office lets them, so each of these can tell something.
    for function in [
        "objects",
        "object",
        "find",
        "decisions",
        "events",
        "consent events",
        "events after",
        "asks",
        "recalls",
        "proposals",
        "counts",
        "prove",
        "release",
        "receipt",
        "simulate",
    ] {
        assert!(told.contains(function), "{function}: {told:?}");
    }
}

#[test]
fn compartments_and_caveats_hide_an_object_from_persons_who_are_cleared_for_its_level() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(3).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 8).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    let [arvenia, brenmark, _] = &alliance.members[..] else { panic!() };
    let nation = "XBR".parse().ok();
    let post = |roles: &[Role]| Post::of(roles).cleared("SECRET-A");
    let persons = [
        ("reader", post(&[Role::Analyst])),
        ("read-in", Post { read_ins: vec!["LANTERN".into()], ..post(&[Role::Analyst]) }),
        ("guest", Post { nation, ..post(&[Role::Analyst]) }),
        ("liaison", Post { nation, read_ins: vec!["LANTERN".into()], ..post(&[Role::Analyst]) }),
        ("officer", post(&[Role::ReleaseOfficer])),
    ]
    .map(|(name, post)| named(arvenia, name, &post));
    for (label, hidden_from) in [
        ("SERVICE//COMPARTMENT LANTERN", &["reader", "guest", "officer"][..]),
        ("SERVICE//NOFORN", &["guest", "liaison"]),
        ("SERVICE//REL TO XCO", &["guest", "liaison"]),
        ("SERVICE//COMPARTMENT LANTERN//NOFORN", &["reader", "guest", "liaison", "officer"]),
        ("SERVICE", &[]),
    ] {
        let nothing = ObjectId::from_array([0xab; 32]);
        let before = persons.each_ref().map(|actor| ask_all(arvenia, actor, nothing));
        let published = publish_bytes(arvenia, &order(arvenia, label, &[]), &[vec![3; 9]]);
        let oid = published.objects[0];
        for (actor, before) in persons.iter().zip(&before) {
            let after = ask_all(arvenia, actor, oid);
            let told: Vec<_> = before.iter().filter(|(name, was)| after[*name] != **was).collect();
            if hidden_from.contains(&actor.name()) {
                assert!(told.is_empty(), "{label}: {} is told by {told:?}", actor.name());
            } else {
                let names: BTreeSet<_> = told.iter().map(|(name, _)| **name).collect();
                let expected = BTreeSet::from(["objects", "object", "find", "counts"]);
                assert!(names.is_superset(&expected), "{label}: {}: {names:?}", actor.name());
            }
        }
    }
    // What a third nation entrusted to us is not ours to show to a guest; their own is.
    let sent = publish_bytes(brenmark, &order(brenmark, "ALMEN", &["XAR"]), &[vec![4; 9]]);
    alliance.quiet().unwrap();
    let node = arvenia.node().unwrap();
    for actor in &persons {
        assert!(
            node.object(actor, sent.objects[0], &Reading::by_command()).is_ok(),
            "{}",
            actor.name()
        );
    }
    let other = Post { nation: "XCO".parse().ok(), ..post(&[Role::Analyst]) };
    let other = named(arvenia, "other", &other);
    assert!(node.object(&other, sent.objects[0], &Reading::by_command()).is_err());
}

#[test]
fn a_liaison_seat_knows_of_what_was_released_to_its_nation_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(3).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 9).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    let [arvenia, ..] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    let seat = |clearance: &str| Post {
        nation: "XBR".parse().ok(),
        ..Post::of(&[Role::Seat]).cleared(clearance)
    };
    let high = named(arvenia, "sita", &seat("SECRET-A"));
    let low = named(arvenia, "siv", &seat(""));
    let publish = |label: &str, to: &[&str]| {
        publish_bytes(arvenia, &order(arvenia, label, to), &[vec![7; 9]]).objects[0]
    };
    let theirs = publish("SERVICE", &["XBR", "XCO"]);
    let others = publish("SERVICE", &["XCO"]);
    alliance.quiet().unwrap();
    let sees = |who: &Actor, oid: ObjectId| {
        let found = node.object(who, oid, &Reading::by_command());
        let listed = node.objects(who, None, 99, None).unwrap().iter().any(|row| row.oid == oid);
        assert_eq!(found.is_ok(), listed);
        found.ok()
    };
    // What went to others is as if it did not exist; clearance binds a seat too.
    assert!(sees(&high, others).is_none() && sees(&low, theirs).is_none());
    let view = sees(&high, theirs).unwrap();
    assert_eq!(view.payload.as_deref(), Some(&[7; 9][..]));
    // It is told what its nation was told: not to whom else it went, nor for whom we hold it.
    let nations: Vec<&str> = view.deliveries.iter().map(|d| d.nation.as_str()).collect();
    assert_eq!(nations, ["XBR"]);
    assert!(view.row.agencies.is_empty() && view.family == Family::default());
    assert_eq!(view.row.released_to, ["XBR"]);
    assert!(view.terms.is_some_and(|terms| !terms.clauses.is_empty()));

    // Nothing else of the node answers.
    assert_eq!(node.events(&high, None, None, 1000).unwrap(), []);
    assert_eq!(node.rules_of(&high, theirs).unwrap(), []);
    let people: Vec<String> =
        node.people(&high).unwrap().into_iter().map(|person| person.name).collect();
    assert_eq!(people, ["sita"]);
    let draft = Draft::agreement(&treaty::text(&profiles)).unwrap();
    let onward = OnwardOrder {
        oid: theirs,
        to: "XCO".parse().unwrap(),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-A".to_owned(),
        evidence: false,
    };
    let evidence = EvidenceOrder {
        oid: theirs,
        of: EvidenceOf::Release,
        to: None,
        enclosed: Enclosed::Nothing,
    };
    let reading = Reading::by_command();
    let refusals = [
        node.status(&high).map(drop),
        node.decisions(&high, 9).map(drop),
        node.refusals(&high, None, 9).map(drop),
        node.quarantined(&high, 9).map(drop),
        node.receipts(&high, 9).map(drop),
        node.asks(&high).map(drop),
        node.recalls(&high).map(drop),
        node.proposals(&high).map(drop),
        node.facts(&high).map(drop),
        node.simulate(&high, &draft, 9).map(drop),
        node.prove(&high, theirs).map(drop),
        node.write_evidence(&high, &evidence, &reading).map(drop),
        node.object_to_save(&high, theirs, &reading).map(drop),
        node.release_onward(&high, &onward).map(drop),
        node.recall(&high, &[theirs], RecallClass::Note, "Act 7", 1).map(drop),
        node.break_glass(&high, others, "case:OP-1: a threat to life").map(drop),
    ];
    for (number, refusal) in refusals.into_iter().enumerate() {
        let refusal = refusal.unwrap_err();
        assert!(matches!(refusal, entente_app::AppError::Forbidden(_)), "{number}: {refusal}");
    }

    // Taken back, and after its nation was suspended, it is gone at once.
    let officer = arvenia.actor("release-1").unwrap();
    node.recall(&officer, &[theirs], RecallClass::Note, "Act 7", 1).unwrap();
    assert!(sees(&high, theirs).is_some());
    let second = publish("SERVICE", &["XBR"]);
    node.recall(&officer, &[theirs], RecallClass::Retract, "Act 7", 1).unwrap();
    assert!(sees(&high, theirs).is_none() && sees(&high, second).is_some());
    for person in ["security-1", "security-2"] {
        let by = arvenia.actor(person).unwrap();
        let _ = node.suspend_nation(&by, "XBR".parse().unwrap(), "a breach").unwrap();
    }
    assert!(sees(&high, second).is_none());
}
