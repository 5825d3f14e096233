//! `classification_ceiling`: the highest level that is exchanged.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::level;
use crate::policy::Forbid;
use crate::summary::Telling;

pub(super) const TYPE: ClauseType =
    ClauseType { name: "classification_ceiling", once: false, read };

#[derive(Debug)]
struct Ceiling {
    level: u8,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(Ceiling { level: keys.need("level")?.level()? }))
}

impl Clause for Ceiling {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "CLASSIFICATION_ABOVE_CEILING",
                format!("context.level > {}", self.level),
                format!(
                    "the originator's level {{level}} is above the ceiling {}",
                    level::name(self.level)
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        let up_to = format!("information up to {}", to.level(self.level));
        to.both_ways(&up_to);
    }

    fn says(&self) -> String {
        format!("information up to {} is exchanged", level::name(self.level))
    }
}
