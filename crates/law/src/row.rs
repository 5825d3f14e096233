//! Decision rows: one whole question in one JSON object, with the rules it is asked under.
//!
//! The format is that of `vectors/decisions/README.md`. A row is read strictly — a key that is
//! missing, unknown or of another type is an error, never a guess — and then goes the way of every
//! decision: its clauses and rules are read by the same readers as those of literate texts,
//! compiled to the same policies, and weighed by [`Rules::decide`].
//!
//! What is expected of a row (`expected`) is not read. The caller has made sure that no key
//! stands twice in one JSON object; `serde_json` would keep the last one silently.

mod case;
mod json;
mod rules;

use serde_json::Value;
use thiserror::Error;

use self::json::Fields;
use crate::case::Case;
use crate::rules::Rules;
use crate::ruling::Ruling;
use crate::scenario::Scenario;
use crate::scheme::Schemes;

/// Policies that the rules of one row may come to. Each takes about a tenth of a millisecond to
/// compile, so a row cannot keep a program busy for long.
const POLICIES_MAX: usize = 20_000;
/// Portions times policies that one row may ask for.
const EVALUATIONS_MAX: usize = 1_000_000;

/// Why a row cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("in `{place}`: {message}")]
pub struct RowError {
    /// Where, such as `object.label.controls[1]`.
    pub place: String,
    /// What is wrong there and what would be right.
    pub message: String,
}

impl RowError {
    fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

type Result<T> = std::result::Result<T, RowError>;

/// What a row asks, apart from the rules it is asked under.
#[derive(Debug)]
pub struct Question {
    id: String,
    scenario: Scenario,
}

/// A row that was understood, ready to be decided.
#[derive(Debug)]
pub struct Row {
    question: Question,
    rules: Rules,
}

impl Question {
    /// Reads what a row asks, and leaves its agreements and laws unread: for asking the same
    /// rules many times.
    pub fn read(value: &Value) -> Result<Self> {
        let row = Fields::of(value, "row")?;
        let schemes = rules::schemes(&row.need("schemes")?)?;
        for rules in ["groups", "agreements", "national_law"] {
            row.need(rules)?;
        }
        let question = Self::of(&row, &schemes)?;
        row.finish()?;
        Ok(question)
    }

    fn of(row: &Fields<'_>, schemes: &Schemes) -> Result<Self> {
        let id = row.need("id")?.owned()?;
        for told in ["scenario", "scenario_title", "title"] {
            if let Some(told) = row.find(told) {
                told.text()?;
            }
        }
        // What is expected must not bear on the answer.
        let _unread = row.find("expected");
        let object = case::object(&row.need("object")?, schemes)?;
        let scenario = Scenario {
            at: row.need("at")?.instant()?,
            label: object.label,
            originator: object.originator,
            facts: object.facts,
            recalled: object.recalled,
            consents: object.consents,
            recipient: case::recipient(&row.need("recipient")?)?,
            transfer: case::transfer(&row.need("transfer")?)?,
        };
        Ok(Self { id, scenario })
    }

    /// The row's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As the question that rules answer.
    pub const fn case(&self) -> Case<'_> {
        self.scenario.case()
    }
}

impl Row {
    /// Reads a row.
    pub fn read(value: &Value) -> Result<Self> {
        let row = Fields::of(value, "row")?;
        let schemes = rules::schemes(&row.need("schemes")?)?;
        let question = Question::of(&row, &schemes)?;
        let groups = rules::groups(&row.need("groups")?)?;
        let recipient = question.scenario.recipient.nation;
        let agreements = rules::agreements(&row.need("agreements")?, &groups, &schemes, recipient)?;
        let laws = rules::laws(&row.need("national_law")?)?;
        row.finish()?;
        rules::check_size(&agreements, laws.len(), question.scenario.facts.portions.len().max(1))?;
        let rules = rules::compile(&agreements, &laws, &schemes)?;
        Ok(Self { question, rules })
    }

    /// The id of a row, even of one that cannot be read otherwise.
    pub fn id_of(value: &Value) -> Option<&str> {
        value.get("id").and_then(Value::as_str)
    }

    /// What it asks.
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// The rules it is asked under.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Weighs it.
    pub fn decide(&self) -> Ruling {
        self.rules.decide(&self.question.case())
    }
}
