//! Recorded cases: an input, and what a correct program answers.
//!
//! Each [`Kind`] takes one case as JSON and says what this program answers (`got`), computed from
//! the case's inputs alone, and whether that is what the case expects (`ok`; `None` when the case
//! expects nothing). Every kind goes through the public functions of the format that it tries:
//! nothing is decided here that an import would decide otherwise.
//!
//! To add a kind: write its function in the file of its format below, and its line in [`KINDS`].
//! Where an answer differs from a recorded one with good reason, `docs/conformance.md` says why.

mod ais;
mod cap;
mod json;
mod pattern;
mod stix;

use std::fmt;

use serde_json::Value;
use thiserror::Error;

/// Numbers closer than this are the same.
const TOLERANCE: f64 = 1e-6;

/// Every kind of case.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "ais-decode",
        answers: r#"{"type": n, "mmsi": n, "fields": {…}} or {"error": text}"#,
        run: ais::decode,
    },
    Kind { name: "cap-field-rules", answers: r#"{"reason": name or null}"#, run: cap::field_rules },
    Kind { name: "cap-geometry", answers: r#"{"value": list or null}"#, run: cap::geometry },
    Kind {
        name: "cap-rules",
        answers: r#"{"reasons": [{"reason": name, "xpath": place}]}"#,
        run: cap::whole,
    },
    Kind { name: "json-parsing", answers: r#"{"accepted": bool}"#, run: json::parsing },
    Kind {
        name: "pattern-parse",
        answers: r#"{"valid": bool, "error"?: text}"#,
        run: pattern::parse,
    },
    Kind {
        name: "pattern-match",
        answers: r#"{"matches": bool} or {"error": text}"#,
        run: pattern::matching,
    },
    Kind {
        name: "pattern-equivalence",
        answers: r#"{"equivalent": bool} or {"error": text}"#,
        run: pattern::equivalence,
    },
    Kind { name: "stix-ids", answers: r#"{"id": string | null}"#, run: stix::ids },
    Kind {
        name: "stix-granular",
        answers: r#"{"result": object | list | bool} or {"error": string}"#,
        run: stix::granular,
    },
    Kind { name: "stix-parse", answers: r#"{"ok": bool, "error"?: string}"#, run: stix::parse },
];

/// One kind of case.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// The shape of what is answered.
    pub answers: &'static str,
    run: fn(&Value, &Around<'_>) -> Result<Outcome, Unfit>,
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|kind| kind.name == name).copied()
    }

    /// Runs one case.
    pub fn run(self, case: &Value, around: &Around<'_>) -> Result<Outcome, Unfit> {
        (self.run)(case, around)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a case may need besides itself.
pub struct Around<'a> {
    /// Observed data by name, for cases that name it.
    pub observations: Option<&'a Value>,
    /// Reads a file that a case names, relative to the file of cases.
    pub beside: &'a dyn Fn(&str) -> Result<Vec<u8>, Unfit>,
}

impl fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").field("observations", &self.observations.is_some()).finish()
    }
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What this program answers.
    pub got: Value,
    /// Whether the case expects just that; `None` if it expects nothing.
    pub ok: Option<bool>,
}

impl Outcome {
    /// An answer held against what the case expects, if it expects anything.
    pub fn against(got: Value, expected: Option<&Value>) -> Self {
        let ok = expected.map(|expected| same(&got, expected));
        Self { got, ok }
    }
}

/// Why a case cannot be run: it lacks an input, or has one of another shape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfit {
    /// A member is missing or is something else.
    #[error("a case of this kind has `{member}`, {what}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What it should be.
        what: &'static str,
    },
    /// A file that the case needs.
    #[error("{0}")]
    File(String),
}

/// The text of a member that a case must have.
fn text<'a>(case: &'a Value, member: &'static str) -> Result<&'a str, Unfit> {
    let what = "a string";
    case.get(member).and_then(Value::as_str).ok_or(Unfit::Member { member, what })
}

/// Whether two values are the same: lists as sets, numbers within a millionth.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || a.as_f64()
                    .zip(b.as_f64())
                    .is_some_and(|(a, b)| (a - b).abs() <= TOLERANCE.max(a.abs() * f64::EPSILON))
        }
        (Value::Array(a), Value::Array(b)) => {
            let within =
                |a: &[Value], b: &[Value]| a.iter().all(|item| b.iter().any(|i| same(item, i)));
            within(a, b) && within(b, a)
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, item)| b.get(key).is_some_and(|other| same(item, other)))
        }
        _ => one == other,
    }
}

#[test]
fn lists_are_sets_and_numbers_have_a_tolerance() {
    use serde_json::json;
    for (one, other, equal) in [
        (json!([1, 2, 2]), json!([2, 1]), true),
        (json!([1, 2]), json!([1]), false),
        (json!({"a": [{"b": 1.000_000_1}]}), json!({"a": [{"b": 1}]}), true),
        (json!(1.00001), json!(1), false),
        (json!({"a": 1}), json!({"a": 1, "b": null}), false),
        (json!("1"), json!(1), false),
    ] {
        assert_eq!(same(&one, &other), equal, "{one} {other}");
        assert_eq!(same(&other, &one), equal, "{one} {other}");
    }
}
