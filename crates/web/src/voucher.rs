//! Signing in on another authority's word: an identity provider's, or that of a certificate.
//!
//! The door only carries: it sends browsers there, takes what they bring back, and asks the node.
//! Who speaks with the provider stands behind [`IdentityProvider`]; who looks at certificates is
//! the server, which says what it found with a [`Card`]. Both open a session for reading and
//! ordinary work; whatever decides asks for a passkey.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use entente_app::AppError;
use entente_app::people::{Arrival, Flow, Ticket, Vouched};
use entente_model::{Digest, Timestamp};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use serde::Deserialize;

use crate::door::Door;
use crate::pages::Frame;
use crate::refusal::Refusal;
use crate::session::{self, Came};
use crate::words::{self, sentence};

/// How long a browser may be away; as long as what it keeps is good.
const AWAY_SECONDS: u64 = 300;
/// The longest code or name that a browser brings back, in bytes.
const BACK_BYTES_MAX: usize = 4096;
/// Where it comes back to.
pub const BACK_PATH: &str = "/sign-in/provider/back";

/// What a provider answers, some time later; or one sentence for whoever signs in.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// A ministry's identity provider.
pub trait IdentityProvider: Send + Sync + fmt::Debug {
    /// What people call it.
    fn name(&self) -> &str;
    /// The address to which a browser is sent.
    fn way_there<'a>(&'a self, flow: &'a Flow, now: Timestamp) -> Pending<'a, String>;
    /// Its word about the person, for what their browser brought back.
    fn word<'a>(&'a self, back: &'a Back, flow: &'a Flow, now: Timestamp) -> Pending<'a, Vouched>;
}

/// What a browser brings back.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Back {
    /// What the provider gives its word for.
    pub code: Option<String>,
    /// Which sign-in it is.
    pub state: Option<String>,
    /// Which provider it is from (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// The certificate that a browser presented, as the server judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Card {
    /// One that is good, by the SHA-256 of its public key.
    Good(Digest),
    /// One that is not, with one sentence for its holder.
    Refused(String),
}

impl Card {
    /// The key of one that is good.
    pub(crate) fn key(&self) -> Option<Digest> {
        match self {
            Self::Good(key) => Some(*key),
            Self::Refused(_) => None,
        }
    }
}

/// The page after a provider's word was taken. A browser that was sent here by another site would
/// not send the new cookie with a redirect; from this page it does.
#[derive(Template)]
#[template(path = "pages/signed_in.html")]
pub(crate) struct SignedInPage {
    pub(crate) frame: Frame,
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Sends the browser to the provider.
pub(crate) async fn go(State(door): State<Arc<Door>>) -> Result<Response, Refusal> {
    let Some(provider) = door.provider.clone() else { return Err(Refusal::wrong_address()) };
    let flow = door.ask(entente_app::Node::begin_flow).await?;
    let there = match provider.way_there(&flow, door.node.now()).await {
        Ok(there) => there,
        Err(why) => return Ok(problem(&door, &why, StatusCode::SERVICE_UNAVAILABLE)),
    };
    let location = HeaderValue::from_str(&there).map_err(|_| Refusal::wrong_address())?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    let cookie = session::cookie_of_way(&door.site, &flow.ticket.to_string(), AWAY_SECONDS);
    set(&mut response, &cookie);
    Ok(response)
}

/// The page to sign in, with what went wrong.
fn problem(door: &Door, why: &str, status: StatusCode) -> Response {
    session::problem(door, sentence(why)).answer(status)
}

/// Takes what a browser brings back from the provider.
pub(crate) async fn back(
    State(door): State<Arc<Door>>,
    Came(arrival): Came,
    headers: HeaderMap,
    query: Result<Query<Back>, QueryRejection>,
) -> Result<Response, Refusal> {
    if door.provider.is_none() {
        return Err(Refusal::wrong_address());
    }
    let outcome = match query {
        Ok(Query(back)) => word(&door, &headers, &arrival, &back).await?,
        Err(_) => Err(AppError::Forbidden(GARBLED.to_owned())),
    };
    let mut response = match outcome {
        Ok(session) => {
            let page = SignedInPage { frame: Frame::outside(&door.node, "/", words::SIGN_IN) };
            let page = page.render().map_err(|_| Refusal::wrong_address())?;
            let mut response = Html(page).into_response();
            set(&mut response, &session::cookie_of_session(&door, &session));
            response
        }
        Err(soon @ AppError::TooSoon(_)) => {
            problem(&door, &soon.to_string(), StatusCode::TOO_MANY_REQUESTS)
        }
        Err(error) => problem(&door, &error.to_string(), StatusCode::FORBIDDEN),
    };
    // What the browser kept is of no use any more, whatever came of it.
    set(&mut response, &session::cookie_of_way(&door.site, "", 0));
    Ok(response)
}

const GARBLED: &str = "what the browser brought back from the provider cannot be read: begin again";

/// The session that a provider's word begins, or why there is none.
async fn word(
    door: &Arc<Door>,
    headers: &HeaderMap,
    arrival: &Arrival,
    back: &Back,
) -> Result<Result<String, AppError>, Refusal> {
    let Some(provider) = door.provider.clone() else { return Err(Refusal::wrong_address()) };
    let short = |text: &Option<String>| text.as_ref().is_none_or(|t| t.len() <= BACK_BYTES_MAX);
    let ticket = session::way_of(&door.site, headers).and_then(|way| way.parse::<Ticket>().ok());
    let fits = [&back.code, &back.state, &back.iss, &back.error].into_iter().all(short);
    let state = back.state.clone().filter(|_| fits);
    let flow = match (ticket, state) {
        (Some(ticket), Some(state)) => {
            let ended = door.ask(move |node| kept(node.end_flow(&ticket, &state))).await?;
            ended.map_err(|error| error.to_string())
        }
        _ => Err("this browser began no sign-in here, or too long ago: begin again".to_owned()),
    };
    let vouched = match flow {
        Ok(flow) => provider.word(back, &flow, door.node.now()).await,
        Err(why) => Err(why),
    };
    let arrival = arrival.clone();
    door.ask(move |node| {
        Ok(match vouched {
            Ok(vouched) => kept(node.sign_in_vouched(&vouched, &arrival))?,
            Err(why) => Err(node.refuse_vouched(why, &arrival)?),
        })
    })
    .await
}

/// What the person is told stays apart from faults.
fn kept<T>(result: Result<T, AppError>) -> Result<Result<T, AppError>, AppError> {
    match result {
        Err(error @ (AppError::Forbidden(_) | AppError::TooSoon(_))) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(value) => Ok(Ok(value)),
    }
}

/// Begins a session for whoever has the card.
pub(crate) async fn with_card(
    State(door): State<Arc<Door>>,
    Came(arrival): Came,
    card: Option<Extension<Card>>,
) -> Result<Response, Refusal> {
    let spki_sha256 = match card {
        Some(Extension(Card::Good(key))) => key,
        Some(Extension(Card::Refused(why))) => {
            return Ok(problem(&door, &why, StatusCode::FORBIDDEN));
        }
        None => return Err(Refusal::wrong_address()),
    };
    let vouched = Vouched::Certificate { spki_sha256 };
    let begun = door.ask(move |node| kept(node.sign_in_vouched(&vouched, &arrival))).await?;
    Ok(match begun {
        Ok(session) => session::with_session(&door, &session),
        Err(soon @ AppError::TooSoon(_)) => {
            problem(&door, &soon.to_string(), StatusCode::TOO_MANY_REQUESTS)
        }
        Err(error) => problem(&door, &error.to_string(), StatusCode::FORBIDDEN),
    })
}
