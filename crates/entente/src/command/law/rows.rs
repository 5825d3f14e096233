//! `entente law rows`: decision rows in, decisions out, line by line.
//!
//! Each line is judged alone, in bounded memory, without a node: what is wrong with one line is
//! said on its own line of the output and stops nothing. A line that cannot be decided has an
//! `error` and nothing that a decision has besides the word `deny`, so that the two can never be
//! confused.

use std::path::PathBuf;

use clap::Args;
use entente_formats::json::{JsonLimits, StrictJson};
use entente_law::{Row, Ruling};
use serde::Serialize;
use serde_json::Value;

use crate::command::Run;
use crate::command::lines::{Line, Lines};
use crate::output::{Exit, Failure, Output};

/// The longest line that is read. A row of the vocabulary has some kilobytes.
const LINE_BYTES_MAX: usize = 1 << 20;
/// How deep a row may be nested. The vocabulary needs 7.
const DEPTH_MAX: usize = 32;

/// Decide rows of the decision vocabulary, one JSON object on each line, without a node
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente law rows vectors/decisions/decisions.jsonl

Prints one JSON object for each line that is not blank, in order. A line that cannot be decided
gives {\"id\", \"line\", \"decision\": \"deny\", \"error\"}. What a row expects is not read.")]
pub(super) struct RowsArgs {
    /// The rows
    file: PathBuf,
}

impl Run for RowsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut lines = Lines::open(&self.file, LINE_BYTES_MAX).map_err(Failure::usage)?;
        while let Some((number, line)) = lines.next().map_err(Failure::usage)? {
            if let Some(answer) = answer(number, line) {
                output.text(&answer.map_err(Failure::failed)?)?;
            }
        }
        Ok(Exit::Done)
    }
}

/// A decision.
#[derive(Serialize)]
struct Decided<'a> {
    id: &'a str,
    decision: &'static str,
    basis: Option<&'a str>,
    reason_codes: &'a [String],
    obligations: &'a [String],
    refer_to: &'a [String],
    explanation: &'a [String],
}

/// A line that cannot be decided.
#[derive(Serialize)]
struct Wrong<'a> {
    id: Option<&'a str>,
    line: u64,
    decision: &'static str,
    error: String,
}

/// What is printed for a line; nothing for a blank one.
fn answer(number: u64, line: Line<'_>) -> Option<serde_json::Result<String>> {
    let wrong = |id: Option<&str>, error: String| {
        printed(&Wrong { id, line: number, decision: "deny", error })
    };
    let bytes = match line {
        Line::Whole(bytes) => bytes.trim_ascii(),
        Line::TooLong => {
            let error = format!("the line is longer than {LINE_BYTES_MAX} bytes");
            return Some(wrong(None, error));
        }
    };
    if bytes.is_empty() {
        return None;
    }
    let limits = JsonLimits { bytes_max: LINE_BYTES_MAX, depth_max: DEPTH_MAX };
    let value: Value = match StrictJson::check(bytes, &limits) {
        Ok(json) => match serde_json::from_str(json.as_str()) {
            Ok(value) => value,
            Err(error) => return Some(wrong(None, format!("this is not JSON: {error}"))),
        },
        Err(error) => {
            let (column, path) = (error.column, &error.path);
            let error = format!("column {column}, in `{path}`: {}", error.problem);
            return Some(wrong(None, error));
        }
    };
    Some(match Row::read(&value) {
        Ok(row) => decided(&row),
        Err(error) => wrong(Row::id_of(&value), error.to_string()),
    })
}

fn decided(row: &Row) -> serde_json::Result<String> {
    let Ruling { decision, basis, reason_codes, obligations, refer_to, mut explanation, .. } =
        row.decide();
    // Every list is in order and says nothing twice, so that answers can be compared as text.
    explanation.sort_unstable();
    explanation.dedup();
    printed(&Decided {
        id: row.question().id(),
        decision: decision.as_str(),
        basis: basis.as_ref().map(|(_, code)| code.as_str()),
        reason_codes: &reason_codes,
        obligations: &obligations,
        refer_to: &refer_to,
        explanation: &explanation,
    })
}

fn printed(line: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(line).map(|text| text + "\n")
}
