//! CAP: public warnings, in versions 1.0, 1.1 and 1.2 of the Common Alerting Protocol.
//!
//! [`tree`] reads the XML under limits: no document type, so no entity of its own, and nothing
//! outside the bytes. [`schema`] holds it against the schema of its version, [`rules`] against
//! what the standard says in words, and [`Alert`] is the typed content of an alert whose schema
//! is kept. [`chain`] tells which alerts are in force once others update or cancel them. An
//! imported alert stays as it is, one piece, and must be of version 1.2.
//!
//! Signatures are passed over, not checked.

pub mod alert;
pub mod chain;
pub mod geometry;
pub mod rules;
pub mod schema;
pub mod tree;
pub mod value;

mod html;
mod piece;

pub(crate) use piece::read;

pub use alert::{Alert, CapError};
