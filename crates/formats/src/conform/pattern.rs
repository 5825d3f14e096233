//! STIX patterns: whether they are valid.

use serde_json::{Value, json};

use super::{Around, Outcome, Unfit, text};
use crate::pattern::{Pattern, Version};

/// The version that a case names, 2.1 if none.
fn version(named: Option<&Value>, member: &'static str) -> Result<Version, Unfit> {
    let unfit = Unfit::Member { member, what: "2.0 or 2.1" };
    match named {
        None | Some(Value::Null) => Ok(Version::default()),
        Some(named) => named.as_str().and_then(Version::named).ok_or(unfit),
    }
}

/// Whether a pattern is valid, and if not, why.
pub(super) fn parse(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let version = version(case.get("stix"), "stix")?;
    let checked =
        Pattern::parse(text(case, "pattern")?, version).and_then(|pattern| pattern.check());
    let got = match &checked {
        Ok(()) => json!({"valid": true}),
        Err(error) => json!({"valid": false, "error": error.to_string()}),
    };
    let expected = case.get("valid").and_then(Value::as_bool);
    Ok(Outcome { got, ok: expected.map(|expected| expected == checked.is_ok()) })
}
