//! `personnel_clearance`: the clearance of who reads the information.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::level;
use crate::policy::Forbid;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "personnel_clearance", once: false, read };

#[derive(Debug)]
struct PersonnelClearance {
    from: u8,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(PersonnelClearance { from: keys.need("from")?.level()? }))
}

impl Clause for PersonnelClearance {
    fn forbids(&self, out: &mut Forbids<'_>) {
        for nation in out.parties {
            if let Some(below) = out.handling.below(*nation, self.from, "context.clearance") {
                out.add(
                    Scope::To(*nation),
                    Forbid::deny(
                        "CLEARANCE_INSUFFICIENT",
                        below,
                        "the reader's clearance {clearance} is below the level at which {recipient} handles {level}",
                    ),
                );
            }
        }
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let level = to.level(self.from);
        to.say(Side::Owes, format!("readers cleared for it, wherever we handle information at {level} or above"));
    }

    fn says(&self) -> String {
        format!(
            "whoever reads information handled at {} or above holds a clearance for it",
            level::name(self.from)
        )
    }
}
