//! Signed notes (C2SP `signed-note`): a text, and lines that say who signed it.
//!
//! This module reads and prints; it verifies nothing. A note's text means nothing until a key
//! that is already trusted has been found to have signed it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, PAD, STANDARD};
use entente_seal::digest::sha256_parts;
use thiserror::Error;

/// The longest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// The most signature lines that are read.
pub const SIGNATURES_MAX: usize = 100;

/// Signatures as others write them: unlike everywhere else, stray bits after the last byte are
/// let through, as the other implementations do. Nothing ever depends on a signature's bytes.
const SIGNATURE_BASE64: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, PAD.with_decode_allow_trailing_bits(true));

/// Bytes that are not a signed note.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Too long.
    #[error("the note is longer than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// Not text.
    #[error("the note is not UTF-8 text free of control characters")]
    NotText,
    /// No empty line, or nothing after it.
    #[error(
        "the note has no signatures: expected an empty line and signature lines after its text"
    )]
    NoSignatures,
    /// Too many signatures.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A signature line is malformed.
    #[error("signature line {0} is malformed: expected a dash, a key name and base64")]
    SignatureLine(usize),
}

/// A text and its signature lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// A note of this text, which ends in a newline, and these lines.
    pub const fn new(text: String, signatures: Vec<SignatureLine>) -> Self {
        Self { text, signatures }
    }

    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        if whole.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::NotText);
        }
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for (position, line) in lines.split('\n').enumerate() {
            if position == SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            let line = line.parse().map_err(|()| NoteError::SignatureLine(position + 1))?;
            signatures.push(line);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// What is signed, final newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who says they signed it.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The signatures that claim to be of one key.
    pub(crate) fn by(&self, name: &str, id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        (self.signatures.iter())
            .filter(move |line| line.key_id == id && line.name == name)
            .map(|line| line.signature.as_slice())
    }

    /// The same note with more signature lines.
    #[must_use]
    pub fn with(mut self, lines: impl IntoIterator<Item = SignatureLine>) -> Self {
        self.signatures.extend(lines);
        self
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// One signature line, without its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key's name.
    pub name: String,
    /// The key's short identifier.
    pub key_id: [u8; 4],
    /// The signature, of whatever kind.
    pub signature: Vec<u8>,
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let (name, signature) = line.strip_prefix("— ").and_then(|l| l.split_once(' ')).ok_or(())?;
        let bytes = SIGNATURE_BASE64.decode(signature).map_err(|_| ())?;
        let (key_id, signature) = bytes.split_first_chunk().ok_or(())?;
        if !is_key_name(name) || signature.is_empty() {
            return Err(());
        }
        Ok(Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }
}

/// Whether text may name a key: not empty, no spaces, no plus, no control characters.
pub fn is_key_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}

/// The kinds of signature that ledgers and witnesses make here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// Ed25519 over the text.
    Ed25519,
    /// Ed25519 over a time and the text, by a witness.
    Ed25519Cosignature,
    /// ML-DSA-44 over a time and a tree, by a log or a witness.
    MlDsa44Cosignature,
}

impl SignatureKind {
    /// Its byte on the wire.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Ed25519Cosignature => 0x04,
            Self::MlDsa44Cosignature => 0x06,
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::Ed25519Cosignature => 32,
            Self::MlDsa44Cosignature => 1312,
        }
    }
}

/// The short identifier of a key under a name.
pub fn key_id(name: &str, kind: SignatureKind, public: &[u8]) -> [u8; 4] {
    let digest = sha256_parts(&[name.as_bytes(), b"\n", &[kind.byte()], public]);
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// A public key as operators exchange it: name, short identifier, kind and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: SignatureKind,
    public: Vec<u8>,
}

/// Text that is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "not a verifier key: expected <name>+<8 hexadecimal digits>+<base64> of a kind used here, \
     with the digits that belong to the key"
)]
pub struct VerifierKeyError;

impl VerifierKey {
    /// A key of this kind under a name.
    pub fn new(name: &str, kind: SignatureKind, public: &[u8]) -> Result<Self, VerifierKeyError> {
        if !is_key_name(name) || public.len() != kind.key_bytes() {
            return Err(VerifierKeyError);
        }
        Ok(Self { name: name.to_owned(), kind, public: public.to_vec() })
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub const fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The public key.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The key's short identifier.
    pub fn key_id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind, &self.public)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.public.as_slice()].concat();
        let id = u32::from_be_bytes(self.key_id());
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let mut parts = text.splitn(3, '+');
        let (name, _) = (parts.next().ok_or(VerifierKeyError)?, parts.next());
        let key = parts.next().and_then(|key| STANDARD.decode(key).ok()).ok_or(VerifierKeyError)?;
        let (kind, public) = key.split_first().ok_or(VerifierKeyError)?;
        let kind = match kind {
            0x01 => SignatureKind::Ed25519,
            0x04 => SignatureKind::Ed25519Cosignature,
            0x06 => SignatureKind::MlDsa44Cosignature,
            _ => return Err(VerifierKeyError),
        };
        let key = Self::new(name, kind, public)?;
        if key.to_string() == text { Ok(key) } else { Err(VerifierKeyError) }
    }
}
