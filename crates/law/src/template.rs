//! The library of agreements as drafts for others: the same text between other parties.
//!
//! What follows from the parties is written anew: particulars, groups, bodies, markings, the
//! opening of each language's preamble. Where a name is not known a pair of square brackets
//! stands, as drafters use them for what is still open.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use entente_model::NationCode;
use thiserror::Error;
use toml::{Table, Value};

use crate::agreement::Agreement;
use crate::layout::agreement_layout;
use crate::level;
use crate::problem::{Problems, nearest};
use crate::scheme::Schemes;

/// One agreement of the library.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The name of its file, without `.md`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        /// Every agreement of the library, in the order of the alphabet.
        pub const TEMPLATES: &[Template] = &[$(Template {
            name: $name,
            text: include_str!(concat!("../../../agreements/", $name, ".md")),
        }),+];
    };
}

templates!(
    "alliance-security",
    "counter-terrorism",
    "cyber-crime-network",
    "disaster-assistance",
    "domestic",
    "ember-strait",
    "exercise",
    "five-nations",
    "large-coalition",
    "mutual-legal-assistance",
    "northern-lantern",
    "organised-crime",
    "police-exchange",
    "quiet-ledger",
);

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DraftError {
    /// There is no such template.
    #[error("there is no template `{name}`; {hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What is there.
        hint: String,
    },
    /// A domestic arrangement for several nations, or another agreement for one.
    #[error("the draft would not be correct: {0}")]
    Wrong(Problems),
}

/// What the draft is to say otherwise than its template.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The parties; none for those of the template.
    pub parties: Vec<NationCode>,
    /// The agreement's code.
    pub code: Option<String>,
    /// Its title, in the first language.
    pub title: Option<String>,
}

/// The template with this name.
pub fn find(name: &str) -> Result<&'static Template, DraftError> {
    TEMPLATES.iter().find(|t| t.name == name).ok_or_else(|| {
        let names = TEMPLATES.iter().map(|t| t.name);
        let hint = match nearest(name, names.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        };
        DraftError::Unknown { name: name.to_owned(), hint }
    })
}

/// Writes a draft, which is correct and can be edited.
pub fn draft(
    template: &Template,
    wishes: &Wishes,
    schemes: &Schemes,
) -> Result<String, DraftError> {
    let model = Agreement::parse(template.text).map_err(DraftError::Wrong)?;
    let old: Vec<NationCode> = model.parties().iter().map(|p| p.nation).collect();
    let new = if wishes.parties.is_empty() { old.clone() } else { wishes.parties.clone() };
    let drafter = Drafter { model: &model, old, new, wishes, schemes };
    agreement_layout(&drafter.write()).map_err(DraftError::Wrong)
}

struct Drafter<'a> {
    model: &'a Agreement,
    old: Vec<NationCode>,
    new: Vec<NationCode>,
    wishes: &'a Wishes,
    schemes: &'a Schemes,
}

impl Drafter<'_> {
    fn write(&self) -> String {
        let text = self.model.text();
        let (front, body) = text
            .strip_prefix("+++\n")
            .and_then(|rest| rest.split_once("\n+++\n"))
            .unwrap_or(("", text));
        let mut out = format!("+++\n{}+++\n", changed(front, |table| self.front(table)));
        let mut preamble = true;
        let mut paragraphs = body.trim_start_matches('\n').split("\n\n");
        while let Some(paragraph) = paragraphs.next() {
            preamble &= !paragraph.starts_with("## ");
            out.push('\n');
            match paragraph.strip_prefix("```clause\n") {
                Some(start) => {
                    let mut block = start.to_owned();
                    // The sections of a block are apart too.
                    while !block.contains("```") {
                        let Some(more) = paragraphs.next() else { break };
                        block.push_str("\n\n");
                        block.push_str(more);
                    }
                    let toml = block.trim_end().trim_end_matches("```");
                    let _ = write!(out, "```clause\n{}```", changed(toml, |t| self.block(t)));
                }
                None => out.push_str(&self.prose(paragraph, preamble)),
            }
            out.push('\n');
        }
        out
    }

    fn same_parties(&self) -> bool {
        self.old == self.new
    }

    fn front(&self, table: &mut Table) {
        if let Some(code) = &self.wishes.code {
            table.insert("id".into(), Value::from(code.as_str()));
        }
        if let Some(title) = &self.wishes.title {
            table.insert("title".into(), Value::from(title.as_str()));
            if let Some(Value::Table(titles)) = table.get_mut("titles") {
                for (language, title) in titles.iter_mut() {
                    *title = Value::from(open_title(language));
                }
            }
        }
        let party = |nation: &NationCode| {
            let mut party = Table::new();
            party.insert("nation".into(), Value::from(nation.as_str()));
            Value::Table(party)
        };
        table.insert("parties".into(), Value::Array(self.new.iter().map(party).collect()));
        if let (Some(Value::Table(groups)), false) = (table.get_mut("groups"), self.same_parties())
        {
            for (group, members) in groups.iter_mut() {
                let old = self.model.groups().get(group).map_or(&[][..], Vec::as_slice);
                let everybody = self.old.iter().all(|nation| old.contains(nation));
                let nations = self.new.iter().zip(0..).filter(|(_, n)| {
                    everybody || self.old.get(*n).is_some_and(|nation| old.contains(nation))
                });
                let codes = nations.map(|(nation, _)| Value::from(nation.as_str()));
                *members = Value::Array(codes.collect());
            }
        }
    }

    fn block(&self, table: &mut Table) {
        if self.same_parties() {
            return;
        }
        if let Some(Value::Table(authorised)) = table.get_mut("authorised") {
            *authorised = self.by_party(authorised);
        }
        let rows = table.get_mut("rows").and_then(Value::as_array_mut);
        for row in rows.into_iter().flatten().filter_map(Value::as_table_mut) {
            let level = row.get("level").and_then(Value::as_str).and_then(level::parse);
            if let Some(Value::Table(markings)) = row.get_mut("markings") {
                *markings = self
                    .new
                    .iter()
                    .filter_map(|nation| {
                        let known = self.marking(*nation, level?).map(Value::from);
                        let kept = || markings.get(nation.as_str()).cloned();
                        Some((nation.to_string(), known.or_else(kept)?))
                    })
                    .collect();
            }
        }
    }

    /// A table by nation for the new parties: each has what stood for the party in its place.
    fn by_party(&self, old: &Table) -> Table {
        let first = self.old.first().and_then(|nation| old.get(nation.as_str()));
        let value = |(nation, n): (&NationCode, usize)| {
            let place = self.old.get(n).and_then(|nation| old.get(nation.as_str()));
            Some((nation.to_string(), place.or(first)?.clone()))
        };
        self.new.iter().zip(0..).filter_map(value).collect()
    }

    fn marking(&self, nation: NationCode, level: u8) -> Option<&str> {
        self.schemes.get(nation.as_str()).ok()?.marking(level)
    }

    fn name(&self, nation: NationCode) -> String {
        match self.schemes.get(nation.as_str()) {
            Ok(scheme) => scheme.name().to_owned(),
            Err(_) => format!("[name of {nation}]"),
        }
    }

    fn prose(&self, paragraph: &str, preamble: bool) -> String {
        let text = paragraph.to_owned();
        if let Some(title) = &self.wishes.title {
            let first = self.model.languages().first();
            let further = self.model.titles().iter();
            let further = further.map(|(l, old)| (Some(l), old.as_str(), open_title(l)));
            let titles = [(None, self.model.title(), title.clone())].into_iter();
            let titles = titles.chain([(first, self.model.title(), title.clone())]).chain(further);
            for (language, old, new) in titles {
                let heading = |title: &str| match language {
                    Some(language) => format!("### {language} — {title}"),
                    None => format!("# {title}"),
                };
                if text == heading(old) {
                    return heading(&new);
                }
            }
        }
        if self.same_parties() {
            return text;
        }
        if let Some(opening) = preamble.then(|| self.opening(&text)).flatten() {
            return opening;
        }
        if let Some(table) = self.table(&text) {
            return table;
        }
        let mut words = BTreeMap::new();
        for (n, old) in self.old.iter().enumerate() {
            let new = self.new.get(n).copied();
            words.insert(old.to_string(), new.map_or("[…]".into(), |new| new.to_string()));
            if !self.new.contains(old) {
                words.insert(self.name(*old), new.map_or("[…]".into(), |new| self.name(new)));
            }
        }
        replaced(&text, &words)
    }

    /// The paragraph that lists the parties, with the new ones.
    fn opening(&self, paragraph: &str) -> Option<String> {
        let mark = |nation: &NationCode| format!("({nation})");
        let last = self.old.iter().filter_map(|n| {
            let mark = mark(n);
            paragraph.find(&mark).map(|at| at + mark.len())
        });
        let tail = paragraph.get(last.max()?..)?;
        let names: Vec<String> =
            self.new.iter().map(|n| format!("{} {}", self.name(*n), mark(n))).collect();
        Some(wrapped(&format!("{}{}", names.join(", "), tail.replace('\n', " "))))
    }

    /// A table of markings by party, with those of the new parties.
    fn table(&self, paragraph: &str) -> Option<String> {
        let indent: String = paragraph.chars().take_while(|c| *c == ' ').collect();
        let rows: Vec<Vec<&str>> = paragraph
            .lines()
            .map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'))
            .map(|line| line.map(|line| line.split('|').map(str::trim).collect()))
            .collect::<Option<_>>()?;
        let (head, rest) = rows.split_first()?;
        let (corner, nations) = head.split_first()?;
        nations.iter().all(|n| n.parse::<NationCode>().is_ok()).then_some(())?;
        let mut cells = vec![vec![(*corner).to_owned()]];
        cells.extend(rest.iter().skip(1).filter_map(|row| Some(vec![(*row.first()?).to_owned()])));
        for nation in &self.new {
            for (n, row) in cells.iter_mut().enumerate() {
                let level = row.first().and_then(|name| level::parse(name));
                let marking = level.and_then(|level| self.marking(*nation, level));
                row.push(if n == 0 {
                    nation.to_string()
                } else {
                    marking.unwrap_or("—").to_owned()
                });
            }
        }
        let widths: Vec<usize> = (0..=self.new.len())
            .map(|column| {
                let cells = cells.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        cells.insert(1, rule);
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("{indent}| {} |", cells.collect::<Vec<_>>().join(" | "))
        };
        Some(cells.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

/// What stands for a title that is not known in this language.
fn open_title(language: &str) -> String {
    format!("[title in {language}]")
}

/// TOML after a change; as it stands if there is none.
fn changed(text: &str, change: impl FnOnce(&mut Table)) -> String {
    let as_it_stands = || format!("{}\n", text.trim_end_matches('\n'));
    let Ok(old) = text.parse::<Table>() else { return as_it_stands() };
    let mut new = old.clone();
    change(&mut new);
    if new == old {
        return as_it_stands();
    }
    toml::to_string(&new).unwrap_or_else(|_| as_it_stands())
}

/// Replaces words, all at once, so that parties may change places.
fn replaced(text: &str, words: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        out.push_str(words.get(word).map_or(word, String::as_str));
        out.push_str(piece.get(word.len()..).unwrap_or(""));
    }
    out
}

/// Breaks a paragraph into lines of at most 100 columns, where its words allow it.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > 100 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nations(codes: &str) -> Vec<NationCode> {
        codes.split(',').map(|code| code.parse().unwrap()).collect()
    }

    #[test]
    fn without_wishes_a_draft_is_its_template() {
        for template in TEMPLATES {
            let draft = draft(template, &Wishes::default(), &Schemes::builtin()).unwrap();
            assert!(draft == template.text, "{}", template.name);
        }
    }

    #[test]
    fn a_draft_for_other_parties_is_correct_and_names_no_old_one() {
        for template in TEMPLATES {
            let parties = if template.name == "domestic" { "XQA" } else { "XQA,XGA,XQB" };
            let wishes = Wishes {
                parties: nations(parties),
                code: Some("NEW-1".into()),
                title: Some("A new title".into()),
            };
            let draft = draft(template, &wishes, &Schemes::builtin()).unwrap();
            let agreement = Agreement::parse(&draft).unwrap();
            assert_eq!((agreement.code(), agreement.title()), ("NEW-1", "A new title"));
            assert!(agreement.has_party(wishes.parties[0]), "{}", template.name);
            let old = Agreement::parse(template.text).unwrap();
            for title in old.titles().values().map(String::as_str).chain([old.title()]) {
                assert!(!draft.contains(title), "{}: {title}", template.name);
            }
            for strange in ["XAR", "Arvenia", "SECRET-A", "XBR", "Brenmark", "TJENST"] {
                assert!(!draft.contains(strange), "{}: {strange}\n{draft}", template.name);
            }
            assert_eq!(agreement.doubts(), [], "{}", template.name);
            assert_eq!(agreement_layout(&draft).as_ref(), Ok(&draft), "{}", template.name);
        }
    }

    #[test]
    fn markings_follow_the_new_parties() {
        let wishes = Wishes { parties: nations("XFE,XQA"), ..Wishes::default() };
        let draft =
            draft(find("alliance-security").unwrap(), &wishes, &Schemes::builtin()).unwrap();
        assert!(draft.contains("Fennoria (XFE), [name of XQA] (XQA), hereinafter"), "{draft}");
        assert!(draft.contains("| RESTRICTED   | RAJATTU  | —   |"), "{draft}");
        assert!(draft.contains("markings = { XFE = \"RAJATTU\" }"), "{draft}");
        assert!(draft.contains("ALLY = [\"XFE\", \"XQA\"]"), "{draft}");
    }

    #[test]
    fn parties_may_change_places() {
        let words = [("XAR", "XBR"), ("XBR", "XAR")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let text = replaced("XAR, (XBR) and XARA; XAR", &words.into());
        assert_eq!(text, "XBR, (XAR) and XARA; XBR");
    }

    #[test]
    fn what_cannot_be_drafted_says_why() {
        let unknown = find("five-nation").unwrap_err().to_string();
        assert_eq!(unknown, "there is no template `five-nation`; did you mean `five-nations`?");
        let wishes = Wishes { parties: nations("XAR"), ..Wishes::default() };
        let one = draft(find("exercise").unwrap(), &wishes, &Schemes::builtin()).unwrap_err();
        assert!(one.to_string().contains("an agreement has 2 to 200 parties"), "{one}");
    }
}
