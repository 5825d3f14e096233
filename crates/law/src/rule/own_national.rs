//! `own_national`: a person concerned is a national of the law's own nation.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::quoted;

pub(super) const TYPE: RuleType = RuleType { name: "own_national", read };

#[derive(Debug)]
struct OwnNational;

fn read(_keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(OwnNational))
}

impl Trigger for OwnNational {
    fn condition(&self, nation: NationCode) -> String {
        format!("context.nationalities.contains({})", quoted(nation.as_str()))
    }

    fn says(&self, nation: NationCode) -> String {
        format!("a person concerned is a national of {nation}")
    }
}
