//! The state of a node's folder, looked at from outside: beside a running node, or without one.
//!
//! Nothing is changed. Each check is one sentence and, where something is wrong, what mends it.
//! What a running node knows of itself is `entente status`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;

use entente_api::local::socket_path;
use entente_app::people::reviews_overdue;
use entente_app::rollback;
use entente_app::settings::Intake;
use entente_model::item::Lane;
use entente_model::{Clock as _, Timestamp};
use entente_store::rows::HeadRow;
use entente_store::sqlite::{SqliteStore, SqliteVault};
use entente_store::{Store as _, StoreError, Vault as _};
use serde::Serialize;

use crate::ambient::SystemClock;
use crate::anchor;
use crate::certificate;
use crate::config::Config;
use crate::disk::{Gauge, Level};
use crate::folder::Folder;
use crate::init::CEREMONY;
use crate::provider::{self, Provider};
use crate::secrets::{self, PassphraseSource};

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// One sentence.
    pub says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// It could not be looked at.
    Skipped,
    /// It works, and should be mended.
    Warning,
    /// It does not work, or is not safe.
    Bad,
}

fn good(check: &'static str, says: impl Into<String>) -> Check {
    Check { check, state: State::Good, says: says.into(), fix: None }
}

fn found(
    check: &'static str,
    state: State,
    says: impl Into<String>,
    fix: impl Into<String>,
) -> Check {
    Check { check, state, says: says.into(), fix: Some(fix.into()) }
}

/// Looks at everything in a folder that has a node in it.
pub fn examine(folder: &Folder) -> Vec<Check> {
    let config = match folder.config() {
        Ok(config) => config,
        Err(error) => {
            let fix = "correct the line; see docs/guides/configuration.md";
            return vec![found("configuration", State::Bad, error.to_string(), fix)];
        }
    };
    let mut checks =
        vec![good("configuration", format!("the node of {} {}", config.nation, config.name))];
    checks.push(permissions(folder));
    checks.push(disk(&config));
    checks.push(keys(&config));
    let store = SqliteStore::inspect(&config.data.database);
    let anchor = anchor(&config, store.as_ref());
    let anchored = anchor.state != State::Bad;
    checks.push(anchor);
    checks.push(database(&config, store.as_ref()));
    checks.push(vault(&config, store.as_ref()));
    // Without its anchor a node does not sign, whatever the one that worked here last said.
    checks.extend(standing(store.as_ref()).filter(|c| anchored || c.state != State::Good));
    checks.extend(reviews(&config, store.as_ref()));
    checks.extend(identity_provider(&config));
    checks.extend(certificates(&config, store.as_ref()));
    checks.push(socket(folder));
    checks.extend(ceremony(folder));
    checks
}

fn permissions(folder: &Folder) -> Check {
    const NAME: &str = "permissions";
    let path = folder.path();
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) => {
            let says = format!("{}: {error}", path.display());
            return found(NAME, State::Bad, says, "run this as the node's user");
        }
    };
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let says = format!("others can look into {} (mode {mode:o})", path.display());
        return found(NAME, State::Bad, says, format!("run: chmod 700 {}", path.display()));
    }
    let (owner, user) = (about.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        let says = format!("{} belongs to user {owner}, and this is user {user}", path.display());
        return found(NAME, State::Warning, says, "run this as the node's user");
    }
    good(NAME, format!("{} is for its user alone", path.display()))
}

fn disk(config: &Config) -> Check {
    const NAME: &str = "disk";
    let level = match Gauge::of(&config.data).level() {
        Ok(level) => level,
        Err(error) => {
            let says = format!("how full the disk is cannot be told: {error}");
            return found(NAME, State::Bad, says, "mount the device of the databases");
        }
    };
    let Level { used_percent, free_bytes } = level;
    let says = format!("{used_percent} % of the disk is used, {} MiB are free", free_bytes >> 20);
    let intake = Intake::at(used_percent, config.limits.disk_percent);
    let fix = "free some space, or move the databases to a larger disk";
    let closed: Vec<&str> = intake.closed().into_iter().map(Lane::as_str).collect();
    if !intake.releases() {
        found(NAME, State::Bad, format!("{says}: nothing is released any more"), fix)
    } else if !closed.is_empty() {
        let says = format!("{says}: {} items are not taken any more", closed.join(" and "));
        found(NAME, State::Warning, says, fix)
    } else {
        good(NAME, says)
    }
}

fn keys(config: &Config) -> Check {
    const NAME: &str = "keys";
    match &config.keys.passphrase {
        PassphraseSource::Prompt => Check {
            check: NAME,
            state: State::Skipped,
            says: "the keys were not opened: their passphrase is asked for at a start".to_owned(),
            fix: None,
        },
        PassphraseSource::Credential(name) => Check {
            check: NAME,
            state: State::Skipped,
            says: format!(
                "the keys were not opened: systemd gives the credential `{name}` to the node only"
            ),
            fix: None,
        },
        source @ PassphraseSource::File(_) => {
            let opened = secrets::obtain(source)
                .and_then(|passphrase| secrets::read_keys(&config.keys.file, &passphrase));
            match opened {
                Ok(_) => good(NAME, format!("{} opens", config.keys.file.display())),
                Err(error) => found(
                    NAME,
                    State::Bad,
                    error.to_string(),
                    "restore the key file and its passphrase from their own backup",
                ),
            }
        }
    }
}

fn head(store: &SqliteStore) -> Result<Option<HeadRow>, StoreError> {
    store.read(|work| work.head())
}

/// Whether the database says that something was signed.
fn signed(store: Result<&SqliteStore, &StoreError>) -> bool {
    let checkpoint = store.ok().and_then(|store| store.read(|work| work.checkpoint()).ok());
    checkpoint.flatten().is_some_and(|row| row.size > 0)
}

/// Whether the vault is there and has the keys of what is held.
fn vault(config: &Config, store: Result<&SqliteStore, &StoreError>) -> Check {
    const NAME: &str = "vault";
    let path = config.data.vault.display();
    let fix = "put the vault back: what is held cannot be read without it";
    let keys = match SqliteVault::inspect(&config.data.vault).and_then(|vault| vault.shards()) {
        Ok(shards) => shards.len(),
        Err(error) => {
            return found(NAME, State::Bad, format!("{path} cannot be read: {error}"), fix);
        }
    };
    let held = store.ok().and_then(|store| store.read(|work| work.object_counts()).ok());
    let held = held.map_or(0, |(own, received)| own + received);
    if held > 0 && keys == 0 {
        return found(
            NAME,
            State::Bad,
            format!("{path} has no keys, and {held} objects are held"),
            fix,
        );
    }
    good(NAME, format!("{path} has the keys of what is held"))
}

fn anchor(config: &Config, store: Result<&SqliteStore, &StoreError>) -> Check {
    const NAME: &str = "anchor";
    let state = match anchor::inspect(&config.keys.anchor) {
        Ok(state) => state,
        Err(error) => {
            let fix = "the node signs nothing without its anchor; see docs/guides/configuration.md";
            return found(NAME, State::Bad, error.to_string(), fix);
        }
    };
    let held = store.ok().and_then(|store| head(store).ok()).flatten();
    let restore = "put the newest data in place; if there is none, this ledger cannot be continued";
    match (state.last, held) {
        (Some((size, _)), None) => found(
            NAME,
            State::Bad,
            format!("{size} entries were signed, and the ledger has none that can be read"),
            restore,
        ),
        (Some((size, _)), Some(held)) if held.size < size => found(
            NAME,
            State::Bad,
            format!(
                "{size} entries were signed, and the ledger ends at {}: this is an old or a copied \
                 database",
                held.size
            ),
            restore,
        ),
        (Some((size, root)), Some(held)) if held.size == size && held.root != root => found(
            NAME,
            State::Bad,
            format!("the ledger's {size} entries are not those that were signed"),
            restore,
        ),
        (None, Some(held)) if signed(store) => found(
            NAME,
            State::Bad,
            format!("it is empty, and the ledger of {} entries was signed before", held.size),
            "put the anchor back: it was emptied or replaced",
        ),
        (None, _) => good(NAME, "nothing was signed yet"),
        (Some((size, _)), Some(_)) if state.torn => found(
            NAME,
            State::Warning,
            format!("{size} entries are signed; a last line was torn by a crash"),
            "nothing: the next start mends it",
        ),
        (Some((size, _)), Some(_)) => {
            good(NAME, format!("{size} entries are signed, and the ledger has them"))
        }
    }
}

fn database(config: &Config, store: Result<&SqliteStore, &StoreError>) -> Check {
    const NAME: &str = "database";
    let fix = "stop the node, keep the file, and restore the newest backup";
    let path = config.data.database.display();
    let bad = |error: &StoreError| {
        let says = format!("{path} cannot be read: {error}");
        found(NAME, State::Bad, says, fix)
    };
    let store = match store {
        Ok(store) => store,
        Err(error) => return bad(error),
    };
    match store.integrity() {
        Err(error) => bad(&error),
        Ok(faults) => {
            if let Some(first) = faults.first() {
                return found(NAME, State::Bad, format!("{path} is damaged: {first}"), fix);
            }
            let mib = store.bytes_on_disk().unwrap_or(0) >> 20;
            good(NAME, format!("{path} is sound, {mib} MiB"))
        }
    }
}

/// Whether the node that worked here last did not sign, and why.
fn standing(store: Result<&SqliteStore, &StoreError>) -> Option<Check> {
    const NAME: &str = "signing";
    let told = store.ok()?.read(rollback::standing_told).ok()?;
    Some(match told {
        None => good(NAME, "nothing keeps the node from signing"),
        Some(why) if why.starts_with("waits ") => found(
            NAME,
            State::Warning,
            format!("the node {why}"),
            "start those partners' nodes, or mend the links; `start_quorum` under [witness] says \
             how many must confirm",
        ),
        Some(why) if why.starts_with(rollback::KEYLESS) => {
            found(NAME, State::Bad, format!("the node {why}"), "restart the node")
        }
        Some(why) => found(NAME, State::Bad, why, "stop the node and put its newest data in place"),
    })
}

/// Whether somebody looks whether what persons hold is still needed.
fn reviews(config: &Config, store: Result<&SqliteStore, &StoreError>) -> Option<Check> {
    const NAME: &str = "access review";
    let now = SystemClock.now();
    let every = config.people.review_millis;
    let overdue = store.ok()?.read(|work| reviews_overdue(work, now, every)).ok()?;
    if overdue.is_empty() {
        return Some(good(NAME, "who holds what was reviewed in time"));
    }
    Some(found(
        NAME,
        State::Warning,
        format!("the review of who holds what is overdue: {}", overdue.join(", ")),
        "a security officer runs: entente person review",
    ))
}

/// Whether the identity provider answers.
fn identity_provider(config: &Config) -> Option<Check> {
    const NAME: &str = "provider";
    let setup = config.provider.clone()?;
    let (name, issuer) = (setup.name.clone(), setup.issuer.clone());
    let provider = match Provider::open(setup, &config.web.origin()) {
        Ok(provider) => provider,
        Err(error) => {
            let fix = "correct the files under [people.oidc]: the node does not start without them";
            return Some(found(NAME, State::Bad, format!("{error:#}"), fix));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answered = match runtime {
        Ok(runtime) => runtime.block_on(provider.examine(SystemClock.now())),
        Err(error) => Err(error.to_string()),
    };
    Some(match answered {
        Ok(()) => good(NAME, format!("{name} answers at {issuer}")),
        Err(why) => found(
            NAME,
            State::Warning,
            format!("nobody can sign in with {name}: {why}"),
            "ask who runs it; links and passkeys work without it",
        ),
    })
}

/// A certificate that ends within this time is told.
const ENDS_SOON_MILLIS: u64 = 30 * 86_400_000;

/// When the certificates end that people sign in with.
fn certificates(config: &Config, store: Result<&SqliteStore, &StoreError>) -> Vec<Check> {
    const NAME: &str = "certificates";
    let now = SystemClock.now();
    let mut checks = Vec::new();
    let files = [
        config.web.tls.as_ref().map(|tls| (&tls.certificate_file, "of the pages")),
        config.provider.as_ref().map(|setup| (&setup.ca_file, "above the identity provider")),
        config.cards.as_ref().map(|setup| (&setup.ca_file, "above people's cards")),
    ];
    for (path, what) in files.into_iter().flatten() {
        let read = match provider::certificates(path) {
            Ok(read) => read,
            Err(error) => {
                let fix = "put the file in its place";
                checks.push(found(NAME, State::Bad, error.to_string(), fix));
                continue;
            }
        };
        let ends = read.iter().filter_map(|der| certificate::foreign(der)?.ends).min();
        checks.extend(ends.map(|at| ending(at, now, &format!("a certificate {what}"))));
    }
    let badges = store.ok().and_then(|store| store.read(|work| work.badges(None)).ok());
    for badge in badges.unwrap_or_default() {
        let soon = badge.until.filter(|at| *at <= now.plus_millis(ENDS_SOON_MILLIS));
        checks.extend(soon.map(|at| ending(at, now, &format!("the card of {}", badge.person))));
    }
    checks
}

fn ending(at: Timestamp, now: Timestamp, what: &str) -> Check {
    const NAME: &str = "certificates";
    let millis = i64::try_from(at.millis()).unwrap_or(i64::MAX);
    let day = jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| String::new(),
        |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
    );
    let fix = "put a new one in its place";
    if at <= now {
        found(NAME, State::Bad, format!("{what} has ended on {day}"), fix)
    } else if at <= now.plus_millis(ENDS_SOON_MILLIS) {
        found(NAME, State::Warning, format!("{what} ends on {day}"), fix)
    } else {
        good(NAME, format!("{what} is good until {day}"))
    }
}

fn socket(folder: &Folder) -> Check {
    const NAME: &str = "node";
    let path = socket_path(&folder.run());
    match UnixStream::connect(&path) {
        Ok(_) => good(NAME, "the node is running"),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => found(
            NAME,
            State::Warning,
            "this user may not talk to the node",
            "run this as the node's user",
        ),
        Err(_) => found(
            NAME,
            State::Warning,
            "the node is not running",
            format!("start it with: entente serve --folder {}", folder.path().display()),
        ),
    }
}

/// The custodians' keys are not to stay.
fn ceremony(folder: &Folder) -> Option<Check> {
    let dir = folder.path().join(CEREMONY);
    dir.exists().then(|| {
        found(
            "ceremony",
            State::Warning,
            format!("the custodians' keys are still in {}", dir.display()),
            "carry them to their holders, then delete the folder",
        )
    })
}
