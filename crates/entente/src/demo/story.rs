//! The story: nations meet, sign, share, refuse, ask, recall, and check each other.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_store::sqlite::SqliteStore;
use entente_store::{Store, StoreError};
use serde_json::{Value, json};

use super::report::{ConsentReport, DemoReport, EffectReport, LedgerReport, NodeReport};
use super::world::{BY_DISC, CAST, World};
use crate::copy::Copy;
use crate::page::count;

const AGREEMENT: &str = include_str!("../../../../agreements/ember-strait.md");
const ATTACK: &[u8] = include_bytes!("../../../../samples/attack-ics-18.1-subset.json");
const MISP: &[u8] = include_bytes!("../../../../samples/misp-turla-comrat-v4-event.json");
const MISP_TWO: &[u8] = include_bytes!("../../../../samples/misp-turla-crutch-event.json");
const AIS: &[u8] = include_bytes!("../../../../samples/ais-denmark-2010.nmea");
const CAP: &[u8] = include_bytes!("../../../../samples/cap-seychelles-wind.xml");

const PATIENCE: Duration = Duration::from_secs(90);

/// What is published, by whom and how.
struct Issue<'a> {
    by: &'a str,
    file: &'a str,
    content: &'a [u8],
    label: &'a str,
    purpose: &'a str,
    facts: Option<&'a str>,
    to: &'a [&'a str],
    media_type: Option<&'a str>,
}

pub(super) fn tell(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    world.say("Five nations are founded, each with its own folder, keys and database.");
    for cast in &CAST {
        world.found(cast)?;
    }
    for cast in &CAST {
        world.start(cast.code)?;
        world.say(&format!("  {} {} is at work", cast.code, cast.name));
    }
    introduce(world)?;
    sign(world)?;
    laws(world)?;
    share(world)?;
    refuse(world)?;
    consent(world, report)?;
    recall(world, report)?;
    settle(world)?;
    witness(world)?;
    tamper(world, report)?;
    close(world, report)?;
    world.remember()
}

/// The second start: the nodes are there, and what they hold is checked again.
pub(super) fn resume(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    world.say("Five nations resume.");
    for cast in &CAST {
        world.start(cast.code)?;
        world.say(&format!("  {} {} is at work", cast.code, cast.name));
    }
    close(world, report)
}

/// Every nation meets every other: cards by hand, words by voice, two persons on each side.
fn introduce(world: &mut World) -> anyhow::Result<()> {
    world.say("They exchange cards and compare sixteen words, two persons on each side.");
    let mut cards = BTreeMap::new();
    for cast in &CAST {
        cards.insert(cast.code, world.ask(cast.code, "sena", "card", &json!({}))?);
    }
    for cast in &CAST {
        for (other, card) in cards.iter().filter(|(code, _)| **code != cast.code) {
            let words: Vec<&str> = array(card, "words").iter().filter_map(Value::as_str).collect();
            let body = json!({ "card": card["card"], "words": words.join(" ") });
            for person in ["sena", "tariq"] {
                world
                    .ask(cast.code, person, "introduce", &body)
                    .with_context(|| format!("{} introduces {other}", cast.code))?;
            }
        }
        if cast.code == BY_DISC {
            for other in CAST.iter().filter(|c| c.code != BY_DISC) {
                let body = json!({ "nation": other.code, "endpoint": "media-only" });
                world.ask(BY_DISC, "olga", "endpoint.set", &body)?;
            }
        }
    }
    Ok(())
}

/// One literate agreement, offered by one, signed by all, in force when all have all signatures.
fn sign(world: &mut World) -> anyhow::Result<()> {
    world.say("Arvenia offers the Ember Strait agreement; two persons sign for each nation.");
    world.ask("XAR", "lena", "agreement.propose", &json!({ "text": AGREEMENT }))?;
    for cast in &CAST {
        world.until(&format!("{} holds the offer", cast.code), PATIENCE, |world| {
            carry(world);
            let held = world.ask(cast.code, "lena", "agreement.status", &json!({}))?;
            Ok((!array(&held, "agreements").is_empty()).then_some(()))
        })?;
        for person in ["lena", "marco"] {
            let body = json!({ "agreement": "ESM-MISA" });
            world.ask(cast.code, person, "agreement.sign", &body)?;
        }
        world.say(&format!("  {} has signed", cast.code));
    }
    world.until("the agreement is in force everywhere", PATIENCE, |world| {
        carry(world);
        for cast in &CAST {
            let held = world.ask(cast.code, "lena", "agreement.status", &json!({}))?;
            let all = array(&held, "agreements").iter().all(|a| {
                a["status"] == "in_force" && array(a, "parties").iter().all(|p| p["active"] == true)
            });
            if !all {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })?;
    world.say("  It is in force for all five.");
    Ok(())
}

fn laws(world: &World) -> anyhow::Result<()> {
    for cast in &CAST {
        world.ask(cast.code, "lena", "law.load", &json!({ "text": cast.law }))?;
    }
    world.say("Each nation puts its own law into force at its own node.");
    Ok(())
}

fn share(world: &mut World) -> anyhow::Result<()> {
    world.say("They share what they have:");
    let issues = [
        Issue {
            by: "XAR",
            file: "attack-ics-18.1-subset.json",
            content: ATTACK,
            label: "SERVICE",
            purpose: "cyber_defence",
            facts: None,
            to: &[],
            media_type: None,
        },
        Issue {
            by: "XBR",
            file: "misp-turla-comrat-v4-event.json",
            content: MISP,
            label: "TJENST//TLP:AMBER",
            purpose: "counter_espionage",
            facts: None,
            to: &[],
            media_type: None,
        },
        Issue {
            by: "XCO",
            file: "ais-denmark-2010.nmea",
            content: AIS,
            label: "ABIERTO",
            purpose: "maritime_security",
            facts: None,
            to: &[],
            media_type: None,
        },
        Issue {
            by: "XDO",
            file: "cap-seychelles-wind.xml",
            content: CAP,
            label: "JAVA//TLP:CLEAR",
            purpose: "disaster_response",
            facts: None,
            to: &[],
            media_type: None,
        },
        Issue {
            by: BY_DISC,
            file: "misp-turla-crutch-event.json",
            content: MISP_TWO,
            label: "GUARDED//REL TO ESM5",
            purpose: "counter_espionage",
            facts: None,
            to: &[],
            media_type: None,
        },
    ];
    for issue in &issues {
        publish(world, issue)?;
    }
    Ok(())
}

/// Publishes and says who gets it, and why who does not.
fn publish(world: &mut World, issue: &Issue<'_>) -> anyhow::Result<Value> {
    let body = json!({
        "files": [{
            "name": issue.file,
            "content": STANDARD.encode(issue.content),
            "media_type": issue.media_type,
        }],
        "label": issue.label,
        "purpose": issue.purpose,
        "facts": issue.facts,
        "to": issue.to,
        "precedence": "priority",
    });
    let answer = world
        .ask(issue.by, "ana", "publish", &body)
        .with_context(|| format!("{} publishes {}", issue.by, issue.file))?;
    world.say(&format!(
        "  {} publishes {} as {} ({})",
        issue.by,
        issue.file,
        issue.label,
        count(array(&answer, "objects").len() as u64, "object")
    ));
    for verdict in array(&answer, "verdicts") {
        let mut permitted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for nation in array(verdict, "nations") {
            let code = text(nation, "nation");
            if nation["goes"] == true {
                permitted.entry(text(nation, "basis")).or_default().push(code);
            } else {
                let why = array(nation, "explanation")
                    .iter()
                    .filter_map(Value::as_str)
                    .next_back()
                    .unwrap_or_default()
                    .to_owned();
                let codes: Vec<&str> =
                    array(nation, "reason_codes").iter().filter_map(Value::as_str).collect();
                world.say(&format!(
                    "    {} {}: {} [{}] {why}",
                    code,
                    text(nation, "decision"),
                    text(verdict, "type"),
                    codes.join(", ")
                ));
            }
        }
        for (basis, nations) in permitted {
            world.say(&format!(
                "    to {} under {basis}: {} × {}",
                nations.join(", "),
                verdict["pieces"],
                text(verdict, "type")
            ));
        }
    }
    Ok(answer)
}

/// A refusal by a national law, and one by a label.
fn refuse(world: &mut World) -> anyhow::Result<()> {
    world.say("Not everything may go:");
    let by_law = publish(
        world,
        &Issue {
            by: "XBR",
            file: "suspect.txt",
            content: b"A national of Brenmark was seen on the quay at Ember.\n",
            label: "TJENST",
            purpose: "smuggling",
            facts: Some(
                "object_type = \"incident_report\"\npersonal_data = true\n\n[[persons]]\n\
                 nationalities = [\"XBR\"]\nroles = [\"suspect\"]\n",
            ),
            to: &[],
            media_type: Some("text/plain"),
        },
    )?;
    expect_code(&by_law, "LAW_OWN_NATIONAL")?;
    let by_label = publish(
        world,
        &Issue {
            by: "XAR",
            file: "source.txt",
            content: b"The report above rests on one source in the harbour office.\n",
            label: "SERVICE//NOFORN",
            purpose: "smuggling",
            facts: Some("object_type = \"threat_report\"\n"),
            to: &[],
            media_type: Some("text/plain"),
        },
    )?;
    expect_code(&by_label, "LABEL_NOFORN")
}

fn expect_code(answer: &Value, code: &str) -> anyhow::Result<()> {
    let nations: Vec<&Value> =
        array(answer, "verdicts").iter().flat_map(|v| array(v, "nations")).collect();
    let all = !nations.is_empty()
        && nations
            .iter()
            .all(|n| n["goes"] == false && array(n, "reason_codes").iter().any(|c| c == code));
    if all { Ok(()) } else { bail!("{code} was expected for every nation") }
}

/// An object is referred to its originator, whose release officers consent.
fn consent(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    world.say("Arvenia shares a report with Brenmark alone, under originator control:");
    let answer = publish(
        world,
        &Issue {
            by: "XAR",
            file: "convoy.txt",
            content: b"Three unlit vessels left Ember roads at 02:10, heading 240.\n",
            label: "RESERVED//ORCON",
            purpose: "maritime_security",
            facts: Some("object_type = \"threat_report\"\narea = \"ember_strait\"\n"),
            to: &["XBR"],
            media_type: Some("text/plain"),
        },
    )?;
    let object = first_object(&answer)?;
    arrived(world, "XBR", &object)?;
    let body = json!({ "object": object, "to": "XCO", "purpose": "maritime_security" });
    let asked = world.ask("XBR", "ana", "release", &body)?;
    if asked["released"] == true || array(&asked, "asked").is_empty() {
        bail!("passing on an ORCON object was not referred to its originator");
    }
    world.say("  Brenmark wants Costaluna to have it: held, and Arvenia is asked.");
    let request = world.until("Arvenia sees the request", PATIENCE, |world| {
        let list = world.ask("XAR", "ines", "consent.list", &json!({}))?;
        Ok(array(&list, "requests")
            .iter()
            .find(|r| r["state"] == "waiting" && r["object"] == object.as_str())
            .and_then(|r| r["request"].as_i64()))
    })?;
    for officer in ["ines", "pavel"] {
        let body = json!({ "request": request, "grant": true, "conditions": "for this patrol" });
        world.ask("XAR", officer, "consent.decide", &body)?;
    }
    world.say("  Two release officers of Arvenia consent; Brenmark's node decides anew.");
    arrived(world, "XCO", &object)?;
    world.say("  Costaluna has it, with Arvenia's own proof of release and consent.");
    report.consents.push(ConsentReport {
        object,
        authority: "originator:XAR".to_owned(),
        decision: "granted".to_owned(),
    });
    Ok(())
}

fn arrived(world: &mut World, code: &str, object: &str) -> anyhow::Result<()> {
    world.until(&format!("{code} holds {object}"), PATIENCE, |world| {
        Ok(world
            .ask(code, "ana", "objects.show", &json!({ "object": object }))
            .ok()
            .filter(|shown| shown["state"] == "held")
            .map(|_| ()))
    })
}

/// A recall while one nation is off the net.
fn recall(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    world.say("Arvenia must take a report back while Dorvania is off the net:");
    let answer = publish(
        world,
        &Issue {
            by: "XAR",
            file: "berth.txt",
            content: b"The Halcyon will berth at pier nine on Thursday.\n",
            label: "SERVICE",
            purpose: "smuggling",
            facts: Some("object_type = \"incident_report\"\n"),
            to: &[],
            media_type: Some("text/plain"),
        },
    )?;
    let object = first_object(&answer)?;
    for cast in CAST.iter().filter(|c| c.code != "XAR") {
        world.until(&format!("{} holds it", cast.code), PATIENCE, |world| {
            carry(world);
            Ok(world
                .ask(cast.code, "ana", "objects.show", &json!({ "object": object }))
                .ok()
                .map(|_| ()))
        })?;
    }
    world.kill("XDO")?;
    let body = json!({
        "objects": [object],
        "basis": "the source is at risk",
        "class": "emergency",
        "deadline_hours": 0,
    });
    world.ask("XAR", "ines", "recall", &body)?;
    world.until("the others have answered", PATIENCE, |world| {
        carry(world);
        let open = awaited(world, &object)?;
        Ok((open == ["XDO"]).then_some(()))
    })?;
    report.recall.object.clone_from(&object);
    report.recall.late = late(world, &object)?;
    world.say(&format!("  Late: {}", report.recall.late.join(", ")));
    world.start("XDO")?;
    world.until("Dorvania has answered", PATIENCE, |world| {
        Ok(awaited(world, &object)?.is_empty().then_some(()))
    })?;
    for effect in effects(world, &object)? {
        let (nation, status) = (text(&effect, "nation"), text(&effect, "status"));
        world.say(&format!("  {nation}: {status}, signed in its own ledger"));
        report.recall.effects.push(EffectReport { nation, status });
    }
    if report.recall.effects.iter().any(|e| e.status != "erased") {
        bail!("not every holder erased the recalled object");
    }
    Ok(())
}

fn effects(world: &World, object: &str) -> anyhow::Result<Vec<Value>> {
    let list = world.ask("XAR", "ines", "recall.list", &json!({}))?;
    Ok(array(&list, "recalls")
        .iter()
        .filter(|r| r["object"] == object)
        .flat_map(|r| array(r, "effects").to_vec())
        .collect())
}

fn awaited(world: &World, object: &str) -> anyhow::Result<Vec<String>> {
    Ok(effects(world, object)?
        .iter()
        .filter(|e| e["status"].is_null())
        .map(|e| text(e, "nation"))
        .collect())
}

fn late(world: &World, object: &str) -> anyhow::Result<Vec<String>> {
    Ok(effects(world, object)?
        .iter()
        .filter(|e| e["late"] == true)
        .map(|e| text(e, "nation"))
        .collect())
}

/// Carries discs between the nation without a line and the others, both ways.
fn carry(world: &World) {
    for cast in CAST.iter().filter(|c| c.code != BY_DISC) {
        for (from, to) in [(cast.code, BY_DISC), (BY_DISC, cast.code)] {
            let Ok(export) = world.ask(from, "olga", "bundle.export", &json!({ "nation": to }))
            else {
                // Whoever is off the net has no disc to give or take.
                continue;
            };
            for file in array(&export, "files") {
                let body = json!({ "content": file["content"] });
                // A disc that comes too early or too late has no effect; the next one has.
                let _ = world.ask(to, "olga", "bundle.import", &body);
            }
        }
    }
}

/// Waits until nothing is on its way.
fn settle(world: &mut World) -> anyhow::Result<()> {
    let mut open = String::new();
    world
        .until("everything has arrived and is receipted", PATIENCE, |world| {
            carry(world);
            for cast in &CAST {
                let status = world.ask(cast.code, "olga", "status", &json!({}))?;
                let waiting = array(&status, "links").iter().find(|l| l["unacknowledged"] != 0);
                if let Some(link) = waiting {
                    open = format!("{} waits for {link}", cast.code);
                    return Ok(None);
                }
                if status["pending"] == true {
                    open = format!("{} has something to sequence", cast.code);
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .with_context(|| open.clone())
}

/// Waits until every ledger was cosigned by a partner.
fn witness(world: &mut World) -> anyhow::Result<()> {
    world.until("every ledger is witnessed", PATIENCE, |world| {
        carry(world);
        for cast in &CAST {
            let ledger = world.ask(cast.code, "olga", "ledger.status", &json!({}))?;
            if array(&ledger, "cosignatures").is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })?;
    world.say("Every ledger is cosigned by partners.");
    Ok(())
}

/// One byte of a copy of a ledger is changed; partners find and name it.
fn tamper(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    world.say("A copy of Brenmark's ledger is tampered with, in one byte:");
    let folder = world.folder("XBR");
    let copy = folder.join("tampered.db");
    let original = SqliteStore::open(&folder.join("node.db"))?;
    original.backup_to(&copy, &mut |_, _| {})?;
    drop(original);
    let target = {
        let store = SqliteStore::open(&copy)?;
        let leaves: Vec<(u64, [u8; 33])> = store.read(|work| {
            Ok::<_, StoreError>(work.leaves(0, 4096)?.iter().map(|l| (l.index, l.leaf)).collect())
        })?;
        *leaves.get(leaves.len() / 2).ok_or_else(|| anyhow!("Brenmark's ledger is empty"))?
    };
    let mut bytes = std::fs::read(&copy)?;
    let at = find(&bytes, &target.1).ok_or_else(|| anyhow!("the entry is not in the copy"))?;
    if let Some(byte) = bytes.get_mut(at + 20) {
        *byte ^= 1;
    }
    std::fs::write(&copy, bytes)?;
    for cast in CAST.iter().filter(|c| c.code != "XBR") {
        let seen = world.ask(cast.code, "viktor", "ledger.seen", &json!({ "nation": "XBR" }))?;
        let found = Copy::open(&copy)
            .and_then(|copy| copy.verify(text(&seen, "checkpoint").as_bytes()))
            .map_err(|failure| anyhow!("the copy cannot be checked: {failure:?}"))?;
        if found.size <= target.0 {
            // This partner has not seen so much of Brenmark's ledger yet.
            continue;
        }
        if found.entry != Some(target.0) {
            bail!("{} names another place than entry {}: {:?}", cast.code, target.0, found.problem);
        }
        world.say(&format!(
            "  {} finds it: entry {} of {}",
            cast.code,
            target.0,
            text(&seen, "origin")
        ));
        report.tamper.found_by.push(cast.code.to_owned());
        report.tamper.leaf = Some(target.0);
    }
    std::fs::remove_file(&copy)?;
    if report.tamper.found_by.is_empty() {
        bail!("no partner could check the entry");
    }
    Ok(())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Verifies every ledger and sums up.
fn close(world: &mut World, report: &mut DemoReport) -> anyhow::Result<()> {
    BY_DISC.clone_into(&mut report.disc.nation);
    for cast in &CAST {
        let status = world.ask(cast.code, "viktor", "status", &json!({}))?;
        let verified = world.ask(cast.code, "viktor", "ledger.verify", &json!({}))?;
        let holds = verified["verified"] == true;
        if !holds {
            for fault in array(&verified, "faults") {
                report.failures.push(format!("{}: {fault}", cast.code));
            }
        }
        let ledger = &status["ledger"];
        let mut witnesses: Vec<&str> =
            array(ledger, "cosignatures").iter().filter_map(|c| c["witness"].as_str()).collect();
        witnesses.sort_unstable();
        witnesses.dedup();
        let objects = &status["objects"];
        let (own, received) = (
            objects["own"].as_u64().unwrap_or_default(),
            objects["received"].as_u64().unwrap_or_default(),
        );
        if cast.code == BY_DISC {
            report.disc.objects = received;
        }
        report.nodes.push(NodeReport {
            nation: cast.code.to_owned(),
            name: cast.name.to_owned(),
            nation_id: text(&status, "nation_id"),
            published: own,
            received,
            ledger: LedgerReport {
                size: ledger["size"].as_u64().unwrap_or_default(),
                root: text(ledger, "root"),
                cosignatures: witnesses.len(),
                verified: holds,
            },
        });
        let receipts = world.ask(cast.code, "viktor", "receipts", &json!({ "count": 10_000 }))?;
        report.receipts += array(&receipts, "receipts").len() as u64;
        count_decisions(world, cast.code, report)?;
    }
    world.say("Every ledger was verified, entry by entry and slot by slot.");
    Ok(())
}

fn count_decisions(world: &World, code: &str, report: &mut DemoReport) -> anyhow::Result<()> {
    let decisions = world.ask(code, "viktor", "decisions", &json!({ "count": 10_000 }))?;
    for outcome in array(&decisions, "decisions").iter().flat_map(|d| array(d, "outcomes")) {
        let counter = match outcome["decision"].as_str() {
            Some("permit") => &mut report.decisions.permit,
            Some("permit_modified") => &mut report.decisions.permit_modified,
            Some("refer") => &mut report.decisions.refer,
            _ => &mut report.decisions.deny,
        };
        *counter += 1;
        for code in array(outcome, "reason_codes").iter().filter_map(Value::as_str) {
            *report.decisions.by_reason.entry(code.to_owned()).or_default() += 1;
        }
    }
    Ok(())
}

/// Prints where each node's pages are, with a one-time link.
pub(super) fn invite(world: &World) -> anyhow::Result<()> {
    world.say("Each node has a page. These links sign Ana the analyst in, once, for 15 minutes:");
    for cast in &CAST {
        let link = world.ask(cast.code, "ana", "person.link", &json!({}))?;
        let folder = crate::folder::Folder::open(&world.folder(cast.code))?;
        let origin = folder.config()?.web.origin();
        world.say(&format!("  {}  {origin}/sign-in?link={}", cast.code, text(&link, "link")));
    }
    let folder = world.folder("XAR");
    world.say("They keep running until Ctrl-C. Commands in another terminal reach them as well:");
    world.say(&format!("  entente status --folder {} --as ana", folder.display()));
    Ok(())
}

fn first_object(answer: &Value) -> anyhow::Result<String> {
    array(answer, "objects")
        .first()
        .map(|o| text(o, "object"))
        .ok_or_else(|| anyhow!("nothing was published"))
}

fn array<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
