//! The four answers, and the terms under which a recipient holds an object.

use crate::codec::{Reader, Wire, WireError, Writer};
use crate::id::{AgreementId, ObjectId};

/// The answer to "may this object go to this nation?"; the worst of all that applies wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It may go as it is.
    Permit,
    /// A variant may go: redacted, for display only, or a hit flag.
    PermitModified,
    /// It is held; a named authority decides.
    Refer,
    /// It may not go.
    Deny,
}

impl Decision {
    /// Whether anything may leave.
    pub const fn releases(self) -> bool {
        matches!(self, Self::Permit | Self::PermitModified)
    }

    /// The word used in tables, documents and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::PermitModified => "permit_modified",
            Self::Refer => "refer",
            Self::Deny => "deny",
        }
    }
}

impl Wire for Decision {
    const NAME: &'static str = "decision";
    const BYTES_MAX: usize = 1;

    fn write(&self, w: &mut Writer) {
        w.uint(*self as u64);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match r.small(3, "the decision")? {
            0 => Self::Permit,
            1 => Self::PermitModified,
            2 => Self::Refer,
            _ => Self::Deny,
        })
    }
}

/// The terms under which one recipient holds an object (`protocol.md` amendment 1).
///
/// They travel sealed to that recipient, their digest is in its ledger slot, and its node
/// enforces them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Permit or permit modified.
    pub decision: Decision,
    /// The agreement that is the basis of the release.
    pub agreement: AgreementId,
    /// The clauses that permitted, limited or obliged, such as `ESM-MISA/4`.
    pub clauses: Vec<String>,
    /// Reason codes of the decision vocabulary.
    pub reason_codes: Vec<String>,
    /// Obligations of the decision vocabulary, such as `delete_by:2031-10-09`.
    pub obligations: Vec<String>,
    /// The base object, if this is a variant of it and the agreement lets the recipient know.
    pub variant: Option<ObjectId>,
}

impl Wire for Terms {
    const NAME: &'static str = "terms";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(7)
            .uint(1)
            .value(&self.decision)
            .value(&self.agreement)
            .texts(&self.clauses)
            .texts(&self.reason_codes)
            .texts(&self.obligations)
            .optional(self.variant.as_ref(), |w, v| v.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(7, |r| {
            version_1(r)?;
            Ok(Self {
                decision: r.value()?,
                agreement: r.value()?,
                clauses: r.texts()?,
                reason_codes: r.texts()?,
                obligations: r.texts()?,
                variant: r.optional(Reader::value)?,
            })
        })
    }
}

/// Reads the version number that starts a record, which is 1.
pub(crate) fn version_1(r: &mut Reader<'_>) -> Result<(), WireError> {
    let fault = r.fault(crate::codec::WireFault::Expected { expected: "version 1" });
    if r.uint()? == 1 { Ok(()) } else { Err(fault) }
}
