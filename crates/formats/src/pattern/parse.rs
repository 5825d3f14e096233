//! Reads the grammar of STIX 2.1 section 9 and of STIX 2.0 part 5.
//!
//! Recursive descent with one token of sight. Only parentheses recurse, and their depth is
//! bounded; chains of operators and of qualifiers are loops.

use super::ast::{
    Comparison, Constant, Moment, ObjectPath, Observation, Operator, Placed as PlacedQualifier,
    Qualified, Qualifier, Step, Test,
};
use super::error::{PatternError, PatternProblem};
use super::time::nanoseconds;
use super::token::{Placed, Token, Tokens};
use super::{DEPTH_MAX, Version};
use crate::text::quoted;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// Reads a whole pattern.
pub(super) fn pattern(text: &str, version: Version) -> Result<Observation, PatternError> {
    let mut tokens = Tokens::new(text, version == Version::V21);
    let next = tokens.next()?;
    let mut parser = Parser { tokens, next, version, depth: 0 };
    let observation = parser.in_order()?;
    if parser.next.token != Token::End {
        return Err(parser.unexpected("`AND`, `OR`, `FOLLOWEDBY`, a qualifier or the end"));
    }
    Ok(observation)
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    next: Placed<'a>,
    version: Version,
    depth: usize,
}

type Parsed<T> = Result<T, PatternError>;

#[expect(clippy::wildcard_enum_match_arm, reason = "any other token is refused")]
impl<'a> Parser<'a> {
    // Tokens.

    /// Takes the next token and reads the one behind it.
    fn take(&mut self) -> Parsed<Placed<'a>> {
        let next = self.tokens.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.next.token, Token::Sign(found) if found == sign)
    }

    fn is_keyword(&self, word: &str) -> bool {
        matches!(self.next.token, Token::Keyword(found) if found == word)
    }

    /// Takes a sign if it stands here.
    fn sign(&mut self, sign: &str) -> Parsed<bool> {
        let here = self.is_sign(sign);
        if here {
            self.take()?;
        }
        Ok(here)
    }

    /// Takes a reserved word if it stands here.
    fn keyword(&mut self, word: &str) -> Parsed<bool> {
        let here = self.is_keyword(word);
        if here {
            self.take()?;
        }
        Ok(here)
    }

    fn must(&self, here: bool, expected: &'static str) -> Parsed<()> {
        if here { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn unexpected(&self, expected: &'static str) -> PatternError {
        let problem = PatternProblem::Unexpected { found: self.next.shown(), expected };
        self.tokens.error(self.next.at, problem)
    }

    /// Reads what stands within parentheses, the first of which is next.
    fn within<T>(&mut self, read: fn(&mut Self) -> Parsed<T>, missing: &'static str) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            let problem = PatternProblem::TooDeep { max: DEPTH_MAX };
            return Err(self.tokens.error(self.next.at, problem));
        }
        self.take()?;
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        let closed = self.sign(")")?;
        self.must(closed, missing)?;
        Ok(inner)
    }

    // Observation expressions, from the loosest operator to the tightest.

    fn in_order(&mut self) -> Parsed<Observation> {
        let first = self.any()?;
        self.chain(first, "FOLLOWEDBY", Self::any, Observation::InOrder)
    }

    fn any(&mut self) -> Parsed<Observation> {
        let first = self.all()?;
        self.chain(first, "OR", Self::all, Observation::Any)
    }

    fn all(&mut self) -> Parsed<Observation> {
        let first = self.qualified()?;
        self.chain(first, "AND", Self::qualified, Observation::All)
    }

    /// `first`, or a list of what the operator joins to it.
    fn chain<T>(
        &mut self,
        first: T,
        operator: &str,
        read: fn(&mut Self) -> Parsed<T>,
        join: fn(Vec<T>) -> T,
    ) -> Parsed<T> {
        if !self.is_keyword(operator) {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.keyword(operator)? {
            list.push(read(self)?);
        }
        Ok(join(list))
    }

    fn qualified(&mut self) -> Parsed<Observation> {
        let grouped = self.is_sign("(");
        let observation = if grouped {
            self.within(Self::in_order, "`AND`, `OR`, `FOLLOWEDBY`, a qualifier or `)`")?
        } else {
            let open = self.sign("[")?;
            self.must(open, "`[` or `(`: an observation expression")?;
            let comparison = self.any_comparison()?;
            let closed = self.sign("]")?;
            self.must(closed, "`AND`, `OR` or `]`")?;
            Observation::Test(comparison)
        };
        let mut qualifiers = Vec::new();
        while let Some(qualifier) = self.qualifier()? {
            qualifiers.push(qualifier);
        }
        if qualifiers.is_empty() {
            return Ok(observation);
        }
        Ok(Observation::Qualified(Box::new(Qualified { observation, grouped, qualifiers })))
    }

    // Qualifiers.

    fn qualifier(&mut self) -> Parsed<Option<PlacedQualifier>> {
        let offset = self.next.at;
        let qualifier = if self.keyword("WITHIN")? {
            self.seconds()?
        } else if self.keyword("REPEATS")? {
            self.times()?
        } else if self.keyword("START")? {
            let start = self.moment()?;
            let stop = self.keyword("STOP")?;
            self.must(stop, "`STOP` and a timestamp")?;
            Qualifier::Between(start, self.moment()?)
        } else {
            return Ok(None);
        };
        Ok(Some(PlacedQualifier { qualifier, offset }))
    }

    fn seconds(&mut self) -> Parsed<Qualifier> {
        let expected = "a number of seconds without a minus";
        let (Token::Integer(written) | Token::Decimal(written)) = self.next.token else {
            return Err(self.unexpected(expected));
        };
        self.must(!written.starts_with('-'), expected)?;
        let seconds = seconds(written).ok_or_else(|| self.too_big())?;
        self.take()?;
        let unit = self.keyword("SECONDS")?;
        self.must(unit, "`SECONDS`")?;
        Ok(Qualifier::Within(seconds))
    }

    fn times(&mut self) -> Parsed<Qualifier> {
        let expected = "a whole number without a minus";
        let Token::Integer(written) = self.next.token else {
            return Err(self.unexpected(expected));
        };
        self.must(!written.starts_with('-'), expected)?;
        let times = written.parse().map_err(|_| self.too_big())?;
        self.take()?;
        let unit = self.keyword("TIMES")?;
        self.must(unit, "`TIMES`")?;
        Ok(Qualifier::Repeats(times))
    }

    /// A timestamp. STIX 2.0 has it as a string, too.
    fn moment(&mut self) -> Parsed<Moment> {
        let moment = match &self.next.token {
            Token::Time(written) => Moment(nanoseconds(written)),
            Token::Text(text) if self.version == Version::V20 => {
                let moment = nanoseconds(text);
                self.must(moment.is_some(), "a timestamp, as in t'2024-01-31T23:59:59.5Z'")?;
                Moment(moment)
            }
            _ => return Err(self.unexpected("a timestamp, as in t'2024-01-31T23:59:59.5Z'")),
        };
        self.take()?;
        Ok(moment)
    }

    fn too_big(&self) -> PatternError {
        let problem = PatternProblem::NumberTooBig { found: self.next.shown() };
        self.tokens.error(self.next.at, problem)
    }

    // Comparison expressions.

    fn any_comparison(&mut self) -> Parsed<Comparison> {
        let first = self.all_comparison()?;
        self.chain(first, "OR", Self::all_comparison, Comparison::Any)
    }

    fn all_comparison(&mut self) -> Parsed<Comparison> {
        let first = self.comparison()?;
        self.chain(first, "AND", Self::comparison, Comparison::All)
    }

    fn comparison(&mut self) -> Parsed<Comparison> {
        if self.is_sign("(") {
            return self.within(Self::any_comparison, "`AND`, `OR` or `)`");
        }
        let offset = self.next.at;
        if self.keyword("EXISTS")? {
            let path = self.path()?;
            let operator = Operator::Exists;
            return Ok(Comparison::Test(Test { path, negated: false, operator, offset }));
        }
        let path = self.path()?;
        let negated = self.keyword("NOT")?;
        let (operator, offset) = self.operator()?;
        Ok(Comparison::Test(Test { path, negated, operator, offset }))
    }

    /// An operator with its constant, and where the constant stands.
    fn operator(&mut self) -> Parsed<(Operator, usize)> {
        const EXPECTED: &str = "a comparison operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `IN`, \
                                `LIKE`, `MATCHES`, `ISSUBSET` or `ISSUPERSET`";
        let token = self.next.token.clone();
        let (Token::Sign(word) | Token::Keyword(word)) = token else {
            return Err(self.unexpected(EXPECTED));
        };
        let text: Option<fn(String) -> Operator> = match word {
            "LIKE" => Some(Operator::Like),
            "MATCHES" => Some(Operator::Matches),
            "ISSUBSET" => Some(Operator::IsSubset),
            "ISSUPERSET" => Some(Operator::IsSuperset),
            _ => None,
        };
        let equal: Option<fn(Constant) -> Operator> = match word {
            "=" | "==" => Some(Operator::Equal),
            "!=" | "<>" => Some(Operator::NotEqual),
            _ => None,
        };
        let order: Option<fn(Constant) -> Operator> = match word {
            "<" => Some(Operator::Less),
            "<=" => Some(Operator::LessEqual),
            ">" => Some(Operator::Greater),
            ">=" => Some(Operator::GreaterEqual),
            _ => None,
        };
        let known = text.is_some() || equal.is_some() || order.is_some() || word == "IN";
        self.must(known, EXPECTED)?;
        self.take()?;
        let offset = self.next.at;
        let operator = if let Some(operator) = text {
            operator(self.text()?)
        } else if let Some(operator) = equal {
            operator(self.constant()?)
        } else if let Some(operator) = order {
            let ordered = !self.is_keyword("true") && !self.is_keyword("false");
            self.must(ordered, "a constant that has an order: a string, number or timestamp")?;
            operator(self.constant()?)
        } else {
            Operator::In(self.set()?)
        };
        Ok((operator, offset))
    }

    fn set(&mut self) -> Parsed<Vec<Constant>> {
        let open = self.sign("(")?;
        self.must(open, "`(` and a list of constants")?;
        let mut set = Vec::new();
        if self.sign(")")? {
            return Ok(set);
        }
        loop {
            set.push(self.constant()?);
            if self.sign(")")? {
                return Ok(set);
            }
            let more = self.sign(",")?;
            self.must(more, "`,` or `)`")?;
        }
    }

    fn text(&mut self) -> Parsed<String> {
        self.must(matches!(self.next.token, Token::Text(_)), "a string in `'`")?;
        match self.take()?.token {
            Token::Text(text) => Ok(text),
            _ => Ok(String::new()),
        }
    }

    fn constant(&mut self) -> Parsed<Constant> {
        const EXPECTED: &str = "a constant: a string in `'`, a number, `true`, `false`, h'…', \
                                b'…' or t'…'";
        let constant = match &mut self.next.token {
            Token::Text(text) => Constant::Text(std::mem::take(text)),
            Token::Bytes(bytes) => Constant::Bytes(std::mem::take(bytes)),
            Token::Time(written) => Constant::Time(Moment(nanoseconds(written))),
            Token::Keyword("true") => Constant::Bool(true),
            Token::Keyword("false") => Constant::Bool(false),
            Token::Integer(written) => match written.parse() {
                Ok(integer) => Constant::Integer(integer),
                Err(_) => return Err(self.too_big()),
            },
            Token::Decimal(written) => match written.parse::<f64>() {
                Ok(float) if float.is_finite() => Constant::Float(float),
                _ => return Err(self.too_big()),
            },
            _ => return Err(self.unexpected(EXPECTED)),
        };
        self.take()?;
        Ok(constant)
    }

    // Object paths.

    fn path(&mut self) -> Parsed<ObjectPath> {
        let Token::Name(object_type) = self.next.token else {
            return Err(self.unexpected("the type of an object, as in `file:name`"));
        };
        self.take()?;
        let colon = self.sign(":")?;
        self.must(colon, "`:` and a property")?;
        let mut steps = vec![Step::Key(self.key()?)];
        loop {
            if self.sign(".")? {
                steps.push(Step::Key(self.key()?));
            } else if self.sign("[")? {
                steps.push(self.index()?);
                let closed = self.sign("]")?;
                self.must(closed, "`]`")?;
            } else {
                return Ok(ObjectPath { object_type: object_type.into(), steps });
            }
        }
    }

    fn key(&mut self) -> Parsed<String> {
        match self.next.token {
            Token::Text(_) => self.text(),
            Token::Name(name) if name.contains('-') => {
                let problem =
                    PatternProblem::Unquoted { name: quoted(name), plain: shortened(name) };
                Err(self.tokens.error(self.next.at, problem))
            }
            Token::Name(name) => {
                self.take()?;
                Ok(name.into())
            }
            _ => Err(self.unexpected("the name of a property, in `'` if it is not plain")),
        }
    }

    fn index(&mut self) -> Parsed<Step> {
        if self.sign("*")? {
            return Ok(Step::Every);
        }
        let Token::Integer(written) = self.next.token else {
            return Err(self.unexpected("a whole number or `*`"));
        };
        let index = written.parse().map_err(|_| self.too_big())?;
        self.take()?;
        Ok(Step::Index(index))
    }
}

/// A name for people, without quotes around it.
fn shortened(name: &str) -> String {
    quoted(name).trim_matches('`').to_owned()
}

/// Seconds in nanoseconds; `None` beyond what is counted with. What is shorter than a
/// nanosecond counts as one, so that a number above zero stays above zero.
fn seconds(written: &str) -> Option<i128> {
    let written = written.trim_start_matches('+');
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let mut nanoseconds = i128::from(whole) * SECOND;
    let mut unit = SECOND;
    for digit in fraction.bytes() {
        unit /= 10;
        nanoseconds += unit * i128::from(digit.saturating_sub(b'0'));
        if unit == 0 && digit != b'0' {
            return Some(nanoseconds + 1);
        }
    }
    Some(nanoseconds)
}
