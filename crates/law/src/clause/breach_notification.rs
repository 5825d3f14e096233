//! `breach_notification`: how soon the receiver reports a loss or compromise.

use super::{Clause, ClauseType, Release};
use crate::keys::Keys;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "breach_notification", once: false, read };

#[derive(Debug)]
struct BreachNotification {
    hours: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(BreachNotification { hours: keys.need("hours")?.uint()? }))
}

impl Clause for BreachNotification {
    fn obligations(&self, _of: &Release<'_>, out: &mut Vec<String>) {
        out.push(format!("notify_breach_within_h:{}", self.hours));
    }

    fn breach_hours(&self) -> Option<u64> {
        Some(self.hours)
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let within = format!("within {} hours", self.hours);
        to.say(Side::Owes, format!("a report {within} of any loss or compromise of what we received"));
        to.say(Side::Gets, format!("a report {within} of any loss or compromise of what we gave"));
    }

    fn says(&self) -> String {
        format!("a loss or compromise is reported within {} hours", self.hours)
    }
}
