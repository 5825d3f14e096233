//! Values that are written in several ways and mean one.

use super::address::Block;

/// What is known about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An IPv4 address or a block of them.
    V4,
    /// An IPv6 address or a block of them.
    V6,
    /// A name whose case does not matter.
    AnyCase,
}

/// The one way to write a value. What is no such value stays as it is.
pub(super) fn canonical(kind: Kind, text: &str) -> String {
    let block = match kind {
        Kind::V4 => Block::of_v4(text),
        Kind::V6 => Block::of_v6(text),
        Kind::AnyCase => return text.to_lowercase(),
    };
    block.map_or_else(|| text.to_owned(), |block| block.to_string())
}
