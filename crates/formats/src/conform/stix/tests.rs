use serde_json::Value;

use crate::conform::{Around, Kind};

/// Runs every case; those that differ are listed by line, and `docs/conformance.md` says why.
fn check(kind: &str, cases: &str, count: usize, differing: &[usize]) {
    let kind = Kind::named(kind).unwrap();
    let around = Around { observations: None, beside: &|_| unreachable!() };
    let mut lines = Vec::new();
    for (line, case) in (1..).zip(cases.lines()) {
        let case: Value = serde_json::from_str(case).unwrap();
        if kind.run(&case, &around).unwrap().ok == Some(false) {
            lines.push(line);
        }
    }
    assert_eq!(cases.lines().count(), count);
    assert_eq!(lines, differing);
}

#[test]
fn deterministic_ids() {
    let cases = include_str!("../../../../../vectors/stix/deterministic-ids.jsonl");
    check("stix-ids", cases, 37, &[]);
}

#[test]
fn granular_markings() {
    let cases = include_bytes!("../../../../../vectors/stix/granular-markings.jsonl.zst");
    let cases = String::from_utf8(zstd::decode_all(&cases[..]).unwrap()).unwrap();
    check("stix-granular", &cases, 253, &[]);
}

#[test]
fn objects_that_can_be_understood() {
    let cases = include_str!("../../../../../vectors/stix/parse.jsonl");
    check("stix-parse", cases, 82, &[13, 19, 24]);
}
