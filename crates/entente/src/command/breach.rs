//! `entente breach`: loss or compromise of what partners gave, and the clock until they are told.

use std::fmt::{self, Write};

use clap::{Args, Subcommand};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, list, moment, text};

use super::Run;

/// Record a loss or compromise of what a partner gave, and that the partner was told
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente breach record --object 5f3a1c0e9b7d2468 \
                        --what \"laptop stolen\" --as ines\n  \
                        entente breach told 3 --how \"call to the duty officer\" --as sena")]
pub struct BreachArgs {
    #[command(subcommand)]
    command: BreachCommand,
}

#[derive(Debug, Subcommand)]
enum BreachCommand {
    Record(RecordArgs),
    Told(ToldArgs),
    List(ListArgs),
}

/// Record a breach: the clock that the terms set runs from when we learned of it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente breach record --object 5f3a1c0e9b7d2468 \
                        --what \"laptop stolen\" --as ines\n  \
                        entente breach record --partner XBR --what \"mail server compromised\" \
                        --hours-ago 2 --as sena\n\n\
                        A security officer who may not know of the object names the partner.")]
struct RecordArgs {
    /// The object: its id, or the start of it
    #[arg(long, value_name = "OBJECT", required_unless_present = "partner")]
    object: Option<String>,
    /// The partner, if it is not known which of what it gave
    #[arg(long, value_name = "NATION", conflicts_with = "object")]
    partner: Option<NationCode>,
    /// What happened, in a sentence
    #[arg(long, value_name = "TEXT")]
    what: String,
    /// How many hours ago we learned of it
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    hours_ago: u64,
    #[command(flatten)]
    person: PersonArgs,
}

/// Record that the partner was told, which stops the clock
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente breach told 3 --how \"letter 2026/41\" --as sena")]
struct ToldArgs {
    /// The number of the breach, as listed
    breach: u64,
    /// By what means, in a sentence
    #[arg(long, value_name = "TEXT")]
    how: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// List breaches, the newest first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente breach list --as sena")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for BreachArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            BreachCommand::Record(RecordArgs { object, partner, what, hours_ago, person }) => {
                let request = json!({
                    "object": object,
                    "partner": partner.map(|partner| partner.to_string()),
                    "what": what,
                    "hours_ago": hours_ago,
                });
                let answer = person.desk()?.call("breach.record", &request)?;
                output.report(&Answer::new(answer, one))?;
            }
            BreachCommand::Told(ToldArgs { breach, how, person }) => {
                let request = json!({ "breach": breach, "how": how });
                let answer = person.desk()?.call("breach.told", &request)?;
                output.report(&Answer::new(answer, one))?;
            }
            BreachCommand::List(ListArgs { person }) => {
                let answer = person.desk()?.call("breach.list", &json!({}))?;
                output.report(&Answer::new(answer, breaches))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn one(breach: &Value, page: &mut dyn Write) -> fmt::Result {
    let (number, nation) = (text(breach, "breach"), text(breach, "nation"));
    if let Some(told) = breach.get("told").filter(|told| !told.is_null()) {
        return writeln!(page, "breach {number}: {nation} was told: {}", text(told, "how"));
    }
    match (moment(breach, "due"), text(breach, "clause")) {
        (due, _) if due.is_empty() => {
            writeln!(page, "breach {number}: no term sets a time to tell {nation}")
        }
        (due, clause) => {
            writeln!(page, "breach {number}: {nation} must be told by {due}, under {clause}")
        }
    }
}

fn breaches(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["breach", "learned", "whose", "object", "due", "told", "what"]);
    for breach in list(answer, "breaches") {
        let told = breach.get("told").filter(|told| !told.is_null());
        let told = told.map_or_else(
            || if flag(breach, "overdue") { "OVERDUE" } else { "not yet" }.to_owned(),
            |told| moment(told, "at"),
        );
        table.row([
            text(breach, "breach"),
            moment(breach, "learned"),
            text(breach, "nation"),
            crate::page::id(breach, "object"),
            moment(breach, "due"),
            told,
            text(breach, "what"),
        ]);
    }
    table.write(page, "no breach is recorded")
}
