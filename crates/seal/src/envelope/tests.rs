use entente_model::codec::Extra;
use entente_model::{Digest, Handling, Label, NationId, NodeId, ReleaseFacts, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::body::seal_chunked;
use crate::digest::h;
use crate::vectors::Seeded;
use entente_model::tag::Tag;

fn manifest(raw: &[u8], compressed: bool) -> Manifest {
    Manifest {
        salt: [1; 32],
        nation: NationId::from_array([2; 32]),
        node: NodeId::from_array([3; 32]),
        agency: Some("XAR-CERT".to_owned()),
        media_type: "application/json".to_owned(),
        payload_bytes: raw.len() as u64,
        payload_sha256: Digest::from_array(sha256(raw)),
        label: Label {
            policy: "XAR".to_owned(),
            class: 3,
            marking: "SECRET-A".to_owned(),
            controls: vec![],
            created: Timestamp::from_millis(1),
            review: None,
            alternatives: vec![],
        },
        handling: Handling::default(),
        created_at: Timestamp::from_millis(1),
        supersedes: vec![],
        variant_of: None,
        tearline_of: None,
        parts: vec![],
        links: vec![],
        attestation: None,
        compressed,
        facts: ReleaseFacts::default(),
        extra: Extra::default(),
    }
}

fn seal_raw(raw: &[u8]) -> (Manifest, SealedBody) {
    let (stored, compressed) = prepare_payload(raw);
    let manifest = manifest(raw, compressed);
    let sealed = seal_object(&manifest, &stored, &mut Seeded(1)).unwrap();
    (manifest, sealed)
}

fn open(sealed: &SealedBody) -> Result<Opened, OpenError> {
    open_body(&sealed.dek, &sealed.oid, &sealed.body, &sealed.ct)
}

/// Random-looking bytes, which do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    Seeded(1000).fill(&mut out);
    out
}

/// Seals any plaintext as a body of `oid`.
fn forge(oid: ObjectId, plain: &[u8]) -> Result<Opened, OpenError> {
    let dek = Secret::from_array([9; 32]);
    let ct = seal_chunked(&dek, &[4; SALT_LEN], &context(&oid), plain);
    open_body(&dek, &oid, &BodyDigest::from_array(sha256(&ct)), &ct)
}

fn plain(form: u8, head: &[u8], stored: &[u8]) -> Vec<u8> {
    let len = u32::try_from(head.len()).unwrap().to_be_bytes();
    let mut out = [&[form], len.as_slice(), head, stored].concat();
    out.resize(padded_len(out.len()), 0);
    out
}

#[test]
fn an_object_opens_as_it_was_sealed() {
    for raw in [vec![], b"short".to_vec(), noise(4096), noise(70_000), vec![b'a'; 70_000]] {
        let (manifest, sealed) = seal_raw(&raw);
        assert_eq!(manifest.compressed, raw.len() == 70_000 && raw[0] == b'a');
        assert_eq!(sealed.oid, object_id(&manifest.to_bytes()));
        let opened = Opened::Object { manifest_bytes: manifest.to_bytes(), manifest, payload: raw };
        assert!(open(&sealed).unwrap() == opened);
    }
}

#[test]
fn the_largest_object_fits() {
    let raw = noise(PAYLOAD_BYTES_MAX);
    let mut manifest = manifest(&raw, false);
    manifest.attestation = Some(noise(60_000));
    let sealed = seal_object(&manifest, &raw, &mut Seeded(1)).unwrap();
    assert!(sealed.ct.len() <= CT_BYTES_MAX);
    assert!(open(&sealed).is_ok());
    assert!(body::sealed_len(padded_len(CONTENT_BYTES_MAX)) <= CT_BYTES_MAX);
}

#[test]
fn what_nobody_could_open_is_not_sealed() {
    let long = noise(PAYLOAD_BYTES_MAX + 1);
    let wrong_length = manifest(b"another one", false);
    for (manifest, stored) in [
        (&wrong_length, b"payload".as_slice()),
        (&manifest(b"payload", true), b"short"),
        (&manifest(&long, false), &long),
    ] {
        let refused = seal_object(manifest, stored, &mut Seeded(1)).unwrap_err();
        assert_eq!(refused, SealError::Payload { bytes: stored.len() });
    }
    let mut long = manifest(b"", false);
    long.attestation = Some(noise(Manifest::BYTES_MAX));
    assert!(matches!(seal_object(&long, b"", &mut Seeded(1)), Err(SealError::TooLong { .. })));
}

#[test]
fn a_control_item_opens_as_it_was_sealed() {
    let item = ControlItem { salt: [8; 32], payload: b"receipt".to_vec() };
    let sealed = seal_control(&item, &mut Seeded(1)).unwrap();
    assert_eq!(sealed.manifest_bytes, item.to_bytes());
    assert_eq!(open(&sealed), Ok(Opened::Control(item)));
}

#[test]
fn exercise_and_real_objects_never_share_an_id() {
    let mut manifest = manifest(b"x", false);
    manifest.facts.exercise = true;
    let sealed = seal_object(&manifest, b"x", &mut Seeded(1)).unwrap();
    assert_eq!(sealed.oid.as_bytes(), &h(Tag::OidEx, &[&manifest.to_bytes()]));
    assert!(open(&sealed).is_ok());
    // Exercise data under the id of a real object.
    let bytes = manifest.to_bytes();
    let refused = forge(object_id(&bytes), &plain(OBJECT, &bytes, b"x"));
    assert_eq!(refused, Err(OpenError::Oid));
}

#[test]
fn each_fault_has_its_nack() {
    let (_, sealed) = seal_raw(b"payload");
    let body = &sealed.body;
    let mut ct = sealed.ct.clone();
    ct[60] ^= 1;
    let fault = open_body(&sealed.dek, &sealed.oid, body, &ct).unwrap_err();
    assert_eq!((fault.nack(), fault), (NackCode::Digest, OpenError::Digest));

    let fresh = BodyDigest::from_array(sha256(&ct));
    let fault = open_body(&sealed.dek, &sealed.oid, &fresh, &ct).unwrap_err();
    assert_eq!(fault.nack(), NackCode::Decrypt);

    let other = ObjectId::from_array([0; 32]);
    let fault = open_body(&sealed.dek, &other, body, &sealed.ct).unwrap_err();
    assert_eq!(fault, OpenError::Decrypt(ChunkedError::Commitment));

    let fault = open_body(&sealed.dek, &other, body, &vec![0; CT_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(fault.nack(), NackCode::Size);
}

#[test]
fn only_the_layout_of_sealing_is_accepted() {
    let bytes = manifest(b"payload", false).to_bytes();
    let oid = object_id(&bytes);
    let good = plain(OBJECT, &bytes, b"payload");
    assert!(forge(oid, &good).is_ok());

    let mut marked = good.clone();
    *marked.last_mut().unwrap() = 1;
    let mut longer = good.clone();
    longer.resize(good.len() * 2, 0);
    let tight = &good[..HEAD_LEN + bytes.len() + 7];
    let mut overlong = good.clone();
    overlong[1..5].copy_from_slice(&u32::MAX.to_be_bytes());
    for bad in [&marked, &longer, tight, &overlong, &good[..4], &[]] {
        let fault = forge(oid, bad).unwrap_err();
        assert!(matches!(fault, OpenError::Layout { .. }), "{fault}");
        assert_eq!(fault.nack(), NackCode::Oid);
    }
    let fault = forge(oid, &plain(3, &bytes, b"payload")).unwrap_err();
    assert!(matches!(fault, OpenError::Layout { .. }));
    assert_eq!(forge(oid, &plain(CONTROL, &bytes, &[])).unwrap_err().nack(), NackCode::Oid);
    assert_eq!(forge(oid, &plain(OBJECT, &bytes, b"PAYLOAD")), Err(OpenError::Payload));
    assert_eq!(
        forge(ObjectId::from_array([1; 32]), &good),
        Err(OpenError::Oid),
        "the right layout under another id"
    );
}

#[test]
fn decompression_is_bounded_by_the_manifest() {
    let raw = vec![b'a'; 10_000];
    let frame = bulk::compress(&raw, 3).unwrap();
    let check = |manifest: &Manifest, stored: &[u8]| {
        let bytes = manifest.to_bytes();
        forge(object_id(&bytes), &plain(OBJECT, &bytes, stored))
    };
    assert!(check(&manifest(&raw, true), &frame).is_ok());

    // A frame that grows far beyond what the manifest says.
    let bomb = bulk::compress(&vec![0; 50 << 20], 3).unwrap();
    assert_eq!(check(&manifest(&raw, true), &bomb), Err(OpenError::Payload));
    // Compressed although it may not be, and a second frame behind the first.
    assert_eq!(check(&manifest(&raw[..100], true), &frame), Err(OpenError::Payload));
    let twice = [frame.as_slice(), &frame].concat();
    assert!(matches!(check(&manifest(&raw, true), &twice), Err(OpenError::Layout { .. })));
    // Not a frame at all, and a frame that holds less.
    assert_eq!(check(&manifest(&raw, true), &raw[..500]), Err(OpenError::Payload));
    let less = bulk::compress(&raw[..9000], 3).unwrap();
    assert_eq!(check(&manifest(&raw, true), &less), Err(OpenError::Payload));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_sealed_opens(len in 0_usize..20_000, fill: u8, noisy: bool) {
        let raw = if noisy { noise(len) } else { vec![fill; len] };
        let (_, sealed) = seal_raw(&raw);
        match open(&sealed) {
            Ok(Opened::Object { payload, .. }) => prop_assert!(payload == raw),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// I11: a body with one bit changed is refused, with its old digest and with a new one.
    #[test]
    fn any_flipped_bit_is_refused(at: usize, bit in 0_u8..8) {
        let (_, sealed) = seal_raw(b"payload");
        let mut ct = sealed.ct.clone();
        let at = at % ct.len();
        ct[at] ^= 1 << bit;
        let fault = open_body(&sealed.dek, &sealed.oid, &sealed.body, &ct);
        prop_assert_eq!(fault, Err(OpenError::Digest));
        let fresh = BodyDigest::from_array(sha256(&ct));
        let fault = open_body(&sealed.dek, &sealed.oid, &fresh, &ct).unwrap_err();
        prop_assert_eq!(fault.nack(), NackCode::Decrypt);
    }

    /// I15: one ciphertext, one key, one object.
    #[test]
    fn another_key_or_object_is_refused(key: [u8; 32], oid: [u8; 32]) {
        let (_, sealed) = seal_raw(b"payload");
        let (key, oid) = (Secret::from_array(key), ObjectId::from_array(oid));
        let refused = Err(OpenError::Decrypt(ChunkedError::Commitment));
        prop_assert_eq!(open_body(&key, &sealed.oid, &sealed.body, &sealed.ct), refused.clone());
        prop_assert_eq!(open_body(&sealed.dek, &oid, &sealed.body, &sealed.ct), refused);
    }

    /// Equal lengths of padded content give equal lengths of ciphertext: size says no more.
    #[test]
    fn the_ciphertext_shows_the_padded_length_only(len in 0_usize..3000) {
        let (_, sealed) = seal_raw(&noise(len));
        let content = HEAD_LEN + sealed.manifest_bytes.len() + len;
        prop_assert_eq!(sealed.ct.len(), body::sealed_len(padded_len(content)));
    }
}
