//! `minor`: a person concerned is below an age.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "minor", read };

#[derive(Debug)]
struct Minor {
    age_below: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(Minor { age_below: keys.need("age_below")?.uint()? }))
}

impl Trigger for Minor {
    fn condition(&self, _nation: NationCode) -> String {
        format!("context has youngest && context.youngest < {}", self.age_below)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("a person concerned is known to be under {}", self.age_below)
    }
}
