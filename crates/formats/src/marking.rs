//! Markings as they are found inside a file.

/// A colour of the Traffic Light Protocol 2.0, from the widest audience to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// Anyone.
    Clear,
    /// The community.
    Green,
    /// The organisation and its clients.
    Amber,
    /// The organisation only.
    AmberStrict,
    /// Named recipients only.
    Red,
}

impl Tlp {
    /// Reads a colour in any of the ways it is written; `WHITE` of TLP 1 is `CLEAR`.
    pub fn parse(text: &str) -> Option<Self> {
        let colour = text.get(..4).filter(|p| p.eq_ignore_ascii_case("tlp:"));
        let colour = if colour.is_some() { text.get(4..)? } else { text };
        Some(match colour.trim().to_ascii_lowercase().as_str() {
            "clear" | "white" => Self::Clear,
            "green" => Self::Green,
            "amber" => Self::Amber,
            "amber+strict" => Self::AmberStrict,
            "red" => Self::Red,
            _ => return None,
        })
    }

    /// The colour in the words of TLP 2.0 and of the decision vocabulary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }
}

/// A marking found inside a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMarking {
    /// `TLP`, `PAP`, `CAP_SCOPE`, `STATEMENT`, or `OTHER` for a marking not understood.
    pub tag: &'static str,
    /// Its value: a colour, a scope, the statement, or what identifies the marking.
    pub value: String,
    /// Where it stands inside the piece, such as `object_marking_refs[0]`.
    pub at: String,
}

impl FoundMarking {
    /// A TLP colour at a place.
    pub(crate) fn of_tlp(colour: Tlp, at: String) -> Self {
        Self { tag: "TLP", value: colour.as_str().to_owned(), at }
    }

    /// The colour, if this is a TLP marking.
    pub fn tlp(&self) -> Option<Tlp> {
        if self.tag == "TLP" { Tlp::parse(&self.value) } else { None }
    }
}

#[test]
fn colours_are_read_however_they_are_written() {
    for (text, colour) in [
        ("tlp:white", Some(Tlp::Clear)),
        ("TLP:AMBER+STRICT", Some(Tlp::AmberStrict)),
        ("Red", Some(Tlp::Red)),
        ("tlp:mauve", None),
        ("tlp", None),
        ("дым:", None),
    ] {
        assert_eq!(Tlp::parse(text), colour, "{text}");
    }
    assert!(Tlp::Red > Tlp::AmberStrict && Tlp::AmberStrict > Tlp::Amber);
}
