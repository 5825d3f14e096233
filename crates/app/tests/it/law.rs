//! Decisions: remembered while nothing changes, and taken again from what was recorded.

use entente_app::AppError;
use entente_app::leaf::LeafOpening;
use entente_app::sequencer::{self, LeafDraft};
use entente_app::weigh::Weighed;
use entente_model::codec::{Reader, Wire, Writer};
use entente_model::record::{DecisionRecord, Outcome, Record};
use entente_model::{Decision, Entropy as _};
use entente_seal::digest;
use entente_store::Store;
use entente_testkit::chance::Chance;
use entente_testkit::{Alliance, Member, treaty};
use tempfile::TempDir;

use crate::world::{ATTACK, order, publish, verify};

const LAW: &str = include_str!("../../../../laws/xar.md");

fn partners() -> (TempDir, Alliance) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(3).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 4).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    (folder, alliance)
}

/// Takes every recorded decision again; says how many there are.
fn replay_all(member: &Member) -> usize {
    let node = member.node().unwrap();
    let actor = member.actor("analyst").unwrap();
    let decisions = node.decisions(&actor, 1000).unwrap();
    for decided in &decisions {
        let replayed = node.replay(&actor, decided.leaf).unwrap();
        assert!(replayed.same, "entry {}: {replayed:#?}", decided.leaf);
        assert_eq!(replayed.oid, decided.oid);
        for (nation, outcome) in replayed.nations.iter().zip(&decided.outcomes) {
            assert!(nation.is_same() && nation.recorded == *outcome);
            assert!(!nation.explanation.is_empty());
        }
    }
    decisions.len()
}

#[test]
fn a_decision_is_taken_again_whatever_became_of_the_rules_since() {
    let (_folder, mut alliance) = partners();
    let before = {
        let arvenia = &alliance.members[0];
        publish(arvenia, &order(arvenia, "OPEN", &[]), ATTACK, 3);
        publish(arvenia, &order(arvenia, "SERVICE//NOFORN", &[]), ATTACK, 2);
        let before = replay_all(arvenia);
        assert_eq!(before, 5);
        // A new law is a new epoch; the old decisions stand as they were taken.
        arvenia.node().unwrap().load_law(&arvenia.actor("legal-1").unwrap(), LAW).unwrap();
        publish(arvenia, &order(arvenia, "OPEN", &["XBR"]), ATTACK, 2);
        assert_eq!(replay_all(arvenia), before + 2);
        before
    };
    alliance.quiet().unwrap();
    let arvenia = &mut alliance.members[0];
    arvenia.stop();
    arvenia.start().unwrap();
    assert_eq!(replay_all(arvenia), before + 2);
    let findings =
        arvenia.node().unwrap().verify_ledger(&arvenia.actor("overseer").unwrap()).unwrap();
    assert_eq!((findings.replayed, findings.other_engine), (7, 0));
    verify(arvenia);
}

#[test]
fn only_a_decision_can_be_taken_again() {
    let (_folder, alliance) = partners();
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let analyst = arvenia.actor("analyst").unwrap();
    let none = node.replay(&analyst, 1 << 40).unwrap_err();
    assert!(matches!(none, AppError::NotFound(_)), "{none}");
    let other = node.replay(&analyst, 0).unwrap_err().to_string();
    assert!(other.contains("a decision at entry 0 ("), "{other}");
}

#[test]
fn an_outcome_that_does_not_follow_from_its_inputs_is_found() {
    let (_folder, alliance) = partners();
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let analyst = arvenia.actor("analyst").unwrap();
    publish(arvenia, &order(arvenia, "OPEN//NOFORN", &["XBR"]), ATTACK, 1);
    verify(arvenia);
    let leaf = node.decisions(&analyst, 1).unwrap()[0].leaf;

    // Somebody records a permit on the same inputs.
    let mut entropy = Chance::new(9);
    let forged = node
        .store()
        .write(|work| {
            let fence = work.take_fence()?;
            let opening = work.leaf(leaf)?.unwrap().opening.unwrap();
            let record = Record::from_bytes(&LeafOpening::from_bytes(&opening)?.record)?;
            let mut decision = DecisionRecord::from_bytes(&record.body)?;
            let kept = work.preimage(decision.outcomes)?.unwrap();
            let mut outcomes: Vec<Outcome> = Reader::new(&kept).list(Reader::value)?;
            assert_eq!(outcomes[0].decision, Decision::Deny);
            outcomes[0].decision = Decision::Permit;
            let bytes = Writer::new().list(&outcomes, |w, o| o.write(w)).clone().into_bytes();
            decision.outcomes = digest::preimage(&bytes);
            work.put_preimage(decision.outcomes, &bytes)?;
            let record = Record::new(record.kind, record.at, &decision);
            let leaves = [LeafDraft { record, item: None }];
            sequencer::append(work, fence, &mut || entropy.bytes32(), &leaves, arvenia.now())
        })
        .unwrap();
    let replayed = node.replay(&analyst, forged).unwrap();
    assert!(!replayed.same);
    assert_eq!(replayed.nations[0].again.decision, Decision::Deny);
    assert!(replayed.nations[0].explanation.iter().any(|s| s.contains("NOFORN")));
    let faults = node.verify_ledger(&arvenia.actor("overseer").unwrap()).unwrap().faults;
    let said = format!(
        "the decision of entry {forged}: its outcome does not follow from its recorded inputs"
    );
    assert!(faults.contains(&said), "{faults:?}");
}

#[test]
fn what_is_remembered_is_forgotten_when_any_rule_changes() {
    let (_folder, alliance) = partners();
    let [arvenia, brenmark, _] = &alliance.members[..] else { panic!() };
    let node = arvenia.node().unwrap();
    let counts = || node.status(&arvenia.actor("overseer").unwrap()).unwrap().decisions;
    let epoch = || node.status(&arvenia.actor("overseer").unwrap()).unwrap().policy_epoch;
    let open = order(arvenia, "OPEN", &["XBR"]);
    let goes = |published: &entente_app::publish::Published| {
        published.verdicts.iter().flat_map(|v| &v.nations).all(Weighed::goes)
    };
    assert!(goes(&publish(arvenia, &open, ATTACK, 1)));
    let first = counts();
    assert!(goes(&publish(arvenia, &open, ATTACK, 1)));
    let second = counts();
    assert_eq!((second.evaluated, second.differing), (first.evaluated, 0));
    assert!(second.remembered > first.remembered);

    // A law.
    let was = epoch();
    node.load_law(&arvenia.actor("legal-1").unwrap(), LAW).unwrap();
    assert_ne!(epoch(), was);
    assert_eq!(counts().evaluated, 0, "nothing is remembered across");

    // Another party leaves: at once, and not by what was remembered.
    assert!(goes(&publish(arvenia, &open, ATTACK, 1)));
    let was = epoch();
    let id = brenmark.node().unwrap().known().policy.agreements[0].row.id;
    for person in ["legal-1", "legal-2"] {
        let actor = brenmark.actor(person).unwrap();
        brenmark.node().unwrap().withdraw(&actor, &id, "it is over").unwrap();
    }
    alliance.quiet().unwrap();
    assert_ne!(epoch(), was);
    assert!(!goes(&publish(arvenia, &open, ATTACK, 1)));
}
