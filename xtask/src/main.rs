//! The gate, the house rules, the simulator and the fuzzer: `cargo xtask ci`, `tidy`, `sim`, …

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod ci;
mod dist;
mod fuzz;
mod long;
mod tidy;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci      the whole gate: format, lints, tests, documents, house rules, dependencies
  tidy    the house rules alone
  sim     simulated histories: --seed N, --seeds A..B, --fresh K
  kill [--seed N] [--rounds R]
          real nodes killed with SIGKILL again and again; without a seed one that nobody has seen
  fuzz [PARSER...] [--seconds S]
          fuzzes every parser of outside bytes, or these, S seconds each (needs a C++ compiler)
  long    the long gate: a hundred kills, two thousand fresh histories, minutes of fuzzing
  dist    a release archive and a Debian package, in target/dist
  dist --check
          the same, installed and run on a bare Debian 12 without a network (needs root,
          debootstrap and iproute2)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["ci"] => ci::run(&root()),
        ["tidy"] => tidy::run(&root()),
        ["sim", ref plan @ ..] => ci::simulate(&root(), plan),
        ["kill", ref plan @ ..] => long::kill(&root(), plan),
        ["fuzz", ref plan @ ..] => fuzz::run(&root(), plan),
        ["long"] => long::run(&root()),
        ["dist"] => dist::run(&root(), false),
        ["dist", "--check"] => dist::run(&root(), true),
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Prints a line for the person at the terminal.
fn say(line: &str) {
    use std::io::Write as _;
    // Nobody is left to tell when the terminal has gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}
