//! Plays simulated histories: one aloud, or many at once.
//!
//! Started by `cargo xtask sim`; prints the command that plays a failing history again.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use entente_testkit::sim::{Plan, play};

const USAGE: &str = "\
usage: cargo xtask sim --seed N | --seeds A..B | --fresh K

  --seed N      plays the history of one seed and tells each step
  --seeds A..B  plays the histories of these seeds, B left out
  --fresh K     plays K histories that nobody has seen before
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--seed", seed] => match seed.parse() {
            Ok(seed) => one(seed),
            Err(_) => usage(),
        },
        ["--seeds", range] => match range.split_once("..") {
            Some((from, to)) => match (from.parse(), to.parse()) {
                (Ok(from), Ok(to)) => many(from, to),
                _ => usage(),
            },
            None => usage(),
        },
        ["--fresh", count] => match count.parse::<u64>() {
            Ok(count) => {
                let from = fresh();
                many(from, from.saturating_add(count))
            }
            Err(_) => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    say(USAGE);
    ExitCode::from(2)
}

/// Prints a line for the person at the terminal.
fn say(line: &str) {
    // Nobody is left to tell when the terminal has gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A seed that nobody has seen before.
#[expect(clippy::disallowed_methods, reason = "a fresh history needs a seed from outside")]
fn fresh() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() << 20
}

fn one(seed: u64) -> ExitCode {
    let plan = Plan::of(seed);
    match play(&plan, say) {
        Ok(tally) => {
            say(&format!("seed {seed} holds: {tally:?}"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(&format!("FAILED: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn many(from: u64, to: u64) -> ExitCode {
    let next = AtomicU64::new(from);
    let failed = AtomicBool::new(false);
    let played = AtomicUsize::new(0);
    let sums = Mutex::new([0_usize; 4]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= to {
                        return;
                    }
                    match play(&Plan::of(seed), |_| {}) {
                        Ok(tally) => {
                            played.fetch_add(1, Ordering::SeqCst);
                            let mut sums =
                                sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            let parts = [tally.published, tally.items.0, tally.crashes, tally.lies];
                            for (sum, part) in sums.iter_mut().zip(parts) {
                                *sum += part;
                            }
                        }
                        Err(failure) => {
                            failed.store(true, Ordering::SeqCst);
                            say(&format!(
                                "FAILED: {failure}\n  play it again: cargo xtask sim --seed {seed}"
                            ));
                        }
                    }
                }
            });
        }
    });
    let [published, items, crashes, lies] =
        *sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    say(&format!(
        "{} histories hold: {published} objects published, {items} items crossed borders, \
         {crashes} machines died, {lies} lies were told",
        played.load(Ordering::SeqCst)
    ));
    if failed.load(Ordering::SeqCst) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
