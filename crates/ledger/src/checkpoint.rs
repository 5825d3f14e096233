//! Checkpoints (C2SP `tlog-checkpoint`): the size and root of a log, signed by the log.
//!
//! Ours carry two lines under the log's name, Ed25519 (type 0x01) over the text and ML-DSA-44
//! (type 0x06) over a time and the tree, and no extension lines. Neither line counts without the
//! other. That a log signs one root per size, ever, is for its sequencer to keep.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entente_model::{Digest, Timestamp};
use entente_seal::sign::{LogKey, LogPublic, verify_ed25519, verify_mldsa44};
use thiserror::Error;

use crate::note::{Note, NoteError, SignatureKind, SignatureLine, is_key_name, key_id};

/// The longest name of a log or witness, in bytes: the length has one byte in what is signed.
pub const NAME_BYTES_MAX: usize = 255;

/// The state of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Why bytes are not a checkpoint of the log they are claimed for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Not a note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("line {line} of the checkpoint is not {expected}")]
    Body {
        /// The line, from 1.
        line: usize,
        /// What would be right.
        expected: &'static str,
    },
    /// It carries lines that our logs never write.
    #[error("the checkpoint has extension lines, which logs here never write")]
    Extensions,
    /// It is of another log.
    #[error("the checkpoint is of log `{found}`, not of `{expected}`")]
    Origin {
        /// Whose it should be.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// A signature is absent.
    #[error("the checkpoint has no {0} signature by the log")]
    Missing(Line),
    /// A signature is wrong.
    #[error("the checkpoint's {0} signature is not by the log's key")]
    Wrong(Line),
    /// A name cannot be signed.
    #[error(
        "`{0}` cannot name a log or witness: expected 1 to {NAME_BYTES_MAX} bytes without spaces or plus"
    )]
    Name(String),
    /// A time cannot be signed.
    #[error("a cosignature needs a time after 1970")]
    Time,
}

/// One of the two signatures that a log or witness makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The classical one.
    Ed25519,
    /// The post-quantum one.
    MlDsa44,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
        })
    }
}

impl Checkpoint {
    /// The note text.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads a note text, and returns its extension lines beside the checkpoint.
    pub fn parse_body(text: &str) -> Result<(Self, Vec<&str>), CheckpointError> {
        let bad = |line, expected| CheckpointError::Body { line, expected };
        let lines = text.strip_suffix('\n').unwrap_or_default();
        let mut lines = lines.split('\n');
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let origin = next().ok_or(bad(1, "the log's name"))?.to_owned();
        let size = next().and_then(decimal).ok_or(bad(2, "a size in decimal"))?;
        let root = next().and_then(hash_line).ok_or(bad(3, "a SHA-256 value in base64"))?;
        let extensions: Vec<&str> = lines.collect();
        if let Some(empty) = extensions.iter().position(|line| line.is_empty()) {
            return Err(bad(empty + 4, "a non-empty extension line"));
        }
        Ok((Self { origin, size, root }, extensions))
    }
}

/// A number in decimal without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A hash in base64.
pub(crate) fn hash_line(line: &str) -> Option<Digest> {
    Digest::from_slice(&STANDARD.decode(line).ok()?)
}

/// Signs a checkpoint of our own log with both keys, as a note.
pub fn sign(
    key: &LogKey,
    checkpoint: &Checkpoint,
    at: Timestamp,
) -> Result<String, CheckpointError> {
    let text = checkpoint.body();
    let name = &checkpoint.origin;
    let public = key.public();
    let statement = tree_statement(name, at.seconds(), checkpoint)?;
    let lines = vec![
        SignatureLine {
            name: name.clone(),
            key_id: key_id(name, SignatureKind::Ed25519, &public.ed25519),
            signature: key.sign_ed25519(text.as_bytes()).to_vec(),
        },
        SignatureLine {
            name: name.clone(),
            key_id: key_id(name, SignatureKind::MlDsa44Cosignature, &public.mldsa44),
            signature: timestamped(at.seconds(), &key.sign_mldsa44(&statement)),
        },
    ];
    Ok(Note::new(text, lines).to_string())
}

/// Checks that a note is a checkpoint of this log, signed with both its keys.
pub fn verify(note: &[u8], origin: &str, log: &LogPublic) -> Result<Checkpoint, CheckpointError> {
    verify_note(&Note::parse(note)?, origin, log)
}

/// Checks a note that has been read already.
pub fn verify_note(
    note: &Note,
    origin: &str,
    log: &LogPublic,
) -> Result<Checkpoint, CheckpointError> {
    let (checkpoint, extensions) = Checkpoint::parse_body(note.text())?;
    if checkpoint.origin != origin {
        return Err(CheckpointError::Origin {
            expected: origin.to_owned(),
            found: checkpoint.origin,
        });
    }
    if !extensions.is_empty() {
        return Err(CheckpointError::Extensions);
    }
    let classical = key_id(origin, SignatureKind::Ed25519, &log.ed25519);
    every(note, classical, Line::Ed25519, origin, |signature| {
        verify_ed25519(&log.ed25519, note.text().as_bytes(), signature)
    })?;
    let post_quantum = key_id(origin, SignatureKind::MlDsa44Cosignature, &log.mldsa44);
    every(note, post_quantum, Line::MlDsa44, origin, |signature| {
        tree_signer(origin, &checkpoint, log, signature).is_some()
    })?;
    Ok(checkpoint)
}

/// Every signature that claims to be of a known key must be, and there must be one.
fn every(
    note: &Note,
    id: [u8; 4],
    line: Line,
    name: &str,
    is_valid: impl Fn(&[u8]) -> bool,
) -> Result<(), CheckpointError> {
    let mut signatures = note.by(name, id).peekable();
    if signatures.peek().is_none() {
        return Err(CheckpointError::Missing(line));
    }
    if signatures.all(is_valid) { Ok(()) } else { Err(CheckpointError::Wrong(line)) }
}

/// The time, in seconds, at which a name's ML-DSA-44 key signed the checkpoint's tree.
pub(crate) fn tree_signer(
    name: &str,
    checkpoint: &Checkpoint,
    key: &LogPublic,
    signature: &[u8],
) -> Option<u64> {
    let (at, signature) = split_time(signature)?;
    let statement = tree_statement(name, at, checkpoint).ok()?;
    verify_mldsa44(&key.mldsa44, &statement, signature).then_some(at)
}

/// What ML-DSA-44 signs (C2SP `tlog-cosignature`): a `cosigned_message` over the whole tree.
pub(crate) fn tree_statement(
    name: &str,
    at_seconds: u64,
    checkpoint: &Checkpoint,
) -> Result<Vec<u8>, CheckpointError> {
    let mut message = b"subtree/v1\n\0".to_vec();
    push_name(&mut message, name)?;
    message.extend_from_slice(&at_seconds.to_be_bytes());
    push_name(&mut message, &checkpoint.origin)?;
    message.extend_from_slice(&0_u64.to_be_bytes());
    message.extend_from_slice(&checkpoint.size.to_be_bytes());
    message.extend_from_slice(checkpoint.root.as_bytes());
    Ok(message)
}

fn push_name(message: &mut Vec<u8>, name: &str) -> Result<(), CheckpointError> {
    let length = u8::try_from(name.len()).ok().filter(|_| is_key_name(name));
    message.push(length.ok_or_else(|| CheckpointError::Name(name.to_owned()))?);
    message.extend_from_slice(name.as_bytes());
    Ok(())
}

/// A signature behind the time that it covers.
pub(crate) fn timestamped(at_seconds: u64, signature: &[u8]) -> Vec<u8> {
    [at_seconds.to_be_bytes().as_slice(), signature].concat()
}

/// Parts a signature from the time that it covers.
pub(crate) fn split_time(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (at, signature) = signature.split_first_chunk()?;
    let at = u64::from_be_bytes(*at);
    (at <= i64::MAX.unsigned_abs()).then_some((at, signature))
}
