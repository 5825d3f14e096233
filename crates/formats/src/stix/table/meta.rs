//! Tables of meta objects (section 7).

use super::Shape::{Dictionary, List, OneOf, Ref, Text, Time};
use super::{Class, Table};

pub(super) static EXTENSION_DEFINITION: Table = Table {
    class: Class::Meta,
    section: "7.3",
    properties: &[
        ("name", Text, true),
        ("description", Text, false),
        ("schema", Text, true),
        ("version", Text, true),
        (
            "extension_types",
            List(&OneOf(&[
                "new-sdo",
                "new-sco",
                "new-sro",
                "property-extension",
                "toplevel-property-extension",
            ])),
            true,
        ),
        ("extension_properties", List(&Text), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static LANGUAGE_CONTENT: Table = Table {
    class: Class::Meta,
    section: "7.1",
    properties: &[
        ("object_ref", Ref(&[]), true),
        ("object_modified", Time, false),
        ("contents", Dictionary, true),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static MARKING_DEFINITION: Table = Table {
    class: Class::Meta,
    section: "7.2",
    properties: &[
        ("name", Text, false),
        ("definition_type", Text, false),
        ("definition", Dictionary, false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};
