//! Grades of sources and information, as typed values, and how one system's become another's.
//!
//! Source and information are graded independently. A grade that cannot be judged means unknown,
//! not bad, and sorts apart. A conversion is lossy, so it gives a [`Derived`] grade that keeps the
//! original beside it; there is no way to store one in the original's place.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A system of grades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// NATO's six by six, known as the Admiralty code.
    Admiralty,
    /// Europol's four by four.
    Europol,
    /// The 3x5x2 of the United Kingdom.
    Uk3x5x2,
    /// The 5x5x5 of the United Kingdom, of earlier times.
    Uk5x5x5,
}

/// A code, its words, and its rank from the best; none if it cannot be judged.
type Words = (char, &'static str, Option<u8>);

impl System {
    /// Every system.
    pub const ALL: [Self; 4] = [Self::Admiralty, Self::Europol, Self::Uk3x5x2, Self::Uk5x5x5];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admiralty => "admiralty",
            Self::Europol => "europol",
            Self::Uk3x5x2 => "uk-3x5x2",
            Self::Uk5x5x5 => "uk-5x5x5",
        }
    }

    /// The codes of sources.
    pub const fn sources(self) -> &'static [Words] {
        match self {
            Self::Admiralty => &[
                ('A', "completely reliable", Some(1)),
                ('B', "usually reliable", Some(2)),
                ('C', "fairly reliable", Some(3)),
                ('D', "not usually reliable", Some(4)),
                ('E', "unreliable", Some(5)),
                ('F', "reliability cannot be judged", None),
            ],
            Self::Europol => &[
                (
                    'A',
                    "no doubt of authenticity, trustworthiness, competence, or reliable in all instances",
                    Some(1),
                ),
                ('B', "reliable in most instances", Some(2)),
                ('C', "unreliable in most instances", Some(3)),
                ('X', "cannot be assessed", None),
            ],
            Self::Uk3x5x2 => &[
                ('1', "reliable", Some(1)),
                ('2', "untested", None),
                ('3', "not reliable", Some(3)),
            ],
            Self::Uk5x5x5 => &[
                ('A', "always reliable", Some(1)),
                ('B', "mostly reliable", Some(2)),
                ('C', "sometimes reliable", Some(3)),
                ('D', "unreliable", Some(4)),
                ('E', "untested", None),
            ],
        }
    }

    /// The codes of information.
    pub const fn information(self) -> &'static [Words] {
        match self {
            Self::Admiralty => &[
                ('1', "confirmed by other sources", Some(1)),
                ('2', "probably true", Some(2)),
                ('3', "possibly true", Some(3)),
                ('4', "doubtful", Some(4)),
                ('5', "improbable", Some(5)),
                ('6', "truth cannot be judged", None),
            ],
            Self::Europol => &[
                ('1', "accuracy not in doubt", Some(1)),
                ('2', "known personally to the source, not to the official passing it on", Some(2)),
                ('3', "not known personally to the source but corroborated", Some(3)),
                ('4', "not known personally and cannot be corroborated", None),
            ],
            Self::Uk3x5x2 => &[
                ('A', "known directly to the source", Some(1)),
                ('B', "known indirectly but corroborated", Some(2)),
                ('C', "known indirectly", Some(3)),
                ('D', "not known", None),
                ('E', "suspected to be false", Some(5)),
            ],
            Self::Uk5x5x5 => &[
                ('1', "known true", Some(1)),
                ('2', "known personally to the source", Some(2)),
                ('3', "not known personally but corroborated", Some(3)),
                ('4', "cannot be judged", None),
                ('5', "suspected false", Some(5)),
            ],
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for System {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Self, GradeError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| GradeError::UnknownSystem(text.to_owned()))
    }
}

/// Text that is not a grade.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GradeError {
    /// There is no such system.
    #[error("`{0}` is no system of grades; expected admiralty, europol, uk-3x5x2 or uk-5x5x5")]
    UnknownSystem(String),
    /// It has no such code.
    #[error(
        "column {column}: `{code}` is no code of a {what} in {system}; expected one of {known}"
    )]
    UnknownCode {
        /// Column in characters, counted from 1.
        column: usize,
        /// What was written.
        code: String,
        /// A source, or information.
        what: &'static str,
        /// The system.
        system: System,
        /// What would be right.
        known: String,
    },
    /// It is longer than two codes.
    #[error("column 3: a grade is a source's code and the information's, as in `{0}`")]
    Longer(String),
}

/// A grade of one piece of information at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grade {
    system: System,
    source: char,
    information: char,
}

fn words(all: &'static [Words], code: char) -> Option<&'static Words> {
    all.iter().find(|(known, ..)| *known == code)
}

impl Grade {
    /// Reads a grade such as `B2`.
    pub fn parse(text: &str, system: System) -> Result<Self, GradeError> {
        let unknown = |column, code: Option<char>, what, all: &[Words]| GradeError::UnknownCode {
            column,
            code: code.map(String::from).unwrap_or_default(),
            what,
            system,
            known: all.iter().map(|(c, ..)| String::from(*c)).collect::<Vec<_>>().join(", "),
        };
        let mut codes = text.chars();
        let (source, information) = (codes.next(), codes.next());
        let right = |code: Option<char>, all| code.filter(|c| words(all, *c).is_some());
        let Some(source) = right(source, system.sources()) else {
            return Err(unknown(1, source, "source", system.sources()));
        };
        let Some(information) = right(information, system.information()) else {
            return Err(unknown(2, information, "piece of information", system.information()));
        };
        if codes.next().is_some() {
            return Err(GradeError::Longer(format!("{source}{information}")));
        }
        Ok(Self { system, source, information })
    }

    /// Its system.
    pub const fn system(&self) -> System {
        self.system
    }

    /// The source's code.
    pub const fn source(&self) -> char {
        self.source
    }

    /// The information's code.
    pub const fn information(&self) -> char {
        self.information
    }

    /// What the source's code means.
    pub fn source_says(&self) -> &'static str {
        words(self.system.sources(), self.source).map_or("", |(_, says, _)| says)
    }

    /// What the information's code means.
    pub fn information_says(&self) -> &'static str {
        words(self.system.information(), self.information).map_or("", |(_, says, _)| says)
    }

    /// The source's rank from the best, 1; none if it cannot be judged, which is not bad.
    pub fn source_rank(&self) -> Option<u8> {
        words(self.system.sources(), self.source).and_then(|(.., rank)| *rank)
    }

    /// The information's rank from the best, 1; none if it cannot be judged.
    pub fn information_rank(&self) -> Option<u8> {
        words(self.system.information(), self.information).and_then(|(.., rank)| *rank)
    }

    /// The grade in another system, shown as derived. There is no official conversion: known are
    /// those from the Admiralty code to Europol's and the 3x5x2.
    pub fn convert(&self, to: System) -> Option<Derived> {
        let (source, information, choice) = match (self.system, to) {
            (from, to) if from == to => (self.source, self.information, None),
            (System::Admiralty, System::Europol) => {
                let source = match self.source {
                    'A' => 'A',
                    'B' | 'C' => 'B',
                    'D' | 'E' => 'C',
                    _ => 'X',
                };
                match self.information {
                    '1' => (source, '1', None),
                    // Which of the two is right cannot be told from the code; the lesser claim.
                    '2' => (source, '3', Some('2')),
                    '3' => (source, '3', None),
                    _ => (source, '4', None),
                }
            }
            (System::Admiralty, System::Uk3x5x2) => {
                let source = match self.source {
                    'A' | 'B' | 'C' => '1',
                    'D' | 'E' => '3',
                    _ => '2',
                };
                let information = match self.information {
                    '1' => 'A',
                    '2' => 'B',
                    '3' | '4' => 'C',
                    '5' => 'E',
                    _ => 'D',
                };
                (source, information, None)
            }
            _ => return None,
        };
        let grade = Self { system: to, source, information };
        Some(Derived { original: *self, grade, or_information: choice })
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.source, self.information)
    }
}

/// A grade that was converted, beside the original. It is for display; what is stored and sent is
/// the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Derived {
    original: Grade,
    grade: Grade,
    or_information: Option<char>,
}

impl Derived {
    /// The grade as its provider gave it.
    pub const fn original(&self) -> Grade {
        self.original
    }

    /// What it comes to in the other system.
    pub const fn shown(&self) -> Grade {
        self.grade
    }

    /// Another code of the information that may be as right.
    pub const fn or_information(&self) -> Option<char> {
        self.or_information
    }
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.grade)?;
        if let Some(other) = self.or_information {
            write!(f, " or {}{other}", self.grade.source)?;
        }
        write!(f, " (derived from {} {})", self.original.system, self.original)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grade_reads_prints_and_says_what_it_means() {
        for system in System::ALL {
            assert_eq!(system.as_str().parse(), Ok(system));
            for (source, ..) in system.sources() {
                for (information, ..) in system.information() {
                    let text = format!("{source}{information}");
                    let grade = Grade::parse(&text, system).unwrap();
                    assert_eq!(grade.to_string(), text);
                    assert!(
                        !grade.source_says().is_empty() && !grade.information_says().is_empty()
                    );
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_judged_has_no_rank() {
        for (text, system) in [
            ("F6", System::Admiralty),
            ("X4", System::Europol),
            ("2D", System::Uk3x5x2),
            ("E4", System::Uk5x5x5),
        ] {
            let grade = Grade::parse(text, system).unwrap();
            assert_eq!((grade.source_rank(), grade.information_rank()), (None, None), "{text}");
        }
        assert_eq!(Grade::parse("E5", System::Admiralty).unwrap().source_rank(), Some(5));
    }

    #[test]
    fn conversions_are_those_of_the_table_and_keep_the_original() {
        for (from, europol, uk) in [
            ("A1", "A1", "1A"),
            ("B2", "B3 or B2", "1B"),
            ("C3", "B3", "1C"),
            ("D4", "C4", "3C"),
            ("E5", "C4", "3E"),
            ("F6", "X4", "2D"),
        ] {
            let grade = Grade::parse(from, System::Admiralty).unwrap();
            let shown = |to| grade.convert(to).unwrap().to_string();
            let derived = format!("(derived from admiralty {from})");
            assert_eq!(shown(System::Europol), format!("{europol} {derived}"));
            assert_eq!(shown(System::Uk3x5x2), format!("{uk} {derived}"));
            assert_eq!(grade.convert(System::Europol).unwrap().original(), grade);
        }
        assert_eq!(Grade::parse("A1", System::Europol).unwrap().convert(System::Admiralty), None);
    }

    #[test]
    fn a_wrong_grade_names_the_column() {
        for (text, expected) in [
            (
                "",
                "column 1: `` is no code of a source in admiralty; expected one of A, B, C, D, E, F",
            ),
            ("G1", "column 1: `G`"),
            ("A", "column 2: `` is no code of a piece of information"),
            ("A7", "column 2: `7`"),
            ("A11", "column 3: a grade is"),
        ] {
            let error = Grade::parse(text, System::Admiralty).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
