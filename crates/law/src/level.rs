//! The common ladder, on which markings of different nations are compared.
//!
//! A reference axis only: what binds two nations is the equivalence table of their agreement.

use entente_model::Label;

/// The names of the levels, from 0 up.
pub const NAMES: [&str; 5] = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP_SECRET"];

/// RESTRICTED, from where markings need an equivalent.
pub const RESTRICTED: u8 = 1;

/// The level with this name.
pub fn parse(name: &str) -> Option<u8> {
    (0..=Label::CLASS_MAX).zip(NAMES).find(|(_, n)| *n == name).map(|(level, _)| level)
}

/// The name of a level.
pub fn name(level: u8) -> &'static str {
    NAMES.get(usize::from(level)).copied().unwrap_or("an unknown level")
}

/// Every level, from 0 up.
pub(crate) fn all() -> std::ops::RangeInclusive<u8> {
    0..=Label::CLASS_MAX
}
