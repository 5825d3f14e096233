//! `entente oversight`: what overseers verify for themselves.

use std::fmt::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, clean, flag, list, text};

use super::Run;

/// Verify the node's own ledger and everything that opens it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente oversight verify --as olga")]
pub struct OversightArgs {
    #[command(subcommand)]
    command: OversightCommand,
}

#[derive(Debug, Subcommand)]
enum OversightCommand {
    Verify(VerifyArgs),
}

/// Verify that every entry opens or was erased on record, every decision follows again from what
/// it was taken on, and every release was permitted
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente oversight verify --as olga")]
struct VerifyArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for OversightArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let OversightCommand::Verify(VerifyArgs { person }) = self.command;
        verify(&person, output)
    }
}

/// Has the running node verify its own ledger.
pub(super) fn verify(person: &PersonArgs, output: Output) -> Result<Exit, Failure> {
    let answer = person.desk()?.call("ledger.verify", &json!({}))?;
    let exit = if flag(&answer, "verified") { Exit::Done } else { Exit::Failed };
    output.report(&Answer::new(answer, findings))?;
    Ok(exit)
}

fn findings(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let size = text(answer, "size");
    if flag(answer, "verified") {
        writeln!(page, "the ledger of {size} entries verifies")?;
    } else {
        writeln!(page, "the ledger of {size} entries DOES NOT VERIFY")?;
    }
    for fault in list(answer, "faults") {
        writeln!(page, "  fault: {}", clean(fault.as_str().unwrap_or_default()))?;
    }
    writeln!(page, "  root                   {}", text(answer, "root"))?;
    writeln!(page, "  entries that open      {}", text(answer, "opened"))?;
    writeln!(page, "  entries erased         {}", text(answer, "erased"))?;
    writeln!(page, "  slots that open        {}", text(answer, "slots"))?;
    writeln!(page, "  releases permitted     {}", text(answer, "releases"))?;
    writeln!(page, "  decisions taken again  {}", text(answer, "replayed"))?;
    writeln!(page, "  of another version     {}", text(answer, "other_engine"))
}
