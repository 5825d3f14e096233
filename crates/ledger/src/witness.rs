//! Witnessing (C2SP `tlog-witness`, `tlog-cosignature`): saying that a log has only ever grown.
//!
//! A witness remembers the largest checkpoint of each log and cosigns a larger one that is shown
//! to continue it. [`decide`] is the decision alone: whoever calls it must compare with what is
//! stored, store the new checkpoint and commit, in one transaction, before the cosignature
//! leaves; otherwise two requests at once could take the witness backwards.
//!
//! A cosignature has two lines, Ed25519 (type 0x04) and ML-DSA-44 (type 0x06), made at one time;
//! they count only together.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entente_model::{Digest, Timestamp};
use entente_seal::sign::{LogKey, LogPublic, verify_ed25519};
use thiserror::Error;

use crate::checkpoint::{
    Checkpoint, CheckpointError, decimal, hash_line, split_time, timestamped, tree_signer,
    tree_statement, verify_note,
};
use crate::note::{Note, SignatureKind, SignatureLine, key_id};
use crate::proof::{ProofError, verify_consistency};
use crate::tree::empty_root;

/// The most proof lines in a request.
pub const PROOF_LINES_MAX: usize = 63;
/// The media type of the answer to a request that starts from another size.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// Cosigns a checkpoint, with both lines.
pub fn cosign(
    key: &LogKey,
    witness_name: &str,
    checkpoint: &Checkpoint,
    at: Timestamp,
) -> Result<[SignatureLine; 2], CheckpointError> {
    let seconds = at.seconds();
    if seconds == 0 {
        return Err(CheckpointError::Time);
    }
    let public = key.public();
    let tree = tree_statement(witness_name, seconds, checkpoint)?;
    let text = text_statement(seconds, &checkpoint.body());
    let line = |kind, public: &[u8], signature: &[u8]| SignatureLine {
        name: witness_name.to_owned(),
        key_id: key_id(witness_name, kind, public),
        signature: timestamped(seconds, signature),
    };
    Ok([
        line(SignatureKind::Ed25519Cosignature, &public.ed25519, &key.sign_ed25519(&text)),
        line(SignatureKind::MlDsa44Cosignature, &public.mldsa44, &key.sign_mldsa44(&tree)),
    ])
}

/// When this witness last cosigned the note's checkpoint, if it did so with both lines.
///
/// One false line under the witness's name and key spoils the whole. This says nothing about
/// the log's own signatures.
pub fn verify_cosignatures(
    note: &Note,
    witness_name: &str,
    witness: &LogPublic,
) -> Option<Timestamp> {
    let (checkpoint, _) = Checkpoint::parse_body(note.text()).ok()?;
    let id = key_id(witness_name, SignatureKind::Ed25519Cosignature, &witness.ed25519);
    let classical: Option<BTreeSet<u64>> = note
        .by(witness_name, id)
        .map(|signature| {
            let (at, signature) = split_time(signature)?;
            let statement = text_statement(at, note.text());
            verify_ed25519(&witness.ed25519, &statement, signature).then_some(at)
        })
        .collect();
    let id = key_id(witness_name, SignatureKind::MlDsa44Cosignature, &witness.mldsa44);
    let post_quantum: Option<BTreeSet<u64>> = note
        .by(witness_name, id)
        .map(|signature| tree_signer(witness_name, &checkpoint, witness, signature))
        .collect();
    let newest = *classical?.intersection(&post_quantum?).max()?;
    newest.checked_mul(1000).filter(|at| *at > 0).map(Timestamp::from_millis)
}

/// What Ed25519 cosigns.
fn text_statement(at_seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {at_seconds}\n{text}").into_bytes()
}

/// A request to cosign: from which size, the proof that the checkpoint continues it, and the
/// checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Digest>,
    note: Note,
    checkpoint: Checkpoint,
}

/// Bytes that are not a request to cosign; answered with status 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The lines before the checkpoint are malformed.
    #[error(
        "expected `old <size>`, at most {PROOF_LINES_MAX} hashes in base64, an empty line and a checkpoint"
    )]
    Malformed,
    /// The checkpoint is malformed.
    #[error("the request's checkpoint cannot be read")]
    Checkpoint(#[from] CheckpointError),
}

impl AddCheckpoint {
    /// A request to cosign the checkpoint in `note`, which continues one of `old` leaves.
    pub fn new(old: u64, proof: Vec<Digest>, note: Note) -> Result<Self, RequestError> {
        if proof.len() > PROOF_LINES_MAX {
            return Err(RequestError::Malformed);
        }
        let (checkpoint, _) = Checkpoint::parse_body(note.text())?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Reads a request.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let mut lines = body.splitn(PROOF_LINES_MAX + 3, |b| *b == b'\n');
        let mut next = || std::str::from_utf8(lines.next()?).ok();
        let old = next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(RequestError::Malformed)?;
        let mut read = 1;
        let mut proof = Vec::new();
        loop {
            let line = next().ok_or(RequestError::Malformed)?;
            read += 1;
            if line.is_empty() {
                break;
            }
            proof.push(hash_line(line).ok_or(RequestError::Malformed)?);
        }
        let note =
            body.splitn(read + 1, |b| *b == b'\n').nth(read).ok_or(RequestError::Malformed)?;
        Self::new(old, proof, Note::parse(note).map_err(CheckpointError::Note)?)
    }

    /// The size that the proof starts from.
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The proof that the checkpoint continues the tree of that size.
    pub fn proof(&self) -> &[Digest] {
        &self.proof
    }

    /// The signed checkpoint.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// What the note says; whether its log signed it is for [`decide`].
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// The logs that a witness knows.
pub trait KnownLogs {
    /// Whether the note is signed by the log that its checkpoint names.
    fn check(&self, note: &Note, checkpoint: &Checkpoint) -> LogCheck;
}

/// What a witness makes of a log's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogCheck {
    /// Signed with every key that the log must sign with.
    Signed,
    /// A signature is missing or wrong.
    NotSigned,
    /// The witness does not know the log.
    UnknownLog,
}

/// One log, known by name and both keys.
#[derive(Debug, Clone)]
pub struct KnownLog<'a> {
    /// Its name.
    pub origin: &'a str,
    /// Its keys.
    pub key: &'a LogPublic,
}

impl KnownLogs for KnownLog<'_> {
    fn check(&self, note: &Note, checkpoint: &Checkpoint) -> LogCheck {
        if checkpoint.origin != self.origin {
            return LogCheck::UnknownLog;
        }
        match verify_note(note, self.origin, self.key) {
            Ok(_) => LogCheck::Signed,
            Err(_) => LogCheck::NotSigned,
        }
    }
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Store the request's checkpoint, then cosign it.
    Cosign,
    /// The old size is larger than the new one.
    BadRequest,
    /// The log's signature is missing or wrong.
    NotSigned,
    /// The log is not known here.
    UnknownLog,
    /// The request starts from another size than the witness's last.
    Conflict {
        /// The witness's last size, 0 if it has none.
        known_size: u64,
    },
    /// The checkpoint is not shown to continue the witness's last, or contradicts it. If the
    /// sizes are equal this is evidence of a fork.
    NotShown(ProofError),
}

impl Verdict {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Cosign => 200,
            Self::BadRequest => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::NotShown(_) => 422,
        }
    }

    /// The HTTP body, apart from a cosignature's lines; of [`SIZE_MEDIA_TYPE`] for a conflict.
    pub fn body(&self) -> String {
        match self {
            Self::Cosign => String::new(),
            Self::BadRequest => "the old size is larger than the checkpoint's\n".to_owned(),
            Self::NotSigned => "invalid signature by the log\n".to_owned(),
            Self::UnknownLog => "unknown log\n".to_owned(),
            Self::Conflict { known_size } => format!("{known_size}\n"),
            Self::NotShown(why) => format!("invalid consistency proof: {why}\n"),
        }
    }
}

/// Decides whether to cosign, given the size and root of the largest checkpoint that this
/// witness has cosigned for the request's log.
pub fn decide(
    request: &AddCheckpoint,
    known: Option<(u64, Digest)>,
    logs: &dyn KnownLogs,
) -> Verdict {
    let new = &request.checkpoint;
    match logs.check(&request.note, new) {
        LogCheck::Signed => {}
        LogCheck::NotSigned => return Verdict::NotSigned,
        LogCheck::UnknownLog => return Verdict::UnknownLog,
    }
    if request.old > new.size {
        return Verdict::BadRequest;
    }
    let (known_size, known_root) = known.unwrap_or_else(|| (0, empty_root()));
    if request.old != known_size {
        return Verdict::Conflict { known_size };
    }
    match verify_consistency(known_size, &known_root, new.size, &new.root, &request.proof) {
        Ok(()) => Verdict::Cosign,
        Err(why) => Verdict::NotShown(why),
    }
}
