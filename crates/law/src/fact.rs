//! Facts on record: what a decision relies on, and nobody may simply tick.
//!
//! A fact says one thing about one subject for a span of time, on evidence. Who may assert it and
//! where it is kept belong to `entente-app`; this module knows the kinds, what each may say of
//! what, and the one encoding of which a fact's id is the digest.

use std::fmt;
use std::str::FromStr;

use entente_model::codec::WireFault;
use entente_model::{NationCode, ObjectId, Reader, Timestamp, Wire, WireError, Writer};
use thiserror::Error;

use crate::case::{DataProtection, Offence, TortureRisk};
use crate::scheme::Schemes;

/// What a fact is about, in kind. The words are those of the decision vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// How personal data is protected at a nation.
    DataProtection,
    /// The risk that information contributes to torture at a nation.
    TortureRisk,
    /// An offence for which a nation may impose the death penalty, or that there is none.
    DeathPenalty,
    /// Whether a nation answers requests as it should.
    Reciprocity,
    /// What a nation's system is accredited to.
    Accreditation,
    /// What a nation's readers are cleared to.
    Clearance,
    /// A compartment that a nation's readers hold.
    Compartment,
    /// An assurance, authorisation, statement or finding, by its token.
    Established,
    /// A ground of refusal that was found present.
    Ground,
    /// How our law punishes an offence.
    Offence,
    /// An emergency that was declared.
    Emergency,
    /// A case that is open.
    Case,
}

impl FactKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::DataProtection,
        Self::TortureRisk,
        Self::DeathPenalty,
        Self::Reciprocity,
        Self::Accreditation,
        Self::Clearance,
        Self::Compartment,
        Self::Established,
        Self::Ground,
        Self::Offence,
        Self::Emergency,
        Self::Case,
    ];

    /// The kind as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataProtection => "data-protection",
            Self::TortureRisk => "torture-risk",
            Self::DeathPenalty => "death-penalty",
            Self::Reciprocity => "reciprocity",
            Self::Accreditation => "accreditation",
            Self::Clearance => "clearance",
            Self::Compartment => "compartment",
            Self::Established => "established",
            Self::Ground => "ground",
            Self::Offence => "offence",
            Self::Emergency => "emergency",
            Self::Case => "case",
        }
    }

    /// What such a fact may say, for people.
    pub const fn values(self) -> &'static str {
        match self {
            Self::DataProtection => "adequate, safeguards or none",
            Self::TortureRisk => "low, medium or high",
            Self::DeathPenalty => "an offence, such as drug_trafficking, or none",
            Self::Reciprocity => "met or not-met",
            Self::Accreditation | Self::Clearance => "a marking of that nation's scheme",
            Self::Compartment => "a compartment's name",
            Self::Established => "a token that clauses and laws name, such as judicial_warrant",
            Self::Ground => "a ground of refusal, such as political_offence",
            Self::Offence => {
                "not-criminal, or criminal and the maximum penalty in months, such as criminal:36"
            }
            Self::Emergency => "a trigger that an agreement names, such as imminent_threat_to_life",
            Self::Case => "open",
        }
    }

    /// What such a fact may be about, for people.
    pub const fn subjects(self) -> &'static str {
        match self {
            Self::DataProtection | Self::TortureRisk | Self::DeathPenalty | Self::Reciprocity => {
                "a nation, such as XBR"
            }
            Self::Accreditation | Self::Clearance | Self::Compartment => {
                "a nation or a body of it, such as XBR/COAST-WATCH"
            }
            Self::Established => "us, a nation, case:NAME or object:ID",
            Self::Ground => "a nation, case:NAME or object:ID",
            Self::Offence => "offence:NAME",
            Self::Emergency => "us or case:NAME",
            Self::Case => "case:NAME",
        }
    }

    fn may_be_about(self, subject: &FactSubject) -> bool {
        match subject {
            FactSubject::Us => matches!(self, Self::Established | Self::Emergency),
            FactSubject::Nation { body: None, .. } => {
                !matches!(self, Self::Offence | Self::Emergency | Self::Case)
            }
            FactSubject::Nation { body: Some(_), .. } => {
                matches!(self, Self::Accreditation | Self::Clearance | Self::Compartment)
            }
            FactSubject::Case(_) => {
                matches!(self, Self::Established | Self::Ground | Self::Emergency | Self::Case)
            }
            FactSubject::Object(_) => matches!(self, Self::Established | Self::Ground),
            FactSubject::Offence(_) => self == Self::Offence,
        }
    }
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FactKind {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, FactError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| FactError::Kind(text.to_owned()))
    }
}

/// Whom or what a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactSubject {
    /// Our own nation.
    Us,
    /// A nation, or one body of it.
    Nation {
        /// The nation.
        nation: NationCode,
        /// The body; none is the whole nation.
        body: Option<String>,
    },
    /// A case.
    Case(String),
    /// One object.
    Object(ObjectId),
    /// An offence.
    Offence(String),
}

impl fmt::Display for FactSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Us => f.write_str("us"),
            Self::Nation { nation, body: None } => write!(f, "{nation}"),
            Self::Nation { nation, body: Some(body) } => write!(f, "{nation}/{body}"),
            Self::Case(name) => write!(f, "case:{name}"),
            Self::Object(oid) => write!(f, "object:{oid}"),
            Self::Offence(name) => write!(f, "offence:{name}"),
        }
    }
}

impl FromStr for FactSubject {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, FactError> {
        let fault = || FactError::Subject(text.to_owned());
        let name = |name: &str| is_token(name).then(|| name.to_owned()).ok_or_else(fault);
        if text == "us" {
            return Ok(Self::Us);
        }
        if let Some((prefix, rest)) = text.split_once(':') {
            return match prefix {
                "case" => Ok(Self::Case(name(rest)?)),
                "offence" => Ok(Self::Offence(name(rest)?)),
                "object" => rest.parse().map(Self::Object).map_err(|_| fault()),
                _ => Err(fault()),
            };
        }
        let (nation, body) = match text.split_once('/') {
            Some((nation, body)) => (nation, Some(name(body)?)),
            None => (text, None),
        };
        Ok(Self::Nation { nation: nation.parse().map_err(|_| fault())?, body })
    }
}

/// One fact, apart from who asserted it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    kind: FactKind,
    subject: FactSubject,
    value: String,
    evidence: String,
    from: Timestamp,
    until: Timestamp,
}

/// Why something is no fact that could be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FactError {
    /// The kind is not known.
    #[error("`{0}` is not a kind of fact: use one of {kinds}", kinds = kinds())]
    Kind(String),
    /// The subject cannot be read.
    #[error(
        "`{0}` is nothing that a fact can be about: write us, XBR, XBR/BODY, case:NAME, \
         object:ID or offence:NAME"
    )]
    Subject(String),
    /// The kind says nothing about such a subject.
    #[error("{kind} cannot be about `{subject}`: it is about {right}", right = kind.subjects())]
    Misplaced {
        /// The kind.
        kind: FactKind,
        /// The subject.
        subject: String,
    },
    /// The kind does not have this value.
    #[error("`{value}` is no value of {kind}: it is {right}", right = kind.values())]
    Value {
        /// The kind.
        kind: FactKind,
        /// The value.
        value: String,
    },
    /// The evidence is missing, too long, or not written on one line without spaces around it.
    #[error(
        "a fact needs its evidence in 1 to {EVIDENCE_BYTES_MAX} bytes on one line, without spaces \
         around it: a document, a case, a letter"
    )]
    Evidence,
    /// It would never hold.
    #[error("a fact must end after it begins")]
    Span,
    /// It would hold for too long.
    #[error("a fact holds for {FACT_DAYS_MAX} days at most, then it is looked at again")]
    Long,
}

fn kinds() -> String {
    FactKind::ALL.map(FactKind::as_str).join(", ")
}

/// A reference to evidence is not the evidence itself.
pub const EVIDENCE_BYTES_MAX: usize = 1024;
/// No finding is good for ever.
pub const FACT_DAYS_MAX: u64 = 3660;

/// What may stand as a name or token: what clauses and laws can name too.
fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.trim() == text
        && text.chars().all(|c| !c.is_control() && !"{}=".contains(c))
}

impl Fact {
    /// A fact whose parts fit each other. Nothing is mended on the way: a record that a partner
    /// signed must be written back as it was read (I10).
    pub fn new(
        kind: FactKind,
        subject: FactSubject,
        value: &str,
        evidence: &str,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Self, FactError> {
        if evidence.is_empty()
            || evidence.trim() != evidence
            || evidence.len() > EVIDENCE_BYTES_MAX
            || evidence.chars().any(char::is_control)
        {
            return Err(FactError::Evidence);
        }
        if until <= from {
            return Err(FactError::Span);
        }
        if until.since(from) > FACT_DAYS_MAX * crate::time::DAY_MILLIS {
            return Err(FactError::Long);
        }
        let fact = Self {
            kind,
            subject,
            value: value.to_owned(),
            evidence: evidence.to_owned(),
            from,
            until,
        };
        fact.check()?;
        Ok(fact)
    }

    fn check(&self) -> Result<(), FactError> {
        let Self { kind, subject, value, .. } = self;
        if !kind.may_be_about(subject) {
            return Err(FactError::Misplaced { kind: *kind, subject: subject.to_string() });
        }
        let right = is_token(value)
            && match kind {
                FactKind::DataProtection => DataProtection::parse(value).is_some(),
                FactKind::TortureRisk => TortureRisk::parse(value).is_some(),
                FactKind::Reciprocity => matches!(value.as_str(), MET | "not-met"),
                FactKind::Case => value == "open",
                FactKind::Offence => penalty(value).is_some(),
                FactKind::DeathPenalty
                | FactKind::Accreditation
                | FactKind::Clearance
                | FactKind::Compartment
                | FactKind::Established
                | FactKind::Ground
                | FactKind::Emergency => true,
            };
        if right { Ok(()) } else { Err(FactError::Value { kind: *kind, value: value.clone() }) }
    }

    /// Refuses a marking that the subject's scheme does not have, where the scheme is known.
    pub fn check_marking(&self, schemes: &Schemes) -> Result<(), FactError> {
        let marks = matches!(self.kind, FactKind::Accreditation | FactKind::Clearance);
        let FactSubject::Nation { nation, .. } = &self.subject else { return Ok(()) };
        let Ok(scheme) = schemes.get(nation.as_str()) else { return Ok(()) };
        if marks && scheme.level(&self.value).is_none() {
            return Err(FactError::Value { kind: self.kind, value: self.value.clone() });
        }
        Ok(())
    }

    /// What kind of fact it is.
    pub const fn kind(&self) -> FactKind {
        self.kind
    }

    /// What it is about.
    pub const fn subject(&self) -> &FactSubject {
        &self.subject
    }

    /// Whether a partner may state it about itself: what may only lower what it is given, such as
    /// the accreditation of its systems, and the assurances that it gives. What we find of a
    /// partner, what our courts allow, and what holds of others it cannot say.
    pub fn may_be_told_by(&self, nation: NationCode) -> bool {
        let own = |of: &NationCode| *of == nation;
        match (self.kind, &self.subject) {
            (FactKind::Accreditation | FactKind::Clearance, FactSubject::Nation { nation, .. }) => {
                own(nation)
            }
            (FactKind::Established, FactSubject::Nation { nation, body: None }) => {
                own(nation) && self.is_assurance()
            }
            (FactKind::Established, FactSubject::Case(_) | FactSubject::Object(_)) => {
                self.is_assurance()
            }
            _ => false,
        }
    }

    fn is_assurance(&self) -> bool {
        self.value.starts_with("assurance_")
    }

    /// The same as its own nation says it to others: what is about us is about that nation.
    #[must_use]
    pub fn said_by(mut self, nation: NationCode) -> Self {
        if self.subject == FactSubject::Us {
            self.subject = FactSubject::Nation { nation, body: None };
        }
        self
    }

    /// What it says.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// On what evidence.
    pub fn evidence(&self) -> &str {
        &self.evidence
    }

    /// From when it holds.
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// The first moment at which it holds no more.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether it holds at a moment.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// Reciprocity is met.
pub(crate) const MET: &str = "met";
/// Nothing of the kind.
pub(crate) const NONE: &str = "none";

/// What an offence fact says: whether it is criminal, and the maximum penalty in months.
fn penalty(value: &str) -> Option<(bool, u64)> {
    if value == "not-criminal" {
        return Some((false, 0));
    }
    let months = value.strip_prefix("criminal:")?;
    let plain = (1..=5).contains(&months.len()) && months.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| months.parse().ok().map(|months| (true, months)))?
}

impl Fact {
    /// The offence that an offence fact describes.
    pub(crate) fn offence(&self) -> Option<Offence> {
        let FactSubject::Offence(name) = &self.subject else { return None };
        let (criminal_in_sender, max_penalty_months) = penalty(&self.value)?;
        Some(Offence { kind: name.clone(), criminal_in_sender, max_penalty_months })
    }
}

impl Wire for Fact {
    const NAME: &'static str = "fact";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .uint(1)
            .text(self.kind.as_str())
            .text(&self.subject.to_string())
            .text(&self.value)
            .text(&self.evidence)
            .value(&self.from)
            .value(&self.until);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            let fault = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(fault);
            }
            let fault = r.fault(WireFault::Invalid { what: "not a fact that can be relied on" });
            let kind: FactKind = r.text()?.parse().map_err(|_| fault)?;
            let fault = r.fault(WireFault::Invalid { what: "not a fact that can be relied on" });
            let subject: FactSubject = r.text()?.parse().map_err(|_| fault)?;
            let fault = r.fault(WireFault::Invalid { what: "not a fact that can be relied on" });
            let (value, evidence) = (r.text()?, r.text()?);
            Self::new(kind, subject, value, evidence, (r.value()?, r.value()?)).map_err(|_| fault)
        })
    }
}

/// A fact as it stands on record: who asserted it, and when. Its digest is the fact's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// What is asserted.
    pub fact: Fact,
    /// By whom: a person of ours, or a nation.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Wire for Asserted {
    const NAME: &'static str = "asserted fact";
    const BYTES_MAX: usize = 8192;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).value(&self.fact).text(&self.by).value(&self.at);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            let fault = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(fault);
            }
            Ok(Self { fact: r.value()?, by: r.text()?.to_owned(), at: r.value()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: (Timestamp, Timestamp) =
        (Timestamp::from_millis(1000), Timestamp::from_millis(2000));

    fn fact(kind: &str, subject: &str, value: &str) -> Result<Fact, FactError> {
        Fact::new(kind.parse()?, subject.parse()?, value, "letter 7", SPAN)
    }

    #[test]
    fn facts_are_what_their_kind_allows() {
        for (kind, subject, value) in [
            ("data-protection", "XBR", "safeguards"),
            ("torture-risk", "XBR", "medium"),
            ("death-penalty", "XBR", "none"),
            ("reciprocity", "XBR", "not-met"),
            ("accreditation", "XBR/COAST-WATCH", "LUKKET"),
            ("established", "us", "judicial_warrant"),
            ("established", "case:TAM-7", "speciality_waiver"),
            ("ground", "case:TAM-7", "political_offence"),
            ("offence", "offence:fraud", "criminal:36"),
            ("offence", "offence:blasphemy", "not-criminal"),
            ("emergency", "us", "imminent_threat"),
            ("case", "case:TAM-7", "open"),
        ] {
            let made = fact(kind, subject, value).unwrap();
            assert_eq!(Fact::from_bytes(&made.to_bytes()), Ok(made.clone()), "{kind} {subject}");
            assert_eq!(made.subject().to_string(), subject);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        for (kind, subject, value, says) in [
            ("weather", "XBR", "fine", "`weather` is not a kind of fact"),
            ("torture-risk", "XBR", "none", "it is low, medium or high"),
            ("torture-risk", "us", "low", "it is about a nation"),
            ("torture-risk", "XBR/POLICE", "low", "it is about a nation"),
            ("data-protection", "Brenmark", "none", "write us, XBR"),
            ("offence", "offence:fraud", "36", "such as criminal:36"),
            ("offence", "offence:fraud", "criminal:-1", "such as criminal:36"),
            ("established", "case:", "x", "write us, XBR"),
            ("established", "us", "", "is no value of established"),
            ("case", "case:A", "closed", "it is open"),
        ] {
            let error = fact(kind, subject, value).unwrap_err().to_string();
            assert!(error.contains(says), "{kind} {subject} {value}: {error}");
        }
        let us: FactSubject = "us".parse().unwrap();
        let backwards = (SPAN.1, SPAN.0);
        assert_eq!(
            Fact::new(FactKind::Established, us.clone(), "x", "letter", backwards),
            Err(FactError::Span)
        );
        let ever = (SPAN.0, Timestamp::from_millis(u64::MAX));
        assert_eq!(
            Fact::new(FactKind::Established, us.clone(), "x", "letter", ever),
            Err(FactError::Long)
        );
        for evidence in ["", " ", "letter 7 ", "\u{2003}letter 7", "letter\n7"] {
            let refused = Fact::new(FactKind::Established, us.clone(), "x", evidence, SPAN);
            assert_eq!(refused, Err(FactError::Evidence), "{evidence:?}");
        }
    }

    #[test]
    fn what_a_partner_wrote_is_read_as_written_or_not_at_all() {
        let asserted = |evidence: &str| {
            let fact = fact("established", "us", "x").unwrap();
            let fact = Fact { evidence: evidence.to_owned(), ..fact };
            Asserted { fact, by: "ana".to_owned(), at: SPAN.0 }.to_bytes()
        };
        let right = asserted("letter 7");
        assert_eq!(Asserted::from_bytes(&right).map(|read| read.to_bytes()), Ok(right));
        assert!(Asserted::from_bytes(&asserted("letter 7 ")).is_err());
    }
}
