//! Evidence that leaves the house: what a third party can check with nothing but a nation's id.

use entente_app::access::Reading;
use entente_app::evidence::{Enclosed, EvidenceOf, EvidenceOrder, WrittenEvidence};
use entente_app::{AppError, Result};
use entente_exchange::evidence::{Addressee, EvidenceFault, EvidenceFile, Proven, Said};
use entente_model::item::{EffectStatus, RecallClass};
use entente_model::record::RecordKind;
use entente_model::{NationId, ObjectId};
use entente_store::Store as _;
use entente_testkit::{Alliance, Member, treaty};
use tempfile::TempDir;

use crate::world::{ATTACK, order, payload, publish, publish_bytes, verify};

/// Nations with an agreement between them.
fn bound(nations: usize) -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(nations).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 5).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    (folder, alliance)
}

fn write(
    at: &Member,
    person: &str,
    oid: ObjectId,
    of: EvidenceOf,
    to: Option<&str>,
    enclosed: Enclosed,
) -> Result<WrittenEvidence> {
    let to = to.map(|code| code.parse().unwrap());
    let order = EvidenceOrder { oid, of, to, enclosed };
    at.node().unwrap().write_evidence(&at.actor(person).unwrap(), &order, &Reading::by_command())
}

/// What a reader makes of a file, who knows one nation's id.
fn read(text: &str, nation: Option<NationId>, at: &Member) -> std::result::Result<Proven, String> {
    let (file, seal) = EvidenceFile::read(text).map_err(|e| e.to_string())?;
    file.verify(&seal, nation, at.now()).map_err(|e| e.to_string())
}

#[test]
fn a_third_party_checks_release_receipt_and_recall() {
    let (_folder, alliance) = bound(3);
    let [arvenia, brenmark, costaluna] = &alliance.members[..] else { panic!() };
    let published = publish(arvenia, &order(arvenia, "SERVICE", &["XBR", "XCO"]), ATTACK, 3);
    let kept = publish_bytes(arvenia, &order(arvenia, "SERVICE//NOFORN", &[]), &[vec![7; 40]]);
    alliance.quiet().unwrap();
    costaluna.node().unwrap().cosign_held().unwrap();
    alliance.quiet().unwrap();
    let [oid, other, _] = published.objects[..] else { panic!() };

    // The sender's word, seen by a witness.
    let sent = write(arvenia, "analyst", oid, EvidenceOf::Release, Some("XBR"), Enclosed::Nothing)
        .unwrap();
    assert!(sent.text.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{}", sent.text);
    let proven = read(&sent.text, Some(arvenia.nation), arvenia).unwrap();
    assert_eq!((proven.by.nation, proven.by.node), (arvenia.nation, arvenia.id));
    assert_eq!((proven.said.clone(), proven.link.oid), (Said::Release, oid));
    let Addressee::Known(to) = &proven.to else { panic!("{:?}", proven.to) };
    assert_eq!(
        (to.nation, to.node, to.code),
        (brenmark.nation, brenmark.id, brenmark.profile.code)
    );
    let witnesses: Vec<NationId> = proven.witnesses.iter().map(|w| w.by.nation).collect();
    assert_eq!((witnesses, proven.unknown_lines), (vec![costaluna.nation], 0));
    assert_eq!(proven.basis.as_ref().unwrap().agreements.len(), 1);
    let clauses = proven.terms.as_ref().unwrap().clauses.join(" ");
    assert!(clauses.contains(treaty::CODE), "{clauses}");
    assert!(proven.manifest.is_none() && proven.content_bytes.is_none());

    // The receiver holds the same entry of the same ledger, and needs no word of the sender's.
    let received =
        write(brenmark, "analyst", oid, EvidenceOf::Release, None, Enclosed::Nothing).unwrap();
    let theirs = read(&received.text, Some(arvenia.nation), brenmark).unwrap();
    assert_eq!((theirs.index, &theirs.link), (proven.index, &proven.link));
    assert_eq!(theirs.terms, proven.terms);

    // The receipt, of the receiver's ledger, with the release that it acknowledges.
    let receipt =
        write(arvenia, "analyst", oid, EvidenceOf::Receipt, Some("XBR"), Enclosed::Nothing)
            .unwrap();
    let proven = read(&receipt.text, Some(brenmark.nation), arvenia).unwrap();
    let Said::Receipt(said) = &proven.said else { panic!("{:?}", proven.said) };
    let release = proven.release.as_ref().unwrap();
    assert_eq!((release.link.oid, release.by.nation), (oid, arvenia.nation));
    assert!(said.upto >= release.link.seq && said.dispositions.is_empty());

    // It is the nation's whose ledger it is, and nobody else's.
    let wrong = read(&receipt.text, Some(arvenia.nation), arvenia).unwrap_err();
    let nations = (brenmark.nation, arvenia.nation);
    let expected = EvidenceFault::Nation { found: nations.0, wanted: nations.1 };
    assert_eq!(wrong, expected.to_string());
    assert!(!read(&receipt.text, None, arvenia).unwrap().is_anchored);

    // A recall, and what each holder did.
    let officer = arvenia.actor("release-1").unwrap();
    let node = arvenia.node().unwrap();
    node.recall(&officer, &[oid], RecallClass::Erase, "Act 7", 86_400_000).unwrap();
    alliance.quiet().unwrap();
    assert_eq!(payload(brenmark, oid), None);
    let answer =
        write(arvenia, "analyst", oid, EvidenceOf::Recall, Some("XBR"), Enclosed::Nothing).unwrap();
    let proven = read(&answer.text, Some(brenmark.nation), arvenia).unwrap();
    let Said::Effect(effect) = &proven.said else { panic!("{:?}", proven.said) };
    assert_eq!((effect.oid, effect.status), (oid, EffectStatus::Erased));
    assert_eq!(proven.release.as_ref().unwrap().link.oid, oid);
    // What was erased is still proved to have been received.
    let after =
        write(brenmark, "analyst", oid, EvidenceOf::Release, None, Enclosed::Nothing).unwrap();
    assert_eq!(read(&after.text, Some(arvenia.nation), brenmark).unwrap().link.oid, oid);

    // What there is no evidence of, and what must be said more exactly.
    for (oid, of, to, says) in [
        (oid, EvidenceOf::Release, None, "one of XBR, XCO"),
        (oid, EvidenceOf::Release, Some("XEL"), "to XEL is not known here"),
        (other, EvidenceOf::Recall, None, "an answer to this object's recall is not known here"),
        (kept.objects[0], EvidenceOf::Release, None, "is not known here"),
        (ObjectId::from_array([9; 32]), EvidenceOf::Release, None, "is not known here"),
    ] {
        let refused = write(arvenia, "analyst", oid, of, to, Enclosed::Nothing).unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    }
    let foreign = write(brenmark, "analyst", other, EvidenceOf::Receipt, None, Enclosed::Nothing);
    assert!(matches!(foreign, Err(AppError::Invalid(_))), "{foreign:?}");
    for member in &alliance.members {
        verify(member);
    }
}

#[test]
fn label_and_content_go_only_by_whom_may_hand_them_out_and_that_is_recorded() {
    let (_folder, alliance) = bound(2);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let plain = order(arvenia, "SERVICE", &["XBR"]);
    let open = publish_bytes(arvenia, &plain, &[b"the whole report".to_vec()]).objects[0];
    let bound = order(arvenia, "SERVICE//ORCON", &["XBR"]);
    let bound = publish_bytes(arvenia, &bound, &[b"for your eyes".to_vec()]).objects[0];
    alliance.quiet().unwrap();

    let exports = |at: &Member| {
        let leaves =
            at.node().unwrap().store().read(|work| work.leaves_of_kind(RecordKind::Export, 99));
        leaves.unwrap().len()
    };
    let release = EvidenceOf::Release;
    for enclosed in [Enclosed::Label, Enclosed::Content] {
        let refused = write(arvenia, "analyst", open, release, None, enclosed).unwrap_err();
        assert!(matches!(refused, AppError::Forbidden(_)), "{refused}");
    }
    assert_eq!(exports(arvenia), 0);
    let label = write(arvenia, "release-1", open, release, None, Enclosed::Label).unwrap();
    let content = write(arvenia, "legal-1", open, release, None, Enclosed::Content).unwrap();
    assert_eq!(exports(arvenia), 2);
    let overseer = arvenia.actor("overseer").unwrap();
    let told = arvenia.node().unwrap().events(&overseer, Some("export"), None, 9).unwrap();
    assert!(told.iter().all(|event| event.oid == Some(open)), "{told:?}");
    assert!(told[0].text.contains("label and content was handed out by legal-1"), "{told:?}");

    let proven = read(&label.text, Some(arvenia.nation), arvenia).unwrap();
    assert_eq!(proven.manifest.unwrap().nation, arvenia.nation);
    assert_eq!(proven.content_bytes, None);
    let proven = read(&content.text, Some(arvenia.nation), arvenia).unwrap();
    assert_eq!(proven.content_bytes, Some(16));

    // Another nation's object goes by that nation's leave.
    let refused = write(brenmark, "release-1", bound, release, None, Enclosed::Content);
    if brenmark
        .node()
        .unwrap()
        .object(&brenmark.actor("analyst").unwrap(), bound, &Reading::by_command())
        .is_ok()
    {
        assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(exports(brenmark), 0);
    verify(arvenia);
}

#[test]
fn a_file_that_was_changed_anywhere_is_refused_with_the_reason() {
    let (_folder, alliance) = bound(2);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let report = publish_bytes(arvenia, &order(arvenia, "SERVICE", &["XBR"]), &[vec![65; 100]]);
    alliance.quiet().unwrap();
    brenmark.node().unwrap().cosign_held().unwrap();
    alliance.quiet().unwrap();
    let (oid, release) = (report.objects[0], EvidenceOf::Release);
    let written = write(arvenia, "release-1", oid, release, None, Enclosed::Content).unwrap();
    let text = written.text.as_bytes();
    assert!(read(&written.text, Some(arvenia.nation), arvenia).is_ok());

    // Beginning, middle and end of each line; and all over the long one with the extra data.
    let mut places = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        places.extend([start, start + 1, usize::midpoint(start, end), end - 2, end - 1]);
        if line.starts_with(b"extra ") {
            places.extend((start..end).step_by((line.len() / 90).max(1)));
        }
        start = end;
    }
    let mut reasons = std::collections::BTreeSet::new();
    for (turn, place) in places.into_iter().filter(|place| *place < text.len()).enumerate() {
        let mut changed = text.to_vec();
        changed[place] ^= 1 << (turn % 8);
        let refused = match String::from_utf8(changed) {
            Ok(changed) => match read(&changed, Some(arvenia.nation), arvenia) {
                Ok(_) => panic!("a changed bit at byte {place} convinces"),
                Err(reason) => reason,
            },
            Err(_) => "not text".to_owned(),
        };
        assert!(!refused.is_empty());
        reasons.insert(refused);
    }
    assert!(reasons.len() >= 6, "{reasons:?}");

    // Cut short anywhere, or with something behind it.
    for end in [0, 10, 40, text.len() / 2, text.len() - 1] {
        let cut = String::from_utf8_lossy(&text[..end]).into_owned();
        assert!(read(&cut, Some(arvenia.nation), arvenia).is_err(), "{end}");
    }
    assert!(read(&format!("{}\n", written.text), Some(arvenia.nation), arvenia).is_err());

    // With a seal that fits, what no signature covers may be changed; it then proves no more.
    let (mut file, _) = EvidenceFile::read(&written.text).unwrap();
    file.content = Some(vec![66; 100]);
    let forged = read(&file.to_string(), Some(arvenia.nation), arvenia).unwrap_err();
    assert_eq!(forged, EvidenceFault::NotNamed("content").to_string());
    file.content = None;
    assert_eq!(read(&file.to_string(), None, arvenia).unwrap().content_bytes, None);
    file.terms = None;
    file.chains.truncate(1);
    let less = read(&file.to_string(), Some(arvenia.nation), arvenia).unwrap();
    assert!(matches!(less.to, Addressee::Unknown(node) if node == brenmark.id));
    assert!(less.witnesses.is_empty() && less.unknown_lines > 0);
}
