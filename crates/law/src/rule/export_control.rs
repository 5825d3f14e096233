//! `export_control`: the information holds data of a listed category.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "export_control", read };

#[derive(Debug)]
struct ExportControl {
    categories: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(ExportControl { categories: keys.need("categories")?.tokens()? }))
}

impl Trigger for ExportControl {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.data_categories", &self.categories)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds data under export control: {}", self.categories.join(", "))
    }
}
