//! `entente law`: the nation's own laws, and decisions by them.

mod compare;
mod replay;
mod rows;
mod simulate;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_law::NationalLaw;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, list, moment, text};

use super::texts::{CheckArgs, FmtArgs, Kind, ShowLawArgs};
use super::{Run, input};

/// Check, show, compare, try out, load and list national laws
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente law load laws/xar.md --as lena")]
pub struct LawArgs {
    #[command(subcommand)]
    command: LawCommand,
}

#[derive(Debug, Subcommand)]
enum LawCommand {
    #[command(after_help = "Example:\n  entente law check laws/xar.md laws/xbr.md")]
    Check(CheckArgs),
    Show(ShowLawArgs),
    #[command(after_help = "Example:\n  entente law fmt --check laws/xar.md laws/xbr.md")]
    Fmt(FmtArgs),
    Compare(compare::CompareArgs),
    Simulate(simulate::SimulateArgs),
    Load(LoadArgs),
    List(ListArgs),
    Rows(rows::RowsArgs),
    Replay(replay::ReplayArgs),
}

/// Put a law into force; a later text of the same law replaces the earlier one
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente law load laws/xar.md --as lena")]
struct LoadArgs {
    /// The text
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// List the laws
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente law list --as lena")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for LawArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            LawCommand::Check(args) => args.run(Kind::Law, output),
            LawCommand::Show(args) => args.run(output),
            LawCommand::Fmt(args) => args.run(Kind::Law, output),
            LawCommand::Compare(args) => args.run(output),
            LawCommand::Simulate(args) => args.run(output),
            LawCommand::Load(args) => args.run(output),
            LawCommand::List(args) => args.run(output),
            LawCommand::Rows(args) => args.run(output),
            LawCommand::Replay(args) => args.run(output),
        }
    }
}

impl Run for LoadArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let content = input::text(&self.file)?;
        if let Err(problems) = NationalLaw::parse(&content) {
            return input::problems(&self.file, &problems, output);
        }
        let answer = self.person.desk()?.call("law.load", &json!({ "text": content }))?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "{} is in force", text(answer, "law"))
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ListArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("law.list", &json!({}))?;
        output.report(&Answer::new(answer, |answer, page| {
            let mut table = Table::new(["law", "status", "since", "title"]);
            for law in list(answer, "laws") {
                let status = if flag(law, "active") { "in force" } else { "replaced" };
                table.row([
                    text(law, "law"),
                    status.to_owned(),
                    moment(law, "since"),
                    text(law, "title"),
                ]);
            }
            table.write(page, "no law is loaded")
        }))?;
        Ok(Exit::Done)
    }
}
