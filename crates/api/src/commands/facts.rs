//! Commands about the fact register.

use entente_app::facts::{FactView, RestingReleases};
use entente_app::people::Actor;
use entente_law::{Fact, FactKind, FactSubject};
use entente_model::{NationCode, Timestamp};
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{instant, moment, nation};
use super::{Answer, Commands, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    kind: String,
    about: String,
    value: String,
    evidence: String,
    from: Option<String>,
    until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    about: Option<String>,
    #[serde(default)]
    standing: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    fact: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    fact: String,
    to: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    fact: String,
    why: String,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn fact_add(&self, actor: &Actor, body: Value) -> Answer {
        let add: Add = request(body)?;
        let wrong = |e: entente_law::FactError| LocalError::new(422, e.to_string());
        let kind: FactKind = add.kind.parse().map_err(wrong)?;
        let about: FactSubject = add.about.parse().map_err(wrong)?;
        let from = match &add.from {
            Some(text) => instant(text)?,
            None => self.node.now(),
        };
        let span: (Timestamp, Timestamp) = (from, instant(&add.until)?);
        let fact = Fact::new(kind, about, &add.value, add.evidence.trim(), span).map_err(wrong)?;
        let id = self.node.assert_fact(actor, fact).map_err(refused)?;
        Ok(json!({ "fact": id.to_string() }))
    }

    pub(super) fn fact_tell(&self, actor: &Actor, body: Value) -> Answer {
        let tell: Tell = request(body)?;
        let id = self.node.fact_by_prefix(actor, &tell.fact).map_err(refused)?;
        let to: Vec<NationCode> = tell.to.iter().map(|to| nation(to)).collect::<Result<_, _>>()?;
        self.node.tell_fact(actor, id, &to).map_err(refused)?;
        let told: Vec<String> = to.iter().map(ToString::to_string).collect();
        Ok(json!({ "fact": id.to_string(), "told": told }))
    }

    pub(super) fn fact_list(&self, actor: &Actor, body: Value) -> Answer {
        let list: List = request(body)?;
        let facts: Vec<Value> = self
            .node
            .facts(actor)
            .map_err(refused)?
            .iter()
            .filter(|view| {
                let about = view.asserted.fact.subject().to_string();
                list.about.as_ref().is_none_or(|wanted| *wanted == about)
            })
            .filter(|view| !list.standing || view.state.stands())
            .map(fact)
            .collect();
        Ok(json!({ "facts": facts }))
    }

    pub(super) fn fact_releases(&self, actor: &Actor, body: Value) -> Answer {
        let named: Named = request(body)?;
        let id = self.node.fact_by_prefix(actor, &named.fact).map_err(refused)?;
        let resting = self.node.releases_on_fact(actor, id).map_err(refused)?;
        Ok(self.resting(&id.to_string(), &resting))
    }

    pub(super) fn fact_revoke(&self, actor: &Actor, body: Value) -> Answer {
        let revoke: Revoke = request(body)?;
        let id = self.node.fact_by_prefix(actor, &revoke.fact).map_err(refused)?;
        let resting = self.node.revoke_fact(actor, id, &revoke.why).map_err(refused)?;
        Ok(self.resting(&id.to_string(), &resting))
    }

    fn resting(&self, id: &str, resting: &RestingReleases) -> Value {
        let known = self.node.known();
        let releases: Vec<Value> = resting
            .newest
            .iter()
            .map(|r| {
                json!({
                    "leaf": r.leaf,
                    "object": r.oid.to_string(),
                    "nation": known.name_of(&r.nation),
                })
            })
            .collect();
        json!({ "fact": id, "count": resting.count, "releases": releases })
    }
}

fn fact(view: &FactView) -> Value {
    let fact = &view.asserted.fact;
    json!({
        "fact": view.id.to_string(),
        "kind": fact.kind().as_str(),
        "about": fact.subject().to_string(),
        "value": fact.value(),
        "evidence": fact.evidence(),
        "from": moment(fact.from()),
        "until": moment(fact.until()),
        "asserted_by": view.asserted.by,
        "asserted_at": moment(view.asserted.at),
        "from_partner": view.from_partner,
        "told_to": view.told_to,
        "leaf": view.leaf,
        "state": view.state.as_str(),
        "revoked": view.revoked.as_ref().map(|(at, by, why)| {
            json!({ "at": moment(*at), "by": by, "why": why })
        }),
    })
}
