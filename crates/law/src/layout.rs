//! The canonical layout of literate texts, and nothing but layout.
//!
//! Prose keeps its bytes but for line ends and space at the end of lines; headings, blank lines
//! and the TOML between fences are written one way. TOML with a comment or a text of several lines
//! is left as it stands. Laying out a text twice gives the same as once, and what it means is the
//! same, which is checked each time.

use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

use crate::agreement::Agreement;
use crate::literate::{HEADINGS, heading, language_heading};
use crate::national::NationalLaw;
use crate::problem::Problems;

/// Lists that would make a line longer than this have one element on each line.
const COLUMNS: usize = 100;

/// Keys of the particulars in their order; others follow.
const FRONT: [&str; 12] = [
    "id",
    "nation",
    "title",
    "languages",
    "kind",
    "in_force_from",
    "ends_on",
    "survival",
    "supersedes",
    "afresh",
    "titles",
    "parties",
];

/// Lays out an agreement. Fails with everything that is wrong with it.
pub fn agreement_layout(text: &str) -> Result<String, Problems> {
    let text = line_ends(text);
    let several = Agreement::parse(&text)?.languages().len() > 1;
    let laid = lay(&text, "clause", several);
    Agreement::parse(&laid).map(|_| laid)
}

/// Lays out a law. Fails with everything that is wrong with it.
pub fn law_layout(text: &str) -> Result<String, Problems> {
    let text = line_ends(text);
    let several = NationalLaw::parse(&text)?.languages().len() > 1;
    let laid = lay(&text, "rule", several);
    NationalLaw::parse(&laid).map(|_| laid)
}

/// Lines that end with a line feed alone, fences without space after them, no byte order mark.
fn line_ends(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == "+++" || bare.starts_with("```") {
            out.push_str(bare);
            out.push('\n');
        } else {
            out.push_str(line);
        }
    }
    out
}

fn lay(text: &str, fence: &str, several: bool) -> String {
    let open = format!("```{fence}");
    let (front, body) = text
        .strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"))
        .unwrap_or(("", text));
    let mut page = Page { out: format!("+++\n{}+++\n", toml(front, &FRONT)), blank: true };
    let mut block: Option<(bool, String)> = None;
    for line in body.split('\n') {
        match &mut block {
            Some((binding, content)) if line == "```" => {
                let content =
                    if *binding { toml(content, &["type"]) } else { std::mem::take(content) };
                page.out.push_str(&content);
                page.out.push_str("```\n");
                page.blank = true;
                block = None;
            }
            Some((_, content)) => {
                content.push_str(line);
                content.push('\n');
            }
            None if line.starts_with("```") => {
                page.apart();
                page.out.push_str(line.trim_end());
                page.out.push('\n');
                block = Some((line.trim_end() == open, String::new()));
            }
            None => page.line(line.trim_end(), several),
        }
    }
    page.out
}

/// A page being written.
struct Page {
    out: String,
    /// Whether the next line of text has a blank line before it.
    blank: bool,
}

impl Page {
    /// Puts a blank line before what follows.
    fn apart(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        self.blank = false;
    }

    fn line(&mut self, line: &str, several: bool) {
        if line.is_empty() {
            self.blank = true;
            return;
        }
        let heading = line.starts_with('#');
        if heading || self.blank {
            self.apart();
        }
        match heading.then(|| heading_layout(line, several)).flatten() {
            Some(laid) => self.out.push_str(&laid),
            None => self.out.push_str(line),
        }
        self.out.push('\n');
        self.blank = heading;
    }
}

/// A heading that numbers an article or names a language, with the usual dash.
fn heading_layout(line: &str, several: bool) -> Option<String> {
    let dashed = |start: String, title: &str| {
        if title.is_empty() { start } else { format!("{start} — {title}") }
    };
    if let Some(start) = HEADINGS.iter().find(|h| line.starts_with(**h)) {
        let (number, title) = heading(line.strip_prefix(start)?);
        return Some(dashed(format!("{start}{number}"), title));
    }
    let (language, title) = language_heading(line).filter(|_| several)?;
    Some(dashed(format!("### {language}"), title))
}

/// TOML in one way, with the `first` keys first; as it stands if it holds what would be lost.
fn toml(text: &str, first: &[&str]) -> String {
    let mut verbatim = text.to_owned();
    if !verbatim.is_empty() && !verbatim.ends_with('\n') {
        verbatim.push('\n');
    }
    if has_comment_or_long_text(text) {
        return verbatim;
    }
    let Ok(table) = DeTable::parse(text) else { return verbatim };
    let laid = table_layout(table.get_ref(), first);
    let meaning = |text: &str| text.parse::<toml::Table>().ok();
    if meaning(&laid).is_some() && meaning(&laid) == meaning(text) { laid } else { verbatim }
}

/// The entries of a table in the order in which they were written.
fn entries<'t>(table: &'t DeTable<'t>) -> Vec<(&'t str, &'t DeValue<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref())).collect()
}

fn table_layout(table: &DeTable<'_>, first: &[&str]) -> String {
    let mut entries = entries(table);
    entries.sort_by_key(|(key, _)| first.iter().position(|f| f == key).unwrap_or(first.len()));
    let mut lines = String::new();
    let mut sections = String::new();
    for (key, value) in entries {
        let name = key_layout(key);
        if let DeValue::Table(table) = value {
            let _ = write!(sections, "\n[{name}]\n{}", lines_of(table));
        } else if let Some(tables) = array_of_tables(value) {
            for table in tables {
                let _ = write!(sections, "\n[[{name}]]\n{}", lines_of(table));
            }
        } else {
            lines.push_str(&entry(&name, value));
        }
    }
    lines + &sections
}

fn lines_of(table: &DeTable<'_>) -> String {
    entries(table).into_iter().map(|(key, value)| entry(&key_layout(key), value)).collect()
}

/// The tables of a list that holds nothing else.
fn array_of_tables<'t>(value: &'t DeValue<'t>) -> Option<Vec<&'t DeTable<'t>>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    items.iter().map(|item| item.get_ref().as_table()).collect()
}

fn entry(name: &str, value: &DeValue<'_>) -> String {
    let line = format!("{name} = {}\n", inline(value));
    let DeValue::Array(items) = value else { return line };
    if line.trim_end().chars().count() <= COLUMNS {
        return line;
    }
    let mut lines = String::new();
    for item in items {
        let _ = writeln!(lines, "    {},", inline(item.get_ref()));
    }
    format!("{name} = [\n{lines}]\n")
}

fn inline(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.to_string(),
            Err(_) => number.as_str().to_owned(),
        },
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(yes) => yes.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entries: Vec<String> = entries(table)
                .into_iter()
                .map(|(key, value)| format!("{} = {}", key_layout(key), inline(value)))
                .collect();
            if entries.is_empty() { "{}".into() } else { format!("{{ {} }}", entries.join(", ")) }
        }
    }
}

fn key_layout(key: &str) -> String {
    let bare =
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether TOML holds a comment, or a text between three quotation marks.
fn has_comment_or_long_text(text: &str) -> bool {
    let mut within: Option<char> = None;
    let mut escaped = false;
    for c in text.chars() {
        match within {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(quote) if c == quote => within = None,
            None if c == '#' => return true,
            None if c == '"' || c == '\'' => within = Some(c),
            Some(_) | None => {}
        }
    }
    text.contains("\"\"\"") || text.contains("'''")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSY: &str = "+++\r\nsurvival=true\r\nid=\"A\"\r\ntitle='A'\r\nkind=\"mou\"\r\nin_force_from=\"2031-01-01\"\r\nparties=[{nation=\"XAR\"},{nation=\"XBR\"}]\r\n+++\r\n# A\r\n\r\n\r\nWe  agree\t\r\nthus:\r\n## Article 1 : Aim\r\n1. One.\r\n```clause\r\nallowed=['x',\r\n 'y']\r\ntype=\"purpose\"\r\n```\r\n## Article 2\r\nTwo.\r\n```clause\r\ntype = \"retention\"  # as agreed\r\nmax_days = 0x10\r\n```\r\n\r\n";

    const TIDY: &str = "+++\nid = \"A\"\ntitle = \"A\"\nkind = \"mou\"\nin_force_from = \"2031-01-01\"\nsurvival = true\n\n[[parties]]\nnation = \"XAR\"\n\n[[parties]]\nnation = \"XBR\"\n+++\n\n# A\n\nWe  agree\nthus:\n\n## Article 1 — Aim\n\n1. One.\n\n```clause\ntype = \"purpose\"\nallowed = [\"x\", \"y\"]\n```\n\n## Article 2\n\nTwo.\n\n```clause\ntype = \"retention\"  # as agreed\nmax_days = 0x10\n```\n";

    #[test]
    fn a_text_is_laid_out_in_one_way_and_only_once() {
        let laid = agreement_layout(MESSY).unwrap();
        assert_eq!(laid, TIDY);
        assert_eq!(agreement_layout(&laid).unwrap(), TIDY);
    }

    #[test]
    fn what_a_list_or_text_holds_is_kept() {
        let long: Vec<String> = (0..30).map(|n| format!("\"purpose_{n}\"")).collect();
        let text = format!("type = \"purpose\"\nallowed = [{}]\n", long.join(","));
        let laid = toml(&text, &["type"]);
        assert!(laid.contains("allowed = [\n    \"purpose_0\",\n"), "{laid}");
        assert_eq!(toml(&laid, &["type"]), laid);
        assert_eq!(toml("a = 'x # y \\ \"'\n", &[]), "a = \"x # y \\\\ \\\"\"\n");
        assert_eq!(toml("a = \"\"\"x\ny\"\"\"\n", &[]), "a = \"\"\"x\ny\"\"\"\n");
    }

    proptest::proptest! {
        #[test]
        fn space_that_nobody_sees_is_undone(
            which in 0..crate::template::TEMPLATES.len(),
            spaces in proptest::collection::vec((0..4_usize, 0..2_usize), 64),
        ) {
            let text = crate::template::TEMPLATES[which].text;
            let mut messy = String::new();
            for (line, (after, end)) in text.lines().zip(spaces.iter().cycle()) {
                messy.push_str(line);
                messy.push_str(&" ".repeat(*after));
                messy.push_str(["\n", "\r\n"][*end]);
                if line.is_empty() {
                    messy.push_str(&"\n".repeat(*after));
                }
            }
            let laid = agreement_layout(&messy).unwrap();
            proptest::prop_assert!(laid == text, "{}", crate::template::TEMPLATES[which].name);
        }

        #[test]
        fn any_text_is_laid_out_once_or_refused(
            which in 0..crate::template::TEMPLATES.len(),
            cut in 0..6000_usize,
            put in "[#`+\\-<>\\[\\]=\" \n\ta-z1-9]{0,12}",
        ) {
            let text = crate::template::TEMPLATES[which].text;
            let (start, end) = text.split_at(text.floor_char_boundary(cut));
            let text = format!("{start}{put}{end}");
            if let Ok(laid) = agreement_layout(&text) {
                proptest::prop_assert_eq!(agreement_layout(&laid).unwrap(), laid);
            }
        }
    }

    #[test]
    fn a_wrong_text_is_not_laid_out() {
        let wrong = TIDY.replace("purpose", "purpos");
        assert!(agreement_layout(&wrong).unwrap_err().to_string().contains("did you mean"));
    }
}
