//! `data_categories`: categories of data that are never exchanged.

use super::{Clause, ClauseType, Forbids, Scope};
use crate::keys::Keys;
use crate::policy::{Forbid, has_one_of};
use crate::summary::Telling;

pub(super) const TYPE: ClauseType = ClauseType { name: "data_categories", once: false, read };

#[derive(Debug)]
struct DataCategories {
    excluded: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Clause>> {
    Some(Box::new(DataCategories { excluded: keys.need("excluded")?.tokens()? }))
}

impl Clause for DataCategories {
    fn forbids(&self, out: &mut Forbids<'_>) {
        out.add(
            Scope::Always,
            Forbid::deny(
                "DATA_CATEGORY_EXCLUDED",
                has_one_of("context.data_categories", &self.excluded),
                format!(
                    "it holds data of a category that is excluded: {}",
                    self.excluded.join(", ")
                ),
            ),
        );
    }

    fn tells(&self, to: &mut Telling<'_>) {
        to.both_ways(&format!("no data of these categories: {}", self.excluded.join(", ")));
    }

    fn says(&self) -> String {
        format!("data of these categories is not exchanged: {}", self.excluded.join(", "))
    }
}
