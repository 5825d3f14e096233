//! The bits of an AIS message, and what a field of it can be.
//!
//! A message stays in its six-bit armour: a field is read straight from the characters that
//! hold it, so that decoding allocates nothing.
//!
//! Receivers pass on messages that end early. A field that begins after the end is absent; a
//! number or character that the end cuts off is read from the bits that are there, as other
//! decoders do. What needs a whole field looks at how long the message is.

use std::fmt;

/// The bits of one message, in the characters that armour them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bits<'a> {
    armour: &'a [u8],
    len: usize,
}

impl<'a> Bits<'a> {
    /// Takes a payload of which the last `fill` bits are no part; `None` if a character of it is
    /// none of the 64 that armour bits (NMEA 0183; `0` to `W` and a grave accent to `w`).
    pub fn new(armour: &'a [u8], fill: u8) -> Option<Self> {
        if !armour.iter().all(|byte| matches!(byte, b'0'..=b'W' | b'`'..=b'w')) {
            return None;
        }
        Some(Self { armour, len: (armour.len() * 6).saturating_sub(usize::from(fill)) })
    }

    /// How many bits there are.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The number in up to 32 bits; in those of them that are there.
    pub fn unsigned(self, at: usize, width: usize) -> u32 {
        let end = (at + width.min(32)).min(self.len);
        let Some(last) = end.checked_sub(1).filter(|last| *last >= at) else { return 0 };
        let characters = self.armour.get(at / 6..=last / 6).unwrap_or_default();
        let joined = characters.iter().fold(0_u64, |bits, byte| (bits << 6) | six(*byte));
        let after = (last / 6 + 1) * 6 - end;
        let mask = (1_u64 << (end - at)) - 1;
        u32::try_from((joined >> after) & mask).unwrap_or_default()
    }

    /// The same as a two's complement.
    pub fn signed(self, at: usize, width: usize) -> i32 {
        let there = width.min(32).min(self.len.saturating_sub(at));
        let unsigned = i64::from(self.unsigned(at, there));
        let negative = there > 0 && (unsigned >> (there - 1)) == 1;
        let value = if negative { unsigned - (1 << there) } else { unsigned };
        i32::try_from(value).unwrap_or_default()
    }

    /// A field, unless the message ended before it.
    pub fn field<F: Field>(self, at: usize) -> Option<F> {
        (at < self.len).then(|| F::read(self, at))
    }
}

impl fmt::Debug for Bits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits", self.len)
    }
}

/// What six bits a character of the armour stands for.
fn six(byte: u8) -> u64 {
    let value = byte.wrapping_sub(b'0');
    u64::from(if value < 40 { value } else { value.wrapping_sub(8) } & 0x3f)
}

/// What a field holds, for whoever prints it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// The message ended before it.
    Absent,
    /// A whole number, or the number of an entry of a table.
    Whole(i64),
    /// A number in its unit.
    Decimal(f64),
    /// Yes or no.
    Flag(bool),
    /// Six-bit text.
    Text(&'a str),
    /// Bits that mean something to others.
    Data(&'a [u8]),
}

/// One kind of field.
pub trait Field {
    /// How many bits it takes.
    const WIDTH: usize;

    /// Reads it; [`Bits::field`] has looked that it begins inside the message.
    fn read(bits: Bits<'_>, at: usize) -> Self;

    /// What it holds.
    fn value(&self) -> Value<'_>;
}

/// A whole number that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsigned<const W: usize>(pub u32);

impl<const W: usize> Field for Unsigned<W> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.unsigned(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Whole(i64::from(self.0))
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<const W: usize>(pub i32);

impl<const W: usize> Field for Signed<W> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.signed(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Whole(i64::from(self.0))
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Field for Flag {
    const WIDTH: usize = 1;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.unsigned(at, 1) == 1)
    }

    fn value(&self) -> Value<'_> {
        Value::Flag(self.0)
    }
}

/// A number sent as a multiple of a part of its unit, from an offset: `sent / PER - LESS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<const W: usize, const PER: u32, const LESS: u32>(pub u32);

/// A number sent in tenths.
pub type Tenths<const W: usize> = Parts<W, 10, 0>;
/// A number sent in hundredths.
pub type Hundredths<const W: usize> = Parts<W, 100, 0>;

impl<const W: usize, const PER: u32, const LESS: u32> Field for Parts<W, PER, LESS> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.unsigned(at, W))
    }

    fn value(&self) -> Value<'_> {
        // Subtracted before it is divided, so that no rounding shows.
        let parts = i64::from(self.0) - i64::from(LESS) * i64::from(PER);
        Value::Decimal(decimal(parts, PER))
    }
}

/// A whole number sent with an offset: `sent + MORE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset<const W: usize, const MORE: u32>(pub u32);

impl<const W: usize, const MORE: u32> Field for Offset<W, MORE> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.unsigned(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Whole(i64::from(self.0) + i64::from(MORE))
    }
}

/// A number that may be negative, sent in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedTenths<const W: usize>(pub i32);

impl<const W: usize> Field for SignedTenths<W> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.signed(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Decimal(decimal(i64::from(self.0), 10))
    }
}

/// A number with a unit, sent in whole ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ones<const W: usize>(pub u32);

impl<const W: usize> Field for Ones<W> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.unsigned(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Decimal(f64::from(self.0))
    }
}

/// A latitude or longitude, of which `PER` parts are a degree; north and east are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Degrees<const W: usize, const PER: u32>(pub i32);

impl<const W: usize, const PER: u32> Degrees<W, PER> {
    /// In degrees, rounded to a millionth: finer than any message says.
    pub fn degrees(self) -> f64 {
        (f64::from(self.0) * 1e6 / f64::from(PER)).round() / 1e6
    }
}

impl<const W: usize, const PER: u32> Field for Degrees<W, PER> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.signed(at, W))
    }

    fn value(&self) -> Value<'_> {
        Value::Decimal(self.degrees())
    }
}

/// A rate of turn as its sensor reports it (ITU-R M.1371-5, annex 8, message 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(pub i32);

impl Field for Turn {
    const WIDTH: usize = 8;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self(bits.signed(at, Self::WIDTH))
    }

    /// In degrees per minute; 127 and -127 say faster than 5° in 30 seconds, -128 nothing.
    fn value(&self) -> Value<'_> {
        if self.0.abs() >= 127 {
            return Value::Decimal(f64::from(self.0));
        }
        let sent = f64::from(self.0);
        let rate = (sent / 4.733).powi(2).round();
        Value::Decimal(if self.0 < 0 { -rate } else { rate })
    }
}

/// The entries of a table of which some numbers are reserved.
pub trait Table {
    /// The entry under which a number stands: itself, or what it is reserved for.
    fn entry(sent: u32) -> u32;
}

/// The number of an entry of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<const W: usize, T> {
    /// As it was sent.
    pub sent: u32,
    table: std::marker::PhantomData<T>,
}

impl<const W: usize, T: Table> Field for Entry<W, T> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        Self { sent: bits.unsigned(at, W), table: std::marker::PhantomData }
    }

    fn value(&self) -> Value<'_> {
        Value::Whole(i64::from(T::entry(self.sent)))
    }
}

/// Six-bit text of up to `CHARS` characters, without what fills it up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const CHARS: usize> {
    characters: [u8; CHARS],
    from: usize,
    to: usize,
}

impl<const CHARS: usize> Text<CHARS> {
    /// The text.
    pub fn as_str(&self) -> &str {
        let text = self.characters.get(self.from..self.to).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl<const CHARS: usize> Field for Text<CHARS> {
    const WIDTH: usize = CHARS * 6;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        let there = bits.len().saturating_sub(at).div_ceil(6).min(CHARS);
        let mut characters = [0; CHARS];
        for (nth, character) in characters.iter_mut().take(there).enumerate() {
            let six = u8::try_from(bits.unsigned(at + nth * 6, 6)).unwrap_or_default();
            // M.1371-5, annex 8: the 6-bit ASCII of its tables.
            *character = if six < 32 { six + 64 } else { six };
        }
        let text = characters.get(..there).unwrap_or_default();
        let used = text.iter().rposition(|c| *c != b'@').map_or(0, |last| last + 1);
        let used = text.get(..used).unwrap_or_default();
        let to = used.trim_ascii_end().len();
        let from = to - used.trim_ascii().len();
        Self { characters, from, to }
    }

    fn value(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }
}

impl<const CHARS: usize> fmt::Debug for Text<CHARS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Up to `WIDTH` bits that mean something to others, in octets, the last one filled with zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Data<const W: usize, const OCTETS: usize> {
    octets: [u8; OCTETS],
    used: usize,
}

impl<const W: usize, const OCTETS: usize> Data<W, OCTETS> {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.used).unwrap_or_default()
    }

    /// Reads the bits from one place to before another; `None` if that is none.
    pub(super) fn between(bits: Bits<'_>, from: usize, to: usize) -> Option<Self> {
        let len = to.min(bits.len()).checked_sub(from)?.min(W).min(OCTETS * 8);
        let mut octets = [0; OCTETS];
        for (nth, octet) in octets.iter_mut().take(len.div_ceil(8)).enumerate() {
            let there = (len - nth * 8).min(8);
            let value = bits.unsigned(from + nth * 8, there) << (8 - there);
            *octet = u8::try_from(value).unwrap_or_default();
        }
        (len > 0).then_some(Self { octets, used: len.div_ceil(8) })
    }
}

impl<const W: usize, const OCTETS: usize> Field for Data<W, OCTETS> {
    const WIDTH: usize = W;

    fn read(bits: Bits<'_>, at: usize) -> Self {
        let none = Self { octets: [0; OCTETS], used: 0 };
        Self::between(bits, at, bits.len()).unwrap_or(none)
    }

    fn value(&self) -> Value<'_> {
        Value::Data(self.octets())
    }
}

impl<const W: usize, const OCTETS: usize> fmt::Debug for Data<W, OCTETS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.used)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a field has at most 32 bits, and f64 holds 53")]
fn decimal(parts: i64, per: u32) -> f64 {
    parts as f64 / f64::from(per)
}

#[test]
fn bits_are_read_across_characters_and_up_to_the_end() {
    let bits = Bits::new(b"13@nor@PA=0r?DPOoq34>kS428CS", 0).unwrap();
    assert_eq!((bits.len(), bits.unsigned(0, 6), bits.unsigned(8, 30)), (168, 1, 219_002_857));
    assert_eq!((bits.signed(42, 8), bits.unsigned(50, 10)), (-127, 77));
    assert_eq!(bits.signed(61, 28), 7_633_552);
    let short = Bits::new(b"w0", 2).unwrap();
    assert_eq!((short.unsigned(3, 32), short.unsigned(10, 4), short.signed(0, 3)), (112, 0, -1));
    assert_eq!(short.field::<Flag>(10), None);
    for character in [b'/', b'X', b'_', b'x', b' '] {
        assert_eq!(Bits::new(&[character], 0), None, "{}", char::from(character));
    }
}
