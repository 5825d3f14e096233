//! NMEA 0183 sentences that carry AIS messages, with the tag block that may stand before them.
//!
//! `\g:1-2-1604,s:station,c:1418169601*08\!AIVDM,2,1,6,A,payload,0*63`. Receivers write things of
//! their own after the checksum; those are not read.

use thiserror::Error;

/// NMEA 0183 allows 82 characters; tag blocks add about as much, and receivers their own.
pub const LINE_BYTES_MAX: usize = 1024;
/// A message has at most this many sentences.
pub const PARTS_MAX: u8 = 9;

/// A `VDM` or `VDO` sentence: a message, or part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// What stands before it.
    pub tag: TagBlock<'a>,
    /// Who wrote it, such as `AI` or `BS`.
    pub talker: &'a [u8],
    /// It is about the receiver's own ship (`VDO`).
    pub own: bool,
    /// How many sentences the message has, from 1.
    pub parts: u8,
    /// Which of them it is, from 1.
    pub part: u8,
    /// What tells messages of several sentences apart; often empty.
    pub sequence: &'a [u8],
    /// The radio channel, if it is said.
    pub channel: &'a [u8],
    /// Six-bit armoured bits.
    pub payload: &'a [u8],
    /// How many of the last bits only fill up.
    pub fill: u8,
}

/// A tag block, as far as it is read (NMEA 0183, 4.10; IEC 62320-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagBlock<'a> {
    /// `s`: the station.
    pub source: Option<&'a [u8]>,
    /// `c`: when it was received, in milliseconds of UNIX time.
    pub millis: Option<u64>,
    /// `g`: the group of lines it belongs to.
    pub group: Option<Group>,
}

/// `g:1-2-1604`: line 1 of 2 of group 1604.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Which line of the group, from 1.
    pub line: u8,
    /// How many lines the group has.
    pub lines: u8,
    /// The group.
    pub id: u32,
}

/// Why a line is no sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NmeaError {
    /// It is too long.
    #[error("a line of {0} bytes; an NMEA sentence has 82, with a tag block not over 1024")]
    TooLong(usize),
    /// It does not begin like one, or is not ASCII.
    #[error("no NMEA sentence; expected a line such as !AIVDM,1,1,,B,payload,0*hh")]
    NoSentence,
    /// There is no checksum.
    #[error("the {0} has no checksum; expected `*` and two hexadecimal digits after it")]
    NoChecksum(&'static str),
    /// The checksum is wrong.
    #[error("the {part} has the checksum {said:02X} and should have {counted:02X}")]
    Checksum {
        /// Sentence or tag block.
        part: &'static str,
        /// What it says.
        said: u8,
        /// What its characters come to.
        counted: u8,
    },
    /// A field of the sentence is wrong.
    #[error("the sentence's {field} is wrong; expected {expected}")]
    Field {
        /// Which.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

impl NmeaError {
    /// Whether it is a sentence that was damaged under way.
    pub fn is_checksum(&self) -> bool {
        matches!(self, Self::Checksum { .. })
    }
}

impl<'a> Sentence<'a> {
    /// Reads one line; `None` if it is a comment, empty, or a sentence without an AIS message.
    pub fn read(line: &'a [u8]) -> Result<Option<Self>, NmeaError> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(NmeaError::TooLong(line.len()));
        }
        if !line.is_ascii() {
            return Err(NmeaError::NoSentence);
        }
        let (tag, sentence) = TagBlock::split(line)?;
        let body = sentence.strip_prefix(b"!").or_else(|| sentence.strip_prefix(b"$"));
        let body = checked(body.ok_or(NmeaError::NoSentence)?, "sentence")?;
        Self::fields(tag, body)
    }

    /// Reads `AIVDM,2,1,6,A,payload,0`, of any talker.
    fn fields(tag: TagBlock<'a>, body: &'a [u8]) -> Result<Option<Self>, NmeaError> {
        let mut fields = body.split(|b| *b == b',');
        let name = fields.next().unwrap_or_default();
        let (talker, formatter) = name.split_at_checked(2).unwrap_or((b"", name));
        let own = match formatter {
            b"VDM" => false,
            b"VDO" => true,
            _ => return Ok(None),
        };
        let mut next = || fields.next().unwrap_or_default();
        let (parts, part) = (digit(next()), digit(next()));
        let (sequence, channel, payload, fill) = (next(), next(), next(), next());
        let wrong = |field, expected| NmeaError::Field { field, expected };
        let parts = parts.filter(|parts| (1..=PARTS_MAX).contains(parts));
        let parts = parts.ok_or_else(|| wrong("number of sentences", "1 to 9"))?;
        let part = part.filter(|part| (1..=parts).contains(part));
        let part = part.ok_or_else(|| wrong("sentence number", "1 up to the number of them"))?;
        if payload.is_empty() {
            return Err(wrong("payload", "the message in its six-bit armour"));
        }
        // Some receivers leave it out where nothing fills up.
        let fill = if fill.is_empty() { Some(0) } else { digit(fill) };
        let fill = fill.filter(|fill| *fill <= 5);
        let fill = fill.ok_or_else(|| wrong("number of fill bits", "0 to 5"))?;
        Ok(Some(Self { tag, talker, own, parts, part, sequence, channel, payload, fill }))
    }
}

impl<'a> TagBlock<'a> {
    /// Parts a line into its tag block, if it has one, and the sentence.
    pub(super) fn split(line: &'a [u8]) -> Result<(Self, &'a [u8]), NmeaError> {
        let Some(tagged) = line.strip_prefix(b"\\") else { return Ok((Self::default(), line)) };
        let end = tagged.iter().position(|b| *b == b'\\').ok_or(NmeaError::NoSentence)?;
        let (block, rest) = (tagged.get(..end), tagged.get(end + 1..));
        let block = checked(block.unwrap_or_default(), "tag block")?;
        Ok((Self::fields(block), rest.unwrap_or_default()))
    }

    /// Reads `g:1-2-1604,s:station,c:1418169601`; what is not known there is passed over.
    fn fields(block: &'a [u8]) -> Self {
        let mut tag = Self::default();
        for field in block.split(|b| *b == b',') {
            match field.split_at_checked(2) {
                Some((b"s:", source)) => tag.source = Some(source),
                Some((b"c:", time)) => tag.millis = number(time).map(millis),
                Some((b"g:", group)) => tag.group = Group::read(group),
                _ => {}
            }
        }
        tag
    }
}

impl Group {
    fn read(text: &[u8]) -> Option<Self> {
        let mut numbers = text.split(|b| *b == b'-').map(number);
        let mut next = || numbers.next().flatten();
        let (line, lines, id) = (next()?, next()?, next()?);
        let (line, lines) = (u8::try_from(line).ok()?, u8::try_from(lines).ok()?);
        let valid = (1..=PARTS_MAX).contains(&lines) && (1..=lines).contains(&line);
        valid.then_some(Self { line, lines, id: u32::try_from(id).ok()? })
    }
}

/// The text before `*hh`.
fn checked<'a>(text: &'a [u8], part: &'static str) -> Result<&'a [u8], NmeaError> {
    let parts = || {
        let star = text.iter().rposition(|b| *b == b'*')?;
        let digits = std::str::from_utf8(text.get(star + 1..star + 3)?).ok()?;
        let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let sum = u8::from_str_radix(digits, 16).ok().filter(|_| valid)?;
        Some((text.get(..star)?, sum))
    };
    let (body, said) = parts().ok_or(NmeaError::NoChecksum(part))?;
    let counted = body.iter().fold(0, |x, b| x ^ b);
    if counted == said { Ok(body) } else { Err(NmeaError::Checksum { part, said, counted }) }
}

fn digit(text: &[u8]) -> Option<u8> {
    match text {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        _ => None,
    }
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Some receivers write milliseconds.
pub(super) fn millis(time: u64) -> u64 {
    if time > 100_000_000_000 { time } else { time * 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_block_groups_lines_and_tells_station_and_time() {
        let line = b"\\g:1-2-1604,s:rORBCOMM008,c:1418169601,T:2014-12-10 00.00.01*37\\!AIVDM,2,1,6,A,53@o0E000001Q0CG37U8u<Tp4q@D00000000000018330400000000000000,0*63";
        let sentence = Sentence::read(line).unwrap().unwrap();
        assert_eq!(sentence.tag.group, Some(Group { line: 1, lines: 2, id: 1604 }));
        assert_eq!(sentence.tag.source, Some(&b"rORBCOMM008"[..]));
        assert_eq!(sentence.tag.millis, Some(1_418_169_601_000));
        assert_eq!((sentence.parts, sentence.part, sentence.sequence), (2, 1, &b"6"[..]));
        assert_eq!((sentence.talker, sentence.own, sentence.fill), (&b"AI"[..], false, 0));
    }

    #[test]
    fn wrong_sentences_say_what_is_wrong() {
        for (body, says) in [
            ("AIVDM,0,1,,B,13,0", "number of sentences"),
            ("AIVDM,10,1,,B,13,0", "number of sentences"),
            ("AIVDM,2,3,,B,13,0", "sentence number"),
            ("AIVDM,1,1,,B,,0", "payload"),
            ("AIVDM,1,1,,B,13,6", "fill bits"),
            ("AIVDM", "number of sentences"),
        ] {
            let sum = body.bytes().fold(0, |x, b| x ^ b);
            let error = Sentence::read(format!("!{body}*{sum:02X}").as_bytes()).unwrap_err();
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
        let error = Sentence::read(b"!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6E").unwrap_err();
        assert_eq!(error.to_string(), "the sentence has the checksum 6E and should have 6F");
    }
}
