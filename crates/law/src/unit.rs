//! The units of an object: what is decided one by one (README section 7.1).

use entente_model::Control;
use entente_model::facts::{Person, Portion, Provenance};

use crate::case::Subject;

/// An object without portions, or one of its portions with what it overrides.
#[derive(Debug, Clone)]
pub(crate) struct Unit<'a> {
    /// The portion's name; `None` for an object without portions.
    pub portion: Option<&'a str>,
    /// Level on the common ladder.
    pub level: u8,
    pub controls: Vec<&'a Control>,
    pub personal_data: bool,
    pub persons: &'a [Person],
    pub data_categories: &'a [String],
    pub provenance: Vec<&'a Provenance>,
}

/// The units of an object.
pub(crate) fn units(subject: Subject<'_>) -> Vec<Unit<'_>> {
    let facts = subject.facts;
    if facts.portions.is_empty() {
        return vec![Unit {
            portion: None,
            level: subject.label.class,
            controls: subject.label.controls.iter().collect(),
            personal_data: facts.personal_data,
            persons: &facts.persons,
            data_categories: &facts.data_categories,
            provenance: facts.provenance.iter().collect(),
        }];
    }
    facts.portions.iter().map(|portion| of_portion(subject, portion)).collect()
}

fn of_portion<'a>(subject: Subject<'a>, portion: &'a Portion) -> Unit<'a> {
    let facts = subject.facts;
    Unit {
        portion: Some(&portion.id),
        level: portion.class,
        // What is written over the whole binds every part of it.
        controls: subject.label.controls.iter().chain(&portion.controls).collect(),
        personal_data: portion.personal_data.unwrap_or(facts.personal_data),
        persons: portion.persons.as_deref().unwrap_or(&facts.persons),
        data_categories: portion.data_categories.as_deref().unwrap_or(&facts.data_categories),
        provenance: facts
            .provenance
            .iter()
            .filter(|p| p.portions.is_empty() || p.portions.contains(&portion.id))
            .collect(),
    }
}
