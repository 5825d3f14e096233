//! MISP: each event is one piece.
//!
//! Accepts an event as MISP's API gives it (`{"Event": …}`), as its search gives it
//! (`{"response": [{"Event": …}]}`), and bare as its libraries write it. Translation to STIX is
//! not done here.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::intake::{IntakeError, Limits, Refused, Split};
use crate::json::StrictJson;
use crate::marking::{FoundMarking, Tlp};
use crate::piece::Piece;
use crate::stix::is_uuid;
use crate::text::{civil, one_line, quoted};

const MEDIA_TYPE: &str = "application/x-misp+json";
const EXPECTED: &str = "a MISP event";

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "Event")]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, rename = "Event")]
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Event {
    uuid: Option<String>,
    info: Option<String>,
    date: Option<String>,
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
    #[serde(rename = "Attribute", default)]
    attributes: Vec<Attribute>,
    #[serde(rename = "Object", default)]
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "Attribute", default)]
    attributes: Vec<Attribute>,
}

/// Takes every event of a document.
pub(crate) fn split<'a>(json: StrictJson<'a>, limits: &Limits) -> Result<Split<'a>, IntakeError> {
    let not_that =
        |problem: &str| IntakeError::NotThat { expected: EXPECTED, problem: problem.to_owned() };
    let document: Document<'a> = serde_json::from_str(json.as_str())
        .map_err(|_| not_that("expected a JSON object with `Event`"))?;
    let mut split = Split { pieces: Vec::new(), refused: Vec::new(), findings: Vec::new() };
    if let Some(response) = document.response {
        let raws: Vec<&'a RawValue> = serde_json::from_str(response.get())
            .map_err(|_| not_that("`response` must be a list of events"))?;
        if raws.len() > limits.pieces_max {
            return Err(IntakeError::TooMany { pieces: raws.len(), max: limits.pieces_max });
        }
        for (index, raw) in raws.iter().enumerate() {
            let place = format!("response[{index}]");
            let event = serde_json::from_str::<Wrapped<'a>>(raw.get()).map(|w| w.event.get());
            take(&mut split, place, raw.get(), event.unwrap_or(raw.get()));
        }
    } else if let Some(event) = document.event {
        take(&mut split, "Event".to_owned(), json.as_str(), event.get());
    } else if document.info.is_some() {
        take(&mut split, "the event".to_owned(), json.as_str(), json.as_str());
    } else {
        return Err(not_that("it has neither `Event`, nor `response`, nor `info`"));
    }
    if split.pieces.is_empty() && split.refused.is_empty() {
        return Err(not_that("its `response` holds no events"));
    }
    Ok(split)
}

/// Takes one event: `payload` is what is kept, `event` the event inside it.
fn take<'a>(split: &mut Split<'a>, place: String, payload: &'a str, event: &str) {
    let event: Event = match serde_json::from_str(event) {
        Ok(event) => event,
        Err(error) => {
            let problem = format!("it cannot be read as a MISP event: {error}");
            return split.refused.push(Refused { place, id: None, problem });
        }
    };
    let Some(uuid) = event.uuid.clone().filter(|uuid| is_uuid(uuid)) else {
        let id = event.info.as_deref().map(quoted);
        let problem = "it has no usable `uuid`; expected one such as \
                       5a5b2c3d-0001-4000-8000-000000000001";
        return split.refused.push(Refused { place, id, problem: problem.to_owned() });
    };
    let mut findings = Vec::new();
    let created = event.date.as_deref().and_then(date);
    if created.is_none() {
        findings.push("`date` is missing or no date as in 2031-04-12".to_owned());
    }
    let title = one_line(event.info.as_deref().unwrap_or_default());
    let in_objects: usize = event.objects.iter().map(|object| object.attributes.len()).sum();
    split.pieces.push(Piece {
        title: if title.is_empty() { format!("MISP event {uuid}") } else { title },
        name: uuid,
        object_type: "misp_event".to_owned(),
        media_type: MEDIA_TYPE.to_owned(),
        payload: payload.as_bytes(),
        created,
        markings: markings(&event),
        records: (event.attributes.len() + in_objects) as u64,
        exercise: false,
        findings,
    });
}

/// Every TLP and PAP tag, of the event and of anything in it.
fn markings(event: &Event) -> Vec<FoundMarking> {
    let mut found = Vec::new();
    let mut take = |tags: &[Tag], within: &str| {
        for (index, tag) in tags.iter().enumerate() {
            let at = format!("{within}Tag[{index}]");
            let name = tag.name.to_ascii_lowercase();
            if let Some(colour) = name.strip_prefix("tlp:") {
                found.push(Tlp::parse(colour).map_or_else(
                    || FoundMarking { tag: "OTHER", value: tag.name.clone(), at: at.clone() },
                    |colour| FoundMarking::of_tlp(colour, at.clone()),
                ));
            } else if let Some(colour) = name.strip_prefix("pap:") {
                found.push(FoundMarking { tag: "PAP", value: colour.to_ascii_uppercase(), at });
            }
        }
    };
    take(&event.tags, "");
    for (index, attribute) in event.attributes.iter().enumerate() {
        take(&attribute.tags, &format!("Attribute[{index}]."));
    }
    for (outer, object) in event.objects.iter().enumerate() {
        for (index, attribute) in object.attributes.iter().enumerate() {
            take(&attribute.tags, &format!("Object[{outer}].Attribute[{index}]."));
        }
    }
    found
}

fn date(text: &str) -> Option<entente_model::Timestamp> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    civil((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?), (0, 0, 0))
}

#[cfg(test)]
mod tests;
