//! `entente init`: founds a nation and its node.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use entente_model::NationCode;
use serde::Serialize;

use crate::init::{self, Created, FirstPerson, NewPassphrase, Plan};
use crate::output::{Exit, Failure, Output, Report};
use crate::{schemes, secrets};

use super::Run;

/// Found a nation and its node in an empty folder
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  entente init /var/lib/entente --nation XAR --name Arvenia --body COAST-GUARD,CERT-A \\
      --accredited SECRET-A --listen 0.0.0.0:7101 --endpoint https://node.xar.example:7101 \\
      --web-port 8101 --person sena=security-officer+operator --person tariq=security-officer

Roles: analyst, reviewer, release-officer, liaison, legal-adviser, security-officer, overseer,
operator. Acts that need two persons (introducing a nation, signing an agreement) need two persons
with a fitting role, so name at least two security officers.")]
pub struct InitArgs {
    /// The node's folder, which must be empty or not exist
    dir: PathBuf,
    /// The nation's code: three capital letters
    #[arg(long, value_name = "CODE")]
    nation: NationCode,
    /// The nation's name, as partners see it
    #[arg(long)]
    name: String,
    /// The bodies that act through this node, the usual one first
    #[arg(long, value_name = "BODY", value_delimiter = ',', required = true)]
    body: Vec<String>,
    /// The node's label within the nation
    #[arg(long, default_value = "node-1")]
    label: String,
    /// The highest marking that this node may hold; without it, the lowest of the nation's
    #[arg(long, value_name = "MARKING")]
    accredited: Option<String>,
    /// Where partners connect; without it the node only dials, or uses media
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    /// The base address given to partners
    #[arg(long, value_name = "URL", requires = "listen")]
    endpoint: Option<String>,
    /// The port of the pages for people, on this machine only; without it there are none
    #[arg(long, value_name = "PORT")]
    web_port: Option<std::num::NonZeroU16>,
    /// A file with the passphrase that seals the keys; without it one is made in the folder
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Ask for the passphrase at the terminal, now and at each start
    #[arg(long, conflicts_with = "passphrase_file")]
    ask_passphrase: bool,
    /// Where to keep the record of every head that is signed, best on another device
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// How many partners must confirm the ledger at a start
    #[arg(long, value_name = "NUMBER")]
    start_quorum: Option<u16>,
    /// A file with the nation's own scheme, if it does not come with the program; may be repeated
    #[arg(long, value_name = "FILE")]
    scheme: Vec<PathBuf>,
    /// A first person: NAME=ROLE+ROLE, with @BODY if it is not the first body; may be repeated.
    /// They are cleared up to what the node is accredited to
    #[arg(long, value_name = "PERSON", value_parser = person, required = true)]
    person: Vec<FirstPerson>,
    /// Write the passphrases of the custodians' keys into this folder rather than show them
    #[arg(long, value_name = "DIR")]
    ceremony_passphrases_to: Option<PathBuf>,
}

/// Reads where a door opens.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "expected an address and a port, such as 0.0.0.0:7101 or [::]:7101";
    text.parse().map_err(|_| wanted.to_owned())
}

/// Reads `anna=analyst+liaison@CERT-A`.
fn person(text: &str) -> Result<FirstPerson, String> {
    let (name, rest) = text.split_once('=').ok_or_else(|| {
        "expected a name and roles, such as sena=security-officer+operator".to_owned()
    })?;
    let (roles, body) = rest.split_once('@').unwrap_or((rest, ""));
    let roles = roles.split('+').map(|role| role.parse().map_err(|e| format!("{e}")));
    Ok(FirstPerson {
        name: name.to_owned(),
        roles: roles.collect::<Result<_, _>>()?,
        body: body.to_owned(),
    })
}

impl InitArgs {
    fn plan(self) -> Result<Plan, Failure> {
        let accredited = accredited(self.nation, self.accredited.as_deref(), &self.scheme)?;
        let passphrase = match self.passphrase_file {
            Some(file) => NewPassphrase::File(file),
            None if self.ask_passphrase => NewPassphrase::Chosen(secrets::ask_new()?),
            None => NewPassphrase::Generated,
        };
        Ok(Plan {
            dir: self.dir,
            nation: self.nation,
            name: self.name,
            bodies: self.body,
            label: self.label,
            accredited,
            listen: self.listen,
            endpoint: self.endpoint,
            web_listen: self.web_port.map(|p| SocketAddr::from((Ipv4Addr::LOCALHOST, p.get()))),
            passphrase,
            anchor: self.anchor,
            start_quorum: self.start_quorum,
            schemes: self.scheme,
            people: self.person,
            ceremony_passphrases: self.ceremony_passphrases_to,
        })
    }
}

/// The marking up to which the node is accredited, and its level.
fn accredited(
    nation: NationCode,
    asked: Option<&str>,
    own: &[PathBuf],
) -> Result<(String, u8), Failure> {
    let schemes = schemes::with(own).map_err(Failure::usage)?;
    let scheme = schemes.get(nation.as_str()).map_err(|error| {
        Failure::usage(error).hint("a scheme of the nation's own is given with --scheme FILE")
    })?;
    let known = || scheme.markings().map(|(m, _)| m).collect::<Vec<_>>().join(", ");
    let found = match asked {
        Some(marking) => scheme.level(marking).map(|level| (marking.to_owned(), level)),
        None => scheme.markings().next().map(|(marking, level)| (marking.to_owned(), level)),
    };
    found.ok_or_else(|| {
        Failure::usage(anyhow!(
            "`{}` is not a marking of {nation}: expected one of {}",
            asked.unwrap_or_default(),
            known()
        ))
    })
}

impl Run for InitArgs {
    fn run(self, output: Output) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let created = init::create(&plan)?;
        output.report(&Laid::new(&plan, &created))?;
        Ok(Exit::Done)
    }
}

/// What was laid down.
#[derive(Serialize)]
struct Laid {
    folder: PathBuf,
    nation: String,
    name: String,
    nation_id: String,
    node_id: String,
    words: Vec<&'static str>,
    people: Vec<Person>,
    ceremony: Vec<Key>,
}

#[derive(Serialize)]
struct Person {
    person: String,
    credential: PathBuf,
}

#[derive(Serialize)]
struct Key {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_file: Option<PathBuf>,
}

impl Laid {
    fn new(plan: &Plan, created: &Created) -> Self {
        let people = created
            .people
            .iter()
            .map(|(name, file)| Person { person: name.clone(), credential: file.clone() });
        let ceremony = created.ceremony.iter().map(|carried| {
            let (passphrase_file, passphrase) = match &carried.opens {
                Ok(file) => (Some(file.clone()), None),
                Err(secret) => (None, Some(String::from_utf8_lossy(secret.expose()).into_owned())),
            };
            Key { file: carried.file.clone(), passphrase, passphrase_file }
        });
        Self {
            folder: created.folder.path().to_owned(),
            nation: plan.nation.to_string(),
            name: plan.name.clone(),
            nation_id: created.nation.to_string(),
            node_id: created.node.to_string(),
            words: created.words.clone(),
            people: people.collect(),
            ceremony: ceremony.collect(),
        }
    }
}

impl Report for Laid {
    fn people(&self, page: &mut dyn fmt::Write) -> fmt::Result {
        let Self { folder, nation, name, nation_id, words, people, ceremony, .. } = self;
        let folder = folder.display();
        writeln!(page, "{name} ({nation}) is founded, and its node is in {folder}")?;
        writeln!(page, "  nation id   {nation_id}")?;
        writeln!(page, "  words       {}", words.join(" "))?;
        for Person { person, credential } in people {
            writeln!(page, "  credential  of {person}: {}", credential.display())?;
        }
        writeln!(page, "\nKeys that must not stay here, in {folder}/{}:", init::CEREMONY)?;
        for Key { file, passphrase, passphrase_file } in ceremony {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            if let Some(secret) = passphrase {
                writeln!(page, "  {file:<20} opens with {secret}")?;
            }
            if let Some(path) = passphrase_file {
                writeln!(page, "  {file:<20} opens with the passphrase in {}", path.display())?;
            }
        }
        if ceremony.iter().any(|key| key.passphrase.is_some()) {
            writeln!(page, "These passphrases are shown this once and kept nowhere.")?;
        }
        writeln!(page, "\nNext:")?;
        writeln!(page, "  1. Carry the keys above to their holders and delete {folder}/ceremony.")?;
        writeln!(page, "  2. Hand each person their credential.")?;
        writeln!(page, "  3. Start the node: entente serve --folder {folder}")?;
        write!(page, "  4. Meet a partner: entente card --folder {folder} --out {nation}.card")?;
        // With one credential there nobody has to say who asks.
        match people.as_slice() {
            [first, _, ..] => writeln!(page, " --as {}", first.person),
            _ => writeln!(page),
        }
    }
}

#[test]
fn a_first_person_is_read_as_written() {
    let anna = person("anna=analyst+liaison@CERT-A").unwrap();
    assert_eq!((anna.name.as_str(), anna.roles.len(), anna.body.as_str()), ("anna", 2, "CERT-A"));
    assert!(person("anna").unwrap_err().contains("sena=security-officer"));
    assert!(person("anna=spy").unwrap_err().contains("`spy` is not a role"));
}
