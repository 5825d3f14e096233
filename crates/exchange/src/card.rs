//! Introduction cards: what two nations hand each other before any wire exists.
//!
//! `protocol.md` 1.4. A card carries the nation's id and where to reach it, as text to copy or
//! scan; people compare the id as sixteen words or 54 digits, which say 176 of its 256 bits.
//! Reading forgives case, spacing and look-alike characters, and says which word is wrong.
//!
//! A card proves nothing: what it names is believed because of who handed it over.

use std::fmt;
use std::str::FromStr;

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::id::NationId;
use entente_model::nation::NationCode;
use entente_seal::digest::sha256;
use thiserror::Error;

/// The BIP-39 English list: 2,048 words that no two share the first four letters of.
const WORDS: &str = include_str!("card/words.txt");
/// How many words say an id.
pub const WORD_COUNT: usize = 16;
/// How many digits say an id.
pub const DIGIT_COUNT: usize = 54;
const WORD_BITS: usize = 11;
/// How many bytes of an id words and digits say.
const SPOKEN_BYTES: usize = 22;

const PREFIX: &str = "ent1:";
/// Crockford's base 32: no I, L, O or U, so that nothing can be misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECK_BYTES: usize = 4;
const TEXT_CHARS_MAX: usize = 4096;

/// What one nation hands to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The nation's id.
    pub nation: NationId,
    /// Where its node answers; none if it cannot be dialled.
    pub endpoint: Option<String>,
    /// The country code that it claims.
    pub code: NationCode,
    /// The name that it claims.
    pub name: String,
}

impl Wire for Card {
    const NAME: &'static str = "introduction card";
    const BYTES_MAX: usize = 1024;

    fn write(&self, w: &mut Writer) {
        w.array(4)
            .value(&self.nation)
            .optional(self.endpoint.as_ref(), |w, e| {
                w.text(e);
            })
            .value(&self.code)
            .text(&self.name);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            Ok(Self {
                nation: r.value()?,
                endpoint: r.optional(|r| r.text().map(str::to_owned))?,
                code: r.value()?,
                name: r.text()?.to_owned(),
            })
        })
    }
}

/// Text that is not a card.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CardError {
    /// It starts with something else.
    #[error("this is not an introduction card: expected it to start with `ent1:`")]
    Prefix,
    /// It is far too long.
    #[error("the card's text is too long: expected at most {TEXT_CHARS_MAX} characters")]
    TooLong,
    /// A character that cards do not use.
    #[error("`{0}` does not occur in an introduction card")]
    Character(char),
    /// It was not copied completely or exactly.
    #[error("the card was not copied exactly: its check digits do not match")]
    Check,
    /// Its content is malformed.
    #[error("the card's content cannot be read")]
    Content(#[from] WireError),
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.to_bytes();
        let check = sha256(&bytes);
        bytes.extend(check.iter().take(CHECK_BYTES));
        f.write_str(PREFIX)?;
        for (i, value) in bits(&bytes, 5).into_iter().enumerate() {
            if i > 0 && i % 5 == 0 {
                f.write_str("-")?;
            }
            let c = ALPHABET.get(usize::from(value)).copied().unwrap_or(b'?');
            write!(f, "{}", char::from(c))?;
        }
        Ok(())
    }
}

impl FromStr for Card {
    type Err = CardError;

    fn from_str(text: &str) -> Result<Self, CardError> {
        if text.len() > TEXT_CHARS_MAX {
            return Err(CardError::TooLong);
        }
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.strip_prefix(PREFIX).ok_or(CardError::Prefix)?;
        let mut values = Vec::new();
        for c in digits.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            values.push(base32_value(c).ok_or(CardError::Character(c))?);
        }
        let bytes = joined(&values, 5).ok_or(CardError::Check)?;
        let split = bytes.len().checked_sub(CHECK_BYTES).ok_or(CardError::Check)?;
        let (content, check) = bytes.split_at_checked(split).ok_or(CardError::Check)?;
        if !sha256(content).starts_with(check) {
            return Err(CardError::Check);
        }
        Ok(Self::from_bytes(content)?)
    }
}

fn base32_value(c: char) -> Option<u16> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|a| char::from(*a) == c)?;
    u16::try_from(at).ok()
}

/// The bits of `bytes` in groups of `width`, most significant first, the last filled with zeros.
fn bits(bytes: &[u8], width: usize) -> Vec<u16> {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |b| u16::from(b >> (7 - i % 8) & 1));
    (0..(bytes.len() * 8).div_ceil(width))
        .map(|group| (0..width).fold(0, |value, i| value << 1 | bit(group * width + i)))
        .collect()
}

/// The bytes whose groups of bits these are; none if the filling is not zero.
fn joined(groups: &[u16], width: usize) -> Option<Vec<u8>> {
    let bit = |i: usize| groups.get(i / width).map_or(0, |g| (g >> (width - 1 - i % width)) & 1);
    let whole = groups.len() * width / 8;
    let filling = whole * 8..groups.len() * width;
    if filling.len() >= width || filling.into_iter().any(|i| bit(i) != 0) {
        return None;
    }
    (0..whole)
        .map(|byte| u8::try_from((0..8).fold(0, |value, i| value << 1 | bit(byte * 8 + i))).ok())
        .collect()
}

/// As much of a nation's id as people say to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpokenId([u8; SPOKEN_BYTES]);

/// Words or digits that do not say an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpokenError {
    /// Too few or too many words.
    #[error("expected {WORD_COUNT} words, found {0}")]
    WordCount(usize),
    /// A word that is not in the list.
    #[error("word {position}, `{word}`, is not in the list{}", hint.map(|h| format!("; perhaps `{h}`")).unwrap_or_default())]
    UnknownWord {
        /// Which word, from 1.
        position: usize,
        /// What was written.
        word: String,
        /// A word of the list that starts alike.
        hint: Option<&'static str>,
    },
    /// Too few or too many digits.
    #[error("expected {DIGIT_COUNT} digits, found {0}")]
    DigitCount(usize),
    /// Something that is no digit.
    #[error("`{0}` is not a digit")]
    NotADigit(char),
    /// Digits beyond what an id can be.
    #[error("these digits are not a nation's id: the number is too large")]
    TooLarge,
}

impl SpokenId {
    /// What people say of this id.
    pub fn of(nation: &NationId) -> Self {
        let mut spoken = [0; SPOKEN_BYTES];
        for (to, from) in spoken.iter_mut().zip(nation.as_bytes()) {
            *to = *from;
        }
        Self(spoken)
    }

    /// Whether this is what people say of `nation`.
    pub fn matches(&self, nation: &NationId) -> bool {
        *self == Self::of(nation)
    }

    /// The positions, from 1, of the words in which `nation` differs.
    pub fn differing_words(&self, nation: &NationId) -> Vec<usize> {
        let theirs = Self::of(nation).words();
        let pairs = self.words().into_iter().zip(theirs).enumerate();
        pairs.filter(|(_, (a, b))| a != b).map(|(i, _)| i + 1).collect()
    }

    /// Sixteen words.
    pub fn words(&self) -> Vec<&'static str> {
        let list: Vec<&'static str> = WORDS.lines().collect();
        bits(&self.0, WORD_BITS)
            .into_iter()
            .filter_map(|i| list.get(usize::from(i)).copied())
            .collect()
    }

    /// 54 digits, in groups of six.
    pub fn digits(&self) -> String {
        let mut number = self.0;
        let mut digits: Vec<String> = (0..DIGIT_COUNT)
            .map(|_| {
                let digit = number.iter_mut().fold(0_u16, |rest, byte| {
                    let value = rest << 8 | u16::from(*byte);
                    *byte = u8::try_from(value / 10).unwrap_or(u8::MAX);
                    value % 10
                });
                digit.to_string()
            })
            .collect();
        digits.reverse();
        digits.chunks(6).map(<[String]>::concat).collect::<Vec<_>>().join(" ")
    }

    /// Reads sixteen words; the first four letters of each are enough.
    pub fn from_words(text: &str) -> Result<Self, SpokenError> {
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
        if words.len() != WORD_COUNT {
            return Err(SpokenError::WordCount(words.len()));
        }
        let mut groups = Vec::with_capacity(WORD_COUNT);
        for (i, word) in words.into_iter().enumerate() {
            let index = word_index(&word.to_lowercase());
            groups.push(index.map_err(|hint| SpokenError::UnknownWord {
                position: i + 1,
                word: word.to_owned(),
                hint,
            })?);
        }
        let bytes = joined(&groups, WORD_BITS).unwrap_or_default();
        bytes.try_into().map(Self).map_err(|_| SpokenError::TooLarge)
    }

    /// Reads 54 digits.
    pub fn from_digits(text: &str) -> Result<Self, SpokenError> {
        let mut number = [0_u8; SPOKEN_BYTES];
        let mut count = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let digit = c.to_digit(10).ok_or(SpokenError::NotADigit(c))?;
            count += 1;
            let carry = number.iter_mut().rev().fold(digit, |carry, byte| {
                let value = u32::from(*byte) * 10 + carry;
                let [.., low] = value.to_be_bytes();
                *byte = low;
                value >> 8
            });
            if carry != 0 {
                return Err(SpokenError::TooLarge);
            }
        }
        if count == DIGIT_COUNT { Ok(Self(number)) } else { Err(SpokenError::DigitCount(count)) }
    }
}

/// A word's place in the list, or a word that starts alike.
fn word_index(word: &str) -> Result<u16, Option<&'static str>> {
    let found = WORDS.lines().position(|w| w == word).or_else(|| {
        // Four letters tell all words apart, so more than four must continue one word.
        let abbreviated = word.chars().count() == 4;
        WORDS.lines().position(|w| abbreviated && w.starts_with(word))
    });
    found.and_then(|i| u16::try_from(i).ok()).ok_or_else(|| {
        (1..=word.chars().count()).rev().find_map(|len| {
            let start: String = word.chars().take(len).collect();
            WORDS.lines().find(|w| w.starts_with(&start))
        })
    })
}

#[cfg(test)]
mod tests;
