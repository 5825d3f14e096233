//! `entente receipts`: what partners say they received.

use clap::Args;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::Answer;

use super::Run;
use super::events::table;

/// List the newest receipts, ours and our partners'
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente receipts --as ana")]
pub struct ReceiptsArgs {
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ReceiptsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("receipts", &json!({ "count": self.count }))?;
        output.report(&Answer::new(answer, |answer, page| {
            table(answer, "receipts", "there are no receipts yet", page)
        }))?;
        Ok(Exit::Done)
    }
}
