//! `death_penalty`: the information could contribute to an execution.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "death_penalty", read };

#[derive(Debug)]
struct DeathPenalty;

fn read(_keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(DeathPenalty))
}

impl Trigger for DeathPenalty {
    fn condition(&self, _nation: NationCode) -> String {
        "context.personal_data && context has offence && context.death_penalty_for.contains(context.offence.kind)".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it holds personal data, and the offence may be punished by death in {recipient}".into()
    }
}
