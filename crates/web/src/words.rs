//! What things are called, in one place, so that other languages can stand beside this one.

use entente_exchange::state::{ObjectState, Standing};
use entente_law::consequence::Turn;
use entente_law::summary::Side;
use entente_model::item::{EffectStatus, NackCode, RecallClass};

pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const CAME_IN: &str = "Came in";
pub(crate) const WENT_OUT: &str = "Went out";
pub(crate) const REFUSED: &str = "Refused and held";
pub(crate) const RECALLS: &str = "Recalls";
pub(crate) const LINKS: &str = "Links";
pub(crate) const EVENTS: &str = "Events";
pub(crate) const PREVIEW: &str = "Who would receive it";
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const YOU: &str = "You";
pub(crate) const GLASS: &str = "Emergencies";
pub(crate) const REVIEW: &str = "Who holds what";
pub(crate) const AGREEMENTS: &str = "Agreements";
pub(crate) const DRAFT: &str = "Try out a draft";
pub(crate) const APPROVALS: &str = "Approvals";
pub(crate) const ACT: &str = "Decide";

/// The pages, in the order of the menu.
pub(crate) const MENU: [(&str, &str); 10] = [
    ("/", OVERVIEW),
    ("/in", CAME_IN),
    ("/out", WENT_OUT),
    ("/preview", PREVIEW),
    ("/refused", REFUSED),
    ("/agreements", AGREEMENTS),
    ("/recalls", RECALLS),
    ("/approvals", APPROVALS),
    ("/links", LINKS),
    ("/events", EVENTS),
];

/// The pages of a liaison seat.
pub(crate) const SEAT_MENU: [(&str, &str); 2] = [("/out", WENT_OUT), ("/in", CAME_IN)];

/// A sentence as a page says it: with a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut out: String = first.to_uppercase().chain(chars).collect();
    if !out.ends_with(['.', '!', '?', '”', ']']) {
        out.push('.');
    }
    out
}

/// A code of ours as words: `third_party` becomes `third party`.
pub(crate) fn plain(code: &str) -> String {
    code.replace('_', " ")
}

/// What a kind of event is called, and how much it matters: `calm`, `good`, `care` or `bad`.
pub(crate) fn event(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "received" => ("came in", "good"),
        "released" => ("went out", "good"),
        "receipt" => ("receipt", "calm"),
        "refused" => ("refused", "bad"),
        "held" => ("held", "care"),
        "recall" => ("recall", "care"),
        "consent" => ("consent", "care"),
        "deleted" => ("deleted", "calm"),
        "export" => ("handed out", "care"),
        "agreement" => ("agreement", "calm"),
        "law" => ("law", "calm"),
        "partner" => ("partner", "calm"),
        "link" => ("link", "care"),
        "alarm" => ("alarm", "bad"),
        "breach" => ("breach", "bad"),
        "standing" => ("standing rule", "calm"),
        _ => ("event", "calm"),
    }
}

/// Where an object stands, and how much it matters.
pub(crate) fn standing(state: u8) -> (&'static str, &'static str) {
    match ObjectState::from_code(state.into()).map(ObjectState::standing) {
        Some(Standing::Held) => ("held", "calm"),
        Some(Standing::Stub) => ("announced", "calm"),
        Some(Standing::Superseded) => ("superseded", "care"),
        Some(Standing::Recalled) => ("recalled", "bad"),
        Some(Standing::Erased) => ("erased", "bad"),
        Some(Standing::Unknown) | None => ("unknown", "calm"),
    }
}

/// A recall's class by its name.
pub(crate) fn recall_class_named(name: &str) -> Option<RecallClass> {
    RecallClass::ALL
        .iter()
        .copied()
        .find(|class| u8::try_from(class.code()).is_ok_and(|code| recall_class(code) == name))
}

/// What a recall asks for.
pub(crate) const fn recall_class(class: u8) -> &'static str {
    match class {
        0 => "note",
        1 => "retract",
        2 => "erase",
        _ => "emergency",
    }
}

/// What a holder did.
pub(crate) const fn effect(status: EffectStatus) -> (&'static str, &'static str) {
    match status {
        EffectStatus::Erased => ("erased", "good"),
        EffectStatus::Retracted => ("retracted", "good"),
        EffectStatus::NeverHeld => ("never held", "calm"),
        EffectStatus::LegalHold => ("legal hold", "care"),
        EffectStatus::Refused => ("refused", "bad"),
    }
}

/// How a delivery stands.
pub(crate) fn delivery(state: &str) -> (&'static str, &'static str) {
    match state {
        "receipted" => ("receipted", "good"),
        "delivered" => ("delivered", "calm"),
        _ => ("queued", "care"),
    }
}

/// How an agreement stands.
pub(crate) fn agreement(status: &str) -> (String, &'static str) {
    let tone = match status {
        "in_force" => "good",
        "offered" | "countered" | "suspended" => "care",
        "withdrawn" | "terminated" | "expired" => "bad",
        _ => "calm",
    };
    (plain(status), tone)
}

/// A heading of what an agreement means for a party.
pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::MustGive => "Must give",
        Side::MayGive => "May give",
        Side::Gets => "Gets",
        Side::Owes => "Owes",
        Side::Besides => "Besides",
    }
}

/// Which way a consequence goes.
pub(crate) const fn turn(turn: Turn) -> (&'static str, &'static str) {
    match turn {
        Turn::Possible => ("becomes possible", "care"),
        Turn::Impossible => ("becomes impossible", "bad"),
        Turn::Easier => ("becomes easier", "care"),
        Turn::Harder => ("becomes harder", "calm"),
        Turn::Otherwise => ("changes", "calm"),
    }
}

/// How a standing rule stands.
pub(crate) fn rule(state: &str) -> (String, &'static str) {
    (plain(state), if state == "active" { "good" } else { "care" })
}

/// What was decided, as a word and how much it matters.
pub(crate) fn decision(decision: entente_model::Decision) -> (&'static str, &'static str) {
    use entente_model::Decision;
    match decision {
        Decision::Permit => ("permitted", "good"),
        Decision::PermitModified => ("permitted, modified", "good"),
        Decision::Refer => ("held: someone must be asked", "care"),
        Decision::Deny => ("denied", "bad"),
    }
}

/// Why an item that came was not taken in.
pub(crate) fn nack(code: u16) -> &'static str {
    match NackCode::from_code(code.into()) {
        Some(NackCode::Proof) => "The sender’s ledger does not prove that it holds this item.",
        Some(NackCode::Opening) => "Its slot in the sender’s ledger does not open.",
        Some(NackCode::NotForMe) => "It names another recipient.",
        Some(NackCode::WrapContext) => "The key that it was sealed under is not known here.",
        Some(NackCode::Digest) => "Its body is not the one that the sender’s ledger names.",
        Some(NackCode::Decrypt) => "It does not decrypt.",
        Some(NackCode::Oid) => "Its label or content does not match its identifier.",
        Some(NackCode::NotOrigin) => {
            "The sender neither originated it nor shows its originator’s consent."
        }
        Some(NackCode::Agreement) => "An agreement that it cites is not in force between us.",
        Some(NackCode::Label) => "Its level is above what this node is accredited to hold.",
        Some(NackCode::MediaType) => "Its media type is not accepted here.",
        Some(NackCode::Size) => "It is too large.",
        Some(NackCode::Quota) => "The sender’s quota is used up.",
        Some(NackCode::Expired) => "It had expired before it came.",
        Some(NackCode::DuplicateConflict) => {
            "Another item came under the same number: evidence that the sender’s ledger forked."
        }
        Some(NackCode::Policy) => "It came without terms that our own rules accept.",
        None => "For a reason that this version does not know.",
    }
}

/// An obligation as a sentence's part.
pub(crate) fn obligation(code: &str) -> String {
    let (name, value) = code.split_once(':').unwrap_or((code, ""));
    match (name, value) {
        ("delete_by", day) => format!("delete by {day}"),
        ("no_onward", "") => "do not pass on".to_owned(),
        ("onward_parties_only", agreement) => {
            format!("pass on only to parties of {agreement}")
        }
        ("notify_breach_within_h", hours) => format!("tell of a breach within {hours} hours"),
        ("use_only_for_case", case) => format!("use only for case {case}"),
        ("mark_as", marking) => format!("mark as {marking}"),
        ("use", what) => format!("use: {}", plain(what)),
        ("display_only", "") => "show to readers only: no file, no copy, nothing onward".to_owned(),
        ("orcon", "no_onward_without_originator") => {
            "pass on only with its originator’s consent".to_owned()
        }
        ("tlp", audience) => format!("traffic light: {}", plain(audience)),
        ("pap", colour) => format!("permissible actions: {colour}"),
        ("respond_by", moment) => format!("answer by {moment}"),
        (name, "") => plain(name),
        (name, value) => format!("{}: {value}", plain(name)),
    }
}

/// Clauses in the order in which people read them: the tenth after the ninth.
pub(crate) fn in_order(clauses: &[String]) -> Vec<String> {
    let mut sorted: Vec<String> = clauses.to_vec();
    sorted.sort_by_cached_key(|clause| {
        let (document, number) = clause.rsplit_once('/').unwrap_or((clause, ""));
        (document.to_owned(), number.parse().unwrap_or(u64::MAX), number.to_owned())
    });
    sorted
}

/// Why the law said no, or not without asking.
pub(crate) fn reason(code: &str) -> String {
    let known = match code {
        "AGREEMENT_NOT_IN_FORCE" => "no agreement in force covers it",
        "BODY_NOT_AUTHORISED" => "the agreement does not name the receiving body",
        "CLASSIFICATION_ABOVE_CEILING" => "its level is above what the agreement carries",
        "CLASSIFICATION_BELOW_FLOOR" => "its level is below what the agreement carries",
        "CLEARANCE_INSUFFICIENT" => "the recipient’s people are not cleared for it",
        "COMPARTMENT_NOT_HELD" => "the recipient does not hold its compartment",
        "DATA_CATEGORY_EXCLUDED" => "it holds data of a kind that may not go",
        "LABEL_EXPIRED" => "its label has expired",
        "LABEL_NOFORN" => "its label keeps it from all other nations",
        "LABEL_NOT_RELEASABLE" => "its label does not name the recipient",
        "LABEL_CONTROL_UNKNOWN" => "its label has a control that this node does not know",
        "LABEL_DISPLAY_ONLY" => "its label lets it be shown, but not handed over",
        "NOT_A_PARTY" => "the recipient is not a party to the agreement",
        "OBJECT_TYPE_NOT_COVERED" => "the agreement does not cover this kind of object",
        "ORIGINATOR_CONSENT_REQUIRED" => "its originator must consent first",
        "OUTSIDE_GEOGRAPHIC_SCOPE" => "it concerns a place outside the agreement",
        "PARTY_NOT_ACTIVE" => "the agreement is not active for the recipient yet",
        "PROPRIETOR_CONSENT_REQUIRED" => "its proprietor must consent first",
        "PROVENANCE_UNKNOWN" => "where it comes from is not recorded",
        "PURPOSE_NOT_COVERED" => "the agreement does not cover this purpose",
        "RELEASE_OFFICER_DECISION" => "a release officer decides",
        "RULE_FAILED" => "a rule could not be evaluated, and so nothing goes",
        "THIRD_PARTY_PROHIBITED" => "information from a third nation may not be passed on",
        "TLP_RED_NOT_NAMED" => "TLP:RED does not name the recipient",
        "VOLUME_LIMIT_EXCEEDED" => "the agreement’s volume is used up",
        "FACILITY_NOT_ACCREDITED" => "the recipient’s node is not accredited to its level",
        _ => return plain(&code.to_ascii_lowercase()),
    };
    known.to_owned()
}

#[test]
fn sentences_begin_and_end() {
    assert_eq!(sentence("object ab is not known here"), "Object ab is not known here.");
    assert_eq!(sentence(""), "");
}

#[test]
fn every_nack_has_its_own_sentence() {
    let mut seen = std::collections::BTreeSet::new();
    for code in 1..=16 {
        assert!(seen.insert(nack(code)), "{code}");
    }
    assert_eq!(nack(99), nack(17));
}

#[test]
fn clauses_stand_in_the_order_of_their_numbers() {
    let sorted = in_order(&["A/1", "A/10", "A/2", "XAR-IEA", "A/2b"].map(str::to_owned));
    assert_eq!(sorted, ["A/1", "A/2", "A/10", "A/2b", "XAR-IEA"]);
}

#[test]
fn obligations_read_as_words() {
    assert_eq!(obligation("delete_by:2031-10-09"), "delete by 2031-10-09");
    assert_eq!(obligation("tlp:organisation_only"), "traffic light: organisation only");
    assert_eq!(obligation("pap:AMBER"), "permissible actions: AMBER");
    assert_eq!(obligation("use:intelligence_only"), "use: intelligence only");
}
