//! Nodes killed at any moment, again and again: nothing is lost, nothing doubled, all verifies.
//!
//! Three nations run as real processes, as a person would run them, and are killed with SIGKILL
//! while they publish, receive, recall and start. What a node acknowledged is written down; at
//! the end every node is compared with that, and every ledger and lane is checked.
//!
//! Who does what, whom the blow hits and how late follow from a seed. The moment within the
//! program does not, so a failure also leaves the folders behind, and prints where. Play a seed
//! again, or longer, with `cargo xtask kill --seed N --rounds R`.

mod account;
pub(crate) mod nations;

use std::time::Duration;

use entente::ambient::{self, OsEntropy};
use entente_model::Entropy as _;
use entente_testkit::chance::Chance;
use entente_testkit::treaty;
use serde_json::{Value, json};

use account::{Account, Told};
use nations::{Blow, Nation};

/// Rounds of the short form, which is part of the gate.
const ROUNDS: u64 = 12;
/// The short form's seed.
const SEED: u64 = 2;
/// In a long run everything is compared this often, so that a fault is found near its cause.
const COMPARED_EVERY: u64 = 25;
/// Bytes that make a document long, at most.
const FILLING_MAX: u64 = 60_000;

/// What goes on when the blow falls.
#[derive(Debug, Clone, Copy)]
enum Work {
    Publish,
    Receive,
    Recall,
    Start,
}

const WORKS: [Work; 4] = [Work::Publish, Work::Receive, Work::Recall, Work::Start];

/// A number that whoever starts the test may set.
fn setting(name: &str) -> Option<u64> {
    let value = ambient::environment(name)?;
    Some(value.to_str().and_then(|text| text.parse().ok()).expect(name))
}

#[test]
fn nodes_killed_at_any_moment_lose_nothing_and_double_nothing() {
    let rounds = setting("ENTENTE_KILL_ROUNDS").unwrap_or(ROUNDS);
    play(setting("ENTENTE_KILL_SEED").unwrap_or(SEED), rounds);
}

#[test]
#[ignore = "minutes long: `cargo xtask long` runs it"]
fn a_hundred_kills_of_a_seed_that_nobody_has_seen() {
    let fresh = u64::from_be_bytes(OsEntropy.bytes32()[..8].try_into().unwrap());
    let rounds = setting("ENTENTE_KILL_ROUNDS").unwrap_or(100);
    play(setting("ENTENTE_KILL_SEED").unwrap_or(fresh >> 32), rounds);
}

fn play(seed: u64, rounds: u64) {
    // Kept on the disk until all has gone well.
    let root = tempfile::Builder::new().prefix("kill").tempdir().unwrap().keep();
    println!("seed {seed}, {rounds} rounds, the nodes are in {}", root.display());
    println!("play it again: cargo xtask kill --seed {seed} --rounds {rounds}");
    let mut chance = Chance::new(seed);
    let profiles = treaty::profiles(3).unwrap();
    let mut nations: Vec<Nation> =
        profiles.iter().map(|profile| Nation::found(&root, profile)).collect();
    for nation in &mut nations {
        nation.start();
    }
    introduce(&nations);
    agree(&nations, &treaty::text(&profiles));

    let mut account = Account::default();
    for number in 0..rounds {
        let work = WORKS[usize::try_from(number % 4).unwrap()];
        round(number, work, &mut nations, &mut account, &mut chance);
        if (number + 1) % COMPARED_EVERY == 0 && number + 1 < rounds {
            account.settle(&nations);
            account.compare(&nations);
        }
    }
    account.settle(&nations);
    account.compare(&nations);
    println!("{}", account.tally());
    for nation in &mut nations {
        nation.stop();
        account::verify_vault(nation);
    }
    std::fs::remove_dir_all(root).unwrap();
}

/// One deed, one blow, one start.
fn round(
    number: u64,
    work: Work,
    nations: &mut [Nation],
    account: &mut Account,
    chance: &mut Chance,
) {
    let by = chance.index(nations.len());
    let other = (by + 1 + chance.index(nations.len() - 1)) % nations.len();
    let blow = match chance.below(4) {
        0 => Blow::KeysFirst,
        _ => Blow::Node,
    };
    let victim = match work {
        Work::Receive => other,
        Work::Recall if chance.percent(50) => other,
        Work::Publish | Work::Recall | Work::Start => by,
    };
    // Most blows fall early: the work of a small deed is soon done.
    let longest = 1 << (4 + chance.below(6));
    let after = Duration::from_millis(chance.below(longest));
    println!(
        "round {number}: {work:?} by {}, {blow:?} of {} after {} ms",
        nations[by].code,
        nations[victim].code,
        after.as_millis()
    );
    let before = nations[victim].ledger_size();
    match work {
        Work::Publish | Work::Receive => {
            let publication = account.draft(number, by, &nations[by], chance);
            let request = publication.request.clone();
            let told = during(nations, by, "ana", "publish", request, victim, blow, after);
            account.published(publication, told);
        }
        Work::Recall => {
            // So that there is something to take back, and that it is under way somewhere.
            let publication = account.draft(number, by, &nations[by], chance);
            let told = Told::of(nations[by].ask("ana", "publish", &publication.request));
            account.published(publication, told);
            let objects = account.recallable(by, chance);
            let request = json!({
                "objects": objects,
                "basis": "the source is at risk",
                "class": if chance.percent(50) { "erase" } else { "emergency" },
            });
            let told = during(nations, by, "ines", "recall", request, victim, blow, after);
            account.recalled(by, objects, &told);
        }
        Work::Start => {
            nations[victim].kill(blow);
            nations[victim].spawn();
            ambient::pause(after);
            nations[victim].kill(Blow::Node);
        }
    }
    if chance.percent(25) {
        // Others go on while it is away.
        let publication = account.draft(number, other, &nations[other], chance);
        if other != victim {
            let told = Told::of(nations[other].ask("ana", "publish", &publication.request));
            account.published(publication, told);
        }
    }
    nations[victim].start();
    let now = nations[victim].ledger_size();
    assert!(now >= before, "the ledger of {} shrank: {before} to {now}", nations[victim].code);
}

/// Asks one node for something and kills one, perhaps the same, while it is done.
#[expect(clippy::too_many_arguments, reason = "the deed and the blow, side by side")]
fn during(
    nations: &mut [Nation],
    by: usize,
    person: &'static str,
    command: &'static str,
    request: Value,
    victim: usize,
    blow: Blow,
    after: Duration,
) -> Told {
    let door = nations[by].door(person);
    let deed = std::thread::spawn(move || Told::of(door.call(command, &request)));
    ambient::pause(after);
    nations[victim].kill(blow);
    deed.join().unwrap()
}

/// Everyone meets everyone: cards by hand, words by voice, two persons on each side.
pub(crate) fn introduce(nations: &[Nation]) {
    let cards: Vec<Value> =
        nations.iter().map(|nation| nation.done("sena", "card", &json!({}))).collect();
    for (at, nation) in nations.iter().enumerate() {
        for (_, card) in cards.iter().enumerate().filter(|(of, _)| *of != at) {
            let words: Vec<&str> =
                card["words"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let body = json!({ "card": card["card"], "words": words.join(" ") });
            for person in ["sena", "tariq"] {
                nation.done(person, "introduce", &body);
            }
        }
    }
}

/// One agreement, offered by the first, signed by all, in force everywhere.
fn agree(nations: &[Nation], text: &str) {
    nations[0].done("lena", "agreement.propose", &json!({ "text": text }));
    let held = |nation: &Nation| {
        let status = nation.done("lena", "agreement.status", &json!({}));
        status["agreements"].as_array().unwrap().clone()
    };
    for nation in nations {
        nations::until("the offer arrives", || !held(nation).is_empty());
        for person in ["lena", "marco"] {
            nation.done(person, "agreement.sign", &json!({ "agreement": treaty::CODE }));
        }
    }
    nations::until("the agreement is in force", || {
        nations.iter().all(|nation| {
            let agreements = held(nation);
            let active = |party: &Value| party["active"] == true;
            agreements.iter().all(|a| {
                a["status"] == "in_force" && a["parties"].as_array().unwrap().iter().all(active)
            })
        })
    });
}
