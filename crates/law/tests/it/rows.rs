//! The rows that domain experts wrote.

use std::collections::BTreeSet;

use entente_law::Ruling;
use serde_json::Value;

use crate::oracle;
use crate::world::{vectors, world};

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

#[test]
fn every_row_holds() {
    let rows = vectors();
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| check(row, &world(row).decide()).err()).collect();
    assert_eq!(rows.len(), 98);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_oracle_holds_the_rows_too() {
    for row in vectors() {
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
