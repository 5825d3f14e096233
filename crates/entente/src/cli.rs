//! The command line: what every command shares, and the overview of them all.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser};

use crate::command::{Command, GROUPS, Run};
use crate::folder::{Folder, FolderError};
use crate::output::{Audience, Detail, Exit, Failure, Output};

/// Exchanges intelligence between sovereign nations, under law.
#[derive(Debug, Parser)]
#[command(name = "entente", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// A command's own options come before those that every command has.
const SHARED_ORDER: usize = 900;

/// Options of every command.
#[derive(Debug, Args)]
struct Shared {
    /// Answer with one JSON document on standard output
    #[arg(long, global = true, display_order = SHARED_ORDER)]
    json: bool,
    /// Show what caused an error
    #[arg(long, short, global = true, display_order = SHARED_ORDER)]
    verbose: bool,
}

/// Options of every command about one node.
#[derive(Debug, Args)]
pub struct NodeArgs {
    /// The node's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

impl NodeArgs {
    /// The folder, which has a node in it.
    pub fn open(&self) -> Result<Folder, FolderError> {
        Folder::open(&self.folder)
    }
}

/// The whole command line, for help, completions and tests.
pub fn command() -> clap::Command {
    let plain = Cli::command();
    let groups = overview(&plain);
    let codes = Exit::ALL.map(|exit| format!("  {}  {}", exit.code(), exit.meaning())).join("\n");
    let after = format!("Exit codes:\n{codes}\n\nExample:\n  entente config check --json");
    plain
        .help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n\
             {{options}}{{after-help}}"
        ))
        .after_help(after)
}

/// The commands in their groups.
fn overview(command: &clap::Command) -> String {
    let mut commands = command.get_subcommands();
    let mut page = String::new();
    for (heading, count) in GROUPS {
        let shown: Vec<_> = commands.by_ref().take(*count).filter(|c| !c.is_hide_set()).collect();
        if shown.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(page, "{heading}:");
        for one in shown {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(page, "  {:<14}{about}", one.get_name());
        }
        page.push('\n');
    }
    page
}

/// Reads the command line, runs the command and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let parsed = command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { shared, command } = match parsed {
        Ok(cli) => cli,
        Err(error) => return explain(&error, arguments.iter().any(|a| a == "--json")),
    };
    let audience = if shared.json { Audience::Programs } else { Audience::People };
    let detail = if shared.verbose { Detail::Causes } else { Detail::Plain };
    let output = Output::new(audience, detail);
    command.run(output).unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit()
    })
}

/// Help and versions are answers; everything else is a command line that is wrong.
fn explain(error: &clap::Error, json: bool) -> Exit {
    if !json || error.exit_code() == 0 {
        // A closed stream leaves nobody to tell.
        let _ = error.print();
        return if error.exit_code() == 0 { Exit::Done } else { Exit::Usage };
    }
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let failure = Failure::usage(anyhow::anyhow!(message)).hint("see `entente help`");
    Output::new(Audience::Programs, Detail::Plain).failure(&failure);
    Exit::Usage
}

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
    let grouped: usize = GROUPS.iter().map(|(_, count)| count).sum();
    assert_eq!(grouped, Cli::command().get_subcommands().count());
}
