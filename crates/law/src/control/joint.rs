//! `JOINT`: owned by several nations together; going beyond them takes the consent of each.

use entente_model::ControlKind;

use super::{ControlType, read_owners};
use crate::policy::Forbid;

pub(super) const TYPE: Joint = Joint;

pub(super) struct Joint;

impl ControlType for Joint {
    fn tag(&self) -> &'static str {
        "JOINT"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "JOINT "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        match read_owners(rest, "JOINT CAN GBR USA")? {
            owners if owners.len() < 2 => {
                Err("expected the codes of two owners or more, as in `JOINT CAN GBR USA`".into())
            }
            owners => Ok(owners),
        }
    }

    fn written(&self, values: &[String]) -> String {
        values.join(" ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(
            Forbid::deny(
                "OWNERS_CONSENT_REQUIRED",
                "context.recipient != context.originator && !context.members.contains(context.recipient) && !context.release_from.containsAll(context.sources)",
                "it belongs to several nations together, and not all of them have consented to its release to {recipient}",
            )
            .refer_to("originator:{value}"),
        );
    }
}
