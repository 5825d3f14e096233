//! Commands about what is read in emergencies.

use entente_app::people::Actor;
use entente_law::print_label;
use entente_model::ObjectId;
use entente_store::rows::OpeningRow;
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{base64, moment};
use super::{Answer, Commands, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    object: String,
    necessity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judge {
    opening: i64,
    justified: bool,
    why: String,
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn glass_open(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Open = request(body)?;
        // The start of an id is looked for among what the person may know of: not here.
        let oid = asked.object.parse::<ObjectId>().map_err(|_| {
            LocalError::new(
                422,
                format!("`{}` is no object: give all 64 digits of its id", asked.object),
            )
        })?;
        let view = self.node.break_glass(actor, oid, &asked.necessity).map_err(refused)?;
        Ok(json!({
            "object": oid.to_string(),
            "originator": self.node.known().name_of(&view.row.nation),
            "type": view.row.object_type,
            "media_type": view.row.media_type,
            "label": view.manifest.as_ref().map(|m| print_label(&m.label)),
            "content": view.payload.as_deref().map(base64),
        }))
    }

    pub(super) fn glass_list(&self, actor: &Actor) -> Answer {
        let now = self.node.now();
        let opening = |row: OpeningRow| {
            json!({
                "opening": row.id,
                "person": row.person,
                "object": row.oid.to_string(),
                "at": moment(row.at),
                "necessity": row.why,
                "due": moment(row.due),
                "overdue": row.judged.is_none() && row.due <= now,
                "judged": row.judged.map(|at| {
                    json!({
                        "at": moment(at),
                        "by": row.judge,
                        "justified": row.justified,
                        "why": row.judgement,
                    })
                }),
            })
        };
        let rows = self.node.openings(actor).map_err(refused)?;
        Ok(json!({ "openings": rows.into_iter().map(opening).collect::<Vec<_>>() }))
    }

    pub(super) fn glass_judge(&self, actor: &Actor, body: Value) -> Answer {
        let asked: Judge = request(body)?;
        self.node
            .judge_opening(actor, asked.opening, asked.justified, &asked.why)
            .map_err(refused)?;
        Ok(json!({ "opening": asked.opening, "justified": asked.justified }))
    }
}
