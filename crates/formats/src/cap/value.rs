//! Lexical forms of values: dates, numbers, languages, references, addresses on the web.

use std::cmp::Ordering;
use std::fmt;

use entente_model::Timestamp;

use crate::text::civil;

/// A point in time as an alert writes it. Two are the same if they are the same point in time, or
/// the same text where that is none.
#[derive(Debug, Clone)]
pub struct Moment {
    text: String,
    at: Option<Timestamp>,
}

impl Moment {
    /// Takes what an alert says.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let at = DateTime::read(text).and_then(|read| read.at);
        Self { text: text.to_owned(), at }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// When that is, if it says so fully and lies after 1970.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// The point in time, or the text where it is none.
    fn key(&self) -> (Option<Timestamp>, &str) {
        (self.at, if self.at.is_some() { "" } else { &self.text })
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An `xs:dateTime` (XML Schema part 2, 3.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime {
    /// It is written as CAP 1.2 wants it: whole seconds, a zone in numbers.
    pub(crate) strict: bool,
    at: Option<Timestamp>,
}

impl DateTime {
    /// Reads one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let mut parts = date.rsplitn(3, '-');
        let (day, month, year) = (two(parts.next()?)?, two(parts.next()?)?, parts.next()?);
        let digits = year.strip_prefix('-').unwrap_or(year);
        let number: i16 = year.parse().ok().filter(|_| digits.len() >= 4 && number(digits))?;

        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(zone_at)?;
        let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
        if fraction.is_some_and(|fraction| !number_text(fraction)) {
            return None;
        }
        let mut parts = clock.splitn(3, ':');
        let (hour, minute) = (two(parts.next()?)?, two(parts.next()?)?);
        let second = two(parts.next()?)?;
        let midnight = hour == 24 && minute == 0 && second == 0;
        if (hour > 23 && !midnight) || minute > 59 || second > 59 {
            return None;
        }
        jiff::civil::Date::new(number, month, day).ok()?;
        let offset = zone_minutes(zone)?;
        let numeric = !matches!(zone, "" | "Z");
        let strict = numeric && fraction.is_none() && digits.len() == 4 && digits == year;
        let start = civil((number, month, day), (if midnight { 0 } else { hour }, minute, second));
        let at = start.zip(offset).and_then(|(start, offset)| {
            let day = if midnight { 86_400_000 } else { 0 };
            let millis = i64::try_from(start.millis()).ok()? + day - i64::from(offset) * 60_000;
            u64::try_from(millis).ok().map(Timestamp::from_millis)
        });
        Some(Self { strict, at })
    }
}

/// Minutes east of Greenwich; the inner `None` where no zone is said.
#[expect(clippy::option_option, reason = "no zone is something else than a wrong zone")]
fn zone_minutes(zone: &str) -> Option<Option<i16>> {
    let (sign, rest) = match zone {
        "" => return Some(None),
        "Z" => return Some(Some(0)),
        _ => zone
            .strip_prefix('+')
            .map(|rest| (1, rest))
            .or(zone.strip_prefix('-').map(|r| (-1, r)))?,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (i16::from(two(hours)?), i16::from(two(minutes)?));
    let valid = minutes <= 59 && hours * 60 + minutes <= 14 * 60;
    valid.then_some(Some(sign * (hours * 60 + minutes)))
}

fn two(text: &str) -> Option<i8> {
    text.parse().ok().filter(|_| text.len() == 2 && number(text))
}

fn number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number_text(text: &str) -> bool {
    !text.is_empty() && number(text)
}

/// An `xs:integer`.
pub(crate) fn is_integer(text: &str) -> bool {
    number_text(text.strip_prefix(['+', '-']).unwrap_or(text))
}

/// An `xs:decimal`.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    number(whole) && number(part) && !(whole.is_empty() && part.is_empty())
}

/// The number of a decimal.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    is_decimal(text).then(|| text.parse().ok()).flatten()
}

/// A language tag (RFC 3066; `xs:language`).
pub(crate) fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let subtag = |tag: &str| (1..=8).contains(&tag.len());
    subtags.next().is_some_and(|tag| subtag(tag) && tag.bytes().all(|b| b.is_ascii_alphabetic()))
        && subtags.all(|tag| subtag(tag) && tag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// An identifier or a sender: no spaces, commas, `<` or `&` (CAP 1.2, 3.2.1).
pub(crate) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '\t', '\r', '\n', ',', '&', '<'])
}

/// Another alert, as `references` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Who sent it; unknown is what cannot be.
    pub sender: String,
    /// Its identifier.
    pub identifier: String,
    /// When it was sent. CAP 1.0 does not say.
    pub sent: Option<Moment>,
}

impl Reference {
    /// Reads `sender,identifier,sent`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ',');
        let (sender, identifier, sent) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = is_identifier(sender) && is_identifier(identifier);
        whole.then(|| Self {
            sender: sender.to_owned(),
            identifier: identifier.to_owned(),
            sent: Some(Moment::new(sent)),
        })
    }

    /// Reads `identifier/sender`, as CAP 1.0 has it.
    pub(crate) fn read_1_0(text: &str) -> Option<Self> {
        let (identifier, sender) = text.split_once('/')?;
        let whole = is_identifier(sender) && is_identifier(identifier);
        whole.then(|| Self {
            sender: sender.to_owned(),
            identifier: identifier.to_owned(),
            sent: None,
        })
    }
}

/// Whether a text is a uniform resource identifier (RFC 2396), and if so, an absolute one.
pub(crate) fn uri(text: &str) -> Option<UriKind> {
    let (body, fragment) = text.split_once('#').map_or((text, ""), |(body, rest)| (body, rest));
    let first = body.find(['/', '?', ':']);
    let scheme =
        first.and_then(|at| body.split_at_checked(at)).filter(|(_, rest)| rest.starts_with(':'));
    let (kind, rest) = match scheme {
        Some((scheme, rest)) => {
            let letters = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
            let rest = rest.strip_prefix(':').unwrap_or_default();
            if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !letters || rest.is_empty()
            {
                return None;
            }
            (UriKind::Absolute, rest)
        }
        None => (UriKind::Relative, body),
    };
    (is_uri_text(rest) && is_uri_text(fragment)).then_some(kind)
}

/// Whether an address stands by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriKind {
    /// It has a scheme.
    Absolute,
    /// It needs a base.
    Relative,
}

/// Characters of an address: reserved, unreserved, escaped, and those of other scripts.
fn is_uri_text(text: &str) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let valid = match c {
            '%' => (0..2).all(|_| rest.next().is_some_and(|c| c.is_ascii_hexdigit())),
            ' '..='~' => c.is_ascii_alphanumeric() || "-_.!~*'();/?:@&=+$,[]".contains(c),
            _ => !c.is_control() && !c.is_whitespace(),
        };
        if !valid {
            return false;
        }
    }
    true
}

/// Base 64 with its padding; white space does not count.
pub(crate) fn is_base64(text: &str) -> bool {
    let characters: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let padding = characters.iter().rev().take_while(|b| **b == b'=').count();
    let data = characters.get(..characters.len() - padding).unwrap_or_default();
    characters.len().is_multiple_of(4)
        && padding <= 2
        && data.iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_xml_schema_and_strict_ones_those_of_cap() {
        for (text, strict) in [
            ("2003-04-02T14:39:01-05:00", Some(true)),
            ("2003-04-02T14:39:01+00:00", Some(true)),
            ("2003-04-02T14:39:01Z", Some(false)),
            ("2003-04-02T14:39:01", Some(false)),
            ("2003-04-02T14:39:01.5-05:00", Some(false)),
            ("2003-04-02T24:00:00-05:00", Some(true)),
            ("2003-14-02T14:39:01-05:00", None),
            ("2003-02-29T14:39:01-05:00", None),
            ("2003-04-02T24:00:01-05:00", None),
            ("2003-04-02T14:39-05:00", None),
            ("2003-04-02T14:39:60-05:00", None),
            ("2003-04-02T14:39:01-14:01", None),
            ("2003-04-02T14:39:01,05:00", None),
            ("2003-04-02 14:39:01-05:00", None),
            ("203-04-02T14:39:01-05:00", None),
            ("2003-04-02T14:39:01.-05:00", None),
            ("2003-4-2T14:39:01-05:00", None),
            ("c", None),
            ("", None),
        ] {
            assert_eq!(DateTime::read(text).map(|read| read.strict), strict, "{text}");
        }
        assert_eq!(Moment::new("2003-04-02T24:00:00-05:00"), Moment::new("2003-04-03T05:00:00Z"));
        assert_ne!(Moment::new("2003-04-02T14:39:01"), Moment::new("2003-04-02T14:39:01Z"));
    }

    #[test]
    fn addresses_are_absolute_relative_or_none() {
        for (text, kind) in [
            ("http://www.dhs.gov/dhspublic/display?theme=29", Some(UriKind::Absolute)),
            ("urn:oid:2.49", Some(UriKind::Absolute)),
            ("some/relative/path", Some(UriKind::Relative)),
            ("a%20b#c", Some(UriKind::Relative)),
            ("", Some(UriKind::Relative)),
            ("http://例え.jp/", Some(UriKind::Absolute)),
            ("some invalid uri", None),
            ("http:", None),
            ("1a:b", None),
            ("a%2", None),
            ("a#b#c", None),
            ("<a>", None),
        ] {
            assert_eq!(uri(text), kind, "{text}");
        }
    }

    #[test]
    fn small_values_have_their_forms() {
        for (text, valid) in
            [("aaaa", true), ("aa==", true), ("", true), ("foo", false), ("a===", false)]
        {
            assert_eq!(is_base64(text), valid, "{text}");
        }
        for (text, valid) in
            [("1", true), ("-.5", true), ("5.", true), (".", false), ("1e5", false)]
        {
            assert_eq!(is_decimal(text), valid, "{text}");
        }
        assert!(is_integer("-12") && !is_integer("1.0") && !is_integer(""));
    }
}
