//! The five nations as processes: founding them, starting, stopping and asking them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use entente_api::local::{LocalClient, LocalClientError};
use serde_json::{Value, json};

use crate::ambient::free_ports;
use crate::folder::Folder;
use crate::output::Output;

/// A nation of the demonstration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) bodies: &'static str,
    /// What its node is accredited to, and its people are cleared for.
    pub(super) marking: &'static str,
    pub(super) law: &'static str,
}

/// The nations, and their laws as shipped with this program.
pub(super) const CAST: [Cast; 5] = [
    Cast {
        code: "XAR",
        name: "Arvenia",
        bodies: "COAST-GUARD,CERT-A,SECURITY-SERVICE",
        marking: "SECRET-A",
        law: include_str!("../../../../laws/xar.md"),
    },
    Cast {
        code: "XBR",
        name: "Brenmark",
        bodies: "COAST-WATCH,CERT-B",
        marking: "LUKKET",
        law: include_str!("../../../../laws/xbr.md"),
    },
    Cast {
        code: "XCO",
        name: "Costaluna",
        bodies: "GUARDA-COSTERA,CERT-C",
        marking: "RESERVA",
        law: include_str!("../../../../laws/xco.md"),
    },
    Cast {
        code: "XDO",
        name: "Dorvania",
        bodies: "MARITIME-POLICE,CERT-D",
        marking: "POVERENA",
        law: include_str!("../../../../laws/xdo.md"),
    },
    Cast {
        code: "XEL",
        name: "Elandria",
        bodies: "JOINT-MARITIME-CENTRE,CERT-E",
        marking: "CLOSED",
        law: include_str!("../../../../laws/xel.md"),
    },
];

/// The nation that is reached on media only.
pub(super) const BY_DISC: &str = "XEL";

/// Persons of every nation, with their roles.
const PEOPLE: [(&str, &str); 9] = [
    ("sena", "security-officer+operator"),
    ("tariq", "security-officer+operator"),
    ("lena", "legal-adviser"),
    ("marco", "legal-adviser"),
    ("ines", "release-officer"),
    ("pavel", "release-officer"),
    ("ana", "analyst"),
    ("olga", "operator+liaison"),
    ("viktor", "overseer"),
];

/// What the world is remembered by.
const MARK: &str = "demo.json";

/// Five nations on this machine.
pub(super) struct World {
    root: PathBuf,
    temporary: bool,
    resumed: bool,
    children: Vec<Option<Child>>,
    output: Output,
}

impl World {
    pub(super) fn at(dir: Option<PathBuf>, output: Output) -> anyhow::Result<Self> {
        let temporary = dir.is_none();
        let root = match dir {
            Some(dir) => dir,
            None => std::env::temp_dir().join(format!("entente-demo-{}", std::process::id())),
        };
        fs::create_dir_all(&root)
            .with_context(|| format!("the folder {} cannot be made", root.display()))?;
        let root = root.canonicalize()?;
        let resumed = root.join(MARK).is_file();
        if !resumed && fs::read_dir(&root)?.next().is_some() {
            bail!(
                "{} is not empty and holds no demonstration: name an empty folder",
                root.display()
            );
        }
        if resumed {
            for cast in &CAST {
                // Nodes that run already would answer in the place of ours.
                let folder = Folder::open(&root.join(cast.code.to_lowercase()))?;
                if let Err(error) = folder.lock() {
                    bail!("{error}: stop the demonstration that it belongs to first");
                }
            }
        }
        let children = CAST.iter().map(|_| None).collect();
        Ok(Self { root, temporary, resumed, children, output })
    }

    pub(super) const fn is_resumed(&self) -> bool {
        self.resumed
    }

    pub(super) fn say(&self, line: &str) {
        self.output.progress(&line);
    }

    pub(super) fn folder(&self, code: &str) -> PathBuf {
        self.root.join(code.to_lowercase())
    }

    /// Marks the world as complete, so that a second start resumes it.
    pub(super) fn remember(&self) -> anyhow::Result<()> {
        let codes: Vec<&str> = CAST.iter().map(|c| c.code).collect();
        fs::write(self.root.join(MARK), json!({ "schema": 1, "nations": codes }).to_string())?;
        Ok(())
    }

    /// Runs this program's own command line.
    fn command(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let program = std::env::current_exe()?;
        let ran = Command::new(program).args(arguments).arg("--json").output()?;
        let document: Value = serde_json::from_slice(&ran.stdout).unwrap_or(Value::Null);
        if ran.status.success() {
            return Ok(document);
        }
        let told = String::from_utf8_lossy(&ran.stderr);
        bail!(
            "`entente {}` failed: {} {}",
            arguments.first().copied().unwrap_or_default(),
            document.get("error").and_then(Value::as_str).unwrap_or_default(),
            told.trim()
        )
    }

    /// Founds one nation in its own folder.
    pub(super) fn found(&self, cast: &Cast) -> anyhow::Result<()> {
        let folder = self.folder(cast.code);
        let folder_text = folder.display().to_string();
        let [web, partner] = free_ports()?;
        let web = web.to_string();
        let listen = format!("127.0.0.1:{partner}");
        let endpoint = format!("https://127.0.0.1:{partner}");
        let custodians = self.root.join("custodians").join(cast.code).display().to_string();
        let mut arguments = vec![
            "init",
            &folder_text,
            "--nation",
            cast.code,
            "--name",
            cast.name,
            "--body",
            cast.bodies,
            "--accredited",
            cast.marking,
            "--web-port",
            &web,
            "--ceremony-passphrases-to",
            &custodians,
        ];
        if cast.code != BY_DISC {
            arguments.extend(["--listen", &listen, "--endpoint", &endpoint]);
        }
        let people: Vec<String> =
            PEOPLE.iter().map(|(name, roles)| format!("{name}={roles}")).collect();
        for person in &people {
            arguments.extend(["--person", person]);
        }
        self.command(&arguments)?;
        Ok(())
    }

    /// Starts a nation's node and waits until it answers.
    pub(super) fn start(&mut self, code: &str) -> anyhow::Result<()> {
        let folder = self.folder(code);
        let log = File::options().create(true).append(true).open(folder.join("node.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--housekeeping-seconds", "2", "--folder"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .with_context(|| format!("the node of {code} could not be started"))?;
        *self.slot(code)? = Some(child);
        self.until(&format!("the node of {code} answers"), Duration::from_mins(1), |world| {
            if let Some(child) = world.slot(code)?
                && let Some(status) = child.try_wait()?
            {
                bail!("the node of {code} ended: {status}: {}", last_line(&folder));
            }
            match world.ask(code, "ana", "whoami", &json!({})) {
                Ok(_) => Ok(Some(())),
                Err(error) if error.downcast_ref::<LocalClientError>().is_some() => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn slot(&mut self, code: &str) -> anyhow::Result<&mut Option<Child>> {
        CAST.iter()
            .position(|c| c.code == code)
            .and_then(|i| self.children.get_mut(i))
            .ok_or_else(|| anyhow!("{code} is not of the cast"))
    }

    /// Takes a node off the net by killing its process.
    pub(super) fn kill(&mut self, code: &str) -> anyhow::Result<()> {
        if let Some(mut child) = self.slot(code)?.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks a node as one of its persons.
    pub(super) fn ask(
        &self,
        code: &str,
        person: &str,
        command: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let folder = self.folder(code);
        let file = folder.join("people").join(format!("{person}.credential"));
        let credential = fs::read_to_string(&file)
            .with_context(|| format!("{person} of {code} has no credential"))?;
        let client = LocalClient::new(&folder.join("run"), Some(credential.trim()))?;
        Ok(client.call(command, body)?)
    }

    /// Asks again and again until the answer is there.
    pub(super) fn until<T>(
        &mut self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut(&mut Self) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let started = crate::ambient::monotonic();
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if started.elapsed() > patience {
                bail!("waited {} s in vain until {what}", patience.as_secs());
            }
            crate::ambient::pause(Duration::from_millis(50));
        }
    }

    /// Keeps the nodes running until Ctrl-C.
    pub(super) fn wait(&mut self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(tokio::signal::ctrl_c())?;
        self.say("Stopping.");
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            terminate(child);
        }
        for child in self.children.iter_mut().flatten() {
            // It was told to end; if it does not, it is made to.
            let started = crate::ambient::monotonic();
            while matches!(child.try_wait(), Ok(None)) {
                if started.elapsed() > Duration::from_secs(10) {
                    let _ = child.kill();
                }
                crate::ambient::pause(Duration::from_millis(20));
            }
        }
        if self.temporary {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

fn last_line(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("node.log")).unwrap_or_default();
    log.lines().last().unwrap_or_default().to_owned()
}
