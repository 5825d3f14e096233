//! The guard in front of every JSON document that comes from outside.
//!
//! JSON parsers differ on duplicate keys, big numbers, broken Unicode and deep nesting; a
//! document that two nations read differently is a way around a label. [`StrictJson`] accepts
//! only what all of them read alike: RFC 8259 in UTF-8 without byte-order mark, no key twice in
//! one object (escapes resolved), no integer beyond ±2^53, no number that a double cannot hold,
//! no half of a surrogate pair, and no more bytes or levels than [`JsonLimits`] allows.
//!
//! One pass, no recursion, and no allocation that grows with more than the keys of the objects
//! now open. It builds no tree: reading values is left to `serde_json`, which comes after.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use crate::text::{is_invisible, line_and_column, quoted};

/// The largest integer that every reader of JSON holds exactly.
pub const INTEGER_MAX: u64 = 1 << 53;

/// Objects with more keys than this are checked for duplicates by sorting, when they close.
const KEYS_COMPARED_MAX: usize = 24;

/// How much JSON is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Bytes of the document.
    pub bytes_max: usize,
    /// Objects and arrays within each other, the outermost included.
    pub depth_max: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { bytes_max: 256 << 20, depth_max: 64 }
    }
}

/// JSON text that passed the guard.
#[derive(Debug, Clone, Copy)]
pub struct StrictJson<'a>(&'a str);

impl<'a> StrictJson<'a> {
    /// Checks a whole document.
    pub fn check(bytes: &'a [u8], limits: &JsonLimits) -> Result<Self, JsonError> {
        let mut scan = Scan { bytes, at: 0, frames: Vec::new(), keys: Vec::new() };
        scan.document(limits).map(Self).map_err(|(problem, at)| {
            let (line, column) = line_and_column(bytes, at);
            JsonError { problem, offset: at, line, column, path: scan.path() }
        })
    }

    /// The document's text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("JSON is refused at line {line}, column {column} (byte {offset}, in `{path}`): {problem}")]
pub struct JsonError {
    /// What is wrong.
    pub problem: JsonProblem,
    /// Byte offset, from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The value being read, such as `$.objects[3].name`.
    pub path: String,
}

/// The ways in which a document can be unacceptable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// More bytes than allowed.
    #[error("the document has {bytes} bytes; at most {max} are accepted")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Not UTF-8.
    #[error("a byte is not UTF-8; save the document as UTF-8")]
    NotUtf8,
    /// A byte-order mark.
    #[error("the document begins with a byte-order mark; save it without one")]
    ByteOrderMark,
    /// Nested too deeply.
    #[error("objects and lists are nested more than {max} deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// A key stands twice in one object.
    #[error(
        "the key {key} stands twice in one object, and readers differ on which one counts; keep one"
    )]
    DuplicateKey {
        /// The key, for people.
        key: String,
    },
    /// An integer that not every reader holds exactly.
    #[error("the integer {text} is beyond ±2^53, where readers lose digits; write it as a string")]
    IntegerTooBig {
        /// The integer as written, shortened.
        text: String,
    },
    /// A number that no double holds.
    #[error("the number {text} is too large for a double; write it as a string")]
    NumberTooBig {
        /// The number as written, shortened.
        text: String,
    },
    /// A number in no JSON form.
    #[error("a number is malformed; expected digits as in -12, 0.5 or 1e9, without leading zeros")]
    Number,
    /// A control character inside a string.
    #[error("a string holds the control character U+{code:04X}; write it as an escape such as \\n")]
    Control {
        /// The character.
        code: u8,
    },
    /// An escape that JSON does not have.
    #[error(
        "a string holds an escape that JSON does not have; expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
    )]
    Escape,
    /// Half of a surrogate pair.
    #[error(
        "a string holds half of a surrogate pair, which is no character; write both halves or the character itself"
    )]
    Surrogate,
    /// The document stops too early.
    #[error("the document ends here; expected {expected}")]
    Truncated {
        /// What should follow.
        expected: &'static str,
    },
    /// Something else should stand here.
    #[error("found {}; expected {expected}", shown(*.found))]
    Expected {
        /// The character that stands here.
        found: char,
        /// What should.
        expected: &'static str,
    },
}

type Fault = (JsonProblem, usize);

const VALUE: &str = "a value (object, list, string, number, true, false or null)";

/// A key of an object that is still open.
#[derive(Clone, Copy)]
struct Key {
    /// Digest of the key's text, to tell most pairs apart without looking at them.
    print: u64,
    /// The text between the quotes, as written.
    start: usize,
    end: usize,
    escaped: bool,
}

/// An object or array that is still open.
enum Frame {
    Array { index: usize },
    Object { first_key: usize, now: Option<Key> },
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    frames: Vec<Frame>,
    keys: Vec<Key>,
}

impl<'a> Scan<'a> {
    fn document(&mut self, limits: &JsonLimits) -> Result<&'a str, Fault> {
        let bytes = self.bytes;
        if bytes.len() > limits.bytes_max {
            let problem = JsonProblem::TooLarge { bytes: bytes.len(), max: limits.bytes_max };
            return Err((problem, 0));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|e| (JsonProblem::NotUtf8, e.valid_up_to()))?;
        if text.starts_with('\u{feff}') {
            return Err((JsonProblem::ByteOrderMark, 0));
        }
        self.values(limits.depth_max)?;
        Ok(text)
    }

    /// Reads the outermost value and everything inside it.
    fn values(&mut self, depth_max: usize) -> Result<(), Fault> {
        loop {
            // A value begins here. Containers that open leave the loop below to be skipped.
            self.space();
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{') => {
                    self.open(Frame::Object { first_key: self.keys.len(), now: None }, depth_max)?;
                    if self.peek() != Some(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(Frame::Array { index: 0 }, depth_max)?;
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word(b"true")?,
                Some(b'f') => self.word(b"false")?,
                Some(b'n') => self.word(b"null")?,
                _ => return Err(self.expected(VALUE)),
            }
            // A value has ended: close what closes here, and stop before the next value.
            loop {
                self.space();
                let next = self.peek();
                match self.frames.last_mut() {
                    None if next.is_none() => return Ok(()),
                    None => return Err(self.expected("the end of the document")),
                    Some(Frame::Array { index }) => match next {
                        Some(b',') => {
                            *index += 1;
                            self.at += 1;
                            break;
                        }
                        Some(b']') => self.close()?,
                        _ => return Err(self.expected("`,` or `]`")),
                    },
                    Some(Frame::Object { .. }) => match next {
                        Some(b',') => {
                            self.at += 1;
                            self.space();
                            self.key()?;
                            break;
                        }
                        Some(b'}') => self.close()?,
                        _ => return Err(self.expected("`,` or `}`")),
                    },
                }
            }
        }
    }

    fn open(&mut self, frame: Frame, depth_max: usize) -> Result<(), Fault> {
        if self.frames.len() >= depth_max {
            return Err((JsonProblem::TooDeep { max: depth_max }, self.at));
        }
        self.frames.push(frame);
        self.at += 1;
        self.space();
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        if let Some(Frame::Object { first_key, .. }) = self.frames.last() {
            let first = *first_key;
            if self.keys.len() - first > KEYS_COMPARED_MAX
                && let Some(twice) = self.duplicate_among(first)
            {
                return Err(self.duplicate(twice));
            }
            self.keys.truncate(first);
        }
        self.frames.pop();
        self.at += 1;
        Ok(())
    }

    /// Reads a key and its colon, and remembers the key.
    fn key(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in double quotes"));
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        let mut key = Key { print: 0, start, end: self.at - 1, escaped };
        key.print = if escaped {
            fingerprint(self.key_text(key).as_bytes())
        } else {
            fingerprint(self.raw(key))
        };
        let Some(Frame::Object { first_key, now }) = self.frames.last_mut() else {
            return Ok(());
        };
        *now = Some(key);
        let earlier = self.keys.get(*first_key..).unwrap_or_default();
        if earlier.len() < KEYS_COMPARED_MAX
            && earlier.iter().any(|e| e.print == key.print && self.compare(*e, key).is_eq())
        {
            return Err(self.duplicate(key));
        }
        self.keys.push(key);
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    /// The later of two equal keys among those from `first` on.
    fn duplicate_among(&mut self, first: usize) -> Option<Key> {
        let mut keys = self.keys.split_off(first);
        keys.sort_unstable_by(|a, b| {
            a.print.cmp(&b.print).then_with(|| self.compare(*a, *b)).then(a.start.cmp(&b.start))
        });
        keys.windows(2).find_map(|pair| match pair {
            [a, b] if a.print == b.print && self.compare(*a, *b).is_eq() => Some(*b),
            _ => None,
        })
    }

    fn duplicate(&mut self, key: Key) -> Fault {
        if let Some(Frame::Object { now, .. }) = self.frames.last_mut() {
            *now = Some(key);
        }
        (JsonProblem::DuplicateKey { key: quoted(&self.key_text(key)) }, key.start - 1)
    }

    fn compare(&self, a: Key, b: Key) -> Ordering {
        if a.escaped || b.escaped {
            self.key_text(a).cmp(&self.key_text(b))
        } else {
            self.raw(a).cmp(self.raw(b))
        }
    }

    fn raw(&self, key: Key) -> &'a [u8] {
        self.bytes.get(key.start..key.end).unwrap_or_default()
    }

    /// The key with its escapes resolved.
    fn key_text(&self, key: Key) -> String {
        let raw = self.raw(key);
        let with_quotes = self.bytes.get(key.start - 1..=key.end).unwrap_or_default();
        serde_json::from_slice(with_quotes)
            .unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
    }

    /// Reads a string and says whether it holds escapes.
    fn string(&mut self) -> Result<bool, Fault> {
        self.at += 1;
        let mut escaped = false;
        loop {
            while let Some(eight) = self.rest().first_chunk() {
                let specials = specials(u64::from_le_bytes(*eight));
                if specials != 0 {
                    self.at += specials.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
            match self.peek() {
                None => return Err(self.truncated("the closing quote of this string")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(code @ 0..0x20) => return Err((JsonProblem::Control { code }, self.at)),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let start = self.at;
        match self.bytes.get(start + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let unit = self.unit(start)?;
                self.at += 6;
                match unit {
                    0xd800..0xdc00 => {
                        let low = self.rest().starts_with(b"\\u").then(|| self.unit(self.at));
                        match low {
                            Some(Ok(0xdc00..0xe000)) => self.at += 6,
                            _ => return Err((JsonProblem::Surrogate, start)),
                        }
                    }
                    0xdc00..0xe000 => return Err((JsonProblem::Surrogate, start)),
                    _ => {}
                }
            }
            Some(_) => return Err((JsonProblem::Escape, start)),
            None => return Err(self.truncated("the rest of an escape")),
        }
        Ok(())
    }

    /// The code unit of the `\uXXXX` that starts at `start`.
    fn unit(&self, start: usize) -> Result<u16, Fault> {
        self.bytes
            .get(start + 2..start + 6)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or((JsonProblem::Escape, start))
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let whole = self.digits(start)?;
        if whole > 1 && self.bytes.get(first) == Some(&b'0') {
            return Err((JsonProblem::Number, start));
        }
        let (mut integer, mut exponent) = (true, false);
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits(start)?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            (integer, exponent) = (false, true);
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits(start)?;
        }
        // No number this short can be too big, and nearly all are.
        if !exponent && self.at - start < 16 {
            return Ok(());
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        if integer {
            let size = text.trim_start_matches('-').parse().unwrap_or(u64::MAX);
            if size > INTEGER_MAX {
                return Err((JsonProblem::IntegerTooBig { text: quoted(text) }, start));
            }
        } else if !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err((JsonProblem::NumberTooBig { text: quoted(text) }, start));
        }
        Ok(())
    }

    /// Reads at least one digit and says how many.
    fn digits(&mut self, number: usize) -> Result<usize, Fault> {
        let count = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        match count {
            0 if self.peek().is_none() => Err(self.truncated("a digit")),
            0 => Err((JsonProblem::Number, number)),
            _ => Ok(count),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        if self.rest().starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.expected(VALUE))
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> Fault {
        let found = String::from_utf8_lossy(self.rest().get(..4).unwrap_or(self.rest()));
        match found.chars().next() {
            Some(found) => (JsonProblem::Expected { found, expected }, self.at),
            None => self.truncated(expected),
        }
    }

    fn truncated(&self, expected: &'static str) -> Fault {
        (JsonProblem::Truncated { expected }, self.bytes.len())
    }

    /// The path of the value now being read, such as `$.objects[3].name`.
    fn path(&self) -> String {
        let mut path = String::from("$");
        for frame in &self.frames {
            let step = match frame {
                Frame::Array { index } => Step::Index(*index),
                Frame::Object { now: Some(key), .. } => Step::Key(self.key_text(*key)),
                Frame::Object { now: None, .. } => break,
            };
            path.push_str(&step.to_string());
        }
        path
    }
}

/// A character as a person can see it.
fn shown(c: char) -> String {
    if c.is_control() || is_invisible(c) {
        return format!("U+{:04X}", u32::from(c));
    }
    format!("`{c}`")
}

/// One step of a path into a document.
pub(crate) enum Step {
    /// Into an array.
    Index(usize),
    /// Into an object.
    Key(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(key) => {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
                if plain && !key.is_empty() && key.len() <= 60 {
                    write!(f, ".{key}")
                } else {
                    write!(f, "[{}]", quoted(key).replace('`', "\""))
                }
            }
        }
    }
}

/// Marks, in the lowest set bit, the first byte of eight that ends a plain run of a string: a
/// quote, a backslash or a control character. Marks above the lowest may be wrong.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    (below_space | is_quote | is_backslash) & HIGH
}

/// Length, first and last bytes of a key, mixed: differs for almost all keys that differ.
fn fingerprint(key: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let head = key.first_chunk().map_or_else(|| short(key), |c| u64::from_le_bytes(*c));
    let tail = key.last_chunk().map_or(0, |c| u64::from_le_bytes(*c));
    (head ^ tail.rotate_left(29) ^ key.len() as u64).wrapping_mul(ODD)
}

fn short(key: &[u8]) -> u64 {
    key.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests;
