//! `entente label convert`: a label in another owner's scheme, with what is lost.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use entente_law::equivalence::{Basis, Outcome, Table, convert, table_between};
use entente_law::{Agreement, Schemes, canonical, level, parse_marking, print_banner};
use entente_model::Timestamp;
use serde_json::json;

use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, flag, list, text};

use super::super::scheme::WithArgs;
use super::super::{Run, input};
use super::{OnArgs, plain, wrong};

/// Say what a label becomes in another owner's scheme and back, and what is lost
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente label convert --from EU --to FRA \"EU CONFIDENTIAL\"\n\n\
                        What binds is the table of an agreement: --agreement FILE, or one of those that\n\
                        `entente scheme list` names. Without one the common ladder serves for comparison only."
)]
pub(super) struct ConvertArgs {
    /// The label, in the originator's words
    text: String,
    /// Whose label it is
    #[arg(long, value_name = "CODE")]
    from: String,
    /// In whose scheme it is wanted
    #[arg(long, value_name = "CODE")]
    to: String,
    /// The table of equivalence; the only one between the two if it is left out
    #[arg(long, value_name = "CODE", conflicts_with = "agreement")]
    table: Option<String>,
    /// An agreement whose table binds the two
    #[arg(long, value_name = "FILE")]
    agreement: Option<PathBuf>,
    #[command(flatten)]
    on: OnArgs,
    #[command(flatten)]
    with: WithArgs,
}

impl ConvertArgs {
    /// The table that binds the two owners, if one is known.
    fn table(&self, all: &Schemes, on: Timestamp) -> Result<Option<Table>, Failure> {
        let Some(code) = &self.table else {
            return Ok(table_between(all, &self.from, &self.to, on).cloned());
        };
        let found = all.tables().find(|t| t.code() == code);
        let table = found.ok_or_else(|| {
            let known: Vec<&str> = all.tables().map(Table::code).collect();
            Failure::usage(anyhow!(
                "`{code}` is no table of equivalence: expected one of {}",
                known.join(", ")
            ))
        })?;
        for owner in [&self.from, &self.to] {
            if !table.covers(owner, on) {
                return Err(Failure::usage(anyhow!("{code} says nothing of {owner} on that day")));
            }
        }
        Ok(Some(table.clone()))
    }
}

impl Run for ConvertArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let all = self.with.schemes()?;
        let on = self.on.day();
        let from = all.get(&self.from).map_err(Failure::usage)?;
        let to = all.get(&self.to).map_err(Failure::usage)?;
        let read =
            parse_marking(&self.text, from, &all, None, on).map_err(|e| wrong(&self.text, &e))?;
        if read.label.policy != from.owner() {
            return Err(Failure::usage(anyhow!(
                "`{}` is a label of {}: convert it --from {}",
                self.text,
                read.label.policy,
                read.label.policy
            )));
        }
        let label = canonical(&read.label, from);
        let table = match &self.agreement {
            None => self.table(&all, on)?,
            Some(file) => {
                let agreement = match Agreement::parse(&input::text(file)?) {
                    Ok(agreement) => agreement,
                    Err(problems) => return input::problems(file, &problems, output),
                };
                let table = agreement.equivalence(&all).map_err(Failure::usage)?;
                Some(table.ok_or_else(|| {
                    Failure::usage(anyhow!("{} has no table of equivalence", file.display()))
                })?)
            }
        };
        let basis = table.as_ref().map_or(Basis::Ladder, Basis::Table);
        let result = convert(&label, from, to, basis, on).ok_or_else(|| {
            Failure::failed(anyhow!("`{}` has no level in {}", self.text, from.owner()))
        })?;
        let (outcome, words) = match &result.outcome {
            Outcome::Equal { .. } => ("equal", None),
            Outcome::Higher { words, .. } => ("higher", words.clone()),
            Outcome::Prescribed { text } => ("prescribed", Some(text.clone())),
            Outcome::NotTransferable { why } => ("not_transferable", Some(why.clone())),
        };
        let value = json!({
            "from": from.owner(),
            "to": to.owner(),
            "label": print_banner(&label, from),
            "outcome": outcome,
            "marking": result.outcome.marking(),
            "class": result.outcome.class().map(level::name),
            "words": words,
            "rule": result.outcome.rule(),
            "table": table.as_ref().map(Table::code),
            "binding": result.binding,
            "back": result.back,
            "losses": result.losses,
        });
        output.report(&Answer::new(value, |value, page| {
            writeln!(page, "{}  {}", text(value, "from"), text(value, "label"))?;
            let marking = match text(value, "marking") {
                marking if marking.is_empty() => "nothing".to_owned(),
                marking => format!("{marking} ({})", text(value, "class")),
            };
            writeln!(page, "{}  {marking}", text(value, "to"))?;
            writeln!(page, "rule   {}", text(value, "rule"))?;
            let words = text(value, "words");
            if !words.is_empty() {
                writeln!(page, "words  {words}")?;
            }
            if flag(value, "binding") {
                writeln!(page, "basis  {}", text(value, "table"))?;
            } else {
                writeln!(
                    page,
                    "basis  none: the common ladder serves for comparison only, and without a table in an agreement nothing classified is transferred"
                )?;
            }
            let back = text(value, "back");
            if !back.is_empty() {
                writeln!(page, "back   {back}")?;
            }
            for loss in list(value, "losses") {
                writeln!(page, "loss   {}", plain(loss))?;
            }
            Ok(())
        }))?;
        // A program asks whether it may go at all.
        Ok(if outcome == "not_transferable" { Exit::Failed } else { Exit::Done })
    }
}
