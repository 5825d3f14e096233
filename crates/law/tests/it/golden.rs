//! The sample agreement and laws, each beside a table of decisions that a lawyer can review.
//!
//! A table that differs fails; set `ENTENTE_BLESS` to write it anew, and read what changed.

use std::fmt::Write as _;

use entente_law::{
    Agreement, AgreementStatus, Case, Consent, ConsentKind, InForce, NationalLaw, Recipient, Rules,
    Schemes, Subject, Transfer, Use, bind, parse_facts, parse_label,
};
use entente_model::{AgreementId, LawId, NationCode, NationId, Timestamp};

const AGREEMENT: &str = include_str!("../../../../agreements/ember-strait.md");
const LAWS: [&str; 5] = [
    include_str!("../../../../laws/xar.md"),
    include_str!("../../../../laws/xbr.md"),
    include_str!("../../../../laws/xco.md"),
    include_str!("../../../../laws/xdo.md"),
    include_str!("../../../../laws/xel.md"),
];
const PARTIES: [(&str, &str, Option<&str>); 5] = [
    ("XAR", "CERT-A", Some("SECRET-A")),
    ("XBR", "CERT-B", Some("LUKKET")),
    ("XCO", "CERT-C", Some("RESERVA")),
    ("XDO", "CERT-D", Some("JAVA")),
    ("XEL", "CERT-E", Some("SEALED")),
];

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

/// One question that the table answers for every other party.
#[derive(Clone, Copy)]
struct Question {
    title: &'static str,
    sender: &'static str,
    originator: &'static str,
    label: &'static str,
    facts: &'static str,
    purpose: &'static str,
    use_: Use,
    consents: &'static [(ConsentKind, &'static str, &'static str)],
}

const PLAIN: Question = Question {
    title: "",
    sender: "XAR",
    originator: "XAR",
    label: "OPEN",
    facts: "object_type = \"indicator\"",
    purpose: "cyber_defence",
    use_: Use::Intelligence,
    consents: &[],
};

fn rules() -> Rules {
    let agreement = Agreement::parse(AGREEMENT).unwrap();
    let laws: Vec<NationalLaw> =
        LAWS.iter().map(|text| NationalLaw::parse(text).unwrap()).collect();
    let laws: Vec<(LawId, &NationalLaw)> =
        laws.iter().map(|law| (LawId::from_array([2; 32]), law)).collect();
    let held = InForce {
        agreement: &agreement,
        id: AgreementId::from_array([1; 32]),
        status: AgreementStatus::InForce,
        parties: &[],
    };
    Rules::compile(&[held], &laws, &Schemes::builtin()).unwrap()
}

fn table(title: &str, questions: &[Question]) -> String {
    let rules = rules();
    let at: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let at = Timestamp::from_millis(at.as_millisecond().try_into().unwrap());
    let mut out = format!(
        "{title}\n{}\n\nOn 22 November 2026. Readers are cleared as follows: {}.\n",
        "=".repeat(title.chars().count()),
        PARTIES.map(|(n, _, c)| format!("{n} {}", c.unwrap_or("not"))).join(", ")
    );
    for (n, q) in questions.iter().enumerate() {
        let scheme = rules.schemes().get(q.originator).unwrap().clone();
        let label = parse_label(q.label, &scheme, at).unwrap();
        let facts = parse_facts(q.facts, &scheme).unwrap();
        let body = PARTIES.iter().find(|p| p.0 == q.sender).unwrap().1;
        let mut transfer = Transfer::new(nation(q.sender), body, q.purpose);
        transfer.use_ = q.use_;
        let consents: Vec<Consent> = q
            .consents
            .iter()
            .map(|(kind, from, to)| Consent {
                kind: *kind,
                from: (*from).into(),
                to: vec![(*to).into()],
            })
            .collect();
        writeln!(out, "\n{}. {}", n + 1, q.title).unwrap();
        writeln!(out, "   {} from {} ({body}), purpose {}", q.label, q.sender, q.purpose).unwrap();
        for (code, body, clearance) in PARTIES.iter().filter(|p| p.0 != q.sender) {
            let mut recipient = Recipient::new(nation(code), *body);
            recipient.clearance = clearance.map(str::to_owned);
            recipient.user = Some(format!("analyst.{}", code.to_lowercase()));
            let subject = Subject {
                label: &label,
                facts: &facts,
                recalled: false,
                originator: nation(q.originator),
                consents: &consents,
                transfer: &transfer,
            };
            let ruling = rules.decide(&Case { at, subject, recipient: &recipient });
            let word = ruling.decision.as_str().replace('_', " ");
            writeln!(out, "   -> {code}: {}", word.to_uppercase()).unwrap();
            for sentence in &ruling.explanation {
                writeln!(out, "      {sentence}").unwrap();
            }
        }
    }
    out
}

fn check(path: &str, expected: &str, actual: &str) {
    if option_env!("ENTENTE_BLESS").is_some() {
        let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, actual).unwrap();
        return;
    }
    let differs = expected.lines().zip(actual.lines()).find(|(e, a)| e != a);
    assert!(expected == actual, "{path} differs, first in {differs:?}");
}

#[test]
fn the_ember_strait_table_is_as_reviewed() {
    let questions = [
        Question { title: "An open indicator", ..PLAIN },
        Question { title: "A restricted indicator", label: "SERVICE", ..PLAIN },
        Question {
            title: "A confidential report on a threat",
            label: "RESERVED",
            facts: "object_type = \"threat_report\"",
            purpose: "counter_espionage",
            ..PLAIN
        },
        Question {
            title: "A secret report, above the ceiling",
            label: "SECRET-A",
            facts: "object_type = \"threat_report\"",
            ..PLAIN
        },
        Question {
            title: "A report for two nations",
            label: "SERVICE//REL TO XBR, XCO//TLP:AMBER",
            facts: "object_type = \"report\"",
            ..PLAIN
        },
        Question {
            title: "A report for the group",
            label: "SERVICE//REL TO ESM5//ORCON",
            facts: "object_type = \"report\"",
            ..PLAIN
        },
        Question {
            title: "A report for national eyes",
            label: "SERVICE//NOFORN",
            facts: "object_type = \"report\"",
            ..PLAIN
        },
        Question {
            title: "A report that is TLP:RED for one reader",
            label: "OPEN//TLP:RED[analyst.xbr]",
            facts: "object_type = \"report\"",
            ..PLAIN
        },
        Question {
            title: "A kind of information that is not exchanged",
            facts: "object_type = \"bank_record\"",
            ..PLAIN
        },
        Question { title: "A purpose that is not agreed", purpose: "tax_assessment", ..PLAIN },
        Question { title: "Use as evidence", use_: Use::Evidence, ..PLAIN },
        Question {
            title: "Use as evidence, with consent for Brenmark",
            use_: Use::Evidence,
            consents: &[(ConsentKind::EvidenceUse, "XAR", "XBR")],
            ..PLAIN
        },
        Question {
            title: "A Costalunan report that Arvenia passes on",
            originator: "XCO",
            label: "INTERNO//ORCON",
            facts: "object_type = \"report\"\nprovenance = [{ nation = \"XCO\", agreement = \"ESM-MISA\" }]",
            ..PLAIN
        },
        Question {
            title: "The same, with Costaluna's consent for Elandria",
            originator: "XCO",
            label: "INTERNO//ORCON",
            facts: "object_type = \"report\"\nprovenance = [{ nation = \"XCO\", agreement = \"ESM-MISA\" }]",
            consents: &[(ConsentKind::Release, "XCO", "XEL")],
            ..PLAIN
        },
        Question {
            title: "A track in two portions, of which one may go to Brenmark only",
            label: "RESERVED",
            facts: "object_type = \"vessel_track\"\ndivisible = true\n[[portions]]\nid = \"P1\"\nlabel = \"SERVICE//REL TO ESM5\"\n[[portions]]\nid = \"P2\"\nlabel = \"RESERVED//REL TO XBR\"\n",
            purpose: "maritime_security",
            ..PLAIN
        },
    ];
    check(
        "agreements/ember-strait.decisions.txt",
        include_str!("../../../../agreements/ember-strait.decisions.txt"),
        &table("Decisions under the Ember Strait agreement", &questions),
    );
}

/// What each nation's law says about the same four cases.
fn law_table(
    sender: &'static str,
    marking: &'static str,
    facts: [&'static str; 4],
    path: &str,
    expected: &str,
) {
    let q = Question { sender, originator: sender, label: marking, ..PLAIN };
    let questions = [
        Question { title: "A report that names one of its own nationals", facts: facts[0], ..q },
        Question { title: "A report with data of a special category", facts: facts[1], ..q },
        Question { title: "Material under export control", facts: facts[2], ..q },
        Question { title: "Data collected for another purpose", facts: facts[3], ..q },
    ];
    check(path, expected, &table(&format!("Decisions under the law of {sender}"), &questions));
}

macro_rules! law_tables {
    ($($test:ident, $sender:literal, $marking:literal, $file:literal, $facts:expr;)+) => {
        $(#[test]
        fn $test() {
            law_table(
                $sender,
                $marking,
                $facts,
                concat!("laws/", $file, ".decisions.txt"),
                include_str!(concat!("../../../../laws/", $file, ".decisions.txt")),
            );
        })+
    };
}

law_tables!(
    the_arvenian_table_is_as_reviewed, "XAR", "OPEN", "xar", [
        "object_type = \"report\"\npersonal_data = true\npersons = [{ nationalities = [\"XAR\"] }]",
        "object_type = \"report\"\npersonal_data = true\ndata_categories = [\"health\"]",
        "object_type = \"report\"\ndata_categories = [\"exploit_code\"]",
        "object_type = \"report\"\ncollected_for = \"tax_administration\"",
    ];
    the_brenmark_table_is_as_reviewed, "XBR", "ALMEN", "xbr", [
        "object_type = \"report\"\npersonal_data = true\npersons = [{ nationalities = [\"XBR\"] }]",
        "object_type = \"report\"\npersonal_data = true\ndata_categories = [\"dna\"]",
        "object_type = \"report\"\ndata_categories = [\"weapons_technical_data\"]",
        "object_type = \"report\"\ncollected_for = \"tax_administration\"",
    ];
    the_costalunan_table_is_as_reviewed, "XCO", "ABIERTO", "xco", [
        "object_type = \"report\"\npersonal_data = true\npersons = [{ nationalities = [\"XCO\"] }]",
        "object_type = \"report\"\npersonal_data = true\ndata_categories = [\"religion\"]",
        "object_type = \"report\"\ndata_categories = [\"exploit_code\"]",
        "object_type = \"report\"\ncollected_for = \"fisheries_control\"",
    ];
    the_dorvanian_table_is_as_reviewed, "XDO", "JAVA", "xdo", [
        "object_type = \"report\"\npersonal_data = true\npersons = [{ nationalities = [\"XDO\"] }]",
        "object_type = \"report\"\npersonal_data = true\ndata_categories = [\"biometric\"]",
        "object_type = \"report\"\ndata_categories = [\"crypto_material\"]",
        "object_type = \"report\"\ncollected_for = \"customs\"",
    ];
    the_elandrian_table_is_as_reviewed, "XEL", "OPEN-E", "xel", [
        "object_type = \"report\"\npersonal_data = true\npersons = [{ nationalities = [\"XEL\"] }]",
        "object_type = \"report\"\npersonal_data = true\ndata_categories = [\"health\"]",
        "object_type = \"report\"\ndata_categories = [\"crypto_material\"]",
        "object_type = \"report\"\ncollected_for = \"public_health\"",
    ];
);

#[test]
fn binding_writes_the_identities_and_nothing_else() {
    let identities: Vec<(NationCode, NationId)> = PARTIES
        .iter()
        .zip(1u8..)
        .map(|((code, ..), n)| (nation(code), NationId::from_array([n; 32])))
        .collect();
    assert!(!Agreement::parse(AGREEMENT).unwrap().is_bound());
    let bound = bind(AGREEMENT, &identities).unwrap();
    let agreement = Agreement::parse(&bound).unwrap();
    assert!(agreement.is_bound());
    assert_eq!(agreement.parties()[2].id, Some(NationId::from_array([3; 32])));
    let without: String =
        bound.split_inclusive('\n').filter(|l| !l.starts_with("nation_id")).collect();
    assert_eq!(without, AGREEMENT);
    assert_eq!(bind(&bound, &identities).unwrap(), bound);
    let missing = bind(AGREEMENT, &identities[..4]).unwrap_err().to_string();
    assert!(missing.contains("the identity of party XEL is not known here"), "{missing}");
}

#[test]
fn a_wrong_agreement_names_every_problem_with_its_line() {
    let wrong = AGREEMENT
        .replace("type = \"retention\"", "type = \"retenton\"")
        .replace("from = \"CONFIDENTIAL\"", "from = \"HIGH\"\nto = \"X\"")
        .replace("survival = true\n", "");
    let problems = Agreement::parse(&wrong).unwrap_err();
    let text = problems.to_string();
    for expected in [
        "the key `survival` is missing",
        "`\"retenton\"`: unknown type of clause; did you mean `retention`?",
        "`\"HIGH\"`: unknown level; expected one of UNCLASSIFIED",
        "`to`: unknown key",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(problems.iter().count(), 4, "{text}");
    let retention = wrong.lines().position(|l| l.contains("retenton")).unwrap() + 1;
    assert!(problems.iter().any(|p| p.line == retention), "{text}");
}
