//! A policy epoch as it was recorded: which rules a past decision was taken by.
//!
//! The bytes are those of [`Rules::epoch_preimage`], kept beside the ledger. Together with the
//! texts of the agreements and laws that they name, they give the same rules again, and the rules
//! with the recorded inputs give the same rulings, bit for bit.

use entente_model::codec::WireFault;
use entente_model::{AgreementId, LawId, NationCode, Reader, WireError};
use thiserror::Error;

use crate::agreement::Agreement;
use crate::national::NationalLaw;
use crate::policy::CompileError;
use crate::rules::{AgreementStatus, InForce, PartyStatus, Rules, engine};
use crate::scheme::{Period, Scheme, Schemes};

/// An agreement as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochAgreement {
    /// The digest of its text.
    pub id: AgreementId,
    /// Its status.
    pub status: AgreementStatus,
    /// Parties that were not active.
    pub parties: Vec<(NationCode, PartyStatus)>,
}

/// Which rules were in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    bytes: Vec<u8>,
    engine: String,
    agreements: Vec<EpochAgreement>,
    laws: Vec<LawId>,
    schemes: Schemes,
}

/// The rules of an epoch cannot be had again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EpochError {
    /// The text of an agreement is not held any more.
    #[error("the text of agreement {0} is not held here")]
    NoAgreement(AgreementId),
    /// The text of a law is not held any more.
    #[error("the text of law {0} is not held here")]
    NoLaw(LawId),
    /// The texts do not compile.
    #[error("its rules do not compile: {0}")]
    Compile(#[from] CompileError),
    /// The texts give other rules than were recorded.
    #[error("it was decided by `{recorded}`, and this program is `{present}`")]
    OtherEngine {
        /// The program that decided.
        recorded: String,
        /// This program.
        present: String,
    },
    /// What was recorded is not what these rules come to.
    #[error("what was recorded of its rules is not what they come to here")]
    OtherRules,
}

impl Epoch {
    /// Reads what was recorded.
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes);
        let epoch = r.record(5, |r| {
            let fault = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(fault);
            }
            Ok(Self {
                bytes: bytes.to_vec(),
                engine: r.text()?.to_owned(),
                agreements: r.list(agreement)?,
                laws: r.list(Reader::value)?,
                schemes: schemes(r)?,
            })
        })?;
        r.end()?;
        Ok(epoch)
    }

    /// The program that decided.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// The agreements, in order.
    pub fn agreements(&self) -> &[EpochAgreement] {
        &self.agreements
    }

    /// The laws, in order.
    pub fn laws(&self) -> &[LawId] {
        &self.laws
    }

    /// Compiles its rules from the texts that it names.
    ///
    /// Succeeds only if they come to exactly what was recorded, so that a decision by them is the
    /// decision that was taken and not one that resembles it.
    pub fn rules<'t>(
        &self,
        agreement: impl Fn(AgreementId) -> Option<&'t Agreement>,
        law: impl Fn(LawId) -> Option<&'t NationalLaw>,
    ) -> Result<Rules, EpochError> {
        let present = engine();
        if self.engine != present {
            return Err(EpochError::OtherEngine { recorded: self.engine.clone(), present });
        }
        let held = self
            .agreements
            .iter()
            .map(|a| {
                let text = agreement(a.id).ok_or(EpochError::NoAgreement(a.id))?;
                Ok(InForce { agreement: text, id: a.id, status: a.status, parties: &a.parties })
            })
            .collect::<Result<Vec<_>, EpochError>>()?;
        let laws = self
            .laws
            .iter()
            .map(|id| Ok((*id, law(*id).ok_or(EpochError::NoLaw(*id))?)))
            .collect::<Result<Vec<_>, EpochError>>()?;
        let rules = Rules::compile(&held, &laws, &self.schemes)?;
        if rules.epoch_preimage() == self.bytes { Ok(rules) } else { Err(EpochError::OtherRules) }
    }
}

fn agreement(r: &mut Reader<'_>) -> Result<EpochAgreement, WireError> {
    r.record(3, |r| {
        let id = r.value()?;
        let status = match r.small(2, "the agreement's status")? {
            0 => AgreementStatus::InForce,
            1 => AgreementStatus::Suspended,
            _ => AgreementStatus::Terminated,
        };
        let parties = r.list(|r| {
            r.record(2, |r| {
                let nation = r.value()?;
                let status = match r.small(2, "the party's status")? {
                    0 => PartyStatus::Active,
                    1 => PartyStatus::Suspended,
                    _ => PartyStatus::Withdrawn,
                };
                Ok((nation, status))
            })
        })?;
        Ok(EpochAgreement { id, status, parties })
    })
}

fn schemes(r: &mut Reader<'_>) -> Result<Schemes, WireError> {
    let mut schemes = Schemes::default();
    let read: Vec<Scheme> = r.list(|r| {
        r.record(2, |r| {
            let owner = r.text()?.to_owned();
            let written = r.list(|r| {
                r.record(4, |r| {
                    let (text, class) = (r.text()?.to_owned(), r.small(7, "the level")?);
                    Ok((text, class, Period::between(r.uint()?, r.uint()?)))
                })
            })?;
            // A scheme's name is for people and decides nothing.
            Ok(Scheme::written_as(&owner, &owner, written))
        })
    })?;
    for scheme in read {
        schemes.add(scheme);
    }
    Ok(schemes)
}
