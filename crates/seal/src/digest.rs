//! Digests, MACs, derived keys and the ids made from them (`protocol.md` 0.2).
//!
//! Everything starts from `"ent/v1/" tag 0x00`, so a value made for one purpose is never valid
//! for another. Parts are concatenated as they are: callers pass parts of fixed length, or one
//! part of variable length at the end.

use aws_lc_rs::digest::{Context, SHA256, digest};
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
    let mut hash = Gather::new();
    hash.all(parts);
    hash.finish()
}

/// `H(tag, parts)`: the tagged digest.
pub fn h(tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Gather::new();
    hash.tag(tag);
    hash.all(parts);
    hash.finish()
}

/// `MAC(key, tag, parts)`: the tagged HMAC-SHA-256.
pub fn mac(key: &[u8; 32], tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    hmac(key, |hash| {
        hash.tag(tag);
        hash.all(parts);
    })
}

/// `KDF(key, tag, ctx)`: 32 bytes of tagged HKDF-Expand-SHA-256. The key must be uniformly
/// random.
pub fn kdf(key: &[u8; 32], tag: Tag, ctx: &[&[u8]]) -> Secret {
    // One block of HKDF-Expand (RFC 5869 2.3) is HMAC(key, info || 0x01).
    Secret::from_array(hmac(key, |hash| {
        hash.tag(tag);
        hash.all(ctx);
        hash.add(&[1]);
    }))
}

/// HMAC (RFC 2104) over SHA-256 with a key shorter than a block. Two one-shot digests are twice
/// as fast as the library's HMAC, which allocates a context for every key; there are 2^k of
/// these in a leaf.
fn hmac(key: &[u8; 32], message: impl FnOnce(&mut Gather)) -> [u8; 32] {
    let mut inner = Gather::new();
    let mut pad = [0x36; 64];
    xor(&mut pad, key);
    inner.add(&pad);
    message(&mut inner);
    let mut digest = inner.finish();

    let mut outer = Gather::new();
    pad = [0x5c; 64];
    xor(&mut pad, key);
    outer.add(&pad);
    outer.add(&digest);
    pad.zeroize();
    digest.zeroize();
    outer.finish()
}

fn xor(pad: &mut [u8; 64], key: &[u8; 32]) {
    for (byte, key) in pad.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// Hashes parts: short ones gathered on the stack and hashed at once, longer ones streamed.
struct Gather {
    buffer: [u8; 512],
    len: usize,
    stream: Option<Context>,
}

impl Gather {
    const fn new() -> Self {
        Self { buffer: [0; 512], len: 0, stream: None }
    }

    fn tag(&mut self, tag: Tag) {
        self.add(PREFIX);
        self.add(tag.as_str().as_bytes());
        self.add(&[0]);
    }

    fn all(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.add(part);
        }
    }

    fn add(&mut self, part: &[u8]) {
        if let Some(stream) = &mut self.stream {
            stream.update(part);
        } else if let Some(room) = self.buffer.get_mut(self.len..self.len + part.len()) {
            room.copy_from_slice(part);
            self.len += part.len();
        } else {
            let mut stream = Context::new(&SHA256);
            stream.update(self.gathered());
            stream.update(part);
            self.stream = Some(stream);
        }
    }

    fn gathered(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    fn finish(mut self) -> [u8; 32] {
        let out = match self.stream.take() {
            Some(stream) => array(stream.finish().as_ref()),
            None => sha256(self.gathered()),
        };
        self.buffer.zeroize();
        out
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
    let mut hash = Gather::new();
    hash.tag(Tag::Agreement);
    for text in texts {
        hash.add(&(text.len() as u64).to_be_bytes());
        hash.add(text);
    }
    AgreementId::from_array(hash.finish())
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
