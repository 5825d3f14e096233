//! `own_national`: a person concerned is a national of the law's own nation.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::policy::quoted;

pub(super) const TYPE: RuleType = RuleType { name: "own_national", read: |_| Some(Box::new(OwnNational)) };

#[derive(Debug)]
struct OwnNational;

impl Trigger for OwnNational {
    fn condition(&self, nation: NationCode) -> String {
        format!("context.nationalities.contains({})", quoted(nation.as_str()))
    }

    fn says(&self, nation: NationCode) -> String {
        format!("a person concerned is a national of {nation}")
    }
}
