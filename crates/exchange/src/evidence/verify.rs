//! What an evidence file proves, checked from the nation's id down.

use entente_ledger::checkpoint::Checkpoint;
use entente_ledger::evidence::{Evidence, EvidenceError};
use entente_ledger::note::Note;
use entente_ledger::origin::parse_origin;
use entente_ledger::witness::verify_cosignatures;
use entente_model::codec::{Wire, WireError};
use entente_model::item::{Basis, ItemKind, LinkItem, RecallEffect, Receipt};
use entente_model::manifest::ControlItem;
use entente_model::{Digest, Manifest, NationCode, NationId, NodeId, ObjectId, Terms, Timestamp};
use entente_seal::digest::{basis_id, object_id, sha256, terms_digest};
use entente_seal::statement::SignedStatement;
use thiserror::Error;

use super::EvidenceFile;
use crate::chain::{ChainError, ChainState, NodeState};

/// A nation's node, as the chain in the file shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The nation's id: what its name really is.
    pub nation: NationId,
    /// The code that it claims.
    pub code: NationCode,
    /// The name that it claims.
    pub name: String,
    /// The node.
    pub node: NodeId,
    /// The nation has revoked the node, as far as the chain in the file goes.
    pub is_revoked: bool,
}

/// For whom the slot was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// A node whose nation the file shows.
    Known(Party),
    /// A node whose nation the file does not show.
    Unknown(NodeId),
}

impl Addressee {
    /// The node.
    pub const fn node(&self) -> NodeId {
        match self {
            Self::Known(party) => party.node,
            Self::Unknown(node) => *node,
        }
    }
}

/// A witness that cosigned the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Who.
    pub by: Party,
    /// When, by its own clock.
    pub at: Timestamp,
}

/// What the slot says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An object was released.
    Release,
    /// Everything in a lane up to a position was taken in, but for what the receipt excepts.
    Receipt(Receipt),
    /// What was done about a recall.
    Effect(RecallEffect),
}

/// The release that a receipt or an answer is about, in the releasing nation's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Who released.
    pub by: Party,
    /// The entry.
    pub index: u64,
    /// What the entry says.
    pub link: LinkItem,
    /// The checkpoint of its ledger.
    pub checkpoint: Checkpoint,
}

/// What a file proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Whose ledger it is.
    pub by: Party,
    /// Whether the reader named that nation; if not, someone must compare its id.
    pub is_anchored: bool,
    /// The signed state of the ledger.
    pub checkpoint: Checkpoint,
    /// The entry.
    pub index: u64,
    /// What it says of the item.
    pub link: LinkItem,
    /// For whom it was.
    pub to: Addressee,
    /// What was said.
    pub said: Said,
    /// On what grounds, if the file shows them.
    pub basis: Option<Basis>,
    /// Under which terms, if the file shows them.
    pub terms: Option<Terms>,
    /// What the originator says of the object, if the file shows it.
    pub manifest: Option<Manifest>,
    /// Bytes of the object's content in the file.
    pub content_bytes: Option<u64>,
    /// The release behind a receipt or an answer.
    pub release: Option<Shown>,
    /// Who cosigned.
    pub witnesses: Vec<Witnessed>,
    /// Signature lines of the checkpoint by keys that the file does not show.
    pub unknown_lines: usize,
}

/// Why a file does not convince.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvidenceFault {
    /// A statement cannot be read.
    #[error("statement {at} of identity chain {chain} cannot be read")]
    Statement {
        /// Which chain, from 1.
        chain: usize,
        /// Which statement.
        at: usize,
        /// What is wrong.
        source: WireError,
    },
    /// A chain does not hold.
    #[error("identity chain {chain} does not hold")]
    Chain {
        /// Which chain, from 1.
        chain: usize,
        /// What is wrong.
        source: ChainError,
    },
    /// It is another nation's.
    #[error("the file is about nation {found}, not about {wanted}")]
    Nation {
        /// The nation of the file.
        found: NationId,
        /// The nation that was asked about.
        wanted: NationId,
    },
    /// The ledger's name is not that of a node in the chains.
    #[error("the ledger `{0}` is not that of a node in the file's identity chains")]
    Ledger(String),
    /// The slot is not in the ledger.
    #[error("{ledger} is not shown to say this")]
    Evidence {
        /// Whose ledger.
        ledger: &'static str,
        /// What is wrong.
        source: EvidenceError,
    },
    /// The slot cannot be read.
    #[error("the entry of {0} cannot be read")]
    Entry(&'static str, #[source] WireError),
    /// Something that the file shows is not what the ledger names.
    #[error("the {0} in the file is not the one that the ledger's entry names")]
    NotNamed(&'static str),
    /// A part cannot be read.
    #[error("the {0} in the file cannot be read")]
    Malformed(&'static str, #[source] WireError),
    /// A part that belongs to the item is missing.
    #[error("the file lacks the {0} that its entry is about")]
    Lacks(&'static str),
    /// An item of a kind that evidence is not made of.
    #[error("the entry is of kind {} and proves neither a release, nor a receipt, nor a recall's effect", .0.code())]
    Kind(ItemKind),
    /// The release is not the one that the receipt or answer is about.
    #[error("the release in the file is not the one that was answered: {0}")]
    OtherRelease(&'static str),
    /// A cosignature under a witness's name and key is false.
    #[error("a cosignature in the name of {0} is false")]
    Witness(NationCode),
    /// A part that belongs to nothing.
    #[error("the file holds a {0}, which an entry of this kind does not name")]
    Stray(&'static str),
    /// The file was changed in a place that no signature covers.
    #[error("the file was changed after it was written: its seal does not match")]
    Seal,
}

impl EvidenceFile {
    /// Checks everything in the file against a nation's id, and says what follows. `seal` is what
    /// [`EvidenceFile::read`] found. Without an id, the reader must compare the nation's.
    pub fn verify(
        &self,
        seal: &Digest,
        nation: Option<NationId>,
        now: Timestamp,
    ) -> Result<Proven, EvidenceFault> {
        let chains = self.read_chains(now)?;
        let own = chains.first().ok_or(EvidenceFault::Lacks("identity chain"))?;
        if let Some(wanted) = nation
            && own.nation() != wanted
        {
            return Err(EvidenceFault::Nation { found: own.nation(), wanted });
        }
        let (by, link, checkpoint) =
            slot(&self.evidence, std::slice::from_ref(own), "the nation's ledger")?;
        let said = self.said(&link)?;
        let basis = self.basis.clone();
        if basis.as_ref().is_some_and(|basis| basis_id(basis) != link.basis) {
            return Err(EvidenceFault::NotNamed("basis"));
        }
        if let Some(terms) = &self.terms
            && Some(terms_digest(terms)) != link.terms
        {
            return Err(EvidenceFault::NotNamed("set of terms"));
        }
        let release = self.shown(&chains, &by, &link, &said)?;
        let oid = match (&said, &release) {
            (Said::Release, _) => Some(link.oid),
            (Said::Effect(effect), _) => Some(effect.oid),
            (Said::Receipt(_), release) => release.as_ref().map(|r| r.link.oid),
        };
        let manifest = self.manifest(oid)?;
        let content_bytes = self.content(manifest.as_ref())?;
        let (witnesses, unknown_lines) = self.witnesses(&chains, &by, &checkpoint)?;
        if self.seal() != *seal {
            return Err(EvidenceFault::Seal);
        }
        let to = find(&chains, |node, _| *node == link.dst)
            .map_or(Addressee::Unknown(link.dst), |(party, _)| Addressee::Known(party));
        Ok(Proven {
            by,
            is_anchored: nation.is_some(),
            checkpoint,
            index: self.evidence.leaf_index,
            link,
            to,
            said,
            basis,
            terms: self.terms.clone(),
            manifest,
            content_bytes,
            release,
            witnesses,
            unknown_lines,
        })
    }

    fn read_chains(&self, now: Timestamp) -> Result<Vec<ChainState>, EvidenceFault> {
        let mut chains = Vec::new();
        for (chain, statements) in (1..).zip(&self.chains) {
            let mut state: Option<ChainState> = None;
            for (at, bytes) in statements.iter().enumerate() {
                let statement = SignedStatement::from_bytes(bytes)
                    .map_err(|source| EvidenceFault::Statement { chain, at, source })?;
                let wrong = |source| EvidenceFault::Chain { chain, source };
                match &mut state {
                    None => state = Some(ChainState::start(&statement, now).map_err(wrong)?),
                    Some(state) => {
                        state.accept(&statement, now).map_err(wrong)?;
                    }
                }
            }
            chains.extend(state);
        }
        Ok(chains)
    }

    /// What the item says, from the bytes that the entry names.
    fn said(&self, link: &LinkItem) -> Result<Said, EvidenceFault> {
        if link.kind == ItemKind::Object {
            return match self.control {
                Some(_) => Err(EvidenceFault::Stray("control item")),
                None => Ok(Said::Release),
            };
        }
        if !matches!(link.kind, ItemKind::Receipt | ItemKind::RecallEffect) {
            return Err(EvidenceFault::Kind(link.kind));
        }
        let what = if link.kind == ItemKind::Receipt { "receipt" } else { "answer to a recall" };
        let control = self.control.as_ref().ok_or(EvidenceFault::Lacks(what))?;
        if object_id(control) != link.oid {
            return Err(EvidenceFault::NotNamed(what));
        }
        let malformed = |source| EvidenceFault::Malformed(what, source);
        let payload = ControlItem::from_bytes(control).map_err(malformed)?.payload;
        Ok(if link.kind == ItemKind::Receipt {
            Said::Receipt(Receipt::from_bytes(&payload).map_err(malformed)?)
        } else {
            Said::Effect(RecallEffect::from_bytes(&payload).map_err(malformed)?)
        })
    }

    /// The release that was answered, in the ledger of whoever released.
    fn shown(
        &self,
        chains: &[ChainState],
        by: &Party,
        link: &LinkItem,
        said: &Said,
    ) -> Result<Option<Shown>, EvidenceFault> {
        let Some(evidence) = &self.release else { return Ok(None) };
        let (releaser, released, checkpoint) =
            slot(evidence, chains, "the releasing nation's ledger")?;
        let other = |why| Err(EvidenceFault::OtherRelease(why));
        if released.kind != ItemKind::Object {
            return other("it is not of an object");
        }
        if released.dst != by.node {
            return other("it was to another node than the one that answered");
        }
        if releaser.node != link.dst {
            return other("it was by another node than the one that was answered");
        }
        match said {
            Said::Release => return Err(EvidenceFault::Stray("second release")),
            Said::Receipt(receipt) => {
                if receipt.src != releaser.node || receipt.dst != by.node {
                    return other("the receipt is of another link");
                }
                if receipt.lane != released.lane || released.seq > receipt.upto {
                    return other("the receipt does not reach it");
                }
            }
            Said::Effect(effect) => {
                if effect.oid != released.oid {
                    return other("the recall was of another object");
                }
            }
        }
        let index = evidence.leaf_index;
        Ok(Some(Shown { by: releaser, index, link: released, checkpoint }))
    }

    fn manifest(&self, oid: Option<ObjectId>) -> Result<Option<Manifest>, EvidenceFault> {
        let Some(bytes) = &self.manifest else { return Ok(None) };
        let oid = oid.ok_or(EvidenceFault::Stray("manifest"))?;
        let manifest =
            Manifest::from_bytes(bytes).map_err(|e| EvidenceFault::Malformed("manifest", e))?;
        // An exercise's objects are named in another way, so that none can pass for a real one.
        let is_it =
            object_id(bytes) == oid || entente_seal::digest::exercise_object_id(bytes) == oid;
        if is_it { Ok(Some(manifest)) } else { Err(EvidenceFault::NotNamed("manifest")) }
    }

    fn content(&self, manifest: Option<&Manifest>) -> Result<Option<u64>, EvidenceFault> {
        let Some(content) = &self.content else { return Ok(None) };
        let manifest = manifest.ok_or(EvidenceFault::Lacks("manifest"))?;
        let length = content.len() as u64;
        if Digest::from_array(sha256(content)) != manifest.payload_sha256
            || length != manifest.payload_bytes
        {
            return Err(EvidenceFault::NotNamed("content"));
        }
        Ok(Some(length))
    }

    /// Who cosigned the checkpoint, and how many lines nobody in the file answers for.
    fn witnesses(
        &self,
        chains: &[ChainState],
        by: &Party,
        checkpoint: &Checkpoint,
    ) -> Result<(Vec<Witnessed>, usize), EvidenceFault> {
        let note = Note::parse(&self.evidence.note)
            .map_err(|_| EvidenceFault::Ledger(checkpoint.origin.clone()))?;
        let mut witnesses = Vec::new();
        let mut known = Vec::new();
        for chain in chains {
            for (node, state) in chain.nodes().filter(|(node, _)| *node != by.node) {
                let name = &state.spec.origin;
                if !note.signatures().iter().any(|line| line.name == *name) {
                    continue;
                }
                known.push(name.clone());
                let at = verify_cosignatures(&note, name, &state.spec.witness)
                    .ok_or(EvidenceFault::Witness(chain.code()))?;
                witnesses.push(Witnessed { by: party(chain, node, state), at });
            }
        }
        let unknown = note
            .signatures()
            .iter()
            .filter(|line| line.name != checkpoint.origin && !known.contains(&line.name))
            .count();
        Ok((witnesses, unknown))
    }
}

/// Checks a slot against the ledger that its checkpoint names, which must be that of a node in one
/// of the chains.
fn slot(
    evidence: &Evidence,
    chains: &[ChainState],
    ledger: &'static str,
) -> Result<(Party, LinkItem, Checkpoint), EvidenceFault> {
    let note = |e| EvidenceFault::Evidence { ledger, source: EvidenceError::Checkpoint(e) };
    let text = Note::parse(&evidence.note).map_err(|e| note(e.into()))?;
    let (named, _) = Checkpoint::parse_body(text.text()).map_err(note)?;
    let unknown = || EvidenceFault::Ledger(named.origin.clone());
    let nation = parse_origin(&named.origin).map_err(|_| unknown())?.nation;
    let (party, state) = find(chains, |_, state| state.spec.origin == named.origin)
        .filter(|(party, _)| party.nation == nation)
        .ok_or_else(unknown)?;
    let checkpoint = evidence
        .verify(&named.origin, &state.spec.log)
        .map_err(|source| EvidenceFault::Evidence { ledger, source })?;
    let link = LinkItem::from_bytes(&evidence.opening.entry)
        .map_err(|source| EvidenceFault::Entry(ledger, source))?;
    Ok((party, link, checkpoint))
}

/// The first node of the chains that fits.
fn find(
    chains: &[ChainState],
    fits: impl Fn(&NodeId, &NodeState) -> bool,
) -> Option<(Party, &NodeState)> {
    chains.iter().find_map(|chain| {
        let (node, state) = chain.nodes().find(|(node, state)| fits(node, state))?;
        Some((party(chain, node, state), state))
    })
}

fn party(chain: &ChainState, node: NodeId, state: &NodeState) -> Party {
    Party {
        nation: chain.nation(),
        code: chain.code(),
        name: chain.name().to_owned(),
        node,
        is_revoked: state.revoked.is_some(),
    }
}
