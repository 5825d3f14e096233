//! What nations do with one another, through real nodes in one process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test fail by panicking"
)]

mod crossing;
mod world;
