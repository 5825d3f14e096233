//! `entente suspend`: deals with a nation no longer.

use clap::Args;
use entente_model::NationCode;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, text};

use super::{Run, approval};

/// Suspend a nation, by two persons; from then on nothing of ours goes there
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente suspend XBR --reason \"it passed on our reports\" \
                        --as sena\n\nThe others learn of it, and pass nothing of ours on to it. \
                        `entente introduce` recognises it anew.")]
pub struct SuspendArgs {
    /// Its code
    nation: NationCode,
    /// Why, as every other nation will read it
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for SuspendArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "nation": self.nation.to_string(), "reason": self.reason });
        let answer = self.person.desk()?.call("nation.suspend", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("{} is suspended", text(answer, "nation"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}
