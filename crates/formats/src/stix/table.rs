//! What STIX 2.1 says of each type of object, as tables.
//!
//! One table for each type: its properties with their shapes, which of them must be there, and
//! which time lies before which. Rules that no table can say stand with the reader of objects.

mod domain;
mod meta;
mod observable;
pub(super) mod part;

use Shape::{Bool, Int, List, Part, Ref, Text, Time};

use self::part::{EXTERNAL_REFERENCE, GRANULAR_MARKING};

/// The sort of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Domain,
    Relationship,
    Observable,
    Meta,
}

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// One of a closed vocabulary (section 10).
    OneOf(&'static [&'static str]),
    Bool,
    /// An integer within these.
    Int(i64, i64),
    /// A number within these.
    Number(f64, f64),
    Time,
    Hex,
    Binary,
    Hashes,
    Dictionary,
    /// The id of an object of one of these types; of any, if there are none.
    Ref(&'static [&'static str]),
    /// At least one of this shape.
    List(&'static Shape),
    /// An object within an object.
    Part(&'static [Property]),
}

/// A property: its name, its shape, and whether it must be there.
pub(super) type Property = (&'static str, Shape, bool);

/// One type of object.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) class: Class,
    /// The section of the specification.
    pub(super) section: &'static str,
    pub(super) properties: &'static [Property],
    /// At least one of these must be there, if there are any.
    pub(super) one_of: &'static [&'static str],
    /// Two times, of which the first comes first.
    pub(super) order: Option<(&'static str, &'static str)>,
    /// They may not be the same moment.
    pub(super) apart: bool,
}

/// The table of a type that the specification defines.
pub(super) fn of(kind: &str) -> Option<&'static Table> {
    Some(match kind {
        "attack-pattern" => &domain::ATTACK_PATTERN,
        "campaign" => &domain::CAMPAIGN,
        "course-of-action" => &domain::COURSE_OF_ACTION,
        "grouping" => &domain::GROUPING,
        "identity" => &domain::IDENTITY,
        "incident" => &domain::INCIDENT,
        "indicator" => &domain::INDICATOR,
        "infrastructure" => &domain::INFRASTRUCTURE,
        "intrusion-set" => &domain::INTRUSION_SET,
        "location" => &domain::LOCATION,
        "malware-analysis" => &domain::MALWARE_ANALYSIS,
        "malware" => &domain::MALWARE,
        "note" => &domain::NOTE,
        "observed-data" => &domain::OBSERVED_DATA,
        "opinion" => &domain::OPINION,
        "report" => &domain::REPORT,
        "threat-actor" => &domain::THREAT_ACTOR,
        "tool" => &domain::TOOL,
        "vulnerability" => &domain::VULNERABILITY,
        "relationship" => &domain::RELATIONSHIP,
        "sighting" => &domain::SIGHTING,
        "artifact" => &observable::ARTIFACT,
        "autonomous-system" => &observable::AUTONOMOUS_SYSTEM,
        "directory" => &observable::DIRECTORY,
        "domain-name" => &observable::DOMAIN_NAME,
        "email-addr" => &observable::EMAIL_ADDR,
        "email-message" => &observable::EMAIL_MESSAGE,
        "file" => &observable::FILE,
        "ipv4-addr" => &observable::IPV4_ADDR,
        "ipv6-addr" => &observable::IPV6_ADDR,
        "mac-addr" => &observable::MAC_ADDR,
        "mutex" => &observable::MUTEX,
        "network-traffic" => &observable::NETWORK_TRAFFIC,
        "process" => &observable::PROCESS,
        "software" => &observable::SOFTWARE,
        "url" => &observable::URL,
        "user-account" => &observable::USER_ACCOUNT,
        "windows-registry-key" => &observable::WINDOWS_REGISTRY_KEY,
        "x509-certificate" => &observable::X509_CERTIFICATE,
        "extension-definition" => &meta::EXTENSION_DEFINITION,
        "language-content" => &meta::LANGUAGE_CONTENT,
        "marking-definition" => &meta::MARKING_DEFINITION,
        _ => return None,
    })
}

/// A property of this name, common ones included (section 3.2).
pub(super) fn property(table: &Table, name: &str) -> Option<&'static Property> {
    let find = |list: &'static [Property]| list.iter().find(|(own, ..)| *own == name);
    let versioned = if table.class == Class::Observable { None } else { find(VERSIONED) };
    find(table.properties).or_else(|| find(COMMON)).or(versioned)
}

/// What every object may have.
static COMMON: &[Property] = &[
    ("type", Text, true),
    ("id", Ref(&[]), false),
    ("spec_version", Text, false),
    ("object_marking_refs", List(&Ref(&["marking-definition"])), false),
    ("granular_markings", List(&Part(GRANULAR_MARKING)), false),
    ("defanged", Bool, false),
    ("extensions", Shape::Dictionary, false),
];

/// What objects other than observables may have too.
static VERSIONED: &[Property] = &[
    ("created_by_ref", Ref(&["identity"]), false),
    ("created", Time, false),
    ("modified", Time, false),
    ("revoked", Bool, false),
    ("labels", List(&Text), false),
    ("confidence", Int(0, 100), false),
    ("lang", Text, false),
    ("external_references", List(&Part(EXTERNAL_REFERENCE)), false),
];
