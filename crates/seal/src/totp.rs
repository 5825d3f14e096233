//! Codes of authenticator apps: six digits that follow from a shared secret and the time (RFC 6238).
//!
//! With SHA-1, six digits and steps of 30 seconds, which is what every such app knows. Pure: the time
//! is an argument, and that a code is good once is for whoever keeps the last step.

use aws_lc_rs::hmac;

/// Bytes of a secret.
pub const SECRET_LEN: usize = 20;
/// Seconds for which a code is shown.
pub const STEP_SECONDS: u64 = 30;
/// An app's clock may be wrong by so many steps in either direction.
const STEPS_ASIDE: u64 = 1;
const DIGITS: u32 = 1_000_000;

/// The code of a step.
fn code(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
    let word = tag.get(at..at + 4).and_then(|word| word.try_into().ok()).unwrap_or([0; 4]);
    (u32::from_be_bytes(word) & 0x7fff_ffff) % DIGITS
}

/// The step whose code this is at this moment, if there is one after the last that was used.
pub fn step_of(secret: &[u8], written: &str, now_seconds: u64, last: u64) -> Option<u64> {
    let digits = written.len() == 6 && written.bytes().all(|b| b.is_ascii_digit());
    let written: u32 = written.parse().ok().filter(|_| digits)?;
    let here = now_seconds / STEP_SECONDS;
    // Every step is tried, so that time does not tell which one fits.
    let steps = here.saturating_sub(STEPS_ASIDE)..=here + STEPS_ASIDE;
    steps.fold(None, |found, step| {
        let fits = code(secret, step) == written;
        if fits && step > last { Some(step) } else { found }
    })
}

/// A secret as apps take it (RFC 4648 6, without padding).
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for part in bytes.chunks(5) {
        let number = part.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        let number = number << (8 * (5 - part.len()));
        let count = (part.len() * 8).div_ceil(5);
        for place in (0..8).rev().take(count) {
            let index = usize::try_from(number >> (5 * place) & 31).unwrap_or(0);
            text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret and moments of RFC 6238, appendix B; of its eight digits the last six.
    const SECRET: &[u8] = b"12345678901234567890";
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, expected) in VECTORS {
            assert_eq!(format!("{:06}", code(SECRET, seconds / STEP_SECONDS)), expected);
            assert_eq!(step_of(SECRET, expected, seconds, 0), Some(seconds / STEP_SECONDS));
        }
    }

    #[test]
    fn a_code_is_good_for_a_minute_and_a_half_and_once() {
        let (seconds, written) = VECTORS[4];
        let step = seconds / STEP_SECONDS;
        let begins = step * STEP_SECONDS;
        assert_eq!(step_of(SECRET, written, begins - STEP_SECONDS, 0), Some(step));
        assert_eq!(step_of(SECRET, written, begins + 2 * STEP_SECONDS - 1, 0), Some(step));
        assert_eq!(step_of(SECRET, written, begins - STEP_SECONDS - 1, 0), None);
        assert_eq!(step_of(SECRET, written, begins + 2 * STEP_SECONDS, 0), None);
        assert_eq!(step_of(SECRET, written, seconds, step), None);
        assert_eq!(step_of(SECRET, written, seconds, step - 1), Some(step));
        for wrong in ["", "27903", "2790370", "+79037", " 27903", "27903a", "279038", "٢٧٩٠٣٧"]
        {
            assert_eq!(step_of(SECRET, wrong, seconds, 0), None, "{wrong}");
        }
        assert_eq!(step_of(&SECRET[1..], written, seconds, 0), None);
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), expected);
        }
    }
}
