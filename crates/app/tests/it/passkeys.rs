//! Passkeys: added from a link, good for one site, one question and one person, and proof of what
//! was approved.

use entente_app::people::{
    Actor, Approval, Arrival, Change, Deed, Ending, Made, Post, Role, Roles, Site, Ticket,
    TokenKind, Used,
};
use entente_app::settings::Settings;
use entente_app::standing::StandingRule;
use entente_app::{AppError, SqliteNode};
use entente_testkit::authenticator::Authenticator;
use entente_testkit::{Alliance, Member, treaty};

use crate::people::{one_nation, signed_in};
use crate::world::alliance;

const MINUTE: u64 = 60_000;

fn site() -> Site {
    Site { host: "xar.localhost".into(), origin: "http://xar.localhost:8080".into() }
}

fn said<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

fn add(
    node: &SqliteNode,
    person: &Actor,
    session: &str,
    passkey: &Authenticator,
) -> Result<(), AppError> {
    let ticket = node.registration(person, session)?.ticket;
    let (client_data, authenticator_data) = passkey.make(ticket.as_bytes());
    let made = Made { ticket, name: "blue key".into(), client_data, authenticator_data };
    node.add_passkey(person, session, &site(), &made)
}

/// A person of the nation, with a passkey.
fn with_passkey(at: &Member, name: &str, seed: u64) -> (Actor, Authenticator) {
    let node = at.node().unwrap();
    let (person, passkey) = (at.actor(name).unwrap(), Authenticator::at(&site(), seed));
    add(node, &person, &signed_in(node, &person), &passkey).unwrap();
    (person, passkey)
}

fn used(passkey: &mut Authenticator, ticket: Ticket, challenge: &[u8; 32]) -> Used {
    Used { ticket, id: passkey.id.clone(), assertion: passkey.answer(challenge) }
}

fn sign_in(node: &SqliteNode, passkey: &mut Authenticator) -> Result<String, AppError> {
    let ticket = node.ticket_to_sign_in();
    let used = used(passkey, ticket, ticket.as_bytes());
    node.sign_in_with_passkey(&site(), &used, &Arrival::default())
}

fn alarms(alliance: &Alliance) -> Vec<String> {
    let at = &alliance.members[0];
    let overseer = at.actor("overseer").unwrap();
    let rows = at.node().unwrap().events(&overseer, Some("alarm"), None, 99).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

#[test]
fn a_passkey_is_added_from_a_link_that_was_just_used() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [eva, officer] = ["analyst", "security-1"].map(|name| at.actor(name).unwrap());
    let mut passkey = Authenticator::at(&site(), 1);
    let session = signed_in(node, &eva);

    // What was asked of another person, of a sign-in, or of nobody, adds nothing.
    let theirs = node.registration(&officer, &signed_in(node, &officer)).unwrap().ticket;
    for ticket in [theirs, node.ticket_to_sign_in(), "ab".repeat(32).parse().unwrap()] {
        let (client_data, authenticator_data) = passkey.make(ticket.as_bytes());
        let made = Made { ticket, name: "a".into(), client_data, authenticator_data };
        let refused = said(node.add_passkey(&eva, &session, &site(), &made));
        assert!(refused.contains("this page is too old, or was used already"), "{refused}");
    }
    let ticket = node.registration(&eva, &session).unwrap().ticket;
    let (client_data, authenticator_data) = passkey.make(ticket.as_bytes());
    let made = Made { ticket, name: "blue key".into(), client_data, authenticator_data };
    for name in ["", " ", "a\nb", &"x".repeat(65)] {
        let made = Made { name: name.into(), ..made.clone() };
        assert!(
            said(node.add_passkey(&eva, &session, &site(), &made)).contains("give the passkey")
        );
    }
    node.add_passkey(&eva, &session, &site(), &made).unwrap();
    assert!(node.add_passkey(&eva, &session, &site(), &made).is_err(), "once");
    assert!(said(add(node, &eva, &session, &passkey)).contains("is here already"));
    let stolen = signed_in(node, &officer);
    assert!(said(add(node, &officer, &stolen, &passkey)).contains("is here already"));

    // Neither an old session nor one that a passkey began adds another one.
    let second = Authenticator::at(&site(), 2);
    let by_passkey = sign_in(node, &mut passkey).unwrap();
    assert!(said(add(node, &eva, &by_passkey, &second)).contains("with a link"));
    alliance.clock.advance(15 * MINUTE - 1000);
    assert!(node.may_add_passkeys(&session));
    alliance.clock.advance(1000);
    assert!(said(add(node, &eva, &session, &second)).contains("with a link"));

    let view = &node.passkeys(&officer, "analyst").unwrap()[0];
    assert_eq!((view.name.as_str(), view.used.is_some()), ("blue key", true));
    let number = view.id.short();
    assert!(said(node.passkeys(&eva, "security-1")).contains("may not see the passkeys of others"));
    assert!(said(node.remove_passkey(&officer, "analyst", &number, "")).contains("a reason"));
    assert!(said(node.remove_passkey(&eva, "analyst", "ab", "")).contains("not known"));
    node.remove_passkey(&officer, "analyst", &number, "lost").unwrap();
    assert!(said(sign_in(node, &mut passkey)).contains("this passkey is not known here"));
    assert!(node.verify_ledger(&at.actor("overseer").unwrap()).unwrap().faults.is_empty());
}

#[test]
fn a_passkey_signs_in_its_person_once_for_each_question() {
    let (_folder, mut alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let (eva, mut passkey) = with_passkey(at, "analyst", 1);
    let session = sign_in(node, &mut passkey).unwrap();
    assert_eq!(node.asked_in(&session, None).unwrap().name(), "analyst");
    let hows = node.sessions(&eva, "analyst").unwrap().into_iter().map(|row| row.how);
    assert_eq!(hows.filter(|how| how == "passkey").count(), 1);

    let try_in = |used: &Used| {
        // Nobody waits here for what another check does wrong.
        alliance.clock.advance(61_000);
        said(node.sign_in_with_passkey(&site(), used, &Arrival::default()))
    };
    let answer = |passkey: &mut Authenticator| {
        let ticket = node.ticket_to_sign_in();
        used(passkey, ticket, ticket.as_bytes())
    };
    // A recorded answer is good once.
    let recorded = answer(&mut passkey);
    node.sign_in_with_passkey(&site(), &recorded, &Arrival::default()).unwrap();
    assert!(try_in(&recorded).contains("was used already"));
    passkey.counter = 100;
    // Nor is it good for another question, nor long after it was asked.
    let other = used(&mut passkey, node.ticket_to_sign_in(), &[7; 32]);
    assert!(try_in(&other).contains("another question"));
    let late = answer(&mut passkey);
    alliance.clock.advance(5 * MINUTE);
    assert!(try_in(&late).contains("too old"));
    for (bend, sentence) in [
        (
            (|p| p.origin = "http://evil.example".into()) as fn(&mut Authenticator),
            "another page than one of this node's",
        ),
        (|p| p.host = "evil.example".into(), "for another site"),
        (|p| p.verifies = false, "did not verify its person"),
        (|p| p.counter = 0, "counter went back"),
        (|p| p.id = b"unknown".to_vec(), "not known here"),
    ] {
        let mut bent = Authenticator::at(&site(), 1);
        bent.counter = passkey.counter;
        bend(&mut bent);
        assert!(try_in(&answer(&mut bent)).contains(sentence), "{sentence}");
    }
    let went_back = "the counter of analyst's passkey `blue key` went back";
    assert!(alarms(&alliance).iter().any(|alarm| alarm == went_back));
    // Another person's key under this one's name.
    let (_, mut theirs) = with_passkey(at, "operator", 2);
    theirs.id.clone_from(&passkey.id);
    theirs.counter = 1000;
    assert!(try_in(&answer(&mut theirs)).contains("signature does not verify"));

    // It outlives a restart; a question from before does not. It ends with its person's leave.
    let before = answer(&mut passkey);
    let member = alliance.member_mut(0).unwrap();
    member.stop();
    member.start().unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let refused = node.sign_in_with_passkey(&site(), &before, &Arrival::default());
    assert!(said(refused).contains("too old"));
    sign_in(node, &mut passkey).unwrap();
    let officer = at.actor("security-1").unwrap();
    node.deactivate_person(&officer, "analyst", "left the service").unwrap();
    assert!(said(sign_in(node, &mut passkey)).contains("not known here"));
    node.reactivate_person(&officer, "analyst", "is back").unwrap();
    assert!(said(sign_in(node, &mut passkey)).contains("not known here"));
}

#[test]
fn an_approval_in_a_browser_is_of_one_exact_act_and_its_proof_is_kept() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let officer = at.actor("security-1").unwrap();
    let (overseer, mut passkey) = with_passkey(at, "overseer", 1);
    let (legal, mut legal_key) = with_passkey(at, "legal-1", 2);
    let give = |role| Change { give: vec![role], ..Change::default() };
    let propose = |who: &str, role| {
        let Approval::Waiting { digest, .. } =
            node.change_person(&officer, who, &give(role), "needed").unwrap()
        else {
            panic!("one person gave an office");
        };
        Deed::Approve(digest)
    };
    let deed = propose("operator", Role::ReleaseOfficer);
    let other = propose("analyst", Role::Overseer);
    let offer = node.offer_deed(&overseer, &deed).unwrap();
    assert!(offer.about.contains("operator"), "{}", offer.about);
    assert_eq!(offer.passkeys, [passkey.id.clone()]);

    // A proof of another act, of a sign-in, by another person, or without an office.
    let answer = used(&mut passkey, offer.ticket, &offer.challenge);
    assert!(said(node.do_deed(&overseer, &site(), &other, &answer)).contains("too old"));
    let bare = used(&mut passkey, offer.ticket, offer.act.as_bytes());
    assert!(said(node.do_deed(&overseer, &site(), &deed, &bare)).contains("another question"));
    let ticket = node.ticket_to_sign_in();
    let sign_in = used(&mut passkey, ticket, ticket.as_bytes());
    assert!(said(node.do_deed(&overseer, &site(), &deed, &sign_in)).contains("too old"));
    let theirs = used(&mut legal_key, offer.ticket, &offer.challenge);
    assert!(said(node.do_deed(&overseer, &site(), &deed, &theirs)).contains("not known here"));
    let offered = node.offer_deed(&legal, &deed).unwrap();
    let no_office = used(&mut legal_key, offered.ticket, &offered.challenge);
    let refused = said(node.do_deed(&legal, &site(), &deed, &no_office));
    assert!(refused.contains("may not change persons"), "{refused}");
    assert_eq!(node.proposals(&officer).unwrap().len(), 2, "nothing was carried out");

    let offer = node.offer_deed(&overseer, &deed).unwrap();
    let answer = used(&mut passkey, offer.ticket, &offer.challenge);
    let done = node.do_deed(&overseer, &site(), &deed, &answer).unwrap();
    let Approval::Granted { approvers, .. } = done else { panic!("two persons approved") };
    assert_eq!(approvers, ["security-1", "overseer"]);
    assert!(at.actor("operator").unwrap().is(&[Role::ReleaseOfficer]));
    assert!(node.do_deed(&overseer, &site(), &deed, &answer).is_err(), "used once");
    assert!(node.verify_ledger(&overseer).unwrap().faults.is_empty());

    // What changed since it was proposed is another act.
    let Deed::Approve(digest) = other else { panic!("an approval") };
    let desk = Change { desk: Some("north".into()), ..Change::default() };
    node.change_person(&officer, "analyst", &desk, "moved").unwrap();
    let other = Deed::Approve(digest);
    let offer = node.offer_deed(&overseer, &other).unwrap();
    let answer = used(&mut passkey, offer.ticket, &offer.challenge);
    let refused = said(node.do_deed(&overseer, &site(), &other, &answer));
    assert!(refused.contains("analyst has changed since this was proposed"), "{refused}");

    // What hands over a secret is repeated at the command line.
    let added = node.add_person(&officer, "rita", &Post::of(&[Role::Overseer])).unwrap();
    let Approval::Waiting { digest, .. } = added.approval else { panic!("waits") };
    let refused = said(node.offer_deed(&overseer, &Deed::Approve(digest)));
    assert!(refused.contains("at the command line"), "{refused}");
}

#[test]
fn a_standing_rule_that_waits_is_made_with_a_passkey() {
    let (_folder, alliance) = alliance(2);
    let profiles: Vec<_> = alliance.members.iter().map(|m| m.profile.clone()).collect();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let rule = StandingRule {
        name: "watch".to_owned(),
        query: "type = report".to_owned(),
        under: treaty::CODE.to_owned(),
        to: vec!["XBR".parse().unwrap()],
        not_to: Vec::new(),
        purpose: None,
        daily: None,
        sample: 0,
        at: node.now(),
    };
    let first = node.add_rule(&at.actor("release-1").unwrap(), &rule).unwrap();
    let Approval::Waiting { digest, .. } = first else { panic!("one officer made a rule") };
    let (second, mut passkey) = with_passkey(at, "release-2", 1);
    let deed = Deed::Approve(digest);
    let offer = node.offer_deed(&second, &deed).unwrap();
    let answer = used(&mut passkey, offer.ticket, &offer.challenge);
    let done = node.do_deed(&second, &site(), &deed, &answer).unwrap();
    assert!(matches!(done, Approval::Granted { .. }));
    assert_eq!(node.rules(&second).unwrap()[0].held.rule.name, "watch");
}

#[test]
fn where_an_office_needs_a_passkey_a_link_lets_its_holder_only_add_one() {
    let (_folder, mut alliance) = one_nation();
    let member = alliance.member_mut(0).unwrap();
    let passkeys_for = Roles::of(&[Role::SecurityOfficer, Role::ReleaseOfficer]);
    member.settings = Settings { passkeys_for, ..member.settings };
    member.stop();
    member.start().unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let (officer, analyst) = (at.actor("security-1").unwrap(), at.actor("analyst").unwrap());
    let analyst = node.asked_in(&signed_in(node, &analyst), None).unwrap();
    assert!(analyst.is(&[Role::Analyst]) && !analyst.is_enrolling());

    let session = signed_in(node, &officer);
    let enrolling = node.asked_in(&session, None).unwrap();
    assert!(enrolling.is_enrolling() && enrolling.roles().is_empty());
    let all = Ending::AllBut(None);
    assert!(node.end_sessions(&enrolling, "analyst", &all, "because").is_err());
    let mut passkey = Authenticator::at(&site(), 1);
    add(node, &enrolling, &session, &passkey).unwrap();
    assert!(node.asked_in(&session, None).unwrap().is_enrolling(), "until they sign in with it");
    let session = sign_in(node, &mut passkey).unwrap();
    let signed = node.actor(&session, &[TokenKind::Session]).unwrap();
    assert!(signed.is(&[Role::SecurityOfficer]) && !signed.is_enrolling());
    // The command line keeps its credential.
    assert!(at.actor("security-1").unwrap().is(&[Role::SecurityOfficer]));
}
