//! Files that a command reads and writes for a person.

use std::fmt;
use std::path::Path;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_law::{Problem, Problems, TEXT_BYTES_MAX};
use serde::Serialize;
use serde_json::{Value, json};

use crate::files;
use crate::local::PersonArgs;
use crate::output::{Audience, Exit, Failure, Output, Report};
use crate::page::clean;

/// A node takes no more at once.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;

/// Reads a whole file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, FILE_BYTES_MAX).map_err(Failure::usage)
}

/// Reads a text that people wrote.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = files::read(path, TEXT_BYTES_MAX as u64).map_err(Failure::usage)?;
    String::from_utf8(bytes).map_err(|e| {
        let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count();
        Failure::usage(anyhow!("{} is not UTF-8 text: see line {line}", path.display()))
    })
}

/// Reads the text of an agreement: a file, or one that the running node holds, named by its code or
/// the start of its id.
pub(super) fn agreement(name: &Path, person: &PersonArgs) -> Result<String, Failure> {
    let code = name.to_str().filter(|name| !name.contains(['/', '.']) && !name.is_empty());
    match code {
        Some(code) if !name.exists() => {
            let answer = person.desk()?.call("agreement.text", &json!({ "agreement": code }))?;
            let text = answer.get("text").and_then(Value::as_str).unwrap_or_default();
            Ok(text.to_owned())
        }
        _ => text(name),
    }
}

/// Writes a file that must not exist yet.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::create(path, bytes).map_err(Failure::failed)
}

/// Bytes as they travel in JSON.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes from a member of a node's answer.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, Failure> {
    STANDARD.decode(text).map_err(|e| {
        Failure::failed(anyhow!("the node's answer is not base64: {e}"))
            .hint("is it of another version than this program?")
    })
}

/// Says everything that is wrong with a text, each problem with its place.
pub(super) fn problems(path: &Path, problems: &Problems, output: Output) -> Result<Exit, Failure> {
    faults(format!("{} is not correct", path.display()), placed(path, problems.iter()), output)
}

/// Problems of a text with the file that they are in.
pub(super) fn placed<'a>(
    path: &Path,
    problems: impl IntoIterator<Item = &'a Problem>,
) -> Vec<Fault> {
    let file = path.display().to_string();
    problems
        .into_iter()
        .map(|p| Fault {
            file: file.clone(),
            line: p.line,
            column: p.column,
            text: p.text.clone(),
            message: p.message.clone(),
        })
        .collect()
}

/// Says what is wrong with one or several texts.
pub(super) fn faults(error: String, problems: Vec<Fault>, output: Output) -> Result<Exit, Failure> {
    let wrong = Wrong { ok: false, exit: Exit::Usage.code(), error, problems };
    match output.audience() {
        Audience::Programs => output.report(&wrong)?,
        // Each is an error, and errors for people go to standard error.
        Audience::People => {
            for fault in &wrong.problems {
                output.progress(&format!("error: {fault}"));
            }
        }
    }
    Ok(Exit::Usage)
}

/// A text with problems, as a failure of its own kind.
#[derive(Serialize)]
struct Wrong {
    ok: bool,
    exit: u8,
    error: String,
    problems: Vec<Fault>,
}

/// One problem with its place.
#[derive(Serialize)]
pub(super) struct Fault {
    file: String,
    line: usize,
    column: usize,
    text: String,
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, text, message } = self;
        write!(f, "{file}, line {line}, column {column}: ")?;
        if !text.is_empty() {
            write!(f, "`{}`: ", clean(text))?;
        }
        f.write_str(&clean(message))
    }
}

impl Report for Wrong {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        self.problems.iter().try_for_each(|fault| writeln!(page, "{fault}"))
    }
}
