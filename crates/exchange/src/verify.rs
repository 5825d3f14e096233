//! The receiver's checks that need no secret key, as one function without effects.
//!
//! `protocol.md` 2.6, checks 1 to 7. Checks 1 to 3 are about the sender's ledger: if one fails,
//! nothing in the bundle counts, and the link stops ([`LinkFault`]). Checks 4 to 7 are about one
//! item: if one fails, that item is refused and the lane goes on, so that poison never blocks a
//! lane (I19). Whoever holds a [`VerifiedItem`] knows that the peer's ledger, in the state of
//! the checkpoint beside it, says this to this node, in this place of this lane, of these bytes.
//!
//! Opening what was sealed, the onward grant and the law (checks 8 to 11) belong to the caller,
//! and so does storing the result in one transaction (check 12).

use std::collections::{BTreeMap, BTreeSet};

use entente_ledger::checkpoint::{CheckpointError, verify};
use entente_ledger::proof::{ProofError, inclusions, verify_consistency};
use entente_ledger::tree::leaf_hash;
use entente_model::codec::{Reader, Wire, WireError};
use entente_model::id::{BasisId, Digest, KeyId, NodeId, WrapContextId};
use entente_model::item::{Ack, Basis, Lane, LinkItem, Nack, NackCode, Opening, WrapContext};
use entente_model::time::Timestamp;
use entente_seal::digest::{basis_id, sha256};
use entente_seal::sign::LogPublic;
use entente_seal::slot::{leaf_of_opening, opening_commitment};
use entente_seal::wrap::{LINK, wrap_context_id, wrap_info};
use thiserror::Error;

use crate::bundle::{
    Bundle, ChainFrame, Consistency, Cosig, ForkFrame, Frame, FrameType, GrantFrame, Header,
    ItemFrame, Multiproof,
};
use crate::lane::{LaneIn, Place};

/// How many items that came too soon one bundle may bring; more are left for the sender to
/// send again.
pub const EARLY_MAX: usize = 1024;

/// What this node knows of the peer before the bundle.
pub struct PeerView<'a> {
    /// This node.
    pub me: NodeId,
    /// The peer's node.
    pub peer: NodeId,
    /// The origin line of its ledger.
    pub origin: &'a str,
    /// The keys of its ledger.
    pub log: &'a LogPublic,
    /// Size and root of its last accepted checkpoint.
    pub last: Option<(u64, Digest)>,
    /// Where each lane stands, FLASH first.
    pub lanes: [LaneIn; 4],
    /// Whether a wrap context came before, and its key was kept.
    pub knows_wrap_context: &'a dyn Fn(&WrapContextId) -> bool,
    /// Whether one of this node's own sealing keys was in its validity at a time and is held.
    pub holds_kem_key: &'a dyn Fn(&KeyId, Timestamp) -> bool,
    /// The commitment that was taken at a past position, if it is still known.
    pub commitment_at: &'a dyn Fn(Lane, u64) -> Option<Digest>,
    /// The root of an earlier accepted checkpoint of this size, if it is still known.
    pub root_at: &'a dyn Fn(u64) -> Option<Digest>,
}

/// The peer's ledger, or its way of writing bundles, is wrong: nothing in the bundle counts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkFault {
    /// The bundle is for another node, or by another than the link's peer.
    #[error("the bundle is from {src} to {dst}, which is not this link")]
    Misaddressed {
        /// Who sent it.
        src: NodeId,
        /// To whom.
        dst: NodeId,
    },
    /// A frame cannot be read.
    #[error("a frame of type {} cannot be read", ftype.code())]
    Frame {
        /// Its type.
        ftype: FrameType,
        /// What is wrong.
        source: WireError,
    },
    /// A frame that may occur once occurs twice.
    #[error("the bundle has two frames of type {}", ftype.code())]
    Repeated {
        /// Its type.
        ftype: FrameType,
    },
    /// There are items, but no checkpoint.
    #[error("the bundle has items but no checkpoint")]
    NoCheckpoint,
    /// There are items, but no proof.
    #[error("the bundle has items but no proof for its checkpoint")]
    NoProof,
    /// The checkpoint does not verify.
    #[error("the checkpoint of the peer's ledger does not verify")]
    Checkpoint(#[from] CheckpointError),
    /// Two signed checkpoints contradict each other.
    #[error("the peer signed two roots for size {size}: its ledger has forked")]
    Fork {
        /// The size.
        size: u64,
    },
    /// The checkpoint is not shown to extend the last one.
    #[error("the checkpoint of size {size} comes without a proof from size {last}")]
    NoConsistency {
        /// The checkpoint's size.
        size: u64,
        /// The last accepted size.
        last: u64,
    },
    /// The checkpoint contradicts the last one.
    #[error("the checkpoint of size {size} does not extend the accepted one of size {last}")]
    Inconsistent {
        /// The checkpoint's size.
        size: u64,
        /// The last accepted size.
        last: u64,
        /// What the proof fails on.
        source: ProofError,
    },
    /// Items are not in the tree.
    #[error("the bundle's items are not shown to be in the ledger")]
    NotIncluded(#[source] ProofError),
    /// One leaf shows two contents.
    #[error("leaf {index} is shown with two contents")]
    LeafTwice {
        /// The leaf.
        index: u64,
    },
}

impl LinkFault {
    /// Whether people must be told. A checkpoint without a fitting proof only means that the
    /// bundle was made for an older state of this node; asking again is enough.
    pub const fn alarms(&self) -> bool {
        !matches!(self, Self::NoConsistency { .. })
    }
}

/// A checkpoint that the peer signed and that fits all earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCheckpoint<'a> {
    size: u64,
    root: Digest,
    note: &'a [u8],
}

impl<'a> VerifiedCheckpoint<'a> {
    /// The ledger's size.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// The signed note, with its cosignatures.
    pub const fn note(&self) -> &'a [u8] {
        self.note
    }
}

/// An item that passed checks 1 to 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedItem<'a> {
    link: LinkItem,
    frame: ItemFrame<'a>,
    commitment: Digest,
    basis: Basis,
    terms: Option<&'a [u8]>,
}

impl<'a> VerifiedItem<'a> {
    /// What the peer's ledger says.
    pub const fn link(&self) -> &LinkItem {
        &self.link
    }

    /// The opening of the peer's ledger slot.
    pub const fn opening(&self) -> &Opening {
        &self.frame.opening
    }

    /// The body's key, wrapped.
    pub const fn wrapped(&self) -> &[u8; 48] {
        &self.frame.wrapped
    }

    /// The sealed body.
    pub const fn ct(&self) -> &'a [u8] {
        self.frame.ct
    }

    /// The commitment that the lane's running head covers.
    pub const fn commitment(&self) -> Digest {
        self.commitment
    }

    /// On what grounds it was released.
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The sealed terms, if the item has terms.
    pub const fn sealed_terms(&self) -> Option<&'a [u8]> {
        self.terms
    }
}

/// An item that failed one of checks 4 to 7. Its position is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    lane: Lane,
    seq: u64,
    code: NackCode,
    commitment: Digest,
    opening: Opening,
}

impl Rejected {
    /// Its lane.
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// Its position.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Why.
    pub const fn code(&self) -> NackCode {
        self.code
    }

    /// The commitment that the lane's running head covers.
    pub const fn commitment(&self) -> Digest {
        self.commitment
    }

    /// The evidence: what the peer's ledger says.
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }
}

/// One position of a lane that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// It holds an item.
    Item(Box<VerifiedItem<'a>>),
    /// Its item was refused.
    Rejected(Box<Rejected>),
}

impl<'a> Arrival<'a> {
    /// Lane, position and commitment.
    pub fn position(&self) -> (Lane, u64, Digest) {
        match self {
            Self::Item(item) => (item.link.lane, item.link.seq, item.commitment),
            Self::Rejected(r) => (r.lane, r.seq, r.commitment),
        }
    }

    /// The item, if it was not refused.
    pub fn item(&self) -> Option<&VerifiedItem<'a>> {
        match self {
            Self::Item(item) => Some(item),
            Self::Rejected(_) => None,
        }
    }
}

/// An item that came again. It has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Its lane.
    pub lane: Lane,
    /// Its position.
    pub seq: u64,
    /// Its commitment, which is not the one that was taken: evidence that the peer's ledger
    /// holds two items for one place. None if it is the same, or nobody knows any more.
    pub conflict: Option<Digest>,
}

/// A ledger slot that takes no place in this link: it names another node, or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Why.
    pub code: NackCode,
    /// What the peer's ledger says.
    pub opening: Opening,
}

/// All that a bundle brings, checked as far as that needs no key.
#[derive(Debug, Clone)]
pub struct VerifiedBundle<'a> {
    header: Header,
    checkpoint: Option<VerifiedCheckpoint<'a>>,
    paths: BTreeMap<u64, Vec<Digest>>,
    arrivals: Vec<Arrival<'a>>,
    early: Vec<Arrival<'a>>,
    duplicates: Vec<Duplicate>,
    unplaced: Vec<Unplaced>,
    lanes: [LaneIn; 4],
    wrap_contexts: Vec<(WrapContextId, WrapContext)>,
    ack: Option<Ack>,
    nacks: Vec<Nack>,
    cosigs: Vec<Cosig>,
    chains: Vec<ChainFrame>,
    forks: Vec<ForkFrame>,
    grants: Vec<GrantFrame>,
}

impl<'a> VerifiedBundle<'a> {
    /// The bundle's header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The checkpoint that the bundle came with. It may be older than the last accepted one, as
    /// on a medium from a drawer; then the last one stays.
    pub const fn checkpoint(&self) -> Option<&VerifiedCheckpoint<'a>> {
        self.checkpoint.as_ref()
    }

    /// The proof that an item's entry is in the tree of [`Self::checkpoint`]: what makes the item
    /// evidence that outlives the bundle.
    pub fn path(&self, index: u64) -> Option<&[Digest]> {
        self.paths.get(&index).map(Vec::as_slice)
    }

    /// The positions that were taken, lane by lane and in order within each.
    pub fn arrivals(&self) -> &[Arrival<'a>] {
        &self.arrivals
    }

    /// The items among [`Self::arrivals`].
    pub fn items(&self) -> impl Iterator<Item = &VerifiedItem<'a>> {
        self.arrivals.iter().filter_map(Arrival::item)
    }

    /// The refusals among [`Self::arrivals`].
    pub fn rejected(&self) -> impl Iterator<Item = &Rejected> {
        self.arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Item(_) => None,
            Arrival::Rejected(rejected) => Some(&**rejected),
        })
    }

    /// What came before its turn. It may be held back ([`crate::lane::EarlyBuffer`]) or dropped:
    /// the sender sends it again.
    pub fn early(&self) -> &[Arrival<'a>] {
        &self.early
    }

    /// What came again.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// Slots that take no place in this link.
    pub fn unplaced(&self) -> &[Unplaced] {
        &self.unplaced
    }

    /// Where each lane stands after [`Self::arrivals`].
    pub const fn lanes(&self) -> &[LaneIn; 4] {
        &self.lanes
    }

    /// Wrap contexts that this bundle opens, checked to be of this link and for a key held here.
    pub fn wrap_contexts(&self) -> &[(WrapContextId, WrapContext)] {
        &self.wrap_contexts
    }

    /// Where the peer stands as a receiver.
    pub const fn ack(&self) -> Option<&Ack> {
        self.ack.as_ref()
    }

    /// What the peer did not take in.
    pub fn nacks(&self) -> &[Nack] {
        &self.nacks
    }

    /// The peer's cosignatures on this node's checkpoints; not yet verified.
    pub fn cosigs(&self) -> &[Cosig] {
        &self.cosigs
    }

    /// Statements of identity chains; not yet verified.
    pub fn chains(&self) -> &[ChainFrame] {
        &self.chains
    }

    /// Evidence of forks; not yet verified.
    pub fn forks(&self) -> &[ForkFrame] {
        &self.forks
    }

    /// Grants of onward release; not yet verified.
    pub fn grants(&self) -> &[GrantFrame] {
        &self.grants
    }
}

/// Makes checks 1 to 7.
pub fn verify_bundle<'a>(
    bundle: &Bundle<'a>,
    view: &PeerView<'_>,
) -> Result<VerifiedBundle<'a>, LinkFault> {
    let header = bundle.header();
    if header.src != view.peer || header.dst != view.me {
        return Err(LinkFault::Misaddressed { src: header.src, dst: header.dst });
    }
    let frames = Frames::read(bundle)?;
    let checkpoint = match frames.note {
        Some(note) => Some(check_checkpoint(note, &frames.consistency, view)?),
        None => None,
    };
    let paths = check_inclusion(&frames, checkpoint.as_ref())?;

    let Frames { items, wrap_contexts, bases, terms, .. } = &frames;
    let opened: Vec<(WrapContextId, WrapContext)> = wrap_contexts
        .iter()
        .filter(|wc| is_of_this_link(wc, view))
        .map(|wc| (wrap_context_id(wc.kind, &wc.info, &wc.enc), wc.clone()))
        .collect();
    let opened_ids: BTreeSet<WrapContextId> = opened.iter().map(|(id, _)| *id).collect();
    let bases = bases.iter().map(|basis| (basis_id(basis), basis)).collect();
    let judge = Judge { view, opened: &opened_ids, bases: &bases, terms };

    let mut out = VerifiedBundle {
        header: header.clone(),
        checkpoint,
        paths,
        arrivals: Vec::new(),
        early: Vec::new(),
        duplicates: Vec::new(),
        unplaced: Vec::new(),
        lanes: view.lanes,
        wrap_contexts: opened,
        ack: frames.ack.clone(),
        nacks: frames.nacks.clone(),
        cosigs: frames.cosigs.clone(),
        chains: frames.chains.clone(),
        forks: frames.forks.clone(),
        grants: frames.grants.clone(),
    };
    judge.place_all(items, &mut out);
    Ok(out)
}

/// The bundle's frames, sorted by type.
#[derive(Default)]
struct Frames<'a> {
    note: Option<&'a [u8]>,
    consistency: Vec<Consistency>,
    multiproof: Option<Multiproof>,
    wrap_contexts: Vec<WrapContext>,
    items: Vec<ItemFrame<'a>>,
    bases: Vec<Basis>,
    terms: BTreeMap<(WrapContextId, Digest), &'a [u8]>,
    ack: Option<Ack>,
    nacks: Vec<Nack>,
    cosigs: Vec<Cosig>,
    chains: Vec<ChainFrame>,
    forks: Vec<ForkFrame>,
    grants: Vec<GrantFrame>,
}

impl<'a> Frames<'a> {
    fn read(bundle: &Bundle<'a>) -> Result<Self, LinkFault> {
        let mut all = Self::default();
        for raw in bundle.frames() {
            let ftype = raw.ftype;
            let frame = raw.decode().map_err(|source| LinkFault::Frame { ftype, source })?;
            if all.keep(frame) {
                return Err(LinkFault::Repeated { ftype });
            }
        }
        Ok(all)
    }

    /// Keeps a frame; true if it may occur once and was there before.
    fn keep(&mut self, frame: Frame<'a>) -> bool {
        match frame {
            Frame::Checkpoint(note) => return self.note.replace(note).is_some(),
            Frame::Multiproof(proof) => return self.multiproof.replace(proof).is_some(),
            Frame::Ack(ack) => return self.ack.replace(ack).is_some(),
            Frame::Consistency(proof) => self.consistency.push(proof),
            Frame::WrapCtx(wc) => self.wrap_contexts.push(wc),
            Frame::Item(item) => self.items.push(item),
            Frame::Basis(basis) => self.bases.push(basis),
            Frame::Terms(terms) => {
                self.terms.insert((terms.wc, terms.digest), terms.sealed);
            }
            Frame::Nack(nack) => self.nacks.push(nack),
            Frame::Cosig(cosig) => self.cosigs.push(cosig),
            Frame::Chain(chain) => self.chains.push(chain),
            Frame::Fork(fork) => self.forks.push(fork),
            Frame::Grant(grant) => self.grants.push(grant),
            Frame::Pad => {}
        }
        false
    }
}

/// Check 2: both signature lines, and consistency with what was accepted before.
fn check_checkpoint<'a>(
    note: &'a [u8],
    proofs: &[Consistency],
    view: &PeerView<'_>,
) -> Result<VerifiedCheckpoint<'a>, LinkFault> {
    let checkpoint = verify(note, view.origin, view.log)?;
    let (size, root) = (checkpoint.size, checkpoint.root);
    let found = VerifiedCheckpoint { size, root, note };
    let known_root = (view.root_at)(size);
    if known_root.is_some_and(|known| known != root) {
        return Err(LinkFault::Fork { size });
    }
    let Some((last, last_root)) = view.last else { return Ok(found) };
    if size == last {
        return if root == last_root { Ok(found) } else { Err(LinkFault::Fork { size }) };
    }
    if known_root.is_some() {
        return Ok(found);
    }
    // An older checkpoint (a medium from a drawer) is shown to lead to the last one instead.
    let (old, new) = if size > last {
        ((last, last_root), (size, root))
    } else {
        ((size, root), (last, last_root))
    };
    if old.0 == 0 && old.1 == entente_ledger::tree::empty_root() {
        return Ok(found);
    }
    let proof = proofs
        .iter()
        .find(|proof| proof.from == old.0 && proof.to == new.0)
        .ok_or(LinkFault::NoConsistency { size, last })?;
    verify_consistency(old.0, &old.1, new.0, &new.1, &proof.hashes)
        .map_err(|source| LinkFault::Inconsistent { size, last, source })?;
    Ok(found)
}

/// Check 3: every item's leaf is in the tree. Returns the proof of each by itself.
fn check_inclusion(
    frames: &Frames<'_>,
    checkpoint: Option<&VerifiedCheckpoint<'_>>,
) -> Result<BTreeMap<u64, Vec<Digest>>, LinkFault> {
    if frames.items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let checkpoint = checkpoint.ok_or(LinkFault::NoCheckpoint)?;
    let proof = frames
        .multiproof
        .as_ref()
        .filter(|proof| proof.size == checkpoint.size)
        .ok_or(LinkFault::NoProof)?;
    let mut leaves = BTreeMap::new();
    for item in &frames.items {
        let index = item.opening.index;
        // A slot count that no leaf has cannot be in the tree either.
        let leaf =
            leaf_of_opening(&item.opening).ok_or(LinkFault::NotIncluded(ProofError::Beyond))?;
        let hash = leaf_hash(&leaf);
        if leaves.insert(index, hash).is_some_and(|other| other != hash) {
            return Err(LinkFault::LeafTwice { index });
        }
    }
    let leaves: Vec<(u64, Digest)> = leaves.into_iter().collect();
    let paths = inclusions(&leaves, checkpoint.size, &proof.hashes, &checkpoint.root)
        .map_err(LinkFault::NotIncluded)?;
    Ok(leaves.into_iter().map(|(index, _)| index).zip(paths).collect())
}

/// Whether a wrap context was made by this peer for this node and for a key that it holds
/// (check 6). The epoch at the end of its info is the sender's own count.
fn is_of_this_link(wc: &WrapContext, view: &PeerView<'_>) -> bool {
    let epoch = wc.info.last_chunk().map(|epoch| u64::from_be_bytes(*epoch));
    wc.kind == LINK
        && wc.not_before < wc.not_after
        && epoch.is_some_and(|e| wc.info == wrap_info(view.peer, view.me, &wc.kem_key, e))
        && (view.holds_kem_key)(&wc.kem_key, wc.not_before)
}

/// Judges items one by one.
struct Judge<'v, 'a> {
    view: &'v PeerView<'v>,
    opened: &'v BTreeSet<WrapContextId>,
    bases: &'v BTreeMap<BasisId, &'v Basis>,
    terms: &'v BTreeMap<(WrapContextId, Digest), &'a [u8]>,
}

impl<'a> Judge<'_, 'a> {
    fn place_all(&self, items: &[ItemFrame<'a>], out: &mut VerifiedBundle<'a>) {
        let mut placed: Vec<(Lane, u64, &ItemFrame<'a>)> = Vec::new();
        for item in items {
            let code = match address(&item.opening.entry) {
                Some((dst, ..)) if dst != self.view.me => NackCode::NotForMe,
                Some((_, lane, seq)) if seq > 0 => {
                    placed.push((lane, seq, item));
                    continue;
                }
                Some(_) | None => NackCode::Opening,
            };
            out.unplaced.push(Unplaced { code, opening: item.opening.clone() });
        }
        placed.sort_by_key(|(lane, seq, _)| (*lane, *seq));
        let mut taken = BTreeMap::new();
        for (lane, seq, item) in placed {
            self.place(lane, seq, item, &mut taken, out);
        }
    }

    fn place(
        &self,
        lane: Lane,
        seq: u64,
        item: &ItemFrame<'a>,
        taken: &mut BTreeMap<(Lane, u64), Digest>,
        out: &mut VerifiedBundle<'a>,
    ) {
        let commitment = opening_commitment(&item.opening);
        let Some(state) = out.lanes.get_mut(usize::from(lane.number())) else { return };
        match state.place(seq) {
            Place::Past => {
                let held = taken.get(&(lane, seq)).copied();
                let held = held.or_else(|| (self.view.commitment_at)(lane, seq));
                let conflict = held.is_some_and(|held| held != commitment).then_some(commitment);
                out.duplicates.push(Duplicate { lane, seq, conflict });
            }
            Place::Next => {
                state.advance(&commitment);
                taken.insert((lane, seq), commitment);
                out.arrivals.push(self.judge(lane, seq, item, commitment));
            }
            Place::Early if out.early.len() < EARLY_MAX => {
                out.early.push(self.judge(lane, seq, item, commitment));
            }
            Place::Early => {}
        }
    }

    fn judge(&self, lane: Lane, seq: u64, item: &ItemFrame<'a>, commitment: Digest) -> Arrival<'a> {
        match self.check(item) {
            Ok((link, basis, terms)) => Arrival::Item(Box::new(VerifiedItem {
                link,
                frame: item.clone(),
                commitment,
                basis,
                terms,
            })),
            Err(code) => Arrival::Rejected(Box::new(Rejected {
                lane,
                seq,
                code,
                commitment,
                opening: item.opening.clone(),
            })),
        }
    }

    fn check(&self, item: &ItemFrame<'a>) -> Result<(LinkItem, Basis, Option<&'a [u8]>), NackCode> {
        let link = LinkItem::from_bytes(&item.opening.entry).map_err(|_| NackCode::Opening)?;
        if !self.opened.contains(&link.wc) && !(self.view.knows_wrap_context)(&link.wc) {
            return Err(NackCode::WrapContext);
        }
        if sha256(item.ct) != *link.body.as_bytes() {
            return Err(NackCode::Digest);
        }
        // What the ledger names by digest must be here to be followed.
        let basis = self.bases.get(&link.basis).ok_or(NackCode::Digest)?;
        let terms = match link.terms {
            Some(digest) => {
                let sealed = self.terms.get(&(link.wc, digest)).ok_or(NackCode::Digest)?;
                Some(*sealed)
            }
            None => None,
        };
        Ok((link, (*basis).clone(), terms))
    }
}

/// Recipient, lane and position of an entry, even if the rest of it is not understood: an item
/// of a later minor version must not block its lane.
fn address(entry: &[u8]) -> Option<(NodeId, Lane, u64)> {
    let mut r = Reader::new(entry);
    let parts = r.list(Reader::any).ok()?;
    r.end().ok()?;
    let [version, dst, lane, seq, ..] = parts.as_slice() else { return None };
    if uint(version)? != 1 {
        return None;
    }
    Some((NodeId::from_bytes(dst).ok()?, Lane::from_bytes(lane).ok()?, uint(seq)?))
}

fn uint(encoded: &[u8]) -> Option<u64> {
    Reader::new(encoded).uint().ok()
}

#[cfg(test)]
mod tests;
