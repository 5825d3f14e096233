//! `breach_notification`: how soon the receiver reports a loss or compromise.

use super::{Clause, ClauseType, Release};
use crate::keys::Keys;

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

    fn says(&self) -> String {
        format!("a loss or compromise is reported within {} hours", self.hours)
    }
}
