//! `entente conform`: recorded cases in, what this program answers out, line by line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use entente_formats::conform::{Around, KINDS, Kind, Outcome, Unfit};
use serde::Serialize;
use serde_json::{Value, json};

use crate::command::Run;
use crate::command::input::FILE_BYTES_MAX;
use crate::command::lines::{Line, Lines};
use crate::files;
use crate::output::{Exit, Failure, Output};

/// The longest case that is read. Some hold a whole bundle beside what becomes of it.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Run recorded cases of a format or a specification, and show what this program answers
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente conform json-parsing vectors/json/parsing.jsonl

FILE has one JSON object on each line and may be compressed (.zst). For each case one line is
printed, in order: {\"case\": line, \"got\": …, \"ok\": true | false | null}. `got` is computed
from the case's inputs alone; `ok` says whether it is what the case expects, and is null where the
case expects nothing. A case that cannot be run has `error` in its `got`.

Ends with 0 when every case ran, with --strict only if none is false.")]
pub struct ConformArgs {
    /// What the cases are about
    #[arg(value_parser = PossibleValuesParser::new(KINDS.iter().map(possible)))]
    kind: String,
    /// The cases
    file: PathBuf,
    /// Observed data that cases of patterns name: a JSON object, bundles by name
    #[arg(long, value_name = "FILE")]
    observations: Option<PathBuf>,
    /// End with 1 if an answer differs from what its case expects
    #[arg(long)]
    strict: bool,
}

/// A kind with the shape of what is answered, as the help shows it.
fn possible(kind: &Kind) -> PossibleValue {
    PossibleValue::new(kind.name).help(kind.answers)
}

/// What is printed of a case.
#[derive(Serialize)]
struct Answer {
    case: u64,
    got: Value,
    ok: Option<bool>,
}

impl Run for ConformArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let unknown = || Failure::usage(anyhow!("there is no kind `{}`", self.kind));
        let kind = Kind::named(&self.kind).ok_or_else(unknown)?;
        let observations = self.observations.as_deref().map(observations).transpose();
        let observations = observations.map_err(Failure::usage)?;
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let beside = |path: &str| read_beside(folder, path);
        let around = Around { observations: observations.as_ref(), beside: &beside };

        let mut lines =
            Lines::open_plain_or_zst(&self.file, LINE_BYTES_MAX).map_err(Failure::usage)?;
        let mut all_ran = true;
        let mut none_differs = true;
        while let Some((case, line)) = lines.next().map_err(Failure::usage)? {
            let outcome = match line {
                Line::Whole(bytes) if bytes.trim_ascii().is_empty() => continue,
                Line::Whole(bytes) => run_case(kind, bytes, &around),
                Line::TooLong => Err(format!("the line is longer than {LINE_BYTES_MAX} bytes")),
            };
            all_ran &= outcome.is_ok();
            let Outcome { got, ok } = outcome
                .unwrap_or_else(|error| Outcome { got: json!({ "error": error }), ok: None });
            none_differs &= ok != Some(false);
            let line = serde_json::to_string(&Answer { case, got, ok }).map_err(Failure::failed)?;
            output.text(&(line + "\n"))?;
        }
        let good = all_ran && (none_differs || !self.strict);
        Ok(if good { Exit::Done } else { Exit::Failed })
    }
}

/// Runs one case, or says why it cannot be run.
fn run_case(kind: Kind, line: &[u8], around: &Around<'_>) -> Result<Outcome, String> {
    // A case is no document from outside: it may hold inputs, such as numbers beyond 2^53, that
    // the guard for those would refuse. The inputs meet that guard where they are read.
    let case: Value =
        serde_json::from_slice(line).map_err(|error| format!("this is not JSON: {error}"))?;
    kind.run(&case, around).map_err(|error| error.to_string())
}

fn observations(file: &Path) -> anyhow::Result<Value> {
    let bytes = files::read(file, FILE_BYTES_MAX)?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", file.display()))
}

/// A file that a case names, relative to the file of cases.
fn read_beside(folder: &Path, path: &str) -> Result<Vec<u8>, Unfit> {
    files::read(&folder.join(path), FILE_BYTES_MAX)
        .map_err(|error| Unfit::File(format!("{:#}", anyhow::Error::from(error))))
}
