//! Commands beside a running node: who asks, and the way to the node.
//!
//! The node in a folder is asked over its local socket, as a person whose credential lies in
//! `people/` in that folder or in a file of their own. What may be asked is
//! `entente_api::commands`; here a refusal becomes a sentence, a hint and an exit code.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use entente_api::local::{LocalClient, LocalClientError};
use serde_json::Value;

use crate::cli::NodeArgs;
use crate::files::{self, FileError};
use crate::folder::Folder;
use crate::output::{Exit, Failure};

/// The folder of the credentials, in a node's folder.
pub const PEOPLE: &str = "people";
/// How a credential's file name ends.
const SUFFIX: &str = ".credential";
/// A credential is 64 digits; its file may have a line end.
const CREDENTIAL_BYTES_MAX: u64 = 256;

/// Options of every command that a person asks of a running node.
#[derive(Debug, Args)]
pub struct PersonArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// The person who asks, whose credential is in people/ in the node's folder
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
    /// The credential of the person who asks
    #[arg(long, value_name = "FILE", conflicts_with = "person")]
    credential: Option<PathBuf>,
}

/// The running node, as one person reaches it.
#[derive(Debug)]
pub struct Desk {
    folder: Folder,
    client: LocalClient,
}

impl PersonArgs {
    /// The way to the node. Nothing is asked yet.
    pub fn desk(&self) -> Result<Desk, Failure> {
        let folder = self.node.open()?;
        let file = match (&self.credential, &self.person) {
            (Some(file), _) => file.clone(),
            (None, Some(person)) => of_person(&folder, person)?,
            (None, None) => only_one(&folder)?,
        };
        let credential = read_credential(&file)?;
        let client =
            LocalClient::new(&folder.run(), Some(&credential)).map_err(|e| refused(&folder, e))?;
        Ok(Desk { folder, client })
    }
}

impl Desk {
    /// The node's folder.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Asks the node.
    pub fn call(&self, command: &str, request: &Value) -> Result<Value, Failure> {
        self.client.call(command, request).map_err(|e| refused(&self.folder, e))
    }

    /// Hears what happens after an event, until told to stop or the node closes.
    pub fn events(
        &self,
        after: i64,
        each: &mut dyn FnMut(i64, &str) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        self.client.events(after, each).map_err(|e| refused(&self.folder, e))
    }
}

/// Where a person's credential lies.
pub fn credential_file(folder: &Path, person: &str) -> PathBuf {
    folder.join(PEOPLE).join(format!("{person}{SUFFIX}"))
}

/// Writes a credential for its owner alone; one that exists is not overwritten.
pub fn write_credential(file: &Path, credential: &str) -> Result<(), FileError> {
    files::create(file, format!("{credential}\n").as_bytes())
}

/// Puts a renewed credential in the place of the one that is no longer good.
pub fn renew_credential(file: &Path, credential: &str) -> Result<(), FileError> {
    files::replace(file, format!("{credential}\n").as_bytes()).map(drop)
}

/// Persons whose credentials are in the folder, in order.
fn known_here(folder: &Folder) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.path().join(PEOPLE)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(SUFFIX).map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn of_person(folder: &Folder, person: &str) -> Result<PathBuf, Failure> {
    let known = known_here(folder);
    if known.iter().any(|name| name == person) {
        return Ok(credential_file(folder.path(), person));
    }
    let people = folder.path().join(PEOPLE);
    let have = if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("expected one of {}", known.join(", "))
    };
    Err(Failure::usage(anyhow!("no credential of `{person}` is in {}: {have}", people.display()))
        .hint("name the file with --credential if it lies elsewhere"))
}

fn only_one(folder: &Folder) -> Result<PathBuf, Failure> {
    let known = known_here(folder);
    match known.as_slice() {
        [one] => Ok(credential_file(folder.path(), one)),
        [] => Err(Failure::usage(anyhow!(
            "nobody's credential is in {}: say who you are with --credential FILE",
            folder.path().join(PEOPLE).display()
        ))),
        several => Err(Failure::usage(anyhow!(
            "several persons have credentials here: say who you are with --as, one of {}",
            several.join(", ")
        ))),
    }
}

fn read_credential(file: &Path) -> Result<String, Failure> {
    let bytes = files::read_private(file, CREDENTIAL_BYTES_MAX).map_err(Failure::usage)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(anyhow!(
        "{} is no credential: expected 64 hexadecimal digits, as `entente person add` writes them",
        file.display()
    )))
}

/// What an error on the way to the node means to who asked.
fn refused(folder: &Folder, error: LocalClientError) -> Failure {
    let path = folder.path().display();
    if matches!(error, LocalClientError::NotRunning { .. }) {
        return Failure::new(Exit::NotRunning, anyhow!("the node in {path} is not running"))
            .hint(format!("start it with: entente serve --folder {path}"));
    }
    if matches!(error, LocalClientError::Unsendable(_)) {
        return Failure::usage(error);
    }
    let LocalClientError::Refused(refusal) = error else {
        return Failure::failed(error);
    };
    let exit = match refusal.status {
        400 | 401 | 413 | 422 => Exit::Usage,
        504 => Exit::Unreachable,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, anyhow!("{}", refusal.message));
    let reference = refusal.reference.map(|r| format!("the node's log says more under {r}"));
    match refusal.hint.or(reference) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(dir: &Path, people: &[&str]) -> Folder {
        let folder = Folder::create(&dir.join("xar")).unwrap();
        std::fs::write(folder.config_file(), "").unwrap();
        files::private_folder(&folder.path().join(PEOPLE)).unwrap();
        for person in people {
            write_credential(&credential_file(folder.path(), person), &"ab".repeat(32)).unwrap();
        }
        folder
    }

    fn asks(folder: &Folder, person: Option<&str>) -> Result<Desk, Failure> {
        let node = NodeArgs { folder: folder.path().to_owned() };
        PersonArgs { node, person: person.map(str::to_owned), credential: None }.desk()
    }

    #[test]
    fn one_credential_needs_no_name_and_several_do() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path(), &["anna"]);
        assert!(asks(&folder, None).is_ok());
        write_credential(&credential_file(folder.path(), "bo"), &"cd".repeat(32)).unwrap();
        let failure = asks(&folder, None).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(format!("{failure:?}").contains("one of anna, bo"), "{failure:?}");
        assert!(asks(&folder, Some("bo")).is_ok());
        let failure = asks(&folder, Some("../anna")).unwrap_err();
        assert!(format!("{failure:?}").contains("expected one of anna, bo"), "{failure:?}");
    }

    #[test]
    fn a_credential_that_is_none_is_refused_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path(), &[]);
        assert!(format!("{:?}", asks(&folder, None).unwrap_err()).contains("--credential"));
        write_credential(&credential_file(folder.path(), "anna"), "secret").unwrap();
        let failure = asks(&folder, Some("anna")).unwrap_err();
        assert!(format!("{failure:?}").contains("64 hexadecimal digits"), "{failure:?}");
    }

    #[test]
    fn a_node_that_does_not_run_has_an_exit_code_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path(), &["anna"]);
        let failure = asks(&folder, None).unwrap().call("status", &Value::Null).unwrap_err();
        assert_eq!(failure.exit(), Exit::NotRunning);
        assert!(format!("{failure:?}").contains("entente serve --folder"), "{failure:?}");
    }
}
