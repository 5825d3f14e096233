//! Persons, what they may do, and acts that need two of them.
//!
//! Every function that a person can reach takes an [`Actor`], which only [`Node::actor`] makes,
//! from a credential. An act that needs two persons is a proposal of exact bytes; it is carried
//! out when enough distinct persons approved those bytes, and can be used once (I35).

use std::fmt;
use std::str::FromStr;

use entente_model::record::RecordKind;
use entente_model::{Digest, Timestamp};
use entente_store::rows::{PersonRow, SessionRow};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::node::{Node, event};

mod approval;
mod attempts;
mod badge;
mod change;
mod code;
mod deed;
mod passkey;
mod proof;
mod review;
mod session;
mod ticket;

pub(crate) use approval::Act;
pub use approval::{Approval, action_digest};
pub(crate) use attempts::Attempts;
pub use badge::{Badge, BadgeKind, Flow, NEVER_VOUCHED, Vouched, badge_number};
pub(crate) use change::CONFIRMING;
pub use change::{Admission, Change, Post};
pub use code::{CodeSecret, CodeStanding};
pub use deed::{Deed, DeedOffer};
pub use passkey::{Made, PasskeyView, Registration, Used};
pub(crate) use proof::fault_of as fault_of_proof;
// What pages hand on, so that they need not know what checks it.
pub use entente_seal::passkey::{Assertion, Site};
pub use review::{Holding, review_due, reviews_overdue};
pub use session::{Arrival, Ending, session_id};
pub use ticket::Ticket;
pub(crate) use ticket::Tickets;

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
    /// Sits here for another nation, and reads what was released to it.
    Seat,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Analyst,
        Self::Reviewer,
        Self::ReleaseOfficer,
        Self::Liaison,
        Self::LegalAdviser,
        Self::SecurityOfficer,
        Self::Overseer,
        Self::Operator,
        Self::Seat,
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
            Self::Seat => "seat",
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

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// These roles.
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |set, role| set | 1 << (*role as u16)))
    }

    /// Those whose bits these are.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self((bits & 0xffff) as u16)
    }

    /// As bits.
    pub(crate) const fn bits(self) -> u64 {
        self.0 as u64
    }

    /// Whether one of these is among them.
    pub fn has_any(self, roles: &[Role]) -> bool {
        self.0 & Self::of(roles).0 != 0
    }
}

/// Who asks: a person whose credential was checked.
#[derive(Debug, Clone)]
pub struct Actor {
    name: String,
    roles: Vec<Role>,
    /// Roles that were held long enough for approvals.
    approving: Vec<Role>,
    body: String,
    /// Whether they signed in by a link where their office needs a passkey: they may add one, and
    /// hold no office until they signed in with it.
    enrolling: bool,
    /// Whether this is a program.
    program: bool,
    /// Whether they are here on another authority's word alone, and act by nothing but a passkey.
    vouched: bool,
    /// Offices of theirs that such a word does not suffice for.
    withheld: Vec<Role>,
    /// The exact act that they approved with a passkey, if this is about one.
    proven: Option<Digest>,
}

impl Actor {
    /// The person's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is a program and no person.
    pub const fn is_program(&self) -> bool {
        self.program
    }

    /// Whether they may only add a passkey.
    pub const fn is_enrolling(&self) -> bool {
        self.enrolling
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

    /// Whether they sit here for another nation: also in a session that does not suffice for it,
    /// which shows them less and never more.
    pub fn is_seated(&self) -> bool {
        self.is(&[Role::Seat]) || self.withheld.contains(&Role::Seat)
    }

    /// Refuses whoever sits here for another nation: they read what was released to it, and how
    /// this node stands, and who works at it, is not theirs to know.
    pub fn must_not_sit(&self, to: &str) -> Result<()> {
        if !self.is_seated() {
            return Ok(());
        }
        Err(AppError::Forbidden(format!(
            "{} may not {to}: a liaison seat reads what was released to its nation, and nothing \
             else",
            self.name
        )))
    }

    /// Whether they are here on the word of an identity provider or a certificate alone.
    pub const fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// The same person, for what they are about to sign with a passkey. Offices that are withheld
    /// stay so: whoever holds one signs in with the passkey.
    pub(crate) fn about_to_sign(&self) -> Self {
        Self { vouched: false, ..self.clone() }
    }

    /// Refuses unless the person has one of these roles, and did not come on another authority's
    /// word alone: that suffices to read, never to decide (`protocol.md` 8.1).
    pub(crate) fn must_act_as(&self, roles: &[Role], to: &str) -> Result<()> {
        self.must_be(roles, to)?;
        self.must_not_be_vouched(to)
    }

    pub(crate) fn must_not_be_vouched(&self, to: &str) -> Result<()> {
        if self.vouched { Err(self.needs_passkey(to, "sign for it")) } else { Ok(()) }
    }

    fn needs_passkey(&self, to: &str, instead: &str) -> AppError {
        AppError::Forbidden(format!(
            "{} may not {to} in this session: the word of an identity provider or a certificate \
             alone is not enough for it, {instead} with a passkey",
            self.name
        ))
    }

    /// Refuses unless the person has one of these roles.
    pub fn must_be(&self, roles: &[Role], to: &str) -> Result<()> {
        if self.is(roles) {
            return Ok(());
        }
        if self.withheld.iter().any(|role| roles.contains(role)) {
            return Err(self.needs_passkey(to, "sign in"));
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
    /// A browser, until it is idle or its day is over: kept apart, see [`Node::sessions`].
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
            Self::Credential | Self::Session => None,
            Self::Link => Some(15 * 60_000),
        }
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    /// The person whose secret this is.
    pub fn actor(&self, secret: &str, kinds: &[TokenKind]) -> Result<Actor> {
        self.actor_with(secret, kinds, None)
    }

    /// The same, where a certificate was presented: a session that one opened is none without it.
    pub fn actor_with(
        &self,
        secret: &str,
        kinds: &[TokenKind],
        presented: Option<Digest>,
    ) -> Result<Actor> {
        let unknown = || {
            AppError::Forbidden(
                "this credential is not valid here: it may have been withdrawn or have expired"
                    .to_owned(),
            )
        };
        let now = self.now();
        let digest = token_digest(secret);
        self.store.read(|work| {
            let (mut by_link, mut suffices) = (false, None);
            let name = match work.token(digest)? {
                Some((name, kind, expires)) => {
                    let fits = kinds.iter().any(|k| k.as_str() == kind);
                    (fits && expires.is_none_or(|at| at > now)).then_some(name)
                }
                None if kinds.contains(&TokenKind::Session) => {
                    let open = |row: &SessionRow| {
                        self.settings.sessions.lasts(row, now)
                            && (row.bound.is_none() || row.bound == presented)
                    };
                    let row = work.session(digest)?.filter(open);
                    suffices = row.as_ref().and_then(|row| row.suffices).map(Roles::from_bits);
                    by_link = row.as_ref().is_some_and(|row| row.how == session::BY_LINK);
                    row.map(|row| row.person)
                }
                None => None,
            };
            let name = name.ok_or_else(unknown)?;
            let person = work.person(&name)?.filter(|p| p.active).ok_or_else(unknown)?;
            let mut actor = actor_of(&person, now, approval::founded_at(work)?)?;
            let is_weak = by_link || suffices.is_some();
            let needs_passkey = is_weak && self.settings.passkeys_for.has_any(&actor.roles);
            if let Some(suffices) = suffices {
                actor.vouched = true;
                actor.approving.clear();
                (actor.roles, actor.withheld) =
                    actor.roles.into_iter().partition(|role| badge::suffices(suffices, *role));
            }
            if needs_passkey {
                actor.enrolling = true;
                actor.roles.clear();
                actor.withheld.clear();
                actor.approving.clear();
            }
            Ok(actor)
        })
    }

    /// Makes a secret for a person. The node keeps only its digest.
    fn issue(&self, person: &str, kind: TokenKind) -> Result<String> {
        let row = self.known_person(person)?;
        if let Some(owner) = &row.owner {
            if kind == TokenKind::Link {
                return Err(AppError::invalid(format!(
                    "{person} is a program and signs in nowhere"
                )));
            }
            self.must_answer_for(person, owner)?;
            if row.until.is_some_and(|until| until <= self.now()) {
                return Err(AppError::invalid(format!(
                    "the time of {person} is over: set a new end first, with `person change`"
                )));
            }
        }
        let secret = hex::encode(self.random());
        let expires = kind.lasts().map(|millis| self.now().plus_millis(millis)).or(row.until);
        self.store
            .write(|work| work.put_token(token_digest(&secret), person, kind.as_str(), expires))?;
        Ok(secret)
    }

    /// Makes a one-time sign-in link's secret, for oneself or, by a security officer or
    /// operator, for another.
    pub fn link_for(&self, actor: &Actor, person: &str) -> Result<String> {
        let row = self.known_person(person)?;
        if actor.name != person {
            actor.must_act_as(&[Role::SecurityOfficer, Role::Operator], "make links for others")?;
            // Else one person could act as two of those whose approvals are needed.
            if let Some(role) = change::deciding(&row)?.first() {
                return Err(AppError::Forbidden(format!(
                    "{person} is a {role}: their link is made by themselves, or two security \
                     officers renew their credential"
                )));
            }
        }
        if !row.active {
            return Err(AppError::invalid(format!("{person} has left: reactivate them first")));
        }
        let link = self.issue(person, TokenKind::Link)?;
        if actor.name != person {
            // Whoever has the link can be that person for a while: it does not happen unseen.
            let now = self.now();
            let leaf = self.note(
                RecordKind::Admin,
                now,
                "link made for another",
                &actor.name,
                person,
                None,
            );
            let text = format!("{} made a sign-in link for {person}", actor.name);
            self.record_with(&[leaf], |work, _| event(work, now, "alarm", text, (None, None)))?;
        }
        Ok(link)
    }

    fn known_person(&self, name: &str) -> Result<PersonRow> {
        self.store
            .read(|work| work.person(name))?
            .ok_or_else(|| AppError::NotFound(format!("the person `{name}`")))
    }
}

fn token_digest(secret: &str) -> Digest {
    entente_seal::keystore::token_digest(secret.as_bytes())
}

/// A person as an actor. Roles count for approvals a day after they were given, or at once if they
/// were given at the node's founding.
fn actor_of(row: &PersonRow, now: Timestamp, founded: Option<Timestamp>) -> Result<Actor> {
    let roles: Vec<Role> = row.roles.iter().map(|r| r.parse()).collect::<Result<_>>()?;
    let given = row.roles_at.iter().copied().chain(std::iter::repeat(row.at));
    let counts = |at: Timestamp| {
        now.since(at) >= approval::APPROVAL_MILLIS || founded.is_some_and(|then| at <= then)
    };
    Ok(Actor {
        name: row.name.clone(),
        approving: roles.iter().copied().zip(given).filter(|g| counts(g.1)).map(|g| g.0).collect(),
        roles,
        body: row.body.clone(),
        enrolling: false,
        program: row.owner.is_some(),
        vouched: false,
        withheld: Vec::new(),
        proven: None,
    })
}
