//! Acts that need a second person, and `entente approvals`, which lists those that wait.

use std::fmt::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, count, id, list, moment, number, text};

use super::Run;

/// List the acts that wait for a second person
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente approvals --as tariq\n\n\
                        To approve, repeat the command that is listed as another person.")]
pub struct ApprovalsArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ApprovalsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("approvals", &json!({}))?;
        output.report(&Answer::new(answer, page))?;
        Ok(Exit::Done)
    }
}

fn page(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["since", "what", "approved by", "act"]);
    for act in list(answer, "waiting") {
        table.row([
            moment(act, "since"),
            text(act, "about"),
            text(act, "approved_by"),
            id(act, "act"),
        ]);
    }
    table.write(page, "nothing waits for a second person")
}

/// Whether the act in an answer waits.
fn waits(answer: &Value) -> bool {
    answer.get("approval").is_some_and(|approval| text(approval, "state") == "waiting")
}

/// How a command about such an act ends.
pub(super) fn exit(answer: &Value) -> Exit {
    if waits(answer) { Exit::SecondPerson } else { Exit::Done }
}

/// Says how such an act stands.
pub(super) fn write(answer: &Value, done: &str, page: &mut dyn Write) -> fmt::Result {
    let approval = answer.get("approval").unwrap_or(&Value::Null);
    let by = text(approval, "approved_by");
    if waits(answer) {
        let missing = count(number(approval, "needed"), "more person");
        writeln!(page, "waits for {missing}, who repeats this command (approved by {by})")
    } else {
        writeln!(page, "{done} (approved by {by})")
    }
}
