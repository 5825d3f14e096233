//! `entente doctor`: what is wrong with a node's folder, and what mends it.

use std::fmt;

use clap::Args;
use serde::Serialize;

use crate::cli::NodeArgs;
use crate::doctor::{self, Check, State};
use crate::output::{Exit, Failure, Output, Report};

use super::Run;

/// Look at a node's folder, running or not, and say what is wrong and what mends it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente doctor --folder /var/lib/entente\n\n\
                        It ends with exit code 1 if anything is bad. Warnings do not count.")]
pub struct DoctorArgs {
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Serialize)]
struct Examined {
    ok: bool,
    checks: Vec<Check>,
}

impl Run for DoctorArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let checks = doctor::examine(&self.node.open()?);
        let ok = checks.iter().all(|check| check.state != State::Bad);
        output.report(&Examined { ok, checks })?;
        Ok(if ok { Exit::Done } else { Exit::Failed })
    }
}

impl Report for Examined {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        for Check { check, state, says, fix } in &self.checks {
            let state = match state {
                State::Good => "good",
                State::Skipped => "skipped",
                State::Warning => "warning",
                State::Bad => "BAD",
            };
            writeln!(page, "{state:<8} {check:<14} {says}")?;
            if let Some(fix) = fix {
                writeln!(page, "{:<8} {:<14} -> {fix}", "", "")?;
            }
        }
        Ok(())
    }
}
