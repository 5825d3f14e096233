//! The query of a standing rule: which new objects it is about.
//!
//! Terms joined with `and`, each of which may be turned round with `not`:
//!
//! ```text
//! type in (report, indicator) and level <= RESTRICTED and source = CERT-A and title has "strait"
//! ```
//!
//! A query selects; it permits nothing. What it cannot read is an error with its place, and what it
//! asks about and an object does not say is no match.

use std::fmt;

use entente_law::scheme::Scheme;
use thiserror::Error;

/// Characters that a query may have.
pub const QUERY_CHARS_MAX: usize = 2000;
/// Terms that a query may have.
const TERMS_MAX: usize = 32;
/// Values that one term may list.
const VALUES_MAX: usize = 64;

/// The words that a term may begin with, and what they ask about.
const FIELDS: [(&str, Field); 9] = [
    ("type", Field::Type),
    ("level", Field::Level),
    ("source", Field::Source),
    ("author", Field::Author),
    ("origin", Field::Origin),
    ("title", Field::Title),
    ("tag", Field::Tag),
    ("area", Field::Area),
    ("category", Field::Category),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Type,
    Level,
    Source,
    Author,
    Origin,
    Title,
    Tag,
    Area,
    Category,
}

/// A query that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    not: bool,
    ask: Ask,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ask {
    /// One of the values is what the object says.
    IsOne(Field, Vec<String>),
    /// Its label is of this class at most.
    AtMost(u8),
    /// Its title has each of these words, in any case.
    TitleHas(Vec<String>),
}

/// Why a query is not understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the query is wrong at character {at}{}: {problem}", near(found))]
pub struct QueryError {
    /// The character, from 1.
    pub at: usize,
    /// What stands there; nothing at the end.
    pub found: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

fn near(found: &str) -> String {
    if found.is_empty() { ", its end".to_owned() } else { format!(", `{found}`") }
}

/// An object, as a query sees it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its kind of intelligence.
    pub object_type: &'a str,
    /// The class of its label, on the common ladder.
    pub class: u8,
    /// The body that publishes it; none for what came from a partner.
    pub source: Option<&'a str>,
    /// The person who publishes it; none for what came from a partner.
    pub author: Option<&'a str>,
    /// The code of the nation that originated it.
    pub origin: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// The area that it is about.
    pub area: Option<&'a str>,
    /// Categories of data that it holds.
    pub categories: &'a [String],
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    at: usize,
    word: Word,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Plain(String),
    Quoted(String),
    Sign(&'static str),
    End,
}

impl Word {
    fn shown(&self) -> String {
        match self {
            Self::Plain(text) | Self::Quoted(text) => text.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => String::new(),
        }
    }
}

impl Query {
    /// Reads a query; levels are those of our own scheme.
    pub fn parse(text: &str, scheme: &Scheme) -> Result<Self, QueryError> {
        let length = text.chars().count();
        if length > QUERY_CHARS_MAX {
            return Err(QueryError {
                at: QUERY_CHARS_MAX + 1,
                found: String::new(),
                problem: format!("a query has at most {QUERY_CHARS_MAX} characters"),
            });
        }
        let mut reader = Reading { tokens: tokens(text)?, next: 0 };
        let mut terms = Vec::new();
        loop {
            if terms.len() >= TERMS_MAX {
                return Err(reader.wrong(&format!("a query has at most {TERMS_MAX} terms")));
            }
            terms.push(reader.term(scheme)?);
            if reader.peek().word == Word::End {
                break;
            }
            if !reader.takes(&Word::Plain("and".to_owned())) {
                return Err(reader.wrong("`and` and another term, or the end, would be right"));
            }
        }
        Ok(Self { text: text.trim().to_owned(), terms })
    }

    /// Whether it is about this object.
    pub fn matches(&self, object: &Candidate<'_>) -> bool {
        self.terms.iter().all(|term| term.ask.matches(object) != term.not)
    }

    /// Whether it asks about what other nations originated: only then is such information looked at.
    pub fn is_about_others(&self, own: &str) -> bool {
        self.terms.iter().any(|term| match &term.ask {
            Ask::IsOne(Field::Origin, values) => !term.not && values.iter().all(|v| v != own),
            Ask::IsOne(..) | Ask::AtMost(_) | Ask::TitleHas(_) => false,
        })
    }

    /// The same query and another one besides: what matches both.
    pub fn and(&self, other: &str) -> String {
        format!("{} and {}", self.text, other.trim())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ask {
    fn matches(&self, object: &Candidate<'_>) -> bool {
        match self {
            Self::AtMost(class) => object.class <= *class,
            Self::TitleHas(words) => {
                let title = words_of(object.title);
                words.iter().all(|word| title.contains(word))
            }
            Self::IsOne(field, values) => {
                let said: Vec<&str> = match field {
                    Field::Type => vec![object.object_type],
                    Field::Source => object.source.into_iter().collect(),
                    Field::Author => object.author.into_iter().collect(),
                    Field::Origin => vec![object.origin],
                    Field::Area => object.area.into_iter().collect(),
                    Field::Tag => object.tags.iter().map(String::as_str).collect(),
                    Field::Category => object.categories.iter().map(String::as_str).collect(),
                    Field::Level | Field::Title => Vec::new(),
                };
                said.iter().any(|said| values.iter().any(|value| value == said))
            }
        }
    }
}

/// The words of a text, in small letters.
fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

struct Reading {
    tokens: Vec<Token>,
    next: usize,
}

impl Reading {
    fn peek(&self) -> Token {
        let end = Token { at: 1, word: Word::End };
        self.tokens.get(self.next).or(self.tokens.last()).cloned().unwrap_or(end)
    }

    fn step(&mut self) {
        self.next += 1;
    }

    /// Goes on if this is next; says whether it was.
    fn takes(&mut self, word: &Word) -> bool {
        let is_next = self.peek().word == *word;
        if is_next {
            self.step();
        }
        is_next
    }

    fn wrong(&self, problem: &str) -> QueryError {
        let token = self.peek();
        QueryError { at: token.at, found: token.word.shown(), problem: problem.to_owned() }
    }

    fn term(&mut self, scheme: &Scheme) -> Result<Term, QueryError> {
        let not = self.takes(&Word::Plain("not".to_owned()));
        let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let expected = format!("a term begins with one of {}", known.join(", "));
        let Word::Plain(name) = self.peek().word else { return Err(self.wrong(&expected)) };
        let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            return Err(self.wrong(&expected));
        };
        self.step();
        let ask = match field {
            Field::Level => self.level(scheme)?,
            Field::Title => self.title()?,
            Field::Type
            | Field::Source
            | Field::Author
            | Field::Origin
            | Field::Tag
            | Field::Area
            | Field::Category => self.is_one(*field)?,
        };
        Ok(Term { not, ask })
    }

    fn level(&mut self, scheme: &Scheme) -> Result<Ask, QueryError> {
        if self.peek().word != Word::Sign("<=") {
            return Err(self.wrong("`level` is followed by `<=` and a marking"));
        }
        self.step();
        let token = self.peek();
        let (Word::Plain(marking) | Word::Quoted(marking)) = token.word else {
            return Err(self.wrong("a marking of our own scheme follows"));
        };
        let level = (0..=4).find(|class| {
            let ladder = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP SECRET"];
            let common = ladder.get(usize::from(*class)).copied();
            scheme.marking(*class) == Some(marking.as_str()) || common == Some(marking.as_str())
        });
        let Some(level) = level else {
            let own: Vec<&str> = (0..=4).filter_map(|class| scheme.marking(class)).collect();
            return Err(self.wrong(&format!("this is no marking: use {}", own.join(", "))));
        };
        self.step();
        Ok(Ask::AtMost(level))
    }

    fn title(&mut self) -> Result<Ask, QueryError> {
        if self.peek().word != Word::Plain("has".to_owned()) {
            return Err(self.wrong("`title` is followed by `has` and words in quotation marks"));
        }
        self.step();
        let (Word::Plain(text) | Word::Quoted(text)) = self.peek().word else {
            return Err(self.wrong("words in quotation marks follow"));
        };
        let words = words_of(&text);
        if words.is_empty() {
            return Err(self.wrong("there is no word in it"));
        }
        self.step();
        Ok(Ask::TitleHas(words))
    }

    fn is_one(&mut self, field: Field) -> Result<Ask, QueryError> {
        if self.takes(&Word::Sign("=")) {
            return Ok(Ask::IsOne(field, vec![self.value()?]));
        }
        if !self.takes(&Word::Plain("in".to_owned())) {
            return Err(
                self.wrong("`=` and a value, or `in` and values in brackets, would be right")
            );
        }
        if !self.takes(&Word::Sign("(")) {
            return Err(self.wrong("`in` is followed by values in brackets"));
        }
        let mut values = vec![self.value()?];
        while !self.takes(&Word::Sign(")")) {
            if values.len() >= VALUES_MAX {
                return Err(self.wrong(&format!("at most {VALUES_MAX} values")));
            }
            if !self.takes(&Word::Sign(",")) {
                return Err(self.wrong("`,` and another value, or `)`, would be right"));
            }
            values.push(self.value()?);
        }
        Ok(Ask::IsOne(field, values))
    }

    fn value(&mut self) -> Result<String, QueryError> {
        let word = self.peek().word;
        let kept = ["and", "not", "in", "has"].map(|word| Word::Plain(word.to_owned()));
        if let Word::Quoted(text) | Word::Plain(text) = &word
            && !kept.contains(&word)
        {
            self.step();
            return Ok(text.clone());
        }
        Err(self.wrong("a value follows; one with spaces stands in quotation marks"))
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(c) = chars.get(place).copied() {
        let at = place + 1;
        let wrong =
            |problem: &str| QueryError { at, found: c.to_string(), problem: problem.to_owned() };
        let word = match c {
            c if c.is_whitespace() => {
                place += 1;
                continue;
            }
            '(' | ')' | ',' | '=' => {
                place += 1;
                let signs = [('(', "("), (')', ")"), (',', ","), ('=', "=")];
                Word::Sign(signs.iter().find(|(sign, _)| *sign == c).map_or("", |(_, sign)| sign))
            }
            '<' if chars.get(place + 1) == Some(&'=') => {
                place += 2;
                Word::Sign("<=")
            }
            '"' => {
                let rest = chars.iter().skip(place + 1);
                let inside: String = rest.take_while(|c| **c != '"').collect();
                place += inside.chars().count() + 1;
                if chars.get(place) != Some(&'"') {
                    return Err(wrong("the quotation mark is not closed"));
                }
                place += 1;
                Word::Quoted(inside)
            }
            c if is_plain(c) => {
                let plain: String =
                    chars.iter().skip(place).take_while(|c| is_plain(**c)).collect();
                place += plain.chars().count();
                Word::Plain(plain)
            }
            _ => return Err(wrong("this character stands in quotation marks only")),
        };
        tokens.push(Token { at, word });
    }
    tokens.push(Token { at: chars.len() + 1, word: Word::End });
    Ok(tokens)
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '/')
}

#[cfg(test)]
mod tests {
    use entente_law::Schemes;

    use super::*;

    fn query(text: &str) -> Result<Query, QueryError> {
        Query::parse(text, Schemes::builtin().get("XAR").unwrap())
    }

    const REPORT: Candidate<'static> = Candidate {
        object_type: "report",
        class: 1,
        source: Some("CERT-A"),
        author: Some("ana"),
        origin: "XAR",
        title: "Ferries in the Ember Strait",
        tags: &[],
        area: Some("ember_strait"),
        categories: &[],
    };

    #[test]
    fn a_query_selects_what_it_says() {
        let own = Schemes::builtin();
        let marking = own.get("XAR").unwrap().marking(1).unwrap().to_owned();
        for (text, matches) in [
            ("type = report".to_owned(), true),
            ("type in (indicator, report)".to_owned(), true),
            ("not type = report".to_owned(), false),
            ("type = report and level <= UNCLASSIFIED".to_owned(), false),
            ("type = report and level <= RESTRICTED".to_owned(), true),
            (format!("level <= \"{marking}\""), true),
            ("title has \"ember STRAIT\"".to_owned(), true),
            ("title has ember and title has ferry".to_owned(), false),
            ("source = CERT-A and author = ana and origin = XAR".to_owned(), true),
            ("area = ember_strait and not tag = \"draft only\"".to_owned(), true),
            // What an object does not say is no match.
            ("tag = x".to_owned(), false),
            ("category = dna".to_owned(), false),
        ] {
            assert_eq!(query(&text).unwrap().matches(&REPORT), matches, "{text}");
        }
        let tags = ["draft only".to_owned()];
        let draft = Candidate { tags: &tags, source: None, author: None, ..REPORT };
        assert!(!query("not tag = \"draft only\"").unwrap().matches(&draft));
        assert!(!query("source = CERT-A").unwrap().matches(&draft));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, at, part) in [
            ("", 1, "begins with one of type"),
            ("typ = report", 1, "begins with one of type"),
            ("type report", 6, "`=` and a value"),
            ("type = ", 8, "a value follows"),
            ("type = and", 8, "a value follows"),
            ("type in report", 9, "values in brackets"),
            ("type in (a b)", 12, "`,` and another value"),
            ("type in (a", 11, "`,` and another value"),
            ("type = a or type = b", 10, "`and` and another term"),
            ("level = SECRET", 7, "followed by `<=`"),
            ("level <= HIGH", 10, "this is no marking"),
            ("title = x", 7, "followed by `has`"),
            ("title has \"…\"", 11, "no word in it"),
            ("title has \"x", 11, "not closed"),
            ("type = a and", 13, "begins with one of type"),
            ("type = ä;b", 9, "in quotation marks only"),
        ] {
            let wrong = query(text).unwrap_err();
            assert!(wrong.at == at && wrong.problem.contains(part), "{text}: {wrong}");
        }
        let long = "x".repeat(QUERY_CHARS_MAX + 1);
        assert_eq!(query(&long).unwrap_err().at, QUERY_CHARS_MAX + 1);
        let many = vec!["type = a"; TERMS_MAX + 1].join(" and ");
        assert!(query(&many).unwrap_err().problem.contains("at most 32 terms"));
    }

    #[test]
    fn two_queries_together_select_what_both_do() {
        let one = query("type = report").unwrap();
        let both = query(&one.and("level <= UNCLASSIFIED")).unwrap();
        assert!(one.matches(&REPORT) && !both.matches(&REPORT));
        assert!(!one.is_about_others("XAR"));
        assert!(query("type = report and origin = XBR").unwrap().is_about_others("XAR"));
        assert!(!query("not origin = XBR").unwrap().is_about_others("XAR"));
        assert!(!query("origin in (XAR, XBR)").unwrap().is_about_others("XAR"));
    }
}
