//! Commands about agreements and laws.

use entente_app::AppError;
use entente_app::node::Known;
use entente_app::people::Actor;
use entente_app::policy::HeldAgreement;
use entente_app::simulate::Draft;
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::holdings::outcome;
use super::text::{moment, nation};
use super::{Answer, Commands, approval, refused, request};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    agreement: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    agreement: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operate {
    agreement: String,
    party: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terminate {
    agreement: String,
    on: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    agreement: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    agreement: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulate {
    agreement: Option<String>,
    law: Option<String>,
    last: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    leaf: u64,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn agreement_propose(&self, actor: &Actor, body: Value) -> Answer {
        let text: Text = request(body)?;
        let id = self.node.propose(actor, &text.text).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string() }))
    }

    pub(super) fn agreement_counter(&self, actor: &Actor, body: Value) -> Answer {
        let changed: Changed = request(body)?;
        let counters = self.node.find_offer(&changed.agreement).map_err(refused)?;
        let id = self.node.counter(actor, &counters, &changed.text).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string(), "counters": counters.to_string() }))
    }

    pub(super) fn agreement_amend(&self, actor: &Actor, body: Value) -> Answer {
        let changed: Changed = request(body)?;
        let supersedes = self.node.find_agreement(&changed.agreement).map_err(refused)?;
        let id = self.node.amend(actor, &supersedes, &changed.text).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string(), "supersedes": supersedes.to_string() }))
    }

    pub(super) fn agreement_text(&self, body: Value) -> Answer {
        let named: Named = request(body)?;
        let id = self.node.find_agreement(&named.agreement).map_err(refused)?;
        let text = self.node.agreement_text(&id).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string(), "text": text }))
    }

    pub(super) fn agreement_sign(&self, actor: &Actor, body: Value) -> Answer {
        let named: Named = request(body)?;
        let id = self.node.find_offer(&named.agreement).map_err(refused)?;
        let stands = self.node.sign_agreement(actor, &id).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string(), "approval": approval(&stands) }))
    }

    pub(super) fn agreement_suspend(&self, actor: &Actor, body: Value) -> Answer {
        let operate: Operate = request(body)?;
        let id = self.node.find_agreement(&operate.agreement).map_err(refused)?;
        let party = operate.party.as_deref().map(nation).transpose()?;
        let stands = self.node.suspend_agreement(actor, &id, party, &operate.reason);
        let stands = stands.map_err(refused)?;
        Ok(json!({
            "agreement_id": id.to_string(),
            "party": operate.party,
            "approval": approval(&stands),
        }))
    }

    pub(super) fn agreement_resume(&self, actor: &Actor, body: Value) -> Answer {
        let operate: Operate = request(body)?;
        let id = self.node.find_agreement(&operate.agreement).map_err(refused)?;
        let party = operate.party.as_deref().map(nation).transpose()?;
        let stands = self.node.resume_agreement(actor, &id, party, &operate.reason);
        let stands = stands.map_err(refused)?;
        Ok(json!({
            "agreement_id": id.to_string(),
            "party": operate.party,
            "approval": approval(&stands),
        }))
    }

    pub(super) fn agreement_terminate(&self, actor: &Actor, body: Value) -> Answer {
        let terminate: Terminate = request(body)?;
        let id = self.node.find_agreement(&terminate.agreement).map_err(refused)?;
        let stands = self.node.terminate_agreement(actor, &id, &terminate.on, &terminate.reason);
        let stands = stands.map_err(refused)?;
        Ok(json!({
            "agreement_id": id.to_string(),
            "ends_on": terminate.on,
            "approval": approval(&stands),
        }))
    }

    pub(super) fn agreement_withdraw(&self, actor: &Actor, body: Value) -> Answer {
        let withdraw: Withdraw = request(body)?;
        let id = self.node.find_agreement(&withdraw.agreement).map_err(refused)?;
        let stands = self.node.withdraw(actor, &id, &withdraw.reason).map_err(refused)?;
        Ok(json!({ "agreement_id": id.to_string(), "approval": approval(&stands) }))
    }

    pub(super) fn agreement_status(&self, body: Value) -> Answer {
        let status: Status = request(body)?;
        let known = self.node.known();
        // A code names every text of it, the start of an id only that one.
        let all = known.policy.agreements.iter();
        let mut held: Vec<&HeldAgreement> = match &status.agreement {
            Some(name) if all.clone().any(|held| held.row.code == *name) => {
                all.filter(|held| held.row.code == *name).collect()
            }
            Some(name) => {
                let only = self.node.find_agreement(name).map_err(refused)?;
                all.filter(|held| held.row.id == only).collect()
            }
            None => all.collect(),
        };
        held.sort_by_key(|held| (held.row.code.clone(), held.row.offered_at, held.row.id));
        let agreements: Vec<Value> =
            held.into_iter().map(|held| self.one_agreement(&known, held)).collect();
        Ok(json!({ "agreements": agreements }))
    }

    fn one_agreement(&self, known: &Known, held: &HeldAgreement) -> Value {
        let parties: Vec<Value> = held
            .agreement
            .parties()
            .iter()
            .map(|party| {
                let own = party.id == Some(self.node.identity().nation);
                let signed = party.id.is_some_and(|id| held.state.signatures().contains_key(&id));
                let active = party.id.is_some_and(|id| held.state.activated_by(&id));
                json!({
                    "nation": party.nation.to_string(),
                    "signed": signed,
                    "active": if own { held.row.status == "in_force" } else { active },
                    "suspended_by": party
                        .id
                        .and_then(|id| held.state.suspended(Some(id)))
                        .map(|(by, _)| known.name_of(&by)),
                })
            })
            .collect();
        let acts: Vec<Value> = held
            .acts_in_order()
            .into_iter()
            .map(|act| {
                json!({
                    "nation": known.name_of(&act.nation),
                    "act": act.act,
                    "party": act.party.map(|party| known.name_of(&party)),
                    "at": moment(act.at),
                    "ends": act.ends.map(moment),
                    "reason": act.reason,
                })
            })
            .collect();
        let others = || known.policy.agreements.iter();
        let answers: Vec<String> = others()
            .filter(|other| other.row.counters == Some(held.row.id))
            .map(|other| other.row.id.to_string())
            .collect();
        let amendments: Vec<String> = others()
            .filter(|other| other.agreement.supersedes() == Some(held.row.id))
            .map(|other| other.row.id.to_string())
            .collect();
        json!({
            "agreement": held.row.code,
            "agreement_id": held.row.id.to_string(),
            "title": held.agreement.title(),
            "status": known.policy.stage(held),
            "offered_by": held.row.offered_by.map(|by| known.name_of(&by)),
            "offered": held.row.offered_at.map(moment),
            "counters": held.row.counters.map(|id| id.to_string()),
            "countered_by": answers,
            "supersedes": held.agreement.supersedes().map(|id| id.to_string()),
            "amendments": amendments,
            "superseded_by": held.state.superseded_by().map(|id| id.to_string()),
            "since": moment(held.row.at),
            "in_force_from": moment(held.agreement.in_force_from()),
            "ends_on": held.agreement.ends_on().map(moment),
            "notice": held.state.notice().map(|(by, at)| {
                json!({ "nation": known.name_of(&by), "ends": moment(at) })
            }),
            "survival": held.agreement.survival(),
            "parties": parties,
            "acts": acts,
        })
    }

    pub(super) fn law_load(&self, actor: &Actor, body: Value) -> Answer {
        let text: Text = request(body)?;
        let (id, code) = self.node.load_law(actor, &text.text).map_err(refused)?;
        Ok(json!({ "law": code, "law_id": id.to_string() }))
    }

    pub(super) fn law_simulate(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Simulate = request(body)?;
        let draft = match (&asked.agreement, &asked.law) {
            (Some(text), None) => Draft::agreement(text),
            (None, Some(text)) => Draft::law(text),
            _ => Err(AppError::invalid("one draft is tried out: an agreement or a law")),
        };
        let draft = draft.map_err(refused)?;
        let found =
            self.node.simulate(actor, &draft, asked.last.unwrap_or(1000)).map_err(refused)?;
        let changed: Vec<Value> = found
            .changed
            .iter()
            .map(|c| {
                json!({
                    "nation": c.nation.to_string(),
                    "now": c.now.as_str(),
                    "then": c.then.as_str(),
                    "reasons": c.reasons,
                    "count": c.count,
                    "objects": c.objects.iter().map(ToString::to_string).collect::<Vec<_>>(),
                })
            })
            .collect();
        Ok(json!({
            "draft": found.draft,
            "replayed": found.replayed,
            "without_inputs": found.without_inputs,
            "already_different": found.already_different,
            "not_kept": found.not_kept,
            "changed": changed,
        }))
    }

    pub(super) fn law_replay(&self, actor: &Actor, body: Value) -> Answer {
        let entry: Entry = request(body)?;
        let replayed = self.node.replay(actor, entry.leaf).map_err(refused)?;
        let nations: Vec<Value> = replayed
            .nations
            .iter()
            .map(|nation| {
                json!({
                    "nation": nation.recorded.nation.to_string(),
                    "same": nation.is_same(),
                    "recorded": outcome(&nation.recorded),
                    "again": outcome(&nation.again),
                    "explanation": nation.explanation,
                })
            })
            .collect();
        Ok(json!({
            "leaf": replayed.leaf,
            "object": replayed.oid.to_string(),
            "at": moment(replayed.at),
            "same": replayed.same,
            "engine": replayed.engine,
            "policy_epoch": replayed.epoch.to_string(),
            "inputs": replayed.inputs.to_string(),
            "outcomes": replayed.outcomes.to_string(),
            "nations": nations,
        }))
    }

    pub(super) fn law_list(&self) -> Value {
        let known = self.node.known();
        let laws: Vec<Value> = known
            .policy
            .laws
            .iter()
            .map(|l| {
                json!({
                    "law": l.row.code,
                    "title": l.law.title(),
                    "active": l.row.active,
                    "since": moment(l.row.at),
                })
            })
            .collect();
        json!({ "laws": laws })
    }
}
