//! The ledger against published vectors, against two other implementations, and against itself.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod note;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tiles;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod witness;
