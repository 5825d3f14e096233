//! An authenticator in software, and the browser in front of it: makes passkeys and uses them.
//!
//! Its keys are Ed25519. What it says can be bent, so that tests see refusals.

use entente_model::codec::Writer;
use entente_seal::digest::sha256;
use entente_seal::passkey::{Assertion, Site};
use entente_seal::sign::LogKey;
use entente_seal::totp;

use crate::chance::Chance;

/// The person is there, and was verified.
const VERIFIED: u8 = 0x05;
/// A new key is in what it says.
const WITH_KEY: u8 = 0x40;

/// One passkey, and who asks for it.
pub struct Authenticator {
    key: LogKey,
    /// The name that it gives its passkey.
    pub id: Vec<u8>,
    /// What it counts to before each use.
    pub counter: u32,
    /// Whether it verifies its person.
    pub verifies: bool,
    /// The host that it believes to be at.
    pub host: String,
    /// The origin of the page that asks.
    pub origin: String,
}

impl Authenticator {
    /// A new one at this site.
    pub fn at(site: &Site, seed: u64) -> Self {
        Self {
            key: LogKey::generate(&mut Chance::new(seed)),
            id: format!("passkey {seed}").into_bytes(),
            counter: 0,
            verifies: true,
            host: site.host.clone(),
            origin: site.origin.clone(),
        }
    }

    fn client(&self, purpose: &str, challenge: &[u8; 32]) -> Vec<u8> {
        let challenge = base64url(challenge);
        let origin = &self.origin;
        format!(
            "{{\"type\":\"webauthn.{purpose}\",\"challenge\":\"{challenge}\",\
             \"origin\":\"{origin}\",\"crossOrigin\":false}}"
        )
        .into_bytes()
    }

    fn said(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0x01 };
        let counter = self.counter.to_be_bytes();
        [sha256(self.host.as_bytes()).as_slice(), &[verified | flags], &counter].concat()
    }

    /// Makes its passkey: what the browser and what the authenticator say.
    pub fn make(&self, challenge: &[u8; 32]) -> (Vec<u8>, Vec<u8>) {
        let mut key = Writer::new();
        key.map(4).uint(1).uint(1).uint(3).raw(&[0x27]).key(-1).uint(6);
        key.key(-2).bytes(&self.key.public().ed25519);
        let length = u16::try_from(self.id.len()).unwrap_or(u16::MAX).to_be_bytes();
        let parts = [&[0; 16], length.as_slice(), &self.id, &key.into_bytes()].concat();
        let said = [self.said(WITH_KEY), parts].concat();
        (self.client("create", challenge), said)
    }

    /// Uses its passkey.
    pub fn answer(&mut self, challenge: &[u8; 32]) -> Assertion {
        self.counter += 1;
        let client_data = self.client("get", challenge);
        let authenticator_data = self.said(0);
        let message = [authenticator_data.as_slice(), &sha256(&client_data)].concat();
        let signature = self.key.sign_ed25519(&message).to_vec();
        Assertion { client_data, authenticator_data, signature }
    }
}

/// Base64 as browsers write challenges (RFC 4648 5, without padding).
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |value: u32| {
        let at = usize::try_from(value & 63).unwrap_or(0);
        char::from(DIGITS.get(at).copied().unwrap_or(b'A'))
    };
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let number = part.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
        let number = number << (8 * (3 - part.len()));
        let digits = [18, 12, 6, 0].map(|shift| digit(number >> shift));
        text.extend(digits.iter().take(part.len() + 1));
    }
    text
}

/// What an authenticator app shows that has this secret, in base32, at this moment.
pub fn app_shows(secret: &str, seconds: u64) -> String {
    let secret = bytes_of_base32(secret);
    let step = seconds / totp::STEP_SECONDS;
    (0..1_000_000_u32)
        .map(|code| format!("{code:06}"))
        .find(|code| totp::step_of(&secret, code, seconds, step.saturating_sub(1)) == Some(step))
        .unwrap_or_default()
}

fn bytes_of_base32(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u64, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            other => other.wrapping_sub(b'2') + 26,
        };
        bits = bits << 5 | u64::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
        }
    }
    bytes
}

#[test]
fn base64_is_that_of_the_standard() {
    let check = |bytes: &[u8], expected: &str| assert_eq!(base64url(bytes), expected);
    check(b"", "");
    check(b"f", "Zg");
    check(b"fo", "Zm8");
    check(b"foo", "Zm9v");
    check(b"foobar", "Zm9vYmFy");
    check(&[0xfb, 0xff], "-_8");
}
