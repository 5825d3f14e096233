//! Commands about partners, links and media.

use std::path::PathBuf;

use entente_app::node::Nation;
use entente_app::people::{Actor, Role};
use entente_app::rollback::Standing;
use entente_model::item::Lane;
use entente_model::{NationId, Wire};
use entente_store::{Store, Vault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{base64, from_base64, moment, nation};
use super::{Answer, Commands, Housekeeping, approval, refused, request};
use crate::local::LocalError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Introduce {
    card: String,
    words: String,
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspend {
    nation: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointSet {
    nation: String,
    endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    nation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    nation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    file: PathBuf,
}

impl<S: Store + Housekeeping, V: Vault> Commands<S, V> {
    pub(super) fn backup(&self, actor: &Actor, body: Value) -> Answer {
        let backup: Backup = request(body)?;
        actor.must_be(&[Role::Operator, Role::SecurityOfficer], "make backups").map_err(refused)?;
        if !backup.file.is_absolute() {
            return Err(LocalError::new(422, "the backup needs an absolute path"));
        }
        let bytes = self.node.store().backup(&backup.file).map_err(refused)?;
        Ok(json!({ "file": backup.file, "bytes": bytes }))
    }
}

impl<S: Store, V: Vault> Commands<S, V> {
    pub(super) fn status(&self, actor: &Actor) -> Answer {
        let status = self.node.status(actor).map_err(refused)?;
        let links: Vec<Value> = status
            .links
            .iter()
            .map(|l| {
                json!({
                    "nation": l.code,
                    "name": l.name,
                    "node": l.node.to_string(),
                    "endpoint": l.endpoint,
                    "unacknowledged": l.unacknowledged,
                    "unreceipted": l.unreceipted,
                    "waiting_bytes": l.waiting.0,
                    "waiting_since": l.waiting.1.map(moment),
                    "missing": l.missing,
                    "heard": l.heard.map(moment),
                    "their_ledger": l.ledger_seen,
                    "our_ledger_at_theirs": l.ours_seen,
                    "stopped": l.stopped,
                })
            })
            .collect();
        let closed: Vec<&str> = status.intake.closed().into_iter().map(Lane::as_str).collect();
        let agreements: Vec<Value> = status
            .agreements
            .iter()
            .map(|(code, state)| json!({ "agreement": code, "status": state }))
            .collect();
        Ok(json!({
            "nation": status.code,
            "name": status.name,
            "nation_id": self.node.identity().nation.to_string(),
            "node_id": self.node.identity().node.to_string(),
            "ledger": self.ledger_status()?,
            "objects": { "own": status.objects.0, "received": status.objects.1 },
            "policy_epoch": status.policy_epoch.to_string(),
            "decisions": {
                "evaluated": status.decisions.evaluated,
                "remembered": status.decisions.remembered,
                "compared": status.decisions.compared,
                "differing": status.decisions.differing,
            },
            "agreements": agreements,
            "laws": status.laws,
            "links": links,
            "breaches": status.breaches.iter().map(|b| self.breach(b)).collect::<Vec<_>>(),
            "openings": { "waiting": status.openings.0, "overdue": status.openings.1 },
            "reviews_overdue": status.reviews_overdue,
            "pending": status.pending,
            "signs": status.standing == Standing::Clear,
            "standing": status.standing.to_string(),
            "disk": {
                "used_percent": status.intake.used(),
                "closed": closed,
                "releases": status.intake.releases(),
            },
        }))
    }

    pub(super) fn card(&self) -> Answer {
        let (card, words) = self.node.card().map_err(refused)?;
        let identity = self.node.identity();
        Ok(json!({
            "nation": identity.code.to_string(),
            "name": identity.name,
            "nation_id": identity.nation.to_string(),
            "words": words,
            "card": base64(&card.to_bytes()),
        }))
    }

    pub(super) fn introduce(&self, actor: &Actor, body: Value) -> Answer {
        let introduce: Introduce = request(body)?;
        let card = from_base64(&introduce.card, "card")?;
        let code = introduce.code.as_deref().map(nation).transpose()?;
        let (stands, id) =
            self.node.introduce(actor, &card, &introduce.words, code).map_err(refused)?;
        Ok(json!({ "nation_id": id.to_string(), "approval": approval(&stands) }))
    }

    pub(super) fn nation_suspend(&self, actor: &Actor, body: Value) -> Answer {
        let suspend: Suspend = request(body)?;
        let code = nation(&suspend.nation)?;
        let stands = self.node.suspend_nation(actor, code, &suspend.reason).map_err(refused)?;
        Ok(json!({ "nation": suspend.nation, "approval": approval(&stands) }))
    }

    pub(super) fn endpoint_set(&self, actor: &Actor, body: Value) -> Answer {
        let set: EndpointSet = request(body)?;
        let code = nation(&set.nation)?;
        self.node.set_endpoint(actor, code, set.endpoint.as_deref()).map_err(refused)?;
        Ok(json!({ "nation": set.nation, "endpoint": set.endpoint }))
    }

    pub(super) fn bundle_export(&self, actor: &Actor, body: Value) -> Answer {
        let export: Export = request(body)?;
        let files: Vec<Value> = self
            .node
            .export(actor, nation(&export.nation)?)
            .map_err(refused)?
            .into_iter()
            .map(|f| json!({ "name": f.name, "items": f.items, "content": base64(&f.bytes) }))
            .collect();
        Ok(json!({ "nation": export.nation, "files": files }))
    }

    pub(super) fn bundle_import(&self, actor: &Actor, body: Value) -> Answer {
        let import: Import = request(body)?;
        let bytes = from_base64(&import.content, "file")?;
        let (code, received) = self.node.import(actor, &bytes).map_err(refused)?;
        Ok(json!({
            "from": code.to_string(),
            "objects": received.objects,
            "controls": received.controls,
            "refused": received.refused,
            "duplicates": received.duplicates,
            "early": received.early,
        }))
    }

    pub(super) fn ledger_status(&self) -> Answer {
        let status = self.node.ledger_status().map_err(refused)?;
        let cosignatures: Vec<Value> = status
            .cosignatures
            .iter()
            .map(|(size, witness)| json!({ "size": size, "witness": witness }))
            .collect();
        Ok(json!({
            "origin": status.origin,
            "size": status.size,
            "root": status.root.map(|r| r.to_string()),
            "signed": status.signed,
            "cosignatures": cosignatures,
        }))
    }

    /// The newest checkpoint that this node verified of a partner's ledger, or signed of its own.
    pub(super) fn ledger_seen(&self, body: Value) -> Answer {
        let seen: Seen = request(body)?;
        let known = self.node.known();
        let of_id = seen.nation.parse::<NationId>().ok();
        let found = known
            .nations
            .values()
            .find(|n| of_id == Some(n.row.nation) || n.row.code.as_str() == seen.nation);
        let held = match found.and_then(Nation::node) {
            Some((_, state)) => {
                let origin = state.spec.origin.clone();
                let seen = self.node.seen_of(&origin).map_err(refused)?;
                seen.map(|seen| (origin, seen))
            }
            None => None,
        };
        let Some((origin, (size, root, note))) = held else {
            let what = format!("this node has seen no checkpoint of {}", seen.nation);
            return Err(LocalError::new(404, what));
        };
        Ok(json!({
            "nation": found.map(|n| n.row.code.to_string()),
            "origin": origin,
            "size": size,
            "root": root.to_string(),
            "checkpoint": String::from_utf8_lossy(&note),
        }))
    }

    pub(super) fn ledger_verify(&self, actor: &Actor) -> Answer {
        let findings = self.node.verify_ledger(actor).map_err(refused)?;
        Ok(json!({
            "verified": findings.faults.is_empty(),
            "size": findings.size,
            "root": findings.root.map(|r| r.to_string()),
            "unsigned": findings.unsigned,
            "opened": findings.opened,
            "erased": findings.erased,
            "slots": findings.slots,
            "releases": findings.releases,
            "replayed": findings.replayed,
            "other_engine": findings.other_engine,
            "faults": findings.faults,
        }))
    }
}
