//! The pages of real nodes, asked over HTTP without a socket.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod agreements;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod decide;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod live;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod standing;
#[cfg(test)]
mod two_worlds;
#[cfg(test)]
mod vouched;
#[cfg(test)]
mod world;
