//! Values of properties, and how they compare with constants (STIX 2.1 section 9.6).
//!
//! Types that do not compare are unequal, and neither before nor behind each other. A constant
//! that is a timestamp says that the property is one too: a string there that is none is an
//! error, because the mistake would hide what was looked for.

use std::cmp::Ordering;

use serde_json::Value;

use super::ast::Constant;
use super::time::nanoseconds;
use crate::text::quoted;

/// The value of a property, decoded by the property's name.
#[derive(Debug, Clone)]
pub(super) enum Found<'a> {
    /// As it stands in the object.
    Plain(&'a Value),
    /// Bytes of a property whose name ends in `_bin` or `_hex`.
    Bytes(Vec<u8>),
    /// References of a property whose name ends in `_refs`.
    References(&'a [Value]),
}

impl Found<'_> {
    /// Bytes of text or of bytes, which take time to look at.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Plain(value) => value.as_str().map_or(0, str::len),
            Self::Bytes(bytes) => bytes.len(),
            Self::References(_) => 0,
        }
    }
}

/// Whether a value equals a constant.
pub(super) fn equal(found: &Found<'_>, constant: &Constant) -> Result<bool, String> {
    Ok(match (found, constant) {
        (Found::Plain(Value::Bool(found)), Constant::Bool(constant)) => found == constant,
        _ => order(found, constant)? == Some(Ordering::Equal),
    })
}

/// How a value lies to a constant, if the two have an order.
pub(super) fn order(found: &Found<'_>, constant: &Constant) -> Result<Option<Ordering>, String> {
    Ok(match (found, constant) {
        (Found::Plain(Value::Number(found)), Constant::Integer(_) | Constant::Float(_)) => {
            Number::of(found).zip(Number::of_constant(constant)).and_then(|(a, b)| a.order(b))
        }
        (Found::Plain(Value::String(found)), Constant::Text(constant)) => {
            Some(found.as_str().cmp(constant.as_str()))
        }
        (Found::Plain(Value::String(found)), Constant::Bytes(constant)) => {
            latin1(found).map(|found| found.as_slice().cmp(constant))
        }
        (Found::Plain(Value::String(found)), Constant::Time(constant)) => {
            let found = nanoseconds(found).ok_or_else(|| {
                format!("{} is compared with a timestamp and is none", quoted(found))
            })?;
            constant.nanoseconds().map(|constant| found.cmp(&constant))
        }
        (Found::Bytes(found), Constant::Bytes(constant)) => Some(found.cmp(constant)),
        (Found::Bytes(found), Constant::Text(constant)) => {
            latin1(constant).map(|constant| found.cmp(&constant))
        }
        _ => None,
    })
}

/// A string as bytes, one for each character; `None` if a character is beyond U+00FF.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// A number without loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    fn of(number: &serde_json::Number) -> Option<Self> {
        let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        integer.map(Self::Integer).or_else(|| number.as_f64().map(Self::of_float))
    }

    fn of_constant(constant: &Constant) -> Option<Self> {
        match constant {
            Constant::Integer(integer) => Some(Self::Integer(*integer)),
            Constant::Float(float) => Some(Self::of_float(*float)),
            Constant::Text(_) | Constant::Bool(_) | Constant::Bytes(_) | Constant::Time(_) => None,
        }
    }

    /// A float that is whole becomes an integer, so that equal numbers are the same.
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and less than 2^100")]
    pub(super) fn of_float(float: f64) -> Self {
        let whole = float.fract() == 0.0 && float.abs() < 1e30;
        if whole { Self::Integer(float as i128) } else { Self::Float(float) }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => order_mixed(a, b),
            (Self::Float(a), Self::Integer(b)) => order_mixed(b, a).map(Ordering::reverse),
        }
    }
}

/// An integer against a float that is no integer, or beyond most of them.
#[expect(clippy::cast_possible_truncation, reason = "the floor of such a float is less than 2^100")]
#[expect(clippy::cast_precision_loss, reason = "beyond 1e30 the nearest float is near enough")]
fn order_mixed(integer: i128, float: f64) -> Option<Ordering> {
    if float.abs() < 1e30 {
        // The float has a fraction, so the integer is never equal to it.
        let below = float.floor() as i128;
        return Some(if integer <= below { Ordering::Less } else { Ordering::Greater });
    }
    (integer as f64).partial_cmp(&float)
}

#[test]
fn numbers_compare_without_loss() {
    use Ordering::{Equal, Greater, Less};
    let big = 9_007_199_254_740_993;
    for (integer, float, expected) in [
        (5, 5.0, Equal),
        (5, 4.9, Greater),
        (-5, -4.9, Less),
        (big, 9_007_199_254_740_992.0, Greater),
        (i128::MAX, 1e300, Less),
        (0, -0.0, Equal),
    ] {
        let (one, other) = (Number::Integer(integer), Number::of_float(float));
        assert_eq!(one.order(other), Some(expected), "{integer} {float}");
        assert_eq!(other.order(one), Some(expected.reverse()), "{integer} {float}");
    }
}
