//! The ledger alone: appending, signing, proving, checking.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use entente_app::leaf::{Contexts, LeafOpening};
use entente_app::sequencer::{self, ItemDraft, LeafDraft, StoredTiles, proof_error};
use entente_ledger::{checkpoint, proof, tree};
use entente_model::codec::Wire as _;
use entente_model::item::{ItemKind, Lane, Opening};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{
    BasisId, BodyDigest, Clock as _, Digest, Entropy as _, NodeId, ObjectId, WrapContextId,
};
use entente_seal::slot;
use entente_store::rows::{CheckpointRow, ReleaseContextRow};
use entente_store::{Store, StoreError};

use super::nation::Nation;
use super::report::{BenchReport, Want};
use super::stats::{count, median, millis, percentile, rate};
use super::{Lab, machine};
use crate::ambient::{OsEntropy, SystemClock, monotonic};

/// Entries appended in one transaction.
const BATCH: usize = 1000;
/// Entries appended one by one.
const SINGLE: usize = 100;
/// What an inclusion proof's check takes pymerkle, in µs.
const PYMERKLE_US: f64 = 14.0;

pub(super) fn run(lab: &Lab<'_>, entries: usize, report: &mut BenchReport) -> anyhow::Result<()> {
    let batches = entries.div_ceil(BATCH).max(1);
    report.method(
        format!(
            "entries that release an item to one partner each (a leaf of eight slots, its \
             opening, the outbox) are appended to a real node's ledger, {BATCH} to a \
             transaction, and the head is signed and stored after each; then {SINGLE} one by \
             one. Checking is on one core: each leaf's opening, and one multiproof for {BATCH}."
        ),
        batches,
    );
    lab.say("Founding a nation.");
    let nation = Nation::begin(&lab.room.path().join("ledger"), "XAR".parse()?)?;
    let fence = nation.node.store().write(|work| work.take_fence())?;
    let context = context();
    lab.say(&format!("Appending {} entries.", batches * BATCH));
    let me = std::process::id();
    let before = machine::computed(me) + machine::computed(nation.keys.process_id());
    let mut times = Vec::with_capacity(batches);
    for _ in 0..batches {
        times.push(append(&nation, fence, &context, BATCH)?);
    }
    let cpu = (machine::computed(me) + machine::computed(nation.keys.process_id()))
        .saturating_sub(before);
    let all: Duration = times.iter().sum();
    let per_s = rate(batches * BATCH, all);
    let batch: Vec<f64> = times.iter().copied().map(millis).collect();
    report.metric("entries_per_s", "total", per_s, "1/s");
    report.metric("integration_batch", "p50", median(&batch), "ms");
    report.metric("integration_batch", "p99", percentile(&batch, 99), "ms");
    report.metric("cpu_ms_per_entry", "total", millis(cpu) / count(batches * BATCH), "ms");

    let mut singles = Vec::with_capacity(SINGLE);
    for _ in 0..SINGLE {
        singles.push(millis(append(&nation, fence, &context, 1)?));
    }
    report.metric("integration_single", "p50", median(&singles), "ms");
    report.metric("integration_single", "p99", percentile(&singles, 99), "ms");

    lab.say("Checking.");
    let (leaves_per_s, inclusion_us, signed_us) = check(&nation, batches * BATCH)?;
    report.metric("leaves_verified_per_s", "median", leaves_per_s, "1/s");
    report.metric("inclusion_check", "median", inclusion_us, "us");
    report.metric("checkpoint_check", "median", signed_us, "us");

    report.target("P11 entries_per_s", Want::AtLeast, 5_000.0, per_s);
    report.target("P11 integration_p50_ms", Want::AtMost, 100.0, median(&batch));
    report.target("P11 inclusion_check_us", Want::AtMost, PYMERKLE_US, inclusion_us);
    report.ratio("integration_single", median(&singles) / lab.limits.fsync_p50_ms, "fsync_p50");
    Ok(())
}

fn context() -> Arc<ReleaseContextRow> {
    Arc::new(ReleaseContextRow {
        dst: NodeId::from_array(OsEntropy.bytes32()),
        lane: Lane::Routine,
        wc: WrapContextId::from_array([7; WrapContextId::LEN]),
        basis: BasisId::from_array(OsEntropy.bytes32()),
        terms: Some(Digest::from_array(OsEntropy.bytes32())),
        terms_sealed: None,
    })
}

/// Appends entries in one transaction and has the head signed and stored.
fn append(
    nation: &Nation,
    fence: u64,
    context: &Arc<ReleaseContextRow>,
    entries: usize,
) -> anyhow::Result<Duration> {
    let now = SystemClock.now();
    let note = NoteRecord {
        act: "measured".to_owned(),
        by: "bench".to_owned(),
        about: "one entry of many".to_owned(),
        digest: None,
    };
    let record = Record::new(RecordKind::Decision, now, &note);
    let drafts: Vec<LeafDraft> = (0..entries)
        .map(|_| LeafDraft {
            record: record.clone(),
            item: Some(ItemDraft {
                kind: ItemKind::Object,
                oid: ObjectId::from_array(OsEntropy.bytes32()),
                body: BodyDigest::from_array(OsEntropy.bytes32()),
                bytes: 2048,
                expires: None,
                recipients: vec![(Arc::clone(context), [0x5a; 48])],
            }),
        })
        .collect();
    let started = monotonic();
    nation
        .node
        .store()
        .write(|work| sequencer::append(work, fence, &mut || OsEntropy.bytes32(), &drafts, now))?;
    nation.node.sign_head()?.context("the head was not signed")?;
    Ok(started.elapsed())
}

/// Leaves a second, µs for an inclusion proof, µs for a checkpoint's two signatures.
fn check(nation: &Nation, entries: usize) -> anyhow::Result<(f64, f64, f64)> {
    let (row, openings) = nation.node.store().read(|work| {
        let row = work.checkpoint()?.ok_or(StoreError::Damaged("checkpoint"))?;
        let first = row.size.saturating_sub(entries.min(BATCH * 5) as u64);
        let mut contexts = Contexts::default();
        let mut openings: Vec<Opening> = Vec::new();
        for leaf in work.leaves(first, row.size - first)? {
            let stored = leaf.opening.ok_or(StoreError::Damaged("opening"))?;
            let opening = LeafOpening::from_bytes(&stored)?;
            openings.push(opening.opening(work, &mut contexts, leaf.index, 1)?);
        }
        Ok::<_, entente_app::AppError>((row, openings))
    })?;
    let mut speeds = Vec::new();
    for chunk in openings.chunks(BATCH) {
        speeds.push(leaves(nation, &row, chunk)?);
    }
    let inclusion = inclusion(nation, &row, &openings)?;
    Ok((median(&speeds), inclusion, signatures(nation, &row)?))
}

fn leaf_hash(opening: &Opening) -> anyhow::Result<Digest> {
    Ok(tree::leaf_hash(&slot::leaf_of_opening(opening).context("the opening is malformed")?))
}

fn leaves(nation: &Nation, row: &CheckpointRow, openings: &[Opening]) -> anyhow::Result<f64> {
    let indices: Vec<u64> = openings.iter().map(|opening| opening.index).collect();
    let path = nation.node.store().read(|work| {
        proof::multiproof(&StoredTiles(work), &indices, row.size).map_err(proof_error)
    })?;
    let started = monotonic();
    let leaves = openings
        .iter()
        .map(|opening| Ok((opening.index, leaf_hash(opening)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    proof::verify_multiproof(&leaves, row.size, &path, &row.root)?;
    Ok(rate(openings.len(), started.elapsed()))
}

fn inclusion(nation: &Nation, row: &CheckpointRow, openings: &[Opening]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for opening in openings.iter().take(BATCH) {
        let path = nation.node.store().read(|work| {
            proof::inclusion(&StoredTiles(work), opening.index, row.size).map_err(proof_error)
        })?;
        let leaf = leaf_hash(opening)?;
        let started = monotonic();
        proof::verify_inclusion(&leaf, opening.index, row.size, &path, &row.root)?;
        times.push(millis(started.elapsed()) * 1e3);
    }
    Ok(median(&times))
}

fn signatures(nation: &Nation, row: &CheckpointRow) -> anyhow::Result<f64> {
    let identity = nation.node.identity();
    let known = nation.node.known();
    let (_, state) = known
        .nation(&identity.nation)
        .and_then(|own| own.node())
        .context("the node does not know itself")?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = monotonic();
        checkpoint::verify(&row.note, &identity.origin, &state.spec.log)?;
        times.push(millis(started.elapsed()) * 1e3);
    }
    Ok(median(&times))
}
