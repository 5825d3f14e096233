//! The document of a benchmark.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::limits::Limits;
use super::machine::Machine;
use super::stats::rounded;
use super::{Bench, PublishSize};
use crate::output::Report;

/// What a benchmark found.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    bench: &'static str,
    args: Value,
    machine: Machine,
    method: String,
    repeats: usize,
    metrics: Vec<Metric>,
    limits: Vec<Limit>,
    ratios: Vec<Ratio>,
    targets: Vec<Target>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Metric {
    name: String,
    stat: &'static str,
    value: f64,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
struct Limit {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
struct Ratio {
    name: String,
    value: f64,
    of: String,
}

#[derive(Debug, Serialize)]
struct Target {
    id: &'static str,
    op: &'static str,
    want: f64,
    value: f64,
    met: bool,
}

/// How a target is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// As much as this.
    AtLeast,
    /// No more than this.
    AtMost,
}

impl BenchReport {
    pub(super) fn new(bench: &Bench, machine: Machine) -> Self {
        let (bench, args) = named(bench);
        Self {
            bench,
            args,
            machine,
            method: String::new(),
            repeats: 1,
            metrics: Vec::new(),
            limits: Vec::new(),
            ratios: Vec::new(),
            targets: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says what was done, and how often.
    pub(super) fn method(&mut self, method: impl Into<String>, repeats: usize) {
        self.method = method.into();
        self.repeats = repeats;
    }

    /// Something that a reader of the numbers must know.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A number. `stat` says what it is of its repeats: `p50`, `p99`, `median`, `total`.
    pub(super) fn metric(
        &mut self,
        name: impl Into<String>,
        stat: &'static str,
        value: f64,
        unit: &'static str,
    ) {
        let value = rounded(value);
        self.metrics.push(Metric { name: name.into(), stat, value, unit });
    }

    /// One number in terms of another.
    pub(super) fn ratio(&mut self, name: impl Into<String>, value: f64, of: impl Into<String>) {
        self.ratios.push(Ratio { name: name.into(), value: rounded(value), of: of.into() });
    }

    /// A target, and whether it was met.
    pub(super) fn target(&mut self, id: &'static str, want: Want, wanted: f64, value: f64) {
        let (op, met) = match want {
            Want::AtLeast => (">=", value >= wanted),
            Want::AtMost => ("<=", value <= wanted),
        };
        self.targets.push(Target { id, op, want: rounded(wanted), value: rounded(value), met });
    }

    pub(super) fn limits(&mut self, limits: &Limits) {
        let mut limit = |name, value, unit| {
            self.limits.push(Limit { name, value: rounded(value), unit });
        };
        limit("fsync_p50", limits.fsync_p50_ms, "ms");
        limit("disk_write", limits.disk_mb_s, "MB/s");
        limit("sha256", limits.sha256_mb_s, "MB/s");
        limit("json_parse", limits.json_mb_s, "MB/s");
    }
}

fn named(bench: &Bench) -> (&'static str, Value) {
    match bench {
        Bench::Publish(PublishSize { objects, partners, batch, desks, compared }) => (
            "publish",
            json!({
                "objects": objects,
                "partners": partners,
                "batch": batch,
                "desks": desks,
                "partners_list": compared,
            }),
        ),
        Bench::Propagate { objects, batched } => {
            ("propagate", json!({ "objects": objects, "batched": batched }))
        }
        Bench::Ledger { entries } => ("ledger", json!({ "entries": entries })),
        Bench::Catchup { held, new, seconds_max } => {
            ("catchup", json!({ "held": held, "new": new, "seconds_max": seconds_max }))
        }
        Bench::Decide { decisions, objects, partners } => {
            ("decide", json!({ "decisions": decisions, "objects": objects, "partners": partners }))
        }
        Bench::Prove { agreements } => ("prove", json!({ "agreements": agreements })),
        Bench::Idle { seconds } => ("idle", json!({ "seconds": seconds })),
    }
}

impl Report for BenchReport {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        writeln!(page, "{}: {}", self.bench, self.method)?;
        for Metric { name, stat, value, unit } in &self.metrics {
            writeln!(page, "  {name:<38} {value:>12} {unit:<12} {stat}")?;
        }
        writeln!(page, "This machine:")?;
        for Limit { name, value, unit } in &self.limits {
            writeln!(page, "  {name:<38} {value:>12} {unit}")?;
        }
        for Ratio { name, value, of } in &self.ratios {
            writeln!(page, "  {name:<38} {value:>12} of {of}")?;
        }
        if !self.targets.is_empty() {
            writeln!(page, "Targets:")?;
        }
        for Target { id, op, want, value, met } in &self.targets {
            let met = if *met { "met" } else { "MISSED" };
            writeln!(page, "  {id:<38} {value:>12} wanted {op} {want}: {met}")?;
        }
        for note in &self.notes {
            writeln!(page, "Note: {note}")?;
        }
        Ok(())
    }
}

#[test]
fn a_missed_target_is_reported_and_named() {
    let machine = super::machine::describe();
    let mut report = BenchReport::new(&Bench::Idle { seconds: 1 }, machine);
    report.target("memory", Want::AtMost, 64.0, 70.0);
    report.target("speed", Want::AtLeast, 10.0, 10.0);
    let document = serde_json::to_value(&report).unwrap();
    let met: Vec<_> = document["targets"].as_array().unwrap().iter().map(|t| &t["met"]).collect();
    assert_eq!(met, [&Value::Bool(false), &Value::Bool(true)]);
    let mut page = String::new();
    report.people(&mut page).unwrap();
    assert!(page.contains("MISSED"), "{page}");
}
