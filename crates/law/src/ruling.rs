//! The answer: decision, basis, codes, obligations, and sentences that a legal adviser accepts.

use entente_model::record::Outcome;
use entente_model::{AgreementId, Decision, NationCode, ObjectId, Terms};

/// What was decided for one case, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The answer.
    pub decision: Decision,
    /// The agreement it rests on, with its code; absent for a denial.
    pub basis: Option<(AgreementId, String)>,
    /// Clauses, laws and controls that permitted, limited, obliged or forbade; sorted.
    pub clauses: Vec<String>,
    /// Reason codes; sorted.
    pub reason_codes: Vec<String>,
    /// Obligations of the release; sorted. Empty unless something may go.
    pub obligations: Vec<String>,
    /// Who must be asked; sorted. Empty unless it is referred.
    pub refer_to: Vec<String>,
    /// Why, in plain sentences.
    pub explanation: Vec<String>,
    /// A rule could not be evaluated: someone must look at it.
    pub alarm: bool,
    /// How many policies were looked at.
    pub policies_evaluated: usize,
}

/// Obligations that tell the sender how to make the variant, and nothing to the recipient.
const VARIANT: [&str; 3] = ["redact:", "transform:", "respond:"];

impl Ruling {
    /// Whether only a variant may go that has yet to be made: portions cut out, data transformed,
    /// or a hit flag in place of the object.
    pub fn requires_variant(&self) -> bool {
        self.obligations.iter().any(|o| is_for_sender(o))
    }

    /// The ruling as recorded for the overseers.
    pub fn outcome(&self, nation: NationCode) -> Outcome {
        Outcome {
            nation,
            decision: self.decision,
            agreement: self.basis.as_ref().map(|(id, _)| *id),
            policies: self.clauses.clone(),
            reason_codes: self.reason_codes.clone(),
            obligations: self.obligations.clone(),
            refer_to: self.refer_to.clone(),
        }
    }

    /// The terms under which the recipient holds the object, if it may go.
    ///
    /// They name the clauses of the agreement and what the recipient owes. What was cut out, and
    /// why, is not the recipient's to know.
    pub fn terms(&self) -> Option<Terms> {
        let (agreement, code) = self.basis.as_ref().filter(|_| self.decision.releases())?;
        let own = |clause: &&String| {
            clause.strip_prefix(code.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        Some(Terms {
            decision: self.decision,
            agreement: *agreement,
            clauses: self.clauses.iter().filter(own).cloned().collect(),
            reason_codes: Vec::new(),
            obligations: self.obligations.iter().filter(|o| !is_for_sender(o)).cloned().collect(),
            variant: None,
        })
    }

    /// The proof, for sealing, that this object may go to this nation; `None` if it may not, or
    /// if only a variant may that this object is not.
    pub fn permit(&self, oid: ObjectId, recipient: NationCode) -> Option<Permit> {
        let goes = self.decision.releases() && self.basis.is_some() && !self.requires_variant();
        goes.then_some(Permit { oid, nation: recipient })
    }
}

pub(crate) fn is_for_sender(obligation: &str) -> bool {
    VARIANT.iter().any(|prefix| obligation.starts_with(prefix))
}

/// Proof that the law said yes to this object going to this nation.
///
/// Nothing else can make one, and sealing consumes it, so no code path can seal without having
/// decided. It is never cloned, stored or serialised.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    oid: ObjectId,
    nation: NationCode,
}

impl Permit {
    /// The object.
    pub const fn oid(&self) -> ObjectId {
        self.oid
    }

    /// The nation it may go to.
    pub const fn nation(&self) -> NationCode {
        self.nation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(decision: Decision, obligations: &[&str]) -> Ruling {
        Ruling {
            decision,
            basis: Some((AgreementId::from_array([1; 32]), "ESM-MISA".into())),
            clauses: vec!["ESM-MISA/1".into(), "ESM-MISAX/2".into(), "XAR-IEA/20".into()],
            reason_codes: vec!["LABEL_NOFORN".into()],
            obligations: obligations.iter().map(|o| (*o).to_owned()).collect(),
            refer_to: Vec::new(),
            explanation: Vec::new(),
            alarm: false,
            policies_evaluated: 0,
        }
    }

    #[test]
    fn an_object_gets_a_permit_only_if_it_may_go_as_it_is() {
        let oid = ObjectId::from_array([7; 32]);
        let to: NationCode = "XBR".parse().unwrap();
        for (decision, obligations, goes) in [
            (Decision::Permit, &["delete_by:2031-10-09"][..], true),
            (Decision::PermitModified, &["display_only"], true),
            (Decision::PermitModified, &["redact:P2"], false),
            (Decision::PermitModified, &["transform:remove_categories"], false),
            (Decision::PermitModified, &["respond:hit_flag_only"], false),
            (Decision::Refer, &[], false),
            (Decision::Deny, &[], false),
        ] {
            let permit = ruling(decision, obligations).permit(oid, to);
            assert_eq!(permit.is_some(), goes, "{decision:?} {obligations:?}");
        }
    }

    #[test]
    fn terms_tell_the_recipient_what_it_owes_and_not_what_was_cut() {
        let terms =
            ruling(Decision::PermitModified, &["mark_as:P1=TJENST", "redact:P2"]).terms().unwrap();
        assert_eq!(terms.obligations, ["mark_as:P1=TJENST"]);
        assert_eq!(terms.clauses, ["ESM-MISA/1"]);
        assert!(terms.reason_codes.is_empty());
    }
}
