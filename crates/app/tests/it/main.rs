//! What nations do with one another, through real nodes in one process.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod access;
mod crossing;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod law;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod people;
mod rollback;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod world;
