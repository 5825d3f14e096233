//! `entente oversight`: what overseers verify for themselves.

use std::fmt::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, clean, count, flag, id, list, moment, number, text, text_or};

use super::Run;

/// Verify the node's own ledger and everything that opens it, and see who read what
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente oversight verify --as viktor")]
pub struct OversightArgs {
    #[command(subcommand)]
    command: OversightCommand,
}

#[derive(Debug, Subcommand)]
enum OversightCommand {
    Verify(VerifyArgs),
    Accesses(AccessesArgs),
}

/// List who read which content, through which door, and why: every access, newest first
///
/// An access is on record before its content is answered, and is covered by a ledger entry within
/// a minute; `oversight verify` finds one that was left out, added or changed since.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente oversight accesses --person eva --since 2026-11-01 --as viktor"
)]
struct AccessesArgs {
    /// Those of this person only
    #[arg(long = "person", value_name = "NAME")]
    reader: Option<String>,
    /// Those of this object only: its id, or the start of it
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Those since this day or moment, such as 2026-11-01 or 2026-11-01T18:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Those before this number, which the page before ended with
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u64,
    #[command(flatten)]
    by: PersonArgs,
}

/// Verify that every entry opens or was erased on record, every decision follows again from what
/// it was taken on, and every release was permitted
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente oversight verify --as viktor")]
struct VerifyArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for OversightArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            OversightCommand::Verify(VerifyArgs { person }) => verify(&person, output),
            OversightCommand::Accesses(args) => args.run(output),
        }
    }
}

impl Run for AccessesArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "person": self.reader,
            "object": self.object,
            "since": self.since,
            "before": self.before,
            "count": self.count,
        });
        let answer = self.by.desk()?.call("ledger.accesses", &request)?;
        output.report(&Answer::new(answer, accesses))?;
        Ok(Exit::Done)
    }
}

fn accesses(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["at", "person", "object", "through", "entry", "necessity"]);
    for access in list(answer, "accesses") {
        table.row([
            moment(access, "at"),
            text(access, "person"),
            id(access, "object"),
            text(access, "door"),
            text_or(access, "leaf", "within a minute"),
            text(access, "necessity"),
        ]);
    }
    table.write(page, "nobody read anything")?;
    match answer.get("next") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => writeln!(page, "older ones: --before {}", text(answer, "next")),
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
    if number(answer, "unsigned") > 0 {
        let last = count(number(answer, "unsigned"), "entry");
        writeln!(page, "  of it the last {last} not signed yet: `entente status` says why")?;
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
