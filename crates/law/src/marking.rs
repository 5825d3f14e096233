//! Labels as people write them: `SECRET-A//REL TO XBR, XCO//ORCON//TLP:AMBER`.
//!
//! The marking comes first, in the words of the originator's scheme, then the controls, with `//`
//! between. A scheme may have words and categories of its own, and short forms for portions:
//! `(TS//SI//OC/NF)`. Reading and printing are inverse. `docs/guides/labels.md` and
//! `docs/guides/classification.md` explain it to people.

use entente_model::facts::Portion;
use entente_model::{Control, Label, Timestamp};
use thiserror::Error;

use crate::control;
use crate::scheme::{Scheme, Schemes};

mod banner;
mod reading;

pub(crate) use banner::sort_codes;
pub use banner::{canonical, print_banner, print_in_document, print_portion_mark};
use reading::Reading;

/// A label may not be longer than this when written.
pub const LABEL_BYTES_MAX: usize = 2048;

/// Why a label cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column}: {fault}")]
pub struct LabelError {
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub fault: LabelFault,
}

/// What is wrong with a label.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelFault {
    /// There is nothing to read.
    #[error("the label is empty; it starts with a marking of the scheme, such as `{example}`")]
    Empty {
        /// A marking of the scheme.
        example: String,
    },
    /// It is longer than any label.
    #[error("the label is longer than {LABEL_BYTES_MAX} bytes")]
    TooLong,
    /// The scheme has no such marking.
    #[error("`{marking}` is not a marking of {owner}; {hint}")]
    UnknownMarking {
        /// What was written.
        marking: String,
        /// Whose scheme it is.
        owner: String,
        /// What would be right.
        hint: String,
    },
    /// There is no such control.
    #[error("`{control}` is not a control that is known here; {hint}")]
    UnknownControl {
        /// What was written.
        control: String,
        /// What would be right.
        hint: String,
    },
    /// A control is not written right.
    #[error("`{control}`: {right}")]
    Malformed {
        /// What was written.
        control: String,
        /// What would be right.
        right: String,
    },
    /// Several owners have such a marking.
    #[error(
        "`{marking}` is a marking of {owners}; write the owner's code before it, as in `//{example}`"
    )]
    Ambiguous {
        /// What was written.
        marking: String,
        /// Whose it may be.
        owners: String,
        /// One of the ways to say it.
        example: String,
    },
    /// The portion's bracket is not closed.
    #[error("the portion begins with `(` and does not end with `)`")]
    Unclosed,
    /// The same control stands there twice.
    #[error("`{control}` stands there twice; write it once")]
    Twice {
        /// What was written.
        control: String,
    },
}

/// A label that was read, and what a person should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The label.
    pub label: Label,
    /// Findings that are no errors, each in a sentence.
    pub findings: Vec<String>,
}

/// Reads a label in the originator's scheme.
pub fn parse_label(text: &str, scheme: &Scheme, created: Timestamp) -> Result<Label, LabelError> {
    let reading = Reading { scheme, schemes: None, banner: None, on: Some(created) };
    Ok(reading.read(text)?.into_label(created))
}

/// Reads a banner or a portion in a scheme, which may be of a document that holds others'
/// classifications. `on` is the day of the document, and `banner` its banner, for which a portion
/// may write `REL` alone.
pub fn parse_marking(
    text: &str,
    scheme: &Scheme,
    schemes: &Schemes,
    banner: Option<&Label>,
    on: Timestamp,
) -> Result<Parsed, LabelError> {
    let reading = Reading { scheme, schemes: Some(schemes), banner, on: Some(on) };
    let mut read = reading.read(text)?;
    let findings = std::mem::take(&mut read.findings);
    Ok(Parsed { label: read.into_label(on), findings })
}

/// Prints a label as [`parse_label`] reads it.
pub fn print_label(label: &Label) -> String {
    print(&label.marking, &label.controls)
}

/// Prints a portion's marking and controls.
pub fn print_portion(portion: &Portion) -> String {
    print(&portion.marking, &portion.controls)
}

fn print(marking: &str, controls: &[Control]) -> String {
    let mut out = marking.to_owned();
    for one in controls {
        out.push_str("//");
        out.push_str(&control::print(one));
    }
    out
}

/// Reads marking, level and controls.
pub(crate) fn read(text: &str, scheme: &Scheme) -> Result<(String, u8, Vec<Control>), LabelError> {
    let read = Reading { scheme, schemes: None, banner: None, on: None }.read(text)?;
    Ok((read.marking, read.class, read.controls))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scheme::Schemes;

    fn check(text: &str) -> Result<Label, String> {
        let schemes = Schemes::builtin();
        parse_label(text, schemes.get("XAR").unwrap(), Timestamp::from_millis(1))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_full_label_reads_and_prints() {
        let text = "SECRET-A//REL TO XBR, XCO//ORCON//TLP:RED[officer.one, officer.two]";
        let label = check(text).unwrap();
        assert_eq!((label.class, label.policy.as_str()), (3, "XAR"));
        assert_eq!(label.control("REL_TO").unwrap().values, ["XBR", "XCO"]);
        assert_eq!(label.control("TLP").unwrap().values, ["RED", "officer.one", "officer.two"]);
        assert_eq!(print_label(&label), text);
        assert_eq!(
            check(" SECRET-A // REL TO XBR,XCO // ORCON//TLP:RED[officer.one,officer.two]"),
            Ok(label)
        );
    }

    #[test]
    fn errors_give_the_column_and_what_would_be_right() {
        for (text, expected) in [
            ("", "column 1: the label is empty"),
            ("SECRTE-A", "column 1: `SECRTE-A` is not a marking of XAR; did you mean `SECRET-A`?"),
            ("LUKKET//ORCON", "column 1: `LUKKET` is not a marking of XAR"),
            (
                "OPEN//NOFRON",
                "column 7: `NOFRON` is not a control that is known here; did you mean `NOFORN`?",
            ),
            ("OPEN//REL TO", "column 7: `REL TO`: expected nation or group codes"),
            ("OPEN// REL TO xbr", "column 8: `REL TO xbr`: expected nation or group codes"),
            ("OPEN//REL TOXBR", "column 7: `REL TOXBR` is not a control"),
            ("OPEN//NOFORN X", "column 7: `NOFORN X` is not a control"),
            ("OPEN//ORCON//", "column 14: `` is not a control"),
            ("OPEN//TLP:BLUE", "column 7: `TLP:BLUE`: expected TLP:RED"),
            ("OPEN//TLP:GREEN[a]", "column 7: `TLP:GREEN[a]`: only TLP:RED names"),
            ("OPEN//ORCON//ORCON", "column 14: `ORCON` stands there twice"),
        ] {
            let message = check(text).unwrap_err();
            assert!(message.starts_with(expected), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_printing(
            marking in prop::sample::select(vec!["OPEN", "SERVICE", "SECRET-A", "CROWN SECRET"]),
            rel in prop::option::of(prop::collection::vec("X[A-Z]{2}", 1..5)),
            orcon: bool,
            noforn: bool,
            names in prop::option::of(prop::collection::vec("[a-z]{1,8}( [a-z]{1,5})?", 0..3)),
        ) {
            let schemes = Schemes::builtin();
            let scheme = schemes.get("XAR").unwrap();
            let mut label = parse_label(marking, scheme, Timestamp::from_millis(1)).unwrap();
            let mut add = |tag: &str, values: Vec<String>| {
                label.controls.push(Control {
                    tag: tag.into(),
                    kind: control::find(tag).unwrap().kind(),
                    values,
                });
            };
            if noforn { add("NOFORN", vec![]); }
            if let Some(rel) = rel { add("REL_TO", rel); }
            if orcon { add("ORCON", vec![]); }
            if let Some(names) = names {
                add("TLP", std::iter::once("RED".to_owned()).chain(names).collect());
            }
            prop_assert_eq!(
                parse_label(&print_label(&label), scheme, Timestamp::from_millis(1)),
                Ok(label)
            );
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = check(&text);
        }
    }
}
