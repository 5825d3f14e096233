//! Keys at rest: each object's key, sealed under the vault's key.
//!
//! Destroying the sealed key destroys the object. Where sealed keys are kept, and when they are
//! swept, is `entente-store`'s business.

use entente_model::tag::Tag;
use entente_model::{Entropy, ObjectId};
use thiserror::Error;

use crate::aead::{self, NONCE_LEN, TAG_LEN};
use crate::digest::kdf;
use crate::secret::Secret;

/// Bytes of a sealed key.
pub const SEALED_LEN: usize = NONCE_LEN + 32 + TAG_LEN;

/// The sealed key is not this object's, not under this vault key, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed key does not open: it is damaged, or belongs to another object or vault")]
pub struct VaultError;

/// Seals an object's key: `nonce || ciphertext || tag`, bound to the object.
pub fn seal_dek(kek: &Secret, oid: &ObjectId, dek: &Secret, entropy: &mut dyn Entropy) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let mut sealed = *dek.expose();
    let tag = key(kek, oid).seal(nonce, oid.as_bytes(), &mut sealed);
    [nonce.as_slice(), &sealed, &tag].concat()
}

/// Opens an object's key.
pub fn open_dek(kek: &Secret, oid: &ObjectId, sealed: &[u8]) -> Result<Secret, VaultError> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(VaultError)?;
    let (sealed, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(VaultError)?;
    let mut dek = [0; 32];
    if sealed.len() != dek.len() {
        return Err(VaultError);
    }
    key(kek, oid).open(*nonce, oid.as_bytes(), sealed, tag, &mut dek).map_err(|_| VaultError)?;
    Ok(Secret::from_array(dek))
}

/// A key for each object, so that random nonces stay safe however many objects there are.
fn key(kek: &Secret, oid: &ObjectId) -> aead::Key {
    aead::Key::new(kdf(kek.expose(), Tag::Vault, &[oid.as_bytes()]).expose())
}

#[test]
fn a_sealed_key_opens_for_its_object_and_vault_only() {
    use crate::vectors::Seeded;
    let (kek, dek) = (Secret::from_array([1; 32]), Secret::from_array([2; 32]));
    let oid = ObjectId::from_array([3; 32]);
    let sealed = seal_dek(&kek, &oid, &dek, &mut Seeded(1));
    assert_eq!(sealed.len(), SEALED_LEN);
    assert_eq!(open_dek(&kek, &oid, &sealed), Ok(dek));
    assert_eq!(open_dek(&kek, &ObjectId::from_array([4; 32]), &sealed), Err(VaultError));
    assert_eq!(open_dek(&Secret::from_array([5; 32]), &oid, &sealed), Err(VaultError));
    assert_eq!(open_dek(&kek, &oid, &sealed[..SEALED_LEN - 1]), Err(VaultError));
    for bit in 0..SEALED_LEN * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open_dek(&kek, &oid, &changed), Err(VaultError), "bit {bit}");
    }
}
