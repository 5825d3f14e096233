//! Calls the endpoints of one partner's node.
//!
//! Two connections, so that bulk never delays what is urgent ([`LaneGroup`]); each is opened
//! when first needed and again after it broke. Every method makes one attempt and returns what
//! went wrong as a type ([`ClientError`]); when to try again is for the caller. Requests are
//! idempotent, so trying again is always safe.

mod line;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use rustls::{AlertDescription, ClientConfig};
use thiserror::Error;
use tokio::time::timeout;

use crate::body::{BodyBounds, BodyFault, read_bounded};
use crate::partner::{BASE_PATH, BUNDLE_MEDIA_TYPE};
use crate::tls::{NotPinned, TlsIdentity, TlsSetupError, client_config};
use line::Line;

/// What is shown of a partner's explanation.
const SENTENCE_CHARS_MAX: usize = 300;
/// What is read of a partner's explanation.
const SENTENCE_BYTES_MAX: usize = 4 << 10;

/// Where a partner's node answers: `https://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// Text that is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an endpoint: expected `https://host:port` with nothing after it")]
pub struct EndpointError {
    /// The text.
    pub text: String,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let fault = || EndpointError { text: text.chars().take(SENTENCE_CHARS_MAX).collect() };
        let uri: Uri = text.parse().map_err(|_| fault())?;
        let authority = uri.authority().ok_or_else(fault)?;
        let plain = uri.scheme_str() == Some("https")
            && uri.path() == "/"
            && uri.query().is_none()
            && !authority.as_str().contains('@');
        let host = authority.host();
        if !plain || host.is_empty() {
            return Err(fault());
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str() == host => 443,
            None => return Err(fault()),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}:{}", self.host, self.port)
    }
}

impl Endpoint {
    /// The name to look up: an IPv6 address without its brackets.
    fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneGroup {
    /// Lanes 0 and 1.
    Urgent,
    /// Lanes 2 and 3.
    Bulk,
}

/// How long to wait, and how much to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// To look up the name, connect and authenticate. 15 s.
    pub connect_time_max: Duration,
    /// For a whole request, connecting included. 60 s.
    pub request_time_max: Duration,
    /// For a poll; longer than partners wait (30 s). 50 s.
    pub poll_time_max: Duration,
    /// Between two pieces of an answer. 10 s.
    pub body_pause_max: Duration,
    /// A bundle, in bytes. 4 MiB, and 64 KiB of slack.
    pub bundle_bytes_max: usize,
    /// An identity chain, in bytes. 1 MiB.
    pub chain_bytes_max: usize,
    /// Any other answer, in bytes. 64 KiB.
    pub small_body_bytes_max: usize,
    /// A connection that is quiet for so long is asked for a sign of life. 20 s.
    pub keep_alive_every: Duration,
    /// For that sign. 10 s.
    pub keep_alive_time_max: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(15),
            request_time_max: Duration::from_mins(1),
            poll_time_max: Duration::from_secs(50),
            body_pause_max: Duration::from_secs(10),
            bundle_bytes_max: (4 << 20) + (64 << 10),
            chain_bytes_max: 1 << 20,
            small_body_bytes_max: 64 << 10,
            keep_alive_every: Duration::from_secs(20),
            keep_alive_time_max: Duration::from_secs(10),
        }
    }
}

/// Why a call to a partner failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nothing answers there, or it stopped answering. Try again later.
    #[error("`{endpoint}` cannot be reached: {reason}")]
    Unreachable {
        /// Whom we called.
        endpoint: Endpoint,
        /// What the system says.
        reason: String,
    },
    /// Somebody answers, but the two ends do not accept each other. For the operators.
    #[error("no trusted connection with `{endpoint}`: {fault}")]
    Tls {
        /// Whom we called.
        endpoint: Endpoint,
        /// What is wrong.
        fault: TlsFault,
    },
    /// The partner refused, in its own words (control characters removed, shortened).
    #[error("`{endpoint}` answered with status {status}: {sentence}")]
    Status {
        /// Whom we called.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// The beginning of the body.
        sentence: String,
        /// When to try again, if the partner said.
        retry_after: Option<Duration>,
    },
    /// An answer that no rule allows: the partner's fault.
    #[error("`{endpoint}` answered with {what}")]
    Garbled {
        /// Whom we called.
        endpoint: Endpoint,
        /// What came instead of what is due.
        what: &'static str,
    },
    /// An answer above the limit.
    #[error("`{endpoint}` answered with more than {bytes_max} bytes")]
    TooLarge {
        /// Whom we called.
        endpoint: Endpoint,
        /// The limit.
        bytes_max: usize,
    },
    /// No answer, or no end of it. Try again later.
    #[error("`{endpoint}` did not answer within {} s", .after.as_secs())]
    Timeout {
        /// Whom we called.
        endpoint: Endpoint,
        /// How long we waited.
        after: Duration,
    },
}

/// Why two ends do not accept each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// Another node's certificate, or one whose key the partner has not announced.
    #[error("{0}")]
    WrongNode(NotPinned),
    /// The partner does not know our certificate.
    #[error("it does not accept this node's certificate ({alert})")]
    NotAccepted {
        /// The alert it sent, by its name in RFC 8446.
        alert: &'static str,
    },
    /// Anything else: versions, groups, damaged messages.
    #[error("{0}")]
    Other(String),
}

impl TlsFault {
    fn new(error: &rustls::Error) -> Self {
        if let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) = error
            && let Some(not_pinned) = other.0.downcast_ref::<NotPinned>()
        {
            return Self::WrongNode(*not_pinned);
        }
        if let rustls::Error::AlertReceived(alert) = error
            && let Some(alert) = refusal_of_certificate(*alert)
        {
            return Self::NotAccepted { alert };
        }
        Self::Other(error.to_string())
    }
}

fn refusal_of_certificate(alert: AlertDescription) -> Option<&'static str> {
    const ALERTS: [(AlertDescription, &str); 8] = [
        (AlertDescription::AccessDenied, "access_denied"),
        (AlertDescription::BadCertificate, "bad_certificate"),
        (AlertDescription::CertificateExpired, "certificate_expired"),
        (AlertDescription::CertificateRequired, "certificate_required"),
        (AlertDescription::CertificateRevoked, "certificate_revoked"),
        (AlertDescription::CertificateUnknown, "certificate_unknown"),
        (AlertDescription::UnknownCA, "unknown_ca"),
        (AlertDescription::UnsupportedCertificate, "unsupported_certificate"),
    ];
    ALERTS.into_iter().find(|(known, _)| *known == alert).map(|(_, name)| name)
}

/// One partner's node, as we call it. Cheap to share behind an `Arc`.
pub struct PartnerClient {
    endpoint: Endpoint,
    limits: ClientLimits,
    urgent: Line,
    bulk: Line,
}

impl fmt::Debug for PartnerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerClient").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A good answer.
struct Answer {
    status: StatusCode,
    is_bundle: bool,
    body: Vec<u8>,
}

impl PartnerClient {
    /// Connects to nothing yet. The pins are the valid ones of the expected node; when they
    /// change, make a new client.
    pub fn new(
        endpoint: Endpoint,
        pins: Vec<[u8; 32]>,
        identity: &TlsIdentity,
        limits: ClientLimits,
    ) -> Result<Self, TlsSetupError> {
        let mut tls = ClientConfig::clone(&*client_config(identity, pins)?);
        // HTTP/1.1 would need a connection for each request.
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let tls = Arc::new(tls);
        let urgent = Line::new(endpoint.clone(), Arc::clone(&tls), limits.clone());
        let bulk = Line::new(endpoint.clone(), tls, limits.clone());
        Ok(Self { endpoint, limits, urgent, bulk })
    }

    /// Whom this calls.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Delivers a bundle; the answer is the bundle that acknowledges it.
    pub async fn post_bundle(
        &self,
        lanes: LaneGroup,
        bundle: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        let call = Call {
            lanes,
            bytes_max: self.limits.bundle_bytes_max,
            ..self.post("bundle", bundle, BUNDLE_MEDIA_TYPE)
        };
        let answer = self.call(call).await?;
        self.bundle(answer)
    }

    /// Waits for a bundle from a partner that cannot dial us; nothing is an answer too.
    pub async fn poll_bundle(&self, from: u64) -> Result<Option<Vec<u8>>, ClientError> {
        // What comes back is of all lanes, and would be in the way of urgent acknowledgements.
        let call = Call {
            lanes: LaneGroup::Bulk,
            bytes_max: self.limits.bundle_bytes_max,
            time_max: self.limits.poll_time_max,
            ..self.get(format!("bundle?from={from}"))
        };
        let answer = self.call(call).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        self.bundle(answer).map(Some)
    }

    /// Submits a checkpoint for witnessing (C2SP tlog-witness); the answer is cosignatures. A
    /// status of 409 has the size that the witness knows as its sentence.
    pub async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        let call = self.post("witness/add-checkpoint", body, "text/plain; charset=utf-8");
        self.call(call).await.map(|answer| answer.body)
    }

    /// The latest checkpoint that the partner knows of a log.
    pub async fn latest(&self, origin: &str) -> Result<Vec<u8>, ClientError> {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("origin", origin).finish();
        self.call(self.get(format!("witness/latest?{query}"))).await.map(|answer| answer.body)
    }

    /// The partner's identity chain from a sequence number on.
    pub async fn chain(&self, from: u64) -> Result<Vec<u8>, ClientError> {
        let call = Call {
            bytes_max: self.limits.chain_bytes_max,
            ..self.get(format!("chain?from={from}"))
        };
        self.call(call).await.map(|answer| answer.body)
    }

    fn get(&self, path: String) -> Call {
        Call {
            lanes: LaneGroup::Urgent,
            method: Method::GET,
            path,
            media_type: None,
            body: Vec::new(),
            bytes_max: self.limits.small_body_bytes_max,
            time_max: self.limits.request_time_max,
        }
    }

    fn post(&self, path: &str, body: Vec<u8>, media_type: &'static str) -> Call {
        let media_type = Some(media_type);
        Call { method: Method::POST, media_type, body, ..self.get(path.to_owned()) }
    }

    fn bundle(&self, answer: Answer) -> Result<Vec<u8>, ClientError> {
        if answer.is_bundle {
            Ok(answer.body)
        } else {
            Err(self.garbled("something else than a bundle"))
        }
    }

    async fn call(&self, call: Call) -> Result<Answer, ClientError> {
        let after = call.time_max;
        let endpoint = self.endpoint.clone();
        timeout(after, self.attempt(call))
            .await
            .unwrap_or(Err(ClientError::Timeout { endpoint, after }))
    }

    async fn attempt(&self, call: Call) -> Result<Answer, ClientError> {
        let line = match call.lanes {
            LaneGroup::Urgent => &self.urgent,
            LaneGroup::Bulk => &self.bulk,
        };
        let (bytes_max, time_max) = (call.bytes_max, call.time_max);
        let request = self.request(call)?;
        let (parts, body) = line.send(request).await?.into_parts();
        let good = parts.status == StatusCode::OK || parts.status == StatusCode::NO_CONTENT;
        let bounds = BodyBounds {
            bytes_max: if good { bytes_max } else { SENTENCE_BYTES_MAX },
            pause: self.limits.body_pause_max,
            whole: time_max,
        };
        let body = read_bounded(body, bounds, |_| ()).await;
        if !good {
            return Err(ClientError::Status {
                endpoint: self.endpoint.clone(),
                status: parts.status.as_u16(),
                sentence: sentence(&body.unwrap_or_default()),
                retry_after: retry_after(&parts.headers),
            });
        }
        let body = body.map_err(|fault| self.broken_answer(fault))?;
        let is_bundle =
            parts.headers.get(CONTENT_TYPE) == Some(&HeaderValue::from_static(BUNDLE_MEDIA_TYPE));
        Ok(Answer { status: parts.status, is_bundle, body })
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, ClientError> {
        let uri = format!("{}{BASE_PATH}{}", self.endpoint, call.path);
        let mut request = Request::builder().method(call.method).uri(uri);
        if let Some(media_type) = call.media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        request.body(Full::from(call.body)).map_err(|error| ClientError::Unreachable {
            endpoint: self.endpoint.clone(),
            reason: format!("there is no such address: {error}"),
        })
    }

    fn broken_answer(&self, fault: BodyFault) -> ClientError {
        let endpoint = self.endpoint.clone();
        match fault {
            BodyFault::TooLarge { bytes_max } => ClientError::TooLarge { endpoint, bytes_max },
            BodyFault::TimedOut => {
                ClientError::Timeout { endpoint, after: self.limits.body_pause_max }
            }
            BodyFault::Broken => ClientError::Unreachable {
                endpoint,
                reason: "the connection broke in the middle of an answer".to_owned(),
            },
        }
    }

    fn garbled(&self, what: &'static str) -> ClientError {
        ClientError::Garbled { endpoint: self.endpoint.clone(), what }
    }
}

/// A request to be made.
struct Call {
    lanes: LaneGroup,
    method: Method,
    path: String,
    media_type: Option<&'static str>,
    body: Vec<u8>,
    bytes_max: usize,
    time_max: Duration,
}

/// A partner's explanation, made fit to be shown and logged.
fn sentence(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SENTENCE_CHARS_MAX)
        .collect();
    if text.is_empty() { "no explanation".to_owned() } else { text }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_with_a_host_and_a_port_and_nothing_else() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), expected);
        };
        check("https://node.xaa.example:8443", "https://node.xaa.example:8443");
        check("https://node.xaa.example/", "https://node.xaa.example:443");
        check("https://[::1]:9000", "https://[::1]:9000");
        assert_eq!("https://[::1]:9000".parse::<Endpoint>().unwrap().name(), "::1");
        for wrong in [
            "http://node.xaa.example:1",
            "node.xaa.example:1",
            "https://user@node:1",
            "https://node:1/ent/v1",
            "https://node:1?x=y",
            "https://node:99999",
            "https://:1",
            "",
        ] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_partners_explanation_cannot_write_on_the_terminal() {
        assert_eq!(sentence(b"no\x1b[2J\nmore"), "no [2J more");
        assert_eq!(sentence(b" \n"), "no explanation");
        assert_eq!(sentence(&[b'x'; 1000]).len(), SENTENCE_CHARS_MAX);
    }
}
