//! Benchmarks: what this node does on this machine, measured with its own parts.
//!
//! Every number is of a real node: a folder on disk, a durable database, a key process of its
//! own, signed checkpoints, and, where two nodes meet, mutual TLS. Every run also measures the
//! limits of the machine (`limits.rs`) and the targets that it was set; a target that was missed
//! is reported and not hidden. `docs/guides/benchmarks.md` says how to read the documents.
//!
//! Nothing here is used by a node at work.

mod alliance;
mod catchup;
mod decide;
mod idle;
mod indicators;
mod ledger;
mod limits;
mod machine;
mod nation;
mod propagate;
mod prove;
mod publish;
mod report;
mod server;
mod stats;
mod timed;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::output::Output;

pub use report::BenchReport;

/// What is measured.
#[derive(Debug, Clone)]
pub enum Bench {
    /// Publishing in bulk.
    Publish(PublishSize),
    /// From one node to another, object by object and in batches.
    Propagate {
        /// Objects sent one by one.
        objects: usize,
        /// Objects sent in batches.
        batched: usize,
    },
    /// The ledger alone.
    Ledger {
        /// Entries appended in batches.
        entries: usize,
    },
    /// Catching up with a partner.
    Catchup {
        /// Objects that both hold before.
        held: usize,
        /// Objects that are new.
        new: usize,
        /// The time given to reach `held`.
        seconds_max: u64,
    },
    /// Decisions alone.
    Decide {
        /// Decisions with nothing remembered.
        decisions: usize,
        /// Mixed objects.
        objects: usize,
        /// Partners that they are decided for.
        partners: usize,
    },
    /// Proofs about agreements.
    Prove {
        /// How many agreements.
        agreements: usize,
    },
    /// A node that does nothing.
    Idle {
        /// How long it is watched.
        seconds: u64,
    },
}

/// How much is published, and to whom.
#[derive(Debug, Clone)]
pub struct PublishSize {
    /// Objects.
    pub objects: usize,
    /// Partners, all of whom receive every object.
    pub partners: usize,
    /// Objects in one bundle.
    pub batch: usize,
    /// Persons who publish at the same time.
    pub desks: usize,
    /// Numbers of partners whose cost is compared, fewest first; one number compares nothing.
    pub compared: Vec<usize>,
}

/// Runs a benchmark in a folder under `dir` that is removed afterwards.
pub fn run(bench: &Bench, dir: Option<PathBuf>, output: Output) -> anyhow::Result<BenchReport> {
    let room = Room::new(dir)?;
    let mut report = BenchReport::new(bench, machine::describe());
    if cfg!(debug_assertions) {
        report.note("measured with a debug build: the numbers say nothing about a release build");
    }
    if let Some(load) = machine::busy() {
        report.note(format!(
            "others were at work before the run (load {load}): times are longer than they need be"
        ));
    }
    output.progress(&"Measuring the limits of this machine.");
    let limits = limits::measure(room.path())?;
    let lab = Lab { room: &room, limits: &limits, output };
    match bench {
        Bench::Publish(size) => publish::run(&lab, size, &mut report)?,
        Bench::Propagate { objects, batched } => {
            propagate::run(&lab, *objects, *batched, &mut report)?;
        }
        Bench::Ledger { entries } => ledger::run(&lab, *entries, &mut report)?,
        Bench::Catchup { held, new, seconds_max } => {
            catchup::run(&lab, *held, *new, *seconds_max, &mut report)?;
        }
        Bench::Decide { decisions, objects, partners } => {
            decide::run(&lab, *decisions, *objects, *partners, &mut report)?;
        }
        Bench::Prove { agreements } => prove::run(&lab, *agreements, &mut report)?,
        Bench::Idle { seconds } => idle::run(&lab, *seconds, &mut report)?,
    }
    report.limits(&limits);
    Ok(report)
}

/// What every benchmark works with.
struct Lab<'a> {
    room: &'a Room,
    limits: &'a limits::Limits,
    output: Output,
}

impl Lab<'_> {
    fn say(&self, line: &str) {
        self.output.progress(&line);
    }
}

/// The folder that a run works in; removed when it is over.
struct Room(PathBuf);

impl Room {
    fn new(dir: Option<PathBuf>) -> anyhow::Result<Self> {
        // The disk that is measured is that of the current directory, not one in memory.
        let parent = dir.unwrap_or_else(|| PathBuf::from("."));
        std::fs::create_dir_all(&parent)
            .with_context(|| format!("the folder {} cannot be made", parent.display()))?;
        let room = parent.canonicalize()?.join(format!("entente-bench-{}", std::process::id()));
        std::fs::create_dir(&room)
            .with_context(|| format!("the folder {} cannot be made", room.display()))?;
        Ok(Self(room))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What cannot be removed is left to the person who named the folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
