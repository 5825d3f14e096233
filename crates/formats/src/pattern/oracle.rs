//! A slow and obvious evaluator beside the matcher: it makes every binding that there is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::ast::{Comparison, Constant, Observation, Operator, Qualifier};
use super::{MatchError, Matcher, Observations, Pattern, Version, equivalent};

/// A name, the seconds in which it was seen first and last, and how often.
type Seen = (char, u8, u8, u8);

/// Observations that are bound together: which, and which time of being seen.
type Binding = BTreeSet<(usize, u8)>;

fn moment(second: u8) -> String {
    format!("2024-01-01T00:00:{second:02}Z")
}

fn observed_data(seen: &[Seen]) -> Value {
    let one = |(name, first, lasts, count): &Seen| {
        json!({
            "type": "observed-data", "number_observed": count,
            "first_observed": moment(*first), "last_observed": moment(first + lasts),
            "objects": {"0": {"type": "p", "n": name.to_string()}},
        })
    };
    seen.iter().map(one).collect()
}

/// The nanosecond at which a second begins.
fn at(second: u8) -> i128 {
    super::time::nanoseconds(&moment(second)).unwrap()
}

fn holds(comparison: &Comparison, name: char) -> bool {
    let Comparison::Test(test) = comparison else { panic!("only one test is made") };
    let (Operator::Equal(constant) | Operator::NotEqual(constant)) = &test.operator else {
        panic!("{:?} is not made", test.operator)
    };
    let equal = *constant == Constant::Text(name.to_string());
    equal == matches!(test.operator, Operator::Equal(_))
}

fn first_and_last(binding: &Binding, seen: &[Seen]) -> (i128, i128) {
    let latest_first = binding.iter().map(|(n, _)| at(seen[*n].1)).max().unwrap();
    let earliest_last = binding.iter().map(|(n, _)| at(seen[*n].1 + seen[*n].2)).min().unwrap();
    (latest_first, earliest_last)
}

/// Every pair of the two that shares nothing, joined.
fn joined(
    left: &BTreeSet<Binding>,
    right: &BTreeSet<Binding>,
    fits: impl Fn(&Binding, &Binding) -> bool,
) -> BTreeSet<Binding> {
    let mut joined = BTreeSet::new();
    for one in left {
        for other in right {
            if one.is_disjoint(other) && fits(one, other) {
                joined.insert(one | other);
            }
        }
    }
    joined
}

fn bindings(observation: &Observation, seen: &[Seen]) -> BTreeSet<Binding> {
    let all = |list: &[Observation], ordered: bool| {
        let mut parts = list.iter().map(|one| bindings(one, seen));
        let first = parts.next().unwrap();
        parts.fold(first, |left, right| {
            joined(&left, &right, |one, other| {
                !ordered || first_and_last(one, seen).0 <= first_and_last(other, seen).1
            })
        })
    };
    match observation {
        Observation::Test(comparison) => {
            let those = seen.iter().enumerate().filter(|(_, one)| holds(comparison, one.0));
            those
                .flat_map(|(n, one)| (0..one.3).map(move |time| Binding::from([(n, time)])))
                .collect()
        }
        Observation::All(list) => all(list, false),
        Observation::InOrder(list) => all(list, true),
        Observation::Any(list) => list.iter().flat_map(|one| bindings(one, seen)).collect(),
        Observation::Qualified(qualified) => {
            let mut found = bindings(&qualified.observation, seen);
            for placed in &qualified.qualifiers {
                match placed.qualifier {
                    Qualifier::Repeats(times) => {
                        let once = found.clone();
                        for _ in 1..times {
                            found = joined(&found, &once, |_, _| true);
                        }
                    }
                    Qualifier::Within(time) => found.retain(|binding| {
                        let (first, last) = first_and_last(binding, seen);
                        first <= last + time
                    }),
                    Qualifier::Between(start, stop) => {
                        let (start, stop) = (start.0.unwrap(), stop.0.unwrap());
                        found.retain(|binding| {
                            start < stop
                                && binding.iter().all(|(n, _)| {
                                    let (_, first, lasts, _) = seen[*n];
                                    at(first) < stop && at(first + lasts) >= start
                                })
                        });
                    }
                }
            }
            found
        }
    }
}

/// Patterns as text, of tests of one property.
fn patterns() -> impl Strategy<Value = String> {
    let test = prop_oneof![
        Just("[p:n = 'a']".to_owned()),
        Just("[p:n = 'b']".to_owned()),
        Just("[p:n != 'a']".to_owned()),
        Just("[p:n != 'x']".to_owned()),
    ];
    test.prop_recursive(4, 10, 3, |inner| {
        let operators = prop_oneof![Just(" AND "), Just(" OR "), Just(" FOLLOWEDBY ")];
        let chain = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            3 => (chain, operators).prop_map(|(list, operator)| format!("({})", list.join(operator))),
            1 => (inner.clone(), 1..4).prop_map(|(one, n)| format!("({one}) REPEATS {n} TIMES")),
            1 => (inner.clone(), 1..5).prop_map(|(one, n)| format!("({one}) WITHIN {n} SECONDS")),
            1 => (inner, 0_u8..8, 0_u8..8).prop_map(|(one, start, lasts)| {
                let (start, stop) = (moment(start), moment(start + lasts));
                format!("({one}) START t'{start}' STOP t'{stop}'")
            }),
        ]
    })
}

fn sightings() -> impl Strategy<Value = Vec<Seen>> {
    prop::collection::vec((prop::char::range('a', 'c'), 0_u8..8, 0_u8..3, 1_u8..3), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_answers_as_every_binding_does(text in patterns(), seen in sightings()) {
        let pattern = Pattern::parse(&text, Version::V21).unwrap();
        let data = observed_data(&seen);
        let observations = Observations::read(&data).unwrap();
        let matches = Matcher::compile(&pattern).unwrap().matches(&observations);
        let expected: Result<bool, MatchError> = Ok(!bindings(pattern.root(), &seen).is_empty());
        prop_assert_eq!(matches, expected);
    }

    #[test]
    fn what_is_equivalent_matches_alike(
        one in patterns(), other in patterns(), third in patterns(), seen in sightings(),
    ) {
        let data = observed_data(&seen);
        let observations = Observations::read(&data).unwrap();
        // Rewritten by the rules, and as they come.
        for (left, right) in [
            (format!("{one} AND ({other} OR {third})"), format!("({third} AND {one}) OR ({one} AND {other})")),
            (format!("({one} OR {other}) FOLLOWEDBY {third}"), format!("({other} FOLLOWEDBY {third}) OR ({one} FOLLOWEDBY {third})")),
            (format!("({one} AND {other}) OR {one}"), one.clone()),
            (one.clone(), other.clone()),
        ] {
            let left = Pattern::parse(&left, Version::V21).unwrap();
            let right = Pattern::parse(&right, Version::V21).unwrap();
            if equivalent(&left, &right) == Ok(true) {
                let matches = |pattern| Matcher::compile(pattern).unwrap().matches(&observations);
                prop_assert_eq!(matches(&left), matches(&right));
            }
        }
    }
}
