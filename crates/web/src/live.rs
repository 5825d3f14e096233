//! Server-sent events: what happened since the page was made, as lines that are rendered here.
//!
//! A stream asks the gate anew for every batch, so that it ends when the session does and never
//! tells what its reader may not know. A browser that comes back names the last event it saw.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use entente_app::people::{Actor, TokenKind};
use entente_app::{AppError, SqliteNode};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::door::Door;
use crate::pages::events::lines_of;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::number;

/// Events in one batch.
const BATCH: u64 = 50;
/// After so long without news, the session is looked at again.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// Batches that wait for a slow reader.
const BEHIND_MAX: usize = 2;

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<i64>,
}

/// What one look at the node gave.
struct Batch {
    last: i64,
    lines: Vec<(i64, String, String)>,
    counts: String,
}

async fn look(door: &Arc<Door>, signed: &Signed, after: i64) -> Result<Option<Batch>, Refusal> {
    let (secret, card) = (signed.secret.clone(), signed.card);
    door.ask(move |node| {
        let actor = match node.actor_with(&secret, &[TokenKind::Session], card) {
            Ok(actor) => actor,
            Err(AppError::Forbidden(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (rows, last) = node.events_after(&actor, after, BATCH)?;
        let mut lines = Vec::new();
        for line in lines_of(node, &rows) {
            let html = line.render().unwrap_or_default();
            lines.push((line.seq, line.kind, html));
        }
        let mut counts = String::new();
        if !rows.is_empty() {
            let status = node.status(&actor)?;
            counts = json!({
                "own": number(status.objects.0),
                "received": number(status.objects.1),
                "ledger": number(status.ledger.size),
                "signed": number(status.ledger.signed),
            })
            .to_string();
        }
        Ok(Some(Batch { last, lines, counts }))
    })
    .await
}

fn events_of(batch: &Batch) -> Vec<Event> {
    let mut events: Vec<Event> = batch
        .lines
        .iter()
        .map(|(seq, kind, html)| {
            let data = json!({ "kind": kind, "html": html }).to_string();
            Event::default().id(seq.to_string()).event("line").data(data)
        })
        .collect();
    if !batch.counts.is_empty() {
        // Only beside lines: that something happened of which its reader may not know is nothing
        // to tell either.
        let counts = Event::default().id(batch.last.to_string()).event("counts");
        events.push(counts.data(&batch.counts));
    }
    events
}

/// Tells a session's page what happens, until the session ends or the reader goes.
async fn tell(
    door: Arc<Door>,
    signed: Signed,
    mut seen: i64,
    out: mpsc::Sender<Result<Event, Infallible>>,
) {
    loop {
        // Listening begins before looking, so that nothing falls in between.
        let notified = door.events.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();

        let batch = match look(&door, &signed, seen).await {
            Ok(Some(batch)) => batch,
            Ok(None) => {
                // The page must not ask again: its session is over.
                let _ = out.send(Ok(Event::default().event("end").data("signed out"))).await;
                return;
            }
            // The page asks again after a while.
            Err(_) => return,
        };
        let news = batch.last > seen;
        seen = batch.last;
        for event in events_of(&batch) {
            if out.send(Ok(event)).await.is_err() {
                return;
            }
        }
        if news {
            continue;
        }
        tokio::select! {
            () = notified => {}
            () = out.closed() => return,
            () = tokio::time::sleep(CHECK_EVERY) => {}
        }
    }
}

fn position(headers: &HeaderMap, query: Option<i64>) -> Option<i64> {
    headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .or(query)
}

/// The number of the newest event that the reader may know of.
fn newest(node: &SqliteNode, actor: &Actor) -> Result<i64, AppError> {
    Ok(node.events(actor, None, None, 1)?.first().map_or(0, |event| event.seq))
}

/// The stream.
pub(crate) async fn stream(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: Result<Query<After>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(permit) = Arc::clone(&door.streams).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are live\n").into_response();
    };
    let seen = match position(&headers, query.ok().and_then(|Query(after)| after.after)) {
        Some(seen) => seen,
        None => match door
            .ask({
                let actor = signed.actor.clone();
                move |node| newest(node, &actor)
            })
            .await
        {
            Ok(seen) => seen,
            Err(refusal) => return refusal.into_response(),
        },
    };
    let (out, events) = mpsc::channel(BEHIND_MAX);
    tokio::spawn(async move {
        let closes = Arc::clone(&door);
        tokio::select! {
            () = tell(door, signed, seen, out) => {}
            () = closes.closes() => {}
        }
        drop(permit);
    });
    Sse::new(ReceiverStream::new(events))
        .keep_alive(KeepAlive::new().interval(CHECK_EVERY))
        .into_response()
}
