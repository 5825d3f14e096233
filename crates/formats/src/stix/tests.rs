use crate::{IntakeError, Kind, Limits, MediaHint, OnBad, Split, Tlp, split};

const ATTACK: &[u8] = include_bytes!("../../../../samples/attack-ics-18.1-subset.json");

fn read(text: &str, on_bad: OnBad) -> Result<Split<'_>, IntakeError> {
    let hint = MediaHint { kind: Kind::Stix, file_name: None };
    split(text.as_bytes(), &hint, &Limits::default(), on_bad)
}

fn bundle(objects: &[&str]) -> String {
    format!(r#"{{"type": "bundle", "id": "bundle--x", "objects": [{}]}}"#, objects.join(",\n"))
}

const GOOD: &str = r#"{"type": "indicator", "spec_version": "2.1",
  "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
  "created": "2031-04-12T06:00:00.000Z", "modified": "2031-04-12T06:00:00.000Z",
  "name": "A \"quoted\" name", "pattern": "[ipv4-addr:value = '198.51.100.1']",
  "object_marking_refs": ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"],
  "x_kept":   1.50  }"#;
const OTHER: &str = r#"{"type":"url","id":"url--0fce0dc1-4fbd-51a2-8f4a-2c3b4a5d6e7f","value":"https://example.org/"}"#;

#[test]
fn every_object_of_a_real_bundle_is_a_piece_with_its_own_bytes() {
    let hint = MediaHint { kind: Kind::Stix, file_name: None };
    let split = split(ATTACK, &hint, &Limits::default(), OnBad::RefuseAll).unwrap();
    assert_eq!(split.pieces.len(), 67);
    let text = std::str::from_utf8(ATTACK).unwrap();
    for piece in &split.pieces {
        let payload = std::str::from_utf8(piece.payload).unwrap();
        assert!(text.contains(payload) && payload.starts_with('{') && payload.ends_with('}'));
        let value: serde_json::Value = serde_json::from_str(payload).unwrap();
        assert_eq!(value["id"], piece.name.as_str());
        assert!(piece.created.is_some(), "{}", piece.name);
        assert_eq!(piece.findings, Vec::<String>::new());
        if value.get("object_marking_refs").is_some() {
            assert_eq!(piece.markings[0].tag, "STATEMENT");
        }
    }
    let count = |t: &str| split.pieces.iter().filter(|p| p.object_type == t).count();
    assert_eq!((count("attack_pattern"), count("malware"), count("relationship")), (17, 3, 40));
    assert!(split.pieces.iter().any(|p| p.title == "Sandworm Team"));
    assert!(split.pieces.iter().any(|p| p.title == "campaign uses attack-pattern"));
}

#[test]
fn bytes_title_time_and_marking_are_the_authors() {
    let text = bundle(&[GOOD, OTHER]);
    let split = read(&text, OnBad::RefuseAll).unwrap();
    let [good, other] = &split.pieces[..] else { panic!("{split:?}") };
    assert_eq!(good.payload, GOOD.as_bytes());
    assert_eq!(good.title, "A \"quoted\" name");
    assert_eq!(good.created.unwrap().millis(), 1_933_740_000_000);
    assert_eq!(good.tlp(), Some(Tlp::AmberStrict));
    assert_eq!((other.title.as_str(), other.object_type.as_str()), ("https://example.org/", "url"));
    assert_eq!((other.tlp(), other.created), (None, None));
}

#[test]
fn one_object_alone_is_taken_too() {
    let split = read(GOOD, OnBad::RefuseAll).unwrap();
    assert_eq!(split.pieces[0].payload, GOOD.as_bytes());
}

#[test]
fn a_bad_object_is_named_and_the_rest_taken_or_not_by_choice() {
    for (bad, says) in [
        ("17", "objects[1]: it is not a JSON object"),
        (r#"{"id": "x"}"#, "objects[1] (x): it has no `type`"),
        (r#"{"type": "url"}"#, "objects[1]: it has no `id`; expected url--UUID"),
        (r#"{"type": "url", "id": "url--7"}"#, "its id `url--7` is malformed; expected url--UUID"),
        (
            r#"{"type": "url", "id": "file--0fce0dc1-4fbd-51a2-8f4a-2c3b4a5d6e7f"}"#,
            "is malformed; expected url--UUID",
        ),
        (r#"{"type": "U R L", "id": "x"}"#, "its type `U R L` is no STIX type"),
        (r#"{"type": ["url"], "id": "x"}"#, "its `type` is not a string"),
    ] {
        let text = bundle(&[GOOD, bad, OTHER]);
        let error = read(&text, OnBad::RefuseAll).unwrap_err().to_string();
        assert!(
            error.starts_with("one of 3 pieces cannot be taken, so none was: objects[1]"),
            "{error}"
        );
        assert!(error.contains(says), "{error}");
        let rest = read(&text, OnBad::TakeRest).unwrap();
        assert_eq!((rest.pieces.len(), rest.refused.len()), (2, 1));
        assert!(rest.refused[0].to_string().contains(says), "{}", rest.refused[0]);
    }
    let all_bad = bundle(&["17", "18"]);
    assert!(matches!(read(&all_bad, OnBad::TakeRest), Err(IntakeError::Refused { total: 2, .. })));
}

#[test]
fn one_id_and_version_stands_for_one_content() {
    let changed = GOOD.replace("quoted", "forged");
    let split = read(&bundle(&[GOOD, &changed]), OnBad::TakeRest).map(|s| s.refused).unwrap();
    assert!(split[0].problem.contains("objects[0] has the same id and version"), "{split:?}");

    let twice = bundle(&[GOOD, GOOD]);
    let split = read(&twice, OnBad::RefuseAll).unwrap();
    assert_eq!(split.pieces.len(), 1);
    assert_eq!(split.findings, ["objects[1] repeats objects[0] and was left out"]);

    let later = GOOD.replace(r#""modified": "2031-04-12"#, r#""modified": "2031-04-13"#);
    assert_eq!(read(&bundle(&[GOOD, &later]), OnBad::RefuseAll).unwrap().pieces.len(), 2);
}

#[test]
fn what_is_odd_is_kept_beside_the_object() {
    let odd = GOOD
        .replace("\"2.1\"", "\"2.0\"")
        .replace(r#""created": "2031-04-12T06:00:00.000Z""#, r#""created": "yesterday""#)
        .replace("939a9414", "00000000");
    let text = bundle(&[&odd]);
    let split = read(&text, OnBad::RefuseAll).unwrap();
    let piece = &split.pieces[0];
    assert_eq!(piece.findings.len(), 3, "{:?}", piece.findings);
    assert_eq!((piece.created, piece.markings[0].tag), (None, "OTHER"));
}

#[test]
fn markings_of_parts_and_of_the_bundle_count() {
    let definition = r#"{"type": "marking-definition", "definition_type": "tlp",
        "id": "marking-definition--11111111-1111-4111-8111-111111111111",
        "definition": {"tlp": "green"}}"#;
    let object = OTHER.replacen(
        '{',
        r#"{"object_marking_refs": ["marking-definition--11111111-1111-4111-8111-111111111111"],
            "granular_markings": [{"selectors": ["value"],
            "marking_ref": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"}],"#,
        1,
    );
    let text = bundle(&[&object, definition]);
    let split = read(&text, OnBad::RefuseAll).unwrap();
    let piece = &split.pieces[0];
    assert_eq!(
        piece.markings.iter().map(|m| m.value.as_str()).collect::<Vec<_>>(),
        ["GREEN", "RED"]
    );
    assert_eq!(piece.markings[1].at, "granular_markings[0]");
    assert_eq!(piece.tlp(), Some(Tlp::Red));

    let unreadable = OTHER.replacen('{', r#"{"object_marking_refs": "tlp:red","#, 1);
    let text = bundle(&[&unreadable]);
    let split = read(&text, OnBad::RefuseAll).unwrap();
    assert_eq!(split.pieces[0].markings[0].value, "unreadable");
}

#[test]
fn what_is_no_bundle_is_said_to_be_none() {
    for (text, says) in [
        ("[]", "expected a JSON object"),
        ("{}", "it has no `type`"),
        (r#"{"type": "bundle"}"#, "it holds no objects"),
        (r#"{"type": "bundle", "objects": {}}"#, "`objects` must be a list"),
        (r#"{"type": "bundle", "objects": ["#, "the document ends here"),
        (r#"{"type": "bundle", "type": "bundle"}"#, "stands twice"),
    ] {
        let error = read(text, OnBad::TakeRest).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
