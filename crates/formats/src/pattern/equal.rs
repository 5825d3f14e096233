//! Whether two patterns mean the same, as far as their structure shows.
//!
//! Both are brought into one form and compared. Inside brackets that is the shortest
//! disjunction of conjunctions, which is unique because tests are only joined, never negated:
//! `A OR (A AND B)` is `A`. A conjunction asks one object, so one that names objects of two
//! types can never hold and is dropped. Between brackets, `AND` and `FOLLOWEDBY` are spread over
//! `OR`, chains are flat, and an alternative that asks for more than another is dropped; there
//! `A AND A` is not `A`, because it takes two observations, and a qualified expression is
//! a whole that nothing outside is merged with.
//!
//! Constants are compared by value, and those that are known to be written in several ways are
//! put into one: IP addresses and the names of the Windows registry.
//!
//! The answer `false` may be wrong for patterns that mean the same for deeper reasons, such as
//! `IN ('a')` and `= 'a'`; the answer `true` may not.

use std::collections::{BTreeSet, HashMap};

use thiserror::Error;

use super::Pattern;
use super::ast::{Comparison, Constant, ObjectPath, Observation, Operator, Qualifier, Step, Test};
use super::special::canonical;
use super::value::Number;

/// Alternatives that one expression may have once everything is spread out.
pub const TERMS_MAX: usize = 4096;

/// Steps that bringing two patterns into one form may take.
const WORK_MAX: usize = 5_000_000;

/// Why two patterns cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EqualityError {
    /// Spread out, they have too many alternatives.
    #[error(
        "the patterns have more than {TERMS_MAX} alternatives, or take too long to compare; \
         compare them in parts"
    )]
    TooManyTerms,
}

/// Whether two patterns mean the same.
pub fn equivalent(one: &Pattern, other: &Pattern) -> Result<bool, EqualityError> {
    let mut forms = Forms::default();
    Ok(forms.alternatives(one.root())? == forms.alternatives(other.root())?)
}

/// A test in a form that equal tests share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct TestForm {
    path: ObjectPath,
    negated: bool,
    operator: &'static str,
    constants: BTreeSet<ConstantForm>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ConstantForm {
    Integer(i128),
    /// The bits of a number that is not whole.
    Float(u64),
    Text(String),
    Bool(bool),
    Bytes(Vec<u8>),
    Time(Option<i128>),
}

/// The tests of a conjunction, by number.
type Conjunction = BTreeSet<u32>;

/// One alternative of an observation expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Term {
    /// The alternatives inside brackets.
    Test(Vec<Conjunction>),
    /// In order, the same one perhaps several times.
    All(Vec<Term>),
    InOrder(Vec<Term>),
    Qualified(Qualifier, BTreeSet<Term>),
}

/// Numbers the tests of both patterns, and counts the work.
#[derive(Default)]
struct Forms {
    numbers: HashMap<TestForm, u32>,
    /// The object type of each test, by number.
    types: HashMap<String, u32>,
    type_of: Vec<u32>,
    work: usize,
}

type Formed<T> = Result<T, EqualityError>;

impl Forms {
    fn spend(&mut self, work: usize) -> Formed<()> {
        self.work = self.work.saturating_add(work);
        if self.work > WORK_MAX { Err(EqualityError::TooManyTerms) } else { Ok(()) }
    }

    // Between brackets.

    /// The alternatives of an expression; none if it can never hold.
    fn alternatives(&mut self, observation: &Observation) -> Formed<BTreeSet<Term>> {
        match observation {
            Observation::Test(comparison) => {
                let inside = self.disjunction(comparison)?;
                let term = (!inside.is_empty()).then_some(Term::Test(inside));
                Ok(term.into_iter().collect())
            }
            Observation::Any(list) => {
                let mut all = BTreeSet::new();
                for one in list {
                    all.extend(self.alternatives(one)?);
                }
                self.without_absorbed(all)
            }
            Observation::All(list) => self.spread(list, Term::all),
            Observation::InOrder(list) => self.spread(list, Term::in_order),
            Observation::Qualified(qualified) => {
                let mut terms = self.alternatives(&qualified.observation)?;
                for placed in &qualified.qualifiers {
                    if terms.is_empty() {
                        break;
                    }
                    self.spend(1)?;
                    terms = BTreeSet::from([Term::Qualified(placed.qualifier, terms)]);
                }
                Ok(terms)
            }
        }
    }

    /// Joins each alternative of each expression with each of the others.
    fn spread(
        &mut self,
        list: &[Observation],
        join: fn(Vec<Term>) -> Term,
    ) -> Formed<BTreeSet<Term>> {
        let mut joined: Vec<Vec<Term>> = vec![Vec::new()];
        for one in list {
            let alternatives = self.alternatives(one)?;
            let sizes = joined.iter().map(|terms| terms.len() + 1).sum::<usize>();
            self.spend(sizes.saturating_mul(alternatives.len()))?;
            if joined.len().saturating_mul(alternatives.len()) > TERMS_MAX {
                return Err(EqualityError::TooManyTerms);
            }
            let mut next = Vec::new();
            for terms in &joined {
                for alternative in &alternatives {
                    let mut terms = terms.clone();
                    terms.push(alternative.clone());
                    next.push(terms);
                }
            }
            joined = next;
        }
        let terms = joined.into_iter().map(join).collect();
        self.without_absorbed(terms)
    }

    /// Leaves out alternatives that ask for more than another one.
    fn without_absorbed(&mut self, terms: BTreeSet<Term>) -> Formed<BTreeSet<Term>> {
        if terms.len() > TERMS_MAX {
            return Err(EqualityError::TooManyTerms);
        }
        let compound = |term: &&Term| matches!(term, Term::All(_) | Term::InOrder(_));
        let mut absorbed = BTreeSet::new();
        for more in terms.iter().filter(compound) {
            self.spend(terms.len().saturating_mul(more.parts().len().max(1)))?;
            if terms.iter().any(|less| less != more && less.absorbs(more)) {
                absorbed.insert(more.clone());
            }
        }
        Ok(terms.into_iter().filter(|term| !absorbed.contains(term)).collect())
    }

    // Inside brackets.

    /// The shortest disjunction of conjunctions, in order.
    fn disjunction(&mut self, comparison: &Comparison) -> Formed<Vec<Conjunction>> {
        match comparison {
            Comparison::Test(test) => Ok(vec![Conjunction::from([self.number(test)])]),
            Comparison::Any(list) => {
                let mut all = BTreeSet::new();
                for one in list {
                    all.extend(self.disjunction(one)?);
                }
                self.shortest(all)
            }
            Comparison::All(list) => {
                let mut product = BTreeSet::from([Conjunction::new()]);
                for one in list {
                    let terms = self.disjunction(one)?;
                    product = self.product(&product, &terms)?;
                }
                Ok(product.into_iter().collect())
            }
        }
    }

    fn product(
        &mut self,
        left: &BTreeSet<Conjunction>,
        right: &[Conjunction],
    ) -> Formed<BTreeSet<Conjunction>> {
        let mut product = BTreeSet::new();
        for one in left {
            for other in right {
                self.spend(one.len() + other.len())?;
                let both: Conjunction = one.union(other).copied().collect();
                if self.asks_one_object(&both) {
                    product.insert(both);
                }
            }
        }
        Ok(self.shortest(product)?.into_iter().collect())
    }

    /// Whether all tests are about objects of one type.
    fn asks_one_object(&self, conjunction: &Conjunction) -> bool {
        let types = conjunction.iter().filter_map(|n| self.type_of.get(usize::try_from(*n).ok()?));
        types.collect::<BTreeSet<_>>().len() == 1
    }

    /// Leaves out conjunctions that hold another one.
    fn shortest(&mut self, all: BTreeSet<Conjunction>) -> Formed<Vec<Conjunction>> {
        let mut by_length: Vec<Conjunction> = all.into_iter().collect();
        by_length.sort_by_key(BTreeSet::len);
        let mut kept: Vec<Conjunction> = Vec::new();
        let (mut length, mut shorter) = (0, 0);
        for conjunction in by_length {
            // Of the same length, none holds another.
            if conjunction.len() > length {
                (length, shorter) = (conjunction.len(), kept.len());
            }
            self.spend(shorter.saturating_mul(2) + 1)?;
            let holds = |less: &Conjunction| less.is_subset(&conjunction);
            if !kept.iter().take(shorter).any(holds) {
                kept.push(conjunction);
            }
        }
        if kept.len() > TERMS_MAX {
            return Err(EqualityError::TooManyTerms);
        }
        kept.sort_unstable();
        Ok(kept)
    }

    /// The number of a test; equal tests have the same.
    fn number(&mut self, test: &Test) -> u32 {
        let kinds = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        let kind = *self.types.entry(test.path.object_type.clone()).or_insert(kinds);
        let form = TestForm::of(test);
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(form).or_insert(next);
        if number == next {
            self.type_of.push(kind);
        }
        number
    }
}

impl Term {
    fn all(terms: Vec<Term>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term {
                Self::All(inner) => flat.extend(inner),
                Self::Test(_) | Self::InOrder(_) | Self::Qualified(..) => flat.push(term),
            }
        }
        flat.sort_unstable();
        Self::All(flat)
    }

    fn in_order(terms: Vec<Term>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term {
                Self::InOrder(inner) => flat.extend(inner),
                Self::Test(_) | Self::All(_) | Self::Qualified(..) => flat.push(term),
            }
        }
        Self::InOrder(flat)
    }

    fn parts(&self) -> &[Term] {
        match self {
            Self::All(parts) | Self::InOrder(parts) => parts,
            Self::Test(_) | Self::Qualified(..) => &[],
        }
    }

    /// Whether this is a part of the other, or has its parts among the other's, each for one.
    fn absorbs(&self, more: &Term) -> bool {
        match (self, more) {
            // What is qualified stays as it is written.
            (Self::Qualified(..), _) => false,
            (Self::All(less), Self::All(more)) | (Self::InOrder(less), Self::InOrder(more)) => {
                is_part(less, more)
            }
            (_, more) => more.parts().contains(self),
        }
    }
}

/// Whether a list comes from another by leaving out. Both are sorted, or their order counts.
fn is_part(less: &[Term], more: &[Term]) -> bool {
    let mut more = more.iter();
    less.iter().all(|part| more.any(|other| other == part))
}

impl TestForm {
    fn of(test: &Test) -> Self {
        let one =
            |constant: &Constant| BTreeSet::from([ConstantForm::of(constant, Some(&test.path))]);
        let text = |text: &str| BTreeSet::from([ConstantForm::Text(text.to_owned())]);
        let block = |text: &str| {
            let constant = Constant::Text(text.to_owned());
            BTreeSet::from([ConstantForm::of(&constant, Some(&test.path))])
        };
        let (operator, constants) = match &test.operator {
            Operator::Equal(constant) => ("=", one(constant)),
            Operator::NotEqual(constant) => ("!=", one(constant)),
            Operator::Less(constant) => ("<", one(constant)),
            Operator::LessEqual(constant) => ("<=", one(constant)),
            Operator::Greater(constant) => (">", one(constant)),
            Operator::GreaterEqual(constant) => (">=", one(constant)),
            Operator::In(set) => {
                let path = Some(&test.path);
                ("IN", set.iter().map(|constant| ConstantForm::of(constant, path)).collect())
            }
            Operator::Like(like) => ("LIKE", text(like)),
            Operator::Matches(expression) => ("MATCHES", text(expression)),
            Operator::IsSubset(address) => ("ISSUBSET", block(address)),
            Operator::IsSuperset(address) => ("ISSUPERSET", block(address)),
            Operator::Exists => ("EXISTS", BTreeSet::new()),
        };
        // `NOT =` is `!=`, and the other way round.
        let (operator, negated) = match operator {
            "=" if test.negated => ("!=", false),
            "!=" if test.negated => ("=", false),
            _ => (operator, test.negated),
        };
        Self { path: test.path.clone(), negated, operator, constants }
    }
}

impl ConstantForm {
    fn of(constant: &Constant, path: Option<&ObjectPath>) -> Self {
        match constant {
            Constant::Integer(integer) => Self::Integer(*integer),
            Constant::Float(float) => match Number::of_float(*float) {
                Number::Integer(integer) => Self::Integer(integer),
                Number::Float(float) => Self::Float(float.to_bits()),
            },
            Constant::Text(text) => Self::Text(match path.map(kind_of) {
                Some(Some(kind)) => canonical(kind, text),
                _ => text.clone(),
            }),
            Constant::Bool(bool) => Self::Bool(*bool),
            Constant::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Constant::Time(moment) => Self::Time(moment.nanoseconds()),
        }
    }
}

/// What is known about the values at a path.
fn kind_of(path: &ObjectPath) -> Option<super::special::Kind> {
    use super::special::Kind;
    let key =
        |at: usize, name: &str| matches!(path.steps.get(at), Some(Step::Key(key)) if key == name);
    let indexed = matches!(path.steps.get(1), Some(Step::Index(_) | Step::Every));
    match (path.object_type.as_str(), path.steps.len()) {
        ("ipv4-addr", 1) if key(0, "value") => Some(Kind::V4),
        ("ipv6-addr", 1) if key(0, "value") => Some(Kind::V6),
        ("windows-registry-key", 1) if key(0, "key") => Some(Kind::AnyCase),
        ("windows-registry-key", 3) if key(0, "values") && indexed && key(2, "name") => {
            Some(Kind::AnyCase)
        }
        _ => None,
    }
}
