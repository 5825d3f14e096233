//! Timestamps as the patterning language writes them: RFC 3339 in upper case, in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Whether the text has the form of a timestamp. The grammar knows how many days a month may
/// have at most and that a minute may have a leap second, and nothing more of the calendar.
pub(super) fn has_the_form_of_a_timestamp(text: &str) -> bool {
    fields(text).is_some()
}

/// The nanoseconds from 1970 to a timestamp; `None` if it is none, or no day of the calendar.
/// Digits beyond nanoseconds are dropped. A leap second counts as the second behind it.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let ([year, month, day, hour, minute, second], fraction) = fields(text)?;
    let small = |value: u16| i8::try_from(value).ok();
    let leap = second == 60;
    let moment = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        if leap { 59 } else { small(second)? },
        0,
    );
    let moment = moment.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let mut nanoseconds = 0;
    for digit in fraction.bytes().chain(std::iter::repeat(b'0')).take(9) {
        nanoseconds = nanoseconds * 10 + i128::from(digit - b'0');
    }
    Some(moment.as_nanosecond() + nanoseconds + if leap { 1_000_000_000 } else { 0 })
}

/// Year to second, and the digits of the fraction.
fn fields(text: &str) -> Option<([u16; 6], &str)> {
    /// Digits of each field, what stands behind it, and its bounds.
    const FIELDS: [(usize, &str, u16, u16); 6] = [
        (4, "-", 0, 9999),
        (2, "-", 1, 12),
        (2, "T", 1, 31),
        (2, ":", 0, 23),
        (2, ":", 0, 59),
        (2, "", 0, 60),
    ];
    let mut rest = text;
    let mut values = [0; 6];
    for (value, (digits, behind, min, max)) in values.iter_mut().zip(FIELDS) {
        let field = rest.get(..digits).filter(|field| field.bytes().all(|b| b.is_ascii_digit()))?;
        *value = field.parse().ok().filter(|value| (min..=max).contains(value))?;
        rest = rest.get(digits..)?.strip_prefix(behind)?;
    }
    let rest = rest.strip_suffix('Z')?;
    let fraction = if rest.is_empty() { "0" } else { rest.strip_prefix('.')? };
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    is_fraction.then_some((values, fraction))
}

#[test]
fn timestamps_are_strict() {
    assert_eq!(nanoseconds("1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
    assert_eq!(nanoseconds("1969-12-31T23:59:59.9999999999Z"), Some(-1));
    assert_eq!(nanoseconds("2016-12-31T23:59:60Z"), nanoseconds("2017-01-01T00:00:00Z"));
    assert!(has_the_form_of_a_timestamp("2024-02-30T12:00:00Z"));
    assert_eq!(nanoseconds("2024-02-30T12:00:00Z"), None);
    for wrong in [
        "2024-01-32T12:00:00Z",
        "2024-01-00T12:00:00Z",
        "2024-01-15T24:00:00Z",
        "2024-01-15T12:00:61Z",
        "2024-01-15T12:00:00",
        "2024-01-15T12:00Z",
        "2024-01-15T12:00:00.Z",
        "2024-01-15t12:00:00Z",
        "2024-01-15T12:00:00z",
        "2024-01-15T12:00:00+00:00",
        "+024-01-15T12:00:00Z",
        "",
    ] {
        assert!(!has_the_form_of_a_timestamp(wrong), "{wrong}");
    }
}
