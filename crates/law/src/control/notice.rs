//! `NOTICE`: something that readers must be told, and that decides nothing about access.

use entente_model::{Control, ControlKind};

use super::{ControlType, read_word};
use crate::case::Case;
use crate::policy::Forbid;

pub(super) const TYPE: Notice = Notice;

pub(super) struct Notice;

impl ControlType for Notice {
    fn tag(&self) -> &'static str {
        "NOTICE"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Informative
    }

    fn prefix(&self) -> &'static str {
        "NOTICE "
    }

    fn repeats(&self) -> bool {
        true
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        read_word(rest, "NOTICE FISA")
    }

    fn written(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn forbids(&self, _out: &mut Vec<Forbid>) {
        // It is shown wherever the object is; it keeps nobody from having it.
    }

    fn obligations(&self, control: &Control, _case: &Case<'_>, out: &mut Vec<String>) {
        out.extend(control.values.first().map(|value| format!("notice:{value}")));
    }
}
