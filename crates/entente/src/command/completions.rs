//! `entente completions`: a shell's completions.

use clap::Args;
use clap_complete::Shell;

use crate::cli;
use crate::output::{Exit, Failure, Output};

use super::Run;

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  entente completions bash > \
                        ~/.local/share/bash-completion/completions/entente\n\n\
                        The folder must be there. For this shell alone: source <(entente completions \
                        bash)")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl Run for CompletionsArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli::command(), "entente", &mut script);
        output.text(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
