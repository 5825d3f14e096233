//! The access record: what is read is on record before it is answered, and necessary.

use entente_app::access::Reading;
use entente_app::people::Actor;
use entente_app::{AppError, SqliteNode};
use entente_law::{Fact, FactKind, FactSubject};
use entente_model::record::RecordKind;
use entente_model::{ObjectId, Timestamp};
use entente_store::Store as _;
use entente_store::rows::{AccessFilter, AccessRow};
use entente_testkit::{Alliance, Member, Profile};
use tempfile::TempDir;

use crate::world::{order, publish_bytes};

fn one_nation() -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = [Profile::new("XAR", &["CERT-A"]).unwrap()];
    let alliance = Alliance::found(&profiles, folder.path(), 9).unwrap();
    (folder, alliance)
}

fn report(at: &Member, personal: bool) -> ObjectId {
    let mut order = order(at, "OPEN", &[]);
    order.facts.personal_data = personal;
    publish_bytes(at, &order, &[vec![7; 9]]).objects[0]
}

fn read(
    node: &SqliteNode,
    actor: &Actor,
    oid: ObjectId,
    why: Option<&str>,
) -> Result<(), AppError> {
    let reading = Reading::through("command", why)?;
    let view = node.object(actor, oid, &reading)?;
    assert!(view.payload.is_some());
    Ok(())
}

fn entries(node: &SqliteNode) -> usize {
    node.store().read(|work| work.leaves_of_kind(RecordKind::Access, 99)).unwrap().len()
}

#[test]
fn every_reading_is_on_record_and_entered_within_a_minute_whatever_crashes() {
    let (_folder, mut alliance) = one_nation();
    let oid = report(&alliance.members[0], false);
    let any = AccessFilter::default();
    {
        let at = &alliance.members[0];
        let node = at.node().unwrap();
        let analyst = at.actor("analyst").unwrap();
        read(node, &analyst, oid, None).unwrap();
        node.tick().unwrap();
        let overseer = at.actor("overseer").unwrap();
        let seen = node.accesses(&overseer, &any, 10).unwrap();
        assert_eq!((seen.len(), seen[0].leaf), (1, None));
        assert_eq!((seen[0].access.person.as_str(), seen[0].access.oid), ("analyst", oid));
        // Lists and outlines show no content, and are no access to it.
        node.objects(&analyst, None, 10, None).unwrap();
        node.outline(&analyst, oid).unwrap();
        assert_eq!(node.accesses(&overseer, &any, 10).unwrap().len(), 1);
        let refused = node.accesses(&analyst, &any, 10).unwrap_err().to_string();
        assert!(refused.contains("needs the role overseer"), "{refused}");
    }
    // What was answered before a crash is on record after it.
    alliance.members[0].stop();
    alliance.members[0].start().unwrap();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let overseer = at.actor("overseer").unwrap();
    read(node, &overseer, oid, None).unwrap();
    node.tick().unwrap();
    assert_eq!(entries(node), 0);
    alliance.clock.advance(46_000);
    node.tick().unwrap();
    assert_eq!(entries(node), 1, "both in one entry");
    node.tick().unwrap();
    assert_eq!(entries(node), 1, "nothing is entered twice");
    let seen = node.accesses(&overseer, &any, 10).unwrap();
    assert!(seen.len() == 2 && seen.iter().all(|view| view.leaf == seen[0].leaf), "{seen:?}");
    assert!(seen[0].leaf.is_some());
    assert_eq!(node.verify_ledger(&overseer).unwrap().faults, Vec::<String>::new());

    // By person, object and time.
    let by = |person, object, since| {
        let filter = node.access_filter(&overseer, person, object, since, None).unwrap();
        node.accesses(&overseer, &filter, 10).unwrap().len()
    };
    let name = oid.to_string();
    assert_eq!((by(Some("analyst"), None, None), by(None, Some(&*name), None)), (1, 2));
    assert_eq!(by(None, None, Some(at.now())), 0);
    assert_eq!(by(None, None, Some(Timestamp::from_millis(0))), 2);

    // One more under an entry that did not cover it, and the overseers see it.
    let leaf = seen[0].leaf;
    let row = |work: &dyn entente_store::Work| Ok::<_, AppError>(work.accesses_of(leaf.unwrap())?);
    let [first, _] = <[AccessRow; 2]>::try_from(node.store().read(row).unwrap()).unwrap();
    node.store().write(|work| work.put_access(&first)).unwrap();
    let faults = node.verify_ledger(&overseer).unwrap().faults;
    assert!(faults[0].contains("are not those entered"), "{faults:?}");
}

#[test]
fn a_reading_that_cannot_be_recorded_fails() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let oid = report(at, false);
    let analyst = at.actor("analyst").unwrap();
    at.fate.set_full(true);
    let full = read(node, &analyst, oid, None);
    assert!(matches!(full, Err(AppError::Store(_))), "{full:?}");
    at.fate.set_full(false);
    read(node, &analyst, oid, None).unwrap();
}

#[test]
fn personal_data_is_read_for_an_open_case_and_a_reason() {
    let (_folder, alliance) = one_nation();
    let at = &alliance.members[0];
    let node = at.node().unwrap();
    let oid = report(at, true);
    let analyst = at.actor("analyst").unwrap();
    let refusal = |why: Option<&str>| read(node, &analyst, oid, why).unwrap_err().to_string();
    assert!(refusal(None).contains("holds personal data: reading it needs an open case"));
    let closed = refusal(Some("case:OP-12: the owner is a suspect"));
    assert!(closed.contains("the case `OP-12` is not open here"), "{closed}");
    assert!(refusal(Some("because")).contains("is no statement of necessity"));
    let overseer = at.actor("overseer").unwrap();
    let any = AccessFilter::default();
    assert_eq!(node.accesses(&overseer, &any, 10).unwrap(), [], "what is refused is not read");

    let case = Fact::new(
        FactKind::Case,
        FactSubject::Case("OP-12".into()),
        "open",
        "decision 12/2026",
        (at.now(), at.now().plus_millis(3_600_000)),
    )
    .unwrap();
    node.assert_fact(&at.actor("legal-1").unwrap(), case).unwrap();
    read(node, &analyst, oid, Some("case:OP-12: the owner is a suspect")).unwrap();
    let seen = node.accesses(&overseer, &any, 10).unwrap();
    let said = seen[0].access.necessity.as_deref();
    assert_eq!(said, Some("case:OP-12: the owner is a suspect"));
    // A case that is over opens nothing.
    alliance.clock.advance(3_600_001);
    assert!(refusal(Some("case:OP-12: the owner is a suspect")).contains("is not open here"));
}
