//! `death_penalty`: the information could contribute to an execution.

use entente_model::NationCode;

use super::{RuleType, Trigger};

pub(super) const TYPE: RuleType = RuleType { name: "death_penalty", read: |_| Some(Box::new(DeathPenalty)) };

#[derive(Debug)]
struct DeathPenalty;

impl Trigger for DeathPenalty {
    fn condition(&self, _nation: NationCode) -> String {
        "context.personal_data && context has offence && context.death_penalty_for.contains(context.offence.kind)".into()
    }

    fn says(&self, _nation: NationCode) -> String {
        "it holds personal data, and the offence may be punished by death in {recipient}".into()
    }
}
