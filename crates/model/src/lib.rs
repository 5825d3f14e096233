//! The nouns: nations, ids, times, labels, objects, decisions — and their one encoding.
//!
//! Everything that crosses a border or enters a ledger is built from the types here, and each
//! has exactly one byte string ([`codec`]). Nothing in this crate hashes, signs, reads a clock
//! or touches a file: digests come from `entente-seal`, time and entropy are arguments
//! ([`ambient`]).

pub mod access;
pub mod ambient;
pub mod codec;
pub mod decision;
pub mod facts;
pub mod id;
pub mod item;
pub mod label;
pub mod manifest;
pub mod nation;
pub mod record;
pub mod tag;
pub mod time;

pub use ambient::{Clock, Entropy};
pub use codec::{Reader, Wire, WireError, Writer};
pub use decision::{Decision, Terms};
pub use facts::ReleaseFacts;
pub use id::{
    AgreementId, BasisId, BodyDigest, Digest, KeyId, LawId, NationId, NodeId, ObjectId,
    WrapContextId,
};
pub use label::{Control, ControlKind, Handling, Label};
pub use manifest::Manifest;
pub use nation::NationCode;
pub use time::Timestamp;
