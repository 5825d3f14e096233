//! Objects of several kinds, labels and facts, in the proportions of a working day.

use anyhow::Context as _;
use entente_law::{Consent, Subject, Transfer, parse_label};
use entente_model::facts::Person;
use entente_model::{Label, NationCode, ReleaseFacts, Timestamp};

use super::texts::{self, OWN};

/// Kinds with their share in a thousand.
const KINDS: [(&str, usize); 4] =
    [("indicator", 700), ("vessel_track", 150), ("report", 100), ("incident_report", 50)];
/// Labels with their share in a thousand.
const LABELS: [(&str, usize); 9] = [
    ("OPEN//TLP:CLEAR", 250),
    ("OPEN//TLP:GREEN", 250),
    ("SERVICE//TLP:AMBER", 200),
    ("SERVICE//TLP:AMBER+STRICT//PAP:AMBER", 100),
    ("SERVICE//REL TO XKA, XKB, XKC", 80),
    ("RESERVED", 60),
    ("RESERVED//ORCON", 30),
    ("SECRET-A//REL TO XKA", 20),
    ("SERVICE//NOFORN", 10),
];

/// Makes objects. The same ones in every run.
pub(super) struct Maker {
    dice: u64,
    at: Timestamp,
    labels: Vec<(Label, usize)>,
    originator: NationCode,
    transfer: Transfer,
}

/// One object.
pub(super) struct Object {
    label: Label,
    facts: ReleaseFacts,
}

impl Object {
    pub(super) fn subject<'a>(&'a self, maker: &'a Maker) -> Subject<'a> {
        const NONE: &[Consent] = &[];
        Subject {
            label: &self.label,
            facts: &self.facts,
            recalled: false,
            originator: maker.originator,
            consents: NONE,
            transfer: &maker.transfer,
        }
    }
}

impl Maker {
    pub(super) fn new(at: Timestamp) -> anyhow::Result<Self> {
        let schemes = texts::schemes()?;
        let scheme = schemes.get(OWN)?;
        let labels = LABELS
            .iter()
            .map(|(text, share)| {
                let label = parse_label(text, scheme, at).with_context(|| (*text).to_owned())?;
                Ok((label, *share))
            })
            .collect::<anyhow::Result<_>>()?;
        let originator: NationCode = OWN.parse()?;
        let transfer = Transfer::new(originator, texts::BODY, texts::PURPOSE);
        Ok(Self { dice: 0x2545_f491_4f6c_dd1d, at, labels, originator, transfer })
    }

    fn below(&mut self, n: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 33).unwrap_or(0) % n.max(1)
    }

    /// The place that a draw among shares of a thousand falls on.
    fn draw(&mut self, shares: impl Iterator<Item = usize>) -> usize {
        let mut left = self.below(1000);
        for (place, share) in shares.enumerate() {
            if left < share {
                return place;
            }
            left -= share;
        }
        0
    }

    pub(super) fn object(&mut self) -> Object {
        let kind = self.draw(KINDS.iter().map(|(_, share)| *share));
        let kind = KINDS.get(kind).map_or("indicator", |(kind, _)| kind);
        let shares: Vec<usize> = self.labels.iter().map(|(_, share)| *share).collect();
        let label = self.draw(shares.into_iter());
        let mut label = self.labels.get(label).map_or_else(
            || self.labels.first().map(|(l, _)| l.clone()),
            |(label, _)| Some(label.clone()),
        );
        // Every object has its own moments and numbers, as real ones have.
        let age = u64::try_from(self.below(30 * 86_400_000)).unwrap_or(0);
        if let Some(label) = &mut label {
            label.created = Timestamp::from_millis(self.at.millis().saturating_sub(age));
        }
        let collected = Timestamp::from_millis(self.at.millis().saturating_sub(2 * age));
        let persons = if kind == "report" && self.below(4) == 0 { self.persons() } else { vec![] };
        let categories: &[&str] = match self.below(50) {
            0 => &["health"],
            1 => &["cryptography"],
            2 => &["finance"],
            _ => &[],
        };
        let facts = ReleaseFacts {
            object_type: kind.to_owned(),
            personal_data: !persons.is_empty(),
            persons,
            data_categories: categories.iter().map(|c| (*c).to_owned()).collect(),
            area: ["strait", "gulf", "ocean"].get(self.below(4)).map(|a| (*a).to_owned()),
            records: if kind == "vessel_track" {
                u64::try_from(1 + self.below(20)).unwrap_or(1) * 100
            } else {
                1
            },
            collected_for: Some("cyber_defence".to_owned()),
            collected_at: Some(collected),
            pending_case: self.below(200) == 0,
            ..ReleaseFacts::default()
        };
        Object { label: label.unwrap_or_else(|| unlabelled(self.at)), facts }
    }

    fn persons(&mut self) -> Vec<Person> {
        let nations = ["XAR", "XKA", "XKB", "XKC", "XKD"];
        let roles = ["suspect", "victim", "journalist"];
        (0..=self.below(3))
            .map(|_| Person {
                nationalities: nations
                    .get(self.below(nations.len()))
                    .and_then(|n| n.parse().ok())
                    .into_iter()
                    .collect(),
                roles: roles.get(self.below(5)).map(|r| (*r).to_owned()).into_iter().collect(),
                age: u8::try_from(10 + self.below(60)).ok(),
            })
            .collect()
    }
}

/// A label that goes nowhere; no draw comes to it.
fn unlabelled(at: Timestamp) -> Label {
    Label {
        policy: OWN.to_owned(),
        class: Label::CLASS_MAX,
        marking: "CROWN SECRET".to_owned(),
        controls: Vec::new(),
        created: at,
        review: None,
        alternatives: Vec::new(),
    }
}
