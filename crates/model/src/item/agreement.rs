//! Items about agreements: texts, signatures, and what parties do about them afterwards.

use super::kinds;
use crate::codec::{Reader, Wire, WireError, WireFault, Writer};
use crate::decision::version_1;
use crate::id::{AgreementId, NationId};
use crate::time::Timestamp;

/// The literate text of an agreement, offered for signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementPropose {
    /// The Markdown bytes of all its files, in order.
    pub texts: Vec<Vec<u8>>,
}

impl Wire for AgreementPropose {
    const NAME: &'static str = "agreement proposal";
    const BYTES_MAX: usize = 1 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(2).uint(1).list(&self.texts, |w, t| {
            w.bytes(t);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(2, |r| {
            version_1(r)?;
            Ok(Self { texts: r.list_nonempty(|r| r.bytes().map(<[u8]>::to_vec))? })
        })
    }
}

/// A changed text, offered in answer to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementCounter {
    /// The text that it answers.
    pub counters: AgreementId,
    /// The Markdown bytes of all its files, in order.
    pub texts: Vec<Vec<u8>>,
}

impl Wire for AgreementCounter {
    const NAME: &'static str = "agreement counter-proposal";
    const BYTES_MAX: usize = 1 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).value(&self.counters).list(&self.texts, |w, t| {
            w.bytes(t);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            version_1(r)?;
            let counters = r.value()?;
            Ok(Self { counters, texts: r.list_nonempty(|r| r.bytes().map(<[u8]>::to_vec))? })
        })
    }
}

/// A party's signature on an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementSign {
    /// The agreement.
    pub agreement: AgreementId,
    /// The signed statement, by the party's authority.
    pub statement: Vec<u8>,
}

impl Wire for AgreementSign {
    const NAME: &'static str = "agreement signature";
    const BYTES_MAX: usize = 64 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).value(&self.agreement).bytes(&self.statement);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            version_1(r)?;
            Ok(Self { agreement: r.value()?, statement: r.bytes()?.to_vec() })
        })
    }
}

/// A party leaves an agreement, or says that it holds it complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementNote {
    /// The agreement.
    pub agreement: AgreementId,
    /// Since when.
    pub at: Timestamp,
    /// Why, in words; may be empty.
    pub reason: String,
}

impl Wire for AgreementNote {
    const NAME: &'static str = "agreement note";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(4).uint(1).value(&self.agreement).value(&self.at).text(&self.reason);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(4, |r| {
            version_1(r)?;
            Ok(Self { agreement: r.value()?, at: r.value()?, reason: r.text()?.to_owned() })
        })
    }
}

kinds!(
    /// What a party says of an agreement's operation.
    StandingAct, "agreement's standing",
    /// Nothing goes under it any longer, for one party or for all.
    Suspend = 0,
    /// It takes back its own suspension.
    Resume = 1,
    /// It ends on a day that is named.
    Notice = 2,
);

/// A party suspends an agreement, takes its own suspension back, or gives notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementStanding {
    /// The agreement.
    pub agreement: AgreementId,
    /// Which of the party's acts about this agreement it is, from 1: of two about the same, the
    /// later one counts, in whatever order they come.
    pub number: u64,
    /// What it does.
    pub act: StandingAct,
    /// The party that is suspended or no longer so; none for all, and with a notice.
    pub party: Option<NationId>,
    /// When it was done.
    pub at: Timestamp,
    /// The moment at which the agreement ends: with a notice, and only then.
    pub ends: Option<Timestamp>,
    /// Why, in words.
    pub reason: String,
}

impl Wire for AgreementStanding {
    const NAME: &'static str = "agreement's standing";
    const BYTES_MAX: usize = 8 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(8)
            .uint(1)
            .value(&self.agreement)
            .uint(self.number)
            .value(&self.act)
            .optional(self.party.as_ref(), |w, p| p.write(w))
            .value(&self.at)
            .optional(self.ends.as_ref(), |w, t| t.write(w))
            .text(&self.reason);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(8, |r| {
            version_1(r)?;
            let (agreement, number, act) = (r.value()?, r.uint()?, r.value()?);
            let fault = r.fault(WireFault::Expected {
                expected: "an end with a notice, a party at most with any other act",
            });
            let party: Option<NationId> = r.optional(Reader::value)?;
            let at = r.value()?;
            let ends: Option<Timestamp> = r.optional(Reader::value)?;
            let notice = act == StandingAct::Notice;
            if notice != ends.is_some() || (notice && party.is_some()) {
                return Err(fault);
            }
            Ok(Self { agreement, number, act, party, at, ends, reason: r.text()?.to_owned() })
        })
    }
}
