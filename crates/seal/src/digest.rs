//! Digests, MACs, derived keys and the ids made from them (`protocol.md` 0.2).
//!
//! Everything starts from `"ent/v1/" tag 0x00`, so a value made for one purpose is never valid
//! for another. Parts are concatenated as they are: callers pass parts of fixed length, or one
//! part of variable length at the end.

use aws_lc_rs::digest::{SHA256, digest};
use entente_model::item::Basis;
use entente_model::tag::Tag;
use entente_model::{AgreementId, BasisId, Digest, LawId, NationId, NodeId, ObjectId, Terms, Wire};
use zeroize::Zeroize;

use crate::secret::Secret;

const PREFIX: &[u8] = b"ent/v1/";

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    array(digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of the concatenation.
pub fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    sha256(Joined::new().all(parts).bytes())
}

/// `H(tag, parts)`: the tagged digest.
pub fn h(tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    sha256(Joined::tagged(tag).all(parts).bytes())
}

/// `MAC(key, tag, parts)`: the tagged HMAC-SHA-256.
pub fn mac(key: &[u8; 32], tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    hmac_sha256(key, |message| message.tag(tag).all(parts))
}

/// `KDF(key, tag, ctx)`: 32 bytes of tagged HKDF-Expand-SHA-256. The key must be uniformly
/// random.
pub fn kdf(key: &[u8; 32], tag: Tag, ctx: &[&[u8]]) -> Secret {
    // One block of HKDF-Expand (RFC 5869 2.3) is HMAC(key, info || 0x01).
    Secret::from_array(hmac_sha256(key, |message| message.tag(tag).all(ctx).add(&[1])))
}

/// HMAC-SHA-256 (RFC 2104) of what `write` adds, as two digests. The library's own allocates and
/// copies a state for every call, which takes longer than hashing the short messages that most
/// are; a leaf for ten nations needs 34 of them.
fn hmac_sha256(
    key: &[u8; 32],
    write: impl for<'m> FnOnce(&'m mut Joined) -> &'m mut Joined,
) -> [u8; 32] {
    let inner = keyed(key, 0x36, write);
    keyed(key, 0x5c, |message| message.add(&inner))
}

/// The digest of the key, padded to a block and masked, and of what follows it.
fn keyed(
    key: &[u8; 32],
    mask: u8,
    write: impl for<'m> FnOnce(&'m mut Joined) -> &'m mut Joined,
) -> [u8; 32] {
    let mut block = [mask; 64];
    for (masked, byte) in block.iter_mut().zip(key) {
        *masked ^= byte;
    }
    let mut joined = Joined::new();
    let digest = sha256(write(joined.add(&block)).bytes());
    block.zeroize();
    joined.erase(block.len());
    digest
}

/// Parts put together, short ones without allocating: hashing at once is several times as fast
/// as part by part for the short inputs that most are.
struct Joined {
    short: [u8; 512],
    len: usize,
    long: Vec<u8>,
}

impl Joined {
    const fn new() -> Self {
        Self { short: [0; 512], len: 0, long: Vec::new() }
    }

    fn tagged(tag: Tag) -> Self {
        let mut joined = Self::new();
        joined.tag(tag);
        joined
    }

    fn tag(&mut self, tag: Tag) -> &mut Self {
        self.all(&[PREFIX, tag.as_str().as_bytes(), &[0]])
    }

    /// Erases the first bytes, where a key was.
    fn erase(&mut self, bytes: usize) {
        if let Some(key) = self.short.get_mut(..bytes) {
            key.zeroize();
        }
        self.long.zeroize();
    }

    fn all(&mut self, parts: &[&[u8]]) -> &mut Self {
        for part in parts {
            self.add(part);
        }
        self
    }

    fn add(&mut self, part: &[u8]) -> &mut Self {
        if !self.long.is_empty() {
            self.long.extend_from_slice(part);
        } else if let Some(room) = self.short.get_mut(self.len..self.len + part.len()) {
            room.copy_from_slice(part);
            self.len += part.len();
        } else {
            self.long = [self.bytes(), part].concat();
        }
        self
    }

    fn bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            self.short.get(..self.len).unwrap_or_default()
        } else {
            &self.long
        }
    }
}

fn array(digest: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest);
    out
}

/// The id of the object with this manifest.
pub fn object_id(manifest_bytes: &[u8]) -> ObjectId {
    ObjectId::from_array(h(Tag::Oid, &[manifest_bytes]))
}

/// The id of the exercise object with this manifest; never that of a real one.
pub fn exercise_object_id(manifest_bytes: &[u8]) -> ObjectId {
    ObjectId::from_array(h(Tag::OidEx, &[manifest_bytes]))
}

/// The id of the agreement with these texts, in order. Each is preceded by its length in 64
/// bits, so that text cannot move from one file to the next.
pub fn agreement_id(texts: &[&[u8]]) -> AgreementId {
    let mut framed = Joined::tagged(Tag::Agreement);
    for text in texts {
        framed.add(&(text.len() as u64).to_be_bytes()).add(text);
    }
    AgreementId::from_array(sha256(framed.bytes()))
}

/// The id of the national law with this text.
pub fn law_id(text: &[u8]) -> LawId {
    LawId::from_array(h(Tag::Law, &[text]))
}

/// The id of these grounds of a release.
pub fn basis_id(basis: &Basis) -> BasisId {
    BasisId::from_array(h(Tag::Basis, &[&basis.to_bytes()]))
}

/// The id of the nation whose identity chain starts with this payload.
pub fn nation_id(genesis_payload: &[u8]) -> NationId {
    NationId::from_array(h(Tag::Genesis, &[genesis_payload]))
}

/// The id of the node that a statement with this payload added.
pub fn node_id(node_add_payload: &[u8]) -> NodeId {
    NodeId::from_array(h(Tag::Node, &[node_add_payload]))
}

/// The digest of an identity statement, over its payload and never its signatures.
pub fn statement_digest(payload: &[u8]) -> Digest {
    Digest::from_array(h(Tag::IdStmt, &[payload]))
}

/// The digest of a recipient's terms.
pub fn terms_digest(terms: &Terms) -> Digest {
    Digest::from_array(h(Tag::Terms, &[&terms.to_bytes()]))
}

/// The digest under which a preimage (a decision's inputs or outcomes) is kept.
pub fn preimage(bytes: &[u8]) -> Digest {
    Digest::from_array(h(Tag::Preimage, &[bytes]))
}

#[cfg(test)]
mod tests;
