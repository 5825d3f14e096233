//! Random histories around the suspension of a nation.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use entente_testkit::suspension::{Tally, play};

/// Histories at every test run.
const HISTORIES: u64 = 12;

#[test]
fn behind_a_suspension_nothing_of_the_suspenders_goes_there_from_any_node() {
    let next = AtomicU64::new(1);
    let failures = Mutex::new(Vec::new());
    let total = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > HISTORIES {
                        break;
                    }
                    let folder = tempfile::tempdir().unwrap();
                    match play(seed, folder.path()) {
                        Err(failure) => failures.lock().unwrap().push((seed, failure)),
                        Ok(tally) => {
                            let mut total = total.lock().unwrap();
                            total.passed += tally.passed;
                            total.before += tally.before;
                            total.after += tally.after;
                            total.stopped += tally.stopped;
                            total.others += tally.others;
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    // The histories are about something: each side of each rule was met.
    let total = total.into_inner().unwrap();
    let Tally { passed, before, after, stopped, others } = total;
    assert!(passed > 0 && before > 0 && after > 0 && stopped > 0 && others > 0, "{total:?}");
}
