//! The schemas of CAP 1.0, 1.1 and 1.2: which elements, in which order, how often, with which
//! values.
//!
//! Faults are found as schema processors find them: once the order of an element's children is
//! broken, their order and number say no more, but each value is still looked at. Signatures are
//! passed over; they may stand in an alert of every version.

mod tables;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::tree::{Element, Space, Tree};
use super::value::{DateTime, is_decimal, is_integer, is_language};
use crate::text::quoted;

pub(crate) use tables::{is_known, names_within};

/// How often an element may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    Optional,
    Any,
    Some,
}

impl Occurs {
    const fn needed(self) -> bool {
        matches!(self, Self::Once | Self::Some)
    }

    const fn repeats(self) -> bool {
        matches!(self, Self::Any | Self::Some)
    }
}

/// What an element may hold.
#[derive(Debug, Clone, Copy)]
enum Content {
    Text,
    OneOf(&'static [&'static str]),
    /// `xs:dateTime`.
    Date,
    /// The same with a zone in numbers, as the schema of CAP 1.2 wants.
    ZonedDate,
    Language,
    Integer,
    Decimal,
    Elements(&'static [Particle]),
}

/// One element of a sequence.
#[derive(Debug, Clone, Copy)]
struct Particle {
    name: &'static str,
    occurs: Occurs,
    content: Content,
}

/// A fault against the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `/alert[1]/info[2]/sent[1]`.
    pub xpath: String,
    /// What.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The element stands there once too often, right after itself.
    Duplicate,
    /// The element does not belong there, or not yet.
    Sequence {
        /// What could stand there.
        expected: &'static str,
    },
    /// The element is none of CAP's.
    Unsupported,
    /// It lacks an element.
    Missing {
        /// Which.
        element: &'static str,
    },
    /// There is text beside its elements.
    Characters,
    /// The value is not one of those that may be.
    NotOneOf {
        /// Those.
        values: &'static [&'static str],
    },
    /// The value has another form.
    Value {
        /// Which it should have.
        form: Form,
    },
    /// It has elements and should have text alone.
    Elements,
    /// It has an attribute.
    Attribute(String),
}

/// Forms of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A date and time.
    Date,
    /// A language.
    Language,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { xpath, kind } = self;
        match kind {
            FaultKind::Duplicate => write!(f, "{xpath} may stand only once"),
            FaultKind::Sequence { expected } => {
                write!(f, "{xpath} does not belong there; expected `{expected}`")
            }
            FaultKind::Unsupported => write!(f, "{xpath} is no element of CAP"),
            FaultKind::Missing { element } => write!(f, "{xpath} lacks `{element}`"),
            FaultKind::Characters => write!(f, "{xpath} has text beside its elements"),
            FaultKind::NotOneOf { values } => {
                write!(f, "{xpath} has another value than {}", values.join(", "))
            }
            FaultKind::Value { form } => write!(f, "{xpath} is not {form}"),
            FaultKind::Elements => write!(f, "{xpath} has elements; expected text alone"),
            FaultKind::Attribute(name) => {
                write!(f, "{xpath} has the attribute {}; expected none", quoted(name))
            }
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "a time such as 2002-05-24T16:49:00-07:00",
            Self::Language => "a language such as en-US",
            Self::Integer => "a whole number",
            Self::Decimal => "a number",
        })
    }
}

/// Holds an alert against the schema of its version.
pub fn faults(tree: &Tree) -> Vec<Fault> {
    let mut walk = Walk { path: "/alert[1]".to_owned(), faults: Vec::new() };
    walk.element(&tree.root, Content::Elements(tables::alert(tree.version)));
    walk.faults
}

/// Children with their place among those of the same name, signatures left out.
pub(crate) fn numbered(element: &Element) -> impl Iterator<Item = (&Element, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let own = element.children.iter().filter(|child| child.space != Space::Signature);
    own.map(move |child| {
        let count = counts.entry(&child.name).or_default();
        *count += 1;
        (child, *count)
    })
}

struct Walk {
    path: String,
    faults: Vec<Fault>,
}

impl Walk {
    fn fault(&mut self, kind: FaultKind) {
        self.faults.push(Fault { xpath: self.path.clone(), kind });
    }

    fn element(&mut self, element: &Element, content: Content) {
        if let Some(name) = &element.attribute {
            self.fault(FaultKind::Attribute(name.clone()));
        }
        let Content::Elements(particles) = content else {
            return self.value(element, content);
        };
        let mut order = Order { particles, at: 0, met: false, before: None, broken: false };
        for (child, nth) in numbered(element) {
            let length = self.path.len();
            // Writing to a string cannot fail.
            let _ = write!(self.path, "/{}[{nth}]", child.name);
            if let Some(kind) = order.next(child) {
                self.fault(kind);
            }
            let own = matches!(child.space, Space::Cap(_));
            let particle = particles.iter().find(|particle| own && particle.name == child.name);
            if let Some(particle) = particle {
                self.element(child, particle.content);
            }
            self.path.truncate(length);
        }
        if let Some(element) = order.missing() {
            self.fault(FaultKind::Missing { element });
        }
        if !element.text.trim().is_empty() {
            self.fault(FaultKind::Characters);
        }
    }

    fn value(&mut self, element: &Element, content: Content) {
        if !element.children.is_empty() {
            return self.fault(FaultKind::Elements);
        }
        let text = element.text.as_str();
        // All but text and lists of values are read without the white space around them.
        let bare = text.trim_matches([' ', '\t', '\r', '\n']);
        let date = |strict: bool| DateTime::read(bare).is_some_and(|date| date.strict || !strict);
        let (kept, form) = match content {
            Content::Text | Content::Elements(_) => return,
            Content::OneOf(values) => {
                if !values.contains(&text) {
                    self.fault(FaultKind::NotOneOf { values });
                }
                return;
            }
            Content::Date => (date(false), Form::Date),
            Content::ZonedDate => (date(true), Form::Date),
            // Left empty, it is en-US: the schema has a default.
            Content::Language => (text.is_empty() || is_language(bare), Form::Language),
            Content::Integer => (is_integer(bare), Form::Integer),
            Content::Decimal => (is_decimal(bare), Form::Decimal),
        };
        if !kept {
            self.fault(FaultKind::Value { form });
        }
    }
}

/// How far the children of an element have come in their sequence.
struct Order<'a> {
    particles: &'static [Particle],
    at: usize,
    /// Whether the particle there was met.
    met: bool,
    /// The child before.
    before: Option<&'a str>,
    broken: bool,
}

impl<'a> Order<'a> {
    fn next(&mut self, child: &'a Element) -> Option<FaultKind> {
        let before = self.before.replace(&child.name);
        if self.broken {
            return None;
        }
        let own = matches!(child.space, Space::Cap(_));
        while let Some(particle) = self.particles.get(self.at) {
            if own && particle.name == child.name && (!self.met || particle.occurs.repeats()) {
                self.met = true;
                return None;
            }
            if particle.occurs.needed() && !self.met {
                return Some(self.wrong(child, before, particle.name));
            }
            self.at += 1;
            self.met = false;
        }
        Some(self.wrong(child, before, "no further element"))
    }

    fn wrong(
        &mut self,
        child: &Element,
        before: Option<&str>,
        expected: &'static str,
    ) -> FaultKind {
        self.broken = true;
        if !matches!(child.space, Space::Cap(_)) || !is_known(&child.name) {
            FaultKind::Unsupported
        } else if before == Some(&child.name) {
            FaultKind::Duplicate
        } else {
            FaultKind::Sequence { expected }
        }
    }

    fn missing(&self) -> Option<&'static str> {
        let from = self.at + usize::from(self.met);
        let left = self.particles.get(from..).filter(|_| !self.broken)?;
        left.iter().find(|particle| particle.occurs.needed()).map(|particle| particle.name)
    }
}

#[cfg(test)]
mod tests;
