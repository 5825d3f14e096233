//! `DECLASSIFY ON`: the day from which the originator lets it open.

use entente_model::ControlKind;

use super::ControlType;
use crate::policy::Forbid;

pub(super) const TYPE: Declassify = Declassify;

pub(super) struct Declassify;

impl ControlType for Declassify {
    fn tag(&self) -> &'static str {
        "DECLASSIFY"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Informative
    }

    fn prefix(&self) -> &'static str {
        "DECLASSIFY ON "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        match crate::time::day_start(rest) {
            Some(day) if crate::time::day_text(day) == rest => Ok(vec![rest.to_owned()]),
            _ => Err("expected a day, as in `DECLASSIFY ON 2041-06-30`".into()),
        }
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, _out: &mut Vec<Forbid>) {
        // Until its originator changes the level, what it may do does not change.
    }
}
