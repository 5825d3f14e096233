//! Answers of a node as pages for people.
//!
//! A node answers in JSON, and programs get that as it is. For people a command picks members
//! and writes lines. Much of the text comes from other nations, so nothing is written here that
//! could steer a terminal.

use std::fmt::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::output::Report;

/// Digits of an identifier that a page shows; commands take these for the whole.
const ID_DIGITS: usize = 16;

/// A node's answer, and how it looks to people.
pub struct Answer {
    value: Value,
    people: fn(&Value, &mut dyn Write) -> fmt::Result,
}

impl Answer {
    /// An answer whose page is written by `people`.
    pub const fn new(value: Value, people: fn(&Value, &mut dyn Write) -> fmt::Result) -> Self {
        Self { value, people }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

impl Report for Answer {
    fn people(&self, page: &mut dyn Write) -> fmt::Result {
        (self.people)(&self.value, page)
    }
}

/// Text from outside without what a terminal would obey; line ends become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            // Bidirectional overrides can make a line read as another one.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A member as text: empty if it is absent, a list with commas.
pub fn text(value: &Value, name: &str) -> String {
    plain(value.get(name).unwrap_or(&Value::Null))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean(text),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => clean(&value.to_string()),
    }
}

/// A member as text, or what stands for its absence.
pub fn text_or(value: &Value, name: &str, absent: &str) -> String {
    let text = text(value, name);
    if text.is_empty() { absent.to_owned() } else { text }
}

/// The beginning of an identifier, long enough to be used in its place.
pub fn id(value: &Value, name: &str) -> String {
    text(value, name).chars().take(ID_DIGITS).collect()
}

/// A moment, to the second.
pub fn moment(value: &Value, name: &str) -> String {
    let text = text(value, name);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// A member that is a number; 0 if it is absent.
pub fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// A member that is true or false; false if it is absent.
pub fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// Adds a member to an answer: what the command itself did with it.
pub fn put(answer: &mut Value, name: &str, value: impl Serialize) {
    if let Value::Object(members) = answer {
        members.insert(name.to_owned(), json!(value));
    }
}

/// A member that is a list.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `1 object`, `2 objects`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Characters of one cell that are shown.
const CELL_CHARS_MAX: usize = 500;

/// Rows under a heading, in columns as wide as they need be.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading.
    pub fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned).to_vec()] }
    }

    /// Adds a row. A cell that nobody could read in a table is cut; `--json` has all of it.
    pub fn row<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(row.into_iter().map(cut).collect());
    }

    /// Writes the table, or a sentence if it has no rows.
    pub fn write(&self, page: &mut dyn Write, nothing: &str) -> fmt::Result {
        if self.rows.len() <= 1 {
            return writeln!(page, "{nothing}");
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let cell = if cell.is_empty() { "-" } else { cell };
                write!(line, "{cell:<width$}  ")?;
            }
            writeln!(page, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A cell of a length that a table can show.
fn cut(cell: String) -> String {
    match cell.char_indices().nth(CELL_CHARS_MAX) {
        None => cell,
        Some((end, _)) => format!("{}…", cell.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        let value = json!({ "title": "a\u{1b}[2Jb\nc\u{202e}d" });
        assert_eq!(text(&value, "title"), "a\u{fffd}[2Jb c\u{fffd}d");
    }

    #[test]
    fn a_cell_is_cut_at_what_a_table_can_show() {
        let mut table = Table::new(["basis", "by"]);
        table.row(["é".repeat(70_000), "XBR".to_owned()]);
        let mut page = String::new();
        table.write(&mut page, "nothing").unwrap();
        let row = page.lines().nth(1).unwrap();
        assert!(row.ends_with("…  XBR") && row.chars().count() < 600, "{}", row.len());
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["nation", "name"]);
        table.row(["XBR".to_owned(), String::new()]);
        let mut page = String::new();
        table.write(&mut page, "nobody").unwrap();
        assert_eq!(page, "nation  name\nXBR     -\n");
        page.clear();
        Table::new(["nation"]).write(&mut page, "nobody").unwrap();
        assert_eq!(page, "nobody\n");
    }

    #[test]
    fn members_that_are_absent_are_empty() {
        let value = json!({ "at": "2026-11-22T04:08:05.123Z", "n": 3, "all": ["a", "b"] });
        assert_eq!(moment(&value, "at"), "2026-11-22T04:08:05Z");
        assert_eq!((text(&value, "none"), text(&value, "all")), (String::new(), "a, b".into()));
        assert_eq!((number(&value, "n"), count(1, "object")), (3, "1 object".into()));
    }
}
