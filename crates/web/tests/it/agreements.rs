//! Agreements and laws on the pages: read, compared, tried out, signed and ended.

use entente_law::Agreement;
use http::StatusCode;

use crate::browser::Browser;
use crate::decide::{answered, with_passkey};
use crate::world::World;

const EMBER_STRAIT: &str = include_str!("../../../../agreements/ember-strait.md");
const ARVENIAN_LAW: &str = include_str!("../../../../laws/xar.md");

/// A text as the value of a field.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric();
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The text that is in force, with a lower ceiling.
fn narrower(world: &World) -> String {
    let id = world.node.find_agreement("ESM-MISA").unwrap();
    let text = world.node.agreement_text(&id).unwrap();
    let ceiling = "type = \"classification_ceiling\"\nlevel = ";
    let lower =
        text.replace(&format!("{ceiling}\"CONFIDENTIAL\""), &format!("{ceiling}\"RESTRICTED\""));
    assert_ne!(text, lower);
    lower
}

#[tokio::test]
async fn a_text_is_read_beside_what_is_enforced_of_it() {
    let world = World::busy();
    let id = world.node.find_agreement("ESM-MISA").unwrap();
    let reader = Browser::signed_in(&world, "analyst");
    let list = reader.get("/agreements").await;
    assert_eq!(list.status, StatusCode::OK);
    for expected in [format!("/agreement/{id}"), "in force".into(), "XAR-IEA".into()] {
        assert!(list.text.contains(&expected), "{expected}: {}", list.text);
    }
    let page = reader.get(&format!("/agreement/{id}")).await;
    let agreement = Agreement::parse(EMBER_STRAIT).unwrap();
    for (clause, _, _) in agreement.clauses() {
        assert!(page.text.contains(clause), "{clause}");
    }
    for (number, title) in agreement.articles() {
        assert!(page.text.contains(&format!("Article {number} — {title}")), "{number}");
    }
    assert_eq!(page.text.matches("class=\"summary\"").count(), agreement.parties().len());
    assert!(page.text.contains("XAR, this nation") && page.text.contains("Must give"));
    // An analyst signs nothing.
    assert!(!page.text.contains("action=\"/act\""));
    let nothing = reader.get(&format!("/agreement/{id}/changes")).await;
    assert!(nothing.text.contains("nothing to compare it with"), "{}", nothing.text);

    let (_, rest) = list.text.split_once("href=\"/law/").unwrap();
    let law = reader.get(&format!("/law/{}", rest.split('"').next().unwrap())).await;
    assert!(law.text.contains("Never leaves") && law.text.contains("As it is written"));
    for wrong in ["/agreement/x", "/law/x", &format!("/agreement/{}", "00".repeat(32))] {
        assert_eq!(reader.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn an_amendment_is_compared_and_signed_by_two_with_passkeys() {
    let world = World::busy();
    let old = world.node.find_agreement("ESM-MISA").unwrap();
    let new = world.node.amend(world.actor("legal-1"), &old, &narrower(&world)).unwrap();
    let (legal, mut blue) = with_passkey(&world, "legal-1", 1).await;
    let changes = legal.get(&format!("/agreement/{new}/changes")).await;
    assert!(changes.text.contains("becomes impossible"), "{}", changes.text);
    assert!(changes.text.contains(&old.short()), "{}", changes.text);

    let address = format!("/act?sign={new}");
    let (officer, mut red) = with_passkey(&world, "release-1", 2).await;
    for (browser, passkey, outcome) in [
        (legal, &mut blue, "waits for one more person"),
        (officer, &mut red, "approved by legal-1 and release-1"),
    ] {
        let page = browser.get(&format!("/agreement/{new}")).await;
        assert!(
            page.text.contains("we have not signed") || page.text.contains("Look at it and sign")
        );
        let page = browser.get(&address).await;
        assert!(page.text.contains("Sign ESM-MISA"), "{}", page.text);
        let sign = answered(&page, passkey);
        let form = format!("token={}&sign={new}&{sign}", page.hidden("token"));
        // A proof of one act is none of another.
        let other =
            format!("token={}&stand={old}&doing=suspend&why=why&{sign}", page.hidden("token"));
        assert_eq!(browser.post("/act", &other).await.status, StatusCode::FORBIDDEN);
        let page = browser.get(&address).await;
        let form = form.replace(&sign, &answered(&page, passkey));
        let done = browser.post("/act", &form).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert!(done.text.contains(outcome), "{}", done.text);
    }
    let known = world.node.known();
    let held = known.policy.agreement(&new).unwrap();
    assert!(held.state.signatures().contains_key(&world.node.identity().nation));
}

#[tokio::test]
async fn two_acts_about_one_agreement_wait_at_once() {
    let world = World::busy();
    let id = world.node.find_agreement("ESM-MISA").unwrap();
    let (legal, mut blue) = with_passkey(&world, "legal-1", 1).await;
    let (officer, mut red) = with_passkey(&world, "release-1", 2).await;
    let asked = |doing: &str, more: &str| format!("stand={id}&doing={doing}&why=a+breach{more}");
    let acts = [asked("suspend", "&party=XBR"), asked("suspend", "&party=XCO")];
    for act in &acts {
        let page = legal.get(&format!("/act?{act}")).await;
        let form = format!("token={}&{act}&{}", page.hidden("token"), answered(&page, &mut blue));
        let done = legal.post("/act", &form).await;
        assert!(done.text.contains("waits for one more person"), "{}", done.text);
    }
    for act in &acts {
        let page = officer.get(&format!("/act?{act}")).await;
        let form = format!("token={}&{act}&{}", page.hidden("token"), answered(&page, &mut red));
        let done = officer.post("/act", &form).await;
        assert!(done.text.contains("approved by legal-1 and release-1"), "{}", done.text);
    }
    let page = officer.get(&format!("/agreement/{id}")).await;
    assert_eq!(page.text.matches("suspended by XAR").count(), 2, "{}", page.text);
    assert_eq!(page.text.matches("suspended it for").count(), 2, "{}", page.text);
    let numbers: Vec<u64> = {
        let known = world.node.known();
        let acts = &known.policy.agreement(&id).unwrap().acts;
        acts.iter().map(|act| act.number).collect()
    };
    assert_eq!(numbers, [1, 2]);

    // What does not go together is said before anybody signs for it.
    for (wrong, says) in [
        (asked("terminate", ""), "Notice needs the day"),
        (asked("terminate", "&ends=2032-01-01&party=XBR"), "name none"),
        (asked("suspend", "&ends=2032-01-01"), "goes with a notice only"),
        (asked("leave", "&party=XBR"), "name no party"),
        (asked("terminate", "&ends=2020-01-01"), "for a day to come"),
        (asked("suspend", "&party=XBR"), "suspended ESM-MISA for XBR already"),
        (asked("suspend", "&party=XZZ"), "XZZ is no party"),
    ] {
        let page = officer.get(&format!("/act?{wrong}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.text.contains(says), "{wrong}: {}", page.text);
    }
    for wrong in [format!("stand={id}&why=w"), format!("sign={id}&stand={id}"), "sign=x".into()] {
        let page = officer.get(&format!("/act?{wrong}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let analyst = Browser::signed_in(&world, "analyst");
    let page = analyst.get(&format!("/act?{}", asked("leave", ""))).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_draft_is_tried_out_and_nothing_of_it_is_kept() {
    let world = World::busy();
    let legal = Browser::signed_in(&world, "legal-1");
    let page = legal.get("/agreements/draft").await;
    let form = |kind: &str, text: &str| {
        format!("token={}&kind={kind}&text={}", page.hidden("token"), encoded(text))
    };
    let post = |kind: &'static str, text: String| {
        let form = form(kind, &text);
        let legal = &legal;
        async move { legal.post("/agreements/draft", &form).await.text }
    };
    let before = world.node.known().policy.agreements.len();

    // As browsers send it, and as it is.
    let lower = narrower(&world);
    for text in [lower.replace('\n', "\r\n"), lower.clone()] {
        let seen = post("agreement", text).await;
        assert!(seen.contains("is understood, every clause"), "{seen}");
        assert!(seen.contains("becomes impossible"), "{seen}");
        assert!(seen.contains("decisions that you may know of"), "{seen}");
    }
    let line = 1 + lower.lines().position(|l| l == "level = \"RESTRICTED\"").unwrap();
    let seen =
        post("agreement", lower.replacen("level = \"RESTRICTED\"", "level = \"HUSH\"", 1)).await;
    assert!(seen.contains("It is not understood") && seen.contains(&format!("{line}:")), "{seen}");
    let seen = post("law", ARVENIAN_LAW.to_owned()).await;
    assert!(seen.contains("every rule of it") && seen.contains("Never leaves"), "{seen}");
    let seen = post("law", lower).await;
    assert!(seen.contains("It is not understood"), "{seen}");
    let seen = post("agreement", String::new()).await;
    assert!(!seen.contains("understood"), "{seen}");
    let long = legal.post("/agreements/draft", &form("agreement", &"+".repeat(30 << 10))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(long.text.contains("at most 64 KiB"), "{}", long.text);
    assert_eq!(world.node.known().policy.agreements.len(), before);

    let analyst = Browser::signed_in(&world, "analyst");
    let page = analyst.get("/agreements/draft").await;
    let form = format!("token={}&kind=law&text=x", page.hidden("token"));
    assert_eq!(analyst.post("/agreements/draft", &form).await.status, StatusCode::FORBIDDEN);
}
