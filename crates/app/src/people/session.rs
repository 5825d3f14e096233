//! Sessions in browsers: how they begin, what ends them, and who sees and ends whose.
//!
//! A session is a secret of 256 bits that the browser alone has; the node keeps its digest, so that
//! whoever reads the database cannot act as anyone. It outlives a restart of the node, and ends
//! when nothing was asked for in it for a while, at the end of its day, with a word of its person or
//! of a security officer, and with every other secret when its person leaves.

use entente_model::record::RecordKind;
use entente_model::{Digest, Timestamp};
use entente_store::rows::SessionRow;
use entente_store::{Store, Vault};

use super::attempts::Key;
use super::{Actor, Role, Roles, TokenKind, change, review, token_digest};
use crate::error::{AppError, Result};
use crate::node::{Node, event, lock};
use crate::settings::SessionLimits;

/// How a session began that a one-time link began.
pub(super) const BY_LINK: &str = "link";
/// And one that a code of an authenticator app was needed for.
pub(super) const BY_LINK_AND_CODE: &str = "link and code";
/// That something was asked for is written so often at most.
const SEEN_EVERY_MILLIS: u64 = 30_000;
/// One person has so many sessions at most; a further one ends the oldest.
const SESSIONS_MAX: usize = 16;
/// What is kept of where a session came from.
const ARRIVAL_CHARS_MAX: usize = 160;
/// Digits by which a session is named at least.
const NAME_DIGITS_MIN: usize = 8;

/// Where someone who signs in comes from, as far as the door can tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrival {
    source: String,
    agent: String,
    place: String,
}

impl Arrival {
    /// From this address, with a browser that calls itself so. Failures are counted by `place`: the
    /// address, or the network behind which one person has many.
    pub fn new(source: &str, agent: &str, place: &str) -> Self {
        let short = |text: &str| -> String {
            text.chars().filter(|c| !c.is_control()).take(ARRIVAL_CHARS_MAX).collect()
        };
        Self { source: short(source), agent: short(agent), place: short(place) }
    }

    fn key(&self) -> Key {
        Key::Source(self.place.clone())
    }

    /// The address, in a sentence.
    fn from(&self) -> &str {
        if self.source.is_empty() { "an unknown place" } else { &self.source }
    }
}

/// Which sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The one whose number begins so.
    One(String),
    /// All but this one, if any.
    AllBut(Option<Digest>),
}

impl SessionLimits {
    /// Whether a session lasts at this moment.
    pub(super) fn lasts(&self, row: &SessionRow, now: Timestamp) -> bool {
        now < row.ends
            && now < row.began.plus_millis(self.whole_millis)
            && now.since(row.seen) < self.idle_millis
    }
}

/// The number by which a session is named.
pub fn session_id(secret: &str) -> Digest {
    token_digest(secret)
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Exchanges a one-time link, with a code if its person has an authenticator app, for a session.
    pub fn sign_in(&self, link: &str, code: Option<&str>, arrival: &Arrival) -> Result<String> {
        let mut person = None;
        let mut how = BY_LINK;
        let taken = self.actor(link, &[TokenKind::Link]).and_then(|actor| {
            if self.has_codes(&actor.name)? {
                how = BY_LINK_AND_CODE;
                person = Some(actor.name.clone());
                self.use_code(&actor.name, code.unwrap_or_default())?;
            }
            if self.store.write(|work| work.drop_token(token_digest(link)))? {
                return Ok(actor);
            }
            Err(AppError::Forbidden("this link was used already".to_owned()))
        });
        match taken {
            Ok(actor) => self.begin_session(actor.name(), how, arrival),
            Err(AppError::Forbidden(why)) => {
                Err(self.failed_sign_in(person.as_deref(), arrival, why)?)
            }
            Err(error) => Err(error),
        }
    }

    /// Begins a session for someone who has shown who they are.
    pub(super) fn begin_session(
        &self,
        person: &str,
        how: &str,
        arrival: &Arrival,
    ) -> Result<String> {
        self.begin_session_on(person, how, (None, None), arrival)
    }

    /// The same, bound to a certificate, and good for some offices only, if another authority
    /// vouched for the person.
    pub(super) fn begin_session_on(
        &self,
        person: &str,
        how: &str,
        (bound, suffices): (Option<Digest>, Option<Roles>),
        arrival: &Arrival,
    ) -> Result<String> {
        lock(&self.attempts).forget(&[arrival.key(), Key::Person(person.to_owned())]);
        let secret = hex::encode(self.random());
        let now = self.now();
        let limits = self.settings.sessions;
        let row = SessionRow {
            digest: token_digest(&secret),
            person: person.to_owned(),
            began: now,
            seen: now,
            ends: now.plus_millis(limits.whole_millis),
            how: how.to_owned(),
            source: arrival.source.clone(),
            agent: arrival.agent.clone(),
            bound,
            suffices: suffices.map(Roles::bits),
        };
        self.store.write(|work| {
            let mut kept = 1;
            for old in work.sessions(None)? {
                let lasts = limits.lasts(&old, now);
                kept += usize::from(lasts && old.person == row.person);
                if !lasts || (old.person == row.person && kept > SESSIONS_MAX) {
                    work.drop_session(old.digest)?;
                }
            }
            work.put_session(&row)?;
            review::note(work, &row.person, now, true)?;
            Ok::<_, AppError>(())
        })?;
        Ok(secret)
    }

    /// Counts a failed sign-in, and tells people if there are many. Gives what the person is told:
    /// why it failed or, if that has to wait, how long.
    pub(super) fn failed_sign_in(
        &self,
        person: Option<&str>,
        arrival: &Arrival,
        why: String,
    ) -> Result<AppError> {
        let now = self.now();
        let keys: Vec<Key> = std::iter::once(arrival.key())
            .chain(person.map(|p| Key::Person(p.to_owned())))
            .collect();
        if let Err(soon) = self.must_not_wait(&keys) {
            return Ok(soon);
        }
        let many = lock(&self.attempts).failed(&keys, now);
        if let Some(count) = many {
            let whose = person.map(|name| format!(" as {name}")).unwrap_or_default();
            let about = format!("{count} failed sign-ins{whose} from {}", arrival.from());
            self.raise_alarm("failed sign-ins", &about)?;
        }
        Ok(AppError::Forbidden(why))
    }

    /// Tells people and overseers of something that they must look at.
    pub(super) fn raise_alarm(&self, what: &str, about: &str) -> Result<()> {
        let now = self.now();
        let leaf = self.note(RecordKind::Alarm, now, what, "the node", about, None);
        self.record_with(&[leaf], |work, _| {
            event(work, now, "alarm", about.to_owned(), (None, None))
        })
    }

    /// Refuses what comes too soon after what failed.
    pub(super) fn must_not_wait(&self, keys: &[Key]) -> Result<()> {
        match lock(&self.attempts).wait_millis(keys, self.now()) {
            0 => Ok(()),
            millis => Err(AppError::TooSoon(millis.div_ceil(1000))),
        }
    }

    /// The person of a session in which something is asked for: it is idle no longer.
    pub fn asked_in(&self, session: &str, presented: Option<Digest>) -> Result<Actor> {
        let actor = self.actor_with(session, &[TokenKind::Session], presented)?;
        let (digest, now) = (token_digest(session), self.now());
        let seen = self.store.read(|work| work.session(digest))?.map(|row| row.seen);
        if seen.is_some_and(|seen| now.since(seen) >= SEEN_EVERY_MILLIS) {
            self.store.write(|work| {
                work.touch_session(digest, now)?;
                review::note(work, &actor.name, now, false)
            })?;
        }
        Ok(actor)
    }

    /// Ends a session.
    pub fn sign_out(&self, session: &str) -> Result<()> {
        self.store.write(|work| work.drop_session(token_digest(session)))?;
        Ok(())
    }

    /// The sessions of a person that last: one's own or, for security officers and overseers,
    /// anyone's.
    pub fn sessions(&self, actor: &Actor, person: &str) -> Result<Vec<SessionRow>> {
        if actor.name != person {
            actor.must_be(&change::CONFIRMING, "see the sessions of others")?;
            self.known_person(person)?;
        }
        let now = self.now();
        let mut rows = self.store.read(|work| work.sessions(Some(person)))?;
        rows.retain(|row| self.settings.sessions.lasts(row, now));
        Ok(rows)
    }

    /// Ends sessions of a person, one's own or, by a security officer, anyone's; says how many.
    pub fn end_sessions(
        &self,
        actor: &Actor,
        person: &str,
        which: &Ending,
        why: &str,
    ) -> Result<usize> {
        let own = actor.name == person;
        let why = if own { why.trim() } else { change::reason(why)? };
        if !own {
            actor.must_act_as(&[Role::SecurityOfficer], "end the sessions of others")?;
        }
        let mut rows = self.sessions(actor, person)?;
        match which {
            Ending::AllBut(kept) => rows.retain(|row| Some(row.digest) != *kept),
            Ending::One(name) if name.len() < NAME_DIGITS_MIN => {
                return Err(AppError::invalid(format!(
                    "`{name}` is too short: give at least {NAME_DIGITS_MIN} digits of the \
                     session's number"
                )));
            }
            Ending::One(name) => {
                rows.retain(|row| row.digest.to_string().starts_with(name.as_str()));
                if rows.is_empty() {
                    return Err(AppError::NotFound(format!("a session `{name}` of {person}")));
                }
            }
        }
        let drop_all = |work: &mut dyn entente_store::Work| {
            for row in &rows {
                work.drop_session(row.digest)?;
            }
            Ok(())
        };
        if own {
            self.store.write(drop_all)?;
        } else {
            let about = format!("{} of {person}: {why}", counted(rows.len()));
            let leaf = self.note(
                RecordKind::Admin,
                self.now(),
                "sessions ended",
                &actor.name,
                &about,
                None,
            );
            self.record_with(&[leaf], |work, _| drop_all(work))?;
        }
        Ok(rows.len())
    }
}

fn counted(sessions: usize) -> String {
    if sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") }
}
