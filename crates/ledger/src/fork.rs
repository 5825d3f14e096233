//! Forks: a log that showed different histories to different partners.
//!
//! Evidence here verifies by itself, from the log's public keys alone: two checkpoints of one
//! size with different roots. Two checkpoints of different sizes prove nothing by themselves,
//! since no proof of inconsistency exists; there the log must be asked for a consistency proof,
//! and it is its silence that counts (`protocol.md` 3.5).

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_seal::sign::LogPublic;
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, verify};

/// Two signed checkpoints that one honest log cannot both have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkEvidence {
    /// One checkpoint note.
    pub a: Vec<u8>,
    /// The other.
    pub b: Vec<u8>,
}

/// Why evidence shows no fork.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ForkError {
    /// A note is not a checkpoint of the log.
    #[error("one of the notes is not a checkpoint that the log signed")]
    Checkpoint(#[from] CheckpointError),
    /// The sizes differ.
    #[error("the checkpoints are of {a} and {b} leaves; only those of one size can contradict")]
    Sizes {
        /// One size.
        a: u64,
        /// The other.
        b: u64,
    },
    /// The roots agree.
    #[error("the checkpoints agree")]
    Same,
}

/// Checks that the evidence convicts this log, and returns the two checkpoints.
pub fn verify_fork(
    evidence: &ForkEvidence,
    origin: &str,
    log: &LogPublic,
) -> Result<(Checkpoint, Checkpoint), ForkError> {
    let a = verify(&evidence.a, origin, log)?;
    let b = verify(&evidence.b, origin, log)?;
    if a.size != b.size {
        return Err(ForkError::Sizes { a: a.size, b: b.size });
    }
    if a.root == b.root {
        return Err(ForkError::Same);
    }
    Ok((a, b))
}

impl Wire for ForkEvidence {
    const NAME: &'static str = "fork evidence";
    const BYTES_MAX: usize = 128 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.a).bytes(&self.b);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| Ok(Self { a: r.bytes()?.to_vec(), b: r.bytes()?.to_vec() }))
    }
}
