//! Tickets: what a passkey is asked is made by this node, a short while ago, and answered once.
//!
//! A ticket is a moment, chance, and a code over both and over what it is for, under a key that the
//! process drew. So nothing has to be kept for those who only look at a page, and nobody outside can
//! use up what is kept: only tickets that were answered rightly are remembered, for as long as they
//! would be good.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use entente_model::Timestamp;
use entente_model::tag::Tag;
use entente_seal::digest::{h, mac};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::node::{Node, lock};

/// A person has so long between a page and their passkey.
const GOOD_MILLIS: u64 = 5 * 60_000;

/// A ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket([u8; 32]);

impl Ticket {
    /// Its bytes, which are the challenge where a passkey only shows who someone is.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A ticket from its bytes.
    pub(super) const fn from_array(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// When it was made, as it says.
    fn at(&self) -> Timestamp {
        let mut at = [0; 8];
        at.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        Timestamp::from_millis(u64::from_be_bytes(at))
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Ticket {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(stale)
    }
}

fn stale() -> AppError {
    AppError::Forbidden(
        "this page is too old, or was used already: load it again and repeat what you did"
            .to_owned(),
    )
}

/// The key of the tickets, and those that were answered.
#[derive(Default)]
pub(crate) struct Tickets {
    key: Option<[u8; 32]>,
    spent: HashMap<Ticket, Timestamp>,
}

fn sealed(key: &[u8; 32], at: Timestamp, chance: &[u8], purpose: &[u8]) -> Ticket {
    let at = at.millis().to_be_bytes();
    let code = mac(key, Tag::Ticket, &[&at, chance, purpose]);
    let mut ticket = [0; 32];
    let parts = at.iter().chain(chance).chain(&code);
    ticket.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    Ticket(ticket)
}

/// Bytes of chance.
const CHANCE: std::ops::Range<usize> = 8..16;

impl<S: Store, V: Vault> Node<S, V> {
    /// Makes a ticket for something.
    pub(super) fn ticket(&self, purpose: &[u8]) -> Ticket {
        let chance = self.random();
        let key = *lock(&self.tickets).key.get_or_insert_with(|| self.random());
        sealed(&key, self.now(), chance.get(CHANCE).unwrap_or_default(), purpose)
    }

    /// Refuses a ticket that is not ours, not for this, too old, or was used.
    pub(super) fn must_be_good(&self, ticket: &Ticket, purpose: &[u8]) -> Result<()> {
        let now = self.now();
        let tickets = lock(&self.tickets);
        let key = tickets.key.ok_or_else(stale)?;
        let expected = sealed(&key, ticket.at(), ticket.0.get(CHANCE).unwrap_or_default(), purpose);
        // Digests are compared, so that time tells nothing of the code.
        let same = h(Tag::Ticket, &[&expected.0]) == h(Tag::Ticket, &[&ticket.0]);
        let fresh = ticket.at() <= now && now.since(ticket.at()) < GOOD_MILLIS;
        if same && fresh && !tickets.spent.contains_key(ticket) { Ok(()) } else { Err(stale()) }
    }

    /// 32 bytes that follow from a good ticket and the key of this process.
    pub(super) fn derived(&self, ticket: &Ticket, what: &[u8]) -> Result<[u8; 32]> {
        let key = lock(&self.tickets).key.ok_or_else(stale)?;
        Ok(mac(&key, Tag::Ticket, &[ticket.as_bytes(), b"derived", what]))
    }

    /// Uses a ticket up; whoever comes second is refused.
    pub(super) fn spend(&self, ticket: &Ticket) -> Result<()> {
        let now = self.now();
        let mut tickets = lock(&self.tickets);
        tickets.spent.retain(|_, at| now.since(*at) < 2 * GOOD_MILLIS);
        if tickets.spent.insert(*ticket, now).is_some() { Err(stale()) } else { Ok(()) }
    }
}
