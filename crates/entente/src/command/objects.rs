//! `entente objects`: what this node holds.

use std::fmt::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, id, list, moment, put, text, text_or};

use super::{Run, input};

/// List and show the objects that this node holds
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente objects list --as eva")]
pub struct ObjectsArgs {
    #[command(subcommand)]
    command: ObjectsCommand,
}

#[derive(Debug, Subcommand)]
enum ObjectsCommand {
    List(ListArgs),
    Show(ShowArgs),
}

/// List objects, the newest first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente objects list --received --count 20 --as eva")]
struct ListArgs {
    /// Only our own
    #[arg(long)]
    own: bool,
    /// Only those of other nations
    #[arg(long, conflicts_with = "own")]
    received: bool,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    /// Only those before this position, the `next` of an earlier list
    #[arg(long, value_name = "POSITION")]
    before: Option<i64>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Show one object: where it comes from, on what terms it is held, and its content
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente objects show 5f3a1c0e9b7d2468 --out event.json --as eva"
)]
struct ShowArgs {
    /// The object: its id, or the start of it
    object: String,
    /// Where to write its content, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Why it is necessary to read personal data: `case:ID: why`, of a case that is open here
    #[arg(long, value_name = "CASE AND REASON")]
    necessity: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ObjectsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            ObjectsCommand::List(args) => args.run(output),
            ObjectsCommand::Show(args) => args.run(output),
        }
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let own = (self.own || self.received).then_some(self.own);
        let request = json!({ "before": self.before, "count": self.count, "own": own });
        let answer = self.person.desk()?.call("objects.list", &request)?;
        output.report(&Answer::new(answer, objects))?;
        Ok(Exit::Done)
    }
}

fn objects(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["object", "from", "type", "marking", "state", "at"]);
    for object in list(answer, "objects") {
        table.row([
            id(object, "object"),
            text(object, "originator"),
            text(object, "type"),
            text(object, "marking"),
            text(object, "state"),
            moment(object, "at"),
        ]);
    }
    table.write(page, "there are no objects that you may see")
}

impl Run for ShowArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "object": self.object, "necessity": self.necessity });
        let mut answer = self.person.desk()?.call("objects.show", &request)?;
        if let Some(out) = &self.out {
            let Some(content) = answer.get("content").and_then(Value::as_str) else {
                let state = text(&answer, "state");
                return Err(Failure::failed(anyhow!(
                    "the object has no content here: it is {state}"
                )));
            };
            input::create(out, &input::from_base64(content)?)?;
            put(&mut answer, "file", out);
        }
        output.report(&Answer::new(answer, object))?;
        Ok(Exit::Done)
    }
}

fn object(object: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "object {}", text(object, "object"))?;
    let line = |page: &mut dyn Write, heading: &str, text: String| {
        if text.is_empty() { Ok(()) } else { writeln!(page, "  {heading:<12} {text}") }
    };
    line(page, "originator", text(object, "originator"))?;
    line(page, "received from", text(object, "received_from"))?;
    line(page, "type", text(object, "type"))?;
    line(page, "media type", text(object, "media_type"))?;
    line(page, "label", text_or(object, "label", &text(object, "marking")))?;
    line(page, "state", text(object, "state"))?;
    line(page, "bytes", text(object, "bytes"))?;
    line(page, "created", moment(object, "created"))?;
    line(page, "here since", moment(object, "at"))?;
    line(page, "delete at", moment(object, "delete_at"))?;
    if let Some(terms) = object.get("terms").filter(|t| !t.is_null()) {
        line(page, "clauses", text(terms, "clauses"))?;
        line(page, "obligations", text(terms, "obligations"))?;
    }
    for delivery in list(object, "deliveries") {
        let state = format!("{} {}", text(delivery, "nation"), text(delivery, "state"));
        line(page, "delivery", state)?;
    }
    line(page, "content", text(object, "file"))
}
