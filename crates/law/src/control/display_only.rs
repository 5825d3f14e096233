//! `DISPLAY ONLY`: may be shown to the listed nations and groups, not handed over.

use entente_model::ControlKind;

use super::{ControlType, accept_codes, read_codes};
use crate::policy::Forbid;

pub(super) const TYPE: DisplayOnly = DisplayOnly;

pub(super) struct DisplayOnly;

impl ControlType for DisplayOnly {
    fn tag(&self) -> &'static str {
        "DISPLAY_ONLY"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Permissive
    }

    fn prefix(&self) -> &'static str {
        "DISPLAY ONLY "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_codes(rest, "DISPLAY ONLY XFE")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn accepts(&self, values: &[String]) -> Result<(), String> {
        accept_codes(values)
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        let covered = "context.members.contains(context.recipient)";
        out.push(Forbid::deny(
            "LABEL_NOT_RELEASABLE",
            format!("!context.releasable && !{covered}"),
            "its label DISPLAY ONLY {value} does not list {recipient}",
        ));
        out.push(
            Forbid::deny(
                "LABEL_DISPLAY_ONLY",
                format!("!context.releasable && {covered}"),
                "its label lets {recipient} see it and not have it",
            )
            .modify("display_only"),
        );
    }
}
