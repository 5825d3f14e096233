//! Signing in at an identity provider, and with a card, through the pages.

use std::sync::Arc;

use axum::Extension;
use entente_app::people::{Badge, Flow, Role, Roles, Vouched};
use entente_model::{Digest, Timestamp};
use entente_web::{Back, Card, IdentityProvider, Pending};
use http::header::{COOKIE, SET_COOKIE};
use http::{Method, StatusCode};

use crate::browser::{Browser, Seen, site};
use crate::world::World;

const ISSUER: &str = "https://id.ministry.example";

/// A provider that takes one code, or does not answer.
#[derive(Debug)]
struct Provider {
    is_down: bool,
}

impl IdentityProvider for Provider {
    fn name(&self) -> &'static str {
        "Ministry <ID>"
    }

    fn way_there<'a>(&'a self, flow: &'a Flow, _now: Timestamp) -> Pending<'a, String> {
        Box::pin(async {
            if self.is_down {
                return Err("Ministry ID cannot be used now".to_owned());
            }
            Ok(format!("{ISSUER}/authorize?state={}", flow.state))
        })
    }

    fn word<'a>(&'a self, back: &'a Back, flow: &'a Flow, _: Timestamp) -> Pending<'a, Vouched> {
        Box::pin(async {
            if back.code.as_deref() != Some("good") || flow.nonce.is_empty() {
                return Err("Ministry ID did not sign you in".to_owned());
            }
            let suffices = Roles::of(&Role::ALL);
            Ok(Vouched::Provider { issuer: ISSUER.to_owned(), subject: "17".to_owned(), suffices })
        })
    }
}

fn browser(world: &World, is_down: bool) -> Browser {
    let (close, closing) = tokio::sync::watch::channel(false);
    std::mem::forget(close);
    let (node, events) = (Arc::clone(&world.node), Arc::clone(&world.events));
    let provider: Arc<dyn IdentityProvider> = Arc::new(Provider { is_down });
    let router = entente_web::router_until(node, events, site(), closing, Some(provider));
    Browser { router, ..Browser::at(world) }
}

fn bind(world: &World, person: &str, badge: &Badge) {
    for by in ["security-1", "security-2"] {
        world.node.add_badge(world.actor(by), person, badge, "has one").unwrap();
    }
}

/// The value of a cookie that an answer sets.
fn cookie(seen: &Seen, name: &str) -> Option<String> {
    let set = seen.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let (_, value) = set.filter_map(|set| set.split_once('=')).find(|(key, _)| *key == name)?;
    Some(value.split(';').next().unwrap().to_owned())
}

/// Comes back from the provider, with what the browser kept.
async fn back(browser: &Browser, way: &str, query: &str) -> Seen {
    let path = format!("/sign-in/provider/back?{query}");
    let request = browser.request(Method::GET, &path);
    // A browser that another site sends sends the lax cookie only.
    let request = request.header(COOKIE, format!("__Host-entente-way={way}"));
    browser.send(request.body(axum::body::Body::empty()).unwrap()).await
}

async fn away(browser: &Browser) -> (String, String) {
    let seen = browser.get("/sign-in/provider").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
    let state = seen.header("location").strip_prefix(&format!("{ISSUER}/authorize?state="));
    (cookie(&seen, "__Host-entente-way").unwrap(), state.unwrap().to_owned())
}

#[tokio::test]
async fn a_person_signs_in_at_a_provider_and_decides_with_a_passkey_only() {
    let world = World::busy();
    let mut browser = browser(&world, false);
    bind(&world, "release-1", &Badge::at_provider(ISSUER, "17"));
    let page = browser.get("/sign-in").await;
    assert!(page.text.contains("Sign in with Ministry &#60;ID&#62;"), "{}", page.text);
    assert!(page.text.contains("href=\"/sign-in/provider\""), "{}", page.text);
    let (way, state) = away(&browser).await;

    let seen = back(&browser, &way, &format!("code=good&state={state}")).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    assert!(seen.text.contains("http-equiv=\"refresh\" content=\"0; url=/\""), "{}", seen.text);
    assert_eq!(cookie(&seen, "__Host-entente-way").as_deref(), Some(""), "of no use any more");
    browser.session = cookie(&seen, "__Host-entente");
    let page = browser.get("/").await;
    assert!(page.text.contains("release-1"), "{}", page.text);
    assert!(browser.get("/you").await.text.contains("Another authority vouched for you"));
    assert!(browser.get("/you").await.text.contains("by identity provider"));

    // What waits is seen; deciding it asks for a passkey, which this person does not have yet.
    let consent = browser.get("/approvals").await.hidden("consent");
    let ask = format!("/act?consent={consent}&answer=refuse&conditions=not+now");
    let page = browser.get(&ask).await;
    assert!(page.text.contains("Without a passkey you decide nothing here"), "{}", page.text);
    let fields = format!("token={}", browser.get("/you").await.hidden("token"));
    assert_eq!(browser.post("/you/code", &fields).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post("/sign-out", &fields).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/you").await.status == StatusCode::SEE_OTHER, "signed out");
}

#[tokio::test]
async fn what_a_browser_brings_back_is_its_own_once_and_for_a_badge() {
    let world = World::quiet();
    let browser = browser(&world, false);
    let (way, state) = away(&browser).await;
    let good = format!("code=good&state={state}");
    let refused = |seen: Seen, why: &str| {
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{why}: {}", seen.text);
        assert!(seen.text.contains(why), "{why}: {}", seen.text);
        assert_eq!(cookie(&seen, "__Host-entente"), None);
        // The page goes on to offer every way to sign in.
        assert!(seen.text.contains("entente person link"), "{}", seen.text);
        world.alliance.clock.advance(61_000);
    };
    let long = format!("{good}&iss={}", "a".repeat(5000));
    refused(back(&browser, "", &good).await, "This browser began no sign-in here");
    refused(back(&browser, &way, "code=good").await, "This browser began no sign-in here");
    refused(back(&browser, &way, &long).await, "This browser began no sign-in here");
    let (_, other) = away(&browser).await;
    refused(back(&browser, &way, &format!("code=good&state={other}")).await, "another sign-in");
    refused(back(&browser, &way, &good).await, "Nobody here has this badge");
    bind(&world, "release-1", &Badge::at_provider(ISSUER, "17"));
    refused(back(&browser, &way, &good).await, "was used already");
    let (way, state) = away(&browser).await;
    let bad = format!("code=bad&state={state}");
    refused(back(&browser, &way, &bad).await, "did not sign you in");
    refused(back(&browser, &way, &format!("code=good&state={state}")).await, "was used already");
    let seen = back(&browser, &way, "code=a&code=b").await;
    refused(seen, "cannot be read");
}

#[tokio::test]
async fn a_provider_that_is_down_leaves_every_other_way_open() {
    let world = World::quiet();
    let mut browser = browser(&world, true);
    let seen = browser.get("/sign-in/provider").await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(seen.text.contains("Ministry ID cannot be used now."), "{}", seen.text);
    let link = world.link("analyst");
    let signed = browser.post("/sign-in", &format!("link={link}")).await;
    browser.session = signed.session();
    assert!(browser.get("/").await.text.contains("analyst"));

    // Where there is none, there is no such page.
    let bare = Browser::at(&world);
    assert!(!bare.get("/sign-in").await.text.contains("/sign-in/provider"));
    for path in ["/sign-in/provider", "/sign-in/provider/back?code=good&state=1"] {
        assert_eq!(bare.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(bare.post("/sign-in/certificate", "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_card_opens_a_session_that_is_none_without_it() {
    let world = World::quiet();
    let bare = Browser::at(&world);
    let with =
        |card: Card| Browser { router: bare.router.clone().layer(Extension(card)), ..bare.clone() };
    let key = Digest::from_array([5; 32]);
    let mut card = with(Card::Good(key));
    assert!(card.get("/sign-in").await.text.contains("Sign in with your card"));
    let unknown = card.post("/sign-in/certificate", "").await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    assert!(unknown.text.contains("Nobody here has this badge"), "{}", unknown.text);
    bind(&world, "legal-1", &Badge::of_key(key, None));
    let signed = card.post("/sign-in/certificate", "").await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);
    card.session = signed.session();
    assert!(card.get("/").await.text.contains("legal-1"));

    // Neither without the card nor with another one, nor with one that is good no longer.
    let refused = Card::Refused("the certificate of your card has ended".to_owned());
    for other in [None, Some(Card::Good(Digest::from_array([6; 32]))), Some(refused.clone())] {
        let mut browser = other.map_or_else(|| bare.clone(), with);
        browser.session.clone_from(&card.session);
        assert_eq!(browser.get("/you").await.status, StatusCode::SEE_OTHER);
    }
    let ended = with(refused);
    let page = ended.get("/").await;
    assert!(page.text.contains("The certificate of your card has ended."), "{}", page.text);
    assert!(!page.text.contains("Sign in with your card"));
    let seen = ended.post("/sign-in/certificate", "").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(seen.text.contains("has ended"), "{}", seen.text);
}
