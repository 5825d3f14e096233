//! `entente decisions`: what was decided, and why.

use std::fmt::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, id, list, moment, text};

use super::Run;

/// List the newest decisions: which object may go to which nation, and why
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente decisions --count 20 --as ana")]
pub struct DecisionsArgs {
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for DecisionsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("decisions", &json!({ "count": self.count }))?;
        output.report(&Answer::new(answer, decisions))?;
        Ok(Exit::Done)
    }
}

fn decisions(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let heading = ["entry", "at", "object", "nation", "decision", "by", "reasons", "rule"];
    let mut table = Table::new(heading);
    for decision in list(answer, "decisions") {
        for outcome in list(decision, "outcomes") {
            table.row([
                text(decision, "leaf"),
                moment(decision, "at"),
                id(decision, "object"),
                // The body too: one nation's agencies are decided for one by one.
                match text(outcome, "body") {
                    body if body.is_empty() => text(outcome, "nation"),
                    body => format!("{}/{body}", text(outcome, "nation")),
                },
                text(outcome, "decision").replace('_', " "),
                text(outcome, "policies"),
                text(outcome, "reason_codes"),
                text(decision, "rules"),
            ]);
        }
    }
    table.write(page, "nothing was decided yet")
}
