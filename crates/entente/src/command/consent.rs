//! `entente consent`: requests to pass an originator's object on.

use std::fmt::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, id, list, moment, text};

use super::{Run, approval};

/// List, grant and refuse requests to pass our objects on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente consent list --as ines\n  \
                        entente consent grant 3 --as ines")]
pub struct ConsentArgs {
    #[command(subcommand)]
    command: ConsentCommand,
}

#[derive(Debug, Subcommand)]
enum ConsentCommand {
    List(ListArgs),
    Grant(GrantArgs),
    Refuse(RefuseArgs),
}

/// List requests, those that we made and those that others made of us
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente consent list --as ines")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Let a partner pass our object on, for the nation and purpose that it named
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente consent grant 3 --as ines")]
struct GrantArgs {
    /// The number of the request, as listed
    request: i64,
    /// What the partner must observe
    #[arg(long, default_value = "", hide_default_value = true)]
    conditions: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Refuse to let a partner pass our object on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente consent refuse 3 --as ines")]
struct RefuseArgs {
    /// The number of the request, as listed
    request: i64,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ConsentArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            ConsentCommand::List(args) => args.run(output),
            ConsentCommand::Grant(GrantArgs { request, conditions, person }) => decide(
                &person,
                &json!({ "request": request, "grant": true, "conditions": conditions }),
                output,
            ),
            ConsentCommand::Refuse(RefuseArgs { request, person }) => {
                decide(&person, &json!({ "request": request, "grant": false }), output)
            }
        }
    }
}

fn decide(person: &PersonArgs, request: &Value, output: Output) -> Result<Exit, Failure> {
    let answer = person.desk()?.call("consent.decide", request)?;
    let exit = approval::exit(&answer);
    output.report(&Answer::new(answer, |answer, page| {
        let done = format!("request {} is answered", text(answer, "request"));
        approval::write(answer, &done, page)
    }))?;
    Ok(exit)
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("consent.list", &json!({}))?;
        output.report(&Answer::new(answer, requests))?;
        Ok(Exit::Done)
    }
}

fn requests(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let heading = ["request", "since", "who", "partner", "object", "to", "purpose", "state"];
    let mut table = Table::new(heading);
    for request in list(answer, "requests") {
        table.row([
            text(request, "request"),
            moment(request, "since"),
            text(request, "direction"),
            text(request, "partner"),
            id(request, "object"),
            text(request, "to"),
            text(request, "purpose"),
            text(request, "state"),
        ]);
    }
    table.write(page, "there are no requests")
}
