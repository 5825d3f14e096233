//! The one entry: a file in, pieces out.

use thiserror::Error;

use crate::json::{JsonError, JsonLimits, StrictJson};
use crate::piece::Piece;
use crate::text::{line_and_column, one_line, quoted};
use crate::{ais, cap, misp, stix};

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A STIX 2.1 bundle, or one STIX object.
    Stix,
    /// A MISP event, or what MISP's API answers with: a list of events.
    Misp,
    /// A CAP 1.2 alert.
    Cap,
    /// A log of AIS traffic: NMEA 0183 sentences, one a line.
    Ais,
    /// Anything else, by its media type. It becomes one document.
    Document {
        /// The media type, such as `application/pdf`.
        media_type: String,
    },
}

/// What a file is, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaHint {
    /// What it is.
    pub kind: Kind,
    /// Its name without folders, for pieces that have no name of their own.
    pub file_name: Option<String>,
}

/// How much is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes_max: usize,
    /// Bytes of one piece: the inline payload of protocol version 1.
    pub piece_bytes_max: usize,
    /// Pieces of one file.
    pub pieces_max: usize,
    /// Levels of JSON and of XML.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 256 << 20,
            piece_bytes_max: 1 << 20,
            pieces_max: 1_000_000,
            depth_max: 64,
        }
    }
}

/// What to do with a file in which some pieces are bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBad {
    /// Take none.
    RefuseAll,
    /// Take the good ones and report the others.
    TakeRest,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split<'a> {
    /// What can be taken, in the file's order.
    pub pieces: Vec<Piece<'a>>,
    /// What cannot. Empty under [`OnBad::RefuseAll`].
    pub refused: Vec<Refused>,
    /// What is odd about the file as a whole, one sentence each.
    pub findings: Vec<String>,
}

impl<'a> Split<'a> {
    /// The split of a file that is one piece.
    pub(crate) fn one(piece: Piece<'a>) -> Self {
        Self { pieces: vec![piece], refused: Vec::new(), findings: Vec::new() }
    }
}

/// A piece that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}{}: {problem}", .id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default())]
pub struct Refused {
    /// Where it stands, such as `objects[3]`.
    pub place: String,
    /// What it is called, if it can be told.
    pub id: Option<String>,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// Why nothing was taken from a file. Each is for its author to mend.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IntakeError {
    /// Nothing in it.
    #[error("the file is empty; expected content to share")]
    Empty,
    /// Too many bytes.
    #[error("the file has {bytes} bytes; at most {max} are accepted, so split it")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Too many pieces.
    #[error("the file has {pieces} pieces; at most {max} are accepted, so split it")]
    TooMany {
        /// How many it has.
        pieces: usize,
        /// How many it may have.
        max: usize,
    },
    /// The JSON guard refused it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The XML is unacceptable.
    #[error("XML is refused at line {line}, column {column}: {problem}")]
    Xml {
        /// What is wrong and what would be right.
        problem: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// It is something else than it was said to be.
    #[error("the file is not {expected}: {problem}")]
    NotThat {
        /// What it was said to be.
        expected: &'static str,
        /// What speaks against it, and what would be right.
        problem: String,
    },
    /// The media type is none.
    #[error("{0} is not a media type; expected type/subtype, such as application/pdf")]
    MediaType(String),
    /// Pieces are bad, and none was to be taken unless all are good, or none is good.
    #[error("{}", refusal(.refused, *.total))]
    Refused {
        /// The bad ones.
        refused: Vec<Refused>,
        /// How many pieces the file has.
        total: usize,
    },
}

impl IntakeError {
    /// An XML problem at a byte offset.
    pub(crate) fn xml(bytes: &[u8], offset: usize, problem: impl Into<String>) -> Self {
        let (line, column) = line_and_column(bytes, offset);
        // It may quote the file.
        Self::Xml { problem: one_line(&problem.into()), line, column }
    }
}

fn refusal(refused: &[Refused], total: usize) -> String {
    let first = refused.first().map(ToString::to_string).unwrap_or_default();
    match refused.len() {
        1 if total == 1 => format!("nothing was taken: {first}"),
        1 => format!("one of {total} pieces cannot be taken, so none was: {first}"),
        n => format!("{n} of {total} pieces cannot be taken, so none was; the first: {first}"),
    }
}

/// Checks a file and cuts it into pieces.
pub fn split<'a>(
    bytes: &'a [u8],
    hint: &MediaHint,
    limits: &Limits,
    on_bad: OnBad,
) -> Result<Split<'a>, IntakeError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(IntakeError::Empty);
    }
    if bytes.len() > limits.file_bytes_max {
        let max = limits.file_bytes_max;
        return Err(IntakeError::TooLarge { bytes: bytes.len(), max });
    }
    let split = match &hint.kind {
        Kind::Stix => stix::split(strict(bytes, limits)?, limits)?,
        Kind::Misp => misp::split(strict(bytes, limits)?, limits)?,
        Kind::Cap => Split::one(cap::read(bytes, limits.depth_max)?),
        Kind::Ais => Split::one(ais::read(bytes, hint)?),
        Kind::Document { media_type } => Split::one(document(bytes, media_type, hint, limits)?),
    };
    judge(split, limits, on_bad)
}

/// Applies the limit on pieces and the caller's choice about bad ones.
fn judge<'a>(
    mut split: Split<'a>,
    limits: &Limits,
    on_bad: OnBad,
) -> Result<Split<'a>, IntakeError> {
    let total = split.pieces.len() + split.refused.len();
    let max = limits.piece_bytes_max;
    let refused = &mut split.refused;
    split.pieces.retain(|piece| {
        let fits = piece.payload.len() <= max;
        if !fits {
            let bytes = piece.payload.len();
            let problem = format!("it has {bytes} bytes; one piece may have at most {max}");
            let place = one_line(&piece.title);
            refused.push(Refused { place, id: Some(piece.name.clone()), problem });
        }
        fits
    });
    let take_none = on_bad == OnBad::RefuseAll || split.pieces.is_empty();
    if !split.refused.is_empty() && take_none {
        return Err(IntakeError::Refused { refused: split.refused, total });
    }
    Ok(split)
}

fn strict<'a>(bytes: &'a [u8], limits: &Limits) -> Result<StrictJson<'a>, JsonError> {
    let limits = JsonLimits { bytes_max: limits.file_bytes_max, depth_max: limits.depth_max };
    StrictJson::check(bytes, &limits)
}

/// Takes any file as one document.
fn document<'a>(
    bytes: &'a [u8],
    media_type: &str,
    hint: &MediaHint,
    limits: &Limits,
) -> Result<Piece<'a>, IntakeError> {
    if !is_media_type(media_type) {
        return Err(IntakeError::MediaType(quoted(media_type)));
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence == "application/json" || essence.ends_with("+json") {
        strict(bytes, limits)?;
    }
    let name = hint.file_name.as_deref().map_or_else(|| "document".to_owned(), one_line);
    Ok(Piece {
        title: name.clone(),
        name,
        object_type: "document".to_owned(),
        media_type: media_type.to_owned(),
        payload: bytes,
        created: None,
        markings: Vec::new(),
        records: 1,
        exercise: false,
        findings: Vec::new(),
    })
}

/// RFC 6838 names, then parameters of visible ASCII.
fn is_media_type(text: &str) -> bool {
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let name = |name: &str| {
        (1..=127).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    parameters.len() <= 127
        && parameters.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && essence.split_once('/').is_some_and(|(a, b)| name(a) && name(b))
}

#[cfg(test)]
mod tests;
