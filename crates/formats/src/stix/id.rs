//! Identifiers of observables: the same observable has the same id, whoever writes it down.
//!
//! A UUID of version 5 over the canonical form ([`crate::jcs`]) of those contributing properties
//! that are present (STIX 2.1 section 2.9). An observable without any of them has no such id and
//! gets a random one instead, which is left to whoever makes it.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};

use crate::jcs::{JcsError, canonical};

/// The namespace of deterministic ids: 00abedb4-aa42-466c-9c01-fed23315a9b7.
const NAMESPACE: [u8; 16] = [
    0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7,
];

/// Which of several hashes counts, first come first.
const HASHES: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The properties that the id of an observable is made of, by its type (STIX 2.1 section 6);
/// `None` for types that the specification does not know as observables.
pub fn contributing(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "parent_directory_ref", "extensions"],
        "mutex" => &["name"],
        "network-traffic" => &[
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ],
        // A process is what once ran on one machine: nothing identifies it elsewhere.
        "process" => &[],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => return None,
    })
}

/// The deterministic id of an observable of this type; `None` if no contributing property is
/// present.
pub fn deterministic(
    kind: &str,
    object: &Map<String, Value>,
    contributing: &[&str],
) -> Result<Option<String>, JcsError> {
    let present: Map<String, Value> = contributing
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), counted(name, object.get(*name)?)?)))
        .collect();
    if present.is_empty() {
        return Ok(None);
    }
    let name = canonical(&Value::Object(present))?;
    Ok(Some(format!("{kind}--{}", uuid_v5(name.as_bytes()))))
}

/// What counts of a property: all of it, but one only of several hashes.
fn counted(name: &str, value: &Value) -> Option<Value> {
    let Value::Object(hashes) = value else { return Some(value.clone()) };
    if name != "hashes" {
        return Some(value.clone());
    }
    let (key, hash) = HASHES
        .iter()
        .find_map(|key| hashes.get_key_value(*key))
        .or_else(|| hashes.iter().min_by_key(|(key, _)| *key))?;
    Some(Value::Object(Map::from_iter([(key.clone(), hash.clone())])))
}

/// A UUID of version 5 (RFC 9562 section 5.5).
fn uuid_v5(name: &[u8]) -> String {
    // SHA-1 is what version 5 is made of. It tells observables apart; it protects nothing.
    let digest = Sha1::new().chain_update(NAMESPACE).chain_update(name).finalize();
    let mut uuid = String::with_capacity(36);
    for (at, byte) in digest.iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        let byte = match at {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        // Writing to a string cannot fail.
        let _ = write!(uuid, "{byte:02x}");
    }
    uuid
}

#[test]
fn only_one_hash_counts_and_not_by_its_place() {
    use serde_json::json;
    let id = |hashes: Value| {
        let Value::Object(file) = json!({"hashes": hashes, "size": 3}) else { unreachable!() };
        deterministic("file", &file, contributing("file").unwrap()).unwrap()
    };
    assert_eq!(id(json!({"SHA-256": "b", "MD5": "a"})), id(json!({"MD5": "a"})));
    assert_ne!(id(json!({"SHA-256": "b"})), id(json!({"MD5": "a"})));
    assert_eq!(id(json!({"TLSH": "c", "SSDEEP": "d"})), id(json!({"SSDEEP": "d"})));
    assert_eq!(id(json!({})), None);
}
