//! The canonical form of a JSON value: the JSON Canonicalization Scheme, RFC 8785.
//!
//! Two parties that hold the same value write the same bytes: no white space, keys in the order
//! of their UTF-16 code units, numbers as ECMAScript writes doubles, and no escape in a string
//! that is not needed. Identifiers are made of these bytes; nothing here hashes or signs.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Objects and arrays within each other.
const DEPTH_MAX: usize = 128;

/// No double has more significant digits than this, written out exactly.
const EXACT_DIGITS: usize = 767;

/// Why a value has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JcsError {
    /// Nested too deeply.
    #[error("objects and lists are nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// A number that no double holds.
    #[error("a number is too large for a double; write it as a string")]
    NumberTooBig,
}

/// Writes a value in its canonical form.
pub fn canonical(value: &Value) -> Result<String, JcsError> {
    let mut out = String::new();
    write(value, DEPTH_MAX, &mut out)?;
    Ok(out)
}

fn write(value: &Value, depth: usize, out: &mut String) -> Result<(), JcsError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&canonical_number(number)?),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            let depth = depth.checked_sub(1).ok_or(JcsError::TooDeep)?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, depth, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => object(members, depth, out)?,
    }
    Ok(())
}

fn object(members: &Map<String, Value>, depth: usize, out: &mut String) -> Result<(), JcsError> {
    let depth = depth.checked_sub(1).ok_or(JcsError::TooDeep)?;
    let mut members: Vec<_> = members.iter().collect();
    // UTF-16 and UTF-8 order differ above U+FFFF (RFC 8785 section 3.2.3).
    members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (key, item)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        string(key, out);
        out.push(':');
        write(item, depth, out)?;
    }
    out.push('}');
    Ok(())
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn canonical_number(number: &Number) -> Result<String, JcsError> {
    number.as_f64().and_then(double).ok_or(JcsError::NumberTooBig)
}

/// A double as ECMAScript's `Number::toString` writes it (RFC 8785 section 3.2.2.3); `None` for
/// what JSON cannot hold.
fn double(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    if value == 0.0 {
        return Some("0".to_owned());
    }
    let shortest = shortest(value.abs());
    let (mantissa, exponent) = shortest.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = i32::try_from(digits.len()).ok()?;
    // The value is 0.DIGITS × 10^point.
    let point = exponent + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let laid_out = if (count..=21).contains(&point) {
        digits + &zeros(point - count)
    } else if (1..=21).contains(&point) {
        let (whole, rest) = digits.split_at_checked(usize::try_from(point).ok()?)?;
        format!("{whole}.{rest}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{}", exponent.abs())
    };
    Some(if value < 0.0 { format!("-{laid_out}") } else { laid_out })
}

/// The shortest digits that read back as this double, the closest of those, in exponent form.
///
/// Rust's own are just that, but where two are equally close ECMAScript takes the even one.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let lower = shortest.split_once('e').and_then(|(mantissa, exponent)| {
        let (rest, last) = mantissa.split_at_checked(mantissa.len() - 1)?;
        let last: u8 = last.parse().ok().filter(|last| last % 2 == 1)?;
        let lower = format!("{rest}{}", last - 1);
        let point = if lower.contains('.') { "" } else { "." };
        let digits = lower.bytes().filter(u8::is_ascii_digit).count();
        // Halfway: the exact value is the lower one with a 5 after it and nothing else. The second
        // look, at more digits than a double can have, is seldom taken.
        let halfway = [digits, EXACT_DIGITS].into_iter().all(|precision| {
            format!("{value:.precision$e}")
                .split_once('e')
                .and_then(|(exact, _)| exact.strip_prefix(&format!("{lower}{point}5")))
                .is_some_and(|after| after.bytes().all(|b| b == b'0'))
        });
        let lower = format!("{lower}e{exponent}");
        (halfway && lower.parse() == Ok(value)).then_some(lower)
    });
    lower.unwrap_or(shortest)
}

#[cfg(test)]
mod tests;
