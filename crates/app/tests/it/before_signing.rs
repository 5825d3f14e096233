//! Before a text binds: its counterexamples can be loaded, and it can be tried out on the past.

use std::path::Path;
use std::time::Duration;

use entente_app::AppError;
use entente_app::prover::{Cvc5, PROGRAM};
use entente_app::row::{Texts, row};
use entente_app::simulate::Draft;
use entente_law::prove::{Pack, Property, Verdict, prove};
use entente_law::row::Row;
use entente_law::{Agreement, NationalLaw, Schemes};
use entente_model::Decision;

use crate::world::{ATTACK, EMBER_STRAIT, alliance, order, publish};

const LAWS: [&str; 5] = [
    include_str!("../../../../laws/xar.md"),
    include_str!("../../../../laws/xbr.md"),
    include_str!("../../../../laws/xco.md"),
    include_str!("../../../../laws/xdo.md"),
    include_str!("../../../../laws/xel.md"),
];

#[test]
fn a_counterexample_is_a_row_that_decides_as_it_says() {
    if !Cvc5::is_installed(Path::new(PROGRAM)) {
        println!("skipped: {PROGRAM} is not installed");
        return;
    }
    let agreements = [Agreement::parse(EMBER_STRAIT).unwrap()];
    let laws: Vec<NationalLaw> =
        LAWS.iter().map(|text| NationalLaw::parse(text).unwrap()).collect();
    let schemes = Schemes::builtin();
    let pack = Pack { agreements: &agreements, laws: &laws, schemes: &schemes, amends: None };
    let solver = Cvc5::new(Path::new(PROGRAM), Duration::from_mins(1));
    let properties = [Property::OwnNationals(None), Property::NoOnward, Property::Noforn];
    let found = prove(&pack, &properties, &mut [solver]).unwrap();
    let mut shown = 0;
    for finding in &found {
        let Verdict::Counterexample(case) = &finding.verdict else { continue };
        shown += 1;
        let texts: Vec<Agreement> =
            case.agreements.iter().map(|text| Agreement::parse(text).unwrap()).collect();
        let with: &[NationalLaw] = if case.with_laws { &laws } else { &[] };
        let texts = Texts { agreements: &texts, laws: with, schemes: &schemes };
        let row = row("S0-R01", &finding.claim, &case.scenario, &texts);
        // Through the text of the row and the path of every other row.
        let row: serde_json::Value = serde_json::from_str(&row.to_string()).unwrap();
        let ruling = Row::read(&row).unwrap_or_else(|e| panic!("{e}: {row}")).decide();
        assert_eq!(ruling.decision, case.ruling.decision, "{row}");
        assert!(ruling.decision.releases(), "{row}");
    }
    // Each nation's law has its exceptions, and consent lets information be passed on.
    assert_eq!(shown, 6, "{found:#?}");
    assert_eq!(found.last().unwrap().verdict, Verdict::Proved);
}

#[test]
fn a_draft_is_tried_out_on_past_decisions_and_changes_nothing() {
    let (_folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    let arvenia = &alliance.members[0];
    publish(arvenia, &order(arvenia, "SERVICE", &["XBR", "XCO"]), ATTACK, 4);
    let node = arvenia.node().unwrap();
    let adviser = arvenia.actor("legal-1").unwrap();
    let size = node.status(&adviser).unwrap().ledger.size;

    let same = Draft::agreement(EMBER_STRAIT).unwrap();
    let found = node.simulate(&adviser, &same, 100).unwrap();
    assert_eq!((found.replayed, found.already_different, found.changed.len()), (8, 0, 0));

    // The draft begins long after the decisions it is tried out on.
    let draft = EMBER_STRAIT
        .replace(
            "level = \"CONFIDENTIAL\"\n```\n\n## Article 4",
            "level = \"UNCLASSIFIED\"\n```\n\n## Article 4",
        )
        .replace("in_force_from = \"2026-01-01\"", "in_force_from = \"2090-01-01\"");
    let found = node.simulate(&adviser, &Draft::agreement(&draft).unwrap(), 100).unwrap();
    let groups: Vec<_> = found
        .changed
        .iter()
        .map(|c| (c.nation.as_str(), c.now, c.then, c.count, c.reasons.join(", ")))
        .collect();
    let code = "CLASSIFICATION_ABOVE_CEILING".to_owned();
    assert_eq!(
        groups,
        [
            ("XBR", Decision::Permit, Decision::Deny, 4, code.clone()),
            ("XCO", Decision::Permit, Decision::Deny, 4, code),
        ]
    );

    // A period of retention is an obligation that changes, and no decision.
    let draft = EMBER_STRAIT.replace("max_days = 180", "max_days = 90");
    let found = node.simulate(&adviser, &Draft::agreement(&draft).unwrap(), 1).unwrap();
    assert_eq!(found.replayed, 2);
    assert!(found.changed.iter().all(|c| c.now == c.then && c.reasons.len() == 2), "{found:#?}");

    let law = "+++\nid = \"XAR-TEST\"\nnation = \"XAR\"\ntitle = \"A draft\"\n+++\n## Section 1\n```rule\ntype = \"court_seal\"\ndirection = \"export\"\neffect = \"forbid\"\n```\n";
    let found = node.simulate(&adviser, &Draft::law(law).unwrap(), 100).unwrap();
    assert_eq!(found.changed, []);
    let foreign = Draft::law(&law.replace("XAR", "XBR")).unwrap();
    let refused = node.simulate(&adviser, &foreign, 100).unwrap_err();
    assert!(refused.to_string().contains("is a law of XBR"), "{refused}");
    assert!(matches!(node.simulate(&adviser, &foreign, 0), Err(AppError::Invalid(_))));

    assert_eq!(node.status(&adviser).unwrap().ledger.size, size);
}
