//! Pages for people.
//!
//! Everything a person sees in a browser is rendered here, on the server, from what the node's
//! gate gave for that person: handlers ask `entente-app` as an [`Actor`] and never the store. The
//! pages work without JavaScript; with it they are live. INVARIANT: every answer carries the
//! headers of `guard`, every route stands in one table with who may use it ([`routes`]), and
//! foreign text reaches a page only through templates that escape it.
//!
//! | Module | For |
//! | --- | --- |
//! | `door` | what all handlers share; calls of the node on blocking threads, bounded |
//! | `guard` | host check, same-origin check, security headers |
//! | `session` | who is signed in; sign-in and sign-out |
//! | `voucher` | signing in on the word of an identity provider or a certificate |
//! | `passkey` | what a form asks a passkey, and what comes back |
//! | `pages` | one module per page |
//! | `live` | server-sent events |
//! | `show`, `words` | how things look and what they are called |
//! | `refusal` | what people read when something cannot be done |
//!
//! [`Actor`]: entente_app::people::Actor

mod assets;
mod door;
mod guard;
mod live;
mod pages;
mod passkey;
mod refusal;
mod session;
mod show;
mod voucher;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use entente_app::SqliteNode;
use http::Method;
use tokio::sync::{Notify, watch};

use crate::door::Door;
pub use crate::voucher::{BACK_PATH, Back, Card, IdentityProvider, Pending};

/// Where the pages are.
#[derive(Debug, Clone)]
pub struct Site {
    /// The host name that browsers ask for, such as `xar.localhost`.
    pub host: String,
    /// The port that browsers ask at.
    pub port: u16,
    /// Both with the scheme, such as `http://xar.localhost:8080`. Behind a proxy that ends TLS
    /// it is the proxy's `https://…`.
    pub origin: String,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone who reaches the port.
    Anyone,
    /// A person who is signed in; what they see is up to the gate.
    Person,
    /// The same, or whoever sits here for another nation.
    Seated,
}

/// The largest form.
const FORM_BYTES_MAX: usize = 64 << 10;

type Handler = MethodRouter<Arc<Door>>;

/// Every route there is.
fn table() -> Vec<(Method, &'static str, Access, Handler)> {
    use Access::{Anyone, Person, Seated};
    vec![
        (Method::GET, "/", Anyone, get(pages::overview::page)),
        (Method::GET, "/sign-in", Anyone, get(session::ask)),
        (Method::POST, "/sign-in", Anyone, post(session::sign_in)),
        (Method::POST, "/sign-in/passkey", Anyone, post(session::sign_in_with_passkey)),
        (Method::GET, "/sign-in/provider", Anyone, get(voucher::go)),
        (Method::GET, BACK_PATH, Anyone, get(voucher::back)),
        (Method::POST, "/sign-in/certificate", Anyone, post(voucher::with_card)),
        (Method::POST, "/sign-out", Seated, post(session::sign_out)),
        (Method::GET, "/you", Seated, get(pages::you::page)),
        (Method::POST, "/you/sessions", Seated, post(pages::you::end_sessions)),
        (Method::POST, "/you/passkeys", Seated, post(pages::you::add_passkey)),
        (Method::POST, "/you/code", Seated, post(pages::you::set_up_code)),
        (Method::POST, "/you/code/confirm", Seated, post(pages::you::confirm_code)),
        (Method::POST, "/you/code/remove", Seated, post(pages::you::remove_code)),
        (Method::GET, "/approvals", Person, get(pages::approvals::page)),
        (Method::GET, "/glass", Person, get(pages::glass::page)),
        (Method::GET, "/review", Person, get(pages::review::page)),
        (Method::GET, "/act", Person, get(pages::act::page)),
        (Method::POST, "/act", Person, post(pages::act::carry_out)),
        (Method::GET, "/in", Seated, get(pages::holdings::came_in)),
        (Method::GET, "/out", Seated, get(pages::holdings::went_out)),
        (Method::GET, "/refused", Person, get(pages::refused::page)),
        (Method::GET, "/object/{oid}", Seated, get(pages::object::page)),
        (Method::GET, "/object/{oid}/proof", Person, get(pages::proof::file)),
        (Method::GET, "/preview", Person, get(pages::preview::page)),
        (Method::POST, "/preview", Person, post(pages::preview::asked)),
        (Method::POST, "/preview/nations", Person, post(pages::preview::nations)),
        (Method::GET, "/agreements", Person, get(pages::agreements::page)),
        (Method::GET, "/agreements/draft", Person, get(pages::draft::page)),
        (Method::POST, "/agreements/draft", Person, post(pages::draft::tried)),
        (Method::GET, "/agreement/{id}", Person, get(pages::agreements::one)),
        (Method::GET, "/agreement/{id}/changes", Person, get(pages::agreements::changes)),
        (Method::GET, "/law/{id}", Person, get(pages::agreements::law)),
        (Method::GET, "/recalls", Person, get(pages::recalls::page)),
        (Method::GET, "/links", Person, get(pages::links::page)),
        (Method::GET, "/events", Person, get(pages::events::page)),
        (Method::GET, "/live", Seated, get(live::stream)),
        (Method::GET, "/assets/entente.css", Anyone, get(assets::style)),
        (Method::GET, "/assets/live.js", Anyone, get(assets::script)),
        (Method::GET, "/assets/passkey.js", Anyone, get(assets::passkey)),
        (Method::GET, "/assets/preview.js", Anyone, get(assets::preview)),
        (Method::GET, "/assets/mark.svg", Anyone, get(assets::mark)),
    ]
}

/// Every route with who may use it: a golden table for tests and documents.
pub fn routes() -> Vec<(Method, &'static str, Access)> {
    table().into_iter().map(|(method, path, access, _)| (method, path, access)).collect()
}

/// The pages of one node. `events` is notified (`notify_waiters`) when there are new events.
///
/// Live pages hold their connections as long as they are open; a server that wants to close
/// before its readers do uses [`router_until`].
pub fn router(node: Arc<SqliteNode>, events: Arc<Notify>, site: Site) -> Router {
    routed(Door::new(node, events, site, None, None))
}

/// The pages of one node, whose live streams end when `closing` becomes true or its sender goes,
/// and where people may sign in at an identity provider, if there is one.
pub fn router_until(
    node: Arc<SqliteNode>,
    events: Arc<Notify>,
    site: Site,
    closing: watch::Receiver<bool>,
    provider: Option<Arc<dyn IdentityProvider>>,
) -> Router {
    routed(Door::new(node, events, site, Some(closing), provider))
}

fn routed(door: Door) -> Router {
    let door = Arc::new(door);
    let mut router = Router::new();
    for (_, path, access, handler) in table() {
        let handler = match access {
            Access::Anyone => handler,
            Access::Seated => handler.route_layer(from_fn(session::require)),
            Access::Person => handler
                .route_layer(from_fn(session::refuse_seats))
                .route_layer(from_fn(session::require)),
        };
        router = router.route(path, handler);
    }
    router
        .fallback(refusal::nowhere)
        .method_not_allowed_fallback(refusal::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&door), session::identify))
        .layer(from_fn(guard::same_origin))
        .layer(from_fn_with_state(Arc::clone(&door), guard::host))
        .layer(from_fn(guard::headers))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(door)
}
