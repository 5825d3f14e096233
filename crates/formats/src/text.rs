//! Small readers of text that every format shares: times, one-line titles, quoted foreign text.

use entente_model::Timestamp;

/// Titles are cut to this many characters.
const TITLE_CHARS_MAX: usize = 160;

/// Reads an RFC 3339 time; `None` if it is none or lies before 1970.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// A UTC date and time of day as a point in time, if there is such a moment.
pub(crate) fn civil(date: (i16, i8, i8), time: (i8, i8, i8)) -> Option<Timestamp> {
    let moment = jiff::civil::DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2, 0);
    let moment = moment.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u64::try_from(moment.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// One line for people out of foreign text: white space runs become one space; what cannot be
/// seen or would change the direction of the text around it is left out.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split_whitespace() {
        if chars > 0 {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars().filter(|c| !c.is_control() && !is_invisible(*c)) {
            if chars >= TITLE_CHARS_MAX {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

/// Foreign text in an error message: short, one line, in backticks.
pub(crate) fn quoted(text: &str) -> String {
    let line = one_line(text);
    let mut short: String = line.chars().take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Zero-width and direction-changing characters.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Line and column, from 1, of a byte offset; columns count characters.
pub(crate) fn line_and_column(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.split(|b| *b == b'\n').count();
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count();
    (line, column + 1)
}

#[test]
fn times_lie_after_1970() {
    assert_eq!(rfc3339("1970-01-01T00:00:01.5Z"), Some(Timestamp::from_millis(1500)));
    assert_eq!(rfc3339("2010-06-11T13:46:11+02:00"), rfc3339("2010-06-11T11:46:11Z"));
    for wrong in ["0000-01-01T00:00:00Z", "2010-06-11", "2010-13-11T00:00:00Z", ""] {
        assert_eq!(rfc3339(wrong), None, "{wrong}");
    }
    assert_eq!(civil((2010, 6, 11), (11, 46, 11)), rfc3339("2010-06-11T11:46:11Z"));
    assert_eq!(civil((2010, 6, 31), (0, 0, 0)), None);
}

#[test]
fn titles_hold_nothing_that_deceives_the_eye() {
    assert_eq!(one_line(" a\r\n b\u{202e}c\u{200b} \u{7}d "), "a bc d");
    assert_eq!(one_line(&"x".repeat(500)).chars().count(), TITLE_CHARS_MAX + 1);
}

#[test]
fn columns_count_characters() {
    assert_eq!(line_and_column("é\nèé!".as_bytes(), 7), (2, 3));
    assert_eq!(line_and_column(b"", 0), (1, 1));
}
