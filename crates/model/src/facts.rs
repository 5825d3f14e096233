//! What a release decision needs to know about an object, travelling with it.
//!
//! `protocol.md` amendment 2: the object part of the decision vocabulary
//! (`data/decisions/README.md` section 4). A holder that passes the object on decides from the
//! same facts as its originator did.

use crate::codec::{Reader, Wire, WireError, WireFault, Writer};
use crate::label::Control;
use crate::nation::NationCode;
use crate::time::Timestamp;

/// A person whom the object concerns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Person {
    /// Nationalities, as codes; empty if unknown.
    pub nationalities: Vec<NationCode>,
    /// Roles that the law protects or names: `journalist`, `suspect`, `victim`, ….
    pub roles: Vec<String>,
    /// Age in years, if known.
    pub age: Option<u8>,
}

impl Wire for Person {
    const NAME: &'static str = "person concerned";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3).list(&self.nationalities, |w, n| n.write(w)).texts(&self.roles).optional(
            self.age.as_ref(),
            |w, a| {
                w.uint((*a).into());
            },
        );
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                nationalities: r.list(Reader::value)?,
                roles: r.texts()?,
                age: r.optional(|r| r.small(255, "the age"))?,
            })
        })
    }
}

/// A separately marked part of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Portion {
    /// Its name within the object, such as `P1`.
    pub id: String,
    /// Its marking, in the object's scheme.
    pub marking: String,
    /// Its level on the common ladder.
    pub class: u8,
    /// Its own controls.
    pub controls: Vec<Control>,
    /// Whether it holds personal data, where that differs from the object.
    pub personal_data: Option<bool>,
    /// The persons it concerns, where they differ from the object's.
    pub persons: Option<Vec<Person>>,
    /// Its data categories, where they differ from the object's.
    pub data_categories: Option<Vec<String>>,
}

impl Wire for Portion {
    const NAME: &'static str = "portion";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .text(&self.id)
            .text(&self.marking)
            .uint(self.class.into())
            .list(&self.controls, |w, c| c.write(w))
            .optional(self.personal_data.as_ref(), |w, b| {
                w.bool(*b);
            })
            .optional(self.persons.as_ref(), |w, p| {
                w.list(p, |w, p| p.write(w));
            })
            .optional(self.data_categories.as_ref(), |w, c| {
                w.texts(c);
            });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            Ok(Self {
                id: r.text()?.to_owned(),
                marking: r.text()?.to_owned(),
                class: r.small(7, "the classification")?,
                controls: r.list(Reader::value)?,
                personal_data: r.optional(Reader::bool)?,
                persons: r.optional(|r| r.list(Reader::value))?,
                data_categories: r.optional(Reader::texts)?,
            })
        })
    }
}

/// Foreign information inside an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provenance {
    /// The nation it came from.
    pub nation: NationCode,
    /// The code of the agreement it was received under.
    pub agreement: Option<String>,
    /// The portions that hold it; empty means all.
    pub portions: Vec<String>,
}

impl Wire for Provenance {
    const NAME: &'static str = "provenance";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .value(&self.nation)
            .optional(self.agreement.as_ref(), |w, a| {
                w.text(a);
            })
            .texts(&self.portions);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                nation: r.value()?,
                agreement: r.optional(|r| r.text().map(str::to_owned))?,
                portions: r.texts()?,
            })
        })
    }
}

/// The facts about an object that decisions rest on.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the decision vocabulary")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReleaseFacts {
    /// The kind of intelligence: `indicator`, `vessel_track`, `incident_report`, ….
    pub object_type: String,
    /// Separately marked parts.
    pub portions: Vec<Portion>,
    /// Whether portions may be cut out.
    pub divisible: bool,
    /// Whether it holds personal data.
    pub personal_data: bool,
    /// The persons it concerns.
    pub persons: Vec<Person>,
    /// Data categories: `health`, `dna`, `cryptography`, ….
    pub data_categories: Vec<String>,
    /// The area it concerns.
    pub area: Option<String>,
    /// How many records it holds.
    pub records: u64,
    /// What it was collected for.
    pub collected_for: Option<String>,
    /// When it was collected.
    pub collected_at: Option<Timestamp>,
    /// The case it belongs to.
    pub case_id: Option<String>,
    /// Foreign information inside.
    pub provenance: Vec<Provenance>,
    /// It is exercise data.
    pub exercise: bool,
    /// A court has sealed it.
    pub court_sealed: bool,
    /// A domestic case is pending.
    pub pending_case: bool,
}

impl Wire for ReleaseFacts {
    const NAME: &'static str = "release facts";
    const BYTES_MAX: usize = 48 << 10;

    fn write(&self, w: &mut Writer) {
        w.map(15);
        w.key(0).text(&self.object_type);
        w.key(1).list(&self.portions, |w, p| p.write(w));
        w.key(2).bool(self.divisible);
        w.key(3).bool(self.personal_data);
        w.key(4).list(&self.persons, |w, p| p.write(w));
        w.key(5).texts(&self.data_categories);
        w.key(6).optional(self.area.as_ref(), |w, a| {
            w.text(a);
        });
        w.key(7).uint(self.records);
        w.key(8).optional(self.collected_for.as_ref(), |w, c| {
            w.text(c);
        });
        w.key(9).optional(self.collected_at.as_ref(), |w, t| t.write(w));
        w.key(10).optional(self.case_id.as_ref(), |w, c| {
            w.text(c);
        });
        w.key(11).list(&self.provenance, |w, p| p.write(w));
        w.key(12).bool(self.exercise);
        w.key(13).bool(self.court_sealed);
        w.key(14).bool(self.pending_case);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut f = Self::default();
        let mut seen = 0;
        r.map(|r, key| {
            seen += 1;
            match key {
                0 => r.text()?.clone_into(&mut f.object_type),
                1 => f.portions = r.list(Reader::value)?,
                2 => f.divisible = r.bool()?,
                3 => f.personal_data = r.bool()?,
                4 => f.persons = r.list(Reader::value)?,
                5 => f.data_categories = r.texts()?,
                6 => f.area = r.optional(|r| r.text().map(str::to_owned))?,
                7 => f.records = r.uint()?,
                8 => f.collected_for = r.optional(|r| r.text().map(str::to_owned))?,
                9 => f.collected_at = r.optional(Reader::value)?,
                10 => f.case_id = r.optional(|r| r.text().map(str::to_owned))?,
                11 => f.provenance = r.list(Reader::value)?,
                12 => f.exercise = r.bool()?,
                13 => f.court_sealed = r.bool()?,
                14 => f.pending_case = r.bool()?,
                // A fact that is not understood might be the one that forbids.
                _ => return r.unknown_key(key),
            }
            Ok(())
        })?;
        if seen == 15 {
            Ok(f)
        } else {
            Err(r.fault(WireFault::Invalid { what: "a fact is missing" }))
        }
    }
}
