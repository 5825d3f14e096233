//! Markings of an object and of its parts: read, asked for, added, taken away.
//!
//! A granular marking (STIX 2.1 section 7.2.3) says which parts of an object it is about with
//! selectors such as `external_references.[0].url`. A marking of the whole object stands in
//! `object_marking_refs` (section 3.2) and holds for each part too. Functions that change an
//! object return another one; its `modified` is the caller's, who knows the time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::is_uuid;
use crate::text::quoted;

const OBJECT: &str = "object_marking_refs";
const GRANULAR: &str = "granular_markings";
const DEFINITION: &str = "marking-definition--";

/// Why markings cannot be read or changed as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MarkingError {
    /// A selector selects nothing (STIX 2.1 section 7.2.3.1).
    #[error("the selector {selector} selects nothing in this object")]
    Selector {
        /// The selector, for people.
        selector: String,
    },
    /// No part is selected where at least one must be.
    #[error("no selector is given; expected one such as `description` or `labels.[0]`")]
    NoSelector,
    /// What is to be added is no marking.
    #[error("{marking} is no marking; expected {DEFINITION}UUID, or a language for a part")]
    Marking {
        /// What was given, for people.
        marking: String,
    },
    /// What is to be taken away is not there.
    #[error("the object has no such marking there")]
    NotFound,
}

/// Which parts of an object are meant.
#[derive(Debug, Clone, Copy)]
pub enum Parts<'a> {
    /// The object as a whole.
    Object,
    /// The parts that these selectors select.
    Selected(&'a [&'a str]),
}

/// Which markings count besides those of just the selected parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Those of what the parts lie in, up to the object itself.
    pub inherited: bool,
    /// Those of what lies in the parts.
    pub descendants: bool,
}

/// Which kinds of granular marking are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Those that refer to a marking definition.
    pub definitions: bool,
    /// Those that say in which language a part is.
    pub languages: bool,
}

impl Kinds {
    /// Both kinds.
    pub const ALL: Self = Self { definitions: true, languages: true };

    const fn has(self, mark: &Mark) -> bool {
        match mark {
            Mark::Definition(_) => self.definitions,
            Mark::Language(_) => self.languages,
        }
    }
}

/// What one granular marking says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Definition(String),
    Language(String),
}

impl Mark {
    fn of(text: &str) -> Self {
        let text = text.to_owned();
        if text.starts_with(DEFINITION) { Self::Definition(text) } else { Self::Language(text) }
    }

    fn text(&self) -> &str {
        match self {
            Self::Definition(text) | Self::Language(text) => text,
        }
    }

    const fn property(&self) -> &'static str {
        match self {
            Self::Definition(_) => "marking_ref",
            Self::Language(_) => "lang",
        }
    }
}

type Object = Map<String, Value>;

/// The markings of these parts, each once.
pub fn get(
    object: &Object,
    parts: Parts<'_>,
    reach: Reach,
    kinds: Kinds,
) -> Result<BTreeSet<String>, MarkingError> {
    let Parts::Selected(selectors) = parts else { return Ok(of_object(object)) };
    let mut found: BTreeSet<String> = granular(object, selectors, reach)?
        .filter(|mark| kinds.has(mark))
        .map(|mark| mark.text().to_owned())
        .collect();
    if reach.inherited {
        found.extend(of_object(object));
    }
    Ok(found)
}

/// Whether these parts have all of these markings; or any at all, if none is named. Of the
/// object as a whole, one of those named is enough.
pub fn is_marked(
    object: &Object,
    markings: &[&str],
    parts: Parts<'_>,
    reach: Reach,
) -> Result<bool, MarkingError> {
    let whole = of_object(object);
    let Parts::Selected(selectors) = parts else {
        return Ok(if markings.is_empty() {
            !whole.is_empty()
        } else {
            markings.iter().any(|m| whole.contains(*m))
        });
    };
    let mut found: BTreeSet<String> =
        granular(object, selectors, reach)?.map(|mark| mark.text().to_owned()).collect();
    if reach.inherited {
        found.extend(whole);
    }
    Ok(if markings.is_empty() {
        !found.is_empty()
    } else {
        markings.iter().all(|m| found.contains(*m))
    })
}

/// The object with these markings on these parts besides what it has.
pub fn add(object: &Object, markings: &[&str], parts: Parts<'_>) -> Result<Object, MarkingError> {
    let Parts::Selected(selectors) = parts else {
        check_definitions(markings)?;
        let mut all = of_object(object);
        all.extend(markings.iter().map(|m| (*m).to_owned()));
        return Ok(with_object(object, all));
    };
    check_selectors(object, selectors)?;
    if let Some(empty) = markings.iter().find(|m| m.is_empty()) {
        return Err(MarkingError::Marking { marking: quoted(empty) });
    }
    let mut marks = expanded(object);
    for marking in markings {
        marks.extend(selectors.iter().map(|s| (Mark::of(marking), (*s).to_owned())));
    }
    Ok(with_granular(object, marks))
}

/// The object without these markings on these parts.
pub fn remove(
    object: &Object,
    markings: &[&str],
    parts: Parts<'_>,
) -> Result<Object, MarkingError> {
    let Parts::Selected(selectors) = parts else {
        let mut all = of_object(object);
        if all.is_empty() {
            return Ok(object.clone());
        }
        if markings.iter().any(|m| !all.remove(*m)) {
            return Err(MarkingError::NotFound);
        }
        return Ok(with_object(object, all));
    };
    check_selectors(object, selectors)?;
    let marks = expanded(object);
    if marks.is_empty() {
        return Ok(object.clone());
    }
    let (gone, kept): (Marks, Marks) = marks.into_iter().partition(|(mark, selector)| {
        markings.contains(&mark.text()) && selectors.contains(&selector.as_str())
    });
    if gone.is_empty() {
        return Err(MarkingError::NotFound);
    }
    Ok(with_granular(object, kept))
}

/// The object with these markings on these parts instead of what they have.
pub fn set(
    object: &Object,
    markings: &[&str],
    parts: Parts<'_>,
    kinds: Kinds,
) -> Result<Object, MarkingError> {
    add(&clear(object, parts, kinds)?, markings, parts)
}

/// The object without any marking on these parts.
pub fn clear(object: &Object, parts: Parts<'_>, kinds: Kinds) -> Result<Object, MarkingError> {
    let Parts::Selected(selectors) = parts else {
        return Ok(with_object(object, BTreeSet::new()));
    };
    check_selectors(object, selectors)?;
    let mut marks = expanded(object);
    if marks.is_empty() {
        return Ok(object.clone());
    }
    let selected = |selector: &str| selectors.contains(&selector);
    if !marks.iter().any(|(_, selector)| selected(selector)) {
        return Err(MarkingError::NotFound);
    }
    marks.retain(|(mark, selector)| !(selected(selector) && kinds.has(mark)));
    Ok(with_granular(object, marks))
}

/// Whether a selector selects something that is present (STIX 2.1 section 7.2.3.1).
pub fn selects(object: &Object, selector: &str) -> bool {
    let mut steps = selector.split('.');
    let first = steps.next().and_then(|first| object.get(first));
    first.and_then(|first| steps.try_fold(first, inside)).is_some()
}

/// What one step of a selector leads to.
fn inside<'a>(at: &'a Value, step: &str) -> Option<&'a Value> {
    match at.as_array() {
        Some(items) => items.get(index(step)?),
        None => at.as_object()?.get(step),
    }
}

/// The index that a step such as `[3]` gives.
fn index(step: &str) -> Option<usize> {
    let digits = step.strip_prefix('[')?.strip_suffix(']')?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn check_selectors(object: &Object, selectors: &[&str]) -> Result<(), MarkingError> {
    if selectors.is_empty() {
        return Err(MarkingError::NoSelector);
    }
    match selectors.iter().find(|selector| !selects(object, selector)) {
        Some(selector) => Err(MarkingError::Selector { selector: quoted(selector) }),
        None => Ok(()),
    }
}

fn check_definitions(markings: &[&str]) -> Result<(), MarkingError> {
    let good = |m: &&&str| m.strip_prefix(DEFINITION).is_some_and(is_uuid);
    match markings.iter().find(|m| !good(m)) {
        Some(marking) => Err(MarkingError::Marking { marking: quoted(marking) }),
        None => Ok(()),
    }
}

/// Marks beside the selectors that they stand at, one each.
type Marks = Vec<(Mark, String)>;

/// Every granular marking, taken apart into one mark at one selector.
fn expanded(object: &Object) -> Marks {
    let list = object.get(GRANULAR).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut marks = Vec::new();
    for marking in list {
        let text = |name: &str| {
            marking.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let said = [text("marking_ref").map(Mark::Definition), text("lang").map(Mark::Language)];
        for selector in strings(marking.get("selectors")) {
            marks.extend(said.iter().flatten().map(|mark| (mark.clone(), selector.to_owned())));
        }
    }
    marks
}

/// The marks that these selectors reach.
fn granular<'a>(
    object: &'a Object,
    selectors: &'a [&'a str],
    reach: Reach,
) -> Result<impl Iterator<Item = Mark> + 'a, MarkingError> {
    check_selectors(object, selectors)?;
    let reached = move |selector: &str| {
        selectors.iter().any(|asked| {
            *asked == selector
                || (reach.inherited && lies_in(asked, selector))
                || (reach.descendants && lies_in(selector, asked))
        })
    };
    let marks = expanded(object).into_iter();
    Ok(marks.filter(move |(_, selector)| reached(selector)).map(|(mark, _)| mark))
}

/// Whether one selector selects something inside what another one selects.
fn lies_in(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

fn of_object(object: &Object) -> BTreeSet<String> {
    strings(object.get(OBJECT)).map(str::to_owned).collect()
}

/// The texts of a list. One text where a list should be counts too: no marking is lost because
/// its author left the brackets out.
fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    list.into_iter().chain(items).filter_map(Value::as_str)
}

fn with_object(object: &Object, markings: BTreeSet<String>) -> Object {
    let markings: Vec<Value> = markings.into_iter().map(Value::String).collect();
    with(object, OBJECT, markings)
}

/// The object with these marks, those of one kind put together again.
fn with_granular(object: &Object, marks: Marks) -> Object {
    let mut together: BTreeMap<Mark, BTreeSet<String>> = BTreeMap::new();
    for (mark, selector) in marks {
        together.entry(mark).or_default().insert(selector);
    }
    let list = together
        .into_iter()
        .map(|(mark, selectors)| json!({ mark.property(): mark.text(), "selectors": selectors }))
        .collect();
    with(object, GRANULAR, list)
}

/// The object with this list, or without the property if the list is empty.
fn with(object: &Object, property: &str, list: Vec<Value>) -> Object {
    let mut object = object.clone();
    if list.is_empty() {
        object.remove(property);
    } else {
        object.insert(property.to_owned(), Value::Array(list));
    }
    object
}

#[cfg(test)]
mod tests;
