use proptest::prelude::*;

use super::*;
use crate::cap::tree::CapLimits;

/// `09:00 A Alert`, `10:00 B Update of 09:00 A`: an alert in one line, of one day.
fn alert(line: &str) -> Alert {
    let (about, of) = line.split_once(" of ").unwrap_or((line, ""));
    let [time, identifier, msg_type, rest @ ..] = &about.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{line}")
    };
    let moment = |time: &str| format!("2031-04-12T{time}:00-00:00");
    let mut sender = "duty@example.org".to_owned();
    let mut status = "Actual";
    let mut info = String::new();
    for word in rest {
        match word.split_once('=') {
            Some(("by", by)) => by.clone_into(&mut sender),
            Some(("until", until)) => {
                info.push_str(&["<expires>", &moment(until), "</expires>"].concat());
            }
            Some(("from", from)) => {
                info.push_str(&["<effective>", &moment(from), "</effective>"].concat());
            }
            _ => status = word,
        }
    }
    let references: Vec<String> = of
        .split(", ")
        .filter(|one| !one.is_empty())
        .map(|one| {
            let (time, name) = one.split_once(' ').unwrap();
            format!("duty@example.org,{name},{}", moment(time))
        })
        .collect();
    let references = references.join(" ");
    let references = if references.is_empty() {
        String::new()
    } else {
        format!("<references>{references}</references>")
    };
    let sent = moment(time);
    let text = format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}</identifier>\
         <sender>{sender}</sender><sent>{sent}</sent><status>{status}</status>\
         <msgType>{msg_type}</msgType><scope>Public</scope>{references}<info>\
         <category>Met</category><event>Wind</event><urgency>Expected</urgency>\
         <severity>Severe</severity><certainty>Likely</certainty>{info}</info></alert>"
    );
    Alert::parse(text.as_bytes(), &CapLimits::default()).unwrap()
}

fn at(time: &str) -> Timestamp {
    Moment::new(&format!("2031-04-12T{time}:00Z")).at().unwrap()
}

fn chain(lines: &[&str]) -> Chain {
    let mut chain = Chain::default();
    for line in lines {
        chain.add(&alert(line)).unwrap();
    }
    chain
}

fn check(lines: &[&str], now: &str, in_force: &str) {
    let chain = chain(lines);
    let names: Vec<&str> = chain.in_force(at(now)).iter().map(|k| k.identifier.as_str()).collect();
    assert_eq!(names.join(" "), in_force, "{lines:?}");
}

#[test]
fn updates_take_the_place_of_alerts_and_cancels_end_them() {
    check(&["09:00 A Alert"], "12:00", "A");
    check(&["09:00 A Alert", "10:00 B Update of 09:00 A"], "12:00", "B");
    check(
        &["09:00 A Alert", "10:00 B Update of 09:00 A", "11:00 C Cancel of 10:00 B"],
        "12:00",
        "",
    );
    check(&["09:00 A Alert", "09:30 B Alert", "10:00 C Update of 09:00 A, 09:30 B"], "12:00", "C");
    check(&["09:00 A Alert", "10:00 B Ack of 09:00 A", "10:00 C Error of 09:00 A"], "12:00", "A");
}

#[test]
fn late_and_missing_predecessors() {
    // The cancel came first.
    check(&["10:00 B Cancel of 09:00 A", "09:00 A Alert"], "12:00", "");
    // The update between is not here: by its references, nothing ended the first.
    check(&["09:00 A Alert", "11:00 C Update of 10:00 B"], "12:00", "A C");
    check(
        &["09:00 A Alert", "11:00 C Update of 10:00 B", "10:00 B Update of 09:00 A"],
        "12:00",
        "C",
    );
    let mut chain = chain(&["09:00 A Alert"]);
    let added = chain.add(&alert("11:00 C Cancel of 10:00 B, 09:00 A")).unwrap();
    let missing: Vec<&str> = added.missing.iter().map(|one| one.identifier.as_str()).collect();
    assert_eq!((missing, added.void, added.known), (vec!["B"], vec![], false));
}

#[test]
fn nobody_ends_what_is_not_theirs_to_end() {
    for (act, void) in [
        ("10:00 B Cancel by=evil@example.org of 09:00 A", Void::OtherSender),
        ("10:00 B Cancel Exercise of 09:00 A", Void::OtherStatus),
        ("08:00 B Cancel of 09:00 A", Void::NotEarlier),
        ("09:00 A2 Cancel of 09:00 A", Void::NotEarlier),
    ] {
        let mut chain = chain(&["09:00 A Alert"]);
        let added = chain.add(&alert(act)).unwrap();
        assert_eq!(added.void.iter().map(|(_, void)| *void).collect::<Vec<_>>(), [void], "{act}");
        assert_eq!(chain.in_force(at("12:00")).len(), 1, "{act}");
        check(&[act, "09:00 A Alert"], "12:00", "A");
    }
}

#[test]
fn times_say_when_an_alert_holds() {
    let lines = ["09:00 A Alert from=10:00 until=12:00"];
    let chain = chain(&lines);
    let key = AlertKey::of(&alert(lines[0]));
    for (now, standing) in [
        ("09:30", Standing::Coming(at("10:00"))),
        ("10:00", Standing::InForce),
        ("11:59", Standing::InForce),
        ("12:00", Standing::Expired(at("12:00"))),
    ] {
        assert_eq!(chain.standing(&key, at(now)), standing, "{now}");
    }
    let other = AlertKey { identifier: "Z".to_owned(), ..key };
    assert_eq!(chain.standing(&other, at("12:00")), Standing::Unknown);
}

#[test]
fn a_name_stands_for_one_alert() {
    let mut chain = chain(&["09:00 A Alert"]);
    assert!(chain.add(&alert("09:00 A Alert")).unwrap().known);
    assert_eq!(chain.add(&alert("09:00 A Alert until=10:00")), Err(ChainError::Conflict));
    chain.add(&alert("09:01 A Alert")).unwrap();
    assert_eq!(chain.len(), 2);
}

#[test]
fn what_is_old_is_forgotten_with_what_it_did() {
    let mut chain = chain(&["09:00 A Alert", "09:30 B Alert", "10:00 C Cancel of 09:30 B"]);
    chain.forget_sent_before(at("09:30"));
    assert_eq!((chain.len(), chain.in_force(at("12:00")).len()), (2, 0));
    chain.forget_sent_before(at("13:00"));
    assert!(chain.is_empty() && chain.acts.is_empty() && chain.acting == 0);
}

/// The examples of the standard: an earthquake, and the correction of what was said of it.
#[test]
fn references_of_old_versions_name_the_alert_too() {
    let mut chain = Chain::default();
    let text = |id: &str, sent: &str, rest: &str| {
        format!(
            "<alert xmlns=\"http://www.incident.com/cap/1.0\"><identifier>{id}</identifier>\
             <sender>TRI13@caltech.edu</sender><sent>{sent}</sent><status>Actual</status>{rest}</alert>"
        )
    };
    let first = text("TRI1", "2003-06-11T20:56:00-07:00", "<msgType>Alert</msgType>");
    let second = text(
        "TRI2",
        "2003-06-11T22:39:00-07:00",
        "<msgType>Update</msgType><references>TRI1/TRI13@caltech.edu</references>",
    );
    for text in [&second, &first] {
        chain.add(&Alert::parse(text.as_bytes(), &CapLimits::default()).unwrap()).unwrap();
    }
    let in_force = chain.in_force(Moment::new("2003-06-12T00:00:00-07:00").at().unwrap());
    assert_eq!(in_force.iter().map(|key| key.identifier.as_str()).collect::<Vec<_>>(), ["TRI2"]);
}

proptest! {
    /// What is in force follows from the set of alerts, not from the order of their arrival.
    #[test]
    fn order_of_arrival_does_not_matter(
        alerts in prop::collection::vec((0_u8..8, 0_u8..4, prop::collection::vec(0_u8..8, 0..3)), 1..8),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut lines: Vec<String> = alerts.iter().map(|(name, kind, of)| {
            let kind = ["Alert", "Update", "Cancel", "Ack"][usize::from(*kind)];
            let of: Vec<String> = of.iter().map(|name| format!("0{name}:00 N{name}")).collect();
            let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
            format!("0{name}:00 N{name} {kind}{of}")
        }).collect();
        lines.sort();
        lines.dedup_by_key(|line| line.chars().take(8).collect::<String>());
        let in_order: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut turned = in_order.clone();
        let by = seed.index(turned.len());
        turned.rotate_left(by);
        turned.swap(0, by / 2);
        let (one, other) = (chain(&in_order), chain(&turned));
        prop_assert_eq!(one.in_force(at("12:00")), other.in_force(at("12:00")));
    }
}
