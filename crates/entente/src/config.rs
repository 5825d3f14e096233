//! The node's configuration: one TOML file, read once, whose fields already mean something.
//!
//! Unknown keys are errors; every default is safe and stands in the [`template`]. Paths in the
//! file are relative to its folder, paths in a [`Config`] are not. An error names the file, the
//! line, the offending text and what would be right. `docs/guides/configuration.md` is the same
//! for people.

mod template;
mod text;

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use entente_app::people::Roles;
use entente_app::settings::{SessionLimits, Settings};
use entente_model::NationCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::Spanned;

use crate::files::{self, FileError};
use crate::page::clean;
use crate::provider::ProviderSetup;
use crate::secrets::PassphraseSource;
use text::{ConfigText, SourceText};

pub use template::{Template, template};

/// A configuration longer than this is none.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// How one node is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The nation's code.
    pub nation: NationCode,
    /// The nation's name, as partners see it.
    pub name: String,
    /// The door for partners.
    pub partner: PartnerDoor,
    /// The door for people.
    pub web: WebDoor,
    /// The databases.
    pub data: DataFiles,
    /// The private keys.
    pub keys: KeySetup,
    /// How people sign in, and for how long.
    pub people: PeopleSetup,
    /// The identity provider at which people may sign in.
    pub provider: Option<ProviderSetup>,
    /// The certificates with which people may sign in.
    pub cards: Option<CardSetup>,
    /// What other nations have to confirm.
    pub witness: WitnessPolicy,
    /// The bounds.
    pub limits: Limits,
    /// The log.
    pub log: LogSetup,
}

/// Where partners connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerDoor {
    /// Where the node listens; empty if it only dials or uses media.
    pub listen: Vec<SocketAddr>,
    /// The base address given to partners; none if the node cannot be dialled.
    pub endpoint: Option<String>,
}

/// Where people connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebDoor {
    /// Where the node listens; empty if it has no pages.
    pub listen: Vec<SocketAddr>,
    /// The host name of the pages: passkeys and cookies are bound to it.
    pub host: String,
    /// The port that browsers see.
    pub port: u16,
    /// The certificate and the key of the pages, if they have TLS of their own.
    pub tls: Option<PageTls>,
}

/// TLS of the pages' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageTls {
    /// The certificate and what it leads to, in PEM.
    pub certificate_file: PathBuf,
    /// Its key, in PEM.
    pub key_file: PathBuf,
}

/// Cards with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSetup {
    /// Who issues them, in PEM.
    pub ca_file: PathBuf,
    /// Those that were withdrawn.
    pub crl_file: Option<PathBuf>,
    /// Whether nobody sees a page without one.
    pub required: bool,
}

impl WebDoor {
    /// The origin of the pages, such as `http://xar.localhost:8080`. Names under `localhost` are
    /// secure without TLS; every other is served with TLS, by itself or through a proxy.
    pub fn origin(&self) -> String {
        let Self { host, port, tls, .. } = self;
        match (is_localhost(host) && tls.is_none(), port) {
            (true, 80) => format!("http://{host}"),
            (true, _) => format!("http://{host}:{port}"),
            (false, 443) => format!("https://{host}"),
            (false, _) => format!("https://{host}:{port}"),
        }
    }
}

/// The databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFiles {
    /// Ledger, objects, links and people.
    pub database: PathBuf,
    /// The sealed keys of objects.
    pub vault: PathBuf,
}

/// The private keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetup {
    /// The sealed keys of the node.
    pub file: PathBuf,
    /// The record of every head that was signed.
    pub anchor: PathBuf,
    /// Where the passphrase of the key file comes from.
    pub passphrase: PassphraseSource,
}

/// How people sign in, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleSetup {
    /// How long sessions in a browser last.
    pub sessions: SessionLimits,
    /// Offices whose holders sign in to the pages with a passkey.
    pub passkeys_for: Roles,
    /// Within which time somebody looks whether what a person holds is still needed.
    pub review_millis: u64,
}

impl Default for PeopleSetup {
    fn default() -> Self {
        Self {
            sessions: SessionLimits::default(),
            passkeys_for: Roles::NONE,
            review_millis: 90 * 86_400_000,
        }
    }
}

/// What other nations have to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessPolicy {
    /// How many partners must confirm at a start that the ledger is the one they saw last,
    /// before anything is signed; at most as many as there are. Until then the node receives.
    pub start_quorum: u16,
}

/// The bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest bundle made, in bytes, unless a single item is larger.
    pub bundle_bytes: u64,
    /// The largest file that a person may publish, in bytes.
    pub publish_bytes: u64,
    /// What may wait for one partner, in bytes.
    pub outbox_bytes_per_partner: u64,
    /// What may be kept of one partner's refused items for inspection, in bytes.
    pub quarantine_bytes_per_partner: u64,
    /// Requests taken from one partner in a minute.
    pub requests_per_minute_per_partner: u32,
    /// How full the disk may be, in percent, before routine, priority and immediate items are
    /// no longer taken; above the last nothing is released.
    pub disk_percent: [u8; 3],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bundle_bytes: 4 << 20,
            publish_bytes: 64 << 20,
            outbox_bytes_per_partner: 10 << 30,
            quarantine_bytes_per_partner: 64 << 20,
            requests_per_minute_per_partner: 6000,
            disk_percent: [90, 95, 98],
        }
    }
}

/// The log on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSetup {
    /// For people or for programs.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Plain,
    /// One JSON object on each line.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the levels everyone knows")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// Why a configuration is not accepted.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its bytes are no text.
    #[error("{file} is not UTF-8 text", file = file.display())]
    Encoding {
        /// The file.
        file: PathBuf,
    },
    /// Something in it is wrong.
    #[error("{}", place(file, line.as_ref(), reason))]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The line; none if what is wrong is that something is missing.
        line: Option<Line>,
        /// What is wrong and what would be right.
        reason: String,
    },
}

/// A line of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// What stands there.
    pub text: String,
}

fn place(file: &Path, line: Option<&Line>, reason: &str) -> String {
    let file = file.display();
    match line {
        Some(Line { number, text }) => format!("{file}, line {number}: `{text}`: {reason}"),
        None => format!("{file}: {reason}"),
    }
}

/// What is wrong with a value, and where it stands.
struct Wrong(Range<usize>, String);

fn wrong<T>(at: Range<usize>, reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(at, reason.into()))
}

impl Config {
    /// What of it the node itself keeps to.
    pub const fn settings(&self) -> Settings {
        Settings {
            start_quorum: self.witness.start_quorum,
            bundle_bytes: self.limits.bundle_bytes,
            publish_bytes: self.limits.publish_bytes,
            outbox_bytes_per_partner: self.limits.outbox_bytes_per_partner,
            quarantine_bytes_per_partner: self.limits.quarantine_bytes_per_partner,
            disk_percent: self.limits.disk_percent,
            sessions: self.people.sessions,
            passkeys_for: self.people.passkeys_for,
            review_millis: self.people.review_millis,
        }
    }

    /// Reads and checks a configuration.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let bytes = files::read(file, FILE_BYTES_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| ConfigError::Encoding { file: file.to_owned() })?;
        let folder = files::parent(file);
        // The databases stay where they are when a process changes its working folder.
        let folder = std::path::absolute(folder).map_err(FileError::at(folder, "is no folder"))?;
        Self::read(&text, file, &folder)
    }

    /// Checks the text of a configuration: `file` is what errors name, `folder` what its paths
    /// begin from.
    pub fn read(text: &str, file: &Path, folder: &Path) -> Result<Self, ConfigError> {
        Self::parse(text, folder).map_err(|Wrong(at, reason)| ConfigError::Wrong {
            file: file.to_owned(),
            line: line_at(text, &at),
            reason: clean(&reason),
        })
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, Wrong> {
        let read: ConfigText = toml::from_str(text)
            .map_err(|e| Wrong(e.span().unwrap_or_default(), in_domain_words(e.message())))?;
        let ConfigText { nation, partner, web, data, keys, people, witness, limits, log } = read;

        let listens = !partner.listen.get_ref().is_empty();
        if let Some(endpoint) = partner.endpoint.as_ref().filter(|_| !listens) {
            return wrong(
                endpoint.span(),
                "a node that does not listen cannot be dialled: expected addresses in `listen`, \
                 or no `endpoint`",
            );
        }
        let has_tls = web.tls.is_some();
        let beyond = web.listen.get_ref().iter().find(|a| !a.0.ip().is_loopback()).map(|a| a.0);
        if let Some(address) = beyond.filter(|_| !has_tls && !web.dangerous_listen_beyond_loopback)
        {
            return wrong(
                web.listen.span(),
                format!(
                    "{address} is open to the network, and the pages have no TLS of their own: \
                     expected [web.tls], or a loopback address behind a proxy with TLS"
                ),
            );
        }
        let mut seen: Vec<SocketAddr> = Vec::new();
        for listen in [&partner.listen, &web.listen] {
            for address in listen.get_ref() {
                if seen.contains(&address.0) {
                    return wrong(
                        listen.span(),
                        format!("{} is used twice: expected one address per door", address.0),
                    );
                }
                seen.push(address.0);
            }
        }
        if let Some(cards) = people.certificates.as_ref().filter(|_| !has_tls) {
            return wrong(
                cards.span(),
                "certificates are presented over TLS that ends here: expected [web.tls] too",
            );
        }
        let mut people = people;
        let provider =
            people.oidc.take().map(|text| text.into_inner().check(folder)).transpose()?;
        let cards = people.certificates.take().map(|text| {
            let text = text.into_inner();
            CardSetup {
                ca_file: folder.join(text.ca_file),
                crl_file: text.crl_file.map(|file| folder.join(file)),
                required: text.required,
            }
        });
        let first_port = web.listen.get_ref().first().map_or(80, |a| a.0.port());
        let (database, vault) = (folder.join(&data.database), folder.join(data.vault.get_ref()));
        if database == vault {
            return wrong(data.vault.span(), "the database is this file: expected another");
        }
        let config = Self {
            nation: nation.code.0,
            name: nation.name.0,
            partner: PartnerDoor {
                listen: addresses(partner.listen.into_inner()),
                endpoint: partner.endpoint.map(|e| e.into_inner().0),
            },
            web: WebDoor {
                port: web.port.map_or(first_port, std::num::NonZeroU16::get),
                host: web.host.map_or_else(
                    || format!("{}.localhost", nation.code.0.as_str().to_ascii_lowercase()),
                    |h| h.0,
                ),
                tls: web.tls.map(|tls| PageTls {
                    certificate_file: folder.join(tls.certificate_file),
                    key_file: folder.join(tls.key_file),
                }),
                listen: addresses(web.listen.into_inner()),
            },
            data: DataFiles { database, vault },
            keys: KeySetup {
                file: folder.join(&keys.file),
                anchor: folder.join(&keys.anchor),
                passphrase: source(&keys, folder)?,
            },
            people: people.check()?,
            provider,
            cards,
            witness: WitnessPolicy { start_quorum: witness.start_quorum },
            limits: limits.check()?,
            log,
        };
        Ok(config)
    }
}

fn addresses(texts: Vec<text::Address>) -> Vec<SocketAddr> {
    texts.into_iter().map(|a| a.0).collect()
}

fn source(keys: &text::KeysText, folder: &Path) -> Result<PassphraseSource, Wrong> {
    fn needless<T>(value: Option<&Spanned<T>>, source: &str) -> Result<(), Wrong> {
        value.map_or(Ok(()), |value| {
            wrong(
                value.span(),
                format!(
                    "this is used only with `source = \"{source}\"`: expected it to be left out"
                ),
            )
        })
    }
    let (file, credential) = (keys.passphrase_file.as_ref(), keys.credential.as_ref());
    if keys.source != SourceText::File {
        needless(file, "file")?;
    }
    if keys.source != SourceText::Credential {
        needless(credential, "credential")?;
    }
    Ok(match keys.source {
        SourceText::File => PassphraseSource::File(
            folder.join(file.map_or(Path::new("passphrase"), |f| f.get_ref())),
        ),
        SourceText::Credential => PassphraseSource::Credential(
            credential.map_or("entente-passphrase", |c| &c.get_ref().0).to_owned(),
        ),
        SourceText::Prompt => PassphraseSource::Prompt,
    })
}

/// Whether a browser treats the host as this machine.
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// serde speaks of fields and variants; a configuration has keys and values.
fn in_domain_words(message: &str) -> String {
    message
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("duplicate field", "duplicate key")
        .replace("unknown variant", "unknown value")
        .replace("expected u16", "expected a number from 0 to 65535")
        .replace("expected u64", "expected a number, 0 or more")
        .replace('\n', "; ")
}

/// The line in which a span starts; none for an empty span, which marks nothing.
fn line_at(text: &str, at: &Range<usize>) -> Option<Line> {
    if at.is_empty() && at.start == 0 {
        return None;
    }
    let before = text.get(..at.start)?;
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    Some(Line { number, text: clean(line).chars().take(120).collect() })
}

#[cfg(test)]
mod tests;
