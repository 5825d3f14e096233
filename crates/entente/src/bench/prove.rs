//! Proofs before signing: what agreements with national laws can never allow.
//!
//! No node: what is measured is the proving that `entente agreement prove` calls, with as many
//! solvers as the machine has processors. As there, a script that one solver has answered is not
//! solved again for another agreement.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use entente_app::prover::{Cvc5, HOW_TO_INSTALL, PROGRAM};
use entente_law::prove::{Finding, Pack, Property, Verdict, prove};
use entente_law::template::{TEMPLATES, Template, Wishes, draft};
use entente_law::{Agreement, NationalLaw, Schemes};
use entente_model::NationCode;

use super::Lab;
use super::report::{BenchReport, Want};
use super::stats::{count, rate};
use crate::ambient::monotonic;

/// Laws that are in force.
const LAWS: [&str; 6] = [
    include_str!("../../../../laws/xar.md"),
    include_str!("../../../../laws/xbr.md"),
    include_str!("../../../../laws/xco.md"),
    include_str!("../../../../laws/xdo.md"),
    include_str!("../../../../laws/xel.md"),
    include_str!("../../../../laws/xfe.md"),
];
/// The time given to each question.
const QUESTION: Duration = Duration::from_secs(10);
/// What the target is about.
const TARGET_AGREEMENTS: usize = 50;
const TARGET_SECONDS: f64 = 10.0;

pub(super) fn run(
    lab: &Lab<'_>,
    agreements: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    ensure!(Cvc5::is_installed(Path::new(PROGRAM)), "{PROGRAM} is not installed: {HOW_TO_INSTALL}");
    let texts = texts(agreements)?;
    let laws: Vec<NationalLaw> =
        LAWS.iter().map(|text| NationalLaw::parse(text)).collect::<Result<_, _>>()?;
    let properties = Property::all(1, false);
    let mut solvers = Cvc5::side_by_side(Path::new(PROGRAM), QUESTION);
    report.method(
        format!(
            "{agreements} agreements, each a pack of its own with {} national laws: the {} of the \
             library, then the same between other nations. All {} properties that can be asked of \
             one agreement, on {} solvers side by side; from texts in memory to answers, with the \
             start of the solvers. Cases that go are tried before a solver is asked, and a question \
             that comes again word for word is asked once. Counterexamples are decided for real \
             before they count.",
            laws.len(),
            TEMPLATES.len(),
            properties.len(),
            solvers.len()
        ),
        1,
    );
    lab.say(&format!("Proving about {agreements} agreements."));
    let started = monotonic();
    let read: Vec<Agreement> =
        texts.iter().map(|text| Agreement::parse(text)).collect::<Result<_, _>>()?;
    let schemes = Schemes::builtin();
    let pack = Pack { agreements: &read, laws: &laws, schemes: &schemes, amends: None };
    let found = prove(&pack, &properties, &mut solvers)?;
    let spent = started.elapsed();
    answers(&found, report)?;
    report.metric("prove_seconds", "total", spent.as_secs_f64(), "s");
    report.metric("prove_agreements_per_s", "total", rate(agreements, spent), "1/s");
    if agreements == TARGET_AGREEMENTS {
        report.target("prove_seconds", Want::AtMost, TARGET_SECONDS, spent.as_secs_f64());
    }
    Ok(())
}

/// How many answers there are of each kind. A question that was not answered is told with its
/// reason.
fn answers(found: &[Finding], report: &mut BenchReport) -> anyhow::Result<()> {
    let mut kinds: BTreeMap<&str, usize> =
        ["proved", "counterexample", "not_proved"].map(|kind| (kind, 0)).into();
    for finding in found {
        let kind = match &finding.verdict {
            Verdict::Proved => "proved",
            Verdict::Counterexample(_) => "counterexample",
            Verdict::NotProved(why) => {
                report.note(format!("{} of {}: {why}", finding.property, finding.about.join(", ")));
                "not_proved"
            }
        };
        *kinds.entry(kind).or_default() += 1;
    }
    ensure!(kinds.values().filter(|n| **n > 0).count() > 1, "every answer is the same: {kinds:?}");
    report.metric("prove_answers", "total", count(found.len()), "answers");
    for (kind, answers) in kinds {
        report.metric(format!("prove_{kind}"), "total", count(answers), "answers");
    }
    Ok(())
}

/// Agreements of the library, then the same between other nations.
fn texts(agreements: usize) -> anyhow::Result<Vec<String>> {
    let schemes = Schemes::builtin();
    let nations: Vec<NationCode> = ["XAR", "XBR", "XCO", "XDO", "XEL", "XFE", "XGA", "XHE", "XIS"]
        .into_iter()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let rounds = (0..).flat_map(|round| TEMPLATES.iter().map(move |template| (round, template)));
    let text = |(round, template): (usize, &'static Template)| -> anyhow::Result<String> {
        if round == 0 {
            return Ok(template.text.to_owned());
        }
        let parties = Agreement::parse(template.text)?.parties().len();
        let others = nations.iter().cycle().skip(round).take(parties).copied().collect();
        let wishes = Wishes {
            // More nations than there are schemes for stay as they are.
            parties: if parties > nations.len() { Vec::new() } else { others },
            code: Some(format!("DRAFT-{round}")),
            ..Wishes::default()
        };
        draft(template, &wishes, &schemes).with_context(|| template.name)
    };
    rounds.take(agreements).map(text).collect()
}

#[test]
fn the_texts_are_agreements_and_no_two_are_the_same() {
    let texts = texts(TARGET_AGREEMENTS).unwrap();
    let parsed = texts.iter().map(|text| Agreement::parse(text).unwrap().clauses().count());
    assert!(parsed.min().unwrap() > 3);
    let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), TARGET_AGREEMENTS);
}
