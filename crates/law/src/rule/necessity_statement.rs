//! `necessity_statement`: personal data needs a statement of necessity.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "necessity_statement", read };

#[derive(Debug)]
struct NecessityStatement;

fn read(_keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(NecessityStatement))
}

impl Trigger for NecessityStatement {
    fn condition(&self, _nation: NationCode) -> String {
        "context.personal_data".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it holds personal data, which needs a signed statement of necessity and proportionality".into()
    }
}
