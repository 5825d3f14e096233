//! Everything that happened, newest first, live.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::SqliteNode;
use entente_app::node::Known;
use entente_store::rows::EventRow;

use super::{Frame, ListQuery, ROWS, Tag, before, one_more};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, ObjectLink, clean};
use crate::words;

/// One event, as a line.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/event.html")]
pub(crate) struct EventLine {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) at: Moment,
    pub(crate) tag: Tag,
    pub(crate) text: String,
    pub(crate) nation: Option<String>,
    pub(crate) object: Option<ObjectLink>,
}

// Rendered by a template that escapes.
impl askama::filters::HtmlSafe for EventLine {}

impl EventLine {
    pub(crate) fn of(known: &Known, row: &EventRow) -> Self {
        let kind: String =
            row.kind.chars().filter(|c| c.is_ascii_lowercase() || *c == '-').collect();
        Self {
            seq: row.seq,
            tag: Tag::new(words::event(&kind)),
            kind,
            at: Moment(row.at),
            text: clean(&row.text),
            nation: row.nation.map(|id| known.name_of(&id)),
            object: row.oid.map(ObjectLink),
        }
    }
}

/// Events as lines.
pub(crate) fn lines_of(node: &SqliteNode, rows: &[EventRow]) -> Vec<EventLine> {
    let known = node.known();
    rows.iter().map(|row| EventLine::of(&known, row)).collect()
}

/// The page.
#[derive(Template)]
#[template(path = "pages/events.html")]
pub(crate) struct EventsPage {
    pub(crate) frame: Frame,
    pub(crate) events: Vec<EventLine>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<i64>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: ListQuery,
) -> Result<Response, Refusal> {
    let before = before(query)?;
    door.page(move |node| {
        let mut frame = Frame::of(node, &signed, "/events", words::EVENTS)?;
        let mut rows = node.events(&signed.actor, None, before, one_more())?;
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        let older = rows.last().filter(|_| more).map(|row| row.seq);
        if before.is_some() {
            frame.live = None;
        }
        let events = lines_of(node, &rows);
        Ok(EventsPage { frame, events, is_first: before.is_none(), older })
    })
    .await
}
