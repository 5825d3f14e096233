//! What came in, and what went out.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::objects::Delivery;
use entente_app::obligation::{day, marked_as};
use entente_app::people::Actor;
use entente_app::{AppError, SqliteNode};
use entente_model::Terms;
use entente_model::codec::Wire;
use entente_store::rows::ObjectRow;

use super::{Frame, ListQuery, ROWS, Tag, before, one_more};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Marking, Moment, ObjectLink, bytes, clean};
use crate::words;

/// An object in a list.
#[derive(Debug, Clone)]
pub(crate) struct HoldingLine {
    pub(crate) at: Moment,
    pub(crate) object: ObjectLink,
    pub(crate) originator: String,
    pub(crate) from: Option<String>,
    pub(crate) object_type: String,
    pub(crate) media_type: String,
    pub(crate) marking: Marking,
    /// The marking of our own that its terms have us put on it.
    pub(crate) marked_as: Option<String>,
    pub(crate) standing: Tag,
    pub(crate) bytes: String,
    pub(crate) obligations: Vec<String>,
    pub(crate) delete_at: Option<Moment>,
}

/// A delivery in a list.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryView {
    pub(crate) nation: String,
    pub(crate) state: Tag,
    pub(crate) lane: &'static str,
    pub(crate) seq: u64,
}

impl DeliveryView {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self {
            nation: clean(&delivery.nation),
            state: Tag::new(words::delivery(delivery.state)),
            lane: delivery.lane,
            seq: delivery.seq,
        }
    }
}

impl HoldingLine {
    pub(crate) fn of(node: &SqliteNode, row: &ObjectRow) -> Self {
        let known = node.known();
        let terms = row.terms.as_deref().and_then(|bytes| Terms::from_bytes(bytes).ok());
        let obligations: Vec<String> =
            terms.iter().flat_map(|t| &t.obligations).map(|o| obligation(o)).collect();
        // The obligation says it already, unless the object's own handling is stricter.
        let says = row.delete_at.is_some_and(|at| {
            let terms = terms.iter().flat_map(|t| &t.obligations);
            terms.filter_map(|o| o.strip_prefix("delete_by:")).any(|d| day(d) == Some(at))
        });
        let sender = row.source.and_then(|(node, _, _)| known.by_node(&node));
        Self {
            at: Moment(row.at),
            object: ObjectLink(row.oid),
            originator: known.name_of(&row.nation),
            from: sender
                .filter(|sender| sender.row.nation != row.nation)
                .map(|sender| sender.row.code.to_string()),
            object_type: clean(&words::plain(&row.object_type)),
            media_type: clean(&row.media_type),
            marking: Marking::new(row.class, &row.marking),
            marked_as: terms.as_ref().and_then(marked_as).map(|own| clean(&own)),
            standing: Tag::new(words::standing(row.state)),
            bytes: bytes(row.bytes),
            obligations,
            delete_at: row.delete_at.filter(|_| !says).map(Moment),
        }
    }
}

/// An obligation, in words.
pub(crate) fn obligation(code: &str) -> String {
    clean(&words::obligation(code))
}

/// What came in.
#[derive(Template)]
#[template(path = "pages/in.html")]
pub(crate) struct InPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<HoldingLine>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<i64>,
}

/// What went out.
#[derive(Template)]
#[template(path = "pages/out.html")]
pub(crate) struct OutPage {
    pub(crate) frame: Frame,
    /// Each with where it went, and the agency that shared it with the reader's.
    pub(crate) rows: Vec<(HoldingLine, Vec<DeliveryView>, Option<String>)>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<i64>,
}

/// One page of objects, and the position from which it goes on.
fn list(
    node: &SqliteNode,
    actor: &Actor,
    before: Option<i64>,
    own: bool,
) -> Result<(Vec<ObjectRow>, Option<i64>), AppError> {
    let mut rows = node.objects(actor, before, one_more(), Some(own))?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let older = rows.last().filter(|_| more).map(|row| row.position);
    Ok((rows, older))
}

pub(crate) async fn came_in(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: ListQuery,
) -> Result<Response, Refusal> {
    let before = before(query)?;
    door.page(move |node| {
        let frame = Frame::of(node, &signed, "/in", words::CAME_IN)?;
        let (rows, older) = list(node, &signed.actor, before, false)?;
        let rows: Vec<HoldingLine> = rows.iter().map(|row| HoldingLine::of(node, row)).collect();
        let frame = frame.with_banner(rows.iter().map(|row| &row.marking));
        Ok(InPage { frame, rows, is_first: before.is_none(), older })
    })
    .await
}

pub(crate) async fn went_out(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: ListQuery,
) -> Result<Response, Refusal> {
    let before = before(query)?;
    door.page(move |node| {
        let frame = Frame::of(node, &signed, "/out", words::WENT_OUT)?;
        let (found, older) = list(node, &signed.actor, before, true)?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            let view = node.outline(&signed.actor, row.oid)?;
            let deliveries = view.deliveries.iter().map(DeliveryView::of).collect();
            let giver = view.at_home.map(|(giver, _)| clean(&giver));
            rows.push((HoldingLine::of(node, row), deliveries, giver));
        }
        let frame = frame.with_banner(rows.iter().map(|(row, _, _)| &row.marking));
        Ok(OutPage { frame, rows, is_first: before.is_none(), older })
    })
    .await
}
