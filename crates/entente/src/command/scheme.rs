//! `entente scheme`: classification schemes of nations and organisations.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_law::scheme::{Included, Level, Place};
use entente_law::{Scheme, Schemes, level};
use serde_json::{Value, json};

use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, list, text};
use crate::schemes;

use super::{Run, input};

/// List, show and check classification schemes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente scheme show NATO")]
pub struct SchemeArgs {
    #[command(subcommand)]
    command: SchemeCommand,
}

#[derive(Debug, Subcommand)]
enum SchemeCommand {
    List(ListArgs),
    Show(ShowArgs),
    Check(CheckArgs),
}

/// Further schemes.
#[derive(Debug, Args)]
pub(super) struct WithArgs {
    /// A file with a further scheme, table of equivalence or list of groups; may be repeated
    #[arg(long = "with", value_name = "FILE")]
    with: Vec<PathBuf>,
}

impl WithArgs {
    /// The schemes of the program and of the files.
    pub(super) fn schemes(&self) -> Result<Schemes, Failure> {
        schemes::with(&self.with).map_err(Failure::usage)
    }
}

/// List the schemes, the tables of equivalence and the groups
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente scheme list")]
struct ListArgs {
    #[command(flatten)]
    with: WithArgs,
}

/// Show one scheme: levels, markings, languages, validity, controls and their source
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente scheme show FRA")]
struct ShowArgs {
    /// The owner's code, such as DEU or NATO
    code: String,
    #[command(flatten)]
    with: WithArgs,
}

/// Check a file with a scheme, a table of equivalence or a list of groups
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente scheme check schemes/xar.toml")]
struct CheckArgs {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    with: WithArgs,
}

impl Run for SchemeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            SchemeCommand::List(args) => args.run(output),
            SchemeCommand::Show(args) => args.run(output),
            SchemeCommand::Check(args) => args.run(output),
        }
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let all = self.with.schemes()?;
        let schemes: Vec<Value> = all
            .iter()
            .map(|scheme| {
                let markings: Vec<&str> = scheme.markings().map(|(m, _)| m).collect();
                json!({
                    "scheme": scheme.owner(),
                    "name": scheme.name(),
                    "languages": scheme.languages(),
                    "checked": scheme.checked().as_str(),
                    "markings": markings,
                })
            })
            .collect();
        let tables: Vec<Value> = all
            .tables()
            .map(|t| json!({ "table": t.code(), "title": t.title(), "checked": t.checked().as_str() }))
            .collect();
        let groups: Vec<Value> = all
            .groups()
            .iter()
            .map(|(code, name)| json!({ "group": code, "name": name }))
            .collect();
        let value = json!({ "schemes": schemes, "tables": tables, "groups": groups });
        output.report(&Answer::new(value, |value, page| {
            let mut table = Table::new(["scheme", "name", "checked", "highest"]);
            for scheme in list(value, "schemes") {
                let highest = list(scheme, "markings").last().and_then(Value::as_str);
                table.row([
                    text(scheme, "scheme"),
                    text(scheme, "name"),
                    text(scheme, "checked"),
                    highest.unwrap_or_default().to_owned(),
                ]);
            }
            table.write(page, "no scheme is known")?;
            writeln!(page)?;
            let mut table = Table::new(["table", "checked", "title"]);
            for one in list(value, "tables") {
                table.row([text(one, "table"), text(one, "checked"), text(one, "title")]);
            }
            table.write(page, "no table of equivalence is known")
        }))?;
        Ok(Exit::Done)
    }
}

fn level_json(one: &Level) -> Value {
    let words: serde_json::Map<String, Value> =
        one.words.iter().map(|(language, word)| (language.clone(), json!(word))).collect();
    let legacy: Vec<Value> = one
        .legacy
        .iter()
        .map(|old| json!({ "marking": old.marking, "given": old.period.says() }))
        .collect();
    json!({
        "id": one.id,
        "class": level::name(one.class),
        "beside": one.place == Place::Beside,
        "classification": one.classification,
        "marking": one.marking,
        "words": words,
        "abbreviation": one.abbreviation,
        "aliases": one.aliases,
        "legacy": legacy,
        "given": one.period.says(),
        "declassify_years": one.declassify_years,
        "duration": one.duration,
        "checked": one.checked.map(entente_law::scheme::Certainty::as_str),
        "note": one.note,
    })
}

fn scheme_json(scheme: &Scheme) -> Value {
    let controls: Vec<Value> = scheme
        .controls()
        .iter()
        .map(|c| json!({ "marking": c.marking, "portion": c.portion, "levels": c.levels, "note": c.note }))
        .collect();
    json!({
        "scheme": scheme.owner(),
        "name": scheme.name(),
        "languages": scheme.languages(),
        "in_use": scheme.period().says(),
        "clearance_from": scheme.clearance_from().map(level::name),
        "source": scheme.source(),
        "checked": scheme.checked().as_str(),
        "notes": scheme.notes(),
        "levels": scheme.levels().iter().rev().map(level_json).collect::<Vec<_>>(),
        "controls": controls,
        "page": scheme.page(),
    })
}

impl Run for ShowArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let all = self.with.schemes()?;
        let scheme = all.get(&self.code).map_err(Failure::usage)?;
        output.report(&Answer::new(scheme_json(scheme), |value, page| {
            let whole = value.get("page").and_then(Value::as_str).unwrap_or_default();
            for line in whole.lines() {
                writeln!(page, "{}", crate::page::clean(line))?;
            }
            Ok(())
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for CheckArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut all = self.with.schemes()?;
        let content = schemes::text(&self.file).map_err(Failure::usage)?;
        let included = match all.include(&content) {
            Ok(included) => included,
            Err(problems) => return input::problems(&self.file, &problems, output),
        };
        let (kind, code) = match included {
            Included::Scheme(code) => ("scheme", code),
            Included::Table(code) => ("table", code),
            Included::Groups => ("groups", String::new()),
        };
        let value = json!({ "ok": true, "file": self.file, "kind": kind, "code": code });
        output.report(&Answer::new(value, |value, page| {
            let what = format!("{} {}", text(value, "kind"), text(value, "code"));
            writeln!(page, "{} is correct: {}", text(value, "file"), what.trim_end())
        }))?;
        Ok(Exit::Done)
    }
}
