//! What is wrong with a text, where, and what would be right.

use std::fmt;

/// One thing that is wrong with a text that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The offending text.
    pub text: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.text.is_empty() {
            write!(f, "`{}`: ", self.text)?;
        }
        // It may quote what was written; a sentence stays on its line.
        self.message.chars().try_for_each(|c| write!(f, "{}", if c.is_control() { ' ' } else { c }))
    }
}

/// Everything that is wrong with a text, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Succeeds if nothing was found.
    pub(crate) fn check(mut found: Vec<Problem>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort();
        found.dedup();
        Err(Self(found))
    }

    /// These problems; none if there is none.
    pub fn of(found: Vec<Problem>) -> Option<Self> {
        Self::check(found).err()
    }

    /// A single problem.
    pub(crate) fn one(line: usize, column: usize, text: &str, message: impl Into<String>) -> Self {
        Self(vec![Problem { line, column, text: excerpt(text), message: message.into() }])
    }

    /// The problems, in the order of the lines.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The beginning of a text, short enough for a message, without what a terminal would obey or
/// what makes a line read as another one.
pub(crate) fn excerpt(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    let line = text.lines().next().unwrap_or("").trim();
    if line.chars().count() <= 60 {
        return line.chars().map(shown).collect();
    }
    line.chars().take(59).map(shown).chain(['…']).collect()
}

/// The candidate nearest to what was written, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = written.to_uppercase();
    candidates
        .into_iter()
        .map(|c| (distance(&written, &c.to_uppercase()), c))
        .filter(|(d, c)| *d <= c.chars().count().max(written.chars().count()) / 2)
        .min()
        .map(|(_, c)| c)
}

/// The edit distance of two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(ca != *cb));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[test]
fn the_nearest_candidate_is_the_one_that_was_meant() {
    let markings = ["OPEN", "SERVICE", "RESERVED", "SECRET-A"];
    assert_eq!(nearest("SECRTE-A", markings), Some("SECRET-A"));
    assert_eq!(nearest("reservd", markings), Some("RESERVED"));
    assert_eq!(nearest("ZZZZZZZZ", markings), None);
    assert_eq!(distance("kitten", "sitting"), 3);
}
