use proptest::prelude::*;

use super::*;
use crate::marking::{parse_marking, print_banner};

fn today() -> Timestamp {
    crate::time::day_start("2026-11-25").unwrap()
}

fn parts(schemes: &Schemes, owner: &str, marks: &[&str]) -> Vec<Part> {
    let scheme = schemes.get(owner).unwrap();
    let read = |(n, mark): (usize, &&str)| {
        let (external, mark) = match mark.strip_prefix('!') {
            Some(mark) => (true, mark),
            None => (false, *mark),
        };
        let label = parse_marking(mark, scheme, schemes, None, today())
            .unwrap_or_else(|e| panic!("{mark}: {e}"))
            .label;
        Part { name: format!("portion {}", n + 1), label, external }
    };
    marks.iter().enumerate().map(read).collect()
}

fn banner(owner: &str, marks: &[&str]) -> String {
    let schemes = Schemes::builtin();
    let scheme = schemes.get(owner).unwrap();
    match rollup(&parts(&schemes, owner, marks), scheme, &schemes, None, today()) {
        Ok(rolled) => {
            assert!(!rolled.fired.is_empty());
            print_banner(&rolled.label, scheme)
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_rule_of_the_register_holds() {
    for (marks, expected) in [
        // The highest of the portions; external ones do not count.
        (&["(U)", "(S//NF)", "(C//NF)"][..], "SECRET//NOFORN"),
        (&["(U)", "!(TS//NF)"], "UNCLASSIFIED"),
        // Compartments and special access: the union.
        (&["(TS//SI//NF)", "(TS//TK//NF)", "(S//NF)"], "TOP SECRET//SI/TK//NOFORN"),
        (&["(TS//SI-G ABCD//NF)", "(TS//SAR-BP//NF)"], "TOP SECRET//SI-G ABCD//SAR-BP//NOFORN"),
        // Any portion brings these in.
        (&["(S//OC/NF)", "(S//NF)"], "SECRET//ORCON/NOFORN"),
        (&["(S//IMC/NF)", "(S//PR/FISA/NF)"], "SECRET//IMCON/NOFORN/PROPIN/FISA"),
        (&["(S//RSEN/NF)", "(C//DSEN/NF)"], "SECRET//RSEN/NOFORN/DSEN"),
        (&["(S//OC-USGOV/NF)", "(S//NF)"], "SECRET//ORCON-USGOV/NOFORN"),
        (&["(S//OC-USGOV/NF)", "(S//OC/NF)"], "SECRET//ORCON/NOFORN"),
        // NOFORN, classified or not, replaces every list.
        (&["(S//REL TO USA, GBR)", "(U//NF)"], "SECRET//NOFORN"),
        (&["(S//NF)", "(S//REL TO USA, GBR)"], "SECRET//NOFORN"),
        // LES-NF and SBU-NF in a classified document.
        (&["(S//REL TO USA, GBR)", "(U//LES-NF)"], "SECRET//NOFORN//LES"),
        (&["(S//REL TO USA, GBR)", "(U//SBU-NF)"], "SECRET//NOFORN"),
        (&["(U//LES-NF)", "(U)"], "UNCLASSIFIED//LES-NF"),
        // REL TO: every classified portion has it; the nations common to all.
        (&["(S//REL TO USA, AUS, GBR)", "(C//REL TO USA, GBR, CAN)"], "SECRET//REL TO USA, GBR"),
        (&["(S//REL TO USA, FVEY)", "(S//REL TO USA, GBR, DEU)"], "SECRET//REL TO USA, GBR"),
        (&["(S//REL TO USA, FVEY)", "(S//REL TO USA, FVEY, DEU)"], "SECRET//REL TO USA, FVEY"),
        (&["(S//REL TO USA, ACGU)", "(S//REL TO USA, GBR)"], "SECRET//NOFORN"),
        (&["(S//REL TO USA, GBR)", "(U)"], "SECRET//REL TO USA, GBR"),
        (&["(S//REL TO USA, GBR)", "(S)"], "SECRET//NOFORN"),
        (&["(S//REL TO USA, GBR)", "(U//DISPLAY ONLY GBR)"], "SECRET//DISPLAY ONLY GBR"),
        (&["(S//REL TO USA, GBR)", "(U//RELIDO)"], "SECRET//NOFORN"),
        // Nobody in common.
        (&["(S//REL TO USA, GBR)", "(S//REL TO USA, DEU)"], "SECRET//NOFORN"),
        // RELIDO: every classified portion.
        (&["(S//RELIDO)", "(S//RELIDO)", "(U)"], "SECRET//RELIDO"),
        (&["(S//RELIDO)", "(S//REL TO USA, GBR)"], "SECRET//NOFORN"),
        (&["(S//REL TO USA, GBR/RELIDO)", "(S//REL TO USA, GBR)"], "SECRET//REL TO USA, GBR"),
        // DISPLAY ONLY: all portions may be shown to them.
        (&["(S//DISPLAY ONLY GBR, DEU)", "(S//DISPLAY ONLY DEU)"], "SECRET//DISPLAY ONLY DEU"),
        (&["(S//DISPLAY ONLY GBR)", "(S//REL TO USA, GBR)"], "SECRET//DISPLAY ONLY GBR"),
        (&["(S//DISPLAY ONLY GBR)", "(S//RELIDO)"], "SECRET//NOFORN"),
        // FOUO: unclassified documents without LES or SBU.
        (&["(U//FOUO)", "(U)"], "UNCLASSIFIED//FOUO"),
        (&["(U//FOUO)", "(S//NF)"], "SECRET//NOFORN"),
        (&["(U//FOUO)", "(U//LES)"], "UNCLASSIFIED//LES"),
        (&["(U//FOUO)", "(U//SBU)"], "UNCLASSIFIED//SBU"),
        // Foreign information: any; a concealed source dominates.
        (
            &["(S//FGI DEU//REL TO USA, DEU)", "(S//REL TO USA, DEU)"],
            "SECRET//FGI DEU//REL TO USA, DEU",
        ),
        (&["(S//FGI DEU//NF)", "(S//FGI FRA//NF)"], "SECRET//FGI DEU FRA//NOFORN"),
        (&["(S//FGI DEU//NF)", "(S//FGI//NF)"], "SECRET//FGI//NOFORN"),
        (&["(//NS)", "(C//NF)"], "SECRET//FGI NATO//NOFORN"),
        (&["(//NR)", "(U)"], "CONFIDENTIAL//FGI NATO"),
        (&["(//JOINT SECRET CAN USA)", "(S//NF)"], "SECRET//FGI CAN//NOFORN"),
        (&["(//JOINT S CAN USA//NF)", "(//JOINT S CAN USA)"], "//JOINT SECRET CAN USA//NOFORN"),
        // NODIS dominates EXDIS.
        (&["(S//NF//XD)", "(S//NF//ND)"], "SECRET//NOFORN//NODIS"),
        (&["(S//NF//XD)", "(S//NF)"], "SECRET//NOFORN//EXDIS"),
        // Atomic: any, and no date of declassification.
        (
            &["(S//RD//NF//DECLASSIFY ON 2040-01-01)", "(S//NF//DECLASSIFY ON 2041-01-01)"],
            "SECRET//RD//NOFORN",
        ),
        (&["(S//FRD//NF)", "(S//TFNI//NF)", "(S//CNWDI//NF)"], "SECRET//FRD/TFNI/CNWDI//NOFORN"),
        // The latest date, and none if one has none.
        (
            &["(S//NF//DECLASSIFY ON 2040-01-01)", "(C//NF//DECLASSIFY ON 2041-01-01)", "(U)"],
            "SECRET//NOFORN//DECLASSIFY ON 2041-01-01",
        ),
        (&["(S//NF//DECLASSIFY ON 2040-01-01)", "(C//NF)"], "SECRET//NOFORN"),
    ] {
        assert_eq!(banner("USA", marks), expected, "{marks:?}");
    }
}

#[test]
fn other_schemes_roll_up_by_the_same_rules() {
    for (owner, marks, expected) in [
        ("NATO", &["(NSAT)", "(NC)"][..], "NATO SECRET ATOMAL"),
        ("NATO", &["(CTS)", "(NSAT)"], "COSMIC TOP SECRET ATOMAL"),
        (
            "NATO",
            &["(NR//RELEASABLE TO CHE, UKR)", "(NU)"],
            "NATO RESTRICTED//RELEASABLE TO CHE, UKR",
        ),
        ("XAR", &["SERVICE//TLP:GREEN", "SECRET-A//TLP:AMBER"], "SECRET-A//TLP:AMBER"),
        ("XAR", &["OPEN//TLP:RED[a, b]", "OPEN//TLP:RED[b, c]"], "OPEN//TLP:RED[b]"),
        ("XAR", &["OPEN//PAP:GREEN", "OPEN//PAP:RED"], "OPEN//PAP:RED"),
        ("XAR", &["OPEN//HANDLING H1", "OPEN//HANDLING H2"], "OPEN//HANDLING H1//HANDLING H2"),
        ("XAR", &["OPEN//FIU", "OPEN"], "OPEN//FIU"),
        (
            "XAR",
            &[
                "OPEN//EMBARGO UNTIL 2031-04-12T06:00:00Z//EXPIRES ON 2032-01-01T00:00:00Z",
                "OPEN//EMBARGO UNTIL 2031-04-13T06:00:00Z//EXPIRES ON 2031-12-01T00:00:00Z",
            ],
            "OPEN//EMBARGO UNTIL 2031-04-13T06:00:00Z//EXPIRES ON 2031-12-01T00:00:00Z",
        ),
        ("CAN", &["PROTECTED A", "PROTECTED B"], "PROTECTED B"),
    ] {
        assert_eq!(banner(owner, marks), expected, "{owner} {marks:?}");
    }
}

#[test]
fn what_cannot_be_computed_is_an_error_for_a_person() {
    let schemes = Schemes::builtin();
    assert_eq!(banner("USA", &[]), "there is no portion to compute the banner from");
    let mut foreign = parts(&schemes, "XAR", &["CROWN SECRET"]);
    let scheme = schemes.get("XFE").unwrap();
    let error = rollup(&foreign, scheme, &schemes, None, today()).unwrap_err().to_string();
    assert!(error.contains("portion 1: CROWN SECRET cannot be expressed"), "{error}");
    "XZZ".clone_into(&mut foreign[0].label.policy);
    let error = rollup(&foreign, scheme, &schemes, None, today()).unwrap_err().to_string();
    assert_eq!(error, "portion 1: the scheme XZZ of its label is not known here");
}

#[test]
fn a_compilation_raises_with_a_reason_and_never_lowers() {
    let schemes = Schemes::builtin();
    let scheme = schemes.get("USA").unwrap();
    let parts = parts(&schemes, "USA", &["(C//NF)", "(U//FOUO)"]);
    let stated = |marking: &str| Compilation { marking: marking.into(), reason: "together".into() };
    let up = rollup(&parts, scheme, &schemes, Some(&stated("S")), today()).unwrap();
    assert_eq!(print_banner(&up.label, scheme), "SECRET//NOFORN");
    assert!(up.fired[0].rule.contains("together"));
    let down = rollup(&parts, scheme, &schemes, Some(&stated("U")), today()).unwrap_err();
    assert!(down.to_string().contains("UNCLASSIFIED, is below CONFIDENTIAL"), "{down}");
}

#[test]
fn a_foreign_label_is_kept_beside_the_banner() {
    let schemes = Schemes::builtin();
    let scheme = schemes.get("USA").unwrap();
    let parts = parts(&schemes, "USA", &["(//NR)", "(//NS)", "(S//NF)"]);
    let label = rollup(&parts, scheme, &schemes, None, today()).unwrap().label;
    assert_eq!(label.alternatives.len(), 1);
    assert_eq!(label.alternatives[0].marking, "NATO SECRET");
}

/// Nations to whom a label may go, of a few; none if it says nothing.
fn audience(label: &Label, schemes: &Schemes) -> Vec<&'static str> {
    let all = ["AUS", "CAN", "DEU", "GBR", "NZL", "FRA"];
    let holds = |code: &&str| {
        if label.control("NOFORN").is_some() {
            return false;
        }
        let Some(list) = label.control("REL_TO") else {
            return label.control("RELIDO").is_none() && label.control("DISPLAY_ONLY").is_none();
        };
        list.values.iter().any(|v| {
            v == *code || schemes.groups().members(v, today()).is_some_and(|m| m.contains(*code))
        })
    };
    all.into_iter().filter(holds).collect()
}

fn any_mark() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["U", "C", "S", "TS"]);
    let release = prop::sample::select(vec![
        "",
        "",
        "NF",
        "REL TO USA, GBR",
        "REL TO USA, FVEY",
        "REL TO USA, AUS, GBR",
        "REL TO USA, DEU, FVEY",
        "RELIDO",
        "DISPLAY ONLY GBR",
        "DISPLAY ONLY DEU, GBR",
        "REL TO USA, GBR/RELIDO",
    ]);
    let sci = prop::option::of(prop::sample::select(vec!["SI", "TK", "SI-G ABCD", "HCS"]));
    let extra =
        prop::option::of(prop::sample::select(vec!["OC", "OC-USGOV", "PR", "FISA", "DSEN"]));
    let fgi = prop::option::of(prop::sample::select(vec!["FGI DEU", "FGI", "FGI FRA GBR"]));
    let tail = prop::option::of(prop::sample::select(vec![
        "ND",
        "XD",
        "LES",
        "TLP:RED[a, b]",
        "TLP:RED[b]",
        "PAP:RED",
        "DECLASSIFY ON 2040-01-01",
    ]));
    (level, release, sci, extra, fgi, tail).prop_map(|(level, release, sci, extra, fgi, tail)| {
        let classified = level != "U";
        let mut segments = vec![level.to_owned()];
        segments.extend(sci.filter(|_| classified).map(str::to_owned));
        let fgi = fgi.filter(|_| !release.contains("RELIDO") && !release.contains("DISPLAY"));
        segments.extend(fgi.map(str::to_owned));
        let extra = extra.filter(|e| classified || !e.starts_with("OC"));
        let controls: Vec<&str> =
            extra.into_iter().chain([release]).filter(|c| !c.is_empty()).collect();
        if !controls.is_empty() {
            segments.push(controls.join("/"));
        }
        segments.extend(tail.map(str::to_owned));
        format!("({})", segments.join("//"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_banner_is_never_below_a_portion_and_does_not_depend_on_their_order(
        marks in prop::collection::vec(any_mark(), 1..6), turn in 0..6_usize, more in any_mark(),
    ) {
        let schemes = Schemes::builtin();
        let scheme = schemes.get("USA").unwrap();
        let texts: Vec<&str> = marks.iter().map(String::as_str).collect();
        let mut parts = parts(&schemes, "USA", &texts);
        let roll = |parts: &[Part]| rollup(parts, scheme, &schemes, None, today()).unwrap().label;
        let label = roll(&parts);
        for part in &parts {
            prop_assert!(label.class >= part.label.class);
            let allowed = audience(&part.label, &schemes);
            for nation in audience(&label, &schemes) {
                prop_assert!(allowed.contains(&nation), "{nation}: {} over {marks:?}", print_banner(&label, scheme));
            }
            for held in part.label.controls.iter().filter(|c| c.tag == "COMPARTMENT") {
                let replaced = held.values == ["EXDIS"];
                prop_assert!(replaced || label.controls.contains(held), "{held:?}");
            }
            let orcon = part.label.control("ORCON").is_none() || label.control("ORCON").is_some();
            prop_assert!(orcon);
        }
        // Its own banner, alone or among the portions.
        let whole = Part { name: "banner".into(), label: label.clone(), external: false };
        prop_assert_eq!(&roll(std::slice::from_ref(&whole)), &label);
        // What is printed is read as what was computed.
        let printed = print_banner(&label, scheme);
        let read = parse_marking(&printed, scheme, &schemes, None, today()).unwrap().label;
        prop_assert_eq!(canonical(&read, scheme), label.clone(), "{}", printed);
        let len = parts.len();
        parts.rotate_left(turn % len);
        prop_assert_eq!(&roll(&parts), &label);
        // One portion more never lowers and never widens.
        let further = self::parts(&schemes, "USA", &[&more]).remove(0);
        parts.push(further);
        let wider = roll(&parts);
        prop_assert!(wider.class >= label.class);
        let before = audience(&label, &schemes);
        prop_assert!(audience(&wider, &schemes).iter().all(|n| before.contains(n)));
    }
}
