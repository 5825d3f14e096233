//! Passkeys of persons: added from a one-time link, used to sign in and to approve.
//!
//! What an authenticator and a browser say is checked by `entente_seal::passkey`; here it is made
//! sure that they were asked by this node, now and for this, and whose key it is.

use entente_model::codec::Wire;
use entente_model::record::RecordKind;
use entente_model::{Digest, Timestamp};
use entente_seal::passkey::{self, Assertion, PasskeyError, Site};
use entente_store::rows::PasskeyRow;
use entente_store::{Store, Vault};

use super::proof::{Approved, PROVEN, Proof};
use super::session::{BY_LINK, BY_LINK_AND_CODE};
use super::ticket::Ticket;
use super::{Actor, Arrival, Role, action_digest, change, token_digest};
use crate::error::{AppError, Result};
use crate::node::Node;

/// How a session began that a passkey began.
const BY_PASSKEY: &str = "passkey";
/// A passkey is added in a session that a link began no longer ago than this.
const ENROL_MILLIS: u64 = 15 * 60_000;
/// One person has so many at most.
const PASSKEYS_MAX: usize = 8;
/// The longest name of one, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Digits by which one is named at least.
const NAME_DIGITS_MIN: usize = 8;

/// What a new passkey is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The ticket; its bytes are the challenge.
    pub ticket: Ticket,
    /// What authenticators know the person by: no name, and always the same.
    pub user: Digest,
    /// Those that the person has already.
    pub have: Vec<Vec<u8>>,
}

/// What came back when a passkey was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The ticket that it was made for.
    pub ticket: Ticket,
    /// What its person calls it.
    pub name: String,
    /// What the browser says, in JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub authenticator_data: Vec<u8>,
}

/// What came back when a passkey was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The ticket that it was used for.
    pub ticket: Ticket,
    /// The passkey.
    pub id: Vec<u8>,
    /// What browser and authenticator say.
    pub assertion: Assertion,
}

/// A passkey as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyView {
    /// The number by which it is named.
    pub id: Digest,
    /// What its person calls it.
    pub name: String,
    /// Since when.
    pub at: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

fn number_of(id: &[u8]) -> Digest {
    entente_seal::keystore::token_digest(id)
}

/// What a ticket for a registration is for.
fn to_register(person: &str) -> Vec<u8> {
    format!("register {person}").into_bytes()
}

const TO_SIGN_IN: &[u8] = b"sign in";

fn unknown_passkey() -> AppError {
    AppError::Forbidden("this passkey is not known here, or its person has left".to_owned())
}

impl<S: Store, V: Vault> Node<S, V> {
    /// A ticket to sign in with a passkey; its bytes are the challenge.
    pub fn ticket_to_sign_in(&self) -> Ticket {
        self.ticket(TO_SIGN_IN)
    }

    /// Begins a session for whoever has the passkey.
    pub fn sign_in_with_passkey(
        &self,
        site: &Site,
        used: &Used,
        arrival: &Arrival,
    ) -> Result<String> {
        let row = self.store.read(|work| work.passkey(&used.id))?;
        let person = row.as_ref().map(|row| row.person.clone());
        let taken = self.must_be_good(&used.ticket, TO_SIGN_IN).and_then(|()| {
            let row = row.ok_or_else(unknown_passkey)?;
            if !self.known_person(&row.person)?.active {
                return Err(unknown_passkey());
            }
            self.take_passkey(site, used.ticket.as_bytes(), used, row)
        });
        match taken {
            Ok(row) => self.begin_session(&row.person, BY_PASSKEY, arrival),
            Err(AppError::Forbidden(why)) => {
                Err(self.failed_sign_in(person.as_deref(), arrival, why)?)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks what came back, uses its ticket up, and keeps the passkey's counter.
    fn take_passkey(
        &self,
        site: &Site,
        challenge: &[u8; 32],
        used: &Used,
        row: PasskeyRow,
    ) -> Result<PasskeyRow> {
        // A counter that is stored fits: it came as one.
        let counter = u32::try_from(row.counter).unwrap_or(u32::MAX);
        let checked = passkey::verify(site, challenge, &row.key, counter, &used.assertion);
        if checked == Err(PasskeyError::Counter) {
            let about = format!("the counter of {}'s passkey `{}` went back", row.person, row.name);
            self.raise_alarm("passkey counter", &about)?;
        }
        let counter = checked.map_err(|error| AppError::Forbidden(error.to_string()))?;
        self.spend(&used.ticket)?;
        let row = PasskeyRow { used: Some(self.now()), counter: u64::from(counter), ..row };
        self.store.write(|work| work.put_passkey(&row))?;
        Ok(row)
    }

    /// What a person's new passkey is made for. It is made in a session that a link has just begun.
    pub fn registration(&self, actor: &Actor, session: &str) -> Result<Registration> {
        self.must_come_from_link(session)?;
        let have = self.store.read(|work| work.passkeys(&actor.name))?;
        Ok(Registration {
            ticket: self.ticket(&to_register(&actor.name)),
            user: action_digest("passkey person", actor.name.as_bytes()),
            have: have.into_iter().map(|row| row.id).collect(),
        })
    }

    /// Whether a passkey may be added in this session.
    pub fn may_add_passkeys(&self, session: &str) -> bool {
        self.must_come_from_link(session).is_ok()
    }

    fn must_come_from_link(&self, session: &str) -> Result<()> {
        let now = self.now();
        let row = self.store.read(|work| work.session(token_digest(session)))?;
        if row.is_some_and(|row| {
            [BY_LINK, BY_LINK_AND_CODE].contains(&row.how.as_str())
                && now.since(row.began) < ENROL_MILLIS
        }) {
            return Ok(());
        }
        Err(AppError::Forbidden(
            "a passkey is added within a quarter of an hour after a sign-in with a link: make one \
             with `entente person link`"
                .to_owned(),
        ))
    }

    /// Adds a passkey of one's own.
    pub fn add_passkey(
        &self,
        actor: &Actor,
        session: &str,
        site: &Site,
        made: &Made,
    ) -> Result<()> {
        self.must_come_from_link(session)?;
        self.must_be_good(&made.ticket, &to_register(&actor.name))?;
        let name = made.name.trim();
        if name.is_empty()
            || name.chars().count() > NAME_CHARS_MAX
            || name.contains(char::is_control)
        {
            return Err(AppError::invalid(format!(
                "give the passkey a name of 1 to {NAME_CHARS_MAX} characters, such as `blue key`"
            )));
        }
        let challenge = made.ticket.as_bytes();
        let new = passkey::register(site, challenge, &made.client_data, &made.authenticator_data)
            .map_err(|error| AppError::Forbidden(error.to_string()))?;
        self.spend(&made.ticket)?;
        let now = self.now();
        let row = PasskeyRow {
            id: new.id,
            person: actor.name.clone(),
            name: name.to_owned(),
            at: now,
            used: None,
            counter: u64::from(new.counter),
            key: new.key,
        };
        let about = format!("{} of {}: {name}", number_of(&row.id).short(), actor.name);
        let leaf = self.note(RecordKind::Admin, now, "passkey added", &actor.name, &about, None);
        self.record_with(&[leaf], |work, _| {
            if work.passkey(&row.id)?.is_some() {
                return Err(AppError::invalid("this passkey is here already"));
            }
            if work.passkeys(&actor.name)?.len() >= PASSKEYS_MAX {
                return Err(AppError::invalid(format!(
                    "{} has {PASSKEYS_MAX} passkeys: remove one first",
                    actor.name
                )));
            }
            work.put_passkey(&row)?;
            Ok(())
        })
    }

    /// The passkeys of a person: one's own or, for security officers and overseers, anyone's.
    pub fn passkeys(&self, actor: &Actor, person: &str) -> Result<Vec<PasskeyView>> {
        if actor.name != person {
            actor.must_be(&change::CONFIRMING, "see the passkeys of others")?;
            self.known_person(person)?;
        }
        let rows = self.store.read(|work| work.passkeys(person))?;
        let view = |row: PasskeyRow| PasskeyView {
            id: number_of(&row.id),
            name: row.name,
            at: row.at,
            used: row.used,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Removes a passkey, one's own or, by a security officer, anyone's.
    pub fn remove_passkey(&self, actor: &Actor, person: &str, id: &str, why: &str) -> Result<()> {
        let why = if actor.name == person { why.trim() } else { change::reason(why)? };
        if actor.name != person {
            actor.must_act_as(&[Role::SecurityOfficer], "remove the passkeys of others")?;
            self.known_person(person)?;
        }
        let row = self.passkey_named(person, id)?;
        let about = format!("{} of {person}: {}; {why}", number_of(&row.id).short(), row.name);
        let leaf =
            self.note(RecordKind::Admin, self.now(), "passkey removed", &actor.name, &about, None);
        self.record_with(&[leaf], |work, _| {
            work.drop_passkey(&row.id)?;
            Ok(())
        })
    }

    /// A person's passkey, by the digits that its number begins with.
    pub(super) fn passkey_named(&self, person: &str, id: &str) -> Result<PasskeyRow> {
        let rows = self.store.read(|work| work.passkeys(person))?;
        let mut fitting =
            rows.into_iter().filter(|row| number_of(&row.id).to_string().starts_with(id));
        match (fitting.next(), fitting.next()) {
            (Some(row), None) if id.len() >= NAME_DIGITS_MIN => Ok(row),
            _ => Err(AppError::NotFound(format!("a passkey `{id}` of {person}"))),
        }
    }

    /// Takes a person's proof that they approve of one exact act, and keeps it with the ledger.
    pub(super) fn take_proof(
        &self,
        actor: &Actor,
        site: &Site,
        (act, about): (Digest, &str),
        used: &Used,
    ) -> Result<()> {
        self.must_be_good(&used.ticket, act.as_bytes())?;
        let row = self.store.read(|work| work.passkey(&used.id))?;
        let row = row.filter(|row| row.person == actor.name).ok_or_else(unknown_passkey)?;
        let approved = Approved { act, person: actor.name.clone(), ticket: used.ticket };
        let row = self.take_passkey(site, &approved.challenge(), used, row)?;
        let (site, assertion) = (site.clone(), used.assertion.clone());
        let proof = Proof { approved, site, key: row.key, assertion };
        let digest = proof.digest();
        let leaf =
            self.note(RecordKind::Admin, self.now(), PROVEN, &actor.name, about, Some(digest));
        self.record_with(&[leaf], |work, _| Ok(work.put_preimage(digest, &proof.to_bytes())?))
    }

    /// What a passkey is asked for one exact act, and the person's passkeys.
    pub(super) fn ask_for_proof(
        &self,
        actor: &Actor,
        act: Digest,
    ) -> Result<(Ticket, [u8; 32], Vec<Vec<u8>>)> {
        let have = self.store.read(|work| work.passkeys(&actor.name))?;
        let ticket = self.ticket(act.as_bytes());
        let approved = Approved { act, person: actor.name.clone(), ticket };
        Ok((ticket, approved.challenge(), have.into_iter().map(|row| row.id).collect()))
    }
}
