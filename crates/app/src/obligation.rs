//! Obligations that a recipient's node enforces.
//!
//! The words are those of the decision vocabulary. One that this node does not enforce by itself
//! is still kept, shown wherever the object is shown, and part of the terms that were sealed.
//! What an obligation forbids is refused with the obligation and the clause that it comes from.

use entente_model::{Manifest, Terms, Timestamp};

use crate::error::AppError;
use crate::policy::Policy;

/// When an object must be deleted: the earliest of what the terms and its handling say.
pub fn delete_at(terms: &Terms, manifest: &Manifest) -> Option<Timestamp> {
    delete_by(terms).into_iter().chain(manifest.handling.expires).min()
}

/// When terms say that an object must be deleted.
pub(crate) fn delete_by(terms: &Terms) -> Option<Timestamp> {
    terms.obligations.iter().filter_map(|o| o.strip_prefix("delete_by:")).filter_map(day).min()
}

/// The first moment of a day written `2031-10-09`, UTC.
pub fn day(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    u64::try_from(at).ok().map(Timestamp::from_millis)
}

/// Whether the object may be shown to its reader, and not handed over: neither to a file nor to
/// anybody else.
pub fn display_only(terms: &Terms) -> bool {
    has(terms, "display_only")
}

/// The marking of our own that the terms have us put on the object: one for all of it, or one for
/// each portion.
pub fn marked_as(terms: &Terms) -> Option<String> {
    let markings: Vec<&str> =
        terms.obligations.iter().filter_map(|o| o.strip_prefix("mark_as:")).collect();
    (!markings.is_empty()).then(|| markings.join(", "))
}

/// In how many hours the giver must be told of a breach: the shortest of what the terms say.
pub fn breach_hours(terms: &Terms) -> Option<u64> {
    let hours = terms.obligations.iter().filter_map(|o| o.strip_prefix("notify_breach_within_h:"));
    hours.filter_map(|hours| hours.parse().ok()).min()
}

fn has(terms: &Terms, obligation: &str) -> bool {
    terms.obligations.iter().any(|o| o == obligation)
}

/// What is to be done with a held object that its terms may forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Writing its content to a file.
    Save,
    /// Handing out its label or content together with a proof.
    Export,
    /// Passing it on for use as intelligence.
    Onward,
    /// Passing it on for use as evidence.
    OnwardAsEvidence,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Save => "be written to a file",
            Self::Export => "be handed out as evidence",
            Self::Onward => "be passed on",
            Self::OnwardAsEvidence => "be passed on as evidence",
        }
    }

    /// The obligations that forbid it.
    const fn forbidden_by(self) -> &'static [&'static str] {
        match self {
            Self::Save => &["display_only"],
            Self::Export => &["display_only", "use:intelligence_only", "no_onward"],
            Self::Onward => &["display_only", "no_onward"],
            Self::OnwardAsEvidence => &["display_only", "no_onward", "use:intelligence_only"],
        }
    }
}

/// Refuses an act that the terms forbid, by the obligation and where it comes from.
pub(crate) fn must_allow(policy: &Policy, terms: &Terms, act: Act) -> Result<(), AppError> {
    let Some(obligation) = act.forbidden_by().iter().find(|o| has(terms, o)) else {
        return Ok(());
    };
    Err(AppError::Forbidden(format!(
        "this object may not {}: it is held under `{obligation}` by {}",
        act.as_str(),
        source(policy, terms, obligation)
    )))
}

/// The type of clause that an obligation comes from; none for one that only a label gives.
fn clause_type(obligation: &str) -> Option<&'static str> {
    Some(match obligation.split(':').next().unwrap_or(obligation) {
        "delete_by" => "retention",
        "no_onward" | "no_onward_without_consent" | "onward_parties_only" => "third_party",
        "use" => "use_restriction",
        "mark_as" => "equivalence",
        "notify_breach_within_h" => "breach_notification",
        "respond_by" => "deadline",
        "use_only_for_case" => "speciality",
        _ => return None,
    })
}

/// Where an obligation comes from: the clause of the agreement, or the object's label.
pub(crate) fn source(policy: &Policy, terms: &Terms, obligation: &str) -> String {
    let held = policy.agreement(&terms.agreement);
    let of_type = clause_type(obligation);
    let clause = held.into_iter().flat_map(|held| held.agreement.clauses());
    if let Some((id, _, says)) = clause.into_iter().find(|(_, kind, _)| Some(*kind) == of_type) {
        return format!("{id} ({says})");
    }
    let agreement = held.map_or_else(|| terms.agreement.short(), |held| held.row.code.clone());
    format!("the label that its originator gave it, released under {agreement}")
}

#[cfg(test)]
mod tests {
    use entente_model::{AgreementId, Decision};

    use super::*;

    fn terms(obligations: &[&str]) -> Terms {
        Terms {
            decision: Decision::Permit,
            agreement: AgreementId::from_array([1; 32]),
            clauses: Vec::new(),
            reason_codes: Vec::new(),
            obligations: obligations.iter().map(|o| (*o).to_owned()).collect(),
            variant: None,
        }
    }

    #[test]
    fn days_are_utc_and_anything_else_is_none() {
        assert_eq!(day("1970-01-02"), Some(Timestamp::from_millis(86_400_000)));
        assert_eq!(day("2031-13-01"), None);
        assert_eq!(day("tomorrow"), None);
    }

    #[test]
    fn markings_of_our_own_are_told_as_the_terms_name_them() {
        assert_eq!(marked_as(&terms(&["delete_by:2031-10-09"])), None);
        assert_eq!(marked_as(&terms(&["mark_as:TJENST"])).unwrap(), "TJENST");
        let portions = terms(&["mark_as:P1=TJENST", "mark_as:P3=LUKKET"]);
        assert_eq!(marked_as(&portions).unwrap(), "P1=TJENST, P3=LUKKET");
    }

    #[test]
    fn the_shortest_time_to_tell_of_a_breach_counts() {
        let both = terms(&["notify_breach_within_h:72", "notify_breach_within_h:24"]);
        assert_eq!(breach_hours(&both), Some(24));
        assert_eq!(breach_hours(&terms(&["notify_breach_within_h:soon"])), None);
    }
}
