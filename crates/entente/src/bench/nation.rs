//! One nation on this machine: its folder as `entente init` lays it down, and its node opened in
//! this process with a key process of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use entente_app::SqliteNode;
use entente_app::keys::Keys;
use entente_app::node::Parts;
use entente_app::people::{Actor, Role, TokenKind};
use entente_app::publish::{Circumstances, Order};
use entente_law::{Schemes, parse_label};
use entente_model::item::Lane;
use entente_model::{NationCode, ReleaseFacts};
use entente_seal::keystore;
use entente_store::sqlite::{SqliteStore, SqliteVault};

use super::timed::TimedKeys;
use crate::ambient::{OsEntropy, SystemClock};
use crate::anchor::KeyFile;
use crate::disk::Gauge;
use crate::folder::{Folder, FolderLock};
use crate::init::{self, FirstPerson, NewPassphrase, Plan};
use crate::keyd::{RemoteKeys, Start};
use crate::{local, secrets};

/// The purpose of every release.
pub(super) const PURPOSE: &str = "cyber_defence";
/// The body of every nation.
pub(super) const BODY: &str = "CERT";
/// Who publishes.
pub(super) const ANALYST: &str = "ana";
/// Who do together what takes two.
pub(super) const OFFICERS: [&str; 2] = ["sena", "tariq"];

/// Founds a nation in a folder of its own; with a port, partners can dial its node.
pub(super) fn found(folder: &Path, code: NationCode, port: Option<u16>) -> anyhow::Result<Folder> {
    let schemes = Schemes::builtin();
    let scheme = schemes.get(code.as_str())?;
    let (marking, level) = scheme.markings().last().context("the scheme has no markings")?;
    let person = |name: &str, roles: &[Role]| FirstPerson {
        name: name.to_owned(),
        roles: roles.to_vec(),
        body: String::new(),
    };
    let offices = [Role::SecurityOfficer, Role::LegalAdviser, Role::Operator];
    let mut people: Vec<FirstPerson> = OFFICERS.iter().map(|name| person(name, &offices)).collect();
    people.push(person(ANALYST, &[Role::Analyst]));
    let created = init::create(&Plan {
        dir: folder.to_owned(),
        nation: code,
        name: format!("Nation {code}"),
        bodies: vec![BODY.to_owned()],
        label: "node-1".to_owned(),
        accredited: (marking.to_owned(), level),
        listen: port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        endpoint: port.map(|port| format!("https://127.0.0.1:{port}")),
        web_listen: None,
        passphrase: NewPassphrase::Generated,
        anchor: None,
        // What is measured is not how fast partners answer after a start.
        start_quorum: Some(0),
        schemes: Vec::new(),
        people,
        ceremony_passphrases: None,
    })
    .map_err(|failure| anyhow!("{code} could not be founded: {failure:?}"))?;
    Ok(created.folder)
}

/// A person's credential.
pub(super) fn credential(folder: &Folder, person: &str) -> anyhow::Result<String> {
    let file = local::credential_file(folder.path(), person);
    let text = fs::read_to_string(&file)
        .with_context(|| format!("{} could not be read", file.display()))?;
    Ok(text.trim().to_owned())
}

/// A nation whose node runs in this process.
pub(super) struct Nation {
    /// The node.
    pub(super) node: SqliteNode,
    /// Its keys, in a process of their own.
    pub(super) keys: Arc<TimedKeys>,
    folder: Folder,
    _lock: FolderLock,
}

impl Nation {
    /// Founds a nation and opens its node.
    pub(super) fn begin(folder: &Path, code: NationCode) -> anyhow::Result<Self> {
        Self::open(found(folder, code, None)?)
    }

    /// Opens the node in a folder, as `entente serve` does.
    pub(super) fn open(folder: Folder) -> anyhow::Result<Self> {
        let config = folder.config()?;
        let lock = folder.lock()?;
        let passphrase = secrets::obtain(&config.keys.passphrase)?;
        let params = keystore::Params::default();
        let start = Start {
            keys: KeyFile { path: config.keys.file.clone(), passphrase, params },
            anchor: config.keys.anchor.clone(),
        };
        let program = std::env::current_exe()?;
        let keys = Arc::new(TimedKeys::new(RemoteKeys::start(&program, &start)?));
        let node = SqliteNode::open(Parts {
            store: SqliteStore::open(&config.data.database)?,
            vault: SqliteVault::open(&config.data.vault)?,
            keys: Arc::clone(&keys) as Arc<dyn Keys>,
            clock: Arc::new(SystemClock),
            entropy: Box::new(OsEntropy),
            settings: config.settings(),
            disk: Box::new(Gauge::of(&config.data)),
            wake: Box::new(|_| {}),
        })?;
        Ok(Self { node, keys, folder, _lock: lock })
    }

    /// Closes the node and opens it again, so that it reads everything from its disk.
    pub(super) fn reopen(self) -> anyhow::Result<Self> {
        Self::open(self.close())
    }

    /// Closes the node, key process and databases; its folder stays.
    pub(super) fn close(self) -> Folder {
        self.folder
    }

    /// A person of this nation.
    pub(super) fn actor(&self, person: &str) -> anyhow::Result<Actor> {
        let credential = credential(&self.folder, person)?;
        Ok(self.node.actor(&credential, &[TokenKind::Credential])?)
    }

    /// Does what is due until nothing is.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        loop {
            let ticked = self.node.tick()?;
            if ticked.sequenced + ticked.deleted == 0 && !ticked.more {
                return Ok(());
            }
        }
    }

    /// An unclassified release to every partner.
    pub(super) fn order(&self) -> anyhow::Result<Order> {
        let known = self.node.known();
        let scheme = known.policy.schemes.get(self.node.identity().code.as_str())?;
        let (marking, _) = scheme.markings().next().context("the scheme has no markings")?;
        Ok(Order {
            label: parse_label(marking, scheme, self.node.now())?,
            facts: ReleaseFacts::default(),
            purpose: PURPOSE.to_owned(),
            to: Vec::new(),
            circumstances: Circumstances::default(),
            lane: Lane::Routine,
            supersedes: Vec::new(),
        })
    }
}
