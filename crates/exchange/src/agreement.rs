//! Agreements: from a text that one party offers to terms that bind all of them.
//!
//! `protocol.md` 4.8 and amendments 3 and 5. Parties sign the digest of the literate text, by
//! their authority's keys; an agreement is in force here when this node holds a verified
//! signature of *every* party and its first day has come. A half-signed agreement is inert: no
//! state of this machine lets it carry a byte (I7).
//!
//! What the text means is `entente-law`'s. That a signature came in an item that the signer's
//! ledger holds is what makes it an item at all ([`crate::verify`]).

use std::collections::{BTreeMap, BTreeSet};

use entente_model::codec::{Reader, Wire, WireError, WireFault, Writer};
use entente_model::id::{AgreementId, NationId};
use entente_model::item::{AgreementStanding, StandingAct};
use entente_model::time::Timestamp;
use entente_seal::sign::StatementKey;
use entente_seal::statement::{SignedStatement, sign_statement};
use thiserror::Error;

use crate::chain::{ChainError, ChainState};

/// The type under which agreements are signed.
pub const STATEMENT_TYPE: &str = "ent/v1/agreement";

/// What a party signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The agreement: the digest of its text.
    pub agreement: AgreementId,
    /// The party.
    pub nation: NationId,
    /// When it signed.
    pub at: Timestamp,
}

impl Wire for Signature {
    const NAME: &'static str = "agreement signature";
    const BYTES_MAX: usize = 96;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).value(&self.agreement).value(&self.nation).value(&self.at);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            let version = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(version);
            }
            Ok(Self { agreement: r.value()?, nation: r.value()?, at: r.value()? })
        })
    }
}

/// Signs an agreement with the authority's keys.
pub fn sign(signature: &Signature, authority: &[&StatementKey]) -> SignedStatement {
    sign_statement(STATEMENT_TYPE, &signature.to_bytes(), authority)
}

/// A party's signature, checked against its identity chain. Only [`verify_signature`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature(Signature);

impl VerifiedSignature {
    /// What was signed.
    pub const fn signature(&self) -> &Signature {
        &self.0
    }
}

/// Why an agreement's state does not change as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AgreementError {
    /// The statement is of another type.
    #[error("a statement of type `{0}` does not sign an agreement")]
    Type(String),
    /// The statement is malformed.
    #[error("the signature on the agreement cannot be read")]
    Malformed(#[from] WireError),
    /// The statement names another nation than the chain.
    #[error("the signature names another nation than the one that sent it")]
    Nation,
    /// The authority did not sign.
    #[error("the nation's authority did not sign the agreement")]
    Authority(#[source] ChainError),
    /// The signature is of another agreement.
    #[error("the signature is of another agreement")]
    OtherAgreement,
    /// The nation is no party.
    #[error("nation {0} is no party to the agreement")]
    NoParty(NationId),
    /// The agreement has ended.
    #[error("the agreement has ended, and takes no more signatures")]
    Ended,
}

/// Checks that a nation's authority signed, by its chain at the time `now`.
pub fn verify_signature(
    statement: &SignedStatement,
    chain: &ChainState,
    now: Timestamp,
) -> Result<VerifiedSignature, AgreementError> {
    let signature = read_signature(statement, chain)?;
    chain.check_authority(statement, now).map_err(AgreementError::Authority)?;
    Ok(VerifiedSignature(signature))
}

/// Checks a signature that was verified when it came, at `at`, and kept since: by the keys of any
/// time, because a key that was replaced or revoked later does not undo what it signed.
pub fn verify_kept_signature(
    statement: &SignedStatement,
    chain: &ChainState,
    at: Timestamp,
) -> Result<VerifiedSignature, AgreementError> {
    let signature = read_signature(statement, chain)?;
    chain.check_authority_of_any_time(statement, at).map_err(AgreementError::Authority)?;
    Ok(VerifiedSignature(signature))
}

fn read_signature(
    statement: &SignedStatement,
    chain: &ChainState,
) -> Result<Signature, AgreementError> {
    if statement.ty != STATEMENT_TYPE {
        return Err(AgreementError::Type(statement.ty.clone()));
    }
    let signature = Signature::from_bytes(&statement.payload)?;
    if signature.nation != chain.nation() {
        return Err(AgreementError::Nation);
    }
    Ok(signature)
}

/// Where an agreement stands at one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It is being written here; nobody else has it.
    Draft,
    /// The parties have its text; nobody has signed.
    Offered,
    /// Some parties have signed.
    SignedBy(BTreeSet<NationId>),
    /// All have signed; its first day has not come.
    Signed,
    /// It binds.
    InForce,
    /// All have signed, and a party has suspended it for all.
    Suspended {
        /// Who did.
        by: NationId,
        /// Since when.
        at: Timestamp,
    },
    /// A newer text of it, signed by all its parties, has come into force.
    Superseded {
        /// The newer text.
        by: AgreementId,
    },
    /// A party has left it.
    Withdrawn {
        /// Who left.
        by: NationId,
        /// Since when.
        at: Timestamp,
    },
    /// The day for which a party gave notice has come.
    Terminated {
        /// Who gave notice.
        by: NationId,
        /// Since when.
        at: Timestamp,
    },
    /// Its last day has passed.
    Expired,
}

impl Phase {
    /// Whether it has ended for good. What was received under it stays protected.
    pub const fn has_ended(&self) -> bool {
        match self {
            Self::Superseded { .. }
            | Self::Withdrawn { .. }
            | Self::Terminated { .. }
            | Self::Expired => true,
            Self::Draft
            | Self::Offered
            | Self::SignedBy(_)
            | Self::Signed
            | Self::InForce
            | Self::Suspended { .. } => false,
        }
    }

    /// Its name, as it is stored and shown.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Offered | Self::SignedBy(_) | Self::Signed => "offered",
            Self::InForce => "in_force",
            Self::Suspended { .. } => "suspended",
            Self::Superseded { .. } => "superseded",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Terminated { .. } => "terminated",
            Self::Expired => "expired",
        }
    }
}

/// The newest word of one party on whether an agreement operates for one party, or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    number: u64,
    /// Since when, if it says that nothing goes.
    suspended: Option<Timestamp>,
}

/// An agreement's life, as one party sees it. Events may come in any order and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementState {
    id: AgreementId,
    parties: BTreeSet<NationId>,
    from: Timestamp,
    until: Option<Timestamp>,
    offered: bool,
    signed: BTreeMap<NationId, Timestamp>,
    withdrawn: BTreeMap<NationId, Timestamp>,
    activated: BTreeMap<NationId, Timestamp>,
    /// By who spoke, and of whom: a party, or all.
    words: BTreeMap<(NationId, Option<NationId>), Word>,
    notices: BTreeMap<NationId, Timestamp>,
    superseded: Option<AgreementId>,
}

impl AgreementState {
    /// A draft: its text's digest, its parties, its first day and its last.
    pub fn draft(
        id: AgreementId,
        parties: impl IntoIterator<Item = NationId>,
        from: Timestamp,
        until: Option<Timestamp>,
    ) -> Self {
        Self {
            id,
            parties: parties.into_iter().collect(),
            from,
            until,
            offered: false,
            signed: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            activated: BTreeMap::new(),
            words: BTreeMap::new(),
            notices: BTreeMap::new(),
            superseded: None,
        }
    }

    /// The agreement.
    pub const fn id(&self) -> AgreementId {
        self.id
    }

    /// Its parties.
    pub const fn parties(&self) -> &BTreeSet<NationId> {
        &self.parties
    }

    /// The text went to, or came from, the other parties.
    pub const fn offer(&mut self) {
        self.offered = true;
    }

    /// A party signed.
    pub fn sign(&mut self, signature: &VerifiedSignature) -> Result<(), AgreementError> {
        let Signature { agreement, nation, at } = signature.0;
        if agreement != self.id {
            return Err(AgreementError::OtherAgreement);
        }
        self.party(nation)?;
        if !self.withdrawn.is_empty() {
            return Err(AgreementError::Ended);
        }
        self.offered = true;
        earliest(&mut self.signed, nation, at);
        Ok(())
    }

    /// A party left. Its word alone is enough, and ends the agreement for everybody here.
    pub fn withdraw(&mut self, nation: NationId, at: Timestamp) -> Result<(), AgreementError> {
        self.party(nation)?;
        earliest(&mut self.withdrawn, nation, at);
        Ok(())
    }

    /// A party suspends it, takes its own suspension back, or gives notice. Every suspension
    /// stands until the party that spoke it takes it back; of two notices the earlier day counts.
    pub fn stand(
        &mut self,
        nation: NationId,
        said: &AgreementStanding,
    ) -> Result<(), AgreementError> {
        if said.agreement != self.id {
            return Err(AgreementError::OtherAgreement);
        }
        self.party(nation)?;
        if let Some(party) = said.party {
            self.party(party)?;
        }
        let suspended = match said.act {
            StandingAct::Notice => {
                // A day that has passed when the notice is given would end it in the past.
                let ends = said.ends.unwrap_or(said.at).max(said.at);
                earliest(&mut self.notices, nation, ends);
                return Ok(());
            }
            StandingAct::Suspend => Some(said.at),
            StandingAct::Resume => None,
        };
        let word = Word { number: said.number, suspended };
        let newest = self.words.entry((nation, said.party)).or_insert(word);
        // Two words under one number: the one that stops counts, in whatever order they come.
        if (word.number, word.suspended.is_some()) > (newest.number, newest.suspended.is_some()) {
            *newest = word;
        }
        Ok(())
    }

    /// A party says that it holds the agreement complete.
    pub fn activate(&mut self, nation: NationId, at: Timestamp) -> Result<(), AgreementError> {
        self.party(nation)?;
        earliest(&mut self.activated, nation, at);
        Ok(())
    }

    /// Whether it came into force at some time up to now, whatever became of it since. Until every
    /// signature is held and its first day has come, it did not; nor if it was left before any party
    /// relied on it.
    pub fn came_into_force(&self, now: Timestamp) -> bool {
        let ended_before = self.notice().is_some_and(|(_, at)| at <= self.from);
        let relied_on = self.withdrawn.is_empty() || !self.activated.is_empty();
        self.is_complete() && now >= self.from && relied_on && !ended_before
    }

    /// A newer text, which came into force, takes its place, for ever.
    pub const fn supersede(&mut self, by: AgreementId) {
        self.superseded = Some(by);
    }

    /// The newer text that took its place.
    pub const fn superseded_by(&self) -> Option<AgreementId> {
        self.superseded
    }

    /// Takes over what parties said of the text that this one supersedes: whoever suspended that
    /// suspends this, and notice of that is notice of this, until they say otherwise of this one.
    pub fn take_over(&mut self, older: &Self) {
        for ((by, of), word) in &older.words {
            let concerns =
                self.parties.contains(by) && of.is_none_or(|party| self.parties.contains(&party));
            if let (true, Some(at)) = (concerns, word.suspended) {
                // Any word about this text has a number from 1, and counts instead.
                let inherited = Word { number: 0, suspended: Some(at) };
                self.words.entry((*by, *of)).or_insert(inherited);
            }
        }
        for (by, ends) in older.notices.iter().filter(|(by, _)| self.parties.contains(by)) {
            earliest(&mut self.notices, *by, *ends);
        }
    }

    /// Where it stands at this time.
    pub fn phase(&self, now: Timestamp) -> Phase {
        // Leaving takes effect at once, whatever date the note carries.
        if let Some((by, at)) = self.withdrawn.iter().min_by_key(|(nation, at)| (**at, **nation)) {
            return Phase::Withdrawn { by: *by, at: *at };
        }
        if let Some(by) = self.superseded {
            return Phase::Superseded { by };
        }
        self.phase_but_for_newer(now)
    }

    /// Where it would stand if no newer text had taken its place: what was entered before that is
    /// judged by this.
    pub fn phase_but_for_newer(&self, now: Timestamp) -> Phase {
        if let Some((by, at)) = self.withdrawn.iter().min_by_key(|(nation, at)| (**at, **nation)) {
            return Phase::Withdrawn { by: *by, at: *at };
        }
        if let Some((by, at)) = self.notice().filter(|(_, at)| now >= *at) {
            return Phase::Terminated { by, at };
        }
        if self.until.is_some_and(|until| now >= until) {
            return Phase::Expired;
        }
        let complete = self.is_complete();
        if complete && let Some((by, at)) = self.suspended(None) {
            return Phase::Suspended { by, at };
        }
        match (complete, self.signed.is_empty()) {
            (true, _) if now >= self.from => Phase::InForce,
            (true, _) => Phase::Signed,
            (false, false) => Phase::SignedBy(self.signed.keys().copied().collect()),
            (false, true) if self.offered => Phase::Offered,
            (false, true) => Phase::Draft,
        }
    }

    /// Whether every party has signed.
    pub fn is_complete(&self) -> bool {
        !self.parties.is_empty() && self.parties.iter().all(|p| self.signed.contains_key(p))
    }

    /// Who has suspended it for a party alone, or with none for all, and since when; the first of
    /// several.
    pub fn suspended(&self, party: Option<NationId>) -> Option<(NationId, Timestamp)> {
        self.words
            .iter()
            .filter(|((_, of), _)| *of == party)
            .filter_map(|((by, _), word)| Some((*by, word.suspended?)))
            .min_by_key(|(by, at)| (*at, *by))
    }

    /// Whether this nation's own suspension, of a party or of all, stands.
    pub fn suspends(&self, nation: NationId, party: Option<NationId>) -> bool {
        self.words.get(&(nation, party)).is_some_and(|word| word.suspended.is_some())
    }

    /// Who gave notice, and for when; the earliest of several.
    pub fn notice(&self) -> Option<(NationId, Timestamp)> {
        self.notices.iter().map(|(by, at)| (*by, *at)).min_by_key(|(by, at)| (*at, *by))
    }

    /// The next moment after this one at which time alone changes where it stands.
    pub fn changes_after(&self, now: Timestamp) -> Option<Timestamp> {
        let moments = [Some(self.from), self.until, self.notice().map(|(_, at)| at)];
        moments.into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Whether it binds at this time: what a receiver asks of a cited agreement.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.phase(now) == Phase::InForce
    }

    /// Whether this party may release to `partner` under it: it binds, and the partner has said
    /// that it holds it complete (amendment 5).
    pub fn may_release_to(&self, partner: &NationId, now: Timestamp) -> bool {
        self.is_in_force(now)
            && self.activated.contains_key(partner)
            && self.suspended(Some(*partner)).is_none()
    }

    /// Who has signed, and when.
    pub const fn signatures(&self) -> &BTreeMap<NationId, Timestamp> {
        &self.signed
    }

    /// Whether a party said that it holds the agreement complete.
    pub fn activated_by(&self, nation: &NationId) -> bool {
        self.activated.contains_key(nation)
    }

    fn party(&self, nation: NationId) -> Result<(), AgreementError> {
        if self.parties.contains(&nation) { Ok(()) } else { Err(AgreementError::NoParty(nation)) }
    }
}

/// Keeps the earliest of what a nation says, so that order and repetition change nothing.
fn earliest(said: &mut BTreeMap<NationId, Timestamp>, nation: NationId, at: Timestamp) {
    said.entry(nation).and_modify(|first| *first = at.min(*first)).or_insert(at);
}

#[cfg(test)]
mod tests;
