//! The local socket: commands and events of the running node.

use std::sync::Arc;

use entente_api::commands;
use entente_api::local::{EventSource, LocalError, LocalService};
use entente_app::SqliteNode;
use entente_app::people::TokenKind;
use entente_store::sqlite::{SqliteStore, SqliteVault};
use serde_json::Value;
use tokio::sync::Notify;

use super::wake::Wakes;

/// Events in one batch.
const EVENTS_MAX: u64 = 100;

/// Commands of the running node.
pub(super) struct Commands {
    commands: commands::Commands<SqliteStore, SqliteVault>,
}

impl Commands {
    /// Commands of this node.
    pub(super) fn new(node: Arc<SqliteNode>) -> Self {
        Self { commands: commands::Commands::new(node) }
    }
}

impl LocalService for Commands {
    fn command(&self, token: Option<&str>, name: &str, body: Value) -> Result<Value, LocalError> {
        self.commands.command(token, name, body)
    }
}

/// Events of the running node.
pub(super) struct Events {
    /// The node.
    pub(super) node: Arc<SqliteNode>,
    /// Rings when there are new ones.
    pub(super) wakes: Arc<Wakes>,
}

impl EventSource for Events {
    fn after(&self, token: Option<&str>, seq: i64) -> Result<Vec<(i64, String)>, LocalError> {
        let token =
            token.ok_or_else(|| LocalError::new(401, "this needs a person's credential"))?;
        let actor = self.node.actor(token, &[TokenKind::Credential]).map_err(commands::refused)?;
        let (events, _) =
            self.node.events_after(&actor, seq, EVENTS_MAX).map_err(commands::refused)?;
        let known = self.node.known();
        Ok(events
            .iter()
            .map(|event| (event.seq, commands::event(&known, event).to_string()))
            .collect())
    }

    fn ready(&self) -> Arc<Notify> {
        self.wakes.events()
    }
}
