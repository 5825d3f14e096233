//! The endpoints over real sockets on this machine.

// `cfg(test)` tells the lints that helpers here are test code too.
#[cfg(test)]
mod local;
#[cfg(test)]
mod partner;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
