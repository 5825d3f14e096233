//! What persons say for the record: reasons, bases, conditions.

use entente_model::codec::Wire;

use crate::error::{AppError, Result};

/// Bytes of a reason. Partners and overseers read it, in lists.
pub(crate) const SAID_BYTES_MAX: usize = 1024;
/// Bytes of a word that rules compare: a purpose, an offence, an emergency.
const WORD_BYTES_MAX: usize = 256;

/// What was said without the space around it, if it is something and others can read it.
pub(crate) fn bounded(text: &str) -> Option<&str> {
    let text = text.trim();
    (1..=SAID_BYTES_MAX).contains(&text.len()).then_some(text)
}

/// A reason without the space around it; `needs` says what needs it, such as `a recall needs its
/// legal basis`.
pub(crate) fn said<'t>(text: &'t str, needs: &str) -> Result<&'t str> {
    bounded(text).ok_or_else(|| {
        AppError::invalid(format!("{needs}, in 1 to {SAID_BYTES_MAX} bytes, which goes on record"))
    })
}

/// Refuses a word that no rule can name.
pub(crate) fn check_word(word: &str, what: &str) -> Result<()> {
    if word.len() <= WORD_BYTES_MAX {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "the {what} has {} bytes: a {what} is one word of the rules, of at most {WORD_BYTES_MAX}",
        word.len()
    )))
}

/// Refuses what would be too long for those who receive it.
pub(crate) fn must_fit<T: Wire>(value: &T, what: &str) -> Result<()> {
    let bytes = value.to_bytes().len();
    if bytes <= T::BYTES_MAX {
        return Ok(());
    }
    Err(AppError::invalid(format!("{what} takes {bytes} bytes: at most {} may go", T::BYTES_MAX)))
}
