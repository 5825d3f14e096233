//! Asks one kind of server that is no partner: an identity provider, over TLS with named roots.
//!
//! One connection for each question, HTTP/1.1, TLS 1.3. The server's certificate must lead to one
//! of the given roots and be for the host that is asked; the system's roots do not count. Nothing
//! is followed: an answer that sends elsewhere is a fault. Time and size are bounded.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::body::{BodyBounds, read_bounded};

/// For a whole question and its answer.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HttpsError {
    /// No address of this kind.
    #[error("`{0}` is not an address that begins with https://")]
    Address(String),
    /// Nothing answers there, or its certificate does not lead to a root that is known.
    #[error("`{host}` cannot be reached: {reason}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// No answer in time.
    #[error("`{0}` did not answer in time")]
    Timeout(String),
    /// Another answer than the one that was asked for.
    #[error("`{host}` answered with status {status}")]
    Status {
        /// Who was asked.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// An answer that is too large, or breaks off.
    #[error("`{host}`: {reason}")]
    Body {
        /// Who was asked.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Asks servers whose certificates lead to given roots.
#[derive(Clone)]
pub struct HttpsClient {
    tls: TlsConnector,
}

impl fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsClient").finish_non_exhaustive()
    }
}

impl HttpsClient {
    /// With these roots and no others.
    pub fn new(roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone())?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Reads a document.
    pub async fn get(&self, address: &str, bytes_max: usize) -> Result<Vec<u8>, HttpsError> {
        self.ask(Method::GET, address, None, bytes_max).await
    }

    /// Sends a form, as whoever `authorization` says.
    pub async fn post(
        &self,
        address: &str,
        authorization: &str,
        form: String,
        bytes_max: usize,
    ) -> Result<Vec<u8>, HttpsError> {
        self.ask(Method::POST, address, Some((authorization, form)), bytes_max).await
    }

    async fn ask(
        &self,
        method: Method,
        address: &str,
        form: Option<(&str, String)>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, HttpsError> {
        let fault = || HttpsError::Address(address.chars().take(200).collect());
        let uri: Uri = address.parse().map_err(|_| fault())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
        let authority = authority.ok_or_else(fault)?.clone();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(HOST, authority.as_str()).header(ACCEPT, "application/json");
        let mut body = Bytes::new();
        if let Some((authorization, form)) = form {
            let mut secret = HeaderValue::from_str(authorization).map_err(|_| fault())?;
            secret.set_sensitive(true);
            request = request
                .header(AUTHORIZATION, secret)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            body = form.into();
        }
        let request = request.body(Full::new(body)).map_err(|_| fault())?;
        let (host, port) = (authority.host().to_owned(), authority.port_u16().unwrap_or(443));
        let answered = timeout(TIME_MAX, self.send(&host, port, request, bytes_max)).await;
        answered.unwrap_or(Err(HttpsError::Timeout(host)))
    }

    async fn send(
        &self,
        host: &str,
        port: u16,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, HttpsError> {
        let unreachable = |reason: String| {
            let reason = reason.chars().filter(|c| !c.is_control()).take(200).collect();
            HttpsError::Unreachable { host: host.to_owned(), reason }
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|e| unreachable(e.to_string()))?;
        let tcp = TcpStream::connect((bare, port)).await.map_err(|e| unreachable(e.to_string()))?;
        let tls = self.tls.connect(name, tcp).await.map_err(|e| unreachable(e.to_string()))?;
        let (mut requests, connection) =
            http1::handshake(TokioIo::new(tls)).await.map_err(|e| unreachable(e.to_string()))?;
        // Ends with the answer, or when this is given up and its sender dropped.
        let connection = tokio::spawn(connection);
        let answer = requests.send_request(request).await;
        let answer = answer.map_err(|e| unreachable(e.to_string()))?;
        if answer.status() != StatusCode::OK {
            let status = answer.status().as_u16();
            return Err(HttpsError::Status { host: host.to_owned(), status });
        }
        let bounds = BodyBounds { bytes_max, pause: TIME_MAX, whole: TIME_MAX };
        let read = read_bounded(answer.into_body(), bounds, |_| ()).await;
        drop(requests);
        connection.abort();
        read.map_err(|e| HttpsError::Body { host: host.to_owned(), reason: e.to_string() })
    }
}

/// Names and values as forms and addresses carry them.
pub fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// One value as forms carry it.
pub fn form_value(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
