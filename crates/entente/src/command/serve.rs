//! `entente serve`: the node at work.

use std::time::Duration;

use clap::Args;

use crate::cli::NodeArgs;
use crate::output::{Exit, Failure, Output};
use crate::serve::{self, Pace};
use crate::{confine, logs};

use super::Run;

/// Run the node until it is told to stop
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente serve --folder /var/lib/entente")]
pub struct ServeArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Seconds between rounds of lane heads, cosignatures and vault sweeps
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    housekeeping_seconds: u64,
}

impl Run for ServeArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let folder = self.node.open()?;
        logs::start(folder.config()?.log);
        // Without it the node still works; its memory is then less well kept.
        if let Err(error) = confine::without_dumps() {
            tracing::warn!(%error, "core dumps could not be switched off");
        }
        let running = serve::open(folder, output)?;
        let pace = Pace { housekeeping: Duration::from_secs(self.housekeeping_seconds) };
        serve::serve(running, pace, output)?;
        Ok(Exit::Done)
    }
}
