//! `court_seal`: a court has sealed the file.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "court_seal", read };

#[derive(Debug)]
struct CourtSeal;

fn read(_keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(CourtSeal))
}

impl Trigger for CourtSeal {
    fn condition(&self, _nation: NationCode) -> String {
        "context.court_sealed".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "a court has sealed it".into()
    }
}
