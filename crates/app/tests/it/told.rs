//! Facts that nations state about themselves to one another.

use entente_app::AppError;
use entente_app::facts::FactState;
use entente_law::{Fact, FactKind, FactSubject};
use entente_model::codec::Wire;
use entente_model::item::{FactTold, ItemKind, Lane};
use entente_model::record::{NoteRecord, Record, RecordKind};
use entente_model::{Digest, NationCode};
use entente_store::Store as _;
use entente_store::rows::IntentRow;
use entente_testkit::{Alliance, Member};

use crate::world::{EMBER_STRAIT, alliance, order, publish_bytes, verify};

const EXPORT_ACT: &str = include_str!("../../../../laws/xar.md");
const DAY: u64 = 86_400_000;
const ASSURANCE: &str = "assurance_no_reexport";

fn fact(at: &Member, kind: FactKind, about: &str, value: &str, days: u64) -> Fact {
    let about: FactSubject = about.parse().unwrap();
    let span = (at.now(), at.now().plus_millis(days * DAY));
    Fact::new(kind, about, value, "note verbale 88", span).unwrap()
}

/// Five nations, the first with a law that lets some things go on an assurance of the recipient.
fn world() -> (tempfile::TempDir, Alliance) {
    let (folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let arvenia = &alliance.members[0];
    let law = EXPORT_ACT.replace("export_licence", ASSURANCE);
    assert_ne!(law, EXPORT_ACT);
    arvenia.node().unwrap().load_law(&arvenia.actor("legal-1").unwrap(), &law).unwrap();
    (folder, alliance)
}

fn state(at: &Member, kind: FactKind, about: &str, value: &str, days: u64) -> Digest {
    let node = at.node().unwrap();
    let by = if kind == FactKind::Established { "legal-1" } else { "security-1" };
    let by = at.actor(by).unwrap();
    let id = node.assert_fact(&by, fact(at, kind, about, value, days)).unwrap();
    node.tell_fact(&by, id, &["XAR".parse().unwrap()]).unwrap();
    id
}

/// To whom a report on cryptographic material goes.
fn goes(from: &Member, case: Option<&str>) -> Vec<String> {
    let mut order = order(from, "SERVICE", &[]);
    order.facts.data_categories = vec!["crypto_material".to_owned()];
    order.facts.case_id = case.map(str::to_owned);
    let published = publish_bytes(from, &order, &[b"a cipher".to_vec()]);
    let nations = published.verdicts[0].nations.iter().filter(|w| w.goes());
    nations.map(|w| w.code.to_string()).collect()
}

const NOBODY: [&str; 0] = [];

#[test]
fn an_assurance_of_a_partner_opens_the_way_to_that_partner_until_it_is_withdrawn() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, costaluna, ..] = &alliance.members[..] else { panic!() };
    assert_eq!(goes(arvenia, None), NOBODY);
    let id = state(brenmark, FactKind::Established, "us", ASSURANCE, 10);
    alliance.quiet().unwrap();
    assert_eq!(goes(arvenia, None), ["XBR"]);
    // What it states of a case counts for that case, and towards itself alone.
    state(costaluna, FactKind::Established, "case:OP-12", ASSURANCE, 10);
    alliance.quiet().unwrap();
    assert_eq!(goes(arvenia, None), ["XBR"]);
    assert_eq!(goes(arvenia, Some("OP-12")), ["XBR", "XCO"]);

    // Our register names who states it, and where it stands in whose ledger.
    let node = arvenia.node().unwrap();
    let analyst = arvenia.actor("analyst").unwrap();
    let facts = node.facts(&analyst).unwrap();
    let from_brenmark = facts.iter().find(|view| view.asserted.by == "XBR").unwrap();
    assert!(from_brenmark.from_partner && from_brenmark.state == FactState::Holds);
    let rests = node.releases_on_fact(&analyst, from_brenmark.id).unwrap();
    assert_eq!(rests.count, 3);
    verify(arvenia);
    verify(brenmark);

    // Withdrawn there, it counts no more here, and people are told what rests on it.
    let legal = brenmark.actor("legal-2").unwrap();
    brenmark.node().unwrap().revoke_fact(&legal, id, "the law there changed").unwrap();
    alliance.quiet().unwrap();
    assert_eq!(goes(arvenia, None), NOBODY);
    let events = node.events(&analyst, Some("fact"), None, 9).unwrap();
    assert!(events.iter().any(|e| e.text.contains("XBR withdraws")), "{events:?}");
    assert!(events.iter().any(|e| e.text.contains("fact list --releases")), "{events:?}");

    // It lapses by itself too, and our own persons need not believe it.
    state(brenmark, FactKind::Established, "us", ASSURANCE, 2);
    alliance.quiet().unwrap();
    assert_eq!(goes(arvenia, None), ["XBR"]);
    let facts = node.facts(&analyst).unwrap();
    let standing = facts.iter().find(|v| v.asserted.by == "XBR" && v.state == FactState::Holds);
    let legal = arvenia.actor("legal-1").unwrap();
    node.revoke_fact(&legal, standing.unwrap().id, "not believed").unwrap();
    assert_eq!(goes(arvenia, None), NOBODY);
    alliance.clock.advance(1000);
    state(brenmark, FactKind::Established, "us", ASSURANCE, 2);
    alliance.quiet().unwrap();
    assert_eq!(goes(arvenia, None), ["XBR"]);
    alliance.clock.advance(2 * DAY);
    assert_eq!(goes(arvenia, None), NOBODY);
    verify(arvenia);
}

#[test]
fn a_partner_states_nothing_of_others_and_nothing_that_is_ours_to_find() {
    let (_folder, alliance) = world();
    let [arvenia, _, costaluna, ..] = &alliance.members[..] else { panic!() };
    let there = costaluna.node().unwrap();
    // By its own program nothing else can be stated.
    let legal = costaluna.actor("legal-1").unwrap();
    let to: [NationCode; 1] = ["XAR".parse().unwrap()];
    for (kind, about, value) in [
        (FactKind::TortureRisk, "XCO", "low"),
        (FactKind::Established, "XBR", ASSURANCE),
        (FactKind::Established, "us", "export_licence"),
    ] {
        let id = there.assert_fact(&legal, fact(costaluna, kind, about, value, 9)).unwrap();
        let said = there.tell_fact(&legal, id, &to).unwrap_err().to_string();
        assert!(said.contains("no partner relies on what we say of that"), "{said}");
    }
    let own = state(costaluna, FactKind::Established, "us", ASSURANCE, 9);
    let analyst = costaluna.actor("analyst").unwrap();
    let said = there.tell_fact(&analyst, own, &to).unwrap_err();
    assert!(matches!(said, AppError::Forbidden(_)), "{said}");
    let said = there.tell_fact(&legal, own, &[]).unwrap_err().to_string();
    assert!(said.contains("name the partners"), "{said}");

    // By another program it can try; it is refused here.
    for (kind, about, value) in [
        (FactKind::TortureRisk, "XCO", "low"),
        (FactKind::DataProtection, "XCO", "adequate"),
        (FactKind::Compartment, "XCO", "LANTERN"),
        (FactKind::Reciprocity, "XCO", "met"),
        (FactKind::Established, "XBR", ASSURANCE),
        (FactKind::Established, "us", ASSURANCE),
        (FactKind::Established, "XCO", "judicial_warrant"),
        (FactKind::Accreditation, "XBR", "OPEN"),
    ] {
        let told = FactTold {
            fact: fact(costaluna, kind, about, value, 9).to_bytes(),
            at: costaluna.now(),
            withdrawn: None,
        };
        lie(costaluna, arvenia, &told);
    }
    lie(
        costaluna,
        arvenia,
        &FactTold { fact: b"no fact".to_vec(), at: costaluna.now(), withdrawn: None },
    );
    alliance.quiet().unwrap();
    let node = arvenia.node().unwrap();
    let facts = node.facts(&arvenia.actor("analyst").unwrap()).unwrap();
    let stated: Vec<_> = facts.iter().filter(|view| view.from_partner).collect();
    assert_eq!(stated.len(), 1, "the one that it may state: {stated:?}");
    let refused = node.quarantined(&arvenia.actor("operator").unwrap(), 99).unwrap();
    assert_eq!(refused.len(), 9, "{refused:?}");
    assert_eq!(goes(arvenia, None), ["XCO"]);
    verify(arvenia);
}

fn lie(from: &Member, to: &Member, told: &FactTold) {
    let note = NoteRecord {
        act: "fact stated".to_owned(),
        by: "somebody".to_owned(),
        about: "a lie".to_owned(),
        digest: None,
    };
    let row = IntentRow {
        id: 0,
        dst: Some(to.id),
        lane: Lane::Priority,
        kind: Some(ItemKind::FactTold),
        payload: told.to_bytes(),
        record: Record::new(RecordKind::Admin, from.now(), &note).to_bytes(),
    };
    let store = from.node().unwrap().store();
    store.write(|work| work.put_intent(&row).map(drop)).unwrap();
}
