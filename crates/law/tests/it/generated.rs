//! Rule sets and cases that nobody wrote, decided by the engine and by the oracle.
//!
//! Unlike the exchanged rows of `properties.rs`, everything here is drawn from a small vocabulary
//! of its own, so that clauses, laws, controls and facts of every kind meet at their boundaries:
//! equal levels, the very day and instant, limits reached exactly, lists that are empty.

use std::collections::{BTreeMap, BTreeSet};

use entente_law::row::Question;
use entente_law::{Case, Row, Ruling};
use serde_json::{Value, json};

use crate::oracle;

/// A small generator of numbers; a failing seed is in the message.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % n
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Each of the items, with a chance of `of - 1` in `of`.
    fn most<'a>(&mut self, items: &[&'a str], of: usize) -> Vec<&'a str> {
        items.iter().copied().filter(|_| !self.one_in(of)).collect()
    }

    /// Each of the items, with a chance of one in `n`.
    fn few<'a>(&mut self, items: &[&'a str], n: usize) -> Vec<&'a str> {
        items.iter().copied().filter(|_| self.one_in(n)).collect()
    }

    fn number(&mut self, items: &[u64]) -> u64 {
        items[self.below(items.len())]
    }

    /// An item, or null.
    fn maybe(&mut self, items: &[&str]) -> Value {
        if self.one_in(3) { Value::Null } else { self.pick(items).into() }
    }
}

const NATIONS: [&str; 4] = ["XAA", "XAB", "XAC", "XAD"];
const LEVELS: [&str; 5] = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP_SECRET"];
const PURPOSES: [&str; 4] = ["piracy", "smuggling", "customs", "defence"];
const BODIES: [&str; 3] = ["GUARD", "POLICE", "NAVY"];
const TYPES: [&str; 3] = ["report", "track", "imagery"];
const CATEGORIES: [&str; 4] = ["dna", "health", "finance", "religion"];
const AREAS: [&str; 3] = ["strait", "gulf", "delta"];
const FACTS: [&str; 6] =
    ["vital_interest", "court_order", "assurance", "stay", "speciality_waiver", "on_file"];
const GROUNDS: [&str; 4] = ["political", "penalty", "sovereignty", "pending"];
const EMERGENCIES: [&str; 2] = ["threat_to_life", "disaster"];
const OFFENCES: [&str; 3] = ["fraud", "murder", "terrorism"];
const ROLES: [&str; 3] = ["suspect", "journalist", "lawyer"];
const DAYS: [&str; 3] = ["2031-05-09", "2031-05-10", "2031-05-11"];
const INSTANTS: [&str; 5] = [
    "2031-05-09T23:59:59Z",
    "2031-05-10T00:00:00Z",
    "2031-05-10T12:00:00Z",
    "2031-05-10T12:00:01Z",
    "2031-05-11T00:00:00Z",
];
const CLAUSES: [&str; 25] = [
    "purpose",
    "bodies",
    "classification_ceiling",
    "classification_floor",
    "equivalence",
    "object_types",
    "data_categories",
    "geographic_scope",
    "third_party",
    "use_restriction",
    "retention",
    "personnel_clearance",
    "security_standard",
    "reciprocity",
    "adequacy",
    "speciality",
    "dual_criminality",
    "refusal_grounds",
    "exercise",
    "emergency",
    "deadline",
    "query_mode",
    "volume",
    "breach_notification",
    "informative",
];
/// An emergency may relax what can fail.
const RELAXED: [&str; 18] = [
    "purpose",
    "bodies",
    "classification_ceiling",
    "classification_floor",
    "equivalence",
    "object_types",
    "data_categories",
    "geographic_scope",
    "use_restriction",
    "personnel_clearance",
    "security_standard",
    "reciprocity",
    "adequacy",
    "speciality",
    "dual_criminality",
    "refusal_grounds",
    "exercise",
    "volume",
];
const LAWS: [&str; 17] = [
    "own_national",
    "privileged_source",
    "minor",
    "special_category",
    "localisation",
    "warrant_required",
    "export_control",
    "import_restriction",
    "death_penalty",
    "torture_risk",
    "purpose_limitation",
    "necessity_statement",
    "human_rights_assessment",
    "bulk_data",
    "retention_expired",
    "court_seal",
    "pending_case",
];

/// `AA1` is the RESTRICTED marking of XAA; not every nation has every level.
fn marking(nation: &str, level: usize) -> String {
    format!("{}{level}", nation.trim_start_matches('X'))
}

fn schemes() -> Value {
    let mut schemes = json!({});
    for nation in NATIONS {
        for (n, level) in LEVELS.iter().enumerate() {
            let lacks = matches!((nation, n), ("XAB", 2) | ("XAC", 4) | ("XAD", 1));
            if !lacks {
                schemes[nation][marking(nation, n)] = (*level).into();
            }
        }
    }
    schemes
}

fn held(schemes: &Value, nation: &str, dice: &mut Dice) -> Value {
    let held: Vec<&str> = schemes[nation].as_object().unwrap().keys().map(String::as_str).collect();
    dice.maybe(&held)
}

fn clause(kind: &str, schemes: &Value, dice: &mut Dice) -> Value {
    let mut clause = json!({ "type": kind });
    let level = LEVELS[dice.below(5)];
    let high = LEVELS[2 + dice.below(3)];
    let entries = match kind {
        "purpose" => json!({ "allowed": dice.most(&PURPOSES, 4) }),
        "bodies" => {
            let mut authorised = json!({});
            for nation in NATIONS {
                if !dice.one_in(8) {
                    authorised[nation] = dice.most(&BODIES, 6).into();
                }
            }
            json!({ "authorised": authorised })
        }
        "classification_ceiling" => json!({ "level": high }),
        "classification_floor" => json!({ "level": LEVELS[dice.below(3)] }),
        "equivalence" => {
            let rows: Vec<Value> = (1..5)
                .filter(|_| !dice.one_in(6))
                .collect::<Vec<usize>>()
                .into_iter()
                .map(|n| {
                    let mut markings = json!({});
                    for nation in NATIONS {
                        // Sometimes a nation protects a level as another.
                        let as_level = if dice.one_in(6) { 1 + dice.below(4) } else { n };
                        let marking = marking(nation, as_level);
                        let known = schemes[nation].get(&marking).is_some() && !dice.one_in(8);
                        if known {
                            markings[nation] = marking.into();
                        } else if dice.one_in(2) {
                            markings[nation] = Value::Null;
                        }
                    }
                    json!({ "level": LEVELS[n], "markings": markings })
                })
                .collect();
            json!({ "unmapped": dice.pick(&["next_higher", "deny"]), "rows": rows })
        }
        "object_types" => json!({ "allowed": dice.most(&TYPES, 4) }),
        "data_categories" => json!({ "excluded": dice.few(&CATEGORIES, 3) }),
        "geographic_scope" => json!({ "areas": dice.most(&AREAS, 3) }),
        "third_party" => {
            json!({ "rule": dice.pick(&["originator_consent", "parties_allowed", "prohibited"]) })
        }
        "use_restriction" => {
            json!({ "evidence": dice.pick(&["allowed", "consent", "prohibited"]) })
        }
        "retention" => json!({ "max_days": dice.below(800) }),
        "personnel_clearance" | "security_standard" => json!({ "from": level }),
        "reciprocity" => json!({ "effect": dice.pick(&["refer", "deny"]) }),
        "adequacy" => json!({ "derogations": dice.few(&FACTS, 2) }),
        "dual_criminality" => json!({
            "min_penalty_months": dice.number(&[6, 12]),
            "exempt_offences": dice.few(&OFFENCES, 3),
        }),
        "refusal_grounds" => {
            let mandatory = dice.few(&GROUNDS, 3);
            let optional: Vec<&str> =
                GROUNDS.into_iter().filter(|g| !mandatory.contains(g)).collect();
            let mut curable = json!({});
            for ground in dice.few(&GROUNDS, 2) {
                curable[ground] = dice.pick(&FACTS).into();
            }
            json!({ "mandatory": mandatory, "optional": optional, "curable": curable })
        }
        "exercise" => json!({ "real_data": "prohibited" }),
        "emergency" => json!({
            "triggers": dice.most(&EMERGENCIES, 3),
            "relaxes": dice.few(&RELAXED, 2),
            "obligations": ["report_to_agreement_authority_within_h:24"],
        }),
        "deadline" => json!({
            "urgent_direct_hours": dice.below(30),
            "urgent_indirect_days": dice.below(9),
            "normal_days": dice.below(40),
        }),
        "query_mode" => json!({ "mode": "hit_no_hit" }),
        "volume" => json!({ "max_records": dice.number(&[1, 10, 100]) }),
        "breach_notification" => json!({ "hours": dice.below(72) }),
        "informative" => json!({ "topic": "costs", "text": "Each bears its own." }),
        _ => json!({}),
    };
    clause.as_object_mut().unwrap().extend(entries.as_object().unwrap().clone());
    clause
}

fn agreement(n: usize, schemes: &Value, dice: &mut Dice) -> Value {
    let parties: Vec<Value> = dice
        .most(&NATIONS, 8)
        .into_iter()
        .map(|nation| {
            let status = if dice.one_in(12) { "suspended" } else { "active" };
            json!({ "nation": nation, "status": status })
        })
        .collect();
    let mut clauses: Vec<Value> = Vec::new();
    for kind in CLAUSES {
        if dice.one_in(4) {
            clauses.push(clause(kind, schemes, dice));
        }
    }
    // Clauses that are not about the whole agreement may stand there twice.
    if dice.one_in(4) {
        clauses.push(clause(dice.pick(&["purpose", "volume", "retention"]), schemes, dice));
    }
    let status = if dice.one_in(8) { dice.pick(&["suspended", "terminated"]) } else { "in_force" };
    let begins = if dice.one_in(8) { dice.pick(&DAYS) } else { "2030-01-01" };
    let ends: Value = if dice.one_in(8) { dice.pick(&DAYS).into() } else { Value::Null };
    json!({
        "id": format!("AG-{n}"),
        "title": "An agreement",
        "kind": "multilateral",
        "status": status,
        "in_force_from": begins,
        "ends_on": ends,
        "survival": true,
        "parties": parties,
        "clauses": clauses,
    })
}

fn law(n: usize, dice: &mut Dice) -> Value {
    let kind = dice.pick(&LAWS);
    let effect = dice.pick(&["forbid", "refer", "modify"]);
    let mut law = json!({
        "nation": dice.pick(&NATIONS),
        "id": format!("LAW-{n}"),
        "title": "A rule",
        "type": kind,
        "direction": dice.pick(&["export", "import"]),
        "effect": effect,
        "unless": dice.few(&FACTS, 4),
        "authority": if effect == "refer" { json!("MINISTER") } else { Value::Null },
        "transform": if effect == "modify" {
            json!(dice.pick(&["remove_categories", "pseudonymise_persons"]))
        } else {
            Value::Null
        },
    });
    let entries = match kind {
        "privileged_source" => json!({ "classes": dice.few(&ROLES, 2) }),
        "minor" => json!({ "age_below": 18 }),
        "special_category" | "localisation" | "warrant_required" | "export_control"
        | "import_restriction" => json!({ "categories": dice.few(&CATEGORIES, 3) }),
        "torture_risk" => json!({ "levels": dice.few(&["low", "medium", "high"], 2) }),
        "purpose_limitation" => {
            json!({ "collected_for": dice.pick(&PURPOSES), "compatible": dice.few(&PURPOSES, 2) })
        }
        "human_rights_assessment" => json!({ "nations": dice.few(&NATIONS, 2) }),
        "bulk_data" => json!({ "max_records": 10 }),
        "retention_expired" => json!({ "max_age_days": dice.number(&[1, 10]) }),
        _ => json!({}),
    };
    law.as_object_mut().unwrap().extend(entries.as_object().unwrap().clone());
    law
}

/// Agreements, laws, schemes and groups.
fn rule_set(dice: &mut Dice) -> Value {
    let schemes = schemes();
    let agreements: Vec<Value> =
        (0..=dice.below(3)).map(|n| agreement(n, &schemes, dice)).collect();
    let laws: Vec<Value> = (0..dice.below(5)).map(|n| law(n, dice)).collect();
    json!({
        "id": "G", "scenario": "G", "scenario_title": "generated", "title": "generated",
        "schemes": schemes,
        "groups": { "GRP": ["XAA", "XAB"], "GRQ": ["XAC", "XAD"] },
        "agreements": agreements,
        "national_law": laws,
    })
}

fn controls(dice: &mut Dice) -> Vec<Value> {
    let codes = ["XAA", "XAB", "XAC", "XAD", "GRP", "GRQ"];
    let mut controls = Vec::new();
    for tag in [
        "NOFORN",
        "REL_TO",
        "DISPLAY_ONLY",
        "ORCON",
        "PROPIN",
        "RELIDO",
        "COMPARTMENT",
        "TLP",
        "PAP",
        "HANDLING",
        "EMBARGO",
        "EXPIRES",
    ] {
        if !dice.one_in(16) {
            continue;
        }
        controls.push(match tag {
            "REL_TO" | "DISPLAY_ONLY" => json!({ "control": tag, "to": dice.few(&codes, 2) }),
            "PROPIN" => json!({ "control": tag, "owner": dice.pick(&["SKY", "SEA"]) }),
            "COMPARTMENT" => json!({ "control": tag, "name": dice.pick(&["RED", "BLUE"]) }),
            "TLP" => {
                let value = dice.pick(&["RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"]);
                let named = if value == "RED" { dice.few(&["ann", "bob"], 2) } else { vec![] };
                json!({ "control": tag, "value": value, "named": named })
            }
            "PAP" => {
                json!({ "control": tag, "value": dice.pick(&["RED", "AMBER", "GREEN", "CLEAR"]) })
            }
            "HANDLING" => json!({ "control": tag, "code": dice.pick(&["H0", "H1", "H2", "H3"]) }),
            "EMBARGO" => json!({ "control": tag, "until": dice.pick(&INSTANTS) }),
            "EXPIRES" => json!({ "control": tag, "on": dice.pick(&INSTANTS) }),
            _ => json!({ "control": tag }),
        });
    }
    controls
}

fn persons(dice: &mut Dice) -> Vec<Value> {
    (0..dice.below(3))
        .map(|_| {
            json!({
                "nationality": dice.few(&NATIONS, 3),
                "age": if dice.one_in(4) { Value::Null } else { json!(dice.number(&[0, 17, 18, 40])) },
                "roles": dice.few(&ROLES, 3),
            })
        })
        .collect()
}

/// Marks the object: the highest of its portions.
fn marked(schemes: &Value, dice: &mut Dice) -> (Value, Vec<Value>) {
    let scheme = if dice.one_in(4) { dice.pick(&NATIONS) } else { "XAA" };
    let levels: Vec<usize> =
        (0..5).filter(|n| schemes[scheme].get(marking(scheme, *n)).is_some()).collect();
    let level = |dice: &mut Dice| levels[if dice.one_in(2) { 0 } else { dice.below(levels.len()) }];
    let mut highest = level(dice);
    let mut portions = Vec::new();
    if dice.one_in(3) {
        let drawn: Vec<usize> = (0..=dice.below(4)).map(|_| level(dice)).collect();
        highest = drawn.iter().copied().max().unwrap();
        for (n, level) in drawn.into_iter().enumerate() {
            let mut portion = json!({
                "id": format!("P{n}"),
                "marking": marking(scheme, level),
                "controls": controls(dice),
            });
            if dice.one_in(4) {
                portion["personal_data"] = dice.one_in(2).into();
            }
            if dice.one_in(4) {
                portion["persons"] = persons(dice).into();
            }
            if dice.one_in(4) {
                portion["data_categories"] = dice.few(&CATEGORIES, 3).into();
            }
            portions.push(portion);
        }
    }
    let label = json!({
        "scheme": scheme,
        "marking": marking(scheme, highest),
        "controls": controls(dice),
    });
    (label, portions)
}

fn provenance(portions: &[Value], agreements: &Value, dice: &mut Dice) -> Vec<Value> {
    let ids: Vec<&str> =
        agreements.as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    let names: Vec<&str> = portions.iter().map(|p| p["id"].as_str().unwrap()).collect();
    (0..dice.below(8).saturating_sub(5))
        .map(|_| {
            let agreement: Value =
                if dice.one_in(24) { "NO-SUCH".into() } else { dice.maybe(&ids) };
            json!({
                "nation": dice.pick(&NATIONS),
                "agreement": agreement,
                "portions": dice.few(&names, 2),
            })
        })
        .collect()
}

fn consents(dice: &mut Dice) -> Vec<Value> {
    (0..dice.below(5))
        .map(|_| {
            let kind = dice.pick(&["release", "evidence_use", "proprietor", "release_officer"]);
            let from =
                if kind == "proprietor" { dice.pick(&["SKY", "SEA"]) } else { dice.pick(&NATIONS) };
            json!({
                "type": kind,
                "from": from,
                "to": if dice.one_in(3) { vec!["*"] } else { dice.few(&NATIONS, 2) },
            })
        })
        .collect()
}

/// One case under the rules of a row.
fn case(rules: &Value, dice: &mut Dice) -> Value {
    let mut row = rules.clone();
    let (label, portions) = marked(&row["schemes"], dice);
    row["at"] = if dice.one_in(2) { "2031-05-10T12:00:00Z" } else { dice.pick(&INSTANTS) }.into();
    row["object"] = json!({
        "id": "OBJ",
        "type": dice.pick(&TYPES),
        "label": label,
        "provenance": provenance(&portions, &row["agreements"], dice),
        "portions": portions,
        "divisible": dice.one_in(2),
        "personal_data": dice.one_in(3),
        "persons": persons(dice),
        "data_categories": dice.few(&CATEGORIES, 4),
        "area": dice.maybe(&AREAS),
        "records": dice.number(&[0, 1, 10, 11, 100, 101]),
        "collected_for": dice.maybe(&PURPOSES),
        "collected_at": dice.pick(&["2031-05-09T12:00:00Z", "2031-04-30T12:00:00Z", "2030-01-01T00:00:00Z"]),
        "case_id": if dice.one_in(3) { json!(dice.pick(&["C-1", "C-2"])) } else { Value::Null },
        "consents": consents(dice),
        "recalled": dice.one_in(40),
        "exercise": dice.one_in(12),
        "court_sealed": dice.one_in(8),
        "pending_case": dice.one_in(8),
    });
    let to = if dice.one_in(12) { "XAA" } else { dice.pick(&NATIONS[1..]) };
    row["recipient"] = json!({
        "nation": to,
        "body": dice.pick(&BODIES),
        "user": dice.maybe(&["ann", "bob"]),
        "clearance": held(&row["schemes"], to, dice),
        "accredited_to": held(&row["schemes"], to, dice),
        "compartments": dice.few(&["RED", "BLUE"], 2),
        "data_protection": dice.pick(&["adequate", "safeguards", "none"]),
        "torture_risk": dice.pick(&["low", "medium", "high"]),
        "death_penalty_for": dice.few(&OFFENCES, 3),
        "reciprocity_met": !dice.one_in(4),
    });
    let offence = json!({
        "type": dice.pick(&OFFENCES),
        "criminal_in_sender": !dice.one_in(4),
        "max_penalty_months": dice.number(&[5, 6, 11, 12]),
    });
    let request = json!({
        "received_at": "2031-05-08T07:06:05Z",
        "urgent": dice.one_in(2),
        "access": dice.pick(&["direct", "indirect"]),
    });
    row["transfer"] = json!({
        "kind": if dice.one_in(6) { "query_response" } else { "release" },
        "sender": { "nation": "XAA", "body": dice.pick(&BODIES) },
        "purpose": dice.pick(&PURPOSES),
        "use": if dice.one_in(4) { "evidence" } else { "intelligence" },
        "exercise": dice.one_in(12),
        "emergency": if dice.one_in(3) { json!(dice.pick(&EMERGENCIES)) } else { Value::Null },
        "facts": dice.few(&FACTS, 3),
        "grounds": dice.few(&GROUNDS, 8),
        "offence": if dice.one_in(3) { offence } else { Value::Null },
        "case_id": if dice.one_in(3) { json!(dice.pick(&["C-1", "C-2"])) } else { Value::Null },
        "request": if dice.one_in(3) { request } else { Value::Null },
    });
    row
}

fn set(values: &[String]) -> BTreeSet<String> {
    values.iter().cloned().collect()
}

/// Compares all that an answer consists of, apart from its words.
fn agree(ruling: &Ruling, row: &Value, seed: u64) {
    let answer = oracle::decide(row);
    let basis = ruling.basis.as_ref().map(|(_, code)| code.clone());
    let told = || format!("rule set of seed {seed}: {ruling:#?}\n{answer:#?}\n{row}");
    assert!(!ruling.alarm, "{}", told());
    assert_eq!(ruling.decision.as_str(), answer.decision, "{}", told());
    assert_eq!(basis, answer.basis, "{}", told());
    assert_eq!(set(&ruling.obligations), answer.obligations, "{}", told());
    assert_eq!(set(&ruling.refer_to), answer.refer_to, "{}", told());
    // Only of what cannot be judged at all does the README not name a code.
    let codes = set(&ruling.reason_codes);
    let unnamed = answer.codes.is_empty() && codes.contains("PROVENANCE_UNKNOWN");
    assert!(unnamed || codes == answer.codes, "{}", told());
}

/// Decides `cases` cases under each of the rule sets.
fn check(rule_sets: std::ops::Range<u64>, cases: usize) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let count = rule_sets.clone().count();
    for seed in rule_sets {
        let mut dice = Dice(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let rules = rule_set(&mut dice);
        let first = case(&rules, &mut dice);
        let compiled = Row::read(&first).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{first}"));
        agree(&compiled.decide(), &first, seed);
        for _ in 1..cases {
            let row = case(&rules, &mut dice);
            let question = Question::read(&row).unwrap_or_else(|e| panic!("{seed}: {e}\n{row}"));
            let ruling = compiled.rules().decide(&question.case());
            agree(&ruling, &row, seed);
            if dice.one_in(8) {
                // The class that stands for the object comes to the same, words included.
                let case = question.case();
                let class = compiled.rules().class(&case.subject);
                let of_class = Case { subject: class.subject(), ..case };
                assert_eq!(compiled.rules().decide(&of_class), ruling, "seed {seed}: {row}");
            }
            *seen.entry(ruling.decision.as_str()).or_default() += 1;
        }
    }
    // The generator must reach every answer often, or agreement means little.
    for word in ["permit", "permit_modified", "refer", "deny"] {
        assert!(seen.get(word).is_some_and(|n| n * 100 >= count * cases), "{seen:?}");
    }
}

#[test]
fn what_restricts_never_loosens_a_decision() {
    let mut tightened = 0;
    for seed in 50_000..50_060_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let rules = rule_set(&mut dice);
        for _ in 0..4 {
            let row = case(&rules, &mut dice);
            let decide = |row: &Value| Row::read(row).unwrap().decide().decision;
            let before = decide(&row);
            let mut changes: Vec<(&str, Value)> = Vec::new();
            let mut changed = |what, change: &dyn Fn(&mut Value)| {
                let mut row = row.clone();
                change(&mut row);
                changes.push((what, row));
            };
            changed("recalling", &|row| row["object"]["recalled"] = true.into());
            changed("NOFORN", &|row| {
                let controls = row["object"]["label"]["controls"].as_array_mut().unwrap();
                controls.push(json!({ "control": "NOFORN" }));
            });
            let added = law(99, &mut dice);
            changed("a law", &|row| {
                row["national_law"].as_array_mut().unwrap().push(added.clone());
            });
            for n in 0..row["agreements"].as_array().unwrap().len() {
                changed("no agreement", &|row| {
                    row["agreements"].as_array_mut().unwrap().remove(n);
                });
            }
            for (what, changed) in changes {
                let after = decide(&changed);
                assert!(after >= before, "{what} turned {before:?} into {after:?}: {row}");
                tightened += usize::from(after > before);
            }
        }
    }
    assert!(tightened > 50, "{tightened}");
}

// Four tests, so that they share the cores: together 2,000 rule sets of 50 cases.

#[test]
fn engine_and_oracle_agree_on_rule_sets_from_0() {
    check(0..500, 50);
}

#[test]
fn engine_and_oracle_agree_on_rule_sets_from_500() {
    check(500..1000, 50);
}

#[test]
fn engine_and_oracle_agree_on_rule_sets_from_1000() {
    check(1000..1500, 50);
}

#[test]
fn engine_and_oracle_agree_on_rule_sets_from_1500() {
    check(1500..2000, 50);
}

#[test]
#[ignore = "part of the long gate: some minutes"]
fn long_engine_and_oracle_agree_on_20000_rule_sets() {
    check(10_000..30_000, 50);
}
