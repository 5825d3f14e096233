//! Founding a nation and its node: everything that `entente init` lays down.
//!
//! Folder, configuration, sealed keys, anchor, databases, the nation's chain, the first persons,
//! and what the custodians carry away. INVARIANT: on an error nothing of it remains, since half
//! a nation would be taken for one.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use entente_app::identity::{self, Founded, Founding};
use entente_app::keys::{KeySecrets, Keyring, Keys};
use entente_app::node::Parts;
use entente_app::people::{Post, Role};
use entente_app::{AppError, SqliteNode};
use entente_exchange::card::SpokenId;
use entente_model::{Clock as _, NationCode, NationId, NodeId};
use entente_seal::keystore::{self, Params};
use entente_seal::sign::StatementKey;
use entente_store::sqlite::{SqliteStore, SqliteVault};

use crate::ambient::{OsEntropy, SystemClock};
use crate::anchor::{self, FileAnchor, KeyFile};
use crate::certificate::certify;
use crate::config::{Config, ConfigError, LogSetup, Template, template};
use crate::disk::Gauge;
use crate::files;
use crate::folder::{Folder, FolderError};
use crate::local::{PEOPLE, credential_file, write_credential};
use crate::output::Failure;
use crate::schemes;
use crate::secrets::{self, Passphrase, PassphraseSource};

/// Where what the custodians carry away is written.
pub const CEREMONY: &str = "ceremony";
/// A generated passphrase has 256 bits, and stretching it would add nothing.
const UNSTRETCHED: Params = Params { memory_kib: 8, passes: 1 };

/// How a new node is to be.
#[derive(Debug)]
pub struct Plan {
    /// Its folder, which must be empty or not exist.
    pub dir: PathBuf,
    /// The nation's code.
    pub nation: NationCode,
    /// The nation's name.
    pub name: String,
    /// The bodies that receive at this node; the first is the usual one.
    pub bodies: Vec<String>,
    /// The node's label within the nation.
    pub label: String,
    /// The highest marking that the node may hold, and its level on the common ladder.
    pub accredited: (String, u8),
    /// Where partners connect.
    pub listen: Option<SocketAddr>,
    /// Where partners are told to connect.
    pub endpoint: Option<String>,
    /// Where people connect.
    pub web_listen: Option<SocketAddr>,
    /// What seals the keys.
    pub passphrase: NewPassphrase,
    /// Where the anchor lies, if not in the folder.
    pub anchor: Option<PathBuf>,
    /// How many partners must confirm the ledger at a start, if not the usual number.
    pub start_quorum: Option<u16>,
    /// Files with schemes of its own, for its folder.
    pub schemes: Vec<PathBuf>,
    /// The first persons; one of them is a security officer.
    pub people: Vec<FirstPerson>,
    /// Where the passphrases of the ceremony's files are written, rather than shown.
    pub ceremony_passphrases: Option<PathBuf>,
}

/// What seals the keys of a new node.
#[derive(Debug)]
pub enum NewPassphrase {
    /// A new one, in a file in the folder.
    Generated,
    /// The one in this file.
    File(PathBuf),
    /// The one that a person chose at the terminal, where it is asked for at each start.
    Chosen(Passphrase),
}

/// One of the first persons.
#[derive(Debug, Clone)]
pub struct FirstPerson {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The body that they act for; empty for the first.
    pub body: String,
}

/// What was laid down.
#[derive(Debug)]
pub struct Created {
    /// The folder.
    pub folder: Folder,
    /// The nation.
    pub nation: NationId,
    /// Its node.
    pub node: NodeId,
    /// The words by which partners know the nation's card.
    pub words: Vec<&'static str>,
    /// Each person's name and credential file.
    pub people: Vec<(String, PathBuf)>,
    /// What the custodians carry away.
    pub ceremony: Vec<Carried>,
}

/// A sealed key that leaves the node.
#[derive(Debug)]
pub struct Carried {
    /// The file.
    pub file: PathBuf,
    /// The file with its passphrase, or the passphrase itself, which is nowhere else.
    pub opens: Result<PathBuf, Passphrase>,
}

/// Removes what was laid down unless it is kept.
struct Scaffold {
    dir: PathBuf,
    existed: bool,
    outside: Vec<PathBuf>,
    kept: bool,
}

impl Drop for Scaffold {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // Who fails to remove cannot do better than to leave it to the person who reads why.
        for file in &self.outside {
            let _ = fs::remove_file(file);
        }
        if !self.existed {
            let _ = fs::remove_dir_all(&self.dir);
            return;
        }
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

/// Founds the nation and lays its node down.
pub fn create(plan: &Plan) -> Result<Created, Failure> {
    check(plan)?;
    let mut scaffold = Scaffold {
        dir: plan.dir.clone(),
        existed: must_be_empty(&plan.dir)?,
        outside: Vec::new(),
        kept: false,
    };
    let folder = Folder::create(&plan.dir)?;
    keep_schemes(plan, &folder)?;
    let config = configure(plan, &folder)?;
    let passphrase = passphrase(plan, &config)?;
    let secrets = KeySecrets::generate(&mut OsEntropy, certify).map_err(Failure::failed)?;
    let params = Params::default();
    secrets::create_keys(&config.keys.file, &secrets, &passphrase, params, &mut OsEntropy)?;
    anchor::create(&config.keys.anchor).map_err(Failure::failed)?;
    if !config.keys.anchor.starts_with(folder.path()) {
        scaffold.outside.push(config.keys.anchor.clone());
    }
    let keys = KeyFile { path: config.keys.file.clone(), passphrase, params };
    let founded = found(plan, &secrets)?;
    let people = first_persons(plan, &folder, &config, &founded, secrets, keys)?;
    let ceremony = ceremony(plan, &folder, &founded, &mut scaffold.outside)?;
    scaffold.kept = true;
    Ok(Created {
        folder,
        nation: founded.nation,
        node: founded.node,
        words: SpokenId::of(&founded.nation).words(),
        people,
        ceremony,
    })
}

/// Puts the nation's own schemes where its node finds them.
fn keep_schemes(plan: &Plan, folder: &Folder) -> Result<(), Failure> {
    if plan.schemes.is_empty() {
        return Ok(());
    }
    let own = folder.path().join(schemes::FOLDER);
    files::private_folder(&own).map_err(Failure::failed)?;
    for path in &plan.schemes {
        let text = schemes::text(path).map_err(Failure::usage)?;
        let name = path.file_stem().unwrap_or_default();
        let kept = own.join(name).with_extension("toml");
        files::create(&kept, text.as_bytes()).map_err(Failure::failed)?;
    }
    Ok(())
}

fn check(plan: &Plan) -> Result<(), Failure> {
    if !plan.people.iter().any(|p| p.roles.contains(&Role::SecurityOfficer)) {
        return Err(Failure::usage(anyhow!(
            "a node needs a security officer, who adds all further persons: expected one --person \
             with the role security-officer"
        )));
    }
    for (index, person) in plan.people.iter().enumerate() {
        if plan.people.iter().take(index).any(|p| p.name == person.name) {
            return Err(Failure::usage(anyhow!("the person `{}` is named twice", person.name)));
        }
    }
    if plan.bodies.is_empty() {
        return Err(Failure::usage(anyhow!(
            "a node acts for at least one body: expected --body, such as --body COAST-GUARD"
        )));
    }
    Ok(())
}

/// Whether the folder exists, in which case it is empty.
fn must_be_empty(dir: &Path) -> Result<bool, Failure> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(_) => Err(Failure::usage(anyhow!(
                "{} is not empty: a node needs a folder of its own",
                dir.display()
            ))),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Failure::usage(anyhow!("{} cannot be used: {e}", dir.display()))),
    }
}

/// Writes the configuration and reads it as the node will.
fn configure(plan: &Plan, folder: &Folder) -> Result<Config, Failure> {
    let source = match &plan.passphrase {
        NewPassphrase::Generated => PassphraseSource::File("passphrase".into()),
        NewPassphrase::File(path) => PassphraseSource::File(absolute(path)?),
        NewPassphrase::Chosen(_) => PassphraseSource::Prompt,
    };
    let anchor = plan.anchor.as_deref().map(absolute).transpose()?;
    let text = template(&Template {
        nation: plan.nation,
        name: &plan.name,
        partner_listen: plan.listen,
        endpoint: plan.endpoint.as_deref(),
        web_listen: plan.web_listen,
        web_host: None,
        passphrase: &source,
        anchor: anchor.as_deref(),
        start_quorum: plan.start_quorum,
        log: LogSetup::default(),
    });
    files::create(&folder.config_file(), text.as_bytes()).map_err(Failure::failed)?;
    folder.config().map_err(|error| {
        let FolderError::Config(ConfigError::Wrong { line, reason, .. }) = error else {
            return error.into();
        };
        // The file will be gone when this is read; what stood in the line was an option.
        let at = line.map(|line| format!("`{}`: ", line.text)).unwrap_or_default();
        Failure::usage(anyhow!("{at}{reason}"))
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|e| Failure::usage(anyhow!("{} is no path: {e}", path.display())))
}

fn passphrase(plan: &Plan, config: &Config) -> Result<Passphrase, Failure> {
    match &plan.passphrase {
        NewPassphrase::Generated => {
            let passphrase = Passphrase::generate(&mut OsEntropy);
            if let PassphraseSource::File(path) = &config.keys.passphrase {
                secrets::create_passphrase_file(path, &passphrase).map_err(Failure::failed)?;
            }
            Ok(passphrase)
        }
        NewPassphrase::File(_) => secrets::obtain(&config.keys.passphrase).map_err(Failure::usage),
        NewPassphrase::Chosen(passphrase) => Ok(passphrase.clone()),
    }
}

fn refused(error: AppError) -> Failure {
    if matches!(error, AppError::Invalid(_)) {
        return Failure::usage(error);
    }
    Failure::failed(error)
}

fn founding(plan: &Plan) -> Founding {
    Founding {
        code: plan.nation,
        name: plan.name.clone(),
        label: plan.label.clone(),
        endpoints: plan.endpoint.iter().cloned().collect(),
        bodies: plan.bodies.clone(),
        accreditation: plan.accredited.1,
        mandate: String::new(),
    }
}

fn found(plan: &Plan, secrets: &KeySecrets) -> Result<Founded, Failure> {
    identity::found(&founding(plan), secrets, &mut OsEntropy, SystemClock.now()).map_err(refused)
}

/// Lays the nation down in the databases, begins its ledger and adds its first persons. The keys
/// are in this process, which has read nothing from outside.
fn first_persons(
    plan: &Plan,
    folder: &Folder,
    config: &Config,
    founded: &Founded,
    secrets: KeySecrets,
    keys: KeyFile,
) -> Result<Vec<(String, PathBuf)>, Failure> {
    let store = SqliteStore::open(&config.data.database).map_err(Failure::failed)?;
    SqliteNode::lay_down(&store, founded, &founding(plan), SystemClock.now()).map_err(refused)?;
    let vault = SqliteVault::open(&config.data.vault).map_err(Failure::failed)?;
    let anchor = FileAnchor::open(&config.keys.anchor, keys).map_err(Failure::failed)?;
    let keys = Arc::new(Keyring::new(secrets, Box::new(anchor), Box::new(OsEntropy)));
    let own = schemes::of_node(folder.path()).map_err(Failure::usage)?;
    let parts = Parts {
        store,
        vault,
        keys: keys as Arc<dyn Keys>,
        clock: Arc::new(SystemClock),
        entropy: Box::new(OsEntropy),
        settings: config.settings(),
        disk: Box::new(Gauge::of(&config.data)),
        wake: Box::new(|_| {}),
    };
    let node = SqliteNode::open_with(parts, own).map_err(refused)?;

    files::private_folder(&folder.path().join(PEOPLE)).map_err(Failure::failed)?;
    let post = |person: &FirstPerson| Post {
        body: person.body.clone(),
        ..Post::of(&person.roles).cleared(&plan.accredited.0)
    };
    let first: Vec<_> = plan.people.iter().map(|p| (p.name.as_str(), post(p))).collect();
    let credentials = node.found_people(&first).map_err(refused)?;
    let mut people = Vec::new();
    for ((name, _), credential) in first.into_iter().zip(credentials) {
        let file = credential_file(folder.path(), name);
        write_credential(&file, &credential).map_err(Failure::failed)?;
        people.push((name.to_owned(), file));
    }
    Ok(people)
}

/// Seals the keys that do not stay on the node, each under a passphrase of its own.
fn ceremony(
    plan: &Plan,
    folder: &Folder,
    founded: &Founded,
    outside: &mut Vec<PathBuf>,
) -> Result<Vec<Carried>, Failure> {
    let dir = folder.path().join(CEREMONY);
    files::private_folder(&dir).map_err(Failure::failed)?;
    if let Some(passphrases) = &plan.ceremony_passphrases {
        files::private_folder(passphrases).map_err(Failure::usage)?;
    }
    let numbered = |kind: &'static str, keys: &'_ [StatementKey]| -> Vec<String> {
        (1..=keys.len()).map(|n| format!("{kind}-{n}")).collect()
    };
    let names = numbered("root", &founded.roots)
        .into_iter()
        .chain(numbered("next-root", &founded.next_roots))
        .chain(["oversight".to_owned()]);
    let keys = founded.roots.iter().chain(&founded.next_roots).chain([&founded.oversight]);
    let mut carried = Vec::new();
    for (name, key) in names.zip(keys) {
        let passphrase = Passphrase::generate(&mut OsEntropy);
        let sealed =
            keystore::lock(passphrase.expose(), &*key.to_bytes(), UNSTRETCHED, &mut OsEntropy)
                .map_err(Failure::failed)?;
        let file = dir.join(format!("{name}.sealed"));
        files::create(&file, &sealed).map_err(Failure::failed)?;
        let opens = match &plan.ceremony_passphrases {
            None => Err(passphrase),
            Some(folder) => {
                let path = folder.join(format!("{name}.passphrase"));
                secrets::create_passphrase_file(&path, &passphrase).map_err(Failure::failed)?;
                outside.push(path.clone());
                Ok(path)
            }
        };
        carried.push(Carried { file, opens });
    }
    files::create(&dir.join("README.txt"), carry_away(plan).as_bytes()).map_err(Failure::failed)?;
    Ok(carried)
}

fn carry_away(plan: &Plan) -> String {
    format!(
        "The keys of {name} ({code}) that must not stay on this machine.\n\n\
         root-1, root-2, root-3            one for each of three custodians; two of them together\n\
         \x20                                 name the nation's authority, overseers and nodes\n\
         next-root-1 .. next-root-3        kept apart from the others and never used with them:\n\
         \x20                                 they replace the root keys if those are lost or stolen\n\
         oversight                         for the overseers\n\n\
         Each file is sealed under a passphrase of its own, which was shown or written once and is\n\
         kept nowhere else. Carry each file and each passphrase to its holder by different ways, try\n\
         that the copy can be read, and then delete this folder. The node works without it.\n",
        name = plan.name,
        code = plan.nation,
    )
}

#[cfg(test)]
mod tests {
    use entente_model::Wire as _;

    use super::*;

    fn plan(dir: PathBuf) -> Plan {
        let officer = |name: &str| FirstPerson {
            name: name.to_owned(),
            roles: vec![Role::SecurityOfficer],
            body: String::new(),
        };
        Plan {
            dir,
            nation: "XAR".parse().unwrap(),
            name: "Arvenia".to_owned(),
            bodies: vec!["COAST-GUARD".to_owned()],
            label: "node-1".to_owned(),
            accredited: ("SECRET-A".to_owned(), 3),
            listen: None,
            endpoint: None,
            web_listen: None,
            passphrase: NewPassphrase::Generated,
            anchor: None,
            start_quorum: None,
            schemes: Vec::new(),
            people: vec![officer("anna"), officer("bo")],
            ceremony_passphrases: None,
        }
    }

    #[test]
    fn a_failure_at_the_last_moment_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let device = dir.path().join("device");
        let passphrases = dir.path().join("passphrases");
        fs::create_dir(&device).unwrap();
        fs::create_dir(&passphrases).unwrap();
        // The last file of the ceremony is there already, so it cannot be written.
        fs::write(passphrases.join("oversight.passphrase"), "old").unwrap();
        let mut plan = plan(dir.path().join("xar"));
        plan.anchor = Some(device.join("anchor"));
        plan.ceremony_passphrases = Some(passphrases.clone());
        let failure = create(&plan).unwrap_err();
        assert!(format!("{failure:?}").contains("oversight.passphrase"), "{failure:?}");
        assert!(!plan.dir.exists());
        assert!(!device.join("anchor").exists());
        let left: Vec<_> = fs::read_dir(&passphrases).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn the_ceremony_opens_with_its_passphrases_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let created = create(&plan(dir.path().join("xar"))).unwrap();
        assert_eq!((created.words.len(), created.ceremony.len()), (16, 7));
        let mut public = Vec::new();
        for carried in &created.ceremony {
            let sealed = files::read_private(&carried.file, 4096).unwrap();
            let passphrase = carried.opens.as_ref().unwrap_err();
            let blob = keystore::unlock(passphrase.expose(), &sealed).unwrap();
            public.push(StatementKey::from_bytes(&blob).unwrap().public().to_bytes());
            assert!(keystore::unlock(b"guess", &sealed).is_err());
        }
        public.sort();
        public.dedup();
        assert_eq!(public.len(), 7, "a key was given twice");
    }

    #[test]
    fn what_the_configuration_refuses_is_said_without_naming_a_file_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut plan = plan(dir.path().join("xar"));
        plan.endpoint = Some("http://node.example".to_owned());
        plan.listen = Some("127.0.0.1:7101".parse().unwrap());
        let failure = create(&plan).unwrap_err();
        assert_eq!(failure.exit(), crate::output::Exit::Usage);
        let said = format!("{failure:?}");
        assert!(said.contains("https://node.example") && !said.contains("entente.toml"), "{said}");
        assert!(!plan.dir.exists());
        fs::create_dir(&plan.dir).unwrap();
        fs::write(plan.dir.join("mine"), "").unwrap();
        assert!(format!("{:?}", create(&plan).unwrap_err()).contains("is not empty"));
        assert!(plan.dir.join("mine").exists());
    }
}
