//! `HANDLING`: police handling codes H0 to H3.

use entente_model::{Control, ControlKind};

use super::ControlType;
use crate::case::{Case, Use};
use crate::policy::Forbid;

pub(super) const TYPE: Handling = Handling;

pub(super) struct Handling;

impl ControlType for Handling {
    fn tag(&self) -> &'static str {
        "HANDLING"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "HANDLING "
    }

    fn repeats(&self) -> bool {
        true
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        if ["H0", "H1", "H2", "H3"].contains(&rest) {
            return Ok(vec![rest.to_owned()]);
        }
        Err("expected HANDLING H0, H1, H2 or H3".into())
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(
            Forbid::deny(
                "EVIDENCE_USE_CONSENT_REQUIRED",
                "context.value == \"H1\" && context.use == \"evidence\" && !context.evidence_from.contains(context.sender)",
                "its handling code H1 keeps it out of judicial proceedings without the consent of {sender}",
            )
            .refer_to("provider:{sender}"),
        );
    }

    fn obligations(&self, control: &Control, case: &Case<'_>, out: &mut Vec<String>) {
        let intelligence = case.subject.transfer.use_ == Use::Intelligence;
        match control.values.first().map(String::as_str) {
            Some("H1") if intelligence => out.push("use:intelligence_only".into()),
            Some("H2") => out.push("no_onward_without_consent".into()),
            Some("H3") => out.push("handling:H3".into()),
            _ => {}
        }
    }
}
