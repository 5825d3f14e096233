//! Small things as they are written in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_model::{NationCode, Timestamp};

use crate::local::LocalError;

/// A moment, in RFC 3339 and UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |t| t.to_string())
}

/// A moment from RFC 3339, or from a day of UTC, whose first moment it is.
pub(super) fn instant(text: &str) -> Result<Timestamp, LocalError> {
    let read = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let day: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
        Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    read.and_then(|at| u64::try_from(at.as_millisecond()).ok())
        .map(Timestamp::from_millis)
        .ok_or_else(|| {
            LocalError::new(
                422,
                format!(
                    "`{text}` is no moment: write a day such as 2027-01-31, or 2027-01-31T18:00:00Z"
                ),
            )
        })
}

/// Bytes as base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes from base64.
pub(super) fn from_base64(text: &str, what: &str) -> Result<Vec<u8>, LocalError> {
    STANDARD
        .decode(text)
        .map_err(|_| LocalError::new(400, format!("the {what} is not base64 (RFC 4648)")))
}

/// A nation's code.
pub(super) fn nation(text: &str) -> Result<NationCode, LocalError> {
    text.parse()
        .map_err(|e: entente_model::nation::NationCodeError| LocalError::new(422, e.to_string()))
}
