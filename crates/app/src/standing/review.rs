//! The sample of what standing rules released, before a reviewer.

use entente_model::ObjectId;
use entente_model::item::RecallClass;
use entente_model::record::RecordKind;
use entente_store::rows::RuleReleaseRow;
use entente_store::{Store, Vault};

use super::SEE_RULES;
use crate::error::{AppError, Result};
use crate::node::{Node, event};
use crate::people::{Actor, Role};
use crate::said::said;

/// Who looks at samples.
pub const REVIEWERS: [Role; 2] = [Role::Reviewer, Role::ReleaseOfficer];
/// How long those who got an object that is objected to have to take it back.
const RECALL_MILLIS: u64 = 24 * 3_600_000;

/// What follows from an objection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The object is recalled from everyone who has it.
    Recall,
    /// The rule is suspended.
    Suspend,
    /// Both.
    Both,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// What waits for a reviewer, oldest first, of what the person may know of; of one rule if it is
    /// named.
    pub fn rule_reviews(&self, actor: &Actor, rule: Option<&str>) -> Result<Vec<RuleReleaseRow>> {
        actor.must_be(&SEE_RULES, "see standing rules")?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let mut waiting = Vec::new();
            for row in work.rule_reviews()? {
                let wanted = rule.is_none_or(|name| row.name == name);
                if wanted && gate.sees(work, row.oid)? {
                    waiting.push(row);
                }
            }
            Ok(waiting)
        })
    }

    /// Finds a release that waits for review: by the object, and by the rule if several released it.
    fn waiting_release(
        &self,
        actor: &Actor,
        oid: ObjectId,
        rule: Option<&str>,
    ) -> Result<RuleReleaseRow> {
        let mut found = self.rule_reviews(actor, rule)?.into_iter().filter(|row| row.oid == oid);
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row),
            (Some(one), Some(other)) => Err(AppError::invalid(format!(
                "the rules {} and {} both released it: name one with --rule",
                one.name, other.name
            ))),
            (None, _) => Err(AppError::NotFound(format!(
                "a release of object {} that waits for review",
                oid.short()
            ))),
        }
    }

    /// A reviewer looked at a release and finds it right.
    pub fn accept_release(&self, actor: &Actor, oid: ObjectId, rule: Option<&str>) -> Result<()> {
        actor.must_act_as(&REVIEWERS, "review what standing rules released")?;
        let row = self.waiting_release(actor, oid, rule)?;
        self.note_review(actor, &row, "accepted", "")
    }

    /// A reviewer objects to a release. A release officer recalls the object, suspends the rule, or
    /// does both, at once; a reviewer who is none only puts it on record.
    pub fn object_to_release(
        &self,
        actor: &Actor,
        oid: ObjectId,
        rule: Option<&str>,
        why: &str,
        reaction: Option<Reaction>,
    ) -> Result<()> {
        actor.must_act_as(&REVIEWERS, "review what standing rules released")?;
        let why = said(why, "an objection says why")?;
        let officer = actor.is(&[Role::ReleaseOfficer]);
        match reaction {
            Some(_) if !officer => {
                return Err(AppError::Forbidden(
                    "a release officer recalls or suspends: object without that, and tell one"
                        .to_owned(),
                ));
            }
            None if officer => {
                return Err(AppError::invalid(
                    "say what follows from the objection: recall, suspend or both",
                ));
            }
            _ => {}
        }
        let row = self.waiting_release(actor, oid, rule)?;
        // First what protects, then the word about it: if the machine dies in between, the release
        // still waits for its reviewer.
        if let Some(Reaction::Suspend | Reaction::Both) = reaction {
            let known = self.known();
            let active = known
                .standing
                .iter()
                .any(|held| held.rule.name == row.name && held.row.state == "active");
            if active {
                self.stop_rule(actor, &row.name, why, false)?;
            }
        }
        if let Some(Reaction::Recall | Reaction::Both) = reaction {
            let basis = format!("objection to what the standing rule {} released: {why}", row.name);
            self.recall(actor, &[oid], RecallClass::Erase, &basis, RECALL_MILLIS)?;
        }
        self.note_review(actor, &row, "objected", why)
    }

    fn note_review(
        &self,
        actor: &Actor,
        row: &RuleReleaseRow,
        word: &str,
        why: &str,
    ) -> Result<()> {
        let now = self.now();
        let text = match why {
            "" => format!("{word}: {} by the rule {}", row.oid, row.name),
            why => format!("{word}: {} by the rule {}: {why}", row.oid, row.name),
        };
        let act = "release by standing rule reviewed";
        let leaf = self.note(RecordKind::Admin, now, act, actor.name(), &text, Some(row.rule));
        self.record_with(&[leaf], |work, _| {
            let mut all = work.rule_releases_of(row.oid)?.into_iter();
            let held = all.find(|held| held.name == row.name && held.review == "waiting");
            let mut held = held.ok_or_else(|| {
                AppError::invalid("somebody else reviewed this release at the same time")
            })?;
            word.clone_into(&mut held.review);
            held.reviewed = Some((actor.name().to_owned(), now, why.to_owned()));
            work.put_rule_release(&held)?;
            let told = format!("release by the rule {} {word}", row.name);
            event(work, now, "standing", told, (Some(row.oid), None))
        })
    }
}
