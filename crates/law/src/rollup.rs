//! Roll-up: the banner of a document, computed from its portions.
//!
//! Pure bookkeeping over labels: the highest level, the union of what restricts, the common part
//! of what permits. Every element of the banner names the rule that put it there and the portions
//! that made it fire. What cannot be computed is not guessed: a portion that the document's scheme
//! cannot express is an error that a person decides.
//!
//! INVARIANT: the banner is never below a portion and never releasable to someone to whom a
//! portion is not; the order of the portions does not matter, and the banner of a banner is itself.

mod dates;
mod document;
mod release;

pub use document::{DOCUMENT_BYTES_MAX, Document, read_document};

use entente_model::{Control, Label, Timestamp};
use thiserror::Error;

use crate::control;
use crate::equivalence::{Basis, Outcome, convert_level, table_between};
use crate::marking::{canonical, sort_codes};
use crate::scheme::{Scheme, SchemeControl, Schemes};

/// One portion of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name, for people, such as `portion 3`.
    pub name: String,
    /// Its label, in its owner's scheme.
    pub label: Label,
    /// Whether it stays out of the roll-up, as a notice of someone else does.
    pub external: bool,
}

/// A level above that of the portions, and why the whole deserves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compilation {
    /// The marking, in the document's scheme.
    pub marking: String,
    /// Why.
    pub reason: String,
}

/// A rule that put an element into the banner, or kept it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The element, in the scheme's words.
    pub element: String,
    /// The rule.
    pub rule: String,
    /// The names of the portions that made it fire.
    pub portions: Vec<String>,
}

/// A banner, and why it is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    /// The banner's label, in the document's scheme.
    pub label: Label,
    /// The rules that fired, in the order of the banner.
    pub fired: Vec<Fired>,
}

/// Why there is no banner.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RollupError {
    /// There is nothing to compute from.
    #[error("there is no portion to compute the banner from")]
    Empty,
    /// A portion's scheme is not known.
    #[error("{portion}: the scheme {policy} of its label is not known here")]
    UnknownScheme {
        /// The portion.
        portion: String,
        /// Its label's scheme.
        policy: String,
    },
    /// A portion's marking is not of its scheme.
    #[error("{portion}: `{marking}` is not a marking of {policy}")]
    UnknownMarking {
        /// The portion.
        portion: String,
        /// What is marked.
        marking: String,
        /// Its label's scheme.
        policy: String,
    },
    /// A foreign portion has no equivalent.
    #[error(
        "{portion}: {marking} cannot be expressed in the document's scheme ({why}); a person must decide its banner, and until then it is handled at the system's highest level"
    )]
    NoEquivalent {
        /// The portion.
        portion: String,
        /// Its marking.
        marking: String,
        /// Why.
        why: String,
    },
    /// The level stated for the compilation is none of the scheme's.
    #[error(
        "`{marking}` is not a marking of {owner}, so it cannot be the level of the compilation"
    )]
    Compilation {
        /// What was stated.
        marking: String,
        /// The document's owner.
        owner: String,
    },
    /// A compilation never lowers.
    #[error(
        "the level of the compilation, {marking}, is below {highest}, the highest of the portions"
    )]
    CompilationLower {
        /// What was stated.
        marking: String,
        /// The highest of the portions.
        highest: String,
    },
}

/// A portion as it bears on the banner of this document.
struct Weighed<'a> {
    name: &'a str,
    class: u8,
    marking: String,
    controls: Vec<Control>,
}

impl Weighed<'_> {
    fn has(&self, tag: &str) -> bool {
        self.controls.iter().any(|c| c.tag == tag)
    }

    const fn is_classified(&self) -> bool {
        self.class > 0
    }
}

/// Everything that the steps of the computation share.
struct Work<'a> {
    scheme: &'a Scheme,
    schemes: &'a Schemes,
    portions: Vec<Weighed<'a>>,
    on: Timestamp,
    classified: bool,
    controls: Vec<Control>,
    fired: Vec<Fired>,
}

impl Work<'_> {
    fn fire(&mut self, element: impl Into<String>, rule: impl Into<String>, portions: Vec<String>) {
        self.fired.push(Fired { element: element.into(), rule: rule.into(), portions });
    }

    /// The names of the portions of which this is true.
    fn names(&self, holds: impl Fn(&Weighed<'_>) -> bool) -> Vec<String> {
        self.portions.iter().filter(|p| holds(p)).map(|p| p.name.to_owned()).collect()
    }

    fn written(&self, one: &Control) -> String {
        let known = self.scheme.controls().iter().filter(|c| c.is(one));
        match known.max_by_key(|c| c.value.is_some()) {
            Some(word) => word.written(one, false),
            None => control::print(one),
        }
    }

    fn add(&mut self, one: Control, rule: impl Into<String>, portions: Vec<String>) {
        if self.controls.contains(&one) {
            return;
        }
        let element = self.written(&one);
        self.controls.push(one);
        self.fire(element, rule, portions);
    }
}

/// Computes the banner of a document in a scheme, on the day of the document.
pub fn rollup(
    parts: &[Part],
    scheme: &Scheme,
    schemes: &Schemes,
    compilation: Option<&Compilation>,
    on: Timestamp,
) -> Result<Rollup, RollupError> {
    let mut alternatives: Vec<Label> = Vec::new();
    let mut portions = Vec::new();
    for part in parts.iter().filter(|part| !part.external) {
        portions.push(weigh(part, scheme, schemes, on, &mut alternatives)?);
    }
    let classified = portions.iter().any(Weighed::is_classified);
    let mut work =
        Work { scheme, schemes, portions, on, classified, controls: Vec::new(), fired: Vec::new() };
    let (class, marking) = classification(&mut work, compilation)?;
    for external in parts.iter().filter(|part| part.external) {
        let name = vec![external.name.clone()];
        work.fire("left out", "a portion that is flagged as external does not count", name);
    }
    unions(&mut work);
    release::release(&mut work);
    dates::dates(&mut work);
    yields(&mut work);
    alternatives.sort_by(|a, b| a.policy.cmp(&b.policy));
    let label = Label {
        policy: scheme.owner().to_owned(),
        class,
        marking,
        controls: work.controls,
        created: on,
        review: None,
        alternatives,
    };
    Ok(Rollup { label: canonical(&label, scheme), fired: work.fired })
}

/// What a portion is in the document's scheme. A foreign one is mapped, and its label kept.
fn weigh<'a>(
    part: &'a Part,
    scheme: &Scheme,
    schemes: &Schemes,
    on: Timestamp,
    alternatives: &mut Vec<Label>,
) -> Result<Weighed<'a>, RollupError> {
    let Part { name, label, .. } = part;
    let unknown = || RollupError::UnknownMarking {
        portion: name.clone(),
        marking: label.marking.clone(),
        policy: label.policy.clone(),
    };
    if label.policy == scheme.owner() {
        if !scheme.has(&label.marking, label.class) {
            return Err(unknown());
        }
        let controls = label.controls.clone();
        for other in &label.alternatives {
            keep(alternatives, other, on);
        }
        return Ok(Weighed { name, class: label.class, marking: label.marking.clone(), controls });
    }
    let of = schemes.find(&label.policy).ok_or_else(|| RollupError::UnknownScheme {
        portion: name.clone(),
        policy: label.policy.clone(),
    })?;
    let level = of.spelt(&label.marking, Some(on)).ok_or_else(unknown)?.level;
    let basis = table_between(schemes, of.owner(), scheme.owner(), on);
    let basis = basis.map_or(Basis::Ladder, Basis::Table);
    let no = |why: &str| RollupError::NoEquivalent {
        portion: name.clone(),
        marking: label.marking.clone(),
        why: why.to_owned(),
    };
    let (class, marking) = match convert_level(of, level, scheme, basis, on) {
        Outcome::Equal { marking, class } | Outcome::Higher { marking, class, .. } => {
            // A banner below its portion would be read as leave to handle it lower.
            if class < level.class {
                return Err(no("its table gives a lower level"));
            }
            (class, marking)
        }
        Outcome::Prescribed { text } => return Err(no(&text)),
        Outcome::NotTransferable { why } => return Err(no(&why)),
    };
    let mut controls = label.controls.clone();
    let source = Control {
        tag: "FGI".to_owned(),
        kind: control::find("FGI")
            .map_or(entente_model::ControlKind::Restrictive, control::ControlType::kind),
        values: vec![label.policy.clone()],
    };
    controls.push(source);
    keep(alternatives, label, on);
    Ok(Weighed { name, class, marking, controls })
}

/// Keeps a foreign label beside the banner: of several of one scheme the highest.
fn keep(alternatives: &mut Vec<Label>, label: &Label, on: Timestamp) {
    let plain = Label {
        controls: Vec::new(),
        alternatives: Vec::new(),
        created: on,
        review: None,
        ..label.clone()
    };
    match alternatives.iter_mut().find(|kept| kept.policy == label.policy) {
        Some(kept) if (kept.class, &kept.marking) < (label.class, &label.marking) => *kept = plain,
        Some(_) => {}
        None => alternatives.push(plain),
    }
}

/// The highest level, or the one stated for the compilation.
fn classification(
    work: &mut Work<'_>,
    compilation: Option<&Compilation>,
) -> Result<(u8, String), RollupError> {
    let scheme = work.scheme;
    // Of several markings of one class the one that stands highest in the scheme wins.
    let rank = |p: &Weighed<'_>| {
        let level = scheme.spelt(&p.marking, Some(work.on)).map(|s| s.level.id.as_str());
        let place = scheme.levels().iter().position(|l| Some(l.id.as_str()) == level);
        (p.class, place, p.marking.clone())
    };
    let highest = work.portions.iter().max_by_key(|p| rank(p)).ok_or(RollupError::Empty)?;
    let (class, marking) = (highest.class, highest.marking.clone());
    let names = work.names(|p| p.marking == marking);
    let Some(stated) = compilation else {
        work.fire(marking.clone(), "the highest level of the portions", names);
        return Ok((class, marking));
    };
    let owner = scheme.owner().to_owned();
    let level = scheme
        .spelt(&stated.marking, Some(work.on))
        .ok_or_else(|| RollupError::Compilation { marking: stated.marking.clone(), owner })?;
    if level.level.class < class {
        let marking = level.marking.to_owned();
        return Err(RollupError::CompilationLower { marking, highest: highest.marking.clone() });
    }
    let (class, marking) = (level.level.class, level.marking.to_owned());
    work.classified |= class > 0;
    let rule = format!("the compilation deserves a higher level than any part: {}", stated.reason);
    work.fire(marking.clone(), rule, Vec::new());
    Ok((class, marking))
}

/// How a control of a portion comes into the banner, where its tag decides it.
fn union_rule(tag: &str) -> Option<&'static str> {
    match tag {
        "COMPARTMENT" => Some("every compartment and codeword of the portions"),
        "ORCON" | "PROPIN" | "NOTICE" | "FIU" => Some("any portion that has it brings it in"),
        "HANDLING" => Some("every handling code of the portions"),
        _ => None,
    }
}

/// What comes into the banner as soon as one portion has it.
fn unions(work: &mut Work<'_>) {
    let all: Vec<Control> = work.portions.iter().flat_map(|p| p.controls.iter().cloned()).collect();
    for one in all {
        let names = work.names(|p| p.controls.contains(&one));
        let known: Option<&SchemeControl> =
            work.scheme.controls().iter().find(|c| c.is(&one) && c.in_classified.is_some());
        if let (true, Some(words)) = (work.classified, known.and_then(|c| c.in_classified.as_ref()))
        {
            for word in words {
                if let Some(Ok(other)) = control::read_in(word, work.scheme) {
                    let own = work.written(&one);
                    let rule = format!("in a classified document it stands for {own}");
                    // Release markings have a rule of their own, which sees it all the same.
                    if other.tag != "NOFORN" {
                        work.add(other, rule, names.clone());
                    }
                }
            }
            if words.is_empty() {
                let own = work.written(&one);
                let rule = "left out: not in the banner of a classified document";
                if !work.fired.iter().any(|f| f.element == own) {
                    work.fire(own, rule, names);
                }
            }
        } else if one.tag == "ORCON" && !one.values.is_empty() {
            // What is approved beforehand in one portion is not in another.
            let plain = |p: &Weighed<'_>| {
                p.controls.iter().any(|c| c.tag == "ORCON" && c.values.is_empty())
            };
            if !work.portions.iter().any(plain) {
                work.add(one, "any portion that has it brings it in", names);
            }
        } else if let Some(rule) = union_rule(&one.tag) {
            work.add(one, rule, names);
        } else if control::find(&one.tag).is_none() {
            work.add(one, "a control that is not known here is kept as it came", names);
        }
    }
    foreign(work);
}

/// Foreign information: any brings it in, and a concealed source conceals all. Information owned
/// together stays so only if all of it is; otherwise the other owners' part is foreign.
fn foreign(work: &mut Work<'_>) {
    let joint = |p: &Weighed<'_>| p.controls.iter().find(|c| c.tag == "JOINT").cloned();
    let first = work.portions.first().and_then(&joint);
    let all_joint = first.is_some() && work.portions.iter().all(|p| joint(p) == first);
    if let (true, Some(one)) = (all_joint, first) {
        let names = work.names(|_| true);
        work.add(one, "every portion is owned by these together", names);
    }
    let mut sources: Vec<String> = Vec::new();
    let mut concealed = false;
    let mut names = Vec::new();
    for portion in &work.portions {
        for one in &portion.controls {
            let counts = one.tag == "FGI" || one.tag == "JOINT" && !all_joint;
            if counts {
                concealed |= one.values.is_empty();
                let others = one.values.iter().filter(|v| *v != work.scheme.owner());
                sources.extend(others.cloned());
                names.push(portion.name.to_owned());
            }
        }
    }
    names.dedup();
    if names.is_empty() {
        return;
    }
    let rule = if concealed {
        sources.clear();
        "any foreign information brings it in; a concealed source dominates a named one"
    } else {
        "any foreign information brings it in, with every source"
    };
    sort_codes(&mut sources, None);
    if let Some(kind) = control::find("FGI") {
        let one = Control { tag: "FGI".to_owned(), kind: kind.kind(), values: sources };
        work.add(one, rule, names);
    }
}

/// Takes out what gives way to something else in the banner.
fn yields(work: &mut Work<'_>) {
    let scheme = work.scheme;
    let gives_way = |one: &Control, all: &[Control]| {
        let words = scheme.controls().iter().filter(|c| c.is(one)).flat_map(|c| &c.yields_to);
        words
            .filter_map(|word| scheme.controls().iter().find(|c| c.marking == *word))
            .find(|stronger| all.iter().any(|c| stronger.is(c)))
            .map(|stronger| stronger.marking.clone())
    };
    let all = work.controls.clone();
    for one in &all {
        if let Some(stronger) = gives_way(one, &all) {
            work.controls.retain(|c| c != one);
            let element = work.written(one);
            work.fired.retain(|f| f.element != element);
            let names = work.names(|p| p.controls.contains(one));
            work.fire(element, format!("left out: gives way to {stronger}"), names);
        }
    }
}

#[cfg(test)]
mod tests;
