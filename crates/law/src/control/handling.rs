//! `HANDLING`: police handling codes, of Europol (H0 to H3) and of the United Kingdom.
//!
//! `P` and `C` are of the 3x5x2 system: sharing permitted, and permitted with conditions. `5X5X5-1`
//! to `5X5X5-5` are of the older system. Two of those keep information inside the United Kingdom,
//! one inside the force that gave it; the texts are in `CODES`.

use entente_model::{Control, ControlKind};

use super::ControlType;
use crate::case::{Case, Use};
use crate::policy::Forbid;

pub(super) const TYPE: Handling = Handling;

pub(super) struct Handling;

/// Every code, its text, and what it obliges to.
pub(crate) const CODES: [(&str, &str, Option<&str>); 11] = [
    ("H0", "only for preventing and combating crime under the Europol Regulation and applicable law", None),
    ("H1", "not to be disclosed in judicial proceedings without the provider's permission", None),
    ("H2", "not to be disseminated without the provider's permission", Some("no_onward_without_consent")),
    ("H3", "other restrictions and comments", Some("handling:H3")),
    ("P", "lawful sharing permitted", None),
    ("C", "lawful sharing permitted with conditions", Some("handling:C")),
    ("5X5X5-1", "within United Kingdom police and law enforcement", None),
    ("5X5X5-2", "also to United Kingdom non-prosecuting parties", None),
    ("5X5X5-3", "also to foreign law enforcement outside the EU", Some("handling:5X5X5-3")),
    ("5X5X5-4", "within the originating force only", None),
    ("5X5X5-5", "the receiving agency is to observe conditions", Some("handling:5X5X5-5")),
];

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
        if CODES.iter().any(|(code, ..)| *code == rest) {
            return Ok(vec![rest.to_owned()]);
        }
        let known: Vec<&str> = CODES.iter().map(|(code, ..)| *code).collect();
        Err(format!("expected HANDLING and one of {}", known.join(", ")))
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
        out.push(Forbid::deny(
            "HANDLING_NATIONAL_ONLY",
            "[\"5X5X5-1\", \"5X5X5-2\", \"5X5X5-4\"].contains(context.value) && context.recipient != context.originator",
            "its handling code {value} keeps it within {originator}",
        ));
        // Whom the third code reaches depends on where the recipient stands, which no code can say.
        out.push(
            Forbid::deny(
                "PROVIDER_CONSENT_REQUIRED",
                "context.value == \"5X5X5-3\" && context.recipient != context.originator && !context.release_from.contains(context.originator)",
                "its handling code {value} leaves the release to {recipient} to {originator}",
            )
            .refer_to("provider:{originator}"),
        );
    }

    fn obligations(&self, control: &Control, case: &Case<'_>, out: &mut Vec<String>) {
        let intelligence = case.subject.transfer.use_ == Use::Intelligence;
        let code = control.values.first().map_or("", String::as_str);
        if code == "H1" && intelligence {
            out.push("use:intelligence_only".into());
        }
        let owed = CODES.iter().find(|(known, ..)| *known == code).and_then(|(.., owed)| *owed);
        out.extend(owed.map(str::to_owned));
    }
}
