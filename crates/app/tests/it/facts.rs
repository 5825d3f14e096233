//! Facts on record: who may assert them, what decisions make of them, and what a lapse touches.

use entente_app::AppError;
use entente_app::facts::FactState;
use entente_law::{Fact, FactKind, FactSubject};
use entente_model::Digest;
use entente_testkit::{Alliance, Member};

use crate::world::{EMBER_STRAIT, alliance, order, payload, publish_bytes, verify};

const EXPORT_ACT: &str = include_str!("../../../../laws/xar.md");
const DAY: u64 = 86_400_000;

fn fact(at: &Member, kind: FactKind, about: &str, value: &str, days: u64) -> Fact {
    let about: FactSubject = about.parse().unwrap();
    let span = (at.now(), at.now().plus_millis(days * DAY));
    Fact::new(kind, about, value, "letter 2026/41", span).unwrap()
}

fn assert_by(at: &Member, person: &str, fact: Fact) -> Result<Digest, AppError> {
    at.node().unwrap().assert_fact(&at.actor(person).unwrap(), fact)
}

/// Five nations under the agreement, and the first with its export law.
fn world() -> (tempfile::TempDir, Alliance) {
    let (folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let arvenia = &alliance.members[0];
    let legal = arvenia.actor("legal-1").unwrap();
    arvenia.node().unwrap().load_law(&legal, EXPORT_ACT).unwrap();
    (folder, alliance)
}

/// Publishes a report on cryptographic material; the nations that it goes to, and the object.
fn publish_cipher(from: &Member, text: &str) -> (Vec<String>, entente_model::ObjectId) {
    let mut order = order(from, "SERVICE", &[]);
    order.facts.data_categories = vec!["crypto_material".to_owned()];
    let published = publish_bytes(from, &order, &[text.as_bytes().to_vec()]);
    let goes = published.verdicts[0]
        .nations
        .iter()
        .filter(|w| w.goes())
        .map(|w| w.code.to_string())
        .collect();
    (goes, published.objects[0])
}

#[test]
fn a_fact_opens_a_release_while_it_holds_and_no_longer() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    assert_eq!(publish_cipher(arvenia, "one").0, [] as [&str; 0]);

    // A licence for one nation opens the way to that nation.
    let licence = fact(arvenia, FactKind::Established, "XBR", "export_licence", 10);
    let id = assert_by(arvenia, "release-1", licence).unwrap();
    let (goes, two) = publish_cipher(arvenia, "two");
    assert_eq!(goes, ["XBR"]);
    alliance.quiet().unwrap();
    assert_eq!(payload(brenmark, two).as_deref(), Some(&b"two"[..]));
    assert_eq!(payload(costaluna, two), None);

    // The decision cites it.
    let analyst = arvenia.actor("analyst").unwrap();
    let decided = node.decisions(&analyst, 1).unwrap().remove(0);
    let questions = decided.inputs.unwrap().questions;
    assert!(questions.iter().any(|q| q.facts == [id]), "{questions:?}");
    assert!(questions.iter().any(|q| q.facts.is_empty()), "{questions:?}");

    // The moment it lapses, nothing goes, and people are told what rests on it.
    alliance.clock.advance(10 * DAY);
    assert_eq!(publish_cipher(arvenia, "three").0, [] as [&str; 0]);
    node.tick().unwrap();
    let told = node.events(&analyst, Some("fact"), None, 10).unwrap();
    assert!(told[0].text.contains("lapsed"), "{}", told[0].text);
    assert_eq!(node.releases_on_fact(&analyst, id).unwrap().count, 1);
    node.tick().unwrap();
    assert_eq!(node.events(&analyst, Some("fact"), None, 10).unwrap().len(), told.len());
    assert_eq!(node.facts(&analyst).unwrap()[0].state, FactState::Lapsed);
    verify(arvenia);
}

#[test]
fn a_withdrawn_fact_counts_no_more_and_names_the_releases_that_stand() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let licence = fact(arvenia, FactKind::Established, "us", "export_licence", 10);
    let id = assert_by(arvenia, "legal-1", licence).unwrap();
    let (goes, first) = publish_cipher(arvenia, "one");
    assert_eq!(goes, ["XBR", "XCO", "XDO", "XEL"]);
    let (_, second) = publish_cipher(arvenia, "two");
    alliance.quiet().unwrap();

    // What was recalled since does not stand.
    let officer = arvenia.actor("release-1").unwrap();
    let erase = entente_model::item::RecallClass::Erase;
    node.recall(&officer, &[first], erase, "Act 7", DAY).unwrap();

    let legal = arvenia.actor("legal-2").unwrap();
    let error = node.revoke_fact(&legal, id, " ").unwrap_err().to_string();
    assert!(error.contains("needs a reason"), "{error}");
    let resting = node.revoke_fact(&legal, id, "the licence was suspended").unwrap();
    assert_eq!(resting.count, 4);
    assert!(resting.newest.iter().all(|r| r.oid == second));
    assert_eq!(publish_cipher(arvenia, "three").0, [] as [&str; 0]);
    let again = node.revoke_fact(&legal, id, "twice").unwrap_err().to_string();
    assert_eq!(again, "this fact was withdrawn already");
    verify(arvenia);
}

#[test]
fn only_those_whose_office_it_is_assert_facts() {
    let (_folder, alliance) = alliance(1);
    let arvenia = &alliance.members[0];
    for (person, kind, about, value, may) in [
        ("legal-1", FactKind::TortureRisk, "XBR", "low", true),
        ("security-1", FactKind::TortureRisk, "XBR", "low", false),
        ("security-1", FactKind::Accreditation, "XBR", "TJENST", true),
        ("legal-1", FactKind::Accreditation, "XBR", "TJENST", false),
        ("release-1", FactKind::Emergency, "us", "threat", true),
        ("analyst", FactKind::Emergency, "us", "threat", false),
        ("analyst", FactKind::Established, "us", "export_licence", false),
    ] {
        let fact = fact(arvenia, kind, about, value, 10);
        let done = assert_by(arvenia, person, fact);
        match (may, done) {
            (true, Ok(_)) => {}
            (false, Err(AppError::Forbidden(why))) => {
                assert!(why.contains("assert facts of the kind"), "{why}");
            }
            (_, other) => panic!("{person} {kind}: {other:?}"),
        }
    }
    // A marking that the nation's scheme does not have would be worth nothing.
    let nonsense = fact(arvenia, FactKind::Clearance, "XBR", "VERY SECRET", 10);
    let error = assert_by(arvenia, "security-1", nonsense).unwrap_err().to_string();
    assert!(error.contains("a marking of that nation's scheme"), "{error}");
}

#[test]
fn an_emergency_must_be_declared_before_it_is_named() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let mut order = order(arvenia, "SERVICE", &[]);
    order.circumstances.emergency = Some("imminent_threat".to_owned());
    let analyst = arvenia.actor("analyst").unwrap();
    let error = node.preview(&analyst, &order, &[]).unwrap_err().to_string();
    assert!(error.contains("no emergency `imminent_threat` is declared"), "{error}");
    let threat = fact(arvenia, FactKind::Emergency, "us", "imminent_threat", 1);
    assert_by(arvenia, "release-1", threat).unwrap();
    node.preview(&analyst, &order, &[]).unwrap();
}

#[test]
fn facts_survive_a_restart() {
    let (_folder, mut alliance) = world();
    let arvenia = &alliance.members[0];
    let licence = fact(arvenia, FactKind::Established, "us", "export_licence", 10);
    assert_by(arvenia, "legal-1", licence).unwrap();
    let arvenia = &mut alliance.members[0];
    arvenia.stop();
    arvenia.start().unwrap();
    assert_eq!(publish_cipher(&alliance.members[0], "one").0, ["XBR", "XCO", "XDO", "XEL"]);
}
