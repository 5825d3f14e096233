//! `special_category`: the information holds data of a listed category.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "special_category", read };

#[derive(Debug)]
struct SpecialCategory {
    categories: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(SpecialCategory { categories: keys.need("categories")?.tokens()? }))
}

impl Trigger for SpecialCategory {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.data_categories", &self.categories)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds data of a special category: {}", self.categories.join(", "))
    }
}
