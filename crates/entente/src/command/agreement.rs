//! `entente agreement`: agreements between nations.

mod diff;
mod prove;

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_law::Agreement;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, id, list, moment, text, text_or};

use super::texts::{CheckArgs, FmtArgs, Kind, NewArgs, ShowAgreementArgs};
use super::{Run, approval, input};

/// Draft, check, show, compare, prove, propose, sign and leave agreements
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement propose agreements/ember-strait.md --as lea")]
pub struct AgreementArgs {
    #[command(subcommand)]
    command: AgreementCommand,
}

#[derive(Debug, Subcommand)]
enum AgreementCommand {
    New(NewArgs),
    #[command(after_help = "Example:\n  entente agreement check agreements/*.md")]
    Check(CheckArgs),
    Show(ShowAgreementArgs),
    #[command(after_help = "Example:\n  entente agreement fmt --check agreements/*.md")]
    Fmt(FmtArgs),
    Diff(diff::DiffArgs),
    Prove(prove::ProveArgs),
    Propose(ProposeArgs),
    Sign(SignArgs),
    Withdraw(WithdrawArgs),
    Status(StatusArgs),
}

/// Offer an agreement to its parties
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement propose agreements/ember-strait.md --as lea")]
struct ProposeArgs {
    /// The text
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// Sign an agreement for the nation, by two persons
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement sign ESM-MISA --as lea\n\n\
                        A second person repeats it with --as; until then it ends with exit code 5.")]
struct SignArgs {
    /// Its code, or the start of its id
    agreement: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Leave an agreement, by two persons; from then on nothing goes out under it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement withdraw ESM-MISA --reason \"Article 14\" \
                        --as lea")]
struct WithdrawArgs {
    /// Its code, or the start of its id
    agreement: String,
    /// Why, as the other parties will read it
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Show who has signed which agreement, and what is in force
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement status --as lea\n  \
                        entente agreement status ESM-MISA --as lea")]
struct StatusArgs {
    /// Only this one: its code, or the start of its id
    agreement: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for AgreementArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            AgreementCommand::New(args) => args.run(output),
            AgreementCommand::Check(args) => args.run(Kind::Agreement, output),
            AgreementCommand::Show(args) => args.run(output),
            AgreementCommand::Fmt(args) => args.run(Kind::Agreement, output),
            AgreementCommand::Diff(args) => args.run(output),
            AgreementCommand::Prove(args) => args.run(output),
            AgreementCommand::Propose(args) => args.run(output),
            AgreementCommand::Sign(args) => args.run(output),
            AgreementCommand::Withdraw(args) => args.run(output),
            AgreementCommand::Status(args) => args.run(output),
        }
    }
}

impl Run for ProposeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let content = input::text(&self.file)?;
        // The node would refuse it as well, without a place for each problem.
        if let Err(problems) = Agreement::parse(&content) {
            return input::problems(&self.file, &problems, output);
        }
        let answer = self.person.desk()?.call("agreement.propose", &json!({ "text": content }))?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "offered to its parties, as agreement {}", text(answer, "agreement_id"))
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for SignArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "agreement": self.agreement });
        let answer = self.person.desk()?.call("agreement.sign", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("agreement {} is signed", id(answer, "agreement_id"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}

impl Run for WithdrawArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "agreement": self.agreement, "reason": self.reason });
        let answer = self.person.desk()?.call("agreement.withdraw", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("agreement {} has ended", id(answer, "agreement_id"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}

impl Run for StatusArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "agreement": self.agreement });
        let answer = self.person.desk()?.call("agreement.status", &request)?;
        output.report(&Answer::new(answer, agreements))?;
        Ok(Exit::Done)
    }
}

fn agreements(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let all = list(answer, "agreements");
    if all.is_empty() {
        return writeln!(page, "there are no agreements");
    }
    for one in all {
        writeln!(page, "{}  {}", text(one, "agreement"), text(one, "title"))?;
        writeln!(page, "  id       {}", text(one, "agreement_id"))?;
        let status = text(one, "status").replace('_', " ");
        writeln!(page, "  status   {status} since {}", moment(one, "since"))?;
        let ends = text_or(one, "ends_on", "no end");
        writeln!(page, "  term     from {}, {ends}", moment(one, "in_force_from"))?;
        let mut table = Table::new(["  party", "signed", "holds it complete"]);
        for party in list(one, "parties") {
            let yes = |name| if flag(party, name) { "yes" } else { "not yet" }.to_owned();
            table.row([format!("  {}", text(party, "nation")), yes("signed"), yes("active")]);
        }
        table.write(page, "")?;
    }
    Ok(())
}
