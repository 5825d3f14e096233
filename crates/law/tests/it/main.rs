//! Decisions against rows that experts wrote, a plain evaluator, golden tables and properties.

mod golden;
mod oracle;
mod properties;
mod rows;
mod world;
