//! `entente introduce`: takes in another nation's card.

use std::path::PathBuf;

use clap::Args;
use entente_model::NationCode;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, text};

use super::{Run, approval, input};

/// Recognise another nation by its card and its 16 words, by two persons
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente introduce XBR.card --words \"abandon ability … zoo\" \
                        --as sena\n\n\
                        A second person repeats it with --as; until then it ends with exit code 5.")]
pub struct IntroduceArgs {
    /// The card
    card: PathBuf,
    /// The words, as that nation said them
    #[arg(long)]
    words: String,
    /// Know the nation here under another code than it claims
    #[arg(long, value_name = "CODE")]
    code: Option<NationCode>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for IntroduceArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let card = input::bytes(&self.card)?;
        let request = json!({
            "card": input::base64(&card),
            "words": self.words,
            "code": self.code.map(|code| code.to_string()),
        });
        let answer = self.person.desk()?.call("introduce", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("nation {} is recognised", text(answer, "nation_id"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}
