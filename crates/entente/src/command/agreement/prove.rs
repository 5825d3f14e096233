//! `entente agreement prove`: what an agreement can never allow, without a node.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use entente_app::prover::Cvc5;
use entente_app::row::{Texts, row};
use entente_law::prove::{Finding, OwnProperty, Pack, Property, Verdict, prove};
use entente_law::{Agreement, NationalLaw, Schemes};
use serde_json::{Value, json};

use crate::command::{Run, input};
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, count, list, number, text};

/// Prove what an agreement can never allow, or show a case in which it does
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    entente agreement prove agreements/ember-strait.md --with laws/xar.md --with laws/xbr.md\n  \
    entente agreement prove draft.md --amends agreements/ember-strait.md --property only-narrows\n  \
    entente agreement prove draft.md --cedar own.cedar --rows cases.jsonl\n\n\
    It reads files and needs no node. It ends with exit code 0 if everything was proved, 1 if not.")]
pub(super) struct ProveArgs {
    /// The texts of the agreements, each taken as in force for all its parties
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A national law in force; repeat it for each
    #[arg(long = "with", value_name = "LAW", num_args = 1..)]
    laws: Vec<PathBuf>,
    /// The text that the others would replace
    #[arg(long, value_name = "OLD")]
    amends: Option<PathBuf>,
    /// A property by name, such as noforn, or all
    #[arg(long = "property", value_name = "NAME")]
    properties: Vec<String>,
    /// Properties of your own: what must never go, as `forbid` policies
    #[arg(long, value_name = "FILE")]
    cedar: Option<PathBuf>,
    /// Write the counterexamples as decision rows to a new file
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// The solver
    #[arg(long, value_name = "PROGRAM", default_value = entente_app::prover::PROGRAM)]
    solver: PathBuf,
    /// Seconds for each question
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    limit: u64,
}

/// Reads texts; the first that is wrong is told with its problems.
fn texts<T>(
    files: &[PathBuf],
    parse: impl Fn(&str) -> Result<T, entente_law::Problems>,
    output: Output,
) -> Result<Result<Vec<T>, Exit>, Failure> {
    let mut read = Vec::new();
    for file in files {
        match parse(&input::text(file)?) {
            Ok(text) => read.push(text),
            Err(problems) => return input::problems(file, &problems, output).map(Err),
        }
    }
    Ok(Ok(read))
}

impl ProveArgs {
    fn wanted(&self) -> Result<Vec<Property>, Failure> {
        let mut properties = Vec::new();
        let all = || Property::all(self.files.len(), self.amends.is_some());
        for name in &self.properties {
            if name == "all" {
                properties.extend(all());
            } else {
                let property = Property::parse(name).map_err(|e| Failure::usage(anyhow!(e)))?;
                properties.push(property);
            }
        }
        if let Some(file) = &self.cedar {
            let own = OwnProperty::parse(&input::text(file)?)
                .map_err(|e| Failure::usage(anyhow!("{}: {e}", file.display())))?;
            properties.extend(own.into_iter().map(|p| Property::Own(Box::new(p))));
        }
        if properties.is_empty() {
            properties = all();
        }
        let named = |p: &Property| matches!(p, Property::OnlyNarrows);
        if properties.iter().any(named) && self.amends.is_none() {
            return Err(Failure::usage(anyhow!(
                "only-narrows compares with the text that is amended: name it with --amends"
            )));
        }
        if properties.iter().any(|p| matches!(p, Property::NoContradiction)) && self.files.len() < 2
        {
            return Err(Failure::usage(anyhow!(
                "no-contradiction is about two agreements or more: name their files"
            )));
        }
        Ok(properties)
    }
}

impl Run for ProveArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let properties = self.wanted()?;
        let agreements = match texts(&self.files, Agreement::parse, output)? {
            Ok(agreements) => agreements,
            Err(exit) => return Ok(exit),
        };
        let laws = match texts(&self.laws, NationalLaw::parse, output)? {
            Ok(laws) => laws,
            Err(exit) => return Ok(exit),
        };
        let amended: Vec<PathBuf> = self.amends.iter().cloned().collect();
        let amends = match texts(&amended, Agreement::parse, output)? {
            Ok(amends) => amends,
            Err(exit) => return Ok(exit),
        };
        let schemes = Schemes::builtin();
        let pack = Pack {
            agreements: &agreements,
            laws: &laws,
            schemes: &schemes,
            amends: amends.first(),
        };
        let mut solvers = Cvc5::side_by_side(&self.solver, Duration::from_secs(self.limit));
        let found = prove(&pack, &properties, &mut solvers)
            .map_err(|e| Failure::usage(anyhow!("the texts cannot be put into one pack: {e}")))?;
        let mut rows = Vec::new();
        let findings = found
            .iter()
            .map(|finding| told(finding, &laws, &schemes, &mut rows))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &self.rows {
            write(file, &rows)?;
        }
        let proved = found.iter().filter(|f| f.verdict == Verdict::Proved).count();
        let done = proved == found.len();
        let value = json!({
            "ok": done,
            "exit": if done { Exit::Done.code() } else { Exit::Failed.code() },
            "findings": findings,
            "proved": proved,
            "rows": rows.len(),
            "rows_file": self.rows,
            "laws": laws.iter().map(NationalLaw::code).collect::<BTreeSet<_>>(),
        });
        output.report(&Answer::new(value, people))?;
        Ok(if done { Exit::Done } else { Exit::Failed })
    }
}

fn write(file: &Path, rows: &[Value]) -> Result<(), Failure> {
    let mut lines = rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    if !lines.is_empty() {
        lines.push('\n');
    }
    input::create(file, lines.as_bytes())
}

/// One finding for programs. Its case goes to the rows.
fn told(
    finding: &Finding,
    laws: &[NationalLaw],
    schemes: &Schemes,
    rows: &mut Vec<Value>,
) -> Result<Value, Failure> {
    let mut value = json!({
        "property": finding.property,
        "agreements": finding.about,
        "claim": finding.claim,
    });
    let (word, more) = match &finding.verdict {
        Verdict::Proved => ("PROVED", None),
        Verdict::NotProved(why) => ("NOT PROVED", Some(json!({ "reason": why }))),
        Verdict::Counterexample(found) => {
            let agreements = found
                .agreements
                .iter()
                .map(|text| Agreement::parse(text))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| {
                    Failure::failed(anyhow!("a text that was read cannot be read: {e}"))
                })?;
            let id = format!("S0-R{:02}", rows.len() + 1);
            let with: &[NationalLaw] = if found.with_laws { laws } else { &[] };
            let texts = Texts { agreements: &agreements, laws: with, schemes };
            let row = row(&id, &format!("against: {}", finding.claim), &found.scenario, &texts);
            let case = json!({
                "says": found.says,
                "row": id,
                "object": row.get("object"),
                "recipient": row.get("recipient"),
                "transfer": row.get("transfer"),
                "at": row.get("at"),
                "decision": found.ruling.decision.as_str(),
                "obligations": found.ruling.obligations,
                "explanation": found.ruling.explanation,
            });
            rows.push(row);
            ("COUNTEREXAMPLE", Some(json!({ "counterexample": case })))
        }
    };
    crate::page::put(&mut value, "verdict", word);
    if let Some(Value::Object(more)) = more {
        for (name, member) in more {
            crate::page::put(&mut value, &name, member);
        }
    }
    Ok(value)
}

/// The parts of a case that say something, one a line.
fn case(case: &Value, page: &mut dyn Write) -> fmt::Result {
    let of = |part: &str| case.get(part).unwrap_or(&Value::Null);
    let (object, transfer, recipient) = (of("object"), of("transfer"), of("recipient"));
    let label = object.get("label").unwrap_or(&Value::Null);
    let sender = transfer.get("sender").unwrap_or(&Value::Null);
    let controls: Vec<String> =
        list(label, "controls").iter().map(|c| text(c, "control")).collect();
    let mut marking = text(label, "marking");
    for control in &controls {
        marking.push_str("//");
        marking.push_str(&control.replace('_', " "));
    }
    writeln!(
        page,
        "    object     {} of {}, marked {marking}",
        text(object, "type"),
        text(label, "scheme")
    )?;
    writeln!(
        page,
        "    from       {} ({}), for {}, on {}",
        text(sender, "nation"),
        text(sender, "body"),
        text(transfer, "purpose"),
        text(case, "at")
    )?;
    writeln!(page, "    to         {} ({})", text(recipient, "nation"), text(recipient, "body"))?;
    let persons: Vec<String> =
        list(object, "persons").iter().map(|p| text(p, "nationality")).collect();
    for (what, value) in [
        ("persons", persons.join("; ")),
        ("categories", text(object, "data_categories")),
        ("facts", text(transfer, "facts")),
        ("emergency", text(transfer, "emergency")),
    ] {
        if !value.is_empty() {
            writeln!(page, "    {what:<10} {value}")?;
        }
    }
    for from in list(object, "provenance") {
        let (nation, under) = (text(from, "nation"), text(from, "agreement"));
        writeln!(page, "    foreign    from {nation}, received under {under}")?;
    }
    let decision = text(case, "decision").replace('_', " ").to_uppercase();
    writeln!(page, "    decision   {decision}")?;
    for sentence in list(case, "explanation").iter().filter_map(Value::as_str) {
        writeln!(page, "               {}", crate::page::clean(sentence))?;
    }
    writeln!(page, "    row        {}", text(case, "row"))
}

fn people(value: &Value, page: &mut dyn Write) -> fmt::Result {
    for finding in list(value, "findings") {
        writeln!(page, "{}  {}", text(finding, "verdict"), text(finding, "property"))?;
        writeln!(page, "  {}", text(finding, "claim"))?;
        if let Some(reason) = finding.get("reason").and_then(Value::as_str) {
            writeln!(page, "  because {}", crate::page::clean(reason))?;
        }
        if let Some(found) = finding.get("counterexample") {
            writeln!(page, "  {}:", text(found, "says"))?;
            case(found, page)?;
        }
    }
    let findings = count(u64::try_from(list(value, "findings").len()).unwrap_or(0), "property");
    let findings = findings.replace("propertys", "properties");
    let laws = text(value, "laws");
    let laws = if laws.is_empty() { "no national law".to_owned() } else { laws };
    writeln!(page)?;
    writeln!(page, "{} of {findings} proved, with {laws}", number(value, "proved"))?;
    match (number(value, "rows"), value.get("rows_file").and_then(Value::as_str)) {
        (0, _) => Ok(()),
        (_, Some(file)) => writeln!(page, "the cases are in {}", crate::page::clean(file)),
        (_, None) => writeln!(page, "with --rows FILE the cases are written as decision rows"),
    }
}
