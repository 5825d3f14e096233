//! The way between nodes, as pure state machines: bundles, lanes, identity chains, agreements.
//!
//! Each module takes the state it needs as arguments and returns what changed. Nothing here
//! opens a socket or a file, holds a private key, reads a clock or stores anything: the
//! binary carries bytes, `entente-store` keeps state, `entente-app` joins them in transactions.
//!
//! - [`bundle`]: the unit of transfer and its frames;
//! - [`verify`]: the receiver's checks that need no key; [`send`]: the sender's side of them;
//! - [`lane`]: order within a link; [`state`]: what became of an object;
//! - [`chain`]: who a nation is; [`card`]: how two nations meet;
//! - [`agreement`], [`recall`], [`onward`]: what they have promised each other;
//! - [`evidence`]: what a third party can check of it without either.
//!
//! What travels is written down in `docs/protocol/wire.md`.

pub mod agreement;
pub mod bundle;
pub mod card;
pub mod chain;
pub mod evidence;
pub mod lane;
pub mod onward;
pub mod recall;
pub mod send;
pub mod state;
pub mod verify;

#[cfg(test)]
mod fixture;
