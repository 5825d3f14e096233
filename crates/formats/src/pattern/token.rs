//! The words and signs of a pattern, with where they stand.
//!
//! One token is read at a time and the longest one counts, so that `IN(1)` needs no space and
//! `MATCHES'x'` is two tokens. White space and comments separate tokens and mean nothing.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::error::{PatternError, PatternProblem};
use super::time::has_the_form_of_a_timestamp;
use crate::text::quoted;

/// Base64 as the grammar has it: padded, whatever the unused bits of the last character are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// White space between tokens, as the grammar lists it.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{a0}' | '\u{1680}')
        || matches!(c, '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}')
        || c == '\u{3000}'
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// A word that the language reserves.
    Keyword(&'a str),
    /// Any other word.
    Name(&'a str),
    /// Digits, perhaps with a sign.
    Integer(&'a str),
    /// Digits with a point among them or before them.
    Decimal(&'a str),
    /// A string, its escapes resolved.
    Text(String),
    /// Bytes in hexadecimal or base64.
    Bytes(Vec<u8>),
    /// What stands within `t'…'`.
    Time(&'a str),
    /// Brackets, operators and the like.
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    /// Byte offset of its beginning.
    pub(super) at: usize,
    /// As written.
    pub(super) written: &'a str,
}

impl Placed<'_> {
    /// The token for people.
    pub(super) fn shown(&self) -> String {
        if self.token == Token::End { "the end".into() } else { quoted(self.written) }
    }
}

/// The reserved words. `EXISTS` is one from STIX 2.1 on.
const KEYWORDS: [&str; 19] = [
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "LIKE",
    "MATCHES",
    "ISSUPERSET",
    "ISSUBSET",
    "EXISTS",
    "LAST",
    "IN",
    "START",
    "STOP",
    "SECONDS",
    "true",
    "false",
    "WITHIN",
    "REPEATS",
    "TIMES",
];

/// The signs; one that begins another stands behind it.
const SIGNS: [&str; 16] =
    ["==", "=", "!=", "<>", "<=", "<", ">=", ">", ":", ".", ",", ")", "(", "]", "[", "*"];

/// Reads tokens from left to right.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    has_exists: bool,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str, has_exists: bool) -> Self {
        Self { text, at: 0, has_exists }
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Placed<'a>, PatternError> {
        self.skip();
        let at = self.at;
        let token = self.read()?;
        let written = self.text.get(at..self.at).unwrap_or_default();
        Ok(Placed { token, at, written })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes this many bytes, which end at a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    fn take_while(&mut self, within: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        self.take(rest.find(|c| !within(c)).unwrap_or(rest.len()))
    }

    /// Passes white space and comments.
    fn skip(&mut self) {
        loop {
            let before = self.at;
            self.take_while(is_space);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.take_while(|c| c != '\r' && c != '\n');
            } else if rest.starts_with("/*")
                && let Some(end) = rest.get(2..).and_then(|rest| rest.find("*/"))
            {
                self.take(end + 4);
            }
            if self.at == before {
                return;
            }
        }
    }

    fn read(&mut self) -> Result<Token<'a>, PatternError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            return self.word();
        }
        if first == '\'' {
            return self.string().map(Token::Text);
        }
        if let Some(number) = number(rest) {
            self.take(number.len());
            let decimal = number.contains('.');
            return Ok(if decimal { Token::Decimal(number) } else { Token::Integer(number) });
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.take(sign.len());
            return Ok(Token::Sign(sign));
        }
        let found = quoted(rest.get(..first.len_utf8()).unwrap_or_default());
        let expected = "a token of the patterning language; what is no token belongs into quotes";
        Err(self.error(self.at, PatternProblem::Unexpected { found, expected }))
    }

    fn word(&mut self) -> Result<Token<'a>, PatternError> {
        let at = self.at;
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if matches!(word, "h" | "b" | "t") && self.rest().starts_with('\'') {
            return self.constant(word, at);
        }
        let reserved = KEYWORDS.contains(&word) && (self.has_exists || word != "EXISTS");
        Ok(if reserved { Token::Keyword(word) } else { Token::Name(word) })
    }

    /// `h'…'`, `b'…'` or `t'…'`, of which the letter is taken.
    fn constant(&mut self, letter: &str, at: usize) -> Result<Token<'a>, PatternError> {
        self.take(1);
        let body = self.take_while(|c| c != '\'');
        if self.rest().is_empty() {
            return Err(self.error(at, PatternProblem::OpenString));
        }
        self.take(1);
        let (token, what, expected) = match letter {
            "h" => (
                hex::decode(body).ok().map(Token::Bytes),
                "binary constant in hexadecimal",
                "pairs of the digits 0-9, a-f or A-F, as in h'ffd8'",
            ),
            "b" => (
                BASE64.decode(body).ok().filter(|bytes| !bytes.is_empty()).map(Token::Bytes),
                "binary constant in base64",
                "base64 with its padding, as in b'dGVzdA=='",
            ),
            _ => (
                has_the_form_of_a_timestamp(body).then_some(Token::Time(body)),
                "timestamp",
                "the form t'2024-01-31T23:59:59.5Z'",
            ),
        };
        let written = self.text.get(at..self.at).unwrap_or_default();
        let problem = PatternProblem::Constant { found: quoted(written), what, expected };
        token.ok_or_else(|| self.error(at, problem))
    }

    fn string(&mut self) -> Result<String, PatternError> {
        let start = self.at;
        self.take(1);
        let mut string = String::new();
        loop {
            string.push_str(self.take_while(|c| c != '\'' && c != '\\'));
            let rest = self.rest();
            if rest.is_empty() {
                return Err(self.error(start, PatternProblem::OpenString));
            } else if rest.starts_with('\'') {
                self.take(1);
                return Ok(string);
            } else if rest.starts_with("\\'") || rest.starts_with("\\\\") {
                self.take(1);
                string.push_str(self.take(1));
            } else {
                return Err(self.error(self.at, PatternProblem::Escape));
            }
        }
    }

    /// A problem at a place of the text.
    pub(super) fn error(&self, at: usize, problem: PatternProblem) -> PatternError {
        PatternError::at(self.text, at, problem)
    }
}

/// The longest number that the text begins with: `0`, `12`, `-3`, `+.5`, `7.25`.
fn number(text: &str) -> Option<&str> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let sign = usize::from(text.starts_with(['+', '-']));
    let whole = digits(sign);
    if text.get(sign + whole..).unwrap_or_default().starts_with('.') {
        let fraction = digits(sign + whole + 1);
        if fraction > 0 {
            return text.get(..sign + whole + 1 + fraction);
        }
    }
    // A whole number has no leading zeros: `007` is three of them, which stand nowhere together.
    let whole = if text.get(sign..).unwrap_or_default().starts_with('0') { 1 } else { whole };
    (whole > 0).then(|| text.get(..sign + whole)).flatten()
}
