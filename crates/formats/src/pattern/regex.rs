//! `MATCHES` and `LIKE` as regular expressions that take linear time.
//!
//! The specification has Perl-compatible expressions. What their syntax and that of the `regex`
//! crate read differently is rewritten here; what needs backtracking (looking around, back
//! references) is refused when the pattern is compiled. Both sides are compared in Unicode's
//! normal form C. Against bytes, a character up to U+00FF stands for the byte of its number,
//! and an expression with any other character finds nothing.

use std::iter::Peekable;
use std::str::Chars;

use regex::bytes::{Regex as BytesRegex, RegexBuilder as BytesRegexBuilder};
use regex::{Regex, RegexBuilder};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::value::Found;

/// The longest expression that is read.
const LENGTH_MAX: usize = 16_384;

/// Bytes that one compiled expression may take, tried one after another.
const SIZES: [usize; 3] = [1 << 13, 1 << 16, 1 << 20];

/// Bytes that all expressions of a pattern may take.
const MEMORY_MAX: usize = 64 << 20;

/// Groups within each other.
const NEST_MAX: u32 = 64;

/// What is left for the expressions of a pattern.
#[derive(Debug)]
pub(super) struct Memory(usize);

impl Memory {
    pub(super) const fn new() -> Self {
        Self(MEMORY_MAX)
    }

    /// Builds within the smallest size that does, and takes that much.
    fn build<T>(&mut self, build: impl Fn(usize) -> Result<T, regex::Error>) -> Result<T, String> {
        let mut refused = String::new();
        for size in SIZES {
            if size > self.0 {
                return Err("all expressions of the pattern together take too much memory".into());
            }
            match build(size) {
                Ok(built) => {
                    self.0 -= size;
                    return Ok(built);
                }
                Err(regex::Error::CompiledTooBig(_)) => refused = "it is too large".into(),
                Err(error) => return Err(problem(&error)),
            }
        }
        Err(refused)
    }
}

/// A compiled expression, for text or for bytes.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Text(Regex),
    Bytes(BytesRegex),
    /// Finds nothing in bytes.
    Never,
}

impl Expression {
    /// An expression of `MATCHES`, searched for anywhere.
    pub(super) fn matches(written: &str, bytes: bool, memory: &mut Memory) -> Result<Self, String> {
        let written = normal(written)?;
        Self::build(&rewritten(&written, bytes)?, bytes, &written, memory)
    }

    /// A pattern of `LIKE`: `%` stands for any characters and `_` for one.
    pub(super) fn like(written: &str, bytes: bool, memory: &mut Memory) -> Result<Self, String> {
        let written = normal(written)?;
        let mut expression = String::from("(?s)\\A");
        for c in written.chars() {
            match c {
                '%' => expression.push_str(".*"),
                '_' => expression.push('.'),
                _ => literal(c, bytes, &mut expression),
            }
        }
        expression.push_str("\\z");
        Self::build(&expression, bytes, &written, memory)
    }

    fn build(
        expression: &str,
        bytes: bool,
        written: &str,
        memory: &mut Memory,
    ) -> Result<Self, String> {
        if !bytes {
            let mut builder = RegexBuilder::new(expression);
            builder.nest_limit(NEST_MAX);
            let built = memory.build(|size| builder.clone().size_limit(size).build());
            return built.map(Self::Text);
        }
        if written.chars().any(|c| u32::from(c) > 0xff) {
            return Ok(Self::Never);
        }
        let mut builder = BytesRegexBuilder::new(expression);
        builder.unicode(false).nest_limit(NEST_MAX);
        let built = memory.build(|size| builder.clone().size_limit(size).build());
        built.map(Self::Bytes)
    }

    /// Whether the expression is found in a value. In one that is neither text nor bytes it is not.
    pub(super) fn finds(&self, found: &Found<'_>) -> bool {
        match (self, found) {
            (Self::Text(regex), Found::Plain(serde_json::Value::String(text))) if is_nfc(text) => {
                regex.is_match(text)
            }
            (Self::Text(regex), Found::Plain(serde_json::Value::String(text))) => {
                regex.is_match(&text.nfc().collect::<String>())
            }
            (Self::Bytes(regex), Found::Bytes(bytes)) => regex.is_match(bytes),
            _ => false,
        }
    }
}

/// An expression in normal form, if it is not too long.
fn normal(written: &str) -> Result<String, String> {
    if written.len() > LENGTH_MAX {
        return Err(format!("it has more than {LENGTH_MAX} bytes"));
    }
    Ok(written.nfc().collect())
}

/// The last line of what the crate says: before it, it draws the expression.
fn problem(error: &regex::Error) -> String {
    let said = error.to_string();
    let last = said.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// A character that stands for itself.
fn literal(c: char, bytes: bool, expression: &mut String) {
    if bytes && !c.is_ascii() {
        byte(u32::from(c), expression);
    } else if c.is_ascii_punctuation() && c != '<' && c != '>' && c != '_' {
        expression.push('\\');
        expression.push(c);
    } else {
        expression.push(c);
    }
}

/// A byte by its number.
fn byte(code: u32, expression: &mut String) {
    let digit = |number: u32| char::from_digit(number, 16).unwrap_or('0');
    expression.push_str("\\x");
    expression.push(digit(code / 16 % 16));
    expression.push(digit(code % 16));
}

/// A Perl-compatible expression in the syntax of the `regex` crate.
fn rewritten(written: &str, bytes: bool) -> Result<String, String> {
    let mut expression = String::new();
    let mut chars = written.chars().peekable();
    let mut in_repetition = false;
    while let Some(c) = chars.next() {
        // Perl takes `a++` for a repetition that gives nothing back, this crate for two.
        let repeats = matches!(c, '*' | '+' | '?') || (c == '}' && in_repetition);
        if repeats && chars.peek() == Some(&'+') {
            return Err("possessive repetition needs backtracking".into());
        }
        in_repetition &= c != '}';
        match c {
            '\\' => escape(&mut chars, bytes, &mut expression),
            '[' => class(&mut chars, bytes, &mut expression),
            // Before a last line feed, too.
            '$' => expression.push_str("(?:$|\\n\\z)"),
            // A brace that begins no repetition stands for itself.
            '{' if !begins_repetition(chars.clone()) => expression.push_str("\\{"),
            '{' => {
                in_repetition = true;
                expression.push(c);
            }
            // To Perl that is the whole expression once more, to this crate a way to end lines.
            'R' if expression.ends_with("(?") => return Err("recursion needs backtracking".into()),
            _ if !c.is_ascii() => literal(c, bytes, &mut expression),
            _ => expression.push(c),
        }
    }
    Ok(expression)
}

/// Whether `2}`, `2,}` or `2,3}` stands next.
fn begins_repetition(chars: Peekable<Chars<'_>>) -> bool {
    let inner: String =
        chars.take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '}')).collect();
    let Some((counts, _)) = inner.split_once('}') else { return false };
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    !least.is_empty() && !most.contains(',')
}

/// What follows a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>, bytes: bool, expression: &mut String) {
    match chars.next() {
        None => expression.push('\\'),
        Some('Z') => expression.push_str("(?:\\n?\\z)"),
        Some('e') => expression.push_str("\\x1b"),
        Some('h') => expression.push_str("[\\t ]"),
        Some('R') => expression.push_str("(?:\\r\\n|[\\n\\x0b\\f\\r])"),
        // A null, as `\0` or in octal with up to two digits more.
        Some('0') => {
            let mut code = 0;
            for _ in 0..2 {
                let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                code = code * 8 + digit;
                chars.next();
            }
            byte(code, expression);
        }
        // Angle brackets would be bounds of words here, and stand for themselves there.
        Some(c @ ('<' | '>' | '_')) => expression.push(c),
        Some(c) if !c.is_ascii() => literal(c, bytes, expression),
        Some(c) => {
            expression.push('\\');
            expression.push(c);
        }
    }
}

/// A class, of which the bracket is taken.
fn class(chars: &mut Peekable<Chars<'_>>, bytes: bool, expression: &mut String) {
    expression.push('[');
    if chars.next_if_eq(&'^').is_some() {
        expression.push('^');
    }
    // A bracket that closes at once stands for itself.
    if chars.next_if_eq(&']').is_some() {
        expression.push_str("\\]");
    }
    while let Some(c) = chars.next() {
        match c {
            ']' => {
                expression.push(']');
                return;
            }
            '[' if chars.peek() == Some(&':') => expression.push('['),
            // `[:alpha:]` closes with a bracket that is not the class's own.
            ':' if chars.peek() == Some(&']') && expression.contains("[:") => {
                expression.push(':');
                if is_named(expression) {
                    expression.push(']');
                    chars.next();
                }
            }
            // Classes within classes, and sets of them, are unknown to Perl.
            '[' | '&' | '~' => {
                expression.push('\\');
                expression.push(c);
            }
            // Two hyphens would subtract here; there they are a range up to a hyphen.
            '-' if chars.next_if_eq(&'-').is_some() => expression.push_str("-\\-"),
            '\\' if chars.peek() == Some(&'b') => {
                chars.next();
                expression.push_str("\\x08");
            }
            '\\' => escape(chars, bytes, expression),
            _ if !c.is_ascii() => literal(c, bytes, expression),
            _ => expression.push(c),
        }
    }
}

/// Whether the text ends in the name of a class, as in `[[:alpha:`.
fn is_named(expression: &str) -> bool {
    expression.rsplit_once("[:").is_some_and(|(_, name)| {
        name.strip_suffix(':').is_some_and(|name| {
            let name = name.trim_start_matches('^');
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase())
        })
    })
}

#[test]
fn perl_and_this_crate_read_the_same() {
    let text = |text: &str| serde_json::Value::String(text.into());
    for (expression, value, finds) in [
        ("^a$", "a\n", true),
        ("^a$", "a\nb", false),
        ("a\\Z", "a\n", true),
        ("\\<a\\>", "<a>", true),
        ("[[]x[]]", "[x]", true),
        ("[a&&b]+$", "a&", true),
        ("^[[:alpha:]_]+$", "a_b", true),
        ("^[^:]+:$", "ab:", true),
        ("[:]x", ":x", true),
        ("{a}\\{b{2}", "{a}{bb", true),
        ("(?i)ABC", "xabc", true),
        ("a.c", "a\nc", false),
        ("\\.exe\\/\\@\\-\\_", ".exe/@-_", true),
        ("[+--]", ",", true),
        ("\\0", "\0", true),
        ("^[*+]+a}+$", "*+a}}", true),
    ] {
        let built = Expression::matches(expression, false, &mut Memory::new());
        let built = built.unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert_eq!(built.finds(&Found::Plain(&text(value))), finds, "{expression} {value:?}");
    }
    for refused in ["(?=a)", "(a)\\1", "(", "a{1000}{1000}", "a++a", "a{2}+a", "(?R)", "(?>a)"] {
        assert!(Expression::matches(refused, false, &mut Memory::new()).is_err(), "{refused}");
    }
    let like = Expression::like("a%_\\[é", false, &mut Memory::new()).unwrap();
    assert!(like.finds(&Found::Plain(&text("a\nbc\\[é"))));
    assert!(!like.finds(&Found::Plain(&text("ac\\[éd"))));
    let bytes = Expression::matches("^[\\x80-\u{ff}]é$", true, &mut Memory::new()).unwrap();
    assert!(bytes.finds(&Found::Bytes(vec![0x90, 0xe9])));
}

#[test]
fn memory_is_bounded() {
    let mut memory = Memory::new();
    let built = (0..10_000).map(|_| Expression::matches("\\w{4}", false, &mut memory));
    let refused = built.filter_map(Result::err).last().unwrap();
    assert!(refused.contains("all expressions"), "{refused}");
    let long = "x".repeat(LENGTH_MAX + 1);
    assert!(Expression::like(&long, false, &mut Memory::new()).is_err());
}
