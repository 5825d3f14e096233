//! `RELIDO`: a release officer of the sender decides.

use entente_model::ControlKind;

use super::{ControlType, read_nothing};
use crate::policy::Forbid;

pub(super) const TYPE: Relido = Relido;

pub(super) struct Relido;

impl ControlType for Relido {
    fn tag(&self) -> &'static str {
        "RELIDO"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "RELIDO"
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_nothing(rest)
    }

    fn written(&self, _values: &[String]) -> String {
        String::new()
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(
            Forbid::deny(
                "RELEASE_OFFICER_DECISION",
                "!context.officer_from.contains(context.sender)",
                "its label RELIDO leaves the release to a release officer of {sender}",
            )
            .refer_to("release_officer:{sender}"),
        );
    }
}
