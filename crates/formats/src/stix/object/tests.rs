use serde_json::json;

use super::*;

fn check_it(value: &Value, custom: Custom, expected: &str) {
    let got = check(value, custom).map_or_else(|error| error.path, |()| "ok".to_owned());
    assert_eq!(got, expected, "{value}");
}

#[test]
fn faults_say_where_they_are() {
    let id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    for (value, path) in [
        (json!([]), "$"),
        (json!({"type": "file", "name": "a", "hashes": {"MD5": "0"}}), "$.hashes.MD5"),
        (json!({"type": "file", "name": "a", "size": -1}), "$.size"),
        (json!({"type": "file", "size": 1}), "$"),
        (json!({"type": "identity", "id": id, "name": "a"}), "$.id"),
        (
            json!({"type": "sighting", "sighting_of_ref": id, "where_sighted_refs": [id]}),
            "$.where_sighted_refs[0]",
        ),
        (json!({"type": "sighting", "sighting_of_ref": id, "labels": []}), "$.labels"),
        (
            json!({"type": "bundle", "objects": [{"type": "url", "value": "a"}, {"type": "url"}]}),
            "$.objects[1]",
        ),
        (
            json!({"type": "campaign", "name": "a", "first_seen": "2020-02-30T00:00:00Z"}),
            "$.first_seen",
        ),
        (
            json!({"type": "campaign", "name": "a", "first_seen": "2020-02-02T00:00:00Z",
                "last_seen": "2020-02-01T00:00:00Z"}),
            "$",
        ),
    ] {
        check_it(&value, Custom::Refused, path);
        check_it(&value, Custom::Taken, path);
    }
}

#[test]
fn what_is_not_defined_needs_leave_or_an_extension() {
    let extension = "extension-definition--04b2d3ef-d061-4912-ab77-6bbe807a5bd5";
    let extended = |kind: &str| json!({extension: {"extension_type": kind}});
    let file = json!({"type": "file", "name": "a", "rank": 5});
    check_it(&file, Custom::Refused, "$.rank");
    check_it(&file, Custom::Taken, "ok");
    let mut with = file.clone();
    with["extensions"] = extended("property-extension");
    check_it(&with, Custom::Refused, "$.rank");
    with["extensions"] = extended("toplevel-property-extension");
    check_it(&with, Custom::Refused, "ok");
    let own = json!({"type": "ship", "extensions": extended("new-sdo")});
    check_it(&own, Custom::Refused, "ok");
    check_it(&json!({"type": "ship"}), Custom::Refused, "$");
    check_it(&json!({"type": "ship"}), Custom::Taken, "ok");
}

#[test]
fn several_properties_answer_for_each_other() {
    let moment = "2020-02-02T00:00:00Z";
    let indicator = json!({"type": "indicator", "pattern": "[url:value = 'a']",
        "pattern_type": "stix", "valid_from": moment});
    let with = |name: &str, value: Value| {
        let mut object = indicator.clone();
        object[name] = value;
        object
    };
    check_it(&indicator, Custom::Refused, "ok");
    check_it(&with("valid_until", json!(moment)), Custom::Refused, "$");
    let mark = |selector: &str| json!([{"lang": "fr", "selectors": [selector]}]);
    check_it(&with("granular_markings", mark("pattern")), Custom::Refused, "ok");
    let missing = with("granular_markings", mark("name"));
    check_it(&missing, Custom::Taken, "$.granular_markings[0]");
    let bare = with("external_references", json!([{"source_name": "a"}]));
    check_it(&bare, Custom::Taken, "$.external_references[0]");
    let opinion = json!({"type": "opinion", "opinion": "maybe", "object_refs":
        ["report--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]});
    check_it(&opinion, Custom::Taken, "$.opinion");
}

#[test]
fn bundles_within_bundles_end() {
    let mut value = json!({"type": "bundle"});
    for _ in 0..DEPTH_MAX {
        value = json!({"type": "bundle", "objects": [value]});
    }
    assert!(check(&value, Custom::Taken).is_err());
}
