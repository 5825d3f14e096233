//! `EMBARGO UNTIL`: not before an instant.

use entente_model::ControlKind;

use super::{ControlType, read_instant};
use crate::policy::Forbid;

pub(super) const TYPE: Embargo = Embargo;

pub(super) struct Embargo;

impl ControlType for Embargo {
    fn tag(&self) -> &'static str {
        "EMBARGO"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "EMBARGO UNTIL "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_instant(rest, "EMBARGO UNTIL 2031-04-12T06:00:00Z")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "EMBARGOED",
            "context.at < context.moment",
            "its label embargoes it until {value}",
        ));
    }
}
