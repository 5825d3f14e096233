//! `scheme` and `label` without a node, and a node with a scheme of its nation's own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).current_dir(dir).args(arguments).output().unwrap()
}

/// Runs a command for people: its exit code, and what it says.
fn says(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(dir, arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn check(dir: &Path, arguments: &[&str], code: i32, expected: &[&str]) {
    let (exit, text) = says(dir, arguments);
    assert_eq!(exit, code, "{arguments:?}: {text}");
    for part in expected {
        assert!(text.contains(part), "{arguments:?}: `{part}` is missing: {text}");
    }
    let programs = run(dir, &[arguments, &["--json"]].concat());
    assert_eq!(programs.status.code(), Some(code), "{arguments:?}");
    let document: Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!(document["schema"], 1);
}

const OWN: &str = "nation = \"XYZ\"\nname = \"Xyz\"\nlanguages = [\"en\"]\nsource = \"a test\"\n\
    checked = \"invented\"\nunmarked = \"PLAIN\"\n\n[[levels]]\nid = \"S\"\nlevel = \"SECRET\"\n\
    marking = \"HIDDEN\"\n";

#[test]
fn schemes_are_listed_shown_and_checked_without_a_node() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("xyz.toml"), OWN).unwrap();
    fs::write(dir.join("bad.toml"), OWN.replace("source", "sauce")).unwrap();
    check(dir, &["scheme", "list"], 0, &["NATO", "COSMIC TOP SECRET", "EU-APPENDIX-B"]);
    check(dir, &["scheme", "show", "FRA"], 0, &["TRÈS SECRET  [TS]", "legacy: SECRET DÉFENSE"]);
    check(dir, &["scheme", "show", "XQQ"], 2, &["`XQQ` has no classification scheme here"]);
    check(dir, &["scheme", "check", "xyz.toml"], 0, &["xyz.toml is correct: scheme XYZ"]);
    check(
        dir,
        &["scheme", "check", "bad.toml"],
        2,
        &["bad.toml, line 4", "did you mean `source`?"],
    );
    check(dir, &["scheme", "show", "XYZ", "--with", "xyz.toml"], 0, &["HIDDEN  [S]  SECRET"]);
    check(dir, &["scheme", "list", "--with", "bad.toml"], 2, &["bad.toml", "line 4"]);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemes");
    check(dir, &["scheme", "check", &format!("{shipped}/equivalence/eu-usa.toml")], 0, &["EU-USA"]);
}

#[test]
fn labels_are_read_rolled_up_and_converted_without_a_node() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let parse = |text, code, expected: &[&str]| {
        check(dir, &["label", "parse", text, "--scheme", "USA"], code, expected);
    };
    parse(
        "(TS//SI//OC/NF)",
        0,
        &["TOP SECRET//SI//ORCON/NOFORN", "(TS//SI//OC/NF)", "restrictive"],
    );
    parse("//NATO SECRET", 0, &["scheme        NATO", "in document   //NATO SECRET", "in fr"]);
    parse("SECRET//NOFRN", 2, &["column 9: `NOFRN`", "did you mean `NOFORN`?"]);
    check(dir, &["label", "parse", "GEHEIM//NOFORN", "--scheme", "DEU"], 0, &["(GEHEIM//NOFORN)"]);
    check(dir, &["label", "parse", "COSMIC TOP SECRET"], 0, &["NATO: TOP SECRET"]);
    check(dir, &["label", "parse", "TOP SECRET"], 2, &["may be a label of", "--scheme"]);
    check(dir, &["label", "parse", "NONSENSE"], 2, &["no label of any scheme"]);
    check(
        dir,
        &[
            "label",
            "banner",
            "--scheme",
            "USA",
            "--portion",
            "(S//REL TO USA, GBR)",
            "--portion",
            "(U//NF)",
        ],
        0,
        &["banner        SECRET//NOFORN", "NOFORN: any portion brings it in", "    (U//NF)"],
    );
    fs::write(dir.join("doc"), "SECRET//NOFORN\n\n(S//NF) One.\n\n(U) Two.\n\nSECRET//NOFORN\n")
        .unwrap();
    check(
        dir,
        &["label", "banner", "doc", "--scheme", "USA"],
        0,
        &["SECRET//NOFORN", "line 3 (S//NF)"],
    );
    fs::write(dir.join("low"), "UNCLASSIFIED\n\n(S//NF) One.\n").unwrap();
    check(
        dir,
        &["label", "banner", "low", "--scheme", "USA"],
        1,
        &["`UNCLASSIFIED`", "make `SECRET//NOFORN`"],
    );
    fs::write(dir.join("bad"), "(S//NF) One.\n\nTwo.\n\n(U) Three.\n").unwrap();
    check(
        dir,
        &["label", "banner", "bad", "--scheme", "USA"],
        2,
        &["bad, line 3, column 1", "no portion mark"],
    );
    let convert = |from, to, text, code, expected: &[&str]| {
        check(dir, &["label", "convert", "--from", from, "--to", to, text], code, expected);
    };
    convert(
        "EU",
        "FRA",
        "EU CONFIDENTIAL",
        0,
        &["FRA  SECRET (SECRET)", "EU-APPENDIX-B", "the way back"],
    );
    convert("DEU", "GBR", "GEHEIM", 0, &["comparison only"]);
    convert("XAR", "XFE", "CROWN SECRET", 1, &["may not be transferred"]);
    convert("DEU", "GBR", "GEHEM", 2, &["column 1: `GEHEM`", "did you mean `GEHEIM`?"]);
    let agreement = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements/ember-strait.md");
    let by =
        ["label", "convert", "--from", "XAR", "--to", "XBR", "SECRET-A", "--agreement", agreement];
    check(dir, &by, 0, &["XBR  LUKKET", "ESM-MISA"]);
}

#[test]
fn a_nation_with_a_scheme_of_its_own_founds_its_node() {
    let dir = tempfile::Builder::new().prefix("own").tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("xyz.toml"), OWN).unwrap();
    let init = [
        "init",
        "node",
        "--nation",
        "XYZ",
        "--name",
        "Xyz",
        "--body",
        "CERT",
        "--person",
        "sena=security-officer",
    ];
    check(dir, &init, 2, &["`XYZ` has no classification scheme here", "--scheme FILE"]);
    let own = [&init[..], &["--scheme", "xyz.toml", "--accredited", "HIDDEN"]].concat();
    let (code, text) = says(dir, &own);
    assert_eq!(code, 0, "{text}");
    assert_eq!(fs::read_to_string(dir.join("node/schemes/xyz.toml")).unwrap(), OWN);
}
