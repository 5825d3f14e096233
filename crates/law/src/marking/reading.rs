//! The one reader of labels: a marking and its controls, in a scheme's words.

use entente_model::{Control, Label, Timestamp};

use super::{LABEL_BYTES_MAX, LabelError, LabelFault};
use crate::control;
use crate::problem::{excerpt, nearest};
use crate::scheme::{Scheme, Schemes};

/// Controls that say who may have the information.
const RELEASE: [&str; 4] = ["NOFORN", "REL_TO", "RELIDO", "DISPLAY_ONLY"];

/// How a text is read.
pub(super) struct Reading<'a> {
    /// The scheme of the document.
    pub scheme: &'a Scheme,
    /// The schemes of others, whose classifications it may hold.
    pub schemes: Option<&'a Schemes>,
    /// The banner of the document, if it is a portion's mark.
    pub banner: Option<&'a Label>,
    /// The day of the document.
    pub on: Option<Timestamp>,
}

/// What was read.
pub(super) struct Read {
    owner: String,
    pub marking: String,
    pub class: u8,
    pub controls: Vec<Control>,
    pub findings: Vec<String>,
}

impl Read {
    pub(super) fn into_label(self, created: Timestamp) -> Label {
        Label {
            policy: self.owner,
            class: self.class,
            marking: self.marking,
            controls: self.controls,
            created,
            review: None,
            alternatives: Vec::new(),
        }
    }
}

/// A part of the text, and the column at which it starts.
#[derive(Clone, Copy)]
struct Segment<'t> {
    column: usize,
    text: &'t str,
}

fn fail<T>(column: usize, fault: LabelFault) -> Result<T, LabelError> {
    Err(LabelError { column, fault })
}

fn malformed<T>(at: Segment<'_>, right: impl Into<String>) -> Result<T, LabelError> {
    fail(at.column, LabelFault::Malformed { control: excerpt(at.text), right: right.into() })
}

/// The parts between separators, trimmed, with the columns at which they start.
fn parts<'t>(whole: Segment<'t>, separator: &'static str) -> impl Iterator<Item = Segment<'t>> {
    let mut column = whole.column;
    whole.text.split(separator).map(move |raw| {
        let start = column + raw.chars().take_while(|c| c.is_whitespace()).count();
        column += raw.chars().count() + separator.len();
        Segment { column: start, text: raw.trim() }
    })
}

impl Reading<'_> {
    /// Reads a label, a banner, or a portion in brackets.
    pub(super) fn read(&self, text: &str) -> Result<Read, LabelError> {
        if text.len() > LABEL_BYTES_MAX {
            return fail(1, LabelFault::TooLong);
        }
        let mut whole = Segment { column: 1, text };
        if text.trim_start().starts_with('(') {
            let before = text.chars().take_while(|c| c.is_whitespace()).count();
            let Some(inner) = text.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')'))
            else {
                return fail(1 + before, LabelFault::Unclosed);
            };
            whole = Segment { column: 2 + before, text: inner };
        }
        let mut segments = parts(whole, "//");
        let first = segments.next().unwrap_or(Segment { column: 1, text: "" });
        let mut joint = None;
        let (of, marking) = match (first.text.is_empty() && self.scheme.foreign(), self.schemes) {
            (true, Some(schemes)) => {
                let marking = segments.next().unwrap_or(first);
                if let Some(rest) = marking.text.strip_prefix("JOINT ") {
                    let (marking, owners) = self.joint(Segment { text: rest, ..marking })?;
                    joint = Some(owners);
                    (self.scheme, marking)
                } else {
                    foreign(marking, self.scheme, schemes)?
                }
            }
            _ => (self.scheme, first),
        };
        let mut read = self.marking(of, marking)?;
        let mut places = Vec::new();
        for one in read.controls.iter().cloned().chain(joint) {
            places.push((one, marking));
        }
        for segment in segments {
            for part in parts(segment, "/") {
                let one = self.control(of, part)?;
                if places.iter().any(|(c, _)| control::excludes(c, &one)) {
                    let control = excerpt(part.text);
                    return fail(part.column, LabelFault::Twice { control });
                }
                places.push((one, part));
            }
        }
        self.imply(of, &mut places);
        check(of, &read, &places, self.on)?;
        read.controls = places.into_iter().map(|(one, _)| one).collect();
        let released = read.controls.iter().any(|c| RELEASE.contains(&c.tag.as_str()));
        if of.needs_release && read.class > 0 && !released {
            read.findings.push(
                "a classified portion needs an explicit disclosure or release marking".to_owned(),
            );
        }
        Ok(read)
    }

    /// Reads the marking itself.
    fn marking(&self, of: &Scheme, at: Segment<'_>) -> Result<Read, LabelError> {
        if at.text.is_empty() {
            let example = of.markings().next().map_or("", |(m, _)| m).to_owned();
            return fail(at.column, LabelFault::Empty { example });
        }
        let Some(spelt) = of.spelt(at.text, self.on) else {
            return fail(
                at.column,
                LabelFault::UnknownMarking {
                    marking: excerpt(at.text),
                    owner: of.owner().to_owned(),
                    hint: marking_hint(at.text, of),
                },
            );
        };
        let mut findings = Vec::new();
        if self.on.is_some_and(|on| !spelt.period.holds(on)) {
            findings.push(format!(
                "`{}` is a marking of another time, given {}; it is kept as printed",
                at.text,
                spelt.period.says()
            ));
        }
        let mut controls = Vec::new();
        if let Some(word) = spelt.control {
            match control::read_in(word, of) {
                Some(Ok(one)) => controls.push(one),
                _ => return malformed(at, format!("`{word}` is not a control of {}", of.owner())),
            }
        }
        Ok(Read {
            owner: of.owner().to_owned(),
            marking: spelt.marking.to_owned(),
            class: spelt.level.class,
            controls,
            findings,
        })
    }

    /// Reads `SECRET CAN GBR USA`: a marking and the codes of the owners.
    fn joint<'t>(&self, at: Segment<'t>) -> Result<(Segment<'t>, Control), LabelError> {
        // After `JOINT `.
        let at = Segment { column: at.column + 6, ..at };
        let mut text = at.text;
        while !text.is_empty() {
            if self.scheme.spelt(text, self.on).is_some() {
                break;
            }
            text = text.rsplit_once(' ').map_or("", |(before, _)| before).trim_end();
        }
        let marking = Segment { text, ..at };
        if text.is_empty() {
            let hint = marking_hint(at.text, self.scheme);
            let (marking, owner) = (excerpt(at.text), self.scheme.owner().to_owned());
            return fail(at.column, LabelFault::UnknownMarking { marking, owner, hint });
        }
        let owners = at.text.get(text.len()..).unwrap_or_default().trim();
        match control::with_values("JOINT", owners) {
            Ok(one) if one.values.iter().any(|c| c == self.scheme.owner()) => Ok((marking, one)),
            Ok(_) => malformed(at, format!("its owners include {}", self.scheme.owner())),
            Err(right) => malformed(at, right),
        }
    }

    fn control(&self, of: &Scheme, at: Segment<'_>) -> Result<Control, LabelError> {
        if let Some(one) = self.shortened(of, at)? {
            return Ok(one);
        }
        let read = control::read_in(at.text, of).or_else(|| control::read_in(at.text, self.scheme));
        match read {
            Some(Ok(one)) => Ok(one),
            Some(Err(right)) => malformed(at, right),
            None => fail(
                at.column,
                LabelFault::UnknownControl {
                    control: excerpt(at.text),
                    hint: control_hint(at.text, of),
                },
            ),
        }
    }

    /// `REL` alone in a portion: the banner's list.
    fn shortened(&self, of: &Scheme, at: Segment<'_>) -> Result<Option<Control>, LabelError> {
        let short = of.controls().iter().any(|c| {
            c.portion.as_deref() == Some(at.text)
                && c.meaning == crate::scheme::Meaning::Common("REL_TO")
        });
        if !short {
            return Ok(None);
        }
        match self.banner.and_then(|banner| banner.control("REL_TO")) {
            Some(list) => Ok(Some(list.clone())),
            None => malformed(
                at,
                "alone it stands for the list of the banner, which is not given or has none; write the list after it",
            ),
        }
    }

    /// Adds the controls that others include.
    fn imply(&self, of: &Scheme, places: &mut Vec<(Control, Segment<'_>)>) {
        let mut implied = Vec::new();
        for (one, at) in places.iter() {
            let words = of.controls().iter().filter(|c| c.is(one)).flat_map(|c| &c.implies);
            for word in words {
                if let Some(Ok(further)) = control::read_in(word, of) {
                    implied.push((further, *at));
                }
            }
        }
        for (further, at) in implied {
            if !places.iter().any(|(one, _)| control::excludes(one, &further)) {
                places.push((further, at));
            }
        }
    }
}

/// Finds whose classification stands after a leading `//`.
fn foreign<'a, 't>(
    at: Segment<'t>,
    own: &Scheme,
    schemes: &'a Schemes,
) -> Result<(&'a Scheme, Segment<'t>), LabelError> {
    if let Some((code, rest)) = at.text.split_once(' ')
        && let Some(scheme) = schemes.find(code)
        && scheme.spelt(rest.trim(), None).is_some()
    {
        let column = at.column + code.chars().count() + 1;
        return Ok((scheme, Segment { column, text: rest.trim() }));
    }
    let having: Vec<&Scheme> = schemes
        .iter()
        .filter(|s| s.owner() != own.owner() && s.spelt(at.text, None).is_some())
        .collect();
    match having.as_slice() {
        [one] => Ok((one, at)),
        [] => fail(
            at.column,
            LabelFault::UnknownMarking {
                marking: excerpt(at.text),
                owner: "any other owner".to_owned(),
                hint: "after `//` stands another owner's classification, as in `//NATO SECRET`"
                    .to_owned(),
            },
        ),
        [first, ..] => {
            let owners: Vec<&str> = having.iter().map(|s| s.owner()).collect();
            fail(
                at.column,
                LabelFault::Ambiguous {
                    marking: excerpt(at.text),
                    owners: owners.join(", "),
                    example: format!("{} {}", first.owner(), at.text),
                },
            )
        }
    }
}

/// Checks what a scheme asks of its controls.
fn check(
    of: &Scheme,
    read: &Read,
    places: &[(Control, Segment<'_>)],
    on: Option<Timestamp>,
) -> Result<(), LabelError> {
    let level = of.spelt(&read.marking, on).map_or("", |spelt| spelt.level.id.as_str());
    for (one, at) in places {
        if of.owner_first && one.tag == "REL_TO" && one.values.first() != Some(&read.owner) {
            return malformed(*at, format!("the list starts with {}", read.owner));
        }
        for known in of.controls().iter().filter(|c| c.is(one)) {
            if !known.levels.is_empty() && !known.levels.iter().any(|id| id == level) {
                let with = known.levels.join(", ");
                return malformed(*at, format!("it stands with {with} only"));
            }
            if let Some((day, instead)) = &known.retired
                && on.is_none_or(|on| on >= *day)
            {
                let day = crate::time::day_text(*day);
                return malformed(*at, format!("it is retired since {day}; {instead}"));
            }
            let beside = |word: &str| {
                let other = of.controls().iter().find(|c| c.marking == word)?;
                places.iter().find(|(c, _)| other.is(c)).map(|_| word.to_owned())
            };
            if let Some(other) = known.excludes.iter().find_map(|word| beside(word)) {
                return malformed(
                    *at,
                    format!("it never stands beside {other}; leave one of them out"),
                );
            }
        }
    }
    Ok(())
}

fn marking_hint(marking: &str, scheme: &Scheme) -> String {
    if let Some(meant) = scheme.nearest(marking) {
        return format!("did you mean `{meant}`?");
    }
    let all: Vec<&str> = scheme.markings().map(|(m, _)| m).collect();
    format!("its markings are {}", all.join(", "))
}

fn control_hint(written: &str, scheme: &Scheme) -> String {
    let own = scheme.controls().iter().map(|c| c.marking.as_str());
    let common = control::TYPES.iter().map(|t| t.prefix().trim_end());
    let mut known: Vec<&str> = own.chain(common).collect();
    known.dedup();
    let word = written.split([' ', ':', '[', ',']).next().unwrap_or(written);
    match nearest(written, known.iter().copied()).or_else(|| nearest(word, known.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known controls: {}", known.join(", ")),
    }
}
