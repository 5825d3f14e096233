//! `entente events`: what happens in the node.

use std::fmt::{self, Write};
use std::ops::ControlFlow;

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, list, moment, text};

use super::Run;

/// List what happened, or watch it happen
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente events --kind receipt --as ana\n  \
                        entente events --follow --json --as ana")]
pub struct EventsArgs {
    /// Only events of this kind, such as receipt, recall or alarm
    #[arg(long)]
    kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", conflicts_with = "follow")]
    count: Option<u64>,
    /// Keep listening; with --json each event is a document of its own, on one line
    #[arg(long)]
    follow: bool,
    /// With --follow: first those after this number
    #[arg(long, value_name = "NUMBER", requires = "follow")]
    after: Option<i64>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for EventsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        if !self.follow {
            let asked = json!({ "kind": self.kind, "count": self.count });
            let answer = desk.call("events", &asked)?;
            output.report(&Answer::new(answer, |answer, page| {
                table(answer, "events", "nothing happened yet", page)
            }))?;
            return Ok(Exit::Done);
        }
        let after = if let Some(after) = self.after {
            after
        } else {
            let newest = desk.call("events", &json!({ "count": 1 }))?;
            let last = list(&newest, "events").first().and_then(|e| e.get("seq")?.as_i64());
            last.unwrap_or(0)
        };
        let mut outcome = Ok(());
        desk.events(after, &mut |_, data| {
            let event: Value = serde_json::from_str(data).unwrap_or_default();
            let wanted = self.kind.as_deref().is_none_or(|kind| text(&event, "kind") == kind);
            if !event.is_object() || !wanted {
                return ControlFlow::Continue(());
            }
            outcome = output.report(&Answer::new(event, |event, page| {
                let (at, kind) = (moment(event, "at"), text(event, "kind"));
                writeln!(page, "{at}  {kind:<10}  {}", text(event, "text"))
            }));
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome?;
        Ok(Exit::Done)
    }
}

/// Events in rows, the newest first.
pub(super) fn table(
    answer: &Value,
    name: &str,
    nothing: &str,
    page: &mut dyn Write,
) -> fmt::Result {
    let mut table = Table::new(["at", "kind", "nation", "what"]);
    for event in list(answer, name) {
        table.row([
            moment(event, "at"),
            text(event, "kind"),
            text(event, "nation"),
            text(event, "text"),
        ]);
    }
    table.write(page, nothing)
}
