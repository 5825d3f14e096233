//! `purpose`: what information may be exchanged for.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, is_one_of};
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "purpose", once: false, read };

#[derive(Debug)]
struct Purpose {
    allowed: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(Purpose { allowed: keys.need("allowed")?.tokens()? }))
}

impl Clause for Purpose {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "PURPOSE_NOT_COVERED",
                format!("!{}", is_one_of("context.purpose", &self.allowed)),
                format!(
                    "the purpose {{purpose}} is not among those agreed: {}",
                    self.allowed.join(", ")
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let purposes = self.allowed.join(", ");
        to.say(Side::MayGive, format!("only for these purposes: {purposes}"));
        to.say(Side::Owes, format!("use for these purposes only: {purposes}"));
    }

    fn says(&self) -> String {
        format!("information is exchanged only for: {}", self.allowed.join(", "))
    }
}
