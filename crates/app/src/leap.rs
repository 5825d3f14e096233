//! A clock that leaps ahead must not destroy anything: whether the node slept or somebody set its
//! clock wrong cannot be told from inside. After a leap, what is deleted or renewed because of the
//! date waits until a partner's clock agrees, or for a day in which people can set the clock right.

use entente_model::Timestamp;
use entente_model::codec::{Reader, Writer};
use entente_store::{Store, Vault};

use crate::error::Result;
use crate::node::{Node, event, lock};

/// The setting that holds what was seen of the clock.
const SETTING: &str = "clock";
/// A node that looked at its clock this long ago looks again.
const LOOKED_MILLIS: u64 = 3_600_000;
/// Nothing that is dated goes wrong by a clock that is off by less.
const LEAP_MILLIS: u64 = 3 * 86_400_000;
/// How long it waits after a leap if no partner's clock is heard.
const WAIT_MILLIS: u64 = 86_400_000;
/// How far a clock that agrees may be from ours.
const AGREES_MILLIS: u64 = 3_600_000;

/// What was seen of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When it was looked at.
    at: Timestamp,
    /// Until when what depends on the date waits.
    waits_until: Option<Timestamp>,
}

impl Seen {
    /// What is seen at the next look, and by how many milliseconds the clock leapt.
    fn next(self, now: Timestamp) -> (Self, Option<u64>) {
        let leapt = now.since(self.at);
        if leapt > LEAP_MILLIS {
            let waits_until = Some(now.plus_millis(WAIT_MILLIS));
            return (Self { at: now, waits_until }, Some(leapt));
        }
        // It is over, or the clock was set back before the leap.
        let over = |until: &Timestamp| *until <= now || until.since(now) > WAIT_MILLIS;
        let looked = leapt.max(self.at.since(now)) >= LOOKED_MILLIS;
        let at = if looked { now } else { self.at };
        (Self { at, waits_until: self.waits_until.filter(|until| !over(until)) }, None)
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Looks at the clock; says whether what depends on the date may be done.
    pub(crate) fn trusts_clock(&self) -> Result<bool> {
        let now = self.now();
        let mut seen = lock(&self.clock_seen);
        let before = match *seen {
            Some(before) => before,
            None => self.clock_on_record()?.unwrap_or(Seen { at: now, waits_until: None }),
        };
        let (next, leapt) = before.next(now);
        if seen.is_none() || next != before {
            let days = leapt.map(|millis| millis / 86_400_000);
            let text = days.map(|days| {
                format!(
                    "the clock of this node went on by {days} days at once: nothing is deleted or \
                     renewed by its date until a partner's clock agrees, or for a day"
                )
            });
            self.put_clock(next, text.map(|text| ("alarm", text)))?;
            *seen = Some(next);
        }
        Ok(next.waits_until.is_none())
    }

    /// A partner whose connection proved who it is says what time it has.
    pub(crate) fn hear_clock(&self, told: Timestamp) -> Result<()> {
        let now = self.now();
        let mut seen = lock(&self.clock_seen);
        let Some(before) = seen.filter(|seen| seen.waits_until.is_some()) else { return Ok(()) };
        if now.since(told).max(told.since(now)) > AGREES_MILLIS {
            return Ok(());
        }
        let next = Seen { waits_until: None, ..before };
        let text = "a partner's clock agrees with ours: what is due by its date is done";
        self.put_clock(next, Some(("link", text.to_owned())))?;
        *seen = Some(next);
        Ok(())
    }

    fn clock_on_record(&self) -> Result<Option<Seen>> {
        let Some(bytes) = self.store.read(|work| work.setting(SETTING))? else { return Ok(None) };
        let mut r = Reader::new(&bytes);
        let seen =
            r.record(2, |r| Ok(Seen { at: r.value()?, waits_until: r.optional(Reader::value)? }))?;
        Ok(Some(seen))
    }

    fn put_clock(&self, seen: Seen, news: Option<(&str, String)>) -> Result<()> {
        let mut w = Writer::new();
        w.array(2).value(&seen.at);
        w.optional(seen.waits_until.as_ref(), |w, until| {
            w.value(until);
        });
        let bytes = w.into_bytes();
        let now = self.now();
        self.store.write(|work| {
            work.put_setting(SETTING, &bytes)?;
            match news {
                Some((kind, text)) => event(work, now, kind, text, (None, None)),
                None => Ok(()),
            }
        })
    }
}

#[test]
fn a_leap_waits_for_a_day_unless_the_clock_is_set_right() {
    let day = 86_400_000;
    let at = |days: u64| Timestamp::from_millis(1_000 * day + days * day);
    let calm = Seen { at: at(0), waits_until: None };
    assert_eq!(calm.next(at(0)), (calm, None));
    assert_eq!(calm.next(at(2)), (Seen { at: at(2), waits_until: None }, None));
    let (leapt, by) = calm.next(at(100));
    assert_eq!(by, Some(100 * day));
    assert_eq!(leapt, Seen { at: at(100), waits_until: Some(at(101)) });
    // It goes on waiting, also when looked at again, and then it is over.
    let later = Timestamp::from_millis(at(100).millis() + day / 2);
    assert_eq!(leapt.next(later).0.waits_until, Some(at(101)));
    assert_eq!(leapt.next(at(101)).0.waits_until, None);
    // The clock is set right: nothing waits any more, and nothing is due.
    assert_eq!(leapt.next(at(0)), (Seen { at: at(0), waits_until: None }, None));
}
