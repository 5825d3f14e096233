//! Classification schemes, as data: whose marking means which level of the common ladder.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::keys::Fragment;
use crate::problem::{Problems, nearest};

/// The schemes that come with the program.
const BUILTIN: [&str; 9] = [
    include_str!("../../../schemes/xar.toml"),
    include_str!("../../../schemes/xbr.toml"),
    include_str!("../../../schemes/xco.toml"),
    include_str!("../../../schemes/xdo.toml"),
    include_str!("../../../schemes/xel.toml"),
    include_str!("../../../schemes/xfe.toml"),
    include_str!("../../../schemes/xga.toml"),
    include_str!("../../../schemes/xhe.toml"),
    include_str!("../../../schemes/xis.toml"),
];

/// One owner's markings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    owner: String,
    name: String,
    /// From the lowest level to the highest.
    markings: Vec<(String, u8)>,
}

impl Scheme {
    /// Reads a scheme file.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let fragment = Fragment::new(text, 1);
        let (scheme, problems) = fragment.read(|keys| {
            let owner = keys.need("nation").and_then(|i| i.nation());
            let name = keys.need("name").and_then(|i| i.token());
            let markings = keys.need("markings").and_then(|item| {
                item.table(|table| {
                    let mut markings = Vec::new();
                    for (marking, level) in table.entries() {
                        let written = marking.trim() == marking
                            && !marking.is_empty()
                            && !marking.contains("//")
                            && !marking.chars().any(char::is_control);
                        if !written {
                            return level.fault("a marking is not empty and has no `//`");
                        }
                        markings.push((marking.to_owned(), level.level()?));
                    }
                    Some(markings)
                })
            });
            Some(Self::new(owner?.as_str(), &name?, markings?))
        });
        Problems::check(problems)?;
        scheme.ok_or_else(|| Problems::one(1, 1, "", "the scheme is incomplete"))
    }

    /// A scheme from its markings and their levels.
    pub fn new(owner: &str, name: &str, mut markings: Vec<(String, u8)>) -> Self {
        markings.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        Self { owner: owner.to_owned(), name: name.to_owned(), markings }
    }

    /// Whose scheme it is: a nation code.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The owner's name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The markings with their levels, from the lowest to the highest.
    pub fn markings(&self) -> impl Iterator<Item = (&str, u8)> {
        self.markings.iter().map(|(marking, level)| (marking.as_str(), *level))
    }

    /// The level of a marking.
    pub fn level(&self, marking: &str) -> Option<u8> {
        self.markings.iter().find(|(m, _)| m == marking).map(|(_, level)| *level)
    }

    /// The marking of a level, if the owner has one.
    pub fn marking(&self, level: u8) -> Option<&str> {
        self.markings.iter().find(|(_, l)| *l == level).map(|(marking, _)| marking.as_str())
    }

    /// The marking that a misspelt one was probably meant to be.
    pub(crate) fn nearest(&self, written: &str) -> Option<&str> {
        nearest(written, self.markings.iter().map(|(m, _)| m.as_str()))
    }
}

/// No such scheme is known here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{owner}` has no classification scheme here; known schemes: {known}")]
pub struct UnknownScheme {
    /// The owner that was asked for.
    pub owner: String,
    /// The owners whose schemes are known.
    pub known: String,
}

/// The schemes that a node knows, by owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schemes(BTreeMap<String, Scheme>);

impl Schemes {
    /// The schemes that come with the program.
    pub fn builtin() -> Self {
        let mut schemes = Self::default();
        for text in BUILTIN {
            // A test reads every one of them, so that none can be left out here.
            if let Ok(scheme) = Scheme::parse(text) {
                schemes.add(scheme);
            }
        }
        schemes
    }

    /// Adds a scheme, or replaces its owner's earlier one.
    pub fn add(&mut self, scheme: Scheme) {
        self.0.insert(scheme.owner.clone(), scheme);
    }

    /// The scheme of a nation or organisation.
    pub fn get(&self, owner: &str) -> Result<&Scheme, UnknownScheme> {
        self.find(owner).ok_or_else(|| UnknownScheme {
            owner: owner.to_owned(),
            known: self.0.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// The schemes, by owner.
    pub fn iter(&self) -> impl Iterator<Item = &Scheme> {
        self.0.values()
    }

    pub(crate) fn find(&self, owner: &str) -> Option<&Scheme> {
        self.0.get(owner)
    }

    /// The level of a nation's marking, if both are known.
    pub(crate) fn level(&self, owner: &str, marking: &str) -> Option<u8> {
        self.find(owner)?.level(marking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_scheme_reads_and_has_ascending_levels() {
        let schemes = Schemes::builtin();
        assert_eq!(schemes.iter().count(), BUILTIN.len());
        for text in BUILTIN {
            Scheme::parse(text).unwrap();
        }
        assert_eq!(schemes.level("XAR", "SECRET-A"), Some(3));
        assert_eq!(schemes.get("XBR").unwrap().marking(1), Some("TJENST"));
        assert_eq!(schemes.get("XBR").unwrap().marking(2), None);
        let unknown = schemes.get("XZZ").unwrap_err().to_string();
        assert!(unknown.contains("known schemes: XAR, XBR"), "{unknown}");
    }

    #[test]
    fn a_wrong_scheme_names_the_line() {
        let text = "nation = \"XAR\"\nname = \"A\"\nx = 1\n[markings]\nOPEN = \"LOW\"\n";
        let problems = Scheme::parse(text).unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [3, 5], "{problems}");
    }
}
