//! Where national laws do not meet: the sample laws, and small ones for each kind of line.

use std::fmt::Write as _;

use entente_law::harmony::{Mismatch, Report, between};
use entente_law::{Agreement, NationalLaw, Schemes};

const EMBER: &str = include_str!("../../../../agreements/ember-strait.md");

fn law(nation: &str, rules: &[&str]) -> NationalLaw {
    let mut text =
        format!("+++\nid = \"{nation}-LAW\"\nnation = \"{nation}\"\ntitle = \"A law\"\n+++\n");
    for (n, rule) in rules.iter().enumerate() {
        writeln!(text, "## Section {}\n```rule\n{rule}\n```", n + 1).unwrap();
    }
    NationalLaw::parse(&text).unwrap()
}

fn compare(one: &[&str], other: &[&str], agreement: bool) -> Report {
    let laws = [law("XAR", one), law("XBR", other)];
    let agreement = agreement.then(|| Agreement::parse(EMBER).unwrap());
    let (xar, xbr) = ("XAR".parse().unwrap(), "XBR".parse().unwrap());
    between(xar, xbr, &laws, agreement.as_ref(), &Schemes::builtin()).unwrap()
}

#[track_caller]
fn check(report: &Report, expected: &[(Mismatch, &str)]) {
    let told: Vec<(Mismatch, &str)> =
        report.lines.iter().map(|l| (l.mismatch, l.sentence.as_str())).collect();
    assert_eq!(told, expected, "{told:#?}");
    assert!(report.complete);
}

const HEALTH: &str = "type = \"special_category\"\ndirection = \"export\"\neffect = \"forbid\"\ncategories = [\"health\"]";
const DNA: &str = "type = \"special_category\"\ndirection = \"export\"\neffect = \"refer\"\nauthority = \"BOARD\"\ncategories = [\"dna\"]";
const NATIONALS: &str = "type = \"own_national\"\ndirection = \"export\"\neffect = \"forbid\"";
const NATIONALS_MASKED: &str = "type = \"own_national\"\ndirection = \"export\"\neffect = \"modify\"\ntransform = \"pseudonymise_persons\"";
const NO_IMPORT: &str = "type = \"import_restriction\"\ndirection = \"import\"\neffect = \"forbid\"\ncategories = [\"health\"]";

#[test]
fn a_gap_names_who_protects_and_who_does_not() {
    check(
        &compare(&[HEALTH], &[DNA], false),
        &[
            (
                Mismatch::Gap,
                "Where the category of its data is dna: XAR lets it leave, having no section against it; XBR leaves it to BOARD (XBR-LAW/1).",
            ),
            (
                Mismatch::Gap,
                "Where the category of its data is health: XAR forbids it to leave (XAR-LAW/1); XBR lets it leave, having no section against it.",
            ),
        ],
    );
}

#[test]
fn a_difference_names_both_sections_and_the_same_rule_is_no_line() {
    check(
        &compare(&[NATIONALS], &[NATIONALS_MASKED], false),
        &[(
            Mismatch::Differs,
            "Where the persons concerned are nationals of its own nation: XAR forbids it to leave (XAR-LAW/1); XBR lets it leave only after: pseudonymise persons (XBR-LAW/1).",
        )],
    );
    let same = compare(&[NATIONALS, HEALTH], &[NATIONALS, HEALTH], false);
    check(&same, &[]);
    assert_eq!(same.alike, 2);
}

#[test]
fn what_one_lets_leave_the_other_may_not_take_in() {
    check(
        &compare(&[DNA], &[DNA, NO_IMPORT], false),
        &[(
            Mismatch::Import,
            "Where the category of its data is health: XAR lets it leave, having no section against it; XBR forbids it to enter (XBR-LAW/2).",
        )],
    );
}

#[test]
fn a_promise_that_a_law_breaks_is_told_in_its_direction() {
    let report = compare(&[HEALTH], &[HEALTH], true);
    check(
        &report,
        &[
            (
                Mismatch::Promise,
                "Where the category of its data is health: ESM-MISA lets it go; national law, from XAR to XBR, forbids it to leave (XAR-LAW/1).",
            ),
            (
                Mismatch::Promise,
                "Where the category of its data is health: ESM-MISA lets it go; national law, from XBR to XAR, forbids it to leave (XBR-LAW/1).",
            ),
        ],
    );
}

#[test]
fn the_sample_laws_are_compared_whole() {
    let laws: Vec<NationalLaw> =
        [include_str!("../../../../laws/xar.md"), include_str!("../../../../laws/xco.md")]
            .into_iter()
            .map(|text| NationalLaw::parse(text).unwrap())
            .collect();
    let agreement = Agreement::parse(EMBER).unwrap();
    let (xar, xco) = ("XAR".parse().unwrap(), "XCO".parse().unwrap());
    let report = between(xar, xco, &laws, Some(&agreement), &Schemes::builtin()).unwrap();
    assert!(report.complete);
    let gaps: Vec<&str> = report
        .lines
        .iter()
        .filter(|l| l.mismatch == Mismatch::Gap)
        .map(|l| l.sentence.as_str())
        .collect();
    // XCO protects the ethnic origin and XAR does not; XAR protects membership of a union.
    assert!(
        gaps.iter().any(|s| s.contains("ethnic_origin") && s.contains("XCO-LPI/11")),
        "{gaps:#?}"
    );
    assert!(
        gaps.iter().any(|s| s.contains("trade_union") && s.contains("XAR-IEA/20")),
        "{gaps:#?}"
    );
    assert!(
        report.lines.iter().any(|l| l.mismatch == Mismatch::Promise && l.kind == "export_control")
    );
    // Both kinds read categories of data, and each line stands under the kind of its section.
    for (kind, sections) in [
        ("special_category", ["XAR-IEA/20", "XCO-LPI/11"]),
        ("export_control", ["XAR-IEA/31", "XCO-LPI/23"]),
    ] {
        let mut lines = report.lines.iter().filter(|l| l.kind == kind).peekable();
        assert!(lines.peek().is_some(), "{kind}");
        for line in lines {
            assert!(sections.iter().any(|s| line.sentence.contains(s)), "{kind}: {line:?}");
        }
    }
}
