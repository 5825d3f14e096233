//! `dual_criminality`: the offence must be punishable in the requested state too.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, is_one_of};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "dual_criminality", once: false, read };

#[derive(Debug)]
struct DualCriminality {
    min_penalty_months: u64,
    exempt_offences: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let min_penalty_months = keys.need("min_penalty_months").and_then(|i| i.uint());
    let exempt_offences = keys.need("exempt_offences")?.tokens()?;
    Some(Box::new(DualCriminality { min_penalty_months: min_penalty_months?, exempt_offences }))
}

impl Clause for DualCriminality {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "DUAL_CRIMINALITY_NOT_MET",
                format!(
                    "context has offence && !{} && !(context.offence.criminal_in_sender && context.offence.max_penalty_months >= {})",
                    is_one_of("context.offence.kind", &self.exempt_offences),
                    self.min_penalty_months
                ),
                format!(
                    "the offence is not punishable in {{sender}} with at least {} months",
                    self.min_penalty_months
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.say(Side::MayGive, self.says());
        let ask = "for our own requests: an offence that the requested party punishes as severely";
        to.say(Side::Owes, ask);
    }

    fn says(&self) -> String {
        let exempt = match self.exempt_offences.as_slice() {
            [] => String::new(),
            some => format!(", except for {}", some.join(", ")),
        };
        format!(
            "assistance needs an offence punishable in the requested state with at least {} months{exempt}",
            self.min_penalty_months
        )
    }
}
