//! The commented configuration that `entente init` writes.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use entente_model::NationCode;

use crate::secrets::PassphraseSource;

use super::text::{show_bytes, show_span};
use super::{Limits, LogFormat, LogSetup, PeopleSetup};

/// What a new node's configuration says; everything else has its default.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The nation's code.
    pub nation: NationCode,
    /// The nation's name.
    pub name: &'a str,
    /// Where partners connect; none for a node that only dials or uses media.
    pub partner_listen: Option<SocketAddr>,
    /// The base address given to partners.
    pub endpoint: Option<&'a str>,
    /// Where people connect.
    pub web_listen: Option<SocketAddr>,
    /// The host name of the pages; none for the nation's code under `localhost`.
    pub web_host: Option<&'a str>,
    /// Where the passphrase comes from.
    pub passphrase: &'a PassphraseSource,
    /// Where the anchor lies; none for beside the configuration.
    pub anchor: Option<&'a Path>,
    /// How many partners must confirm the ledger at a start; none for the default.
    pub start_quorum: Option<u16>,
    /// The log.
    pub log: LogSetup,
}

/// Writes a configuration with every key in it, those at their default as comments.
pub fn template(t: &Template<'_>) -> String {
    let limits = Limits::default();
    let host = format!("{}.localhost", t.nation.as_str().to_ascii_lowercase());
    let (source, file, credential) = match t.passphrase {
        PassphraseSource::File(path) => ("file", Some(path.display().to_string()), None),
        PassphraseSource::Credential(name) => ("credential", None, Some(name.clone())),
        PassphraseSource::Prompt => ("prompt", None, None),
    };
    let anchor = t.anchor.map(|path| path.display().to_string());
    let format = match t.log.format {
        LogFormat::Plain => None,
        LogFormat::Json => Some("json"),
    };
    let level = match t.log.level {
        super::LogLevel::Error => Some("error"),
        super::LogLevel::Warn => Some("warn"),
        super::LogLevel::Info => None,
        super::LogLevel::Debug => Some("debug"),
    };
    let people = PeopleSetup::default();
    let [disk_a, disk_b, disk_c] = limits.disk_percent;
    format!(
        r##"# The configuration of one Entente node.
# Lines that start with "#" and a key show that key's default. Unknown keys are errors.
# Paths are relative to this file's folder. Check changes with: entente config check

[nation]
# Three capital letters and a name, as partners see them.
code = {code}
name = {name}

[partner]
# Where partner nations connect, over mutual TLS. Empty: the node only dials, or uses media.
listen = {partner_listen}
# The address given to partners. Without it they cannot dial this node.
{endpoint}

[web]
# Where people sign in. The pages have no TLS of their own: listen on loopback, behind a proxy
# with TLS unless the host is under "localhost". Empty: no pages.
listen = {web_listen}
# The host name and port that browsers see. Passkeys and cookies are bound to the name.
{host}
#port = {web_port}
# Lets the pages listen on other addresses than loopback.
#dangerous_listen_beyond_loopback = false
# [web.tls], a table of its own with certificate_file and key_file, gives the pages TLS of their own.

[data]
# Ledger, objects, links and people; and, apart from them, the sealed keys of objects. The vault
# is not for backups: what is deleted from it must stay deleted.
#database = "node.db"
#vault = "vault.db"

[keys]
# The node's private keys, sealed under a passphrase.
#file = "keys.sealed"
# A record of every ledger head that was signed. It shows when an old backup is started: put it on
# another device than the database, and leave it out of backups.
{anchor}
# Where the passphrase comes from: "prompt" asks at the terminal, "file" reads a file that only
# its owner may read, "credential" takes it from systemd.
source = "{source}"
{file}
{credential}

[people]
# A session in the browser ends when nothing was asked for so long, and in any case after so long.
#session_idle = "{idle}"
#session_whole = "{whole}"
# Roles whose holders sign in to the pages with a passkey; a link alone lets them only add one. Whatever is
# decided on the pages needs a passkey in any case.
#passkeys_for = []
# Within which time a security officer looks whether what each person holds is still needed.
#review_every = "{review}"
# Tables of their own, explained in docs/guides/persons.md: [people.oidc], an identity provider, and
# [people.certificates], cards, at which and with which people sign in to read and to work.

[witness]
# How many partners must confirm at a start that this ledger is the one they saw last, before
# anything is signed; at most as many as there are. Until then the node receives but does not
# release. 0: the anchor alone decides.
{start_quorum}

[limits]
# The largest bundle made; an object that is larger by itself goes all the same.
#bundle_bytes = "{bundle}"
# The largest file that a person may publish.
#publish_bytes = "{publish}"
# What may wait for one partner that is out of reach. Above it, the oldest routine objects go
# without their content, and people are told.
#outbox_bytes_per_partner = "{outbox}"
# What may be kept of one partner's refused items for inspection.
#quarantine_bytes_per_partner = "{quarantine}"
# Requests taken from one partner in a minute.
#requests_per_minute_per_partner = {requests}
# How full the disk may be, in percent, before routine, priority and immediate items are no longer
# taken. Above the last nothing is released.
#disk_percent = [{disk_a}, {disk_b}, {disk_c}]

[log]
# Written to standard error: "plain" lines for people or "json" for programs. Log lines hold ids,
# label levels and outcomes, never content.
{format}
# "error", "warn", "info" or "debug".
{level}
"##,
        code = text(t.nation.as_str()),
        name = text(t.name),
        partner_listen = list(t.partner_listen),
        endpoint = line("endpoint", t.endpoint.map(text), &text("https://node.example:7101")),
        web_listen = list(t.web_listen),
        host = line("host", t.web_host.map(text), &text(&host)),
        web_port = t.web_listen.map_or(80, |a| a.port()),
        anchor = line("anchor", anchor.as_deref().map(text), &text("anchor")),
        file = line("passphrase_file", file.as_deref().map(text), &text("passphrase")),
        credential =
            line("credential", credential.as_deref().map(text), &text("entente-passphrase")),
        start_quorum = line("start_quorum", t.start_quorum.map(|n| n.to_string()), "1"),
        idle = show_span(people.sessions.idle_millis),
        review = show_span(people.review_millis),
        whole = show_span(people.sessions.whole_millis),
        bundle = show_bytes(limits.bundle_bytes),
        publish = show_bytes(limits.publish_bytes),
        outbox = show_bytes(limits.outbox_bytes_per_partner),
        quarantine = show_bytes(limits.quarantine_bytes_per_partner),
        requests = limits.requests_per_minute_per_partner,
        format = line("format", format.map(text), &text("plain")),
        level = line("level", level.map(text), &text("info")),
    )
}

/// A key that was chosen, or its default as a comment.
fn line(key: &str, chosen: Option<String>, default: &str) -> String {
    chosen.map_or_else(|| format!("#{key} = {default}"), |value| format!("{key} = {value}"))
}

/// A TOML string.
fn text(value: &str) -> String {
    toml::Value::from(value).to_string()
}

fn list(address: Option<impl fmt::Display>) -> String {
    address.map_or_else(|| "[]".to_owned(), |a| format!("[{}]", text(&a.to_string())))
}
