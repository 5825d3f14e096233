//! `COMPARTMENT`: only for readers who hold the compartment.

use entente_model::ControlKind;

use super::{ControlType, accept_name, read_word};
use crate::policy::Forbid;

pub(super) const TYPE: Compartment = Compartment;

pub(super) struct Compartment;

impl ControlType for Compartment {
    fn tag(&self) -> &'static str {
        "COMPARTMENT"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "COMPARTMENT "
    }

    fn repeats(&self) -> bool {
        true
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_word(rest, "COMPARTMENT AMBERLINE")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn accepts(&self, values: &[String]) -> Result<(), String> {
        accept_name(values)
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "COMPARTMENT_NOT_HELD",
            "!context.held.contains(context.value)",
            "the reader does not hold the compartment {value}",
        ));
    }
}
