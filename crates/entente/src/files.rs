//! Files that are replaced as a whole, survive a power cut and are nobody else's to read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What only the owner may read and write.
const PRIVATE: u32 = 0o600;
/// Permission bits of the group and of everyone else.
const OTHERS: u32 = 0o077;

/// Why a file could not be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("{path}: {action}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// More bytes than a file of its kind has.
    #[error("{path} is too large: expected at most {max} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most it may have.
        max: u64,
    },
    /// A file for the owner alone that others can read.
    #[error(
        "{path} can be read or changed by others (mode {mode:o}); run: chmod 600 {path}",
        path = path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file of somebody else.
    #[error(
        "{path} belongs to user {owner}, not to the user that runs this; run: chown {wanted} {path}",
        path = path.display()
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it should be.
        wanted: u32,
    },
    /// A file that was to be made is there.
    #[error("{path} exists already: name a file that does not", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a device or a socket.
    #[error("{path} is not a regular file", path = path.display())]
    NotAFile {
        /// What is not a file.
        path: PathBuf,
    },
}

impl FileError {
    /// Names the path and what was attempted.
    pub fn at(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }

    /// Whether the file does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a whole file of at most `max` bytes.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    read_open(&open(path)?, path, max)
}

/// Reads a whole file that only its owner may read: this user or root.
///
/// The checks are made on the opened file, so that nobody can exchange it in between.
pub fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let file = open(path)?;
    let about = file.metadata().map_err(FileError::at(path, "could not be examined"))?;
    let mode = about.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(FileError::Permissions { path: path.to_owned(), mode });
    }
    let (owner, wanted) = (about.uid(), rustix::process::geteuid().as_raw());
    if owner != wanted && owner != 0 {
        return Err(FileError::Owner { path: path.to_owned(), owner, wanted });
    }
    read_open(&file, path, max)
}

fn open(path: &Path) -> Result<File, FileError> {
    // Opening a pipe would wait for whoever writes to it.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(FileError::at(path, "could not be opened"))?;
    let about = file.metadata().map_err(FileError::at(path, "could not be examined"))?;
    if about.is_file() { Ok(file) } else { Err(FileError::NotAFile { path: path.to_owned() }) }
}

fn read_open(file: &File, path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(FileError::at(path, "could not be read"))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= max) {
        Ok(bytes)
    } else {
        Err(FileError::TooLarge { path: path.to_owned(), max })
    }
}

/// Puts `bytes` in the place of the file at once, durably, readable by the owner alone.
///
/// After a crash at any moment the file has either its old or its new content.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<File, FileError> {
    let folder = parent(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = folder.join(name);
    // A file left over from a crash may have other permissions or another owner.
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::at(&fresh, "could not be removed")(e));
        }
        _ => {}
    }
    let write = || -> io::Result<File> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(PRIVATE)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(file)
    };
    let file = write().map_err(|error| {
        // What is half written is of no use to anybody, and takes room.
        let _ = fs::remove_file(&fresh);
        FileError::at(path, "could not be written")(error)
    })?;
    fs::rename(&fresh, path).map_err(FileError::at(path, "could not be replaced"))?;
    sync_folder(folder)?;
    Ok(file)
}

/// Like [`replace`], but whoever could read the old file can read the new one.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let examined = FileError::at(path, "could not be examined");
    let permissions = fs::metadata(path).map_err(examined)?.permissions();
    let file = replace(path, bytes)?;
    file.set_permissions(permissions).map_err(FileError::at(path, "could not be opened to others"))
}

/// Like [`replace`], and then overwrites the bytes that the old file had.
///
/// This is as far as a program gets: a file system that writes elsewhere, a solid-state disk or
/// a snapshot may keep the old bytes all the same. Keep such files on a device that is never
/// backed up.
pub fn replace_destroying(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let old = OpenOptions::new().write(true).open(path);
    replace(path, bytes)?;
    if let Ok(mut old) = old {
        let mut erase = || -> io::Result<()> {
            let len = old.metadata()?.len();
            old.seek(SeekFrom::Start(0))?;
            io::copy(&mut io::repeat(0).take(len), &mut old)?;
            old.sync_data()
        };
        erase().map_err(FileError::at(path, "the old content could not be overwritten"))?;
    }
    Ok(())
}

/// Writes a file that must not exist yet, durably, readable by the owner alone.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map_err(
            |source| {
                if source.kind() == io::ErrorKind::AlreadyExists {
                    return FileError::Exists { path: path.to_owned() };
                }
                FileError::at(path, "could not be created")(source)
            },
        )?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // A half file under its final name would pass for a whole one.
        let _ = fs::remove_file(path);
        FileError::at(path, "could not be written")(error)
    })?;
    sync_folder(parent(path))
}

/// Makes a folder, with those above it, for the owner alone; one that exists is made private.
pub fn private_folder(path: &Path) -> Result<(), FileError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(FileError::at(path, "could not be created"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(FileError::at(path, "its permissions could not be set"))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(FileError::at(folder, "could not be made durable"))
}

/// The folder that a file is in; the current one for a bare name.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"x").unwrap();
        assert_eq!(read_private(&path, 10).unwrap(), b"x");
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read_private(&path, 10).unwrap_err().to_string();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
        }
    }

    #[test]
    fn a_replaced_file_is_private_and_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::write(dir.path().join("file.new"), "left by a crash").unwrap();
        let kept = File::open(&path).unwrap();
        replace_destroying(&path, b"new").unwrap();
        assert_eq!(read_private(&path, 3).unwrap(), b"new");
        assert_eq!(read_open(&kept, &path, 3).unwrap(), [0; 3], "the old bytes are still there");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_too_large_or_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        create(&path, &[0; 11]).unwrap();
        assert!(matches!(read(&path, 10), Err(FileError::TooLarge { max: 10, .. })));
        assert!(matches!(read(dir.path(), 10), Err(FileError::NotAFile { .. })));
        assert!(read(&dir.path().join("none"), 10).unwrap_err().is_missing());
        assert!(create(&path, b"").is_err(), "an existing file was overwritten");
    }

    #[test]
    fn a_pipe_is_no_file_and_nobody_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(read(&path, 10), Err(FileError::NotAFile { .. })));
    }
}
