//! Chunked encryption: C2SP chunked-encryption v1, instance Cobblestone-256.
//!
//! `salt (24) || commitment (32) || chunks`, each chunk AES-256-GCM over at most 16 KiB with the
//! last one always shorter. Key, nonce and commitment come from HKDF-Expand-SHA-512 over salt
//! and context; the commitment rules out a ciphertext that opens under two keys.
//!
//! What goes inside belongs to [`crate::envelope`].

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aead::{self, NONCE_LEN, TAG_LEN};
use crate::secret::Secret;

/// Bytes of the salt.
pub const SALT_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const HEADER_LEN: usize = SALT_LEN + COMMITMENT_LEN;
const CHUNK_LEN: usize = 16 << 10;
const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// Why a chunked ciphertext does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChunkedError {
    /// No sealed message has this length.
    #[error("the ciphertext is truncated or has a length that no sealed message has")]
    Length,
    /// It was not sealed under this key and context.
    #[error("the ciphertext was not sealed under this key and context")]
    Commitment,
    /// A chunk was changed, moved or replaced.
    #[error("chunk {index} of the ciphertext is not authentic")]
    Chunk {
        /// Which one, from 0.
        index: usize,
    },
}

/// The length of the ciphertext of `plain_len` bytes.
pub const fn sealed_len(plain_len: usize) -> usize {
    HEADER_LEN + plain_len + (plain_len / CHUNK_LEN + 1) * TAG_LEN
}

/// Seals `plain`. The salt must never repeat for the same key.
pub fn seal_chunked(key: &Secret, salt: &[u8; SALT_LEN], context: &[u8], plain: &[u8]) -> Vec<u8> {
    seal_chunked_with(key, salt, context, plain.len(), |out| out.extend_from_slice(plain))
}

/// Seals the `plain_len` bytes that `write` appends, without a second buffer.
pub(crate) fn seal_chunked_with(
    key: &Secret,
    salt: &[u8; SALT_LEN],
    context: &[u8],
    plain_len: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let derived = Derived::new(key, salt, context);
    let mut out = Vec::with_capacity(sealed_len(plain_len));
    out.extend_from_slice(salt);
    out.extend_from_slice(derived.commitment());
    write(&mut out);
    debug_assert_eq!(out.len(), HEADER_LEN + plain_len, "as many bytes as announced");

    // The plaintext lies where the first chunk belongs. From the last chunk to the first, each
    // is moved to its own place, behind room for the tags before it, and sealed there.
    let key = derived.key();
    let last = plain_len / CHUNK_LEN;
    out.resize(sealed_len(plain_len), 0);
    for index in (0..=last).rev() {
        let from = HEADER_LEN + index * CHUNK_LEN;
        let to = HEADER_LEN + index * SEALED_CHUNK_LEN;
        let len = if index == last { plain_len % CHUNK_LEN } else { CHUNK_LEN };
        out.copy_within(from..from + len, to);
        if let Some((chunk, tag)) =
            out.get_mut(to..to + len + TAG_LEN).and_then(|sealed| sealed.split_at_mut_checked(len))
        {
            tag.copy_from_slice(&key.seal(derived.nonce(index), &[], chunk));
        }
    }
    out
}

/// Opens a ciphertext that was sealed under this key and context.
pub fn open_chunked(key: &Secret, context: &[u8], ct: &[u8]) -> Result<Vec<u8>, ChunkedError> {
    let (salt, rest) = ct.split_first_chunk::<SALT_LEN>().ok_or(ChunkedError::Length)?;
    let (commitment, chunks) =
        rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(ChunkedError::Length)?;
    // The last chunk is shorter than the others, though never shorter than its tag.
    let last = chunks.len() / SEALED_CHUNK_LEN;
    if chunks.len() % SEALED_CHUNK_LEN < TAG_LEN {
        return Err(ChunkedError::Length);
    }
    let derived = Derived::new(key, salt, context);
    verify_slices_are_equal(derived.commitment(), commitment)
        .map_err(|_| ChunkedError::Commitment)?;

    let key = derived.key();
    let mut plain = vec![0; chunks.len() - (last + 1) * TAG_LEN];
    // Chunks of the plaintext, with the empty last one that `chunks_mut` would leave out.
    let mut rest = plain.as_mut_slice();
    for (index, sealed) in chunks.chunks(SEALED_CHUNK_LEN).enumerate() {
        let fault = ChunkedError::Chunk { index };
        let (sealed, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(ChunkedError::Length)?;
        let (out, after) = rest.split_at_mut_checked(sealed.len()).ok_or(ChunkedError::Length)?;
        key.open(derived.nonce(index), &[], sealed, tag, out).map_err(|_| fault)?;
        rest = after;
    }
    Ok(plain)
}

/// `key || base nonce || commitment`.
struct Derived(Zeroizing<[u8; Self::LEN]>);

impl Derived {
    const LEN: usize = 32 + NONCE_LEN + COMMITMENT_LEN;

    #[expect(clippy::expect_used, reason = "HKDF-SHA-512 gives up to 16,320 bytes")]
    fn new(key: &Secret, salt: &[u8; SALT_LEN], context: &[u8]) -> Self {
        struct Len;
        impl KeyType for Len {
            fn len(&self) -> usize {
                Derived::LEN
            }
        }
        let mut out = Zeroizing::new([0; Self::LEN]);
        Prk::new_less_safe(HKDF_SHA512, key.expose())
            .expand(&[INFO, salt, context], Len)
            .and_then(|okm| okm.fill(out.as_mut_slice()))
            .expect("76 bytes of key material");
        Self(out)
    }

    fn key(&self) -> aead::Key {
        aead::Key::new(self.part::<0, 32>())
    }

    /// The base nonce with the chunk's number in it.
    fn nonce(&self, index: usize) -> [u8; NONCE_LEN] {
        let mut nonce = *self.part::<32, NONCE_LEN>();
        for (byte, number) in nonce.iter_mut().rev().zip((index as u64).to_le_bytes()) {
            *byte ^= number;
        }
        nonce
    }

    fn commitment(&self) -> &[u8; COMMITMENT_LEN] {
        self.part::<{ 32 + NONCE_LEN }, COMMITMENT_LEN>()
    }

    #[expect(clippy::expect_used, reason = "the three callers stay inside the 76 bytes")]
    fn part<const AT: usize, const N: usize>(&self) -> &[u8; N] {
        self.0.get(AT..).and_then(<[u8]>::first_chunk).expect("inside the key material")
    }
}

#[cfg(test)]
mod tests;
