use entente_model::{AgreementId, Decision};
use hpke::aead::ChaCha20Poly1305;
use proptest::prelude::*;

use super::*;
use crate::vectors::{Given, Seeded, bytes, lines};

#[test]
fn xwing_answers_its_draft() {
    let file = include_bytes!("../../../../vectors/crypto/xwing.jsonl.zst");
    for test in lines(file) {
        let key = KemKey::from_bytes(&bytes(&test["sk"])).unwrap();
        assert_eq!(key.public().as_bytes(), bytes(&test["pk"]));
        let (enc, _) = setup_sender(&key.public(), b"", &mut Given(bytes(&test["eseed"]))).unwrap();
        assert_eq!(enc, bytes(&test["ct"]));
        let (to, enc) = (bytes(&test["ct"]), key.expand());
        let to = <XWing as Kem>::EncappedKey::from_bytes(&to).unwrap();
        let shared = XWing::decap(&enc, None, &to).unwrap();
        assert_eq!(shared.0.as_slice(), bytes(&test["ss"]));
    }
}

#[test]
fn hpke_with_xwing_answers_its_draft() {
    let file = include_bytes!("../../../../vectors/crypto/hpke-xwing.jsonl.zst");
    let mut ran = 0;
    for test in lines(file) {
        assert_eq!(test["aead_id"], 3, "the published vectors use ChaCha20-Poly1305");
        let key = KemKey::from_bytes(&bytes(&test["skRm"])).unwrap();
        assert_eq!(key.public().as_bytes(), bytes(&test["pkRm"]));
        let (info, enc) = (bytes(&test["info"]), bytes(&test["enc"]));
        for export in test["exports"].as_array().unwrap() {
            let context = bytes(&export["exporter_context"]);
            let expected = bytes(&export["exported_value"]);
            let ikm = &mut Given(bytes(&test["ikmE"]));
            let (sent, at_sender) =
                send::<ChaCha20Poly1305>(&key.public(), &info, &context, ikm).unwrap();
            assert_eq!(sent, enc);
            assert_eq!(at_sender.expose().as_slice(), expected);
            let received = receive::<ChaCha20Poly1305>(&key, &info, &context, &enc).unwrap();
            assert_eq!(received.expose().as_slice(), expected);
            ran += 1;
        }
    }
    assert!(ran >= 5, "{ran}");
}

const TARGET: [u8; 32] = [3; 32];

fn ids() -> (ObjectId, BodyDigest, WrapContextId) {
    (
        ObjectId::from_array([4; 32]),
        BodyDigest::from_array([5; 32]),
        WrapContextId::from_array([6; 16]),
    )
}

fn terms() -> Terms {
    Terms {
        decision: Decision::PermitModified,
        agreement: AgreementId::from_array([8; 32]),
        clauses: vec!["ESM-MISA/4".to_owned()],
        reason_codes: vec![],
        obligations: vec!["delete_by:2031-10-09".to_owned()],
        variant: None,
    }
}

#[test]
fn both_ends_share_a_wrap_context() {
    let key = KemKey::generate(&mut Seeded(1));
    let public = KemPublic::from_bytes(&key.public().to_bytes()).unwrap();
    let (src, dst) = (NodeId::from_array([1; 32]), NodeId::from_array([2; 32]));
    let info = wrap_info(src, dst, &public.id(), 7);
    assert_eq!(info.len(), WC_PREFIX.len() + 3 * 32 + 8);
    let (enc, sender) = setup_sender(&public, &info, &mut Seeded(2)).unwrap();
    assert_eq!(enc.len(), ENC_LEN);
    let receiver = setup_receiver(&key, &info, &enc).unwrap();
    assert_eq!(sender, receiver);
    assert_ne!(setup_receiver(&key, b"other", &enc).unwrap(), sender);
    let other = KemKey::generate(&mut Seeded(9));
    assert_ne!(setup_receiver(&other, &info, &enc).unwrap(), sender);
    let id = wrap_context_id(LINK, &info, &enc);
    assert_ne!(id, wrap_context_id(1, &info, &enc));
    assert_eq!(setup_receiver(&key, &info, b"short"), Err(WrapError::Encapsulation));
    assert_eq!(KemKey::from_bytes(&[0; 31]).unwrap_err(), WrapError::Key);
    assert!(KemPublic::from_bytes(&[0x43, 1, 2, 3]).is_err());
}

#[test]
fn wrapping_is_deterministic_and_bound_to_everything() {
    let wck = Wck(Secret::from_array([1; 32]));
    let (oid, body, wc) = ids();
    let dek = Secret::from_array([9; 32]);
    let wrapped = wck.wrap(&TARGET, &oid, &body, &wc, &dek);
    assert_eq!(wrapped, wck.wrap(&TARGET, &oid, &body, &wc, &dek));
    assert_eq!(wck.unwrap(&TARGET, &oid, &body, &wc, &wrapped), Ok(dek));

    let refused = Err(WrapError::Wrapped);
    let (oid2, body2) = (ObjectId::from_array([0; 32]), BodyDigest::from_array([0; 32]));
    let wc2 = WrapContextId::from_array([0; 16]);
    assert_eq!(wck.unwrap(&[0; 32], &oid, &body, &wc, &wrapped), refused);
    assert_eq!(wck.unwrap(&TARGET, &oid2, &body, &wc, &wrapped), refused);
    assert_eq!(wck.unwrap(&TARGET, &oid, &body2, &wc, &wrapped), refused);
    assert_eq!(wck.unwrap(&TARGET, &oid, &body, &wc2, &wrapped), refused);
    let other = Wck(Secret::from_array([2; 32]));
    assert_eq!(other.unwrap(&TARGET, &oid, &body, &wc, &wrapped), refused);
}

#[test]
fn wraps_and_context_ids_are_frozen() {
    // Computed independently from protocol.md 2.4.
    let wck = Wck(Secret::from_array([1; 32]));
    let (oid, body, wc) = ids();
    let wrapped = wck.wrap(&TARGET, &oid, &body, &wc, &Secret::from_array([9; 32]));
    let expected = "255a5f32a812d4066368382c268c87c3a6501352f38c003ed10c761ce0dbb118\
                    9cf8fa4ef0be61b6adc39d728c764976";
    assert_eq!(hex::encode(wrapped), expected);
    let (src, dst) = (NodeId::from_array([1; 32]), NodeId::from_array([2; 32]));
    let info = wrap_info(src, dst, &KeyId::from_array([3; 32]), 7);
    let id = wrap_context_id(LINK, &info, b"enc");
    assert_eq!(id.to_string(), "a8cc1071aa6b0084a2df2dd962dd13b7");
}

#[test]
fn terms_open_for_their_recipient_only() {
    let wck = Wck(Secret::from_array([1; 32]));
    let (.., wc) = ids();
    let (digest, sealed) = wck.seal_terms(&TARGET, &terms(), &wc);
    assert_eq!(digest, terms_digest(&terms()));
    assert_eq!(wck.open_terms(&TARGET, &digest, &wc, &sealed), Ok(terms()));
    let refused = Err(WrapError::Terms);
    assert_eq!(wck.open_terms(&[0; 32], &digest, &wc, &sealed), refused);
    assert_eq!(wck.open_terms(&TARGET, &Digest::from_array([0; 32]), &wc, &sealed), refused);
    assert_eq!(wck.open_terms(&TARGET, &digest, &wc, &vec![0; 1 << 20]), refused);
}

#[test]
fn a_part_opens_with_its_key_only() {
    let key = KemKey::generate(&mut Seeded(1));
    let plain = vec![7; 40_000];
    let mut sealed = seal_part(&key.public(), &plain, &mut Seeded(2)).unwrap();
    assert!(open_part(&key, &sealed).unwrap() == plain);
    assert!(open_part(&KemKey::generate(&mut Seeded(5)), &sealed).is_err());
    assert_eq!(open_part(&key, &sealed[..ENC_LEN - 1]), Err(WrapError::Encapsulation));
    sealed[ENC_LEN + 100] ^= 1;
    assert!(matches!(open_part(&key, &sealed), Err(WrapError::Part(_))));
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(bit in 0_usize..WRAPPED_LEN * 8) {
        let wck = Wck(Secret::from_array([1; 32]));
        let (oid, body, wc) = ids();
        let mut wrapped = wck.wrap(&TARGET, &oid, &body, &wc, &Secret::from_array([9; 32]));
        wrapped[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(wck.unwrap(&TARGET, &oid, &body, &wc, &wrapped), Err(WrapError::Wrapped));

        let (digest, mut sealed) = wck.seal_terms(&TARGET, &terms(), &wc);
        let bit = bit % (sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(wck.open_terms(&TARGET, &digest, &wc, &sealed), Err(WrapError::Terms));
    }

    /// I12: another ciphertext has another digest, and so another key.
    #[test]
    fn two_bodies_never_share_a_wrap(first: [u8; 32], second: [u8; 32]) {
        prop_assume!(first != second);
        let wck = Wck(Secret::from_array([1; 32]));
        let (oid, _, wc) = ids();
        let dek = Secret::from_array([9; 32]);
        let [a, b] = [first, second]
            .map(|body| wck.wrap(&TARGET, &oid, &BodyDigest::from_array(body), &wc, &dek));
        prop_assert_ne!(a, b);
    }
}
