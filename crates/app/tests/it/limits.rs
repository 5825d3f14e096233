//! The bounds that an operator sets, each at work between two nations.

use entente_app::AppError;
use entente_app::publish::{Order, Published};
use entente_app::settings::Settings;
use entente_exchange::bundle::BUNDLE_BYTES_MAX;
use entente_law::{Schemes, parse_facts};
use entente_model::item::Lane;
use entente_store::Store as _;
use entente_testkit::alliance::receive;
use entente_testkit::chance::Chance;
use entente_testkit::{Alliance, Member, treaty};
use tempfile::TempDir;

use crate::world::{alliance, order, overseer, payload, publish_bytes, verify};

fn partners(set: fn(&mut Settings)) -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let mut alliance = Alliance::found(&profiles, folder.path(), 7).unwrap();
    for member in &mut alliance.members {
        member.stop();
        set(&mut member.settings);
        member.start().unwrap();
    }
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    (folder, alliance)
}

fn noise(seed: u64, count: usize, len: usize) -> Vec<Vec<u8>> {
    let mut chance = Chance::new(seed);
    (0..count).map(|_| chance.bytes(len)).collect()
}

/// Arvenia publishes something for Brenmark.
fn send(from: &Member, lane: Lane, payloads: &[Vec<u8>]) -> Published {
    let mut order = order(from, "OPEN", &[]);
    order.lane = lane;
    publish_bytes(from, &order, payloads)
}

/// Bundles go until nothing is left that may go; gives the size of each and its items.
fn pump(from: &Member, to: &Member) -> Vec<(usize, usize)> {
    let mut sent = Vec::new();
    for _ in 0..200 {
        let bundle = from.node().unwrap().outgoing(to.id).unwrap();
        if bundle.items == 0 {
            return sent;
        }
        sent.push((bundle.bytes.len(), bundle.items));
        let answer = receive(from, to, &bundle.bytes).unwrap();
        receive(to, from, &answer.reply.bytes).unwrap();
    }
    panic!("there is no end of bundles");
}

fn alarms(member: &Member) -> String {
    let events = member.node().unwrap().events(&overseer(member), Some("alarm"), None, 50).unwrap();
    events.into_iter().map(|event| event.text + "\n").collect()
}

#[test]
fn bundles_are_as_large_as_is_set_and_a_larger_object_goes_all_the_same() {
    let (_folder, alliance) = partners(|set| set.bundle_bytes = 64 << 10);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let small = send(arvenia, Lane::Routine, &noise(1, 40, 8_000));
    let sent = pump(arvenia, brenmark);
    assert!(sent.len() >= 5, "{sent:?}");
    assert!(sent.iter().all(|(bytes, _)| *bytes <= 64 << 10), "{sent:?}");

    let large = send(arvenia, Lane::Immediate, &noise(2, 1, 300_000));
    let more = send(arvenia, Lane::Routine, &noise(3, 4, 8_000));
    let sent = pump(arvenia, brenmark);
    let largest = sent.iter().map(|(bytes, _)| *bytes).max().unwrap();
    assert!(largest > 300_000 && largest <= BUNDLE_BYTES_MAX, "{sent:?}");
    for oid in [small, large, more].iter().flat_map(|published| &published.objects) {
        assert!(payload(brenmark, *oid).is_some());
    }
}

#[test]
fn above_its_bound_the_oldest_routine_objects_go_as_stubs_and_everyone_is_told() {
    let (_folder, alliance) = partners(|set| set.outbox_bytes_per_partner = 50_000);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let urgent = send(arvenia, Lane::Priority, &noise(1, 2, 8_000));
    let oldest = send(arvenia, Lane::Routine, &noise(2, 3, 8_000));
    assert!(!alarms(arvenia).contains("too much waits"), "{}", alarms(arvenia));
    let newest = send(arvenia, Lane::Routine, &noise(3, 3, 8_000));
    let node = arvenia.node().unwrap();
    let waiting = node.store().read(|work| work.outbox_waiting(brenmark.id)).unwrap().0;
    assert!((40_000..=50_000).contains(&waiting), "{waiting}");
    // People and overseers are told at once, object by object.
    let held = node.events(&overseer(arvenia), Some("held"), None, 50).unwrap();
    let mut told: Vec<_> = held.iter().filter_map(|event| event.oid).collect();
    told.reverse();
    assert_eq!(told, oldest.objects);
    assert!(held[0].text.contains("goes to XBR without its content"), "{}", held[0].text);
    assert!(alarms(arvenia).contains("too much waits for XBR: 3 objects"), "{}", alarms(arvenia));

    alliance.quiet().unwrap();
    for oid in urgent.objects.iter().chain(&newest.objects) {
        assert!(payload(brenmark, *oid).is_some());
    }
    for oid in &oldest.objects {
        assert!(payload(brenmark, *oid).is_none());
        assert!(payload(arvenia, *oid).is_some(), "our own copy stays");
    }
    // The lane went on, and both sides know what did not come.
    assert_eq!(brenmark.node().unwrap().quarantined(&overseer(brenmark), 10).unwrap().len(), 3);
    let refused = node.events(&overseer(arvenia), Some("refused"), None, 10).unwrap();
    assert!(refused.iter().any(|event| event.text.contains("it went without its content")));
    let lane = |lane| node.store().read(|work| work.lane_out(brenmark.id, lane)).unwrap();
    assert_eq!(lane(Lane::Routine).acked, lane(Lane::Routine).seq);
    let again = send(arvenia, Lane::Routine, &noise(4, 1, 8_000));
    alliance.quiet().unwrap();
    assert!(payload(brenmark, again.objects[0]).is_some());
    verify(arvenia);
    verify(brenmark);
}

#[test]
fn urgent_items_stay_whole_above_the_bound() {
    let (_folder, alliance) = partners(|set| set.outbox_bytes_per_partner = 20_000);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let mut sent = Vec::new();
    for seed in 0..3 {
        sent.extend(send(arvenia, Lane::Immediate, &noise(seed, 1, 12_000)).objects);
    }
    assert!(alarms(arvenia).contains("urgent items are kept whole"), "{}", alarms(arvenia));
    alliance.quiet().unwrap();
    assert!(sent.iter().all(|oid| payload(brenmark, *oid).is_some()));
}

#[test]
fn what_is_kept_of_refused_items_has_its_bound() {
    let (_folder, alliance) = partners(|set| {
        set.outbox_bytes_per_partner = 1;
        set.quarantine_bytes_per_partner = 2_000;
    });
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    // All but the last are refused, since they come without their bodies.
    for seed in 0..12 {
        send(arvenia, Lane::Routine, &noise(seed, 1, 1_000));
    }
    alliance.quiet().unwrap();
    let node = brenmark.node().unwrap();
    let kept = node.store().read(|work| work.quarantine_bytes(arvenia.id)).unwrap();
    assert!((1_000..=2_000).contains(&kept), "{kept}");
    assert!(node.quarantined(&overseer(brenmark), 50).unwrap().len() < 11);
    assert!(alarms(brenmark).contains("has reached its bound"), "{}", alarms(brenmark));
    verify(brenmark);
}

#[test]
fn a_filling_disk_closes_one_lane_after_another() {
    let (_folder, alliance) = partners(|_| {});
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    let lanes = [Lane::Flash, Lane::Immediate, Lane::Priority, Lane::Routine];
    for (used, taken) in [(0, 4), (90, 3), (95, 2), (98, 1), (99, 0)] {
        brenmark.fate.set_used_percent(used);
        let sent = lanes.map(|lane| send(arvenia, lane, &noise(used.into(), 1, 500)).objects[0]);
        pump(arvenia, brenmark);
        let came = sent.map(|oid| payload(brenmark, oid).is_some());
        assert_eq!(came.iter().filter(|came| **came).count(), taken, "at {used} %: {came:?}");
        assert!(came[..taken].iter().all(|came| *came), "at {used} %: {came:?}");
        // Its acknowledgement says so: what is closed is not sent again.
        assert_eq!(arvenia.node().unwrap().outgoing(brenmark.id).unwrap().items, 0);

        // Its own people cannot release there either, and nothing at all above the last mark.
        let node = brenmark.node().unwrap();
        for (place, lane) in lanes.into_iter().enumerate() {
            let mut order = order(brenmark, "ALMEN", &[]);
            order.lane = lane;
            let payload = noise(9, 1, 100);
            let piece = entente_formats::Piece {
                name: "report".to_owned(),
                object_type: "report".to_owned(),
                media_type: "application/octet-stream".to_owned(),
                payload: &payload[0],
                title: "A report".to_owned(),
                created: None,
                markings: Vec::new(),
                records: 1,
                exercise: false,
                findings: Vec::new(),
            };
            let before = node.store().read(|work| work.head()).unwrap().unwrap().size;
            let done = node.publish(&brenmark.actor("analyst").unwrap(), &order, &[piece]);
            assert_eq!(done.is_ok(), used < 98 && place < taken, "{lane:?} at {used} %");
            if let Err(error) = done {
                assert!(matches!(error, AppError::Operator(_)), "{error}");
                assert!(error.to_string().contains(&format!("the disk is {used} % full")));
                assert_eq!(node.store().read(|work| work.head()).unwrap().unwrap().size, before);
            }
        }
        node.tick().unwrap();
        assert_eq!(used > 0, alarms(brenmark).contains(&format!("the disk is {used} % full")));
    }
    brenmark.fate.set_used_percent(0);
    alliance.quiet().unwrap();
    // Its next word opens the lanes again, and nothing was lost.
    let bundle = brenmark.node().unwrap().outgoing(arvenia.id).unwrap();
    receive(brenmark, arvenia, &bundle.bytes).unwrap();
    alliance.quiet().unwrap();
    let (own, _) = arvenia.node().unwrap().status(&overseer(arvenia)).unwrap().objects;
    let (_, received) = brenmark.node().unwrap().status(&overseer(brenmark)).unwrap().objects;
    assert_eq!((own, received), (20, 20));
    verify(arvenia);
    verify(brenmark);
}

#[test]
fn nobody_publishes_above_what_the_node_is_accredited_to() {
    let (_folder, alliance) = alliance(1);
    let arvenia = &alliance.members[0];
    let (node, analyst) = (arvenia.node().unwrap(), arvenia.actor("analyst").unwrap());
    let refusal = |order: &Order| node.preview(&analyst, order, &[]).unwrap_err().to_string();
    let above = order(arvenia, "CROWN SECRET", &[]);
    let text = refusal(&above);
    assert!(text.starts_with("CROWN SECRET is above SECRET-A, the most that this node"), "{text}");
    // A part counts as the whole does.
    let mut hidden = order(arvenia, "SERVICE", &[]);
    hidden.facts.portions = parse_facts(
        "[[portions]]\nid = \"P1\"\nlabel = \"CROWN SECRET\"\n",
        Schemes::builtin().get("XAR").unwrap(),
    )
    .unwrap()
    .portions;
    assert_eq!(refusal(&hidden), text);
    let most = publish_bytes(arvenia, &order(arvenia, "SECRET-A", &[]), &noise(1, 1, 10));
    assert_eq!(most.objects.len(), 1);
}
