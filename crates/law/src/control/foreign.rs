//! `FGI`: foreign government information. With codes it names the source, without it conceals it.

use entente_model::ControlKind;

use super::{ControlType, read_owners};
use crate::policy::Forbid;

pub(super) const TYPE: Foreign = Foreign;

pub(super) struct Foreign;

impl ControlType for Foreign {
    fn tag(&self) -> &'static str {
        "FGI"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "FGI "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_owners(rest, "FGI DEU")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(" ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        // A concealed source can be asked by the sender's own officers only; a named one itself.
        out.push(
            Forbid::deny(
                "FOREIGN_CONSENT_REQUIRED",
                "context.recipient != context.originator && context.value == \"\" && !context.officer_from.contains(context.sender)",
                "it holds foreign government information of a concealed source, whose release a release officer of {sender} decides",
            )
            .refer_to("release_officer:{sender}"),
        );
        out.push(
            Forbid::deny(
                "FOREIGN_CONSENT_REQUIRED",
                "context.recipient != context.originator && context.value != \"\" && context.members != [context.recipient] && !context.release_from.containsAll(context.sources)",
                "it holds information of {value}, without whose consent it does not go to {recipient}",
            )
            .refer_to("originator:{value}"),
        );
    }
}
