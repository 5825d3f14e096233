//! `entente agreement diff`: what another text would change.

use std::fmt::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use entente_law::consequence::{self, Answer as Given, Change};
use entente_law::{Agreement, Schemes};
use serde_json::{Value, json};

use crate::command::{Run, input};
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, count, flag, list, number, text};

/// Show what one text of an agreement would change against another: consequences, not words
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente agreement diff agreements/ember-strait.md draft.md\n  \
                        entente agreement diff ESM-MISA 9f31c2ab --as lena\n\nFiles need no node. \
                        What is no file is a text that the running node holds: a code, or the \
                        start of an id."
)]
pub(super) struct DiffArgs {
    /// The text that is in force, or was offered first
    old: PathBuf,
    /// The text that would take its place
    new: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for DiffArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut read = Vec::new();
        for file in [&self.old, &self.new] {
            match Agreement::parse(&input::agreement(file, &self.person)?) {
                Ok(agreement) => read.push(agreement),
                Err(problems) => return input::problems(file, &problems, output),
            }
        }
        let [old, new] = read.as_slice() else {
            return Err(Failure::failed(anyhow!("two texts are compared")));
        };
        let found = consequence::between(old, new, &Schemes::builtin())
            .map_err(|e| Failure::usage(anyhow!("the texts cannot be compared: {e}")))?;
        let changes: Vec<Value> = found.changes.iter().map(change).collect();
        let value = json!({
            "ok": true,
            "old": { "file": self.old, "agreement": old.code() },
            "new": { "file": self.new, "agreement": new.code() },
            "changes": changes,
            "particulars": found.particulars,
            "cells": found.cells,
            "complete": found.complete,
        });
        output.report(&Answer::new(value, people))?;
        Ok(Exit::Done)
    }
}

fn given(answer: &Given) -> Value {
    json!({
        "decision": answer.decision.as_str(),
        "refer_to": answer.refer_to,
        "obligations": answer.owed,
    })
}

fn change(change: &Change) -> Value {
    let conditions: serde_json::Map<String, Value> =
        change.conditions.iter().map(|c| (c.name.to_owned(), json!(c.values))).collect();
    json!({
        "turn": change.turn.as_str(),
        "sentence": change.sentence,
        "where": conditions,
        "before": given(&change.before),
        "after": given(&change.after),
    })
}

fn people(value: &Value, page: &mut dyn Write) -> fmt::Result {
    let changes = list(value, "changes");
    let cells = count(number(value, "cells"), "case");
    if changes.is_empty() {
        writeln!(page, "no decision and no obligation changes")?;
    } else {
        for change in changes {
            writeln!(page, "{}", text(change, "sentence"))?;
        }
        writeln!(page)?;
        let mut table = Table::new(["change", "before", "after", "where"]);
        for change in changes {
            let at = |side: &str| {
                let answer = change.get(side).unwrap_or(&Value::Null);
                let owed = [text(answer, "refer_to"), text(answer, "obligations")];
                let owed: Vec<String> = owed.into_iter().filter(|t| !t.is_empty()).collect();
                let decision = text(answer, "decision").replace('_', " ");
                if owed.is_empty() { decision } else { format!("{decision}: {}", owed.join(", ")) }
            };
            let conditions = change.get("where").and_then(Value::as_object);
            let conditions: Vec<String> = conditions
                .into_iter()
                .flatten()
                .map(|(name, _)| {
                    let values = change.get("where").map(|w| text(w, name)).unwrap_or_default();
                    format!("{}: {values}", name.replace('_', " "))
                })
                .collect();
            let everywhere = conditions.is_empty();
            let conditions =
                if everywhere { "everywhere".to_owned() } else { conditions.join("; ") };
            table.row([text(change, "turn"), at("before"), at("after"), conditions]);
        }
        table.write(page, "")?;
    }
    let particulars = value.get("particulars").and_then(Value::as_array);
    for line in particulars.into_iter().flatten().filter_map(Value::as_str) {
        writeln!(page, "{}", crate::page::clean(line))?;
    }
    writeln!(page)?;
    if flag(value, "complete") {
        writeln!(page, "All {cells} that the two texts can tell apart were decided.")?;
    } else {
        writeln!(
            page,
            "There are too many cases to decide all: {cells} were, a sample. More may change."
        )?;
    }
    writeln!(
        page,
        "Each sentence holds as far as this agreement goes: labels, national law, and clauses \
         that both texts share bind besides."
    )
}
