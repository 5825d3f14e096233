//! `REL TO`: releasable to the listed nations and groups, and to the originator.

use entente_model::ControlKind;

use super::{ControlType, accept_codes, read_codes};
use crate::policy::Forbid;

pub(super) const TYPE: RelTo = RelTo;

pub(super) struct RelTo;

impl ControlType for RelTo {
    fn tag(&self) -> &'static str {
        "REL_TO"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Permissive
    }

    fn prefix(&self) -> &'static str {
        "REL TO "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_codes(rest, "REL TO XBR, XCO")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn accepts(&self, values: &[String]) -> Result<(), String> {
        accept_codes(values)
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "LABEL_NOT_RELEASABLE",
            "context.recipient != context.originator && !context.members.contains(context.recipient) && !context.displayable",
            "its label REL TO {value} does not list {recipient}",
        ));
    }
}
