//! Words of estimative probability, as typed values: scale, term and range together.
//!
//! The same word means different ranges on different scales, so a term without its scale means
//! nothing, and terms are translated by range, never by word. A number in a gap of a scale has no
//! term there: an analyst decides.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A scale of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Intelligence Community Directive 203 of the United States.
    Icd203,
    /// The yardstick of the Professional Head of Intelligence Assessment, United Kingdom.
    Phia,
    /// NATO, the family of AJP-2.
    Nato,
}

/// One step of a scale: the range in percent, and its terms.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// From this percentage.
    pub from: u8,
    /// To this one.
    pub to: u8,
    /// Whether the upper end itself is outside.
    pub below: bool,
    /// Terms that mean the same.
    pub terms: &'static [&'static str],
}

const fn step(from: u8, to: u8, terms: &'static [&'static str]) -> Step {
    Step { from, to, below: false, terms }
}

const ICD203: &[Step] = &[
    step(1, 5, &["almost no chance", "remote"]),
    step(5, 20, &["very unlikely", "highly improbable"]),
    step(20, 45, &["unlikely", "improbable"]),
    step(45, 55, &["roughly even chance", "roughly even odds"]),
    step(55, 80, &["likely", "probable"]),
    step(80, 95, &["very likely", "highly probable"]),
    step(95, 99, &["almost certain", "almost certainly", "nearly certain"]),
];

const PHIA: &[Step] = &[
    step(0, 5, &["remote chance"]),
    step(10, 20, &["highly unlikely"]),
    step(25, 35, &["unlikely"]),
    Step { from: 40, to: 50, below: true, terms: &["realistic possibility"] },
    step(55, 75, &["likely", "probable"]),
    step(80, 90, &["highly likely"]),
    step(95, 100, &["almost certain"]),
];

const NATO: &[Step] = &[
    Step { from: 0, to: 10, below: true, terms: &["highly unlikely"] },
    step(10, 40, &["unlikely"]),
    step(40, 60, &["even chance"]),
    step(60, 90, &["likely"]),
    // Above 90, which a whole percentage begins at 91.
    step(91, 100, &["highly likely"]),
];

impl Scale {
    /// Every scale.
    pub const ALL: [Self; 3] = [Self::Icd203, Self::Phia, Self::Nato];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Icd203 => "icd-203",
            Self::Phia => "phia",
            Self::Nato => "nato",
        }
    }

    /// Its steps, from the least likely.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Icd203 => ICD203,
            Self::Phia => PHIA,
            Self::Nato => NATO,
        }
    }

    /// The step in which a whole percentage lies. None in a gap, and none where two steps meet:
    /// that is for an analyst.
    pub fn at(self, percent: u8) -> Option<&'static Step> {
        let holds =
            |s: &&Step| percent >= s.from && if s.below { percent < s.to } else { percent <= s.to };
        let mut found = self.steps().iter().filter(holds);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scale {
    type Err = LikelihoodError;

    fn from_str(text: &str) -> Result<Self, LikelihoodError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| LikelihoodError::UnknownScale(text.to_owned()))
    }
}

/// Text that is no likelihood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LikelihoodError {
    /// There is no such scale.
    #[error("`{0}` is no scale of likelihood; expected icd-203, phia or nato")]
    UnknownScale(String),
    /// The scale has no such term.
    #[error("`{term}` is no term of {scale}; expected one of {known}")]
    UnknownTerm {
        /// What was written.
        term: String,
        /// The scale.
        scale: Scale,
        /// What would be right.
        known: String,
    },
}

/// A likelihood: a term of a scale, with its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likelihood {
    scale: Scale,
    term: &'static str,
    step: &'static Step,
}

impl Likelihood {
    /// Reads a term of a scale.
    pub fn parse(term: &str, scale: Scale) -> Result<Self, LikelihoodError> {
        let all = || scale.steps().iter().flat_map(|s| s.terms.iter().map(move |t| (s, *t)));
        let found = all().find(|(_, known)| *known == term);
        found.map(|(step, term)| Self { scale, term, step }).ok_or_else(|| {
            let known: Vec<&str> = all().map(|(_, t)| t).collect();
            LikelihoodError::UnknownTerm { term: term.to_owned(), scale, known: known.join(", ") }
        })
    }

    /// Its scale.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Its term.
    pub const fn term(&self) -> &'static str {
        self.term
    }

    /// Its range in percent.
    pub const fn step(&self) -> &'static Step {
        self.step
    }

    /// The steps of another scale whose ranges meet this one's: a translation by range. One is a
    /// fair rendering, several are a loss that a person must see, none is a gap.
    pub fn translate(&self, to: Scale) -> Vec<&'static Step> {
        if to == self.scale {
            return vec![self.step];
        }
        let end = |s: &Step| s.to.saturating_sub(u8::from(s.below));
        to.steps()
            .iter()
            .filter(|s| s.from.max(self.step.from) <= end(s).min(end(self.step)))
            // Ranges that touch in a point alone do not mean the same.
            .filter(|s| s.from.max(self.step.from) < s.to.min(self.step.to))
            .collect()
    }
}

impl fmt::Display for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { from, to, below, .. } = self.step;
        let end = if *below { "less than " } else { "" };
        write!(f, "{} ({}, {from} to {end}{to} %)", self.term, self.scale)
    }
}

/// How well a judgement is founded; never in one sentence with a likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Few or poor sources, large assumptions or gaps.
    Low,
    /// Between the two.
    Moderate,
    /// Good sources, few assumptions.
    High,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_reads_with_its_scale_and_range() {
        for scale in Scale::ALL {
            assert_eq!(scale.as_str().parse(), Ok(scale));
            for step in scale.steps() {
                assert!(step.from < step.to);
                for term in step.terms {
                    let likelihood = Likelihood::parse(term, scale).unwrap();
                    assert_eq!((likelihood.term(), likelihood.step()), (*term, step));
                }
            }
        }
        let unlikely = |scale| Likelihood::parse("unlikely", scale).unwrap().to_string();
        assert_eq!(unlikely(Scale::Icd203), "unlikely (icd-203, 20 to 45 %)");
        assert_eq!(unlikely(Scale::Phia), "unlikely (phia, 25 to 35 %)");
        assert_eq!(unlikely(Scale::Nato), "unlikely (nato, 10 to 40 %)");
        assert!(Likelihood::parse("remote", Scale::Phia).is_err());
    }

    #[test]
    fn a_number_in_a_gap_is_not_snapped_to_a_word() {
        for percent in [7, 22, 38, 50, 52, 78, 92] {
            assert_eq!(Scale::Phia.at(percent), None, "{percent}");
        }
        assert_eq!(Scale::Phia.at(49).unwrap().terms, ["realistic possibility"]);
        assert_eq!(Scale::Icd203.at(45), None, "where two steps meet");
        assert_eq!(Scale::Icd203.at(100), None);
    }

    #[test]
    fn terms_are_translated_by_range() {
        let of = |term, from| Likelihood::parse(term, from).unwrap();
        let terms =
            |l: Likelihood, to| l.translate(to).iter().map(|s| s.terms[0]).collect::<Vec<_>>();
        assert_eq!(terms(of("unlikely", Scale::Phia), Scale::Icd203), ["unlikely"]);
        let icd = of("unlikely", Scale::Icd203);
        assert_eq!(terms(icd, Scale::Nato), ["unlikely", "even chance"]);
        assert_eq!(terms(icd, Scale::Phia), ["unlikely", "realistic possibility"]);
        assert_eq!(terms(of("highly unlikely", Scale::Phia), Scale::Nato), ["unlikely"]);
    }
}
