//! Days and instants as people write them.

use entente_model::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds in a day of UTC.
pub(crate) const DAY_MILLIS: u64 = 86_400_000;

/// The first moment of a day written as `2028-01-01`, not before 1970.
pub fn day_start(text: &str) -> Option<Timestamp> {
    // Only the plain form: a weekday or a time of day in its place is a mistake.
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(zoned.timestamp().as_millisecond()).ok().map(Timestamp::from_millis)
}

/// An instant written as `2031-04-12T06:00:00Z`.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok().map(Timestamp::from_millis)
}

fn stamp(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.millis()).ok()?).ok()
}

/// The UTC day of a moment, as `2031-04-12`.
pub fn day_text(at: Timestamp) -> String {
    stamp(at).map_or_else(|| "9999-12-31".to_owned(), |t| t.strftime("%Y-%m-%d").to_string())
}

/// A moment, as `2031-04-12T06:00:00Z`.
pub(crate) fn instant_text(at: Timestamp) -> String {
    stamp(at).map_or_else(
        || "9999-12-31T23:59:59Z".to_owned(),
        |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

#[test]
fn days_and_instants_round_trip_and_nothing_else_is_taken() {
    assert_eq!(day_text(day_start("2031-10-09").unwrap()), "2031-10-09");
    let at = instant("2031-04-12T06:00:00Z").unwrap();
    assert_eq!(instant_text(at), "2031-04-12T06:00:00Z");
    assert_eq!(day_text(at), "2031-04-12");
    for wrong in ["", "2031-13-01", "2031-04-12T06:00:00Z", "1969-12-31"] {
        assert!(day_start(wrong).is_none(), "{wrong}");
    }
    assert!(instant("2031-04-12").is_none());
}
