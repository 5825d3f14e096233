//! JSON documents that parsers differ on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Around, Outcome, Unfit, text};
use crate::json::{JsonLimits, StrictJson};

/// Whether a document is accepted. A case that leaves it open expects nothing.
pub(super) fn parsing(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let member = "bytes_base64";
    let bytes = STANDARD
        .decode(text(case, member)?)
        .map_err(|_| Unfit::Member { member, what: "the document in base64" })?;
    let accepted = StrictJson::check(&bytes, &JsonLimits::default()).is_ok();
    let expected = match case.get("expect").and_then(Value::as_str) {
        Some("accept") => Some(json!({"accepted": true})),
        Some("reject") => Some(json!({"accepted": false})),
        _ => None,
    };
    Ok(Outcome::against(json!({"accepted": accepted}), expected.as_ref()))
}
