use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA512, digest};
use proptest::prelude::*;

use super::*;
use crate::vectors::{bytes, unpack, wycheproof};

#[test]
fn aes_gcm_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-aes_gcm.json.zst");
    let mut ran = 0;
    for (group, test) in wycheproof(file) {
        if group["keySize"] != 256 || group["ivSize"] != 96 {
            continue;
        }
        let key = aead::Key::new(&bytes(&test["key"]).try_into().unwrap());
        let nonce = bytes(&test["iv"]).try_into().unwrap();
        let (aad, plain) = (bytes(&test["aad"]), bytes(&test["msg"]));
        let (ct, tag) = (bytes(&test["ct"]), bytes(&test["tag"]));
        let mut out = vec![0; ct.len()];
        let opened = key.open(nonce, &aad, &ct, &tag, &mut out).is_ok();
        assert_eq!(opened, test["result"] == "valid", "{}", test["tcId"]);
        if opened {
            assert_eq!(out, plain);
            assert_eq!(key.seal(nonce, &aad, &mut out).as_slice(), tag);
            assert_eq!(out, ct);
        }
        ran += 1;
    }
    assert!(ran >= 40, "{ran}");
}

#[test]
fn chunked_encryption_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-chunked_encryption.json.zst");
    let mut opened = 0;
    for (_, test) in wycheproof(file) {
        let ct = unpack(&bytes(&test["ct"]));
        let context = bytes(&test["ctx"]);
        let key = Secret::from_slice(&bytes(&test["key"]));
        let plain = key.as_ref().and_then(|key| open_chunked(key, &context, &ct).ok());
        assert_eq!(plain.is_some(), test["result"] == "valid", "{}", test["tcId"]);
        if let (Some(key), Some(plain)) = (key, plain) {
            assert_eq!(plain.len() as u64, test["msgLength"].as_u64().unwrap());
            assert_eq!(digest(&SHA512, &plain).as_ref(), bytes(&test["msgSha512"]));
            let salt = ct[..SALT_LEN].try_into().unwrap();
            assert!(seal_chunked(&key, &salt, &context, &plain) == ct, "{}", test["tcId"]);
            opened += 1;
        }
    }
    assert!(opened >= 7, "{opened}");
}

#[test]
fn lengths_around_a_chunk_round_trip() {
    let key = Secret::from_array([1; 32]);
    for len in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN, 3 * CHUNK_LEN + 7] {
        let plain: Vec<u8> = (0..len).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let ct = seal_chunked(&key, &[2; 24], b"context", &plain);
        assert_eq!(ct.len(), sealed_len(len));
        assert!(open_chunked(&key, b"context", &ct).unwrap() == plain, "{len}");
    }
}

#[test]
fn faults_have_their_names() {
    let key = Secret::from_array([1; 32]);
    let plain = vec![3; CHUNK_LEN + 10];
    let ct = seal_chunked(&key, &[2; 24], b"context", &plain);
    let open = |ct: &[u8]| open_chunked(&key, b"context", ct);
    assert_eq!(open(&ct[..HEADER_LEN - 1]), Err(ChunkedError::Length));
    assert_eq!(open(&ct[..HEADER_LEN + SEALED_CHUNK_LEN]), Err(ChunkedError::Length));
    assert_eq!(open_chunked(&key, b"other", &ct), Err(ChunkedError::Commitment));
    let mut changed = ct.clone();
    changed[HEADER_LEN + SEALED_CHUNK_LEN] ^= 1;
    assert_eq!(open(&changed), Err(ChunkedError::Chunk { index: 1 }));
}

/// The commitment is what refuses a ciphertext made to open under a second key (I15): take a
/// valid ciphertext, and let a forger who chooses the derived key swap the chunk for one of its
/// own; whatever stands in the header, only one input key can be behind it.
#[test]
fn a_ciphertext_opens_under_one_key_only() {
    let (first, second) = (Secret::from_array([1; 32]), Secret::from_array([2; 32]));
    let salt = [7; SALT_LEN];
    let derived = Derived::new(&second, &salt, b"c");
    let mut forged = seal_chunked(&first, &salt, b"c", b"for the first");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, derived.part::<0, 32>()).unwrap());
    let mut chunk = b"for the second".to_vec();
    let nonce = Nonce::assume_unique_for_key(derived.nonce(0));
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut chunk).unwrap();
    forged.truncate(HEADER_LEN);
    forged.extend_from_slice(&chunk);
    assert_eq!(open_chunked(&second, b"c", &forged), Err(ChunkedError::Commitment));
    assert_eq!(open_chunked(&first, b"c", &forged), Err(ChunkedError::Chunk { index: 0 }));
}

proptest! {
    #[test]
    fn another_key_or_context_is_refused(key: [u8; 32], other: [u8; 32], bit in 0_usize..64) {
        prop_assume!(key != other);
        let (key, other) = (Secret::from_array(key), Secret::from_array(other));
        let mut context = *b"context!";
        let ct = seal_chunked(&key, &[5; 24], &context, b"content");
        prop_assert_eq!(open_chunked(&other, &context, &ct), Err(ChunkedError::Commitment));
        context[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(open_chunked(&key, &context, &ct), Err(ChunkedError::Commitment));
    }

    #[test]
    fn any_flipped_bit_or_cut_is_refused(at in 0.0_f64..1.0, bit in 0_u8..8, len in 0_usize..40_000) {
        let key = Secret::from_array([1; 32]);
        let ct = seal_chunked(&key, &[5; 24], b"c", &vec![9; len]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "a fraction of a small length")]
        let at = (at * ct.len() as f64) as usize;
        let mut flipped = ct.clone();
        flipped[at] ^= 1 << bit;
        prop_assert!(open_chunked(&key, b"c", &flipped).is_err());
        prop_assert!(open_chunked(&key, b"c", &ct[..at]).is_err());
    }
}
