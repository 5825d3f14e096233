//! Whether a reader may know of the objects that a list speaks about.
//!
//! Events, decisions and requests are kept without a level of their own: each is as secret as the
//! object it concerns. What a reader is not cleared for is left out, as if it did not exist.

use std::collections::HashMap;

use entente_app::people::{Actor, Role};
use entente_app::{AppError, SqliteNode};
use entente_model::ObjectId;

/// Who may see decisions and what they were about.
pub(crate) const DECISIONS: [Role; 7] = [
    Role::Analyst,
    Role::Reviewer,
    Role::ReleaseOfficer,
    Role::Liaison,
    Role::LegalAdviser,
    Role::SecurityOfficer,
    Role::Overseer,
];
/// Who may see recalls.
pub(crate) const RECALLS: [Role; 5] =
    [Role::ReleaseOfficer, Role::SecurityOfficer, Role::Analyst, Role::Liaison, Role::Overseer];
/// Who may see requests for consent.
pub(crate) const CONSENTS: [Role; 4] =
    [Role::ReleaseOfficer, Role::Liaison, Role::Analyst, Role::Overseer];
/// Who may see acts that wait for a second person.
pub(crate) const APPROVALS: [Role; 5] = [
    Role::ReleaseOfficer,
    Role::SecurityOfficer,
    Role::LegalAdviser,
    Role::Reviewer,
    Role::Overseer,
];

/// The gate for one reader and one page; asks about each object once.
pub(crate) struct Gate<'n> {
    node: &'n SqliteNode,
    actor: &'n Actor,
    known: HashMap<ObjectId, bool>,
}

impl<'n> Gate<'n> {
    pub(crate) fn new(node: &'n SqliteNode, actor: &'n Actor) -> Self {
        Self { node, actor, known: HashMap::new() }
    }

    /// Whether the reader may know of this object.
    pub(crate) fn sees(&mut self, oid: ObjectId) -> Result<bool, AppError> {
        if let Some(sees) = self.known.get(&oid) {
            return Ok(*sees);
        }
        let sees = match self.node.object(self.actor, oid) {
            Ok(_) => true,
            Err(AppError::NotFound(_) | AppError::Forbidden(_)) => false,
            Err(error) => return Err(error),
        };
        self.known.insert(oid, sees);
        Ok(sees)
    }

    /// The same of what may be about no object at all.
    pub(crate) fn sees_about(&mut self, oid: Option<ObjectId>) -> Result<bool, AppError> {
        oid.map_or(Ok(true), |oid| self.sees(oid))
    }
}
