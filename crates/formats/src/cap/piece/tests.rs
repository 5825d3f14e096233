use crate::{IntakeError, Kind, Limits, MediaHint, OnBad, Piece, split};

const WIND: &[u8] = include_bytes!("../../../../../samples/cap-seychelles-wind.xml");

const ALERT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<c:alert xmlns:c="urn:oasis:names:tc:emergency:cap:1.2">
  <c:identifier>X-1</c:identifier><c:sender>duty@example.org</c:sender>
  <c:sent>2031-04-12T06:00:00-00:00</c:sent><c:status>Actual</c:status>
  <c:msgType>Alert</c:msgType><c:scope>Public</c:scope>
  <c:info><c:event>Wind &amp; <![CDATA[<rain>]]> &#x2603;</c:event></c:info>
</c:alert>"#;

fn read(text: &str) -> Result<Piece<'_>, IntakeError> {
    let hint = MediaHint { kind: Kind::Cap, file_name: None };
    split(text.as_bytes(), &hint, &Limits::default(), OnBad::RefuseAll)
        .map(|mut split| split.pieces.remove(0))
}

#[test]
fn a_real_alert_is_one_piece() {
    let piece = read(std::str::from_utf8(WIND).unwrap()).unwrap();
    assert_eq!(piece.name, "urn:oid:2.49.0.0.690.0.2024.5.19.13.18.0");
    assert_eq!(piece.title, "Moderate to strong south-easterly winds over Aldabra area");
    assert_eq!(piece.created.unwrap().seconds(), 1_716_124_680);
    assert_eq!((piece.payload, piece.exercise), (WIND, false));
    assert_eq!(piece.findings, Vec::<String>::new());
}

#[test]
fn text_is_what_a_reader_sees() {
    assert_eq!(read(ALERT).unwrap().title, "Wind & <rain> ☃");
    assert_eq!(read(ALERT).unwrap().markings, []);
}

#[test]
fn scope_and_exercise_are_noticed() {
    let text = ALERT
        .replace("Public", "Restricted")
        .replace("</c:scope>", "</c:scope><c:restriction>harbour  masters</c:restriction>")
        .replace("Actual", "Exercise");
    let piece = read(&text).unwrap();
    assert_eq!(piece.markings[0].value, "Restricted: harbour masters");
    assert!(piece.exercise);
}

#[test]
fn bad_alerts_are_refused_in_one_sentence() {
    for (from, to, says) in [
        (
            "<c:alert",
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><c:alert",
            "line 2, column 1: a document type is refused",
        ),
        ("X-1", "&x;", "line 3, column 17: the entity `x` is not defined"),
        ("cap:1.2", "cap:1.1", "expected `alert` in `urn:oasis:names:tc:emergency:cap:1.2`"),
        ("c:alert", "c:feed", "its root is `feed`"),
        ("X-1", "", "`identifier` is missing or empty"),
        ("<c:status>Actual</c:status>", "", "`status` is missing or empty"),
        ("</c:scope>", "</c:scope><c:scope>Public</c:scope>", "a second `scope`"),
        ("</c:info>", "</c:inf>", "it is not well-formed"),
        ("</c:alert>", "", "the file ends before </alert>"),
        ("</c:alert>", "</c:alert><c:alert/>", "a second root element"),
        ("</c:alert>", "</c:alert>x", "text outside the root element"),
        ("UTF-8", "ISO-8859-1", "the encoding is `ISO-8859-1`; save it as UTF-8"),
        ("X-1", "\u{1}", "U+0001 may not stand in XML"),
        ("X-1", "&#1;", "the entity `#1` is not defined"),
        ("<c:info>", "<c:info a=\"1\" a=\"2\">", "an attribute is malformed"),
        ("<c:info>", "<c:info a=\"&x;\">", "an attribute holds `&` or an entity"),
        ("<c:info>", "<c:info 1=\"1\">", "`1` is no name of an attribute"),
        ("<c:info>", "<c:info><a<b/>", "`a<b` is no name of an element"),
        ("X-1", "]]>", "`]]>` in text"),
    ] {
        let error = read(&ALERT.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}{}", "<x>".repeat(100), "</x>".repeat(100));
    let error = read(&ALERT.replace("</c:info>", &format!("{deep}</c:info>"))).unwrap_err();
    assert!(error.to_string().contains("more than 64 deep"), "{error}");
}
