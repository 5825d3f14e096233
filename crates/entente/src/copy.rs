//! A copy of a node's database, compared with what that node signed.
//!
//! For a partner or an overseer who was handed a copy, or who keeps one. Nothing of the copy is
//! trusted but the nation's identity, which follows from its chain; the checkpoint comes from
//! elsewhere. The copy is only read.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use entente_app::AppError;
use entente_app::identity;
use entente_app::leaf::{Contexts, LeafOpening};
use entente_app::sequencer::StoredTiles;
use entente_exchange::chain::ChainState;
use entente_ledger::audit::{self, AuditError};
use entente_ledger::checkpoint;
use entente_ledger::tile::TILE_WIDTH;
use entente_model::codec::Wire as _;
use entente_model::{Clock as _, NationId};
use entente_seal::sign::LogPublic;
use entente_store::rows::PeerRow;
use entente_store::sqlite::SqliteStore;
use entente_store::{Store as _, StoreError, Work};
use serde::Serialize;

use crate::ambient::SystemClock;
use crate::folder::{CONFIG_FILE, Folder};
use crate::output::Failure;

/// The database's usual name.
const DATABASE: &str = "node.db";
const LEAVES_AT_ONCE: u64 = 4096;

/// A copy that was opened.
pub struct Copy {
    store: SqliteStore,
    path: PathBuf,
    row: PeerRow,
    origin: String,
    log: LogPublic,
}

/// What the comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Whether the copy adds up to what was signed.
    pub verified: bool,
    /// The nation's code, as it claims it.
    pub nation: String,
    /// The nation.
    pub nation_id: String,
    /// The ledger's name.
    pub origin: String,
    /// How many entries were signed.
    pub size: u64,
    /// The root that was signed.
    pub root: String,
    /// The first entry that is in doubt, if it can be told.
    pub entry: Option<u64>,
    /// What is wrong, in one sentence.
    pub problem: Option<String>,
}

/// Where the database lies in a copy.
fn database(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    // A copied folder keeps its configuration, and that may have another place for the database;
    // but a place outside the copy is not the copy.
    let inside = path.join(CONFIG_FILE).is_file().then(|| Folder::open(path).ok()).flatten();
    let config = inside.as_ref().and_then(|folder| folder.config().ok());
    match (inside, config) {
        (Some(folder), Some(config)) if config.data.database.starts_with(folder.path()) => {
            config.data.database
        }
        _ => path.join(DATABASE),
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::usage(anyhow!("{} cannot be read as a node's database: {error}", path.display()))
}

impl Copy {
    /// Opens a copy of a folder or of a database.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let path = database(path);
        let store = SqliteStore::inspect(&path).map_err(|e| unreadable(&path, e))?;
        let read = store.read(|work| {
            let own = work.peers()?.into_iter().find(|peer| peer.status == "own");
            let row = own.ok_or_else(|| AppError::invalid("it holds no nation"))?;
            let statements = work.statements(row.nation, 0)?;
            Ok::<_, AppError>((row, statements))
        });
        let (row, statements) = read.map_err(|e| unreadable(&path, e))?;
        let chain =
            identity::replay(&statements, SystemClock.now()).map_err(|e| unreadable(&path, e))?;
        let (origin, log) = log_of(&chain).ok_or_else(|| unreadable(&path, "it names no node"))?;
        if chain.nation() != row.nation {
            return Err(unreadable(&path, "its identity chain is another nation's"));
        }
        Ok(Self { store, path, row, origin, log })
    }

    /// Whose ledger it is.
    pub const fn nation(&self) -> NationId {
        self.row.nation
    }

    /// Compares the copy with a checkpoint of the same ledger.
    pub fn verify(&self, note: &[u8]) -> Result<Found, Failure> {
        let signed = checkpoint::verify(note, &self.origin, &self.log).map_err(Failure::usage)?;
        let mut found = Found {
            verified: true,
            nation: self.row.code.to_string(),
            nation_id: self.row.nation.to_string(),
            origin: self.origin.clone(),
            size: signed.size,
            root: signed.root.to_string(),
            entry: None,
            problem: None,
        };
        let fault = self
            .store
            .read(|work| match tree(work, &signed)? {
                Some(fault) => Ok(Some(fault)),
                None => openings(work, signed.size),
            })
            .map_err(|e: AppError| unreadable(&self.path, e))?;
        if let Some((entry, problem)) = fault {
            found.verified = false;
            found.entry = entry;
            found.problem = Some(problem);
        }
        Ok(found)
    }
}

fn log_of(chain: &ChainState) -> Option<(String, LogPublic)> {
    let (_, node) = chain.nodes().find(|(_, node)| node.revoked.is_none())?;
    Some((node.spec.origin.clone(), node.spec.log.clone()))
}

/// What is wrong, and with which entry if it can be told.
type Fault = (Option<u64>, String);

/// Do the entries and tiles add up to the root?
fn tree(work: &dyn Work, signed: &checkpoint::Checkpoint) -> Result<Option<Fault>, AppError> {
    let width = TILE_WIDTH as u64;
    let entries = |bundle: u64| -> Result<Option<Vec<[u8; 33]>>, StoreError> {
        let rows = work.leaves(bundle * width, width)?;
        let in_place = (bundle * width..).zip(&rows).take_while(|(index, row)| row.index == *index);
        Ok(Some(in_place.map(|(_, row)| row.leaf).collect()))
    };
    match audit::find_tamper(&entries, &StoredTiles(work), signed.size, &signed.root) {
        Ok(()) => Ok(None),
        Err(AuditError::Tampered(tamper)) => Ok(Some(match tamper.leaf() {
            Some(leaf) => (Some(leaf), format!("entry {leaf} was changed: {tamper}")),
            None => (None, format!("the tree was changed: {tamper}")),
        })),
        Err(AuditError::Source(error)) => Err(error.into()),
    }
}

/// Do the records that are still there fit their entries?
fn openings(work: &dyn Work, size: u64) -> Result<Option<Fault>, AppError> {
    let mut contexts = Contexts::default();
    let mut from = 0;
    while from < size {
        let rows = work.leaves(from, LEAVES_AT_ONCE.min(size - from))?;
        let Some(last) = rows.last() else { break };
        from = last.index + 1;
        for row in &rows {
            // What was erased is for the nation's own overseers to account for.
            let Some(bytes) = &row.opening else { continue };
            let fits = LeafOpening::from_bytes(bytes)
                .ok()
                .and_then(|opening| opening.leaf(work, &mut contexts).ok())
                .is_some_and(|leaf| leaf.bytes() == row.leaf);
            if !fits {
                let index = row.index;
                let what = format!("the record of entry {index} is not the one that was logged");
                return Ok(Some((Some(index), what)));
            }
        }
    }
    Ok(None)
}
