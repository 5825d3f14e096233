//! The canonical forms of a label: its banner, and its mark on a portion.

use entente_model::{Control, Label};

use crate::control;
use crate::scheme::{Scheme, Schemes};

/// Tags whose values are lists of nations and groups.
const LISTS: [&str; 4] = ["REL_TO", "DISPLAY_ONLY", "FGI", "JOINT"];

/// The label with its controls and their lists in the scheme's order. Printing it and reading
/// that gives it again.
#[must_use]
pub fn canonical(label: &Label, scheme: &Scheme) -> Label {
    let mut label = label.clone();
    for one in &mut label.controls {
        if LISTS.contains(&one.tag.as_str()) {
            sort_codes(&mut one.values, (one.tag != "JOINT").then_some(scheme.owner()));
        }
    }
    label.controls.sort_by_cached_key(|one| (place(one, scheme), one.values.clone()));
    label.controls.dedup();
    label
}

/// The owner first, then nations, then groups, each by the alphabet.
pub(crate) fn sort_codes(codes: &mut Vec<String>, owner: Option<&str>) {
    codes.sort_by_cached_key(|code| (Some(code.as_str()) != owner, code.len() != 3, code.clone()));
    codes.dedup();
}

/// Where a control stands: the scheme's words in their order, then the common ones.
fn place(one: &Control, scheme: &Scheme) -> (usize, usize) {
    if let Some((own, word)) = scheme.controls().iter().enumerate().find(|(_, c)| c.is(one)) {
        return (word.category.unwrap_or(usize::MAX - 1), own);
    }
    let common = control::TYPES.iter().position(|t| t.tag() == one.tag);
    (usize::MAX, common.unwrap_or(usize::MAX))
}

/// The banner of a label, in its own scheme.
pub fn print_banner(label: &Label, scheme: &Scheme) -> String {
    print(label, scheme, None, false)
}

/// The mark of a portion, in its own scheme. A list that is the banner's is not repeated.
pub fn print_portion_mark(label: &Label, scheme: &Scheme, banner: Option<&Label>) -> String {
    format!("({})", print(label, scheme, banner, true))
}

/// A label in a document of another owner's scheme, which writes others' classifications with
/// `//` before them.
pub fn print_in_document(label: &Label, document: &Scheme, schemes: &Schemes) -> Option<String> {
    let scheme = schemes.find(&label.policy)?;
    if scheme.owner() == document.owner() {
        return Some(print_banner(label, scheme));
    }
    if !document.foreign() {
        return None;
    }
    let own = print_banner(label, scheme);
    let written = own.split("//").next().unwrap_or_default();
    let having = schemes
        .iter()
        .filter(|s| s.owner() != document.owner() && s.spelt(written, None).is_some());
    // A marking that only one owner has needs no code; others could be taken for another's.
    Some(if having.count() == 1 {
        format!("//{own}")
    } else {
        format!("//{} {own}", scheme.owner())
    })
}

fn print(label: &Label, scheme: &Scheme, banner: Option<&Label>, portion: bool) -> String {
    let label = canonical(label, scheme);
    let mut out = String::new();
    let mut controls: Vec<&Control> = label.controls.iter().collect();
    let spelt = scheme.spelt(&label.marking, Some(label.created));
    let legacy = spelt.as_ref().is_none_or(|s| s.marking != s.level.marking);
    let mut marking = match &spelt {
        Some(spelt) if portion && !legacy => spelt.level.short().to_owned(),
        _ => label.marking.clone(),
    };
    let id = spelt.map_or("", |s| s.level.id.as_str());
    for both in scheme.combined().iter().filter(|c| c.level == id && !legacy) {
        let word = scheme.controls().iter().find(|c| c.marking == both.control);
        if let Some(at) = controls.iter().position(|c| word.is_some_and(|w| w.is(c))) {
            controls.remove(at);
            marking = if portion { both.abbreviation.clone() } else { both.marking.clone() };
        }
    }
    if let Some(at) = controls.iter().position(|c| c.tag == "JOINT")
        && scheme.foreign()
        && controls.get(at).is_some_and(|c| c.values.iter().any(|code| code == scheme.owner()))
    {
        let owners = controls.remove(at).values.join(" ");
        out.push_str("//JOINT ");
        out.push_str(&marking);
        out.push(' ');
        out.push_str(&owners);
    } else {
        out.push_str(&marking);
    }
    let implied = implied(&label, scheme);
    let mut category = None;
    for one in controls.into_iter().filter(|c| !implied.contains(c)) {
        // The most exact of the scheme's words.
        let known =
            scheme.controls().iter().filter(|c| c.is(one)).max_by_key(|c| c.value.is_some());
        let own = known.and_then(|c| c.category);
        out.push_str(if own.is_some() && own == category { "/" } else { "//" });
        category = own;
        let same = portion
            && one.tag == "REL_TO"
            && banner.and_then(|b| b.control("REL_TO")).is_some_and(|list| {
                let mut list = list.values.clone();
                sort_codes(&mut list, Some(scheme.owner()));
                list == one.values
            });
        match known {
            Some(word) if same && word.portion.is_some() => {
                out.push_str(word.portion.as_deref().unwrap_or_default());
            }
            Some(word) => out.push_str(&word.written(one, portion && !is_list(one))),
            None => out.push_str(&control::print(one)),
        }
    }
    out
}

/// A list is written in full in a portion too, unless it is the banner's.
fn is_list(one: &Control) -> bool {
    one.tag == "REL_TO"
}

/// The controls that others include, and that are therefore not written.
fn implied(label: &Label, scheme: &Scheme) -> Vec<Control> {
    let words = label
        .controls
        .iter()
        .flat_map(|one| scheme.controls().iter().filter(move |c| c.is(one)))
        .flat_map(|c| &c.implies);
    words.filter_map(|word| control::read_in(word, scheme)?.ok()).collect()
}
