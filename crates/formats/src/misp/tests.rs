use crate::{Kind, Limits, MediaHint, OnBad, Tlp, split};

const COMRAT: &[u8] = include_bytes!("../../../../samples/misp-turla-comrat-v4-event.json");

fn hint() -> MediaHint {
    MediaHint { kind: Kind::Misp, file_name: None }
}

fn read(text: &str) -> Result<crate::Split<'_>, String> {
    split(text.as_bytes(), &hint(), &Limits::default(), OnBad::RefuseAll).map_err(|e| e.to_string())
}

const EVENT: &str = r#"{"uuid": "5a5b2c3d-0001-4000-8000-000000000001", "info": "A test",
    "date": "2031-04-12", "Tag": [{"name": "tlp:white"}, {"name": "PAP:AMBER"}, {"name": "x"}],
    "Attribute": [{"Tag": [{"name": "tlp:red"}]}, {}],
    "Object": [{"Attribute": [{}, {"Tag": [{"name": "tlp:ex:chr"}]}]}]}"#;

#[test]
fn a_real_event_is_one_piece() {
    let split = split(COMRAT, &hint(), &Limits::default(), OnBad::RefuseAll).unwrap();
    let [piece] = &split.pieces[..] else { panic!("{}", split.pieces.len()) };
    assert_eq!(piece.title, "From Agent.BTZ to ComRAT v4");
    assert_eq!((piece.object_type.as_str(), piece.records), ("misp_event", 37));
    assert_eq!(piece.created.unwrap().seconds(), 1_590_105_600);
    assert_eq!(piece.markings, []);
    let event: serde_json::Value = serde_json::from_slice(piece.payload).unwrap();
    assert_eq!(event["Event"]["uuid"], piece.name.as_str());
}

#[test]
fn three_wrappings_hold_the_same_event() {
    let wrapped = format!("{{\"Event\": {EVENT}}}");
    let listed = format!("{{\"response\": [{wrapped}]}}");
    for (text, payload) in [(EVENT, EVENT), (&wrapped, &wrapped), (&listed, &wrapped)] {
        let split = read(text).unwrap();
        let piece = &split.pieces[0];
        assert_eq!(piece.payload, payload.as_bytes());
        assert_eq!((piece.title.as_str(), piece.records), ("A test", 4));
        assert_eq!(piece.name, "5a5b2c3d-0001-4000-8000-000000000001");
    }
}

#[test]
fn no_marking_is_lost_however_deep() {
    let split = read(EVENT).unwrap();
    let found: Vec<_> =
        split.pieces[0].markings.iter().map(|m| (m.tag, m.value.as_str(), m.at.as_str())).collect();
    assert_eq!(
        found,
        [
            ("TLP", "CLEAR", "Tag[0]"),
            ("PAP", "AMBER", "Tag[1]"),
            ("TLP", "RED", "Attribute[0].Tag[0]"),
            ("OTHER", "tlp:ex:chr", "Object[0].Attribute[1].Tag[0]"),
        ]
    );
    assert_eq!(split.pieces[0].tlp(), Some(Tlp::Red));
}

#[test]
fn what_is_no_event_is_said_to_be_none() {
    for (text, says) in [
        ("{}", "it has neither `Event`, nor `response`, nor `info`"),
        (r#"{"response": {}}"#, "`response` must be a list"),
        (r#"{"response": []}"#, "holds no events"),
        (r#"{"Event": {"info": "x"}}"#, "Event (`x`): it has no usable `uuid`"),
        (r#"{"Event": 5}"#, "it cannot be read as a MISP event"),
        (r#"{"response": [{"Event": {"info": 5}}]}"#, "response[0]: it cannot be read"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}
