//! The object, the recipient and the transfer of a row.

use entente_model::facts::{Person, Portion, Provenance};
use entente_model::{Control, Label, NationCode, ReleaseFacts, Timestamp};

use super::Result;
use super::json::{Fields, Spot};
use crate::case::{
    Access, Consent, ConsentKind, DataProtection, Offence, Recipient, Request, TortureRisk,
    Transfer, TransferKind, Use,
};
use crate::control;
use crate::scheme::{Scheme, Schemes};

/// What is to be released.
pub(super) struct Object {
    pub label: Label,
    pub originator: NationCode,
    pub facts: ReleaseFacts,
    pub recalled: bool,
    pub consents: Vec<Consent>,
}

pub(super) fn object(spot: &Spot<'_>, schemes: &Schemes) -> Result<Object> {
    let object = spot.fields()?;
    // Its name takes no part in the decision.
    object.need("id")?.text()?;
    let written = object.need("label")?.fields()?;
    let scheme_at = written.need("scheme")?;
    let originator = scheme_at.nation()?;
    let Some(scheme) = schemes.find(originator.as_str()) else {
        return scheme_at.fault(format!("{originator} has no scheme in `schemes`"));
    };
    let (marking, class) = marking(&written, scheme)?;
    let label = Label {
        policy: originator.to_string(),
        class,
        marking,
        controls: written.need("controls")?.each(|item| read_control(&item))?,
        created: Timestamp::default(),
        review: None,
        alternatives: Vec::new(),
    };
    written.finish()?;
    let facts = ReleaseFacts {
        object_type: object.need("type")?.owned()?,
        portions: object.need("portions")?.each(|item| portion(&item, scheme))?,
        divisible: object.need("divisible")?.bool()?,
        personal_data: object.need("personal_data")?.bool()?,
        persons: object.need("persons")?.each(|item| person(&item))?,
        data_categories: object.need("data_categories")?.texts()?,
        area: maybe(&object, "area")?,
        records: object.need("records")?.uint()?,
        collected_for: maybe(&object, "collected_for")?,
        // What was collected before 1970 counts as collected at an unknown time, which is the
        // stricter reading wherever age matters.
        collected_at: object.need("collected_at")?.moment()?,
        case_id: maybe(&object, "case_id")?,
        provenance: object.need("provenance")?.each(|item| provenance(&item))?,
        exercise: object.need("exercise")?.bool()?,
        court_sealed: object.need("court_sealed")?.bool()?,
        pending_case: object.need("pending_case")?.bool()?,
    };
    let consents = object.need("consents")?.each(|item| consent(&item))?;
    let recalled = object.need("recalled")?.bool()?;
    object.finish()?;
    Ok(Object { label, originator, facts, recalled, consents })
}

fn marking(fields: &Fields<'_>, scheme: &Scheme) -> Result<(String, u8)> {
    let spot = fields.need("marking")?;
    let marking = spot.owned()?;
    if let Some(class) = scheme.level(&marking) {
        return Ok((marking, class));
    }
    let known: Vec<&str> = scheme.markings().map(|(m, _)| m).collect();
    spot.fault(format!("the scheme of {} has only {}", scheme.owner(), known.join(", ")))
}

/// Text, or nothing where it is null.
fn maybe(fields: &Fields<'_>, key: &'static str) -> Result<Option<String>> {
    fields.need(key)?.some().map(|spot| spot.owned()).transpose()
}

fn portion(spot: &Spot<'_>, scheme: &Scheme) -> Result<Portion> {
    let fields = spot.fields()?;
    let id = fields.need("id")?.name()?;
    let (marking, class) = marking(&fields, scheme)?;
    let portion = Portion {
        id,
        marking,
        class,
        controls: fields.need("controls")?.each(|item| read_control(&item))?,
        personal_data: fields.find("personal_data").map(|s| s.bool()).transpose()?,
        persons: fields.find("persons").map(|s| s.each(|item| person(&item))).transpose()?,
        data_categories: fields.find("data_categories").map(|s| s.texts()).transpose()?,
    };
    fields.finish()?;
    Ok(portion)
}

fn person(spot: &Spot<'_>) -> Result<Person> {
    let fields = spot.fields()?;
    let age = match fields.need("age")?.some() {
        Some(spot) => match u8::try_from(spot.uint()?) {
            Ok(age) => Some(age),
            Err(_) => return spot.fault("an age is at most 255 years"),
        },
        None => None,
    };
    let person = Person {
        nationalities: fields.need("nationality")?.each(|item| item.nation())?,
        roles: fields.need("roles")?.texts()?,
        age,
    };
    fields.finish()?;
    Ok(person)
}

fn provenance(spot: &Spot<'_>) -> Result<Provenance> {
    let fields = spot.fields()?;
    let provenance = Provenance {
        nation: fields.need("nation")?.nation()?,
        agreement: maybe(&fields, "agreement")?,
        portions: fields.need("portions")?.texts()?,
    };
    fields.finish()?;
    Ok(provenance)
}

fn consent(spot: &Spot<'_>) -> Result<Consent> {
    let fields = spot.fields()?;
    let consent = Consent {
        kind: fields.need("type")?.word(
            ConsentKind::ALL,
            ConsentKind::parse,
            ConsentKind::as_str,
        )?,
        from: fields.need("from")?.owned()?,
        to: fields.need("to")?.texts()?,
    };
    fields.finish()?;
    Ok(consent)
}

/// A control: its name and the values that a control of that name has.
fn read_control(spot: &Spot<'_>) -> Result<Control> {
    let fields = spot.fields()?;
    let name = fields.need("control")?;
    let tag = name.text()?;
    let Some(kind) = control::find(tag) else {
        let known: Vec<&str> = control::TYPES.iter().map(|t| t.tag()).collect();
        return name.fault(format!("unknown control; known controls: {}", known.join(", ")));
    };
    let values = match tag {
        "REL_TO" | "DISPLAY_ONLY" => fields.need("to")?.texts()?,
        "PROPIN" => vec![fields.need("owner")?.owned()?],
        "COMPARTMENT" => vec![fields.need("name")?.owned()?],
        "PAP" => vec![fields.need("value")?.owned()?],
        "HANDLING" => vec![fields.need("code")?.owned()?],
        "EMBARGO" => vec![fields.need("until")?.owned()?],
        "EXPIRES" => vec![fields.need("on")?.owned()?],
        "TLP" => {
            let mut values = vec![fields.need("value")?.owned()?];
            let named = fields.find("named").map(|s| s.texts()).transpose()?.unwrap_or_default();
            // Only RED is for the persons it names.
            if values.first().is_some_and(|colour| colour == "RED") {
                values.extend(named);
            }
            values
        }
        _ => Vec::new(),
    };
    fields.finish()?;
    let control = Control { tag: tag.to_owned(), kind: kind.kind(), values };
    if let Some(wrong) = control::misunderstood(&control) {
        return spot.fault(wrong);
    }
    Ok(control)
}

pub(super) fn recipient(spot: &Spot<'_>) -> Result<Recipient> {
    let fields = spot.fields()?;
    let recipient = Recipient {
        nation: fields.need("nation")?.nation()?,
        body: fields.need("body")?.owned()?,
        user: maybe(&fields, "user")?,
        clearance: maybe(&fields, "clearance")?,
        accredited_to: maybe(&fields, "accredited_to")?,
        compartments: fields.need("compartments")?.texts()?,
        data_protection: fields.need("data_protection")?.word(
            DataProtection::ALL,
            DataProtection::parse,
            DataProtection::as_str,
        )?,
        torture_risk: fields.need("torture_risk")?.word(
            TortureRisk::ALL,
            TortureRisk::parse,
            TortureRisk::as_str,
        )?,
        death_penalty_for: fields.need("death_penalty_for")?.texts()?,
        reciprocity_met: fields.need("reciprocity_met")?.bool()?,
    };
    fields.finish()?;
    Ok(recipient)
}

pub(super) fn transfer(spot: &Spot<'_>) -> Result<Transfer> {
    let fields = spot.fields()?;
    let sender = fields.need("sender")?.fields()?;
    let transfer = Transfer {
        kind: fields.need("kind")?.word(
            TransferKind::ALL,
            TransferKind::parse,
            TransferKind::as_str,
        )?,
        sender: sender.need("nation")?.nation()?,
        sender_body: sender.need("body")?.owned()?,
        purpose: fields.need("purpose")?.owned()?,
        use_: fields.need("use")?.word(Use::ALL, Use::parse, Use::as_str)?,
        exercise: fields.need("exercise")?.bool()?,
        emergency: maybe(&fields, "emergency")?,
        facts: fields.need("facts")?.texts()?,
        grounds: fields.need("grounds")?.texts()?,
        offence: fields.need("offence")?.some().map(|s| offence(&s)).transpose()?,
        case_id: maybe(&fields, "case_id")?,
        request: fields.need("request")?.some().map(|s| request(&s)).transpose()?,
    };
    sender.finish()?;
    fields.finish()?;
    Ok(transfer)
}

fn offence(spot: &Spot<'_>) -> Result<Offence> {
    let fields = spot.fields()?;
    let offence = Offence {
        kind: fields.need("type")?.owned()?,
        criminal_in_sender: fields.need("criminal_in_sender")?.bool()?,
        max_penalty_months: fields.need("max_penalty_months")?.uint()?,
    };
    fields.finish()?;
    Ok(offence)
}

fn request(spot: &Spot<'_>) -> Result<Request> {
    let fields = spot.fields()?;
    let request = Request {
        received_at: fields.need("received_at")?.instant()?,
        urgent: fields.need("urgent")?.bool()?,
        access: fields.need("access")?.word(Access::ALL, Access::parse, Access::as_str)?,
    };
    fields.finish()?;
    Ok(request)
}
