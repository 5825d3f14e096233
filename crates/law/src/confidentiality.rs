//! Labels as STANAG 4774 has them, mapped to ours and back, with every loss named.
//!
//! A confidentiality label has a policy, a classification and categories that are permissive,
//! restrictive or informative; ours has the same semantics (`entente-model`), so what is mapped is
//! words. What cannot be mapped is an error: someone must decide, and until then the object is
//! handled at the system's highest level. The XML of it is left to a format.

use entente_model::{Control, ControlKind, Label, Timestamp};
use thiserror::Error;

use crate::control;
use crate::marking::canonical;
use crate::scheme::{Scheme, Schemes};

/// The tag name of a category that lists nations to whom it is releasable, where the policy has
/// no name of its own.
pub const RELEASABLE_TO: &str = "Releasable To";

/// The tag name of a category of restrictive values, where the policy has no name of its own.
pub const RESTRICTIVE: &str = "Special Category Designators";

/// The category that says in whose context the information stands.
pub const CONTEXT: &str = "Context";

/// What our own controls are called as categories.
const OWN: &str = "Entente";

/// One category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Category {
    /// Its name in the policy.
    pub tag_name: String,
    /// How it bears on access.
    pub kind: ControlKind,
    /// Its values.
    pub values: Vec<String>,
}

/// A confidentiality label of STANAG 4774.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidentiality {
    /// The policy's identifier, such as `NATO`.
    pub policy: String,
    /// The policy's object identifier, for the `URI` attribute.
    pub oid: Option<String>,
    /// A value of the policy's ladder, such as `SECRET`.
    pub classification: String,
    /// The categories.
    pub categories: Vec<Category>,
    /// When the label was made.
    pub created: Timestamp,
    /// When it is to be looked at again.
    pub review: Option<Timestamp>,
    /// The same in other policies.
    pub alternatives: Vec<Self>,
}

/// A mapped label, and what was lost on the way, each in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped<T> {
    /// The result.
    pub label: T,
    /// What it no longer says, or says otherwise.
    pub losses: Vec<String>,
}

/// Why a label cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MappingError {
    /// The policy is none of the known schemes'.
    #[error(
        "the policy `{policy}` is not known here; its label needs a decision, and until then the object is handled at the system's highest level"
    )]
    UnknownPolicy {
        /// Its identifier.
        policy: String,
    },
    /// The classification is not of the policy.
    #[error(
        "`{classification}` is not a classification of the policy {policy}; expected one of {known}"
    )]
    UnknownClassification {
        /// What it says.
        classification: String,
        /// The policy.
        policy: String,
        /// What would be right.
        known: String,
    },
    /// A permissive category that is not understood would be ignored, which may widen or narrow.
    #[error(
        "the permissive category `{tag}` of the policy {policy} is not known here, so who may have the object cannot be told"
    )]
    UnknownPermissive {
        /// Its name.
        tag: String,
        /// The policy.
        policy: String,
    },
    /// A value cannot be a control's.
    #[error("the category `{tag}` has the value `{value}`: {right}")]
    Value {
        /// The category's name.
        tag: String,
        /// The value.
        value: String,
        /// What would be right.
        right: String,
    },
}

/// The policy identifier of a scheme.
fn identifier(scheme: &Scheme) -> &str {
    scheme.policy().map_or(scheme.owner(), |p| p.policy.as_str())
}

fn classification(level: &crate::scheme::Level) -> &str {
    level.stanag4774.as_deref().unwrap_or(&level.marking)
}

fn names(scheme: &Scheme) -> (&str, &str) {
    let policy = scheme.policy();
    (
        policy.and_then(|p| p.releasable_to.as_deref()).unwrap_or(RELEASABLE_TO),
        policy.and_then(|p| p.restrictive.as_deref()).unwrap_or(RESTRICTIVE),
    )
}

/// Our label as a label of STANAG 4774.
pub fn to_4774(label: &Label, schemes: &Schemes) -> Result<Mapped<Confidentiality>, MappingError> {
    let unknown = || MappingError::UnknownPolicy { policy: label.policy.clone() };
    let scheme = schemes.find(&label.policy).ok_or_else(unknown)?;
    let label = canonical(label, scheme);
    let spelt = scheme.spelt(&label.marking, Some(label.created)).ok_or_else(|| {
        MappingError::UnknownClassification {
            classification: label.marking.clone(),
            policy: label.policy.clone(),
            known: known(scheme),
        }
    })?;
    let mut losses = Vec::new();
    if spelt.marking != spelt.level.marking {
        losses.push(format!(
            "`{}` is a marking of an earlier time; the policy knows {}",
            spelt.marking, spelt.level.marking
        ));
    }
    let (releasable, restrictive) = names(scheme);
    let mut categories: Vec<Category> = Vec::new();
    if let Some(context) = scheme.policy().and_then(|p| p.context.as_ref()) {
        let released = label.control("REL_TO").is_some();
        let further = scheme.policy().and_then(|p| p.releasable_context.clone());
        let values = [context.clone()].into_iter().chain(further.filter(|_| released)).collect();
        categories.push(Category {
            tag_name: CONTEXT.into(),
            kind: ControlKind::Permissive,
            values,
        });
    }
    for one in &label.controls {
        let own = scheme.controls().iter().any(|c| c.is(one));
        let (tag_name, kind, values) = match one.tag.as_str() {
            "REL_TO" => (releasable.to_owned(), ControlKind::Permissive, one.values.clone()),
            "COMPARTMENT" if own || scheme.policy().is_none() => {
                (restrictive.to_owned(), ControlKind::Restrictive, one.values.clone())
            }
            tag => {
                if scheme.policy().is_some() {
                    losses.push(format!(
                        "`{}` goes as the category `{OWN} {tag}`, which the policy {} does not define: another system may refuse it or not enforce it",
                        control::print(one),
                        identifier(scheme)
                    ));
                }
                let none = one.values.is_empty();
                let values = if none { vec![tag.to_owned()] } else { one.values.clone() };
                (format!("{OWN} {tag}"), one.kind, values)
            }
        };
        // Values of a repeated control make one category, except where each stands for itself.
        let same = categories.iter_mut().find(|c| c.tag_name == tag_name && c.kind == kind);
        match same {
            Some(category) => category.values.extend(values),
            None => categories.push(Category { tag_name, kind, values }),
        }
    }
    let mut alternatives = Vec::new();
    for other in &label.alternatives {
        let mapped = to_4774(other, schemes)?;
        losses.extend(mapped.losses);
        alternatives.push(mapped.label);
    }
    Ok(Mapped {
        label: Confidentiality {
            policy: identifier(scheme).to_owned(),
            oid: scheme.policy().and_then(|p| p.oid.clone()),
            classification: classification(spelt.level).to_owned(),
            categories,
            created: label.created,
            review: label.review,
            alternatives,
        },
        losses,
    })
}

fn known(scheme: &Scheme) -> String {
    let all: Vec<&str> = scheme.levels().iter().map(classification).collect();
    all.join(", ")
}

/// A label of STANAG 4774 as ours.
pub fn from_4774(
    label: &Confidentiality,
    schemes: &Schemes,
) -> Result<Mapped<Label>, MappingError> {
    let unknown = || MappingError::UnknownPolicy { policy: label.policy.clone() };
    let scheme =
        schemes.iter().find(|s| identifier(s) == label.policy.as_str()).ok_or_else(unknown)?;
    let level = scheme
        .levels()
        .iter()
        .find(|l| classification(l) == label.classification)
        .or_else(|| Some(scheme.spelt(&label.classification, Some(label.created))?.level))
        .ok_or_else(|| MappingError::UnknownClassification {
            classification: label.classification.clone(),
            policy: label.policy.clone(),
            known: known(scheme),
        })?;
    let mut losses = Vec::new();
    let mut controls: Vec<Control> = Vec::new();
    for category in &label.categories {
        for one in category_controls(category, scheme, &mut losses)? {
            if !controls.iter().any(|c| control::excludes(c, &one)) {
                controls.push(one);
            } else if !controls.contains(&one) {
                return Err(MappingError::Value {
                    tag: category.tag_name.clone(),
                    value: control::print(&one),
                    right: "a label has this control once".to_owned(),
                });
            }
        }
    }
    let mut alternatives = Vec::new();
    for other in &label.alternatives {
        match from_4774(other, schemes) {
            Ok(mapped) => {
                losses.extend(mapped.losses);
                alternatives.push(Label { alternatives: Vec::new(), ..mapped.label });
            }
            // What the label means does not hang on another policy's words for it.
            Err(error) => losses.push(format!("an alternative label is left out: {error}")),
        }
    }
    let mapped = Label {
        policy: scheme.owner().to_owned(),
        class: level.class,
        marking: level.marking.clone(),
        controls,
        created: label.created,
        review: label.review,
        alternatives,
    };
    Ok(Mapped { label: canonical(&mapped, scheme), losses })
}

/// The controls that a category stands for.
fn category_controls(
    category: &Category,
    scheme: &Scheme,
    losses: &mut Vec<String>,
) -> Result<Vec<Control>, MappingError> {
    let Category { tag_name, kind, values } = category;
    let value = |value: &str, right: String| MappingError::Value {
        tag: tag_name.clone(),
        value: value.to_owned(),
        right,
    };
    let one =
        |tag: &str, rest: &str| control::with_values(tag, rest).map_err(|right| value(rest, right));
    if let Some(tag) = tag_name.strip_prefix(OWN).map(str::trim) {
        return ours(tag, values, &value);
    }
    let (releasable, restrictive) = names(scheme);
    if tag_name == CONTEXT && *kind == ControlKind::Permissive {
        let own = scheme.policy().and_then(|p| p.context.as_ref());
        let list = scheme.policy().and_then(|p| p.releasable_context.as_ref());
        let strange = values.iter().find(|v| Some(*v) != own && Some(*v) != list);
        return match strange {
            None => Ok(Vec::new()),
            // A mission or another context narrows or widens who may have it.
            Some(_) => Err(MappingError::UnknownPermissive {
                tag: format!("{CONTEXT}: {}", values.join(", ")),
                policy: identifier(scheme).to_owned(),
            }),
        };
    }
    match kind {
        ControlKind::Permissive if tag_name == releasable => {
            Ok(vec![one("REL_TO", &values.join(","))?])
        }
        ControlKind::Permissive => Err(MappingError::UnknownPermissive {
            tag: tag_name.clone(),
            policy: identifier(scheme).to_owned(),
        }),
        ControlKind::Restrictive => {
            if tag_name != restrictive {
                losses.push(format!(
                    "the restrictive category `{tag_name}` becomes compartments, without its name"
                ));
            }
            values.iter().map(|v| one("COMPARTMENT", v)).collect()
        }
        ControlKind::Informative => {
            losses.push(format!("the informative category `{tag_name}` becomes notices"));
            values.iter().map(|v| one("NOTICE", v)).collect()
        }
    }
}

/// One of our own controls, as it was written by [`to_4774`].
fn ours(
    tag: &str,
    values: &[String],
    wrong: &dyn Fn(&str, String) -> MappingError,
) -> Result<Vec<Control>, MappingError> {
    let Some(kind) = control::find(tag) else {
        return Err(wrong(tag, "there is no such control".to_owned()));
    };
    let empty = values == [tag];
    let groups: Vec<&[String]> = match values {
        _ if empty => vec![&[]],
        _ if kind.repeats() => values.chunks(1).collect(),
        _ => vec![values],
    };
    groups
        .into_iter()
        .map(|values| {
            control::with_values(tag, &kind.written(values))
                .map_err(|right| wrong(&values.join(", "), right))
        })
        .collect()
}

#[cfg(test)]
mod tests;
