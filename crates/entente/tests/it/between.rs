//! Two nations and what goes wrong between them, as a person at the terminal sees it.

use std::fs;
use std::path::{Path, PathBuf};

use entente_testkit::treaty;
use serde_json::{Value, json};

use crate::kills::{introduce, nations::Nation, nations::until};

/// Two nations that know each other, and a file to share.
pub(crate) fn two(root: &Path) -> Vec<Nation> {
    let profiles = treaty::profiles(2).unwrap();
    let mut nations: Vec<Nation> =
        profiles.iter().map(|profile| Nation::found(root, profile)).collect();
    for nation in &mut nations {
        nation.start();
    }
    introduce(&nations);
    fs::write(root.join("report.txt"), "two trawlers\n").unwrap();
    nations
}

/// What a dry run says about the other nation.
fn dry_run(nation: &Nation, root: &Path) -> (bool, String) {
    let file = root.join("report.txt");
    let arguments = ["publish", file.to_str().unwrap(), "--label", nation.label, "--dry-run"];
    let ran = nation.run("ana", &[&arguments[..], &["--purpose", "cyber_defence"]].concat());
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let verdict = &answer["verdicts"][0]["nations"][0];
    (verdict["goes"] == true, verdict.to_string())
}

fn propose(nation: &Nation, text: &str) {
    nation.done("lena", "agreement.propose", &json!({ "text": text }));
}

fn sign(nation: &Nation, code: &str) {
    until("the offer arrives", || {
        let status = nation.done("lena", "agreement.status", &json!({}));
        status["agreements"].as_array().unwrap().iter().any(|a| a["agreement"] == code)
    });
    for person in ["lena", "marco"] {
        nation.done(person, "agreement.sign", &json!({ "agreement": code }));
    }
}

#[test]
fn an_agreement_that_is_half_signed_or_over_carries_nothing_and_says_so() {
    let dir = tempfile::Builder::new().prefix("bt").tempdir().unwrap();
    let nations = two(dir.path());
    let [arvenia, brenmark] = &nations[..] else { panic!() };
    let (goes, why) = dry_run(arvenia, dir.path());
    assert!(!goes && why.contains("no agreement"), "{why}");

    let text = treaty::text(&treaty::profiles(2).unwrap());
    propose(arvenia, &text);
    sign(arvenia, treaty::CODE);
    let (goes, why) = dry_run(arvenia, dir.path());
    assert!(!goes && why.contains("no agreement"), "{why}");
    sign(brenmark, treaty::CODE);
    until("both may share", || dry_run(arvenia, dir.path()).0 && dry_run(brenmark, dir.path()).0);

    // One that ended long ago takes no signature, and adds nothing.
    let over = text
        .replace("id = \"SIM-1\"", "id = \"SIM-OLD\"")
        .replace("2026-01-01\"", "2020-01-01\"\nends_on = \"2021-01-01\"");
    let arguments = json!({ "text": over });
    match arvenia.ask("lena", "agreement.propose", &arguments) {
        Ok(_) => {
            for person in ["lena", "marco"] {
                let body = json!({ "agreement": "SIM-OLD" });
                let why = arvenia.ask(person, "agreement.sign", &body).unwrap_err().to_string();
                assert!(why.contains("SIM-OLD has ended; it takes no more signatures"), "{why}");
            }
            for person in ["lena", "marco"] {
                let body = json!({ "agreement": treaty::CODE, "reason": "done" });
                arvenia.done(person, "agreement.withdraw", &body);
            }
            let (goes, why) = dry_run(arvenia, dir.path());
            assert!(!goes && why.contains("no agreement"), "{why}");
        }
        Err(error) => assert!(error.to_string().contains("ends_on"), "{error}"),
    }
}

/// Runs `bundle import` and says how it ended and what it told.
fn import(nation: &Nation, files: &[&Path]) -> (Option<i32>, Value) {
    let mut arguments = vec!["bundle", "import"];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let ran = nation.run("olga", &arguments);
    (ran.status.code(), serde_json::from_slice(&ran.stdout).unwrap())
}

fn received(nation: &Nation) -> usize {
    let list = nation.done("ana", "objects.list", &json!({ "own": false, "count": 10_000 }));
    list["objects"].as_array().unwrap().len()
}

#[test]
fn discs_twice_out_of_order_damaged_cut_or_for_another_are_told_and_lose_nothing() {
    let dir = tempfile::Builder::new().prefix("bt").tempdir().unwrap();
    let nations = two(dir.path());
    let [arvenia, brenmark] = &nations[..] else { panic!() };
    propose(arvenia, &treaty::text(&treaty::profiles(2).unwrap()));
    sign(arvenia, treaty::CODE);
    sign(brenmark, treaty::CODE);
    until("they may share", || dry_run(arvenia, dir.path()).0 && dry_run(brenmark, dir.path()).0);
    // An answer that is under way when the line is cut never comes, and a disc made without it is
    // older than what its reader has seen: so the line is quiet first.
    let sizes = || {
        [arvenia, brenmark]
            .map(|nation| nation.done("viktor", "ledger.status", &json!({}))["size"].clone())
    };
    until("nothing is under way", || {
        let before = sizes();
        entente::ambient::pause(std::time::Duration::from_millis(1500));
        before == sizes()
    });
    // From now on only by disc.
    for (nation, other) in [(arvenia, "XBR"), (brenmark, "XAR")] {
        nation.done("olga", "endpoint.set", &json!({ "nation": other, "endpoint": "media-only" }));
    }
    let mut objects = 0;
    let noise = dir.path().join("noise.bin");
    for _ in 0..8 {
        let mut bytes = vec![0; 900_000];
        entente_model::Entropy::fill(&mut entente::ambient::OsEntropy, &mut bytes);
        // What begins with a bracket would be taken for JSON.
        bytes[0] = 0xff;
        fs::write(&noise, bytes).unwrap();
        let file = noise.to_str().unwrap();
        let publish = ["publish", file, "--label", "OPEN", "--purpose", "cyber_defence"];
        let published = arvenia.run("ana", &publish);
        assert!(published.status.success(), "{published:?}");
        objects += 1;
    }
    let disc = dir.path().join("disc");
    fs::create_dir(&disc).unwrap();
    let export = ["bundle", "export", "XBR", "--to", disc.to_str().unwrap()];
    assert!(arvenia.run("olga", &export).status.success());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&disc).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 1, "{files:?}");

    // Damaged in the middle, cut short, or no such file at all: told with its name.
    let whole = fs::read(&files[0]).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (name, bytes, said) in [
        ("flipped.entm", &flipped[..], "the file does not open: it is damaged or cut off"),
        ("cut.entm", &whole[..whole.len() / 2], "the file does not open: it is damaged or cut off"),
        ("stub.entm", &whole[..20], "the file is cut off"),
        ("text.entm", b"hello\n", "expected it to begin with ENTM1"),
    ] {
        let file = dir.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (code, told) = import(brenmark, &[&file]);
        assert_eq!(code, Some(2), "{told}");
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(said) && error.contains(name), "{error}");
    }
    let (code, told) = import(arvenia, &[&files[0]]);
    assert!(told["error"].as_str().unwrap().contains("this file is for another node"), "{told}");
    assert_eq!(code, Some(2));
    assert_eq!(received(brenmark), 0);

    // From the last file to the first, with a damaged one among them, and twice.
    let bad = dir.path().join("flipped.entm");
    for _ in 0..2 {
        let backwards: Vec<&Path> = files.iter().rev().map(PathBuf::as_path).collect();
        let (code, told) = import(brenmark, &[&backwards[..], &[&bad]].concat());
        assert_eq!(code, Some(2), "{told}");
        let refused = told["files"].as_array().unwrap().iter().filter(|f| f["error"].is_string());
        assert_eq!(refused.count(), 1, "{told}");
        assert_eq!(received(brenmark), objects, "{told}");
    }
    let arrivals = brenmark.done("ana", "events", &json!({ "kind": "received", "count": 1000 }));
    assert_eq!(arrivals["events"].as_array().unwrap().len(), objects);
    let verified = brenmark.run("viktor", &["oversight", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}
