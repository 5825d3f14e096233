//! Signed statements: a payload with the signatures of several keys (`protocol.md` 0.5).
//!
//! Each key signs twice, with Ed25519 and with ML-DSA-65, over the same DSSE pre-authentication
//! encoding; both signatures are required (amendment 9). A statement's id is the digest of its
//! payload, never of its signatures. Whose signatures suffice is for the caller to say.

use std::collections::BTreeSet;

use entente_model::KeyId;
use entente_model::codec::{Reader, Wire, WireError, Writer};

use crate::sign::{
    ED25519_SIGNATURE_LEN, MLDSA65_SIGNATURE_LEN, StatementKey, StatementPublic, verify_ed25519,
    verify_mldsa65,
};

/// `PAE(type, body)` of DSSE v1: what is signed.
pub fn pae(ty: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {ty} {} ", ty.len(), body.len());
    [head.as_bytes(), body].concat()
}

/// One key's two signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSig {
    /// Which key.
    pub key: KeyId,
    /// Ed25519 signature.
    pub ed25519: Vec<u8>,
    /// ML-DSA-65 signature.
    pub mldsa65: Vec<u8>,
}

impl Wire for StatementSig {
    const NAME: &'static str = "statement signature";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3).value(&self.key).bytes(&self.ed25519).bytes(&self.mldsa65);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                key: r.value()?,
                ed25519: r.fixed::<ED25519_SIGNATURE_LEN>()?.to_vec(),
                mldsa65: r.fixed::<MLDSA65_SIGNATURE_LEN>()?.to_vec(),
            })
        })
    }
}

/// A payload, its type and signatures over both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// What the payload is, such as `ent/v1/identity`.
    pub ty: String,
    /// The exact bytes that were signed.
    pub payload: Vec<u8>,
    /// The signatures, at least one.
    pub sigs: Vec<StatementSig>,
}

impl Wire for SignedStatement {
    const NAME: &'static str = "signed statement";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3).text(&self.ty).bytes(&self.payload).list(&self.sigs, |w, s| s.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                ty: r.text()?.to_owned(),
                payload: r.bytes()?.to_vec(),
                sigs: r.list_nonempty(Reader::value)?,
            })
        })
    }
}

impl SignedStatement {
    /// The keys among `keys` of which both signatures verify.
    pub fn signers(&self, keys: &[StatementPublic]) -> BTreeSet<KeyId> {
        let message = pae(&self.ty, &self.payload);
        keys.iter()
            .filter(|key| {
                let id = key.id();
                self.sigs.iter().filter(|sig| sig.key == id).any(|sig| {
                    verify_ed25519(&key.ed25519, &message, &sig.ed25519)
                        && verify_mldsa65(&key.mldsa65, &message, &sig.mldsa65)
                })
            })
            .map(StatementPublic::id)
            .collect()
    }

    /// Adds the signatures of one more key.
    pub fn countersign(&mut self, key: &StatementKey) {
        let message = pae(&self.ty, &self.payload);
        self.sigs.push(StatementSig {
            key: key.id(),
            ed25519: key.sign_ed25519(&message).to_vec(),
            mldsa65: key.sign_mldsa65(&message),
        });
    }
}

/// Signs a payload with each of `keys`.
pub fn sign_statement(ty: &str, payload: &[u8], keys: &[&StatementKey]) -> SignedStatement {
    let mut statement =
        SignedStatement { ty: ty.to_owned(), payload: payload.to_vec(), sigs: Vec::new() };
    for key in keys {
        statement.countersign(key);
    }
    statement
}

#[cfg(test)]
mod tests;
