//! The one writer: everything that a command says goes through here.
//!
//! For people or, with `--json`, as one document on standard output with a `schema` number that
//! changes when a field loses its meaning. Progress and errors for people go to standard error.
//! What belongs to a command's answer is the command's; how it is written is decided here.

mod failure;

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

pub use failure::{Failure, Place};

/// The version of the documents.
const SCHEMA: u32 = 1;

/// How a command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Done,
    /// It was refused, or it failed.
    Failed,
    /// It was asked wrongly, or its input is wrong.
    Usage,
    /// The node is not running.
    NotRunning,
    /// The partner cannot be reached.
    Unreachable,
    /// It waits for a second person.
    SecondPerson,
}

impl Exit {
    /// Every way to end.
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NotRunning,
        Self::Unreachable,
        Self::SecondPerson,
    ];

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::Unreachable => 4,
            Self::SecondPerson => 5,
        }
    }

    /// What the code means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "refused or failed",
            Self::Usage => "asked wrongly, or bad input",
            Self::NotRunning => "the node is not running",
            Self::Unreachable => "the partner cannot be reached",
            Self::SecondPerson => "waits for a second person",
        }
    }
}

/// What a command answers: fields for programs, lines for people.
pub trait Report: Serialize {
    /// Writes the answer for people.
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result;
}

/// For whom a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Lines.
    People,
    /// One JSON document.
    Programs,
}

/// How much is said about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What happened and what to do.
    Plain,
    /// Also what caused it.
    Causes,
}

/// The writer.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    audience: Audience,
    detail: Detail,
}

#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    body: &'a T,
}

impl Output {
    /// A writer for one command.
    pub const fn new(audience: Audience, detail: Detail) -> Self {
        Self { audience, detail }
    }

    /// For whom the command answers.
    pub const fn audience(self) -> Audience {
        self.audience
    }

    /// Writes a command's answer to standard output.
    pub fn report<R: Report>(self, report: &R) -> Result<(), Failure> {
        match self.audience {
            Audience::People => {
                let mut page = String::new();
                report.people(&mut page).map_err(Failure::failed)?;
                self.text(&page)
            }
            Audience::Programs => self.document(report),
        }
    }

    /// Writes an answer that is a text of its own, such as a script, to standard output.
    pub fn text(self, text: &str) -> Result<(), Failure> {
        write_to(&mut io::stdout().lock(), text)
            .map_err(|e| Failure::failed(e).context("standard output could not be written"))
    }

    /// Tells people, on standard error, how far a long command is.
    pub fn progress(self, line: &dyn fmt::Display) {
        // A closed standard error is no reason to stop working.
        let _ = write_to(&mut io::stderr().lock(), &format!("{line}\n"));
    }

    /// Says why a command failed.
    pub fn failure(self, failure: &Failure) {
        match self.audience {
            Audience::People => self.progress(&failure.page(self.detail)),
            Audience::Programs => {
                // If standard output is closed there is nobody left to tell.
                let _ = self.document(&failure.fields(self.detail));
            }
        }
    }

    fn document<T: Serialize>(self, body: &T) -> Result<(), Failure> {
        let mut line =
            serde_json::to_string(&Document { schema: SCHEMA, body }).map_err(Failure::failed)?;
        line.push('\n');
        self.text(&line)
    }
}

/// A reader that went away, such as `head`, is no error.
fn write_to(stream: &mut impl Write, text: &str) -> io::Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[test]
fn exit_codes_are_their_place_in_the_list() {
    for (code, exit) in Exit::ALL.iter().enumerate() {
        assert_eq!(usize::from(exit.code()), code, "{}", exit.meaning());
    }
}
