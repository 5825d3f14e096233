//! Serves commands and events over the socket.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{EventSource, LocalError, LocalLimits, LocalService, LocalSocket};
use crate::body::{BodyBounds, BodyFault, Paced, blocking, read_bounded};

/// Bytes of headers; the token is one of them.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Of a command's name.
const NAME_CHARS_MAX: usize = 64;
/// After the system refuses a connection (out of file handles).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl LocalSocket {
    /// Serves until `shutdown`, then takes no more requests, ends the event streams, gives the
    /// commands under way [`LocalLimits::closing_time_max`], and removes the socket.
    pub async fn serve(
        self,
        service: Arc<dyn LocalService>,
        events: Arc<dyn EventSource>,
        limits: LocalLimits,
        shutdown: impl Future<Output = ()>,
    ) {
        let connections = Arc::new(Semaphore::new(limits.connections_max));
        let commands = Arc::new(Semaphore::new(limits.commands_max));
        let closing_time_max = limits.closing_time_max;
        let (closing, watched) = watch::channel(false);
        let desk = Arc::new(Desk { service, events, limits, commands, closing: watched });
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let next = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (self.listener.accept().await, permit)
            };
            let (accepted, permit) = tokio::select! {
                () = &mut shutdown => break,
                next = next => next,
            };
            while tasks.try_join_next().is_some() {}
            match accepted {
                Ok((stream, _)) => {
                    let desk = Arc::clone(&desk);
                    tasks.spawn(async move {
                        desk.connection(stream).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a local connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Removes the file first, so that clients see at once that nobody is there.
        drop(self);
        closing.send_replace(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(closing_time_max, all).await.is_err() {
            tracing::warn!("local commands were cut at shutdown");
        }
        tasks.shutdown().await;
    }
}

struct Desk {
    service: Arc<dyn LocalService>,
    events: Arc<dyn EventSource>,
    limits: LocalLimits,
    commands: Arc<Semaphore>,
    closing: watch::Receiver<bool>,
}

impl Desk {
    async fn connection(self: Arc<Self>, stream: UnixStream) {
        let mut closing = self.closing.clone();
        let desk = Arc::clone(&self);
        let service = service_fn(move |request| {
            let desk = Arc::clone(&desk);
            async move { Ok::<_, Infallible>(desk.answer(request).await) }
        });
        let mut serving = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.header_time_max)
                .max_buf_size(HEADER_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            _ = serving.as_mut() => return,
            _ = closing.wait_for(|closing| *closing) => serving.as_mut().graceful_shutdown(),
        }
        // Bounded by whoever waits for all connections.
        let _ = serving.await;
    }

    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<LocalBody> {
        let path = request.uri().path().to_owned();
        let response = match (path.strip_prefix("/v1/"), request.method()) {
            (Some("events"), &Method::GET) => self.watch(&request).await,
            (Some(name), &Method::POST) if is_name(name) => self.command(name, request).await,
            (Some(name), _) if is_name(name) => Err(method_not_allowed()),
            _ => Err(LocalError::new(404, "there is no such endpoint")
                .with_hint("commands are `POST /v1/<command>`, events are `GET /v1/events`")),
        };
        response.unwrap_or_else(|refusal| {
            let mut response = json(refusal.status, &refusal.to_json(), None);
            if refusal.status == 405 {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            }
            response
        })
    }

    async fn command(
        &self,
        name: &str,
        request: Request<Incoming>,
    ) -> Result<Response<LocalBody>, LocalError> {
        let token = token(request.headers())?;
        let call = Arc::clone(&self.commands)
            .acquire_owned()
            .await
            .map_err(|_| LocalError::new(503, "the node is closing"))?;
        let bounds = BodyBounds {
            bytes_max: self.limits.body_bytes_max,
            pause: self.limits.body_pause_max,
            whole: self.limits.body_time_max,
        };
        let body = read_bounded(request.into_body(), bounds, |_| ()).await.map_err(unread)?;
        let service = Arc::clone(&self.service);
        let name = name.to_owned();
        let work = move || {
            let body = if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&body).map_err(|error| {
                    LocalError::new(400, format!("the body is not JSON: {error}"))
                })?
            };
            let answer = service.command(token.as_deref(), &name, body)?;
            Ok(json(200, &answer, Some(call)))
        };
        blocking(work).await.unwrap_or_else(|| Err(panicked()))
    }

    async fn watch(
        self: &Arc<Self>,
        request: &Request<Incoming>,
    ) -> Result<Response<LocalBody>, LocalError> {
        let token = token(request.headers())?;
        let mut seen = position(request)?;
        let ready = self.events.ready();
        let (out, stream) = mpsc::channel(1);
        // The first batch decides whether the caller may watch at all.
        let mut batch = Some(self.events_after(token.clone(), seen).await?);

        let desk = Arc::clone(self);
        let mut closing = self.closing.clone();
        let watch = async move {
            loop {
                // Listening begins before looking, so that nothing falls in between.
                let notified = ready.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();

                let events = match batch.take() {
                    Some(events) if !events.is_empty() => events,
                    _ => match desk.events_after(token.clone(), seen).await {
                        Ok(events) => events,
                        Err(_) => return,
                    },
                };
                if let Some((last, _)) = events.last() {
                    seen = *last;
                    if out.send(frames(&events)).await.is_err() {
                        return;
                    }
                    continue;
                }
                tokio::select! {
                    () = notified => {}
                    () = out.closed() => return,
                    () = sleep(desk.limits.heartbeat_every) => {
                        if out.send(Bytes::from_static(b":\n\n")).await.is_err() {
                            return;
                        }
                    }
                }
            }
        };
        tokio::spawn(async move {
            tokio::select! {
                () = watch => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
        });

        let mut response = Response::new(LocalBody::Events(stream));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    async fn events_after(
        &self,
        token: Option<String>,
        seq: i64,
    ) -> Result<Vec<(i64, String)>, LocalError> {
        let events = Arc::clone(&self.events);
        blocking(move || events.after(token.as_deref(), seq))
            .await
            .unwrap_or_else(|| Err(panicked()))
    }
}

/// An answer at once, or events as they come.
enum LocalBody {
    Whole(Paced<OwnedSemaphorePermit>),
    Events(mpsc::Receiver<Bytes>),
}

impl Body for LocalBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Events(stream) => {
                stream.poll_recv(cx).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

fn json(status: u16, body: &Value, held: Option<OwnedSemaphorePermit>) -> Response<LocalBody> {
    let bytes = body.to_string().into_bytes();
    let mut response = Response::new(LocalBody::Whole(Paced::new(bytes, held)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Events as they travel: a number, and a `data` line for each line.
fn frames(events: &[(i64, String)]) -> Bytes {
    let mut out = String::new();
    for (seq, data) in events {
        out.push_str("id: ");
        out.push_str(&seq.to_string());
        for line in data.split(['\n', '\r']) {
            out.push_str("\ndata: ");
            out.push_str(line);
        }
        out.push_str("\n\n");
    }
    Bytes::from(out)
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(allowed)
}

fn token(headers: &HeaderMap) -> Result<Option<String>, LocalError> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    value
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(|token| Some(token.to_owned()))
        .ok_or_else(|| LocalError::new(401, "the `Authorization` header is not a bearer token"))
}

/// What a watcher has seen: a client that comes back says so in a header.
fn position(request: &Request<Incoming>) -> Result<i64, LocalError> {
    let query = request.uri().query().unwrap_or_default();
    let after = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "after")
        .map(|(_, value)| value.into_owned());
    let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    match last.map(str::to_owned).or(after) {
        None => Ok(0),
        Some(text) => {
            text.parse().map_err(|_| LocalError::new(400, "`after` is not a whole number"))
        }
    }
}

fn method_not_allowed() -> LocalError {
    LocalError::new(405, "this endpoint has no such method")
        .with_hint("commands are `POST /v1/<command>`, events are `GET /v1/events`")
}

fn unread(fault: BodyFault) -> LocalError {
    let status = match fault {
        BodyFault::TooLarge { .. } => 413,
        BodyFault::TimedOut => 408,
        BodyFault::Broken => 400,
    };
    LocalError::new(status, fault.to_string())
}

fn panicked() -> LocalError {
    LocalError::new(500, "the node failed while doing this").with_hint("see its log")
}

#[test]
fn events_with_several_lines_stay_one_event() {
    let events = [(7, "{\"a\":1}".to_owned()), (8, "one\ntwo".to_owned())];
    assert_eq!(frames(&events), "id: 7\ndata: {\"a\":1}\n\nid: 8\ndata: one\ndata: two\n\n");
}

#[test]
fn names_are_short_and_plain() {
    assert!(is_name("agreement.sign-2_x"));
    for wrong in ["", "a/b", "A", "a b", "é", &"x".repeat(65)] {
        assert!(!is_name(wrong), "{wrong}");
    }
}
