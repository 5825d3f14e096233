//! The elements of an alert, read under limits.
//!
//! INVARIANT: nothing outside the bytes is ever looked at. A document type is refused, and with
//! it every entity beyond the five of XML.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};

use crate::text::quoted;

/// Where XML schemas' own attributes are from, which may stand everywhere.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SIGNATURES: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A version of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.0.
    V1_0,
    /// 1.1.
    V1_1,
    /// 1.2.
    V1_2,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    /// Its XML namespace.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V1_0 => "http://www.incident.com/cap/1.0",
            Self::V1_1 => "urn:oasis:names:tc:emergency:cap:1.1",
            Self::V1_2 => "urn:oasis:names:tc:emergency:cap:1.2",
        }
    }
}

/// What belongs to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// To CAP.
    Cap(Version),
    /// To a signature over the alert.
    Signature,
    /// To neither.
    Other,
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapLimits {
    /// Bytes of the alert.
    pub bytes_max: usize,
    /// Levels of elements.
    pub depth_max: usize,
    /// Elements.
    pub elements_max: usize,
}

impl Default for CapLimits {
    fn default() -> Self {
        // The largest alerts that are sent have about a megabyte, most of it one polygon.
        Self { bytes_max: 8 << 20, depth_max: 64, elements_max: 100_000 }
    }
}

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name without prefix.
    pub name: String,
    /// Whose it is.
    pub space: Space,
    /// All its own text.
    pub text: String,
    /// Its elements, in order.
    pub children: Vec<Element>,
    /// An attribute that CAP does not know, if it has one.
    pub attribute: Option<String>,
    /// Where it begins, in bytes.
    pub at: usize,
}

impl Element {
    /// Its elements of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first of them.
    pub fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first of them.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.first(name).map(|child| child.text.as_str())
    }
}

/// An alert as elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Which version it says it is.
    pub version: Version,
    /// The element `alert`.
    pub root: Element,
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeError {
    /// The XML is unacceptable.
    Xml {
        /// Where, in bytes.
        at: usize,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The root is none of CAP's.
    NotCap {
        /// Its name.
        name: String,
        /// Its namespace, if it has one.
        namespace: Option<String>,
    },
}

impl TreeError {
    fn xml(at: usize, problem: impl Into<String>) -> Self {
        Self::Xml { at, problem: problem.into() }
    }
}

/// In which encoding a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// In UTF-8, and it must say no other.
    Utf8,
    /// It has been decoded, whatever it says.
    Decoded,
}

impl Tree {
    /// Reads an alert in UTF-8.
    pub fn utf8(bytes: &[u8], limits: &CapLimits) -> Result<Self, TreeError> {
        within(bytes.len(), limits)?;
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let problem = "a byte is not UTF-8; save the alert as UTF-8";
            TreeError::xml(error.valid_up_to(), problem)
        })?;
        Walk::new(text, limits).read(Encoding::Utf8)
    }

    /// Reads an alert in UTF-8 or, if it says so, ISO 8859-1.
    pub fn read(bytes: &[u8], limits: &CapLimits) -> Result<Self, TreeError> {
        within(bytes.len(), limits)?;
        match latin1(bytes) {
            Some(text) => Walk::new(&text, limits).read(Encoding::Decoded),
            None => Self::utf8(bytes, limits),
        }
    }

    /// Reads an alert that is text already; what it says of its encoding no longer holds.
    pub fn text(text: &str, limits: &CapLimits) -> Result<Self, TreeError> {
        within(text.len(), limits)?;
        Walk::new(text, limits).read(Encoding::Decoded)
    }
}

fn within(bytes: usize, limits: &CapLimits) -> Result<(), TreeError> {
    if bytes <= limits.bytes_max {
        return Ok(());
    }
    let problem = format!("an alert of {bytes} bytes; at most {} are read", limits.bytes_max);
    Err(TreeError::xml(0, problem))
}

/// The text of a document that says it is in ISO 8859-1.
fn latin1(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let end = bytes.windows(2).take(256).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (_, encoding) = declaration.strip_prefix("<?xml")?.split_once("encoding")?;
    let encoding = encoding.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
    let name = encoding.split(['"', '\'']).next()?;
    let known = ["iso-8859-1", "latin1"].iter().any(|known| known.eq_ignore_ascii_case(name));
    known.then(|| bytes.iter().copied().map(char::from).collect::<String>().into())
}

/// A walk through a document.
struct Walk<'a> {
    text: &'a str,
    limits: &'a CapLimits,
    version: Option<Version>,
    /// The open elements.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, limits: &'a CapLimits) -> Self {
        Self { text, limits, version: None, open: Vec::new(), root: None, elements: 0 }
    }

    fn read(mut self, encoding: Encoding) -> Result<Tree, TreeError> {
        if let Some((at, c)) = self.text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            let problem = format!("U+{:04X} may not stand in XML", u32::from(c));
            return Err(TreeError::xml(at, problem));
        }
        let mut reader = NsReader::from_str(self.text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader
                .read_event()
                .map_err(|error| TreeError::xml(at, format!("it is not well-formed ({error})")))?;
            match event {
                Event::Start(element) => self.enter(&element, &reader, at)?,
                Event::Empty(element) => {
                    self.enter(&element, &reader, at)?;
                    self.leave();
                }
                Event::End(_) => self.leave(),
                Event::Text(text) if text.contains("]]>") => {
                    return Err(TreeError::xml(at, "`]]>` in text; write ]]&gt;"));
                }
                Event::Text(text) => self.add(&text, at)?,
                Event::CData(text) => self.add(&text, at)?,
                Event::GeneralRef(reference) => {
                    let Some(c) = referred(&reference) else {
                        let name = quoted(&reference);
                        let problem = format!("the entity {name} is not defined; write it out");
                        return Err(TreeError::xml(at, problem));
                    };
                    self.add(c.encode_utf8(&mut [0; 4]), at)?;
                }
                Event::DocType(_) => {
                    let problem = "a document type is refused, because entities could reach \
                                   outside the file; take the DOCTYPE out";
                    return Err(TreeError::xml(at, problem));
                }
                Event::Decl(declaration) if encoding == Encoding::Utf8 => {
                    let name = declaration.encoding().and_then(Result::ok);
                    let name = name.as_deref().unwrap_or("utf-8");
                    let known = ["utf-8", "utf8", "us-ascii"];
                    if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                        let name = quoted(name);
                        let problem = format!("the encoding is {name}; save it as UTF-8");
                        return Err(TreeError::xml(at, problem));
                    }
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return self.end(),
            }
        }
    }

    fn end(self) -> Result<Tree, TreeError> {
        if let (Some(root), Some(version), true) = (self.root, self.version, self.open.is_empty()) {
            return Ok(Tree { version, root });
        }
        let open = self.open.last().map_or("alert", |element| element.name.as_str());
        Err(TreeError::xml(self.text.len(), format!("the file ends before </{open}>")))
    }

    fn enter(
        &mut self,
        start: &BytesStart<'_>,
        reader: &NsReader<&[u8]>,
        at: usize,
    ) -> Result<(), TreeError> {
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let name = local.into_inner().to_owned();
        if !is_name(start.name().into_inner()) {
            let problem = format!("{} is no name of an element", quoted(start.name().into_inner()));
            return Err(TreeError::xml(at, problem));
        }
        let space = match &namespace {
            ResolveResult::Bound(Namespace(SIGNATURES)) => Space::Signature,
            ResolveResult::Bound(Namespace(bound)) => Version::ALL
                .into_iter()
                .find(|version| version.namespace() == *bound)
                .map_or(Space::Other, Space::Cap),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => Space::Other,
        };
        if self.open.is_empty() {
            if self.root.is_some() {
                let problem = "a second root element; one file holds one alert";
                return Err(TreeError::xml(at, problem));
            }
            let Some(version) = version_of(space).filter(|_| name == "alert") else {
                let namespace = match namespace {
                    ResolveResult::Bound(Namespace(bound)) => Some(bound.to_owned()),
                    ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
                };
                return Err(TreeError::NotCap { name, namespace });
            };
            self.version = Some(version);
        }
        self.elements += 1;
        if self.open.len() >= self.limits.depth_max {
            let problem = format!("elements are nested more than {} deep", self.limits.depth_max);
            return Err(TreeError::xml(at, problem));
        }
        if self.elements > self.limits.elements_max {
            let problem = format!("it has more than {} elements", self.limits.elements_max);
            return Err(TreeError::xml(at, problem));
        }
        let attribute = unknown_attribute(start, reader, at)?;
        let (text, children) = (String::new(), Vec::new());
        self.open.push(Element { name, space, text, children, attribute, at });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn add(&mut self, text: &str, at: usize) -> Result<(), TreeError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() => {}
            None => return Err(TreeError::xml(at, "text outside the root element")),
        }
        Ok(())
    }
}

const fn version_of(space: Space) -> Option<Version> {
    match space {
        Space::Cap(version) => Some(version),
        Space::Signature | Space::Other => None,
    }
}

/// Checks the attributes of an element; returns the first that is neither a namespace nor XML
/// schema's own.
fn unknown_attribute(
    start: &BytesStart<'_>,
    reader: &NsReader<&[u8]>,
    at: usize,
) -> Result<Option<String>, TreeError> {
    let mut unknown = None;
    for attribute in start.attributes() {
        let attribute = attribute
            .map_err(|error| TreeError::xml(at, format!("an attribute is malformed ({error})")))?;
        if attribute.value.contains('<') {
            return Err(TreeError::xml(at, "an attribute holds `<`; write &lt;"));
        }
        let mut references = attribute.value.split('&').skip(1);
        if !references
            .all(|rest| rest.split_once(';').is_some_and(|(name, _)| referred(name).is_some()))
        {
            return Err(TreeError::xml(at, "an attribute holds `&` or an entity; write &amp;"));
        }
        if !is_name(attribute.key.into_inner()) {
            let problem =
                format!("{} is no name of an attribute", quoted(attribute.key.into_inner()));
            return Err(TreeError::xml(at, problem));
        }
        let declares: Option<PrefixDeclaration<'_>> = attribute.key.as_namespace_binding();
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        let known = declares.is_some()
            || matches!(namespace, ResolveResult::Bound(Namespace(SCHEMA_INSTANCE)));
        if !known {
            unknown.get_or_insert_with(|| local.into_inner().to_owned());
        }
    }
    Ok(unknown)
}

/// The character of a reference: one of the five of XML, or its number.
fn referred(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        let number = u32::from_str_radix(digits, radix).ok().filter(|_| valid);
        number.and_then(char::from_u32).filter(|c| is_xml_char(*c))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(name.strip_prefix('#')?, 10),
        },
    }
}

/// XML 1.0, production 5, but for a few signs beyond ASCII.
fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    let later = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '\u{b7}');
    name.starts_with(first) && name.chars().all(later)
}

/// XML 1.0, production 2.
const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
