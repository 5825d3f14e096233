//! Publishing in bulk: from a bundle's bytes to sealed objects in every partner's outbox.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use entente_app::publish::Order;
use entente_formats::{Limits, OnBad, Split};

use super::indicators::{self, BUNDLES};
use super::nation::{ANALYST, Nation};
use super::report::{BenchReport, Want};
use super::stats::{count, float, median, millis, rate};
use super::timed::KeyTime;
use super::{Lab, PublishSize, alliance, machine};
use crate::ambient::monotonic;
use crate::folder::Folder;

/// What one object may take on disk: 1.1 times what OpenTAXII takes with PostgreSQL (P15).
const DISK_BYTES_MAX: f64 = 1.1 * 1.9 * 1024.0;
/// Batches of each number of partners that are compared.
const COMPARED_BATCHES: usize = 5;

pub(super) fn run(
    lab: &Lab<'_>,
    size: &PublishSize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    let batches = size.objects.div_ceil(size.batch.max(1)).max(1);
    report.method(
        format!(
            "STIX bundles of {} indicators of about 1 KB go through formats, decision, sealing in \
             the key process, sequencing and the durable store to the outboxes of {} partners, \
             each of whom may have every object; {} desks publish at once. A stage's share is of \
             the sum of all desks' time; `decide` is that of a preview of the same batch, run \
             before the clock starts. Partners are identities without a node, whose signatures \
             and activations were laid into the database.",
            size.batch, size.partners, size.desks
        ),
        batches,
    );
    lab.say(&format!("Founding a nation with {} partners.", size.partners));
    let (nation, before) = prepared(lab, "main", size.partners)?;
    let bundles = bundles(size.batch);
    lab.say(&format!("Publishing {} objects.", batches * size.batch));
    let outcome = publish(&nation, &bundles, batches, size.desks)?;
    let objects = batches * size.batch;
    outcome.tell(report, objects);
    let per_s = rate(objects, outcome.wall);
    report.target("objects_per_s", Want::AtLeast, 10_000.0, per_s);
    let folder = nation.close();
    let taken = taken(&folder)?.saturating_sub(before);
    let bytes = float(taken) / count(objects);
    report.metric("disk_bytes_per_object", "total", bytes, "B");
    report.target("P15 disk", Want::AtMost, DISK_BYTES_MAX, bytes);
    if bytes > DISK_BYTES_MAX {
        report.note(
            "P15 disk: the sealed body alone takes 2120 bytes, because manifest and payload are \
             padded to 2 KiB; the rest is ledger, keys, outbox and unused room in the database's \
             pages",
        );
    }
    std::fs::remove_dir_all(folder.path())?;

    compare(lab, size, &bundles, report)?;
    report.ratio(
        "objects per fsync",
        per_s * lab.limits.fsync_p50_ms / 1e3,
        "one object for each fsync, one after another",
    );
    let bundle = bundles.first().map_or(0, Vec::len);
    let parse_mb_s = count(bundle * batches) / 1e6 / outcome.parse.as_secs_f64().max(1e-9);
    report.ratio("parse", parse_mb_s / lab.limits.json_mb_s, "json_parse");
    Ok(())
}

/// A nation with partners, ready to publish, and what its databases take by then.
fn prepared(lab: &Lab<'_>, name: &str, partners: usize) -> anyhow::Result<(Nation, u64)> {
    let nation = Nation::begin(&lab.room.path().join(name), "XAR".parse()?)?;
    let folder = alliance::with_partners(nation, partners)?.close();
    let before = taken(&folder)?;
    Ok((Nation::open(folder)?, before))
}

/// Bytes of a closed node's databases, whose write-ahead logs were folded in by the closing.
fn taken(folder: &Folder) -> anyhow::Result<u64> {
    let config = folder.config()?;
    let bytes = |file| std::fs::metadata(file).map(|data| data.len());
    Ok(bytes(&config.data.database)? + bytes(&config.data.vault)?)
}

fn bundles(batch: usize) -> Vec<Vec<u8>> {
    (0..BUNDLES).map(|seed| indicators::bundle(batch, seed)).collect()
}

/// Cost at several numbers of partners, batch by batch in turn (P7).
fn compare(
    lab: &Lab<'_>,
    size: &PublishSize,
    bundles: &[Vec<u8>],
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    let (Some(fewest), Some(most)) = (size.compared.first(), size.compared.last()) else {
        return Ok(());
    };
    if fewest == most {
        return Ok(());
    }
    let mut nations = Vec::new();
    for partners in &size.compared {
        lab.say(&format!("Founding a nation with {partners} partners."));
        let (nation, _) = prepared(lab, &format!("with-{partners}"), *partners)?;
        nations.push((*partners, nation, Vec::new(), Vec::new()));
    }
    lab.say(&format!("Publishing {COMPARED_BATCHES} batches to each in turn."));
    for round in 0..=COMPARED_BATCHES {
        for (_, nation, times, cpu) in &mut nations {
            let outcome = publish(nation, bundles, 1, 1)?;
            // The first round is to warm up.
            if round > 0 {
                times.push(millis(outcome.wall));
                cpu.push(millis(outcome.cpu_node + outcome.cpu_keys));
            }
        }
    }
    let mut costs = Vec::new();
    for (partners, nation, times, cpu) in nations {
        let cost = median(&times) * 1e3 / count(size.batch);
        report.metric(format!("us_per_object_to_{partners}"), "median", cost, "us");
        let cpu = cpu.iter().sum::<f64>() / count(cpu.len() * size.batch);
        report.metric(format!("cpu_ms_per_object_to_{partners}"), "mean", cpu, "ms");
        costs.push((partners, cost));
        let folder = nation.close();
        std::fs::remove_dir_all(folder.path())?;
    }
    if let (Some((one, cheap)), Some((many, dear))) = (costs.first(), costs.last()) {
        report.ratio(format!("cost to {many}"), dear / cheap, format!("cost to {one}"));
        if (*one, *many) == (1, 30) {
            report.target("P7", Want::AtMost, 3.0, dear / cheap);
        }
    }
    Ok(())
}

/// What publishing took.
#[derive(Default)]
struct Outcome {
    /// From the first byte to the last commit.
    wall: Duration,
    /// Each batch's time at its desk.
    batches: Vec<f64>,
    parse: Duration,
    decide: Duration,
    keys: KeyTime,
    publish: Duration,
    cpu_node: Duration,
    cpu_keys: Duration,
}

impl Outcome {
    fn tell(&self, report: &mut BenchReport, objects: usize) {
        report.metric("objects_per_s", "total", rate(objects, self.wall), "1/s");
        report.metric("batch", "p50", median(&self.batches), "ms");
        report.metric("batch", "p99", super::stats::percentile(&self.batches, 99), "ms");
        let busy = (self.parse + self.publish).as_secs_f64().max(1e-9);
        let keys = self.keys.seal + self.keys.sign + self.keys.other;
        let rest = self.publish.saturating_sub(self.decide + keys);
        for (stage, time) in [
            ("parse", self.parse),
            ("decide", self.decide),
            ("seal", self.keys.seal + self.keys.other),
            ("sign", self.keys.sign),
            ("sequence_and_store", rest),
        ] {
            report.metric(
                format!("share_{stage}"),
                "total",
                100.0 * time.as_secs_f64() / busy,
                "%",
            );
        }
        let each = |time: Duration| millis(time) / count(objects);
        report.metric("cpu_ms_per_object_node", "total", each(self.cpu_node), "ms");
        report.metric("cpu_ms_per_object_keys", "total", each(self.cpu_keys), "ms");
    }
}

/// Publishes batches at several desks at once.
fn publish(
    nation: &Nation,
    bundles: &[Vec<u8>],
    batches: usize,
    desks: usize,
) -> anyhow::Result<Outcome> {
    let order = nation.order()?;
    let decide = preview(nation, &order, bundles)?;
    nation.keys.take();
    let (me, keys) = (std::process::id(), nation.keys.process_id());
    let before = (machine::computed(me), machine::computed(keys));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Outcome::default());
    let started = monotonic();
    std::thread::scope(|scope| {
        let desks: Vec<_> = (0..desks.max(1))
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        if place >= batches {
                            return Ok::<(), anyhow::Error>(());
                        }
                        one(nation, &order, bundles, place, &done)?;
                    }
                })
            })
            .collect();
        for desk in desks {
            match desk.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a desk broke down"),
            }
        }
        Ok(())
    })?;
    let mut outcome = done.into_inner().unwrap_or_default();
    outcome.wall = started.elapsed();
    outcome.cpu_node = machine::computed(me).saturating_sub(before.0);
    outcome.cpu_keys = machine::computed(keys).saturating_sub(before.1);
    outcome.keys = nation.keys.take();
    outcome.decide = decide * u32::try_from(batches).unwrap_or(u32::MAX);
    Ok(outcome)
}

fn split(bundle: &[u8]) -> anyhow::Result<Split<'_>> {
    let hint = entente_formats::sniff(bundle, Some("feed.json"));
    Ok(entente_formats::split(bundle, &hint, &Limits::default(), OnBad::RefuseAll)?)
}

/// How long deciding a batch takes once the rules are warm.
fn preview(nation: &Nation, order: &Order, bundles: &[Vec<u8>]) -> anyhow::Result<Duration> {
    let actor = nation.actor(ANALYST)?;
    let bundle = bundles.first().context("there is nothing to publish")?;
    let split = split(bundle)?;
    nation.node.preview(&actor, order, &split.pieces)?;
    let started = monotonic();
    let preview = nation.node.preview(&actor, order, &split.pieces)?;
    let taken = started.elapsed();
    for weighed in preview.verdicts.iter().flat_map(|verdict| &verdict.nations) {
        if !weighed.goes() {
            bail!(
                "{} may not receive what is published: {}",
                weighed.code,
                weighed.ruling.explanation.join("; ")
            );
        }
    }
    Ok(taken)
}

fn one(
    nation: &Nation,
    order: &Order,
    bundles: &[Vec<u8>],
    place: usize,
    done: &Mutex<Outcome>,
) -> anyhow::Result<()> {
    let actor = nation.actor(ANALYST)?;
    let bundle = bundles.get(place % bundles.len().max(1)).context("there is no bundle")?;
    let started = monotonic();
    let split = split(bundle)?;
    let parsed = started.elapsed();
    nation.node.publish(&actor, order, &split.pieces)?;
    let all = started.elapsed();
    if let Ok(mut done) = done.lock() {
        done.parse += parsed;
        done.publish += all.saturating_sub(parsed);
        done.batches.push(millis(all));
    }
    Ok(())
}
