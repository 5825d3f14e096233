//! Server-sent events: each once, from where the reader was, until the session ends.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::browser::Browser;
use crate::world::{World, attack, document};

/// Reads the stream until it holds this text.
async fn until(body: &mut Body, read: &mut String, text: &str) {
    while !read.contains(text) {
        let frame = timeout(Duration::from_secs(20), body.frame())
            .await
            .unwrap_or_else(|_| panic!("`{text}` did not come in: {read}"));
        let frame = frame.unwrap_or_else(|| panic!("the stream ended: {read}")).unwrap();
        read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
}

#[tokio::test]
async fn what_happens_comes_to_the_page_until_the_session_ends() {
    let world = World::quiet();
    let browser = Browser::signed_in(&world, "analyst");
    let first = world.publish("OPEN", &attack(1)).objects[0];
    let overseer = world.actor("overseer");
    let newest = world.node.events(overseer, None, None, 1).unwrap()[0].seq;

    let live = format!("/live?after={newest}");
    let request = browser.request(Method::GET, &live).body(Body::empty()).unwrap();
    let (status, mut body) = browser.open(request).await;
    assert_eq!(status, StatusCode::OK);
    let second = world.publish("OPEN", &attack(1)).objects[0];
    let mut read = String::new();
    until(&mut body, &mut read, "event: counts").await;
    assert!(read.contains(&second.short()) && !read.contains(&first.short()), "{read}");
    assert!(
        read.contains("event: line")
            && read.contains("\\\"own\\\"") | read.contains("\"own\":\"2\"")
    );

    // A browser that comes back names what it saw last, which counts more than the address.
    let request = browser
        .request(Method::GET, &live)
        .header("last-event-id", (newest - 1).to_string())
        .body(Body::empty())
        .unwrap();
    let (_, mut again) = browser.open(request).await;
    let mut reread = String::new();
    until(&mut again, &mut reread, &second.short()).await;
    assert!(reread.contains(&first.short()), "{reread}");

    world.node.sign_out(browser.session.as_deref().unwrap()).unwrap();
    world.publish("OPEN", &attack(1));
    read.clear();
    until(&mut body, &mut read, "event: end").await;
    assert!(!read.contains("event: line"), "{read}");
    assert!(timeout(Duration::from_secs(5), body.frame()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_tells_only_what_its_reader_may_know() {
    let world = World::quiet();
    let session = world.session_of_new("junior", "analyst", "");
    let browser = Browser { session: Some(session), ..Browser::at(&world) };
    let overseer = world.actor("overseer");
    let newest = world.node.events(overseer, None, None, 1).unwrap().first().map_or(0, |e| e.seq);
    let request =
        browser.request(Method::GET, &format!("/live?after={newest}")).body(Body::empty()).unwrap();
    let (_, mut body) = browser.open(request).await;
    let secret = world.publish("SECRET-A", &document(b"hidden", "text/plain")).objects[0];
    let open = world.publish("OPEN", &attack(1)).objects[0];
    let mut read = String::new();
    until(&mut body, &mut read, &open.short()).await;
    assert!(!read.contains(&secret.short()), "{read}");
}

#[tokio::test]
async fn streams_end_when_the_server_closes() {
    let world = World::quiet();
    let (close, closing) = tokio::sync::watch::channel(false);
    let browser = Browser {
        router: entente_web::router_until(
            Arc::clone(&world.node),
            Arc::clone(&world.events),
            crate::browser::site(),
            closing,
            None,
        ),
        ..Browser::signed_in(&world, "analyst")
    };
    let request = browser.request(Method::GET, "/live?after=0").body(Body::empty()).unwrap();
    let (_, mut body) = browser.open(request).await;
    world.publish("OPEN", &attack(1));
    until(&mut body, &mut String::new(), "event: counts").await;
    close.send(true).unwrap();
    assert!(timeout(Duration::from_secs(5), body.frame()).await.unwrap().is_none());
}
