//! One function for each thing that a person or a partner may ask.
//!
//! Owns transactions, the outbox, and the single gate through which every read and write
//! passes. Synchronous: the doors call it from threads of their own. It decides nothing itself
//! (`entente-law` does), seals nothing itself (the key process does), and trusts nothing that
//! came from outside before `entente-exchange` has verified it.

pub mod access;
pub mod agreements;
pub(crate) mod at_home;
pub mod breach;
pub mod decisions;
pub mod deliver;
pub mod error;
pub mod evidence;
pub mod facts;
pub mod gate;
pub mod glass;
pub(crate) mod ground;
pub mod identity;
pub mod introduce;
pub mod keys;
pub mod leaf;
mod leap;
pub mod making;
pub mod media;
pub mod node;
pub mod objects;
pub mod obligation;
pub mod oidc;
pub mod onward;
pub mod order;
pub(crate) mod outbox;
pub mod oversight;
pub mod people;
pub mod policy;
pub mod prover;
pub mod publish;
pub mod recall;
pub mod receive;
pub mod replay;
pub mod rollback;
pub mod row;
mod said;
pub mod sequencer;
pub mod settings;
pub mod simulate;
pub mod standing;
pub mod status;
pub mod suspend;
pub mod tick;
pub mod told;
pub mod variant;
pub mod weigh;
pub mod witness;

pub use error::{AppError, Blame, Result};
pub use node::Node;

/// The node as it runs in production: on SQLite.
pub type SqliteNode = Node<entente_store::sqlite::SqliteStore, entente_store::sqlite::SqliteVault>;

/// An object's state as the store keeps it.
pub(crate) fn state_code(state: entente_exchange::state::ObjectState) -> u8 {
    u8::try_from(state.code()).unwrap_or(u8::MAX)
}
