use entente_model::{Digest, NationCode, Timestamp};

use super::*;
use crate::case::Use;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn xbr() -> NationCode {
    "XBR".parse().unwrap()
}

/// Facts written as `kind subject value`, with ids 1, 2, …; `!` before one means that it lapsed.
fn register(lines: &[&str]) -> Register {
    Register::new((1_u8..).zip(lines).map(|(id, line)| {
        let (line, until) = match line.strip_prefix('!') {
            Some(line) => (line, NOW),
            None => (*line, Timestamp::from_millis(2_000_000)),
        };
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        let (kind, subject, value) = (word(), word(), word());
        let span = (Timestamp::from_millis(1), until);
        let fact = Fact::new(kind.parse().unwrap(), subject.parse().unwrap(), value, "file", span);
        (Digest::from_array([id; 32]), fact.unwrap())
    }))
}

fn recipient(lines: &[&str], offence: Option<&str>) -> (Recipient, Vec<u8>) {
    let mut base = Recipient::new(xbr(), "COAST-WATCH");
    base.accredited_to = Some("LUKKET".to_owned());
    base.clearance = Some("LUKKET".to_owned());
    let relied = register(lines).recipient(NOW, base, offence, &Schemes::builtin());
    (relied.value, relied.facts.iter().map(|d| d.as_bytes()[0]).collect())
}

#[test]
fn what_is_not_on_record_is_assumed_at_its_worst() {
    let (to, facts) = recipient(&[], Some("fraud"));
    assert_eq!(to.data_protection, DataProtection::None);
    assert_eq!(to.torture_risk, TortureRisk::High);
    assert!(!to.reciprocity_met);
    assert_eq!(to.death_penalty_for, ["fraud"]);
    assert_eq!(facts, [] as [u8; 0]);
}

#[test]
fn facts_that_hold_count_and_are_named() {
    let (to, facts) = recipient(
        &[
            "data-protection XBR adequate",
            "torture-risk XBR low",
            "reciprocity XBR met",
            "death-penalty XBR none",
            "compartment XBR/COAST-WATCH EMBER",
            "compartment XBR/POLICE OTHER",
            "torture-risk XCO high",
        ],
        Some("fraud"),
    );
    assert_eq!(to.data_protection, DataProtection::Adequate);
    assert_eq!(to.torture_risk, TortureRisk::Low);
    assert!(to.reciprocity_met);
    assert!(to.death_penalty_for.is_empty());
    assert_eq!(to.compartments, ["EMBER"]);
    assert_eq!(facts, [1, 2, 3, 4, 5]);
}

#[test]
fn of_facts_that_contradict_each_other_the_worst_counts() {
    let (to, _) = recipient(
        &[
            "data-protection XBR adequate",
            "data-protection XBR safeguards",
            "torture-risk XBR medium",
            "torture-risk XBR low",
            "reciprocity XBR met",
            "reciprocity XBR not-met",
            "accreditation XBR TJENST",
            "death-penalty XBR none",
            "death-penalty XBR drug_trafficking",
        ],
        Some("fraud"),
    );
    assert_eq!(to.data_protection, DataProtection::Safeguards);
    assert_eq!(to.torture_risk, TortureRisk::Medium);
    assert!(!to.reciprocity_met);
    assert_eq!(to.accredited_to.as_deref(), Some("TJENST"));
    assert_eq!(to.clearance.as_deref(), Some("LUKKET"));
    assert_eq!(to.death_penalty_for, ["drug_trafficking"]);
}

#[test]
fn a_fact_can_lower_an_accreditation_and_never_raise_it() {
    let mut base = Recipient::new(xbr(), "COAST-WATCH");
    base.accredited_to = Some("TJENST".to_owned());
    let higher = register(&["accreditation XBR LUKKET"]);
    let relied = higher.recipient(NOW, base, None, &Schemes::builtin());
    assert_eq!(relied.value.accredited_to.as_deref(), Some("TJENST"));
    let (nonsense, _) = recipient(&["accreditation XBR SECRETISH"], None);
    assert_eq!(nonsense.accredited_to, None);
}

#[test]
fn lapsed_facts_do_not_count() {
    let (to, facts) = recipient(&["!data-protection XBR adequate", "!reciprocity XBR met"], None);
    assert_eq!(to.data_protection, DataProtection::None);
    assert!(!to.reciprocity_met);
    assert!(facts.is_empty());
}

fn transfer(lines: &[&str], change: impl FnOnce(&mut Transfer)) -> (Transfer, Vec<u8>) {
    let mut base = Transfer::new("XAR".parse().unwrap(), "COAST-GUARD", "piracy");
    base.use_ = Use::Intelligence;
    change(&mut base);
    let relied = register(lines).transfer(NOW, base, xbr(), None);
    (relied.value, relied.facts.iter().map(|d| d.as_bytes()[0]).collect())
}

#[test]
fn what_was_established_counts_where_it_was_established() {
    let lines = [
        "established us judicial_warrant",
        "established XBR assurance_a",
        "established XCO assurance_b",
        "established case:T-7 speciality_waiver",
        "ground case:T-7 political_offence",
        "!established us old_finding",
    ];
    let (plain, facts) = transfer(&lines, |_| {});
    assert_eq!(plain.facts, ["assurance_a", "judicial_warrant"]);
    assert_eq!(facts, [1, 2]);
    let (cased, facts) = transfer(&lines, |t| t.case_id = Some("T-7".to_owned()));
    assert_eq!(cased.facts, ["assurance_a", "judicial_warrant", "speciality_waiver"]);
    assert_eq!(cased.grounds, ["political_offence"]);
    assert_eq!(facts, [1, 2, 4, 5]);
}

#[test]
fn an_emergency_that_nobody_declared_is_none() {
    let lines = ["emergency case:T-7 threat_to_life"];
    let named = |t: &mut Transfer| t.emergency = Some("threat_to_life".to_owned());
    assert_eq!(transfer(&lines, named).0.emergency, None);
    let (declared, facts) = transfer(&lines, |t| {
        named(t);
        t.case_id = Some("T-7".to_owned());
    });
    assert_eq!(declared.emergency.as_deref(), Some("threat_to_life"));
    assert_eq!(facts, [1]);
    assert!(!register(&lines).declares(NOW, "threat_to_life", None));
    assert!(register(&lines).declares(NOW, "threat_to_life", Some("T-7")));
}

#[test]
fn an_offence_is_what_the_register_says_of_it_and_the_mildest_counts() {
    let named = |t: &mut Transfer| {
        t.offence = Some(Offence {
            kind: "fraud".into(),
            criminal_in_sender: true,
            max_penalty_months: 99,
        });
    };
    let (unknown, _) = transfer(&[], named);
    assert!(!unknown.offence.unwrap().criminal_in_sender);
    let lines = ["offence offence:fraud criminal:36", "offence offence:fraud criminal:12"];
    let (known, facts) = transfer(&lines, named);
    assert_eq!(known.offence.unwrap().max_penalty_months, 12);
    assert_eq!(facts, [1, 2]);
}

#[test]
fn a_case_is_open_while_a_fact_says_so() {
    let register = register(&["case case:T-7 open", "!case case:T-8 open"]);
    assert!(register.is_open(NOW, "T-7"));
    assert!(!register.is_open(NOW, "T-8"));
}
