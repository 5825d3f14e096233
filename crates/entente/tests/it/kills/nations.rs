//! Nations whose nodes are real processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use entente::ambient;
use entente_api::local::{LocalClient, LocalClientError};
use entente_testkit::Profile;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::program;

/// A debug build on a busy machine needs a while.
const PATIENCE: Duration = Duration::from_mins(2);

/// Persons of every nation, with their roles.
const PEOPLE: [&str; 9] = [
    "sena=security-officer+operator",
    "tariq=security-officer+operator",
    "lena=legal-adviser",
    "marco=legal-adviser",
    "ines=release-officer",
    "rosa=release-officer",
    "ana=analyst",
    "olga=operator+liaison",
    "viktor=overseer",
];

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The node, whose key process ends with it.
    Node,
    /// The key process, and a moment later the node.
    KeysFirst,
}

/// A nation and its node.
pub(crate) struct Nation {
    pub(crate) code: String,
    pub(crate) label: &'static str,
    pub(crate) folder: PathBuf,
    process: Option<Child>,
}

impl Drop for Nation {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = ambient::monotonic();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        ambient::pause(Duration::from_millis(50));
    }
}

impl Nation {
    pub(crate) fn found(root: &Path, profile: &Profile) -> Self {
        let code = profile.code.to_string();
        let folder = root.join(code.to_lowercase());
        let (label, marking) = match code.as_str() {
            "XAR" => ("OPEN", "SECRET-A"),
            "XBR" => ("ALMEN", "LUKKET"),
            _ => ("ABIERTO", "RESERVA"),
        };
        let [partner, web] = ambient::free_ports().unwrap();
        let made = Command::new(program())
            .arg("init")
            .arg(&folder)
            .args(["--nation", &code, "--name", &code, "--body", &profile.bodies.join(",")])
            .args(["--accredited", marking, "--web-port", &web.to_string()])
            .args(["--listen", &format!("127.0.0.1:{partner}")])
            .args(["--endpoint", &format!("https://127.0.0.1:{partner}")])
            .args(PEOPLE.iter().flat_map(|person| ["--person", person]))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self { code, label, folder, process: None }
    }

    /// Starts the process and waits for nothing.
    pub(crate) fn spawn(&mut self) {
        let log = self.folder.join("node.log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let process = Command::new(program())
            .args(["serve", "--housekeeping-seconds", "2", "--folder"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
    }

    /// Starts the node and waits until it answers.
    pub(crate) fn start(&mut self) {
        self.spawn();
        let started = ambient::monotonic();
        loop {
            match self.ask("ana", "whoami", &json!({})) {
                Ok(_) => return,
                Err(LocalClientError::Refused(error)) => panic!("{}: {error:?}", self.code),
                Err(_) => {}
            }
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                panic!("the node of {} does not start: {status}: {}", self.code, self.said());
            }
            assert!(started.elapsed() < PATIENCE, "{} does not answer: {}", self.code, self.said());
            ambient::pause(Duration::from_millis(20));
        }
    }

    /// The last lines that its node wrote.
    pub(crate) fn said(&self) -> String {
        let log = fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, blow: Blow) {
        let Some(mut process) = self.process.take() else { return };
        if blow == Blow::KeysFirst
            && let Some(keys) = child_of(process.id())
        {
            // It may have ended meanwhile.
            let _ = kill_process(keys, Signal::KILL);
            ambient::pause(Duration::from_millis(30));
        }
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Tells the node to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
        let ended = process.wait().unwrap();
        assert!(ended.success(), "{}: {ended}: {}", self.code, self.said());
    }

    /// The way to the node, as one of its persons.
    pub(crate) fn door(&self, person: &str) -> LocalClient {
        let file = self.folder.join("people").join(format!("{person}.credential"));
        let credential = fs::read_to_string(file).unwrap();
        LocalClient::new(&self.folder.join("run"), Some(credential.trim())).unwrap()
    }

    pub(crate) fn ask(
        &self,
        person: &str,
        command: &str,
        body: &Value,
    ) -> Result<Value, LocalClientError> {
        self.door(person).call(command, body)
    }

    /// Asks for what cannot fail.
    pub(crate) fn done(&self, person: &str, command: &str, body: &Value) -> Value {
        match self.ask(person, command, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {command}: {error}\n{}", self.code, self.said()),
        }
    }

    pub(crate) fn ledger_size(&self) -> u64 {
        self.done("viktor", "ledger.status", &json!({}))["size"].as_u64().unwrap()
    }

    /// Runs a command as a person does at the terminal.
    pub(crate) fn run(&self, person: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).arg("--folder").arg(&self.folder).args(["--as", person, "--json"]);
        command.output().unwrap()
    }
}

/// The first child of a process: a node has one, its key process.
fn child_of(parent: u32) -> Option<Pid> {
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name before it may hold anything, a bracket too.
        let (_, fields) = stat.rsplit_once(')')?;
        let above: u32 = fields.split_whitespace().nth(1)?.parse().ok()?;
        (above == parent).then(|| Pid::from_raw(id)).flatten()
    })
}
