//! `agreement fmt` and `law fmt`: one layout for all texts.

use std::path::{Path, PathBuf};

use clap::Args;
use entente_law::Agreement;
use entente_law::layout::{agreement_layout, law_layout};
use serde_json::{Value, json};

use crate::files;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, flag, list, text};

use super::super::input;
use super::Kind;

/// Lay out texts in the one canonical way; their prose stays as it is
#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// The texts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only say what would change; ends with exit code 1 if anything would
    #[arg(long)]
    check: bool,
    /// Lay out a text that names its parties' identities, too: the result is another agreement,
    /// with another id, that nobody has signed
    #[arg(long)]
    dangerous_signed: bool,
}

impl FmtArgs {
    pub(crate) fn run(self, kind: Kind, output: Output) -> Result<Exit, Failure> {
        // Everything is laid out before anything is written.
        let mut laid = Vec::new();
        for file in &self.files {
            let old = input::text(file)?;
            let new = match kind {
                Kind::Agreement => agreement_layout(&old),
                Kind::Law => law_layout(&old),
            };
            let new = match new {
                Ok(new) => new,
                Err(problems) => return input::problems(file, &problems, output),
            };
            let changed = new != old;
            if changed && kind == Kind::Agreement && !self.check && !self.dangerous_signed {
                refuse_signed(file, &new)?;
            }
            laid.push((file, changed, new));
        }
        if !self.check {
            for (file, _, new) in laid.iter().filter(|(_, changed, _)| *changed) {
                files::rewrite(file, new.as_bytes()).map_err(Failure::failed)?;
            }
        }
        let any = laid.iter().any(|(_, changed, _)| *changed);
        let texts: Vec<Value> = laid
            .iter()
            .map(|(file, changed, _)| json!({ "file": file, "changed": changed }))
            .collect();
        let value = json!({ "ok": !(any && self.check), "written": !self.check, "texts": texts });
        output.report(&Answer::new(value, |value, page| {
            for one in list(value, "texts") {
                let says = match (flag(one, "changed"), flag(value, "written")) {
                    (false, _) => "is laid out already",
                    (true, true) => "is laid out now",
                    (true, false) => "is not laid out",
                };
                writeln!(page, "{} {says}", text(one, "file"))?;
            }
            Ok(())
        }))?;
        Ok(if any && self.check { Exit::Failed } else { Exit::Done })
    }
}

/// A text that names identities may be signed, and a signature covers every byte.
fn refuse_signed(file: &Path, text: &str) -> Result<(), Failure> {
    let bound = Agreement::parse(text)
        .is_ok_and(|agreement| agreement.parties().iter().any(|party| party.id.is_some()));
    if !bound {
        return Ok(());
    }
    let message = format!(
        "{} names the identities of its parties, so it may be signed, and a signature covers every byte",
        file.display()
    );
    Err(Failure::failed(anyhow::anyhow!(message)).hint(
        "lay out the draft instead, or say --dangerous-signed to make another agreement of it",
    ))
}
