use super::*;
use crate::{Kind, Limits, OnBad, split};

const DENMARK: &[u8] = include_bytes!("../../../../../samples/ais-denmark-2010.nmea");

fn hint() -> MediaHint {
    MediaHint { kind: Kind::Ais, file_name: Some("strait.nmea".to_owned()) }
}

#[test]
fn a_real_log_is_one_stretch_of_traffic() {
    let split = split(DENMARK, &hint(), &Limits::default(), OnBad::RefuseAll).unwrap();
    let [piece] = &split.pieces[..] else { panic!("{}", split.pieces.len()) };
    assert_eq!((piece.name.as_str(), piece.object_type.as_str()), ("strait.nmea", "vessel_track"));
    assert_eq!(piece.payload, DENMARK);
    assert_eq!(piece.created.unwrap().seconds(), 1_276_256_771);
    assert_eq!(piece.findings, Vec::<String>::new());
    assert_eq!(piece.title, "AIS traffic: 604 vessels, 667 messages");
}

#[test]
fn lines_are_told_apart() {
    for (line, is) in [
        ("!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6F", "ais"),
        ("!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6E", "bad"),
        ("!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0", "malformed"),
        ("$PGHP,1,2010,6,11,11,46,11,390,231,45,992190934,1,2B*5B", "other"),
        (
            "\\s:rORBCOMM104,q:u,c:1418172113,T:2014-12-10 00.41.53*55\\!AIVDM,1,1,,B,13F?Vv700<DJuLEtvep`iToV0<00,0*78",
            "ais",
        ),
        (
            "\\s:rORBCOMM104,q:u,c:1418172114,T:2014-12-10 00.41.53*55\\!AIVDM,1,1,,B,13F?Vv700<DJuLEtvep`iToV0<00,0*78",
            "bad",
        ),
        ("\\s:x", "malformed"),
        ("# comment", "other"),
        ("", "other"),
        ("hello", "malformed"),
        ("!AIVDM*", "malformed"),
    ] {
        let got = match classify(line.as_bytes()) {
            Line::Ais(_) => "ais",
            Line::Other => "other",
            Line::BadChecksum => "bad",
            Line::Malformed => "malformed",
        };
        assert_eq!(got, is, "{line}");
    }
}

#[test]
fn a_tag_block_tells_the_time_and_a_message_its_vessel() {
    let line = b"\\s:x,q:u,c:1418172113*00\\!AIVDM";
    assert_eq!(stamp(line).unwrap().seconds(), 1_418_172_113);
    let Line::Ais(sentence) = classify(b"!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6F") else {
        panic!("not a sentence")
    };
    assert_eq!(mmsi(sentence.payload), Some(219_002_857));
}

#[test]
fn broken_lines_are_a_finding_and_nothing_but_broken_lines_an_error() {
    let broken = String::from_utf8_lossy(DENMARK).replacen("*2B", "*2C", 1) + "\nnoise";
    let piece = read(broken.as_bytes(), &hint()).unwrap();
    assert_eq!(
        piece.findings,
        ["1 lines fail their checksum and 1 are no NMEA sentence; the first is line 2"]
    );
    let error = read(b"noise\nmore", &hint()).unwrap_err().to_string();
    assert!(error.contains("none of its 2 lines is an AIS sentence"), "{error}");
}
