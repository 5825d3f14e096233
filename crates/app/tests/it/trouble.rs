//! Bad input and faults between nations: each has one clear answer, and nothing is lost.

use entente_app::AppError;
use entente_app::access::Reading;
use entente_app::people::Post;
use entente_app::rollback::Standing;
use entente_app::weigh::Weighed;
use entente_exchange::bundle::{Header, MAGIC};
use entente_exchange::send::{SendPlan, assemble};
use entente_model::Entropy as _;
use entente_model::item::{Ack, LaneAck};
use entente_seal::wrap;
use entente_testkit::alliance::{exchange, receive};
use entente_testkit::chance::Chance;
use entente_testkit::{Alliance, Member, treaty};
use tempfile::TempDir;

use crate::world::{ATTACK, order, payload, publish, publish_bytes, verify};

const DAY: u64 = 86_400_000;

/// Two partners under the small agreement of the simulator.
fn partners() -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 2).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    (folder, alliance)
}

fn one_and_other(alliance: &Alliance) -> (&Member, &Member) {
    (&alliance.members[0], &alliance.members[1])
}

fn goes(published: &entente_app::publish::Published) -> bool {
    published.verdicts.iter().flat_map(|v| &v.nations).any(Weighed::goes)
}

#[test]
fn a_half_signed_agreement_carries_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 3).unwrap();
    alliance.introduce_all().unwrap();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let node = arvenia.node().unwrap();
    let legal = arvenia.actor("legal-1").unwrap();
    let id = node.propose(&legal, &treaty::text(&profiles)).unwrap();
    entente_testkit::alliance::sign(arvenia, &id).unwrap();
    alliance.quiet().unwrap();
    assert!(!goes(&publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1)));
    assert!(!goes(&publish(brenmark, &order(brenmark, "ALMEN", &[]), ATTACK, 1)));

    // Signed by both, but its activation is not known here yet: it still carries nothing.
    entente_testkit::alliance::sign(brenmark, &id).unwrap();
    assert!(!goes(&publish(brenmark, &order(brenmark, "ALMEN", &[]), ATTACK, 1)));
    alliance.quiet().unwrap();
    assert!(goes(&publish(brenmark, &order(brenmark, "ALMEN", &[]), ATTACK, 1)));
}

#[test]
fn an_expired_agreement_carries_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 4).unwrap();
    alliance.introduce_all().unwrap();
    let text = treaty::text(&profiles).replace(
        "in_force_from = \"2026-01-01\"",
        "in_force_from = \"2026-01-01\"\nends_on = \"2026-11-30\"",
    );
    alliance.agree(&text).unwrap();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    assert!(goes(&published));
    let late = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    exchange(arvenia, brenmark).unwrap();
    alliance.clock.advance(30 * DAY);
    assert!(!goes(&publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1)));
    alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
    assert!(payload(brenmark, late.objects[0]).is_some());
}

#[test]
fn what_was_on_its_way_when_a_party_left_is_refused_and_the_lane_goes_on() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 2);
    let node = brenmark.node().unwrap();
    let id = node.find_agreement(treaty::CODE).unwrap();
    for person in ["legal-1", "legal-2"] {
        node.withdraw(&brenmark.actor(person).unwrap(), &id, "done").unwrap();
    }
    alliance.quiet().unwrap();
    assert!(published.objects.iter().all(|oid| payload(brenmark, *oid).is_none()));
    let overseer = brenmark.actor("overseer").unwrap();
    assert_eq!(node.quarantined(&overseer, 10).unwrap().len(), 2);
    let view = arvenia.node().unwrap().object(
        &arvenia.actor("analyst").unwrap(),
        published.objects[1],
        &Reading::by_command(),
    );
    assert_eq!(view.unwrap().deliveries[0].state, "receipted");
}

#[test]
fn a_clock_that_is_a_day_off_loses_nothing() {
    for wrong_by in [-1, 1] {
        let (_folder, alliance) = partners();
        let (arvenia, brenmark) = one_and_other(&alliance);
        brenmark.clock.set_wrong_by(wrong_by * i64::try_from(DAY).unwrap());
        let there = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 3);
        let back = publish(brenmark, &order(brenmark, "ALMEN", &[]), ATTACK, 3);
        alliance.quiet().unwrap();
        assert!(there.objects.iter().all(|oid| payload(brenmark, *oid).is_some()));
        assert!(back.objects.iter().all(|oid| payload(arvenia, *oid).is_some()));
        verify(arvenia);
        verify(brenmark);
    }
}

#[test]
fn a_clock_that_is_set_right_again_does_not_keep_the_node_from_starting() {
    let (_folder, mut alliance) = partners();
    // Its keys are renewed by a clock that is 25 days ahead.
    alliance.members[1].clock.set_wrong_by(25 * i64::try_from(DAY).unwrap());
    alliance.members[1].node().unwrap().tick().unwrap();
    alliance.members[1].clock.set_wrong_by(0);
    alliance.members[1].start().unwrap();
    alliance.members[1].node().unwrap().tick().unwrap();
}

#[test]
fn a_node_whose_anchor_cannot_be_written_says_so_and_goes_on_when_it_can() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let node = arvenia.node().unwrap();
    let signs = || {
        let status = node.status(&arvenia.actor("overseer").unwrap()).unwrap();
        (status.standing == Standing::Clear, status.standing.to_string())
    };
    assert!(signs().0);
    arvenia.fate.set_anchor_down(true);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    assert!(node.tick().is_err());
    let (clear, said) = signs();
    assert!(!clear && said.contains("the anchor of the ledger could not be written"), "{said}");
    arvenia.fate.set_anchor_down(false);
    node.tick().unwrap();
    assert!(signs().0);
    alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
    verify(arvenia);
}

#[test]
fn a_clock_that_leaps_ahead_erases_nothing_until_a_partners_clock_agrees() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 2);
    alliance.quiet().unwrap();
    let there = brenmark.node().unwrap();
    there.tick().unwrap();
    let held = || published.objects.iter().all(|oid| payload(brenmark, *oid).is_some());
    assert!(held());
    let alarms = || {
        let overseer = brenmark.actor("overseer").unwrap();
        let events = there.events(&overseer, Some("alarm"), None, 10).unwrap();
        events.into_iter().filter(|event| event.text.contains("went on by")).count()
    };

    // Its own clock is set ahead, also over a bundle whose clock does not agree.
    brenmark.clock.set_wrong_by(200 * i64::try_from(DAY).unwrap());
    assert_eq!(there.tick().unwrap().deleted, 0);
    publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    let bundle = arvenia.node().unwrap().outgoing(brenmark.id).unwrap();
    let _ = receive(arvenia, brenmark, &bundle.bytes);
    assert_eq!(there.tick().unwrap().deleted, 0);
    assert_eq!(alarms(), 1);
    brenmark.clock.set_wrong_by(0);
    there.tick().unwrap();
    assert!(held());

    // Time really goes by for all: a partner's bundle says so, and what is due is deleted.
    alliance.clock.advance(200 * DAY);
    assert_eq!(there.tick().unwrap().deleted, 0);
    assert_eq!(alarms(), 2);
    let bundle = arvenia.node().unwrap().outgoing(brenmark.id).unwrap();
    receive(arvenia, brenmark, &bundle.bytes).unwrap();
    assert!(there.tick().unwrap().deleted >= 2);
    assert!(!held());
    verify(brenmark);
}

#[test]
fn bundles_again_out_of_order_flipped_or_cut_have_one_effect() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let first = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 2);
    let early = arvenia.node().unwrap().outgoing(brenmark.id).unwrap();
    let second = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 2);
    let late = arvenia.node().unwrap().outgoing(brenmark.id).unwrap();

    for at in (0..late.bytes.len()).step_by(911) {
        let mut flipped = late.bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let refused = receive(arvenia, brenmark, &flipped);
        assert!(matches!(refused, Err(AppError::Partner(_))), "a flip at {at}: {refused:?}");
        let cut = &late.bytes[..at];
        assert!(matches!(receive(arvenia, brenmark, cut), Err(AppError::Partner(_))), "{at}");
    }
    assert!(first.objects.iter().all(|oid| payload(brenmark, *oid).is_none()));

    let taken = receive(arvenia, brenmark, &late.bytes).unwrap();
    assert_eq!((taken.objects, taken.refused), (4, 0));
    // The older bundle shows a checkpoint without the proof that leads from it to the newer one.
    assert_eq!(receive(arvenia, brenmark, &early.bytes).unwrap().objects, 0);
    assert_eq!(receive(arvenia, brenmark, &late.bytes).unwrap().objects, 0);
    alliance.quiet().unwrap();
    for oid in first.objects.iter().chain(&second.objects) {
        assert!(payload(brenmark, *oid).is_some());
    }
    verify(brenmark);
}

#[test]
fn discs_are_read_from_the_last_file_to_the_first_and_twice() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let mut chance = Chance::new(5);
    let big: Vec<Vec<u8>> = (0..9).map(|_| chance.bytes(900_000)).collect();
    let published = publish_bytes(arvenia, &order(arvenia, "OPEN", &[]), &big);
    let operator = arvenia.actor("operator").unwrap();
    let files = arvenia.node().unwrap().export(&operator, brenmark.profile.code).unwrap();
    assert!(files.len() > 2, "{} files", files.len());
    let courier = brenmark.actor("operator").unwrap();
    let there = brenmark.node().unwrap();
    for _ in 0..2 {
        for file in files.iter().rev() {
            there.import(&courier, &file.bytes).unwrap();
        }
    }
    for oid in &published.objects {
        assert!(payload(brenmark, *oid).is_some());
    }
    let overseer = brenmark.actor("overseer").unwrap();
    let arrivals = there.events(&overseer, Some("received"), None, 100).unwrap();
    assert_eq!(arrivals.len(), published.objects.len());
    verify(brenmark);
}

#[test]
fn discs_follow_each_other_before_an_answer_comes_home() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let operator = arvenia.actor("operator").unwrap();
    let courier = brenmark.actor("operator").unwrap();
    let there = brenmark.node().unwrap();
    let mut objects = Vec::new();
    let discs: Vec<_> = (0..4)
        .map(|_| {
            objects.extend(publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1).objects);
            arvenia.node().unwrap().export(&operator, brenmark.profile.code).unwrap().remove(0)
        })
        .collect();
    // The second is lost, and the third late.
    for (disc, news) in [(0, 1), (3, 3)] {
        let (_, taken) = there.import(&courier, &discs[disc].bytes).unwrap();
        assert_eq!((taken.objects, taken.refused), (news, 0), "disc {disc}");
    }
    let late = there.import(&courier, &discs[2].bytes).unwrap_err();
    assert!(late.to_string().contains("older than what is held here"), "{late}");
    assert!(objects.iter().all(|oid| payload(brenmark, *oid).is_some()));

    // An answer of the reader comes home, and nothing needs to be shown twice any more.
    for file in there.export(&courier, arvenia.profile.code).unwrap() {
        arvenia.node().unwrap().import(&operator, &file.bytes).unwrap();
    }
    alliance.quiet().unwrap();
    verify(brenmark);
    verify(arvenia);
}

#[test]
fn a_disc_that_does_not_follow_what_is_held_is_told() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    let bundle = arvenia.node().unwrap().outgoing(brenmark.id).unwrap();
    receive(arvenia, brenmark, &bundle.bytes).unwrap();
    // The answer is lost when the line is: a disc begins where the last answer left it.
    publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    let operator = arvenia.actor("operator").unwrap();
    let file = arvenia.node().unwrap().export(&operator, brenmark.profile.code).unwrap().remove(0);
    let courier = brenmark.actor("operator").unwrap();
    let told = brenmark.node().unwrap().import(&courier, &file.bytes).unwrap_err();
    assert!(told.to_string().contains("ask for a new one"), "{told}");

    // It does as it is told.
    for file in brenmark.node().unwrap().export(&courier, arvenia.profile.code).unwrap() {
        arvenia.node().unwrap().import(&operator, &file.bytes).unwrap();
    }
    let again = arvenia.node().unwrap().export(&operator, brenmark.profile.code).unwrap().remove(0);
    let (_, taken) = brenmark.node().unwrap().import(&courier, &again.bytes).unwrap();
    assert_eq!(taken.objects, 1);
}

#[test]
fn a_disc_in_a_partners_name_does_not_make_us_forget_what_it_lacks() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 2);
    // Anyone who knows the public key for media can write such a file.
    let known = brenmark.node().unwrap().known();
    let (_, state) = known.nation(&arvenia.nation).unwrap().node().unwrap();
    let key = &state.air_gap_key(arvenia.now()).unwrap().public;
    let all = LaneAck { seq: u64::MAX, credit: 0 };
    for lanes in [[LaneAck { seq: 2, credit: 0 }; 4], [all; 4]] {
        let ack = Ack {
            lanes,
            retry_after_ms: 0,
            chain_seen: (0, entente_model::Digest::from_array([0; 32])),
            log_seen: 1,
            gossip: Vec::new(),
        };
        let header = Header {
            src: brenmark.id,
            dst: arvenia.id,
            link_epoch: 1,
            minor: 0,
            part: 0,
            parts: 1,
            created: arvenia.now(),
            profile: 0,
        };
        let forged = assemble(&SendPlan { ack: Some(&ack), ..SendPlan::empty(header) }).unwrap();
        assert!(forged.starts_with(MAGIC));
        let mut entropy = Chance::new(6);
        let mut file = b"ENTM1\n".to_vec();
        file.extend_from_slice(arvenia.id.as_bytes());
        file.extend(wrap::seal_part(key, &forged, &mut entropy).unwrap());
        let _random = entropy.bytes32();
        let courier = arvenia.actor("operator").unwrap();
        arvenia.node().unwrap().import(&courier, &file).unwrap();
    }
    alliance.quiet().unwrap();
    assert!(published.objects.iter().all(|oid| payload(brenmark, *oid).is_some()));
}

#[test]
fn an_old_backup_does_not_sign() {
    let (folder, mut alliance) = partners();
    let copy = folder.path().join("backup");
    alliance.members[0].stop();
    alliance.members[0].copy_disk(&copy).unwrap();
    alliance.members[0].start().unwrap();
    publish(&alliance.members[0], &order(&alliance.members[0], "OPEN", &[]), ATTACK, 1);
    alliance.quiet().unwrap();

    let arvenia = &mut alliance.members[0];
    arvenia.restore_disk(&copy).unwrap();
    let refused = arvenia.try_start().unwrap_err().to_string();
    assert!(refused.contains("this is an old or a copied database"), "{refused}");
}

#[test]
fn keys_that_lapse_are_published_anew_and_a_long_absence_is_bridged() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    for _ in 0..3 {
        alliance.clock.advance(25 * DAY);
        alliance.quiet().unwrap();
        let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
        alliance.quiet().unwrap();
        assert!(payload(brenmark, published.objects[0]).is_some());
    }
    // Away for so long that only the key for media is left to seal to.
    alliance.clock.advance(100 * DAY);
    let published = publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
    assert!(goes(&published));
    alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
    verify(arvenia);
}

#[test]
fn a_partner_that_was_away_for_weeks_is_caught_up_whatever_the_proofs_weigh() {
    let (_folder, alliance) = partners();
    let (arvenia, brenmark) = one_and_other(&alliance);
    let mut chance = Chance::new(8);
    let mut objects = Vec::new();
    for _ in 0..460 {
        // Every hour another wrap context, as heavy as a small object.
        alliance.clock.advance(3_600_001);
        let bytes = [chance.bytes(7_400)];
        objects.extend(publish_bytes(arvenia, &order(arvenia, "OPEN", &[]), &bytes).objects);
    }
    alliance.quiet().unwrap();
    let missing = objects.iter().filter(|oid| payload(brenmark, **oid).is_none()).count();
    assert_eq!(missing, 0);
}

#[test]
fn two_ledgers_shown_to_two_partners_convict_their_nation_at_both() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(3).unwrap();
    let mut alliance = Alliance::found(&profiles, folder.path(), 9).unwrap();
    alliance.introduce_all().unwrap();
    alliance.quiet().unwrap();
    // Arvenia keeps a second ledger on a copy of its machine, its anchor included.
    let copy = folder.path().join("twin");
    alliance.members[0].stop();
    alliance.members[0].copy_disk(&copy).unwrap();
    alliance.members[0].start().unwrap();
    let [arvenia, brenmark, costaluna] = &alliance.members[..] else { panic!() };
    let fate = std::sync::Arc::<entente_testkit::fate::Fate>::default();
    let device = arvenia.device.copied().shared_with(std::sync::Arc::clone(&fate));
    let mut twin = arvenia.cloned_onto(&copy, device, fate);
    twin.start().unwrap();
    for (machine, person) in [(arvenia, "one"), (&twin, "other")] {
        let officer = machine.actor("security-1").unwrap();
        let analyst = Post::of(&[entente_app::people::Role::Analyst]);
        machine.node().unwrap().add_person(&officer, person, &analyst).unwrap();
    }
    let open = |from: &Member, to: &Member| {
        let bundle = from.node().unwrap().outgoing(to.id).unwrap();
        receive(from, to, &bundle.bytes)
    };
    open(arvenia, brenmark).unwrap();
    open(&twin, costaluna).unwrap();
    let stopped = |at: &Member| {
        let overseer = at.actor("overseer").unwrap();
        let status = at.node().unwrap().status(&overseer).unwrap();
        status.links.into_iter().find(|link| link.node == arvenia.id).unwrap().stopped
    };
    assert_eq!((stopped(brenmark), stopped(costaluna)), (None, None));

    // Costaluna sees the other ledger too, and its evidence convinces Brenmark.
    let caught = open(arvenia, costaluna).unwrap_err().to_string();
    assert!(caught.contains("signed two roots for size"), "{caught}");
    costaluna.node().unwrap().tick().unwrap();
    exchange(costaluna, brenmark).unwrap();
    assert!(stopped(brenmark).unwrap().contains("evidence that this ledger has forked"));
    assert!(matches!(open(arvenia, brenmark), Err(AppError::Partner(_))));

    // Two of its security officers may open the link again.
    for person in ["security-1", "security-2"] {
        let officer = brenmark.actor(person).unwrap();
        brenmark.node().unwrap().resume_link(&officer, arvenia.profile.code).unwrap();
    }
    assert_eq!(stopped(brenmark), None);
    open(arvenia, brenmark).unwrap();
}
