//! What a reader has here themselves: their passkeys, their codes and their sessions.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use entente_app::AppError;
use entente_app::people::{Ending, Made, Registration, Role, session_id};
use serde::Deserialize;

use super::Frame;
use crate::door::Door;
use crate::passkey::{Asked, digits, site_of};
use crate::refusal::Refusal;
use crate::session::{Came, Signed};
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

/// One passkey.
#[derive(Debug, Clone)]
pub(crate) struct PasskeyLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) at: Moment,
    pub(crate) used: Option<Moment>,
}

/// What a new passkey is made for.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    pub(crate) asked: Asked,
    /// What authenticators know the person by.
    pub(crate) user: String,
}

/// The page.
#[derive(Template)]
#[template(path = "pages/you.html")]
pub(crate) struct YouPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) name: String,
    /// Whether they see who holds what.
    pub(crate) reviews: bool,
    /// Whether they may do nothing but add a passkey.
    pub(crate) is_enrolling: bool,
    /// Whether another authority vouched for them.
    pub(crate) is_vouched: bool,
    pub(crate) passkeys: Vec<PasskeyLine>,
    /// How their codes stand: `none`, `begun` or `confirmed`.
    pub(crate) code: &'static str,
    /// None in a session that no link has just begun.
    pub(crate) making: Option<Making>,
    pub(crate) sessions: Vec<SessionLine>,
    pub(crate) idle: String,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    let site = door.site.clone();
    door.page(move |node| {
        let making = match node.registration(&signed.actor, &signed.secret) {
            Ok(Registration { ticket, user, have }) => Some(Making {
                asked: Asked::new(&site, ticket, ticket.as_bytes(), &have),
                user: user.to_string(),
            }),
            Err(AppError::Forbidden(_)) => None,
            Err(error) => return Err(error),
        };
        let passkeys = node
            .passkeys(&signed.actor, signed.actor.name())?
            .into_iter()
            .map(|passkey| PasskeyLine {
                id: passkey.id.short(),
                name: clean(&passkey.name),
                at: Moment(passkey.at),
                used: passkey.used.map(Moment),
            })
            .collect();
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
            name: signed.actor.name().to_owned(),
            reviews: signed.actor.is(&[Role::SecurityOfficer, Role::Overseer]),
            is_enrolling: signed.actor.is_enrolling(),
            is_vouched: signed.actor.is_vouched(),
            code: node.code_standing(&signed.actor, signed.actor.name())?.as_str(),
            passkeys,
            making,
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
    let form = signed.own(form, |form| &form.token)?;
    let this = session_id(&signed.secret);
    let which = form.session.map_or(Ending::AllBut(Some(this)), Ending::One);
    door.ask(move |node| {
        node.end_sessions(&signed.actor, signed.actor.name(), &which, "").map(drop)
    })
    .await?;
    Ok(Redirect::to("/you").into_response())
}

/// What came back when a passkey was made.
#[derive(Deserialize)]
pub(crate) struct MadeForm {
    token: String,
    ticket: String,
    name: String,
    client: String,
    authenticator: String,
}

pub(crate) async fn add_passkey(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<MadeForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let form = signed.own(form, |form| &form.token)?;
    let made = Made {
        ticket: form.ticket.parse().map_err(|_| Refusal::wrong_address())?,
        name: form.name,
        client_data: digits(&form.client)?,
        authenticator_data: digits(&form.authenticator)?,
    };
    let site = site_of(&door.site);
    door.ask(move |node| node.add_passkey(&signed.actor, &signed.secret, &site, &made)).await?;
    Ok(Redirect::to("/you").into_response())
}

/// The page that shows the secret of new codes, once.
#[derive(Template)]
#[template(path = "pages/code.html")]
pub(crate) struct CodePage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) secret: String,
    pub(crate) address: String,
}

/// A form that says nothing but that it is one of ours, or a code.
#[derive(Deserialize)]
pub(crate) struct CodeForm {
    token: String,
    #[serde(default)]
    code: String,
}

pub(crate) async fn set_up_code(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, Refusal> {
    signed.own(form, |form| &form.token)?;
    door.page(move |node| {
        let made = node.set_up_code(&signed.actor)?;
        Ok(CodePage {
            frame: Frame::of(node, &signed, "/you", words::YOU)?,
            form_token: signed.form_token(),
            secret: made.secret,
            address: made.address,
        })
    })
    .await
}

pub(crate) async fn confirm_code(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Came(arrival): Came,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let form = signed.own(form, |form| &form.token)?;
    door.ask(move |node| node.confirm_code(&signed.actor, &form.code, &arrival)).await?;
    Ok(Redirect::to("/you").into_response())
}

pub(crate) async fn remove_code(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Came(arrival): Came,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let form = signed.own(form, |form| &form.token)?;
    door.ask(move |node| node.remove_code_with_code(&signed.actor, &form.code, &arrival)).await?;
    Ok(Redirect::to("/you").into_response())
}
