//! The program, run as a person or a node runs it.

#[cfg(test)]
mod bad_files;
#[cfg(test)]
mod badges;
#[cfg(test)]
mod before_signing;
#[cfg(test)]
mod between;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod conform;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod first_exchange;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod keyd;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod negotiation;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod schemes;
#[cfg(test)]
mod texts;

/// The built program.
fn program() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_entente"))
}
