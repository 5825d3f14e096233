//! A case written down as a decision row, so that a person can load it, change it and ask again.
//!
//! The vocabulary is that of the decision rows: a row needs nothing outside itself.

use std::collections::{BTreeMap, BTreeSet};

use entente_law::agreement::AgreementKind;
use entente_law::scenario::Scenario;
use entente_law::{Agreement, NationalLaw, Schemes, level};
use entente_model::facts::Person;
use entente_model::{Control, NationCode, Timestamp};
use serde_json::{Map, Value, json};

/// The texts under which a case is decided.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// The agreements, all in force.
    pub agreements: &'a [Agreement],
    /// The national laws.
    pub laws: &'a [NationalLaw],
    /// The schemes.
    pub schemes: &'a Schemes,
}

/// One row.
pub fn row(id: &str, title: &str, case: &Scenario, texts: &Texts<'_>) -> Value {
    json!({
        "id": id,
        "scenario": id,
        "scenario_title": title,
        "title": title,
        "at": instant(case.at),
        "schemes": schemes(case, texts),
        "groups": groups(texts.agreements),
        "agreements": texts.agreements.iter().map(agreement).collect::<Vec<_>>(),
        "national_law": texts.laws.iter().flat_map(law).collect::<Vec<_>>(),
        "object": object(id, case),
        "recipient": recipient(case),
        "transfer": transfer(case),
    })
}

fn instant(at: Timestamp) -> String {
    let millis = i64::try_from(at.millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "9999-12-30T00:00:00Z".to_owned(), |t| t.to_string())
}

/// Rows always say when something was collected, and take what is before 1970 for unknown.
const UNKNOWN: &str = "1969-12-31T00:00:00Z";

fn day(at: Timestamp) -> String {
    instant(at).chars().take(10).collect()
}

/// The schemes of the nations that take part: those whose markings the row can name.
fn schemes(case: &Scenario, texts: &Texts<'_>) -> Value {
    let parties = texts.agreements.iter().flat_map(|a| a.parties().iter().map(|p| p.nation));
    let besides = [case.originator, case.transfer.sender, case.recipient.nation];
    let nations: BTreeSet<NationCode> = parties.chain(besides).collect();
    let of = |markings: Vec<(&str, u8)>| -> Map<String, Value> {
        markings.into_iter().map(|(m, l)| (m.to_owned(), json!(level::name(l)))).collect()
    };
    let all: Map<String, Value> = texts
        .schemes
        .iter()
        .filter(|s| s.owner().parse().is_ok_and(|nation| nations.contains(&nation)))
        .map(|s| (s.owner().to_owned(), Value::Object(of(s.markings().collect()))))
        .collect();
    Value::Object(all)
}

fn codes<'a>(nations: impl IntoIterator<Item = &'a NationCode>) -> Vec<String> {
    nations.into_iter().map(NationCode::to_string).collect()
}

fn groups(agreements: &[Agreement]) -> Value {
    let all: BTreeMap<&String, Vec<String>> =
        agreements.iter().flat_map(Agreement::groups).map(|(g, m)| (g, codes(m))).collect();
    json!(all)
}

/// A block of TOML as a JSON object. It was read before, so it is TOML.
fn block(toml: &str) -> Map<String, Value> {
    match toml::from_str(toml) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Rows have no word for a domestic arrangement, and nothing in a decision reads the kind.
fn kind(kind: AgreementKind) -> &'static str {
    if kind == AgreementKind::Domestic { AgreementKind::Memorandum } else { kind }.as_str()
}

fn agreement(agreement: &Agreement) -> Value {
    let parties: Vec<Value> = agreement
        .parties()
        .iter()
        .map(|p| json!({ "nation": p.nation.to_string(), "status": "active" }))
        .collect();
    json!({
        "id": agreement.code(),
        "title": agreement.title(),
        "kind": kind(agreement.kind()),
        "status": "in_force",
        "in_force_from": day(agreement.in_force_from()),
        "ends_on": agreement.ends_on().map(day),
        "survival": agreement.survival(),
        "parties": parties,
        "clauses": agreement.blocks().into_iter().map(block).collect::<Vec<_>>(),
    })
}

fn law(law: &NationalLaw) -> Vec<Value> {
    let mut rules = Vec::new();
    for (id, toml) in law.blocks() {
        let mut rule = block(toml);
        let code: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' })
            .collect();
        rule.insert("id".to_owned(), json!(code));
        rule.insert("nation".to_owned(), json!(law.nation().to_string()));
        rule.insert("title".to_owned(), json!(law.title()));
        for (key, absent) in
            [("unless", json!([])), ("authority", Value::Null), ("transform", Value::Null)]
        {
            rule.entry(key).or_insert(absent);
        }
        rules.push(Value::Object(rule));
    }
    rules
}

fn control(control: &Control) -> Value {
    let value = control.values.first();
    let tag = control.tag.as_str();
    match tag {
        "REL_TO" | "DISPLAY_ONLY" => json!({ "control": tag, "to": control.values }),
        "PROPIN" => json!({ "control": tag, "owner": value }),
        "COMPARTMENT" => json!({ "control": tag, "name": value }),
        "HANDLING" => json!({ "control": tag, "code": value }),
        "EMBARGO" => json!({ "control": tag, "until": value }),
        "EXPIRES" => json!({ "control": tag, "on": value }),
        "TLP" => match control.values.as_slice() {
            [colour, named @ ..] if !named.is_empty() => {
                json!({ "control": tag, "value": colour, "named": named })
            }
            _ => json!({ "control": tag, "value": value }),
        },
        "PAP" => json!({ "control": tag, "value": value }),
        _ => json!({ "control": tag }),
    }
}

fn person(person: &Person) -> Value {
    json!({
        "nationality": codes(&person.nationalities),
        "age": person.age,
        "roles": person.roles,
    })
}

fn object(id: &str, case: &Scenario) -> Value {
    let facts = &case.facts;
    let portions: Vec<Value> = facts
        .portions
        .iter()
        .map(|p| {
            let mut portion = json!({
                "id": p.id,
                "marking": p.marking,
                "controls": p.controls.iter().map(control).collect::<Vec<_>>(),
            });
            if let Value::Object(members) = &mut portion {
                members.extend(p.personal_data.map(|d| ("personal_data".to_owned(), json!(d))));
                let persons = p.persons.as_ref();
                let persons = persons.map(|all| all.iter().map(person).collect::<Vec<_>>());
                members.extend(persons.map(|all| ("persons".to_owned(), json!(all))));
                let categories = p.data_categories.as_ref();
                members.extend(categories.map(|c| ("data_categories".to_owned(), json!(c))));
            }
            portion
        })
        .collect();
    let provenance: Vec<Value> = facts
        .provenance
        .iter()
        .map(|p| {
            json!({
                "nation": p.nation.to_string(),
                "agreement": p.agreement,
                "portions": p.portions,
            })
        })
        .collect();
    let consents: Vec<Value> = case
        .consents
        .iter()
        .map(|c| json!({ "type": c.kind.as_str(), "from": c.from, "to": c.to }))
        .collect();
    json!({
        "id": id,
        "type": facts.object_type,
        "label": {
            "scheme": case.originator.to_string(),
            "marking": case.label.marking,
            "controls": case.label.controls.iter().map(control).collect::<Vec<_>>(),
        },
        "portions": portions,
        "divisible": facts.divisible,
        "personal_data": facts.personal_data,
        "persons": facts.persons.iter().map(person).collect::<Vec<_>>(),
        "data_categories": facts.data_categories,
        "area": facts.area,
        "records": facts.records,
        "collected_for": facts.collected_for,
        "collected_at": facts.collected_at.map_or_else(|| UNKNOWN.to_owned(), instant),
        "case_id": facts.case_id,
        "provenance": provenance,
        "consents": consents,
        "recalled": case.recalled,
        "exercise": facts.exercise,
        "court_sealed": facts.court_sealed,
        "pending_case": facts.pending_case,
    })
}

fn recipient(case: &Scenario) -> Value {
    let r = &case.recipient;
    json!({
        "nation": r.nation.to_string(),
        "body": r.body,
        "user": r.user,
        "clearance": r.clearance,
        "accredited_to": r.accredited_to,
        "compartments": r.compartments,
        "data_protection": r.data_protection.as_str(),
        "torture_risk": r.torture_risk.as_str(),
        "death_penalty_for": r.death_penalty_for,
        "reciprocity_met": r.reciprocity_met,
    })
}

fn transfer(case: &Scenario) -> Value {
    let t = &case.transfer;
    let offence = t.offence.as_ref().map(|o| {
        json!({
            "type": o.kind,
            "criminal_in_sender": o.criminal_in_sender,
            "max_penalty_months": o.max_penalty_months,
        })
    });
    let request = t.request.as_ref().map(|r| {
        json!({
            "received_at": instant(r.received_at),
            "urgent": r.urgent,
            "access": r.access.as_str(),
        })
    });
    json!({
        "kind": t.kind.as_str(),
        "sender": { "nation": t.sender.to_string(), "body": t.sender_body },
        "purpose": t.purpose,
        "use": t.use_.as_str(),
        "exercise": t.exercise,
        "emergency": t.emergency,
        "facts": t.facts,
        "grounds": t.grounds,
        "offence": offence,
        "case_id": t.case_id,
        "request": request,
    })
}
