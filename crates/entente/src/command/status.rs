//! `entente status`: how the node stands.

use std::fmt::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, list, moment, text, text_or};

use super::Run;

/// Show how the node stands: ledger, holdings, agreements and links
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente status --folder /var/lib/entente --as olga")]
pub struct StatusArgs {
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for StatusArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("status", &json!({}))?;
        output.report(&Answer::new(answer, status))?;
        Ok(Exit::Done)
    }
}

fn status(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let none = Value::Null;
    let ledger = answer.get("ledger").unwrap_or(&none);
    let objects = answer.get("objects").unwrap_or(&none);
    writeln!(page, "{} ({})", text(answer, "name"), text(answer, "nation"))?;
    let (size, signed) = (text(ledger, "size"), text(ledger, "signed"));
    writeln!(page, "  ledger      {size} entries, signed up to {signed}")?;
    let (own, received) = (text(objects, "own"), text(objects, "received"));
    writeln!(page, "  objects     {own} of our own, {received} received")?;
    if !flag(answer, "signs") {
        let why = text(answer, "standing");
        let node = if why.starts_with("waits ") { "the node " } else { "" };
        writeln!(page, "  SIGNING     {node}{why}")?;
    }
    let disk = answer.get("disk").unwrap_or(&none);
    if !list(disk, "closed").is_empty() {
        let (used, closed) = (text(disk, "used_percent"), text(disk, "closed"));
        writeln!(
            page,
            "  DISK        {used} % used; items of these lanes are not taken: {closed}"
        )?;
    }
    for agreement in list(answer, "agreements") {
        let status = text(agreement, "status").replace('_', " ");
        writeln!(page, "  agreement   {} is {status}", text(agreement, "agreement"))?;
    }
    writeln!(page, "  laws        {}", text_or(answer, "laws", "none"))?;
    if let Some(decisions) = answer.get("decisions") {
        let counted = |key: &str| text(decisions, key);
        writeln!(
            page,
            "  decisions   {} worked out, {} remembered, {} compared, {} differing",
            counted("evaluated"),
            counted("remembered"),
            counted("compared"),
            counted("differing")
        )?;
    }
    for breach in list(answer, "breaches") {
        let (nation, due) = (text(breach, "nation"), moment(breach, "due"));
        let until = if due.is_empty() { due } else { format!(" by {due}") };
        let heading = if flag(breach, "overdue") { "OVERDUE" } else { "breach" };
        writeln!(
            page,
            "  {heading:<11} {}: {nation} must be told{until}: {}",
            text(breach, "breach"),
            text(breach, "what")
        )?;
    }
    if let Some(openings) = answer.get("openings").filter(|o| text(o, "waiting") != "0") {
        let (waiting, late) = (text(openings, "waiting"), text(openings, "overdue"));
        writeln!(
            page,
            "  GLASS       {waiting} openings wait to be judged, {late} of them overdue"
        )?;
    }
    let overdue = list(answer, "reviews_overdue");
    if !overdue.is_empty() {
        let names = text(answer, "reviews_overdue");
        writeln!(page, "  REVIEW      of who holds what is overdue: {names}")?;
    }
    if flag(answer, "pending") {
        writeln!(page, "  waiting     something is about to be sequenced")?;
    }
    writeln!(page)?;
    let heading =
        ["partner", "reached at", "heard", "to acknowledge", "to receipt", "missing", "stopped"];
    let mut table = Table::new(heading);
    for link in list(answer, "links") {
        table.row([
            text(link, "nation"),
            text_or(link, "endpoint", "media only"),
            moment(link, "heard"),
            text(link, "unacknowledged"),
            text(link, "unreceipted"),
            text(link, "missing"),
            text(link, "stopped"),
        ]);
    }
    table.write(page, "there are no partners yet")
}
