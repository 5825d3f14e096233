//! The classification schemes that come with the program, and those that a nation adds as files.

use std::fs;
use std::path::{Path, PathBuf};

use entente_law::{Problems, Schemes};
use thiserror::Error;

use crate::files::{self, FileError};

/// The folder inside a node's for the nation's own schemes, tables and groups.
pub const FOLDER: &str = "schemes";

/// The longest file.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// Why a file of schemes cannot be used.
#[derive(Debug, Error)]
pub enum SchemesError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not text.
    #[error("{path} is not UTF-8 text: expected a scheme in TOML", path = .0.display())]
    Encoding(PathBuf),
    /// It is wrong.
    #[error("{path}, {problems}", path = path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Problems,
    },
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, SchemesError> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| SchemesError::Encoding(path.to_owned()))
}

/// The schemes of the program with those of further files, which replace what has their code.
/// Tables name schemes, so they come last, whatever their place in the list.
pub fn with(paths: &[PathBuf]) -> Result<Schemes, SchemesError> {
    let mut schemes = Schemes::builtin();
    let mut texts = Vec::new();
    for path in paths {
        texts.push((path, text(path)?));
    }
    texts.sort_by_key(|(_, text)| text.lines().any(|line| line.starts_with("table")));
    for (path, text) in texts {
        let wrong = |problems| SchemesError::Wrong { path: path.clone(), problems };
        schemes.include(&text).map_err(wrong)?;
    }
    Ok(schemes)
}

/// The schemes of a node: those of the program, and the files `schemes/*.toml` in its folder.
pub fn of_node(folder: &Path) -> Result<Schemes, SchemesError> {
    let own = folder.join(FOLDER);
    if !own.is_dir() {
        return Ok(Schemes::builtin());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(&own).map_err(FileError::at(&own, "could not be listed"))? {
        let path = entry.map_err(FileError::at(&own, "could not be listed"))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    with(&paths)
}

#[test]
fn files_in_the_folder_are_added_and_a_wrong_one_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(of_node(dir.path()).unwrap(), Schemes::builtin());
    let own = dir.path().join(FOLDER);
    fs::create_dir(&own).unwrap();
    let scheme = "nation = \"XYZ\"\nname = \"Xyz\"\nlanguages = [\"en\"]\nsource = \"s\"\n\
        checked = \"invented\"\n[[levels]]\nid = \"S\"\nlevel = \"SECRET\"\nmarking = \"HIDDEN\"\n";
    let table = "table = \"A\"\ntitle = \"A\"\nsource = \"s\"\nchecked = \"invented\"\n\
        unmapped = \"deny\"\n[[rows]]\nlevel = \"SECRET\"\n[rows.levels]\nXAR = \"S\"\nXYZ = \"S\"\n";
    fs::write(own.join("z.toml"), scheme).unwrap();
    fs::write(own.join("a.toml"), table).unwrap();
    fs::write(own.join("README"), "not a scheme").unwrap();
    let schemes = of_node(dir.path()).unwrap();
    assert_eq!(schemes.get("XYZ").unwrap().level("HIDDEN"), Some(3));
    assert!(schemes.tables().any(|t| t.code() == "A"));
    fs::write(own.join("z.toml"), scheme.replace("SECRET", "SCRET")).unwrap();
    let error = of_node(dir.path()).unwrap_err().to_string();
    assert!(error.contains("z.toml, line 8, column 9: `\"SCRET\"`: unknown level"), "{error}");
}
