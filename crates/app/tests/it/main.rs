//! What nations do with one another, through real nodes in one process.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod before_signing;
#[cfg(test)]
mod crossing;
// Rows are read as the tests of `entente-law` read them.
#[cfg(test)]
#[expect(dead_code, reason = "those tests use more of it")]
#[path = "../../../law/tests/it/world.rs"]
mod rows;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod world;
