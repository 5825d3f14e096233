//! Turns the attributes that a solver found into a case that can be decided and kept.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an attribute of any other type is not the one expected"
)]

use std::collections::BTreeSet;

use cedar_policy::{Context, EvalResult};
use entente_model::facts::{Person, Provenance};
use entente_model::{Label, NationCode, ReleaseFacts, Timestamp};

use super::question;
use crate::case::{
    Consent, ConsentKind, DataProtection, Offence, Recipient, TortureRisk, Transfer, TransferKind,
    Use,
};
use crate::consequence::stranger;
use crate::decide::{TIME_MILLIS_MAX, attributes_of};
use crate::policy::Action;
use crate::rules::Rules;
use crate::scenario::Scenario;
use crate::scheme::Schemes;
use crate::time::DAY_MILLIS;

/// The largest number that a decision row can hold.
const NUMBER_MAX: u64 = 1 << 53;
/// Two days before the end of 9999: later instants are another year somewhere, and rows have none.
const MOMENT_MILLIS_MAX: u64 = TIME_MILLIS_MAX - 2 * DAY_MILLIS;

struct Attributes<'c>(&'c Context);

impl Attributes<'_> {
    fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(EvalResult::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A word that may be absent.
    fn maybe(&self, name: &str) -> Option<String> {
        self.text(name).map(named)
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(EvalResult::Long(number)) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// A moment to the second, as rows hold it. The case is decided as it is told.
    fn moment(&self, name: &str) -> Option<Timestamp> {
        let millis = self.number(name)?.min(MOMENT_MILLIS_MAX);
        Some(Timestamp::from_millis(millis - millis % 1000))
    }

    fn yes(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(EvalResult::Bool(true)))
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(EvalResult::Set(set)) => set
                .iter()
                .filter_map(|member| match member {
                    EvalResult::String(text) => Some(named(text.clone())),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn offence(&self) -> Option<Offence> {
        let Some(EvalResult::Record(record)) = self.0.get("offence") else { return None };
        let kind = match record.get("kind")? {
            EvalResult::String(kind) => named(kind.clone()),
            _ => return None,
        };
        let months = match record.get("max_penalty_months")? {
            EvalResult::Long(months) => u64::try_from(*months).ok()?,
            _ => return None,
        };
        let criminal_in_sender =
            matches!(record.get("criminal_in_sender")?, EvalResult::Bool(true));
        Some(Offence { kind, criminal_in_sender, max_penalty_months: months.min(NUMBER_MAX) })
    }
}

/// The same word wherever the solver has an empty one, so that what was equal still is.
fn named(text: String) -> String {
    if text.is_empty() { "unnamed".to_owned() } else { text }
}

/// A word that people can read: a solver is content with an empty one.
fn word(text: Option<String>, instead: &str) -> String {
    text.filter(|t| !t.is_empty()).unwrap_or_else(|| instead.to_owned())
}

/// A case with these attributes. The object has no controls and no foreign information.
pub(super) fn release(
    context: &Context,
    schemes: &Schemes,
    known: &BTreeSet<NationCode>,
) -> Option<Scenario> {
    let read = Attributes(context);
    let sender: NationCode = read.text("sender")?.parse().ok()?;
    let nation: NationCode = read.text("recipient")?.parse().ok()?;
    let at = read.moment("at")?;
    let level = u8::try_from(read.number("level")?).ok()?;
    let said: Option<NationCode> = read.text("originator").and_then(|o| o.parse().ok());
    let (originator, marking) = mark(said, sender, level, schemes, known)?;
    let held = |name: &str| {
        let level = u8::try_from(read.number(name)?).ok()?;
        schemes.find(nation.as_str())?.marking(level).map(str::to_owned)
    };
    let mut recipient = Recipient::new(nation, word(read.text("recipient_body"), "ANY-BODY"));
    recipient.clearance = held("clearance");
    recipient.accredited_to = held("accredited");
    recipient.data_protection = DataProtection::parse(&read.text("data_protection")?)?;
    recipient.torture_risk = TortureRisk::parse(&read.text("torture_risk")?)?;
    recipient.death_penalty_for = read.texts("death_penalty_for");
    recipient.reciprocity_met = read.yes("reciprocity_met");
    let mut transfer = Transfer::new(
        sender,
        word(read.text("sender_body"), "ANY-BODY"),
        word(read.text("purpose"), "any_purpose"),
    );
    transfer.kind = TransferKind::parse(&read.text("transfer_kind")?)?;
    transfer.use_ = Use::parse(&read.text("use")?)?;
    transfer.exercise = read.yes("exercise");
    transfer.emergency = read.maybe("emergency");
    transfer.facts = read.texts("facts");
    transfer.grounds = read.texts("grounds");
    transfer.offence = read.offence();
    transfer.case_id = read.maybe("transfer_case");
    let mut persons = Vec::new();
    if read.yes("persons") {
        let nationalities = read.texts("nationalities");
        persons.push(Person {
            nationalities: nationalities.iter().filter_map(|n| n.parse().ok()).collect(),
            roles: read.texts("roles"),
            age: read.number("youngest").and_then(|a| u8::try_from(a).ok()),
        });
    }
    let facts = ReleaseFacts {
        object_type: word(read.text("object_type"), "any_kind"),
        personal_data: read.yes("personal_data"),
        persons,
        data_categories: read.texts("data_categories"),
        area: read.maybe("area"),
        records: read.number("records")?.min(NUMBER_MAX),
        collected_for: read.maybe("collected_for"),
        collected_at: read.moment("collected_at"),
        case_id: read.maybe("object_case"),
        exercise: read.yes("exercise_data"),
        court_sealed: read.yes("court_sealed"),
        pending_case: read.yes("pending_case"),
        ..ReleaseFacts::default()
    };
    let consents = consents(ConsentKind::EvidenceUse, &read.texts("evidence_from"), nation);
    Some(Scenario {
        at,
        label: Label {
            policy: originator.to_string(),
            class: level,
            marking,
            controls: Vec::new(),
            created: at,
            review: None,
            alternatives: Vec::new(),
        },
        facts,
        recalled: read.yes("recalled"),
        originator,
        consents,
        recipient,
        transfer,
    })
}

/// Makes the owner of the label's scheme the originator, so that the case can be written down;
/// `None` if that is no nation.
pub(super) fn owned(mut scenario: Scenario) -> Option<Scenario> {
    scenario.originator = scenario.label.policy.parse().ok()?;
    Some(scenario)
}

/// Whether a case has one of these faults, by the engine that decides. What a solver found is
/// rounded and renamed on its way to a case.
pub(super) fn has_fault(rules: &Rules, scenario: &Scenario, faults: &[String]) -> bool {
    let Some(mut attributes) = attributes_of(rules, &scenario.case()) else { return false };
    attributes.maybe_text("emergency", scenario.transfer.emergency.as_deref());
    let set = question::prohibitions(Action::Release, faults.iter().cloned());
    let (Ok(set), Some(context)) = (set, attributes.context()) else { return false };
    !rules.engine.evaluate(Action::Release, &set, context).fired.is_empty()
}

fn consents(kind: ConsentKind, from: &[String], to: NationCode) -> Vec<Consent> {
    let given =
        from.iter().map(|from| Consent { kind, from: from.clone(), to: vec![to.to_string()] });
    given.collect()
}

/// An originator whose scheme has a marking for the level: the one that was found, the sender, or
/// any other.
fn mark(
    said: Option<NationCode>,
    sender: NationCode,
    level: u8,
    schemes: &Schemes,
    known: &BTreeSet<NationCode>,
) -> Option<(NationCode, String)> {
    let candidates = said.into_iter().chain([sender]).chain(known.iter().copied());
    let others = schemes.iter().filter_map(|s| s.owner().parse().ok());
    candidates.chain(others).find_map(|nation: NationCode| {
        let marking = schemes.find(nation.as_str())?.marking(level)?;
        Some((nation, marking.to_owned()))
    })
}

/// Who holds foreign information, who gave it, who would get it, and whether the giver consents.
pub(super) struct PassedOn {
    pub sender: NationCode,
    pub provider: NationCode,
    pub recipient: NationCode,
    pub consented: bool,
}

/// What is passed on to whom. A recipient that is no nation's code is one that is no party.
pub(super) fn onward(context: &Context, known: &BTreeSet<NationCode>) -> Option<PassedOn> {
    let read = Attributes(context);
    let provider: NationCode = read.text("provider")?.parse().ok()?;
    let recipient = read.text("recipient")?.parse().ok();
    Some(PassedOn {
        sender: read.text("sender")?.parse().ok()?,
        provider,
        recipient: recipient.or_else(|| stranger(known))?,
        consented: read.texts("release_from").iter().any(|f| f == provider.as_str()),
    })
}

/// Foreign information inside an object.
pub(super) fn foreign(nation: NationCode, agreement: &str) -> Provenance {
    Provenance { nation, agreement: Some(agreement.to_owned()), portions: Vec::new() }
}
