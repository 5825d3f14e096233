use super::*;

fn object() -> Object {
    let object = json!({
        "name": "n", "name_long": "m", "revoked": false, "labels": ["a", "b"],
        "granular_markings": [
            {"marking_ref": "marking-definition--1", "selectors": ["name", "labels"]},
            {"lang": "fr", "selectors": ["labels.[1]"]},
        ],
    });
    let Value::Object(object) = object else { unreachable!() };
    object
}

fn texts(parts: &[&str], reach: Reach) -> Vec<String> {
    get(&object(), Parts::Selected(parts), reach, Kinds::ALL).unwrap().into_iter().collect()
}

#[test]
fn a_selector_selects_what_is_present() {
    for (selector, good) in [
        ("name", true),
        ("revoked", true),
        ("labels.[1]", true),
        ("labels.[2]", false),
        ("labels.[-1]", false),
        ("labels.1", false),
        ("labels.[]", false),
        ("name.x", false),
        ("", false),
        ("granular_markings.[1].lang", true),
    ] {
        assert_eq!(selects(&object(), selector), good, "{selector}");
    }
}

#[test]
fn what_a_part_lies_in_is_not_what_it_begins_with() {
    let inherited = Reach { inherited: true, descendants: false };
    let descendants = Reach { inherited: false, descendants: true };
    assert!(texts(&["name_long"], inherited).is_empty());
    assert_eq!(texts(&["labels.[1]"], inherited), ["fr", "marking-definition--1"]);
    assert_eq!(texts(&["labels"], descendants), ["fr", "marking-definition--1"]);
    assert_eq!(texts(&["labels"], Reach::default()), ["marking-definition--1"]);
}

#[test]
fn what_is_added_can_be_taken_away() {
    let parts = Parts::Selected(&["name_long"]);
    let added = add(&object(), &["de"], parts).unwrap();
    assert_eq!(remove(&added, &["de"], parts).unwrap().len(), object().len());
    assert_eq!(remove(&object(), &["de"], parts), Err(MarkingError::NotFound));
    let whole = add(&object(), &["de"], Parts::Object);
    assert!(matches!(whole, Err(MarkingError::Marking { .. })));
}
