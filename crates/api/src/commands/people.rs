//! Commands about persons.

use entente_app::people::{Actor, Role};
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::moment;
use super::{Answer, Commands, refused, request};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    roles: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    clearance: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    person: Option<String>,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn whoami(&self, actor: &Actor) -> Value {
        let roles: Vec<&str> = actor.roles().iter().map(|r| r.as_str()).collect();
        let identity = self.node.identity();
        json!({
            "person": actor.name(),
            "roles": roles,
            "body": actor.body(),
            "nation": identity.code.to_string(),
            "nation_id": identity.nation.to_string(),
        })
    }

    pub(super) fn person_add(&self, actor: &Actor, body: Value) -> Answer {
        let add: Add = request(body)?;
        let roles = add
            .roles
            .iter()
            .map(|r| r.parse::<Role>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(refused)?;
        let credential = self
            .node
            .add_person(Some(actor), &add.name, &roles, &add.body, &add.clearance)
            .map_err(refused)?;
        Ok(json!({ "person": add.name, "credential": credential }))
    }

    pub(super) fn person_list(&self) -> Answer {
        let people: Vec<Value> = self
            .node
            .people()
            .map_err(refused)?
            .into_iter()
            .map(|p| {
                json!({
                    "person": p.name,
                    "roles": p.roles,
                    "body": p.body,
                    "clearance": p.clearance,
                    "active": p.active,
                    "since": moment(p.at),
                })
            })
            .collect();
        Ok(json!({ "people": people }))
    }

    pub(super) fn person_link(&self, actor: &Actor, body: Value) -> Answer {
        let link: Link = request(body)?;
        let person = link.person.unwrap_or_else(|| actor.name().to_owned());
        let secret = self.node.link_for(actor, &person).map_err(refused)?;
        Ok(json!({ "person": person, "link": secret }))
    }

    pub(super) fn approvals(&self, actor: &Actor) -> Answer {
        let waiting: Vec<Value> = self
            .node
            .proposals(actor)
            .map_err(refused)?
            .into_iter()
            .map(|p| {
                json!({
                    "act": p.digest.to_string(),
                    "kind": p.act,
                    "about": p.about,
                    "approved_by": p.approvers,
                    "since": moment(p.at),
                })
            })
            .collect();
        Ok(json!({ "waiting": waiting }))
    }
}
