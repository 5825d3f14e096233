//! Commands about breaches of what partners gave.

use entente_app::breach::{Breach, BreachOf};
use entente_app::people::Actor;
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{moment, nation};
use super::{Answer, Commands, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordIn {
    object: Option<String>,
    partner: Option<String>,
    what: String,
    #[serde(default)]
    hours_ago: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    breach: u64,
    how: String,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn breach_record(&self, actor: &Actor, body: Value) -> Answer {
        let asked: RecordIn = request(body)?;
        let of = match (&asked.object, &asked.partner) {
            (Some(object), None) => {
                BreachOf::Object(self.node.find_object(actor, object).map_err(refused)?)
            }
            (None, Some(partner)) => BreachOf::Partner(nation(partner)?),
            _ => {
                return Err(LocalError::new(
                    422,
                    "a breach is of one object or of what one partner gave: name one of them",
                ));
            }
        };
        let breach =
            self.node.record_breach(actor, of, &asked.what, asked.hours_ago).map_err(refused)?;
        Ok(self.breach(&breach))
    }

    pub(super) fn breach_told(&self, actor: &Actor, body: Value) -> Answer {
        let told: Told = request(body)?;
        let breach = self.node.breach_told(actor, told.breach, &told.how).map_err(refused)?;
        Ok(self.breach(&breach))
    }

    pub(super) fn breach_list(&self, actor: &Actor) -> Answer {
        let breaches = self.node.breaches(actor).map_err(refused)?;
        let breaches: Vec<Value> = breaches.iter().map(|breach| self.breach(breach)).collect();
        Ok(json!({ "breaches": breaches }))
    }

    /// A breach as programs read it.
    pub(super) fn breach(&self, breach: &Breach) -> Value {
        json!({
            "breach": breach.id,
            "object": breach.oid.map(|oid| oid.to_string()),
            "nation": self.node.known().name_of(&breach.nation),
            "what": breach.what,
            "learned": moment(breach.learned),
            "recorded_by": breach.by,
            "due": breach.due.map(moment),
            "clause": breach.basis,
            "overdue": breach.is_overdue(self.node.now()),
            "told": breach.told.as_ref().map(|(at, by, how)| {
                json!({ "at": moment(*at), "by": by, "how": how })
            }),
        })
    }
}
