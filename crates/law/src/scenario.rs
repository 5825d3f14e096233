//! One question that owns everything it is about, made of settings that can be varied.
//!
//! What compares rules before they bind (`consequence`, `prove`, `harmony`) asks about cases that
//! nobody has sent yet. They are built here, and decided like any other.

use std::collections::BTreeMap;

use entente_model::facts::{Person, Provenance};
use entente_model::{Control, ControlKind, Label, NationCode, ReleaseFacts, Timestamp};

use crate::case::{
    Access, Case, Consent, ConsentKind, DataProtection, Offence, Recipient, Request, Subject,
    TortureRisk, Transfer, TransferKind, Use,
};
use crate::level;
use crate::scheme::{Scheme, Schemes};
use crate::time::DAY_MILLIS;

/// Owner of the scheme whose markings are the levels themselves; no nation has such a code.
pub(crate) const LADDER: &str = "LADDER";

/// What stands for every word that no rule names.
pub(crate) const OTHER: &str = "something_else";

/// A question that owns its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The moment of the decision.
    pub at: Timestamp,
    /// The label.
    pub label: Label,
    /// What the object says of itself.
    pub facts: ReleaseFacts,
    /// Whether it was recalled.
    pub recalled: bool,
    /// The nation that originated it.
    pub originator: NationCode,
    /// Consents on record for it.
    pub consents: Vec<Consent>,
    /// Who would receive it.
    pub recipient: Recipient,
    /// Who sends it and why.
    pub transfer: Transfer,
}

impl Scenario {
    /// The question, ready to be decided.
    pub const fn case(&self) -> Case<'_> {
        Case {
            at: self.at,
            subject: Subject {
                label: &self.label,
                facts: &self.facts,
                recalled: self.recalled,
                originator: self.originator,
                consents: self.consents.as_slice(),
                transfer: &self.transfer,
            },
            recipient: &self.recipient,
        }
    }
}

/// The schemes with one more, in which every level has a marking.
pub(crate) fn with_ladder(schemes: &Schemes) -> Schemes {
    let mut all = schemes.clone();
    let markings = level::all().map(|l| (level::name(l).to_owned(), l)).collect();
    all.add(Scheme::new(LADDER, LADDER, markings));
    all
}

/// One thing about a case, set to one value. What is not set has its most harmless value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    Nation(NationCode),
    Word(String),
    /// A word that may be absent, or the one element of a set that may be empty.
    Maybe(Option<String>),
    Yes(bool),
    Level(u8),
    /// The level up to which someone is cleared or something accredited.
    UpTo(Option<u8>),
    Number(u64),
    /// A number that may be absent.
    MaybeNumber(Option<u64>),
    Offence(Option<Offence>),
    /// The case of the transfer, and that of the object.
    Cases(Option<&'static str>, Option<&'static str>),
    /// Whether a request is urgent, and how the data can be had.
    Request(Option<(bool, Access)>),
    At(Timestamp),
    Control(Option<Control>),
    /// Foreign information: who provided it and the agreement it was received under.
    Foreign(Option<(NationCode, String)>),
}

/// Settings by the name of what they set.
pub(crate) type Point = BTreeMap<&'static str, Setting>;

struct Reader<'p>(&'p Point);

impl Reader<'_> {
    fn yes(&self, name: &str, absent: bool) -> bool {
        match self.0.get(name) {
            Some(Setting::Yes(yes)) => *yes,
            _ => absent,
        }
    }

    fn word(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Setting::Word(word)) => word.clone(),
            _ => OTHER.to_owned(),
        }
    }

    fn maybe(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(Setting::Maybe(word)) => word.clone(),
            _ => None,
        }
    }

    fn nation(&self, name: &str) -> Option<NationCode> {
        match self.0.get(name) {
            Some(Setting::Nation(nation)) => Some(*nation),
            _ => None,
        }
    }

    /// A marking of this nation up to a level; the highest where nothing is said.
    fn marking(&self, name: &str, nation: NationCode, schemes: &Schemes) -> Option<String> {
        let up_to = match self.0.get(name) {
            Some(Setting::UpTo(None)) => return None,
            Some(Setting::UpTo(Some(level))) => *level,
            _ => Label::CLASS_MAX,
        };
        let scheme = schemes.find(nation.as_str())?;
        let found = scheme.markings().filter(|(_, l)| *l <= up_to).last();
        found.map(|(marking, _)| marking.to_owned())
    }
}

/// The question in which everything is as these settings say; `None` without two nations.
pub(crate) fn build(point: &Point, schemes: &Schemes) -> Option<Scenario> {
    let read = Reader(point);
    let (sender, nation) = (read.nation("sender")?, read.nation("recipient")?);
    let at = match point.get("at") {
        Some(Setting::At(at)) => *at,
        _ => Timestamp::default(),
    };
    let mut recipient = Recipient::new(nation, read.word("recipient_body"));
    recipient.user = Some("reader".to_owned());
    recipient.clearance = read.marking("clearance", nation, schemes);
    recipient.accredited_to = read.marking("accredited", nation, schemes);
    let protection = read.maybe("data_protection");
    recipient.data_protection =
        protection.and_then(|p| DataProtection::parse(&p)).unwrap_or(DataProtection::Adequate);
    let risk = read.maybe("torture_risk");
    recipient.torture_risk = risk.and_then(|r| TortureRisk::parse(&r)).unwrap_or(TortureRisk::Low);
    recipient.reciprocity_met = read.yes("reciprocity_met", true);
    let transfer = transfer(&read, sender);
    if let (true, Some(offence)) = (read.yes("death_penalty_for", false), &transfer.offence) {
        recipient.death_penalty_for = vec![offence.kind.clone()];
    }
    let originator = read.nation("originator").unwrap_or(sender);
    let mut consents = Vec::new();
    if read.yes("evidence_from", false) {
        consents.push(consent(ConsentKind::EvidenceUse, sender));
    }
    let mut facts = object_facts(&read, at);
    if let Some(Setting::Foreign(Some((provider, agreement)))) = point.get("provider") {
        let from = Provenance {
            nation: *provider,
            agreement: Some(agreement.clone()),
            portions: Vec::new(),
        };
        facts.provenance.push(from);
        if read.yes("release_from", false) {
            consents.push(consent(ConsentKind::Release, *provider));
        }
    }
    let mut label = label(&read, originator, schemes, at)?;
    if let Some(Setting::Control(Some(control))) = point.get("control") {
        label.controls.push(control.clone());
    }
    Some(Scenario {
        at,
        label,
        facts,
        recalled: read.yes("recalled", false),
        originator,
        consents,
        recipient,
        transfer,
    })
}

fn consent(kind: ConsentKind, from: NationCode) -> Consent {
    Consent { kind, from: from.to_string(), to: vec!["*".to_owned()] }
}

fn transfer(read: &Reader<'_>, sender: NationCode) -> Transfer {
    let mut transfer = Transfer::new(sender, read.word("sender_body"), read.word("purpose"));
    let kind = read.maybe("transfer_kind");
    transfer.kind = kind.and_then(|k| TransferKind::parse(&k)).unwrap_or(TransferKind::Release);
    let use_ = read.maybe("use");
    transfer.use_ = use_.and_then(|u| Use::parse(&u)).unwrap_or(Use::Intelligence);
    transfer.exercise = read.yes("exercise", false);
    transfer.emergency = read.maybe("emergency");
    transfer.facts = read.maybe("facts").into_iter().collect();
    transfer.grounds = read.maybe("grounds").into_iter().collect();
    if let Some(Setting::Offence(offence)) = read.0.get("offence") {
        transfer.offence.clone_from(offence);
    }
    if let Some(Setting::Cases(case, _)) = read.0.get("case") {
        transfer.case_id = case.map(str::to_owned);
    }
    if let Some(Setting::Request(Some((urgent, access)))) = read.0.get("request") {
        let received_at = match read.0.get("at") {
            Some(Setting::At(at)) => *at,
            _ => Timestamp::default(),
        };
        transfer.request = Some(Request { received_at, urgent: *urgent, access: *access });
    }
    transfer
}

fn object_facts(read: &Reader<'_>, at: Timestamp) -> ReleaseFacts {
    let mut facts = ReleaseFacts {
        object_type: read.word("object_type"),
        data_categories: read.maybe("data_categories").into_iter().collect(),
        personal_data: read.yes("personal_data", false),
        area: read.maybe("area"),
        records: 1,
        collected_for: read.maybe("collected_for"),
        collected_at: Some(at),
        exercise: read.yes("exercise_data", false),
        court_sealed: read.yes("court_sealed", false),
        pending_case: read.yes("pending_case", false),
        ..ReleaseFacts::default()
    };
    if let Some(Setting::Number(records)) = read.0.get("records") {
        facts.records = *records;
    }
    if let Some(Setting::MaybeNumber(days)) = read.0.get("age") {
        facts.collected_at = days.map(|days| {
            let millis = at.millis().saturating_sub(days.saturating_mul(DAY_MILLIS));
            Timestamp::from_millis(millis)
        });
    }
    if let Some(Setting::Cases(_, case)) = read.0.get("case") {
        facts.case_id = case.map(str::to_owned);
    }
    let age = match read.0.get("youngest") {
        Some(Setting::MaybeNumber(age)) => age.map(|a| u8::try_from(a).unwrap_or(u8::MAX)),
        _ => None,
    };
    let nationality = read.maybe("nationalities").and_then(|n| n.parse().ok());
    let role = read.maybe("roles");
    if read.yes("persons", false) || nationality.is_some() || role.is_some() || age.is_some() {
        facts.persons.push(Person {
            nationalities: nationality.into_iter().collect(),
            roles: role.into_iter().collect(),
            age,
        });
    }
    facts
}

/// A label of this level, in the originator's scheme if that has such a marking.
fn label(
    read: &Reader<'_>,
    originator: NationCode,
    schemes: &Schemes,
    at: Timestamp,
) -> Option<Label> {
    let class = match read.0.get("level") {
        Some(Setting::Level(level)) => *level,
        _ => 0,
    };
    let own = schemes.find(originator.as_str());
    let found = own.into_iter().chain(schemes.find(LADDER)).chain(schemes.iter());
    let mut found = found;
    let (scheme, marking) = found.find_map(|s| Some((s, s.marking(class)?)))?;
    Some(Label {
        policy: scheme.owner().to_owned(),
        class,
        marking: marking.to_owned(),
        controls: Vec::new(),
        created: at,
        review: None,
        alternatives: Vec::new(),
    })
}

/// A control that lists a group, as written in a label.
pub(crate) fn listing(tag: &str, code: &str) -> Control {
    Control { tag: tag.to_owned(), kind: ControlKind::Permissive, values: vec![code.to_owned()] }
}
