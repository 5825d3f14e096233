//! The gate and the house rules.
fn main() {}
