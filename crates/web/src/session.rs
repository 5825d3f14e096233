//! Who is signed in, how they sign in, and how they sign out.
//!
//! A one-time link opens a page with a button, and only the button uses the link up: programs
//! that look into links do not. The session's secret is in a cookie that no script reads and no
//! other site sends. Its name begins with `__Host-` wherever browsers take secure cookies: over
//! https, and over http on `localhost` names in Chromium and Firefox. Plain http on any other
//! name, which only a laboratory has, gets a cookie without that protection.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{ConnectInfo, Form, FromRequestParts, Query, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use entente_app::people::{Actor, Arrival, TokenKind, action_digest};
use entente_app::{AppError, SqliteNode};
use entente_model::Digest;
use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::Site;
use crate::door::Door;
use crate::pages::Frame;
use crate::passkey::{Answered, Asked, site_of};
use crate::refusal::Refusal;
use crate::show::span;
use crate::voucher::Card;
use crate::words::sentence;

/// Hexadecimal digits of a secret, at most.
const SECRET_CHARS_MAX: usize = 128;

/// A person who is signed in.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) actor: Actor,
    pub(crate) secret: String,
    /// The certificate that came with it.
    pub(crate) card: Option<Digest>,
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

    /// A form that one of this session's pages posted, by the token in it.
    pub(crate) fn own<T>(
        &self,
        form: Result<Form<T>, FormRejection>,
        token: fn(&T) -> &str,
    ) -> Result<T, Refusal> {
        match form {
            Ok(Form(form)) if self.wrote(token(&form)) => Ok(form),
            _ => Err(Refusal::foreign_form()),
        }
    }

    /// The same of a form in which people may write more than fits.
    pub(crate) fn own_long<T>(
        &self,
        form: Result<Form<T>, FormRejection>,
        token: fn(&T) -> &str,
    ) -> Result<T, Refusal> {
        match form {
            Err(_) => Err(Refusal::form_too_large()),
            form => self.own(form, token),
        }
    }
}

/// Where a request comes from.
pub(crate) struct Came(pub(crate) Arrival);

impl<S: Sync> FromRequestParts<S> for Came {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        let agent = parts.headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("");
        let address = address_of(peer, &parts.headers);
        let source = address.map(|ip| ip.to_string()).unwrap_or_default();
        Ok(Self(Arrival::new(&source, agent, &address.map(place_of).unwrap_or_default())))
    }
}

/// The address of whoever asks. A proxy on this machine says whom it speaks for at the end of
/// `X-Forwarded-For`; what stands before that, anyone can write.
fn address_of(peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    if peer.is_some_and(|ip| !ip.to_canonical().is_loopback()) {
        return peer.map(|ip| ip.to_canonical());
    }
    let forwarded = headers
        .get_all(HeaderName::from_static("x-forwarded-for"))
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|all| all.rsplit(',').next())
        .and_then(|last| last.trim().parse::<IpAddr>().ok());
    forwarded.or(peer).map(|ip| ip.to_canonical())
}

/// What failures are counted by: one subscriber has 2^64 addresses of the newer kind.
fn place_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(_) => address.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

struct CookieForm {
    name: &'static str,
    attributes: &'static str,
}

/// Whether browsers take secure cookies of this site.
fn takes_secure(site: &Site) -> bool {
    let local = site.host == "localhost" || site.host.ends_with(".localhost");
    local || site.origin.starts_with("https://")
}

fn cookie(site: &Site) -> CookieForm {
    if takes_secure(site) {
        CookieForm {
            name: "__Host-entente",
            attributes: "Path=/; Secure; HttpOnly; SameSite=Strict",
        }
    } else {
        CookieForm { name: "entente", attributes: "Path=/; HttpOnly; SameSite=Strict" }
    }
}

/// What a browser keeps while it is at an identity provider. The provider sends it back from its
/// own site, so it is not a strict one; it opens nothing.
fn way_cookie(site: &Site) -> CookieForm {
    if takes_secure(site) {
        CookieForm {
            name: "__Host-entente-way",
            attributes: "Path=/; Secure; HttpOnly; SameSite=Lax",
        }
    } else {
        CookieForm { name: "entente-way", attributes: "Path=/; HttpOnly; SameSite=Lax" }
    }
}

fn secret_of(site: &Site, headers: &HeaderMap) -> Option<String> {
    cookie_in(headers, cookie(site).name)
}

/// What a browser kept while it was at an identity provider.
pub(crate) fn way_of(site: &Site, headers: &HeaderMap) -> Option<String> {
    cookie_in(headers, way_cookie(site).name)
}

/// The cookie that a browser keeps while it is at an identity provider.
pub(crate) fn cookie_of_way(site: &Site, way: &str, seconds: u64) -> String {
    written(&way_cookie(site), way, seconds)
}

/// The cookie of a session that begins.
pub(crate) fn cookie_of_session(door: &Door, session: &str) -> String {
    let seconds = door.node.settings().sessions.whole_millis / 1000;
    written(&cookie(&door.site), session, seconds)
}

fn written(CookieForm { name, attributes }: &CookieForm, value: &str, seconds: u64) -> String {
    format!("{name}={value}; {attributes}; Max-Age={seconds}")
}

fn cookie_in(headers: &HeaderMap, name: &str) -> Option<String> {
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
        // A page that stays open asks for its news again and again, whether anyone is there or not.
        let is_live = request.uri().path() == "/live";
        let card = request.extensions().get::<Card>().and_then(Card::key);
        let found = if is_live {
            person(&door, &secret, card).await
        } else {
            asks(&door, &secret, card).await
        };
        match found {
            Ok(Some(signed)) => {
                request.extensions_mut().insert(signed);
            }
            Ok(None) => {}
            Err(refusal) => return refusal.into_response(),
        }
    }
    next.run(request).await
}

/// The person of a session in which something is asked for.
async fn asks(
    door: &Arc<Door>,
    secret: &str,
    card: Option<Digest>,
) -> Result<Option<Signed>, Refusal> {
    let secret = secret.to_owned();
    door.ask(move |node| match node.asked_in(&secret, card) {
        Ok(actor) => Ok(Some(Signed { actor, secret, card })),
        Err(AppError::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    })
    .await
}

/// The person of a session, while it lasts.
async fn person(
    door: &Arc<Door>,
    secret: &str,
    card: Option<Digest>,
) -> Result<Option<Signed>, Refusal> {
    let secret = secret.to_owned();
    door.ask(move |node| match node.actor_with(&secret, &[TokenKind::Session], card) {
        Ok(actor) => Ok(Some(Signed { actor, secret, card })),
        Err(AppError::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    })
    .await
}

/// Lets only persons through; others are shown how to sign in.
pub(crate) async fn require(request: Request, next: Next) -> Response {
    if let Some(signed) = request.extensions().get::<Signed>() {
        let path = request.uri().path();
        let own = path == "/sign-out" || path == "/you" || path.starts_with("/you/");
        if signed.actor.is_enrolling() && !own {
            return Redirect::to("/you").into_response();
        }
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

/// Turns away whoever sits here for another nation, from pages about this one.
pub(crate) async fn refuse_seats(request: Request, next: Next) -> Response {
    let seated = request.extensions().get::<Signed>().is_some_and(|s| s.actor.is_seated());
    if seated { Refusal::not_for_seats().into_response() } else { next.run(request).await }
}

/// How to sign in, or the button that does.
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) frame: Frame,
    pub(crate) link: Option<String>,
    /// Whether the link is good with a code only.
    pub(crate) needs_code: bool,
    pub(crate) problem: Option<String>,
    /// For how long one is signed in.
    pub(crate) lasts: String,
    /// What a passkey is asked.
    pub(crate) asked: Asked,
    /// What people call the identity provider, if there is one.
    pub(crate) provider: Option<String>,
    /// Whether a certificate was presented that is good.
    pub(crate) has_card: bool,
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
    /// Of an authenticator app.
    code: Option<String>,
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

fn sign_in_page(door: &Door, link: Option<String>, problem: Option<String>) -> SignInPage {
    let frame = Frame::outside(&door.node, "/sign-in", crate::words::SIGN_IN);
    let limits = door.node.settings().sessions;
    let lasts =
        format!("{}, or {} without use", span(limits.whole_millis), span(limits.idle_millis));
    let ticket = door.node.ticket_to_sign_in();
    let asked = Asked::new(&door.site, ticket, ticket.as_bytes(), &[]);
    let provider = door.provider.as_ref().map(|provider| provider.name().to_owned());
    SignInPage { frame, link, needs_code: false, problem, lasts, asked, provider, has_card: false }
}

/// How to sign in.
pub(crate) fn how(door: &Door, card: Option<&Card>) -> SignInPage {
    let problem = match card {
        Some(Card::Refused(why)) => Some(sentence(why)),
        _ => None,
    };
    let has_card = card.is_some_and(|card| card.key().is_some());
    SignInPage { has_card, ..sign_in_page(door, None, problem) }
}

/// How to sign in, and what went wrong.
pub(crate) fn problem(door: &Door, problem: String) -> SignInPage {
    sign_in_page(door, None, Some(problem))
}

/// Shows the button. Looking at it does not use the link up.
pub(crate) async fn ask(
    State(door): State<Arc<Door>>,
    card: Option<Extension<Card>>,
    query: Result<Query<Link>, QueryRejection>,
) -> Response {
    if query.as_ref().is_ok_and(|query| query.link.is_none()) {
        return how(&door, card.as_deref()).answer(StatusCode::OK);
    }
    let asked = query.ok().and_then(|Query(link)| link.link);
    let link = asked.as_deref().and_then(pasted);
    let problem = (asked.is_some() && link.is_none()).then(|| NOT_A_LINK.to_owned());
    with_link(&door, link, problem).await.map(|page| page.answer(StatusCode::OK)).into_response()
}

/// The page with a link that is ready, and with a field for a code if it needs one.
async fn with_link(
    door: &Arc<Door>,
    link: Option<String>,
    problem: Option<String>,
) -> Result<SignInPage, Refusal> {
    let needs_code = match link.clone() {
        Some(link) => door.ask(move |node| node.link_needs_code(&link)).await?,
        None => false,
    };
    Ok(SignInPage { needs_code, ..sign_in_page(door, link, problem) })
}

/// Uses the link up and begins a session.
pub(crate) async fn sign_in(
    State(door): State<Arc<Door>>,
    Came(arrival): Came,
    form: Result<Form<Link>, FormRejection>,
) -> Result<Response, Refusal> {
    let Link { link, code } = form.map_or(Link { link: None, code: None }, |Form(form)| form);
    let link = link.as_deref().and_then(pasted);
    let Some(link) = link else {
        let page = sign_in_page(&door, None, Some(NOT_A_LINK.to_owned()));
        return Ok(page.answer(StatusCode::FORBIDDEN));
    };
    let again = link.clone();
    let begin = begin(&door, Some(again), move |node| {
        let needs_code = node.link_needs_code(&link)?;
        match node.sign_in(&link, code.as_deref(), &arrival) {
            Err(AppError::Forbidden(_)) if !needs_code => {
                Err(AppError::Forbidden(LINK_SPENT.to_owned()))
            }
            other => other,
        }
    });
    begin.await
}

/// Begins a session for whoever has the passkey.
pub(crate) async fn sign_in_with_passkey(
    State(door): State<Arc<Door>>,
    Came(arrival): Came,
    form: Result<Form<Answered>, FormRejection>,
) -> Result<Response, Refusal> {
    let Ok(Form(form)) = form else { return Err(Refusal::foreign_form()) };
    let (used, site) = (form.used()?, site_of(&door.site));
    begin(&door, None, move |node| node.sign_in_with_passkey(&site, &used, &arrival)).await
}

/// Begins a session, or says on the same page why not. A link that needs a code stays on the page:
/// it is not used up by a wrong one.
async fn begin(
    door: &Arc<Door>,
    link: Option<String>,
    sign_in: impl FnOnce(&SqliteNode) -> entente_app::Result<String> + Send + 'static,
) -> Result<Response, Refusal> {
    let session = door
        .ask(move |node| match sign_in(node) {
            Ok(session) => Ok(Ok(session)),
            Err(AppError::Forbidden(why)) => Ok(Err((StatusCode::FORBIDDEN, why))),
            Err(soon @ AppError::TooSoon(_)) => {
                Ok(Err((StatusCode::TOO_MANY_REQUESTS, soon.to_string())))
            }
            Err(error) => Err(error),
        })
        .await?;
    Ok(match session {
        Ok(session) => with_session(door, &session),
        Err((status, why)) => {
            let page = with_link(door, link, Some(sentence(&why))).await?;
            let link = page.link.clone().filter(|_| page.needs_code);
            SignInPage { link, ..page }.answer(status)
        }
    })
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    form: Result<Form<FormToken>, FormRejection>,
) -> Result<Response, Refusal> {
    signed.own(form, |form| &form.token)?;
    door.ask(move |node| node.sign_out(&signed.secret)).await?;
    Ok(with_cookie(&door.site, "", 0))
}

/// To the first page, with the cookie of a session that begins.
pub(crate) fn with_session(door: &Door, session: &str) -> Response {
    let seconds = door.node.settings().sessions.whole_millis / 1000;
    with_cookie(&door.site, session, seconds)
}

fn with_cookie(site: &Site, secret: &str, seconds: u64) -> Response {
    let mut response = Redirect::to("/").into_response();
    let cookie = written(&cookie(site), secret, seconds);
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
fn only_a_proxy_on_this_machine_speaks_for_others() {
    let check = |peer: Option<&str>, forwarded: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        let address = address_of(peer.map(|ip| ip.parse().unwrap()), &headers);
        address.map(place_of).unwrap_or_default()
    };
    assert_eq!(check(Some("127.0.0.1"), &["10.9.9.9, 192.0.2.7"]), "192.0.2.7");
    assert_eq!(check(Some("127.0.0.1"), &["10.9.9.9", "192.0.2.7"]), "192.0.2.7");
    assert_eq!(check(Some("127.0.0.1"), &["192.0.2.7, nonsense"]), "127.0.0.1");
    assert_eq!(check(Some("198.51.100.1"), &["192.0.2.7"]), "198.51.100.1");
    assert_eq!(check(Some("::ffff:198.51.100.1"), &["192.0.2.7"]), "198.51.100.1");
    assert_eq!(check(Some("::1"), &["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::/64");
    assert_eq!(check(None, &[]), "");
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
