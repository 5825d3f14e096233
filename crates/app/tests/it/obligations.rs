//! Obligations on the receiver's node: what a node refuses because of the terms it holds an object
//! under, and what it shows.

use entente_app::AppError;
use entente_app::access::Reading;
use entente_app::breach::BreachOf;
use entente_app::evidence::{Enclosed, EvidenceOf, EvidenceOrder};
use entente_app::obligation::marked_as;
use entente_app::onward::OnwardOrder;
use entente_model::ObjectId;
use entente_testkit::{Alliance, Member};

use crate::world::{EMBER_STRAIT, alliance, order, payload, publish_bytes};

/// Five nations under the agreement, and an object of the first with this label, sent out.
fn sent(label: &str) -> (tempfile::TempDir, Alliance, ObjectId) {
    let (folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let arvenia = &alliance.members[0];
    let published =
        publish_bytes(arvenia, &order(arvenia, label, &["XBR"]), &[b"a report".to_vec()]);
    assert!(published.verdicts[0].nations[0].goes());
    alliance.quiet().unwrap();
    (folder, alliance, published.objects[0])
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, AppError>) -> String {
    match outcome {
        Err(error @ AppError::Forbidden(_)) => error.to_string(),
        other => panic!("it was not refused: {other:?}"),
    }
}

fn pass_on(at: &Member, oid: ObjectId, evidence: bool) -> Result<bool, AppError> {
    let order = OnwardOrder {
        oid,
        to: "XCO".parse().unwrap(),
        to_body: None,
        purpose: "cyber_defence".to_owned(),
        body: "CERT-B".to_owned(),
        evidence,
    };
    let analyst = at.actor("analyst").unwrap();
    at.node().unwrap().release_onward(&analyst, &order).map(|outcome| outcome.released)
}

fn hand_out(at: &Member, oid: ObjectId, enclosed: Enclosed) -> Result<String, AppError> {
    let order = EvidenceOrder { oid, of: EvidenceOf::Release, to: None, enclosed };
    let officer = at.actor("release-1").unwrap();
    let reading = Reading::through("export", None).unwrap();
    at.node().unwrap().write_evidence(&officer, &order, &reading).map(|written| written.text)
}

#[test]
fn what_is_for_intelligence_only_is_neither_exported_nor_passed_on_as_evidence() {
    let (_folder, alliance, oid) = sent("SERVICE");
    let brenmark = &alliance.members[1];
    let names_the_clause = |text: &str| {
        assert!(text.contains("`use:intelligence_only`"), "{text}");
        assert!(text.contains("by ESM-MISA/7 (information is used as intelligence only"), "{text}");
    };
    names_the_clause(&refusal(hand_out(brenmark, oid, Enclosed::Content)));
    names_the_clause(&refusal(hand_out(brenmark, oid, Enclosed::Label)));
    names_the_clause(&refusal(pass_on(brenmark, oid, true)));
    // The ledger's word holds nothing of the object, and use as intelligence is asked about.
    hand_out(brenmark, oid, Enclosed::Nothing).unwrap();
    assert!(!pass_on(brenmark, oid, false).unwrap());
}

#[test]
fn what_is_for_display_only_is_shown_and_not_handed_over() {
    let (_folder, alliance, oid) = sent("SERVICE//REL TO XCO//DISPLAY ONLY XBR");
    let brenmark = &alliance.members[1];
    assert_eq!(payload(brenmark, oid).unwrap(), b"a report");
    let node = brenmark.node().unwrap();
    let analyst = brenmark.actor("analyst").unwrap();
    for text in [
        refusal(node.object_to_save(&analyst, oid, &Reading::by_command())),
        refusal(hand_out(brenmark, oid, Enclosed::Content)),
        refusal(pass_on(brenmark, oid, false)),
    ] {
        assert!(text.contains("`display_only` by the label"), "{text}");
        assert!(text.contains("ESM-MISA"), "{text}");
    }
}

#[test]
fn a_holder_sees_its_own_marking() {
    let (_folder, alliance, oid) = sent("SERVICE");
    let brenmark = &alliance.members[1];
    let analyst = brenmark.actor("analyst").unwrap();
    let node = brenmark.node().unwrap();
    let view = node.object(&analyst, oid, &Reading::by_command()).unwrap();
    assert_eq!(marked_as(&view.terms.unwrap()).unwrap(), "TJENST");
    node.object_to_save(&analyst, oid, &Reading::by_command()).unwrap();
}

#[test]
fn a_breach_runs_against_the_clock_of_the_terms_until_it_is_told() {
    const HOUR: u64 = 3_600_000;
    let (_folder, alliance, oid) = sent("SERVICE");
    let brenmark = &alliance.members[1];
    let node = brenmark.node().unwrap();
    let sena = brenmark.actor("security-1").unwrap();
    let officer = brenmark.actor("release-1").unwrap();
    let now = brenmark.now();
    let of = BreachOf::Object(oid);
    let one = node.record_breach(&officer, of, "a laptop was stolen", 2).unwrap();
    assert_eq!(one.due, Some(now.plus_millis(22 * HOUR)));
    assert!(one.basis.starts_with("ESM-MISA/10 "), "{}", one.basis);
    let two = node
        .record_breach(&sena, BreachOf::Partner("XAR".parse().unwrap()), "mail was read", 0)
        .unwrap();
    assert_eq!((two.due, two.basis.as_str()), (Some(now.plus_millis(24 * HOUR)), "ESM-MISA/10"));
    assert_eq!(node.status(&officer).unwrap().breaches.len(), 2);
    // Who has no part in it is not told.
    let analyst = brenmark.actor("analyst").unwrap();
    assert!(node.status(&analyst).unwrap().breaches.is_empty());
    assert!(matches!(node.breaches(&analyst), Err(AppError::Forbidden(_))));

    node.breach_told(&sena, two.id, "call to the duty officer").unwrap();
    assert!(node.breach_told(&sena, two.id, "again").is_err());
    let alarms = || node.events(&officer, Some("alarm"), None, 10).unwrap();
    node.tick().unwrap();
    assert!(alarms().is_empty());
    alliance.clock.advance(23 * HOUR);
    node.tick().unwrap();
    node.tick().unwrap();
    let told = alarms();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.starts_with("breach 1 is overdue: XAR had to be told by"), "{told:?}");
    assert!(node.status(&officer).unwrap().breaches[0].is_overdue(brenmark.now()));
    node.breach_told(&officer, one.id, "letter 2026/41").unwrap();
    assert!(node.status(&officer).unwrap().breaches.is_empty());
}
