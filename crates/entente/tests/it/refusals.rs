//! A running node that is asked wrongly: one sentence, the right code, and nothing done.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use entente::ambient;
use serde_json::Value;

use crate::program;

/// A node that runs as long as this lives.
pub(crate) struct Node {
    dir: tempfile::TempDir,
    process: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        // Its key process ends with its pipe.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Node {
    pub(crate) fn start() -> Self {
        Self::start_with(|config| config)
    }

    /// Starts a node whose configuration was changed.
    pub(crate) fn start_with(change: impl Fn(String) -> String) -> Self {
        let dir = tempfile::Builder::new().prefix("rf").tempdir().unwrap();
        let made = Command::new(program())
            .current_dir(dir.path())
            .args(["init", "xar", "--nation", "XAR", "--name", "Arvenia", "--body", "CERT-A"])
            .args(["--person", "sena=security-officer+operator", "--person", "ana=analyst"])
            .args(["--person", "lena=legal-adviser", "--accredited", "SERVICE"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let config = dir.path().join("xar/entente.toml");
        fs::write(&config, change(fs::read_to_string(&config).unwrap())).unwrap();
        let process = Command::new(program())
            .args(["serve", "--folder"])
            .arg(dir.path().join("xar"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self { dir, process };
        for _ in 0..200 {
            if node.run("sena", &["status"]).status.success() {
                return node;
            }
            ambient::pause(Duration::from_millis(50));
        }
        panic!("the node does not answer: {:?}", node.run("sena", &["status"]));
    }

    fn command(&self, person: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.dir.path()).args(arguments);
        command.args(["--folder", "xar", "--as", person]);
        command
    }

    pub(crate) fn run(&self, person: &str, arguments: &[&str]) -> Output {
        self.command(person, arguments).output().unwrap()
    }

    pub(crate) fn json(&self, person: &str, arguments: &[&str]) -> Value {
        let output = self.run(person, &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command that nobody in particular gives answers.
    pub(crate) fn json_of(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(program());
        let output = command.current_dir(self.dir.path()).args(arguments).arg("--json").output();
        serde_json::from_slice(&output.unwrap().stdout).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) {
        fs::write(self.dir.path().join(name), content).unwrap();
    }

    pub(crate) fn check(&self, person: &str, arguments: &[&str], code: i32, said: &[&str]) {
        let output = self.run(person, arguments);
        let text = std::str::from_utf8(&output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.starts_with("error: ") && output.stdout.is_empty(), "{arguments:?}: {text}");
        for part in said {
            assert!(text.contains(part), "{arguments:?}: `{part}` is missing: {text}");
        }
    }
}

const EVENT: &[u8] = include_bytes!("../../../../samples/misp-turla-crutch-event.json");

#[test]
fn a_running_node_refuses_in_one_sentence_and_does_nothing() {
    let node = Node::start();
    let entries = || node.json("sena", &["ledger", "status"])["size"].as_u64().unwrap();
    node.file("event.json", EVENT);
    node.file("junk", b"\0junk");
    node.file("deep.json", "[".repeat(100_000).as_bytes());
    node.file("twice.json", br#"{"type":"bundle","type":"bundle","objects":[]}"#);
    let before = entries();

    let publish = |file, label, purpose| {
        ["publish", file, "--label", label, "--purpose", purpose, "--media-type", "text/plain"]
    };
    let refuse = |person, arguments: &[&str], code, said: &[&str]| {
        node.check(person, arguments, code, said);
    };
    refuse("ana", &publish("junk", "SERVIC", "piracy"), 2, &["the label is wrong", "SERVIC"]);
    refuse("ana", &publish("junk", "SERVICE//REL XBR", "piracy"), 2, &["the label is wrong"]);
    refuse("ana", &publish("junk", "SERVICE", " "), 2, &["needs a purpose"]);
    let long = "a".repeat(5000);
    refuse("ana", &publish("junk", "SERVICE", &long), 2, &["the purpose has 5000 bytes", "256"]);
    let portion = |n| format!("[[portions]]\nid = \"p{n}\"\nlabel = \"SERVICE\"\n");
    let portions: String = (0..3000).map(portion).collect();
    node.file("facts.toml", portions.as_bytes());
    for dry in [&["--facts", "facts.toml"][..], &["--facts", "facts.toml", "--dry-run"]] {
        let arguments = [&publish("junk", "SERVICE", "piracy")[..], dry].concat();
        refuse("ana", &arguments, 2, &["facts"]);
    }
    refuse("lena", &publish("junk", "SERVICE", "piracy"), 1, &["lena may not publish", "analyst"]);
    let to = |nation| [&publish("junk", "SERVICE", "piracy")[..], &["--to", nation]].concat();
    refuse("ana", &to("XBR"), 2, &["XBR is not a partner"]);
    refuse("ana", &to("Brenmark"), 2, &["Brenmark"]);
    for file in ["deep.json", "twice.json"] {
        let bare = ["publish", file, "--label", "SERVICE", "--purpose", "piracy"];
        refuse("ana", &bare, 2, &[file]);
    }
    refuse("ana", &["person", "add", "eva", "--role", "analyst"], 1, &["ana may not add persons"]);
    refuse("sena", &["person", "add", "ana", "--role", "analyst"], 2, &["a person `ana` already"]);
    refuse("sena", &["person", "link", "nobody"], 1, &["`nobody` is not known here"]);
    refuse("sena", &["introduce", "junk", "--words", "a b"], 2, &["this is not a card"]);
    refuse("ana", &["introduce", "junk", "--words", "a b"], 1, &["ana may not introduce"]);
    refuse("sena", &["endpoint", "set", "XBR", "media-only"], 1, &["XBR is not known here"]);
    refuse("lena", &["agreement", "sign", "ABX"], 1, &["`ABX` is not known here"]);
    refuse("ana", &["objects", "show", "5f"], 2, &["`5f` is too short"]);
    refuse("ana", &["objects", "show", "5f3a1c0e"], 1, &["`5f3a1c0e` is not known here"]);
    refuse("ana", &["ledger", "prove", "5f3a1c0e"], 1, &["not known here"]);
    refuse("ana", &["law", "replay", "0"], 1, &["a decision at entry 0"]);
    refuse(
        "ana",
        &["law", "replay", "1000000"],
        1,
        &["a decision at entry 1000000", "not known here"],
    );
    refuse("sena", &["bundle", "import", "junk"], 2, &["begin with ENTM1"]);
    refuse("sena", &["bundle", "export", "XBR", "--to", "."], 1, &["XBR is not known here"]);
    refuse("ana", &["backup", "copy.db"], 1, &["ana may not make backups"]);
    refuse("sena", &["backup", "event.json"], 1, &["event.json", "exists"]);
    assert_eq!(entries(), before, "what was refused left a trace in the ledger");
    assert!(!node.dir.path().join("copy.db").exists());
}

#[test]
fn what_goes_on_record_is_bounded_and_a_key_process_that_ended_is_told() {
    let node = Node::start();
    let arguments = ["publish", "note", "--label", "SERVICE", "--purpose", "piracy"];
    node.file("note", b"seen at dawn");
    let arguments = [&arguments[..], &["--media-type", "text/plain"]].concat();
    let published = node.json("ana", &arguments);
    let object = published["objects"][0]["object"].as_str().unwrap();
    let long = "a".repeat(66_000);
    let recall = |basis, hours| ["recall", object, "--basis", basis, "--deadline-hours", hours];
    node.check("sena", &recall(&long, "4"), 2, &["legal basis", "1 to 1024 bytes"]);
    for hours in ["8785", "99999999999", "18446744073709551615"] {
        node.check("sena", &recall("x", hours), 2, &["at most 8784 hours"]);
    }
    assert_eq!(node.json("ana", &["objects", "list"])["objects"][0]["state"], "held");

    // The key process ends: nobody has to try anything to find out.
    let child = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", node.process.id()));
    let child = child.unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-9", &child]).status().unwrap().success());
    let mut status = Value::Null;
    for _ in 0..200 {
        status = node.json("sena", &["status"]);
        if status["signs"] == false {
            break;
        }
        ambient::pause(Duration::from_millis(50));
    }
    let standing = status["standing"].as_str().unwrap();
    assert!(
        standing.contains("its key process is gone") && standing.contains("restart"),
        "{status}"
    );
    for _ in 0..200 {
        let alarms = node.json("sena", &["events", "--kind", "alarm"]);
        if alarms.to_string().contains("its key process is gone") {
            break;
        }
        ambient::pause(Duration::from_millis(50));
    }
    let doctor = Command::new(program())
        .current_dir(node.dir.path())
        .args(["doctor", "--folder", "xar"])
        .output()
        .unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && said.contains("restart the node"), "{said}");
}

#[test]
fn a_file_larger_than_is_set_is_not_published() {
    let node = Node::start_with(|config| {
        let usual = "#publish_bytes = \"64 MiB\"";
        assert!(config.contains(usual));
        config.replace(usual, "publish_bytes = \"1 MiB\"")
    });
    let arguments = ["publish", "file", "--label", "SERVICE", "--purpose", "piracy"];
    let arguments = [&arguments[..], &["--media-type", "text/plain"]].concat();
    node.file("file", &vec![b'a'; (1 << 20) + 1]);
    let said = ["file has 1048577 bytes", "at most 1048576", "`publish_bytes` under [limits]"];
    node.check("ana", &arguments, 2, &said);
    node.file("file", &vec![b'a'; 1 << 20]);
    let published = node.run("ana", &arguments);
    assert!(published.status.success(), "{published:?}");
}

#[test]
fn the_words_of_another_card_are_refused_and_one_person_counts_once() {
    let node = Node::start();
    let other = Node::start();
    let card = other.dir.path().join("x.card");
    let card = card.to_str().unwrap();
    let shown = other.json("sena", &["card", "--out", card]);
    let words = |answer: &Value| {
        let words: Vec<_> =
            answer["words"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        words.join(" ")
    };
    let own = words(&node.json("sena", &["card"]));
    let right = words(&shown);
    let introduce =
        |words| node.run("sena", &["introduce", card, "--code", "XBR", "--words", words]);
    let refused = introduce(&own);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("the words do not fit the card"));
    // One word that was misheard is named by its place, as people count.
    let mut heard: Vec<&str> = right.split(' ').collect();
    heard[0] = if heard[0] == "zoo" { "abandon" } else { "zoo" };
    let heard = heard.join(" ");
    let misheard = introduce(&heard);
    assert!(String::from_utf8(misheard.stderr).unwrap().contains(": word 1 differs"));
    let waits = introduce(&right);
    assert_eq!(waits.status.code(), Some(5));
    assert!(String::from_utf8(waits.stdout).unwrap().starts_with("waits for 1 more person"));
    let again = introduce(&right);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8(again.stderr).unwrap().contains("another person must"));
    let waiting = node.json("sena", &["approvals"]);
    assert_eq!(waiting["waiting"][0]["approved_by"][0], "sena", "{waiting}");
}

#[test]
fn events_are_heard_as_they_happen_one_document_on_each_line() {
    let node = Node::start();
    let mut listening = node
        .command("ana", &["events", "--follow", "--after", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    let law = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../laws/xar.md");
    let loaded = node.run("lena", &["law", "load", law.to_str().unwrap()]);
    assert!(loaded.status.success(), "{loaded:?}");
    let heard = lines.by_ref().map_while(Result::ok).find(|line| line.contains("in force"));
    let _ = listening.kill();
    let _ = listening.wait();
    let event: Value = serde_json::from_str(&heard.unwrap()).unwrap();
    assert_eq!((&event["schema"], &event["kind"]), (&1.into(), &"law".into()), "{event}");
}
