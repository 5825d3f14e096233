//! The rules in force: agreements, national laws, schemes and groups, compiled once.
//!
//! An immutable snapshot. Policies are kept in slices, by agreement, sender and recipient and by
//! nation and direction, because evaluation costs about a microsecond for each policy; a decision
//! looks at its slices and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cedar_policy::PolicySet;
use entente_model::{AgreementId, LawId, NationCode, ReleaseFacts, Timestamp, Writer};

use crate::agreement::Agreement;
use crate::case::{Case, Class, Subject};
use crate::clause::{Clause, Emergency, Forbids, Handling, Scope, needs_consent};
use crate::control;
use crate::national::{Direction, NationalLaw};
use crate::policy::{Action, Book, CompileError, Engine, Forbid, Origin};
use crate::ruling::Ruling;
use crate::scheme::Schemes;

/// Names the program that derives decisions from texts. It is part of the policy epoch, because
/// another version might decide otherwise.
pub const ENGINE_VERSION: &str = concat!("entente-law ", env!("CARGO_PKG_VERSION"), " rules 2");

/// Where an agreement stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgreementStatus {
    /// Signed by all, and running.
    InForce,
    /// Suspended for all.
    Suspended,
    /// Ended.
    Terminated,
}

/// Where a party stands in an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartyStatus {
    /// Takes part.
    Active,
    /// Is suspended.
    Suspended,
    /// Has withdrawn.
    Withdrawn,
}

/// An agreement with its place in its life. Agreements that are no longer in force belong here
/// too: what was received under them stays bound.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// The digest of its text.
    pub id: AgreementId,
    /// Its status.
    pub status: AgreementStatus,
    /// Parties that are not active. Whoever is not listed is.
    pub parties: &'a [(NationCode, PartyStatus)],
}

/// One agreement, compiled.
#[derive(Debug)]
pub(crate) struct Treaty {
    pub code: String,
    pub title: String,
    pub id: AgreementId,
    pub status: AgreementStatus,
    pub parties: BTreeMap<NationCode, PartyStatus>,
    pub in_force_from: Timestamp,
    pub ends_on: Option<Timestamp>,
    pub handling: Handling,
    pub clauses: Vec<Term>,
    pub emergency: Option<(Emergency, String)>,
    /// Whether it can be a basis between bodies of one nation.
    pub at_home: bool,
    nations: Vec<NationCode>,
    always: Vec<usize>,
    from: BTreeMap<NationCode, Vec<usize>>,
    to: BTreeMap<NationCode, Vec<usize>>,
    /// Slices by sender and recipient, put together from parsed policies when first needed.
    slices: Vec<OnceLock<Option<PolicySet>>>,
    pub onward: PolicySet,
}

/// One clause of a compiled agreement.
#[derive(Debug)]
pub(crate) struct Term {
    pub origin: Origin,
    pub article_title: String,
    /// Whether it can forbid something.
    pub forbids: bool,
    pub clause: Arc<dyn Clause>,
}

impl Treaty {
    /// Every prohibition about releases, by position in the book, with whom it concerns.
    pub(crate) fn reach(&self) -> Vec<(Scope, usize)> {
        let scoped = |map: &BTreeMap<NationCode, Vec<usize>>, scope: fn(NationCode) -> Scope| {
            let pairs = map.iter().flat_map(|(n, at)| at.iter().map(move |at| (*n, *at)));
            pairs.map(|(nation, at)| (scope(nation), at)).collect::<Vec<_>>()
        };
        let mut all: Vec<(Scope, usize)> =
            self.always.iter().map(|at| (Scope::Always, *at)).collect();
        all.extend(scoped(&self.from, Scope::From));
        all.extend(scoped(&self.to, Scope::To));
        all
    }

    /// The slice for a pair of parties.
    pub(crate) fn slice(
        &self,
        book: &Book,
        sender: NationCode,
        recipient: NationCode,
    ) -> Option<&PolicySet> {
        let row = self.nations.iter().position(|n| *n == sender)?;
        let column = self.nations.iter().position(|n| *n == recipient)?;
        let slot = self.slices.get(row * self.nations.len() + column)?;
        slot.get_or_init(|| {
            let none = Vec::new();
            let from = self.from.get(&sender).unwrap_or(&none);
            let to = self.to.get(&recipient).unwrap_or(&none);
            let positions: Vec<usize> = self.always.iter().chain(from).chain(to).copied().collect();
            book.set(&positions).ok()
        })
        .as_ref()
    }
}

/// The rules in force.
#[derive(Debug)]
pub struct Rules {
    pub(crate) book: Book,
    pub(crate) engine: Engine,
    pub(crate) schemes: Schemes,
    pub(crate) groups: BTreeMap<String, Vec<NationCode>>,
    pub(crate) treaties: Vec<Treaty>,
    pub(crate) object_flags: PolicySet,
    pub(crate) laws: BTreeMap<(NationCode, Direction), PolicySet>,
    pub(crate) controls: BTreeMap<&'static str, PolicySet>,
    pub(crate) onward_default: PolicySet,
    /// Titles of the sections of national laws, by rule.
    pub(crate) sections: BTreeMap<String, (String, String)>,
    epoch: Vec<u8>,
}

impl Rules {
    /// Compiles the rules in force. The order of the agreements matters: of several equally good
    /// bases, the first listed is chosen.
    pub fn compile(
        agreements: &[InForce<'_>],
        laws: &[(LawId, &NationalLaw)],
        schemes: &Schemes,
    ) -> Result<Self, CompileError> {
        let mut book = Book::default();
        let groups = groups(agreements)?;
        let treaties = agreements
            .iter()
            .map(|held| treaty(&mut book, held, schemes))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sections = BTreeMap::new();
        let mut by_direction: BTreeMap<(NationCode, Direction), Vec<usize>> = BTreeMap::new();
        for (_, law) in laws {
            for rule in law.numbered() {
                let position =
                    book.add(Action::Release, &rule.origin, rule.forbid(law.nation()))?;
                by_direction.entry((law.nation(), rule.direction)).or_default().push(position);
                sections.insert(
                    rule.origin.id.clone(),
                    (law.code().to_owned(), rule.section_title.clone()),
                );
            }
        }
        let controls = control_slices(&mut book)?;
        let object_flags = slice(&mut book, Action::Release, "object", object_flags())?;
        let onward_default =
            slice(&mut book, Action::Onward, "third-party rule", vec![needs_consent("")])?;
        book.validate()?;
        let laws_in_slices = by_direction
            .into_iter()
            .map(|(key, positions)| Ok((key, book.set(&positions)?)))
            .collect::<Result<_, CompileError>>()?;
        Ok(Self {
            engine: Engine::new()?,
            schemes: schemes.clone(),
            groups,
            treaties,
            object_flags,
            laws: laws_in_slices,
            controls,
            onward_default,
            sections,
            epoch: epoch(agreements, laws, schemes),
            book,
        })
    }

    /// Deterministic bytes over everything that a decision can depend on besides its case. Their
    /// digest is the policy epoch.
    pub fn epoch_preimage(&self) -> Vec<u8> {
        self.epoch.clone()
    }

    /// Every prohibition about releases and their onward release, by position in the book, with
    /// whom it concerns: those of the agreements and those of national laws.
    pub(crate) fn reach(&self) -> Vec<(Scope, usize)> {
        let mut all = Vec::new();
        for treaty in &self.treaties {
            all.extend(treaty.reach());
            all.extend(positions(&treaty.onward).map(|at| (Scope::Onward, at)));
        }
        for ((nation, direction), set) in &self.laws {
            let scope = match direction {
                Direction::Export => Scope::From(*nation),
                Direction::Import => Scope::To(*nation),
            };
            all.extend(positions(set).map(|at| (scope, at)));
        }
        all
    }

    /// Takes an agreement's term for unlimited, to try it out on cases of another time. Rules that
    /// decide for real are never changed after they were compiled.
    pub fn as_if_always_in_force(&mut self, code: &str) {
        for treaty in self.treaties.iter_mut().filter(|t| t.code == code) {
            treaty.in_force_from = Timestamp::default();
            treaty.ends_on = None;
        }
    }

    /// Facts that decisions by these rules do not record, because no rule read them or told them
    /// apart, and that other rules would read: by the names of the policies' attributes.
    pub fn left_out_for(&self, other: &Self) -> Vec<&'static str> {
        self.book.left_out_for(&other.book)
    }

    /// How many policies were compiled in all.
    pub fn policies(&self) -> usize {
        self.book.len()
    }

    /// The text of every policy, for people and provers.
    pub fn policy_text(&self) -> String {
        self.book.source()
    }

    /// The agreements that a provenance entry names: by the digest of a text, exactly that one; by
    /// a code, every one that has it, because it is not said which of them it was.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Treaty> {
        let id: Option<AgreementId> = name.parse().ok();
        self.treaties.iter().filter(move |t| id.map_or(t.code == name, |id| t.id == id))
    }

    /// Whether it has ended, and another text of its code operates.
    pub(crate) fn is_replaced(&self, treaty: &Treaty) -> bool {
        let ended = |t: &Treaty| t.status == AgreementStatus::Terminated;
        ended(treaty) && self.treaties.iter().any(|t| t.code == treaty.code && !ended(t))
    }

    /// The codes of the agreements, in order.
    pub fn agreements(&self) -> impl Iterator<Item = (&str, AgreementId)> {
        self.treaties.iter().map(|t| (t.code.as_str(), t.id))
    }

    /// The classification schemes.
    pub const fn schemes(&self) -> &Schemes {
        &self.schemes
    }

    /// Weighs one case: may this go there, now?
    pub fn decide(&self, case: &Case<'_>) -> Ruling {
        crate::decide::decide(self, case)
    }

    /// The class of a subject: all that the rules can read of it.
    pub fn class(&self, subject: &Subject<'_>) -> Class {
        let mut label = subject.label.clone();
        label.created = Timestamp::default();
        label.review = None;
        label.alternatives = Vec::new();
        let mut facts = subject.facts.clone();
        self.leave_out_unread(&mut facts);
        Class {
            label,
            facts,
            recalled: subject.recalled,
            originator: subject.originator,
            consents: subject.consents.to_vec(),
            transfer: subject.transfer.clone(),
        }
    }
}

impl Rules {
    /// Sets every fact that no policy reads to its default, and every person, role, category and
    /// age to what the policies can tell of it. Policies read facts by the names of the schema and
    /// compare them with what they name, so what none names cannot bear on a decision.
    fn leave_out_unread(&self, facts: &mut ReleaseFacts) {
        let unread = |names: &[&str]| !names.iter().any(|name| self.book.reads(name));
        if unread(&["collected_at"]) {
            facts.collected_at = None;
        }
        if unread(&["records"]) {
            facts.records = 0;
        }
        if unread(&["collected_for"]) {
            facts.collected_for = None;
        }
        if unread(&["area"]) {
            facts.area = None;
        }
        if unread(&["object_case"]) {
            facts.case_id = None;
        }
        if unread(&["court_sealed"]) {
            facts.court_sealed = false;
        }
        if unread(&["pending_case"]) {
            facts.pending_case = false;
        }
        if unread(&["data_categories"]) {
            facts.data_categories = Vec::new();
            facts.portions.iter_mut().for_each(|p| p.data_categories = None);
        }
        if unread(&["persons", "nationalities", "roles", "youngest"]) {
            facts.persons = Vec::new();
            facts.portions.iter_mut().for_each(|p| p.persons = None);
        }
        let portions = &mut facts.portions;
        let categories = portions.iter_mut().filter_map(|p| p.data_categories.as_mut());
        for categories in categories.chain([&mut facts.data_categories]) {
            self.leave_out_unnamed(categories);
        }
        let persons = portions.iter_mut().filter_map(|p| p.persons.as_mut());
        for persons in persons.chain([&mut facts.persons]) {
            for person in &mut *persons {
                person.nationalities.retain(|nation| self.book.mentions(nation.as_str()));
                person.nationalities.sort_unstable();
                person.nationalities.dedup();
                self.leave_out_unnamed(&mut person.roles);
                person.age = person.age.map(|age| self.book.age(age));
            }
            // Who and how many they are does not matter, only what is true of one of them.
            persons.sort_by(|a, b| {
                (&a.nationalities, &a.roles, a.age).cmp(&(&b.nationalities, &b.roles, b.age))
            });
            persons.dedup();
        }
    }

    /// Leaves out what no policy names: categories and roles are only ever compared with names.
    fn leave_out_unnamed(&self, names: &mut Vec<String>) {
        names.retain(|name| self.book.mentions(name));
        names.sort_unstable();
        names.dedup();
    }
}

/// Positions in the book of the prohibitions of a slice.
pub(crate) fn positions(set: &PolicySet) -> impl Iterator<Item = usize> {
    // The constant permit has no number.
    let ids = set.policies().map(|policy| AsRef::<str>::as_ref(policy.id()).parse().ok());
    let mut found: Vec<usize> = ids.flatten().collect();
    found.sort_unstable();
    found.into_iter()
}

/// Groups of all agreements; among those that operate, a group must mean the same everywhere. One
/// that only ended ones name has the members that all of them give it.
fn groups(agreements: &[InForce<'_>]) -> Result<BTreeMap<String, Vec<NationCode>>, CompileError> {
    let operates = |held: &&InForce<'_>| held.status != AgreementStatus::Terminated;
    let mut groups: BTreeMap<String, Vec<NationCode>> = BTreeMap::new();
    for held in agreements.iter().filter(operates) {
        for (group, members) in held.agreement.groups() {
            let members = in_order(members);
            let known = groups.entry(group.clone()).or_insert_with(|| members.clone());
            if *known != members {
                return Err(CompileError::GroupConflict {
                    group: group.clone(),
                    agreement: held.agreement.code().to_owned(),
                });
            }
        }
    }
    let mut past: BTreeMap<String, Vec<NationCode>> = BTreeMap::new();
    for held in agreements.iter().filter(|held| !operates(held)) {
        for (group, members) in held.agreement.groups() {
            let members = in_order(members);
            let known = past.entry(group.clone()).or_insert_with(|| members.clone());
            known.retain(|nation| members.contains(nation));
        }
    }
    for (group, members) in past {
        groups.entry(group).or_insert(members);
    }
    // Of one code, any number may have ended or been superseded: they bind what was received
    // under them. One may operate, so that a code names one basis.
    let of_code = |code: &str| {
        agreements.iter().filter(operates).filter(|held| held.agreement.code() == code).count()
    };
    match agreements.iter().map(|held| held.agreement.code()).find(|code| of_code(code) > 1) {
        Some(code) => Err(CompileError::SameCode(code.to_owned())),
        None => Ok(groups),
    }
}

fn in_order(members: &[NationCode]) -> Vec<NationCode> {
    let mut members = members.to_vec();
    members.sort_unstable();
    members.dedup();
    members
}

fn treaty(book: &mut Book, held: &InForce<'_>, schemes: &Schemes) -> Result<Treaty, CompileError> {
    let agreement = held.agreement;
    let nations: Vec<NationCode> = agreement.parties().iter().map(|p| p.nation).collect();
    let mut handling = Handling::default();
    let mut emergency = None;
    for numbered in agreement.numbered() {
        if let Some(table) = numbered.clause.equivalence() {
            handling = Handling::new(table, &numbered.origin.id, &nations, schemes)?;
        }
        if let Some(relaxed) = numbered.clause.emergency() {
            emergency = Some((relaxed.clone(), numbered.origin.id.clone()));
        }
    }
    let mut always = Vec::new();
    let mut from: BTreeMap<NationCode, Vec<usize>> = BTreeMap::new();
    let mut to: BTreeMap<NationCode, Vec<usize>> = BTreeMap::new();
    let mut onward = Vec::new();
    let mut clauses = Vec::new();
    let mut third_party = false;
    for numbered in agreement.numbered() {
        let mut forbids = Forbids { parties: &nations, handling: &handling, out: Vec::new() };
        numbered.clause.forbids(&mut forbids);
        clauses.push(Term {
            origin: numbered.origin.clone(),
            article_title: numbered.article_title.clone(),
            forbids: forbids.out.iter().any(|(scope, _)| *scope != Scope::Onward),
            clause: Arc::clone(&numbered.clause),
        });
        for (scope, forbid) in forbids.out {
            let action = if scope == Scope::Onward { Action::Onward } else { Action::Release };
            let position = book.add(action, &numbered.origin, forbid)?;
            match scope {
                Scope::Always => always.push(position),
                Scope::From(nation) => from.entry(nation).or_default().push(position),
                Scope::To(nation) => to.entry(nation).or_default().push(position),
                Scope::Onward => {
                    third_party = true;
                    onward.push(position);
                }
            }
        }
    }
    if !third_party {
        let origin = Origin {
            id: format!("{}/third-party rule", agreement.code()),
            article: String::new(),
            kind: "third_party",
        };
        onward.push(book.add(Action::Onward, &origin, needs_consent(""))?);
    }
    if !clauses.iter().any(|term| term.clause.covers_exercises()) {
        let origin = Origin {
            id: format!("{}/exercise", agreement.code()),
            article: String::new(),
            kind: "exercise",
        };
        always.push(book.add(Action::Release, &origin, exercise_uncovered())?);
    }
    let status = |nation: &NationCode| {
        held.parties
            .iter()
            .find(|(n, _)| n == nation)
            .map_or(PartyStatus::Active, |(_, status)| *status)
    };
    Ok(Treaty {
        code: agreement.code().to_owned(),
        title: agreement.title().to_owned(),
        id: held.id,
        status: held.status,
        parties: nations.iter().map(|n| (*n, status(n))).collect(),
        in_force_from: agreement.in_force_from(),
        ends_on: agreement.ends_on(),
        handling,
        clauses,
        emergency,
        at_home: agreement.serves_at_home(),
        slices: (0..nations.len() * nations.len()).map(|_| OnceLock::new()).collect(),
        nations,
        always,
        from,
        to,
        onward: book.set(&onward)?,
    })
}

/// A small slice of prohibitions that belong to no text.
fn slice(
    book: &mut Book,
    action: Action,
    kind: &'static str,
    forbids: Vec<Forbid>,
) -> Result<PolicySet, CompileError> {
    let origin = Origin { id: kind.to_owned(), article: String::new(), kind };
    let positions = forbids
        .into_iter()
        .map(|forbid| book.add(action, &origin, forbid))
        .collect::<Result<Vec<_>, _>>()?;
    book.set(&positions)
}

fn control_slices(book: &mut Book) -> Result<BTreeMap<&'static str, PolicySet>, CompileError> {
    let mut slices = BTreeMap::new();
    for kind in control::TYPES {
        let origin = Origin {
            id: format!("label:{}", kind.tag()),
            article: String::new(),
            kind: kind.tag(),
        };
        let mut forbids = Vec::new();
        kind.forbids(&mut forbids);
        let positions = forbids
            .into_iter()
            .map(|forbid| book.add(Action::Control, &origin, forbid))
            .collect::<Result<Vec<_>, _>>()?;
        slices.insert(kind.tag(), book.set(&positions)?);
    }
    Ok(slices)
}

fn object_flags() -> Vec<Forbid> {
    vec![
        Forbid::deny("RECALLED", "context.recalled", "it was recalled by its originator"),
        Forbid::deny(
            "EXERCISE_DATA_IN_OPERATIONS",
            "context.exercise_data && !context.exercise",
            "it is exercise data and must not enter operations",
        ),
    ]
}

fn exercise_uncovered() -> Forbid {
    Forbid::deny(
        "EXERCISE_NOT_COVERED",
        "context.exercise",
        "the agreement has no clause that covers exercises",
    )
}

/// Names the programs that derive decisions from texts: ours and the policy engine.
pub(crate) fn engine() -> String {
    format!("{ENGINE_VERSION}, cedar {}", cedar_policy::get_sdk_version())
}

/// Read again by [`crate::epoch::Epoch`].
fn epoch(agreements: &[InForce<'_>], laws: &[(LawId, &NationalLaw)], schemes: &Schemes) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(5).uint(1).text(&engine());
    w.list(agreements, |w, held| {
        let mut parties: Vec<(NationCode, PartyStatus)> = held
            .parties
            .iter()
            .filter(|(_, status)| *status != PartyStatus::Active)
            .copied()
            .collect();
        parties.sort_by_key(|(nation, _)| *nation);
        w.array(3).value(&held.id).uint(held.status as u64).list(
            &parties,
            |w, (nation, status)| {
                w.array(2).value(nation).uint(*status as u64);
            },
        );
    });
    w.list(laws, |w, (id, _)| {
        w.value(id);
    });
    let schemes: Vec<_> = schemes.iter().collect();
    w.list(&schemes, |w, scheme| {
        // Every way to write a level, since each is understood in a label.
        let written: Vec<_> = scheme.written().collect();
        w.array(2).text(scheme.owner()).list(&written, |w, (text, class, period)| {
            let from = period.from.map_or(0, Timestamp::millis);
            w.array(4).text(text).uint((*class).into()).uint(from).uint(period.last());
        });
    });
    w.into_bytes()
}
