//! The library of agreements and laws, each beside a table of decisions that a lawyer can review.
//!
//! Every text under `agreements/` and `laws/` has a file of cases and a table of what they come
//! to. A table that differs fails, and so does a text without one. Set `ENTENTE_BLESS` to write
//! the tables anew, and read what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use entente_law::layout::{agreement_layout, law_layout};
use entente_law::summary::Side;
use entente_law::template::TEMPLATES;
use entente_law::{Agreement, Schemes, bind};
use entente_model::{Decision, NationCode, NationId};

use crate::cases::{self, Questions, ask, root, texts};

/// The reason code that tells that a clause of a type was not met. Types without one only oblige,
/// inform, or set others aside.
const FAILS: [(&str, &str); 20] = [
    ("adequacy", "NO_ADEQUATE_PROTECTION"),
    ("bodies", "BODY_NOT_AUTHORISED"),
    ("classification_ceiling", "CLASSIFICATION_ABOVE_CEILING"),
    ("classification_floor", "CLASSIFICATION_BELOW_FLOOR"),
    ("data_categories", "DATA_CATEGORY_EXCLUDED"),
    ("dual_criminality", "DUAL_CRIMINALITY_NOT_MET"),
    ("equivalence", "NO_EQUIVALENT_LEVEL"),
    ("exercise", "REAL_DATA_IN_EXERCISE"),
    ("geographic_scope", "OUTSIDE_GEOGRAPHIC_SCOPE"),
    ("object_types", "OBJECT_TYPE_NOT_COVERED"),
    ("personnel_clearance", "CLEARANCE_INSUFFICIENT"),
    ("purpose", "PURPOSE_NOT_COVERED"),
    ("query_mode", "QUERY_HIT_ONLY"),
    ("reciprocity", "RECIPROCITY_NOT_MET"),
    ("refusal_grounds", "REFUSAL_GROUND:"),
    ("security_standard", "FACILITY_NOT_ACCREDITED"),
    ("speciality", "SPECIALITY_CONSENT_REQUIRED"),
    ("third_party", "ORIGINATOR_CONSENT_REQUIRED"),
    ("use_restriction", "EVIDENCE_USE_"),
    ("volume", "VOLUME_LIMIT_EXCEEDED"),
];

/// All types of clause of the decision vocabulary.
const CLAUSE_TYPES: usize = 25;
/// All types of rule.
const RULE_TYPES: usize = 17;

fn table(questions: &Questions) -> String {
    let title = &questions.title;
    let mut out = format!("{title}\n{}\n\n", "=".repeat(title.chars().count()));
    writeln!(out, "On {}.", questions.at).unwrap();
    for agreement in &questions.agreements {
        writeln!(out, "In force: {} ({}).", agreement.code(), agreement.title()).unwrap();
    }
    for law in &questions.laws {
        writeln!(out, "Law of {}: {} ({}).", law.nation(), law.code(), law.title()).unwrap();
    }
    writeln!(out, "\nUnless a case says otherwise:").unwrap();
    for member in &questions.cast {
        writeln!(out, "   {member}.").unwrap();
    }
    for (n, case) in questions.cases.iter().enumerate() {
        writeln!(out, "\n{}. {}", n + 1, case.title).unwrap();
        writeln!(out, "   {} from {}, purpose {}", case.label, case.from, case.purpose).unwrap();
        if !case.besides.is_empty() {
            writeln!(out, "   {}", case.besides.join("; ")).unwrap();
        }
        for answer in &case.answers {
            let word = answer.ruling.decision.as_str().replace('_', " ");
            writeln!(out, "   -> {}: {}", answer.recipient, word.to_uppercase()).unwrap();
            for sentence in &answer.ruling.explanation {
                writeln!(out, "      {sentence}").unwrap();
            }
        }
    }
    out
}

/// Compares every table of a folder, or writes them anew.
fn compare(folder: &str) {
    let mut wrong = Vec::new();
    for stem in texts(folder) {
        let path = format!("{folder}/{stem}.decisions.txt");
        let actual = table(&ask(folder, &stem));
        if option_env!("ENTENTE_BLESS").is_some() {
            fs::write(root().join(&path), &actual).unwrap();
            continue;
        }
        let expected = fs::read_to_string(root().join(&path)).unwrap_or_default();
        if expected != actual {
            let first = expected.lines().zip(actual.lines()).find(|(e, a)| e != a);
            wrong.push(format!("{path} differs, first in {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_tables_of_the_agreements_are_as_reviewed() {
    compare("agreements");
}

#[test]
fn the_tables_of_the_laws_are_as_reviewed() {
    compare("laws");
}

#[test]
fn every_table_belongs_to_a_text() {
    for folder in ["agreements", "laws"] {
        let stems = texts(folder);
        assert!(stems.len() >= 6, "{folder}: {stems:?}");
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let stem = name.split('.').next().unwrap();
            assert!(stem == "README" || stems.iter().any(|s| s == stem), "{folder}/{name}");
        }
    }
}

#[test]
fn the_texts_have_the_canonical_layout_and_no_doubts() {
    for (folder, stem) in
        ["agreements", "laws"].iter().flat_map(|f| texts(f).into_iter().map(move |stem| (*f, stem)))
    {
        let path = format!("{folder}/{stem}.md");
        let text = cases::read(&path);
        let laid = if folder == "agreements" {
            let agreement = cases::agreement(&path);
            assert_eq!(agreement.doubts(), [], "{path}");
            assert_eq!(agreement.unknown_markings(&Schemes::builtin()), [], "{path}");
            agreement_layout(&text)
        } else {
            let law = cases::law(&path);
            let said: usize = law.summary().iter().map(|(_, rules)| rules.len()).sum();
            assert_eq!(said, law.rules().count(), "{path}");
            let raw = law.rules().find(|(.., says)| says.contains('{'));
            assert_eq!(raw, None, "{path}: a sentence names no particular case");
            law_layout(&text)
        };
        let laid = laid.unwrap();
        if option_env!("ENTENTE_BLESS").is_some() {
            fs::write(root().join(&path), &laid).unwrap();
        } else {
            assert!(
                laid == text,
                "{path} is not laid out; run `entente {} fmt`",
                folder.trim_end_matches('s')
            );
        }
    }
}

#[test]
fn every_agreement_is_a_template_and_every_party_gets_a_summary() {
    let names: Vec<&str> = TEMPLATES.iter().map(|t| t.name).collect();
    assert_eq!(names, texts("agreements"));
    for stem in texts("agreements") {
        let agreement = cases::agreement(&format!("agreements/{stem}.md"));
        for party in agreement.parties() {
            let summary = agreement.summary(party.nation, &Schemes::builtin());
            for side in [Side::MustGive, Side::MayGive, Side::Gets] {
                assert!(
                    summary.iter().any(|s| s.side == side),
                    "{stem}, {}: {side:?}",
                    party.nation
                );
            }
            let told: BTreeSet<&str> = summary.iter().filter_map(|s| s.clause.as_deref()).collect();
            let clauses: BTreeSet<&str> = agreement.clauses().map(|(id, ..)| id).collect();
            assert_eq!(told, clauses, "{stem}: every clause has something to say");
        }
    }
}

/// What the tables show of each type: that it was met, and that it was not.
#[derive(Default)]
struct Shown {
    there: BTreeSet<String>,
    met: BTreeSet<String>,
    failed: BTreeSet<String>,
}

#[test]
fn the_tables_show_every_type_of_clause_met_and_not_met() {
    let mut shown = Shown::default();
    for stem in texts("agreements") {
        let questions = ask("agreements", &stem);
        let own = &questions.agreements[0];
        let kinds: BTreeMap<&str, &str> = own.clauses().map(|(id, kind, _)| (id, kind)).collect();
        shown.there.extend(kinds.values().map(|kind| (*kind).to_owned()));
        for ruling in questions.cases.iter().flat_map(|c| &c.answers).map(|a| &a.ruling) {
            let failed: Vec<&str> = FAILS
                .iter()
                .filter(|(kind, code)| {
                    kinds.values().any(|k| k == kind)
                        && ruling.reason_codes.iter().any(|c| c.starts_with(code))
                })
                .map(|(kind, _)| *kind)
                .collect();
            if matches!(ruling.decision, Decision::Permit | Decision::PermitModified) {
                let cited = ruling.clauses.iter().filter_map(|id| kinds.get(id.as_str()));
                let met = cited.filter(|kind| !failed.contains(*kind));
                shown.met.extend(met.map(|kind| (*kind).to_owned()));
            }
            shown.failed.extend(failed.iter().map(|kind| (*kind).to_owned()));
        }
    }
    // An informative clause has no part in any decision.
    shown.met.insert("informative".to_owned());
    assert_eq!(shown.there.len(), CLAUSE_TYPES, "{:?}", shown.there);
    assert_eq!(shown.met, shown.there, "each is met somewhere");
    let both: Vec<&str> = FAILS.map(|(kind, _)| kind).into();
    let failed: Vec<&str> = shown.failed.iter().map(String::as_str).collect();
    assert_eq!(failed, both, "each that can fail fails somewhere");
}

#[test]
fn the_tables_show_every_type_of_rule_at_work_and_lifted() {
    let (mut there, mut at_work, mut idle) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for stem in texts("laws") {
        let questions = ask("laws", &stem);
        let own = &questions.laws[0];
        let kinds: Vec<(String, String)> =
            own.rules().map(|(id, kind, _)| (id.to_owned(), kind.to_owned())).collect();
        there.extend(kinds.iter().map(|(_, kind)| kind.clone()));
        for ruling in questions.cases.iter().flat_map(|c| &c.answers).map(|a| &a.ruling) {
            for (id, kind) in &kinds {
                let seen = if ruling.clauses.contains(id) { &mut at_work } else { &mut idle };
                seen.insert(kind.clone());
            }
        }
    }
    assert_eq!(there.len(), RULE_TYPES, "{there:?}");
    assert_eq!(at_work, there, "each rule is at work somewhere");
    assert_eq!(idle, there, "each rule is idle somewhere");
}

fn ember_strait() -> String {
    cases::read("agreements/ember-strait.md")
}

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

#[test]
fn binding_writes_the_identities_and_nothing_else() {
    let draft = ember_strait();
    let identities: Vec<(NationCode, NationId)> = ["XAR", "XBR", "XCO", "XDO", "XEL"]
        .iter()
        .zip(1u8..)
        .map(|(code, n)| (nation(code), NationId::from_array([n; 32])))
        .collect();
    assert!(!Agreement::parse(&draft).unwrap().is_bound());
    let bound = bind(&draft, &identities).unwrap();
    let agreement = Agreement::parse(&bound).unwrap();
    assert!(agreement.is_bound());
    assert_eq!(agreement.parties()[2].id, Some(NationId::from_array([3; 32])));
    let without: String =
        bound.split_inclusive('\n').filter(|l| !l.starts_with("nation_id")).collect();
    assert_eq!(without, draft);
    assert_eq!(bind(&bound, &identities).unwrap(), bound);
    let missing = bind(&draft, &identities[..4]).unwrap_err().to_string();
    assert!(missing.contains("the identity of party XEL is not known here"), "{missing}");
}

#[test]
fn a_wrong_agreement_names_every_problem_with_its_line() {
    let wrong = ember_strait()
        .replace("type = \"retention\"", "type = \"retenton\"")
        .replace("from = \"CONFIDENTIAL\"", "from = \"HIGH\"\nto = \"X\"")
        .replace("survival = true\n", "")
        .replace("## Article 12 — Costs", "<!-- later -->\n## Article 12 — Costs");
    let problems = Agreement::parse(&wrong).unwrap_err();
    let text = problems.to_string();
    for expected in [
        "the key `survival` is missing",
        "`\"retenton\"`: unknown type of clause; did you mean `retention`?",
        "`\"HIGH\"`: unknown level; expected one of UNCLASSIFIED",
        "`to`: unknown key",
        "a comment is invisible to who signs",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(problems.iter().count(), 5, "{text}");
    let retention = wrong.lines().position(|l| l.contains("retenton")).unwrap() + 1;
    assert!(problems.iter().any(|p| p.line == retention), "{text}");
}
