//! The three schemas, element by element.

use super::{Content, Occurs, Particle};
use crate::cap::tree::Version;

use Content::{Date, Decimal, Elements, Integer, Language, OneOf, Text, ZonedDate};

const fn one(name: &'static str, content: Content) -> Particle {
    Particle { name, occurs: Occurs::Once, content }
}

const fn optional(name: &'static str, content: Content) -> Particle {
    Particle { name, occurs: Occurs::Optional, content }
}

const fn any(name: &'static str, content: Content) -> Particle {
    Particle { name, occurs: Occurs::Any, content }
}

const fn some(name: &'static str, content: Content) -> Particle {
    Particle { name, occurs: Occurs::Some, content }
}

/// What an alert of a version holds.
pub(super) const fn alert(version: Version) -> &'static [Particle] {
    match version {
        Version::V1_0 => ALERT_1_0,
        Version::V1_1 => ALERT_1_1,
        Version::V1_2 => ALERT_1_2,
    }
}

/// Whether some version has an element of this name.
pub(crate) fn is_known(name: &str) -> bool {
    fn within(particles: &[Particle], name: &str) -> bool {
        particles.iter().any(|particle| {
            particle.name == name
                || matches!(particle.content, Elements(inner) if within(inner, name))
        })
    }
    name == "alert" || Version::ALL.iter().any(|version| within(alert(*version), name))
}

/// The names that an element may have inside another one in CAP 1.2, in order.
pub(crate) fn names_within(parent: &str) -> Vec<&'static str> {
    fn find(particles: &'static [Particle], parent: &str) -> Option<&'static [Particle]> {
        particles.iter().find_map(|particle| match particle.content {
            Elements(inner) if particle.name == parent => Some(inner),
            Elements(inner) => find(inner, parent),
            Text | OneOf(_) | Date | ZonedDate | Language | Integer | Decimal => None,
        })
    }
    let inner = if parent == "alert" { Some(ALERT_1_2) } else { find(ALERT_1_2, parent) };
    inner.unwrap_or_default().iter().map(|particle| particle.name).collect()
}

const STATUS_1_0: Content = OneOf(&["Actual", "Exercise", "System", "Test"]);
const STATUS: Content = OneOf(&["Actual", "Exercise", "System", "Test", "Draft"]);
const MSG_TYPE: Content = OneOf(&["Alert", "Update", "Cancel", "Ack", "Error"]);
const SCOPE: Content = OneOf(&["Public", "Restricted", "Private"]);
const CATEGORY_1_0: Content = OneOf(&[
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "Other",
]);
const CATEGORY: Content = OneOf(&[
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
]);
const RESPONSE_1_1: Content =
    OneOf(&["Shelter", "Evacuate", "Prepare", "Execute", "Monitor", "Assess", "None"]);
const RESPONSE: Content = OneOf(&[
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
]);
const URGENCY: Content = OneOf(&["Immediate", "Expected", "Future", "Past", "Unknown"]);
const SEVERITY: Content = OneOf(&["Extreme", "Severe", "Moderate", "Minor", "Unknown"]);
const CERTAINTY_1_0: Content = OneOf(&["Very Likely", "Likely", "Possible", "Unlikely", "Unknown"]);
const CERTAINTY: Content = OneOf(&["Observed", "Likely", "Possible", "Unlikely", "Unknown"]);

const PAIR: Content = Elements(&[one("valueName", Text), one("value", Text)]);

const ALERT_1_0: &[Particle] = &[
    one("identifier", Text),
    one("sender", Text),
    one("sent", Date),
    one("status", STATUS_1_0),
    one("msgType", MSG_TYPE),
    optional("password", Text),
    optional("source", Text),
    optional("scope", SCOPE),
    optional("restriction", Text),
    optional("addresses", Text),
    any("code", Text),
    optional("note", Text),
    optional("references", Text),
    optional("incidents", Text),
    any("info", Elements(INFO_1_0)),
];

const INFO_1_0: &[Particle] = &[
    optional("language", Language),
    any("category", CATEGORY_1_0),
    one("event", Text),
    one("urgency", URGENCY),
    one("severity", SEVERITY),
    one("certainty", CERTAINTY_1_0),
    optional("audience", Text),
    any("eventCode", Text),
    optional("effective", Date),
    optional("onset", Date),
    optional("expires", Date),
    optional("senderName", Text),
    optional("headline", Text),
    optional("description", Text),
    optional("instruction", Text),
    // XML Schema lets every text stand for `xs:anyURI` (part 2, 3.2.17): rules look at these.
    optional("web", Text),
    optional("contact", Text),
    any("parameter", Text),
    any("resource", Elements(RESOURCE_1_0)),
    any("area", Elements(AREA_1_0)),
];

const RESOURCE_1_0: &[Particle] = &[
    one("resourceDesc", Text),
    optional("mimeType", Text),
    optional("size", Integer),
    optional("uri", Text),
    optional("digest", Text),
];

const AREA_1_0: &[Particle] = &[
    one("areaDesc", Text),
    any("polygon", Text),
    any("circle", Text),
    any("geocode", Text),
    optional("altitude", Text),
    optional("ceiling", Text),
];

const ALERT_1_1: &[Particle] = &[
    one("identifier", Text),
    one("sender", Text),
    one("sent", Date),
    one("status", STATUS),
    one("msgType", MSG_TYPE),
    optional("source", Text),
    one("scope", SCOPE),
    optional("restriction", Text),
    optional("addresses", Text),
    any("code", Text),
    optional("note", Text),
    optional("references", Text),
    optional("incidents", Text),
    any("info", Elements(INFO_1_1)),
];

const INFO_1_1: &[Particle] = &[
    optional("language", Language),
    some("category", CATEGORY),
    one("event", Text),
    any("responseType", RESPONSE_1_1),
    one("urgency", URGENCY),
    one("severity", SEVERITY),
    one("certainty", CERTAINTY),
    optional("audience", Text),
    any("eventCode", PAIR),
    optional("effective", Date),
    optional("onset", Date),
    optional("expires", Date),
    optional("senderName", Text),
    optional("headline", Text),
    optional("description", Text),
    optional("instruction", Text),
    optional("web", Text),
    optional("contact", Text),
    any("parameter", PAIR),
    any("resource", Elements(RESOURCE_1_1)),
    any("area", Elements(AREA_1_1)),
];

const RESOURCE_1_1: &[Particle] = &[
    one("resourceDesc", Text),
    optional("mimeType", Text),
    optional("size", Integer),
    optional("uri", Text),
    optional("derefUri", Text),
    optional("digest", Text),
];

const AREA_1_1: &[Particle] = &[
    one("areaDesc", Text),
    any("polygon", Text),
    any("circle", Text),
    any("geocode", PAIR),
    optional("altitude", Text),
    optional("ceiling", Text),
];

const ALERT_1_2: &[Particle] = &[
    one("identifier", Text),
    one("sender", Text),
    one("sent", ZonedDate),
    one("status", STATUS),
    one("msgType", MSG_TYPE),
    optional("source", Text),
    one("scope", SCOPE),
    optional("restriction", Text),
    optional("addresses", Text),
    any("code", Text),
    optional("note", Text),
    optional("references", Text),
    optional("incidents", Text),
    any("info", Elements(INFO)),
];

const INFO: &[Particle] = &[
    optional("language", Language),
    some("category", CATEGORY),
    one("event", Text),
    any("responseType", RESPONSE),
    one("urgency", URGENCY),
    one("severity", SEVERITY),
    one("certainty", CERTAINTY),
    optional("audience", Text),
    any("eventCode", PAIR),
    optional("effective", ZonedDate),
    optional("onset", ZonedDate),
    optional("expires", ZonedDate),
    optional("senderName", Text),
    optional("headline", Text),
    optional("description", Text),
    optional("instruction", Text),
    optional("web", Text),
    optional("contact", Text),
    any("parameter", PAIR),
    any("resource", Elements(RESOURCE)),
    any("area", Elements(AREA)),
];

const RESOURCE: &[Particle] = &[
    one("resourceDesc", Text),
    one("mimeType", Text),
    optional("size", Integer),
    optional("uri", Text),
    optional("derefUri", Text),
    optional("digest", Text),
];

const AREA: &[Particle] = &[
    one("areaDesc", Text),
    any("polygon", Text),
    any("circle", Text),
    any("geocode", PAIR),
    optional("altitude", Decimal),
    optional("ceiling", Decimal),
];
