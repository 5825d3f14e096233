//! `purpose_limitation`: what was collected for one purpose serves only compatible ones.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::{is_one_of, quoted};

pub(super) const TYPE: RuleType = RuleType { name: "purpose_limitation", read };

#[derive(Debug)]
struct PurposeLimitation {
    collected_for: String,
    compatible: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    let collected_for = keys.need("collected_for").and_then(|i| i.token());
    let compatible = keys.need("compatible")?.tokens()?;
    Some(Box::new(PurposeLimitation { collected_for: collected_for?, compatible }))
}

impl Trigger for PurposeLimitation {
    fn condition(&self, _nation: NationCode) -> String {
        format!(
            "context has collected_for && context.collected_for == {} && !{}",
            quoted(&self.collected_for),
            is_one_of("context.purpose", &self.compatible)
        )
    }

    fn says(&self, _nation: NationCode) -> String {
        let compatible = match self.compatible.as_slice() {
            [] => "no other purpose".into(),
            some => some.join(", "),
        };
        format!(
            "it was collected for {}, and the purpose {{purpose}} is not compatible with that, as only {compatible} would be",
            self.collected_for
        )
    }
}
