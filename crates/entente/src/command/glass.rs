//! `entente glass`: what is read in emergencies, and whether that was justified.

use std::fmt::{self, Write};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Audience, Exit, Failure, Output};
use crate::page::{Answer, Table, clean, flag, id, list, moment, text};

use super::{Run, input};

/// Read in an emergency what you are not cleared for, and judge who did
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente glass open OBJECT --necessity \"case:OP-12: a hostage is \
                        at the place it names\" --as eva\n  \
                        entente glass judge 3 --justified --why \"it was\" --as olga"
)]
pub struct GlassArgs {
    #[command(subcommand)]
    command: GlassCommand,
}

#[derive(Debug, Subcommand)]
enum GlassCommand {
    Open(OpenArgs),
    List(ListArgs),
    Judge(JudgeArgs),
}

/// Read one object that you are not cleared for or read into, for a case that is open
///
/// Overseers and security officers are alarmed at once; one of them judges within 72 hours whether it
/// was justified. It is shown once, and for nobody else.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente glass open OBJECT --necessity \"case:OP-12: a hostage is \
                        at the place it names\" --as eva"
)]
struct OpenArgs {
    /// The object: all 64 digits of its id
    object: String,
    /// The case and the reason: `case:ID: why`, of a case that is open here
    #[arg(long, value_name = "CASE AND REASON")]
    necessity: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// List what was opened, and what was judged of it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente glass list --as olga")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Judge whether an opening was justified; nobody judges themselves
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente glass judge 3 --justified --why \"a life was at stake\" \
                        --as olga\n  \
                        entente glass judge 3 --not-justified --why \"nothing was urgent\" --as olga"
)]
struct JudgeArgs {
    /// The opening's number, as listed
    opening: i64,
    /// It was
    #[arg(long, required_unless_present = "not_justified")]
    justified: bool,
    /// It was not
    #[arg(long, conflicts_with = "justified")]
    not_justified: bool,
    /// Why, for the record
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for GlassArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            GlassCommand::Open(args) => args.run(output),
            GlassCommand::List(args) => args.run(output),
            GlassCommand::Judge(args) => args.run(output),
        }
    }
}

impl Run for OpenArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        if output.audience() == Audience::Programs {
            return Err(Failure::usage(anyhow!(
                "what is opened in an emergency is shown to a person: leave out --json"
            )));
        }
        let request = json!({ "object": self.object, "necessity": self.necessity });
        let answer = self.person.desk()?.call("glass.open", &request)?;
        output.report(&Answer::new(answer, opened))?;
        Ok(Exit::Done)
    }
}

fn opened(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let label = text(answer, "label");
    writeln!(page, "OPENED IN AN EMERGENCY: overseers and security officers were alarmed")?;
    let (of, kind) = (text(answer, "originator"), text(answer, "type"));
    writeln!(page, "{kind} {} of {of}\n\n{label}\n", text(answer, "object"))?;
    let bytes = answer.get("content").and_then(Value::as_str).map(input::from_base64);
    match bytes.and_then(Result::ok).map(String::from_utf8) {
        None => writeln!(page, "it has no content here")?,
        Some(Err(_)) => writeln!(page, "its content is not text")?,
        Some(Ok(content)) => {
            for line in content.lines() {
                writeln!(page, "{}", clean(line))?;
            }
        }
    }
    writeln!(page, "\n{label}")
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("glass.list", &json!({}))?;
        output.report(&Answer::new(answer, openings))?;
        Ok(Exit::Done)
    }
}

fn openings(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["opening", "at", "by", "object", "for", "judged"]);
    for opening in list(answer, "openings") {
        let judged = match opening.get("judged").filter(|judged| !judged.is_null()) {
            Some(judged) if flag(judged, "justified") => {
                format!("justified, by {}", text(judged, "by"))
            }
            Some(judged) => format!("NOT JUSTIFIED, by {}", text(judged, "by")),
            None if flag(opening, "overdue") => format!("OVERDUE {}", moment(opening, "due")),
            None => format!("due {}", moment(opening, "due")),
        };
        table.row([
            text(opening, "opening"),
            moment(opening, "at"),
            text(opening, "person"),
            id(opening, "object"),
            text(opening, "necessity"),
            judged,
        ]);
    }
    table.write(page, "nothing was opened in an emergency")
}

impl Run for JudgeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request =
            json!({ "opening": self.opening, "justified": self.justified, "why": self.why });
        let answer = self.person.desk()?.call("glass.judge", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let word = if flag(answer, "justified") { "justified" } else { "not justified" };
            writeln!(page, "opening {} is on record as {word}", text(answer, "opening"))
        }))?;
        Ok(Exit::Done)
    }
}
