//! Stand-alone evidence: that a log holds a leaf with a slot that says this.
//!
//! For a court, an auditor or an overseer who has the log's name and keys and nothing else. It
//! says what was logged and under which checkpoint; whether witnesses saw that checkpoint is in
//! the same note ([`crate::witness::verify_cosignatures`]).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entente_model::Digest;
use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::item::Opening;
use entente_seal::sign::LogPublic;
use entente_seal::slot::leaf_of_opening;
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, decimal, hash_line, verify};
use crate::proof::{ProofError, verify_inclusion};
use crate::tree::leaf_hash;

/// A tree has at most this many levels.
const PATH_MAX: usize = 64;
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A slot of a leaf, and the proof that the leaf is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// A checkpoint of the log.
    pub note: Vec<u8>,
    /// Where the leaf is.
    pub leaf_index: u64,
    /// The proof that it is there.
    pub path: Vec<Digest>,
    /// What the slot says.
    pub opening: Opening,
}

/// Why evidence does not convince.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// The note is not a checkpoint of the log.
    #[error("the note is not a checkpoint that the log signed")]
    Checkpoint(#[from] CheckpointError),
    /// Proof and opening are of different leaves.
    #[error("the proof is of leaf {proof} and the opening of leaf {opening}")]
    Index {
        /// The leaf that the proof is about.
        proof: u64,
        /// The leaf that the opening is about.
        opening: u64,
    },
    /// The opening is malformed.
    #[error("the opening does not fit a leaf")]
    Opening,
    /// The leaf is not in the tree.
    #[error("the log does not hold a leaf that opens to this")]
    NotIncluded(#[from] ProofError),
}

impl Evidence {
    /// Checks everything, and returns the checkpoint that the evidence stands on. What the slot
    /// says is then `opening.entry`.
    pub fn verify(&self, origin: &str, log: &LogPublic) -> Result<Checkpoint, EvidenceError> {
        let checkpoint = verify(&self.note, origin, log)?;
        if self.opening.index != self.leaf_index {
            return Err(EvidenceError::Index {
                proof: self.leaf_index,
                opening: self.opening.index,
            });
        }
        let leaf = leaf_of_opening(&self.opening).ok_or(EvidenceError::Opening)?;
        let (size, root) = (checkpoint.size, &checkpoint.root);
        verify_inclusion(&leaf_hash(&leaf), self.leaf_index, size, &self.path, root)?;
        Ok(checkpoint)
    }

    /// The same as a C2SP `tlog-proof`, with the opening as extra data.
    pub fn to_tlog_proof(&self) -> String {
        TlogProof {
            extra: Some(self.opening.to_bytes()),
            index: self.leaf_index,
            path: self.path.clone(),
            checkpoint: String::from_utf8_lossy(&self.note).into_owned(),
        }
        .to_string()
    }
}

impl Wire for Evidence {
    const NAME: &'static str = "evidence";
    const BYTES_MAX: usize = 80 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .bytes(&self.note)
            .uint(self.leaf_index)
            .list(&self.path, |w, d| d.write(w))
            .value(&self.opening);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            let (note, leaf_index) = (r.bytes()?.to_vec(), r.uint()?);
            let at = r.position();
            let path: Vec<Digest> = r.list(Reader::value)?;
            if path.len() > PATH_MAX {
                let what = "the proof has more hashes than a tree has levels";
                return Err(WireError::new(at, WireFault::Invalid { what }));
            }
            Ok(Self { note, leaf_index, path, opening: r.value()? })
        })
    }
}

/// A C2SP `tlog-proof`: what other software reads and writes. Nothing in it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of the application; for ours, an encoded [`Opening`].
    pub extra: Option<Vec<u8>>,
    /// Where the entry is.
    pub index: u64,
    /// The inclusion proof.
    pub path: Vec<Digest>,
    /// The checkpoint, as it was given.
    pub checkpoint: String,
}

/// Text that is not a `tlog-proof`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} is not {expected}")]
pub struct TlogProofError {
    /// The line, from 1.
    pub line: usize,
    /// What would be right.
    pub expected: &'static str,
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl std::str::FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        let mut number = 0;
        let mut rest = text;
        let mut next = |expected| {
            number += 1;
            let wrong = TlogProofError { line: number, expected };
            let (line, after) = rest.split_once('\n').ok_or(wrong.clone())?;
            rest = after;
            Ok((line, after, wrong))
        };
        let (header, _, wrong) = next("the header c2sp.org/tlog-proof@v1")?;
        if header != HEADER {
            return Err(wrong);
        }
        let (mut line, _, mut wrong) = next("the index of an entry")?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            wrong.expected = "extra data in base64";
            extra = Some(STANDARD.decode(encoded).map_err(|_| wrong)?);
            (line, _, wrong) = next("the index of an entry")?;
        }
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(wrong)?;
        let mut path = Vec::new();
        loop {
            let (line, after, wrong) = next("a SHA-256 value in base64, or an empty line")?;
            if line.is_empty() {
                return Ok(Self { extra, index, path, checkpoint: after.to_owned() });
            }
            if path.len() == PATH_MAX {
                return Err(wrong);
            }
            path.push(hash_line(line).ok_or(wrong)?);
        }
    }
}
