//! A sender with a real ledger, for tests.

use std::collections::BTreeMap;

use entente_ledger::checkpoint::{Checkpoint, sign};
use entente_ledger::evidence::Evidence;
use entente_ledger::proof::{consistency, inclusion, multiproof};
use entente_ledger::tile::{TileId, append};
use entente_ledger::tree::{empty_root, leaf_hash};
use entente_model::codec::Wire;
use entente_model::id::{Digest, NationId, NodeId, ObjectId, WrapContextId};
use entente_model::item::{Basis, ItemKind, Lane, LinkItem, Opening, WrapContext};
use entente_model::manifest::ControlItem;
use entente_model::time::Timestamp;
use entente_model::{Decision, Entropy, Terms};
use entente_seal::digest::basis_id;
use entente_seal::envelope::seal_control;
use entente_seal::sign::{LogKey, LogPublic};
use entente_seal::slot::{Leaf, LeafSeed, opening_commitment};
use entente_seal::wrap::{KemKey, LINK, Wck, setup_sender, wrap_context_id, wrap_info};

use crate::bundle::{Consistency, Header, ItemFrame, Multiproof, TermsFrame};
use crate::lane::{LANE_START, LaneIn, LaneOut};
use crate::send::{LedgerView, SendPlan, assemble};
use crate::verify::PeerView;

pub(crate) const ME: NodeId = NodeId::from_array([0xbb; 32]);
pub(crate) const PEER: NodeId = NodeId::from_array([0xaa; 32]);
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Entropy that anyone can guess.
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

/// What was said in one slot.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) opening: Opening,
    pub(crate) wrapped: [u8; 48],
    pub(crate) ct: Vec<u8>,
}

impl Said {
    pub(crate) fn frame(&self) -> ItemFrame<'_> {
        ItemFrame { opening: self.opening.clone(), wrapped: self.wrapped, ct: &self.ct }
    }

    pub(crate) fn commitment(&self) -> Digest {
        opening_commitment(&self.opening)
    }
}

/// A node that sends to [`ME`].
pub(crate) struct Sender {
    pub(crate) entropy: Seeded,
    pub(crate) log: LogKey,
    pub(crate) origin: String,
    pub(crate) tiles: BTreeMap<TileId, Vec<Digest>>,
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) lanes: [LaneOut; 4],
    pub(crate) wc: WrapContext,
    pub(crate) wc_id: WrapContextId,
    pub(crate) wck: Wck,
    pub(crate) kem: KemKey,
    pub(crate) basis: Basis,
    pub(crate) said: Vec<Said>,
}

impl Sender {
    pub(crate) fn new(seed: u64) -> Self {
        let mut entropy = Seeded(seed);
        let kem = KemKey::generate(&mut entropy);
        let info = wrap_info(PEER, ME, &kem.id(), 7);
        let (enc, wck) = setup_sender(&kem.public(), &info, &mut entropy).unwrap();
        let wc_id = wrap_context_id(LINK, &info, &enc);
        let wc = WrapContext {
            kind: LINK,
            info,
            enc,
            kem_key: kem.id(),
            not_before: NOW,
            not_after: NOW.plus_millis(3_600_000),
        };
        let basis =
            Basis { policy_epoch: Digest::from_array([9; 32]), agreements: vec![], assurance: 0 };
        Self {
            log: LogKey::generate(&mut entropy),
            origin: format!("ent1/{}/mod-1/1", NationId::from_array([0x11; 32])),
            tiles: BTreeMap::new(),
            size: 0,
            root: empty_root(),
            lanes: std::array::from_fn(|_| LaneOut::new()),
            said: Vec::new(),
            entropy,
            wc,
            wc_id,
            wck,
            kem,
            basis,
        }
    }

    /// Appends a leaf with these entries.
    pub(crate) fn append(&mut self, entries: &[Vec<u8>]) -> Leaf {
        let leaf = Leaf::build(&LeafSeed::random(&mut self.entropy), entries).unwrap();
        let appended = append(&self.tiles, self.size, &[leaf_hash(&leaf.bytes())]).unwrap();
        self.tiles.extend(appended.tiles);
        self.size = appended.size;
        self.root = appended.root;
        leaf
    }

    /// What the ledger would say of a control item.
    pub(crate) fn seal(&mut self, dst: NodeId, kind: ItemKind, payload: &[u8]) -> (LinkItem, Said) {
        let item = ControlItem { salt: self.entropy.bytes32(), payload: payload.to_vec() };
        let sealed = seal_control(&item, &mut self.entropy).unwrap();
        let (oid, body) = (sealed.oid, sealed.body);
        let wrapped = self.wck.wrap(dst.as_bytes(), &oid, &body, &self.wc_id, &sealed.dek);
        let link = LinkItem {
            dst,
            lane: Lane::Routine,
            seq: 0,
            kind,
            body,
            wc: self.wc_id,
            oid,
            basis: basis_id(&self.basis),
            expires: None,
            terms: None,
        };
        let nowhere = Opening { index: 0, k: 0, slot: 0, path: vec![], r: [0; 32], entry: vec![] };
        (link, Said { opening: nowhere, wrapped, ct: sealed.ct })
    }

    /// Puts an entry into the ledger, as it is.
    pub(crate) fn log_entry(&mut self, entry: Vec<u8>, said: Said) -> usize {
        let index = self.size;
        let leaf = self.append(&[entry, b"overseers".to_vec()]);
        let opening = leaf.opening(index, 0).unwrap();
        self.said.push(Said { opening, ..said });
        self.said.len() - 1
    }

    /// Says something in a lane.
    pub(crate) fn say(&mut self, lane: Lane, payload: &[u8]) -> usize {
        self.say_with(lane, payload, |link| link)
    }

    /// Says something in a lane, after a change to its ledger entry.
    pub(crate) fn say_with(
        &mut self,
        lane: Lane,
        payload: &[u8],
        change: impl FnOnce(LinkItem) -> LinkItem,
    ) -> usize {
        let (link, said) = self.seal(ME, ItemKind::Receipt, payload);
        let seq = self.lanes[usize::from(lane.number())].reserve();
        let link = change(LinkItem { lane, seq, ..link });
        let no = self.log_entry(link.to_bytes(), said);
        let commitment = self.said[no].commitment();
        self.lanes[usize::from(lane.number())].commit(&[commitment]).unwrap();
        no
    }

    pub(crate) fn note(&self) -> Vec<u8> {
        let checkpoint =
            Checkpoint { origin: self.origin.clone(), size: self.size, root: self.root };
        sign(&self.log, &checkpoint, NOW).unwrap().into_bytes()
    }

    pub(crate) fn consistency_from(&self, from: u64) -> Consistency {
        let hashes = consistency(&self.tiles, from, self.size).unwrap();
        Consistency { from, to: self.size, hashes }
    }

    pub(crate) fn multiproof(&self, frames: &[ItemFrame<'_>]) -> Multiproof {
        let mut indices: Vec<u64> = frames.iter().map(|f| f.opening.index).collect();
        indices.sort_unstable();
        indices.dedup();
        Multiproof {
            size: self.size,
            hashes: multiproof(&self.tiles, &indices, self.size).unwrap_or_default(),
        }
    }

    pub(crate) fn evidence(&self, no: usize) -> Evidence {
        let opening = self.said[no].opening.clone();
        Evidence {
            note: self.note(),
            leaf_index: opening.index,
            path: inclusion(&self.tiles, opening.index, self.size).unwrap(),
            opening,
        }
    }

    /// Terms, sealed.
    pub(crate) fn terms(&self, code: &str) -> (Digest, Vec<u8>) {
        let terms = Terms {
            decision: Decision::Permit,
            agreement: entente_model::id::AgreementId::from_array([3; 32]),
            clauses: vec![],
            reason_codes: vec![code.to_owned()],
            obligations: vec![],
            variant: None,
        };
        self.wck.seal_terms(ME.as_bytes(), &terms, &self.wc_id)
    }

    /// A bundle of these items, for a receiver whose last checkpoint had size `last`.
    pub(crate) fn bundle(&self, items: &[usize], last: Option<u64>) -> Vec<u8> {
        let frames: Vec<ItemFrame<'_>> = items.iter().map(|no| self.said[*no].frame()).collect();
        self.bundle_of(&frames, &[], last)
    }

    pub(crate) fn bundle_of(
        &self,
        frames: &[ItemFrame<'_>],
        terms: &[TermsFrame<'_>],
        last: Option<u64>,
    ) -> Vec<u8> {
        let note = self.note();
        let proof = self.multiproof(frames);
        let consistency =
            last.filter(|last| *last < self.size).map(|last| self.consistency_from(last));
        assemble(&SendPlan {
            ledger: Some(LedgerView {
                note: &note,
                consistency: consistency.as_slice(),
                multiproof: Some(&proof),
            }),
            items: frames,
            wrap_contexts: std::slice::from_ref(&self.wc),
            terms,
            bases: std::slice::from_ref(&self.basis),
            ..SendPlan::empty(header())
        })
        .unwrap()
    }
}

pub(crate) fn header() -> Header {
    Header {
        src: PEER,
        dst: ME,
        link_epoch: 1,
        minor: 0,
        part: 0,
        parts: 1,
        created: NOW,
        profile: 0,
    }
}

/// What [`ME`] knows of a [`Sender`].
pub(crate) struct Receiver {
    pub(crate) log: LogPublic,
    pub(crate) origin: String,
    pub(crate) kem: entente_model::KeyId,
    pub(crate) last: Option<(u64, Digest)>,
    pub(crate) roots: BTreeMap<u64, Digest>,
    pub(crate) lanes: [LaneIn; 4],
    pub(crate) commitments: BTreeMap<(Lane, u64), Digest>,
    pub(crate) wrap_contexts: Vec<WrapContextId>,
}

impl Receiver {
    pub(crate) fn of(sender: &Sender) -> Self {
        Self {
            log: sender.log.public(),
            origin: sender.origin.clone(),
            kem: sender.kem.id(),
            last: None,
            roots: BTreeMap::new(),
            lanes: [LaneIn::restore(0, LANE_START); 4],
            commitments: BTreeMap::new(),
            wrap_contexts: Vec::new(),
        }
    }

    pub(crate) fn see<T>(&self, look: impl FnOnce(&PeerView<'_>) -> T) -> T {
        look(&PeerView {
            me: ME,
            peer: PEER,
            origin: &self.origin,
            log: &self.log,
            last: self.last,
            lanes: self.lanes,
            knows_wrap_context: &|wc| self.wrap_contexts.contains(wc),
            holds_kem_key: &|key, at| *key == self.kem && at == NOW,
            commitment_at: &|lane, seq| self.commitments.get(&(lane, seq)).copied(),
            root_at: &|size| self.roots.get(&size).copied(),
        })
    }
}

pub(crate) fn oid(byte: u8) -> ObjectId {
    ObjectId::from_array([byte; 32])
}

pub(crate) fn nation(byte: u8) -> NationId {
    NationId::from_array([byte; 32])
}

pub(crate) fn node(byte: u8) -> NodeId {
    NodeId::from_array([byte; 32])
}
