//! The commands that need no node: what a text would change, what can be proved of it, and where
//! laws do not meet.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).current_dir(repository()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

const EMBER: &str = "agreements/ember-strait.md";

/// The sample agreement with a change, in a folder of its own.
fn draft(from: &str, to: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draft.md");
    let old = fs::read_to_string(repository().join(EMBER)).unwrap();
    assert!(old.contains(from), "{from}");
    fs::write(&file, old.replace(from, to)).unwrap();
    let name = file.to_str().unwrap().to_owned();
    (folder, name)
}

#[test]
fn a_diff_says_consequences_in_sentences_a_table_and_json() {
    let (_folder, new) = draft(
        "level = \"CONFIDENTIAL\"\n```\n\n## Article 4",
        "level = \"SECRET\"\n```\n\n## Article 4",
    );
    let people = run(&["agreement", "diff", EMBER, &new]);
    assert!(people.status.success(), "{}", text(&people.stderr));
    let page = text(&people.stdout);
    assert!(
        page.contains("After this, SECRET information may go; before, it could not."),
        "{page}"
    );
    assert!(page.contains("possible  deny    permit  level: SECRET"), "{page}");
    let found = json(&run(&["agreement", "diff", EMBER, &new, "--json"]));
    assert_eq!(found["complete"], true);
    assert_eq!(found["changes"][0]["turn"], "possible");
    assert_eq!(found["changes"][0]["where"]["level"][0], "SECRET");
    let same = run(&["agreement", "diff", EMBER, EMBER]);
    assert!(text(&same.stdout).contains("no decision and no obligation changes"));
    let wrong = run(&["agreement", "diff", EMBER, "laws/xar.md"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn without_the_solver_nothing_is_proved_and_it_says_how_to_get_it() {
    let asked =
        ["agreement", "prove", EMBER, "--property", "no-onward", "--solver", "no-such-solver"];
    let people = run(&asked);
    assert_eq!(people.status.code(), Some(1));
    let page = text(&people.stdout);
    assert!(
        page.contains("NOT PROVED  no-onward") && page.contains("apt-get install cvc5"),
        "{page}"
    );
}

#[test]
fn what_is_asked_wrongly_is_refused_in_one_sentence() {
    for (arguments, said) in [
        (&["--property", "noform"][..], "there is no property `noform`"),
        (&["--property", "only-narrows"], "name it with --amends"),
        (&["--property", "no-contradiction"], "two agreements or more"),
        (&["--cedar", "Cargo.toml"], "it is not Cedar"),
        (&["--with", EMBER], "is not correct"),
    ] {
        let output = run(&[&["agreement", "prove", EMBER], arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = json(&output)["error"].as_str().unwrap().to_owned();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn proofs_and_counterexamples_come_as_pages_json_and_rows() {
    let solver = Command::new("cvc5").arg("--version").output();
    if !solver.is_ok_and(|output| output.status.success()) {
        println!("skipped: cvc5 is not installed");
        return;
    }
    let (folder, new) = draft(
        "level = \"CONFIDENTIAL\"\n```\n\n## Article 4",
        "level = \"SECRET\"\n```\n\n## Article 4",
    );
    let cedar = folder.path().join("own.cedar");
    let policies = "@id(\"nothing-secret\")\n@says(\"nothing SECRET goes\")\nforbid (principal, action == Action::\"release\", resource) when { context.level >= 3 };\n";
    fs::write(&cedar, policies).unwrap();
    let rows = folder.path().join("rows.jsonl");
    let (cedar, rows) = (cedar.to_str().unwrap(), rows.to_str().unwrap());
    let asked = [
        "agreement",
        "prove",
        &new,
        "--with",
        "laws/xar.md",
        "--amends",
        EMBER,
        "--property",
        "noforn",
        "--property",
        "only-narrows",
        "--cedar",
        cedar,
        "--rows",
        rows,
    ];
    let people = run(&asked);
    assert_eq!(people.status.code(), Some(1), "{}", text(&people.stderr));
    let page = text(&people.stdout);
    for said in [
        "PROVED  noforn",
        "COUNTEREXAMPLE  only-narrows",
        "COUNTEREXAMPLE  nothing-secret",
        "nothing SECRET goes",
        "1 of 3 properties proved, with XAR-IEA",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let lines = fs::read_to_string(rows).unwrap();
    let written: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(written.len(), 2);
    assert_eq!(written[1]["id"], "S0-R02");
    // They are decided again as what they are: something goes.
    let again = run(&["law", "rows", rows]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    for line in text(&again.stdout).lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let decision = answer["decision"].as_str().unwrap();
        assert!(decision.starts_with("permit") && answer.get("error").is_none(), "{line}");
    }
    assert_eq!(text(&again.stdout).lines().count(), 2);
    // Under the old text both hold.
    let old = run(&["agreement", "prove", EMBER, "--cedar", cedar, "--json"]);
    assert!(old.status.success(), "{}", text(&old.stdout));
    assert_eq!(json(&old)["findings"][0]["verdict"], "PROVED");
}

#[test]
fn two_laws_are_compared_with_their_sections() {
    let people = run(&["law", "compare", "XAR", "XCO", "--agreement", EMBER]);
    assert!(people.status.success(), "{}", text(&people.stderr));
    let page = text(&people.stdout);
    for said in [
        "What the agreement promises and a law does not let go",
        "What one protects and the other lets leave",
        "XCO-LPI/11",
        "XAR-IEA/20",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let found = json(&run(&["law", "compare", "XAR", "XCO", "--json"]));
    assert!(found["lines"].as_array().unwrap().iter().all(|l| l["mismatch"] != "promise"));
    for (arguments, said) in [
        (&["XAR", "XAR"][..], "compared with another nation"),
        (&["XAR", "XZZ"], "there is no law of XZZ"),
        (&["XAR", "XBR", "--laws", "no-such-folder"], "cannot be read"),
    ] {
        let output = run(&[&["law", "compare"], arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(json(&output)["error"].as_str().unwrap().contains(said), "{output:?}");
    }
}
