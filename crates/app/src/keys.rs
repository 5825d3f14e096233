//! The key process: what it can be asked, and what it will refuse.
//!
//! All private keys live behind [`Keys`], in a process of their own that parses nothing from
//! outside (`protocol.md` 8.8, I39): its callers send it typed requests about bytes that were
//! framed, bounded and verified elsewhere. It signs a checkpoint only if that extends the last
//! one it signed, as shown by a consistency proof, and after recording it durably in its
//! [`Anchor`]; so no fault in the caller, no restored backup and no cloned disk can make it
//! sign two histories (I3).

mod keyring;
mod message;

use entente_model::item::WrapContext;
use entente_model::{
    BodyDigest, Digest, KeyId, Manifest, NodeId, ObjectId, Terms, Timestamp, WrapContextId,
};
use thiserror::Error;

pub use keyring::{Anchor, AnchorError, KeySecrets, Keyring};
pub use message::{KeyReply, KeyRequest};

/// Why a key operation was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The key process is not running or does not answer.
    #[error("the key process does not answer: {0}")]
    Unreachable(String),
    /// The head does not extend the last head that was signed.
    #[error(
        "refused to sign the ledger at size {asked}: size {signed} was signed before and this does \
         not extend it; the data may come from an old backup (see `entente doctor`)"
    )]
    Rollback {
        /// The size that was to be signed.
        asked: u64,
        /// The size that was signed before.
        signed: u64,
    },
    /// The anchor could not be written.
    #[error("the anchor of the ledger could not be written, so nothing was signed: {0}")]
    Anchor(String),
    /// A key, wrap context or sealed key that is not known.
    #[error("{0} is not known to the key process")]
    Unknown(&'static str),
    /// The operation failed.
    #[error("{0}")]
    Failed(String),
}

/// A node's public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys {
    /// The authority's statement key.
    pub authority: Vec<u8>,
    /// The log's keys.
    pub log: Vec<u8>,
    /// The witness's keys.
    pub witness: Vec<u8>,
    /// The KEM key for links.
    pub kem: Vec<u8>,
    /// The KEM key for bundles on media.
    pub airgap: Vec<u8>,
    /// The TLS certificate, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 of the certificate's public key.
    pub spki: Digest,
}

/// For whom a body key is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The receiving node.
    pub dst: NodeId,
    /// The wrap context of the link.
    pub wc: WrapContextId,
}

/// Content to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// An object. Boxed, since it is far larger than the other.
    Object(Box<Manifest>, Vec<u8>),
    /// A control item: the encoding of its salted stand-in.
    Control(Vec<u8>),
}

/// One thing to seal, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealJob {
    /// The content.
    pub plain: Plain,
    /// The recipients.
    pub targets: Vec<Target>,
}

impl SealJob {
    /// About how many bytes the sealed body has: content is padded, at worst to twice its length
    /// and a little.
    pub fn plain_bytes(&self) -> usize {
        const LITTLE: usize = 4 << 10;
        match &self.plain {
            Plain::Object(_, payload) => 2 * payload.len() + LITTLE,
            Plain::Control(bytes) => 2 * bytes.len() + LITTLE,
        }
    }

    /// An object for these recipients, each of which the law permitted.
    pub fn object(manifest: Manifest, payload: Vec<u8>, targets: Vec<Target>) -> Self {
        Self { plain: Plain::Object(Box::new(manifest), payload), targets }
    }
}

/// A sealed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedJob {
    /// The object's or control item's id.
    pub oid: ObjectId,
    /// Digest of the sealed body.
    pub body: BodyDigest,
    /// The sealed body.
    pub ct: Vec<u8>,
    /// The body key, sealed for the vault; empty for control items, which nobody reads again.
    pub vault_key: Vec<u8>,
    /// The body key, wrapped for each recipient in order.
    pub wraps: Vec<[u8; 48]>,
}

/// A received body to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    /// The wrap context.
    pub wc: WrapContextId,
    /// The receiving node: this one.
    pub dst: NodeId,
    /// The id in the sender's ledger.
    pub oid: ObjectId,
    /// The digest in the sender's ledger.
    pub body: BodyDigest,
    /// The wrapped body key.
    pub wrapped: [u8; 48],
    /// The sealed body.
    pub ct: Vec<u8>,
}

/// Sealed terms to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsJob {
    /// This node, and the wrap context that they were sealed under.
    pub target: Target,
    /// The digest in the sender's ledger.
    pub digest: Digest,
    /// The sealed terms.
    pub sealed: Vec<u8>,
}

/// What a bundle brings for the keys, asked at once: each question is a way to another process
/// and back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenBatch {
    /// Wrap contexts of the partner's, taken up before anything is opened under them.
    pub contexts: Vec<WrapContext>,
    /// Sealed terms.
    pub terms: Vec<TermsJob>,
    /// Sealed bodies.
    pub bodies: Vec<OpenJob>,
}

/// What was in an [`OpenBatch`], in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenedBatch {
    /// The terms; none where they do not open.
    pub terms: Vec<Option<Terms>>,
    /// The bodies.
    pub bodies: Vec<OpenedJob>,
}

/// Why a body did not open; the receiver's NACK codes 4 to 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFault {
    /// The wrap context is not known.
    WrapContext,
    /// The body is not the one in the ledger.
    Digest,
    /// It does not decrypt.
    Decrypt,
    /// Manifest or payload do not match the id.
    Oid,
}

/// What was inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedJob {
    /// It does not open.
    Fault(OpenFault),
    /// An object, and its body key sealed for the vault.
    Object(Box<Manifest>, Vec<u8>),
    /// The payload of a control item.
    Control(Vec<u8>),
}

/// A held object to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadJob {
    /// Its id.
    pub oid: ObjectId,
    /// Digest of its sealed body.
    pub body: BodyDigest,
    /// Its body key, as the vault holds it.
    pub vault_key: Vec<u8>,
    /// Its sealed body.
    pub ct: Vec<u8>,
}

/// Shard keys that the vault must keep, sealed under the epoch key.
pub type Shards = Vec<(u16, Vec<u8>)>;

/// Body keys, sealed for the vault.
pub type VaultKeys = Vec<(ObjectId, Vec<u8>)>;

/// What was in a held object: none if its key is gone.
pub type Content = Option<(Manifest, Vec<u8>)>;

/// All private keys of a node.
pub trait Keys: Send + Sync {
    /// Asks the key process.
    fn call(&self, request: KeyRequest) -> Result<KeyReply, KeyError>;

    /// Why the key process will not answer again until the node is restarted; none as long as it
    /// may.
    fn gone(&self) -> Option<String> {
        None
    }
}

/// An answer of the wrong kind: a defect of the key process.
fn mismatch<T>() -> Result<T, KeyError> {
    Err(KeyError::Failed("the key process gave an answer of another kind".to_owned()))
}

macro_rules! ask {
    ($keys:expr, $request:expr, $pattern:pat => $value:expr) => {
        match $keys.call($request)? {
            $pattern => Ok($value),
            KeyReply::Failed(error) => Err(error),
            _ => mismatch(),
        }
    };
}

/// Typed requests.
impl dyn Keys + '_ {
    /// The public keys.
    pub fn public(&self) -> Result<PublicKeys, KeyError> {
        ask!(self, KeyRequest::Public, KeyReply::Public(keys) => keys)
    }

    /// Signs a checkpoint that extends the last one signed.
    pub fn sign_checkpoint(
        &self,
        origin: &str,
        size: u64,
        root: Digest,
        consistency: Vec<Digest>,
        at: Timestamp,
    ) -> Result<Vec<u8>, KeyError> {
        let origin = origin.to_owned();
        ask!(self, KeyRequest::SignCheckpoint { origin, size, root, consistency, at },
            KeyReply::Bytes(note) => note)
    }

    /// The largest head that was ever signed.
    pub fn last_signed(&self) -> Result<Option<(u64, Digest)>, KeyError> {
        ask!(self, KeyRequest::LastSigned, KeyReply::Signed(head) => head)
    }

    /// Cosigns another log's checkpoint.
    pub fn cosign(
        &self,
        witness: &str,
        origin: &str,
        size: u64,
        root: Digest,
        at: Timestamp,
    ) -> Result<Vec<u8>, KeyError> {
        let (witness, origin) = (witness.to_owned(), origin.to_owned());
        ask!(self, KeyRequest::Cosign { witness, origin, size, root, at },
            KeyReply::Bytes(lines) => lines)
    }

    /// Signs a statement as the authority; gives the encoded `SignedStatement`.
    pub fn sign_statement(&self, ty: &str, payload: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let ty = ty.to_owned();
        ask!(self, KeyRequest::SignStatement { ty, payload }, KeyReply::Bytes(signed) => signed)
    }

    /// Opens a wrap context towards a partner.
    pub fn open_link(
        &self,
        src: NodeId,
        dst: NodeId,
        kem: Vec<u8>,
        epoch: u64,
        at: Timestamp,
    ) -> Result<(WrapContextId, WrapContext), KeyError> {
        ask!(self, KeyRequest::OpenLink { src, dst, kem, epoch, at },
            KeyReply::Link(id, context) => (id, context))
    }

    /// Seals bodies; the shard keys returned are new and must be kept before the bodies are.
    pub fn seal(&self, jobs: Vec<SealJob>) -> Result<(Vec<SealedJob>, Shards), KeyError> {
        ask!(self, KeyRequest::Seal(jobs), KeyReply::Sealed(sealed, shards) => (sealed, shards))
    }

    /// Seals a recipient's terms.
    pub fn seal_terms(&self, target: Target, terms: &Terms) -> Result<(Digest, Vec<u8>), KeyError> {
        let terms = terms.clone();
        ask!(self, KeyRequest::SealTerms(target, terms), KeyReply::SealedTerms(d, ct) => (d, ct))
    }

    /// Takes up a partner's wrap contexts, and opens terms and bodies under them and earlier ones.
    pub fn open(&self, batch: OpenBatch) -> Result<(OpenedBatch, Shards), KeyError> {
        ask!(self, KeyRequest::Open(batch), KeyReply::Opened(opened, shards) => (opened, shards))
    }

    /// Opens held objects; an object whose key is gone gives none.
    pub fn read(&self, jobs: Vec<ReadJob>) -> Result<Vec<Content>, KeyError> {
        ask!(self, KeyRequest::Read(jobs), KeyReply::Content(content) => content)
    }

    /// Wraps the key of a held object for more recipients.
    pub fn rewrap(&self, job: ReadJob, targets: Vec<Target>) -> Result<Vec<[u8; 48]>, KeyError> {
        ask!(self, KeyRequest::Rewrap(job, targets), KeyReply::Wraps(wraps) => wraps)
    }

    /// Tells the key process the shard keys that the vault keeps.
    pub fn load_shards(&self, shards: Shards) -> Result<(), KeyError> {
        ask!(self, KeyRequest::LoadShards(shards), KeyReply::Done => ())
    }

    /// Renews shards after a deletion: the survivors' keys under new shard keys, and every
    /// shard key under a new epoch key. `commit_sweep` destroys the old epoch key.
    pub fn sweep(&self, shards: Vec<(u16, VaultKeys)>) -> Result<(Shards, VaultKeys), KeyError> {
        ask!(self, KeyRequest::Sweep(shards), KeyReply::Swept(shards, keys) => (shards, keys))
    }

    /// The vault holds what the sweep gave: destroys the old epoch key.
    pub fn commit_sweep(&self) -> Result<(), KeyError> {
        ask!(self, KeyRequest::CommitSweep, KeyReply::Done => ())
    }

    /// Signs a TLS handshake.
    pub fn tls_sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        ask!(self, KeyRequest::TlsSign(message), KeyReply::Bytes(signature) => signature)
    }

    /// Opens one part of a bundle that came on a medium.
    pub fn open_part(&self, sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        ask!(self, KeyRequest::OpenPart(sealed), KeyReply::Bytes(part) => part)
    }

    /// The id of the KEM key that links to this node are made for.
    pub fn kem_id(&self) -> Result<KeyId, KeyError> {
        ask!(self, KeyRequest::KemId, KeyReply::KeyId(id) => id)
    }
}
