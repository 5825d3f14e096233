//! What nations do with one another, through real nodes in one process.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod access;
#[cfg(test)]
mod amend;
#[cfg(test)]
mod at_home;
#[cfg(test)]
mod badges;
#[cfg(test)]
mod before_signing;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod crossing;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod glass;
#[cfg(test)]
mod insiders;
#[cfg(test)]
mod law;
#[cfg(test)]
mod life;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod obligations;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod people;
#[cfg(test)]
mod review;
#[cfg(test)]
mod rollback;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod standing;
#[cfg(test)]
mod told;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod variants;
#[cfg(test)]
mod world;
