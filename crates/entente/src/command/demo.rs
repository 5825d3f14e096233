//! `entente demo`: five nations on one machine.

use std::path::PathBuf;

use clap::Args;

use crate::demo;
use crate::output::{Audience, Exit, Failure, Output};

use super::Run;

/// Five nations' nodes exchange real intelligence on this machine
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente demo\n  entente demo --once --json\n  \
                        entente demo --dir ~/entente-demo")]
pub struct DemoArgs {
    /// Keep the nodes in this folder, and resume them if they are there
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// End when the story is told: 0 if everything held, 1 if not
    #[arg(long)]
    once: bool,
}

impl Run for DemoArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let once = self.once || output.audience() == Audience::Programs;
        let report = demo::run(self.dir, once, output)?;
        output.report(&report)?;
        Ok(if report.ok { Exit::Done } else { Exit::Failed })
    }
}
