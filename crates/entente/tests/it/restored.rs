//! A restored old backup, with real processes: it signs nothing and says so in one sentence, and
//! the node is itself again once it has its newest data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use entente::ambient;
use serde_json::Value;

use crate::program;

/// A nation's node in a folder, running or not.
struct Node {
    root: PathBuf,
    name: &'static str,
    process: Option<Child>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Node {
    fn found(root: &Path, name: &'static str, listen: &str) -> Self {
        let code = name.to_uppercase();
        let made = Command::new(program())
            .current_dir(root)
            .args(["init", name, "--nation", &code, "--name", &code, "--body", "CERT"])
            .args(["--listen", listen, "--endpoint", &format!("https://{listen}")])
            .args(["--person", "sena=security-officer+operator"])
            .args(["--person", "tariq=security-officer", "--person", "lena=legal-adviser"])
            .args(["--person", "ana=analyst"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self { root: root.to_owned(), name, process: None }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.join(self.name).join(name)
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(program());
        command.args(["serve", "--folder"]).arg(self.root.join(self.name)).stdin(Stdio::null());
        command
    }

    fn start(&mut self) {
        let (out, err) = (Stdio::null(), Stdio::null());
        self.process = Some(self.serve().stdout(out).stderr(err).spawn().unwrap());
        self.until("answers", |_| true);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let id = rustix::process::Pid::from_child(&process);
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            let _ = process.wait();
        }
    }

    fn run(&self, person: &str, arguments: &[&str]) -> Output {
        Command::new(program())
            .current_dir(&self.root)
            .args(arguments)
            .args(["--folder", self.name, "--as", person])
            .output()
            .unwrap()
    }

    fn json(&self, person: &str, arguments: &[&str]) -> Value {
        let output = self.run(person, &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    fn status(&self) -> Value {
        self.json("sena", &["status"])
    }

    /// Waits until the node's status is as wanted, and gives it.
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1200 {
            let status = self.status();
            if status["ledger"]["size"].is_u64() && wanted(&status) {
                return status;
            }
            ambient::pause(Duration::from_millis(50));
        }
        panic!("{}: never {what}: {:#}", self.name, self.status());
    }

    fn introduce(&self, other: &Self) {
        let card = other.file("out.card");
        let shown = other.json("sena", &["card", "--out", card.to_str().unwrap()]);
        let words: Vec<&str> =
            shown["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        for (person, code) in [("sena", 5), ("tariq", 0)] {
            let arguments = ["introduce", card.to_str().unwrap(), "--words", &words.join(" ")];
            let introduced = self.run(person, &arguments);
            assert_eq!(introduced.status.code(), Some(code), "{introduced:?}");
        }
    }

    /// Offers the partner an agreement with this code, which goes out at once.
    fn offer(&self, code: &str) {
        let guide = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/guides/first-exchange/arvenia-brenmark.md"
        );
        let text = fs::read_to_string(guide).unwrap();
        assert!(text.contains("ABX"));
        let file = self.file("offer.md");
        fs::write(&file, text.replace("ABX", code)).unwrap();
        let offered = self.run("lena", &["agreement", "propose", file.to_str().unwrap()]);
        assert!(offered.status.success(), "{offered:?}");
    }

    /// Does something that the ledger keeps.
    fn load_law(&self) -> Output {
        let law = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../laws/xar.md");
        self.run("lena", &["law", "load", law.to_str().unwrap()])
    }

    /// Puts these files in place of the node's database and, if given, of its anchor.
    fn restore(&self, database: &Path, anchor: Option<&Path>) {
        for name in ["node.db", "node.db-wal", "node.db-shm"] {
            let _ = fs::remove_file(self.file(name));
        }
        fs::copy(database, self.file("node.db")).unwrap();
        if let Some(anchor) = anchor {
            fs::copy(anchor, self.file("anchor")).unwrap();
        }
    }
}

/// How much of the node's ledger its partner has seen.
fn seen(status: &Value) -> u64 {
    status["links"][0]["our_ledger_at_theirs"].as_u64().unwrap_or(0)
}

#[test]
fn a_restored_old_backup_signs_nothing_and_heals_with_the_newest_data() {
    let dir = tempfile::Builder::new().prefix("rs").tempdir().unwrap();
    let at = ambient::free_ports::<2>().unwrap().map(|port| format!("127.0.0.1:{port}"));
    let mut xar = Node::found(dir.path(), "xar", &at[0]);
    let mut xbr = Node::found(dir.path(), "xbr", &at[1]);
    xar.start();
    xbr.start();
    xar.introduce(&xbr);
    xbr.introduce(&xar);
    xar.until("seen by its partner", |status| seen(status) > 0);

    let kept = |name: &str| dir.path().join(name);
    let backup = |name: &str| {
        let file = kept(name);
        let made = xar.run("sena", &["backup", file.to_str().unwrap()]);
        assert!(made.status.success(), "{made:?}");
    };
    backup("old.db");
    fs::copy(xar.file("anchor"), kept("old.anchor")).unwrap();
    let old = xar.status()["ledger"]["size"].as_u64().unwrap();
    xar.offer("ABX");
    let status = xar.until("ahead of the backup, and seen", |status| {
        seen(status) > old && status["ledger"]["size"] == status["ledger"]["signed"]
    });
    let newest = status["ledger"]["size"].as_u64().unwrap();
    backup("newest.db");
    fs::copy(xar.file("anchor"), kept("newest.anchor")).unwrap();
    xar.stop();

    // The anchor was not restored: the node does not even start.
    xar.restore(&kept("old.db"), None);
    let refused = xar.serve().output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let sentence = said.lines().find(|line| line.starts_with("error: ")).unwrap_or(&said);
    assert!(sentence.contains("this is an old or a copied database"), "{said}");

    // The anchor was restored as well: only the partner knows better.
    xar.restore(&kept("old.db"), Some(&kept("old.anchor")));
    xar.start();
    let status = xar.until("told what its partner saw", |status| {
        status["standing"].as_str().is_some_and(|text| text.contains("XBR holds this ledger"))
    });
    assert_eq!(status["signs"], false);
    let page = String::from_utf8(xar.run("sena", &["status"]).stdout).unwrap();
    assert!(page.contains("put its newest data in place"), "{page}");
    let refused = xar.load_law();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("XBR holds this ledger at size"), "{said}");
    let status = xar.status();
    assert_eq!(status["ledger"]["signed"].as_u64(), Some(old), "something was signed");
    let doctor = xar.run("sena", &["status"]);
    assert!(doctor.status.success());
    let doctor = Command::new(program())
        .args(["doctor", "--folder"])
        .arg(dir.path().join("xar"))
        .output()
        .unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(said.contains("BAD      signing"), "{said}");
    xar.stop();

    // With its newest data it goes on where it was, and its partner never minded.
    xar.restore(&kept("newest.db"), Some(&kept("newest.anchor")));
    xar.start();
    xar.until("confirmed by its partner", |status| status["signs"] == true);
    xar.offer("ABY");
    xar.until("seen to go on", |status| seen(status) > newest);
    let status = xbr.status();
    assert!(status["links"][0]["stopped"].is_null(), "{status:#}");
    assert_eq!(status["signs"], true);
    let alarms = xbr.json("sena", &["events", "--kind", "alarm"]);
    assert_eq!(alarms["events"].as_array().map_or(0, Vec::len), 0, "{alarms:#}");
}

#[test]
fn what_is_missing_or_empty_is_not_made_anew() {
    let root = tempfile::Builder::new().prefix("rs").tempdir().unwrap();
    let [port] = ambient::free_ports().unwrap();
    let at = format!("127.0.0.1:{port}");
    let mut node = Node::found(root.path(), "xar", &at);
    node.start();
    // The vault has keys once something is held.
    let note = root.path().join("note.txt");
    fs::write(&note, "seen at dawn").unwrap();
    let note = note.to_str().unwrap();
    let publish = ["publish", note, "--label", "OPEN", "--purpose", "piracy"];
    let published = node.run("ana", &publish);
    assert!(published.status.success(), "{published:?}");
    node.until("signed", |status| status["ledger"]["signed"] == status["ledger"]["size"]);
    node.stop();
    // A stopped node is in its files: nothing waits in a log beside the database.
    for log in ["node.db-wal", "vault.db-wal"] {
        assert_eq!(fs::metadata(node.file(log)).map_or(0, |about| about.len()), 0, "{log}");
    }

    let told = |node: &Node, what: &str| {
        let refused = node.serve().output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(what), "{what}: {said}");
        let doctor = Command::new(program())
            .args(["doctor", "--folder"])
            .arg(root.path().join("xar"))
            .output()
            .unwrap();
        assert!(!doctor.status.success(), "{what}: {doctor:?}");
    };
    let kept = root.path().join("kept");
    for (name, what) in
        [("node.db", "the ledger and everything that is held"), ("vault.db", "the keys of what")]
    {
        fs::rename(node.file(name), &kept).unwrap();
        told(&node, what);
        fs::write(node.file(name), "").unwrap();
        told(&node, what);
        fs::rename(&kept, node.file(name)).unwrap();
    }
    // A vault that is sound and holds nothing.
    fs::rename(node.file("vault.db"), &kept).unwrap();
    drop(entente_store::sqlite::SqliteVault::open(&node.file("vault.db")).unwrap());
    told(&node, "the vault holds no keys, but 1 objects are held");
    fs::rename(&kept, node.file("vault.db")).unwrap();
    // An anchor from which everything was taken.
    fs::rename(node.file("anchor"), &kept).unwrap();
    fs::write(node.file("anchor"), "").unwrap();
    told(&node, "the anchor is empty");
    fs::rename(&kept, node.file("anchor")).unwrap();
    node.start();
}
