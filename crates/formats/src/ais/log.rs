//! An imported log: a file of NMEA 0183 sentences is one piece, a stretch of vessel traffic.
//!
//! Radio loses bits, so a log with broken lines is still a log: lines are counted by what they
//! are, and the broken ones are a finding. Of the messages only type and MMSI are read.

use std::collections::BTreeSet;

use entente_model::Timestamp;

use super::bits::Bits;
use super::nmea::{Sentence, millis};
use crate::intake::{IntakeError, MediaHint};
use crate::piece::Piece;
use crate::text::{civil, one_line};

const MEDIA_TYPE: &str = "text/x-nmea0183";
const EXPECTED: &str = "a log of AIS traffic";

/// What one line of a log is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A sentence that carries (part of) an AIS message, with a right checksum.
    Ais(Sentence<'a>),
    /// A proprietary sentence or another NMEA sentence, a comment, or nothing.
    Other,
    /// A sentence whose checksum is wrong.
    BadChecksum,
    /// Neither.
    Malformed,
}

#[derive(Default)]
struct Tally {
    lines: u64,
    sentences: u64,
    messages: u64,
    bad_checksums: u64,
    malformed: u64,
    first_bad: Option<u64>,
    vessels: BTreeSet<u32>,
    since: Option<Timestamp>,
}

/// Reads one log.
pub(crate) fn read<'a>(bytes: &'a [u8], hint: &MediaHint) -> Result<Piece<'a>, IntakeError> {
    let mut tally = Tally::default();
    for line in bytes.split(|b| *b == b'\n') {
        tally.count(line.trim_ascii());
    }
    if tally.sentences == 0 {
        let problem = format!(
            "none of its {} lines is an AIS sentence with a right checksum; expected lines such \
             as !AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6F",
            tally.lines
        );
        return Err(IntakeError::NotThat { expected: EXPECTED, problem });
    }
    let mut findings = Vec::new();
    if let Some(first) = tally.first_bad {
        findings.push(format!(
            "{} lines fail their checksum and {} are no NMEA sentence; the first is line {first}",
            tally.bad_checksums, tally.malformed
        ));
    }
    let title =
        format!("AIS traffic: {} vessels, {} messages", tally.vessels.len(), tally.messages);
    Ok(Piece {
        name: hint.file_name.as_deref().map_or_else(|| "ais-log".to_owned(), one_line),
        object_type: "vessel_track".to_owned(),
        media_type: MEDIA_TYPE.to_owned(),
        payload: bytes,
        title,
        created: tally.since,
        markings: Vec::new(),
        records: tally.messages,
        exercise: false,
        findings,
    })
}

impl Tally {
    fn count(&mut self, line: &[u8]) {
        self.lines += 1;
        match classify(line) {
            Line::Ais(sentence) => {
                self.sentences += 1;
                if sentence.part == 1 {
                    self.messages += 1;
                    self.vessels.extend(mmsi(sentence.payload));
                }
            }
            Line::Other => {}
            Line::BadChecksum => {
                self.bad_checksums += 1;
                self.first_bad.get_or_insert(self.lines);
            }
            Line::Malformed => {
                self.malformed += 1;
                self.first_bad.get_or_insert(self.lines);
            }
        }
        if self.since.is_none() {
            self.since = stamp(line);
        }
    }
}

/// Tells what a line is.
pub(crate) fn classify(line: &[u8]) -> Line<'_> {
    match Sentence::read(line) {
        Ok(Some(sentence)) => Line::Ais(sentence),
        Ok(None) => Line::Other,
        Err(error) if error.is_checksum() => Line::BadChecksum,
        Err(_) => Line::Malformed,
    }
}

/// The MMSI: bits 8 to 37 of a message (ITU-R M.1371, every type).
fn mmsi(payload: &[u8]) -> Option<u32> {
    let bits = Bits::new(payload.get(..7)?, 0)?;
    Some(bits.unsigned(8, 30))
}

/// When a line says it was received: `$PGHP` of the Danish logs, or `c:` of a tag block.
fn stamp(line: &[u8]) -> Option<Timestamp> {
    let line = std::str::from_utf8(line).ok()?;
    if let Some(fields) = line.strip_prefix("$PGHP,1,") {
        let mut numbers = fields.split(',').map(str::parse::<i8>);
        let year = fields.split(',').next()?.parse().ok()?;
        let mut next = || numbers.next().and_then(Result::ok);
        let _year = next();
        return civil((year, next()?, next()?), (next()?, next()?, next()?));
    }
    let block = line.strip_prefix('\\')?.split(['\\', '*']).next()?;
    let time: u64 = block.split(',').find_map(|f| f.strip_prefix("c:"))?.parse().ok()?;
    Some(Timestamp::from_millis(millis(time)))
}

#[cfg(test)]
mod tests;
