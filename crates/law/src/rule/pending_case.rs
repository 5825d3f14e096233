//! `pending_case`: a domestic case is pending.

use entente_model::NationCode;

use super::{RuleType, Trigger};

pub(super) const TYPE: RuleType = RuleType { name: "pending_case", read: |_| Some(Box::new(PendingCase)) };

#[derive(Debug)]
struct PendingCase;

impl Trigger for PendingCase {
    fn condition(&self, _nation: NationCode) -> String {
        "context.pending_case".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it is needed in a pending domestic case".into()
    }
}
