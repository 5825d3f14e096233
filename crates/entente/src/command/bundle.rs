//! `entente bundle`: exchange by files on a medium.

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_model::NationCode;
use serde_json::{Value, json};

use crate::files;
use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, count, list, number, put, text};

use super::{Run, input};

/// Carry items to and from a partner as files
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente bundle export XEL --to /media/disc --as olga\n  \
                        entente bundle import /media/disc/*.entm --as olga")]
pub struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    Export(ExportArgs),
    Import(ImportArgs),
}

/// Write everything that waits for a partner, sealed to it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente bundle export XEL --to /media/disc --as olga\n\n\
                        It is written again at each export until the partner's answer comes back.")]
struct ExportArgs {
    /// The partner
    nation: NationCode,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

/// Take in files from a partner, in any order and any number of times
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente bundle import /media/disc/*.entm --as olga")]
struct ImportArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for BundleArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.command {
            BundleCommand::Export(args) => args.run(output),
            BundleCommand::Import(args) => args.run(output),
        }
    }
}

impl Run for ExportArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        if !self.to.is_dir() {
            let dir = self.to.display();
            return Err(Failure::usage(anyhow::anyhow!("{dir} is not a folder to write to")));
        }
        let request = json!({ "nation": self.nation.to_string() });
        let answer = self.person.desk()?.call("bundle.export", &request)?;
        let mut written = Vec::new();
        for file in list(&answer, "files") {
            // A name with a path in it would leave the folder.
            let name = text(file, "name").replace('/', "_");
            let path = self.to.join(name);
            let content = input::from_base64(&text(file, "content"))?;
            // The same second gives the same names, and the same items.
            files::replace(&path, &content).map_err(Failure::failed)?;
            written.push(json!({ "file": path, "items": file.get("items") }));
        }
        let value = json!({ "nation": self.nation.to_string(), "files": written });
        output.report(&Answer::new(value, |value, page| {
            for file in list(value, "files") {
                let items = count(number(file, "items"), "item");
                writeln!(page, "{}  {items} for {}", text(file, "file"), text(value, "nation"))?;
            }
            Ok(())
        }))?;
        Ok(Exit::Done)
    }
}

impl Run for ImportArgs {
    /// A file that is refused does not keep the others out.
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let desk = self.person.desk()?;
        let mut taken = Vec::new();
        let mut exit = Exit::Done;
        for path in &self.files {
            let answer = input::bytes(path).and_then(|bytes| {
                let request = json!({ "content": input::base64(&bytes) });
                desk.call("bundle.import", &request).map_err(|failure| {
                    if failure.exit() == Exit::NotRunning {
                        return failure;
                    }
                    // What is wrong with a file is said with its name.
                    failure.context(&path.display().to_string())
                })
            });
            let mut one = match answer {
                Ok(answer) => answer,
                Err(failure) if self.files.len() == 1 => return Err(failure),
                Err(failure) => {
                    if failure.exit() == Exit::NotRunning {
                        return Err(failure);
                    }
                    exit = failure.exit();
                    json!({ "error": failure.message() })
                }
            };
            put(&mut one, "file", path);
            taken.push(one);
        }
        output
            .report(&Answer::new(json!({ "ok": exit == Exit::Done, "files": taken }), imported))?;
        Ok(exit)
    }
}

fn imported(answer: &Value, page: &mut dyn Write) -> fmt::Result {
    for file in list(answer, "files") {
        let name = text(file, "file");
        if file.get("error").is_some() {
            writeln!(page, "refused: {}", text(file, "error"))?;
            continue;
        }
        let objects = count(number(file, "objects"), "object");
        write!(page, "{name}: from {}: {objects}", text(file, "from"))?;
        for (member, what) in [
            ("controls", "other"),
            ("duplicates", "seen before"),
            ("early", "waiting for earlier files"),
            ("refused", "refused"),
        ] {
            let number = number(file, member);
            if number > 0 {
                write!(page, ", {number} {what}")?;
            }
        }
        writeln!(page)?;
    }
    Ok(())
}
