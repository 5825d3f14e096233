//! Texts of one code beside each other: one operates, the others bind what they covered.

use entente_law::agreement::bind_over;
use entente_law::{
    Agreement, AgreementStatus, Case, InForce, Recipient, Rules, Schemes, Subject, Transfer,
    parse_label,
};
use entente_model::facts::Provenance;
use entente_model::{AgreementId, Decision, NationCode, NationId, ReleaseFacts, Timestamp};

const NATIONS: [&str; 3] = ["XAR", "XBR", "XCO"];

fn nation(code: &str) -> NationCode {
    code.parse().unwrap()
}

/// An agreement of the first `n` nations with a group and a third-party rule.
fn text(n: usize, rule: &str) -> String {
    let parties: Vec<String> =
        NATIONS[..n].iter().map(|code| format!("[[parties]]\nnation = \"{code}\"\n\n")).collect();
    let parties = parties.concat();
    let group: Vec<String> = NATIONS[..n].iter().map(|code| format!("\"{code}\"")).collect();
    format!(
        "+++\nid = \"T-1\"\ntitle = \"T\"\nkind = \"multilateral\"\nin_force_from = \"2026-01-01\"\n\
         survival = true\n\n{parties}[groups]\nALL3 = [{}]\n+++\n\n## Article 1 — Others\n\n\
         ```clause\ntype = \"third_party\"\nrule = \"{rule}\"\n```\n",
        group.join(", ")
    )
}

fn id(byte: u8) -> AgreementId {
    AgreementId::from_array([byte; 32])
}

fn compile(held: &[(&Agreement, u8, AgreementStatus)]) -> Result<Rules, String> {
    let held: Vec<InForce<'_>> = held
        .iter()
        .map(|(agreement, byte, status)| InForce {
            agreement,
            id: id(*byte),
            status: *status,
            parties: &[],
        })
        .collect();
    Rules::compile(&held, &[], &Schemes::builtin()).map_err(|e| e.to_string())
}

/// What XBR may do for XCO with what it has from XAR, received under this name.
fn onward(rules: &Rules, agreement: &str, label: &str) -> Decision {
    let mut facts = ReleaseFacts::default();
    facts.provenance.push(Provenance {
        nation: nation("XAR"),
        agreement: Some(agreement.to_owned()),
        portions: Vec::new(),
    });
    let schemes = Schemes::builtin();
    let label = parse_label(label, schemes.get("XBR").unwrap(), Timestamp::default()).unwrap();
    let transfer = Transfer::new(nation("XBR"), "NAVY", "piracy");
    let recipient = Recipient::new(nation("XCO"), "NAVY");
    let subject = Subject {
        label: &label,
        facts: &facts,
        recalled: false,
        originator: nation("XAR"),
        consents: &[],
        transfer: &transfer,
    };
    let at = "2026-06-01".parse::<jiff::civil::Date>().unwrap();
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond();
    let at = Timestamp::from_millis(u64::try_from(at).unwrap());
    rules.decide(&Case { at, subject, recipient: &recipient }).decision
}

#[test]
fn of_one_code_one_text_operates() {
    use AgreementStatus::{InForce, Suspended, Terminated};
    let (old, new) = (text(2, "prohibited"), text(3, "parties_allowed"));
    let (old, new) = (Agreement::parse(&old).unwrap(), Agreement::parse(&new).unwrap());
    for (one, other, compiles) in [
        (InForce, InForce, false),
        (Suspended, InForce, false),
        (Terminated, InForce, true),
        (Terminated, Suspended, true),
        (Terminated, Terminated, true),
    ] {
        let compiled = compile(&[(&old, 1, one), (&new, 2, other)]);
        assert_eq!(compiled.is_ok(), compiles, "{one:?} {other:?}");
        if let Err(why) = compiled {
            // Texts that operate together mean the same by a group, too.
            assert!(why.contains("group `ALL3`"), "{why}");
        }
    }
}

#[test]
fn two_texts_of_one_code_that_operate_are_refused() {
    let old = Agreement::parse(&text(3, "prohibited")).unwrap();
    let new = Agreement::parse(&text(3, "parties_allowed")).unwrap();
    let both = [(&old, 1, AgreementStatus::InForce), (&new, 2, AgreementStatus::InForce)];
    let why = compile(&both).unwrap_err();
    assert!(why.contains("two agreements have the code `T-1`"), "{why}");
}

#[test]
fn a_group_is_the_one_of_the_text_that_operates() {
    let old = Agreement::parse(&text(2, "parties_allowed")).unwrap();
    let new = Agreement::parse(&text(3, "parties_allowed")).unwrap();
    for (ended, operates, decision) in [(1, 2, Decision::Permit), (2, 1, Decision::Deny)] {
        let texts = [(1, &old), (2, &new)];
        let held: Vec<_> = texts
            .iter()
            .map(|(byte, agreement)| {
                let ended = if *byte == ended {
                    AgreementStatus::Terminated
                } else {
                    AgreementStatus::InForce
                };
                (*agreement, *byte, ended)
            })
            .collect();
        let rules = compile(&held).unwrap();
        assert_eq!(
            onward(&rules, &id(2).to_string(), "ALMEN//REL TO ALL3"),
            decision,
            "{operates}"
        );
    }
}

#[test]
fn what_came_under_a_text_is_passed_on_by_that_text() {
    let (old, new) = (text(3, "prohibited"), text(3, "parties_allowed"));
    let (old, new) = (Agreement::parse(&old).unwrap(), Agreement::parse(&new).unwrap());
    let rules =
        compile(&[(&old, 1, AgreementStatus::Terminated), (&new, 2, AgreementStatus::InForce)]);
    let rules = rules.unwrap();
    assert_eq!(onward(&rules, &id(1).to_string(), "ALMEN"), Decision::Deny);
    assert_eq!(onward(&rules, &id(2).to_string(), "ALMEN"), Decision::Permit);
    assert_eq!(onward(&rules, "T-1", "ALMEN"), Decision::Deny, "of several, the worst");
    assert_eq!(onward(&rules, &id(3).to_string(), "ALMEN"), Decision::Deny, "not held");
}

#[test]
fn an_amendment_names_what_it_supersedes_and_nothing_else_does() {
    let identities: Vec<(NationCode, NationId)> = NATIONS
        .iter()
        .zip(1_u8..)
        .map(|(code, byte)| (nation(code), NationId::from_array([byte; 32])))
        .collect();
    let plain = text(3, "prohibited");
    let bound = bind_over(&plain, &identities, Some(id(7))).unwrap();
    let read = Agreement::parse(&bound).unwrap();
    assert_eq!(
        (read.supersedes(), read.begins_afresh(), read.is_bound()),
        (Some(id(7)), false, true)
    );
    assert_eq!(bind_over(&bound, &identities, Some(id(7))).unwrap(), bound, "once is enough");
    for (text, over, part) in [
        (bound.clone(), Some(id(8)), "leave the line out"),
        (bound, None, "is not offered as an amendment"),
        (plain.replace("survival", "afresh = true\nsurvival"), None, "only an amendment"),
    ] {
        let why = bind_over(&text, &identities, over).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
    let short = plain.replace("survival", "supersedes = \"9f31\"\nsurvival");
    let why = Agreement::parse(&short).unwrap_err().to_string();
    assert!(why.contains("64 hexadecimal digits"), "{why}");
}
