//! Persons sign in and decide with passkeys, through the pages.

use entente_app::people::{Change, Role, Site};
use entente_law::{Fact, FactKind, FactSubject};
use entente_testkit::authenticator::{Authenticator, app_shows};
use http::StatusCode;

use crate::browser::{Browser, Seen};
use crate::world::{World, document};

fn authenticator(seed: u64) -> Authenticator {
    let origin = "http://xar.localhost:8080".to_owned();
    Authenticator::at(&Site { host: "xar.localhost".to_owned(), origin }, seed)
}

/// The challenge on a page.
fn challenge(page: &Seen) -> [u8; 32] {
    let (_, rest) = page.text.split_once("data-challenge=\"").unwrap();
    hex::decode(rest.split('"').next().unwrap()).unwrap().try_into().unwrap()
}

/// What the script adds to a form.
pub(crate) fn answered(page: &Seen, passkey: &mut Authenticator) -> String {
    let said = passkey.answer(&challenge(page));
    format!(
        "ticket={}&id={}&client={}&authenticator={}&signature={}",
        page.hidden("ticket"),
        hex::encode(&passkey.id),
        hex::encode(said.client_data),
        hex::encode(said.authenticator_data),
        hex::encode(said.signature)
    )
}

/// Adds a passkey after a sign-in with a link, and signs in with it.
pub(crate) async fn with_passkey(
    world: &World,
    person: &str,
    seed: u64,
) -> (Browser, Authenticator) {
    let mut browser = Browser::signed_in(world, person);
    let mut passkey = authenticator(seed);
    let page = browser.get("/you").await;
    let (client, said) = passkey.make(&challenge(&page));
    let form = format!(
        "token={}&ticket={}&name=blue+key&client={}&authenticator={}",
        page.hidden("token"),
        page.hidden("ticket"),
        hex::encode(client),
        hex::encode(said)
    );
    assert_eq!(browser.post("/you/passkeys", &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.post("/you/passkeys", &form).await.status, StatusCode::FORBIDDEN);
    assert!(browser.get("/you").await.text.contains("blue key"));

    browser.session = None;
    let page = browser.get("/sign-in").await;
    let form = answered(&page, &mut passkey);
    let signed = browser.post("/sign-in/passkey", &form).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);
    browser.session = signed.session();
    let again = browser.post("/sign-in/passkey", &form).await;
    assert_eq!((again.status, again.session()), (StatusCode::FORBIDDEN, None));
    (browser, passkey)
}

#[tokio::test]
async fn an_act_that_waits_is_approved_with_a_passkey() {
    let world = World::quiet();
    let change = Change { give: vec![Role::ReleaseOfficer], ..Change::default() };
    let officer = world.actor("security-1");
    world.node.change_person(officer, "operator", &change, "needed").unwrap();
    let (browser, mut passkey) = with_passkey(&world, "overseer", 1).await;
    let page = browser.get("/approvals").await;
    assert!(page.text.contains("Look at it and approve"), "{}", page.text);
    let ask = format!("/act?approve={}", page.hidden("approve"));
    let page = browser.get(&ask).await;
    assert!(page.text.contains("operator") && page.text.contains("Sign for it"), "{}", page.text);
    let act = page.hidden("approve");
    let form =
        format!("token={}&approve={act}&{}", page.hidden("token"), answered(&page, &mut passkey));

    // Without the page's own token, or from another site, nothing is done.
    let foreign = form.replace(&page.hidden("token"), "0");
    assert_eq!(browser.post("/act", &foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.post("/act", "token=0").await.status, StatusCode::FORBIDDEN);
    let done = browser.post("/act", &form).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("approved by security-1 and overseer"), "{}", done.text);
    assert_eq!(browser.post("/act", &form).await.status, StatusCode::NOT_FOUND, "it waits no more");
    let row = world.node.person(officer, "operator").unwrap();
    assert_eq!(row.roles, ["operator", "release-officer"]);
    let findings = world.node.verify_ledger(world.actor("overseer")).unwrap();
    assert!(findings.faults.is_empty(), "{:?}", findings.faults);

    // A session without a passkey decides nothing here, and a wrong address says so.
    let bare = Browser::signed_in(&world, "security-2");
    world.node.change_person(officer, "analyst", &change, "needed").unwrap();
    let page = bare.get("/approvals").await;
    let page = bare.get(&format!("/act?approve={}", page.hidden("approve"))).await;
    assert!(page.text.contains("Without a passkey you decide nothing"), "{}", page.text);
    for wrong in [
        "/act",
        "/act?approve=1",
        "/act?consent=1",
        "/act?consent=x&answer=grant",
        "/act?recall=1&class=erase&hours=1&basis=b",
        "/act?approve=1&recall=2",
    ] {
        assert_eq!(bare.get(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let unknown = bare.get(&format!("/act?approve={}", "ab".repeat(32))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_glass_is_broken_and_judged_with_passkeys() {
    let world = World::quiet();
    let label = "SECRET-A//COMPARTMENT LANTERN";
    let oid = world.publish(label, &document(b"the place", "text/plain")).objects[0];
    let now = world.node.now();
    let case = Fact::new(
        FactKind::Case,
        FactSubject::Case("OP-12".into()),
        "open",
        "decision 12/2026",
        (now, now.plus_millis(86_400_000)),
    )
    .unwrap();
    world.node.assert_fact(world.actor("legal-1"), case).unwrap();
    let (eva, mut eva_key) = with_passkey(&world, "analyst", 1).await;
    let (olga, mut olga_key) = with_passkey(&world, "overseer", 2).await;
    assert_eq!(eva.get(&format!("/object/{oid}")).await.status, StatusCode::NOT_FOUND);
    let fields = format!("glass={oid}&why=case%3AOP-12%3A+a+hostage+is+there");
    let page = eva.get(&format!("/act?{fields}")).await;
    assert!(page.text.contains("in an emergency"), "{}", page.text);
    // The page that asks does not tell whether there is anything.
    let nothing = format!("/act?{}", fields.replace(&oid.to_string(), &"ab".repeat(32)));
    assert_eq!(eva.get(&nothing).await.status, StatusCode::OK);
    let form = format!("token={}&{fields}&{}", page.hidden("token"), answered(&page, &mut eva_key));
    let opened = eva.post("/act", &form).await;
    assert!(opened.text.contains("the place"), "{}", opened.text);
    assert!(opened.text.contains("SECRET-A") && opened.text.contains("class=\"banner"));
    assert_eq!(eva.post("/act", &form).await.status, StatusCode::FORBIDDEN, "once");
    assert_eq!(eva.get(&format!("/object/{oid}")).await.status, StatusCode::NOT_FOUND);
    assert!(!eva.get("/glass").await.text.contains("name=\"judge\""), "not one's own");

    let page = olga.get("/glass").await;
    assert!(page.text.contains("a hostage is there"), "{}", page.text);
    let fields = format!("judge={}&answer=justified&why=it+was", page.hidden("judge"));
    let page = olga.get(&format!("/act?{fields}")).await;
    let form =
        format!("token={}&{fields}&{}", page.hidden("token"), answered(&page, &mut olga_key));
    let judged = olga.post("/act", &form).await;
    assert!(judged.text.contains("Done, approved by overseer"), "{}", judged.text);
    assert!(eva.get("/glass").await.text.contains("justified"));
    let findings = world.node.verify_ledger(world.actor("overseer")).unwrap();
    assert!(findings.faults.is_empty(), "{:?}", findings.faults);
}

#[tokio::test]
async fn what_a_person_holds_is_confirmed_with_a_passkey() {
    let world = World::quiet();
    let (officer, mut key) = with_passkey(&world, "security-1", 1).await;
    let page = officer.get("/review").await;
    assert!(page.text.contains("legal-adviser") && page.text.contains("Confirm it"));
    assert!(!page.text.contains("value=\"security-1\""), "nobody reviews themselves");
    let fields = "review=analyst&why=still+at+the+watch";
    let page = officer.get(&format!("/act?{fields}")).await;
    let form = format!("token={}&{fields}&{}", page.hidden("token"), answered(&page, &mut key));
    let done = officer.post("/act", &form).await;
    assert!(done.text.contains("Done, approved by security-1"), "{}", done.text);
    let row = world.node.person(world.actor("security-1"), "analyst").unwrap();
    assert_eq!(row.reviewed_by, "security-1");
    let analyst = Browser::signed_in(&world, "analyst");
    assert_eq!(analyst.get("/review").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_authenticator_app_is_set_up_and_asked_for_beside_a_link() {
    let world = World::quiet();
    let mut browser = Browser::signed_in(&world, "analyst");
    let token = browser.get("/you").await.hidden("token");
    let made = browser.post("/you/code", &format!("token={token}")).await;
    assert!(made.text.contains("otpauth://totp/XAR:analyst"), "{}", made.text);
    let (_, rest) = made.text.split_once("<pre class=\"command\">").unwrap();
    let secret = rest.split('<').next().unwrap().to_owned();
    let confirm = |code: &str| format!("token={token}&code={code}");
    let wrong = browser.post("/you/code/confirm", &confirm("x")).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let code = app_shows(&secret, world.node.now().seconds());
    let done = browser.post("/you/code/confirm", &confirm(&code)).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/you").await.text.contains("with a code only"));

    // A session that somebody left open does not end them.
    let token = browser.get("/you").await.hidden("token");
    for stale in [String::new(), code.clone()] {
        let form = format!("token={token}&code={stale}");
        let refused = browser.post("/you/code/remove", &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    }
    // Three wrong ones, the one at the setting up among them, have to wait.
    world.alliance.clock.advance(1000);
    browser.session = None;
    let link = world.link("analyst");
    let page = browser.get(&format!("/sign-in?link={link}")).await;
    assert!(page.text.contains("name=\"code\""), "{}", page.text);
    let refused = browser.post("/sign-in", &format!("link={link}&code={code}")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("was used already"), "{}", refused.text);
    assert_eq!(refused.hidden("link"), link, "a wrong code does not use the link up");
    world.alliance.clock.advance(30_000);
    let code = app_shows(&secret, world.node.now().seconds());
    let signed = browser.post("/sign-in", &format!("link={link}&code={code}")).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);

    // Without a passkey a fresh code ends them; with one, what it signs.
    browser.session = signed.session();
    let page = browser.get("/you").await;
    assert!(page.text.contains("The code that your app shows now"), "{}", page.text);
    world.alliance.clock.advance(30_000);
    let code = app_shows(&secret, world.node.now().seconds());
    let form = format!("token={}&code={code}", page.hidden("token"));
    assert_eq!(browser.post("/you/code/remove", &form).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/you").await.text.contains("Set up an authenticator app"));
}

#[tokio::test]
async fn ones_own_passkeys_and_codes_end_with_a_fresh_signature() {
    let world = World::quiet();
    let (browser, mut passkey) = with_passkey(&world, "analyst", 1).await;
    let page = browser.get("/you").await;
    let token = page.hidden("token");
    let ask = format!("/act?unkey={}", page.hidden("unkey"));
    let made = browser.post("/you/code", &format!("token={token}")).await;
    let (_, rest) = made.text.split_once("<pre class=\"command\">").unwrap();
    let secret = rest.split('<').next().unwrap().to_owned();
    let code = app_shows(&secret, world.node.now().seconds());
    let form = format!("token={token}&code={code}");
    assert_eq!(browser.post("/you/code/confirm", &form).await.status, StatusCode::SEE_OTHER);

    // Who has a passkey signs for it: a code is not enough.
    world.alliance.clock.advance(30_000);
    let code = app_shows(&secret, world.node.now().seconds());
    let form = format!("token={token}&code={code}");
    let refused = browser.post("/you/code/remove", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(refused.text.contains("is signed for with it"), "{}", refused.text);
    let page = browser.get("/act?uncode=mine").await;
    let uncode =
        format!("token={}&uncode=mine&{}", page.hidden("token"), answered(&page, &mut passkey));
    // What was signed for the codes does not remove the passkey.
    let other = uncode.replace("uncode=mine", ask.trim_start_matches("/act?"));
    assert_eq!(browser.post("/act", &other).await.status, StatusCode::FORBIDDEN);
    assert!(browser.get("/you").await.text.contains("blue key"));
    let done = browser.post("/act", &uncode).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(browser.get("/you").await.text.contains("Set up an authenticator app"));

    // A session alone, and another person's passkey, remove nothing.
    let (_, mut other) = with_passkey(&world, "operator", 2).await;
    let page = browser.get(&ask).await;
    assert!(page.text.contains("Remove the passkey `blue key`"), "{}", page.text);
    let fields = format!("token={}&{}", page.hidden("token"), ask.trim_start_matches("/act?"));
    assert_ne!(browser.post("/act", &fields).await.status, StatusCode::OK);
    let foreign = format!("{fields}&{}", answered(&page, &mut other));
    assert_eq!(browser.post("/act", &foreign).await.status, StatusCode::FORBIDDEN);
    assert!(browser.get("/you").await.text.contains("blue key"));
    let form = format!("{fields}&{}", answered(&page, &mut passkey));
    let done = browser.post("/act", &form).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(!browser.get("/you").await.text.contains("blue key"));
    let findings = world.node.verify_ledger(world.actor("overseer")).unwrap();
    assert!(findings.faults.is_empty(), "{:?}", findings.faults);
}

#[tokio::test]
async fn a_consent_and_a_recall_are_signed_for() {
    let world = World::busy();
    let (first, mut first_key) = with_passkey(&world, "release-1", 1).await;
    let (second, mut second_key) = with_passkey(&world, "release-2", 2).await;
    let page = first.get("/approvals").await;
    let consent = page.hidden("consent");
    let ask = format!("/act?consent={consent}&answer=refuse&conditions=not+now");
    let page = first.get(&ask).await;
    assert!(page.text.contains("Refuse onward release"), "{}", page.text);
    let with = |page: &Seen, passkey: &mut Authenticator, fields: &str| {
        format!("token={}&{fields}&{}", page.hidden("token"), answered(page, passkey))
    };
    // What is sent is what was signed for, or nothing.
    let other = with(&page, &mut first_key, &format!("consent={consent}&answer=grant"));
    assert_eq!(first.post("/act", &other).await.status, StatusCode::FORBIDDEN);
    let page = first.get(&ask).await;
    let fields = format!("consent={consent}&answer=refuse&conditions=not+now");
    let form = with(&page, &mut first_key, &fields);
    let waits = first.post("/act", &form).await;
    assert!(waits.text.contains("waits for one more person"), "{}", waits.text);

    // The second person finds it among what waits.
    let mut page = second.get("/approvals").await;
    let (_, after) = page.text.split_once("refuse onward release").unwrap();
    page.text = after.to_owned();
    let act = page.hidden("approve");
    let page = second.get(&format!("/act?approve={act}")).await;
    let form = with(&page, &mut second_key, &format!("approve={act}"));
    let done = second.post("/act", &form).await;
    assert!(done.text.contains("approved by release-1 and release-2"), "{}", done.text);
    assert!(!second.get("/approvals").await.text.contains("name=\"consent\""));

    let oid = world.objects(true)[0];
    assert!(first.get(&format!("/object/{oid}")).await.text.contains("Take it back"));
    let fields = format!("recall={oid}&class=retract&hours=4&basis=the+source+asks");
    let page = first.get(&format!("/act?{fields}")).await;
    let form = with(&page, &mut first_key, &fields);
    let done = first.post("/act", &form).await;
    assert!(done.text.contains("Done, approved by release-1"), "{}", done.text);
    assert!(first.get("/recalls").await.text.contains("the source asks"));
    let findings = world.node.verify_ledger(world.actor("overseer")).unwrap();
    assert!(findings.faults.is_empty(), "{:?}", findings.faults);
}
