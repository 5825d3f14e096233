//! `necessity_statement`: personal data needs a statement of necessity.

use entente_model::NationCode;

use super::{RuleType, Trigger};

pub(super) const TYPE: RuleType = RuleType { name: "necessity_statement", read: |_| Some(Box::new(NecessityStatement)) };

#[derive(Debug)]
struct NecessityStatement;

impl Trigger for NecessityStatement {
    fn condition(&self, _nation: NationCode) -> String {
        "context.personal_data".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it holds personal data, which needs a signed statement of necessity and proportionality".into()
    }
}
