//! Who gets in, what every answer carries, and what each reader sees.

use std::sync::Arc;

use axum::body::Body;
use entente_api::commands::{self, Commands};
use entente_api::local::LocalService as _;
use entente_app::people::{Post, Role};
use entente_exchange::evidence::EvidenceFile;
use entente_exchange::state::ObjectState;
use entente_web::{Access, routes};
use http::{Method, StatusCode};
use serde_json::json;

use crate::browser::Browser;
use crate::world::{World, attack, document};

/// A path that fits a route.
fn path_of(route: &str) -> String {
    route.replace("{oid}", &"ab".repeat(32))
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_every_route_asks_who_it_is() {
    let world = World::quiet();
    let stranger = Browser::at(&world);
    let wrong_name = Browser { host: "evil.example".to_owned(), ..stranger.clone() };
    let expired = Browser { session: Some("0".repeat(64)), ..stranger.clone() };
    let mut table = Vec::new();
    for (method, route, access) in routes() {
        let path = path_of(route);
        for browser in [&stranger, &wrong_name, &expired] {
            let seen = match method {
                Method::POST => browser.post(&path, "").await,
                _ => browser.get(&path).await,
            };
            let csp = seen.header("content-security-policy");
            assert!(csp.starts_with("default-src 'none'; script-src 'self';"), "{path}: {csp}");
            assert!(csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"), "{csp}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-embedder-policy", "require-corp"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(seen.header(name), value, "{path}");
            }
            assert!(seen.header("permissions-policy").contains("camera=()"), "{path}");
            if !path.starts_with("/assets/") {
                assert_eq!(seen.header("cache-control"), "no-store", "{path}");
            }
            if browser.host == wrong_name.host {
                assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
                assert!(seen.text.contains("http://xar.localhost:8080"), "{path}");
                continue;
            }
            if access != Access::Anyone {
                match (&method, route) {
                    (_, "/live") => assert_eq!(seen.status, StatusCode::UNAUTHORIZED),
                    (&Method::POST, _) => assert_eq!(seen.status, StatusCode::FORBIDDEN),
                    _ => {
                        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{path}");
                        assert_eq!(seen.header("location"), "/", "{path}");
                    }
                }
                assert!(!seen.text.contains("analyst"), "{path}");
            }
        }
        table.push(format!("{method} {route} {access:?}"));
    }
    // The table of routes is read when it changes.
    assert_eq!(
        table,
        [
            "GET / Anyone",
            "GET /sign-in Anyone",
            "POST /sign-in Anyone",
            "POST /sign-in/passkey Anyone",
            "GET /sign-in/provider Anyone",
            "GET /sign-in/provider/back Anyone",
            "POST /sign-in/certificate Anyone",
            "POST /sign-out Seated",
            "GET /you Seated",
            "POST /you/sessions Seated",
            "POST /you/passkeys Seated",
            "POST /you/code Seated",
            "POST /you/code/confirm Seated",
            "POST /you/code/remove Seated",
            "GET /approvals Person",
            "GET /glass Person",
            "GET /review Person",
            "GET /act Person",
            "POST /act Person",
            "GET /in Seated",
            "GET /out Seated",
            "GET /refused Person",
            "GET /object/{oid} Seated",
            "GET /object/{oid}/proof Person",
            "GET /preview Person",
            "POST /preview Person",
            "POST /preview/nations Person",
            "GET /agreements Person",
            "GET /agreements/draft Person",
            "POST /agreements/draft Person",
            "GET /agreement/{id} Person",
            "GET /agreement/{id}/changes Person",
            "GET /law/{id} Person",
            "GET /recalls Person",
            "GET /links Person",
            "GET /events Person",
            "GET /live Seated",
            "GET /assets/entente.css Anyone",
            "GET /assets/live.js Anyone",
            "GET /assets/passkey.js Anyone",
            "GET /assets/preview.js Anyone",
            "GET /assets/mark.svg Anyone",
        ]
    );

    for (path, status) in
        [("/nowhere", StatusCode::NOT_FOUND), ("/sign-out", StatusCode::METHOD_NOT_ALLOWED)]
    {
        let seen = stranger.get(path).await;
        assert_eq!(seen.status, status);
        assert!(seen.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(seen.text.contains("To the overview"), "{path}");
    }
    let seen = stranger.post("/sign-in", &"a".repeat(10_000)).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_link_signs_in_once_and_a_session_ends() {
    let world = World::quiet();
    let mut browser = Browser::at(&world);
    let explained = browser.get("/").await;
    assert_eq!(explained.status, StatusCode::OK);
    assert!(explained.text.contains("entente person link"));

    // Looking at the link, however often, does not use it up.
    let link = world.link("analyst");
    let mut page = browser.get(&format!("/sign-in?link={link}")).await;
    page = browser.get(&format!("/sign-in?link={}", page.hidden("link"))).await;
    assert_eq!(page.hidden("link"), link);
    let form = format!("link={link}");

    // A form of another site does not sign in.
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("accept", "*/*"),
    ] {
        let request = browser
            .request(Method::POST, "/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(name, value);
        let seen = browser.send(request.body(Body::from(form.clone())).unwrap()).await;
        assert_eq!((seen.status, seen.session()), (StatusCode::FORBIDDEN, None), "{name}: {value}");
    }

    let signed = browser.post("/sign-in", &form).await;
    assert_eq!((signed.status, signed.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = signed.header("set-cookie");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=28800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let again = browser.post("/sign-in", &form).await;
    assert_eq!((again.status, again.session()), (StatusCode::FORBIDDEN, None));
    for _ in 0..3 {
        browser.post("/sign-in", &form).await;
    }
    let soon = browser.post("/sign-in", &form).await;
    assert_eq!(soon.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(soon.text.contains("Too many failed sign-ins: wait 1 s"), "{}", soon.text);
    assert!(again.text.contains("used already"));
    let garbled = browser.post("/sign-in", "link=%22%3E%3Cscript%3E").await;
    assert_eq!(garbled.status, StatusCode::FORBIDDEN);
    assert!(!garbled.text.contains("<script>"));

    browser.session = signed.session();
    let home = browser.get("/").await;
    assert!(home.text.contains("<strong>analyst</strong>"));
    // A credential or a link is not a session.
    let other = Browser { session: Some(world.link("analyst")), ..browser.clone() };
    assert_eq!(other.get("/in").await.status, StatusCode::SEE_OTHER);

    // Signing out needs the page's own token.
    for form in ["", "token=", "token=abc"] {
        assert_eq!(browser.post("/sign-out", form).await.status, StatusCode::FORBIDDEN, "{form}");
    }
    assert_eq!(browser.get("/in").await.status, StatusCode::OK);
    let out = browser.post("/sign-out", &format!("token={}", home.hidden("token"))).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/in").await.status, StatusCode::SEE_OTHER);

    // A session lasts a quarter of an hour without a question; a page that stays open asks none.
    browser.session = Some(world.session("analyst"));
    world.alliance.clock.advance(15 * 60_000 - 1000);
    let live = browser.request(Method::GET, "/live?after=0").body(Body::empty()).unwrap();
    assert_eq!(browser.open(live).await.0, StatusCode::OK);
    world.alliance.clock.advance(1000);
    assert_eq!(browser.get("/in").await.status, StatusCode::SEE_OTHER);
    // And a link fifteen minutes.
    let link = world.link("analyst");
    world.alliance.clock.advance(15 * 60_000);
    assert_eq!(
        browser.post("/sign-in", &format!("link={link}")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn pages_of_a_new_node_say_what_to_do_next() {
    let world = World::quiet();
    let browser = Browser::signed_in(&world, "analyst");
    for (path, advice) in [
        ("/", "entente introduce"),
        ("/in", "Nothing has come in yet"),
        ("/out", "--dry-run"),
        ("/refused", "Nothing was refused"),
        ("/agreements", "entente agreement propose"),
        ("/agreements/draft", "Nothing is offered, loaded or kept here"),
        ("/recalls", "entente recall"),
        ("/links", "sixteen words"),
        ("/events", "All"),
    ] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}");
        assert!(seen.text.contains(advice) || path == "/events", "{path}");
        assert!(seen.text.contains("aria-current=\"page\""), "{path}");
    }
    for path in ["/in?before=x", "/events?before=99999999999999999999"] {
        assert_eq!(browser.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_page_never_knows_more_than_its_reader() {
    let world = World::quiet();
    let hostile = b"<script>alert(1)</script>\xe2\x80\xae";
    let secret = world.publish("SECRET-A", &document(hostile, "text/html")).objects[0];
    let open = world.publish("OPEN", &attack(1)).objects[0];
    let path = format!("/object/{secret}");

    let analyst = Browser::signed_in(&world, "analyst");
    let seen = analyst.get(&path).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert_eq!(seen.text.matches("class=\"banner level-3\"").count(), 2);
    assert!(!seen.text.contains("<script>alert") && seen.text.contains("alert(1)"));
    assert!(seen.text.contains("U+202E"));
    assert!(seen.header("content-type").starts_with("text/html"));

    let junior =
        Browser { session: Some(world.session_of_new("junior", "analyst", "")), ..analyst.clone() };
    assert_eq!(junior.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(junior.get(&format!("/object/{open}")).await.status, StatusCode::OK);
    for path in ["/", "/out", "/events", "/refused"] {
        let (full, reduced) = (analyst.get(path).await, junior.get(path).await);
        assert_eq!(reduced.status, StatusCode::OK, "{path}");
        assert!(path == "/refused" || full.text.contains(&secret.short()), "{path}");
        assert!(!reduced.text.contains(&secret.short()), "{path}");
    }
    for wrong in ["/object/xyz", "/object/%00", &format!("/object/{}", "00".repeat(32))] {
        assert_eq!(junior.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }

    let operator = Browser::signed_in(&world, "operator");
    for path in ["/in", "/out", "/recalls", &path] {
        let seen = operator.get(path).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{path}");
        assert!(seen.text.contains("that needs the role"), "{path}");
    }
    for path in ["/", "/events"] {
        let seen = operator.get(path).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(!seen.text.contains(&open.short()), "{path}");
    }
}

#[tokio::test]
async fn a_liaison_seat_has_pages_and_commands_for_what_went_to_its_nation_alone() {
    let world = World::busy();
    let post = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Seat]).cleared("SECRET-A") };
    let (credential, session) = world.secrets_of("sita", &post);
    let seat = Browser { session: Some(session), ..Browser::at(&world) };
    let home = seat.get("/").await;
    assert_eq!((home.status, home.header("location")), (StatusCode::SEE_OTHER, "/out"));
    let out = seat.get("/out").await;
    assert!(out.text.contains("XBR") && !out.text.contains("XCO"), "{}", out.text);
    assert!(!out.text.contains("/agreements") && !out.text.contains("/links"), "{}", out.text);

    let own = world.node.objects(world.actor("overseer"), None, 100, Some(true)).unwrap();
    let (mut given, mut hidden) = (0, 0);
    for row in own {
        let released = row.released_to.iter().any(|code| code == "XBR");
        let state = ObjectState::from_code(row.state.into()).unwrap();
        let seen = seat.get(&format!("/object/{}", row.oid)).await;
        if released && state.recalled().is_none() && row.class < 3 {
            assert_eq!(seen.status, StatusCode::OK, "{row:?}");
            assert!(seen.text.contains("Under which terms your nation has it"));
            for other in ["XCO", "XDO", "/proof", "Held for", "entente verify", "ledger entry"] {
                assert!(!seen.text.contains(other), "{other}: {}", seen.text);
            }
            given += 1;
        } else if !released {
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{row:?}");
            assert!(!out.text.contains(&row.oid.short()));
            hidden += 1;
        }
    }
    assert!(given > 0 && hidden > 0, "{given} {hidden}");

    for (method, route, access) in routes() {
        if method == Method::GET && access == Access::Person {
            let seen = seat.get(&path_of(route).replace("{id}", &"00".repeat(32))).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{route}");
            assert!(seen.text.contains("Not for a liaison seat"), "{route}");
        }
    }
    let commands = Commands::new(Arc::clone(&world.node));
    for name in commands::NAMES.into_iter().filter(|name| !commands::SEATED.contains(name)) {
        let refused = commands.command(Some(&credential), name, json!({})).unwrap_err();
        assert_eq!(refused.status, 403, "{name}");
        assert!(refused.message.contains("a liaison seat"), "{name}: {refused:?}");
    }
    let listed =
        commands.command(Some(&credential), "objects.list", json!({ "own": true })).unwrap();
    assert_eq!(listed["objects"].as_array().unwrap().len(), given, "{listed}");
    let shown = commands.command(Some(&credential), "person.show", json!({ "name": "analyst" }));
    assert_eq!(shown.unwrap_err().status, 404);
}

#[tokio::test]
async fn an_object_shared_at_home_says_with_whom_and_under_which_terms() {
    let world = World::quiet();
    world.arrange_at_home();
    let shared = world.publish("SERVICE", &document(b"for both", "text/plain")).objects[0];
    let kept = world.publish("SERVICE", &document(b"for one", "text/plain")).objects[0];
    world.share_with_navy(shared);
    let navy =
        Post { body: "NAVY-FUSION".to_owned(), ..Post::of(&[Role::Analyst]).cleared("SECRET-A") };
    let navy = Browser { session: Some(world.session_of("nora", &navy)), ..Browser::at(&world) };
    let path = format!("/object/{shared}");
    let seen = navy.get(&path).await;
    assert_eq!(seen.status, StatusCode::OK);
    for text in
        ["Under which terms your agency has it", "Shared by", "XAR-DSA/", "delete by", "for both"]
    {
        assert!(seen.text.contains(text), "{text}: {}", seen.text);
    }
    assert!(!seen.text.contains("Shared at home"));
    assert!(navy.get("/out").await.text.contains("shared by CERT-A"));
    assert_eq!(navy.get(&format!("/object/{kept}")).await.status, StatusCode::NOT_FOUND);

    let seen = Browser::signed_in(&world, "analyst").get(&path).await;
    for text in ["Shared at home", "holds it", "Held for", "CERT-A, NAVY-FUSION"] {
        assert!(seen.text.contains(text), "{text}: {}", seen.text);
    }
    assert!(!seen.text.contains("Under which terms your agency"));
    // The preview names the agency as it names nations.
    let form = "label=SERVICE&purpose=cyber_defence&to=XAR%2FNAVY-FUSION";
    let analyst = Browser::signed_in(&world, "analyst");
    let page = analyst.get("/preview").await;
    let form = format!("{form}&token={}", page.hidden("token"));
    let seen = analyst.post("/preview/nations", &form).await;
    assert!(seen.text.contains("NAVY-FUSION") && seen.text.contains("1 of 1"), "{}", seen.text);
}

#[tokio::test]
async fn a_busy_node_shows_what_it_did_and_why() {
    let world = World::busy();
    let officer = Browser::signed_in(&world, "release-1");
    let home = officer.get("/").await;
    for fact in ["recall late", "consent asked", "second person", "ESM-MISA", "https://xbr.example"]
    {
        assert!(home.text.contains(fact), "{fact}");
    }
    let came = officer.get("/in").await;
    assert!(
        came.text.contains("delete by") || came.text.contains("nothing beyond"),
        "{}",
        came.text
    );
    let out = officer.get("/out").await;
    assert!(out.text.contains("receipted") && out.text.contains("queued"));
    let recalls = officer.get("/recalls").await;
    assert!(recalls.text.contains("erased") && recalls.text.contains("late"));
    let refused = officer.get("/refused").await;
    assert!(refused.text.contains("class=\"reasons\""), "{}", refused.text);
    assert!(officer.get("/links").await.text.contains("Who has seen whose ledger"));
    for oid in world.objects(true).into_iter().chain(world.objects(false)) {
        let seen = officer.get(&format!("/object/{oid}")).await;
        assert_eq!(seen.status, StatusCode::OK, "{oid}");
        assert!(seen.text.contains("class=\"banner"), "{oid}");
    }
    for oid in world.objects(false) {
        // What the page offers is a file that convinces whoever knows the sender.
        let offered = format!("/object/{oid}/proof");
        assert!(officer.get(&format!("/object/{oid}")).await.text.contains(&offered), "{oid}");
        let seen = officer.get(&offered).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
        let name = format!("attachment; filename=\"{}-release.tlog-proof\"", oid.short());
        assert_eq!(seen.header("content-disposition"), name);
        let (file, seal) = EvidenceFile::read(&seen.text).unwrap();
        let proven = file.verify(&seal, None, world.node.now()).unwrap();
        assert_eq!((proven.link.oid, proven.manifest), (oid, None));
        for wrong in ["of=theft", "to=Brenmark"] {
            let seen = officer.get(&format!("{offered}?{wrong}")).await;
            assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }
    for text in [&home.text, &came.text, &out.text, &refused.text, &recalls.text] {
        assert!(!text.contains(" style=\"") && !text.contains(" onclick"), "inline code");
        assert!(text.matches("<script").count() == 1, "one script, of our own");
    }

    // Pages go on by position, without gap or repetition.
    for _ in 0..6 {
        world.publish("OPEN", &attack(20));
    }
    let mut listed = Vec::new();
    let mut path = "/out".to_owned();
    loop {
        let seen = officer.get(&path).await;
        listed.extend(
            seen.text
                .split("href=\"/object/")
                .skip(1)
                .map(|s| s.split('"').next().unwrap().to_owned()),
        );
        let Some((_, rest)) = seen.text.split_once("href=\"/out?before=") else { break };
        path = format!("/out?before={}", rest.split('"').next().unwrap());
    }
    let count = listed.len();
    listed.sort();
    listed.dedup();
    assert_eq!(
        (count, listed.len()),
        (world.node.status(world.actor("overseer")).unwrap().objects.0.try_into().unwrap(), count)
    );
}

#[tokio::test]
async fn a_person_ends_their_other_sessions_on_their_own_page() {
    let world = World::quiet();
    let here = Browser::signed_in(&world, "analyst");
    world.alliance.clock.advance(1000);
    let [there, elsewhere] = [(); 2].map(|()| Browser::signed_in(&world, "analyst"));
    let stranger = Browser::signed_in(&world, "operator");
    let page = here.get("/you").await;
    assert_eq!(page.text.matches("End it").count(), 2, "{}", page.text);
    assert!(page.text.contains("this one"));
    let (token, session) = (page.hidden("token"), page.hidden("session"));

    // Of another session or another person's page, the form does nothing.
    for (browser, token) in [(&there, token.as_str()), (&stranger, &token), (&here, "0")] {
        let form = format!("token={token}&session={session}");
        assert_eq!(browser.post("/you/sessions", &form).await.status, StatusCode::FORBIDDEN);
    }
    let own = stranger.get("/you").await.hidden("token");
    let seen = stranger.post("/you/sessions", &format!("token={own}&session={session}")).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND, "another person's session");

    let token = here.get("/you").await.hidden("token");
    let seen = here.post("/you/sessions", &format!("token={token}&session={session}")).await;
    assert_eq!((seen.status, seen.header("location")), (StatusCode::SEE_OTHER, "/you"));
    assert_eq!(here.get("/you").await.text.matches("End it").count(), 1);
    here.post("/you/sessions", &format!("token={token}")).await;
    for browser in [&there, &elsewhere] {
        assert_eq!(browser.get("/you").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(here.get("/you").await.status, StatusCode::OK);
    assert_eq!(stranger.get("/you").await.status, StatusCode::OK);
}
