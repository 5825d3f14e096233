//! Labels as people write them: `SECRET-A//REL TO XBR, XCO//ORCON//TLP:AMBER`.
//!
//! The marking comes first, in the words of the originator's scheme, then the controls, with `//`
//! between. Reading and printing are inverse. `docs/guides/labels.md` explains it to people.

use entente_model::facts::Portion;
use entente_model::{Control, Label, Timestamp};
use thiserror::Error;

use crate::control;
use crate::problem::{excerpt, nearest};
use crate::scheme::Scheme;

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
    /// The same control stands there twice.
    #[error("`{control}` stands there twice; write it once")]
    Twice {
        /// What was written.
        control: String,
    },
}

/// Reads a label in the originator's scheme.
pub fn parse_label(text: &str, scheme: &Scheme, created: Timestamp) -> Result<Label, LabelError> {
    let (marking, class, controls) = read(text, scheme)?;
    Ok(Label {
        policy: scheme.owner().to_owned(),
        class,
        marking,
        controls,
        created,
        review: None,
        alternatives: Vec::new(),
    })
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
    let fail = |column, fault| Err(LabelError { column, fault });
    if text.len() > LABEL_BYTES_MAX {
        return fail(1, LabelFault::TooLong);
    }
    let mut segments = segments(text);
    let (column, marking) = segments.next().unwrap_or((1, ""));
    if marking.is_empty() {
        let example = scheme.markings().next().map_or("", |(m, _)| m).to_owned();
        return fail(column, LabelFault::Empty { example });
    }
    let Some(class) = scheme.level(marking) else {
        return fail(
            column,
            LabelFault::UnknownMarking {
                marking: excerpt(marking),
                owner: scheme.owner().to_owned(),
                hint: marking_hint(marking, scheme),
            },
        );
    };
    let mut controls: Vec<Control> = Vec::new();
    for (column, written) in segments {
        match control::read(written) {
            None => {
                let fault = LabelFault::UnknownControl {
                    control: excerpt(written),
                    hint: control_hint(written),
                };
                return fail(column, fault);
            }
            Some(Err(right)) => {
                return fail(column, LabelFault::Malformed { control: excerpt(written), right });
            }
            Some(Ok(one)) if controls.iter().any(|c| control::excludes(c, &one)) => {
                return fail(column, LabelFault::Twice { control: excerpt(written) });
            }
            Some(Ok(one)) => controls.push(one),
        }
    }
    Ok((marking.to_owned(), class, controls))
}

/// The parts between `//`, trimmed, with the columns at which they start.
fn segments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut column = 1;
    text.split("//").map(move |raw| {
        let start = column + raw.chars().take_while(|c| c.is_whitespace()).count();
        column += raw.chars().count() + 2;
        (start, raw.trim())
    })
}

fn marking_hint(marking: &str, scheme: &Scheme) -> String {
    if let Some(meant) = scheme.nearest(marking) {
        return format!("did you mean `{meant}`?");
    }
    let all: Vec<&str> = scheme.markings().map(|(m, _)| m).collect();
    format!("its markings are {}", all.join(", "))
}

fn control_hint(written: &str) -> String {
    let known: Vec<&str> = control::TYPES.iter().map(|t| t.prefix().trim_end()).collect();
    let word = written.split([' ', ':', '[', ',']).next().unwrap_or(written);
    match nearest(written, known.iter().copied()).or_else(|| nearest(word, known.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known controls: {}", known.join(", ")),
    }
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
