//! One request of one authenticated partner, from its headers to its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use entente_model::NodeId;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::quota::{Counted, Exhausted, Quota};
use super::{BASE_PATH, BUNDLE_MEDIA_TYPE, PartnerLimits, PartnerService, Reply};
use crate::body::{BodyBounds, BodyFault, Paced, blocking, read_bounded};
use crate::tls::PeerDirectory;

/// Characters of the name of a log.
const ORIGIN_CHARS_MAX: usize = 256;

/// What a request holds until its answer is out.
pub(super) struct Held {
    _request: Counted,
    _call: Option<OwnedSemaphorePermit>,
}

pub(super) type PartnerBody = Paced<Held>;

/// One connection of a partner.
pub(super) struct Line {
    pub(super) peer: NodeId,
    pub(super) spki_sha256: [u8; 32],
    pub(super) directory: Arc<dyn PeerDirectory>,
    pub(super) service: Arc<dyn PartnerService>,
    pub(super) limits: Arc<PartnerLimits>,
    pub(super) quota: Arc<Quota>,
    pub(super) calls: Arc<Semaphore>,
    /// Notified to end the connection.
    pub(super) close: Arc<Notify>,
    /// True when the door closes.
    pub(super) closing: watch::Receiver<bool>,
}

/// The endpoints, by method and path.
enum Endpoint {
    PostBundle,
    PollBundle,
    AddCheckpoint,
    Latest,
    Chain,
}

enum NoEndpoint {
    Unknown,
    Method(&'static str),
}

fn endpoint(method: &Method, path: &str) -> Result<Endpoint, NoEndpoint> {
    let get = *method == Method::GET;
    let post = *method == Method::POST;
    match path.strip_prefix(BASE_PATH) {
        Some("bundle") if post => Ok(Endpoint::PostBundle),
        Some("bundle") if get => Ok(Endpoint::PollBundle),
        Some("bundle") => Err(NoEndpoint::Method("GET, POST")),
        Some("witness/add-checkpoint") if post => Ok(Endpoint::AddCheckpoint),
        Some("witness/add-checkpoint") => Err(NoEndpoint::Method("POST")),
        Some("witness/latest") if get => Ok(Endpoint::Latest),
        Some("chain") if get => Ok(Endpoint::Chain),
        Some("witness/latest" | "chain") => Err(NoEndpoint::Method("GET")),
        _ => Err(NoEndpoint::Unknown),
    }
}

/// Why a request is answered without the service.
enum Refusal {
    Unpinned,
    Exhausted(Exhausted),
    Unknown,
    Method(&'static str),
    MediaType,
    Query(&'static str),
    Body(BodyFault),
    /// The service panicked.
    Fault,
    Closing,
}

impl Line {
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<PartnerBody>, Infallible> {
        let path = request.uri().path().to_owned();
        let response = match self.admit() {
            Err(refusal) => refused(&refusal, None),
            Ok(counted) => match self.serve(request).await {
                Ok((reply, call)) => {
                    self.quota.moved(reply.body.len());
                    respond(reply, Some(Held { _request: counted, _call: call }))
                }
                Err(refusal) => refused(&refusal, Some(Held { _request: counted, _call: None })),
            },
        };
        let status = response.status().as_u16();
        if status < 400 {
            tracing::debug!(peer = %self.peer.short(), path, status, "partner request");
        } else {
            tracing::warn!(peer = %self.peer.short(), path, status, "partner request refused");
        }
        Ok(response)
    }

    fn admit(&self) -> Result<Counted, Refusal> {
        if self.directory.node_by_spki(&self.spki_sha256) != Some(self.peer) {
            self.close.notify_one();
            return Err(Refusal::Unpinned);
        }
        self.quota.request(&self.limits).map_err(Refusal::Exhausted)
    }

    async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<(Reply, Option<OwnedSemaphorePermit>), Refusal> {
        let endpoint = endpoint(request.method(), request.uri().path()).map_err(|no| match no {
            NoEndpoint::Unknown => Refusal::Unknown,
            NoEndpoint::Method(allowed) => Refusal::Method(allowed),
        })?;
        let query = request.uri().query().unwrap_or_default().to_owned();
        let peer = self.peer;
        match endpoint {
            Endpoint::PostBundle => {
                if !is_bundle(request.headers().get(CONTENT_TYPE)) {
                    return Err(Refusal::MediaType);
                }
                let call = self.call().await?;
                let body = self.read(request, self.limits.bundle_bytes_max).await?;
                self.run(call, move |service| service.bundle(peer, body)).await
            }
            Endpoint::PollBundle => self.poll(number(&query)?).await,
            Endpoint::AddCheckpoint => {
                let call = self.call().await?;
                let body = self.read(request, self.limits.small_body_bytes_max).await?;
                self.run(call, move |service| service.add_checkpoint(peer, body)).await
            }
            Endpoint::Latest => {
                let origin = origin(&query)?;
                let call = self.call().await?;
                self.run(call, move |service| service.latest(peer, &origin)).await
            }
            Endpoint::Chain => {
                let from = number(&query)?;
                let call = self.call().await?;
                self.run(call, move |service| service.chain(peer, from)).await
            }
        }
    }

    /// Waits until the service has a bundle, nobody waits for longer, or the door closes.
    async fn poll(&self, from: u64) -> Result<(Reply, Option<OwnedSemaphorePermit>), Refusal> {
        let _poll = self.quota.poll(&self.limits).map_err(Refusal::Exhausted)?;
        let peer = self.peer;
        let ready = self.service.outgoing_ready(peer);
        let deadline = Instant::now() + self.limits.poll_wait;
        let mut closing = self.closing.clone();
        loop {
            // Listening begins before looking, so that nothing falls in between.
            let notified = ready.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();

            let call = self.call().await?;
            let (found, call) = self.run(call, move |service| service.outgoing(peer, from)).await?;
            if let Some(bundle) = found {
                return Ok((Reply::bundle(bundle), call));
            }
            drop(call);

            tokio::select! {
                () = notified => {}
                () = sleep_until(deadline) => return Ok((Reply::empty(204), None)),
                _ = closing.wait_for(|closing| *closing) => return Ok((Reply::empty(204), None)),
            }
        }
    }

    async fn call(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.calls).acquire_owned().await.map_err(|_| Refusal::Closing)
    }

    async fn read(&self, request: Request<Incoming>, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
        let bounds = BodyBounds {
            bytes_max,
            pause: self.limits.body_pause_max,
            whole: self.limits.body_time_max,
        };
        read_bounded(request.into_body(), bounds, |bytes| self.quota.moved(bytes))
            .await
            .map_err(Refusal::Body)
    }

    /// Runs the service. The permit goes along: a request that its caller gave up still counts
    /// until the service is done with it.
    async fn run<T: Send + 'static>(
        &self,
        call: OwnedSemaphorePermit,
        work: impl FnOnce(&dyn PartnerService) -> T + Send + 'static,
    ) -> Result<(T, Option<OwnedSemaphorePermit>), Refusal> {
        let service = Arc::clone(&self.service);
        blocking(move || (work(&*service), Some(call))).await.ok_or(Refusal::Fault)
    }
}

fn is_bundle(media_type: Option<&HeaderValue>) -> bool {
    media_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(BUNDLE_MEDIA_TYPE))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn number(query: &str) -> Result<u64, Refusal> {
    match parameter(query, "from") {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| Refusal::Query("`from` is not a whole number")),
    }
}

fn origin(query: &str) -> Result<String, Refusal> {
    parameter(query, "origin")
        .filter(|origin| !origin.is_empty() && origin.chars().count() <= ORIGIN_CHARS_MAX)
        .ok_or(Refusal::Query("`origin` must name a log in at most 256 characters"))
}

fn respond(reply: Reply, held: Option<Held>) -> Response<PartnerBody> {
    let mut response = Response::new(Paced::new(reply.body, held));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if *response.status_mut() != StatusCode::NO_CONTENT {
        let media_type = HeaderValue::from_static(reply.media_type);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    response
}

fn refused(refusal: &Refusal, held: Option<Held>) -> Response<PartnerBody> {
    let reply = match refusal {
        Refusal::Unpinned => Reply::sentence(403, "this certificate is no longer accepted here"),
        Refusal::Exhausted(_) => {
            Reply::sentence(429, "the quota of this node is used up: try again later")
        }
        Refusal::Unknown => Reply::empty(404),
        Refusal::Method(_) => Reply::sentence(405, "this endpoint has no such method"),
        Refusal::MediaType => {
            Reply::sentence(415, &format!("a bundle has the media type {BUNDLE_MEDIA_TYPE}"))
        }
        Refusal::Query(sentence) => Reply::sentence(400, sentence),
        Refusal::Body(fault) => {
            let status = match fault {
                BodyFault::TooLarge { .. } => 413,
                BodyFault::TimedOut => 408,
                BodyFault::Broken => 400,
            };
            Reply::sentence(status, &fault.to_string())
        }
        Refusal::Fault => Reply::sentence(500, "this node failed while answering"),
        Refusal::Closing => Reply::sentence(503, "this node is closing"),
    };
    let mut response = respond(reply, held);
    let headers = response.headers_mut();
    match refusal {
        Refusal::Exhausted(Exhausted { retry_after }) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after)));
        }
        Refusal::Method(allowed) => {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        Refusal::Unpinned
        | Refusal::Unknown
        | Refusal::MediaType
        | Refusal::Query(_)
        | Refusal::Body(_)
        | Refusal::Fault
        | Refusal::Closing => {}
    }
    response
}

/// Rounded up, so that whoever waits so long is not early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
