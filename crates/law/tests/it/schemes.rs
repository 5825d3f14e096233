//! Every scheme: a table that a lawyer can review, known answers, and that printing and reading
//! undo each other.

use std::fmt::Write as _;

use entente_law::confidentiality::{Category, Confidentiality, from_4774};
use entente_law::rollup::{Part, rollup};
use entente_law::scheme::Meaning;
use entente_law::{
    LabelError, Scheme, Schemes, canonical, day_start, parse_label, parse_marking, print_banner,
    print_in_document, print_label, print_portion_mark,
};
use entente_model::{ControlKind, Label, Timestamp};
use serde_json::Value;

const GOLDEN: &str = "schemes/schemes.txt";

fn today() -> Timestamp {
    day_start("2026-11-25").unwrap()
}

fn all_schemes() -> String {
    let schemes = Schemes::builtin();
    let mut out = String::from(
        "Every scheme, table of equivalence and group that comes with the program\n\n\
         Made from the files beside this one; change those. Levels stand from the highest to the\n\
         lowest, each with its id in brackets and its place on the common ladder.\n\n",
    );
    for scheme in schemes.iter() {
        writeln!(out, "{}", scheme.page()).unwrap();
    }
    for table in schemes.tables() {
        let title = format!("{}  {}", table.code(), table.title());
        writeln!(out, "{title}\n{}", "=".repeat(title.chars().count())).unwrap();
        writeln!(out, "Source: {} ({}).", table.source(), table.checked().says()).unwrap();
        let missing = if table.next_higher() { "the next higher level" } else { "nothing goes" };
        writeln!(out, "Without an equivalent: {missing}.").unwrap();
        for note in table.notes() {
            writeln!(out, "Note: {note}").unwrap();
        }
        for row in table.rows().iter().rev() {
            writeln!(out, "{}", entente_law::level::name(row.class)).unwrap();
            for (owner, id) in &row.levels {
                let level = schemes.get(owner).unwrap().level_by_id(id).unwrap();
                let period = level.period.says();
                let period = if period.is_empty() { period } else { format!("  ({period})") };
                writeln!(out, "    {owner}  {}{period}", level.marking).unwrap();
            }
            for (owner, text) in &row.prescribed {
                writeln!(out, "    {owner}  none: {text}").unwrap();
            }
        }
        writeln!(out).unwrap();
    }
    writeln!(out, "Groups\n======\nSource: {}.", schemes.groups().source()).unwrap();
    for (code, name) in schemes.groups().iter() {
        let members = schemes.groups().members(code, today());
        let members = members.map_or("members not known, so never expanded".to_owned(), |all| {
            all.iter().cloned().collect::<Vec<_>>().join(", ")
        });
        writeln!(out, "{code}  {name}: {members}").unwrap();
    }
    out
}

#[test]
fn the_table_of_all_schemes_is_as_reviewed() {
    let path = format!("{}/../../{GOLDEN}", env!("CARGO_MANIFEST_DIR"));
    let now = all_schemes();
    if std::env::var_os("ENTENTE_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    assert!(reviewed == now, "{GOLDEN} differs; set ENTENTE_BLESS, and read what changed");
}

/// Texts of controls for a scheme: its own words and the common ones.
fn words(scheme: &Scheme) -> Vec<String> {
    let mut words = vec![String::new()];
    let common = "NOFORN;REL TO GBR, USA, FVEY;DISPLAY ONLY DEU;ORCON;ORCON USGOV;PROPIN SKYEYE-LTD;\
        RELIDO;COMPARTMENT LANTERN;NOTICE FISA;FGI;FGI DEU FRA;JOINT CAN GBR;FIU;HANDLING H3;\
        HANDLING C;HANDLING 5X5X5-4;TLP:RED[a b, c];TLP:AMBER+STRICT;PAP:GREEN;\
        EMBARGO UNTIL 2031-04-12T06:00:00Z;EXPIRES ON 2031-04-12T06:00:00Z;DECLASSIFY ON 2041-06-30";
    words.extend(common.split(';').map(|w| w.trim().to_owned()));
    for one in scheme.controls() {
        for form in [Some(&one.marking), one.portion.as_ref()].into_iter().flatten() {
            let list = matches!(one.meaning, Meaning::Common("REL_TO" | "DISPLAY_ONLY"));
            words.push(if list { format!("{form} {}, GBR", scheme.owner()) } else { form.clone() });
            if one.compartments {
                words.push(format!("{form}-G ABCD"));
            }
        }
    }
    words
}

fn read(text: &str, scheme: &Scheme, schemes: &Schemes) -> Result<Label, LabelError> {
    parse_marking(text, scheme, schemes, None, today()).map(|p| canonical(&p.label, scheme))
}

#[test]
fn reading_undoes_printing_for_every_scheme_level_and_control() {
    let schemes = Schemes::builtin();
    let usa = schemes.get("USA").unwrap();
    let mut seen = 0;
    for scheme in schemes.iter() {
        let words = words(scheme);
        let mut markings: Vec<&str> = Vec::new();
        for level in scheme.levels() {
            markings.push(&level.marking);
            markings.push(level.short());
            markings.extend(level.words.iter().map(|(_, word)| word.as_str()));
            markings.extend(level.aliases.iter().map(String::as_str));
            markings.extend(level.legacy.iter().map(|old| old.marking.as_str()));
        }
        markings.extend(scheme.combined().iter().map(|both| both.marking.as_str()));
        for marking in markings {
            for (n, word) in words.iter().enumerate() {
                // Alone, and beside every thirteenth other.
                for other in words.iter().skip(n % 13).step_by(13) {
                    let text = format!("{marking}//{word}//{other}");
                    let text = text.trim_end_matches('/').replace("////", "//");
                    // What the scheme's rules forbid is not a label.
                    let Ok(label) = read(&text, scheme, &schemes) else { continue };
                    seen += 1;
                    let banner = print_banner(&label, scheme);
                    assert_eq!(read(&banner, scheme, &schemes), Ok(label.clone()), "{banner}");
                    let portion = print_portion_mark(&label, scheme, None);
                    assert_eq!(read(&portion, scheme, &schemes), Ok(label.clone()), "{portion}");
                    let short = print_portion_mark(&label, scheme, Some(&label));
                    let again = parse_marking(&short, scheme, &schemes, Some(&label), today());
                    assert_eq!(canonical(&again.unwrap().label, scheme), label, "{short}");
                    let line = print_label(&label);
                    let plain = parse_label(&line, scheme, today()).unwrap();
                    assert_eq!(canonical(&plain, scheme), label, "{line}");
                    if let Some(inside) = print_in_document(&label, usa, &schemes) {
                        let again = parse_marking(&inside, usa, &schemes, None, today());
                        let again = again.unwrap_or_else(|e| panic!("{inside}: {e}")).label;
                        assert_eq!(canonical(&again, scheme), label, "{inside}");
                    }
                    let part = Part { name: "1".into(), label: label.clone(), external: false };
                    let rolled = rollup(&[part], scheme, &schemes, None, today()).unwrap().label;
                    assert_eq!(rolled.class, label.class, "{banner}");
                }
            }
        }
    }
    assert!(seen > 5_000, "{seen} labels");
}

#[test]
fn the_documented_examples_read_as_documented() {
    let schemes = Schemes::builtin();
    let usa = schemes.get("USA").unwrap();
    for (banner, portion) in [
        ("TOP SECRET//SI//ORCON/NOFORN", "(TS//SI//OC/NF)"),
        ("SECRET//REL TO USA, AUS, GBR, NATO", "(S//REL TO USA, AUS, GBR, NATO)"),
        ("SECRET//FGI DEU//REL TO USA, DEU", "(S//FGI DEU//REL TO USA, DEU)"),
        ("//JOINT SECRET CAN GBR USA", "(//JOINT S CAN GBR USA)"),
        ("UNCLASSIFIED//FOUO", "(U//FOUO)"),
        ("SECRET//ORCON-USGOV/IMCON/PROPIN", "(S//OC-USGOV/IMC/PR)"),
        ("SECRET//RSEN/RELIDO", "(S//RSEN/RELIDO)"),
        ("TOP SECRET//SI-G ABCD/TK//SAR-BP//RD//NOFORN", "(TS//SI-G ABCD/TK//SAR-BP//RD//NF)"),
        ("CONFIDENTIAL//DISPLAY ONLY GBR", "(C//DISPLAY ONLY GBR)"),
        ("SECRET//NOFORN/FISA//NODIS", "(S//NF/FISA//ND)"),
    ] {
        let label = read(banner, usa, &schemes).unwrap_or_else(|e| panic!("{banner}: {e}"));
        assert_eq!(print_banner(&label, usa), banner);
        assert_eq!(print_portion_mark(&label, usa, None), portion);
        assert_eq!(read(portion, usa, &schemes), Ok(label), "{portion}");
    }
    let label = read("SECRET//REL TO USA, AUS, GBR, NATO", usa, &schemes).unwrap();
    assert_eq!(print_portion_mark(&label, usa, Some(&label)), "(S//REL)");
    for (text, inside) in [
        ("//NATO SECRET", "//NATO SECRET"),
        ("(//NS)", "//NATO SECRET"),
        ("//DEU GEHEIM", "//DEU GEHEIM"),
    ] {
        let label = parse_marking(text, usa, &schemes, None, today()).unwrap().label;
        assert_eq!(print_in_document(&label, usa, &schemes).as_deref(), Some(inside));
    }
}

#[test]
fn what_the_register_forbids_is_an_error_at_its_place() {
    let schemes = Schemes::builtin();
    for (owner, text, expected) in [
        (
            "USA",
            "SECRET//NOFORN/REL TO USA, GBR",
            "column 9: `NOFORN`: it never stands beside REL TO",
        ),
        ("USA", "SECRET//NOFORN/RELIDO", "column 9: `NOFORN`: it never stands beside RELIDO"),
        (
            "USA",
            "SECRET//RELIDO/DISPLAY ONLY GBR",
            "column 9: `RELIDO`: it never stands beside DISPLAY ONLY",
        ),
        ("USA", "SECRET//FGI DEU//RELIDO", "column 18: `RELIDO`: it never stands beside FGI"),
        ("USA", "SECRET//FGI DEU//DISPLAY ONLY GBR", "column 18: `DISPLAY ONLY GBR`: it never"),
        ("USA", "SECRET//DISPLAY ONLY", "column 9: `DISPLAY ONLY`: expected nation or group codes"),
        ("USA", "UNCLASSIFIED//ORCON", "column 15: `ORCON`: it stands with C, S, TS only"),
        ("USA", "CONFIDENTIAL//RSEN", "column 15: `RSEN`: it stands with S, TS only"),
        ("USA", "CONFIDENTIAL//IMCON", "column 15: `IMCON`: it stands with S, TS only"),
        ("USA", "SECRET//FOUO", "column 9: `FOUO`: it stands with U only"),
        (
            "USA",
            "SECRET//EYES ONLY",
            "column 9: `EYES ONLY`: it is retired since 2014-09-11; use REL TO",
        ),
        ("USA", "SECRET//REL TO GBR, USA", "column 9: `REL TO GBR, USA`: the list starts with USA"),
        ("USA", "(S//REL)", "column 5: `REL`: alone it stands for the list of the banner"),
        ("USA", "(S//NF", "column 1: the portion begins with `(`"),
        (
            "USA",
            "SECRET//SI/NOFRN",
            "column 12: `NOFRN` is not a control that is known here; did you mean `NOFORN`?",
        ),
        ("USA", "//SECRET", "column 3: `SECRET` is a marking of "),
        ("USA", "//GEHEIMNIS", "column 3: `GEHEIMNIS` is not a marking of any other owner"),
        ("USA", "//JOINT SECRET CAN", "column 9: `SECRET CAN`: expected the codes of two owners"),
        ("USA", "//JOINT SECRET CAN GBR", "column 9: `SECRET CAN GBR`: its owners include USA"),
        ("USA", "GEHEIM", "column 1: `GEHEIM` is not a marking of USA"),
        ("NATO", "NATO RESTRICTED//ATOMAL", "column 18: `ATOMAL`: it stands with NC, NS, CTS only"),
        ("NATO", "NATO SECRET//BOHEMIA", "column 14: `BOHEMIA`: it stands with CTS only"),
        ("DEU", "//NATO SECRET", "column 1: the label is empty"),
    ] {
        let scheme = schemes.get(owner).unwrap();
        let error = parse_marking(text, scheme, &schemes, None, today()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn old_markings_are_kept_as_printed_and_said_to_be_old() {
    let schemes = Schemes::builtin();
    for (owner, text) in [("FRA", "SECRET DÉFENSE"), ("GBR", "CONFIDENTIAL"), ("GBR", "RESTRICTED")]
    {
        let scheme = schemes.get(owner).unwrap();
        let read =
            |on| parse_marking(text, scheme, &schemes, None, day_start(on).unwrap()).unwrap();
        let now = read("2026-11-25");
        assert_eq!(print_banner(&now.label, scheme), text);
        assert!(now.findings[0].contains("is a marking of another time"), "{:?}", now.findings);
        assert_eq!(read("2014-01-01").findings, Vec::<String>::new());
    }
}

#[test]
fn published_markings_are_those_of_the_schemes() {
    let schemes = Schemes::builtin();
    let rows = include_str!("../../../../vectors/labels/national-classifications.jsonl");
    let mut seen = 0;
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let holder = row["holder"].as_str().unwrap();
        let owner = if holder == "European Union" { "EU" } else { holder };
        let scheme = schemes.get(owner).unwrap();
        for (n, ways) in row["levels"].as_array().unwrap().iter().enumerate() {
            let class = 4 - u8::try_from(n).unwrap();
            let Some(ways) = ways.as_array() else {
                assert_eq!(scheme.equal(class, today()), None, "{owner}");
                continue;
            };
            for way in ways {
                // The law's date and the brackets of an abbreviation are not part of the marking.
                let way = way.as_str().unwrap();
                let way = way.trim_start_matches('(').trim_end_matches(')');
                let way = way.split(" (").next().unwrap();
                assert_eq!(scheme.level(way), Some(class), "{owner} {way}");
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn labels_of_another_librarys_tests_map_or_are_refused() {
    let schemes = Schemes::builtin();
    let nato = schemes.get("NATO").unwrap();
    for row in include_str!("../../../../vectors/labels/4774.jsonl").lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let texts = |v: &Value| -> Vec<String> {
            v.as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
        };
        let category = |c: &Value| Category {
            tag_name: c[0].as_str().unwrap().to_owned(),
            kind: match c[1].as_str().unwrap() {
                "PERMISSIVE" => ControlKind::Permissive,
                "RESTRICTIVE" => ControlKind::Restrictive,
                _ => ControlKind::Informative,
            },
            values: texts(&c[2]),
        };
        let label = Confidentiality {
            policy: row["policy"].as_str().unwrap().to_owned(),
            oid: None,
            classification: row["classification"].as_str().unwrap().to_owned(),
            categories: row["categories"].as_array().unwrap().iter().map(category).collect(),
            created: today(),
            review: None,
            alternatives: Vec::new(),
        };
        let banner = from_4774(&label, &schemes).ok().map(|m| print_banner(&m.label, nato));
        assert_eq!(banner.as_deref(), row["banner"].as_str(), "{}", row["case"]);
    }
}
