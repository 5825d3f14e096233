//! Reads JSON values, and says where one is missing, unknown or of another type.

use std::cell::RefCell;

use entente_model::{NationCode, Timestamp};
use serde_json::{Map, Value};

use super::{Result, RowError};
use crate::problem::{excerpt, nearest};
use crate::{level, time};

/// The largest integer that every reader of JSON holds exactly.
const INTEGER_MAX: u64 = 1 << 53;

/// The keys of one object; whatever is not read is unknown.
pub(super) struct Fields<'a> {
    place: String,
    map: &'a Map<String, Value>,
    read: RefCell<Vec<&'static str>>,
}

/// One value with its place.
pub(super) struct Spot<'a> {
    pub place: String,
    pub value: &'a Value,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, place: impl Into<String>) -> Result<Self> {
        let place = place.into();
        match value {
            Value::Object(map) => Ok(Self { place, map, read: RefCell::default() }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(RowError::at(place, "expected an object in braces")),
        }
    }

    pub(super) fn find(&self, key: &'static str) -> Option<Spot<'a>> {
        self.read.borrow_mut().push(key);
        self.map.get(key).map(|value| Spot { place: self.inner(key), value })
    }

    pub(super) fn need(&self, key: &'static str) -> Result<Spot<'a>> {
        self.find(key)
            .ok_or_else(|| RowError::at(&self.place, format!("the key `{key}` is missing")))
    }

    /// Every entry, for objects whose keys are data.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Spot<'a>)> {
        let place = self.place.clone();
        self.map.iter().map(move |(key, value)| {
            let place = format!("{place}.{}", excerpt(key));
            (key.as_str(), Spot { place, value })
        })
    }

    /// Fails if there is a key that nobody read.
    pub(super) fn finish(&self) -> Result<()> {
        let read = self.read.borrow();
        let Some(key) = self.map.keys().find(|key| !read.contains(&key.as_str())) else {
            return Ok(());
        };
        let hint = match nearest(key, read.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", read.join(", ")),
        };
        Err(RowError::at(&self.place, format!("unknown key `{}`; {hint}", excerpt(key))))
    }

    fn inner(&self, key: &str) -> String {
        if self.place == "row" { key.to_owned() } else { format!("{}.{key}", self.place) }
    }
}

impl<'a> Spot<'a> {
    pub(super) fn fault<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(RowError::at(&self.place, message))
    }

    pub(super) fn fields(&self) -> Result<Fields<'a>> {
        Fields::of(self.value, self.place.as_str())
    }

    /// The value, unless it is null.
    pub(super) fn some(self) -> Option<Self> {
        (!self.value.is_null()).then_some(self)
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value.as_str().map_or_else(|| self.fault("expected text in quotation marks"), Ok)
    }

    pub(super) fn owned(&self) -> Result<String> {
        self.text().map(str::to_owned)
    }

    /// Text that is not empty and has no control characters.
    pub(super) fn name(&self) -> Result<String> {
        let text = self.text()?;
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return self.fault("expected a name of 1 to 256 bytes without control characters");
        }
        Ok(text.to_owned())
    }

    pub(super) fn bool(&self) -> Result<bool> {
        self.value.as_bool().map_or_else(|| self.fault("expected true or false"), Ok)
    }

    pub(super) fn uint(&self) -> Result<u64> {
        self.value.as_u64().filter(|n| *n <= INTEGER_MAX).map_or_else(
            || self.fault("expected a whole number from 0 to 2^53, without a fraction"),
            Ok,
        )
    }

    pub(super) fn list(&self) -> Result<impl Iterator<Item = Spot<'a>>> {
        let Value::Array(items) = self.value else {
            return self.fault("expected a list in square brackets");
        };
        let place = self.place.clone();
        Ok(items
            .iter()
            .enumerate()
            .map(move |(n, value)| Spot { place: format!("{place}[{n}]"), value }))
    }

    /// A list, each item read by `read`.
    pub(super) fn each<T>(&self, read: impl Fn(Spot<'a>) -> Result<T>) -> Result<Vec<T>> {
        self.list()?.map(read).collect()
    }

    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.each(|item| item.owned())
    }

    pub(super) fn nation(&self) -> Result<NationCode> {
        self.text()?
            .parse()
            .or_else(|_| self.fault("expected a nation code: three capital letters, such as XAR"))
    }

    pub(super) fn level(&self) -> Result<u8> {
        let found = level::parse(self.text()?);
        found.map_or_else(
            || self.fault(format!("expected a level: one of {}", level::NAMES.join(", "))),
            Ok,
        )
    }

    /// An instant in the one form that rows have.
    pub(super) fn instant(&self) -> Result<Timestamp> {
        self.moment()?.map_or_else(
            || self.fault("this moment is before 1970, which is not supported here"),
            Ok,
        )
    }

    /// An instant; `None` if it is before 1970.
    pub(super) fn moment(&self) -> Result<Option<Timestamp>> {
        let text = self.text()?;
        let shape = text.len() == "2031-04-12T06:00:00Z".len() && text.ends_with('Z');
        let parsed = text.parse::<jiff::Timestamp>().ok().filter(|_| shape);
        let Some(parsed) = parsed.filter(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() == text)
        else {
            return self.fault("expected an instant such as 2031-04-12T06:00:00Z");
        };
        Ok(u64::try_from(parsed.as_millisecond()).ok().map(Timestamp::from_millis))
    }

    /// The first moment of a day. What began before 1970 began long enough ago.
    pub(super) fn day(&self) -> Result<Timestamp> {
        let text = self.text()?;
        let date = text.parse::<jiff::civil::Date>().ok().filter(|d| d.to_string() == text);
        match date {
            Some(date) if date.year() < 1970 => Ok(Timestamp::default()),
            Some(_) => {
                time::day_start(text).map_or_else(|| self.fault("this day is out of range"), Ok)
            }
            None => self.fault("expected a day such as 2028-01-01"),
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.fault(format!("`{}` is not one of {}", excerpt(text), known.join(", ")))
    }

    /// One of the words of the vocabulary.
    pub(super) fn word<T: Copy>(
        &self,
        all: &[T],
        parse: impl Fn(&str) -> Option<T>,
        word: impl Fn(T) -> &'static str,
    ) -> Result<T> {
        let text = self.text()?;
        parse(text).map_or_else(
            || {
                let known: Vec<&str> = all.iter().map(|value| word(*value)).collect();
                self.fault(format!("`{}` is not one of {}", excerpt(text), known.join(", ")))
            },
            Ok,
        )
    }
}
