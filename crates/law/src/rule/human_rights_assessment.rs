//! `human_rights_assessment`: persons' data goes to a listed nation only after an assessment.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::is_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "human_rights_assessment", read };

#[derive(Debug)]
struct HumanRightsAssessment {
    nations: Vec<NationCode>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(HumanRightsAssessment { nations: keys.need("nations")?.nations()? }))
}

impl Trigger for HumanRightsAssessment {
    fn condition(&self, _nation: NationCode) -> String {
        let nations: Vec<&str> = self.nations.iter().map(NationCode::as_str).collect();
        format!("context.persons && {}", is_one_of("context.recipient", &nations))
    }

    fn says(&self, _nation: NationCode) -> String {
        "it concerns persons, and {recipient} is a nation for which human rights are assessed first".into()
    }
}
