//! Questions about a text of the library, as its `.cases.toml` asks them.
//!
//! Each file names a cast of recipients and what is known of them, then cases; a case is asked for
//! every other member of the cast, or for those that it names.

use std::fs;
use std::path::{Path, PathBuf};

use entente_law::{
    Access, Agreement, AgreementStatus, Case, Consent, ConsentKind, DataProtection, InForce,
    NationalLaw, Offence, PartyStatus, Recipient, Request, Rules, Ruling, Schemes, Subject,
    TortureRisk, Transfer, TransferKind, Use, parse_facts, parse_label,
};
use entente_model::{AgreementId, LawId, NationCode, Timestamp};
use toml::{Table, Value};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The stems of the texts in a folder: what has `.md` and is no README.
pub(crate) fn texts(folder: &str) -> Vec<String> {
    let mut stems: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()))
        .filter(|stem| stem != "README")
        .collect();
    stems.sort();
    stems
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What a question came to.
pub(crate) struct Answered {
    pub recipient: String,
    pub ruling: Ruling,
}

/// One case with its answers.
pub(crate) struct Asked {
    pub title: String,
    pub label: String,
    pub from: String,
    pub purpose: String,
    /// What else the case says, in the words of its file.
    pub besides: Vec<String>,
    pub answers: Vec<Answered>,
}

/// A file of cases with the rules that it is asked under.
pub(crate) struct Questions {
    pub title: String,
    pub at: String,
    pub cast: Vec<String>,
    pub cases: Vec<Asked>,
    pub agreements: Vec<Agreement>,
    pub laws: Vec<NationalLaw>,
}

struct Keys<'a>(&'a Table, &'a str);

impl Keys<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|v| v.as_str().unwrap_or_else(|| self.wrong(key)).to_owned())
    }

    fn need(&self, key: &str) -> String {
        self.text(key).unwrap_or_else(|| self.wrong(key))
    }

    fn list(&self, key: &str) -> Vec<String> {
        let items = self.0.get(key).map_or(&[][..], |v| v.as_array().unwrap());
        items.iter().map(|v| v.as_str().unwrap_or_else(|| self.wrong(key)).to_owned()).collect()
    }

    fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|v| v.as_bool().unwrap_or_else(|| self.wrong(key)))
    }

    fn table(&self, key: &str) -> Option<Keys<'_>> {
        self.0.get(key).map(|v| Keys(v.as_table().unwrap_or_else(|| self.wrong(key)), self.1))
    }

    fn instant(&self, key: &str) -> Timestamp {
        instant(&self.0.get(key).unwrap_or_else(|| self.wrong(key)).to_string())
    }

    /// Fails for a key that nothing here reads: a misspelt one would change a case unseen.
    fn only(&self, known: &[&str]) {
        if let Some(strange) = self.0.keys().find(|key| !known.contains(&key.as_str())) {
            panic!("{}: unknown key `{strange}`", self.1);
        }
    }

    fn wrong<T>(&self, key: &str) -> T {
        panic!("{}: `{key}` is missing or wrong", self.1)
    }
}

fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(at.as_millisecond().try_into().unwrap())
}

fn nation(code: &str) -> NationCode {
    code.parse().unwrap_or_else(|e| panic!("{code}: {e}"))
}

/// Asks every case of `folder/stem.cases.toml`.
pub(crate) fn ask(folder: &str, stem: &str) -> Questions {
    let path = format!("{folder}/{stem}.cases.toml");
    let file: Table = read(&path).parse().unwrap_or_else(|e| panic!("{path}: {e}"));
    let keys = Keys(&file, &path);
    keys.only(&["title", "at", "agreements", "laws", "parties", "cast", "cases"]);
    let (mut agreements, mut laws) = (keys.list("agreements"), keys.list("laws"));
    let own = if folder == "agreements" { &mut agreements } else { &mut laws };
    own.insert(0, stem.to_owned());
    let agreements: Vec<Agreement> =
        agreements.iter().map(|stem| agreement(&format!("agreements/{stem}.md"))).collect();
    let laws: Vec<NationalLaw> = laws.iter().map(|stem| law(&format!("laws/{stem}.md"))).collect();
    let parties: Vec<(NationCode, PartyStatus)> = keys.table("parties").map_or(vec![], |t| {
        t.0.keys()
            .map(|party| {
                let status = match t.need(party).as_str() {
                    "suspended" => PartyStatus::Suspended,
                    "withdrawn" => PartyStatus::Withdrawn,
                    _ => t.wrong(party),
                };
                (nation(party), status)
            })
            .collect()
    });
    let held: Vec<InForce<'_>> = agreements
        .iter()
        .zip(1u8..)
        .map(|(agreement, n)| InForce {
            agreement,
            id: AgreementId::from_array([n; 32]),
            status: AgreementStatus::InForce,
            parties: &parties,
        })
        .collect();
    let numbered: Vec<(LawId, &NationalLaw)> =
        laws.iter().map(|law| (LawId::from_array([2; 32]), law)).collect();
    let rules = Rules::compile(&held, &numbered, &Schemes::builtin())
        .unwrap_or_else(|e| panic!("{path}: {e}"));
    let at = keys.instant("at");
    let cast = keys.table("cast").unwrap();
    let cases = file["cases"].as_array().unwrap();
    let asked = cases
        .iter()
        .map(|case| asked(&Keys(case.as_table().unwrap(), &path), &cast, &rules, at))
        .collect();
    Questions {
        title: keys.need("title"),
        at: keys.0["at"].to_string().chars().take(10).collect(),
        cast: cast.0.keys().map(|nation| member(nation, &cast)).collect(),
        cases: asked,
        agreements,
        laws,
    }
}

pub(crate) fn agreement(path: &str) -> Agreement {
    Agreement::parse(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub(crate) fn law(path: &str) -> NationalLaw {
    NationalLaw::parse(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A member of the cast in words.
fn member(nation: &str, cast: &Keys<'_>) -> String {
    let keys = cast.table(nation).unwrap();
    let mut words = vec![keys.need("body")];
    let reader = keys
        .text("clearance")
        .map_or("reader not cleared".into(), |c| format!("reader cleared {c}"));
    words.push(reader);
    for (key, says) in [
        ("accredited_to", "system accredited"),
        ("data_protection", "data protection"),
        ("torture_risk", "risk of torture"),
    ] {
        words.extend(keys.text(key).map(|value| format!("{says} {value}")));
    }
    for (key, says) in [("compartments", "holds"), ("death_penalty_for", "death penalty for")] {
        let list = keys.list(key);
        words.extend((!list.is_empty()).then(|| format!("{says} {}", list.join(", "))));
    }
    if keys.0.contains_key("reciprocity_met") {
        let words_of =
            if keys.flag("reciprocity_met") { "reciprocates" } else { "does not reciprocate" };
        words.push(words_of.to_owned());
    }
    format!("{nation}: {}", words.join("; "))
}

fn asked(case: &Keys<'_>, cast: &Keys<'_>, rules: &Rules, at: Timestamp) -> Asked {
    case.only(&[
        "title",
        "from",
        "from_body",
        "to",
        "body",
        "recipient",
        "label",
        "originator",
        "purpose",
        "use",
        "kind",
        "exercise",
        "emergency",
        "established",
        "grounds",
        "offence",
        "case",
        "request",
        "consents",
        "recalled",
        "facts",
    ]);
    let from = case.need("from");
    let originator = case.text("originator").unwrap_or_else(|| from.clone());
    let scheme = rules.schemes().get(&originator).unwrap().clone();
    let written = case.need("label");
    let label = parse_label(&written, &scheme, at).unwrap_or_else(|e| panic!("{}: {e}", case.1));
    let facts = case.table("facts").map_or(String::new(), |t| toml::to_string(t.0).unwrap());
    let facts = parse_facts(&facts, &scheme).unwrap_or_else(|e| panic!("{}: {e}\n{facts}", case.1));
    let own = cast.table(&from).and_then(|t| t.text("body"));
    let body = case.text("from_body").or(own).unwrap_or_else(|| case.wrong("from"));
    let transfer = transfer(case, nation(&from), body.clone());
    let consents = consents(case);
    let mut to = case.list("to");
    if to.is_empty() {
        to = cast.0.keys().filter(|n| **n != from).cloned().collect();
    }
    let answers = to
        .into_iter()
        .map(|code| {
            let recipient = recipient(&code, case, cast);
            let subject = Subject {
                label: &label,
                facts: &facts,
                recalled: case.flag("recalled"),
                originator: nation(&originator),
                consents: &consents,
                transfer: &transfer,
            };
            let ruling = rules.decide(&Case { at, subject, recipient: &recipient });
            Answered { recipient: format!("{code} ({})", recipient.body), ruling }
        })
        .collect();
    Asked {
        title: case.need("title"),
        label: written,
        from: format!("{from} ({body})"),
        purpose: case.need("purpose"),
        besides: besides(case),
        answers,
    }
}

/// Everything else that the case says, so that who reads the table need not open the cases.
fn besides(case: &Keys<'_>) -> Vec<String> {
    let plain = ["title", "from", "from_body", "to", "body", "label", "purpose"];
    case.0
        .iter()
        .filter(|(key, _)| !plain.contains(&key.as_str()))
        .flat_map(|(key, value)| match (key.as_str(), value) {
            ("facts" | "recipient", Value::Table(table)) => {
                table.iter().map(|(k, v)| format!("{k} {}", words(v))).collect()
            }
            _ => vec![format!("{key} {}", words(value))],
        })
        .map(|line| line.replace('_', " "))
        .collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Table(table) => {
            let parts: Vec<String> =
                table.iter().map(|(k, v)| format!("{k} {}", words(v))).collect();
            format!("({})", parts.join(", "))
        }
        Value::Boolean(true) => "yes".to_owned(),
        Value::Boolean(false) => "no".to_owned(),
        Value::Integer(_) | Value::Float(_) | Value::Datetime(_) => value.to_string(),
    }
}

fn transfer(case: &Keys<'_>, sender: NationCode, body: String) -> Transfer {
    let mut transfer = Transfer::new(sender, body, case.need("purpose"));
    if let Some(kind) = case.text("kind") {
        transfer.kind = TransferKind::parse(&kind).unwrap_or_else(|| case.wrong("kind"));
    }
    if let Some(use_) = case.text("use") {
        transfer.use_ = Use::parse(&use_).unwrap_or_else(|| case.wrong("use"));
    }
    transfer.exercise = case.flag("exercise");
    transfer.emergency = case.text("emergency");
    transfer.facts = case.list("established");
    transfer.grounds = case.list("grounds");
    transfer.case_id = case.text("case");
    transfer.offence = case.table("offence").map(|t| Offence {
        kind: t.need("type"),
        criminal_in_sender: t.flag("criminal_in_sender"),
        max_penalty_months: t.0["max_penalty_months"].as_integer().unwrap().try_into().unwrap(),
    });
    transfer.request = case.table("request").map(|t| Request {
        received_at: t.instant("received_at"),
        urgent: t.flag("urgent"),
        access: Access::parse(&t.need("access")).unwrap_or_else(|| t.wrong("access")),
    });
    transfer
}

fn consents(case: &Keys<'_>) -> Vec<Consent> {
    let Some(list) = case.0.get("consents") else { return Vec::new() };
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let keys = Keys(entry.as_table().unwrap(), case.1);
            Consent {
                kind: ConsentKind::parse(&keys.need("type")).unwrap_or_else(|| keys.wrong("type")),
                from: keys.need("from"),
                to: keys.list("to"),
            }
        })
        .collect()
}

/// A member of the cast, with what the case says otherwise of it.
fn recipient(code: &str, case: &Keys<'_>, cast: &Keys<'_>) -> Recipient {
    let mut known = cast.table(code).map(|t| t.0.clone()).unwrap_or_default();
    known.extend(case.table("recipient").map(|t| t.0.clone()).unwrap_or_default());
    known.extend(case.text("body").map(|body| ("body".to_owned(), Value::from(body))));
    let keys = Keys(&known, case.1);
    keys.only(&[
        "body",
        "clearance",
        "accredited_to",
        "compartments",
        "data_protection",
        "torture_risk",
        "death_penalty_for",
        "reciprocity_met",
    ]);
    let mut recipient = Recipient::new(nation(code), keys.need("body"));
    recipient.user = Some(format!("analyst.{}", code.to_lowercase()));
    recipient.clearance = keys.text("clearance");
    recipient.accredited_to = keys.text("accredited_to");
    recipient.compartments = keys.list("compartments");
    if let Some(word) = keys.text("data_protection") {
        recipient.data_protection =
            DataProtection::parse(&word).unwrap_or_else(|| keys.wrong("data_protection"));
    }
    if let Some(word) = keys.text("torture_risk") {
        recipient.torture_risk =
            TortureRisk::parse(&word).unwrap_or_else(|| keys.wrong("torture_risk"));
    }
    recipient.death_penalty_for = keys.list("death_penalty_for");
    recipient.reciprocity_met = keys.flag("reciprocity_met");
    recipient
}
