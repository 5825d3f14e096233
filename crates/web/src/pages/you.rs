//! What a reader has here themselves: their sessions.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use entente_app::people::{Ending, session_id};
use serde::Deserialize;

use super::Frame;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, clean, span};
use crate::words;

/// One session.
#[derive(Debug, Clone)]
pub(crate) struct SessionLine {
    pub(crate) id: String,
    pub(crate) began: Moment,
    pub(crate) seen: Moment,
    pub(crate) ends: Moment,
    pub(crate) how: String,
    pub(crate) source: String,
    pub(crate) agent: String,
    /// Whether it is the one in which this page is shown.
    pub(crate) is_this: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "pages/you.html")]
pub(crate) struct YouPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) sessions: Vec<SessionLine>,
    pub(crate) idle: String,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let this = session_id(&signed.secret);
        let sessions = node
            .sessions(&signed.actor, signed.actor.name())?
            .into_iter()
            .map(|row| SessionLine {
                id: row.digest.short(),
                began: Moment(row.began),
                seen: Moment(row.seen),
                ends: Moment(row.ends),
                how: clean(&words::plain(&row.how)),
                source: clean(&row.source),
                agent: clean(&row.agent),
                is_this: row.digest == this,
            })
            .collect();
        Ok(YouPage {
            frame: Frame::of(node, &signed, "/you", words::YOU)?,
            form_token: signed.form_token(),
            sessions,
            idle: span(node.settings().sessions.idle_millis),
        })
    })
    .await
}

/// Which sessions are to end: one, or all others.
#[derive(Deserialize)]
pub(crate) struct EndForm {
    token: String,
    session: Option<String>,
}

pub(crate) async fn end_sessions(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<EndForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let Ok(Form(form)) = form else { return Err(Refusal::foreign_form()) };
    signed.must_be_own_form(&form.token)?;
    let this = session_id(&signed.secret);
    let which = form.session.map_or(Ending::AllBut(Some(this)), Ending::One);
    door.ask(move |node| {
        node.end_sessions(&signed.actor, signed.actor.name(), &which, "").map(drop)
    })
    .await?;
    Ok(Redirect::to("/you").into_response())
}
