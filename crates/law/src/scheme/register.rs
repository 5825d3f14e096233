//! A scheme's own controls, and its words for the common ones.
//!
//! An owner's control becomes one that every node enforces: a restrictive one is a compartment
//! that the reader must hold, an informative one is a notice. So a label says to nodes that never
//! saw the scheme what they may not do.

use entente_model::{Control, ControlKind, Timestamp};

use crate::control;

/// What a control of a scheme means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// One of the common controls, by its tag.
    Common(&'static str),
    /// One of the owner's own: the reader must hold it, or be told.
    Own(ControlKind),
}

/// A control in a scheme's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeControl {
    /// As in a banner.
    pub marking: String,
    /// As in a portion.
    pub portion: Option<String>,
    /// What it means.
    pub meaning: Meaning,
    /// The value that a common control has when it is written without one.
    pub value: Option<String>,
    /// The place of its category in a banner.
    pub category: Option<usize>,
    /// Whether compartments may follow, as in `SI-G ABCD`.
    pub compartments: bool,
    /// The ids of the levels with which it may stand; empty if with any.
    pub levels: Vec<String>,
    /// The controls that may not stand beside it, in the scheme's words.
    pub excludes: Vec<String>,
    /// The controls that it includes.
    pub implies: Vec<String>,
    /// What stands for it in the banner of a classified document, if not itself.
    pub in_classified: Option<Vec<String>>,
    /// The controls that replace it in a banner.
    pub yields_to: Vec<String>,
    /// Whether what bears it has no date of declassification.
    pub never_declassified: bool,
    /// From when it may not be given, and what to write.
    pub retired: Option<(Timestamp, String)>,
    /// What people should know about it.
    pub note: Option<String>,
}

impl SchemeControl {
    /// The control that this text means, if it is this one; the error says what would be right.
    pub(crate) fn reads(&self, text: &str) -> Option<Result<Control, String>> {
        let forms = [Some(self.marking.as_str()), self.portion.as_deref()];
        let rest = forms.into_iter().flatten().find_map(|form| text.strip_prefix(form))?;
        match self.meaning {
            Meaning::Common(tag) => {
                if !rest.is_empty() && !rest.starts_with(' ') {
                    return None;
                }
                if let (true, Some(value)) = (rest.is_empty(), &self.value) {
                    let kind = control::find(tag)?.kind();
                    return Some(Ok(Control {
                        tag: tag.to_owned(),
                        kind,
                        values: vec![value.clone()],
                    }));
                }
                Some(control::with_values(tag, rest.trim()))
            }
            Meaning::Own(kind) => {
                let deeper = self.compartments && rest.starts_with(['-', ' ']);
                if !rest.is_empty() && !deeper {
                    return None;
                }
                let tag = if kind == ControlKind::Informative { "NOTICE" } else { "COMPARTMENT" };
                Some(control::with_values(tag, &format!("{}{rest}", self.marking)))
            }
        }
    }

    /// How the control is written in this scheme's words.
    pub(crate) fn written(&self, one: &Control, portion: bool) -> String {
        let form = if portion { self.portion.as_deref() } else { None };
        let form = form.unwrap_or(&self.marking);
        match self.meaning {
            Meaning::Common(_) if self.value.is_some() => form.to_owned(),
            Meaning::Common(tag) => {
                let values = control::find(tag).map(|kind| kind.written(&one.values));
                format!("{form} {}", values.unwrap_or_default()).trim_end().to_owned()
            }
            Meaning::Own(_) => {
                let value = one.values.first().map_or("", String::as_str);
                let rest = value.strip_prefix(self.marking.as_str()).unwrap_or_default();
                format!("{form}{rest}")
            }
        }
    }

    /// Whether a control is this one.
    pub(crate) fn is(&self, one: &Control) -> bool {
        let first = one.values.first().map(String::as_str);
        match self.meaning {
            Meaning::Common(tag) => {
                let value = self.value.as_ref();
                one.tag == tag && value.is_none_or(|v| one.values.len() == 1 && first == Some(v))
            }
            Meaning::Own(kind) => {
                let tag = if kind == ControlKind::Informative { "NOTICE" } else { "COMPARTMENT" };
                let value = first.unwrap_or_default();
                one.tag == tag
                    && value.strip_prefix(self.marking.as_str()).is_some_and(|rest| {
                        rest.is_empty() || self.compartments && rest.starts_with(['-', ' '])
                    })
            }
        }
    }
}
