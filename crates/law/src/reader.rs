//! Who, of a node's own persons, a marking keeps an object from.
//!
//! Clearance is a matter of levels and is compared elsewhere. Here it is about what stands behind
//! the level: compartments, which need the read-in whoever reads, and caveats that keep an object
//! within a nation, which bind a liaison officer at a partner's desk as they bind the partner.
//! What cannot be read keeps the object from everyone: a caveat that nobody understands may be the
//! strictest of all.

use entente_model::NationCode;

use crate::control::{self, members};
use crate::rules::Rules;

/// Someone who reads at a node, as far as markings ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Whose national they are.
    pub nation: NationCode,
    /// The compartments that they are read into.
    pub read_ins: Vec<String>,
}

/// Whose object it is, and where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The nation whose node it is.
    pub host: NationCode,
    /// The originator, if it is known here.
    pub originator: Option<NationCode>,
}

/// Whether a marking, as [`crate::print_label`] writes it, keeps an object from this reader.
///
/// What a partner entrusted to the host is not the host's to show to a third nation: its marking
/// must name the reader's nation.
pub fn keeps_from(written: &str, place: Place, reader: &Reader, rules: &Rules) -> bool {
    let guest = reader.nation != place.host && Some(reader.nation) != place.originator;
    let mut named = false;
    let mut listed = false;
    for segment in written.split("//").skip(1) {
        let Some((kind, rest)) = control::kind_of(segment) else { return true };
        // The codes are compared even where the list as a whole is written in an unusual way.
        let codes = || -> Vec<String> {
            let words = rest.split([',', ' ']).map(str::trim);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let names_nation = || members(&codes(), &rules.groups).contains(&reader.nation);
        match kind.tag() {
            "COMPARTMENT" if !reader.read_ins.iter().any(|held| held == rest) => return true,
            "NOFORN" if guest => return true,
            "REL_TO" | "DISPLAY_ONLY" => {
                listed = true;
                named |= names_nation();
            }
            "JOINT" if guest => {
                if !names_nation() {
                    return true;
                }
                named = true;
            }
            // Of a source that is not named, nobody can say that it is the reader's own nation.
            "FGI" if guest && codes() != [reader.nation.as_str()] => return true,
            _ => {}
        }
    }
    guest && !named && (listed || place.originator != Some(place.host))
}

#[cfg(test)]
mod tests {
    use entente_model::Timestamp;

    use super::*;
    use crate::scheme::Schemes;

    fn kept(written: &str, originator: &str, nation: &str, read_ins: &[&str]) -> bool {
        let rules = Rules::compile(&[], &[], &Schemes::builtin()).unwrap();
        let reader = Reader {
            nation: nation.parse().unwrap(),
            read_ins: read_ins.iter().map(|&name| name.to_owned()).collect(),
        };
        let host = "XAR".parse().unwrap();
        let place = Place { host, originator: originator.parse().ok() };
        keeps_from(written, place, &reader, &rules)
    }

    #[test]
    fn compartments_need_the_read_in_of_everyone() {
        assert!(kept("SECRET-A//COMPARTMENT LANTERN", "XAR", "XAR", &[]));
        assert!(kept("SECRET-A//COMPARTMENT LANTERN", "XBR", "XAR", &["LANTERNS"]));
        assert!(!kept("SECRET-A//COMPARTMENT LANTERN", "XAR", "XAR", &["LANTERN"]));
        let two = "SECRET-A//COMPARTMENT LANTERN//COMPARTMENT QUAY";
        assert!(kept(two, "XAR", "XAR", &["LANTERN"]));
        assert!(!kept(two, "XAR", "XAR", &["QUAY", "LANTERN"]));
    }

    #[test]
    fn caveats_that_keep_an_object_within_nations_bind_liaison_officers() {
        for (written, originator, kept_from_xbr) in [
            ("OPEN", "XAR", false),
            ("OPEN//NOFORN", "XAR", true),
            ("OPEN//NOFORN", "XBR", false),
            ("OPEN//REL TO XBR, XCO", "XAR", false),
            ("OPEN//REL TO XCO", "XAR", true),
            ("OPEN//REL TO XCO//DISPLAY ONLY XBR", "XAR", false),
            ("OPEN//REL TO", "XAR", true),
            ("OPEN//FGI XBR", "XAR", false),
            ("OPEN//FGI XBR XCO", "XAR", true),
            ("OPEN//FGI", "XAR", true),
            ("OPEN//JOINT XAR XBR", "XAR", false),
            ("OPEN//JOINT XAR XCO", "XAR", true),
            ("OPEN//ORCON", "XAR", false),
            // A third nation's trust is not ours to share.
            ("OPEN", "XCO", true),
            ("OPEN//REL TO XAR, XBR", "XCO", false),
            ("OPEN", "???", true),
            ("OPEN//SOMETHING NEW", "XAR", true),
        ] {
            assert_eq!(kept(written, originator, "XBR", &[]), kept_from_xbr, "{written}");
        }
    }

    #[test]
    fn nationals_are_bound_by_compartments_and_by_what_nobody_understands() {
        for written in ["OPEN//NOFORN", "OPEN//REL TO XBR", "OPEN//FGI", "OPEN//TLP:RED"] {
            assert!(!kept(written, "XAR", "XAR", &[]), "{written}");
            assert!(!kept(written, "XCO", "XAR", &[]), "{written}");
        }
        assert!(kept("OPEN//SOMETHING NEW", "XCO", "XAR", &[]));
    }

    #[test]
    fn every_control_that_a_label_can_have_is_understood() {
        let schemes = Schemes::builtin();
        for scheme in schemes.iter() {
            for one in scheme.controls() {
                let Some((marking, _)) = scheme.markings().last() else { continue };
                let text = format!("{marking}//{}", one.marking);
                let Ok(label) = crate::parse_label(&text, scheme, Timestamp::from_millis(0)) else {
                    continue;
                };
                let written = crate::print_label(&label);
                for segment in written.split("//").skip(1) {
                    assert!(control::kind_of(segment).is_some(), "{}: {written}", scheme.owner());
                }
            }
        }
    }
}
