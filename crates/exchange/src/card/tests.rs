use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn card() -> Card {
    Card {
        nation: NationId::from_array([0xa5; 32]),
        endpoint: Some("https://node.example:8443/ent/v1".to_owned()),
        code: "XAR".parse().unwrap(),
        name: "Républik Arvania".to_owned(),
    }
}

#[test]
fn the_list_has_2048_words_told_apart_by_four_letters() {
    let words: Vec<&str> = WORDS.lines().collect();
    let starts: BTreeSet<String> =
        words.iter().map(|w| w.chars().take(4).collect::<String>()).collect();
    assert_eq!((words.len(), starts.len()), (2048, 2048));
    assert!(words.is_sorted());
    assert!(words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase())));
}

#[test]
fn words_and_digits_have_known_values() {
    let zero = SpokenId::of(&NationId::from_array([0; 32]));
    assert_eq!(zero.words(), ["abandon"; 16]);
    assert_eq!(zero.digits(), ["000000"; 9].join(" "));
    let ones = SpokenId::of(&NationId::from_array([0xff; 32]));
    assert_eq!(ones.words(), ["zoo"; 16]);
    // 2^176 - 1.
    let expected = "095780971304118053647396689196894323976171195136475135";
    assert_eq!(ones.digits().replace(' ', ""), expected);
    assert_eq!(SpokenId::from_digits(&"9".repeat(54)), Err(SpokenError::TooLarge));
    let next = expected.replace("475135", "475136");
    assert_eq!(SpokenId::from_digits(&next), Err(SpokenError::TooLarge));
}

#[test]
fn reading_forgives_what_people_do() {
    let nation = NationId::from_array(std::array::from_fn(|i| u8::try_from(i * 37 % 256).unwrap()));
    let spoken = SpokenId::of(&nation);
    let words = spoken.words();
    let shouted = words.join(",\n  ").to_uppercase();
    assert_eq!(SpokenId::from_words(&shouted), Ok(spoken));
    let short: Vec<String> = words.iter().map(|w| w.chars().take(4).collect()).collect();
    assert_eq!(SpokenId::from_words(&short.join(" ")), Ok(spoken));
    assert_eq!(SpokenId::from_digits(&spoken.digits().replace(' ', "-")), Ok(spoken));

    let text = card().to_string();
    assert!(text.starts_with("ent1:"));
    let retyped =
        text.to_lowercase().replace('0', "o").replace('1', "l").replacen("entl", "ent1", 1);
    assert_eq!(format!(" {} ", retyped.replace('-', " \n")).parse(), Ok(card()));
}

#[test]
fn errors_name_the_wrong_word() {
    let nation = NationId::from_array([7; 32]);
    let mut words = SpokenId::of(&nation).words();
    words[4] = "zoologist";
    let unknown = SpokenId::from_words(&words.join(" ")).unwrap_err();
    assert_eq!(unknown.to_string(), "word 5, `zoologist`, is not in the list; perhaps `zoo`");
    words[4] = "zoo";
    let other = SpokenId::from_words(&words.join(" ")).unwrap();
    assert!(!other.matches(&nation));
    assert_eq!(other.differing_words(&nation), [5]);
    assert_eq!(SpokenId::from_words("abandon"), Err(SpokenError::WordCount(1)));
    assert_eq!(SpokenId::from_digits("12x"), Err(SpokenError::NotADigit('x')));
    assert_eq!(SpokenId::from_digits("12"), Err(SpokenError::DigitCount(2)));
}

#[test]
fn a_card_that_was_not_copied_exactly_is_refused() {
    let text = card().to_string();
    assert_eq!("tne1:000".parse::<Card>(), Err(CardError::Prefix));
    assert_eq!("ent1:".parse::<Card>(), Err(CardError::Check));
    assert_eq!("ent1:UUUU".parse::<Card>(), Err(CardError::Character('u')));
    for at in PREFIX.len()..text.len() {
        if text.as_bytes()[at] == b'-' {
            continue;
        }
        let mut wrong = text.clone().into_bytes();
        wrong[at] = if wrong[at] == b'7' { b'8' } else { b'7' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert_eq!(wrong.parse::<Card>(), Err(CardError::Check), "{at}");
        assert!(text.split_at(at).0.parse::<Card>().is_err(), "{at}");
    }
}

proptest! {
    #[test]
    fn what_is_said_is_heard(id in any::<[u8; 32]>()) {
        let nation = NationId::from_array(id);
        let spoken = SpokenId::of(&nation);
        prop_assert_eq!(SpokenId::from_words(&spoken.words().join(" ")), Ok(spoken));
        prop_assert_eq!(SpokenId::from_digits(&spoken.digits()), Ok(spoken));
        prop_assert!(spoken.matches(&nation));
    }

    #[test]
    fn cards_round_trip(id in any::<[u8; 32]>(), name in "\\PC{0,40}", endpoint in prop::option::of("[a-z:/.]{0,60}")) {
        let card = Card { nation: NationId::from_array(id), name, endpoint, ..card() };
        prop_assert_eq!(card.to_string().parse(), Ok(card));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
        let _ = format!("ent1:{text}").parse::<Card>();
        let _ = SpokenId::from_words(&text);
        let _ = SpokenId::from_digits(&text);
    }
}
