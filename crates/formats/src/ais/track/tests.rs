use serde_json::Value;

use super::*;
use crate::ais::{Decoded, Decoder};
use crate::text::rfc3339;

/// Positions as they were received; some messages have none.
fn recorded(zst: &[u8]) -> Vec<Fix> {
    let lines = zstd::decode_all(zst).unwrap();
    let lines = lines.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let fix = |line: &[u8]| {
        let case: Value = serde_json::from_slice(line).unwrap();
        let number = |name: &str| case[name].as_f64();
        let at = rfc3339(case["timestamp"].as_str().unwrap()).unwrap();
        let (latitude, longitude) = (number("lat")?, number("lon")?);
        let (speed, course) = (number("speed"), number("course"));
        (latitude <= 90.0).then_some(Fix { at, latitude, longitude, speed, course })
    };
    lines.filter_map(fix).collect()
}

fn tracker(fixes: &[Fix]) -> Tracker {
    let mut tracker = Tracker::default();
    for fix in fixes {
        assert!(!matches!(tracker.add(*fix), Placed::TooLate | Placed::Full), "{fix:?}");
    }
    tracker
}

/// No ship on a track is ever faster than the rules let it be.
fn check_speeds(tracker: &Tracker) {
    for track in tracker.tracks() {
        for pair in track.fixes().windows(2) {
            assert!(pair[0].at <= pair[1].at && tracker.reaches(&pair[0], &pair[1]), "{pair:?}");
        }
    }
}

#[test]
fn a_ship_with_one_transmitter_has_one_track() {
    let fixes = recorded(include_bytes!("../../../../../vectors/ais/tracks/263576000.jsonl.zst"));
    let tracker = tracker(&fixes);
    let [track] = tracker.tracks() else { panic!("{} tracks", tracker.tracks().len()) };
    assert_eq!((fixes.len(), track.fixes().len()), (928, 695));
    assert!((track.length() - 251.7).abs() < 0.1, "{}", track.length());
    assert_eq!(tracker.conflicts(3), []);
    check_speeds(&tracker);
}

/// Two ships with one MMSI, or one whose positions arrive twice. The segmenter that was recorded
/// with them keeps most in one segment, in which the ship makes 540 knots at times, and the rest
/// in 23; here each track is one that a ship can sail at the 11 knots that it says.
#[test]
fn positions_that_arrive_twice_make_two_tracks_and_a_conflict() {
    let fixes = recorded(include_bytes!("../../../../../vectors/ais/tracks/338013000.jsonl.zst"));
    let tracker = tracker(&fixes);
    let sizes: Vec<usize> = tracker.tracks().iter().map(|track| track.fixes().len()).collect();
    assert_eq!((fixes.len(), sizes), (1193, vec![285, 732, 5]));
    for track in tracker.tracks().iter().take(2) {
        let (from, to) = track.span().unwrap();
        let knots = track.length() / hours_from(from, to);
        assert!((10.9..11.5).contains(&knots), "{knots}");
    }
    assert_eq!(tracker.conflicts(100), [(0, 1)]);
    check_speeds(&tracker);
}

/// A fix at a minute, so many nautical miles north of 50° N, 4° W.
fn north(minute: u64, nm: f64) -> Fix {
    let at = Timestamp::from_millis(1_900_000_000_000 + minute * 60_000);
    let latitude = 50.0 + nm / 60.0;
    Fix { at, latitude, longitude: -4.0, speed: Some(10.0), course: Some(0.0) }
}

#[test]
fn jumps_repeats_and_latecomers_find_their_place() {
    let mut tracker = Tracker::default();
    assert_eq!(tracker.add(north(0, 0.0)), Placed::Began(0));
    assert_eq!(tracker.add(north(12, 2.0)), Placed::Joined(0));
    assert_eq!(tracker.add(north(12, 2.0)), Placed::Repeated(0));
    assert_eq!(tracker.add(north(6, 1.0)), Placed::Joined(0));
    let Placed::Jumped { track: 1, from: 0, nm } = tracker.add(north(13, 500.0)) else {
        panic!("no jump")
    };
    assert!((nm - 498.0).abs() < 1.0, "{nm}");
    // The ship itself goes on, and so does the other with its MMSI.
    assert_eq!(tracker.add(north(18, 3.0)), Placed::Joined(0));
    assert_eq!(tracker.add(north(19, 501.0)), Placed::Joined(1));
    assert_eq!(tracker.add(north(100, 15.0)), Placed::Joined(0));
    assert_eq!(tracker.add(north(20, 4.0)), Placed::TooLate);
    let fixes = tracker.tracks()[0].fixes();
    assert!(fixes.is_sorted_by_key(|fix| fix.at) && fixes.len() == 5);
    assert_eq!((tracker.conflicts(2), tracker.conflicts(3)), (vec![(0, 1)], vec![]));
}

#[test]
fn tracks_end_in_silence_and_are_bounded_in_number() {
    let mut tracker = Tracker::default();
    tracker.add(north(0, 0.0));
    assert_eq!(tracker.add(north(2000, 1.0)), Placed::Began(1));
    let rules = TrackRules { open_max: 2, fixes_max: 5, ..TrackRules::default() };
    let mut tracker = Tracker::new(rules);
    for (minute, nm) in [(0, 0.0), (1, 500.0), (2, 1000.0)] {
        tracker.add(north(minute, nm));
    }
    // The first was silent for longest.
    assert!(matches!(tracker.add(north(3, 0.5)), Placed::Jumped { track: 3, .. }));
    tracker.add(north(4, 0.6));
    assert_eq!(tracker.add(north(5, 0.7)), Placed::Full);
}

#[test]
fn messages_give_the_positions_that_they_have() {
    let at = Timestamp::from_millis(1);
    let fix = |line: &str| match Decoder::default().line(line.as_bytes()).unwrap() {
        Decoded::Message(message) => Fix::of(&message, at),
        other @ (Decoded::Waiting | Decoded::Other) => panic!("{other:?}"),
    };
    let found = fix("!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6F").unwrap();
    assert_eq!((found.latitude, found.longitude), (55.702_633, 12.722_587));
    assert_eq!((found.speed, found.course), (Some(7.7), Some(108.3)));
    // Speed and course that are not known; a position that is not; and one outside the earth.
    let found = fix("!BSVDM,1,1,,B,13@ni?GP?w0pFLVP7Lpv4?vF0<0h,0*47").unwrap();
    assert_eq!((found.speed, found.course), (None, None));
    assert_eq!(fix("!AIVDM,1,1,,B,KEkV@caow3vMnRkg20,4*72"), None);
    assert_eq!(fix("!AIVDM,1,1,,B,402=481uaUcf;OQ55JS9ITi025Jp,0*2B"), None);
}
