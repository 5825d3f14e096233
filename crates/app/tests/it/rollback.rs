//! The rollback guard: an old or copied ledger signs nothing, and an honest restart waits for no
//! one longer than it must.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entente_app::AppError;
use entente_app::rollback::Standing;
use entente_app::settings::Settings;
use entente_store::Store as _;
use entente_testkit::alliance::{ask, receive};
use entente_testkit::keys::Device;
use entente_testkit::{Alliance, Member, treaty};
use tempfile::TempDir;

use crate::world::{ATTACK, order, payload, publish, verify};

fn standing(member: &Member) -> Standing {
    member.node().unwrap().standing().unwrap()
}

/// How far the ledger reaches, and how far it is signed.
fn sizes(member: &Member) -> (u64, u64) {
    let work = |work: &dyn entente_store::Work| {
        let head = work.head()?.map_or(0, |head| head.size);
        Ok::<_, AppError>((head, work.checkpoint()?.map_or(0, |row| row.size)))
    };
    member.node().unwrap().store().read(work).unwrap()
}

fn restart(member: &mut Member, start_quorum: u16) {
    member.stop();
    member.settings = Settings { start_quorum, ..member.settings };
    member.start().unwrap();
}

/// Nations under one agreement; the first kept a copy of its disk and of its anchor before it
/// published something that all have seen.
struct World {
    folder: TempDir,
    alliance: Alliance,
    old_disk: PathBuf,
    old_anchor: Device,
}

impl World {
    fn new(nations: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = treaty::profiles(nations).unwrap();
        let mut alliance = Alliance::found(&profiles, folder.path(), 5).unwrap();
        alliance.introduce_all().unwrap();
        alliance.agree(&treaty::text(&profiles)).unwrap();
        let old_disk = folder.path().join("old");
        let arvenia = &mut alliance.members[0];
        arvenia.stop();
        arvenia.copy_disk(&old_disk).unwrap();
        let old_anchor = arvenia.device.copied();
        arvenia.start().unwrap();
        let arvenia = &alliance.members[0];
        publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1);
        alliance.quiet().unwrap();
        Self { folder, alliance, old_disk, old_anchor }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The first nation's newest disk is kept elsewhere, and the old one and its anchor start.
    fn roll_back(&mut self, newest: &Path, start_quorum: u16) -> Device {
        let arvenia = &mut self.alliance.members[0];
        arvenia.stop();
        arvenia.copy_disk(newest).unwrap();
        let newest_anchor = arvenia.device.clone();
        arvenia.restore_disk(&self.old_disk).unwrap();
        arvenia.device = self.old_anchor.copied().shared_with(Arc::clone(&arvenia.fate));
        restart(arvenia, start_quorum);
        newest_anchor
    }

    /// Publishes something, as a person would who knows of nothing.
    fn publish_one(&self) -> entente_app::publish::Published {
        let arvenia = &self.alliance.members[0];
        publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 1)
    }

    fn broken(&self) -> Vec<String> {
        self.alliance.members[0].seen.lock().unwrap().broken.clone()
    }
}

#[test]
fn a_disk_and_anchor_rolled_back_together_sign_no_second_history() {
    let mut world = World::new(3);
    let newest = world.path("newest");
    let newest_anchor = world.roll_back(&newest, 1);
    let before = sizes(&world.alliance.members[0]);
    let [arvenia, brenmark, _] = &world.alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    assert_eq!(
        standing(arvenia).to_string(),
        "waits for 1 confirmation from XBR, XCO that this ledger is the one they saw last; until \
         then it receives, and signs and releases nothing"
    );
    // What people do meanwhile is kept, and neither signed nor sent.
    world.publish_one();
    node.tick().unwrap();
    assert_eq!(sizes(arvenia), (before.0 + 1, before.1));
    assert_eq!(node.outgoing(brenmark.id).unwrap().items, 0);
    assert_eq!((node.cosign_held().unwrap(), node.sweep().unwrap()), (0, 0));

    let refused = ask(arvenia, brenmark).unwrap_err().to_string();
    assert!(refused.contains("XBR holds this ledger at size"), "{refused}");
    assert!(refused.contains("put its newest data in place"), "{refused}");
    let Standing::Stale(why) = standing(arvenia) else { panic!("{:?}", standing(arvenia)) };
    assert!(refused.contains(&why));
    for failed in [
        node.outgoing(brenmark.id).map(drop),
        node.receive(brenmark.id, b"").map(drop),
        node.sign_head().map(drop),
    ] {
        assert_eq!(failed.unwrap_err().to_string(), why);
    }
    assert_eq!(sizes(arvenia).1, before.1, "something was signed");
    let alarms = node.events(&arvenia.actor("overseer").unwrap(), Some("alarm"), None, 1).unwrap();
    assert_eq!(alarms[0].text, why);

    // It does not forget at the next start, whoever answers first.
    restart(&mut world.alliance.members[0], 0);
    let arvenia = &world.alliance.members[0];
    assert!(matches!(standing(arvenia), Standing::Stale(_)));
    assert_eq!(sizes(arvenia).1, before.1);
    assert_eq!(world.broken(), Vec::<String>::new());

    // With its newest data it is itself again.
    let arvenia = &mut world.alliance.members[0];
    arvenia.restore_disk(&newest).unwrap();
    arvenia.device = newest_anchor;
    restart(arvenia, 2);
    let [arvenia, brenmark, costaluna] = &world.alliance.members[..] else { panic!() };
    ask(arvenia, brenmark).unwrap();
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
    ask(arvenia, costaluna).unwrap();
    assert_eq!(standing(arvenia), Standing::Clear);
    let published = world.publish_one();
    world.alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
    assert_eq!(world.broken(), Vec::<String>::new());
    verify(arvenia);
}

#[test]
fn without_the_guard_the_same_disk_and_anchor_sign_a_second_history() {
    let mut world = World::new(2);
    let newest = world.path("newest");
    world.roll_back(&newest, 0);
    world.publish_one();
    let broken = world.broken();
    assert!(broken.iter().any(|what| what.starts_with("I3")), "{broken:?}");
}

#[test]
fn a_node_that_no_longer_asks_still_stops_when_it_is_shown_more() {
    let mut world = World::new(2);
    let newest = world.path("newest");
    world.roll_back(&newest, 0);
    let [arvenia, brenmark] = &world.alliance.members[..] else { panic!() };
    assert_eq!(standing(arvenia), Standing::Clear);
    ask(arvenia, brenmark).unwrap_err();
    assert!(matches!(standing(arvenia), Standing::Stale(_)));
}

#[test]
fn two_nations_that_restart_together_do_not_wait_for_each_other() {
    let mut world = World::new(2);
    for member in &mut world.alliance.members {
        restart(member, 1);
    }
    let [arvenia, brenmark] = &world.alliance.members[..] else { panic!() };
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
    assert!(matches!(standing(brenmark), Standing::Waits { needed: 1, .. }));
    let published = world.publish_one();
    ask(arvenia, brenmark).unwrap();
    ask(brenmark, arvenia).unwrap();
    assert_eq!((standing(arvenia), standing(brenmark)), (Standing::Clear, Standing::Clear));
    let (head, signed) = sizes(arvenia);
    assert_eq!(head, signed, "what waited is signed as soon as it may be");
    world.alliance.quiet().unwrap();
    assert!(payload(brenmark, published.objects[0]).is_some());
}

#[test]
fn a_bundle_over_a_connection_confirms_as_well_and_is_taken_in_meanwhile() {
    let mut world = World::new(3);
    let brenmark = &world.alliance.members[1];
    let published = publish(brenmark, &order(brenmark, "ALMEN", &["XAR"]), ATTACK, 1);
    restart(&mut world.alliance.members[0], 2);
    let [arvenia, brenmark, costaluna] = &world.alliance.members[..] else { panic!() };
    let bundle = brenmark.node().unwrap().outgoing(arvenia.id).unwrap();
    receive(brenmark, arvenia, &bundle.bytes).unwrap();
    assert!(payload(arvenia, published.objects[0]).is_some(), "who waits receives");
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
    let bundle = costaluna.node().unwrap().outgoing(arvenia.id).unwrap();
    receive(costaluna, arvenia, &bundle.bytes).unwrap();
    assert_eq!(standing(arvenia), Standing::Clear);
}

#[test]
fn a_bundle_that_tells_of_more_is_not_taken_in_and_its_word_is_no_proof() {
    let mut world = World::new(3);
    let newest = world.path("newest");
    let brenmark = &world.alliance.members[1];
    let lost = publish(brenmark, &order(brenmark, "ALMEN", &["XAR"]), ATTACK, 1);
    world.roll_back(&newest, 1);
    let [arvenia, brenmark, _] = &world.alliance.members[..] else { panic!() };
    let bundle = brenmark.node().unwrap().outgoing(arvenia.id).unwrap();
    let refused = receive(brenmark, arvenia, &bundle.bytes).unwrap_err();
    assert!(matches!(refused, AppError::Operator(_)), "{refused}");
    assert!(refused.to_string().contains("XBR says that it saw"), "{refused}");
    // Nothing was acknowledged that would be lost with this database.
    assert!(payload(arvenia, lost.objects[0]).is_none());
    let Standing::Waits { needed: 1, doubts, .. } = standing(arvenia) else { panic!() };
    assert_eq!(doubts.len(), 1);
    assert!(arvenia.node().unwrap().wants_word_of(brenmark.id), "it is asked for its proof");
}

#[test]
fn a_disc_raises_a_doubt_and_confirms_nothing() {
    let mut world = World::new(2);
    let newest = world.path("newest");
    let courier = world.alliance.members[1].actor("operator").unwrap();
    let code = world.alliance.members[0].profile.code;
    let files = world.alliance.members[1].node().unwrap().export(&courier, code).unwrap();
    restart(&mut world.alliance.members[0], 1);
    let arvenia = &world.alliance.members[0];
    let reader = arvenia.actor("operator").unwrap();
    for file in &files {
        arvenia.node().unwrap().import(&reader, &file.bytes).unwrap();
    }
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));

    world.roll_back(&newest, 1);
    let arvenia = &world.alliance.members[0];
    let reader = arvenia.actor("operator").unwrap();
    let imported = arvenia.node().unwrap().import(&reader, &files[0].bytes);
    let text = imported.unwrap_err().to_string();
    assert!(text.contains("this may be an old or a copied database"), "{text}");
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
}

#[test]
fn a_partner_that_never_saw_our_ledger_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let mut alliance = Alliance::found(&profiles, folder.path(), 6).unwrap();
    alliance.introduce_all().unwrap();
    restart(&mut alliance.members[0], 1);
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
    ask(arvenia, brenmark).unwrap();
    assert_eq!(standing(arvenia), Standing::Clear);
}

#[test]
fn one_that_was_never_connected_is_waited_for_a_minute_only() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let mut alliance = Alliance::found(&profiles, folder.path(), 6).unwrap();
    alliance.introduce_all().unwrap();
    restart(&mut alliance.members[0], 1);
    let node = alliance.members[0].node().unwrap();
    alliance.clock.advance(59_000);
    node.tick().unwrap();
    assert!(matches!(node.standing().unwrap(), Standing::Waits { .. }));
    alliance.clock.advance(2_000);
    node.tick().unwrap();
    assert_eq!(node.standing().unwrap(), Standing::Clear);
}

#[test]
fn a_false_checkpoint_proves_nothing() {
    let mut world = World::new(2);
    restart(&mut world.alliance.members[0], 1);
    let [arvenia, brenmark] = &world.alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    let origin = &node.identity().origin;
    let genuine = brenmark.node().unwrap().latest_of(origin).unwrap().unwrap();
    let mut forged = genuine.clone();
    let size = forged.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    forged[size] = b'9';
    let refused = node.take_word(brenmark.id, Some(&forged)).unwrap_err();
    assert!(matches!(refused, AppError::Partner(_)), "{refused}");
    assert!(matches!(standing(arvenia), Standing::Waits { needed: 1, .. }));
    node.take_word(brenmark.id, Some(&genuine)).unwrap();
    assert_eq!(standing(arvenia), Standing::Clear);
}
