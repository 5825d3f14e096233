//! The Entente node.
fn main() {}
