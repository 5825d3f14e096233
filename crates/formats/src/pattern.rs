//! STIX patterns: what to look for in observed data (STIX 2.1 section 9, STIX 2.0 part 5).
//!
//! [`Pattern::parse`] reads the grammar and says of a wrong pattern where it is wrong and what
//! would be right. [`Pattern::check`] adds the rules that the grammar does not hold. A pattern is
//! compiled once into a [`Matcher`], and observed data are read once into [`Observations`]; then
//! each of the one kind can be held against each of the other. [`equivalent`] says whether two
//! patterns mean the same.
//!
//! INVARIANT: whatever the text, reading it takes time in proportion to its length, and the
//! tree is no deeper than [`DEPTH_MAX`] parentheses; matching ends after [`WORK_MAX`] steps at the
//! latest, in an error rather than in a guess. Storing patterns, choosing which of them
//! to try and what follows from a match belong to others.

mod address;
mod ast;
mod bind;
mod check;
mod equal;
mod error;
mod matcher;
mod observed;
mod parse;
mod plan;
mod regex;
mod special;
mod time;
mod token;
mod value;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use ast::{
    Comparison, Constant, Moment, ObjectPath, Observation, Operator, Placed, Qualified, Qualifier,
    Step, Test,
};
pub use bind::{GUESSES_MAX, WORK_MAX};
pub use equal::{EqualityError, TERMS_MAX, equivalent};
pub use error::{PatternError, PatternProblem};
pub use matcher::{MatchError, Matcher, VALUES_MAX};
pub use observed::{OBSERVATIONS_MAX, Observations};

/// The longest pattern that is read.
pub const BYTES_MAX: usize = 1 << 20;

/// Parentheses within each other.
pub const DEPTH_MAX: usize = 64;

/// The version of STIX that a pattern is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// STIX 2.0: no `EXISTS`; the moments of `START` and `STOP` may be strings.
    V20,
    /// STIX 2.1.
    #[default]
    V21,
}

impl Version {
    /// The version of this number.
    pub fn named(number: &str) -> Option<Self> {
        match number {
            "2.0" => Some(Self::V20),
            "2.1" => Some(Self::V21),
            _ => None,
        }
    }
}

/// A pattern that keeps to the grammar.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    text: Box<str>,
    version: Version,
    root: Observation,
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str, version: Version) -> Result<Self, PatternError> {
        if text.len() > BYTES_MAX {
            let problem = PatternProblem::TooLong { bytes: text.len(), max: BYTES_MAX };
            return Err(PatternError::at(text, 0, problem));
        }
        let root = parse::pattern(text, version)?;
        Ok(Self { text: text.into(), version, root })
    }

    /// Checks what the grammar does not say: no qualifier twice on one observation expression,
    /// qualifiers that can hold, and hashes that their algorithm can make.
    pub fn check(&self) -> Result<(), PatternError> {
        check::observation(&self.root, self.version)
            .map_err(|(offset, problem)| PatternError::at(&self.text, offset, problem))
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The version that it was read as.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The pattern as a tree.
    pub const fn root(&self) -> &Observation {
        &self.root
    }
}
