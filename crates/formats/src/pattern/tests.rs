use super::*;
use crate::conform::{Around, Kind, Unfit};

/// Every case of a file that is answered otherwise than recorded, by line.
fn differing(kind: &str, cases: &str, observations: Option<&serde_json::Value>) -> Vec<String> {
    let beside = |_: &str| Err(Unfit::File("nothing lies beside".into()));
    let around = Around { observations, beside: &beside };
    let kind = Kind::named(kind).unwrap();
    let mut differing = Vec::new();
    for (at, line) in cases.lines().enumerate() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let outcome = kind.run(&case, &around).unwrap();
        if outcome.ok != Some(true) {
            differing.push(format!("line {}: {} from {line}", at + 1, outcome.got));
        }
    }
    differing
}

#[track_caller]
fn none(differing: &[String]) {
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

fn parsed(text: &str) -> Pattern {
    Pattern::parse(text, Version::V21).unwrap()
}

fn refused(text: &str) -> PatternError {
    Pattern::parse(text, Version::V21).and_then(|pattern| pattern.check()).expect_err(text)
}

#[test]
fn recorded_patterns_are_valid_or_not_as_recorded() {
    let cases = include_str!("../../../../vectors/patterns/parse.jsonl");
    none(&differing("pattern-parse", cases, None));
}

#[test]
fn errors_say_what_where_and_what_would_be_right() {
    let error = refused("[file:name = 'é' AND\n  file:size = ]");
    assert_eq!((error.offset, error.line, error.column), (36, 2, 15));
    assert_eq!(
        error.to_string(),
        "the pattern is refused at line 2, column 15 (byte 36): found `]`; expected a constant: \
         a string in `'`, a number, `true`, `false`, h'…', b'…' or t'…'"
    );
    for (text, column, says) in [
        ("file:size = 1280", 1, "expected `[` or `(`"),
        ("[file.size = 1280]", 6, "expected `:`"),
        ("[file:size =? 1]", 13, "found `?`"),
        ("[file:size 1]", 12, "a comparison operator"),
        ("[a:b NOT 1]", 10, "a comparison operator"),
        ("[a:b-c = 1]", 4, "write it in quotes, as in `'b-c'`"),
        ("[a:b = 'x\\n']", 10, "followed by `'` or by another backslash"),
        ("[a:b = 'x]", 8, "does not end"),
        ("[a:b = h'abc']", 8, "pairs of the digits"),
        ("[a:b = b'']", 8, "base64 with its padding"),
        ("[a:b = t'2457-73-22T32:81:84.1Z']", 8, "is no timestamp"),
        ("[a:b = null]", 8, "found `null`; expected a constant"),
        ("[a:b < true]", 8, "has an order"),
        ("[a:b = 007]", 9, "found `0`; expected `AND`, `OR` or `]`"),
        ("[a:b IN (1,)]", 12, "expected a constant"),
        ("[a:b = 1", 9, "found the end"),
        ("[a:b = 1] and [a:b = 2]", 11, "found `and`"),
        ("[a:b = 1] START t'2020-01-01T00:00:00Z'", 40, "expected `STOP`"),
        ("[a:b = 1] START '2020-01-01T00:00:00Z' STOP '2020-01-01T00:00:01Z'", 17, "t'2024"),
        ("[a:b = 1] WITHIN 5 HOURS", 20, "expected `SECONDS`"),
        ("[a:b = 1] REPEATS 1.5 TIMES", 19, "a whole number"),
        ("[a:b = 1] REPEATS 0 TIMES", 11, "greater than zero"),
        ("[a:b = 1] WITHIN 5 SECONDS REPEATS 2 TIMES WITHIN 6 SECONDS", 44, "WITHIN stands twice"),
        ("([a:b = 1] REPEATS 2 TIMES REPEATS 3 TIMES)", 28, "REPEATS stands twice"),
        ("[file:hashes.'SHA-256' = 'f00']", 26, "`f00` is no SHA-256 hash; expected 64 hex"),
        ("[a:b = 1] OR (([a:b = 1])", 26, "found the end; expected `AND`"),
    ] {
        let error = refused(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[test]
fn what_the_grammar_allows_is_read() {
    for text in [
        "( [(a:b IN(443,6443) AND a:c != 0) ])",
        "[a:b=1]FOLLOWEDBY[a:b<>-.5]WITHIN+2SECONDS",
        "[a:b = 1 /* why */ OR // to the end\n a:c.'d-e'[*][0].f[-1] MATCHES'\\'x\\\\']",
        "[EXISTS windows-registry-key:values]",
        "[a:b = h''] REPEATS 1 TIMES WITHIN 1.5 SECONDS",
        "([a:b = 1] REPEATS 2 TIMES) REPEATS 2 TIMES",
        "((((([a:b = 1])))))",
        "[file:hashes[*] = '8665c8d477534008b3058b72e2dae8ae']",
        "[file:hashes.MD5 LIKE '8665%']",
    ] {
        let pattern = Pattern::parse(text, Version::V21).and_then(|pattern| pattern.check());
        assert_eq!(pattern, Ok(()), "{text}");
    }
    let strings = "[a:b = 1] START '2020-01-01T00:00:00Z' STOP '2020-01-01T00:00:01Z'";
    assert!(Pattern::parse(strings, Version::V20).is_ok());
    assert!(Pattern::parse("[EXISTS a:b]", Version::V20).is_err());
    let path = "[obj-type:a.b[*][1].'c-d' NOT ISSUPERSET '1.2.3.4/16']";
    let pattern = parsed(path);
    let Observation::Test(Comparison::Test(test)) = pattern.root() else { panic!("{pattern:?}") };
    assert_eq!(test.path.to_string(), "obj-type:a.b[*][1].c-d");
    assert_eq!(test.operator, Operator::IsSuperset("1.2.3.4/16".into()));
    assert!(test.negated);
}

#[test]
fn operators_bind_as_the_specification_says() {
    let pattern = parsed("[a:b=1] FOLLOWEDBY [a:b=2] OR [a:b=3] AND [a:b=4 OR a:b=5 AND a:b=6]");
    let Observation::InOrder(list) = pattern.root() else { panic!("{pattern:?}") };
    let [_, Observation::Any(list)] = list.as_slice() else { panic!("{list:?}") };
    let [_, Observation::All(list)] = list.as_slice() else { panic!("{list:?}") };
    let [_, Observation::Test(Comparison::Any(list))] = list.as_slice() else { panic!("{list:?}") };
    assert!(matches!(list.as_slice(), [Comparison::Test(_), Comparison::All(_)]));
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("[a:b = '{}']", "x".repeat(BYTES_MAX));
    assert!(refused(&long).to_string().contains("at most 1048576"));
    let deep = |n: usize| format!("{}[a:b = 1]{}", "(".repeat(n), ")".repeat(n));
    assert!(Pattern::parse(&deep(DEPTH_MAX), Version::V21).is_ok());
    assert_eq!(refused(&deep(DEPTH_MAX + 1)).column, DEPTH_MAX + 1);
    let deep = format!("[{}a:b = 1", "(".repeat(100_000));
    assert!(refused(&deep).to_string().contains("nested more than 64 deep"));
    let many = vec!["[a:b = 1] REPEATS 1 TIMES"; 20_000].join(" OR ");
    assert!(Pattern::parse(&many, Version::V21).is_ok());
    let digits = "9".repeat(60);
    assert!(refused(&format!("[a:b = {digits}]")).to_string().contains("too large"));
}

#[test]
fn recorded_patterns_match_or_not_as_recorded() {
    let observations = include_str!("../../../../vectors/patterns/observations.json");
    let observations = serde_json::from_str(observations).unwrap();
    let cases = include_str!("../../../../vectors/patterns/match.jsonl");
    none(&differing("pattern-match", cases, Some(&observations)));
}

/// Holds a pattern against persons, each seen in one second: name and how often.
fn matched(pattern: &str, seen: &[(&str, u64)]) -> Result<bool, MatchError> {
    let data: Vec<serde_json::Value> = seen
        .iter()
        .enumerate()
        .map(|(second, (name, count))| {
            let moment = format!("2024-01-01T00:{:02}:{:02}Z", second / 60, second % 60);
            serde_json::json!({
                "type": "observed-data",
                "first_observed": moment, "last_observed": moment, "number_observed": count,
                "objects": {"0": {"type": "p", "n": name, "list": [1, {"deep": null}], "a_ref": "0"}},
            })
        })
        .collect();
    let data = serde_json::Value::Array(data);
    Matcher::compile(&parsed(pattern))?.matches(&Observations::read(&data)?)
}

#[test]
fn no_observation_counts_twice() {
    let seen = [("a", 1), ("ab", 1), ("b", 2)];
    for (pattern, matches) in [
        ("[p:n LIKE 'a%'] AND [p:n LIKE '%b'] AND [p:n = 'a']", true),
        ("[p:n LIKE 'a%'] AND [p:n LIKE 'a%'] AND [p:n = 'a']", false),
        ("[p:n LIKE '%b'] REPEATS 3 TIMES AND [p:n = 'a']", true),
        ("[p:n LIKE '%b'] REPEATS 3 TIMES AND [p:n = 'ab']", false),
        ("([p:n = 'a'] OR [p:n = 'ab']) REPEATS 2 TIMES AND [p:n = 'b'] REPEATS 2 TIMES", true),
        ("([p:n = 'b'] REPEATS 2 TIMES OR [p:n = 'x']) REPEATS 2 TIMES", false),
        ("([p:n LIKE 'a%'] FOLLOWEDBY [p:n LIKE '%b']) REPEATS 2 TIMES", true),
        ("([p:n = 'b'] FOLLOWEDBY [p:n LIKE 'a%'])", false),
        ("([p:n = 'b'] FOLLOWEDBY [p:n = 'b'])", true),
        ("([p:n = 'a'] FOLLOWEDBY [p:n = 'ab'] FOLLOWEDBY [p:n = 'b']) WITHIN 1 SECONDS", false),
        ("([p:n = 'a'] FOLLOWEDBY [p:n = 'ab'] FOLLOWEDBY [p:n = 'b']) WITHIN 2 SECONDS", true),
        ("([p:n != 'x'] REPEATS 2 TIMES WITHIN .5 SECONDS) REPEATS 2 TIMES", false),
        ("([p:n != 'x'] REPEATS 2 TIMES WITHIN 1 SECONDS) REPEATS 2 TIMES", true),
        ("[p:n = 'b'] START t'2024-01-01T00:00:02Z' STOP t'2024-01-01T00:00:03Z'", true),
        ("[p:n = 'b'] START t'2024-01-01T00:00:00Z' STOP t'2024-01-01T00:00:02Z'", false),
        ("[p:n = 'b'] START t'2024-01-01T00:00:02Z' STOP t'2024-01-01T00:00:02Z'", false),
        ("[EXISTS p:list[1].deep]", false),
        ("[EXISTS p:list[*]]", true),
        ("[EXISTS p:list[-1]]", false),
        ("[p:a_ref.a_ref.n = 'a' AND EXISTS p:n]", true),
        ("[p:n NOT > 5]", false),
        ("[p:n ISSUBSET '10.0.0.0/8']", false),
        ("[p:n NOT ISSUBSET '2001:db8::/32']", true),
    ] {
        assert_eq!(matched(pattern, &seen), Ok(matches), "{pattern}");
    }
    for wrong in [
        "[p:n ISSUBSET 'x']",
        "[p:n MATCHES '(?<=a)b']",
        "[p:n = t'2024-02-30T00:00:00Z']",
        "[p:n IN ('a', 1)]",
        "[p:n = 'a'] REPEATS 0 TIMES",
        "[p:n = 'a' OR p:n = t'2024-01-01T00:00:00Z']",
    ] {
        assert!(matched(wrong, &seen).is_err(), "{wrong}");
    }
}

#[test]
fn matching_is_bounded() {
    let many = vec![("a", 1); 2000];
    for (pattern, matches) in [
        ("[p:n = 'a'] REPEATS 2000 TIMES", true),
        ("[p:n = 'a'] REPEATS 2001 TIMES", false),
        ("[p:n = 'a'] REPEATS 101 TIMES WITHIN 100 SECONDS", true),
        ("[p:n = 'a'] REPEATS 102 TIMES WITHIN 100 SECONDS", false),
        ("[p:n = 'a'] FOLLOWEDBY [p:n = 'a'] FOLLOWEDBY [p:n = 'b']", false),
        ("([p:n = 'a'] FOLLOWEDBY [p:n = 'a']) REPEATS 20 TIMES", true),
    ] {
        assert_eq!(matched(pattern, &many), Ok(matches), "{pattern}");
    }
    let often = [("a", 1 << 60), ("b", 1)];
    assert_eq!(
        matched("[p:n = 'a'] REPEATS 1000000000000 TIMES AND [p:n = 'b']", &often),
        Ok(true)
    );
    let tied = "([p:n = 'a'] FOLLOWEDBY [p:n = 'a']) REPEATS 1000000000000 TIMES";
    assert_eq!(matched(tied, &often), Err(MatchError::TooHard));
    let hard = "([p:n = 'a'] REPEATS 9 TIMES WITHIN 7 SECONDS AND [p:n = 'a']) REPEATS 30 TIMES";
    assert!(matches!(matched(hard, &many), Ok(false) | Err(MatchError::TooHard)));
}

#[test]
fn recorded_patterns_are_equivalent_or_not_as_recorded() {
    let cases = include_str!("../../../../vectors/patterns/equivalence.jsonl");
    none(&differing("pattern-equivalence", cases, None));
}

#[test]
fn equivalence_sees_through_the_writing() {
    for (one, other, equal) in [
        ("[a:b = 1]", "[a:b == 1.0]", true),
        ("[a:b NOT = 1]", "[a:b <> 1]", true),
        ("[a:b NOT != 1]", "[a:b = 1]", true),
        ("[a:b NOT < 1]", "[a:b >= 1]", false),
        ("[a:b IN (1, 2, 3)]", "[a:b IN (3, 2, 1)]", true),
        ("[a:b = h'616C']", "[a:b = b'YWw=']", true),
        ("[a:b = t'2024-01-01T00:00:00Z']", "[a:b = t'2024-01-01T00:00:00.000Z']", true),
        ("[a:'b'.c = 1]", "[a:b.'c' = 1]", true),
        ("[a:b = 1] AND [a:b = 1]", "[a:b = 1]", false),
        ("[a:b = 1 AND a:b = 1]", "[a:b = 1]", true),
        ("[a:b = 1] WITHIN 5 SECONDS", "[a:b = 1] WITHIN 5.0 SECONDS", true),
        ("[a:b = 1] WITHIN 5 SECONDS", "[a:b = 1] REPEATS 5 TIMES", false),
        (
            "[a:b = 1] REPEATS 2 TIMES OR ([a:b = 1] REPEATS 2 TIMES AND [a:b = 2])",
            "[a:b = 1] REPEATS 2 TIMES",
            false,
        ),
        ("([a:b=3] AND [a:b=1]) OR ([a:b=1] AND [a:b=2] AND [a:b=3])", "[a:b=3] AND [a:b=1]", true),
        (
            "([a:b=1] AND [a:b=1] AND [a:b=2]) OR ([a:b=1] AND [a:b=2] AND [a:b=3])",
            "[a:b=1] AND [a:b=1] AND [a:b=2]",
            false,
        ),
        (
            "([a:b=1] FOLLOWEDBY [a:b=3]) OR ([a:b=4] FOLLOWEDBY [a:b=1] FOLLOWEDBY [a:b=2] FOLLOWEDBY [a:b=3])",
            "[a:b=1] FOLLOWEDBY [a:b=3]",
            true,
        ),
        (
            "([a:b=1] OR ([a:b=1] AND [a:b=2])) FOLLOWEDBY [a:b=3]",
            "[a:b=1] FOLLOWEDBY [a:b=3]",
            true,
        ),
        ("[a:b=1 AND c:d=1] OR [a:b=2]", "[a:b=2]", true),
        (
            "[ipv4-addr:value ISSUBSET '1.2.3.4/24']",
            "[ipv4-addr:value ISSUBSET '1.2.3.0/24']",
            true,
        ),
        (
            "[ipv4-addr:value IN ('1.2.3.4/32', '01.2.3.4')]",
            "[ipv4-addr:value IN ('1.2.3.4')]",
            true,
        ),
        ("[windows-registry-key:key = 'aaa']", "[windows-registry-key:key = 'AAA']", true),
        (
            "[windows-registry-key:values[*].data = 'a']",
            "[windows-registry-key:values[*].data = 'A']",
            false,
        ),
        ("[file:name = 'a']", "[file:name = 'A']", false),
    ] {
        assert_eq!(equivalent(&parsed(one), &parsed(other)), Ok(equal), "{one} {other}");
        assert_eq!(equivalent(&parsed(other), &parsed(one)), Ok(equal), "{other} {one}");
    }
}

#[test]
fn equivalence_is_bounded() {
    let flat: Vec<String> = (0..4000).map(|n| format!("a:b = {n}")).collect();
    let mut back = flat.clone();
    back.reverse();
    let pattern = |tests: &[String]| parsed(&format!("[{}]", tests.join(" OR ")));
    assert_eq!(equivalent(&pattern(&flat), &pattern(&back)), Ok(true));
    let spread = |open: &str, close: &str| {
        let pairs: Vec<String> = (0..40)
            .map(|n| format!("({open}a:b = {n}{close} OR {open}a:c = {n}{close})"))
            .collect();
        pairs.join(" AND ")
    };
    let inside = parsed(&format!("[{}]", spread("", "")));
    assert_eq!(equivalent(&inside, &inside), Err(EqualityError::TooManyTerms));
    let between = parsed(&spread("[", "]"));
    assert_eq!(equivalent(&between, &between), Err(EqualityError::TooManyTerms));
}

/// What must hold for any text at all.
fn holds_for(text: &str) {
    let pattern = match Pattern::parse(text, Version::V21) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{text}: {error}");
            return;
        }
    };
    let _ = pattern.check();
    assert_ne!(equivalent(&pattern, &pattern), Ok(false), "{text}");
    let twice = parsed(&format!("({text}\n) OR ({text}\n)"));
    assert_ne!(equivalent(&pattern, &twice), Ok(false), "{text}");
    if let Ok(matcher) = Matcher::compile(&pattern) {
        let data = serde_json::json!({
            "type": "observed-data", "number_observed": 3,
            "first_observed": "2024-01-01T00:00:00Z", "last_observed": "2024-01-01T00:00:02Z",
            "objects": {"0": {"type": "file", "name": "x", "h_refs": ["0", "1"]}},
        });
        let _ = matcher.matches(&Observations::read(&data).unwrap());
    }
}

#[test]
fn cut_and_damaged_patterns_do_no_harm() {
    for case in include_str!("../../../../vectors/patterns/match.jsonl").lines().step_by(7) {
        let case: serde_json::Value = serde_json::from_str(case).unwrap();
        let text = case["pattern"].as_str().unwrap();
        for (at, c) in text.char_indices() {
            let (before, after) = text.split_at(at);
            holds_for(before);
            holds_for(after);
            let behind = after.strip_prefix(c).unwrap();
            for other in ["", "'", "\\", "(", "]", "0", "é", " "] {
                holds_for(&format!("{before}{other}{behind}"));
            }
        }
    }
}

/// The operators between brackets, and the first words of the qualifiers.
fn words(observation: &Observation, operators: &mut Vec<&str>, qualifiers: &mut Vec<&str>) {
    let (word, list) = match observation {
        Observation::Test(_) => return,
        Observation::All(list) => ("AND", list.as_slice()),
        Observation::Any(list) => ("OR", list.as_slice()),
        Observation::InOrder(list) => ("FOLLOWEDBY", list.as_slice()),
        Observation::Qualified(qualified) => {
            qualifiers.extend(qualified.qualifiers.iter().map(|placed| placed.qualifier.word()));
            return words(&qualified.observation, operators, qualifiers);
        }
    };
    operators.push(word);
    for one in list {
        words(one, operators, qualifiers);
    }
}

/// A test as the reference shows it: the steps of its path, and its operator.
fn shown(test: &Test) -> serde_json::Value {
    let steps: Vec<serde_json::Value> = test
        .path
        .steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.as_str().into(),
            Step::Index(index) => (*index).into(),
            Step::Every => "*".into(),
        })
        .collect();
    let operator = match test.operator {
        Operator::Equal(_) => "=",
        Operator::NotEqual(_) => "!=",
        Operator::Less(_) => "<",
        Operator::LessEqual(_) => "<=",
        Operator::Greater(_) => ">",
        Operator::GreaterEqual(_) => ">=",
        Operator::In(_) => "IN",
        Operator::Like(_) => "LIKE",
        Operator::Matches(_) => "MATCHES",
        Operator::IsSubset(_) => "ISSUBSET",
        Operator::IsSuperset(_) => "ISSUPERSET",
        Operator::Exists => "EXISTS",
    };
    let not = if test.negated { "NOT " } else { "" };
    serde_json::json!([steps, format!("{not}{operator}")])
}

#[test]
fn recorded_patterns_hold_what_is_recorded() {
    for line in include_str!("../../../../vectors/patterns/inspect.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let version = Version::named(case["stix"].as_str().unwrap()).unwrap();
        let pattern = Pattern::parse(case["pattern"].as_str().unwrap(), version).unwrap();
        let (mut operators, mut qualifiers) = (Vec::new(), Vec::new());
        words(pattern.root(), &mut operators, &mut qualifiers);
        let expected = &case["expected"][0];
        let mut listed: Vec<&str> = expected
            .as_array()
            .into_iter()
            .flatten()
            .map(|word| word.as_str().unwrap().split(' ').next().unwrap())
            .collect();
        listed.sort_unstable();
        match case["test"].as_str().unwrap() {
            "test_observation_ops" => {
                operators.sort_unstable();
                assert_eq!(operators, listed, "{line}");
            }
            "test_qualifiers" => {
                qualifiers.sort_unstable();
                assert_eq!(qualifiers, listed, "{line}");
            }
            _ => {
                let mut found: std::collections::BTreeMap<&str, Vec<serde_json::Value>> =
                    std::collections::BTreeMap::new();
                pattern.root().each_comparison(&mut |comparison| {
                    comparison.each_test(&mut |test| {
                        found.entry(&test.path.object_type).or_default().push(shown(test));
                    });
                });
                let mut expected = expected.clone();
                for tests in expected.as_object_mut().unwrap().values_mut() {
                    for test in tests.as_array_mut().unwrap() {
                        // The constants are compared elsewhere, and a star has no form in JSON.
                        test.as_array_mut().unwrap().pop();
                        for step in test[0].as_array_mut().unwrap() {
                            if step.as_str().is_some_and(|step| step.starts_with('<')) {
                                *step = "*".into();
                            }
                        }
                    }
                }
                assert_eq!(serde_json::json!(found), expected, "{line}");
            }
        }
    }
}
