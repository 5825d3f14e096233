//! `FIU`: information between financial intelligence units, under the Egmont principles.
//!
//! It serves the purpose for which it was given, is intelligence and not evidence, and goes to
//! another authority only with the prior consent of the unit that provided it.

use entente_model::{Control, ControlKind};

use super::{ControlType, read_nothing};
use crate::case::{Case, Use};
use crate::policy::Forbid;

pub(super) const TYPE: Fiu = Fiu;

pub(super) struct Fiu;

impl ControlType for Fiu {
    fn tag(&self) -> &'static str {
        "FIU"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "FIU"
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
                "EVIDENCE_USE_CONSENT_REQUIRED",
                "context.use == \"evidence\" && !context.evidence_from.contains(context.originator)",
                "it is information between financial intelligence units, which is not evidence without the consent of {originator}",
            )
            .refer_to("provider:{originator}"),
        );
        out.push(
            Forbid::deny(
                "PROVIDER_CONSENT_REQUIRED",
                "context.sender != context.originator && context.recipient != context.originator && !context.release_from.contains(context.originator)",
                "it is information between financial intelligence units, which {originator} has not consented to pass on to {recipient}",
            )
            .refer_to("provider:{originator}"),
        );
    }

    fn obligations(&self, _control: &Control, case: &Case<'_>, out: &mut Vec<String>) {
        out.push("no_onward_without_consent".into());
        out.push("fiu:purpose_given_only".into());
        if case.subject.transfer.use_ == Use::Intelligence {
            out.push("use:intelligence_only".into());
        }
    }
}
