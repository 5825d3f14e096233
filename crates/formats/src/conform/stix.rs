//! STIX 2.1: identifiers, markings, objects.

use serde_json::{Map, Value, json};

use super::{Around, Outcome, Unfit, same, text};
use crate::stix::granular::{self, Kinds, MarkingError, Parts, Reach};
use crate::stix::id;
use crate::stix::object::{self, Custom};

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

/// What comes of reading or changing the markings of an object.
pub(super) fn granular(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let unfit = |member, what| Unfit::Member { member, what };
    let op = text(case, "op")?;
    let args = case.get("args").ok_or(unfit("args", "what the operation is given"))?;
    let object =
        args.get("obj").and_then(Value::as_object).ok_or(unfit("args.obj", "a STIX object"))?;
    let got = match operation(op, object, args) {
        Some(Ok(result)) => json!({ "result": result }),
        Some(Err(error)) => json!({ "error": error.to_string() }),
        None => return Err(unfit("op", "one of the operations on markings")),
    };
    let ok = match (case.get("result"), case.get("error")) {
        (Some(expected), _) => {
            Some(got.get("result").is_some_and(|got| same(&timeless(got), &timeless(expected))))
        }
        (None, Some(_)) => Some(got.get("error").is_some()),
        (None, None) => None,
    };
    Ok(Outcome { got, ok })
}

/// `None` if there is no such operation.
fn operation(
    op: &str,
    object: &Map<String, Value>,
    args: &Value,
) -> Option<Result<Value, MarkingError>> {
    let flag = |name: &str, default| args.get(name).and_then(Value::as_bool).unwrap_or(default);
    let reach =
        Reach { inherited: flag("inherited", false), descendants: flag("descendants", false) };
    let kinds = Kinds { definitions: flag("marking_ref", true), languages: flag("lang", true) };
    let selectors = args.get("selectors").filter(|selectors| !selectors.is_null()).map(listed);
    let parts = selectors.as_deref().map_or(Parts::Object, Parts::Selected);
    let markings = args.get("marking").map(listed).unwrap_or_default();
    let changed = |object: Result<_, _>| object.map(Value::Object);
    Some(match op {
        "get_markings" => granular::get(object, parts, reach, kinds).map(|found| json!(found)),
        "is_marked" => granular::is_marked(object, &markings, parts, reach).map(Value::Bool),
        "add_markings" => changed(granular::add(object, &markings, parts)),
        "remove_markings" => changed(granular::remove(object, &markings, parts)),
        "set_markings" => changed(granular::set(object, &markings, parts, kinds)),
        "clear_markings" => changed(granular::clear(object, parts, kinds)),
        _ => return None,
    })
}

/// One thing or a list of them; a marking definition stands for its id, and what is no text for
/// a text that is nothing.
fn listed(value: &Value) -> Vec<&str> {
    fn one(value: &Value) -> &str {
        value.get("id").unwrap_or(value).as_str().unwrap_or_default()
    }
    if value.is_null() {
        return Vec::new();
    }
    value.as_array().map_or_else(|| vec![one(value)], |items| items.iter().map(one).collect())
}

/// A changed object without the time of its change, which is its author's.
fn timeless(result: &Value) -> Value {
    let mut result = result.clone();
    if let Value::Object(members) = &mut result {
        members.remove("modified");
    }
    result
}

/// Whether an object can be understood.
pub(super) fn parse(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let unfit = Unfit::Member { member: "input", what: "a STIX object" };
    let input = case.get("input").ok_or(unfit)?;
    let takes = case.get("allow_custom").and_then(Value::as_bool) == Some(true);
    let custom = if takes { Custom::Taken } else { Custom::Refused };
    let checked = object::check(input, custom);
    let ok = case.get("ok").and_then(Value::as_bool).map(|ok| ok == checked.is_ok());
    let got = match checked {
        Ok(()) => json!({ "ok": true }),
        Err(error) => json!({ "ok": false, "error": error.to_string() }),
    };
    Ok(Outcome { got, ok })
}

#[cfg(test)]
mod tests;
