use super::*;
use crate::vectors::{bytes, hex32, wycheproof};

#[test]
fn tagged_digest_of_the_specification() {
    // protocol.md appendix D.
    let empty = hex32("f71ef3e11c37a6c7cbd3b9dad6e26584abe4394b8331856443b34e9a275adcbb");
    assert_eq!(h(Tag::Oid, &[]), empty);
    assert_eq!(object_id(b"").as_bytes(), &empty);
}

#[test]
fn parts_and_length_do_not_change_the_digest() {
    // Around the size that is put together without allocating.
    let data: Vec<u8> = (0..2000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for len in [0, 1, 499, 500, 501, 511, 512, 513, 1024, 2000] {
        let whole = &data[..len];
        let expected = sha256(whole);
        assert_eq!(sha256_parts(&[whole]), expected, "{len}");
        let (left, right) = whole.split_at(len / 3);
        assert_eq!(sha256_parts(&[left, &[], right]), expected, "{len}");
        assert_eq!(h(Tag::Slot, &[left, right]), sha256(&[b"ent/v1/slot\0", whole].concat()));
    }
}

/// Wycheproof keys are up to 32 bytes here; HMAC fills shorter ones with zeros.
fn key(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    key.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(key)
}

#[test]
fn hmac_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-hmac_sha256.json.zst");
    let mut ran = 0;
    for (_, test) in wycheproof(file) {
        let Some(key) = key(&bytes(&test["key"])) else { continue };
        let tag = bytes(&test["tag"]);
        let ours = hmac_sha256(&key, |m| m.add(&bytes(&test["msg"])));
        assert_eq!(ours[..tag.len()] == tag, test["result"] == "valid", "{}", test["tcId"]);
        ran += 1;
    }
    assert!(ran > 100, "{ran}");
}

#[test]
fn hkdf_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-hkdf_sha256.json.zst");
    let mut ran = 0;
    for (_, test) in wycheproof(file) {
        let Some(salt) = key(&bytes(&test["salt"])) else { continue };
        if test["result"] != "valid" {
            continue;
        }
        let prk = hmac_sha256(&salt, |m| m.add(&bytes(&test["ikm"])));
        let mut okm: Vec<u8> = Vec::new();
        let mut counter = 0;
        while okm.len() < bytes(&test["okm"]).len() {
            counter += 1;
            let previous = okm.len().saturating_sub(32);
            let info = [&okm[previous..], &bytes(&test["info"]), &[counter]].concat();
            let block = hmac_sha256(&prk, |m| m.add(&info));
            okm.extend_from_slice(&block);
        }
        let expected = bytes(&test["okm"]);
        assert_eq!(okm[..expected.len()], expected, "{}", test["tcId"]);
        ran += 1;
    }
    assert!(ran > 40, "{ran}");
}

#[test]
fn mac_and_kdf_are_hmac_and_hkdf_of_the_library() {
    use aws_lc_rs::{hkdf, hmac};
    let key = [9; 32];
    let message = [b"ent/v1/wrap\0".as_slice(), b"left", b"right"].concat();
    let theirs = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let expected = hmac::sign(&theirs, &message);
    assert_eq!(mac(&key, Tag::Wrap, &[b"left", b"right"]), expected.as_ref());

    // Around the size that is put together without allocating.
    for len in [0, 435, 436, 437, 448, 449, 2000] {
        let long = vec![7; len];
        let expected = hmac::sign(&theirs, &[b"ent/v1/wrap\0".as_slice(), &long].concat());
        assert_eq!(mac(&key, Tag::Wrap, &[&long]), expected.as_ref(), "{len}");
    }

    let mut expected = [0; 32];
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &key)
        .expand(&[&message], hkdf::HKDF_SHA256)
        .unwrap()
        .fill(&mut expected)
        .unwrap();
    assert_eq!(kdf(&key, Tag::Wrap, &[b"left", b"right"]).expose(), &expected);
}

#[test]
fn text_cannot_move_between_the_files_of_an_agreement() {
    assert_ne!(agreement_id(&[b"ab", b"c"]), agreement_id(&[b"a", b"bc"]));
    assert_ne!(agreement_id(&[b"ab"]), agreement_id(&[b"ab", b""]));
    assert_ne!(agreement_id(&[b"a", b"b"]), agreement_id(&[b"b", b"a"]));
    let framed = [b"ent/v1/agreement\0".as_slice(), &[0, 0, 0, 0, 0, 0, 0, 2], b"ab"].concat();
    assert_eq!(agreement_id(&[b"ab"]).as_bytes(), &sha256(&framed));
}
