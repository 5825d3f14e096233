//! `entente release`: passes on an object, if its originator consents.

use clap::Args;
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, flag, id, text};

use super::Run;
use super::publish::verdict;

/// Pass an object of another nation on to a third, asking its originator where that is needed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente release 5f3a1c0e9b7d2468 --to XDO \
                        --purpose cyber_defence --as ana")]
pub struct ReleaseArgs {
    /// The object: its id, or the start of it
    object: String,
    /// The nation that it is to go to
    #[arg(long, value_name = "NATION")]
    to: NationCode,
    /// The purpose that the release serves, in the words of the agreement
    #[arg(long)]
    purpose: String,
    /// The recipient wants it as evidence before a court
    #[arg(long)]
    evidence: bool,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for ReleaseArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "object": self.object,
            "to": self.to.to_string(),
            "purpose": self.purpose,
            "evidence": self.evidence,
        });
        let answer = self.person.desk()?.call("release", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let object = id(answer, "object");
            match (flag(answer, "released"), text(answer, "asked")) {
                (true, _) => writeln!(page, "object {object} is released")?,
                (false, asked) if asked.is_empty() => {
                    writeln!(page, "object {object} is not released")?;
                }
                (false, asked) => {
                    writeln!(page, "object {object} is held: {asked} was asked for consent")?;
                }
            }
            verdict(answer.get("verdict").unwrap_or(&Value::Null), page)
        }))?;
        Ok(Exit::Done)
    }
}
