//! `warrant_required`: data of a listed category needs a judge's order.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "warrant_required", read };

#[derive(Debug)]
struct WarrantRequired {
    categories: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(WarrantRequired { categories: keys.need("categories")?.tokens()? }))
}

impl Trigger for WarrantRequired {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.data_categories", &self.categories)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds data that needs a judge's order: {}", self.categories.join(", "))
    }
}
