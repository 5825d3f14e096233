use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::cap::alert::{Alert, CapError, MsgType, Severity, Status};
use crate::cap::geometry::Circle;
use crate::cap::tree::{CapLimits, Version};
use crate::cap::value::Moment;

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/cap")
}

fn bytes(file: &str) -> Vec<u8> {
    let bytes = fs::read(vectors().join(file)).unwrap();
    if Path::new(file).extension().is_some_and(|end| end == "zst") {
        zstd::decode_all(&bytes[..]).unwrap()
    } else {
        bytes
    }
}

#[test]
fn real_alerts_get_the_verdict_of_the_schema() {
    let cases = fs::read_to_string(vectors().join("cases.jsonl")).unwrap();
    let mut counts = (0, 0, 0);
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let file = case["file"].as_str().unwrap();
        let bytes = bytes(file);
        let tree = Tree::read(&bytes, &CapLimits::default());
        assert_eq!(tree.is_ok(), case["wellformed"] == true, "{file}: {tree:?}");
        let Ok(tree) = tree else {
            assert!(case["doctype"] == true, "{file}");
            counts.2 += 1;
            continue;
        };
        assert_eq!(Some(tree.version.namespace()), case["namespace"].as_str(), "{file}");
        let signed = tree.root.children.iter().any(|child| child.space == Space::Signature);
        assert_eq!(signed, case["signed"] == true, "{file}");
        let faults = faults(&tree);
        assert_eq!(faults.is_empty(), case["xsd_valid"] == true, "{file}: {faults:?}");
        // libxml2 names the same faults, one sentence each.
        let named = case["xsd_errors"].as_array().map_or(0, Vec::len);
        assert_eq!(faults.len(), named, "{file}: {faults:?}");
        match Alert::parse(&bytes, &CapLimits::default()) {
            Ok(_) if faults.is_empty() => counts.0 += 1,
            Err(CapError::Schema { .. }) if !faults.is_empty() => counts.1 += 1,
            other => panic!("{file}: {other:?}"),
        }
    }
    assert_eq!(counts, (29, 2, 1));
}

#[test]
fn an_alert_is_read_in_full() {
    let bytes = bytes("alerts/google-cap-library/australia.cap");
    let alert = Alert::parse(&bytes, &CapLimits::default()).unwrap();
    assert_eq!((alert.version, alert.status), (Version::V1_2, Status::Actual));
    assert_eq!(alert.msg_type, MsgType::Alert);
    let info = alert.infos.last().unwrap();
    assert_eq!((info.language.as_str(), info.severity), ("en-AU", Severity::Minor));
    assert_eq!(info.expires, Some(Moment::new("2011-10-06T13:04:00Z")));
    assert_eq!(info.event_codes.first().unwrap().value, "fire");
    assert_eq!(
        info.areas.first().unwrap().circles,
        [Circle::read("-35.3888,147.0598 25").unwrap()]
    );
}

/// An alert of a version with a body in place of the usual elements.
fn check(namespace: &str, body: &str, expected: &[&str]) {
    let text = format!("<alert xmlns=\"{namespace}\">{body}</alert>");
    let tree = Tree::text(&text, &CapLimits::default()).unwrap();
    let found: Vec<String> = faults(&tree).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{body}");
}

#[test]
fn faults_are_named_with_their_place() {
    let head = "<identifier>a</identifier><sender>b</sender><sent>2003-04-02T14:39:01-05:00</sent>\
                <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>";
    let check = |body: &str, expected: &[&str]| check(Version::V1_2.namespace(), body, expected);
    check(head, &[]);
    check("", &["/alert[1] lacks `identifier`"]);
    check(
        &head.replace("<scope>Public</scope>", "<source>s</source>"),
        &["/alert[1] lacks `scope`"],
    );
    check(&format!("{head}<scope>Public</scope>"), &["/alert[1]/scope[2] may stand only once"]);
    check(&format!("{head}<address>x</address>"), &["/alert[1]/address[1] is no element of CAP"]);
    check(&format!("{head}<x xmlns=\"urn:x\"/>"), &["/alert[1]/x[1] is no element of CAP"]);
    check(
        &format!("{head}<source>x</source>"),
        &["/alert[1]/source[1] does not belong there; expected `no further element`"],
    );
    check(&format!("{head}text"), &["/alert[1] has text beside its elements"]);
    check(
        &head.replace("<scope>", "<scope a=\"1\">"),
        &["/alert[1]/scope[1] has the attribute `a`; expected none"],
    );
    check(
        &head.replace("Public", " Public"),
        &["/alert[1]/scope[1] has another value than Public, Restricted, Private"],
    );
    check(
        &head.replace("-05:00", "Z"),
        &["/alert[1]/sent[1] is not a time such as 2002-05-24T16:49:00-07:00"],
    );
    check(
        &head.replace("Public", "<b>Public</b>"),
        &["/alert[1]/scope[1] has elements; expected text alone"],
    );
    let info = "<info><language/><category>Met</category><event>e</event>\
                <urgency>Past</urgency><severity>Minor</severity><certainty>Likely</certainty></info>";
    check(&format!("{head}{info}{info}"), &[]);
    check(
        &format!("{head}{info}{}", info.replace("<language/>", "<language>e_n</language>")),
        &["/alert[1]/info[2]/language[1] is not a language such as en-US"],
    );
}

#[test]
fn versions_differ() {
    let head = "<identifier>a</identifier><sender>b</sender><sent>2003-04-02T14:39:01Z</sent>\
                <status>Draft</status><msgType>Alert</msgType>";
    check(
        Version::V1_0.namespace(),
        head,
        &["/alert[1]/status[1] has another value than Actual, Exercise, System, Test"],
    );
    check(Version::V1_1.namespace(), head, &["/alert[1] lacks `scope`"]);
    check(
        Version::V1_2.namespace(),
        &format!("{head}<scope>Public</scope>"),
        &["/alert[1]/sent[1] is not a time such as 2002-05-24T16:49:00-07:00"],
    );
}
