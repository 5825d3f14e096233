//! Why a command failed, for the person or program that asked.

use std::fmt::Write as _;

use serde::Serialize;

use crate::config::ConfigError;
use crate::folder::FolderError;
use crate::keyd::StartError;
use crate::page::clean;
use crate::secrets::SecretError;

use super::{Detail, Exit};

/// Why a command failed, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
    place: Option<Box<Place>>,
    causes: Vec<String>,
}

/// Where in a file the fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

/// A failure as a document.
#[derive(Serialize)]
pub(super) struct Fields<'a> {
    ok: bool,
    exit: u8,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    causes: &'a [String],
}

impl Failure {
    /// A failure that ends with `exit`, and its causes.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let causes = error.chain().skip(1).map(ToString::to_string).collect();
        Self { exit, message: error.to_string(), hint: None, place: None, causes }
    }

    /// A failure of something that was asked rightly.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// A failure of whoever asked.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Says what was attempted, before what went wrong.
    #[must_use]
    pub fn context(mut self, attempt: &str) -> Self {
        let cause = std::mem::replace(&mut self.message, attempt.to_owned());
        self.message = format!("{attempt}: {cause}");
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says where the fault is.
    #[must_use]
    pub fn place(mut self, place: Option<Place>) -> Self {
        self.place = place.map(Box::new);
        self
    }

    /// What went wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How the command ends.
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// The failure for people: no line feeds in it but those between its lines.
    pub(super) fn page(&self, detail: Detail) -> String {
        // What is quoted may come from outside, and a terminal obeys what it prints.
        fn one_line(text: &str) -> String {
            clean(&text.split(['\n', '\r']).map(str::trim).collect::<Vec<_>>().join(" "))
        }
        let mut page = format!("error: {}", one_line(&self.message));
        if let Some(hint) = &self.hint {
            // Writing to a string cannot fail.
            let _ = write!(page, "\nhint: {}", one_line(hint));
        }
        if detail == Detail::Causes {
            for cause in &self.causes {
                let _ = write!(page, "\ncause: {}", one_line(cause));
            }
        }
        page
    }

    pub(super) fn fields(&self, detail: Detail) -> Fields<'_> {
        Fields {
            ok: false,
            exit: self.exit.code(),
            error: &self.message,
            hint: self.hint.as_deref(),
            place: self.place.as_deref(),
            causes: if detail == Detail::Causes { &self.causes } else { &[] },
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let place = match &error {
            ConfigError::Wrong { file, line: Some(line), .. } => Some(Place {
                file: file.display().to_string(),
                line: line.number,
                text: line.text.clone(),
            }),
            ConfigError::Wrong { line: None, .. }
            | ConfigError::File(_)
            | ConfigError::Encoding { .. } => None,
        };
        Self::usage(error).place(place)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Config(error) => error.into(),
            FolderError::NoNode { .. } | FolderError::TooDeep { .. } => Self::usage(error),
            FolderError::InUse { .. } | FolderError::File(_) => Self::failed(error),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::failed(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_show_only_when_asked_for() {
        let error = anyhow::anyhow!("disk\nfull").context("the object was not stored");
        let failure = Failure::from(error).hint("free some space");
        let plain = failure.page(Detail::Plain);
        assert_eq!(plain, "error: the object was not stored\nhint: free some space");
        assert_eq!(failure.page(Detail::Causes), format!("{plain}\ncause: disk full"));
        assert!(failure.fields(Detail::Plain).causes.is_empty());
        assert_eq!(failure.fields(Detail::Causes).causes.len(), 1);
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        let failure = Failure::usage(anyhow::anyhow!("`\u{1b}[2J` is no marking"));
        assert_eq!(failure.page(Detail::Plain), "error: `\u{fffd}[2J` is no marking");
    }
}
