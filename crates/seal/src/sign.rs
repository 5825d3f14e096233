//! Signing keys and strict verification (`protocol.md` 0.3).
//!
//! A log key signs checkpoints, a statement key signs statements, a TLS key authenticates
//! connections; none is used for anything else. Log and statement keys are pairs of a classical
//! and a post-quantum key, and both signatures are always required.
//!
//! Keys follow from seeds, so a keystore holds 64 bytes for each. ML-DSA signing is hedged with
//! the library's randomness: the same message gives other bytes each time.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING,
    PqdsaKeyPair, PqdsaSigningAlgorithm, UnparsedPublicKey,
};
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::tag::Tag;
use entente_model::{Digest, Entropy, KeyId};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::digest::{h, sha256};

/// Bytes of an Ed25519 public key.
pub const ED25519_PUBLIC_LEN: usize = 32;
/// Bytes of an Ed25519 signature.
pub const ED25519_SIGNATURE_LEN: usize = 64;
/// Bytes of an ML-DSA-44 public key.
pub const MLDSA44_PUBLIC_LEN: usize = 1312;
/// Bytes of an ML-DSA-44 signature.
pub const MLDSA44_SIGNATURE_LEN: usize = 2420;
/// Bytes of an ML-DSA-65 public key.
pub const MLDSA65_PUBLIC_LEN: usize = 1952;
/// Bytes of an ML-DSA-65 signature.
pub const MLDSA65_SIGNATURE_LEN: usize = 3309;

/// Bytes that are not a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("these bytes are not a {kind}: expected {expected}")]
pub struct KeyError {
    kind: &'static str,
    expected: &'static str,
}

/// An Ed25519 and an ML-DSA key, and the two seeds that they follow from.
struct Pair {
    seeds: Zeroizing<[u8; 64]>,
    ed25519: Ed25519KeyPair,
    mldsa: PqdsaKeyPair,
}

impl Pair {
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed of either algorithm")]
    fn from_seeds(seeds: Zeroizing<[u8; 64]>, mldsa: &'static PqdsaSigningAlgorithm) -> Self {
        let (first, second) = seeds.split_at(32);
        let ed25519 = Ed25519KeyPair::from_seed_unchecked(first).expect("a 32-byte seed");
        let mldsa = PqdsaKeyPair::from_seed(mldsa, second).expect("a 32-byte seed");
        Self { seeds, ed25519, mldsa }
    }

    fn generate(entropy: &mut dyn Entropy, mldsa: &'static PqdsaSigningAlgorithm) -> Self {
        let mut seeds = Zeroizing::new([0; 64]);
        entropy.fill(seeds.as_mut_slice());
        Self::from_seeds(seeds, mldsa)
    }

    fn sign_ed25519(&self, message: &[u8]) -> [u8; ED25519_SIGNATURE_LEN] {
        let mut out = [0; ED25519_SIGNATURE_LEN];
        out.copy_from_slice(self.ed25519.sign(message).as_ref());
        out
    }

    #[expect(
        clippy::expect_used,
        reason = "the buffer fits, and the library aborts by itself without randomness"
    )]
    fn sign_mldsa(&self, message: &[u8], len: usize) -> Vec<u8> {
        let mut signature = vec![0; len];
        self.mldsa.sign(message, &mut signature).expect("a signature of known length");
        signature
    }

    fn ed25519_public(&self) -> [u8; ED25519_PUBLIC_LEN] {
        let mut out = [0; ED25519_PUBLIC_LEN];
        out.copy_from_slice(self.ed25519.public_key().as_ref());
        out
    }
}

/// Signs checkpoints of this node's ledger.
pub struct LogKey(Pair);

impl LogKey {
    /// Draws a key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        Self(Pair::generate(entropy, &ML_DSA_44_SIGNING))
    }

    /// The seeds, for the keystore.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        self.0.seeds.clone()
    }

    /// Takes seeds out of the keystore.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(Pair::from_seeds(seeds(bytes, "log key")?, &ML_DSA_44_SIGNING)))
    }

    /// The Ed25519 signature.
    pub fn sign_ed25519(&self, message: &[u8]) -> [u8; ED25519_SIGNATURE_LEN] {
        self.0.sign_ed25519(message)
    }

    /// The ML-DSA-44 signature, of [`MLDSA44_SIGNATURE_LEN`] bytes.
    pub fn sign_mldsa44(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign_mldsa(message, MLDSA44_SIGNATURE_LEN)
    }

    /// The public half.
    pub fn public(&self) -> LogPublic {
        LogPublic {
            ed25519: self.0.ed25519_public(),
            mldsa44: self.0.mldsa.public_key().as_ref().to_vec(),
        }
    }
}

/// Signs statements: identity chains, agreements.
pub struct StatementKey(Pair);

impl StatementKey {
    /// Draws a key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        Self(Pair::generate(entropy, &ML_DSA_65_SIGNING))
    }

    /// The seeds, for the keystore.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        self.0.seeds.clone()
    }

    /// Takes seeds out of the keystore.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(Pair::from_seeds(seeds(bytes, "statement key")?, &ML_DSA_65_SIGNING)))
    }

    /// The Ed25519 signature.
    pub fn sign_ed25519(&self, message: &[u8]) -> [u8; ED25519_SIGNATURE_LEN] {
        self.0.sign_ed25519(message)
    }

    /// The ML-DSA-65 signature, of [`MLDSA65_SIGNATURE_LEN`] bytes.
    pub fn sign_mldsa65(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign_mldsa(message, MLDSA65_SIGNATURE_LEN)
    }

    /// The public half.
    pub fn public(&self) -> StatementPublic {
        StatementPublic {
            ed25519: self.0.ed25519_public(),
            mldsa65: self.0.mldsa.public_key().as_ref().to_vec(),
        }
    }

    /// The id of the public half.
    pub fn id(&self) -> KeyId {
        self.public().id()
    }
}

fn seeds(bytes: &[u8], kind: &'static str) -> Result<Zeroizing<[u8; 64]>, KeyError> {
    bytes
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| KeyError { kind, expected: "two seeds of 32 bytes" })
}

/// The public half of a [`LogKey`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogPublic {
    /// Ed25519 key.
    pub ed25519: [u8; ED25519_PUBLIC_LEN],
    /// ML-DSA-44 key, of [`MLDSA44_PUBLIC_LEN`] bytes.
    pub mldsa44: Vec<u8>,
}

impl Wire for LogPublic {
    const NAME: &'static str = "log key";
    const BYTES_MAX: usize = 1400;

    fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.ed25519).bytes(&self.mldsa44);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            Ok(Self { ed25519: r.fixed()?, mldsa44: r.fixed::<MLDSA44_PUBLIC_LEN>()?.to_vec() })
        })
    }
}

/// The public half of a [`StatementKey`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatementPublic {
    /// Ed25519 key.
    pub ed25519: [u8; ED25519_PUBLIC_LEN],
    /// ML-DSA-65 key, of [`MLDSA65_PUBLIC_LEN`] bytes.
    pub mldsa65: Vec<u8>,
}

impl StatementPublic {
    /// The digest of the encoded key.
    pub fn id(&self) -> KeyId {
        KeyId::from_array(h(Tag::Key, &[&self.to_bytes()]))
    }
}

impl Wire for StatementPublic {
    const NAME: &'static str = "statement key";
    const BYTES_MAX: usize = 2048;

    fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.ed25519).bytes(&self.mldsa65);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            Ok(Self { ed25519: r.fixed()?, mldsa65: r.fixed::<MLDSA65_PUBLIC_LEN>()?.to_vec() })
        })
    }
}

/// Authenticates this node's connections. Ed25519; partners pin its public half.
pub struct TlsKey {
    key: Ed25519KeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
}

impl TlsKey {
    /// Draws a key.
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed, and it encodes itself")]
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let seed = Zeroizing::new(entropy.bytes32());
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).expect("a 32-byte seed");
        let pkcs8 = key.to_pkcs8().expect("a key that encodes");
        Self::from_pkcs8(pkcs8.as_ref()).expect("what was just encoded")
    }

    /// Takes a PKCS #8 encoding.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let fault = KeyError { kind: "TLS key", expected: "an Ed25519 key in PKCS #8" };
        let key = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| fault)?;
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| fault)?;
        let spki = spki.as_ref().to_vec();
        Ok(Self { key, pkcs8: Zeroizing::new(pkcs8.to_vec()), spki })
    }

    /// The PKCS #8 encoding, for the keystore and for TLS.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).as_ref().to_vec()
    }

    /// The public half as a DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of [`Self::spki`]: what partners pin.
    pub fn spki_sha256(&self) -> Digest {
        Digest::from_array(sha256(&self.spki))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogKey([secret])")
    }
}

impl fmt::Debug for StatementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatementKey([secret])")
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsKey([secret])")
    }
}

/// Verifies an Ed25519 signature strictly: without cofactor, with canonical S, R and key, and
/// never under a key of small order, for which one signature can fit every message.
pub fn verify_ed25519(public: &[u8; ED25519_PUBLIC_LEN], message: &[u8], signature: &[u8]) -> bool {
    // The library checks S, and compares R as bytes; the key is up to us.
    is_canonical_of_large_order(public)
        && UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// Verifies an ML-DSA-44 signature with an empty context.
pub fn verify_mldsa44(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ML_DSA_44, public).verify(message, signature).is_ok()
}

/// Verifies an ML-DSA-65 signature with an empty context.
pub fn verify_mldsa65(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ML_DSA_65, public).verify(message, signature).is_ok()
}

/// Little-endian 2^255 - 19.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// Whether the encoding is the only one of its point, and the point has not one of the eight
/// small-order encodings. Those have five y: 1, -1, 0 and two more, with either sign.
fn is_canonical_of_large_order(public: &[u8; 32]) -> bool {
    const ONE: [u8; 32] = {
        let mut y = [0; 32];
        y[0] = 1;
        y
    };
    const MINUS_ONE: [u8; 32] = {
        let mut y = P;
        y[0] = 0xec;
        y
    };
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *public;
    y[31] &= 0x7f;
    y.iter().rev().lt(P.iter().rev())
        && ![[0; 32], ONE, MINUS_ONE, ORDER_8[0], ORDER_8[1]].contains(&y)
}

#[cfg(test)]
mod tests;
