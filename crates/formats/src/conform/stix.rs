//! STIX 2.1: identifiers.

use serde_json::{Value, json};

use super::{Around, Outcome, Unfit};
use crate::stix::id;

/// The deterministic id of an observable. Whatever id the case's object has is what it expects.
pub(super) fn ids(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let member = "object";
    let unfit = Unfit::Member { member, what: "an observable with its type" };
    let object = case.get(member).and_then(Value::as_object).ok_or(unfit.clone())?;
    let kind = object.get("type").and_then(Value::as_str).ok_or(unfit)?;
    // A type that the specification does not know says itself which properties count.
    let own: Vec<&str> = case
        .get("contributing")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let contributing = id::contributing(kind).unwrap_or(&own);
    let id = id::deterministic(kind, object, contributing).ok().flatten();
    let expected = object.get("id").map(|id| json!({ "id": id }));
    Ok(Outcome::against(json!({ "id": id }), expected.as_ref()))
}

#[cfg(test)]
mod tests;
