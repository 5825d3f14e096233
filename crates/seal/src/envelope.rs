//! The envelope: manifest and payload sealed into one body, and opened again (`protocol.md` 2.3).
//!
//! `0x01 || u32 length || manifest || payload || zeros` for an object, `0x02 || u32 length ||
//! control item || zeros` for anything else, padded, under a fresh key. There is one sealing of
//! an object, shared by all its recipients; opening accepts exactly what sealing makes.
//!
//! Wrapping the key for a recipient is [`crate::wrap`].

use std::borrow::Cow;
use std::fmt;

use entente_model::codec::{Wire, WireError};
use entente_model::item::NackCode;
use entente_model::manifest::ControlItem;
use entente_model::{BodyDigest, Entropy, Manifest, ObjectId};
use thiserror::Error;
use zstd::bulk;
use zstd::zstd_safe::find_frame_compressed_size;

use crate::body::{self, ChunkedError, SALT_LEN, open_chunked, seal_chunked_with};
use crate::digest::{exercise_object_id, object_id, sha256};
use crate::pad::padded_len;
use crate::secret::Secret;

/// Payloads up to this length are never compressed.
pub const UNCOMPRESSED_BYTES_MAX: usize = 4 << 10;
const PAYLOAD_BYTES_MAX: usize = 1 << 20;
const ZSTD_LEVEL: i32 = 3;
const OBJECT: u8 = 1;
const CONTROL: u8 = 2;
const HEAD_LEN: usize = 5;
const CONTEXT_PREFIX: &[u8; 12] = b"ent/v1/body\0";

/// What cannot be sealed. The caller's mistake, each of them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// The manifest or control item is too long.
    #[error("{what} takes {bytes} bytes: expected at most {max}")]
    TooLong {
        /// Which.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// The payload is not the one that the manifest describes.
    #[error("the payload takes {bytes} bytes, which is not what its manifest says")]
    Payload {
        /// How long it is, as stored.
        bytes: usize,
    },
}

/// Why a body does not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// It is not the body that the ledger names.
    #[error("the body's digest is not the one in the ledger")]
    Digest,
    /// It is longer than any body.
    #[error("the body takes {bytes} bytes: expected at most {max}", max = CT_BYTES_MAX)]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It does not decrypt under this key and for this object.
    #[error("the body does not decrypt")]
    Decrypt(#[from] ChunkedError),
    /// The plaintext is not laid out as sealing does.
    #[error("the body's content is malformed: {what}")]
    Layout {
        /// What is wrong.
        what: &'static str,
    },
    /// The manifest or control item inside is malformed.
    #[error("the body's content is malformed")]
    Content(#[from] WireError),
    /// Another object is inside.
    #[error("the body holds another object than the ledger names")]
    Oid,
    /// The payload is not the one in the manifest.
    #[error("the payload's length or digest is not the one in its manifest")]
    Payload,
}

impl OpenError {
    /// What the receiver tells the sender.
    pub const fn nack(&self) -> NackCode {
        match self {
            Self::Digest => NackCode::Digest,
            Self::TooLong { .. } => NackCode::Size,
            Self::Decrypt(_) => NackCode::Decrypt,
            Self::Layout { .. } | Self::Content(_) | Self::Oid | Self::Payload => NackCode::Oid,
        }
    }
}

/// The longest plaintext content of a body, before padding.
const CONTENT_BYTES_MAX: usize = HEAD_LEN + Manifest::BYTES_MAX + PAYLOAD_BYTES_MAX;
/// The longest sealed body. Padding adds at most one eighth.
pub const CT_BYTES_MAX: usize = body::sealed_len(CONTENT_BYTES_MAX + CONTENT_BYTES_MAX / 8);

/// A sealed body and what is needed to let others open it.
pub struct SealedBody {
    /// The object's or control item's id.
    pub oid: ObjectId,
    /// SHA-256 of the ciphertext.
    pub body: BodyDigest,
    /// The ciphertext.
    pub ct: Vec<u8>,
    /// The key that opens it.
    pub dek: Secret,
    /// The exact bytes of the manifest or control item.
    pub manifest_bytes: Vec<u8>,
}

impl fmt::Debug for SealedBody {
    /// Ids only: manifest bytes are content, and content does not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedBody")
            .field("oid", &self.oid)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// What a body held.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, and most are the large variant")]
pub enum Opened {
    /// A piece of intelligence.
    Object {
        /// The manifest.
        manifest: Manifest,
        /// Its exact bytes.
        manifest_bytes: Vec<u8>,
        /// The payload, uncompressed.
        payload: Vec<u8>,
    },
    /// Anything else.
    Control(ControlItem),
}

/// The payload as it will be stored, and whether that is compressed, for the manifest. Length
/// and digest in the manifest are those of the payload as given.
pub fn prepare_payload(raw: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if raw.len() > UNCOMPRESSED_BYTES_MAX {
        // A failure to compress is no failure: the payload then goes as it is.
        if let Ok(compressed) = bulk::compress(raw, ZSTD_LEVEL)
            && compressed.len() < raw.len()
        {
            return (Cow::Owned(compressed), true);
        }
    }
    (Cow::Borrowed(raw), false)
}

/// Seals an object. `stored` is the payload as [`prepare_payload`] gave it; the manifest's
/// `compressed` says which form that is.
pub fn seal_object(
    manifest: &Manifest,
    stored: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<SealedBody, SealError> {
    let right = if manifest.compressed {
        may_be_compressed(manifest, stored.len())
    } else {
        stored.len() as u64 == manifest.payload_bytes
    };
    if !right || stored.len() > PAYLOAD_BYTES_MAX {
        return Err(SealError::Payload { bytes: stored.len() });
    }
    let manifest_bytes = manifest.to_bytes();
    within("the manifest", &manifest_bytes, Manifest::BYTES_MAX)?;
    let oid = id_of(manifest, &manifest_bytes);
    Ok(seal(OBJECT, oid, manifest_bytes, stored, entropy))
}

/// Seals a control item.
pub fn seal_control(
    item: &ControlItem,
    entropy: &mut dyn Entropy,
) -> Result<SealedBody, SealError> {
    let bytes = item.to_bytes();
    within("the control item", &bytes, ControlItem::BYTES_MAX)?;
    let oid = object_id(&bytes);
    Ok(seal(CONTROL, oid, bytes, &[], entropy))
}

/// Opens a body: checks its digest, key commitment and authenticity, padding, the object's id,
/// and the payload's length and digest, in this order.
pub fn open_body(
    dek: &Secret,
    oid: &ObjectId,
    body: &BodyDigest,
    ct: &[u8],
) -> Result<Opened, OpenError> {
    if ct.len() > CT_BYTES_MAX {
        return Err(OpenError::TooLong { bytes: ct.len() });
    }
    if sha256(ct) != *body.as_bytes() {
        return Err(OpenError::Digest);
    }
    let plain = open_chunked(dek, &context(oid), ct)?;
    let truncated = OpenError::Layout { what: "it ends inside its head" };
    let (&[form, ref len @ ..], rest) =
        plain.split_first_chunk::<HEAD_LEN>().ok_or(truncated.clone())?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| truncated.clone())?;
    let (head, rest) = rest.split_at_checked(len).ok_or(truncated)?;
    match form {
        OBJECT => open_object(oid, head, rest, plain.len()),
        CONTROL => {
            check_padding(HEAD_LEN + len, rest, plain.len())?;
            if object_id(head) != *oid {
                return Err(OpenError::Oid);
            }
            Ok(Opened::Control(ControlItem::from_bytes(head)?))
        }
        _ => Err(OpenError::Layout { what: "it is neither an object nor a control item" }),
    }
}

fn open_object(
    oid: &ObjectId,
    manifest_bytes: &[u8],
    rest: &[u8],
    plain_len: usize,
) -> Result<Opened, OpenError> {
    let manifest = Manifest::from_bytes(manifest_bytes)?;
    if id_of(&manifest, manifest_bytes) != *oid {
        return Err(OpenError::Oid);
    }
    let raw_len = usize::try_from(manifest.payload_bytes).map_err(|_| OpenError::Payload)?;
    let stored_len = if manifest.compressed {
        // The frame knows its own end; nothing else says where the padding starts.
        find_frame_compressed_size(rest)
            .ok()
            .filter(|len| may_be_compressed(&manifest, *len))
            .ok_or(OpenError::Payload)?
    } else {
        raw_len
    };
    let (stored, zeros) = rest.split_at_checked(stored_len).ok_or(OpenError::Payload)?;
    check_padding(HEAD_LEN + manifest_bytes.len() + stored_len, zeros, plain_len)?;
    let payload = if manifest.compressed {
        bulk::decompress(stored, raw_len).map_err(|_| OpenError::Payload)?
    } else {
        stored.to_vec()
    };
    if payload.len() != raw_len || sha256(&payload) != *manifest.payload_sha256.as_bytes() {
        return Err(OpenError::Payload);
    }
    let manifest_bytes = manifest_bytes.to_vec();
    Ok(Opened::Object { manifest, manifest_bytes, payload })
}

/// Compression is used only where it helps, so that there is one form for each payload's length.
fn may_be_compressed(manifest: &Manifest, stored_len: usize) -> bool {
    manifest.payload_bytes > UNCOMPRESSED_BYTES_MAX as u64
        && (stored_len as u64) < manifest.payload_bytes
}

fn check_padding(content_len: usize, zeros: &[u8], plain_len: usize) -> Result<(), OpenError> {
    if padded_len(content_len) != plain_len {
        return Err(OpenError::Layout { what: "it is not padded to the right length" });
    }
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Layout { what: "its padding is not zeros" });
    }
    Ok(())
}

fn seal(
    form: u8,
    oid: ObjectId,
    head: Vec<u8>,
    stored: &[u8],
    entropy: &mut dyn Entropy,
) -> SealedBody {
    let mut salt = [0; SALT_LEN];
    entropy.fill(&mut salt);
    let dek = Secret::random(entropy);
    let plain_len = padded_len(HEAD_LEN + head.len() + stored.len());
    let ct = seal_chunked_with(&dek, &salt, &context(&oid), plain_len, |out| {
        let start = out.len();
        out.push(form);
        out.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(stored);
        out.resize(start + plain_len, 0);
    });
    let body = BodyDigest::from_array(sha256(&ct));
    SealedBody { oid, body, ct, dek, manifest_bytes: head }
}

fn context(oid: &ObjectId) -> [u8; CONTEXT_PREFIX.len() + ObjectId::LEN] {
    let mut out = [0; CONTEXT_PREFIX.len() + ObjectId::LEN];
    for (to, from) in out.iter_mut().zip(CONTEXT_PREFIX.iter().chain(oid.as_bytes())) {
        *to = *from;
    }
    out
}

fn id_of(manifest: &Manifest, manifest_bytes: &[u8]) -> ObjectId {
    if manifest.facts.exercise {
        exercise_object_id(manifest_bytes)
    } else {
        object_id(manifest_bytes)
    }
}

fn within(what: &'static str, bytes: &[u8], max: usize) -> Result<(), SealError> {
    if bytes.len() > max {
        return Err(SealError::TooLong { what, bytes: bytes.len(), max });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
