//! Where two nations' laws leave gaps between them, or forbid what an agreement promises.
//!
//! One kind of rule after the other: every case that rules of this kind can tell apart is put to
//! the real decision, once in each direction, and answers that differ are said with the sections
//! they come from. Of several kinds the worst wins, so a case that concerns two of them is
//! answered by the lines on both.

use std::collections::{BTreeMap, BTreeSet};

use entente_model::{Decision, LawId, NationCode};

use crate::agreement::Agreement;
use crate::clause::Scope;
use crate::consequence::{
    Condition, Court, Dimension, boxes, cell, said, settings, unlimited, values_of,
};
use crate::footprint;
use crate::national::{Direction, NationalLaw};
use crate::policy::CompileError;
use crate::rules::{AgreementStatus, InForce, Rules};
use crate::ruling::{Ruling, is_for_sender};
use crate::scenario::{Point, Setting, build, with_ladder};
use crate::scheme::Schemes;

/// More cases than this are not decided for one kind of rule.
const CASES_MAX: usize = 20_000;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// The agreement lets it go, and a law does not.
    Promise,
    /// One nation lets it leave, and the other may not take it in.
    Import,
    /// One nation protects it, and the other lets it leave.
    Gap,
    /// Both protect it, in different ways.
    Differs,
}

impl Mismatch {
    /// Every kind, in the order of the report.
    pub const ALL: [Self; 4] = [Self::Promise, Self::Import, Self::Gap, Self::Differs];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Import => "import",
            Self::Gap => "gap",
            Self::Differs => "differs",
        }
    }
}

/// What one nation's law, or an agreement, says to a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stance {
    /// Whose it is: a nation, or an agreement's code.
    pub whose: String,
    /// The decision.
    pub decision: Decision,
    /// The sections or clauses that limit it, such as `XAR-IEA/12`; empty if none does.
    pub sections: Vec<String>,
    /// Who decides, or what is done to it first.
    pub detail: Vec<String>,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub mismatch: Mismatch,
    /// The kind of rule.
    pub kind: &'static str,
    /// Where it holds.
    pub conditions: Vec<Condition>,
    /// The two stances, in the order in which the line names them.
    pub stances: [Stance; 2],
    /// In words.
    pub sentence: String,
}

/// The harmonisation report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The lines, by what they are about.
    pub lines: Vec<Line>,
    /// How many kinds of case both laws treat alike.
    pub alike: usize,
    /// How many cases were decided.
    pub cases: usize,
    /// Whether all of them were.
    pub complete: bool,
}

/// Compares the laws of two nations, and both with an agreement if there is one.
///
/// `laws` may hold laws of other nations; they do not count.
pub fn between(
    one: NationCode,
    other: NationCode,
    laws: &[NationalLaw],
    agreement: Option<&Agreement>,
    schemes: &Schemes,
) -> Result<Report, CompileError> {
    let schemes = with_ladder(schemes);
    let mut report = Report { lines: Vec::new(), alike: 0, cases: 0, complete: true };
    let Some(carrier) = unlimited(&[one, other], &[]) else { return Ok(report) };
    let of = |nation, direction: &[Direction]| -> Vec<&NationalLaw> {
        laws.iter()
            .filter(|l| l.nation() == nation)
            .filter(|l| l.numbered().iter().any(|r| direction.contains(&r.direction)))
            .collect()
    };
    let both = [Direction::Export, Direction::Import];
    let mut bench = Bench { schemes: &schemes, report: &mut report };
    let (ours, theirs) = (of(one, &both), of(other, &both));
    let alone = [compile(&carrier, &ours, &schemes)?, compile(&carrier, &theirs, &schemes)?];
    let [first, second] = &alone;
    bench.mirror([(one, first), (other, second)]);
    bench.import((one, first), (other, second));
    bench.import((other, second), (one, first));
    if let Some(agreement) = agreement {
        let all: Vec<&NationalLaw> = ours.iter().chain(&theirs).copied().collect();
        let before = compile(agreement, &[], &schemes)?;
        let after = compile(agreement, &all, &schemes)?;
        bench.promise(agreement, (&before, &after), (one, other));
        bench.promise(agreement, (&before, &after), (other, one));
    }
    report
        .lines
        .sort_by(|a, b| (a.mismatch, a.kind, &a.sentence).cmp(&(b.mismatch, b.kind, &b.sentence)));
    // A category that two kinds of rule name is answered by both alike.
    let mut seen = BTreeSet::new();
    report.lines.retain(|line| seen.insert((line.mismatch, line.sentence.clone())));
    Ok(report)
}

fn compile(
    agreement: &Agreement,
    laws: &[&NationalLaw],
    schemes: &Schemes,
) -> Result<Rules, CompileError> {
    let held = InForce {
        agreement,
        id: entente_model::AgreementId::from_array([0; 32]),
        status: AgreementStatus::InForce,
        parties: &[],
    };
    let laws: Vec<(LawId, &NationalLaw)> =
        laws.iter().map(|law| (LawId::from_array([0; 32]), *law)).collect();
    Rules::compile(&[held], &laws, schemes)
}

struct Bench<'r> {
    schemes: &'r Schemes,
    report: &'r mut Report,
}

/// Whether a rule of this kind has a part in the answer. Kinds read the same circumstances, such as
/// categories of data, so a kind's cases also meet the rules of others, which answer under theirs.
fn speaks(rules: &[&Rules], kind: &str, stances: &[Stance]) -> bool {
    let is_of_kind = |id: &String| {
        rules.iter().any(|rules| {
            let mut compiled = rules.reach().into_iter().filter_map(|(_, at)| rules.book.get(at));
            compiled.any(|one| one.origin.id == *id && one.origin.kind == kind)
        })
    };
    stances.iter().flat_map(|stance| &stance.sections).any(is_of_kind)
}

/// What rules of one kind read, in one direction.
type Kinds = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// What the rules of national law read, by kind; those that this scope picks.
fn kinds(rules: &Rules, pick: impl Fn(Scope) -> bool) -> Kinds {
    let mut kinds = Kinds::new();
    for (scope, position) in rules.reach() {
        let Some(compiled) = rules.book.get(position) else { continue };
        let is_law = rules.sections.contains_key(&compiled.origin.id);
        if is_law && pick(scope) {
            let read = footprint::of(scope, &compiled.forbid).unwrap_or_default();
            kinds.entry(compiled.origin.kind).or_default().extend(read.names);
        }
    }
    kinds
}

impl Bench<'_> {
    /// The cases that rules of a kind tell apart, without the nations.
    fn dimensions(court: &Court<'_>, names: &BTreeSet<&'static str>) -> Vec<Dimension> {
        names
            .iter()
            .filter(|n| !["sender", "recipient"].contains(n))
            .map(|name| Dimension { name, choices: court.space.choices(name) })
            .collect()
    }

    /// What both nations say to what leaves them.
    fn mirror(&mut self, sides: [(NationCode, &Rules); 2]) {
        let [(one, first), (other, second)] = sides;
        let court = Court::new(first, second, self.schemes, Default::default());
        let mut all = kinds(first, |s| s == Scope::From(one));
        for (kind, names) in kinds(second, |s| s == Scope::From(other)) {
            all.entry(kind).or_default().extend(names);
        }
        for (kind, names) in all {
            let mut dimensions = Self::dimensions(&court, &names);
            for dimension in dimensions.iter_mut().filter(|d| d.name == "nationalities") {
                // A law speaks of its own nationals; the other's are those of the other law.
                dimension.choices =
                    vec![Setting::Maybe(None), Setting::Maybe(Some("its own nation".to_owned()))];
            }
            self.cases((kind, &[first, second]), &dimensions, |point, schemes| {
                let stance = |from: NationCode, to: NationCode, rules: &Rules| {
                    let mut point = point.clone();
                    if let Some(Setting::Maybe(Some(nation))) = point.get_mut("nationalities") {
                        *nation = from.to_string();
                    }
                    let ruling = decided(&point, from, to, rules, schemes)?;
                    Some(stance(from.to_string(), &ruling, rules))
                };
                let (a, b) = (stance(one, other, first)?, stance(other, one, second)?);
                let mismatch = match (a.decision, b.decision) {
                    (Decision::Permit, Decision::Permit) => return None,
                    (x, y) if x == y && a.detail.len() == b.detail.len() => {
                        let detail = a.detail.iter().zip(&b.detail);
                        // Whose authority decides is each nation's own affair.
                        let same = x == Decision::Refer || detail.clone().all(|(x, y)| x == y);
                        if same {
                            return Some(None);
                        }
                        Mismatch::Differs
                    }
                    (Decision::Permit, _) | (_, Decision::Permit) => Mismatch::Gap,
                    _ => Mismatch::Differs,
                };
                Some(Some((mismatch, [a, b])))
            });
        }
    }

    /// What one lets leave and the other may not take in.
    fn import(&mut self, from: (NationCode, &Rules), to: (NationCode, &Rules)) {
        let court = Court::new(from.1, to.1, self.schemes, Default::default());
        for (kind, names) in kinds(to.1, |s| s == Scope::To(to.0)) {
            let dimensions = Self::dimensions(&court, &names);
            self.cases((kind, &[from.1, to.1]), &dimensions, |point, schemes| {
                let leaves = decided(point, from.0, to.0, from.1, schemes)?;
                let enters = decided(point, from.0, to.0, to.1, schemes)?;
                if enters.decision == Decision::Permit {
                    return None;
                }
                if !leaves.decision.releases() {
                    return Some(None);
                }
                let leaves = stance(from.0.to_string(), &leaves, from.1);
                let enters = stance(to.0.to_string(), &enters, to.1);
                Some(Some((Mismatch::Import, [leaves, enters])))
            });
        }
    }

    /// What the agreement lets go in one direction and a law does not.
    fn promise(
        &mut self,
        agreement: &Agreement,
        (before, after): (&Rules, &Rules),
        (from, to): (NationCode, NationCode),
    ) {
        if !agreement.has_party(from) || !agreement.has_party(to) {
            return;
        }
        let at = agreement.in_force_from();
        let mut court = Court::new(before, after, self.schemes, (at, at));
        let mut all = kinds(after, |s| s == Scope::From(from));
        for (kind, names) in kinds(after, |s| s == Scope::To(to)) {
            all.entry(kind).or_default().extend(names);
        }
        for (kind, names) in all {
            let dimensions = Self::dimensions(&court, &names);
            let pair = Point::from([
                ("sender", Setting::Nation(from)),
                ("recipient", Setting::Nation(to)),
            ]);
            self.cases((kind, &[after]), &dimensions, |point, _| {
                let mut settings = pair.clone();
                settings.extend(point.clone());
                let mut friend = court.friend(&settings);
                friend.extend(settings);
                let (_, promised) = court.decide(&friend, true)?;
                let (_, lawful) = court.decide(&friend, false)?;
                let same = promised.decision == lawful.decision
                    && promised.obligations == lawful.obligations;
                if !promised.decision.releases() || same {
                    return None;
                }
                let promised = stance(agreement.code().to_owned(), &promised, before);
                let whose = format!("national law, from {from} to {to},");
                let lawful = stance(whose, &lawful, after);
                Some(Some((Mismatch::Promise, [promised, lawful])))
            });
        }
    }

    /// Goes through the cases of a kind. `ask` says `None` where no law says anything, `Some(None)`
    /// where both say the same.
    fn cases(
        &mut self,
        (kind, rules): (&'static str, &[&Rules]),
        dimensions: &[Dimension],
        mut ask: impl FnMut(&Point, &Schemes) -> Option<Option<(Mismatch, [Stance; 2])>>,
    ) {
        let total: usize = dimensions.iter().map(|d| d.choices.len()).product();
        let step = total.div_ceil(CASES_MAX).max(1);
        self.report.complete &= step == 1;
        let mut found: BTreeMap<(Mismatch, [Stance; 2]), Vec<Vec<usize>>> = BTreeMap::new();
        let mut alike = false;
        for number in (0..total).step_by(step) {
            let cell = cell(dimensions, number);
            let Some(point) = settings(dimensions, &cell) else { continue };
            self.report.cases += 1;
            match ask(&point, self.schemes) {
                None => {}
                Some(None) => alike = true,
                Some(Some(line)) => found.entry(line).or_default().push(cell),
            }
        }
        found.retain(|(_, stances), _| speaks(rules, kind, stances));
        self.report.alike += usize::from(alike && found.is_empty());
        for ((mismatch, stances), cells) in found {
            for sides in boxes(cells) {
                let conditions = values_of(dimensions, &sides);
                let sentence = sentence(mismatch, &conditions, &stances);
                let stances = stances.clone();
                self.report.lines.push(Line { mismatch, kind, conditions, stances, sentence });
            }
        }
    }
}

fn decided(
    point: &Point,
    from: NationCode,
    to: NationCode,
    rules: &Rules,
    schemes: &Schemes,
) -> Option<Ruling> {
    let mut point = point.clone();
    point.insert("sender", Setting::Nation(from));
    point.insert("recipient", Setting::Nation(to));
    let at = rules.treaties.first().map(|t| t.in_force_from)?;
    // An age is counted back from the moment, which must leave room for it.
    point.entry("at").or_insert(Setting::At(at.plus_millis(AGES_MILLIS)));
    let scenario = build(&point, schemes)?;
    Some(rules.decide(&scenario.case()))
}

/// Longer than any period that a law may name.
const AGES_MILLIS: u64 = 100_002 * crate::time::DAY_MILLIS;

fn stance(whose: String, ruling: &Ruling, rules: &Rules) -> Stance {
    let limits = |id: &&String| {
        let id = id.as_str();
        rules.sections.contains_key(id) && ruling.decision != Decision::Permit
    };
    let sender = ruling.obligations.iter().filter(|o| is_for_sender(o));
    Stance {
        whose,
        decision: ruling.decision,
        sections: ruling.clauses.iter().filter(limits).cloned().collect(),
        detail: ruling.refer_to.iter().chain(sender).cloned().collect(),
    }
}

/// A stance in words.
fn told(stance: &Stance, leaves: bool) -> String {
    let Stance { whose, decision, sections, detail } = stance;
    let by = sections.join(", ");
    let detail: Vec<String> = detail
        .iter()
        .map(|d| {
            let word = d.strip_prefix("transform:").or_else(|| d.strip_prefix("authority:"));
            word.unwrap_or(d).replace('_', " ")
        })
        .collect();
    let detail = detail.join(", ");
    let way = if leaves { "leave" } else { "enter" };
    match decision {
        Decision::Permit => format!("{whose} lets it {way}, having no section against it"),
        Decision::PermitModified => format!("{whose} lets it {way} only after: {detail} ({by})"),
        Decision::Refer => format!("{whose} leaves it to {detail} ({by})"),
        Decision::Deny => format!("{whose} forbids it to {way} ({by})"),
    }
}

fn sentence(mismatch: Mismatch, conditions: &[Condition], stances: &[Stance; 2]) -> String {
    let [one, other] = stances;
    let where_ = said(conditions);
    let where_ =
        if where_.is_empty() { "In every case".to_owned() } else { format!("Where {where_}") };
    match mismatch {
        Mismatch::Promise => {
            let law = told(other, true);
            format!("{where_}: {} lets it go; {law}.", one.whose)
        }
        Mismatch::Import => format!("{where_}: {}; {}.", told(one, true), told(other, false)),
        Mismatch::Gap | Mismatch::Differs => {
            format!("{where_}: {}; {}.", told(one, true), told(other, true))
        }
    }
}
