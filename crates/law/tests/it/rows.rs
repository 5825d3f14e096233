//! The rows that domain experts wrote, and rows of our own for everything that theirs leave out.

use std::collections::BTreeSet;

use entente_law::{Row, Ruling};
use serde_json::{Value, json};

use crate::oracle;
use crate::world::{own, vectors, world};

fn read(row: &Value) -> Row {
    Row::read(row).unwrap_or_else(|e| panic!("{}: {e}", row["id"]))
}

fn set(value: &Value) -> BTreeSet<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

fn texts(values: &[String]) -> BTreeSet<&str> {
    values.iter().map(String::as_str).collect()
}

/// Compares as section 8 of the rows' README says.
fn check(row: &Value, ruling: &Ruling) -> Result<(), String> {
    let expected = &row["expected"];
    let basis = ruling.basis.as_ref().map(|(_, code)| code.as_str());
    let right = expected["decision"] == ruling.decision.as_str()
        && expected["basis"].as_str() == basis
        && set(&expected["reason_codes"]).is_subset(&texts(&ruling.reason_codes))
        && set(&expected["obligations"]).is_subset(&texts(&ruling.obligations))
        && set(&expected["refer_to"]) == texts(&ruling.refer_to);
    if right { Ok(()) } else { Err(format!("{}: expected {expected}, got {ruling:#?}", row["id"])) }
}

/// Both sets of rows: those given to us, and our own.
fn every() -> Vec<Value> {
    vectors().into_iter().chain(own()).collect()
}

#[test]
fn every_row_holds() {
    let rows = vectors();
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| check(row, &read(row).decide()).err()).collect();
    assert_eq!(rows.len(), 98);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn every_row_of_our_own_holds_exactly() {
    let rows = own();
    let exactly = |row: &Value, ruling: &Ruling| {
        check(row, ruling)?;
        let expected = &row["expected"];
        let unnamed = ruling.reason_codes == ["PROVENANCE_UNKNOWN"];
        let right = (unnamed || set(&expected["reason_codes"]) == texts(&ruling.reason_codes))
            && set(&expected["obligations"]) == texts(&ruling.obligations);
        if right { Ok(()) } else { Err(format!("{}: {expected}, got {ruling:#?}", row["id"])) }
    };
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| exactly(row, &read(row).decide()).err()).collect();
    assert!(rows.len() > 300);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn our_own_rows_have_every_word_of_the_vocabulary_and_every_outcome() {
    let rows = own();
    let text: String = rows.iter().map(Value::to_string).collect();
    let schema: Value =
        serde_json::from_str(include_str!("../../../../vectors/decisions/schema.json")).unwrap();
    let defs = &schema["$defs"];
    for words in [
        &defs["clause"]["properties"]["type"]["enum"],
        &defs["law"]["properties"]["type"]["enum"],
        &defs["law"]["properties"]["effect"]["enum"],
        &defs["control"]["properties"]["control"]["enum"],
        &defs["control"]["properties"]["code"]["enum"],
        &defs["expected"]["properties"]["decision"]["enum"],
    ] {
        for word in words.as_array().unwrap() {
            assert!(text.contains(&word.to_string()), "no row has {word}");
        }
    }
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len());
}

#[test]
fn the_oracle_holds_the_rows_too() {
    for row in every() {
        let answer = oracle::decide(&row);
        let expected = &row["expected"];
        assert_eq!(expected["decision"], answer.decision, "{}", row["id"]);
        assert_eq!(expected["basis"].as_str(), answer.basis.as_deref(), "{}", row["id"]);
        let owned =
            |v: &Value| -> BTreeSet<String> { set(v).into_iter().map(str::to_owned).collect() };
        assert!(owned(&expected["reason_codes"]).is_subset(&answer.codes), "{}", row["id"]);
        assert!(owned(&expected["obligations"]).is_subset(&answer.obligations), "{}", row["id"]);
        assert_eq!(owned(&expected["refer_to"]), answer.refer_to, "{}", row["id"]);
    }
}

/// Whether the row's agreements and facts can be written as literate texts and wire values, which
/// know no day before 1970 and no agreement of one party or without clauses.
fn can_be_written(row: &Value) -> bool {
    let early = |v: &Value| v.as_str().is_some_and(|t| t < "1970");
    let agreements = row["agreements"].as_array().unwrap();
    let written = |a: &Value| {
        let ends = a["ends_on"].as_str();
        a["parties"].as_array().unwrap().len() > 1
            && !early(&a["in_force_from"])
            && ends.is_none_or(|end| Some(end) > a["in_force_from"].as_str())
    };
    agreements.iter().all(written) && !early(&row["object"]["collected_at"])
}

#[test]
fn a_row_is_decided_as_the_same_rules_in_literate_texts() {
    let rows: Vec<Value> = every().into_iter().filter(can_be_written).collect();
    assert!(rows.len() > 400, "{}", rows.len());
    for row in rows {
        let (direct, written) = (read(&row).decide(), world(&row).decide());
        let code = |ruling: &Ruling| ruling.basis.as_ref().map(|(_, code)| code.clone());
        assert_eq!(direct.decision, written.decision, "{}", row["id"]);
        assert_eq!(code(&direct), code(&written), "{}", row["id"]);
        assert_eq!(direct.reason_codes, written.reason_codes, "{}", row["id"]);
        assert_eq!(direct.obligations, written.obligations, "{}", row["id"]);
        assert_eq!(direct.refer_to, written.refer_to, "{}", row["id"]);
        assert_eq!(direct.policies_evaluated, written.policies_evaluated, "{}", row["id"]);
    }
}

/// A change to a row, and what the error names.
type Spoilt = (&'static str, Value, &'static str);

#[test]
fn what_is_wrong_with_a_row_is_one_sentence_that_names_the_place() {
    let spoilt: Vec<Spoilt> = vec![
        ("/at", json!("2031-04-12"), "in `at`: expected an instant"),
        ("/at", json!("2031-04-12T06:00:00+02:00"), "in `at`: expected an instant"),
        ("/at", json!("2031-02-30T06:00:00Z"), "in `at`: expected an instant"),
        ("/at", json!("1969-12-31T23:59:59Z"), "before 1970"),
        ("/agreements", json!({}), "in `agreements`: expected a list"),
        ("/agreements/0/status", json!("paused"), "`paused` is not one of in_force"),
        ("/agreements/0/kind", json!("treaty"), "in `agreements[0].kind`"),
        ("/agreements/0/ends_on", json!("soon"), "expected a day such as"),
        ("/agreements/0/clauses/0", json!({"type": "purposes"}), "unknown type of clause"),
        ("/agreements/0/clauses/0", json!({"type": 7}), "expected text in quotation marks"),
        ("/agreements/0/clauses/0", json!(7), "expected an object in braces"),
        ("/agreements/0/clauses/0", json!({"type": "purpose"}), "the key `allowed` is missing"),
        (
            "/agreements/0/clauses/0",
            json!({"type": "purpose", "allowed": ["a"], "denied": []}),
            "`denied`: unknown key",
        ),
        (
            "/agreements/0/clauses/0",
            json!({"type": "retention", "max_days": 1e300}),
            "expected a whole number",
        ),
        (
            "/agreements/0/clauses/0",
            json!({"type": "retention", "max_days": -1}),
            "expected a whole number",
        ),
        (
            "/agreements/0/clauses/0",
            json!({"type": "purpose", "allowed": ["a\"]\ntype = \"x"]}),
            "expected a short code",
        ),
        (
            "/agreements/0/clauses/0",
            json!({"type": "third_party", "rule": "free"}),
            "expected one of",
        ),
        ("/agreements/0/parties/0/nation", json!("Arvenia"), "expected a nation code"),
        ("/national_law/0/type", json!("own_nationals"), "unknown type of rule"),
        ("/national_law/0/effect", json!("allow"), "expected one of forbid, refer, modify"),
        ("/national_law/0/authority", Value::Null, "names the `authority`"),
        ("/national_law/0/classes", json!(["x"]), "`classes`: unknown key"),
        ("/schemes/XAR/OPEN", json!("PUBLIC"), "in `schemes.XAR.OPEN`: expected a level"),
        ("/object/label/scheme", json!("XZZ"), "XZZ has no scheme"),
        ("/object/label/marking", json!("OPEN-ISH"), "the scheme of XAR has only"),
        ("/object/label/controls", json!([{"control": "FOUO"}]), "unknown control"),
        ("/object/label/controls", json!([{"control": "REL_TO"}]), "the key `to` is missing"),
        ("/object/label/controls", json!([{"control": "NOFORN", "to": []}]), "unknown key `to`"),
        (
            "/object/label/controls",
            json!([{"control": "TLP", "value": "PINK"}]),
            "expected TLP:RED",
        ),
        (
            "/object/label/controls",
            json!([{"control": "EMBARGO", "until": "tomorrow"}]),
            "in `object.label.controls[0]`: expected an instant",
        ),
        ("/object/records", json!(-1), "in `object.records`: expected a whole number"),
        ("/object/records", json!(1.5), "expected a whole number"),
        ("/object/records", json!("1"), "expected a whole number"),
        ("/object/records", json!(u64::MAX), "expected a whole number"),
        ("/object/divisible", json!("yes"), "expected true or false"),
        ("/object/persons", json!([{"nationality": [], "age": 300, "roles": []}]), "at most 255"),
        ("/object/consents", json!([{"type": "waiver", "from": "XAR", "to": []}]), "is not one of"),
        ("/object/area", json!(["gulf"]), "in `object.area`: expected text"),
        ("/recipient/data_protection", json!("good"), "`good` is not one of adequate"),
        ("/recipient/reciprocity_met", Value::Null, "expected true or false"),
        ("/transfer/use", json!("training"), "is not one of intelligence, evidence"),
        ("/transfer/kind", json!("gift"), "is not one of release"),
        ("/transfer/sender", json!({"nation": "XAR"}), "the key `body` is missing"),
        ("/transfer/request", json!({"urgent": true}), "in `transfer.request`"),
    ];
    let good = &vectors()[0];
    read(good);
    for (place, value, said) in spoilt {
        let mut row = good.clone();
        if let Some(old) = row.pointer_mut(place) {
            *old = value;
        } else {
            let (parent, key) = place.rsplit_once('/').unwrap();
            row.pointer_mut(parent).unwrap()[key] = value;
        }
        let error = Row::read(&row).expect_err(place).to_string();
        assert!(error.contains(said), "{place}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn every_key_of_a_row_is_needed_and_no_other_is_taken() {
    let good = &vectors()[0];
    for place in ["", "/object", "/object/label", "/recipient", "/transfer", "/agreements/0"] {
        let keys: Vec<String> =
            good.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect();
        for key in keys {
            let mut row = good.clone();
            row.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(&key);
            let told = ["scenario", "scenario_title", "title", "expected"].contains(&key.as_str());
            assert_eq!(Row::read(&row).is_ok(), place.is_empty() && told, "{place}/{key}");
        }
        let mut row = good.clone();
        row.pointer_mut(place).unwrap()["extra"] = json!(1);
        let error = Row::read(&row).unwrap_err().to_string();
        assert!(error.contains("unknown key `extra`"), "{error}");
    }
}

#[test]
fn what_is_expected_is_not_read() {
    let mut row = vectors()[0].clone();
    let answer = read(&row).decide();
    row["expected"] = json!([1, {"decision": "deny"}]);
    assert_eq!(read(&row).decide(), answer);
}

#[test]
fn a_row_that_asks_for_too_much_is_refused() {
    let mut row = vectors()[0].clone();
    let agreement = row["agreements"][0].clone();
    row["agreements"] = (0..400)
        .map(|n| {
            let mut agreement = agreement.clone();
            agreement["id"] = format!("A-{n}").into();
            agreement
        })
        .collect();
    let error = Row::read(&row).unwrap_err().to_string();
    assert!(error.contains("at most 20000 are decided by at once"), "{error}");
}

#[test]
fn a_ruling_explains_itself_and_looks_at_its_slices_only() {
    for row in vectors() {
        let world = world(&row);
        let ruling = world.decide();
        assert!(!ruling.alarm, "{}", row["id"]);
        assert!(!ruling.explanation.is_empty(), "{}", row["id"]);
        for sentence in &ruling.explanation {
            assert!(!sentence.contains(['{', '}']) && sentence.ends_with('.'), "{sentence}");
        }
        let units = world.facts.portions.len().max(1);
        let bases = world.rules.agreements().count();
        // Every set holds the constant permit besides its forbids.
        assert!(
            ruling.policies_evaluated < units * (30 * bases + 20),
            "{}: {} of {}",
            row["id"],
            ruling.policies_evaluated,
            world.rules.policies()
        );
    }
}
