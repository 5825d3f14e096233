//! `entente keyd`: the key process, which a node starts for itself.

use clap::Args;

use crate::keyd;
use crate::output::{Exit, Failure, Output};

use super::Run;

/// Hold the private keys of a node
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente serve --folder /var/lib/entente\n\n\
                        A node starts its key process itself.")]
pub struct KeydArgs {}

impl Run for KeydArgs {
    fn run(self, _: Output) -> Result<Exit, Failure> {
        match keyd::serve() {
            Ok(()) => Ok(Exit::Done),
            Err(error @ keyd::KeydError::ByHand) => Err(Failure::usage(error)),
            Err(error) => Err(Failure::failed(error)),
        }
    }
}
