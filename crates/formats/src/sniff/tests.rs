use super::*;

fn check(bytes: &[u8], name: &str, expected: &str) {
    let hint = sniff(bytes, Some(name));
    let got = match &hint.kind {
        Kind::Stix => "stix",
        Kind::Misp => "misp",
        Kind::Cap => "cap",
        Kind::Ais => "ais",
        Kind::Document { media_type } => media_type,
    };
    assert_eq!(got, expected, "{name}");
    assert_eq!(hint.file_name.as_deref(), Some(name));
}

#[test]
fn samples_are_recognised_whatever_they_are_called() {
    check(include_bytes!("../../../../samples/attack-ics-18.1-subset.json"), "x", "stix");
    check(include_bytes!("../../../../samples/misp-turla-crutch-event.json"), "x.txt", "misp");
    check(include_bytes!("../../../../samples/cap-seychelles-wind.xml"), "x.bin", "cap");
    check(include_bytes!("../../../../samples/ais-denmark-2010.nmea"), "x.log", "ais");
}

#[test]
fn other_files_are_documents() {
    check(b"%PDF-1.7", "report", "application/pdf");
    check(b"\x89PNG\r\n", "x", "image/png");
    check(b"a,b\n1,2\n", "table.CSV", "text/csv");
    check(b"# Title", "notes.md", "text/markdown");
    check(b"hello", "hello", "text/plain");
    check("дым".as_bytes().split_last().unwrap().1, "cut", "text/plain");
    check(b"\xff\xfe\x00", "x", "application/octet-stream");
    check(b"{\"a\": 1}", "x", "application/json");
    check(b"<?xml version='1.0'?><a/>", "x", "application/xml");
}

#[test]
fn broken_json_is_guessed_by_its_looks() {
    check(b"{\"type\": \"bundle\", \"objects\": [", "x.json", "stix");
    check(b"{\"Event\": {", "x.json", "misp");
    check(b"{\"type\": \"url\", \"id\": \"url--1\"}", "x.json", "stix");
    check(b"{\"type\": \"Feature\", \"id\": \"1\"}", "x.json", "application/json");
}
