//! One piece of intelligence as it was found in a file.

use entente_model::Timestamp;

use crate::marking::{FoundMarking, Tlp};

/// One piece of intelligence: bytes as their author wrote them, and what they say of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What its format calls it: STIX id, MISP uuid, CAP identifier, or the file's name.
    pub name: String,
    /// Its type in the decision vocabulary: `indicator`, `vessel_track`, `document`, ….
    pub object_type: String,
    /// The media type of the payload.
    pub media_type: String,
    /// The bytes of this piece, exactly as they stand in the file.
    pub payload: &'a [u8],
    /// One line for people.
    pub title: String,
    /// When its author made it, if it says so.
    pub created: Option<Timestamp>,
    /// Every marking found inside, in the order found.
    pub markings: Vec<FoundMarking>,
    /// How many records it holds: attributes of an event, messages of a log; otherwise one.
    pub records: u64,
    /// It says of itself that it belongs to an exercise or a test.
    pub exercise: bool,
    /// What is odd about it but does not keep it out, one sentence each.
    pub findings: Vec<String>,
}

impl Piece<'_> {
    /// The strictest TLP colour found inside.
    pub fn tlp(&self) -> Option<Tlp> {
        self.markings.iter().filter_map(FoundMarking::tlp).max()
    }
}
