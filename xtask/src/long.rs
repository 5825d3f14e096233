//! The long gate: what takes too long for every change, and finds what only time finds.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{ci, fuzz, say};

/// Fresh histories in the long gate.
const HISTORIES: &str = "2000";
/// Seconds for each parser in the long gate.
const FUZZ_SECONDS: &str = "60";

/// Every step, whatever became of those before.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut failed = Vec::new();
    say("== kills: cargo xtask kill");
    if let Err(error) = kill(root, &[]) {
        say(&format!("{error:#}"));
        failed.push("kills");
    }
    say("== migrations: killed again and again");
    if !ci::cargo(root, &MIGRATIONS)? {
        failed.push("migrations");
    }
    say(&format!("== fresh histories: cargo xtask sim --fresh {HISTORIES}"));
    if ci::simulate(root, &["--fresh", HISTORIES]).is_err() {
        say("play it again with the seed above, and keep the seed in crates/testkit/tests/it");
        failed.push("fresh histories");
    }
    say(&format!("== fuzzing: cargo xtask fuzz --seconds {FUZZ_SECONDS}"));
    if let Err(error) = fuzz::run(root, &["--seconds", FUZZ_SECONDS]) {
        say(&format!("{error:#}"));
        failed.push("fuzzing");
    }
    if !failed.is_empty() {
        bail!("the long gate is shut: {} failed", failed.join(", "));
    }
    say("== the long gate is open");
    Ok(())
}

/// A hundred databases of an older schema, each killed while it is brought up to date.
const MIGRATIONS: [&str; 8] = [
    "test",
    "--quiet",
    "--locked",
    "--workspace",
    "--lib",
    "--",
    "--ignored",
    "a_hundred_migrations",
];

/// Kills real nodes (`crates/entente/tests/it/kills.rs`).
pub(crate) fn kill(root: &Path, plan: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["test", "--quiet", "--locked", "--workspace"]);
    cargo.args(["--test=it", "--", "--ignored", "--nocapture", "--exact"]);
    cargo.arg("kills::a_hundred_kills_of_a_seed_that_nobody_has_seen");
    let mut words = plan.iter();
    while let Some(word) = words.next() {
        let name = match *word {
            "--seed" => "ENTENTE_KILL_SEED",
            "--rounds" => "ENTENTE_KILL_ROUNDS",
            other => bail!("`{other}` is not an option: expected --seed N or --rounds R"),
        };
        let number: Option<u64> = words.next().and_then(|text| text.parse().ok());
        let number = number.with_context(|| format!("{word} needs a number"))?;
        cargo.env(name, number.to_string());
    }
    let status = cargo.status().context("cargo test could not be started")?;
    if status.success() { Ok(()) } else { bail!("a kill lost, doubled or damaged something") }
}
