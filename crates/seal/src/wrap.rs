//! Wrap contexts: one key agreement, many wrapped keys (`protocol.md` 2.4).
//!
//! The sender encapsulates to the receiving node's X-Wing key once, and derives from that a wrap
//! context key. Each body key is then wrapped under a key of its own, derived from recipient,
//! object and the digest of the one ciphertext that it opens; so wrapping is deterministic, and
//! no crash or rolled-back disk can encrypt two keys under one nonce (I12).
//!
//! When contexts are renewed, and that a context key is never written down, is up to
//! `entente-exchange`.

use std::convert::Infallible;
use std::fmt;

use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::tag::Tag;
use entente_model::{BodyDigest, Digest, Entropy, KeyId, NodeId, ObjectId, Terms, WrapContextId};
use hpke::aead::{Aead, ExportOnlyAead};
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::{TryCryptoRng, TryRng};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aead::{self, NONCE_LEN, TAG_LEN};
use crate::body::{self, SALT_LEN, open_chunked, seal_chunked};
use crate::digest::{h, kdf, terms_digest};
use crate::secret::Secret;

/// Bytes of a public X-Wing key.
pub const KEM_PUBLIC_LEN: usize = 1216;
/// Bytes of an encapsulation.
pub const ENC_LEN: usize = 1120;
/// Bytes of a wrapped key.
pub const WRAPPED_LEN: usize = 48;
/// The kind of a wrap context between two nodes.
pub const LINK: u8 = 0;

const WC_PREFIX: &[u8] = b"ent/v1/wc\0";
const WCK_EXPORT: &[u8] = b"ent/v1/wck";
const PART_PREFIX: &[u8] = b"ent/v1/part\0";
const PART_EXPORT: &[u8] = b"ent/v1/part";

/// Why something wrapped does not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WrapError {
    /// Not a KEM key.
    #[error("these bytes are not a valid X-Wing key of {KEM_PUBLIC_LEN} bytes")]
    Key,
    /// Not an encapsulation.
    #[error("these bytes are not an X-Wing encapsulation of {ENC_LEN} bytes")]
    Encapsulation,
    /// Not what this context key wrapped for this recipient, object and body.
    #[error("the wrapped key does not open for this recipient, object, body and wrap context")]
    Wrapped,
    /// Not what this context key sealed, or not the announced terms.
    #[error("the sealed terms do not open, or are not the terms whose digest was announced")]
    Terms,
    /// A bundle part does not open.
    #[error("the sealed part does not open with this key")]
    Part(#[from] body::ChunkedError),
}

/// A node's private KEM key.
pub struct KemKey(Secret);

impl KemKey {
    /// Draws a key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        Self(Secret::random(entropy))
    }

    /// The key's seed, for the keystore.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.expose())
    }

    /// Takes a seed out of the keystore.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WrapError> {
        Secret::from_slice(bytes).map(Self).ok_or(WrapError::Key)
    }

    /// The public half.
    pub fn public(&self) -> KemPublic {
        KemPublic { bytes: XWing::sk_to_pk(&self.expand()).to_bytes().to_vec() }
    }

    /// The id of the public half.
    pub fn id(&self) -> KeyId {
        self.public().id()
    }

    #[expect(clippy::expect_used, reason = "every 32 bytes are an X-Wing seed")]
    fn expand(&self) -> <XWing as Kem>::PrivateKey {
        Deserializable::from_bytes(self.0.expose()).expect("a 32-byte seed")
    }
}

impl fmt::Debug for KemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemKey([secret])")
    }
}

/// A node's public KEM key, checked to be one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KemPublic {
    bytes: Vec<u8>,
}

impl KemPublic {
    /// Takes raw key bytes.
    pub fn from_raw(bytes: &[u8]) -> Result<Self, WrapError> {
        <XWing as Kem>::PublicKey::from_bytes(bytes).map_err(|_| WrapError::Key)?;
        Ok(Self { bytes: bytes.to_vec() })
    }

    /// The raw key bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the encoded key.
    pub fn id(&self) -> KeyId {
        KeyId::from_array(h(Tag::Key, &[&self.to_bytes()]))
    }
}

impl Wire for KemPublic {
    const NAME: &'static str = "KEM key";
    const BYTES_MAX: usize = KEM_PUBLIC_LEN + 3;

    fn write(&self, w: &mut Writer) {
        w.bytes(&self.bytes);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let fault = r.fault(WireFault::Invalid { what: "not a valid X-Wing key" });
        Self::from_raw(r.bytes()?).map_err(|_| fault)
    }
}

/// What both sides derive a LINK context from.
pub fn wrap_info(src: NodeId, dst: NodeId, kem_key: &KeyId, epoch: u64) -> Vec<u8> {
    [WC_PREFIX, src.as_bytes(), dst.as_bytes(), kem_key.as_bytes(), &epoch.to_be_bytes()].concat()
}

/// The id of a wrap context.
pub fn wrap_context_id(kind: u8, info: &[u8], enc: &[u8]) -> WrapContextId {
    let digest = h(Tag::WcId, &[&[kind], info, enc]);
    let mut id = [0; WrapContextId::LEN];
    for (to, from) in id.iter_mut().zip(digest) {
        *to = from;
    }
    WrapContextId::from_array(id)
}

/// Opens a wrap context to the holder of `to`: the encapsulation to send, and the context key.
pub fn setup_sender(
    to: &KemPublic,
    info: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<(Vec<u8>, Wck), WrapError> {
    let (enc, key) = send::<ExportOnlyAead>(to, info, WCK_EXPORT, entropy)?;
    Ok((enc, Wck(key)))
}

/// Derives the context key of a wrap context that someone else opened.
pub fn setup_receiver(key: &KemKey, info: &[u8], enc: &[u8]) -> Result<Wck, WrapError> {
    receive::<ExportOnlyAead>(key, info, WCK_EXPORT, enc).map(Wck)
}

/// Seals a whole air-gap bundle to the holder of `to`: `enc || chunked ciphertext`.
pub fn seal_part(
    to: &KemPublic,
    plain: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, WrapError> {
    let (mut out, key) = send::<ExportOnlyAead>(to, PART_PREFIX, PART_EXPORT, entropy)?;
    let mut salt = [0; SALT_LEN];
    entropy.fill(&mut salt);
    out.extend_from_slice(&seal_chunked(&key, &salt, PART_PREFIX, plain));
    Ok(out)
}

/// Opens a bundle that was sealed to `key`.
pub fn open_part(key: &KemKey, sealed: &[u8]) -> Result<Vec<u8>, WrapError> {
    let (enc, ct) = sealed.split_at_checked(ENC_LEN).ok_or(WrapError::Encapsulation)?;
    let key = receive::<ExportOnlyAead>(key, PART_PREFIX, PART_EXPORT, enc)?;
    Ok(open_chunked(&key, PART_PREFIX, ct)?)
}

/// HPKE base mode, KEM 0x647A, KDF 0x0001, exporting one key. The AEAD is a parameter only so
/// that the published vectors, which have none for 0xFFFF, run through the same code.
fn send<A: Aead>(
    to: &KemPublic,
    info: &[u8],
    export: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<(Vec<u8>, Secret), WrapError> {
    let to = <XWing as Kem>::PublicKey::from_bytes(&to.bytes).map_err(|_| WrapError::Key)?;
    let (enc, context) = hpke::setup_sender_with_rng::<A, HkdfSha256, XWing>(
        &OpModeS::Base,
        &to,
        info,
        &mut Rng(entropy),
    )
    .map_err(|_| WrapError::Key)?;
    let mut key = Zeroizing::new([0; 32]);
    context.export(export, key.as_mut_slice()).map_err(|_| WrapError::Key)?;
    Ok((enc.to_bytes().to_vec(), Secret::from_array(*key)))
}

fn receive<A: Aead>(
    key: &KemKey,
    info: &[u8],
    export: &[u8],
    enc: &[u8],
) -> Result<Secret, WrapError> {
    let fault = |_| WrapError::Encapsulation;
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(fault)?;
    let context =
        hpke::setup_receiver::<A, HkdfSha256, XWing>(&OpModeR::Base, &key.expand(), &enc, info)
            .map_err(fault)?;
    let mut key = Zeroizing::new([0; 32]);
    context.export(export, key.as_mut_slice()).map_err(fault)?;
    Ok(Secret::from_array(*key))
}

/// A wrap context key.
#[derive(PartialEq, Eq)]
pub struct Wck(Secret);

impl Wck {
    /// Wraps a body's key for one target: the receiving node's id.
    pub fn wrap(
        &self,
        target: &[u8; 32],
        oid: &ObjectId,
        body: &BodyDigest,
        wc: &WrapContextId,
        dek: &Secret,
    ) -> [u8; WRAPPED_LEN] {
        let mut wrapped = [0; WRAPPED_LEN];
        if let Some((key, tag)) = wrapped.split_first_chunk_mut::<32>() {
            *key = *dek.expose();
            // The key is used once, so the nonce may be fixed.
            let sealed =
                self.wrap_key(target, oid, body).seal([0; NONCE_LEN], &wrap_aad(wc, oid), key);
            tag.copy_from_slice(&sealed);
        }
        wrapped
    }

    /// Unwraps a body's key.
    pub fn unwrap(
        &self,
        target: &[u8; 32],
        oid: &ObjectId,
        body: &BodyDigest,
        wc: &WrapContextId,
        wrapped: &[u8; WRAPPED_LEN],
    ) -> Result<Secret, WrapError> {
        let (sealed, tag) = wrapped.split_at(32);
        let mut dek = Zeroizing::new([0; 32]);
        self.wrap_key(target, oid, body)
            .open([0; NONCE_LEN], &wrap_aad(wc, oid), sealed, tag, dek.as_mut_slice())
            .map_err(|_| WrapError::Wrapped)?;
        Ok(Secret::from_array(*dek))
    }

    /// Seals a recipient's terms; returns their digest too.
    pub fn seal_terms(
        &self,
        target: &[u8; 32],
        terms: &Terms,
        wc: &WrapContextId,
    ) -> (Digest, Vec<u8>) {
        let digest = terms_digest(terms);
        let mut sealed = terms.to_bytes();
        let tag = self.terms_key(target, &digest).seal(
            [0; NONCE_LEN],
            &terms_aad(wc, &digest),
            &mut sealed,
        );
        sealed.extend_from_slice(&tag);
        (digest, sealed)
    }

    /// Opens a recipient's terms, which must have this digest.
    pub fn open_terms(
        &self,
        target: &[u8; 32],
        digest: &Digest,
        wc: &WrapContextId,
        ct: &[u8],
    ) -> Result<Terms, WrapError> {
        if ct.len() > Terms::BYTES_MAX + TAG_LEN {
            return Err(WrapError::Terms);
        }
        let (sealed, tag) = ct.split_last_chunk::<TAG_LEN>().ok_or(WrapError::Terms)?;
        let mut plain = vec![0; sealed.len()];
        self.terms_key(target, digest)
            .open([0; NONCE_LEN], &terms_aad(wc, digest), sealed, tag, &mut plain)
            .map_err(|_| WrapError::Terms)?;
        if Digest::from_array(h(Tag::Terms, &[&plain])) != *digest {
            return Err(WrapError::Terms);
        }
        Terms::from_bytes(&plain).map_err(|_| WrapError::Terms)
    }

    fn wrap_key(&self, target: &[u8; 32], oid: &ObjectId, body: &BodyDigest) -> aead::Key {
        let parts: &[&[u8]] = &[target, oid.as_bytes(), body.as_bytes()];
        aead::Key::new(kdf(self.0.expose(), Tag::Wrap, parts).expose())
    }

    /// Single use like the wrap key: the digest in it fixes the one plaintext.
    fn terms_key(&self, target: &[u8; 32], digest: &Digest) -> aead::Key {
        let parts: &[&[u8]] = &[target, digest.as_bytes()];
        aead::Key::new(kdf(self.0.expose(), Tag::TermsKey, parts).expose())
    }
}

impl fmt::Debug for Wck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wck([secret])")
    }
}

fn wrap_aad(wc: &WrapContextId, oid: &ObjectId) -> [u8; 48] {
    concat(wc.as_bytes(), oid.as_bytes())
}

fn terms_aad(wc: &WrapContextId, digest: &Digest) -> [u8; 48] {
    concat(wc.as_bytes(), digest.as_bytes())
}

fn concat(wc: &[u8; 16], rest: &[u8; 32]) -> [u8; 48] {
    let mut out = [0; 48];
    for (to, from) in out.iter_mut().zip(wc.iter().chain(rest)) {
        *to = *from;
    }
    out
}

/// Our entropy, as the HPKE library wants it.
struct Rng<'a>(&'a mut dyn Entropy);

impl TryRng for Rng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Rng<'_> {}

#[cfg(test)]
mod tests;
