//! Nations for a test, and short ways to do what tests do.

use entente_app::access::Reading;
use entente_app::people::Actor;
use entente_app::publish::{Circumstances, Order, Published};
use entente_formats::{Kind, Limits, MediaHint, OnBad, Piece, split};
use entente_law::marking::parse_label;
use entente_law::scheme::Schemes;
use entente_model::item::Lane;
use entente_model::{ObjectId, ReleaseFacts};
use entente_testkit::{Alliance, Member, Profile};
use tempfile::TempDir;

pub(crate) const EMBER_STRAIT: &str = include_str!("../../../../agreements/ember-strait.md");
pub(crate) const ATTACK: &[u8] = include_bytes!("../../../../samples/attack-ics-18.1-subset.json");

pub(crate) fn profiles() -> Vec<Profile> {
    [
        ("XAR", &["CERT-A", "NAVY-FUSION"][..]),
        ("XBR", &["CERT-B", "COAST-WATCH"]),
        ("XCO", &["CERT-C"]),
        ("XDO", &["CERT-D"]),
        ("XEL", &["CERT-E", "JOINT-MARITIME-CENTRE"]),
    ]
    .into_iter()
    .map(|(code, bodies)| Profile::new(code, bodies).unwrap())
    .collect()
}

/// The first `n` nations, introduced to each other.
pub(crate) fn alliance(n: usize) -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let alliance = Alliance::found(&profiles()[..n], folder.path(), 1).unwrap();
    alliance.introduce_all().unwrap();
    (folder, alliance)
}

pub(crate) fn order(from: &Member, label: &str, to: &[&str]) -> Order {
    let schemes = Schemes::builtin();
    let scheme = schemes.get(from.profile.code.as_str()).unwrap();
    Order {
        label: parse_label(label, scheme, from.now()).unwrap(),
        facts: ReleaseFacts::default(),
        purpose: "cyber_defence".to_owned(),
        to: to.iter().map(|code| (code.parse().unwrap(), None)).collect(),
        circumstances: Circumstances::default(),
        lane: Lane::Priority,
        supersedes: Vec::new(),
    }
}

pub(crate) fn publish(from: &Member, order: &Order, file: &[u8], pieces: usize) -> Published {
    let hint = MediaHint { kind: Kind::Stix, file_name: None };
    let mut found = split(file, &hint, &Limits::default(), OnBad::TakeRest).unwrap().pieces;
    found.retain(|piece| piece.object_type == "indicator" || piece.object_type == "attack_pattern");
    found.truncate(pieces);
    let node = from.node().unwrap();
    node.publish(&from.actor("analyst").unwrap(), order, &found).unwrap()
}

/// Publishes each of these bytes as a report.
pub(crate) fn publish_bytes(from: &Member, order: &Order, payloads: &[Vec<u8>]) -> Published {
    publish_bytes_as(from, &from.actor("analyst").unwrap(), order, payloads)
}

/// The same by this person.
pub(crate) fn publish_bytes_as(
    from: &Member,
    by: &Actor,
    order: &Order,
    payloads: &[Vec<u8>],
) -> Published {
    let pieces: Vec<Piece<'_>> = payloads
        .iter()
        .map(|payload| Piece {
            name: "report".to_owned(),
            object_type: "report".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            payload,
            title: "A report".to_owned(),
            created: None,
            markings: Vec::new(),
            records: 1,
            exercise: false,
            findings: Vec::new(),
        })
        .collect();
    from.node().unwrap().publish(by, order, &pieces).unwrap()
}

/// The payload of an object as an analyst reads it, if it can be read.
pub(crate) fn payload(at: &Member, oid: ObjectId) -> Option<Vec<u8>> {
    let node = at.node().unwrap();
    node.object(&at.actor("analyst").unwrap(), oid, &Reading::by_command()).ok()?.payload
}

pub(crate) fn overseer(member: &Member) -> Actor {
    member.actor("overseer").unwrap()
}

pub(crate) fn verify(member: &Member) {
    let findings = member.node().unwrap().verify_ledger(&overseer(member)).unwrap();
    assert_eq!(findings.faults, Vec::<String>::new(), "{}", member.profile.code);
}
