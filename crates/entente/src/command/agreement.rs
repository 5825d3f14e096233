//! `entente agreement`: agreements between nations.

mod diff;
mod prove;

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use entente_law::Agreement;
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, clean, flag, id, list, moment, text, text_or};

use super::texts::{CheckArgs, FmtArgs, Kind, NewArgs, ShowAgreementArgs};
use super::{Run, approval, input};

/// Draft, check, compare, prove, propose, counter, sign, amend, suspend, end and leave agreements
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente agreement propose agreements/ember-strait.md --as lena"
)]
pub struct AgreementArgs {
    #[command(subcommand)]
    command: AgreementCommand,
}

#[derive(Debug, Subcommand)]
enum AgreementCommand {
    New(NewArgs),
    #[command(
        after_help = "Example:\n  entente agreement check agreements/ember-strait.md agreements/domestic.md"
    )]
    Check(CheckArgs),
    Show(ShowAgreementArgs),
    #[command(after_help = "Example:\n  entente agreement fmt --check agreements/ember-strait.md")]
    Fmt(FmtArgs),
    Diff(diff::DiffArgs),
    Prove(prove::ProveArgs),
    Propose(ProposeArgs),
    Counter(CounterArgs),
    Amend(AmendArgs),
    Text(TextArgs),
    Sign(SignArgs),
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
    Terminate(TerminateArgs),
    Withdraw(WithdrawArgs),
    Status(StatusArgs),
}

/// Offer an agreement to its parties
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente agreement propose agreements/ember-strait.md --as lena"
)]
struct ProposeArgs {
    /// The text
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// Answer a text that was offered with a changed one; both stay readable
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement counter ESM-MISA changed.md --as lena\n\n\
                        The parties see both, and what they would change, with `entente \
                        agreement diff`. Who signs the one withdraws what it offered or signed of \
                        the other.")]
struct CounterArgs {
    /// Its code, or the start of its id
    agreement: String,
    /// The changed text
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// Offer another text of an agreement in force; it takes its place once every party has signed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement amend ESM-MISA amended.md --as lena\n\n\
                        Until the last signature is held, the text in force goes on. Suspensions \
                        and notices go over to the new text unless it says `afresh = true`.")]
struct AmendArgs {
    /// Its code, or the start of its id
    agreement: String,
    /// The new text
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// Show the exact text of an agreement that was offered or signed, whatever became of it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement text ESM-MISA --as lena\n  entente \
                        agreement text 9f31c2ab --as lena")]
struct TextArgs {
    /// Its code, or the start of its id
    agreement: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Sign an agreement for the nation, by two persons
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement sign ESM-MISA --as lena\n\n\
                        A second person repeats it with --as; until then it ends with exit code 5.")]
struct SignArgs {
    /// Its code, or the start of its id
    agreement: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Suspend an agreement, for one party or for all, by two persons; from then on nothing goes out
/// under it there
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement suspend ESM-MISA --reason \"Article 12\" \
                        --as lena\n  entente agreement suspend ESM-MISA --party XBR --reason \
                        \"Article 12\" --as lena")]
struct SuspendArgs {
    #[command(flatten)]
    operate: OperateArgs,
}

/// Take our own suspension of an agreement back, by two persons
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement resume ESM-MISA --party XBR --reason \
                        \"the breach is repaired\" --as lena")]
struct ResumeArgs {
    #[command(flatten)]
    operate: OperateArgs,
}

#[derive(Debug, Args)]
struct OperateArgs {
    /// Its code, or the start of its id
    agreement: String,
    /// For this party alone; without it, for all
    #[arg(long, value_name = "CODE")]
    party: Option<NationCode>,
    /// Why, as the other parties will read it
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Give notice, by two persons: the agreement ends for all when a day to come begins
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  entente agreement terminate ESM-MISA --on 2027-06-30 --reason \
                        \"Article 14\" --as lena\n\nWhat was received under it stays protected."
)]
struct TerminateArgs {
    /// Its code, or the start of its id
    agreement: String,
    /// The day, in UTC
    #[arg(long, value_name = "DAY")]
    on: String,
    /// Why, as the other parties will read it
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Leave an agreement, by two persons; from then on nothing goes out under it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente agreement withdraw ESM-MISA --reason \"Article 14\" \
                        --as lena")]
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
#[command(after_help = "Example:\n  entente agreement status --as lena\n  \
                        entente agreement status ESM-MISA --as lena")]
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
            AgreementCommand::Counter(args) => {
                changed("agreement.counter", &args.agreement, &args.file, &args.person, output)
            }
            AgreementCommand::Amend(args) => {
                changed("agreement.amend", &args.agreement, &args.file, &args.person, output)
            }
            AgreementCommand::Text(args) => args.run(output),
            AgreementCommand::Sign(args) => args.run(output),
            AgreementCommand::Suspend(args) => {
                args.operate.run("agreement.suspend", suspended, output)
            }
            AgreementCommand::Resume(args) => args.operate.run("agreement.resume", resumed, output),
            AgreementCommand::Terminate(args) => args.run(output),
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

/// Offers a changed text, in answer to one that is offered or to take the place of one in force.
fn changed(
    command: &str,
    agreement: &str,
    file: &Path,
    person: &PersonArgs,
    output: Output,
) -> Result<Exit, Failure> {
    let content = input::text(file)?;
    if let Err(problems) = Agreement::parse(&content) {
        return input::problems(file, &problems, output);
    }
    let request = json!({ "agreement": agreement, "text": content });
    let answer = person.desk()?.call(command, &request)?;
    output.report(&Answer::new(answer, |answer, page| {
        let id = text(answer, "agreement_id");
        let (before, after) = match text(answer, "counters") {
            none if none.is_empty() => ("to take the place of ", text(answer, "supersedes")),
            other => ("in answer to ", other),
        };
        writeln!(page, "offered as agreement {id}, {before}{after}")
    }))?;
    Ok(Exit::Done)
}

impl Run for TextArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "agreement": self.agreement });
        let answer = self.person.desk()?.call("agreement.text", &request)?;
        output.report(&Answer::new(answer, |answer, page| {
            let content = answer.get("text").and_then(Value::as_str).unwrap_or_default();
            content.lines().try_for_each(|line| writeln!(page, "{}", clean(line)))
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

impl OperateArgs {
    /// Asks the node, and says in `done` what it did for whom.
    fn run(
        self,
        command: &str,
        done: fn(&Value, &mut dyn Write) -> fmt::Result,
        output: Output,
    ) -> Result<Exit, Failure> {
        let request = json!({
            "agreement": self.agreement,
            "party": self.party.map(|party| party.to_string()),
            "reason": self.reason,
        });
        let answer = self.person.desk()?.call(command, &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, done))?;
        Ok(exit)
    }
}

fn suspended(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let (id, whom) = (id(answer, "agreement_id"), text_or(answer, "party", "all"));
    approval::write(answer, &format!("agreement {id} is suspended for {whom}"), page)
}

fn resumed(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let (id, whom) = (id(answer, "agreement_id"), text_or(answer, "party", "all"));
    let done = format!("our suspension of agreement {id} for {whom} is taken back");
    approval::write(answer, &done, page)
}

impl Run for TerminateArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "agreement": self.agreement,
            "on": self.on,
            "reason": self.reason,
        });
        let answer = self.person.desk()?.call("agreement.terminate", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let (id, day) = (id(answer, "agreement_id"), text(answer, "ends_on"));
            approval::write(answer, &format!("agreement {id} ends on {day}"), page)
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

/// The start of an id, as people type it.
fn short(id: &str) -> String {
    clean(id).chars().take(8).collect()
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
        if let Some(by) = one.get("offered_by").and_then(Value::as_str) {
            let answers = match one.get("counters").and_then(Value::as_str) {
                Some(other) => format!(", in answer to {}", short(other)),
                None => String::new(),
            };
            writeln!(page, "  offered  by {by}, {}{answers}", moment(one, "offered"))?;
        }
        for (name, says) in [
            ("countered_by", "  answers "),
            ("supersedes", "  amends  "),
            ("amendments", "  amended "),
            ("superseded_by", "  replaced"),
        ] {
            let ids: Vec<String> = match one.get(name) {
                Some(Value::String(id)) => vec![short(id)],
                Some(Value::Array(ids)) => {
                    ids.iter().filter_map(Value::as_str).map(short).collect()
                }
                _ => Vec::new(),
            };
            if !ids.is_empty() {
                let by = if name == "supersedes" { "" } else { "by " };
                writeln!(page, "{says} {by}{}", ids.join(", "))?;
            }
        }
        let ends = text_or(one, "ends_on", "no end");
        writeln!(page, "  term     from {}, {ends}", moment(one, "in_force_from"))?;
        if let Some(notice) = one.get("notice").filter(|notice| !notice.is_null()) {
            let (by, ends) = (text(notice, "nation"), moment(notice, "ends"));
            writeln!(page, "  notice   {by}, to end on {ends}")?;
        }
        let after = if flag(one, "survival") { "goes on" } else { "ends with it" };
        writeln!(page, "  after    its protection of what was received {after}")?;
        let mut table = Table::new(["  party", "signed", "holds it complete", "suspended by"]);
        for party in list(one, "parties") {
            let yes = |name| if flag(party, name) { "yes" } else { "not yet" }.to_owned();
            table.row([
                format!("  {}", text(party, "nation")),
                yes("signed"),
                yes("active"),
                text_or(party, "suspended_by", ""),
            ]);
        }
        table.write(page, "")?;
        for act in list(one, "acts") {
            let (at, by) = (moment(act, "at"), text(act, "nation"));
            let done = match text(act, "act").as_str() {
                "suspend" => format!("suspended it for {}", text_or(act, "party", "all")),
                "resume" => {
                    format!("took back its suspension for {}", text_or(act, "party", "all"))
                }
                "notice" => format!("gave notice, to end on {}", moment(act, "ends")),
                _ => "left it".to_owned(),
            };
            writeln!(page, "  {at}  {by} {done}: {}", text(act, "reason"))?;
        }
    }
    Ok(())
}
