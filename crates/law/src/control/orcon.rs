//! `ORCON`: whoever is not the originator passes it on only with the originator's consent.

use entente_model::{Control, ControlKind};

use super::ControlType;
use crate::case::Case;
use crate::policy::Forbid;

pub(super) const TYPE: Orcon = Orcon;

pub(super) struct Orcon;

impl ControlType for Orcon {
    fn tag(&self) -> &'static str {
        "ORCON"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "ORCON "
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        match rest {
            "" => Ok(Vec::new()),
            // Approved beforehand inside the originator's own government; between nations it is
            // the same.
            "USGOV" => Ok(vec![rest.to_owned()]),
            _ => Err("nothing may follow it but USGOV, as in `ORCON USGOV`".into()),
        }
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(
            Forbid::deny(
                "ORIGINATOR_CONSENT_REQUIRED",
                "context.sender != context.originator && !context.release_from.contains(context.originator)",
                "its label ORCON reserves onward release to {originator}, which has not consented to its release to {recipient}",
            )
            .refer_to("originator:{originator}"),
        );
    }

    fn obligations(&self, _control: &Control, _case: &Case<'_>, out: &mut Vec<String>) {
        out.push("orcon:no_onward_without_originator".into());
    }
}
