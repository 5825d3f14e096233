//! The access review, and programs: what they hold, who answers for them, and when it ends.

use entente_app::access::Reading;
use entente_app::people::{Actor, Approval, Change, Deed, Post, Role, TokenKind};
use entente_app::{AppError, SqliteNode};
use entente_model::Timestamp;
use entente_store::rows::AccessFilter;

use crate::people::{one_nation, signed_in};
use crate::world::{self, order, overseer, publish_bytes};

const DAY_MILLIS: u64 = 86_400_000;

fn said<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

fn overdue(node: &SqliteNode, actor: &Actor) -> Vec<String> {
    node.status(actor).unwrap().reviews_overdue
}

#[test]
fn who_holds_what_is_confirmed_or_taken_by_others_in_time_and_on_record() {
    let (_folder, mut alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [one, two] = ["security-1", "security-2"].map(|name| at.actor(name).unwrap());
    let analyst = at.actor("analyst").unwrap();
    let read_in = Change { read_in: vec!["LANTERN".into()], ..Change::default() };
    node.change_person(&one, "analyst", &read_in, "joins").unwrap();
    signed_in(node, &analyst);
    let holding = |name: &str| {
        node.reviews(&one).unwrap().into_iter().find(|holding| holding.row.name == name).unwrap()
    };
    assert!(holding("analyst").signed_in.is_some() && holding("operator").signed_in.is_none());
    assert!(overdue(node, &one).is_empty());
    assert!(said(node.reviews(&analyst)).contains("may not review"));

    alliance.clock.advance(90 * DAY_MILLIS);
    node.note_presence(&analyst).unwrap();
    assert_eq!(holding("analyst").asked, Some(node.now()));
    assert_eq!(overdue(node, &one).len(), node.people(&one).unwrap().len());
    assert!(overdue(node, &analyst).is_empty(), "their colleagues answer for nothing");
    assert!(holding("analyst").is_overdue);

    let review = |by: &Actor, name: &str, take: &[Role], read_out: &[String], why: &str| {
        node.review_person(by, name, take, read_out, why)
    };
    assert!(
        said(review(&one, "security-1", &[], &[], "mine")).contains("may not change themselves")
    );
    assert!(said(review(&one, "analyst", &[], &[], " ")).contains("needs a reason"));
    assert!(said(review(&overseer(at), "analyst", &[], &[], "ok")).contains("may not review"));
    assert!(said(review(&one, "analyst", &[Role::Liaison], &[], "ok")).contains("is no liaison"));
    assert!(holding("analyst").is_overdue, "what failed reviewed nothing");
    let row = review(&one, "analyst", &[], &["LANTERN".into()], "LANTERN ended").unwrap();
    assert!(row.read_ins.is_empty());
    assert_eq!((row.reviewed, row.reviewed_by.as_str()), (Some(node.now()), "security-1"));
    review(&two, "security-1", &[], &[], "in office").unwrap();
    assert!(!overdue(node, &one).iter().any(|name| name == "analyst" || name == "security-1"));
    // A later change keeps the review; the next one is due a period after it.
    let desk = Change { desk: Some("north".into()), ..Change::default() };
    node.change_person(&one, "analyst", &desk, "moved").unwrap();
    assert!(!holding("analyst").is_overdue);
    alliance.clock.advance(90 * DAY_MILLIS);
    assert!(holding("analyst").is_overdue);

    // Who left is not reviewed. What was reviewed outlives a restart.
    node.deactivate_person(&one, "operator", "left").unwrap();
    assert!(said(review(&one, "operator", &[], &[], "ok")).contains("has left"));
    assert!(node.verify_ledger(&overseer(at)).unwrap().faults.is_empty());
    let member = alliance.member_mut(0).unwrap();
    member.stop();
    member.start().unwrap();
    let at = &alliance.members[0];
    let row = at.node().unwrap().person(&at.actor("security-1").unwrap(), "analyst").unwrap();
    assert_eq!(row.reviewed_by, "security-1");
    let deed = Deed::Review { person: "analyst".into(), why: "needed".into() };
    let offer = at.node().unwrap().offer_deed(&at.actor("security-1").unwrap(), &deed).unwrap();
    assert!(offer.about.starts_with("confirm that analyst: analyst of"), "{}", offer.about);
}

fn program(owner: &str, until: Timestamp, roles: &[Role]) -> Post {
    Post {
        owner: Some(owner.to_owned()),
        until: Some(until),
        ..Post::of(roles).cleared("SECRET-A")
    }
}

#[test]
fn a_program_has_an_owner_and_an_end_and_decides_nothing() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let one = at.actor("security-1").unwrap();
    let until = node.now().plus_millis(30 * DAY_MILLIS);
    for role in [Role::ReleaseOfficer, Role::Overseer, Role::Operator, Role::Reviewer] {
        let post = program("analyst", until, &[Role::Analyst, role]);
        assert!(said(node.add_person(&one, "feed", &post)).contains("programs are analyst or"));
    }
    for (post, sentence) in [
        (program("nobody", until, &[Role::Analyst]), "nobody cannot answer for feed"),
        (program("analyst", node.now(), &[Role::Analyst]), "must end within 400 days"),
        (
            program("analyst", node.now().plus_millis(401 * DAY_MILLIS), &[Role::Analyst]),
            "must end within 400 days",
        ),
        (Post { until: None, ..program("analyst", until, &[Role::Analyst]) }, "needs an owner and"),
        (Post { owner: None, ..program("analyst", until, &[Role::Analyst]) }, "needs an owner and"),
    ] {
        let refused = said(node.add_person(&one, "feed", &post));
        assert!(refused.contains(sentence), "{refused}");
    }
    let post = program("analyst", until, &[Role::Analyst]);
    let admission = node.add_person(&one, "feed", &post).unwrap();
    assert!(matches!(admission.approval, Approval::Granted { .. }));
    let credential = admission.credential.unwrap();
    let kinds = [TokenKind::Credential];
    let feed = node.actor(&credential, &kinds).unwrap();
    assert!(feed.is_program());
    let nested = program("feed", until, &[Role::Analyst]);
    assert!(said(node.add_person(&one, "feed-2", &nested)).contains("feed cannot answer for"));
    assert!(said(node.link_for(&one, "feed")).contains("signs in nowhere"));
    assert!(said(node.set_up_code(&feed)).contains("signs in nowhere"));
    // Nor does a change make it more than that, or a person less.
    let give = |role| Change { give: vec![role], ..Change::default() };
    let refused = said(node.change_person(&one, "feed", &give(Role::SecurityOfficer), "trusted"));
    assert!(refused.contains("programs are analyst or liaison"), "{refused}");
    let owned = Change { owner: Some("operator".into()), ..Change::default() };
    assert!(said(node.change_person(&one, "legal-1", &owned, "why")).contains("and no program"));

    // What it reads is on record as a program's reading, and it is reviewed like everyone.
    let order = order(at, "OPEN", &[]);
    let oid = publish_bytes(at, &order, &[b"a report".to_vec()]).objects[0];
    node.object(&feed, oid, &Reading::by_command()).unwrap();
    let filter = AccessFilter { person: Some("feed".into()), ..AccessFilter::default() };
    assert_eq!(node.accesses(&overseer(at), &filter, 9).unwrap()[0].access.door, "program");
    assert!(node.reviews(&one).unwrap().iter().any(|holding| holding.row.name == "feed"));

    // It ends on its day. A new end comes with a new credential.
    alliance.clock.advance(30 * DAY_MILLIS);
    assert!(said(node.actor(&credential, &kinds)).contains("not valid here"));
    assert!(said(node.renew_credential(&one, "feed", true, "goes on")).contains("is over"));
    let later = Some(node.now().plus_millis(DAY_MILLIS));
    let change = Change { until: later, ..Change::default() };
    node.change_person(&one, "feed", &change, "goes on").unwrap();
    let renewed = node.renew_credential(&one, "feed", true, "goes on").unwrap().credential.unwrap();
    node.actor(&renewed, &kinds).unwrap();
    // And with the leave of who answers for it.
    node.deactivate_person(&one, "analyst", "left the service").unwrap();
    assert!(said(node.actor(&renewed, &kinds)).contains("not valid here"));
    // What is over or orphaned can still be made less.
    alliance.clock.advance(2 * DAY_MILLIS);
    let desk = Change { desk: Some("none".into()), ..Change::default() };
    node.change_person(&one, "feed", &desk, "nobody runs it").unwrap();
    let refused = said(node.renew_credential(&one, "feed", true, "goes on"));
    assert!(refused.contains("analyst cannot answer for feed"), "{refused}");
    let until = Some(node.now().plus_millis(DAY_MILLIS));
    let change = Change { owner: Some("operator".into()), until, ..Change::default() };
    node.change_person(&one, "feed", &change, "taken over").unwrap();
    assert!(node.renew_credential(&one, "feed", true, "goes on").unwrap().credential.is_some());
    world::verify(at);
}
