//! `import_restriction`: data of a listed category may not be taken in.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "import_restriction", read };

#[derive(Debug)]
struct ImportRestriction {
    categories: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(ImportRestriction { categories: keys.need("categories")?.tokens()? }))
}

impl Trigger for ImportRestriction {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.data_categories", &self.categories)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("it holds data that the recipient may not take in: {}", self.categories.join(", "))
    }
}
