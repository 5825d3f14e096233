//! `privileged_source`: a person concerned is protected by a privilege.

use entente_model::NationCode;

use super::{RuleType, Trigger};
use crate::keys::Keys;
use crate::policy::has_one_of;

pub(super) const TYPE: RuleType = RuleType { name: "privileged_source", read };

#[derive(Debug)]
struct PrivilegedSource {
    classes: Vec<String>,
}

fn read(keys: &Keys<'_, '_>) -> Option<Box<dyn Trigger>> {
    Some(Box::new(PrivilegedSource { classes: keys.need("classes")?.tokens()? }))
}

impl Trigger for PrivilegedSource {
    fn condition(&self, _nation: NationCode) -> String {
        has_one_of("context.roles", &self.classes)
    }

    fn says(&self, _nation: NationCode) -> String {
        format!("a person concerned is privileged as one of: {}", self.classes.join(", "))
    }
}
