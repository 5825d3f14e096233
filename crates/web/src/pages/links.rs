//! Links to partners and their lag, and the ledger that the partners watch.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use entente_app::status::{LedgerStatus, LinkStatus};
use entente_model::Timestamp;

use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, ago, bytes, clean, number};
use crate::words;

/// One link.
#[derive(Debug, Clone)]
pub(crate) struct LinkLine {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) node: String,
    /// Where it is reached; none if only on media.
    pub(crate) endpoint: Option<String>,
    pub(crate) state: Tag,
    pub(crate) unacknowledged: String,
    pub(crate) unreceipted: String,
    pub(crate) missing: String,
    pub(crate) waiting: String,
    pub(crate) waiting_since: Option<Moment>,
    pub(crate) heard: Option<(Moment, String)>,
    pub(crate) their_ledger: String,
    pub(crate) our_ledger: String,
    pub(crate) stopped: Option<String>,
}

/// After so long without a word, a link that has something to say is worth a look.
const SILENT_MILLIS: u64 = 3_600_000;

impl LinkLine {
    /// All links, in order of code.
    pub(crate) fn all(links: &[LinkStatus], now: Timestamp) -> Vec<Self> {
        let mut lines: Vec<Self> = links.iter().map(|link| Self::of(link, now)).collect();
        lines.sort_by(|a, b| a.code.cmp(&b.code));
        lines
    }

    fn of(link: &LinkStatus, now: Timestamp) -> Self {
        let silent = link.heard.is_none_or(|at| now.since(at) > SILENT_MILLIS);
        let state = if link.stopped.is_some() {
            ("stopped", "bad")
        } else if link.missing > 0 {
            ("items missing", "care")
        } else if link.unacknowledged > 0 && silent {
            ("not answering", "care")
        } else if link.unacknowledged > 0 {
            ("sending", "calm")
        } else {
            ("up to date", "good")
        };
        Self {
            code: clean(&link.code),
            name: clean(&link.name),
            node: link.node.short(),
            endpoint: link.endpoint.as_deref().map(clean),
            state: Tag::new(state),
            unacknowledged: number(link.unacknowledged),
            unreceipted: number(link.unreceipted),
            missing: number(link.missing),
            waiting: bytes(link.waiting.0),
            waiting_since: link.waiting.1.map(Moment),
            heard: link.heard.map(|at| (Moment(at), ago(now, at))),
            their_ledger: number(link.ledger_seen),
            our_ledger: number(link.ours_seen),
            stopped: link.stopped.as_deref().map(|why| clean(&words::sentence(why))),
        }
    }
}

/// The ledger.
#[derive(Debug, Clone)]
pub(crate) struct LedgerView {
    pub(crate) origin: String,
    pub(crate) size: String,
    pub(crate) signed: String,
    pub(crate) is_signed: bool,
    pub(crate) root: Option<String>,
    /// Who cosigned, and the largest size they did.
    pub(crate) witnesses: Vec<(String, String)>,
}

impl LedgerView {
    pub(crate) fn of(ledger: &LedgerStatus) -> Self {
        let mut largest: BTreeMap<&str, u64> = BTreeMap::new();
        for (size, witness) in &ledger.cosignatures {
            let known = largest.entry(witness).or_default();
            *known = (*known).max(*size);
        }
        Self {
            origin: clean(&ledger.origin),
            size: number(ledger.size),
            signed: number(ledger.signed),
            is_signed: ledger.signed == ledger.size,
            root: ledger.root.map(|root| root.to_string()),
            witnesses: largest
                .into_iter()
                .map(|(witness, size)| (clean(witness), number(size)))
                .collect(),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "pages/links.html")]
pub(crate) struct LinksPage {
    pub(crate) frame: Frame,
    pub(crate) links: Vec<LinkLine>,
    pub(crate) ledger: LedgerView,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let status = node.status(&signed.actor)?;
        let now = node.now();
        Ok(LinksPage {
            frame: Frame::of(node, &signed, "/links", words::LINKS)?,
            links: LinkLine::all(&status.links, now),
            ledger: LedgerView::of(&status.ledger),
        })
    })
    .await
}
