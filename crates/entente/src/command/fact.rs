//! `entente fact`: what decisions rely on.

use std::fmt::{self, Write};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use entente_law::FactKind;
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, count, id, list, moment, number, text};

use super::Run;

/// Put facts that decisions rely on on record, list them, and withdraw them
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente fact add data-protection --about XBR --value safeguards \\\n      \
                        --evidence \"exchange of letters 2026/41\" --until 2027-11-30 --as lena\n\n\
                        docs/guides/facts.md lists the kinds, who may assert them, and what a \
                        decision makes of them."
)]
pub struct FactArgs {
    #[command(subcommand)]
    command: FactCommand,
}

#[derive(Debug, Subcommand)]
enum FactCommand {
    Add(AddArgs),
    List(ListArgs),
    Tell(TellArgs),
    Revoke(RevokeArgs),
}

/// Put a fact on record
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente fact add torture-risk --about XCO --value low \\\n      \
                        --evidence \"assessment HR-12\" --until 2027-06-30 --as lena\n  \
                        entente fact add emergency --about us --value imminent_threat_to_life \\\n      \
                        --evidence \"duty log 118\" --until 2026-12-02T18:00:00Z --as ines"
)]
struct AddArgs {
    /// What kind of fact
    #[arg(value_parser = PossibleValuesParser::new(FactKind::ALL.map(FactKind::as_str)))]
    kind: String,
    /// About whom or what: us, XBR, XBR/BODY, case:NAME, object:ID or offence:NAME
    #[arg(long, value_name = "SUBJECT")]
    about: String,
    /// What is so
    #[arg(long)]
    value: String,
    /// On what evidence: a document, a case, a letter
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    /// From when; without it from now
    #[arg(long, value_name = "DAY|MOMENT")]
    from: Option<String>,
    /// Until when; then it must be looked at again
    #[arg(long, value_name = "DAY|MOMENT")]
    until: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// List the facts on record, or the releases that rest on one
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente fact list --about XBR --as lena\n  \
                        entente fact list --releases 7f3a09c1 --as lena")]
struct ListArgs {
    /// Only facts about this
    #[arg(long, value_name = "SUBJECT")]
    about: Option<String>,
    /// Only facts that hold now or will
    #[arg(long)]
    standing: bool,
    /// The releases that rest on this fact: its id, or the start of it
    #[arg(long, value_name = "FACT", conflicts_with_all = ["about", "standing"])]
    releases: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// State a fact about ourselves to partners, which rely on it until it lapses or is withdrawn
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente fact add established --about case:OP-12 --value assurance_no_death_penalty \\
      --evidence \"minister's letter 88\" --until 2027-06-30 --as lena
  entente fact tell 7f3a09c1 --to XBR --to XCO --as lena

A nation states the accreditation of its own systems, the clearance of its own readers, and the
assurances that it gives. It is told of a withdrawal too.")]
struct TellArgs {
    /// The fact: its id, or the start of it
    fact: String,
    /// A partner that is to rely on it; may be repeated
    #[arg(long, value_name = "NATION", required = true)]
    to: Vec<NationCode>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Withdraw a fact, and list the releases that rest on it
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente fact revoke 7f3a09c1 --why \"assessment HR-14\" --as lena"
)]
struct RevokeArgs {
    /// The fact: its id, or the start of it
    fact: String,
    /// Why it holds no more
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for FactArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            FactCommand::Add(args) => args.run(output),
            FactCommand::List(args) => args.run(output),
            FactCommand::Tell(args) => args.run(output),
            FactCommand::Revoke(args) => args.run(output),
        }
    }
}

impl Run for AddArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "kind": self.kind,
            "about": self.about,
            "value": self.value,
            "evidence": self.evidence,
            "from": self.from,
            "until": self.until,
        });
        let answer = self.person.desk()?.call("fact.add", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "fact {} is on record", id(answer, "fact"))
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        if let Some(fact) = self.releases {
            let answer = desk.call("fact.releases", &json!({ "fact": fact }))?;
            output.report(&Answer::new(answer, releases))?;
        } else {
            let request = json!({ "about": self.about, "standing": self.standing });
            let answer = desk.call("fact.list", &request)?;
            output.report(&Answer::new(answer, facts))?;
        }
        Ok(Exit::Done)
    }
}

impl Run for TellArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        let request = json!({ "fact": self.fact, "to": to });
        let answer = self.person.desk()?.call("fact.tell", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "fact {} is stated to {}", id(answer, "fact"), text(answer, "told"))
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for RevokeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "fact": self.fact, "why": self.why });
        let answer = self.person.desk()?.call("fact.revoke", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "fact {} is withdrawn", id(answer, "fact"))?;
            releases(answer, page)
        }))?;
        Ok(Exit::Done)
    }
}

fn facts(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table =
        Table::new(["fact", "kind", "about", "value", "state", "until", "by", "told", "evidence"]);
    for fact in list(answer, "facts") {
        table.row([
            id(fact, "fact"),
            text(fact, "kind"),
            text(fact, "about"),
            text(fact, "value"),
            text(fact, "state"),
            moment(fact, "until"),
            text(fact, "asserted_by"),
            text(fact, "told_to"),
            text(fact, "evidence"),
        ]);
    }
    table.write(page, "no facts are on record")
}

fn releases(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let all = number(answer, "count");
    let shown = list(answer, "releases");
    if all == 0 {
        return writeln!(page, "no release that stands rests on it");
    }
    writeln!(page, "{} that stand rest on it", count(all, "release"))?;
    let mut table = Table::new(["object", "nation", "entry"]);
    for release in shown {
        table.row([
            id(release, "object"),
            text(release, "nation"),
            number(release, "leaf").to_string(),
        ]);
    }
    table.write(page, "")?;
    if all > shown.len() as u64 {
        writeln!(page, "and {} older ones", all - shown.len() as u64)?;
    }
    Ok(())
}
