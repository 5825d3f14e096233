//! `entente label banner`: the banner of a document, from its portions.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use entente_law::rollup::{Compilation, Document, Part, read_document, rollup};
use entente_law::{Scheme, Schemes, canonical, parse_marking, print_banner};
use entente_model::Timestamp;
use serde_json::{Value, json};

use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, list, put, text};

use super::super::scheme::WithArgs;
use super::super::{Run, input};
use super::{OnArgs, label_json, plain, write_label, wrong};

/// Compute a document's banner from its portions, with the rule for each element
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente label banner --scheme USA --portion \"(S//REL TO USA, GBR)\" \
                        --portion \"(U//FOUO)\"\n\nA file is a text whose paragraphs each begin with a \
                        portion mark; `[external]` before the\nmark keeps a portion out, and a first or \
                        last paragraph without a mark is the banner that is\ncompared with the computed one."
)]
pub(super) struct BannerArgs {
    /// A text with portion marks
    #[arg(required_unless_present = "portion", conflicts_with = "portion")]
    file: Option<PathBuf>,
    /// A portion's mark; may be repeated
    #[arg(long, value_name = "MARK")]
    portion: Vec<String>,
    /// The scheme of the document
    #[arg(long, value_name = "CODE")]
    scheme: String,
    /// The level that the whole deserves, if it is above that of every part
    #[arg(long, value_name = "MARKING", requires = "reason")]
    compiled: Option<String>,
    /// Why the whole deserves it
    #[arg(long, requires = "compiled")]
    reason: Option<String>,
    #[command(flatten)]
    on: OnArgs,
    #[command(flatten)]
    with: WithArgs,
}

impl BannerArgs {
    fn portions(
        &self,
        scheme: &Scheme,
        all: &Schemes,
        on: Timestamp,
    ) -> Result<Vec<Part>, Failure> {
        let read = |mark: &String| {
            let label = parse_marking(mark, scheme, all, None, on).map_err(|e| wrong(mark, &e))?;
            Ok(Part { name: mark.clone(), label: label.label, external: false })
        };
        self.portion.iter().map(read).collect()
    }
}

impl Run for BannerArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let all = self.with.schemes()?;
        let scheme = all.get(&self.scheme).map_err(Failure::usage)?;
        let on = self.on.day();
        let document = match &self.file {
            Some(file) => match read_document(&input::text(file)?, scheme, &all, on) {
                Ok(document) => document,
                Err(problems) => return input::problems(file, &problems, output),
            },
            None => Document { written: None, parts: self.portions(scheme, &all, on)? },
        };
        let compilation =
            self.compiled.zip(self.reason).map(|(marking, reason)| Compilation { marking, reason });
        let rolled = rollup(&document.parts, scheme, &all, compilation.as_ref(), on)
            .map_err(Failure::usage)?;
        let banner = print_banner(&rolled.label, scheme);
        if let Some(written) = &document.written {
            let written = print_banner(&canonical(written, scheme), scheme);
            if written != banner {
                return Err(Failure::failed(anyhow!(
                    "the banner in the document is `{written}`, and its portions make `{banner}`"
                )));
            }
        }
        let fired: Vec<Value> = rolled
            .fired
            .iter()
            .map(|f| json!({ "element": f.element, "rule": f.rule, "portions": f.portions }))
            .collect();
        let kept: Vec<&str> =
            rolled.label.alternatives.iter().map(|l| l.marking.as_str()).collect();
        let mut value = label_json(&rolled.label, &all);
        put(&mut value, "fired", fired);
        put(&mut value, "alternatives", kept);
        put(&mut value, "portions", document.parts.len());
        output.report(&Answer::new(value, |value, page| {
            write_label(value, page)?;
            for one in list(value, "alternatives") {
                writeln!(page, "beside        {}", plain(one))?;
            }
            writeln!(page)?;
            for one in list(value, "fired") {
                writeln!(page, "{}: {}", text(one, "element"), text(one, "rule"))?;
                for portion in list(one, "portions") {
                    writeln!(page, "    {}", plain(portion))?;
                }
            }
            Ok(())
        }))?;
        Ok(Exit::Done)
    }
}
