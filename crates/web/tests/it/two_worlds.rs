//! Two worlds: one in which an object exists of which a person may not know, and one in which it
//! does not. Every page and every command answers that person alike in both.
//!
//! The world is the same node before and after the object is published. What differs is the size
//! and root of the ledger, which the machine shows to all who are signed in; it is named here, and
//! nothing else may differ. A route or command that is not in the tables fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_api::commands::{self, Commands};
use entente_api::local::LocalService as _;
use entente_app::people::{Post, Role};
use entente_model::ObjectId;
use entente_web::{Access, routes};
use http::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{World, document};

/// Persons, with an office and a clearance that does not reach SECRET.
const UNCLEARED: [(&str, &str, &str); 7] = [
    ("low-analyst", "analyst", ""),
    ("low-reviewer", "reviewer", "SERVICE"),
    ("low-release", "release-officer", ""),
    ("low-liaison", "liaison", "OPEN"),
    ("low-legal", "legal-adviser", ""),
    ("low-operator", "operator", ""),
    ("low-security", "security-officer", ""),
];

/// What is asked of a command: requests that read, with `OID` for the hidden object; or why it is
/// not asked.
enum Ask {
    Reads(Vec<Value>),
    TellsNothing(&'static str),
}

/// A law to be tried out.
const DRAFT: &str = "+++\nid = \"XAR-DRAFT\"\nnation = \"XAR\"\ntitle = \"A draft\"\n+++\n## Section 1\n```rule\ntype = \"court_seal\"\ndirection = \"export\"\neffect = \"forbid\"\n```\n";

fn requests() -> BTreeMap<&'static str, Ask> {
    use Ask::{Reads, TellsNothing};
    let none = || Reads(vec![json!({})]);
    BTreeMap::from([
        ("whoami", none()),
        ("person.add", TellsNothing("makes a person")),
        ("person.list", none()),
        ("person.show", Reads(vec![json!({ "name": "analyst" })])),
        ("person.change", TellsNothing("changes a person")),
        ("person.deactivate", TellsNothing("ends a person's secrets")),
        ("person.reactivate", TellsNothing("makes a secret")),
        ("person.credential", TellsNothing("makes a secret")),
        ("person.link", TellsNothing("makes a secret")),
        ("person.sessions", Reads(vec![json!({}), json!({ "name": "analyst" })])),
        ("person.end-sessions", TellsNothing("ends sessions")),
        ("person.passkeys", Reads(vec![json!({}), json!({ "name": "analyst" })])),
        ("person.remove-passkey", TellsNothing("removes a passkey")),
        ("person.badges", Reads(vec![json!({}), json!({ "name": "analyst" })])),
        ("person.add-badge", TellsNothing("about a person")),
        ("person.remove-badge", TellsNothing("about a person")),
        ("person.code", Reads(vec![json!({}), json!({ "name": "analyst" })])),
        ("person.set-up-code", TellsNothing("makes a secret")),
        ("person.confirm-code", TellsNothing("about a secret")),
        ("person.remove-code", TellsNothing("ends a secret")),
        ("person.reviews", none()),
        ("person.review", TellsNothing("confirms what a person holds")),
        ("approvals", none()),
        ("status", none()),
        ("card", none()),
        ("introduce", TellsNothing("about nations")),
        ("nation.suspend", TellsNothing("about nations")),
        ("endpoint.set", TellsNothing("about nations")),
        ("bundle.export", TellsNothing("sealed to its recipient")),
        ("bundle.import", TellsNothing("takes in")),
        ("agreement.propose", TellsNothing("about agreements")),
        ("agreement.counter", TellsNothing("about agreements")),
        ("agreement.amend", TellsNothing("about agreements")),
        ("agreement.text", TellsNothing("about agreements")),
        ("agreement.sign", TellsNothing("about agreements")),
        ("agreement.suspend", TellsNothing("about agreements")),
        ("agreement.resume", TellsNothing("about agreements")),
        ("agreement.terminate", TellsNothing("about agreements")),
        ("agreement.withdraw", TellsNothing("about agreements")),
        ("agreement.status", none()),
        ("law.load", TellsNothing("about laws")),
        ("law.list", none()),
        ("law.replay", Reads(vec![json!({ "leaf": 0 }), json!({ "leaf": 1_000_000 })])),
        ("law.simulate", Reads(vec![json!({ "law": DRAFT }), json!({ "law": DRAFT, "last": 2 })])),
        ("fact.add", TellsNothing("about nations and cases")),
        ("fact.list", none()),
        ("fact.releases", Reads(vec![json!({ "fact": "00000000" })])),
        ("fact.tell", Reads(vec![json!({ "fact": "00000000", "to": ["XBR"] })])),
        ("fact.revoke", Reads(vec![json!({ "fact": "00000000", "why": "wrong" })])),
        ("rule.add", TellsNothing("about rules")),
        ("rule.list", none()),
        ("rule.show", Reads(vec![json!({ "name": "watch" })])),
        ("rule.narrow", TellsNothing("about rules")),
        ("rule.suspend", TellsNothing("about rules")),
        ("rule.resume", TellsNothing("about rules")),
        ("rule.remove", TellsNothing("about rules")),
        ("rule.reviews", Reads(vec![json!({}), json!({ "rule": "watch" })])),
        ("rule.accept", Reads(vec![json!({ "object": "OID" }), json!({ "object": "OI8" })])),
        ("rule.object", Reads(vec![json!({ "object": "OID", "reason": "no" })])),
        (
            "publish",
            Reads(vec![json!({
                "files": [{ "name": "a.txt", "content": "YQ==" }],
                "label": "OPEN",
                "purpose": "cyber_defence",
                "supersedes": ["OID"],
            })]),
        ),
        (
            "release",
            Reads(vec![json!({ "object": "OID", "to": "XBR", "purpose": "cyber_defence" })]),
        ),
        ("decisions", Reads(vec![json!({}), json!({ "count": 2 })])),
        ("objects.list", Reads(vec![json!({}), json!({ "count": 1 }), json!({ "own": true })])),
        (
            "objects.show",
            Reads(vec![
                json!({ "object": "OID" }),
                json!({ "object": "OI8" }),
                json!({ "object": "OID", "save": true }),
                json!({ "object": "OID", "read": true }),
            ]),
        ),
        ("breach.record", Reads(vec![json!({ "object": "OID", "what": "stolen" })])),
        ("breach.told", Reads(vec![json!({ "breach": 77, "how": "a call" })])),
        ("breach.list", none()),
        ("glass.open", TellsNothing("opens what is hidden, and raises an alarm")),
        ("glass.list", none()),
        ("glass.judge", Reads(vec![json!({ "opening": 77, "justified": true, "why": "why" })])),
        ("receipts", none()),
        ("consent.list", none()),
        ("consent.decide", Reads(vec![json!({ "request": 77, "grant": true })])),
        ("recall", Reads(vec![json!({ "objects": ["OID"], "basis": "Act 7" })])),
        ("recall.list", none()),
        ("ledger.status", none()),
        ("ledger.verify", none()),
        (
            "ledger.prove",
            Reads(
                ["release", "receipt", "recall"]
                    .map(|of| json!({ "object": "OID", "of": of }))
                    .into_iter()
                    .chain([json!({ "object": "OID", "with_content": true })])
                    .collect(),
            ),
        ),
        (
            "ledger.accesses",
            Reads(vec![json!({}), json!({ "object": "OID" }), json!({ "person": "analyst" })]),
        ),
        ("ledger.seen", Reads(vec![json!({ "nation": "XAR" })])),
        ("backup", TellsNothing("writes a file that its keys alone open")),
        ("events", Reads(vec![json!({}), json!({ "count": 3 }), json!({ "kind": "refused" })])),
    ])
}

/// What may differ: the ledger's own numbers.
fn without_ledger(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        for name in
            ["size", "root", "signed", "checkpoint", "opened", "ledger", "replayed", "other_engine"]
        {
            members.remove(name);
        }
    }
    answer
}

/// Security officers order recalls whether or not they may read what is recalled.
const ORDERS_ALL: [(&str, &str); 1] = [("low-security", "recall")];

fn ask_all(
    world: &World,
    secrets: &BTreeMap<&str, String>,
    oid: ObjectId,
) -> BTreeMap<String, String> {
    let commands = Commands::new(Arc::clone(&world.node));
    let mut answers = BTreeMap::new();
    for (person, secret) in secrets {
        for (name, ask) in requests() {
            let requests = match ask {
                Ask::Reads(requests) => requests,
                Ask::TellsNothing(why) => {
                    assert!(!why.is_empty(), "say why {name} is not asked");
                    continue;
                }
            };
            // Who is cleared would really replace it.
            let is_cleared = !UNCLEARED.iter().any(|(low, _, _)| low == person);
            if ORDERS_ALL.contains(&(*person, name)) || (is_cleared && name == "publish") {
                continue;
            }
            for request in requests {
                let full = request.to_string();
                let asked = full.replace("OID", &oid.to_string()).replace("OI8", &oid.short());
                let body = serde_json::from_str(&asked).unwrap();
                let answer = match commands.command(Some(secret.as_str()), name, body) {
                    Ok(answer) => without_ledger(answer).to_string(),
                    Err(error) => format!("{error:?}"),
                };
                let answer = answer.replace(&oid.to_string(), "OID").replace(&oid.short(), "OI8");
                answers.insert(format!("{person} {name} {full}"), answer);
            }
        }
    }
    answers
}

/// Digits where the ledger's numbers stand among others.
fn masked(path: &str, page: &str, oid: ObjectId) -> String {
    let page = page.replace(&oid.to_string(), "OID").replace(&oid.short(), "OI8");
    // What a passkey is asked is drawn anew for each page.
    if !["/", "/links", "/you"].contains(&path) {
        return page;
    }
    page.chars().map(|c| if c.is_ascii_hexdigit() { '#' } else { c }).collect()
}

async fn look_at_all(
    world: &World,
    secrets: &BTreeMap<&str, String>,
    oid: ObjectId,
) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    for (person, secret) in secrets {
        let browser = Browser { session: Some(secret.clone()), ..Browser::at(world) };
        for (method, route, access) in routes() {
            // Streams are tested by themselves; forms change things and show nothing.
            if method != Method::GET || route == "/live" {
                continue;
            }
            if access == Access::Anyone && route != "/" {
                continue;
            }
            let path = match route {
                "/act" => "/act?recall={oid}&class=erase&hours=4&basis=stolen",
                route => route,
            };
            // Texts say nothing of objects.
            let text = "00".repeat(32);
            let path = path.replace("{oid}", &oid.to_string()).replace("{id}", &text);
            assert!(!path.contains('{'), "say what {route} is asked for");
            let seen = browser.get(&path).await;
            let page = masked(route, &seen.text, oid);
            answers.insert(format!("{person} {route}"), format!("{} {page}", seen.status));
        }
    }
    answers
}

#[tokio::test]
async fn who_may_not_know_of_an_object_is_answered_as_if_it_did_not_exist() {
    let named: BTreeSet<&str> = requests().into_keys().collect();
    let all: BTreeSet<&str> = commands::NAMES.into_iter().collect();
    assert_eq!(named, all, "every command is in the table");

    let world = World::quiet();
    world.publish("OPEN", &document(b"for all", "text/plain"));
    // Credentials for commands, sessions for pages.
    let mut both: BTreeMap<&str, (String, String)> = UNCLEARED
        .into_iter()
        .map(|(name, role, clearance)| {
            let post = Post::of(&[role.parse().unwrap()]).cleared(clearance);
            (name, world.secrets_of(name, &post))
        })
        .collect();
    let read_in = |roles: &[Role], nation: &str| Post {
        nation: nation.parse().ok(),
        read_ins: vec!["LANTERN".to_owned()],
        ..Post::of(roles).cleared("SECRET-A")
    };
    // Who is cleared but not read in, and who is both but another nation's national.
    both.insert("analyst", world.secrets("analyst"));
    both.insert("guest", world.secrets_of("guest", &read_in(&[Role::Analyst], "XBR")));
    // Who may know of everything that this agency holds, and belongs to another.
    for (name, role) in [("navy-analyst", Role::Analyst), ("navy-release", Role::ReleaseOfficer)] {
        let navy = Post { body: "NAVY-FUSION".to_owned(), ..read_in(&[role], "XAR") };
        both.insert(name, world.secrets_of(name, &navy));
    }
    both.insert("read-in", world.secrets_of("read-in", &read_in(&[Role::Analyst], "XAR")));
    both.insert("overseer", world.secrets("overseer"));
    let of = |pick: fn(&(String, String)) -> &String| -> BTreeMap<&str, String> {
        both.iter().map(|(name, pair)| (*name, pick(pair).clone())).collect()
    };
    let (credentials, sessions) = (of(|pair| &pair.0), of(|pair| &pair.1));
    // That someone asked before is told of them, and is no difference.
    let commands = Commands::new(Arc::clone(&world.node));
    for secret in credentials.values() {
        commands.command(Some(secret), "whoami", json!({})).unwrap();
    }
    // What signs in on a page gives no commands.
    for session in sessions.values() {
        assert_eq!(commands.command(Some(session), "whoami", json!({})).unwrap_err().status, 403);
    }
    // Before, the object is any that does not exist.
    let nothing = ObjectId::from_array([0xab; 32]);
    let without =
        (ask_all(&world, &credentials, nothing), look_at_all(&world, &sessions, nothing).await);
    let label = "SECRET-A//COMPARTMENT LANTERN//NOFORN";
    let hidden = world.publish(label, &document(b"a name of ours", "text/plain")).objects[0];
    let with =
        (ask_all(&world, &credentials, hidden), look_at_all(&world, &sessions, hidden).await);

    let mut told = BTreeSet::new();
    for (before, after) in without.0.iter().chain(&without.1).zip(with.0.iter().chain(&with.1)) {
        assert_eq!(before.0, after.0);
        let person = before.0.split(' ').next().unwrap_or_default();
        if ["analyst", "guest", "navy-analyst", "navy-release"].contains(&person)
            || UNCLEARED.iter().any(|(name, _, _)| *name == person)
        {
            assert_eq!(before.1, after.1, "{} tells that there is something", before.0);
        } else if before.1 != after.1 {
            told.insert(before.0.clone());
        }
    }
    // The same questions do tell those who may know.
    for expected in [
        "read-in objects.list {}",
        "read-in events {}",
        "read-in decisions {}",
        "read-in status {}",
        "read-in /out",
        "read-in /events",
        "read-in /object/{oid}",
        "overseer objects.list {}",
        "overseer events {}",
        "overseer /object/{oid}",
    ] {
        assert!(told.contains(expected), "{expected}: {told:?}");
    }
}
