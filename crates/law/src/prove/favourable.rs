//! Looks for a case that goes by trying, before a solver is asked.
//!
//! Where something can go it mostly goes in quite ordinary cases, and a few decisions find one in
//! the time that a solver needs to read the question. It starts from a case in which everything is
//! harmless and gives way to whatever rule stands against it. Every step is the real decision, so
//! what is found needs no confirmation; that nothing is found says nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use entente_model::{Decision, Timestamp};

use super::witness;
use crate::footprint::{self, Space};
use crate::policy::Effect;
use crate::rules::Rules;
use crate::ruling::Ruling;
use crate::scenario::{Point, Scenario, Setting, build};
use crate::scheme::Schemes;

/// Decisions that are made for one question, at most.
const DECISIONS_MAX: usize = 400;

/// Looks for cases under the rules of one agreement.
pub(super) struct Search {
    space: Space,
    /// What rules of this effect read, by clause or section.
    reads: BTreeMap<(Effect, String), BTreeSet<&'static str>>,
    /// Whether an emergency sets something aside.
    emergency: bool,
    at: Timestamp,
    /// What was found to please the rules so far.
    friend: Point,
}

/// A case, with how far it is from going: the decision, then how many rules stand against it.
struct Tried {
    point: Point,
    scenario: Scenario,
    ruling: Ruling,
    weight: (Decision, usize),
}

impl Search {
    pub(super) fn new(rules: &Rules, at: Timestamp) -> Self {
        let mut space = Space::default();
        let mut reads: BTreeMap<(Effect, String), BTreeSet<&'static str>> = BTreeMap::new();
        for (scope, position) in rules.reach() {
            let Some(compiled) = rules.book.get(position) else { continue };
            // A rule that cannot be read here is one that the search does not know how to please.
            let read = footprint::of(scope, &compiled.forbid).unwrap_or_default();
            space.add(&read);
            let rule = (compiled.forbid.effect, compiled.origin.id.clone());
            reads.entry(rule).or_default().extend(read.names);
        }
        let mut emergency = false;
        for treaty in &rules.treaties {
            space.nations.extend(treaty.parties.keys());
            if let Some((terms, _)) = &treaty.emergency {
                emergency = true;
                let words = space.words.entry("emergency").or_default();
                words.extend(terms.triggers.iter().cloned());
            }
        }
        Self { space, reads, emergency, at, friend: Point::new() }
    }

    /// A case with these settings that goes under these rules, which are those of this search.
    pub(super) fn find(
        &mut self,
        rules: &Rules,
        schemes: &Schemes,
        fixed: &Point,
    ) -> Option<(Scenario, Ruling)> {
        let mut left = DECISIONS_MAX;
        let mut attempt = |point: Point| -> Option<Tried> {
            left = left.checked_sub(1)?;
            tried(point, rules, schemes)
        };
        let mut start = self.friend.clone();
        start.insert("at", Setting::At(self.at));
        start.extend(fixed.iter().map(|(name, setting)| (*name, setting.clone())));
        let mut best = attempt(start)?;
        while !best.ruling.decision.releases() {
            let before = best.weight;
            for name in self.in_the_way(&best.ruling, fixed) {
                for choice in self.space.choices(name) {
                    let mut point = best.point.clone();
                    point.insert(name, choice);
                    let Some(next) = attempt(point) else { continue };
                    if next.weight < best.weight {
                        best = next;
                    }
                }
            }
            if best.weight == before {
                return None;
            }
        }
        self.friend.clone_from(&best.point);
        // What this question is about need not please the next.
        self.friend.retain(|name, _| !fixed.contains_key(name));
        // What only pleased other rules would puzzle a reader.
        for name in self.friend.keys() {
            let mut point = best.point.clone();
            point.remove(name);
            let fewer = attempt(point).filter(|next| next.weight <= best.weight);
            best = fewer.unwrap_or(best);
        }
        Some((best.scenario, best.ruling))
    }

    /// What the rules read that stand against a case, and may be changed.
    fn in_the_way(&self, ruling: &Ruling, fixed: &Point) -> BTreeSet<&'static str> {
        // A referral names the clauses that are met, too; none of them refers.
        let effect = if ruling.decision == Decision::Deny { Effect::Deny } else { Effect::Refer };
        let clauses = ruling.clauses.iter().cloned();
        let rules = clauses.filter_map(|id| self.reads.get(&(effect, id)));
        let mut names: BTreeSet<&'static str> = rules.flatten().copied().collect();
        if self.emergency {
            names.insert("emergency");
        }
        names.retain(|name| !fixed.contains_key(name));
        names
    }
}

fn tried(point: Point, rules: &Rules, schemes: &Schemes) -> Option<Tried> {
    let scenario = witness::owned(build(&point, schemes)?)?;
    let ruling = rules.decide(&scenario.case());
    let against = match ruling.decision {
        // Of a denial every failure is told; of the rest, its codes are enough.
        Decision::Deny => ruling.explanation.len(),
        Decision::Refer | Decision::PermitModified | Decision::Permit => ruling.reason_codes.len(),
    };
    let weight = (ruling.decision, against);
    Some(Tried { point, scenario, ruling, weight })
}
