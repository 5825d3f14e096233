//! `agreement check` and `law check`: everything that is wrong with texts.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use entente_law::{Agreement, NationalLaw};
use serde_json::{Value, json};

use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, list, put, text};

use super::super::input::{self, Fault};
use super::{Kind, Text};

/// Check texts and name every line that is wrong, without a node
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The texts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What was found in one file.
struct Checked {
    document: Value,
    problems: Vec<Fault>,
}

impl CheckArgs {
    pub(crate) fn run(self, kind: Kind, output: Output) -> Result<Exit, Failure> {
        let checked = self
            .files
            .iter()
            .map(|file| one(kind, file))
            .collect::<Result<Vec<Checked>, Failure>>()?;
        let wrong: Vec<String> = checked
            .iter()
            .zip(&self.files)
            .filter(|(checked, _)| !checked.problems.is_empty())
            .map(|(_, file)| file.display().to_string())
            .collect();
        let (mut documents, mut problems) = (Vec::new(), Vec::new());
        for one in checked {
            documents.push(one.document);
            problems.extend(one.problems);
        }
        if wrong.is_empty() {
            let value = match documents.len() {
                1 => documents.remove(0),
                _ => json!({ "ok": true, "texts": documents }),
            };
            output.report(&Answer::new(value, page))?;
            return Ok(Exit::Done);
        }
        let verb = if wrong.len() == 1 { "is" } else { "are" };
        let error = format!("{} {verb} not correct", wrong.join(", "));
        input::faults(error, problems, output)
    }
}

fn one(kind: Kind, file: &Path) -> Result<Checked, Failure> {
    let document = match kind.read(file)? {
        Ok(Text::Agreement(agreement)) => agreement_document(file, &agreement),
        Ok(Text::Law(law)) => law_document(file, &law),
        Err(problems) => {
            let problems = input::placed(file, problems.iter());
            return Ok(Checked { document: json!({ "ok": false, "file": file }), problems });
        }
    };
    Ok(Checked { document, problems: Vec::new() })
}

fn agreement_document(file: &Path, agreement: &Agreement) -> Value {
    let parties: Vec<String> =
        agreement.parties().iter().map(|party| party.nation.to_string()).collect();
    let clauses: Vec<Value> = agreement
        .clauses()
        .map(|(id, kind, says)| json!({ "clause": id, "type": kind, "says": says }))
        .collect();
    json!({
        "ok": true,
        "file": file,
        "agreement": agreement.code(),
        "title": agreement.title(),
        "kind": agreement.kind().as_str(),
        "languages": agreement.languages(),
        "parties": parties,
        "bound": agreement.is_bound(),
        "clauses": clauses,
        "doubts": input::placed(file, agreement.doubts().iter()),
    })
}

fn law_document(file: &Path, law: &NationalLaw) -> Value {
    let rules: Vec<Value> = law
        .rules()
        .map(|(id, kind, says)| json!({ "rule": id, "type": kind, "says": says }))
        .collect();
    let mut document = json!({
        "ok": true,
        "file": file,
        "law": law.code(),
        "title": law.title(),
        "nation": law.nation().to_string(),
        "rules": rules,
    });
    put(&mut document, "languages", law.languages());
    document
}

fn page(value: &Value, page: &mut dyn Write) -> fmt::Result {
    let texts = list(value, "texts");
    if texts.is_empty() {
        return text_page(value, page);
    }
    texts.iter().try_for_each(|one| text_page(one, page))
}

fn text_page(value: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "{} is correct", text(value, "file"))?;
    let nation = text(value, "nation");
    if nation.is_empty() {
        writeln!(page, "  {}  {}", text(value, "agreement"), text(value, "title"))?;
        writeln!(page, "  parties  {}", text(value, "parties"))?;
    } else {
        writeln!(page, "  {}  {}, of {nation}", text(value, "law"), text(value, "title"))?;
    }
    if !list(value, "languages").is_empty() {
        writeln!(page, "  languages  {}", text(value, "languages"))?;
    }
    for clause in list(value, "clauses") {
        writeln!(page, "  {}  {}", text(clause, "clause"), text(clause, "says"))?;
    }
    for rule in list(value, "rules") {
        writeln!(page, "  {}  {}", text(rule, "rule"), text(rule, "says"))?;
    }
    for doubt in list(value, "doubts") {
        writeln!(page, "  look again at line {}: {}", text(doubt, "line"), text(doubt, "message"))?;
    }
    Ok(())
}
