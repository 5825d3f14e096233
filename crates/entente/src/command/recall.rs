//! `entente recall` and `entente recalls`: taking back what was released.

use std::fmt::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, id, list, moment, text, text_or};

use super::Run;

/// Take back objects of ours from everyone who holds them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente recall 5f3a1c0e9b7d2468 --basis \"source at risk\" \
                        --deadline-hours 4 --as ines")]
pub struct RecallArgs {
    /// The objects: their ids, or the start of them
    #[arg(required = true, value_name = "OBJECT")]
    objects: Vec<String>,
    /// Why, as the holders will read it
    #[arg(long, value_name = "TEXT")]
    basis: String,
    /// What the holders are to do
    #[arg(long, value_parser = ["note", "retract", "erase", "emergency"], default_value = "erase")]
    class: String,
    /// By when, in hours from now
    #[arg(long, value_name = "NUMBER", default_value_t = 24)]
    deadline_hours: u64,
    #[command(flatten)]
    person: PersonArgs,
}

/// Show recalls, and what each holder answered
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente recalls --as ines")]
pub struct RecallsArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for RecallArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "objects": self.objects,
            "class": self.class,
            "basis": self.basis,
            "deadline_hours": self.deadline_hours,
        });
        let answer = self.person.desk()?.call("recall", &request)?;
        output.report(&Answer::new(answer, recalls))?;
        Ok(Exit::Done)
    }
}

impl Run for RecallsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("recall.list", &json!({}))?;
        output.report(&Answer::new(answer, recalls))?;
        Ok(Exit::Done)
    }
}

fn recalls(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new(["object", "whose", "until", "holder", "answer", "at", "basis"]);
    for recall in list(answer, "recalls") {
        let row = |holder: String, effect: String, at: String| {
            [
                id(recall, "object"),
                if flag(recall, "ours") { "ours" } else { "theirs" }.to_owned(),
                moment(recall, "deadline"),
                holder,
                effect,
                at,
                text(recall, "basis"),
            ]
        };
        let (effects, agencies) = (list(recall, "effects"), list(recall, "agencies"));
        if effects.is_empty() && agencies.is_empty() {
            table.row(row(String::new(), String::new(), String::new()));
        }
        for effect in effects {
            let waits = if flag(effect, "late") { "late" } else { "not yet" };
            let status = text_or(effect, "status", waits);
            table.row(row(text(effect, "nation"), status, moment(effect, "at")));
        }
        for agency in agencies {
            let at = moment(agency, "ended");
            table.row(row(format!("our {}", text(agency, "agency")), "taken back".to_owned(), at));
        }
    }
    table.write(page, "nothing was recalled")
}
