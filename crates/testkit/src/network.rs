//! What lies between nations: delay, loss, duplication, reordering, damage, partition.

use std::collections::BTreeSet;

use crate::chance::Chance;

/// A bundle on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Place of the sender.
    pub from: usize,
    /// Place of the receiver.
    pub to: usize,
    /// The bundle.
    pub bytes: Vec<u8>,
    /// Whether it answers another one, and is itself not answered.
    pub answers: bool,
    /// Whether it was damaged on its way.
    pub damaged: bool,
    /// Whether it was made by a nation that lies.
    pub lie: bool,
    due: u64,
}

/// How bad the network is, each in a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// Letters that never arrive.
    pub loss: u64,
    /// Letters that arrive twice.
    pub twice: u64,
    /// Letters that are damaged.
    pub damage: u64,
    /// Steps that a letter may take.
    pub delay: u64,
}

/// What lies between nations.
#[derive(Debug, Default)]
pub struct Network {
    /// How bad it is.
    pub weather: Weather,
    letters: Vec<Letter>,
    cut: BTreeSet<(usize, usize)>,
}

impl Network {
    /// Cuts or mends the link between two nations.
    pub fn set_cut(&mut self, a: usize, b: usize, cut: bool) {
        let pair = (a.min(b), a.max(b));
        if cut {
            self.cut.insert(pair);
        } else {
            self.cut.remove(&pair);
        }
    }

    /// Whether the link between two nations is cut.
    pub fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }

    /// The weather clears and every link is mended. What is on its way still arrives.
    pub fn heal(&mut self) {
        self.weather = Weather::default();
        self.cut.clear();
    }

    /// Posts a bundle.
    pub fn post(
        &mut self,
        chance: &mut Chance,
        step: u64,
        (from, to): (usize, usize),
        bytes: &[u8],
        (answers, lie): (bool, bool),
    ) {
        let copies = 1 + u64::from(chance.percent(self.weather.twice));
        for _ in 0..copies {
            if self.is_cut(from, to) || chance.percent(self.weather.loss) {
                continue;
            }
            let mut bytes = bytes.to_vec();
            let damaged = chance.percent(self.weather.damage);
            if damaged {
                damage(chance, &mut bytes);
            }
            let due = step + chance.below(self.weather.delay + 1);
            self.letters.push(Letter { from, to, bytes, answers, damaged, lie, due });
        }
    }

    /// A letter that arrives now, any of those that are due.
    pub fn take(&mut self, chance: &mut Chance, step: u64) -> Option<Letter> {
        let due: Vec<usize> = (0..self.letters.len())
            .filter(|i| self.letters.get(*i).is_some_and(|letter| letter.due <= step))
            .collect();
        let index = *chance.pick(&due)?;
        Some(self.letters.swap_remove(index))
    }

    /// Whether anything is on its way.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

/// One bit is flipped, or the end is missing.
fn damage(chance: &mut Chance, bytes: &mut Vec<u8>) {
    if chance.percent(20) {
        let keep = chance.index(bytes.len());
        bytes.truncate(keep);
        return;
    }
    let at = chance.index(bytes.len());
    let bit = 1 << chance.below(8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= bit;
    }
}
