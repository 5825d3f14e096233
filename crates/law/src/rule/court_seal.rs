//! `court_seal`: a court has sealed the file.

use entente_model::NationCode;

use super::{RuleType, Trigger};

pub(super) const TYPE: RuleType = RuleType { name: "court_seal", read: |_| Some(Box::new(CourtSeal)) };

#[derive(Debug)]
struct CourtSeal;

impl Trigger for CourtSeal {
    fn condition(&self, _nation: NationCode) -> String {
        "context.court_sealed".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "a court has sealed it".into()
    }
}
