//! Agencies of one nation at one node: each knows what it holds, and they share under an
//! arrangement of their own.

use entente_app::AppError;
use entente_app::access::Reading;
use entente_app::onward::{OnwardOrder, OnwardOutcome};
use entente_app::people::{Actor, Post, Role};
use entente_model::item::RecallClass;
use entente_model::{Decision, ObjectId};
use entente_testkit::{Alliance, Member, Profile};
use tempfile::TempDir;

use crate::world::{EMBER_STRAIT, order, overseer, payload, publish_bytes, verify};

const DOMESTIC: &str = include_str!("../../../../agreements/domestic.md");
const DAY_MILLIS: u64 = 86_400_000;

/// Arvenia with three agencies, and the nations after it.
fn world(nations: usize) -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let mut profiles = crate::world::profiles();
    profiles[0] = Profile::new("XAR", &["CERT-A", "COAST-GUARD", "FIU-A"]).unwrap();
    profiles.truncate(nations);
    let alliance = Alliance::found(&profiles, folder.path(), 5).unwrap();
    alliance.introduce_all().unwrap();
    (folder, alliance)
}

/// Brings the arrangement between Arvenia's agencies into force.
fn arrange(alliance: &Alliance) -> entente_model::AgreementId {
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let text = DOMESTIC.replace("in_force_from = \"2031-01-01\"", "in_force_from = \"2020-01-01\"");
    let id = node.propose(&arvenia.actor("legal-1").unwrap(), &text).unwrap();
    entente_testkit::alliance::sign(arvenia, &id).unwrap();
    alliance.quiet().unwrap();
    id
}

/// Someone of this agency, cleared for everything here.
fn of(at: &Member, agency: &str, role: Role) -> Actor {
    let name = format!("{}-{role}", agency.to_lowercase());
    let post = Post { body: agency.to_owned(), ..Post::of(&[role]).cleared("SECRET-A") };
    let admission = at.node().unwrap();
    let first = admission.add_person(&at.actor("security-1").unwrap(), &name, &post).unwrap();
    let credential = first.credential.or_else(|| {
        let second = at.actor("security-2").unwrap();
        admission.add_person(&second, &name, &post).unwrap().credential
    });
    admission.actor(&credential.unwrap(), &[entente_app::people::TokenKind::Credential]).unwrap()
}

fn share(at: &Member, by: &Actor, oid: ObjectId, with: &str) -> Result<OnwardOutcome, AppError> {
    let order = OnwardOrder {
        oid,
        to: at.profile.code,
        to_body: (!with.is_empty()).then(|| with.to_owned()),
        purpose: "cyber_defence".to_owned(),
        body: by.body().to_owned(),
        evidence: false,
    };
    at.node().unwrap().release_onward(by, &order)
}

fn reads(at: &Member, who: &Actor, oid: ObjectId) -> bool {
    at.node().unwrap().object(who, oid, &Reading::by_command()).is_ok_and(|v| v.payload.is_some())
}

fn decided(outcome: &OnwardOutcome) -> (Decision, Vec<String>) {
    let ruling = &outcome.verdict.agencies[0].ruling;
    (ruling.decision, ruling.reason_codes.clone())
}

#[test]
fn agencies_of_one_node_are_apart_until_an_arrangement_lets_one_share() {
    let (_folder, alliance) = world(1);
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let cert = at.actor("analyst").unwrap();
    let guard = of(at, "COAST-GUARD", Role::Analyst);
    let fiu = of(at, "FIU-A", Role::Analyst);
    let published = publish_bytes(at, &order(at, "SERVICE", &[]), &[b"a report".to_vec()]);
    let oid = published.objects[0];
    assert!(reads(at, &cert, oid));
    for other in [&guard, &fiu] {
        assert!(!reads(at, other, oid));
        assert_eq!(node.status(other).unwrap().objects, (0, 0));
        let unknown = share(at, other, oid, "CERT-A").unwrap_err();
        assert!(matches!(unknown, AppError::NotFound(_)), "{unknown}");
    }

    // Without an arrangement silence refuses, on record.
    let refused = share(at, &cert, oid, "COAST-GUARD").unwrap();
    assert!(!refused.released);
    assert_eq!(decided(&refused), (Decision::Deny, vec!["NO_AGREEMENT".to_owned()]));
    assert!(!reads(at, &guard, oid));

    let arrangement = arrange(&alliance);
    let shared = share(at, &cert, oid, "COAST-GUARD").unwrap();
    assert!(shared.released, "{:?}", decided(&shared));
    assert!(reads(at, &guard, oid));
    assert_eq!(node.status(&guard).unwrap().objects, (1, 0));
    assert!(!reads(at, &fiu, oid), "the third has no part in it");

    // The second has it under the arrangement's terms, the first sees with whom it is.
    let held = node.object(&guard, oid, &Reading::by_command()).unwrap();
    let (giver, terms) = held.at_home.unwrap();
    assert_eq!(giver, "CERT-A");
    assert_eq!(terms.agreement, arrangement);
    assert!(terms.obligations.iter().any(|o| o.starts_with("delete_by:")), "{terms:?}");
    assert!(held.shared.is_empty());
    let first = node.object(&cert, oid, &Reading::by_command()).unwrap();
    assert!(first.at_home.is_none());
    let with: Vec<_> = first.shared.iter().map(|hold| hold.agency.as_str()).collect();
    assert_eq!(with, ["COAST-GUARD"]);

    // The ledger's decisions name the agencies, and are taken again alike.
    let decisions = node.decisions(&overseer(at), 9).unwrap();
    let named: Vec<(Decision, Option<&str>)> = decisions
        .iter()
        .flat_map(entente_app::decisions::Decided::by_body)
        .map(|(o, body)| (o.decision, body))
        .collect();
    let guard_body = Some("COAST-GUARD");
    assert_eq!(named, [(Decision::Permit, guard_body), (Decision::Deny, guard_body)]);
    for decision in &decisions {
        assert!(node.replay(&overseer(at), decision.leaf).unwrap().same);
    }
    verify(at);
}

#[test]
fn who_has_an_object_from_another_agency_leaves_to_that_one_what_becomes_of_it() {
    let (_folder, alliance) = world(1);
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    arrange(&alliance);
    let guard = of(at, "COAST-GUARD", Role::Analyst);
    let officer = of(at, "COAST-GUARD", Role::ReleaseOfficer);
    // Published for them at once.
    let mut to = order(at, "SERVICE", &[]);
    to.to = vec![("XAR".parse().unwrap(), Some("COAST-GUARD".to_owned()))];
    let published = publish_bytes(at, &to, &[b"one".to_vec(), b"two".to_vec()]);
    assert!(published.verdicts[0].nations.is_empty(), "named agencies alone, no partner");
    let [one, two] = published.objects[..] else { panic!() };
    assert!(reads(at, &guard, one) && reads(at, &guard, two));

    let refusals = [
        share(at, &guard, one, "FIU-A").unwrap_err(),
        node.recall(&officer, &[one], RecallClass::Retract, "Act 7", 0).unwrap_err(),
    ];
    for refused in refusals {
        assert!(refused.to_string().contains("only that one may pass it on"), "{refused}");
    }
    let mut newer = order(at, "SERVICE", &[]);
    newer.supersedes = vec![one];
    let piece = entente_formats::Piece {
        name: "newer".to_owned(),
        object_type: "report".to_owned(),
        media_type: "text/plain".to_owned(),
        payload: b"newer",
        title: String::new(),
        created: None,
        markings: Vec::new(),
        records: 1,
        exercise: false,
        findings: Vec::new(),
    };
    let refused = node.publish(&guard, &newer, std::slice::from_ref(&piece)).unwrap_err();
    assert!(refused.to_string().contains("only that one may pass it on"), "{refused}");

    // Taken back, it is gone there and kept here; the other stays.
    let release = at.actor("release-1").unwrap();
    node.recall(&release, &[one], RecallClass::Note, "Act 7", 0).unwrap();
    assert!(reads(at, &guard, one), "a note takes nothing back");
    let standing = node.recall(&release, &[one], RecallClass::Retract, "Act 7", 0).unwrap();
    let agencies: Vec<&str> =
        standing[0].agencies.iter().map(|hold| hold.agency.as_str()).collect();
    assert_eq!(agencies, ["COAST-GUARD"]);
    alliance.quiet().unwrap();
    assert!(!reads(at, &guard, one));
    assert!(reads(at, &at.actor("analyst").unwrap(), one));
    assert!(reads(at, &guard, two));
    verify(at);

    // Its time ends, for whom it was shared with.
    alliance.clock.advance(731 * DAY_MILLIS);
    alliance.quiet().unwrap();
    // A clock that leapt is believed after a day.
    alliance.clock.advance(2 * DAY_MILLIS);
    alliance.quiet().unwrap();
    assert!(!reads(at, &guard, two));
    assert!(reads(at, &at.actor("analyst").unwrap(), two));
    let ended = node.object(&overseer(at), two, &Reading::by_command()).unwrap().shared;
    assert!(ended.iter().all(|hold| hold.ended.is_some()) && ended.len() == 1, "{ended:?}");
    verify(at);
}

#[test]
fn the_arrangement_and_who_is_named_are_checked_before_anything_is_shared() {
    let (_folder, alliance) = world(1);
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let id = arrange(&alliance);
    let cert = at.actor("analyst").unwrap();
    let published = publish_bytes(at, &order(at, "SERVICE", &[]), &[b"a report".to_vec()]);
    let oid = published.objects[0];
    for (agency, said) in [
        ("", "XAR is this nation: name one of its agencies, XAR/COAST-GUARD or XAR/FIU-A"),
        ("CERT-A", "CERT-A gives it, and holds it already: name XAR/COAST-GUARD or XAR/FIU-A"),
        ("NAVY", "NAVY is no agency of this node: name XAR/COAST-GUARD or XAR/FIU-A"),
    ] {
        let refused = share(at, &cert, oid, agency).unwrap_err();
        assert_eq!(refused.to_string(), said);
    }
    // Beyond its purposes nothing goes.
    let other = OnwardOrder {
        oid,
        to: "XAR".parse().unwrap(),
        to_body: Some("FIU-A".to_owned()),
        purpose: "tax_collection".to_owned(),
        body: "CERT-A".to_owned(),
        evidence: false,
    };
    let refused = node.release_onward(&cert, &other).unwrap();
    assert_eq!(decided(&refused).0, Decision::Deny);
    let shared = share(at, &cert, oid, "FIU-A").unwrap();
    assert!(shared.released, "{:?}", shared.verdict);
    let again = share(at, &cert, oid, "FIU-A").unwrap_err().to_string();
    assert_eq!(again, "FIU-A holds this object already");
    // Suspended, it carries nothing; what was shared stays.
    for person in ["legal-1", "legal-2"] {
        let _ = node.suspend_agreement(&at.actor(person).unwrap(), &id, None, "under review");
    }
    alliance.quiet().unwrap();
    let refused = share(at, &cert, oid, "COAST-GUARD").unwrap();
    assert!(!refused.released, "{:?}", decided(&refused));
    assert!(reads(at, &of(at, "FIU-A", Role::Analyst), oid));
}

#[test]
fn what_came_from_abroad_goes_to_another_agency_only_as_its_originator_lets_it() {
    let (_folder, alliance) = world(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    // What nations agreed on is no arrangement among the agencies of one, though it names both.
    let own = publish_bytes(arvenia, &order(arvenia, "SERVICE", &["XBR"]), &[b"own".to_vec()]);
    let cert = arvenia.actor("analyst").unwrap();
    let refused = share(arvenia, &cert, own.objects[0], "COAST-GUARD").unwrap();
    assert_eq!(decided(&refused), (Decision::Deny, vec!["NOT_A_PARTY".to_owned()]));
    arrange(&alliance);
    assert!(share(arvenia, &cert, own.objects[0], "COAST-GUARD").unwrap().released);

    let published =
        publish_bytes(brenmark, &order(brenmark, "TJENST//ORCON", &["XAR"]), &[b"x".to_vec()]);
    alliance.quiet().unwrap();
    let oid = published.objects[0];
    // It is held for those of our agencies that the agreement authorises, and no other.
    assert_eq!(payload(arvenia, oid), Some(b"x".to_vec()));
    let fiu = of(arvenia, "FIU-A", Role::Analyst);
    assert!(!reads(arvenia, &fiu, oid));

    let asked = share(arvenia, &cert, oid, "FIU-A").unwrap();
    assert_eq!(decided(&asked).0, Decision::Refer, "{:?}", asked.verdict);
    assert_eq!(asked.asked, ["XBR".parse().unwrap()]);
    assert!(!reads(arvenia, &fiu, oid));
    alliance.quiet().unwrap();
    let there = brenmark.node().unwrap();
    for officer in ["release-1", "release-2"] {
        let officer = brenmark.actor(officer).unwrap();
        let ask = there.asks(&officer).unwrap().into_iter().find(|ask| ask.oid == oid).unwrap();
        there.consent(&officer, ask.id, true, "").unwrap();
    }
    alliance.quiet().unwrap();
    assert!(reads(arvenia, &fiu, oid), "{:?}", node.asks(&cert).unwrap());
    // Its originator's terms bind that agency too.
    let view = node.object(&fiu, oid, &Reading::by_command()).unwrap();
    assert!(view.terms.is_some() && view.at_home.is_some());
    verify(arvenia);
    verify(brenmark);

    // Recalled by its originator, it is gone for all.
    let officer = brenmark.actor("release-1").unwrap();
    there.recall(&officer, &[oid], RecallClass::Erase, "Act 7", 3_600_000).unwrap();
    alliance.quiet().unwrap();
    assert!(!reads(arvenia, &fiu, oid) && !reads(arvenia, &cert, oid));
    verify(arvenia);
}
