//! The socket file: made for one user, replaced when stale, never taken from a live node.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::net::UnixListener;

use super::socket_path;

/// Bytes of the path of a socket that every system accepts, its end included.
const PATH_BYTES_MAX: usize = 104;

/// Why there is no socket.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SocketError {
    /// Another process has it.
    #[error("a node is already running in `{}`", dir.display())]
    InUse {
        /// The node's folder.
        dir: PathBuf,
    },
    /// Systems keep the path of a socket in a small field.
    #[error(
        "the path `{}` is too long for a socket: move the node to a folder of at most {} bytes",
        path.display(),
        dir_bytes_max
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// What would fit.
        dir_bytes_max: usize,
    },
    /// The system refuses.
    #[error("the socket in `{}` cannot be made", dir.display())]
    Io {
        /// The node's folder.
        dir: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

/// The socket of the node in a folder, and the right to it while this lives.
#[derive(Debug)]
pub struct LocalSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Locked. Two nodes that start at once cannot both have it, and the system lets go of it
    /// however a process ends.
    _lock: File,
}

impl LocalSocket {
    /// Makes the socket, replacing one that a dead node left behind. Needs a tokio runtime.
    pub fn bind(dir: &Path) -> Result<Self, SocketError> {
        let path = socket_path(dir);
        let length = path.as_os_str().len();
        if length >= PATH_BYTES_MAX {
            let around = length - dir.as_os_str().len();
            let dir_bytes_max = PATH_BYTES_MAX - 1 - around;
            return Err(SocketError::PathTooLong { path, dir_bytes_max });
        }
        let lock = lock(dir, &path)?;
        // Somebody may have removed the file that is locked, but not who listens.
        if UnixStream::connect(&path).is_ok() {
            return Err(SocketError::InUse { dir: dir.to_owned() });
        }
        let listener =
            listen(dir, &path).map_err(|source| SocketError::Io { dir: dir.to_owned(), source })?;
        Ok(Self { listener, path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        // What cannot be removed is stale, and the next node replaces it.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(dir: &Path, path: &Path) -> Result<File, SocketError> {
    let fault = |source| SocketError::Io { dir: dir.to_owned(), source };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.with_extension("lock"))
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SocketError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

/// Makes the socket in a folder that only we may enter and moves it to its place when its mode
/// is right: at no moment can another user connect, nor a client find no socket where one was.
fn listen(dir: &Path, path: &Path) -> io::Result<UnixListener> {
    let shelter = dir.join(".bind");
    // From a start that was cut short.
    if let Err(error) = fs::remove_dir_all(&shelter)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    DirBuilder::new().mode(0o700).create(&shelter)?;
    let made = shelter.join("s");
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    fs::rename(&made, path)?;
    fs::remove_dir(&shelter)?;
    Ok(listener)
}
