//! What was taken back, by us or from us, and who has confirmed it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::people::Actor;
use entente_app::recall::RecallStanding;
use entente_app::{AppError, SqliteNode};

use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, ObjectLink, clean};
use crate::words;

/// One holder's answer.
#[derive(Debug, Clone)]
pub(crate) struct HolderView {
    pub(crate) nation: String,
    pub(crate) state: Tag,
    pub(crate) at: Option<Moment>,
}

/// One recall.
#[derive(Debug, Clone)]
pub(crate) struct RecallLine {
    pub(crate) object: ObjectLink,
    pub(crate) by: String,
    pub(crate) class: &'static str,
    pub(crate) basis: String,
    pub(crate) at: Moment,
    pub(crate) deadline: Moment,
    pub(crate) is_late: bool,
    pub(crate) is_own: bool,
    pub(crate) confirmed: usize,
    pub(crate) holders: Vec<HolderView>,
}

impl RecallLine {
    fn of(node: &SqliteNode, standing: &RecallStanding) -> Self {
        let known = node.known();
        let holders: Vec<HolderView> = standing
            .effects
            .iter()
            .map(|holder| HolderView {
                nation: known.name_of(&holder.nation),
                state: Tag::new(match holder.status {
                    Some(status) => words::effect(status),
                    None if holder.late => ("late", "bad"),
                    None => ("awaited", "care"),
                }),
                at: holder.at.map(Moment),
            })
            .collect();
        let recall = &standing.recall;
        Self {
            object: ObjectLink(recall.oid),
            by: known.name_of(&recall.nation),
            class: words::recall_class(recall.class),
            basis: clean(&recall.basis),
            at: Moment(recall.at),
            deadline: Moment(recall.deadline),
            is_late: standing.effects.iter().any(|holder| holder.late),
            is_own: recall.own,
            confirmed: standing.effects.iter().filter(|h| h.status.is_some()).count(),
            holders,
        }
    }
}

/// Recalls as lines.
pub(crate) fn lines_of(node: &SqliteNode, actor: &Actor) -> Result<Vec<RecallLine>, AppError> {
    Ok(node.recalls(actor)?.iter().map(|standing| RecallLine::of(node, standing)).collect())
}

/// The page.
#[derive(Template)]
#[template(path = "pages/recalls.html")]
pub(crate) struct RecallsPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<RecallLine>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let rows = lines_of(node, &signed.actor)?;
        let frame = Frame::of(node, &signed, "/recalls", words::RECALLS)?;
        Ok(RecallsPage { frame, rows })
    })
    .await
}
