//! One connection to a partner, opened when needed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{ClientError, ClientLimits, Endpoint, TlsFault};

/// Bytes of one answer, and of all, that may wait unread here.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// Neither sent nor checked: pins say who the other side is.
const SERVER_NAME: &str = "node.invalid";

/// Holds at most one open connection.
pub(super) struct Line {
    plan: Arc<Plan>,
    open: Mutex<Option<Open>>,
}

/// How to open one.
struct Plan {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
    limits: ClientLimits,
}

#[derive(Clone)]
struct Open {
    requests: SendRequest<Full<Bytes>>,
    fault: Arc<OnceLock<TlsFault>>,
}

impl Line {
    pub(super) fn new(endpoint: Endpoint, tls: Arc<ClientConfig>, limits: ClientLimits) -> Self {
        Self { plan: Arc::new(Plan { endpoint, tls, limits }), open: Mutex::new(None) }
    }

    /// Sends a request over the open connection, or a new one.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let mut open = self.open().await?;
        match open.requests.send_request(request).await {
            Ok(response) => Ok(response),
            Err(error) => {
                self.close(&open).await;
                Err(self.plan.broken(&open, &error))
            }
        }
    }

    async fn open(&self) -> Result<Open, ClientError> {
        // Held while connecting: those who come meanwhile use the same connection.
        let mut slot = self.open.lock().await;
        if let Some(open) = slot.as_ref().filter(|open| !open.requests.is_closed()) {
            return Ok(open.clone());
        }
        *slot = None;
        let plan = Arc::clone(&self.plan);
        // A task of its own, because signing the handshake may hand this thread to others.
        let connecting = tokio::spawn(async move { plan.connect().await });
        let open = match connecting.await {
            Ok(connected) => connected?,
            Err(_) => return Err(self.plan.unreachable("connecting was given up")),
        };
        *slot = Some(open.clone());
        Ok(open)
    }

    /// Lets go of a connection that failed, unless another has taken its place.
    async fn close(&self, failed: &Open) {
        let mut slot = self.open.lock().await;
        if slot.as_ref().is_some_and(|open| Arc::ptr_eq(&open.fault, &failed.fault)) {
            *slot = None;
        }
    }
}

impl Plan {
    async fn connect(&self) -> Result<Open, ClientError> {
        let after = self.limits.connect_time_max;
        timeout(after, self.connect_unhurried()).await.unwrap_or_else(|_| {
            Err(ClientError::Timeout { endpoint: self.endpoint.clone(), after })
        })
    }

    async fn connect_unhurried(&self) -> Result<Open, ClientError> {
        let tcp = self.dial().await?;
        let name = ServerName::try_from(SERVER_NAME)
            .map_err(|error| self.unreachable(&error.to_string()))?;
        let tls = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, tcp)
            .await
            .map_err(|error| self.no_handshake(&error))?;

        let fault = Arc::new(OnceLock::new());
        let watched = Watched { tls, fault: Arc::clone(&fault) };
        let (requests, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .keep_alive_interval(self.limits.keep_alive_every)
            .keep_alive_timeout(self.limits.keep_alive_time_max)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(watched))
            .await
            .map_err(|error| match fault.get() {
                Some(fault) => self.untrusted(fault.clone()),
                None => self.unreachable(&error.to_string()),
            })?;
        // Ends when the partner closes, or when the last sender is dropped.
        tokio::spawn(connection);
        Ok(Open { requests, fault })
    }

    /// The first address of the name that answers.
    async fn dial(&self) -> Result<TcpStream, ClientError> {
        let addresses = lookup_host((self.endpoint.name(), self.endpoint.port))
            .await
            .map_err(|error| self.unreachable(&format!("its name cannot be resolved: {error}")))?;
        let mut reason = "its name has no address".to_owned();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(tcp) => {
                    tcp.set_nodelay(true).map_err(|error| self.unreachable(&error.to_string()))?;
                    return Ok(tcp);
                }
                Err(error) => reason = error.to_string(),
            }
        }
        Err(self.unreachable(&reason))
    }

    fn no_handshake(&self, error: &io::Error) -> ClientError {
        match tls_fault(error) {
            Some(fault) => self.untrusted(fault),
            None => self.unreachable(&format!("the handshake broke off: {error}")),
        }
    }

    fn broken(&self, open: &Open, error: &hyper::Error) -> ClientError {
        match open.fault.get() {
            Some(fault) => self.untrusted(fault.clone()),
            None => self.unreachable(&format!("the connection broke: {error}")),
        }
    }

    fn untrusted(&self, fault: TlsFault) -> ClientError {
        ClientError::Tls { endpoint: self.endpoint.clone(), fault }
    }

    fn unreachable(&self, reason: &str) -> ClientError {
        ClientError::Unreachable { endpoint: self.endpoint.clone(), reason: reason.to_owned() }
    }
}

fn tls_fault(error: &io::Error) -> Option<TlsFault> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(TlsFault::new)
}

/// Remembers the first TLS fault. In TLS 1.3 a client is done before the server has judged its
/// certificate, so the refusal comes while reading, where HTTP/2 would make it unrecognisable.
struct Watched<S> {
    tls: S,
    fault: Arc<OnceLock<TlsFault>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.tls).poll_read(cx, buf);
        if let Poll::Ready(Err(error)) = &read
            && let Some(fault) = tls_fault(error)
        {
            let _ = self.fault.set(fault);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
