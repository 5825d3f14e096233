//! Labels: what a marking means, comparable across nations.
//!
//! `protocol.md` 2.2. Semantics follow STANAG 4774: a policy, a classification, and categories
//! that are permissive (the recipient must match one value), restrictive (it must hold every
//! value) or informative. The text as written is kept as `marking`; reading and printing it is
//! `entente-law`'s.

use crate::codec::{Reader, Wire, WireError, WireFault, Writer};
use crate::time::Timestamp;

/// How a category bears on who may have the object (`domain.md` 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlKind {
    /// The recipient must match at least one value.
    Permissive,
    /// The recipient must hold every value.
    Restrictive,
    /// For handling or display only.
    Informative,
}

/// One dissemination control: a tag such as `REL_TO`, and its values.
///
/// A control without values of its own, such as `NOFORN`, has an empty list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Control {
    /// The control's name, as in the decision vocabulary: `NOFORN`, `REL_TO`, `ORCON`, `TLP`, ….
    pub tag: String,
    /// How it bears on access, so that an unknown control can still be enforced.
    pub kind: ControlKind,
    /// Its values: nations and groups of `REL_TO`, the colour of `TLP`, ….
    pub values: Vec<String>,
}

impl Wire for Control {
    const NAME: &'static str = "control";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3).text(&self.tag).uint(self.kind as u64).texts(&self.values);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                tag: r.text()?.to_owned(),
                kind: match r.small(2, "the control's kind")? {
                    0 => ControlKind::Permissive,
                    1 => ControlKind::Restrictive,
                    _ => ControlKind::Informative,
                },
                values: r.texts()?,
            })
        })
    }
}

/// A confidentiality label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// The scheme that the marking belongs to: the originator's nation code, or `NATO` and such.
    pub policy: String,
    /// Level on the common ladder: 0 UNCLASSIFIED, 1 RESTRICTED, 2 CONFIDENTIAL, 3 SECRET,
    /// 4 TOP SECRET. 5 to 7 are reserved.
    pub class: u8,
    /// The marking's own words, such as `SECRET-A`.
    pub marking: String,
    /// Dissemination controls.
    pub controls: Vec<Control>,
    /// When the label was set.
    pub created: Timestamp,
    /// When it must be looked at again.
    pub review: Option<Timestamp>,
    /// The same label in other schemes.
    pub alternatives: Vec<Label>,
}

impl Label {
    /// The highest classification on the common ladder that is in use.
    pub const CLASS_MAX: u8 = 4;

    /// The first control with this tag.
    pub fn control(&self, tag: &str) -> Option<&Control> {
        self.controls.iter().find(|c| c.tag == tag)
    }
}

impl Wire for Label {
    const NAME: &'static str = "label";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .text(&self.policy)
            .uint(self.class.into())
            .text(&self.marking)
            .list(&self.controls, |w, c| c.write(w))
            .value(&self.created)
            .optional(self.review.as_ref(), |w, t| t.write(w))
            .list(&self.alternatives, |w, l| l.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            Ok(Self {
                policy: r.text()?.to_owned(),
                class: r.small(7, "the classification")?,
                marking: r.text()?.to_owned(),
                controls: r.list(Reader::value)?,
                created: r.value()?,
                review: r.optional(Reader::value)?,
                alternatives: r.list(|r| {
                    let at = r.position();
                    let label: Self = r.value()?;
                    if label.alternatives.is_empty() {
                        Ok(label)
                    } else {
                        Err(WireError::new(
                            at,
                            WireFault::Invalid { what: "an alternative label has alternatives" },
                        ))
                    }
                })?,
            })
        })
    }
}

/// What its originator asks of every holder of an object (`protocol.md` 2.2).
#[expect(clippy::struct_excessive_bools, reason = "each is an instruction of the protocol")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Handling {
    /// Originator control: nothing onward without its consent.
    pub orcon: bool,
    /// The third-party rule applies.
    pub third_party: bool,
    /// The purposes it may serve.
    pub purposes: Vec<String>,
    /// After this it is void.
    pub expires: Option<Timestamp>,
    /// Until this it must be kept.
    pub retain_until: Option<Timestamp>,
    /// The strongest recall that its originator foresees, 0 to 3 (`protocol.md` 5.1).
    pub recall_class: u8,
    /// How many times it may be passed on.
    pub onward_hops_max: u8,
    /// It holds personal data.
    pub personal_data: bool,
    /// It is evidence in a proceeding.
    pub evidence: bool,
}

impl Wire for Handling {
    const NAME: &'static str = "handling";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.map(9);
        w.key(0).bool(self.orcon);
        w.key(1).bool(self.third_party);
        w.key(2).texts(&self.purposes);
        w.key(3).optional(self.expires.as_ref(), |w, t| t.write(w));
        w.key(4).optional(self.retain_until.as_ref(), |w, t| t.write(w));
        w.key(5).uint(self.recall_class.into());
        // Key 6 is reserved for a receipt that must precede the key.
        w.key(7).uint(self.onward_hops_max.into());
        w.key(8).bool(self.personal_data);
        w.key(9).bool(self.evidence);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut h = Self::default();
        let mut seen = 0;
        r.map(|r, key| {
            seen += 1;
            match key {
                0 => h.orcon = r.bool()?,
                1 => h.third_party = r.bool()?,
                2 => h.purposes = r.texts()?,
                3 => h.expires = r.optional(Reader::value)?,
                4 => h.retain_until = r.optional(Reader::value)?,
                5 => h.recall_class = r.small(3, "the recall class")?,
                7 => h.onward_hops_max = r.small(255, "the number of hops")?,
                8 => h.personal_data = r.bool()?,
                9 => h.evidence = r.bool()?,
                // An instruction that is not understood cannot be followed.
                _ => return r.unknown_key(key),
            }
            Ok(())
        })?;
        if seen == 9 {
            Ok(h)
        } else {
            Err(r.fault(WireFault::Invalid { what: "an instruction is missing" }))
        }
    }
}
