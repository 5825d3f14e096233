//! Passkeys: what an authenticator and a browser say, checked (Web Authentication, Level 3).
//!
//! A registration gives a public key that the authenticator made for this site alone. An assertion
//! is its signature over the site, over what the authenticator saw of its person, and over a
//! challenge that we chose. Both are refused unless the person was verified by the authenticator,
//! and unless site, origin, purpose and challenge are exactly ours.
//!
//! Pure: which challenges are ours and fresh, whose key it is, and what follows is for others.
//! Attestation is not asked for: a registration proves that somebody has the key, not what device
//! it is in.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entente_model::codec::Reader;
use serde::Deserialize;
use thiserror::Error;

use crate::digest::sha256;
use crate::sign::verify_ed25519;

/// Bytes of what a browser says, at most.
pub const CLIENT_DATA_BYTES_MAX: usize = 2048;
/// Bytes of what an authenticator says, at most.
pub const AUTHENTICATOR_DATA_BYTES_MAX: usize = 4096;
/// Bytes of a credential's id, as the specification bounds it.
pub const CREDENTIAL_ID_BYTES_MAX: usize = 1023;
/// Bytes of a signature, at most.
pub const SIGNATURE_BYTES_MAX: usize = 256;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const KEY_INCLUDED: u8 = 0x40;

/// The site that passkeys are bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The host name, such as `xar.localhost`.
    pub host: String,
    /// The origin of its pages, such as `http://xar.localhost:8080`.
    pub origin: String,
}

/// Why a registration or an assertion is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasskeyError {
    /// Bytes that say nothing.
    #[error("the {0} of this passkey cannot be read")]
    Malformed(&'static str),
    /// Made for something else: a registration in an assertion's place, or the other way round.
    #[error("the browser used the passkey for something else")]
    Purpose,
    /// Another challenge than ours.
    #[error("the passkey answers another question than the one that was asked")]
    Challenge,
    /// Another origin, or a page within another one.
    #[error("the passkey was used on another page than one of this node's")]
    Origin,
    /// Another site.
    #[error("the passkey is for another site")]
    Site,
    /// The person was not verified.
    #[error("the passkey's device did not verify its person: set a PIN or a fingerprint on it")]
    NotVerified,
    /// A kind of key that is not taken.
    #[error("the passkey's kind of key is not taken here: expected ES256 or Ed25519")]
    Algorithm,
    /// A signature that does not verify.
    #[error("the passkey's signature does not verify")]
    Signature,
    /// A counter that does not go on: there may be a copy of the key.
    #[error("the passkey's counter went back: there may be a copy of it, remove it")]
    Counter,
}

/// A passkey as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The authenticator's name for it.
    pub id: Vec<u8>,
    /// Its public key, in COSE.
    pub key: Vec<u8>,
    /// Its counter; zero for one that does not count.
    pub counter: u32,
}

/// What came back when a passkey was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// What the browser says, in JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub authenticator_data: Vec<u8>,
    /// Its signature over both.
    pub signature: Vec<u8>,
}

/// Checks a registration. There is no signature in it that would prove more.
pub fn register(
    site: &Site,
    challenge: &[u8; 32],
    client_data: &[u8],
    authenticator_data: &[u8],
) -> Result<Registered, PasskeyError> {
    check_client(site, "webauthn.create", challenge, client_data)?;
    let said = Said::read(authenticator_data)?;
    said.check(site)?;
    let (id, key) = said.registered()?;
    PublicKey::read(&key)?;
    Ok(Registered { id, key, counter: said.counter })
}

/// Checks an assertion under a registered key; gives its counter, which must be kept.
pub fn verify(
    site: &Site,
    challenge: &[u8; 32],
    key: &[u8],
    counter: u32,
    assertion: &Assertion,
) -> Result<u32, PasskeyError> {
    check_client(site, "webauthn.get", challenge, &assertion.client_data)?;
    let said = Said::read(&assertion.authenticator_data)?;
    said.check(site)?;
    if assertion.signature.len() > SIGNATURE_BYTES_MAX {
        return Err(PasskeyError::Malformed("signature"));
    }
    let message =
        [assertion.authenticator_data.as_slice(), &sha256(&assertion.client_data)].concat();
    if !PublicKey::read(key)?.verifies(&message, &assertion.signature) {
        return Err(PasskeyError::Signature);
    }
    // Of two copies of a key, one falls behind. Keys that are meant to be copied do not count.
    if (counter, said.counter) != (0, 0) && said.counter <= counter {
        return Err(PasskeyError::Counter);
    }
    Ok(said.counter)
}

/// What a browser says; members that the specification may add are none of our business.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    purpose: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<serde_json::Value>,
}

fn check_client(
    site: &Site,
    purpose: &str,
    challenge: &[u8; 32],
    bytes: &[u8],
) -> Result<(), PasskeyError> {
    const WHAT: PasskeyError = PasskeyError::Malformed("client data");
    if bytes.len() > CLIENT_DATA_BYTES_MAX {
        return Err(WHAT);
    }
    let said: ClientData = serde_json::from_slice(bytes).map_err(|_| WHAT)?;
    if said.purpose != purpose {
        return Err(PasskeyError::Purpose);
    }
    let answered = URL_SAFE_NO_PAD.decode(&said.challenge).map_err(|_| WHAT)?;
    if answered != challenge {
        return Err(PasskeyError::Challenge);
    }
    if said.origin != site.origin || said.cross_origin == Some(true) || said.top_origin.is_some() {
        return Err(PasskeyError::Origin);
    }
    Ok(())
}

/// What an authenticator says.
struct Said<'a> {
    site: &'a [u8],
    flags: u8,
    counter: u32,
    rest: &'a [u8],
}

const AUTHENTICATOR: PasskeyError = PasskeyError::Malformed("authenticator data");

impl<'a> Said<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, PasskeyError> {
        if bytes.len() > AUTHENTICATOR_DATA_BYTES_MAX {
            return Err(AUTHENTICATOR);
        }
        let (site, rest) = bytes.split_first_chunk::<32>().ok_or(AUTHENTICATOR)?;
        let (flags, rest) = rest.split_first().ok_or(AUTHENTICATOR)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(AUTHENTICATOR)?;
        Ok(Self { site, flags: *flags, counter: u32::from_be_bytes(*counter), rest })
    }

    fn check(&self, site: &Site) -> Result<(), PasskeyError> {
        if self.site != sha256(site.host.as_bytes()) {
            return Err(PasskeyError::Site);
        }
        if self.flags & (USER_PRESENT | USER_VERIFIED) != USER_PRESENT | USER_VERIFIED {
            return Err(PasskeyError::NotVerified);
        }
        Ok(())
    }

    /// The id and the key of a new passkey. Extensions may follow, which we did not ask for.
    fn registered(&self) -> Result<(Vec<u8>, Vec<u8>), PasskeyError> {
        if self.flags & KEY_INCLUDED == 0 {
            return Err(AUTHENTICATOR);
        }
        let (_model, rest) = self.rest.split_first_chunk::<16>().ok_or(AUTHENTICATOR)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(AUTHENTICATOR)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=CREDENTIAL_ID_BYTES_MAX).contains(&length) {
            return Err(AUTHENTICATOR);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(AUTHENTICATOR)?;
        let key = Reader::new(rest).any().map_err(|_| AUTHENTICATOR)?;
        Ok((id.to_vec(), key.to_vec()))
    }
}

/// A key that passkeys may have.
enum PublicKey {
    /// ECDSA on P-256 with SHA-256; the uncompressed point.
    Es256([u8; 65]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads a key in COSE (RFC 9053, 7.1 and 7.2), which authenticators write canonically.
    fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        const MALFORMED: PasskeyError = PasskeyError::Malformed("public key");
        let (mut kind, mut algorithm, mut curve) = (Vec::new(), Vec::new(), Vec::new());
        let (mut x, mut y) = (None, None);
        let mut reader = Reader::new(bytes);
        let read = reader.map(|r, key| {
            match key {
                1 => kind = r.any()?.to_vec(),
                3 => algorithm = r.any()?.to_vec(),
                -1 => curve = r.any()?.to_vec(),
                -2 => x = Some(r.bytes()?.to_vec()),
                -3 => y = Some(r.any()?.to_vec()),
                other => return r.unknown_key(other),
            }
            Ok(())
        });
        read.and_then(|()| reader.end()).map_err(|_| MALFORMED)?;
        let x: [u8; 32] = x.and_then(|x| x.try_into().ok()).ok_or(MALFORMED)?;
        // Each of these is one byte in CBOR: 2 and 1 are kinds, -7 and -8 algorithms.
        match (kind.as_slice(), algorithm.as_slice(), curve.as_slice(), y) {
            ([0x02], [0x26], [0x01], Some(y)) => {
                let y = Reader::new(&y).fixed::<32>().map_err(|_| MALFORMED)?;
                let mut point = [0x04; 65];
                let (_, rest) = point.split_at_mut(1);
                rest.copy_from_slice(&[x, y].concat());
                Ok(Self::Es256(point))
            }
            ([0x01], [0x27], [0x06], None) => Ok(Self::Ed25519(x)),
            _ => Err(PasskeyError::Algorithm),
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .verify(message, signature)
                .is_ok(),
            Self::Ed25519(key) => verify_ed25519(key, message, signature),
        }
    }
}

#[cfg(test)]
mod tests;
