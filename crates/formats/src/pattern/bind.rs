//! Whether observations can be chosen as a plan wants them, no observation twice.
//!
//! Time is guessed, and the rest is counted. Observations lie within a duration of each other
//! if all of them touch an interval of that length, and one that begins at the earliest end of
//! them will do; they follow others if there is a moment by which the one side can have begun
//! and until which the other side can last, and the latest beginning of the first will do. So
//! each `WITHIN` and each `FOLLOWEDBY` has no more guesses than there are observations, and a
//! guess leaves only bounds for single observations. Whether enough distinct observations lie
//! within these bounds is a flow problem, which is exact and cheap.
//!
//! Before each guess the bounds that are known are counted, and a hopeless branch is left. What
//! is left of the search may still be large: [`WORK_MAX`] ends it with
//! [`MatchError::TooHard`](super::MatchError), never with a wrong answer.

use std::collections::{HashMap, HashSet, VecDeque};

use super::matcher::MatchError;
use super::observed::Sighting;
use super::plan::{Node, Plan};

/// Observations looked at in one match, counted each time.
pub const WORK_MAX: u64 = 20_000_000;

/// Guesses within each other, and copies that one `REPEATS` may make of what time ties together.
pub const GUESSES_MAX: usize = 256;

/// Answers whether observations can be chosen. `seen` has, for each comparison expression,
/// the sightings that fulfil it.
pub(super) fn can_choose(
    plan: &Plan,
    sightings: &[Sighting<'_>],
    seen: &[Vec<usize>],
) -> Result<bool, MatchError> {
    let mut search = Search { candidates: Vec::new(), work: 0, guesses: 0 };
    for wish in &plan.wishes {
        let mut candidates = Vec::new();
        for source in wish {
            let fulfilling = seen.get(source.comparison).map_or(&[][..], Vec::as_slice);
            search.spend(fulfilling.len() + 1)?;
            candidates.extend(fulfilling.iter().filter_map(|at| {
                let Sighting { first, last, count, .. } = *sightings.get(*at)?;
                let in_time = first < source.stop && last >= source.start;
                in_time.then_some(Candidate { at: *at, first, last, count })
            }));
        }
        candidates.sort_unstable_by_key(|candidate| candidate.at);
        candidates.dedup_by_key(|candidate| candidate.at);
        search.candidates.push(candidates);
    }
    search.solve(vec![Pending::new(Task::Node(&plan.root))], Vec::new())
}

/// A sighting that fulfils a wish.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: usize,
    first: i128,
    last: i128,
    count: u64,
}

/// Bounds for single observations: they last until `from` or longer and begin by `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span {
    from: i128,
    to: i128,
}

impl Span {
    const ALWAYS: Self = Self { from: i128::MIN, to: i128::MAX };

    const fn admits(self, candidate: &Candidate) -> bool {
        candidate.last >= self.from && candidate.first <= self.to
    }

    fn from(self, from: i128) -> Self {
        Self { from: self.from.max(from), ..self }
    }

    fn to(self, to: i128) -> Self {
        Self { to: self.to.min(to), ..self }
    }
}

/// What is still to be expanded.
#[derive(Debug, Clone, Copy)]
enum Task<'p> {
    Node(&'p Node),
    /// The rest of a `FOLLOWEDBY`.
    Chain(&'p [Node]),
    /// So many more copies, whose guesses begin at this one: copies are all alike, so only one
    /// of their orders is tried.
    Copies(u64, &'p Node, usize),
}

#[derive(Debug, Clone, Copy)]
struct Pending<'p> {
    task: Task<'p>,
    span: Span,
}

impl<'p> Pending<'p> {
    const fn new(task: Task<'p>) -> Self {
        Self { task, span: Span::ALWAYS }
    }

    const fn within(task: Task<'p>, span: Span) -> Self {
        Self { task, span }
    }
}

/// So many observations for a wish within bounds.
type Slot = ((usize, Span), u64);

/// The ways to go on from a node.
enum Guess<'p> {
    Branch(&'p [Node]),
    Within(Vec<i128>, i128, &'p Node),
    Follow(Vec<i128>, &'p Node, &'p [Node]),
}

impl<'p> Guess<'p> {
    const fn len(&self) -> usize {
        match self {
            Self::Branch(branches) => branches.len(),
            Self::Within(moments, ..) | Self::Follow(moments, ..) => moments.len(),
        }
    }

    /// What is to be expanded after the guess of this number.
    fn after(&self, number: usize, span: Span) -> Vec<Pending<'p>> {
        match self {
            Self::Branch(branches) => branches
                .get(number)
                .map(|branch| Pending::within(Task::Node(branch), span))
                .into_iter()
                .collect(),
            Self::Within(moments, time, inner) => moments
                .get(number)
                .map(|moment| {
                    let span = span.from(*moment).to(moment.saturating_add(*time));
                    Pending::within(Task::Node(inner), span)
                })
                .into_iter()
                .collect(),
            Self::Follow(moments, first, rest) => moments
                .get(number)
                .map(|moment| {
                    [
                        Pending::within(Task::Node(first), span.to(*moment)),
                        Pending::within(Task::Chain(rest), span.from(*moment)),
                    ]
                })
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

struct Search {
    candidates: Vec<Vec<Candidate>>,
    work: u64,
    guesses: usize,
}

impl Search {
    fn spend(&mut self, work: usize) -> Result<(), MatchError> {
        self.work = self.work.saturating_add(u64::try_from(work).unwrap_or(u64::MAX));
        if self.work > WORK_MAX { Err(MatchError::TooHard) } else { Ok(()) }
    }

    /// Expands what is pending; at the first guess, tries each.
    fn solve(
        &mut self,
        mut pending: Vec<Pending<'_>>,
        mut slots: Vec<Slot>,
    ) -> Result<bool, MatchError> {
        while let Some(Pending { task, span }) = pending.pop() {
            self.spend(1)?;
            let (guess, copies) = match task {
                Task::Node(Node::Wish(wish, amount)) => {
                    slots.push(((*wish, span), *amount));
                    continue;
                }
                Task::Node(Node::All(list)) => {
                    let each = list.iter().map(|node| Pending::within(Task::Node(node), span));
                    pending.extend(each);
                    continue;
                }
                Task::Node(Node::InOrder(list)) => {
                    pending.push(Pending::within(Task::Chain(list), span));
                    continue;
                }
                Task::Node(Node::Repeat(times, inner)) => {
                    pending.push(Pending::within(Task::Copies(*times, inner, 0), span));
                    continue;
                }
                Task::Copies(0, ..) | Task::Chain([]) => continue,
                Task::Chain([last]) => {
                    pending.push(Pending::within(Task::Node(last), span));
                    continue;
                }
                Task::Copies(times, inner, least) => {
                    let Some(guess) = self.guess(inner, span)? else {
                        self.spend(inner.len())?;
                        pending.push(Pending::within(Task::Copies(times - 1, inner, 0), span));
                        pending.push(Pending::within(Task::Node(inner), span));
                        continue;
                    };
                    (guess, Some((times, inner, least)))
                }
                Task::Chain([first, rest @ ..]) => (self.follow(first, rest, span)?, None),
                Task::Node(node) => match self.guess(node, span)? {
                    Some(guess) => (guess, None),
                    None => continue,
                },
            };
            pending.push(Pending::within(task, span));
            if !self.may_succeed(&pending, &slots)? {
                return Ok(false);
            }
            pending.pop();
            return self.try_each(&guess, copies, span, &pending, &slots);
        }
        self.is_enough(&slots)
    }

    fn try_each<'p>(
        &mut self,
        guess: &Guess<'p>,
        copies: Option<(u64, &'p Node, usize)>,
        span: Span,
        pending: &[Pending<'p>],
        slots: &[Slot],
    ) -> Result<bool, MatchError> {
        if self.guesses == GUESSES_MAX {
            return Err(MatchError::TooHard);
        }
        self.guesses += 1;
        let least = copies.map_or(0, |(_, _, least)| least);
        for number in least..guess.len() {
            self.spend(pending.len() + slots.len())?;
            let mut next = pending.to_vec();
            if let Some((times, inner, _)) = copies {
                next.push(Pending::within(Task::Copies(times - 1, inner, number), span));
            }
            next.extend(guess.after(number, span));
            if self.solve(next, slots.to_vec())? {
                return Ok(true);
            }
        }
        self.guesses -= 1;
        Ok(false)
    }

    /// The guesses at a node; `None` if there is nothing to guess.
    fn guess<'p>(&mut self, node: &'p Node, span: Span) -> Result<Option<Guess<'p>>, MatchError> {
        Ok(Some(match node {
            Node::Any(branches) => Guess::Branch(branches),
            Node::Within(time, inner) => {
                let moments = self.moments(inner, span, |candidate| candidate.last)?;
                Guess::Within(moments, *time, inner)
            }
            Node::InOrder(list) => match list.as_slice() {
                [first, rest @ ..] => self.follow(first, rest, span)?,
                [] => return Ok(None),
            },
            Node::Wish(..) | Node::All(_) | Node::Repeat(..) => return Ok(None),
        }))
    }

    fn follow<'p>(
        &mut self,
        first: &'p Node,
        rest: &'p [Node],
        span: Span,
    ) -> Result<Guess<'p>, MatchError> {
        let moments = self.moments(first, span, |candidate| candidate.first)?;
        Ok(Guess::Follow(moments, first, rest))
    }

    /// Moments of the candidates below a node, in order and each once.
    fn moments(
        &mut self,
        node: &Node,
        span: Span,
        of: fn(&Candidate) -> i128,
    ) -> Result<Vec<i128>, MatchError> {
        let mut wishes = Vec::new();
        node.each_wish(1, &mut |wish, _| wishes.push(wish));
        let mut moments = Vec::new();
        for wish in wishes {
            let candidates = self.candidates.get(wish).map_or(0, Vec::len);
            self.spend(candidates + 1)?;
            let candidates = self.candidates.get(wish).into_iter().flatten();
            moments.extend(candidates.filter(|candidate| span.admits(candidate)).map(of));
        }
        moments.sort_unstable();
        moments.dedup();
        Ok(moments)
    }

    /// Whether enough observations lie within the bounds that are known so far.
    fn may_succeed(&mut self, pending: &[Pending<'_>], slots: &[Slot]) -> Result<bool, MatchError> {
        let mut known = slots.to_vec();
        for Pending { task, span } in pending {
            let mut add = |wish, amount| known.push(((wish, *span), amount));
            match task {
                Task::Node(node) => node.each_certain_wish(1, &mut add),
                Task::Chain(list) => {
                    for node in *list {
                        node.each_certain_wish(1, &mut add);
                    }
                }
                Task::Copies(times, node, _) => node.each_certain_wish(*times, &mut add),
            }
        }
        self.is_enough(&known)
    }

    /// Whether distinct observations can fill all slots.
    fn is_enough(&mut self, slots: &[Slot]) -> Result<bool, MatchError> {
        self.spend(slots.len())?;
        let mut amounts: HashMap<(usize, Span), u64> = HashMap::new();
        for (key, amount) in slots {
            let sum = amounts.entry(*key).or_default();
            *sum = sum.saturating_add(*amount);
        }
        // A slot whose candidates would do for everything is filled last, from what is left.
        // What remains has few candidates.
        loop {
            let total = amounts.values().fold(0_u64, |sum, amount| sum.saturating_add(*amount));
            let before = amounts.len();
            let mut enough = HashSet::new();
            for ((wish, span), amount) in &amounts {
                let there = self.count(*wish, *span, total)?;
                if there < *amount {
                    return Ok(false);
                }
                if there >= total {
                    enough.insert((*wish, *span));
                }
            }
            amounts.retain(|key, _| !enough.contains(key));
            if amounts.len() == before {
                break;
            }
        }
        if amounts.is_empty() {
            return Ok(true);
        }
        let slots: Vec<Slot> = amounts.into_iter().collect();
        self.flows(&slots)
    }

    /// How many observations fulfil a wish within bounds, counted up to a limit.
    fn count(&mut self, wish: usize, span: Span, limit: u64) -> Result<u64, MatchError> {
        let mut there = 0_u64;
        let mut looked = 0;
        for candidate in self.candidates.get(wish).into_iter().flatten() {
            looked += 1;
            if span.admits(candidate) {
                there = there.saturating_add(candidate.count);
                if there >= limit {
                    break;
                }
            }
        }
        self.spend(looked)?;
        Ok(there)
    }

    /// The flow: each slot takes what is free, or makes others give way.
    fn flows(&mut self, slots: &[Slot]) -> Result<bool, MatchError> {
        let mut flow = Flow::default();
        for ((wish, span), _) in slots {
            let candidates = self.candidates.get(*wish).map_or(&[][..], Vec::as_slice);
            let within = candidates.iter().filter(|candidate| span.admits(candidate));
            flow.add(within);
        }
        for (slot, (_, amount)) in slots.iter().enumerate() {
            let mut wanted = *amount;
            while wanted > 0 {
                self.spend(flow.edges)?;
                match flow.push(slot, wanted) {
                    0 => return Ok(false),
                    pushed => wanted -= pushed,
                }
            }
        }
        Ok(true)
    }
}

/// Which slot has taken how much of which observation.
#[derive(Default)]
struct Flow {
    /// The observations that each slot may take from.
    may: Vec<Vec<usize>>,
    /// What each slot has taken.
    taken: Vec<HashMap<usize, u64>>,
    /// What is left of each observation.
    left: HashMap<usize, u64>,
    edges: usize,
}

impl Flow {
    fn add<'c>(&mut self, candidates: impl Iterator<Item = &'c Candidate>) {
        let mut may = Vec::new();
        for candidate in candidates {
            self.left.insert(candidate.at, candidate.count);
            may.push(candidate.at);
        }
        self.edges += may.len() + 1;
        self.may.push(may);
        self.taken.push(HashMap::new());
    }

    fn taken(&self, slot: usize, observation: usize) -> u64 {
        self.taken.get(slot).and_then(|taken| taken.get(&observation)).copied().unwrap_or(0)
    }

    /// Lets a slot take up to this much along the shortest way, and says how much it took.
    fn push(&mut self, slot: usize, wanted: u64) -> u64 {
        // How each slot was reached: who asks it to give way, and about which observation.
        let mut asked: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut queue = VecDeque::from([slot]);
        let mut looked_at = HashSet::new();
        while let Some(here) = queue.pop_front() {
            let observations = self.may.get(here).cloned().unwrap_or_default();
            for observation in observations {
                if !looked_at.insert(observation) {
                    continue;
                }
                let left = self.left.get(&observation).copied().unwrap_or(0);
                if left > 0 {
                    return self.shift(slot, here, observation, wanted.min(left), &asked);
                }
                for other in 0..self.taken.len() {
                    let new = other != slot && !asked.contains_key(&other);
                    if new && self.taken(other, observation) > 0 {
                        asked.insert(other, (here, observation));
                        queue.push_back(other);
                    }
                }
            }
        }
        0
    }

    /// Moves what is taken along the way that was found.
    fn shift(
        &mut self,
        slot: usize,
        end: usize,
        free: usize,
        most: u64,
        asked: &HashMap<usize, (usize, usize)>,
    ) -> u64 {
        let mut amount = most;
        let mut here = end;
        while let Some((by, observation)) = asked.get(&here).filter(|_| here != slot) {
            amount = amount.min(self.taken(here, *observation));
            here = *by;
        }
        let mut give = |slot: usize, observation: usize, takes: bool| {
            let Some(taken) = self.taken.get_mut(slot) else { return };
            let taken = taken.entry(observation).or_default();
            *taken = if takes { *taken + amount } else { taken.saturating_sub(amount) };
        };
        let (mut here, mut gets) = (end, free);
        loop {
            give(here, gets, true);
            let Some((by, observation)) = asked.get(&here).filter(|_| here != slot) else { break };
            give(here, *observation, false);
            (here, gets) = (*by, *observation);
        }
        if let Some(left) = self.left.get_mut(&free) {
            *left = left.saturating_sub(amount);
        }
        amount
    }
}

impl Node {
    /// How many nodes there are.
    fn len(&self) -> usize {
        let mut wishes = 1;
        self.each_wish(1, &mut |_, _| wishes += 1);
        wishes
    }

    /// Calls for every wish, with how many observations it asks for.
    fn each_wish(&self, times: u64, call: &mut dyn FnMut(usize, u64)) {
        match self {
            Self::Wish(wish, amount) => call(*wish, amount.saturating_mul(times)),
            Self::All(list) | Self::InOrder(list) | Self::Any(list) => {
                for node in list {
                    node.each_wish(times, call);
                }
            }
            Self::Within(_, inner) => inner.each_wish(times, call),
            Self::Repeat(more, inner) => inner.each_wish(times.saturating_mul(*more), call),
        }
    }

    /// The same for the wishes that no alternative avoids.
    fn each_certain_wish(&self, times: u64, call: &mut dyn FnMut(usize, u64)) {
        match self {
            Self::Any(_) => {}
            Self::Wish(..) => self.each_wish(times, call),
            Self::All(list) | Self::InOrder(list) => {
                for node in list {
                    node.each_certain_wish(times, call);
                }
            }
            Self::Within(_, inner) => inner.each_certain_wish(times, call),
            Self::Repeat(more, inner) => inner.each_certain_wish(times.saturating_mul(*more), call),
        }
    }
}
