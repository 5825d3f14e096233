//! Who is signed in, how they sign in, and how they sign out.
//!
//! A one-time link opens a page with a button, and only the button uses the link up: programs
//! that look into links do not. The session's secret is in a cookie that no script reads and no
//! other site sends. Its name begins with `__Host-` wherever browsers take secure cookies: over
//! https, and over http on `localhost` names in Chromium and Firefox. Plain http on any other
//! name, which only a laboratory has, gets a cookie without that protection.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use entente_app::AppError;
use entente_app::people::{Actor, TokenKind, action_digest};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, StatusCode};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::Site;
use crate::door::Door;
use crate::pages::Frame;
use crate::refusal::Refusal;

/// As long as the node lets a session last.
const SESSION_SECONDS: u32 = 8 * 3600;
/// Hexadecimal digits of a secret, at most.
const SECRET_CHARS_MAX: usize = 128;

/// A person who is signed in.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) actor: Actor,
    pub(crate) secret: String,
}

impl Signed {
    /// Whether a form with this token is one of this session's pages.
    pub(crate) fn wrote(&self, token: &str) -> bool {
        token.as_bytes().ct_eq(self.form_token().as_bytes()).into()
    }

    /// What forms of this session carry, so that only its own pages can post them.
    pub(crate) fn form_token(&self) -> String {
        action_digest("form", self.secret.as_bytes()).to_string()
    }
}

struct CookieForm {
    name: &'static str,
    attributes: &'static str,
}

fn cookie(site: &Site) -> CookieForm {
    let local = site.host == "localhost" || site.host.ends_with(".localhost");
    if local || site.origin.starts_with("https://") {
        CookieForm {
            name: "__Host-entente",
            attributes: "Path=/; Secure; HttpOnly; SameSite=Strict",
        }
    } else {
        CookieForm { name: "entente", attributes: "Path=/; HttpOnly; SameSite=Strict" }
    }
}

fn secret_of(site: &Site, headers: &HeaderMap) -> Option<String> {
    let name = cookie(site).name;
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, secret)| secret.to_owned())
        .filter(|secret| is_secret(secret))
}

fn is_secret(text: &str) -> bool {
    (1..=SECRET_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Looks who asks. A session that has ended is no session.
pub(crate) async fn identify(
    State(door): State<Arc<Door>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(secret) = secret_of(&door.site, request.headers()) {
        match person(&door, &secret).await {
            Ok(Some(signed)) => {
                request.extensions_mut().insert(signed);
            }
            Ok(None) => {}
            Err(refusal) => return refusal.into_response(),
        }
    }
    next.run(request).await
}

/// The person of a session, while it lasts.
pub(crate) async fn person(door: &Arc<Door>, secret: &str) -> Result<Option<Signed>, Refusal> {
    let secret = secret.to_owned();
    door.ask(move |node| match node.actor(&secret, &[TokenKind::Session]) {
        Ok(actor) => Ok(Some(Signed { actor, secret })),
        Err(AppError::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    })
    .await
}

/// Lets only persons through; others are shown how to sign in.
pub(crate) async fn require(request: Request, next: Next) -> Response {
    if request.extensions().get::<Signed>().is_some() {
        return next.run(request).await;
    }
    if request.uri().path() == "/live" {
        return (StatusCode::UNAUTHORIZED, "sign in first\n").into_response();
    }
    match *request.method() {
        Method::GET | Method::HEAD => Redirect::to("/").into_response(),
        _ => Refusal::not_signed_in().into_response(),
    }
}

/// How to sign in, or the button that does.
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) frame: Frame,
    pub(crate) link: Option<String>,
    pub(crate) problem: Option<&'static str>,
}

impl SignInPage {
    pub(crate) fn answer(self, status: StatusCode) -> Response {
        match self.render() {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Link {
    link: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct FormToken {
    token: String,
}

const NOT_A_LINK: &str =
    "That is not a whole sign-in link. Copy it again, from `http` to the last character.";
const LINK_SPENT: &str = "This link was used already, or is older than 15 minutes. Ask for a new \
     one: each link signs in once.";

/// The secret in what a person pasted: a whole link or its last part.
fn pasted(text: &str) -> Option<String> {
    let text = text.trim();
    let secret = text.rsplit_once("link=").map_or(text, |(_, secret)| secret);
    is_secret(secret).then(|| secret.to_owned())
}

/// Shows the button. Looking at it does not use the link up.
pub(crate) async fn ask(
    State(door): State<Arc<Door>>,
    query: Result<Query<Link>, QueryRejection>,
) -> Response {
    let frame = Frame::outside(&door.node, "/sign-in", crate::words::SIGN_IN);
    let asked = query.ok().and_then(|Query(link)| link.link);
    let link = asked.as_deref().and_then(pasted);
    let problem = (asked.is_some() && link.is_none()).then_some(NOT_A_LINK);
    SignInPage { frame, link, problem }.answer(StatusCode::OK)
}

/// Uses the link up and begins a session.
pub(crate) async fn sign_in(
    State(door): State<Arc<Door>>,
    form: Result<Form<Link>, FormRejection>,
) -> Result<Response, Refusal> {
    let again = |problem| {
        let frame = Frame::outside(&door.node, "/sign-in", crate::words::SIGN_IN);
        SignInPage { frame, link: None, problem: Some(problem) }.answer(StatusCode::FORBIDDEN)
    };
    let link = form.ok().and_then(|Form(form)| form.link).as_deref().and_then(pasted);
    let Some(link) = link else { return Ok(again(NOT_A_LINK)) };
    let session = door
        .ask(move |node| match node.sign_in(&link) {
            Ok(session) => Ok(Some(session)),
            Err(AppError::Forbidden(_)) => Ok(None),
            Err(error) => Err(error),
        })
        .await?;
    let Some(session) = session else { return Ok(again(LINK_SPENT)) };
    Ok(with_cookie(&door.site, &session, SESSION_SECONDS))
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<FormToken>, FormRejection>,
) -> Result<Response, Refusal> {
    let Ok(Form(form)) = form else { return Err(Refusal::foreign_form()) };
    if !signed.wrote(&form.token) {
        return Err(Refusal::foreign_form());
    }
    door.ask(move |node| node.sign_out(&signed.secret)).await?;
    Ok(with_cookie(&door.site, "", 0))
}

fn with_cookie(site: &Site, secret: &str, seconds: u32) -> Response {
    let CookieForm { name, attributes } = cookie(site);
    let mut response = Redirect::to("/").into_response();
    let cookie = format!("{name}={secret}; {attributes}; Max-Age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

#[test]
fn a_pasted_link_is_its_secret() {
    let secret = "ab12".repeat(16);
    let whole = format!(" http://xar.localhost:8080/sign-in?link={secret}\n");
    assert_eq!(pasted(&whole), Some(secret.clone()));
    assert_eq!(pasted(&secret), Some(secret));
    for wrong in ["", "link=", "<script>", "link=ab\"c", &"a".repeat(129)] {
        assert_eq!(pasted(wrong), None, "{wrong}");
    }
}

#[test]
fn cookies_are_bound_to_the_host_wherever_browsers_allow_it() {
    let site = |host: &str, origin: &str| Site {
        host: host.to_owned(),
        port: 8080,
        origin: origin.to_owned(),
    };
    assert_eq!(cookie(&site("xar.localhost", "http://xar.localhost:8080")).name, "__Host-entente");
    assert_eq!(
        cookie(&site("node.xar.example", "https://node.xar.example")).name,
        "__Host-entente"
    );
    let plain = cookie(&site("lab.example", "http://lab.example:8080"));
    assert!(plain.name == "entente" && !plain.attributes.contains("Secure"));
}
