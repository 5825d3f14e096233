//! `entente objects`: what this node holds.

use std::fmt::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Audience, Exit, Failure, Output};
use crate::page::{Answer, Table, clean, flag, id, list, moment, put, text, text_or};

use super::publish::form;
use super::{Run, input};

/// List and show the objects that this node holds
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente objects list --as ana")]
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
#[command(after_help = "Example:\n  entente objects list --received --count 20 --as ana")]
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
#[command(after_help = "Example:\n  entente objects show 5f3a1c0e9b7d2468 --as ana\n  \
                        entente objects show 5f3a1c0e9b7d2468 --read --as ana\n  \
                        entente objects show 5f3a1c0e9b7d2468 --out event.json --as ana\n\n\
                        With --read, --out or --json its content is read, and that is on record.")]
struct ShowArgs {
    /// The object: its id, or the start of it
    object: String,
    /// Where to write its content, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Why it is necessary to read personal data: `case:ID: why`, of a case that is open here
    #[arg(long, value_name = "CASE AND REASON")]
    necessity: Option<String>,
    /// Show its content as text, between its markings; for people only
    #[arg(long, conflicts_with = "out")]
    read: bool,
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
    let mut table = Table::new(["object", "from", "type", "marking", "marked here", "state", "at"]);
    for object in list(answer, "objects") {
        table.row([
            id(object, "object"),
            text(object, "originator"),
            text(object, "type"),
            text(object, "marking"),
            text(object, "marked_as"),
            text(object, "state"),
            moment(object, "at"),
        ]);
    }
    table.write(page, "there are no objects that you may see")
}

impl Run for ShowArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        if self.read && output.audience() == Audience::Programs {
            return Err(Failure::failed(anyhow!(
                "--read shows content to a person: leave out --json, in which `content` has it \
                 where the terms let it be handed over"
            )));
        }
        // What is not shown is not read either, and so no access.
        let people = output.audience() == Audience::People;
        let terms_only = people && !self.read && self.out.is_none();
        if terms_only && self.necessity.is_some() {
            return Err(Failure::usage(anyhow!(
                "--necessity says why the content is read: add --read to see it, or --out FILE"
            )));
        }
        let request = json!({
            "object": self.object,
            "terms_only": terms_only,
            "necessity": self.necessity,
            "save": self.out.is_some(),
            "read": self.read,
        });
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
        if self.read {
            output.report(&Answer::new(answer, read))?;
            return Ok(Exit::Done);
        }
        output.report(&Answer::new(answer, object))?;
        Ok(Exit::Done)
    }
}

/// The content as text, between its markings.
fn read(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    object(answer, page)?;
    let banner = match text(answer, "marked_as") {
        own if own.is_empty() => text_or(answer, "label", &text(answer, "marking")),
        own => format!("{} ({own})", text_or(answer, "label", &text(answer, "marking"))),
    };
    writeln!(page, "\n{banner}\n")?;
    let bytes = answer.get("content").and_then(Value::as_str).map(input::from_base64);
    match bytes.and_then(Result::ok).map(String::from_utf8) {
        None => writeln!(page, "it has no content here: it is {}", text(answer, "state"))?,
        Some(Err(_)) => writeln!(page, "its content is not text")?,
        Some(Ok(content)) => {
            for line in content.lines() {
                writeln!(page, "{}", clean(line))?;
            }
        }
    }
    writeln!(page, "\n{banner}")
}

fn object(object: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "object {}", text(object, "object"))?;
    let line = |page: &mut dyn Write, heading: &str, text: String| {
        if text.is_empty() { Ok(()) } else { writeln!(page, "  {heading:<12} {text}") }
    };
    line(page, "originator", text(object, "originator"))?;
    line(page, "agency", text(object, "agency"))?;
    line(page, "received from", text(object, "received_from"))?;
    line(page, "type", text(object, "type"))?;
    line(page, "media type", text(object, "media_type"))?;
    line(page, "label", text_or(object, "label", &text(object, "marking")))?;
    line(page, "marked here", text(object, "marked_as"))?;
    line(page, "state", text(object, "state"))?;
    line(page, "bytes", text(object, "bytes"))?;
    line(page, "created", moment(object, "created"))?;
    line(page, "here since", moment(object, "at"))?;
    line(page, "delete at", moment(object, "delete_at"))?;
    if let Some(terms) = object.get("terms").filter(|t| !t.is_null()) {
        line(page, "clauses", text(terms, "clauses"))?;
        line(page, "obligations", text(terms, "obligations"))?;
    }
    if let Some(terms) = object.get("terms_at_home").filter(|t| !t.is_null()) {
        line(
            page,
            "at home",
            format!("from {} under {}", text(object, "shared_by"), text(terms, "clauses")),
        )?;
        line(page, "obligations", text(terms, "obligations"))?;
    }
    if flag(object, "display_only") {
        let how = "shown to its readers with --read, and not handed over";
        line(page, "content", how.to_owned())?;
    }
    if let Some(base) = object.get("made_of").filter(|base| !base.is_null()) {
        line(page, "made of", format!("{} ({})", id(base, "object"), form(base)))?;
    }
    for made in list(object, "made") {
        line(page, "made of it", format!("{} ({})", id(made, "object"), form(made)))?;
    }
    for rule in list(object, "standing") {
        let (name, nations) = (text(rule, "rule"), text(rule, "nations"));
        line(page, "by rule", format!("{name} to {nations}"))?;
    }
    for delivery in list(object, "deliveries") {
        let state = format!("{} {}", text(delivery, "nation"), text(delivery, "state"));
        line(page, "delivery", state)?;
    }
    line(page, "held for", text(object, "agencies"))?;
    for hold in list(object, "shared_at_home") {
        let mut state = format!("{} since {}", text(hold, "agency"), moment(hold, "at"));
        match (moment(hold, "ended"), moment(hold, "until")) {
            (ended, _) if !ended.is_empty() => write!(state, ", ended {ended}")?,
            (_, until) if !until.is_empty() => write!(state, ", until {until}")?,
            _ => {}
        }
        line(page, "shared with", state)?;
    }
    line(page, "content", text(object, "file"))
}
