//! What CAP says in words, beyond its schema, and what of the schema an alert breaks.
//!
//! The names of the reasons are those that validators of alerts have in common since Google's
//! CAP library. Some are recommendations of the standard rather than demands; whoever asks
//! decides what to do with them ([`Reason::weight`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::geometry::{Circle, Polygon, PolygonFault};
use super::html;
use super::schema::{self, FaultKind, Form, numbered};
use super::tree::{CapLimits, Element, Space, Tree, TreeError, Version};
use super::value::{
    DateTime, Moment, Reference, UriKind, decimal, is_base64, is_identifier, is_language, uri,
};

/// Content types (RFC 2046 and the registry of media types).
const MEDIA: [&str; 8] =
    ["application", "audio", "image", "message", "model", "multipart", "text", "video"];
/// What people read, and should read in their language.
const SPOKEN: [&str; 4] = ["event", "headline", "description", "instruction"];

macro_rules! reasons {
    ($( $(#[$doc:meta])+ $reason:ident = $name:literal, $weight:ident; )+) => {
        /// Why an alert is not as it should be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $( $(#[$doc])+ $reason, )+
        }

        impl Reason {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$reason => $name, )+
                }
            }

            /// How much it weighs.
            pub const fn weight(self) -> Weight {
                match self {
                    $( Self::$reason => Weight::$weight, )+
                }
            }
        }
    };
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The alert is wrong.
    Error,
    /// It could be better.
    Warning,
}

reasons! {
    /// The document is no alert.
    NotCap = "NOT_CAP", Error;
    /// It refers to itself.
    CircularReference = "CIRCULAR_REFERENCE", Error;
    /// An element stands twice.
    DuplicateElement = "DUPLICATE_ELEMENT", Error;
    /// The ceiling lies below the altitude.
    InvalidAltitudeCeilingRange = "INVALID_ALTITUDE_CEILING_RANGE", Error;
    /// A ceiling without an altitude.
    InvalidArea = "INVALID_AREA", Error;
    /// Text beside elements.
    InvalidCharacters = "INVALID_CHARACTERS", Error;
    /// No circle.
    InvalidCircle = "INVALID_CIRCLE", Error;
    /// No date, or without a zone in numbers.
    InvalidDate = "INVALID_DATE", Error;
    /// Not in base 64.
    InvalidDerefUri = "INVALID_DEREF_URI", Error;
    /// None of the values that may be.
    InvalidEnumValue = "INVALID_ENUM_VALUE", Error;
    /// An identifier with a space, comma, `<` or `&`.
    InvalidIdentifier = "INVALID_IDENTIFIER", Error;
    /// No language tag.
    InvalidLanguage = "INVALID_LANGUAGE", Error;
    /// No media type.
    InvalidMimeType = "INVALID_MIME_TYPE", Error;
    /// No closed polygon of four corners and more.
    InvalidPolygon = "INVALID_POLYGON", Error;
    /// A polygon that crosses itself.
    InvalidPolygonSelfIntersection = "INVALID_POLYGON_SELF_INTERSECTION", Error;
    /// No list of references.
    InvalidReferences = "INVALID_REFERENCES", Error;
    /// A size that is no number.
    InvalidResourceSize = "INVALID_RESOURCE_SIZE", Error;
    /// A sender with a space, comma, `<` or `&`.
    InvalidSender = "INVALID_SENDER", Error;
    /// An element where it does not belong.
    InvalidSequence = "INVALID_SEQUENCE", Error;
    /// No address.
    InvalidUri = "INVALID_URI", Error;
    /// A value of another form.
    InvalidValue = "INVALID_VALUE", Error;
    /// No absolute address.
    InvalidWeb = "INVALID_WEB", Error;
    /// An element is missing.
    MissingRequiredElement = "MISSING_REQUIRED_ELEMENT", Error;
    /// Something else.
    Other = "OTHER", Error;
    /// A relative address to nothing.
    RelativeUriMissingDerefUri = "RELATIVE_URI_MISSING_DEREF_URI", Error;
    /// A restriction on an alert that is not restricted.
    RestrictionScopeMismatch = "RESTRICTION_SCOPE_MISMATCH", Error;
    /// An element that CAP does not have.
    UnsupportedElement = "UNSUPPORTED_ELEMENT", Error;
    /// An alert that was sent later.
    PostdatedReference = "POSTDATED_REFERENCE", Warning;
    /// The same words in two languages.
    SameTextDifferentLanguage = "SAME_TEXT_DIFFERENT_LANGUAGE", Warning;
    /// HTML entities.
    TextContainsHtmlEntities = "TEXT_CONTAINS_HTML_ENTITIES", Warning;
    /// HTML tags.
    TextContainsHtmlTags = "TEXT_CONTAINS_HTML_TAGS", Warning;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A reason and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The element, such as `/alert[1]/info[1]/area[1]`.
    pub xpath: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Says everything that is wrong with an alert.
pub fn check(text: &str, limits: &CapLimits) -> Vec<Finding> {
    match Tree::text(text, limits) {
        Ok(tree) => findings(&tree),
        Err(error) => {
            let reason = match error {
                TreeError::NotCap { .. } => Reason::NotCap,
                TreeError::Xml { .. } => Reason::Other,
            };
            vec![Finding { xpath: "/".to_owned(), reason }]
        }
    }
}

/// Says everything that is wrong with an alert, each thing once, ordered by place.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found: BTreeSet<Finding> = schema::faults(tree)
        .into_iter()
        .map(|fault| Finding { reason: reason_of(&fault), xpath: fault.xpath })
        .collect();
    let mut walk = Walk { tree, path: String::new(), found: &mut found, spoken: BTreeMap::new() };
    walk.within("alert", 1, |walk| walk.alert(&tree.root));
    found.into_iter().collect()
}

/// What a fault against the schema is called.
fn reason_of(fault: &schema::Fault) -> Reason {
    match &fault.kind {
        FaultKind::Duplicate => Reason::DuplicateElement,
        FaultKind::Sequence { .. } => Reason::InvalidSequence,
        FaultKind::Unsupported => Reason::UnsupportedElement,
        FaultKind::Missing { .. } => Reason::MissingRequiredElement,
        FaultKind::Characters => Reason::InvalidCharacters,
        FaultKind::NotOneOf { .. } => Reason::InvalidEnumValue,
        FaultKind::Value { form: Form::Date } => Reason::InvalidDate,
        FaultKind::Value { form: Form::Language } => Reason::InvalidLanguage,
        FaultKind::Value { form: Form::Integer } => Reason::InvalidResourceSize,
        FaultKind::Value { form: Form::Decimal } | FaultKind::Elements => Reason::InvalidValue,
        FaultKind::Attribute(_) => Reason::Other,
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    path: String,
    found: &'a mut BTreeSet<Finding>,
    /// In which language a text was seen: by field and text.
    spoken: BTreeMap<(&'static str, &'a str), String>,
}

impl<'a> Walk<'a> {
    fn within(&mut self, name: &str, nth: usize, look: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "/{name}[{nth}]");
        look(self);
        self.path.truncate(length);
    }

    fn find(&mut self, reason: Reason) {
        self.found.insert(Finding { xpath: self.path.clone(), reason });
    }

    fn find_at(&mut self, name: &str, reason: Reason) {
        self.within(name, 1, |walk| walk.find(reason));
    }

    /// Looks at each child, and at its text if it is text.
    fn children(&mut self, element: &'a Element, look: fn(&mut Self, &'a Element, &'a Element)) {
        for (child, nth) in numbered(element) {
            if matches!(child.space, Space::Cap(_)) {
                self.within(&child.name, nth, |walk| {
                    if child.children.is_empty() {
                        walk.text(&child.text);
                    }
                    look(walk, child, element);
                });
            }
        }
    }

    fn text(&mut self, text: &str) {
        if html::has_entities(text) {
            self.find(Reason::TextContainsHtmlEntities);
        }
        if html::has_tags(text) {
            self.find(Reason::TextContainsHtmlTags);
        }
    }

    fn alert(&mut self, alert: &'a Element) {
        self.children(alert, |walk, child, alert| {
            let text = child.text.as_str();
            match child.name.as_str() {
                "identifier" if !is_identifier(text) => walk.find(Reason::InvalidIdentifier),
                "sender" if !is_identifier(text) => walk.find(Reason::InvalidSender),
                "sent" => walk.date(text),
                "restriction" => {
                    let restricted = alert.text_of("scope") == Some("Restricted");
                    if !restricted && !text.trim().is_empty() {
                        walk.find(Reason::RestrictionScopeMismatch);
                    }
                }
                "references" => walk.references(text, alert),
                "info" => walk.info(child),
                _ => {}
            }
        });
    }

    fn date(&mut self, text: &str) {
        if !DateTime::read(text.trim()).is_some_and(|date| date.strict) {
            self.find(Reason::InvalidDate);
        }
    }

    fn references(&mut self, text: &str, alert: &Element) {
        let sent = alert.text_of("sent").map(Moment::new);
        let mut none = true;
        for word in text.split_ascii_whitespace() {
            none = false;
            let reference = match self.tree.version {
                Version::V1_0 => Reference::read_1_0(word),
                Version::V1_1 | Version::V1_2 => Reference::read(word),
            };
            let Some(reference) = reference else {
                self.find(Reason::InvalidReferences);
                continue;
            };
            if alert.text_of("identifier") == Some(&reference.identifier) {
                self.find(Reason::CircularReference);
            }
            let Some(before) = reference.sent else { continue };
            if !DateTime::read(before.as_str()).is_some_and(|date| date.strict) {
                self.find(Reason::InvalidReferences);
            }
            let sent = sent.as_ref().and_then(Moment::at);
            if before.at().zip(sent).is_some_and(|(before, sent)| before > sent) {
                self.find(Reason::PostdatedReference);
            }
        }
        if none {
            self.find(Reason::InvalidReferences);
        }
    }

    fn info(&mut self, info: &'a Element) {
        self.languages(info);
        self.children(info, |walk, child, _| {
            let text = child.text.as_str();
            match child.name.as_str() {
                "effective" | "onset" | "expires" => walk.date(text),
                "web" if uri(text) != Some(UriKind::Absolute) => walk.find(Reason::InvalidWeb),
                "resource" => walk.resource(child),
                "area" => walk.area(child),
                "eventCode" | "parameter" if child.children.is_empty() => walk.pair_1_0(text),
                "eventCode" | "parameter" => walk.pair(child),
                _ => {}
            }
        });
    }

    /// The same words under two languages are in one of them only.
    fn languages(&mut self, info: &'a Element) {
        let Some(language) = info.text_of("language").map(str::trim) else { return };
        if !language.is_empty() && !is_language(language) {
            return;
        }
        let language = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
        for field in SPOKEN {
            let Some(text) = info.text_of(field) else { continue };
            let first = self.spoken.entry((field, text)).or_insert_with(|| language.clone());
            if *first != language {
                self.find_at(field, Reason::SameTextDifferentLanguage);
            }
        }
    }

    fn pair(&mut self, pair: &'a Element) {
        self.children(pair, |_, _, _| {});
    }

    /// CAP 1.0 writes `name=value`.
    fn pair_1_0(&mut self, text: &str) {
        if self.tree.version == Version::V1_0 {
            let text = text.trim();
            let (name, value) = text.split_once('=').unwrap_or_default();
            if name.is_empty() || value.is_empty() || text.contains(char::is_whitespace) {
                self.find(Reason::InvalidValue);
            }
        }
    }

    fn resource(&mut self, resource: &'a Element) {
        self.children(resource, |walk, child, resource| {
            let text = child.text.as_str();
            match child.name.as_str() {
                "mimeType" => {
                    let kind = text.split_once('/').map(|(kind, _)| kind);
                    if !kind.is_some_and(|kind| MEDIA.contains(&kind)) {
                        walk.find(Reason::InvalidMimeType);
                    }
                }
                "uri" => match uri(text) {
                    None => walk.find(Reason::InvalidUri),
                    Some(UriKind::Relative) if resource.first("derefUri").is_none() => {
                        walk.find(Reason::RelativeUriMissingDerefUri);
                    }
                    Some(_) => {}
                },
                "derefUri" if !is_base64(text) => walk.find(Reason::InvalidDerefUri),
                _ => {}
            }
        });
    }

    fn area(&mut self, area: &'a Element) {
        let height = |name| area.text_of(name).and_then(|text| decimal(text.trim()));
        match (height("altitude"), height("ceiling")) {
            (None, Some(_)) => self.find(Reason::InvalidArea),
            (Some(altitude), Some(ceiling)) if altitude > ceiling => {
                self.find_at("ceiling", Reason::InvalidAltitudeCeilingRange);
            }
            _ => {}
        }
        self.children(area, |walk, child, _| {
            let text = child.text.as_str();
            match child.name.as_str() {
                "polygon" => walk.polygon(text),
                "circle" if !Circle::read(text).is_some_and(|circle| circle.exists()) => {
                    walk.find(Reason::InvalidCircle);
                }
                "geocode" if child.children.is_empty() => walk.pair_1_0(text),
                "geocode" => walk.pair(child),
                "altitude" | "ceiling" if !decimal(text.trim()).is_some_and(|h| h >= 0.0) => {
                    walk.find(Reason::InvalidValue);
                }
                _ => {}
            }
        });
    }

    fn polygon(&mut self, text: &str) {
        let Some(polygon) = Polygon::read(text) else { return self.find(Reason::InvalidPolygon) };
        for fault in polygon.faults() {
            self.find(match fault {
                PolygonFault::Crossing => Reason::InvalidPolygonSelfIntersection,
                PolygonFault::Few
                | PolygonFault::Open
                | PolygonFault::Nowhere
                | PolygonFault::Intricate => Reason::InvalidPolygon,
            });
        }
    }
}

#[cfg(test)]
mod tests;
