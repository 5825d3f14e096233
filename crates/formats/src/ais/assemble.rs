//! Messages of several sentences, put together.
//!
//! Sentences of different messages come mixed, out of order, twice, or not at all. INVARIANT: at
//! most [`OPEN_MAX`] messages wait for their rest, and none for longer than [`AGE_MAX`] further
//! sentences, so a log of beginnings without ends costs no more than a good one.

use std::borrow::Cow;

use super::nmea::{PARTS_MAX, Sentence};

/// So many messages may be incomplete at a time; the oldest gives way.
pub const OPEN_MAX: usize = 64;
/// So many sentences after its last part a message is given up.
pub const AGE_MAX: u64 = 1000;

/// Puts messages together.
#[derive(Debug, Default)]
pub struct Assembler {
    /// By when a part last came, the oldest first.
    open: Vec<Open>,
    sentences: u64,
    given_up: u64,
}

/// The payload of a whole message.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole<'a> {
    /// Six-bit armoured bits.
    pub payload: Cow<'a, [u8]>,
    /// How many of the last bits only fill up.
    pub fill: u8,
}

/// What sentences of one message have in common.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    parts: u8,
    /// Of the tag block, which is the better witness; else of the sentence.
    group: Option<u32>,
    source: Vec<u8>,
    talker: Vec<u8>,
    sequence: Vec<u8>,
    channel: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    key: Key,
    parts: [Option<Vec<u8>>; PARTS_MAX as usize],
    fill: u8,
    last: u64,
}

impl Assembler {
    /// Takes a sentence; answers with the message that it completes.
    pub fn push<'a>(&mut self, sentence: &Sentence<'a>) -> Option<Whole<'a>> {
        self.sentences += 1;
        if sentence.parts == 1 {
            return Some(Whole { payload: Cow::Borrowed(sentence.payload), fill: sentence.fill });
        }
        self.give_up_old();
        let key = Key::of(sentence);
        let at = self.open.iter().position(|open| open.key == key);
        let mut open = match at {
            Some(at) => self.open.remove(at),
            None => Open::new(key),
        };
        if !open.add(sentence) {
            // The number is used again: what was open never got its rest.
            self.given_up += 1;
            open = Open::new(open.key);
            open.add(sentence);
        }
        open.last = self.sentences;
        if let Some(payload) = open.joined() {
            return Some(Whole { payload: Cow::Owned(payload), fill: open.fill });
        }
        self.open.push(open);
        None
    }

    /// How many messages wait for more sentences.
    pub fn waiting(&self) -> usize {
        self.open.len()
    }

    /// How many messages were given up incomplete.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    fn give_up_old(&mut self) {
        let before = self.open.len();
        let now = self.sentences;
        self.open.retain(|open| now - open.last <= AGE_MAX);
        if self.open.len() >= OPEN_MAX {
            self.open.remove(0);
        }
        self.given_up += (before - self.open.len()) as u64;
    }
}

impl Key {
    fn of(sentence: &Sentence<'_>) -> Self {
        // A group of another number of lines than the message has sentences groups other things.
        let group = sentence.tag.group.filter(|group| group.lines == sentence.parts);
        Self {
            parts: sentence.parts,
            group: group.map(|group| group.id),
            source: sentence.tag.source.filter(|_| group.is_some()).unwrap_or_default().to_vec(),
            talker: sentence.talker.to_vec(),
            sequence: sentence.sequence.to_vec(),
            channel: sentence.channel.to_vec(),
        }
    }
}

impl Open {
    fn new(key: Key) -> Self {
        Self { key, parts: Default::default(), fill: 0, last: 0 }
    }

    /// Adds a part; not if there is another one in its place.
    fn add(&mut self, sentence: &Sentence<'_>) -> bool {
        let Some(place) = self.parts.get_mut(usize::from(sentence.part).saturating_sub(1)) else {
            return false;
        };
        match place {
            Some(payload) if payload != sentence.payload => return false,
            Some(_) => {}
            None => *place = Some(sentence.payload.to_vec()),
        }
        if sentence.part == self.key.parts {
            self.fill = sentence.fill;
        }
        true
    }

    fn joined(&self) -> Option<Vec<u8>> {
        let parts = self.parts.get(..usize::from(self.key.parts))?;
        let parts: Option<Vec<&[u8]>> = parts.iter().map(Option::as_deref).collect();
        parts.map(|parts| parts.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence<'a>(parts: u8, part: u8, sequence: &'a [u8], payload: &'a [u8]) -> Sentence<'a> {
        let tag = super::super::nmea::TagBlock::default();
        let (talker, channel) = (&b"AI"[..], &b"A"[..]);
        Sentence { tag, talker, own: false, parts, part, sequence, channel, payload, fill: part }
    }

    #[test]
    fn mixed_doubled_and_late_parts_find_their_message() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(&sentence(3, 3, b"1", b"cc")), None);
        assert_eq!(assembler.push(&sentence(2, 1, b"2", b"xx")), None);
        assert_eq!(assembler.push(&sentence(3, 1, b"1", b"aa")), None);
        assert_eq!(assembler.push(&sentence(3, 1, b"1", b"aa")), None);
        let whole = assembler.push(&sentence(3, 2, b"1", b"bb")).unwrap();
        assert_eq!((&*whole.payload, whole.fill), (&b"aabbcc"[..], 3));
        assert_eq!(&*assembler.push(&sentence(2, 2, b"2", b"yy")).unwrap().payload, b"xxyy");
        assert_eq!((assembler.waiting(), assembler.given_up()), (0, 0));
    }

    #[test]
    fn a_number_used_again_begins_a_new_message() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(&sentence(2, 1, b"1", b"old")), None);
        assert_eq!(assembler.push(&sentence(2, 1, b"1", b"new")), None);
        assert_eq!(&*assembler.push(&sentence(2, 2, b"1", b"end")).unwrap().payload, b"newend");
        assert_eq!(assembler.given_up(), 1);
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_age() {
        let mut assembler = Assembler::default();
        for nth in 0..200_u32 {
            assert_eq!(assembler.push(&sentence(2, 1, &nth.to_be_bytes(), b"a")), None);
        }
        assert_eq!((assembler.waiting(), assembler.given_up()), (OPEN_MAX, 136));
        for _ in 0..AGE_MAX {
            assembler.push(&sentence(1, 1, b"", b"b"));
        }
        assembler.push(&sentence(2, 2, b"z", b"a"));
        assert_eq!(assembler.waiting(), 1);
    }
}
