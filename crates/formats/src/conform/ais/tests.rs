use super::*;

/// Decodings on record, and the lines where ours differ: `docs/conformance.md` says why.
const DECODED: [(&str, &[u8], &[usize]); 4] = [
    (
        "dma-2010-stream-a.nmea",
        include_bytes!("../../../../../vectors/ais/dma-2010-stream-a.nmea.jsonl.zst"),
        &[571, 1461, 1923],
    ),
    (
        "dma-decode-encode.nmea",
        include_bytes!("../../../../../vectors/ais/dma-decode-encode.nmea.jsonl.zst"),
        &[],
    ),
    (
        "dma-replay.nmea",
        include_bytes!("../../../../../vectors/ais/dma-replay.nmea.jsonl.zst"),
        &[],
    ),
    (
        "libais-test.aivdm",
        include_bytes!("../../../../../vectors/ais/libais-test.aivdm.jsonl.zst"),
        &[
            118, 119, 120, 121, 122, 123, 124, 180, 209, 210, 212, 214, 215, 216, 218, 219, 221,
            222, 223, 224, 225,
        ],
    ),
];

fn around() -> Around<'static> {
    Around { observations: None, beside: &|path| Err(Unfit::File(path.to_owned())) }
}

#[test]
fn recorded_messages_are_decoded_as_recorded() {
    let mut cases = 0;
    for (file, zst, differ) in DECODED {
        let lines = zstd::decode_all(zst).unwrap();
        let mut found = Vec::new();
        for (nth, line) in lines.split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty()) {
            let case: Value = serde_json::from_slice(line).unwrap();
            cases += 1;
            if decode(&case, &around()).unwrap().ok != Some(true) {
                found.push(nth + 1);
            }
        }
        assert_eq!(found, differ, "{file}");
    }
    assert_eq!(cases, 3615);
}

/// gpsd's own decoding of its sample. It rounds positions in messages 17 and 27 to a tenth of a
/// degree and those in applications to four digits, and prints 0 for what a message lacks.
#[test]
fn gpsd_finds_the_same_ships_in_the_same_places() {
    let mut decoder = Decoder::default();
    let mut ours = Vec::new();
    let sample = include_bytes!("../../../../../vectors/ais/gpsd-sample.aivdm");
    for line in sample.split(|b| *b == b'\n') {
        if let Ok(Decoded::Message(message)) = decoder.line(line.trim_ascii()) {
            ours.push(answer(&message));
        }
    }
    let theirs = include_str!("../../../../../vectors/ais/gpsd-sample.scaled.jsonl");
    for line in theirs.lines() {
        let theirs: Value = serde_json::from_str(line).unwrap();
        let tolerance = match theirs["type"].as_u64() {
            Some(17 | 27) => 0.05 + 1e-6,
            Some(6 | 8) => 5e-5 + 1e-6,
            _ => 1e-6,
        };
        let near = |ours: &Value, name: &str| {
            let (ours, theirs) = (&ours["fields"][name], &theirs[name]);
            match (ours.as_f64(), theirs.as_f64()) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= tolerance,
                (None, theirs) => theirs.unwrap_or_default() == 0.0,
                (_, None) => true,
            }
        };
        let names = ["lon", "lat", "heading", "course", "imo", "dest_mmsi", "app_id", "radio"];
        let names = names.iter().filter(|name| **name != "radio" || theirs["type"] != 26);
        let found = ours.iter().any(|ours| {
            let same = |name| ours[name] == theirs[name];
            same("type") && same("mmsi") && names.clone().all(|name| near(ours, name))
        });
        assert!(found, "{line}");
    }
    assert_eq!(theirs.lines().count(), 97);
}

#[test]
fn what_makes_no_whole_message_is_refused() {
    let first = "!AIVDM,2,1,6,A,53@o0E000001Q0CG37U8u<Tp4q@D00000000000018330400000000000000,0*63";
    let second = "!AIVDM,2,2,6,A,00000000008,2*2A";
    for (nmea, refused) in [
        (vec![first, second], false),
        (vec![second, first], false),
        (vec![first], true),
        (vec![], true),
        (vec!["$PGHP,1,2010,6,11,11,46,11,390,231,45,992190934,1,2B*5B"], true),
        (vec!["!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6E"], true),
    ] {
        let outcome = decode(&json!({ "nmea": nmea }), &around()).unwrap();
        assert_eq!(outcome.got.get("error").is_some(), refused, "{nmea:?}");
        assert_eq!(outcome.ok, None);
    }
    let damaged = json!({"nmea": ["!AIVDM,1,1,,B,13@nor@PA=0r?DPOoq34>kS428CS,0*6E"],
        "checksum_ok": false, "decoded": {"msg_type": 1}});
    assert_eq!(decode(&damaged, &around()).unwrap().ok, Some(true));
}
