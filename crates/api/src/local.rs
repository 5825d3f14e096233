//! The node's local socket: how the command line, and programs on the same machine, reach it.
//!
//! A Unix domain socket in the node's folder, for its user only (mode 0600), with HTTP/1.1 and
//! JSON:
//!
//! | Endpoint | Body | Answer |
//! | --- | --- | --- |
//! | `POST /v1/<command>` | JSON, or nothing for `null` | JSON |
//! | `GET /v1/events?after=N` | | events after number N, and those to come (server-sent events) |
//!
//! Who is asking is said by a bearer token (`Authorization: Bearer …`), which is handed to the
//! service as it came. A refusal is `{"error", "hint", "reference"}`, the last two where known.

mod client;
mod serve;
mod socket;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::Notify;

pub use client::{LocalClient, LocalClientError};
pub use socket::{LocalSocket, SocketError};

/// Bytes of an answer, and of a command without the files that it carries.
pub const LOCAL_BODY_BYTES_MAX: usize = 64 << 20;
/// Bytes of a command with its files, whatever a node is set to take: 1 GiB of them in base64.
pub const LOCAL_UPLOAD_BYTES_MAX: usize = LOCAL_BODY_BYTES_MAX + base64_bytes(1 << 30);

/// How many bytes so many have in base64.
pub const fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Where the socket of the node in this folder is.
pub fn socket_path(dir: &Path) -> PathBuf {
    dir.join("entente.sock")
}

/// A refusal or failure, for the person or program that asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct LocalError {
    /// HTTP status: 4xx if the caller must act, 5xx if we must.
    pub status: u16,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Under which number the node's log says more.
    pub reference: Option<String>,
}

impl LocalError {
    /// Without a hint.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None, reference: None }
    }

    /// With a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("error".to_owned(), self.message.clone().into());
        for (name, member) in [("hint", &self.hint), ("reference", &self.reference)] {
            if let Some(text) = member {
                members.insert(name.to_owned(), text.clone().into());
            }
        }
        Value::Object(members)
    }

    fn from_json(status: u16, body: &Value) -> Self {
        let member = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            status,
            message: member("error")
                .unwrap_or_else(|| format!("the node answered with status {status}")),
            hint: member("hint"),
            reference: member("reference"),
        }
    }
}

/// What may be asked over the socket. Runs on blocking threads, at most
/// [`LocalLimits::commands_max`] at once.
pub trait LocalService: Send + Sync + 'static {
    /// Does what is asked, if the token says that the caller may. The name is one to sixty-four
    /// of `a-z`, `0-9`, `-`, `_` and `.`; whether there is such a command is for the service.
    fn command(&self, token: Option<&str>, name: &str, body: Value) -> Result<Value, LocalError>;
}

/// What has happened in the node, in order, for those who watch.
pub trait EventSource: Send + Sync + 'static {
    /// Some of the next events after this number, oldest first, with their numbers; none if
    /// the caller has them all. Asked again, with the token, for each further batch.
    fn after(&self, token: Option<&str>, seq: i64) -> Result<Vec<(i64, String)>, LocalError>;

    /// Notified (`notify_waiters`) when there is a new one. Always the same.
    fn ready(&self) -> Arc<Notify>;
}

/// What the socket carries at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLimits {
    /// Connections, those that watch events included; others wait. 64.
    pub connections_max: usize,
    /// Commands whose bodies are read or which are in the service; others wait. 8.
    pub commands_max: usize,
    /// A command, in bytes. 64 MiB.
    pub body_bytes_max: usize,
    /// For the headers of a request. 30 s.
    pub header_time_max: Duration,
    /// Between two pieces of a body. 30 s.
    pub body_pause_max: Duration,
    /// For a whole body. 10 min.
    pub body_time_max: Duration,
    /// After so long without events, a watcher gets a sign of life. 15 s.
    pub heartbeat_every: Duration,
    /// What commands under way are given when the node closes. 10 s.
    pub closing_time_max: Duration,
}

impl Default for LocalLimits {
    fn default() -> Self {
        Self {
            connections_max: 64,
            commands_max: 8,
            body_bytes_max: LOCAL_BODY_BYTES_MAX,
            header_time_max: Duration::from_secs(30),
            body_pause_max: Duration::from_secs(30),
            body_time_max: Duration::from_mins(10),
            heartbeat_every: Duration::from_secs(15),
            closing_time_max: Duration::from_secs(10),
        }
    }
}
