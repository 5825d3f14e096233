//! What did not go, and why; and what came and was not taken in.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::AppError;
use entente_model::item::Lane;
use entente_store::rows::EventRow;

use super::{Frame, ListQuery, ROWS, Tag, before, one_more};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, ObjectLink, clean};
use crate::words;

/// A release that was refused or is held.
#[derive(Debug, Clone)]
pub(crate) struct RefusedLine {
    pub(crate) at: Moment,
    pub(crate) tag: Tag,
    pub(crate) nation: Option<String>,
    pub(crate) object: Option<ObjectLink>,
    pub(crate) object_type: String,
    pub(crate) sentence: String,
    /// Reason codes and what they mean.
    pub(crate) reasons: Vec<(String, String)>,
}

/// An item that came and was not taken in.
#[derive(Debug, Clone)]
pub(crate) struct QuarantineLine {
    pub(crate) at: Moment,
    pub(crate) nation: String,
    pub(crate) lane: &'static str,
    pub(crate) seq: u64,
    pub(crate) code: u16,
    pub(crate) why: &'static str,
}

/// Items that were not taken in, on the page.
const QUARANTINE_ROWS: u64 = 50;

/// The page.
#[derive(Template)]
#[template(path = "pages/refused.html")]
pub(crate) struct RefusedPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<RefusedLine>,
    pub(crate) quarantine: Vec<QuarantineLine>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<i64>,
}

/// The sentence of such an event, and the reason codes at its end.
fn sentence_and_codes(text: &str) -> (&str, Vec<&str>) {
    let whole = (text, Vec::new());
    let Some((sentence, rest)) = text.rsplit_once(" [") else { return whole };
    let Some(codes) = rest.strip_suffix(']') else { return whole };
    let codes: Vec<&str> = codes.split(", ").filter(|code| !code.is_empty()).collect();
    let are_codes = codes
        .iter()
        .all(|code| code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    if are_codes { (sentence, codes) } else { whole }
}

/// What did not go, and why, of a sentence that says `WHAT not to NATION: WHY`.
fn what_and_why(sentence: &str) -> (&str, &str) {
    sentence
        .split_once(" not to ")
        .and_then(|(what, rest)| Some((what, rest.split_once(": ")?.1)))
        .filter(|(_, why)| !why.is_empty())
        .unwrap_or(("", sentence))
}

impl RefusedLine {
    fn of(row: &EventRow, nation: Option<String>) -> Self {
        let (sentence, codes) = sentence_and_codes(&row.text);
        let (what, sentence) = what_and_why(sentence);
        Self {
            at: Moment(row.at),
            tag: Tag::new(words::event(&row.kind)),
            nation,
            object: row.oid.map(ObjectLink),
            object_type: clean(&words::plain(what)),
            sentence: clean(&words::sentence(sentence)),
            reasons: codes.iter().map(|c| ((*c).to_owned(), words::reason(c))).collect(),
        }
    }
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    query: ListQuery,
) -> Result<Response, Refusal> {
    let before = before(query)?;
    door.page(move |node| {
        let actor = &signed.actor;
        let mut events = node.refusals(actor, before, one_more())?;
        let frame = Frame::of(node, &signed, "/refused", words::REFUSED)?;
        let known = node.known();
        let more = events.len() > ROWS;
        events.truncate(ROWS);
        let older = events.last().filter(|_| more).map(|row| row.seq);
        let rows = events
            .iter()
            .map(|event| RefusedLine::of(event, event.nation.map(|id| known.name_of(&id))))
            .collect();
        let quarantine = match before {
            None => node
                .quarantined(actor, QUARANTINE_ROWS)?
                .iter()
                .map(|row| QuarantineLine {
                    at: Moment(row.at),
                    nation: known
                        .by_node(&row.src)
                        .map_or_else(|| row.src.short(), |n| n.row.code.to_string()),
                    lane: Lane::as_str(row.lane),
                    seq: row.seq,
                    code: row.code,
                    why: words::nack(row.code),
                })
                .collect(),
            Some(_) => Vec::new(),
        };
        Ok::<_, AppError>(RefusedPage {
            frame,
            rows,
            quarantine,
            is_first: before.is_none(),
            older,
        })
    })
    .await
}

#[test]
fn codes_at_the_end_are_told_apart_from_the_sentence() {
    assert_eq!(
        sentence_and_codes(
            "report not to XBR: its label says so. [LABEL_NOFORN, TLP_RED_NOT_NAMED]"
        ),
        ("report not to XBR: its label says so.", vec!["LABEL_NOFORN", "TLP_RED_NOT_NAMED"])
    );
    assert_eq!(
        what_and_why("report of XCO not to XBR: a law forbids it: 7"),
        ("report of XCO", "a law forbids it: 7")
    );
    assert_eq!(what_and_why("consent was given"), ("", "consent was given"));
    assert_eq!(sentence_and_codes("a [b]"), ("a [b]", vec![]));
    assert_eq!(sentence_and_codes("nothing"), ("nothing", vec![]));
}
