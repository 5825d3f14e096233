//! Classification schemes, as data: whose marking means which level of the common ladder.
//!
//! A scheme is a file under `schemes/`, read and checked once. It has the
//! owner's levels with every way to write them, the words of each language, when each was valid,
//! and the owner's own controls. What a written label means is [`marking`](crate::marking)'s.
//!
//! INVARIANT: inside a scheme one marking means one level at any one time, so that what was
//! printed is read as what was meant.

mod builtin;
mod level;
mod page;
mod read;
mod register;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use entente_model::Timestamp;
use thiserror::Error;

pub use level::{Certainty, Combined, Legacy, Level, Period, Place};
pub use register::{Meaning, SchemeControl};

use crate::equivalence::Table;
use crate::group::Groups;
use crate::problem::{Problems, nearest};

/// Who may own a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A nation, with a code of three letters.
    Nation,
    /// An international organisation.
    Organisation,
}

/// How labels of a scheme are written in STANAG 4774, where it differs from our own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy4774 {
    /// The policy's name.
    pub policy: String,
    /// Its object identifier.
    pub oid: Option<String>,
    /// The tag name of the category that lists who it is releasable to.
    pub releasable_to: Option<String>,
    /// The tag name of the category of restrictive values.
    pub restrictive: Option<String>,
    /// The value of the category `Context` that stands for the owner and says nothing more.
    pub context: Option<String>,
    /// The value of that category that goes with a list of who it is releasable to.
    pub releasable_context: Option<String>,
}

/// A way to write a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub level: usize,
    pub period: Period,
    pub kind: FormKind,
}

/// What a way to write a level is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FormKind {
    /// The marking, in one language or in all, an abbreviation or an alias.
    Current,
    /// A marking that stays on old documents, as printed.
    Legacy(String),
    /// A marking together with a control: the place in the list of those.
    Combined(usize),
}

/// One owner's markings and controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    pub(crate) owner: String,
    pub(crate) kind: OwnerKind,
    pub(crate) name: String,
    pub(crate) period: Period,
    pub(crate) languages: Vec<String>,
    pub(crate) clearance_from: Option<u8>,
    pub(crate) foreign: bool,
    pub(crate) owner_first: bool,
    pub(crate) needs_release: bool,
    pub(crate) categories: Vec<String>,
    pub(crate) source: String,
    pub(crate) checked: Certainty,
    pub(crate) notes: Vec<String>,
    pub(crate) policy: Option<Policy4774>,
    /// From the lowest to the highest.
    pub(crate) levels: Vec<Level>,
    pub(crate) combined: Vec<Combined>,
    pub(crate) controls: Vec<SchemeControl>,
    /// Every way to write a level.
    pub(crate) forms: BTreeMap<String, Vec<Form>>,
}

/// What a written marking means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelt<'a> {
    /// The level.
    pub level: &'a Level,
    /// The marking as it is kept in a label: the canonical one, or a legacy one as printed.
    pub marking: &'a str,
    /// The control that it includes, if it is one such as `NATO SECRET ATOMAL`.
    pub control: Option<&'a str>,
    /// When it could be written.
    pub period: Period,
}

impl Scheme {
    /// Reads a scheme file.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        read::scheme(text)
    }

    /// A scheme from its markings and their levels, and nothing else.
    pub fn new(owner: &str, name: &str, mut markings: Vec<(String, u8)>) -> Self {
        markings.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        let always = |(marking, class)| (marking, class, Period::default());
        Self::written_as(owner, name, markings.into_iter().map(always))
    }

    /// A scheme from every way to write its levels, as [`Self::written`] gives them: all that a
    /// decision reads of a scheme.
    pub(crate) fn written_as(
        owner: &str,
        name: &str,
        written: impl IntoIterator<Item = (String, u8, Period)>,
    ) -> Self {
        let mut levels = Vec::new();
        let mut forms: BTreeMap<String, Vec<Form>> = BTreeMap::new();
        for (marking, class, period) in written {
            let form = Form { level: levels.len(), period, kind: FormKind::Current };
            levels.push(Level::plain(&marking, class));
            forms.entry(marking).or_default().push(form);
        }
        Self {
            owner: owner.to_owned(),
            kind: if owner.len() == 3 { OwnerKind::Nation } else { OwnerKind::Organisation },
            name: name.to_owned(),
            period: Period::default(),
            languages: vec!["en".to_owned()],
            clearance_from: None,
            foreign: false,
            owner_first: false,
            needs_release: false,
            categories: Vec::new(),
            source: String::new(),
            checked: Certainty::Unchecked,
            notes: Vec::new(),
            policy: None,
            levels,
            combined: Vec::new(),
            controls: Vec::new(),
            forms,
        }
    }

    /// Whose scheme it is: a nation code, or an organisation's.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What kind of owner it has.
    pub const fn owner_kind(&self) -> OwnerKind {
        self.kind
    }

    /// The owner's name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The languages in which it prints, by code.
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Where the facts come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How far they were checked.
    pub const fn checked(&self) -> Certainty {
        self.checked
    }

    /// When this scheme was or is in use.
    pub const fn period(&self) -> Period {
        self.period
    }

    /// What people should know about it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The level from which a personnel clearance is needed.
    pub const fn clearance_from(&self) -> Option<u8> {
        self.clearance_from
    }

    /// How its labels are written in STANAG 4774.
    pub const fn policy(&self) -> Option<&Policy4774> {
        self.policy.as_ref()
    }

    /// Whether others' classifications are written with `//` before them.
    pub const fn foreign(&self) -> bool {
        self.foreign
    }

    /// The levels, from the lowest to the highest; also those that are no longer given.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Markings that include a control.
    pub fn combined(&self) -> &[Combined] {
        &self.combined
    }

    /// The owner's own controls and words for common ones, in the order in which they are printed.
    pub fn controls(&self) -> &[SchemeControl] {
        &self.controls
    }

    /// The markings that are given today, with their levels, from the lowest to the highest.
    pub fn markings(&self) -> impl Iterator<Item = (&str, u8)> {
        let today = self.levels.iter().filter(|level| level.period.until.is_none());
        today.map(|level| (level.marking.as_str(), level.class))
    }

    /// The level with this id.
    pub fn level_by_id(&self, id: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.id == id)
    }

    /// What a written marking means on a day. One that could not be written on that day means
    /// what it meant last, because old markings stay on old documents.
    pub fn spelt(&self, written: &str, on: Option<Timestamp>) -> Option<Spelt<'_>> {
        let forms = self.forms.get(written)?;
        let form = on
            .and_then(|day| forms.iter().find(|form| form.period.holds(day)))
            .or_else(|| forms.iter().max_by_key(|form| form.period.last()))?;
        let level = self.levels.get(form.level)?;
        let (marking, control) = match &form.kind {
            FormKind::Current => (level.marking.as_str(), None),
            FormKind::Legacy(printed) => (printed.as_str(), None),
            FormKind::Combined(place) => {
                (level.marking.as_str(), self.combined.get(*place).map(|c| c.control.as_str()))
            }
        };
        Some(Spelt { level, marking, control, period: form.period })
    }

    /// The class of a marking, however it is written.
    pub fn level(&self, marking: &str) -> Option<u8> {
        self.spelt(marking, None).map(|spelt| spelt.level.class)
    }

    /// Every way to write a level, with its class and when it could be written.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, u8, Period)> {
        self.forms.iter().flat_map(move |(text, forms)| {
            forms.iter().filter_map(move |form| {
                let level = self.levels.get(form.level)?;
                Some((text.as_str(), level.class, form.period))
            })
        })
    }

    /// Whether the marking means, or at some time meant, this class.
    pub(crate) fn has(&self, marking: &str, class: u8) -> bool {
        self.forms.get(marking).is_some_and(|forms| {
            forms.iter().any(|f| self.levels.get(f.level).is_some_and(|l| l.class == class))
        })
    }

    /// The level on the common ladder at which this owner marks information of this class on a
    /// day. Levels beside the ladder are never chosen for others' information.
    pub fn equal(&self, class: u8, on: Timestamp) -> Option<&Level> {
        self.levels
            .iter()
            .find(|l| l.place == Place::Ladder && l.class == class && l.period.holds(on))
    }

    /// The lowest level on the ladder that is not below this class on a day.
    pub fn at_least(&self, class: u8, on: Timestamp) -> Option<&Level> {
        self.levels
            .iter()
            .find(|l| l.place == Place::Ladder && l.class >= class && l.period.holds(on))
    }

    /// The marking of a class, if the owner has one today.
    pub fn marking(&self, class: u8) -> Option<&str> {
        let given = |l: &&Level| l.place == Place::Ladder && l.period.until.is_none();
        self.levels.iter().filter(given).find(|l| l.class == class).map(|l| l.marking.as_str())
    }

    /// The scheme as a page for people; the golden file of all schemes is made of these.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// The marking that a misspelt one was probably meant to be.
    pub(crate) fn nearest(&self, written: &str) -> Option<&str> {
        nearest(written, self.forms.keys().map(String::as_str))
    }
}

/// No such scheme is known here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{owner}` has no classification scheme here; known schemes: {known}")]
pub struct UnknownScheme {
    /// The owner that was asked for.
    pub owner: String,
    /// The owners whose schemes are known.
    pub known: String,
}

/// Every scheme that comes with the program, read once.
static BUILTIN: LazyLock<Schemes> = LazyLock::new(builtin::load);

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Included {
    /// The scheme of this owner.
    Scheme(String),
    /// The table with this code.
    Table(String),
    /// The groups.
    Groups,
}

/// The schemes that a node knows, by owner, with the tables of equivalence and the groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schemes {
    owners: BTreeMap<String, Arc<Scheme>>,
    tables: BTreeMap<String, Arc<Table>>,
    groups: Arc<Groups>,
}

impl Schemes {
    /// The schemes that come with the program.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// Reads a file that a nation adds: a scheme, a table of equivalence or a list of groups, told
    /// apart by their keys. It replaces what has the same code.
    pub fn include(&mut self, text: &str) -> Result<Included, Problems> {
        let starts = |key: &str| {
            text.lines().any(|line| {
                line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
            })
        };
        if starts("table") {
            let table = Table::parse(text, self)?;
            let code = table.code().to_owned();
            self.add_table(table);
            return Ok(Included::Table(code));
        }
        if !starts("nation") && !starts("organisation") && text.contains("[[groups]]") {
            self.set_groups(Groups::parse(text)?);
            return Ok(Included::Groups);
        }
        let scheme = Scheme::parse(text)?;
        let owner = scheme.owner.clone();
        self.add(scheme);
        Ok(Included::Scheme(owner))
    }

    /// Adds a scheme, or replaces its owner's earlier one.
    pub fn add(&mut self, scheme: Scheme) {
        self.owners.insert(scheme.owner.clone(), Arc::new(scheme));
    }

    /// Adds a table of equivalence, or replaces the earlier one of its code. The levels that it
    /// names are those of schemes that are here already.
    pub fn add_table(&mut self, table: Table) {
        self.tables.insert(table.code().to_owned(), Arc::new(table));
    }

    /// Replaces the groups.
    pub fn set_groups(&mut self, groups: Groups) {
        self.groups = Arc::new(groups);
    }

    /// The scheme of a nation or organisation.
    pub fn get(&self, owner: &str) -> Result<&Scheme, UnknownScheme> {
        self.find(owner).ok_or_else(|| UnknownScheme {
            owner: owner.to_owned(),
            known: self.owners.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// The schemes, by owner.
    pub fn iter(&self) -> impl Iterator<Item = &Scheme> {
        self.owners.values().map(Arc::as_ref)
    }

    /// The tables of equivalence, by code.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().map(Arc::as_ref)
    }

    /// The groups that may stand in a list of nations.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    pub(crate) fn find(&self, owner: &str) -> Option<&Scheme> {
        self.owners.get(owner).map(Arc::as_ref)
    }

    /// The level of a nation's marking, if both are known.
    pub(crate) fn level(&self, owner: &str, marking: &str) -> Option<u8> {
        self.find(owner)?.level(marking)
    }
}

#[cfg(test)]
mod tests;
