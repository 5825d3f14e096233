//! The whole gate, the same for everyone.
//!
//! Steps run in order of how soon they fail, and all of them run, so that one visit shows
//! everything that is wrong. A step that needs a tool which is not installed is skipped, and
//! says so; the build machine installs them.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{say, tidy};

/// One step: its name, the arguments for cargo, and what it needs.
struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    /// A cargo subcommand that may be missing.
    needs: Option<&'static str>,
}

const STEPS: [Step; 7] = [
    Step { name: "format", arguments: &["fmt", "--all", "--check"], needs: None },
    Step {
        name: "lints",
        arguments: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
        needs: None,
    },
    Step {
        name: "tests",
        arguments: &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"],
        needs: Some("nextest"),
    },
    Step {
        name: "examples in documents",
        arguments: &["test", "--workspace", "--locked", "--doc", "--quiet"],
        needs: None,
    },
    Step {
        name: "documents",
        arguments: &["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
        needs: None,
    },
    Step {
        name: "lock file of the fuzzer",
        // The fuzzer is a workspace of its own, and is built by the long gate only.
        arguments: &[
            "update",
            "--workspace",
            "--locked",
            "--quiet",
            "--manifest-path",
            "fuzz/Cargo.toml",
        ],
        needs: None,
    },
    Step {
        name: "dependencies",
        // Advisories change by the day and need a network: they are no part of the gate.
        arguments: &[
            "deny",
            "--log-level",
            "error",
            "--locked",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
        needs: Some("deny"),
    },
];

/// Plays simulated histories (`docs/guides/simulation.md`). The program is built together with
/// the tests, which have built it already: alone it would be built again, with other features.
pub(crate) fn simulate(root: &Path, plan: &[&str]) -> Result<()> {
    if !cargo(root, &["build", "--workspace", "--quiet", "--locked", "--bin=sim", "--test=it"])? {
        bail!("the simulator was not built");
    }
    let here = std::env::current_exe().context("this program does not know where it is")?;
    let sim = here.with_file_name("sim");
    let status = Command::new(&sim).args(plan).status();
    let status = status.with_context(|| format!("{} could not be started", sim.display()))?;
    if status.success() { Ok(()) } else { bail!("a history failed") }
}

/// Runs every step.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut failed = Vec::new();
    say("== tools");
    if !is_program("cvc5") {
        install("cvc5");
    }
    say("== house rules");
    if let Err(error) = tidy::run(root) {
        say(&format!("{error:#}"));
        failed.push("house rules");
    }
    for step in STEPS {
        say(&format!("== {}: cargo {}", step.name, step.arguments.join(" ")));
        match step.needs {
            Some(tool) if !installed(tool) => {
                say(&format!(
                    "skipped: cargo-{tool} is not installed (cargo install --locked cargo-{tool})"
                ));
                // Without nextest the tests still run, one crate after the other.
                if tool == "nextest" && !cargo(root, &["test", "--workspace", "--locked"])? {
                    failed.push(step.name);
                }
            }
            _ => {
                if !cargo(root, step.arguments)? {
                    failed.push(step.name);
                }
            }
        }
    }
    if !is_program("cvc5") {
        // The tests that need it say so as well, each for itself.
        say("skipped: proofs by the solver, as cvc5 is not installed and could not be installed");
    }
    say("== histories: cargo xtask sim --seeds 0..40");
    if simulate(root, &["--seeds", "0..40"]).is_err() {
        failed.push("histories");
    }
    say("== fresh histories: cargo xtask sim --fresh 300");
    if simulate(root, &["--fresh", "300"]).is_err() {
        say("play it again with the seed above, and keep the seed in crates/testkit/tests/it");
        failed.push("fresh histories");
    }
    if !failed.is_empty() {
        bail!("the gate is shut: {} failed", failed.join(", "));
    }
    say("== the gate is open");
    Ok(())
}

pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<bool> {
    let status = Command::new("cargo")
        .args(arguments)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root)
        .status()
        .with_context(|| format!("cargo {} could not be started", arguments.join(" ")))?;
    Ok(status.success())
}

/// Installs one of Debian's packages, where that is possible without asking for a password.
fn install(package: &str) {
    say(&format!("{package} is missing: apt-get install {package}"));
    let words = ["apt-get", "install", "-qy", "--no-install-recommends", package];
    let [apt, rest @ ..] = words;
    let quiet = |command: &mut Command| runs(command.env("DEBIAN_FRONTEND", "noninteractive"));
    let install =
        || quiet(Command::new(apt).args(rest)) || quiet(Command::new("sudo").arg("-n").args(words));
    let fetch = || {
        quiet(Command::new(apt).arg("update"))
            || quiet(Command::new("sudo").args(["-n", apt, "update"]))
    };
    let done = install() || (fetch() && install());
    if !done {
        say(&format!("{package} could not be installed"));
    }
}

fn installed(subcommand: &str) -> bool {
    runs(Command::new("cargo").args([subcommand, "--version"]))
}

fn is_program(name: &str) -> bool {
    runs(Command::new(name).arg("--version"))
}

fn runs(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
