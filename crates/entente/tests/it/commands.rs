//! Bad input: each command says what is wrong in one sentence, and ends with the right code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::program;

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).current_dir(dir).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs a command for people and for programs: both get the same code, and one sentence.
fn check(dir: &Path, arguments: &[&str], code: i32, said: &[&str]) {
    let people = run(dir, arguments);
    let text = stderr(&people);
    assert_eq!(people.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(people.stdout.is_empty(), "{arguments:?}: an error on standard output");
    assert!(text.starts_with("error: "), "{arguments:?}: {text}");
    for part in said {
        assert!(text.contains(part), "{arguments:?}: `{part}` is missing: {text}");
    }
    let programs = run(dir, &[arguments, &["--json"]].concat());
    assert_eq!(programs.status.code(), Some(code), "{arguments:?}");
    let document: Value = serde_json::from_slice(&programs.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["ok"], false, "{arguments:?}: {document}");
    assert_eq!(document["exit"], code, "{arguments:?}: {document}");
    assert!(stderr(&programs).is_empty(), "{arguments:?}: {}", stderr(&programs));
}

const INIT: [&str; 8] =
    ["init", "xar", "--nation", "XAR", "--name", "Arvenia", "--body", "COAST-GUARD,CERT-A"];

fn init<'a>(more: &[&'a str]) -> Vec<&'a str> {
    INIT.iter().copied().chain(more.iter().copied()).collect()
}

/// A nation that was founded, whose node does not run.
fn founded() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("cmd").tempdir().unwrap();
    let people = ["--person", "sena=security-officer+operator", "--person", "ana=analyst"];
    let made = run(dir.path(), &init(&people));
    assert!(made.status.success(), "{}", stderr(&made));
    dir
}

#[test]
fn founding_says_what_is_missing_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let sena = "--person=sena=security-officer";
    for (more, said) in [
        (&["--person", "ana=analyst"][..], &["needs a security officer"][..]),
        (&["--person", "ana"], &["sena=security-officer+operator"]),
        (&["--person", "ana=spy"], &["`spy` is not a role", "analyst"]),
        (&[sena, "--person", "sena=analyst"], &["`sena` is named twice"]),
        (&[sena, "--person", "an na=analyst"], &["`an na` cannot be a person's name"]),
        (&[sena, "--person", "ana=analyst@NAVY"], &["`NAVY` is not a body", "COAST-GUARD"]),
        (&[sena, "--accredited", "SECRET"], &["`SECRET` is not a marking of XAR", "SECRET-A"]),
        (&[sena, "--listen", "somewhere"], &["somewhere"]),
        (&[sena, "--endpoint", "https://node.example"], &["--listen"]),
        (
            &[sena, "--listen", "127.0.0.1:7101", "--endpoint", "node.example"],
            &["https://node.example"],
        ),
        (&[sena, "--passphrase-file", "none"], &["none", "could not be opened"]),
    ] {
        check(dir.path(), &init(more), 2, said);
        assert!(!dir.path().join("xar").exists(), "{more:?} left something behind");
    }
    check(dir.path(), &["init", "x", "--nation", "Arvenia"], 2, &["Arvenia"]);
    fs::create_dir(dir.path().join("xar")).unwrap();
    fs::write(dir.path().join("xar/mine"), "").unwrap();
    check(dir.path(), &init(&[sena]), 2, &["xar is not empty"]);
}

#[test]
fn founding_answers_with_all_that_must_be_carried_away() {
    let dir = tempfile::tempdir().unwrap();
    let people = ["--person", "ana=analyst@CERT-A", "--person", "sena=security-officer", "--json"];
    let made = run(dir.path(), &init(&people));
    let laid: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(laid["words"].as_array().unwrap().len(), 16);
    assert_eq!(laid["ceremony"].as_array().unwrap().len(), 7);
    assert_eq!(laid["ceremony"][0]["passphrase"].as_str().unwrap().len(), 64);
    for person in laid["people"].as_array().unwrap() {
        let file = Path::new(person["credential"].as_str().unwrap());
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let doctor = run(dir.path(), &["doctor", "--folder", "xar", "--json"]);
    assert_eq!(doctor.status.code(), Some(0));
    let doctor: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!(doctor["ok"], true, "{doctor}");
}

#[test]
fn every_command_beside_a_node_says_that_it_does_not_run() {
    let dir = founded();
    let file = dir.path().join("file.json");
    fs::write(&file, "{}").unwrap();
    let agreement = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements/ember-strait.md");
    let law = concat!(env!("CARGO_MANIFEST_DIR"), "/../../laws/xar.md");
    for arguments in [
        &["status"][..],
        &["approvals"],
        &["events"],
        &["events", "--follow"],
        &["decisions"],
        &["receipts"],
        &["recalls"],
        &["card"],
        &["person", "list"],
        &["person", "link"],
        &["person", "add", "eva", "--role", "analyst"],
        &["introduce", "file.json", "--words", "a b"],
        &["endpoint", "set", "XBR", "media-only"],
        &["agreement", "propose", agreement],
        &["agreement", "sign", "ESM-MISA"],
        &["suspend", "XBR", "--reason", "x"],
        &["agreement", "suspend", "ESM-MISA", "--reason", "x"],
        &["agreement", "resume", "ESM-MISA", "--party", "XBR", "--reason", "x"],
        &["agreement", "terminate", "ESM-MISA", "--on", "2027-06-30", "--reason", "x"],
        &["agreement", "withdraw", "ESM-MISA", "--reason", "x"],
        &["agreement", "status"],
        &["law", "load", law],
        &["law", "list"],
        &["law", "replay", "7"],
        &["publish", "file.json", "--label", "SERVICE", "--purpose", "piracy"],
        &["release", "5f3a1c0e", "--to", "XBR", "--purpose", "piracy"],
        &["objects", "list"],
        &["objects", "show", "5f3a1c0e"],
        &["consent", "list"],
        &["consent", "grant", "1"],
        &["consent", "refuse", "1"],
        &["recall", "5f3a1c0e", "--basis", "x"],
        &["breach", "record", "--object", "5f3a1c0e", "--what", "x"],
        &["breach", "told", "1", "--how", "x"],
        &["breach", "list"],
        &["ledger", "status"],
        &["ledger", "verify"],
        &["ledger", "prove", "5f3a1c0e"],
        &["oversight", "verify"],
        &["bundle", "export", "XBR", "--to", "."],
        &["bundle", "import", "file.json"],
        &["backup", "copy.db"],
    ] {
        let arguments = [arguments, &["--folder", "xar", "--as", "sena"]].concat();
        check(dir.path(), &arguments, 3, &["is not running", "entente serve --folder"]);
    }
}

#[test]
fn who_asks_must_be_clear() {
    let dir = founded();
    check(dir.path(), &["status"], 2, &["there is no node in .", "--folder"]);
    check(dir.path(), &["status", "--folder", "xar"], 2, &["--as", "ana, sena"]);
    let eva = ["status", "--folder", "xar", "--as", "eva"];
    check(dir.path(), &eva, 2, &["no credential of `eva`", "one of ana, sena"]);
    let credential = dir.path().join("xar/people/ana.credential");
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o644)).unwrap();
    check(dir.path(), &["status", "--folder", "xar", "--as", "ana"], 2, &["chmod 600"]);
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&credential, "secret").unwrap();
    let ana = ["status", "--folder", "xar", "--as", "ana"];
    check(dir.path(), &ana, 2, &["64 hexadecimal digits"]);
}

#[test]
fn files_that_are_wrong_are_named_with_the_place() {
    let dir = founded();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("agreement.md", b"+++\nid = \"abx\"\ntitel = \"x\"\n+++\n");
    write("law.md", b"+++\nid = \"XAR-1\"\nnation = \"Arvenia\"\ntitle = \"x\"\n+++\n");
    write("latin.md", b"+++\nid = \"caf\xe9\"\n");
    write("facts.toml", b"divisible = true\nobject_kind = \"report\"\n");
    write("event.json", b"{}");
    let node = ["--folder", "xar", "--as", "ana"];
    let with = |arguments: &[&'static str]| [arguments, &node].concat();

    let check = |arguments: &[&str], said: &[&str]| check(dir.path(), arguments, 2, said);
    let place = ["agreement.md, line 2, column ", "`\"abx\"`", "agreement.md, line 3, column "];
    check(&["agreement", "check", "agreement.md"], &place);
    check(&with(&["agreement", "propose", "agreement.md"]), &place);
    check(&["law", "check", "law.md"], &["law.md, line 3, column ", "`Arvenia`"]);
    check(&with(&["law", "load", "law.md"]), &["law.md, line 3, column "]);
    check(&["law", "check", "latin.md"], &["latin.md is not UTF-8", "line 2"]);
    check(&["agreement", "check", "none.md"], &["none.md", "could not be opened"]);
    let publish =
        with(&["publish", "event.json", "--label", "SERVICE", "--purpose", "x", "--facts"]);
    let publish = [&publish[..7], &["facts.toml"], &publish[7..]].concat();
    check(&publish, &["facts.toml, line 2, column ", "object_kind"]);
    let missing = with(&["publish", "none.json", "--label", "SERVICE", "--purpose", "x"]);
    check(&missing, &["none.json", "could not be opened"]);
    check(&with(&["introduce", "none.card", "--words", "x"]), &["none.card"]);
    check(&with(&["bundle", "import", "none.entm"]), &["none.entm"]);
    check(&with(&["bundle", "export", "XBR", "--to", "none"]), &["none is not a folder"]);
    let document = run(dir.path(), &["agreement", "check", "agreement.md", "--json"]);
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    assert_eq!(document["problems"][0]["line"], 2);
}

#[test]
fn what_is_no_evidence_is_refused_without_a_node() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("note.txt", b"dear court");
    write("latin.txt", b"caf\xe9");
    write("bare.tlog-proof", b"c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n\n");
    write("odd.tlog-proof", b"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\nlog.example\n");
    let check = |arguments: &[&str], code, said: &[&str]| check(dir.path(), arguments, code, said);
    check(&["verify", "note.txt"], 1, &["note.txt is not an evidence file", "line 1"]);
    check(&["verify", "latin.txt"], 1, &["latin.txt", "it is not text"]);
    check(&["verify", "bare.tlog-proof"], 1, &["no extra data"]);
    check(&["verify", "odd.tlog-proof"], 1, &["the extra data is not that of an evidence file"]);
    check(&["verify", "none.tlog-proof"], 2, &["none.tlog-proof", "could not be opened"]);
    check(&["verify", "note.txt", "--nation-id", "xyz"], 2, &["64 hexadecimal digits"]);
    check(&["verify", "note.txt", "--card", "note.txt"], 2, &["is not a nation's card"]);
}

#[test]
fn a_command_line_that_cannot_be_meant_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [
        &["publish", "f", "--label", "x", "--purpose", "y", "--precedence", "soon"][..],
        &["endpoint", "set", "Brenmark", "default"],
        &["release", "5f3a1c0e", "--to", "brenmark", "--purpose", "x"],
        &["consent", "grant", "first"],
        &["recall", "5f3a1c0e"],
        &["recall", "5f3a1c0e", "--basis", "x", "--class", "forget"],
        &["recall", "5f3a1c0e", "--basis", "x", "--deadline-hours", "-1"],
        &["objects", "list", "--own", "--received"],
        &["ledger", "verify", "--checkpoint", "x"],
        &["ledger", "prove", "5f3a1c0e", "--to", "brenmark"],
        &["ledger", "prove", "5f3a1c0e", "--of", "theft"],
        &["verify", "f", "--card", "c", "--nation-id", "d"],
        &["person", "add", "eva", "--role", "spy"],
        &["status", "--as", "ana", "--credential", "x"],
        &["events", "--after", "1"],
    ] {
        check(dir.path(), arguments, 2, &[]);
    }
}

#[test]
fn a_copy_is_compared_without_a_running_node_and_not_changed() {
    let dir = founded();
    let database = dir.path().join("xar/node.db");
    let note = {
        use entente_store::Store as _;
        let store = entente_store::sqlite::SqliteStore::inspect(&database).unwrap();
        let row: Result<_, entente_store::StoreError> = store.read(|work| work.checkpoint());
        row.unwrap().unwrap().note
    };
    fs::write(dir.path().join("checkpoint"), &note).unwrap();
    let verify = ["ledger", "verify", "--copy", "xar", "--checkpoint", "checkpoint"];
    let found = run(dir.path(), &verify);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));

    // Another size than was signed.
    let text = String::from_utf8(note).unwrap();
    assert!(text.contains("\n3\n"), "{text}");
    fs::write(dir.path().join("forged"), text.replacen("\n3\n", "\n2\n", 1)).unwrap();
    let forged = ["ledger", "verify", "--copy", "xar", "--checkpoint", "forged"];
    check(dir.path(), &forged, 2, &["signature is not by the log's key"]);

    // One byte of one entry, in a copy of the database.
    let copy = dir.path().join("copy.db");
    let entry = {
        use entente_store::Store as _;
        let store = entente_store::sqlite::SqliteStore::inspect(&database).unwrap();
        store.backup_to(&copy, &mut |_, _| {}).unwrap();
        let row: Result<_, entente_store::StoreError> = store.read(|work| work.leaf(1));
        row.unwrap().unwrap().leaf
    };
    let mut bytes = fs::read(&copy).unwrap();
    let at = bytes.windows(entry.len()).position(|w| w == entry).unwrap();
    bytes[at + 20] ^= 1;
    fs::write(&copy, &bytes).unwrap();
    let tampered = ["ledger", "verify", "--copy", "copy.db", "--checkpoint", "checkpoint"];
    let tampered = run(dir.path(), &[&tampered[..], &["--json"]].concat());
    assert_eq!(tampered.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&tampered.stdout).unwrap();
    assert_eq!((&found["verified"], &found["entry"]), (&false.into(), &1.into()), "{found}");
    assert_eq!(fs::read(&copy).unwrap(), bytes, "the copy was changed");

    fs::write(dir.path().join("text"), "no database").unwrap();
    let text = ["ledger", "verify", "--copy", "text", "--checkpoint", "checkpoint"];
    check(dir.path(), &text, 2, &["text cannot be read as a node's database"]);
    let none = ["ledger", "verify", "--copy", "none", "--checkpoint", "checkpoint"];
    check(dir.path(), &none, 2, &["none"]);
}

#[test]
fn the_configuration_is_the_one_of_the_folder_that_one_is_in() {
    let dir = founded();
    let output = run(&dir.path().join("xar"), &["config", "check", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["ok"], &document["nation"]), (&true.into(), &"XAR".into()));
}

#[test]
fn the_doctor_names_what_is_bad_and_what_mends_it() {
    let dir = founded();
    let node = dir.path().join("xar");
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(node.join("passphrase"), "another\n").unwrap();

    fs::remove_file(node.join("node.db")).unwrap();
    let output = run(dir.path(), &["doctor", "--folder", "xar", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let state = |name: &str| {
        let checks = document["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["check"] == name).unwrap();
        assert!(found["state"] == "good" || found["fix"].is_string(), "{found}");
        found["state"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [
        ("configuration", "good"),
        ("permissions", "bad"),
        ("keys", "bad"),
        ("anchor", "bad"),
        ("database", "bad"),
        ("node", "warning"),
        ("ceremony", "warning"),
    ] {
        assert_eq!(state(name), expected, "{name}: {document}");
    }
}

#[test]
fn a_node_without_its_anchor_is_not_said_to_sign() {
    let dir = founded();
    fs::remove_file(dir.path().join("xar/anchor")).unwrap();
    let output = run(dir.path(), &["doctor", "--folder", "xar", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let state = |name: &str| checks.iter().find(|c| c["check"] == name).map(|c| &c["state"]);
    assert_eq!(state("anchor"), Some(&"bad".into()), "{document}");
    assert_eq!(state("database"), Some(&"good".into()), "{document}");
    assert_eq!(state("signing"), None, "{document}");
}
