//! Keys, signatures, sealing and opening.
//!
//! The only crate that touches a cryptographic library. It turns the nouns of `entente-model`
//! into digests, signatures, sealed bodies, wrapped keys and leaf commitments
//! (`protocol.md` 0.2–0.5 and 2.2–2.5), and back, refusing whatever is not exactly right.
//!
//! Pure: entropy is an argument. One exception is stated where it occurs: ML-DSA signatures are
//! hedged with the library's own randomness, so signature bytes differ from run to run, and
//! nothing may depend on them.
//!
//! The tree over leaves, checkpoints and proofs belong to `entente-ledger`; who may receive what
//! to `entente-law`; when keys change to `entente-exchange`.

mod aead;
pub mod body;
pub mod digest;
pub mod envelope;
pub mod jws;
pub mod keystore;
pub mod pad;
pub mod passkey;
pub mod secret;
pub mod sign;
pub mod slot;
pub mod statement;
pub mod totp;
pub mod vault;
pub mod wrap;

#[cfg(test)]
mod vectors;
