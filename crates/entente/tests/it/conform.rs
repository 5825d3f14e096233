//! `conform`: recorded cases in, this program's answers out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::program;

fn conform(args: &[&str], folder: &Path) -> Output {
    Command::new(program()).current_dir(folder).arg("conform").args(args).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn cases_are_answered_in_order_and_by_their_line() {
    let dir = tempfile::tempdir().unwrap();
    // `[1]`, twice the same key, and a document that no case says anything about.
    let cases = "{\"bytes_base64\":\"WzFd\",\"expect\":\"accept\"}\n\n\
        {\"bytes_base64\":\"eyJhIjoxLCJhIjoyfQ==\",\"expect\":\"accept\"}\n\
        {\"bytes_base64\":\"WzFd\"}\n";
    fs::write(dir.path().join("cases.jsonl"), cases).unwrap();
    let output = conform(&["json-parsing", "cases.jsonl"], dir.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = [
        json!({"case": 1, "got": {"accepted": true}, "ok": true}),
        json!({"case": 3, "got": {"accepted": false}, "ok": false}),
        json!({"case": 4, "got": {"accepted": true}, "ok": null}),
    ];
    assert_eq!(lines(&output), expected);
    let strict = conform(&["json-parsing", "--strict", "cases.jsonl"], dir.path());
    assert_eq!(strict.status.code(), Some(1));
    assert_eq!(strict.stdout, output.stdout);
}

#[test]
fn a_compressed_file_is_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let case = "{\"bytes_base64\":\"WzFd\",\"expect\":\"accept\"}";
    let compressed = zstd::encode_all(case.as_bytes(), 3).unwrap();
    fs::write(dir.path().join("cases.jsonl.zst"), &compressed).unwrap();
    let output = conform(&["json-parsing", "cases.jsonl.zst"], dir.path());
    assert_eq!(lines(&output), [json!({"case": 1, "got": {"accepted": true}, "ok": true})]);

    let cut = &compressed[..compressed.len() - 4];
    fs::write(dir.path().join("cut.zst"), cut).unwrap();
    let output = conform(&["json-parsing", "cut.zst"], dir.path());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cut.zst cannot be read"), "{said}");
}

#[test]
fn a_case_that_cannot_be_run_says_why_and_the_next_one_runs() {
    let dir = tempfile::tempdir().unwrap();
    let cases = "{\"bytes_base64\":1}\nnot JSON\n{\"bytes_base64\":\"WzFd\"}\n";
    fs::write(dir.path().join("cases.jsonl"), cases).unwrap();
    let output = conform(&["json-parsing", "cases.jsonl"], dir.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let lines = lines(&output);
    let member = "a case of this kind has `bytes_base64`, a string";
    assert_eq!(lines[0], json!({"case": 1, "got": {"error": member}, "ok": null}));
    assert!(lines[1]["got"]["error"].as_str().unwrap().starts_with("this is not JSON"));
    assert_eq!(lines[2]["got"], json!({"accepted": true}));
}

#[test]
fn a_wrong_question_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (args, said) in [
        (&["json-parsing", "none.jsonl"][..], "none.jsonl cannot be read"),
        (&["yaml", "none.jsonl"], "possible values: "),
        (&["json-parsing", "--observations", "no.json", "none.jsonl"], "no.json"),
    ] {
        let output = conform(args, dir.path());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(said), "{error}");
    }
}
