//! `emergency`: which clauses a declared emergency relaxes, and at what price.
//!
//! It never relaxes labels, provenance or national law.

use super::{Clause, ClauseType, Emergency};
use crate::keys::Keys;
use crate::summary::{Side, Telling};

pub(super) const TYPE: ClauseType = ClauseType { name: "emergency", once: true, read };

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    let triggers = keys.need("triggers").and_then(|i| i.tokens());
    let relaxes = keys.need("relaxes").and_then(|item| {
        let relaxes = item.tokens()?;
        match relaxes.iter().find(|kind| super::find(kind).is_none()) {
            Some(kind) => item.fault(format!("`{kind}` is not a type of clause")),
            None => Some(relaxes),
        }
    });
    let obligations = keys.need("obligations")?.tokens()?;
    Some(Box::new(Emergency { triggers: triggers?, relaxes: relaxes?, obligations }))
}

impl Clause for Emergency {
    fn emergency(&self) -> Option<&Emergency> {
        Some(self)
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways(&format!(
            "in an emergency ({}) these clauses do not stand in the way: {}",
            self.triggers.join(", "),
            self.relaxes.join(", ")
        ));
        if !self.obligations.is_empty() {
            to.say(Side::Owes, format!("after an emergency: {}", self.obligations.join(", ")));
        }
    }

    fn says(&self) -> String {
        format!(
            "in an emergency ({}) these clauses do not stand in the way: {}; owed in return: {}",
            self.triggers.join(", "),
            self.relaxes.join(", "),
            self.obligations.join(", ")
        )
    }
}
