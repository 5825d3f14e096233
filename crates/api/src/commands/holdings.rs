//! Commands about intelligence: publishing, reading, consenting, recalling.

use entente_app::access::Reading;
use entente_app::decisions::Decided;
use entente_app::evidence::{Enclosed, EvidenceOf, EvidenceOrder};
use entente_app::making::TearLine;
use entente_app::node::Known;
use entente_app::objects::ObjectView;
use entente_app::obligation;
use entente_app::onward::OnwardOrder;
use entente_app::order::{Words, addressee};
use entente_app::people::Actor;
use entente_app::publish::{Audience, Circumstances, Published, Verdict};
use entente_app::recall::RecallStanding;
use entente_app::rollback::Standing;
use entente_app::variant::Form;
use entente_formats::{Limits, MediaHint, OnBad};
use entente_law::{parse_facts, parse_label, print_label};
use entente_model::item::{EffectStatus, OnwardRequest, RecallClass};
use entente_model::record::Outcome;
use entente_model::{ObjectId, Terms, Wire};
use entente_store::rows::{AtHomeRow, EventRow, ObjectRow};
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{base64, from_base64, moment, nation};
use super::{Answer, Commands, approval, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileIn {
    name: String,
    content: String,
    media_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    files: Vec<FileIn>,
    label: String,
    purpose: String,
    facts: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    evidence: bool,
    offence: Option<String>,
    emergency: Option<String>,
    #[serde(default)]
    precedence: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    take_rest: bool,
    #[serde(default)]
    supersedes: Vec<String>,
    tear_line: Option<TearLineIn>,
    /// Nations that get none of it.
    #[serde(default)]
    exclude: Vec<String>,
    /// What standing rules do: `add` recipients, name them `alone`, or `none`.
    standing: Option<String>,
}

impl Publish {
    fn words(&self) -> Result<Words, LocalError> {
        let audience = match self.standing.as_deref() {
            None | Some("add") => Audience::WithRules,
            Some("alone") => Audience::RulesAlone,
            Some("none") => Audience::Named,
            Some(word) => {
                return Err(invalid(format!(
                    "`{word}` is nothing that standing rules do: use add, alone or none"
                )));
            }
        };
        Ok(Words {
            label: self.label.clone(),
            purpose: self.purpose.clone(),
            facts: self.facts.clone(),
            to: self.to.clone(),
            circumstances: Circumstances {
                evidence: self.evidence,
                offence: self.offence.clone(),
                emergency: self.emergency.clone(),
                exclude: self.exclude.iter().map(|n| nation(n)).collect::<Result<_, _>>()?,
                audience,
            },
            precedence: self.precedence.clone(),
            supersedes: self.supersedes.clone(),
        })
    }
}

/// A text written for release, for those to whom the report itself does not go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TearLineIn {
    file: FileIn,
    label: String,
    facts: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    object: String,
    to: String,
    purpose: String,
    #[serde(default)]
    evidence: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    before: Option<i64>,
    count: Option<u64>,
    own: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    object: String,
    necessity: Option<String>,
    /// Its content is to be written to a file.
    #[serde(default)]
    save: bool,
    /// Its content is shown to a person, and kept nowhere.
    #[serde(default)]
    read: bool,
    /// Only where it comes from and on what terms it is held: its content is not read.
    #[serde(default)]
    terms_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prove {
    object: String,
    necessity: Option<String>,
    of: Option<String>,
    to: Option<String>,
    #[serde(default)]
    with_label: bool,
    #[serde(default)]
    with_content: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    request: i64,
    grant: bool,
    #[serde(default)]
    conditions: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecallIn {
    objects: Vec<String>,
    class: Option<String>,
    basis: String,
    deadline_hours: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Events {
    kind: Option<String>,
    before: Option<i64>,
    count: Option<u64>,
}

/// Rows in one answer, unless fewer are asked for.
const COUNT: u64 = 100;
const COUNT_MAX: u64 = 10_000;

fn count(asked: Option<u64>) -> u64 {
    // A list of nothing would read as if there were nothing.
    asked.unwrap_or(COUNT).clamp(1, COUNT_MAX)
}

fn invalid(what: impl std::fmt::Display) -> LocalError {
    LocalError::new(422, what.to_string())
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn publish(&self, actor: &Actor, body: Value) -> Answer {
        let publish: Publish = request(body)?;
        let order = self.node.order(&publish.words()?).map_err(refused)?;
        let contents = publish
            .files
            .iter()
            .map(|f| from_base64(&f.content, "file"))
            .collect::<Result<Vec<_>, _>>()?;
        let on_bad = if publish.take_rest { OnBad::TakeRest } else { OnBad::RefuseAll };
        let mut pieces = Vec::new();
        let mut refused_pieces = Vec::new();
        let mut findings = Vec::new();
        let most = self.node.settings().publish_bytes;
        let limits = Limits {
            file_bytes_max: usize::try_from(most).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        for (file, content) in publish.files.iter().zip(&contents) {
            if content.len() as u64 > most {
                return Err(invalid(format!(
                    "{} has {} bytes; this node publishes files of at most {most} \
                     (`publish_bytes` under [limits])",
                    file.name,
                    content.len()
                )));
            }
            let mut hint: MediaHint = entente_formats::sniff(content, Some(&file.name));
            if let Some(media_type) = &file.media_type {
                hint.kind = entente_formats::Kind::Document { media_type: media_type.clone() };
            }
            let split = entente_formats::split(content, &hint, &limits, on_bad)
                .map_err(|e| invalid(format!("{}: {e}", file.name)))?;
            refused_pieces.extend(split.refused.iter().map(|r| {
                json!({ "file": file.name, "place": r.place, "id": r.id, "problem": r.problem })
            }));
            findings.extend(split.findings.iter().map(|f| format!("{}: {f}", file.name)));
            pieces.extend(split.pieces);
        }
        let content = publish.tear_line.as_ref().map(|t| from_base64(&t.file.content, "file"));
        let content = content.transpose()?;
        let tear_line = match (&publish.tear_line, &content) {
            (Some(tear_line), Some(content)) => Some(self.tear_line(tear_line, content, &limits)?),
            _ => None,
        };
        let published = if publish.dry_run {
            self.node.preview_with(actor, &order, &pieces, tear_line.as_ref())
        } else {
            self.node.publish_with(actor, &order, &pieces, tear_line.as_ref())
        }
        .map_err(refused)?;
        let made: Vec<Value> = published
            .made
            .iter()
            .map(|(oid, of, form)| {
                let mut made = related(*oid, form);
                if let Value::Object(members) = &mut made {
                    members.insert("of".to_owned(), json!(of.to_string()));
                }
                made
            })
            .collect();
        let objects: Vec<Value> = published
            .objects
            .iter()
            .zip(&pieces)
            .map(|(oid, piece)| {
                // What the facts say that it is goes before what the file looks like.
                let stated = Some(&order.facts.object_type).filter(|stated| !stated.is_empty());
                json!({
                    "object": oid.to_string(),
                    "name": piece.name,
                    "type": stated.unwrap_or(&piece.object_type),
                    "title": piece.title,
                })
            })
            .collect();
        // What is published while the node signs nothing stays here until it does.
        let standing = self.node.shown_standing().map_err(refused)?;
        let waits = (standing != Standing::Clear).then(|| standing.to_string());
        Ok(json!({
            "dry_run": publish.dry_run,
            "waits": waits,
            "label": print_label(&order.label),
            "pieces": pieces.len(),
            "objects": objects,
            "made": made,
            "first_leaf": published.first_leaf,
            "verdicts": verdicts(&published),
            "refused": refused_pieces,
            "findings": findings,
        }))
    }

    /// A tear-line is one text with a label of its own.
    fn tear_line<'t>(
        &self,
        tear_line: &TearLineIn,
        content: &'t [u8],
        limits: &Limits,
    ) -> Result<TearLine<'t>, LocalError> {
        let known = self.node.known();
        let code = self.node.identity().code;
        let scheme = known.policy.schemes.get(code.as_str()).map_err(invalid)?;
        let label = parse_label(&tear_line.label, scheme, self.node.now())
            .map_err(|e| LocalError::new(422, format!("the tear-line's label is wrong: {e}")))?;
        let facts = tear_line.facts.as_deref().map(|text| parse_facts(text, scheme));
        let facts = facts.transpose().map_err(invalid)?;
        let name = &tear_line.file.name;
        let media_type = tear_line.file.media_type.clone().unwrap_or_else(|| {
            let is_markdown = std::path::Path::new(name).extension().is_some_and(|e| e == "md");
            if is_markdown { "text/markdown" } else { "text/plain" }.to_owned()
        });
        if !entente_formats::portion::is_text(&media_type) || std::str::from_utf8(content).is_err()
        {
            return Err(invalid(format!(
                "{name} is not a text: a tear-line is written anew, as text or Markdown in UTF-8"
            )));
        }
        let hint = MediaHint {
            kind: entente_formats::Kind::Document { media_type },
            file_name: Some(name.clone()),
        };
        let split = entente_formats::split(content, &hint, limits, OnBad::RefuseAll)
            .map_err(|e| invalid(format!("{name}: {e}")))?;
        let piece = split.pieces.into_iter().next();
        let piece = piece.ok_or_else(|| invalid(format!("{name} is empty")))?;
        Ok(TearLine { piece, label, facts })
    }

    pub(super) fn release(&self, actor: &Actor, body: Value) -> Answer {
        let release: Release = request(body)?;
        let oid = self.node.find_object(actor, &release.object).map_err(refused)?;
        let (to, to_body) = addressee(&release.to).map_err(refused)?;
        let order = OnwardOrder {
            oid,
            to,
            to_body,
            purpose: release.purpose,
            body: actor.body().to_owned(),
            evidence: release.evidence,
        };
        let outcome = self.node.release_onward(actor, &order).map_err(refused)?;
        let asked: Vec<String> = outcome.asked.iter().map(ToString::to_string).collect();
        Ok(json!({
            "object": oid.to_string(),
            "released": outcome.released,
            "asked": asked,
            "verdict": verdict(&outcome.verdict),
        }))
    }

    pub(super) fn decisions(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Count = request(body)?;
        let decisions: Vec<Value> = self
            .node
            .decisions(actor, count(asked.count))
            .map_err(refused)?
            .iter()
            .map(decided)
            .collect();
        Ok(json!({ "decisions": decisions }))
    }

    pub(super) fn objects_list(&self, actor: &Actor, body: Value) -> Answer {
        let list: List = request(body)?;
        let rows =
            self.node.objects(actor, list.before, count(list.count), list.own).map_err(refused)?;
        let next = rows.last().map(|row| row.position);
        let objects: Vec<Value> = rows.iter().map(|row| self.row(row)).collect();
        Ok(json!({ "objects": objects, "next": next }))
    }

    fn row(&self, row: &ObjectRow) -> Value {
        let known = self.node.known();
        json!({
            "object": row.oid.to_string(),
            "position": row.position,
            "originator": known.name_of(&row.nation),
            "type": row.object_type,
            "media_type": row.media_type,
            "marking": row.marking,
            "marked_as": marked_as(row),
            "state": state(row.state),
            "bytes": row.bytes,
            "at": moment(row.at),
            "delete_at": row.delete_at.map(moment),
            "received_from": row.source.and_then(|(node, _, _)| {
                known.by_node(&node).map(|n| n.row.code.to_string())
            }),
        })
    }

    pub(super) fn objects_show(&self, actor: &Actor, body: Value) -> Answer {
        let show: Show = request(body)?;
        let oid = self.node.find_object(actor, &show.object).map_err(refused)?;
        let reading = Reading::through("command", show.necessity.as_deref()).map_err(refused)?;
        let view: ObjectView = if show.terms_only {
            self.node.outline(actor, oid)
        } else if show.save {
            self.node.object_to_save(actor, oid, &reading)
        } else {
            self.node.object(actor, oid, &reading)
        }
        .map_err(refused)?;
        let withheld = !show.read && view.all_terms().any(obligation::display_only);
        let content = view.payload.as_deref().filter(|_| !withheld);
        let deliveries: Vec<Value> = view
            .deliveries
            .iter()
            .map(|d| json!({ "nation": d.nation, "state": d.state, "lane": d.lane, "seq": d.seq }))
            .collect();
        let terms_of = |terms: &Terms| {
            json!({
                "decision": terms.decision.as_str(),
                "agreement_id": terms.agreement.to_string(),
                "clauses": terms.clauses,
                "obligations": terms.obligations,
            })
        };
        let shared: Vec<Value> = view.shared.iter().map(shared_at_home).collect();
        let mut shown = self.row(&view.row);
        if let Value::Object(members) = &mut shown {
            members.insert("terms".to_owned(), json!(view.terms.as_ref().map(terms_of)));
            let at_home = view.at_home.as_ref();
            let (giver, terms) = (at_home.map(|a| &a.0), at_home.map(|a| terms_of(&a.1)));
            members.insert("shared_by".to_owned(), json!(giver));
            members.insert("terms_at_home".to_owned(), json!(terms));
            members.insert("agencies".to_owned(), json!(view.row.agencies));
            members.insert("shared_at_home".to_owned(), json!(shared));
            members.insert("deliveries".to_owned(), json!(deliveries));
            let base = view.family.base.as_ref().map(|(oid, form)| related(*oid, form));
            let made: Vec<Value> =
                view.family.made.iter().map(|(oid, form)| related(*oid, form)).collect();
            members.insert("made_of".to_owned(), json!(base));
            members.insert("made".to_owned(), json!(made));
            members.insert(
                "created".to_owned(),
                json!(view.manifest.as_ref().map(|m| moment(m.created_at))),
            );
            let agency = view.manifest.as_ref().and_then(|m| m.agency.as_deref());
            members.insert("agency".to_owned(), json!(agency));
            members.insert(
                "label".to_owned(),
                json!(view.manifest.as_ref().map(|m| print_label(&m.label))),
            );
            let rules = self.node.rules_of(actor, oid).map_err(refused)?;
            let rules: Vec<Value> = rules.iter().map(super::standing::release).collect();
            members.insert("standing".to_owned(), json!(rules));
            members.insert("content".to_owned(), json!(content.map(base64)));
            members.insert("display_only".to_owned(), json!(withheld));
        }
        Ok(shown)
    }

    pub(super) fn receipts(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Count = request(body)?;
        let events = self.node.receipts(actor, count(asked.count)).map_err(refused)?;
        let known = self.node.known();
        let receipts: Vec<Value> = events.iter().map(|e| event(&known, e)).collect();
        Ok(json!({ "receipts": receipts }))
    }

    pub(super) fn consent_list(&self, actor: &Actor) -> Answer {
        let known = self.node.known();
        let asks: Vec<Value> = self
            .node
            .asks(actor)
            .map_err(refused)?
            .into_iter()
            .map(|ask| {
                let request = OnwardRequest::from_bytes(&ask.request).ok();
                json!({
                    "request": ask.id,
                    "direction": if ask.ours { "we ask" } else { "we are asked" },
                    "partner": known.by_node(&ask.peer).map(|n| n.row.code.to_string()),
                    "object": ask.oid.to_string(),
                    "to": known.name_of(&ask.to),
                    "purpose": request.as_ref().map(|r| r.purpose.clone()),
                    "basis": request.as_ref().map(|r| r.basis.clone()),
                    "state": ask.state,
                    "since": moment(ask.at),
                })
            })
            .collect();
        Ok(json!({ "requests": asks }))
    }

    pub(super) fn consent_decide(&self, actor: &Actor, body: Value) -> Answer {
        let decide: Decide = request(body)?;
        let stands = self
            .node
            .consent(actor, decide.request, decide.grant, &decide.conditions)
            .map_err(refused)?;
        Ok(json!({ "request": decide.request, "approval": approval(&stands) }))
    }

    pub(super) fn recall(&self, actor: &Actor, body: Value) -> Answer {
        let recall: RecallIn = request(body)?;
        let class = match recall.class.as_deref().unwrap_or("erase") {
            "note" => RecallClass::Note,
            "retract" => RecallClass::Retract,
            "erase" => RecallClass::Erase,
            "emergency" => RecallClass::Emergency,
            word => {
                return Err(invalid(format!(
                    "`{word}` is not a recall class: use note, retract, erase or emergency"
                )));
            }
        };
        let oids = recall
            .objects
            .iter()
            .map(|o| self.node.find_object(actor, o))
            .collect::<Result<Vec<_>, _>>()
            .map_err(refused)?;
        let deadline = recall.deadline_hours.unwrap_or(24).saturating_mul(3_600_000);
        let standings =
            self.node.recall(actor, &oids, class, &recall.basis, deadline).map_err(refused)?;
        Ok(json!({ "recalls": self.standings(&standings) }))
    }

    pub(super) fn recall_list(&self, actor: &Actor) -> Answer {
        let standings = self.node.recalls(actor).map_err(refused)?;
        Ok(json!({ "recalls": self.standings(&standings) }))
    }

    fn standings(&self, standings: &[RecallStanding]) -> Vec<Value> {
        let known = self.node.known();
        standings
            .iter()
            .map(|s| {
                let effects: Vec<Value> = s
                    .effects
                    .iter()
                    .map(|h| {
                        json!({
                            "nation": known.name_of(&h.nation),
                            "status": h.status.map(EffectStatus::as_str),
                            "at": h.at.map(moment),
                            "late": h.late,
                        })
                    })
                    .collect();
                json!({
                    "object": s.recall.oid.to_string(),
                    "ours": s.recall.own,
                    "basis": s.recall.basis,
                    "at": moment(s.recall.at),
                    "deadline": moment(s.recall.deadline),
                    "effects": effects,
                    "agencies": s.agencies.iter().map(shared_at_home).collect::<Vec<_>>(),
                })
            })
            .collect()
    }

    pub(super) fn ledger_prove(&self, actor: &Actor, body: Value) -> Answer {
        let prove: Prove = request(body)?;
        let oid = self.node.find_object(actor, &prove.object).map_err(refused)?;
        let reading = Reading::through("export", prove.necessity.as_deref()).map_err(refused)?;
        let of = match prove.of.as_deref().unwrap_or("release") {
            "release" => EvidenceOf::Release,
            "receipt" => EvidenceOf::Receipt,
            "recall" => EvidenceOf::Recall,
            word => {
                return Err(invalid(format!(
                    "`{word}` cannot be proved: use release, receipt or recall"
                )));
            }
        };
        let enclosed = match (prove.with_label, prove.with_content) {
            (_, true) => Enclosed::Content,
            (true, false) => Enclosed::Label,
            (false, false) => Enclosed::Nothing,
        };
        let to = prove.to.as_deref().map(nation).transpose()?;
        let order = EvidenceOrder { oid, of, to, enclosed };
        let written = self.node.write_evidence(actor, &order, &reading).map_err(refused)?;
        Ok(json!({
            "object": oid.to_string(),
            "ledger_of": self.node.known().name_of(&written.nation),
            "nation_id": written.nation.to_string(),
            "leaf": written.leaf,
            "witnesses": written.witnesses,
            "tlog_proof": written.text,
        }))
    }

    pub(super) fn events(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Events = request(body)?;
        let events = self
            .node
            .events(actor, asked.kind.as_deref(), asked.before, count(asked.count))
            .map_err(refused)?;
        let known = self.node.known();
        let events: Vec<Value> = events.iter().map(|e| event(&known, e)).collect();
        Ok(json!({ "events": events }))
    }
}

/// The marking of our own that an object's terms have us put on it.
fn marked_as(row: &ObjectRow) -> Option<String> {
    let terms = row.terms.as_deref().and_then(|bytes| Terms::from_bytes(bytes).ok());
    terms.as_ref().and_then(obligation::marked_as)
}

/// One event, as watchers see it.
pub fn event(known: &Known, event: &EventRow) -> Value {
    json!({
        "seq": event.seq,
        "at": moment(event.at),
        "kind": event.kind,
        "object": event.oid.map(|o| o.to_string()),
        "nation": event.nation.map(|n| known.name_of(&n)),
        "text": event.text,
    })
}

/// An agency with which another of our nation shared an object.
fn shared_at_home(hold: &AtHomeRow) -> Value {
    json!({
        "agency": hold.agency,
        "giver": hold.giver,
        "leaf": hold.leaf,
        "at": moment(hold.at),
        "until": hold.delete_at.map(moment),
        "ended": hold.ended.map(moment),
    })
}

/// An object that another was made of, or that was made of it, and how.
fn related(oid: ObjectId, form: &Form) -> Value {
    json!({ "object": oid.to_string(), "form": form.as_str(), "cut": form.cut() })
}

fn verdicts(published: &Published) -> Vec<Value> {
    published.verdicts.iter().map(verdict).collect()
}

fn verdict(verdict: &Verdict) -> Value {
    let nations: Vec<Value> = verdict
        .recipients()
        .map(|w| {
            json!({
                "nation": w.code.to_string(),
                "at_home": w.at_home,
                "body": w.recipient.body,
                "decision": w.ruling.decision.as_str(),
                "goes": w.goes(),
                "basis": w.ruling.basis.as_ref().map(|(_, code)| code.clone()),
                "clauses": w.ruling.clauses,
                "reason_codes": w.ruling.reason_codes,
                "obligations": w.ruling.obligations,
                "refer_to": w.ruling.refer_to,
                "explanation": w.ruling.explanation,
                "facts": w.facts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "rule": w.by_rule.as_ref().map(|rule| rule.name.clone()),
            })
        })
        .collect();
    json!({
        "type": verdict.object_type,
        "form": verdict.form.as_str(),
        "cut": verdict.form.cut(),
        "pieces": verdict.pieces,
        "nations": nations,
        "notes": verdict.notes,
    })
}

fn decided(decided: &Decided) -> Value {
    let outcomes: Vec<Value> = decided
        .by_body()
        .map(|(decided, body)| {
            let mut shown = outcome(decided);
            if let Value::Object(members) = &mut shown {
                members.insert("body".to_owned(), json!(body));
            }
            shown
        })
        .collect();
    let mut facts: Vec<String> = decided
        .inputs
        .iter()
        .flat_map(|inputs| &inputs.questions)
        .flat_map(|question| &question.facts)
        .map(ToString::to_string)
        .collect();
    facts.sort_unstable();
    facts.dedup();
    json!({
        "leaf": decided.leaf,
        "object": decided.oid.to_string(),
        "at": moment(decided.at),
        "rules": decided.rules,
        "outcomes": outcomes,
        "facts": facts,
    })
}

pub(super) fn outcome(outcome: &Outcome) -> Value {
    json!({
        "nation": outcome.nation.to_string(),
        "decision": outcome.decision.as_str(),
        "agreement_id": outcome.agreement.map(|a| a.to_string()),
        "policies": outcome.policies,
        "reason_codes": outcome.reason_codes,
        "obligations": outcome.obligations,
        "refer_to": outcome.refer_to,
    })
}

fn state(code: u8) -> &'static str {
    use entente_exchange::state::{ObjectState, Standing};
    match ObjectState::from_code(code.into()).map(ObjectState::standing) {
        Some(Standing::Held) => "held",
        Some(Standing::Stub) => "announced",
        Some(Standing::Superseded) => "superseded",
        Some(Standing::Recalled) => "recalled",
        Some(Standing::Erased) => "erased",
        Some(Standing::Unknown) | None => "unknown",
    }
}
