//! The Merkle log: tiles, checkpoints, proofs, witnessing.
