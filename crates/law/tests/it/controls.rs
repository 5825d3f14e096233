//! What the controls that came with the schemes decide, on one plain agreement.

use entente_law::{
    Agreement, AgreementStatus, Case, Consent, ConsentKind, InForce, Recipient, Rules, Schemes,
    Subject, Transfer, Use, parse_facts, parse_label,
};
use entente_model::{AgreementId, NationCode, Timestamp};

const AGREEMENT: &str = "+++\nid = \"PLAIN\"\ntitle = \"Plain\"\nkind = \"multilateral\"\n\
    in_force_from = \"2026-01-01\"\nsurvival = true\n\n[[parties]]\nnation = \"XAR\"\n\n\
    [[parties]]\nnation = \"XBR\"\n\n[[parties]]\nnation = \"XCO\"\n+++\n\n# Plain\n\n\
    ## Article 1 — Purposes\n\nAny of these.\n\n```clause\ntype = \"purpose\"\nallowed = [\"x\"]\n```\n";

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

struct Question<'a> {
    sender: &'a str,
    label: &'a str,
    use_: Use,
    consents: &'a [(ConsentKind, &'a str)],
}

/// The decision on a release of Arvenia's object to Brenmark: the word, codes, whom to ask, owed.
fn decide(rules: &Rules, q: &Question<'_>) -> String {
    let at = Timestamp::from_millis(1_793_000_000_000);
    let schemes = Schemes::builtin();
    let scheme = schemes.get("XAR").unwrap();
    let label = parse_label(q.label, scheme, at).unwrap();
    let facts = parse_facts("", scheme).unwrap();
    let mut transfer = Transfer::new(nation(q.sender), "A", "x");
    transfer.use_ = q.use_;
    let consents: Vec<Consent> = q
        .consents
        .iter()
        .map(|(kind, from)| Consent { kind: *kind, from: (*from).into(), to: vec!["XBR".into()] })
        .collect();
    let subject = Subject {
        label: &label,
        facts: &facts,
        recalled: false,
        originator: nation("XAR"),
        consents: &consents,
        transfer: &transfer,
    };
    let recipient = Recipient::new(nation("XBR"), "B");
    let ruling = rules.decide(&Case { at, subject, recipient: &recipient });
    assert!(!ruling.alarm, "{:?}", ruling.explanation);
    let all = [ruling.reason_codes, ruling.refer_to, ruling.obligations];
    let mut parts = vec![ruling.decision.as_str().to_owned()];
    parts.extend(all.into_iter().filter(|l| !l.is_empty()).map(|l| l.join("+")));
    parts.join(" ")
}

#[test]
fn each_control_decides_as_its_class_says() {
    let agreement = Agreement::parse(AGREEMENT).unwrap();
    let held = InForce {
        agreement: &agreement,
        id: AgreementId::from_array([1; 32]),
        status: AgreementStatus::InForce,
        parties: &[],
    };
    let rules = Rules::compile(&[held], &[], &Schemes::builtin()).unwrap();
    let (plain, evidence) = (Use::Intelligence, Use::Evidence);
    let release = |from| (ConsentKind::Release, from);
    for (sender, label, use_, consents, expected) in [
        ("XAR", "OPEN", plain, &[][..], "permit"),
        ("XAR", "OPEN//NOTICE FISA", plain, &[], "permit notice:FISA"),
        ("XAR", "OPEN//DECLASSIFY ON 2041-06-30", plain, &[], "permit"),
        ("XAR", "OPEN//ORCON USGOV", plain, &[], "permit orcon:no_onward_without_originator"),
        // Foreign information: back to its source freely, to others with the sources' consent.
        ("XAR", "OPEN//FGI XBR", plain, &[], "permit"),
        ("XAR", "OPEN//FGI XCO", plain, &[], "refer FOREIGN_CONSENT_REQUIRED originator:XCO"),
        ("XAR", "OPEN//FGI XCO", plain, &[release("XCO")], "permit"),
        (
            "XAR",
            "OPEN//FGI XBR XCO",
            plain,
            &[],
            "refer FOREIGN_CONSENT_REQUIRED originator:XBR, XCO",
        ),
        ("XAR", "OPEN//FGI XBR XCO", plain, &[release("XBR"), release("XCO")], "permit"),
        ("XAR", "OPEN//FGI", plain, &[], "refer FOREIGN_CONSENT_REQUIRED release_officer:XAR"),
        ("XAR", "OPEN//FGI", plain, &[(ConsentKind::ReleaseOfficer, "XAR")], "permit"),
        // Owned together: among the owners freely.
        ("XAR", "OPEN//JOINT XAR XBR", plain, &[], "permit"),
        (
            "XAR",
            "OPEN//JOINT XAR XCO",
            plain,
            &[],
            "refer OWNERS_CONSENT_REQUIRED originator:XAR, XCO",
        ),
        ("XAR", "OPEN//JOINT XAR XCO", plain, &[release("XCO")], "permit"),
        // Between financial intelligence units.
        (
            "XAR",
            "OPEN//FIU",
            plain,
            &[],
            "permit fiu:purpose_given_only+no_onward_without_consent+use:intelligence_only",
        ),
        ("XAR", "OPEN//FIU", evidence, &[], "refer EVIDENCE_USE_CONSENT_REQUIRED provider:XAR"),
        (
            "XAR",
            "OPEN//FIU",
            evidence,
            &[(ConsentKind::EvidenceUse, "XAR")],
            "permit fiu:purpose_given_only+no_onward_without_consent",
        ),
        // Police handling codes.
        ("XAR", "OPEN//HANDLING P", plain, &[], "permit"),
        ("XAR", "OPEN//HANDLING C", plain, &[], "permit handling:C"),
        ("XAR", "OPEN//HANDLING H3", plain, &[], "permit handling:H3"),
        ("XAR", "OPEN//HANDLING 5X5X5-1", plain, &[], "deny HANDLING_NATIONAL_ONLY"),
        ("XAR", "OPEN//HANDLING 5X5X5-2", plain, &[], "deny HANDLING_NATIONAL_ONLY"),
        ("XAR", "OPEN//HANDLING 5X5X5-4", plain, &[], "deny HANDLING_NATIONAL_ONLY"),
        (
            "XAR",
            "OPEN//HANDLING 5X5X5-3",
            plain,
            &[],
            "refer PROVIDER_CONSENT_REQUIRED provider:XAR",
        ),
        ("XAR", "OPEN//HANDLING 5X5X5-3", plain, &[release("XAR")], "permit handling:5X5X5-3"),
        ("XAR", "OPEN//HANDLING 5X5X5-5", plain, &[], "permit handling:5X5X5-5"),
        // Onward.
        (
            "XCO",
            "OPEN//FIU",
            plain,
            &[release("XAR")],
            "permit fiu:purpose_given_only+no_onward_without_consent+use:intelligence_only",
        ),
    ] {
        let question = Question { sender, label, use_, consents };
        assert_eq!(decide(&rules, &question), expected, "{sender}: {label}");
    }
    let question = Question { sender: "XCO", label: "OPEN//FIU", use_: plain, consents: &[] };
    let answer = decide(&rules, &question);
    assert!(
        answer.starts_with("refer") && answer.contains("PROVIDER_CONSENT_REQUIRED"),
        "{answer}"
    );
}
