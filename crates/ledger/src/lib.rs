//! The Merkle log: tiles, checkpoints, proofs, witnessing.
//!
//! One log per node: the RFC 6962 tree over 33-byte leaves, laid out as C2SP `tlog-tiles`, its
//! heads signed as C2SP `tlog-checkpoint` notes. No message carries a signature of its own; what
//! is not in the log cannot be shown to be genuine.
//!
//! INVARIANT: the log's meaning never depends on signature bytes, and every check here is total
//! and bounded by the size of its input, whatever a partner sends.
//!
//! Pure: where tiles are kept, when checkpoints are signed and that at most one root is ever
//! signed per size belong to `entente-store` and `entente-app`; what a leaf commits to belongs to
//! `entente-seal`.

pub mod audit;
pub mod checkpoint;
pub mod evidence;
pub mod fork;
pub mod note;
pub mod origin;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;
