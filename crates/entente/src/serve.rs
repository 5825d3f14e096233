//! The node at work: its parts put together, its doors opened, its workers started.
//!
//! Everything that decides, stores or proves is synchronous and elsewhere; here it is called on
//! threads that may wait. One worker delivers to each partner, so a slow one delays only itself;
//! one worker ticks. Nobody polls: a change wakes whoever has to act on it.

mod cards;
mod local;
mod pages;
mod partners;
mod wake;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use entente_api::local::{LocalLimits, LocalSocket, base64_bytes};
use entente_api::partner::{PartnerDoor, PartnerLimits};
use entente_api::tls::TlsIdentity;
use entente_app::SqliteNode;
use entente_app::keys::Keys;
use entente_app::node::Parts;
use entente_seal::keystore;
use entente_store::sqlite::{SqliteStore, SqliteVault};
use entente_web::IdentityProvider;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::ambient::{OsEntropy, SystemClock};
use crate::anchor::KeyFile;
use crate::config::{Config, Limits};
use crate::disk::Gauge;
use crate::folder::{Folder, FolderLock};
use crate::keyd::{RemoteKeys, Start};
use crate::output::Output;
use crate::provider::Provider;
use crate::{confine, schemes, secrets};

use cards::PagesTls;
use wake::Wakes;

/// How often the tick runs when nothing wakes it.
const TICK: Duration = Duration::from_secs(1);

/// A node that is open and has no doors yet.
pub struct Running {
    /// The node.
    pub node: Arc<SqliteNode>,
    /// Wakes its workers.
    pub wakes: Arc<Wakes>,
    config: Config,
    folder: Folder,
    keys: Arc<RemoteKeys>,
    _lock: FolderLock,
}

/// How often the slow work runs.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Lane heads, cosignatures and sweeps.
    pub housekeeping: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { housekeeping: Duration::from_mins(1) }
    }
}

/// Opens the node in a folder: key process, databases, ledger.
pub fn open(folder: Folder, output: Output) -> anyhow::Result<Running> {
    let config = folder.config()?;
    let lock = folder.lock()?;
    let passphrase = secrets::obtain(&config.keys.passphrase)?;
    let program = std::env::current_exe().context("this program cannot find its own file")?;
    let start = Start {
        keys: KeyFile {
            path: config.keys.file.clone(),
            passphrase,
            params: keystore::Params::default(),
        },
        anchor: config.keys.anchor.clone(),
    };
    let keys = Arc::new(RemoteKeys::start(&program, &start)?);
    if let Some(note) = keys.note() {
        output.progress(&note);
    }
    must_be_there(&config)?;
    let store = SqliteStore::open(&config.data.database)?;
    let vault = SqliteVault::open(&config.data.vault)?;
    let wakes = Arc::new(Wakes::default());
    let told = Arc::clone(&wakes);
    let own = schemes::of_node(folder.path())?;
    let parts = Parts {
        store,
        vault,
        keys: Arc::clone(&keys) as Arc<dyn Keys>,
        clock: Arc::new(SystemClock),
        entropy: Box::new(OsEntropy),
        settings: config.settings(),
        disk: Box::new(Gauge::of(&config.data)),
        wake: Box::new(move |wake| told.wake(*wake)),
    };
    let node = SqliteNode::open_with(parts, own)?;
    Ok(Running { node: Arc::new(node), wakes, config, folder, keys, _lock: lock })
}

/// A database that is not there is not made anew: what it held is somewhere else.
fn must_be_there(config: &Config) -> anyhow::Result<()> {
    for (path, key, what) in [
        (&config.data.database, "database", "the ledger and everything that is held"),
        (&config.data.vault, "vault", "the keys of what is held"),
    ] {
        let length = std::fs::metadata(path).map(|about| about.len());
        if !length.is_ok_and(|length| length > 0) {
            return Err(anyhow!(
                "{} is missing or empty: it has {what}. Mount its device, put it back, or correct \
                 `{key}` under [data]; `entente init` makes a new nation and no old one",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Where a running node can be reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// For partners.
    pub partner: Vec<SocketAddr>,
    /// For people.
    pub web: Vec<SocketAddr>,
    /// The origin of the pages.
    pub origin: String,
    /// For commands.
    pub socket: PathBuf,
}

/// Serves until told to stop.
pub fn serve(running: Running, pace: Pace, output: Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(64)
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    let outcome = runtime.block_on(run(running, pace, output));
    runtime.shutdown_timeout(Duration::from_secs(10));
    outcome
}

/// What the door for partners takes.
fn partner_limits(limits: &Limits) -> PartnerLimits {
    PartnerLimits {
        requests_per_minute: u64::from(limits.requests_per_minute_per_partner),
        ..PartnerLimits::default()
    }
}

/// What the socket for commands takes: the largest file that may be published, in base64, and
/// what comes with it.
fn local_limits(limits: &Limits) -> LocalLimits {
    let file = usize::try_from(limits.publish_bytes).unwrap_or(usize::MAX / 2);
    let usual = LocalLimits::default();
    LocalLimits { body_bytes_max: usual.body_bytes_max + base64_bytes(file), ..usual }
}

async fn bind(addresses: &[SocketAddr], door: &str) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("the door for {door} cannot be opened at {address}: is another program there?")
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
}

async fn run(running: Running, pace: Pace, output: Output) -> anyhow::Result<()> {
    let Running { node, wakes, config, folder, keys, _lock } = running;
    let (stop, stopped) = watch::channel(false);

    let public = (&*keys as &dyn Keys).public()?;
    let signer = Arc::new(partners::RemoteSigner(Arc::clone(&keys)));
    let identity = TlsIdentity::new(public.certificate, signer)?;
    let directory = Arc::new(partners::Directory(Arc::clone(&node)));
    let service =
        Arc::new(partners::Service { node: Arc::clone(&node), wakes: Arc::clone(&wakes) });

    let mut tasks = tokio::task::JoinSet::new();
    let partner_listeners = bind(&config.partner.listen, "partners").await?;
    let web_listeners = bind(&config.web.listen, "people").await?;
    let socket = LocalSocket::bind(&folder.run())?;
    let addresses = Addresses {
        partner: local_addresses(&partner_listeners),
        web: local_addresses(&web_listeners),
        origin: config.web.origin(),
        socket: socket.path().to_owned(),
    };
    for listener in partner_listeners {
        let door = PartnerDoor::new(
            &identity,
            Arc::clone(&directory) as _,
            Arc::clone(&service) as _,
            partner_limits(&config.limits),
        )?;
        tasks.spawn(door.serve(listener, told(stopped.clone())));
    }
    let bounds = pages::Bounds {
        connections_max: confine::open_files()? / 2,
        header_time_max: Duration::from_secs(30),
    };
    let origin = config.web.origin();
    let provider = config.provider.map(|setup| Provider::open(setup, &origin)).transpose()?;
    let provider = provider.map(|provider| Arc::new(provider) as Arc<dyn IdentityProvider>);
    let cards = config.cards.as_ref();
    let tls = config.web.tls.as_ref().map(|tls| PagesTls::open(tls, cards)).transpose()?;
    let tls = tls.map(Arc::new);
    for listener in web_listeners {
        let site = entente_web::Site {
            host: config.web.host.clone(),
            port: config.web.port,
            origin: origin.clone(),
        };
        let router = entente_web::router_until(
            Arc::clone(&node),
            wakes.events(),
            site,
            stopped.clone(),
            provider.clone(),
        );
        let door = pages::Pages { router, tls: tls.clone(), bounds };
        tasks.spawn(pages::serve(listener, door, stopped.clone()));
    }
    let commands = Arc::new(local::Commands::new(Arc::clone(&node)));
    let events = Arc::new(local::Events { node: Arc::clone(&node), wakes: Arc::clone(&wakes) });
    let local = local_limits(&config.limits);
    tasks.spawn(socket.serve(commands, events, local, told(stopped.clone())));
    tasks.spawn(partners::deliver_all(
        Arc::clone(&node),
        Arc::clone(&wakes),
        identity.clone(),
        stopped.clone(),
    ));
    tasks.spawn(tick(Arc::clone(&node), Arc::clone(&wakes), pace, stopped.clone()));

    announce(&node, &addresses, output);
    let ended = tokio::select! {
        ended = signalled() => ended,
        Some(ended) = tasks.join_next() => {
            ended.context("a worker of the node failed")?;
            Err(anyhow!("a worker of the node ended by itself"))
        }
    };
    // Nobody is left to tell if all workers have ended already.
    let _ = stop.send(true);
    wakes.all();
    let _ = tokio::time::timeout(Duration::from_secs(8), async {
        while tasks.join_next().await.is_some() {}
    })
    .await;
    ended
}

fn local_addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|l| l.local_addr().ok()).collect()
}

fn announce(node: &SqliteNode, addresses: &Addresses, output: Output) {
    let identity = node.identity();
    let list = |addresses: &[SocketAddr]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    output.progress(&format!(
        "{} ({}) is at work: partners at {}, pages at {}, commands at {}",
        identity.name,
        identity.code,
        if addresses.partner.is_empty() {
            "no address".to_owned()
        } else {
            list(&addresses.partner)
        },
        if addresses.web.is_empty() { "no address" } else { &addresses.origin },
        addresses.socket.display(),
    ));
}

/// Completes when the node is told to stop.
async fn told(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone is as good as a word to stop.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Calls the node on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    node: &Arc<SqliteNode>,
    call: impl FnOnce(&SqliteNode) -> entente_app::Result<T> + Send + 'static,
) -> entente_app::Result<T> {
    let node = Arc::clone(node);
    match tokio::task::spawn_blocking(move || call(&node)).await {
        Ok(outcome) => outcome,
        Err(error) => Err(entente_app::AppError::Operator(format!("a worker failed: {error}"))),
    }
}

/// Seals and sequences what was queued, deletes what is due, and now and then the slow work.
async fn tick(
    node: Arc<SqliteNode>,
    wakes: Arc<Wakes>,
    pace: Pace,
    stopped: watch::Receiver<bool>,
) {
    let intents = wakes.intents();
    let mut slow = tokio::time::interval(pace.housekeeping);
    while !*stopped.borrow() {
        match blocking(&node, SqliteNode::tick).await {
            Ok(ticked) if ticked.more => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "the tick failed");
                // Told once, and not at all if the database is what failed.
                let _ = blocking(&node, move |node| node.tell_failed_tick(&error)).await;
            }
        }
        tokio::select! {
            () = intents.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            _ = slow.tick() => housekeep(&node).await,
            () = told(stopped.clone()) => {}
        }
    }
}

async fn housekeep(node: &Arc<SqliteNode>) {
    let outcome = blocking(node, |node| {
        node.announce_lanes()?;
        node.cosign_held()?;
        node.sweep()?;
        Ok(())
    })
    .await;
    if let Err(error) = outcome {
        tracing::error!(%error, "housekeeping failed");
    }
}

#[test]
fn doors_take_what_the_operator_set() {
    let set =
        Limits { requests_per_minute_per_partner: 61, publish_bytes: 1 << 30, ..Limits::default() };
    assert_eq!(partner_limits(&set).requests_per_minute, 61);
    // The largest file fits into one command, and the program on the other side sends as much.
    let body = local_limits(&set).body_bytes_max;
    assert_eq!(body, entente_api::local::LOCAL_UPLOAD_BYTES_MAX);
    assert!(body > base64_bytes(1 << 30));
}
