//! Random histories around an amendment.

use entente_testkit::amendment::{Tally, play};

use crate::play_all;

/// Histories at every test run.
const HISTORIES: u64 = 8;

#[test]
fn nothing_goes_out_under_the_old_text_once_all_signatures_of_the_new_are_held() {
    let total = play_all(HISTORIES, play, |total: &mut Tally, tally| {
        total.crashes += tally.crashes;
        total.lost += tally.lost;
        total.old += tally.old;
        total.new += tally.new;
        total.kept += tally.kept;
        total.passed += tally.passed;
    });
    // The histories are about something: each side of each rule was met.
    let Tally { crashes, lost, old, new, kept, passed } = total;
    assert!(crashes > 0 && lost > 0 && old > 0 && new > 0 && kept > 0 && passed > 0, "{total:?}");
}
