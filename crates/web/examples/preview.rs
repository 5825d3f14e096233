//! Serves the pages of a node with a past on 127.0.0.1, to look at them while they are made.
//!
//! `cargo run -p entente-web --example preview [busy|quiet|home] [PERSON] [PORT]` prints a one-time
//! link, and a path under which the person is signed in already.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for whoever makes pages")]
#![expect(dead_code, clippy::indexing_slicing, reason = "the world belongs to the tests")]

#[path = "../tests/it/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use entente_app::people::{Post, Role};
use entente_web::{Site, router};
use http::HeaderValue;
use http::header::COOKIE;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let argument = |place: usize, default: &str| {
        arguments.get(place).map_or_else(|| default.to_owned(), Clone::clone)
    };
    let world = match argument(1, "busy").as_str() {
        "quiet" => world::World::quiet(),
        _ => world::World::busy(),
    };
    let mut sessions = BTreeMap::new();
    if argument(1, "busy") == "home" {
        world.arrange_at_home();
        world.share_with_navy(world.objects(true)[0]);
        let seat = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Seat]) };
        let sita = world.session_of("sita", &seat.cleared("SECRET-A"));
        sessions.insert("sita".to_owned(), sita);
        let navy = Post { body: "NAVY-FUSION".to_owned(), ..Post::of(&[Role::Analyst]) };
        let nora = world.session_of("nora", &navy.cleared("SECRET-A"));
        sessions.insert("nora".to_owned(), nora);
    }
    let person = argument(2, "release-1");
    let port: u16 = argument(3, "8391").parse().unwrap();
    let origin = format!("http://xar.localhost:{port}");
    let site = Site { host: "xar.localhost".to_owned(), port, origin: origin.clone() };
    for oid in world.objects(true).into_iter().chain(world.objects(false)) {
        println!("/object/{oid}");
    }
    // Requests of a browser without a session of its own are the person's.
    let session = sessions.remove(&person).unwrap_or_else(|| {
        println!("{origin}/sign-in?link={}", world.link(&person));
        world.session(&person)
    });
    let cookie = HeaderValue::from_str(&format!("__Host-entente={session}")).unwrap();
    let signed_in = from_fn(move |mut request: Request, next: Next| {
        if request.uri().query().is_none_or(|query| !query.contains("nobody")) {
            request.headers_mut().entry(COOKIE).or_insert(cookie.clone());
        }
        next.run(request)
    });
    let pages = router(Arc::clone(&world.node), Arc::clone(&world.events), site).layer(signed_in);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, pages).await.unwrap();
}
