use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use entente_model::codec::Writer;

use super::*;
use crate::sign::LogKey;
use crate::vectors::Seeded;

const HOST: &str = "xar.localhost";
const ORIGIN: &str = "http://xar.localhost:8080";
const CHALLENGE: [u8; 32] = [7; 32];
/// Present, verified, and with a key.
const ALL: u8 = USER_PRESENT | USER_VERIFIED | KEY_INCLUDED;

fn site() -> Site {
    Site { host: HOST.to_owned(), origin: ORIGIN.to_owned() }
}

/// An authenticator in software.
enum Key {
    Es256(Box<EcdsaKeyPair>),
    Ed25519(Box<LogKey>),
}

impl Key {
    fn both() -> [Self; 2] {
        let es256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        [Self::Es256(Box::new(es256)), Self::Ed25519(Box::new(LogKey::generate(&mut Seeded(3))))]
    }

    fn cose(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                w.map(5).uint(1).uint(2).uint(3).raw(&[0x26]).key(-1).uint(1);
                w.key(-2).bytes(&point[1..33]).key(-3).bytes(&point[33..]);
            }
            Self::Ed25519(key) => {
                w.map(4).uint(1).uint(1).uint(3).raw(&[0x27]).key(-1).uint(6);
                w.key(-2).bytes(&key.public().ed25519);
            }
        }
        w.into_bytes()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(pair) => {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
            Self::Ed25519(key) => key.sign_ed25519(message).to_vec(),
        }
    }

    fn made(&self, host: &str, flags: u8, id: &[u8]) -> Vec<u8> {
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let mut said = said(host, flags, 1);
        said.extend([0; 16]);
        said.extend([length.as_slice(), id, &self.cose()].concat());
        said
    }

    fn used(&self, client: &str, said: Vec<u8>) -> Assertion {
        let message = [said.as_slice(), &sha256(client.as_bytes())].concat();
        Assertion {
            client_data: client.as_bytes().to_vec(),
            authenticator_data: said,
            signature: self.sign(&message),
        }
    }
}

fn said(host: &str, flags: u8, counter: u32) -> Vec<u8> {
    [sha256(host.as_bytes()).as_slice(), &[flags], &counter.to_be_bytes()].concat()
}

fn client(purpose: &str, challenge: &[u8], origin: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    format!(
        "{{\"type\":\"{purpose}\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\",\
         \"crossOrigin\":false,\"later\":{{\"member\":1}}}}"
    )
}

fn get(challenge: &[u8], origin: &str) -> String {
    client("webauthn.get", challenge, origin)
}

#[test]
fn what_an_authenticator_made_and_signed_is_taken() {
    for key in Key::both() {
        let create = client("webauthn.create", &CHALLENGE, ORIGIN);
        let made =
            register(&site(), &CHALLENGE, create.as_bytes(), &key.made(HOST, ALL, b"id")).unwrap();
        assert_eq!(made, Registered { id: b"id".to_vec(), key: key.cose(), counter: 1 });
        // Extensions after the key are not ours to judge.
        let mut more = key.made(HOST, ALL | 0x80, b"id");
        more.extend(b"\xa1\x68credProp\x01");
        assert_eq!(register(&site(), &CHALLENGE, create.as_bytes(), &more).unwrap(), made);

        let asked = |counter| key.used(&get(&CHALLENGE, ORIGIN), said(HOST, 5, counter));
        assert_eq!(verify(&site(), &CHALLENGE, &made.key, 1, &asked(2)), Ok(2));
        assert_eq!(verify(&site(), &CHALLENGE, &made.key, 0, &asked(0)), Ok(0));
        // A counter that stands still or goes back may be a copy's.
        for (kept, now) in [(2, 2), (2, 1), (2, 0), (u32::MAX, 1)] {
            let outcome = verify(&site(), &CHALLENGE, &made.key, kept, &asked(now));
            assert_eq!(outcome, Err(PasskeyError::Counter), "{kept} {now}");
        }
    }
}

#[test]
fn whatever_is_not_ours_is_refused() {
    let [es256, ed25519] = Key::both();
    for (key, other) in [(&es256, &ed25519), (&ed25519, &es256)] {
        let check = |client: &str, said: Vec<u8>| {
            verify(&site(), &CHALLENGE, &key.cose(), 1, &key.used(client, said))
        };
        let right = || said(HOST, 5, 2);
        assert_eq!(check(&get(&CHALLENGE, ORIGIN), right()), Ok(2));
        assert_eq!(check(&get(&[8; 32], ORIGIN), right()), Err(PasskeyError::Challenge));
        assert_eq!(check(&get(&[], ORIGIN), right()), Err(PasskeyError::Challenge));
        for origin in [
            "https://xar.localhost:8080",
            "http://xar.localhost",
            "http://evil.example",
            "http://xar.localhost:8080/",
            "null",
        ] {
            assert_eq!(check(&get(&CHALLENGE, origin), right()), Err(PasskeyError::Origin));
        }
        let within = get(&CHALLENGE, ORIGIN);
        for framed in [
            within.replace("\"crossOrigin\":false", "\"crossOrigin\":true"),
            within.replace("\"later\"", "\"topOrigin\":\"http://evil.example\",\"later\""),
        ] {
            assert_eq!(check(&framed, right()), Err(PasskeyError::Origin));
        }
        let create = client("webauthn.create", &CHALLENGE, ORIGIN);
        assert_eq!(check(&create, right()), Err(PasskeyError::Purpose));
        let asked = get(&CHALLENGE, ORIGIN);
        assert_eq!(check(&asked, said("xbr.localhost", 5, 2)), Err(PasskeyError::Site));
        assert_eq!(check(&asked, said("localhost", 5, 2)), Err(PasskeyError::Site));
        // Present is not verified, and verified is not present.
        for flags in [0, USER_PRESENT, USER_VERIFIED, 0x40 | USER_PRESENT] {
            assert_eq!(check(&asked, said(HOST, flags, 2)), Err(PasskeyError::NotVerified));
        }
        // Another person's key, and a signature over anything else.
        let theirs = other.used(&asked, right());
        assert_eq!(
            verify(&site(), &CHALLENGE, &key.cose(), 1, &theirs),
            Err(PasskeyError::Signature)
        );
        let mut changed = key.used(&asked, right());
        changed.authenticator_data = said(HOST, 5, 3);
        let outcome = verify(&site(), &CHALLENGE, &key.cose(), 1, &changed);
        assert_eq!(outcome, Err(PasskeyError::Signature));
        let mut spaced = key.used(&asked, right());
        spaced.client_data.push(b' ');
        let outcome = verify(&site(), &CHALLENGE, &key.cose(), 1, &spaced);
        assert_eq!(outcome, Err(PasskeyError::Signature));
        changed.signature = vec![0; SIGNATURE_BYTES_MAX + 1];
        let outcome = verify(&site(), &CHALLENGE, &key.cose(), 1, &changed);
        assert_eq!(outcome, Err(PasskeyError::Malformed("signature")));
    }
}

#[test]
fn a_registration_without_a_whole_key_is_refused() {
    let [es256, ed25519] = Key::both();
    let create = client("webauthn.create", &CHALLENGE, ORIGIN);
    let check = |said: &[u8]| register(&site(), &CHALLENGE, create.as_bytes(), said).unwrap_err();
    for key in [&es256, &ed25519] {
        let whole = key.made(HOST, ALL, b"id");
        for length in 0..whole.len() {
            assert!(matches!(check(&whole[..length]), PasskeyError::Malformed(_)), "{length}");
        }
        assert_eq!(check(&key.made(HOST, 5, b"id")), AUTHENTICATOR);
        assert_eq!(check(&key.made(HOST, ALL, b"")), AUTHENTICATOR);
        assert_eq!(check(&key.made(HOST, ALL, &[1; CREDENTIAL_ID_BYTES_MAX + 1])), AUTHENTICATOR);
        assert_eq!(check(&key.made("evil.example", ALL, b"id")), PasskeyError::Site);
        assert_eq!(check(&key.made(HOST, ALL & !USER_VERIFIED, b"id")), PasskeyError::NotVerified);
    }
    // Kinds of keys that are not taken: RS256, a key for agreement, another curve.
    let mut rsa = Writer::new();
    rsa.map(4).uint(1).uint(3).uint(3).raw(&[0x39, 0x01, 0x00]).key(-1).bytes(&[1; 256]);
    rsa.key(-2).bytes(&[1, 0, 1]);
    let mut head = said(HOST, ALL, 1);
    head.extend([0; 16]);
    head.extend([0, 2, b'i', b'd']);
    let with = |key: &[u8]| [head.as_slice(), key].concat();
    assert!(matches!(check(&with(&rsa.into_bytes())), PasskeyError::Malformed("public key")));
    let mut other = es256.cose();
    other[4] = 0x27;
    assert_eq!(check(&with(&other)), PasskeyError::Algorithm);
    assert_eq!(check(&with(&[0xa0])), PasskeyError::Malformed("public key"));
    for text in ["", "{}", "[]", "{\"type\":\"webauthn.create\"}", &"x".repeat(4096)] {
        let refused = register(&site(), &CHALLENGE, text.as_bytes(), &with(&es256.cose()));
        assert_eq!(refused, Err(PasskeyError::Malformed("client data")), "{text}");
    }
}
