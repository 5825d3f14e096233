//! Catching up: what two nodes that hold the same take to find that out, and to carry what is new.

use std::time::Duration;

use anyhow::bail;
use entente_formats::{Limits, OnBad};
use entente_store::Store;

use super::indicators::{self, BUNDLES};
use super::nation::{ANALYST, Nation};
use super::report::{BenchReport, Want};
use super::stats::{count, median, millis, percentile, rate};
use super::{Lab, alliance, machine};
use crate::ambient::monotonic;

const BATCH: usize = 1000;
/// Batches that are published while those before are delivered, as the nodes are filled.
const AHEAD: usize = 10;
const EMPTY_REPEATS: usize = 51;

pub(super) fn run(
    lab: &Lab<'_>,
    held: usize,
    new: usize,
    seconds_max: u64,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    lab.say("Founding two nations.");
    let one = Nation::begin(&lab.room.path().join("one"), "XAR".parse()?)?;
    let other = Nation::begin(&lab.room.path().join("other"), "XBR".parse()?)?;
    alliance::ally(&one, &other)?;
    let bundles: Vec<Vec<u8>> = (0..BUNDLES).map(|seed| indicators::bundle(BATCH, seed)).collect();

    lab.say(&format!("Filling both with {held} objects."));
    let started = monotonic();
    let patience = Duration::from_secs(seconds_max);
    let mut published = 0;
    while published < held && started.elapsed() < patience {
        let (from, upto) = (published, held.min(published + AHEAD * BATCH));
        published = std::thread::scope(|scope| {
            let publisher = scope.spawn(|| publish_upto(&one, &bundles, from, upto));
            deliver(&one, &other)?;
            publisher.join().unwrap_or_else(|_| bail!("publishing broke down"))
        })?;
        if published.is_multiple_of(AHEAD * BATCH * 5) {
            lab.say(&format!("  {published} published after {} s", started.elapsed().as_secs()));
        }
    }
    deliver(&one, &other)?;
    let held_now = holds(&other)?;
    if held_now != published {
        bail!("{published} objects were delivered, but {held_now} are held");
    }
    if published < held {
        report.note(format!(
            "{published} objects instead of {held} were held: more did not fit into {seconds_max} \
             seconds (--seconds-max)"
        ));
    }
    report.metric("held", "total", count(published), "objects");

    let mut empty = Vec::with_capacity(EMPTY_REPEATS);
    for _ in 0..EMPTY_REPEATS {
        let started = monotonic();
        if alliance::exchange(&one, &other)? != 0 {
            bail!("an empty catch-up carried items");
        }
        empty.push(millis(started.elapsed()));
    }
    report.metric("empty_catchup", "p50", median(&empty), "ms");
    report.metric("empty_catchup", "p99", percentile(&empty, 99), "ms");

    lab.say(&format!("Publishing {new} more, and delivering them."));
    let fresh = publish_upto(&one, &bundles, 0, new)?;
    let mut processes = vec![std::process::id()];
    processes.extend([&one, &other].map(|nation| nation.keys.process_id()));
    let cpu = || processes.iter().map(|id| machine::computed(*id)).sum::<Duration>();
    let before = cpu();
    let started = monotonic();
    deliver(&one, &other)?;
    let taken = started.elapsed();
    let computed = cpu().saturating_sub(before);
    if holds(&other)? != published + fresh {
        bail!("not everything that was new arrived");
    }
    report.metric("new", "total", count(fresh), "objects");
    report.metric("catchup", "total", taken.as_secs_f64(), "s");
    report.metric("catchup_objects_per_s", "total", rate(fresh, taken), "1/s");
    report.metric("catchup_cpu_ms_per_object", "total", millis(computed) / count(fresh), "ms");
    report.ratio("empty_catchup", median(&empty) / lab.limits.fsync_p50_ms, "fsync_p50");
    report.target("empty_catchup_ms", Want::AtMost, 100.0, median(&empty));
    report.method(
        format!(
            "two nodes in one process, each with its own folder, durable databases and key \
             process. An empty catch-up is a bundle there, verified and taken in, and its answer \
             back, taken in too, at {published} objects held by both. What is new was published \
             before the clock starts; it ends when the last is held and receipted."
        ),
        EMPTY_REPEATS,
    );
    Ok(())
}

fn publish(nation: &Nation, bundles: &[Vec<u8>], place: usize) -> anyhow::Result<usize> {
    let Some(bundle) = bundles.get(place / BATCH % bundles.len().max(1)) else { return Ok(0) };
    let hint = entente_formats::sniff(bundle, Some("feed.json"));
    let split = entente_formats::split(bundle, &hint, &Limits::default(), OnBad::RefuseAll)?;
    let actor = nation.actor(ANALYST)?;
    Ok(nation.node.publish(&actor, &nation.order()?, &split.pieces)?.objects.len())
}

/// Publishes batch after batch; says where it ended.
fn publish_upto(
    nation: &Nation,
    bundles: &[Vec<u8>],
    from: usize,
    upto: usize,
) -> anyhow::Result<usize> {
    let mut place = from;
    while place < upto {
        place += publish(nation, bundles, place)?;
    }
    Ok(place)
}

/// Carries everything from one to the other, and the receipts back.
fn deliver(one: &Nation, other: &Nation) -> anyhow::Result<()> {
    while alliance::exchange(one, other)? > 0 {
        other.settle()?;
    }
    alliance::quiet(one, other)
}

fn holds(nation: &Nation) -> anyhow::Result<usize> {
    let (_, received) = nation.node.store().read(|work| work.object_counts())?;
    Ok(usize::try_from(received)?)
}
