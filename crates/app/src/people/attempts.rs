//! Failed sign-ins: each further one from the same place, or for the same person, has to wait longer.
//!
//! INVARIANT: whoever fails delays others by a minute at most, however often. What fails while it
//! has to wait is not looked at and does not count, so that nobody can push the end of the wait
//! ahead of them; and what cannot be guessed, such as a right link, is taken at any time.
//!
//! Kept in memory: a restart forgets the waits, not what was guessed wrong (see `codes`).

use std::collections::HashMap;

use entente_model::Timestamp;

/// Failures that may happen to anyone.
const FREE: u32 = 3;
/// The longest wait.
const WAIT_MILLIS_MAX: u64 = 60_000;
/// Failures are forgotten when nothing failed for so long.
const FORGET_MILLIS: u64 = 3_600_000;
/// Places and persons that are remembered at most.
const KEYS_MAX: usize = 4096;
/// People are told of the fifth failure, the tenth, the twentieth and so on.
const TOLD_FROM: u32 = 5;
/// And not more often than this.
const TOLD_EVERY_MILLIS: u64 = 60_000;

/// Whose failures are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Of sign-ins that come from here.
    Source(String),
    /// Of sign-ins as this person.
    Person(String),
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    failures: u32,
    last: Timestamp,
}

impl Tries {
    const fn wait_millis(self) -> u64 {
        if self.failures < FREE {
            return 0;
        }
        let doublings = self.failures - FREE;
        let wait = if doublings < 16 { 1000_u64 << doublings } else { WAIT_MILLIS_MAX };
        if wait < WAIT_MILLIS_MAX { wait } else { WAIT_MILLIS_MAX }
    }
}

/// Failed sign-ins since the start.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    of: HashMap<Key, Tries>,
    told: Option<Timestamp>,
}

impl Attempts {
    /// How long the next try has to wait, in milliseconds.
    pub(crate) fn wait_millis(&self, keys: &[Key], now: Timestamp) -> u64 {
        let tries = keys.iter().filter_map(|key| self.of.get(key));
        tries.map(|t| t.wait_millis().saturating_sub(now.since(t.last))).max().unwrap_or(0)
    }

    /// Counts a failure; says how many there are now if people are to be told.
    pub(crate) fn failed(&mut self, keys: &[Key], now: Timestamp) -> Option<u32> {
        let mut tell = None;
        for key in keys {
            self.make_room(key, now);
            let tries = self.of.entry(key.clone()).or_insert(Tries { failures: 0, last: now });
            if now.since(tries.last) >= FORGET_MILLIS {
                tries.failures = 0;
            }
            tries.failures = tries.failures.saturating_add(1);
            tries.last = now;
            let (times, rest) = (tries.failures / TOLD_FROM, tries.failures % TOLD_FROM);
            if rest == 0 && times.is_power_of_two() {
                tell = tell.max(Some(tries.failures));
            }
        }
        let quiet = self.told.is_some_and(|at| now.since(at) < TOLD_EVERY_MILLIS);
        if tell.is_some() && !quiet {
            self.told = Some(now);
            return tell;
        }
        None
    }

    /// Someone signed in from here, or as this person.
    pub(crate) fn forget(&mut self, keys: &[Key]) {
        for key in keys {
            self.of.remove(key);
        }
    }

    fn make_room(&mut self, key: &Key, now: Timestamp) {
        if self.of.len() < KEYS_MAX || self.of.contains_key(key) {
            return;
        }
        self.of.retain(|_, tries| now.since(tries.last) < FORGET_MILLIS);
        if self.of.len() < KEYS_MAX {
            return;
        }
        let least = self.of.iter().min_by_key(|(_, t)| (t.failures, t.last));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.of.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn here() -> [Key; 1] {
        [Key::Source("192.0.2.7".to_owned())]
    }

    #[test]
    fn waits_grow_to_a_minute_and_end_by_themselves() {
        let mut attempts = Attempts::default();
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                attempts.failed(&here(), at(0));
                attempts.wait_millis(&here(), at(0))
            })
            .collect();
        let seconds = [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map(|s| s * 1000);
        assert_eq!(waits, seconds);
        assert_eq!(attempts.wait_millis(&here(), at(59_000)), 1000);
        assert_eq!(attempts.wait_millis(&here(), at(60_000)), 0);
        assert_eq!(attempts.wait_millis(&[Key::Person("eva".to_owned())], at(0)), 0);
        for _ in 0..100 {
            attempts.failed(&here(), at(1));
        }
        assert_eq!(attempts.wait_millis(&here(), at(1)), WAIT_MILLIS_MAX);
        attempts.failed(&here(), at(2 * FORGET_MILLIS));
        assert_eq!(attempts.wait_millis(&here(), at(2 * FORGET_MILLIS)), 0, "an hour is enough");
        attempts.forget(&here());
        assert!(attempts.of.is_empty());
    }

    #[test]
    fn people_are_told_of_the_fifth_and_of_twice_as_many_but_not_all_the_time() {
        let mut attempts = Attempts::default();
        let told: Vec<u32> =
            (1..=45).filter_map(|n| attempts.failed(&here(), at(n * 60_000))).collect();
        assert_eq!(told, [5, 10, 20, 40]);
        let mut attempts = Attempts::default();
        let told = (0..10).filter_map(|n: u64| {
            let from = [Key::Source(n.to_string())];
            (0..5).find_map(|_| attempts.failed(&from, at(n)))
        });
        assert_eq!(told.count(), 1, "many places at once are one alarm");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_worst_stay() {
        let mut attempts = Attempts::default();
        for _ in 0..9 {
            attempts.failed(&here(), at(0));
        }
        for n in 0..2 * KEYS_MAX {
            attempts.failed(&[Key::Source(n.to_string())], at(1));
        }
        assert_eq!(attempts.of.len(), KEYS_MAX);
        assert!(attempts.wait_millis(&here(), at(1)) > 0);
    }
}
