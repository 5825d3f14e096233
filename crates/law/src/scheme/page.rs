//! A scheme as a page that a lawyer can read.

use std::fmt::{self, Write};

use super::{Level, Meaning, Place, Scheme, SchemeControl};
use crate::level;

pub(super) fn page(scheme: &Scheme) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _done = write(scheme, &mut out);
    out
}

fn write(scheme: &Scheme, out: &mut String) -> fmt::Result {
    let title = format!("{}  {}", scheme.owner(), scheme.name());
    writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()))?;
    let period = scheme.period().says();
    if !period.is_empty() {
        writeln!(out, "In use {period}.")?;
    }
    writeln!(out, "Languages: {}.", scheme.languages().join(", "))?;
    if let Some(class) = scheme.clearance_from() {
        writeln!(out, "A clearance is needed from {} upward.", level::name(class))?;
    }
    writeln!(out, "Source: {} ({}).", scheme.source(), scheme.checked().says())?;
    for note in scheme.notes() {
        writeln!(out, "Note: {note}")?;
    }
    writeln!(out)?;
    for one in scheme.levels().iter().rev() {
        write_level(scheme, one, out)?;
    }
    if !scheme.controls().is_empty() {
        writeln!(out, "Controls")?;
        for one in scheme.controls() {
            write_control(one, out)?;
        }
    }
    Ok(())
}

fn write_level(scheme: &Scheme, one: &Level, out: &mut String) -> fmt::Result {
    let place = match one.place {
        Place::Ladder => level::name(one.class).to_owned(),
        Place::Beside => format!("beside the ladder, counts as {}", level::name(one.class)),
    };
    writeln!(out, "{}  [{}]  {place}", one.marking, one.id)?;
    if one.words.len() > 1 {
        let words: Vec<String> = one.words.iter().map(|(l, w)| format!("{l} {w}")).collect();
        writeln!(out, "    languages: {}", words.join("; "))?;
    }
    if let Some(short) = &one.abbreviation {
        writeln!(out, "    portion: ({short})")?;
    }
    if !one.aliases.is_empty() {
        writeln!(out, "    also: {}", one.aliases.join(", "))?;
    }
    for old in &one.legacy {
        writeln!(out, "    legacy: {} ({})", old.marking, old.period.says())?;
    }
    for both in scheme.combined().iter().filter(|c| c.level == one.id) {
        writeln!(out, "    with {}: {} ({})", both.control, both.marking, both.abbreviation)?;
    }
    if !one.classification && one.id != "UNMARKED" {
        writeln!(out, "    is no security classification")?;
    }
    let period = one.period.says();
    if !period.is_empty() {
        writeln!(out, "    given {period}")?;
    }
    if let Some(words) = &one.marks_lower {
        writeln!(out, "    marks others' information of a lower level: {words}")?;
    }
    if let Some(rule) = &one.duration {
        writeln!(out, "    lasts: {rule}")?;
    }
    if let Some(checked) = one.checked {
        writeln!(out, "    {}", checked.says())?;
    }
    if let Some(note) = &one.note {
        writeln!(out, "    note: {note}")?;
    }
    Ok(())
}

fn write_control(one: &SchemeControl, out: &mut String) -> fmt::Result {
    let meaning = match one.meaning {
        Meaning::Common(tag) => format!("the common control {tag}"),
        Meaning::Own(entente_model::ControlKind::Informative) => "informative".to_owned(),
        Meaning::Own(_) => "restrictive: the reader must hold it".to_owned(),
    };
    write!(out, "{}", one.marking)?;
    if let Some(portion) = &one.portion {
        write!(out, " / {portion}")?;
    }
    writeln!(out, "  {meaning}")?;
    if !one.levels.is_empty() {
        writeln!(out, "    with: {}", one.levels.join(", "))?;
    }
    if !one.excludes.is_empty() {
        writeln!(out, "    never beside: {}", one.excludes.join(", "))?;
    }
    if !one.implies.is_empty() {
        writeln!(out, "    includes: {}", one.implies.join(", "))?;
    }
    match one.in_classified.as_deref() {
        Some([]) => writeln!(out, "    not in the banner of a classified document")?,
        Some(words) => {
            writeln!(out, "    in the banner of a classified document: {}", words.join(", "))?;
        }
        None => {}
    }
    if !one.yields_to.is_empty() {
        writeln!(out, "    gives way to: {}", one.yields_to.join(", "))?;
    }
    if one.never_declassified {
        writeln!(out, "    no date of declassification")?;
    }
    if let Some((day, instead)) = &one.retired {
        writeln!(out, "    retired {}: {instead}", crate::time::day_text(*day))?;
    }
    if let Some(note) = &one.note {
        writeln!(out, "    note: {note}")?;
    }
    Ok(())
}
