//! A whole alliance in one process, from one seed.
//!
//! Nations with real nodes on real (unsynced) databases, a clock set by hand, entropy that
//! follows from the seed, and machines on which things go wrong.

pub mod alliance;
pub mod amendment;
pub mod authenticator;
pub mod chance;
pub mod clock;
pub mod failure;
pub mod fate;
pub mod invariant;
pub mod keys;
pub mod ledgers;
pub mod member;
pub mod network;
pub mod sim;
pub mod suspension;
pub mod treaty;
pub mod watch;

pub use alliance::Alliance;
pub use failure::{Failure, Result};
pub use member::{Member, Profile};
