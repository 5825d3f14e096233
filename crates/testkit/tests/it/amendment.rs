//! Random histories around an amendment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use entente_testkit::amendment::{Tally, play};

/// Histories at every test run.
const HISTORIES: u64 = 8;

#[test]
fn nothing_goes_out_under_the_old_text_once_all_signatures_of_the_new_are_held() {
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
                            total.crashes += tally.crashes;
                            total.lost += tally.lost;
                            total.old += tally.old;
                            total.new += tally.new;
                            total.kept += tally.kept;
                            total.passed += tally.passed;
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
    let Tally { crashes, lost, old, new, kept, passed } = total;
    assert!(crashes > 0 && lost > 0 && old > 0 && new > 0 && kept > 0 && passed > 0, "{total:?}");
}
