//! `entente law replay`: a recorded decision, taken again from what was recorded.

use std::fmt::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::command::Run;
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, clean, flag, list, moment, text};

/// Take a recorded decision again and say whether its outcome is the same, byte for byte
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente law replay 42 --as lena

`entente decisions` lists the entries that hold decisions. Ends with 1 if the outcome is another.")]
pub(super) struct ReplayArgs {
    /// The ledger entry that holds the decision
    #[arg(value_name = "LEAF")]
    leaf: u64,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ReplayArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("law.replay", &json!({ "leaf": self.leaf }))?;
        let exit = if flag(&answer, "same") { Exit::Done } else { Exit::Failed };
        output.report(&Answer::new(answer, replayed))?;
        Ok(exit)
    }
}

fn replayed(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let leaf = text(answer, "leaf");
    if flag(answer, "same") {
        writeln!(page, "entry {leaf}: the recorded outcome follows again, byte for byte")?;
    } else {
        writeln!(page, "entry {leaf}: THE RECORDED OUTCOME DOES NOT FOLLOW")?;
    }
    writeln!(page, "  recorded      {}", moment(answer, "at"))?;
    for (words, key) in [
        ("object       ", "object"),
        ("decided by   ", "engine"),
        ("policy epoch ", "policy_epoch"),
        ("inputs       ", "inputs"),
        ("outcomes     ", "outcomes"),
    ] {
        writeln!(page, "  {words} {}", text(answer, key))?;
    }
    for nation in list(answer, "nations") {
        let decision = |key: &str| {
            nation.get(key).map_or_else(String::new, |o| text(o, "decision").replace('_', " "))
        };
        let (recorded, again) = (decision("recorded"), decision("again"));
        let code = text(nation, "nation");
        if flag(nation, "same") {
            writeln!(page, "{code}: {recorded}")?;
        } else {
            writeln!(page, "{code}: recorded {recorded}, taken again {again}")?;
        }
        for sentence in list(nation, "explanation") {
            writeln!(page, "  {}", clean(sentence.as_str().unwrap_or_default()))?;
        }
    }
    Ok(())
}
