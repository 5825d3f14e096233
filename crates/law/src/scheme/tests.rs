use super::*;

#[test]
fn every_builtin_file_reads_and_none_is_left_out() {
    let schemes = Schemes::builtin();
    for (file, text) in builtin::SCHEMES {
        let scheme = Scheme::parse(text).unwrap_or_else(|p| panic!("{file}: {p}"));
        assert_eq!(file, format!("{}.toml", scheme.owner().to_lowercase()));
    }
    assert_eq!(schemes.iter().count(), builtin::SCHEMES.len());
    let groups = Groups::parse(builtin::GROUPS).unwrap_or_else(|p| panic!("groups.toml: {p}"));
    assert_eq!(schemes.groups(), &groups);
    for (file, text) in builtin::TABLES {
        let table = Table::parse(text, &schemes).unwrap_or_else(|p| panic!("{file}: {p}"));
        assert_eq!(file, format!("{}.toml", table.code().to_lowercase()));
    }
    assert_eq!(schemes.tables().count(), builtin::TABLES.len());
    assert_eq!(schemes.level("XAR", "SECRET-A"), Some(3));
    assert_eq!(schemes.get("XBR").unwrap().marking(1), Some("TJENST"));
    assert_eq!(schemes.get("XBR").unwrap().marking(2), None);
    let unknown = schemes.get("XZZ").unwrap_err().to_string();
    assert!(unknown.contains("known schemes: AUS, AUT"), "{unknown}");
}

fn day(text: &str) -> Timestamp {
    crate::time::day_start(text).unwrap()
}

#[test]
fn false_friends_are_told_apart_by_their_owner() {
    let schemes = Schemes::builtin();
    for (owner, marking, class) in [
        ("ESP", "RESERVADO", 3),
        ("PRT", "Reservado", 1),
        ("ITA", "Riservato", 1),
        ("ITA", "Riservatissimo", 2),
        ("ROU", "Secret", 2),
        ("ROU", "Strict secret", 3),
        ("SVN", "INTERNO", 1),
        ("NLD", "Dep. VERTROUWELIJK", 1),
        ("BEL", "Vertrouwelijk", 2),
        ("IRL", "Secret", 3),
    ] {
        assert_eq!(schemes.level(owner, marking), Some(class), "{owner} {marking}");
    }
}

#[test]
fn a_marking_is_read_in_each_language_short_and_in_capitals() {
    let schemes = Schemes::builtin();
    for (owner, written, kept) in [
        ("BEL", "Zeer Geheim", "Très Secret / Zeer Geheim"),
        ("BEL", "TRÈS SECRET / ZEER GEHEIM", "Très Secret / Zeer Geheim"),
        ("FIN", "HEMLIG", "SALAINEN / HEMLIG"),
        ("EU", "EU TOP SECRET", "TRÈS SECRET UE/EU TOP SECRET"),
        ("EU", "TS-UE/EU-TS", "TRÈS SECRET UE/EU TOP SECRET"),
        ("EU", "LIMITE", "LIMITE"),
        ("GRC", "ΑΑΠ", "Άκρως Απόρρητο"),
        ("NATO", "NS", "NATO SECRET"),
        ("NATO", "COSMIC TRÈS SECRET", "COSMIC TOP SECRET"),
        ("JPN", "Gokuhi", "極秘"),
        ("FRA", "SECRET DÉFENSE", "SECRET DÉFENSE"),
    ] {
        let spelt = schemes.get(owner).unwrap().spelt(written, None);
        assert_eq!(spelt.map(|s| s.marking), Some(kept), "{owner} {written}");
    }
    assert_eq!(schemes.get("DEU").unwrap().spelt("Geheimnis", None), None);
}

#[test]
fn what_is_given_changes_with_the_day_and_old_markings_stay() {
    let schemes = Schemes::builtin();
    let fra = schemes.get("FRA").unwrap();
    let (before, after) = (day("2021-06-30"), day("2021-07-01"));
    assert_eq!(fra.equal(2, before).map(|l| l.id.as_str()), Some("CD"));
    assert_eq!(fra.equal(2, after), None);
    assert_eq!(fra.at_least(2, after).map(|l| l.id.as_str()), Some("S"));
    let legacy = fra.spelt("SECRET DÉFENSE", Some(after)).unwrap();
    assert_eq!((legacy.level.id.as_str(), legacy.period.until), ("S", Some(before)));
    let given: Vec<&str> = fra.markings().map(|(m, _)| m).collect();
    assert_eq!(given, ["UNCLASSIFIED", "DIFFUSION RESTREINTE", "SECRET", "TRÈS SECRET"]);
}

const FILE: &str = r#"nation = "XYZ"
name = "Xyz"
languages = ["en", "fr"]
source = "a test"
checked = "invented"

[[levels]]
id = "S"
level = "SECRET"
marking = { en = "HIDDEN", fr = "CACHÉ" }
abbreviation = "H"

[[levels]]
id = "TS"
level = "TOP_SECRET"
marking = { en = "DEEP", fr = "PROFOND" }

[[controls]]
marking = "LANTERN"
class = "restrictive"
"#;

/// Changes the file, and expects one problem at a line.
fn check(from: &str, to: &str, line: usize, says: &str) {
    assert!(FILE.contains(from), "{from}");
    let problems = Scheme::parse(&FILE.replacen(from, to, 1)).unwrap_err();
    let first = problems.iter().next().unwrap();
    assert_eq!(first.line, line, "{to}: {problems}");
    assert!(first.message.contains(says), "{to}: {problems}");
}

#[test]
fn whatever_is_wrong_with_a_file_is_one_sentence_at_its_line() {
    Scheme::parse(FILE).unwrap();
    check("name = ", "nme = ", 1, "the key `name` is missing");
    check("source = ", "sorce = ", 1, "the key `source` is missing");
    check("checked = \"invented\"", "checked = \"yes\"", 5, "expected one of official");
    check("nation = \"XYZ\"", "organisation = \"XYZ\"", 1, "not one of three letters");
    check("nation = \"XYZ\"", "", 1, "either the key `nation` or the key `organisation`");
    check("\"CACHÉ\" }", "\"CACHÉ\", de = \"X\" }", 10, "unknown key");
    check(", fr = \"CACHÉ\"", "", 10, "the marking in `fr` is missing");
    check("{ en = \"HIDDEN\", fr = \"CACHÉ\" }", "\"HIDDEN\"", 10, "prints in en, fr");
    check("id = \"TS\"", "id = \"S\"", 14, "another level of the scheme has this id");
    check("\"DEEP\"", "\"HIDDEN\"", 16, "`HIDDEN` already means the level S");
    check("\"DEEP\"", "\"Hidden\"", 16, "`Hidden` already means the level S");
    check("\"DEEP\"", "\"A//B\"", 16, "has no `//`");
    check("abbreviation = \"H\"", "aliases = [\"HIDDEN\"]", 11, "write it once");
    check("abbreviation = \"H\"", "abbreviation = \"DEEP\"", 16, "already means the level S");
    check("abbreviation = \"H\"", "legacy = [{ marking = \"PROFOND\" }]", 16, "overlap");
    check("abbreviation = \"H\"", "from = 2031-01-02\nuntil = 2031-01-01", 12, "is before `from`");
    check("level = \"SECRET\"", "level = \"SCRET\"", 9, "unknown level");
    check("\"restrictive\"", "\"restrictive\"\ncategory = \"SCI\"", 21, "it has none");
    check("level = \"SECRET\"", "", 7, "either `level`");
    check("class = \"restrictive\"", "class = \"strict\"", 20, "restrictive, informative");
    check("class = \"restrictive\"", "is = \"LANTERN\"", 20, "NOFORN, REL_TO");
    check(
        "class = \"restrictive\"",
        "class = \"restrictive\"\nexcludes = [\"X\"]",
        21,
        "not a control",
    );
    check(
        "class = \"restrictive\"",
        "class = \"restrictive\"\nlevels = [\"X\"]",
        21,
        "ids of levels",
    );
    check("languages = [\"en\", \"fr\"]", "languages = [\"English\"]", 3, "ISO 639");
}

#[test]
fn a_marking_may_mean_one_level_after_another() {
    let old = FILE.replace("abbreviation = \"H\"", "until = \"2029-12-31\"");
    let text = old.replace(
        "\"DEEP\", fr = \"PROFOND\" }",
        "\"HIDDEN\", fr = \"PROFOND\" }\nfrom = 2030-01-01",
    );
    let scheme = Scheme::parse(&text).unwrap();
    let on = |text| scheme.spelt("HIDDEN", Some(day(text))).unwrap().level.class;
    assert_eq!((on("2029-12-31"), on("2030-01-01")), (3, 4));
    assert!(scheme.has("HIDDEN", 3) && scheme.has("HIDDEN", 4) && !scheme.has("HIDDEN", 2));
}

#[test]
fn the_scheme_that_the_guide_shows_is_correct() {
    let guide = include_str!("../../../../docs/guides/classification.md");
    let blocks = guide.split("```toml\n").skip(1);
    let file: String = blocks.filter_map(|rest| rest.split("```").next()).collect();
    let scheme = Scheme::parse(&file).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(scheme.owner(), "XAR");
    assert_eq!(scheme.controls().len(), 2);
}

#[test]
fn a_nation_adds_its_files() {
    let mut schemes = Schemes::builtin();
    assert_eq!(schemes.include(FILE), Ok(Included::Scheme("XYZ".into())));
    let table = "table = \"XYZ-XAR\"\ntitle = \"T\"\nsource = \"s\"\nchecked = \"invented\"\n\
        unmapped = \"deny\"\n[[rows]]\nlevel = \"SECRET\"\n[rows.levels]\nXAR = \"S\"\nXYZ = \"S\"\n";
    assert_eq!(schemes.include(table), Ok(Included::Table("XYZ-XAR".into())));
    assert_eq!(schemes.include(builtin::GROUPS), Ok(Included::Groups));
    assert!(Schemes::builtin().include(table).is_err(), "the scheme comes before its tables");
    assert_eq!(schemes.level("XYZ", "CACHÉ"), Some(3));
}
