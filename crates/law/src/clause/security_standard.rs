//! `security_standard`: what the receiving system is accredited to.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::policy::Forbid;
use crate::keys::Keys;
use crate::level;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "security_standard", once: false, read };

#[derive(Debug)]
struct SecurityStandard {
    from: u8,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(SecurityStandard { from: keys.need("from")?.level()? }))
}

impl Clause for SecurityStandard {
    fn forbids(&self, out: &mut Forbids<'_>) {
        for nation in out.parties {
            if let Some(below) = out.handling.below(*nation, self.from, "context.accredited") {
                out.add(
                    Scope::To(*nation),
                    Forbid::deny(
                        "FACILITY_NOT_ACCREDITED",
                        below,
                        "the receiving system is accredited to {accredited}, below the level at which {recipient} handles {level}",
                    ),
                );
            }
        }
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let level = to.level(self.from);
        to.say(Side::Owes, format!("systems accredited for it, wherever we handle information at {level} or above"));
    }

    fn says(&self) -> String {
        format!(
            "systems that hold information handled at {} or above are accredited for it",
            level::name(self.from)
        )
    }
}
