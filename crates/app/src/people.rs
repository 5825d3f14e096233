//! Persons, what they may do, and acts that need two of them.
//!
//! Every function that a person can reach takes an [`Actor`], which only [`Node::actor`] makes,
//! from a credential. An act that needs two persons is a proposal of exact bytes; it is carried
//! out when enough distinct persons approved those bytes, and can be used once (I35).

use std::fmt;
use std::str::FromStr;

use entente_model::codec::Wire;
use entente_model::item::OnwardDecision;
use entente_model::record::RecordKind;
use entente_model::tag::Tag;
use entente_model::{Digest, Timestamp};
use entente_seal::digest;
use entente_store::rows::{PersonRow, ProposalRow};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::gate::APPROVALS;
use crate::node::Node;

/// What a person is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Writes and reads intelligence.
    Analyst,
    /// Approves what others wrote.
    Reviewer,
    /// Decides on releases and consents.
    ReleaseOfficer,
    /// Deals with partners' requests.
    Liaison,
    /// Answers for agreements and laws.
    LegalAdviser,
    /// Answers for people, keys and partners.
    SecurityOfficer,
    /// Sees everything and changes nothing.
    Overseer,
    /// Runs the machine.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::Analyst,
        Self::Reviewer,
        Self::ReleaseOfficer,
        Self::Liaison,
        Self::LegalAdviser,
        Self::SecurityOfficer,
        Self::Overseer,
        Self::Operator,
    ];

    /// The role as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Reviewer => "reviewer",
            Self::ReleaseOfficer => "release-officer",
            Self::Liaison => "liaison",
            Self::LegalAdviser => "legal-adviser",
            Self::SecurityOfficer => "security-officer",
            Self::Overseer => "overseer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|r| r.as_str()).collect();
            AppError::invalid(format!("`{text}` is not a role: use one of {}", known.join(", ")))
        })
    }
}

/// Who asks: a person whose credential was checked.
#[derive(Debug, Clone)]
pub struct Actor {
    name: String,
    roles: Vec<Role>,
    body: String,
}

impl Actor {
    /// The person's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The body that they act for.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The person's roles.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Whether the person has one of these roles.
    pub fn is(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// Refuses unless the person has one of these roles.
    pub fn must_be(&self, roles: &[Role], to: &str) -> Result<()> {
        if self.is(roles) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|r| r.as_str()).collect();
        Err(AppError::Forbidden(format!(
            "{} may not {to}: that needs the role {}",
            self.name,
            names.join(" or ")
        )))
    }
}

/// What a secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The command line of one person on one machine.
    Credential,
    /// A browser, for a working day.
    Session,
    /// One sign-in.
    Link,
}

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Session => "session",
            Self::Link => "link",
        }
    }

    /// How long it lasts, in milliseconds; none is until it is withdrawn.
    const fn lasts(self) -> Option<u64> {
        match self {
            Self::Credential => None,
            Self::Session => Some(8 * 3_600_000),
            Self::Link => Some(15 * 60_000),
        }
    }
}

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

impl<S: Store, V: Vault> Node<S, V> {
    /// The person whose secret this is.
    pub fn actor(&self, secret: &str, kinds: &[TokenKind]) -> Result<Actor> {
        let unknown = || {
            AppError::Forbidden(
                "this credential is not valid here: it may have been withdrawn or have expired"
                    .to_owned(),
            )
        };
        let now = self.now();
        let person = self.store.read(|work| {
            let (name, kind, expires) = work.token(token_digest(secret))?.ok_or_else(unknown)?;
            let fits = kinds.iter().any(|k| k.as_str() == kind);
            if !fits || expires.is_some_and(|at| at <= now) {
                return Err(unknown());
            }
            work.person(&name)?.filter(|p| p.active).ok_or_else(unknown)
        })?;
        actor_of(&person)
    }

    /// Exchanges a one-time link for a session.
    pub fn sign_in(&self, link: &str) -> Result<String> {
        let actor = self.actor(link, &[TokenKind::Link])?;
        let used = self.store.write(|work| work.drop_token(token_digest(link)))?;
        if !used {
            return Err(AppError::Forbidden("this link was used already".to_owned()));
        }
        self.issue(&actor.name, TokenKind::Session)
    }

    /// Ends a session.
    pub fn sign_out(&self, session: &str) -> Result<()> {
        self.store.write(|work| work.drop_token(token_digest(session)))?;
        Ok(())
    }

    /// Makes a secret for a person. The node keeps only its digest.
    fn issue(&self, person: &str, kind: TokenKind) -> Result<String> {
        let secret = hex::encode(self.random());
        let expires = kind.lasts().map(|millis| self.now().plus_millis(millis));
        self.store
            .write(|work| work.put_token(token_digest(&secret), person, kind.as_str(), expires))?;
        Ok(secret)
    }

    /// Makes a one-time sign-in link's secret, for oneself or, by a security officer or
    /// operator, for another.
    pub fn link_for(&self, actor: &Actor, person: &str) -> Result<String> {
        if actor.name != person {
            actor.must_be(&[Role::SecurityOfficer, Role::Operator], "make links for others")?;
        }
        self.known_person(person)?;
        self.issue(person, TokenKind::Link)
    }

    fn known_person(&self, name: &str) -> Result<PersonRow> {
        self.store
            .read(|work| work.person(name))?
            .ok_or_else(|| AppError::NotFound(format!("the person `{name}`")))
    }

    /// Adds a person and returns their credential, to be handed to them.
    ///
    /// Without an actor only the first persons of a new node can be added: whoever holds the
    /// node's folder and passphrase founds it.
    pub fn add_person(
        &self,
        actor: Option<&Actor>,
        name: &str,
        roles: &[Role],
        body: &str,
        clearance: &str,
    ) -> Result<String> {
        let by = match actor {
            Some(actor) => {
                actor.must_be(&[Role::SecurityOfficer], "add persons")?;
                actor.name.clone()
            }
            None if self.store.read(|work| work.people())?.is_empty() => "init".to_owned(),
            None => {
                return Err(AppError::Forbidden(
                    "persons exist here already: a security officer adds further ones".to_owned(),
                ));
            }
        };
        check_name(name)?;
        if roles.is_empty() {
            return Err(AppError::invalid(format!("{name} needs at least one role")));
        }
        let body = match body {
            "" => self.identity.bodies.first().map_or("", String::as_str),
            body => body,
        };
        if !self.identity.bodies.iter().any(|b| b == body) {
            return Err(AppError::invalid(format!(
                "`{body}` is not a body of this node: use one of {}",
                self.identity.bodies.join(", ")
            )));
        }
        let now = self.now();
        let row = PersonRow {
            name: name.to_owned(),
            roles: roles.iter().map(|r| r.as_str().to_owned()).collect(),
            body: body.to_owned(),
            clearance: clearance.to_owned(),
            active: true,
            at: now,
        };
        let about = format!("{name}: {}", row.roles.join(", "));
        let leaf = self.note(RecordKind::Admin, now, "person added", &by, &about, None);
        self.record_with(&[leaf], |work, _| {
            if work.person(name)?.is_some() {
                return Err(AppError::invalid(format!("there is a person `{name}` already")));
            }
            work.put_person(&row)?;
            Ok(())
        })?;
        self.issue(name, TokenKind::Credential)
    }

    /// All persons.
    pub fn people(&self) -> Result<Vec<PersonRow>> {
        Ok(self.store.read(|work| work.people())?)
    }

    /// Approves an act that needs `needed` distinct persons. The caller has checked that this
    /// person may. When it is granted the proposal is gone: the caller carries it out now.
    pub(crate) fn approve(
        &self,
        actor: &Actor,
        act: &str,
        about: &str,
        bytes: &[u8],
        needed: usize,
    ) -> Result<Approval> {
        let digest = action_digest(act, bytes);
        let now = self.now();
        self.store.write(|work| {
            let mut row = match work.proposal(digest)? {
                Some(row) if now.since(row.at) <= APPROVAL_MILLIS => row,
                _ => ProposalRow {
                    digest,
                    act: act.to_owned(),
                    about: about.to_owned(),
                    bytes: bytes.to_vec(),
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
            row.approvers.push(actor.name.clone());
            if row.approvers.len() >= needed {
                work.drop_proposal(digest)?;
                return Ok(Approval::Granted { digest, approvers: row.approvers });
            }
            work.put_proposal(&row)?;
            Ok(Approval::Waiting {
                digest,
                needed: needed - row.approvers.len(),
                approvers: row.approvers,
            })
        })
    }

    /// Acts that wait for more persons.
    pub fn proposals(&self, actor: &Actor) -> Result<Vec<ProposalRow>> {
        actor.must_be(&APPROVALS, "see what waits for a second person")?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let mut proposals = Vec::new();
            for row in work.proposals()? {
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

/// An approval counts for a day (`protocol.md` 8.3).
const APPROVAL_MILLIS: u64 = 86_400_000;

/// Digest of an exact act.
pub fn action_digest(act: &str, bytes: &[u8]) -> Digest {
    let length = (act.len() as u64).to_be_bytes();
    Digest::from_array(digest::h(Tag::Act, &[&length, act.as_bytes(), bytes]))
}

fn token_digest(secret: &str) -> Digest {
    entente_seal::keystore::token_digest(secret.as_bytes())
}

fn actor_of(row: &PersonRow) -> Result<Actor> {
    Ok(Actor {
        name: row.name.clone(),
        roles: row.roles.iter().map(|r| r.parse()).collect::<Result<_>>()?,
        body: row.body.clone(),
    })
}

fn check_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if fits {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "`{name}` cannot be a person's name: use 1 to 64 letters, digits, dots or hyphens"
    )))
}

/// The moment at which an approval given now lapses.
pub fn approval_lapses(now: Timestamp) -> Timestamp {
    now.plus_millis(APPROVAL_MILLIS)
}
