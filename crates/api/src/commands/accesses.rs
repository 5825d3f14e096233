//! Commands about who read what.

use entente_app::people::Actor;
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{instant, moment};
use super::{Answer, Commands, refused, request};

/// Accesses that are listed at once.
const ACCESSES_MAX: u64 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    person: Option<String>,
    object: Option<String>,
    since: Option<String>,
    before: Option<i64>,
    count: Option<u64>,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn accesses(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Asked = request(body)?;
        let since = asked.since.as_deref().map(instant).transpose()?;
        let filter = self
            .node
            .access_filter(
                actor,
                asked.person.as_deref(),
                asked.object.as_deref(),
                since,
                asked.before,
            )
            .map_err(refused)?;
        let count = asked.count.unwrap_or(100).clamp(1, ACCESSES_MAX);
        let found = self.node.accesses(actor, &filter, count).map_err(refused)?;
        let next = found.last().filter(|_| found.len() as u64 == count).map(|view| view.id);
        let accesses: Vec<Value> = found
            .iter()
            .map(|view| {
                json!({
                    "access": view.id,
                    "at": moment(view.access.at),
                    "person": view.access.person,
                    "object": view.access.oid.to_string(),
                    "door": view.access.door,
                    "necessity": view.access.necessity,
                    "leaf": view.leaf,
                })
            })
            .collect();
        Ok(json!({ "accesses": accesses, "next": next }))
    }
}
