//! `PAP:`: the permissible actions protocol.

use entente_model::{Control, ControlKind};

use super::ControlType;
use crate::case::Case;
use crate::policy::Forbid;

pub(super) const TYPE: Pap = Pap;

pub(super) struct Pap;

impl ControlType for Pap {
    fn tag(&self) -> &'static str {
        "PAP"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Informative
    }

    fn prefix(&self) -> &'static str {
        "PAP:"
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        if ["RED", "AMBER", "GREEN", "CLEAR"].contains(&rest) {
            return Ok(vec![rest.to_owned()]);
        }
        Err("expected PAP:RED, PAP:AMBER, PAP:GREEN or PAP:CLEAR".into())
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, _out: &mut Vec<Forbid>) {
        // It tells what may be done with the information, not who may have it.
    }

    fn obligations(&self, control: &Control, _case: &Case<'_>, out: &mut Vec<String>) {
        out.extend(control.values.first().map(|value| format!("pap:{value}")));
    }
}
