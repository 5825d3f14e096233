//! `entente ledger`: the node's ledger, and copies of a partner's.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::copy::Copy;
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, Table, flag, list, put, text, text_or};

use super::{Run, input, oversight};

/// Show, verify and prove the ledger
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente ledger verify --as viktor")]
pub struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    Status(StatusArgs),
    Verify(VerifyArgs),
    Prove(ProveArgs),
}

/// Show the ledger's size, its signed head, and who cosigned it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente ledger status --as viktor")]
struct StatusArgs {
    #[command(flatten)]
    person: PersonArgs,
}

/// Verify the node's own ledger, or a copy of any node's against a checkpoint
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente ledger verify --as viktor
  entente ledger verify --copy /media/disc/xbr --checkpoint xbr.checkpoint
  entente ledger verify --copy /media/disc/xbr --folder /var/lib/entente --as viktor

A copy is only read. Without --checkpoint it is compared with what the running node in --folder
last verified of that ledger. A copy that does not fit ends with exit code 1 and the first entry
that is in doubt.")]
struct VerifyArgs {
    /// A copy of a node's folder, or of its database
    #[arg(long, value_name = "DIR|FILE")]
    copy: Option<PathBuf>,
    /// The signed checkpoint that the copy must add up to
    #[arg(long, value_name = "FILE", requires = "copy")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Write stand-alone evidence of what a ledger says of an object
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente ledger prove 5f3a1c0e9b7d2468 --to XBR --out event.tlog-proof --as ines
  entente ledger prove 5f3a1c0e9b7d2468 --of receipt --to XBR --out receipt.tlog-proof --as ines

Anyone can check the file with `entente verify`, without a node. It proves that the object was
released, by this nation to a partner or by a partner to this nation; with --of receipt, that a
partner acknowledged it; with --of recall, what a partner did when it was recalled. The object's label
and content stay at home unless a release officer or a legal adviser adds them, which is recorded.")]
struct ProveArgs {
    /// The object: its id, or the start of it
    object: String,
    /// What of it is to be proved
    #[arg(long, value_name = "WHAT", default_value = "release",
          value_parser = ["release", "receipt", "recall"])]
    of: String,
    /// The partner; needed if there are several
    #[arg(long, value_name = "NATION")]
    to: Option<NationCode>,
    /// Add the object's label
    #[arg(long)]
    with_label: bool,
    /// Add the object's label and content
    #[arg(long)]
    with_content: bool,
    /// Why it is necessary to hand out personal data: `case:ID: why`, of a case that is open here
    #[arg(long, value_name = "CASE AND REASON")]
    necessity: Option<String>,
    /// Where to write the proof, which must not exist yet; without it the proof is shown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for LedgerArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            LedgerCommand::Status(args) => args.run(output),
            LedgerCommand::Verify(args) => args.run(output),
            LedgerCommand::Prove(args) => args.run(output),
        }
    }
}

impl Run for StatusArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let answer = self.person.desk()?.call("status", &json!({}))?;
        let ledger = answer.get("ledger").cloned().unwrap_or_default();
        output.report(&Answer::new(ledger, status))?;
        Ok(Exit::Done)
    }
}

fn status(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    writeln!(page, "{}", text(answer, "origin"))?;
    writeln!(page, "  entries  {}", text(answer, "size"))?;
    writeln!(page, "  root     {}", text_or(answer, "root", "none yet"))?;
    writeln!(page, "  signed   up to {}", text(answer, "signed"))?;
    let mut table = Table::new(["  cosigned by", "up to"]);
    // The newest of each witness says it all.
    let mut seen: Vec<String> = Vec::new();
    for cosignature in list(answer, "cosignatures") {
        let witness = text(cosignature, "witness");
        if !seen.contains(&witness) {
            table.row([format!("  {witness}"), text(cosignature, "size")]);
            seen.push(witness);
        }
    }
    table.write(page, "  nobody has cosigned it yet")
}

impl Run for VerifyArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let Some(path) = &self.copy else {
            return oversight::verify(&self.person, output);
        };
        let copy = Copy::open(path)?;
        let note = if let Some(file) = &self.checkpoint {
            input::bytes(file)?
        } else {
            let request = json!({ "nation": copy.nation().to_string() });
            let seen = self.person.desk()?.call("ledger.seen", &request)?;
            seen.get("checkpoint").and_then(Value::as_str).unwrap_or_default().into()
        };
        let found = copy.verify(&note)?;
        let exit = if found.problem.is_none() { Exit::Done } else { Exit::Failed };
        output.report(&Answer::new(json!(found), compared))?;
        Ok(exit)
    }
}

fn compared(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    let of = format!("the copy of {}'s ledger", text(answer, "nation"));
    let size = text(answer, "size");
    if flag(answer, "verified") {
        writeln!(page, "{of} adds up to what was signed at {size} entries")?;
    } else {
        writeln!(page, "{of} IS NOT what was signed at {size} entries")?;
        writeln!(page, "  fault    {}", text(answer, "problem"))?;
    }
    writeln!(page, "  nation   {}", text(answer, "nation_id"))?;
    writeln!(page, "  ledger   {}", text(answer, "origin"))?;
    writeln!(page, "  root     {}", text(answer, "root"))
}

impl Run for ProveArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let request = json!({
            "object": self.object,
            "of": self.of,
            "to": self.to.map(|code| code.to_string()),
            "with_label": self.with_label,
            "with_content": self.with_content,
            "necessity": self.necessity,
        });
        let mut answer = self.person.desk()?.call("ledger.prove", &request)?;
        let proof = answer.get("tlog_proof").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(out) = &self.out {
            input::create(out, proof.as_bytes())?;
            put(&mut answer, "file", out);
        }
        output.report(&Answer::new(answer, |answer, page| match answer.get("file") {
            Some(_) => {
                let (object, leaf) = (text(answer, "object"), text(answer, "leaf"));
                let (nation, file) = (text(answer, "ledger_of"), text(answer, "file"));
                writeln!(
                    page,
                    "object {object} is proved by entry {leaf} of {nation}'s ledger: see {file}"
                )?;
                writeln!(page, "  nation id  {}", text(answer, "nation_id"))
            }
            // The proof is a text of its own, made of printable lines.
            None => page.write_str(answer.get("tlog_proof").and_then(Value::as_str).unwrap_or("")),
        }))?;
        Ok(Exit::Done)
    }
}

#[test]
fn a_copy_that_does_not_fit_is_called_that() {
    let found = crate::copy::Found {
        verified: false,
        nation: "XBR".to_owned(),
        nation_id: "00".repeat(32),
        origin: "log.example".to_owned(),
        size: 7,
        root: "ab".to_owned(),
        entry: Some(3),
        problem: Some("entry 3 was changed".to_owned()),
    };
    let mut page = String::new();
    compared(&json!(found), &mut page).unwrap();
    assert!(page.contains("IS NOT what was signed at 7 entries"), "{page}");
    assert!(page.contains("entry 3 was changed"), "{page}");
}
