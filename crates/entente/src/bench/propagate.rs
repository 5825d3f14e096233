//! From one node to another over mutual TLS: how long until the partner's people see an object.

use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_api::local::LocalClient;
use entente_store::Store;
use entente_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use super::nation::{ANALYST, PURPOSE};
use super::report::{BenchReport, Want};
use super::server::{self, Server, list};
use super::stats::{count, median, millis, percentile, rate};
use super::{Lab, indicators};
use crate::ambient::{monotonic, pause};

const BATCH: usize = 1000;
/// How often the partner's database is looked at.
const LOOK: Duration = Duration::from_micros(200);
/// Between two objects: receipts, cosignatures and what else follows one come to rest.
const REST: Duration = Duration::from_millis(60);
/// After the last object the links are left to come to rest before the CPU is read.
const SETTLE: Duration = Duration::from_secs(3);
/// An object that takes longer than this is lost.
const LOST: Duration = Duration::from_mins(1);
/// CPU of both ends for an object in a batch, one fifth of a MISP pull (P6).
const BATCHED_CPU_MS: f64 = 0.39;
/// A release is durable in four steps here and two there, and computes a little (P10).
const FSYNCS: f64 = 6.0;
const COMPUTED_MS: f64 = 6.0;

pub(super) fn run(
    lab: &Lab<'_>,
    objects: usize,
    batched: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    report.method(
        format!(
            "two `entente serve` processes with key processes of their own, mutual TLS over \
             loopback. One object at a time is published over the local socket; the clock runs \
             from that call until the partner's database, looked at every {} us, shows it. \
             CPU is that of both nodes and both key processes, receipts, cosignatures and {} ms \
             of rest between objects included. Then batches of {BATCH}.",
            LOOK.as_micros(),
            REST.as_millis()
        ),
        objects,
    );
    let servers = server::allied(lab, &["XAR", "XBR"])?;
    let [sender, receiver] = servers.as_slice() else { bail!("two nodes are needed") };
    let desk = sender.desk(ANALYST)?;
    let partner = Partner::of(receiver)?;
    let cpu = || sender.computed() + receiver.computed();

    lab.say(&format!("Sending {objects} objects, one at a time."));
    pause(SETTLE);
    let before = cpu();
    let started = monotonic();
    let mut times = Vec::with_capacity(objects);
    let mut calls = Vec::with_capacity(objects);
    for place in 0..objects {
        let body = request(1, place as u64);
        let asked = monotonic();
        let answer = desk.call("publish", &body)?;
        calls.push(millis(asked.elapsed()));
        partner.await_object(&answer)?;
        times.push(millis(asked.elapsed()));
        pause(REST);
    }
    pause(SETTLE);
    let spent = cpu().saturating_sub(before);
    let idle = started.elapsed();
    report.metric("p50_ms", "p50", median(&times), "ms");
    report.metric("p99_ms", "p99", percentile(&times, 99), "ms");
    report.metric("publish_call", "p50", median(&calls), "ms");
    report.metric("cpu_ms", "mean", millis(spent) / count(objects), "ms");
    report.metric("single_run", "total", idle.as_secs_f64(), "s");
    let allowed = FSYNCS.mul_add(lab.limits.fsync_p50_ms, COMPUTED_MS);
    report.target("P10 p50_ms", Want::AtMost, allowed, median(&times));
    if median(&times) > allowed {
        report.note(format!(
            "P10: {:.1} of {:.1} ms pass until the call returns: four steps that are durable one \
             after another: vault, ledger, anchor, checkpoint",
            median(&calls),
            median(&times)
        ));
    }
    report.ratio("p50_ms", median(&times) / lab.limits.fsync_p50_ms, "fsync_p50");

    batches(lab, (sender, receiver), &desk, &partner, batched, report)
}

fn batches(
    lab: &Lab<'_>,
    (sender, receiver): (&Server, &Server),
    desk: &LocalClient,
    partner: &Partner,
    batched: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    let batches = batched.div_ceil(BATCH);
    if batches == 0 {
        return Ok(());
    }
    lab.say(&format!("Sending {} objects in batches.", batches * BATCH));
    let bodies: Vec<Value> = (0..batches).map(|seed| request(BATCH, seed as u64)).collect();
    let cpu = || sender.computed() + receiver.computed();
    let before = cpu();
    let started = monotonic();
    for body in &bodies {
        let answer = desk.call("publish", body)?;
        partner.await_object(&answer)?;
    }
    let taken = started.elapsed();
    pause(SETTLE);
    let spent = millis(cpu().saturating_sub(before)) / count(batches * BATCH);
    report.metric("batched_cpu_ms", "mean", spent, "ms");
    report.metric("batched_objects_per_s", "total", rate(batches * BATCH, taken), "1/s");
    report.target("P6 cpu_ms_per_object", Want::AtMost, BATCHED_CPU_MS, spent);
    Ok(())
}

fn request(objects: usize, seed: u64) -> Value {
    let bundle = indicators::bundle(objects, seed);
    json!({
        "files": [{ "name": "feed.json", "content": STANDARD.encode(bundle) }],
        "label": "OPEN",
        "purpose": PURPOSE,
    })
}

/// The partner's database, looked at from outside.
struct Partner {
    store: SqliteStore,
}

impl Partner {
    fn of(server: &Server) -> anyhow::Result<Self> {
        let config = server.folder.config()?;
        Ok(Self { store: SqliteStore::inspect(&config.data.database)? })
    }

    /// Waits until the last object of an answer is held.
    fn await_object(&self, answer: &Value) -> anyhow::Result<()> {
        let oid = list(answer, "objects")
            .last()
            .and_then(|object| object.get("object")?.as_str())
            .context("nothing was published")?
            .parse()?;
        let started = monotonic();
        while self.store.read(|work| work.object(oid))?.is_none() {
            if started.elapsed() > LOST {
                bail!("the partner did not get an object within {} s", LOST.as_secs());
            }
            pause(LOOK);
        }
        Ok(())
    }
}
