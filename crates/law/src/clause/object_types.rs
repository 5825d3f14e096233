//! `object_types`: the kinds of information that are exchanged.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, is_one_of};
use crate::summary::Telling;

pub(super) const TYPE: ClauseType = ClauseType { name: "object_types", once: false, read };

#[derive(Debug)]
struct ObjectTypes {
    allowed: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(ObjectTypes { allowed: keys.need("allowed")?.tokens()? }))
}

impl Clause for ObjectTypes {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "OBJECT_TYPE_NOT_COVERED",
                format!("!{}", is_one_of("context.object_type", &self.allowed)),
                format!(
                    "information of the kind {{object_type}} is not among those agreed: {}",
                    self.allowed.join(", ")
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways(&format!("only these kinds of information: {}", self.allowed.join(", ")));
    }

    fn says(&self) -> String {
        format!("these kinds of information are exchanged: {}", self.allowed.join(", "))
    }
}
