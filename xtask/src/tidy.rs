//! House rules that are themselves tests: which crate may know which, what may not be written.
//!
//! The rules read the files of the repository as text ([`Tree`]) and answer with one sentence
//! for each fault. Nothing here builds anything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::say;

mod crates;
mod text;

/// Folders that hold what others wrote, or what tools made.
const NOT_OURS: [&str; 5] = [".git", "target", "vectors", "samples", "node_modules"];

/// Endings of the files that are read.
const TEXT: [&str; 14] = [
    "cedarschema",
    "css",
    "ftl",
    "html",
    "js",
    "json",
    "md",
    "rs",
    "service",
    "sh",
    "sql",
    "toml",
    "xml",
    "yml",
];

/// The text files of the repository, by path from its root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads every text file below a folder.
    fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add(root, "")?;
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("reading `{prefix}`"))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                self.add(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() && (is_text(&name) || path == ".ci/run") {
                let text = fs::read_to_string(entry.path())
                    .with_context(|| format!("`{path}` is not UTF-8 text"))?;
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// A tree for a test.
    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(owned).collect() }
    }
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending))
}

/// Checks the repository and prints every fault.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let faults = faults(&tree);
    for fault in &faults {
        say(fault);
    }
    match faults.len() {
        0 => {
            say(&format!("tidy: {} files keep the house rules", tree.files.len()));
            Ok(())
        }
        n => bail!("{n} house rules are broken"),
    }
}

fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = crates::faults(tree);
    faults.extend(text::faults(tree));
    faults
}
