//! `PROPIN`: proprietary information, released with its owner's consent.

use entente_model::ControlKind;

use super::{ControlType, accept_name, read_word};
use crate::policy::Forbid;

pub(super) const TYPE: Propin = Propin;

pub(super) struct Propin;

impl ControlType for Propin {
    fn tag(&self) -> &'static str {
        "PROPIN"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "PROPIN "
    }

    fn repeats(&self) -> bool {
        true
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_word(rest, "PROPIN SKYEYE-LTD")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn accepts(&self, values: &[String]) -> Result<(), String> {
        accept_name(values)
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(
            Forbid::deny(
                "PROPRIETOR_CONSENT_REQUIRED",
                "!context.proprietor_from.contains(context.value)",
                "it holds information that belongs to {value}, which has not consented",
            )
            .refer_to("proprietor:{value}"),
        );
    }
}
