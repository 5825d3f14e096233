//! The endpoints that partners call (`protocol.md` 4.1), under `/ent/v1/`.
//!
//! | Endpoint | Body | Answer |
//! | --- | --- | --- |
//! | `POST bundle` | a bundle | the bundle that acknowledges it |
//! | `GET bundle?from=N` | | the next bundle for the caller, or 204 after at most 30 s |
//! | `POST witness/add-checkpoint` | per C2SP tlog-witness | cosignatures |
//! | `GET witness/latest?origin=O` | | the latest checkpoint known of a log |
//! | `GET chain?from=N` | | identity statements from a sequence number on |
//!
//! INVARIANT: a caller is the node whose pinned key authenticated the connection; nothing in a
//! request can say otherwise, and a pin withdrawn while a connection is open ends it. What the
//! bytes mean is for the [`PartnerService`] behind.
//!
//! A slow or hostile partner delays only itself: connections, requests, bodies in memory and
//! calls into the service are counted per partner ([`PartnerLimits`]).

mod door;
mod quota;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use entente_model::NodeId;
use tokio::sync::Notify;

pub use door::PartnerDoor;

/// The media type of bundles.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.ent.bundle";
/// Where the endpoints are.
pub const BASE_PATH: &str = "/ent/v1/";

/// An answer to a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Of the body.
    pub media_type: &'static str,
    /// At most what the partner accepts of such an answer.
    pub body: Vec<u8>,
}

impl Reply {
    /// A bundle.
    pub fn bundle(body: Vec<u8>) -> Self {
        Self { status: 200, media_type: BUNDLE_MEDIA_TYPE, body }
    }

    /// One sentence for the partner's operator; nothing in it that they may not know.
    pub fn sentence(status: u16, sentence: &str) -> Self {
        Self {
            status,
            media_type: "text/plain; charset=utf-8",
            body: format!("{sentence}\n").into_bytes(),
        }
    }

    fn empty(status: u16) -> Self {
        Self { status, media_type: "text/plain; charset=utf-8", body: Vec::new() }
    }
}

/// What partners may ask of this node. The methods run on blocking threads, at most
/// [`PartnerLimits::calls_per_connection`] at once for a connection, and again for a request
/// that is repeated; only [`Self::outgoing_ready`] is called in place and must not wait.
pub trait PartnerService: Send + Sync + 'static {
    /// Takes a bundle and answers with the bundle that acknowledges it.
    fn bundle(&self, peer: NodeId, body: Vec<u8>) -> Reply;

    /// The next bundle for a partner that polls, or nothing for now. `from` is the cursor as
    /// the partner sent it, zero when it sent none; the transport gives it no meaning.
    fn outgoing(&self, peer: NodeId, from: u64) -> Option<Vec<u8>>;

    /// Notified whenever [`Self::outgoing`] may have something new for this partner. Always
    /// the same one for a partner; `notify_waiters` and `notify_one` are both good.
    fn outgoing_ready(&self, peer: NodeId) -> Arc<Notify>;

    /// Witnesses a checkpoint.
    fn add_checkpoint(&self, peer: NodeId, body: Vec<u8>) -> Reply;

    /// The latest checkpoint known of a log.
    fn latest(&self, peer: NodeId, origin: &str) -> Reply;

    /// This node's identity chain from a sequence number on.
    fn chain(&self, peer: NodeId, from: u64) -> Reply;
}

/// What all partners, and each of them, may use. The defaults carry sixty-four bundles in
/// flight in both lane groups of a healthy link. With them, one partner can make this node hold
/// about 64 MiB of bodies in calls and 50 MiB that wait in its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerLimits {
    /// Connections in all, authenticated or not. 1024.
    pub connections_max: usize,
    /// Handshakes under way in all. 128.
    pub handshakes_max: usize,
    /// Handshakes under way from one network address. 16.
    pub handshakes_per_address_max: usize,
    /// From accepting a connection to its authentication. 10 s.
    pub handshake_time_max: Duration,
    /// Connections of one partner; one more ends the oldest. 4.
    pub connections_per_peer: usize,
    /// Requests whose bodies are read or which are in the service, for one connection; others
    /// wait, and their bodies wait on the partner's side. 4.
    pub calls_per_connection: usize,
    /// Streams of one HTTP/2 connection. 100.
    pub streams_per_connection: u32,
    /// Requests of one partner that are not answered; more are refused. 256.
    pub requests_in_flight: usize,
    /// Requests of one partner in a minute; more are refused. 12,000.
    pub requests_per_minute: u64,
    /// Bytes of bodies from and to one partner in a minute; a request that begins after they
    /// are used up is refused. 2 GiB.
    pub bytes_per_minute: u64,
    /// Long polls of one partner that wait; more are refused. 4.
    pub polls_max: usize,
    /// How long a poll waits for something to send. 30 s.
    pub poll_wait: Duration,
    /// A bundle, in bytes. 4 MiB, and 64 KiB of slack.
    pub bundle_bytes_max: usize,
    /// Any other body, in bytes. 64 KiB.
    pub small_body_bytes_max: usize,
    /// Headers of a request, in bytes. 16 KiB.
    pub header_bytes_max: u32,
    /// For the headers of a request, and between requests over HTTP/1.1. 60 s.
    pub header_time_max: Duration,
    /// Between two pieces of a body. 10 s.
    pub body_pause_max: Duration,
    /// For a whole body. 120 s.
    pub body_time_max: Duration,
    /// An HTTP/2 connection that is quiet for so long is asked for a sign of life. 20 s.
    pub keep_alive_every: Duration,
    /// For that sign. 10 s.
    pub keep_alive_time_max: Duration,
    /// What requests under way are given when a connection or the door closes. 10 s.
    pub closing_time_max: Duration,
}

impl Default for PartnerLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            handshakes_max: 128,
            handshakes_per_address_max: 16,
            handshake_time_max: Duration::from_secs(10),
            connections_per_peer: 4,
            calls_per_connection: 4,
            streams_per_connection: 100,
            requests_in_flight: 256,
            requests_per_minute: 12_000,
            bytes_per_minute: 2 << 30,
            polls_max: 4,
            poll_wait: Duration::from_secs(30),
            bundle_bytes_max: (4 << 20) + (64 << 10),
            small_body_bytes_max: 64 << 10,
            header_bytes_max: 16 << 10,
            header_time_max: Duration::from_mins(1),
            body_pause_max: Duration::from_secs(10),
            body_time_max: Duration::from_mins(2),
            keep_alive_every: Duration::from_secs(20),
            keep_alive_time_max: Duration::from_secs(10),
            closing_time_max: Duration::from_secs(10),
        }
    }
}
