//! What nations do with one another, through real nodes in one process.

mod crossing;
mod world;
