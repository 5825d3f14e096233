//! What a form asks a passkey, and what comes back: hexadecimal digits in both directions.

use entente_app::people::{Assertion, Site, Ticket, Used};
use serde::Deserialize;

use crate::refusal::Refusal;

/// What a form asks.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) ticket: String,
    pub(crate) challenge: String,
    /// The host name that passkeys are bound to.
    pub(crate) site: String,
    /// The passkeys that may answer, or that are there already.
    pub(crate) passkeys: String,
}

impl Asked {
    pub(crate) fn new(
        site: &crate::Site,
        ticket: Ticket,
        challenge: &[u8; 32],
        passkeys: &[Vec<u8>],
    ) -> Self {
        let passkeys: Vec<String> = passkeys.iter().map(hex::encode).collect();
        Self {
            ticket: ticket.to_string(),
            challenge: hex::encode(challenge),
            site: site.host.clone(),
            passkeys: passkeys.join(" "),
        }
    }
}

/// The site that passkeys are checked against.
pub(crate) fn site_of(site: &crate::Site) -> Site {
    Site { host: site.host.clone(), origin: site.origin.clone() }
}

/// What came back.
#[derive(Deserialize)]
pub(crate) struct Answered {
    ticket: String,
    id: String,
    client: String,
    authenticator: String,
    signature: String,
}

/// Bytes from a form's digits.
pub(crate) fn digits(text: &str) -> Result<Vec<u8>, Refusal> {
    hex::decode(text).map_err(|_| Refusal::wrong_address())
}

impl Answered {
    pub(crate) fn used(&self) -> Result<Used, Refusal> {
        Ok(Used {
            ticket: self.ticket.parse().map_err(|_| Refusal::wrong_address())?,
            id: digits(&self.id)?,
            assertion: Assertion {
                client_data: digits(&self.client)?,
                authenticator_data: digits(&self.authenticator)?,
                signature: digits(&self.signature)?,
            },
        })
    }
}
