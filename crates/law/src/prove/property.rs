//! The properties that are known by name, and a person's own.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else it is, it is not the one that is looked for"
)]
#![expect(clippy::format_push_string, reason = "a condition is put together piece by piece")]

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Context, Effect as CedarEffect, Policy, PolicySet, Schema, ValidationMode,
    Validator,
};
use entente_model::{AgreementId, NationCode};
use thiserror::Error;

use super::favourable::Search;
use super::fence::{self, Bar};
use super::question::{Compiled, Desk, Reply};
use super::{Counterexample, Finding, NO_ID, Pack, Solver, Verdict, witness};
use crate::agreement::Agreement;
use crate::consequence::unlimited;
use crate::national::Direction;
use crate::policy::{Action, CompileError, Effect, is_one_of, quoted};
use crate::rules::{AgreementStatus, InForce, Rules, Treaty};
use crate::ruling::Ruling;
use crate::scenario::{Point, Scenario, Setting, build, listing};

/// A property.
#[derive(Debug, Clone)]
pub enum Property {
    /// What is NOFORN goes to its originator alone.
    Noforn,
    /// No nation releases what concerns its own nationals, to this nation or to any.
    OwnNationals(Option<NationCode>),
    /// What was received is passed on only with the consent of who gave it.
    NoOnwardWithoutConsent,
    /// What was received is never passed on, with whatever consent.
    NoOnward,
    /// What a national law forbids does not go.
    AbsoluteLaws,
    /// Every rule has an answer for every case.
    NeverErrors,
    /// No answer is better than under the agreement that it amends.
    OnlyNarrows,
    /// Of what both cover, no agreement denies what another lets go.
    NoContradiction,
    /// A person's own.
    Own(Box<OwnProperty>),
}

/// A property with this name is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no property `{name}`; known properties: {known}")]
pub struct UnknownProperty {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: String,
}

/// The properties with a name, but those that need a second agreement.
const NAMED: [(&str, Property); 6] = [
    ("noforn", Property::Noforn),
    ("own-nationals", Property::OwnNationals(None)),
    ("no-onward-without-consent", Property::NoOnwardWithoutConsent),
    ("no-onward", Property::NoOnward),
    ("absolute-laws", Property::AbsoluteLaws),
    ("never-errors", Property::NeverErrors),
];

/// Those that need one.
const OF_TWO: [(&str, Property); 2] =
    [("only-narrows", Property::OnlyNarrows), ("no-contradiction", Property::NoContradiction)];

impl Property {
    /// Every property that can be asked of this many agreements, with or without one that they
    /// amend.
    pub fn all(agreements: usize, amends: bool) -> Vec<Self> {
        let named = NAMED.into_iter().map(|(_, property)| property);
        let of_two = OF_TWO.into_iter().filter(|(_, property)| match property {
            Self::OnlyNarrows => amends,
            _ => agreements > 1,
        });
        named.chain(of_two.map(|(_, property)| property)).collect()
    }

    /// The property with this name; `own-nationals:XBR` is about one recipient.
    pub fn parse(name: &str) -> Result<Self, UnknownProperty> {
        if let Some(nation) = name.strip_prefix("own-nationals:").and_then(|n| n.parse().ok()) {
            return Ok(Self::OwnNationals(Some(nation)));
        }
        let mut all = NAMED.into_iter().chain(OF_TWO);
        all.find(|(known, _)| *known == name).map(|(_, property)| property).ok_or_else(|| {
            let known = NAMED.iter().chain(&OF_TWO).map(|(known, _)| *known);
            UnknownProperty {
                name: name.to_owned(),
                known: known.chain(["own-nationals:XBR"]).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::OwnNationals(Some(nation)) => format!("own-nationals:{nation}"),
            Self::Own(own) => own.name.clone(),
            Self::Noforn => "noforn".into(),
            Self::OwnNationals(None) => "own-nationals".into(),
            Self::NoOnwardWithoutConsent => "no-onward-without-consent".into(),
            Self::NoOnward => "no-onward".into(),
            Self::AbsoluteLaws => "absolute-laws".into(),
            Self::NeverErrors => "never-errors".into(),
            Self::OnlyNarrows => "only-narrows".into(),
            Self::NoContradiction => "no-contradiction".into(),
        }
    }
}

/// A property that a person wrote in Cedar: what must never go.
#[derive(Debug, Clone)]
pub struct OwnProperty {
    name: String,
    claim: String,
    onward: bool,
    condition: String,
}

impl OwnProperty {
    /// Reads properties: `forbid` policies over the vocabulary of the schema, each with the name
    /// in its annotation `@id` and, if there is one, its claim in `@says`. The error says what is
    /// wrong and what would be right.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let set = PolicySet::from_str(text).map_err(|e| format!("it is not Cedar: {e}"))?;
        let (schema, _) =
            Schema::from_cedarschema_str(&fence::schema()).map_err(|e| e.to_string())?;
        let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(error.to_string());
        }
        let mut found: Vec<Self> = set.policies().map(Self::read).collect::<Result<_, _>>()?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        if found.is_empty() {
            return Err("it has no property: write what must never go as `forbid (principal, action == Action::\"release\", resource) when { … };`".into());
        }
        Ok(found)
    }

    fn read(policy: &Policy) -> Result<Self, String> {
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        if policy.effect() != CedarEffect::Forbid {
            return Err(format!(
                "property `{name}` is a permit; write what must never go, as `forbid`"
            ));
        }
        let action = match policy.action_constraint() {
            ActionConstraint::Eq(uid) => uid.id().unescaped().to_owned(),
            ActionConstraint::Any | ActionConstraint::In(_) => String::new(),
        };
        let onward = match action.as_str() {
            "release" => false,
            "onward" => true,
            _ => {
                return Err(format!(
                    "property `{name}` must say `action == Action::\"release\"` or `action == Action::\"onward\"`"
                ));
            }
        };
        let wrong = |e: String| format!("property `{name}` cannot be read: {e}");
        let mut parts = policy.to_json().map_err(|e| wrong(e.to_string()))?;
        let clauses = parts.get("conditions").and_then(|c| c.as_array());
        let single = clauses.is_some_and(|c| {
            let kind = c.first().and_then(|c| c.get("kind")).and_then(|k| k.as_str());
            c.len() == 1 && kind == Some("when")
        });
        if !single {
            return Err(format!("property `{name}` needs one `when {{ … }}` and nothing after it"));
        }
        if let Some(parts) = parts.as_object_mut() {
            parts.remove("annotations");
        }
        // Without annotations nothing before the condition can look like it.
        let bare = Policy::from_json(None, parts).map_err(|e| wrong(e.to_string()))?.to_string();
        let condition = bare
            .split_once("when {")
            .and_then(|(_, rest)| rest.trim_end().trim_end_matches(';').strip_suffix('}'))
            .map(|condition| condition.trim().to_owned())
            .ok_or_else(|| wrong("its condition is not where it should be".to_owned()))?;
        let claim = policy
            .annotation("says")
            .map_or_else(|| format!("nothing goes for which {condition}"), str::to_owned);
        Ok(Self { name, claim, onward, condition })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Codes with which a clause says that something is not its subject; all others are conditions.
const COVERAGE: [&str; 7] = [
    "NOT_APPLICABLE",
    "PURPOSE_NOT_COVERED",
    "BODY_NOT_AUTHORISED",
    "OBJECT_TYPE_NOT_COVERED",
    "OUTSIDE_GEOGRAPHIC_SCOPE",
    "CLASSIFICATION_BELOW_FLOOR",
    "EXERCISE_NOT_COVERED",
];

/// Information is passed on: it comes neither from who sends it nor from who gets it.
const PASSED_ON: &str =
    "context.provider != context.sender && context.provider != context.recipient";

/// One agreement, compiled with the laws.
struct Side<'p> {
    agreement: &'p Agreement,
    rules: Rules,
    released: Option<Compiled>,
    search: Search,
}

/// Answers properties about one pack.
pub(super) struct Prover<'p, 's> {
    pack: &'p Pack<'p>,
    desk: Desk<'s>,
    sides: Vec<Side<'p>>,
    amended: Option<Side<'p>>,
    nations: BTreeSet<NationCode>,
}

fn in_force(agreement: &Agreement) -> InForce<'_> {
    InForce { agreement, id: NO_ID, status: AgreementStatus::InForce, parties: &[] }
}

/// The rules of one agreement and these laws.
#[cfg(test)]
pub(super) fn compiled(
    agreement: &Agreement,
    laws: &[crate::national::NationalLaw],
    schemes: &crate::scheme::Schemes,
) -> Rules {
    let laws: Vec<_> =
        laws.iter().map(|law| (entente_model::LawId::from_array([0; 32]), law)).collect();
    Rules::compile(&[in_force(agreement)], &laws, schemes).unwrap()
}

fn conditions(bars: &[Bar], from: Effect) -> Vec<String> {
    bars.iter().filter(|b| b.effect >= from).map(|b| b.condition.clone()).collect()
}

impl<'p, 's> Prover<'p, 's> {
    pub(super) fn new(
        pack: &'p Pack<'p>,
        solver: &'s mut dyn Solver,
    ) -> Result<Self, CompileError> {
        let side = |agreement: &'p Agreement| {
            let rules = Rules::compile(&[in_force(agreement)], &pack.laws(), pack.schemes)?;
            let search = Search::new(&rules, agreement.in_force_from());
            Ok(Side { agreement, rules, released: None, search })
        };
        let sides = pack.agreements.iter().map(side).collect::<Result<Vec<_>, CompileError>>()?;
        let amended = pack.amends.map(side).transpose()?;
        let all = pack.agreements.iter().chain(pack.amends);
        let nations = all.flat_map(|a| a.parties().iter().map(|p| p.nation)).collect();
        Ok(Self { pack, desk: Desk::new(solver)?, sides, amended, nations })
    }

    /// Another way in for tests, which change the compiled rules.
    #[cfg(test)]
    pub(super) fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rules> {
        self.sides.iter_mut().map(|s| &mut s.rules)
    }

    /// Answers properties for the agreement at a place of the pack.
    pub(super) fn prove(
        &mut self,
        at: usize,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CompileError> {
        let mut found = Vec::new();
        for property in properties {
            found.extend(self.one(at, property)?);
        }
        Ok(found)
    }

    fn side(&self, at: usize) -> Result<(&Side<'p>, &Treaty), CompileError> {
        let side = self.sides.get(at);
        side.and_then(|s| Some((s, s.rules.treaties.first()?))).ok_or_else(|| {
            CompileError::Refused { clause: "prover".into(), reason: "no such agreement".into() }
        })
    }

    fn one(&mut self, at: usize, property: &Property) -> Result<Vec<Finding>, CompileError> {
        let code = self.side(at)?.0.agreement.code().to_owned();
        let finding = |claim: String, verdict| Finding {
            property: property.name(),
            about: vec![code.clone()],
            claim,
            verdict,
        };
        Ok(match property {
            Property::Noforn => {
                let claim =
                    format!("{code} never lets what is NOFORN go to anyone but its originator");
                vec![finding(claim, self.noforn(at)?)]
            }
            Property::OwnNationals(to) => self
                .own_nationals(at, *to)?
                .into_iter()
                .map(|(claim, verdict)| finding(claim, verdict))
                .collect(),
            Property::NoOnwardWithoutConsent => {
                let fault =
                    format!("{PASSED_ON} && !context.release_from.contains(context.provider)");
                let says = "it is passed on without the consent of who gave it";
                let claim = format!(
                    "what was received under {code} is never passed on without the consent of who gave it"
                );
                vec![finding(claim, self.onward(at, &fault, says)?)]
            }
            Property::NoOnward => {
                let claim = format!("what was received under {code} is never passed on to anyone");
                vec![finding(claim, self.onward(at, PASSED_ON, "it is passed on")?)]
            }
            Property::AbsoluteLaws => {
                let claim = format!("{code} lets nothing go that a national law forbids");
                let faults = self.absolute();
                let says = "it goes although a national law forbids it";
                vec![finding(claim, self.never(at, &faults, says)?)]
            }
            Property::NeverErrors => {
                let claim =
                    format!("every rule of {code} and of the laws has an answer in every case");
                vec![finding(claim, self.errors(at)?)]
            }
            Property::OnlyNarrows => self.narrows(at)?.into_iter().collect(),
            Property::NoContradiction => self.contradictions(at)?,
            Property::Own(own) => {
                let says = format!("the property {} does not hold", own.name);
                let verdict = if own.onward {
                    self.onward(at, &own.condition, &says)?
                } else {
                    self.never(at, std::slice::from_ref(&own.condition), &says)?
                };
                vec![finding(own.claim.clone(), verdict)]
            }
        })
    }

    /// Compiles, once, what an agreement lets go.
    fn released(&mut self, at: usize) -> Result<(), CompileError> {
        let (side, treaty) = self.side(at)?;
        if side.released.is_some() {
            return Ok(());
        }
        let bars = fence::release(&side.rules, treaty);
        let mut stops = conditions(&bars, Effect::Refer);
        stops.extend(fence::impossible(&side.rules, treaty));
        let compiled = self.desk.passes(Action::Release, stops)?;
        if let Some(side) = self.sides.get_mut(at) {
            side.released = Some(compiled);
        }
        Ok(())
    }

    /// Asks whether anything goes that has one of these faults.
    fn goes(&mut self, at: usize, faults: Vec<String>) -> Result<Reply, CompileError> {
        self.released(at)?;
        let faulty = self.desk.any(Action::Release, faults)?;
        let released = self.sides.get(at).and_then(|s| s.released.as_ref());
        Ok(match released {
            Some(released) => self.desk.both(released, &faulty),
            None => Reply::Unknown("the agreement was not compiled".to_owned()),
        })
    }

    fn case(&self, context: &Context) -> Option<Scenario> {
        witness::release(context, self.pack.schemes, &self.nations)
    }

    /// A property of the form "nothing goes that has one of these faults".
    fn never(&mut self, at: usize, faults: &[String], says: &str) -> Result<Verdict, CompileError> {
        let reads = |name: &str| faults.iter().any(|fault| fault.contains(name));
        let (timed, declared) = (reads("context.at") || reads("collected_at"), reads("emergency"));
        let context = match self.goes(at, faults.to_vec())? {
            Reply::Never => return Ok(Verdict::Proved),
            Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
            Reply::Possible(context) => context,
        };
        let side = self.side(at)?.0;
        Ok(match self.case(&context) {
            Some(scenario) => {
                let mut plain = scenario.clone();
                if !timed {
                    // A solver likes the end of the year 9999; a reader does not.
                    plain.at = side.agreement.in_force_from();
                    plain.label.created = plain.at;
                    plain.facts.collected_at = Some(plain.at);
                }
                if !declared {
                    plain.transfer.emergency = None;
                }
                let goes = side.rules.decide(&plain.case()).decision.releases();
                let plainer = goes && witness::has_fault(&side.rules, &plain, faults);
                let scenario = if plainer { plain } else { scenario };
                if !witness::has_fault(&side.rules, &scenario, faults) {
                    let why = "the solver's case, written down as a case, has no such fault";
                    return Ok(Verdict::NotProved(why.to_owned()));
                }
                let ruling = side.rules.decide(&scenario.case());
                confirmed(
                    ruling.decision.releases(),
                    scenario,
                    ruling,
                    says,
                    &[side.agreement],
                    true,
                )
            }
            None => unreadable(),
        })
    }

    fn noforn(&mut self, at: usize) -> Result<Verdict, CompileError> {
        let side = self.side(at)?.0;
        // Without its prohibitions `decide` refuses whatever has the control.
        let Some(bars) = fence::control(&side.rules, "NOFORN") else { return Ok(Verdict::Proved) };
        let passes = self.desk.passes(Action::Control, conditions(&bars, Effect::Refer))?;
        let abroad = ["context.recipient != context.originator".to_owned()];
        let abroad = self.desk.any(Action::Control, abroad)?;
        match self.desk.both(&passes, &abroad) {
            Reply::Never => return Ok(Verdict::Proved),
            Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
            Reply::Possible(_) => {}
        }
        // The label alone does not stop it; is there anything that the rest lets go?
        let context = match self.goes(at, vec!["context.sender != context.recipient".to_owned()])? {
            Reply::Never => return Ok(Verdict::Proved),
            Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
            Reply::Possible(context) => context,
        };
        let side = self.side(at)?.0;
        let Some(mut scenario) = self.case(&context) else { return Ok(unreadable()) };
        let mut control = listing("NOFORN", "");
        control.values.clear();
        scenario.label.controls.push(control);
        let ruling = side.rules.decide(&scenario.case());
        let wrong = ruling.decision.releases() && scenario.originator != scenario.recipient.nation;
        let says = "it is NOFORN and goes to another nation than its originator";
        Ok(confirmed(wrong, scenario, ruling, says, &[side.agreement], true))
    }

    fn own_nationals(
        &mut self,
        at: usize,
        to: Option<NationCode>,
    ) -> Result<Vec<(String, Verdict)>, CompileError> {
        let (side, treaty) = self.side(at)?;
        let code = side.agreement.code().to_owned();
        let parties: Vec<NationCode> = treaty.parties.keys().copied().collect();
        let mut found = Vec::new();
        for nation in parties.into_iter().filter(|n| Some(*n) != to) {
            let is = quoted(nation.as_str());
            let mut fault = format!(
                "context.sender == {is} && context.recipient != {is} && context.nationalities.contains({is})"
            );
            let mut whither = String::new();
            if let Some(to) = to {
                fault.push_str(&format!(" && context.recipient == {}", quoted(to.as_str())));
                whither = format!(" to {to}");
            }
            let claim = format!(
                "under {code}, {nation} never releases what concerns its own nationals{whither}"
            );
            let says = format!("it concerns a national of {nation}, and {nation} releases it");
            let verdict = match self.own_national_goes(at, nation, to, &says) {
                Some(case) => case,
                None => self.never(at, &[fault], &says)?,
            };
            found.push((claim, verdict));
        }
        Ok(found)
    }

    /// A case in which a nation releases what concerns its own national, found by trying.
    fn own_national_goes(
        &mut self,
        at: usize,
        nation: NationCode,
        to: Option<NationCode>,
        says: &str,
    ) -> Option<Verdict> {
        let side = self.sides.get_mut(at)?;
        let parties = side.rules.treaties.first()?.parties.keys().copied();
        let recipients = parties.filter(|n| *n != nation && to.is_none_or(|to| *n == to));
        for recipient in recipients {
            let fixed = Point::from([
                ("sender", Setting::Nation(nation)),
                ("recipient", Setting::Nation(recipient)),
                ("nationalities", Setting::Maybe(Some(nation.to_string()))),
            ]);
            let found = side.search.find(&side.rules, self.pack.schemes, &fixed);
            if let Some((scenario, ruling)) = found {
                let wrong = ruling.decision.releases();
                return Some(confirmed(wrong, scenario, ruling, says, &[side.agreement], true));
            }
        }
        None
    }

    /// What national laws forbid without leaving it to anyone, straight from their texts.
    fn absolute(&self) -> Vec<String> {
        let mut all = Vec::new();
        for law in self.pack.laws {
            for rule in law.numbered() {
                let forbid = rule.forbid(law.nation());
                if forbid.effect == Effect::Deny {
                    let side = match rule.direction {
                        Direction::Export => "sender",
                        Direction::Import => "recipient",
                    };
                    let nation = quoted(law.nation().as_str());
                    all.push(format!("context.{side} == {nation} && ({})", forbid.condition));
                }
            }
        }
        all
    }

    fn errors(&mut self, at: usize) -> Result<Verdict, CompileError> {
        let (side, treaty) = self.side(at)?;
        let mut impossible = fence::impossible(&side.rules, treaty);
        // Where the agreement does not apply no rule is asked.
        impossible.push(fence::applicability(treaty).condition);
        let controls = side.rules.controls.keys();
        let controls = controls.filter_map(|tag| fence::control(&side.rules, tag)).flatten();
        let all: [(Action, Vec<Bar>, &[String]); 3] = [
            (Action::Release, fence::release(&side.rules, treaty), &impossible),
            (Action::Onward, fence::onward(&side.rules, treaty), &[]),
            (Action::Control, controls.collect(), &[]),
        ];
        let all = all.into_iter().flat_map(|(action, bars, never)| {
            bars.into_iter().map(move |bar| (action, bar, never))
        });
        for (action, bar, never) in all.collect::<Vec<_>>() {
            // Most rules have an answer whatever is possible, which is seen without much thought.
            if !never.is_empty()
                && matches!(self.desk.errs(action, &bar.condition, &[])?, Reply::Never)
            {
                continue;
            }
            let context = match self.desk.errs(action, &bar.condition, never)? {
                Reply::Never => continue,
                Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
                Reply::Possible(context) => context,
            };
            let side = self.side(at)?.0;
            let says = format!("the rule {} has no answer", bar.origin.id);
            let Some(scenario) = self.case(&context) else {
                return Ok(Verdict::NotProved(format!("{says} in some case")));
            };
            let ruling = side.rules.decide(&scenario.case());
            return Ok(confirmed(ruling.alarm, scenario, ruling, &says, &[side.agreement], true));
        }
        Ok(Verdict::Proved)
    }

    /// A property of what is passed on, under whichever agreement that is done.
    fn onward(&mut self, at: usize, fault: &str, says: &str) -> Result<Verdict, CompileError> {
        let (side, treaty) = self.side(at)?;
        let fault =
            format!("{} && context.sender != context.recipient && ({fault})", held_by(treaty));
        let bars = fence::onward(&side.rules, treaty);
        let passes = self.desk.passes(Action::Onward, conditions(&bars, Effect::Refer))?;
        let faulty = self.desk.any(Action::Onward, [fault])?;
        let context = match self.desk.both(&passes, &faulty) {
            Reply::Never => return Ok(Verdict::Proved),
            Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
            Reply::Possible(context) => context,
        };
        let side = self.side(at)?.0;
        let Some((scenario, carrier)) = self.carried(&context, side.agreement)? else {
            return Ok(unreadable());
        };
        let held = [in_force(side.agreement), in_force(&carrier)];
        let rules = Rules::compile(&held, &[], self.pack.schemes)?;
        let ruling = rules.decide(&scenario.case());
        let goes = ruling.decision.releases();
        Ok(confirmed(goes, scenario, ruling, says, &[side.agreement, &carrier], false))
    }

    /// A case in which foreign information goes under an agreement that limits nothing, and that
    /// agreement.
    #[expect(clippy::unnecessary_wraps, reason = "its callers pass errors of compiling on")]
    fn carried(
        &self,
        context: &Context,
        under: &Agreement,
    ) -> Result<Option<(Scenario, Agreement)>, CompileError> {
        let Some(passed) = witness::onward(context, &self.nations) else { return Ok(None) };
        let mut nations = vec![passed.sender, passed.provider, passed.recipient];
        nations.sort_unstable();
        nations.dedup();
        let point = Point::from([
            ("sender", Setting::Nation(passed.sender)),
            ("recipient", Setting::Nation(passed.recipient)),
            ("at", Setting::At(under.in_force_from())),
        ]);
        let scenario = build(&point, self.pack.schemes).and_then(|mut scenario| {
            scenario.facts.provenance.push(witness::foreign(passed.provider, under.code()));
            if passed.consented {
                scenario.consents.push(crate::case::Consent {
                    kind: crate::case::ConsentKind::Release,
                    from: passed.provider.to_string(),
                    to: vec![passed.recipient.to_string()],
                });
            }
            witness::owned(scenario)
        });
        Ok(scenario.zip(unlimited(&nations, &[under.code()])))
    }

    /// Whether one agreement's answers are never better than the other's.
    fn narrows(&mut self, at: usize) -> Result<Option<Finding>, CompileError> {
        let Some(old) = self.amended.take() else { return Ok(None) };
        let verdict = self.narrows_than(at, &old);
        let (new, old_code) = (self.side(at)?.0.agreement.code().to_owned(), old.agreement.code());
        let finding = Finding {
            property: Property::OnlyNarrows.name(),
            about: vec![new.clone(), old_code.to_owned()],
            claim: format!("{new}, in the place of {old_code}, gives no better answer in any case"),
            verdict: verdict?,
        };
        self.amended = Some(old);
        Ok(Some(finding))
    }

    fn narrows_than(&mut self, at: usize, old: &Side<'_>) -> Result<Verdict, CompileError> {
        let Some(before) = old.rules.treaties.first() else { return Ok(Verdict::Proved) };
        // What is not denied, what goes, and what goes as it is.
        for from in [Effect::Deny, Effect::Refer, Effect::Modify] {
            let (side, treaty) = self.side(at)?;
            let mut stops = conditions(&fence::release(&side.rules, treaty), from);
            stops.extend(fence::impossible(&side.rules, treaty));
            let old_stops = conditions(&fence::release(&old.rules, before), from);
            let new = self.desk.passes(Action::Release, stops)?;
            let old_set = self.desk.passes(Action::Release, old_stops)?;
            match self.desk.only_first(&new, &old_set) {
                Reply::Never => {}
                Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
                Reply::Possible(context) => {
                    let Some(scenario) = self.case(&context) else { return Ok(unreadable()) };
                    return Ok(better(self.side(at)?.0, old, scenario));
                }
            }
            let (side, treaty) = self.side(at)?;
            let mut stops = conditions(&fence::onward(&side.rules, treaty), from);
            // What was received under it is held by its parties and came from one.
            stops.push(format!("!({}) || context.sender == context.recipient", held_by(treaty)));
            let new = self.desk.passes(Action::Onward, stops)?;
            let stops = conditions(&fence::onward(&old.rules, before), from);
            let old_set = self.desk.passes(Action::Onward, stops)?;
            match self.desk.only_first(&new, &old_set) {
                Reply::Never => {}
                Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
                Reply::Possible(context) => return self.better_onward(at, old, &context),
            }
        }
        self.narrower_groups(at, old)
    }

    fn better_onward(
        &self,
        at: usize,
        old: &Side<'_>,
        context: &Context,
    ) -> Result<Verdict, CompileError> {
        let side = self.side(at)?.0;
        let mut rulings = Vec::new();
        let mut last = None;
        for agreement in [side.agreement, old.agreement] {
            let Some((scenario, carrier)) = self.carried(context, agreement)? else {
                return Ok(unreadable());
            };
            // The old text is asked as what it was, not as what is in force beside it.
            let kept = InForce { status: AgreementStatus::Suspended, ..in_force(agreement) };
            let second = InForce { id: AgreementId::from_array([1; 32]), ..in_force(&carrier) };
            let rules = Rules::compile(&[kept, second], &[], self.pack.schemes)?;
            rulings.push(rules.decide(&scenario.case()));
            if last.is_none() {
                last = Some((scenario, carrier));
            }
        }
        let (Some((scenario, carrier)), [new, before]) = (last, rulings.as_slice()) else {
            return Ok(unreadable());
        };
        let wrong = new.decision < before.decision;
        let says = "what was received under it is passed on, and would not have been";
        let held = [side.agreement, &carrier];
        Ok(confirmed(wrong, scenario, new.clone(), says, &held, false))
    }

    /// Groups that labels name: nobody may have joined one.
    fn narrower_groups(&mut self, at: usize, old: &Side<'_>) -> Result<Verdict, CompileError> {
        let (side, treaty) = self.side(at)?;
        let mut joined = Vec::new();
        for (group, members) in side.agreement.groups() {
            let before = old.agreement.groups().get(group);
            let new = members.iter().filter(|m| before.is_none_or(|b| !b.contains(m)));
            joined.extend(
                new.filter(|m| treaty.parties.contains_key(m)).map(|m| (group.clone(), *m)),
            );
        }
        for (group, nation) in joined {
            let is = quoted(nation.as_str());
            let fault = format!("context.recipient == {is} && context.sender != {is}");
            let context = match self.goes(at, vec![fault])? {
                Reply::Never => continue,
                Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
                Reply::Possible(context) => context,
            };
            let Some(mut scenario) = self.case(&context) else { return Ok(unreadable()) };
            scenario.label.controls.push(listing("REL_TO", &group));
            return Ok(better(self.side(at)?.0, old, scenario));
        }
        Ok(Verdict::Proved)
    }

    fn contradictions(&mut self, at: usize) -> Result<Vec<Finding>, CompileError> {
        let mut found = Vec::new();
        for other in at + 1..self.sides.len() {
            let (one, one_treaty) = self.side(at)?;
            let (two, two_treaty) = self.side(other)?;
            let common =
                one_treaty.parties.keys().filter(|n| two_treaty.parties.contains_key(n)).count();
            if common < 2 {
                continue;
            }
            let codes = (one.agreement.code().to_owned(), two.agreement.code().to_owned());
            let verdict = match self.contradicts(at, other)? {
                Verdict::Proved => self.contradicts(other, at)?,
                found => found,
            };
            found.push(Finding {
                property: Property::NoContradiction.name(),
                claim: format!(
                    "of what both {} and {} cover, neither denies what the other lets go",
                    codes.0, codes.1
                ),
                about: vec![codes.0, codes.1],
                verdict,
            });
        }
        Ok(found)
    }

    /// Whether one lets go what the other covers and denies.
    fn contradicts(&mut self, one: usize, other: usize) -> Result<Verdict, CompileError> {
        let (side, treaty) = self.side(one)?;
        let (second, second_treaty) = self.side(other)?;
        let mut stops = conditions(&fence::release(&side.rules, treaty), Effect::Refer);
        stops.extend(fence::impossible(&side.rules, treaty));
        let bars = fence::release(&second.rules, second_treaty);
        let own = format!("{}/", second_treaty.code);
        let covers = |b: &&Bar| COVERAGE.contains(&b.code.as_str());
        stops.extend(bars.iter().filter(covers).map(|b| b.condition.clone()));
        let denied = bars
            .iter()
            .filter(|b| b.effect == Effect::Deny && !covers(b) && b.origin.id.starts_with(&own))
            .map(|b| b.condition.clone());
        let denied = self.desk.any(Action::Release, denied.collect::<Vec<_>>())?;
        let passes = self.desk.passes(Action::Release, stops)?;
        let context = match self.desk.both(&passes, &denied) {
            Reply::Never => return Ok(Verdict::Proved),
            Reply::Unknown(why) => return Ok(Verdict::NotProved(why)),
            Reply::Possible(context) => context,
        };
        let Some(scenario) = self.case(&context) else { return Ok(unreadable()) };
        let (side, second) = (self.side(one)?.0, self.side(other)?.0);
        let ruling = side.rules.decide(&scenario.case());
        let against = second.rules.decide(&scenario.case());
        let wrong = ruling.decision.releases() && against.decision == entente_model::Decision::Deny;
        let says = format!(
            "{} lets it go, and {} denies it: {}",
            side.agreement.code(),
            second.agreement.code(),
            against.reason_codes.join(", ")
        );
        Ok(confirmed(wrong, scenario, ruling, &says, &[side.agreement, second.agreement], true))
    }
}

/// Condition: who sends it, and who gave it, are parties.
fn held_by(treaty: &Treaty) -> String {
    let parties: Vec<String> = treaty.parties.keys().map(NationCode::to_string).collect();
    format!(
        "{} && {}",
        is_one_of("context.sender", &parties),
        is_one_of("context.provider", &parties)
    )
}

/// A counterexample, if the real decision bears it out.
fn confirmed(
    wrong: bool,
    scenario: Scenario,
    ruling: Ruling,
    says: &str,
    agreements: &[&Agreement],
    with_laws: bool,
) -> Verdict {
    if !wrong {
        return Verdict::NotProved(format!(
            "the solver found a case that the decision itself does not bear out ({})",
            ruling.decision.as_str()
        ));
    }
    let agreements = agreements.iter().map(|a| a.text().to_owned()).collect();
    let says = says.to_owned();
    Verdict::Counterexample(Box::new(Counterexample {
        scenario,
        ruling,
        says,
        agreements,
        with_laws,
    }))
}

fn unreadable() -> Verdict {
    Verdict::NotProved("the solver's case cannot be written down as a case".to_owned())
}

/// A case that the amended agreement answers better.
fn better(new: &Side<'_>, old: &Side<'_>, scenario: Scenario) -> Verdict {
    let (after, before) = (new.rules.decide(&scenario.case()), old.rules.decide(&scenario.case()));
    let says = format!(
        "{} answers {}, where {} answered {}",
        new.agreement.code(),
        after.decision.as_str().replace('_', " "),
        if new.agreement.code() == old.agreement.code() {
            "the text it amends"
        } else {
            old.agreement.code()
        },
        before.decision.as_str().replace('_', " ")
    );
    confirmed(after.decision < before.decision, scenario, after, &says, &[new.agreement], true)
}
