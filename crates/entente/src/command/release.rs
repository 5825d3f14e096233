//! `entente release`: passes on an object, if its originator consents and the law permits.

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, flag, id, text};

use super::Run;
use super::publish::verdict;

/// Pass an object on: another nation's to a third, any to another agency of our own
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente release 5f3a1c0e9b7d2468 --to XDO --purpose cyber_defence --as ana
  entente release 5f3a1c0e9b7d2468 --to XAR/CERT-A --purpose cyber_defence --as ana

The originator is asked where its terms say so. The second form, to another agency of our own,
needs an arrangement between agencies (`entente agreement new --template domestic`).")]
pub struct ReleaseArgs {
    /// The object: its id, or the start of it
    object: String,
    /// Whom it is to go to: a nation, or an agency of our own as NATION/AGENCY
    #[arg(long, value_name = "NATION[/AGENCY]")]
    to: String,
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
            "to": self.to,
            "purpose": self.purpose,
            "evidence": self.evidence,
        });
        let answer = self.person.desk()?.call("release", &request)?;
        let came_to = flag(&answer, "released") || !text(&answer, "asked").is_empty();
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
        // Refused to the one whom it was for, it failed; held until somebody consents, it did not.
        Ok(if came_to { Exit::Done } else { Exit::Failed })
    }
}
