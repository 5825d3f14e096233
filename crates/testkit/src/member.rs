//! One nation: its machine, its folder, its people, and its node while it runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entente_app::identity::{self, Founding};
use entente_app::keys::{KeySecrets, Keys};
use entente_app::node::Parts;
use entente_app::people::{Actor, Post, Role, TokenKind};
use entente_app::settings::Settings;
use entente_app::{Node, SqliteNode};
use entente_law::scheme::Schemes;
use entente_model::{Clock as _, NationCode, NationId, NodeId, ObjectId, Timestamp};
use entente_store::Vault as _;
use entente_store::sqlite::{Options, SqliteStore, SqliteVault};

use crate::chance::Chance;
use crate::clock::{LocalClock, WorldClock};
use crate::failure::{Failure, Result};
use crate::fate::{DiskFate, Fate, Gauge};
use crate::keys::{Device, SharedSeen, WatchedKeys};

/// The persons of every nation: two of each office that needs two.
const PEOPLE: [(&str, Role); 9] = [
    ("security-1", Role::SecurityOfficer),
    ("security-2", Role::SecurityOfficer),
    ("legal-1", Role::LegalAdviser),
    ("legal-2", Role::LegalAdviser),
    ("release-1", Role::ReleaseOfficer),
    ("release-2", Role::ReleaseOfficer),
    ("analyst", Role::Analyst),
    ("operator", Role::Operator),
    ("overseer", Role::Overseer),
];

/// What a nation is before its node is founded.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its code, one of the built-in schemes'.
    pub code: NationCode,
    /// The bodies that receive at its node.
    pub bodies: Vec<String>,
    /// What its node is accredited to.
    pub accreditation: u8,
}

impl Profile {
    /// A profile with these bodies, accredited to SECRET.
    pub fn new(code: &str, bodies: &[&str]) -> Result<Self> {
        let code = code.parse().map_err(|_| Failure(format!("`{code}` is not a nation's code")))?;
        let bodies = bodies.iter().map(|b| (*b).to_owned()).collect();
        Ok(Self { code, bodies, accreditation: 3 })
    }
}

/// One nation.
pub struct Member {
    /// Its profile.
    pub profile: Profile,
    /// The nation.
    pub nation: NationId,
    /// Its node.
    pub id: NodeId,
    /// What goes wrong on its machine.
    pub fate: Arc<Fate>,
    /// Its clock.
    pub clock: Arc<LocalClock>,
    /// Everything that its key processes signed and sealed.
    pub seen: SharedSeen,
    /// The device of its anchor.
    pub device: Device,
    /// What its operator set; counts from the next start.
    pub settings: Settings,
    folder: PathBuf,
    secrets: Vec<u8>,
    chance: Chance,
    starts: u64,
    credentials: Vec<(String, String)>,
    node: Option<SqliteNode>,
}

impl Member {
    /// Founds a nation in a folder of its own, starts its node, and adds its people.
    pub fn found(
        profile: Profile,
        folder: &Path,
        world: &WorldClock,
        chance: &Chance,
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let code = profile.code;
        let chance = chance.fork(code.as_str(), 0);
        let mut entropy = chance.fork("founding", 0);
        let certify = |_: &_| Ok::<_, Failure>(Vec::new());
        let secrets = KeySecrets::generate(&mut entropy, certify)?;
        let founding = Founding {
            code,
            name: format!("Republic of {code}"),
            label: "mod-1".to_owned(),
            endpoints: vec![format!("https://{}.example:4433", code.as_str().to_lowercase())],
            bodies: profile.bodies.clone(),
            accreditation: profile.accreditation,
            mandate: "Act on the Oversight of Services".to_owned(),
        };
        let clock = world.local();
        let now = clock.now();
        let founded = identity::found(&founding, &secrets, &mut entropy, now)?;
        let fate = Arc::new(Fate::default());
        let device = Device::new(Arc::clone(&fate));
        let mut member = Self {
            profile,
            nation: founded.nation,
            id: founded.node,
            fate,
            clock,
            seen: SharedSeen::default(),
            device,
            // Who plays with restarts says whether partners must be asked.
            settings: Settings { start_quorum: 0, ..Settings::default() },
            folder: folder.to_owned(),
            secrets: secrets.to_bytes().to_vec(),
            chance,
            starts: 0,
            credentials: Vec::new(),
            node: None,
        };
        let store = SqliteStore::open_with(&member.store_path(), member.options_of_store())?;
        SqliteNode::lay_down(&store, &founded, &founding, now)?;
        drop(store);
        member.start()?;
        member.add_people()?;
        Ok(member)
    }

    fn store_path(&self) -> PathBuf {
        self.folder.join("node.db")
    }

    fn vault_path(&self) -> PathBuf {
        self.folder.join("vault.db")
    }

    fn options_of_store(&self) -> Options {
        let faults = DiskFate::store(Arc::clone(&self.fate));
        Options {
            dangerous_no_sync: true,
            writer_cache_bytes: 2 << 20,
            reader_cache_bytes: 1 << 20,
            readers_kept: 2,
            bytes_max: None,
            faults: Some(Arc::new(faults)),
        }
    }

    fn options_of_vault(&self) -> Options {
        let faults = DiskFate::vault(Arc::clone(&self.fate));
        Options { faults: Some(Arc::new(faults)), ..self.options_of_store() }
    }

    fn add_people(&mut self) -> Result<()> {
        let schemes = Schemes::builtin();
        let scheme = schemes
            .get(self.profile.code.as_str())
            .map_err(|e| Failure(format!("no scheme: {e}")))?;
        let clearance = (0..=self.profile.accreditation)
            .rev()
            .find_map(|level| scheme.marking(level))
            .unwrap_or_default()
            .to_owned();
        let people = PEOPLE.map(|(name, role)| (name, Post::of(&[role]).cleared(&clearance)));
        let secrets = self.node()?.found_people(&people)?;
        self.credentials =
            PEOPLE.iter().zip(secrets).map(|((name, _), s)| ((*name).to_owned(), s)).collect();
        Ok(())
    }

    /// Starts the machine: the key process, then the node. Wrap contexts and everything else in
    /// memory begin anew.
    pub fn start(&mut self) -> Result<()> {
        match self.try_start() {
            Ok(()) => Ok(()),
            Err(error) => Err(Failure(format!("{} does not start: {error}", self.profile.code))),
        }
    }

    /// Starts the machine; the error is the node's own.
    pub fn try_start(&mut self) -> std::result::Result<(), entente_app::AppError> {
        self.node = None;
        self.starts += 1;
        let keys = WatchedKeys::start(
            &self.secrets,
            &self.device,
            Box::new(self.chance.fork("keys", self.starts)),
            Arc::clone(&self.fate),
            Arc::clone(&self.seen),
        )?;
        let keys: Arc<dyn Keys> = Arc::new(keys);
        let parts = Parts {
            store: SqliteStore::open_with(&self.store_path(), self.options_of_store())?,
            vault: SqliteVault::open_with(&self.vault_path(), self.options_of_vault())?,
            keys,
            clock: Arc::clone(&self.clock) as Arc<dyn entente_model::Clock>,
            entropy: Box::new(self.chance.fork("node", self.starts)),
            settings: self.settings,
            disk: Box::new(Gauge(Arc::clone(&self.fate))),
            wake: Box::new(|_| {}),
        };
        self.node = Some(Node::open(parts)?);
        Ok(())
    }

    /// Stops the machine.
    pub fn stop(&mut self) {
        self.node = None;
    }

    /// Whether the node runs.
    pub const fn is_running(&self) -> bool {
        self.node.is_some()
    }

    /// The node.
    pub fn node(&self) -> Result<&SqliteNode> {
        self.node.as_ref().ok_or_else(|| Failure(format!("{} is not running", self.profile.code)))
    }

    /// A person of this nation.
    pub fn actor(&self, name: &str) -> Result<Actor> {
        actor(self.node()?, &self.credentials, name)
    }

    /// The credential of a person of this nation.
    pub fn credential(&self, name: &str) -> Result<&str> {
        credential(&self.credentials, name)
    }

    /// The moment by this nation's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The objects whose body keys the vault holds.
    pub fn keys_held(&self) -> Result<BTreeSet<ObjectId>> {
        let vault = SqliteVault::open_with(&self.vault_path(), self.options_of_vault())?;
        let mut held = BTreeSet::new();
        for (shard, _) in vault.shards()? {
            held.extend(vault.shard_keys(shard)?.into_iter().map(|(oid, _)| oid));
        }
        Ok(held)
    }

    /// Copies the machine's disk, which must not be running, to another folder.
    pub fn copy_disk(&self, to: &Path) -> Result<()> {
        copy_folder(&self.folder, to)
    }

    /// Puts an older copy of the disk in place of the present one.
    pub fn restore_disk(&mut self, from: &Path) -> Result<()> {
        self.stop();
        fs::remove_dir_all(&self.folder)?;
        copy_folder(from, &self.folder)
    }

    /// The same nation on another machine with a copied disk, before it is started. `device` is
    /// what it takes for its anchor.
    #[must_use]
    pub fn cloned_onto(&self, folder: &Path, device: Device, fate: Arc<Fate>) -> Self {
        Self {
            profile: self.profile.clone(),
            nation: self.nation,
            id: self.id,
            fate,
            clock: Arc::clone(&self.clock),
            seen: Arc::clone(&self.seen),
            device,
            settings: self.settings,
            folder: folder.to_owned(),
            secrets: self.secrets.clone(),
            chance: self.chance.fork("clone", self.starts),
            starts: self.starts,
            credentials: self.credentials.clone(),
            node: None,
        }
    }

    /// The same nation as it was, in a copy of its folder and with another stream of chance: how
    /// a simulation begins without founding the nation again. It is not started.
    pub(crate) fn resumed(
        &self,
        folder: &Path,
        world: &WorldClock,
        chance: &Chance,
    ) -> Result<Self> {
        copy_folder(&self.folder, folder)?;
        let fate = Arc::new(Fate::default());
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok(Self {
            profile: self.profile.clone(),
            nation: self.nation,
            id: self.id,
            clock: world.local(),
            seen: Arc::new(std::sync::Mutex::new(seen)),
            device: self.device.copied().shared_with(Arc::clone(&fate)),
            fate,
            settings: self.settings,
            folder: folder.to_owned(),
            secrets: self.secrets.clone(),
            chance: chance.fork(self.profile.code.as_str(), 1),
            starts: 0,
            credentials: self.credentials.clone(),
            node: None,
        })
    }

    /// The key file's bytes, for a nation that lies with its own keys.
    pub fn secrets(&self) -> &[u8] {
        &self.secrets
    }
}

fn credential<'c>(credentials: &'c [(String, String)], name: &str) -> Result<&'c str> {
    let found = credentials.iter().find(|(known, _)| known == name);
    found
        .map(|(_, secret)| secret.as_str())
        .ok_or_else(|| Failure(format!("there is no person `{name}`")))
}

fn actor(node: &SqliteNode, credentials: &[(String, String)], name: &str) -> Result<Actor> {
    Ok(node.actor(credential(credentials, name)?, &[TokenKind::Credential])?)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
