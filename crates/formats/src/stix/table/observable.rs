//! Tables of observables (section 6).

use super::Shape::{
    Binary, Bool, Dictionary, Hashes, Hex, Int, List, OneOf, Part, Ref, Text, Time,
};
use super::part::{MIME_PART, REGISTRY_VALUE};
use super::{Class, Table};

pub(super) static ARTIFACT: Table = Table {
    class: Class::Observable,
    section: "6.1",
    properties: &[
        ("mime_type", Text, false),
        ("payload_bin", Binary, false),
        ("url", Text, false),
        ("hashes", Hashes, false),
        (
            "encryption_algorithm",
            OneOf(&["AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated"]),
            false,
        ),
        ("decryption_key", Text, false),
    ],
    one_of: &["payload_bin", "url"],
    order: None,
    apart: false,
};

pub(super) static AUTONOMOUS_SYSTEM: Table = Table {
    class: Class::Observable,
    section: "6.2",
    properties: &[
        ("number", Int(i64::MIN, i64::MAX), true),
        ("name", Text, false),
        ("rir", Text, false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static DIRECTORY: Table = Table {
    class: Class::Observable,
    section: "6.3",
    properties: &[
        ("path", Text, true),
        ("path_enc", Text, false),
        ("ctime", Time, false),
        ("mtime", Time, false),
        ("atime", Time, false),
        ("contains_refs", List(&Ref(&["directory", "file"])), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static DOMAIN_NAME: Table = Table {
    class: Class::Observable,
    section: "6.4",
    properties: &[
        ("value", Text, true),
        ("resolves_to_refs", List(&Ref(&["domain-name", "ipv4-addr", "ipv6-addr"])), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static EMAIL_ADDR: Table = Table {
    class: Class::Observable,
    section: "6.5",
    properties: &[
        ("value", Text, true),
        ("display_name", Text, false),
        ("belongs_to_ref", Ref(&["user-account"]), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static EMAIL_MESSAGE: Table = Table {
    class: Class::Observable,
    section: "6.6",
    properties: &[
        ("date", Time, false),
        ("content_type", Text, false),
        ("from_ref", Ref(&["email-addr"]), false),
        ("sender_ref", Ref(&["email-addr"]), false),
        ("to_refs", List(&Ref(&["email-addr"])), false),
        ("cc_refs", List(&Ref(&["email-addr"])), false),
        ("bcc_refs", List(&Ref(&["email-addr"])), false),
        ("message_id", Text, false),
        ("subject", Text, false),
        ("received_lines", List(&Text), false),
        ("additional_header_fields", Dictionary, false),
        ("raw_email_ref", Ref(&["artifact"]), false),
        ("is_multipart", Bool, true),
        ("body", Text, false),
        ("body_multipart", List(&Part(MIME_PART)), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static FILE: Table = Table {
    class: Class::Observable,
    section: "6.7",
    properties: &[
        ("hashes", Hashes, false),
        ("size", Int(0, i64::MAX), false),
        ("name", Text, false),
        ("name_enc", Text, false),
        ("magic_number_hex", Hex, false),
        ("mime_type", Text, false),
        ("ctime", Time, false),
        ("mtime", Time, false),
        ("atime", Time, false),
        ("parent_directory_ref", Ref(&["directory"]), false),
        ("contains_refs", List(&Ref(&[])), false),
        ("content_ref", Ref(&["artifact"]), false),
    ],
    one_of: &["hashes", "name"],
    order: None,
    apart: false,
};

pub(super) static IPV4_ADDR: Table = Table {
    class: Class::Observable,
    section: "6.8",
    properties: &[
        ("value", Text, true),
        ("resolves_to_refs", List(&Ref(&["mac-addr"])), false),
        ("belongs_to_refs", List(&Ref(&["autonomous-system"])), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static IPV6_ADDR: Table = Table {
    class: Class::Observable,
    section: "6.9",
    properties: &[
        ("value", Text, true),
        ("resolves_to_refs", List(&Ref(&["mac-addr"])), false),
        ("belongs_to_refs", List(&Ref(&["autonomous-system"])), false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static MAC_ADDR: Table = Table {
    class: Class::Observable,
    section: "6.10",
    properties: &[("value", Text, true)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static MUTEX: Table = Table {
    class: Class::Observable,
    section: "6.11",
    properties: &[("name", Text, true)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static NETWORK_TRAFFIC: Table = Table {
    class: Class::Observable,
    section: "6.12",
    properties: &[
        ("start", Time, false),
        ("end", Time, false),
        ("src_ref", Ref(&[]), false),
        ("dst_ref", Ref(&[]), false),
        ("src_port", Int(0, 65535), false),
        ("dst_port", Int(0, 65535), false),
        ("protocols", List(&Text), true),
        ("src_byte_count", Int(i64::MIN, i64::MAX), false),
        ("dst_byte_count", Int(i64::MIN, i64::MAX), false),
        ("src_packets", Int(i64::MIN, i64::MAX), false),
        ("dst_packets", Int(i64::MIN, i64::MAX), false),
        ("ipfix", Dictionary, false),
        ("src_payload_ref", Ref(&["artifact"]), false),
        ("dst_payload_ref", Ref(&["artifact"]), false),
        ("encapsulates_refs", List(&Ref(&["network-traffic"])), false),
        ("encapsulated_by_ref", Ref(&["network-traffic"]), false),
        ("is_active", Bool, false),
    ],
    one_of: &["src_ref", "dst_ref"],
    order: Some(("start", "end")),
    apart: false,
};

pub(super) static PROCESS: Table = Table {
    class: Class::Observable,
    section: "6.13",
    properties: &[
        ("is_hidden", Bool, false),
        ("pid", Int(i64::MIN, i64::MAX), false),
        ("created_time", Time, false),
        ("cwd", Text, false),
        ("command_line", Text, false),
        ("environment_variables", Dictionary, false),
        ("opened_connection_refs", List(&Ref(&["network-traffic"])), false),
        ("creator_user_ref", Ref(&["user-account"]), false),
        ("image_ref", Ref(&["file"]), false),
        ("parent_ref", Ref(&["process"]), false),
        ("child_refs", List(&Ref(&["process"])), false),
    ],
    one_of: &[
        "is_hidden",
        "pid",
        "created_time",
        "cwd",
        "command_line",
        "environment_variables",
        "opened_connection_refs",
        "creator_user_ref",
        "image_ref",
        "parent_ref",
        "child_refs",
        "extensions",
    ],
    order: None,
    apart: false,
};

pub(super) static SOFTWARE: Table = Table {
    class: Class::Observable,
    section: "6.14",
    properties: &[
        ("name", Text, true),
        ("cpe", Text, false),
        ("swid", Text, false),
        ("languages", List(&Text), false),
        ("vendor", Text, false),
        ("version", Text, false),
    ],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static URL: Table = Table {
    class: Class::Observable,
    section: "6.15",
    properties: &[("value", Text, true)],
    one_of: &[],
    order: None,
    apart: false,
};

pub(super) static USER_ACCOUNT: Table = Table {
    class: Class::Observable,
    section: "6.16",
    properties: &[
        ("user_id", Text, false),
        ("credential", Text, false),
        ("account_login", Text, false),
        ("account_type", Text, false),
        ("display_name", Text, false),
        ("is_service_account", Bool, false),
        ("is_privileged", Bool, false),
        ("can_escalate_privs", Bool, false),
        ("is_disabled", Bool, false),
        ("account_created", Time, false),
        ("account_expires", Time, false),
        ("credential_last_changed", Time, false),
        ("account_first_login", Time, false),
        ("account_last_login", Time, false),
    ],
    one_of: &[
        "user_id",
        "credential",
        "account_login",
        "account_type",
        "display_name",
        "is_service_account",
        "is_privileged",
        "can_escalate_privs",
        "is_disabled",
        "account_created",
        "account_expires",
        "credential_last_changed",
        "account_first_login",
        "account_last_login",
        "extensions",
    ],
    order: None,
    apart: false,
};

pub(super) static WINDOWS_REGISTRY_KEY: Table = Table {
    class: Class::Observable,
    section: "6.17",
    properties: &[
        ("key", Text, false),
        ("values", List(&Part(REGISTRY_VALUE)), false),
        ("modified_time", Time, false),
        ("creator_user_ref", Ref(&["user-account"]), false),
        ("number_of_subkeys", Int(i64::MIN, i64::MAX), false),
    ],
    one_of: &["key", "values", "modified_time", "creator_user_ref", "number_of_subkeys"],
    order: None,
    apart: false,
};

pub(super) static X509_CERTIFICATE: Table = Table {
    class: Class::Observable,
    section: "6.18",
    properties: &[
        ("is_self_signed", Bool, false),
        ("hashes", Hashes, false),
        ("version", Text, false),
        ("serial_number", Text, false),
        ("signature_algorithm", Text, false),
        ("issuer", Text, false),
        ("validity_not_before", Time, false),
        ("validity_not_after", Time, false),
        ("subject", Text, false),
        ("subject_public_key_algorithm", Text, false),
        ("subject_public_key_modulus", Text, false),
        ("subject_public_key_exponent", Int(i64::MIN, i64::MAX), false),
        ("x509_v3_extensions", Dictionary, false),
    ],
    one_of: &[
        "is_self_signed",
        "hashes",
        "version",
        "serial_number",
        "signature_algorithm",
        "issuer",
        "validity_not_before",
        "validity_not_after",
        "subject",
        "subject_public_key_algorithm",
        "subject_public_key_modulus",
        "subject_public_key_exponent",
        "x509_v3_extensions",
    ],
    order: None,
    apart: false,
};
