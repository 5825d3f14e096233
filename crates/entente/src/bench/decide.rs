//! Decisions: cold, remembered, many at once, and what compiling the rules takes.
//!
//! No node: what is measured is the policy engine and its memory, which a node calls as they are. The rules are literate texts like those that people sign.

mod mixed;
mod texts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use entente_law::{
    Agreement, AgreementStatus, Case, Decider, InForce, NationalLaw, Recipient, Rules, Subject,
    Transfer,
};
use entente_model::{AgreementId, Clock as _, LawId, NationCode, ReleaseFacts, Timestamp};

use self::texts::OWN;
use super::Lab;
use super::report::{BenchReport, Want};
use super::stats::{count, percentile, rate};
use crate::ambient::{SystemClock, monotonic};

/// Agreements and laws that are compiled.
const COMPILED: (usize, usize) = (100, 30);
/// Objects in a batch; after each, what is due is compared.
const BATCH: usize = 1000;

pub(super) fn run(
    lab: &Lab<'_>,
    decisions: usize,
    objects: usize,
    partners: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    report.method(
        format!(
            "one thread, but for the mixed. Cold: {decisions} decisions on one case, nothing \
             remembered, by turns under 10 and under 300 policies of agreements and laws, of which \
             the same 10 concern the case, and under a full agreement with a full national law. \
             Remembered: one class of objects to {partners} recipients, one use in a hundred \
             compared with a fresh decision. Mixed: {objects} objects of several kinds, labels and \
             facts to each of {partners} partners, classes found object by object; what is not \
             remembered, and what is compared, is decided on all processors, as a node does. \
             Compiled: {} agreements and {} laws from their texts.",
            COMPILED.0, COMPILED.1
        ),
        1,
    );
    lab.say("Deciding with nothing remembered.");
    cold(decisions, report)?;
    lab.say("Deciding what is remembered.");
    let rules = Arc::new(Book::alliance(partners)?.compile()?);
    remembered(&rules, partners, report)?;
    lab.say(&format!("Deciding {objects} mixed objects for {partners} partners."));
    mixed_objects(&rules, objects, partners, report)?;
    lab.say("Compiling.");
    compiled(report)
}

/// Texts that were read.
#[derive(Default)]
struct Book {
    agreements: Vec<Agreement>,
    laws: Vec<NationalLaw>,
}

impl Book {
    fn agree(&mut self, text: &str) -> anyhow::Result<()> {
        self.agreements.push(Agreement::parse(text).map_err(|e| anyhow!("{e}"))?);
        Ok(())
    }

    fn enact(&mut self, text: &str) -> anyhow::Result<()> {
        self.laws.push(NationalLaw::parse(text).map_err(|e| anyhow!("{e}"))?);
        Ok(())
    }

    /// An alliance of `partners` besides ourselves, with a law of ours and of every fifth partner.
    fn alliance(partners: usize) -> anyhow::Result<Self> {
        let mut book = Self::default();
        let codes = texts::partners(partners)?;
        let parties: Vec<NationCode> = std::iter::once(OWN.parse()?).chain(codes.clone()).collect();
        book.agree(&texts::full("ALLIANCE", &parties))?;
        book.enact(&texts::law("XAR-LAW", OWN.parse()?))?;
        for code in codes.into_iter().step_by(5) {
            book.enact(&texts::law(&format!("{code}-LAW"), code))?;
        }
        Ok(book)
    }

    fn compile(&self) -> anyhow::Result<Rules> {
        let held: Vec<InForce<'_>> = (0_u8..)
            .zip(&self.agreements)
            .map(|(n, agreement)| InForce {
                agreement,
                id: AgreementId::from_array([n; 32]),
                status: AgreementStatus::InForce,
                parties: &[],
            })
            .collect();
        let laws: Vec<(LawId, &NationalLaw)> =
            (0_u8..).zip(&self.laws).map(|(n, law)| (LawId::from_array([n; 32]), law)).collect();
        Ok(Rules::compile(&held, &laws, &texts::schemes()?)?)
    }
}

/// One case from us to the first partner.
struct Plain {
    label: entente_model::Label,
    facts: ReleaseFacts,
    transfer: Transfer,
    recipient: Recipient,
    originator: NationCode,
    at: Timestamp,
}

impl Plain {
    fn new() -> anyhow::Result<Self> {
        let originator: NationCode = OWN.parse()?;
        let schemes = texts::schemes()?;
        let at = SystemClock.now();
        let label = entente_law::parse_label("SERVICE//TLP:AMBER", schemes.get(OWN)?, at)?;
        let facts = ReleaseFacts {
            object_type: "indicator".into(),
            records: 1,
            area: Some("strait".into()),
            ..ReleaseFacts::default()
        };
        let partner = *texts::partners(1)?.first().context("there is no partner")?;
        Ok(Self {
            label,
            facts,
            transfer: Transfer::new(originator, texts::BODY, texts::PURPOSE),
            recipient: texts::recipient(partner),
            originator,
            at,
        })
    }

    fn case(&self) -> Case<'_> {
        let subject = Subject {
            label: &self.label,
            facts: &self.facts,
            recalled: false,
            originator: self.originator,
            consents: &[],
            transfer: &self.transfer,
        };
        Case { at: self.at, subject, recipient: &self.recipient }
    }
}

fn cold(decisions: usize, report: &mut BenchReport) -> anyhow::Result<()> {
    let us: NationCode = OWN.parse()?;
    let partners = texts::partners(30)?;
    let first = *partners.first().context("there is no partner")?;
    let labels_alone = Book::default().compile()?.policies();
    let mut ten = Book::default();
    ten.agree(&texts::ten("PAIR-0", us, first))?;
    let mut many = Book::default();
    many.agree(&texts::ten("PAIR-0", us, first))?;
    for (n, partner) in partners.iter().enumerate().skip(1).take(19) {
        many.agree(&texts::ten(&format!("PAIR-{n}"), us, *partner))?;
    }
    for partner in partners.iter().skip(1).take(10) {
        many.enact(&texts::law(&format!("{partner}-LAW"), *partner))?;
    }
    let plain = Plain::new()?;
    let books = [ten.compile()?, many.compile()?, Book::alliance(30)?.compile()?];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..decisions {
        // By turns, so that whatever else the machine does falls on all alike.
        for (rules, times) in books.iter().zip(&mut times) {
            let started = monotonic();
            let ruling = rules.decide(&plain.case());
            times.push(started.elapsed().as_secs_f64() * 1e6);
            anyhow::ensure!(ruling.decision.releases(), "the case is not permitted: {ruling:?}");
        }
    }
    let [ten, many, full] = &times;
    let [at_ten, at_many, in_full] = books.each_ref().map(|rules| rules.policies() - labels_alone);
    let evaluated = |rules: &Rules| count(rules.decide(&plain.case()).policies_evaluated);
    for (name, policies, times, rules) in [
        ("cold_10", at_ten, ten, &books[0]),
        ("cold_300", at_many, many, &books[1]),
        ("cold_full", in_full, full, &books[2]),
    ] {
        report.metric(format!("{name}_policies"), "total", count(policies), "policies");
        report.metric(format!("{name}_looked_at"), "total", evaluated(rules), "policies");
        report.metric(name, "p50", percentile(times, 50), "us");
        report.metric(name, "p99", percentile(times, 99), "us");
    }
    let ratio = percentile(many, 50) / percentile(ten, 50);
    report.ratio("cold_300 p50", ratio, "cold_10 p50");
    report.target("P9 cold_p50_300_to_10", Want::AtMost, 1.5, ratio);
    report.target("P9 cold_p99_us", Want::AtMost, 150.0, percentile(many, 99));
    Ok(())
}

fn remembered(rules: &Arc<Rules>, partners: usize, report: &mut BenchReport) -> anyhow::Result<()> {
    const ROUNDS: usize = 20_000_000;
    let plain = Plain::new()?;
    let mut decider = Decider::new(Arc::clone(rules));
    let class = decider.class_of(&plain.case().subject);
    let recipients: Vec<_> = texts::partners(partners)?
        .into_iter()
        .map(|nation| decider.recipient(&texts::recipient(nation)))
        .collect();
    let mut releases = 0_usize;
    let started = monotonic();
    let mut uses = 0;
    // As many as a batch of objects comes to.
    let batch = BATCH * recipients.len();
    while uses < ROUNDS {
        for recipient in recipients.iter().cycle().take(batch) {
            let ruling = decider.ruling(plain.at, class, *recipient);
            releases += usize::from(ruling.is_some_and(|r| r.decision.releases()));
        }
        uses += batch;
        anyhow::ensure!(decider.recheck().is_empty(), "a remembered decision differs");
    }
    let per_s = rate(uses, started.elapsed());
    anyhow::ensure!(releases == uses, "the case is not permitted");
    let counts = decider.counts();
    report.metric("remembered_per_s", "total", per_s, "1/s");
    report.metric("remembered_compared", "total", super::stats::float(counts.compared), "uses");
    report.target("P9 remembered_per_s", Want::AtLeast, 5e6, per_s);
    Ok(())
}

fn mixed_objects(
    rules: &Arc<Rules>,
    objects: usize,
    partners: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    let mut decider = Decider::new(Arc::clone(rules));
    let recipients: Vec<_> = texts::partners(partners)?
        .into_iter()
        .map(|nation| decider.recipient(&texts::recipient(nation)))
        .collect();
    let at = SystemClock.now();
    let mut maker = mixed::Maker::new(at)?;
    let mut classes: BTreeMap<_, usize> = BTreeMap::new();
    let mut decided: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut asked = Vec::new();
    let mut spent = Duration::ZERO;
    let mut done = 0;
    while done < objects {
        // Making the objects is not what is measured.
        let batch: Vec<mixed::Object> =
            (0..BATCH.min(objects - done)).map(|_| maker.object()).collect();
        done += batch.len();
        let started = monotonic();
        for object in &batch {
            let class = decider.class_of(&object.subject(&maker));
            *classes.entry(class).or_default() += 1;
            asked.clear();
            asked.extend(recipients.iter().map(|recipient| (class, *recipient)));
            for ruling in decider.rulings(at, &asked).context("a class is lost")? {
                *decided.entry(ruling.decision.as_str()).or_default() += 1;
            }
        }
        anyhow::ensure!(decider.recheck().is_empty(), "a remembered decision differs");
        spent += started.elapsed();
    }
    let counts = decider.counts();
    report.metric("mixed_seconds", "total", spent.as_secs_f64(), "s");
    report.metric("mixed_decisions_per_s", "total", rate(objects * partners, spent), "1/s");
    report.metric("mixed_classes", "total", count(classes.len()), "classes");
    report.metric("mixed_evaluated", "total", super::stats::float(counts.evaluated), "decisions");
    for (word, decisions) in decided {
        report.metric(format!("mixed_{word}"), "total", count(decisions), "decisions");
    }
    let mut sizes: Vec<usize> = classes.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    for most in [1, 10, 100, 1000] {
        let held: usize = sizes.iter().take(most).sum();
        report.metric(
            format!("mixed_objects_in_{most}_largest_classes"),
            "total",
            100.0 * count(held) / count(objects.max(1)),
            "%",
        );
    }
    let single = sizes.iter().filter(|size| **size == 1).count();
    report.metric("mixed_classes_of_one_object", "total", count(single), "classes");
    report.target("P9 mixed_seconds", Want::AtMost, 20.0, spent.as_secs_f64());
    Ok(())
}

fn compiled(report: &mut BenchReport) -> anyhow::Result<()> {
    let us: NationCode = OWN.parse()?;
    let codes = texts::partners(COMPILED.0)?;
    let mut agreements = Vec::new();
    for (n, partner) in codes.iter().enumerate() {
        // Every fourth is among five nations.
        let others = if n % 4 == 0 { 4 } else { 1 };
        let parties: Vec<NationCode> =
            std::iter::once(us).chain(codes.iter().cycle().skip(n).take(others).copied()).collect();
        agreements.push(texts::full(&format!("{partner}-{n}"), &parties));
    }
    let laws: Vec<String> = codes
        .iter()
        .take(COMPILED.1)
        .map(|code| texts::law(&format!("{code}-LAW"), *code))
        .collect();
    let started = monotonic();
    let mut book = Book::default();
    for text in &agreements {
        book.agree(text)?;
    }
    for text in &laws {
        book.enact(text)?;
    }
    let rules = book.compile()?;
    let seconds = started.elapsed().as_secs_f64();
    report.metric("compile_seconds", "total", seconds, "s");
    report.metric("compile_policies", "total", count(rules.policies()), "policies");
    report.target("P9 compile_seconds", Want::AtMost, 3.0, seconds);
    Ok(())
}
