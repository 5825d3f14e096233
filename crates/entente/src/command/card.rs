//! `entente card`: what is handed to a nation that one meets.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, put, text};

use super::{Run, input};

/// Write this nation's card, and show the words by which it is known
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente card --out XAR.card --as sena\n\n\
                        Hand the file over by hand, and say the words by another way.")]
pub struct CardArgs {
    /// Where to write the card, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for CardArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut answer = self.person.desk()?.call("card", &json!({}))?;
        if let Some(out) = &self.out {
            input::create(out, &input::from_base64(&text(&answer, "card"))?)?;
            put(&mut answer, "file", out);
        }
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "{} ({})", text(answer, "name"), text(answer, "nation"))?;
            writeln!(page, "  nation id  {}", text(answer, "nation_id"))?;
            writeln!(page, "  words      {}", text(answer, "words").replace(", ", " "))?;
            match answer.get("file") {
                Some(_) => writeln!(page, "  card       {}", text(answer, "file")),
                None => writeln!(page, "  card       write it with --out FILE"),
            }
        }))?;
        Ok(Exit::Done)
    }
}
