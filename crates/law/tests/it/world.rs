//! Builds rules and a case from a decision row, through the public path: literate texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use entente_law::{
    Access, Agreement, AgreementStatus, Case, CompileError, Consent, ConsentKind, DataProtection,
    InForce, NationalLaw, Offence, PartyStatus, Recipient, Request, Rules, Ruling, Scheme, Schemes,
    Subject, TortureRisk, Transfer, TransferKind, Use,
};
use entente_model::facts::{Person, Portion, Provenance};
use entente_model::{
    AgreementId, Control, ControlKind, Label, LawId, NationCode, ReleaseFacts, Timestamp,
};
use serde_json::Value;

/// A row, ready to be decided.
pub(crate) struct World {
    pub at: Timestamp,
    pub label: Label,
    pub facts: ReleaseFacts,
    pub recalled: bool,
    pub consents: Vec<Consent>,
    pub recipient: Recipient,
    pub transfer: Transfer,
    pub rules: Rules,
}

impl World {
    pub(crate) fn case(&self) -> Case<'_> {
        Case { at: self.at, subject: self.subject(), recipient: &self.recipient }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            label: &self.label,
            facts: &self.facts,
            recalled: self.recalled,
            originator: self.label.policy.parse().unwrap(),
            consents: &self.consents,
            transfer: &self.transfer,
        }
    }

    pub(crate) fn decide(&self) -> Ruling {
        self.rules.decide(&self.case())
    }
}

/// The rows of the vectors.
pub(crate) fn vectors() -> Vec<Value> {
    include_str!("../../../../vectors/decisions/decisions.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Our own rows, derived from the README by hand.
pub(crate) fn own() -> Vec<Value> {
    include_str!("../../../../vectors/decisions/own.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn instant(value: &Value) -> Timestamp {
    let at: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    Timestamp::from_millis(at.as_millisecond().try_into().unwrap())
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn maybe(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn nation(value: &Value) -> NationCode {
    value.as_str().unwrap().parse().unwrap()
}

/// A JSON value as TOML on one line; what is null is left out.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| format!("{} = {}", Value::from(k.as_str()), toml(v)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Null => panic!("a null has no place in TOML"),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => value.to_string(),
    }
}

fn block(out: &mut String, fence: &str, entries: &Value, skip: &[&str]) {
    writeln!(out, "```{fence}").unwrap();
    for (key, value) in entries.as_object().unwrap() {
        if !value.is_null() && !skip.contains(&key.as_str()) {
            writeln!(out, "{key} = {}", toml(value)).unwrap();
        }
    }
    out.push_str("```\n");
}

/// A row's agreement as a literate text.
pub(crate) fn agreement_text(agreement: &Value, groups: &Value) -> String {
    let mut out = String::from("+++\n");
    for key in ["id", "title", "kind", "in_force_from", "ends_on", "survival"] {
        if !agreement[key].is_null() {
            writeln!(out, "{key} = {}", agreement[key]).unwrap();
        }
    }
    for party in agreement["parties"].as_array().unwrap() {
        writeln!(out, "[[parties]]\nnation = {}", party["nation"]).unwrap();
    }
    out.push_str("[groups]\n");
    for (group, members) in groups.as_object().unwrap() {
        writeln!(out, "{group} = {}", toml(members)).unwrap();
    }
    out.push_str("+++\n\n");
    for (n, clause) in agreement["clauses"].as_array().unwrap().iter().enumerate() {
        writeln!(out, "## Article {}\n", n + 1).unwrap();
        block(&mut out, "clause", clause, &[]);
    }
    out
}

fn law_text(law: &Value) -> String {
    let mut out = String::new();
    writeln!(
        out,
        "+++\nid = {}\nnation = {}\ntitle = {}\n+++\n",
        law["id"], law["nation"], law["title"]
    )
    .unwrap();
    out.push_str("## Section 1\n\n");
    block(&mut out, "rule", law, &["id", "nation", "title"]);
    out
}

pub(crate) fn schemes(row: &Value) -> Schemes {
    let mut schemes = Schemes::default();
    for (owner, markings) in row["schemes"].as_object().unwrap() {
        let markings = markings
            .as_object()
            .unwrap()
            .iter()
            .map(|(m, level)| {
                (m.clone(), entente_law::level::parse(level.as_str().unwrap()).unwrap())
            })
            .collect();
        schemes.add(Scheme::new(owner, owner, markings));
    }
    schemes
}

/// The agreements and laws of a row, from literate texts. Their ids are their places.
pub(crate) fn texts(row: &Value) -> (Vec<Agreement>, Vec<NationalLaw>) {
    let agreements = row["agreements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| {
            let text = agreement_text(a, &row["groups"]);
            Agreement::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
        })
        .collect();
    let laws = row["national_law"]
        .as_array()
        .unwrap()
        .iter()
        .map(|law| {
            let text = law_text(law);
            NationalLaw::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
        })
        .collect();
    (agreements, laws)
}

/// The rules of a row.
pub(crate) fn rules(row: &Value) -> Result<Rules, CompileError> {
    let listed = row["agreements"].as_array().unwrap();
    let (agreements, laws) = texts(row);
    let parties: Vec<Vec<(NationCode, PartyStatus)>> = listed
        .iter()
        .map(|a| {
            let status = |p: &Value| match p["status"].as_str().unwrap() {
                "active" => PartyStatus::Active,
                "suspended" => PartyStatus::Suspended,
                _ => PartyStatus::Withdrawn,
            };
            a["parties"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| (nation(&p["nation"]), status(p)))
                .collect()
        })
        .collect();
    let held: Vec<InForce<'_>> = agreements
        .iter()
        .zip(&parties)
        .zip(listed)
        .enumerate()
        .map(|(n, ((agreement, parties), json))| InForce {
            agreement,
            id: AgreementId::from_array([u8::try_from(n).unwrap(); 32]),
            status: match json["status"].as_str().unwrap() {
                "in_force" => AgreementStatus::InForce,
                "suspended" => AgreementStatus::Suspended,
                _ => AgreementStatus::Terminated,
            },
            parties,
        })
        .collect();
    let laws: Vec<(LawId, &NationalLaw)> =
        (0..).zip(&laws).map(|(n, law)| (LawId::from_array([n; 32]), law)).collect();
    Rules::compile(&held, &laws, &schemes(row))
}

fn controls(value: &Value) -> Vec<Control> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            let tag = string(&c["control"]);
            let mut values = Vec::new();
            for key in ["owner", "name", "value", "code", "until", "on"] {
                values.extend(maybe(&c[key]));
            }
            for key in ["to", "named"] {
                if c[key].is_array() && (key == "to" || c["value"] == "RED") {
                    values.extend(strings(&c[key]));
                }
            }
            Control { tag, kind: ControlKind::Restrictive, values }
        })
        .collect()
}

fn persons(value: &Value) -> Vec<Person> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|p| Person {
            nationalities: p["nationality"].as_array().unwrap().iter().map(nation).collect(),
            roles: strings(&p["roles"]),
            age: p["age"].as_u64().map(|a| u8::try_from(a).unwrap()),
        })
        .collect()
}

/// Everything of a row.
pub(crate) fn world(row: &Value) -> World {
    let object = &row["object"];
    let scheme = string(&object["label"]["scheme"]);
    let levels: BTreeMap<String, u8> =
        schemes(row).get(&scheme).unwrap().markings().map(|(m, l)| (m.to_owned(), l)).collect();
    let class = |marking: &Value| levels[marking.as_str().unwrap()];
    let label = Label {
        policy: scheme,
        class: class(&object["label"]["marking"]),
        marking: string(&object["label"]["marking"]),
        controls: controls(&object["label"]["controls"]),
        created: Timestamp::from_millis(1),
        review: None,
        alternatives: Vec::new(),
    };
    let facts = ReleaseFacts {
        object_type: string(&object["type"]),
        portions: object["portions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| Portion {
                id: string(&p["id"]),
                marking: string(&p["marking"]),
                class: class(&p["marking"]),
                controls: controls(&p["controls"]),
                personal_data: p["personal_data"].as_bool(),
                persons: p["persons"].is_array().then(|| persons(&p["persons"])),
                data_categories: p["data_categories"]
                    .is_array()
                    .then(|| strings(&p["data_categories"])),
            })
            .collect(),
        divisible: object["divisible"].as_bool().unwrap(),
        personal_data: object["personal_data"].as_bool().unwrap(),
        persons: persons(&object["persons"]),
        data_categories: strings(&object["data_categories"]),
        area: maybe(&object["area"]),
        records: object["records"].as_u64().unwrap(),
        collected_for: maybe(&object["collected_for"]),
        collected_at: Some(instant(&object["collected_at"])),
        case_id: maybe(&object["case_id"]),
        provenance: object["provenance"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| Provenance {
                nation: nation(&p["nation"]),
                agreement: maybe(&p["agreement"]),
                portions: strings(&p["portions"]),
            })
            .collect(),
        exercise: object["exercise"].as_bool().unwrap(),
        court_sealed: object["court_sealed"].as_bool().unwrap(),
        pending_case: object["pending_case"].as_bool().unwrap(),
    };
    World {
        at: instant(&row["at"]),
        label,
        facts,
        recalled: object["recalled"].as_bool().unwrap(),
        consents: object["consents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| Consent {
                kind: ConsentKind::parse(c["type"].as_str().unwrap()).unwrap(),
                from: string(&c["from"]),
                to: strings(&c["to"]),
            })
            .collect(),
        recipient: recipient(&row["recipient"]),
        transfer: transfer(&row["transfer"]),
        rules: rules(row).unwrap_or_else(|e| panic!("{}: {e}", row["id"])),
    }
}

fn recipient(r: &Value) -> Recipient {
    Recipient {
        nation: nation(&r["nation"]),
        body: string(&r["body"]),
        user: maybe(&r["user"]),
        clearance: maybe(&r["clearance"]),
        accredited_to: maybe(&r["accredited_to"]),
        compartments: strings(&r["compartments"]),
        data_protection: DataProtection::parse(r["data_protection"].as_str().unwrap()).unwrap(),
        torture_risk: TortureRisk::parse(r["torture_risk"].as_str().unwrap()).unwrap(),
        death_penalty_for: strings(&r["death_penalty_for"]),
        reciprocity_met: r["reciprocity_met"].as_bool().unwrap(),
    }
}

fn transfer(t: &Value) -> Transfer {
    Transfer {
        kind: TransferKind::parse(t["kind"].as_str().unwrap()).unwrap(),
        sender: nation(&t["sender"]["nation"]),
        sender_body: string(&t["sender"]["body"]),
        purpose: string(&t["purpose"]),
        use_: Use::parse(t["use"].as_str().unwrap()).unwrap(),
        exercise: t["exercise"].as_bool().unwrap(),
        emergency: maybe(&t["emergency"]),
        facts: strings(&t["facts"]),
        grounds: strings(&t["grounds"]),
        offence: t["offence"].is_object().then(|| Offence {
            kind: string(&t["offence"]["type"]),
            criminal_in_sender: t["offence"]["criminal_in_sender"].as_bool().unwrap(),
            max_penalty_months: t["offence"]["max_penalty_months"].as_u64().unwrap(),
        }),
        case_id: maybe(&t["case_id"]),
        request: t["request"].is_object().then(|| Request {
            received_at: instant(&t["request"]["received_at"]),
            urgent: t["request"]["urgent"].as_bool().unwrap(),
            access: Access::parse(t["request"]["access"].as_str().unwrap()).unwrap(),
        }),
    }
}
