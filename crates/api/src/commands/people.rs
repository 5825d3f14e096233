//! Commands about persons.

use entente_app::people::{
    Actor, Admission, Arrival, Badge, Change, Ending, Post, Role, badge_number,
};
use entente_model::{NationCode, Timestamp};
use entente_store::rows::PersonRow;
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{instant, moment, nation};
use super::{Answer, Commands, approval, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    roles: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    desk: String,
    #[serde(default)]
    clearance: String,
    nationality: Option<String>,
    #[serde(default)]
    read_ins: Vec<String>,
    /// Of a program.
    owner: Option<String>,
    /// Of a program.
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedWhy {
    name: String,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    name: String,
    why: String,
    #[serde(default)]
    give: Vec<String>,
    #[serde(default)]
    take: Vec<String>,
    body: Option<String>,
    desk: Option<String>,
    clearance: Option<String>,
    nationality: Option<String>,
    #[serde(default)]
    read_in: Vec<String>,
    #[serde(default)]
    read_out: Vec<String>,
    owner: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    name: String,
    why: String,
    #[serde(default)]
    take: Vec<String>,
    #[serde(default)]
    read_out: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    name: String,
    #[serde(default)]
    why: String,
    /// Whether there shall be none from now on.
    #[serde(default)]
    withdraw: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// Without it one's own.
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndSessions {
    name: Option<String>,
    /// Without it all of them.
    session: Option<String>,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemovePasskey {
    name: Option<String>,
    passkey: String,
    #[serde(default)]
    why: String,
}

/// A subject at a provider, or the key of a certificate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBadge {
    name: String,
    issuer: Option<String>,
    subject: Option<String>,
    /// SHA-256 of the public key, in digits.
    key: Option<String>,
    /// When the certificate ends, in milliseconds since 1970.
    until: Option<u64>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveBadge {
    name: String,
    badge: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmCode {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoseWhy {
    name: Option<String>,
    #[serde(default)]
    why: String,
}

fn roles(words: &[String]) -> Result<Vec<Role>, LocalError> {
    words.iter().map(|r| r.parse::<Role>()).collect::<Result<_, _>>().map_err(refused)
}

fn nationality(code: Option<String>) -> Result<Option<NationCode>, LocalError> {
    code.map(|code| nation(&code)).transpose()
}

fn admission(name: &str, done: &Admission) -> Value {
    json!({
        "person": name,
        "approval": approval(&done.approval),
        "credential": done.credential,
    })
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
        let post = Post {
            roles: roles(&add.roles)?,
            body: add.body,
            desk: add.desk,
            clearance: add.clearance,
            nation: nationality(add.nationality)?,
            read_ins: add.read_ins,
            owner: add.owner,
            until: add.until.as_deref().map(instant).transpose()?,
        };
        let done = self.node.add_person(actor, &add.name, &post).map_err(refused)?;
        Ok(admission(&add.name, &done))
    }

    /// What is told of a person.
    fn person(&self, row: &PersonRow) -> Value {
        let nation = row.nation.unwrap_or(self.node.identity().code);
        let given = row.roles_at.iter().copied().chain(std::iter::repeat(row.at));
        let roles: Vec<Value> = row
            .roles
            .iter()
            .zip(given)
            .map(|(role, at)| json!({ "role": role, "since": moment(at) }))
            .collect();
        json!({
            "person": row.name,
            "roles": row.roles,
            "roles_since": roles,
            "body": row.body,
            "desk": row.desk,
            "clearance": row.clearance,
            "nationality": nation.to_string(),
            "read_ins": row.read_ins,
            "active": row.active,
            "since": moment(row.at),
            "owner": row.owner,
            "until": row.until.map(moment),
            "reviewed": row.reviewed.map(moment),
            "reviewed_by": row.reviewed_by,
        })
    }

    pub(super) fn person_list(&self, actor: &Actor) -> Answer {
        let people = self.node.people(actor).map_err(refused)?;
        let people: Vec<Value> = people.iter().map(|row| self.person(row)).collect();
        Ok(json!({ "people": people }))
    }

    pub(super) fn person_show(&self, actor: &Actor, body: Value) -> Answer {
        let show: Named = request(body)?;
        Ok(self.person(&self.node.person(actor, &show.name).map_err(refused)?))
    }

    pub(super) fn person_change(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Changed = request(body)?;
        let change = Change {
            give: roles(&asked.give)?,
            take: roles(&asked.take)?,
            body: asked.body,
            desk: asked.desk,
            clearance: asked.clearance,
            nation: nationality(asked.nationality)?,
            read_in: asked.read_in,
            read_out: asked.read_out,
            owner: asked.owner,
            until: asked.until.as_deref().map(instant).transpose()?,
        };
        let done =
            self.node.change_person(actor, &asked.name, &change, &asked.why).map_err(refused)?;
        Ok(json!({ "person": asked.name, "approval": approval(&done) }))
    }

    pub(super) fn person_deactivate(&self, actor: &Actor, body: Value) -> Answer {
        let NamedWhy { name, why } = request(body)?;
        let done = self.node.deactivate_person(actor, &name, &why).map_err(refused)?;
        Ok(json!({ "person": name, "approval": approval(&done) }))
    }

    pub(super) fn person_reactivate(&self, actor: &Actor, body: Value) -> Answer {
        let NamedWhy { name, why } = request(body)?;
        let done = self.node.reactivate_person(actor, &name, &why).map_err(refused)?;
        Ok(admission(&name, &done))
    }

    pub(super) fn person_credential(&self, actor: &Actor, body: Value) -> Answer {
        let Credential { name, why, withdraw } = request(body)?;
        let done = self.node.renew_credential(actor, &name, !withdraw, &why).map_err(refused)?;
        Ok(admission(&name, &done))
    }

    pub(super) fn person_link(&self, actor: &Actor, body: Value) -> Answer {
        let link: Link = request(body)?;
        let person = link.person.unwrap_or_else(|| actor.name().to_owned());
        let secret = self.node.link_for(actor, &person).map_err(refused)?;
        Ok(json!({ "person": person, "link": secret }))
    }

    pub(super) fn person_sessions(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Whose = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        let rows = self.node.sessions(actor, &name).map_err(refused)?;
        let sessions: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "session": row.digest.to_string(),
                    "began": moment(row.began),
                    "seen": moment(row.seen),
                    "ends": moment(row.ends),
                    "how": row.how,
                    "from": row.source,
                    "browser": row.agent,
                })
            })
            .collect();
        Ok(json!({ "person": name, "sessions": sessions }))
    }

    pub(super) fn person_end_sessions(&self, actor: &Actor, body: Value) -> Answer {
        let asked: EndSessions = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        let which = asked.session.map_or(Ending::AllBut(None), Ending::One);
        let ended = self.node.end_sessions(actor, &name, &which, &asked.why).map_err(refused)?;
        Ok(json!({ "person": name, "ended": ended }))
    }

    pub(super) fn person_passkeys(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Whose = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        let passkeys = self.node.passkeys(actor, &name).map_err(refused)?;
        let passkeys: Vec<Value> = passkeys
            .iter()
            .map(|passkey| {
                json!({
                    "passkey": passkey.id.to_string(),
                    "name": passkey.name,
                    "since": moment(passkey.at),
                    "used": passkey.used.map(moment),
                })
            })
            .collect();
        Ok(json!({ "person": name, "passkeys": passkeys }))
    }

    pub(super) fn person_remove_passkey(&self, actor: &Actor, body: Value) -> Answer {
        let asked: RemovePasskey = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        self.node.remove_passkey(actor, &name, &asked.passkey, &asked.why).map_err(refused)?;
        Ok(json!({ "person": name, "removed": asked.passkey }))
    }

    pub(super) fn person_badges(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Whose = request(body)?;
        let rows = self.node.badges(actor, asked.name.as_deref()).map_err(refused)?;
        let badges: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "badge": badge_number(row).to_string(),
                    "person": row.person,
                    "kind": row.kind,
                    "issuer": row.issuer,
                    "subject": row.subject,
                    "since": moment(row.at),
                    "by": row.by_whom,
                    "until": row.until.map(moment),
                })
            })
            .collect();
        Ok(json!({ "badges": badges }))
    }

    pub(super) fn person_add_badge(&self, actor: &Actor, body: Value) -> Answer {
        let asked: AddBadge = request(body)?;
        let badge = match (asked.issuer, asked.subject, asked.key) {
            (Some(issuer), Some(subject), None) => Badge::at_provider(&issuer, &subject),
            (None, None, Some(key)) => {
                let key = key.parse().map_err(|_| {
                    LocalError::new(400, "`key` is not the SHA-256 of a public key, in 64 digits")
                })?;
                Badge::of_key(key, asked.until.map(Timestamp::from_millis))
            }
            _ => {
                return Err(LocalError::new(
                    400,
                    "a badge is an `issuer` with a `subject`, or a `key`",
                ));
            }
        };
        let done = self.node.add_badge(actor, &asked.name, &badge, &asked.why).map_err(refused)?;
        Ok(json!({ "person": asked.name, "approval": approval(&done) }))
    }

    pub(super) fn person_remove_badge(&self, actor: &Actor, body: Value) -> Answer {
        let asked: RemoveBadge = request(body)?;
        self.node.remove_badge(actor, &asked.name, &asked.badge, &asked.why).map_err(refused)?;
        Ok(json!({ "person": asked.name, "removed": asked.badge }))
    }

    pub(super) fn person_code(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Whose = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        let standing = self.node.code_standing(actor, &name).map_err(refused)?;
        Ok(json!({ "person": name, "code": standing.as_str() }))
    }

    pub(super) fn person_set_up_code(&self, actor: &Actor) -> Answer {
        let made = self.node.set_up_code(actor).map_err(refused)?;
        Ok(json!({
            "person": actor.name(),
            "secret": made.secret,
            "address": made.address,
        }))
    }

    pub(super) fn person_confirm_code(&self, actor: &Actor, body: Value) -> Answer {
        let asked: ConfirmCode = request(body)?;
        self.node.confirm_code(actor, &asked.code, &Arrival::default()).map_err(refused)?;
        Ok(json!({ "person": actor.name(), "code": "confirmed" }))
    }

    pub(super) fn person_remove_code(&self, actor: &Actor, body: Value) -> Answer {
        let asked: WhoseWhy = request(body)?;
        let name = asked.name.unwrap_or_else(|| actor.name().to_owned());
        self.node.remove_code(actor, &name, &asked.why).map_err(refused)?;
        Ok(json!({ "person": name, "code": "none" }))
    }

    pub(super) fn person_reviews(&self, actor: &Actor) -> Answer {
        let holdings = self.node.reviews(actor).map_err(refused)?;
        let people: Vec<Value> = holdings
            .iter()
            .map(|holding| {
                let mut person = self.person(&holding.row);
                if let Some(members) = person.as_object_mut() {
                    members.insert("signed_in".into(), json!(holding.signed_in.map(moment)));
                    members.insert("asked".into(), json!(holding.asked.map(moment)));
                    members.insert("due".into(), json!(moment(holding.due)));
                    members.insert("overdue".into(), json!(holding.is_overdue));
                }
                person
            })
            .collect();
        Ok(json!({ "people": people }))
    }

    pub(super) fn person_review(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Review = request(body)?;
        let take = roles(&asked.take)?;
        let row = self
            .node
            .review_person(actor, &asked.name, &take, &asked.read_out, &asked.why)
            .map_err(refused)?;
        Ok(self.person(&row))
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
