//! A plain evaluator, written straight from the rows' README and sharing no code with the crate.

use std::collections::BTreeSet;

use serde_json::Value;

const LADDER: [&str; 5] = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP_SECRET"];

/// What the README says the answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub decision: &'static str,
    pub basis: Option<String>,
    pub codes: BTreeSet<String>,
    pub obligations: BTreeSet<String>,
    pub refer_to: BTreeSet<String>,
}

/// Ordered from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Permit,
    Modified,
    Refer,
    Deny,
}

impl Rank {
    fn word(self) -> &'static str {
        ["permit", "permit_modified", "refer", "deny"][self as usize]
    }
}

/// What was found about one unit.
#[derive(Debug, Clone, Default)]
struct Finding {
    /// Clause type or other source, rank, code, target.
    failures: Vec<(String, Rank, String, Option<String>)>,
    obligations: Vec<String>,
}

impl Finding {
    fn fail(&mut self, source: &str, rank: Rank, code: &str, target: Option<String>) {
        self.failures.push((source.into(), rank, code.into(), target));
    }

    fn deny(&mut self, source: &str, code: &str) {
        self.fail(source, Rank::Deny, code, None);
    }

    fn refer(&mut self, source: &str, code: &str, target: String) {
        self.fail(source, Rank::Refer, code, Some(target));
    }

    fn owe(&mut self, obligation: impl Into<String>) {
        self.obligations.push(obligation.into());
    }

    fn rank(&self) -> Rank {
        self.failures.iter().map(|f| f.1).max().unwrap_or(Rank::Permit)
    }
}

struct Unit<'a> {
    id: Option<&'a str>,
    level: usize,
    controls: Vec<&'a Value>,
    personal_data: bool,
    persons: Vec<&'a Value>,
    categories: Vec<&'a str>,
}

fn list(v: &Value) -> Vec<&str> {
    v.as_array().map(|a| a.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn has(v: &Value, x: &Value) -> bool {
    x.as_str().is_some_and(|x| list(v).contains(&x))
}

fn ladder(v: &Value) -> usize {
    LADDER.iter().position(|l| v == l).unwrap()
}

fn time(v: &Value) -> i64 {
    v.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn day(v: &Value) -> i64 {
    format!("{}T00:00:00Z", v.as_str().unwrap())
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_millisecond()
}

fn show(ms: i64, format: &str) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().strftime(format).to_string()
}

const DAY: i64 = 86_400_000;

struct Court<'a> {
    row: &'a Value,
    sender: &'a str,
    to: &'a str,
}

/// Decides a row.
pub(crate) fn decide(row: &Value) -> Answer {
    let court = Court {
        row,
        sender: row["transfer"]["sender"]["nation"].as_str().unwrap(),
        to: row["recipient"]["nation"].as_str().unwrap(),
    };
    court.answer()
}

fn deny(codes: impl IntoIterator<Item = String>) -> Answer {
    Answer {
        decision: "deny",
        basis: None,
        codes: codes.into_iter().collect(),
        obligations: BTreeSet::new(),
        refer_to: BTreeSet::new(),
    }
}

impl<'a> Court<'a> {
    fn answer(&self) -> Answer {
        let agreements = self.row["agreements"].as_array().unwrap();
        let mut inapplicable = Vec::new();
        let mut applicable = Vec::new();
        for agreement in agreements {
            match self.inapplicable(agreement) {
                Some(code) => inapplicable.push(code.to_owned()),
                None => applicable.push(agreement),
            }
        }
        if agreements.is_empty() {
            return deny(["NO_AGREEMENT".to_owned()]);
        }
        if applicable.is_empty() {
            return deny(inapplicable);
        }
        // An id that the row does not define is an error: fail closed.
        for entry in self.row["object"]["provenance"].as_array().unwrap() {
            let third = entry["nation"] != self.sender && entry["nation"] != self.to;
            let defined = entry["agreement"].is_null()
                || agreements.iter().any(|a| a["id"] == entry["agreement"]);
            if third && !defined {
                return deny([]);
            }
        }
        let units = self.units();
        let mut best: Option<(Rank, usize, Answer)> = None;
        let mut denied = BTreeSet::new();
        for agreement in applicable {
            let found: Vec<Finding> = units.iter().map(|u| self.unit(agreement, u)).collect();
            let (rank, cut, answer) = self.join(agreement, &units, &found);
            denied.extend(found.iter().flat_map(|f| f.failures.iter().map(|x| x.2.clone())));
            if best.as_ref().is_none_or(|(r, c, _)| (rank, cut) < (*r, *c)) {
                best = Some((rank, cut, answer));
            }
        }
        match best {
            Some((rank, _, answer)) if rank != Rank::Deny => answer,
            _ => deny(denied),
        }
    }

    fn inapplicable(&self, a: &Value) -> Option<&'static str> {
        let party =
            |n: &str| a["parties"].as_array().unwrap().iter().find(|p| p["nation"] == n).cloned();
        let (Some(s), Some(r)) = (party(self.sender), party(self.to)) else {
            return Some("NOT_A_PARTY");
        };
        let at = time(&self.row["at"]);
        let over = !a["ends_on"].is_null() && at >= day(&a["ends_on"]);
        if a["status"] != "in_force" || at < day(&a["in_force_from"]) || over {
            return Some("AGREEMENT_NOT_IN_FORCE");
        }
        (s["status"] != "active" || r["status"] != "active").then_some("PARTY_NOT_ACTIVE")
    }

    fn units(&self) -> Vec<Unit<'a>> {
        let o = &self.row["object"];
        let level = |m: &Value| {
            let scheme = &self.row["schemes"][o["label"]["scheme"].as_str().unwrap()];
            ladder(&scheme[m.as_str().unwrap()])
        };
        let whole = |p: Option<&'a Value>| {
            let pick = |key: &str| p.map(|p| &p[key]).filter(|v| !v.is_null()).unwrap_or(&o[key]);
            let mut controls: Vec<&Value> =
                o["label"]["controls"].as_array().unwrap().iter().collect();
            controls.extend(p.iter().flat_map(|p| p["controls"].as_array().unwrap()));
            Unit {
                id: p.map(|p| p["id"].as_str().unwrap()),
                level: level(p.map_or(&o["label"]["marking"], |p| &p["marking"])),
                controls,
                personal_data: pick("personal_data").as_bool().unwrap(),
                persons: pick("persons").as_array().unwrap().iter().collect(),
                categories: list(pick("data_categories")),
            }
        };
        let portions = o["portions"].as_array().unwrap();
        if portions.is_empty() {
            vec![whole(None)]
        } else {
            portions.iter().map(|p| whole(Some(p))).collect()
        }
    }

    fn consent(&self, kind: &str, from: &str) -> bool {
        self.row["object"]["consents"].as_array().unwrap().iter().any(|c| {
            c["type"] == kind
                && c["from"] == from
                && (list(&c["to"]).contains(&self.to) || list(&c["to"]).contains(&"*"))
        })
    }

    fn fact(&self, fact: &str) -> bool {
        list(&self.row["transfer"]["facts"]).contains(&fact)
    }

    fn unit(&self, agreement: &Value, unit: &Unit<'_>) -> Finding {
        let mut own = self.clauses(agreement, unit);
        let mut f = Finding::default();
        self.label(unit, &mut f);
        self.provenance(unit, &mut f);
        self.law(unit, &mut f);
        for clause in agreement["clauses"].as_array().unwrap() {
            if clause["type"] == "emergency"
                && has(&clause["triggers"], &self.row["transfer"]["emergency"])
            {
                let before = own.failures.len();
                own.failures.retain(|x| !list(&clause["relaxes"]).contains(&x.0.as_str()));
                if own.failures.len() < before {
                    own.obligations
                        .extend(list(&clause["obligations"]).iter().map(|s| (*s).to_owned()));
                }
            }
        }
        f.failures.extend(own.failures);
        f.obligations.extend(own.obligations);
        f
    }

    /// Handling level and marking of the recipient, if it has one.
    fn handling(&self, agreement: &Value, level: usize) -> Option<(usize, String)> {
        let clause =
            agreement["clauses"].as_array().unwrap().iter().find(|c| c["type"] == "equivalence")?;
        if level < 1 {
            return None;
        }
        let marking = |l: usize| {
            let rows = clause["rows"].as_array().unwrap();
            let row = rows.iter().find(|r| ladder(&r["level"]) == l)?;
            row["markings"][self.to].as_str()
        };
        let next_higher = clause["unmapped"] == "next_higher";
        let found = (level..5).find_map(|l| marking(l).filter(|_| l == level || next_higher))?;
        Some((ladder(&self.row["schemes"][self.to][found]), found.to_owned()))
    }

    fn held(&self, key: &str) -> Option<usize> {
        let marking = self.row["recipient"][key].as_str()?;
        self.row["schemes"][self.to].get(marking).map(ladder)
    }

    fn clauses(&self, agreement: &Value, unit: &Unit<'_>) -> Finding {
        let (o, t, r) = (&self.row["object"], &self.row["transfer"], &self.row["recipient"]);
        let at = time(&self.row["at"]);
        let mut f = Finding::default();
        let handling = self.handling(agreement, unit.level);
        let h = handling.as_ref().map_or(unit.level, |(h, _)| *h);
        let authority = format!("agreement_authority:{}", self.sender);
        let mut exercise = false;
        for c in agreement["clauses"].as_array().unwrap() {
            let kind = c["type"].as_str().unwrap();
            match kind {
                "purpose" if !has(&c["allowed"], &t["purpose"]) => {
                    f.deny(kind, "PURPOSE_NOT_COVERED");
                }
                "bodies" => {
                    let ok = has(&c["authorised"][self.sender], &t["sender"]["body"])
                        && has(&c["authorised"][self.to], &r["body"]);
                    if !ok {
                        f.deny(kind, "BODY_NOT_AUTHORISED");
                    }
                }
                "classification_ceiling" if unit.level > ladder(&c["level"]) => {
                    f.deny(kind, "CLASSIFICATION_ABOVE_CEILING");
                }
                "classification_floor" if unit.level < ladder(&c["level"]) => {
                    f.deny(kind, "CLASSIFICATION_BELOW_FLOOR");
                }
                "equivalence" if unit.level >= 1 => match (&handling, unit.id) {
                    (None, _) => f.deny(kind, "NO_EQUIVALENT_LEVEL"),
                    (Some((_, m)), None) => f.owe(format!("mark_as:{m}")),
                    (Some((_, m)), Some(id)) => f.owe(format!("mark_as:{id}={m}")),
                },
                "object_types" if !has(&c["allowed"], &o["type"]) => {
                    f.deny(kind, "OBJECT_TYPE_NOT_COVERED");
                }
                "data_categories"
                    if unit.categories.iter().any(|x| list(&c["excluded"]).contains(x)) =>
                {
                    f.deny(kind, "DATA_CATEGORY_EXCLUDED");
                }
                "geographic_scope" if !o["area"].is_null() && !has(&c["areas"], &o["area"]) => {
                    f.deny(kind, "OUTSIDE_GEOGRAPHIC_SCOPE");
                }
                "third_party" => f.owe(match c["rule"].as_str().unwrap() {
                    "originator_consent" => "no_onward_without_consent".to_owned(),
                    "parties_allowed" => {
                        format!("onward_parties_only:{}", agreement["id"].as_str().unwrap())
                    }
                    _ => "no_onward".to_owned(),
                }),
                "use_restriction" => {
                    if t["use"] == "evidence" && c["evidence"] == "prohibited" {
                        f.deny(kind, "EVIDENCE_USE_PROHIBITED");
                    }
                    if t["use"] == "evidence"
                        && c["evidence"] == "consent"
                        && !self.consent("evidence_use", self.sender)
                    {
                        f.refer(
                            kind,
                            "EVIDENCE_USE_CONSENT_REQUIRED",
                            format!("provider:{}", self.sender),
                        );
                    }
                    if t["use"] == "intelligence" && c["evidence"] != "allowed" {
                        f.owe("use:intelligence_only");
                    }
                }
                "retention" => {
                    f.owe(format!(
                        "delete_by:{}",
                        show(at + c["max_days"].as_i64().unwrap() * DAY, "%Y-%m-%d")
                    ));
                }
                "personnel_clearance"
                    if h >= ladder(&c["from"]) && self.held("clearance").is_none_or(|l| l < h) =>
                {
                    f.deny(kind, "CLEARANCE_INSUFFICIENT");
                }
                "security_standard"
                    if h >= ladder(&c["from"])
                        && self.held("accredited_to").is_none_or(|l| l < h) =>
                {
                    f.deny(kind, "FACILITY_NOT_ACCREDITED");
                }
                "reciprocity" if r["reciprocity_met"] == false => {
                    if c["effect"] == "refer" {
                        f.refer(kind, "RECIPROCITY_NOT_MET", authority.clone());
                    } else {
                        f.deny(kind, "RECIPROCITY_NOT_MET");
                    }
                }
                "adequacy" if unit.personal_data && r["data_protection"] == "none" => {
                    let used: Vec<&str> =
                        list(&c["derogations"]).into_iter().filter(|d| self.fact(d)).collect();
                    if used.is_empty() {
                        f.deny(kind, "NO_ADEQUATE_PROTECTION");
                    }
                    for derogation in used {
                        f.owe(format!("record_derogation:{derogation}"));
                    }
                }
                "speciality" => {
                    let same = o["case_id"].is_null() || o["case_id"] == t["case_id"];
                    if !same && !self.fact("speciality_waiver") {
                        f.refer(
                            kind,
                            "SPECIALITY_CONSENT_REQUIRED",
                            format!("provider:{}", self.sender),
                        );
                    }
                    if let Some(case) = t["case_id"].as_str() {
                        f.owe(format!("use_only_for_case:{case}"));
                    }
                }
                "dual_criminality" if !t["offence"].is_null() => {
                    let x = &t["offence"];
                    let punishable = x["criminal_in_sender"] == true
                        && x["max_penalty_months"].as_i64() >= c["min_penalty_months"].as_i64();
                    if !has(&c["exempt_offences"], &x["type"]) && !punishable {
                        f.deny(kind, "DUAL_CRIMINALITY_NOT_MET");
                    }
                }
                "refusal_grounds" => {
                    for ground in list(&t["grounds"]) {
                        let code = format!("REFUSAL_GROUND:{ground}");
                        match c["curable"][ground].as_str().filter(|fact| self.fact(fact)) {
                            Some(fact) => f.owe(format!("assurance:{fact}")),
                            None if list(&c["mandatory"]).contains(&ground) => f.deny(kind, &code),
                            None if list(&c["optional"]).contains(&ground) => {
                                f.refer(kind, &code, authority.clone());
                            }
                            None => {}
                        }
                    }
                }
                "exercise" => {
                    exercise = true;
                    if t["exercise"] == true {
                        f.owe("banner:EXERCISE");
                        if o["exercise"] == false {
                            f.deny(kind, "REAL_DATA_IN_EXERCISE");
                        }
                    }
                }
                "deadline" if !t["request"].is_null() => {
                    let q = &t["request"];
                    let hours = match (q["urgent"] == true, q["access"] == "direct") {
                        (true, true) => c["urgent_direct_hours"].as_i64().unwrap(),
                        (true, false) => c["urgent_indirect_days"].as_i64().unwrap() * 24,
                        (false, _) => c["normal_days"].as_i64().unwrap() * 24,
                    };
                    let due = time(&q["received_at"]) + hours * (DAY / 24);
                    f.owe(format!("respond_by:{}", show(due, "%Y-%m-%dT%H:%M:%SZ")));
                }
                "query_mode" if t["kind"] == "query_response" => {
                    f.fail(kind, Rank::Modified, "QUERY_HIT_ONLY", None);
                    f.owe("respond:hit_flag_only");
                }
                "volume" if o["records"].as_i64() > c["max_records"].as_i64() => {
                    f.refer(kind, "VOLUME_LIMIT_EXCEEDED", authority.clone());
                }
                "breach_notification" => f.owe(format!("notify_breach_within_h:{}", c["hours"])),
                _ => {}
            }
        }
        if t["exercise"] == true && !exercise {
            f.deny("exercise", "EXERCISE_NOT_COVERED");
        }
        f
    }

    fn nations<'b>(&'b self, codes: &'b Value) -> Vec<&'b str> {
        list(codes)
            .into_iter()
            .flat_map(|c| match self.row["groups"].get(c) {
                Some(group) => list(group),
                None => vec![c],
            })
            .collect()
    }

    fn label(&self, unit: &Unit<'_>, f: &mut Finding) {
        let (o, t) = (&self.row["object"], &self.row["transfer"]);
        let origin = o["label"]["scheme"].as_str().unwrap();
        let at = time(&self.row["at"]);
        let covered = |tag: &str| {
            let mut of = unit.controls.iter().filter(|c| c["control"] == tag).peekable();
            of.peek().is_some() && of.all(|c| self.nations(&c["to"]).contains(&self.to))
        };
        let rel_to = unit.controls.iter().any(|c| c["control"] == "REL_TO");
        let releasable = covered("REL_TO") || (rel_to && self.to == origin);
        if o["recalled"] == true {
            f.deny("flag", "RECALLED");
        }
        if o["exercise"] == true && t["exercise"] == false {
            f.deny("flag", "EXERCISE_DATA_IN_OPERATIONS");
        }
        for c in &unit.controls {
            let tag = c["control"].as_str().unwrap();
            match tag {
                "NOFORN" if self.to != origin => f.deny(tag, "LABEL_NOFORN"),
                "REL_TO" if !releasable && !covered("DISPLAY_ONLY") => {
                    f.deny(tag, "LABEL_NOT_RELEASABLE");
                }
                "DISPLAY_ONLY" if !releasable => {
                    if self.nations(&c["to"]).contains(&self.to) {
                        f.fail(tag, Rank::Modified, "LABEL_DISPLAY_ONLY", None);
                        f.owe("display_only");
                    } else {
                        f.deny(tag, "LABEL_NOT_RELEASABLE");
                    }
                }
                "ORCON" => {
                    f.owe("orcon:no_onward_without_originator");
                    if self.sender != origin && !self.consent("release", origin) {
                        f.refer(tag, "ORIGINATOR_CONSENT_REQUIRED", format!("originator:{origin}"));
                    }
                }
                "PROPIN" => {
                    let owner = c["owner"].as_str().unwrap();
                    if !self.consent("proprietor", owner) {
                        f.refer(tag, "PROPRIETOR_CONSENT_REQUIRED", format!("proprietor:{owner}"));
                    }
                }
                "RELIDO" if !self.consent("release_officer", self.sender) => {
                    f.refer(
                        tag,
                        "RELEASE_OFFICER_DECISION",
                        format!("release_officer:{}", self.sender),
                    );
                }
                "COMPARTMENT" if !has(&self.row["recipient"]["compartments"], &c["name"]) => {
                    f.deny(tag, "COMPARTMENT_NOT_HELD");
                }
                "TLP" => match c["value"].as_str().unwrap() {
                    "RED" => {
                        f.owe("tlp:named_recipients_only");
                        if !has(&c["named"], &self.row["recipient"]["user"]) {
                            f.deny(tag, "TLP_RED_NOT_NAMED");
                        }
                    }
                    "AMBER+STRICT" => f.owe("tlp:organisation_only"),
                    "AMBER" => f.owe("tlp:organisation_and_clients"),
                    "GREEN" => f.owe("tlp:community"),
                    _ => {}
                },
                "PAP" => f.owe(format!("pap:{}", c["value"].as_str().unwrap())),
                "HANDLING" => match c["code"].as_str().unwrap() {
                    "H1" if t["use"] == "intelligence" => f.owe("use:intelligence_only"),
                    "H1" if !self.consent("evidence_use", self.sender) => {
                        f.refer(
                            tag,
                            "EVIDENCE_USE_CONSENT_REQUIRED",
                            format!("provider:{}", self.sender),
                        );
                    }
                    "H2" => f.owe("no_onward_without_consent"),
                    "H3" => f.owe("handling:H3"),
                    _ => {}
                },
                "EMBARGO" if at < time(&c["until"]) => f.deny(tag, "EMBARGOED"),
                "EXPIRES" if at >= time(&c["on"]) => f.deny(tag, "LABEL_EXPIRED"),
                _ => {}
            }
        }
    }

    fn provenance(&self, unit: &Unit<'_>, f: &mut Finding) {
        for entry in self.row["object"]["provenance"].as_array().unwrap() {
            let nation = entry["nation"].as_str().unwrap();
            let portions = list(&entry["portions"]);
            let here = portions.is_empty() || unit.id.is_none_or(|id| portions.contains(&id));
            if !here || nation == self.sender || nation == self.to {
                continue;
            }
            let agreement = self.row["agreements"]
                .as_array()
                .unwrap()
                .iter()
                .find(|a| a["id"] == entry["agreement"]);
            let rule = agreement
                .and_then(|a| {
                    a["clauses"].as_array().unwrap().iter().find(|c| c["type"] == "third_party")
                })
                .map_or("originator_consent", |c| c["rule"].as_str().unwrap());
            let party = agreement.is_some_and(|a| {
                a["parties"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|p| p["nation"] == self.to && p["status"] == "active")
            });
            if rule == "prohibited" {
                f.deny("provenance", "THIRD_PARTY_PROHIBITED");
            } else if !(self.consent("release", nation) || rule == "parties_allowed" && party) {
                f.refer(
                    "provenance",
                    "ORIGINATOR_CONSENT_REQUIRED",
                    format!("originator:{nation}"),
                );
            }
        }
    }

    fn law(&self, unit: &Unit<'_>, f: &mut Finding) {
        let (o, t, r) = (&self.row["object"], &self.row["transfer"], &self.row["recipient"]);
        for rule in self.row["national_law"].as_array().unwrap() {
            let mine = if rule["direction"] == "export" { self.sender } else { self.to };
            if rule["nation"] != mine || list(&rule["unless"]).iter().any(|u| self.fact(u)) {
                continue;
            }
            let kind = rule["type"].as_str().unwrap();
            let anyone = |key: &str, wanted: &[&str]| {
                unit.persons.iter().any(|p| list(&p[key]).iter().any(|x| wanted.contains(x)))
            };
            let fires = match kind {
                "own_national" => anyone("nationality", &[rule["nation"].as_str().unwrap()]),
                "privileged_source" => anyone("roles", &list(&rule["classes"])),
                "minor" => unit.persons.iter().any(|p| {
                    p["age"].as_i64().is_some_and(|a| a < rule["age_below"].as_i64().unwrap())
                }),
                "special_category" | "localisation" | "warrant_required" | "export_control"
                | "import_restriction" => {
                    unit.categories.iter().any(|c| list(&rule["categories"]).contains(c))
                }
                "death_penalty" => {
                    has(&r["death_penalty_for"], &t["offence"]["type"]) && unit.personal_data
                }
                "torture_risk" => {
                    !unit.persons.is_empty() && has(&rule["levels"], &r["torture_risk"])
                }
                "purpose_limitation" => {
                    o["collected_for"] == rule["collected_for"]
                        && !has(&rule["compatible"], &t["purpose"])
                }
                "necessity_statement" => unit.personal_data,
                "human_rights_assessment" => {
                    list(&rule["nations"]).contains(&self.to) && !unit.persons.is_empty()
                }
                "bulk_data" => {
                    unit.personal_data && o["records"].as_i64() > rule["max_records"].as_i64()
                }
                "retention_expired" => {
                    unit.personal_data
                        && time(&self.row["at"]) - time(&o["collected_at"])
                            > rule["max_age_days"].as_i64().unwrap() * DAY
                }
                "court_seal" => o["court_sealed"] == true,
                "pending_case" => o["pending_case"] == true,
                other => panic!("unknown law type {other}"),
            };
            if !fires {
                continue;
            }
            let code = format!("LAW_{}", kind.to_uppercase());
            match rule["effect"].as_str().unwrap() {
                "forbid" => f.deny("law", &code),
                "refer" => f.refer(
                    "law",
                    &code,
                    format!("authority:{}", rule["authority"].as_str().unwrap()),
                ),
                _ => {
                    f.fail("law", Rank::Modified, &code, None);
                    f.owe(format!("transform:{}", rule["transform"].as_str().unwrap()));
                }
            }
        }
    }

    fn join(
        &self,
        agreement: &Value,
        units: &[Unit<'_>],
        found: &[Finding],
    ) -> (Rank, usize, Answer) {
        let worst = found.iter().map(Finding::rank).max().unwrap();
        let goes = |f: &Finding| f.rank() < Rank::Refer;
        let divisible = self.row["object"]["divisible"] == true;
        let mut cut = Vec::new();
        let rank = if !divisible || worst < Rank::Refer {
            worst
        } else if found.iter().any(goes) {
            cut = units
                .iter()
                .zip(found)
                .filter(|(_, f)| !goes(f))
                .filter_map(|(u, _)| u.id)
                .collect();
            Rank::Modified
        } else if found.iter().any(|f| f.rank() == Rank::Refer) {
            Rank::Refer
        } else {
            Rank::Deny
        };
        let mut answer = Answer {
            decision: rank.word(),
            basis: Some(agreement["id"].as_str().unwrap().to_owned()),
            codes: found.iter().flat_map(|f| f.failures.iter().map(|x| x.2.clone())).collect(),
            obligations: cut.iter().map(|id| format!("redact:{id}")).collect(),
            refer_to: BTreeSet::new(),
        };
        if rank < Rank::Refer {
            answer
                .obligations
                .extend(found.iter().filter(|f| goes(f)).flat_map(|f| f.obligations.clone()));
        }
        if rank == Rank::Refer {
            let referred = found.iter().filter(|f| f.rank() == Rank::Refer);
            answer.refer_to =
                referred.flat_map(|f| f.failures.iter().filter_map(|x| x.3.clone())).collect();
        }
        (rank, cut.len(), answer)
    }
}
