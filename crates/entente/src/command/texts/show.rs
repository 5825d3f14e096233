//! `agreement show` and `law show`: what a text means, in plain sentences.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::Args;
use entente_law::summary::Side;
use entente_law::{NationalLaw, Schemes};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, list, text};

use super::super::input;
use super::{Kind, Text};

/// Show what an agreement means for each party: what it must give, may give, gets and owes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement show agreements/ember-strait.md --for XAR")]
pub(crate) struct ShowAgreementArgs {
    /// The text
    file: PathBuf,
    /// Only for this party
    #[arg(long = "for", value_name = "NATION")]
    party: Option<NationCode>,
}

/// Show what a law lets out and in, and on whose decision
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente law show laws/xar.md")]
pub(crate) struct ShowLawArgs {
    /// The text
    file: PathBuf,
}

impl ShowAgreementArgs {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let agreement = match Kind::Agreement.read(&self.file)? {
            Ok(Text::Agreement(agreement)) => agreement,
            Ok(Text::Law(_)) => return Ok(Exit::Failed),
            Err(problems) => return input::problems(&self.file, &problems, output),
        };
        let mut parties: Vec<NationCode> = agreement.parties().iter().map(|p| p.nation).collect();
        if let Some(party) = self.party {
            if !agreement.has_party(party) {
                let known: Vec<String> = parties.iter().map(ToString::to_string).collect();
                let known = known.join(", ");
                return Err(Failure::usage(anyhow::anyhow!(
                    "{party} is no party to {}; its parties are {known}",
                    agreement.code()
                )));
            }
            parties = vec![party];
        }
        let schemes = Schemes::builtin();
        let summaries: Vec<Value> = parties
            .into_iter()
            .map(|party| {
                let sentences = agreement.summary(party, &schemes);
                let mut summary = json!({ "nation": party.to_string() });
                for side in Side::ALL {
                    let said: Vec<Value> = sentences
                        .iter()
                        .filter(|s| s.side == side)
                        .map(|s| json!({ "clause": s.clause, "says": s.says }))
                        .collect();
                    crate::page::put(&mut summary, side.as_str(), said);
                }
                summary
            })
            .collect();
        let value = json!({
            "file": self.file,
            "agreement": agreement.code(),
            "title": agreement.title(),
            "parties": summaries,
        });
        output.report(&Answer::new(value, agreement_page))?;
        Ok(Exit::Done)
    }
}

fn agreement_page(value: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "{}  {}", text(value, "agreement"), text(value, "title"))?;
    for party in list(value, "parties") {
        let nation = text(party, "nation");
        let headings = [
            (Side::MustGive, format!("{nation} must give")),
            (Side::MayGive, format!("{nation} may give")),
            (Side::Gets, format!("{nation} gets")),
            (Side::Owes, format!("{nation} owes")),
            (Side::Besides, "Besides".to_owned()),
        ];
        for (side, heading) in headings {
            section(page, &heading, "clause", list(party, side.as_str()))?;
        }
    }
    Ok(())
}

/// A heading with its sentences, each followed by where it comes from.
fn section(page: &mut dyn Write, heading: &str, source: &str, said: &[Value]) -> fmt::Result {
    if said.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n{heading}")?;
    for sentence in said {
        let source = text(sentence, source);
        let source = if source.is_empty() { source } else { format!("  [{source}]") };
        writeln!(page, "  - {}{source}", text(sentence, "says"))?;
    }
    Ok(())
}

impl ShowLawArgs {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let law = match Kind::Law.read(&self.file)? {
            Ok(Text::Law(law)) => law,
            Ok(Text::Agreement(_)) => return Ok(Exit::Failed),
            Err(problems) => return input::problems(&self.file, &problems, output),
        };
        output.report(&Answer::new(law_value(&self.file, &law), |value, page| {
            let nation = text(value, "nation");
            writeln!(page, "{}  {}, of {nation}", text(value, "law"), text(value, "title"))?;
            for part in list(value, "summary") {
                section(page, &text(part, "heading"), "rule", list(part, "rules"))?;
            }
            Ok(())
        }))?;
        Ok(Exit::Done)
    }
}

fn law_value(file: &std::path::Path, law: &NationalLaw) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for (heading, rules) in law.summary() {
        let rules: Vec<Value> =
            rules.into_iter().map(|(rule, says)| json!({ "rule": rule, "says": says })).collect();
        parts.push(json!({ "heading": heading, "rules": rules }));
    }
    json!({
        "file": file,
        "law": law.code(),
        "title": law.title(),
        "nation": law.nation().to_string(),
        "summary": parts,
    })
}
