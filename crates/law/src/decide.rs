//! Decides whether one object may go to one nation, and says why (README section 7).
//!
//! Of agreement clauses, label, provenance and national law the worst wins; nothing that permits
//! can outweigh something that denies or refers. Whatever is not understood is a denial.
//!
//! Pure: reads the rules and the case and nothing else.

use std::collections::BTreeSet;

use cedar_policy::{Context, PolicySet};
use entente_model::facts::Provenance;
use entente_model::{Control, Decision, NationCode};

use crate::case::{Case, ConsentKind};
use crate::clause::Release;
use crate::control::{self, consented, members};
use crate::level;
use crate::national::Direction;
use crate::policy::{Action, Attributes, Compiled, Effect, Origin};
use crate::rules::{AgreementStatus, PartyStatus, Rules, Treaty};
use crate::ruling::Ruling;
use crate::time::day_text;
use crate::unit::{Unit, units};

/// The end of the year 9999; later times cannot be written, and differences stay in range.
pub(crate) const TIME_MILLIS_MAX: u64 = 253_402_300_799_999;

/// Weighs one case.
pub(crate) fn decide(rules: &Rules, case: &Case<'_>) -> Ruling {
    let mut court = Court { rules, case, evaluated: 0, broken: false };
    let mut ruling = court.rule();
    if court.broken {
        // The engine leaves out a rule that fails while running, so a broken prohibition would
        // read as no prohibition at all.
        ruling = denial(
            "RULE_FAILED",
            "a rule could not be evaluated, so nothing may go until it has been looked at",
        );
        ruling.alarm = true;
    }
    ruling.policies_evaluated = court.evaluated;
    ruling
}

fn denial(code: &str, sentence: &str) -> Ruling {
    Ruling {
        decision: Decision::Deny,
        basis: None,
        clauses: Vec::new(),
        reason_codes: vec![code.to_owned()],
        obligations: Vec::new(),
        refer_to: Vec::new(),
        explanation: vec![format!("It may not go: {sentence}.")],
        alarm: false,
        policies_evaluated: 0,
    }
}

/// A prohibition that applies to a unit.
#[derive(Debug, Clone)]
struct Failure {
    origin: Origin,
    effect: Effect,
    code: String,
    refer_to: Option<String>,
    obligation: Option<String>,
    sentence: String,
}

/// What one unit comes to under one agreement.
struct Judged<'u> {
    unit: &'u Unit<'u>,
    failures: Vec<Failure>,
    obligations: Vec<String>,
    /// Clauses that added the obligations.
    obliging: Vec<String>,
}

impl Judged<'_> {
    fn decision(&self) -> Decision {
        match self.failures.iter().map(|f| f.effect).max() {
            None => Decision::Permit,
            Some(Effect::Modify) => Decision::PermitModified,
            Some(Effect::Refer) => Decision::Refer,
            Some(Effect::Deny) => Decision::Deny,
        }
    }
}

/// What the whole object comes to under one agreement.
struct Joined<'u, 'r> {
    treaty: &'r Treaty,
    decision: Decision,
    units: Vec<Judged<'u>>,
    cut: Vec<&'u str>,
}

struct Court<'r, 'c> {
    rules: &'r Rules,
    case: &'c Case<'c>,
    evaluated: usize,
    broken: bool,
}

impl<'r> Court<'r, '_> {
    fn rule(&mut self) -> Ruling {
        let case = self.case;
        let (applicable, inapplicable) = self.treaties();
        if applicable.is_empty() {
            return no_basis(case, &inapplicable);
        }
        if let Some((code, sentence)) = misunderstood(self.rules, case) {
            return denial(code, &sentence);
        }
        let units = units(case.subject);
        // Made once: every set of policies about a release reads the same of a unit.
        let contexts: Vec<Option<Context>> = units
            .iter()
            .map(|unit| {
                let attributes = Attributes::read_by(&self.rules.book);
                release_attributes(attributes, case, self.rules, unit).context()
            })
            .collect();
        let common: Vec<Vec<Failure>> = units
            .iter()
            .zip(&contexts)
            .map(|(unit, context)| self.common(unit, context.as_ref()))
            .collect();
        let joined: Vec<Joined<'_, 'r>> = applicable
            .iter()
            .map(|treaty| {
                let judged = units
                    .iter()
                    .zip(&contexts)
                    .zip(&common)
                    .map(|((unit, context), common)| {
                        self.judge(treaty, unit, context.as_ref(), common.clone())
                    })
                    .collect();
                join(treaty, case.subject.facts.divisible, judged)
            })
            .collect();
        let best = joined.iter().min_by_key(|j| (j.decision, j.cut.len()));
        match best {
            Some(best) if best.decision != Decision::Deny => grant(self.rules, case, best),
            _ => refuse(self.rules, &joined),
        }
    }

    /// The agreements that apply, and why the others do not.
    fn treaties(&self) -> (Vec<&'r Treaty>, Vec<(&'r Treaty, &'static str)>) {
        let mut applicable = Vec::new();
        let mut inapplicable = Vec::new();
        for treaty in &self.rules.treaties {
            match inapplicability(treaty, self.case) {
                None => applicable.push(treaty),
                // Of what a newer text of it replaced, there is nothing to say.
                Some(_) if self.rules.is_replaced(treaty) => {}
                Some(code) => inapplicable.push((treaty, code)),
            }
        }
        (applicable, inapplicable)
    }

    /// Label, flags, provenance and national law: the same under every agreement.
    fn common(&mut self, unit: &Unit<'_>, context: Option<&Context>) -> Vec<Failure> {
        let case = self.case;
        let rules = self.rules;
        let mut failures = Vec::new();
        let mut sets = vec![&rules.object_flags];
        sets.extend(rules.laws.get(&(case.subject.transfer.sender, Direction::Export)));
        sets.extend(rules.laws.get(&(case.recipient.nation, Direction::Import)));
        for set in sets {
            let fill = Fill { case, unit: Some(unit), value: "", provider: "" };
            self.evaluate(Action::Release, set, context.cloned(), fill, &mut failures);
        }
        for one in &unit.controls {
            self.control(unit, one, &mut failures);
        }
        for entry in &unit.provenance {
            self.provenance(unit, entry, &mut failures);
        }
        failures
    }

    fn control(&mut self, unit: &Unit<'_>, one: &Control, failures: &mut Vec<Failure>) {
        let Some(set) = self.rules.controls.get(one.tag.as_str()) else {
            self.broken = true;
            return;
        };
        let value = one.values.join(", ");
        let attributes = Attributes::read_by(&self.rules.book);
        let attributes = control_attributes(attributes, self.case, self.rules, unit, one);
        let fill = Fill { case: self.case, unit: Some(unit), value: &value, provider: "" };
        self.evaluate(Action::Control, set, attributes.context(), fill, failures);
    }

    fn provenance(&mut self, unit: &Unit<'_>, entry: &Provenance, failures: &mut Vec<Failure>) {
        let rules = self.rules;
        let named: Vec<&'r Treaty> =
            entry.agreement.iter().flat_map(|name| rules.named(name)).collect();
        if named.is_empty() {
            self.passed_on(unit, entry, None, failures);
        }
        // Of several texts of one code the worst wins.
        for treaty in named {
            self.passed_on(unit, entry, Some(treaty), failures);
        }
    }

    /// What was received under an agreement, or under none that is known, passed on.
    fn passed_on(
        &mut self,
        unit: &Unit<'_>,
        entry: &Provenance,
        treaty: Option<&'r Treaty>,
        failures: &mut Vec<Failure>,
    ) {
        let set = treaty.map_or(&self.rules.onward_default, |t| &t.onward);
        let parties = treaty.into_iter().flat_map(|t| {
            t.parties
                .iter()
                .filter(|(_, status)| **status == PartyStatus::Active)
                .map(|(nation, _)| nation.as_str())
        });
        let attributes = Attributes::read_by(&self.rules.book);
        let attributes = onward_attributes(attributes, self.case, entry.nation, parties);
        let provider = entry.nation;
        let fill =
            Fill { case: self.case, unit: Some(unit), value: "", provider: provider.as_str() };
        self.evaluate(Action::Onward, set, attributes.context(), fill, failures);
    }

    /// One unit under one agreement.
    fn judge<'u>(
        &mut self,
        treaty: &'r Treaty,
        unit: &'u Unit<'u>,
        context: Option<&Context>,
        mut failures: Vec<Failure>,
    ) -> Judged<'u> {
        let case = self.case;
        let transfer = case.subject.transfer;
        let mut own = Vec::new();
        match treaty.slice(&self.rules.book, transfer.sender, case.recipient.nation) {
            Some(set) => {
                let fill = Fill { case, unit: Some(unit), value: "", provider: "" };
                self.evaluate(Action::Release, set, context.cloned(), fill, &mut own);
            }
            None => self.broken = true,
        }
        let mut obligations = Vec::new();
        let mut obliging = Vec::new();
        if let Some((emergency, id)) = &treaty.emergency {
            let declared = transfer.emergency.as_ref();
            if declared.is_some_and(|d| emergency.triggers.contains(d)) {
                let before = own.len();
                own.retain(|f| !emergency.relaxes.iter().any(|kind| kind == f.origin.kind));
                if own.len() < before {
                    obligations.extend(emergency.obligations.iter().cloned());
                    obliging.push(id.clone());
                }
            }
        }
        failures.extend(own);
        let release = Release { case, unit, agreement: &treaty.code, handling: &treaty.handling };
        for term in &treaty.clauses {
            let before = obligations.len();
            term.clause.obligations(&release, &mut obligations);
            if obligations.len() > before {
                obliging.push(term.origin.id.clone());
            }
        }
        for one in &unit.controls {
            let before = obligations.len();
            if let Some(kind) = control::find(&one.tag) {
                kind.obligations(one, case, &mut obligations);
            }
            if obligations.len() > before {
                obliging.push(format!("label:{}", one.tag));
            }
        }
        obligations.extend(failures.iter().filter_map(|f| f.obligation.clone()));
        Judged { unit, failures, obligations, obliging }
    }

    fn evaluate(
        &mut self,
        action: Action,
        set: &PolicySet,
        context: Option<Context>,
        fill: Fill<'_>,
        failures: &mut Vec<Failure>,
    ) {
        let Some(context) = context else {
            self.broken = true;
            return;
        };
        let found = self.rules.engine.evaluate(action, set, context);
        self.evaluated += found.evaluated;
        self.broken |= found.failed;
        for position in found.fired {
            match self.rules.book.get(position) {
                Some(compiled) => failures.push(fill.failure(compiled)),
                None => self.broken = true,
            }
        }
    }
}

/// What is wrong with a case so that it cannot be judged at all.
fn misunderstood(rules: &Rules, case: &Case<'_>) -> Option<(&'static str, String)> {
    let subject = &case.subject;
    let label = subject.label;
    let times = [Some(case.at), subject.facts.collected_at];
    if times.iter().flatten().any(|t| t.millis() > TIME_MILLIS_MAX) {
        return Some(("TIME_OUT_OF_RANGE", "a time in it is beyond the year 9999".into()));
    }
    let Some(scheme) = rules.schemes.find(&label.policy) else {
        let sentence = format!("the classification scheme {} is not known here", label.policy);
        return Some(("SCHEME_UNKNOWN", sentence));
    };
    let portions = &subject.facts.portions;
    let marked = std::iter::once((&label.marking, label.class))
        .chain(portions.iter().map(|p| (&p.marking, p.class)));
    for (marking, class) in marked {
        if !scheme.has(marking, class) {
            let sentence = format!(
                "{marking} is not the marking of {} for {}",
                label.policy,
                level::name(class)
            );
            return Some(("MARKING_UNKNOWN", sentence));
        }
    }
    if portions.iter().map(|p| p.class).max().is_some_and(|highest| highest != label.class) {
        let sentence = "the label's marking is not the highest of its portions".into();
        return Some(("LABEL_CONTRADICTS_PORTIONS", sentence));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = portions.iter().find(|p| !names.insert(p.id.as_str())) {
        let sentence = format!("two portions have the name {}", twice.id);
        return Some(("LABEL_CONTRADICTS_PORTIONS", sentence));
    }
    let controls = label.controls.iter().chain(portions.iter().flat_map(|p| &p.controls));
    for one in controls {
        if let Some(wrong) = control::misunderstood(one) {
            let sentence =
                format!("the control {} of its label is not understood: {wrong}", one.tag);
            return Some(("LABEL_CONTROL_UNKNOWN", sentence));
        }
    }
    for entry in &subject.facts.provenance {
        let strange = entry.portions.iter().find(|p| !names.contains(p.as_str()));
        if let (Some(portion), false) = (strange, portions.is_empty()) {
            let sentence = format!("it says where portion {portion} came from, but has none");
            return Some(("PROVENANCE_UNKNOWN", sentence));
        }
        let third =
            entry.nation != subject.transfer.sender && entry.nation != case.recipient.nation;
        let held = |name: &&String| rules.named(name).next().is_some();
        if let (true, Some(code)) = (third, entry.agreement.as_ref().filter(|c| !held(c))) {
            let sentence =
                format!("it holds information received under {code}, which is not held here");
            return Some(("PROVENANCE_UNKNOWN", sentence));
        }
    }
    None
}

/// Why an agreement does not apply to a case, as a reason code (README section 2).
fn inapplicability(treaty: &Treaty, case: &Case<'_>) -> Option<&'static str> {
    let sender = treaty.parties.get(&case.subject.transfer.sender);
    let recipient = treaty.parties.get(&case.recipient.nation);
    let (Some(sender), Some(recipient)) = (sender, recipient) else {
        return Some("NOT_A_PARTY");
    };
    // Bodies of one nation are no parties to what nations agreed on (decision 40).
    if case.subject.transfer.sender == case.recipient.nation && !treaty.at_home {
        return Some("NOT_A_PARTY");
    }
    let begun = treaty.in_force_from <= case.at;
    let ended = treaty.ends_on.is_some_and(|end| end <= case.at);
    if treaty.status != AgreementStatus::InForce || !begun || ended {
        return Some("AGREEMENT_NOT_IN_FORCE");
    }
    let active = |status: &PartyStatus| *status == PartyStatus::Active;
    (!active(sender) || !active(recipient)).then_some("PARTY_NOT_ACTIVE")
}

fn no_basis(case: &Case<'_>, inapplicable: &[(&Treaty, &'static str)]) -> Ruling {
    let sender = case.subject.transfer.sender;
    let recipient = case.recipient.nation;
    if inapplicable.is_empty() {
        return denial(
            "NO_AGREEMENT",
            &format!("there is no agreement under which {sender} could release it to {recipient}"),
        );
    }
    let mut ruling =
        denial("", &format!("no agreement is a basis between {sender} and {recipient}"));
    ruling.reason_codes = sorted(inapplicable.iter().map(|(_, code)| (*code).to_owned()));
    for (treaty, code) in inapplicable {
        let why = match *code {
            "NOT_A_PARTY" if sender == recipient => {
                format!("it is no arrangement between bodies of {sender}")
            }
            "NOT_A_PARTY" => format!("{sender} and {recipient} are not both parties to it"),
            "AGREEMENT_NOT_IN_FORCE" => format!("it is not in force on {}", day_text(case.at)),
            _ => format!("{sender} and {recipient} do not both take an active part in it"),
        };
        ruling.explanation.push(format!("{} ({}): {why}.", treaty.code, treaty.title));
    }
    ruling
}

/// Joins the units (README section 7.4).
fn join<'u, 'r>(treaty: &'r Treaty, divisible: bool, units: Vec<Judged<'u>>) -> Joined<'u, 'r> {
    let worst = units.iter().map(Judged::decision).max().unwrap_or(Decision::Deny);
    let may_go = units.iter().filter(|u| u.decision().releases()).count();
    if !divisible || worst.releases() {
        return Joined { treaty, decision: worst, units, cut: Vec::new() };
    }
    if may_go == 0 {
        let referred = units.iter().any(|u| u.decision() == Decision::Refer);
        let decision = if referred { Decision::Refer } else { Decision::Deny };
        return Joined { treaty, decision, units, cut: Vec::new() };
    }
    let cut = units
        .iter()
        .filter(|u| !u.decision().releases())
        .map(|u| u.unit.portion.unwrap_or(""))
        .collect();
    Joined { treaty, decision: Decision::PermitModified, units, cut }
}

/// The ruling for an agreement under which something may go or be referred.
fn grant(rules: &Rules, case: &Case<'_>, best: &Joined<'_, '_>) -> Ruling {
    let treaty = best.treaty;
    let (sender, recipient) = (case.subject.transfer.sender, case.recipient.nation);
    let mut ruling = Ruling {
        decision: best.decision,
        basis: Some((treaty.id, treaty.code.clone())),
        clauses: Vec::new(),
        reason_codes: Vec::new(),
        obligations: Vec::new(),
        refer_to: Vec::new(),
        explanation: Vec::new(),
        alarm: false,
        policies_evaluated: 0,
    };
    let referred = best.decision == Decision::Refer;
    ruling.explanation.push(format!(
        "{} from {sender} to {recipient} under {} ({}), in force on {}.",
        match best.decision {
            Decision::Permit => "It may go",
            Decision::PermitModified => "A variant of it may go",
            Decision::Refer | Decision::Deny => "It is held for decision; it would go",
        },
        treaty.code,
        treaty.title,
        day_text(case.at)
    ));
    let mut clauses: BTreeSet<String> = BTreeSet::new();
    let failing: BTreeSet<&str> =
        best.units.iter().flat_map(|u| &u.failures).map(|f| f.origin.id.as_str()).collect();
    let met: Vec<&str> = treaty
        .clauses
        .iter()
        .filter(|t| t.forbids && !failing.contains(t.origin.id.as_str()))
        .map(|t| t.origin.id.as_str())
        .collect();
    if !met.is_empty() {
        ruling
            .explanation
            .push(format!("These clauses were tested and are met: {}.", met.join(", ")));
    }
    clauses.extend(met.into_iter().map(str::to_owned));
    let mut codes = Vec::new();
    let mut obligations = Vec::new();
    let mut refer_to = Vec::new();
    for judged in &best.units {
        let goes = judged.decision().releases();
        for failure in &judged.failures {
            codes.push(failure.code.clone());
            clauses.insert(failure.origin.id.clone());
            ruling.explanation.push(tell(rules, treaty_of(rules, failure), failure, judged.unit));
        }
        if referred && judged.decision() == Decision::Refer {
            refer_to.extend(judged.failures.iter().filter_map(|f| f.refer_to.clone()));
        }
        if !referred && goes {
            obligations.extend(judged.obligations.iter().cloned());
            clauses.extend(judged.obliging.iter().cloned());
        }
        if let (false, false, Some(portion)) = (referred, goes, judged.unit.portion) {
            obligations.push(format!("redact:{portion}"));
            ruling.explanation.push(format!("Portion {portion} is therefore cut out."));
        }
    }
    ruling.clauses = clauses.into_iter().collect();
    ruling.reason_codes = sorted(codes);
    ruling.obligations = sorted(obligations);
    ruling.refer_to = sorted(refer_to);
    if !ruling.obligations.is_empty() {
        ruling.explanation.push(format!(
            "The release carries these obligations: {}.",
            ruling.obligations.join(", ")
        ));
    }
    if !ruling.refer_to.is_empty() {
        ruling.explanation.push(format!("To be decided by: {}.", ruling.refer_to.join(", ")));
    }
    dedup(&mut ruling.explanation);
    ruling
}

/// The ruling where every agreement denies.
fn refuse(rules: &Rules, joined: &[Joined<'_, '_>]) -> Ruling {
    let mut ruling =
        denial("", "every agreement that applies, or what binds it besides, forbids it");
    let mut codes = Vec::new();
    let mut clauses = Vec::new();
    for (treaty, judged) in joined.iter().flat_map(|j| j.units.iter().map(|u| (j.treaty, u))) {
        for failure in &judged.failures {
            codes.push(failure.code.clone());
            clauses.push(failure.origin.id.clone());
            let treaty = treaty_of(rules, failure).or(Some(treaty));
            ruling.explanation.push(tell(rules, treaty, failure, judged.unit));
        }
    }
    ruling.reason_codes = sorted(codes);
    ruling.clauses = sorted(clauses);
    dedup(&mut ruling.explanation);
    ruling
}

/// The agreement that a failure's clause belongs to, if it is a clause.
fn treaty_of<'r>(rules: &'r Rules, failure: &Failure) -> Option<&'r Treaty> {
    let id = failure.origin.id.as_str();
    let (code, _) = id.rsplit_once('/')?;
    let mut of_code = rules.treaties.iter().filter(|t| t.code == code);
    let first = of_code.clone().next();
    of_code.find(|t| t.clauses.iter().any(|term| term.origin.id == id)).or(first)
}

/// One failure as a sentence.
fn tell(rules: &Rules, treaty: Option<&Treaty>, failure: &Failure, unit: &Unit<'_>) -> String {
    let id = failure.origin.id.as_str();
    let term = treaty.and_then(|t| t.clauses.iter().find(|term| term.origin.id == id));
    let bracketed = |title: &str| match title {
        "" => String::new(),
        title => format!(" ({title})"),
    };
    let source = if let (Some(term), Some(treaty)) = (term, treaty) {
        let title = bracketed(&term.article_title);
        match term.origin.article.as_str() {
            // Of an agreement that is no literate text, only the clauses are known.
            "" => format!("Clause {id}{title}"),
            article => format!("Article {article}{title} of {}, clause {id},", treaty.code),
        }
    } else if let Some((law, title)) = rules.sections.get(id) {
        let title = bracketed(title);
        match failure.origin.article.as_str() {
            "" => format!("National law {law}{title}"),
            section => format!("Section {section}{title} of national law {law}, rule {id},"),
        }
    } else if let Some(tag) = id.strip_prefix("label:") {
        format!("The label's control {tag}")
    } else {
        format!("The rule on {}", failure.origin.kind.replace('_', " "))
    };
    let verb = match failure.effect {
        Effect::Deny => "forbids it".to_owned(),
        Effect::Refer => match &failure.refer_to {
            Some(authority) => format!("leaves it to {authority}"),
            None => "forbids it".to_owned(),
        },
        Effect::Modify => match &failure.obligation {
            Some(obligation) => format!("lets only a variant go ({obligation})"),
            None => "forbids it".to_owned(),
        },
    };
    let portion = unit.portion.map(|p| format!(" for portion {p}")).unwrap_or_default();
    format!("{source} {verb}{portion}, because {}.", failure.sentence)
}

fn sorted(values: impl IntoIterator<Item = String>) -> Vec<String> {
    values.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Removes sentences that were said before.
fn dedup(sentences: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    sentences.retain(|s| seen.insert(s.clone()));
}

/// Values that sentences and targets may name in braces.
#[derive(Clone, Copy)]
struct Fill<'a> {
    case: &'a Case<'a>,
    unit: Option<&'a Unit<'a>>,
    value: &'a str,
    provider: &'a str,
}

impl Fill<'_> {
    fn failure(&self, compiled: &Compiled) -> Failure {
        let forbid = &compiled.forbid;
        Failure {
            origin: compiled.origin.clone(),
            effect: forbid.effect,
            code: forbid.code.clone(),
            refer_to: forbid.refer_to.as_ref().map(|t| self.text(t)),
            obligation: forbid.obligation.as_ref().map(|t| self.text(t)),
            sentence: self.text(&forbid.sentence),
        }
    }

    fn text(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                rest = after;
                break;
            };
            out.push_str(self.value(name));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> &str {
        let transfer = self.case.subject.transfer;
        let recipient = self.case.recipient;
        match name {
            "sender" => transfer.sender.as_str(),
            "sender_body" => &transfer.sender_body,
            "recipient" => recipient.nation.as_str(),
            "recipient_body" => &recipient.body,
            "originator" => self.case.subject.originator.as_str(),
            "provider" => self.provider,
            "purpose" => &transfer.purpose,
            "object_type" => &self.case.subject.facts.object_type,
            "area" => self.case.subject.facts.area.as_deref().unwrap_or("nowhere"),
            "clearance" => recipient.clearance.as_deref().unwrap_or("none"),
            "accredited" => recipient.accredited_to.as_deref().unwrap_or("nothing"),
            "level" => self.unit.map_or("", |u| level::name(u.level)),
            "value" => self.value,
            _ => "",
        }
    }
}

/// What release policies read of a unit.
fn release_attributes<'b>(
    mut a: Attributes<'b>,
    case: &Case<'_>,
    rules: &Rules,
    unit: &Unit<'_>,
) -> Attributes<'b> {
    let subject = &case.subject;
    let (transfer, recipient, facts) = (subject.transfer, case.recipient, subject.facts);
    let held = |marking: &Option<String>| {
        let level =
            marking.as_ref().and_then(|m| rules.schemes.level(recipient.nation.as_str(), m));
        level.map_or(-1, i64::from)
    };
    let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    a.long("at", long(case.at.millis()))
        .text("sender", transfer.sender.as_str())
        .text("sender_body", &transfer.sender_body)
        .text("recipient", recipient.nation.as_str())
        .text("recipient_body", &recipient.body)
        .text("originator", subject.originator.as_str())
        .long("level", unit.level.into())
        .long("clearance", held(&recipient.clearance))
        .long("accredited", held(&recipient.accredited_to))
        .text("data_protection", recipient.data_protection.as_str())
        .text("torture_risk", recipient.torture_risk.as_str())
        .set("death_penalty_for", &recipient.death_penalty_for)
        .bool("reciprocity_met", recipient.reciprocity_met)
        .text("transfer_kind", transfer.kind.as_str())
        .text("purpose", &transfer.purpose)
        .text("use", transfer.use_.as_str())
        .bool("exercise", transfer.exercise)
        .set("facts", &transfer.facts)
        .set("grounds", &transfer.grounds)
        .maybe_text("transfer_case", transfer.case_id.as_deref())
        .text("object_type", &facts.object_type)
        .maybe_text("object_case", facts.case_id.as_deref())
        .maybe_text("area", facts.area.as_deref())
        .long("records", long(facts.records))
        .maybe_text("collected_for", facts.collected_for.as_deref())
        .bool("personal_data", unit.personal_data)
        .bool("persons", !unit.persons.is_empty())
        .set(
            "nationalities",
            unit.persons.iter().flat_map(|p| &p.nationalities).map(NationCode::as_str),
        )
        .set("roles", unit.persons.iter().flat_map(|p| &p.roles))
        .set("data_categories", unit.data_categories)
        .set("evidence_from", consented(case, ConsentKind::EvidenceUse))
        .bool("recalled", subject.recalled)
        .bool("exercise_data", facts.exercise)
        .bool("court_sealed", facts.court_sealed)
        .bool("pending_case", facts.pending_case);
    if let Some(collected) = facts.collected_at {
        a.long("collected_at", long(collected.millis()));
    }
    if let Some(youngest) = unit.persons.iter().filter_map(|p| p.age).min() {
        a.long("youngest", youngest.into());
    }
    if let Some(offence) = &transfer.offence {
        let mut fields = Attributes::default();
        fields
            .text("kind", &offence.kind)
            .bool("criminal_in_sender", offence.criminal_in_sender)
            .long("max_penalty_months", long(offence.max_penalty_months));
        a.record("offence", fields);
    }
    a
}

/// What release policies read of the first unit of a case.
pub(crate) fn attributes_of(rules: &Rules, case: &Case<'_>) -> Option<Attributes<'static>> {
    let units = units(case.subject);
    Some(release_attributes(Attributes::default(), case, rules, units.first()?))
}

/// What onward policies read of one piece of foreign information. `parties` are active in the
/// agreement it was received under.
fn onward_attributes<'a, 'b>(
    mut a: Attributes<'b>,
    case: &Case<'_>,
    provider: NationCode,
    parties: impl Iterator<Item = &'a str>,
) -> Attributes<'b> {
    a.text("sender", case.subject.transfer.sender.as_str())
        .text("recipient", case.recipient.nation.as_str())
        .text("provider", provider.as_str())
        .set("parties", parties)
        .set("release_from", consented(case, ConsentKind::Release));
    a
}

/// What control policies read of one control.
fn control_attributes<'b>(
    mut a: Attributes<'b>,
    case: &Case<'_>,
    rules: &Rules,
    unit: &Unit<'_>,
    one: &Control,
) -> Attributes<'b> {
    let recipient = case.recipient;
    let covers = |c: &&&Control| members(&c.values, &rules.groups).contains(&recipient.nation);
    let tagged = |tag: &'static str| unit.controls.iter().filter(move |c| c.tag == tag);
    let originator = recipient.nation == case.subject.originator;
    let releasable =
        tagged("REL_TO").next().is_some() && (originator || tagged("REL_TO").all(|c| covers(&c)));
    let displayable =
        tagged("DISPLAY_ONLY").next().is_some() && tagged("DISPLAY_ONLY").all(|c| covers(&c));
    let moment = one.values.first().and_then(|v| crate::time::instant(v));
    let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    a.long("at", long(case.at.millis()))
        .text("sender", case.subject.transfer.sender.as_str())
        .text("recipient", recipient.nation.as_str())
        .text("originator", case.subject.originator.as_str())
        .text("use", case.subject.transfer.use_.as_str())
        .maybe_text("user", recipient.user.as_deref())
        .set("held", &recipient.compartments)
        .text("value", one.values.first().map_or("", String::as_str))
        .set("members", members(&one.values, &rules.groups).iter().map(|n| n.as_str().to_owned()))
        .set("named", one.values.iter().skip(1))
        // Whoever sends it consents by sending.
        .set("sources", one.values.iter().filter(|v| *v != case.subject.transfer.sender.as_str()))
        .long("moment", moment.map_or(0, |m| long(m.millis())))
        .bool("releasable", releasable)
        .bool("displayable", displayable)
        .set("release_from", consented(case, ConsentKind::Release))
        .set("evidence_from", consented(case, ConsentKind::EvidenceUse))
        .set("proprietor_from", consented(case, ConsentKind::Proprietor))
        .set("officer_from", consented(case, ConsentKind::ReleaseOfficer));
    a
}

#[cfg(test)]
mod tests {
    use entente_model::facts::Person;
    use entente_model::{ControlKind, Label, ReleaseFacts, Timestamp};

    use super::*;
    use crate::case::{Offence, Recipient, Subject, Transfer};
    use crate::policy::schema;
    use crate::scheme::Schemes;

    /// Requests are not validated while deciding, so every attribute is validated here.
    #[test]
    fn the_attributes_conform_to_the_schema() {
        let control = Control {
            tag: "TLP".into(),
            kind: ControlKind::Restrictive,
            values: vec!["RED".into()],
        };
        let label = Label {
            policy: "XAR".into(),
            class: 1,
            marking: "SERVICE".into(),
            controls: vec![control],
            created: Timestamp::default(),
            review: None,
            alternatives: Vec::new(),
        };
        let xar: NationCode = "XAR".parse().unwrap();
        let mut transfer = Transfer::new(xar, "COAST-GUARD", "piracy");
        let mut facts = ReleaseFacts::default();
        let mut recipient = Recipient::new("XBR".parse().unwrap(), "COAST-WATCH");
        let rules = Rules::compile(&[], &[], &Schemes::builtin()).unwrap();
        for full in [false, true] {
            if full {
                transfer.case_id = Some("TAM-1".into());
                transfer.offence = Some(Offence {
                    kind: "fraud".into(),
                    criminal_in_sender: true,
                    max_penalty_months: 12,
                });
                facts.area = Some("ember_strait".into());
                facts.case_id = Some("TAM-1".into());
                facts.collected_for = Some("customs".into());
                facts.collected_at = Some(Timestamp::from_millis(1));
                facts.persons = vec![Person {
                    nationalities: vec![xar],
                    roles: vec!["x".into()],
                    age: Some(3),
                }];
                recipient.user = Some("analyst".into());
            }
            let subject = Subject {
                label: &label,
                facts: &facts,
                recalled: false,
                originator: xar,
                consents: &[],
                transfer: &transfer,
            };
            let case = Case { at: Timestamp::from_millis(9), subject, recipient: &recipient };
            let unit = units(subject).remove(0);
            let all = Attributes::default;
            for (attributes, action) in [
                (release_attributes(all(), &case, &rules, &unit), "Action::\"release\""),
                (
                    control_attributes(all(), &case, &rules, &unit, unit.controls[0]),
                    "Action::\"control\"",
                ),
                (onward_attributes(all(), &case, xar, std::iter::empty()), "Action::\"onward\""),
            ] {
                let context = attributes.context().unwrap();
                context.validate(&schema(), &action.parse().unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn a_rule_that_cannot_be_evaluated_denies_and_raises_the_alarm() {
        let text = "+++\nid = \"A\"\ntitle = \"A\"\nkind = \"bilateral\"\nin_force_from = \"1970-01-01\"\nsurvival = true\nparties = [{ nation = \"XAR\" }, { nation = \"XBR\" }]\n+++\n## Article 1\n```clause\ntype = \"purpose\"\nallowed = [\"piracy\"]\n```\n";
        let agreement = crate::Agreement::parse(text).unwrap();
        let held = crate::InForce {
            agreement: &agreement,
            id: entente_model::AgreementId::from_array([1; 32]),
            status: AgreementStatus::InForce,
            parties: &[],
        };
        let mut rules = Rules::compile(&[held], &[], &Schemes::builtin()).unwrap();
        let label = crate::parse_label(
            "OPEN//ORCON",
            rules.schemes.get("XAR").unwrap(),
            Timestamp::default(),
        )
        .unwrap();
        let xar: NationCode = "XAR".parse().unwrap();
        let transfer = Transfer::new(xar, "COAST-GUARD", "piracy");
        let facts = ReleaseFacts::default();
        let recipient = Recipient::new("XBR".parse().unwrap(), "COAST-WATCH");
        let subject = Subject {
            label: &label,
            facts: &facts,
            recalled: false,
            originator: xar,
            consents: &[],
            transfer: &transfer,
        };
        let case = Case { at: Timestamp::from_millis(9), subject, recipient: &recipient };
        assert_eq!(rules.decide(&case).decision, Decision::Permit);
        rules.controls.clear();
        let ruling = rules.decide(&case);
        assert_eq!(ruling.reason_codes, ["RULE_FAILED"]);
        assert!(ruling.alarm && ruling.decision == Decision::Deny && ruling.terms().is_none());
    }
}
