//! `pending_case`: a domestic case is pending.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "pending_case", read };

#[derive(Debug)]
struct PendingCase;

fn read(_keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(PendingCase))
}

impl Trigger for PendingCase {
    fn condition(&self, _nation: NationCode) -> String {
        "context.pending_case".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it is needed in a pending domestic case".into()
    }
}
