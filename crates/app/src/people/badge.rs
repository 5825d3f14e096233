//! Badges: what another authority knows a person by, and signing in on its word.
//!
//! A badge is a person's subject at their ministry's identity provider, or the public key of the
//! certificate on their card. A security officer puts it on record; names in tokens and
//! certificates mean nothing here. INVARIANT: a session that begins on such a word is good for
//! reading and ordinary work only. The offices of key, oversight and machine are withheld in it,
//! and whatever decides is signed for with a passkey (`protocol.md` 8.1).

use entente_model::codec::Writer;
use entente_model::record::RecordKind;
use entente_model::{Digest, Timestamp};
use entente_seal::digest::sha256;
use entente_store::rows::BadgeRow;
use entente_store::{Store, Vault};

use super::session::Arrival;
use super::ticket::Ticket;
use super::{Actor, Approval, Role, Roles, change};
use crate::error::{AppError, Result};
use crate::node::{Node, event};

/// How a session began that an identity provider vouched for.
const BY_PROVIDER: &str = "identity provider";
/// How a session began that a certificate opened.
const BY_CERTIFICATE: &str = "certificate";
/// What a ticket for a way to a provider and back is for.
const TO_PROVIDER: &[u8] = b"sign in at a provider";
/// One person has so many at most.
const BADGES_MAX: usize = 8;
/// The longest subject and the longest issuer, in bytes.
const TEXT_BYTES_MAX: usize = 255;
/// Digits by which one is named at least.
const NAME_DIGITS_MIN: usize = 8;
/// Offices that nobody's word but the person's own passkey suffices for.
pub const NEVER_VOUCHED: [Role; 3] = [Role::SecurityOfficer, Role::Overseer, Role::Operator];

/// Whether a session that suffices for these offices suffices for this one.
pub(super) fn suffices(roles: Roles, role: Role) -> bool {
    roles.has_any(&[role]) && !NEVER_VOUCHED.contains(&role)
}

/// Whose word a badge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadgeKind {
    /// An identity provider's.
    Provider,
    /// That of who issues certificates.
    Certificate,
}

impl BadgeKind {
    /// As it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Certificate => "certificate",
        }
    }
}

/// What another authority knows a person by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Whose word it is.
    pub kind: BadgeKind,
    /// The provider's issuer; empty for a certificate.
    pub issuer: String,
    /// The person there: the claim that names them, or the SHA-256 of a certificate's public key.
    pub subject: String,
    /// When the certificate ends.
    pub until: Option<Timestamp>,
}

impl Badge {
    /// A person as this provider knows them.
    pub fn at_provider(issuer: &str, subject: &str) -> Self {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        Self { kind: BadgeKind::Provider, issuer, subject, until: None }
    }

    /// Whoever has the card with this public key.
    pub fn of_key(spki_sha256: Digest, until: Option<Timestamp>) -> Self {
        let subject = spki_sha256.to_string();
        Self { kind: BadgeKind::Certificate, issuer: String::new(), subject, until }
    }

    fn check(&self) -> Result<()> {
        let plain = |text: &str| {
            text.len() <= TEXT_BYTES_MAX && text.trim() == text && !text.contains(char::is_control)
        };
        let fits = match self.kind {
            BadgeKind::Provider => self.issuer.starts_with("https://") && !self.subject.is_empty(),
            BadgeKind::Certificate => {
                self.issuer.is_empty() && self.subject.parse::<Digest>().is_ok()
            }
        };
        if fits && plain(&self.issuer) && plain(&self.subject) {
            return Ok(());
        }
        Err(AppError::invalid(format!(
            "`{}` is no badge: give the subject that the provider names the person by, of 1 to \
             {TEXT_BYTES_MAX} bytes, or a certificate",
            self.subject.chars().take(64).filter(|c| !c.is_control()).collect::<String>()
        )))
    }
}

/// The number by which a badge is named.
pub fn badge_number(row: &BadgeRow) -> Digest {
    let mut w = Writer::new();
    w.array(3).text(&row.kind).text(&row.issuer).text(&row.subject);
    Digest::from_array(sha256(&w.into_bytes()))
}

/// A word on which someone signs in, checked by the door that it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vouched {
    /// An identity provider's.
    Provider {
        /// Its issuer.
        issuer: String,
        /// The person there.
        subject: String,
        /// The offices that this sign-in there was strong enough for.
        suffices: Roles,
    },
    /// A certificate's, whose key the browser has.
    Certificate {
        /// SHA-256 of its public key.
        spki_sha256: Digest,
    },
}

/// One way to a provider and back, which one browser goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What the browser keeps.
    pub ticket: Ticket,
    /// What comes back with the browser.
    pub state: String,
    /// What comes back in the provider's word.
    pub nonce: String,
    /// What shows the provider that it is us who began (RFC 7636).
    pub verifier: String,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Puts a badge of another person on record. It takes two persons for one whose office
    /// decides.
    pub fn add_badge(
        &self,
        actor: &Actor,
        person: &str,
        badge: &Badge,
        why: &str,
    ) -> Result<Approval> {
        actor.must_act_as(&change::CONFIRMING, "put badges on record")?;
        let why = change::reason(why)?;
        let row = self.other(actor, person)?;
        if !row.active {
            return Err(AppError::invalid(format!("{person} has left: reactivate them first")));
        }
        if row.owner.is_some() {
            return Err(AppError::invalid(format!("{person} is a program and signs in nowhere")));
        }
        badge.check()?;
        let now = self.now();
        if badge.until.is_some_and(|until| until <= now) {
            return Err(AppError::invalid("this certificate has ended: bring one that is good"));
        }
        let (kind, issuer) = (badge.kind.as_str(), badge.issuer.as_str());
        let known = self.store.read(|work| work.badge(kind, issuer, &badge.subject))?;
        if let Some(known) = known {
            return Err(AppError::invalid(format!("this badge is {}'s already", known.person)));
        }
        let mut w = Writer::new();
        w.array(7).uint(1).text(person).text(kind).text(issuer).text(&badge.subject);
        w.optional(badge.until.as_ref(), |w, until| {
            w.value(until);
        });
        w.text(why);
        let of = if issuer.is_empty() { "a certificate".to_owned() } else { issuer.to_owned() };
        let about = format!("{person} is {} of {of}; {why}", badge.subject);
        let alone = change::deciding(&row)?.is_empty();
        let approval =
            self.by_one_or_two(actor, alone, "add badge", &about, &w.into_bytes(), person)?;
        let Approval::Granted { digest, approvers } = &approval else { return Ok(approval) };
        let by = approvers.join(", ");
        let leaf = self.note(RecordKind::Admin, now, "badge added", &by, &about, Some(*digest));
        let text = format!("{by} put a badge of {person} on record: {of}");
        self.record_with(&[leaf], |work, _| {
            if work.badges(Some(person))?.len() >= BADGES_MAX {
                return Err(AppError::invalid(format!(
                    "{person} has {BADGES_MAX} badges: remove one first"
                )));
            }
            work.put_badge(&BadgeRow {
                kind: kind.to_owned(),
                issuer: issuer.to_owned(),
                subject: badge.subject.clone(),
                person: person.to_owned(),
                at: now,
                by_whom: by.clone(),
                until: badge.until,
            })?;
            // Whoever has the badge can be that person: it does not happen unseen.
            event(work, now, "alarm", text, (None, None))
        })?;
        Ok(approval)
    }

    /// The badges of a person: one's own or, for security officers and overseers, anyone's, or all.
    pub fn badges(&self, actor: &Actor, person: Option<&str>) -> Result<Vec<BadgeRow>> {
        if person != Some(actor.name()) {
            actor.must_be(&change::CONFIRMING, "see the badges of others")?;
        }
        if let Some(person) = person {
            self.known_person(person)?;
        }
        Ok(self.store.read(|work| work.badges(person))?)
    }

    /// Removes a badge, and ends the sessions that it may have opened.
    pub fn remove_badge(&self, actor: &Actor, person: &str, id: &str, why: &str) -> Result<()> {
        actor.must_act_as(&[Role::SecurityOfficer], "remove badges")?;
        let why = change::reason(why)?;
        self.known_person(person)?;
        let rows = self.store.read(|work| work.badges(Some(person)))?;
        let mut fitting =
            rows.into_iter().filter(|row| badge_number(row).to_string().starts_with(id));
        let row = match (fitting.next(), fitting.next()) {
            (Some(row), None) if id.len() >= NAME_DIGITS_MIN => row,
            _ => return Err(AppError::NotFound(format!("a badge `{id}` of {person}"))),
        };
        let about = format!("{} of {person}, {}; {why}", row.subject, row.kind);
        let leaf =
            self.note(RecordKind::Admin, self.now(), "badge removed", actor.name(), &about, None);
        self.record_with(&[leaf], |work, _| {
            work.drop_badge(&row.kind, &row.issuer, &row.subject)?;
            for session in work.sessions(Some(person))?.iter().filter(|s| s.suffices.is_some()) {
                work.drop_session(session.digest)?;
            }
            Ok(())
        })
    }

    /// Begins a way to a provider and back.
    pub fn begin_flow(&self) -> Result<Flow> {
        self.flow(self.ticket(TO_PROVIDER))
    }

    fn flow(&self, ticket: Ticket) -> Result<Flow> {
        let derived = |what: &[u8]| self.derived(&ticket, what).map(hex::encode);
        Ok(Flow {
            ticket,
            state: derived(b"state")?,
            nonce: derived(b"nonce")?,
            verifier: derived(b"verifier")?,
        })
    }

    /// The way that a browser comes back from, by what it kept and what came with it. Nobody comes
    /// back twice.
    pub fn end_flow(&self, ticket: &Ticket, state: &str) -> Result<Flow> {
        self.must_be_good(ticket, TO_PROVIDER)?;
        let flow = self.flow(*ticket)?;
        // Digests are compared, so that time tells nothing of the state.
        if sha256(flow.state.as_bytes()) != sha256(state.as_bytes()) {
            return Err(AppError::Forbidden(
                "this answer belongs to another sign-in than the one that this browser began: \
                 begin again"
                    .to_owned(),
            ));
        }
        self.spend(ticket)?;
        Ok(flow)
    }

    /// Counts a sign-in on another's word that failed, and gives what the person is told.
    pub fn refuse_vouched(&self, why: String, arrival: &Arrival) -> Result<AppError> {
        self.failed_sign_in(None, arrival, why)
    }

    /// Begins a session on another authority's word.
    pub fn sign_in_vouched(&self, vouched: &Vouched, arrival: &Arrival) -> Result<String> {
        match self.take_voucher(vouched) {
            Ok((person, suffices)) => {
                let (how, bound) = match vouched {
                    Vouched::Provider { .. } => (BY_PROVIDER, None),
                    Vouched::Certificate { spki_sha256 } => (BY_CERTIFICATE, Some(*spki_sha256)),
                };
                self.begin_session_on(&person, how, (bound, Some(suffices)), arrival)
            }
            Err(AppError::Forbidden(why)) => Err(self.failed_sign_in(None, arrival, why)?),
            Err(error) => Err(error),
        }
    }

    /// Whose badge it is, and the offices that the word suffices for.
    fn take_voucher(&self, vouched: &Vouched) -> Result<(String, Roles)> {
        let refused = |why: String| Err(AppError::Forbidden(why));
        let (kind, issuer, subject, strength) = match vouched {
            Vouched::Provider { issuer, subject, suffices } => {
                (BadgeKind::Provider, issuer.as_str(), subject.clone(), *suffices)
            }
            Vouched::Certificate { spki_sha256 } => {
                (BadgeKind::Certificate, "", spki_sha256.to_string(), Roles::of(&Role::ALL))
            }
        };
        let found =
            self.store.read(|work| match work.badge(kind.as_str(), issuer, &subject)? {
                Some(badge) => {
                    Ok::<_, AppError>(work.person(&badge.person)?.map(|row| (badge, row)))
                }
                None => Ok(None),
            })?;
        let Some((badge, person)) = found.filter(|(_, person)| person.active) else {
            return refused(
                "nobody here has this badge: a security officer puts it on record with `entente \
                 person badge add`"
                    .to_owned(),
            );
        };
        if badge.until.is_some_and(|until| until <= self.now()) {
            return refused("this certificate has ended: bring a new one on record".to_owned());
        }
        let roles: Vec<Role> = person.roles.iter().map(|r| r.parse()).collect::<Result<_>>()?;
        if self.settings.passkeys_for.has_any(&roles) {
            return refused("your office signs in with a passkey here".to_owned());
        }
        if !roles.iter().any(|role| suffices(strength, *role)) {
            return refused(
                "this way of signing in is not strong enough for any of your offices: sign in \
                 with a passkey"
                    .to_owned(),
            );
        }
        Ok((person.name, strength))
    }
}
