//! Standing rules and their sample, as the first page shows them.

use entente_app::order::Words;
use entente_app::publish::{Audience, Circumstances};
use entente_app::standing::StandingRule;
use entente_model::Timestamp;

use crate::browser::Browser;
use crate::world::{World, attack};

#[tokio::test]
async fn the_first_page_shows_rules_and_the_sample_to_those_whose_office_it_is() {
    let world = World::busy();
    let before = Browser::signed_in(&world, "release-1").get("/").await;
    assert!(!before.text.contains("Standing rules"), "there is none");
    let rule = StandingRule {
        name: "watch".to_owned(),
        query: "level <= SERVICE".to_owned(),
        under: "ESM-MISA".to_owned(),
        to: vec!["XCO".parse().unwrap()],
        not_to: Vec::new(),
        purpose: None,
        daily: Some(7),
        sample: 100,
        at: Timestamp::default(),
    };
    for officer in ["release-1", "release-2"] {
        world.node.add_rule(world.actor(officer), &rule).unwrap();
    }
    let words = Words {
        label: "SERVICE".to_owned(),
        purpose: "cyber_defence".to_owned(),
        circumstances: Circumstances { audience: Audience::RulesAlone, ..Circumstances::default() },
        ..Words::default()
    };
    let order = world.node.order(&words).unwrap();
    let shared = world.node.publish(world.actor("analyst"), &order, &attack(1)).unwrap();
    let oid = shared.objects[0];

    let sample = format!("entente rule review accept {}", oid.short());
    let officer = Browser::signed_in(&world, "release-1");
    let page = officer.get("/").await.text;
    for told in ["Standing rules", "Today 1 of 7; 1 for review", "shared it with XCO", &sample] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let of_object = officer.get(&format!("/object/{oid}")).await.text;
    let told =
        "<span class=\"mono\">watch</span> shared it with <strong class=\"code\">XCO</strong>";
    assert!(of_object.contains(told), "{of_object}");
    let operator = Browser::signed_in(&world, "operator").get("/").await.text;
    assert!(!operator.contains("Standing rules") && !operator.contains(&sample));
    // Who may not know of the object sees the rule, and not that it shared something.
    let low = world.session_of_new("low", "reviewer", "OPEN");
    let low = Browser { session: Some(low), ..Browser::at(&world) }.get("/").await.text;
    assert!(low.contains("Today 0 of 7; 0 for review") && !low.contains(&sample), "{low}");

    world.node.accept_release(world.actor("release-1"), oid, None).unwrap();
    let page = officer.get("/").await.text;
    assert!(page.contains("0 for review") && !page.contains(&sample), "{page}");
}
