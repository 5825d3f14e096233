//! `localisation`: data of a listed category stays in the country.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "localisation", read };

#[derive(Debug)]
struct Localisation {
    categories: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(Localisation { categories: keys.need("categories")?.tokens()? }))
}

impl Trigger for Localisation {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.data_categories", &self.categories)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds data that must stay in the country: {}", self.categories.join(", "))
    }
}
