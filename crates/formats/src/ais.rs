//! AIS: what ships, stations and aids to navigation broadcast, as receivers log it.
//!
//! A line of a log is an NMEA 0183 sentence ([`nmea`]). Messages longer than one sentence are put
//! together ([`assemble`]), their bits are read ([`bits`]) in the layout of their type
//! ([`layout`], [`application`]), and what comes out is a [`Message`]. [`Decoder`] is all of that,
//! line by line. [`track`] puts the positions of one MMSI together. An imported log stays as it
//! is: one piece, a stretch of vessel traffic.
//!
//! Values that mean *not available* (91°, 181°, 511, 102.3 kn …) are kept as they were sent.
//! Nothing here believes what a message says: AIS is not authenticated.

pub mod application;
pub mod assemble;
pub mod bits;
pub mod layout;
pub mod nmea;
pub mod table;
pub mod track;

mod log;
mod message;

use thiserror::Error;

pub(crate) use log::{Line, classify, read};

pub use message::{Body, Message, MessageError};

use assemble::Assembler;
use bits::Bits;
use nmea::{NmeaError, Sentence};

/// Decodes the lines of a log, one after the other.
#[derive(Debug, Default)]
pub struct Decoder {
    assembler: Assembler,
}

/// What a line of a log came to.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives on the stack, one at a time")]
pub enum Decoded {
    /// It completes a message.
    Message(Message),
    /// More sentences belong to its message.
    Waiting,
    /// It is a comment, empty, or a sentence that carries no AIS message.
    Other,
}

/// Why a line carries no message, although it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AisError {
    /// The sentence is malformed.
    #[error(transparent)]
    Sentence(#[from] NmeaError),
    /// The payload has characters that armour no bits.
    #[error("its payload has characters outside `0` to `W` and grave accent to `w`")]
    Armour,
    /// The bits are no message.
    #[error("no AIS message: {0}")]
    Message(#[from] MessageError),
}

impl Decoder {
    /// Takes the next line, without its line end.
    pub fn line(&mut self, line: &[u8]) -> Result<Decoded, AisError> {
        let Some(sentence) = Sentence::read(line)? else { return Ok(Decoded::Other) };
        let Some(whole) = self.assembler.push(&sentence) else { return Ok(Decoded::Waiting) };
        let bits = Bits::new(&whole.payload, whole.fill).ok_or(AisError::Armour)?;
        Ok(Decoded::Message(Message::decode(bits)?))
    }

    /// How many messages wait for more sentences.
    pub fn waiting(&self) -> usize {
        self.assembler.waiting()
    }

    /// How many messages were given up because their rest did not come.
    pub fn given_up(&self) -> u64 {
        self.assembler.given_up()
    }
}
