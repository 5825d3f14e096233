//! The facts that are on record, and what they make of a recipient and of a transfer.
//!
//! Whatever is not on record is assumed at its worst; where facts contradict each other, the worst
//! of them counts. So a fact that lapses, is revoked or never came can only close a release, never
//! open one. What a decision relied on is named beside it.

use std::collections::BTreeMap;

use entente_model::{Digest, NationCode, ObjectId, Timestamp};

use crate::case::{DataProtection, Offence, Recipient, TortureRisk, Transfer};
use crate::fact::{Fact, FactKind, FactSubject, MET, NONE};
use crate::scheme::Schemes;

/// Facts with their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    facts: Vec<(Digest, Fact)>,
    /// Who stated those that came from partners.
    told: BTreeMap<Digest, NationCode>,
}

/// What facts made of something, and which they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relied<T> {
    /// The result.
    pub value: T,
    /// The facts that it rests on, in order of id, each once.
    pub facts: Vec<Digest>,
}

impl Register {
    /// A register of these facts.
    pub fn new(facts: impl IntoIterator<Item = (Digest, Fact)>) -> Self {
        Self { facts: facts.into_iter().collect(), told: BTreeMap::new() }
    }

    /// With who stated those that came from partners: what a partner states counts towards itself
    /// alone.
    #[must_use]
    pub fn told_by(mut self, told: BTreeMap<Digest, NationCode>) -> Self {
        self.told = told;
        self
    }

    /// How many facts it has.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    fn held(&self, at: Timestamp, kind: FactKind) -> impl Iterator<Item = &(Digest, Fact)> {
        self.facts.iter().filter(move |(_, fact)| fact.kind() == kind && fact.holds(at))
    }

    /// Facts of a kind about a nation as a whole or about this body of it.
    fn about<'r>(
        &'r self,
        at: Timestamp,
        kind: FactKind,
        to: (NationCode, &'r str),
    ) -> impl Iterator<Item = &'r (Digest, Fact)> {
        self.held(at, kind).filter(move |(_, fact)| match fact.subject() {
            FactSubject::Nation { nation, body } => {
                *nation == to.0 && body.as_deref().is_none_or(|body| body == to.1)
            }
            FactSubject::Us
            | FactSubject::Case(_)
            | FactSubject::Object(_)
            | FactSubject::Offence(_) => false,
        })
    }

    /// The recipient as the facts have it. What it brings along, such as an accreditation that
    /// its own nation signed, can only be lowered.
    pub fn recipient(
        &self,
        at: Timestamp,
        mut base: Recipient,
        offence: Option<&str>,
        schemes: &Schemes,
    ) -> Relied<Recipient> {
        let mut relied = Vec::new();
        let body = base.body.clone();
        let to = (base.nation, body.as_str());
        let values = |kind, relied: &mut Vec<Digest>| {
            self.about(at, kind, to)
                .map(|(id, fact)| {
                    relied.push(*id);
                    fact.value()
                })
                .collect::<Vec<&str>>()
        };

        base.data_protection = values(FactKind::DataProtection, &mut relied)
            .into_iter()
            .map(|v| DataProtection::parse(v).unwrap_or(DataProtection::None))
            .max_by_key(|v| match v {
                DataProtection::Adequate => 0,
                DataProtection::Safeguards => 1,
                DataProtection::None => 2,
            })
            .unwrap_or(DataProtection::None);
        base.torture_risk = values(FactKind::TortureRisk, &mut relied)
            .into_iter()
            .map(|v| TortureRisk::parse(v).unwrap_or(TortureRisk::High))
            .max_by_key(|v| match v {
                TortureRisk::Low => 0,
                TortureRisk::Medium => 1,
                TortureRisk::High => 2,
            })
            .unwrap_or(TortureRisk::High);
        let reciprocity = values(FactKind::Reciprocity, &mut relied);
        base.reciprocity_met = !reciprocity.is_empty() && reciprocity.iter().all(|v| *v == MET);
        base.death_penalty_for =
            death_penalty(&values(FactKind::DeathPenalty, &mut relied), offence);
        base.accredited_to = lowest(
            base.accredited_to,
            &values(FactKind::Accreditation, &mut relied),
            base.nation,
            schemes,
        );
        base.clearance =
            lowest(base.clearance, &values(FactKind::Clearance, &mut relied), base.nation, schemes);
        let compartments = values(FactKind::Compartment, &mut relied);
        base.compartments.extend(compartments.into_iter().map(str::to_owned));
        base.compartments.sort_unstable();
        base.compartments.dedup();
        Relied { value: base, facts: sorted(relied) }
    }

    /// The transfer as the facts have it, towards one nation.
    pub fn transfer(
        &self,
        at: Timestamp,
        mut base: Transfer,
        to: NationCode,
        object: Option<ObjectId>,
    ) -> Relied<Transfer> {
        let mut relied = Vec::new();
        let case = base.case_id.clone();
        let applies = |fact: &Fact| match fact.subject() {
            FactSubject::Us => true,
            FactSubject::Nation { nation, .. } => *nation == to,
            FactSubject::Case(name) => case.as_ref() == Some(name),
            FactSubject::Object(oid) => object == Some(*oid),
            FactSubject::Offence(_) => false,
        };
        for (kind, list) in
            [(FactKind::Established, &mut base.facts), (FactKind::Ground, &mut base.grounds)]
        {
            let counts = |id: &Digest| self.told.get(id).is_none_or(|by| *by == to);
            let held = self.held(at, kind).filter(|(id, fact)| counts(id) && applies(fact));
            for (id, fact) in held {
                relied.push(*id);
                list.push(fact.value().to_owned());
            }
            list.sort_unstable();
            list.dedup();
        }
        if let Some(named) = base.offence.take() {
            let (offence, ids) = self.offence(at, &named.kind);
            relied.extend(ids);
            base.offence = Some(offence);
        }
        // An emergency that is named but was not declared is none.
        base.emergency = base.emergency.filter(|named| {
            let mut declared = false;
            for (id, _) in self
                .held(at, FactKind::Emergency)
                .filter(|(_, fact)| fact.value() == named && applies(fact))
            {
                relied.push(*id);
                declared = true;
            }
            declared
        });
        Relied { value: base, facts: sorted(relied) }
    }

    /// What is on record of an offence: the mildest of what is said, and not criminal at all if
    /// nothing is.
    fn offence(&self, at: Timestamp, name: &str) -> (Offence, Vec<Digest>) {
        let mut ids = Vec::new();
        let mut found: Option<Offence> = None;
        for (id, offence) in self
            .held(at, FactKind::Offence)
            .filter_map(|(id, fact)| Some((*id, fact.offence()?)))
            .filter(|(_, offence)| offence.kind == name)
        {
            ids.push(id);
            let weight = |o: &Offence| (o.criminal_in_sender, o.max_penalty_months);
            if found.as_ref().is_none_or(|known| weight(&offence) < weight(known)) {
                found = Some(offence);
            }
        }
        (found.unwrap_or_else(|| Offence::unknown(name.to_owned())), ids)
    }

    /// Whether an emergency was declared that a transfer in this case may name.
    pub fn declares(&self, at: Timestamp, emergency: &str, case: Option<&str>) -> bool {
        self.held(at, FactKind::Emergency).any(|(_, fact)| {
            fact.value() == emergency
                && match fact.subject() {
                    FactSubject::Case(name) => case == Some(name.as_str()),
                    FactSubject::Us => true,
                    FactSubject::Nation { .. }
                    | FactSubject::Object(_)
                    | FactSubject::Offence(_) => false,
                }
        })
    }

    /// Whether a case is open.
    pub fn is_open(&self, at: Timestamp, case: &str) -> bool {
        self.held(at, FactKind::Case)
            .any(|(_, fact)| matches!(fact.subject(), FactSubject::Case(name) if name == case))
    }
}

/// The offences that may bring the death penalty there. Nothing on record means any may.
fn death_penalty(values: &[&str], offence: Option<&str>) -> Vec<String> {
    let mut offences: Vec<String> =
        values.iter().filter(|v| **v != NONE).map(|v| (*v).to_owned()).collect();
    if values.is_empty() {
        offences.extend(offence.map(str::to_owned));
    }
    offences.sort_unstable();
    offences.dedup();
    offences
}

/// The lowest of a marking and those on record. One that the scheme does not have is worth
/// nothing; without a scheme none can be compared.
fn lowest(
    base: Option<String>,
    values: &[&str],
    nation: NationCode,
    schemes: &Schemes,
) -> Option<String> {
    if values.is_empty() {
        return base;
    }
    let scheme = schemes.get(nation.as_str()).ok()?;
    let mut lowest = base.as_deref().and_then(|m| scheme.level(m).map(|level| (level, m)))?;
    for value in values {
        lowest = lowest.min((scheme.level(value)?, value));
    }
    Some(lowest.1.to_owned())
}

fn sorted(mut facts: Vec<Digest>) -> Vec<Digest> {
    facts.sort_unstable();
    facts.dedup();
    facts
}

#[cfg(test)]
mod tests;
