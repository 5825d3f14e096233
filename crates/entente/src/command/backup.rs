//! `entente backup`: a copy of the database while the node works.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use crate::local::PersonArgs;
use crate::output::{Exit, Failure, Output};
use crate::page::{Answer, text};

use super::Run;

/// Copy the running node's database to a new file
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente backup /backup/xar-2026-11-22.db --as olga

Neither the vault nor the anchor belong into a backup: what was erased must stay erased, and the
anchor tells an old database from the present one. Keep the sealed keys apart from backups.")]
pub struct BackupArgs {
    /// The file to write, which must not exist yet
    file: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
}

impl Run for BackupArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        // The node writes it, and may work in another folder.
        let file = std::path::absolute(&self.file)
            .map_err(|e| Failure::usage(anyhow!("{} is no path: {e}", self.file.display())))?;
        let answer = self.person.desk()?.call("backup", &json!({ "file": file }))?;
        output.report(&Answer::new(answer, |answer, page| {
            writeln!(page, "{} has {} bytes", text(answer, "file"), text(answer, "bytes"))
        }))?;
        Ok(Exit::Done)
    }
}
