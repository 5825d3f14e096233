//! Reads the keys of a TOML table, and reports every one that is missing, wrong or unknown.
//!
//! Front matter, clause blocks, rule blocks, schemes and facts files all go through here, so that
//! a key which nobody reads is always an error with its line.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a TOML value of any other type, whichever there may be, is not the one expected"
)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use entente_model::{NationCode, Timestamp};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::level;
use crate::problem::{Problem, excerpt, nearest};

/// A fragment of TOML inside a larger text, and what was found wrong with it.
#[derive(Debug)]
pub(crate) struct Fragment<'a> {
    text: &'a str,
    /// The line of the larger text on which the fragment starts, counted from 1.
    first_line: usize,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Fragment<'a> {
    pub(crate) fn new(text: &'a str, first_line: usize) -> Self {
        Self { text, first_line, problems: RefCell::default() }
    }

    /// Reads the fragment's top table; `None` if it is not TOML.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Keys<'_, '_>) -> Option<T>,
    ) -> (Option<T>, Vec<Problem>) {
        let value = match DeTable::parse(self.text) {
            Ok(table) => {
                let keys = Keys::new(self, 0..0, table.get_ref());
                let value = read(&keys);
                keys.finish();
                value
            }
            Err(error) => {
                self.fault(error.span().unwrap_or(0..0), error.message());
                None
            }
        };
        (value, self.problems.take())
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = self.first_line + before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let text = excerpt(self.text.get(span).unwrap_or(""));
        self.problems.borrow_mut().push(Problem { line, column, text, message: message.into() });
    }
}

/// One table's keys, each read at most once; whatever is not read is unknown.
pub(crate) struct Keys<'t, 'f> {
    fragment: &'f Fragment<'f>,
    span: Range<usize>,
    table: &'t DeTable<'t>,
    known: RefCell<BTreeSet<String>>,
}

/// One value with its place.
#[derive(Clone, Copy)]
pub(crate) struct Item<'t, 'f> {
    fragment: &'f Fragment<'f>,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'t, 'f> Item<'t, 'f> {
    pub(crate) fn fault<T>(&self, message: impl Into<String>) -> Option<T> {
        self.fragment.fault(self.value.span(), message);
        None
    }

    pub(crate) fn str(&self) -> Option<&'t str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.fault("expected text in quotation marks"),
        }
    }

    /// Text that is a code: not empty, and free of the characters that structure obligations.
    pub(crate) fn token(&self) -> Option<String> {
        let text = self.str()?;
        let ok = !text.is_empty()
            && text.len() <= 128
            && text.chars().all(|c| !c.is_control() && !"{}=".contains(c));
        if ok {
            Some(text.to_owned())
        } else {
            self.fault("expected a short code without braces or equals signs")
        }
    }

    /// Whether it is a text at all.
    pub(crate) fn is_str(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Words for people: not empty, and on one line.
    pub(crate) fn phrase(&self) -> Option<String> {
        let text = self.str()?;
        let ok =
            !text.trim().is_empty() && text.len() <= 1024 && !text.chars().any(char::is_control);
        if ok { Some(text.trim().to_owned()) } else { self.fault("expected words on one line") }
    }

    /// What stands between words, with its spaces.
    pub(crate) fn phrase_with_spaces(&self) -> Option<String> {
        self.phrase()?;
        self.str().map(str::to_owned)
    }

    pub(crate) fn phrases(&self) -> Option<Vec<String>> {
        let items = self.list()?;
        let values: Vec<String> = items.iter().filter_map(Item::phrase).collect();
        (values.len() == items.len()).then_some(values)
    }

    pub(crate) fn list(&self) -> Option<Vec<Self>> {
        match self.value.get_ref() {
            DeValue::Array(items) => {
                Some(items.iter().map(|value| Item { fragment: self.fragment, value }).collect())
            }
            _ => self.fault("expected a list in square brackets"),
        }
    }

    pub(crate) fn tokens(&self) -> Option<Vec<String>> {
        let items = self.list()?;
        let values: Vec<String> = items.iter().filter_map(Item::token).collect();
        (values.len() == items.len()).then_some(values)
    }

    pub(crate) fn nation(&self) -> Option<NationCode> {
        match self.str()?.parse() {
            Ok(nation) => Some(nation),
            Err(error) => self.fault(format!("{error}")),
        }
    }

    pub(crate) fn nations(&self) -> Option<Vec<NationCode>> {
        let items = self.list()?;
        let values: Vec<NationCode> = items.iter().filter_map(Item::nation).collect();
        (values.len() == items.len()).then_some(values)
    }

    pub(crate) fn level(&self) -> Option<u8> {
        let text = self.str()?;
        level::parse(text).or_else(|| {
            self.fault(format!("unknown level; expected one of {}", level::NAMES.join(", ")))
        })
    }

    pub(crate) fn uint(&self) -> Option<u64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(n) => u64::from_str_radix(n.as_str(), n.radix()).ok(),
            _ => None,
        };
        number
            .filter(|n| i64::try_from(*n).is_ok())
            .or_else(|| self.fault("expected a whole number that is not negative"))
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        self.value.get_ref().as_bool().or_else(|| self.fault("expected true or false"))
    }

    /// A calendar day, as TOML date or text; gives its first moment, UTC.
    pub(crate) fn day(&self) -> Option<Timestamp> {
        let text = match self.value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        crate::time::day_start(&text)
            .or_else(|| self.fault("expected a day such as 2028-01-01, not before 1970"))
    }

    /// An instant, as TOML date-time with offset or text.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        let text = match self.value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        crate::time::instant(&text)
            .or_else(|| self.fault("expected an instant such as 2031-04-12T06:00:00Z"))
    }

    /// A table within; every key that `read` does not ask for is a problem.
    pub(crate) fn table<T>(&self, read: impl FnOnce(&Keys<'t, 'f>) -> Option<T>) -> Option<T> {
        let DeValue::Table(table) = self.value.get_ref() else {
            return self.fault("expected a table");
        };
        let keys = Keys::new(self.fragment, self.value.span(), table);
        let value = read(&keys);
        keys.finish();
        value
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.str()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(format!("expected one of {}", known.join(", ")))
        })
    }
}

impl<'t, 'f> Keys<'t, 'f> {
    const fn new(fragment: &'f Fragment<'f>, span: Range<usize>, table: &'t DeTable<'t>) -> Self {
        Self { fragment, span, table, known: RefCell::new(BTreeSet::new()) }
    }

    /// The value of a key that may be absent.
    pub(crate) fn find(&self, key: &str) -> Option<Item<'t, 'f>> {
        self.known.borrow_mut().insert(key.to_owned());
        self.table.get(key).map(|value| Item { fragment: self.fragment, value })
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str) -> Option<Item<'t, 'f>> {
        self.find(key).or_else(|| self.fault(format!("the key `{key}` is missing")))
    }

    /// The value of an optional key: `Some(None)` if it is absent, `None` if it is wrong.
    #[expect(clippy::option_option, reason = "absent and wrong must not be confused")]
    pub(crate) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Item<'t, 'f>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.find(key) {
            Some(item) => read(&item).map(Some),
            None => Some(None),
        }
    }

    /// A value with a default.
    pub(crate) fn or<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&Item<'t, 'f>) -> Option<T>,
    ) -> Option<T> {
        self.optional(key, read).map(|value| value.unwrap_or(default))
    }

    /// Every entry, for tables whose keys are data.
    pub(crate) fn entries(&self) -> Vec<(&'t str, Item<'t, 'f>)> {
        self.table
            .iter()
            .map(|(key, value)| {
                self.known.borrow_mut().insert(key.get_ref().to_string());
                (key.get_ref().as_ref(), Item { fragment: self.fragment, value })
            })
            .collect()
    }

    /// Reports a problem with the table as a whole.
    pub(crate) fn fault<T>(&self, message: impl Into<String>) -> Option<T> {
        self.fragment.fault(self.span.clone(), message);
        None
    }

    /// Reports every key that nobody read.
    fn finish(&self) {
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref().as_ref();
            if !known.contains(name) {
                let hint = match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!(
                        "known here: {}",
                        known.iter().cloned().collect::<Vec<_>>().join(", ")
                    ),
                };
                self.fragment.fault(key.span(), format!("unknown key; {hint}"));
            }
        }
    }
}
