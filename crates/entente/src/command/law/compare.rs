//! `entente law compare`: where two nations' laws leave gaps, without a node.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use entente_law::harmony::{self, Line, Mismatch, Report, Stance};
use entente_law::{Agreement, NationalLaw, Schemes};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::command::{Run, input};
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, clean, count, flag, list, number, text};

/// Show where the laws of two nations leave gaps, or forbid what an agreement promises
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    entente law compare XAR XCO\n  \
    entente law compare XAR XBR --agreement agreements/ember-strait.md --laws laws\n\n\
    It reads files and needs no node.")]
pub(super) struct CompareArgs {
    /// A nation
    one: NationCode,
    /// Another nation
    other: NationCode,
    /// The agreement between them
    #[arg(long, value_name = "FILE")]
    agreement: Option<PathBuf>,
    /// The folder with the texts of the laws: every `.md` file in it
    #[arg(long, value_name = "FOLDER", default_value = "laws")]
    laws: PathBuf,
}

/// Every text of a law in a folder, by name; `README.md` is about them and is none.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e| Failure::usage(anyhow!("{} cannot be read: {e}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_about = path.file_name().is_some_and(|name| name == "README.md");
        if path.extension().is_some_and(|e| e == "md") && !is_about {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

impl Run for CompareArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        if self.one == self.other {
            return Err(Failure::usage(anyhow!("{} is compared with another nation", self.one)));
        }
        let mut laws = Vec::new();
        for file in files(&self.laws)? {
            match NationalLaw::parse(&input::text(&file)?) {
                Ok(law) => laws.push(law),
                Err(problems) => return input::problems(&file, &problems, output),
            }
        }
        for nation in [self.one, self.other] {
            if !laws.iter().any(|law| law.nation() == nation) {
                return Err(Failure::usage(anyhow!(
                    "there is no law of {nation} in {}: name its folder with --laws",
                    self.laws.display()
                )));
            }
        }
        let agreement = match &self.agreement {
            Some(file) => match Agreement::parse(&input::text(file)?) {
                Ok(agreement) => Some(agreement),
                Err(problems) => return input::problems(file, &problems, output),
            },
            None => None,
        };
        if let Some(agreement) = &agreement
            && let Some(outside) =
                [self.one, self.other].into_iter().find(|nation| !agreement.has_party(*nation))
        {
            return Err(Failure::usage(anyhow!("{outside} is no party to {}", agreement.code())));
        }
        let report =
            harmony::between(self.one, self.other, &laws, agreement.as_ref(), &Schemes::builtin())
                .map_err(|e| Failure::usage(anyhow!("the laws cannot be compared: {e}")))?;
        let value = told(&report, self.one, self.other, agreement.as_ref());
        output.report(&Answer::new(value, people))?;
        Ok(Exit::Done)
    }
}

fn stance(stance: &Stance) -> Value {
    json!({
        "whose": stance.whose,
        "decision": stance.decision.as_str(),
        "sections": stance.sections,
        "detail": stance.detail,
    })
}

fn line(line: &Line) -> Value {
    let conditions: serde_json::Map<String, Value> =
        line.conditions.iter().map(|c| (c.name.to_owned(), json!(c.values))).collect();
    json!({
        "mismatch": line.mismatch.as_str(),
        "kind": line.kind,
        "where": conditions,
        "stances": line.stances.iter().map(stance).collect::<Vec<_>>(),
        "sentence": line.sentence,
    })
}

fn told(
    report: &Report,
    one: NationCode,
    other: NationCode,
    agreement: Option<&Agreement>,
) -> Value {
    json!({
        "ok": true,
        "nations": [one.to_string(), other.to_string()],
        "agreement": agreement.map(Agreement::code),
        "lines": report.lines.iter().map(line).collect::<Vec<_>>(),
        "alike": report.alike,
        "cases": report.cases,
        "complete": report.complete,
    })
}

/// Above the lines of each kind.
fn heading(mismatch: Mismatch) -> &'static str {
    match mismatch {
        Mismatch::Promise => "What the agreement promises and a law does not let go",
        Mismatch::Import => "What one lets leave and the other may not take in",
        Mismatch::Gap => "What one protects and the other lets leave",
        Mismatch::Differs => "What both protect, in different ways",
    }
}

fn people(value: &Value, page: &mut dyn Write) -> fmt::Result {
    let lines = list(value, "lines");
    for mismatch in Mismatch::ALL {
        let of = lines.iter().filter(|l| text(l, "mismatch") == mismatch.as_str());
        let mut kind = String::new();
        for (n, line) in of.enumerate() {
            if n == 0 {
                writeln!(page, "{}", heading(mismatch))?;
            }
            let this = text(line, "kind");
            if this != kind {
                writeln!(page, "  {}", this.replace('_', " "))?;
                kind = this;
            }
            writeln!(page, "    {}", clean(&text(line, "sentence")))?;
        }
    }
    if lines.is_empty() {
        writeln!(page, "the laws of {} leave no gap between them", text(value, "nations"))?;
    }
    writeln!(page)?;
    let alike = count(number(value, "alike"), "kind");
    let cases = count(number(value, "cases"), "case");
    let extent = if flag(value, "complete") { "all" } else { "a sample" };
    writeln!(
        page,
        "{alike} of rule treated alike; {cases} decided, {extent} that the laws tell apart"
    )
}
