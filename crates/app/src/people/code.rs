//! Codes of an authenticator app, beside a link, for persons who have no passkey.
//!
//! The secret is shown once, when it is set up, and sealed like an object's content: the key process
//! holds what opens it, it is renewed with the vault, and destroyed with its key. A code is good once.
//! Whoever guesses needs a link first, and waits longer for each wrong code.

use entente_model::codec::Extra;
use entente_model::label::Handling;
use entente_model::record::RecordKind;
use entente_model::{Digest, Label, Manifest, ObjectId, ReleaseFacts};
use entente_seal::digest::sha256;
use entente_seal::totp;
use entente_store::rows::CodeRow;
use entente_store::{Store, Vault};
use std::sync::PoisonError;
use zeroize::Zeroizing;

use super::attempts::Key;
use super::{Actor, Arrival, Role, TokenKind, change};
use crate::error::{AppError, Result};
use crate::keys::{ReadJob, SealJob};
use crate::node::{Node, lock};

/// How an app is told the secret: its own text, and an address that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSecret {
    /// In base32, to be typed.
    pub secret: String,
    /// As apps read it from a picture or a link.
    pub address: String,
}

/// How a person's codes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStanding {
    /// There are none.
    None,
    /// The secret was given, and no code was seen yet.
    Begun,
    /// A link is good with a code only.
    Confirmed,
}

impl CodeStanding {
    /// As programs read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Begun => "begun",
            Self::Confirmed => "confirmed",
        }
    }
}

fn wrong() -> AppError {
    AppError::Forbidden(
        "the code is wrong, or was used already: wait for the next one that the app shows"
            .to_owned(),
    )
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Makes the secret of a person's own codes. It holds from the first code on.
    pub fn set_up_code(&self, actor: &Actor) -> Result<CodeSecret> {
        let name = actor.name();
        actor.must_not_be_vouched("set up codes")?;
        if actor.is_program() {
            return Err(AppError::invalid(format!("{name} is a program and signs in nowhere")));
        }
        let before = self.store.read(|work| work.code(name))?;
        if before.as_ref().is_some_and(|row| row.confirmed) {
            return Err(AppError::invalid(
                "there are codes already: remove them before new ones are set up",
            ));
        }
        let drawn = Zeroizing::new(self.random());
        let secret = drawn.get(..totp::SECRET_LEN).unwrap_or_default();
        let manifest = self.code_manifest(secret);
        let _no_sweep = self.keeping.read().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.with_vault(|| {
            let job = SealJob::object(manifest, secret.to_vec(), Vec::new());
            let (sealed, shards) = self.keys.seal(vec![job])?;
            let sealed = sealed.into_iter().next();
            let mut sealed =
                sealed.ok_or_else(|| AppError::Operator("nothing was sealed".to_owned()))?;
            let key = std::mem::take(&mut sealed.vault_key);
            self.vault.put(&shards, &[(sealed.oid, key)])?;
            Ok(sealed)
        })?;
        let row = CodeRow {
            person: name.to_owned(),
            at: self.now(),
            confirmed: false,
            step: 0,
            oid: sealed.oid,
            body: sealed.body,
            ct: sealed.ct,
        };
        self.store.write(|work| work.put_code(&row))?;
        if let Some(before) = before {
            self.shred_code(before.oid)?;
        }
        let text = totp::base32(secret);
        let issuer = self.identity.code;
        let address = format!("otpauth://totp/{issuer}:{name}?secret={text}&issuer={issuer}");
        Ok(CodeSecret { secret: text, address })
    }

    /// What the secret is sealed with. It never leaves the node, and is labelled all the same.
    fn code_manifest(&self, secret: &[u8]) -> Manifest {
        let now = self.now();
        Manifest {
            salt: self.random(),
            nation: self.identity.nation,
            node: self.identity.node,
            agency: None,
            media_type: "application/octet-stream".to_owned(),
            payload_bytes: secret.len() as u64,
            payload_sha256: Digest::from_array(sha256(secret)),
            label: Label {
                policy: self.identity.code.to_string(),
                class: Label::CLASS_MAX,
                marking: "SECRET OF A PERSON".to_owned(),
                controls: Vec::new(),
                created: now,
                review: None,
                alternatives: Vec::new(),
            },
            handling: Handling::default(),
            created_at: now,
            supersedes: Vec::new(),
            variant_of: None,
            tearline_of: None,
            parts: Vec::new(),
            links: Vec::new(),
            attestation: None,
            compressed: false,
            facts: ReleaseFacts::default(),
            extra: Extra::default(),
        }
    }

    fn shred_code(&self, oid: ObjectId) -> Result<()> {
        let _one_at_a_time = lock(&self.vaulting);
        self.vault.shred(&[oid])?;
        Ok(())
    }

    /// How a person's codes stand: one's own or, for security officers and overseers, anyone's.
    pub fn code_standing(&self, actor: &Actor, person: &str) -> Result<CodeStanding> {
        if actor.name() != person {
            actor.must_be(&change::CONFIRMING, "see how others sign in")?;
            self.known_person(person)?;
        }
        Ok(match self.store.read(|work| work.code(person))? {
            None => CodeStanding::None,
            Some(row) if row.confirmed => CodeStanding::Confirmed,
            Some(_) => CodeStanding::Begun,
        })
    }

    /// Shows that the app has the secret: from now on a link is good with a code only.
    pub fn confirm_code(&self, actor: &Actor, written: &str, arrival: &Arrival) -> Result<()> {
        let name = actor.name();
        let row = self.store.read(|work| work.code(name))?;
        if row.is_none_or(|row| row.confirmed) {
            return Err(AppError::invalid("there are no codes to be confirmed: set them up first"));
        }
        self.use_own_code(name, written, arrival)?;
        let leaf = self.note(RecordKind::Admin, self.now(), "codes set up", name, name, None);
        self.record_with(&[leaf], |work, _| {
            if let Some(row) = work.code(name)? {
                work.put_code(&CodeRow { confirmed: true, ..row })?;
            }
            Ok(())
        })
    }

    /// Ends a person's codes, one's own or, by a security officer, anyone's.
    pub fn remove_code(&self, actor: &Actor, person: &str, why: &str) -> Result<()> {
        let own = actor.name() == person;
        let why = if own { why.trim() } else { change::reason(why)? };
        if !own {
            actor.must_act_as(&[Role::SecurityOfficer], "remove the codes of others")?;
            self.known_person(person)?;
        }
        let row = self.code_of(person)?;
        let about = if why.is_empty() { person.to_owned() } else { format!("{person}: {why}") };
        let leaf =
            self.note(RecordKind::Admin, self.now(), "codes removed", actor.name(), &about, None);
        self.record_with(&[leaf], |work, _| Ok(work.drop_code(person)?))?;
        self.shred_code(row.oid)
    }

    /// Ends one's own codes with a fresh one of them, for who has no passkey to sign for it.
    pub fn remove_code_with_code(
        &self,
        actor: &Actor,
        written: &str,
        arrival: &Arrival,
    ) -> Result<()> {
        let name = actor.name();
        if !self.store.read(|work| work.passkeys(name))?.is_empty() {
            return Err(AppError::Forbidden(format!(
                "{name} has a passkey: that the codes end is signed for with it"
            )));
        }
        self.code_of(name)?;
        self.use_own_code(name, written, arrival)?;
        self.remove_code(actor, name, "")
    }

    /// Checks a code of someone who is signed in, and uses it up. A wrong one counts as a failed
    /// sign-in: a session that was left open is no place to guess.
    fn use_own_code(&self, name: &str, written: &str, arrival: &Arrival) -> Result<()> {
        match self.use_code(name, written) {
            Err(AppError::Forbidden(why)) => Err(self.failed_sign_in(Some(name), arrival, why)?),
            checked => checked,
        }
    }

    pub(super) fn code_of(&self, person: &str) -> Result<CodeRow> {
        let row = self.store.read(|work| work.code(person))?;
        row.ok_or_else(|| AppError::NotFound(format!("an authenticator app of {person}")))
    }

    /// Whether a link that is good is good with a code only.
    pub fn link_needs_code(&self, link: &str) -> Result<bool> {
        match self.actor(link, &[TokenKind::Link]) {
            Ok(actor) => self.has_codes(&actor.name),
            Err(AppError::Forbidden(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn has_codes(&self, person: &str) -> Result<bool> {
        Ok(self.store.read(|work| work.code(person))?.is_some_and(|row| row.confirmed))
    }

    /// Checks a code and uses it up. Wrong ones wait for each other.
    pub(super) fn use_code(&self, person: &str, written: &str) -> Result<()> {
        let key = [Key::Person(person.to_owned())];
        self.must_not_wait(&key)?;
        let row = self.store.read(|work| work.code(person))?.ok_or_else(wrong)?;
        let secret = self.code_secret(&row)?;
        let seconds = self.now().seconds();
        let step = totp::step_of(&secret, written.trim(), seconds, row.step);
        let used = match step {
            None => false,
            // Of two who come with the same code, one is first.
            Some(step) => self.store.write(|work| match work.code(person)? {
                Some(row) if row.step < step => {
                    work.put_code(&CodeRow { step, ..row })?;
                    Ok::<_, AppError>(true)
                }
                _ => Ok(false),
            })?,
        };
        if used { Ok(()) } else { Err(wrong()) }
    }

    fn code_secret(&self, row: &CodeRow) -> Result<Zeroizing<Vec<u8>>> {
        let lost = || {
            AppError::Operator(format!(
                "the secret of {}'s codes does not open: a security officer removes it, and they \
                 set it up again",
                row.person
            ))
        };
        let _one_at_a_time = lock(&self.vaulting);
        let key = self.vault.keys(&[row.oid])?.into_iter().next().flatten().ok_or_else(lost)?;
        let job = ReadJob { oid: row.oid, body: row.body, vault_key: key, ct: row.ct.clone() };
        let content = self.keys.read(vec![job])?.into_iter().next().flatten();
        content.map(|(_, secret)| Zeroizing::new(secret)).ok_or_else(lost)
    }
}
