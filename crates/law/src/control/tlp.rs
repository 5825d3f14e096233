//! `TLP`: the traffic light protocol, version 2.0. `RED` names its readers.

use entente_model::{Control, ControlKind};

use super::{ControlType, is_name};
use crate::case::Case;
use crate::policy::Forbid;

pub(super) const TYPE: Tlp = Tlp;

pub(super) struct Tlp;

/// The colours, and what each obliges to.
const COLOURS: [(&str, Option<&str>); 5] = [
    ("RED", Some("tlp:named_recipients_only")),
    ("AMBER+STRICT", Some("tlp:organisation_only")),
    ("AMBER", Some("tlp:organisation_and_clients")),
    ("GREEN", Some("tlp:community")),
    ("CLEAR", None),
];

const RIGHT: &str = "expected TLP:RED[name, name], TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN or TLP:CLEAR";

impl ControlType for Tlp {
    fn tag(&self) -> &'static str {
        "TLP"
    }

    fn kind(&self) -> ControlKind {
        ControlKind::Restrictive
    }

    fn prefix(&self) -> &'static str {
        "TLP:"
    }

    fn values(&self, rest: &str) -> Result<Vec<String>, String> {
        let (colour, named) = match rest.split_once('[') {
            Some((colour, named)) => (colour, Some(named.strip_suffix(']').ok_or(RIGHT)?)),
            None => (rest, None),
        };
        if !COLOURS.iter().any(|(c, _)| *c == colour) {
            return Err(RIGHT.into());
        }
        let mut values = vec![colour.to_owned()];
        match named {
            Some(named) if colour == "RED" => {
                for name in named.split(',').map(str::trim) {
                    if name.is_empty() || name.contains(['[', ']', '/']) {
                        return Err("a reader's name is not empty and has no brackets or slashes".into());
                    }
                    values.push(name.to_owned());
                }
            }
            Some(_) => return Err("only TLP:RED names its readers".into()),
            // RED that names nobody is for nobody; it may be written, and goes nowhere.
            None => {}
        }
        Ok(values)
    }

    fn written(&self, values: &[String]) -> String {
        match values {
            [] => String::new(),
            [colour] => colour.clone(),
            [colour, named @ ..] => format!("{colour}[{}]", named.join(", ")),
        }
    }

    fn accepts(&self, values: &[String]) -> Result<(), String> {
        match values {
            [colour, named @ ..] if colour == "RED" => {
                if named.iter().all(|name| is_name(name)) {
                    return Ok(());
                }
                Err("a reader's name is not empty and has no commas, brackets or double slashes"
                    .into())
            }
            [colour] if COLOURS.iter().any(|(c, _)| c == colour) => Ok(()),
            _ => Err(RIGHT.into()),
        }
    }

    fn forbids(&self, out: &mut Vec<Forbid>) {
        out.push(Forbid::deny(
            "TLP_RED_NOT_NAMED",
            "context.value == \"RED\" && !(context has user && context.named.contains(context.user))",
            "it is TLP:RED, and the reader is not among the persons it names",
        ));
    }

    fn obligations(&self, control: &Control, _case: &Case<'_>, out: &mut Vec<String>) {
        let colour = control.values.first().map(String::as_str);
        let owed = COLOURS.iter().find(|(c, _)| Some(*c) == colour).and_then(|(_, owed)| *owed);
        out.extend(owed.map(str::to_owned));
    }
}
