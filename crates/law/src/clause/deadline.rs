//! `deadline`: how soon a request is answered.

use super::{Clause, ClauseType, Release};
use crate::case::Access;
use crate::keys::Keys;
use crate::time::{DAY_MILLIS, instant_text};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "deadline", once: false, read };

#[derive(Debug)]
struct Deadline {
    urgent_direct_hours: u64,
    urgent_indirect_days: u64,
    normal_days: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let urgent_direct_hours = keys.need("urgent_direct_hours").and_then(|i| i.uint());
    let urgent_indirect_days = keys.need("urgent_indirect_days").and_then(|i| i.uint());
    let normal_days = keys.need("normal_days")?.uint()?;
    Some(Box::new(Deadline {
        urgent_direct_hours: urgent_direct_hours?,
        urgent_indirect_days: urgent_indirect_days?,
        normal_days,
    }))
}

impl Clause for Deadline {
    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let Some(request) = &of.case.subject.transfer.request else { return };
        let millis = match (request.urgent, request.access) {
            (true, Access::Direct) => self.urgent_direct_hours.saturating_mul(DAY_MILLIS / 24),
            (true, Access::Indirect) => self.urgent_indirect_days.saturating_mul(DAY_MILLIS),
            (false, Access::Direct | Access::Indirect) => {
                self.normal_days.saturating_mul(DAY_MILLIS)
            }
        };
        out.push(format!("respond_by:{}", instant_text(request.received_at.plus_millis(millis))));
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["request"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let within = format!(
            "within {} hours if urgent and at hand, {} days if urgent and held by others, {} days otherwise",
            self.urgent_direct_hours, self.urgent_indirect_days, self.normal_days
        );
        to.say(Side::MustGive, format!("an answer to every request, {within}"));
        to.say(Side::Gets, format!("answers to our requests, {within}"));
    }

    fn says(&self) -> String {
        format!(
            "requests are answered within {} hours if urgent and at hand, {} days if urgent and held by others, {} days otherwise",
            self.urgent_direct_hours, self.urgent_indirect_days, self.normal_days
        )
    }
}
