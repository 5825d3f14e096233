//! A node with a past, for pages to show.

use std::collections::BTreeMap;
use std::sync::Arc;

use entente_app::SqliteNode;
use entente_app::node::Parts;
use entente_app::onward::OnwardOrder;
use entente_app::people::{Actor, Arrival, Post, TokenKind};
use entente_app::publish::{Circumstances, Order, Published};
use entente_app::settings::{EndlessDisk, Settings};
use entente_formats::{Kind, Limits, MediaHint, OnBad, Piece, split};
use entente_law::parse_label;
use entente_law::scheme::Schemes;
use entente_model::item::{Lane, RecallClass};
use entente_model::{ObjectId, ReleaseFacts, Timestamp};
use entente_store::sqlite::{Options, SqliteStore, SqliteVault};
use entente_testkit::chance::Chance;
use entente_testkit::keys::WatchedKeys;
use entente_testkit::{Alliance, Member, Profile};
use tempfile::TempDir;
use tokio::sync::Notify;

const EMBER_STRAIT: &str = include_str!("../../../../agreements/ember-strait.md");
const DOMESTIC: &str = include_str!("../../../../agreements/domestic.md");
const ARVENIAN_LAW: &str = include_str!("../../../../laws/xar.md");
const ATTACK: &[u8] = include_bytes!("../../../../samples/attack-ics-18.1-subset.json");
const ALERT: &[u8] = include_bytes!("../../../../samples/cap-seychelles-wind.xml");

/// Persons that tests act as.
const PEOPLE: [&str; 8] = [
    "security-1",
    "security-2",
    "legal-1",
    "release-1",
    "release-2",
    "analyst",
    "operator",
    "overseer",
];

/// Arvenia's node, and the world around it.
pub(crate) struct World {
    _folder: TempDir,
    /// The others still run; Arvenia's place is taken by `node`.
    pub(crate) alliance: Alliance,
    /// Arvenia's node.
    pub(crate) node: Arc<SqliteNode>,
    /// Notified when there are new events.
    pub(crate) events: Arc<Notify>,
    actors: BTreeMap<&'static str, Actor>,
}

impl World {
    /// Arvenia alone, with its people and nothing else.
    pub(crate) fn quiet() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alliance = Alliance::found(&profiles()[..1], folder.path(), 1).unwrap();
        Self::taken_over(folder, alliance)
    }

    /// Five nations with an agreement: objects both ways, refusals, a request for consent, a late
    /// recall, an act that waits for a second person, and a partner that does not answer.
    pub(crate) fn busy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alliance = Alliance::found(&profiles(), folder.path(), 7).unwrap();
        alliance.introduce_all().unwrap();
        alliance.agree(EMBER_STRAIT).unwrap();
        let arvenia = alliance.member(0).unwrap();
        let brenmark = alliance.member(1).unwrap();
        let own = arvenia.node().unwrap();
        for person in ["legal-1", "legal-2"] {
            // Two persons may have to say so, or one: the law decides.
            let _ = own.load_law(&arvenia.actor(person).unwrap(), ARVENIAN_LAW);
        }

        let sent = publish(arvenia, "SERVICE", "cyber_defence", &["XBR", "XCO"], &attack(9));
        alliance.clock.advance(61_000);
        publish(arvenia, "SERVICE", "cyber_defence", &[], &attack(2));
        publish(arvenia, "SECRET-A", "cyber_defence", &[], &attack(1));
        publish(arvenia, "SERVICE", "tax_collection", &["XBR", "XDO"], &attack(1));
        publish(brenmark, "TJENST", "cyber_defence", &["XAR", "XCO"], &attack(6));
        publish(brenmark, "ALMEN", "maritime_security", &["XAR"], &[alert()]);
        alliance.quiet().unwrap();
        for member in &alliance.members[1..3] {
            member.node().unwrap().cosign_held().unwrap();
        }
        alliance.quiet().unwrap();

        let onward = OnwardOrder {
            oid: sent.objects[1],
            to: "XEL".parse().unwrap(),
            to_body: None,
            purpose: "cyber_defence".to_owned(),
            body: "CERT-B".to_owned(),
            evidence: false,
        };
        let asks = brenmark.actor("analyst").unwrap();
        brenmark.node().unwrap().release_onward(&asks, &onward).unwrap();
        alliance.quiet().unwrap();

        let officer = arvenia.actor("release-1").unwrap();
        let basis = "Intelligence Act, article 7: the source was withdrawn";
        own.recall(&officer, &sent.objects[..1], RecallClass::Erase, basis, 3_600_000).unwrap();
        own.tick().unwrap();
        entente_testkit::alliance::exchange(arvenia, brenmark).unwrap();
        brenmark.node().unwrap().tick().unwrap();
        entente_testkit::alliance::exchange(brenmark, arvenia).unwrap();
        alliance.clock.advance(2 * 3_600_000);
        let agreement = own.find_agreement("ESM-MISA").unwrap();
        own.withdraw(&arvenia.actor("legal-1").unwrap(), &agreement, "under review").unwrap();
        alliance.clock.advance(240_000);
        publish(arvenia, "OPEN", "cyber_defence", &[], &attack(3));
        Self::taken_over(folder, alliance)
    }

    /// Starts Arvenia's node again so that pages can share it.
    fn taken_over(folder: TempDir, mut alliance: Alliance) -> Self {
        let home = folder.path().join("XAR");
        let arvenia = alliance.member_mut(0).unwrap();
        let actors = PEOPLE.into_iter().map(|name| (name, arvenia.actor(name).unwrap())).collect();
        arvenia.stop();
        let chance = Chance::new(99);
        let keys = WatchedKeys::start(
            arvenia.secrets(),
            &arvenia.device,
            Box::new(chance.fork("keys", 0)),
            Arc::clone(&arvenia.fate),
            Arc::clone(&arvenia.seen),
        )
        .unwrap();
        let events = Arc::new(Notify::new());
        let wake = Arc::clone(&events);
        let options = || Options { dangerous_no_sync: true, ..Options::default() };
        let node = SqliteNode::open(Parts {
            store: SqliteStore::open_with(&home.join("node.db"), options()).unwrap(),
            vault: SqliteVault::open_with(&home.join("vault.db"), options()).unwrap(),
            keys: Arc::new(keys),
            clock: Arc::clone(&arvenia.clock) as _,
            entropy: Box::new(chance.fork("node", 0)),
            settings: Settings { start_quorum: 0, ..Settings::default() },
            disk: Box::new(EndlessDisk),
            wake: Box::new(move |_| wake.notify_waiters()),
        })
        .unwrap();
        Self { _folder: folder, alliance, node: Arc::new(node), events, actors }
    }

    /// Brings an arrangement between Arvenia's two agencies into force.
    pub(crate) fn arrange_at_home(&self) {
        let text = DOMESTIC
            .replace("\"COAST-GUARD\"", "\"NAVY-FUSION\"")
            .replace("in_force_from = \"2031-01-01\"", "in_force_from = \"2020-01-01\"");
        let id = self.node.propose(self.actor("legal-1"), &text).unwrap();
        let member = self.alliance.member(0).unwrap();
        let second =
            self.node.actor(member.credential("legal-2").unwrap(), &[TokenKind::Credential]);
        self.node.sign_agreement(self.actor("legal-1"), &id).unwrap();
        self.node.sign_agreement(&second.unwrap(), &id).unwrap();
        self.node.tick().unwrap();
    }

    /// Shares an object of Arvenia's with its navy.
    pub(crate) fn share_with_navy(&self, oid: ObjectId) {
        let order = OnwardOrder {
            oid,
            to: "XAR".parse().unwrap(),
            to_body: Some("NAVY-FUSION".to_owned()),
            purpose: "cyber_defence".to_owned(),
            body: "CERT-A".to_owned(),
            evidence: false,
        };
        assert!(self.node.release_onward(self.actor("analyst"), &order).unwrap().released);
    }

    /// A person of Arvenia.
    pub(crate) fn actor(&self, name: &str) -> &Actor {
        &self.actors[name]
    }

    /// The secret of a one-time link.
    pub(crate) fn link(&self, name: &str) -> String {
        self.node.link_for(self.actor(name), name).unwrap()
    }

    /// Publishes an object of Arvenia's, here and now.
    pub(crate) fn publish(&self, label: &str, pieces: &[Piece<'_>]) -> Published {
        let order = order("XAR", self.node.now(), label, "cyber_defence", &[]);
        self.node.publish(self.actor("analyst"), &order, pieces).unwrap()
    }

    /// Adds a person of an office with a clearance and gives a session's secret.
    pub(crate) fn session_of_new(&self, name: &str, role: &str, clearance: &str) -> String {
        self.session_of(name, &Post::of(&[role.parse().unwrap()]).cleared(clearance))
    }

    /// Adds a person and gives a session's secret.
    pub(crate) fn session_of(&self, name: &str, post: &Post) -> String {
        self.secrets_of(name, post).1
    }

    /// Adds a person and gives their credential and a session's secret.
    pub(crate) fn secrets_of(&self, name: &str, post: &Post) -> (String, String) {
        let add = |by| self.node.add_person(self.actor(by), name, post).unwrap().credential;
        let credential = add("security-1").or_else(|| add("security-2")).unwrap();
        let person = self.node.actor(&credential, &[TokenKind::Credential]).unwrap();
        let link = self.node.link_for(&person, name).unwrap();
        (credential, self.node.sign_in(&link, None, &Arrival::default()).unwrap())
    }

    /// The credential of a person who was there from the beginning, and a session's secret.
    pub(crate) fn secrets(&self, name: &str) -> (String, String) {
        let credential = self.alliance.member(0).unwrap().credential(name).unwrap();
        (credential.to_owned(), self.session(name))
    }

    /// A session's secret.
    pub(crate) fn session(&self, name: &str) -> String {
        self.node.sign_in(&self.link(name), None, &Arrival::default()).unwrap()
    }

    /// Objects of Arvenia's own, or received.
    pub(crate) fn objects(&self, own: bool) -> Vec<ObjectId> {
        let rows = self.node.objects(self.actor("analyst"), None, 100, Some(own)).unwrap();
        rows.into_iter().map(|row| row.oid).collect()
    }
}

fn profiles() -> Vec<Profile> {
    [
        ("XAR", &["CERT-A", "NAVY-FUSION"][..]),
        ("XBR", &["CERT-B", "COAST-WATCH"]),
        ("XCO", &["CERT-C"]),
        ("XDO", &["CERT-D"]),
        ("XEL", &["CERT-E", "JOINT-MARITIME-CENTRE"]),
    ]
    .into_iter()
    .map(|(code, bodies)| Profile::new(code, bodies).unwrap())
    .collect()
}

fn order(code: &str, now: Timestamp, label: &str, purpose: &str, to: &[&str]) -> Order {
    let schemes = Schemes::builtin();
    Order {
        label: parse_label(label, schemes.get(code).unwrap(), now).unwrap(),
        facts: ReleaseFacts::default(),
        purpose: purpose.to_owned(),
        to: to.iter().map(|code| (code.parse().unwrap(), None)).collect(),
        circumstances: Circumstances::default(),
        lane: Lane::Priority,
        supersedes: Vec::new(),
    }
}

fn publish(
    from: &Member,
    label: &str,
    purpose: &str,
    to: &[&str],
    pieces: &[Piece<'_>],
) -> Published {
    let order = order(from.profile.code.as_str(), from.now(), label, purpose, to);
    from.node().unwrap().publish(&from.actor("analyst").unwrap(), &order, pieces).unwrap()
}

/// Pieces of the ATT&CK sample.
pub(crate) fn attack(count: usize) -> Vec<Piece<'static>> {
    let hint = MediaHint { kind: Kind::Stix, file_name: None };
    let mut pieces = split(ATTACK, &hint, &Limits::default(), OnBad::TakeRest).unwrap().pieces;
    pieces.retain(|p| p.object_type == "indicator" || p.object_type == "attack_pattern");
    pieces.truncate(count);
    pieces
}

fn alert() -> Piece<'static> {
    let hint = entente_formats::sniff(ALERT, Some("alert.xml"));
    split(ALERT, &hint, &Limits::default(), OnBad::RefuseAll).unwrap().pieces.remove(0)
}

/// A document of any media type.
pub(crate) fn document<'a>(content: &'a [u8], media_type: &str) -> Vec<Piece<'a>> {
    let hint =
        MediaHint { kind: Kind::Document { media_type: media_type.to_owned() }, file_name: None };
    split(content, &hint, &Limits::default(), OnBad::RefuseAll).unwrap().pieces
}
