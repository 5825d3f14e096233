//! What another text changes: each type of clause alone, as a table that a lawyer can review, and
//! random cases, in which every difference must have been said.

use std::fmt::Write as _;
use std::sync::OnceLock;

use entente_law::consequence::{Consequences, Turn, between};
use entente_law::scenario::Scenario;
use entente_law::{
    Access, Agreement, AgreementStatus, Consent, ConsentKind, DataProtection, InForce, Offence,
    Recipient, Request, Rules, Schemes, Transfer, TransferKind, Use, level,
};
use entente_model::{AgreementId, Label, ReleaseFacts, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

/// An agreement of three nations with these clauses.
fn text(clauses: &[&str]) -> String {
    let mut out = String::from(
        "+++\nid = \"A\"\ntitle = \"An agreement\"\nkind = \"multilateral\"\nin_force_from = \"2030-01-01\"\nsurvival = true\nparties = [{ nation = \"XAR\" }, { nation = \"XBR\" }, { nation = \"XCO\" }]\n[groups]\nALL2 = [\"XAR\", \"XBR\"]\n+++\n",
    );
    for (n, clause) in clauses.iter().enumerate() {
        writeln!(out, "## Article {}\n```clause\n{clause}\n```", n + 1).unwrap();
    }
    out
}

const NOTE: &str = "type = \"informative\"\ntopic = \"costs\"\ntext = \"Each bears its own.\"";
const BODIES: &str =
    "type = \"bodies\"\n[authorised]\nXAR = [\"CERT-A\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]";
const MARKINGS: &str = "type = \"equivalence\"\nunmapped = \"next_higher\"\nrows = [{ level = \"RESTRICTED\", markings = { XAR = \"SERVICE\", XBR = \"TJENST\", XCO = \"INTERNO\" } }, { level = \"SECRET\", markings = { XAR = \"SECRET-A\", XBR = \"LUKKET\", XCO = \"SECRETO-C\" } }, { level = \"TOP_SECRET\", markings = { XAR = \"CROWN SECRET\", XBR = \"DYBT LUKKET\", XCO = \"SECRETO MAYOR\" } }]";
const EMERGENCY: &str = "type = \"emergency\"\ntriggers = [\"threat_to_life\"]\nrelaxes = [\"bodies\", \"geographic_scope\"]\nobligations = [\"report_to_agreement_authority_within_h:24\"]";

/// For each type of clause, how it stands and how it would.
const CHANGES: [(&str, &[&str], &[&str]); 31] = [
    (
        "adequacy",
        &["type = \"adequacy\"\nderogations = []"],
        &["type = \"adequacy\"\nderogations = [\"vital_interest\"]"],
    ),
    (
        "bodies",
        &[BODIES],
        &[
            "type = \"bodies\"\n[authorised]\nXAR = [\"CERT-A\", \"NAVY\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]",
        ],
    ),
    (
        "breach_notification",
        &["type = \"breach_notification\"\nhours = 24"],
        &["type = \"breach_notification\"\nhours = 72"],
    ),
    (
        "classification_ceiling",
        &["type = \"classification_ceiling\"\nlevel = \"CONFIDENTIAL\""],
        &["type = \"classification_ceiling\"\nlevel = \"SECRET\""],
    ),
    (
        "classification_floor",
        &["type = \"classification_floor\"\nlevel = \"CONFIDENTIAL\""],
        &["type = \"classification_floor\"\nlevel = \"SECRET\""],
    ),
    (
        "data_categories",
        &["type = \"data_categories\"\nexcluded = [\"dna\", \"religion\"]"],
        &["type = \"data_categories\"\nexcluded = [\"dna\"]"],
    ),
    (
        "deadline",
        &[
            "type = \"deadline\"\nurgent_direct_hours = 8\nurgent_indirect_days = 3\nnormal_days = 7",
        ],
        &[
            "type = \"deadline\"\nurgent_direct_hours = 8\nurgent_indirect_days = 3\nnormal_days = 14",
        ],
    ),
    (
        "dual_criminality",
        &["type = \"dual_criminality\"\nmin_penalty_months = 12\nexempt_offences = []"],
        &["type = \"dual_criminality\"\nmin_penalty_months = 6\nexempt_offences = [\"fraud\"]"],
    ),
    (
        "emergency",
        &[BODIES, "type = \"geographic_scope\"\nareas = [\"strait\"]"],
        &[BODIES, "type = \"geographic_scope\"\nareas = [\"strait\"]", EMERGENCY],
    ),
    (
        "equivalence",
        &[MARKINGS],
        &[
            "type = \"equivalence\"\nunmapped = \"deny\"\nrows = [{ level = \"RESTRICTED\", markings = { XAR = \"SERVICE\", XBR = \"TJENST\", XCO = \"INTERNO\" } }]",
        ],
    ),
    ("exercise", &[], &["type = \"exercise\"\nreal_data = \"prohibited\""]),
    (
        "geographic_scope",
        &["type = \"geographic_scope\"\nareas = [\"strait\"]"],
        &["type = \"geographic_scope\"\nareas = [\"strait\", \"gulf\"]"],
    ),
    (
        "informative",
        &[],
        &["type = \"informative\"\ntopic = \"disputes\"\ntext = \"By consultation.\""],
    ),
    (
        "object_types",
        &["type = \"object_types\"\nallowed = [\"indicator\"]"],
        &["type = \"object_types\"\nallowed = [\"indicator\", \"imagery\"]"],
    ),
    (
        "personnel_clearance",
        &["type = \"personnel_clearance\"\nfrom = \"SECRET\""],
        &["type = \"personnel_clearance\"\nfrom = \"CONFIDENTIAL\""],
    ),
    (
        "purpose",
        &["type = \"purpose\"\nallowed = [\"piracy\", \"smuggling\"]"],
        &["type = \"purpose\"\nallowed = [\"piracy\", \"search_and_rescue\"]"],
    ),
    ("query_mode", &[], &["type = \"query_mode\"\nmode = \"hit_no_hit\""]),
    (
        "reciprocity",
        &["type = \"reciprocity\"\neffect = \"deny\""],
        &["type = \"reciprocity\"\neffect = \"refer\""],
    ),
    (
        "refusal_grounds",
        &["type = \"refusal_grounds\"\nmandatory = [\"death_penalty\"]\noptional = []"],
        &[
            "type = \"refusal_grounds\"\nmandatory = [\"death_penalty\"]\noptional = [\"ordre_public\"]\ncurable = { death_penalty = \"no_death_penalty\" }",
        ],
    ),
    (
        "retention",
        &["type = \"retention\"\nmax_days = 180"],
        &["type = \"retention\"\nmax_days = 90"],
    ),
    (
        "security_standard",
        &["type = \"security_standard\"\nfrom = \"CONFIDENTIAL\""],
        &["type = \"security_standard\"\nfrom = \"RESTRICTED\""],
    ),
    ("speciality", &[], &["type = \"speciality\""]),
    (
        "third_party",
        &["type = \"third_party\"\nrule = \"originator_consent\""],
        &["type = \"third_party\"\nrule = \"parties_allowed\""],
    ),
    (
        "third_party, prohibited",
        &["type = \"third_party\"\nrule = \"parties_allowed\""],
        &["type = \"third_party\"\nrule = \"prohibited\""],
    ),
    (
        "use_restriction",
        &["type = \"use_restriction\"\nevidence = \"allowed\""],
        &["type = \"use_restriction\"\nevidence = \"consent\""],
    ),
    (
        "volume",
        &["type = \"volume\"\nmax_records = 500"],
        &["type = \"volume\"\nmax_records = 1000"],
    ),
    (
        "a ceiling under a table of markings",
        &[MARKINGS, "type = \"classification_ceiling\"\nlevel = \"RESTRICTED\""],
        &[MARKINGS, "type = \"classification_ceiling\"\nlevel = \"SECRET\""],
    ),
    (
        "kinds beside an unchanged ceiling",
        &[
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
            "type = \"object_types\"\nallowed = [\"indicator\"]",
        ],
        &[
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
            "type = \"object_types\"\nallowed = [\"indicator\", \"imagery\"]",
        ],
    ),
    (
        "two clauses at once",
        &["type = \"purpose\"\nallowed = [\"piracy\"]", "type = \"retention\"\nmax_days = 180"],
        &[
            "type = \"purpose\"\nallowed = [\"piracy\", \"smuggling\"]",
            "type = \"retention\"\nmax_days = 365",
        ],
    ),
    (
        "all purposes replaced",
        &[
            "type = \"purpose\"\nallowed = [\"piracy\"]",
            "type = \"classification_ceiling\"\nlevel = \"RESTRICTED\"",
        ],
        &[
            "type = \"purpose\"\nallowed = [\"smuggling\"]",
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"",
        ],
    ),
    (
        "bodies that an emergency sets aside",
        &[BODIES, EMERGENCY],
        &[
            "type = \"bodies\"\n[authorised]\nXAR = [\"CERT-A\", \"NAVY\"]\nXBR = [\"CERT-B\"]\nXCO = [\"CERT-C\"]",
            EMERGENCY,
        ],
    ),
];

fn with(clauses: &[&str]) -> String {
    text(&[&[NOTE], clauses].concat())
}

fn compare(old: &str, new: &str) -> Consequences {
    let (old, new) = (Agreement::parse(old).unwrap(), Agreement::parse(new).unwrap());
    between(&old, &new, &Schemes::builtin()).unwrap()
}

fn lines(out: &mut String, found: &Consequences) {
    for change in &found.changes {
        writeln!(out, "   [{}] {}", change.turn.as_str(), change.sentence).unwrap();
    }
    for particular in &found.particulars {
        writeln!(out, "   {particular}").unwrap();
    }
    assert!(found.complete);
}

#[test]
fn the_table_of_consequences_is_as_reviewed() {
    let mut out = String::from("What each type of clause changes, there and back.\n");
    for (title, old, new) in CHANGES {
        let (old, new) = (with(old), with(new));
        writeln!(out, "\n{title}").unwrap();
        lines(&mut out, &compare(&old, &new));
        writeln!(out, "   back").unwrap();
        lines(&mut out, &compare(&new, &old));
        assert_eq!(compare(&new, &new).changes, [], "{title}");
    }
    let plain = with(&[]);
    for (title, from, to) in [
        ("a party joins", "{ nation = \"XCO\" }]", "{ nation = \"XCO\" }, { nation = \"XEL\" }]"),
        ("the term", "survival = true", "ends_on = \"2035-01-01\"\nsurvival = false"),
        ("a group grows", "ALL2 = [\"XAR\", \"XBR\"]", "ALL2 = [\"XAR\", \"XBR\", \"XCO\"]"),
    ] {
        writeln!(out, "\n{title}").unwrap();
        lines(&mut out, &compare(&plain, &plain.replace(from, to)));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/consequences.txt");
    if option_env!("ENTENTE_BLESS").is_some() {
        std::fs::write(path, &out).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap();
    let differs = expected.lines().zip(out.lines()).find(|(e, a)| e != a);
    assert!(expected == out, "{path} differs, first in {differs:?}; it would be\n{out}");
}

#[test]
fn nothing_changes_where_nothing_does() {
    let ember = include_str!("../../../../agreements/ember-strait.md");
    let found = compare(ember, ember);
    assert_eq!((found.changes.len(), found.particulars.len()), (0, 0));
}

/// One nation is sender and recipient there, which is no case between nations.
#[test]
fn a_domestic_arrangement_is_compared_between_bodies_of_its_one_nation() {
    let domestic = |level: &str| {
        let clause = format!("type = \"classification_ceiling\"\nlevel = \"{level}\"");
        with(&[&clause])
            .replace("kind = \"multilateral\"", "kind = \"domestic\"")
            .replace(", { nation = \"XBR\" }, { nation = \"XCO\" }", "")
            .replace("[groups]\nALL2 = [\"XAR\", \"XBR\"]\n", "")
    };
    let (low, high) = (domestic("CONFIDENTIAL"), domestic("SECRET"));
    let turns = |old: &str, new: &str| -> Vec<Turn> {
        compare(old, new).changes.into_iter().map(|change| change.turn).collect()
    };
    assert_eq!(turns(&low, &high), [Turn::Possible]);
    assert_eq!(turns(&high, &low), [Turn::Impossible]);
    assert_eq!(turns(&low, &low), []);
}

#[test]
fn every_type_of_clause_is_in_the_table() {
    for kind in [
        "adequacy",
        "bodies",
        "breach_notification",
        "classification_ceiling",
        "classification_floor",
        "data_categories",
        "deadline",
        "dual_criminality",
        "emergency",
        "equivalence",
        "exercise",
        "geographic_scope",
        "informative",
        "object_types",
        "personnel_clearance",
        "purpose",
        "query_mode",
        "reciprocity",
        "refusal_grounds",
        "retention",
        "security_standard",
        "speciality",
        "third_party",
        "use_restriction",
        "volume",
    ] {
        assert!(CHANGES.iter().any(|(title, ..)| *title == kind), "{kind}");
    }
}

fn rules(text: &str) -> Rules {
    let agreement = Agreement::parse(text).unwrap();
    let held = InForce {
        agreement: &agreement,
        id: AgreementId::from_array([0; 32]),
        status: AgreementStatus::InForce,
        parties: &[],
    };
    Rules::compile(&[held], &[], &Schemes::builtin()).unwrap()
}

fn maybe(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(select(words)).prop_map(|w| w.map(str::to_owned))
}

fn some(words: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(words.to_vec(), 0..=words.len())
        .prop_map(|all| all.into_iter().map(str::to_owned).collect())
}

/// Any case between the three nations, with the words of the table and others.
fn cases() -> impl Strategy<Value = Scenario> {
    let nations = select(&[("XAR", "XBR"), ("XBR", "XCO"), ("XCO", "XAR"), ("XAR", "XCO")][..]);
    let words = (
        select(&["piracy", "smuggling", "search_and_rescue", "novel"][..]),
        select(&["indicator", "imagery", "novel"][..]),
        select(&["CERT-A", "CERT-B", "CERT-C", "NAVY"][..]),
        select(&["CERT-A", "CERT-B", "CERT-C", "NAVY"][..]),
        maybe(&["strait", "gulf", "novel"]),
        maybe(&["threat_to_life", "novel"]),
        maybe(&["C-1", "C-2"]),
        maybe(&["C-1", "C-2"]),
    );
    let sets = (
        some(&["dna", "religion", "novel"]),
        some(&["vital_interest", "speciality_waiver", "no_death_penalty"]),
        some(&["death_penalty", "ordre_public", "novel"]),
    );
    let flags = proptest::array::uniform8(any::<bool>());
    let numbers = (0_u8..5, select(&[0_u64, 500, 501, 1000, 1001][..]), 0_usize..6, 0_usize..6);
    let offence = proptest::option::of((
        select(&["fraud", "theft"][..]),
        any::<bool>(),
        select(&[0_u64, 5, 6, 11, 12, 24][..]),
    ));
    (nations, words, sets, flags, numbers, offence).prop_map(
        |((from, to), words, sets, flags, (level, records, cleared, accredited), offence)| {
            let [personal, exercise, exercise_data, query, evidence, consent, reciprocal, request] =
                flags;
            let schemes = Schemes::builtin();
            let at = Timestamp::from_millis(1_988_150_400_000);
            // XAR has a marking for every level.
            let scheme = schemes.get("XAR").unwrap();
            let theirs = schemes.get(to).unwrap();
            let held = |n: usize| theirs.markings().nth(n).map(|(m, _)| m.to_owned());
            let mut recipient = Recipient::new(to.parse().unwrap(), words.3);
            recipient.clearance = held(cleared);
            recipient.accredited_to = held(accredited);
            recipient.reciprocity_met = reciprocal;
            recipient.data_protection =
                if consent { DataProtection::Safeguards } else { DataProtection::None };
            let mut transfer = Transfer::new(from.parse().unwrap(), words.2, words.0);
            transfer.kind = if query { TransferKind::QueryResponse } else { TransferKind::Release };
            transfer.use_ = if evidence { Use::Evidence } else { Use::Intelligence };
            transfer.exercise = exercise;
            transfer.emergency = words.5;
            transfer.facts = sets.1;
            transfer.grounds = sets.2;
            transfer.case_id = words.6;
            transfer.offence = offence.map(|(kind, criminal_in_sender, max_penalty_months)| {
                Offence { kind: kind.to_owned(), criminal_in_sender, max_penalty_months }
            });
            transfer.request = request.then_some(Request {
                received_at: at,
                urgent: query,
                access: Access::Direct,
            });
            let facts = ReleaseFacts {
                object_type: words.1.to_owned(),
                personal_data: personal,
                data_categories: sets.0,
                area: words.4,
                records,
                case_id: words.7,
                exercise: exercise_data,
                ..ReleaseFacts::default()
            };
            let consents = consent.then(|| Consent {
                kind: ConsentKind::EvidenceUse,
                from: from.to_owned(),
                to: vec!["*".to_owned()],
            });
            Scenario {
                at,
                label: Label {
                    policy: "XAR".to_owned(),
                    class: level,
                    marking: scheme.marking(level).unwrap().to_owned(),
                    controls: Vec::new(),
                    created: at,
                    review: None,
                    alternatives: Vec::new(),
                },
                facts,
                recalled: false,
                originator: "XAR".parse().unwrap(),
                consents: consents.into_iter().collect(),
                recipient,
                transfer,
            }
        },
    )
}

/// Whether a condition of a change lets this case in, as far as it is about single words.
fn admits(name: &str, values: &[String], case: &Scenario) -> bool {
    let word = match name {
        "sender" => case.transfer.sender.to_string(),
        "recipient" => case.recipient.nation.to_string(),
        "level" => level::name(case.label.class).to_owned(),
        "purpose" => case.transfer.purpose.clone(),
        "object_type" => case.facts.object_type.clone(),
        "sender_body" => case.transfer.sender_body.clone(),
        "recipient_body" => case.recipient.body.clone(),
        "use" => case.transfer.use_.as_str().to_owned(),
        "area" => case.facts.area.clone().unwrap_or_else(|| "none".to_owned()),
        "emergency" => case.transfer.emergency.clone().unwrap_or_else(|| "none".to_owned()),
        _ => return true,
    };
    // A word that no rule names is any other.
    let other = values.iter().any(|v| v == "any other" || v.starts_with("anything but"));
    values.contains(&word) || other
}

/// One change in one direction, compiled once.
struct Turned {
    title: &'static str,
    before: Rules,
    after: Rules,
    found: Consequences,
}

fn turned() -> &'static [Turned] {
    static ALL: OnceLock<Vec<Turned>> = OnceLock::new();
    ALL.get_or_init(|| {
        let both = CHANGES.into_iter().flat_map(|(title, old, new)| {
            [(title, with(old), with(new)), (title, with(new), with(old))]
        });
        both.map(|(title, old, new)| Turned {
            title,
            before: rules(&old),
            after: rules(&new),
            found: compare(&old, &new),
        })
        .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever differs between the two decisions was said: some sentence turns the same way and
    /// holds for the case.
    #[test]
    fn no_difference_goes_unsaid(case in cases()) {
        for turned in turned() {
            let before = turned.before.decide(&case.case());
            let after = turned.after.decide(&case.case());
            let same = before.decision == after.decision
                && before.obligations == after.obligations
                && before.refer_to == after.refer_to;
            if same {
                continue;
            }
            let said = turned.found.changes.iter().any(|change| {
                let way = match change.turn {
                    Turn::Possible | Turn::Easier => after.decision < before.decision,
                    Turn::Impossible | Turn::Harder => after.decision > before.decision,
                    Turn::Otherwise => after.decision == before.decision,
                };
                way && change.conditions.iter().all(|c| admits(c.name, &c.values, &case))
            });
            // What one clause lets go and another still holds is a change of who decides.
            let shifted = after.decision == before.decision && !after.decision.releases();
            prop_assert!(
                said || shifted,
                "{}: {case:#?}\n{before:#?}\n{after:#?}\n{:#?}",
                turned.title,
                turned.found.changes
            );
        }
    }
}
