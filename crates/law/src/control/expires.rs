//! `EXPIRES ON`: void from an instant.

use entente_model::ControlKind;

use super::{ControlType, read_instant};
use crate::policy::Forbid;

pub(super) const TYPE: Expires = Expires;

pub(super) struct Expires;

impl ControlType for Expires {
    fn tag(&self) -> &'static str {
        "EXPIRES"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "EXPIRES ON "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_instant(rest, "EXPIRES ON 2031-04-12T06:00:00Z")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "LABEL_EXPIRED",
            "context.at >= context.moment",
            "its label expired on {value}",
        ));
    }
}
