//! `retention`: how long the receiver may keep information.

use super::{Clause, ClauseType, Release};
use crate::keys::Keys;
use crate::time::{DAY_MILLIS, day_text};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "retention", once: false, read };

#[derive(Debug)]
struct Retention {
    max_days: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let item = keys.need("max_days")?;
    let max_days = item.uint()?;
    if max_days > 100_000 {
        return item.fault("a period of retention is at most 100000 days");
    }
    Some(Box::new(Retention { max_days }))
}

impl Clause for Retention {
    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let until = of.case.at.plus_millis(self.max_days.saturating_mul(DAY_MILLIS));
        out.push(format!("delete_by:{}", day_text(until)));
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.say(Side::Owes, format!("deletion of what we receive, {} days after its release at the latest", self.max_days));
    }

    fn says(&self) -> String {
        format!("information is deleted after {} days", self.max_days)
    }
}
