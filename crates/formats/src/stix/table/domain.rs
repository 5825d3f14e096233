//! Tables of domain and relationship objects (sections 4 and 5).

use super::Shape::{Bool, Dictionary, Int, List, Number, OneOf, Part, Ref, Text, Time};
use super::part::KILL_CHAIN_PHASE;
use super::{Class, Table};

pub(super) static ATTACK_PATTERN: Table = Table {
    class: Class::Domain,
    section: "4.1",
    properties: &[
        ("aliases", List(&Text), false),
        ("name", Text, true),
        ("description", Text, false),
        ("kill_chain_phases", List(&Part(KILL_CHAIN_PHASE)), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static CAMPAIGN: Table = Table {
    class: Class::Domain,
    section: "4.2",
    properties: &[
        ("name", Text, true),
        ("description", Text, false),
        ("aliases", List(&Text), false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
        ("objective", Text, false),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};

pub(super) static COURSE_OF_ACTION: Table = Table {
    class: Class::Domain,
    section: "4.3",
    properties: &[("name", Text, true), ("description", Text, false)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static GROUPING: Table = Table {
    class: Class::Domain,
    section: "4.4",
    properties: &[
        ("name", Text, false),
        ("description", Text, false),
        ("context", Text, true),
        ("object_refs", List(&Ref(&[])), true),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static IDENTITY: Table = Table {
    class: Class::Domain,
    section: "4.5",
    properties: &[
        ("roles", List(&Text), false),
        ("name", Text, true),
        ("description", Text, false),
        ("identity_class", Text, false),
        ("sectors", List(&Text), false),
        ("contact_information", Text, false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static INCIDENT: Table = Table {
    class: Class::Domain,
    section: "4.6",
    properties: &[("name", Text, true), ("description", Text, false)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static INDICATOR: Table = Table {
    class: Class::Domain,
    section: "4.7",
    properties: &[
        ("indicator_types", List(&Text), false),
        ("name", Text, false),
        ("description", Text, false),
        ("pattern", Text, true),
        ("pattern_type", Text, true),
        ("pattern_version", Text, false),
        ("valid_from", Time, true),
        ("valid_until", Time, false),
        ("kill_chain_phases", List(&Part(KILL_CHAIN_PHASE)), false),
    ],
    one_of: &[],
    order: Some(("valid_from", "valid_until")),
    apart: true,
};

pub(super) static INFRASTRUCTURE: Table = Table {
    class: Class::Domain,
    section: "4.8",
    properties: &[
        ("name", Text, true),
        ("description", Text, false),
        ("infrastructure_types", List(&Text), false),
        ("aliases", List(&Text), false),
        ("kill_chain_phases", List(&Part(KILL_CHAIN_PHASE)), false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};

pub(super) static INTRUSION_SET: Table = Table {
    class: Class::Domain,
    section: "4.9",
    properties: &[
        ("name", Text, true),
        ("description", Text, false),
        ("aliases", List(&Text), false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
        ("goals", List(&Text), false),
        ("resource_level", Text, false),
        ("primary_motivation", Text, false),
        ("secondary_motivations", List(&Text), false),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};

pub(super) static LOCATION: Table = Table {
    class: Class::Domain,
    section: "4.10",
    properties: &[
        ("description", Text, false),
        ("name", Text, false),
        ("latitude", Number(-90.0, 90.0), false),
        ("longitude", Number(-180.0, 180.0), false),
        ("precision", Number(0.0, f64::MAX), false),
        ("region", Text, false),
        ("country", Text, false),
        ("administrative_area", Text, false),
        ("city", Text, false),
        ("street_address", Text, false),
        ("postal_code", Text, false),
    ],
    one_of: &["region", "country", "latitude"],
    order: None,
    apart: false,
};

pub(super) static MALWARE_ANALYSIS: Table = Table {
    class: Class::Domain,
    section: "4.12",
    properties: &[
        ("product", Text, true),
        ("version", Text, false),
        ("configuration_version", Text, false),
        ("modules", List(&Text), false),
        ("analysis_engine_version", Text, false),
        ("analysis_definition_version", Text, false),
        ("submitted", Time, false),
        ("analysis_started", Time, false),
        ("analysis_ended", Time, false),
        ("result_name", Text, false),
        ("result", Text, false),
        ("host_vm_ref", Ref(&["software"]), false),
        ("operating_system_ref", Ref(&["software"]), false),
        ("installed_software_refs", List(&Ref(&["software"])), false),
        ("analysis_sco_refs", List(&Ref(&[])), false),
        ("sample_ref", Ref(&[]), false),
    ],
    one_of: &["result", "analysis_sco_refs"],
    order: Some(("analysis_started", "analysis_ended")),
    apart: false,
};

pub(super) static MALWARE: Table = Table {
    class: Class::Domain,
    section: "4.11",
    properties: &[
        ("aliases", List(&Text), false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
        ("operating_system_refs", List(&Ref(&["software"])), false),
        ("architecture_execution_envs", List(&Text), false),
        ("implementation_languages", List(&Text), false),
        ("capabilities", List(&Text), false),
        ("sample_refs", List(&Ref(&["artifact", "file"])), false),
        ("malware_types", List(&Text), false),
        ("name", Text, false),
        ("description", Text, false),
        ("kill_chain_phases", List(&Part(KILL_CHAIN_PHASE)), false),
        ("is_family", Bool, true),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};

pub(super) static NOTE: Table = Table {
    class: Class::Domain,
    section: "4.13",
    properties: &[
        ("abstract", Text, false),
        ("content", Text, true),
        ("authors", List(&Text), false),
        ("object_refs", List(&Ref(&[])), true),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static OBSERVED_DATA: Table = Table {
    class: Class::Domain,
    section: "4.14",
    properties: &[
        ("first_observed", Time, true),
        ("last_observed", Time, true),
        ("number_observed", Int(1, 999_999_999), true),
        ("objects", Dictionary, false),
        ("object_refs", List(&Ref(&[])), false),
    ],
    one_of: &["objects", "object_refs"],
    order: Some(("first_observed", "last_observed")),
    apart: false,
};

pub(super) static OPINION: Table = Table {
    class: Class::Domain,
    section: "4.15",
    properties: &[
        ("explanation", Text, false),
        ("authors", List(&Text), false),
        ("object_refs", List(&Ref(&[])), true),
        (
            "opinion",
            OneOf(&["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"]),
            true,
        ),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static REPORT: Table = Table {
    class: Class::Domain,
    section: "4.16",
    properties: &[
        ("report_types", List(&Text), false),
        ("name", Text, true),
        ("description", Text, false),
        ("published", Time, true),
        ("object_refs", List(&Ref(&[])), true),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static THREAT_ACTOR: Table = Table {
    class: Class::Domain,
    section: "4.17",
    properties: &[
        ("threat_actor_types", List(&Text), false),
        ("name", Text, true),
        ("description", Text, false),
        ("aliases", List(&Text), false),
        ("roles", List(&Text), false),
        ("goals", List(&Text), false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
        ("sophistication", Text, false),
        ("resource_level", Text, false),
        ("primary_motivation", Text, false),
        ("secondary_motivations", List(&Text), false),
        ("personal_motivations", List(&Text), false),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};

pub(super) static TOOL: Table = Table {
    class: Class::Domain,
    section: "4.18",
    properties: &[
        ("aliases", List(&Text), false),
        ("tool_types", List(&Text), false),
        ("name", Text, true),
        ("description", Text, false),
        ("tool_version", Text, false),
        ("kill_chain_phases", List(&Part(KILL_CHAIN_PHASE)), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static VULNERABILITY: Table = Table {
    class: Class::Domain,
    section: "4.19",
    properties: &[("name", Text, true), ("description", Text, false)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static RELATIONSHIP: Table = Table {
    class: Class::Relationship,
    section: "5.1",
    properties: &[
        ("relationship_type", Text, true),
        ("description", Text, false),
        ("source_ref", Ref(&[]), true),
        ("target_ref", Ref(&[]), true),
        ("start_time", Time, false),
        ("stop_time", Time, false),
    ],
    one_of: &[],
    order: Some(("start_time", "stop_time")),
    apart: true,
};

pub(super) static SIGHTING: Table = Table {
    class: Class::Relationship,
    section: "5.2",
    properties: &[
        ("description", Text, false),
        ("first_seen", Time, false),
        ("last_seen", Time, false),
        ("count", Int(0, 999_999_999), false),
        ("sighting_of_ref", Ref(&[]), true),
        ("observed_data_refs", List(&Ref(&["observed-data"])), false),
        ("where_sighted_refs", List(&Ref(&["identity", "location"])), false),
        ("summary", Bool, false),
    ],
    one_of: &[],
    order: Some(("first_seen", "last_seen")),
    apart: false,
};
