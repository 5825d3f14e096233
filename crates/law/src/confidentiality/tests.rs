use super::*;
use crate::marking::{parse_label, print_banner};

fn today() -> Timestamp {
    crate::time::day_start("2026-11-25").unwrap()
}

fn ours(owner: &str, text: &str) -> Label {
    let schemes = Schemes::builtin();
    let scheme = schemes.get(owner).unwrap();
    canonical(&parse_label(text, scheme, today()).unwrap(), scheme)
}

#[test]
fn labels_go_there_and_come_back() {
    let schemes = Schemes::builtin();
    for (owner, text, losses) in [
        ("NATO", "NATO SECRET", 0),
        ("NATO", "NSAT//RELEASABLE TO CHE, UKR", 0),
        ("NATO", "COSMIC TOP SECRET//BOHEMIA", 0),
        ("NATO", "NATO RESTRICTED//ORCON", 1),
        ("NATO", "NATO RESTRICTED//TLP:RED[a, b]//COMPARTMENT LANTERN//COMPARTMENT AMBER", 3),
        ("USA", "TOP SECRET//SI/TK//ORCON/REL TO USA, GBR//DECLASSIFY ON 2040-01-01", 0),
        ("USA", "SECRET//FGI//NOFORN/FISA//NODIS", 0),
        ("XAR", "SECRET-A//NOFORN//HANDLING H1//HANDLING H2//PAP:RED", 0),
        ("EU", "SECRET UE/EU SECRET//REL TO CHE", 0),
    ] {
        let label = ours(owner, text);
        let there = to_4774(&label, &schemes).unwrap();
        assert_eq!(there.losses.len(), losses, "{text}: {:?}", there.losses);
        let back = from_4774(&there.label, &schemes).unwrap();
        assert_eq!(back.label, label, "{text}: {:?}", there.label);
    }
}

#[test]
fn a_legacy_marking_is_a_named_loss() {
    let there = to_4774(&ours("FRA", "SECRET DÉFENSE"), &Schemes::builtin()).unwrap();
    assert_eq!(there.label.classification, "SECRET");
    assert!(there.losses[0].contains("`SECRET DÉFENSE` is a marking of an earlier time"));
}

fn nato(classification: &str, categories: &[(&str, ControlKind, &[&str])]) -> Confidentiality {
    Confidentiality {
        policy: "NATO".into(),
        oid: None,
        classification: classification.into(),
        categories: categories
            .iter()
            .map(|(tag, kind, values)| Category {
                tag_name: (*tag).into(),
                kind: *kind,
                values: values.iter().map(|v| (*v).to_owned()).collect(),
            })
            .collect(),
        created: today(),
        review: None,
        alternatives: Vec::new(),
    }
}

fn check(label: &Confidentiality, expected: &str) {
    let schemes = Schemes::builtin();
    let says = match from_4774(label, &schemes) {
        Ok(mapped) => print_banner(&mapped.label, schemes.get("NATO").unwrap()),
        Err(error) => error.to_string(),
    };
    assert!(says.starts_with(expected), "{says}");
}

#[test]
fn what_is_not_understood_is_refused_or_kept_as_something_to_hold() {
    use ControlKind::{Informative, Permissive, Restrictive};
    let context: (&str, ControlKind, &[&str]) = ("Context", Permissive, &["NATO"]);
    check(&nato("UNCLASSIFIED", &[context]), "NATO UNCLASSIFIED");
    check(&nato("TOP SECRET", &[]), "COSMIC TOP SECRET");
    let released: (&str, ControlKind, &[&str]) =
        ("Releasable To", Permissive, &["UKR", "CHE", "JPN"]);
    check(
        &nato("RESTRICTED", &[context, released]),
        "NATO RESTRICTED//RELEASABLE TO CHE, JPN, UKR",
    );
    check(
        &nato("SECRET", &[("Special Category Designators", Restrictive, &["ATOMAL"])]),
        "NATO SECRET ATOMAL",
    );
    check(&nato("SECRET", &[("Fruit", Restrictive, &["APPLE"])]), "NATO SECRET//COMPARTMENT APPLE");
    check(
        &nato("SECRET", &[("Administrative", Informative, &["STAFF"])]),
        "NATO SECRET//NOTICE STAFF",
    );
    check(&nato("SECRET", &[("Only", Permissive, &["IRL"])]), "the permissive category `Only`");
    check(
        &nato("CONFIDENTIAL", &[("Context", Permissive, &["KFOR"])]),
        "the permissive category `Context: KFOR`",
    );
    check(&nato("GEHEIM", &[]), "`GEHEIM` is not a classification of the policy NATO");
    check(
        &nato("SECRET", &[("Releasable To", Permissive, &["resolute support"])]),
        "the category `Releasable To` has the value",
    );
    check(&nato("SECRET", &[("Entente ODD", Restrictive, &["X"])]), "the category `Entente ODD`");
    let mut strange = nato("SECRET", &[]);
    strange.policy = "ACME".into();
    check(&strange, "the policy `ACME` is not known here");
}
