//! Fuzzing of every parser of outside bytes, on the pinned stable toolchain.
//!
//! The fuzzer is LibFuzzer, which comes as source and is built with the machine's C++ compiler.
//! Our crates count their branches for it (`fuzz/covered-rustc.sh`). One parser after the other;
//! what makes a parser panic is kept in `fuzz/found/PARSER/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::say;

/// Seconds for each parser, unless others are given.
const SECONDS: u64 = 20;
/// More memory than this for an input of some kilobytes is a fault.
const MEMORY_MB: u64 = 512;
/// An input that takes longer is a fault.
const INPUT_SECONDS: u64 = 10;

/// What is to be fuzzed, and how long each.
struct Plan {
    parsers: Vec<String>,
    seconds: u64,
}

impl Plan {
    fn read(words: &[&str], all: &[String]) -> Result<Self> {
        let mut plan = Self { parsers: Vec::new(), seconds: SECONDS };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--seconds" {
                let number = words.next().and_then(|text| text.parse().ok());
                plan.seconds = number.context("--seconds needs a number")?;
            } else if all.iter().any(|name| name == word) {
                plan.parsers.push((*word).to_owned());
            } else {
                bail!(
                    "`{word}` is not a parser: expected --seconds S or some of {}",
                    all.join(", ")
                );
            }
        }
        if plan.parsers.is_empty() {
            plan.parsers = all.to_vec();
        }
        Ok(plan)
    }
}

/// Builds the fuzzer and runs it.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<()> {
    let folder = root.join("fuzz");
    let plan = Plan::read(words, &parsers(&folder)?)?;
    let program = build(root, &folder)?;
    let mut failed = Vec::new();
    for parser in &plan.parsers {
        say(&format!("{parser}: {} s", plan.seconds));
        if !fuzz(&folder, &program, parser, plan.seconds)? {
            say(&format!(
                "FAILED: {parser}; what did it is in fuzz/found/{parser}. Mend it, and keep the \
                 input in fuzz/corpus/{parser}"
            ));
            failed.push(parser.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("{} failed", failed.join(", "));
    }
    say(&format!("{} parsers hold", plan.parsers.len()));
    Ok(())
}

/// Each parser has its folder of seeds.
fn parsers(folder: &Path) -> Result<Vec<String>> {
    let corpus = folder.join("corpus");
    let entries = fs::read_dir(&corpus).with_context(|| format!("{}", corpus.display()))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

fn build(root: &Path, folder: &Path) -> Result<PathBuf> {
    // Apart from other builds, whose crates count nothing.
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => PathBuf::from(target).join("fuzz"),
        None => root.join("target/fuzz"),
    };
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--locked"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_WRAPPER", folder.join("covered-rustc.sh"))
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("the fuzzer could not be built; it needs a C++ compiler, such as g++");
    }
    Ok(target.join("debug/fuzz"))
}

fn fuzz(folder: &Path, program: &Path, parser: &str, seconds: u64) -> Result<bool> {
    let seeds = folder.join("corpus").join(parser);
    let found = folder.join("found").join(parser);
    let learnt = folder.join("learnt").join(parser);
    for made in [&found, &learnt] {
        fs::create_dir_all(made).with_context(|| format!("{}", made.display()))?;
    }
    let bytes_max = largest(&seeds)?.max(1024) * 2;
    let status = Command::new(program)
        .env("ENTENTE_FUZZ", parser)
        .arg(&learnt)
        .arg(&seeds)
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-max_len={bytes_max}"))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .status()
        .with_context(|| format!("{} could not be started", program.display()))?;
    Ok(status.success())
}

fn largest(seeds: &Path) -> Result<u64> {
    let mut largest = 0;
    for entry in fs::read_dir(seeds)? {
        largest = largest.max(entry?.metadata()?.len());
    }
    Ok(largest)
}
