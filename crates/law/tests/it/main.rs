//! Decisions against rows that experts wrote, a plain evaluator, golden tables and properties.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod amended;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod consequence;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod harmony;
#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "it reads like the tables of the README")]
mod oracle;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod schemes;
#[cfg(test)]
mod world;
