//! The texts of agreements and laws on the command line, without a node.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).current_dir(dir).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file of the library.
fn library(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_draft_for_other_parties_can_be_checked_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let made = run(
        dir.path(),
        &[
            "agreement",
            "new",
            "--template",
            "police-exchange",
            "--parties",
            "XEL,XQA",
            "--id",
            "XEL-XQA",
            "--out",
            "draft.md",
        ],
    );
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    assert!(
        out(&made).starts_with("draft.md is a draft from police-exchange; fill in the 2 places")
    );
    let checked = run(dir.path(), &["agreement", "check", "draft.md", "--json"]);
    let checked = json(&checked);
    assert_eq!(checked["agreement"], "XEL-XQA");
    assert_eq!(checked["parties"], serde_json::json!(["XEL", "XQA"]));
    assert_eq!(checked["languages"], serde_json::json!(["en", "fr"]));
    assert_eq!(checked["doubts"], serde_json::json!([]));
    let shown = out(&run(dir.path(), &["agreement", "show", "draft.md", "--for", "XQA"]));
    for said in [
        "XQA must give\n  - an answer to every request, within 8 hours",
        "XQA may give\n  - to XEL, from 2031-01-01, without an end\n",
        "  - only to these bodies: XEL: POLICE-SPOC  [XEL-XQA/2]",
        "XQA owes\n",
        "  - deletion of what we receive, 365 days after its release at the latest  [XEL-XQA/10]",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let again =
        run(dir.path(), &["agreement", "new", "--template", "exercise", "--out", "draft.md"]);
    assert_eq!(again.status.code(), Some(1), "a draft overwrites nothing");
    let stranger = run(dir.path(), &["agreement", "show", "draft.md", "--for", "XAR"]);
    assert_eq!(stranger.status.code(), Some(2));
    assert!(err(&stranger).contains("XAR is no party to XEL-XQA; its parties are XEL, XQA"));
}

#[test]
fn a_draft_goes_to_standard_output_and_unknown_templates_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let draft = run(dir.path(), &["agreement", "new", "--template", "ember-strait"]);
    assert_eq!(out(&draft), fs::read_to_string(library("agreements/ember-strait.md")).unwrap());
    let document =
        json(&run(dir.path(), &["agreement", "new", "--template", "exercise", "--json"]));
    assert!(document["text"].as_str().unwrap().starts_with("+++\n"));
    let unknown = run(dir.path(), &["agreement", "new", "--template", "ember"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("there is no template `ember`"), "{}", err(&unknown));
    let listed = json(&run(dir.path(), &["agreement", "new", "--list", "--json"]));
    let templates = listed["templates"].as_array().unwrap();
    let three = templates.iter().find(|t| t["template"] == "mutual-legal-assistance").unwrap();
    assert_eq!(three["languages"], serde_json::json!(["en", "fr", "es"]));
    assert_eq!(templates.len(), 14);
}

#[test]
fn every_problem_of_every_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(library("agreements/ember-strait.md")).unwrap();
    let wrong = good.replace("\"SECRET-A\", XBR", "\"SECRTE-A\", XBR");
    fs::write(dir.path().join("marking.md"), wrong).unwrap();
    let french = fs::read_to_string(library("agreements/police-exchange.md")).unwrap();
    let wrong = french.replace("### fr — Délais", "### de — Fristen").replace("max_days", "days");
    fs::write(dir.path().join("language.md"), wrong).unwrap();
    fs::write(dir.path().join("good.md"), good).unwrap();
    let files = ["agreement", "check", "good.md", "marking.md", "language.md"];
    let checked = run(dir.path(), &files);
    assert_eq!(checked.status.code(), Some(2));
    assert!(checked.stdout.is_empty());
    for said in [
        "error: marking.md, line 119, column 21: `SECRTE-A`: XAR has no such marking; did you mean `SECRET-A`?",
        "error: language.md, line 123, column 1: `5`: article 5 is missing in `fr`",
        "`de`: this is not one of the languages of the text: en, fr",
        "the key `max_days` is missing",
    ] {
        assert!(err(&checked).contains(said), "{said}: {}", err(&checked));
    }
    let document = json(&run(dir.path(), &[&files[..], &["--json"]].concat()));
    assert_eq!(document["error"], "marking.md, language.md are not correct");
    let both = json(&run(dir.path(), &["agreement", "check", "good.md", "good.md", "--json"]));
    assert_eq!(both["texts"][1]["agreement"], "ESM-MISA");
}

#[test]
fn texts_are_laid_out_in_place_and_signed_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let tidy = fs::read_to_string(library("agreements/exercise.md")).unwrap();
    let file = dir.path().join("exercise.md");
    fs::write(&file, tidy.replace('\n', "\r\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let check = run(dir.path(), &["agreement", "fmt", "--check", "exercise.md"]);
    assert_eq!(check.status.code(), Some(1));
    assert_eq!(out(&check), "exercise.md is not laid out\n");
    let done = run(dir.path(), &["agreement", "fmt", "exercise.md"]);
    assert_eq!(
        (done.status.code(), out(&done).as_str()),
        (Some(0), "exercise.md is laid out now\n")
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), tidy);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);

    let id = "ab".repeat(32);
    let signed =
        tidy.replace("nation = \"XAR\"", &format!("nation   =  \"XAR\"\nnation_id = \"{id}\""));
    fs::write(&file, &signed).unwrap();
    let refused = run(dir.path(), &["agreement", "fmt", "exercise.md"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("it may be signed"), "{}", err(&refused));
    assert_eq!(fs::read_to_string(&file).unwrap(), signed);
    let told = run(dir.path(), &["agreement", "fmt", "--dangerous-signed", "exercise.md"]);
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert_ne!(fs::read_to_string(&file).unwrap(), signed);
}

#[test]
fn laws_are_checked_shown_and_laid_out_too() {
    let dir = tempfile::tempdir().unwrap();
    let law = library("laws/xfe.md");
    let shown = out(&run(dir.path(), &["law", "show", &law]));
    for said in [
        "Never leaves\n  - where it holds personal data, and the offence may be punished by death in the recipient's nation; unless there is assurance_no_death_penalty  [XFE-PCA/2]",
        "Leaves only by decision\n",
        "it is for XFE-DEFENCE-MINISTER to decide",
        "Leaves only in changed form\n  - where a person concerned is known to be under 18; what is done: pseudonymise_persons",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let laws: Vec<String> =
        ["xar", "xga", "xis"].map(|law| library(&format!("laws/{law}.md"))).into();
    let mut arguments = vec!["law", "fmt", "--check"];
    arguments.extend(laws.iter().map(String::as_str));
    assert_eq!(run(dir.path(), &arguments).status.code(), Some(0));
    arguments.splice(1..3, ["check"]);
    let checked = run(dir.path(), &arguments);
    assert_eq!(out(&checked).matches(" is correct\n").count(), 3);
}
