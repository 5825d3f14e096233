//! A fixed list of histories, played at every test run.

#[cfg(test)]
mod amendment;
#[cfg(test)]
mod suspension;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use entente_testkit::sim::{Plan, play};

/// Seeds whose histories once failed, and some that never did. Between them every kind of fault
/// and lie occurs.
const SEEDS: [u64; 18] = [
    1,
    3,
    6,
    12,
    13,
    25,
    32,
    37,
    38,
    49,
    58,
    66,
    71,
    97,
    119,
    150,
    1_882_882_385_641_521,
    1_882_882_385_641_537,
];

#[test]
fn fixed_histories_hold() {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = SEEDS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(failure) = play(&Plan::of(*seed), |_| {}) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "play one again with `cargo xtask sim --seed N`: {failures:?}");
}

#[test]
fn a_seed_gives_one_history() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let tell = |line: &str| TOLD.lock().unwrap().push(line.to_owned());
    let mut histories = Vec::new();
    for _ in 0..2 {
        play(&Plan::of(7), tell).unwrap();
        histories.push(std::mem::take(&mut *TOLD.lock().unwrap()));
    }
    assert!(histories[0].len() > 20);
    assert_eq!(histories[0], histories[1]);
}

/// Plays the histories of the first seeds on two threads; each must hold. `add` sums up.
#[cfg(test)] // So that the lints take it for test code.
pub(crate) fn play_all<T: Default + Send, F: std::fmt::Debug + Send>(
    histories: u64,
    play: fn(u64, &Path) -> Result<T, F>,
    add: fn(&mut T, &T),
) -> T {
    let next = AtomicU64::new(1);
    let failures = Mutex::new(Vec::new());
    let total = Mutex::new(T::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > histories {
                        break;
                    }
                    let folder = tempfile::tempdir().unwrap();
                    match play(seed, folder.path()) {
                        Err(failure) => failures.lock().unwrap().push((seed, failure)),
                        Ok(tally) => add(&mut total.lock().unwrap(), &tally),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    total.into_inner().unwrap()
}
