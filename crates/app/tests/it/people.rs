//! Persons come, change and leave, and what their approvals count for.

use entente_app::people::{Actor, Approval, Arrival, Change, Post, Role, TokenKind};
use entente_app::{AppError, SqliteNode};
use entente_testkit::{Alliance, Member, Profile};
use tempfile::TempDir;

const DAY_MILLIS: u64 = 86_400_000;

pub(crate) fn one_nation() -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = [Profile::new("XAR", &["CERT-A", "NAVY-FUSION"]).unwrap()];
    let alliance = Alliance::found(&profiles, folder.path(), 7).unwrap();
    (folder, alliance)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

fn waits(approval: &Approval) -> bool {
    matches!(approval, Approval::Waiting { .. })
}

fn give(role: Role) -> Change {
    Change { give: vec![role], ..Change::default() }
}

/// Adds someone by one person, and gives them as an actor.
pub(crate) fn added(at: &Member, name: &str, post: &Post) -> Actor {
    let admission =
        at.node().unwrap().add_person(&at.actor("security-1").unwrap(), name, post).unwrap();
    signed_on(at.node().unwrap(), &admission.credential.unwrap())
}

fn signed_on(node: &SqliteNode, credential: &str) -> Actor {
    node.actor(credential, &[TokenKind::Credential]).unwrap()
}

/// A session's secret.
pub(crate) fn signed_in(node: &SqliteNode, person: &Actor) -> String {
    let link = node.link_for(person, person.name()).unwrap();
    node.sign_in(&link, None, &Arrival::default()).unwrap()
}

#[test]
fn nobody_changes_themselves_and_every_change_has_a_reason_on_record() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [one, two] = ["security-1", "security-2"].map(|name| at.actor(name).unwrap());
    let desk = Change { desk: Some("north".into()), ..Change::default() };
    let own = refusal(node.change_person(&one, "security-1", &desk, "I moved"));
    assert!(own.contains("may not change themselves"), "{own}");
    let why = refusal(node.change_person(&one, "analyst", &desk, "  "));
    assert!(why.contains("needs a reason"), "{why}");
    let analyst = at.actor("analyst").unwrap();
    let refused = refusal(node.change_person(&analyst, "operator", &desk, "because"));
    assert!(refused.contains("needs the role security-officer"), "{refused}");
    // Overseers confirm, and change nothing by themselves.
    let overseer = at.actor("overseer").unwrap();
    let refused = refusal(node.change_person(&overseer, "analyst", &desk, "because"));
    assert!(refused.contains("needs the role security-officer"), "{refused}");

    let change = Change {
        desk: Some("north".into()),
        body: Some("NAVY-FUSION".into()),
        clearance: Some("SERVICE".into()),
        read_in: vec!["LANTERN".into()],
        ..Change::default()
    };
    assert!(!waits(&node.change_person(&two, "analyst", &change, "moved to the fleet").unwrap()));
    let row = node.person(&one, "analyst").unwrap();
    assert_eq!((row.desk.as_str(), row.body.as_str()), ("north", "NAVY-FUSION"));
    assert_eq!(
        (row.clearance.as_str(), row.read_ins.as_slice()),
        ("SERVICE", &["LANTERN".into()][..])
    );
    // Which compartments someone is read into is not for their colleagues.
    assert!(node.person(&at.actor("legal-1").unwrap(), "analyst").unwrap().read_ins.is_empty());
    assert_eq!(node.person(&analyst, "analyst").unwrap().read_ins, ["LANTERN"]);
    for (change, sentence) in [
        (change, "nothing would change"),
        (Change { take: vec![Role::Liaison], ..Change::default() }, "is no liaison"),
        (Change { take: vec![Role::Analyst], ..Change::default() }, "needs at least one role"),
        (give(Role::Analyst), "is analyst already"),
        (Change { body: Some("NAVY".into()), ..Change::default() }, "use one of CERT-A"),
        (Change { clearance: Some("HIGH".into()), ..Change::default() }, "use one of OPEN"),
        (Change { read_in: vec!["A//B".into()], ..Change::default() }, "such as `LANTERN`"),
        (Change { read_out: vec!["QUAY".into()], ..Change::default() }, "not read into `QUAY`"),
    ] {
        let said = refusal(node.change_person(&one, "analyst", &change, "because"));
        assert!(said.contains(sentence) || said.contains("already"), "{said}");
    }
    assert!(node.verify_ledger(&overseer).unwrap().faults.is_empty());
}

#[test]
fn an_office_that_decides_is_given_by_two_and_counts_after_a_day() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [one, two] = ["security-1", "security-2"].map(|name| at.actor(name).unwrap());
    let overseer = at.actor("overseer").unwrap();
    let change = give(Role::SecurityOfficer);
    // What is given at the founding counts at once; this is later.
    alliance.clock.advance(1000);
    // An overseer confirms what a security officer proposed, and proposes nothing.
    let proposed = refusal(node.change_person(&overseer, "operator", &change, "needed"));
    assert!(proposed.contains("needs the role security-officer"), "{proposed}");
    assert!(waits(&node.change_person(&one, "operator", &change, "needed").unwrap()));
    let again = refusal(node.change_person(&one, "operator", &change, "needed"));
    assert!(again.contains("another person must"), "{again}");
    // Another reason is another act.
    assert!(waits(&node.change_person(&two, "operator", &change, "wanted").unwrap()));
    assert!(!at.actor("operator").unwrap().is(&[Role::SecurityOfficer]));
    assert!(!waits(&node.change_person(&overseer, "operator", &change, "needed").unwrap()));

    // The new officer acts at once, but their approval does not count for a day.
    let operator = at.actor("operator").unwrap();
    assert!(operator.is(&[Role::SecurityOfficer]));
    let post = Post::of(&[Role::ReleaseOfficer]);
    alliance.clock.advance(DAY_MILLIS / 2);
    assert!(waits(&node.add_person(&one, "rita", &post).unwrap().approval));
    let early = refusal(node.add_person(&operator, "rita", &post));
    assert!(early.contains("less than 24 hours ago"), "{early}");
    alliance.clock.advance(DAY_MILLIS / 2 + 1000);
    let admission = node.add_person(&operator, "rita", &post).unwrap();
    assert!(admission.credential.is_some(), "{admission:?}");
    // An approval is used once: the same act begins anew.
    assert!(refusal(node.add_person(&two, "rita", &post)).contains("already"));
}

#[test]
fn an_approval_lapses_after_a_day_and_with_its_givers_office() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [one, two] = ["security-1", "security-2"].map(|name| at.actor(name).unwrap());
    let overseer = at.actor("overseer").unwrap();
    let post = Post::of(&[Role::Overseer]);
    assert!(waits(&node.add_person(&one, "otto", &post).unwrap().approval));
    assert_eq!(node.proposals(&two).unwrap().len(), 1);
    alliance.clock.advance(DAY_MILLIS + 1);
    assert_eq!(node.proposals(&two).unwrap(), []);
    assert!(waits(&node.add_person(&two, "otto", &post).unwrap().approval), "the first lapsed");
    // Who left the office is no approver any more.
    assert!(!waits(&node.deactivate_person(&one, "security-2", "left the service").unwrap()));
    let Approval::Waiting { approvers, .. } =
        node.add_person(&overseer, "otto", &post).unwrap().approval
    else {
        panic!("one person gave an office");
    };
    assert_eq!(approvers, ["overseer"]);
    assert!(node.add_person(&one, "otto", &post).unwrap().credential.is_some());
}

#[test]
fn who_leaves_loses_every_secret_at_once_and_comes_back_with_a_new_one() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let [one, two] = ["security-1", "security-2"].map(|name| at.actor(name).unwrap());
    let admission = node.add_person(&one, "eva", &Post::of(&[Role::Analyst])).unwrap();
    let credential = admission.credential.unwrap();
    let eva = signed_on(node, &credential);
    let session = signed_in(node, &eva);
    let link = node.link_for(&one, "eva").unwrap();
    let kinds = [TokenKind::Credential, TokenKind::Session, TokenKind::Link];
    for secret in [&credential, &session, &link] {
        node.actor(secret, &kinds).unwrap();
    }
    node.deactivate_person(&two, "eva", "on leave").unwrap();
    for secret in [&credential, &session, &link] {
        assert!(refusal(node.actor(secret, &kinds)).contains("not valid here"));
    }
    assert!(refusal(node.link_for(&one, "eva")).contains("has left"));
    assert!(refusal(node.renew_credential(&one, "eva", true, "lost")).contains("has left"));
    let fresh = node.reactivate_person(&one, "eva", "is back").unwrap().credential.unwrap();
    assert!(refusal(node.actor(&credential, &kinds)).contains("not valid here"));
    let eva = signed_on(node, &fresh);

    // A renewed credential ends the one before, and the sessions that it began.
    let newest = node.renew_credential(&eva, "eva", true, "").unwrap().credential.unwrap();
    assert!(node.actor(&fresh, &kinds).is_err());
    node.actor(&newest, &kinds).unwrap();
    assert_eq!(node.renew_credential(&one, "eva", false, "stolen").unwrap().credential, None);
    assert!(node.actor(&newest, &kinds).is_err());

    // Nobody alone gets the credential of someone whose approval counts.
    assert!(refusal(node.link_for(&one, "release-1")).contains("two security officers renew"));
    let first = node.renew_credential(&one, "release-1", true, "lost the key").unwrap();
    assert!(waits(&first.approval) && first.credential.is_none());
    assert!(at.actor("release-1").is_ok(), "the old one is good until then");
    let second = node.renew_credential(&two, "release-1", true, "lost the key").unwrap();
    signed_on(node, &second.credential.unwrap());
    assert!(at.actor("release-1").is_err());

    // Somebody must be left who names others.
    node.deactivate_person(&one, "security-2", "left the service").unwrap();
    let post = Post::of(&[Role::Overseer]);
    let last = refusal(node.deactivate_person(&one, "security-1", "left the service"));
    assert!(last.contains("may not change themselves"), "{last}");
    assert!(waits(&node.add_person(&one, "otto", &post).unwrap().approval));
}

#[test]
fn another_nations_national_reads_and_decides_nothing() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let guest = |roles: &[Role]| Post { nation: "XBR".parse().ok(), ..Post::of(roles) };
    let one = at.actor("security-1").unwrap();
    for role in [Role::ReleaseOfficer, Role::Overseer, Role::Operator, Role::Reviewer] {
        let said = refusal(node.add_person(&one, "bela", &guest(&[Role::Analyst, role])));
        assert!(said.contains("is a national of XBR and cannot be"), "{said}");
    }
    added(at, "bela", &guest(&[Role::Analyst]));
    let said = refusal(node.change_person(&one, "bela", &give(Role::SecurityOfficer), "trusted"));
    assert!(
        said.contains("works for us as analyst, or is that nation's liaison officer"),
        "{said}"
    );
    // A seat is held for a nation that is known, by nobody else, and with no other office.
    let wrong = [
        (guest(&[Role::Seat]), "XBR is not known here: introduce it first"),
        (guest(&[Role::Seat, Role::Analyst]), "can have no other role here"),
        (Post::of(&[Role::Seat]), "say for which, with --nationality"),
    ];
    for (post, why) in wrong {
        let said = refusal(node.add_person(&one, "sita", &post));
        assert!(said.contains(why), "{said}");
    }
    // Nor does a change of nationality leave an office behind.
    let change = Change { nation: "XBR".parse().ok(), ..Change::default() };
    let said = refusal(node.change_person(&one, "release-1", &change, "married"));
    assert!(said.contains("cannot be release-officer here"), "{said}");
}
