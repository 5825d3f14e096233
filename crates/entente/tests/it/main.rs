//! The program, run as a person or a node runs it.

#[cfg(test)]
mod before_signing;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod first_exchange;
#[cfg(test)]
mod keyd;
#[cfg(test)]
mod refusals;

/// The built program.
fn program() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_entente"))
}
