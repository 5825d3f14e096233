//! Obligations that a recipient's node enforces.
//!
//! The words are those of the decision vocabulary. One that this node does not enforce by itself
//! is still kept, shown wherever the object is shown, and part of the terms that were sealed.

use entente_model::{Manifest, Terms, Timestamp};

/// When an object must be deleted: the earliest of what the terms and its handling say.
pub fn delete_at(terms: &Terms, manifest: &Manifest) -> Option<Timestamp> {
    terms
        .obligations
        .iter()
        .filter_map(|o| o.strip_prefix("delete_by:"))
        .filter_map(day)
        .chain(manifest.handling.expires)
        .min()
}

/// The first moment of a day written `2031-10-09`, UTC.
pub fn day(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    u64::try_from(at).ok().map(Timestamp::from_millis)
}

/// Whether the terms forbid passing the object on.
pub fn forbids_onward(terms: &Terms) -> bool {
    terms.obligations.iter().any(|o| o == "no_onward")
}

#[test]
fn days_are_utc_and_anything_else_is_none() {
    assert_eq!(day("1970-01-02"), Some(Timestamp::from_millis(86_400_000)));
    assert_eq!(day("2031-13-01"), None);
    assert_eq!(day("tomorrow"), None);
}
