//! The typed content of an alert whose schema is kept.

use thiserror::Error;

use super::geometry::{Circle, Polygon, quoted_list};
use super::schema;
use super::tree::{CapLimits, Element, Tree, TreeError, Version};
use super::value::{Moment, Reference, decimal};
use crate::text::{line_and_column, one_line, quoted};

/// Why bytes are no alert.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CapError {
    /// The XML is unacceptable.
    #[error("XML is refused at line {line}, column {column}: {problem}")]
    Xml {
        /// What is wrong and what would be right.
        problem: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// Its root is not CAP's.
    #[error("its root is {name} in {namespace}; expected `alert` of CAP 1.0, 1.1 or 1.2")]
    NotCap {
        /// The root.
        name: String,
        /// Where that is from.
        namespace: String,
    },
    /// The schema of its version is broken.
    #[error("{first}{}", more(.faults.saturating_sub(1)))]
    Schema {
        /// The first fault.
        first: String,
        /// How many there are.
        faults: usize,
    },
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(", and {others} other faults"),
    }
}

/// Declares a list of words that a value may be.
macro_rules! words {
    ($( $(#[$doc:meta])+ $list:ident { $( $(#[$word_doc:meta])+ $word:ident = $text:literal, )+ } )+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $list {
            $( $(#[$word_doc])+ $word, )+
        }

        impl $list {
            /// The value as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$word => $text, )+
                }
            }

            fn read(text: &str) -> Option<Self> {
                match text {
                    $( $text => Some(Self::$word), )+
                    _ => None,
                }
            }
        }
    )+ };
}

words! {
    /// What kind of alert it is.
    Status {
        /// To be acted upon.
        Actual = "Actual",
        /// Part of an exercise.
        Exercise = "Exercise",
        /// For the systems between.
        System = "System",
        /// A technical test, to be ignored.
        Test = "Test",
        /// A draft, not for action.
        Draft = "Draft",
    }

    /// What it is to others.
    MsgType {
        /// The first word.
        Alert = "Alert",
        /// Takes the place of those it refers to.
        Update = "Update",
        /// Ends those it refers to.
        Cancel = "Cancel",
        /// Acknowledges.
        Ack = "Ack",
        /// Says that those it refers to were refused.
        Error = "Error",
    }

    /// For whom it is.
    Scope {
        /// For everyone.
        Public = "Public",
        /// For those of whom `restriction` speaks.
        Restricted = "Restricted",
        /// For the addresses alone.
        Private = "Private",
    }

    /// How soon to act.
    Urgency {
        /// At once.
        Immediate = "Immediate",
        /// Within the hour.
        Expected = "Expected",
        /// In the near future.
        Future = "Future",
        /// No longer.
        Past = "Past",
        /// Not known.
        Unknown = "Unknown",
    }

    /// How much is at stake.
    Severity {
        /// Extraordinary.
        Extreme = "Extreme",
        /// Significant.
        Severe = "Severe",
        /// Possible.
        Moderate = "Moderate",
        /// Minimal.
        Minor = "Minor",
        /// Not known.
        Unknown = "Unknown",
    }

    /// How sure it is.
    Certainty {
        /// It happens, or happened.
        Observed = "Observed",
        /// More than even (CAP 1.0).
        VeryLikely = "Very Likely",
        /// More than even.
        Likely = "Likely",
        /// Less than even.
        Possible = "Possible",
        /// Next to nothing.
        Unlikely = "Unlikely",
        /// Not known.
        Unknown = "Unknown",
    }
}

/// A name and a value, of a vocabulary that CAP does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Of which.
    pub name: String,
    /// What.
    pub value: String,
}

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Which version it is written in.
    pub version: Version,
    /// What tells it from the sender's others.
    pub identifier: String,
    /// Who sent it.
    pub sender: String,
    /// When.
    pub sent: Moment,
    /// What kind of alert it is.
    pub status: Status,
    /// What it is to others.
    pub msg_type: MsgType,
    /// From what source it comes.
    pub source: Option<String>,
    /// For whom it is; CAP 1.0 does not always say.
    pub scope: Option<Scope>,
    /// How a restricted alert is restricted.
    pub restriction: Option<String>,
    /// For whom a private alert is.
    pub addresses: Vec<String>,
    /// Codes for its handling.
    pub codes: Vec<String>,
    /// What is said to it.
    pub note: Option<String>,
    /// The alerts that it refers to, as far as they are readable.
    pub references: Vec<Reference>,
    /// Names of incidents.
    pub incidents: Vec<String>,
    /// What it says, in each language and for each hazard.
    pub infos: Vec<Info>,
}

/// What an alert says.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// In which language.
    pub language: String,
    /// Of which kinds the event is.
    pub categories: Vec<String>,
    /// The event.
    pub event: String,
    /// What to do, as words of the standard.
    pub responses: Vec<String>,
    /// How soon to act.
    pub urgency: Urgency,
    /// How much is at stake.
    pub severity: Severity,
    /// How sure it is.
    pub certainty: Certainty,
    /// Whom it is about.
    pub audience: Option<String>,
    /// Codes of the event.
    pub event_codes: Vec<Pair>,
    /// From when it holds, if not from when it was sent.
    pub effective: Option<Moment>,
    /// When the event is expected to begin.
    pub onset: Option<Moment>,
    /// Until when it holds.
    pub expires: Option<Moment>,
    /// Who sent it, for people.
    pub sender_name: Option<String>,
    /// In one line.
    pub headline: Option<String>,
    /// At length.
    pub description: Option<String>,
    /// What to do.
    pub instruction: Option<String>,
    /// Where to read more.
    pub web: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// Values of other systems.
    pub parameters: Vec<Pair>,
    /// Files.
    pub resources: Vec<Resource>,
    /// Where.
    pub areas: Vec<Area>,
}

/// A file that belongs to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub description: String,
    /// Its media type; CAP 1.2 always has it.
    pub mime_type: Option<String>,
    /// How large it is, as written.
    pub size: Option<String>,
    /// Where it is.
    pub uri: Option<String>,
    /// The file itself in base 64.
    pub deref_uri: Option<String>,
    /// Its SHA-1.
    pub digest: Option<String>,
}

/// Where something is. Polygons and circles that cannot be read are left out here, and are
/// findings of [`super::rules`].
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// In words.
    pub description: String,
    /// As polygons.
    pub polygons: Vec<Polygon>,
    /// As circles.
    pub circles: Vec<Circle>,
    /// As codes.
    pub geocodes: Vec<Pair>,
    /// From which height in feet.
    pub altitude: Option<f64>,
    /// Up to which.
    pub ceiling: Option<f64>,
}

impl Alert {
    /// Reads an alert whose schema is kept.
    pub fn parse(bytes: &[u8], limits: &CapLimits) -> Result<Self, CapError> {
        let tree = Tree::read(bytes, limits).map_err(|error| CapError::of(bytes, error))?;
        Self::of(&tree)
    }

    /// Takes the content of a tree whose schema is kept.
    pub fn of(tree: &Tree) -> Result<Self, CapError> {
        let faults = schema::faults(tree);
        if let Some(first) = faults.first() {
            // It names elements of the file.
            let first = one_line(&first.to_string());
            return Err(CapError::Schema { first, faults: faults.len() });
        }
        let alert = &tree.root;
        let lacks = |element: &str| CapError::Schema {
            first: format!("/alert[1] lacks `{element}`"),
            faults: 1,
        };
        let (status, msg_type) = (word(alert, "status", Status::read), "msgType");
        let version = tree.version;
        let infos: Option<Vec<Info>> =
            alert.all("info").map(|info| Info::of(info, version)).collect();
        Ok(Self {
            version,
            identifier: text(alert, "identifier").ok_or_else(|| lacks("identifier"))?,
            sender: text(alert, "sender").ok_or_else(|| lacks("sender"))?,
            sent: moment(alert, "sent").ok_or_else(|| lacks("sent"))?,
            status: status.ok_or_else(|| lacks("status"))?,
            msg_type: word(alert, msg_type, MsgType::read).ok_or_else(|| lacks(msg_type))?,
            source: text(alert, "source"),
            scope: word(alert, "scope", Scope::read),
            restriction: text(alert, "restriction"),
            addresses: list(alert, "addresses"),
            codes: texts(alert, "code"),
            note: text(alert, "note"),
            references: references(alert, version),
            incidents: list(alert, "incidents"),
            infos: infos.ok_or_else(|| lacks("info"))?,
        })
    }
}

impl CapError {
    fn of(bytes: &[u8], error: TreeError) -> Self {
        match error {
            TreeError::Xml { at, problem } => {
                let (line, column) = line_and_column(bytes, at);
                // It may quote the file.
                Self::Xml { problem: one_line(&problem), line, column }
            }
            TreeError::NotCap { name, namespace } => Self::NotCap {
                name: quoted(&name),
                namespace: namespace
                    .map_or_else(|| "no namespace".to_owned(), |bound| quoted(&bound)),
            },
        }
    }
}

impl Info {
    /// `None` only if the schema is broken.
    fn of(info: &Element, version: Version) -> Option<Self> {
        let language = text(info, "language").filter(|language| !language.is_empty());
        Some(Self {
            language: language.unwrap_or_else(|| "en-US".to_owned()),
            categories: texts(info, "category"),
            event: text(info, "event")?,
            responses: texts(info, "responseType"),
            urgency: word(info, "urgency", Urgency::read)?,
            severity: word(info, "severity", Severity::read)?,
            certainty: word(info, "certainty", Certainty::read)?,
            audience: text(info, "audience"),
            event_codes: pairs(info, "eventCode", version),
            effective: moment(info, "effective"),
            onset: moment(info, "onset"),
            expires: moment(info, "expires"),
            sender_name: text(info, "senderName"),
            headline: text(info, "headline"),
            description: text(info, "description"),
            instruction: text(info, "instruction"),
            web: text(info, "web"),
            contact: text(info, "contact"),
            parameters: pairs(info, "parameter", version),
            resources: info.all("resource").filter_map(Resource::of).collect(),
            areas: info.all("area").filter_map(|area| Area::of(area, version)).collect(),
        })
    }
}

impl Resource {
    fn of(resource: &Element) -> Option<Self> {
        Some(Self {
            description: text(resource, "resourceDesc")?,
            mime_type: text(resource, "mimeType"),
            size: text(resource, "size"),
            uri: text(resource, "uri"),
            deref_uri: text(resource, "derefUri"),
            digest: text(resource, "digest"),
        })
    }
}

impl Area {
    fn of(area: &Element, version: Version) -> Option<Self> {
        let height = |name| area.text_of(name).and_then(|text| decimal(text.trim()));
        Some(Self {
            description: text(area, "areaDesc")?,
            polygons: area.all("polygon").filter_map(|shape| Polygon::read(&shape.text)).collect(),
            circles: area.all("circle").filter_map(|shape| Circle::read(&shape.text)).collect(),
            geocodes: pairs(area, "geocode", version),
            altitude: height("altitude"),
            ceiling: height("ceiling"),
        })
    }
}

fn text(element: &Element, name: &str) -> Option<String> {
    element.text_of(name).map(|text| text.trim().to_owned())
}

fn texts(element: &Element, name: &str) -> Vec<String> {
    element.all(name).map(|child| child.text.trim().to_owned()).collect()
}

fn moment(element: &Element, name: &str) -> Option<Moment> {
    element.text_of(name).map(Moment::new)
}

fn list(element: &Element, name: &str) -> Vec<String> {
    element.text_of(name).and_then(quoted_list).unwrap_or_default()
}

fn word<T>(element: &Element, name: &str, read: fn(&str) -> Option<T>) -> Option<T> {
    element.text_of(name).and_then(read)
}

fn references(alert: &Element, version: Version) -> Vec<Reference> {
    let words = alert.text_of("references").unwrap_or_default().split_ascii_whitespace();
    let read = match version {
        Version::V1_0 => Reference::read_1_0,
        Version::V1_1 | Version::V1_2 => Reference::read,
    };
    words.filter_map(read).collect()
}

fn pairs(element: &Element, name: &str, version: Version) -> Vec<Pair> {
    let pair = |child: &Element| {
        if version == Version::V1_0 {
            let (name, value) = child.text.split_once('=')?;
            return Some(Pair { name: name.trim().to_owned(), value: value.trim().to_owned() });
        }
        Some(Pair { name: text(child, "valueName")?, value: text(child, "value")? })
    };
    element.all(name).filter_map(pair).collect()
}
