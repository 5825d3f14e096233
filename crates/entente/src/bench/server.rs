//! Nodes as processes of their own, as `entente serve` runs them, and how they are asked.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use entente_api::local::{LocalClient, LocalClientError};
use entente_model::NationCode;
use serde_json::{Value, json};

use super::machine::{self, Memory};
use super::nation::{self, ANALYST, OFFICERS};
use super::{Lab, alliance};
use crate::ambient::{free_ports, monotonic, pause};
use crate::folder::Folder;

const PATIENCE: Duration = Duration::from_mins(1);
const LOG: &str = "node.log";

/// A running node.
pub(super) struct Server {
    /// Its nation.
    pub(super) code: NationCode,
    /// Its folder.
    pub(super) folder: Folder,
    child: Child,
}

impl Server {
    /// Founds a nation and starts its node.
    pub(super) fn begin(room: &Path, code: NationCode) -> anyhow::Result<Self> {
        let [port] = free_ports()?;
        let folder = nation::found(&room.join(code.as_str()), code, Some(port))?;
        let log = File::create(folder.path().join(LOG))?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--folder"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .with_context(|| format!("the node of {code} could not be started"))?;
        let mut server = Self { code, folder, child };
        server.answers()?;
        Ok(server)
    }

    fn answers(&mut self) -> anyhow::Result<()> {
        let started = monotonic();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the node of {} ended: {status}: {}", self.code, self.last_line());
            }
            match self.ask(ANALYST, "whoami", &json!({})) {
                Ok(_) => return Ok(()),
                Err(error) if error.downcast_ref::<LocalClientError>().is_none() => {
                    return Err(error);
                }
                Err(error) if started.elapsed() > PATIENCE => return Err(error),
                Err(_) => pause(Duration::from_millis(20)),
            }
        }
    }

    fn last_line(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
        log.lines().last().unwrap_or_default().to_owned()
    }

    /// The way to the node, as one of its persons.
    pub(super) fn desk(&self, person: &str) -> anyhow::Result<LocalClient> {
        let credential = nation::credential(&self.folder, person)?;
        Ok(LocalClient::new(&self.folder.run(), Some(&credential))?)
    }

    /// Asks the node as one of its persons.
    pub(super) fn ask(&self, person: &str, command: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.desk(person)?.call(command, body)?)
    }

    /// The node's process and its key process.
    pub(super) fn processes(&self) -> (u32, Vec<u32>) {
        let node = self.child.id();
        (node, machine::children(node))
    }

    /// The time that both have computed.
    pub(super) fn computed(&self) -> Duration {
        let (node, keys) = self.processes();
        std::iter::once(node).chain(keys).map(machine::computed).sum()
    }

    /// Memory of the node, and of its key process.
    pub(super) fn memory(&self) -> (Memory, Memory) {
        let (node, keys) = self.processes();
        let keys = keys.first().map(|id| machine::memory(*id)).unwrap_or_default();
        (machine::memory(node), keys)
    }

    fn introduce(&self, card: &Value) -> anyhow::Result<()> {
        let words: Vec<&str> = list(card, "words").iter().filter_map(Value::as_str).collect();
        let body = json!({ "card": card.get("card"), "words": words.join(" ") });
        for officer in OFFICERS {
            self.ask(officer, "introduce", &body)?;
        }
        Ok(())
    }

    fn is_allied(&self) -> anyhow::Result<bool> {
        let held = self.ask(OFFICERS[0], "agreement.status", &json!({}))?;
        Ok(list(&held, "agreements").iter().any(|agreement| {
            agreement.get("status").and_then(Value::as_str) == Some("in_force")
                && list(agreement, "parties")
                    .iter()
                    .all(|party| party.get("active").and_then(Value::as_bool) == Some(true))
        }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(id) =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended already.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let started = monotonic();
        while matches!(self.child.try_wait(), Ok(None)) {
            if started.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
            }
            pause(Duration::from_millis(10));
        }
    }
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Founds nations, starts their nodes, introduces all to each other and puts an agreement
/// between them into force.
pub(super) fn allied(lab: &Lab<'_>, codes: &[&str]) -> anyhow::Result<Vec<Server>> {
    lab.say(&format!("Founding {} nations and starting their nodes.", codes.len()));
    let codes = codes.iter().map(|code| code.parse()).collect::<Result<Vec<NationCode>, _>>()?;
    let servers = codes
        .iter()
        .map(|code| Server::begin(lab.room.path(), *code))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for server in &servers {
        let card = server.ask(OFFICERS[0], "card", &json!({}))?;
        for other in servers.iter().filter(|other| other.code != server.code) {
            other.introduce(&card)?;
        }
    }
    let Some(first) = servers.first() else { return Ok(servers) };
    first.ask(OFFICERS[0], "agreement.propose", &json!({ "text": alliance::text(&codes) }))?;
    for server in &servers {
        until("the agreement is offered", || {
            let held = server.ask(OFFICERS[0], "agreement.status", &json!({}))?;
            Ok(!list(&held, "agreements").is_empty())
        })?;
        for officer in OFFICERS {
            server.ask(officer, "agreement.sign", &json!({ "agreement": "BENCH-1" }))?;
        }
    }
    until("the agreement is in force", || {
        for server in &servers {
            if !server.is_allied()? {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(servers)
}

/// Looks again and again.
pub(super) fn until(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let started = monotonic();
    while !look()? {
        if started.elapsed() > PATIENCE {
            bail!("waited {} s in vain until {what}", PATIENCE.as_secs());
        }
        pause(Duration::from_millis(20));
    }
    Ok(())
}
