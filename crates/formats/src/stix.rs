//! STIX 2.1: a bundle becomes one piece for each of its objects.
//!
//! A third of real bundles break some MUST of the specification, so intake is by object: one is
//! refused only when it cannot be told what it is (no type, no usable id, or an id that stands
//! for two contents). Everything else that looks wrong stays beside it as a finding. Validation
//! against the whole specification is not done here.

pub mod granular;
pub mod id;
pub mod object;

mod table;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::intake::{IntakeError, Limits, Refused, Split};
use crate::json::StrictJson;
use crate::marking::{FoundMarking, Tlp};
use crate::piece::Piece;
use crate::text::{one_line, quoted, rfc3339};

const MEDIA_TYPE: &str = "application/stix+json;version=2.1";
const EXPECTED: &str = "a STIX 2.1 bundle";

/// The TLP markings that the specifications define by id: TLP 1 in STIX 2.1 section 7.2.1.4,
/// TLP 2 in OASIS's common object repository.
const TLP_IDS: [(&str, Tlp); 9] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
];

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    spec_version: Option<&'a RawValue>,
    #[serde(borrow)]
    objects: Option<&'a RawValue>,
}

/// What is read of an object. Values stay raw, so that one of the wrong type spoils itself only.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    spec_version: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    pattern: Option<&'a RawValue>,
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    modified: Option<&'a RawValue>,
    #[serde(borrow)]
    relationship_type: Option<&'a RawValue>,
    #[serde(borrow)]
    source_ref: Option<&'a RawValue>,
    #[serde(borrow)]
    target_ref: Option<&'a RawValue>,
    #[serde(borrow)]
    object_marking_refs: Option<&'a RawValue>,
    #[serde(borrow)]
    granular_markings: Option<&'a RawValue>,
    #[serde(borrow)]
    definition: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Granular<'a> {
    #[serde(borrow)]
    marking_ref: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Definition {
    tlp: Option<String>,
    statement: Option<String>,
}

/// Cuts a bundle, or takes a lone object.
pub(crate) fn split<'a>(json: StrictJson<'a>, limits: &Limits) -> Result<Split<'a>, IntakeError> {
    let not_that = |problem: String| IntakeError::NotThat { expected: EXPECTED, problem };
    let bundle: Bundle<'a> = serde_json::from_str(json.as_str())
        .map_err(|_| not_that("expected a JSON object with `type` and `objects`".into()))?;
    let kind = bundle.kind.and_then(text);
    let mut findings = Vec::new();
    let raws: Vec<&'a RawValue> = match kind.as_deref() {
        Some("bundle") => {
            if let Some(version) = bundle.spec_version.and_then(text)
                && version != "2.1"
            {
                findings.push(format!("the bundle says STIX {}, not 2.1", quoted(&version)));
            }
            let objects = bundle.objects.map_or("[]", RawValue::get);
            serde_json::from_str(objects)
                .map_err(|_| not_that("`objects` must be a list of objects".into()))?
        }
        Some(_) => vec![
            serde_json::from_str(json.as_str())
                .map_err(|_| not_that("expected a JSON object".into()))?,
        ],
        None => return Err(not_that("it has no `type`; expected \"type\": \"bundle\"".into())),
    };
    if raws.len() > limits.pieces_max {
        return Err(IntakeError::TooMany { pieces: raws.len(), max: limits.pieces_max });
    }
    if raws.is_empty() {
        return Err(not_that("it holds no objects".into()));
    }
    Ok(cut(&raws, findings))
}

fn cut<'a>(raws: &[&'a RawValue], findings: Vec<String>) -> Split<'a> {
    let heads: Vec<Option<Head<'a>>> =
        raws.iter().map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let definitions = definitions(&heads);
    let mut split = Split { pieces: Vec::with_capacity(raws.len()), refused: Vec::new(), findings };
    let mut seen: HashMap<(String, String), usize> = HashMap::with_capacity(raws.len());
    for (index, (raw, head)) in raws.iter().zip(&heads).enumerate() {
        let place = format!("objects[{index}]");
        let id = head.as_ref().and_then(|h| h.id).and_then(text);
        let taken = head
            .as_ref()
            .ok_or_else(|| "it is not a JSON object; expected one in braces".to_owned())
            .and_then(|head| piece(raw, head, &definitions));
        let piece = match taken {
            Ok(piece) => piece,
            Err(problem) => {
                let id = id.map(|id| one_line(&id));
                split.refused.push(Refused { place, id, problem });
                continue;
            }
        };
        let version = head.as_ref().and_then(|h| h.modified).map_or("", RawValue::get);
        let version = (piece.name.clone(), version.to_owned());
        match seen.get(&version).copied() {
            None => {
                seen.insert(version, index);
                split.pieces.push(piece);
            }
            Some(first) if raws.get(first).is_some_and(|f| f.get() == raw.get()) => {
                split.findings.push(format!("{place} repeats objects[{first}] and was left out"));
            }
            Some(first) => split.refused.push(Refused {
                place,
                id: Some(piece.name),
                problem: format!(
                    "objects[{first}] has the same id and version with different content; \
                     give a changed object a later `modified`"
                ),
            }),
        }
    }
    split
}

fn piece<'a>(
    raw: &'a RawValue,
    head: &Head<'a>,
    definitions: &HashMap<Cow<'a, str>, (&'static str, String)>,
) -> Result<Piece<'a>, String> {
    let kind = head.kind.ok_or("it has no `type`; expected one such as \"indicator\"")?;
    let kind = text(kind).ok_or("its `type` is not a string")?;
    let id = head.id.ok_or_else(|| format!("it has no `id`; expected {kind}--UUID"))?;
    let id = text(id).ok_or("its `id` is not a string")?;
    let is_type = |t: &str| {
        (3..=250).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !is_type(&kind) {
        let kind = quoted(&kind);
        return Err(format!("its type {kind} is no STIX type; expected a-z, 0-9 and hyphens"));
    }
    if !id.rsplit_once("--").is_some_and(|(t, uuid)| t == kind && is_uuid(uuid)) {
        return Err(format!("its id {} is malformed; expected {kind}--UUID", quoted(&id)));
    }

    let mut findings = Vec::new();
    if let Some(version) = head.spec_version.and_then(text)
        && version != "2.1"
    {
        findings.push(format!("`spec_version` is {}, not 2.1", quoted(&version)));
    }
    let created = head.created.and_then(|raw| {
        let created = text(raw).filter(|t| t.ends_with('Z')).and_then(|t| rfc3339(&t));
        if created.is_none() {
            findings.push("`created` is not a UTC time after 1970 in RFC 3339 form".to_owned());
        }
        created
    });
    let markings = markings(head, definitions, &mut findings);
    Ok(Piece {
        title: title(head, &kind),
        object_type: kind.replace('-', "_"),
        name: id.into_owned(),
        media_type: MEDIA_TYPE.to_owned(),
        payload: raw.get().as_bytes(),
        created,
        markings,
        records: 1,
        exercise: false,
        findings,
    })
}

/// What the marking definitions inside the bundle mean.
fn definitions<'a>(heads: &[Option<Head<'a>>]) -> HashMap<Cow<'a, str>, (&'static str, String)> {
    let of = |head: &Head<'a>| {
        let id = head.id.and_then(text).filter(|id| id.starts_with("marking-definition--"))?;
        let definition: Option<Definition> =
            head.definition.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let name = head.name.and_then(text);
        let colour = definition
            .as_ref()
            .and_then(|d| d.tlp.as_deref())
            .or_else(|| name.as_deref().filter(|n| n.starts_with("TLP:")))
            .and_then(Tlp::parse);
        let meaning = match (colour, definition.and_then(|d| d.statement)) {
            (Some(colour), _) => ("TLP", colour.as_str().to_owned()),
            (None, Some(statement)) => ("STATEMENT", statement),
            (None, None) => ("OTHER", name.unwrap_or_else(|| id.clone()).into_owned()),
        };
        Some((id, meaning))
    };
    heads.iter().flatten().filter_map(of).collect()
}

fn markings<'a>(
    head: &Head<'a>,
    definitions: &HashMap<Cow<'a, str>, (&'static str, String)>,
    findings: &mut Vec<String>,
) -> Vec<FoundMarking> {
    let mut found = Vec::new();
    let mut take = |id: &str, at: String| {
        let known = TLP_IDS.iter().find(|(known, _)| *known == id);
        found.push(match (known, definitions.get(id)) {
            (Some((_, colour)), _) => FoundMarking::of_tlp(*colour, at),
            (None, Some((tag, value))) => FoundMarking { tag, value: value.clone(), at },
            (None, None) => {
                findings.push(format!("the marking {} is not in the bundle", quoted(id)));
                FoundMarking { tag: "OTHER", value: id.to_owned(), at }
            }
        });
    };
    let mut broken = Vec::new();
    if let Some(raw) = head.object_marking_refs {
        match serde_json::from_str::<Vec<String>>(raw.get()) {
            Ok(ids) => {
                for (index, id) in ids.iter().enumerate() {
                    take(id, format!("object_marking_refs[{index}]"));
                }
            }
            Err(_) => broken.push("object_marking_refs"),
        }
    }
    if let Some(raw) = head.granular_markings {
        match serde_json::from_str::<Vec<Granular<'_>>>(raw.get()) {
            Ok(list) => {
                for (index, id) in list.iter().enumerate() {
                    if let Some(id) = &id.marking_ref {
                        take(id, format!("granular_markings[{index}]"));
                    }
                }
            }
            Err(_) => broken.push("granular_markings"),
        }
    }
    for property in broken {
        findings.push(format!("`{property}` cannot be read, so a marking may be missing"));
        let at = property.to_owned();
        found.push(FoundMarking { tag: "OTHER", value: "unreadable".to_owned(), at });
    }
    found
}

/// One line for people: the name if there is one, else what the object says.
fn title(head: &Head<'_>, kind: &str) -> String {
    let said = [head.name, head.value, head.pattern].into_iter().flatten().find_map(text);
    let line = match (said, head.relationship_type.and_then(text)) {
        (Some(said), _) => one_line(&said),
        (None, Some(verb)) => {
            let end = |raw: Option<&RawValue>| {
                let id = raw.and_then(text).unwrap_or_default();
                one_line(id.split("--").next().unwrap_or_default())
            };
            format!("{} {} {}", end(head.source_ref), one_line(&verb), end(head.target_ref))
        }
        (None, None) => String::new(),
    };
    if line.trim().is_empty() { kind.to_owned() } else { line }
}

/// The text of a raw JSON string; `None` for any other value.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests;
