//! Breaking the glass: for an open case, at home only, told at once, and judged by others.

use entente_app::access::Reading;
use entente_app::people::{Actor, Deed, Post, Role};
use entente_app::{AppError, SqliteNode};
use entente_law::{Fact, FactKind, FactSubject};
use entente_model::ObjectId;
use entente_store::rows::AccessFilter;
use entente_testkit::Member;

use crate::people::{added, one_nation};
use crate::world::{order, overseer, publish_bytes, verify};

const WHY: &str = "case:OP-12: a hostage is at the place it names";
const HOUR_MILLIS: u64 = 3_600_000;

fn said<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().to_string()
}

/// Opens a case for a month.
fn open_case(at: &Member) {
    let case = Fact::new(
        FactKind::Case,
        FactSubject::Case("OP-12".into()),
        "open",
        "decision 12/2026",
        (at.now(), at.now().plus_millis(720 * HOUR_MILLIS)),
    )
    .unwrap();
    at.node().unwrap().assert_fact(&at.actor("legal-1").unwrap(), case).unwrap();
}

fn secret(at: &Member, payload: &[u8]) -> ObjectId {
    let order = order(at, "SECRET-A//COMPARTMENT LANTERN//NOFORN", &[]);
    publish_bytes(at, &order, &[payload.to_vec()]).objects[0]
}

fn alarms(node: &SqliteNode, actor: &Actor) -> Vec<String> {
    let rows = node.events(actor, Some("alarm"), None, 99).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

#[test]
fn the_glass_is_broken_for_an_open_case_and_judged_by_others_in_time() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let oid = secret(at, b"the place");
    let eva = added(at, "eva", &Post::of(&[Role::Analyst]));
    let as_usual = |by: &Actor| node.object(by, oid, &Reading::by_command());
    let unknown = said(as_usual(&eva));
    assert!(said(node.break_glass(&eva, oid, WHY)).contains("is not open here"));
    open_case(at);
    for wrong in ["", "because", "case:OP-12", "case:OP-13: why"] {
        assert!(node.break_glass(&eva, oid, wrong).is_err(), "{wrong}");
    }
    let nothing = ObjectId::from_array([7; 32]);
    let absent = said(node.break_glass(&eva, nothing, WHY));
    assert_eq!(absent, unknown.replace(&oid.short(), &nothing.short()));
    assert_eq!(alarms(node, &eva), Vec::<String>::new(), "nothing was opened");
    // Not for guests, programs, those without an office that reads, or who needs none of it.
    let guest = Post { nation: "XBR".parse().ok(), ..Post::of(&[Role::Analyst]) };
    let bela = added(at, "bela", &guest);
    assert!(said(node.break_glass(&bela, oid, WHY)).contains("for persons of this nation"));
    let program = Post {
        owner: Some("eva".into()),
        until: Some(node.now().plus_millis(24 * HOUR_MILLIS)),
        ..Post::of(&[Role::Analyst])
    };
    let feed = added(at, "feed", &program);
    assert!(said(node.break_glass(&feed, oid, WHY)).contains("for persons of this nation"));
    let operator = at.actor("operator").unwrap();
    assert!(said(node.break_glass(&operator, oid, WHY)).contains("needs the role analyst"));
    let read_in =
        Post { read_ins: vec!["LANTERN".into()], ..Post::of(&[Role::Analyst]).cleared("SECRET-A") };
    let rita = added(at, "rita", &read_in);
    assert!(said(node.break_glass(&rita, oid, WHY)).contains("may read object"));

    let view = node.break_glass(&eva, oid, WHY).unwrap();
    assert_eq!(view.payload.as_deref(), Some(&b"the place"[..]));
    assert_eq!(said(as_usual(&eva)), unknown, "it opened once, and nothing else");
    assert_eq!(said(as_usual(&bela)), unknown, "and to nobody else");
    let told = alarms(node, &overseer(at));
    assert!(told[0].starts_with("eva broke the glass"), "{told:?}");
    assert!(!told[0].contains(&oid.short()), "what was opened is for those who judge it");
    let filter = AccessFilter { person: Some("eva".into()), ..AccessFilter::default() };
    let access = &node.accesses(&overseer(at), &filter, 9).unwrap()[0].access;
    assert_eq!((access.door.as_str(), access.necessity.as_deref()), ("break-glass", Some(WHY)));

    // Those who judge see it, and the person; colleagues do not.
    let officer = at.actor("security-1").unwrap();
    let opening = node.openings(&officer).unwrap().remove(0);
    assert_eq!((opening.oid, opening.why.as_str()), (oid, WHY));
    assert_eq!(node.openings(&eva).unwrap().len(), 1);
    assert_eq!(node.openings(&rita).unwrap(), []);
    assert_eq!(node.status(&officer).unwrap().openings, (1, 0));
    assert_eq!(node.status(&eva).unwrap().openings, (0, 0));
    assert!(said(node.judge_opening(&eva, opening.id, true, "why")).contains("may not judge"));
    assert!(said(node.judge_opening(&officer, opening.id, true, " ")).contains("say why"));
    assert!(said(node.judge_opening(&officer, 77, true, "why")).contains("not known here"));
    node.tick().unwrap();
    assert_eq!(alarms(node, &officer).len(), 1);
    alliance.clock.advance(72 * HOUR_MILLIS);
    for _ in 0..2 {
        node.tick().unwrap();
    }
    let told = alarms(node, &officer);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("nobody has judged within 72 hours"), "{told:?}");
    assert_eq!(node.status(&officer).unwrap().openings, (1, 1));
    node.judge_opening(&officer, opening.id, false, "nothing was urgent").unwrap();
    let again = said(node.judge_opening(&overseer(at), opening.id, true, "it was"));
    assert!(again.contains("was judged by security-1 already"), "{again}");
    let judged = node.openings(&eva).unwrap().remove(0);
    assert_eq!((judged.justified, judged.judgement.as_str()), (false, "nothing was urgent"));
    assert_eq!(node.status(&officer).unwrap().openings, (0, 0));
    verify(at);
}

#[test]
fn nobody_judges_themselves_and_openings_that_wait_are_bounded() {
    let (_folder, mut alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    open_case(at);
    let eva = added(at, "eva", &Post::of(&[Role::Analyst]));
    let olga = overseer(at);
    let objects: Vec<ObjectId> = (0..11).map(|n| secret(at, &[b'a' + n])).collect();
    node.break_glass(&olga, objects[0], WHY).unwrap();
    let own = node.openings(&olga).unwrap()[0].id;
    assert!(said(node.judge_opening(&olga, own, true, "why")).contains("may not judge themselves"));
    for oid in &objects[..10] {
        node.break_glass(&eva, *oid, WHY).unwrap();
    }
    let refused = said(node.break_glass(&eva, objects[10], WHY));
    assert!(refused.contains("broke the glass 10 times"), "{refused}");
    let deed = Deed::Judge { opening: own, justified: true, why: "it was".into() };
    assert!(said(node.offer_deed(&olga, &deed)).contains("may not judge themselves"));
    assert!(node.offer_deed(&at.actor("security-1").unwrap(), &deed).is_ok());

    // What waits outlives a restart.
    let member = alliance.member_mut(0).unwrap();
    member.stop();
    member.start().unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    assert!(node.break_glass(&eva, objects[10], WHY).is_err());
    let first = node.openings(&eva).unwrap().pop().unwrap();
    node.judge_opening(&olga, first.id, true, "a life was at stake").unwrap();
    node.break_glass(&eva, objects[10], WHY).unwrap();
    verify(at);
}
