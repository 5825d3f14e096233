//! The commands, one file each.
//!
//! To add one: write its file, with an [`Args`](clap::Args) struct whose first doc line is its
//! summary, an example in its `after_help`, and [`Run`]; then add its line to the list below.

mod completions;
mod config;
mod demo;
mod keyd;
mod serve;

use clap::Subcommand;

use crate::output::{Exit, Failure, Output};

/// What a command does.
pub trait Run {
    /// Does it, and says how it ended.
    fn run(self, output: Output) -> Result<Exit, Failure>;
}

/// Makes the subcommands and [`GROUPS`], their headings with how many come under each.
macro_rules! commands {
    ($($heading:literal { $($(#[$meta:meta])* $name:ident($args:ty),)* })*) => {
        /// What can be asked on the command line.
        #[derive(Debug, Subcommand)]
        #[expect(missing_docs, reason = "each command is documented in its file")]
        pub enum Command {
            $($($(#[$meta])* $name($args),)*)*
        }

        /// The headings in the overview, in the order of the commands.
        pub const GROUPS: &[(&str, usize)] =
            &[$(($heading, [$(stringify!($name)),*].len())),*];

        impl Run for Command {
            fn run(self, output: Output) -> Result<Exit, Failure> {
                match self {
                    $($(Self::$name(args) => args.run(output),)*)*
                }
            }
        }
    };
}

commands! {
    "Set up a node" {
        Config(config::ConfigArgs),
    }
    "Run" {
        Serve(serve::ServeArgs),
        Demo(demo::DemoArgs),
    }
    "This program" {
        Completions(completions::CompletionsArgs),
        #[command(hide = true)]
        Keyd(keyd::KeydArgs),
    }
}
