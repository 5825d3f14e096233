//! The passphrase, and the key file that it opens.
//!
//! A passphrase comes from a file that only its owner can read, from the service manager or from
//! the terminal; never from an argument or the environment, where other programs see it. What
//! the key file holds is for `entente_app::keys`, how it is sealed for `entente_seal::keystore`.

mod prompt;

use std::fmt;
use std::path::{Path, PathBuf};

use entente_app::keys::{KeyError, KeySecrets};
use entente_model::Entropy;
use entente_seal::keystore::{self, KeystoreError, Params};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::ambient;
use crate::files::{self, FileError};

pub use prompt::PromptError;

/// The longest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
/// The shortest new passphrase that a person may choose, in characters.
pub const NEW_PASSPHRASE_CHARS_MIN: usize = 12;
/// The longest key file: the largest blob and what the keystore puts around it.
const KEY_FILE_BYTES_MAX: u64 = keystore::BLOB_BYTES_MAX as u64 + 1024;

/// Opens the key file.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes a passphrase; line ends after it do not belong to it.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PassphraseError> {
        let mut bytes = Zeroizing::new(bytes);
        while let [.., b'\n' | b'\r'] = bytes.as_slice() {
            bytes.pop();
        }
        match bytes.len() {
            0 => Err(PassphraseError::Empty),
            len if len > PASSPHRASE_BYTES_MAX => Err(PassphraseError::TooLong { bytes: len }),
            _ => Ok(Self(bytes)),
        }
    }

    /// Draws a passphrase of 256 bits, for a file that no person needs to remember.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        use fmt::Write as _;
        let secret = Zeroizing::new(entropy.bytes32());
        let mut text = String::with_capacity(64);
        for byte in secret.as_slice() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(Zeroizing::new(text.into_bytes()))
    }

    /// The passphrase itself.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Text that is no passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PassphraseError {
    /// Nothing at all.
    #[error("the passphrase is empty")]
    Empty,
    /// Far too long.
    #[error("the passphrase has {bytes} bytes: expected at most {PASSPHRASE_BYTES_MAX}")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A new one that is easily guessed.
    #[error("the passphrase has {chars} characters: expected at least {NEW_PASSPHRASE_CHARS_MIN}")]
    TooShort {
        /// How many it has.
        chars: usize,
    },
    /// Typed differently the second time.
    #[error("the two passphrases differ")]
    Differ,
}

/// Where the passphrase comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A credential of this name, given by systemd.
    Credential(String),
    /// A person at the terminal.
    Prompt,
}

/// Why there is no passphrase or no keys.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The file with the passphrase or the keys.
    #[error(transparent)]
    File(#[from] FileError),
    /// What it holds is no passphrase.
    #[error("{path}: {source}", path = path.display())]
    Passphrase {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PassphraseError,
    },
    /// What was typed is no passphrase.
    #[error(transparent)]
    Typed(#[from] PassphraseError),
    /// The terminal.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// Not started by systemd, or without credentials.
    #[error(
        "the credential `{0}` was not given: expected systemd to start this with \
         LoadCredential= or LoadCredentialEncrypted={0}:…"
    )]
    NoCredential(String),
    /// The key file does not open.
    #[error("{path}: {source}", path = path.display())]
    Keystore {
        /// The key file.
        path: PathBuf,
        /// What is wrong.
        source: KeystoreError,
    },
    /// The key file opens, and what is inside makes no sense.
    #[error("{path}: {source}", path = path.display())]
    Keys {
        /// The key file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
}

/// Gets the passphrase from its source.
pub fn obtain(source: &PassphraseSource) -> Result<Passphrase, SecretError> {
    // One more byte than a passphrase may have for its line end.
    let max = PASSPHRASE_BYTES_MAX as u64 + 2;
    let from = |path: &Path, bytes| {
        Passphrase::new(bytes)
            .map_err(|source| SecretError::Passphrase { path: path.to_owned(), source })
    };
    match source {
        PassphraseSource::File(path) => from(path, files::read_private(path, max)?),
        PassphraseSource::Credential(name) => {
            // systemd keeps the folder to the service's user by an access list, which shows as
            // group permissions; its permissions are systemd's to set.
            let folder = ambient::environment("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| SecretError::NoCredential(name.clone()))?;
            let path = Path::new(&folder).join(name);
            match files::read(&path, max) {
                Err(e) if e.is_missing() => Err(SecretError::NoCredential(name.clone())),
                bytes => from(&path, bytes?),
            }
        }
        PassphraseSource::Prompt => Ok(Passphrase::new(prompt::ask("Passphrase of the keys: ")?)?),
    }
}

/// Asks a person for a new passphrase, twice.
pub fn ask_new() -> Result<Passphrase, SecretError> {
    let first = Passphrase::new(prompt::ask("New passphrase for the keys: ")?)?;
    let chars = String::from_utf8_lossy(first.expose()).chars().count();
    if chars < NEW_PASSPHRASE_CHARS_MIN {
        return Err(PassphraseError::TooShort { chars }.into());
    }
    let second = Passphrase::new(prompt::ask("The same once more: ")?)?;
    if first.expose() == second.expose() { Ok(first) } else { Err(PassphraseError::Differ.into()) }
}

/// Writes a new passphrase file, for its owner alone.
pub fn create_passphrase_file(path: &Path, passphrase: &Passphrase) -> Result<(), FileError> {
    let mut line = Zeroizing::new(passphrase.expose().to_vec());
    line.push(b'\n');
    files::create(path, &line)
}

/// Writes a new key file; one that exists is not overwritten.
pub fn create_keys(
    path: &Path,
    keys: &KeySecrets,
    passphrase: &Passphrase,
    params: Params,
    entropy: &mut dyn Entropy,
) -> Result<(), SecretError> {
    Ok(files::create(path, &lock(path, keys, passphrase, params, entropy)?)?)
}

/// Puts new keys in the place of old ones, at once, and destroys the old ones as far as the file
/// system allows.
pub fn replace_keys(
    path: &Path,
    keys: &KeySecrets,
    passphrase: &Passphrase,
    params: Params,
    entropy: &mut dyn Entropy,
) -> Result<(), SecretError> {
    Ok(files::replace_destroying(path, &lock(path, keys, passphrase, params, entropy)?)?)
}

fn lock(
    path: &Path,
    keys: &KeySecrets,
    passphrase: &Passphrase,
    params: Params,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, SecretError> {
    keystore::lock(passphrase.expose(), &keys.to_bytes(), params, entropy)
        .map_err(|source| SecretError::Keystore { path: path.to_owned(), source })
}

/// Reads the keys.
pub fn read_keys(path: &Path, passphrase: &Passphrase) -> Result<KeySecrets, SecretError> {
    let locked = files::read_private(path, KEY_FILE_BYTES_MAX)?;
    let blob = keystore::unlock(passphrase.expose(), &locked)
        .map_err(|source| SecretError::Keystore { path: path.to_owned(), source })?;
    KeySecrets::from_bytes(&blob)
        .map_err(|source| SecretError::Keys { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ambient::OsEntropy;
    use crate::certificate::certify;

    const CHEAP: Params = Params { memory_kib: 8, passes: 1 };

    #[test]
    fn line_ends_do_not_belong_to_a_passphrase() {
        let passphrase = Passphrase::new(b" correct horse \r\n".to_vec()).unwrap();
        assert_eq!(passphrase.expose(), b" correct horse ");
        assert_eq!(format!("{passphrase:?}"), "[secret]");
        assert_eq!(Passphrase::new(b"\n".to_vec()).unwrap_err(), PassphraseError::Empty);
        let long = vec![b'a'; PASSPHRASE_BYTES_MAX + 1];
        assert!(matches!(Passphrase::new(long), Err(PassphraseError::TooLong { bytes: 1025 })));
    }

    #[test]
    fn a_passphrase_file_that_others_can_read_is_refused_with_the_command_to_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        let source = PassphraseSource::File(path.clone());
        create_passphrase_file(&path, &Passphrase::generate(&mut OsEntropy)).unwrap();
        assert_eq!(obtain(&source).unwrap().expose().len(), 64);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = obtain(&source).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn keys_open_with_their_passphrase_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.sealed");
        let keys = KeySecrets::generate(&mut OsEntropy, certify).unwrap();
        let right = Passphrase::new(b"right".to_vec()).unwrap();
        create_keys(&path, &keys, &right, CHEAP, &mut OsEntropy).unwrap();
        assert_eq!(read_keys(&path, &right).unwrap().public(), keys.public());
        assert!(create_keys(&path, &keys, &right, CHEAP, &mut OsEntropy).is_err());

        let wrong = Passphrase::new(b"wrong".to_vec()).unwrap();
        let error = read_keys(&path, &wrong).unwrap_err().to_string();
        assert!(error.contains("keys.sealed: the passphrase is wrong"), "{error}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_keys(&path, &right).unwrap_err().to_string().contains("chmod 600"));
    }
}
