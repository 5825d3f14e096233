//! Tables of what stands within objects, and of the extensions that the specification defines.

use super::Property;
use super::Shape::{
    Bool, Dictionary, Hashes, Hex, Int, List, Number, OneOf, Part, Ref, Text, Time,
};

pub(in crate::stix) static EXTERNAL_REFERENCE: &[Property] = &[
    ("source_name", Text, true),
    ("description", Text, false),
    ("url", Text, false),
    ("hashes", Hashes, false),
    ("external_id", Text, false),
];

pub(super) static GRANULAR_MARKING: &[Property] = &[
    ("lang", Text, false),
    ("marking_ref", Ref(&["marking-definition"]), false),
    ("selectors", List(&Text), true),
];

pub(super) static KILL_CHAIN_PHASE: &[Property] =
    &[("kill_chain_name", Text, true), ("phase_name", Text, true)];

pub(super) static MIME_PART: &[Property] = &[
    ("body", Text, false),
    ("body_raw_ref", Ref(&["artifact", "file"]), false),
    ("content_type", Text, false),
    ("content_disposition", Text, false),
];

pub(super) static REGISTRY_VALUE: &[Property] = &[
    ("name", Text, false),
    ("data", Text, false),
    (
        "data_type",
        OneOf(&[
            "REG_NONE",
            "REG_SZ",
            "REG_EXPAND_SZ",
            "REG_BINARY",
            "REG_DWORD",
            "REG_DWORD_BIG_ENDIAN",
            "REG_DWORD_LITTLE_ENDIAN",
            "REG_LINK",
            "REG_MULTI_SZ",
            "REG_RESOURCE_LIST",
            "REG_FULL_RESOURCE_DESCRIPTION",
            "REG_RESOURCE_REQUIREMENTS_LIST",
            "REG_QWORD",
            "REG_INVALID_TYPE",
        ]),
        false,
    ),
];

const STREAM: &[Property] =
    &[("name", Text, true), ("hashes", Hashes, false), ("size", Int(0, i64::MAX), false)];

const PE_SECTION: &[Property] = &[
    ("name", Text, true),
    ("size", Int(0, i64::MAX), false),
    ("entropy", Number(f64::MIN, f64::MAX), false),
    ("hashes", Hashes, false),
];

/// The properties of an extension that the specification defines for observables of this type.
pub(in crate::stix) fn extension(kind: &str, name: &str) -> Option<&'static [Property]> {
    Some(match (kind, name) {
        ("file", "archive-ext") => {
            &[("contains_refs", List(&Ref(&["directory", "file"])), true), ("comment", Text, false)]
        }
        ("file", "ntfs-ext") => {
            &[("sid", Text, false), ("alternate_data_streams", List(&Part(STREAM)), false)]
        }
        ("file", "pdf-ext") => &[
            ("version", Text, false),
            ("is_optimized", Bool, false),
            ("document_info_dict", Dictionary, false),
            ("pdfid0", Text, false),
            ("pdfid1", Text, false),
        ],
        ("file", "raster-image-ext") => &[
            ("image_height", Int(0, i64::MAX), false),
            ("image_width", Int(0, i64::MAX), false),
            ("bits_per_pixel", Int(0, i64::MAX), false),
            ("exif_tags", Dictionary, false),
        ],
        ("file", "windows-pebinary-ext") => &[
            ("pe_type", Text, true),
            ("imphash", Text, false),
            ("machine_hex", Hex, false),
            ("number_of_sections", Int(0, i64::MAX), false),
            ("time_date_stamp", Time, false),
            ("pointer_to_symbol_table_hex", Hex, false),
            ("number_of_symbols", Int(0, i64::MAX), false),
            ("size_of_optional_header", Int(0, i64::MAX), false),
            ("characteristics_hex", Hex, false),
            ("file_header_hashes", Hashes, false),
            ("optional_header", Dictionary, false),
            ("sections", List(&Part(PE_SECTION)), false),
        ],
        ("network-traffic", "http-request-ext") => &[
            ("request_method", Text, true),
            ("request_value", Text, true),
            ("request_version", Text, false),
            ("request_header", Dictionary, false),
            ("message_body_length", Int(0, i64::MAX), false),
            ("message_body_data_ref", Ref(&["artifact"]), false),
        ],
        ("network-traffic", "icmp-ext") => {
            &[("icmp_type_hex", Hex, true), ("icmp_code_hex", Hex, true)]
        }
        ("network-traffic", "socket-ext") => &[
            (
                "address_family",
                OneOf(&[
                    "AF_UNSPEC",
                    "AF_INET",
                    "AF_IPX",
                    "AF_APPLETALK",
                    "AF_NETBIOS",
                    "AF_INET6",
                    "AF_IRDA",
                    "AF_BTH",
                ]),
                true,
            ),
            ("is_blocking", Bool, false),
            ("is_listening", Bool, false),
            ("options", Dictionary, false),
            (
                "socket_type",
                OneOf(&["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET"]),
                false,
            ),
            ("socket_descriptor", Int(0, i64::MAX), false),
            ("socket_handle", Int(i64::MIN, i64::MAX), false),
        ],
        ("network-traffic", "tcp-ext") => {
            &[("src_flags_hex", Hex, false), ("dst_flags_hex", Hex, false)]
        }
        ("process", "windows-process-ext") => &[
            ("aslr_enabled", Bool, false),
            ("dep_enabled", Bool, false),
            ("priority", Text, false),
            ("owner_sid", Text, false),
            ("window_title", Text, false),
            ("startup_info", Dictionary, false),
            ("integrity_level", OneOf(&["low", "medium", "high", "system"]), false),
        ],
        ("process", "windows-service-ext") => &[
            ("service_name", Text, false),
            ("descriptions", List(&Text), false),
            ("display_name", Text, false),
            ("group_name", Text, false),
            (
                "start_type",
                OneOf(&[
                    "SERVICE_AUTO_START",
                    "SERVICE_BOOT_START",
                    "SERVICE_DEMAND_START",
                    "SERVICE_DISABLED",
                    "SERVICE_SYSTEM_ALERT",
                ]),
                false,
            ),
            ("service_dll_refs", List(&Ref(&["file"])), false),
            (
                "service_type",
                OneOf(&[
                    "SERVICE_KERNEL_DRIVER",
                    "SERVICE_FILE_SYSTEM_DRIVER",
                    "SERVICE_WIN32_OWN_PROCESS",
                    "SERVICE_WIN32_SHARE_PROCESS",
                ]),
                false,
            ),
            (
                "service_status",
                OneOf(&[
                    "SERVICE_CONTINUE_PENDING",
                    "SERVICE_PAUSE_PENDING",
                    "SERVICE_PAUSED",
                    "SERVICE_RUNNING",
                    "SERVICE_START_PENDING",
                    "SERVICE_STOP_PENDING",
                    "SERVICE_STOPPED",
                ]),
                false,
            ),
        ],
        ("user-account", "unix-account-ext") => &[
            ("gid", Int(i64::MIN, i64::MAX), false),
            ("groups", List(&Text), false),
            ("home_dir", Text, false),
            ("shell", Text, false),
        ],
        _ => return None,
    })
}
