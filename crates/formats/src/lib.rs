//! Formats of the field, on their way in: a file becomes pieces that can be labelled and shared.
//!
//! [`split`] is the one entry. It takes the bytes of a file as somebody else wrote them, checks
//! them under [`Limits`], and cuts them into [`Piece`]s: one for each STIX object, MISP event,
//! CAP alert or log of AIS traffic, or one document for anything else that has a media type.
//!
//! INVARIANT: a piece's payload is a slice of the original bytes, never a rewritten copy, so
//! what a partner receives is what the author wrote. Markings found inside are reported beside
//! it ([`FoundMarking`]); what they mean, and what label the piece gets, belongs to
//! `entente-law`. Nothing here decides, stores or sends.

pub mod ais;
pub mod cap;
pub mod conform;
pub mod jcs;
pub mod json;
pub mod pattern;
pub mod portion;
pub mod sniff;
pub mod stix;

mod intake;
mod marking;
mod misp;
mod piece;
mod text;

pub use intake::{IntakeError, Kind, Limits, MediaHint, OnBad, Refused, Split, split};
pub use marking::{FoundMarking, Tlp};
pub use piece::Piece;
pub use sniff::sniff;
