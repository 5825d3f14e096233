//! Random histories around the suspension of a nation.

use entente_testkit::suspension::{Tally, play};

use crate::play_all;

/// Histories at every test run.
const HISTORIES: u64 = 12;

#[test]
fn behind_a_suspension_nothing_of_the_suspenders_goes_there_from_any_node() {
    let total = play_all(HISTORIES, play, |total: &mut Tally, tally| {
        total.passed += tally.passed;
        total.before += tally.before;
        total.after += tally.after;
        total.stopped += tally.stopped;
        total.others += tally.others;
    });
    // The histories are about something: each side of each rule was met.
    let Tally { passed, before, after, stopped, others } = total;
    assert!(passed > 0 && before > 0 && after > 0 && stopped > 0 && others > 0, "{total:?}");
}
