//! Why a pattern is refused, and where.

use thiserror::Error;

use crate::text::line_and_column;

/// A pattern that is refused: what is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the pattern is refused at line {line}, column {column} (byte {offset}): {problem}")]
pub struct PatternError {
    /// What is wrong.
    pub problem: PatternProblem,
    /// Byte offset, from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl PatternError {
    /// Places a problem in the text.
    pub(super) fn at(text: &str, offset: usize, problem: PatternProblem) -> Self {
        let (line, column) = line_and_column(text.as_bytes(), offset);
        Self { problem, offset, line, column }
    }
}

/// The ways in which a pattern can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternProblem {
    /// More bytes than allowed.
    #[error("the pattern has {bytes} bytes; at most {max} are accepted")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Nested too deeply.
    #[error("parentheses are nested more than {max} deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// Something else stands here than the grammar wants.
    #[error("found {found}; expected {expected}")]
    Unexpected {
        /// What stands here, for people.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A string that never ends.
    #[error("a string begins here and does not end; expected a closing `'`")]
    OpenString,
    /// An escape that strings do not have.
    #[error("a backslash in a string must be followed by `'` or by another backslash")]
    Escape,
    /// A constant that is malformed.
    #[error("found {found}, which is no {what}; expected {expected}")]
    Constant {
        /// What stands here, for people.
        found: String,
        /// What it should be.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A name that must be quoted.
    #[error("the property name {name} has a hyphen; write it in quotes, as in `'{plain}'`")]
    Unquoted {
        /// The name, for people.
        name: String,
        /// The name alone.
        plain: String,
    },
    /// A number beyond what is counted with.
    #[error("the number {found} is too large")]
    NumberTooBig {
        /// The number, shortened.
        found: String,
    },
    /// A qualifier that can never hold.
    #[error("{qualifier} needs a number greater than zero")]
    NotPositive {
        /// The qualifier.
        qualifier: &'static str,
    },
    /// A qualifier stands twice on one observation expression (STIX 2.1, section 9.5).
    #[error(
        "{qualifier} stands twice on one observation expression; put the first into parentheses"
    )]
    QualifierTwice {
        /// The qualifier.
        qualifier: &'static str,
    },
    /// A constant that no hash of the named algorithm can have.
    #[error("{found} is no {algorithm} hash; expected {expected}")]
    Hash {
        /// The constant, for people.
        found: String,
        /// The algorithm as written in the path.
        algorithm: String,
        /// What would be right.
        expected: String,
    },
}
