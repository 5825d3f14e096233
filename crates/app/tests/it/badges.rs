//! Signing in on another authority's word: who puts it on record, and what it never suffices for.

use entente_app::people::{
    Actor, Approval, Arrival, Badge, Change, Deed, Post, Role, Roles, Site, Used, Vouched,
    badge_number,
};
use entente_app::{AppError, SqliteNode};
use entente_model::item::RecallClass;
use entente_model::{AgreementId, Digest, ObjectId};
use entente_testkit::Member;
use entente_testkit::authenticator::Authenticator;

use crate::people::{added, one_nation, signed_in};
use crate::world::{order, publish_bytes};

const ISSUER: &str = "https://id.ministry.example";

fn said<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

/// Puts a badge on record, by as many persons as it takes.
fn bind(at: &Member, person: &str, badge: &Badge) {
    let node = at.node().unwrap();
    for by in ["security-1", "security-2", "overseer"] {
        if by == person {
            continue;
        }
        let done = node.add_badge(&at.actor(by).unwrap(), person, badge, "has one").unwrap();
        if matches!(done, Approval::Granted { .. }) {
            return;
        }
    }
    panic!("{person} has no badge");
}

fn word(subject: &str) -> Vouched {
    let suffices = Roles::of(&Role::ALL);
    Vouched::Provider { issuer: ISSUER.to_owned(), subject: subject.to_owned(), suffices }
}

/// A person as they are on their provider's word. Who has no other office than those that it never
/// suffices for is analyst beside it.
fn vouched(at: &Member, person: &str) -> Actor {
    bind(at, person, &Badge::at_provider(ISSUER, person));
    let node = at.node().unwrap();
    if ["security-1", "overseer", "operator"].contains(&person) {
        let refused = said(node.sign_in_vouched(&word(person), &Arrival::default()));
        assert!(refused.contains("not strong enough for any of your offices"), "{refused}");
        let change = Change { give: vec![Role::Analyst], ..Change::default() };
        node.change_person(&at.actor("security-2").unwrap(), person, &change, "reads").unwrap();
    }
    let session = node.sign_in_vouched(&word(person), &Arrival::default()).unwrap();
    node.asked_in(&session, None).unwrap()
}

#[test]
fn a_badge_is_put_on_record_by_others_and_by_two_for_who_decides() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let person = |name: &str| at.actor(name).unwrap();
    let (officer, badge) = (person("security-1"), Badge::at_provider(ISSUER, "17"));
    let arrival = Arrival::default();
    assert!(
        said(node.sign_in_vouched(&word("17"), &arrival)).contains("nobody here has this badge")
    );
    let refused = |by: &Actor, whose: &str, badge: &Badge, why: &str| {
        said(node.add_badge(by, whose, badge, why))
    };
    assert!(refused(&officer, "security-1", &badge, "x").contains("may not change themselves"));
    assert!(refused(&person("operator"), "analyst", &badge, "x").contains("may not put badges"));
    assert!(refused(&officer, "analyst", &badge, " ").contains("a reason"));
    assert!(refused(&officer, "nobody", &badge, "x").contains("nobody"));
    for (issuer, subject) in
        [("http://a.example", "17"), (ISSUER, ""), (ISSUER, " a"), (ISSUER, "a\nb")]
    {
        let wrong = Badge::at_provider(issuer, subject);
        assert!(refused(&officer, "analyst", &wrong, "x").contains("is no badge"), "{subject}");
    }
    let ended = Badge::of_key(Digest::from_array([1; 32]), Some(node.now()));
    assert!(refused(&officer, "analyst", &ended, "x").contains("has ended"));

    let done = node.add_badge(&officer, "analyst", &badge, "joins the watch").unwrap();
    assert!(matches!(done, Approval::Granted { .. }));
    assert!(refused(&officer, "operator", &badge, "x").contains("is analyst's already"));
    let waits = node.add_badge(&officer, "release-1", &Badge::at_provider(ISSUER, "18"), "x");
    assert!(matches!(waits.unwrap(), Approval::Waiting { needed: 1, .. }));
    assert!(node.sign_in_vouched(&word("18"), &arrival).is_err(), "it waits");
    let overseer = person("overseer");
    let alarms = node.events(&overseer, Some("alarm"), None, 9).unwrap();
    assert!(alarms.iter().any(|row| row.text.contains("put a badge of analyst on record")));

    // Only this issuer, only this subject, and only while the person is here.
    let other = Vouched::Provider {
        issuer: "https://other.example".to_owned(),
        subject: "17".to_owned(),
        suffices: Roles::of(&Role::ALL),
    };
    assert!(node.sign_in_vouched(&other, &arrival).is_err());
    let session = node.sign_in_vouched(&word("17"), &arrival).unwrap();
    assert_eq!(node.asked_in(&session, None).unwrap().name(), "analyst");
    let weak = Vouched::Provider {
        issuer: ISSUER.to_owned(),
        subject: "17".to_owned(),
        suffices: Roles::of(&[Role::Liaison]),
    };
    assert!(said(node.sign_in_vouched(&weak, &arrival)).contains("not strong enough"));

    let analyst = person("analyst");
    let rows = node.badges(&analyst, Some("analyst")).unwrap();
    let number = badge_number(&rows[0]).short();
    assert!(said(node.badges(&analyst, None)).contains("may not see the badges of others"));
    assert!(said(node.remove_badge(&officer, "analyst", "ab", "lost")).contains("not known"));
    node.remove_badge(&officer, "analyst", &number, "lost").unwrap();
    assert!(node.asked_in(&session, None).is_err(), "its session ends with it");
    assert!(node.sign_in_vouched(&word("17"), &arrival).is_err());
    bind(at, "analyst", &badge);
    node.deactivate_person(&officer, "analyst", "left").unwrap();
    assert_eq!(node.badges(&overseer, None).unwrap(), []);
    assert!(node.verify_ledger(&overseer).unwrap().faults.is_empty());
}

#[test]
fn another_authoritys_word_alone_decides_nothing() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let own = publish_bytes(at, &order(at, "OPEN", &[]), &[b"x".to_vec()]).objects[0];
    let [analyst, release, legal, security, overseer, operator] =
        ["analyst", "release-1", "legal-1", "security-1", "overseer", "operator"]
            .map(|name| vouched(at, name));
    let id = AgreementId::from_array([1; 32]);
    let why = "case:OP-12: a hostage";
    let recall =
        |by: &Actor| node.recall(by, &[own], RecallClass::Retract, "x", 3_600_000).map(drop);
    let badge = Badge::at_provider(ISSUER, "z");
    let acts: Vec<(&str, Result<(), AppError>)> = vec![
        // Release.
        ("publish", node.publish(&analyst, &order(at, "OPEN", &[]), &[]).map(drop)),
        ("recall", recall(&release)),
        ("recall", recall(&security)),
        ("consent", node.consent(&release, 1, true, "").map(drop)),
        // Approval.
        ("sign", node.sign_agreement(&legal, &id).map(drop)),
        ("leave", node.withdraw(&legal, &id, "x").map(drop)),
        ("load laws", node.load_law(&legal, "").map(drop)),
        ("suspend nations", node.suspend_nation(&security, "XBR".parse().unwrap(), "x").map(drop)),
        ("change persons", {
            let change = Change { give: vec![Role::Liaison], ..Change::default() };
            node.change_person(&security, "analyst", &change, "x").map(drop)
        }),
        ("review", node.review_person(&security, "analyst", &[], &[], "x").map(drop)),
        ("put badges", node.add_badge(&security, "analyst", &badge, "x").map(drop)),
        // Break-glass.
        ("read in an emergency", node.break_glass(&analyst, own, why).map(drop)),
        // Key.
        ("renew", node.renew_credential(&security, "analyst", true, "x").map(drop)),
        ("set up codes", node.set_up_code(&analyst).map(drop)),
        ("remove the passkeys", node.remove_passkey(&security, "analyst", "12345678", "x")),
        ("make links", node.link_for(&operator, "analyst").map(drop)),
        // Oversight.
        ("verify", node.verify_ledger(&overseer).map(drop)),
        ("verify", node.verify_ledger(&security).map(drop)),
        (
            "see who read what",
            node.accesses(&overseer, &entente_store::rows::AccessFilter::default(), 9).map(drop),
        ),
        ("see the sessions", node.sessions(&overseer, "analyst").map(drop)),
        ("judge", node.judge_opening(&overseer, 1, true, "x")),
    ];
    for (act, outcome) in acts {
        let refused = outcome.expect_err(act).to_string();
        assert!(refused.contains("alone is not enough for it, sign "), "{act}: {refused}");
        assert!(refused.contains("with a passkey"), "{act}: {refused}");
    }
    // An overseer on another's word oversees nothing, and everyone still reads what they may.
    assert_eq!(overseer.roles(), [Role::Analyst]);
    assert!(node.objects(&analyst, None, 9, Some(true)).unwrap().iter().any(|row| row.oid == own));
    assert!(node.objects(&release, None, 9, Some(true)).is_ok());
    assert!(!release.is(&[Role::Overseer]) && release.is_vouched());
}

#[test]
fn a_passkey_signs_for_what_the_word_alone_does_not() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let own: ObjectId = publish_bytes(at, &order(at, "OPEN", &[]), &[b"x".to_vec()]).objects[0];
    let site = Site { host: "xar.localhost".into(), origin: "http://xar.localhost:8080".into() };
    let recall = Deed::Recall {
        oid: own,
        class: RecallClass::Retract,
        basis: "the source asks".to_owned(),
        deadline_millis: 3_600_000,
    };
    // An office that is withheld signs for nothing here, not even with a passkey at hand.
    let security = vouched(at, "security-1");
    let review =
        Deed::Review { person: "analyst".to_owned(), why: "still at the watch".to_owned() };
    assert!(said(node.offer_deed(&security, &review)).contains("sign in with a passkey"));
    let (actor, deed) = (vouched(at, "release-1"), recall);
    let mut passkey = Authenticator::at(&site, 1);
    let by_command = at.actor("release-1").unwrap();
    let session = signed_in(node, &by_command);
    let ticket = node.registration(&by_command, &session).unwrap().ticket;
    let (client_data, authenticator_data) = passkey.make(ticket.as_bytes());
    let made = entente_app::people::Made {
        ticket,
        name: "blue key".into(),
        client_data,
        authenticator_data,
    };
    node.add_passkey(&by_command, &session, &site, &made).unwrap();
    let offer = node.offer_deed(&actor, &deed).unwrap();
    let answer = |passkey: &mut Authenticator, challenge: &[u8; 32]| Used {
        ticket: offer.ticket,
        id: passkey.id.clone(),
        assertion: passkey.answer(challenge),
    };
    let wrong = answer(&mut passkey, &[7; 32]);
    assert!(node.do_deed(&actor, &site, &deed, &wrong).is_err());
    let used = answer(&mut passkey, &offer.challenge);
    node.do_deed(&actor, &site, &deed, &used).unwrap();
    assert!(node.do_deed(&actor, &site, &deed, &used).is_err(), "once");
    assert!(node.verify_ledger(&at.actor("overseer").unwrap()).unwrap().faults.is_empty());
}

#[test]
fn a_session_that_a_card_opened_is_none_without_it() {
    let (_folder, mut alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let key = Digest::from_array([5; 32]);
    let until = node.now().plus_millis(3_600_000);
    added(at, "eva", &Post::of(&[Role::Analyst]));
    bind(at, "eva", &Badge::of_key(key, Some(until)));
    let card = Vouched::Certificate { spki_sha256: key };
    let sign_in = |node: &SqliteNode| node.sign_in_vouched(&card, &Arrival::default());
    let session = sign_in(node).unwrap();
    assert_eq!(node.asked_in(&session, Some(key)).unwrap().name(), "eva");
    assert!(node.asked_in(&session, None).is_err());
    assert!(node.asked_in(&session, Some(Digest::from_array([6; 32]))).is_err());
    // Nobody signs in with the key of a card as a provider's subject.
    let crossed = word(&key.to_string());
    assert!(node.sign_in_vouched(&crossed, &Arrival::default()).is_err());
    alliance.clock.advance(3_600_000);
    assert!(said(sign_in(node)).contains("has ended"));

    // Who must sign in with a passkey does not with a card.
    bind(at, "analyst", &Badge::at_provider(ISSUER, "17"));
    let session = node.sign_in_vouched(&word("17"), &Arrival::default()).unwrap();
    let member = &mut alliance.members[0];
    member.stop();
    member.settings.passkeys_for = Roles::of(&[Role::Analyst]);
    member.start().unwrap();
    let node = member.node().unwrap();
    let refused = said(node.sign_in_vouched(&word("17"), &Arrival::default()));
    assert!(refused.contains("with a passkey here"), "{refused}");
    assert!(node.asked_in(&session, None).unwrap().is_enrolling());
}

#[test]
fn a_way_to_a_provider_is_gone_once_and_in_time() {
    let (_folder, alliance) = one_nation();
    let node = alliance.members[0].node().unwrap();
    let (flow, other) = (node.begin_flow().unwrap(), node.begin_flow().unwrap());
    assert!(flow.state != other.state && flow.nonce != flow.state && flow.verifier.len() >= 43);
    assert!(said(node.end_flow(&flow.ticket, &other.state)).contains("another sign-in"));
    assert!(node.end_flow(&node.ticket_to_sign_in(), &flow.state).is_err());
    assert_eq!(node.end_flow(&flow.ticket, &flow.state).unwrap(), flow);
    assert!(node.end_flow(&flow.ticket, &flow.state).is_err(), "once");
    alliance.clock.advance(5 * 60_000);
    assert!(node.end_flow(&other.ticket, &other.state).is_err(), "too late");
}

#[test]
fn a_seat_whose_session_does_not_suffice_for_it_is_shown_nothing_more() {
    let (_folder, alliance) = crate::world::alliance(2);
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let guest = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Analyst]) };
    node.add_person(&at.actor("security-1").unwrap(), "sita", &guest).unwrap();
    bind(at, "sita", &Badge::at_provider(ISSUER, "sita"));
    let as_analyst = Vouched::Provider {
        issuer: ISSUER.to_owned(),
        subject: "sita".to_owned(),
        suffices: Roles::of(&[Role::Analyst]),
    };
    let session = node.sign_in_vouched(&as_analyst, &Arrival::default()).unwrap();
    let before = node.asked_in(&session, None).unwrap();
    assert!(!node.events(&before, None, None, 9).unwrap().is_empty());

    // From our analyst they become their nation's liaison officer, while the session goes on.
    let change = Change { give: vec![Role::Seat], take: vec![Role::Analyst], ..Change::default() };
    node.change_person(&at.actor("security-2").unwrap(), "sita", &change, "posted").unwrap();
    let seat = node.asked_in(&session, None).unwrap();
    assert!(seat.is_seated());
    assert_eq!(node.events(&seat, None, None, 9).unwrap(), []);
    assert_eq!(node.people(&seat).unwrap().len(), 1);
    for refused in [
        node.status(&seat).map(drop),
        node.objects(&seat, None, 9, None).map(drop),
        node.decisions(&seat, 9).map(drop),
    ] {
        assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
    }
}
