//! The whole story, as one command tells it.

use std::process::Command;

use entente::folder::Folder;
use serde_json::Value;

#[test]
fn five_nations_exchange_refuse_ask_recall_and_check_each_other() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("nations");
    let run = || {
        Command::new(super::program())
            .args(["demo", "--once", "--json", "--dir"])
            .arg(&dir)
            .env("HOME", home.path())
            .output()
            .unwrap()
    };
    let demo = || {
        let ran = run();
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        let report: Value = serde_json::from_slice(&ran.stdout).expect(&told);
        assert!(ran.status.success(), "{report:#} {told}");
        report
    };
    let report = demo();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["ok"], true);
    let nodes = report["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 5);
    for node in nodes {
        assert_eq!(node["ledger"]["verified"], true, "{node}");
        assert!(node["ledger"]["cosignatures"].as_u64().unwrap() >= 1, "{node}");
        assert!(node["received"].as_u64().unwrap() >= 4, "{node}");
    }
    let decisions = &report["decisions"];
    assert!(decisions["permit"].as_u64().unwrap() > 200, "{decisions}");
    assert_eq!(decisions["refer"], 1, "{decisions}");
    let reasons = &decisions["by_reason"];
    for code in ["LAW_OWN_NATIONAL", "LABEL_NOFORN", "ORIGINATOR_CONSENT_REQUIRED"] {
        assert!(reasons[code].as_u64().unwrap_or_default() > 0, "{code} in {reasons}");
    }
    assert_eq!(report["consents"][0]["decision"], "granted");
    let effects = report["recall"]["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 4);
    assert!(effects.iter().all(|e| e["status"] == "erased"), "{effects:?}");
    assert_eq!(report["recall"]["late"], serde_json::json!(["XDO"]));
    assert_eq!(report["disc"]["nation"], "XEL");
    assert!(report["disc"]["objects"].as_u64().unwrap() > 60);
    assert!(!report["tamper"]["found_by"].as_array().unwrap().is_empty());

    // A second start resumes the same nations and loses nothing.
    let again = demo();
    for (before, after) in nodes.iter().zip(again["nodes"].as_array().unwrap()) {
        assert_eq!(before["nation_id"], after["nation_id"]);
        assert_eq!(before["received"], after["received"]);
        assert_eq!(after["ledger"]["verified"], true);
    }

    // Nodes that are at work already are not taken for its own.
    let busy = Folder::open(&dir.join("xbr")).unwrap().lock().unwrap();
    let refused = run();
    let answer: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("is running already"), "{answer}");
    drop(busy);
}
