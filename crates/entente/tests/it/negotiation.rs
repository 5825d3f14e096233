//! Two nations agree, amend and share by rule, as their people do it at the terminal.

use std::fs;
use std::path::Path;

use entente_testkit::treaty;
use serde_json::Value;

use crate::between::two;
use crate::kills::{nations::Nation, nations::until};

/// Runs a command that must end so, and gives its answer.
fn done(nation: &Nation, person: &str, arguments: &[&str], code: i32) -> Value {
    let ran = nation.run(person, arguments);
    let answer = serde_json::from_slice(&ran.stdout).unwrap_or(Value::Null);
    assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {answer} {ran:?}");
    answer
}

fn error(nation: &Nation, person: &str, arguments: &[&str]) -> String {
    let answer = done(nation, person, arguments, 2);
    answer["error"].as_str().unwrap().to_owned()
}

/// The start of an id, as people type it.
fn start(id: &str) -> &str {
    id.get(..8).unwrap()
}

/// Every text of the agreement with its stage.
fn stages(nation: &Nation) -> Vec<(String, String)> {
    let status = done(nation, "lena", &["agreement", "status"], 0);
    let texts = status["agreements"].as_array().unwrap().iter();
    let member = |text: &Value, name: &str| text[name].as_str().unwrap().to_owned();
    texts.map(|text| (member(text, "agreement_id"), member(text, "status"))).collect()
}

fn stands(nation: &Nation, id: &str, stage: &str) -> bool {
    stages(nation).contains(&(id.to_owned(), stage.to_owned()))
}

fn sign(nation: &Nation, id: &str) {
    done(nation, "lena", &["agreement", "sign", id], 5);
    done(nation, "marco", &["agreement", "sign", id], 0);
}

fn write(root: &Path, name: &str, text: &str) -> String {
    let file = root.join(name);
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn two_nations_answer_sign_amend_and_share_by_rule() {
    let dir = tempfile::Builder::new().prefix("ng").tempdir().unwrap();
    let root = dir.path();
    let profiles = treaty::profiles(2).unwrap();
    let mut nations = two(root);
    let [arvenia, brenmark] = &mut nations[..] else { panic!() };
    let text = treaty::text(&profiles);
    let first = write(root, "first.md", &text);
    let shorter = write(root, "shorter.md", &text.replace("180", "90"));
    let third = write(root, "third.md", &text.replace("180", "30"));

    // An offer, and an answer to it.
    let offered = done(arvenia, "lena", &["agreement", "propose", &first], 0);
    let offered = offered["agreement_id"].as_str().unwrap();
    let again = error(arvenia, "lena", &["agreement", "propose", &shorter]);
    assert!(again.contains("agreement counter SIM-1"), "{again}");
    until("the offer arrives", || stands(brenmark, offered, "offered"));
    let answer = done(brenmark, "lena", &["agreement", "counter", "SIM-1", &shorter], 0);
    assert_eq!(answer["counters"], offered);
    let answer = answer["agreement_id"].as_str().unwrap();
    until("the answer arrives", || stands(arvenia, answer, "offered"));
    assert!(stands(arvenia, offered, "countered"));
    let several = error(arvenia, "lena", &["agreement", "sign", "SIM-1"]);
    assert!(several.contains("several texts of SIM-1 are offered"), "{several}");

    // Both texts can be read and compared by their ids.
    let read = done(arvenia, "lena", &["agreement", "text", start(answer)], 0);
    assert!(read["text"].as_str().unwrap().contains("max_days = 90\n"));
    let differences =
        done(arvenia, "lena", &["agreement", "diff", start(offered), start(answer)], 0);
    let sentences = differences["changes"].to_string();
    assert!(sentences.contains("otherwise"), "{differences}");
    let unknown = nations_error(arvenia, &["agreement", "diff", "00000000", start(answer)]);
    assert!(unknown.contains("00000000"), "{unknown}");

    sign(arvenia, answer);
    assert!(stands(arvenia, offered, "withdrawn"));
    sign(brenmark, answer);
    let in_force = |nation: &Nation, id: &str| stands(nation, id, "in_force");
    until("the answer is in force", || in_force(arvenia, answer) && in_force(brenmark, answer));
    let late = error(brenmark, "lena", &["agreement", "counter", "SIM-1", &third]);
    assert!(late.contains("is in force: change it with"), "{late}");

    // An amendment, through a restart.
    let amended = done(brenmark, "lena", &["agreement", "amend", "SIM-1", &third], 0);
    assert_eq!(amended["supersedes"], answer);
    let amended = amended["agreement_id"].as_str().unwrap();
    sign(brenmark, "SIM-1");
    brenmark.stop();
    brenmark.start();
    until("the amendment arrives", || stands(arvenia, amended, "offered"));
    sign(arvenia, "SIM-1");
    for nation in [&*arvenia, &*brenmark] {
        until("it is amended", || {
            in_force(nation, amended) && stands(nation, answer, "superseded")
        });
    }

    // A rule shares what it selects.
    let report = write(root, "trawlers.txt", "two trawlers\n");
    let rule = ["rule", "add", "watch", "--under", "SIM-1", "--daily", "5", "--sample", "100"];
    let wrong = [&rule[..], &["--where", "type = document or x"]].concat();
    let wrong = error(arvenia, "ines", &wrong);
    assert!(wrong.contains("wrong at character 17, `or`"), "{wrong}");
    let rule = [&rule[..], &["--where", "type = document", "--to", "XBR"]].concat();
    done(arvenia, "ines", &rule, 5);
    done(arvenia, "rosa", &rule, 0);
    let label = arvenia.label;
    let publish = |arguments: &[&str]| {
        let all = ["publish", &report, "--label", label, "--purpose", "cyber_defence"];
        done(arvenia, "ana", &[&all[..], arguments].concat(), 0)
    };
    until("both may share", || {
        let nation = &publish(&["--standing", "--dry-run"])["verdicts"][0]["nations"][0];
        nation["rule"] == "watch" && nation["goes"] == true
    });
    let nobody = publish(&["--standing", "--exclude", "XBR"]);
    assert_eq!(nobody["verdicts"][0]["nations"].as_array().unwrap().len(), 0);
    let shared = publish(&["--standing"]);
    let object = shared["objects"][0]["object"].as_str().unwrap().to_owned();
    let decided = done(arvenia, "viktor", &["decisions", "--count", "1"], 0);
    assert_eq!(decided["decisions"][0]["rules"][0], "watch");
    let shown = done(arvenia, "ana", &["objects", "show", &object], 0);
    assert_eq!(shown["standing"][0]["nations"][0], "XBR");
    until("it arrives", || {
        let held = done(brenmark, "ana", &["objects", "list", "--received"], 0);
        held["objects"].to_string().contains(&object)
    });

    arvenia.stop();
    arvenia.start();
    let rules = done(arvenia, "ines", &["rule", "list"], 0);
    assert_eq!(
        (&rules["rules"][0]["today"], &rules["rules"][0]["waiting"]),
        (&1.into(), &1.into())
    );
    let waiting = done(arvenia, "ines", &["rule", "review", "list"], 0);
    assert_eq!(waiting["waiting"][0]["object"], object.as_str());
    let objection =
        ["rule", "review", "object", start(&object), "--reason", "too soon", "--then", "both"];
    done(arvenia, "ines", &objection, 0);
    let rules = done(arvenia, "ines", &["rule", "list"], 0);
    assert_eq!(rules["rules"][0]["state"], "suspended");
    until("it is taken back", || {
        let held = done(brenmark, "ana", &["objects", "list", "--received"], 0);
        held["objects"][0]["state"] != "held"
    });
}

/// A command that fails for want of what it names.
fn nations_error(nation: &Nation, arguments: &[&str]) -> String {
    let ran = nation.run("lena", arguments);
    assert!(!ran.status.success(), "{ran:?}");
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    answer["error"].as_str().unwrap().to_owned()
}
