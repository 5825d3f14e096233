//! What a pattern must keep to beyond the grammar.
//!
//! A pattern that breaks one of these rules can still be evaluated, and its meaning is plain;
//! it should not be written or accepted.

use super::Version;
use super::ast::{Comparison, Constant, Observation, Operator, Qualified, Qualifier, Step, Test};
use super::error::PatternProblem;
use crate::text::quoted;

/// A problem and where it stands.
type Fault = (usize, PatternProblem);

/// The first fault of an observation expression, from left to right.
pub(super) fn observation(observation: &Observation, version: Version) -> Result<(), Fault> {
    match observation {
        Observation::Test(test) => comparison(test),
        Observation::All(list) | Observation::Any(list) | Observation::InOrder(list) => {
            list.iter().try_for_each(|one| self::observation(one, version))
        }
        Observation::Qualified(qualified) => {
            self::observation(&qualified.observation, version)?;
            qualifiers(qualified, version)
        }
    }
}

/// STIX 2.1 section 9.5: of each kind, one qualifier for an observation expression. In
/// parentheses a qualified expression is an expression of its own.
fn qualifiers(qualified: &Qualified, version: Version) -> Result<(), Fault> {
    let once = version == Version::V21 && !qualified.grouped;
    let mut seen: Vec<&'static str> = Vec::new();
    for placed in &qualified.qualifiers {
        let qualifier = placed.qualifier.word();
        if let Qualifier::Repeats(0) | Qualifier::Within(0) = placed.qualifier {
            return Err((placed.offset, PatternProblem::NotPositive { qualifier }));
        }
        if once && seen.contains(&qualifier) {
            return Err((placed.offset, PatternProblem::QualifierTwice { qualifier }));
        }
        seen.push(qualifier);
    }
    Ok(())
}

fn comparison(one: &Comparison) -> Result<(), Fault> {
    match one {
        Comparison::Test(test) => hash(test),
        Comparison::All(list) | Comparison::Any(list) => list.iter().try_for_each(comparison),
    }
}

/// A hash that no file can have finds nothing, so it is a slip of the pen.
fn hash(test: &Test) -> Result<(), Fault> {
    let of_hashes = test.path.steps.iter().any(|step| *step == Step::Key("hashes".into()));
    let Some(Step::Key(algorithm)) = test.path.steps.last().filter(|_| of_hashes) else {
        return Ok(());
    };
    let Some(form) = Form::of(algorithm) else { return Ok(()) };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others do not name a whole hash")]
    let constants = match &test.operator {
        Operator::Equal(constant) | Operator::NotEqual(constant) => std::slice::from_ref(constant),
        Operator::In(set) => set,
        _ => return Ok(()),
    };
    match constants.iter().find(|constant| !form.is_kept_by(constant)) {
        None => Ok(()),
        Some(wrong) => {
            let found = if let Constant::Text(text) = wrong {
                quoted(text)
            } else {
                "a constant that is no string".into()
            };
            let (algorithm, expected) = (shown(algorithm), form.shown());
            Err((test.offset, PatternProblem::Hash { found, algorithm, expected }))
        }
    }
}

fn shown(algorithm: &str) -> String {
    quoted(algorithm).trim_matches('`').to_owned()
}

/// How a hash of an algorithm is written.
enum Form {
    /// This many hexadecimal digits, or one of these numbers of them.
    Hex(&'static [usize]),
    /// A fuzzy hash of up to 128 characters.
    Ssdeep,
}

impl Form {
    /// By the algorithm's name, whose case and hyphens are written in many ways.
    fn of(algorithm: &str) -> Option<Self> {
        let name: String = algorithm.chars().filter(|c| *c != '-').collect();
        Some(Self::Hex(match name.to_ascii_uppercase().as_str() {
            "MD5" => &[32],
            "MD6" => &[32, 40, 56, 64, 96, 128],
            "RIPEMD160" | "SHA1" => &[40],
            "SHA224" | "SHA3224" => &[56],
            "SHA256" | "SHA3256" => &[64],
            "SHA384" | "SHA3384" => &[96],
            "SHA512" | "SHA3512" | "WHIRLPOOL" => &[128],
            "SSDEEP" => return Some(Self::Ssdeep),
            _ => return None,
        }))
    }

    fn is_kept_by(&self, constant: &Constant) -> bool {
        let Constant::Text(text) = constant else { return false };
        match self {
            Self::Hex(digits) => {
                digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Ssdeep => {
                let within = |b: u8| b.is_ascii_alphanumeric() || b"/+:.".contains(&b);
                (1..=128).contains(&text.len()) && text.bytes().all(within)
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Hex(digits) => {
                let digits: Vec<String> = digits.iter().map(ToString::to_string).collect();
                format!("{} hexadecimal digits", digits.join(" or "))
            }
            Self::Ssdeep => "up to 128 letters, digits or `/+:.`".into(),
        }
    }
}
