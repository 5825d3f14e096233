//! `bulk_data`: personal data in more than so many records.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;

pub(super) const TYPE: RuleType = RuleType { name: "bulk_data", read };

#[derive(Debug)]
struct BulkData {
    max_records: u64,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(BulkData { max_records: keys.need("max_records")?.uint()? }))
}

impl Trigger for BulkData {
    fn condition(&self, _nation: NationCode) -> String {
        format!("context.personal_data && context.records > {}", self.max_records)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds personal data in more than {} records", self.max_records)
    }
}
