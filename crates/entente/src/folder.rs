//! A node's folder: where everything of one node lies.
//!
//! `entente.toml`, the databases, the sealed keys and the anchor, wherever the configuration
//! puts these; and `run/`, for this user alone, with the lock and the socket of a running node.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::{Config, ConfigError};
use crate::files::{self, FileError};

/// The configuration's file name.
pub const CONFIG_FILE: &str = "entente.toml";
/// The longest path that a local socket can have (`sockaddr_un`).
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is no node in it.
    #[error(
        "there is no node in {path}: expected a file entente.toml in it; make one with \
         `entente init`, or name another folder with --folder",
        path = path.display()
    )]
    NoNode {
        /// The folder.
        path: PathBuf,
    },
    /// Another process serves it.
    #[error("the node in {path} is running already{}", process(*by))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The id of the process that serves it, if it could be read.
        by: Option<u32>,
    },
    /// The path is too long for a local socket.
    #[error(
        "the path of the node's socket has {bytes} bytes: expected at most \
         {SOCKET_PATH_BYTES_MAX}; choose a folder with a shorter path than {path}",
        path = path.display()
    )]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// How long the socket's path is.
        bytes: usize,
    },
    /// A file or folder in it.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

fn process(id: Option<u32>) -> String {
    id.map(|id| format!(", as process {id}")).unwrap_or_default()
}

/// The folder of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// The right to serve a folder; given back when dropped, also by a process that is killed.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "it is held, not used")] File);

impl Folder {
    /// Makes the folder, and `run/` in it, for this user alone.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        files::private_folder(path)?;
        let folder = Self::at(path)?;
        files::private_folder(&folder.run())?;
        Ok(folder)
    }

    /// A folder that has a node in it.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if path.join(CONFIG_FILE).is_file() {
            Self::at(path)
        } else {
            Err(FolderError::NoNode { path: path.to_owned() })
        }
    }

    fn at(path: &Path) -> Result<Self, FolderError> {
        let path = path.canonicalize().map_err(FileError::at(path, "could not be found"))?;
        let folder = Self(path);
        let bytes = folder.socket().as_os_str().len();
        if bytes > SOCKET_PATH_BYTES_MAX {
            return Err(FolderError::TooDeep { path: folder.0, bytes });
        }
        Ok(folder)
    }

    /// The folder itself, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its configuration's file.
    pub fn config_file(&self) -> PathBuf {
        self.0.join(CONFIG_FILE)
    }

    /// Its configuration.
    pub fn config(&self) -> Result<Config, FolderError> {
        Ok(Config::load(&self.config_file())?)
    }

    /// What exists only while the node runs.
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// The socket on which commands talk to the running node.
    pub fn socket(&self) -> PathBuf {
        self.run().join("entente.sock")
    }

    /// Takes the right to serve this folder, and removes the socket of a node that was killed.
    pub fn lock(&self) -> Result<FolderLock, FolderError> {
        files::private_folder(&self.run())?;
        let path = self.run().join("lock");
        let fault = |action| FileError::at(&path, action);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fault("could not be opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(FolderError::InUse { path: self.0.clone(), by: holder(&file) });
            }
            Err(std::fs::TryLockError::Error(e)) => {
                return Err(fault("could not be locked")(e).into());
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(fault("could not be written"))?;
        match std::fs::remove_file(self.socket()) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::at(&self.socket(), "could not be removed")(e).into())
            }
            _ => Ok(FolderLock(file)),
        }
    }
}

/// Who wrote its id into the lock.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn one_process_at_a_time_serves_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(&dir.path().join("xar")).unwrap();
        let held = folder.lock().unwrap();
        let error = folder.lock().unwrap_err().to_string();
        assert!(error.ends_with(&format!("as process {}", std::process::id())), "{error}");
        drop(held);
        std::fs::write(folder.socket(), "").unwrap();
        let _held = folder.lock().unwrap();
        assert!(!folder.socket().exists(), "the socket of a killed node is in the way");
    }

    #[test]
    fn nobody_else_can_look_into_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(&dir.path().join("xar")).unwrap();
        for path in [folder.path(), &folder.run()] {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
    }

    #[test]
    fn a_folder_without_a_node_or_too_deep_for_a_socket_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let none = dir.path().join("none");
        assert!(matches!(Folder::open(&none), Err(FolderError::NoNode { .. })));
        assert!(matches!(Folder::open(dir.path()), Err(FolderError::NoNode { .. })));
        let deep = dir.path().join("d".repeat(100));
        assert!(matches!(Folder::create(&deep), Err(FolderError::TooDeep { .. })));
    }
}
