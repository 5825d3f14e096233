//! `torture_risk`: persons concerned are at risk of torture.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::case::TortureRisk;
use crate::keys::Keys;
use crate::policy::is_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "torture_risk", read };

#[derive(Debug)]
struct TortureRiskFound {
    levels: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    let item = keys.need("levels")?;
    let levels = item.tokens()?;
    if levels.iter().any(|l| TortureRisk::parse(l).is_none()) {
        return item.fault("a risk is low, medium or high");
    }
    Some(Box::new(TortureRiskFound { levels }))
}

impl Trigger for TortureRiskFound {
    fn condition(&self, _nation: NationCode) -> String {
        format!("context.persons && {}", is_one_of("context.torture_risk", &self.levels))
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it concerns persons, and the risk of torture in {{recipient}} was found to be one of: {}", self.levels.join(", "))
    }
}
