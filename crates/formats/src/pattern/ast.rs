//! A pattern as a tree.
//!
//! INVARIANT: trees come from the parser alone, so their depth is bounded by
//! [`DEPTH_MAX`](super::DEPTH_MAX) and walking them may recurse. Chains of one operator, and
//! qualifiers one after another, lie side by side and add no depth.

use std::fmt;

/// An observation expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// `[ … ]`: one observation holds an object of which this is true.
    Test(Comparison),
    /// `AND`: all of them, by different observations.
    All(Vec<Observation>),
    /// `OR`: one of them.
    Any(Vec<Observation>),
    /// `FOLLOWEDBY`: all of them, by different observations, in this order.
    InOrder(Vec<Observation>),
    /// An expression with qualifiers.
    Qualified(Box<Qualified>),
}

/// An observation expression with the qualifiers behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Qualified {
    /// What is qualified.
    pub observation: Observation,
    /// Whether that stood in parentheses of its own.
    pub grouped: bool,
    /// The qualifiers in their order, at least one.
    pub qualifiers: Vec<Placed>,
}

/// A qualifier and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The qualifier.
    pub qualifier: Qualifier,
    /// Byte offset of its first word.
    pub offset: usize,
}

/// What is asked of the times or the number of observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    /// `REPEATS … TIMES`.
    Repeats(u64),
    /// `WITHIN … SECONDS`, in nanoseconds.
    Within(i128),
    /// `START … STOP …`.
    Between(Moment, Moment),
}

impl Qualifier {
    /// The word it begins with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repeats(_) => "REPEATS",
            Self::Within(_) => "WITHIN",
            Self::Between(..) => "START",
        }
    }
}

/// A point in time as written. The grammar knows no calendar: `None` is 30 February.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub(super) Option<i128>);

impl Moment {
    /// Nanoseconds since 1970, if the calendar has such a moment.
    pub const fn nanoseconds(self) -> Option<i128> {
        self.0
    }
}

/// A comparison expression: what is asked of one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// One property is compared.
    Test(Test),
    /// `AND`.
    All(Vec<Comparison>),
    /// `OR`.
    Any(Vec<Comparison>),
}

impl Comparison {
    /// Calls for every test, from left to right.
    pub fn each_test<'a>(&'a self, call: &mut dyn FnMut(&'a Test)) {
        match self {
            Self::Test(test) => call(test),
            Self::All(list) | Self::Any(list) => {
                for comparison in list {
                    comparison.each_test(call);
                }
            }
        }
    }
}

impl Observation {
    /// Calls for every comparison expression, from left to right.
    pub fn each_comparison<'a>(&'a self, call: &mut dyn FnMut(&'a Comparison)) {
        match self {
            Self::Test(comparison) => call(comparison),
            Self::All(list) | Self::Any(list) | Self::InOrder(list) => {
                for observation in list {
                    observation.each_comparison(call);
                }
            }
            Self::Qualified(qualified) => qualified.observation.each_comparison(call),
        }
    }
}

/// One property against a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Which property.
    pub path: ObjectPath,
    /// Whether `NOT` stands before the operator.
    pub negated: bool,
    /// The operator with its constant.
    pub operator: Operator,
    /// Byte offset of the constant, or of the path if there is none.
    pub offset: usize,
}

/// A comparison operator with what stands to its right.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// `=`
    Equal(Constant),
    /// `!=`
    NotEqual(Constant),
    /// `<`
    Less(Constant),
    /// `<=`
    LessEqual(Constant),
    /// `>`
    Greater(Constant),
    /// `>=`
    GreaterEqual(Constant),
    /// `IN`
    In(Vec<Constant>),
    /// `LIKE`
    Like(String),
    /// `MATCHES`
    Matches(String),
    /// `ISSUBSET`
    IsSubset(String),
    /// `ISSUPERSET`
    IsSuperset(String),
    /// `EXISTS`, which stands before the path.
    Exists,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A whole number.
    Integer(i128),
    /// A number with a decimal point.
    Float(f64),
    /// A string, its escapes resolved.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// Bytes, written in hexadecimal or base64.
    Bytes(Vec<u8>),
    /// A timestamp.
    Time(Moment),
}

/// The type of an object and the way to one of its properties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath {
    /// The object's type.
    pub object_type: String,
    /// The steps from the object; the first is a key.
    pub steps: Vec<Step>,
}

impl ObjectPath {
    /// The last key on the way, which says how the value is encoded.
    pub fn last_key(&self) -> &str {
        let keys = self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Every => None,
        });
        keys.unwrap_or_default()
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object_type)?;
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => write!(f, "{}{key}", if at == 0 { ':' } else { '.' })?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Every => write!(f, "[*]")?,
            }
        }
        Ok(())
    }
}

/// One step on the way to a property.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into a list, to one element. The grammar has negative ones; they find nothing.
    Index(i64),
    /// Into a list, to each element.
    Every,
}
