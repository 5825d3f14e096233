//! `adequacy`: how personal data must be protected at the recipient.

use super::{Clause, ClauseType, Forbids, Release, Scope};
use crate::case::DataProtection;
use crate::keys::Keys;
use crate::policy::{Forbid, has_one_of};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "adequacy", once: false, read };

#[derive(Debug)]
struct Adequacy {
    derogations: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(Adequacy { derogations: keys.need("derogations")?.tokens()? }))
}

impl Clause for Adequacy {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "NO_ADEQUATE_PROTECTION",
                format!(
                    "context.personal_data && context.data_protection == \"none\" && !{}",
                    has_one_of("context.facts", &self.derogations)
                ),
                "it holds personal data, and {recipient} has neither a finding of adequacy nor safeguards, nor does a derogation apply",
            ),
        );
    }

    fn obligations(&self, of: &Release<'_>, out: &mut Vec<String>) {
        let unprotected = of.case.recipient.data_protection == DataProtection::None;
        if of.unit.personal_data && unprotected {
            let established = &of.case.subject.transfer.facts;
            let used = self.derogations.iter().filter(|d| established.contains(d));
            out.extend(used.map(|d| format!("record_derogation:{d}")));
        }
    }

    fn obligations_read(&self) -> &'static [&'static str] {
        &["personal_data", "data_protection", "facts"]
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.say(Side::MayGive, self.says());
        let derogation = if self.derogations.is_empty() { "" } else { "; each use of a derogation is recorded" };
        to.say(Side::Owes, format!("adequate protection of the personal data that we receive{derogation}"));
    }

    fn says(&self) -> String {
        let derogations = match self.derogations.as_slice() {
            [] => String::new(),
            some => format!(", or by derogation for {}", some.join(", ")),
        };
        format!("personal data goes only where it is adequately protected{derogations}")
    }
}
