//! Deterministic CBOR: one byte string for each value, and no other accepted.
//!
//! The subset of RFC 8949 core deterministic encoding that `ent/v1` uses: unsigned and negative
//! integers, byte strings, UTF-8 text, arrays, maps with integer keys, booleans and null. The
//! reader refuses everything else: longer-than-needed heads, indefinite lengths, floats, tags,
//! `undefined`, duplicate or unsorted keys, invalid UTF-8, nesting deeper than [`DEPTH_MAX`],
//! trailing bytes, and anything above the type's size limit. It never allocates more than the
//! input could fill.

use thiserror::Error;

/// Containers may nest this deep, the outermost included.
pub const DEPTH_MAX: usize = 12;
/// Room that an encoding begins with.
const USUAL_BYTES: usize = 256;

/// A type with exactly one encoding.
pub trait Wire: Sized {
    /// What to call the type in an error message.
    const NAME: &'static str;
    /// The longest encoding that is accepted, in bytes.
    const BYTES_MAX: usize;

    /// Appends the encoding of `self`.
    fn write(&self, w: &mut Writer);

    /// Reads one value, leaving the reader behind it.
    fn read(r: &mut Reader<'_>) -> Result<Self, WireError>;

    /// Encodes the value.
    fn to_bytes(&self) -> Vec<u8> {
        // Growing to the usual length step by step costs more than writing it.
        let mut w = Writer { out: Vec::with_capacity(USUAL_BYTES) };
        self.write(&mut w);
        w.into_bytes()
    }

    /// Decodes a value that fills `bytes` exactly.
    fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(
                WireError::new(0, WireFault::TooLong { max: Self::BYTES_MAX }).within(Self::NAME)
            );
        }
        let mut r = Reader::new(bytes);
        let value = Self::read(&mut r).map_err(|e| e.within(Self::NAME))?;
        r.end().map_err(|e| e.within(Self::NAME))?;
        Ok(value)
    }
}

/// Why bytes were refused, where, and inside what.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{inside} is malformed at byte {at}: {fault}")]
pub struct WireError {
    /// Byte offset of the offending element.
    pub at: usize,
    /// What is wrong with it.
    pub fault: WireFault,
    /// The type that was being read.
    pub inside: &'static str,
}

impl WireError {
    /// A fault at an offset.
    pub const fn new(at: usize, fault: WireFault) -> Self {
        Self { at, fault, inside: "value" }
    }

    /// Names the type that was being read, unless an inner one is named already.
    #[must_use]
    pub fn within(mut self, name: &'static str) -> Self {
        if self.inside == "value" {
            self.inside = name;
        }
        self
    }
}

/// The ways in which an encoding can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireFault {
    /// The input stops inside a value.
    #[error("the input ends early")]
    Truncated,
    /// Bytes are left over.
    #[error("bytes follow the value")]
    Trailing,
    /// The input is longer than the type allows.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// A number or length is not in its shortest form.
    #[error("a number or length is not in its shortest form")]
    NotShortest,
    /// An element that this format never uses.
    #[error("an element that is never used here (float, tag, indefinite length or undefined)")]
    Unsupported,
    /// Another element was expected.
    #[error("expected {expected}")]
    Expected {
        /// What would be right.
        expected: &'static str,
    },
    /// Text is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// Map keys repeat or are out of order.
    #[error("map keys repeat or are out of order")]
    KeyOrder,
    /// Nested too deeply.
    #[error("nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// A key that this reader does not know and must not skip.
    #[error("unknown key {key}, which may not be ignored")]
    UnknownKey {
        /// The key.
        key: i64,
    },
    /// A required key is absent.
    #[error("key {key} is missing")]
    MissingKey {
        /// The key.
        key: i64,
    },
    /// A value outside its range.
    #[error("{what} is out of range")]
    Range {
        /// Which value.
        what: &'static str,
    },
    /// A value that breaks a rule of its type.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Writes deterministic CBOR.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub const fn new() -> Self {
        Self { out: Vec::new() }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        let be = value.to_be_bytes();
        match value {
            0..=23 => self.out.push(major | be[7]),
            24..=0xff => self.out.extend_from_slice(&[major | 0x18, be[7]]),
            0x100..=0xffff => {
                self.out.push(major | 0x19);
                self.out.extend_from_slice(&[be[6], be[7]]);
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 0x1a);
                self.out.extend_from_slice(&[be[4], be[5], be[6], be[7]]);
            }
            _ => {
                self.out.push(major | 0x1b);
                self.out.extend_from_slice(&be);
            }
        }
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value);
        self
    }

    /// A map key, which may be negative (negative keys are critical).
    pub fn key(&mut self, key: i64) -> &mut Self {
        match u64::try_from(key) {
            Ok(positive) => self.head(0, positive),
            Err(_) => self.head(1, key.unsigned_abs() - 1),
        }
        self
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64);
        self.out.extend_from_slice(value);
        self
    }

    /// Text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
        self
    }

    /// The head of an array of `len` elements, which must follow.
    pub fn array(&mut self, len: usize) -> &mut Self {
        self.head(4, len as u64);
        self
    }

    /// The head of a map of `len` entries, which must follow in ascending order of their keys'
    /// encodings: 0, 1, 2, … then -1, -2, ….
    pub fn map(&mut self, len: usize) -> &mut Self {
        self.head(5, len as u64);
        self
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.out.push(if value { 0xf5 } else { 0xf4 });
        self
    }

    /// Null.
    pub fn null(&mut self) -> &mut Self {
        self.out.push(0xf6);
        self
    }

    /// An already encoded value.
    pub fn raw(&mut self, encoded: &[u8]) -> &mut Self {
        self.out.extend_from_slice(encoded);
        self
    }

    /// Null, or the value written by `write`.
    pub fn optional<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &T),
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => {
                self.null();
            }
        }
        self
    }

    /// An array of values.
    pub fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.array(values.len());
        for value in values {
            write(self, value);
        }
        self
    }

    /// An array of texts.
    pub fn texts<S: AsRef<str>>(&mut self, values: &[S]) -> &mut Self {
        self.list(values, |w, v| {
            w.text(v.as_ref());
        })
    }

    /// A nested value.
    pub fn value<T: Wire>(&mut self, value: &T) -> &mut Self {
        value.write(self);
        self
    }
}

/// Reads deterministic CBOR and nothing else.
#[derive(Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, depth: 0 }
    }

    /// Where the reader stands.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// A fault at the present position.
    pub const fn fault(&self, fault: WireFault) -> WireError {
        WireError::new(self.at, fault)
    }

    /// Succeeds at the end of the input.
    pub fn end(&self) -> Result<(), WireError> {
        if self.at == self.input.len() { Ok(()) } else { Err(self.fault(WireFault::Trailing)) }
    }

    /// Whether all input was read.
    pub const fn is_at_end(&self) -> bool {
        self.at == self.input.len()
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.checked_add(len).ok_or_else(|| self.fault(WireFault::Truncated))?;
        let part = self.input.get(self.at..end).ok_or_else(|| self.fault(WireFault::Truncated))?;
        self.at = end;
        Ok(part)
    }

    fn peek(&self) -> Result<u8, WireError> {
        self.input.get(self.at).copied().ok_or_else(|| self.fault(WireFault::Truncated))
    }

    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, WireError> {
        let start = self.at;
        let first = self.peek()?;
        let info = first & 0x1f;
        if first >> 5 != major {
            let fault =
                if first >> 5 == 6 || info == 31 || (first >> 5 == 7 && !matches!(info, 20..=22)) {
                    WireFault::Unsupported
                } else {
                    WireFault::Expected { expected }
                };
            return Err(WireError::new(start, fault));
        }
        self.at += 1;
        let (width, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(WireError::new(start, WireFault::Unsupported)),
        };
        let value = self.take(width)?.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
        if value < least {
            return Err(WireError::new(start, WireFault::NotShortest));
        }
        Ok(value)
    }

    fn length(&mut self, major: u8, expected: &'static str) -> Result<usize, WireError> {
        let start = self.at;
        let len = self.head(major, expected)?;
        // Every element takes at least one byte, so a longer count cannot be honest.
        if len > (self.input.len() - self.at) as u64 {
            return Err(WireError::new(start, WireFault::Truncated));
        }
        usize::try_from(len).map_err(|_| WireError::new(start, WireFault::Truncated))
    }

    /// An unsigned integer.
    pub fn uint(&mut self) -> Result<u64, WireError> {
        self.head(0, "an unsigned integer")
    }

    /// An unsigned integer of at most `max`.
    pub fn uint_to(&mut self, max: u64, what: &'static str) -> Result<u64, WireError> {
        let at = self.at;
        let value = self.uint()?;
        if value > max {
            return Err(WireError::new(at, WireFault::Range { what }));
        }
        Ok(value)
    }

    /// An unsigned integer that fits in a byte and is at most `max`.
    pub fn small(&mut self, max: u8, what: &'static str) -> Result<u8, WireError> {
        let at = self.at;
        let value = self.uint()?;
        u8::try_from(value)
            .ok()
            .filter(|v| *v <= max)
            .ok_or(WireError::new(at, WireFault::Range { what }))
    }

    /// A map key.
    fn key(&mut self) -> Result<i64, WireError> {
        let at = self.at;
        let range = WireError::new(at, WireFault::Range { what: "a map key" });
        if self.peek()? >> 5 == 1 {
            let n = self.head(1, "a map key")?;
            return i64::try_from(n).map(|n| -1 - n).map_err(|_| range);
        }
        i64::try_from(self.head(0, "a map key")?).map_err(|_| range)
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.length(2, "a byte string")?;
        self.take(len)
    }

    /// A byte string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let at = self.at;
        self.bytes()?.try_into().map_err(|_| {
            WireError::new(at, WireFault::Expected { expected: "a byte string of fixed length" })
        })
    }

    /// Text.
    pub fn text(&mut self) -> Result<&'a str, WireError> {
        let at = self.at;
        let len = self.length(3, "text")?;
        std::str::from_utf8(self.take(len)?).map_err(|_| WireError::new(at, WireFault::NotUtf8))
    }

    /// A boolean.
    pub fn bool(&mut self) -> Result<bool, WireError> {
        match self.peek()? {
            0xf4 => {
                self.at += 1;
                Ok(false)
            }
            0xf5 => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.fault(WireFault::Expected { expected: "true or false" })),
        }
    }

    /// Null gives `None`; anything else is read by `read`.
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, WireError>,
    ) -> Result<Option<T>, WireError> {
        if self.peek()? == 0xf6 {
            self.at += 1;
            return Ok(None);
        }
        read(self).map(Some)
    }

    fn enter(&mut self) -> Result<(), WireError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.fault(WireFault::TooDeep)) } else { Ok(()) }
    }

    /// An array of exactly `len` elements, read by `read`.
    pub fn record<T>(
        &mut self,
        len: usize,
        read: impl FnOnce(&mut Self) -> Result<T, WireError>,
    ) -> Result<T, WireError> {
        let at = self.at;
        if self.length(4, "an array")? != len {
            return Err(WireError::new(
                at,
                WireFault::Expected { expected: "an array of fixed length" },
            ));
        }
        self.enter()?;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// An array of any length.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let len = self.length(4, "an array")?;
        self.enter()?;
        let mut values = Vec::new();
        for _ in 0..len {
            values.push(read(self)?);
        }
        self.depth -= 1;
        Ok(values)
    }

    /// An array of at least one element.
    pub fn list_nonempty<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let at = self.at;
        let values = self.list(read)?;
        if values.is_empty() {
            return Err(WireError::new(at, WireFault::Invalid { what: "the list is empty" }));
        }
        Ok(values)
    }

    /// An array of texts.
    pub fn texts(&mut self) -> Result<Vec<String>, WireError> {
        self.list(|r| r.text().map(str::to_owned))
    }

    /// A map with integer keys in canonical order. `read` is called for each key and says
    /// whether it knew it; an unknown key must be skipped by the callee or refused.
    pub fn map(
        &mut self,
        mut read: impl FnMut(&mut Self, i64) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        let len = self.length(5, "a map")?;
        self.enter()?;
        let mut last: Option<i64> = None;
        for _ in 0..len {
            let at = self.at;
            let key = self.key()?;
            if last.is_some_and(|last| key_rank(last) >= key_rank(key)) {
                return Err(WireError::new(at, WireFault::KeyOrder));
            }
            last = Some(key);
            read(self, key)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Refuses a key that the type does not know.
    pub fn unknown_key<T>(&self, key: i64) -> Result<T, WireError> {
        Err(self.fault(WireFault::UnknownKey { key }))
    }

    /// Steps over one value of any kind and returns its encoding.
    pub fn any(&mut self) -> Result<&'a [u8], WireError> {
        let start = self.at;
        match self.peek()? >> 5 {
            0 => {
                self.uint()?;
            }
            1 => {
                self.head(1, "a negative integer")?;
            }
            2 => {
                self.bytes()?;
            }
            3 => {
                self.text()?;
            }
            4 => {
                self.list(|r| r.any().map(|_| ()))?;
            }
            5 => self.map(|r, _| r.any().map(|_| ()))?,
            7 if self.peek()? == 0xf6 => self.at += 1,
            7 => {
                self.bool().map_err(|_| WireError::new(start, WireFault::Unsupported))?;
            }
            _ => return Err(self.fault(WireFault::Unsupported)),
        }
        self.input.get(start..self.at).ok_or_else(|| self.fault(WireFault::Truncated))
    }

    /// A nested value.
    pub fn value<T: Wire>(&mut self) -> Result<T, WireError> {
        T::read(self).map_err(|e| e.within(T::NAME))
    }
}

/// Canonical order sorts keys by their encodings: non-negative first, then -1, -2, ….
const fn key_rank(key: i64) -> (bool, u64) {
    if key < 0 { (true, key.unsigned_abs()) } else { (false, key.unsigned_abs()) }
}

/// Map entries with keys that this version does not know, kept as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra(Vec<(i64, Vec<u8>)>);

impl Extra {
    /// Keeps a non-negative unknown key; refuses a negative one, which is critical.
    pub fn keep(&mut self, r: &mut Reader<'_>, key: i64) -> Result<(), WireError> {
        if key < 0 {
            return r.unknown_key(key);
        }
        self.0.push((key, r.any()?.to_vec()));
        Ok(())
    }

    /// How many entries were kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the kept entries. Known keys are all smaller, so they may follow them.
    pub fn write(&self, w: &mut Writer) {
        for (key, value) in &self.0 {
            w.key(*key).raw(value);
        }
    }
}

#[cfg(test)]
mod tests;
