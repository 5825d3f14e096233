//! `NOFORN`: for the originator's own nation only.

use entente_model::ControlKind;

use super::{ControlType, read_nothing};
use crate::policy::Forbid;

pub(super) const TYPE: Noforn = Noforn;

pub(super) struct Noforn;

impl ControlType for Noforn {
    fn tag(&self) -> &'static str {
        "NOFORN"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "NOFORN"
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_nothing(rest)
    }

    fn written(&self, _values: &[String]) -> String {
        String::new()
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "LABEL_NOFORN",
            "context.recipient != context.originator",
            "its label NOFORN keeps it within {originator}",
        ));
    }
}
