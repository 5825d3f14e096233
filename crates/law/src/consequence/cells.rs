//! Decides one case of each cell under both sides.

use std::collections::{BTreeMap, BTreeSet};

use entente_model::{Decision, NationCode, Timestamp};

use super::boxes::{Cell, join};
use super::say::{self, Dimension};
use super::{Answer, CELLS_MAX, Change, codes, edges};
use crate::agreement::Agreement;
use crate::clause::{Release, Scope};
use crate::footprint::{self, Read, Space, name_of};
use crate::rules::{Rules, Treaty};
use crate::ruling::{Ruling, is_for_sender};
use crate::scenario::{Point, Scenario, Setting, build, listing};
use crate::scheme::Schemes;
use crate::time::{DAY_MILLIS, day_start, instant};
use crate::unit::units;

/// What readers want to know first; joined to a group of rules if an unchanged rule ties them to
/// what changed.
const HEADLINES: [&str; 5] = ["sender", "recipient", "level", "object_type", "purpose"];

/// Of several things that a case is about, those that come first in a sentence.
const ORDER: [&str; 9] = [
    "at",
    "sender",
    "recipient",
    "level",
    "object_type",
    "purpose",
    "sender_body",
    "recipient_body",
    "emergency",
];

/// A prohibition of either side.
struct Known {
    kind: &'static str,
    read: Read,
    changed: bool,
}

/// A group of rules that are looked at together, and which obligations count.
struct Group {
    names: BTreeSet<&'static str>,
    /// Count what clauses of this type oblige to, and nothing else.
    owed_by: Option<&'static str>,
    /// Count the price of an emergency.
    price: bool,
}

/// Two sets of rules before one judge.
pub(crate) struct Court<'r> {
    pub(super) before: &'r Rules,
    pub(super) after: &'r Rules,
    pub(super) schemes: &'r Schemes,
    pub(crate) space: Space,
    pub(super) cells: usize,
    at: (Timestamp, Timestamp),
    known: Vec<Known>,
    /// The most favourable case for a pair of nations.
    friendly: BTreeMap<(NationCode, NationCode, bool, bool), Point>,
}

impl<'r> Court<'r> {
    pub(crate) fn new(
        before: &'r Rules,
        after: &'r Rules,
        schemes: &'r Schemes,
        at: (Timestamp, Timestamp),
    ) -> Self {
        let mut space = Space::default();
        let mut known = Vec::new();
        let keys = |rules: &Rules| -> BTreeSet<String> {
            rules.reach().iter().map(|(scope, at)| key(rules, *scope, *at)).collect()
        };
        let (old, new) = (keys(before), keys(after));
        for rules in [before, after] {
            for (scope, position) in rules.reach() {
                let Some(compiled) = rules.book.get(position) else { continue };
                if scope == Scope::Onward {
                    continue;
                }
                // What cannot be read here would be missed; a test reads every type.
                let read = footprint::of(scope, &compiled.forbid).unwrap_or_default();
                space.add(&read);
                let key = key(rules, scope, position);
                let changed = old.contains(&key) != new.contains(&key);
                known.push(Known { kind: compiled.origin.kind, read, changed });
            }
            for treaty in &rules.treaties {
                space.nations.extend(treaty.parties.keys());
                if let Some((emergency, _)) = &treaty.emergency {
                    let words = space.words.entry("emergency").or_default();
                    words.extend(emergency.triggers.iter().cloned());
                }
            }
        }
        Self { before, after, schemes, space, cells: 0, at, known, friendly: BTreeMap::new() }
    }

    /// What the rules that differ change.
    pub(super) fn changed_rules(&mut self) -> (Vec<Change>, bool) {
        let mut changes = Vec::new();
        let mut complete = true;
        for group in self.groups_of_rules() {
            let (found, all) = self.compare(&group);
            changes.extend(found);
            complete &= all;
        }
        (changes, complete)
    }

    /// Whether all is between bodies of one nation.
    fn is_domestic(&self) -> bool {
        self.space.nations.len() == 1
    }

    fn relaxed(&self) -> BTreeSet<String> {
        let treaties = self.before.treaties.iter().chain(&self.after.treaties);
        treaties.filter_map(|t| t.emergency.as_ref()).flat_map(|(e, _)| e.relaxes.clone()).collect()
    }

    fn emergency_changed(&self) -> bool {
        let said = |rules: &Rules| {
            let terms = rules.treaties.iter().filter_map(|t| t.emergency.as_ref());
            terms.map(|(e, _)| format!("{e:?}")).collect::<Vec<_>>()
        };
        said(self.before) != said(self.after)
    }

    fn groups_of_rules(&self) -> Vec<Group> {
        let relaxed = self.relaxed();
        let emergency_changed = self.emergency_changed();
        let mut groups: Vec<Group> = Vec::new();
        for known in &self.known {
            let is_relaxed = relaxed.contains(known.kind);
            let concerned = known.changed || (emergency_changed && is_relaxed);
            if !concerned {
                continue;
            }
            let mut names = known.read.names.clone();
            if is_relaxed {
                names.insert("emergency");
            }
            groups.push(Group { names, owed_by: None, price: is_relaxed });
        }
        let mut groups = merged(groups);
        for group in &mut groups {
            self.tie(group);
        }
        let terms = |rules: &Rules| -> BTreeSet<(&'static str, String)> {
            let all = rules.treaties.iter().flat_map(|t| &t.clauses);
            all.map(|t| (t.origin.kind, format!("{:?}", t.clause))).collect()
        };
        let (old, new) = (terms(self.before), terms(self.after));
        let changed: BTreeSet<&'static str> =
            old.symmetric_difference(&new).map(|(kind, _)| *kind).collect();
        let clauses = || {
            let sides = [self.before, self.after].into_iter();
            sides.flat_map(|r| &r.treaties).flat_map(|t| &t.clauses)
        };
        for kind in changed {
            let of_kind = clauses().filter(|t| t.origin.kind == kind);
            let names = of_kind
                .flat_map(|t| t.clause.obligations_read())
                .filter_map(|attribute| name_of(attribute))
                .collect();
            groups.push(Group { names, owed_by: Some(kind), price: false });
        }
        groups
    }

    /// Adds the headlines that a rule ties to what the group reads.
    fn tie(&self, group: &mut Group) {
        let mut tied = group.names.clone();
        for known in &self.known {
            let shared = known.read.names.intersection(&group.names);
            if shared.clone().any(|name| !["sender", "recipient"].contains(name)) {
                tied.extend(known.read.names.iter().filter(|n| HEADLINES.contains(n)));
            }
        }
        let product = |names: &BTreeSet<&'static str>| {
            names.iter().map(|n| self.space.choices(n).len()).product::<usize>()
        };
        if product(&tied) <= CELLS_MAX {
            group.names = tied;
        }
    }

    fn compare(&mut self, group: &Group) -> (Vec<Change>, bool) {
        let mut names: Vec<&'static str> = group.names.iter().copied().collect();
        names.sort_by_key(|n| (ORDER.iter().position(|o| o == n).unwrap_or(ORDER.len()), *n));
        let dimensions: Vec<Dimension> = names
            .into_iter()
            .map(|name| Dimension { name, choices: self.space.choices(name) })
            .collect();
        let total: usize = dimensions.iter().map(|d| d.choices.len()).product();
        let step = total.div_ceil(CELLS_MAX).max(1);
        let mut alike: BTreeMap<(Answer, Answer), Vec<Cell>> = BTreeMap::new();
        for number in (0..total).step_by(step) {
            let cell = cell(&dimensions, number);
            let Some(settings) = settings(&dimensions, &cell) else { continue };
            let same = settings.get("sender").is_some_and(|s| settings.get("recipient") == Some(s));
            if same && !self.is_domestic() {
                continue;
            }
            self.cells += 1;
            let answers = self.answers(&settings, group);
            let goes = answers.0.decision.releases() && answers.1.decision.releases();
            // What is owed for something that does not go is nobody's concern.
            if answers.0 != answers.1 && (goes || group.owed_by.is_none()) {
                alike.entry(answers).or_default().push(cell);
            }
        }
        (changes(&dimensions, alike), step == 1)
    }

    /// The answers of both sides on a cell.
    fn answers(&mut self, settings: &Point, group: &Group) -> (Answer, Answer) {
        let free = self.free(settings);
        let start = self.friend_of(settings, true, true);
        let joint = self.improve(start, settings, &free, true, true);
        let (before, after) = (self.decide(&joint, true), self.decide(&joint, false));
        let best = |court: &mut Self, found: Option<(Scenario, Ruling)>, old: bool| {
            let better = match &found {
                Some((_, ruling)) if ruling.decision == Decision::Permit => None,
                _ => {
                    // What no case makes good for both may still go for one of them.
                    let start = court.friend_of(settings, old, !old);
                    let own = court.improve(start, settings, &free, old, !old);
                    let own = court.decide(&own, old);
                    let rank = |f: &Option<(Scenario, Ruling)>| {
                        f.as_ref().map_or(Decision::Deny, |(_, r)| r.decision)
                    };
                    (rank(&own) < rank(&found)).then_some(own)
                }
            };
            court.answer(better.unwrap_or(found), group, old)
        };
        (best(self, before, true), best(self, after, false))
    }

    /// What may still be chosen: whatever a rule reads together with what the cell fixes.
    fn free(&self, settings: &Point) -> BTreeSet<&'static str> {
        let mut free = BTreeSet::new();
        for known in &self.known {
            if known.read.names.iter().any(|n| settings.contains_key(n)) {
                free.extend(known.read.names.iter().filter(|n| !settings.contains_key(*n)));
            }
        }
        // Nations are chosen for the whole case at once.
        free.remove("sender");
        free.remove("recipient");
        free
    }

    /// The most favourable case whose nations are those of the cell, if it names any.
    pub(crate) fn friend(&mut self, settings: &Point) -> Point {
        self.friend_of(settings, true, true)
    }

    /// The same, under the sides that count.
    fn friend_of(&mut self, settings: &Point, before: bool, after: bool) -> Point {
        let nation = |name: &str| match settings.get(name) {
            Some(Setting::Nation(nation)) => Some(*nation),
            _ => None,
        };
        let named = (nation("sender"), nation("recipient"));
        let nations: Vec<NationCode> = self.space.nations.iter().copied().collect();
        let mut best: Option<((u64, usize), Point)> = None;
        for sender in nations.iter().filter(|n| named.0.is_none_or(|s| s == **n)) {
            for recipient in nations.iter().filter(|n| named.1.is_none_or(|r| r == **n)) {
                if sender == recipient && !self.is_domestic() {
                    continue;
                }
                let point = self.friendly_pair(*sender, *recipient, before, after);
                let weight = self.weight(&point, before, after);
                if best.as_ref().is_none_or(|(least, _)| weight < *least) {
                    best = Some((weight, point));
                }
                if weight.0 == 0 {
                    return best.map(|(_, point)| point).unwrap_or_default();
                }
            }
        }
        best.map(|(_, point)| point).unwrap_or_default()
    }

    fn friendly_pair(
        &mut self,
        sender: NationCode,
        recipient: NationCode,
        before: bool,
        after: bool,
    ) -> Point {
        let key = (sender, recipient, before, after);
        if let Some(point) = self.friendly.get(&key) {
            return point.clone();
        }
        let fixed = Point::from([
            ("sender", Setting::Nation(sender)),
            ("recipient", Setting::Nation(recipient)),
        ]);
        let free = self.known.iter().flat_map(|k| k.read.names.iter().copied()).collect();
        let point = self.improve(fixed.clone(), &fixed, &free, before, after);
        self.friendly.insert(key, point.clone());
        point
    }

    /// Varies what is free, one thing after the other, as long as the answers get better.
    fn improve(
        &self,
        start: Point,
        fixed: &Point,
        free: &BTreeSet<&'static str>,
        before: bool,
        after: bool,
    ) -> Point {
        let mut point = start;
        point.extend(fixed.iter().map(|(name, setting)| (*name, setting.clone())));
        let mut least = self.weight(&point, before, after);
        for _ in 0..3 {
            let round = least;
            for name in free.iter().filter(|n| !fixed.contains_key(*n)) {
                if least.0 == 0 {
                    return point;
                }
                for choice in self.space.choices(name) {
                    let mut tried = point.clone();
                    tried.insert(name, choice);
                    let weight = self.weight(&tried, before, after);
                    if weight < least {
                        least = weight;
                        point = tried;
                    }
                }
            }
            if least == round {
                break;
            }
        }
        point
    }

    /// How far a case is from going under the sides that count: decisions, then failures.
    fn weight(&self, point: &Point, before: bool, after: bool) -> (u64, usize) {
        let mut weight = (0, 0);
        for old in [true, false] {
            if (old && !before) || (!old && !after) {
                continue;
            }
            let Some((_, ruling)) = self.decide(point, old) else { return (u64::MAX, 0) };
            weight.0 += ruling.decision as u64;
            // Of a denial every failure is told; of the rest, its codes are enough.
            weight.1 += match ruling.decision {
                Decision::Deny => ruling.explanation.len(),
                Decision::Permit | Decision::PermitModified | Decision::Refer => {
                    ruling.reason_codes.len()
                }
            };
        }
        weight
    }

    /// Puts a case to one side.
    pub(crate) fn decide(&self, point: &Point, old: bool) -> Option<(Scenario, Ruling)> {
        let (rules, at) = if old { (self.before, self.at.0) } else { (self.after, self.at.1) };
        let mut point = point.clone();
        point.entry("at").or_insert(Setting::At(at));
        let scenario = build(&point, self.schemes)?;
        let ruling = rules.decide(&scenario.case());
        Some((scenario, ruling))
    }

    /// What counts of a ruling.
    fn answer(&self, found: Option<(Scenario, Ruling)>, group: &Group, old: bool) -> Answer {
        let Some((scenario, ruling)) = found else {
            return Answer { decision: Decision::Deny, refer_to: Vec::new(), owed: Vec::new() };
        };
        let rules = if old { self.before } else { self.after };
        let treaty = rules.treaties.first();
        let counted: BTreeSet<String> = if let (Some(kind), Some(treaty)) = (group.owed_by, treaty)
        {
            owed_by(treaty, kind, &scenario)
        } else {
            let price = treaty.and_then(|t| t.emergency.as_ref()).filter(|_| group.price);
            price.into_iter().flat_map(|(e, _)| e.obligations.iter().cloned()).collect()
        };
        let owed = ruling
            .obligations
            .iter()
            .filter(|o| counted.contains(*o) || group.owed_by.is_none() && is_for_sender(o));
        let owed = owed.map(|o| in_days(o, scenario.at)).collect();
        if group.owed_by.is_some() {
            // The decision itself is the business of the rules that can change it.
            let decision =
                if ruling.decision.releases() { Decision::Permit } else { Decision::Deny };
            return Answer { decision, refer_to: Vec::new(), owed };
        }
        let own = format!(":{}", scenario.transfer.sender);
        let asked = |who: &String| match who.strip_suffix(&own) {
            Some(office) => format!("{office}:sender"),
            None => who.clone(),
        };
        let refer_to = ruling.refer_to.iter().map(asked).collect();
        Answer { decision: ruling.decision, refer_to, owed }
    }

    /// Who is a party.
    pub(super) fn parties(&mut self) -> Vec<Change> {
        let of = |rules: &Rules| -> BTreeSet<NationCode> {
            rules.treaties.iter().flat_map(|t| t.parties.keys().copied()).collect()
        };
        if of(self.before) == of(self.after) {
            return Vec::new();
        }
        let names = BTreeSet::from(["sender", "recipient"]);
        self.compare(&Group { names, owed_by: None, price: false }).0
    }

    /// From when and until when.
    pub(super) fn term(&mut self, old: &Agreement, new: &Agreement) -> Vec<Change> {
        let term = |a: &Agreement| (a.in_force_from(), a.ends_on());
        if term(old) == term(new) {
            return Vec::new();
        }
        self.space.moments = edges(old).chain(edges(new)).collect();
        let names = BTreeSet::from(["at"]);
        self.compare(&Group { names, owed_by: None, price: false }).0
    }

    /// What a label means that names a group of nations.
    pub(super) fn groups(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let known: BTreeSet<&String> =
            self.before.groups.keys().chain(self.after.groups.keys()).collect();
        for group in known {
            let (old, new) = (self.before.groups.get(group), self.after.groups.get(group));
            if old == new {
                continue;
            }
            let nations: Vec<NationCode> = self.space.nations.iter().copied().collect();
            for recipient in nations {
                let mut point =
                    self.friend(&Point::from([("recipient", Setting::Nation(recipient))]));
                point.insert("control", Setting::Control(Some(listing("REL_TO", group))));
                self.cells += 1;
                let answer = |old: bool| {
                    let ruling = self.decide(&point, old).map(|(_, r)| r.decision);
                    Answer {
                        decision: ruling.unwrap_or(Decision::Deny),
                        refer_to: Vec::new(),
                        owed: Vec::new(),
                    }
                };
                let (before, after) = (answer(true), answer(false));
                if before != after {
                    changes.push(say::group(group, &codes(&[recipient]), before, after));
                }
            }
        }
        changes
    }
}

/// A prohibition as far as it decides; under which id and in which words does not matter.
fn key(rules: &Rules, scope: Scope, position: usize) -> String {
    rules.book.get(position).map_or_else(String::new, |c| {
        let f = &c.forbid;
        format!(
            "{scope:?}|{}|{}|{:?}|{:?}|{:?}",
            c.origin.kind, f.condition, f.effect, f.refer_to, f.obligation
        )
    })
}

/// Joins groups that read the same things; that two rules concern nations does not tie them.
fn merged(mut groups: Vec<Group>) -> Vec<Group> {
    let mut done: Vec<Group> = Vec::new();
    while let Some(mut group) = groups.pop() {
        let tied = |a: &Group, b: &Group| {
            a.names
                .intersection(&b.names)
                .any(|n| !["sender", "recipient", "emergency"].contains(n))
                || a.names == b.names
        };
        match done.iter().position(|other| tied(other, &group)) {
            Some(at) => {
                let other = done.swap_remove(at);
                group.names.extend(other.names);
                group.price |= other.price;
                groups.push(group);
            }
            None => done.push(group),
        }
    }
    done
}

pub(crate) fn cell(dimensions: &[Dimension], number: usize) -> Cell {
    let mut rest = number;
    let mut cell = Vec::with_capacity(dimensions.len());
    for dimension in dimensions.iter().rev() {
        let choices = dimension.choices.len().max(1);
        cell.push(rest % choices);
        rest /= choices;
    }
    cell.reverse();
    cell
}

pub(crate) fn settings(dimensions: &[Dimension], cell: &Cell) -> Option<Point> {
    dimensions.iter().zip(cell).map(|(d, at)| Some((d.name, d.choices.get(*at)?.clone()))).collect()
}

/// What clauses of one type oblige to in a case.
fn owed_by(treaty: &Treaty, kind: &str, scenario: &Scenario) -> BTreeSet<String> {
    let case = scenario.case();
    let mut owed = Vec::new();
    for unit in units(case.subject) {
        let release = Release {
            case: &case,
            unit: &unit,
            agreement: &treaty.code,
            handling: &treaty.handling,
        };
        for term in treaty.clauses.iter().filter(|t| t.origin.kind == kind) {
            term.clause.obligations(&release, &mut owed);
        }
    }
    owed.into_iter().collect()
}

/// An obligation with its date as a period, so that it can be compared.
fn in_days(obligation: &str, at: Timestamp) -> String {
    let Some((name, date)) = obligation.split_once(':') else { return obligation.to_owned() };
    let Some(until) = day_start(date).or_else(|| instant(date)) else {
        return obligation.to_owned();
    };
    let millis = until.millis().saturating_sub(at.millis() - at.millis() % DAY_MILLIS);
    if millis % DAY_MILLIS == 0 {
        format!("{name}:+{} days", millis / DAY_MILLIS)
    } else {
        format!("{name}:+{} hours", millis * 24 / DAY_MILLIS)
    }
}

/// Joins cells that change alike, and says them.
fn changes(dimensions: &[Dimension], alike: BTreeMap<(Answer, Answer), Vec<Cell>>) -> Vec<Change> {
    let place = |name: &str| dimensions.iter().position(|d| d.name == name);
    let pair = place("sender").zip(place("recipient"));
    let mut found = Vec::new();
    for ((before, after), cells) in alike {
        let all = match pair {
            Some((sender, recipient)) => with_diagonal(cells, sender, recipient, dimensions),
            None => cells,
        };
        for sides in join(all) {
            let real = pair.is_none_or(|(s, r)| {
                let is_domestic = dimensions.get(s).is_some_and(|d| d.choices.len() == 1);
                let (s, r) = (sides.get(s), sides.get(r));
                is_domestic || !(s.is_some_and(|s| s.len() == 1) && s == r)
            });
            if real {
                found.push(say::change(dimensions, &sides, before.clone(), after.clone()));
            }
        }
    }
    found.sort_by_key(|c: &Change| c.turn);
    found
}

/// Adds a nation with itself, which is no case at all, wherever that makes a box whole.
fn with_diagonal(
    cells: Vec<Cell>,
    sender: usize,
    recipient: usize,
    dimensions: &[Dimension],
) -> Vec<Cell> {
    let nations = dimensions.get(sender).map_or(0, |d| d.choices.len());
    let known: BTreeSet<Cell> = cells.into_iter().collect();
    let with = |cell: &Cell, place: usize, value: usize| {
        let mut changed = cell.clone();
        if let Some(at) = changed.get_mut(place) {
            *at = value;
        }
        changed
    };
    let mut added = BTreeSet::new();
    for cell in &known {
        for (fixed, varied) in [(sender, recipient), (recipient, sender)] {
            let Some(nation) = cell.get(fixed).copied() else { continue };
            let whole = (0..nations)
                .filter(|n| *n != nation)
                .all(|n| known.contains(&with(cell, varied, n)));
            if whole {
                added.insert(with(cell, varied, nation));
            }
        }
    }
    known.into_iter().chain(added).collect()
}
