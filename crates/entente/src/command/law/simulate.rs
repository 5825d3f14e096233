//! `entente law simulate`: the last decisions of a node once more, under a draft.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::Args;
use entente_law::{Agreement, NationalLaw};
use serde_json::{Value, json};

use crate::command::{Run, input};
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, count, list, number, text};

/// Replay the last decisions under a draft, and show what would change; nothing is changed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    entente law simulate --law draft-law.md --last 5000 --as lena\n  \
    entente law simulate --agreement draft.md --as lena")]
pub(super) struct SimulateArgs {
    /// The draft of an agreement; it stands in for the one with its code
    #[arg(long, value_name = "DRAFT", required_unless_present = "law", conflicts_with = "law")]
    agreement: Option<PathBuf>,
    /// The draft of a law of this nation; it stands in for the one with its code
    #[arg(long, value_name = "DRAFT")]
    law: Option<PathBuf>,
    /// So many ledger entries, the newest
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    last: u64,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for SimulateArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut request = json!({ "last": self.last });
        for (name, file) in [("agreement", &self.agreement), ("law", &self.law)] {
            let Some(file) = file else { continue };
            let content = input::text(file)?;
            // The node would refuse it as well, without a place for each problem.
            let wrong = if name == "law" {
                NationalLaw::parse(&content).err()
            } else {
                Agreement::parse(&content).err()
            };
            if let Some(problems) = wrong {
                return input::problems(file, &problems, output);
            }
            crate::page::put(&mut request, name, content);
        }
        let answer = self.person.desk()?.call("law.simulate", &request)?;
        output.report(&Answer::new(answer, people))?;
        Ok(Exit::Done)
    }
}

fn people(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let changed = list(answer, "changed");
    let mut table = Table::new(["decisions", "to", "now", "under the draft", "because"]);
    for group in changed {
        table.row([
            text(group, "count"),
            text(group, "nation"),
            text(group, "now").replace('_', " "),
            text(group, "then").replace('_', " "),
            text(group, "reasons"),
        ]);
    }
    table.write(page, "the draft would have changed no decision")?;
    let replayed = count(number(answer, "replayed"), "decision");
    let total: u64 = changed.iter().map(|group| number(group, "count")).sum();
    writeln!(page)?;
    writeln!(page, "{replayed} replayed under {}; {total} would change", text(answer, "draft"))?;
    let different = number(answer, "already_different");
    if different > 0 {
        writeln!(
            page,
            "{} would be answered otherwise today already, without the draft",
            count(different, "decision")
        )?;
    }
    let absent = text(answer, "not_kept").replace('_', " ");
    if !absent.is_empty() {
        writeln!(
            page,
            "not kept with decisions, because no rule in force tells it apart, and taken for \
             absent: {absent}"
        )?;
    }
    let without = number(answer, "without_inputs");
    if without > 0 {
        writeln!(
            page,
            "{} could not be replayed: what it was decided on is not kept",
            count(without, "entry").replace("entrys", "entries")
        )?;
    }
    Ok(())
}
