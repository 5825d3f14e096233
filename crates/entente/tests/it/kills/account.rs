//! What was acknowledged, and whether the nodes hold exactly that.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_api::local::LocalClientError;
use entente_model::NodeId;
use entente_model::item::Lane;
use entente_store::sqlite::{SqliteStore, SqliteVault};
use entente_store::{Store as _, StoreError};
use entente_testkit::chance::Chance;
use serde_json::{Value, json};

use super::FILLING_MAX;
use super::nations::{Nation, until};

/// How a node answered.
#[derive(Debug)]
pub(super) enum Told {
    /// It was done.
    Done(Value),
    /// No answer, or one that promises nothing: it was done or it was not, wholly.
    Unsure,
}

impl Told {
    pub(super) fn of(answer: Result<Value, LocalClientError>) -> Self {
        match answer {
            Ok(answer) => Self::Done(answer),
            // A node without its key process says so; a defect is none of that.
            Err(LocalClientError::Refused(error)) if error.status != 503 => panic!("{error:?}"),
            Err(_) => Self::Unsure,
        }
    }
}

/// Some documents that were published at once.
#[derive(Debug)]
pub(super) struct Publication {
    by: usize,
    contents: Vec<String>,
    pub(super) request: Value,
    acknowledged: Option<Vec<String>>,
}

#[derive(Debug)]
struct Recalled {
    by: usize,
    object: String,
    acknowledged: bool,
}

/// All that was asked for.
#[derive(Debug, Default)]
pub(super) struct Account {
    publications: Vec<Publication>,
    recalls: Vec<Recalled>,
}

/// An object as a node shows it.
#[derive(Debug, Clone)]
struct Shown {
    state: String,
    content: Option<Vec<u8>>,
}

impl Account {
    /// Documents that nobody published before.
    pub(super) fn draft(
        &self,
        round: u64,
        by: usize,
        nation: &Nation,
        chance: &mut Chance,
    ) -> Publication {
        let contents: Vec<String> = (0..=chance.below(8))
            .map(|number| {
                let filling = "x".repeat(usize::try_from(chance.below(FILLING_MAX)).unwrap());
                format!("round {round}, document {number} of {}\n{filling}\n", nation.code)
            })
            .collect();
        let files: Vec<Value> = contents
            .iter()
            .map(|content| {
                json!({
                    "name": "report.txt",
                    "content": STANDARD.encode(content),
                    "media_type": "text/plain",
                })
            })
            .collect();
        let lane = chance.pick(&["flash", "immediate", "priority", "routine"]);
        let request = json!({
            "files": files,
            "label": nation.label,
            "purpose": "cyber_defence",
            "precedence": lane,
        });
        Publication { by, contents, request, acknowledged: None }
    }

    pub(super) fn published(&mut self, mut publication: Publication, told: Told) {
        if let Told::Done(answer) = told {
            let objects = answer["objects"].as_array().unwrap().iter();
            let objects: Vec<String> =
                objects.map(|o| o["object"].as_str().unwrap().to_owned()).collect();
            assert_eq!(objects.len(), publication.contents.len(), "{answer}");
            publication.acknowledged = Some(objects);
        }
        self.publications.push(publication);
    }

    /// One or two objects of a nation that nobody recalled yet.
    pub(super) fn recallable(&self, by: usize, chance: &mut Chance) -> Vec<String> {
        let gone: BTreeSet<&String> = self.recalls.iter().map(|r| &r.object).collect();
        let mut open: Vec<&String> = self
            .publications
            .iter()
            .filter(|p| p.by == by)
            .flat_map(|p| p.acknowledged.iter().flatten())
            .filter(|oid| !gone.contains(oid))
            .collect();
        let mut chosen = Vec::new();
        for _ in 0..=chance.below(2) {
            if !open.is_empty() {
                chosen.push(open.swap_remove(chance.index(open.len())).clone());
            }
        }
        chosen
    }

    pub(super) fn recalled(&mut self, by: usize, objects: Vec<String>, told: &Told) {
        let acknowledged = matches!(told, Told::Done(_));
        let recalls = objects.into_iter().map(|object| Recalled { by, object, acknowledged });
        self.recalls.extend(recalls);
    }

    pub(super) fn tally(&self) -> String {
        let documents: usize = self.publications.iter().map(|p| p.contents.len()).sum();
        let unsure = self.publications.iter().filter(|p| p.acknowledged.is_none()).count();
        let recalls_unsure = self.recalls.iter().filter(|r| !r.acknowledged).count();
        format!(
            "{documents} documents in {} publications, {unsure} of them without an answer; {} \
             recalls, {recalls_unsure} of them without an answer",
            self.publications.len(),
            self.recalls.len()
        )
    }

    /// Waits until nothing is under way: all is acknowledged, receipted and answered.
    #[expect(clippy::unused_self, reason = "settling an account")]
    pub(super) fn settle(&self, nations: &[Nation]) {
        for nation in nations {
            until(&format!("{} has nothing under way", nation.code), || {
                let status = nation.done("olga", "status", &json!({}));
                let quiet = status["links"].as_array().unwrap().iter().all(|link| {
                    assert_eq!(link["stopped"], Value::Null, "{}: {link}", nation.code);
                    ["unacknowledged", "unreceipted", "missing"].iter().all(|k| link[k] == 0)
                });
                let recalls = nation.done("ines", "recall.list", &json!({}));
                let answered = array(&recalls, "recalls")
                    .filter(|recall| recall["ours"] == true)
                    .flat_map(|recall| array(recall, "effects"))
                    .all(|effect| effect["status"] != Value::Null);
                quiet && answered && status["pending"] == false
            });
        }
    }

    /// Compares every node with what was asked for, and checks ledgers, lanes and databases.
    pub(super) fn compare(&self, nations: &[Nation]) {
        let mut all = BTreeSet::new();
        for (by, nation) in nations.iter().enumerate() {
            let own = holdings(nation, true);
            all.extend(own.keys().cloned());
            let gone = self.recalled_by(by, nation);
            self.compare_own(by, nation, &own);
            for holder in nations.iter().filter(|holder| holder.code != nation.code) {
                compare_received(nation, &own, &gone, holder);
            }
            verify(nation);
        }
        for nation in nations {
            for oid in holdings(nation, false).keys() {
                assert!(all.contains(oid), "{} holds {oid}, which nobody has", nation.code);
            }
            for other in nations.iter().filter(|other| other.code != nation.code) {
                compare_lanes(nation, other);
            }
        }
    }

    /// What a nation took back, as its own node tells; all that it acknowledged is in it.
    fn recalled_by(&self, by: usize, nation: &Nation) -> BTreeSet<String> {
        let recalls = nation.done("ines", "recall.list", &json!({}));
        let mut gone = BTreeSet::new();
        for recall in array(&recalls, "recalls").filter(|recall| recall["ours"] == true) {
            let object = recall["object"].as_str().unwrap().to_owned();
            for effect in array(recall, "effects") {
                // A recall may overtake its object, which is then not taken in.
                let gone = effect["status"] == "erased" || effect["status"] == "never held";
                assert!(gone, "{}: {recall}", nation.code);
            }
            assert!(gone.insert(object), "{}: recalled twice: {recall}", nation.code);
        }
        for recall in self.recalls.iter().filter(|recall| recall.by == by) {
            let kept = gone.contains(&recall.object);
            assert!(kept || !recall.acknowledged, "{}: a recall is lost: {recall:?}", nation.code);
        }
        gone
    }

    /// Every document that was acknowledged is there once; any other wholly or not at all.
    fn compare_own(&self, by: usize, nation: &Nation, own: &BTreeMap<String, Shown>) {
        let mut by_content: BTreeMap<&[u8], Vec<&String>> = BTreeMap::new();
        for (oid, shown) in own {
            let content = shown.content.as_deref().expect("an own object can be read");
            by_content.entry(content).or_default().push(oid);
        }
        let mut found = 0;
        for publication in self.publications.iter().filter(|p| p.by == by) {
            let there: Vec<Vec<&String>> = publication
                .contents
                .iter()
                .map(|c| by_content.get(c.as_bytes()).cloned().unwrap_or_default())
                .collect();
            assert!(there.iter().all(|oids| oids.len() <= 1), "{}: doubled", nation.code);
            let there: Vec<&String> = there.into_iter().flatten().collect();
            match &publication.acknowledged {
                Some(oids) => assert_eq!(there, oids.iter().collect::<Vec<_>>(), "{}", nation.code),
                None => assert!(
                    there.is_empty() || there.len() == publication.contents.len(),
                    "{}: half of a publication: {there:?}",
                    nation.code
                ),
            }
            found += there.len();
        }
        assert_eq!(found, own.len(), "{}: objects that nobody published", nation.code);
    }
}

/// What a nation published is held by a partner once, and not where it was taken back.
fn compare_received(
    nation: &Nation,
    own: &BTreeMap<String, Shown>,
    gone: &BTreeSet<String>,
    holder: &Nation,
) {
    let between = format!("{} at {}", nation.code, holder.code);
    let held = holdings(holder, false);
    let mut arrivals: BTreeMap<String, u64> = BTreeMap::new();
    let body = json!({ "kind": "received", "count": 10_000 });
    for event in array(&holder.done("ana", "events", &body), "events") {
        let object = event["object"].as_str().unwrap_or_default().to_owned();
        *arrivals.entry(object).or_default() += 1;
    }
    for (oid, shown) in own {
        let arrived = arrivals.get(oid).copied().unwrap_or_default();
        let there = held.get(oid);
        if gone.contains(oid) {
            assert!(arrived <= 1, "{between}: {oid} arrived {arrived} times");
            assert!(there.is_none_or(|there| there.content.is_none()), "{between}: {oid} is left");
            continue;
        }
        let there = there.unwrap_or_else(|| panic!("{between}: {oid} is lost"));
        assert_eq!(there.state, "held", "{between}: {oid}");
        assert_eq!(there.content, shown.content, "{between}: {oid} says another thing");
        assert_eq!(arrived, 1, "{between}: {oid} arrived {arrived} times");
    }
}

/// All objects of a node, its own or those it received.
fn holdings(nation: &Nation, own: bool) -> BTreeMap<String, Shown> {
    let mut all = BTreeMap::new();
    let list = nation.done("ana", "objects.list", &json!({ "own": own, "count": 10_000 }));
    for row in array(&list, "objects") {
        let oid = row["object"].as_str().unwrap().to_owned();
        let shown = nation.done("ana", "objects.show", &json!({ "object": oid }));
        let content = shown["content"].as_str().map(|text| STANDARD.decode(text).unwrap());
        let state = shown["state"].as_str().unwrap().to_owned();
        let before = all.insert(oid, Shown { state, content });
        assert!(before.is_none(), "{}: an object twice: {row}", nation.code);
    }
    all
}

/// The ledger verifies for its operators and its overseers, and the files are sound.
fn verify(nation: &Nation) {
    for command in [["ledger", "verify"], ["oversight", "verify"]] {
        let found = nation.run("viktor", &command);
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(found.status.success(), "{}: {command:?}: {text}", nation.code);
        let findings: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(findings["verified"], true, "{}: {findings}", nation.code);
        assert_eq!(findings["faults"], json!([]), "{}: {findings}", nation.code);
    }
    let store = SqliteStore::inspect(&nation.folder.join("node.db")).unwrap();
    assert_eq!(store.integrity().unwrap(), Vec::<String>::new(), "{}", nation.code);
}

/// The vault of a node that does not run is sound.
pub(super) fn verify_vault(nation: &Nation) {
    let vault = SqliteVault::open(&nation.folder.join("vault.db")).unwrap();
    assert_eq!(vault.integrity().unwrap(), Vec::<String>::new(), "{}", nation.code);
}

/// Both ends of every lane stand at the same item, and their running heads agree about all
/// items before it: no gap, no change of order, no item twice.
fn compare_lanes(from: &Nation, to: &Nation) {
    let node = |nation: &Nation| -> NodeId {
        let status = nation.done("olga", "status", &json!({}));
        status["node_id"].as_str().unwrap().parse().unwrap()
    };
    let (src, dst) = (node(from), node(to));
    let store = |nation: &Nation| SqliteStore::inspect(&nation.folder.join("node.db")).unwrap();
    let (there, here) = (store(from), store(to));
    for lane in Lane::ALL {
        let what = format!("lane {} from {} to {}", lane.as_str(), from.code, to.code);
        // Lane heads and receipts of receipts are always under way.
        until(&format!("{what} is equal at both ends"), || {
            let out: Result<_, StoreError> = there.read(|work| work.lane_out(dst, lane));
            let arrived: Result<_, StoreError> = here.read(|work| work.lane_in(src, lane));
            let (out, arrived) = (out.unwrap(), arrived.unwrap());
            if out.seq != arrived.seq {
                return false;
            }
            assert_eq!(out.chain, arrived.chain, "{what} at {}", out.seq);
            true
        });
    }
}

fn array<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}
