//! Commands about standing rules.

use entente_app::people::Actor;
use entente_app::standing::{Narrowing, Reaction, RuleView, StandingRule};
use entente_model::{NationCode, Timestamp};
use entente_store::rows::{RuleReleaseRow, RuleRow};
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{moment, nation};
use super::{Answer, Commands, approval, refused, request};
use crate::local::LocalError;

/// Releases that `rule.show` lists unless asked for more.
const RELEASES_SHOWN: u64 = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    query: String,
    under: String,
    #[serde(default)]
    to: Vec<String>,
    purpose: Option<String>,
    daily: Option<u64>,
    sample: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    name: String,
    count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Narrow {
    name: String,
    and: Option<String>,
    #[serde(default)]
    not_to: Vec<String>,
    daily: Option<u64>,
    sample: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reviews {
    rule: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    object: String,
    rule: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Objection {
    object: String,
    rule: Option<String>,
    reason: String,
    then: Option<String>,
}

fn nations(codes: &[String]) -> Result<Vec<NationCode>, LocalError> {
    codes.iter().map(|code| nation(code)).collect()
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn rule_add(&self, actor: &Actor, body: Value) -> Answer {
        let add: Add = request(body)?;
        let rule = StandingRule {
            name: add.name,
            query: add.query,
            under: add.under,
            to: nations(&add.to)?,
            not_to: Vec::new(),
            purpose: add.purpose,
            daily: add.daily,
            sample: add.sample.unwrap_or(0),
            at: Timestamp::default(),
        };
        let stands = self.node.add_rule(actor, &rule).map_err(refused)?;
        Ok(json!({ "rule": rule.name, "says": rule.says(), "approval": approval(&stands) }))
    }

    pub(super) fn rule_list(&self, actor: &Actor) -> Answer {
        let rules = self.node.rules(actor).map_err(refused)?;
        let rules: Vec<Value> = rules.iter().map(view).collect();
        Ok(json!({ "rules": rules }))
    }

    pub(super) fn rule_show(&self, actor: &Actor, body: Value) -> Answer {
        let show: Show = request(body)?;
        let count = show.count.unwrap_or(RELEASES_SHOWN);
        let found = self.node.rule(actor, &show.name, count).map_err(refused)?;
        let mut shown = view(&found);
        if let Value::Object(members) = &mut shown {
            let releases: Vec<Value> = found.releases.iter().map(release).collect();
            members.insert("releases".to_owned(), json!(releases));
            let before: Vec<Value> =
                found.before.iter().map(|(row, rule)| form(row, rule)).collect();
            members.insert("before".to_owned(), json!(before));
        }
        Ok(shown)
    }

    pub(super) fn rule_narrow(&self, actor: &Actor, body: Value) -> Answer {
        let narrow: Narrow = request(body)?;
        let by = Narrowing {
            and: narrow.and,
            not_to: nations(&narrow.not_to)?,
            daily: narrow.daily,
            sample: narrow.sample,
        };
        self.node.narrow_rule(actor, &narrow.name, &by).map_err(refused)?;
        let found = self.node.rule(actor, &narrow.name, 0).map_err(refused)?;
        Ok(view(&found))
    }

    pub(super) fn rule_suspend(&self, actor: &Actor, body: Value) -> Answer {
        let stop: Stop = request(body)?;
        self.node.stop_rule(actor, &stop.name, &stop.reason, false).map_err(refused)?;
        Ok(json!({ "rule": stop.name, "state": "suspended" }))
    }

    pub(super) fn rule_resume(&self, actor: &Actor, body: Value) -> Answer {
        let stop: Stop = request(body)?;
        let stands = self.node.resume_rule(actor, &stop.name, &stop.reason).map_err(refused)?;
        Ok(json!({ "rule": stop.name, "approval": approval(&stands) }))
    }

    pub(super) fn rule_remove(&self, actor: &Actor, body: Value) -> Answer {
        let stop: Stop = request(body)?;
        self.node.stop_rule(actor, &stop.name, &stop.reason, true).map_err(refused)?;
        Ok(json!({ "rule": stop.name, "state": "removed" }))
    }

    pub(super) fn rule_reviews(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Reviews = request(body)?;
        let waiting = self.node.rule_reviews(actor, asked.rule.as_deref()).map_err(refused)?;
        let waiting: Vec<Value> = waiting.iter().map(release).collect();
        Ok(json!({ "waiting": waiting }))
    }

    pub(super) fn rule_accept(&self, actor: &Actor, body: Value) -> Answer {
        let accept: Accept = request(body)?;
        let oid = self.node.find_object(actor, &accept.object).map_err(refused)?;
        self.node.accept_release(actor, oid, accept.rule.as_deref()).map_err(refused)?;
        Ok(json!({ "object": oid.to_string(), "review": "accepted" }))
    }

    pub(super) fn rule_object(&self, actor: &Actor, body: Value) -> Answer {
        let object: Objection = request(body)?;
        let then = object.then.as_deref().map(reaction).transpose()?;
        let oid = self.node.find_object(actor, &object.object).map_err(refused)?;
        self.node
            .object_to_release(actor, oid, object.rule.as_deref(), &object.reason, then)
            .map_err(refused)?;
        Ok(json!({ "object": oid.to_string(), "review": "objected", "then": object.then }))
    }
}

fn reaction(word: &str) -> Result<Reaction, LocalError> {
    match word {
        "recall" => Ok(Reaction::Recall),
        "suspend" => Ok(Reaction::Suspend),
        "both" => Ok(Reaction::Both),
        _ => Err(LocalError::new(
            400,
            format!("`{word}` does not follow from an objection: use recall, suspend or both"),
        )),
    }
}

fn form(row: &RuleRow, rule: &StandingRule) -> Value {
    let codes = |codes: &[NationCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "rule": row.name,
        "rule_id": row.id.to_string(),
        "says": rule.says(),
        "query": rule.query,
        "under": rule.under,
        "to": codes(&rule.to),
        "not_to": codes(&rule.not_to),
        "purpose": rule.purpose,
        "daily": rule.daily,
        "sample": rule.sample,
        "state": row.state,
        "since": moment(row.at),
        "by": row.by,
        "leaf": row.leaf,
    })
}

fn view(view: &RuleView) -> Value {
    let mut shown = form(&view.held.row, &view.held.rule);
    if let Value::Object(members) = &mut shown {
        members.insert("today".to_owned(), json!(view.today));
        members.insert("waiting".to_owned(), json!(view.waiting));
    }
    shown
}

/// A release that a rule made.
pub(super) fn release(row: &RuleReleaseRow) -> Value {
    let reviewed = row.reviewed.as_ref();
    json!({
        "rule": row.name,
        "rule_id": row.rule.to_string(),
        "object": row.oid.to_string(),
        "leaf": row.leaf,
        "at": moment(row.at),
        "nations": row.nations.split(',').collect::<Vec<_>>(),
        "review": row.review,
        "reviewed_by": reviewed.map(|(by, _, _)| by),
        "reviewed": reviewed.map(|(_, at, _)| moment(*at)),
        "objection": reviewed.map(|(_, _, why)| why).filter(|why| !why.is_empty()),
    })
}
