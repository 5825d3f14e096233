//! `classification_floor`: the agreement covers only information from this level up.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::level;
use crate::policy::Forbid;
use crate::summary::Telling;

pub(super) const TYPE: ClauseType = ClauseType { name: "classification_floor", once: false, read };

#[derive(Debug)]
struct Floor {
    level: u8,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(Floor { level: keys.need("level")?.level()? }))
}

impl Clause for Floor {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "CLASSIFICATION_BELOW_FLOOR",
                format!("context.level < {}", self.level),
                format!(
                    "the agreement covers only information from {} up, and this is {{level}}",
                    level::name(self.level)
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let from = format!("only information from {} up", to.level(self.level));
        to.both_ways(&from);
    }

    fn says(&self) -> String {
        format!("only information from {} up is covered", level::name(self.level))
    }
}
