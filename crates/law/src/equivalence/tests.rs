use proptest::prelude::*;

use super::*;
use crate::marking::parse_label;

fn day(text: &str) -> Timestamp {
    crate::time::day_start(text).unwrap()
}

fn converted(from: &str, text: &str, to: &str, on: &str) -> Converted {
    let schemes = Schemes::builtin();
    let (of, to) = (schemes.get(from).unwrap(), schemes.get(to).unwrap());
    let label = parse_label(text, of, day(on)).unwrap();
    let basis =
        table_between(&schemes, from, to.owner(), day(on)).map_or(Basis::Ladder, Basis::Table);
    convert(&label, of, to, basis, day(on)).unwrap()
}

/// What a marking becomes: the marking, with `+` where it is higher and `~` where no table binds.
fn check(from: &str, text: &str, to: &str, expected: &str) {
    let result = converted(from, text, to, "2026-11-25");
    let says = match &result.outcome {
        Outcome::Equal { marking, .. } => marking.clone(),
        Outcome::Higher { marking, words: None, .. } => format!("+{marking}"),
        Outcome::Higher { words: Some(words), .. } => format!("+{words}"),
        Outcome::Prescribed { .. } => "prescribed".to_owned(),
        Outcome::NotTransferable { .. } => "no".to_owned(),
    };
    let says = if result.binding { says } else { format!("~{says}") };
    assert_eq!(says, expected, "{from} {text} to {to}");
}

#[test]
fn documented_equivalents_hold() {
    check("DEU", "GEHEIM", "EU", "SECRET UE/EU SECRET");
    check("EU", "EU SECRET", "ESP", "RESERVADO");
    check("EU", "EU RESTRICTED", "PRT", "Reservado");
    // No such level: the next higher, or what the text prescribes.
    check("EU", "EU CONFIDENTIAL", "FRA", "+SECRET");
    check("FRA", "CONFIDENTIEL DÉFENSE", "EU", "CONFIDENTIEL UE/EU CONFIDENTIAL");
    check("EU", "EU RESTRICTED", "FRA", "prescribed");
    check("EU", "EU RESTRICTED", "BEL", "prescribed");
    check("EU", "EU RESTRICTED", "USA", "prescribed");
    check("USA", "SECRET", "EU", "SECRET UE/EU SECRET");
    check("KOR", "II-KUP", "JPN", "極秘");
    check("KOR", "III-KUP", "JPN", "秘");
    check("KOR", "군사 I급 비밀", "JPN", "no");
    // Without a table the ladder serves for comparison only.
    check("DEU", "VS-VERTRAULICH", "GBR", "~+SECRET");
    check("USA", "CONFIDENTIAL", "AUS", "~+SECRET");
    check("GBR", "OFFICIAL-SENSITIVE", "USA", "~+CONFIDENTIAL - Modified Handling");
    check("DEU", "VS - NUR FÜR DEN DIENSTGEBRAUCH", "USA", "~+CONFIDENTIAL - Modified Handling");
    check("XAR", "CROWN SECRET", "XFE", "~no");
    check("NATO", "NS", "UN", "~no");
    check("USA", "UNCLASSIFIED", "DEU", "~UNCLASSIFIED");
}

#[test]
fn losses_are_named_and_the_originators_level_stays() {
    let result = converted("DEU", "VS-VERTRAULICH//NOFORN", "GBR", "2026-11-25");
    assert_eq!(result.back.as_deref(), Some("GEHEIM"));
    assert!(result.losses[0].contains("the way back gives GEHEIM"), "{:?}", result.losses);
    assert!(result.losses[1].contains("SECRET is higher"), "{:?}", result.losses);
    assert_eq!(result.alternative.unwrap().marking, "SECRET");
    let result = converted("USA", "TS//SI//REL TO USA, GBR", "GBR", "2026-11-25");
    assert_eq!(
        result.losses,
        [
            "GBR has no word of its own for `COMPARTMENT SI`, which still binds",
            "GBR has no word of its own for `REL TO USA, GBR`, which still binds"
        ]
    );
}

#[test]
fn forwarding_maps_the_originators_marking_and_not_the_handlers() {
    // France handles it as SECRET; what reaches Poland is still CONFIDENTIAL.
    check("EU", "EU CONFIDENTIAL", "FRA", "+SECRET");
    check("EU", "EU CONFIDENTIAL", "POL", "Poufne");
}

#[test]
fn legacy_markings_are_mapped_by_the_day_of_the_document() {
    let before = converted("EU", "EU CONFIDENTIAL", "FRA", "2020-05-01").outcome;
    assert_eq!(before.marking(), Some("CONFIDENTIEL DÉFENSE"));
    let old = converted("FRA", "SECRET DÉFENSE", "EU", "2026-11-25");
    assert_eq!(old.outcome.marking(), Some("SECRET UE/EU SECRET"));
}

#[test]
fn a_table_that_names_what_does_not_exist_says_where() {
    let schemes = Schemes::builtin();
    let text = "table = \"T\"\ntitle = \"T\"\nsource = \"s\"\nchecked = \"invented\"\nunmapped = \"deny\"\n\
        [[rows]]\nlevel = \"SECRET\"\n[rows.levels]\nXAR = \"S\"\nXBR = \"S\"\n";
    Table::parse(text, &schemes).unwrap();
    for (from, to, line, says) in [
        ("XBR = \"S\"", "XBR = \"C\"", 10, "`XBR` has no level `C`; its levels are U, R, S, TS"),
        ("XBR = \"S\"", "XZZ = \"S\"", 10, "`XZZ` has no classification scheme"),
        ("unmapped = \"deny\"", "unmapped = \"guess\"", 5, "next_higher, deny"),
        ("level = \"SECRET\"", "lvl = \"SECRET\"", 6, "the key `level` is missing"),
    ] {
        let problems = Table::parse(&text.replace(from, to), &schemes).unwrap_err();
        let first = problems.iter().next().unwrap();
        assert_eq!(first.line, line, "{problems}");
        assert!(first.message.contains(says), "{problems}");
    }
}

proptest! {
    #[test]
    fn a_conversion_never_protects_less_than_the_originator_asked(
        from in 0..200_usize, to in 0..200_usize, level in 0..10_usize,
    ) {
        let schemes = Schemes::builtin();
        let all: Vec<&Scheme> = schemes.iter().collect();
        let (from, to) = (all[from % all.len()], all[to % all.len()]);
        let level = &from.levels()[level % from.levels().len()];
        let on = day("2026-11-25");
        let tables = schemes.tables().map(Basis::Table).chain([Basis::Ladder]);
        for basis in tables {
            let outcome = convert_level(from, level, to, basis, on);
            if let Some(class) = outcome.class() {
                prop_assert!(class >= level.class, "{} to {}", level.marking, to.owner());
                let there = to.spelt(outcome.marking().unwrap(), Some(on)).unwrap();
                prop_assert_eq!(there.level.class, class);
            }
        }
    }
}
