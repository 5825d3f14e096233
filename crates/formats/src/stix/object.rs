//! Whether a STIX object can be understood: each property has the shape that its table gives it.
//!
//! Looser than validation against every MUST: an id or a time that the author left out, a number
//! where its text should stand, one value where a list of one should, or an object in the place
//! of its id do not make an object unreadable. What the specification does not define is refused, unless the
//! caller takes custom content as it comes or an extension says that it adds properties.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use thiserror::Error;

use super::granular::selects;
use super::is_uuid;
use super::table::{self, Property, Shape, Table, part};
use crate::text::quoted;

/// Objects within each other: a bundle, observed data, observables.
const DEPTH_MAX: usize = 4;

/// Base64 as encoders write it, some of which leave bits after the last byte (RFC 4648 section 3.5).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Whether content that the specification does not define is taken as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custom {
    /// It is.
    Taken,
    /// It is a fault.
    Refused,
}

/// Why an object cannot be understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}`: {problem} (STIX 2.1 section {section})")]
pub struct ObjectError {
    /// The value, such as `$.objects[3].name`.
    pub path: String,
    /// What is wrong and what would be right.
    pub problem: String,
    /// The section of the specification.
    pub section: &'static str,
}

/// Checks that an object, or a bundle with its objects, can be understood.
pub fn check(value: &Value, custom: Custom) -> Result<(), ObjectError> {
    Reader { custom }.object(value, "$", DEPTH_MAX)
}

struct Reader {
    custom: Custom,
}

type Checked = Result<(), ObjectError>;

fn wrong(path: &str, problem: impl Into<String>, section: &'static str) -> Checked {
    Err(ObjectError { path: path.to_owned(), problem: problem.into(), section })
}

impl Reader {
    fn object(&self, value: &Value, path: &str, depth: usize) -> Checked {
        let Some(object) = value.as_object() else {
            return wrong(path, "expected an object in braces", "3.1");
        };
        let Some(kind) = object.get("type").and_then(Value::as_str) else {
            return wrong(path, "it has no `type`; expected one such as \"indicator\"", "3.2");
        };
        let Some(depth) = depth.checked_sub(1) else {
            return wrong(path, "objects are nested too deeply", "3.1");
        };
        if kind == "bundle" {
            return self.bundle(object, path, depth);
        }
        let Some(table) = table::of(kind) else {
            return match self.custom {
                Custom::Taken => Ok(()),
                Custom::Refused if is_extended(object, &["new-sdo", "new-sco", "new-sro"]) => {
                    Ok(())
                }
                Custom::Refused => {
                    wrong(path, format!("{} is no type of STIX", quoted(kind)), "11.2")
                }
            };
        };
        self.id(object, kind, path)?;
        self.properties(object, table, path)?;
        self.extensions(object, kind, path)?;
        rules(object, kind, table, path)?;
        if kind == "observed-data"
            && let Some(objects) = object.get("objects").and_then(Value::as_object)
        {
            for (key, inner) in objects {
                self.object(inner, &format!("{path}.objects.{key}"), depth)?;
            }
        }
        Ok(())
    }

    fn bundle(&self, bundle: &Map<String, Value>, path: &str, depth: usize) -> Checked {
        self.id(bundle, "bundle", path)?;
        for key in bundle.keys() {
            if !matches!(key.as_str(), "type" | "id" | "objects" | "spec_version")
                && self.custom == Custom::Refused
            {
                return wrong(&format!("{path}.{key}"), "a bundle has no such property", "8");
            }
        }
        let Some(objects) = bundle.get("objects") else { return Ok(()) };
        let Some(objects) = objects.as_array() else {
            return wrong(&format!("{path}.objects"), "expected a list of objects", "8");
        };
        for (index, object) in objects.iter().enumerate() {
            self.object(object, &format!("{path}.objects[{index}]"), depth)?;
        }
        Ok(())
    }

    fn id(&self, object: &Map<String, Value>, kind: &str, path: &str) -> Checked {
        let Some(id) = object.get("id") else { return Ok(()) };
        let good = id.as_str().and_then(|id| id.rsplit_once("--"));
        if good.is_some_and(|(own, uuid)| own == kind && is_uuid(uuid)) {
            return Ok(());
        }
        wrong(&format!("{path}.id"), format!("expected {kind}--UUID"), "2.9")
    }

    fn properties(&self, object: &Map<String, Value>, table: &Table, path: &str) -> Checked {
        let extended = is_extended(object, &["toplevel-property-extension"]);
        for (name, value) in object {
            match table::property(table, name) {
                Some((_, shape, _)) => {
                    self.shape(value, *shape, &format!("{path}.{name}"), table.section)?;
                }
                None if extended || self.custom == Custom::Taken => {}
                None => {
                    let path = format!("{path}.{name}");
                    return wrong(&path, "the type has no such property", "11.1");
                }
            }
        }
        required(object, table.properties, path, table.section)
    }

    fn extensions(&self, object: &Map<String, Value>, kind: &str, path: &str) -> Checked {
        let Some(extensions) = object.get("extensions").and_then(Value::as_object) else {
            return Ok(());
        };
        for (name, extension) in extensions {
            let path = format!("{path}.extensions.{name}");
            if let Some(properties) = part::extension(kind, name) {
                self.part(extension, properties, &path, "6")?;
                continue;
            }
            let defined = name.strip_prefix("extension-definition--").is_some_and(is_uuid);
            if !extension.is_object() {
                return wrong(&path, "expected an object in braces", "7.3");
            }
            if !defined && self.custom == Custom::Refused {
                let problem = "no such extension is defined; expected extension-definition--UUID";
                return wrong(&path, problem, "7.3");
            }
        }
        Ok(())
    }

    fn part(&self, value: &Value, all: &[Property], path: &str, section: &'static str) -> Checked {
        let Some(part) = value.as_object() else {
            return wrong(path, "expected an object in braces", section);
        };
        if part.is_empty() {
            return wrong(path, "expected at least one property", section);
        }
        for (name, value) in part {
            let inner = format!("{path}.{name}");
            match all.iter().find(|(own, ..)| own == name) {
                Some((_, shape, _)) => self.shape(value, *shape, &inner, section)?,
                None if self.custom == Custom::Taken => {}
                None => return wrong(&inner, "there is no such property here", "11.1"),
            }
        }
        required(part, all, path, section)
    }

    fn shape(&self, value: &Value, shape: Shape, path: &str, section: &'static str) -> Checked {
        let (good, expected) = match shape {
            Shape::Text => {
                (!value.is_object() && !value.is_array() && !value.is_null(), "a string")
            }
            Shape::OneOf(words) => {
                if value.as_str().is_some_and(|word| words.contains(&word)) {
                    return Ok(());
                }
                return wrong(path, format!("expected one of {}", words.join(", ")), section);
            }
            Shape::Bool => (is_truth(value), "true or false"),
            Shape::Int(min, max) => {
                (integer(value).is_some_and(|n| (min..=max).contains(&n)), "an integer in range")
            }
            Shape::Number(min, max) => {
                (number(value).is_some_and(|n| (min..=max).contains(&n)), "a number in range")
            }
            Shape::Time => (time(value).is_some(), "a UTC time such as 2026-01-31T12:00:00Z"),
            Shape::Hex => (value.as_str().is_some_and(is_hex), "pairs of hexadecimal digits"),
            Shape::Binary => (value.as_str().is_some_and(is_base64), "base64"),
            Shape::Hashes => return self.hashes(value, path),
            Shape::Dictionary => (value.is_object(), "an object in braces"),
            Shape::Ref(kinds) => (is_ref(value, kinds), "the id of an object of a fitting type"),
            Shape::Part(all) => return self.part(value, all, path, section),
            Shape::List(inner) => {
                let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                if items.is_empty() {
                    return wrong(path, "expected a list of at least one", section);
                }
                for (index, item) in items.iter().enumerate() {
                    self.shape(item, *inner, &format!("{path}[{index}]"), section)?;
                }
                return Ok(());
            }
        };
        if good { Ok(()) } else { wrong(path, format!("expected {expected}"), section) }
    }

    /// Hashes by algorithm (section 2.7): those of the vocabulary have their lengths.
    fn hashes(&self, value: &Value, path: &str) -> Checked {
        let Some(hashes) = value.as_object().filter(|hashes| !hashes.is_empty()) else {
            return wrong(path, "expected at least one hash by its algorithm", "2.7");
        };
        for (algorithm, hash) in hashes {
            let path = format!("{path}.{algorithm}");
            let Some(hash) = hash.as_str() else { return wrong(&path, "expected a string", "2.7") };
            let digits = match algorithm.as_str() {
                "MD5" => 32,
                "SHA-1" => 40,
                "SHA-256" | "SHA3-256" => 64,
                "SHA-512" | "SHA3-512" => 128,
                "SSDEEP" | "TLSH" => continue,
                _ if self.custom == Custom::Taken => continue,
                _ => return wrong(&path, "no such algorithm is in hash-algorithm-ov", "10.7"),
            };
            if hash.len() != digits || !is_hex(hash) {
                return wrong(&path, format!("expected {digits} hexadecimal digits"), "10.7");
            }
        }
        Ok(())
    }
}

fn required(
    object: &Map<String, Value>,
    all: &[Property],
    path: &str,
    section: &'static str,
) -> Checked {
    match all.iter().find(|(name, _, must)| *must && !object.contains_key(*name)) {
        Some((name, ..)) => wrong(path, format!("`{name}` is missing"), section),
        None => Ok(()),
    }
}

/// Rules about several properties at once.
fn rules(object: &Map<String, Value>, kind: &str, table: &Table, path: &str) -> Checked {
    let has = |name: &str| object.contains_key(name);
    if !table.one_of.is_empty() && !table.one_of.iter().any(|name| has(name)) {
        let names = table.one_of.join(", ");
        return wrong(path, format!("expected at least one of {names}"), table.section);
    }
    let times = |first: &str, second: &str| {
        object.get(first).and_then(time).zip(object.get(second).and_then(time))
    };
    if times("created", "modified").is_some_and(|(created, modified)| modified < created) {
        return wrong(path, "`modified` may not lie before `created`", "3.2");
    }
    if let Some((first, second)) = table.order
        && let Some((start, end)) = times(first, second)
        && (end < start || (table.apart && end == start))
    {
        let problem = format!("`{second}` must lie after `{first}`");
        return wrong(path, problem, table.section);
    }
    markings(object, path)?;
    references(object, path)?;
    let says = |name: &str, truth: bool| object.get(name) == Some(&Value::Bool(truth));
    let problem = match kind {
        "location" if has("latitude") != has("longitude") => {
            "`latitude` and `longitude` stand together"
        }
        "location" if has("precision") && !has("latitude") => {
            "`precision` needs `latitude` and `longitude`"
        }
        "malware" if says("is_family", true) && !has("name") => "a family of malware has a `name`",
        "artifact" if has("payload_bin") && has("url") => {
            "`payload_bin` and `url` exclude each other"
        }
        "artifact" if has("url") && !has("hashes") => "`url` needs `hashes`",
        "email-message" if says("is_multipart", true) && has("body") => {
            "a message of several parts has no `body`"
        }
        "email-message" if says("is_multipart", false) && has("body_multipart") => {
            "a message of one part has no `body_multipart`"
        }
        "network-traffic" if says("is_active", true) && has("end") => {
            "traffic that goes on has no `end`"
        }
        "email-message" if parts_without_body(object) => {
            "a part of a message has `body` or `body_raw_ref`"
        }
        "observed-data" if has("objects") && has("object_refs") => {
            "`objects` and `object_refs` exclude each other"
        }
        "marking-definition" if !is_marking(object) => {
            "expected a `definition` with `tlp` or `statement`, or an extension"
        }
        _ => return Ok(()),
    };
    wrong(path, problem, table.section)
}

/// Each granular marking selects what is there, and says one thing of it (section 7.2.3.1).
fn markings(object: &Map<String, Value>, path: &str) -> Checked {
    let list = object.get("granular_markings").and_then(Value::as_array);
    for (index, marking) in list.into_iter().flatten().enumerate() {
        let path = format!("{path}.granular_markings[{index}]");
        if marking.get("lang").is_some() == marking.get("marking_ref").is_some() {
            return wrong(&path, "expected either `lang` or `marking_ref`", "7.2.3.1");
        }
        let selectors = marking.get("selectors").and_then(Value::as_array).into_iter().flatten();
        for selector in selectors.filter_map(Value::as_str) {
            if !selects(object, selector) {
                let problem = format!("the selector {} selects nothing here", quoted(selector));
                return wrong(&path, problem, "7.2.3.1");
            }
        }
    }
    Ok(())
}

/// Each external reference says where or what (section 2.5.1).
fn references(object: &Map<String, Value>, path: &str) -> Checked {
    let list = object.get("external_references").and_then(Value::as_array);
    for (index, reference) in list.into_iter().flatten().enumerate() {
        let says = |name| reference.get(name).is_some();
        if !["description", "url", "external_id"].into_iter().any(says) {
            let path = format!("{path}.external_references[{index}]");
            return wrong(&path, "expected `description`, `url` or `external_id`", "2.5.1");
        }
    }
    Ok(())
}

fn parts_without_body(message: &Map<String, Value>) -> bool {
    let parts = message.get("body_multipart").and_then(Value::as_array);
    let bare = |part: &Value| part.get("body").is_none() && part.get("body_raw_ref").is_none();
    parts.is_some_and(|parts| parts.iter().any(bare))
}

fn is_marking(object: &Map<String, Value>) -> bool {
    let Some(definition) = object.get("definition") else {
        return object.contains_key("extensions");
    };
    let says = |name: &str| definition.get(name).is_some_and(Value::is_string);
    match object.get("definition_type").and_then(Value::as_str) {
        Some("tlp") => says("tlp"),
        Some("statement") => says("statement"),
        _ => false,
    }
}

/// Whether an extension of one of these types is in the object.
fn is_extended(object: &Map<String, Value>, types: &[&str]) -> bool {
    let extensions = object.get("extensions").and_then(Value::as_object);
    let of =
        |extension: &Value| extension.get("extension_type")?.as_str().map(|t| types.contains(&t));
    extensions.is_some_and(|all| all.values().any(|e| of(e) == Some(true)))
}

/// True or false, also as text or as 1 and 0.
fn is_truth(value: &Value) -> bool {
    let word = |text: &str| {
        ["true", "t", "1", "false", "f", "0"].iter().any(|word| text.eq_ignore_ascii_case(word))
    };
    value.is_boolean() || value.as_str().is_some_and(word) || matches!(value.as_u64(), Some(0 | 1))
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn time(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str().filter(|text| text.ends_with('Z'))?.parse().ok()
}

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_base64(text: &str) -> bool {
    BASE64.decode(text).is_ok()
}

fn is_ref(value: &Value, kinds: &[&str]) -> bool {
    value
        .get("id")
        .unwrap_or(value)
        .as_str()
        .and_then(|id| id.rsplit_once("--"))
        .is_some_and(|(kind, uuid)| (kinds.is_empty() || kinds.contains(&kind)) && is_uuid(uuid))
}

#[cfg(test)]
mod tests;
