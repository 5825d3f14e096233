//! Proofs by a real solver; without one they are skipped, and say so.

#![expect(clippy::format_collect, reason = "texts of tests are short")]

mod mutations;

use std::io::Write as _;
use std::process::{Command, Stdio};

use entente_model::{Decision, NationCode};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use super::property::Prover;
use super::{
    Finding, OwnProperty, Pack, Property, Satisfiable, Solver, SolverFault, Verdict, fence, prove,
};
use crate::agreement::Agreement;
use crate::case::{Consent, ConsentKind, DataProtection, Offence, TransferKind, Use};
use crate::footprint::{self, Space};
use crate::national::NationalLaw;
use crate::policy::{Action, Attributes, Effect, Forbid};
use crate::scenario::{Point, Scenario, Setting, build, listing, with_ladder};
use crate::scheme::Schemes;

/// One process for each question: slow, and nothing can be left over.
struct Once;

impl Solver for Once {
    fn solve(&mut self, script: &str) -> Result<Satisfiable, SolverFault> {
        let fault = |e: std::io::Error| SolverFault(e.to_string());
        let mut child = Command::new("cvc5")
            .args(["--lang", "smt"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        let mut input = child.stdin.take().unwrap();
        write!(input, "{script}(check-sat)\n(get-model)\n").map_err(fault)?;
        drop(input);
        let output = child.wait_with_output().map_err(fault)?;
        let text = String::from_utf8(output.stdout).unwrap();
        match text.split_once('\n') {
            Some(("sat", model)) => Ok(Satisfiable::Yes(model.to_owned())),
            Some(("unsat", _)) => Ok(Satisfiable::No),
            _ => Ok(Satisfiable::Unknown),
        }
    }
}

fn has_solver() -> bool {
    let there = Command::new("cvc5")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        println!("skipped: cvc5 is not installed");
    }
    there
}

/// An agreement between XAR, XBR and XCO with these clauses.
fn agreement(code: &str, clauses: &[&str]) -> Agreement {
    let clauses: String = clauses
        .iter()
        .enumerate()
        .map(|(n, clause)| format!("## Article {}\n```clause\n{clause}\n```\n", n + 1))
        .collect();
    let text = format!(
        "+++\nid = \"{code}\"\ntitle = \"{code}\"\nkind = \"multilateral\"\nin_force_from = \"2030-01-01\"\nsurvival = true\nparties = [{{ nation = \"XAR\" }}, {{ nation = \"XBR\" }}, {{ nation = \"XCO\" }}]\n+++\n## Article 0\n```clause\ntype = \"informative\"\ntopic = \"costs\"\ntext = \"None.\"\n```\n{clauses}"
    );
    Agreement::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn law(nation: &str, rules: &[&str]) -> NationalLaw {
    let rules: String = rules
        .iter()
        .enumerate()
        .map(|(n, rule)| format!("## Section {}\n```rule\n{rule}\n```\n", n + 1))
        .collect();
    let text = format!(
        "+++\nid = \"{nation}-LAW\"\nnation = \"{nation}\"\ntitle = \"A law\"\n+++\n{rules}"
    );
    NationalLaw::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

const EMERGENCY: &str = "type = \"emergency\"\ntriggers = [\"threat_to_life\"]\nrelaxes = [\"purpose\", \"classification_ceiling\"]\nobligations = []";

/// One clause of every type that can forbid.
const CLAUSES: [&str; 19] = [
    "type = \"purpose\"\nallowed = [\"piracy\"]",
    "type = \"bodies\"\n[authorised]\nXAR = [\"CERT-A\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]",
    "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
    "type = \"classification_floor\"\nlevel = \"RESTRICTED\"",
    "type = \"equivalence\"\nunmapped = \"deny\"\nrows = [{ level = \"RESTRICTED\", markings = { XAR = \"SERVICE\", XBR = \"TJENST\", XCO = \"INTERNO\" } }, { level = \"SECRET\", markings = { XAR = \"SECRET-A\", XBR = \"LUKKET\", XCO = \"SECRETO-C\" } }]",
    "type = \"object_types\"\nallowed = [\"indicator\"]",
    "type = \"data_categories\"\nexcluded = [\"dna\"]",
    "type = \"geographic_scope\"\nareas = [\"strait\"]",
    "type = \"use_restriction\"\nevidence = \"consent\"",
    "type = \"use_restriction\"\nevidence = \"prohibited\"",
    "type = \"personnel_clearance\"\nfrom = \"RESTRICTED\"",
    "type = \"security_standard\"\nfrom = \"RESTRICTED\"",
    "type = \"reciprocity\"\neffect = \"refer\"",
    "type = \"adequacy\"\nderogations = [\"vital_interest\"]",
    "type = \"speciality\"",
    "type = \"dual_criminality\"\nmin_penalty_months = 12\nexempt_offences = [\"fraud\"]",
    "type = \"refusal_grounds\"\nmandatory = [\"torture\"]\noptional = [\"ordre_public\"]\ncurable = { torture = \"assurance\" }",
    "type = \"exercise\"\nreal_data = \"prohibited\"",
    "type = \"volume\"\nmax_records = 500",
];

const RULES: [&str; 6] = [
    "type = \"own_national\"\ndirection = \"export\"\neffect = \"forbid\"\nunless = [\"judicial_authorisation\"]",
    "type = \"special_category\"\ndirection = \"export\"\neffect = \"forbid\"\ncategories = [\"health\"]",
    "type = \"retention_expired\"\ndirection = \"export\"\neffect = \"forbid\"\nmax_age_days = 30",
    "type = \"minor\"\ndirection = \"import\"\neffect = \"forbid\"\nage_below = 18",
    "type = \"death_penalty\"\ndirection = \"export\"\neffect = \"forbid\"",
    "type = \"bulk_data\"\ndirection = \"export\"\neffect = \"refer\"\nauthority = \"BOARD\"\nmax_records = 10",
];

fn ask(
    agreements: &[Agreement],
    laws: &[NationalLaw],
    amends: Option<&Agreement>,
    properties: &[Property],
) -> Vec<Finding> {
    let schemes = Schemes::builtin();
    let pack = Pack { agreements, laws, schemes: &schemes, amends };
    prove(&pack, properties, &mut [Once, Once]).unwrap()
}

fn own(condition: &str) -> Property {
    let text = format!(
        "@id(\"own\") forbid (principal, action == Action::\"release\", resource) when {{ {condition} }};"
    );
    Property::Own(Box::new(OwnProperty::parse(&text).unwrap().remove(0)))
}

#[track_caller]
fn proved(findings: &[Finding]) {
    for finding in findings {
        assert_eq!(finding.verdict, Verdict::Proved, "{}", finding.claim);
    }
    assert!(!findings.is_empty());
}

/// A counterexample whose decision releases.
#[track_caller]
fn refuted(findings: &[Finding]) -> &Scenario {
    let refuted = findings.iter().find_map(|f| match &f.verdict {
        Verdict::Counterexample(found) => Some(found),
        Verdict::Proved | Verdict::NotProved(_) => None,
    });
    let found = refuted.unwrap_or_else(|| panic!("{findings:#?}"));
    &found.scenario
}

/// The conditions under which a clause denies or refers, written for its nations.
fn faults(agreement: &Agreement, laws: &[NationalLaw], id: &str) -> String {
    let rules = super::property::compiled(agreement, laws, &Schemes::builtin());
    let bars = fence::release(&rules, &rules.treaties[0]);
    let own: Vec<String> = bars
        .iter()
        .filter(|b| b.origin.id == id && b.effect >= Effect::Refer)
        .map(|b| format!("({})", b.condition))
        .collect();
    own.join(" || ")
}

#[test]
fn what_a_clause_forbids_is_proved_with_it_and_refuted_without_it() {
    if !has_solver() {
        return;
    }
    for clause in CLAUSES {
        let with = agreement("A", &[clause]);
        let without = agreement("A", &[]);
        let property = own(&faults(&with, &[], "A/1"));
        proved(&ask(std::slice::from_ref(&with), &[], None, std::slice::from_ref(&property)));
        if clause.contains("\"exercise\"") {
            // Without the clause nothing goes in an exercise at all.
            continue;
        }
        let found = ask(std::slice::from_ref(&without), &[], None, &[property]);
        refuted(&found);
    }
}

#[test]
fn what_a_law_forbids_is_proved_with_it_and_refuted_without_it() {
    if !has_solver() {
        return;
    }
    let agreement = agreement("A", &[]);
    for rule in RULES {
        let nation = if rule.contains("import") { "XBR" } else { "XAR" };
        let with = law(nation, &[rule]);
        let property =
            own(&faults(&agreement, std::slice::from_ref(&with), &format!("{nation}-LAW/1")));
        let one = std::slice::from_ref(&agreement);
        proved(&ask(one, std::slice::from_ref(&with), None, std::slice::from_ref(&property)));
        refuted(&ask(one, &[], None, &[property]));
    }
}

#[test]
fn the_library_of_properties_answers_as_the_texts_say() {
    if !has_solver() {
        return;
    }
    let plain = [agreement("A", &[])];
    let none: &[NationalLaw] = &[];
    proved(&ask(
        &plain,
        none,
        None,
        &[Property::Noforn, Property::NeverErrors, Property::AbsoluteLaws],
    ));
    // Nobody's law protects nationals; then one does, for the nation's own and with an exception.
    refuted(&ask(&plain, none, None, &[Property::OwnNationals(None)]));
    let guarded: Vec<NationalLaw> = ["XAR", "XBR", "XCO"]
        .map(|n| law(n, &["type = \"own_national\"\ndirection = \"export\"\neffect = \"forbid\""]))
        .into();
    proved(&ask(&plain, &guarded, None, &[Property::OwnNationals(None), Property::AbsoluteLaws]));
    let excepted = [law("XAR", &[RULES[0]])];
    let to: NationCode = "XBR".parse().unwrap();
    let found = ask(&plain, &excepted, None, &[Property::OwnNationals(Some(to))]);
    assert_eq!(refuted(&found).recipient.nation, to);
    // The third-party rule, in its three forms and by default.
    for (rule, without_consent, never) in [
        ("originator_consent", true, false),
        ("parties_allowed", false, false),
        ("prohibited", true, true),
    ] {
        let one = [agreement("A", &[&format!("type = \"third_party\"\nrule = \"{rule}\"")])];
        for (property, holds) in
            [(Property::NoOnwardWithoutConsent, without_consent), (Property::NoOnward, never)]
        {
            let found = ask(&one, none, None, &[property]);
            if holds {
                proved(&found);
            } else {
                let case = refuted(&found);
                assert_eq!(case.facts.provenance.len(), 1, "{rule}");
            }
        }
    }
    proved(&ask(&plain, none, None, &[Property::NoOnwardWithoutConsent]));
}

#[test]
fn an_amendment_narrows_or_a_case_shows_that_it_does_not() {
    if !has_solver() {
        return;
    }
    let ceiling = |level: &str| format!("type = \"classification_ceiling\"\nlevel = \"{level}\"");
    let low = agreement("A", &[&ceiling("RESTRICTED")]);
    let high = agreement("A", &[&ceiling("SECRET")]);
    let narrows = [Property::OnlyNarrows];
    proved(&ask(std::slice::from_ref(&low), &[], Some(&high), &narrows));
    let found = ask(std::slice::from_ref(&high), &[], Some(&low), &narrows);
    assert!(refuted(&found).label.class > 1);
    for (old, new, holds) in [
        (
            "type = \"reciprocity\"\neffect = \"deny\"",
            "type = \"reciprocity\"\neffect = \"refer\"",
            false,
        ),
        (
            "type = \"reciprocity\"\neffect = \"refer\"",
            "type = \"reciprocity\"\neffect = \"deny\"",
            true,
        ),
        (
            "type = \"third_party\"\nrule = \"prohibited\"",
            "type = \"third_party\"\nrule = \"originator_consent\"",
            false,
        ),
        (
            "type = \"third_party\"\nrule = \"parties_allowed\"",
            "type = \"third_party\"\nrule = \"originator_consent\"",
            true,
        ),
        (
            "type = \"query_mode\"\nmode = \"hit_no_hit\"",
            "type = \"volume\"\nmax_records = 5",
            false,
        ),
        ("type = \"volume\"\nmax_records = 500", "type = \"volume\"\nmax_records = 50", true),
    ] {
        let found = ask(&[agreement("A", &[new])], &[], Some(&agreement("A", &[old])), &narrows);
        match (&found[0].verdict, holds) {
            (Verdict::Proved, true) | (Verdict::Counterexample(_), false) => {}
            _ => panic!("{old} -> {new}: {:#?}", found[0].verdict),
        }
    }
    // An emergency is no part of the policies, and counts all the same.
    let set_aside = agreement("A", &[&ceiling("RESTRICTED"), EMERGENCY]);
    let found = ask(std::slice::from_ref(&set_aside), &[], Some(&low), &narrows);
    assert_eq!(refuted(&found).transfer.emergency.as_deref(), Some("threat_to_life"));
    proved(&ask(&[low], &[], Some(&set_aside), &narrows));
    // A group that grows lets labels reach further.
    let grouped = |members: &str| {
        let text = agreement("A", &[])
            .text()
            .replace("+++\n##", &format!("[groups]\nTWO2 = [{members}]\n+++\n##"));
        Agreement::parse(&text).unwrap()
    };
    let (two, three) = (grouped("\"XAR\", \"XBR\""), grouped("\"XAR\", \"XBR\", \"XCO\""));
    let found = ask(std::slice::from_ref(&three), &[], Some(&two), &narrows);
    assert_eq!(refuted(&found).recipient.nation.as_str(), "XCO");
    proved(&ask(&[two], &[], Some(&three), &narrows));
}

#[test]
fn agreements_contradict_where_one_denies_what_both_cover() {
    if !has_solver() {
        return;
    }
    let low = agreement(
        "A",
        &[
            "type = \"purpose\"\nallowed = [\"piracy\"]",
            "type = \"classification_ceiling\"\nlevel = \"RESTRICTED\"",
        ],
    );
    let high = agreement(
        "B",
        &[
            "type = \"purpose\"\nallowed = [\"piracy\"]",
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
        ],
    );
    let apart = agreement(
        "C",
        &[
            "type = \"purpose\"\nallowed = [\"smuggling\"]",
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
        ],
    );
    let found = ask(&[low, high], &[], None, &[Property::NoContradiction]);
    assert_eq!(refuted(&found).transfer.purpose, "piracy");
    let low = agreement(
        "A",
        &[
            "type = \"purpose\"\nallowed = [\"piracy\"]",
            "type = \"classification_ceiling\"\nlevel = \"RESTRICTED\"",
        ],
    );
    proved(&ask(&[low, apart], &[], None, &[Property::NoContradiction]));
}

/// A prohibition that is lost on the way to the policies is noticed: what was proved is refuted,
/// and the decision agrees.
#[test]
fn a_lost_control_or_law_turns_a_proof_into_a_case() {
    if !has_solver() {
        return;
    }
    let schemes = Schemes::builtin();
    let agreements = [agreement("A", &[])];
    let laws = [law("XAR", &[RULES[1]])];
    let pack = Pack { agreements: &agreements, laws: &laws, schemes: &schemes, amends: None };
    let properties = [Property::Noforn, Property::AbsoluteLaws];
    proved(&prove(&pack, &properties, &mut [Once]).unwrap());
    let mut solver = Once;
    let mut prover = Prover::new(&pack, &mut solver).unwrap();
    for rules in prover.rules_mut() {
        let nothing = rules.book.set(&[]).unwrap();
        rules.controls.insert("NOFORN", nothing);
    }
    refuted(&prover.prove(0, &properties[..1]).unwrap());
    let mut solver = Once;
    let mut prover = Prover::new(&pack, &mut solver).unwrap();
    for rules in prover.rules_mut() {
        rules.laws.clear();
    }
    refuted(&prover.prove(0, &properties[1..]).unwrap());
}

/// A rule that has no answer in some case is found.
#[test]
fn a_rule_that_can_fail_is_not_proved_never_to() {
    if !has_solver() {
        return;
    }
    let schemes = Schemes::builtin();
    let agreements = [agreement("A", &[])];
    let pack = Pack { agreements: &agreements, laws: &[], schemes: &schemes, amends: None };
    let mut solver = Once;
    let mut prover = Prover::new(&pack, &mut solver).unwrap();
    for rules in prover.rules_mut() {
        let origin = rules.book.get(0).unwrap().origin.clone();
        let forbid = Forbid::deny("X", "context.records * 4611686018427387904 > 1", "it is so");
        let position = rules.book.add(Action::Release, &origin, forbid).unwrap();
        rules.object_flags = rules.book.set(&[position]).unwrap();
    }
    let found = prover.prove(0, &[Property::NeverErrors]).unwrap();
    assert!(matches!(found[0].verdict, Verdict::Counterexample(_)), "{found:#?}");
}

#[test]
fn own_properties_are_checked_before_they_are_asked() {
    let head = "forbid (principal, action == Action::\"release\", resource)";
    for (text, said) in [
        ("nonsense", "it is not Cedar"),
        ("", "it has no property"),
        (&format!("{head} when {{ context.levle > 1 }};"), "levle"),
        (&format!("{head};"), "needs one `when"),
        (&format!("{head} when {{ true }} unless {{ context.level > 1 }};"), "needs one `when"),
        (
            "permit (principal, action == Action::\"release\", resource) when { context.level > 1 };",
            "is a permit",
        ),
        ("forbid (principal, action, resource) when { true };", "must say `action"),
    ] {
        let wrong = OwnProperty::parse(text).unwrap_err();
        assert!(wrong.contains(said), "{text}: {wrong}");
    }
    let right = OwnProperty::parse(&format!(
        "@id(\"high\") @says(\"nothing above SECRET\") {head} when {{ context.level > 3 }};"
    ));
    assert_eq!(right.unwrap()[0].name(), "high");
}

#[test]
fn without_an_answer_nothing_is_proved() {
    struct Dumb;
    impl Solver for Dumb {
        fn solve(&mut self, _: &str) -> Result<Satisfiable, SolverFault> {
            Err(SolverFault("the solver is not installed".to_owned()))
        }
    }
    struct Unsure;
    impl Solver for Unsure {
        fn solve(&mut self, _: &str) -> Result<Satisfiable, SolverFault> {
            Ok(Satisfiable::Unknown)
        }
    }
    let schemes = Schemes::builtin();
    let agreements = [agreement("A", &["type = \"purpose\"\nallowed = [\"piracy\"]"])];
    let pack = Pack { agreements: &agreements, laws: &[], schemes: &schemes, amends: None };
    let property = [own("context.level > 3")];
    for (solver, why) in
        [(&mut Dumb as &mut dyn Solver, "not installed"), (&mut Unsure, "does not know")]
    {
        let found = prove(&pack, &property, &mut [solver]).unwrap();
        match &found[0].verdict {
            Verdict::NotProved(said) => assert!(said.contains(why), "{said}"),
            Verdict::Proved | Verdict::Counterexample(_) => panic!("{found:#?}"),
        }
    }
}

/// What agreements let go is mostly found by trying; what they do not, only a solver can say.
#[test]
fn a_case_that_goes_is_found_without_a_solver_and_a_proof_never() {
    struct Absent;
    impl Solver for Absent {
        fn solve(&mut self, _: &str) -> Result<Satisfiable, SolverFault> {
            Err(SolverFault("the solver is not installed".to_owned()))
        }
    }
    let schemes = Schemes::builtin();
    // Much has to be right at once for anything to go.
    let narrow = [
        "type = \"purpose\"\nallowed = [\"piracy\"]",
        "type = \"bodies\"\n[authorised]\nXAR = [\"CERT-A\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]",
        "type = \"classification_floor\"\nlevel = \"RESTRICTED\"",
        "type = \"object_types\"\nallowed = [\"indicator\"]",
        "type = \"geographic_scope\"\nareas = [\"strait\"]",
    ];
    let agreements = [agreement("A", &narrow)];
    let guard = |more: &str| {
        let rule = "type = \"own_national\"\ndirection = \"export\"\neffect = \"forbid\"";
        law("XAR", &[&format!("{rule}{more}")])
    };
    let ask = |laws: &[NationalLaw]| {
        let pack = Pack { agreements: &agreements, laws, schemes: &schemes, amends: None };
        prove(&pack, &[Property::OwnNationals(None)], &mut [Absent]).unwrap()
    };
    let found = ask(&[guard("\nunless = [\"judicial_authorisation\"]")]);
    assert_eq!(found.len(), 3);
    for finding in &found {
        let case = refuted(std::slice::from_ref(finding));
        let sender = case.transfer.sender;
        assert_eq!(case.facts.persons[0].nationalities, [sender]);
        assert_ne!(case.recipient.nation, sender);
        let excepted = case.transfer.facts == ["judicial_authorisation"];
        assert_eq!(excepted, sender.as_str() == "XAR");
    }
    // Without an exception there is nothing to find.
    let found = ask(&[guard("")]);
    assert!(matches!(found[0].verdict, Verdict::NotProved(_)), "{:#?}", found[0]);
    refuted(&found[1..]);
}

/// The compiler goes as deep as an agreement is long.
#[test]
fn agreements_of_as_many_clauses_as_there_may_be_are_proved_about() {
    if !has_solver() {
        return;
    }
    let long = |code: &str, from: usize| {
        let clauses: Vec<String> = (from..from + crate::agreement::CLAUSES_MAX - 1)
            .map(|n| format!("type = \"data_categories\"\nexcluded = [\"c{n}\"]"))
            .collect();
        agreement(code, &clauses.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let both = [long("A", 200), long("B", 300)];
    proved(&ask(&both[..1], &[], None, &[own("context.data_categories.contains(\"c200\")")]));
    refuted(&ask(&both, &[], None, &[Property::NoContradiction]));
}

/// A random case over everything that the rules can tell apart.
fn random(
    space: &Space,
    names: &[&'static str],
    schemes: &Schemes,
    runner: &mut TestRunner,
) -> Option<Scenario> {
    let mut point = Point::new();
    for name in names.iter().copied().chain(["sender", "recipient", "level"]) {
        let choices = space.choices(name);
        let at = (0..choices.len()).new_tree(runner).unwrap().current();
        point.insert(name, choices[at].clone());
    }
    if point["sender"] == point["recipient"] {
        return None;
    }
    point.insert("at", Setting::At(crate::time::day_start("2035-01-01").unwrap()));
    build(&point, schemes)
}

/// The formula that is proved about is the decision: on random cases both say the same.
#[test]
fn the_fence_and_the_decision_agree() {
    let schemes = with_ladder(&Schemes::builtin());
    let mut clauses: Vec<&str> = CLAUSES.to_vec();
    clauses.push(EMERGENCY);
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let (mut went, mut stayed) = (0, 0);
    for round in 0..120_usize {
        // A few clauses at a time, so that something goes.
        let some: Vec<&str> = clauses
            .iter()
            .enumerate()
            .filter(|(n, _)| (round * 7 + n * 13) % 6 == 0)
            .map(|(_, c)| *c)
            .collect();
        let rules_of: Vec<&str> = RULES
            .iter()
            .enumerate()
            .filter(|(n, _)| (round + n) % 3 == 0)
            .map(|(_, r)| *r)
            .collect();
        let agreement = agreement("A", &some);
        let laws: Vec<NationalLaw> =
            if rules_of.is_empty() { vec![] } else { vec![law("XAR", &rules_of)] };
        let rules = super::property::compiled(&agreement, &laws, &schemes);
        let treaty = &rules.treaties[0];
        let bars = fence::release(&rules, treaty);
        let mut space = Space::default();
        space.nations.extend(treaty.parties.keys());
        let mut names = std::collections::BTreeSet::from(["emergency"]);
        space
            .words
            .insert("emergency", std::collections::BTreeSet::from(["threat_to_life".to_owned()]));
        for (scope, position) in rules.reach() {
            if scope != crate::clause::Scope::Onward {
                let read = footprint::of(scope, &rules.book.get(position).unwrap().forbid).unwrap();
                names.extend(read.names.iter().copied());
                space.add(&read);
            }
        }
        let stops: Vec<_> = bars.iter().map(|b| (b, parsed(&b.condition))).collect();
        let never: Vec<_> =
            fence::impossible(&rules, treaty).into_iter().map(|n| (parsed(&n), n)).collect();
        let names: Vec<&'static str> = names.into_iter().filter(|n| *n != "at").collect();
        for _ in 0..6 {
            let Some(case) = random(&space, &names, &schemes, &mut runner) else { continue };
            let ruling = rules.decide(&case.case());
            let context = crate::decide::attributes_of(&rules, &case.case()).unwrap();
            let worst = stops
                .iter()
                .filter(|(_, set)| holds(set, &context, &case))
                .map(|(bar, _)| bar.effect)
                .max();
            let expected = match worst {
                Some(Effect::Deny) => Decision::Deny,
                Some(Effect::Refer) => Decision::Refer,
                Some(Effect::Modify) => Decision::PermitModified,
                None => Decision::Permit,
            };
            assert_eq!(ruling.decision, expected, "{case:#?}\n{ruling:#?}");
            // What is held to be impossible does not happen.
            for (set, never) in &never {
                assert!(!holds(set, &context, &case), "{never}: {case:#?}");
            }
            if ruling.decision.releases() { went += 1 } else { stayed += 1 }
        }
    }
    assert!(went > 50 && stayed > 50, "{went} went, {stayed} stayed");
}

fn parsed(condition: &str) -> cedar_policy::PolicySet {
    format!("permit (principal, action, resource) when {{ {condition} }};").parse().unwrap()
}

/// Whether a condition holds of a case, by the engine.
fn holds(set: &cedar_policy::PolicySet, attributes: &Attributes, case: &Scenario) -> bool {
    let mut attributes = attributes.clone();
    attributes.maybe_text("emergency", case.transfer.emergency.as_deref());
    let uid = |text: &str| -> cedar_policy::EntityUid { text.parse().unwrap() };
    let request = cedar_policy::Request::new(
        uid("Nation::\"recipient\""),
        uid("Action::\"release\""),
        uid("Unit::\"unit\""),
        attributes.context().unwrap(),
        None,
    )
    .unwrap();
    let response = cedar_policy::Authorizer::new().is_authorized(
        &request,
        set,
        &cedar_policy::Entities::empty(),
    );
    assert!(response.diagnostics().errors().next().is_none(), "{set}");
    response.decision() == cedar_policy::Decision::Allow
}

/// What is proved never to go is looked for at random, with NOFORN, REL TO and foreign information
/// added: it never goes.
#[test]
fn nothing_random_refutes_what_was_proved() {
    let schemes = Schemes::builtin();
    let text = include_str!("../../../../agreements/ember-strait.md");
    let ember = Agreement::parse(text).unwrap();
    let laws =
        [law("XBR", &["type = \"own_national\"\ndirection = \"export\"\neffect = \"forbid\""])];
    let rules = super::property::compiled(&ember, &laws, &schemes);
    let xbr: NationCode = "XBR".parse().unwrap();
    let strategy = (0_u8..3, any::<[bool; 8]>(), 0_usize..4, 0_usize..7);
    let mut runner = TestRunner::deterministic();
    for _ in 0..3000 {
        let (level, flags, to, purpose) = strategy.new_tree(&mut runner).unwrap().current();
        let [noforn, rel, national, foreign, consent, query, evidence, exercise] = flags;
        let recipient = ["XAR", "XCO", "XDO", "XEL"][to];
        let body = ["CERT-A", "CERT-C", "CERT-D", "CERT-E"][to];
        let purpose =
            ["piracy", "cyber_defence", "smuggling", "other", "piracy", "piracy", "piracy"]
                [purpose];
        let mut point = Point::from([
            ("sender", Setting::Nation(xbr)),
            ("recipient", Setting::Nation(recipient.parse().unwrap())),
            ("sender_body", Setting::Word("CERT-B".into())),
            ("recipient_body", Setting::Word(body.into())),
            ("purpose", Setting::Word(purpose.into())),
            ("object_type", Setting::Word("indicator".into())),
            ("level", Setting::Level(level)),
            ("at", Setting::At(crate::time::day_start("2035-01-01").unwrap())),
        ]);
        if national {
            point.insert("nationalities", Setting::Maybe(Some("XBR".into())));
        }
        if foreign {
            let from = ("XAR".parse().unwrap(), "ESM-MISA".to_owned());
            point.insert("provider", Setting::Foreign(Some(from)));
            point.insert("release_from", Setting::Yes(consent));
        }
        let Some(mut case) = build(&point, &schemes) else { continue };
        case.transfer.kind =
            if query { TransferKind::QueryResponse } else { TransferKind::Release };
        case.transfer.use_ = if evidence { Use::Evidence } else { Use::Intelligence };
        case.transfer.exercise = exercise;
        case.transfer.facts = vec!["vital_interest".into(), "judicial_authorisation".into()];
        case.transfer.offence =
            Some(Offence { kind: "fraud".into(), criminal_in_sender: true, max_penalty_months: 9 });
        case.recipient.data_protection = DataProtection::None;
        case.consents.push(Consent {
            kind: ConsentKind::EvidenceUse,
            from: "XBR".into(),
            to: vec!["*".into()],
        });
        if noforn {
            let mut control = listing("NOFORN", "");
            control.values.clear();
            case.label.controls.push(control);
        }
        if rel {
            case.label.controls.push(listing("REL_TO", recipient));
        }
        let ruling = rules.decide(&case.case());
        if ruling.decision.releases() {
            assert!(!noforn && !national, "{case:#?}");
            let onward = foreign && recipient != "XAR";
            assert!(!onward || consent, "{case:#?}");
        }
    }
    if has_solver() {
        let agreements = [ember];
        let properties =
            [Property::Noforn, Property::NoOnwardWithoutConsent, Property::AbsoluteLaws];
        proved(&ask(&agreements, &laws, None, &properties));
    }
}
