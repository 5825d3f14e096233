//! `agreement new`: a draft from the library.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use entente_law::template::{TEMPLATES, Wishes, draft, find};
use entente_law::{Agreement, Schemes};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::output::{Audience, Exit, Failure, Output};
use crate::page::{Answer, Table, list, text};

use super::super::input;

/// Write a draft from the library, ready to edit
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement new --list\n  \
                        entente agreement new --template police-exchange --parties XAR,XEL \
                        --id XAR-XEL-POL --out draft.md\n  \
                        entente agreement new --template ember-strait > draft.md")]
pub(crate) struct NewArgs {
    /// The agreement of the library to start from
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    template: Option<String>,
    /// The parties, with commas; those of the template if left out
    #[arg(long, value_name = "NATIONS", value_delimiter = ',')]
    parties: Vec<NationCode>,
    /// The code of the new agreement
    #[arg(long, value_name = "CODE")]
    id: Option<String>,
    /// Its title
    #[arg(long)]
    title: Option<String>,
    /// Write this file, which must not exist, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// List what the library has
    #[arg(long, conflicts_with_all = ["template", "parties", "id", "title", "out"])]
    list: bool,
}

impl NewArgs {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let Some(name) = &self.template else { return library(output) };
        let template = find(name).map_err(Failure::usage)?;
        let wishes = Wishes { parties: self.parties, code: self.id, title: self.title };
        let draft = draft(template, &wishes, &Schemes::builtin()).map_err(Failure::usage)?;
        if let Some(path) = &self.out {
            input::create(path, draft.as_bytes())?;
        } else if output.audience() == Audience::People {
            output.text(&draft)?;
            return Ok(Exit::Done);
        }
        let open = draft.matches('[').count().saturating_sub(brackets_of_toml(&draft));
        let value = json!({
            "template": template.name,
            "file": self.out,
            "text": if self.out.is_none() { Some(&draft) } else { None },
            "open": open,
        });
        output.report(&Answer::new(value, |value, page| {
            let open = text(value, "open");
            write!(page, "{} is a draft from {}", text(value, "file"), text(value, "template"))?;
            match open.as_str() {
                "0" => writeln!(page, "; read it, change it, and check it"),
                "1" => writeln!(page, "; fill in the place in square brackets"),
                _ => writeln!(page, "; fill in the {open} places in square brackets"),
            }
        }))?;
        Ok(Exit::Done)
    }
}

/// Brackets in the particulars and in clauses, which are lists and sections and no open places.
fn brackets_of_toml(draft: &str) -> usize {
    let mut toml = true;
    let mut brackets = 0;
    for (n, line) in draft.lines().enumerate() {
        match line {
            "+++" => toml = n == 0,
            "```clause" => toml = true,
            "```" => toml = false,
            _ if toml => brackets += line.matches('[').count(),
            _ => {}
        }
    }
    brackets
}

fn library(output: Output) -> Result<Exit, Failure> {
    let mut templates = Vec::new();
    for template in TEMPLATES {
        let agreement = Agreement::parse(template.text)
            .map_err(|p| Failure::failed(anyhow!("the template {}: {p}", template.name)))?;
        templates.push(json!({
            "template": template.name,
            "title": agreement.title(),
            "kind": agreement.kind().as_str(),
            "languages": agreement.languages(),
            "clauses": agreement.clauses().count(),
        }));
    }
    let value: Value = json!({ "templates": templates });
    output.report(&Answer::new(value, |value, page| {
        let mut table = Table::new(["template", "kind", "languages", "title"]);
        for one in list(value, "templates") {
            table.row(["template", "kind", "languages", "title"].map(|key| text(one, key)));
        }
        table.write(page, "the library is empty")
    }))?;
    Ok(Exit::Done)
}
