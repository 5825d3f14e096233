//! `retention_expired`: personal data older than the law lets it be kept.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::time::DAY_MILLIS;

pub(super) const TYPE: RuleType = RuleType { name: "retention_expired", read };

#[derive(Debug)]
struct RetentionExpired {
    max_age_days: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    let item = keys.need("max_age_days")?;
    let max_age_days = item.uint()?;
    if max_age_days > 100_000 {
        return item.fault("an age is at most 100000 days");
    }
    Some(Box::new(RetentionExpired { max_age_days }))
}

impl Trigger for RetentionExpired {
    fn condition(&self, _nation: NationCode) -> String {
        // Data of unknown age may be too old. Times are bounded by the caller, so that the
        // subtraction cannot overflow.
        format!(
            "context.personal_data && !(context has collected_at && context.at - context.collected_at <= {})",
            self.max_age_days * DAY_MILLIS
        )
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds personal data collected more than {} days ago, or at an unknown time", self.max_age_days)
    }
}
