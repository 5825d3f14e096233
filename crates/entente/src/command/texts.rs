//! What is done with the texts of agreements and laws, without a node: check, show, lay out, draft.

mod check;
mod draft;
mod fmt;
mod show;

use std::path::Path;

use entente_law::{Agreement, NationalLaw, Problems, Schemes};

use crate::output::Failure;

use super::input;

pub(super) use check::CheckArgs;
pub(super) use draft::NewArgs;
pub(super) use fmt::FmtArgs;
pub(super) use show::{ShowAgreementArgs, ShowLawArgs};

/// Which kind of text a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Agreements between nations, or within one.
    Agreement,
    /// National laws.
    Law,
}

/// A text that was understood.
enum Text {
    Agreement(Box<Agreement>),
    Law(Box<NationalLaw>),
}

impl Kind {
    /// Reads a file of this kind.
    fn read(self, path: &Path) -> Result<Result<Text, Problems>, Failure> {
        let text = input::text(path)?;
        Ok(match self {
            Self::Agreement => Agreement::parse(&text).and_then(|agreement| {
                // A marking that its scheme lacks would keep the agreement from coming into force.
                match Problems::of(agreement.unknown_markings(&Schemes::builtin())) {
                    Some(problems) => Err(problems),
                    None => Ok(Text::Agreement(Box::new(agreement))),
                }
            }),
            Self::Law => NationalLaw::parse(&text).map(|law| Text::Law(Box::new(law))),
        })
    }
}
