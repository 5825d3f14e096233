//! Sessions in browsers: what ends them, who sees and ends whose, and what failed sign-ins cost.

use entente_app::people::{Arrival, Ending, TokenKind, session_id};
use entente_app::{AppError, SqliteNode};
use entente_testkit::Alliance;

use crate::people::{one_nation, signed_in};

const MINUTE: u64 = 60_000;

fn lasts(node: &SqliteNode, session: &str) -> bool {
    node.actor(session, &[TokenKind::Session]).is_ok()
}

fn alarms(alliance: &Alliance) -> Vec<String> {
    let at = &alliance.members[0];
    let rows =
        at.node().unwrap().events(&at.actor("overseer").unwrap(), Some("alarm"), None, 99).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

#[test]
fn a_session_ends_when_it_is_idle_or_its_day_is_over_and_outlives_a_restart() {
    let (_folder, mut alliance) = one_nation();
    let clock = alliance.clock.clone();
    let analyst = alliance.members[0].actor("analyst").unwrap();
    let node = alliance.members[0].node().unwrap();
    let [idle, used] = [(); 2].map(|()| signed_in(node, &analyst));
    assert_eq!(node.asked_in(&used, None).unwrap().name(), "analyst");
    for _ in 0..2 {
        clock.advance(10 * MINUTE);
        node.asked_in(&used, None).unwrap();
    }
    assert!(!lasts(node, &idle) && lasts(node, &used), "twenty minutes without a question");
    assert!(node.asked_in(&idle, None).is_err(), "what has ended does not begin again");
    // A page that stays open looks without asking.
    clock.advance(14 * MINUTE);
    assert!(lasts(node, &used));
    clock.advance(MINUTE);
    assert!(!lasts(node, &used));

    let day = signed_in(node, &analyst);
    let member = alliance.member_mut(0).unwrap();
    member.stop();
    member.start().unwrap();
    let node = alliance.members[0].node().unwrap();
    for _ in 0..48 {
        assert_eq!(node.asked_in(&day, None).unwrap().name(), "analyst");
        clock.advance(10 * MINUTE);
    }
    assert!(node.asked_in(&day, None).is_err(), "eight hours are over");
    assert_eq!(node.sessions(&analyst, "analyst").unwrap(), []);
}

#[test]
fn everyone_sees_and_ends_their_own_sessions_and_security_officers_those_of_others() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let person = |name: &str| at.actor(name).unwrap();
    let (analyst, officer, overseer) =
        (person("analyst"), person("security-1"), person("overseer"));
    let arrival = Arrival::new("192.0.2.7", "a browser\n", "192.0.2.7");
    let link = node.link_for(&analyst, "analyst").unwrap();
    let first = node.sign_in(&link, None, &arrival).unwrap();
    alliance.clock.advance(1000);
    let [second, third] = [(); 2].map(|()| signed_in(node, &analyst));
    let rows = node.sessions(&analyst, "analyst").unwrap();
    let oldest = rows.last().unwrap();
    assert_eq!(
        (rows.len(), oldest.source.as_str(), oldest.agent.as_str(), oldest.how.as_str()),
        (3, "192.0.2.7", "a browser", "link")
    );
    assert_eq!(node.sessions(&overseer, "analyst").unwrap(), rows);
    let said = node.sessions(&person("legal-1"), "analyst").unwrap_err().to_string();
    assert!(said.contains("may not see the sessions of others"), "{said}");

    let one = |secret: &str| Ending::One(session_id(secret).short());
    assert_eq!(node.end_sessions(&analyst, "analyst", &one(&first), "").unwrap(), 1);
    assert!(!lasts(node, &first) && lasts(node, &second));
    let said = node.end_sessions(&analyst, "analyst", &one(&first), "").unwrap_err().to_string();
    assert!(said.contains("is not known here"), "{said}");
    assert!(node.end_sessions(&analyst, "analyst", &Ending::One("ab".into()), "").is_err());
    let but = Ending::AllBut(Some(session_id(&third)));
    assert_eq!(node.end_sessions(&analyst, "analyst", &but, "").unwrap(), 1);
    assert!(!lasts(node, &second) && lasts(node, &third));

    for (who, why) in [(&overseer, "because"), (&person("operator"), "because"), (&officer, " ")] {
        assert!(node.end_sessions(who, "analyst", &Ending::AllBut(None), why).is_err());
    }
    assert!(lasts(node, &third));
    assert!(node.end_sessions(&officer, "nobody", &Ending::AllBut(None), "because").is_err());
    node.end_sessions(&officer, "analyst", &Ending::AllBut(None), "a laptop was stolen").unwrap();
    assert!(!lasts(node, &third));
    assert!(node.verify_ledger(&overseer).unwrap().faults.is_empty());

    // One person has a bounded number of them: the oldest go.
    let all: Vec<String> = (0..20)
        .map(|_| {
            alliance.clock.advance(1);
            signed_in(node, &analyst)
        })
        .collect();
    assert_eq!(node.sessions(&analyst, "analyst").unwrap().len(), 16);
    assert!(!lasts(node, &all[3]) && lasts(node, &all[4]));
}

#[test]
fn failed_sign_ins_wait_and_alarm_but_a_right_link_is_taken_all_the_same() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let analyst = at.actor("analyst").unwrap();
    let from = |source: &str| Arrival::new(source, "", source);
    let wrong = |source: &str| node.sign_in(&"ab".repeat(32), None, &from(source)).unwrap_err();
    for _ in 0..3 {
        assert!(matches!(wrong("192.0.2.7"), AppError::Forbidden(_)));
    }
    // What comes too soon is not looked at and pushes nothing ahead of itself.
    for _ in 0..50 {
        assert!(matches!(wrong("192.0.2.7"), AppError::TooSoon(1)));
    }
    alliance.clock.advance(1000);
    assert!(matches!(wrong("192.0.2.7"), AppError::Forbidden(_)));
    assert!(matches!(wrong("198.51.100.1"), AppError::Forbidden(_)), "others do not wait");
    alliance.clock.advance(MINUTE);
    assert_eq!(alarms(&alliance), Vec::<String>::new());
    wrong("192.0.2.7");
    assert_eq!(alarms(&alliance), ["5 failed sign-ins from 192.0.2.7"]);
    assert!(matches!(wrong("192.0.2.7"), AppError::TooSoon(_)));
    // A link that was used is wrong; one that is right needs no luck.
    let link = node.link_for(&analyst, "analyst").unwrap();
    let session = node.sign_in(&link, None, &from("192.0.2.7")).unwrap();
    assert!(lasts(node, &session));
    assert!(matches!(node.sign_in(&link, None, &from("192.0.2.7")), Err(AppError::Forbidden(_))));
    let overseer = at.actor("overseer").unwrap();
    assert!(node.verify_ledger(&overseer).unwrap().faults.is_empty());
}
