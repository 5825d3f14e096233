//! Accepts connections, authenticates them, and closes them again.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::quota::{Handshake, Handshakes, Quotas};
use super::routes::Line;
use super::{PartnerLimits, PartnerService};
use crate::tls::{PeerDirectory, TlsIdentity, TlsSetupError, server_config, spki_sha256};

/// Resets by a partner that are pending before its connection is ended (rapid reset).
const RESETS_MAX: usize = 50;
/// Bytes of one stream that a partner may send unread. A connection has room for so many of each
/// of its streams; with less, those that wait for their call could take the room of those that
/// are being read, and none would ever finish.
const STREAM_WINDOW_BYTES: u32 = 128 << 10;
/// Bytes of answers that wait in one stream.
const SEND_BUFFER_BYTES: usize = 128 << 10;
/// Read and thrown away after a failed handshake, so that its alert arrives.
const LINGER_BYTES_MAX: u64 = 64 << 10;
const LINGER_TIME_MAX: Duration = Duration::from_secs(1);
/// After the system refuses a connection (out of file handles).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where partners come in.
pub struct PartnerDoor {
    acceptor: TlsAcceptor,
    directory: Arc<dyn PeerDirectory>,
    service: Arc<dyn PartnerService>,
    limits: Arc<PartnerLimits>,
    quotas: Quotas,
    handshakes: Arc<Handshakes>,
}

impl fmt::Debug for PartnerDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerDoor").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl PartnerDoor {
    /// Sets up TLS; nothing listens yet.
    pub fn new(
        identity: &TlsIdentity,
        directory: Arc<dyn PeerDirectory>,
        service: Arc<dyn PartnerService>,
        limits: PartnerLimits,
    ) -> Result<Self, TlsSetupError> {
        let acceptor = TlsAcceptor::from(server_config(identity, Arc::clone(&directory))?);
        Ok(Self {
            acceptor,
            directory,
            service,
            limits: Arc::new(limits),
            quotas: Quotas::default(),
            handshakes: Arc::default(),
        })
    }

    /// Serves until `shutdown`, then takes no more requests and gives those under way
    /// [`PartnerLimits::closing_time_max`].
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let door = Arc::new(self);
        let connections = Arc::new(Semaphore::new(door.limits.connections_max));
        let handshakes = Arc::new(Semaphore::new(door.limits.handshakes_max));
        let (closing, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let next = next(&listener, &connections, &handshakes);
            let (accepted, connection, handshake) = tokio::select! {
                () = &mut shutdown => break,
                next = next => match next {
                    Some(next) => next,
                    None => break,
                },
            };
            // Ended tasks are let go here, so the set is no larger than `connections_max`.
            while tasks.try_join_next().is_some() {}
            let (tcp, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let per_address = door.limits.handshakes_per_address_max;
            let Some(counted) = door.handshakes.begin(from.ip(), per_address) else {
                tracing::debug!("too many handshakes under way from one address");
                continue;
            };
            let door = Arc::clone(&door);
            let closing = closing.subscribe();
            tasks.spawn(async move {
                let handshake = (handshake, counted);
                door.connection(tcp, handshake, closing).await;
                drop(connection);
            });
        }
        drop(listener);
        closing.send_replace(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(door.limits.closing_time_max, all).await.is_err() {
            tracing::warn!("connections of partners were cut at shutdown");
        }
        tasks.shutdown().await;
    }

    async fn connection(
        &self,
        tcp: TcpStream,
        under_way: (OwnedSemaphorePermit, Handshake),
        mut closing: watch::Receiver<bool>,
    ) {
        let authenticated = tokio::select! {
            authenticated = self.authenticate(tcp) => authenticated,
            _ = closing.wait_for(|closing| *closing) => return,
        };
        drop(under_way);
        let Some((tls, spki_sha256)) = authenticated else { return };
        // Asked again: the answer given to the handshake was only whether there is a node.
        let Some(peer) = self.directory.node_by_spki(&spki_sha256) else { return };
        let connected = self.quotas.of(peer).connect(self.limits.connections_per_peer);
        tracing::debug!(peer = %peer.short(), "partner connected");

        let builder = self.builder(tls.get_ref().1.alpn_protocol());
        let line = Arc::new(Line {
            peer,
            spki_sha256,
            directory: Arc::clone(&self.directory),
            service: Arc::clone(&self.service),
            limits: Arc::clone(&self.limits),
            quota: Arc::clone(&connected.quota),
            calls: Arc::new(Semaphore::new(self.limits.calls_per_connection)),
            close: Arc::clone(&connected.close),
            closing: closing.clone(),
        });
        let service = service_fn(move |request| {
            let line = Arc::clone(&line);
            async move { line.answer(request).await }
        });
        let mut serving = pin!(builder.serve_connection(TokioIo::new(tls), service));
        let ended = tokio::select! {
            ended = serving.as_mut() => Some(ended),
            () = connected.close.notified() => None,
            _ = closing.wait_for(|closing| *closing) => None,
        };
        let ended = if ended.is_some() {
            ended
        } else {
            serving.as_mut().graceful_shutdown();
            timeout(self.limits.closing_time_max, serving).await.ok()
        };
        let outcome = match ended {
            Some(Ok(())) => "closed",
            Some(Err(_)) => "broken",
            None => "cut",
        };
        tracing::debug!(peer = %peer.short(), outcome, "partner disconnected");
    }

    /// The connection and the pin of its other end, or nothing if it is not to be.
    async fn authenticate(&self, tcp: TcpStream) -> Option<(TlsStream<TcpStream>, [u8; 32])> {
        // A bundle is written whole; waiting for more to send only costs time.
        tcp.set_nodelay(true).ok()?;
        let accept = self.acceptor.accept(tcp).into_fallible();
        match timeout(self.limits.handshake_time_max, accept).await {
            Err(_) => {
                tracing::debug!("a handshake took too long");
                None
            }
            Ok(Err((error, tcp))) => {
                tracing::info!(%error, "a connection was refused");
                linger(tcp).await;
                None
            }
            Ok(Ok(tls)) => {
                let certificate = tls.get_ref().1.peer_certificates()?.first()?;
                let pin = spki_sha256(certificate).ok()?;
                Some((tls, pin))
            }
        }
    }

    fn builder(&self, alpn: Option<&[u8]>) -> Builder<TokioExecutor> {
        let limits = &self.limits;
        let builder = Builder::new(TokioExecutor::new());
        if alpn == Some(b"h2") {
            let mut builder = builder.http2_only();
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams_per_connection)
                .max_pending_accept_reset_streams(RESETS_MAX)
                .max_local_error_reset_streams(RESETS_MAX)
                .max_header_list_size(limits.header_bytes_max)
                .initial_stream_window_size(STREAM_WINDOW_BYTES)
                .initial_connection_window_size(
                    limits.streams_per_connection.saturating_mul(STREAM_WINDOW_BYTES),
                )
                .max_send_buf_size(SEND_BUFFER_BYTES)
                .keep_alive_interval(limits.keep_alive_every)
                .keep_alive_timeout(limits.keep_alive_time_max);
            builder
        } else {
            let mut builder = builder.http1_only();
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.header_time_max)
                .max_buf_size(usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX))
                .keep_alive(true);
            builder
        }
    }
}

type Next = (io::Result<(TcpStream, SocketAddr)>, OwnedSemaphorePermit, OwnedSemaphorePermit);

/// The next connection, once there is room for it; others wait in the system's queue.
async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
    handshakes: &Arc<Semaphore>,
) -> Option<Next> {
    let connection = Arc::clone(connections).acquire_owned().await.ok()?;
    let handshake = Arc::clone(handshakes).acquire_owned().await.ok()?;
    Some((listener.accept().await, connection, handshake))
}

/// Ends our side and reads what still comes. Closing with bytes unread would reset the
/// connection, and the other side might never see the alert that says why.
async fn linger(mut tcp: TcpStream) {
    let _ = timeout(LINGER_TIME_MAX, async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await
    })
    .await;
}
