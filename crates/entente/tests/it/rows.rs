//! `law rows`: rows in, decisions out, whatever stands in the file.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::program;

const GIVEN: &str = include_str!("../../../../vectors/decisions/decisions.jsonl");
const OWN: &str = include_str!("../../../../vectors/decisions/own.jsonl");

/// Runs it on a file with this content, in a folder with nothing else.
fn rows(content: &[u8]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rows.jsonl"), content).unwrap();
    let output = Command::new(program())
        .current_dir(dir.path())
        .args(["law", "rows", "rows.jsonl"])
        .output()
        .unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "it leaves nothing behind");
    output
}

fn answers(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for (line, value) in text.lines().zip(&lines) {
        assert_eq!(line.len(), value.to_string().len(), "compact, and no key twice: {line}");
    }
    lines
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

const DECIDED: [&str; 7] =
    ["id", "decision", "basis", "reason_codes", "obligations", "refer_to", "explanation"];

#[test]
fn every_row_is_answered_as_expected_and_in_order() {
    for (content, count) in [(GIVEN, 98), (OWN, 344)] {
        let answers = answers(&rows(content.as_bytes()));
        assert_eq!(answers.len(), count);
        for (line, answer) in content.lines().zip(&answers) {
            let row: Value = serde_json::from_str(line).unwrap();
            let (id, expected) = (&row["id"], &row["expected"]);
            assert_eq!(keys(answer), DECIDED.into(), "{id}");
            assert_eq!(&answer["id"], id);
            assert_eq!(answer["decision"], expected["decision"], "{id}");
            assert_eq!(answer["basis"], expected["basis"], "{id}");
            for key in ["reason_codes", "obligations", "refer_to", "explanation"] {
                let values = list(answer, key);
                assert!(values.is_sorted_by(|a, b| a < b), "{id} {key}: {values:?}");
            }
            for key in ["reason_codes", "obligations"] {
                let (all, wanted) = (list(answer, key), list(expected, key));
                assert!(wanted.iter().all(|w| all.contains(w)), "{id} {key}: {all:?}");
            }
            let wanted: BTreeSet<&str> = list(expected, "refer_to").into_iter().collect();
            assert_eq!(list(answer, "refer_to").into_iter().collect::<BTreeSet<_>>(), wanted);
            assert!(!list(answer, "explanation").is_empty(), "{id}");
        }
    }
}

#[test]
fn what_a_row_expects_is_never_read() {
    let stripped: String = GIVEN
        .lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            row.as_object_mut().unwrap().remove("expected");
            row.to_string() + "\n"
        })
        .collect();
    let misled = GIVEN.replace("\"decision\": \"permit\"", "\"decision\": \"deny\"");
    let right = rows(GIVEN.as_bytes()).stdout;
    assert!(rows(stripped.as_bytes()).stdout == right);
    assert!(rows(misled.as_bytes()).stdout == right);
}

#[test]
fn a_bad_line_is_one_error_and_stops_nothing() {
    let good = GIVEN.lines().next().unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut row: Value = serde_json::from_str(good).unwrap();
        change(&mut row);
        row.to_string().into_bytes()
    };
    let deep = format!("{{\"id\":\"D\",\"at\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let long = format!("{{\"id\":\"L\",\"at\":\"{}\"}}", "x".repeat(2 << 20));
    let cases: Vec<(Vec<u8>, Value, &str)> = vec![
        (good.strip_suffix('}').unwrap().into(), json!(null), "column"),
        (b"not json".into(), json!(null), "column 1"),
        (b"null".into(), json!(null), "expected an object"),
        (b"[]".into(), json!(null), "expected an object"),
        (b"{}".into(), json!(null), "is missing"),
        (b"{\"id\": 7}".into(), json!(null), "is missing"),
        (b"\xff\xfe{}".into(), json!(null), "UTF-8"),
        (b"\xef\xbb\xbf{}".into(), json!(null), "byte-order mark"),
        (b"{\"id\":\"A\"} {\"id\":\"B\"}".into(), json!(null), "column"),
        (deep.into(), json!(null), "nested more than 32 deep"),
        (long.into(), json!(null), "longer than 1048576 bytes"),
        (good.replacen("\"at\"", "\"id\":\"X\",\"at\"", 1).into(), json!(null), "twice"),
        (good.replacen("\"records\": 1", "\"records\": 1e999", 1).into(), json!(null), "too large"),
        (
            good.replacen("\"records\": 1", "\"records\": 99999999999999999999", 1).into(),
            json!(null),
            "2^53",
        ),
        (good.replacen("\"records\": 1", "\"records\": 1.5", 1).into(), json!("S1-R01"), "records"),
        (
            changed(&|row| row["agreements"][0]["clauses"][0] = json!({"type": "permit_all"})),
            json!("S1-R01"),
            "unknown type of clause",
        ),
        (
            changed(&|row| row["national_law"][0]["type"] = json!("anything")),
            json!("S1-R01"),
            "unknown type of rule",
        ),
        (
            changed(&|row| row["object"]["label"]["controls"] = json!([{"control": "EYES"}])),
            json!("S1-R01"),
            "unknown control",
        ),
        (changed(&|row| row["recalled"] = json!(true)), json!("S1-R01"), "unknown key"),
        (changed(&|row| row["transfer"]["use"] = json!("war")), json!("S1-R01"), "is not one of"),
        (
            changed(&|row| {
                row["agreements"][1]["id"] = row["agreements"][0]["id"].clone();
            }),
            json!("S1-R01"),
            "two agreements have the code",
        ),
    ];
    let mut content: Vec<u8> = b"\n  \r\n".into();
    for (line, _, _) in &cases {
        content.extend_from_slice(line);
        content.extend_from_slice(b"\r\n\n");
    }
    // The last line needs no end.
    content.extend_from_slice(good.as_bytes());
    let answers = answers(&rows(&content));
    assert_eq!(answers.len(), cases.len() + 1);
    for (n, ((line, id, said), answer)) in cases.iter().zip(&answers).enumerate() {
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]);
        assert_eq!(keys(answer), ["id", "line", "decision", "error"].into(), "{shown}: {answer}");
        assert_eq!((&answer["id"], &answer["decision"]), (id, &json!("deny")), "{shown}");
        assert_eq!(answer["line"], 3 + 2 * n, "{shown}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(said) && error.lines().count() == 1, "{shown}: {error}");
    }
    let last = answers.last().unwrap();
    assert_eq!((&last["id"], &last["decision"]), (&json!("S1-R01"), &json!("permit")));
}

#[test]
fn a_file_that_cannot_be_read_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for file in [dir.path().join("none.jsonl"), dir.path().to_owned()] {
        let output = Command::new(program()).args(["law", "rows"]).arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: ") && said.contains("cannot be read"), "{said}");
        assert!(output.stdout.is_empty());
    }
    assert!(answers(&rows(b"")).is_empty());
}
