//! Commands: what a person's program may ask of its own node, as JSON.
//!
//! Each command is one function of `entente-app`, reached through the local socket by a person
//! whose credential is checked first. Unknown members of a request are errors. Answers hold what
//! the gate let this person see, and nothing else.

mod accesses;
mod breaches;
mod facts;
mod glass;
mod holdings;
mod partners;
mod people;
mod policy;
mod standing;
mod text;

pub use holdings::event;

use std::path::Path;
use std::sync::Arc;

use entente_app::people::{Actor, Approval, TokenKind};
use entente_app::{AppError, Blame, Node};
use entente_store::sqlite::SqliteStore;
use entente_store::{Store, Vault};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::local::{LocalError, LocalService};

/// Answers commands for one node.
#[derive(Debug)]
pub struct Commands<S, V> {
    node: Arc<Node<S, V>>,
}

/// What a store does for its operator, beside its work. A store that cannot says so.
pub trait Housekeeping {
    /// Copies one consistent state to a new file while work goes on, and says how many bytes it
    /// has.
    fn backup(&self, path: &Path) -> Result<u64, AppError> {
        let _ = path;
        Err(AppError::Operator(
            "this node's database makes no backups by itself: use its own tools".to_owned(),
        ))
    }
}

impl Housekeeping for SqliteStore {
    fn backup(&self, path: &Path) -> Result<u64, AppError> {
        self.backup_to(path, &mut |_, _| {})?;
        let about = std::fs::metadata(path)
            .map_err(|e| AppError::Operator(format!("the backup cannot be examined: {e}")))?;
        Ok(about.len())
    }
}

/// Every command there is.
pub const NAMES: [&str; 82] = [
    "whoami",
    "person.add",
    "person.list",
    "person.show",
    "person.change",
    "person.deactivate",
    "person.reactivate",
    "person.credential",
    "person.link",
    "person.sessions",
    "person.end-sessions",
    "person.passkeys",
    "person.remove-passkey",
    "person.badges",
    "person.add-badge",
    "person.remove-badge",
    "person.code",
    "person.set-up-code",
    "person.confirm-code",
    "person.remove-code",
    "person.reviews",
    "person.review",
    "approvals",
    "status",
    "card",
    "introduce",
    "nation.suspend",
    "endpoint.set",
    "bundle.export",
    "bundle.import",
    "agreement.propose",
    "agreement.counter",
    "agreement.amend",
    "agreement.text",
    "agreement.sign",
    "agreement.suspend",
    "agreement.resume",
    "agreement.terminate",
    "agreement.withdraw",
    "agreement.status",
    "law.load",
    "law.list",
    "law.replay",
    "law.simulate",
    "fact.add",
    "fact.list",
    "fact.releases",
    "fact.tell",
    "fact.revoke",
    "rule.add",
    "rule.list",
    "rule.show",
    "rule.narrow",
    "rule.suspend",
    "rule.resume",
    "rule.remove",
    "rule.reviews",
    "rule.accept",
    "rule.object",
    "publish",
    "release",
    "decisions",
    "objects.list",
    "objects.show",
    "receipts",
    "consent.list",
    "consent.decide",
    "breach.record",
    "breach.told",
    "breach.list",
    "glass.open",
    "glass.list",
    "glass.judge",
    "recall",
    "recall.list",
    "ledger.status",
    "ledger.verify",
    "ledger.prove",
    "ledger.accesses",
    "ledger.seen",
    "backup",
    "events",
];

/// What whoever sits here for another nation may ask: for what was released to it, and about
/// themselves.
pub const SEATED: [&str; 12] = [
    "whoami",
    "person.show",
    "person.link",
    "person.sessions",
    "person.end-sessions",
    "person.passkeys",
    "person.remove-passkey",
    "person.code",
    "person.set-up-code",
    "person.confirm-code",
    "objects.list",
    "objects.show",
];

fn no_such(name: &str) -> LocalError {
    LocalError::new(404, format!("there is no command `{name}`"))
}

/// What a command comes to.
type Answer = Result<Value, LocalError>;

impl<S: Store, V: Vault> Commands<S, V> {
    /// Commands of this node.
    pub const fn new(node: Arc<Node<S, V>>) -> Self {
        Self { node }
    }

    fn actor(&self, token: Option<&str>) -> Result<Actor, LocalError> {
        let token = token.ok_or_else(|| {
            LocalError::new(401, "this needs a person's credential")
                .with_hint("name yourself with --as PERSON; `entente person add` gives credentials")
        })?;
        self.node.actor(token, &[TokenKind::Credential]).map_err(refused)
    }
}

/// Reads a request; what is missing, unknown or of the wrong kind is said in one sentence.
fn request<T: DeserializeOwned>(body: Value) -> Result<T, LocalError> {
    serde_json::from_value(body)
        .map_err(|e| LocalError::new(400, format!("the request cannot be read: {e}")))
}

/// What an error of the node means to who asked.
#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
pub fn refused(error: AppError) -> LocalError {
    let status = match error.blame() {
        Blame::Caller => 422,
        Blame::Refused => 403,
        Blame::Absent => 404,
        Blame::Partner => 502,
        Blame::Operator => 503,
        Blame::Us => 500,
    };
    if matches!(error.blame(), Blame::Us) {
        tracing::error!(error = %error, "a defect");
    }
    LocalError::new(status, error.to_string())
}

/// How an act that needs two persons stands.
fn approval(approval: &Approval) -> Value {
    match approval {
        Approval::Waiting { digest, approvers, needed } => json!({
            "state": "waiting",
            "act": digest.to_string(),
            "approved_by": approvers,
            "needed": needed,
        }),
        Approval::Granted { digest, approvers } => json!({
            "state": "done",
            "act": digest.to_string(),
            "approved_by": approvers,
        }),
    }
}

impl<S, V> LocalService for Commands<S, V>
where
    S: Store + Housekeeping + 'static,
    V: Vault + 'static,
{
    fn command(&self, token: Option<&str>, name: &str, body: Value) -> Answer {
        let actor = self.actor(token)?;
        // A node that cannot write this may still be asked.
        if let Err(error) = self.node.note_presence(&actor) {
            tracing::warn!(%error, "when a person asked last was not kept");
        }
        // What is not in the list is not there, so that no command escapes the tests that walk it.
        if !NAMES.contains(&name) {
            return Err(no_such(name));
        }
        if !SEATED.contains(&name) {
            actor.must_not_sit(&format!("ask for `{name}`")).map_err(refused)?;
        }
        match name {
            "whoami" => Ok(self.whoami(&actor)),
            "person.add" => self.person_add(&actor, body),
            "person.list" => self.person_list(&actor),
            "person.show" => self.person_show(&actor, body),
            "person.change" => self.person_change(&actor, body),
            "person.deactivate" => self.person_deactivate(&actor, body),
            "person.reactivate" => self.person_reactivate(&actor, body),
            "person.credential" => self.person_credential(&actor, body),
            "person.link" => self.person_link(&actor, body),
            "person.sessions" => self.person_sessions(&actor, body),
            "person.end-sessions" => self.person_end_sessions(&actor, body),
            "person.passkeys" => self.person_passkeys(&actor, body),
            "person.remove-passkey" => self.person_remove_passkey(&actor, body),
            "person.badges" => self.person_badges(&actor, body),
            "person.add-badge" => self.person_add_badge(&actor, body),
            "person.remove-badge" => self.person_remove_badge(&actor, body),
            "person.code" => self.person_code(&actor, body),
            "person.set-up-code" => self.person_set_up_code(&actor),
            "person.confirm-code" => self.person_confirm_code(&actor, body),
            "person.remove-code" => self.person_remove_code(&actor, body),
            "person.reviews" => self.person_reviews(&actor),
            "person.review" => self.person_review(&actor, body),
            "approvals" => self.approvals(&actor),
            "status" => self.status(&actor),
            "card" => self.card(),
            "introduce" => self.introduce(&actor, body),
            "nation.suspend" => self.nation_suspend(&actor, body),
            "endpoint.set" => self.endpoint_set(&actor, body),
            "bundle.export" => self.bundle_export(&actor, body),
            "bundle.import" => self.bundle_import(&actor, body),
            "agreement.propose" => self.agreement_propose(&actor, body),
            "agreement.counter" => self.agreement_counter(&actor, body),
            "agreement.amend" => self.agreement_amend(&actor, body),
            "agreement.text" => self.agreement_text(body),
            "agreement.sign" => self.agreement_sign(&actor, body),
            "agreement.suspend" => self.agreement_suspend(&actor, body),
            "agreement.resume" => self.agreement_resume(&actor, body),
            "agreement.terminate" => self.agreement_terminate(&actor, body),
            "agreement.withdraw" => self.agreement_withdraw(&actor, body),
            "agreement.status" => self.agreement_status(body),
            "law.load" => self.law_load(&actor, body),
            "law.list" => Ok(self.law_list()),
            "law.simulate" => self.law_simulate(&actor, body),
            "fact.add" => self.fact_add(&actor, body),
            "fact.list" => self.fact_list(&actor, body),
            "fact.releases" => self.fact_releases(&actor, body),
            "fact.tell" => self.fact_tell(&actor, body),
            "fact.revoke" => self.fact_revoke(&actor, body),
            "law.replay" => self.law_replay(&actor, body),
            "rule.add" => self.rule_add(&actor, body),
            "rule.list" => self.rule_list(&actor),
            "rule.show" => self.rule_show(&actor, body),
            "rule.narrow" => self.rule_narrow(&actor, body),
            "rule.suspend" => self.rule_suspend(&actor, body),
            "rule.resume" => self.rule_resume(&actor, body),
            "rule.remove" => self.rule_remove(&actor, body),
            "rule.reviews" => self.rule_reviews(&actor, body),
            "rule.accept" => self.rule_accept(&actor, body),
            "rule.object" => self.rule_object(&actor, body),
            "publish" => self.publish(&actor, body),
            "release" => self.release(&actor, body),
            "decisions" => self.decisions(&actor, body),
            "objects.list" => self.objects_list(&actor, body),
            "objects.show" => self.objects_show(&actor, body),
            "receipts" => self.receipts(&actor, body),
            "consent.list" => self.consent_list(&actor),
            "consent.decide" => self.consent_decide(&actor, body),
            "breach.record" => self.breach_record(&actor, body),
            "breach.told" => self.breach_told(&actor, body),
            "breach.list" => self.breach_list(&actor),
            "glass.open" => self.glass_open(&actor, body),
            "glass.list" => self.glass_list(&actor),
            "glass.judge" => self.glass_judge(&actor, body),
            "recall" => self.recall(&actor, body),
            "recall.list" => self.recall_list(&actor),
            "ledger.status" => self.ledger_status(),
            "ledger.verify" => self.ledger_verify(&actor),
            "ledger.prove" => self.ledger_prove(&actor, body),
            "ledger.accesses" => self.accesses(&actor, body),
            "ledger.seen" => self.ledger_seen(body),
            "backup" => self.backup(&actor, body),
            "events" => self.events(&actor, body),
            _ => Err(no_such(name)),
        }
    }
}
