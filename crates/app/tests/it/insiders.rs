//! What persons of the node could take from it, or do under another's name.

use entente_app::access::Reading;
use entente_app::people::{Actor, Change, Post, Role};
use entente_law::{Fact, FactKind, FactSubject, Schemes, parse_facts};

use crate::people::{added, one_nation};
use crate::world::{order, overseer, publish_bytes, verify};

#[test]
fn a_portion_is_as_secret_as_it_is_marked_at_home_too() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let guest = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Analyst]) };
    let read_in = Post { read_ins: vec!["LANTERN".into()], ..Post::of(&[Role::Analyst]) };
    let guy = added(at, "guy", &guest.cleared("SECRET-A"));
    let low = added(at, "low", &Post::of(&[Role::Analyst]).cleared("OPEN"));
    let eva = added(at, "eva", &read_in.cleared("SECRET-A"));
    let portioned = |label: &str, second: &str| {
        let mut order = order(at, label, &[]);
        let facts = format!(
            "[[portions]]\nid = \"P1\"\nlabel = \"OPEN\"\n[[portions]]\nid = \"P2\"\nlabel = \"{second}\"\n"
        );
        order.facts.portions =
            parse_facts(&facts, Schemes::builtin().get("XAR").unwrap()).unwrap().portions;
        order
    };
    // The whole is never marked lower than a part.
    let lower = portioned("OPEN", "SERVICE");
    let analyst = at.actor("analyst").unwrap();
    let refused = node.preview(&analyst, &lower, &[]).unwrap_err().to_string();
    assert!(refused.contains("portion P2 is marked SERVICE, and the whole only OPEN"), "{refused}");

    for (second, may) in
        [("SERVICE//NOFORN", ["analyst", "eva"]), ("SERVICE//COMPARTMENT LANTERN", ["eva", "guy"])]
    {
        let order = portioned("SERVICE", second);
        let oid = publish_bytes(at, &order, &[b"two portions".to_vec()]).objects[0];
        for person in [&analyst, &eva, &guy, &low] {
            let read = node.object(person, oid, &Reading::by_command());
            // The guest is not read into LANTERN.
            let expected = may.contains(&person.name()) && person.name() != "guy";
            let reads = read.as_ref().is_ok_and(|view| view.payload.is_some());
            assert_eq!(reads, expected, "{second}, {}: {read:?}", person.name());
        }
    }
    verify(at);
}

#[test]
fn facts_on_record_are_not_for_guests() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let guest = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Analyst]) };
    let guy = added(at, "guy", &guest);
    let case = Fact::new(
        FactKind::Case,
        FactSubject::Case("OP-ZEBRA".into()),
        "open",
        "asset NIGHTINGALE",
        (at.now(), at.now().plus_millis(86_400_000)),
    )
    .unwrap();
    node.assert_fact(&at.actor("legal-1").unwrap(), case).unwrap();
    assert!(node.facts(&guy).unwrap_err().to_string().contains("for persons of this nation"));
    let tells = |who: &Actor| {
        let events = node.events(who, None, None, 100).unwrap();
        events.iter().any(|event| event.text.contains("ZEBRA"))
    };
    assert!(tells(&overseer(at)) && !tells(&guy));
}

#[test]
fn a_link_for_another_is_made_before_everybodys_eyes() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let operator = at.actor("operator").unwrap();
    let alarms = || {
        let events = node.events(&overseer(at), Some("alarm"), None, 10).unwrap();
        events.into_iter().map(|event| event.text).collect::<Vec<_>>()
    };
    let analyst = at.actor("analyst").unwrap();
    node.link_for(&analyst, "analyst").unwrap();
    assert_eq!(alarms(), Vec::<String>::new());
    let before = node.ledger_status().unwrap().size;
    node.link_for(&operator, "analyst").unwrap();
    assert_eq!(alarms(), ["operator made a sign-in link for analyst"]);
    assert_eq!(node.ledger_status().unwrap().size, before + 1, "it is in the ledger");
    verify(at);
}

#[test]
fn one_officer_cannot_take_every_other_office_away() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let one = at.actor("security-1").unwrap();
    // Beside this one there are another and an overseer.
    let left = node.deactivate_person(&one, "overseer", "in the way").unwrap_err().to_string();
    assert!(left.contains("without overseer there would not be an overseer here"), "{left}");
    let take = Change { take: vec![Role::Overseer], ..Change::default() };
    assert!(node.change_person(&one, "overseer", &take, "in the way").is_err());
    node.deactivate_person(&one, "security-2", "left the service").unwrap();
    let left = node.deactivate_person(&one, "overseer", "in the way").unwrap_err().to_string();
    assert!(left.contains("two persons who can give offices"), "{left}");
    // Whoever decides nothing can leave at any time.
    node.deactivate_person(&one, "analyst", "left the service").unwrap();
}
