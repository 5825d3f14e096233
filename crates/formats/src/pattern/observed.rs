//! Observed data as patterns see it: who was seen, when, and how often.
//!
//! Read are bundles of STIX 2.1, whose observed data point to objects by `object_refs`, and
//! observed data of STIX 2.0 with their objects inside. Only objects that some observed data
//! hold or point to are seen by a pattern; references are followed within one of them.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::ast::Step;
use super::matcher::MatchError;
use super::time::nanoseconds;
use super::value::Found;
use crate::text::quoted;

/// Observed data that are taken in at once.
pub const OBSERVATIONS_MAX: usize = 100_000;

/// Types that may stand in a bundle and are no observables (STIX 2.1 sections 4, 5 and 7).
const NO_OBSERVABLES: [&str; 25] = [
    "attack-pattern",
    "bundle",
    "campaign",
    "course-of-action",
    "extension-definition",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "language-content",
    "location",
    "malware",
    "malware-analysis",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// Observed data, ready to be held against any number of patterns.
#[derive(Debug)]
pub struct Observations<'a> {
    sightings: Vec<Sighting<'a>>,
    by_type: HashMap<&'a str, Vec<Root<'a>>>,
}

/// One observed-data object.
#[derive(Debug)]
pub(super) struct Sighting<'a> {
    /// Nanoseconds since 1970.
    pub(super) first: i128,
    pub(super) last: i128,
    /// How often it was observed, at least once.
    pub(super) count: u64,
    objects: HashMap<&'a str, &'a Value>,
}

/// An object that a path may begin at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'a> {
    /// Which of the sightings.
    pub(super) sighting: usize,
    pub(super) object: &'a Value,
}

impl<'a> Observations<'a> {
    /// Reads a list of bundles or of observed data, or one of them.
    pub fn read(value: &'a Value) -> Result<Self, MatchError> {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let mut objects = Vec::new();
        for item in items {
            if item.get("type").and_then(Value::as_str) == Some("bundle") {
                let inner = item.get("objects").and_then(Value::as_array);
                objects.extend(inner.ok_or_else(|| observed("a bundle has no list `objects`"))?);
            } else {
                objects.push(item);
            }
        }
        let text = |object: &'a Value, member| object.get(member).and_then(Value::as_str);
        let by_id: HashMap<&str, &Value> = objects
            .iter()
            .filter(|object| text(object, "type") != Some("observed-data"))
            .filter_map(|object| text(object, "id").map(|id| (id, *object)))
            .collect();
        let mut read = Self { sightings: Vec::new(), by_type: HashMap::new() };
        for object in objects {
            if text(object, "type") == Some("observed-data") {
                read.add(object, &by_id)?;
            }
        }
        Ok(read)
    }

    fn add(&mut self, data: &'a Value, by_id: &HashMap<&str, &'a Value>) -> Result<(), MatchError> {
        if self.sightings.len() == OBSERVATIONS_MAX {
            return Err(observed(&format!("there are more than {OBSERVATIONS_MAX} observed data")));
        }
        let moment = |member: &str| {
            let text = data.get(member).and_then(Value::as_str);
            text.and_then(nanoseconds)
                .ok_or_else(|| observed(&format!("observed data have no timestamp `{member}`")))
        };
        let (first, last) = (moment("first_observed")?, moment("last_observed")?);
        if first > last {
            return Err(observed("observed data end before they begin"));
        }
        let count = data.get("number_observed").and_then(Value::as_u64).filter(|n| *n > 0);
        let count = count.ok_or_else(|| observed("`number_observed` is no number above zero"))?;

        let inside = data.get("objects").and_then(Value::as_object);
        let refs = data.get("object_refs").and_then(Value::as_array);
        if inside.is_none() && refs.is_none() {
            return Err(observed("observed data have neither `object_refs` nor `objects`"));
        }
        let inside =
            inside.into_iter().flat_map(Map::iter).map(|(id, object)| (id.as_str(), object));
        let refs = refs.into_iter().flatten().filter_map(Value::as_str);
        let pointed = refs.filter_map(|id| by_id.get(id).map(|object| (id, *object)));
        let objects: HashMap<&str, &Value> = inside.chain(pointed).collect();

        let sighting = self.sightings.len();
        for object in objects.values().copied() {
            let Some(kind) = object.get("type").and_then(Value::as_str) else { continue };
            if !NO_OBSERVABLES.contains(&kind) {
                self.by_type.entry(kind).or_default().push(Root { sighting, object });
            }
        }
        self.sightings.push(Sighting { first, last, count, objects });
        Ok(())
    }

    pub(super) fn sightings(&self) -> &[Sighting<'a>] {
        &self.sightings
    }

    /// Every object of a type, in the order of the sightings.
    pub(super) fn of_type(&self, kind: &str) -> &[Root<'a>] {
        self.by_type.get(kind).map_or(&[], Vec::as_slice)
    }
}

fn observed(problem: &str) -> MatchError {
    MatchError::Observed(problem.into())
}

impl<'a> Sighting<'a> {
    /// The values at the end of a path from an object.
    pub(super) fn values(
        &self,
        object: &'a Value,
        steps: &[Step],
    ) -> Result<Vec<Found<'a>>, String> {
        let mut found = vec![Found::Plain(object)];
        for step in steps {
            let mut next = Vec::new();
            for value in found {
                match (step, value) {
                    (Step::Key(key), Found::Plain(Value::Object(members))) => {
                        if let Some(member) = members.get(key) {
                            next.extend(self.decoded(key, member)?);
                        }
                    }
                    (Step::Index(index), Found::Plain(Value::Array(list))) => {
                        let index = usize::try_from(*index).ok();
                        next.extend(index.and_then(|index| list.get(index)).map(Found::Plain));
                    }
                    (Step::Index(index), Found::References(list)) => {
                        let index = usize::try_from(*index).ok();
                        next.extend(index.and_then(|index| self.resolved(list.get(index)?)));
                    }
                    (Step::Every, Found::Plain(Value::Array(list))) => {
                        next.extend(list.iter().map(Found::Plain));
                    }
                    (Step::Every, Found::References(list)) => {
                        next.extend(list.iter().filter_map(|id| self.resolved(id)));
                    }
                    _ => {}
                }
            }
            // References lead around in circles: each value counts once, so that the number of
            // values never grows beyond what the observed data hold.
            let mut seen = HashSet::new();
            next.retain(|found| match found {
                Found::Plain(value) => seen.insert(std::ptr::from_ref(*value).cast::<()>()),
                Found::References(list) => seen.insert(list.as_ptr().cast()),
                Found::Bytes(_) => true,
            });
            found = next;
        }
        Ok(found)
    }

    fn resolved(&self, id: &Value) -> Option<Found<'a>> {
        self.objects.get(id.as_str()?).map(|object| Found::Plain(object))
    }

    /// A member as its name says it is to be read.
    fn decoded(&self, key: &str, member: &'a Value) -> Result<Option<Found<'a>>, String> {
        let wrong = |what: &str| format!("the property {} holds no {what}", quoted(key));
        if key.ends_with("_hex") {
            let bytes = member.as_str().and_then(|text| hex::decode(text).ok());
            return bytes.map(Found::Bytes).map(Some).ok_or_else(|| wrong("hexadecimal digits"));
        }
        if key.ends_with("_bin") {
            let bytes = member.as_str().and_then(|text| STANDARD.decode(text).ok());
            return bytes.map(Found::Bytes).map(Some).ok_or_else(|| wrong("base64"));
        }
        if key.ends_with("_ref") {
            return if member.is_string() {
                Ok(self.resolved(member))
            } else {
                Err(wrong("reference"))
            };
        }
        if key.ends_with("_refs") {
            let list = member.as_array().filter(|list| list.iter().all(Value::is_string));
            let list = list.ok_or_else(|| wrong("list of references"))?;
            let any = list.iter().any(|id| self.resolved(id).is_some());
            return Ok(any.then_some(Found::References(list)));
        }
        Ok(Some(Found::Plain(member)))
    }
}
