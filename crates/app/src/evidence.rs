//! Stand-alone evidence: keeping what proves an item, and writing it into one file for a court or
//! an auditor who has neither a node nor our word.
//!
//! What a partner's ledger said is kept when it arrives: the slot's opening, and the proof parted
//! from the bundle's. The checkpoint beside it is kept once for all items that came with it.

use entente_exchange::evidence::EvidenceFile;
use entente_exchange::verify::{VerifiedBundle, VerifiedItem};
use entente_ledger::evidence::Evidence;
use entente_ledger::note::Note;
use entente_ledger::proof;
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::item::{Basis, ItemKind, LinkItem, Opening};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, Manifest, NationCode, NationId, NodeId, ObjectId, Terms};
use entente_seal::digest;
use entente_store::rows::ObjectRow;
use entente_store::{Store, Vault, Work};

use crate::access::Reading;
use crate::error::{AppError, Result};
use crate::gate::{READERS, unknown};
use crate::leaf::sent_to;
use crate::node::{Known, Node, event};
use crate::obligation;
use crate::people::{Actor, Role};
use crate::receive::chain_of;
use crate::sequencer::{LeafDraft, StoredTiles, proof_error};

/// Who may hand out more than the proof: an object's label, or its content.
const EXPORTERS: [Role; 2] = [Role::ReleaseOfficer, Role::LegalAdviser];

/// What is to be proved of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceOf {
    /// That it was released: by us to a partner, or by a partner to us.
    Release,
    /// That a partner acknowledged it.
    Receipt,
    /// What a partner did when it was recalled.
    Recall,
}

/// How much of the object itself goes with the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enclosed {
    /// Nothing: the ledger's word only.
    Nothing,
    /// Its manifest, with the label.
    Label,
    /// Its manifest and its content.
    Content,
}

/// A request for evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceOrder {
    /// The object.
    pub oid: ObjectId,
    /// What of it.
    pub of: EvidenceOf,
    /// The partner; may be left out if only one can be meant.
    pub to: Option<NationCode>,
    /// How much goes with it.
    pub enclosed: Enclosed,
}

/// An evidence file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenEvidence {
    /// The file.
    pub text: String,
    /// The nation whose ledger it is from: who reads it needs that nation's id.
    pub nation: NationId,
    /// The entry.
    pub leaf: u64,
    /// Witnesses whose cosignatures are in it.
    pub witnesses: usize,
}

/// What proves an item of a partner's ledger, as it is kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    opening: Opening,
    path: Vec<Digest>,
    size: u64,
    control: Option<Vec<u8>>,
}

impl Wire for Kept {
    const NAME: &'static str = "kept evidence";
    const BYTES_MAX: usize = (1 << 20) + (16 << 10);

    fn write(&self, w: &mut Writer) {
        w.array(5)
            .uint(1)
            .value(&self.opening)
            .list(&self.path, |w, d| d.write(w))
            .uint(self.size)
            .optional(self.control.as_ref(), |w, c| {
                w.bytes(c);
            });
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(5, |r| {
            r.uint_to(1, "the version")?;
            Ok(Self {
                opening: r.value()?,
                path: r.list(Reader::value)?,
                size: r.uint()?,
                control: r.optional(|r| r.bytes().map(<[u8]>::to_vec))?,
            })
        })
    }
}

/// Whether an item of this kind is worth proving to others.
const fn is_provable(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Object | ItemKind::Receipt | ItemKind::RecallEffect)
}

/// What proves an item that came in a bundle.
pub(crate) fn kept(
    verified: &VerifiedBundle<'_>,
    item: &VerifiedItem<'_>,
    control: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let opening = item.opening().clone();
    let path = verified.path(opening.index)?.to_vec();
    let size = verified.checkpoint()?.size();
    Some(Kept { opening, path, size, control: control.map(<[u8]>::to_vec) }.to_bytes())
}

fn note_name(origin: &str, size: u64) -> String {
    format!("evidence/{origin}/{size}")
}

fn lines(note: &[u8]) -> usize {
    Note::parse(note).map_or(0, |note| note.signatures().len())
}

/// Keeps what the items of a bundle need to be proved later: the checkpoint, once, and again when
/// it comes with more cosignatures; and the grounds that they name.
pub(crate) fn keep_shared(
    work: &mut dyn Work,
    origin: &str,
    verified: &VerifiedBundle<'_>,
) -> Result<()> {
    let Some(checkpoint) = verified.checkpoint() else { return Ok(()) };
    let name = note_name(origin, checkpoint.size());
    let held = work.setting(&name)?;
    let mut kept: Vec<&Basis> = Vec::new();
    for item in verified.items().filter(|item| is_provable(item.link().kind)) {
        if !kept.contains(&item.basis()) {
            kept.push(item.basis());
            let id = Digest::from_array(*item.link().basis.as_bytes());
            work.put_preimage(id, &item.basis().to_bytes())?;
        }
    }
    let is_better = held.as_ref().is_some_and(|held| lines(held) < lines(checkpoint.note()));
    if is_better || (held.is_none() && !kept.is_empty()) {
        work.put_setting(&name, checkpoint.note())?;
    }
    Ok(())
}

/// What the ledger says, before the rest of the file is put beside it.
struct Found {
    /// The nation whose ledger it is.
    nation: NationId,
    evidence: Evidence,
    control: Option<Vec<u8>>,
    release: Option<Evidence>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Writes the evidence of one thing that a ledger says of an object.
    ///
    /// The proof alone tells that the object exists, and who had it when. Its label or its content
    /// go with it only by whom a release officer or a legal adviser may hand them out, and that is
    /// recorded.
    pub fn write_evidence(
        &self,
        actor: &Actor,
        order: &EvidenceOrder,
        reading: &Reading,
    ) -> Result<WrittenEvidence> {
        actor.must_be(&READERS, "read holdings")?;
        if order.enclosed > Enclosed::Nothing {
            actor.must_act_as(&EXPORTERS, "hand out an object's label or content")?;
        }
        self.must_know(actor, order.oid)?;
        let known = self.known();
        let enclosed = self.enclosed(actor, order, reading)?;
        let file = self.store.read(|work| {
            let row = work.object(order.oid)?.ok_or_else(|| unknown(order.oid))?;
            let found = match order.of {
                EvidenceOf::Release => self.released(work, &known, &row, order.to)?,
                EvidenceOf::Receipt => self.receipted(work, &known, &row, order.to)?,
                EvidenceOf::Recall => self.answered(work, &known, &row, order.to)?,
            };
            self.complete(work, &known, &row, found, enclosed)
        })?;
        let (nation, file) = file;
        // What would not convince others is not handed out.
        let proven = file.verify(&file.seal(), Some(nation), self.now()).map_err(|e| {
            let why = chain_of(&e);
            AppError::Operator(format!("the evidence held does not convince: {why}"))
        })?;
        let written = WrittenEvidence {
            text: file.to_string(),
            nation,
            leaf: proven.index,
            witnesses: proven.witnesses.len(),
        };
        if order.enclosed > Enclosed::Nothing {
            self.record_export(actor, order, &written.text)?;
        }
        Ok(written)
    }

    fn record_export(&self, actor: &Actor, order: &EvidenceOrder, text: &str) -> Result<()> {
        let now = self.now();
        let what = if order.enclosed == Enclosed::Content { "label and content" } else { "label" };
        let note = NoteRecord {
            act: "evidence handed out".to_owned(),
            by: actor.name().to_owned(),
            about: format!("object {} with its {what}", order.oid),
            digest: Some(Digest::from_array(digest::sha256(text.as_bytes()))),
        };
        let leaf = LeafDraft { record: Record::new(RecordKind::Export, now, &note), item: None };
        self.record_with(&[leaf], |work, _| {
            let text = format!("evidence with its {what} was handed out by {}", actor.name());
            event(work, now, "export", text, (Some(order.oid), None))
        })
    }

    /// The object's manifest and content, as far as they are to go with the proof.
    fn enclosed(
        &self,
        actor: &Actor,
        order: &EvidenceOrder,
        reading: &Reading,
    ) -> Result<(Option<Manifest>, Option<Vec<u8>>)> {
        if order.enclosed == Enclosed::Nothing {
            return Ok((None, None));
        }
        let view = self.object(actor, order.oid, reading)?;
        for terms in view.all_terms() {
            obligation::must_allow(&self.known().policy, terms, obligation::Act::Export)?;
        }
        let (Some(manifest), Some(payload)) = (view.manifest, view.payload) else {
            return Err(AppError::invalid(format!(
                "object {} is not held here any more: its proof can be had without it",
                order.oid.short()
            )));
        };
        // To a court, too, another nation's object goes by that nation's leave.
        let own = manifest.nation == self.identity.nation;
        let is_bound = manifest.handling.orcon || manifest.handling.third_party;
        if !own && is_bound {
            return Err(AppError::Forbidden(
                "its originator controls where this object goes: ask it for the object, and hand \
                 out the proof without it"
                    .to_owned(),
            ));
        }
        if order.enclosed == Enclosed::Label && !manifest.parts.is_empty() {
            // The manifest holds their keys.
            return Err(AppError::invalid(
                "the label of an object with attachments goes only together with its content",
            ));
        }
        let content = (order.enclosed == Enclosed::Content).then_some(payload);
        Ok((Some(manifest), content))
    }

    /// The slot in which the object was released.
    fn released(
        &self,
        work: &dyn Work,
        known: &Known,
        row: &ObjectRow,
        to: Option<NationCode>,
    ) -> Result<Found> {
        let Some((from, _, _)) = row.source else {
            let node = self.recipient(work, known, row, to)?.dst;
            return Ok(Found {
                nation: self.identity.nation,
                evidence: self.own_slot(work, row, node)?,
                control: None,
                release: None,
            });
        };
        if to.is_some_and(|to| to != self.identity.code) {
            return Err(AppError::invalid(
                "the object was received: what is held is the proof of its release to us",
            ));
        }
        let kept = row.evidence.as_deref().ok_or_else(|| lacking("its release to us"))?;
        self.foreign(work, known, from, kept, None)
    }

    /// The receipt that covers the object.
    fn receipted(
        &self,
        work: &dyn Work,
        known: &Known,
        row: &ObjectRow,
        to: Option<NationCode>,
    ) -> Result<Found> {
        must_be_own(row)?;
        let link = self.recipient(work, known, row, to)?;
        let node = link.dst;
        let (_, kept) = work.receipt(node, link.lane, link.seq)?.ok_or_else(|| {
            AppError::NotFound("a receipt of that partner for this object".to_owned())
        })?;
        let release = self.own_slot(work, row, node)?;
        self.foreign(work, known, node, &kept, Some(release))
    }

    /// The partner's answer to the object's recall.
    fn answered(
        &self,
        work: &dyn Work,
        known: &Known,
        row: &ObjectRow,
        to: Option<NationCode>,
    ) -> Result<Found> {
        must_be_own(row)?;
        let answers: Vec<_> =
            work.effects(row.oid)?.into_iter().filter(|e| e.effect.is_some()).collect();
        let mut fitting = answers.iter().filter(|answer| {
            to.is_none_or(|to| known.nation(&answer.nation).is_some_and(|n| n.row.code == to))
        });
        let answer = match (fitting.next(), fitting.next()) {
            (Some(answer), None) => answer,
            (Some(_), Some(_)) => return Err(several(answers.iter().map(|a| &a.nation), known)),
            (None, _) => {
                return Err(AppError::NotFound("an answer to this object's recall".to_owned()));
            }
        };
        let kept = answer.effect.as_deref().unwrap_or_default();
        // Who holds it by way of another was sent nothing by us, and still answers to us.
        let was_sent = sent_to(work, row.leaf)?.iter().any(|link| link.dst == answer.node);
        let release = if was_sent { Some(self.own_slot(work, row, answer.node)?) } else { None };
        self.foreign(work, known, answer.node, kept, release)
    }

    /// The one that is meant.
    fn recipient(
        &self,
        work: &dyn Work,
        known: &Known,
        row: &ObjectRow,
        to: Option<NationCode>,
    ) -> Result<LinkItem> {
        let all = sent_to(work, row.leaf)?;
        let nation = |node: &NodeId| known.by_node(node).map(|n| n.row.nation);
        let code = |node: &NodeId| known.by_node(node).map(|n| n.row.code);
        let mut fitting = all.iter().filter(|link| to.is_none_or(|to| code(&link.dst) == Some(to)));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(_), Some(_)) => {
                let nations: Vec<NationId> =
                    all.iter().filter_map(|link| nation(&link.dst)).collect();
                Err(several(nations.iter(), known))
            }
            (None, _) => Err(AppError::NotFound(match to {
                Some(to) => format!("a release of object {} to {to}", row.oid.short()),
                None => format!("a release of object {}", row.oid.short()),
            })),
        }
    }

    /// A recipient's slot in our own ledger, under the checkpoint that most witnesses cosigned.
    fn own_slot(&self, work: &dyn Work, row: &ObjectRow, node: NodeId) -> Result<Evidence> {
        let absent = || AppError::NotFound("the entry that released it".to_owned());
        let leaf = row.leaf.ok_or_else(absent)?;
        let slot = self.slot_for(work, leaf, node)?.ok_or_else(absent)?;
        let mut best: Option<(usize, u64)> = None;
        let cosigned = work.cosignatures(COSIGNATURES_MAX)?;
        for (size, _, _) in cosigned.iter().filter(|(size, _, _)| *size > leaf) {
            let count = cosigned.iter().filter(|(other, _, _)| other == size).count();
            best = best.max(Some((count, *size)));
        }
        let Some((_, size)) = best else { return Ok(slot) };
        let Some(checkpoint) = work.checkpoint_at(size)? else { return Ok(slot) };
        let mut note = checkpoint.note;
        for (_, _, lines) in cosigned.iter().filter(|(other, _, _)| *other == size) {
            note.extend_from_slice(lines);
        }
        let path = proof::inclusion(&StoredTiles(work), leaf, size).map_err(proof_error)?;
        Ok(Evidence { note, path, ..slot })
    }

    /// A slot in a partner's ledger, as it was kept.
    fn foreign(
        &self,
        work: &dyn Work,
        known: &Known,
        node: NodeId,
        kept: &[u8],
        release: Option<Evidence>,
    ) -> Result<Found> {
        let Ok(Kept { opening, path, size, control }) = Kept::from_bytes(kept) else {
            return Err(lacking("this"));
        };
        let (nation, origin) = known
            .nations
            .values()
            .find_map(|nation| {
                let (_, state) = nation.chain.nodes().find(|(id, _)| *id == node)?;
                Some((nation.row.nation, state.spec.origin.clone()))
            })
            .ok_or_else(|| lacking("this"))?;
        let note = work.setting(&note_name(&origin, size))?.ok_or_else(|| lacking("this"))?;
        let evidence = Evidence { note, leaf_index: opening.index, path, opening };
        Ok(Found { nation, evidence, control, release })
    }

    /// Puts everything beside the proof that its reader needs.
    fn complete(
        &self,
        work: &dyn Work,
        known: &Known,
        row: &ObjectRow,
        found: Found,
        (manifest, content): (Option<Manifest>, Option<Vec<u8>>),
    ) -> Result<(NationId, EvidenceFile)> {
        let link = LinkItem::from_bytes(&found.evidence.opening.entry)?;
        let basis = work
            .preimage(Digest::from_array(*link.basis.as_bytes()))?
            .map(|bytes| Basis::from_bytes(&bytes))
            .transpose()?;
        let terms = match (link.terms, &row.terms) {
            (Some(named), Some(held)) => {
                Some(Terms::from_bytes(held)?).filter(|t| digest::terms_digest(t) == named)
            }
            (Some(named), None) => {
                work.preimage(named)?.map(|bytes| Terms::from_bytes(&bytes)).transpose()?
            }
            (None, _) => None,
        };
        // The ledger's nation first, then whoever else is named, each once.
        let mut nations = vec![found.nation];
        let mut add = |nation: Option<NationId>| {
            if let Some(nation) = nation
                && !nations.contains(&nation)
            {
                nations.push(nation);
            }
        };
        add(known.by_node(&link.dst).map(|n| n.row.nation));
        add(manifest.as_ref().and_then(|m| known.nation(&m.nation)).map(|n| n.row.nation));
        if found.release.is_some() {
            add(Some(self.identity.nation));
        }
        for name in cosigners(&found.evidence) {
            let of_name = |n: &&crate::node::Nation| {
                n.chain.nodes().any(|(_, state)| state.spec.origin == name)
            };
            add(known.nations.values().find(of_name).map(|n| n.row.nation));
        }
        let chains = nations
            .iter()
            .map(|n| work.statements(*n, 0))
            .collect::<std::result::Result<_, _>>()?;
        let file = EvidenceFile {
            evidence: found.evidence,
            chains,
            basis,
            terms,
            control: found.control,
            manifest: manifest.map(|m| m.to_bytes()),
            content,
            release: found.release,
        };
        Ok((found.nation, file))
    }
}

/// Cosignatures that are looked through for the checkpoint that most witnesses saw.
const COSIGNATURES_MAX: u64 = 1024;

/// The names under which a checkpoint is signed.
fn cosigners(evidence: &Evidence) -> Vec<String> {
    let Ok(note) = Note::parse(&evidence.note) else { return Vec::new() };
    note.signatures().iter().map(|line| line.name.clone()).collect()
}

fn must_be_own(row: &ObjectRow) -> Result<()> {
    if row.source.is_none() {
        return Ok(());
    }
    Err(AppError::invalid(
        "the object is another nation's: receipts and answers to recalls are proved by who sent it",
    ))
}

fn lacking(what: &str) -> AppError {
    AppError::NotFound(format!("evidence of {what}"))
}

fn several<'a>(nations: impl Iterator<Item = &'a NationId>, known: &Known) -> AppError {
    let codes: Vec<String> = nations.map(|nation| known.name_of(nation)).collect();
    AppError::invalid(format!("name the partner with --to: one of {}", codes.join(", ")))
}
