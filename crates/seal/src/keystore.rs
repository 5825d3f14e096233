//! The keystore: a blob of keys, sealed under a passphrase.
//!
//! `magic || u32 memory || u32 passes || salt (16) || nonce (12) || AES-256-GCM(blob)`, the key
//! from Argon2id, everything before the ciphertext authenticated with it. What the blob holds
//! and where it lies is up to `entente-app` and `entente-store`.

use argon2::{Algorithm, Argon2, Version};
use entente_model::{Digest, Entropy};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aead::{self, NONCE_LEN, TAG_LEN};
use crate::digest::sha256;

const MAGIC: &[u8; 8] = b"entkeys\x01";
const SALT_LEN: usize = 16;
const HEADER_LEN: usize = MAGIC.len() + 8 + SALT_LEN + NONCE_LEN;
/// The longest blob.
pub const BLOB_BYTES_MAX: usize = 1 << 20;

/// How hard guessing the passphrase is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Memory in KiB, 8 to 1,048,576.
    pub memory_kib: u32,
    /// Passes over it, 1 to 16.
    pub passes: u32,
}

impl Default for Params {
    /// 64 MiB and three passes: about 0.2 s.
    fn default() -> Self {
        Self { memory_kib: 64 << 10, passes: 3 }
    }
}

impl Params {
    /// Refuses parameters that a damaged or hostile file could use to exhaust the machine.
    fn check(self) -> Result<Self, KeystoreError> {
        if (8..=1 << 20).contains(&self.memory_kib) && (1..=16).contains(&self.passes) {
            Ok(self)
        } else {
            Err(KeystoreError::Params { memory_kib: self.memory_kib, passes: self.passes })
        }
    }
}

/// Why a keystore does not lock or unlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeystoreError {
    /// Not a keystore, or one of a later version.
    #[error("this is not a keystore of version 1")]
    Format,
    /// Parameters out of bounds.
    #[error(
        "{memory_kib} KiB and {passes} passes are out of bounds: expected 8 to 1048576 KiB and 1 \
         to 16 passes"
    )]
    Params {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
    },
    /// The blob is too long.
    #[error("the keys take {bytes} bytes: expected at most {BLOB_BYTES_MAX}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// There is not enough memory for the parameters.
    #[error("the passphrase could not be stretched: not enough memory for the parameters")]
    Memory,
    /// Wrong passphrase, or changed bytes.
    #[error("the passphrase is wrong, or the keystore is damaged")]
    Passphrase,
}

/// Seals `blob` under a passphrase.
pub fn lock(
    passphrase: &[u8],
    blob: &[u8],
    params: Params,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, KeystoreError> {
    let params = params.check()?;
    if blob.len() > BLOB_BYTES_MAX {
        return Err(KeystoreError::TooLong { bytes: blob.len() });
    }
    let mut salt = [0; SALT_LEN];
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut salt);
    entropy.fill(&mut nonce);
    let mut out = Vec::with_capacity(HEADER_LEN + blob.len() + TAG_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&params.memory_kib.to_be_bytes());
    out.extend_from_slice(&params.passes.to_be_bytes());
    out.extend_from_slice(&salt);
    out.extend_from_slice(&nonce);
    let header = out.clone();
    out.extend_from_slice(blob);
    let key = aead::Key::new(&*stretch(passphrase, &salt, params)?);
    if let Some(sealed) = out.get_mut(HEADER_LEN..) {
        let tag = key.seal(nonce, &header, sealed);
        out.extend_from_slice(&tag);
    }
    Ok(out)
}

/// Opens a blob.
pub fn unlock(passphrase: &[u8], locked: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    if locked.len() > HEADER_LEN + BLOB_BYTES_MAX + TAG_LEN {
        return Err(KeystoreError::TooLong { bytes: locked.len() });
    }
    let (header, sealed) = locked.split_at_checked(HEADER_LEN).ok_or(KeystoreError::Format)?;
    let (sealed, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(KeystoreError::Format)?;
    let (memory_kib, passes, salt, nonce) = parse(header).ok_or(KeystoreError::Format)?;
    let params = Params { memory_kib, passes }.check()?;
    let key = aead::Key::new(&*stretch(passphrase, salt, params)?);
    let mut blob = Zeroizing::new(vec![0; sealed.len()]);
    key.open(*nonce, header, sealed, tag, &mut blob).map_err(|_| KeystoreError::Passphrase)?;
    Ok(blob)
}

/// The digest under which a random access token is stored.
pub fn token_digest(token: &[u8]) -> Digest {
    Digest::from_array(sha256(token))
}

fn parse(header: &[u8]) -> Option<(u32, u32, &[u8; SALT_LEN], &[u8; NONCE_LEN])> {
    let rest = header.strip_prefix(MAGIC)?;
    let (memory_kib, rest) = rest.split_first_chunk()?;
    let (passes, rest) = rest.split_first_chunk()?;
    let (salt, rest) = rest.split_first_chunk()?;
    let nonce = rest.try_into().ok()?;
    Some((u32::from_be_bytes(*memory_kib), u32::from_be_bytes(*passes), salt, nonce))
}

/// Argon2id (RFC 9106), one lane.
fn stretch(
    passphrase: &[u8],
    salt: &[u8],
    params: Params,
) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
    let params = argon2::Params::new(params.memory_kib, params.passes, 1, Some(32))
        .map_err(|_| KeystoreError::Memory)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.as_mut_slice())
        .map_err(|_| KeystoreError::Memory)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
