//! The anchor: an append-only file of every head that was ever signed.
//!
//! It is what a restored backup or a cloned disk cannot take back (`protocol.md` 10.3, I3): put
//! it on another device than the database, and leave it out of backups. One line per head, all
//! of one length, each with a checksum; the rest of the file is prepared with zero bytes, so
//! that adding a line writes one block and does not lengthen the file. A line that a power cut
//! tore apart was never followed by a signature and is passed over; any other damage is an
//! error, since what follows from it is not known.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entente_app::keys::{Anchor, AnchorError};
use entente_model::{Digest, Entropy};
use entente_seal::digest::sha256;
use entente_seal::keystore::Params;
use entente_seal::secret::Secret;
use thiserror::Error;

use crate::ambient;
use crate::files::{self, FileError};
use crate::secrets::{self, Passphrase};

/// `SIZE ROOT CHECKSUM\n`: 20 digits, 64 and 16 hexadecimal digits.
const LINE_LEN: usize = 20 + 1 + 64 + 1 + 16 + 1;
/// Lines before the file is compacted to its last one.
const LINES: usize = 4096;
/// A file longer than this is no anchor.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// How long the key process of a node that was killed may take to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why an anchor cannot be used.
#[derive(Debug, Error)]
pub enum AnchorFault {
    /// It is not there.
    #[error(
        "the anchor {path} is missing: it holds what this node signed before, and without it a \
         restored backup would go unnoticed; mount its device or correct `anchor` under [keys]",
        path = path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process uses it.
    #[error(
        "the anchor {path} is in use by another process: stop the other node, or give each \
         node an anchor of its own",
        path = path.display()
    )]
    InUse {
        /// The anchor.
        path: PathBuf,
    },
    /// A line was changed.
    #[error(
        "the anchor {path} is damaged at line {line}: {what}; nothing is signed until an operator \
         has compared it with the partners' record of this ledger",
        path = path.display()
    )]
    Damaged {
        /// The anchor.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// The anchor in a file, and the key file whose epoch keys it replaces.
#[derive(Debug)]
pub struct FileAnchor {
    path: PathBuf,
    file: File,
    /// Held as long as the anchor is in use; the anchor itself is replaced when it is compacted.
    _lock: File,
    lines: usize,
    last: Option<(u64, Digest)>,
    torn: bool,
    /// Set once a write failed: the device and the memory of the system may differ from then on.
    failed: Option<String>,
    keys: KeyFile,
}

/// The key file, and what is needed to seal it again.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// What opens it.
    pub passphrase: Passphrase,
    /// How it is sealed.
    pub params: Params,
}

/// Makes a new, empty anchor; one that exists is not overwritten.
pub fn create(path: &Path) -> Result<(), FileError> {
    files::create(path, &page(None))
}

/// What an anchor's file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorState {
    /// The last head.
    pub last: Option<(u64, Digest)>,
    /// How many whole lines there are.
    pub lines: usize,
    /// Whether a torn line follows them.
    pub torn: bool,
}

/// Reads an anchor without taking it into use, for `entente doctor`.
pub fn inspect(path: &Path) -> Result<AnchorState, AnchorFault> {
    match files::read(path, FILE_BYTES_MAX) {
        Err(e) if e.is_missing() => Err(AnchorFault::Missing { path: path.to_owned() }),
        bytes => parse(path, &bytes?),
    }
}

impl FileAnchor {
    /// Takes the anchor into use; no other process can until it is dropped.
    pub fn open(path: &Path, keys: KeyFile) -> Result<Self, AnchorFault> {
        // Before anything is created beside it.
        inspect(path)?;
        let lock = lock(path)?;
        let (mut file, state) = {
            let file = File::options()
                .read(true)
                .write(true)
                .open(path)
                .map_err(FileError::at(path, "could not be opened for writing"))?;
            let mut bytes = Vec::new();
            (&file)
                .take(FILE_BYTES_MAX + 1)
                .read_to_end(&mut bytes)
                .map_err(FileError::at(path, "could not be read"))?;
            (file, parse(path, &bytes)?)
        };
        let AnchorState { last, mut lines, torn } = state;
        if torn || lines >= LINES {
            file = files::replace(path, &page(last))?;
            lines = usize::from(last.is_some());
        }
        Ok(Self { path: path.to_owned(), file, _lock: lock, lines, last, torn, failed: None, keys })
    }

    /// Whether the last line was torn apart by a power cut when the anchor was opened.
    pub fn was_torn(&self) -> bool {
        self.torn
    }

    fn append(&mut self, size: u64, root: Digest) -> io::Result<()> {
        if self.lines >= LINES {
            self.file = files::replace(&self.path, &page(Some((size, root))))
                .map_err(|e| io::Error::other(e.to_string()))?;
            self.lines = 1;
        } else {
            let offset = self.lines * LINE_LEN;
            self.file.write_all_at(&line(size, &root), offset as u64)?;
            self.file.sync_data()?;
            self.lines += 1;
        }
        self.last = Some((size, root));
        Ok(())
    }
}

impl Anchor for FileAnchor {
    fn last_signed(&self) -> Option<(u64, Digest)> {
        self.last
    }

    /// INVARIANT: sizes in the file never fall, and a head is on the device when this returns.
    fn record(&mut self, size: u64, root: Digest) -> Result<(), AnchorError> {
        if let Some(reason) = &self.failed {
            return Err(AnchorError(format!(
                "an earlier write failed: {reason}; restart the node once its device is well again"
            )));
        }
        if self.last.is_some_and(|(last, _)| size < last) {
            return Err(AnchorError(format!("size {size} is below the last one recorded")));
        }
        self.append(size, root).map_err(|e| {
            // After a failed write or sync, what is on the device is not known. Trying again
            // could succeed in memory only.
            let reason = format!("{}: {e}", self.path.display());
            self.failed = Some(reason.clone());
            AnchorError(reason)
        })
    }

    fn replace_epochs(&mut self, epochs: &[Secret]) -> Result<(), AnchorError> {
        let KeyFile { path, passphrase, params } = &self.keys;
        let mut entropy = crate::ambient::OsEntropy;
        let entropy: &mut dyn Entropy = &mut entropy;
        secrets::read_keys(path, passphrase)
            .and_then(|mut keys| {
                keys.set_epochs(epochs);
                secrets::replace_keys(path, &keys, passphrase, *params, entropy)
            })
            .map_err(|e| AnchorError(e.to_string()))
    }
}

/// Takes the lock file beside the anchor. The key process of a node that was killed ends when it
/// has done what it was last asked for, and holds the lock until then.
fn lock(path: &Path) -> Result<File, AnchorFault> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let beside = path.with_file_name(name);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(FileError::at(&beside, "could not be opened"))?;
    let started = ambient::monotonic();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(std::fs::TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                ambient::pause(LOCK_PAUSE);
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(AnchorFault::InUse { path: path.to_owned() });
            }
            Err(std::fs::TryLockError::Error(e)) => {
                return Err(FileError::at(&beside, "could not be locked")(e).into());
            }
        }
    }
}

/// The bytes of a fresh file that starts with this head.
fn page(head: Option<(u64, Digest)>) -> Vec<u8> {
    let mut bytes = head.map(|(size, root)| line(size, &root)).unwrap_or_default();
    bytes.resize(LINES * LINE_LEN, 0);
    bytes
}

fn line(size: u64, root: &Digest) -> Vec<u8> {
    let mut text = format!("{size:020} {}", hex::encode(root.as_bytes()));
    let sum = checksum(text.as_bytes());
    text.push(' ');
    text.push_str(&sum);
    text.push('\n');
    text.into_bytes()
}

fn checksum(bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    hex::encode(digest.first_chunk::<8>().unwrap_or(&[0; 8]))
}

fn parse_line(bytes: &[u8]) -> Option<(u64, Digest)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (size, rest) = text.split_once(' ')?;
    let (root, _) = rest.split_once(' ')?;
    let size = size.parse().ok()?;
    let mut digest = [0; 32];
    hex::decode_to_slice(root, &mut digest).ok()?;
    let root = Digest::from_array(digest);
    // There is one way to write a line.
    (line(size, &root) == bytes).then_some((size, root))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<AnchorState, AnchorFault> {
    let damaged = |line, what| AnchorFault::Damaged { path: path.to_owned(), line, what };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(FileError::TooLarge { path: path.to_owned(), max: FILE_BYTES_MAX }.into());
    }
    let mut state = AnchorState { last: None, lines: 0, torn: false };
    let mut chunks = bytes.chunks(LINE_LEN);
    for chunk in chunks.by_ref() {
        let number = state.lines + 1;
        if let Some((size, root)) = parse_line(chunk) {
            match state.last {
                Some((last, _)) if size < last => {
                    return Err(damaged(number, "the ledger is smaller than on the line before"));
                }
                Some((last, before)) if size == last && root != before => {
                    return Err(damaged(number, "the same size has another root"));
                }
                _ => {}
            }
            state.last = Some((size, root));
            state.lines = number;
        } else if chunk.len() == LINE_LEN && !chunk.contains(&0) {
            return Err(damaged(number, "the line does not fit its checksum"));
        } else {
            // Prepared space, or a line that a power cut kept from becoming whole.
            state.torn = chunk.iter().any(|b| *b != 0);
            break;
        }
    }
    if chunks.flatten().any(|b| *b != 0) {
        return Err(damaged(state.lines + 1, "the line is torn, and others follow it"));
    }
    Ok(state)
}

#[cfg(test)]
mod tests;
