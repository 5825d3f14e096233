//! Variants and tear-lines: what goes to those who may not have the whole object.
//!
//! A variant is the object without some of its portions, with a label and facts of its own, which
//! is decided anew as any object is. A tear-line is a text of its own, written to be released. Both
//! are linked to the object that they stand for at home alone: what leaves names neither it nor
//! what was cut, so that its recipient cannot tell that there is more (`domain.md` 2.10).

use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::facts::ReleaseFacts;
use entente_model::{Label, ObjectId};
use entente_store::Work;

use crate::error::Result;
use crate::gate::Gate;
use crate::weigh::Weighed;

/// How an object relates to the one that was to be published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Form {
    /// It is that object.
    #[default]
    Whole,
    /// It is that object without these portions.
    Variant {
        /// What was cut.
        cut: Vec<String>,
    },
    /// It is a text of its own, written for release.
    TearLine,
}

impl Form {
    /// The form as programs read it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Variant { .. } => "variant",
            Self::TearLine => "tear_line",
        }
    }

    /// What was cut.
    pub fn cut(&self) -> &[String] {
        match self {
            Self::Variant { cut } => cut,
            Self::Whole | Self::TearLine => &[],
        }
    }

    /// The form as people read it.
    pub fn describe(&self) -> String {
        match self {
            Self::Whole => "the whole".to_owned(),
            Self::Variant { cut } => format!("variant without {}", cut.join(", ")),
            Self::TearLine => "tear-line".to_owned(),
        }
    }
}

impl Wire for Form {
    const NAME: &'static str = "form";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        let code = match self {
            Self::Whole => 0,
            Self::Variant { .. } => 1,
            Self::TearLine => 2,
        };
        w.array(2).uint(code).texts(self.cut());
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(2, |r| {
            let code = r.uint_to(2, "the form")?;
            let cut = r.texts()?;
            Ok(match code {
                0 => Self::Whole,
                1 => Self::Variant { cut },
                _ => Self::TearLine,
            })
        })
    }
}

/// The portions whose cutting alone would let it go to this nation; none if it goes as it is, does
/// not go at all, or needs what this node cannot do.
pub(crate) fn cut_for(weighed: &Weighed) -> Option<Vec<String>> {
    let ruling = &weighed.ruling;
    if !weighed.sealable || !ruling.decision.releases() || untransformable(weighed).is_some() {
        return None;
    }
    let redact = ruling.obligations.iter().filter_map(|o| o.strip_prefix("redact:"));
    let cut: Vec<String> = redact.map(str::to_owned).collect();
    (!cut.is_empty()).then_some(cut)
}

/// The obligation that asks for a variant which this node cannot make.
pub(crate) fn untransformable(weighed: &Weighed) -> Option<&str> {
    let makes = |o: &&String| o.starts_with("transform:") || o.starts_with("respond:");
    let releases = weighed.ruling.decision.releases();
    weighed.ruling.obligations.iter().filter(|_| releases).find(makes).map(String::as_str)
}

/// Names for the portions of a variant: none for what is cut, and for the others new ones in their
/// order, so that a gap does not tell of a cut.
pub(crate) fn renamed<'f>(
    facts: &'f ReleaseFacts,
    cut: &[String],
) -> Vec<(&'f str, Option<String>)> {
    let mut kept = 0;
    let mut names: Vec<(&str, Option<String>)> = Vec::new();
    for portion in &facts.portions {
        let name = (!cut.contains(&portion.id)).then(|| {
            kept += 1;
            format!("P{kept}")
        });
        names.push((&portion.id, name));
    }
    names
}

/// The label and the facts of an object without some of its portions.
pub(crate) fn without(
    label: &Label,
    facts: &ReleaseFacts,
    cut: &[String],
) -> (Label, ReleaseFacts) {
    let names = renamed(facts, cut);
    let name_of =
        |id: &str| names.iter().find(|(known, _)| *known == id).and_then(|(_, name)| name.clone());
    let mut of = facts.clone();
    of.portions.retain(|portion| !cut.contains(&portion.id));
    for portion in &mut of.portions {
        if let Some(name) = name_of(&portion.id) {
            portion.id = name;
        }
    }
    of.provenance.retain_mut(|source| {
        let concerned_all = source.portions.is_empty();
        source.portions = source.portions.iter().filter_map(|id| name_of(id)).collect();
        concerned_all || !source.portions.is_empty()
    });
    // What is said of the object holds for the portions that do not say otherwise: where all that
    // are left speak for themselves, it would only tell of those that were cut.
    if of.portions.iter().all(|portion| portion.persons.is_some()) {
        of.persons = Vec::new();
    }
    if of.portions.iter().all(|portion| portion.data_categories.is_some()) {
        of.data_categories = Vec::new();
    }
    if of.portions.iter().all(|portion| portion.personal_data.is_some()) {
        of.personal_data = of.portions.iter().any(|p| p.personal_data == Some(true));
    }
    let mut label = label.clone();
    let highest = |facts: &ReleaseFacts| facts.portions.iter().map(|p| p.class).max();
    // A level above that of all portions was given to the compilation; nobody said what level the
    // rest of it has.
    if highest(facts) == Some(label.class)
        && let Some(top) = of.portions.iter().max_by_key(|portion| portion.class)
    {
        label.class = top.class;
        label.marking.clone_from(&top.marking);
        // They are the whole object's.
        label.alternatives = Vec::new();
    }
    (label, of)
}

/// An object's place among those that were made of one report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Family {
    /// What it was made of, and how.
    pub base: Option<(ObjectId, Form)>,
    /// What was made of it.
    pub made: Vec<(ObjectId, Form)>,
}

impl Wire for Family {
    const NAME: &'static str = "family";
    const BYTES_MAX: usize = 1 << 20;

    fn write(&self, w: &mut Writer) {
        let pair = |w: &mut Writer, (oid, form): &(ObjectId, Form)| {
            w.array(2).value(oid).value(form);
        };
        w.array(3).uint(1).optional(self.base.as_ref(), pair).list(&self.made, pair);
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        let pair = |r: &mut Reader<'_>| r.record(2, |r| Ok((r.value()?, r.value()?)));
        r.record(3, |r| {
            r.uint_to(1, "the version")?;
            Ok(Self { base: r.optional(pair)?, made: r.list(pair)? })
        })
    }
}

impl Family {
    fn name(oid: ObjectId) -> String {
        format!("family/{oid}")
    }

    /// The family of an object of ours.
    pub(crate) fn of(work: &dyn Work, oid: ObjectId) -> Result<Self> {
        let kept = work.setting(&Self::name(oid))?;
        Ok(kept.map(|bytes| Self::from_bytes(&bytes)).transpose()?.unwrap_or_default())
    }

    /// Links an object to the one that it was made of.
    pub(crate) fn link(
        work: &mut dyn Work,
        oid: ObjectId,
        base: ObjectId,
        form: &Form,
    ) -> Result<()> {
        let mut own = Self::of(work, oid)?;
        own.base = Some((base, form.clone()));
        work.put_setting(&Self::name(oid), &own.to_bytes())?;
        let mut upper = Self::of(work, base)?;
        upper.made.push((oid, form.clone()));
        Ok(work.put_setting(&Self::name(base), &upper.to_bytes())?)
    }

    /// The variants that were made of an object, which go back with it.
    pub(crate) fn variants(self) -> impl Iterator<Item = ObjectId> {
        let made = self.made.into_iter();
        made.filter(|(_, form)| matches!(form, Form::Variant { .. })).map(|(oid, _)| oid)
    }

    /// What of it this person may know: a link shows only to who may know of both its ends.
    pub(crate) fn seen_by(mut self, work: &dyn Work, gate: &mut Gate) -> Result<Self> {
        if let Some((base, _)) = &self.base
            && !gate.sees(work, *base)?
        {
            self.base = None;
        }
        let mut made = Vec::new();
        for (oid, form) in self.made {
            if gate.sees(work, oid)? {
                made.push((oid, form));
            }
        }
        self.made = made;
        Ok(self)
    }
}
