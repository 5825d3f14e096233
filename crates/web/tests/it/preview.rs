//! Who would receive an object, asked for while its label is typed.

use entente_app::order::Words;
use http::StatusCode;

use crate::browser::Browser;
use crate::world::World;

/// A form as the page sends it.
fn form(token: &str, label: &str, purpose: &str, more: &str) -> String {
    let label = label.replace('/', "%2F").replace(' ', "+");
    format!("token={token}&label={label}&purpose={purpose}&object_type=indicator{more}")
}

#[tokio::test]
async fn the_answer_is_the_decision_and_nothing_is_published() {
    let world = World::busy();
    let before = world.node.ledger_status().unwrap().size;
    let browser = Browser::signed_in(&world, "analyst");
    let page = browser.get("/preview").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("who would receive it, who would not"), "{}", page.text);
    let token = page.hidden("token");

    for (label, purpose) in [
        ("SERVICE", "cyber_defence"),
        ("SERVICE//NOFORN", "cyber_defence"),
        ("OPEN//REL TO XBR", "cyber_defence"),
        ("SERVICE", "tax_collection"),
    ] {
        let words =
            Words { label: label.to_owned(), purpose: purpose.to_owned(), ..Words::default() };
        let order = world.node.order(&words).unwrap();
        let decided =
            world.node.preview_of_kind(world.actor("analyst"), &order, "indicator").unwrap();
        let nations = &decided.verdicts[0].nations;
        assert_eq!(nations.len(), 4);
        let goes = nations.iter().filter(|n| n.goes()).count();
        let told = format!("{goes} of 4 would receive it");

        let seen = browser.post("/preview/nations", &form(&token, label, purpose, "")).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(
            seen.text.contains(&told) && !seen.text.contains("<html"),
            "{label}: {}",
            seen.text
        );
        for nation in nations {
            assert!(seen.text.contains(nation.code.as_str()), "{label}");
            for sentence in &nation.ruling.explanation {
                let escaped = sentence.replace('\'', "&#39;").replace('"', "&#34;");
                assert!(seen.text.contains(&escaped), "{label}: {sentence}");
            }
        }
        // Without a script the button asks for the same in a whole page, which keeps what was typed.
        let whole = browser.post("/preview", &form(&token, label, purpose, "")).await;
        assert!(whole.text.contains(&told) && whole.text.starts_with("<!doctype html>"));
        assert!(whole.text.contains(&format!("value=\"{purpose}\"")), "{}", whole.text);
    }
    assert_eq!(world.node.ledger_status().unwrap().size, before);
}

#[tokio::test]
async fn what_is_typed_wrong_is_said_with_its_place() {
    let world = World::busy();
    let browser = Browser::signed_in(&world, "analyst");
    let token = browser.get("/preview").await.hidden("token");
    let say = |label: &'static str, purpose: &'static str, more: &'static str| {
        let (browser, form) = (browser.clone(), form(&token, label, purpose, more));
        async move { browser.post("/preview/nations", &form).await.text }
    };
    assert!(say("SERVICE//NOFORM", "cyber_defence", "").await.contains("column 10"));
    assert!(say("SERVICE", "", "").await.contains("needs a purpose"));
    assert!(say("SERVICE", "cyber_defence", "&to=XBRR").await.contains("notice tone-bad"));
    assert!(say("SERVICE", "cyber_defence", "&to=XZZ").await.contains("XZZ"));
    assert!(say("SERVICE", "cyber_defence", "&facts=arae%3D1").await.contains("arae"));
    assert!(say("SERVICE", "cyber_defence", "&emergency=flood").await.contains("flood"));
    assert!(say("", "", "").await.contains("who would receive it, who would not"));
    let markup = say("%3Cscript%3Ealert(1)%3C", "x", "").await;
    assert!(!markup.contains("<script"), "{markup}");
}

#[tokio::test]
async fn only_who_may_publish_is_answered_and_only_from_our_own_page() {
    let world = World::busy();
    let analyst = Browser::signed_in(&world, "analyst");
    let typed = form("0", "SERVICE", "cyber_defence", "");
    for path in ["/preview", "/preview/nations"] {
        assert_eq!(analyst.post(path, &typed).await.status, StatusCode::FORBIDDEN, "{path}");
        let long = format!("{typed}&facts={}", "a".repeat(70_000));
        assert_eq!(analyst.post(path, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let overseer = Browser::signed_in(&world, "overseer");
    let token = overseer.get("/preview").await.hidden("token");
    let typed = form(&token, "SERVICE", "cyber_defence", "");
    let seen = overseer.post("/preview/nations", &typed).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(!seen.text.contains("XBR"), "{}", seen.text);
}
