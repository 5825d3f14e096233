//! Which observations a pattern wants, apart from what it asks of each.
//!
//! `START … STOP …` is asked of each observation alone, so it moves down to the comparison
//! expressions. Alternatives of single observations are one wish with several sources, and
//! `REPEATS` over wishes that time does not tie together asks for more of each.

use super::ast::{Observation, Qualified, Qualifier};
use super::matcher::MatchError;

/// The wishes of a pattern.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) root: Node,
    /// For each wish, which observations fulfil it.
    pub(super) wishes: Vec<Vec<Source>>,
}

/// Observations that fulfil a comparison expression at a certain time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    /// Which of the comparison expressions, from left to right.
    pub(super) comparison: usize,
    /// They last until this moment or longer.
    pub(super) start: i128,
    /// They begin before this moment.
    pub(super) stop: i128,
}

/// What is to be chosen.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// This many observations for a wish.
    Wish(usize, u64),
    All(Vec<Node>),
    Any(Vec<Node>),
    InOrder(Vec<Node>),
    Within(i128, Box<Node>),
    Repeat(u64, Box<Node>),
}

impl Plan {
    pub(super) fn of(root: &Observation) -> Result<Self, MatchError> {
        let mut builder = Builder { wishes: Vec::new(), comparisons: 0 };
        let always = Source { comparison: 0, start: i128::MIN, stop: i128::MAX };
        let root = builder.node(root, always)?;
        Ok(Self { root, wishes: builder.wishes })
    }
}

struct Builder {
    wishes: Vec<Vec<Source>>,
    comparisons: usize,
}

impl Builder {
    fn node(&mut self, observation: &Observation, time: Source) -> Result<Node, MatchError> {
        Ok(match observation {
            Observation::Test(_) => {
                let source = Source { comparison: self.comparisons, ..time };
                self.comparisons += 1;
                self.wishes.push(vec![source]);
                Node::Wish(self.wishes.len() - 1, 1)
            }
            Observation::All(list) => Node::All(self.nodes(list, time)?),
            Observation::InOrder(list) => Node::InOrder(self.nodes(list, time)?),
            Observation::Any(list) => {
                let nodes = self.nodes(list, time)?;
                self.any(nodes)
            }
            Observation::Qualified(qualified) => self.qualified(qualified, time)?,
        })
    }

    fn nodes(&mut self, list: &[Observation], time: Source) -> Result<Vec<Node>, MatchError> {
        list.iter().map(|one| self.node(one, time)).collect()
    }

    /// Makes one wish of those that ask for one observation each.
    fn any(&mut self, nodes: Vec<Node>) -> Node {
        let mut sources = Vec::new();
        let mut others = Vec::new();
        let mut merged = None;
        for node in nodes {
            if let Node::Wish(wish, 1) = node {
                merged.get_or_insert(wish);
                sources.extend(self.wishes.get(wish).into_iter().flatten().copied());
            } else {
                others.push(node);
            }
        }
        if let Some(wish) = merged {
            if let Some(wish) = self.wishes.get_mut(wish) {
                *wish = sources;
            }
            let single = Node::Wish(wish, 1);
            if others.is_empty() {
                return single;
            }
            others.insert(0, single);
        }
        Node::Any(others)
    }

    fn qualified(&mut self, qualified: &Qualified, time: Source) -> Result<Node, MatchError> {
        let mut time = time;
        for placed in &qualified.qualifiers {
            let Qualifier::Between(start, stop) = placed.qualifier else { continue };
            let (Some(start), Some(stop)) = (start.nanoseconds(), stop.nanoseconds()) else {
                return Err(MatchError::Qualifier("START … STOP"));
            };
            time.start = time.start.max(start);
            // Nothing lies in an interval that ends before or when it begins.
            time.stop = time.stop.min(if start < stop { stop } else { i128::MIN });
        }
        let mut node = self.node(&qualified.observation, time)?;
        for placed in &qualified.qualifiers {
            node = match placed.qualifier {
                Qualifier::Repeats(0) => return Err(MatchError::Qualifier("REPEATS")),
                Qualifier::Within(0) => return Err(MatchError::Qualifier("WITHIN")),
                Qualifier::Repeats(times) => node.repeated(times),
                // One observation is always within any time of itself.
                Qualifier::Within(_) if matches!(node, Node::Wish(_, 1)) => node,
                Qualifier::Within(time) => Node::Within(time, Box::new(node)),
                Qualifier::Between(..) => node,
            };
        }
        Ok(node)
    }
}

impl Node {
    fn repeated(self, times: u64) -> Self {
        if times == 1 {
            return self;
        }
        if !self.is_free() {
            return Self::Repeat(times, Box::new(self));
        }
        match self {
            Self::Wish(wish, amount) => Self::Wish(wish, amount.saturating_mul(times)),
            Self::All(list) => Self::All(list.into_iter().map(|one| one.repeated(times)).collect()),
            tied @ (Self::Any(_) | Self::InOrder(_) | Self::Within(..) | Self::Repeat(..)) => tied,
        }
    }

    /// Whether time and alternatives tie nothing together in it.
    fn is_free(&self) -> bool {
        match self {
            Self::Wish(..) => true,
            Self::All(list) => list.iter().all(Self::is_free),
            Self::Any(_) | Self::InOrder(_) | Self::Within(..) | Self::Repeat(..) => false,
        }
    }
}
