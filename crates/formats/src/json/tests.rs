use base64::Engine;
use proptest::prelude::*;

use super::*;

fn check(text: &str) -> Result<(), JsonError> {
    StrictJson::check(text.as_bytes(), &JsonLimits::default()).map(|_| ())
}

fn refused(text: &str) -> String {
    check(text).expect_err(text).to_string()
}

/// Documents that RFC 8259 allows and that this guard refuses on purpose.
const REFUSED_ON_PURPOSE: [&str; 2] =
    ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

#[test]
fn the_json_test_suite_holds() {
    let (mut accepted, mut rejected) = (0, 0);
    for line in include_str!("../../../../vectors/json/parsing.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(case["bytes_base64"].as_str().unwrap())
            .unwrap();
        let result = StrictJson::check(&bytes, &JsonLimits::default());
        match case["expect"].as_str().unwrap() {
            "accept" if REFUSED_ON_PURPOSE.contains(&name) => {
                let error = result.expect_err(name);
                assert!(matches!(error.problem, JsonProblem::DuplicateKey { .. }), "{name}");
            }
            "accept" => {
                assert!(result.is_ok(), "{name}: {result:?}");
                accepted += 1;
            }
            "reject" => {
                assert!(result.is_err(), "{name}");
                rejected += 1;
            }
            // What is accepted must also be read: no second parser may differ.
            _ => {
                if let Ok(json) = result {
                    let read = serde_json::from_str::<serde_json::Value>(json.as_str());
                    assert!(read.is_ok(), "{name}");
                }
            }
        }
    }
    assert!(accepted > 50 && rejected > 100, "{accepted} accepted, {rejected} rejected");
}

#[test]
fn errors_say_what_where_and_what_would_be_right() {
    let text = "{\n  \"objects\": [\n    {},\n    {\"é\": 1, \"name\": tru}\n  ]\n}";
    let error = check(text).unwrap_err();
    assert_eq!((error.line, error.column), (4, 22));
    assert_eq!(error.path, "$.objects[1].name");
    assert_eq!(
        error.to_string(),
        "JSON is refused at line 4, column 22 (byte 47, in `$.objects[1].name`): found `t`; \
         expected a value (object, list, string, number, true, false or null)"
    );
    assert!(refused("{\"a\": [1, 2").contains("the document ends here; expected `,` or `]`"));
    assert!(refused("{\"a\" 1}").contains("found `1`; expected `:`"));
    assert!(refused("{a: 1}").contains("expected a key in double quotes"));
    assert!(refused("{}\u{1b}[2J").contains("found U+001B; expected the end"));
    assert!(refused("[1,]").contains("found `]`; expected a value"));
    assert!(refused("[01]").contains("without leading zeros"));
    assert!(refused("[\"a\tb\"]").contains("U+0009"));
    assert!(refused("\u{feff}{}").contains("byte-order mark"));
    assert!(refused("{} {}").contains("the end of the document"));
}

#[test]
fn a_key_may_stand_once_however_it_is_written() {
    assert!(refused(r#"{"a": 1, "b": {"a": 2}, "a": 3}"#).contains("`a` stands twice"));
    assert!(refused(r#"{"label": 1, "l\u0061bel": 2}"#).contains("`label` stands twice"));
    assert!(check(r#"[{"a": 1}, {"a": {"a": [{"a": 2}]}}]"#).is_ok());
    assert!(check(r#"{"a\u0062": 1, "a\\u0062": 2}"#).is_ok());
    let error = check(r#"{"o": {"a": 1, "a": 2}}"#).unwrap_err();
    assert_eq!((error.offset, error.path.as_str()), (15, "$.o.a"));
}

#[test]
fn keys_of_large_objects_are_compared_too() {
    let object = |twice: Option<usize>| {
        let keys = (0..500).chain(twice).map(|n| format!("\"key{n:05}suffix\":[{{\"x\":{n}}}]"));
        format!("{{{}}}", keys.collect::<Vec<_>>().join(","))
    };
    assert!(check(&object(None)).is_ok());
    for twice in [0, 7, 499] {
        assert!(refused(&object(Some(twice))).contains("stands twice"), "{twice}");
    }
}

#[test]
fn integers_end_where_doubles_lose_digits() {
    assert!(check("[9007199254740992, -9007199254740992, 1.0, 1e300, 0.1e-400]").is_ok());
    assert!(check("[123456789012345678901234567890.0]").is_ok());
    for big in ["9007199254740993", "-9007199254740993", "18446744073709551616"] {
        assert!(refused(&format!("[{big}]")).contains("beyond ±2^53"), "{big}");
    }
    assert!(refused("[1e400]").contains("too large for a double"));
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(check(&nested(64)).is_ok());
    assert!(refused(&nested(65)).contains("more than 64 deep"));
    let limits = JsonLimits { bytes_max: 10, depth_max: 64 };
    let error = StrictJson::check(b"[1,2,3,4,5]", &limits).unwrap_err();
    assert_eq!(error.problem, JsonProblem::TooLarge { bytes: 11, max: 10 });
}

#[test]
fn unicode_is_whole() {
    assert!(check(r#"["\ud83d\ude00", "😀", "\u0000"]"#).is_ok());
    for half in [r#"["\ud83d"]"#, r#"["\ud83d\u0041"]"#, r#"["\ude00"]"#, r#"["\ud83dx"]"#] {
        assert!(refused(half).contains("surrogate"), "{half}");
    }
    let error = StrictJson::check(b"[\"\xff\"]", &JsonLimits::default()).unwrap_err();
    assert_eq!((error.problem, error.offset), (JsonProblem::NotUtf8, 2));
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..40)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_serde_writes_is_accepted(value in value()) {
        prop_assert_eq!(check(&value.to_string()), Ok(()));
        prop_assert_eq!(check(&serde_json::to_string_pretty(&value).unwrap()), Ok(()));
    }

    #[test]
    fn what_is_accepted_serde_reads(value in value(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = value.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(json) = StrictJson::check(&bytes, &JsonLimits::default()) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(json.as_str()).is_ok());
        }
    }
}
