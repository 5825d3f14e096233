//! `entente bench`: what this node does on this machine.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::bench::{self, Bench, PublishSize};
use crate::output::{Exit, Failure, Output};

use super::Run;

/// Measure a node on this machine
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente bench publish --objects 100000 --partners 10 --batch 1000 --json
  entente bench propagate

Numbers are of the disk under --dir; nothing is left there.")]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
    /// The folder to work in, on the disk to be measured; without it the current one
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Publish in bulk: parse, decide, seal, sequence, store, queue
    #[command(
        after_help = "Example:\n  entente bench publish --objects 100000 --partners 10 --batch 1000"
    )]
    Publish {
        /// Objects to publish
        #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
        objects: usize,
        /// Partners, all of whom receive every object
        #[arg(long, value_name = "NUMBER", default_value_t = 10)]
        partners: usize,
        /// Objects in one bundle
        #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = batch)]
        batch: usize,
        /// Persons who publish at the same time
        #[arg(long, value_name = "NUMBER", default_value_t = 2)]
        desks: usize,
        /// Numbers of partners whose cost is compared; one number compares nothing
        #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,30")]
        partners_list: Vec<usize>,
    },
    /// Send objects to a partner over mutual TLS, until its people see them
    #[command(after_help = "Example:\n  entente bench propagate --objects 200 --json")]
    Propagate {
        /// Objects sent one at a time
        #[arg(long, value_name = "NUMBER", default_value_t = 200)]
        objects: usize,
        /// Objects sent in batches of 1,000
        #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
        batched: usize,
    },
    /// Append to the ledger, sign, prove and check
    #[command(after_help = "Example:\n  entente bench ledger --entries 50000")]
    Ledger {
        /// Entries to append
        #[arg(long, value_name = "NUMBER", default_value_t = 50_000)]
        entries: usize,
    },
    /// Catch up with a partner
    #[command(after_help = "Example:\n  entente bench catchup --held 100000 --new 10000")]
    Catchup {
        /// Objects that both hold before
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
        held: usize,
        /// Objects that are new
        #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
        new: usize,
        /// The time given to reach what both hold
        #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
        seconds_max: u64,
    },
    /// Decide: with nothing remembered, from memory, and many mixed objects; compile the rules
    #[command(after_help = "Example:\n  entente bench decide --json")]
    Decide {
        /// Decisions with nothing remembered
        #[arg(long, value_name = "NUMBER", default_value_t = 20_000, value_parser = some)]
        decisions: usize,
        /// Mixed objects
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000, value_parser = some)]
        objects: usize,
        /// Partners that the mixed objects are decided for
        #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=120))]
        partners: u64,
    },
    /// Prove what agreements with six national laws can never allow; needs the solver cvc5
    #[command(after_help = "Example:\n  entente bench prove --json")]
    Prove {
        /// Agreements
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = some)]
        agreements: usize,
    },
    /// Watch a node with two partners that has nothing to do
    #[command(after_help = "Example:\n  entente bench idle --seconds 60")]
    Idle {
        /// How long it is watched
        #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
    },
}

/// A measurement needs something to measure.
fn some(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected a number from 1".to_owned()),
    }
}

/// A bundle of these must fit into one message to the key process.
fn batch(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(batch) if (1..=10_000).contains(&batch) => Ok(batch),
        _ => Err("expected a number from 1 to 10000".to_owned()),
    }
}

impl Run for BenchArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let bench = match self.what {
            What::Publish { objects, partners, batch, desks, mut partners_list } => {
                partners_list.sort_unstable();
                partners_list.dedup();
                let compared = partners_list;
                Bench::Publish(PublishSize { objects, partners, batch, desks, compared })
            }
            What::Propagate { objects, batched } => Bench::Propagate { objects, batched },
            What::Ledger { entries } => Bench::Ledger { entries },
            What::Catchup { held, new, seconds_max } => Bench::Catchup { held, new, seconds_max },
            What::Decide { decisions, objects, partners } => Bench::Decide {
                decisions,
                objects,
                partners: usize::try_from(partners).map_err(Failure::usage)?,
            },
            What::Prove { agreements } => Bench::Prove { agreements },
            What::Idle { seconds } => Bench::Idle { seconds },
        };
        let report = bench::run(&bench, self.dir, output).map_err(Failure::failed)?;
        output.report(&report)?;
        Ok(Exit::Done)
    }
}
