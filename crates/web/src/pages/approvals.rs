//! What waits for a second person, and for a consent.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::gate::{APPROVALS, CONSENTS};
use entente_app::people::{Actor, Deed, Role};
use entente_app::{AppError, SqliteNode};

use super::Frame;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, ObjectLink, clean};
use crate::words;

/// An act that waits for a second person.
#[derive(Debug, Clone)]
pub(crate) struct WaitingLine {
    pub(crate) act: String,
    pub(crate) about: String,
    pub(crate) approvers: String,
    pub(crate) at: Moment,
    /// Whether it can be approved on these pages.
    pub(crate) is_here: bool,
}

/// A partner's request for onward release.
#[derive(Debug, Clone)]
pub(crate) struct AskLine {
    pub(crate) id: i64,
    pub(crate) object: ObjectLink,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) at: Moment,
}

/// The page.
#[derive(Template)]
#[template(path = "pages/approvals.html")]
pub(crate) struct ApprovalsPage {
    pub(crate) frame: Frame,
    pub(crate) waiting: Vec<WaitingLine>,
    pub(crate) asks: Vec<AskLine>,
    /// Whether the reader gives or refuses consents.
    pub(crate) consents: bool,
}

fn waiting(node: &SqliteNode, actor: &Actor) -> Result<Vec<WaitingLine>, AppError> {
    if !actor.is(&APPROVALS) {
        return Ok(Vec::new());
    }
    let line = |row: entente_store::rows::ProposalRow| WaitingLine {
        is_here: Deed::is_for_pages(&row.act) && !row.approvers.iter().any(|by| by == actor.name()),
        act: row.digest.to_string(),
        about: clean(&row.about),
        approvers: clean(&row.approvers.join(", ")),
        at: Moment(row.at),
    };
    Ok(node.proposals(actor)?.into_iter().map(line).collect())
}

fn asks(node: &SqliteNode, actor: &Actor) -> Result<Vec<AskLine>, AppError> {
    if !actor.is(&CONSENTS) {
        return Ok(Vec::new());
    }
    let known = node.known();
    let mut asks = node.asks(actor)?;
    asks.retain(|ask| !ask.ours && ask.state == "waiting");
    let line = |ask: entente_store::rows::AskRow| AskLine {
        id: ask.id,
        object: ObjectLink(ask.oid),
        from: known
            .by_node(&ask.peer)
            .map_or_else(|| ask.peer.short(), |nation| nation.row.code.to_string()),
        to: known.name_of(&ask.to),
        at: Moment(ask.at),
    };
    Ok(asks.into_iter().map(line).collect())
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        Ok(ApprovalsPage {
            waiting: waiting(node, &signed.actor)?,
            asks: asks(node, &signed.actor)?,
            consents: signed.actor.is(&[Role::ReleaseOfficer]),
            frame: Frame::of(node, &signed, "/approvals", words::APPROVALS)?,
        })
    })
    .await
}
