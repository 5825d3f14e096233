//! One level of a scheme, and how far what is said of it was checked.

use entente_model::Timestamp;

/// From when until when something could be written; both days included, open where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// The first day.
    pub from: Option<Timestamp>,
    /// The last day.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Whether a moment lies in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && at.millis() <= self.last()
    }

    /// The last moment, in milliseconds.
    pub(crate) fn last(&self) -> u64 {
        self.until.map_or(u64::MAX, |day| day.millis().saturating_add(crate::time::DAY_MILLIS - 1))
    }

    /// The period from one moment to the day of another, which 0 and the end of time leave open.
    pub(crate) fn between(from: u64, last: u64) -> Self {
        let day = last.saturating_sub(crate::time::DAY_MILLIS - 1);
        Self {
            from: (from > 0).then(|| Timestamp::from_millis(from)),
            until: (last < u64::MAX).then(|| Timestamp::from_millis(day)),
        }
    }

    /// Whether two periods have a moment in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let first = |p: &Self| p.from.map_or(0, Timestamp::millis);
        first(self) <= other.last() && first(other) <= self.last()
    }

    /// In words; empty if it is open on both sides.
    pub fn says(&self) -> String {
        let day = crate::time::day_text;
        match (self.from, self.until) {
            (None, None) => String::new(),
            (Some(from), None) => format!("since {}", day(from)),
            (None, Some(until)) => format!("until {}", day(until)),
            (Some(from), Some(until)) => format!("from {} until {}", day(from), day(until)),
        }
    }
}

/// How far a statement in a scheme was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Against a public copy of the text itself or an official summary of it.
    Official,
    /// Against a secondary public source.
    Secondary,
    /// Professional knowledge; confirm with the official text before relying on it.
    Unchecked,
    /// Made up for examples and tests.
    Invented,
}

impl Certainty {
    /// The words in a file.
    pub(crate) const WORDS: [(&str, Self); 4] = [
        ("official", Self::Official),
        ("secondary", Self::Secondary),
        ("unchecked", Self::Unchecked),
        ("invented", Self::Invented),
    ];

    /// The word in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Secondary => "secondary",
            Self::Unchecked => "unchecked",
            Self::Invented => "invented",
        }
    }

    /// What the word means, for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Official => "checked against the text or an official summary",
            Self::Secondary => "checked against a secondary source",
            Self::Unchecked => "not checked; confirm with the official text before relying on it",
            Self::Invented => "invented",
        }
    }
}

/// Where a level stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the common ladder.
    Ladder,
    /// Beside it, as `PROTECTED A` does. Its class says where a comparison must put it so as not
    /// to put it too low; others' information is never marked so.
    Beside,
}

/// A marking of an earlier time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy {
    /// As printed.
    pub marking: String,
    /// When it could be written.
    pub period: Period,
}

/// A marking together with a control, such as `NATO SECRET ATOMAL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combined {
    /// The id of the level.
    pub level: String,
    /// The control, in the scheme's words.
    pub control: String,
    /// How both are printed.
    pub marking: String,
    /// In a portion.
    pub abbreviation: String,
}

/// One level of a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name in tables of equivalence.
    pub id: String,
    /// Its class: the level of the common ladder on which it is compared.
    pub class: u8,
    /// Whether it is on the ladder.
    pub place: Place,
    /// Whether it is a security classification.
    pub classification: bool,
    /// The marking as printed, in all languages where the scheme prints them together.
    pub marking: String,
    /// The marking in each language, in the scheme's order.
    pub words: Vec<(String, String)>,
    /// The short form, for portions.
    pub abbreviation: Option<String>,
    /// Other ways to write it.
    pub aliases: Vec<String>,
    /// Markings of earlier times.
    pub legacy: Vec<Legacy>,
    /// When it could be given.
    pub period: Period,
    /// The words with which the owner marks others' information of a lower level of which it has
    /// none.
    pub marks_lower: Option<String>,
    /// After how many years it is declassified by default.
    pub declassify_years: Option<u64>,
    /// The rule on how long it lasts, in words.
    pub duration: Option<String>,
    /// Its value in STANAG 4774.
    pub stanag4774: Option<String>,
    /// How far it was checked, if not as the scheme.
    pub checked: Option<Certainty>,
    /// What people should know about it.
    pub note: Option<String>,
}

impl Level {
    /// A level of which nothing but the marking and the class is known.
    pub(crate) fn plain(marking: &str, class: u8) -> Self {
        Self {
            id: marking.to_owned(),
            class,
            place: Place::Ladder,
            classification: class > 0,
            marking: marking.to_owned(),
            words: vec![("en".to_owned(), marking.to_owned())],
            abbreviation: None,
            aliases: Vec::new(),
            legacy: Vec::new(),
            period: Period::default(),
            marks_lower: None,
            declassify_years: None,
            duration: None,
            stanag4774: None,
            checked: None,
            note: None,
        }
    }

    /// The short form, or the marking where there is none.
    pub fn short(&self) -> &str {
        self.abbreviation.as_deref().unwrap_or(&self.marking)
    }
}

#[test]
fn periods_overlap_where_they_share_a_day() {
    let day = |text| crate::time::day_start(text);
    let old = Period { from: None, until: day("2021-06-30") };
    let new = Period { from: day("2021-07-01"), until: None };
    assert!(!old.overlaps(&new) && !new.overlaps(&old) && old.overlaps(&old));
    assert!(old.holds(crate::time::instant("2021-06-30T23:59:59Z").unwrap()));
    assert!(!old.holds(day("2021-07-01").unwrap()) && new.holds(day("2021-07-01").unwrap()));
    assert_eq!(new.says(), "since 2021-07-01");
}
