//! Publishing: from bytes and a label to sealed items in the outbox, or to a preview.
//!
//! Preview and dispatch are one function up to the decision: `Node::weigh` decides, and
//! [`Node::publish`] acts on exactly what it returned. Everything that was decided for one batch
//! is in one durable transaction (`protocol.md` 3.3, states S1 to S3), permitted or not: what was
//! given, and the tear-line and the variants that are made for those who may not have all of it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use entente_exchange::state::{Event, ObjectState};
use entente_formats::Piece;
use entente_law::Inputs;
use entente_law::case::{Consent, ConsentKind, Offence, Transfer, Use};
use entente_law::decider::ClassKey;
use entente_model::codec::{Extra, Wire, Writer};
use entente_model::item::{Basis, ItemKind, Lane};
use entente_model::record::{DecisionRecord, Record, RecordKind};
use entente_model::{
    BasisId, BodyDigest, Decision, Digest, Handling, Label, Manifest, NationCode, NationId, NodeId,
    ObjectId, ReleaseFacts, Terms, Timestamp,
};
use entente_seal::{digest, envelope};
use entente_store::rows::{ObjectRow, ReleaseContextRow};
use entente_store::{Store, Vault, Work};

use crate::error::{AppError, Result};
use crate::facts::note_uses;
use crate::keys::{SealJob, SealedJob, Shards, Target};
use crate::making::{Made, Making, TearLine, offer_tear_line};
use crate::node::{Known, Node, event, lock};
use crate::people::{Actor, Role};
use crate::said::must_fit;
use crate::sequencer::{ItemDraft, LeafDraft};
use crate::standing::{must_be_within, rules_used};
use crate::variant::{Family, Form};
use crate::weigh::Weighed;

/// What is to be published, apart from the pieces themselves.
#[derive(Debug, Clone)]
pub struct Order {
    /// The label of every piece.
    pub label: Label,
    /// The facts of every piece; its own type and number of records replace those here.
    pub facts: ReleaseFacts,
    /// The purpose that the release serves.
    pub purpose: String,
    /// Nations, bodies of theirs and agencies of our own that it is meant for; empty means every
    /// partner.
    pub to: Vec<(NationCode, Option<String>)>,
    /// What else the rules ask about the release.
    pub circumstances: Circumstances,
    /// How urgent it is.
    pub lane: Lane,
    /// Objects of ours that it replaces.
    pub supersedes: Vec<ObjectId>,
}

/// Circumstances of a release, apart from its purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Whether the recipients want it as evidence before a court.
    pub evidence: bool,
    /// The offence that it is about; the fact register says how our law punishes it.
    pub offence: Option<String>,
    /// The emergency that it answers; the fact register says whether it was declared.
    pub emergency: Option<String>,
    /// Nations that get none of it, whoever else does.
    pub exclude: Vec<NationCode>,
    /// Whether standing rules may add recipients.
    pub audience: Audience,
}

/// For whom a publication is meant, besides whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// Also for those whom standing rules add.
    #[default]
    WithRules,
    /// For those whom standing rules name, and nobody else.
    RulesAlone,
    /// Standing rules add nobody.
    Named,
}

/// What was decided for one class of pieces.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Whether the pieces are what was given, or were made of it.
    pub form: Form,
    /// What else there is to say of it, in sentences.
    pub notes: Vec<String>,
    /// The kind of intelligence.
    pub object_type: String,
    /// How many pieces.
    pub pieces: usize,
    /// For each nation, in order of code.
    pub nations: Vec<Weighed>,
    /// For each agency of our own that was named, in order of name.
    pub agencies: Vec<Weighed>,
}

impl Verdict {
    /// Everyone for whom it was decided.
    pub fn recipients(&self) -> impl Iterator<Item = &Weighed> {
        self.nations.iter().chain(&self.agencies)
    }
}

/// What publishing came to.
#[derive(Debug, Clone)]
pub struct Published {
    /// The objects, in the order of the pieces.
    pub objects: Vec<ObjectId>,
    /// Objects that were made of them, each with the one it was made of, and how.
    pub made: Vec<(ObjectId, ObjectId, Form)>,
    /// What was decided, class by class.
    pub verdicts: Vec<Verdict>,
    /// The leaf of the first object; none for a preview.
    pub first_leaf: Option<u64>,
}

/// Items under one wrap context at most (`protocol.md` 2.4).
const LINK_ITEMS_MAX: u64 = 1 << 20;
/// Bytes of content that are sealed by one request to the key process, besides one last object.
const SEALED_BYTES_AT_ONCE: usize = 8 << 20;
/// What a request and its answer hold for each recipient of an object.
const WRAP_BYTES: usize = 256;
/// How long a wrap context is used.
const LINK_MILLIS_MAX: u64 = 3_600_000;
/// Sealed terms that are remembered of one link.
const LINK_TERMS_MAX: usize = 256;

/// What is to be sealed, with its rows, and what each is of.
#[derive(Default)]
struct Drafts {
    jobs: Vec<SealJob>,
    rows: Vec<ObjectRow>,
    sources: Vec<Source>,
}

/// The class of an object, and the piece that it is or was made of.
struct Source {
    making: usize,
    piece: usize,
}

impl<S: Store, V: Vault> Node<S, V> {
    pub(crate) fn transfer(&self, actor: &Actor, order: &Order) -> Transfer {
        let mut transfer = Transfer::new(self.identity.code, actor.body(), order.purpose.as_str());
        transfer.exercise = order.facts.exercise;
        transfer.case_id.clone_from(&order.facts.case_id);
        let Circumstances { evidence, offence, emergency, .. } = &order.circumstances;
        transfer.use_ = if *evidence { Use::Evidence } else { Use::Intelligence };
        transfer.offence = offence.clone().map(Offence::unknown);
        transfer.emergency.clone_from(emergency);
        transfer
    }

    /// Refuses an order that names an emergency which nobody declared: it would otherwise be
    /// decided as if there were none.
    pub(crate) fn check_emergency(&self, known: &Known, order: &Order) -> Result<()> {
        let Some(emergency) = &order.circumstances.emergency else { return Ok(()) };
        if known.register.declares(self.now(), emergency, order.facts.case_id.as_deref()) {
            return Ok(());
        }
        Err(AppError::invalid(format!(
            "no emergency `{emergency}` is declared: a release officer does it with `entente fact \
             add emergency --about us --value {emergency}`"
        )))
    }

    /// Refuses what this node may not hold, as it refuses it from partners: nobody may bring onto a
    /// system what is above the level that it was approved for.
    pub(crate) fn check_accreditation(
        &self,
        known: &Known,
        label: &Label,
        facts: &ReleaseFacts,
    ) -> Result<()> {
        let most = self.identity.accreditation;
        let whole = (&label.marking, label.class);
        let portions = facts.portions.iter().map(|p| (&p.marking, p.class));
        let above = std::iter::once(whole).chain(portions).find(|(_, class)| *class > most);
        let Some((marking, _)) = above else { return Ok(()) };
        let scheme = known.policy.schemes.get(self.identity.code.as_str()).ok();
        let held = scheme.and_then(|s| (0..=most).rev().find_map(|level| s.marking(level)));
        Err(AppError::invalid(format!(
            "{marking} is above {}, the most that this node is accredited to hold: publish it at \
             a node that may hold it",
            held.unwrap_or("the level"),
        )))
    }

    /// Says who would receive what, and why; changes nothing.
    pub fn preview(&self, actor: &Actor, order: &Order, pieces: &[Piece<'_>]) -> Result<Published> {
        self.preview_with(actor, order, pieces, None)
    }

    /// The same with a tear-line.
    pub fn preview_with(
        &self,
        actor: &Actor,
        order: &Order,
        pieces: &[Piece<'_>],
        tear_line: Option<&TearLine<'_>>,
    ) -> Result<Published> {
        self.keep_time()?;
        let known = self.known();
        let makings = self.makings(actor, &known, order, pieces, tear_line, self.now())?;
        let mut verdicts: Vec<Verdict> = makings.into_iter().map(|m| m.verdict).collect();
        if tear_line.is_none() {
            offer_tear_line(&mut verdicts, pieces);
        }
        Ok(Published { objects: Vec::new(), made: Vec::new(), verdicts, first_leaf: None })
    }

    /// The same for an object that is not written yet: only its kind is known, and what the order
    /// says of it.
    pub fn preview_of_kind(
        &self,
        actor: &Actor,
        order: &Order,
        object_type: &str,
    ) -> Result<Published> {
        let piece = Piece {
            name: "preview".to_owned(),
            object_type: object_type.to_owned(),
            media_type: "application/octet-stream".to_owned(),
            payload: &[],
            title: String::new(),
            created: None,
            markings: Vec::new(),
            records: order.facts.records.max(1),
            exercise: order.facts.exercise,
            findings: Vec::new(),
        };
        self.preview(actor, order, &[piece])
    }

    /// Publishes the pieces: decides, seals, sequences, stores and queues them.
    pub fn publish(&self, actor: &Actor, order: &Order, pieces: &[Piece<'_>]) -> Result<Published> {
        self.publish_with(actor, order, pieces, None)
    }

    /// The same with a tear-line for those to whom the report itself does not go.
    pub fn publish_with(
        &self,
        actor: &Actor,
        order: &Order,
        pieces: &[Piece<'_>],
        tear_line: Option<&TearLine<'_>>,
    ) -> Result<Published> {
        actor.must_act_as(&[Role::Analyst, Role::ReleaseOfficer], "publish")?;
        if pieces.is_empty() {
            return Err(AppError::invalid("there is nothing to publish"));
        }
        self.must_have_room(order.lane)?;
        self.keep_time()?;
        let known = self.known();
        let now = self.now();
        let makings = self.makings(actor, &known, order, pieces, tear_line, now)?;
        let verdicts: Vec<Verdict> = makings.iter().map(|m| m.verdict.clone()).collect();
        let batch = self.batch(&known, order.lane, &verdicts, now)?;

        // S2: sealed. The key process makes the body keys and wraps them for those permitted.
        let drafts = self.drafts(&known, order, pieces.len(), &makings, &batch, now)?;
        let Drafts { jobs, mut rows, sources } = drafts;
        let _no_sweep = self.keeping.read().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.with_vault(|| {
            let (mut sealed, shards) = self.seal_all(jobs)?;
            let vault_keys: Vec<(ObjectId, Vec<u8>)> =
                sealed.iter_mut().map(|s| (s.oid, std::mem::take(&mut s.vault_key))).collect();
            self.vault.put(&shards, &vault_keys)?;
            Ok(sealed)
        })?;

        // S1 to S3 in one transaction.
        let mut leaves = Vec::with_capacity(sealed.len());
        for (job, source) in sealed.iter().zip(&sources) {
            let Some(shared) = batch.classes.get(source.making) else { continue };
            let rules = verdicts.get(source.making).map(rules_used).unwrap_or_default();
            let record = decision_record(&known, job.oid, shared, rules, now);
            let recipients =
                shared.contexts.iter().map(Arc::clone).zip(job.wraps.iter().copied()).collect();
            leaves.push(LeafDraft {
                record,
                item: Some(ItemDraft {
                    kind: ItemKind::Object,
                    oid: job.oid,
                    body: job.body,
                    bytes: job.ct.len() as u64,
                    expires: order_expiry(order),
                    recipients,
                }),
            });
        }
        let objects: Vec<ObjectId> = sealed.iter().take(pieces.len()).map(|s| s.oid).collect();
        let mut made = Vec::new();
        for (job, source) in sealed.iter().zip(&sources).skip(pieces.len()) {
            let (Some(making), Some(base)) =
                (makings.get(source.making), objects.get(source.piece))
            else {
                continue;
            };
            let form = making.verdict.form.clone();
            // The overseers see what was made of what; nobody else's slot tells it.
            leaves.push(self.note(
                RecordKind::Admin,
                now,
                "made of another object",
                actor.name(),
                &format!("object {} is a {} of object {base}", job.oid, form.describe()),
                Some(Digest::from_array(*job.oid.as_bytes())),
            ));
            made.push((job.oid, *base, form));
        }
        let news: Vec<Vec<News>> = verdicts.iter().map(|v| news(v, &verdicts)).collect();
        let first_leaf = self.record_with(&leaves, |work, first| {
            known.must_stand(work)?;
            batch.store(work, &known)?;
            for (making, (verdict, shared)) in verdicts.iter().zip(&batch.classes).enumerate() {
                let mut of_class = (first..).zip(&sources).filter(|(_, s)| s.making == making);
                let Some((from, _)) = of_class.next() else { continue };
                let to = of_class.last().map_or(from, |(leaf, _)| leaf);
                note_uses(work, verdict, shared.inputs.0, (from, to))?;
            }
            for ((leaf, job), (row, source)) in
                (first..).zip(&sealed).zip(rows.iter_mut().zip(&sources))
            {
                row.oid = job.oid;
                row.body = job.body;
                row.leaf = Some(leaf);
                work.put_object(row, &job.ct)?;
                if let Some(verdict) = verdicts.get(source.making) {
                    self.hold_at_home(work, row, actor.body(), &verdict.agencies, (leaf, now))?;
                    self.keep_by_rule(work, &known, verdict, (job.oid, leaf), now)?;
                }
                for News { kind, text, nation } in news.get(source.making).into_iter().flatten() {
                    event(work, now, kind, text.clone(), (Some(job.oid), *nation))?;
                }
            }
            must_be_within(work, &known, &verdicts, now)?;
            for older in &order.supersedes {
                supersede_own(work, *older, self.identity.nation)?;
            }
            for (oid, base, form) in &made {
                Family::link(work, *oid, *base, form)?;
            }
            Ok(first)
        })?;
        Ok(Published { objects, made, verdicts, first_leaf: Some(first_leaf) })
    }

    /// What is to be sealed: what was given, in the order of the pieces, then what was made of it.
    fn drafts(
        &self,
        known: &Known,
        order: &Order,
        pieces: usize,
        makings: &[Making<'_>],
        batch: &Batch,
        now: Timestamp,
    ) -> Result<Drafts> {
        let mut of_piece: Vec<Option<(usize, &Made<'_>)>> = vec![None; pieces];
        let mut rest = Vec::new();
        for (number, making) in makings.iter().enumerate() {
            for made in &making.payloads {
                match of_piece.get_mut(made.piece) {
                    Some(place) if making.verdict.form == Form::Whole => {
                        *place = Some((number, made));
                    }
                    _ => rest.push((number, made)),
                }
            }
        }
        let mut drafts = Drafts::default();
        for (number, made) in of_piece.into_iter().flatten().chain(rest) {
            let (Some(making), Some(shared)) = (makings.get(number), batch.classes.get(number))
            else {
                continue;
            };
            let going: Vec<&Weighed> = making.verdict.nations.iter().filter(|w| w.goes()).collect();
            let supersedes = self.superseded_for(known, order, &going, &making.verdict.form)?;
            let (manifest, stored) = self.manifest(order, making, made, supersedes, now)?;
            let oid = object_id(&manifest);
            let mut targets = Vec::with_capacity(shared.contexts.len());
            for (weighed, context) in going.iter().zip(&shared.contexts) {
                // INVARIANT: nothing is wrapped for a nation without the law's permit for
                // exactly this object and that nation.
                let permit = weighed.ruling.permit(oid, weighed.code).ok_or_else(|| {
                    AppError::Operator("a release without a permit was refused".to_owned())
                })?;
                targets.push(permitted(permit, &oid, weighed, context)?);
            }
            let marking = entente_law::marking::print_label(&making.label);
            let released_to = going.iter().map(|w| w.code.to_string()).collect();
            let row = ObjectRow { released_to, ..own_row(&manifest, oid, marking, now) };
            drafts.rows.push(row);
            drafts.jobs.push(SealJob::object(manifest, stored, targets));
            drafts.sources.push(Source { making: number, piece: made.piece });
        }
        Ok(drafts)
    }

    /// What an object says that it replaces: to those who hold a variant of what is replaced, that
    /// variant. What is made of a report names nothing that none of its recipients holds.
    fn superseded_for(
        &self,
        known: &Known,
        order: &Order,
        going: &[&Weighed],
        form: &Form,
    ) -> Result<Vec<ObjectId>> {
        if order.supersedes.is_empty() {
            return Ok(Vec::new());
        }
        self.store.read(|work| {
            let mut named = Vec::new();
            for older in &order.supersedes {
                if *form == Form::Whole {
                    named.push(*older);
                }
                let family = Family::of(work, *older)?.made.into_iter().map(|(oid, _)| oid);
                for oid in std::iter::once(*older).chain(family) {
                    let leaf = work.object(oid)?.and_then(|row| row.leaf);
                    let holders = self.holders(work, known, oid, leaf)?;
                    let held = going.iter().any(|w| holders.iter().any(|(n, _)| *n == w.node));
                    if held && !named.contains(&oid) {
                        named.push(oid);
                    }
                }
            }
            Ok(named)
        })
    }

    fn manifest(
        &self,
        order: &Order,
        making: &Making<'_>,
        piece: &Made<'_>,
        supersedes: Vec<ObjectId>,
        now: Timestamp,
    ) -> Result<(Manifest, Vec<u8>)> {
        let Making { label, facts, .. } = making;
        let bytes = piece.payload.len() as u64;
        if bytes > Manifest::PAYLOAD_BYTES_MAX {
            return Err(AppError::invalid(format!(
                "{} has {bytes} bytes; an object holds at most {} (larger attachments are not \
                 supported yet)",
                piece.name,
                Manifest::PAYLOAD_BYTES_MAX
            )));
        }
        let (stored, compressed) = envelope::prepare_payload(&piece.payload);
        let manifest = Manifest {
            salt: self.random(),
            nation: self.identity.nation,
            node: self.identity.node,
            agency: Some(making.agency.clone()),
            media_type: piece.media_type.to_owned(),
            payload_bytes: bytes,
            payload_sha256: Digest::from_array(digest::sha256(&piece.payload)),
            label: label.clone(),
            handling: Handling {
                orcon: label.control("ORCON").is_some(),
                third_party: true,
                purposes: vec![order.purpose.clone()],
                expires: None,
                retain_until: None,
                recall_class: 3,
                onward_hops_max: 0,
                personal_data: facts.personal_data,
                evidence: false,
            },
            created_at: now,
            supersedes,
            // Such links stay at home: they would tell that there is more.
            variant_of: None,
            tearline_of: None,
            parts: Vec::new(),
            links: Vec::new(),
            attestation: None,
            compressed,
            facts: facts.clone(),
            extra: Extra::default(),
        };
        must_fit(&manifest, "what is said of the object, with all that it replaces,")?;
        Ok((manifest, stored.into_owned()))
    }

    /// Seals in portions that one answer of the key process holds.
    fn seal_all(&self, jobs: Vec<SealJob>) -> Result<(Vec<SealedJob>, Shards)> {
        let mut jobs = jobs.into_iter().peekable();
        let (mut sealed, mut shards) = (Vec::new(), Vec::new());
        while jobs.peek().is_some() {
            let (mut portion, mut bytes) = (Vec::new(), 0);
            while let Some(job) = jobs.next_if(|_| bytes < SEALED_BYTES_AT_ONCE) {
                bytes += job.plain_bytes() + job.targets.len() * WRAP_BYTES;
                portion.push(job);
            }
            let (more, of_shards) = self.keys.seal(portion)?;
            sealed.extend(more);
            shards.extend(of_shards);
        }
        Ok((sealed, shards))
    }

    /// What the objects of each class share: inputs and outcomes of the decision, and for each
    /// nation permitted the context of its releases.
    pub(crate) fn batch(
        &self,
        known: &Known,
        lane: Lane,
        verdicts: &[Verdict],
        now: Timestamp,
    ) -> Result<Batch> {
        let mut classes = Vec::new();
        let mut bases: BTreeMap<BasisId, Basis> = BTreeMap::new();
        let mut given: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
        for verdict in verdicts {
            let (inputs, order) = inputs_of(known, verdict, now)?;
            let inputs = inputs.to_bytes();
            let outcomes: Vec<_> = order.iter().map(|w| w.ruling.outcome(w.code)).collect();
            let outcomes = Writer::new().list(&outcomes, |w, o| o.write(w)).clone().into_bytes();
            let mut contexts = Vec::new();
            for weighed in verdict.recipients().filter(|w| w.goes()) {
                let Some(terms) = weighed.ruling.terms() else { continue };
                must_fit(
                    &terms,
                    &format!("the terms towards {}, with all clauses,", weighed.name()),
                )?;
                given.insert(digest::terms_digest(&terms), terms.to_bytes());
                if weighed.at_home {
                    continue;
                }
                let basis = Basis {
                    policy_epoch: known.policy.epoch,
                    agreements: vec![terms.agreement],
                    assurance: 0,
                };
                let id = digest::basis_id(&basis);
                bases.insert(id, basis);
                let wc = self.link(known, weighed.node, now)?;
                let (digest, sealed) =
                    self.sealed_terms(Target { dst: weighed.node, wc }, &terms)?;
                contexts.push(Arc::new(ReleaseContextRow {
                    dst: weighed.node,
                    lane,
                    wc,
                    basis: id,
                    terms: Some(digest),
                    terms_sealed: Some(sealed),
                }));
            }
            classes.push(SharedClass {
                inputs: (digest::preimage(&inputs), inputs),
                outcomes: (digest::preimage(&outcomes), outcomes),
                contexts,
            });
        }
        Ok(Batch { classes, bases, terms: given })
    }

    /// A recipient's terms, sealed: by the key process when they are new on this link.
    fn sealed_terms(&self, target: Target, terms: &Terms) -> Result<(Digest, Vec<u8>)> {
        let digest = digest::terms_digest(terms);
        let known = lock(&self.links)
            .get(&target.dst)
            .filter(|link| link.wc == target.wc)
            .and_then(|link| link.terms.get(&digest).cloned());
        if let Some(sealed) = known {
            return Ok((digest, sealed));
        }
        let (digest, sealed) = self
            .keys
            .seal_terms(target, terms)
            .map_err(AppError::from)
            .inspect_err(|error| self.forget_links_after(error))?;
        if let Some(link) = lock(&self.links).get_mut(&target.dst)
            && link.wc == target.wc
        {
            if link.terms.len() >= LINK_TERMS_MAX {
                link.terms.clear();
            }
            link.terms.insert(digest, sealed.clone());
        }
        Ok((digest, sealed))
    }

    /// The wrap context of the link to a partner, opened anew when it is old or used up.
    pub(crate) fn link(
        &self,
        known: &Known,
        dst: NodeId,
        now: Timestamp,
    ) -> Result<entente_model::WrapContextId> {
        let mut links = lock(&self.links);
        if let Some(link) = links.get_mut(&dst)
            && now.since(link.opened) < LINK_MILLIS_MAX
            && link.items < LINK_ITEMS_MAX
        {
            link.items += 1;
            return Ok(link.wc);
        }
        let kem = known
            .by_node(&dst)
            .and_then(|n| n.chain.node(&dst))
            .and_then(|n| n.kem_key(now))
            .ok_or_else(|| {
                AppError::Partner(format!(
                    "node {} has no sealing key that is valid now: nothing can be sealed to it \
                     until it publishes a new one",
                    dst.short()
                ))
            })?;
        let (wc, context) = self.keys.open_link(
            self.identity.node,
            dst,
            kem.public.as_bytes().to_vec(),
            now.millis(),
            now,
        )?;
        self.store.write(|work| {
            work.put_wrap_context(&entente_store::rows::ContextRow {
                peer: dst,
                id: wc,
                frame: context.to_bytes(),
                at: now,
            })
        })?;
        links.insert(
            dst,
            crate::node::OpenLink { wc, opened: now, items: 1, terms: BTreeMap::new() },
        );
        Ok(wc)
    }
}

/// What was asked for a verdict, and the answers in the order in which it was asked: question by
/// question, in each by nation and agency.
fn inputs_of<'v>(
    known: &Known,
    verdict: &'v Verdict,
    at: Timestamp,
) -> Result<(Inputs, Vec<&'v Weighed>)> {
    let changed = || AppError::Operator("the rules changed while deciding; try again".to_owned());
    let mut groups: Vec<(ClassKey, Vec<&Weighed>)> = Vec::new();
    for weighed in verdict.recipients() {
        match groups.iter_mut().find(|(class, _)| *class == weighed.class) {
            Some((_, group)) => group.push(weighed),
            None => groups.push((weighed.class, vec![weighed])),
        }
    }
    let mut decider = lock(&known.policy.decider);
    let mut questions = Vec::with_capacity(groups.len());
    for (class, group) in &groups {
        let recipients: Vec<_> = group.iter().map(|w| decider.recipient(&w.recipient)).collect();
        let mut facts: Vec<Digest> = group.iter().flat_map(|w| &w.facts).copied().collect();
        facts.sort_unstable();
        facts.dedup();
        questions.push(decider.question(*class, &recipients, facts).ok_or_else(changed)?);
    }
    let order = groups.into_iter().flat_map(|(_, group)| group).collect();
    Ok((Inputs { at, questions }, order))
}

/// What the objects of one class share.
#[derive(Debug)]
pub(crate) struct SharedClass {
    pub(crate) inputs: (Digest, Vec<u8>),
    pub(crate) outcomes: (Digest, Vec<u8>),
    /// In the order of the nations permitted.
    pub(crate) contexts: Vec<Arc<ReleaseContextRow>>,
}

/// What a whole batch shares.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) classes: Vec<SharedClass>,
    pub(crate) bases: BTreeMap<BasisId, Basis>,
    /// The terms that were given, for whoever must prove them later.
    pub(crate) terms: BTreeMap<Digest, Vec<u8>>,
}

impl Batch {
    /// Keeps what the records and items refer to by digest.
    pub(crate) fn store(&self, work: &mut dyn Work, known: &Known) -> Result<()> {
        for class in &self.classes {
            work.put_preimage(class.inputs.0, &class.inputs.1)?;
            work.put_preimage(class.outcomes.0, &class.outcomes.1)?;
        }
        for (id, basis) in &self.bases {
            work.put_preimage(Digest::from_array(*id.as_bytes()), &basis.to_bytes())?;
        }
        for (id, terms) in &self.terms {
            work.put_preimage(*id, terms)?;
        }
        work.put_preimage(known.policy.epoch, &known.policy.epoch_preimage)?;
        Ok(())
    }
}

/// The id that an object with this manifest has.
pub fn object_id(manifest: &Manifest) -> ObjectId {
    let bytes = manifest.to_bytes();
    if manifest.facts.exercise {
        digest::exercise_object_id(&bytes)
    } else {
        digest::object_id(&bytes)
    }
}

/// The overseers' record of a decision.
pub(crate) fn decision_record(
    known: &Known,
    oid: ObjectId,
    shared: &SharedClass,
    rules: Vec<Digest>,
    now: Timestamp,
) -> Record {
    let decision = DecisionRecord {
        oid,
        policy_epoch: known.policy.epoch,
        inputs: shared.inputs.0,
        outcomes: shared.outcomes.0,
        // A standing rule is what two persons approved, and its digest names it.
        approvals: rules,
    };
    Record::new(RecordKind::Decision, now, &decision)
}

/// Spends a permit on the one thing that it allows.
#[expect(clippy::needless_pass_by_value, reason = "a permit is used up by its one use")]
pub(crate) fn permitted(
    permit: entente_law::ruling::Permit,
    oid: &ObjectId,
    weighed: &Weighed,
    context: &ReleaseContextRow,
) -> Result<Target> {
    if permit.oid() == *oid && permit.nation() == weighed.code && context.dst == weighed.node {
        Ok(Target { dst: weighed.node, wc: context.wc })
    } else {
        Err(AppError::Operator("a permit for another release was refused".to_owned()))
    }
}

fn order_expiry(order: &Order) -> Option<Timestamp> {
    order.label.review.filter(|_| order.label.control("EXPIRES").is_some())
}

/// The row of an object of ours, apart from what sealing and sequencing give it.
fn own_row(manifest: &Manifest, oid: ObjectId, marking: String, now: Timestamp) -> ObjectRow {
    ObjectRow {
        position: 0,
        oid,
        nation: manifest.nation,
        state: crate::state_code(ObjectState::UNKNOWN.apply(Event::Arrived)),
        object_type: manifest.facts.object_type.clone(),
        media_type: manifest.media_type.clone(),
        marking,
        class: manifest.label.class,
        bytes: manifest.payload_bytes,
        body: BodyDigest::from_array([0; 32]),
        at: now,
        leaf: None,
        source: None,
        terms: None,
        delete_at: manifest.handling.expires,
        evidence: None,
        agencies: manifest.agency.iter().cloned().collect(),
        released_to: Vec::new(),
    }
}

/// Marks an object of ours as replaced, with what was made of it.
fn supersede_own(work: &mut dyn Work, oid: ObjectId, own: NationId) -> Result<()> {
    for (made, _) in Family::of(work, oid)?.made {
        supersede_own(work, made, own)?;
    }
    let row = work
        .object(oid)?
        .filter(|row| row.nation == own)
        .ok_or_else(|| AppError::NotFound(format!("an object {} of ours", oid.short())))?;
    let state = ObjectState::from_code(row.state.into()).unwrap_or_default();
    work.set_object_state(oid, crate::state_code(state.apply(Event::Superseded)))?;
    Ok(())
}

/// What people are told of an object.
struct News {
    kind: &'static str,
    text: String,
    nation: Option<NationId>,
}

/// One event for each object, and one for each answer other than a permit.
fn news(verdict: &Verdict, all: &[Verdict]) -> Vec<News> {
    let sent: Vec<String> = verdict.recipients().filter(|w| w.goes()).map(Weighed::name).collect();
    // Of what was made it does not say so: who knows of it need not know of the whole.
    let what = &verdict.object_type;
    let text = if sent.is_empty() {
        format!("{what}: to nobody")
    } else {
        format!("{what} to {}", sent.join(", "))
    };
    let mut news = vec![News { kind: "released", text, nation: None }];
    for weighed in verdict.recipients().filter(|w| !w.goes()) {
        let instead = all
            .iter()
            .filter(|other| other.form != Form::Whole && other.object_type == verdict.object_type)
            .find(|o| o.nations.iter().any(|w| w.nation == weighed.nation && w.goes()))
            .filter(|_| verdict.form == Form::Whole);
        let denied = weighed.ruling.decision == Decision::Deny && instead.is_none();
        let kind = if denied { "refused" } else { "held" };
        let why = weighed.ruling.explanation.last().cloned().unwrap_or_default();
        let instead = instead
            .map_or_else(String::new, |made| format!("; it gets the {}", made.form.describe()));
        let text = format!(
            "{what} not to {}: {why} [{}]{instead}",
            weighed.name(),
            weighed.ruling.reason_codes.join(", ")
        );
        news.push(News { kind, text, nation: Some(weighed.nation) });
    }
    for note in &verdict.notes {
        news.push(News { kind: "held", text: format!("{what} {note}"), nation: None });
    }
    news
}

/// A consent of an originator, as the rules read it.
pub(crate) fn release_consent(from: NationCode, to: NationCode) -> Consent {
    Consent { kind: ConsentKind::Release, from: from.to_string(), to: vec![to.to_string()] }
}
