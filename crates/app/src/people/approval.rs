//! Acts that need several persons: an approval is of exact bytes, by someone who holds an office
//! for it and has held it for a day, counts for a day, and is used once (`protocol.md` 8.3, I35).
//!
//! What an approval consists of is a person's name, checked by their credential. One that is given
//! in a browser comes with a proof over the exact act, made with a passkey (`proof`).

use entente_model::codec::Wire;
use entente_model::item::OnwardDecision;
use entente_model::tag::Tag;
use entente_model::{Digest, Timestamp};
use entente_seal::digest;
use entente_store::rows::ProposalRow;
use entente_store::{Store, Vault, Work};

use super::{Actor, Role, actor_of};
use crate::error::{AppError, Result};
use crate::gate::APPROVALS;
use crate::node::Node;

/// An approval counts for a day, and an office for approvals from a day after it was given
/// (`protocol.md` 8.3).
pub(super) const APPROVAL_MILLIS: u64 = 86_400_000;

/// How an act that needs several persons stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// More persons must approve the same bytes.
    Waiting {
        /// Digest of the act, by which others refer to it.
        digest: Digest,
        /// Who approved so far.
        approvers: Vec<String>,
        /// How many more are needed.
        needed: usize,
    },
    /// Enough persons approved; the act may be carried out now, once.
    Granted {
        /// Digest of the act.
        digest: Digest,
        /// Who approved.
        approvers: Vec<String>,
    },
}

/// What is to be approved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act<'a> {
    /// What kind of act.
    pub(crate) kind: &'a str,
    /// What it is about, for people.
    pub(crate) about: &'a str,
    /// The exact act.
    pub(crate) bytes: &'a [u8],
    /// Whose approval counts.
    pub(crate) by: &'a [Role],
    /// How many distinct persons must approve.
    pub(crate) needed: usize,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Approves an act. When it is granted the proposal is gone: the caller carries it out now.
    pub(crate) fn approve(&self, actor: &Actor, act: &Act<'_>) -> Result<Approval> {
        let digest = action_digest(act.kind, act.bytes);
        actor.must_not_be_vouched(act.kind)?;
        if actor.proven.is_some_and(|proven| proven != digest) {
            return Err(AppError::invalid(
                "what this is about has changed since it was shown: look at it again",
            ));
        }
        let now = self.now();
        self.store.write(|work| {
            let mut row = match work.proposal(digest)? {
                Some(row) if now.since(row.at) <= APPROVAL_MILLIS => row,
                _ => ProposalRow {
                    digest,
                    act: act.kind.to_owned(),
                    about: act.about.to_owned(),
                    bytes: act.bytes.to_vec(),
                    approvers: Vec::new(),
                    at: now,
                },
            };
            if row.approvers.contains(&actor.name) {
                return Err(AppError::Forbidden(format!(
                    "{} has approved this already: another person must",
                    actor.name
                )));
            }
            // What counted yesterday does not if the person has left the office since.
            let mut approvers = Vec::new();
            for name in std::mem::take(&mut row.approvers) {
                if approver(work, &name, now)?.is_some_and(|person| person.approves(act)) {
                    approvers.push(name);
                }
            }
            row.approvers = approvers;
            if !approver(work, &actor.name, now)?.is_some_and(|person| person.approves(act)) {
                return Err(AppError::Forbidden(format!(
                    "{} was given the office for this less than 24 hours ago: until then their \
                     approval does not count",
                    actor.name
                )));
            }
            row.approvers.push(actor.name.clone());
            if row.approvers.len() >= act.needed {
                work.drop_proposal(digest)?;
                return Ok(Approval::Granted { digest, approvers: row.approvers });
            }
            work.put_proposal(&row)?;
            Ok(Approval::Waiting {
                digest,
                needed: act.needed - row.approvers.len(),
                approvers: row.approvers,
            })
        })
    }

    /// Acts that wait for more persons.
    pub fn proposals(&self, actor: &Actor) -> Result<Vec<ProposalRow>> {
        actor.must_be(&APPROVALS, "see what waits for a second person")?;
        let now = self.now();
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let mut proposals = Vec::new();
            for row in work.proposals()? {
                if now.since(row.at) > APPROVAL_MILLIS {
                    continue;
                }
                // Of the acts that need two persons, consents are about objects.
                let about = match row.act.as_str() {
                    "grant" | "refuse" => Some(OnwardDecision::from_bytes(&row.bytes)?.oid),
                    _ => None,
                };
                if gate.sees_about(work, about)? {
                    proposals.push(row);
                }
            }
            Ok(proposals)
        })
    }
}

impl Actor {
    /// Whether the person's approval of an act counts.
    fn approves(&self, act: &Act<'_>) -> bool {
        self.approving.iter().any(|role| act.by.contains(role))
    }
}

/// A person as they are now, if they may act at all.
fn approver(work: &dyn Work, name: &str, now: Timestamp) -> Result<Option<Actor>> {
    let founded = founded_at(work)?;
    work.person(name)?.filter(|p| p.active).map(|row| actor_of(&row, now, founded)).transpose()
}

/// When the first persons were named. Their offices count at once: at the founding there is
/// nobody yet who could have given them to himself.
pub(super) fn founded_at(work: &dyn Work) -> Result<Option<Timestamp>> {
    let bytes = work.setting(FOUNDED)?;
    Ok(bytes.map(|bytes| Timestamp::from_bytes(&bytes)).transpose()?)
}

/// The name under which that moment is kept.
pub(super) const FOUNDED: &str = "people_founded";

/// Digest of an exact act.
pub fn action_digest(act: &str, bytes: &[u8]) -> Digest {
    let length = (act.len() as u64).to_be_bytes();
    Digest::from_array(digest::h(Tag::Act, &[&length, act.as_bytes(), bytes]))
}
