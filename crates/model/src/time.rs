//! Points in time: milliseconds since 1970, UTC.

use crate::codec::{Reader, Wire, WireError, Writer};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `millis` milliseconds after the start of 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start of 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the start of 1970.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The point `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`, or zero if that is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Wire for Timestamp {
    const NAME: &'static str = "time";
    const BYTES_MAX: usize = 9;

    fn write(&self, w: &mut Writer) {
        w.uint(self.0);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.uint().map(Self)
    }
}
