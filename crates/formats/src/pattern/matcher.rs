//! A pattern made ready to be held against observed data, again and again.
//!
//! Compiling resolves once what depends on the pattern alone: expressions, addresses, sets, and
//! the [plan](super::plan) of the observations that are wanted. Matching asks of each object
//! what the tests ask, then whether observations can be chosen as the plan wants ([`bind`]).
//!
//! Every test is asked of every object of its type, whatever the others answer: whether a
//! pattern is in error does not depend on the order of its parts.
//!
//! [`bind`]: super::bind

use std::cmp::Ordering;

use thiserror::Error;

use super::address::Block;
use super::ast::{Comparison, Constant, ObjectPath, Operator, Test};
use super::bind;
use super::observed::{Observations, Sighting};
use super::plan::Plan;
use super::regex::{Expression, Memory};
use super::value::{Found, equal, order};
use super::{Pattern, observed::Root};
use crate::text::quoted;

/// Values looked at in one match; a long string counts for several.
pub const VALUES_MAX: u64 = 100_000_000;

/// Why a pattern cannot be held against observed data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MatchError {
    /// A regular expression that is malformed, too large or needs backtracking.
    #[error("the expression {expression} cannot be used: {problem}")]
    Expression {
        /// The expression, shortened.
        expression: String,
        /// What is wrong.
        problem: String,
    },
    /// A set of constants of several types (STIX 2.1 section 9.6).
    #[error("the set of `{path} IN` has constants of several types; expected one type")]
    MixedSet {
        /// The path on its left.
        path: String,
    },
    /// A constant that is no IP address.
    #[error("{text} is neither an IP address nor a block of them in CIDR notation")]
    Address {
        /// The constant, shortened.
        text: String,
    },
    /// A timestamp that no calendar has.
    #[error("a timestamp beside `{0}` names no day of the calendar")]
    Moment(String),
    /// A qualifier that can never hold.
    #[error("{0} needs a number greater than zero, and timestamps of the calendar")]
    Qualifier(&'static str),
    /// Observed data that are malformed.
    #[error("the observed data cannot be read: {0}")]
    Observed(String),
    /// A value that is malformed.
    #[error("`{path}` cannot be compared: {problem}")]
    Value {
        /// The path to it.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Too much to look at, or too many ways to choose observations.
    #[error("this pattern takes too long with so many observed data; ask for less at once")]
    TooHard,
}

/// A pattern made ready.
#[derive(Debug, Clone)]
pub struct Matcher {
    comparisons: Vec<Wanted>,
    plan: Plan,
}

/// A comparison expression and the types of the objects that it is about, each once.
#[derive(Debug, Clone)]
struct Wanted {
    comparison: Compiled,
    types: Vec<String>,
}

impl Matcher {
    /// Makes a pattern ready.
    pub fn compile(pattern: &Pattern) -> Result<Self, MatchError> {
        let plan = Plan::of(pattern.root())?;
        let mut memory = Memory::new();
        let mut comparisons = Vec::new();
        let mut result = Ok(());
        pattern.root().each_comparison(&mut |comparison| {
            if result.is_ok() {
                result = Wanted::of(comparison, &mut memory).map(|wanted| comparisons.push(wanted));
            }
        });
        result.map(|()| Self { comparisons, plan })
    }

    /// Whether the pattern matches.
    pub fn matches(&self, observations: &Observations<'_>) -> Result<bool, MatchError> {
        let mut work = Work(0);
        let mut seen = Vec::with_capacity(self.comparisons.len());
        for wanted in &self.comparisons {
            let mut by = Vec::new();
            for root in wanted.types.iter().flat_map(|kind| observations.of_type(kind)) {
                let Some(sighting) = observations.sightings().get(root.sighting) else { continue };
                if wanted.comparison.holds(root, sighting, &mut work)? {
                    by.push(root.sighting);
                }
            }
            by.sort_unstable();
            by.dedup();
            seen.push(by);
        }
        bind::can_choose(&self.plan, observations.sightings(), &seen)
    }
}

impl Wanted {
    fn of(comparison: &Comparison, memory: &mut Memory) -> Result<Self, MatchError> {
        let mut types = Vec::new();
        comparison.each_test(&mut |test| types.push(test.path.object_type.clone()));
        types.sort_unstable();
        types.dedup();
        Ok(Self { comparison: Compiled::of(comparison, memory)?, types })
    }
}

/// How much was looked at.
struct Work(u64);

impl Work {
    fn spend(&mut self, work: usize) -> Result<(), MatchError> {
        self.0 = self.0.saturating_add(u64::try_from(work).unwrap_or(u64::MAX));
        if self.0 > VALUES_MAX { Err(MatchError::TooHard) } else { Ok(()) }
    }
}

/// A comparison expression made ready.
#[derive(Debug, Clone)]
enum Compiled {
    Test(CompiledTest),
    All(Vec<Compiled>),
    Any(Vec<Compiled>),
}

#[derive(Debug, Clone)]
struct CompiledTest {
    path: ObjectPath,
    negated: bool,
    check: Check,
}

/// What is asked of a value.
#[derive(Debug, Clone)]
enum Check {
    Equal(Constant),
    NotEqual(Constant),
    Order(Constant, fn(Ordering) -> bool),
    In(Vec<Constant>),
    Expression(Expression),
    Within(Block),
    Around(Block),
    Exists,
}

impl Compiled {
    fn of(comparison: &Comparison, memory: &mut Memory) -> Result<Self, MatchError> {
        let mut each = |list: &[Comparison]| {
            list.iter().map(|one| Self::of(one, memory)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match comparison {
            Comparison::All(list) => Self::All(each(list)?),
            Comparison::Any(list) => Self::Any(each(list)?),
            Comparison::Test(test) => Self::Test(CompiledTest::of(test, memory)?),
        })
    }

    fn holds(
        &self,
        root: &Root<'_>,
        sighting: &Sighting<'_>,
        work: &mut Work,
    ) -> Result<bool, MatchError> {
        match self {
            Self::Test(test) => test.holds(root, sighting, work),
            Self::All(list) => {
                list.iter().try_fold(true, |all, one| Ok(one.holds(root, sighting, work)? && all))
            }
            Self::Any(list) => {
                list.iter().try_fold(false, |any, one| Ok(one.holds(root, sighting, work)? || any))
            }
        }
    }
}

impl CompiledTest {
    fn of(test: &Test, memory: &mut Memory) -> Result<Self, MatchError> {
        let path = test.path.clone();
        let bytes = path.last_key().ends_with("_bin") || path.last_key().ends_with("_hex");
        let constant = |constant: &Constant| {
            if let Constant::Time(moment) = constant
                && moment.nanoseconds().is_none()
            {
                return Err(MatchError::Moment(test.path.to_string()));
            }
            Ok(constant.clone())
        };
        let expression = |built: Result<Expression, String>, written: &str| {
            let expression = quoted(written);
            built
                .map(Check::Expression)
                .map_err(|problem| MatchError::Expression { expression, problem })
        };
        let block =
            |text: &str| Block::of(text).ok_or_else(|| MatchError::Address { text: quoted(text) });
        let check = match &test.operator {
            Operator::Equal(value) => Check::Equal(constant(value)?),
            Operator::NotEqual(value) => Check::NotEqual(constant(value)?),
            Operator::Less(value) => Check::Order(constant(value)?, Ordering::is_lt),
            Operator::LessEqual(value) => Check::Order(constant(value)?, Ordering::is_le),
            Operator::Greater(value) => Check::Order(constant(value)?, Ordering::is_gt),
            Operator::GreaterEqual(value) => Check::Order(constant(value)?, Ordering::is_ge),
            Operator::In(set) => {
                let mut kinds = set.iter().map(kind);
                if let Some(first) = kinds.next()
                    && kinds.any(|kind| kind != first)
                {
                    return Err(MatchError::MixedSet { path: path.to_string() });
                }
                Check::In(set.iter().map(constant).collect::<Result<_, _>>()?)
            }
            Operator::Like(like) => expression(Expression::like(like, bytes, memory), like)?,
            Operator::Matches(regex) => {
                expression(Expression::matches(regex, bytes, memory), regex)?
            }
            Operator::IsSubset(text) => Check::Within(block(text)?),
            Operator::IsSuperset(text) => Check::Around(block(text)?),
            Operator::Exists => Check::Exists,
        };
        Ok(Self { path, negated: test.negated, check })
    }

    /// Whether some value at the path is as asked.
    fn holds(
        &self,
        root: &Root<'_>,
        sighting: &Sighting<'_>,
        work: &mut Work,
    ) -> Result<bool, MatchError> {
        work.spend(1)?;
        let type_is = root.object.get("type").and_then(serde_json::Value::as_str);
        if type_is != Some(&self.path.object_type) {
            return Ok(false);
        }
        let wrong = |problem| MatchError::Value { path: self.path.to_string(), problem };
        let values = sighting.values(root.object, &self.path.steps).map_err(wrong)?;
        for value in &values {
            work.spend(1 + value.bytes() / 64)?;
            if self.accepts(value).map_err(wrong)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn accepts(&self, found: &Found<'_>) -> Result<bool, String> {
        let holds = match &self.check {
            Check::Equal(constant) => equal(found, constant)?,
            Check::NotEqual(constant) => !equal(found, constant)?,
            Check::Order(constant, is) => match order(found, constant)? {
                Some(order) => is(order),
                // What has no order is neither before nor not before.
                None => return Ok(false),
            },
            Check::In(set) => {
                set.iter().try_fold(false, |any, one| Ok::<_, String>(equal(found, one)? || any))?
            }
            Check::Expression(expression) => expression.finds(found),
            Check::Within(outer) => block(found).is_some_and(|inner| outer.holds(inner)),
            Check::Around(inner) => block(found).is_some_and(|outer| outer.holds(*inner)),
            Check::Exists => !matches!(found, Found::Plain(serde_json::Value::Null)),
        };
        Ok(holds != self.negated)
    }
}

/// The type of a constant; numbers are one.
const fn kind(constant: &Constant) -> u8 {
    match constant {
        Constant::Integer(_) | Constant::Float(_) => 0,
        Constant::Text(_) => 1,
        Constant::Bool(_) => 2,
        Constant::Bytes(_) => 3,
        Constant::Time(_) => 4,
    }
}

/// The addresses that a string names.
fn block(found: &Found<'_>) -> Option<Block> {
    let Found::Plain(value) = found else { return None };
    value.as_str().and_then(Block::of)
}
