//! Roll-up of what says who may have the document: NOFORN, REL TO, DISPLAY ONLY, RELIDO.

use std::collections::BTreeSet;

use entente_model::Control;

use super::{Weighed, Work};
use crate::control;
use crate::marking::sort_codes;

/// Nations and groups; `None` is everyone.
type Audience = Option<BTreeSet<String>>;

pub(super) fn release(work: &mut Work<'_>) {
    let noforn = work.names(|p| p.has("NOFORN"));
    if !noforn.is_empty() {
        keep_home(work, "any portion brings it in, and it replaces every list", noforn);
        return;
    }
    let marked = |p: &Weighed<'_>| p.has("REL_TO") || p.has("DISPLAY_ONLY") || p.has("RELIDO");
    let marked = work.names(marked);
    if marked.is_empty() {
        return;
    }
    let listed = rel_to(work);
    let shown = display_only(work, listed.as_ref());
    let officer = relido(work);
    if listed.is_none() && !shown && !officer {
        let rule = "no release marking is common to the portions, so nothing is released until someone decides it";
        keep_home(work, rule, marked);
    }
}

fn keep_home(work: &mut Work<'_>, rule: &str, names: Vec<String>) {
    if let Ok(one) = control::with_values("NOFORN", "") {
        work.add(one, rule, names);
    }
}

/// The list in a control of a portion.
fn list(portion: &Weighed<'_>, tag: &str) -> Audience {
    let one = portion.controls.iter().find(|c| c.tag == tag)?;
    Some(one.values.iter().cloned().collect())
}

/// Whether the portion keeps the document from being released to a list.
fn forbids_list(portion: &Weighed<'_>) -> bool {
    let released = portion.has("REL_TO");
    // An unclassified portion limits the list only if it says something else about release.
    !released && (portion.is_classified() || portion.has("DISPLAY_ONLY") || portion.has("RELIDO"))
}

/// REL TO: every classified portion has it; the nations common to all.
fn rel_to(work: &mut Work<'_>) -> Option<BTreeSet<String>> {
    if !work.portions.iter().any(|p| p.has("REL_TO")) {
        return None;
    }
    let blocking = work.names(forbids_list);
    if !blocking.is_empty() {
        work.fire(
            "REL TO",
            "left out: not every classified portion has it, or an unclassified one has another release marking",
            blocking,
        );
        return None;
    }
    let lists: Vec<BTreeSet<String>> =
        work.portions.iter().filter_map(|p| list(p, "REL_TO")).collect();
    let names = work.names(|p| p.has("REL_TO"));
    let common = common(work, &lists);
    // A list of nobody but the owner releases nothing.
    if common.iter().all(|code| code == work.scheme.owner()) {
        work.fire("REL TO", "left out: no nation is common to the lists", names);
        return None;
    }
    let one = codes(work, "REL_TO", &common)?;
    work.add(one, "every classified portion has it; the nations common to all", names);
    Some(common)
}

/// DISPLAY ONLY: every portion may be shown to them, and not to all of them given.
fn display_only(work: &mut Work<'_>, listed: Option<&BTreeSet<String>>) -> bool {
    let names = work.names(|p| p.has("DISPLAY_ONLY"));
    if names.is_empty() {
        return false;
    }
    // On foreign information it may not stand at all.
    let excluded = work.scheme.controls().iter().any(|c| {
        c.meaning == crate::scheme::Meaning::Common("DISPLAY_ONLY")
            && c.excludes.iter().any(|word| word == "FGI")
    });
    if excluded && work.controls.iter().any(|c| c.tag == "FGI") {
        work.fire("DISPLAY ONLY", "left out: not on foreign government information", names);
        return false;
    }
    let mut lists = Vec::new();
    for portion in &work.portions {
        let mut allowed = list(portion, "REL_TO").unwrap_or_default();
        allowed.extend(list(portion, "DISPLAY_ONLY").unwrap_or_default());
        let silent = !portion.has("REL_TO") && !portion.has("DISPLAY_ONLY");
        if silent && (portion.is_classified() || portion.has("RELIDO")) {
            work.fire("DISPLAY ONLY", "left out: not every portion may be shown", names);
            return false;
        }
        if !silent {
            lists.push(allowed);
        }
    }
    let mut common = common(work, &lists);
    common.retain(|code| !listed.is_some_and(|l| l.contains(code)) && code != work.scheme.owner());
    if common.is_empty() {
        work.fire("DISPLAY ONLY", "left out: nobody further may see every portion", names);
        return false;
    }
    let Some(one) = codes(work, "DISPLAY_ONLY", &common) else { return false };
    work.add(one, "every portion may be shown to them; the nations common to all", names);
    true
}

/// RELIDO: every classified portion has it.
fn relido(work: &mut Work<'_>) -> bool {
    let names = work.names(|p| p.has("RELIDO"));
    if names.is_empty() {
        return false;
    }
    let lacking = work.names(|p| p.is_classified() && !p.has("RELIDO"));
    if !lacking.is_empty() {
        work.fire("RELIDO", "left out: not every classified portion has it", lacking);
        return false;
    }
    let blocked = work.controls.iter().any(|c| c.tag == "DISPLAY_ONLY" || c.tag == "FGI");
    let own =
        work.scheme.controls().iter().any(|c| {
            c.meaning == crate::scheme::Meaning::Common("RELIDO") && !c.excludes.is_empty()
        });
    if blocked && own {
        work.fire("RELIDO", "left out: never beside DISPLAY ONLY or foreign information", names);
        return false;
    }
    match control::with_values("RELIDO", "") {
        Ok(one) => {
            work.add(one, "every classified portion has it", names);
            true
        }
        Err(_) => false,
    }
}

/// What all lists have in common. A group that stands in all of them stays a group; otherwise it
/// is expanded with its members of the day, and one whose members are not known counts for nobody.
fn common(work: &Work<'_>, lists: &[BTreeSet<String>]) -> BTreeSet<String> {
    let Some((first, others)) = lists.split_first() else { return BTreeSet::new() };
    let literal: BTreeSet<String> =
        first.iter().filter(|code| others.iter().all(|l| l.contains(*code))).cloned().collect();
    let expand = |list: &BTreeSet<String>| -> BTreeSet<String> {
        let mut nations = BTreeSet::new();
        for code in list {
            match work.schemes.groups().members(code, work.on) {
                Some(members) => nations.extend(members.iter().cloned()),
                None => {
                    nations.insert(code.clone());
                }
            }
        }
        nations
    };
    let mut nations = expand(first);
    for other in others {
        let other = expand(other);
        nations.retain(|code| other.contains(code));
    }
    let covered = expand(&literal);
    let further = nations.into_iter().filter(|code| !covered.contains(code));
    literal.iter().cloned().chain(further).collect()
}

fn codes(work: &Work<'_>, tag: &str, codes: &BTreeSet<String>) -> Option<Control> {
    let mut values: Vec<String> = codes.iter().cloned().collect();
    // A list of such a scheme starts with its owner, who has the information anyway.
    if work.scheme.owner_first && tag == "REL_TO" {
        values.push(work.scheme.owner().to_owned());
    }
    sort_codes(&mut values, Some(work.scheme.owner()));
    let kind = control::find(tag)?.kind();
    Some(Control { tag: tag.to_owned(), kind, values })
}
