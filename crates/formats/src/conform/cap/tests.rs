use super::*;

fn around() -> Around<'static> {
    Around { observations: None, beside: &|path| Err(Unfit::File(path.to_owned())) }
}

fn check(run: fn(&Value, &Around<'_>) -> Result<Outcome, Unfit>, cases: &str, count: usize) {
    let mut differ = Vec::new();
    for (nth, line) in cases.lines().enumerate() {
        let case: Value = serde_json::from_str(line).unwrap();
        let outcome = run(&case, &around()).unwrap();
        if outcome.ok != Some(true) {
            differ.push(format!("{}: {} {case}", nth + 1, outcome.got));
        }
    }
    assert_eq!(differ, Vec::<String>::new());
    assert_eq!(cases.lines().count(), count);
}

#[test]
fn shapes_and_lists_are_read_as_recorded() {
    check(geometry, include_str!("../../../../../vectors/cap/geometry.jsonl"), 11);
}

#[test]
fn one_value_is_judged_as_recorded() {
    check(field_rules, include_str!("../../../../../vectors/cap/field-rules.jsonl"), 20);
}

#[test]
fn alerts_are_judged_as_recorded() {
    check(whole, include_str!("../../../../../vectors/cap/rules.jsonl"), 24);
}

#[test]
fn a_value_finds_its_place_wherever_it_may_stand() {
    let file = "/alert[1]/info[1]/resource[1]";
    for (xpath, value, reason) in [
        (&*format!("{file}/derefUri[1]"), "foo", json!("INVALID_DEREF_URI")),
        (&*format!("{file}/derefUri[1]"), "aaaa", Value::Null),
        (&*format!("{file}/mimeType[1]"), "foo-type/bar", json!("INVALID_MIME_TYPE")),
        ("/alert[1]/info[1]/web[1]", "some non full absolute uri", json!("INVALID_WEB")),
        ("/alert[1]/info[2]/area[1]/geocode[1]/value[1]", "<b>", json!("TEXT_CONTAINS_HTML_TAGS")),
        ("/alert[1]/info[2]/language[1]", "fr", json!("SAME_TEXT_DIFFERENT_LANGUAGE")),
        ("/alert[1]/scope[1]", "public", json!("INVALID_ENUM_VALUE")),
        ("/alert[1]/info[1]/area[1]/circle[2]", "1,2 -3", json!("INVALID_CIRCLE")),
        ("/alert[1]/info[1]/expires[1]", "2003-04-03T14:39:01Z", json!("INVALID_DATE")),
    ] {
        let outcome = field_rules(&json!({"xpath": xpath, "value": value}), &around()).unwrap();
        assert_eq!(outcome.got, json!({ "reason": reason }), "{xpath} {value}");
    }
    for xpath in ["", "/alert", "/alert[1]/scoep[1]", "/alert[1]/info[9]/web[1]", "/foo[1]"] {
        let case = json!({"xpath": xpath, "value": ""});
        assert!(field_rules(&case, &around()).is_err(), "{xpath}");
    }
}
