//! Stand-alone evidence: one file that shows a third party what a nation's ledger says.
//!
//! `protocol.md` 2.7. The file is a C2SP `tlog-proof`. Its extra data holds the opening of the
//! ledger's slot and what a reader needs who has no node, no network and nothing but the id of the
//! nation whose ledger it is: that nation's identity chain from its first statement, the chains of
//! whoever else is named, and the preimages of what the slot names by digest.
//!
//! Nothing in a file is believed because it stands there. A node's name is a digest in its nation's
//! chain, a nation's name is the digest of its chain's beginning, and that one digest comes from
//! elsewhere. The seal at the end of the extra data only tells damage from intent: whoever forges
//! can make it anew, so no check rests on it.

use entente_ledger::evidence::{Evidence, TlogProof};
use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::item::{Basis, Opening};
use entente_model::{Digest, Terms};
use entente_seal::digest::sha256;
use thiserror::Error;

mod verify;

pub use verify::{Addressee, EvidenceFault, Party, Proven, Said, Shown, Witnessed};

/// A file may not be longer than this.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// The largest content that goes with evidence, and what its frame adds.
const CONTENT_BYTES_MAX: usize = (1 << 20) + 64;
/// Nations in one file: the ledger's, the addressee's, the originator's and witnesses'.
const CHAINS_MAX: usize = 64;

/// What a file holds. Nothing in it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// The slot and the proof that the ledger holds it, under a checkpoint with cosignatures.
    pub evidence: Evidence,
    /// Identity chains from their first statement: that of the ledger's nation, then others.
    pub chains: Vec<Vec<Vec<u8>>>,
    /// On what grounds the item was released.
    pub basis: Option<Basis>,
    /// The terms that its recipient was given.
    pub terms: Option<Terms>,
    /// The item itself, if it is a receipt or an answer to a recall.
    pub control: Option<Vec<u8>>,
    /// The object's manifest, with its label.
    pub manifest: Option<Vec<u8>>,
    /// The object's content.
    pub content: Option<Vec<u8>>,
    /// For a receipt or an answer to a recall: the slot in which the object had been released.
    pub release: Option<Evidence>,
}

/// Text that is not an evidence file, or no longer the one that was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvidenceFileError {
    /// It is not a `tlog-proof`.
    #[error("this is not a tlog-proof")]
    Format(#[from] entente_ledger::evidence::TlogProofError),
    /// It has no extra data.
    #[error("the proof has no extra data: it says that an entry exists, not what the entry says")]
    NoExtra,
    /// The extra data is something else.
    #[error("the extra data is not that of an evidence file")]
    Extra(#[source] WireError),
    /// It is written in another than the one way.
    #[error("the file is not written as evidence files are: it was changed")]
    NotCanonical,
    /// The file's end and its beginning are of two proofs.
    #[error("the proof is of entry {proof} and the opening of entry {opening}")]
    Index {
        /// The entry that the proof is about.
        proof: u64,
        /// The entry that the opening is about.
        opening: u64,
    },
    /// Too long.
    #[error("the file is longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
}

/// The extra data, with its seal.
struct Extra {
    opening: Opening,
    file: Parts,
    seal: Digest,
}

/// Everything in the extra data but the opening and the seal.
struct Parts {
    chains: Vec<Vec<Vec<u8>>>,
    basis: Option<Basis>,
    terms: Option<Terms>,
    control: Option<Vec<u8>>,
    manifest: Option<Vec<u8>>,
    content: Option<Vec<u8>>,
    release: Option<Evidence>,
}

impl EvidenceFile {
    /// Reads a file.
    pub fn read(text: &str) -> Result<(Self, Digest), EvidenceFileError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(EvidenceFileError::TooLong);
        }
        let proof: TlogProof = text.parse()?;
        if proof.to_string() != text {
            return Err(EvidenceFileError::NotCanonical);
        }
        let extra = proof.extra.as_deref().ok_or(EvidenceFileError::NoExtra)?;
        let Extra { opening, file, seal } =
            Extra::from_bytes(extra).map_err(EvidenceFileError::Extra)?;
        if opening.index != proof.index {
            let (proof, opening) = (proof.index, opening.index);
            return Err(EvidenceFileError::Index { proof, opening });
        }
        let evidence = Evidence {
            note: proof.checkpoint.into_bytes(),
            leaf_index: proof.index,
            path: proof.path,
            opening,
        };
        let Parts { chains, basis, terms, control, manifest, content, release } = file;
        let file = Self { evidence, chains, basis, terms, control, manifest, content, release };
        Ok((file, seal))
    }

    /// The digest of everything in the file but itself.
    pub fn seal(&self) -> Digest {
        let mut w = Writer::new();
        self.write(&mut w);
        w.value(&self.evidence);
        Digest::from_array(sha256(&w.into_bytes()))
    }

    /// Writes all of the extra data but its seal.
    fn write(&self, w: &mut Writer) {
        w.uint(1).value(&self.evidence.opening);
        w.list(&self.chains, |w, chain| {
            w.list(chain, |w, statement| {
                w.bytes(statement);
            });
        });
        w.optional(self.basis.as_ref(), |w, b| b.write(w));
        w.optional(self.terms.as_ref(), |w, t| t.write(w));
        for bytes in [&self.control, &self.manifest, &self.content] {
            w.optional(bytes.as_ref(), |w, bytes| {
                w.bytes(bytes);
            });
        }
        w.optional(self.release.as_ref(), |w, r| r.write(w));
    }
}

impl std::fmt::Display for EvidenceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut w = Writer::new();
        w.array(10);
        self.write(&mut w);
        w.value(&self.seal());
        let proof = TlogProof {
            extra: Some(w.into_bytes()),
            index: self.evidence.leaf_index,
            path: self.evidence.path.clone(),
            checkpoint: String::from_utf8_lossy(&self.evidence.note).into_owned(),
        };
        write!(f, "{proof}")
    }
}

impl Extra {
    fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes);
        let extra = r.record(10, |r| {
            r.uint_to(1, "the version")?;
            let opening = r.value()?;
            let at = r.position();
            let chains: Vec<Vec<Vec<u8>>> =
                r.list_nonempty(|r| r.list_nonempty(|r| r.bytes().map(<[u8]>::to_vec)))?;
            if chains.len() > CHAINS_MAX {
                let what = "the number of identity chains";
                return Err(WireError::new(at, WireFault::Range { what }));
            }
            let file = Parts {
                chains,
                basis: r.optional(Reader::value)?,
                terms: r.optional(Reader::value)?,
                control: blob(r)?,
                manifest: blob(r)?,
                content: blob(r)?,
                release: r.optional(Reader::value)?,
            };
            Ok(Self { opening, file, seal: r.value()? })
        })?;
        r.end()?;
        Ok(extra)
    }
}

fn blob(r: &mut Reader<'_>) -> Result<Option<Vec<u8>>, WireError> {
    r.optional(|r| {
        let at = r.position();
        let bytes = r.bytes()?;
        if bytes.len() > CONTENT_BYTES_MAX {
            return Err(WireError::new(at, WireFault::TooLong { max: CONTENT_BYTES_MAX }));
        }
        Ok(bytes.to_vec())
    })
}
