//! The seeds of the fuzzer, in every gate: each parser of outside bytes, with what must hold.
//!
//! What the fuzzer finds is added to `fuzz/corpus/PARSER/` and is tried here from then on, whole
//! and cut at every length.

use entente_app::access::Reading;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use entente_app::leaf::LeafOpening;
use entente_exchange::bundle::{self, ChainFrame, ForkFrame, ForkKind, Frame, GrantFrame};
use entente_exchange::card::{Card, SpokenId};
use entente_model::codec::{Reader, Wire, Writer};
use entente_model::item::{
    AgreementCounter, AgreementNote, AgreementPropose, AgreementSign, AgreementStanding,
    EffectStatus, Gossip, Lane, LaneHead, Nack, NackCode, OnwardDecision, OnwardRequest, Recall,
    RecallClass, RecallEffect, Receipt, StandingAct,
};
use entente_model::manifest::ControlItem;
use entente_model::record::{DecisionRecord, Record};
use entente_model::{AgreementId, Digest, ObjectId};
use entente_seal::statement::SignedStatement;
use entente_seal::wrap;
use entente_store::Store as _;
use entente_testkit::alliance::exchange;
use entente_testkit::chance::Chance;
use entente_testkit::{Alliance, Member, treaty};

#[path = "../../../../fuzz/src/parsers.rs"]
mod parsers;

use parsers::{MEDIUM_KEY, PARSERS, WIRES};

/// The seeds of one parser are no larger than this in all.
const CORPUS_BYTES_MAX: u64 = 256 << 10;
/// Seeds up to this length are also tried cut and with bits flipped.
const CUT_BYTES_MAX: usize = 4096;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn seeds(parser: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = repository().join("fuzz/corpus").join(parser);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|_| panic!("{} is missing", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn every_parser_holds_on_its_seeds_whole_cut_and_damaged() {
    for parser in &PARSERS {
        let seeds = seeds(parser.name);
        assert!(!seeds.is_empty(), "{} has no seeds", parser.name);
        let bytes: u64 = seeds.iter().map(|(_, seed)| seed.len() as u64).sum();
        assert!(bytes <= CORPUS_BYTES_MAX, "the seeds of {} have {bytes} bytes", parser.name);
        for (file, seed) in &seeds {
            assert!(seed.len() <= parser.bytes_max, "{} is too long", file.display());
            println!("{}", file.display());
            (parser.check)(seed);
            if seed.len() > CUT_BYTES_MAX {
                continue;
            }
            // A prime step, so that cuts and flips fall everywhere in the end.
            for at in (0..seed.len()).step_by(1 + seed.len() / 97) {
                (parser.check)(&seed[..at]);
                let mut damaged = seed.clone();
                damaged[at] ^= 1 << (at % 8);
                (parser.check)(&damaged);
            }
        }
    }
}

#[test]
fn every_kind_of_value_that_crosses_a_border_has_a_seed_that_is_read() {
    let seeds = seeds("wire");
    let missing: Vec<&str> = WIRES
        .iter()
        .enumerate()
        .filter(|(number, (is_of, _))| {
            let of_kind = |seed: &[u8]| {
                seed.split_first()
                    .is_some_and(|(n, rest)| usize::from(*n) == *number && is_of(rest))
            };
            !seeds.iter().any(|(_, seed)| of_kind(seed))
        })
        .map(|(_, (_, name))| *name)
        .collect();
    // Parts of others that have seeds, and what only a wrong-doer makes necessary.
    let rare = [
        "person concerned",
        "portion",
        "provenance",
        "attachment",
        "erasure record",
        "fork evidence",
        "transfer",
        "consent",
        "recipient",
        "inputs",
        "handling",
        "genesis",
    ];
    let missing: Vec<&&str> = missing.iter().filter(|name| !rare.contains(name)).collect();
    assert!(missing.is_empty(), "no seed of: {missing:?}");
}

/// Writes the seeds that need keys: from two nations that exchange, and from the samples.
#[test]
#[ignore = "it writes fuzz/corpus anew; run it after a change of the wire format"]
fn write_the_seeds_anew() {
    let mut seeds = Seeds::default();
    let folder = tempfile::tempdir().unwrap();
    let profiles = treaty::profiles(2).unwrap();
    let alliance = Alliance::found(&profiles, folder.path(), 41).unwrap();
    alliance.introduce_all().unwrap();
    alliance.agree(&treaty::text(&profiles)).unwrap();
    let [arvenia, brenmark] = &alliance.members[..] else { panic!() };
    for (kind, about, value) in
        [("data-protection", "XBR", "safeguards"), ("offence", "offence:fraud", "criminal:36")]
    {
        let span = (arvenia.now(), arvenia.now().plus_millis(86_400_000));
        let (kind, about) = (kind.parse().unwrap(), about.parse().unwrap());
        let fact = entente_law::Fact::new(kind, about, value, "letter 7", span).unwrap();
        seeds.values(&fact.to_bytes());
        let by = "legal-1".to_owned();
        seeds.values(&entente_law::Asserted { fact, by, at: arvenia.now() }.to_bytes());
    }
    publish(arvenia);
    for (from, to) in [(arvenia, brenmark), (brenmark, arvenia)] {
        let node = from.node().unwrap();
        seeds.bundle(&node.outgoing(to.id).unwrap().bytes);
        let (_, words) = node.card().unwrap();
        let card = Card {
            nation: node.identity().nation,
            endpoint: Some("https://node.example:7101".to_owned()),
            code: node.identity().code,
            name: node.identity().name.clone(),
        };
        seeds.put("card", card.to_bytes());
        seeds.put("card", card.to_string());
        seeds.put("card", words.join(" "));
        seeds.put("card", SpokenId::of(&card.nation).digits());
        seeds.values(&card.to_bytes());
        let statements = node.own_statements(0).unwrap();
        let mut list = Writer::new();
        list.list(&statements, |w, statement| {
            w.bytes(statement);
        });
        seeds.put("chain", list.into_bytes());
        let nation = node.identity().nation;
        let smallest = statements.iter().min_by_key(|statement| statement.len());
        let few = smallest.into_iter().cloned().collect();
        seeds.values(&ChainFrame { nation, statements: few }.to_bytes());
        for statement in &statements {
            seeds.statement(statement);
        }
        exchange(from, to).unwrap();
        seeds.bundle(&node.outgoing(to.id).unwrap().bytes);
    }
    recall(arvenia);
    seeds.bundle(&arvenia.node().unwrap().outgoing(brenmark.id).unwrap().bytes);
    alliance.quiet().unwrap();
    for member in [arvenia, brenmark] {
        seeds.ledger(member);
    }
    seeds.read_by(arvenia, brenmark);
    seeds.controls(arvenia, brenmark);
    seeds.files();
    seeds.write();
}

fn publish(member: &Member) {
    use entente_app::publish::{Circumstances, Order};
    let node = member.node().unwrap();
    let schemes = entente_law::Schemes::builtin();
    let scheme = schemes.get(member.profile.code.as_str()).unwrap();
    let order = Order {
        label: entente_law::parse_label("SERVICE//TLP:AMBER", scheme, member.now()).unwrap(),
        facts: entente_model::ReleaseFacts::default(),
        purpose: "cyber_defence".to_owned(),
        to: Vec::new(),
        circumstances: Circumstances::default(),
        lane: entente_model::item::Lane::Flash,
        supersedes: Vec::new(),
    };
    let hint = entente_formats::sniff(b"two trawlers", Some("a.txt"));
    let pieces = entente_formats::split(
        b"two trawlers",
        &hint,
        &entente_formats::Limits::default(),
        entente_formats::OnBad::RefuseAll,
    );
    let actor = member.actor("analyst").unwrap();
    node.publish(&actor, &order, &pieces.unwrap().pieces).unwrap();
    node.tick().unwrap();
}

fn recall(member: &Member) {
    let node = member.node().unwrap();
    let actor = member.actor("release-1").unwrap();
    let rows = node.objects(&actor, None, 1, Some(true)).unwrap();
    let class = entente_model::item::RecallClass::Erase;
    node.recall(&actor, &[rows[0].oid], class, "the source is at risk", 86_400_000).unwrap();
    node.tick().unwrap();
}

/// Seeds by parser.
#[derive(Default)]
struct Seeds(BTreeMap<&'static str, Vec<Vec<u8>>>);

impl Seeds {
    fn put(&mut self, parser: &'static str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let max = parsers::named(parser).unwrap().bytes_max;
        let seeds = self.0.entry(parser).or_default();
        if bytes.len() <= max && !seeds.contains(&bytes) {
            seeds.push(bytes);
        }
    }

    /// The bytes as a value of each type that they are; two of a type are enough.
    fn values(&mut self, bytes: &[u8]) {
        for (number, (is_of, _)) in (0_u8..).zip(WIRES) {
            let have = self.0.get("wire").into_iter().flatten();
            if is_of(bytes) && have.filter(|seed| seed[0] == number).count() < 2 {
                self.put("wire", [&[number], bytes].concat());
            }
        }
    }

    fn statement(&mut self, bytes: &[u8]) {
        self.put("chain", bytes);
        self.values(bytes);
        if let Ok(statement) = SignedStatement::from_bytes(bytes) {
            self.values(&statement.payload);
            self.parts(&statement.payload);
        }
    }

    /// Whatever stands inside an encoded list.
    fn parts(&mut self, bytes: &[u8]) {
        for from in 0..bytes.len() {
            if let Ok(part) = Reader::new(&bytes[from..]).any()
                && part.len() > 8
            {
                self.values(part);
            }
        }
    }

    fn bundle(&mut self, bytes: &[u8]) {
        self.put("bundle", bytes);
        let sealed = wrap::seal_part(&MEDIUM_KEY.public(), bytes, &mut Chance::new(3)).unwrap();
        self.put("medium", sealed);
        let parsed = bundle::parse(bytes, bundle::Limits::default()).unwrap();
        self.values(&parsed.header().to_bytes());
        for raw in parsed.frames() {
            self.values(raw.body);
            match raw.decode().unwrap() {
                Frame::Item(item) => {
                    self.put("frames", raw.body);
                    self.values(&item.opening.to_bytes());
                    self.values(&item.opening.entry);
                }
                Frame::Terms(_) => self.put("frames", raw.body),
                Frame::Checkpoint(note) => self.put("note", note),
                Frame::Chain(frame) => frame.statements.iter().for_each(|s| self.statement(s)),
                Frame::Consistency(_)
                | Frame::Multiproof(_)
                | Frame::WrapCtx(_)
                | Frame::Ack(_)
                | Frame::Nack(_)
                | Frame::Cosig(_)
                | Frame::Fork(_)
                | Frame::Pad
                | Frame::Basis(_)
                | Frame::Grant(_) => {}
            }
        }
    }

    /// What lies in a node's ledger, and what its witnesses are asked.
    fn ledger(&mut self, member: &Member) {
        let node = member.node().unwrap();
        if let Some((_, request)) = node.cosign_request(0).unwrap() {
            self.put("witness-request", request);
        }
        let leaves: entente_app::Result<_> = node.store().read(|work| Ok(work.leaves(0, 10_000)?));
        let leaves = leaves.unwrap();
        let tile: Vec<[u8; 33]> = leaves.iter().take(20).map(|row| row.leaf).collect();
        self.put("tile", entente_ledger::tile::encode_bundle(&tile));
        for row in leaves {
            let Ok(opening) = LeafOpening::from_bytes(&row.opening.unwrap_or_default()) else {
                continue;
            };
            self.values(&opening.record);
            let Ok(record) = Record::from_bytes(&opening.record) else { continue };
            self.values(&record.body);
            if let Ok(decision) = DecisionRecord::from_bytes(&record.body) {
                for digest in [decision.inputs, decision.outcomes, decision.policy_epoch] {
                    let kept: entente_app::Result<_> =
                        node.store().read(|work| Ok(work.preimage(digest)?));
                    let kept = kept.unwrap().unwrap_or_default();
                    self.values(&kept);
                    self.parts(&kept);
                }
            }
        }
    }

    /// What a holder reads, and what an originator proves.
    fn read_by(&mut self, from: &Member, to: &Member) {
        let rows = |at: &Member| {
            let actor = at.actor("analyst").unwrap();
            at.node().unwrap().objects(&actor, None, 10, None).unwrap()
        };
        for (member, row) in
            rows(from).iter().map(|r| (from, r)).chain(rows(to).iter().map(|r| (to, r)))
        {
            let node = member.node().unwrap();
            let actor = member.actor("analyst").unwrap();
            self.values(&row.terms.clone().unwrap_or_default());
            if let Some(manifest) =
                node.object(&actor, row.oid, &Reading::by_command()).unwrap().manifest
            {
                self.values(&manifest.to_bytes());
                self.parts(&manifest.to_bytes());
            }
            if let Ok(evidence) = node.prove(&actor, row.oid) {
                self.values(&evidence.to_bytes());
                let grant = GrantFrame {
                    decision: evidence.clone(),
                    control: b"control".to_vec(),
                    object: evidence,
                };
                self.values(&grant.to_bytes());
            }
        }
        let node = from.node().unwrap();
        let agreement = node.find_agreement(treaty::CODE).unwrap();
        let signatures: entente_app::Result<_> =
            node.store().read(|work| Ok(work.signatures(agreement)?));
        for row in signatures.unwrap() {
            self.statement(&row.statement);
            let (agreement, statement) = (row.agreement, row.statement);
            self.values(&AgreementSign { agreement, statement }.to_bytes());
        }
        let reason = "done".to_owned();
        let note = AgreementNote { agreement, at: from.now(), reason };
        self.values(&note.to_bytes());
        let suspended = AgreementStanding {
            agreement,
            number: 1,
            act: StandingAct::Suspend,
            party: Some(from.nation),
            at: from.now(),
            ends: None,
            reason: "a breach".to_owned(),
        };
        let ends = Some(from.now().plus_millis(1));
        let notice = AgreementStanding {
            number: 2,
            act: StandingAct::Notice,
            party: None,
            ends,
            ..suspended.clone()
        };
        self.values(&suspended.to_bytes());
        self.values(&notice.to_bytes());
    }

    /// What control items hold; on their way they are sealed.
    fn controls(&mut self, from: &Member, to: &Member) {
        let (oid, digest) = (ObjectId::from_array([1; 32]), Digest::from_array([2; 32]));
        let (lane, until) = (Lane::Flash, from.now());
        let receipt = Receipt {
            src: from.id,
            dst: to.id,
            lane,
            upto: 7,
            chain: digest,
            dispositions: vec![(3, 5)],
        };
        let recall = Recall {
            oids: vec![oid],
            class: RecallClass::Erase,
            reason: 1,
            basis: "Act 7".to_owned(),
            deadline: until,
            onward: true,
        };
        let effect = RecallEffect {
            oid,
            status: EffectStatus::Erased,
            live_at: until,
            backup_at: until,
            viewed: 2,
            exports: vec![digest],
            derived: 1,
            onward: vec![(to.nation, EffectStatus::NeverHeld)],
        };
        let request = OnwardRequest {
            oid,
            grantee: to.nation,
            purpose: "cyber_defence".to_owned(),
            basis: String::new(),
            until,
        };
        let decision = OnwardDecision {
            oid,
            via: from.id,
            to: to.nation,
            granted: true,
            hops: 1,
            until,
            conditions: "for this patrol".to_owned(),
        };
        let propose = AgreementPropose { texts: vec![b"+++\n+++\n".to_vec()] };
        let counter = AgreementCounter {
            counters: AgreementId::from_array([3; 32]),
            texts: propose.texts.clone(),
        };
        let head = LaneHead { dst: to.id, lanes: [(1, digest); 4] };
        let nack = Nack { lane, seq: 4, code: NackCode::Policy, evidence: Some(digest) };
        let gossip = Gossip { origin: "log.example/1".to_owned(), size: 3, root: digest };
        let fork = ForkFrame {
            kind: ForkKind::Log,
            nation: from.nation,
            one: b"one".to_vec(),
            other: b"other".to_vec(),
        };
        let payloads = [receipt.to_bytes(), recall.to_bytes(), effect.to_bytes()];
        for payload in payloads {
            self.values(&payload);
            self.values(&ControlItem { salt: [9; 32], payload }.to_bytes());
        }
        for bytes in [
            request.to_bytes(),
            decision.to_bytes(),
            propose.to_bytes(),
            counter.to_bytes(),
            head.to_bytes(),
            nack.to_bytes(),
            gossip.to_bytes(),
            fork.to_bytes(),
        ] {
            self.values(&bytes);
        }
    }

    /// What people and the field write.
    fn files(&mut self) {
        let root = repository();
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        for label in [
            "OPEN",
            "SERVICE//REL TO XBR, XCO//TLP:AMBER",
            "SECRET-A//NOFORN//ORCON",
            "RESERVED//ORCON//EXPIRES 2027-01-01",
            "TJENST//TLP:RED",
            "GUARDED//REL TO ESM5",
        ] {
            self.put("label", label);
        }
        self.put("facts", "object_type = \"incident_report\"\npersonal_data = true\n\n[[persons]]\nnationalities = [\"XBR\"]\nroles = [\"suspect\"]\n");
        self.put("facts", "object_type = \"threat_report\"\narea = \"ember_strait\"\n");
        self.put("agreement", treaty::text(&treaty::profiles(3).unwrap()));
        self.put("agreement", text("agreements/ember-strait.md"));
        for nation in ["xar", "xbr", "xco", "xdo", "xel"] {
            self.put("law", text(&format!("laws/{nation}.md")));
            self.put("scheme", text(&format!("schemes/{nation}.toml")));
        }
        self.put("config", "[nation]\ncode = \"XAR\"\nname = \"Arvenia\"\n");
        self.put("config", "[nation]\ncode = \"XAR\"\nname = \"Arvenia\"\n\n[partner]\nlisten = [\"127.0.0.1:7101\"]\nendpoint = \"https://node.example:7101\"\n\n[witness]\nstart_quorum = 1\n");
        let vectors = text("vectors/json/parsing.jsonl");
        for case in vectors.lines().step_by(7) {
            use base64::Engine as _;
            let case: serde_json::Value = serde_json::from_str(case).unwrap();
            let bytes = case["bytes_base64"].as_str().unwrap();
            let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
            if bytes.len() <= 512 {
                self.put("json", bytes);
            }
        }
        for (at, case) in text("vectors/patterns/parse.jsonl").lines().enumerate().step_by(9) {
            let case: serde_json::Value = serde_json::from_str(case).unwrap();
            self.put("pattern", format!("{}{}", at % 2, case["pattern"].as_str().unwrap()));
        }
        self.put("pattern", "0([a:b IN (1, 2.5) AND a:c NOT LIKE 'x%_' OR EXISTS a:e[*].f] FOLLOWEDBY [file:h_refs[*].g_ref.name MATCHES '^x{1,2}$'] WITHIN .5 SECONDS) REPEATS 2 TIMES OR [ipv4-addr:value ISSUBSET '198.51.100.0/24'] START t'2024-01-01T00:00:00Z' STOP t'2024-01-01T00:00:05Z'");
        let alert = text("samples/cap-seychelles-wind.xml");
        self.put("cap", alert.as_str());
        self.put("intake", alert);
        for name in ["v1dot0_appendix_adot2", "v1dot1_appendix_adot3", "v1dot2_appendix_adot2"] {
            let file = format!("vectors/cap/alerts/oasis-ipaws-nws/{name}.xml");
            self.put("cap", text(&file));
        }
        self.put("cap", text("crates/formats/src/conform/cap/good.xml"));
        let traffic = text("samples/ais-denmark-2010.nmea");
        let lines: Vec<&str> = traffic.lines().take(12).collect();
        self.put("intake", lines.join("\n"));
        self.put("ais", lines.join("\n"));
        self.put("ais", text("vectors/ais/libais-tagblock.nmea"));
        let sample = text("vectors/ais/gpsd-sample.aivdm");
        let sample: Vec<&str> = sample.lines().filter(|line| line.starts_with('!')).collect();
        self.put("ais", sample.get(..48).unwrap().join("\n"));
        self.put("intake", r#"{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z","pattern":"[file:size = 1]","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z"},{"type":"indicator"}]}"#);
        self.put("intake", r#"{"Event":{"uuid":"5a5f9a4e-7f3c-4e2c-8a65-2c8c0a0a0a0a","info":"x","date":"2020-01-01","Tag":[{"name":"tlp:amber"}],"Attribute":[]}}"#);
    }

    fn write(&self) {
        for (parser, seeds) in &self.0 {
            let folder = repository().join("fuzz/corpus").join(parser);
            fs::create_dir_all(&folder).unwrap();
            for (number, seed) in seeds.iter().enumerate() {
                fs::write(folder.join(format!("seed-{number:02}")), seed).unwrap();
            }
        }
    }
}
