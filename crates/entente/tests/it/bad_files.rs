//! Files that cannot be published as they are: the sentence names the file, the place, and what
//! would be right; and nothing of the file is taken unless the person says so.

use std::process::Output;

use crate::refusals::Node;

const PUBLISH: [&str; 4] = ["--label", "SERVICE", "--purpose", "piracy"];

fn publish<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["publish", file][..], &PUBLISH, more].concat()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn indicator(number: u32, more: &str) -> String {
    format!(
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\
         \"id\":\"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{number:02}\",\
         \"created\":\"2016-04-06T20:03:48.000Z\",\"modified\":\"2016-04-06T20:03:48.000Z\",\
         \"pattern\":\"[file:size = {number}]\",\"pattern_type\":\"stix\",\
         \"valid_from\":\"2016-01-01T00:00:00Z\"{more}}}"
    )
}

fn bundle(objects: &[String]) -> String {
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d\",\
         \"objects\":[\n{}\n]}}",
        objects.join(",\n")
    )
}

#[test]
fn json_that_is_wrong_is_refused_with_file_line_column_and_path() {
    let node = Node::start();
    let good = bundle(&[indicator(1, ""), indicator(2, "")]);
    let cut = &good.as_bytes()[..good.len() / 2];
    let deep = bundle(&[indicator(1, &format!(",\"x\":{}{}", "[".repeat(70), "]".repeat(70)))]);
    let twice = bundle(&[indicator(1, ",\"pattern\":\"[file:size = 9]\"")]);
    let escaped = bundle(&[indicator(1, ",\"p\\u0061ttern\":\"[file:size = 9]\"")]);
    let big = bundle(&[indicator(1, ",\"confidence\":9007199254740993")]);
    let mut latin = good.clone().into_bytes();
    let at = good.find("file:size").unwrap();
    latin[at] = 0xe9;
    for (name, content, said) in [
        ("cut.json", cut, &["line 2, column ", "the document ends here; expected"][..]),
        ("deep.json", deep.as_bytes(), &["line 2, column ", "nested more than 64 deep"]),
        ("bottomless.json", "[".repeat(100_000).as_bytes(), &["nested more than 64 deep"]),
        (
            "twice.json",
            twice.as_bytes(),
            &["line 2, ", "$.objects[0].pattern", "`pattern` stands twice"],
        ),
        ("escaped.json", escaped.as_bytes(), &["line 2, ", "`pattern` stands twice"]),
        ("big.json", big.as_bytes(), &["9007199254740993", "beyond ±2^53", "write it as a string"]),
        (
            "latin.json",
            &latin,
            &["line 2, column ", "a byte is not UTF-8", "save the document as UTF-8"],
        ),
        ("empty.json", b" \n", &["the file is empty"]),
    ] {
        node.file(name, content);
        node.check("ana", &publish(name, &[]), 2, &[&[name], said].concat());
    }
    assert!(node.json("ana", &["objects", "list"])["objects"].as_array().unwrap().is_empty());
}

#[test]
fn what_is_too_large_is_refused_with_the_limit() {
    let node = Node::start();
    let mebibyte = "x".repeat(1 << 20);
    node.file("one.txt", format!("{mebibyte}x").as_bytes());
    node.check(
        "ana",
        &publish("one.txt", &[]),
        2,
        &["one.txt", "1048577 bytes", "at most 1048576"],
    );
    let object = bundle(&[indicator(1, ""), indicator(2, &format!(",\"x\":\"{mebibyte}\""))]);
    node.file("object.json", object.as_bytes());
    let said = ["object.json", "one of 2 pieces", "cd02", "at most 1048576"];
    node.check("ana", &publish("object.json", &[]), 2, &said);
    // A file of holes: it takes no room on the disk.
    let hole = std::fs::File::create(node.path("hole.bin")).unwrap();
    hole.set_len((64 << 20) + 1).unwrap();
    let said = ["hole.bin is too large", "at most 67108864 bytes"];
    node.check("ana", &publish("hole.bin", &[]), 2, &said);
    // Below what may be read, and still more than one object may be.
    hole.set_len(60 << 20).unwrap();
    node.check("ana", &publish("hole.bin", &[]), 2, &["at most 1048576"]);
    assert!(node.json("ana", &["objects", "list"])["objects"].as_array().unwrap().is_empty());
}

#[test]
fn one_bad_object_keeps_the_good_ones_out_unless_the_rest_is_to_be_taken() {
    let node = Node::start();
    let nameless = "{\"type\":\"indicator\",\"spec_version\":\"2.1\"}".to_owned();
    let mixed = bundle(&[indicator(1, ""), nameless, indicator(3, "")]);
    node.file("mixed.json", mixed.as_bytes());
    let said = ["mixed.json", "one of 3 pieces cannot be taken, so none was", "objects[1]", "id"];
    node.check("ana", &publish("mixed.json", &[]), 2, &said);
    assert!(node.json("ana", &["objects", "list"])["objects"].as_array().unwrap().is_empty());

    let rest = node.run("ana", &publish("mixed.json", &["--take-rest"]));
    assert_eq!(rest.status.code(), Some(0), "{rest:?}");
    let told = stdout(&rest);
    assert!(told.contains("left out: mixed.json, objects[1]: "), "{told}");
    assert!(told.contains("2 objects published under SERVICE"), "{told}");
    let held = node.json("ana", &["objects", "list"]);
    assert_eq!(held["objects"].as_array().unwrap().len(), 2, "{held}");

    // Nothing good in it: the flag does not make nothing of it without a word.
    node.file("bad.json", bundle(&["{}".to_owned(), "7".to_owned()]).as_bytes());
    let said = ["bad.json", "2 of 2 pieces cannot be taken", "objects[0]"];
    node.check("ana", &publish("bad.json", &["--take-rest"]), 2, &said);
}

#[test]
fn a_label_is_refused_with_the_column_and_what_would_be_right() {
    let node = Node::start();
    node.file("a.txt", b"two trawlers");
    for (label, said) in [
        ("", &["column 1", "the label is empty", "OPEN"][..]),
        ("SERVIC", &["column 1", "`SERVIC` is not a marking of XAR"]),
        ("SERVICE//NOFORM", &["column 10", "`NOFORM` is not a control"]),
        ("SERVICE//REL XBR", &["column 10", "REL TO"]),
        ("SERVICE//NOFORN//NOFORN", &["column 18", "`NOFORN` stands there twice"]),
        ("SERVIC\u{1b}[2J", &["column 1", "`SERVIC\u{fffd}[2J` is not a marking"]),
        ("SERVICE//TLP:PINK", &["column 10", "TLP:PINK"]),
    ] {
        let arguments = ["publish", "a.txt", "--label", label, "--purpose", "piracy"];
        node.check("ana", &arguments, 2, &[&["the label is wrong"], said].concat());
    }
}

#[test]
fn a_nation_without_a_scheme_is_refused_with_those_that_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(crate::program())
        .current_dir(dir.path())
        .args(["init", "xzz", "--nation", "XZZ", "--name", "Zeeland", "--body", "NAVY"])
        .args(["--person", "sena=security-officer"])
        .output()
        .unwrap();
    let said = String::from_utf8(made.stderr).unwrap();
    assert_eq!(made.status.code(), Some(2), "{said}");
    assert!(said.contains("`XZZ` has no classification scheme here"), "{said}");
    assert!(said.contains("known schemes: AUS, AUT"), "{said}");
    assert!(!dir.path().join("xzz").exists());
}
