//! The `entente` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(entente::cli::run(std::env::args_os()).code())
}
