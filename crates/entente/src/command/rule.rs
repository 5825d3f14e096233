//! `entente rule`: standing rules, and the sample of what they released.

use std::fmt::{self, Write};

use clap::{Args, Subcommand};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, id, list, moment, text, text_or};

use super::{Run, approval};

/// Share new objects that match a query under an agreement, without asking each time
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente rule add watch --where \"type in (report, indicator) and level <= RESTRICTED\" \\
      --under ESM-MISA --to XBR,XCO --daily 50 --sample 10 --as rita

A rule selects and names recipients; what may go is decided as ever (docs/guides/standing-rules.md).")]
pub struct RuleArgs {
    #[command(subcommand)]
    command: RuleCommand,
}

#[derive(Debug, Subcommand)]
enum RuleCommand {
    Add(AddArgs),
    List(ListArgs),
    Show(ShowArgs),
    Narrow(NarrowArgs),
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
    Remove(RemoveArgs),
    Review(ReviewArgs),
}

/// Make a standing rule, by two release officers
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente rule add ferries --where 'type = report and title has \"ferry\"' --under ESM-MISA \\
      --purpose maritime_security --daily 20 --sample 25 --as rita

A second release officer repeats it with --as; until then it ends with exit code 5.")]
struct AddArgs {
    /// Its name: small letters, digits and hyphens
    name: String,
    /// Which new objects it is about (docs/guides/standing-rules.md)
    #[arg(long = "where", value_name = "QUERY")]
    query: String,
    /// The agreement under which it shares, by its code
    #[arg(long, value_name = "AGREEMENT")]
    under: String,
    /// Only with this party; may be repeated
    #[arg(long, value_name = "NATION", value_delimiter = ',')]
    to: Vec<NationCode>,
    /// Only publications for this purpose; what partners gave is shared for it
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// At most so many objects a day, in UTC
    #[arg(long, value_name = "NUMBER")]
    daily: Option<u64>,
    /// So many of a hundred releases are put before a reviewer
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    sample: Option<u8>,
    #[command(flatten)]
    person: PersonArgs,
}

/// List the rules in force and suspended
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule list --as rita")]
struct ListArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Show a rule, its newest releases and the forms that it had before
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule show watch --count 50 --as rita")]
struct ShowArgs {
    /// Its name
    name: String,
    /// So many of its releases
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Narrow a rule: it selects less, shares with fewer, or is looked at more; one officer may
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule narrow watch --and \"not area = north_basin\" \
                        --not-to XCO --daily 10 --as rita")]
struct NarrowArgs {
    /// Its name
    name: String,
    /// A query that objects must match besides
    #[arg(long, value_name = "QUERY")]
    and: Option<String>,
    /// No longer with this party; may be repeated
    #[arg(long, value_name = "NATION", value_delimiter = ',')]
    not_to: Vec<NationCode>,
    /// Fewer objects a day
    #[arg(long, value_name = "NUMBER")]
    daily: Option<u64>,
    /// A larger share for the reviewer
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    sample: Option<u8>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Suspend a rule; one officer may
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule suspend watch --reason \"too broad\" --as rita")]
struct SuspendArgs {
    #[command(flatten)]
    stop: StopArgs,
}

/// Take the suspension of a rule back, by two release officers
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule resume watch --reason \"narrowed\" --as rita")]
struct ResumeArgs {
    #[command(flatten)]
    stop: StopArgs,
}

/// Remove a rule for good; what it shared stays shared
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule remove watch --reason \"not needed\" --as rita")]
struct RemoveArgs {
    #[command(flatten)]
    stop: StopArgs,
}

#[derive(Debug, Args)]
struct StopArgs {
    /// Its name
    name: String,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
}

/// Look at the sample of what rules released
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule review list --as rita\n  entente rule review \
                        object 5f3a1c0e --reason \"names a source\" --then both --as rita")]
struct ReviewArgs {
    #[command(subcommand)]
    command: ReviewCommand,
}

#[derive(Debug, Subcommand)]
enum ReviewCommand {
    List(WaitingArgs),
    Accept(AcceptArgs),
    Object(ObjectArgs),
}

/// List the releases that wait for a reviewer, the oldest first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule review list --rule watch --as rita")]
struct WaitingArgs {
    /// Only of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Find a release right
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule review accept 5f3a1c0e --as rita")]
struct AcceptArgs {
    /// The object: its id, or the start of it
    object: String,
    /// The rule, if several released it
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Object to a release; a release officer says what follows
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente rule review object 5f3a1c0e --reason \"names a \
                        source\" --then recall --as rita")]
struct ObjectArgs {
    /// The object: its id, or the start of it
    object: String,
    /// The rule, if several released it
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Recall the object, suspend the rule, or both
    #[arg(long, value_name = "WORD", value_parser = ["recall", "suspend", "both"])]
    then: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
}

fn codes(nations: &[NationCode]) -> Vec<String> {
    nations.iter().map(ToString::to_string).collect()
}

impl Run for RuleArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            RuleCommand::Add(args) => args.run(output),
            RuleCommand::List(args) => {
                let answer = args.person.desk()?.call("rule.list", &json!({}))?;
                output.report(&Answer::new(answer, rules))?;
                Ok(Exit::Done)
            }
            RuleCommand::Show(args) => {
                let request = json!({ "name": args.name, "count": args.count });
                let answer = args.person.desk()?.call("rule.show", &request)?;
                output.report(&Answer::new(answer, rule))?;
                Ok(Exit::Done)
            }
            RuleCommand::Narrow(args) => args.run(output),
            RuleCommand::Suspend(args) => args.stop.run("rule.suspend", output),
            RuleCommand::Resume(args) => args.stop.run("rule.resume", output),
            RuleCommand::Remove(args) => args.stop.run("rule.remove", output),
            RuleCommand::Review(args) => args.run(output),
        }
    }
}

impl Run for AddArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "name": self.name,
            "query": self.query,
            "under": self.under,
            "to": codes(&self.to),
            "purpose": self.purpose,
            "daily": self.daily,
            "sample": self.sample,
        });
        let answer = self.person.desk()?.call("rule.add", &request)?;
        let exit = approval::exit(&answer);
        output.report(&Answer::new(answer, |answer, page| {
            let done = format!("rule {}: {}", text(answer, "rule"), text(answer, "says"));
            approval::write(answer, &done, page)
        }))?;
        Ok(exit)
    }
}

impl Run for NarrowArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "name": self.name,
            "and": self.and,
            "not_to": codes(&self.not_to),
            "daily": self.daily,
            "sample": self.sample,
        });
        let answer = self.person.desk()?.call("rule.narrow", &request)?;
        output.report(&Answer::new(answer, rule))?;
        Ok(Exit::Done)
    }
}

impl StopArgs {
    fn run(self, command: &str, output: Output) -> Result<Exit, Failure> {
        let request = json!({ "name": self.name, "reason": self.reason });
        let answer = self.person.desk()?.call(command, &request)?;
        let waits = answer.get("approval").is_some();
        let exit = if waits { approval::exit(&answer) } else { Exit::Done };
        output.report(&Answer::new(answer, |answer, page| {
            let name = text(answer, "rule");
            if answer.get("approval").is_some() {
                approval::write(answer, &format!("rule {name} is in force again"), page)
            } else {
                writeln!(page, "rule {name} is {}", text(answer, "state"))
            }
        }))?;
        Ok(exit)
    }
}

impl Run for ReviewArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = match self.command {
            ReviewCommand::List(WaitingArgs { rule, person }) => {
                let answer = person.desk()?.call("rule.reviews", &json!({ "rule": rule }))?;
                output.report(&Answer::new(answer, |answer, page| {
                    releases(list(answer, "waiting"), page, "no release waits for a reviewer")
                }))?;
                return Ok(Exit::Done);
            }
            ReviewCommand::Accept(AcceptArgs { object, rule, person }) => {
                let request = json!({ "object": object, "rule": rule });
                person.desk()?.call("rule.accept", &request)?
            }
            ReviewCommand::Object(ObjectArgs { object, rule, reason, then, person }) => {
                let request =
                    json!({ "object": object, "rule": rule, "reason": reason, "then": then });
                person.desk()?.call("rule.object", &request)?
            }
        };
        output.report(&Answer::new(answer, |answer, page| {
            let done = match text(answer, "then").as_str() {
                "recall" => ", and is recalled",
                "suspend" => ", and the rule is suspended",
                "both" => ", is recalled, and the rule is suspended",
                _ => "",
            };
            let review = text(answer, "review");
            let word = if review == "accepted" { "is accepted" } else { "is objected to" };
            writeln!(page, "the release of {} {word}{done}", id(answer, "object"))
        }))?;
        Ok(Exit::Done)
    }
}

fn rules(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new([
        "rule",
        "state",
        "under",
        "to",
        "today",
        "a day",
        "sample",
        "to review",
        "where",
    ]);
    for rule in list(answer, "rules") {
        table.row([
            text(rule, "rule"),
            text(rule, "state"),
            text(rule, "under"),
            text_or(rule, "to", "every party"),
            text(rule, "today"),
            text_or(rule, "daily", "no limit"),
            format!("{} %", text(rule, "sample")),
            text(rule, "waiting"),
            text(rule, "query"),
        ]);
    }
    table.write(page, "there are no standing rules")
}

fn rule(rule: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "rule {}: {}", text(rule, "rule"), text(rule, "says"))?;
    writeln!(page, "  id       {}", text(rule, "rule_id"))?;
    let (state, since) = (text(rule, "state"), moment(rule, "since"));
    let entry = text(rule, "leaf");
    writeln!(page, "  state    {state} since {since}, by {} (entry {entry})", text(rule, "by"))?;
    writeln!(page, "  where    {}", text(rule, "query"))?;
    let daily = text_or(rule, "daily", "no limit");
    writeln!(page, "  a day    {daily}; today {}", text(rule, "today"))?;
    let waiting = text(rule, "waiting");
    writeln!(page, "  sample   {} %; {waiting} wait for a reviewer", text(rule, "sample"))?;
    for before in list(rule, "before") {
        let (state, since) = (text(before, "state"), moment(before, "since"));
        writeln!(page, "  before   {state} since {since}: {}", text(before, "says"))?;
    }
    if rule.get("releases").is_some() {
        writeln!(page)?;
        releases(list(rule, "releases"), page, "it has released nothing that you may see")?;
    }
    Ok(())
}

fn releases(all: &[Value], page: &mut dyn Write, none: &str) -> fmt::Result {
    let mut table = Table::new(["entry", "at", "object", "rule", "to", "review", "objection"]);
    for release in all {
        table.row([
            text(release, "leaf"),
            moment(release, "at"),
            id(release, "object"),
            text(release, "rule"),
            text(release, "nations"),
            text(release, "review"),
            text(release, "objection"),
        ]);
    }
    table.write(page, none)
}
