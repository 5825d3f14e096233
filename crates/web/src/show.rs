//! How things look on a page: moments, sizes, markings, identifiers, content.

use std::fmt;
use std::fmt::Write as _;

use askama::Template;
use askama::filters::HtmlSafe;
use entente_model::{ObjectId, Timestamp};

/// A moment, in UTC and to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Moment {
    fn parts(self) -> Option<(String, String)> {
        let millis = i64::try_from(self.0.millis()).ok()?;
        let text = jiff::Timestamp::from_millisecond(millis).ok()?.to_string();
        let day = text.get(..10)?.to_owned();
        let time = text.get(11..19)?.to_owned();
        Some((day, time))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((day, time)) => write!(
                f,
                "<time datetime=\"{day}T{time}Z\"><span class=\"day\">{day}</span> \
                 <span class=\"hour\">{time}</span></time>"
            ),
            None => f.write_str("–"),
        }
    }
}

// Digits and our own markup only.
impl HtmlSafe for Moment {}

/// How long ago, roughly.
pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.since(at) / 1000;
    let (count, unit) = match seconds {
        0..90 => return "just now".to_owned(),
        90..5400 => ((seconds + 30) / 60, "min"),
        5400..129_600 => ((seconds + 1800) / 3600, "h"),
        _ => ((seconds + 43_200) / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// A length of time.
pub(crate) fn span(millis: u64) -> String {
    let minutes = millis / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, 1) => "a minute".to_owned(),
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "an hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A size that people can compare.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)];
    for (unit, size) in UNITS {
        if count >= size {
            let tenths = count / (size / 10);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{count} B")
}

/// A number with its thousands apart.
pub(crate) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A marking as people wrote it, with its level.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = "<span class=\"marking level-{{ level }}\">{{ text }}</span>", ext = "html")]
pub(crate) struct Marking {
    /// Level on the common ladder, 0 to 4.
    pub(crate) level: u8,
    pub(crate) text: String,
}

// Rendered by a template that escapes.
impl HtmlSafe for Marking {}

impl Marking {
    pub(crate) fn new(level: u8, text: &str) -> Self {
        let text = if text.is_empty() { "NO MARKING" } else { text };
        Self { level: level.min(4), text: clean(text) }
    }

    /// The highest of some markings: what a page that shows them all is to be treated as.
    pub(crate) fn highest<'m>(all: impl IntoIterator<Item = &'m Self>) -> Option<Self> {
        all.into_iter().max_by_key(|marking| marking.level).cloned()
    }
}

/// A link to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectLink(pub(crate) ObjectId);

impl fmt::Display for ObjectLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<a class=\"id\" href=\"/object/{}\">{}</a>", self.0, self.0.short())
    }
}

// Hexadecimal digits and our own markup only.
impl HtmlSafe for ObjectLink {}

/// Text from outside, with what could hide or reverse other text made visible.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => out.push(' '),
            c if c.is_control() || hides(c) => {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Bidirectional overrides and invisible characters. Joiners and the marks that ordinary
/// right-to-left text needs are not among them.
const fn hides(c: char) -> bool {
    matches!(c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
        | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// An object's content as it may be looked at: text that is never anything but text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// It is not held any more, or never was.
    Absent,
    /// It is read only for a reason that the reader has not given yet.
    Withheld { why: String },
    /// Text of some kind, and how many bytes were left out at the end.
    Text { kind: &'static str, text: String, left_out: Option<String> },
    /// Bytes that are not text: the first of them, and how many there are.
    Bytes { dump: String, total: String },
}

/// Characters of content on a page.
const TEXT_BYTES_MAX: usize = 256 << 10;
const DUMP_BYTES: usize = 512;
const DUMP_WIDTH: usize = 16;

impl Content {
    pub(crate) fn of(payload: Option<&[u8]>) -> Self {
        let Some(payload) = payload else { return Self::Absent };
        let Ok(text) = std::str::from_utf8(payload) else { return Self::dump(payload) };
        if text.contains('\0') {
            return Self::dump(payload);
        }
        let pretty = serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .filter(|value| value.is_object() || value.is_array())
            .and_then(|value| serde_json::to_string_pretty(&value).ok());
        let (kind, text) = match &pretty {
            Some(pretty) => ("JSON, indented", pretty.as_str()),
            None => ("Text", text),
        };
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        let shown = text.get(..end).unwrap_or_default();
        let rest = text.len() - shown.len();
        let left_out = (rest > 0).then(|| bytes(u64::try_from(rest).unwrap_or(u64::MAX)));
        Self::Text { kind, text: clean(shown), left_out }
    }

    fn dump(payload: &[u8]) -> Self {
        let mut dump = String::new();
        let shown = payload.get(..DUMP_BYTES).unwrap_or(payload);
        for (line, chunk) in shown.chunks(DUMP_WIDTH).enumerate() {
            let _ = write!(dump, "{:06x}  ", line * DUMP_WIDTH);
            for place in 0..DUMP_WIDTH {
                match chunk.get(place) {
                    Some(byte) => {
                        let _ = write!(dump, "{byte:02x} ");
                    }
                    None => dump.push_str("   "),
                }
            }
            dump.push(' ');
            dump.extend(chunk.iter().map(|b| match b {
                b' '..=b'~' => char::from(*b),
                _ => '.',
            }));
            dump.push('\n');
        }
        let total = u64::try_from(payload.len()).unwrap_or(u64::MAX);
        Self::Bytes { dump, total: bytes(total) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (bytes(999), bytes(1_050), bytes(12_345_678)),
            ("999 B".into(), "1.0 KB".into(), "12.3 MB".into())
        );
        let at = Timestamp::from_millis(0);
        assert_eq!(ago(Timestamp::from_millis(300_000), at), "5 min ago");
        assert_eq!(ago(at, Timestamp::from_millis(300_000)), "just now");
    }

    #[test]
    fn a_moment_is_utc() {
        let shown = Moment(Timestamp::from_millis(1_795_348_800_123)).to_string();
        assert!(shown.contains("datetime=\"2026-11-22T12:00:00Z\""), "{shown}");
        assert_eq!(Moment(Timestamp::from_millis(u64::MAX)).to_string(), "–");
    }

    #[test]
    fn a_marking_is_escaped_and_its_level_bounded() {
        let shown = Marking::new(200, "<b>\u{202e}").to_string();
        assert!(shown.starts_with("<span class=\"marking level-4\">"), "{shown}");
        assert!(!shown.contains("<b>") && shown.contains("U+202E"), "{shown}");
    }

    #[test]
    fn content_is_text_or_a_summary_of_bytes() {
        assert_eq!(Content::of(None), Content::Absent);
        let Content::Text { kind, text, left_out } = Content::of(Some(b"{\"a\":[1]}")) else {
            panic!("not text")
        };
        assert_eq!((kind, left_out), ("JSON, indented", None));
        assert!(text.contains("\n  \"a\": ["));
        let long = "é".repeat(TEXT_BYTES_MAX);
        let Content::Text { text, left_out, .. } = Content::of(Some(long.as_bytes())) else {
            panic!("not text")
        };
        assert_eq!((text.len(), left_out.as_deref()), (TEXT_BYTES_MAX, Some("262.1 KB")));
        let Content::Bytes { dump, total } = Content::of(Some(b"GIF89a\xff<script>")) else {
            panic!("not bytes")
        };
        assert!(dump.starts_with("000000  47 49 46") && total == "15 B");
    }
}
