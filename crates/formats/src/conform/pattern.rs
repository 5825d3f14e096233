//! STIX patterns: whether they are valid, whether they match, and whether two mean the same.

use serde_json::{Value, json};

use super::{Around, Outcome, Unfit, text};
use crate::pattern::{Matcher, Observations, Pattern, Version, equivalent};

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

/// Whether a pattern matches observed data.
pub(super) fn matching(case: &Value, around: &Around<'_>) -> Result<Outcome, Unfit> {
    let member = "observations";
    let unfit = Unfit::Member { member, what: "a list, or a key in the file of --observations" };
    let observations = match case.get(member) {
        Some(Value::String(key)) => around.observations.and_then(|all| all.get(key)),
        inline => inline,
    };
    let observations = observations.ok_or(unfit)?;
    let named = case.get("options").and_then(|options| options.get("stix_version"));
    let version = version(named, "options.stix_version")?;
    let matched = matches(text(case, "pattern")?, version, observations);
    let ok = match (case.get("error"), case.get("matches").and_then(Value::as_bool)) {
        (Some(error), _) if !error.is_null() => Some(matched.is_err()),
        (_, expected) => expected.map(|expected| matched == Ok(expected)),
    };
    let got = match matched {
        Ok(matches) => json!({ "matches": matches }),
        Err(error) => json!({ "error": error }),
    };
    Ok(Outcome { got, ok })
}

fn matches(pattern: &str, version: Version, observations: &Value) -> Result<bool, String> {
    let pattern = Pattern::parse(pattern, version).map_err(|error| error.to_string())?;
    let matcher = Matcher::compile(&pattern).map_err(|error| error.to_string())?;
    let observations = Observations::read(observations).map_err(|error| error.to_string())?;
    matcher.matches(&observations).map_err(|error| error.to_string())
}

/// Whether two patterns are equivalent.
pub(super) fn equivalence(case: &Value, _: &Around<'_>) -> Result<Outcome, Unfit> {
    let version = version(case.get("stix_version"), "stix_version")?;
    let read = |member| {
        let text = text(case, member)?;
        Ok(Pattern::parse(text, version).map_err(|error| format!("in `{member}`: {error}")))
    };
    let both = read("a")?.and_then(|a| Ok((a, read("b").map_err(|e| e.to_string())??)));
    let answer = both.and_then(|(a, b)| equivalent(&a, &b).map_err(|error| error.to_string()));
    let got = match answer {
        Ok(equivalent) => json!({ "equivalent": equivalent }),
        Err(error) => json!({ "error": error }),
    };
    let expected = case.get("equivalent").map(|expected| json!({ "equivalent": expected }));
    Ok(Outcome::against(got, expected.as_ref()))
}
