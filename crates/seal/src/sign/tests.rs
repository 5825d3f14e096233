use super::*;
use crate::vectors::{Seeded, bytes, lines, wycheproof};

fn verify_hex(test: &serde_json::Value, public: &[u8]) -> bool {
    let (message, signature) = (bytes(&test["msg"]), bytes(&test["sig"]));
    public.try_into().is_ok_and(|public| verify_ed25519(public, &message, &signature))
}

#[test]
fn ed25519_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-ed25519.json.zst");
    for (group, test) in wycheproof(file) {
        let public = bytes(&group["publicKey"]["pk"]);
        assert_eq!(verify_hex(&test, &public), test["result"] == "valid", "{}", test["tcId"]);
    }
}

#[test]
fn ed25519_accepts_only_what_strict_verification_accepts() {
    let file = include_bytes!("../../../../vectors/crypto/ed25519-edge.jsonl.zst");
    // A key of small order or with two encodings; R with two encodings, which a comparison of
    // bytes refuses; and what only the equation with cofactor fulfils.
    let lax = ["low_order_A", "non_canonical_A", "non_canonical_R", "low_order_residue"];
    let (mut accepted, mut refused) = (0, 0);
    for test in lines(file) {
        let flags: Vec<&str> =
            test["flags"].as_array().into_iter().flatten().filter_map(|f| f.as_str()).collect();
        let message = test["msg"].as_str().unwrap().as_bytes();
        let public = bytes(&test["key"]).try_into().unwrap();
        let strict = !flags.iter().any(|flag| lax.contains(flag));
        let accepts = verify_ed25519(&public, message, &bytes(&test["sig"]));
        assert!(!accepts || strict, "vector {} is accepted: {flags:?}", test["number"]);
        if flags.contains(&"low_order_A") || flags.contains(&"non_canonical_A") {
            assert!(!is_canonical_of_large_order(&public), "vector {}", test["number"]);
        }
        if flags.is_empty() {
            assert!(accepts, "vector {} is refused", test["number"]);
        }
        if accepts { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 50 && refused > 400, "{accepted} accepted, {refused} refused");
}

#[test]
fn mldsa65_answers_wycheproof() {
    let file = include_bytes!("../../../../vectors/crypto/wycheproof-mldsa_65_verify.json.zst");
    let mut ran = 0;
    for (group, test) in wycheproof(file) {
        // The context is always empty here.
        if test["ctx"].as_str().is_some_and(|ctx| !ctx.is_empty()) {
            continue;
        }
        let valid =
            verify_mldsa65(&bytes(&group["publicKey"]), &bytes(&test["msg"]), &bytes(&test["sig"]));
        assert_eq!(valid, test["result"] == "valid", "{}", test["tcId"]);
        ran += 1;
    }
    assert!(ran > 50, "{ran}");
}

#[test]
fn keys_follow_from_their_seeds_and_sign() {
    let key = LogKey::generate(&mut Seeded(1));
    let public = key.public();
    assert_eq!(LogKey::from_bytes(key.to_bytes().as_slice()).unwrap().public(), public);
    assert_eq!(LogPublic::from_bytes(&public.to_bytes()).unwrap(), public);
    let (first, second) = (key.sign_ed25519(b"m"), key.sign_mldsa44(b"m"));
    assert!(verify_ed25519(&public.ed25519, b"m", &first));
    assert!(verify_mldsa44(&public.mldsa44, b"m", &second));
    assert!(!verify_ed25519(&public.ed25519, b"n", &first));
    assert!(!verify_mldsa44(&public.mldsa44, b"n", &second));
    assert_ne!(key.sign_mldsa44(b"m"), second, "hedged");

    let key = StatementKey::generate(&mut Seeded(1));
    let public = key.public();
    assert_eq!(StatementKey::from_bytes(key.to_bytes().as_slice()).unwrap().id(), public.id());
    assert_eq!(StatementPublic::from_bytes(&public.to_bytes()).unwrap(), public);
    assert!(verify_mldsa65(&public.mldsa65, b"m", &key.sign_mldsa65(b"m")));
    assert!(LogKey::from_bytes(&[0; 63]).is_err());
    assert_eq!(format!("{key:?}"), "StatementKey([secret])");
}

#[test]
fn a_tls_key_survives_its_encoding() {
    let key = TlsKey::generate(&mut Seeded(3));
    let again = TlsKey::from_pkcs8(&key.to_pkcs8()).unwrap();
    assert_eq!(key.spki_sha256(), again.spki_sha256());
    // RFC 8410: twelve bytes of head, then the key.
    let public = key.spki()[12..].try_into().unwrap();
    assert!(verify_ed25519(&public, b"m", &again.sign(b"m")));
    assert!(TlsKey::from_pkcs8(b"no key").is_err());
}
