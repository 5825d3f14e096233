//! `geographic_scope`: the areas that the exchange concerns.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, is_one_of};
use crate::summary::Telling;

pub(super) const TYPE: ClauseType = ClauseType { name: "geographic_scope", once: false, read };

#[derive(Debug)]
struct GeographicScope {
    areas: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(GeographicScope { areas: keys.need("areas")?.tokens()? }))
}

impl Clause for GeographicScope {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "OUTSIDE_GEOGRAPHIC_SCOPE",
                format!("context has area && !{}", is_one_of("context.area", &self.areas)),
                format!("the area {{area}} is outside those agreed: {}", self.areas.join(", ")),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways(&format!("only on these areas, or on none in particular: {}", self.areas.join(", ")));
    }

    fn says(&self) -> String {
        format!("the exchange concerns these areas: {}", self.areas.join(", "))
    }
}
