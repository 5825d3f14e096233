//! Proofs that can fail: whatever was proved of a clause or of a rule of national law is no longer
//! proved when it is taken away, weakened or set aside.
//!
//! What must never go is written by hand here, from what the vocabulary says of a type, and not
//! taken from the policy that the type compiles to: a policy that forbids too little is noticed,
//! too. Every counterexample is looked at once more, as to whether the case has the fault and goes.

use std::collections::BTreeSet;

use super::*;

/// A clause or rule of one type.
struct Row {
    kind: &'static str,
    /// Its keys besides the type.
    keys: &'static str,
    /// Keys with which it forbids less, if there are any.
    weaker: Option<&'static str>,
    /// What never goes with it, as a condition of Cedar.
    never: &'static str,
}

const fn row(
    kind: &'static str,
    keys: &'static str,
    weaker: Option<&'static str>,
    never: &'static str,
) -> Row {
    Row { kind, keys, weaker, never }
}

/// Clauses that keep something from going.
const FORBIDDING: [Row; 18] = [
    row(
        "adequacy",
        "derogations = [\"vital_interest\"]",
        Some("derogations = [\"vital_interest\", \"legal_claim\"]"),
        "context.personal_data && context.data_protection == \"none\" && !context.facts.contains(\"vital_interest\")",
    ),
    row(
        "bodies",
        "[authorised]\nXAR = [\"CERT-A\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]",
        Some("[authorised]\nXAR = [\"CERT-A\", \"MOD-A\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]"),
        "(context.sender == \"XAR\" && context.sender_body != \"CERT-A\") || (context.recipient == \"XBR\" && context.recipient_body != \"CERT-B\")",
    ),
    row(
        "classification_ceiling",
        "level = \"SECRET\"",
        Some("level = \"TOP_SECRET\""),
        "context.level > 3",
    ),
    row(
        "classification_floor",
        "level = \"CONFIDENTIAL\"",
        Some("level = \"RESTRICTED\""),
        "context.level < 2",
    ),
    row(
        "data_categories",
        "excluded = [\"dna\", \"health\"]",
        Some("excluded = [\"health\"]"),
        "context.data_categories.contains(\"dna\")",
    ),
    row(
        "dual_criminality",
        "min_penalty_months = 12\nexempt_offences = [\"fraud\"]",
        Some("min_penalty_months = 6\nexempt_offences = [\"fraud\"]"),
        "context has offence && context.offence.kind != \"fraud\" && (!context.offence.criminal_in_sender || context.offence.max_penalty_months < 12)",
    ),
    row(
        "equivalence",
        "unmapped = \"deny\"\nrows = [{ level = \"RESTRICTED\", markings = { XAR = \"SERVICE\", XBR = \"TJENST\", XCO = \"INTERNO\" } }, { level = \"SECRET\", markings = { XAR = \"SECRET-A\", XBR = \"LUKKET\", XCO = \"SECRETO-C\" } }]",
        Some(
            "unmapped = \"next_higher\"\nrows = [{ level = \"RESTRICTED\", markings = { XAR = \"SERVICE\", XBR = \"TJENST\", XCO = \"INTERNO\" } }, { level = \"SECRET\", markings = { XAR = \"SECRET-A\", XBR = \"LUKKET\", XCO = \"SECRETO-C\" } }]",
        ),
        "context.level == 2 || context.level == 4",
    ),
    row(
        "geographic_scope",
        "areas = [\"strait\"]",
        Some("areas = [\"strait\", \"harbour\"]"),
        "context has area && context.area != \"strait\"",
    ),
    row(
        "object_types",
        "allowed = [\"indicator\"]",
        Some("allowed = [\"indicator\", \"report\"]"),
        "context.object_type != \"indicator\"",
    ),
    row(
        "personnel_clearance",
        "from = \"RESTRICTED\"",
        Some("from = \"SECRET\""),
        "context.level >= 1 && context.clearance < context.level",
    ),
    row(
        "purpose",
        "allowed = [\"piracy\"]",
        Some("allowed = [\"piracy\", \"smuggling\"]"),
        "context.purpose != \"piracy\"",
    ),
    row("reciprocity", "effect = \"deny\"", None, "!context.reciprocity_met"),
    row(
        "refusal_grounds",
        "mandatory = [\"torture\"]\noptional = [\"ordre_public\"]\ncurable = { torture = \"assurance\" }",
        Some(
            "mandatory = [\"torture\"]\noptional = [\"ordre_public\"]\ncurable = { torture = \"assurance\", ordre_public = \"assurance\" }",
        ),
        "(context.grounds.contains(\"torture\") && !context.facts.contains(\"assurance\")) || context.grounds.contains(\"ordre_public\")",
    ),
    row(
        "security_standard",
        "from = \"RESTRICTED\"",
        Some("from = \"SECRET\""),
        "context.level >= 1 && context.accredited < context.level",
    ),
    row(
        "speciality",
        "",
        None,
        "context has object_case && !context.facts.contains(\"speciality_waiver\") && !(context has transfer_case && context.transfer_case == context.object_case)",
    ),
    row(
        "use_restriction",
        "evidence = \"prohibited\"",
        Some("evidence = \"consent\""),
        "context.use == \"evidence\"",
    ),
    row(
        "use_restriction",
        "evidence = \"consent\"",
        Some("evidence = \"allowed\""),
        "context.use == \"evidence\" && !context.evidence_from.contains(context.sender)",
    ),
    row("volume", "max_records = 500", Some("max_records = 1000"), "context.records > 500"),
];

/// Clauses that only oblige, or say something.
const OBLIGING: [(&str, &str); 4] = [
    ("breach_notification", "hours = 24"),
    ("deadline", "urgent_direct_hours = 8\nurgent_indirect_days = 3\nnormal_days = 14"),
    ("informative", "topic = \"disputes\"\ntext = \"They are settled.\""),
    ("retention", "max_days = 90"),
];

/// Clauses with a test of their own below.
const PARTICULAR: [&str; 4] = ["emergency", "exercise", "query_mode", "third_party"];

/// Rules of national law: of XAR on what leaves it, or, where it is about imports, of XBR.
const LAWS: [Row; 17] = [
    row(
        "bulk_data",
        "max_records = 10",
        Some("max_records = 100"),
        "context.personal_data && context.records > 10",
    ),
    row("court_seal", "", None, "context.court_sealed"),
    row(
        "death_penalty",
        "",
        None,
        "context.personal_data && context has offence && context.death_penalty_for.contains(context.offence.kind)",
    ),
    row(
        "export_control",
        "categories = [\"exploit_code\", \"weapons\"]",
        Some("categories = [\"weapons\"]"),
        "context.data_categories.contains(\"exploit_code\")",
    ),
    row(
        "human_rights_assessment",
        "nations = [\"XBR\", \"XCO\"]",
        Some("nations = [\"XBR\"]"),
        "context.persons && (context.recipient == \"XBR\" || context.recipient == \"XCO\")",
    ),
    row(
        "import_restriction",
        "categories = [\"bank_data\", \"dna\"]",
        Some("categories = [\"dna\"]"),
        "context.data_categories.contains(\"bank_data\")",
    ),
    row(
        "localisation",
        "categories = [\"register\", \"dna\"]",
        Some("categories = [\"dna\"]"),
        "context.data_categories.contains(\"register\")",
    ),
    row(
        "minor",
        "age_below = 18",
        Some("age_below = 14"),
        "context has youngest && context.youngest < 18",
    ),
    row("necessity_statement", "", None, "context.personal_data"),
    row("own_national", "", None, "context.nationalities.contains(\"XAR\")"),
    row("pending_case", "", None, "context.pending_case"),
    row(
        "privileged_source",
        "classes = [\"lawyer\", \"journalist\"]",
        Some("classes = [\"journalist\"]"),
        "context.roles.contains(\"lawyer\")",
    ),
    row(
        "purpose_limitation",
        "collected_for = \"tax\"\ncompatible = [\"tax_assessment\"]",
        Some("collected_for = \"tax\"\ncompatible = [\"tax_assessment\", \"piracy\"]"),
        "context has collected_for && context.collected_for == \"tax\" && context.purpose != \"tax_assessment\"",
    ),
    row(
        "retention_expired",
        "max_age_days = 30",
        Some("max_age_days = 60"),
        "context.personal_data && !(context has collected_at && context.at - context.collected_at <= 2592000000)",
    ),
    row(
        "special_category",
        "categories = [\"health\", \"religion\"]",
        Some("categories = [\"religion\"]"),
        "context.data_categories.contains(\"health\")",
    ),
    row(
        "torture_risk",
        "levels = [\"medium\", \"high\"]",
        Some("levels = [\"high\"]"),
        "context.persons && context.torture_risk != \"low\"",
    ),
    row(
        "warrant_required",
        "categories = [\"intercept\", \"dna\"]",
        Some("categories = [\"dna\"]"),
        "context.data_categories.contains(\"intercept\")",
    ),
];

fn clause(kind: &str, keys: &str) -> String {
    format!("type = \"{kind}\"\n{keys}")
}

/// An agreement with these clauses.
fn with(clauses: &[&str]) -> Agreement {
    agreement("A", clauses)
}

fn holds_of(agreement: &Agreement, laws: &[NationalLaw], never: &str) {
    let one = std::slice::from_ref(agreement);
    proved(&ask(one, laws, None, &[own(never)]));
}

/// There is a case that goes and has the fault.
#[track_caller]
fn fails_of(what: &str, agreement: &Agreement, laws: &[NationalLaw], never: &str) {
    let found = ask(std::slice::from_ref(agreement), laws, None, &[own(never)]);
    assert!(matches!(found[0].verdict, Verdict::Counterexample(_)), "{what}: {found:#?}");
    let case = refuted(&found);
    let rules = super::super::property::compiled(agreement, laws, &Schemes::builtin());
    assert!(rules.decide(&case.case()).decision.releases(), "{what}: {case:#?}");
    let attributes = crate::decide::attributes_of(&rules, &case.case()).unwrap();
    assert!(holds(&parsed(never), &attributes, case), "{what} has no such fault: {case:#?}");
}

#[track_caller]
fn narrows(what: &str, new: &Agreement, old: &Agreement) {
    let found = ask(std::slice::from_ref(new), &[], Some(old), &[Property::OnlyNarrows]);
    assert_eq!(found[0].verdict, Verdict::Proved, "{what}");
}

#[track_caller]
fn widens(what: &str, new: &Agreement, old: &Agreement) {
    let found = ask(std::slice::from_ref(new), &[], Some(old), &[Property::OnlyNarrows]);
    assert!(matches!(found[0].verdict, Verdict::Counterexample(_)), "{what}: {found:#?}");
}

/// A new type of clause or rule gets its row.
#[test]
fn every_type_of_clause_and_rule_is_in_a_table() {
    let forbidding = FORBIDDING.iter().map(|row| row.kind);
    let obliging = OBLIGING.iter().map(|(kind, _)| *kind);
    let here: BTreeSet<&str> = forbidding.chain(obliging).chain(PARTICULAR).collect();
    assert_eq!(here, crate::clause::TYPES.iter().map(|t| t.name).collect());
    let here: BTreeSet<&str> = LAWS.iter().map(|row| row.kind).collect();
    assert_eq!(here, crate::rule::TYPES.iter().map(|t| t.name).collect());
}

#[test]
fn a_clause_that_is_gone_weaker_or_set_aside_is_noticed() {
    if !has_solver() {
        return;
    }
    for row in &FORBIDDING {
        let whole = clause(row.kind, row.keys);
        holds_of(&with(&[&whole]), &[], row.never);
        fails_of(&format!("no {}", row.kind), &with(&[]), &[], row.never);
        if let Some(weaker) = row.weaker {
            let weaker = with(&[&clause(row.kind, weaker)]);
            fails_of(&format!("a weaker {}", row.kind), &weaker, &[], row.never);
        }
        let relaxed = format!(
            "type = \"emergency\"\ntriggers = [\"threat_to_life\"]\nrelaxes = [\"{}\"]\nobligations = []",
            row.kind
        );
        let relaxed = with(&[&whole, &relaxed]);
        fails_of(&format!("{} in an emergency", row.kind), &relaxed, &[], row.never);
    }
}

#[test]
fn a_clause_that_forbids_narrows_and_its_loss_widens() {
    if !has_solver() {
        return;
    }
    let hits_only = clause("query_mode", "mode = \"hit_no_hit\"");
    let forbidding = FORBIDDING.iter().map(|row| (row.kind, clause(row.kind, row.keys)));
    for (kind, clause) in forbidding.chain([("query_mode", hits_only)]) {
        let (whole, without) = (with(&[&clause]), with(&[]));
        narrows(kind, &whole, &without);
        widens(kind, &without, &whole);
    }
    // What only obliges is no part of the proofs, whichever way it changes.
    for (kind, keys) in OBLIGING {
        let (whole, without) = (with(&[&clause(kind, keys)]), with(&[]));
        narrows(kind, &whole, &without);
        narrows(kind, &without, &whole);
    }
}

#[test]
fn an_emergency_sets_aside_what_it_names_when_it_is_declared() {
    if !has_solver() {
        return;
    }
    let ceiling = "type = \"classification_ceiling\"\nlevel = \"SECRET\"";
    let emergency = |triggers: &str, relaxes: &str| {
        clause(
            "emergency",
            &format!("triggers = [{triggers}]\nrelaxes = [\"{relaxes}\"]\nobligations = []"),
        )
    };
    let never =
        "context.level > 3 && !(context has emergency && context.emergency == \"threat_to_life\")";
    let of = |triggers, relaxes| with(&[ceiling, &emergency(triggers, relaxes)]);
    holds_of(&of("\"threat_to_life\"", "classification_ceiling"), &[], never);
    let more = of("\"threat_to_life\", \"disaster\"", "classification_ceiling");
    fails_of("another trigger", &more, &[], never);
    // It sets nothing else aside.
    holds_of(&of("\"threat_to_life\"", "purpose"), &[], "context.level > 3");
    // National law it never sets aside, not even by the name of a type that both have.
    let sealed =
        law("XAR", &["type = \"court_seal\"\ndirection = \"export\"\neffect = \"forbid\""]);
    let never = "context.sender == \"XAR\" && context.court_sealed";
    holds_of(&of("\"threat_to_life\"", "purpose"), &[sealed], never);
}

#[test]
fn exercises_need_their_clause_and_exercise_data() {
    if !has_solver() {
        return;
    }
    let exercise = "type = \"exercise\"\nreal_data = \"prohibited\"";
    // Without the clause nothing goes in an exercise; with it, exercise data does.
    holds_of(&with(&[]), &[], "context.exercise");
    fails_of("an exercise", &with(&[exercise]), &[], "context.exercise");
    let real = "context.exercise && !context.exercise_data";
    holds_of(&with(&[exercise]), &[], real);
    let relaxed = "type = \"emergency\"\ntriggers = [\"threat_to_life\"]\nrelaxes = [\"exercise\"]\nobligations = []";
    fails_of("exercise in an emergency", &with(&[exercise, relaxed]), &[], real);
    // Exercise data never goes in earnest, whatever the clauses are.
    holds_of(&with(&[exercise, relaxed]), &[], "!context.exercise && context.exercise_data");
}

#[test]
fn a_weaker_third_party_rule_is_noticed() {
    if !has_solver() {
        return;
    }
    let rule =
        |rule: &str| agreement("A", &[&clause("third_party", &format!("rule = \"{rule}\""))]);
    let goes = |agreement: &Agreement, property: &Property| {
        let found = ask(std::slice::from_ref(agreement), &[], None, std::slice::from_ref(property));
        match found[0].verdict {
            Verdict::Proved => false,
            Verdict::Counterexample(_) => true,
            Verdict::NotProved(_) => panic!("{found:#?}"),
        }
    };
    // Of each rule: whether anything goes onward, and whether it does without consent.
    for (agreement, onward, without_consent) in [
        (rule("prohibited"), false, false),
        (rule("originator_consent"), true, false),
        (with(&[]), true, false),
        (rule("parties_allowed"), true, true),
    ] {
        assert_eq!(goes(&agreement, &Property::NoOnward), onward);
        assert_eq!(goes(&agreement, &Property::NoOnwardWithoutConsent), without_consent);
    }
    for (what, old, new) in [
        ("prohibited to consent", "prohibited", "originator_consent"),
        ("consent to parties", "originator_consent", "parties_allowed"),
    ] {
        widens(what, &rule(new), &rule(old));
        narrows(what, &rule(old), &rule(new));
    }
}

#[test]
fn a_rule_of_national_law_that_is_gone_weaker_or_excepted_is_noticed() {
    if !has_solver() {
        return;
    }
    let agreement = with(&[]);
    for row in &LAWS {
        let (nation, side, direction) = match row.kind {
            "import_restriction" => ("XBR", "recipient", "import"),
            _ => ("XAR", "sender", "export"),
        };
        let never = format!("context.{side} == \"{nation}\" && ({})", row.never);
        let written = |nation: &str, effect: &str, keys: &str| {
            let head = format!("direction = \"{direction}\"\neffect = \"{effect}\"\n");
            [law(nation, &[&clause(row.kind, &format!("{head}{keys}"))])]
        };
        holds_of(&agreement, &written(nation, "forbid", row.keys), &never);
        holds_of(&agreement, &written(nation, "refer\"\nauthority = \"BOARD", row.keys), &never);
        let fails = |what: &str, laws: &[NationalLaw]| {
            fails_of(&format!("{}: {what}", row.kind), &agreement, laws, &never);
        };
        fails("no law", &[]);
        if let Some(weaker) = row.weaker {
            fails("a weaker law", &written(nation, "forbid", weaker));
        }
        let excepted = format!("unless = [\"court_order\"]\n{}", row.keys);
        fails("an exception", &written(nation, "forbid", &excepted));
        let changed = "modify\"\ntransform = \"pseudonymise_persons";
        fails("a change in its place", &written(nation, changed, row.keys));
        fails("another nation's law", &written("XCO", "forbid", row.keys));
    }
}
