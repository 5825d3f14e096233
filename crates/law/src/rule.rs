//! The types of rule that national laws are made of: one file each.
//!
//! A type says when it fires; direction, exceptions and effect are the same for all. A new type
//! is a file here and its name in the list below. A type that is not in the list makes the whole
//! law fail to load.

use std::fmt;

use entente_model::NationCode;

use crate::keys::Keys;

macro_rules! rules {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every rule type, by name.
        pub(crate) const TYPES: &[RuleType] = &[$($name::TYPE),+];
    };
}

rules!(
    bulk_data,
    court_seal,
    death_penalty,
    export_control,
    human_rights_assessment,
    import_restriction,
    localisation,
    minor,
    necessity_statement,
    own_national,
    pending_case,
    privileged_source,
    purpose_limitation,
    retention_expired,
    special_category,
    torture_risk,
    warrant_required,
);

/// A type of rule.
pub(crate) struct RuleType {
    /// The word in the decision vocabulary.
    pub name: &'static str,
    /// Reads the keys that only this type has.
    pub read: fn(&Keys<'_, '_>) -> Option<Box<dyn Trigger>>,
}

/// When a rule fires.
pub(crate) trait Trigger: fmt::Debug + Send + Sync {
    /// A Cedar condition over `context`.
    fn condition(&self, nation: NationCode) -> String;

    /// The same for people: what follows "because".
    fn says(&self, nation: NationCode) -> String;
}

/// The rule type with this name.
pub(crate) fn find(name: &str) -> Option<&'static RuleType> {
    TYPES.iter().find(|t| t.name == name)
}
